"""Adverse events, dose reductions and exposure, counted by subject.

Takes adverse events and doses, gives counts of subjects (each once, at the
worst grade) and of events. Terms count as they were entered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from onearm.clinical.derived import DoseSummary
from onearm.clinical.records import AdverseEvent
from onearm.format import count_of, source_lines
from onearm.results.ledger import Entry, Ledger, Person, Population, tally
from onearm.results.model import Contribution, slug, slugs
from onearm.results.plan import ALL, Analysis
from onearm.stats.descriptive import describe
from onearm.terms import Kind

SEVERE = 3

Test = Callable[[AdverseEvent], bool]

KINDS: dict[str, tuple[str, Test]] = {
    "ae": ("adverse event", lambda ae: True),
    "trae": ("treatment-related adverse event", lambda ae: bool(ae.is_related)),
    "sae": ("serious adverse event", lambda ae: bool(ae.is_serious)),
    "related-sae": (
        "treatment-related serious adverse event",
        lambda ae: bool(ae.is_related and ae.is_serious),
    ),
    "irae": ("immune-related adverse event", lambda ae: bool(ae.is_immune_related)),
    "related-irsae": (
        "treatment-related, immune-related serious adverse event",
        lambda ae: bool(ae.is_related and ae.is_serious and ae.is_immune_related),
    ),
    "trae-reduced": (
        "treatment-related adverse event that reduced a dose",
        lambda ae: bool(ae.is_related) and ae.action == "REDUCED",
    ),
    "trae-discontinued": (
        "treatment-related adverse event that ended a treatment",
        lambda ae: bool(ae.is_related) and ae.action == "DISCONTINUED",
    ),
}
BY_TERM = ("ae", "trae")
BY_ACTION = ("trae-reduced", "trae-discontinued")


def add_safety(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the counts of one kind of event for each group, drug and term."""
    what, test = KINDS[analysis.id]
    names, without = _names_of_terms(population), _without(population)
    for group in analysis.groups:
        people = population.of(analysis, group)
        if any(person.records.adverse_events is None for person in population.people):
            continue  # not collected
        for drug in ("", *analysis.variants):
            entry = Entry(analysis, group, drug)
            chosen = {p.subject_id: _chosen(p, test, drug, analysis) for p in people}
            _add_counts(ledger, entry, people, chosen, without, f"{what} {drug}".strip())
            if analysis.id in BY_TERM and not drug:
                _add_terms(ledger, entry, names, people, chosen, without, what)


def _chosen(person: Person, test: Test, drug: str, analysis: Analysis) -> list[AdverseEvent]:
    events = [event for event in person.records.adverse_events or () if test(event)]
    if not drug:
        return events
    if analysis.id in BY_ACTION:
        return [event for event in events if drug in event.action_drugs]
    return [event for event in events if drug in event.related_to]


def _add_counts(
    ledger: Ledger,
    entry: Entry,
    people: Sequence[Person],
    chosen: dict[str, list[AdverseEvent]],
    without: Mapping[str, Contribution],
    what: str,
) -> None:
    worst = [max((event.grade or 0) for event in found) for found in chosen.values() if found]
    denominator = f"{entry.analysis.set} subjects, {entry.group.label}"
    for name, least in (("any", 0), ("grade_3", SEVERE), ("grade_5", 5)):
        worded = what if not least else f"{what}, {_grade_words(least)}"
        part = None if not least else name
        contributions = partial(_contributions, people, chosen, without, least)
        basis = ledger.basis(entry, f"at least one {worded}", denominator, contributions, part=part)
        if not least:
            ledger.add(entry, "total", Kind.COUNT, len(people), basis=basis)
            ledger.add(
                entry, "event_count", Kind.COUNT, sum(map(len, chosen.values())), basis=basis,
                formula="events, each counted",
            )  # fmt: skip
        n = sum(grade >= least for grade in worst)
        formula = f"subjects with at least one event, {_grade_words(least)}"
        ledger.add(entry, f"{name}_count", Kind.COUNT, n, basis=basis, formula=formula)
        ledger.add(
            entry,
            f"{name}_estimate",
            Kind.PROPORTION,
            n / len(people) if people else None,
            note=None if people else "nobody in the denominator",
            basis=basis,
            formula=f"{n} / {len(people)}",
        )


def _contributions(
    people: Sequence[Person],
    chosen: Mapping[str, Sequence[AdverseEvent]],
    without: Mapping[str, Contribution],
    least: int,
) -> Iterator[Contribution]:
    """Yield what each subject adds to the count of those with an event of a least grade."""
    for person in people:
        events = _of_grade(chosen.get(person.subject_id, ()), least)
        yield _contribution(person, events) if events else without[person.subject_id]


