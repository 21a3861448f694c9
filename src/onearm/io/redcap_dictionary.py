"""REDCap data dictionaries: an instrument a table, a field a column, and back again.

A field says in its annotation which column it is (``onearm: lesions.date``); that
is how an export finds its way into the tables, whatever fields are called. A
site's own dictionary can carry the same annotations. Knows no data.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onearm.clinical.records import TABLES, Column, Row, Subject, columns
from onearm.errors import Finding, InputError, Place, nearest
from onearm.io.dataset import refuse
from onearm.protocol.model import Protocol

RECORD = "record_id"
HEADER = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?", "Custom Alignment",
    "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation",
)  # fmt: skip
PREFIXES = {
    "subjects": "sub", "lesions": "les", "responses": "rsp", "overrides": "ovr",
    "endpoints": "end", "doses": "dos", "adverse_events": "ae", "follow_up": "fu",
    "new_therapies": "nth", "disposition": "dsp", "screening": "scr", "labs": "lab",
    "vitals": "vit", "ecg": "ecg", "performance": "ps", "prior_therapies": "pth",
    "conmeds": "cm", "history": "mh", "deviations": "dv", "samples": "smp", "biomarkers": "bio",
}  # fmt: skip
ONCE = ("subjects", "screening")
"""Instruments that do not repeat: a person has one record of each."""

UNASKED = ("overrides", "endpoints")
"""Tables of an analysis rather than of a site: no instrument unless the study has them."""

RANGES = {
    "age_years": ("0", "130"), "grade": ("1", "5"), "score": ("0", "100"), "cycle": ("1", ""),
    "line": ("1", ""), "diameter_mm": ("0", ""), "slice_mm": ("0", ""), "dose": ("0", ""),
    "infusion_minutes": ("0", ""),
}  # fmt: skip
SHOWN_IF = {
    "adverse_events.related_to": ("related", "Y"),
    "disposition.reason": ("status", "DISCONTINUED"),
    "follow_up.cause": ("status", "DEAD"),
}
ANSWERED_IF = {"adverse_events.action_drugs": "action", "doses.change_reason": "change"}
ORIGIN = "data_origin"
VALIDATIONS = {
    "date": "date_ymd", "integer": "integer", "decimal": "number", "length": "number",
}  # fmt: skip
_ANNOTATION = re.compile(r"onearm:\s*([a-z_]+)\.([A-Za-z0-9_]+)")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class RedcapField:
    """One field of a dictionary, with the column that it is, if any.

    ``choices`` maps what REDCap stores to what it shows.
    """

    name: str
    form: str
    kind: str  # text, notes, radio, dropdown, yesno, truefalse, checkbox, ...
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    validation: str = ""
    least: str = ""
    most: str = ""
    branching: str = ""
    is_required: bool = False
    table: str | None = None
    column: str | None = None


def dictionary(
    protocol: Protocol,
    tables: Iterable[str],
    levels: Mapping[str, Sequence[str]] | None = None,
    *,
    with_origin: bool = False,
) -> tuple[RedcapField, ...]:
    """Return the dictionary of a study.

    Parameters
    ----------
    protocol
        Gives cohorts, drugs and characteristics their choices.
    tables
        The tables that the study collects.
    levels
        Values of characteristics beyond those of the protocol.
    with_origin
        Whether each row says where it comes from.
    """
    wanted = set(tables)
    found = [RedcapField(RECORD, "subjects", "text", "Subject identifier", is_required=True)]
    for record in TABLES:
        if record.TABLE in wanted:
            found += _fields(record, protocol, levels or {})
            if with_origin:
                found.append(_field(record.TABLE, _ORIGIN_COLUMN, {}, "text"))
    return tuple(found)


_ORIGIN_COLUMN = Column(ORIGIN, "text", "Origin of the data", None, (), False, None)


def _fields(
    record: type[Row], protocol: Protocol, levels: Mapping[str, Sequence[str]]
) -> Iterator[RedcapField]:
    drugs = [drug.name for drug in protocol.treatment.drugs]
    for about in columns(record):
        if about.name == "subject_id":
            continue
        if about.kind == "yes-no":
            yield _field(record.TABLE, about, {}, "yesno")
        elif about.kind == "code":
            yield _field(record.TABLE, about, _numbered(about.codes), "radio")
        elif about.name in ("related_to", "action_drugs"):
            yield _field(record.TABLE, about, _numbered(drugs), "checkbox")
        elif about.name == "drug":
            yield _field(record.TABLE, about, _numbered(drugs), "radio")
        else:
            yield _field(record.TABLE, about, {}, "text")
    if record is Subject:
        yield from _characteristics(protocol, levels)


def _characteristics(
    protocol: Protocol, levels: Mapping[str, Sequence[str]]
) -> Iterator[RedcapField]:
    known = {about.name for about in columns(Subject)}
    for one in protocol.characteristics:
        if one.id in known:
            continue
        if one.kind == "continuous":
            about = Column(one.id, "decimal", one.label, one.unit, (), False, None)
            yield _field("subjects", about, {}, "text")
            continue
        values = [level.value for level in one.levels]
        values += [value for value in levels.get(one.id, ()) if value not in values]
        about = Column(one.id, "code", one.label, None, tuple(values), False, None)
        yield _field("subjects", about, _numbered(values), "radio")


def _numbered(values: Iterable[object]) -> dict[str, str]:
    """Return choices by number; where a value is a number itself, each by itself or a letter."""
    texts = [str(value) for value in values]
    if not any(text.isdigit() for text in texts):
        return {str(n): text for n, text in enumerate(texts, 1)}
    return {text if text.isalnum() else f"c{n}": text for n, text in enumerate(texts, 1)}


def _field(table: str, about: Column, choices: Mapping[str, str], kind: str) -> RedcapField:
    least, most = RANGES.get(about.name, ("", ""))
    unit = f" ({about.unit})" if about.unit else ""
    name = f"{PREFIXES[table]}_{about.name}".lower()
    return RedcapField(
        re.sub(r"[^a-z0-9_]", "_", name),
        table,
        kind,
        f"{table.replace('_', ' ').capitalize()}: {about.meaning}{unit}",
        choices,
        "" if choices or kind == "yesno" else VALIDATIONS.get(about.kind, ""),
        least,
        most,
        _branching(table, about.name),
        about.is_required,
        table,
        about.name,
    )


def _branching(table: str, column: str) -> str:
    """Return when a field is shown: REDCap's logic, with the numbers of its choices."""
    name, prefix = f"{table}.{column}", PREFIXES[table]
    if name in ANSWERED_IF:
        return f"[{prefix}_{ANSWERED_IF[name]}] <> ''"
    if name not in SHOWN_IF:
        return ""
    other, value = SHOWN_IF[name]
    record = next(one for one in TABLES if table == one.TABLE)
    about = next(one for one in columns(record) if one.name == other)
    number = 1 if about.kind == "yes-no" else about.codes.index(value) + 1
    return f"[{prefix}_{other}] = '{number}'"


