"""Cumulative incidence against R's survival and cmprsk, what must always hold, bad arguments.

tests/reference/competing_risks.R: 67 data sets, with ties of one cause and of both.
"""

import csv
import math
import subprocess
from collections import defaultdict
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import StatError
from onearm.stats.competing_risks import cumulative_incidence, incidence_at
from onearm.stats.survival import kaplan_meier

REFERENCE = Path(__file__).parents[1] / "reference"
NAMES = {"0": None, "1": "interest", "2": "competing"}
OUTCOMES = st.sampled_from([None, "a", "b"])
PATIENTS = st.lists(st.tuples(st.integers(1, 12), OUTCOMES), min_size=1, max_size=25)


@cache
def rows_of(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        file.readline()  # program and version
        return list(csv.DictReader(file))


def by_dataset(name):
    found = defaultdict(list)
    for row in rows_of(REFERENCE, name):
        found[row["dataset"]].append(row)
    return found


def number(cell):
    return float(cell) if cell else None


def curves(variance):
    for name, rows in by_dataset("competing_risks_data.csv").items():
        days = [float(row["time"]) for row in rows]
        causes = [NAMES[row["cause"]] for row in rows]
        curve = cumulative_incidence(days, causes, "interest", variance=variance)
        yield name, curve, by_dataset("competing_risks.csv")[name]


def same(found, expected):
    if found is None or expected is None:
        return found is expected
    return found == pytest.approx(expected, abs=1e-10)


def test_incidence_error_and_limits_are_those_of_survival_by_the_delta_method():
    for name, curve, rows in curves("delta"):
        assert list(curve.times) == [float(row["time"]) for row in rows], name
        for i, row in enumerate(rows):
            assert same(curve.incidence[i], float(row["incidence"])), name
            assert same(curve.std_error[i], float(row["std_error_r"])), name
            assert same(curve.lower[i], number(row["lower_r"])), name
            assert same(curve.upper[i], number(row["upper_r"])), name


def test_incidence_and_variance_are_those_of_cmprsk_by_aalen():
    for name, curve, rows in curves("aalen"):
        for i, row in enumerate(rows):
            assert same(curve.incidence[i], float(row["incidence_cmprsk"])), name
            assert same(curve.std_error[i] ** 2, float(row["variance_cmprsk"])), name


@pytest.mark.needs("Rscript")
def test_the_stored_tables_are_what_r_prints(program, tmp_path):
    try_it = [program, "-e", "library(cmprsk)"]
    if subprocess.run(try_it, capture_output=True, check=False).returncode:
        pytest.skip("R is here, but not its package cmprsk")
    subprocess.run([program, REFERENCE / "competing_risks.R", tmp_path], check=True)

    for name in ("competing_risks_data.csv", "competing_risks.csv"):
        for new, old in zip(rows_of(tmp_path, name), rows_of(REFERENCE, name), strict=True):
            for column, cell in old.items():
                if column == "dataset" or not cell:
                    assert new[column] == cell
                else:
                    assert float(new[column]) == pytest.approx(float(cell), abs=1e-10)


def test_a_curve_by_hand():
    """Six patients: 1 a, 2 b, 2 censored, 3 a, 4 censored, 5 b; in fractions."""
    curve = cumulative_incidence([1, 2, 2, 3, 4, 5], ["a", "b", None, "a", None, "b"], "a")
    first = Fraction(1, 6)
    third = first + Fraction(5, 6) * Fraction(4, 5) * Fraction(1, 3)

    assert curve.incidence == pytest.approx([float(f) for f in (first, first, third, third, third)])
    assert curve.at_risk == (6, 5, 3, 2, 1)
    assert curve.n_competing == (0, 1, 0, 0, 1)
    assert curve.n_censored == (0, 1, 0, 1, 0)


@given(PATIENTS)
def test_the_incidences_and_the_survival_of_all_add_up_to_one(patients):
    days = [day for day, _ in patients]
    causes = [cause for _, cause in patients]
    both = [cumulative_incidence(days, causes, cause).incidence for cause in "ab"]
    alive = kaplan_meier(days, [cause is not None for cause in causes]).survival

    for a, b, s in zip(*both, alive, strict=True):
        assert a + b + s == pytest.approx(1, abs=1e-12)


@given(PATIENTS)
def test_without_competing_events_it_is_one_minus_kaplan_meier_with_greenwoods_error(patients):
    days = [day for day, _ in patients]
    events = [cause == "a" for _, cause in patients]
    causes = ["a" if event else None for event in events]
    curve = cumulative_incidence(days, causes, "a", variance="delta")
    survival = kaplan_meier(days, events)

    for i, s in enumerate(survival.survival):
        assert curve.incidence[i] == pytest.approx(1 - s, abs=1e-12)
        if s > 0:
            assert curve.std_error[i] == pytest.approx(survival.std_error[i], abs=1e-9)


@given(PATIENTS)
def test_limits_contain_the_incidence_which_never_falls(patients):
    curve = cumulative_incidence(*zip(*patients, strict=True), "a")

    assert list(curve.incidence) == sorted(curve.incidence)
    for f, low, high in zip(curve.incidence, curve.lower, curve.upper, strict=True):
        if low is not None:
            assert 0 <= low <= f <= high <= 1


@given(PATIENTS, st.randoms(use_true_random=False))
def test_the_order_of_patients_and_the_names_of_causes_do_not_matter(patients, rng):
    shuffled = list(patients)
    rng.shuffle(shuffled)
    renamed = [(day, {"b": "x"}.get(cause, cause)) for day, cause in shuffled]

    assert cumulative_incidence(*zip(*patients, strict=True), "a") == cumulative_incidence(
        *zip(*renamed, strict=True), "a"
    )


@given(PATIENTS)
def test_one_minus_kaplan_meier_of_one_cause_never_lies_below(patients):
    days = [day for day, _ in patients]
    causes = [cause for _, cause in patients]
    curve = cumulative_incidence(days, causes, "a")
    survival = kaplan_meier(days, [cause == "a" for cause in causes]).survival

    assert all(1 - s >= f - 1e-12 for s, f in zip(survival, curve.incidence, strict=True))


def test_reading_off_a_day():
    curve = cumulative_incidence([10, 20, 30, 40], ["a", "b", "a", None], "a")

    assert incidence_at(curve, 5).estimate == 0
    assert incidence_at(curve, 5).note == "no event of this cause yet"
    assert incidence_at(curve, 5).at_risk == 4
    assert incidence_at(curve, 30).estimate == 0.5  # the day itself is reached
    assert incidence_at(curve, 30).at_risk == 1
    assert incidence_at(curve, 41).estimate is None
    ended = cumulative_incidence([10, 20], ["a", "b"], "a")
    assert incidence_at(ended, 100).estimate == 0.5  # nobody is left to change it


@pytest.mark.parametrize(
    ("arguments", "options", "problem"),
    [
        (([], [], "a"), {}, "days must hold at least one observation"),
        (([0], ["a"], "a"), {}, r"days\[0\] must be finite and above 0; got 0"),
        (([1, 2], ["a"], "a"), {}, "must be of one length; got 2 days and 1"),
        (([1], ["a"], None), {}, "cause must name an event"),
        (([1], ["a"], "a"), {"level": 95}, "level must be between 0 and 1"),
        (([1], ["a"], "a"), {"variance": "alen"}, "did you mean 'aalen'"),
        (([math.nan], ["a"], "a"), {}, r"days\[0\] must be finite"),
    ],
)
def test_impossible_arguments(arguments, options, problem):
    with pytest.raises(StatError, match=problem):
        cumulative_incidence(*arguments, **options)


@pytest.mark.parametrize("day", [-1, math.inf, math.nan, "3"])
def test_impossible_days(day):
    with pytest.raises(StatError, match="day must be"):
        incidence_at(cumulative_incidence([1], ["a"], "a"), day)
