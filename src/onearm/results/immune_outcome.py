"""Outcome by immune-related event, in two ways that respect time.

Who has such an event has lived and been treated long enough to have it: those
with and those without are never compared from the first dose on (immortal
time). They are compared from a landmark on, by what had happened until then, or
with the event as a covariate that changes on the day after its onset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import ceil

from onearm.clinical.derived import Event
from onearm.format import count_of
from onearm.results.hazards import add_hazard_ratio
from onearm.results.immune_related import EVENT, Course, courses_of, is_collected
from onearm.results.ledger import Entry, Ledger, Population
from onearm.results.model import Contribution
from onearm.results.plan import ALL, Analysis
from onearm.stats.survival import kaplan_meier, quantile
from onearm.terms import Kind

LANDMARK_WEEKS = (6, 12, 18)
ENDPOINTS = ("pfs", "os")
CAUTION = (
    "an association, not an effect: who has an immune-related event has lived long enough to have "
    "it; compared in time, never ever against never"
)


def _with_times(
    population: Population, analysis: Analysis, endpoint: str
) -> list[tuple[Course, Event]]:
    pairs = [
        (one, one.person.answers.events.get(endpoint)) for one in courses_of(population, analysis)
    ]
    return [(one, event) for one, event in pairs if event is not None and event.days is not None]


def add_landmark(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add PFS and OS from each landmark, by immune-related event up to it.

    Only who is under observation without the event after the landmark (>) takes part; time
    counts from it. An onset on the day of the landmark counts as before (<=).
    """
    if not is_collected(population):
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
    pairs: Sequence[tuple[Course, Event]],
    weeks: int,
) -> None:
    day = 7 * weeks
    kept = [(one, event) for one, event in pairs if event.time > day]
    label = f"{endpoint.upper()} from week {weeks}"
    entry = Entry(analysis, ALL, "", f"{endpoint}:week-{weeks}", label)
    basis = ledger.basis(
        entry, f"event after week {weeks}", f"{analysis.set} subjects without it up to then",
        lambda: [_from_landmark(one, event, day) for one, event in kept],
    )  # fmt: skip
    ledger.add(entry, "included", Kind.COUNT, len(kept), basis=basis)
    out = ledger.basis(
        entry, f"event or censoring up to day {day}", f"{analysis.set} subjects with a time",
        partial(_ended_before, pairs, day), part="excluded",
    )  # fmt: skip
    ledger.add(entry, "excluded", Kind.COUNT, len(pairs) - len(kept), basis=out)
    for name, has in (("with-event", True), ("without-event", False)):
        own = [(one, event) for one, event in kept if _had(one, event, day) is has]
        _add_group(ledger, population, entry, name, own, day)
    add_hazard_ratio(
        ledger, population, entry,
        [(0.0, event.time - day, event.is_event, float(_had(one, event, day)))
         for one, event in kept],
        basis, CAUTION,
    )  # fmt: skip


def _ended_before(pairs: Sequence[tuple[Course, Event]], day: int) -> Iterator[Contribution]:
    for one, event in pairs:
        role = "not counted" if event.time > day else "counted"
        said = f"{event.rule}: {event.reason}"
        yield Contribution(one.person.subject_id, role, _days_text(event.time), said, event.sources)


def _had(one: Course, event: Event, day: int) -> bool:
    onset = one.onset(event)
    return onset is not None and onset <= day


def _from_landmark(one: Course, event: Event, day: int) -> Contribution:
    has = _had(one, event, day)
    onset = f"{EVENT} on day {one.onset(event)}" if has else f"no {EVENT} up to day {day}"
    sources = event.sources + ((one.first.source,) if one.first else ())
    role = "event" if event.is_event else "censored"
    value = f"{_days_text(event.time - day)}, {'with' if has else 'without'}"
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
    own: Sequence[tuple[Course, Event]],
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
            [event.time - day for _, event in own], [event.is_event for _, event in own],
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
    if not is_collected(population):
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
        exposed = [one for one, event in pairs if _had(one, event, ceil(event.time) - 1)]
        ledger.add(
            entry, "exposed", Kind.COUNT, len(exposed), basis=basis,
            formula="subjects with an immune-related event before the end of their time",
        )  # fmt: skip
        add_hazard_ratio(
            ledger, population, entry,
            [row for one, event in pairs for row in _rows(one, event)], basis, CAUTION,
        )  # fmt: skip


def _in_time(pairs: Sequence[tuple[Course, Event]]) -> Callable[[], Iterator[Contribution]]:
    def make() -> Iterator[Contribution]:
        for one, event in pairs:
            onset = f"{EVENT} on day {one.onset(event)}" if one.first else f"no {EVENT}"
            role = "event" if event.is_event else "censored"
            sources = event.sources + ((one.first.source,) if one.first else ())
            yield Contribution(
                one.person.subject_id, role, _days_text(event.time),
                f"{onset}; {event.rule}: {event.reason}", tuple(dict.fromkeys(sources)),
            )  # fmt: skip

    return make


def _rows(one: Course, event: Event) -> list[tuple[float, float, bool, float]]:
    """Return the time before the onset, its day included, and the time after it."""
    onset = one.onset(event)
    if onset is None or onset >= event.time:
        return [(0.0, event.time, event.is_event, 0.0)]
    if onset < 1:  # before the first day of this time
        return [(0.0, event.time, event.is_event, 1.0)]
    return [(0.0, onset, False, 0.0), (onset, event.time, event.is_event, 1.0)]
