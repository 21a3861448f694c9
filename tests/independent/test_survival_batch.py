"""Many data sets in one call against one call for each: the same numbers, to the last digit.

The limits of rates pass through numpy's exponentials there and through those of
Python here, which may differ in the last digit; medians and their limits, being
times, may not.
"""

import csv
from collections import defaultdict
from math import inf, isnan, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import StatError
from onearm.stats.survival import kaplan_meier, quantile, survival_at
from onearm.stats.survival_batch import kaplan_meier_batch

REFERENCE = Path(__file__).parents[1] / "reference"
OPTIONS = [
    {"transform": transform, "convention": convention}
    for transform in ("log-log", "log", "plain", "logit", "arcsine")
    for convention in ("sas", "r")
] + [{"transform": "log-log", "convention": "lifelines"}]
LANDMARKS = (0, 0.5, 3, 7.5, 12, 25)


@st.composite
def tables(draw):
    """A few data sets of one size on few days, so that ties are common."""
    m, n = draw(st.integers(1, 4)), draw(st.integers(1, 16))
    row = st.lists(st.tuples(st.integers(1, 14), st.booleans()), min_size=n, max_size=n)
    rows = draw(st.lists(row, min_size=m, max_size=m))
    days = [[day for day, _ in one] for one in rows]
    return days, [[event for _, event in one] for one in rows]


def assert_same(batch, row, curve):
    """Compare one row of a batch with the curve of that data set."""
    median = quantile(curve)
    assert or_none(batch.median[row]) == median.value
    assert or_none(batch.lower[row]) == median.lower
    assert or_none(batch.upper[row]) == median.upper
    assert batch.events[row] == curve.events
    for column, day in enumerate(batch.landmarks):
        rate = survival_at(curve, day)
        assert or_none(batch.rate[row, column]) == rate.estimate
        for found, expected in [
            (batch.rate_lower[row, column], rate.lower),
            (batch.rate_upper[row, column], rate.upper),
        ]:
            expected = nan if expected is None else expected
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-15, nan_ok=True)


def or_none(number):
    return None if isnan(number) else number


@given(tables(), st.sampled_from(OPTIONS), st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.999]))
def test_every_row_equals_a_call_of_its_own(table, options, level):
    batch = kaplan_meier_batch(*table, **options, level=level, landmarks=LANDMARKS)

    for row, (days, events) in enumerate(zip(*table, strict=True)):
        assert_same(batch, row, kaplan_meier(days, events, **options, level=level))


def reference_sets():
    sets = defaultdict(lambda: ([], [], []))
    with (REFERENCE / "survival_data.csv").open(encoding="utf-8", newline="") as file:
        file.readline()
        for row in csv.DictReader(file):
            for column, values in zip(
                ("time", "event", "level"), sets[row["dataset"]], strict=True
            ):
                values.append(float(row[column]))
    return sets


@pytest.mark.parametrize("options", OPTIONS, ids=lambda one: "-".join(one.values()))
def test_every_data_set_that_was_given_to_r_has_the_same_median_in_a_batch(options):
    for days, events, levels in reference_sets().values():
        asked = {**options, "level": levels[0]}
        landmarks = sorted({days[0], max(days), max(days) + 1, 182.625})
        batch = kaplan_meier_batch([days, days], [events, events], **asked, landmarks=landmarks)

        for row in (0, 1):
            assert_same(batch, row, kaplan_meier(days, events, **asked))


@pytest.mark.parametrize("options", OPTIONS, ids=lambda one: "-".join(one.values()))
def test_simulated_trials_of_30_equal_calls_of_their_own(options):
    rng = np.random.default_rng(3)
    days = np.ceil(rng.exponential(300, (300, 30)))
    events = rng.random((300, 30)) < 0.67
    batch = kaplan_meier_batch(days, events, **options, landmarks=(182.625, 365.25))

    for row in range(300):
        assert_same(batch, row, kaplan_meier(days[row], events[row], **options))


