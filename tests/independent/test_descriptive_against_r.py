"""Descriptive statistics against R (tests/reference/proportions.R), and by hand."""

import csv
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import StatError
from onearm.stats.descriptive import describe

REFERENCE = Path(__file__).parents[1] / "reference"


def rows_of(name):
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        file.readline()  # program and version
        return list(csv.DictReader(file))


def lists():
    values = defaultdict(list)
    for row in rows_of("descriptive_data.csv"):
        values[row["list"]].append(row["value"])
    return values


@pytest.mark.parametrize("row", rows_of("descriptive.csv"), ids=lambda row: row["list"])
def test_every_number_equals_r_to_1e_9(row):
    values = [float(value) for value in lists()[row["list"]]]
    sas, r = describe(values), describe(values, quartiles="r-7")
    expected = {name: float(cell) for name, cell in row.items() if name != "list" and cell}

    assert sas.n == expected["n"]
    assert sas.sd == pytest.approx(expected["sd"], rel=1e-9) if sas.n > 1 else sas.sd is None
    for found, name in [
        (sas.mean, "mean"), (sas.median, "median"), (sas.median, "type2_q2"),
        (sas.q1, "type2_q1"), (sas.q3, "type2_q3"), (r.median, "median"),
        (r.q1, "type7_q1"), (r.q3, "type7_q3"), (r.minimum, "minimum"), (r.maximum, "maximum"),
    ]:  # fmt: skip
        assert found == pytest.approx(expected[name], rel=1e-9), name


def test_the_two_definitions_of_quartiles_differ_as_sas_and_r_print_them():
    # CAMIS, "Deriving Quantiles or Percentiles in R vs SAS": 25th percentile 30 in SAS, 32.5 in R.
    values = [10, 20, 30, 40, 150, 160, 170, 180, 190, 200]

    assert describe(values).q1 == 30
    assert describe(values, quartiles="r-7").q1 == 32.5


def test_decimals_stay_exact():
    found = describe([Decimal("0.1"), Decimal("0.2"), Decimal("0.4"), 1], quartiles="r-7")

    # Sum 1.7; quartiles a quarter of the way: 0.1 + 0.75 * 0.1 and 0.4 + 0.25 * 0.6.
    assert found.mean == Decimal("0.425")
    assert found.median == Decimal("0.3")
    assert (found.q1, found.q3) == (Decimal("0.175"), Decimal("0.55"))
    assert (found.minimum, found.maximum) == (Decimal("0.1"), Decimal(1))


def test_a_large_offset_does_not_cost_the_standard_deviation():
    # Deviations -6, -3, 3, 6 about the mean: 90 / 3 = 30.
    assert describe([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]).sd ** 2 == pytest.approx(30, rel=1e-12)


def test_no_values_have_no_numbers():
    found = describe([], missing=4)

    assert (found.n, found.missing) == (0, 4)
    assert {found.mean, found.sd, found.median, found.q1, found.q3} == {None}
    assert (found.minimum, found.maximum) == (None, None)


def test_one_value_has_a_mean_but_no_standard_deviation():
    found = describe([61])

    assert found.sd is None
    assert (found.mean, found.median, found.q1, found.q3, found.minimum) == (61, 61, 61, 61, 61)


@given(st.lists(st.integers(-(10**6), 10**6), min_size=2, max_size=30))
def test_mean_and_variance_equal_exact_fractions(values):
    mean = Fraction(sum(values), len(values))
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    found = describe(values)

    assert found.mean == float(mean)
    assert found.sd**2 == pytest.approx(float(variance), rel=1e-12)


@given(
    st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30), st.sampled_from(["sas-5", "r-7"])
)
def test_quartiles_are_in_order_whatever_the_order_of_values(values, quartiles):
    found = describe(values, quartiles=quartiles)

    assert found.minimum <= found.q1 <= found.median <= found.q3 <= found.maximum
    assert found == describe(values[::-1], quartiles=quartiles)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_at_least_a_quarter_lies_on_either_side_of_a_sas_quartile(values):
    found = describe(values)

    assert 4 * sum(value <= found.q1 for value in values) >= len(values)
    assert 4 * sum(value >= found.q3 for value in values) >= len(values)


def test_numpy_numbers_become_plain_floats():
    found = describe(np.array([1, 2, 3]))

    assert type(found.mean) is float
    assert type(found.maximum) is float


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), None, True, "3", Decimal("NaN"), [1]]
)
def test_a_value_that_is_no_finite_number_is_refused_with_its_place(value):
    with pytest.raises(StatError, match=r"values\[1\] must be a finite number"):
        describe([1, value])


def test_floats_and_decimals_do_not_mix():
    with pytest.raises(StatError, match="must be a Decimal or an integer"):
        describe([Decimal("0.1"), 0.1])


@pytest.mark.parametrize("missing", [-1, 1.0, True, None])
def test_missing_must_be_a_count(missing):
    with pytest.raises(StatError, match="missing must be a count"):
        describe([1], missing=missing)


def test_an_unknown_definition_is_refused_with_the_nearest_one():
    with pytest.raises(StatError, match="did you mean 'sas-5'"):
        describe([1], quartiles="sas-4")
