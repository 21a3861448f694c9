"""What is known of one person before the first dose, as typed facts.

Takes the rows of a facts file as text, with the facts that a study's criteria
look at, gives one ``Facts`` a person, or every problem with its line. Knows no
file format and no criterion.

* A date may be partial: `2026-03` is some day of that month, never one of it.
* A number has a decimal point and its unit; `<20` is what lies below 20.
* A laboratory value that no living person has is refused, with the unit that
  was probably meant, unless it is marked as confirmed.
* An empty row, or the value `unknown`, says nothing; the value `none` of a
  list says that nothing of the kind happened.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from onearm.clinical.body import WEIGHT
from onearm.clinical.units import Analyte, find_analyte, implausible, unit_of
from onearm.errors import Finding, InputError, Place, nearest
from onearm.protocol.criteria import AMOUNT_UNITS, FactKind, Operator
from onearm.protocol.forms import COLUMNS, Fact, Forms

UNKNOWN = frozenset({"unknown", "unk"})
NONE = "none"
ONGOING = "ongoing"
YES_NO = {"y": True, "n": False}
EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2199, 12, 31)
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_NUMBER = re.compile(r"(<=|>=|<|>)? *([0-9]{1,15}(?:\.[0-9]{1,15})?)")
_WITH_UNIT = re.compile(r"([0-9.,<>= ]+?) *([^0-9.,<>= ].*)")


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
        value = self.number * factor
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
def _lab_value(test: str, value: str, unit: str, confirmed: bool) -> Measure | str:
    """Read a result of a known test."""
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


@dataclass(slots=True)
class _Person:
    """The facts of one person while they are read."""

    values: dict[str, Given] = field(default_factory=dict)
    dates: dict[str, Given] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    events: dict[str, list[Happening]] = field(default_factory=dict)
    none: dict[str, int] = field(default_factory=dict)
    judgements: dict[str, Judgement] = field(default_factory=dict)


class Cells(NamedTuple):
    """One row: its line, its named cells, and the attributes that are filled."""

    line: int
    cells: Mapping[str, str]
    attributes: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return a cell, empty where the file does not have its column."""
        return self.cells.get(name, "")


