"""The data cut-off: what of one subject's records counts up to a day.

Takes all records of one subject, gives those that were true on the day of the
cut-off, and a note for each table that changes. Knows no file and no other
subject. The rules:

* A record dated after the cut-off is set aside. A record without date stays.
* A record that begins up to the cut-off and ends after it is cut: a run of
  doses ends on the cut-off; an adverse event, a medication or a condition
  goes on, and how it ended is not known.
* A subject of whom anything is known after the cut-off, alive or dead, was
  alive on the cut-off: the first such follow-up record counts as a contact on
  that day.
* A treatment or study that ended after the cut-off was going on.
* Days in the subjects table after the cut-off are not known yet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from typing import Any

from onearm.clinical.records import Disposition, FollowUp, Subject, SubjectRecords
from onearm.errors import Finding, Place

BEGINS = ("date", "start_date", "onset_date")
"""Fields that date a record, in tables that have one of them."""

ALIVE_BEFORE = ("ALIVE", "DEAD")
"""Follow-up records that show that the subject was alive on every earlier day."""

_SUBJECT_DATES = ("consent_date", "enrolment_date", "first_dose_date", "reference_date")


def first_day(record: Any) -> dt.date | None:
    """Return the day on which a record begins; ``None`` where it has no date."""
    for name in BEGINS:
        day = getattr(record, name, None)
        if isinstance(day, dt.date):
            return day
    return None


def apply_cutoff(
    records: SubjectRecords, cutoff: dt.date
) -> tuple[SubjectRecords, tuple[Finding, ...]]:
    """Return what counts up to and including ``cutoff``, and a note a changed table.

    Parameters
    ----------
    records
        All records of one subject.
    cutoff
        Last day whose records count.
    """
    notes: list[Finding] = []
    changed: dict[str, Any] = {}
    subject = _cut_subject(records.subject, cutoff, notes)
    for field in fields(records):
        rows = getattr(records, field.name)
        if field.name == "subject" or not rows:
            continue
        kept = _cut_table(rows, cutoff, notes)
        if kept != rows:
            changed[field.name] = kept
    return replace(records, subject=subject, **changed), tuple(notes)


def _cut_subject(subject: Subject, cutoff: dt.date, notes: list[Finding]) -> Subject:
    later = [name for name in _SUBJECT_DATES if (getattr(subject, name) or cutoff) > cutoff]
    if not later:
        return subject
    message = f"{', '.join(later)} after the data cut-off {cutoff} does not count"
    notes.append(_note("after-cutoff", message, (subject,)))
    unknown: dict[str, Any] = dict.fromkeys(later)
    return replace(subject, **unknown)


def _cut_table(rows: tuple[Any, ...], cutoff: dt.date, notes: list[Finding]) -> tuple[Any, ...]:
    after = [row for row in rows if _is_after(row, cutoff)]
    across = [row for row in rows if _is_across(row, cutoff)]
    if not after and not across:
        return rows
    known = _known_at_cutoff(after, cutoff)
    if after:
        use = f"; line {known[0].source.line} tells what was so on that day" if known else ""
        message = f"{_count(after)} dated after the data cut-off {cutoff}, set aside{use}"
        notes.append(_note("after-cutoff", message, after))
    if across:
        message = f"{_count(across)} ending after the data cut-off {cutoff}, cut there"
        notes.append(_note("cut-at-cutoff", message, across))
    stays = [row for row in rows if not _is_after(row, cutoff)]
    return (*(_cut(row, cutoff) if _is_across(row, cutoff) else row for row in stays), *known)


def _known_at_cutoff(after: Sequence[Any], cutoff: dt.date) -> tuple[Any, ...]:
    """Return what records dated after the cut-off say about the cut-off itself."""
    contacts = [row for row in after if isinstance(row, FollowUp) and row.status in ALIVE_BEFORE]
    if contacts:
        first = min(contacts, key=lambda row: row.date)
        return (replace(first, date=cutoff, status="ALIVE", cause=None),)
    return tuple(
        replace(row, status="ONGOING", date=None, reason=None)
        for row in after
        if isinstance(row, Disposition)
    )


def _is_after(row: Any, cutoff: dt.date) -> bool:
    return (first_day(row) or cutoff) > cutoff


def _is_across(row: Any, cutoff: dt.date) -> bool:
    end = getattr(row, "end_date", None) or cutoff
    return bool(end > cutoff) and not _is_after(row, cutoff)


def _cut(row: Any, cutoff: dt.date) -> Any:
    if hasattr(row, "dose"):
        return replace(row, end_date=cutoff)
    unknown = {"outcome": None} if hasattr(row, "outcome") else {}
    return replace(row, end_date=None, **unknown)


def _count(rows: Sequence[Any]) -> str:
    """Say how many rows, and on which lines: ``3 rows (lines 5-6, 9)``."""
    runs: list[list[int]] = []
    for line in sorted(row.source.line for row in rows):
        if runs and line == runs[-1][-1] + 1:
            runs[-1][1:] = [line]
        else:
            runs.append([line])
    lines = ", ".join("-".join(map(str, run)) for run in runs)
    return f"1 row (line {lines})" if len(rows) == 1 else f"{len(rows)} rows (lines {lines})"


def _note(code: str, message: str, rows: Iterable[Any]) -> Finding:
    row = next(iter(rows))
    place = Place(row.source.file, row.source.line)
    return Finding("note", code, message, place, row.subject_id)
