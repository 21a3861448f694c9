"""Files of facts: a CSV of many persons, or a JSON (or YAML) file of one.

Takes a file, gives a header and its rows as text, each with its line. What a
cell may hold is for ``onearm.clinical.fact_reading``. A JSON file holds `subject_id`
and a list `facts` of objects with the columns of the CSV; numbers stay exact,
true and false are Y and N, a list is joined with semicolons. Knows no rule.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from onearm.errors import Finding, InputError, Place, nearest
from onearm.format import plain
from onearm.io.yaml import read_yaml
from onearm.protocol.document import Document

FACTS = "facts.csv"
"""The facts of a study's own persons, beside its tables."""
KEYS = ("study", "subject_id", "facts")
ONE_PERSON = {".json", ".yaml", ".yml"}


class FactTable(NamedTuple):
    """The rows of a file; ``study`` is what it says it belongs to."""

    file: str
    header: Sequence[str]
    rows: Iterator[tuple[int, Sequence[str]]]
    study: str | None
    is_one_person: bool


def read_facts(path: Path) -> FactTable:
    """Read a file of facts.

    Raises
    ------
    InputError
        If the file is missing or cannot be read: one line with the place.
    """
    if path.suffix.lower() in ONE_PERSON:
        return _one_person(read_yaml(path))
    if not path.is_file():
        raise InputError(f"{path}: no such file" if not path.exists() else f"{path}: no file")
    rows = _rows(path)
    first = next(rows, None)
    if first is None:
        raise InputError(
            [
                Finding(
                    "error", "facts", "must hold a header; the file is empty", Place(path.name, 1)
                )
            ]
        )
    return FactTable(path.name, first[1], rows, None, is_one_person=False)


def _rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield each row with the line at which it starts."""
    start = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                yield start, row
                start = reader.line_num + 1
    except UnicodeDecodeError:
        raise InputError(f"{path.name}: must be encoded in UTF-8") from None
    except csv.Error as error:
        problem = Finding("error", "facts", f"cannot be read: {error}", Place(path.name, start))
        raise InputError([problem]) from None


def _one_person(document: Document) -> FactTable:
    data = document.data
    assert isinstance(data, dict)
    findings = list(document.findings)
    for key in data:
        if key not in KEYS:
            message = f"{key!r} is not a key{nearest(key, KEYS)}"
            findings.append(Finding("error", "facts", message, document.key_place((key,))))
    facts, subject = data.get("facts"), data.get("subject_id")
    if not isinstance(facts, list):
        findings.append(
            Finding("error", "facts", "facts must be a list", document.place(("facts",)))
        )
        facts = []
    if subject is None or isinstance(subject, dict | list):
        message = "subject_id must name the person"
        findings.append(Finding("error", "facts", message, document.place(("subject_id",))))
    records = [_cells(document, position, findings) for position in range(len(facts))]
    if findings:
        raise InputError(findings)
    header = list(
        dict.fromkeys(["subject_id", "fact", *(name for _, cells in records for name in cells)])
    )
    rows = (
        (line, [{"subject_id": str(subject), **cells}.get(name, "") for name in header])
        for line, cells in records
    )
    study = data.get("study")
    return FactTable(
        document.file, header, rows, None if study is None else str(study), is_one_person=True
    )


def _cells(
    document: Document, position: int, findings: list[Finding]
) -> tuple[int, dict[str, str]]:
    path = ("facts", position)
    found, place = document.at(path), document.place(path)
    if not isinstance(found, dict):
        findings.append(Finding("error", "facts", "a fact must hold keys with values", place))
        return place.line or 1, {}
    cells: dict[str, str] = {}
    for name, value in found.items():
        text = _text(value)
        if text is None:
            inside = document.place((*path, name))
            findings.append(Finding("error", "facts", f"{name} must be text or a number", inside))
        else:
            cells[name] = text
    return place.line or 1, cells


def _text(value: object) -> str | None:
    """Return a value as a cell of the CSV would hold it; None where it cannot."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, list):
        parts = [_text(item) for item in value]
        return None if None in parts else ";".join(part or "" for part in parts)
    if isinstance(value, Decimal):
        return plain(value)
    return str(value) if isinstance(value, str | int) else None
