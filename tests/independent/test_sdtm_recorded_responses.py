"""SDTM that others wrote: derived responses against those that its authors recorded.

TU, TR and RS of pharmaversesdtm 1.5.0.9001 (tests/reference/pharmaversesdtm).
The 66 recorded responses are another route: nobody here made them. What agrees
under which options follows from the data: one visit has a node-free CR followed
by 4.95 mm of one target (reappearance), two visits an unmeasured target though
the others alone progress (partial sum).
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.pipeline.recorded import RecordedAndDerived, recorded_and_derived

DATA = Path(__file__).parents[1] / "reference" / "pharmaversesdtm"


def agreeing(answer: RecordedAndDerived) -> int:
    return sum("overall" not in row.differs_in() for row in answer.rows)


def with_rules(folder: Path, text: str) -> RecordedAndDerived:
    rules = folder / "rules.yaml"
    rules.write_text(text)
    return recorded_and_derived(DATA, rules)


def test_65_of_66_recorded_responses_are_derived_with_the_defaults() -> None:
    answer = recorded_and_derived(DATA)

    assert len(answer.rows) == 66
    assert agreeing(answer) == 65


def test_the_one_that_differs_is_a_reappearance_below_5_mm() -> None:
    (row,) = [row for row in recorded_and_derived(DATA).rows if row.differs_in()]

    assert row.recorded is not None
    assert row.derived is not None
    who = (row.point.subject_id, row.point.evaluator, row.point.visit)
    assert who == ("01-701-1133", "RADIOLOGIST 2", "WEEK 9")
    assert (row.recorded.overall, row.derived.overall) == ("PR", "PD")
    assert row.derived.reason.startswith("PD: target T01 reappeared with 4.95 mm after CR")
    assert row.cause == "agrees with reappear_after_cr: threshold_only"


def test_all_66_agree_when_a_reappearance_must_meet_the_threshold(tmp_path: Path) -> None:
    assert agreeing(with_rules(tmp_path, "reappear_after_cr: threshold_only\n")) == 66


def test_63_agree_without_progression_by_a_partial_sum(tmp_path: Path) -> None:
    answer = with_rules(tmp_path, "partial_pd: false\n")

    assert agreeing(answer) == 63
    assert ("agrees with partial_pd: on", 2) in answer.causes


def test_a_partial_date_is_null_and_its_visit_goes_by_number() -> None:
    run = CliRunner().invoke(app, ["respond", str(DATA), "--subject", "01-701-1015", "--json"])
    points = [p for p in json.loads(run.stdout) if p["evaluator"] == "INVESTIGATOR"]

    assert [(p["visit"], p["date"], p["overall"]) for p in points] == [
        ("WEEK 3", "2014-01-23", "SD"),
        ("WEEK 6", None, "NE"),
        ("WEEK 9", "2014-03-06", "CR"),
    ]
    assert "only 2014-02 is recorded of the date" in points[1]["reason"]


def test_a_node_goes_by_its_short_axis_and_all_else_by_the_longest_diameter() -> None:
    # tr_onco_recist.csv, 01-701-1015, RADIOLOGIST 1, SCREENING: T02 is a node with LPERP 32.32;
    # T01, T03, T04 have LDIAM 21, 24.48 and 19.57: 97.37 in all.
    run = CliRunner().invoke(app, ["respond", str(DATA), "--subject", "01-701-1015", "--json"])
    first = next(p for p in json.loads(run.stdout) if p["evaluator"] == "RADIOLOGIST 1")

    assert first["baseline_sum_mm"] == "97.37"


def test_what_is_recorded_and_derived_goes_to_text_json_and_csv_alike(tmp_path: Path) -> None:
    out = tmp_path / "both.csv"
    arguments = ["respond", str(DATA), "--recorded"]
    text = CliRunner().invoke(app, [*arguments, "--csv", str(out)]).stdout
    found = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert "Overall response: 65 agree of 66 time points that both sides have" in text
    assert (found["compared"], found["equal"]) == (66, 65)
    assert found["causes"] == [
        {"cause": "agrees with reappear_after_cr: threshold_only", "count": 1}
    ]
    assert [row["agrees"] for row in rows].count("N") == 1
    assert len(rows) == len(found["time_points"]) == 66
    differing = next(row for row in rows if row["agrees"] == "N")
    assert (differing["recorded_overall"], differing["derived_overall"]) == ("PR", "PD")
    assert differing["recorded_sources"] == "rs_onco_recist.csv:66"


@pytest.mark.parametrize("suffix", ["xpt", "json", "ndjson", "parquet"])
def test_every_format_gives_the_same_responses_by_content_and_not_by_name(
    suffix: str, tmp_path: Path
) -> None:
    from onearm.io.dataset import Dataset, Variable
    from onearm.io.dataset_json import write_dataset_json
    from onearm.io.parquet import write_parquet
    from onearm.io.xpt import write_xpt

    write = {"xpt": write_xpt, "parquet": write_parquet}.get(suffix, write_dataset_json)
    numbers = ("VISITNUM", "TRSTRESN", "TRSEQ", "TUSEQ", "RSSEQ")
    for path in sorted(DATA.glob("*.csv")):
        with path.open(newline="") as file:
            header, *rows = csv.reader(file)
        variables = [Variable(n, "", "float" if n in numbers else "text") for n in header]
        cells = [
            [
                (float(c) if c else None) if n in numbers else c
                for n, c in zip(header, row, strict=True)
            ]
            for row in rows
        ]
        name = path.name[:2].upper()
        written = tmp_path / f"{name}.{suffix}"
        write(Dataset.of(name, "", variables, cells), written)
        written.rename(tmp_path / f"{name.lower()}-data")  # the name says nothing of the format

    found, expected = recorded_and_derived(tmp_path), recorded_and_derived(DATA)
    assert agreeing(found) == 65
    assert [row.derived.sum_um for row in found.rows if row.derived] == [
        row.derived.sum_um for row in expected.rows if row.derived
    ]
