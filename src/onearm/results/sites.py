"""Accrual by month, and what each site brought: subjects, responses, deviations, findings.

Takes records and what the rules derived, gives counts. The day of enrolment
counts; without one, that of the first dose.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from onearm.results.deviations import deviations_told
from onearm.results.disposition import NOT_RECORDED
from onearm.results.ledger import Entry, Ledger, Person, Population, Told, tally_of
from onearm.results.model import slugs
from onearm.results.plan import ALL, Analysis, responding
from onearm.stats.proportion import interval
from onearm.terms import AnalysisSet, Kind


def add_accrual(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add how many entered in each month, and up to its end.

    Months run from the first entry to the last, those without an entry included.
    """
    people = population.of(analysis, ALL)
    days = {p.subject_id: day for p in people if (day := _entered(p)) is not None}
    if not days:
        return
    told = {p.subject_id: _told(p, days.get(p.subject_id)) for p in people}
    month, last = min(days.values()).replace(day=1), max(days.values())
    while month <= last:
        after = (month + dt.timedelta(days=31)).replace(day=1)
        name = month.isoformat()[:7]
        entry = Entry(analysis, ALL, "", f"month:{name}", name)
        counted = {who for who, day in days.items() if month <= day < after}
        tally_of(ledger, entry, told, counted, f"entered in {name}", f"{analysis.set} subjects")
        ledger.add(
            entry, "cumulative", Kind.COUNT, sum(day < after for day in days.values()),
            basis=entry.id, formula="subjects who entered up to the end of this month",
        )  # fmt: skip
        month = after


def _entered(person: Person) -> dt.date | None:
    subject = person.records.subject
    return subject.enrolment_date or subject.first_dose_date


def _told(person: Person, day: dt.date | None) -> Told:
    words = "no day of enrolment" if day is None else f"entered on {day}"
    return Told(None if day is None else day.isoformat(), words, (person.records.subject.source,))


def add_sites(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add of each site its subjects, those treated, responses, deviations and data findings."""
    people = population.of(analysis, ALL)
    site_of = {p.subject_id: p.records.subject.site or NOT_RECORDED for p in people}
    told = {
        p.subject_id: Told(None, f"site {site_of[p.subject_id]}", (p.records.subject.source,))
        for p in people
    }
    sites = sorted(set(site_of.values()) - {NOT_RECORDED})
    for site, name in slugs(sites).items():
        entry = Entry(analysis, ALL, "", f"site:{name}", f"site {site}")
        own = [person for person in people if site_of[person.subject_id] == site]
        counted = {person.subject_id for person in own}
        tally_of(ledger, entry, told, counted, f"site {site}", f"{analysis.set} subjects")
        _add_treated(ledger, entry, own)
        _add_responders(ledger, entry, own, population)
        _add_deviations(ledger, entry, own)
        _add_findings(ledger, entry, own)


def _part(entry: Entry, ending: str, label: str) -> Entry:
    return replace(entry, item=f"{entry.item}:{ending}", label=f"{entry.label}: {label}")


def _add_treated(ledger: Ledger, entry: Entry, own: Sequence[Person]) -> None:
    members = [person.answers.membership(AnalysisSet.TREATED) for person in own]
    told = {one.subject_id: Told(None, one.reason, one.sources) for one in members}
    counted = {one.subject_id for one in members if one.is_member}
    item = _part(entry, "treated", "treated")
    tally_of(ledger, item, told, counted, "treated", f"subjects of {entry.label}")


def _add_responders(
    ledger: Ledger, entry: Entry, own: Sequence[Person], population: Population
) -> None:
    if all(p.answers.best.confirmed_response is None for p in population.people):
        return  # not known
    methods, wanted = population.protocol.analysis, responding(population.protocol)
    counting = [p.answers.best for p in own if p.answers.membership(wanted).is_member]
    told = {one.subject_id: Told(one.confirmed_best, one.reason, one.sources) for one in counting}
    counted = {one.subject_id for one in counting if one.confirmed_response}
    item = _part(entry, "responders", "confirmed CR or PR")
    of = f"{wanted} subjects of {entry.label}"
    n, total = tally_of(ledger, item, told, counted, "confirmed CR or PR", of)
    found = interval(n, total, method=methods.interval, level=methods.level) if total else None
    for statistic in ("lower", "upper"):
        ledger.add(
            item, statistic, Kind.PROPORTION, None if found is None else getattr(found, statistic),
            level=methods.level, method=methods.interval, basis=item.id,
            note=None if found else "nobody in the denominator",
        )  # fmt: skip


def _add_deviations(ledger: Ledger, entry: Entry, own: Sequence[Person]) -> None:
    if any(person.records.deviations is None for person in own):
        return  # not collected
    told = {p.subject_id: deviations_told(p, p.records.deviations or ()) for p in own}
    counted = {p.subject_id for p in own if p.records.deviations}
    count = sum(len(p.records.deviations or ()) for p in own)
    _add_found(ledger, _part(entry, "deviations", "deviations"), told, counted, count)


def _add_findings(ledger: Ledger, entry: Entry, own: Sequence[Person]) -> None:
    """Add who has a warning of the rules, and how many there are; notes do not count."""
    found = {
        p.subject_id: [one.message for one in p.answers.findings if one.severity != "note"]
        for p in own
    }
    told = {
        p.subject_id: Told(
            None, "; ".join(found[p.subject_id]) or "no warning", (p.records.subject.source,)
        )
        for p in own
    }
    counted = {who for who, words in found.items() if words}
    item = _part(entry, "findings", "warnings of the rules")
    _add_found(ledger, item, told, counted, sum(map(len, found.values())))


def _add_found(
    ledger: Ledger, entry: Entry, told: dict[str, Told], counted: set[str], count: int
) -> None:
    tally_of(ledger, entry, told, counted, entry.label or "", "subjects of the site")
    ledger.add(
        entry, "event_count", Kind.COUNT, count, basis=entry.id, formula="each counted"
    )  # fmt: skip
