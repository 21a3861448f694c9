"""Treatment-emergent adverse events: by term at the worst grade, by group of interest, by exposure.

Takes adverse events and doses, gives counts of subjects and rates for 100
patient-years at risk. A subject counts once, at the worst grade.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from onearm.clinical.adverse_events import days_at_risk, is_emergent, window_at_risk
from onearm.clinical.lab_course import dosed
from onearm.clinical.records import AdverseEvent
from onearm.results.ledger import Entry, Ledger, Person, Population
from onearm.results.model import Contribution, slug, slugs
from onearm.results.plan import Analysis, Group
from onearm.terms import DAYS_PER_MONTH, Kind

SEVERE = 3
DAYS_PER_YEAR = 12 * DAYS_PER_MONTH
Chosen = dict[str, list[AdverseEvent]]


@dataclass(frozen=True, slots=True)
class _Counted:
    """The people of a group, with when each is at risk and what emerged."""

    people: Sequence[Person]
    windows: dict[str, tuple[dt.date, dt.date] | None]
    chosen: Chosen  # events by subject; a subject without one may be absent

    def only(self, chosen: Chosen) -> _Counted:
        """Return the same people with some of their events."""
        return replace(self, chosen=chosen)


def add_emergent(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add treatment-emergent events of each group and term, with their rates by exposure."""
    if any(person.records.adverse_events is None for person in population.people):
        return
    terms = (e.term for p in population.people for e in p.records.adverse_events or ())
    names = slugs(terms)
    for group in analysis.groups:
        counted = _counted(population, analysis, group)
        _add(ledger, Entry(analysis, group, "", None, "any event"), counted)
        of_term: dict[str, Chosen] = {}
        for who, events in counted.chosen.items():
            for event in events:
                of_term.setdefault(event.term, {}).setdefault(who, []).append(event)
        for term in sorted(of_term, key=names.__getitem__):
            entry = Entry(analysis, group, "", f"term:{names[term]}", term)
            _add(ledger, entry, counted.only(of_term[term]))


def add_special_interest(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add treatment-emergent events of each group of special interest of the protocol."""
    if any(person.records.adverse_events is None for person in population.people):
        return
    for group in analysis.groups:
        counted = _counted(population, analysis, group)
        for interest in population.protocol.safety.special_interest:
            wanted = {term.casefold() for term in interest.terms}
            of_group = {
                who: [event for event in events if event.term.casefold() in wanted]
                for who, events in counted.chosen.items()
            }
            entry = Entry(analysis, group, "", f"group:{slug(interest.id)}", interest.label)
            _add(ledger, entry, counted.only(of_group))


def _counted(population: Population, analysis: Analysis, group: Group) -> _Counted:
    """Return what emerged in a group, worked out once for all analyses of a set."""
    people = population.of(analysis, group)
    name = f"emergent in {analysis.set}, {group.id}"
    return population.kept(name, lambda: _emergent(population, people))


def _emergent(population: Population, people: Sequence[Person]) -> _Counted:
    found = population.protocol.safety.emergent_until
    until = None if found is None else found.days
    chosen: Chosen = {}
    for person in people:
        days = dosed(person.records)
        events = person.records.adverse_events or ()
        chosen[person.subject_id] = [one for one in events if is_emergent(one, days, until)]
    windows = {person.subject_id: window_at_risk(person.records, until) for person in people}
    return _Counted(people, windows, chosen)


def _add(ledger: Ledger, entry: Entry, counted: _Counted) -> None:
    of = f"{entry.analysis.set} subjects, {entry.group.label}"
    worst = [max((e.grade or 0) for e in found) for found in counted.chosen.values() if found]
    for ending, least in (("", 0), ("grade-3-or-higher", SEVERE)):
        name = ":".join(part for part in (entry.item, ending) if part)
        words = f"{entry.label}, grade {least} or higher" if least else entry.label
        part = replace(entry, item=name or None, label=words)
        makes = partial(_contributions, counted, least)
        basis = ledger.basis(part, f"treatment-emergent: {words}", of, makes)
        ledger.share(part, sum(grade >= least for grade in worst), len(counted.people), basis)
    item = f"{entry.item}:by-exposure" if entry.item else "by-exposure"
    _add_rate(ledger, replace(entry, item=item), counted)


def _contributions(counted: _Counted, least: int) -> Iterator[Contribution]:
    """Yield what each subject adds to the count of those with an event of a least grade."""
    for person in counted.people:
        found = counted.chosen.get(person.subject_id, ())
        events = [event for event in found if (event.grade or 0) >= least]
        worst = max(((event.grade or 0) for event in events), default=0)
        yield Contribution(
            person.subject_id,
            "counted" if events else "not counted",
            None if not events else f"grade {worst}" if worst else "no grade",
            ", ".join(dict.fromkeys(event.term for event in events)) or "no such event",
            tuple(event.source for event in events) or (person.records.subject.source,),
        )


def _add_rate(ledger: Ledger, entry: Entry, counted: _Counted) -> None:
    """Add subjects with an event for 100 patient-years at risk; who has no time at risk is out."""
    at_risk: dict[str, int] = {}
    for subject_id, window in counted.windows.items():
        days = days_at_risk(window, counted.chosen.get(subject_id, ()))
        if days is not None:
            at_risk[subject_id] = days
    days, count = sum(at_risk.values()), sum(bool(counted.chosen.get(who)) for who in at_risk)
    makes = partial(_exposures, counted, at_risk)
    basis = ledger.basis(entry, "subjects with an event", "days at risk", makes)
    ledger.add(entry, "count", Kind.COUNT, count, basis=basis)
    ledger.add(entry, "at_risk", Kind.DURATION, days, basis=basis, formula="sum of days at risk")
    rate = 100 * count * DAYS_PER_YEAR / days if days else None
    ledger.add(
        entry,
        "rate_per_100_years",
        Kind.QUANTITY,
        None if rate is None else float(rate),
        unit="per 100 patient-years",
        note=None if days else "nobody at risk",
        basis=basis,
        formula=f"100 x 365.25 x {count} / {days}",
    )


def _exposures(counted: _Counted, at_risk: dict[str, int]) -> Iterator[Contribution]:
    for person in counted.people:
        if person.subject_id not in at_risk:
            continue
        events = counted.chosen.get(person.subject_id, ())
        yield Contribution(
            person.subject_id,
            "counted" if events else "not counted",
            f"{at_risk[person.subject_id]} days",
            "to the first event" if events else "to the end of the window",
            tuple(event.source for event in events) or (person.records.subject.source,),
        )
