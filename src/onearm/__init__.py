"""onearm: single-arm phase II oncology trials, from protocol to paper.

The public names. Each is found in its module when it is first asked for, so
that ``import onearm`` loads nothing else.

Examples
--------
>>> import onearm
>>> orr = onearm.clopper_pearson(11, 30)
>>> round(orr.lower, 4), round(orr.upper, 4)
(0.1993, 0.5614)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the same names for type checkers; a test holds the two lists equal
    from onearm.design.bryant_day import bryant_day as bryant_day
    from onearm.design.fleming import fleming as fleming
    from onearm.design.operating import Look as Look
    from onearm.design.operating import operating as operating
    from onearm.design.posterior import posterior_design as posterior_design
    from onearm.design.predictive import predictive_design as predictive_design
    from onearm.design.single_stage import exact_design as exact_design
    from onearm.design.single_stage import precision_design as precision_design
    from onearm.design.staged import three_stage as three_stage
    from onearm.design.survival import logrank_design as logrank_design
    from onearm.design.survival import weibull as weibull
    from onearm.design.toxicity import toxicity_boundary as toxicity_boundary
    from onearm.design.two_stage import simon as simon
    from onearm.pipeline.best import best_response as best_response
    from onearm.pipeline.compare import compare as compare
    from onearm.pipeline.design_study import design_study as design_study
    from onearm.pipeline.respond import respond as respond
    from onearm.pipeline.run import analyse as analyse
    from onearm.pipeline.study import load_study as load_study
    from onearm.pipeline.trace import trace as trace
    from onearm.stats.after_two_stage import after_two_stage as after_two_stage
    from onearm.stats.association import auc as auc
    from onearm.stats.association import fisher_exact as fisher_exact
    from onearm.stats.competing_risks import cumulative_incidence as cumulative_incidence
    from onearm.stats.competing_risks import incidence_at as incidence_at
    from onearm.stats.concordance import cross_table as cross_table
    from onearm.stats.concordance import kappa as kappa
    from onearm.stats.cox import cox as cox
    from onearm.stats.descriptive import describe as describe
    from onearm.stats.logrank import exponential_hazard as exponential_hazard
    from onearm.stats.logrank import logrank as logrank
    from onearm.stats.logrank import one_sample_logrank as one_sample_logrank
    from onearm.stats.proportion import agresti_coull as agresti_coull
    from onearm.stats.proportion import binomial_test as binomial_test
    from onearm.stats.proportion import blaker as blaker
    from onearm.stats.proportion import clopper_pearson as clopper_pearson
    from onearm.stats.proportion import jeffreys as jeffreys
    from onearm.stats.proportion import mid_p as mid_p
    from onearm.stats.proportion import wilson as wilson
    from onearm.stats.restricted_mean import restricted_mean as restricted_mean
    from onearm.stats.survival import kaplan_meier as kaplan_meier
    from onearm.stats.survival import quantile as quantile
    from onearm.stats.survival import reverse_kaplan_meier as reverse_kaplan_meier
    from onearm.stats.survival import survival_at as survival_at
    from onearm.stats.survival_batch import kaplan_meier_batch as kaplan_meier_batch

__version__ = "0.1.0"

_HOMES = {  # public name -> the module that defines it under the same name
    "Look": "onearm.design.operating",
    "after_two_stage": "onearm.stats.after_two_stage",
    "agresti_coull": "onearm.stats.proportion",
    "analyse": "onearm.pipeline.run",
    "auc": "onearm.stats.association",
    "best_response": "onearm.pipeline.best",
    "binomial_test": "onearm.stats.proportion",
    "blaker": "onearm.stats.proportion",
    "bryant_day": "onearm.design.bryant_day",
    "clopper_pearson": "onearm.stats.proportion",
    "compare": "onearm.pipeline.compare",
    "cox": "onearm.stats.cox",
    "cross_table": "onearm.stats.concordance",
    "cumulative_incidence": "onearm.stats.competing_risks",
    "describe": "onearm.stats.descriptive",
    "design_study": "onearm.pipeline.design_study",
    "exact_design": "onearm.design.single_stage",
    "exponential_hazard": "onearm.stats.logrank",
    "fisher_exact": "onearm.stats.association",
    "fleming": "onearm.design.fleming",
    "incidence_at": "onearm.stats.competing_risks",
    "jeffreys": "onearm.stats.proportion",
    "kaplan_meier": "onearm.stats.survival",
    "kaplan_meier_batch": "onearm.stats.survival_batch",
    "kappa": "onearm.stats.concordance",
    "load_study": "onearm.pipeline.study",
    "logrank": "onearm.stats.logrank",
    "logrank_design": "onearm.design.survival",
    "mid_p": "onearm.stats.proportion",
    "one_sample_logrank": "onearm.stats.logrank",
    "operating": "onearm.design.operating",
    "posterior_design": "onearm.design.posterior",
    "precision_design": "onearm.design.single_stage",
    "predictive_design": "onearm.design.predictive",
    "quantile": "onearm.stats.survival",
    "respond": "onearm.pipeline.respond",
    "restricted_mean": "onearm.stats.restricted_mean",
    "reverse_kaplan_meier": "onearm.stats.survival",
    "simon": "onearm.design.two_stage",
    "survival_at": "onearm.stats.survival",
    "three_stage": "onearm.design.staged",
    "toxicity_boundary": "onearm.design.toxicity",
    "trace": "onearm.pipeline.trace",
    "weibull": "onearm.design.survival",
    "wilson": "onearm.stats.proportion",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'onearm' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # asked once; from now on an ordinary attribute
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
