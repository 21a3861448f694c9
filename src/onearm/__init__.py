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
    from onearm.design.single_stage import precision_design as precision_design
    from onearm.pipeline.best import best_response as best_response
    from onearm.pipeline.respond import respond as respond
    from onearm.pipeline.run import analyse as analyse
    from onearm.pipeline.study import load_study as load_study
    from onearm.stats.descriptive import describe as describe
    from onearm.stats.proportion import binomial_test as binomial_test
    from onearm.stats.proportion import clopper_pearson as clopper_pearson
    from onearm.stats.proportion import wilson as wilson
    from onearm.stats.survival import kaplan_meier as kaplan_meier
    from onearm.stats.survival import quantile as quantile
    from onearm.stats.survival import reverse_kaplan_meier as reverse_kaplan_meier
    from onearm.stats.survival import survival_at as survival_at

__version__ = "0.1.0"

_HOMES = {  # public name -> the module that defines it under the same name
    "analyse": "onearm.pipeline.run",
    "best_response": "onearm.pipeline.best",
    "binomial_test": "onearm.stats.proportion",
    "clopper_pearson": "onearm.stats.proportion",
    "describe": "onearm.stats.descriptive",
    "kaplan_meier": "onearm.stats.survival",
    "load_study": "onearm.pipeline.study",
    "precision_design": "onearm.design.single_stage",
    "quantile": "onearm.stats.survival",
    "respond": "onearm.pipeline.respond",
    "reverse_kaplan_meier": "onearm.stats.survival",
    "survival_at": "onearm.stats.survival",
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
