"""Survival by routes that share no formula with it, what must always hold, impossible arguments."""

from array import array
from fractions import Fraction
from math import inf, nan

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from onearm.errors import StatError
from onearm.stats.survival import (
    at_risk,
    kaplan_meier,
    quantile,
    reverse_kaplan_meier,
    survival_at,
)

TRANSFORMS = ["log-log", "log", "plain", "logit", "arcsine"]
OBSERVATIONS = st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=25)
OPTIONS = st.fixed_dictionaries(
    {
        "level": st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.999]),
        "transform": st.sampled_from(TRANSFORMS),
        "convention": st.sampled_from(["sas", "r"]),
    }
)


def columns(observations):
    days, events = zip(*observations, strict=True)
    return list(days), list(events)


def redistributed_to_the_right(observations):
    """S after each time by Efron's algorithm, in fractions: no product, no number at risk.

    Everybody carries 1/n. Going right, a censored observation leaves, and
    its mass goes to all later ones in equal parts; an event takes its own with
    it. (Efron B. Proc 5th Berkeley Symp 1967;4:831-853.)
    """
    ordered = sorted(observations, key=lambda one: (one[0], not one[1]))  # events before censorings
    mass = [Fraction(1, len(ordered))] * len(ordered)
    survival, left = {}, Fraction(1)
    for i, (day, event) in enumerate(ordered):
        later = len(ordered) - i - 1
        if event:
            left -= mass[i]
        elif later:
            mass[i + 1 :] = [m + mass[i] / later for m in mass[i + 1 :]]
        survival[day] = left
    return survival


@given(OBSERVATIONS)
def test_curve_equals_redistribution_of_censored_mass_to_the_right(observations):
    curve = kaplan_meier(*columns(observations))
    expected = redistributed_to_the_right(observations)

    assert list(curve.times) == list(expected)
    for found, exact in zip(curve.survival, expected.values(), strict=True):
        assert found == pytest.approx(float(exact), abs=1e-12)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=25))
def test_without_censoring_the_curve_is_a_proportion_with_its_binomial_error(days):
    curve = kaplan_meier(days, [True] * len(days))
    for day, survival, error in zip(curve.times, curve.survival, curve.std_error, strict=True):
        rate = sum(other > day for other in days) / len(days)

        assert survival == pytest.approx(rate, abs=1e-12)
        if rate > 0:
            assert error == pytest.approx((rate * (1 - rate) / len(days)) ** 0.5, abs=1e-12)
        else:
            assert error is None


@given(OBSERVATIONS, OPTIONS, st.randoms(use_true_random=False))
def test_the_order_of_patients_does_not_matter(observations, options, random):
    shuffled = observations.copy()
    random.shuffle(shuffled)

    assert kaplan_meier(*columns(shuffled), **options) == kaplan_meier(
        *columns(observations), **options
    )


@given(OBSERVATIONS, OPTIONS)
def test_the_curve_never_rises_and_its_limits_hold_it(observations, options):
    curve = kaplan_meier(*columns(observations), **options)

    assert all(a >= b for a, b in zip((1, *curve.survival), curve.survival, strict=False))
    for survival, lower, upper in zip(curve.survival, curve.lower, curve.upper, strict=True):
        assert (lower is None) == (upper is None)
        if lower is None:
            assert survival in (0, 1)
        else:
            assert 0 <= lower <= survival <= upper <= 1


@given(OBSERVATIONS, OPTIONS)
def test_everybody_is_counted_once(observations, options):
    curve = kaplan_meier(*columns(observations), **options)

    assert curve.n == len(observations) == sum(curve.n_events) + sum(curve.n_censored)
    assert curve.events == sum(event for _, event in observations) == sum(curve.n_events)
    assert curve.at_risk == at_risk(columns(observations)[0], curve.times)
    leaving = zip(curve.at_risk, curve.n_events, curve.n_censored, strict=True)
    assert [n - d - c for n, d, c in leaving] == [*curve.at_risk[1:], 0]


@given(OBSERVATIONS, OPTIONS, st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]))
def test_the_limits_of_a_quantile_hold_it(observations, options, p):
    found = quantile(kaplan_meier(*columns(observations), **options), p)

    if found.value is None:
        assert found.upper is None
        assert found.note
    else:
        assert found.lower is None or found.lower <= found.value
        assert found.upper is None or found.value <= found.upper


