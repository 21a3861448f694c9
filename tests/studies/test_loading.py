"""Loading a study folder: what stands in it, what counts, and what is wrong with it."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from pathlib import Path

import pytest

import onearm
from onearm.errors import InputError
from onearm.io.csv import write_table

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "studies" / "tqb2450-ib-02"
ANSWERS = ROOT / "tests" / "studies" / "answers" / "tqb2450-ib-02"


@pytest.fixture
def folder(tmp_path):
    """Return a folder with the shipped protocol and two subjects."""
    shutil.copy(STUDY / "protocol.yaml", tmp_path)
    (tmp_path / "data").mkdir()
    with (STUDY / "data" / "subjects.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    write_table(tmp_path / "data" / "subjects.csv", header, rows[1::-1])
    return tmp_path


def put(folder, name, text):
    (folder / "data" / name).write_text(text, encoding="utf-8")


def errors(folder):
    with pytest.raises(InputError) as caught:
        onearm.load_study(folder)
    return str(caught.value).splitlines()


def warnings(folder):
    return [(f.severity, str(f)) for f in onearm.load_study(folder).findings]


def test_the_shipped_study_loads_without_a_finding():
    study = onearm.load_study(STUDY)

    assert study.findings == ()
    assert [r.subject.subject_id for r in study.subjects] == [f"TQB-{n:03d}" for n in range(1, 31)]
    assert study.screening is not None
    assert [row.is_enrolled for row in study.screening].count(False) == 5
    assert study.tables["labs"] is None


@pytest.mark.parametrize("path", sorted((STUDY / "data").iterdir()), ids=lambda path: path.name)
def test_every_row_of_the_shipped_study_is_marked_synthetic(path):
    with path.open(encoding="utf-8", newline="") as file:
        assert {row["data_origin"] for row in csv.DictReader(file)} == {"SYNTHETIC"}


def test_follow_up_gives_the_days_of_overall_survival():
    with (ANSWERS / "tte.csv").open(encoding="utf-8", newline="") as file:
        expected = {
            row["subject_id"]: (int(row["days"]), row["event"] == "1")
            for row in csv.DictReader(file)
            if row["endpoint"] == "OS"
        }

    found = {}
    for records in onearm.load_study(STUDY).subjects:
        last = max(records.follow_up, key=lambda row: row.date)
        days = (last.date - records.subject.first_dose_date).days + 1
        found[records.subject.subject_id] = (days, last.status == "DEAD")

    assert found == expected


def test_subjects_come_in_order_and_only_what_was_collected_is_there(folder):
    put(folder, "labs.csv", "subject_id,date,test\n")

    study = onearm.load_study(folder)

    assert [records.subject.subject_id for records in study.subjects] == ["TQB-001", "TQB-002"]
    assert study.subjects[0].labs == ()
    assert study.subjects[0].vitals is None
    assert study.subject("TQB-002") is study.subjects[1]
    with pytest.raises(InputError, match=r"no subject 'TQB-02' in .*; did you mean 'TQB-002'\?"):
        study.subject("TQB-02")


def test_a_folder_without_protocol_is_no_study(tmp_path):
    assert errors(tmp_path) == [f"{tmp_path}: no study folder; it must hold a protocol.yaml"]


def test_errors_of_all_tables_come_together(folder):
    put(folder, "labs.csv", "subject_id,date,test\nTQB-001,2019-02,ALT\nTQB001,2019-02-01,ALT\n")
    put(folder, "follow_up.csv", "subject_id,date,status\nTQB-001,2021-01-01,ALIV\n")

    assert errors(folder) == [
        (
            "follow_up.csv:2: status must be one of ALIVE, DEAD, LOST, WITHDRAWN; got 'ALIV'"
            " for subject TQB-001; did you mean 'ALIVE'?"
        ),
        "labs.csv:2: date must be a complete date, YYYY-MM-DD; got '2019-02' for subject TQB-001",
        (
            "labs.csv:3: subject_id must stand in subjects.csv; got 'TQB001';"
            " did you mean 'TQB-001'?"
        ),
    ]


def test_what_contradicts_within_a_subject_stops_too(folder):
    put(folder, "follow_up.csv",
        "subject_id,date,status\nTQB-001,2019-05-01,DEAD\nTQB-001,2019-06-01,ALIVE\n")  # fmt: skip

    assert errors(folder) == [
        (
            "follow_up.csv:3: dated 2019-06-01, after death on 2019-05-01 (follow_up.csv:2)"
            " for subject TQB-001"
        )
    ]


def test_a_subject_stands_once(folder):
    path = folder / "data" / "subjects.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]), encoding="utf-8")

    assert errors(folder) == [
        "subjects.csv:4: subject_id must stand once, line 2 has it; got 'TQB-002'"
    ]


def test_records_need_a_subjects_table(folder):
    (folder / "data" / "subjects.csv").unlink()
    put(folder, "labs.csv", "subject_id,date,test\nTQB-001,2019-02-01,ALT\n")

    assert errors(folder) == [
        "subjects.csv: the file does not exist; other tables hold rows of its subjects"
    ]


def test_a_study_without_data_is_a_study(folder):
    shutil.rmtree(folder / "data")

    study = onearm.load_study(folder)

    assert study.subjects == ()
    assert set(study.tables.values()) == {None}
    assert study.findings == ()


def test_an_unknown_file_is_a_warning(folder):
    put(folder, "lesion.csv", "subject_id\n")

    assert warnings(folder) == [
        ("warning", ("lesion.csv: the file is no table of a study and is not read;"
                    " did you mean 'lesions.csv'?"))
    ]  # fmt: skip


def test_who_was_screened_and_not_enrolled_may_have_records(folder):
    put(folder, "screening.csv", "subject_id,enrolled\nTQB-001,Y\nTQB-002,Y\nX1,N\nX2,Y\n")
    put(folder, "labs.csv", "subject_id,date,test\nX1,2019-02-01,ALT\nX1,2019-02-02,ALT\n")

    assert warnings(folder) == [
        ("note", ("labs.csv:2: screened and not enrolled; rows from this one on are set aside"
                 " for subject X1")),
        ("warning", ("screening.csv:5: screening says enrolled, but not in subjects.csv"
                    " for subject X2")),
    ]  # fmt: skip


def test_the_cutoff_applies_to_who_entered_and_to_every_table(folder):
    protocol = folder / "protocol.yaml"
    text = protocol.read_text(encoding="utf-8")
    protocol.write_text(text.replace("2021-10-08", "2019-03-01"), encoding="utf-8")
    put(folder, "labs.csv",
        "subject_id,date,test\nTQB-001,2019-03-01,ALT\nTQB-001,2019-03-02,ALT\n")  # fmt: skip

    study = onearm.load_study(folder)

    assert [records.subject.subject_id for records in study.subjects] == ["TQB-001"]
    assert [row.date for row in study.subjects[0].labs] == [dt.date(2019, 3, 1)]
    assert len(study.tables["labs"]) == 2
    assert [(f.code, f.subject_id) for f in study.findings] == [
        ("after-cutoff", "TQB-001"), ("after-cutoff", "TQB-002"),
    ]  # fmt: skip
