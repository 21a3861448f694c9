"""The contract of the result rows, and of what a run writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from onearm.errors import InputError, ResultError
from onearm.io.results import read_results, results_text
from onearm.pipeline.run import analyse, run_study
from onearm.results.model import Row, check_rows, slug
from onearm.results.plan import plan
from onearm.terms import Kind

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "studies" / "tqb2450-ib-02"


def a_row(**changes: object) -> Row:
    given: dict[str, object] = {
        "id": "orr/all/count",
        "analysis": "orr",
        "variant": "default",
        "set": "treated",
        "group": "all",
        "item": None,
        "statistic": "count",
        "kind": Kind.COUNT,
        "value": 11,
    }
    return Row(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([a_row(), a_row()], "two results with one id"),
        ([a_row(id="ORR/all/count")], "is not a result id"),
        ([a_row(id="orr/count")], "is not a result id"),
        ([a_row(value=None)], "needs exactly one of value, code, date, or a note"),
        ([a_row(code="Y")], "needs exactly one of value, code, date, or a note"),
        ([a_row(value=float("nan"))], "not a number"),
    ],
)
def test_a_row_that_breaks_the_contract_is_refused(rows: list[Row], problem: str) -> None:
    with pytest.raises(ResultError, match=problem):
        check_rows(rows)


def test_a_null_with_a_note_is_a_result() -> None:
    check_rows([a_row(value=None, note="median not reached")])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Hand-foot syndrome", "hand-foot-syndrome"),
        ("ECG T-wave abnormality", "ecg-t-wave-abnormality"),
        ("ADVERSE EVENT", "adverse-event"),
        ("  a__b  ", "a-b"),
    ],
)
def test_a_name_becomes_lower_case_with_single_hyphens(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_each_planned_analysis_is_named_in_the_documentation() -> None:
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z-]+)`", page))
    planned = {analysis.id for analysis in plan(analyse(STUDY).study.protocol)}

    assert planned <= named


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "out"
    run_study(STUDY, folder)
    return folder


def test_a_run_writes_what_it_says(out: Path) -> None:
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}

    assert names == {
        "results.json",
        "provenance.json",
        "report.html",
        "derived/time_points.csv",
        "derived/best_responses.csv",
        "derived/readings.csv",
        "derived/disagreements.csv",
        "derived/events.csv",
        "derived/sets.csv",
        "derived/best_changes.csv",
        "derived/dose_summaries.csv",
        "derived/dose_cycles.csv",
        "derived/dose_intensities.csv",
        "derived/swimmer_segments.csv",
        "derived/swimmer_marks.csv",
        "derived/changes.csv",
        "derived/lesion_series.csv",
        "derived/adverse_events.csv",
        "derived/deaths.csv",
    }


def test_the_same_inputs_give_the_same_bytes(out: Path, tmp_path: Path) -> None:
    run_study(STUDY, tmp_path)

    for path in out.rglob("*"):
        if path.is_file() and path.name != "provenance.json":  # holds the time of the run
            assert path.read_bytes() == (tmp_path / path.relative_to(out)).read_bytes(), path.name


def test_results_come_back_from_their_file(out: Path) -> None:
    written = analyse(STUDY).results
    read = read_results(out / "results.json")

    assert read.rows == written.rows
    assert read.bases.keys() == written.bases.keys()
    assert results_text("TQB2450-Ib-02", read) == (out / "results.json").read_text("utf-8")


def test_provenance_names_every_input(out: Path) -> None:
    found = json.loads((out / "provenance.json").read_text("utf-8"))
    files = {p.relative_to(STUDY).as_posix() for p in (STUDY / "data").iterdir()}

    assert files | {"protocol.yaml", "expected.yaml"} == set(found["inputs"])
    assert found["data_cutoff"] == "2021-10-08"


def test_a_run_leaves_other_files_of_the_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    run_study(STUDY, tmp_path)

    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


ORR = (
    '{"id": "orr/all/count", "analysis": "orr", "variant": "default", "set": "treated",'
    ' "group": "all", "statistic": "count", "kind": "count", "value": 11}'
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is nested too deep"),
        ("[]", 'must hold an object with a list "results"'),
        ('{"results": []}', '"format" must be 1; got null'),
        ('{"format": 2, "results": []}', '"format" must be 1; got 2; write it anew'),
        ('{"format": 1, "results": [{"id": "orr/all/count"}]}', "is not complete"),
        ('{"format": 1, "results": [1]}', "is not complete"),
        (f'{{"format": 1, "results": [{ORR.replace("11", "true")}]}}', "value must be a number"),
        (f'{{"format": 1, "results": [{ORR.replace("11", "null")}]}}', "needs exactly one of"),
        (f'{{"format": 1, "results": [{ORR}, {ORR}]}}', "orr/all/count: two results with one id"),
        (f'{{"format": 1, "results": [{ORR}], "bases": {{}}}}', '"bases" must be a list'),
        (f'{{"format": 1, "results": [{ORR}], "bases": [{{"id": "orr/all"}}]}}', "basis 'orr/all'"),
    ],
)
def test_a_file_that_holds_no_results_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InputError, match=problem):
        read_results(path)
