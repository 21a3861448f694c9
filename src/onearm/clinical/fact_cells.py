"""One cell of a facts file: from its text to what it means, or what is allowed.

A date may be partial; a number has a decimal point and its unit; a word is one
of those that are known. Each text is worked out once. Knows no file and no row.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache

from onearm.clinical.body import WEIGHT
from onearm.clinical.facts import EARLIEST, LATEST, Days, Measure
from onearm.clinical.units import find_analyte, implausible, unit_of
from onearm.errors import InputError, nearest
from onearm.protocol.criteria import AMOUNT_UNITS, FactKind
from onearm.protocol.forms import Fact

YES_NO = {"y": True, "n": False}
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_NUMBER = re.compile(r"(<=|>=|<|>)? *([0-9]{1,15}(?:\.[0-9]{1,15})?)")
_WITH_UNIT = re.compile(r"([0-9.,<>= ]+?) *([^0-9.,<>= ].*)")


class FactError(ValueError):
    """What a cell must be, in words."""


@cache
def read_days(text: str) -> Days:
    """Read a date, complete or partial.

    >>> str(read_days("2024-02")), read_days("2024-02").last.day
    ('2024-02', 29)
    """
    found = _DATE.fullmatch(text)
    if found is None:
        raise FactError(f"must be a date, YYYY-MM-DD, YYYY-MM or YYYY; got {text!r}")
    year, month, day = (int(part) if part else None for part in found.groups())
    try:
        first = dt.date(year or 0, month or 1, day or 1)
    except ValueError:
        raise FactError(f"must be a date of the calendar; got {text!r}") from None
    if not EARLIEST <= first <= LATEST:
        raise FactError(f"must be a date in the years 1900 to 2199; got {text!r}")
    if day:
        return Days(first, first)
    end = month or 12
    return Days(first, dt.date(first.year, end, calendar.monthrange(first.year, end)[1]))


@cache
def read_number(text: str) -> tuple[str, Decimal]:
    """Read a number, perhaps with `<` or `>` before it."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        comma = " with a decimal point, not a comma" if _NUMBER.fullmatch(_pointed(text)) else ""
        raise FactError(f"must be a number{comma}; got {text!r}")
    return found[1] or "", Decimal(found[2])


def _pointed(text: str) -> str:
    return text.replace(",", ".") if text.count(",") == 1 else ""


@cache
def lab_value(test: str, value: str, unit: str, confirmed: bool) -> Measure | str:
    """Read a laboratory result: a number with its unit, or a word."""
    analyte = find_analyte(test)
    assert analyte is not None
    if analyte.words:
        return _word(value, analyte.words)
    number, unit = _apart(value, unit)
    sign, found = read_number(number)
    if not unit:
        raise FactError(f"needs its unit, one of {', '.join(analyte.units)}; got {value!r} alone")
    try:
        known = unit_of(unit, test)
        problem = implausible(found, known, test) if not confirmed and not sign else None
    except InputError as error:
        raise FactError(str(error)) from None
    if problem:
        raise FactError(f"must be a value of a living person; {problem}")
    return Measure(Fraction(found), known, sign, number)


def _apart(value: str, unit: str) -> tuple[str, str]:
    """Part `12 mm` into number and unit, where the unit does not stand apart."""
    found = _WITH_UNIT.fullmatch(value) if not unit else None
    return (found[1], found[2]) if found else (value, unit)


@cache
def _amount(value: str, unit: str, wanted: str) -> Measure:
    units = next(units for units in AMOUNT_UNITS.values() if wanted in units)
    number, unit = _apart(value, unit)
    sign, found = read_number(number)
    if not unit:
        raise FactError(f"needs its unit, {_either(units)}; got {value!r} alone")
    if unit not in units:
        copies = " (how many copies an IU is, its assay says)" if unit == "IU/mL" else ""
        raise FactError(f"unit must be {_either(units)}; got {unit!r}{copies}")
    kilograms = Fraction(found) * units[unit]
    if wanted == "kg" and not WEIGHT.lowest <= kilograms <= WEIGHT.highest:
        allowed = f"between {WEIGHT.lowest} and {WEIGHT.highest} kg"
        raise FactError(f"must be a weight {allowed}; got {number} {unit}")
    return Measure(Fraction(found), unit, sign, number)


def _either(names: Iterable[str]) -> str:
    known = list(names)
    return known[0] if len(known) == 1 else f"one of {', '.join(known)}"


def _word(value: str, words: Sequence[str]) -> str:
    for word in words:
        if word.casefold() == value.casefold():
            return word
    hint = nearest(value, words)
    raise FactError(f"must be one of {', '.join(words)}; got {value!r}{hint}")


def fact_value(fact: Fact, text: str, unit: str) -> bool | str | frozenset[str] | Decimal | Measure:
    """Read the value of a fact that is no date, sample, event or judgement."""
    match fact.kind:
        case FactKind.YES_NO:
            found = YES_NO.get(text.casefold())
            if found is None:
                raise FactError(f"must be Y or N; got {text!r}")
            return found
        case FactKind.WORD:
            return _word(text, fact.words)
        case FactKind.WORDS:
            return frozenset(
                _word(word.strip(), fact.words) for word in text.split(";") if word.strip()
            )
        case FactKind.NUMBER:
            sign, number = read_number(text)
            if sign:
                raise FactError(f"must be a number; got {text!r}")
            return number
        case _:
            return _amount(text, unit, fact.unit)


@cache
def limit_number(text: str, what: str) -> Fraction:
    """Read a limit of normal."""
    sign, number = read_number(text)
    if sign:
        raise FactError(f"{what} must be a number in the unit of the value; got {text!r}")
    return Fraction(number)