class FactReader:
    """Reads rows into facts; problems are collected in ``findings``."""

    def __init__(self, forms: Forms, file: str, cutoff: dt.date | None = None) -> None:
        self.forms = forms
        self.file = file
        self.cutoff = cutoff
        self.findings: list[Finding] = []
        self._people: dict[str, _Person] = {}
        self._codes = {
            analyte.code: fact.name
            for fact in forms.facts.values()
            if fact.kind is FactKind.LAB and (analyte := find_analyte(fact.name))
        }
        self._attributes = {
            name: forms.attributes(name)
            for name, fact in forms.facts.items()
            if fact.kind is FactKind.LIST
        }
        self._known: dict[str, Fact | None] = {}

    def read(self, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> list[Facts]:
        """Return the facts of every person, in the order in which they first appear."""
        columns = self._columns(header)
        width = len(header)
        for line, row in rows:
            if len(row) != width:
                if any(cell.strip() for cell in row):
                    self._problem(
                        line, "", f"must have {width} cells as the header; got {len(row)}"
                    )
                continue
            cells: dict[str, str] = {}
            attributes: dict[str, str] = {}
            for name, is_attribute, cell in zip(*columns, row, strict=True):
                if cell and (bare := cell.strip()):
                    (attributes if is_attribute else cells)[name] = bare
            if "fact" in cells:
                self._take(Cells(line, cells, attributes))
            elif cells.keys() - {"subject_id"} or attributes:
                self._problem(line, "fact", "must name the fact; got nothing")
        return [self._facts(name, person) for name, person in self._people.items()]

    def _columns(self, header: Sequence[str]) -> tuple[list[str], list[bool]]:
        names = [name.strip() for name in header]
        attributes = {name for known in self._attributes.values() for name in known}
        for name in names:
            if name not in COLUMNS and name not in attributes:
                hint = nearest(name, [*COLUMNS, *attributes])
                self._problem(1, name, f"{name!r} is no column of facts{hint}")
        if "fact" not in names:
            self._problem(1, "fact", "missing column 'fact'")
        return names, [name not in COLUMNS for name in names]

    def _take(self, row: Cells) -> None:
        subject = row.get("subject_id")
        if not subject:
            self._problem(row.line, "subject_id", "subject_id must not be empty")
            return
        person = self._people.get(subject)
        if person is None:
            person = self._people[subject] = _Person()
        name = row.cells["fact"]
        fact = self._fact(name)
        try:
            if fact is None:
                raise FactError(f"{name!r} is no fact of this study{nearest(name, self._names())}")
            _READERS[fact.kind](self, person, fact, row)
        except FactError as error:
            text = str(error) if fact is None else f"{name} {error}"
            self._problem(row.line, name, text, subject)

    def _fact(self, name: str) -> Fact | None:
        if name not in self._known:
            known = self.forms.facts.get(name)
            if known is None and (analyte := find_analyte(name)):
                known = self.forms.facts.get(self._codes.get(analyte.code, ""))
            self._known[name] = known if known is None or "." not in known.name else None
        return self._known[name]

    def _names(self) -> list[str]:
        return [name for name in self.forms.facts if "." not in name]

    def _problem(self, line: int, name: str, text: str, subject: str | None = None) -> None:
        place = Place(self.file, line, None, name or None)
        self.findings.append(Finding("error", "fact", text, place, subject))

    def _facts(self, name: str, person: _Person) -> Facts:
        for events, line in person.none.items():
            if person.events.get(events):
                self._problem(line, events, f"{events} is none, but also has events", name)
            person.events.setdefault(events, [])
        return Facts(
            name,
            person.values,
            person.dates,
            {test: tuple(samples) for test, samples in person.samples.items()},
            {events: tuple(happened) for events, happened in person.events.items()},
            person.judgements,
        )

    def days(self, text: str, what: str = "") -> Days:
        """Read a date; one after the data cut-off is refused."""
        days = read_days(text)
        if self.cutoff and days.first > self.cutoff:
            raise FactError(f"{what}must not be after the data cut-off {self.cutoff}; got {text}")
        return days

    def when(self, row: Cells) -> Days | None:
        """Read the column date, where it is filled."""
        text = row.get("date")
        return self.days(text) if text else None

    def attribute(self, fact: Fact, text: str, line: int) -> Given | None:
        """Read one attribute of an event."""
        if text.casefold() in UNKNOWN:
            return None
        return Given(_value(fact, text, ""), None, line)

    def attributes_of(self, events: str) -> Mapping[str, Fact]:
        """Return the attributes of a list."""
        return self._attributes[events]


def _value(fact: Fact, text: str, unit: str) -> bool | str | frozenset[str] | Decimal | Measure:
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


def _read_value(reader: FactReader, person: _Person, fact: Fact, row: Cells) -> None:
    value = row.get("value")
    if not value or value.casefold() in UNKNOWN:
        return
    if fact.name in person.values:
        raise FactError(f"stands twice; first in line {person.values[fact.name].line}")
    found = _value(fact, value, row.get("unit"))
    person.values[fact.name] = Given(found, reader.when(row), row.line)


def _read_date(reader: FactReader, person: _Person, fact: Fact, row: Cells) -> None:
    if row.get("value") and row.get("value").casefold() not in UNKNOWN:
        raise FactError(
            f"is a date and stands in the column date; got the value {row.get('value')!r}"
        )
    if not row.get("date"):
        return
    if fact.name in person.dates:
        raise FactError(f"stands twice; first in line {person.dates[fact.name].line}")
    days = reader.when(row)
    person.dates[fact.name] = Given(True, days, row.line)


def _read_lab(reader: FactReader, person: _Person, fact: Fact, row: Cells) -> None:
    value = row.get("value")
    if not value or value.casefold() in UNKNOWN:
        return
    if not row.get("date"):
        raise FactError("needs the day of the sample in the column date; got nothing")
    confirmed = row.get("confirmed").casefold() == "y"
    found = _lab_value(fact.name, value, row.get("unit"), confirmed)
    lln, uln = (_limit(fact.name, row, name) for name in ("lln", "uln"))
    if lln is not None and uln is not None and lln > uln:
        raise FactError(f"lln must be at most uln; got {row.get('lln')} and {row.get('uln')}")
    sample = Sample(
        fact.name, reader.days(row.get("date")), found, lln, uln, row.get("laboratory"), row.line
    )
    person.samples.setdefault(fact.name, []).append(sample)


@cache
def _plain_number(text: str, what: str) -> Fraction:
    sign, number = read_number(text)
    if sign:
        raise FactError(f"{what} must be a number in the unit of the value; got {text!r}")
    return Fraction(number)


def _limit(test: str, row: Cells, name: str) -> Fraction | None:
    text = row.get(name)
    if not text or text.casefold() in UNKNOWN:
        return None
    limit = _plain_number(text, name)
    if name == "uln" and limit == 0:
        raise FactError("uln must be above 0; got 0")
    return limit


def _read_events(reader: FactReader, person: _Person, fact: Fact, row: Cells) -> None:
    known = reader.attributes_of(fact.name)
    value = row.get("value").casefold()
    if value == NONE:
        if row.get("date") or row.attributes:
            raise FactError("is none, and then has no date and no attribute")
        person.none.setdefault(fact.name, row.line)
        return
    if value not in {"", "y"} | UNKNOWN:
        raise FactError(f"holds an event a row, or the value none; got {row.get('value')!r}")
    if value in UNKNOWN or not (value or row.get("date") or row.get("until") or row.attributes):
        return
    attributes: dict[str, Given] = {}
    for name, text in row.attributes.items():
        if name not in known:
            raise FactError(f"has no attribute {name!r}{nearest(name, known)}")
        try:
            given = reader.attribute(known[name], text, row.line)
        except FactError as error:
            raise FactError(f"{name} {error}") from None
        if given is not None:
            attributes[name] = given
    start, end = _lasts(reader, row)
    happened = Happening(start, end, attributes, row.line)
    person.events.setdefault(fact.name, []).append(happened)


def _lasts(reader: FactReader, row: Cells) -> tuple[Days, Days]:
    start = reader.when(row) or ANY_DAY
    text = row.get("until")
    if text.casefold() == ONGOING:
        return start, Days(LATEST, LATEST)
    if not text:
        return start, start
    end = reader.days(text, "until ")
    if end.last < start.first:
        raise FactError(f"until must not be before date {row.get('date')}; got {text}")
    return start, end


def _read_judgement(reader: FactReader, person: _Person, fact: Fact, row: Cells) -> None:
    value = row.get("value")
    if not value or value.casefold() in UNKNOWN:
        return
    if fact.name in person.judgements:
        raise FactError(f"stands twice; first in line {person.judgements[fact.name].line}")
    found = YES_NO.get(value.casefold())
    if found is None:
        raise FactError(f"must be Y or N; got {value!r}")
    person.judgements[fact.name] = Judgement(found, row.get("by"), reader.when(row), row.line)


_READERS: dict[FactKind, Callable[[FactReader, _Person, Fact, Cells], None]] = {
    FactKind.YES_NO: _read_value,
    FactKind.WORD: _read_value,
    FactKind.WORDS: _read_value,
    FactKind.NUMBER: _read_value,
    FactKind.AMOUNT: _read_value,
    FactKind.DATE: _read_date,
    FactKind.LAB: _read_lab,
    FactKind.LIST: _read_events,
    FactKind.JUDGEMENT: _read_judgement,
}


def lab_problems(forms: Forms) -> Iterable[tuple[Fact, str]]:
    """Yield the laboratory facts that no analyte is known for, or not in this unit or word."""
    for fact in forms.facts.values():
        if fact.kind is not FactKind.LAB:
            continue
        analyte = find_analyte(fact.name)
        if analyte is None:
            yield fact, f"{fact.name!r} is no known laboratory test"
        elif problem := _analyte_problem(analyte, fact):
            yield fact, problem


def _analyte_problem(analyte: Analyte, fact: Fact) -> str:
    try:
        if fact.unit not in {"", "ULN", "LLN"}:
            unit_of(fact.unit, analyte.code)
    except InputError as error:
        return str(error)
    known = {word.casefold() for word in analyte.words}
    for word in fact.words:
        if word.casefold() not in known:
            allowed = ", ".join(analyte.words).lower() or "a number with its unit"
            return f"{analyte.name} is {allowed}; got {word!r}"
    return ""
