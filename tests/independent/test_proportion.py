"""Proportions by routes that share no formula with them, and impossible arguments."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, norm

from onearm.errors import StatError
from onearm.stats.proportion import (
    agresti_coull,
    binomial_test,
    blaker,
    clopper_pearson,
    clopper_pearson_lower,
    interval,
    jeffreys,
    lower_limit_exceeds,
    mid_p,
    wald,
    wilson,
)

METHODS = [clopper_pearson, blaker, mid_p, wilson, jeffreys, agresti_coull, wald]
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


@pytest.mark.parametrize("method", METHODS)
@given(pair=counts(), level=LEVELS)
def test_an_interval_contains_its_estimate_and_stays_in_0_to_1(method, pair, level):
    interval = method(*pair, level=level)

    assert 0 <= interval.lower <= interval.estimate <= interval.upper <= 1


@pytest.mark.parametrize("method", METHODS)
@given(pair=counts(), level=LEVELS)
def test_counting_failures_mirrors_the_interval(method, pair, level):
    successes, trials = pair
    one, other = (
        method(successes, trials, level=level),
        method(trials - successes, trials, level=level),
    )

    assert one.lower == pytest.approx(1 - other.upper, abs=1e-12)


@pytest.mark.parametrize("method", [m for m in METHODS if m is not wald])
def test_the_ends_are_exactly_0_and_1(method):
    for trials in (1, 3, 7, 20, 30, 1000):
        assert method(0, trials).lower == 0.0
        assert method(trials, trials).upper == 1.0
        assert 0 < method(trials, trials).lower < 1
        assert 0 < method(0, trials).upper < 1


@given(counts(), LEVELS)
def test_mid_p_limits_leave_half_of_the_observed_count_in_each_tail(pair, level):
    successes, trials = pair
    found = mid_p(successes, trials, level=level)

    if successes > 0:
        beyond = binom.sf(successes, trials, found.lower)
        tail = beyond + binom.pmf(successes, trials, found.lower) / 2
        assert tail == pytest.approx((1 - level) / 2, rel=1e-6)
    if successes < trials:
        beyond = binom.cdf(successes - 1, trials, found.upper)
        tail = beyond + binom.pmf(successes, trials, found.upper) / 2
        assert tail == pytest.approx((1 - level) / 2, rel=1e-6)


@given(counts(), LEVELS)
def test_jeffreys_limits_leave_equal_tails_of_the_posterior(pair, level):
    successes, trials = pair
    found = jeffreys(successes, trials, level=level)
    posterior = beta(successes + 0.5, trials - successes + 0.5)

    if successes > 0:
        assert posterior.cdf(found.lower) == pytest.approx((1 - level) / 2, rel=1e-6)
    if successes < trials:
        assert posterior.sf(found.upper) == pytest.approx((1 - level) / 2, rel=1e-6)


def acceptability(successes, trials, rate):
    """Probability of all counts whose smaller tail is not above that of ``successes``."""
    every = np.arange(trials + 1)
    smaller = np.minimum(binom.cdf(every, trials, rate), binom.sf(every - 1, trials, rate))
    not_above = smaller <= smaller[successes] * (1 + 1e-12)
    return float(binom.pmf(every, trials, rate)[not_above].sum())


@given(counts(largest=60), st.floats(0.5, 0.99))
@settings(max_examples=40)
def test_blaker_accepts_its_limit_and_nothing_below(pair, level):
    successes, trials = pair
    assume(successes > 0)
    found = blaker(successes, trials, level=level)

    assert acceptability(successes, trials, found.lower * (1 + 1e-9)) >= (1 - level) * (1 - 1e-6)
    for rate in np.linspace(0, found.lower * (1 - 1e-9), 50):
        assert acceptability(successes, trials, rate) < 1 - level


def test_blaker_takes_the_whole_range_where_the_accepted_rates_have_a_gap():
    found = blaker(30, 31)

    assert acceptability(30, 31, found.lower + 1e-6) > 0.05
    assert acceptability(30, 31, 0.836) < 0.05  # between two pieces
    assert acceptability(30, 31, 0.845) > 0.05
    assert found.lower < 0.836


@given(counts(), LEVELS)
def test_blaker_lies_within_clopper_and_pearson(pair, level):
    inner, outer = blaker(*pair, level=level), clopper_pearson(*pair, level=level)

    assert outer.lower <= inner.lower <= inner.upper <= outer.upper + 1e-15


@pytest.mark.parametrize("method", [clopper_pearson, blaker])
def test_an_exact_interval_covers_every_rate_at_least_as_often_as_its_level_says(method):
    found = [method(x, 20) for x in range(21)]
    for rate in np.linspace(0.001, 0.999, 400):
        covers = [one.lower <= rate <= one.upper for one in found]
        assert binom.pmf(range(21), 20, rate)[covers].sum() >= 0.95 - 1e-12


@given(counts(), LEVELS)
def test_agresti_and_coull_put_their_centre_where_wilson_has_it(pair, level):
    adjusted, score = agresti_coull(*pair, level=level), wilson(*pair, level=level)

    assume(adjusted.lower > 0 and adjusted.upper < 1)
    assert adjusted.lower + adjusted.upper == pytest.approx(score.lower + score.upper, abs=1e-12)
    assert adjusted.lower <= score.lower + 1e-12


def test_wald_is_a_point_at_the_ends():
    assert (wald(0, 20).lower, wald(0, 20).upper) == (0, 0)
    assert (wald(20, 20).lower, wald(20, 20).upper) == (1, 1)


@pytest.mark.parametrize("method", METHODS)
def test_the_method_of_a_name_is_the_function_of_that_name(method):
    name = method.__name__.replace("_", "-")
    found = interval(11, 30, method=name, level=0.9)

    assert found == method(11, 30, level=0.9)
    assert (found.method, found.level, found.successes, found.trials) == (name, 0.9, 11, 30)


def test_clopper_and_pearson_are_asked_for_unless_told_otherwise():
    assert interval(11, 30) == clopper_pearson(11, 30)


def test_an_unknown_method_is_refused_with_the_nearest_one():
    with pytest.raises(StatError, match="did you mean 'wilson'"):
        interval(11, 30, method="wilsen")


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


@pytest.mark.parametrize("method", [*METHODS, interval, lambda x, n: binomial_test(x, n, null=0.1)])
@pytest.mark.parametrize(("successes", "trials", "message"), IMPOSSIBLE)
def test_impossible_counts_are_refused_in_words(method, successes, trials, message):
    with pytest.raises(StatError) as refused:
        method(successes, trials)

    assert message in str(refused.value)


@pytest.mark.parametrize("outside", [0, 1, -0.1, 95, float("nan"), True, "0.95", None])
def test_a_probability_must_lie_strictly_between_0_and_1(outside):
    for method in METHODS:
        with pytest.raises(StatError, match="level must be"):
            method(1, 2, level=outside)
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


@given(counts(60), st.integers(1, 99), st.integers(51, 99))
def test_an_exact_limit_exceeds_what_the_exact_test_rejects(pair, percent, level):
    successes, trials = pair
    null = Fraction(percent, 100)
    tail = sum(exact_probabilities(trials, null)[successes:])
    said = lower_limit_exceeds(successes, trials, threshold=null, level=Fraction(level, 100))

    assert said is (tail < (1 - Fraction(level, 100)) / 2)


# P(X >= n) at 1/2 is 2**-n: (1 - level) / 2 is the same number, and the limit the threshold.
@pytest.mark.parametrize("trials", [2, 3, 6])
def test_a_limit_on_the_threshold_is_not_above_it(trials):
    half, tie = Decimal("0.5"), 1 - Fraction(2, 2**trials)

    assert not lower_limit_exceeds(trials, trials, threshold=half, level=tie)
    assert lower_limit_exceeds(trials, trials, threshold=half, level=tie - Fraction(1, 10**12))


def test_one_of_one_is_decided_where_floats_miss_by_a_hair():
    limit, level = Decimal("0.025"), Decimal("0.95")
    assert not lower_limit_exceeds(1, 1, threshold=limit, level=level)
    assert lower_limit_exceeds(1, 1, threshold=limit - Decimal("1e-25"), level=level)


def test_limits_of_another_method_are_compared_as_they_are():
    limit = wilson(11, 30).lower
    level = Decimal("0.95")

    assert not lower_limit_exceeds(11, 30, threshold=Decimal(limit), level=level, method="wilson")
    below = Decimal(limit) - Decimal("1e-9")
    assert lower_limit_exceeds(11, 30, threshold=below, level=level, method="wilson")
