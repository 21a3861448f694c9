"""What a study folder says to recorded responses, overrides and readers that cannot be used."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from onearm.errors import InputError
from onearm.pipeline.check import check_study
from onearm.pipeline.run import analyse, run_study
from onearm.pipeline.trace import trace

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "studies" / "tqb2450-ib-02"
SUBJECTS = "subject_id,first_dose_date\nS01,2019-01-08\n"
LESIONS = """\
subject_id,date,lesion_id,lesion_type,diameter_mm,state,evaluator
S01,2019-01-05,T1,TARGET,50,MEASURED,INVESTIGATOR
S01,2019-02-19,T1,TARGET,30,MEASURED,INVESTIGATOR
S01,2019-04-02,T1,TARGET,30,MEASURED,INVESTIGATOR
"""
OVERRIDES = "subject_id,evaluator,date,field,from,to,person,decided_on,reason\n"
DECIDED = "S01,INVESTIGATOR,2019-04-02,OVERALL"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = (STUDY / "protocol.yaml").read_text(encoding="utf-8")
    (tmp_path / "protocol.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "data").mkdir()
    put(tmp_path, "subjects", SUBJECTS)
    put(tmp_path, "lesions", LESIONS)
    return tmp_path


def put(folder: Path, table: str, text: str) -> None:
    (folder / "data" / f"{table}.csv").write_text(text, encoding="utf-8")


BAD = [  # table, text, the one line that is said
    (
        "responses", "subject_id,date,response\nS01,2019-02-19,QR\n",
        ("responses.csv:2: response must be one of CR, PR, SD, NON-CR/NON-PD, NED, PD, NE, "
        "MISSING; "
        "got 'QR' for subject S01"),
    ),
    (
        "endpoints", "subject_id,endpoint,response\nS01,BEST RESPONSE,QR\n",
        ("endpoints.csv:2: response must be one of CR, PR, SD, NON-CR/NON-PD, NED, PD, NE, "
        "MISSING; "
        "got 'QR' for subject S01"),
    ),
    (
        "overrides", f"{OVERRIDES}{DECIDED},PR,SD,A. Name,2019-04-14,\n",
        "overrides.csv:2: reason must not be empty for subject S01",
    ),
    (
        "overrides", f"{OVERRIDES}{DECIDED},PR,SD,,2019-04-14,a cyst\n",
        "overrides.csv:2: person must not be empty for subject S01",
    ),
    (
        "overrides", f"{OVERRIDES}{DECIDED},SD,PD,A. Name,2019-04-14,a cyst\n",
        "overrides.csv:2: from must be the response that stands, PR; got 'SD' for subject S01",
    ),
    (
        "lesions", f"{LESIONS}S01,2019-02-19,T1,TARGET,30,MEASURED,READER 1\n",
        ("lesions.csv:5: no baseline by READER 1: the first assessment, on 2019-02-19, is after "
        "the reference date 2019-01-08 for subject S01"),
    ),
    (
        "lesions", f"{LESIONS}S01,2019-01-05,T1,TARGET,30,MEASURED,Investigator\n",
        ("lesions.csv:5: evaluator must be written as in lesions.csv:2, 'INVESTIGATOR'; "
        "got 'Investigator'"),
    ),
    (
        "lesions", LESIONS.replace("INVESTIGATOR", "READER 1"),
        ("protocol.yaml: response.primary_evaluator must be one who judged: READER 1; "
        "got 'INVESTIGATOR'"),
    ),
    (
        "responses",
        ("subject_id,date,evaluator,response,accepted\n"
        "S01,2019-02-19,INVESTIGATOR,PR,Y\nS01,2019-02-19,READER 1,SD,Y\n"),
        ("responses.csv:3: one response of 2019-02-19 can be accepted; line 2 has PR by "
        "INVESTIGATOR, here stands SD by READER 1 for subject S01"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("table", "text", "line"), BAD)
def test_bad_input_gets_one_clear_line(folder: Path, table: str, text: str, line: str) -> None:
    put(folder, table, text)

    with pytest.raises(InputError) as caught:
        analyse(folder)
    assert str(caught.value) == line
    assert line in [str(f) for f in check_study(folder).findings if f.severity == "error"]


def test_a_decision_changes_the_results_and_stands_in_the_derived_tables(
    folder: Path, tmp_path: Path
) -> None:
    put(folder, "overrides", f"{OVERRIDES}{DECIDED},PR,SD,A. Name,2019-04-14,a cyst\n")
    run_study(folder, tmp_path / "out")
    with (tmp_path / "out" / "derived" / "time_points.csv").open(encoding="utf-8") as file:
        points = list(csv.DictReader(file))

    assert [point["overall"] for point in points] == ["PR", "SD"]
    assert points[1]["reason"].endswith(
        "; overridden from PR to SD by A. Name on 2019-04-14: a cyst"
    )
    assert points[1]["sources"].endswith("overrides.csv:2")


def test_disagreements_and_readings_are_written(folder: Path, tmp_path: Path) -> None:
    put(folder, "responses", "subject_id,date,response\nS01,2019-02-19,PR\nS01,2019-04-02,SD\n")
    run_study(folder, tmp_path / "out")

    def rows(name: str) -> list[dict[str, str]]:
        path = tmp_path / "out" / "derived" / name
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    [one] = rows("disagreements.csv")
    assert (one["category"], one["recorded"], one["derived"]) == ("overall", "SD", "PR")
    assert one["recorded_reason"] == "SD: recorded by INVESTIGATOR"
    [reading] = rows("readings.csv")
    assert (reading["name"], reading["source"], reading["confirmed_best"]) == (
        "recorded",
        "recorded",
        "SD",
    )


def test_a_trace_of_a_variant_shows_the_time_points_of_its_reader(folder: Path) -> None:
    read = LESIONS.split("\n", 1)[1].replace("INVESTIGATOR", "READER 1").replace(",30,", ",45,")
    put(folder, "lesions", LESIONS + read)

    assert [p.overall for p in trace(folder, "orr/all/count", "S01").points] == ["PR", "PR"]
    assert [p.overall for p in trace(folder, "orr.reader-1/all/count", "S01").points] == [
        "SD",
        "SD",
    ]


def test_the_report_sets_sources_and_readers_side_by_side(folder: Path, tmp_path: Path) -> None:
    read = LESIONS.split("\n", 1)[1].replace("INVESTIGATOR", "READER 1").replace(",30,", ",45,")
    put(folder, "lesions", LESIONS + read)
    put(folder, "responses", "subject_id,date,response\nS01,2019-02-19,PR\nS01,2019-04-02,SD\n")
    run_study(folder, tmp_path / "out")
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    cells = re.sub(r"<[^>]+>", " ", report[report.index("Results by other sources") :])
    words = " ".join(cells.split())

    assert "Primary (derived, INVESTIGATOR) Recorded Reader 1" in words
    assert "ORR, n (%) 1 ( 100.00 ) 0 0" in words
    best = "Best response as by the primary, n of N (%)"
    points = "Time points with the same overall response, n of N (%)"
    assert f"{best} — 0 of 1 ( 0.00 ) 0 of 1 ( 0.00 )" in words
    assert f"{points} — 1 of 2 ( 50.00 )" in words
    for name in ("orr.recorded/all/count", "concordance.reader-1/all/kappa", "agreement/all/total"):
        assert name in report


def test_a_report_says_what_was_not_collected(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "studies" / "gastric-xelox", tmp_path / "study")
    run_study(tmp_path / "study", tmp_path / "out")
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")

    assert "Not computed: the study brings no responses." in report
    assert "Not computed: the study brings no adverse events." in report
    assert "Times were taken as recorded (PFS)" in report
    assert "Progression-free survival (preset" not in report


def test_the_median_of_recorded_weeks_is_the_midpoint_of_the_flat_piece() -> None:
    rows = analyse(ROOT / "studies" / "gastric-xelox").results.by_id()

    assert rows["pfs/all/step:301/survival"].value == pytest.approx(0.5, abs=1e-12)  # week 43
    assert rows["pfs/all/median"].value == 44.5 * 7
    assert rows["pfs/all/censored"].value == 48 - 32
