"""From rows by variable name to a typed table: order, sequence numbers, types, long texts.

Takes rows and the metadata of their data set, gives a ``Dataset``. Knows no
derivation.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import count

from onearm.clinical.records import known_day
from onearm.io.adam_metadata import DataSetAbout, VariableAbout
from onearm.io.dataset import TEXT_BYTES, Dataset, Value, Variable

Row = dict[str, object]
SEQUENCES = ("ASEQ", "AESEQ")
REASON = "AREASON"
SDTM_VARIABLES = {
    "TR": "TRORRES", "AE": "AETERM", "EX": "EXDOSE", "EC": "ECDOSE", "LB": "LBORRES",
}  # fmt: skip
"""Where a domain of SDTM holds what an analysis value comes from."""

STEM = "STEM"
"""Holds the parameter that a record is described by, where PARAMCD has a number or a mark."""


def numbered(about: DataSetAbout, rows: Iterable[Row]) -> list[Row]:
    """Return the rows in the order of the natural key, numbered within each subject."""
    keys = [key for key in about.keys if key not in SEQUENCES]
    ordered = sorted(rows, key=lambda row: [_rank(row.get(key)) for key in keys])
    name = next((one for one in SEQUENCES if one in about.variables), None)
    if name is not None:
        counters: dict[object, count[int]] = {}
        for row in ordered:
            row[name] = next(counters.setdefault(row["USUBJID"], count(1)))
    return ordered


def _rank(value: object) -> tuple[bool, str, float]:
    """Missing first; numbers by size, dates by day, texts by their letters."""
    if isinstance(value, dt.date):
        return True, "", value.toordinal()
    if isinstance(value, int | float):
        return True, "", value
    return value is not None, str(value or ""), 0


def as_dataset(
    about: DataSetAbout, rows: Sequence[Row], more: Sequence[VariableAbout] = ()
) -> tuple[Dataset, tuple[VariableAbout, ...]]:
    """Return the table with the variables that it has, in order.

    A reason of more than 200 bytes goes on in further variables, as texts do in
    a transport file.
    """
    variables = [*about.variables.values(), *more]
    columns: dict[str, list[Value]] = {
        one.name: [_typed(row.get(one.name), one) for row in rows] for one in variables
    }
    if REASON in columns:
        variables += _continued(about.variables[REASON], columns)
    keys = {name: n for n, name in enumerate(about.keys, 1)}
    kept = tuple(
        Variable(one.name, one.label, one.kind, _length(one, columns[one.name]), keys.get(one.name))
        for one in variables
    )
    data = tuple(columns[one.name] for one in variables)
    return Dataset(about.name, about.label, kept, data), tuple(variables)


def _typed(value: object, about: VariableAbout) -> Value:
    if value is None or value == "":
        return None
    if isinstance(value, dt.date):
        value = known_day(value)
    if about.kind == "float":
        assert isinstance(value, int | float | Decimal)
        return float(value)
    if about.kind == "text":
        return str(value)
    assert value is None or isinstance(value, int | dt.date)
    return value


def _length(about: VariableAbout, column: Sequence[Value]) -> int | None:
    if about.kind != "text":
        return None
    return max((len(str(text).encode()) for text in set(column) if text is not None), default=1)


def _continued(about: VariableAbout, columns: dict[str, list[Value]]) -> list[VariableAbout]:
    """Cut the reasons into pieces of at most 200 bytes; return the further variables."""
    pieces = [_pieces(str(text or "")) for text in columns[about.name]]
    columns[about.name] = [own[0] or None for own in pieces]
    found = []
    for n in range(1, max(map(len, pieces), default=1)):
        name = f"{about.name}{n}"
        columns[name] = [own[n] if n < len(own) else None for own in pieces]
        found.append(replace(about, name=name, label=f"{about.label} {n}"))
    return found


def _pieces(text: str) -> list[str]:
    """Cut a text between words, each piece at most 200 bytes in UTF-8."""
    pieces, current = [], ""
    for word in text.split(" "):
        longer = f"{current} {word}" if current else word
        if current and len(longer.encode()) > TEXT_BYTES:
            pieces.append(current)
            current = word
        else:
            current = longer
    return [*pieces, current]


def flag(is_set: object) -> str | None:
    """Return Y, or nothing."""
    return "Y" if is_set else None


def yes_no(is_set: bool | None) -> str | None:
    """Return Y or N, or nothing where it is not known."""
    return None if is_set is None else "Y" if is_set else "N"


def study_day(day: dt.date | None, start: dt.date | None) -> int | None:
    """Return the study day: ``day - start + 1`` from the start on, else ``day - start``."""
    if day is None or start is None or known_day(day) is None:
        return None
    days = (day - start).days
    return days + 1 if days >= 0 else days


def coded(stem: str, suffix: str) -> str:
    """Return a parameter code of at most 8 characters.

    >>> coded("NLDIAM", "10B"), coded("OVR", "B")
    ('NLDIA10B', 'OVRB')
    """
    return stem[: 8 - len(suffix)] + suffix


def source_of(record: object, variable: str) -> Row:
    """Return SRCDOM, SRCVAR and SRCSEQ of a record of the study: its table, column and line.

    Of a study whose data are SDTM it is the domain, its variable and the row.
    """
    source = getattr(record, "source", None)
    if source is None or not source.file:
        return {}
    name = source.file.rpartition("/")[2].partition(".")[0].upper()
    held = SDTM_VARIABLES.get(name, variable)
    return {"SRCDOM": name, "SRCVAR": held, "SRCSEQ": source.line}
