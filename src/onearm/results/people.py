"""Who took part: patient flow, baseline characteristics, progression, death, change.

Takes records and what the rules derived, gives counts and descriptions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from onearm.clinical.derived import Event
from onearm.clinical.recorded_endpoints import RECORDED
from onearm.clinical.records import Disposition, Screening
from onearm.protocol.analysis import Characteristic
from onearm.results.ledger import Entry, Ledger, Person, Population, characteristic, tally
from onearm.results.model import Contribution, slug, slugs
from onearm.results.plan import ALL, Analysis
from onearm.stats.descriptive import describe
from onearm.terms import AnalysisSet, Kind


def add_flow(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add who was screened, enrolled, treated, evaluable, and who stopped, and why."""
    _add_screening(ledger, population, analysis)
    for name in (AnalysisSet.ENROLLED, AnalysisSet.TREATED, AnalysisSet.RESPONSE_EVALUABLE):
        if name is AnalysisSet.RESPONSE_EVALUABLE and not _has_responses(population):
            continue
        parts: dict[bool, list[Contribution]] = {}
        for person in population.people:
            member = person.answers.membership(name)
            role = "counted" if member.is_member else "not counted"
            parts.setdefault(member.is_member, []).append(
                Contribution(person.subject_id, role, None, member.reason, member.sources)
            )
        entry = Entry(replace(analysis, set=name), ALL, "", f"step:{name}", name)
        tally(ledger, entry, parts, f"{name} subjects", "all enrolled subjects")
    _add_disposition(ledger, population, analysis)


def _has_responses(population: Population) -> bool:
    """Return whether responses were collected: visit by visit, or as best responses."""
    return not population.by_endpoints or any(
        person.answers.best.best or person.answers.best.confirmed_best
        for person in population.people
    )


