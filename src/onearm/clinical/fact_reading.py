"""Rows of a facts file, read into typed facts.

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

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from onearm.clinical.fact_cells import (
    YES_NO,
    FactError,
    fact_value,
    lab_value,
    limit_number,
    read_days,
)
from onearm.clinical.facts import (
    ANY_DAY,
    LATEST,
    Days,
    Facts,
    Given,
    Happening,
    Judgement,
    Sample,
)
from onearm.clinical.units import Analyte, find_analyte, unit_of
from onearm.errors import Finding, InputError, Place, nearest
from onearm.protocol.criteria import FactKind
from onearm.protocol.forms import COLUMNS, Fact, Forms

UNKNOWN = frozenset({"unknown", "unk"})
NONE = "none"
UNSAID = frozenset({"subject_id", "fact", "unit", "type", "hint", "data_origin"})
"""Columns that say nothing of a person where nothing else is filled, as in a template."""
ONGOING = "ongoing"


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
    """Reads rows into facts; problems are collected in ``findings``.

    ``origins`` holds what the column ``data_origin`` says, such as SYNTHETIC.
    """

    def __init__(self, forms: Forms, file: str, cutoff: dt.date | None = None) -> None:
        self.forms = forms
        self.file = file
        self.cutoff = cutoff
        self.findings: list[Finding] = []
        self.origins: set[str] = set()
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
            if not attributes and cells.keys() <= UNSAID:
                if "subject_id" in cells:
                    self._people.setdefault(cells["subject_id"], _Person())
            elif "fact" in cells:
                if "data_origin" in cells:
                    self.origins.add(cells["data_origin"])
                self._take(Cells(line, cells, attributes))
            else:
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
        return Given(fact_value(fact, text, ""), None, line)

    def attributes_of(self, events: str) -> Mapping[str, Fact]:
        """Return the attributes of a list."""
        return self._attributes[events]


def _read_value(reader: FactReader, person: _Person, fact: Fact, row: Cells) -> None:
    value = row.get("value")
    if not value or value.casefold() in UNKNOWN:
        return
    if fact.name in person.values:
        raise FactError(f"stands twice; first in line {person.values[fact.name].line}")
    found = fact_value(fact, value, row.get("unit"))
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
    found = lab_value(fact.name, value, row.get("unit"), confirmed)
    lln, uln = (_limit(fact.name, row, name) for name in ("lln", "uln"))
    if lln is not None and uln is not None and lln > uln:
        raise FactError(f"lln must be at most uln; got {row.get('lln')} and {row.get('uln')}")
    sample = Sample(
        fact.name, reader.days(row.get("date")), found, lln, uln, row.get("laboratory"), row.line
    )
    person.samples.setdefault(fact.name, []).append(sample)


def _limit(test: str, row: Cells, name: str) -> Fraction | None:
    text = row.get(name)
    if not text or text.casefold() in UNKNOWN:
        return None
    limit = limit_number(text, name)
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
