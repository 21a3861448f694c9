"""The data dictionary of a study for REDCap: an instrument a table, a field a column.

Takes a protocol and the tables that a study collects, gives the fields with their
choices, ranges, validation and branching, and the CSV that REDCap takes. Reads nothing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from onearm.clinical.records import TABLES, Column, Row, Subject, columns
from onearm.errors import InputError
from onearm.io.redcap_dictionary import HEADER, ORIGIN, PREFIXES, RECORD, RedcapField
from onearm.protocol.model import Protocol

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
VALIDATIONS = {
    "date": "date_ymd", "integer": "integer", "decimal": "number", "length": "number",
}  # fmt: skip


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
        elif about.name == "cohort":
            cohorts = [cohort.id for cohort in protocol.cohorts]
            yield _field(record.TABLE, about, _numbered(cohorts), "radio")
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
    """Return the dictionary as the CSV that REDCap takes.

    Raises
    ------
    InputError
        If a choice holds what REDCap parts choices by.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for one in fields:
        if parted := [label for label in one.choices.values() if "|" in label]:
            words = "REDCap parts choices by '|', which no value may hold"
            raise InputError(f"{one.table}.{one.column}: {words}; got {parted[0]!r}")
        choices = " | ".join(f"{code}, {label}" for code, label in one.choices.items())
        note = f"onearm: {one.table}.{one.column}" if one.table else ""
        writer.writerow([
            one.name, one.form, "", one.kind, one.label, choices, "", one.validation, one.least,
            one.most, "", one.branching, "y" if one.is_required else "", "", "", "", "", note,
        ])  # fmt: skip
    return text.getvalue()
