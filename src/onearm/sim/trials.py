"""Whole trials, a block at a time: draw, judge, look, cut, count.

Takes a plan (protocol, scenario, what counts), gives the numbers of each trial
of a block as columns. A block is drawn from its own stream of random numbers:
the same block gives the same numbers whoever computes it, in whatever order.
Summarises nothing, writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from onearm.protocol.model import Protocol
from onearm.protocol.response import ResponseRules
from onearm.sim.best import Best, best_responses
from onearm.sim.irecist import judge_irecist
from onearm.sim.kernel import judge
from onearm.sim.patients import Cohort, draw, streams
from onearm.sim.plan import Plan, Rule
from onearm.sim.safety import (
    crossing_day,
    first_qualifying,
    toxicity_columns,
    treated,
)
from onearm.sim.seen import CR, NE, NEVER, NONE, PD, PR, Bools, Facts, Ints, Seen, TimePoints
from onearm.sim.times import (
    Times,
    overall_survival,
    progression_free,
    progression_free_irecist,
)
from onearm.stats.survival_batch import kaplan_meier_batch

BLOCK = 250
"""Trials of one block: few enough that the arrays of a block stay near the processor."""

RATE_PARTS = ("rate", "rate_lower", "rate_upper")
Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Judged:
    """A block of patients with what the rules say, before the data cut."""

    cohort: Cohort
    points: TimePoints
    trials: int
    n: int

    def table(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return patients as trials by rows."""
        return values.reshape(self.trials, self.n)


def run_block(plan: Plan, block: int, trials: int = BLOCK) -> Columns:
    """Return the numbers of the trials of one block, a column each, in order."""
    judged = judge_block(plan, block, trials)
    return _analyse(plan, judged)


def judge_block(plan: Plan, block: int, trials: int) -> Judged:
    """Draw the patients of a block and judge their time points."""
    protocol = _protocol(plan)
    rngs = streams(plan.seed, block)
    cohort = draw(plan.scenario, protocol, rngs, trials=trials, n=plan.enrolled)
    rules = protocol.response.rules
    points = _judge(plan)(cohort.seen, rules)
    is_pd = (points.overall == PD) & (points.day > 0)
    first_pd = np.where(is_pd, points.day, NEVER).min(axis=0)
    last = np.minimum(first_pd, NEVER - 10_000) + plan.scenario.reading.beyond_progression
    points = _until(points, last)
    if plan.has_irecist:
        cohort = replace(cohort, seen=replace(cohort.seen, day=points.day))
        points = judge_irecist(cohort.seen, points, rules)
    return Judged(cohort, points, trials, plan.enrolled)


def _judge(plan: Plan) -> Callable[[Seen, ResponseRules], TimePoints]:
    """Return the kernel that judges, compiled if the plan asks for it."""
    if not plan.compiled:
        return judge
    from onearm.sim import compiled

    return compiled.judge


def _protocol(plan: Plan) -> Protocol:
    """Return the protocol with iRECIST beside RECIST 1.1 if it counts, and without otherwise."""
    also = "iRECIST" if plan.has_irecist else None
    if plan.protocol.response.also == also:
        return plan.protocol
    response = plan.protocol.response.model_copy(update={"also": also})
    return plan.protocol.model_copy(update={"response": response})


def _until(points: TimePoints, last: Ints) -> TimePoints:
    """Return the time points up to and including a day of each patient."""
    day = np.where(points.day <= last, points.day, 0)
    return replace(points, day=day)


def responded(plan: Plan, best: Best) -> tuple[Bools, Ints]:
    """Return who responded, and the day on which that was known."""
    if plan.counting == "unconfirmed":
        return (best.best == CR) | (best.best == PR), best.best_day
    if plan.counting == "irecist":
        assert best.ibor is not None  # judged by iRECIST
        assert best.confirmed_iresponse_day is not None
        return (best.ibor == CR) | (best.ibor == PR), best.confirmed_iresponse_day
    return best.confirmed_response, best.confirming_day


