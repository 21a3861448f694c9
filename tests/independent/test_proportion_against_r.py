"""Proportions against R: binom.test, prop.test, definitions (tests/reference/proportions.R)."""

import csv
import subprocess
from pathlib import Path

import pytest

from onearm.stats.proportion import (
    binomial_test,
    clopper_pearson,
    clopper_pearson_lower,
    interval,
    wilson,
)

REFERENCE = Path(__file__).parents[1] / "reference"
TABLES = [
    "proportions.csv",
    "proportion_intervals.csv",
    "lower_limits.csv",
    "binomial_tests.csv",
    "descriptive_data.csv",
    "descriptive.csv",
]
WORDS = {"by", "list"}  # columns that hold no numbers


def rows_of(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        file.readline()  # program and version
        return list(csv.DictReader(file))


def test_both_intervals_equal_r_to_1e_9():
    for row in rows_of(REFERENCE, "proportions.csv"):
        counts = int(row["successes"]), int(row["trials"])
        exact = clopper_pearson(*counts, level=float(row["level"]))
        score = wilson(*counts, level=float(row["level"]))

        assert exact.lower == pytest.approx(float(row["exact_lower"]), abs=1e-9), row
        assert exact.upper == pytest.approx(float(row["exact_upper"]), abs=1e-9), row
        assert score.lower == pytest.approx(float(row["wilson_lower"]), abs=1e-9), row
        assert score.upper == pytest.approx(float(row["wilson_upper"]), abs=1e-9), row


@pytest.mark.parametrize("method", ["jeffreys", "agresti-coull", "mid-p", "blaker", "wald"])
def test_an_interval_equals_what_r_finds_from_its_definition_to_1e_9(method):
    for row in rows_of(REFERENCE, "proportion_intervals.csv"):
        counts = int(row["successes"]), int(row["trials"])
        found = interval(*counts, method=method, level=float(row["level"]))

        column = method.replace("-", "_")
        assert found.lower == pytest.approx(float(row[f"{column}_lower"]), abs=1e-9), row
        assert found.upper == pytest.approx(float(row[f"{column}_upper"]), abs=1e-9), row


def test_one_sided_limits_equal_r_to_1e_9_also_between_whole_counts():
    for row in rows_of(REFERENCE, "lower_limits.csv"):
        limit = clopper_pearson_lower(
            float(row["successes"]), int(row["trials"]), alpha=float(row["alpha"])
        )

        assert limit == pytest.approx(float(row["lower"]), abs=1e-9), row


@pytest.mark.parametrize(
    ("alternative", "column"),
    [("greater", "greater"), ("less", "less"), ("two-sided", "two_sided")],
)
def test_p_values_equal_r_to_9_digits(alternative, column):
    for row in rows_of(REFERENCE, "binomial_tests.csv"):
        found = binomial_test(
            int(row["successes"]),
            int(row["trials"]),
            null=float(row["null"]),
            alternative=alternative,
        )

        assert found.p_value == pytest.approx(float(row[column]), rel=1e-9, abs=1e-300), row


@pytest.mark.slow
@pytest.mark.needs("Rscript")
def test_the_stored_tables_are_what_r_prints(program, tmp_path):
    subprocess.run([program, REFERENCE / "proportions.R", tmp_path], check=True)

    for table in TABLES:
        fresh, stored = rows_of(tmp_path, table), rows_of(REFERENCE, table)
        for new, old in zip(fresh, stored, strict=True):
            assert as_numbers(new) == pytest.approx(as_numbers(old), rel=1e-10, abs=1e-300), table
            assert as_words(new) == as_words(old), table


def as_numbers(row):
    return {name: float(cell) for name, cell in row.items() if name not in WORDS and cell}


def as_words(row):
    return {name: cell for name, cell in row.items() if name in WORDS or not cell}