@given(OBSERVATIONS, OPTIONS)
def test_later_quantiles_are_not_earlier(observations, options):
    curve = kaplan_meier(*columns(observations), **options)
    values = [quantile(curve, p).value for p in (0.1, 0.25, 0.5, 0.75, 0.9)]
    reached = [value for value in values if value is not None]

    assert reached == sorted(reached)


@given(OBSERVATIONS, st.sampled_from(TRANSFORMS))
def test_a_higher_level_gives_a_wider_interval(observations, transform):
    narrow, wide = (
        kaplan_meier(*columns(observations), level=level, transform=transform)
        for level in (0.8, 0.95)
    )
    for inner_low, outer_low, inner_high, outer_high in zip(
        narrow.lower, wide.lower, narrow.upper, wide.upper, strict=True
    ):
        if inner_low is not None:
            assert outer_low <= inner_low
            assert outer_high >= inner_high


@given(OBSERVATIONS, OPTIONS)
def test_weeks_and_days_give_the_same_curve(observations, options):
    days, events = columns(observations)
    in_days = quantile(kaplan_meier([7 * day for day in days], events, **options))
    in_weeks = quantile(kaplan_meier(days, events, **options))

    for found, expected in [
        (in_days.value, in_weeks.value),
        (in_days.lower, in_weeks.lower),
        (in_days.upper, in_weeks.upper),
    ]:
        assert found == (None if expected is None else 7 * expected)


@given(OBSERVATIONS, OPTIONS, st.sampled_from([0.3, 0.5, 0.8]))
def test_sas_quantile_is_the_middle_of_the_days_that_split_the_curve(observations, options, p):
    # The definition itself: inf {t: S(t) <= 1-p} and inf {t: S(t) < 1-p}, in exact fractions.
    level = 1 - Fraction(str(p))
    exact = redistributed_to_the_right(observations)
    reached = [day for day, survival in exact.items() if survival <= level]
    passed = [day for day, survival in exact.items() if survival < level]

    options["convention"] = "sas"
    found = quantile(kaplan_meier(*columns(observations), **options), p)
    assert found.value == ((reached[0] + passed[0]) / 2 if passed else None)


@given(OBSERVATIONS, OPTIONS, st.sampled_from([0.25, 0.5, 0.75]))
def test_a_day_inside_the_sas_limits_is_not_rejected(observations, options, p):
    # Brookmeyer and Crowley's set: the days on which the pointwise interval covers 1 - p.
    options["convention"] = "sas"
    curve = kaplan_meier(*columns(observations), **options)
    covered = [
        day
        for day, lower, upper in zip(curve.times, curve.lower, curve.upper, strict=True)
        if lower is not None and lower <= 1 - p <= upper
    ]
    assume(covered)

    assert quantile(curve, p).lower == covered[0]


@given(OBSERVATIONS, OPTIONS)
def test_reading_the_curve_at_its_own_times_gives_the_curve(observations, options):
    curve = kaplan_meier(*columns(observations), **options)
    for step, day in enumerate(curve.times):
        rate = survival_at(curve, day)

        assert rate.estimate == curve.survival[step]
        assert (rate.lower, rate.upper) == (curve.lower[step], curve.upper[step])
        assert rate.at_risk == curve.at_risk[step]
        assert survival_at(curve, day + 0.5).estimate in (curve.survival[step], None)


@given(OBSERVATIONS, OPTIONS)
def test_reversing_twice_gives_the_curve_back(observations, options):
    days, events = columns(observations)
    changed_over = [not event for event in events]

    assert reverse_kaplan_meier(days, changed_over, **options) == kaplan_meier(
        days, events, **options
    )


def test_follow_up_of_patients_who_all_left_without_event_is_their_plain_median():
    curve = reverse_kaplan_meier([3, 8, 10, 40, 41], [0, 0, 0, 0, 0])

    assert quantile(curve).value == 10
    assert survival_at(curve, 41).estimate == 0


def test_follow_up_counts_those_with_the_event_at_risk_on_a_tied_day():
    # Day 5: one event and one censoring among 4. Follow-up falls to 3/4, not to 2/3.
    curve = reverse_kaplan_meier([5, 5, 9, 9], [1, 0, 0, 0])

    assert curve.survival == (0.75, 0.0)


def test_events_precede_censorings_on_a_tied_day():
    # The censored patient of day 5 is still at risk there: 3/4, not 2/3.
    assert kaplan_meier([5, 5, 9, 9], [1, 0, 0, 0]).survival == (0.75, 0.75)


