"""Log-rank tests against R and by hand, what must always hold, impossible arguments."""

import csv
import math
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from onearm.errors import StatError
from onearm.stats.logrank import (
    exponential_hazard,
    logrank,
    observed_against_expected,
    one_sample_logrank,
    weibull_hazard,
)

REFERENCE = Path(__file__).parents[1] / "reference"
PATIENTS = st.lists(
    st.tuples(st.integers(1, 12), st.booleans(), st.sampled_from("abc")), min_size=3, max_size=25
)


def rows_of(name):
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        file.readline()  # program and version
        return list(csv.DictReader(file))


def columns_by_dataset(name, columns):
    sets = defaultdict(lambda: tuple([] for _ in columns))
    for row in rows_of(name):
        for column, values in zip(columns, sets[row["dataset"]], strict=True):
            values.append(row[column] if column == "group" else float(row[column]))
    return sets


def test_observed_expected_variance_and_chi_square_equal_r():
    data = columns_by_dataset("logrank_data.csv", ("time", "event", "group"))
    tests = {name: logrank(*columns, near_ties="merge") for name, columns in data.items()}
    compared = defaultdict(int)
    for row in rows_of("logrank.csv"):
        test = tests[row["dataset"]]
        found = next(one for one in test.groups if one.group == row["group"])

        assert (found.n, found.observed) == (int(row["n"]), int(row["observed"])), row
        assert found.expected == pytest.approx(float(row["expected"]), abs=1e-9), row
        assert found.variance == pytest.approx(float(row["variance"]), abs=1e-9), row
        assert test.chi_square == pytest.approx(float(row["chi_square"]), abs=1e-9), row
        compared[len(test.groups)] += 1
    assert set(compared) == {2, 3, 4}  # groups


def test_near_ties_are_apart_unless_asked_otherwise():
    days, events, groups = columns_by_dataset("logrank_data.csv", ("time", "event", "group"))[
        "near-ties"
    ]

    exact, merged = logrank(days, events, groups), logrank(days, events, groups, near_ties="merge")
    assert exact.near_ties == "exact"
    assert exact.groups[0].expected != pytest.approx(merged.groups[0].expected, abs=1e-3)


def test_two_groups_by_hand():
    # Day 1: 1 of 4, 2 of them in a: 1/2, variance 1/4. Day 2: 1 of 3, 1 in a: 1/3, 2/9.
    # Day 3: 1 of 2, none in a. O - E = 2 - 5/6, variance 17/36: (7/6)^2 / (17/36) = 49/17.
    test = logrank([1, 2, 3, 4], [1, 1, 1, 0], ["a", "a", "b", "b"])

    assert test.groups[0].expected == pytest.approx(5 / 6)
    assert test.groups[0].variance == pytest.approx(17 / 36)
    assert test.chi_square == pytest.approx(float(Fraction(49, 17)))
    assert test.p_value == pytest.approx(2 * norm.sf(math.sqrt(49 / 17)))


@given(PATIENTS)
def test_expected_events_add_up_to_those_observed(patients):
    days, events, groups = zip(*patients, strict=True)
    assume(len(set(groups)) > 1)
    test = logrank(days, events, groups)

    assert sum(one.observed for one in test.groups) == sum(events)
    assert sum(one.expected for one in test.groups) == pytest.approx(sum(events))
    if test.chi_square is None:
        assert test.p_value is None
        assert test.note
    else:
        assert test.chi_square >= -1e-9
        assert 0 <= test.p_value <= 1


@given(PATIENTS, st.randoms(use_true_random=False))
def test_neither_the_order_of_patients_nor_the_unit_of_time_matters(patients, random):
    days, events, groups = zip(*patients, strict=True)
    assume(len(set(groups)) > 1)
    one = logrank(days, events, groups)
    shuffled = patients.copy()
    random.shuffle(shuffled)
    days, events, groups = zip(*shuffled, strict=True)
    other = logrank([7 * day for day in days], events, groups)

    assert one.degrees == other.degrees
    if one.chi_square is not None:
        assert other.chi_square == pytest.approx(one.chi_square, abs=1e-9)


