"""iRECIST over arrays: what becomes of a first progression, for many patients at once.

The same rules as ``clinical.irecist`` and ``clinical.new_lesions``, written a
second time, one step a time point for all patients; a property test holds them
equal. Source: Seymour L, et al. Lancet Oncol 2017;18:e143-e152 ("I17"). Knows
no best response.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from onearm.clinical.lesions import MEASURABLE_NODE_UM, MEASURABLE_UM, Limits, um
from onearm.errors import InputError
from onearm.protocol.response import ResponseRules
from onearm.sim.kernel import is_progression
from onearm.sim.seen import (
    CONFIRMED_PD,
    CR,
    NE,
    NED,
    NON_CR_NON_PD,
    NONE,
    NOT_SEEN,
    PD,
    PR,
    WORSE_NOW,
    Bools,
    Codes,
    Ints,
    NewLesions,
    Seen,
    TimePoints,
)

TARGET, NON_TARGET, NEW = range(3)


@dataclass(slots=True)
class Now:
    """The new lesions at one time point."""

    is_added: Bools  # (lesions, patients)
    is_target: Bools  # (lesions, patients): known, followed by a sum
    is_other: Bools  # (lesions, patients): known, any increase counts
    standing: Ints  # (patients,)
    is_worse: Bools
    sum_um: Ints
    other_um: Ints  # (lesions, patients)

    @property
    def any_added(self) -> Bools:
        """Whether a patient has a lesion that was not known before."""
        return np.asarray(self.is_added.any(axis=0))


@dataclass(slots=True)
class Pending:
    """Unconfirmed progression: the values at the first iUPD of its block."""

    is_on: Bools
    day: Ints
    waits_from: Ints
    causes: Bools  # (3, patients)
    sum_um: Ints
    target_um: Ints  # (lesions, patients)
    non_target_um: Ints  # (lesions, patients)
    new_sum_um: Ints
    other_um: Ints
    is_non_target_cr: Bools
    rank: Ints


class State:
    """What earlier time points leave behind for the next one, for all patients."""

    def __init__(self, seen: Seen, new: NewLesions, non_target_um: Ints, rules: ResponseRules):
        patients = seen.day.shape[1]
        self.seen, self.new, self.non_target_um = seen, new, non_target_um
        self.rules, self.limits = rules, Limits(rules)
        self.growth_um = um(rules.icpd_mm)
        self.is_confirmed = np.zeros(patients, dtype=bool)
        self.is_target = np.zeros(new.is_node.shape, dtype=bool)
        self.is_other = self.is_target.copy()
        self.nadir_um = np.full(patients, NOT_SEEN, dtype=np.int64)
        nothing = np.full(patients, NOT_SEEN, dtype=np.int64)
        self.pending = Pending(
            np.zeros(patients, dtype=bool),
            nothing,
            nothing,
            np.zeros((3, patients), dtype=bool),
            nothing,
            np.full(seen.target_um.shape[1:], NOT_SEEN, dtype=np.int64),
            np.full(non_target_um.shape[1:], NOT_SEEN, dtype=np.int64),
            nothing,
            np.full(new.is_node.shape, NOT_SEEN, dtype=np.int64),
            np.zeros(patients, dtype=bool),
            nothing,
        )


def judge_irecist(seen: Seen, points: TimePoints, rules: ResponseRules) -> TimePoints:
    """Return the time points with their iRECIST responses.

    Raises
    ------
    InputError
        If the new lesions are not given one by one.
    """
    if seen.new is None:
        raise InputError("iRECIST follows new lesions one by one; they are not given")
    sizes = seen.non_target_um
    if sizes is None:
        sizes = np.empty((seen.day.shape[0], 0, seen.day.shape[1]), dtype=np.int64)
    state = State(seen, seen.new, sizes, rules)
    found = np.zeros(seen.day.shape, dtype=np.int8)
    for v in range(seen.day.shape[0]):
        found[v] = _judge_visit(state, points, v)
    return replace(points, irecist=found)


def _judge_visit(state: State, points: TimePoints, v: int) -> Codes:
    rules, pending = state.rules, state.pending
    day, here = points.day[v], points.day[v] > 0
    target, non_target = points.target[v], points.non_target[v]
    now = _new_lesions(state, points, v)
    first, wait = day - pending.day, day - pending.waits_from
    latest = rules.icpd_max_days + rules.icpd_tolerance_days
    is_early = first < rules.icpd_min_days - rules.icpd_tolerance_days
    if rules.early_scan == "exception":
        is_early &= ~now.any_added
    is_open = here & ~state.is_confirmed
    waits = is_open & pending.is_on & ~is_early
    fresh = is_open & ~pending.is_on
    is_grown = waits & _confirmation(state, points, v, now)
    before = _progression(state, points, v, now)
    _remember(state, now, fresh | waits)
    after = _progression(state, points, v, now)
    in_time = wait <= latest
    confirms = is_grown & (in_time | (rules.icpd_late == "accept_flag"))
    renews = is_grown & ~confirms
    rest = waits & ~is_grown
    causes = pending.causes
    is_unseen = (causes[TARGET] & (target == NE)) | (causes[NON_TARGET] & (non_target == NE))
    categories = _categories(target, non_target)
    is_ne = rest & ((categories == NE) | is_unseen)
    resets = rest & ~is_ne & _is_reset(state, points, v, now)
    stays = rest & ~is_ne & ~resets
    starts = fresh & before.any(axis=0)

    found = np.where(state.is_confirmed & here & (rules.after_icpd == "list"), CONFIRMED_PD, NONE)
    left = np.where(target != NONE, PR, NON_CR_NON_PD)
    is_left = ((categories == CR) | (categories == NED)) & (now.standing > 0)
    plain = np.where(is_left, left, categories)
    found = np.where(resets | (fresh & ~starts), plain, found)
    is_iupd = starts | stays | renews | (is_open & pending.is_on & is_early)
    found = np.where(is_iupd, PD, found)
    found = np.where(is_ne, NE, found)
    found = np.where(confirms, CONFIRMED_PD, found)

    state.is_confirmed |= confirms
    pending.waits_from = np.where(stays, day, pending.waits_from)
    pending.is_on = pending.is_on & ~resets
    if not rules.ne_keeps_iupd:
        pending.is_on &= ~is_ne
    again = np.where(after.any(axis=0), after, causes)
    _anchor(state, points, v, now, starts | renews, np.where(starts, before, again))
    return found.astype(np.int8)


def _new_lesions(state: State, points: TimePoints, v: int) -> Now:
    """Return the new lesions of a time point, each new one as target or other."""
    new, rules = state.new, state.rules
    has_new = points.new_lesion[v]
    is_shown, sizes = new.is_shown[v] & has_new, new.um[v]
    is_target, is_other = state.is_target & has_new, state.is_other & has_new
    is_added = is_shown & ~is_target & ~is_other
    least = np.where(new.is_node, MEASURABLE_NODE_UM, MEASURABLE_UM)
    for m in range(len(sizes)):
        in_organ = (is_target & (new.organ == new.organ[m])).sum(axis=0)
        may = (new.organ[m] == 0) | (in_organ < rules.max_per_organ)
        fits = (sizes[m] >= least[m]) & (is_target.sum(axis=0) < rules.max_targets) & may
        is_target[m] |= is_added[m] & fits
        is_other[m] |= is_added[m] & ~fits
    size = np.where(new.is_absent[v], 0, sizes)
    is_whole = is_target.any(axis=0) & ~(is_target & (size < 0)).any(axis=0)
    total = np.where(is_target, size, 0).sum(axis=0)
    return Now(
        is_added,
        is_target,
        is_other,
        ((is_target | is_other) & ~new.is_absent[v]).sum(axis=0),
        (is_shown & ~is_added & new.is_worse[v]).any(axis=0),
        np.where(is_whole, total, NOT_SEEN),
        np.where(is_other, size, NOT_SEEN),
    )


def _remember(state: State, now: Now, whom: Bools) -> None:
    """Take the new lesions of a time point as known, and their sum into the nadir."""
    state.is_target |= now.is_target & whom
    state.is_other |= now.is_other & whom
    is_first = (state.nadir_um < 0) | now.any_added
    low = np.where(is_first, now.sum_um, np.minimum(now.sum_um, state.nadir_um))
    state.nadir_um = np.where(whom & (now.sum_um >= 0), low, state.nadir_um)


def _progression(state: State, points: TimePoints, v: int, now: Now) -> Bools:
    """Return which categories meet the criteria of progression now; shape (3, patients)."""
    is_sum = (now.sum_um >= 0) & (state.nadir_um >= 0)
    has_grown = is_sum & is_progression(now.sum_um, state.nadir_um, state.limits)
    return np.stack(
        (
            points.target[v] == PD,
            points.non_target[v] == PD,
            now.any_added | now.is_worse | has_grown,
        )
    )


def _confirmation(state: State, points: TimePoints, v: int, now: Now) -> Bools:
    """Whether anything confirms the progression (I17 table 2)."""
    seen, pending = state.seen, state.pending
    causes = pending.causes
    was_measured = pending.target_um >= 0
    then = np.where(was_measured, pending.target_um, 0).sum(axis=0)
    values = np.maximum(seen.target_um[v], 0)
    has_sum_grown = _has_grown(state, np.where(was_measured, values, 0).sum(axis=0), then)
    sizes = state.non_target_um[v]
    has_non_target_grown = ((pending.non_target_um >= 0) & (sizes > pending.non_target_um)).any(
        axis=0
    )
    is_worse = (seen.non_target[v] & WORSE_NOW) > 0
    has_other_grown = ((pending.other_um >= 0) & (now.other_um > pending.other_um)).any(axis=0)
    has_new_grown = (now.sum_um >= 0) & (pending.new_sum_um >= 0)
    has_new_grown &= _has_grown(state, now.sum_um, pending.new_sum_um)
    return np.asarray(
        (causes[TARGET] & has_sum_grown)
        | ((points.target[v] == PD) & ~causes[TARGET])
        | ((points.non_target[v] == PD) & ~causes[NON_TARGET])
        | (causes[NON_TARGET] & (has_non_target_grown | is_worse))
        | now.any_added
        | now.is_worse
        | has_other_grown
        | has_new_grown
    )


def _has_grown(state: State, now_um: Ints, then_um: Ints) -> Bools:
    """Growth of at least 5 mm (or more than 5 mm, by the option icpd_mm_inclusive)."""
    growth = now_um - then_um
    is_inclusive = state.rules.icpd_mm_inclusive
    return growth >= state.growth_um if is_inclusive else growth > state.growth_um


def _is_reset(state: State, points: TimePoints, v: int, now: Now) -> Bools:
    """Whether no category progresses any more; a new lesion alone needs an improvement."""
    target, non_target, pending = points.target[v], points.non_target[v], state.pending
    least = 1 if state.rules.nl_reset_rule == "any_improvement" else state.growth_um
    has_improved = (
        (now.standing == 0)
        | (_rank(target) < pending.rank)
        | _has_shrunk(points.sum_um[v], pending.sum_um, least)
        | _has_shrunk(now.sum_um, pending.new_sum_um, least)
        | ((non_target == CR) & ~pending.is_non_target_cr)
    )
    progresses = (target == PD) | (non_target == PD)
    return np.asarray(~progresses & (~pending.causes[NEW] | has_improved))


def _has_shrunk(now_um: Ints, then_um: Ints, least_um: int) -> Bools:
    return (now_um >= 0) & (then_um >= 0) & (then_um - now_um >= least_um)


def _anchor(state: State, points: TimePoints, v: int, now: Now, whom: Bools, causes: Bools) -> None:
    """Begin a block of unconfirmed progression at this time point."""
    pending, day = state.pending, points.day[v]
    pending.is_on = pending.is_on | whom
    for name, values in (
        ("day", day),
        ("waits_from", day),
        ("causes", causes),
        ("sum_um", points.sum_um[v]),
        ("target_um", np.where(state.seen.has_target, state.seen.target_um[v], NOT_SEEN)),
        ("non_target_um", state.non_target_um[v]),
        ("new_sum_um", now.sum_um),
        ("other_um", now.other_um),
        ("is_non_target_cr", points.non_target[v] == CR),
        ("rank", _rank(points.target[v])),
    ):
        setattr(pending, name, np.where(whom, values, getattr(pending, name)))


def _rank(target: Codes) -> Ints:
    """Return 0 for CR, 1 for PR, 2 for SD, 3 for all else."""
    is_better = (target >= CR) & (target <= 3)
    return np.where(is_better, target - 1, 3)


def _categories(target: Codes, non_target: Codes) -> Codes:
    """Return the response without regard to new lesions."""
    found = target.copy()
    found[(target == CR) & (non_target != CR) & (non_target != NONE)] = PR
    without = target == NONE
    found[without] = np.where(non_target == NONE, NED, non_target)[without]
    return found
