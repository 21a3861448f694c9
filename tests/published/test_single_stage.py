"""Sample sizes of one stage, against published numbers and against exact enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from math import comb, gamma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.design.limits import lower_limit
from onearm.design.single_stage import precision_design
from onearm.errors import DesignError
from onearm.stats.proportion import clopper_pearson_lower, interval

RANGE = "must be a proportion greater than 0 and less than 1, such as 0.05"


def test_the_size_of_the_published_trial():
    # Liu J, et al. Clin Cancer Res 2022;28:3473-9, Statistical analysis: target 30 %, lower limit
    # 15 %, one-sided alpha 0.05: 24 patients; dropout 20 %: 30 patients.
    plan = precision_design(0.30, 0.15, 0.05, dropout=0.20)

    assert (plan.n, plan.enrolled) == (24, 30)


def beta_tail(limit: float, responders: float, n: int) -> float:
    """P(Beta(responders, n - responders + 1) <= limit) by Simpson's rule."""
    a, b = responders, n - responders + 1
    steps, constant = 2000, gamma(a + b) / gamma(a) / gamma(b)
    at = [i / steps * limit for i in range(steps + 1)]
    heights = [t ** (a - 1) * (1 - t) ** (b - 1) for t in at]
    weighted = heights[0] + heights[-1] + 4 * sum(heights[1::2]) + 2 * sum(heights[2:-1:2])
    return constant * weighted * limit / steps / 3


def test_the_limit_at_a_fractional_count_leaves_alpha_below_it():
    plan = precision_design(0.30, 0.15, 0.05)

    assert beta_tail(plan.lower, 0.30 * 24, 24) == pytest.approx(0.05, rel=1e-6)
    assert plan.lower_before is not None
    assert beta_tail(plan.lower_before, 0.30 * 23, 23) == pytest.approx(0.05, rel=1e-6)
    assert plan.lower_before < 0.15 < plan.lower


def test_what_the_published_size_asks_in_whole_responders():
    # By hand from the binomial tail equations: 7 of 24 gives 14.57 %, 8 of 24 gives 17.80 %;
    # 9 of 30 gives 16.63 %; the two-sided 95 % limit of 9 of 30 is 14.73 % (R binom.test).
    plan = precision_design(0.30, 0.15, 0.05, dropout=0.20)

    assert plan.responders_needed == 8
    assert plan.at_n.lower_below == pytest.approx(0.1457, abs=5e-5)
    assert plan.at_n.lower == pytest.approx(0.1780, abs=5e-5)
    assert plan.at_n.probability == pytest.approx(0.4353, abs=5e-5)
    assert plan.at_n.false_positive == pytest.approx(0.020, abs=5e-4)
    assert plan.at_enrolled.needed == 9
    assert plan.at_enrolled.lower == pytest.approx(0.1663, abs=5e-5)
    assert plan.at_enrolled.probability == pytest.approx(0.568, abs=5e-4)
    assert plan.two_sided_at_enrolled.needed == 10
    assert plan.two_sided_at_enrolled.lower_below == pytest.approx(0.1473, abs=5e-5)


def test_the_two_sided_interval_needs_32():
    # Two-sided 95 % is one-sided 0.025: at 24 the limit is 13.2 %, n = 32 is the first above 15 %.
    assert precision_design(0.30, 0.15, 0.025).n == 32


# TQB2450-Ib-02: 0.30 above 0.15, one-sided 0.05. Wald and Wilson at fractional counts; Clopper-
# Pearson at whole ones: 7 of 22 is the first that is enough, but 23 and 24 are not.
OTHER_LIMITS = [  # method, counts, first n, n from which every larger one will do
    ("clopper-pearson", "fractional", 24, 24),
    ("wald", "fractional", 26, 26),
    ("wilson", "fractional", 16, 16),
    ("clopper-pearson", "nearest", 22, 25),
]


@pytest.mark.parametrize(("method", "counts", "n", "stable_n"), OTHER_LIMITS)
def test_other_limits_and_whole_responders(method, counts, n, stable_n):
    plan = precision_design(0.30, 0.15, 0.05, method=method, counts=counts)

    assert (plan.n, plan.stable_n) == (n, stable_n)


def test_responders_rounded_down_are_enough_from_30_on():
    assert precision_design(0.30, 0.15, 0.05, counts="floor").stable_n == 30


def test_two_sides_put_half_of_alpha_below_the_limit():
    two, one = (precision_design(0.30, 0.15, a, sides=s) for a, s in ((0.05, 2), (0.025, 1)))

    assert (two.n, two.lower, two.at_n) == (one.n, one.lower, one.at_n)


