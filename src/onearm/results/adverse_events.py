"""Adverse events counted by subject: of each kind, by system organ class, by term, by grade.

Takes adverse events, gives counts of subjects (each once, at the worst grade)
and of events. Terms and classes count as they were entered. Each kind is
counted for all drugs and, as a variant, for each drug that the event is
related to, or, where the kind is an action, that the action concerned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from onearm.clinical.records import AdverseEvent
from onearm.format import count_of
from onearm.results.ledger import Entry, Ledger, Person, Population
from onearm.results.model import Contribution, slugs
from onearm.results.plan import ALL, Analysis
from onearm.terms import Kind

SEVERE = 3
GRADES = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (1, 2), (3, 4))
"""The worst grades that are counted: each, and those that tables put together."""
NO_CLASS = "System organ class not recorded"

Test = Callable[[AdverseEvent], bool]
Chosen = dict[str, list[AdverseEvent]]
"""The events of each subject who has one."""

MODIFIED = ("INTERRUPTED", "REDUCED")


def _is_fatal(event: AdverseEvent) -> bool:
    return event.grade == 5 or event.outcome == "FATAL"


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
    "ae-fatal": ("fatal adverse event", _is_fatal),
    "trae-fatal": (
        "fatal treatment-related adverse event",
        lambda ae: bool(ae.is_related) and _is_fatal(ae),
    ),
    "ae-interrupted": (
        "adverse event that interrupted a treatment",
        lambda ae: ae.action == "INTERRUPTED",
    ),
    "ae-reduced": ("adverse event that reduced a dose", lambda ae: ae.action == "REDUCED"),
    "ae-modified": (
        "adverse event that interrupted a treatment or reduced a dose",
        lambda ae: ae.action in MODIFIED,
    ),
    "ae-discontinued": (
        "adverse event that ended a treatment",
        lambda ae: ae.action == "DISCONTINUED",
    ),
    "trae-interrupted": (
        "treatment-related adverse event that interrupted a treatment",
        lambda ae: bool(ae.is_related) and ae.action == "INTERRUPTED",
    ),
    "trae-modified": (
        "treatment-related adverse event that interrupted a treatment or reduced a dose",
        lambda ae: bool(ae.is_related) and ae.action in MODIFIED,
    ),
    "sae-modified": (
        "serious adverse event that interrupted a treatment or reduced a dose",
        lambda ae: bool(ae.is_serious) and ae.action in MODIFIED,
    ),
    "sae-discontinued": (
        "serious adverse event that ended a treatment",
        lambda ae: bool(ae.is_serious) and ae.action == "DISCONTINUED",
    ),
}
IN_FULL = ("ae", "trae")
"""Kinds that are counted by class, term and worst grade, and by term in each subgroup."""
BY_CLASS = (*IN_FULL, "sae")
BY_DRUG_AND_TERM = ("trae",)
NOT_BY_TERM = ("ae-modified", "trae-modified", "sae-modified")
"""Kinds that are two others put together."""
ACTIONS = ("-reduced", "-interrupted", "-modified", "-discontinued")


def add_safety(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the counts of one kind of event for each group, drug, class and term."""
    if any(person.records.adverse_events is None for person in population.people):
        return  # not collected
    what, test = KINDS[analysis.id]
    counting = _counting(population)
    everyone = _chosen(population.people, test)
    is_action = analysis.id.endswith(ACTIONS)
    for group in analysis.groups:
        people = population.of(analysis, group)
        own = {p.subject_id: everyone[p.subject_id] for p in people if p.subject_id in everyone}
        for drug in ("", *analysis.variants):
            entry = Entry(analysis, group, drug)
            chosen = _of_drug(own, drug, is_action) if drug else own
            words = f"{what} {drug}".strip()
            in_full = group is ALL and not drug and analysis.id in IN_FULL
            counting.add(ledger, entry, people, chosen, words, by_grade=in_full)
            if group is ALL and not drug and analysis.id in BY_CLASS:
                _add_classes(ledger, entry, counting, people, chosen, words)
            if _is_by_term(entry):
                _add_terms(ledger, entry, counting, people, chosen, words)


