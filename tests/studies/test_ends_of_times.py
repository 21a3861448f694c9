"""What ended the times to an event, and their ranges, counted from the tables a second time.

The days are those of tests/reference/nct07083375.csv, the input of R's scripts, which another test
holds equal to the study's own; deaths and groups come from the study's CSV files.
"""

from __future__ import annotations

import csv
import datetime as dt
from functools import cache
from pathlib import Path

import pytest

from onearm.format import result
from onearm.pipeline.run import analyse
from onearm.pipeline.table import make_table
from onearm.results.model import Row

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "studies" / "nct07083375"
GROUPS = {"all": ("Y", "N"), "liver": ("Y",), "no-liver": ("N",)}


@cache
def rows() -> dict[str, Row]:
    return analyse(STUDY).results.by_id()


def table(path: Path, *, skip: int = 0) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        for _ in range(skip):
            file.readline()
        return list(csv.DictReader(file))


def times(group: str) -> list[tuple[str, int, bool]]:
    of_group = {
        row["subject_id"]: row["liver_metastasis"] in GROUPS[group]
        for row in table(STUDY / "data" / "subjects.csv")
    }
    found = table(ROOT / "tests" / "reference" / "nct07083375.csv", skip=1)
    return [
        (row["subject_id"], int(row["pfs_days"]), row["pfs_event"] == "1")
        for row in found
        if of_group[row["subject_id"]]
    ]


def died_after(subject: str, days: int) -> bool:
    """Whether a subject died on that very day from the first dose, which counts as day 1."""
    start = next(
        dt.date.fromisoformat(row["first_dose_date"])
        for row in table(STUDY / "data" / "subjects.csv")
        if row["subject_id"] == subject
    )
    day = (start + dt.timedelta(days=days - 1)).isoformat()
    return any(
        row["status"] == "DEAD" and row["date"] == day
        for row in table(STUDY / "data" / "follow_up.csv")
        if row["subject_id"] == subject
    )


@pytest.mark.parametrize("group", GROUPS)
def test_events_and_censorings_by_what_ended_them(group: str) -> None:
    found, own = times(group), rows()
    deaths = sum(event and died_after(who, days) for who, days, event in found)
    events = sum(event for _, _, event in found)

    assert own[f"pfs/{group}/event:death/count"].value == deaths
    assert own[f"pfs/{group}/event:pd/count"].value == events - deaths
    assert own[f"pfs/{group}/events_estimate"].value == events / len(found)
    assert own[f"pfs/{group}/censored_estimate"].value == (len(found) - events) / len(found)
    censored = [row.value for name, row in own.items() if name.startswith(f"pfs/{group}/censored:")]
    assert sum(filter(None, censored)) == len(found) - events


def test_three_patients_died_without_progression() -> None:
    # QL-021 and QL-023 by SOURCE.md, QL-037 after symptomatic deterioration.
    died = [who for who, days, event in times("all") if event and died_after(who, days)]

    assert died == ["QL-021", "QL-023", "QL-037"]
    assert rows()["pfs/all/event:death/count"].value == 3


@pytest.mark.parametrize("group", GROUPS)
def test_a_censored_end_of_the_range_has_a_plus_sign(group: str) -> None:
    own = rows()
    for statistic, end in (("minimum", min), ("maximum", max)):
        days, is_censored = end((days, not event) for _, days, event in times(group))
        row = own[f"pfs/{group}/{statistic}"]

        assert row.value == days
        assert result(row).endswith("+") == is_censored


def test_of_one_time_the_shortest_is_the_event_and_the_longest_the_censored(tmp_path: Path) -> None:
    study = ROOT / "studies" / "gastric-xelox"
    (tmp_path / "data").mkdir()
    (tmp_path / "protocol.yaml").write_text((study / "protocol.yaml").read_text())
    (tmp_path / "data" / "subjects.csv").write_text(
        "".join((study / "data" / "subjects.csv").read_text().splitlines(keepends=True)[:5])
    )
    (tmp_path / "data" / "endpoints.csv").write_text(
        "subject_id,endpoint,time,time_unit,event,data_origin\n"
        "GX-01,PFS,4,WEEKS,N,X\nGX-02,PFS,4,WEEKS,Y,X\n"
        "GX-03,PFS,9,WEEKS,Y,X\nGX-04,PFS,9,WEEKS,N,X\n"
    )
    found = analyse(tmp_path).results.by_id()

    assert result(found["pfs/all/minimum"]) == "0.92"  # 28 days
    assert result(found["pfs/all/maximum"]) == "2.07+"  # 63 days


def test_a_group_without_a_time_has_no_observations() -> None:
    text = make_table(ROOT / "studies" / "tqb2450-ib-02", "DORT01").as_text()
    lines = [line for line in text.splitlines() if "Range of all times" in line]

    assert lines
    for line in lines:  # nobody of SS and UPS responded
        assert line.count("no observations") == 2
        assert "NE" not in line


def test_responses_that_were_seen_to_last_are_counted_as_observed() -> None:
    found = analyse(ROOT / "studies" / "tqb2450-ib-02").results.by_id()
    lasting = [
        int(row["days"])
        for row in table(ROOT / "tests" / "reference" / "tqb2450-ib-02.csv")
        if row["endpoint"] == "DOR"
    ]
    for item, days in (("6-months", 182.625), ("12-months", 365.25)):
        assert found[f"dor/all/observed:{item}/total"].value == len(lasting)
        expected = sum(day >= days for day in lasting)
        assert found[f"dor/all/observed:{item}/count"].value == expected > 0
