"""What is known of one person before the first dose, as typed facts.

A date may be partial, and is then an interval; a number has its unit; what is
absent is unknown. Facts are made by ``onearm.clinical.fact_reading``. Knows no
file and no criterion.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from onearm.protocol.criteria import Operator

EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)


class Days(NamedTuple):
    """The days that a date may be, both included: one day where it is complete."""

    first: dt.date
    last: dt.date

    def __str__(self) -> str:
        first, last = self
        if first == last:
            return first.isoformat()
        return first.isoformat()[: 7 if (first.year, first.month) == (last.year, last.month) else 4]


ANY_DAY = Days(EARLIEST, LATEST)


class Measure(NamedTuple):
    """A number with its unit, as recorded; ``sign`` says that it lies beyond what was measured."""

    number: Fraction
    unit: str
    sign: str
    text: str

    def holds(self, operator: Operator, limit: Fraction, factor: Fraction) -> bool | None:
        """Compare with a limit; ``factor`` is how many of its unit one of this unit is.

        A value below 20 is below 25, not above 20, and unknown against 15.
        """
        value = self.number if factor == 1 else self.number * factor
        if not self.sign:
            return compare(value, operator, limit)
        low = value if self.sign in {">", ">="} else None
        high = value if self.sign in {"<", "<="} else None
        is_open = self.sign in {"<", ">"}
        if operator == "=":
            beyond = limit > high if high is not None else low is not None and limit < low
            return False if beyond or (is_open and limit == value) else None
        above: bool | None = None  # the value is >= limit
        strictly: bool | None = None  # the value is > limit
        if low is not None and low >= limit:
            above = True
            strictly = True if low > limit or is_open else None
        if high is not None and high <= limit:
            strictly = False
            above = False if high < limit or is_open else None
        wanted = above if operator in {">=", "<"} else strictly
        if wanted is None:
            return None
        return wanted if operator in {">=", ">"} else not wanted


class Given(NamedTuple):
    """One fact that is no event: what it is, since when it is known, and its line."""

    value: bool | str | frozenset[str] | Decimal | Measure
    days: Days | None
    line: int


class Sample(NamedTuple):
    """One laboratory result; the limits of normal are those of its own laboratory."""

    test: str
    days: Days
    value: Measure | str
    lln: Fraction | None
    uln: Fraction | None
    laboratory: str
    line: int


class Happening(NamedTuple):
    """One event of a list; it lasts from ``start`` to ``end``."""

    start: Days
    end: Days
    attributes: Mapping[str, Given]
    line: int


class Judgement(NamedTuple):
    """What an investigator judged; without ``by`` it is not signed and counts as unknown."""

    value: bool
    by: str
    days: Days | None
    line: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known of one person; what is absent is unknown."""

    subject_id: str
    values: Mapping[str, Given]
    dates: Mapping[str, Given]
    samples: Mapping[str, tuple[Sample, ...]]
    events: Mapping[str, tuple[Happening, ...]]
    judgements: Mapping[str, Judgement]

    def date(self, name: str) -> Days | None:
        """Return the day of a date, or None."""
        given = self.dates.get(name)
        return given.days if given else None


def compare(value: Fraction | Decimal | int, operator: Operator, limit: Fraction | int) -> bool:
    """Compare two exact numbers."""
    match operator:
        case ">=":
            return value >= limit
        case "<=":
            return value <= limit
        case ">":
            return value > limit
        case "<":
            return value < limit
        case "=":
            return value == limit
