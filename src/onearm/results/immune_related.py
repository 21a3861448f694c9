"""Immune-related events: what came of them, how often in time, and outcome after them.

Takes adverse events and what the rules derived, gives counts, the cumulative
incidence with death and the end of treatment as competing risks, and outcome
by immune-related event in two ways that respect time. Who has such an event
has lived and been treated long enough to have it: those with and those
without are never compared from the first dose on (immortal time). They are
compared from a landmark on, by what had happened until then, or with the
event as a covariate that changes on the day after its onset.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil

from onearm.clinical.derived import Event
from onearm.clinical.lab_course import dosed
from onearm.clinical.records import AdverseEvent, Source
from onearm.format import count_of
from onearm.results.adverse_events import KINDS, Test
from onearm.results.hazards import add_hazard_ratio
from onearm.results.ledger import Entry, Ledger, Person, Population, Told, tally, tally_of
from onearm.results.model import Contribution, slug
from onearm.results.plan import ALL, Analysis
from onearm.stats.competing_risks import CumulativeIncidence, cumulative_incidence, incidence_at
from onearm.stats.survival import kaplan_meier, quantile
from onearm.terms import Kind

EVENT, DEATH, STOPPED = "immune-related event", "death", "end of treatment"
ROLES = {EVENT: "event", DEATH: DEATH, STOPPED: STOPPED, None: "censored"}
LANDMARK_WEEKS = (6, 12, 18)
ENDPOINTS = ("pfs", "os")
UNDATED = "subjects with such events, none of them with an onset from the first dose on"
CAUTION = (
    "an association, not an effect: who has an immune-related event has lived long enough to have "
    "it; compared in time, never ever against never"
)


def add_irsae(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add response and survival of those with a related immune-related serious event."""
    _, test = KINDS["related-irsae"]
    _add_after(ledger, population, analysis, test, "a related immune-related serious event")