def dictionary_text(fields: Iterable[RedcapField]) -> str:
    """Return the dictionary as the CSV that REDCap takes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for one in fields:
        choices = " | ".join(f"{code}, {label}" for code, label in one.choices.items())
        note = f"onearm: {one.table}.{one.column}" if one.table else ""
        writer.writerow([
            one.name, one.form, "", one.kind, one.label, choices, "", one.validation, one.least,
            one.most, "", one.branching, "y" if one.is_required else "", "", "", "", "", note,
        ])  # fmt: skip
    return text.getvalue()


def read_dictionary(path: Path) -> tuple[RedcapField, ...]:
    """Read a dictionary that REDCap or ``dictionary_text`` wrote.

    Raises
    ------
    InputError
        With every row that is wrong: file, line and what is allowed.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip().strip('"') for name in next(reader, [])]
            rows = [(reader.line_num, row) for row in reader if any(row)]
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise refuse(path, "redcap-dictionary", f"cannot be read: {problem}") from None
    if missing := [name for name in HEADER[:6] if name not in header]:
        words = f"is no REDCap data dictionary: no column {missing[0]!r}"
        raise refuse(path, "redcap-dictionary", words)
    findings: list[Finding] = []
    fields: list[RedcapField] = []
    for line, row in rows:
        cells = dict(zip(header, row, strict=False))
        one = _read(cells)
        findings += [
            Finding("error", "redcap-dictionary", words, Place(path.name, line, None, one.name))
            for words in _problems(one, fields)
        ]
        fields.append(one)
    if findings:
        raise InputError(findings)
    return tuple(fields)


def _read(cells: Mapping[str, str]) -> RedcapField:
    found = _ANNOTATION.search(cells.get(HEADER[17], ""))
    choices: dict[str, str] = {}
    if cells[HEADER[3]] in ("radio", "dropdown", "checkbox"):
        for part in filter(str.strip, cells[HEADER[5]].split("|")):
            code, _, label = part.partition(",")
            choices[code.strip()] = label.strip()
    return RedcapField(
        cells[HEADER[0]].strip(), cells[HEADER[1]].strip(), cells[HEADER[3]].strip(),
        cells[HEADER[4]].strip(), choices, cells.get(HEADER[7], "").strip(),
        cells.get(HEADER[8], "").strip(), cells.get(HEADER[9], "").strip(),
        cells.get(HEADER[11], ""), cells.get(HEADER[12], "").strip().lower() == "y",
        found[1] if found else None, found[2] if found else None,
    )  # fmt: skip


def _problems(one: RedcapField, before: Sequence[RedcapField]) -> Iterator[str]:
    if not _NAME.fullmatch(one.name):
        yield f"a field name has lower-case letters, digits and underscores; got {one.name!r}"
    if any(one.name == other.name for other in before):
        yield f"field {one.name!r} stands twice"
    if one.table is None:
        return
    if one.table not in PREFIXES:
        yield f"{one.table!r} is no table of a study{nearest(one.table, PREFIXES)}"
    elif one.table != "subjects":  # there any name is a characteristic of the protocol
        record = next(record for record in TABLES if one.table == record.TABLE)
        known = [*(about.name for about in columns(record)), ORIGIN]
        if one.column not in known:
            yield f"{one.table} has no column {one.column!r}{nearest(str(one.column), known)}"
    if any((one.table, one.column) == (other.table, other.column) for other in before):
        yield f"column {one.table}.{one.column} has two fields"