def best_of(plan: Plan, points: TimePoints, facts: Facts) -> Best:
    """Return the best responses by the protocol's rules."""
    response = plan.protocol.response
    about = points, response.rules, facts, response.assess_every_days
    if not plan.compiled:
        return best_responses(*about)
    from onearm.sim import compiled

    return compiled.best_responses(*about)


@dataclass(frozen=True, slots=True)
class Conduct:
    """How the trials of a block went: who is enrolled on which day, and what stopped a trial.

    ``look`` is the day of the interim look, 0 without one. ``crosses`` says
    whether the toxicity boundary is crossed were all patients enrolled.
    """

    enrolled: Bools
    stops: Bools  # at the look, for too few responders
    responders: Ints  # at the look
    entry: Ints
    look: Ints
    is_toxic: Bools  # stopped for toxicity
    crosses: Bools
    stopping: Ints  # day on which toxicity stopped the trial, 0 where it did not

    def cut(self, after_last_entry: int) -> Ints:
        """Return the day of the data cut, which comes before no look and no stopping."""
        last_entry = np.where(self.enrolled, self.entry, 0).max(axis=1)
        least = np.where(self.is_toxic, self.stopping, self.look)
        return np.asarray(np.maximum(last_entry + after_last_entry, least))


def conduct(plan: Plan, judged: Judged) -> Conduct:
    """Do the interim look, and stop the trials whose toxicity reaches the boundary.

    A trial that is stopped for toxicity enrols nobody after that day. Its look
    is not done if it would have come later.
    """
    found, toxic = look(plan, judged), toxic_day(plan, judged)
    if plan.boundary is None or toxic is None:
        return found
    onset = judged.table(toxic)
    day = np.where(onset < NEVER, found.entry + onset, NEVER)
    crosses = crossing_day(plan.boundary, day) < NEVER
    crossing = crossing_day(plan.boundary, np.where(found.enrolled, day, NEVER))
    last = np.where(found.stops, found.look, found.cut(plan.scenario.cut_after_last_entry))
    is_toxic = crossing <= last
    enrolled = found.enrolled & (~is_toxic[:, None] | (found.entry <= crossing[:, None]))
    return replace(
        found, enrolled=enrolled, stops=found.stops & ~is_toxic, is_toxic=is_toxic,
        crosses=crosses, stopping=np.where(is_toxic, crossing, 0),
    )  # fmt: skip


def toxic_day(plan: Plan, judged: Judged) -> Ints | None:
    """Return the day of each patient's first event that the toxicity boundary counts."""
    dosing, toxicity = judged.cohort.dosing, plan.scenario.toxicity
    rule = plan.protocol.safety.stopping
    if dosing is None or toxicity is None or rule is None:
        return None
    until = treated(judged.points, judged.cohort.facts, plan.scenario.horizon).stop
    return first_qualifying(dosing, toxicity, rule.event, until)


def look(plan: Plan, judged: Judged) -> Conduct:
    """Do the interim look of the response, if one is planned."""
    entry = judged.table(judged.cohort.entry)
    everyone = np.ones(entry.shape, dtype=bool)
    nobody = np.zeros(judged.trials, dtype=bool)
    nothing = np.zeros(judged.trials, dtype=np.int64)
    rule, interim = plan.rule, plan.scenario.interim
    if rule.n1 is None or rule.r1 is None or interim is None:
        return Conduct(everyone, nobody, nothing, entry, nothing, nobody, nobody, nothing)
    facts = judged.cohort.facts
    has_responded, known = responded(plan, best_of(plan, judged.points, facts))
    is_seen = ((judged.points.day > 0) & (judged.points.overall != NE)).any(axis=0)
    evaluable = judged.table(is_seen) if rule.evaluable else everyone
    in_stage1 = evaluable & (np.cumsum(evaluable, axis=1) <= rule.n1)
    is_pd = (judged.points.overall == PD) & (judged.points.day > 0)
    settled = np.where(is_pd, judged.points.day, NEVER).min(axis=0)
    settled = np.minimum(np.minimum(settled, facts.death), interim.wait)
    settled = np.minimum(settled, np.where(has_responded, known, NEVER))
    look = np.where(in_stage1, entry + judged.table(settled), 0).max(axis=1)
    in_time = entry + judged.table(known) <= look[:, None]
    responders = (in_stage1 & judged.table(has_responded) & in_time).sum(axis=1)
    stops = responders <= rule.r1
    order = np.arange(judged.n)
    last1 = np.where(in_stage1, order, 0).max(axis=1)[:, None]
    if interim.accrual == "pauses":
        later = order > last1
        following = np.take_along_axis(entry, np.minimum(last1 + 1, judged.n - 1), axis=1)
        delay = np.maximum(look[:, None] - following, 0)
        entry = np.where(later, entry + delay, entry)
        enrolled = ~stops[:, None] | ~later
    else:
        enrolled = ~stops[:, None] | (entry <= look[:, None]) | (order <= last1)
    return Conduct(enrolled, stops, responders, entry, look, nobody, nobody, nothing)


