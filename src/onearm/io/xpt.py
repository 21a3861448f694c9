"""SAS transport files, version 5: one data set to a file and back.

Written by pyreadstat behind the guards that it lacks (``io.dataset``), with the
time stamp that the caller gives. The layout of a file is checked before it is
read: a cut file has a part of a record left over. A missing number is ``None``;
a text that is missing and one that is empty are the same in this format, and
come back as ``""``. Numbers are IBM floats; what is whole in all rows stays a
float.

Layout: SAS Institute, "The record layout of a data set in SAS transport
(XPORT) format", TS-140.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from pathlib import Path
from typing import Any

from onearm.io.dataset import (
    MADE,
    Dataset,
    Kind,
    Value,
    Variable,
    check_size,
    check_transport,
    checked,
    needs_extra,
    refuse,
)

MAGIC = b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!"
MAGIC_8 = b"HEADER RECORD*******LIBV8"
_RECORD, _NAMESTR = 80, 140
_MEMBER = b"HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!"
_NAMES = b"HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!"
_OBS = b"HEADER RECORD*******OBS     HEADER RECORD!!!!!!!"
_STAMP = re.compile(rb"\d\d[A-Z]{3}\d\d:\d\d:\d\d:\d\d")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_EPOCH = dt.datetime.fromisoformat("1960-01-01T00:00:00")
_LARGEST, _SMALLEST = 7.2e75, 5.4e-79
_FORMATS = {"date": "DATE9", "datetime": "DATETIME19"}


def write_xpt(dataset: Dataset, path: Path, *, made: dt.datetime = MADE) -> None:
    """Write one data set; ``made`` is the time stamp of the file.

    Raises
    ------
    InputError
        With every name, label, text or number that the format cannot hold, and
        what to do about it; or if the extra cdisc is not installed.
    """
    checked(check_transport(dataset))
    _check_numbers(dataset)
    try:
        import polars
        import pyreadstat
    except ImportError:
        raise needs_extra("XPT") from None
    types = {
        "text": polars.String, "integer": polars.Float64, "float": polars.Float64,
        "date": polars.Date, "datetime": polars.Datetime,
    }  # fmt: skip
    frame = polars.DataFrame(
        [
            polars.Series(variable.name, column, dtype=types[variable.kind], strict=False)
            for variable, column in zip(dataset.variables, dataset.columns, strict=True)
        ]
    )
    pyreadstat.write_xport(
        frame,
        path,
        file_label=dataset.label,
        column_labels={variable.name: variable.label for variable in dataset.variables},
        table_name=dataset.name,
        file_format_version=5,
        variable_format={
            variable.name: _FORMATS[variable.kind]
            for variable in dataset.variables
            if variable.kind in _FORMATS
        },
    )
    _stamp(path, made)


def _check_numbers(dataset: Dataset) -> None:
    for variable, column in zip(dataset.variables, dataset.columns, strict=True):
        if variable.kind not in ("integer", "float"):
            continue
        for row, value in enumerate(column, 1):
            if value and not _SMALLEST <= abs(float(value)) <= _LARGEST:  # type: ignore[arg-type]
                message = f"{variable.name} is beyond the numbers of this format; got {value}"
                raise refuse(dataset.name, "transport-value", message, row)
            if variable.kind == "integer" and abs(value or 0) > 2**53:  # type: ignore[arg-type]
                message = f"{variable.name} must be at most 2**53 to stay exact; got {value}"
                raise refuse(dataset.name, "transport-value", message, row)


def _stamp(path: Path, made: dt.datetime) -> None:
    """Set the four times of the two headers, which stand at fixed places."""
    text = f"{made:%d}{_MONTHS[made.month - 1]}{made:%y:%H:%M:%S}".encode()
    with path.open("r+b") as file:
        head = file.read(9 * _RECORD)
        file.seek(0)
        file.write(_STAMP.sub(text, head))


def read_xpt(path: Path) -> Dataset:
    """Read the one data set of a file.

    Raises
    ------
    InputError
        If the file is cut, broken, of version 8, holds several data sets or a
        text that is not UTF-8; or if the extra cdisc is not installed.
    """
    content = path.read_bytes()
    if content.startswith(MAGIC_8):
        raise refuse(path, "xpt-version", "an XPT of version 8; version 5 is read")
    if not content.startswith(MAGIC):
        raise refuse(path, "xpt-broken", "no SAS transport file")
    _check_layout(path, content)
    try:
        import pyreadstat
    except ImportError:
        raise needs_extra("XPT") from None
    problems = (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, TypeError)
    try:
        columns, about = pyreadstat.read_xport(
            path, output_format="dict", disable_datetime_conversion=True
        )
    except UnicodeError:
        message = "holds text that is not UTF-8; have it written again in UTF-8 or ASCII"
        raise refuse(path, "xpt-encoding", message) from None
    except problems as problem:
        raise refuse(path, "xpt-broken", f"cannot be read: {problem}") from None
    variables = [
        Variable(name, label or "", _kind(about, name), about.variable_storage_width[name])
        for name, label in zip(about.column_names, about.column_labels, strict=True)
    ]
    return Dataset(
        (about.table_name or "").strip(),
        (about.file_label or "").strip(),
        tuple(variables),
        tuple(_values(path, variable, columns[variable.name]) for variable in variables),
    )


def _check_layout(path: Path, content: bytes) -> None:
    """Refuse what pyreadstat would read as far as it goes: a cut file, several data sets."""
    if len(content) % _RECORD:
        raise refuse(path, "xpt-broken", "the file is cut: its length is no multiple of 80 bytes")
    at = content.find(_NAMES)
    count = content[at + 54 : at + 58]
    if at < 0 or at % _RECORD or not count.isdigit() or not content[3 * 80 :].startswith(_MEMBER):
        raise refuse(path, "xpt-broken", "the headers of the data set are broken")
    names = at + _RECORD
    ends = names + -(-int(count) * _NAMESTR // _RECORD) * _RECORD
    if not content.startswith(_OBS, ends):
        raise refuse(path, "xpt-broken", "the file is cut or broken before its first row")
    width = 0
    for start in range(names, names + int(count) * _NAMESTR, _NAMESTR):
        width += int.from_bytes(content[start + 4 : start + 6], "big")
    data = len(content) - ends - _RECORD
    if width == 0:
        raise refuse(path, "xpt-broken", "the data set has no variable")
    check_size(path, data // width, int(count))
    if content[len(content) - data % width :].strip(b" ") and data % width:
        message = f"the file is cut: its last row has {data % width} of {width} bytes"
        raise refuse(path, "xpt-broken", message)
    again = content.find(_MEMBER, ends)
    if again >= 0 and again % _RECORD == 0:
        raise refuse(path, "xpt-several", "the file holds several data sets; one a file is read")


def _kind(about: Any, name: str) -> Kind:
    if about.readstat_variable_types[name] == "string":
        return "text"
    shown = (about.original_variable_types[name] or "").upper()
    if shown.startswith(("DATETIME", "E8601DT", "B8601DT")):
        return "datetime"
    if shown.startswith(("DATE", "E8601DA", "B8601DA", "YYMMDD", "DDMMYY", "MMDDYY")):
        return "date"
    return "float"


def _values(path: Path, variable: Variable, found: list[Any]) -> tuple[Value, ...]:
    if variable.kind == "text":
        return tuple(found)
    if variable.kind == "float":
        for row, number in enumerate(found, 1):
            if number is not None and not math.isfinite(number):
                message = f"{variable.name} holds bytes that are no number"
                raise refuse(path, "xpt-broken", message, row)
        return tuple(found)
    try:
        if variable.kind == "date":
            return tuple(
                None if day is None else (_EPOCH + dt.timedelta(days=day)).date() for day in found
            )
        return tuple(None if s is None else _EPOCH + dt.timedelta(seconds=s) for s in found)
    except (OverflowError, ValueError):
        message = f"{variable.name} holds a {variable.kind} that no calendar has"
        raise refuse(path, "xpt-broken", message) from None
