"""The target response of one time point (Eisenhauer 2009, "E09", section 4.3.1).

Takes the value of each target, the baseline and the course so far, gives the
response with its sentence. Thresholds are compared as integers: PR when the sum
is at most 70 % of the baseline sum, PD when it is at least 120 % of the nadir
and at least 5 mm above it; a node is normal below 10 mm.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from onearm.clinical.course import NODE_NORMAL_BELOW_UM, Category, Course, names
from onearm.clinical.lesions import Declared, Limits
from onearm.format import count_of, millimetres, signed_millimetres, signed_percent
from onearm.protocol.response import ResponseRules
from onearm.terms import Response

CR, PR, SD = Response.CR, Response.PR, Response.SD
PD, NE = Response.PD, Response.NE


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
        return Category(NE, f"no baseline measurement of {names(without)}")
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
    which = f"{len(missing)} of {count_of(n_targets, 'target')} not assessed ({names(missing)})"
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
