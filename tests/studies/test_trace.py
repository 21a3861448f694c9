"""Every result of a study leads back to rows that are there and say the same."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from onearm.clinical.records import TABLES, columns
from onearm.pipeline.run import Analysed
from onearm.pipeline.study import Study
from onearm.pipeline.trace import find_trace, trace
from onearm.results.model import Basis

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"

Cells = dict[tuple[str, int], dict[str, str]]


@pytest.fixture(scope="module")
def cells() -> Cells:
    """Every row of every table, read by the standard library, by file and physical line."""
    found: Cells = {}
    for path in sorted((STUDY / "data").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            for row in reader:
                found[path.name, reader.line_num] = row
    return found


def test_every_result_has_a_basis_whose_sources_are_rows_of_its_subject(
    tqb2450: Analysed, cells: Cells
) -> None:
    for row in tqb2450.results.rows:
        basis = find_trace(tqb2450.results, row.id).basis
        for one in basis.contributions:
            assert one.sources, f"{row.id}: {one.subject_id} has no source"
            assert one.reason, f"{row.id}: {one.subject_id} has no reason"
            for source in one.sources:
                assert cells[source.file, source.line]["subject_id"] == one.subject_id, row.id


def test_every_record_holds_what_its_row_says(tqb2450: Analysed, cells: Cells) -> None:
    """Cell by cell, read a second time from the file: the record is the row."""
    readers: dict[str, Callable[[str], object]] = {
        "integer": int,
        "decimal": Decimal,
        "length": lambda text: int(Decimal(text) * 1000),
        "yes-no": lambda text: text == "Y",
        "names": lambda text: tuple(name.strip() for name in text.split(";") if name.strip()),
    }
    for record in _records(tqb2450.study):
        row = cells[record.source.file, record.source.line]  # type: ignore[attr-defined]
        names = [f.name for f in fields(record) if "column" in f.metadata]  # type: ignore[arg-type]
        for name, column in zip(names, columns(type(record)), strict=True):
            text = row.get(column.name) or ""
            value = getattr(record, name)
            if text:
                expected = readers.get(column.kind, str)(text)
                assert (str(value) if column.kind == "date" else value) == expected, (record, name)
            else:
                assert value == column.default, (record, name)


def _records(study: Study) -> list[object]:
    names = [table.TABLE for table in TABLES if table.TABLE not in ("subjects", "screening")]  # type: ignore[attr-defined]
    found: list[object] = list(study.screening or ())
    for records in study.subjects:
        found.append(records.subject)
        for name in names:
            found += getattr(records, name) or ()
    return found


def test_every_count_is_the_number_of_subjects_counted(tqb2450: Analysed) -> None:
    """The printed counts come out of the bases by counting again."""
    counts = ("count", "any_count", "grade_3_count", "grade_5_count")
    counted = {**dict.fromkeys(counts, "counted"), "events": "event"}
    checked = 0
    for row in tqb2450.results.rows:
        role = counted.get(row.statistic)
        if role is None or ((row.item or "").startswith("step:") and row.analysis != "flow"):
            continue
        basis = tqb2450.results.bases[row.basis or ""]
        assert row.value == sum(one.role == role for one in basis.contributions), row.id
        checked += 1
    assert checked > 300


def test_every_total_is_the_number_of_subjects_in_the_denominator(tqb2450: Analysed) -> None:
    for row in tqb2450.results.rows:
        if row.statistic == "total":
            assert row.value == len(tqb2450.results.bases[row.basis or ""].contributions), row.id


def test_every_sum_in_a_reason_is_the_sum_of_the_cells(tqb2450: Analysed, cells: Cells) -> None:
    """The sum of a time point is added up again from the rows of its visit."""
    checked = 0
    for answers in tqb2450.derived:
        for point in answers.time_points:
            if point.sum_um is None:
                continue
            rows = [cells[source.file, source.line] for source in point.sources]
            targets = [
                r for r in rows if r["visit"] == point.visit and r["lesion_type"] == "TARGET"
            ]
            total = sum(Decimal(r["diameter_mm"] or 0) for r in targets)
            assert total * 1000 == point.sum_um
            stated = re.search(r"sum ([\d.]+) mm", point.reason)
            if stated:
                assert Decimal(stated[1]) == total, point.reason
            checked += 1
    assert checked > 200


def test_a_trace_shows_the_responders_and_the_others_by_reason() -> None:
    text = trace(STUDY, "orr/all/lower").as_text()

    assert "Counted: 11 subjects" in text
    assert "Not counted: 19 subjects" in text
    assert "\n SD: 12\n" in text
    assert "\n PD: 7\n" in text
    assert "confirmed by PR on" in text


def test_a_trace_of_one_subject_shows_its_time_points_and_cells() -> None:
    answer = trace(STUDY, "orr/all/count", subject="TQB-001", rows=True)

    text = answer.as_text()
    assert "W006  2019-02-22  PR" in text
    assert "lesions.csv:2  subject_id=TQB-001, visit=BASELINE" in text
    assert "TQB-002" not in text


def test_a_basis_names_each_subject_once(tqb2450: Analysed) -> None:
    def names(basis: Basis) -> list[str]:
        return [one.subject_id for one in basis.contributions]

    for basis in tqb2450.results.bases.values():
        assert len(names(basis)) == len(set(names(basis))), basis.id
        assert names(basis) == sorted(names(basis)), basis.id
