"""What the figures and listings of one subject need and no record says by itself.

Takes one subject's records and answers, gives change by visit, lesions by
scan, adverse events with their days, the death, and laboratory values in
multiples of the limits of normal. The day of the first dose is day 1, the day
before it day -1. Knows one subject.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from onearm.clinical.adverse_events import is_emergent
from onearm.clinical.derived import (
    DeathListing,
    EventListing,
    Grade,
    LabPoint,
    LesionPoint,
    SeriesPoint,
    SubjectCourse,
)
from onearm.clinical.lab_course import dosed
from onearm.clinical.lab_values import problem_of
from onearm.clinical.lanes import first_day, marks, segments, study_day
from onearm.clinical.records import Lab, Measurement, SubjectRecords, known_day
from onearm.clinical.subject import SubjectAnswers
from onearm.clinical.units import find_analyte
from onearm.format import count_of
from onearm.protocol.model import Protocol
from onearm.terms import Response

DEATH_WINDOW_DAYS = 30
"""A death at most so many days after the last dose counts as one on treatment."""


def subject_course(
    records: SubjectRecords,
    answers: SubjectAnswers,
    protocol: Protocol,
    grades: Sequence[Grade] | None = None,
) -> SubjectCourse:
    """Return everything here about one subject; ``grades`` are those of the laboratory rows.

    Without grades there are no laboratory values.
    """
    return SubjectCourse(
        records.subject.subject_id,
        segments(records, answers, protocol),
        marks(records, answers, protocol),
        change_series(records, answers, protocol),
        lesion_series(records, protocol),
        event_listing(records, protocol),
        death_listing(records, protocol),
        () if grades is None else lab_series(records, grades, protocol),
    )


def change_series(
    records: SubjectRecords, answers: SubjectAnswers, protocol: Protocol
) -> tuple[SeriesPoint, ...]:
    """Return the change of the sum from baseline at each time point that has a day, by date."""
    start = first_day(records, protocol)
    found: list[SeriesPoint] = []
    has_progressed = False
    for point in sorted(answers.time_points, key=lambda p: p.date):
        change = point.change_from_baseline
        is_first = point.overall is Response.PD and not has_progressed
        if known_day(point.date) is not None:
            found.append(
                SeriesPoint(
                    point.subject_id,
                    point.visit,
                    point.date,
                    study_day(point.date, start or point.date),
                    point.sum_um,
                    None if change is None else 100 * change[0] / change[1],
                    point.new_lesion,
                    point.overall,
                    point.irecist,
                    is_first,
                    has_progressed,
                    point.sources,
                )
            )
        has_progressed = has_progressed or is_first
    return tuple(found)


def lesion_series(records: SubjectRecords, protocol: Protocol) -> tuple[LesionPoint, ...]:
    """Return every lesion at every scan that has a day, by evaluator, lesion and date."""
    start = first_day(records, protocol)
    first: dict[tuple[str, str], int] = {}
    rows = sorted(
        records.lesions or (), key=lambda r: (r.evaluator, r.lesion_id, r.date, r.source.line)
    )
    found = []
    for row in rows:
        key = row.evaluator, row.lesion_id
        if row.diameter_um is not None:
            first.setdefault(key, row.diameter_um)
        if known_day(row.date) is not None:
            found.append(_lesion(row, start or row.date, first.get(key)))
    return tuple(found)


def _lesion(row: Measurement, start: dt.date, first_um: int | None) -> LesionPoint:
    change = None
    if row.diameter_um is not None and first_um:
        change = 100 * (row.diameter_um - first_um) / first_um
    return LesionPoint(
        row.subject_id,
        row.evaluator,
        row.lesion_id,
        str(row.lesion_type),
        row.organ,
        row.is_nodal,
        row.visit,
        row.date,
        study_day(row.date, start),
        str(row.state),
        row.diameter_um,
        change,
        row.method,
        (row.source,),
    )


def event_listing(records: SubjectRecords, protocol: Protocol) -> tuple[EventListing, ...]:
    """Return the adverse events by onset, each with its days and whether it is emergent."""
    start, days = first_day(records, protocol), dosed(records)
    until = protocol.safety.emergent_until
    limit = None if until is None else until.days
    last = "" if until is None or days is None else f" to {until} after the last dose {days[1]}"
    window = "no dose" if days is None else f"from the first dose {days[0]}{last}"
    found = []
    for event in records.adverse_events or ():
        emergent = is_emergent(event, days, limit)
        onset, end = event.onset_date, event.end_date
        when = "onset not known" if onset is None else f"onset on {onset}"
        reason = f"{when}, {window}" if emergent or days is None else f"{when}, not {window}"
        found.append(
            EventListing(
                event.subject_id,
                event.term,
                event.system_organ_class,
                event.grade,
                onset,
                study_day(onset, start) if onset and start else None,
                end,
                study_day(end, start) if end and start else None,
                (end - onset).days + 1 if onset and end else None,
                emergent,
                event.is_related,
                event.related_to,
                event.is_serious,
                event.is_immune_related,
                event.action,
                event.action_drugs,
                event.outcome,
                reason,
                (event.source,),
            )
        )
    return tuple(sorted(found, key=lambda e: (e.onset_date or dt.date.max, e.term)))


def death_listing(records: SubjectRecords, protocol: Protocol) -> DeathListing | None:
    """Return the death of a subject, with the days since the last dose; None while alive.

    The death is within 30 days when ``death - last day of the last dose`` is at
    most 30; who died without a dose is not.
    """
    dead = [row for row in records.follow_up or () if row.status == "DEAD"]
    if not dead:
        return None
    row = min(dead, key=lambda one: one.date)
    start, days = first_day(records, protocol), dosed(records)
    since = None if days is None else (row.date - days[1]).days
    doses = [dose.source for dose in records.doses or () if days and dose.dose > 0
             and (dose.end_date or dose.start_date) == days[1]]  # fmt: skip
    return DeathListing(
        row.subject_id,
        row.date,
        study_day(row.date, start) if start else None,
        row.cause,
        days[1] if days else None,
        since,
        None if since is None else since <= DEATH_WINDOW_DAYS,
        (row.source, *doses),
    )


def death_reason(death: DeathListing) -> str:
    """Return a death in words: when, of what, how long after the last dose."""
    cause = death.cause or "cause not recorded"
    if death.days_since_last_dose is None:
        return f"died on {death.date}: {cause}; no dose"
    since = count_of(death.days_since_last_dose, "day")
    return f"died on {death.date}: {cause}; {since} after the last dose on {death.last_dose_date}"


def lab_series(
    records: SubjectRecords, grades: Sequence[Grade], protocol: Protocol
) -> tuple[LabPoint, ...]:
    """Return the values that are numbers, in multiples of the limits of their laboratory.

    ``grades`` are those of the rows, in their order. A value that cannot be, a
    bound such as ``<5`` and a word have no multiple and are left out.
    """
    start = first_day(records, protocol)
    found = []
    for lab, grade in zip(records.labs or (), grades, strict=True):
        point = _lab(lab, grade, start)
        if point is not None:
            found.append(point)
    return tuple(sorted(found, key=lambda p: (p.analyte, p.date)))


def _lab(lab: Lab, grade: Grade, start: dt.date | None) -> LabPoint | None:
    analyte, value = find_analyte(lab.test), lab_value(lab)
    if analyte is None or value is None:
        return None
    return LabPoint(
        lab.subject_id,
        analyte.code,
        lab.date,
        study_day(lab.date, start) if start else None,
        value,
        lab.unit or "",
        multiple_of(value, lab.uln),
        multiple_of(value, lab.lln),
        bool(lab.is_baseline),
        grade.term,
        grade.grade,
        (lab.source,),
    )


def lab_value(lab: Lab) -> Decimal | None:
    """Return a value that is a number and can be; None for a bound, a word, or nonsense.

    >>> lab_value(Lab("S01", dt.date(2020, 1, 1), "ALT", "40", "U/L"))
    Decimal('40')
    """
    if find_analyte(lab.test) is None or problem_of(lab) is not None:
        return None
    try:
        value = Decimal((lab.value or "").strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def multiple_of(value: Decimal, limit: Decimal | None) -> float | None:
    """Return a value in multiples of a limit of normal in its own unit; None without a limit.

    >>> multiple_of(Decimal("120"), Decimal("40")), multiple_of(Decimal("120"), None)
    (3.0, None)
    """
    return float(Fraction(value) / Fraction(limit)) if limit else None