def _is_by_term(entry: Entry) -> bool:
    name = entry.analysis.id
    if entry.variant:
        return entry.group is ALL and name in BY_DRUG_AND_TERM
    return name in IN_FULL or (entry.group is ALL and name not in NOT_BY_TERM)


def _chosen(people: Sequence[Person], test: Test) -> Chosen:
    return {
        person.subject_id: events
        for person in people
        if (events := [event for event in person.records.adverse_events or () if test(event)])
    }


def _of_drug(chosen: Chosen, drug: str, is_action: bool) -> Chosen:
    """Return the events that are related to a drug, or whose action concerned it."""
    return {
        who: own
        for who, events in chosen.items()
        if (own := [e for e in events if drug in (e.action_drugs if is_action else e.related_to)])
    }


@dataclass(slots=True)
class _Counting:
    """What all counts of a study's events share."""

    without: Mapping[str, Contribution]
    terms: Mapping[str, str]
    classes: Mapping[str, str]
    class_of: Mapping[str, str]
    _nobody: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        ledger: Ledger,
        entry: Entry,
        people: Sequence[Person],
        chosen: Chosen,
        what: str,
        *,
        by_grade: bool = False,
    ) -> str:
        """Write down subjects with an event of any grade, from grade 3, of grade 5; and events."""
        worst = [max([e.grade or 0 for e in events]) for events in chosen.values()]
        basis = self._basis(ledger, entry, people, chosen, f"at least one {what}")
        ledger.add(entry, "total", Kind.COUNT, len(people), basis=basis)
        ledger.add(
            entry, "event_count", Kind.COUNT, sum(map(len, chosen.values())), basis=basis,
            formula="events, each counted",
        )  # fmt: skip
        for name, least in (("any", 0), ("grade_3", SEVERE), ("grade_5", 5)):
            n = sum([grade >= least for grade in worst])
            own = basis
            if n != len(chosen):
                severe = _severe(chosen, least) if n else {}
                own = self._severe(ledger, entry, people, severe, what, least, name)
            formula = f"subjects with at least one event, {_grade_words(least)}"
            _share(ledger, entry, name, n, len(people), own, formula)
        if by_grade:
            counts = Counter(worst)
            for low, high in GRADES:
                n = counts[low] if low == high else counts[low] + counts[high]
                words = f"{low}" if low == high else f"{low} or {high}"
                name = f"worst_grade_{low}" if low == high else f"worst_grade_{low}_{high}"
                formula = f"subjects whose worst grade is {words}"
                _share(ledger, entry, name, n, len(people), basis, formula)
        return basis

    def _basis(
        self,
        ledger: Ledger,
        entry: Entry,
        people: Sequence[Person],
        chosen: Chosen,
        numerator: str,
        part: str | None = None,
    ) -> str:
        makes = partial(_contributions, people, chosen, self.without)
        return ledger.basis(entry, numerator, _denominator(entry), makes, part=part)

    def _severe(
        self,
        ledger: Ledger,
        entry: Entry,
        people: Sequence[Person],
        severe: Chosen,
        what: str,
        least: int,
        part: str,
    ) -> str:
        """Return the basis of a grade; where nobody reached it, all of an analysis share one."""
        if severe:
            numerator = f"at least one {what}, {_grade_words(least)}"
            return self._basis(ledger, entry, people, severe, numerator, part)
        head = Entry(entry.analysis, entry.group, entry.variant)
        if head.id not in self._nobody:
            self._nobody[head.id] = self._basis(
                ledger, head, people, {}, "an event of this grade", "nobody"
            )
        return self._nobody[head.id]


def _share(
    ledger: Ledger, entry: Entry, name: str, n: int, total: int, basis: str, formula: str
) -> None:
    ledger.add(entry, f"{name}_count", Kind.COUNT, n, basis=basis, formula=formula)
    ledger.add(
        entry,
        f"{name}_estimate",
        Kind.PROPORTION,
        n / total if total else None,
        note=None if total else "nobody in the denominator",
        basis=basis,
        formula=f"{n} / {total}",
    )


