"""Departures from the protocol: deviations, and who failed screening by which criterion.

Takes deviations and screening, gives counts. A table that was not collected has
no rows; one without a record has a count of 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm.clinical.records import Deviation, Screening
from onearm.format import count_of
from onearm.results.disposition import NOT_RECORDED
from onearm.results.ledger import Entry, Ledger, Person, Population, Told, tally_of
from onearm.results.model import slug, slugs
from onearm.results.plan import ALL, Analysis
from onearm.terms import Kind


def add_deviations(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add subjects with a deviation, of each severity and category, and how many there are."""
    people = population.of(analysis, ALL)
    if any(person.records.deviations is None for person in population.people):
        return
    rows = [row for person in people for row in person.records.deviations or ()]
    _add(ledger, analysis, people, rows, None, "any deviation")
    for severity in ("MAJOR", "MINOR"):
        own = [row for row in rows if row.severity == severity]
        label = f"{severity.lower()} deviation"
        _add(ledger, analysis, people, own, f"severity:{slug(severity)}", label)
    for category, name in slugs(sorted({row.category for row in rows})).items():
        item, label = f"category:{name}", category.lower()
        own = [row for row in rows if row.category == category]
        _add(ledger, analysis, people, own, item, label)
        for severity in sorted({row.severity for row in own}):
            part = [row for row in own if row.severity == severity]
            words = f"{label}, {severity.lower()}"
            _add(ledger, analysis, people, part, f"{item}:{slug(severity)}", words)


def _add(
    ledger: Ledger,
    analysis: Analysis,
    people: Sequence[Person],
    rows: Sequence[Deviation],
    item: str | None,
    label: str,
) -> None:
    by_subject: dict[str, list[Deviation]] = {}
    for row in rows:
        by_subject.setdefault(row.subject_id, []).append(row)
    told = {p.subject_id: deviations_told(p, by_subject.get(p.subject_id, ())) for p in people}
    entry = Entry(analysis, ALL, "", item, label)
    tally_of(ledger, entry, told, by_subject, label, f"{analysis.set} subjects")
    ledger.add(
        entry, "event_count", Kind.COUNT, len(rows), basis=entry.id,
        formula="deviations, each counted",
    )  # fmt: skip


def deviations_told(person: Person, rows: Sequence[Deviation]) -> Told:
    """Return the deviations of one subject in words."""
    if not rows:
        return Told(None, "no such deviation", (person.records.subject.source,))
    words = "; ".join(
        f"{row.category.lower()}, {row.severity.lower()}{f' on {row.date}' if row.date else ''}: "
        f"{row.description or 'not described'}"
        for row in rows
    )
    return Told(count_of(len(rows), "deviation"), words, tuple(row.source for row in rows))


def add_screen_failures(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add who was screened and not enrolled, by the criterion that was not met.

    A failure without a criterion counts by its reason.
    """
    rows = population.screening
    if rows is None:
        return
    failed = [row for row in rows if not row.is_enrolled]
    ids = {row.subject_id for row in failed}
    entry = Entry(analysis, ALL, "", None, "not enrolled")
    tally_of(ledger, entry, _screened(rows), ids, "not enrolled", "all who were screened")
    texts = {one.id: f"{one.id}: {one.text}" for one in population.protocol.eligibility.all}
    told, of = _screened(failed), "those who were screened and not enrolled"
    for criterion in sorted({row.criterion for row in failed if row.criterion}):
        counted = {row.subject_id for row in failed if row.criterion == criterion}
        label = texts.get(criterion, criterion)
        entry = Entry(analysis, ALL, "", f"criterion:{slug(criterion)}", label)
        tally_of(ledger, entry, told, counted, f"not enrolled by {criterion}", of)
    others = {row.subject_id: row.reason or NOT_RECORDED for row in failed if not row.criterion}
    for reason, name in slugs(sorted(set(others.values()))).items():
        counted = {who for who, own in others.items() if own == reason}
        entry = Entry(analysis, ALL, "", f"reason:{name}", reason)
        tally_of(ledger, entry, told, counted, f"not enrolled: {reason}", of)


def _screened(rows: Sequence[Screening]) -> dict[str, Told]:
    return {
        row.subject_id: Told(
            None if row.is_enrolled else row.criterion,
            row.reason or ("enrolled" if row.is_enrolled else "no reason recorded"),
            (row.source,),
        )
        for row in rows
    }
