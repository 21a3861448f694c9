"""The restricted mean by routes that share no formula with it, its edges, impossible arguments."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import StatError
from onearm.stats.restricted_mean import restricted_mean
from onearm.stats.survival import kaplan_meier

DAYS = st.lists(st.integers(1, 40), min_size=1, max_size=25)
OBSERVATIONS = st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=25)
HORIZONS = st.integers(1, 50)


def mean_of_redistributed_times(observations, tau):
    """Mean of min(time, tau) after Efron's redistribution to the right, in fractions.

    The mass of a censored observation goes to all later ones in equal parts;
    mass that nobody can take stays without an event until tau.
    """
    ordered = sorted(observations, key=lambda one: (one[0], not one[1]))
    mass = [Fraction(1, len(ordered))] * len(ordered)
    total = Fraction(0)
    for i, (day, event) in enumerate(ordered):
        later = len(ordered) - i - 1
        if event or not later:
            total += mass[i] * (min(day, tau) if event else tau)
        else:
            mass[i + 1 :] = [m + mass[i] / later for m in mass[i + 1 :]]
    return total


@given(OBSERVATIONS, HORIZONS)
def test_area_equals_the_mean_after_redistribution_to_the_right(observations, tau):
    days, events = zip(*observations, strict=True)
    found = restricted_mean(kaplan_meier(days, events, convention="r"), tau)

    expected = float(mean_of_redistributed_times(observations, tau))
    assert found.value == pytest.approx(expected, rel=1e-12)


@given(DAYS, HORIZONS)
def test_without_censoring_it_is_a_plain_mean_with_its_error(days, tau):
    found = restricted_mean(kaplan_meier(days, [1] * len(days)), tau)
    cut = [min(day, tau) for day in days]
    mean = sum(cut) / len(cut)

    assert found.value == pytest.approx(mean, rel=1e-12)
    error = sum((day - mean) ** 2 for day in cut) ** 0.5 / len(cut)
    assert found.std_error == pytest.approx(error, abs=1e-9)


@given(OBSERVATIONS, HORIZONS, st.sampled_from(["sas", "r", "lifelines"]))
def test_the_interval_holds_the_mean_and_stays_within_the_horizon(observations, tau, convention):
    days, events = zip(*observations, strict=True)
    found = restricted_mean(kaplan_meier(days, events, convention=convention), tau)

    if found.value is None:
        assert (found.lower, found.upper, found.std_error) == (None, None, None)
        assert found.note
    elif found.lower is None:
        assert found.value == tau
        assert found.note
    else:
        assert 0 <= found.lower <= found.value <= found.upper <= tau
        assert found.value > 0


@pytest.mark.parametrize(("convention", "value"), [("sas", None), ("r", 30), ("lifelines", 30)])
def test_beyond_a_last_censoring_only_sas_gives_nothing(convention, value):
    # 1 until day 20, then 1/2, censored on day 30: carried on to day 40, 20 + 20 / 2.
    curve = kaplan_meier([20, 30], [1, 0], convention=convention)

    assert restricted_mean(curve, 40).value == value
    assert restricted_mean(curve, 30).value == 25


def test_beyond_a_last_event_there_is_no_more_area():
    curve = kaplan_meier([20, 30], [1, 1])

    assert restricted_mean(curve, 30).value == restricted_mean(curve, 1000).value == 25


def test_an_event_on_the_horizon_itself_takes_no_area():
    found = restricted_mean(kaplan_meier([20, 30], [1, 1]), 20)

    assert (found.value, found.std_error) == (20, 0)
    assert (found.lower, found.upper) == (20, 20)


def test_before_the_first_event_there_are_no_limits():
    found = restricted_mean(kaplan_meier([20, 30], [1, 1]), 10)

    assert (found.value, found.std_error, found.lower, found.upper) == (10, 0, None, None)
    assert "no event by then" in found.note


def test_a_result_repeats_what_was_asked():
    found = restricted_mean(kaplan_meier([20, 30], [1, 1], level=0.9, convention="r"), 25)

    assert (found.tau, found.level, found.convention) == (25, 0.9, "r")


@pytest.mark.parametrize("tau", [0, -1, float("nan"), float("inf"), "30", None, True])
def test_a_horizon_must_be_finite_and_above_0(tau):
    with pytest.raises(StatError, match="tau must be"):
        restricted_mean(kaplan_meier([5], [1]), tau)
