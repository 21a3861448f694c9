"""What came of immune-related serious events.

Takes adverse events and what the rules derived, gives counts of subjects.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm.results.adverse_events import KINDS, Test
from onearm.results.ledger import Entry, Ledger, Person, Population, tally
from onearm.results.model import Contribution, slug
from onearm.results.plan import ALL, Analysis


def add_irsae(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add response and survival of those with a related immune-related serious event."""
    _, test = KINDS["related-irsae"]
    people = [
        person
        for person in population.of(analysis, ALL)
        if any(test(event) for event in person.records.adverse_events or ())
    ]
    denominator = "treated subjects with a related immune-related serious event"
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
    parts = {}
    for person in people:
        end = person.answers.events["os"]
        role = "not counted" if end.is_event else "counted"
        parts.setdefault(not end.is_event, []).append(
            Contribution(person.subject_id, role, f"{end.days} days", end.reason, end.sources)
        )
    tally(
        ledger,
        Entry(analysis, ALL, "", "alive", "alive"),
        parts,
        "alive at last contact",
        denominator,
    )


def _add_recovered(
    ledger: Ledger, analysis: Analysis, people: Sequence[Person], test: Test, denominator: str
) -> None:
    parts: dict[bool, list[Contribution]] = {}
    for person in people:
        events = [event for event in person.records.adverse_events or () if test(event)]
        has = all(event.outcome == "RECOVERED" for event in events)
        words = "; ".join(f"{e.term}: {(e.outcome or 'not recorded').lower()}" for e in events)
        parts.setdefault(has, []).append(
            Contribution(
                person.subject_id,
                "counted" if has else "not counted",
                None,
                words,
                tuple(event.source for event in events),
            )
        )
    entry = Entry(analysis, ALL, "", "recovered", "recovered")
    tally(ledger, entry, parts, "every such event recovered", denominator)