@pytest.mark.parametrize("method", ["clopper-pearson", "mid-p", "wilson", "wald"])
@pytest.mark.parametrize(("responders", "n"), [(1, 9), (7, 24), (8, 24), (30, 33), (24, 24)])
def test_limits_of_whole_counts_are_those_of_the_intervals(method, responders, n):
    found = interval(responders, n, method=method, level=0.90)

    assert lower_limit(method, responders, n, 0.05) == pytest.approx(found.lower, abs=1e-12)
    assert lower_limit(method, 0, n, 0.05) == 0


@pytest.mark.parametrize("counts", ["nearest", "floor"])
def test_every_n_from_the_stable_one_on_will_do(counts):
    plan = precision_design(0.30, 0.15, 0.05, counts=counts)

    def is_enough(n: int) -> bool:
        responders = (3 * n + 5) // 10 if counts == "nearest" else 3 * n // 10
        return clopper_pearson_lower(responders, n, alpha=0.05) > 0.15

    assert is_enough(plan.n)
    assert not any(is_enough(n) for n in range(1, plan.n))
    assert not is_enough(plan.stable_n - 1)
    assert all(is_enough(n) for n in range(plan.stable_n, 300))


def tails(n: int, rate: Fraction) -> list[Fraction]:
    """P(X >= x) for x from 0 to n, by enumeration with whole numbers."""
    p, q = rate.numerator, rate.denominator - rate.numerator
    ways = [comb(n, k) * p**k * q ** (n - k) for k in range(n + 1)]
    return [Fraction(sum_, (p + q) ** n) for sum_ in [*accumulate(reversed(ways))][::-1]]


@given(
    p0_percent=st.integers(2, 60),
    above=st.integers(10, 35),
    alpha=st.sampled_from([Fraction(1, 10), Fraction(1, 20), Fraction(1, 40)]),
)
def test_the_responders_needed_solve_the_exact_tail_inequality(p0_percent, above, alpha):
    # The lower limit of x of n exceeds p0 exactly when P(X >= x | p0) < alpha: no beta function.
    p0, p1 = Fraction(p0_percent, 100), Fraction(min(p0_percent + above, 95), 100)
    plan = precision_design(p1, p0, alpha)
    at_limit = tails(plan.n, p0)
    first = next(x for x, tail in enumerate(at_limit) if tail < alpha)

    assert plan.responders_needed == first
    assert plan.probability_of_success == pytest.approx(float(tails(plan.n, p1)[first]))
    assert plan.at_n.false_positive == pytest.approx(float(at_limit[first]))


@pytest.mark.parametrize(
    ("n_target", "dropout", "enrolled"),
    [(24, 0.2, 30), (24, "0.2", 30), (24, 0.1, 27), (24, 0, 24), (24, 0.25, 32)],
)
def test_the_enrolled_number_is_rounded_up_without_float_noise(n_target, dropout, enrolled):
    # 24 / 0.8 is 30.000000000000004 in some orders of floating-point operations.
    share = Fraction(dropout) if isinstance(dropout, str) else dropout
    plan = precision_design(0.30, 0.15, 0.05, dropout=share)

    assert (plan.n, plan.enrolled) == (n_target, enrolled)


def test_a_sum_of_floats_is_the_proportion_that_it_stands_for():
    assert precision_design(0.1 + 0.2, 0.15, 0.05) == precision_design(0.3, 0.15, 0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (20, 0.15, 0.05),
            f"target {RANGE}; got 20 (20 % is 0.2)",
        ),
        ((0.3, 0.3, 0.05), "target must exceed lower_limit_above; got 0.3 and 0.3"),
        (
            (0.3, 0.15, 0.95),
            "alpha must be a proportion greater than 0 and less than 0.5, such as 0.05; got 0.95",
        ),
        (
            (0.3, float("nan"), 0.05),
            f"lower_limit_above {RANGE}; got nan",
        ),
        (
            (0.1501, 0.15, 0.05),
            "needs more than 20000 subjects; the target must lie further above lower_limit_above",
        ),
    ],
)
def test_an_impossible_design_is_refused_in_one_line(arguments, message):
    with pytest.raises(DesignError) as error:
        precision_design(*arguments)

    assert str(error.value) == message


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"method": "wilsn"}, "did you mean 'wilson'?"),
        ({"counts": "whole"}, "counts must be one of fractional, nearest, floor; got 'whole'"),
        ({"sides": 3}, "sides must be 1 or 2; got 3"),
    ],
)
def test_an_unknown_option_is_refused_in_one_line(options, part):
    with pytest.raises(DesignError) as error:
        precision_design(0.3, 0.15, 0.05, **options)

    assert part in str(error.value)


def test_where_not_even_all_responders_are_enough_nothing_is_promised():
    # By hand: 0.025 ** (1 / 35) = 0.89997, the two-sided limit of 35 of 35, is below 0.90.
    plan = precision_design(0.99, 0.90, 0.05)

    assert plan.n == 35
    assert plan.two_sided_at_enrolled.needed is None
    assert plan.two_sided_at_enrolled.probability is None
