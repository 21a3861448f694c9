"""One cell of a table: from its text to the value that the record holds.

Takes the text of a cell and what its column declares, gives the value, or says
what is allowed. Each text of a column is worked out once and looked up from
then on. Knows no file, no row and no rule over several cells.

The rules, the same for every table:

* Blanks at both ends do not count; an empty cell is the column's default, or
  a problem where the column must be filled.
* A code is matched as it is written; another case is accepted where only one
  code has these letters (``target`` for TARGET), anything else is a problem.
* A number has a decimal point, no thousands separator and no exponent. A
  length has at most three decimals and becomes integer micrometres exactly.
* A date is complete, YYYY-MM-DD, and lies in the years 1900 to 2199.
* Yes and no are ``Y`` and ``N``; names are parted by semicolons.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from onearm.clinical.records import Column
from onearm.errors import nearest
from onearm.terms import MICROMETRES_PER_MM

_INTEGER = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,15})(\.[0-9]{1,15})?")
_LENGTH = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,3}))?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_PARTIAL_DATE = re.compile(
    r"[0-9]{4}(-([0-9]{1,2}|UN|UNK|XX|--?))?(-(UN|UNK|XX|-))?-?", re.IGNORECASE
)


class CellError(ValueError):
    """What a cell must be, in words; ``code`` is the stable name of the problem."""

    def __init__(self, code: str, allowed: str, hint: str = "") -> None:
        super().__init__(allowed)
        self.code = code
        self.allowed = allowed
        self.hint = hint


class Cells(dict[str, Any]):
    """What each text of one column means; a text is worked out when it is first seen."""

    def __init__(self, about: Column, members: Iterable[str] = ()) -> None:
        super().__init__()
        self._read = _reader(about, tuple(members) or about.codes)
        self._default = about.default
        self._is_required = about.is_required

    def __missing__(self, text: str) -> Any:
        """Work out a text that was not seen before."""
        bare = text.strip()
        if bare:
            value = self._read(bare)
        elif self._is_required:
            raise CellError("empty-cell", "must not be empty")
        else:
            value = self._default
        self[text] = value
        return value


class UnitCells(dict[str, Any]):
    """The cells of a column that says the unit of lengths: mm, and nothing else."""

    def __missing__(self, text: str) -> Any:
        """Accept mm; an empty cell says nothing."""
        if text.strip().lower() not in {"", "mm"}:
            raise CellError("wrong-unit", "must be mm, the unit of every length")
        self[text] = text
        return text


class KeyTexts(dict[Any, str]):
    """Values as they stand in a natural key; nothing is an empty text."""

    def __missing__(self, value: Any) -> str:
        """Work out a value that was not seen before."""
        text = "" if value is None else str(value)
        self[value] = text
        return text


def _reader(about: Column, members: tuple[str, ...]) -> Callable[[str], Any]:
    if about.kind == "code":
        return lambda text: _read_code(text, members)
    return _READERS[about.kind]


def _read_code(text: str, members: tuple[str, ...]) -> str:
    alike = [member for member in members if member == text] or [
        member for member in members if member.lower() == text.lower()
    ]
    if len(alike) == 1:
        return alike[0]
    codes = [str(member) for member in members]
    allowed = f"must be one of {', '.join(codes)}"
    raise CellError("unknown-code", allowed, nearest(text, codes))


def _read_text(text: str) -> str:
    if "\0" in text:
        raise CellError("not-text", "must be text without NUL characters")
    return sys.intern(text)


def _read_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise CellError("not-a-number", "must be a whole number")
    return int(text)


def _read_decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise CellError("not-a-number", "must be a number" + _point(text))
    return Decimal(text)


def _read_length(text: str) -> int:
    found = _LENGTH.fullmatch(text)
    if found:
        whole, decimals = found.groups(default="")
        return int(whole) * MICROMETRES_PER_MM + int(decimals.ljust(3, "0"))
    number = _DECIMAL.fullmatch(text)
    if not number:
        raise CellError("not-a-number", "must be a number in millimetres" + _point(text))
    if text.startswith("-"):
        raise CellError("negative-length", "must be a length in millimetres, 0 or more")
    if len(number[1]) > 6:
        raise CellError("not-a-number", "must be a length in millimetres, below 1000000")
    if text.startswith("+"):
        raise CellError("not-a-number", "must be a number in millimetres, without a sign")
    raise CellError(
        "too-many-decimals", "must have at most three decimals of a millimetre (nothing is rounded)"
    )


def _point(text: str) -> str:
    """Say that the comma is the trouble where it is the only one."""
    is_comma = text.count(",") == 1 and _DECIMAL.fullmatch(text.replace(",", "."))
    return " with a decimal point, not a comma" if is_comma else ""


def _read_date(text: str) -> dt.date:
    found = _DATE.fullmatch(text)
    if not found:
        if _PARTIAL_DATE.fullmatch(text):
            raise CellError("partial-date", "must be a complete date, YYYY-MM-DD")
        raise CellError("not-a-date", "must be a date, YYYY-MM-DD")
    year, month, day = (int(part) for part in found.groups())
    if not 1900 <= year <= 2199:
        raise CellError("impossible-date", "must be a date in the years 1900 to 2199")
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise CellError("impossible-date", "must be a date of the calendar, YYYY-MM-DD") from None


def _read_yes_no(text: str) -> bool:
    return _read_code(text, ("Y", "N")) == "Y"


def _read_names(text: str) -> tuple[str, ...]:
    return tuple(_read_text(name.strip()) for name in text.split(";") if name.strip())


_READERS: dict[str, Callable[[str], Any]] = {
    "text": _read_text,
    "integer": _read_integer,
    "decimal": _read_decimal,
    "length": _read_length,
    "date": _read_date,
    "yes-no": _read_yes_no,
    "names": _read_names,
}
