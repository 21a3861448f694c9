"""The values that a protocol writes with a unit: periods, doses, days of a cycle.

Each type reads the text of the protocol file (`6 weeks`, `75 mg/m2`, `1-14`)
and raises ValueError with what is allowed; the parser adds where it stands and
what was found. Numbers are exact. Knows no file and no section.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
)

from onearm.terms import DAYS_PER_MONTH

DAYS_IN = {
    "day": Fraction(1),
    "week": Fraction(7),
    "month": DAYS_PER_MONTH,
    "year": 12 * DAYS_PER_MONTH,
}
_PERIOD = re.compile(r"(\d+(?:\.\d+)?) *(day|week|month|year)s?")
_DOSE = re.compile(r"(\d+(?:\.\d+)?) *(mg/m2|mg/kg|mg)")
_AUC = re.compile(r"AUC *(\d+(?:\.\d+)?)")
_MINUTES = re.compile(r"(\d+) *min(?:utes?)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAYS_OF_CYCLE = re.compile(r"\d+(?:-\d+)?(?: *, *\d+(?:-\d+)?)*")
MOST_CYCLE_DAYS = 366


class Part(BaseModel):
    """A part of the protocol: frozen, and no key beside the named ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Period(NamedTuple):
    """A period as it was written, in its own unit.

    >>> six = read_period("6 months")
    >>> six.days, str(six), six.suffix
    (Fraction(1461, 8), '6 months', '6_months')
    """

    number: Decimal
    unit: str

    @property
    def days(self) -> Fraction:
        """The exact number of days; a month has 30.4375."""
        return Fraction(self.number) * DAYS_IN[self.unit]

    @property
    def suffix(self) -> str:
        """The end of the name of a statistic, as in ``rate_6_months``."""
        return str(self).replace(" ", "_").replace(".", "_")

    def __str__(self) -> str:
        return f"{self.number} {self.unit}{'' if self.number == 1 else 's'}"


class Amount(NamedTuple):
    """A dose as a protocol states it: a number and mg, mg/m2, mg/kg or AUC."""

    value: Decimal
    unit: str

    def __str__(self) -> str:
        return f"AUC {self.value}" if self.unit == "AUC" else f"{self.value} {self.unit}"


def read_period(found: object) -> Period:
    """Read `6 weeks`, `21 days`, `24 months` or `2 years`."""
    match = _PERIOD.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None:
        raise ValueError("must be a period with its unit, such as '6 weeks' or '24 months'")
    return Period(Decimal(match[1]), match[2])


def read_positive_days(found: object) -> int:
    """Read a period of at least one whole day."""
    days = read_days(found)
    if days == 0:
        raise ValueError("must be at least one day")
    return days


def read_days(found: object) -> int:
    """Read a period of whole days: `21 days` or `6 weeks`."""
    match = _PERIOD.fullmatch(found.strip()) if isinstance(found, str) else None
    days = Period(Decimal(match[1]), match[2]).days if match else Fraction(1, 2)
    if match is None or match[2] not in {"day", "week"} or days.denominator != 1:
        raise ValueError("must be a period of whole days or weeks, such as '21 days' or '6 weeks'")
    return int(days)


def read_day(found: object) -> dt.date:
    """Read a complete ISO 8601 date."""
    text = found if isinstance(found, str) else ""
    if not _DAY.fullmatch(text):
        raise ValueError("must be a complete date, such as 2021-10-08")
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a day of the calendar, such as 2021-10-08") from None


def read_minutes(found: object) -> int:
    """Read `60 minutes`."""
    match = _MINUTES.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None:
        raise ValueError("must be a time in minutes, such as '60 minutes'")
    return int(match[1])


def read_amount(found: object) -> Amount:
    """Read `12 mg`, `75 mg/m2`, `5 mg/kg` or `AUC 5`."""
    text = found.strip() if isinstance(found, str) else ""
    if match := _DOSE.fullmatch(text):
        amount = Amount(Decimal(match[1]), match[2])
    elif match := _AUC.fullmatch(text):
        amount = Amount(Decimal(match[1]), "AUC")
    else:
        amount = Amount(Decimal(0), "")
    if amount.value <= 0:
        raise ValueError(
            "must be a dose with its unit, such as '12 mg', '75 mg/m2', '5 mg/kg' or 'AUC 5'"
        )
    return amount


