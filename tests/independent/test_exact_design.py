"""The exact test of one stage against enumeration with whole numbers."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.design.single_stage import exact_design
from onearm.errors import DesignError


def at_least(c: int, n: int, p: Fraction) -> Fraction:
    return sum((comb(n, x) * p**x * (1 - p) ** (n - x) for x in range(c, n + 1)), Fraction(0))


def rule(n: int, p0: Fraction, alpha: Fraction) -> int:
    return next(c for c in range(n + 2) if at_least(c, n, p0) <= alpha)


@pytest.mark.slow
@settings(max_examples=25)
@given(
    p0=st.integers(3, 60),
    above=st.integers(18, 35),
    alpha=st.sampled_from([Fraction(1, 10), Fraction(1, 20), Fraction(1, 40)]),
    power=st.sampled_from([Fraction(4, 5), Fraction(9, 10)]),
)
def test_both_sizes_and_every_tooth_are_those_of_enumeration(p0, above, alpha, power):
    low, high = Fraction(p0, 100), Fraction(p0 + above, 100)
    plan = exact_design(low, high, alpha, power)

    for tooth in plan.sawtooth:
        c = rule(tooth.n, low, alpha)
        assert tooth.reject_at == c
        assert tooth.alpha == pytest.approx(float(at_least(c, tooth.n, low)), abs=1e-12)
        assert tooth.power == pytest.approx(float(at_least(c, tooth.n, high)), abs=1e-12)
    powerful = [t.n for t in plan.sawtooth if at_least(t.reject_at, t.n, high) >= power]
    assert plan.first.n == powerful[0]
    last = plan.sawtooth[-1].n
    assert powerful[-(last - plan.stable.n + 1) :] == list(range(plan.stable.n, last + 1))
    assert plan.stable.n - 1 not in powerful


def test_no_larger_size_lacks_the_power():
    p0, p1 = Fraction(1, 5), Fraction(2, 5)
    stable = exact_design(0.2, 0.4, 0.05, 0.8).stable.n

    for n in range(stable, 3 * stable):
        assert at_least(rule(n, p0, Fraction(1, 20)), n, p1) >= Fraction(4, 5)


def test_a_dyadic_alpha_met_with_equality_counts():
    # By hand: 5 of 5 at 1/2 has probability 1/32.
    plan = exact_design(0.5, 0.97, Fraction(1, 32), 0.8)

    assert (plan.first.n, plan.first.reject_at, plan.first.alpha) == (5, 5, 1 / 32)


def test_a_difference_that_needs_too_many_is_refused():
    with pytest.raises(DesignError, match="more than 20000 subjects; p1 must lie further"):
        exact_design(0.2, 0.205, 0.05, 0.9)
