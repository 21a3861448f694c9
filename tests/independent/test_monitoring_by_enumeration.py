"""Monitoring designs against routes that share no formula: every path, fractions, simulation."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb, exp, factorial, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.design.beta import BetaMixture, probability_above
from onearm.design.bop2 import bop2_design, bop2_operating, bop2_scenarios, calibrate_bop2
from onearm.design.bryant_day import bryant_day
from onearm.design.endpoints import Rates, joint_rate
from onearm.design.historical import PastTrial, meta_analytic_prior, pooled_rate
from onearm.design.landmark import landmark_design, log_log_variance
from onearm.design.looks import Look, operating
from onearm.design.posterior import posterior_design
from onearm.design.predictive import (
    find_predictive_design,
    predictive_design,
    predictive_probability,
)
from onearm.design.survival import Weibull, hazard_ratio_of, information, logrank_design, weibull
from onearm.design.toxicity import METHODS, toxicity_boundary
from onearm.design.two_stage_logrank import both_above, logrank_two_stage
from onearm.errors import DesignError


def by_paths(looks: list[Look], rate: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """Chance to end above and below, and expected n, over every sequence of responses."""
    above = below = size = Fraction(0)
    last = looks[-1].n
    for path in product((0, 1), repeat=last):
        chance = rate ** sum(path) * (1 - rate) ** (last - sum(path))
        for look in looks:
            count = sum(path[: look.n])
            is_low = look.low is not None and count <= look.low
            is_high = look.high is not None and count >= look.high
            if is_low or is_high or look is looks[-1]:
                above += chance * is_high
                below += chance * is_low
                size += chance * look.n
                break
    return above, below, size


RULES = [
    [Look(4, 0, None), Look(9, 3, 4)],
    [Look(3, 0, 3), Look(6, 1, 5), Look(10, 4, 5)],
    [Look(2, None, 2), Look(5, None, 3), Look(11, None, None)],
]


@pytest.mark.parametrize("looks", RULES)
@pytest.mark.parametrize("rate", [Fraction(1, 5), Fraction(1, 2)])
def test_the_recursion_equals_the_sum_over_every_path(looks, rate):
    above, below, size = by_paths(looks, rate)
    at = operating(looks, float(rate))

    assert at.above == pytest.approx(float(above), abs=1e-14)
    assert at.below == pytest.approx(float(below), abs=1e-14)
    assert at.expected_n == pytest.approx(float(size), rel=1e-13)


@given(
    bounds=st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3)), min_size=1, max_size=5),
    rate=st.floats(0, 1),
)
def test_every_trial_ends_once(bounds, rate):
    n, looks = 0, []
    for added, low in bounds:
        n += added
        looks.append(Look(n, min(low, n - 1), None))
    at = operating(looks, rate)

    assert at.above + at.below + at.undecided == pytest.approx(1)
    assert sum(at.stop_at) == pytest.approx(1)
    assert looks[0].n <= at.expected_n + 1e-9 <= n + 2e-9


def exact_posterior(x: int, n: int, p0: Fraction) -> Fraction:
    """P(p > p0) with a uniform prior: P(Bin(n + 1, p0) <= x)."""
    return sum(
        (comb(n + 1, k) * p0**k * (1 - p0) ** (n + 1 - k) for k in range(x + 1)), Fraction(0)
    )


def exact_predictive(x: int, n: int, last: int, p0: Fraction, theta: Fraction) -> Fraction:
    """PP with a uniform prior: the later responders are beta-binomial with whole parameters."""
    total = Fraction(0)
    for y in range(last - n + 1):
        if exact_posterior(x + y, last, p0) > theta:
            total += Fraction(
                comb(last - n, y) * factorial(x + y) * factorial(last - x - y) * factorial(n + 1),
                factorial(last + 1) * factorial(x) * factorial(n - x),
            )
    return total


@pytest.mark.parametrize("n", range(1, 13))
def test_predictive_probability_equals_exact_fractions(n):
    p0, theta = Fraction(3, 10), Fraction(9, 10)
    for x in range(n + 1):
        found = predictive_probability(x, n, 12, 0.3, 0.9, (1, 1))

        assert found == pytest.approx(float(exact_predictive(x, n, 12, p0, theta)), abs=1e-13)


def test_a_predictive_probability_equal_to_its_threshold_does_not_stop():
    # Uniform prior, p0 1/2, N 2: promising at 2 of 2 only (P = 7/8 > 0.8). After 0 of 1 PP = 0,
    # after 1 of 1 PP = 2/3 exactly, by hand.
    at_threshold = predictive_design(0.5, 0.8, [1, 2], theta_t=0.8, theta_l=2 / 3, prior=(1, 1))
    above = predictive_design(0.5, 0.8, [1, 2], theta_t=0.8, theta_l=0.6667, prior=(1, 1))

    assert at_threshold.looks[0].low == 0
    assert above.looks[0].low == 1


def test_a_posterior_probability_equal_to_theta_t_is_not_promising():
    # Uniform prior, p0 1/2: P(p > 1/2 | 2 of 2) = 7/8, P(1 of 2) = 1/2, by hand.
    at_threshold = predictive_design(
        0.5, 0.8, [3], theta_t=0.9375 - 1e-9, theta_l=0.1, prior=(1, 1)
    )
    with pytest.raises(DesignError, match="not even 2 of 2"):
        predictive_design(0.5, 0.8, [2], theta_t=0.875, theta_l=0.1, prior=(1, 1))
    assert at_threshold.r == 2  # 3 of 3: 15/16


def test_the_interval_of_thresholds_is_where_the_table_is_the_same():
    plan = predictive_design(0.2, 0.4, range(10, 37), theta_t=0.9, theta_l=0.001)

    def looks(theta_t=0.9, theta_l=0.001):
        return predictive_design(0.2, 0.4, range(10, 37), theta_t=theta_t, theta_l=theta_l).looks

    assert looks(theta_t=plan.theta_t_from) == plan.looks
    assert looks(theta_t=plan.theta_t_from - 1e-6) != plan.looks
    assert looks(theta_t=plan.theta_t_to - 1e-6) == plan.looks
    assert looks(theta_t=plan.theta_t_to) != plan.looks
    assert looks(theta_l=plan.theta_l_to) == plan.looks
    assert looks(theta_l=plan.theta_l_to + 1e-6) != plan.looks
    assert looks(theta_l=plan.theta_l_from + 1e-6) == plan.looks
    assert looks(theta_l=plan.theta_l_from) != plan.looks


def test_the_first_look_and_the_distance_between_looks_change_the_error():
    def alpha(looks):
        return predictive_design(0.2, 0.4, looks, theta_t=0.9, theta_l=0.05).alpha

    assert alpha(range(5, 37)) < alpha(range(10, 37)) < alpha([10, 20, 36]) < alpha([36])


def test_at_the_last_look_the_predictive_probability_is_0_or_1():
    values = [predictive_probability(x, 36, 36, 0.2, 0.9) for x in range(37)]

    assert values == [0.0] * 11 + [1.0] * 26  # Lee and Liu 2008: promising from 11 of 36


def test_no_smaller_trial_keeps_alpha_and_power():
    plan = find_predictive_design(0.1, 0.4, alpha=0.1, power=0.8, first_look=5)
    assert plan.alpha <= 0.1
    assert plan.power >= 0.8
    for n in range(6, plan.n):  # no final bound of a smaller trial has both, stopping or not
        for theta_t in (0.5, 0.7, 0.8, 0.9, 0.95, 0.99):
            for theta_l in (0.0005, 0.01, 0.05, 0.1, 0.2):
                try:
                    other = predictive_design(
                        0.1, 0.4, range(5, n + 1), theta_t=theta_t, theta_l=theta_l
                    )
                except DesignError:  # not even all responders are promising
                    continue
                assert other.alpha > 0.1 or other.power < 0.8


@given(a=st.integers(1, 30), b=st.integers(1, 30), c=st.integers(1, 30), d=st.integers(1, 30))
@settings(max_examples=40)
def test_the_integral_equals_the_closed_form_of_whole_parameters(a, b, c, d):
    # P(X > Y) = 1 - P(Y > X); P(Y > X) is a finite sum for whole parameters.
    found = probability_above(BetaMixture.single(a, b), BetaMixture.single(c, d))
    other = probability_above(BetaMixture.single(c, d), BetaMixture.single(a, b))

    assert found + other == pytest.approx(1, abs=1e-12)
    exact = sum(
        Fraction(factorial(c + d - 1) * comb(a + b - 1, j), factorial(c - 1) * factorial(d - 1))
        * Fraction(
            factorial(c - 1 + j) * factorial(a + b + d - 2 - j), factorial(a + b + c + d - 2)
        )
        for j in range(a)
    )  # P(Y < X) given Y = y is P(Bin(a + b - 1, y) <= a - 1), and its mean is a sum of betas
    assert found == pytest.approx(float(exact), abs=1e-12)


def test_a_difference_of_uniform_rates_is_a_triangle():
    # Both uniform: P(E > S + d) = (1 - d)^2 / 2, by hand.
    uniform = BetaMixture.single(1, 1)

    for delta in (0.1, 0.5, 0.9):
        assert probability_above(uniform, uniform, delta) == pytest.approx((1 - delta) ** 2 / 2)


def test_a_fixed_standard_is_the_limit_of_a_narrow_one():
    fixed = posterior_design(0.3, 0.5, range(5, 31, 5), prior=(0.6, 1.4), standard=0.3)
    narrow = posterior_design(
        0.3,
        0.5,
        range(5, 31, 5),
        prior=(0.6, 1.4),
        standard=BetaMixture.single(300_000, 700_000),
    )

    assert fixed.looks == narrow.looks


def joint_by_paths(design, rates: Rates) -> tuple[float, float]:
    """Chance of promising and expected n over every sequence of outcomes of two endpoints."""
    cells = [
        (1, 1, rates.both),
        (1, 0, rates.first - rates.both),
        (0, 1, rates.second - rates.both),
        (0, 0, 1 - rates.first - rates.second + rates.both),
    ]
    promising = size = 0.0
    either = design.kind == "efficacy-toxicity"
    for path in product(cells, repeat=design.n):
        chance = float(np.prod([cell[2] for cell in path]))
        if chance <= 0:
            continue
        for look in design.looks:
            a = sum(cell[0] for cell in path[: look.n])
            b = sum(cell[1] for cell in path[: look.n])
            (f1, f2), (e1, e2) = look.futility, look.efficacy
            if either:
                low = (f1 is not None and a <= f1) or (f2 is not None and b >= f2)
                high = e1 is not None and a >= e1 and e2 is not None and b <= e2
            else:
                low = f1 is not None and a <= f1 and f2 is not None and b <= f2
                high = (e1 is not None and a >= e1) or (e2 is not None and b >= e2)
            if low or high or look is design.looks[-1]:
                promising += chance * (high and not low)
                size += chance * look.n
                break
    return promising, size


@pytest.mark.parametrize(
    ("kind", "null", "target"),
    [
        ("nested", Rates(0.2, 0.4), Rates(0.4, 0.7)),
        ("co-primary", Rates(0.2, 0.3, 0.1), Rates(0.5, 0.6, 0.4)),
        ("efficacy-toxicity", Rates(0.3, 0.5, 0.2), Rates(0.7, 0.2, 0.1)),
    ],
)
@pytest.mark.parametrize("eta", [None, 1.0])
def test_two_endpoints_equal_the_sum_over_every_path(kind, null, target, eta):
    plan = bop2_design(kind, null, target, [2, 4, 8], lambda_=0.8, gamma=0.6, eta=eta)
    for found in (plan.null, plan.target):
        promising, size = joint_by_paths(plan, found.rates)

        assert found.promising == pytest.approx(promising, abs=1e-12)
        assert found.expected_n == pytest.approx(size, abs=1e-11)


def test_the_binary_engine_equals_the_one_count_recursion():
    plan = bop2_design(
        "binary", Rates(0.2), Rates(0.4), range(10, 41, 5), lambda_=0.9, gamma=1, eta=2.1
    )
    looks = [Look(look.n, look.futility[0], look.efficacy[0]) for look in plan.looks]

    for found in (plan.null, plan.target):
        at = operating(looks, found.rates.first)
        assert found.promising == pytest.approx(at.above, abs=1e-14)
        assert found.expected_n == pytest.approx(at.expected_n, rel=1e-13)


def test_the_calibration_finds_what_trying_every_setting_finds():
    # A coarse grid, each setting as its own design: the calibrated one has the greatest power.
    looks, null, target = (5, 10, 15), Rates(0.2), Rates(0.5)
    found = calibrate_bop2(
        "binary", null, target, looks, alpha=0.1, efficacy="power", steps=(10, 5, 3)
    )
    best = 0.0
    for i, j, k in product(range(1, 10), range(6), range(4)):
        plan = bop2_design("binary", null, target, looks, lambda_=i / 10, gamma=j / 5, eta=float(k))
        if plan.alpha <= 0.1:
            best = max(best, plan.power)

    assert found.design.power == pytest.approx(best, abs=1e-12)
    assert found.grid_points == 9 * 6 * 4


def test_the_ranges_of_a_calibration_give_its_table_at_their_edges():
    looks, null, target = range(10, 41, 10), Rates(0.2), Rates(0.4)
    found = calibrate_bop2("binary", null, target, looks, alpha=0.1)
    at_edge = bop2_design(
        "binary", null, target, looks, lambda_=found.design.lambda_, gamma=found.design.gamma
    )

    assert at_edge.looks == found.design.looks
    assert found.lambda_range[0] <= found.design.lambda_ <= found.lambda_range[1]
    assert found.gamma_range[0] <= found.design.gamma <= found.gamma_range[1]


def test_the_smallest_expected_size_keeps_the_power_that_was_asked():
    arguments = ("binary", Rates(0.2), Rates(0.4), range(10, 41, 5))
    powerful = calibrate_bop2(*arguments, alpha=0.1)
    small = calibrate_bop2(*arguments, alpha=0.1, power=0.8, goal="expected-n")

    assert small.design.power >= 0.8
    assert small.design.alpha <= 0.1
    assert small.design.null.expected_n < powerful.design.null.expected_n


def test_association_changes_the_error_of_efficacy_with_toxicity():
    plan = bop2_design(
        "efficacy-toxicity",
        Rates(0.45, 0.30),
        Rates(0.60, 0.20),
        range(10, 41, 10),
        lambda_=0.7,
        gamma=1,
    )
    named = dict(bop2_scenarios(plan))

    assert named["null, as seldom together as can be"].promising > plan.alpha
    assert named["null, as often"].promising < plan.alpha
    assert named["active but toxic"].promising > plan.alpha
    assert bop2_operating(plan, plan.null.rates) == plan.null


def test_bryant_and_day_equals_the_sum_over_two_stages_by_fractions():
    pair = bryant_day(0.1, 0.4, 0.5, 0.1, power=0.7, n_to=16)
    best = pair.optimal

    def recommended(response: Fraction, safe: Fraction) -> Fraction:
        def passes(first: int, last: int, rate: Fraction) -> Fraction:
            n1, n2 = best.n1, best.n - best.n1
            return sum(
                (
                    comb(n1, x)
                    * rate**x
                    * (1 - rate) ** (n1 - x)
                    * comb(n2, y)
                    * rate**y
                    * (1 - rate) ** (n2 - y)
                    for x in range(first, n1 + 1)
                    for y in range(n2 + 1)
                    if x + y >= last
                ),
                Fraction(0),
            )

        return passes(best.responders1, best.responders, response) * passes(
            best.safe1, best.safe, safe
        )

    tenth = Fraction(1, 10)
    assert best.alpha_response == pytest.approx(float(recommended(tenth, 9 * tenth)), abs=1e-13)
    assert best.alpha_toxicity == pytest.approx(float(recommended(4 * tenth, 5 * tenth)), abs=1e-13)
    assert best.power == pytest.approx(float(recommended(4 * tenth, 9 * tenth)), abs=1e-13)


def test_the_optimum_of_bryant_and_day_needs_no_largest_n():
    proven = bryant_day(0.1, 0.3, 0.3, 0.1)
    beyond = bryant_day(0.1, 0.3, 0.3, 0.1, n_from=28, n_to=60)

    assert proven.is_proven
    assert proven.searched_to < 60
    assert proven.optimal.expected_n < beyond.optimal.expected_n


@given(p=st.floats(0.02, 0.98), q=st.floats(0.02, 0.98), odds=st.floats(0.01, 100))
def test_the_joint_rate_has_its_odds_ratio_within_the_frechet_bounds(p, q, odds):
    both = joint_rate(p, q, odds)

    assert max(0, p + q - 1) <= both <= min(p, q)
    assert both * (1 - p - q + both) == pytest.approx(odds * (p - both) * (q - both), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_a_toxicity_boundary_keeps_alpha_and_the_next_one_does_not(method):
    shape = 0.25 if method == "wang-tsiatis" else None
    rule = toxicity_boundary(method, 0.2, 0.4, range(3, 31), alpha=0.1, shape=shape)
    looks = [
        Look(look.n, None, high) for look, high in zip(rule.looks, rule.next_highs, strict=True)
    ]

    assert rule.alpha <= 0.1 < rule.next_alpha
    assert operating(looks, 0.2).above == rule.next_alpha
    highs = [look.high for look in rule.looks if look.high]
    assert highs == sorted(highs)


def test_more_looks_and_an_earlier_first_look_stop_more_often():
    # One level, other looks: each patient from the first, from the fifth, and cohorts of ten.
    each, later, cohorts = (
        toxicity_boundary("pocock", 0.2, 0.4, looks, constant=0.05).alpha
        for looks in (range(1, 31), range(5, 31), range(10, 31, 10))
    )

    assert each > later > cohorts


def test_wang_tsiatis_with_shape_zero_is_obrien_fleming():
    flat = toxicity_boundary("wang-tsiatis", 0.2, 0.4, range(5, 31, 5), shape=0.0)
    named = toxicity_boundary("obrien-fleming", 0.2, 0.4, range(5, 31, 5))

    assert flat.looks == named.looks


def test_a_rule_that_reaches_is_one_above_a_rule_that_exceeds():
    # By hand, p0 1/2, looks at 4 and 8: P(4 of 4) = 1/16 and P(>= 7 of 8) = 9/256 <= 0.07, while
    # P(>= 3 of 4) = 5/16 and P(>= 6 of 8) = 37/256 are above it.
    rule = toxicity_boundary("pocock", 0.5, 0.8, [4, 8], constant=0.07)

    assert [look.high for look in rule.looks] == [4, 7]


def test_moments_of_the_logrank_equal_their_closed_form_without_accrual():
    # Everybody is observed for time f, exponential hazards 1 (null) and h: with q = exp(-h f),
    # events 1 - q, E(E) = (1 - q) / h, and E(E^2) by parts.
    h, f = 0.6, 1.7
    at = information(Weibull(1.0, 1.0), h, 1e-9, f)
    q = exp(-h * f)
    mean = (1 - q) / h
    square = 2 * (1 - q * (1 + h * f)) / h**2
    cross = (1 - q * (1 + h * f)) / h  # mean of E over those with an event
    spread = (1 - q) + square - 2 * cross - ((1 - q) - mean) ** 2

    assert at.events == pytest.approx(1 - q, abs=1e-8)
    assert at.expected == pytest.approx(mean, abs=1e-8)
    assert at.spread**2 == pytest.approx(spread, abs=1e-8)
    assert at.events_null == pytest.approx(1 - exp(-f), abs=1e-8)


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0])
def test_moments_of_the_logrank_equal_a_simulation(shape):
    rng = np.random.default_rng(20)
    curve, ratio, accrual, follow_up = Weibull(shape, 6.0), 0.6, 12.0, 4.0
    size = 400_000
    time = 6.0 * (rng.exponential(size=size) / ratio) ** (1 / shape)
    end = follow_up + accrual * rng.random(size)
    events = time <= end
    hazard = (np.minimum(time, end) / 6.0) ** shape
    at = information(curve, ratio, accrual, follow_up)

    assert at.events == pytest.approx(events.mean(), abs=0.004)
    assert at.expected == pytest.approx(hazard.mean(), abs=0.01)
    assert at.spread == pytest.approx(np.std(events - hazard), abs=0.01)


@pytest.mark.parametrize("shape", [0.4, 1.0, 2.5])
@pytest.mark.parametrize(("accrual", "follow_up"), [(30, 0), (3, 60), (200, 1)])
def test_moments_of_the_logrank_equal_a_fine_sum(shape, accrual, follow_up):
    # P(event) under the null is the mean of 1 - S over the entry times: another integral.
    curve = Weibull(shape, 7.0)
    ends = follow_up + accrual * (np.arange(400_000) + 0.5) / 400_000
    at = information(curve, 0.6, accrual, follow_up)

    dies = 1 - np.exp(-((ends / 7.0) ** shape))
    target = 1 - np.exp(-0.6 * (ends / 7.0) ** shape)
    assert at.events_null == pytest.approx(dies.mean(), abs=1e-8)
    assert at.events == pytest.approx(target.mean(), abs=1e-8)


def test_a_correlated_pair_above_zero_is_sheppards_formula():
    # Sheppard 1899: P(X > 0, Y > 0) = 1/4 + asin(rho) / (2 pi).
    rho = np.array([0.0, 0.2, 0.5, 0.9, 0.999])
    found = both_above(np.zeros(5), np.zeros(5), rho)

    assert found == pytest.approx(0.25 + np.arcsin(rho) / (2 * np.pi), abs=1e-12)


def simulated_two_stage(design, hazard_ratio, rng, trials=20_000):
    """P(promising), P(stop early) of whole trials: Weibull .5, S(3) = .6, a follow-up of 1."""
    n, accrual, scale = design.n, design.accrual, 3 / (-log(0.6)) ** 2
    entry = accrual * rng.random((trials, n))
    time = scale * (rng.exponential(size=(trials, n)) / hazard_ratio) ** 2

    def z(now):
        seen = np.clip(np.minimum(time, now - entry), 0, None)
        expected = np.sqrt(seen / scale).sum(axis=1)
        return (expected - (time <= now - entry).sum(axis=1)) / np.sqrt(expected)

    goes_on = z(design.t1) > design.c1
    return (goes_on & (z(accrual + 1) > design.c)).mean(), 1 - goes_on.mean()


def test_the_two_stage_logrank_has_its_error_and_power_in_simulated_trials():
    pair = logrank_two_stage(
        weibull(rate=0.6, at=3, shape=0.5), 0.5, accrual_rate=5, follow_up=1, power=0.85
    )
    rng = np.random.default_rng(2014)
    for design in (pair.optimal, pair.minimax):
        alpha, stopped = simulated_two_stage(design, 1.0, rng)
        power, _ = simulated_two_stage(design, 0.5, rng)

        # The asymptotic size is not exact: within 0.015 (20,000 trials have an error of 0.003).
        assert alpha == pytest.approx(0.05, abs=0.015)
        assert power == pytest.approx(0.85, abs=0.015)
        assert stopped == pytest.approx(design.stop_early, abs=0.02)


def test_the_variances_of_the_logrank_give_different_sizes():
    def n(variance):
        return logrank_design(
            weibull(rate=0.6, at=3, shape=0.5),
            0.5,
            accrual_rate=5,
            follow_up=1,
            power=0.85,
            variance=variance,
        ).n

    assert n("wu") < n("exact") < n("standard")


@pytest.mark.parametrize("shape", [0.5, 1.0, 1.7])
def test_inputs_as_median_rate_and_hazard_ratio_agree(shape):
    by_median = weibull(median=6, shape=shape)
    by_rate = weibull(rate=0.5, at=6, shape=shape)
    target = weibull(median=9, shape=shape)
    ratio = hazard_ratio_of(by_median, target)

    assert by_median.scale == pytest.approx(by_rate.scale)
    assert by_median.slower(ratio).median == pytest.approx(9)
    assert ratio == pytest.approx((6 / 9) ** shape)


def test_the_unit_of_time_does_not_matter():
    months = logrank_design(weibull(median=5.5), 5.5 / 8, accrual=18, follow_up=12)
    days = logrank_design(weibull(median=165), 5.5 / 8, accrual=540, follow_up=360)

    assert months.required == pytest.approx(days.required, rel=1e-12)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
def test_kaplan_meier_without_censoring_has_the_binomial_variance(rate):
    found = log_log_variance(rate, 6, 12, 6)

    assert found == pytest.approx((1 - rate) / (rate * log(rate) ** 2), rel=1e-12)


def test_kaplan_meier_variance_equals_a_simulation():
    # The variance of log(-log S) over 4,000 trials of 200 patients, by the product-limit by hand.
    rng = np.random.default_rng(7)
    n, trials, hazard = 200, 4000, -log(0.5) / 6
    values = []
    for _ in range(trials):
        time = rng.exponential(1 / hazard, n)
        end = 2 + 12 * rng.random(n)
        seen, event = np.minimum(time, end), time <= end
        order = np.argsort(seen)
        at_risk = n - np.arange(n)
        dies = event[order] & (seen[order] <= 6)
        survival = np.prod(np.where(dies, 1 - 1 / at_risk, 1.0))
        values.append(log(-log(survival)))

    assert n * np.var(values) == pytest.approx(log_log_variance(0.5, 6, 12, 2), rel=0.06)


def test_less_follow_up_needs_more_patients():
    def n(follow_up):
        return landmark_design("kaplan-meier", 0.45, 0.65, at=6, accrual=12, follow_up=follow_up).n

    assert n(6) < n(3) < n(1)


def test_dersimonian_and_laird_by_hand():
    # Three trials 10/40, 20/40, 25/50 on logits, weights and Q with fractions of 1/x + 1/(n - x).
    past = [PastTrial("A", 10, 40), PastTrial("B", 20, 40), PastTrial("C", 25, 50)]
    pooled = pooled_rate(past)
    y = [log(10 / 30), 0.0, 0.0]
    w = [1 / (1 / 10 + 1 / 30), 10.0, 12.5]  # 7.5, 10, 12.5
    mean = 7.5 * y[0] / 30
    q = 7.5 * (y[0] - mean) ** 2 + 22.5 * mean**2
    tau2 = (q - 2) / (30 - (7.5**2 + 100 + 156.25) / 30)
    star = [1 / (1 / v + tau2) for v in w]
    center = star[0] * y[0] / sum(star)
    reach = 12.706204736 * sqrt(tau2 + 1 / sum(star))  # Student's t, 1 degree of freedom, 97.5 %

    assert pooled.q == pytest.approx(q)
    assert pooled.tau2 == pytest.approx(tau2)
    assert pooled.rate == pytest.approx(1 / (1 + exp(-center)))
    assert pooled.predicted_lower == pytest.approx(1 / (1 + exp(-center + reach)), rel=1e-6)
    assert pooled.predicted_upper == pytest.approx(1 / (1 + exp(-center - reach)), rel=1e-6)


def test_the_meta_analytic_prior_equals_importance_sampling():
    # Draws from the prior of m and tau, weighted by a likelihood that averages over draws of z.
    rng = np.random.default_rng(1)
    past = [PastTrial("A", 12, 40), PastTrial("B", 9, 40), PastTrial("C", 15, 40)]
    draws = 60_000
    m, tau = 2 * rng.standard_normal(draws), np.abs(rng.standard_normal(draws))
    weight = np.ones(draws)
    for trial in past:
        z = rng.standard_normal((draws, 32))
        p = 1 / (1 + np.exp(-(m[:, None] + tau[:, None] * z)))
        likelihood = p**trial.responders * (1 - p) ** (trial.n - trial.responders)
        weight *= likelihood.mean(axis=1) * 1e10
    rate = 1 / (1 + np.exp(-(m + tau * rng.standard_normal(draws))))
    mean = np.average(rate, weights=weight)
    prior = meta_analytic_prior(past)

    assert prior.mean == pytest.approx(mean, abs=0.01)
    assert prior.tau_mean == pytest.approx(np.average(tau, weights=weight), abs=0.03)
    assert prior.mixture.mean == pytest.approx(prior.mean, abs=1e-3)
    assert prior.mixture.sd == pytest.approx(prior.sd, abs=3e-3)
    assert prior.largest_error < 0.01


@pytest.mark.slow
def test_more_vague_weight_means_fewer_patients_worth():
    past = [PastTrial("A", 12, 40), PastTrial("B", 9, 40), PastTrial("C", 15, 40)]
    worth = [meta_analytic_prior(past, vague_weight=w).robust_effective_size for w in (0, 0.2, 0.5)]

    assert worth == sorted(worth, reverse=True)