NO_TEST = [
    ("no event", [1, 2, 3], [0, 0, 0], ["a", "b", "a"]),
    ("all at once", [5, 5, 5], [1, 1, 1], ["a", "b", "a"]),
    ("one group left before the first event", [1, 5, 6], [0, 1, 1], ["a", "b", "b"]),
]


@pytest.mark.parametrize(
    ("days", "events", "groups"), [row[1:] for row in NO_TEST], ids=[row[0] for row in NO_TEST]
)
def test_groups_that_cannot_be_compared_have_no_statistic_and_a_note(days, events, groups):
    test = logrank(days, events, groups)

    assert (test.chi_square, test.p_value) == (None, None)
    assert "not estimable" in test.note


def test_a_group_that_left_before_the_first_event_takes_no_part():
    left_early = logrank([1, 2, 3, 4, 5], [0, 1, 1, 1, 0], list("cabab"))
    without = logrank([2, 3, 4, 5], [1, 1, 1, 0], list("abab"))

    assert left_early.groups[0].expected == 0
    assert (left_early.chi_square, left_early.degrees) == (without.chi_square, 1)


def test_one_sample_numbers_equal_r():
    data = columns_by_dataset("survival_data.csv", ("time", "event", "level"))
    for row in rows_of("one_sample_logrank.csv"):
        days, events, levels = data[row["dataset"]]
        hazard = weibull_hazard(
            float(row["day"]), float(row["survival"]), shape=float(row["shape"])
        )
        test = one_sample_logrank(days, events, hazard, level=levels[0])

        assert test.observed == int(row["observed"]), row
        assert test.expected == pytest.approx(float(row["expected"]), rel=1e-9), row
        assert test.z**2 == pytest.approx(float(row["chi_square"]), rel=1e-7, abs=1e-9), row
        assert test.ratio == pytest.approx(float(row["ratio"]), rel=1e-9), row
        assert test.lower == pytest.approx(float(row["lower"]), rel=1e-9), row
        assert test.upper == pytest.approx(float(row["upper"]), rel=1e-9), row


@given(st.integers(0, 60), st.floats(0.5, 60), st.floats(0.5, 0.99))
def test_limits_of_the_ratio_solve_the_poisson_tail_equations(observed, expected, level):
    test = observed_against_expected(observed, expected, level=level)

    assert test.lower <= test.ratio <= test.upper
    assert poisson.cdf(observed, test.upper * expected) == pytest.approx((1 - level) / 2)
    if observed:
        tail = poisson.sf(observed - 1, test.lower * expected)
        assert tail == pytest.approx((1 - level) / 2)
    else:
        assert test.lower == 0


@given(st.integers(0, 60), st.floats(0.5, 60))
def test_both_statistics_take_one_side_and_wu_is_smaller_after_an_excess(observed, expected):
    test = observed_against_expected(observed, expected)

    assert test.p_value == pytest.approx(norm.sf(test.z))
    assert test.p_value_wu == pytest.approx(norm.sf(test.z_wu))
    assert test.z * test.z_wu >= 0
    # (O + E) / 2 is below E, and Wu's statistic further from 0, if fewer were seen than expected.
    assert (abs(test.z_wu) >= abs(test.z)) == (observed <= expected)


def test_wu_by_hand():
    # O 18, E 16.3598: (16.3598 - 18) / sqrt(17.1799).
    assert observed_against_expected(18, 16.3598).z_wu == pytest.approx(
        -1.6402 / 17.1799**0.5, rel=1e-12
    )


def test_the_statistic_is_about_normal_under_the_null_hypothesis():
    # Exponential times with median 180, censored at 300: mean 0 and variance 1 of Z.
    rng = np.random.default_rng(7)
    found = []
    for _ in range(2000):
        times = rng.exponential(180 / math.log(2), 40)
        days = np.minimum(times, 300)
        found.append(one_sample_logrank(days, times <= 300, exponential_hazard(180)).z)

    assert np.mean(found) == pytest.approx(0, abs=0.12)
    assert np.std(found) == pytest.approx(1, abs=0.12)


