"""A study for REDCap: the data dictionary, the repeating instruments, and the records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from onearm.clinical.records import TABLES, Row, Subject, columns
from onearm.errors import InputError
from onearm.format import millimetres
from onearm.io.csv import table_text
from onearm.io.redcap_dictionary import ONCE, ORIGIN
from onearm.io.redcap_forms import UNASKED, dictionary, dictionary_text
from onearm.io.redcap_import import import_text
from onearm.io.yaml import read_yaml
from onearm.pipeline.export import Content
from onearm.pipeline.study import Study, load_study
from onearm.protocol.parse import parse_protocol


def content(study: Path, formats: Sequence[str]) -> Content:
    """Return dictionary and repeating instruments; with data the records to import, too."""
    del formats  # REDCap takes CSV
    if not any((study / "data").glob("*")):
        return _of_protocol(study)
    loaded = load_study(study)
    tables = [record.TABLE for record in TABLES if loaded.tables[record.TABLE] is not None]
    fields = dictionary(loaded.protocol, tables, _levels(loaded), with_origin=bool(loaded.origins))
    rows = {name: _texts(loaded, name) for name in tables}
    records, misfits = import_text(fields, rows)
    if misfits:
        raise InputError(f"{study}: no choice of the dictionary: {', '.join(misfits[:5])}")
    texts = _texts_of(dictionary_text(fields), tables) | {"redcap-records.csv": records}
    return Content((), texts)


def _of_protocol(study: Path) -> Content:
    protocol = parse_protocol(read_yaml(study / "protocol.yaml"))
    tables = [record.TABLE for record in TABLES if record.TABLE not in UNASKED]
    return Content((), _texts_of(dictionary_text(dictionary(protocol, tables)), tables))


def _texts_of(text: str, tables: Sequence[str]) -> dict[str, str]:
    repeating = [(name, "") for name in tables if name not in ONCE]
    return {
        "redcap-dictionary.csv": text,
        "redcap-repeating.csv": table_text(("form_name", "custom_form_label"), repeating),
    }


def _levels(study: Study) -> Mapping[str, Sequence[str]]:
    """Return the values of each characteristic that the subjects have."""
    found: dict[str, set[str]] = {}
    for row in study.tables["subjects"] or ():
        for name, value in row.characteristics.items():
            if value:
                found.setdefault(name, set()).add(value)
    return {name: sorted(values) for name, values in found.items()}


def _texts(study: Study, name: str) -> list[dict[str, str]]:
    """Return the rows of a table as texts, by column."""
    record: type[Row] = next(one for one in TABLES if name == one.TABLE)
    origin = "; ".join(sorted(study.origins))
    fields = _fields(record)
    found = []
    for row in study.tables[name] or ():
        cells = {column: _text(getattr(row, field), kind) for column, field, kind in fields}
        if record is Subject:
            cells |= {key: value or "" for key, value in row.characteristics.items()}
        found.append(cells | {ORIGIN: origin})
    return found


def _fields(record: type[Row]) -> list[tuple[str, str, str]]:
    """Return each column with the field that holds it and its kind."""
    from dataclasses import fields

    held = [one for one in fields(record) if "column" in one.metadata]  # type: ignore[arg-type]
    pairs = zip(columns(record), held, strict=True)
    return [(about.name, one.name, about.kind) for about, one in pairs]


def _text(value: object, kind: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    if kind == "length" and isinstance(value, int):
        return millimetres(value)
    return value.isoformat() if isinstance(value, dt.date) else str(value)
