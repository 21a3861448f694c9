"""Files of REDCap as rows of text, whichever separator and line ends they have.

REDCap lets the user choose the separator, and a spreadsheet may put in its own:
the one under which the header is as expected is taken. UTF-8 only, with or
without a byte order mark. Knows no field.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from onearm.io.csv import FileRows
from onearm.io.dataset import refuse

SEPARATORS = (",", ";", "\t", "|", "^")
"""Those that REDCap offers; the comma is its default."""


class Sheet(NamedTuple):
    """A header with the rows below it, each with the line at which it starts."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    separator: str


def read_sheet(path: Path, code: str, is_header: Callable[[Sequence[str]], bool]) -> Sheet:
    """Read a file by the first separator under which its header is the one expected.

    Where none is, the file is read by commas, and what is amiss is for the caller to say.

    Raises
    ------
    InputError
        If the file cannot be read: one line that says where and why.
    """
    for separator in SEPARATORS:
        if is_header(_header(FileRows(path, separator))):
            return _read(path, code, separator)
    return _read(path, code, SEPARATORS[0])


def _header(rows: FileRows) -> list[str]:
    return [name.strip() for name in next(rows, [])]


def _read(path: Path, code: str, separator: str) -> Sheet:
    source = FileRows(path, separator)
    header = _header(source)
    rows = []
    start = source.line_num + 1
    for row in source:
        if any(map(str.strip, row)):
            rows.append((start, row))
        start = source.line_num + 1
    if source.problem:
        _, message, line = source.problem
        hint = "; a spreadsheet saves it as 'CSV UTF-8'" if "UTF-8" in message else ""
        raise refuse(path, code, message + hint, line)
    return Sheet(header, rows, separator)