EDGES = [  # what, days, events, convention, median with limits, part of the note
    ("last is an event, n = 5", [88, 100, 120, 130, 146], [1] * 5, "sas",
     (120, 88, None), ""),
    ("level at 1/2, then an event", [40, 52, 53, 60], [1, 1, 1, 0], "sas",
     (52.5, 40, None), "midpoint"),
    ("level at 1/2, censored, then an event", [10, 20, 25, 40, 50], [1, 1, 0, 1, 1], "sas",
     (40, 10, None), ""),
    ("no event", [3, 5, 9], [0, 0, 0], "sas", (None, None, None), "not reached"),
    ("one patient, event", [7], [1], "sas", (7, None, None), ""),
    ("one patient, censored", [7], [0], "r", (None, None, None), "not reached"),
    ("all at once", [5] * 5, [1] * 5, "r", (5, None, None), ""),
    ("event and censoring at the end, sas", [5, 5], [1, 0], "sas",
     (None, 5, None), "until follow-up ends"),
    ("event and censoring at the end, r", [5, 5], [1, 0], "r",
     (5, 5, None), "until follow-up ends"),
    ("straight across", [5] * 90 + list(range(6, 16)), [1] * 90 + [0] * 10, "sas",
     (5, 5, 5), ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "events", "convention", "median", "note"),
    [row[1:] for row in EDGES],
    ids=[row[0] for row in EDGES],
)
def test_medians_at_the_edges(days, events, convention, median, note):
    found = quantile(kaplan_meier(days, events, convention=convention))

    assert (found.value, found.lower, found.upper) == median
    assert note in found.note
    assert bool(found.note) == bool(note)


RATES = [  # day, convention, (estimate, has limits, at risk), part of the note
    (0, "sas", (1, False, 5), "no event by then"),
    (0, "r", (1, True, 5), ""),
    (15, "sas", (1, False, 4), "no event by then"),
    (15, "r", (1, False, 4), "no event by then"),  # log-log: not defined once anybody has left
    (20, "sas", (0.75, True, 4), ""),  # an event on the day has happened
    (19.9, "sas", (1, False, 4), "no event by then"),
    (50, "sas", (0.375, True, 1), ""),
    (50.1, "sas", (None, False, 0), "after the last observation"),
    (50.1, "r", (None, False, 0), "after the last observation"),
]


@pytest.mark.parametrize(("day", "convention", "rate", "note"), RATES)
def test_rates_at_the_edges_of_a_curve_that_ends_censored(day, convention, rate, note):
    curve = kaplan_meier([10, 20, 30, 40, 50], [0, 1, 0, 1, 0], convention=convention)
    found = survival_at(curve, day)

    has_limits = found.lower is not None and found.upper is not None
    assert (found.estimate, has_limits, found.at_risk) == rate
    assert note in found.note
    assert bool(found.note) == bool(note)


@pytest.mark.parametrize(("convention", "estimate"), [("sas", 0), ("r", None)])
def test_nobody_is_left_after_a_last_event(convention, estimate):
    curve = kaplan_meier([10, 20], [1, 1], convention=convention)

    assert survival_at(curve, 20).estimate == 0
    assert survival_at(curve, 20).lower is None
    assert "nobody is left" in survival_at(curve, 20).note
    assert survival_at(curve, 21).estimate == estimate
    assert survival_at(curve, 21).note


def test_a_result_repeats_what_was_asked():
    asked = {"level": 0.9, "transform": "plain", "convention": "r"}
    curve = kaplan_meier([10, 20, 30], [1, 0, 1], **asked)

    for result in (curve, quantile(curve, 0.25), survival_at(curve, 12)):
        assert {name: getattr(result, name) for name in asked} == asked
    assert quantile(curve, 0.25).p == 0.25
    assert survival_at(curve, 12).day == 12


def test_lists_arrays_and_columns_give_the_same_curve():
    days, events = [10, 20, 30, 30], [True, False, True, True]
    expected = kaplan_meier(days, events)

    assert kaplan_meier(np.array(days), np.array(events)) == expected
    assert kaplan_meier(np.array(days, float), np.array(events, np.int8)) == expected
    assert kaplan_meier(list(np.array(days)), list(np.array(events))) == expected
    assert kaplan_meier(array("d", days), array("b", events)) == expected
    assert kaplan_meier(tuple(map(float, days)), (1.0, 0.0, 1.0, 1.0)) == expected
    assert type(expected.times[0]) is float


