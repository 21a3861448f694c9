"""What must always hold of a monitoring design, and what its paragraphs say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.design.arguments import shortest_decimal
from onearm.design.bop2 import bop2_design, calibrate_bop2
from onearm.design.bryant_day import bryant_day
from onearm.design.endpoints import Rates
from onearm.design.landmark import landmark_design
from onearm.design.monitoring_wording import paragraphs
from onearm.design.predictive import find_predictive_design, predictive_design
from onearm.design.survival import logrank_design, weibull
from onearm.design.toxicity import toxicity_boundary
from onearm.errors import DesignError

percents = st.integers(5, 50)
alphas = st.sampled_from([0.025, 0.05, 0.1, 0.2])


@pytest.mark.slow
@given(p0=percents, above=st.integers(20, 40), alpha=alphas, power=st.sampled_from([0.8, 0.9]))
@settings(max_examples=8, deadline=None)
def test_a_predictive_search_keeps_alpha_and_power(p0, above, alpha, power):
    plan = find_predictive_design(p0 / 100, (p0 + above) / 100, alpha=alpha, power=power)

    assert plan.alpha <= alpha + 1e-12
    assert plan.power >= power - 1e-12
    again = predictive_design(
        plan.p0,
        plan.p1,
        [look.n for look in plan.looks],
        theta_t=plan.theta_t,
        theta_l=plan.theta_l,
    )
    assert again.looks == plan.looks  # the printed thresholds give the printed table


@given(
    p0=percents,
    above=st.integers(15, 40),
    alpha=alphas,
    efficacy=st.sampled_from(["none", "power", "obrien-fleming"]),
)
@settings(max_examples=25, deadline=None)
def test_a_calibration_keeps_alpha_and_its_thresholds_give_its_table(p0, above, alpha, efficacy):
    null, target, looks = Rates(p0 / 100), Rates((p0 + above) / 100), range(10, 31, 10)
    try:
        found = calibrate_bop2("binary", null, target, looks, alpha=alpha, efficacy=efficacy)
    except DesignError:
        return  # no thresholds of the grid keep so small an alpha
    best = found.design

    assert best.alpha <= alpha + 1e-12
    assert best.alpha < best.power
    again = bop2_design(
        "binary",
        null,
        target,
        looks,
        lambda_=best.lambda_,
        gamma=best.gamma,
        eta=best.eta,
        efficacy=efficacy,
    )
    assert again.looks == best.looks


@given(p0=percents, above=st.integers(10, 40), alpha=alphas, first=st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_a_toxicity_boundary_never_stops_more_often_than_alpha(p0, above, alpha, first):
    try:
        rule = toxicity_boundary(
            "pocock", p0 / 100, (p0 + above) / 100, range(first, 21), alpha=alpha
        )
    except DesignError:
        return  # it can never be crossed

    assert rule.null.above <= alpha + 1e-12
    assert rule.excess.above >= rule.null.above


@given(median=st.floats(1, 50), ratio=st.floats(0.3, 0.85), shape=st.floats(0.4, 3))
@settings(max_examples=40, deadline=None)
def test_a_rounded_up_size_has_the_power(median, ratio, shape):
    plan = logrank_design(weibull(median=median, shape=shape), ratio, accrual=12, follow_up=12)

    assert plan.power >= plan.power_wanted - 1e-9
    assert plan.n - 1 < plan.required <= plan.n + 1e-9


@given(low=st.floats(0, 0.98), width=st.floats(1e-9, 0.01))
def test_the_shortest_decimal_lies_between(low, width):
    assert low < shortest_decimal(low, low + width) < low + width


def test_a_worse_association_is_shown_beside_independence():
    design = bryant_day(0.1, 0.3, 0.3, 0.1).optimal
    alphas = [a.alpha_toxicity for a in design.associations]

    assert alphas == sorted(alphas, reverse=True)  # the more they go together, the smaller
    assert alphas[0] > 0.1 > design.alpha_toxicity


def test_paragraphs_name_the_rule_the_error_and_the_power():
    plan = predictive_design(0.2, 0.4, range(10, 37), theta_t=0.9, theta_l=0.001)
    text = paragraphs(plan).protocol

    assert "at most 0 of 10-16, 1 of 17-20, 2 of 21-23" in text
    assert "promising if at least 11 respond" in text
    assert "one-sided type I error is 0.088" in text
    assert "power 0.906" in text


def test_two_bounds_that_must_hold_together_are_told_for_the_same_looks():
    # At 2 patients no number of complete responders is low enough: no word on responders there.
    plan = bop2_design("nested", Rates(0.1, 0.7), Rates(0.3, 0.9), [2, 6, 12], lambda_=0.5, gamma=1)
    assert plan.looks[0].futility[0] is None
    assert plan.looks[0].futility[1] is not None
    words = paragraphs(plan).protocol

    assert " of 2" not in words
    assert "complete responders is at most" in words


def test_a_trial_without_a_look_has_no_stopping_sentence():
    one = calibrate_bop2("binary", Rates(0.2), Rates(0.4), [35], alpha=0.1)

    assert "stop" not in paragraphs(one).protocol
    assert "at least 11 of 35" in paragraphs(one).protocol  # A'Hern: P(X >= 11 | .2) = 0.075


@pytest.mark.parametrize("method", ["binomial", "kaplan-meier"])
def test_a_landmark_design_says_its_method(method):
    times = {} if method == "binomial" else {"accrual": 12, "follow_up": 6}
    plan = landmark_design(method, 0.45, 0.65, at=6, **times)
    words = paragraphs(plan).protocol

    assert ("exact binomial" in words) == (method == "binomial")
    assert f"{plan.n}" in words
    assert "one-sided" in words
