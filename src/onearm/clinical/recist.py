"""RECIST 1.1: target, non-target and new-lesion response of each time point.

Takes one subject's time points by one evaluator (``visits``), gives one
``Assessment`` a time point after baseline. Lengths are integer micrometres and
thresholds are compared as integers, so a tie is a tie: PR when the sum is at
most 70 % of the baseline sum, PD when it is at least 120 % of the nadir and at
least 5 mm above it, a node is normal below 10 mm.

Source of every rule: Eisenhauer EA, et al. Eur J Cancer 2009;45:228-247
("E09", section beside each rule); what E09 leaves open is an option of
``ResponseRules``. Knows no other subject, no other evaluator, no best response.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from onearm.clinical.course import Category, Course, names
from onearm.clinical.lesions import (
    Declared,
    Limits,
    backdated,
    declare,
    is_backdated,
    is_certain,
    shows_lesion,
    target_values,
    total,
)
from onearm.clinical.non_targets import assess_non_targets, has_progressed
from onearm.clinical.records import Measurement, PartialDate, Source
from onearm.clinical.targets import assess_targets
from onearm.clinical.visits import Visit
from onearm.protocol.response import ResponseRules
from onearm.terms import LesionType, Response

CR, PR, SD = Response.CR, Response.PR, Response.SD
PD, NE, NON_CR_NON_PD = Response.PD, Response.NE, Response.NON_CR_NON_PD


@dataclass(frozen=True, slots=True)
class Assessment:
    """One time point judged by RECIST 1.1, with what iRECIST needs to know of it."""

    visit: Visit
    date: dt.date
    values: dict[str, int | None]
    sum_um: int | None
    baseline_um: int | None
    nadir_um: int | None
    target: Category | None
    non_target: Category | None
    non_target_rows: tuple[Measurement, ...]
    new_lesions: tuple[Measurement, ...]  # unequivocal rows of this time point
    first_seen: tuple[str, ...]  # new lesions that appear at this time point
    has_new_lesion: bool  # one appeared up to now
    overall: Response
    reason: str
    sources: tuple[Source, ...]


def assess(
    visits: Sequence[Visit],
    baseline: Visit,
    rules: ResponseRules,
    *,
    markers: Sequence[tuple[dt.date, bool]] = (),
) -> list[Assessment]:
    """Judge each time point after baseline, in order.

    Parameters
    ----------
    visits
        All time points of one subject by one evaluator, ordered by date.
    baseline
        The one of them that is baseline.
    rules
        The study's options.
    markers
        Days on which tumour markers were read, and whether all were normal;
        empty when they were not collected.
    """
    limits = Limits(rules)
    later = [visit for visit in visits if visit.first_date > baseline.last_date]
    declared = declare(baseline, [baseline, *later], limits)
    course = Course(declared.baseline_sum_um, baseline.last_date, baseline.rows)
    course.backdated = backdated(later, declared, limits)
    return [
        _assess_visit(visit, declared, course, limits, _markers_at(visit, markers, rules))
        for visit in later
    ]


def _markers_at(
    visit: Visit, markers: Sequence[tuple[dt.date, bool]], rules: ResponseRules
) -> bool | None:
    """Return the reading nearest to a time point, within the visit window.

    Of a time point without a day a reading that can be near needs the day.
    """
    if isinstance(visit.last_date, PartialDate):
        window = dt.timedelta(days=rules.visit_window_days)
        first, last = visit.last_date.earliest - window, visit.last_date.latest + window
        markers = [reading for reading in markers if first <= reading[0] <= last]
    near = [
        (abs((day - visit.last_date).days), is_normal)
        for day, is_normal in markers
        if abs((day - visit.last_date).days) <= rules.visit_window_days
    ]
    return min(near)[1] if near else None


def _assess_visit(
    visit: Visit,
    declared: Declared,
    course: Course,
    limits: Limits,
    markers_normal: bool | None,
) -> Assessment:
    values = target_values(visit, declared.targets, declared.fragments, limits)
    sum_um = total(values)
    nadir_um, compared = course.nadir_um, course.nadir_rows
    target = assess_targets(values, declared, course, limits)
    non_target = assess_non_targets(visit, declared, course, limits, markers_normal)
    seen = find_new_lesions(visit, declared, course, limits)
    first_seen = tuple(row.lesion_id for row in seen if row.lesion_id not in course.new_lesions)
    for row in seen:
        course.new_lesions.setdefault(row.lesion_id, row.date)
    has_new = bool(course.new_lesions)
    overall = overall_response(
        target.response if target else None, non_target.response if non_target else None, has_new
    )
    date = _date_of(visit, overall, target, non_target, declared, course, seen, limits.rules)
    reason = _explain(overall, target, non_target, course, first_seen)
    _carry_on(course, visit, target, overall, sum_um, limits.rules)
    sources = [row.source for row in visit.rows]
    if target is not None and target.response is not NE:
        used = declared.baseline.rows if target.response in (PR, CR) else compared
        sources += [row.source for row in used if row.lesion_id in values]
    return Assessment(
        visit,
        date,
        values,
        sum_um,
        declared.baseline_sum_um,
        nadir_um,
        target,
        non_target,
        tuple(row for row in visit.rows if row.lesion_id in declared.non_targets),
        seen,
        first_seen,
        has_new,
        overall,
        reason,
        tuple(sources),
    )


def _carry_on(
    course: Course,
    visit: Visit,
    target: Category | None,
    overall: Response,
    sum_um: int | None,
    rules: ResponseRules,
) -> None:
    course.had_overall_cr = course.had_overall_cr or overall is CR
    if target is not None:
        course.had_target_cr = course.had_target_cr or target.response is CR
        if target.response in (CR, PR):
            course.target_pr_dates.append(visit.last_date)
    if overall is PD:
        course.target_pr_dates.clear()  # a PR is kept until PD, no longer
    if sum_um is None or (rules.nadir_excludes_ne_visits and overall is NE):
        return
    if course.nadir_um is None or sum_um < course.nadir_um:
        course.nadir_um, course.nadir_date, course.nadir_rows = sum_um, visit.last_date, visit.rows


def find_new_lesions(
    visit: Visit, declared: Declared, course: Course, limits: Limits
) -> tuple[Measurement, ...]:
    """Return the rows that show an unequivocal new lesion (E09 4.3.5).

    A new node counts from ``new_node_min_mm``; fragments of a known lesion are
    not new; an equivocal one counts from its first sighting once confirmed; a
    finding on FDG-PET alone counts with a baseline FDG-PET, else once another
    method confirms it.
    """
    return tuple(
        row
        for row in visit.rows
        if row.lesion_type is LesionType.NEW and _is_new(row, visit, declared, course, limits)
    )


def _is_new(
    row: Measurement, visit: Visit, declared: Declared, course: Course, limits: Limits
) -> bool:
    if not shows_lesion(row, declared, limits):
        return False
    if is_certain(row, declared):
        return True
    return is_backdated(row.lesion_id, visit, course.backdated)


def overall_response(
    target: Response | None, non_target: Response | None, has_new_lesion: bool
) -> Response:
    """Combine the three categories (E09 4.4.1, tables 1 and 2); None is "no such lesions"."""
    if has_new_lesion or target is PD or non_target is PD:
        return PD
    if target is None:
        return Response.NED if non_target is None else non_target
    if target is CR and non_target not in (CR, None):
        return PR
    return target


def _date_of(
    visit: Visit,
    overall: Response,
    target: Category | None,
    non_target: Category | None,
    declared: Declared,
    course: Course,
    seen: Sequence[Measurement],
    rules: ResponseRules,
) -> dt.date:
    """Return the date of the time point; for PD the first or last scan that shows it.

    PD by the sum is shown by the scans of the targets.
    """
    if visit.first_date == visit.last_date:
        return visit.first_date
    if overall is not PD:
        return visit.first_date if rules.response_date_rule == "first" else visit.last_date
    shown = [row.date for row in seen]
    if non_target is not None and non_target.response is PD:
        rows = [row for row in visit.rows if row.lesion_id in declared.non_targets]
        worse = [row for row in rows if has_progressed(row, visit, course)]
        shown += [row.date for row in worse or rows]
    if target is not None and target.response is PD:
        shown += [row.date for row in visit.rows if row.lesion_id in declared.targets]
    if not shown:  # PD stands since an earlier new lesion
        return visit.first_date
    return min(shown) if rules.pd_date_rule == "first" else max(shown)


def _explain(
    overall: Response,
    target: Category | None,
    non_target: Category | None,
    course: Course,
    first_seen: tuple[str, ...],
) -> str:
    deciding: list[str] = []
    others: list[str] = []
    for name, category in (("target", target), ("non-target", non_target)):
        if category is None:
            continue
        if category.response is overall and (overall is PD or name == "target" or not target):
            deciding.append(category.reason)
        else:
            others.append(f"{name} {category.response}: {category.reason}")
    if course.new_lesions:
        new = first_seen or tuple(course.new_lesions)
        when = "" if first_seen else f" (since {course.new_lesions[new[0]]})"
        deciding.append(f"new lesion {names(new)}{when}")
    parts = deciding + others or ["no lesion at baseline and none new"]
    return f"{overall}: {'; '.join(parts)}"
