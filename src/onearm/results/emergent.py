"""Treatment-emergent adverse events: by term at the worst grade, by group of interest, by exposure.

Takes adverse events and doses, gives counts of subjects and rates for 100
patient-years at risk. A subject counts once, at the worst grade.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from onearm.clinical.adverse_events import days_at_risk, is_emergent
from onearm.clinical.lab_course import dosed
from onearm.clinical.records import AdverseEvent
from onearm.results.ledger import Entry, Ledger, Person, Population, tally
from onearm.results.model import Contribution, slug, slugs
from onearm.results.plan import Analysis, Group
from onearm.terms import DAYS_PER_MONTH, Kind

SEVERE = 3
DAYS_PER_YEAR = 12 * DAYS_PER_MONTH
Chosen = dict[str, list[AdverseEvent]]


def add_emergent(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add treatment-emergent events of each group and term, with their rates by exposure."""
    if any(person.records.adverse_events is None for person in population.people):
        return
    terms = (e.term for p in population.people for e in p.records.adverse_events or ())
    names = slugs(terms)
    for group in analysis.groups:
        people = population.of(analysis, group)
        chosen = _emergent(population, people)
        _add(ledger, population, analysis, group, people, chosen, "", "any event")
        found = {event.term for events in chosen.values() for event in events}
        for term in sorted(found, key=names.__getitem__):
            of_term = {
                who: [event for event in events if event.term == term]
                for who, events in chosen.items()
            }
            item = f"term:{names[term]}"
            _add(ledger, population, analysis, group, people, of_term, item, term)


def add_special_interest(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add treatment-emergent events of each group of special interest of the protocol."""
    if any(person.records.adverse_events is None for person in population.people):
        return
    for group in analysis.groups:
        people = population.of(analysis, group)
        chosen = _emergent(population, people)
        for interest in population.protocol.safety.special_interest:
            wanted = {term.casefold() for term in interest.terms}
            of_group = {
                who: [event for event in events if event.term.casefold() in wanted]
                for who, events in chosen.items()
            }
            item = f"group:{slug(interest.id)}"
            _add(ledger, population, analysis, group, people, of_group, item, interest.label)


def _days(population: Population) -> Fraction | None:
    until = population.protocol.safety.emergent_until
    return None if until is None else until.days


def _emergent(population: Population, people: Sequence[Person]) -> Chosen:
    until = _days(population)
    chosen: Chosen = {}
    for person in people:
        days = dosed(person.records)
        events = person.records.adverse_events or ()
        chosen[person.subject_id] = [one for one in events if is_emergent(one, days, until)]
    return chosen


def _add(
    ledger: Ledger,
    population: Population,
    analysis: Analysis,
    group: Group,
    people: Sequence[Person],
    chosen: Chosen,
    item: str,
    label: str,
) -> None:
    of = f"{analysis.set} subjects, {group.label}"
    for ending, least in (("", 0), ("grade-3-or-higher", SEVERE)):
        name = ":".join(part for part in (item, ending) if part)
        words = f"{label}, grade {least} or higher" if least else label
        entry = Entry(analysis, group, "", name or None, words)
        tally(ledger, entry, _split(people, chosen, least), f"treatment-emergent: {words}", of)
    _add_rate(
        ledger, population, Entry(analysis, group, "", _rate_item(item), label), people, chosen
    )


def _rate_item(item: str) -> str:
    return f"{item}:by-exposure" if item else "by-exposure"


def _split(people: Sequence[Person], chosen: Chosen, least: int) -> dict[bool, list[Contribution]]:
    parts: dict[bool, list[Contribution]] = {}
    for person in people:
        events = [e for e in chosen[person.subject_id] if (e.grade or 0) >= least]
        worst = max(((event.grade or 0) for event in events), default=0)
        parts.setdefault(bool(events), []).append(
            Contribution(
                person.subject_id,
                "counted" if events else "not counted",
                None if not events else f"grade {worst}" if worst else "no grade",
                ", ".join(dict.fromkeys(event.term for event in events)) or "no such event",
                tuple(event.source for event in events) or (person.records.subject.source,),
            )
        )
    return parts


def _add_rate(
    ledger: Ledger,
    population: Population,
    entry: Entry,
    people: Sequence[Person],
    chosen: Chosen,
) -> None:
    """Add subjects with an event for 100 patient-years at risk; who has no time at risk is out."""
    until = _days(population)
    contributions, days, count = [], 0, 0
    for person in people:
        events = chosen[person.subject_id]
        at_risk = days_at_risk(person.records, events, until)
        if at_risk is None:
            continue
        days, count = days + at_risk, count + bool(events)
        contributions.append(
            Contribution(
                person.subject_id,
                "counted" if events else "not counted",
                f"{at_risk} days",
                "to the first event" if events else "to the end of the window",
                tuple(e.source for e in events) or (person.records.subject.source,),
            )
        )
    basis = ledger.basis(entry, "subjects with an event", "days at risk", contributions)
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
