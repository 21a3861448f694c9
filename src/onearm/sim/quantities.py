"""Values of a scenario with their units: rates a day, lengths in millimetres, probabilities.

Reads what stands in the file, refuses what has no unit or is out of range.
Knows no section of a scenario.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, PlainValidator

from onearm.protocol import values
from onearm.terms import DAYS_PER_MONTH

_RATE = re.compile(r"(\d+(?:\.\d+)?) per (day|week|month|year)")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?) mm")
_A_DAY = {
    "day": 1.0,
    "week": 1 / 7,
    "month": float(1 / DAYS_PER_MONTH),
    "year": float(1 / (12 * DAYS_PER_MONTH)),
}


LONGEST_DAYS = 20 * 366
"""Of a period: a longer one is a slip of the pen, and would fill the memory."""
LONGEST_MM, FASTEST, LARGEST = 100, 1000, 1000
"""Of a lesion at baseline, of a rate a day, of a ratio: beyond them nothing is meant."""


def read_rate(found: object) -> float:
    """Read `0.05 per month` as a rate a day."""
    match = _RATE.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None:
        raise ValueError("must be a rate with its unit, such as '0.05 per month'")
    rate = float(match[1]) * _A_DAY[match[2]]
    if rate > FASTEST:
        raise ValueError(f"must be at most {FASTEST} per day")
    return rate


def read_length(found: object) -> float:
    """Read `35 mm` as millimetres."""
    match = _LENGTH.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None or float(match[1]) <= 0:
        raise ValueError("must be a length above 0 with its unit, such as '35 mm'")
    if float(match[1]) > LONGEST_MM:
        raise ValueError(f"must be at most {LONGEST_MM} mm, as large as a lesion is drawn")
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


def _ratio(found: object) -> float:
    number = _not_negative(found)
    if number > LARGEST:
        raise ValueError(f"must be at most {LARGEST}")
    return number


def _bounded(days: int) -> int:
    if days > LONGEST_DAYS:
        raise ValueError(f"must be at most {LONGEST_DAYS} days, twenty years")
    return days


Rate = Annotated[float, PlainValidator(read_rate)]
Length = Annotated[float, PlainValidator(read_length)]
Chance = Annotated[float, PlainValidator(_chance)]
Ratio = Annotated[float, PlainValidator(_ratio)]
Price = Annotated[float, PlainValidator(_not_negative)]
Days = Annotated[values.Days, AfterValidator(_bounded)]
PositiveDays = Annotated[values.PositiveDays, AfterValidator(_bounded)]
