"""A number of another program beside ours: whether the two agree, and to how many digits.

Takes a result and the text that the program gave, says whether they agree.
Knows no file.

The rules:

* The value is taken in the unit that is stated. Without one it is in the unit
  of the results: days, a proportion in [0, 1]. Nothing is converted unasked.
* A number is compared to the decimals in which it stands, or to those that are
  stated: ours, rounded once, half away from zero, is theirs or is not.
* A number with ten or more significant digits and no stated decimals is not
  rounded by anybody: it agrees when it lies within 1e-9 of ours, relative.
* A word for no number (NA, NE, NR, a full stop, ...) agrees with a result that
  has none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from onearm.errors import ResultError
from onearm.format import WORDS_FOR_NO_NUMBER, decimal_of, number, plain, result, rounded
from onearm.results.model import Row
from onearm.terms import DAYS_PER_MONTH, Kind

MANY_DIGITS = 10
RELATIVE = Fraction(1, 10**9)
DIGITS_SHOWN = 4
"""Decimals of ours beside a word for no number."""

NO_NUMBER = WORDS_FOR_NO_NUMBER | {".", "nan", "inf"}
"""What programs write where there is no number, or a limit that is not reached."""

UNITS: dict[Kind, dict[str, Fraction]] = {
    Kind.DURATION: {"days": Fraction(1), "months": 1 / DAYS_PER_MONTH},
    Kind.PROPORTION: {"proportion": Fraction(1), "percent": Fraction(100)},
    Kind.PERCENT_CHANGE: {"percent": Fraction(1), "proportion": Fraction(1, 100)},
}
"""By kind: each unit, and what our value is multiplied with; the first is ours."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")

_BELOW = re.compile(r"<0?\.[0-9]+")


@dataclass(frozen=True, slots=True)
class Agreement:
    """A number of another program beside ours.

    ``ours`` is our number as it was compared, ``manner`` how: ``2 decimals``,
    ``relative 1e-9``, ``as text``, ``below`` (a p-value printed as <0.001),
    ``no number``. ``note`` tells what a reader
    who sees a difference should know.
    """

    row: Row
    ours: str
    unit: str | None
    manner: str
    agrees: bool
    note: str | None


def agreement(
    row: Row, value: str, *, digits: int | None = None, unit: str | None = None
) -> Agreement:
    """Compare one number of another program with our result.

    Parameters
    ----------
    row
        Our result.
    value
        What the other program gave, as it stands.
    digits
        Decimals to compare; by default those of ``value``.
    unit
        ``days``, ``months``, ``percent`` or ``proportion``; by default ours.

    Raises
    ------
    ResultError
        If the unit is none of this kind of result, or ``value`` no number
        where ours is one.

    Examples
    --------
    >>> orr = Row("orr/all/estimate", "orr", "default", "treated", "all", None, "estimate",
    ...           Kind.PROPORTION, 11 / 30)
    >>> agreement(orr, "36.67", unit="percent").agrees, agreement(orr, "0.3666").agrees
    (True, False)
    """
    factor, unit = _factor(row, unit)
    if row.code is not None or row.date is not None:
        ours = result(row)
        return Agreement(row, ours, unit, "as text", ours == value, None)
    if row.kind == Kind.P_VALUE and row.value is not None and _BELOW.fullmatch(value):
        agrees = _exact(row) < Fraction(value[1:])
        return Agreement(row, plain(row.value), unit, "below", agrees, None)
    is_none = value.casefold() in NO_NUMBER
    if not is_none:
        _check_number(row, value)
    if row.value is None:
        return Agreement(row, result(row), unit, "no number", is_none, row.note)
    exact = _exact(row) * factor
    if is_none:
        ours = number(exact, DIGITS_SHOWN if digits is None else digits)
        return Agreement(row, ours, unit, "no number", False, None)
    theirs = Decimal(value)
    if digits is None and _has_many_digits(theirs):
        return _relative(row, theirs, exact, unit)
    return _rounded(row, theirs, exact, unit, _decimals(theirs) if digits is None else digits)


def _factor(row: Row, unit: str | None) -> tuple[Fraction, str | None]:
    """Return what to multiply ours with, and the unit in which the two then are."""
    units = UNITS.get(row.kind, {})
    if unit is None:
        return Fraction(1), next(iter(units), row.unit)
    if unit not in units:
        allowed = f"must be {' or '.join(units)}" if units else "must be left empty"
        raise ResultError(f"unit {allowed} for {row.id}, a {_words(row)}; got {unit!r}")
    return units[unit], unit


def _words(row: Row) -> str:
    return row.kind.replace("_", " ")


def _check_number(row: Row, value: str) -> None:
    if _NUMBER.fullmatch(value):
        return
    hint = ""
    if _NUMBER.fullmatch(value.replace(",", ".", 1)):
        hint = " with a decimal point, not a comma"
    elif _NUMBER.fullmatch(value.removesuffix("%").strip()):
        hint = " without a percent sign (state the unit percent)"
    raise ResultError(f"value must be a number{hint}; got {value!r} for {row.id}")


def _exact(row: Row) -> Fraction:
    return Fraction(decimal_of(row.value or 0))


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -int(exponent))


def _has_many_digits(value: Decimal) -> bool:
    return len(value.as_tuple().digits) >= MANY_DIGITS and _decimals(value) > 0


def _relative(row: Row, theirs: Decimal, exact: Fraction, unit: str | None) -> Agreement:
    distance = abs(Fraction(theirs) - exact)
    agrees = distance <= RELATIVE * max(abs(Fraction(theirs)), abs(exact))
    note = None if agrees else _other_unit(row, theirs, None, unit)
    return Agreement(row, number(exact, _decimals(theirs)), unit, "relative 1e-9", agrees, note)


def _rounded(
    row: Row, theirs: Decimal, exact: Fraction, unit: str | None, digits: int
) -> Agreement:
    agrees = rounded(exact, digits) == rounded(theirs, digits)
    manner = "1 decimal" if digits == 1 else f"{digits} decimals"
    note = None if agrees else _tie(theirs, exact, digits) or _other_unit(row, theirs, digits, unit)
    return Agreement(row, number(exact, digits), unit, manner, agrees, note)


def _tie(theirs: Decimal, exact: Fraction, digits: int) -> str | None:
    if 2 * abs(Fraction(theirs) - exact) * 10**digits != 1:
        return None
    return "our number lies exactly half-way, and is rounded away from zero"


def _other_unit(row: Row, theirs: Decimal, digits: int | None, unit: str | None) -> str | None:
    """Say in which other unit the two would agree."""
    for name, factor in UNITS.get(row.kind, {}).items():
        exact = _exact(row) * factor
        places = _decimals(theirs) if digits is None else digits
        if name != unit and exact and rounded(exact, places) == rounded(theirs, places):
            return f"would agree in {name}: state the unit"
    return None
