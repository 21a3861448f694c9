"""A study with laboratory values: graded, counted, traced, and held against its adverse events."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app

SHIPPED = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"
TERM = "term:hypertriglyceridemia"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped study, with triglycerides of three patients that no other table speaks of."""
    folder = tmp_path_factory.mktemp("study") / "tqb"
    shutil.copytree(SHIPPED, folder)
    with (folder / "data" / "subjects.csv").open(encoding="utf-8", newline="") as file:
        people = [row for row in csv.DictReader(file) if row["first_dose_date"]][:3]
    rows = ["subject_id,date,test,value,unit,lln,uln,baseline"]
    for person, values in zip(
        people, (("1.5", "12.0"), ("1.5", "1.6"), ("2.0", "3.42")), strict=True
    ):
        first = person["first_dose_date"]
        later = (dt.date.fromisoformat(first) + dt.timedelta(days=7)).isoformat()
        rows.append(f"{person['subject_id']},{first},TRIG,{values[0]},mmol/L,,1.7,Y")
        rows.append(f"{person['subject_id']},{later},TRIG,{values[1]},mmol/L,,1.7,")
    rows.append(f"{people[0]['subject_id']},{people[0]['first_dose_date']},MYSTERY,1,,,,")
    (folder / "data" / "labs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_a_run_counts_worst_grades_and_shifts(study: Path, tmp_path: Path) -> None:
    status, _ = run("run", str(study), "--out", str(tmp_path / "out"))
    assert status == 0

    rows = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["results"]
    value = {row["id"]: row["value"] for row in rows}
    # worst grades 4 (12.0 > 11.4), 0 (1.6 < 1.71) and 1 (3.42 is not > 3.42)
    assert value[f"lab-worst/all/{TERM}/count"] == 2
    assert value[f"lab-worst/all/{TERM}/total"] == 3
    assert value[f"lab-worst/all/{TERM}:grade-4/count"] == 1
    assert value[f"lab-shift/all/{TERM}:0-to-4/count"] == 1
    assert value[f"lab-shift/all/{TERM}:1-to-1/count"] == 1

    grades = (tmp_path / "out" / "derived" / "grades.csv").read_text(encoding="utf-8")
    courses = (tmp_path / "out" / "derived" / "lab_courses.csv").read_text(encoding="utf-8")
    assert grades.count("Hypertriglyceridemia") == 6
    assert courses.count("Hypertriglyceridemia") == 3


def test_a_count_leads_back_to_the_rows_of_the_values(study: Path) -> None:
    status, out = run("trace", str(study), f"lab-worst/all/{TERM}:grade-4/count")

    assert status == 0
    assert "12 mmol/L is > 11.4 mmol/L" in out
    assert "labs.csv:2-3" in out


def test_a_check_names_the_unknown_test(study: Path) -> None:
    _, out = run("check", str(study))

    assert "labs.csv:8: test must be a known analyte; got 'MYSTERY'" in out
