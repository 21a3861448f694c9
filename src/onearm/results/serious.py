"""Treatment-emergent events parted as a registry lists them: serious ones, and the others.

Takes adverse events and doses, gives subjects and events by term. A subject counts
once a term; one who had the same term both ways counts in both. Of the others a registry
lists the terms that more than a share of the subjects had (>, compared in whole numbers):
who had a listed one is counted too. An event without a seriousness is no serious one, and
the rows say how many there are; where no event has one, nothing can be parted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from onearm.clinical.adverse_events import is_emergent
from onearm.clinical.lab_course import dosed
from onearm.clinical.records import AdverseEvent
from onearm.format import count_of
from onearm.results.ledger import Entry, Ledger, Person, Population
from onearm.results.model import Contribution, slugs
from onearm.results.plan import ALL, Analysis
from onearm.terms import REGISTRY_THRESHOLD_PERCENT, Kind

LISTED = f"above-{REGISTRY_THRESHOLD_PERCENT}-percent"
Chosen = dict[str, list[AdverseEvent]]
"""The events of each subject who has one."""

KINDS: dict[str, tuple[str, Callable[[AdverseEvent], bool]]] = {
    "teae-serious": ("serious", lambda event: bool(event.is_serious)),
    "teae-other": ("not serious", lambda event: not event.is_serious),
}


def add_serious(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add subjects and events of one kind, in all and by term; none where it was not collected."""
    everyone = [person.records.adverse_events for person in population.people]
    collected = [event for events in everyone for event in events or ()]
    is_parted = not collected or any(event.is_serious is not None for event in collected)
    if not is_parted or any(events is None for events in everyone):
        return
    kind, test = KINDS[analysis.id]
    people = population.of(analysis, ALL)
    chosen = _emergent(population, people, test)
    unsaid = sum(event.is_serious is None for own in chosen.values() for event in own)
    note = f"{count_of(unsaid, 'event')} without a seriousness among them" if unsaid else None
    _add(ledger, Entry(analysis, ALL, "", None, kind), people, chosen, note)
    by_term: dict[str, Chosen] = {}
    for who, own in chosen.items():
        for event in own:
            by_term.setdefault(event.term, {}).setdefault(who, []).append(event)
    names = slugs(sorted({event.term for event in collected}))
    for term in sorted(by_term, key=names.__getitem__):
        entry = Entry(analysis, ALL, "", f"term:{names[term]}", term)
        basis = _add(ledger, entry, people, by_term[term])
        _add_class(ledger, entry, by_term[term], basis)
        if analysis.id == "teae-other":
            n, total = len(by_term[term]), len(people)
            code = "Y" if is_listed(n, total) else "N"
            formula = f"100 x {n} > {REGISTRY_THRESHOLD_PERCENT} x {total}"
            ledger.add(entry, "listed", Kind.CODE, code=code, basis=basis, formula=formula)
    if analysis.id == "teae-other":
        _add_listed(ledger, analysis, people, by_term)


def _add_listed(
    ledger: Ledger, analysis: Analysis, people: Sequence[Person], by_term: dict[str, Chosen]
) -> None:
    """Add who had an event of a term that is listed, and how many."""
    shown: Chosen = {}
    for of_term in by_term.values():
        if is_listed(len(of_term), len(people)):
            for who, own in of_term.items():
                shown.setdefault(who, []).extend(own)
    words = f"of a term that more than {REGISTRY_THRESHOLD_PERCENT} % had"
    _add(ledger, Entry(analysis, ALL, "", LISTED, words), people, shown)


def is_listed(subjects: int, total: int) -> bool:
    """Return whether more than the registry's share of the subjects had a term.

    >>> is_listed(2, 40), is_listed(3, 40)  # 5 % is not more than 5 %
    (False, True)
    """
    return 100 * subjects > REGISTRY_THRESHOLD_PERCENT * total


def _emergent(
    population: Population, people: Sequence[Person], test: Callable[[AdverseEvent], bool]
) -> Chosen:
    window = population.protocol.safety.emergent_until
    until = None if window is None else window.days
    chosen: Chosen = {}
    for person in people:
        days = dosed(person.records)
        events = [event for event in person.records.adverse_events or () if test(event)]
        if own := [event for event in events if is_emergent(event, days, until)]:
            chosen[person.subject_id] = own
    return chosen


def _add(
    ledger: Ledger,
    entry: Entry,
    people: Sequence[Person],
    chosen: Chosen,
    note: str | None = None,
) -> str:
    """Write down the subjects, and how many events they had; return the basis."""
    of = f"{entry.analysis.set} subjects"
    words = f"{entry.analysis.title.lower()}: {entry.label}"
    basis = ledger.basis(entry, words, of, partial(_contributions, people, chosen))
    ledger.share(entry, len(chosen), len(people), basis)
    count = sum(map(len, chosen.values()))
    formula = "events, each counted"
    ledger.add(entry, "event_count", Kind.COUNT, count, note=note, basis=basis, formula=formula)
    return basis


def _add_class(ledger: Ledger, entry: Entry, chosen: Chosen, basis: str) -> None:
    counts = Counter(event.system_organ_class or "" for own in chosen.values() for event in own)
    name = min(counts, key=lambda one: (-counts[one], one))
    ledger.add(
        entry, "system_organ_class", Kind.CODE, code=name or None, basis=basis,
        note=None if name else "system organ class not recorded",
        formula="the class of most of its events",
    )  # fmt: skip


def _contributions(people: Sequence[Person], chosen: Chosen) -> Iterator[Contribution]:
    for person in people:
        own = chosen.get(person.subject_id, [])
        yield Contribution(
            person.subject_id,
            "counted" if own else "not counted",
            count_of(len(own), "event") if own else None,
            ", ".join(dict.fromkeys(event.term for event in own)) or "no such event",
            tuple(event.source for event in own) or (person.records.subject.source,),
        )
