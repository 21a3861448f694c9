"""RECIST 1.1 over arrays: the time points of many patients at once.

The same rules as ``clinical.recist``, written a second time: one step a time
point for all patients, where that module goes patient by patient. A property
test holds the two equal, field by field, and ``onearm run`` shows their
agreement on the patients of the study. Thresholds are compared as integers.

Source of every rule: Eisenhauer EA, et al. Eur J Cancer 2009;45:228-247
("E09"). Knows no best response and no statistic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from onearm.clinical.course import NODE_NORMAL_BELOW_UM
from onearm.clinical.lesions import Limits
from onearm.protocol.response import ResponseRules
from onearm.sim.seen import (
    CR,
    MARKERS_HIGH,
    MARKERS_UNKNOWN,
    NE,
    NED,
    NON_CR_NON_PD,
    NONE,
    NOT_SEEN,
    PD,
    PERSISTS,
    PR,
    SD,
    UNSEEN,
    WORSE,
    Bools,
    Codes,
    Ints,
    Seen,
    TimePoints,
)

BY_TARGET, BY_NON_TARGET, BY_NEW_LESION, BY_EARLIER = range(4)
"""First axis of ``Seen.pd_day``: the day of PD by what shows it."""

Sizes = npt.NDArray[Any]


class Course:
    """What earlier time points leave behind for the next one, for all patients."""

    def __init__(self, seen: Seen) -> None:
        patients = seen.day.shape[1]
        is_missing = ((seen.baseline_um == NOT_SEEN) & seen.has_target).any(axis=0)
        self.has_target = seen.has_target.any(axis=0)
        self.is_known = self.has_target & ~is_missing
        total = np.where(seen.baseline_um > 0, seen.baseline_um, 0).sum(
            axis=0, dtype=seen.target_um.dtype
        )
        self.baseline_um = np.where(self.is_known, total, NOT_SEEN).astype(total.dtype)
        self.nadir_um = self.baseline_um.copy()
        self.had_overall_cr = np.zeros(patients, dtype=bool)
        self.had_target_cr = np.zeros(patients, dtype=bool)
        self.has_new = np.zeros(patients, dtype=bool)
        self.first_pr = np.zeros(patients, dtype=np.int32)
        self.last_pr = np.zeros(patients, dtype=np.int32)


def judge(seen: Seen, rules: ResponseRules) -> TimePoints:
    """Return the RECIST 1.1 responses of all patients at all time points."""
    limits, course = Limits(rules), Course(seen)
    least = np.where(seen.is_node, NODE_NORMAL_BELOW_UM, 1).astype(seen.target_um.dtype)
    shape = seen.day.shape
    day = seen.day if seen.pd_day is None else seen.day.copy()
    sums, nadirs = (np.empty(shape, dtype=seen.target_um.dtype) for _ in range(2))
    target, non_target, overall = (np.empty(shape, dtype=np.int8) for _ in range(3))
    new = np.empty(shape, dtype=bool)
    for v in range(shape[0]):
        here = seen.day[v] > 0
        nadirs[v] = course.nadir_um
        target[v], sums[v] = _targets(seen.target_um[v], least, course, limits)
        non_target[v] = _non_targets(seen, v, course, rules)
        course.has_new |= seen.new_lesion[v] & here
        new[v] = course.has_new
        overall[v] = _overall(target[v], non_target[v], course.has_new)
        if seen.pd_day is not None:
            day[v] = _day(seen, v, target[v], non_target[v], overall[v], rules)
        for column in (target, non_target, overall):
            column[v] *= here  # without a time point no response
        last = seen.day[v] if seen.last_day is None else seen.last_day[v]
        _carry_on(course, last, here, target[v], overall[v], sums[v], rules)
    return TimePoints(day, sums, nadirs, target, non_target, new, overall)


def _targets(values: Sizes, least: Sizes, course: Course, limits: Limits) -> tuple[Codes, Sizes]:
    """Return the target response and the sum, -1 with a target missing (E09 4.3.1, 4.4.2)."""
    rules = limits.rules
    measured = np.maximum(values, 0).sum(axis=0, dtype=values.dtype)
    n_missing = (values == NOT_SEEN).sum(axis=0, dtype=np.int8)
    is_standing = np.asarray((values >= least).any(axis=0))
    is_missing = n_missing > 0
    nadir, baseline = course.nadir_um, course.baseline_um
    is_pd = is_progression(measured, nadir, limits)
    found = np.where(is_partial_response(measured, baseline, limits), PR, SD).astype(np.int8)
    if rules.sticky_pr != "off":
        found[_keeps_pr(course, rules)] = PR
    found[is_pd] = PD
    if is_missing.any():
        partial = _partial(measured, n_missing, is_pd, is_standing, course, limits)
        found[is_missing] = partial[is_missing]
    if rules.reappear_after_cr == "pd":
        is_overall = rules.reappear_scope == "overall_cr"
        found[is_standing & (course.had_overall_cr if is_overall else course.had_target_cr)] = PD
    found[~is_missing & ~is_standing] = CR
    found[~course.is_known] = NE
    found[~course.has_target] = NONE
    is_whole = course.has_target & ~is_missing
    return found, np.where(is_whole, measured, values.dtype.type(NOT_SEEN))


def is_progression(total: Sizes, nadir: Sizes, limits: Limits) -> Bools:
    """PD: sum >= 1.2 nadir and sum - nadir >= 5 mm, both inclusive (E09 4.3.1)."""
    relative = total * limits.pd_den >= nadir * limits.pd_num
    return relative & (total - nadir >= limits.pd_abs_um)


def is_partial_response(total: Sizes, baseline: Sizes, limits: Limits) -> Bools:
    """PR: sum <= 0.7 baseline sum, inclusive (E09 4.3.1)."""
    return np.asarray(total * limits.pr_den <= baseline * limits.pr_num)


def _keeps_pr(course: Course, rules: ResponseRules) -> Bools:
    """Whether a PR is kept until PD, by the option ``sticky_pr``."""
    had = course.first_pr > 0
    if rules.sticky_pr == "after_pr":
        return had
    return had & (course.last_pr - course.first_pr >= rules.confirm_days)


def _partial(
    measured: Sizes,
    n_missing: Codes,
    is_pd: Bools,
    is_standing: Bools,
    course: Course,
    limits: Limits,
) -> Codes:
    """Judge sums of which lesions are missing (E09 4.4.2)."""
    found = np.full(measured.shape, NE, dtype=np.int8)
    if limits.rules.partial_other == "bound" and limits.cap_um is not None:
        most = measured + n_missing * measured.dtype.type(limits.cap_um)
        found[~is_partial_response(measured, course.baseline_um, limits)] = SD
        found[is_partial_response(most, course.baseline_um, limits) & is_standing] = PR
        found[is_progression(most, course.nadir_um, limits)] = NE
    if limits.rules.partial_pd:
        found[is_pd] = PD
    return found


def _non_targets(seen: Seen, v: int, course: Course, rules: ResponseRules) -> Codes:
    """Return the non-target response (E09 4.3.3, 4.3.4)."""
    bits = seen.non_target[v]
    persists = (bits & PERSISTS) > 0
    found = np.full(bits.shape, CR, dtype=np.int8)
    if seen.markers is not None and rules.markers_required != "never":
        is_high = seen.markers[v] == MARKERS_HIGH
        if rules.markers_required == "always":
            is_high |= seen.markers[v] == MARKERS_UNKNOWN
        found[is_high] = NON_CR_NON_PD
    elif rules.markers_required == "always":
        found[:] = NON_CR_NON_PD
    found[persists] = NON_CR_NON_PD
    found[(bits & UNSEEN) > 0] = NE
    if rules.reappear_after_cr == "pd":
        found[persists & course.had_overall_cr] = PD
    found[(bits & WORSE) > 0] = PD
    found[~seen.has_non_target] = NONE
    return found


def _overall(target: Codes, non_target: Codes, has_new: Bools) -> Codes:
    """Combine the three categories (E09 4.4.1, tables 1 and 2)."""
    found = target.copy()
    found[(target == CR) & (non_target != CR) & (non_target != NONE)] = PR
    without = target == NONE
    if without.any():
        found[without] = np.where(non_target == NONE, NED, non_target)[without]
    found[has_new | (target == PD) | (non_target == PD)] = PD
    return found


def _day(
    seen: Seen, v: int, target: Codes, non_target: Codes, overall: Codes, rules: ResponseRules
) -> Ints:
    """Return the day of a time point with scans on several days; of PD that of what shows it."""
    assert seen.pd_day is not None  # the caller has checked
    by = seen.pd_day[:, v]
    is_first = rules.pd_date_rule == "first"
    nothing = np.int64(2**30 if is_first else 0)
    shown = np.stack(
        (
            np.where(target == PD, by[BY_TARGET], nothing),
            np.where(non_target == PD, by[BY_NON_TARGET], nothing),
            np.where(seen.new_lesion[v], by[BY_NEW_LESION], nothing),
        )
    )
    found = shown.min(axis=0) if is_first else shown.max(axis=0)
    found = np.where(found == nothing, by[BY_EARLIER], found)
    return np.asarray(np.where(overall == PD, found, seen.day[v]))


def _carry_on(
    course: Course,
    last_day: Ints,
    here: Bools,
    target: Codes,
    overall: Codes,
    sums: Sizes,
    rules: ResponseRules,
) -> None:
    course.had_overall_cr |= overall == CR
    course.had_target_cr |= target == CR
    if rules.sticky_pr != "off":
        is_pr = (target == CR) | (target == PR)
        course.first_pr = np.where(is_pr & (course.first_pr == 0), last_day, course.first_pr)
        course.last_pr = np.where(is_pr, last_day, course.last_pr)
        course.first_pr[overall == PD] = 0  # a PR is kept until PD, no longer
    is_lower = here & (sums >= 0) & ((sums < course.nadir_um) | (course.nadir_um < 0))
    if rules.nadir_excludes_ne_visits:
        is_lower &= overall != NE
    course.nadir_um = np.where(is_lower, sums, course.nadir_um)