def _of_grade(events: Sequence[AdverseEvent], least: int) -> list[AdverseEvent]:
    return [event for event in events if (event.grade or 0) >= least]


def _grade_words(least: int) -> str:
    return "any grade" if not least else f"grade {least} or higher" if least < 5 else "grade 5"


def _without(population: Population) -> dict[str, Contribution]:
    """Return what each subject contributes to a count of events that it did not have."""
    return {
        person.subject_id: Contribution(
            person.subject_id,
            "not counted",
            None,
            f"no such event among {count_of(len(person.records.adverse_events or ()), 'event')}",
            (person.records.subject.source,),
        )
        for person in population.people
    }


def _contribution(person: Person, events: Sequence[AdverseEvent]) -> Contribution:
    worst = max((event.grade or 0) for event in events)
    terms = ", ".join(dict.fromkeys(event.term for event in events))
    sources = tuple(event.source for event in events)
    return Contribution(
        person.subject_id, "counted", f"grade {worst}" if worst else "no grade", terms, sources
    )


def _add_terms(
    ledger: Ledger,
    entry: Entry,
    names: Mapping[str, str],
    people: Sequence[Person],
    chosen: dict[str, list[AdverseEvent]],
    without: Mapping[str, Contribution],
    what: str,
) -> None:
    of_term: dict[str, dict[str, list[AdverseEvent]]] = {}
    for subject_id, events in chosen.items():
        for event in events:
            of_term.setdefault(event.term, {}).setdefault(subject_id, []).append(event)
    for term in sorted(of_term, key=names.__getitem__):
        item = Entry(entry.analysis, entry.group, entry.variant, f"term:{names[term]}", term)
        _add_counts(ledger, item, people, of_term[term], without, f"{what}: {term}")


def _names_of_terms(population: Population) -> dict[str, str]:
    """Return the name of each term in result ids, the same in every group."""
    events = (event for p in population.people for event in p.records.adverse_events or ())
    return slugs(sorted({event.term for event in events}))


def add_reduced(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add how many subjects had a reduced dose, of any drug and of each."""
    people = population.of(analysis, ALL)
    if any(person.records.doses is None for person in people):
        return
    for drug in ("", *analysis.variants):
        parts: dict[bool, list[Contribution]] = {}
        for person in people:
            doses = [d for d in person.answers.doses if not drug or d.drug == drug]
            is_reduced = any(d.is_reduced for d in doses)
            parts.setdefault(is_reduced, []).append(_dosed(person, doses, is_reduced))
        tally(
            ledger,
            Entry(analysis, ALL, drug),
            parts,
            f"a reduced dose of {drug or 'any drug'}",
            f"{analysis.set} subjects",
        )


def _dosed(person: Person, doses: Iterable[DoseSummary], is_reduced: bool) -> Contribution:
    kept = [d for d in doses if d.is_reduced] or list(doses)
    reason = "; ".join(f"{d.drug} {d.reason} ({source_lines(d.sources)})" for d in kept)
    sources = tuple(s for d in kept for s in d.sources) or (person.records.subject.source,)
    role = "counted" if is_reduced else "not counted"
    return Contribution(person.subject_id, role, None, reason or "no dose", sources)


def add_exposure(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add cycles and days from first to last dose of each drug."""
    people = population.of(analysis, ALL)
    for drug in analysis.variants:
        given = [
            (person, dose)
            for person in people
            for dose in person.answers.doses
            if dose.drug == drug
        ]
        if not given:
            continue
        for item, label in (("cycles", "cycles"), ("days", "days from first to last dose")):
            entry = Entry(analysis, ALL, drug, item, label)
            values = {p.subject_id: _amount(dose, item) for p, dose in given}
            basis = ledger.basis(
                entry,
                f"{label} of {drug}",
                f"{analysis.set} subjects with a dose of {drug}",
                [
                    Contribution(
                        p.subject_id, "value", str(values[p.subject_id]), d.reason, d.sources
                    )
                    for p, d in given
                ],
            )
            about = describe(values.values(), quartiles=population.protocol.analysis.quartiles)
            ledger.add(entry, "n", Kind.COUNT, about.n, basis=basis)
            for statistic in ("median", "minimum", "maximum"):
                value = float(getattr(about, statistic))
                ledger.add(
                    entry, statistic, Kind.QUANTITY, value, unit=item, basis=basis,
                    method=about.quartiles,
                )  # fmt: skip


def _amount(dose: DoseSummary, item: str) -> int:
    return dose.cycles if item == "cycles" else (dose.last_date - dose.first_date).days + 1


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