def read_days_of_cycle(found: object) -> tuple[int, ...]:
    """Read the days of a cycle on which a drug is given: `1`, `1-14`, `1, 8` or a list.

    >>> read_days_of_cycle("1-3, 8")
    (1, 2, 3, 8)
    """
    items = found if isinstance(found, list) else [found]
    text = ",".join(str(item) for item in items if not isinstance(item, bool))
    if not _DAYS_OF_CYCLE.fullmatch(text):
        raise ValueError("must name days of the cycle, such as 1, '1-14' or '1, 8, 15'")
    days: list[int] = []
    for span in text.split(","):
        first, _, last = span.strip().partition("-")
        if not 1 <= int(first) <= int(last or first) <= MOST_CYCLE_DAYS:
            raise ValueError(f"must name days of the cycle from 1 to {MOST_CYCLE_DAYS}, upwards")
        days.extend(range(int(first), int(last or first) + 1))
    if days != sorted(set(days)):
        raise ValueError("must name each day of the cycle once, upwards")
    return tuple(days)


def _no_truth_value(found: object) -> object:
    """Keep out what pydantic would take for a number: true, false, a number in quotes."""
    if isinstance(found, bool | str):
        raise ValueError("must be a number")
    return found


def _as_proportion(found: object) -> object:
    number = _no_truth_value(found)
    if isinstance(number, int | Decimal) and 1 < number <= 100:
        raise ValueError(
            f"must be a proportion between 0 and 1 ({number} % is {Decimal(number) / 100})"
        )
    return number


def _one_or_more(found: object) -> object:
    return found if isinstance(found, list | tuple) or found is None else [found]


def as_text(found: object) -> object:
    """Take a whole number for its text: level 1 of a characteristic is the text `1`."""
    is_number = isinstance(found, int | Decimal) and not isinstance(found, bool)
    return str(found) if is_number else found


def _schema(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "examples": [example]})


Count = Annotated[int, Field(ge=0, strict=True)]
Positive = Annotated[int, Field(ge=1, strict=True)]
Day = Annotated[
    dt.date, PlainValidator(read_day), WithJsonSchema({"type": "string", "format": "date"})
]
_INSIDE = WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1})
_FROM_0 = WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": 1})
Share = Annotated[Decimal, BeforeValidator(_as_proportion), Field(gt=0, lt=1), _INSIDE]
ShareOrZero = Annotated[Decimal, BeforeValidator(_as_proportion), Field(ge=0, lt=1), _FROM_0]
Level = Annotated[float, BeforeValidator(_as_proportion), Field(gt=0, lt=1), _INSIDE]
Shape = Annotated[
    Decimal,
    BeforeValidator(_no_truth_value),
    Field(gt=0),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")]
PeriodValue = Annotated[Period, PlainValidator(read_period), _schema(_PERIOD.pattern, "24 months")]
Days = Annotated[int, PlainValidator(read_days), _schema(r"\d+(?:\.\d+)? *(day|week)s?", "21 days")]
PositiveDays = Annotated[
    int, PlainValidator(read_positive_days), _schema(r"\d+(?:\.\d+)? *(day|week)s?", "21 days")
]
Minutes = Annotated[int, PlainValidator(read_minutes), _schema(_MINUTES.pattern, "60 minutes")]
AmountValue = Annotated[
    Amount, PlainValidator(read_amount), _schema(f"({_DOSE.pattern}|{_AUC.pattern})", "12 mg")
]
DaysOfCycle = Annotated[
    tuple[int, ...],
    PlainValidator(read_days_of_cycle),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {
                    "type": "string",
                    "pattern": f"^{_DAYS_OF_CYCLE.pattern}$",
                    "examples": ["1-14"],
                },
                {"type": "array", "items": {"type": "integer", "minimum": 1}},
            ]
        }
    ),
]
Word = Annotated[Text, BeforeValidator(as_text), WithJsonSchema({"type": ["string", "number"]})]
Texts = Annotated[
    tuple[Annotated[Text, BeforeValidator(as_text)], ...],
    BeforeValidator(_one_or_more),
    Field(min_length=1),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "number"]},
                {"type": "array", "items": {"type": ["string", "number"]}, "minItems": 1},
            ]
        }
    ),
]


def with_shorthand(schema: dict[str, Any], *kinds: str) -> dict[str, Any]:
    """Return a JSON Schema that also accepts the short form of a part, a bare scalar."""
    return {"anyOf": [schema, {"type": list(kinds)}]}
