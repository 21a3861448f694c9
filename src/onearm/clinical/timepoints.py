"""The time-point responses of one subject, for each evaluator apart.

Joins the time points (``visits``), RECIST 1.1 (``recist``) and iRECIST
(``irecist``). Readers are never mixed: baseline, nadir and new lesions are
those of one evaluator.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from onearm.clinical.derived import TimePoint
from onearm.clinical.irecist import judge_irecist
from onearm.clinical.recist import Assessment, assess
from onearm.clinical.records import Measurement, known_day
from onearm.clinical.visits import assemble_visits, choose_baseline
from onearm.errors import Finding, Place
from onearm.protocol.response import ResponseRules
from onearm.terms import IResponse


def assess_subject(
    rows: Sequence[Measurement],
    rules: ResponseRules,
    reference_date: dt.date | None,
    *,
    with_irecist: bool = True,
    markers: Sequence[tuple[dt.date, bool]] = (),
) -> tuple[list[TimePoint], list[Finding]]:
    """Judge every time point after baseline of one subject.

    Parameters
    ----------
    rows
        All measurements of the subject, any order, any evaluators.
    rules
        The study's options.
    reference_date
        First dose (or enrolment); None when unknown: then the earliest time
        point is baseline.
    with_irecist
        Whether the time points carry an iRECIST response.
    markers
        Days on which tumour markers were read, and whether all were normal.

    Returns
    -------
    tuple
        Time points ordered by evaluator and date, and what was noticed: an
        error for each evaluator without an assessment on or before the
        reference date, a warning for each lesion back after CR that the option
        ``reappear_after_cr: flag`` lets pass.
    """
    by_evaluator: dict[str, list[Measurement]] = {}
    for row in rows:
        by_evaluator.setdefault(row.evaluator, []).append(row)
    points: list[TimePoint] = []
    findings: list[Finding] = []
    for evaluator, own in sorted(by_evaluator.items()):
        visits = assemble_visits(own, rules, reference_date)
        baseline = choose_baseline(visits, reference_date)
        if baseline is None:
            findings.append(_no_baseline(own[0], reference_date))
            continue
        after = [
            visit
            for visit in visits
            if reference_date is None
            or visit.first_date > reference_date
            or visit is baseline.visit
        ]
        assessments = assess(after, baseline.visit, rules, markers=markers)
        judged: Sequence[tuple[IResponse | None, str | None]] = (
            judge_irecist(assessments, rules) if with_irecist else [(None, None)] * len(assessments)
        )
        chosen = (
            "" if reference_date else f"; baseline {baseline.visit.label}, the {baseline.reason}"
        )
        for seen, (irecist, irecist_reason) in zip(assessments, judged, strict=True):
            if seen.target is not None and seen.target.flag is not None:
                findings.append(_flagged(own[0].subject_id, seen))
            points.append(
                _time_point(own[0].subject_id, evaluator, seen, chosen, irecist, irecist_reason)
            )
    return points, findings


def _time_point(
    subject_id: str,
    evaluator: str,
    seen: Assessment,
    chosen: str,
    irecist: IResponse | None,
    irecist_reason: str | None,
) -> TimePoint:
    return TimePoint(
        subject_id,
        evaluator,
        seen.visit.label,
        seen.date,
        seen.sum_um,
        seen.baseline_um,
        seen.nadir_um,
        seen.target.response if seen.target else None,
        seen.non_target.response if seen.non_target else None,
        seen.has_new_lesion,
        seen.overall,
        irecist,
        seen.reason + chosen + _undated(seen.date),
        irecist_reason,
        seen.sources,
    )


def _undated(day: dt.date) -> str:
    return "" if known_day(day) else f"; only {day} is recorded of the date, its place is by visit"


def _flagged(subject_id: str, seen: Assessment) -> Finding:
    assert seen.target is not None  # the caller has checked
    row = seen.visit.rows[0]
    return Finding(
        "warning",
        "reappeared-after-cr",
        f"{seen.target.flag} on {seen.date}, judged {seen.overall} by its size",
        Place(row.source.file, row.source.line, field="diameter_mm"),
        subject_id,
    )


def _no_baseline(row: Measurement, reference_date: dt.date | None) -> Finding:
    return Finding(
        "error",
        "missing-baseline",
        f"no assessment by {row.evaluator} on or before the reference date {reference_date}; "
        f"got one of {row.date}",
        Place(row.source.file, row.source.line, field="date"),
        row.subject_id,
    )
