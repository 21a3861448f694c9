"""Times to progression and death over arrays: event or censoring, and the rule.

The same rules as ``clinical.events``, written a second time for many patients
at once; a property test holds them equal. Durations are ``end - start + 1``
days. Knows no statistic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onearm.protocol.censoring import CensoringRules
from onearm.sim.seen import NE, NEVER, NONE, PD, Bools, Codes, Facts, Ints, TimePoints

RULES = ("PD", "DEATH", "DEATH_EARLY", "NACT", "CLIN", "DISC", "CUT", "NOPOST", "NOBASE", "MISS2")
BY_PD, BY_DEATH, EARLY, NACT, CLIN, DISC, CUT, NOPOST, NOBASE, MISS2 = range(len(RULES))


@dataclass(frozen=True, slots=True)
class Times:
    """A time to an event for each patient; ``rule`` is a position in ``RULES``.

    ``is_there`` is false for a patient who has no such time.
    """

    days: Ints
    is_event: Bools
    rule: Codes
    is_there: Bools | None = None


def progression_free(
    points: TimePoints, facts: Facts, rules: CensoringRules, limit_days: int | None
) -> Times:
    """Return the time to the first PD by RECIST 1.1, or death, or censoring.

    ``limit_days`` is how long no adequate assessment may be missing.
    """
    is_there = points.day > 0
    adequate = np.where(is_there & (points.overall != NE), points.day, 0)
    is_pd = is_there & (points.overall == PD)
    first_pd = np.where(is_pd, points.day, NEVER).min(axis=0, initial=NEVER)
    return _progression_free(adequate, first_pd, facts, rules, limit_days)


def progression_free_irecist(
    points: TimePoints, ipfs_day: Ints, facts: Facts, rules: CensoringRules, limit_days: int | None
) -> Times:
    """Return the time to progression by iRECIST, or death, or censoring."""
    assert points.irecist is not None  # asked for by the caller
    is_judged = (points.day > 0) & (points.irecist != NONE) & (points.irecist != NE)
    adequate = np.where(is_judged & (points.overall != NE), points.day, 0)
    first_pd = np.where(ipfs_day > 0, ipfs_day, NEVER)
    return _progression_free(adequate, first_pd, facts, rules, limit_days)


def _progression_free(
    adequate: Ints, first_pd: Ints, facts: Facts, rules: CensoringRules, limit_days: int | None
) -> Times:
    situations = (
        (facts.new_therapy, NACT, rules.new_therapy),
        (facts.clinical_progression, CLIN, rules.clinical_progression),
        (facts.discontinuation, DISC, rules.discontinuation),
    )
    end, rule = _earliest(
        [(first_pd, BY_PD), (facts.death, BY_DEATH)]
        + [(day, code) for day, code, choice in situations if choice == "event"]
    )
    stop, why = _earliest([(day, code) for day, code, choice in situations if choice == "censor"])
    is_event = end < NEVER
    before = np.where(is_event, end, NEVER)
    if rules.missed_assessments == "censor" and limit_days is not None:
        gap = end - _last(adequate, end)
        is_missed = is_event & (gap > limit_days)
        rule = np.where(is_missed, MISS2, rule)
        is_event = is_event & ~is_missed
    nothing_yet = ~(adequate > 0).any(axis=0)
    if limit_days is not None:
        is_early = is_event & (rule == BY_DEATH) & nothing_yet
        is_early &= end - _last(adequate, end) <= limit_days
        rule = np.where(is_early, EARLY, rule)
    is_stopped = stop < end
    rule = np.where(is_stopped, why, np.where(end < NEVER, rule, CUT))
    # A scan on the day of stopping counts, one on the day of a new therapy does not.
    before = np.where(is_stopped, stop + (why != NACT), before)
    is_event &= ~is_stopped
    last = _last(adequate, before)
    rule = np.where((last == 0) & (rule == CUT), NOPOST, rule)
    days = np.where(is_event, end, last) + 1
    return _without_baseline(Times(days, is_event, rule.astype(np.int8)), facts, rules)


def _earliest(ends: list[tuple[Ints, int]]) -> tuple[Ints, Ints]:
    """Return the earliest day and what it is; of two on one day the one that stands first."""
    if not ends:
        return np.int64(NEVER) * np.ones(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    day, rule = ends[0][0], np.full(ends[0][0].shape, ends[0][1])
    for other, code in ends[1:]:
        is_earlier = other < day
        day, rule = np.where(is_earlier, other, day), np.where(is_earlier, code, rule)
    return day, rule


def _last(adequate: Ints, before: Ints) -> Ints:
    """Return the last adequate day before a day, 0 without one."""
    return np.asarray(np.where(adequate < before, adequate, 0).max(axis=0, initial=0))


def _without_baseline(times: Times, facts: Facts, rules: CensoringRules) -> Times:
    without = ~facts.has_baseline
    if not without.any():
        return times
    dies = without & (facts.death < NEVER) & (rules.no_baseline == "death_only")
    rule = np.where(without, np.where(dies, BY_DEATH, NOBASE), times.rule).astype(np.int8)
    days = np.where(without, np.where(dies, facts.death, 0) + 1, times.days)
    return Times(days, np.where(without, dies, times.is_event), rule)


def overall_survival(facts: Facts) -> Times:
    """Return the time to death, censored at last contact (day 1 without one)."""
    is_event = facts.death < NEVER
    alone = np.where(facts.last_contact > 0, CUT, NOPOST)
    rule = np.where(is_event, BY_DEATH, alone).astype(np.int8)
    return Times(np.where(is_event, facts.death, facts.last_contact) + 1, is_event, rule)


def duration_of_response(since: Ints, until: Times) -> Times:
    """Return the time from a confirmed response to the end of PFS, of those who have one."""
    is_late = until.days - 1 < since
    end = np.where(is_late, since, until.days - 1)
    return Times(end - since + 1, until.is_event & ~is_late, until.rule, since > 0)