def test_numbers_at_risk_follow_the_order_of_times():
    assert at_risk([30, 10, 20, 20], [21, 0, 20, 31, 30]) == (1, 4, 3, 0, 1)


BAD_DAYS = [
    ([0, 5], r"days\[0\] must be finite and above 0; got 0"),
    ([5, -3], r"days\[1\] must be finite and above 0; got -3"),
    ([5, nan], r"days\[1\] must be finite and above 0; got nan"),
    ([nan, 5], r"days\[0\] must be finite and above 0; got nan"),
    ([inf, 5], r"days\[0\] must be finite and above 0; got inf"),
    ([5, "9"], r"days\[1\] must be a number; got '9'"),
    ([5, None], r"days\[1\] must be a number; got None"),
    ([5, True], r"days\[1\] must be a number; got True"),
    ([[5, 6], [7, 8]], r"days\[0\] must be a number"),
    (np.array([[5.0, 6.0]]), r"days must be of shape \(n,\); got shape \(1, 2\)"),
    (np.array(["5", "6"]), r"days\[0\] must be a number"),
    ([], "at least one observation"),
    ([5, 6, 7], "one length; got 3 days and 2 events"),
]


@pytest.mark.parametrize("estimate", [kaplan_meier, reverse_kaplan_meier])
@pytest.mark.parametrize(("days", "message"), BAD_DAYS)
def test_impossible_days_are_refused_with_their_place(estimate, days, message):
    with pytest.raises(StatError, match=message):
        estimate(days, [1, 0])


@pytest.mark.parametrize("estimate", [kaplan_meier, reverse_kaplan_meier])
@pytest.mark.parametrize("event", [2, -1, nan, None, "1", "yes", 0.5, [1]])
def test_an_event_that_is_neither_0_nor_1_is_refused_with_its_place(estimate, event):
    with pytest.raises(StatError, match=r"events\[1\] must be 1 or True"):
        estimate([5, 6], [1, event])


@pytest.mark.parametrize("outside", [0, 1, -0.1, 95, nan, True, "0.95", None])
def test_level_and_p_must_lie_strictly_between_0_and_1(outside):
    with pytest.raises(StatError, match="level must be"):
        kaplan_meier([5], [1], level=outside)
    with pytest.raises(StatError, match="p must be"):
        quantile(kaplan_meier([5], [1]), outside)


@pytest.mark.parametrize("day", [-1, nan, inf, "5", None, True])
def test_a_landmark_must_be_a_finite_day(day):
    with pytest.raises(StatError, match="day must be"):
        survival_at(kaplan_meier([5], [1]), day)


@pytest.mark.parametrize("time", [-1, nan, inf, "5"])
def test_a_time_of_the_row_at_risk_must_be_finite(time):
    with pytest.raises(StatError, match=r"times\[1\] must be"):
        at_risk([5], [0, time])


def test_unknown_options_are_refused_with_the_nearest_one():
    with pytest.raises(StatError, match="did you mean 'log-log'"):
        kaplan_meier([5], [1], transform="loglog")
    with pytest.raises(StatError, match="convention must be one of sas, r, lifelines; got"):
        kaplan_meier([5], [1], convention="stata")
    with pytest.raises(StatError, match="near_ties must be one of exact, merge; got 'round'"):
        kaplan_meier([5], [1], near_ties="round")


def test_lifelines_has_no_limits_but_log_log():
    with pytest.raises(StatError, match="with transform 'log-log' alone; got 'plain'"):
        kaplan_meier([5], [1], transform="plain", convention="lifelines")


def test_near_ties_are_kept_apart_unless_the_convention_or_the_caller_makes_them_one():
    days, events = [0.1 + 0.2, 0.3, 0.5], [1, 1, 1]

    assert kaplan_meier(days, events).n_events == (1, 1, 1)
    assert kaplan_meier(days, events).near_ties == "exact"
    assert kaplan_meier(days, events, near_ties="merge").n_events == (2, 1)
    assert kaplan_meier(days, events, near_ties="merge").times == (0.3, 0.5)
    assert kaplan_meier(days, events, convention="r").near_ties == "merge"
    assert kaplan_meier(days, events, convention="lifelines").near_ties == "exact"


@given(OBSERVATIONS, OPTIONS)
def test_whole_days_are_never_merged(observations, options):
    exact, merged = (
        kaplan_meier(*columns(observations), **options, near_ties=near_ties)
        for near_ties in ("exact", "merge")
    )

    assert (exact.times, exact.survival) == (merged.times, merged.survival)