def _contributions(
    people: Sequence[Person], chosen: Chosen, without: Mapping[str, Contribution]
) -> Iterator[Contribution]:
    for person in people:
        events = chosen.get(person.subject_id)
        yield _contribution(person.subject_id, events) if events else without[person.subject_id]


def _severe(chosen: Chosen, least: int) -> Chosen:
    return {
        who: own
        for who, events in chosen.items()
        if (own := [event for event in events if (event.grade or 0) >= least])
    }


def _denominator(entry: Entry) -> str:
    return f"{entry.analysis.set} subjects, {entry.group.label}"


def _grade_words(least: int) -> str:
    return "any grade" if not least else f"grade {least} or higher" if least < 5 else "grade 5"


def _contribution(subject_id: str, events: Sequence[AdverseEvent]) -> Contribution:
    worst = max((event.grade or 0) for event in events)
    terms = ", ".join(dict.fromkeys(event.term for event in events))
    sources = tuple(event.source for event in events)
    return Contribution(
        subject_id, "counted", f"grade {worst}" if worst else "no grade", terms, sources
    )


def _counting(population: Population) -> _Counting:
    """Return the names of terms and classes, the same in every group, and who has no event."""
    return population.kept("adverse events", lambda: _make_counting(population))


def _make_counting(population: Population) -> _Counting:
    events = [event for p in population.people for event in p.records.adverse_events or ()]
    found: dict[str, Counter[str]] = {}
    for event in events:
        found.setdefault(event.term, Counter())[event.system_organ_class or ""] += 1
    class_of = {
        term: min(counts, key=lambda name: (-counts[name], name)) for term, counts in found.items()
    }
    return _Counting(
        without_event(population),
        slugs(sorted(found)),
        slugs(sorted({event.system_organ_class or NO_CLASS for event in events})),
        class_of,
    )


def without_event(population: Population) -> dict[str, Contribution]:
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


def _add_terms(
    ledger: Ledger,
    entry: Entry,
    counting: _Counting,
    people: Sequence[Person],
    chosen: Chosen,
    what: str,
) -> None:
    """Add each term; of all events also the class that it stands under in most rows."""
    in_full = entry.group is ALL and not entry.variant and entry.analysis.id in IN_FULL
    by_term = _split(chosen, lambda event: event.term)
    for term in sorted(by_term, key=counting.terms.__getitem__):
        name = f"term:{counting.terms[term]}"
        item = Entry(entry.analysis, entry.group, entry.variant, name, term)
        basis = counting.add(
            ledger, item, people, by_term[term], f"{what}: {term}", by_grade=in_full
        )
        if in_full and entry.analysis.id == "ae":
            under = counting.class_of[term] or None
            ledger.add(
                item, "system_organ_class", Kind.CODE, code=under, basis=basis,
                note=None if under else NO_CLASS.lower(),
                formula="the class of most of its events",
            )  # fmt: skip


def _add_classes(
    ledger: Ledger,
    entry: Entry,
    counting: _Counting,
    people: Sequence[Person],
    chosen: Chosen,
    what: str,
) -> None:
    if counting.classes.keys() <= {NO_CLASS}:
        return  # not collected
    by_class = _split(chosen, lambda event: event.system_organ_class or NO_CLASS)
    for name in sorted(by_class):
        slugged = f"soc:{counting.classes[name]}"
        item = Entry(entry.analysis, entry.group, entry.variant, slugged, name)
        in_full = entry.analysis.id in IN_FULL
        counting.add(ledger, item, people, by_class[name], f"{what}: {name}", by_grade=in_full)


def _split(chosen: Chosen, key: Callable[[AdverseEvent], str]) -> dict[str, Chosen]:
    """Return the events of each subject by term or class."""
    found: dict[str, Chosen] = {}
    for who, events in chosen.items():
        for event in events:
            found.setdefault(key(event), {}).setdefault(who, []).append(event)
    return found
