"""The rules of ``kernel`` and the search for confirmation of ``best``, compiled by numba.

The same integer rules for the patients that a simulation draws, for those who
simulate by the million (the ``fast`` extra). Nothing is drawn and no float is
computed here, so that records and counts are equal bit for bit whatever the
mode; a test holds them equal on random patients with every option varied.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from onearm.clinical.course import NODE_NORMAL_BELOW_UM
from onearm.clinical.lesions import Limits
from onearm.protocol.response import ResponseRules
from onearm.sim.best import (
    Best,
    Pairs,
    code_without_data,
    irecist_responses,
    with_benefit,
)
from onearm.sim.seen import (
    CR,
    NE,
    NED,
    NEVER,
    NON_CR_NON_PD,
    NONE,
    NOT_SEEN,
    PD,
    PERSISTS,
    PR,
    SD,
    UNSEEN,
    WORSE,
    Facts,
    Seen,
    TimePoints,
)

_NACT = {"ignore": 0, "exclude_after_start": 1, "exclude_from_start": 2}
_CR_PR = {"flag": 0, "pd": 1, "recode": 2}
_STICKY = {"off": 0, "after_pr": 1, "after_confirmed_pr": 2}
_NO_LIMIT = 2**30


def judge(seen: Seen, rules: ResponseRules) -> TimePoints:
    """Return the RECIST 1.1 responses of drawn patients, whose scans take one day each."""
    assert seen.pd_day is None  # nothing of this is drawn
    assert seen.last_day is None
    assert seen.markers is None
    limits, shape = Limits(rules), seen.day.shape
    sums, nadirs = (np.empty(shape, dtype=seen.target_um.dtype) for _ in range(2))
    target, non_target, overall = (np.empty(shape, dtype=np.int8) for _ in range(3))
    new = np.empty(shape, dtype=np.bool_)
    fractions = limits.pr_num, limits.pr_den, limits.pd_num, limits.pd_den, limits.pd_abs_um
    is_bound = rules.partial_other == "bound" and limits.cap_um is not None
    options = (
        _STICKY[rules.sticky_pr], rules.confirm_days, limits.cap_um or 0 if is_bound else -1,
        rules.partial_pd, rules.reappear_after_cr == "pd", rules.reappear_scope == "overall_cr",
        rules.markers_required == "always", rules.nadir_excludes_ne_visits,
    )  # fmt: skip
    _judge(
        seen.day, seen.target_um, seen.baseline_um, seen.has_target, seen.is_node, seen.non_target,
        seen.has_non_target, seen.new_lesion, sums, nadirs, target, non_target, overall, new,
        fractions, options, NODE_NORMAL_BELOW_UM,
    )  # fmt: skip
    return TimePoints(seen.day, sums, nadirs, target, non_target, new, overall)


def best_responses(
    points: TimePoints, rules: ResponseRules, facts: Facts, every: int | None
) -> Best:
    """Return the best response of each patient, as ``best.best_responses``."""
    patients = points.day.shape[1]
    found = np.zeros((8, patients), dtype=points.day.dtype)
    gap = rules.max_confirm_gap_days
    _best(
        points.day, points.overall, points.target, points.non_target,
        facts.cutoff, facts.death, facts.new_therapy, found,
        (_NACT[rules.nact_rule],
         _CR_PR[rules.cr_pr], rules.early_death_as_pd, code_without_data(rules),
         rules.sd_min_applies_to == "first_response_visit", rules.cr_then_nonpd_early == "pd",
         rules.min_sd_days - rules.min_sd_tolerance_days),
        (rules.confirm_days, _NO_LIMIT if gap is None else gap, rules.max_ne_between,
         rules.max_sd_between, every if rules.missed_visit_as_ne and every else 0),
    )  # fmt: skip
    codes = found[[0, 2]].astype(np.int8)
    irecist = () if points.irecist is None else irecist_responses(points, rules, facts, every)
    pairs = Pairs(found[4], found[5], found[6])
    return with_benefit((codes[0], found[1], codes[1], found[3]), pairs, found[7], rules, irecist)


@njit(cache=True)
def _is_partial_response(total: Any, baseline: Any, limits: Any) -> Any:
    return total * limits[1] <= baseline * limits[0]


@njit(cache=True)
def _is_progression(total: Any, nadir: Any, limits: Any) -> Any:
    return total * limits[3] >= nadir * limits[2] and total - nadir >= limits[4]


@njit(cache=True)
def _judge(
    day: Any, target_um: Any, baseline_um: Any, has_target: Any, is_node: Any, bits: Any,
    has_non_target: Any, new_lesion: Any, sums: Any, nadirs: Any, target: Any, non_target: Any,
    overall: Any, new: Any, limits: Any, options: Any, node_um: int,
) -> None:  # fmt: skip
    """Judge time point by time point; the outputs are filled."""
    sticky, confirm_days, cap, partial_pd, is_back_pd, of_overall, markers, skips_ne = options
    visits, lesions, patients = target_um.shape
    baselines, known, any_target = _baselines(baseline_um, has_target)
    course = baselines.copy()  # the nadir
    first_prs, last_prs = np.zeros(patients, np.int64), np.zeros(patients, np.int64)
    had_crs, had_target_crs, has_news = (
        np.zeros(patients, np.bool_), np.zeros(patients, np.bool_), np.zeros(patients, np.bool_)
    )  # fmt: skip
    for v in range(visits):  # patients lie side by side, time points do not
        for p in range(patients):
            here, is_known, has_any = day[v, p] > 0, known[p], any_target[p]
            baseline, nadir, had_cr = baselines[p], course[p], had_crs[p]
            first_pr, last_pr = first_prs[p], last_prs[p]
            nadirs[v, p] = nadir
            measured, missing, is_standing = np.int64(0), 0, False
            for at in range(lesions):
                size = target_um[v, at, p]
                measured += max(size, 0)
                missing += size == NOT_SEEN
                is_standing |= size >= (node_um if is_node[at, p] else 1)
            is_pd = _is_progression(measured, nadir, limits)
            keeps = sticky > 0 and first_pr > 0
            keeps = keeps and (sticky == 1 or last_pr - first_pr >= confirm_days)
            found = PR if keeps or _is_partial_response(measured, baseline, limits) else SD
            if is_pd:
                found = PD
            if missing:
                found = NE
                if cap >= 0:
                    most = measured + missing * cap
                    if not _is_partial_response(measured, baseline, limits):
                        found = SD
                    if is_standing and _is_partial_response(most, baseline, limits):
                        found = PR
                    if _is_progression(most, nadir, limits):
                        found = NE
                if partial_pd and is_pd:
                    found = PD
            if is_back_pd and is_standing and (had_cr if of_overall else had_target_crs[p]):
                found = PD
            if not missing and not is_standing:
                found = CR
            if not is_known:
                found = NE if has_any else NONE
            total = measured if has_any and not missing else np.int64(NOT_SEEN)
            others = NON_CR_NON_PD if markers or bits[v, p] & PERSISTS else CR
            if bits[v, p] & UNSEEN:
                others = NE
            if is_back_pd and had_cr and bits[v, p] & PERSISTS:
                others = PD
            if bits[v, p] & WORSE:
                others = PD
            if not has_non_target[p]:
                others = NONE
            has_new = has_news[p] or (new_lesion[v, p] and here)
            whole = found
            if found == NONE:
                whole = NED if others == NONE else others
            elif found == CR and others != CR and others != NONE:
                whole = PR
            if has_new or found == PD or others == PD:
                whole = PD
            sums[v, p], new[v, p] = total, has_new
            if not here:
                found = others = whole = NONE
            target[v, p], non_target[v, p], overall[v, p] = found, others, whole
            has_news[p] = has_new
            had_crs[p] |= whole == CR
            had_target_crs[p] |= found == CR
            if sticky > 0:
                if found in (CR, PR):
                    first_prs[p] = first_pr if first_pr > 0 else day[v, p]
                    last_prs[p] = day[v, p]
                if whole == PD:
                    first_prs[p] = 0
            is_lower = here and total >= 0 and (total < nadir or nadir < 0)
            if is_lower and not (skips_ne and whole == NE):
                course[p] = total


@njit(cache=True)
def _baselines(baseline_um: Any, has_target: Any) -> Any:
    """Return the sum at baseline (-1 if one is missing), whether it is known, and any target."""
    lesions, patients = has_target.shape
    total, known = np.zeros(patients, np.int64), np.ones(patients, np.bool_)
    any_target = np.zeros(patients, np.bool_)
    for at in range(lesions):
        for p in range(patients):
            any_target[p] |= has_target[at, p]
            known[p] &= not (has_target[at, p] and baseline_um[at, p] == NOT_SEEN)
            total[p] += max(baseline_um[at, p], 0)
    known &= any_target
    for p in range(patients):
        total[p] = total[p] if known[p] else NOT_SEEN
    return total, known, any_target


@njit(cache=True)
def _best(
    day: Any, overall: Any, target: Any, non_target: Any, cutoff: Any, death: Any,
    new_therapy: Any, found: Any, options: Any, pair: Any,
) -> None:  # fmt: skip
    """Fill best and confirmed best response, each with its day, the pairs and the last day."""
    nact, cr_pr, dies_as_pd, no_data, by_table, early_cr_is_pd, least = options
    visits, patients = day.shape
    steps, days = np.zeros(visits, np.int64), np.zeros(visits, np.int64)
    for p in range(patients):
        last = min(cutoff[p], death[p])
        if nact > 0:
            last = min(last, new_therapy[p] - (nact - 1))
        had_cr, ended = False, False
        for v in range(visits):
            step = np.int64(overall[v, p])
            if ended or not 0 < day[v, p] <= last:
                step = np.int64(NONE)
            if cr_pr == 1 and step == PR and had_cr:
                step = np.int64(NE if target[v, p] == CR and non_target[v, p] == NE else PD)
            had_cr |= step == CR
            ended |= step == PD
            steps[v], days[v] = step, day[v, p] if step != NONE else 0
        later_pr = False
        for v in range(visits - 1, -1, -1):
            later_pr |= steps[v] == PR
            if cr_pr == 2 and steps[v] == CR and later_pr:
                steps[v] = PR
        first, second, cr = _confirmed_pair(steps, days, pair)
        best, when = _without_response(steps, days, least, False)
        sure, sure_day = _without_response(steps, days, least, True)
        at = _first(steps, PR)
        start, nothing, last_day, last_seen = _first(steps, CR), True, 0, 0
        for v in range(visits):
            if steps[v] != NONE:
                nothing, last_day = False, days[v]
                last_seen = days[v] if steps[v] != NE else last_seen
        if at >= 0:
            best, when = PR, days[at]
        if start >= 0:
            best, when = CR, days[start]
        response = start if at < 0 or 0 <= start < at else at
        if by_table and response >= 0:
            sure, sure_day = _by_table_3(steps, days, response, least)
        if early_cr_is_pd and sure == NE and _is_early_cr(steps):
            sure, sure_day = PD, last_day
        if nothing:
            has_died = death[p] < NEVER and dies_as_pd
            best, when = (PD, death[p]) if has_died else (no_data, 0)
            sure, sure_day = best, when
        if cr > 0:
            sure, sure_day = CR, cr
        elif first > 0:
            sure, sure_day = PR, first
        found[0, p], found[1, p], found[2, p], found[3, p] = best, when, sure, sure_day
        found[4, p], found[5, p], found[6, p], found[7, p] = first, second, cr, last_seen


@njit(cache=True)
def _first(steps: Any, code: int) -> Any:
    """Return the first time point with a response, -1 without one."""
    for v in range(len(steps)):
        if steps[v] == code:
            return v
    return -1


@njit(cache=True)
def _without_response(steps: Any, days: Any, least: int, as_sd: Any) -> Any:
    """Judge without (confirmed) response; ``as_sd``: an unconfirmed one counts as SD."""
    sd = other = ned = pd = 0
    for v in range(len(steps) - 1, -1, -1):
        step, day = steps[v], days[v]
        is_sd = step == SD or (as_sd and step in (CR, PR))
        sd = day if is_sd and day >= least else sd
        other = day if step == NON_CR_NON_PD and day >= least else other
        ned = day if step == NED else ned
        pd = day if step == PD else pd
    if sd > 0:
        return SD, sd
    if other > 0:
        return NON_CR_NON_PD, other
    if ned > 0:
        return NED, ned
    return (PD, pd) if pd > 0 else (NE, 0)


@njit(cache=True)
def _by_table_3(steps: Any, days: Any, at: int, least: int) -> Any:
    """Judge an unconfirmed response by the letter of E09 table 3."""
    follows = False
    for v in range(at + 1, len(steps)):
        follows |= steps[v] == SD
    if (steps[at] == PR and follows) or days[at] >= least:
        return SD, days[at]
    pd = _first(steps, PD)
    return (PD, days[pd]) if pd >= 0 else (NE, 0)


@njit(cache=True)
def _is_early_cr(steps: Any) -> Any:
    """Whether a CR is followed by a response other than CR and NE."""
    had_cr = False
    for step in steps:
        if had_cr and step not in (NONE, NE, CR):
            return True
        had_cr |= step == CR
    return False


@njit(cache=True)
def _confirmed_pair(steps: Any, days: Any, pair: Any) -> Any:
    """Return the days of the earliest confirmed response, of what confirms it, and of a CR."""
    confirm_days, gap, most_ne, most_sd, every = pair
    first = second = cr = 0
    for i in range(len(steps) - 1):
        is_cr = steps[i] == CR
        if not ((is_cr and cr == 0) or (steps[i] == PR and first == 0)):
            continue
        begun, had_cr = days[i], is_cr
        previous, n_ne, n_sd, n_missed = begun, 0, 0, 0
        for j in range(i + 1, len(steps)):
            step, now = steps[j], days[j]
            if step == NONE:
                continue
            if every > 0:
                n_missed += max((2 * (now - previous) + every - 1) // (2 * every) - 1, 0)
                previous = now
            if step == PR and had_cr:
                break
            had_cr |= step == CR
            fits = confirm_days <= now - begun <= gap and n_ne + n_missed <= most_ne
            if fits and n_sd <= most_sd and (step == CR or (step == PR and not is_cr)):
                if first == 0:
                    first, second = begun, now
                cr = begun if is_cr else cr
                break
            n_ne += step == NE
            n_sd += step == SD
            if not (step in (CR, NE) or (not is_cr and step in (PR, SD))):
                break
    return first, second, cr
