"""The public names: each resolves, is documented, and none is missing from the lists."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

import onearm

PUBLIC = [
    "Look",
    "__version__",
    "after_two_stage",
    "agresti_coull",
    "analyse",
    "auc",
    "best_response",
    "binomial_test",
    "blaker",
    "bryant_day",
    "clopper_pearson",
    "compare",
    "cox",
    "cross_table",
    "cumulative_incidence",
    "describe",
    "design_study",
    "exact_design",
    "exponential_hazard",
    "fisher_exact",
    "fleming",
    "incidence_at",
    "jeffreys",
    "kaplan_meier",
    "kaplan_meier_batch",
    "kappa",
    "load_study",
    "logrank",
    "logrank_design",
    "mid_p",
    "one_sample_logrank",
    "operating",
    "posterior_design",
    "precision_design",
    "predictive_design",
    "quantile",
    "respond",
    "restricted_mean",
    "reverse_kaplan_meier",
    "simon",
    "survival_at",
    "three_stage",
    "toxicity_boundary",
    "trace",
    "weibull",
    "wilson",
]


def test_the_public_names_are_exactly_these() -> None:
    assert sorted(onearm.__all__) == PUBLIC
    assert dir(onearm) == PUBLIC


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(onearm.__file__).read_text(encoding="utf-8"))
    seen = {
        name.asname: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("onearm.")
        for name in node.names
    }

    assert seen == onearm._HOMES


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_a_public_name_resolves_and_is_documented(name: str) -> None:
    found = getattr(onearm, name)

    assert found is getattr(import_module(onearm._HOMES[name]), name)
    assert found.__module__ == onearm._HOMES[name]
    purpose = (found.__doc__ or "").strip().partition("\n")[0]
    assert purpose.endswith(".")


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'clopper_pearsen'"):
        onearm.clopper_pearsen  # noqa: B018