@dataclass(frozen=True, slots=True)
class Cut:
    """A block at the data cut: who is in, what is known, and the counts of the response."""

    enrolled: Bools
    entry: Ints  # since the opening of the trial
    stops: Bools  # before its end: such a trial is no success
    facts: Facts
    points: TimePoints
    best: Best
    is_responder: Bools
    columns: Columns


def cut_data(plan: Plan, judged: Judged) -> Cut:
    """Do the look, cut the data, and count the responses."""
    went = conduct(plan, judged)
    enrolled, entry = went.enrolled, went.entry
    last_entry = np.where(enrolled, entry, 0).max(axis=1)
    cut = went.cut(plan.scenario.cut_after_last_entry)
    facts, points = at_cut(judged, (cut[:, None] - entry).reshape(-1))
    best = best_of(plan, points, facts)
    is_responder = judged.table(responded(plan, best)[0]) & enrolled
    is_seen = judged.table(((points.day > 0) & (points.overall != NE)).any(axis=0)) & enrolled
    counted, counted_responders = _counted(plan.rule, is_seen, enrolled, is_responder)
    columns: Columns = {
        "enrolled": enrolled.sum(axis=1),
        "evaluable": is_seen.sum(axis=1),
        "stopped": went.stops.astype(np.int64),
        "stage1_responders": went.responders,
        "responders": is_responder.sum(axis=1),
        "duration": cut,
        "accrual": last_entry,
        "counted": counted,
        "counted_responders": counted_responders,
    }
    if plan.boundary is not None:
        columns["toxicity_stop"] = went.is_toxic.astype(np.int64)
        columns["toxicity_crossed"] = went.crosses.astype(np.int64)
    stops = went.stops | went.is_toxic
    return Cut(enrolled, entry, stops, facts, points, best, is_responder, columns)


def decided(plan: Plan, judged: Judged) -> Columns:
    """Return the counts and the decision of a rule by counts, without survival."""
    cut = cut_data(plan, judged)
    needed = np.array(plan.rule.needed)[cut.columns["counted"]]
    success = (cut.columns["counted_responders"] >= needed) & ~cut.stops
    return {**cut.columns, "success": success.astype(np.int64)}


def _analyse(plan: Plan, judged: Judged) -> Columns:
    """Count all that is kept of the trials of a block."""
    cut = cut_data(plan, judged)
    enrolled, columns = cut.enrolled, cut.columns
    rules, limit = plan.censoring(), plan.missed_limit
    if plan.counting == "irecist":
        assert cut.best.ipfs_day is not None  # judged by iRECIST
        pfs = progression_free_irecist(cut.points, cut.best.ipfs_day, cut.facts, rules, limit)
    else:
        pfs = progression_free(cut.points, cut.facts, rules, limit)
    group = judged.table(judged.cohort.group)
    for at, one in enumerate(plan.scenario.groups):
        columns[f"enrolled_{one.id}"] = ((group == at) & enrolled).sum(axis=1)
        columns[f"responders_{one.id}"] = ((group == at) & cut.is_responder).sum(axis=1)
    columns |= _toxicity(plan, judged, cut)
    columns |= _survival("pfs", plan, judged, pfs, enrolled)
    columns |= _survival("os", plan, judged, overall_survival(cut.facts), enrolled)
    is_success = _success(plan, columns, pfs, judged, enrolled) & ~cut.stops
    columns["success"] = is_success.astype(np.int64)
    return columns


