"""Where results are written down: rows with their ids, bases with their subjects.

Takes what an analysis computed, gives ``Results``. Knows the shape of an id
and no statistic.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, TypeVar

from onearm.clinical.biomarkers import marker_value
from onearm.clinical.records import Screening, Source, SubjectRecords
from onearm.clinical.subject import SubjectAnswers
from onearm.protocol.ctcae import Ctcae
from onearm.protocol.model import Protocol
from onearm.results.model import Bases, Basis, Contribution, Results, Row, check_rows, slug
from onearm.results.plan import Analysis, Group
from onearm.terms import AnalysisSet, Kind

T = TypeVar("T")

_row: Callable[[tuple[object, ...]], Row] = partial(tuple.__new__, Row)  # half the time of Row(...)


@dataclass(frozen=True, slots=True)
class Person:
    """One subject: records and what the rules derived from them."""

    records: SubjectRecords
    answers: SubjectAnswers

    @property
    def subject_id(self) -> str:
        """The subject's identifier."""
        return self.answers.subject_id


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody whom the analyses count."""

    protocol: Protocol
    people: tuple[Person, ...]
    screening: tuple[Screening, ...] | None
    ctcae: Ctcae | None = None
    _found: dict[tuple[AnalysisSet, str], tuple[Person, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    _kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """Return what several analyses need of everybody, made once."""
        if name not in self._kept:
            self._kept[name] = make()
        found: T = self._kept[name]
        return found

    @property
    def by_endpoints(self) -> bool:
        """Whether the study brings recorded times and best responses alone."""
        return bool(self.people) and all(person.answers.by_endpoints for person in self.people)

    def of(self, analysis: Analysis, group: Group) -> tuple[Person, ...]:
        """Return the people of a group who belong to the analysis's set; found once."""
        key = analysis.set, group.id
        if key not in self._found:
            self._found[key] = tuple(
                person
                for person in self.people
                if person.answers.membership(analysis.set).is_member and belongs(person, group)
            )
        return self._found[key]


def belongs(person: Person, group: Group) -> bool:
    """Return whether a subject's characteristics are those of a group."""
    if group.marker is not None:
        marker, level = group.marker
        return marker_value(person.records, marker).level == level
    return all(characteristic(person, name) in allowed for name, allowed in group.where)


def characteristic(person: Person, name: str) -> str | None:
    """Return a baseline characteristic as it stands in the subjects table."""
    subject = person.records.subject
    if name == "sex":
        return subject.sex
    if name == "age_years":
        return None if subject.age_years is None else str(subject.age_years)
    return subject.characteristics.get(name) or None


@dataclass(slots=True)  # frozen takes three times as long to make, thousands of times
class Entry:
    """The common part of the ids of a few results: analysis, variant, group, item."""

    analysis: Analysis
    group: Group
    variant: str = ""
    item: str | None = None
    label: str | None = None

    id: str = field(init=False)  # the id without its statistic
    named: tuple[str, str, str, str, str | None] = field(init=False)
    """What a row repeats: analysis, variant, set, group, item."""

    def __post_init__(self) -> None:
        analysis, variant = self.analysis, slug(self.variant)
        name = f"{analysis.id}.{variant}" if self.variant else analysis.id
        item = f"/{self.item}" if self.item else ""
        self.id = f"{name}/{self.group.id}{item}"
        self.named = (
            analysis.id, variant or "default", analysis.set, self.group.id, self.item
        )  # fmt: skip


Contributions = Iterable[Contribution] | Callable[[], Iterable[Contribution]]


@dataclass(slots=True)
class Ledger:
    """Rows, and how to make their bases, in the order in which they were computed."""

    rows: list[Row] = field(default_factory=list)
    bases: dict[str, Callable[[], Basis]] = field(default_factory=dict)

    def basis(
        self,
        entry: Entry,
        numerator: str,
        denominator: str,
        contributions: Contributions,
        *,
        part: str | None = None,
    ) -> str:
        """Write down who is counted; return the basis's id.

        ``contributions`` may be the function that makes them, called when somebody asks for
        the basis; they are then ordered by subject. ``part`` tells a basis of some of an
        entry's results from that of the others.
        """
        name = f"{entry.id}/{part}" if part else entry.id

        def make() -> Basis:
            found = contributions() if callable(contributions) else contributions
            ordered = sorted(found, key=lambda one: one.subject_id)
            return Basis(name, numerator, denominator, tuple(ordered))

        self.bases[name] = make
        return name

    def add(
        self,
        entry: Entry,
        statistic: str,
        kind: Kind,
        value: float | int | None = None,
        *,
        code: str | None = None,
        date: dt.date | None = None,
        unit: str | None = None,
        level: float | None = None,
        method: str | None = None,
        note: str | None = None,
        basis: str | None = None,
        formula: str | None = None,
    ) -> None:
        """Write down one number."""
        name = f"{entry.id}/{statistic}"
        measured = (statistic, kind, value, code, date, unit, level, method, note or None)
        self.rows.append(_row((name, *entry.named, *measured, entry.label, basis, formula)))

    def share(
        self, entry: Entry, count: int, total: int, basis: str, formula: str | None = None
    ) -> None:
        """Write down count, total and estimate."""
        self.add(entry, "count", Kind.COUNT, count, basis=basis, formula=formula)
        self.add(entry, "total", Kind.COUNT, total, basis=basis)
        note = "nobody in the denominator" if total == 0 else None
        self.add(
            entry,
            "estimate",
            Kind.PROPORTION,
            count / total if total else None,
            note=note,
            basis=basis,
            formula=f"{count} / {total}",
        )

    def results(self) -> Results:
        """Return the results, with their contract held."""
        check_rows(self.rows)
        return Results(tuple(self.rows), Bases(self.bases))


def tally(
    ledger: Ledger,
    entry: Entry,
    contributions: Mapping[bool, list[Contribution]],
    who: str,
    of: str,
) -> tuple[int, int]:
    """Write down a share of subjects: those counted (True) of all (True and False)."""
    counted, others = contributions.get(True, []), contributions.get(False, [])
    basis = ledger.basis(entry, who, of, [*counted, *others])
    ledger.share(entry, len(counted), len(counted) + len(others), basis)
    return len(counted), len(counted) + len(others)


class Told(NamedTuple):
    """What is said of one subject, whether it is counted or not."""

    value: str | None
    reason: str
    sources: tuple[Source, ...]


def tally_of(
    ledger: Ledger,
    entry: Entry,
    told: Mapping[str, Told],
    counted: Collection[str],
    who: str,
    of: str,
) -> tuple[int, int]:
    """Write down a share of the subjects that something is told of: those that are counted."""

    def make() -> Iterator[Contribution]:
        for subject_id, one in told.items():
            role = "counted" if subject_id in counted else "not counted"
            yield Contribution(subject_id, role, *one)

    basis = ledger.basis(entry, who, of, make)
    n = sum(subject_id in counted for subject_id in told)
    ledger.share(entry, n, len(told), basis)
    return n, len(told)
