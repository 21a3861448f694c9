"""Data findings within one subject: what contradicts what, and where.

Takes all records of one subject and the response rules, gives findings with
file and line. An error is what leaves no honest answer; all else is a warning,
so that a report lists it and no record is dropped. What one cell may hold was
checked when it was read; what the lesions say stands in ``lesion_checks``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any

from onearm.clinical.cutoff import first_day
from onearm.clinical.lesion_checks import check_lesions
from onearm.clinical.recorded import check_accepted
from onearm.clinical.recorded_endpoints import check_endpoints
from onearm.clinical.records import Measurement, SubjectRecords
from onearm.clinical.subject import reference_date
from onearm.errors import Finding, Place, Severity, nearest
from onearm.protocol.response import ResponseRules
from onearm.terms import IResponse

UNIQUE = ("lesions", "responses", "endpoints", "disposition")
"""Tables in which two rows with one key leave no honest answer."""


def check_subject(
    records: SubjectRecords,
    rules: ResponseRules,
    *,
    reference: dt.date | None = None,
    drugs: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Return every finding in the records of one subject.

    Parameters
    ----------
    records
        All records of the subject, up to the data cut-off.
    rules
        Options of response evaluation.
    reference
        Day from which responses are judged; by default the one that ``rules``
        names, from the subject.
    drugs
        Names of the study drugs as in the protocol; empty if not known.
    """
    subject = records.subject
    reference = reference or reference_date(subject, rules)
    return (
        *_check_keys(records),
        *check_accepted(records.responses or ()),
        *check_endpoints(records.endpoints or ()),
        *_check_subject_dates(records),
        *_check_lesions(records, rules, reference),
        *_check_death(records),
        *_check_contact(records, reference),
        *_check_stability(records),
        *_check_doses(records, drugs),
        *_check_adverse_events(records, drugs),
        *_check_periods(records),
        *_check_gaps(records),
    )


def _finding(severity: Severity, code: str, message: str, row: Any, of: str | None) -> Finding:
    place = Place(row.source.file, row.source.line, None, of)
    return Finding(severity, code, message, place, row.subject_id)


def _tables(records: SubjectRecords) -> Iterator[tuple[str, Sequence[Any]]]:
    for field in fields(records):
        if field.name != "subject":
            yield field.name, getattr(records, field.name) or ()


def _check_keys(records: SubjectRecords) -> Iterator[Finding]:
    for name, rows in _tables(records):
        yield from check_keys(rows, "error" if name in UNIQUE else "warning")


def check_keys(rows: Iterable[Any], severity: Severity = "error") -> Iterator[Finding]:
    """Find the rows of one table that share their natural key with an earlier row."""
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        line = first.setdefault(row.source.key, row.source.line)
        if line != row.source.line:
            key = ", ".join(part for part in row.source.key[1:] if part)
            message = f"the same as line {line} by its key ({key})"
            yield _finding(severity, "duplicate-key", message, row, None)


def _check_subject_dates(records: SubjectRecords) -> Iterator[Finding]:
    """Consent, enrolment and first dose follow one another."""
    subject = records.subject
    steps = ("consent_date", "enrolment_date", "first_dose_date")
    known = [(name, day) for name in steps if (day := getattr(subject, name)) is not None]
    for (earlier, first), (later, second) in pairwise(known):
        if second < first:
            message = f"{later} {second} is before {earlier} {first}"
            yield _finding("warning", "date-order", message, subject, later)
    doses = [row for row in records.doses or () if row.dose > 0]
    if doses and subject.first_dose_date is not None:
        dose = min(doses, key=lambda row: row.start_date)
        if dose.start_date != subject.first_dose_date:
            message = f"the first dose is on {dose.start_date}, first_dose_date is"
            message = f"{message} {subject.first_dose_date}"
            yield _finding("warning", "first-dose-differs", message, dose, "start_date")


def _check_lesions(
    records: SubjectRecords, rules: ResponseRules, reference: dt.date | None
) -> Iterator[Finding]:
    """Each evaluator by itself; a treated subject without any assessment is a warning."""
    by_evaluator: dict[str, list[Measurement]] = {}
    for row in records.lesions or ():
        by_evaluator.setdefault(row.evaluator, []).append(row)
    for rows in by_evaluator.values():
        yield from check_lesions(rows, rules, reference)
    if records.lesions == () and not records.responses and records.subject.first_dose_date:
        message = "treated, but without any tumour assessment"
        yield _finding("warning", "no-assessment", message, records.subject, None)


def _check_death(records: SubjectRecords) -> Iterator[Finding]:
    """Nothing happens after death; a contact after it leaves survival open."""
    deaths = [row for row in records.follow_up or () if row.status == "DEAD"]
    if not deaths:
        return
    death = min(deaths, key=lambda row: row.date)
    for name, rows in _tables(records):
        for row in rows:
            day = first_day(row)
            if day is None or day <= death.date:
                continue
            severity: Severity = "error" if name == "follow_up" else "warning"
            where = f"{death.source.file}:{death.source.line}"
            message = f"dated {day}, after death on {death.date} ({where})"
            yield _finding(severity, "after-death", message, row, None)