@pytest.mark.parametrize("near_ties", ["exact", "merge", None])
@pytest.mark.parametrize("convention", ["sas", "r"])
def test_near_ties_are_taken_as_in_a_call_of_their_own(near_ties, convention):
    days = [[0.1 + 0.2, 0.3, 0.5, 0.5 + 1e-12, 1000], [5, 5 + 1e-8, 5 + 2e-8, 9, 9 + 1e-3]]
    events = [[1, 1, 0, 1, 0], [1, 0, 1, 1, 0]]
    options = {"near_ties": near_ties, "convention": convention}
    batch = kaplan_meier_batch(days, events, **options, landmarks=[0.3, 5, 9])

    for row in (0, 1):
        assert_same(batch, row, kaplan_meier(days[row], events[row], **options))


def test_large_tables_are_worked_on_in_blocks_without_a_seam():
    rng = np.random.default_rng(4)
    days, events = rng.integers(1, 400, (5000, 40)), rng.random((5000, 40)) < 0.6
    whole = kaplan_meier_batch(days, events, landmarks=[100])

    for half in (slice(0, 1700), slice(1700, 5000)):
        part = kaplan_meier_batch(days[half], events[half], landmarks=[100])
        np.testing.assert_array_equal(part.median, whole.median[half])
        np.testing.assert_array_equal(part.upper, whole.upper[half])
        np.testing.assert_array_equal(part.rate_lower, whole.rate_lower[half])


def test_the_input_is_left_as_it_was_and_the_result_cannot_be_changed():
    days, events = np.array([[9.0, 3.0, 5.0]]), np.array([[True, False, True]])
    batch = kaplan_meier_batch(days, events)

    assert days.tolist() == [[9, 3, 5]]
    assert events.tolist() == [[True, False, True]]
    with pytest.raises(ValueError, match="read-only"):
        batch.median[0] = 1


def test_a_result_repeats_what_was_asked():
    asked = {"level": 0.9, "transform": "plain", "convention": "r", "near_ties": "exact"}
    batch = kaplan_meier_batch([[10, 20]], [[1, 0]], **asked, landmarks=[5, 15])

    assert {name: getattr(batch, name) for name in asked} == asked
    assert (batch.n, batch.landmarks, batch.rate.shape) == (2, (5, 15), (1, 2))
    assert kaplan_meier_batch([[10, 20]], [[1, 0]]).rate.shape == (1, 0)


BAD = [
    ([[5, 0]], [[1, 0]], r"days\[0, 1\] must be finite and above 0; got 0"),
    ([[5, 6], [nan, 1]], [[1, 0], [1, 0]], r"days\[1, 0\] must be finite and above 0; got nan"),
    ([[5, inf]], [[1, 0]], r"days\[0, 1\] must be finite and above 0; got inf"),
    ([[5, 6]], [[1, 2]], r"events\[0, 1\] must be 1 or True .* got 2"),
    ([[5, 6]], [[1, nan]], r"events\[0, 1\] must be 1 or True .* got nan"),
    ([[5, 6]], [[1, 0], [1, 0]], r"of one shape; got \(1, 2\) days and \(2, 2\) events"),
    ([5, 6], [1, 0], r"days must be of shape \(m, n\), with m and n >= 1; got shape \(2,\)"),
    ([[]], [[]], r"days must be of shape \(m, n\), with m and n >= 1; got shape \(1, 0\)"),
    ([[5, 6], [7]], [[1, 0], [1]], "rows of one length"),
    ([["5", "6"]], [[1, 0]], "days must hold numbers"),
    ([[True, True]], [[1, 0]], "days must hold numbers"),
    ([[5, 6]], [["1", "0"]], "events must hold numbers"),
]


@pytest.mark.parametrize(("days", "events", "message"), BAD)
def test_impossible_tables_are_refused_with_their_place(days, events, message):
    with pytest.raises(StatError, match=message):
        kaplan_meier_batch(days, events)


def test_impossible_options_are_refused_as_for_one_data_set():
    for options, message in [
        ({"transform": "loglog"}, "did you mean 'log-log'"),
        ({"convention": "stata"}, "convention must be one of"),
        ({"convention": "lifelines", "transform": "log"}, "with transform 'log-log' alone"),
        ({"near_ties": "round"}, "near_ties must be one of"),
        ({"level": 95}, "level must be"),
        ({"landmarks": [5, -1]}, r"landmarks\[1\] must be finite and at least 0; got -1"),
    ]:
        with pytest.raises(StatError, match=message):
            kaplan_meier_batch([[5]], [[1]], **options)
