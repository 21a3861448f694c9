"""Turns values into text; the only module that rounds.

Rounding is half away from zero on decimals, once, at the end. A float counts
as the shortest decimal that names it, a fraction is exact. A profile
(``journal``, ``csr``, ``label``) decides the digits of each kind of result.
Knows no rule and computes nothing but digits.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

from onearm.terms import DAYS_PER_MONTH, MICROMETRES_PER_MM, Kind

Number = int | float | Decimal | Fraction
ProfileName = Literal["journal", "csr", "label"]

RATIO_DIGITS = 2  # kappa, a ratio of hazards
TEST_STATISTICS = ("z", "critical")
CENSORED = "censored"
"""Note of a time at an end of a range that is no event: it prints with a plus sign."""
NOT_ESTIMABLE = "NE"
NOT_REACHED = "NR"
NOT_APPLICABLE = "\N{EM DASH}"
EN_DASH = "\N{EN DASH}"
WORDS_FOR_NO_NUMBER = frozenset({"ne", "nr", "na", "not reached", "not estimable"})
DASHES = frozenset({"-", EN_DASH, "\N{EM DASH}"})
_PRINTED_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.([0-9]+))?")


class Profile(NamedTuple):
    """Digits after the decimal point, by kind of result.

    A study report prints shares as xx.x%, their limits and rates of a curve as
    xx.xx: the defaults of the R package tern, which such reports are held against.
    """

    percent_digits: int
    month_digits: int
    quantity_digits: int
    interval_separator: str
    limit_digits: int  # of percentages: limits, and rates of a curve
    not_reached: str = NOT_REACHED  # in place of a median
    test_digits: int = 3  # of a test statistic and its critical value


PROFILES: dict[ProfileName, Profile] = {
    "journal": Profile(2, 2, 1, EN_DASH, 2),
    "csr": Profile(1, 2, 1, ", ", 2, NOT_ESTIMABLE),
    "label": Profile(0, 1, 1, ", ", 0),
}


def decimal_of(value: Number) -> Decimal | Fraction:
    """Return the exact decimal (or fraction) that a number stands for."""
    if isinstance(value, Fraction):
        return value
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def rounded(value: Number, digits: int) -> Decimal:
    """Round half away from zero.

    >>> rounded(0.125, 2), rounded(Fraction(-5, 2), 0), rounded(12.5, 0)
    (Decimal('0.13'), Decimal('-3'), Decimal('13'))
    """
    exact = Fraction(decimal_of(value)) * 10**digits
    whole = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return Decimal(-whole if exact < 0 else whole).scaleb(-digits)


def number(value: Number, digits: int) -> str:
    """Return a number with a fixed count of decimals.

    >>> number(Fraction(20, 30), 3), number(-0.0004, 2)
    ('0.667', '0.00')
    """
    result = rounded(value, digits)
    return f"{abs(result) if result == 0 else result:f}"


def plain(value: int | float | Decimal) -> str:
    """Return an exact decimal without needless zeros: 18.20 is '18.2', 26.0 is '26'."""
    text = f"{decimal_of(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def significant(value: float, digits: int = 4) -> str:
    """Return a number with so many significant digits, without an exponent.

    >>> significant(0.0033172), significant(0), significant(239.02)
    ('0.003317', '0', '239')
    """
    if value == 0:
        return "0"
    place = digits - 1 - Decimal(repr(abs(value))).adjusted()
    text = number(value, max(0, place))
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(value: Number, digits: int = 2) -> str:
    """Return a proportion in [0, 1] as a percentage without the sign: 11/30 is '36.67'."""
    return number(Fraction(decimal_of(value)) * 100, digits)


def months(days: Number, digits: int = 2) -> str:
    """Return days as months of 30.4375 days: 239 days are '7.85'."""
    return number(Fraction(decimal_of(days)) / DAYS_PER_MONTH, digits)


@lru_cache(maxsize=1 << 16)  # lengths repeat, and every reason names several
def millimetres(length_um: int) -> str:
    """Return micrometres as exact millimetres: 18200 is '18.2'."""
    whole, rest = divmod(abs(length_um), MICROMETRES_PER_MM)
    sign = "-" if length_um < 0 else ""
    return f"{sign}{whole}.{rest:03d}".rstrip("0") if rest else f"{sign}{whole}"


def signed_millimetres(length_um: int) -> str:
    """Return micrometres as millimetres with their sign: 20000 is '+20'."""
    return ("+" if length_um >= 0 else "") + millimetres(length_um)


def signed_percent(part: int, whole: int, digits: int = 1) -> str:
    """Return part/whole as a percentage with its sign: 20 of 65 is '+30.8'."""
    scaled = 200 * abs(part) * 10**digits + whole
    units = scaled // (2 * whole)
    sign = "-" if part < 0 and units else "+"
    head, tail = divmod(units, 10**digits)
    return f"{sign}{head}.{tail:0{digits}d}" if digits else f"{sign}{head}"


def count_of(n: int, singular: str, plural: str | None = None) -> str:
    """Return a count with its noun: '1 day', '0 days', '2 days'."""
    return f"{n} {singular if n == 1 else plural or singular + 's'}"


class HasFileAndLine(Protocol):
    """Anything that stands on a line of a file."""

    @property
    def file(self) -> str: ...  # noqa: D102
    @property
    def line(self) -> int: ...  # noqa: D102


def source_lines(sources: Iterable[HasFileAndLine]) -> str:
    """Return sources as files with ranges of lines: 'lesions.csv:412-414, 420'."""
    lines: dict[str, set[int]] = {}
    for source in sources:
        lines.setdefault(source.file, set()).add(source.line)
    return "; ".join(f"{file}:{_ranges(sorted(of))}" for file, of in lines.items())


def _ranges(lines: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)


class ResultRow(Protocol):
    """What this module reads of a result."""

    @property
    def kind(self) -> Kind: ...  # noqa: D102
    @property
    def statistic(self) -> str: ...  # noqa: D102
    @property
    def value(self) -> float | int | None: ...  # noqa: D102
    @property
    def code(self) -> str | None: ...  # noqa: D102
    @property
    def date(self) -> dt.date | None: ...  # noqa: D102
    @property
    def unit(self) -> str | None: ...  # noqa: D102
    @property
    def note(self) -> str | None: ...  # noqa: D102


def has_number(row: ResultRow | None) -> bool:
    """Return whether a result exists and is a number, so that it can be drawn or sorted by."""
    return row is not None and row.value is not None


def by_number(row: ResultRow | None, one: str, many: str) -> str:
    """Return the words that go with a count: ``one`` with 1, ``many`` with 0, 2, 3, ..."""
    return one if row is not None and row.value == 1 else many


def exact(row: ResultRow) -> str | None:
    """Return a result unrounded, with its unit, or its code; None where it has neither.

    For the trace of a printed number, which shows what it was rounded from.
    """
    text = row.code or (None if row.value is None else plain(row.value))
    return f"{text} {row.unit or ''}".rstrip() if text else None


def result(row: ResultRow | None, profile: ProfileName = "journal") -> str:
    """Return a result as it is printed, without unit or percent sign.

    A median that was not reached is NR (in a study report NE), another missing
    number NE; a row that does not exist is an em dash. A time that is censored,
    at an end of a range, has a plus sign.
    """
    if row is None:
        return NOT_APPLICABLE
    if row.code is not None:
        return row.code
    if row.date is not None:
        return row.date.isoformat()
    if row.value is None:
        is_above = row.statistic == "median" and (row.note or "").startswith("not reached")
        return PROFILES[profile].not_reached if is_above else NOT_ESTIMABLE
    mark = "+" if row.note == CENSORED else ""
    return f"{_value(row.value, row, PROFILES[profile])}{mark}"


def _value(value: float | int, row: ResultRow, profile: Profile) -> str:
    match row.kind:
        case Kind.COUNT:
            return f"{value}"
        case Kind.PROPORTION:
            return percent(value, _share_digits(row.statistic, profile))
        case Kind.PERCENT_CHANGE:
            return number(value, profile.percent_digits)
        case Kind.DURATION:
            return months(value, profile.month_digits)
        case Kind.LENGTH:
            return plain(value)
        case Kind.P_VALUE:
            return p_value(value)
        case Kind.RATIO:
            return number(value, RATIO_DIGITS)
        case _:
            return number(value, _quantity_digits(row.statistic, profile))


def _quantity_digits(statistic: str, profile: Profile) -> int:
    return profile.test_digits if statistic in TEST_STATISTICS else profile.quantity_digits


def _share_digits(statistic: str, profile: Profile) -> int:
    """Return the decimals of a percentage: of a limit or a rate of a curve, or of a share."""
    is_limit = statistic.endswith(("lower", "upper", "limit")) or statistic.startswith("rate_")
    return profile.limit_digits if is_limit else profile.percent_digits


DAYS_IN: dict[str, Fraction] = {
    "days": Fraction(1),
    "weeks": Fraction(7),
    "months": DAYS_PER_MONTH,
}
"""The units in which a publication may print a duration."""


def like(row: ResultRow, printed: str, unit: str | None = None) -> str:
    """Return a result in the manner of a printed text, to compare the two as text.

    A number gets as many decimals as are printed. Where a word stands for a
    number that cannot be given (``NE``, ``not reached``), a result without a
    value takes the same word; where a dash stands, a zero takes the dash. If
    the printed text is of another sort than the result, the journal's manner.
    ``unit`` is that of a printed duration: days, weeks, or months by default.
    """
    if row.value is None:
        has_word = row.code is None and row.date is None
        return printed if has_word and printed.casefold() in WORDS_FOR_NO_NUMBER else result(row)
    if printed in DASHES and row.value == 0:
        return printed
    found = _PRINTED_NUMBER.fullmatch(printed)
    if found is None:
        return result(row)
    digits = len(found[1] or "")
    if row.kind in {Kind.LENGTH, Kind.P_VALUE}:
        return number(row.value, digits)
    if row.kind is Kind.DURATION and unit is not None:
        return number(Fraction(decimal_of(row.value)) / DAYS_IN[unit], digits)
    return _value(
        row.value, row, Profile(digits, digits, digits, EN_DASH, digits, test_digits=digits)
    )


def p_value(value: Number, digits: int = 3) -> str:
    """Return a p-value to so many decimals, or '<0.001'."""
    least = Fraction(1, 10**digits)
    return (
        f"<{number(least, digits)}"
        if Fraction(decimal_of(value)) < least
        else number(value, digits)
    )


def unit_of(row: ResultRow) -> str:
    """Return what follows a printed result: '%', 'months', 'mm', or its own unit."""
    match row.kind:
        case Kind.PROPORTION | Kind.PERCENT_CHANGE:
            return "%"
        case Kind.DURATION:
            return "months"
        case Kind.LENGTH:
            return "mm"
        case _:
            return row.unit or ""


def with_unit(row: ResultRow | None, profile: ProfileName = "journal") -> str:
    """Return a result with its unit: '36.67 %', '7.85 months', 'NR'."""
    text = result(row, profile)
    if row is None or row.value is None or not unit_of(row):
        return text
    return f"{text} {unit_of(row)}"


def difference(older: ResultRow, newer: ResultRow, profile: ProfileName = "journal") -> str:
    """Return by how much a result moved, in its printed unit: '+3.33 points', '-1.05 months'.

    The exact difference is rounded once. One below the printed digits reads
    'under 0.01 points'; where one of the two is no number, nothing is returned.
    """
    if older.value is None or newer.value is None or older.kind != newer.kind:
        return ""
    exact = Fraction(decimal_of(newer.value)) - Fraction(decimal_of(older.value))
    is_share = newer.kind in {Kind.PROPORTION, Kind.PERCENT_CHANGE}
    unit = "points" if is_share else unit_of(newer)
    scale, digits = _scale(newer, PROFILES[profile])
    moved = rounded(exact * scale, digits)
    if exact and not moved:
        return f"under {number(Fraction(1, 10**digits), digits)} {unit}".rstrip()
    text = plain(moved) if newer.kind == Kind.LENGTH else number(moved, digits)
    return f"{'+' if moved > 0 else ''}{text} {unit}".rstrip()


def _scale(row: ResultRow, profile: Profile) -> tuple[Fraction, int]:
    """Return what a value is multiplied with for print, and its digits."""
    match row.kind:
        case Kind.COUNT:
            return Fraction(1), 0
        case Kind.PROPORTION:
            return Fraction(100), _share_digits(row.statistic, profile)
        case Kind.PERCENT_CHANGE:
            return Fraction(1), profile.percent_digits
        case Kind.DURATION:
            return 1 / DAYS_PER_MONTH, profile.month_digits
        case Kind.LENGTH | Kind.P_VALUE:
            return Fraction(1), 3
        case Kind.RATIO:
            return Fraction(1), RATIO_DIGITS
        case _:
            return Fraction(1), _quantity_digits(row.statistic, profile)


def interval(
    lower: ResultRow | None, upper: ResultRow | None, profile: ProfileName = "journal"
) -> str:
    """Return two limits: '19.93\N{EN DASH}56.14' (journal), '19.93, 56.14' (csr)."""
    separator = PROFILES[profile].interval_separator
    return f"{result(lower, profile)}{separator}{result(upper, profile)}"


def level_text(level: float) -> str:
    """Return a confidence level: 0.95 is '95 %'."""
    return f"{plain(Decimal(repr(level)) * 100)} %"


def closed(text: str) -> str:
    r"""Return a text as documents print it: no space before a percent sign, as in a journal.

    >>> closed("36.67 % at a level of 95\N{NO-BREAK SPACE}%; ORR, %")
    '36.67% at a level of 95%; ORR, %'
    """
    return re.sub("(?<=[0-9])[ \N{NO-BREAK SPACE}]%", "%", text)


def text_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: int = 0,
    notes: Sequence[str] = (),
) -> str:
    """Return lines with aligned columns; the last ``numeric`` columns align right.

    With ``notes``, one a row, each stands indented below its row.
    """
    body = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in body) for i in range(len(header))]
    first_numeric = len(header) - numeric

    def line(cells: Sequence[str]) -> str:
        parts = [
            cell.rjust(width) if i >= first_numeric else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(parts).rstrip()

    lines = [line(body[0]), "  ".join("-" * width for width in widths)]
    for i, row in enumerate(body[1:]):
        lines.append(line(row))
        if notes:
            lines.append(f"    {notes[i]}")
    return "\n".join(lines)