def _add_screening(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    rows = population.screening
    if rows is None:
        return
    for item, label, is_counted in (
        ("step:screened", "screened", lambda row: True),
        ("step:not-enrolled", "not enrolled", lambda row: not row.is_enrolled),
    ):
        test: Callable[[Screening], bool] = is_counted
        parts: dict[bool, list[Contribution]] = {}
        for row in rows:
            role = "counted" if test(row) else "not counted"
            reason = row.reason or ("enrolled" if row.is_enrolled else "no reason recorded")
            parts.setdefault(test(row), []).append(
                Contribution(row.subject_id, role, None, reason, (row.source,))
            )
        entry = Entry(replace(analysis, set=AnalysisSet.SCREENED), ALL, "", item, label)
        tally(ledger, entry, parts, label, "all who were screened")


def _add_disposition(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    people = population.of(analysis, ALL)
    if any(person.records.disposition is None for person in people):
        return
    rows = {p.subject_id: _treatment_row(p) for p in people}
    statuses = ("ONGOING", "DISCONTINUED", "COMPLETED")
    for status in statuses:
        if status == "COMPLETED" and not any(r and r.status == status for r in rows.values()):
            continue
        entry = Entry(analysis, ALL, "", f"status:{slug(status)}", status.lower())
        parts = _split(people, rows, _Has(status))
        tally(ledger, entry, parts, f"treatment {status.lower()}", f"{analysis.set} subjects")
    stopped = [p for p in people if (row := rows[p.subject_id]) and row.status == "DISCONTINUED"]
    reasons = {row.reason or "NOT RECORDED" for p in stopped if (row := rows[p.subject_id])}
    for reason in sorted(reasons):
        for variant, whom, of in (
            ("", stopped, "subjects who discontinued treatment"),
            ("of-treated", people, f"{analysis.set} subjects"),
        ):
            item = f"reason:{slug(reason)}"
            entry = Entry(analysis, ALL, variant, item, reason.lower())
            parts = _split(whom, rows, _Has("DISCONTINUED", reason))
            tally(ledger, entry, parts, f"treatment discontinued: {reason.lower()}", of)


@dataclass(frozen=True, slots=True)
class _Has:
    """Whether a disposition has a status, and a reason where one is asked for."""

    status: str
    reason: str | None = None

    def __call__(self, row: Disposition) -> bool:
        of_reason = self.reason is None or (row.reason or "NOT RECORDED") == self.reason
        return row.status == self.status and of_reason


def _treatment_row(person: Person) -> Disposition | None:
    rows = [row for row in person.records.disposition or () if row.scope.upper() == "TREATMENT"]
    return rows[-1] if rows else None


def _split(
    people: Sequence[Person],
    rows: dict[str, Disposition | None],
    test: Callable[[Disposition], bool],
) -> dict[bool, list[Contribution]]:
    parts: dict[bool, list[Contribution]] = {}
    for person in people:
        row = rows[person.subject_id]
        is_counted = row is not None and test(row)
        role = "counted" if is_counted else "not counted"
        if row is None:
            words, source = "no disposition recorded", person.records.subject.source
        else:
            when = f" on {row.date}" if row.date else ""
            why = f": {row.reason.lower()}" if row.reason else ""
            words, source = f"{row.status.lower()}{when}{why}", row.source
        parts.setdefault(is_counted, []).append(
            Contribution(person.subject_id, role, None, words, (source,))
        )
    return parts


def add_baseline(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add each characteristic of the protocol for each group."""
    for group in analysis.groups:
        people = population.of(analysis, group)
        for about in population.protocol.characteristics:
            base = Entry(analysis, group)
            if about.kind == "continuous":
                _add_continuous(ledger, base, people, about, population)
            else:
                _add_levels(ledger, base, people, about, population)


def _value(person: Person, about: Characteristic, role: str) -> Contribution:
    found = characteristic(person, about.id)
    source = (person.records.subject.source,)
    return Contribution(person.subject_id, role, found, f"{about.id} = {found or ''}", source)


def _add_continuous(
    ledger: Ledger,
    base: Entry,
    people: Sequence[Person],
    about: Characteristic,
    population: Population,
) -> None:
    entry = Entry(base.analysis, base.group, "", slug(about.id), about.label)
    found = [characteristic(person, about.id) for person in people]
    values = [Decimal(text) for text in found if text]
    quartiles = population.protocol.analysis.quartiles
    summary = describe(values, quartiles=quartiles, missing=len(found) - len(values))
    basis = ledger.basis(
        entry, about.label, _denominator(base),
        lambda: [_value(person, about, "value") for person in people],
    )  # fmt: skip
    ledger.add(entry, "n", Kind.COUNT, summary.n, basis=basis)
    ledger.add(entry, "missing", Kind.COUNT, summary.missing, basis=basis)
    for statistic in ("mean", "sd", "median", "q1", "q3", "minimum", "maximum"):
        value = getattr(summary, statistic)
        ledger.add(
            entry,
            statistic,
            Kind.QUANTITY,
            None if value is None else float(value),
            unit=about.unit,
            method=quartiles if statistic in ("q1", "median", "q3") else None,
            note=None if value is not None else "too few values",
            basis=basis,
        )


def _denominator(base: Entry) -> str:
    return f"{base.analysis.set} subjects, {base.group.label}"


def _add_levels(
    ledger: Ledger,
    base: Entry,
    people: Sequence[Person],
    about: Characteristic,
    population: Population,
) -> None:
    found = [characteristic(person, about.id) for person in people]
    labels = {level.value: level.label for level in about.levels}
    everyone = population.kept(
        f"levels of {about.id}", lambda: {characteristic(p, about.id) for p in population.people}
    )
    others = sorted(value for value in everyone if value and value not in labels)
    levels: dict[str | None, str] = {}
    levels.update(labels)
    levels.update({value: value for value in others})
    if None in found:
        levels[None] = "Missing"
    names = slugs([*labels, *others])
    for value, label in levels.items():
        entry = Entry(
            base.analysis, base.group, "",
            f"{slug(about.id)}:{names[value] if value else 'missing'}", f"{about.label}: {label}",
        )  # fmt: skip
        makes = partial(_at_level, people, about, value)
        basis = ledger.basis(entry, f"{about.label} {label}", _denominator(base), makes)
        ledger.share(entry, found.count(value), len(found), basis)


def _at_level(
    people: Sequence[Person], about: Characteristic, level: str | None
) -> Iterator[Contribution]:
    for person in people:
        is_it = characteristic(person, about.id) == level
        yield _value(person, about, "counted" if is_it else "not counted")


HAPPENED = {
    "progressed": ("pfs", "PD", "progression by RECIST 1.1"),
    "died": ("os", "DEATH", "death"),
}


def add_happened(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add how many progressed, and how many died."""
    endpoint, rule, what = HAPPENED[analysis.id]
    for group in analysis.groups:
        parts: dict[bool, list[Contribution]] = {}
        for person in population.of(analysis, group):
            event = person.answers.events.get(endpoint)
            is_counted = event is not None and event.is_event and event.rule in (rule, RECORDED)
            parts.setdefault(is_counted, []).append(_happened(person, event, is_counted))
        entry = Entry(analysis, group)
        tally(ledger, entry, parts, what, f"{analysis.set} subjects, {group.label}")


def _happened(person: Person, event: Event | None, is_counted: bool) -> Contribution:
    role = "counted" if is_counted else "not counted"
    if event is None:
        here = (person.records.subject.source,)
        return Contribution(person.subject_id, role, None, "no time", here)
    return Contribution(person.subject_id, role, f"{event.days} days", event.reason, event.sources)


def add_change(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the best relative change of the target sum of each subject, in percent.

    ``count`` says of how many it is known, of ``total``.
    """
    parts: dict[bool, list[Contribution]] = {}
    for person in population.of(analysis, ALL):
        best = person.answers.best_change
        is_known = best.change_um is not None
        role = "counted" if is_known else "not counted"
        parts.setdefault(is_known, []).append(
            Contribution(person.subject_id, role, None, best.reason, best.sources)
        )
    what = "a complete sum after baseline"
    tally(ledger, Entry(analysis, ALL), parts, what, f"{analysis.set} subjects")
    names = slugs(person.subject_id for person in population.people)
    for person in population.of(analysis, ALL):
        best = person.answers.best_change
        item = f"subject:{names[person.subject_id]}"
        entry = Entry(analysis, ALL, "", item, person.subject_id)
        value = None
        if best.change_um is not None and best.baseline_um:
            value = 100 * best.change_um / best.baseline_um
        contribution = Contribution(person.subject_id, "value", None, best.reason, best.sources)
        basis = ledger.basis(entry, "best change from baseline", "one subject", [contribution])
        note = None if value is not None else best.reason
        ledger.add(entry, "estimate", Kind.PERCENT_CHANGE, value, note=note, basis=basis)
