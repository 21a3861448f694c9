"""Immune-related events: what came of them, and how often they come in time.

Takes adverse events and what the rules derived, gives counts, and the cumulative
incidence with death and the end of treatment as competing risks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from onearm.clinical.derived import Event
from onearm.clinical.lab_course import dosed
from onearm.clinical.records import AdverseEvent, Source
from onearm.results.adverse_events import KINDS, Test
from onearm.results.ledger import Entry, Ledger, Person, Population, Told, tally, tally_of
from onearm.results.model import Contribution, slug
from onearm.results.plan import ALL, Analysis
from onearm.stats.competing_risks import CumulativeIncidence, cumulative_incidence, incidence_at
from onearm.terms import Kind

EVENT, DEATH, STOPPED = "immune-related event", "death", "end of treatment"
ROLES = {EVENT: "event", DEATH: DEATH, STOPPED: STOPPED, None: "censored"}
UNDATED = "subjects with such events, none of them with an onset from the first dose on"


def add_irsae(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add response and survival of those with a related immune-related serious event."""
    _, test = KINDS["related-irsae"]
    _add_after(ledger, population, analysis, test, "a related immune-related serious event")


def add_irae_outcome(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add response and survival of those with an immune-related event: counts, no comparison."""
    _, test = KINDS["irae"]
    if is_collected(population):
        _add_after(ledger, population, analysis, test, "an immune-related event")


def is_collected(population: Population) -> bool:
    """Return whether the study says of any event whether it is immune-related."""
    return any(
        event.is_immune_related is not None
        for person in population.people
        for event in person.records.adverse_events or ()
    )


def _add_after(
    ledger: Ledger, population: Population, analysis: Analysis, test: Test, what: str
) -> None:
    people = [
        person
        for person in population.of(analysis, ALL)
        if any(test(event) for event in person.records.adverse_events or ())
    ]
    denominator = f"treated subjects with {what}"
    codes = [(person, person.answers.best.confirmed_best or "unknown") for person in people]
    for code in dict.fromkeys(code for _, code in codes):
        parts: dict[bool, list[Contribution]] = {}
        for person, found in codes:
            best = person.answers.best
            role = "counted" if found == code else "not counted"
            parts.setdefault(found == code, []).append(
                Contribution(person.subject_id, role, found, best.reason, best.sources)
            )
        entry = Entry(analysis, ALL, "", f"response:{slug(code)}", code)
        tally(ledger, entry, parts, f"confirmed best response {code}", denominator)
    _add_recovered(ledger, analysis, people, test, denominator)
    told, alive = {}, set()
    for person in people:
        end = person.answers.events.get("os")
        if end is None:
            continue
        told[person.subject_id] = Told(f"{end.days} days", end.reason, end.sources)
        if not end.is_event:
            alive.add(person.subject_id)
    entry = Entry(analysis, ALL, "", "alive", "alive")
    tally_of(ledger, entry, told, alive, "alive at last contact", denominator)


def _add_recovered(
    ledger: Ledger, analysis: Analysis, people: Sequence[Person], test: Test, denominator: str
) -> None:
    told, recovered = {}, set()
    for person in people:
        events = [event for event in person.records.adverse_events or () if test(event)]
        words = "; ".join(f"{e.term}: {(e.outcome or 'not recorded').lower()}" for e in events)
        told[person.subject_id] = Told(None, words, tuple(event.source for event in events))
        if all(event.outcome == "RECOVERED" for event in events):
            recovered.add(person.subject_id)
    entry = Entry(analysis, ALL, "", "recovered", "recovered")
    tally_of(ledger, entry, told, recovered, "every such event recovered", denominator)


@dataclass(frozen=True, slots=True)
class Course:
    """When the first immune-related event was, and what ended the time at risk of it."""

    person: Person
    first: AdverseEvent | None
    days: int
    cause: str | None
    reason: str
    sources: tuple[Source, ...]

    @property
    def is_undated(self) -> bool:
        """Whether the subject has such events, none with an onset from the first dose on."""
        events = self.person.records.adverse_events or ()
        return self.first is None and any(event.is_immune_related for event in events)

    def onset(self, time: Event) -> int | None:
        """Return the day of the first event as a time to an event counts; None without one."""
        if self.first is None or self.first.onset_date is None or time.start is None:
            return None
        return (self.first.onset_date - time.start).days + 1


def courses_of(population: Population, analysis: Analysis) -> list[Course]:
    """Return the courses of the subjects of an analysis's set, made once."""
    return population.kept(
        "immune-related courses",
        lambda: [
            course
            for person in population.of(analysis, ALL)
            if (course := _course(person)) is not None
        ],
    )


def _course(person: Person) -> Course | None:
    """Return the course of a subject; None without a dose or a time of survival.

    On one day the immune-related event comes first, then death, then the end of treatment.
    """
    days, survival = dosed(person.records), person.answers.events.get("os")
    if days is None or survival is None or survival.end is None:
        return None
    start = days[0]
    events = [
        event
        for event in person.records.adverse_events or ()
        if event.is_immune_related and event.onset_date is not None and event.onset_date >= start
    ]
    first = min(events, key=lambda e: (e.onset_date, e.source.line), default=None)
    ends: list[tuple[dt.date, int, str, str, tuple[Source, ...]]] = [
        (row.date, 2, STOPPED, f"treatment {row.status.lower()}", (row.source,))
        for row in person.records.disposition or ()
        if row.scope.upper() == "TREATMENT" and row.status != "ONGOING" and row.date is not None
    ]
    cause = DEATH if survival.is_event else None
    ends.append((survival.end, 1, cause or "", survival.reason, survival.sources))
    if first is not None and first.onset_date is not None:
        ends.append((first.onset_date, 0, EVENT, first.term, (first.source,)))
    day, _, what, reason, sources = min(ends, key=lambda end: end[:2])
    return Course(
        person, first, max(1, (day - start).days + 1), what or None,
        f"{what or 'none of them'} on {day}: {reason}", sources,
    )  # fmt: skip


def add_incidence(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the cumulative incidence of the first immune-related event, by landmark and by step."""
    courses = courses_of(population, analysis)
    if not courses or not is_collected(population):
        return
    methods = population.protocol.analysis
    entry = Entry(analysis, ALL)
    basis = ledger.basis(
        entry,
        f"first {EVENT}",
        f"{analysis.set} subjects with a time; {DEATH} and {STOPPED} compete",
        [
            Contribution(
                one.person.subject_id, ROLES[one.cause], f"{one.days} days", one.reason,
                one.sources,
            )
            for one in courses
        ],
    )  # fmt: skip
    curve = cumulative_incidence(
        [one.days for one in courses],
        [one.cause for one in courses],
        EVENT,
        level=methods.level,
        variance="aalen" if methods.convention == "sas" else "delta",
    )
    causes = [one.cause for one in courses]
    for statistic, count in (
        ("total", len(courses)),
        ("events", causes.count(EVENT)),
        ("deaths", causes.count(DEATH)),
        ("stopped", causes.count(STOPPED)),
        ("censored", causes.count(None)),
        ("undated", sum(one.is_undated for one in courses)),
    ):
        formula = UNDATED if statistic == "undated" else None
        ledger.add(entry, statistic, Kind.COUNT, count, basis=basis, formula=formula)
    _add_rates(ledger, population, entry, curve, basis)
    _add_steps(ledger, entry, curve, basis)


def _method(curve: CumulativeIncidence) -> str:
    return f"aalen-johansen, {curve.variance} variance, log-log limits"


def _add_rates(
    ledger: Ledger, population: Population, entry: Entry, curve: CumulativeIncidence, basis: str
) -> None:
    for landmark in population.protocol.analysis.landmarks:
        found = incidence_at(curve, float(landmark.days))
        name = f"rate_{landmark.suffix}"
        for statistic, value in (
            (name, found.estimate), (f"{name}_lower", found.lower), (f"{name}_upper", found.upper),
        ):  # fmt: skip
            ledger.add(
                entry, statistic, Kind.PROPORTION, value, level=curve.level, method=_method(curve),
                note=None if value is not None else found.note or "not estimable", basis=basis,
                formula=f"incidence at {landmark}",
            )  # fmt: skip


def _add_steps(ledger: Ledger, entry: Entry, curve: CumulativeIncidence, basis: str) -> None:
    for i, day in enumerate(curve.times):
        step = replace(entry, item=f"step:{int(day)}", label=f"day {int(day)}")
        for statistic, value in (
            ("incidence", curve.incidence[i]), ("lower", curve.lower[i]), ("upper", curve.upper[i])
        ):  # fmt: skip
            ledger.add(
                step, statistic, Kind.PROPORTION, value, level=curve.level, method=_method(curve),
                note=None if value is not None else "no limit here", basis=basis,
            )  # fmt: skip
        for statistic, count in (
            ("at_risk", curve.at_risk[i]),
            ("events", curve.n_events[i]),
            ("competing", curve.n_competing[i]),
            ("censored", curve.n_censored[i]),
        ):
            ledger.add(step, statistic, Kind.COUNT, count, basis=basis)
