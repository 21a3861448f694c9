"""Values of a scenario with their units: rates a day, lengths in millimetres, probabilities.

Reads what stands in the file, refuses what has no unit or is out of range.
Knows no section of a scenario.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import PlainValidator

from onearm.terms import DAYS_PER_MONTH

_RATE = re.compile(r"(\d+(?:\.\d+)?) per (day|week|month|year)")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?) mm")
_A_DAY = {
    "day": 1.0,
    "week": 1 / 7,
    "month": float(1 / DAYS_PER_MONTH),
    "year": float(1 / (12 * DAYS_PER_MONTH)),
}


def read_rate(found: object) -> float:
    """Read `0.05 per month` as a rate a day."""
    match = _RATE.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None:
        raise ValueError("must be a rate with its unit, such as '0.05 per month'")
    return float(match[1]) * _A_DAY[match[2]]


def read_length(found: object) -> float:
    """Read `35 mm` as millimetres."""
    match = _LENGTH.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None or float(match[1]) <= 0:
        raise ValueError("must be a length above 0 with its unit, such as '35 mm'")
    return float(match[1])


def _number(found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, int | Decimal):
        raise ValueError("must be a number")
    return float(found)


def _chance(found: object) -> float:
    number = _number(found)
    if not 0 <= number <= 1:
        raise ValueError("must be a probability between 0 and 1")
    return number


def _not_negative(found: object) -> float:
    number = _number(found)
    if number < 0:
        raise ValueError("must be at least 0")
    return number


Rate = Annotated[float, PlainValidator(read_rate)]
Length = Annotated[float, PlainValidator(read_length)]
Chance = Annotated[float, PlainValidator(_chance)]
Ratio = Annotated[float, PlainValidator(_not_negative)]