def _toxicity(plan: Plan, judged: Judged, cut: Cut) -> Columns:
    """Return what the adverse events of each trial amount to; nothing where none is simulated."""
    dosing, toxicity = judged.cohort.dosing, plan.scenario.toxicity
    if dosing is None or toxicity is None:
        return {}
    until = treated(cut.points, cut.facts, plan.scenario.horizon)
    entry = cut.entry.reshape(-1)
    return toxicity_columns(dosing, toxicity, plan.protocol, until, cut.enrolled, entry)


def at_cut(judged: Judged, cut: Ints) -> tuple[Facts, TimePoints]:
    """Return what is known at the data cut, days since the first dose of each patient."""
    facts = judged.cohort.facts
    points = _until(judged.points, cut)
    if points.irecist is not None:
        points = replace(points, irecist=np.where(points.day > 0, points.irecist, NONE))
    return (
        Facts(
            np.where(facts.death <= cut, facts.death, NEVER),
            np.where(facts.new_therapy <= cut, facts.new_therapy, NEVER),
            facts.clinical_progression,
            np.where(facts.discontinuation <= cut, facts.discontinuation, NEVER),
            np.maximum(np.minimum(facts.last_contact, cut), 0),
            cut,
            facts.has_baseline,
        ),
        points,
    )


def _counted(rule: Rule, is_seen: Bools, enrolled: Bools, responded: Bools) -> tuple[Ints, Ints]:
    """Return how many patients the decision counts, and the responders among them."""
    of = is_seen if rule.evaluable else enrolled
    counts = of & (np.cumsum(of, axis=1) <= rule.n)
    return counts.sum(axis=1), (counts & responded).sum(axis=1)


def _success(plan: Plan, columns: Columns, pfs: Times, judged: Judged, enrolled: Bools) -> Bools:
    rule = plan.rule
    if rule.hazard is None or rule.critical is None:
        needed = np.array(rule.needed)[columns["counted"]]
        return np.asarray(columns["counted_responders"] >= needed)
    scale, shape = rule.hazard
    hazard = (judged.table(pfs.days) / scale) ** shape
    expected = np.where(enrolled, hazard, 0).sum(axis=1)
    observed = (judged.table(pfs.is_event) & enrolled).sum(axis=1)
    columns["observed"], columns["expected"] = observed, expected
    return np.asarray((expected - observed) / np.sqrt(expected) > rule.critical)


def _survival(name: str, plan: Plan, judged: Judged, times: Times, enrolled: Bools) -> Columns:
    """Return events, median with limits, and landmark rates of each trial."""
    days, events = judged.table(times.days), judged.table(times.is_event)
    analysis, at = plan.protocol.analysis, plan.landmarks
    columns: Columns = {f"{name}_events": (events & enrolled).sum(axis=1)}
    found = {
        key: np.full(judged.trials, np.nan)
        for key in [
            *(f"{name}_median", f"{name}_median_lower", f"{name}_median_upper"),
            *(f"{name}_{part}_{day}" for day in at for part in RATE_PARTS),
        ]
    }
    sizes = enrolled.sum(axis=1)
    for size in np.unique(sizes):
        whom = sizes == size
        rows = enrolled[whom]
        batch = kaplan_meier_batch(
            days[whom][rows].reshape(-1, size),
            events[whom][rows].reshape(-1, size),
            level=float(analysis.level),
            transform=analysis.transform,
            convention=analysis.convention,
            landmarks=at,
        )
        found[f"{name}_median"][whom] = batch.median
        found[f"{name}_median_lower"][whom] = batch.lower
        found[f"{name}_median_upper"][whom] = batch.upper
        for column, day in enumerate(at):
            found[f"{name}_rate_{day}"][whom] = batch.rate[:, column]
            found[f"{name}_rate_lower_{day}"][whom] = batch.rate_lower[:, column]
            found[f"{name}_rate_upper_{day}"][whom] = batch.rate_upper[:, column]
    return columns | found
