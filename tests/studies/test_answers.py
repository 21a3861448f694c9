"""The synthetic patients of TQB2450-Ib-02: what was drawn comes out again.

The answers were made together with the data, by another program, from the
event days that reproduce the paper; they are no input.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from onearm.format import millimetres
from onearm.pipeline.run import Analysed

ANSWERS = Path(__file__).parent / "answers" / "tqb2450-ib-02"


def read(name: str) -> list[dict[str, str]]:
    with (ANSWERS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_time_point_has_the_response_that_was_drawn(tqb2450: Analysed) -> None:
    points = {
        (point.subject_id, point.date.isoformat()): point
        for answers in tqb2450.derived
        for point in answers.time_points
    }
    for row in read("responses.csv"):
        point = points.pop((row["subject_id"], row["date"]))
        # This subject has no non-target lesion; the answer file says NE where none is missing.
        no_non_target = point.subject_id == "TQB-024" and row["nontarget_response"] == "NE"
        assert (
            "" if point.sum_um is None else millimetres(point.sum_um),
            point.target,
            point.non_target or ("NE" if no_non_target else ""),
            "Y" if point.new_lesion else "N",
            point.overall,
            point.irecist,
        ) == (
            row["sod_mm"],
            row["target_response"],
            row["nontarget_response"],
            row["new_lesion"],
            row["overall_recist11"],
            row["overall_irecist"],
        ), point.reason
    assert points == {}


def test_every_time_to_event_is_the_one_that_was_drawn(tqb2450: Analysed) -> None:
    events = {
        (event.subject_id, event.endpoint.upper()): event
        for answers in tqb2450.derived
        for event in answers.events.values()
        if event.endpoint not in ("ipfs", "idor")
    }
    for row in read("tte.csv"):
        event = events.pop((row["subject_id"], row["endpoint"]))
        assert (event.days, str(int(event.is_event)), event.end.isoformat()) == (
            int(row["days"]),
            row["event"],
            row["end_date"],
        ), event.reason
    assert events == {}


def test_every_best_response_is_the_row_of_the_papers_table_2(tqb2450: Analysed) -> None:
    by_irecist = {"iCR": "CR", "iPR": "PR", "iSD": "SD", "iCPD": "PD", "iUPD": "iUPD"}
    reported = {row["subject_id"]: row["reported_bor"] for row in read("reported_best.csv")}
    derived = {a.subject_id: by_irecist[str(a.best.ibor)] for a in tqb2450.derived}

    assert derived == reported


def test_ipfs_equals_pfs_where_no_bar_is_reset(tqb2450: Analysed) -> None:
    for answers in tqb2450.derived:
        pfs, ipfs = answers.events["pfs"], answers.events["ipfs"]
        assert (ipfs.days, ipfs.is_event) == (pfs.days, pfs.is_event)


@pytest.mark.parametrize("rule", ["CUT", "PD"])
def test_no_subject_is_censored_or_counted_by_another_rule(tqb2450: Analysed, rule: str) -> None:
    rules = {answers.events["pfs"].rule for answers in tqb2450.derived}

    assert rules == {"CUT", "PD"}
    assert rule in rules
