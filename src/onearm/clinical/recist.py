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
from dataclasses import dataclass, field, replace

from onearm.clinical.lesions import (
    Declared,
    Limits,
    Spans,
    backdated,
    declare,
    is_backdated,
    is_certain,
    shows_lesion,
    target_values,
    total,
)
from onearm.clinical.records import Measurement, Source
from onearm.clinical.visits import Visit, is_assessed
from onearm.format import count_of, millimetres, signed_millimetres, signed_percent
from onearm.protocol.response import ResponseRules
from onearm.terms import MICROMETRES_PER_MM, LesionState, LesionType, Response

CR, PR, SD = Response.CR, Response.PR, Response.SD
PD, NE, NON_CR_NON_PD = Response.PD, Response.NE, Response.NON_CR_NON_PD
NODE_NORMAL_BELOW_UM = 10 * MICROMETRES_PER_MM


@dataclass(slots=True)
class Course:
    """What earlier time points leave behind for the next one."""

    nadir_um: int | None
    nadir_date: dt.date
    nadir_rows: tuple[Measurement, ...]
    had_overall_cr: bool = False
    had_target_cr: bool = False
    target_pr_dates: list[dt.date] = field(default_factory=list)
    new_lesions: dict[str, dt.date] = field(default_factory=dict)
    backdated: Spans = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Category:
    """The response of one category of lesions, with the sentence that explains it."""

    response: Response
    reason: str
    flag: str | None = None  # what a reader should look at


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
    course.backdated = backdated(later, declared, limits) if rules.equivocal_backdate else {}
    return [
        _assess_visit(visit, declared, course, limits, _markers_at(visit, markers, rules))
        for visit in later
    ]


def _markers_at(
    visit: Visit, markers: Sequence[tuple[dt.date, bool]], rules: ResponseRules
) -> bool | None:
    """Return the reading nearest to a time point, within the visit window."""
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


def assess_targets(
    values: dict[str, int | None], declared: Declared, course: Course, limits: Limits
) -> Category | None:
    """Return the target response, None without targets (E09 4.3.1, 4.4.2).

    In this order: CR when every non-nodal target is gone and every node is
    below 10 mm; PD when a lesion reappears after CR; PD, PR by the sum; SD.
    With a target not assessed NE, except PD that the measured ones show alone.
    """
    if not values:
        return None
    baseline_um, nadir_um = declared.baseline_sum_um, course.nadir_um
    if baseline_um is None or nadir_um is None:
        without = [name for name, value in declared.values.items() if value is None]
        return Category(NE, f"no baseline measurement of {_names(without)}")
    missing, standing, sum_um = [], [], 0
    for name, value in values.items():
        if value is None:
            missing.append(name)
            continue
        sum_um += value
        if value >= (NODE_NORMAL_BELOW_UM if declared.targets[name] else 1):
            standing.append(name)
    if not missing and not standing:
        return Category(CR, _explain_cr(values, declared))
    back = _reappeared(values, standing, course, limits.rules)
    if back and limits.rules.reappear_after_cr == "pd":
        return Category(PD, back)
    category = _by_sum(sum_um, missing, standing, values, declared, course, limits)
    is_flagged = back is not None and limits.rules.reappear_after_cr == "flag"
    return replace(category, flag=back) if is_flagged else category


def _reappeared(
    values: dict[str, int | None], standing: list[str], course: Course, rules: ResponseRules
) -> str | None:
    """Return what came back after a CR, None when nothing did."""
    had = course.had_overall_cr if rules.reappear_scope == "overall_cr" else course.had_target_cr
    if not had or not standing:
        return None
    return (
        f"target {standing[0]} reappeared with {millimetres(values[standing[0]] or 0)} mm after CR"
    )


def _by_sum(
    sum_um: int,
    missing: list[str],
    standing: list[str],
    values: dict[str, int | None],
    declared: Declared,
    course: Course,
    limits: Limits,
) -> Category:
    """Judge the sum against nadir and baseline."""
    baseline_um, nadir_um = declared.baseline_sum_um, course.nadir_um
    assert baseline_um is not None  # the caller has checked both
    assert nadir_um is not None
    if missing:
        return _assess_partial(
            sum_um, missing, len(values), declared, course, limits, is_standing=bool(standing)
        )
    if limits.is_progression(sum_um, nadir_um):
        return Category(PD, "sum " + _over_nadir(sum_um, nadir_um, course.nadir_date))
    if limits.is_partial_response(sum_um, baseline_um):
        return Category(PR, "sum " + _from_baseline(sum_um, baseline_um))
    if kept := _kept_response(course, limits.rules):
        return Category(
            PR, f"PR of {kept} kept until PD; sum {_from_baseline(sum_um, baseline_um)}"
        )
    return Category(
        SD,
        f"sum {_from_baseline(sum_um, baseline_um)} and "
        f"{_over_nadir(sum_um, nadir_um, course.nadir_date, with_sum=False)}: neither PR nor PD",
    )


def _kept_response(course: Course, rules: ResponseRules) -> dt.date | None:
    """Return since when a PR is kept, by the option ``sticky_pr``."""
    dates = course.target_pr_dates
    if rules.sticky_pr == "off" or not dates:
        return None
    if rules.sticky_pr == "after_pr":
        return dates[0]
    confirmed = (dates[-1] - dates[0]).days >= rules.confirm_days
    return dates[0] if confirmed else None


