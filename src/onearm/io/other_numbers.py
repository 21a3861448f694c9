"""A CSV of another program's numbers, to set beside ours.

Takes a file whose rows name a result and give its number, by the columns
``id,value`` or ``analysis,group,statistic,value``; gives the rows as they
stand, with every problem told at once, by file and line. Does not know our
results: whether one exists, and whether a value suits it, is for the
comparison to say.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from onearm.errors import Finding, InputError, Place, nearest

NAMES = ("analysis", "group", "statistic")
OF_NAMES = ("variant", "item")
ABOUT = ("digits", "unit", "program", "source")
COLUMNS = ("id", *NAMES, "value", *OF_NAMES, *ABOUT)
UNITS = ("days", "months", "percent", "proportion")
DEFAULT_VARIANT = "default"
MOST_DIGITS = 15
_DIGITS = re.compile(r"[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class OtherNumber:
    """One number of another program.

    ``id`` names our result; ``value`` is the text as it stands; ``digits`` the
    decimals to compare, and ``unit`` the unit of the value, where stated.
    """

    id: str
    value: str
    digits: int | None
    unit: str | None
    program: str
    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class OtherNumbers:
    """The numbers of a file in its order; ``left_out`` names columns that are not read."""

    numbers: tuple[OtherNumber, ...]
    left_out: tuple[str, ...]


def read_other_numbers(path: Path) -> OtherNumbers:
    """Read a CSV of another program's numbers.

    Raises
    ------
    InputError
        With every problem of the file, each with its line: a missing or
        misspelt column, an empty cell, an unknown unit, a result that a
        program gives twice.
    """
    rows = _rows(path)
    top, names = next(rows)
    header = [name.strip() for name in names]
    findings = [_finding(path, top, message) for message in _header_problems(header)]
    if findings:
        raise InputError(findings)
    numbers: dict[tuple[str, str], OtherNumber] = {}
    for line, cells in rows:
        problems = list(_row_problems(header, cells))
        if not problems:
            number = _number(dict(zip(header, map(str.strip, cells), strict=True)), path, line)
            first = numbers.setdefault((number.id, number.program), number)
            if first is not number:
                whose = f" of {number.program}" if number.program else ""
                problems.append(
                    f"{number.id}{whose} stands here again; first in line {first.place.line}"
                )
        findings += [_finding(path, line, message) for message in problems]
    if not numbers and not findings:
        findings = [_finding(path, top, "holds a header and no number")]
    if findings:
        raise InputError(findings)
    left_out = tuple(name for name in header if name not in COLUMNS)
    return OtherNumbers(tuple(numbers.values()), left_out)


def _finding(path: Path, line: int | None, message: str) -> Finding:
    return Finding("error", "other-numbers", message, Place(path.name, line))


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the physical line on which a row starts, and its cells; empty rows count as none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise InputError([_finding(path, None, "is not UTF-8 text")]) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start, count = 1, 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield start, row
                count += 1
            start = reader.line_num + 1
    except csv.Error as error:
        raise InputError([_finding(path, start, f"the row cannot be read: {error}")]) from None
    if not count:
        raise InputError([_finding(path, None, "is empty")])


def _header_problems(header: Sequence[str]) -> Iterator[str]:
    if len(header) == 1 and header[0].count(";") >= 1:
        yield "columns must be parted by commas; got semicolons"
        return
    for name in dict.fromkeys(name for name in header if header.count(name) > 1):
        yield f"the column {name!r} stands twice"
    missing = [name for name in _required(header) if name not in header]
    for name in missing:
        yield f"the column {name!r} is missing{nearest(name, set(header) - set(COLUMNS))}"
    if "id" in header and (also := [n for n in (*NAMES, *OF_NAMES) if n in header]):
        yield f"must name a result by id or by {', '.join(NAMES)}, not both; got {', '.join(also)}"
    for name in header:
        if not missing and name not in COLUMNS and (hint := nearest(name, COLUMNS)):
            yield f"{name!r} is no column that is read{hint}"


def _required(header: Sequence[str]) -> tuple[str, ...]:
    has_names = "id" not in header and any(name in header for name in NAMES)
    return (*NAMES, "value") if has_names else ("id", "value")


def _row_problems(header: Sequence[str], cells: Sequence[str]) -> Iterator[str]:
    if len(cells) != len(header):
        yield f"must have {len(header)} cells, as the header has; got {len(cells)}"
        return
    found = dict(zip(header, map(str.strip, cells), strict=True))
    for name in _required(header):
        if not found[name]:
            also = "; write NA where the program gives none" if name == "value" else ""
            yield f"{name} must not be empty{also}"
    digits, unit = found.get("digits", ""), found.get("unit", "")
    if digits and not (_DIGITS.fullmatch(digits) and int(digits) <= MOST_DIGITS):
        yield f"digits must be a whole number from 0 to {MOST_DIGITS}; got {digits!r}"
    if unit and unit not in UNITS:
        yield f"unit must be one of {', '.join(UNITS)}; got {unit!r}{nearest(unit, UNITS)}"


def _number(cells: dict[str, str], path: Path, line: int) -> OtherNumber:
    return OtherNumber(
        cells.get("id") or _id(cells),
        cells["value"],
        int(cells["digits"]) if cells.get("digits") else None,
        cells.get("unit") or None,
        cells.get("program", ""),
        cells.get("source", ""),
        Place(path.name, line),
    )


def _id(cells: dict[str, str]) -> str:
    """Return the id that names make: ``analysis[.variant]/group[/item]/statistic``.

    >>> _id({"analysis": "orr", "variant": "wilson", "group": "all", "statistic": "lower"})
    'orr.wilson/all/lower'
    """
    variant = cells.get("variant", "")
    analysis = cells["analysis"]
    if variant and variant != DEFAULT_VARIANT:
        analysis = f"{analysis}.{variant}"
    parts = (analysis, cells["group"], cells.get("item", ""), cells["statistic"])
    return "/".join(part for part in parts if part)
