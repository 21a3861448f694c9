"""Agreement of two readers against R and by hand, what must always hold, impossible arguments."""

import csv
import subprocess
from fractions import Fraction
from math import isqrt, nan
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from onearm.errors import StatError
from onearm.stats.concordance import CrossTable, agreement, cross_table, kappa
from onearm.stats.proportion import clopper_pearson, wilson

REFERENCE = Path(__file__).parents[1] / "reference"
WEIGHTS = ["none", "linear", "quadratic"]
YES_NO = CrossTable(("yes", "no"), ((20, 5), (10, 15)))


@st.composite
def tables(draw):
    k = draw(st.integers(2, 5))
    row = st.lists(st.integers(0, 12), min_size=k, max_size=k).map(tuple)
    counts = tuple(draw(st.lists(row, min_size=k, max_size=k)))
    assume(any(map(any, counts)))
    return CrossTable(tuple("abcde"[:k]), counts)


def rows_of(folder):
    with (folder / "concordance.csv").open(encoding="utf-8", newline="") as file:
        file.readline()  # program and version
        return list(csv.DictReader(file))


def table_of(row):
    cells = [int(count) for count in row["counts"].split()]
    k = isqrt(len(cells))
    return CrossTable(tuple("abcde"[:k]), tuple(tuple(cells[i * k : i * k + k]) for i in range(k)))


def test_kappa_equals_r_and_its_error_the_delta_method_by_numerical_gradient():
    for row in rows_of(REFERENCE):
        found = kappa(table_of(row), weights=row["weights"])

        assert found.value == pytest.approx(float(row["kappa"]), abs=1e-12), row
        assert found.std_error == pytest.approx(float(row["std_error"]), abs=1e-8), row


@pytest.mark.needs("Rscript")
def test_the_stored_table_is_what_r_prints(program, tmp_path):
    subprocess.run([program, REFERENCE / "concordance.R", tmp_path], check=True)

    for new, old in zip(rows_of(tmp_path), rows_of(REFERENCE), strict=True):
        for column, cell in old.items():
            if column in ("kappa", "std_error"):
                assert float(new[column]) == pytest.approx(float(cell), abs=1e-8), old
            else:
                assert new[column] == cell, old


def test_kappa_by_hand():
    # Observed 35/50; by chance 25/50 * 30/50 + 25/50 * 20/50 = 1/2: (0.7 - 0.5) / 0.5.
    found = kappa(YES_NO)

    assert found.observed == pytest.approx(float(Fraction(35, 50)))
    assert found.expected == pytest.approx(0.5)
    assert found.value == pytest.approx(0.4)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_two_categories_leave_nothing_to_weight(weights):
    assert kappa(YES_NO, weights=weights).value == pytest.approx(kappa(YES_NO).value)
    assert kappa(YES_NO, weights=weights).std_error == pytest.approx(kappa(YES_NO).std_error)


@given(tables(), st.sampled_from(WEIGHTS), st.floats(0.5, 0.99))
def test_the_interval_holds_kappa_and_stays_between_minus_1_and_1(table, weights, level):
    found = kappa(table, weights=weights, level=level)

    if found.value is None:
        assert found.note
        used = [
            sum(row) + sum(column)
            for row, column in zip(table.counts, transposed(table), strict=True)
        ]
        assert sum(map(bool, used)) == 1
    else:
        assert -1 <= found.lower <= found.value + 1e-12
        assert found.value - 1e-12 <= found.upper <= 1
        assert found.std_error >= 0


def transposed(table):
    return tuple(zip(*table.counts, strict=True))


@given(tables(), st.sampled_from(WEIGHTS))
def test_which_reader_comes_first_does_not_matter(table, weights):
    one = kappa(table, weights=weights)
    other = kappa(CrossTable(table.categories, transposed(table)), weights=weights)

    assert other.value == (None if one.value is None else pytest.approx(one.value, abs=1e-12))
    assert agreement(table) == agreement(CrossTable(table.categories, transposed(table)))


@given(tables(), st.sampled_from(WEIGHTS))
def test_kappa_is_1_exactly_where_all_agree(table, weights):
    found = kappa(table, weights=weights)

    if found.value is not None:
        assert (found.value == pytest.approx(1, abs=1e-12)) == (table.agreed == table.n)


@pytest.mark.parametrize("weights", WEIGHTS)
def test_one_category_alone_gives_no_kappa(weights):
    for table in (
        CrossTable(("PR", "SD"), ((9, 0), (0, 0))),
        CrossTable(("PR",), ((9,),)),
    ):
        found = kappa(table, weights=weights)
        assert (found.value, found.std_error, found.lower, found.upper) == (None,) * 4
        assert "one and the same category" in found.note
        assert agreement(table).estimate == 1


def test_agreement_is_a_proportion_with_the_interval_that_was_asked_for():
    assert agreement(YES_NO) == clopper_pearson(35, 50)
    assert agreement(YES_NO, method="wilson", level=0.9) == wilson(35, 50, level=0.9)


def test_the_table_has_the_first_reader_in_its_rows():
    table = cross_table(
        ["CR", "PR", "PR", "SD", "PD"], ["PR", "PR", "SD", "SD", "PD"], ["CR", "PR", "SD", "PD"]
    )

    assert table.counts == ((0, 1, 0, 0), (0, 1, 1, 0), (0, 0, 1, 0), (0, 0, 0, 1))
    assert (table.n, table.agreed) == (5, 3)


def test_a_result_repeats_what_was_asked():
    found = kappa(YES_NO, weights="quadratic", level=0.9)

    assert (found.weights, found.level) == ("quadratic", 0.9)


RATINGS = [
    (["PR"], ["PR", "SD"], ["PR", "SD"], "one length; got 1 and 2"),
    (["PR", "XX"], ["PR", "SD"], ["PR", "SD"], r"first\[1\] must be one of PR, SD; got 'XX'"),
    (["PR", "SD"], [None, "SD"], ["PR", "SD"], r"second\[0\] must be one of PR, SD; got None"),
    ([], [], ["PR", "SD"], "at least one patient"),
    (["PR"], ["PR"], ["PR", "PR"], "all different"),
    ([], [], [], "all different"),
]


@pytest.mark.parametrize(("first", "second", "categories", "message"), RATINGS)
def test_impossible_ratings_are_refused_with_their_place(first, second, categories, message):
    with pytest.raises(StatError, match=message):
        cross_table(first, second, categories)


COUNTS = [
    (((1, 2), (3,)), r"shape \(2, 2\)"),
    (((1, 2),), r"shape \(2, 2\)"),
    (((1, -2), (3, 4)), r"counts\[0\]\[1\] must be at least 0; got -2"),
    (((1, 2.5), (3, 4)), r"counts\[0\]\[1\] must be a whole number; got 2\.5"),
    (((1, nan), (3, 4)), "must be a whole number"),
    (((0, 0), (0, 0)), "at least one patient"),
]


@pytest.mark.parametrize(("counts", "message"), COUNTS)
def test_impossible_counts_are_refused_with_their_place(counts, message):
    with pytest.raises(StatError, match=message):
        CrossTable(("a", "b"), counts)


def test_impossible_options_are_refused_in_words():
    with pytest.raises(StatError, match=r"weights must be one of .*did you mean 'linear'"):
        kappa(YES_NO, weights="linaer")
    with pytest.raises(StatError, match="level must be"):
        kappa(YES_NO, level=95)
    with pytest.raises(StatError, match="method must be one of"):
        agreement(YES_NO, method="exact")
