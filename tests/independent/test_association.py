"""Fisher's exact test, AUC and Holm's procedure against R, by definition, impossible arguments.

tests/reference/association.R: 70 tables at two levels, 40 areas, 20 lists of p-values.
R's fisher.test stops at a tolerance of 1.2e-4 on the scale of min(odds, 1/odds): it is
compared so far, and the same equations solved to the last digits beside it to 1e-9.
"""

import csv
import math
import subprocess
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import StatError
from onearm.stats.association import auc, fisher_exact, holm

REFERENCE = Path(__file__).parents[1] / "reference"
R_TOLERANCE = 1.3e-4  # .Machine$double.eps^0.25, of uniroot
FILES = ("association_tables.csv", "association_areas.csv", "association_holm.csv")
CELLS = st.tuples(*[st.integers(0, 12)] * 4)


def read(name, folder=REFERENCE):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        file.readline()  # program and version
        return list(csv.DictReader(file))


def numbers(cell):
    return [float(value) for value in cell.split()]


def test_exact_test_and_limits_equal_r():
    for row in read("association_tables.csv"):
        found = fisher_exact(*(int(row[name]) for name in "abcd"), level=float(row["level"]))
        assert found.p_value == pytest.approx(float(row["p_value"]), abs=1e-12), row
        for name in ("estimate", "lower", "upper"):
            value = getattr(found, name)
            if not row[name]:
                assert value is None, row
            else:
                assert value == pytest.approx(float(row[name]), rel=1e-9), row
                assert folded(value) == pytest.approx(folded(float(row[f"{name}_r"])),
                                                      abs=R_TOLERANCE), row  # fmt: skip


def folded(odds):
    """The odds ratio on the scale on which R stops."""
    return min(odds, 1 / odds) if odds else 0.0


def test_areas_and_delongs_interval_equal_proc():
    for row in read("association_areas.csv"):
        found = auc(numbers(row["values"]), [int(cell) for cell in row["events"].split()])
        assert found.estimate == pytest.approx(float(row["area"]), abs=1e-12)
        assert found.std_error**2 == pytest.approx(float(row["variance"]), abs=1e-12)
        assert found.lower == pytest.approx(float(row["lower"]), abs=1e-12)
        assert found.upper == pytest.approx(float(row["upper"]), abs=1e-12)


def test_holms_procedure_equals_r():
    for row in read("association_holm.csv"):
        assert list(holm(numbers(row["p"]))) == pytest.approx(numbers(row["adjusted"]), abs=1e-12)


@pytest.mark.needs("Rscript")
def test_the_stored_tables_are_what_r_prints(program, tmp_path):
    try_it = [program, "-e", "library(pROC)"]
    if subprocess.run(try_it, capture_output=True, check=False).returncode:
        pytest.skip("R is here, but not its package pROC")
    subprocess.run([program, REFERENCE / "association.R", tmp_path], check=True)

    for name in FILES:
        for new, old in zip(read(name, tmp_path), read(name), strict=True):
            for column, cell in old.items():
                assert numbers(new[column]) == pytest.approx(numbers(cell), rel=1e-9), old


@given(CELLS)
def test_the_p_value_is_the_sum_of_tables_at_most_as_likely(cells):
    a, b, c, d = cells
    low, high = max(0, a - d), min(a + b, a + c)
    ways = {k: comb(a + b, k) * comb(c + d, a + c - k) for k in range(low, high + 1)}
    p = Fraction(sum(n for n in ways.values() if n <= ways[a]), sum(ways.values()))

    assert fisher_exact(*cells).p_value == pytest.approx(float(p), abs=1e-12)


@given(CELLS)
def test_the_limits_solve_the_tail_equations(cells):
    a, b, c, d = cells
    found = fisher_exact(*cells)
    low, high = max(0, a - d), min(a + b, a + c)

    def tail(odds, counts):
        weight = {k: comb(a + b, k) * comb(c + d, a + c - k) * odds**k
                  for k in range(low, high + 1)}  # fmt: skip
        return sum(weight[k] for k in counts) / sum(weight.values())

    if low == high:
        assert (found.estimate, found.lower, found.upper) == (None, None, None)
        return
    if a > low:
        assert tail(found.lower, range(a, high + 1)) == pytest.approx(0.025)
    else:
        assert (found.lower, found.estimate) == (0.0, 0.0)
    if a < high:
        assert tail(found.upper, range(low, a + 1)) == pytest.approx(0.025)
    else:
        assert (found.upper, found.estimate) == (None, None)


@given(CELLS)
def test_exchanging_the_rows_inverts_the_ratio(cells):
    a, b, c, d = cells
    one, other = fisher_exact(a, b, c, d), fisher_exact(c, d, a, b)

    assert one.p_value == pytest.approx(other.p_value)
    if one.estimate and other.estimate:
        assert one.estimate * other.estimate == pytest.approx(1)
        assert one.lower * other.upper == pytest.approx(1)


VALUES = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=15)


@given(VALUES)
def test_the_area_counts_pairs_and_turns_over_with_the_event(patients):
    values, events = zip(*patients, strict=True)
    found, turned = auc(values, events), auc(values, [not event for event in events])
    pairs = [(x > y) + (x == y) / 2 for x, e in patients if e for y, f in patients if not f]

    if not pairs:
        assert found.estimate is None
        assert found.note.startswith("not estimable")
    else:
        assert found.estimate == pytest.approx(sum(pairs) / len(pairs))
        assert turned.estimate == pytest.approx(1 - found.estimate)
    if found.lower is not None:
        assert 0 <= found.lower <= found.estimate <= found.upper <= 1


@given(st.lists(st.floats(0, 1), max_size=8))
def test_adjusted_values_are_never_smaller_and_keep_their_order(p_values):
    found = holm(p_values)

    assert all(a >= p for a, p in zip(found, p_values, strict=True))
    ordered = sorted(zip(p_values, found, strict=True))
    assert [a for _, a in ordered] == sorted(a for _, a in ordered)


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda: fisher_exact(-1, 0, 0, 0), "a must be at least 0; got -1"),
        (lambda: fisher_exact(1, 2.0, 0, 0), "b must be a whole number; got 2.0"),
        (lambda: fisher_exact(1, 2, 0, 0, level=0), "level must be between 0 and 1"),
        (lambda: auc([], []), "values must hold at least one finite number"),
        (lambda: auc([math.inf], [1]), "values must hold at least one finite number"),
        (lambda: auc([1, 2], [1]), "must be of one length"),
        (lambda: auc([1], ["Y"]), r"events\[0\] must be 1 or True"),
        (lambda: holm([0.5, 1.2]), r"p_values\[1\] must be in \[0, 1\]; got 1.2"),
        (lambda: holm([math.nan]), r"p_values\[0\] must be in \[0, 1\]; got nan"),
    ],
)
def test_impossible_arguments(call, problem):
    with pytest.raises(StatError, match=problem):
        call()
