"""The models of a whole trial against R: biomarkers and immune-related events.

tests/reference/nct07083375.csv holds one row an invented patient; a test here holds it equal to
what onearm derives. markers.R computes from it with survival, cmprsk and fisher.test.
"""

import csv
import subprocess
from functools import cache
from pathlib import Path

import pytest

from onearm.pipeline.run import analyse

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "reference"
CAUSES = {"event": "1", "death": "2", "end of treatment": "2", "censored": "0"}


def read(name, folder=REFERENCE):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        file.readline()  # program and version
        return list(csv.DictReader(file))


@cache
def trial():
    return analyse(ROOT / "studies" / "nct07083375")


def test_every_model_gives_what_r_gives():
    values = {row.id: row.value for row in trial().results.rows}
    expected = read("markers.csv")

    assert len(expected) > 70
    for row in expected:
        assert values[row["id"]] == pytest.approx(float(row["value"]), rel=1e-8), row["id"]


def test_the_input_of_r_is_what_the_patients_are():
    first_dose = {r.subject.subject_id: r.subject.first_dose_date for r in trial().study.subjects}
    with (ROOT / "studies" / "nct07083375" / "data" / "adverse_events.csv").open() as file:
        events = [row for row in csv.DictReader(file) if row["immune_related"] == "Y"]
    incidence = trial().results.bases["irae-incidence/all"].contributions
    for row, answers, course in zip(
        read("nct07083375.csv"), trial().derived, incidence, strict=True
    ):
        who, times = answers.subject_id, answers.events
        onsets = [e["onset_date"] for e in events if e["subject_id"] == who]
        start = first_dose[who]
        days = [
            (type(start).fromisoformat(day) - start).days + 1
            for day in onsets
            if day >= start.isoformat()
        ]

        assert row["subject_id"] == who == course.subject_id
        assert row["onset"] == (str(min(days)) if days else "")
        assert row["response"] == str(int(bool(answers.best.confirmed_response)))
        for endpoint in ("pfs", "os"):
            assert row[f"{endpoint}_days"] == str(times[endpoint].days)
            assert row[f"{endpoint}_event"] == str(int(times[endpoint].is_event))
        assert f"{row['irae_days']} days" == course.value
        assert row["irae_cause"] == CAUSES[course.role]


@pytest.mark.slow
@pytest.mark.needs("Rscript")
def test_the_stored_table_is_what_r_prints(program, tmp_path):
    try_it = [program, "-e", "library(cmprsk)"]
    if subprocess.run(try_it, capture_output=True, check=False).returncode:
        pytest.skip("R is here, but not its package cmprsk")
    subprocess.run([program, REFERENCE / "markers.R", tmp_path], check=True)

    for new, old in zip(read("markers.csv", tmp_path), read("markers.csv"), strict=True):
        assert new["id"] == old["id"]
        assert float(new["value"]) == pytest.approx(float(old["value"]), rel=1e-9)