def add_irae_outcome(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add response and survival of those with an immune-related event: counts, no comparison."""
    _, test = KINDS["irae"]
    if _is_collected(population):
        _add_after(ledger, population, analysis, test, "an immune-related event")


def _is_collected(population: Population) -> bool:
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
class _Course:
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


def _courses(population: Population, analysis: Analysis) -> list[_Course]:
    return population.kept(
        "immune-related courses",
        lambda: [
            course
            for person in population.of(analysis, ALL)
            if (course := _course(person)) is not None
        ],
    )


def _course(person: Person) -> _Course | None:
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
    return _Course(
        person, first, max(1, (day - start).days + 1), what or None,
        f"{what or 'none of them'} on {day}: {reason}", sources,
    )  # fmt: skip


def add_incidence(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the cumulative incidence of the first immune-related event, by landmark and by step."""
    courses = _courses(population, analysis)
    if not courses or not _is_collected(population):
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


def _with_times(
    population: Population, analysis: Analysis, endpoint: str
) -> list[tuple[_Course, Event]]:
    pairs = [
        (one, one.person.answers.events.get(endpoint)) for one in _courses(population, analysis)
    ]
    return [(one, event) for one, event in pairs if event is not None]


def add_landmark(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add PFS and OS from each landmark, by immune-related event up to it.

    Only who is under observation without the event after the landmark (>) takes part; time
    counts from it. An onset on the day of the landmark counts as before (<=).
    """
    if not _is_collected(population):
        return
    for endpoint in ENDPOINTS:
        pairs = _with_times(population, analysis, endpoint)
        for weeks in LANDMARK_WEEKS if pairs else ():
            _add_from(ledger, population, analysis, endpoint, pairs, weeks)


def _add_from(
    ledger: Ledger,
    population: Population,
    analysis: Analysis,
    endpoint: str,
    pairs: Sequence[tuple[_Course, Event]],
    weeks: int,
) -> None:
    day = 7 * weeks
    kept = [(one, event) for one, event in pairs if event.days > day]
    label = f"{endpoint.upper()} from week {weeks}"
    entry = Entry(analysis, ALL, "", f"{endpoint}:week-{weeks}", label)
    basis = ledger.basis(
        entry, f"event after week {weeks}", f"{analysis.set} subjects without it up to then",
        lambda: [_from_landmark(one, event, day) for one, event in kept],
    )  # fmt: skip
    ledger.add(entry, "included", Kind.COUNT, len(kept), basis=basis)
    ledger.add(
        entry, "excluded", Kind.COUNT, len(pairs) - len(kept), basis=basis,
        formula=f"event or censoring up to day {day}",
    )  # fmt: skip
    for name, has in (("with-event", True), ("without-event", False)):
        own = [(one, event) for one, event in kept if _had(one, event, day) is has]
        _add_group(ledger, population, entry, name, own, day)
    add_hazard_ratio(
        ledger, population, entry,
        [(0.0, event.days - day, event.is_event, float(_had(one, event, day)))
         for one, event in kept],
        basis, CAUTION,
    )  # fmt: skip


def _had(one: _Course, event: Event, day: int) -> bool:
    onset = one.onset(event)
    return onset is not None and onset <= day


def _from_landmark(one: _Course, event: Event, day: int) -> Contribution:
    has = _had(one, event, day)
    onset = f"{EVENT} on day {one.onset(event)}" if has else f"no {EVENT} up to day {day}"
    sources = event.sources + ((one.first.source,) if one.first else ())
    role = "event" if event.is_event else "censored"
    value = f"{_days_text(event.days - day)}, {'with' if has else 'without'}"
    return Contribution(
        one.person.subject_id, role, value, f"{onset}; {event.rule}: {event.reason}",
        tuple(dict.fromkeys(sources)),
    )  # fmt: skip


def _days_text(days: int | float) -> str:
    return count_of(int(days), "day") if days == int(days) else f"{days} days"


def _add_group(
    ledger: Ledger,
    population: Population,
    entry: Entry,
    name: str,
    own: Sequence[tuple[_Course, Event]],
    day: int,
) -> None:
    methods = population.protocol.analysis
    item = replace(entry, item=f"{entry.item}:{name}", label=f"{entry.label}, {name}")
    basis = ledger.basis(
        item, "event", f"{entry.label}, {name.replace('-', ' ')}",
        lambda: [_from_landmark(one, event, day) for one, event in own],
    )  # fmt: skip
    ledger.add(item, "total", Kind.COUNT, len(own), basis=basis)
    ledger.add(
        item, "events", Kind.COUNT, sum(event.is_event for _, event in own), basis=basis
    )  # fmt: skip
    half = None
    if own:
        curve = kaplan_meier(
            [event.days - day for _, event in own], [event.is_event for _, event in own],
            level=methods.level, transform=methods.transform, convention=methods.convention,
        )  # fmt: skip
        half = quantile(curve, 0.5)
    for statistic, value in (
        ("median", half.value if half else None),
        ("lower", half.lower if half else None),
        ("upper", half.upper if half else None),
    ):
        note = (half.note or "not reached") if half else "nobody in this group"
        ledger.add(
            item, statistic, Kind.DURATION, value, unit="days", level=methods.level,
            method=f"kaplan-meier, {methods.transform}, {methods.convention}, from the landmark",
            note=None if value is not None else note, basis=basis,
        )  # fmt: skip


def add_hazard(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the hazard ratio of PFS and OS after an immune-related event, which changes in time."""
    if not _is_collected(population):
        return
    for endpoint in ENDPOINTS:
        pairs = _with_times(population, analysis, endpoint)
        if not pairs:
            continue
        entry = Entry(analysis, ALL, "", endpoint, f"{endpoint.upper()} after an {EVENT}")
        basis = ledger.basis(
            entry, "event, by whether an immune-related event came before",
            f"{analysis.set} subjects with a time",
            _in_time(pairs),
        )  # fmt: skip
        exposed = [one for one, event in pairs if _had(one, event, ceil(event.days) - 1)]
        ledger.add(
            entry, "exposed", Kind.COUNT, len(exposed), basis=basis,
            formula="subjects with an immune-related event before the end of their time",
        )  # fmt: skip
        add_hazard_ratio(
            ledger, population, entry,
            [row for one, event in pairs for row in _rows(one, event)], basis, CAUTION,
        )  # fmt: skip


def _in_time(pairs: Sequence[tuple[_Course, Event]]) -> Callable[[], Iterator[Contribution]]:
    def make() -> Iterator[Contribution]:
        for one, event in pairs:
            onset = f"{EVENT} on day {one.onset(event)}" if one.first else f"no {EVENT}"
            role = "event" if event.is_event else "censored"
            sources = event.sources + ((one.first.source,) if one.first else ())
            yield Contribution(
                one.person.subject_id, role, _days_text(event.days),
                f"{onset}; {event.rule}: {event.reason}", tuple(dict.fromkeys(sources)),
            )  # fmt: skip

    return make


def _rows(one: _Course, event: Event) -> list[tuple[float, float, bool, float]]:
    """Return the time before the onset, its day included, and the time after it."""
    onset = one.onset(event)
    if onset is None or onset >= event.days:
        return [(0.0, event.days, event.is_event, 0.0)]
    if onset < 1:  # before the first day of this time
        return [(0.0, event.days, event.is_event, 1.0)]
    return [(0.0, onset, False, 0.0), (onset, event.days, event.is_event, 1.0)]
