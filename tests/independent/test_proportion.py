"""Proportions by routes that share no formula with them, and impossible arguments."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from onearm.errors import StatError
from onearm.stats.proportion import (
    binomial_test,
    clopper_pearson,
    clopper_pearson_lower,
    wilson,
)

LEVELS = st.floats(0.5, 0.999)


@st.composite
def counts(draw, largest=200):
    trials = draw(st.integers(1, largest))
    return draw(st.integers(0, trials)), trials


def exact_probabilities(trials, null):
    """The binomial distribution in fractions: no rounding anywhere."""
    return [math.comb(trials, x) * null**x * (1 - null) ** (trials - x) for x in range(trials + 1)]


@given(counts(), LEVELS)
def test_clopper_pearson_limits_solve_the_tail_equations(pair, level):
    successes, trials = pair
    interval = clopper_pearson(successes, trials, level=level)

    if successes > 0:
        tail = binom.sf(successes - 1, trials, interval.lower)
        assert tail == pytest.approx((1 - level) / 2, rel=1e-6)
    if successes < trials:
        tail = binom.cdf(successes, trials, interval.upper)
        assert tail == pytest.approx((1 - level) / 2, rel=1e-6)


@given(counts(), LEVELS)
def test_wilson_limits_are_where_the_score_test_just_rejects(pair, level):
    successes, trials = pair
    interval = wilson(successes, trials, level=level)

    for limit in (interval.lower, interval.upper):
        assume(0 < limit < 1)
        score = (successes / trials - limit) / math.sqrt(limit * (1 - limit) / trials)
        assert 2 * norm.sf(abs(score)) == pytest.approx(1 - level, rel=1e-6)


@pytest.mark.parametrize("method", [clopper_pearson, wilson])
@given(pair=counts(), level=LEVELS)
def test_an_interval_contains_its_estimate_and_stays_in_0_to_1(method, pair, level):
    interval = method(*pair, level=level)

    assert 0 <= interval.lower <= interval.estimate <= interval.upper <= 1


@pytest.mark.parametrize("method", [clopper_pearson, wilson])
@given(pair=counts(), level=LEVELS)
def test_counting_failures_mirrors_the_interval(method, pair, level):
    successes, trials = pair
    one, other = (
        method(successes, trials, level=level),
        method(trials - successes, trials, level=level),
    )

    assert one.lower == pytest.approx(1 - other.upper, abs=1e-12)


@pytest.mark.parametrize("method", [clopper_pearson, wilson])
def test_the_ends_are_exactly_0_and_1(method):
    for trials in (1, 3, 7, 20, 30, 1000):
        assert method(0, trials).lower == 0.0
        assert method(trials, trials).upper == 1.0
        assert 0 < method(trials, trials).lower < 1
        assert 0 < method(0, trials).upper < 1


def test_the_other_end_keeps_the_two_sided_tail_when_all_respond():
    # lower**12 = 0.025, not 0.05: the interval is two-sided at its ends too.
    assert clopper_pearson(12, 12).lower == pytest.approx(0.025 ** (1 / 12), rel=1e-12)


@given(counts(), st.floats(0.001, 0.4))
def test_the_one_sided_limit_is_the_lower_end_of_an_interval_with_twice_the_error(pair, alpha):
    limit = clopper_pearson_lower(*pair, alpha=alpha)

    assert limit == pytest.approx(clopper_pearson(*pair, level=1 - 2 * alpha).lower, abs=1e-12)


@given(counts(), st.integers(0, 9))
def test_the_one_sided_limit_rises_with_every_tenth_of_a_responder(pair, tenths):
    responders, trials = pair
    assume(responders < trials)
    fewer, more = responders + tenths / 10, responders + (tenths + 1) / 10

    low = clopper_pearson_lower(fewer, trials, alpha=0.05)
    assert low < clopper_pearson_lower(more, trials, alpha=0.05)


@given(counts(largest=40), st.integers(1, 19))
def test_one_sided_p_values_equal_sums_of_exact_fractions(pair, twentieths):
    successes, trials = pair
    null = Fraction(twentieths, 20)
    exact = exact_probabilities(trials, null)

    greater = binomial_test(successes, trials, null=float(null)).p_value
    less = binomial_test(successes, trials, null=float(null), alternative="less").p_value
    assert greater == pytest.approx(float(sum(exact[successes:])), rel=1e-10)
    assert less == pytest.approx(float(sum(exact[: successes + 1])), rel=1e-10)


@given(counts(largest=40), st.integers(1, 19))
def test_two_sided_p_value_is_the_sum_of_probabilities_not_larger(pair, twentieths):
    successes, trials = pair
    null = Fraction(twentieths, 20)
    exact = exact_probabilities(trials, null)
    expected = sum(p for p in exact if p <= exact[successes])

    found = binomial_test(successes, trials, null=float(null), alternative="two-sided")
    assert found.p_value == pytest.approx(float(expected), rel=1e-9)


def test_equal_probabilities_count_as_equal_despite_rounding():
    # At 1/2 the distribution is symmetric: both tails, to the last digit but rounding.
    found = binomial_test(3, 10, null=0.5, alternative="two-sided")

    assert found.p_value == pytest.approx(float(Fraction(2 * (1 + 10 + 45 + 120), 1024)), rel=1e-12)


def test_a_result_repeats_what_was_asked():
    orr = clopper_pearson(np.int64(11), 30, level=0.9)
    test = binomial_test(11, 30, null=0.15, alternative="less")

    assert (orr.successes, orr.trials, orr.level, orr.method) == (11, 30, 0.9, "clopper-pearson")
    assert type(orr.successes) is int
    assert wilson(1, 2).method == "wilson"
    assert (test.successes, test.trials, test.null, test.alternative) == (11, 30, 0.15, "less")


IMPOSSIBLE = [
    (0, 0, "trials >= 1"),
    (-1, 10, "between 0 and trials"),
    (11, 10, "between 0 and trials"),
    (1, -3, "trials >= 1"),
    (3.0, 10, "successes must be a whole number; got 3.0"),
    (3, 10.0, "trials must be a whole number; got 10.0"),
    (True, 10, "successes must be a whole number; got True"),
    (0, True, "trials must be a whole number; got True"),
    ("3", 10, "successes must be a whole number; got '3'"),
    (None, 10, "successes must be a whole number; got None"),
    (float("nan"), 10, "successes must be a whole number; got nan"),
]


@pytest.mark.parametrize(
    "method", [clopper_pearson, wilson, lambda x, n: binomial_test(x, n, null=0.1)]
)
@pytest.mark.parametrize(("successes", "trials", "message"), IMPOSSIBLE)
def test_impossible_counts_are_refused_in_words(method, successes, trials, message):
    with pytest.raises(StatError) as refused:
        method(successes, trials)

    assert message in str(refused.value)


@pytest.mark.parametrize("outside", [0, 1, -0.1, 95, float("nan"), True, "0.95", None])
def test_a_probability_must_lie_strictly_between_0_and_1(outside):
    with pytest.raises(StatError, match="level must be"):
        clopper_pearson(1, 2, level=outside)
    with pytest.raises(StatError, match="level must be"):
        wilson(1, 2, level=outside)
    with pytest.raises(StatError, match="alpha must be"):
        clopper_pearson_lower(1, 2, alpha=outside)
    with pytest.raises(StatError, match="null must be"):
        binomial_test(1, 2, null=outside)


@pytest.mark.parametrize("successes", [-0.1, 2.1, float("nan"), float("inf"), True, "1"])
def test_a_fractional_count_must_lie_between_0_and_trials(successes):
    with pytest.raises(StatError, match="successes must be"):
        clopper_pearson_lower(successes, 2, alpha=0.05)


def test_an_unknown_alternative_is_refused_with_the_nearest_one():
    with pytest.raises(StatError, match="did you mean 'greater'"):
        binomial_test(1, 2, null=0.5, alternative="grater")
