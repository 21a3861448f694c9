"""Laboratory abnormalities not present at baseline, counted a second time from labs.csv.

The count below compares each row with its own limits and knows nothing of onearm's records. Where
a subject has several baseline rows of one day the highest counts, as `onearm.clinical.labs` says.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

import pytest

from onearm.clinical.abnormal import DIRECTIONS, Direction, is_abnormal
from onearm.clinical.records import Lab
from onearm.pipeline.run import analyse
from onearm.results.model import Row

STUDY = Path(__file__).parents[2] / "studies" / "nct07083375"
TESTS = {"ALT": "alt", "HGB": "hgb", "PLAT": "plat", "ALB": "alb", "TSH": "tsh", "WBC": "wbc"}
SUBJECTS_WINDOW_DAYS = 30  # safety.emergent_until of the protocol


@cache
def rows() -> dict[str, Row]:
    return analyse(STUDY).results.by_id()


def table(name: str) -> list[dict[str, str]]:
    with (STUDY / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def doses() -> dict[str, tuple[dt.date, dt.date]]:
    given: dict[str, list[dt.date]] = defaultdict(list)
    for row in table("doses"):
        if Decimal(row["dose"]) > 0:
            given[row["subject_id"]] += [
                dt.date.fromisoformat(day) for day in (row["start_date"], row["end_date"]) if day
            ]
    return {who: (min(days), max(days)) for who, days in given.items()}


def outside(row: dict[str, str], direction: str) -> bool | None:
    try:
        value = Decimal(row["value"])
    except InvalidOperation:
        return None
    limit = row["lln" if direction == "low" else "uln"]
    if not limit:
        return None
    return value < Decimal(limit) if direction == "low" else value > Decimal(limit)


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_counts_are_those_of_the_rows(test: str, direction: str) -> None:
    own, given = rows(), doses()
    baseline: dict[str, dict[str, str]] = {}
    after: dict[str, list[bool]] = defaultdict(list)
    for row in table("labs"):
        who, day = row["subject_id"], dt.date.fromisoformat(row["date"])
        if row["test"] != test:
            continue
        if row["baseline"] == "Y":
            if who not in baseline or row["date"] > baseline[who]["date"]:
                baseline[who] = row
            continue
        first, last = given[who]
        state = outside(row, direction)
        if day > first and (day - last).days <= SUBJECTS_WINDOW_DAYS and state is not None:
            after[who].append(state)
    states = {who: outside(baseline[who], direction) if who in baseline else None for who in after}
    normal = [who for who, state in states.items() if state is False]
    head = f"lab-abnormal/all/test:{TESTS[test]}:{direction}"
    if not after:
        assert f"{head}/count" not in own
        return

    assert own[f"{head}/total"].value == len(normal)
    assert own[f"{head}/count"].value == sum(any(after[who]) for who in normal)
    assert own[f"{head}/baseline_abnormal"].value == sum(s is True for s in states.values())
    assert own[f"{head}/baseline_unknown"].value == sum(s is None for s in states.values())


STORIES: list[tuple[str, str, Direction, bool | None]] = [  # value, limit, direction, abnormal
    ("40", "40", "high", False),  # a value equal to its limit is normal
    ("40.001", "40", "high", True),
    ("40", "40", "low", False),
    ("39.999", "40", "low", True),
    ("<40", "40", "low", True),  # below the limit, whatever it is
    ("<=40", "40", "low", None),  # may be the limit itself
    ("<50", "40", "low", None),
    (">40", "40", "high", True),
    (">=40", "40", "high", None),
    ("<30", "40", "high", False),  # far from the upper limit
    (">50", "40", "low", False),
    ("NEGATIVE", "40", "high", None),
    ("", "40", "high", None),
]


@pytest.mark.parametrize(("value", "limit", "direction", "expected"), STORIES)
def test_a_limit_is_normal_and_a_bound_counts_where_it_decides(
    value: str, limit: str, direction: Direction, expected: bool | None
) -> None:
    bound = Decimal(limit)
    lab = Lab("S1", dt.date(2020, 1, 1), "ALT", value, "U/L", lln=bound, uln=bound)

    assert is_abnormal(lab, direction) is expected