def _assess_partial(
    measured_um: int,
    missing: list[str],
    n_targets: int,
    declared: Declared,
    course: Course,
    limits: Limits,
    *,
    is_standing: bool,
) -> Category:
    """Judge a sum of which lesions are missing (E09 4.4.2).

    With ``is_standing`` a measured lesion rules out CR whatever the missing are.
    """
    nadir_um, baseline_um = course.nadir_um, declared.baseline_sum_um
    assert nadir_um is not None
    assert baseline_um is not None
    which = f"{len(missing)} of {count_of(n_targets, 'target')} not assessed ({_names(missing)})"
    if limits.rules.partial_pd and limits.is_progression(measured_um, nadir_um):
        alone = _over_nadir(measured_um, nadir_um, course.nadir_date)
        return Category(PD, f"the measured targets alone, {alone}; {which}")
    if limits.rules.partial_other == "bound" and limits.cap_um is not None:
        most = measured_um + limits.cap_um * len(missing)
        bounds = f"the sum lies between {millimetres(measured_um)} and {millimetres(most)} mm"
        if limits.is_progression(most, nadir_um):
            return Category(NE, f"{bounds}, which may be PD; {which}")
        if limits.is_partial_response(most, baseline_um) and is_standing:
            return Category(PR, f"{bounds}, at or below the PR limit throughout; {which}")
        if not limits.is_partial_response(measured_um, baseline_um):
            return Category(SD, f"{bounds}, neither PR nor PD throughout; {which}")
    return Category(NE, which)


def assess_non_targets(
    visit: Visit,
    declared: Declared,
    course: Course,
    limits: Limits,
    markers_normal: bool | None,
) -> Category | None:
    """Return the non-target response, None without non-targets (E09 4.3.3, 4.3.4).

    PD when one progresses unequivocally, or reappears after CR; NE when one was
    not assessed; CR when all are gone, nodes below 10 mm, and markers normal;
    else NON-CR/NON-PD.
    """
    if not declared.non_targets:
        return None
    rows = {row.lesion_id: row for row in visit.rows if row.lesion_id in declared.non_targets}
    worse = [name for name, row in rows.items() if _has_progressed(row, visit, course)]
    if worse:
        return Category(PD, f"unequivocal progression of {_names(worse)}")
    n = len(declared.non_targets)
    persisting = [
        name for name, row in rows.items() if is_assessed(row) and not _is_gone(row, limits)
    ]
    if persisting and course.had_overall_cr and limits.rules.reappear_after_cr == "pd":
        return Category(PD, f"non-target {_names(persisting)} reappeared after CR")
    missing = [
        name for name in declared.non_targets if name not in rows or not is_assessed(rows[name])
    ]
    if missing:
        which = f"{len(missing)} of {n} not assessed ({_names(missing)})"
        return Category(NE, which)
    if persisting:
        return Category(NON_CR_NON_PD, f"{len(persisting)} of {n} persist ({_names(persisting)})")
    required = limits.rules.markers_required
    is_unknown = required == "always" and markers_normal is None
    if required != "never" and (markers_normal is False or is_unknown):
        return Category(NON_CR_NON_PD, f"all {n} gone, but tumour markers are not shown normal")
    return Category(CR, f"all {n} gone")


def _has_progressed(row: Measurement, visit: Visit, course: Course) -> bool:
    if row.state is LesionState.UNEQUIVOCAL_PROGRESSION:
        return True
    doubtful = row.state is LesionState.EQUIVOCAL
    return doubtful and is_backdated(row.lesion_id, visit, course.backdated)


def _is_gone(row: Measurement, limits: Limits) -> bool:
    if row.state is LesionState.ABSENT or row.state is LesionState.MERGED:
        return True
    small = row.diameter_um is not None and row.diameter_um < NODE_NORMAL_BELOW_UM
    return row.is_nodal and small


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
        worse = [row for row in rows if _has_progressed(row, visit, course)]
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
        deciding.append(f"new lesion {_names(new)}{when}")
    parts = deciding + others or ["no lesion at baseline and none new"]
    return f"{overall}: {'; '.join(parts)}"


def _explain_cr(values: dict[str, int | None], declared: Declared) -> str:
    nodes = [value or 0 for name, value in values.items() if declared.targets[name]]
    gone = len(values) - len(nodes)
    parts = [f"{gone} of {gone} non-nodal gone"] if gone else []
    if nodes:
        parts.append(f"largest node {millimetres(max(nodes))} mm, below 10 mm")
    return ", ".join(parts)


def _over_nadir(sum_um: int, nadir: int, when: dt.date, *, with_sum: bool = True) -> str:
    change = sum_um - nadir
    relative = f" ({signed_percent(change, nadir)} %)" if nadir else ""
    head = f"{millimetres(sum_um)} mm is " if with_sum else ""
    grown = f"{signed_millimetres(change)} mm{relative}"
    return f"{head}{grown} over the nadir of {millimetres(nadir)} mm ({when})"


def _from_baseline(sum_um: int, baseline: int) -> str:
    change = sum_um - baseline
    relative = f" ({signed_percent(change, baseline)} %)" if baseline else ""
    grown = f"{signed_millimetres(change)} mm{relative}"
    return f"{millimetres(sum_um)} mm is {grown} from the baseline of {millimetres(baseline)} mm"


def _names(names: Sequence[str]) -> str:
    return ", ".join(names)
