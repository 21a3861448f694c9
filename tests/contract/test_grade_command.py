"""The command line of grading: rows in file order, one clear line for bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app

HEADER = "subject_id,date,test,value,unit,lln,uln,baseline,site,albumin\n"


def grade(folder: Path, rows: str, *options: str, header: str = HEADER) -> tuple[int, str, str]:
    path = folder / "labs.csv"
    path.write_text(header + rows, encoding="utf-8")
    run = CliRunner().invoke(app, ["grade", str(path), "--ctcae", "5.0", *options])
    return run.exit_code, run.stdout, run.stderr


BAD = [  # the row, and the line that says what is wrong with it
    (
        "S1,2026-01-01,ALT,30,mg/dL,,40,,,",
        (
            "labs.csv:2: unit of Alanine aminotransferase must be one of U/L, IU/L, mU/mL, ukat/L, "
            "nkat/L; got 'mg/dL' for subject S1"
        ),
    ),
    (
        "S1,2026-01-01,GLUC,5.6,mg/dL,,,,,",
        "labs.csv:2: value: Glucose 5.6 mg/dL is implausible; was mmol/L meant? for subject S1",
    ),
    (
        "S1,2026-01-01,CREAT,90,mg/dL,,,,,",
        "labs.csv:2: value: Creatinine 90 mg/dL is implausible; was umol/L meant? for subject S1",
    ),
    (
        "S1,2026-01-01,HGB,7.9,g/dL,120,160,,,",
        "labs.csv:2: lln: Haemoglobin 120 g/dL is implausible; was g/L meant? for subject S1",
    ),
    (
        "S1,2026-01-01,ALT,-3,U/L,,40,,,",
        "labs.csv:2: value: Alanine aminotransferase must be 0 or more; got -3 for subject S1",
    ),
    (
        "S1,2026-01-01,K,4,mmol/L,5.1,3.5,,,",
        "labs.csv:2: lln must not exceed uln 3.5; got 5.1 for subject S1",
    ),
    (
        "S1,2026-13-01,K,4,mmol/L,3.5,5.1,,,",
        (
            "labs.csv:2: date must be a date of the calendar, YYYY-MM-DD; got '2026-13-01' "
            "for subject S1"
        ),
    ),
    (
        "S1,2026-01-01,K,4,mmol/L,3.5,5.1,yes,,",
        "labs.csv:2: baseline must be one of Y, N; got 'yes' for subject S1",
    ),
]


@pytest.mark.parametrize(("row", "line"), BAD)
def test_an_impossible_row_stops_with_one_line(tmp_path: Path, row: str, line: str) -> None:
    status, _, err = grade(tmp_path, row + "\n")

    assert (status, err.strip()) == (1, line)


def test_every_impossible_row_is_named(tmp_path: Path) -> None:
    _, _, err = grade(tmp_path, f"{BAD[0][0]}\n{BAD[1][0]}\n")

    assert [line.split(": ")[0] for line in err.splitlines()] == ["labs.csv:2", "labs.csv:3"]


def test_an_unknown_test_is_a_row_without_a_grade_and_a_warning(tmp_path: Path) -> None:
    row = "S1,2026-01-01,Creatinin,90,umol/L,,104,,,\n"
    status, out, _ = grade(tmp_path, row)

    assert status == 0
    assert "warning: labs.csv:2: test must be a known analyte; got 'Creatinin'" in out
    assert "did you mean 'Creatinine'?" in out


def test_a_row_without_a_unit_is_not_graded(tmp_path: Path) -> None:
    _, out, _ = grade(tmp_path, "S1,2026-01-01,ALT,90,,,40,,,\n", "--json")

    found = json.loads(out)[0]
    assert (found["grade"], found["candidates"], found["reason"]) == (
        None, [], "cannot be graded: no unit",
    )  # fmt: skip


def test_a_missing_column_and_an_unknown_version_say_what_is_allowed(tmp_path: Path) -> None:
    status, _, err = grade(tmp_path, "S1,2026-01-01,4\n", header="subject_id,date,value\n")
    assert (status, "missing column 'test'" in err) == (1, True)

    run = CliRunner().invoke(app, ["grade", str(tmp_path / "labs.csv"), "--ctcae", "4.03"])
    assert run.stderr.strip() == "CTCAE version must be one of 5.0, 6.0; got '4.03'"


def test_an_unknown_option_says_which_there_are(tmp_path: Path) -> None:
    status, _, err = grade(tmp_path, "", "--option", "lenient")

    allowed = "creatinine-above-uln, ggt-above-2, triglycerides-above-1.71"
    assert (status, err.strip()) == (1, f"option must be one of {allowed}; got 'lenient'")


def test_rows_come_back_in_file_order_with_their_lines(tmp_path: Path) -> None:
    rows = [
        "S2,2026-02-01,ALT,150,U/L,,40,,,",
        "S1,2026-01-01,ALT,90,U/L,,40,,,",
        "S2,2026-01-01,ALT,100,U/L,,40,Y,,",
    ]
    _, out, _ = grade(tmp_path, "\n".join(rows) + "\n", "--json")

    found = [(one["subject_id"], one["grade"], one["sources"]) for one in json.loads(out)]
    assert found == [
        ("S2", 1, "labs.csv:2, 4"),  # 1.5 x the abnormal baseline of line 4
        ("S1", 1, "labs.csv:3"),
        ("S2", 1, "labs.csv:4"),
    ]


def test_a_result_in_words_says_how_it_changed(tmp_path: Path) -> None:
    rows = [
        "S1,2026-01-01,HBsAg,NEG,,,,Y,,",
        "S1,2026-03-01,HBsAg,positive,,,,,,",
        "S1,2026-02-01,urine protein,1+,,,,,,",
        "S1,2026-03-01,urine protein,2+,,,,,,",
    ]
    _, out, _ = grade(tmp_path, "\n".join(rows) + "\n", "--json")

    assert [(one["grade"], one["change"]) for one in json.loads(out)] == [
        (None, None),
        (None, "NEGATIVE at baseline 2026-01-01, now POSITIVE"),
        (1, None),
        (2, "1+ at first result 2026-02-01, now 2+"),
    ]


def test_a_header_alone_gives_no_row(tmp_path: Path) -> None:
    assert json.loads(grade(tmp_path, "", "--json")[1]) == []