def _check_contact(records: SubjectRecords, reference: dt.date | None) -> Iterator[Finding]:
    """Survival runs from the reference date: contact and death cannot lie before it."""
    rows = records.follow_up
    if rows is None or reference is None:
        return
    if not rows:
        message = "no follow-up: overall survival is censored on day 1"
        yield _finding("warning", "no-follow-up", message, records.subject, None)
        return
    last = max(rows, key=lambda row: row.date)
    if last.date < reference:
        message = f"the last follow-up, on {last.date}, is before the first dose on {reference}"
        yield _finding("error", "contact-before-start", message, last, "date")


def _check_stability(records: SubjectRecords) -> Iterator[Finding]:
    """Treatment past iUPD is for the clinically stable (Seymour 2017)."""
    for row in records.responses or ():
        if row.is_clinically_stable is not False or row.irecist is not IResponse.IUPD:
            continue
        later = [dose for dose in records.doses or () if dose.start_date > row.date]
        if later:
            dose = min(later, key=lambda one: one.start_date)
            message = (
                f"treated on {dose.start_date}, not clinically stable at the iUPD of {row.date}"
            )
            yield _finding("warning", "treated-unstable", message, dose, "start_date")


def _check_doses(records: SubjectRecords, drugs: Collection[str]) -> Iterator[Finding]:
    """Doses: of drugs of the protocol, and none after the drug was stopped."""
    for row in records.disposition or ():
        yield from _check_drugs((row.scope,), (*drugs, "TREATMENT", "STUDY"), row, "scope", drugs)
    stops = [
        (row, row.date)
        for row in records.disposition or ()
        if row.date is not None and row.status != "ONGOING"
    ]
    for dose in records.doses or ():
        yield from _check_drugs((dose.drug,), drugs, dose, "drug", drugs)
        if dose.dose < 0:
            message = f"dose must be at least 0; got {dose.dose}"
            yield _finding("error", "negative-dose", message, dose, "dose")
        last = dose.end_date or dose.start_date
        for stop, day in stops:
            if stop.scope in ("TREATMENT", "STUDY", dose.drug) and last > day and dose.dose > 0:
                where = f"{stop.scope} {stop.status} on {day} ({stop.source})"
                message = f"a dose of {dose.drug} on {last}, after {where}"
                yield _finding("warning", "dose-after-stop", message, dose, "start_date")


def _check_drugs(
    names: Sequence[str], allowed: Collection[str], row: Any, of: str, drugs: Collection[str]
) -> Iterator[Finding]:
    """Find drugs that the protocol does not name: they cannot be counted with any."""
    for name in names:
        if drugs and name not in allowed:
            message = f"{of} must be one of {', '.join(allowed)}; got {name!r}"
            message += nearest(name, allowed)
            yield _finding("error", "unknown-drug", message, row, of)


def _check_adverse_events(records: SubjectRecords, drugs: Collection[str]) -> Iterator[Finding]:
    start = records.subject.first_dose_date
    for event in records.adverse_events or ():
        if event.grade is not None and not 1 <= event.grade <= 5:
            message = f"grade must be 1 to 5; got {event.grade} ({event.term})"
            yield _finding("error", "impossible-grade", message, event, "grade")
        if start is not None and event.onset_date is not None and event.onset_date < start:
            message = f"{event.term} begins on {event.onset_date}, before the first dose on {start}"
            yield _finding("warning", "onset-before-dose", message, event, "onset_date")
        if event.is_related is False and event.related_to:
            message = f"related is N, but related_to names {', '.join(event.related_to)}"
            yield _finding("error", "relation-contradicts", message, event, "related")
        if event.outcome == "FATAL" and event.grade is not None and event.grade != 5:
            message = f"{event.term} is FATAL with grade {event.grade}; grade 5 is death"
            yield _finding("warning", "fatal-below-grade-5", message, event, "grade")
        yield from _check_drugs(event.related_to, drugs, event, "related_to", drugs)
        yield from _check_drugs(event.action_drugs, drugs, event, "action_drugs", drugs)


def _check_gaps(records: SubjectRecords) -> Iterator[Finding]:
    """Warn of an event that, without grade or relation, counts as neither severe nor related."""
    for row in records.adverse_events or ():
        if row.grade is None:
            message = f"{row.term} has no grade and counts in none"
            yield _finding("warning", "no-grade", message, row, "grade")
        if row.is_related is None and not row.related_to:
            message = f"{row.term} has no relation and counts as not related"
            yield _finding("warning", "no-relation", message, row, "related")


def _check_periods(records: SubjectRecords) -> Iterator[Finding]:
    """Find periods that end before they begin; a run of doses of that kind has no length."""
    for name, rows in _tables(records):
        for row in rows:
            begin, end = first_day(row), getattr(row, "end_date", None)
            if begin is not None and end is not None and end < begin:
                severity: Severity = "error" if name == "doses" else "warning"
                message = f"ends on {end}, before it begins on {begin}"
                yield _finding(severity, "end-before-begin", message, row, "end_date")
