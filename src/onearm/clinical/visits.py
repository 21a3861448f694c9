"""Time points: which scans belong together, and which of them is baseline.

Takes one subject's measurements by one evaluator. Rows with one visit label
are one time point; rows without a label belong to the time point of the scan
before them when they are at most ``visit_window_days`` later than its first
scan. Knows no response.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from onearm.clinical.records import Measurement, PartialDate
from onearm.protocol.response import ResponseRules
from onearm.terms import BASELINE_VISITS, LesionState, LesionType


@dataclass(frozen=True, slots=True)
class Visit:
    """The scans of one time point."""

    label: str
    first_date: dt.date
    last_date: dt.date
    rows: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The time point that everything is compared with, and why this one."""

    visit: Visit
    reason: str


def assemble_visits(
    rows: Sequence[Measurement], rules: ResponseRules, reference_date: dt.date | None = None
) -> list[Visit]:
    """Group measurements into time points, ordered by date of the first scan.

    Scans without a label on both sides of the reference date are two time points.
    """
    groups: dict[str, list[Measurement]] = {}
    unlabelled: list[Measurement] = []
    for row in rows:
        if row.visit is None:
            unlabelled.append(row)
        elif row.visit in groups:
            groups[row.visit].append(row)
        else:
            groups[row.visit] = [row]
    if unlabelled:
        unlabelled.sort(key=_by_date)
        label, start = "", dt.date.min
        for row in unlabelled:
            is_far = (row.date - start).days > rules.visit_window_days
            if not label or is_far or _parts(start, reference_date, row.date):
                label, start = row.date.isoformat(), row.date
            groups.setdefault(label, []).append(row)
    visits = [_visit(label, group) for label, group in groups.items()]
    visits.sort(key=lambda visit: (visit.first_date, visit.last_date, visit.label))
    return visits


def _parts(start: dt.date, reference_date: dt.date | None, day: dt.date) -> bool:
    return reference_date is not None and start <= reference_date < day


def _by_date(row: Measurement) -> tuple[dt.date, str, int]:
    return row.date, row.lesion_id, row.source.line


def _visit(label: str, rows: list[Measurement]) -> Visit:
    first = last = rows[0].date
    for row in rows:
        if row.date < first:
            first = row.date
        elif row.date > last:
            last = row.date
    return Visit(label, first, last, tuple(sorted(rows, key=_by_date)))


def choose_baseline(visits: Sequence[Visit], reference_date: dt.date | None) -> Baseline | None:
    """Return the last complete assessment on or before the reference date.

    Complete means that every lesion declared up to then was assessed; when no
    assessment is complete, the last one counts. Without a reference date the
    earliest time point is baseline. None when nothing lies on or before the
    reference date (Eisenhauer 2009, section 3.2). An assessment whose day was recorded
    in part, and can lie after the reference date, is one of them only if its label says
    so, or as the first of all.
    """
    if not visits:
        return None
    if reference_date is None:
        return Baseline(visits[0], "earliest visit, as no reference date is given")
    possible = [visit for visit in visits if visit.last_date <= reference_date]
    candidates = [visit for visit in possible if _is_before(visit, reference_date)] or possible[:1]
    if not candidates:
        return None
    if len(candidates) > 1:
        declared = {row.lesion_id for visit in candidates for row in visit.rows}
        for visit in reversed(candidates):
            if declared <= {row.lesion_id for row in visit.rows if is_assessed(row)}:
                return Baseline(visit, f"last complete assessment on or before {reference_date}")
    return Baseline(candidates[-1], f"last assessment on or before {reference_date}")


def _is_before(visit: Visit, reference_date: dt.date) -> bool:
    """Return whether a visit that can be on or before the reference date is so for certain."""
    day = visit.last_date
    is_open = isinstance(day, PartialDate) and day.latest > reference_date
    return not is_open or visit.label.upper() in BASELINE_VISITS


def has_target(baseline: Baseline) -> bool:
    """Return whether a target was measured at baseline."""
    return any(
        row.lesion_type is LesionType.TARGET and row.diameter_um is not None
        for row in baseline.visit.rows
    )


def is_assessed(row: Measurement) -> bool:
    """Return whether the lesion was seen, or seen to be absent."""
    if row.state is LesionState.NOT_DONE:
        return False
    if row.lesion_type is LesionType.TARGET and row.state is LesionState.MEASURED:
        return row.diameter_um is not None
    return True
