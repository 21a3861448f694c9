"""What checks find in a study of SDTM: each line names file, row and variable of SDTM.

The shipped trial, exported as SDTM, gets one wrong cell; the claim is the line that a
user reads. The cells: TQB-001 has its first scan in row 2 of TR (a target of 43 mm),
its first dose in row 2 of EX, and its first adverse events in rows 2 and 3 of AE.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from onearm.io.sdtm_names import NAMES
from onearm.pipeline.check import check_study
from onearm.pipeline.export import export_study

TRIAL = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"
CELLS = [  # domain, line, variable, value; what the line begins with
    ("tr", 2, "TRSTRESC", "8", "tr.csv:2: TRSTRESC: lesion T01: a target with a diameter of 8 mm"),
    ("tr", 5, "TRLNKID", "T9", "tr.csv:5: TRLNKID must be a TULNKID of INVESTIGATOR; got 'T9'"),
    ("tr", 7, "TRDTC", "2019-02-30", "tr.csv:7: TRDTC must be a date of ISO 8601"),
    ("tr", 7, "TRDTC", "2019-13", "tr.csv:7: TRDTC must be a date of ISO 8601; got '2019-13'"),
    ("tr", 7, "TRDTC", "2018-02-22", "tr.csv:7: VISIT: visit W006: its scans are 365 days apart"),
    ("tu", 2, "TUSTRESC", "GOAL", "tu.csv:2: TUSTRESC must be one of TARGET, NON-TARGET, NEW"),
    ("tr", 5, "DOMAIN", "XX", "tr.csv:5: DOMAIN must be TR in each row of tr.csv; got 'XX'"),
    ("ae", 2, "AETOXGR", "7", "ae.csv:2: AETOXGR: grade must be 1 to 5; got 7"),
    ("ae", 3, "AEENDTC", "2018-01-01", "ae.csv:3: AEENDTC: ends on 2018-01-01, before it begins"),
    ("dm", 2, "RFXSTDTC", "", "dm.csv:2: RFXSTDTC is empty; the first of ex.csv counts"),
    ("ex", 2, "EXSTDTC", "2019-13-01", "ex.csv:2: EXSTDTC must be a date of the calendar"),
    ("ss", 2, "SSSTRESC", "GONE", "ss.csv:2: SSSTRESC must be one of ALIVE, DEAD, LOST TO FOLLOW-"),
    ("ss", 2, "SSSTRESC", "UNKNOWN", "ss.csv:2: SSSTRESC is UNKNOWN, which says nothing of the"),
    ("ds", 7, "DSDECOD", "ENROLED", "ds.csv:7: DSDECOD 'ENROLED' is not used for subject TQB-006"),
    ("ds", 37, "DSDECOD", "MET", "ds.csv:37: DSDECOD 'MET' is not used for subject TQB-006"),
    ("ds", 69, "DSDECOD", "PROGRESS", "ds.csv:69: DSDECOD must be one of COMPLETED, ONGOING, PRO"),
    ("ds", 69, "DSDECOD", "", "ds.csv:69: DSDECOD must be one of COMPLETED, ONGOING, PRO"),
    ("ds", 69, "DSDECOD", "LACK OF EFFICACY", "ds.csv:69: DSDECOD LACK OF EFFICACY is read as"),
    ("ds", 69, "DSCAT", "DISPOSITON EVENT", "ds.csv:69: DSCAT 'DISPOSITON EVENT' is not used for"),
    ("ds", 69, "EPOCH", "SCREENING", "ds.csv:69: DSDECOD 'PROGRESSIVE DISEASE' in epoch SCREENING"),
    ("dm", 2, "AGEU", "MONTHS", "dm.csv:2: AGEU must be YEARS; got 'MONTHS'"),
]  # fmt: skip


@pytest.fixture(scope="module")
def sdtm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = tmp_path_factory.mktemp("study")
    export_study(TRIAL, "sdtm", study / "data", ["csv"])
    shutil.copy(TRIAL / "protocol.yaml", study)
    return study


@pytest.mark.parametrize(("domain", "line", "variable", "value", "said"), CELLS)
def test_a_wrong_cell_is_one_line_with_file_row_and_variable(
    domain: str, line: int, variable: str, value: str, said: str, sdtm: Path, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    shutil.copytree(sdtm, study)
    path = study / "data" / f"{domain}.csv"
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    rows[line - 1][rows[0].index(variable)] = value
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    found = [str(finding) for finding in check_study(study).findings]

    assert any(one.startswith(said) for one in found), found
    assert not any(column in one for one in found for column in OWN_WORDS), found


OWN_WORDS = (  # columns of our tables, and their files
    *("diameter_mm", "lesion_id", "first_dose_date", "onset_date", "start_date", "subject_id"),
    *(f"{table}.csv" for table in NAMES),
)


def test_what_dm_says_of_a_subject_reaches_adsl_and_comes_back(sdtm: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(sdtm, study)
    path = study / "data" / "dm.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row |= {"RACE": "ASIAN", "ETHNIC": "NOT HISPANIC OR LATINO", "COUNTRY": "CHN"}
        row |= {"ARMCD": "A", "ARM": "Arm A", "ACTARMCD": "A", "ACTARM": "Arm A"}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    export_study(study, "adam", tmp_path / "adam", ["csv"])
    export_study(TRIAL, "adam", tmp_path / "plain", ["csv"])
    export_study(study, "sdtm", tmp_path / "again", ["csv"])

    [first, *_] = rows_of(tmp_path / "adam" / "adsl.csv")
    names = ("RACE", "ETHNIC", "COUNTRY", "ARMCD", "ARM", "ACTARMCD", "ACTARM")
    assert [first[name] for name in names] == [
        *("ASIAN", "NOT HISPANIC OR LATINO", "CHN", "A", "Arm A", "A", "Arm A"),
    ]
    assert not set(names) & set(rows_of(tmp_path / "plain" / "adsl.csv")[0])
    [back, *_] = rows_of(tmp_path / "again" / "dm.csv")
    assert [back[name] for name in names] == [first[name] for name in names]
    define = (tmp_path / "adam" / "define.xml").read_text(encoding="utf-8")
    assert "DM.RACE" in define


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
