"""What a scenario says of an endless number of patients, followed to the horizon.

The truth that estimates of trials are held against: response rates, the
median and the rates of progression-free and overall survival, as the rules of
the protocol read them off drawn patients without a data cut. Drawn from random
numbers of its own, with its Monte-Carlo error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from onearm.errors import InputError
from onearm.sim.plan import Plan
from onearm.sim.seen import NE, NEVER, Facts, TimePoints
from onearm.sim.times import Times, overall_survival, progression_free, progression_free_irecist
from onearm.sim.trials import best_of, judge_block, responded, toxic_day
from onearm.stats.survival_batch import kaplan_meier_batch

FIRST_BLOCK = 2**30
"""Blocks from here on are not those of trials."""
PATIENTS = 120_000


@dataclass(frozen=True, slots=True)
class Curve:
    """A survival curve of the truth: median in days and landmark rates.

    None is a median that is not reached, a rate after the end of all follow-up.
    """

    median: float | None
    rates: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true in a scenario; ``patients`` drawn patients say so.

    ``orr_counted`` is the response rate among the patients that the decision
    counts: all of them, or those with an assessment after baseline.
    """

    patients: int
    orr: float
    orr_counted: float
    group_orr: dict[str, float]
    group_share: dict[str, float]
    pfs: Curve
    os: Curve
    toxic: float | None = None  # share with an event that the toxicity boundary counts

    def error_of(self, rate: float) -> float:
        """Return the standard error of a response rate."""
        return float(np.sqrt(rate * (1 - rate) / self.patients))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Drawn patients with what the rules say of them."""

    group: npt.NDArray[Any]
    has_responded: npt.NDArray[np.bool_]
    is_seen: npt.NDArray[np.bool_]  # has an assessment after baseline
    pfs: Times
    os: Times
    is_toxic: npt.NDArray[np.bool_] | None = None  # has an event that the boundary counts


def truth_of(plan: Plan, patients: int = PATIENTS) -> Truth:
    """Return the truth of a scenario, from drawn patients.

    Raises
    ------
    InputError
        If the decision counts evaluable patients, and nobody ever is.
    """
    drawn = draw_patients(plan, patients)
    if plan.rule.evaluable and not drawn.is_seen.any():
        raise InputError(
            f"scenario {plan.scenario.id}: no patient ever has an assessment after baseline, "
            "and the decision counts those who do; see reading and horizon"
        )
    ids = [group.id for group in plan.scenario.groups]
    members = {name: drawn.group == at for at, name in enumerate(ids)}
    return Truth(
        len(drawn.group),
        float(drawn.has_responded.mean()),
        float(drawn.has_responded[drawn.is_seen | (not plan.rule.evaluable)].mean()),
        {k: float(drawn.has_responded[m].mean()) if m.any() else 0.0 for k, m in members.items()},
        {name: float(member.mean()) for name, member in members.items()},
        curve(drawn.pfs, plan),
        curve(drawn.os, plan),
        None if drawn.is_toxic is None else float(drawn.is_toxic.mean()),
    )


def draw_patients(plan: Plan, patients: int) -> Drawn:
    """Draw patients outside any trial, and judge them."""
    trials = max(1, 7_500 // plan.enrolled)
    parts = [
        _part(plan, FIRST_BLOCK + at, trials)
        for at in range(max(1, -(-patients // (trials * plan.enrolled))))
    ]
    return Drawn(
        np.concatenate([part.group for part in parts]),
        np.concatenate([part.has_responded for part in parts]),
        np.concatenate([part.is_seen for part in parts]),
        _joined([part.pfs for part in parts]),
        _joined([part.os for part in parts]),
        None
        if parts[0].is_toxic is None
        else np.concatenate([part.is_toxic for part in parts if part.is_toxic is not None]),
    )


def _joined(parts: list[Times]) -> Times:
    return Times(
        np.concatenate([part.days for part in parts]),
        np.concatenate([part.is_event for part in parts]),
        np.concatenate([part.rule for part in parts]),
    )


def _part(plan: Plan, block: int, trials: int) -> Drawn:
    judged = judge_block(plan, block, trials)
    facts, points = judged.cohort.facts, judged.points
    best = best_of(plan, points, facts)
    pfs = _pfs(plan, points, facts, best.ipfs_day)
    is_seen = ((points.day > 0) & (points.overall != NE)).any(axis=0)
    toxic = toxic_day(plan, judged)
    return Drawn(
        judged.cohort.group,
        responded(plan, best)[0],
        is_seen,
        pfs,
        overall_survival(facts),
        None if toxic is None else toxic < NEVER,
    )


def _pfs(plan: Plan, points: TimePoints, facts: Facts, ipfs_day: npt.NDArray[Any] | None) -> Times:
    if plan.counting != "irecist" or ipfs_day is None:
        return progression_free(points, facts, plan.censoring(), plan.missed_limit)
    return progression_free_irecist(points, ipfs_day, facts, plan.censoring(), plan.missed_limit)


def curve(times: Times, plan: Plan) -> Curve:
    """Return median and landmark rates of all patients together."""
    batch = kaplan_meier_batch(
        times.days[None, :], times.is_event[None, :], landmarks=plan.landmarks
    )
    median, *rates = (
        None if np.isnan(value) else float(value) for value in (batch.median[0], *batch.rate[0])
    )
    return Curve(median, tuple(rates))