def test_hazards_by_hand():
    assert exponential_hazard(180)(180) == pytest.approx(math.log(2))
    assert exponential_hazard(365, 0.25)(730) == pytest.approx(2 * math.log(4))
    assert weibull_hazard(3, 0.6, shape=2)(6) == pytest.approx(-4 * math.log(0.6))


def test_any_function_of_the_day_can_be_the_hazard():
    # A hazard of 1/100 a day until day 50, and none after: 0.2 + 0.5 + 0.5.
    test = one_sample_logrank([20, 50, 90], [1, 0, 1], lambda day: min(day, 50) / 100)

    assert test.expected == pytest.approx(1.2)
    assert test.observed == 2


def test_a_hazard_that_is_none_is_refused():
    with pytest.raises(StatError, match="never fall"):
        one_sample_logrank([10, 20], [1, 0], lambda day: -day)
    with pytest.raises(StatError, match=r"never fall; got 0\.05 on day 20\.0, after 0\.1"):
        one_sample_logrank([10, 20], [1, 0], lambda day: 1 / day)
    with pytest.raises(StatError, match="finite"):
        one_sample_logrank([10, 20], [1, 0], lambda _: math.inf)
    with pytest.raises(StatError, match=r"hazard\(10\.0\) must be a number; got None"):
        one_sample_logrank([10, 20], [1, 0], lambda _: None)
    with pytest.raises(StatError, match="expected must be finite and above 0; got 0"):
        one_sample_logrank([10, 20], [1, 0], lambda _: 0)


def test_impossible_numbers_are_refused_in_words():
    for observed, expected, message in [
        (-1, 2, "observed must be at least 0"),
        (1.5, 2, "observed must be a whole number"),
        (1, 0, "expected must be finite and above 0"),
        (1, math.nan, "expected must be finite and above 0"),
        (1, "2", "expected must be a number"),
    ]:
        with pytest.raises(StatError, match=message):
            observed_against_expected(observed, expected)
    with pytest.raises(StatError, match="level must be"):
        observed_against_expected(1, 2, level=95)


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf, "5", None, True])
def test_a_hazard_has_a_day_and_a_shape_above_0(bad):
    with pytest.raises(StatError, match="day must be"):
        exponential_hazard(bad)
    with pytest.raises(StatError, match="shape must be"):
        weibull_hazard(180, shape=bad)


@pytest.mark.parametrize("survival", [0, 1, 1.2, math.nan])
def test_survival_under_the_null_lies_strictly_between_0_and_1(survival):
    with pytest.raises(StatError, match="survival must be"):
        exponential_hazard(180, survival)


GROUPS = [
    (["a", "b"], "one length; got 3 days and 2 groups"),
    (["a", "a", "a"], "at least two different ones; got 'a' alone"),
    (["a", None, "b"], r"groups\[1\] is missing; got None"),
    (["a", "b", math.nan], r"groups\[2\] is missing; got nan"),
]


@pytest.mark.parametrize(("groups", "message"), GROUPS)
def test_impossible_groups_are_refused_in_words(groups, message):
    with pytest.raises(StatError, match=message):
        logrank([1, 2, 3], [1, 0, 1], groups)


def test_impossible_days_events_and_options_are_refused_in_words():
    for test in (
        lambda days, events: logrank(days, events, ["a", "b"]),
        lambda days, events: one_sample_logrank(days, events, exponential_hazard(5)),
    ):
        with pytest.raises(StatError, match=r"days\[1\] must be finite and above 0; got 0"):
            test([1, 0], [1, 0])
        with pytest.raises(StatError, match=r"events\[0\] must be 1 or True"):
            test([1, 2], [2, 0])
        with pytest.raises(StatError, match="one length"):
            test([1, 2], [1])
    with pytest.raises(StatError, match="near_ties must be one of"):
        logrank([1, 2], [1, 0], ["a", "b"], near_ties="round")


def test_groups_may_be_any_labels_and_an_array():
    test = logrank(np.array([1.0, 2, 3, 4]), np.array([1, 1, 1, 0]), np.array([0, 0, 1, 1]))

    assert [one.group for one in test.groups] == [0, 1]
    assert test.chi_square == pytest.approx(49 / 17)
