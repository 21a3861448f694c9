"""The course of one subject as a swimmer plot draws it: segments and marks by day.

Takes one subject's records and answers, gives ``Segment`` and ``Mark``. The
first day is that of the first dose, else the day from which responses are
judged; a subject without either has no course. Knows one subject.

* Treatment runs from the first dose to the day of discontinuation or
  completion where one is recorded, but never ends before the last dose; while
  it is ongoing, to the last dose or the last contact, whichever is later.
* The response of a time point holds from its scan to the next scan; equal
  responses in a row are one segment, the last one ends on its own scan. A
  segment that begins or ends on a day that is not known is left out.
* The first CR and PR are marked where they come before the first PD.
* Only a reduction of the dose (a dose below the one that the same drug was given
  at before) is marked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from onearm.clinical.derived import Event, Mark, Segment, TimePoint
from onearm.clinical.lab_course import dosed
from onearm.clinical.records import Disposition, Dose, Source, SubjectRecords, known_day
from onearm.clinical.subject import SubjectAnswers, reference_date
from onearm.format import plain
from onearm.protocol.model import Protocol
from onearm.terms import Response


def study_day(day: dt.date, start: dt.date) -> int:
    """Return the day of the study: 1 on the day of the start, -1 the day before; there is no 0.

    >>> study_day(dt.date(2020, 1, 2), dt.date(2020, 1, 1))
    2
    >>> study_day(dt.date(2019, 12, 31), dt.date(2020, 1, 1))
    -1
    """
    days = (day - start).days
    return days + 1 if days >= 0 else days


def first_day(records: SubjectRecords, protocol: Protocol) -> dt.date | None:
    """Return the day on which a subject's course begins; None where none is known."""
    days = dosed(records)
    return days[0] if days else reference_date(records.subject, protocol.response.rules)


def segments(
    records: SubjectRecords, answers: SubjectAnswers, protocol: Protocol
) -> tuple[Segment, ...]:
    """Return the stretches of treatment and of response, in that order, each by day."""
    start = first_day(records, protocol)
    if start is None:
        return ()
    found = [*_treatment(records, start), *_responses(answers.time_points, start)]
    if confirmed := _confirmed(answers, start):
        found.append(confirmed)
    return tuple(found)


def _stretch(
    subject_id: str,
    kind: str,
    code: str | None,
    days: tuple[dt.date, dt.date, dt.date],
    reason: str,
    sources: tuple[Source, ...],
) -> Segment:
    start, first, last = days
    return Segment(
        subject_id, kind, code, first, last, study_day(first, start), study_day(last, start),
        reason, sources,
    )  # fmt: skip


def _disposition(records: SubjectRecords) -> Disposition | None:
    """Return where the subject stands with the treatment as a whole."""
    rows = [row for row in records.disposition or () if row.scope.upper() == "TREATMENT"]
    return rows[-1] if rows else None


def _treatment(records: SubjectRecords, start: dt.date) -> Iterator[Segment]:
    days = dosed(records)
    if days is None:
        return
    row, end = _disposition(records), days[1]
    reason, status = "to the last dose", None
    if row is not None:
        status = row.status
        reason = f"{status.lower()}{f': {row.reason.lower()}' if row.reason else ''}"
        if row.status == "ONGOING":
            end = max([end, *(contact.date for contact in records.follow_up or ())])
        elif row.date is not None:
            end = max(end, row.date)
    ends = [(dose.end_date or dose.start_date, dose.source) for dose in records.doses or ()]
    sources = [records.subject.source, *(one for day, one in ends if day == days[1])]
    if row is not None:
        sources.append(row.source)
    yield _stretch(
        records.subject.subject_id, "TREATMENT", status, (start, start, end), reason,
        tuple(sources),
    )  # fmt: skip


def _responses(points: Sequence[TimePoint], start: dt.date) -> Iterator[Segment]:
    run: list[TimePoint] = []
    for point, after in pairwise([*sorted(points, key=lambda p: p.date), None]):
        assert point is not None
        run.append(point)
        if after is None or after.overall is not point.overall:
            end = point.date if after is None else after.date
            if known_day(run[0].date) is None or known_day(end) is None:
                run = []
                continue
            yield _stretch(
                point.subject_id, "RESPONSE", str(point.overall), (start, run[0].date, end),
                run[0].reason, tuple(source for one in run for source in one.sources),
            )  # fmt: skip
            run = []


def _confirmed(answers: SubjectAnswers, start: dt.date) -> Segment | None:
    lasting = answers.events.get("dor")
    if lasting is None or lasting.start is None or lasting.end is None:
        return None
    return _stretch(
        answers.subject_id, "CONFIRMED RESPONSE", answers.best.confirmed_best,
        (start, lasting.start, lasting.end), lasting.reason, lasting.sources,
    )  # fmt: skip


def marks(records: SubjectRecords, answers: SubjectAnswers, protocol: Protocol) -> tuple[Mark, ...]:
    """Return what happened, by day."""
    start = first_day(records, protocol)
    if start is None:
        return ()
    found = [
        *_first_responses(answers.time_points),
        *_reductions(records.doses or ()),
        *_ends(records, answers.events),
    ]
    who = records.subject.subject_id
    by_day = sorted(found, key=lambda one: (one[1], one[0]))
    return tuple(
        Mark(who, kind, day, study_day(day, start), reason, sources)
        for kind, day, reason, sources in by_day
    )


Happening = tuple[str, dt.date, str, tuple[Source, ...]]


def _first_responses(points: Sequence[TimePoint]) -> Iterator[Happening]:
    by_date = sorted(points, key=lambda p: p.date)
    by_date = list(takewhile(lambda p: p.overall is not Response.PD, by_date))
    for code in (Response.CR, Response.PR):
        first = next((point for point in by_date if point.overall is code), None)
        if first is not None and known_day(first.date) is not None:
            yield f"FIRST {code}", first.date, first.reason, first.sources


def _reductions(doses: Sequence[Dose]) -> Iterator[Happening]:
    level: dict[str, Dose] = {}
    for dose in sorted(doses, key=lambda row: (row.drug, row.start_date)):
        before = level.get(dose.drug)
        if dose.dose <= 0:
            continue
        if before is not None and before.unit == dose.unit and dose.dose < before.dose:
            why = f" ({dose.change_reason})" if dose.change_reason else ""
            words = f"{dose.drug} {plain(before.dose)} to {plain(dose.dose)} {dose.unit}{why}"
            yield "REDUCED", dose.start_date, words, (dose.source,)
        level[dose.drug] = dose


def _ends(records: SubjectRecords, events: dict[str, Event]) -> Iterator[Happening]:
    pfs, row = events.get("pfs"), _disposition(records)
    if pfs is not None and pfs.is_event and pfs.rule == "PD" and pfs.end is not None:
        yield "PD", pfs.end, pfs.reason, pfs.sources
    contacts = sorted(records.follow_up or (), key=lambda one: one.date)
    if row is not None:
        day = row.date
        if row.status == "ONGOING":
            last = [*(one.date for one in contacts), *(dosed(records) or ())]
            day = max(last, default=None)
        if day is not None:
            yield row.status, day, (row.reason or row.status).lower(), (row.source,)
    for therapy in records.new_therapies or ():
        words = f"{therapy.kind.lower()}: {therapy.name or 'not named'}"
        yield "NEW THERAPY", therapy.start_date, words, (therapy.source,)
    if contacts:
        last_one = contacts[-1]
        kind = "DEATH" if last_one.status == "DEAD" else "LAST CONTACT"
        yield kind, last_one.date, (last_one.cause or last_one.status).lower(), (last_one.source,)
