"""Adverse events and doses of simulated patients, cycle by cycle.

Draws what would happen to a patient who is treated to the horizon: whatever
ends the treatment first cuts it off later. The rules:

* Cycles keep to the calendar of the first dose. An event may begin in a cycle
  in which one of its drugs is given and no event of its kind lasts, on a day
  after the first; the days are equally likely. A drug is not given in cycles
  that begin after its longest treatment, which counts as in the rules, in
  months of the calendar.
* Interruption: the drugs of the event are given up to its day, and again from
  the first cycle on that begins at least ``hold`` days later.
* Reduction: those of its drugs that have a lower level go down one level from
  the next cycle on, at most one level a cycle. If all are at the lowest level,
  the treatment is discontinued instead.
* Discontinuation: all drugs are given up to that day; nothing begins after it.

Doses are summed as ``clinical.dose_course`` and ``clinical.dose_intensity``
sum them; a property test holds the two equal. Amounts are integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from onearm.clinical.dosing_calendar import drugs_of, runs
from onearm.protocol.treatment import Drug, Treatment
from onearm.sim.calendar import last_allowed_day
from onearm.sim.seen import NEVER, Bools, Codes, Ints
from onearm.sim.toxicity import Toxic, Toxicity, drugs_of_event, given_drugs, levels_of

Floats = npt.NDArray[np.float32]
NOTHING, INTERRUPT, REDUCE, DISCONTINUE = range(4)


@dataclass(frozen=True, slots=True)
class Dosing:
    """The drawn course; axes are cycles, drugs or events, patients.

    ``until`` is the last day of the cycle, from 0, to which a drug is given
    (-1: not at all); ``onset`` the day of an event, NEVER without one.
    """

    level: Codes
    until: Ints
    onset: Ints
    action: Codes
    discontinuation: Ints  # (patients,)

    def of(self, patients: Ints) -> Dosing:
        """Return some of the patients."""
        return Dosing(
            self.level[..., patients], self.until[..., patients], self.onset[..., patients],
            self.action[..., patients], self.discontinuation[patients],
        )  # fmt: skip


def draw_dosing(
    toxicity: Toxicity,
    treatment: Treatment,
    rngs: dict[str, np.random.Generator],
    *,
    horizon: int,
    entry: Ints,
) -> Dosing:
    """Draw the events and doses of patients who are treated to the horizon.

    ``entry`` is the day on which each of them enters, since the opening of the trial.
    """
    course = _Course(toxicity, treatment, horizon, entry)
    shape = len(toxicity.events), len(entry)
    for cycle in range(len(course.until)):
        chance = rngs["adverse"].random(shape, np.float32)
        course.step(cycle, chance, rngs["action"].random(shape, np.float32))
    return Dosing(course.levels, course.until, course.onset, course.action, course.stop)


class _Course:
    """The state of the patients from cycle to cycle."""

    def __init__(self, toxicity: Toxicity, treatment: Treatment, horizon: int, entry: Ints) -> None:
        drugs, cycles = given_drugs(treatment), horizon // treatment.cycle_days + 1
        p, self.drugs, self.entry = len(entry), drugs, entry
        self.toxicity, self.length, self.horizon = toxicity, treatment.cycle_days, horizon
        self.own = [list(drugs_of_event(event, treatment)) for event in toxicity.events]
        self.lowest = [len(levels_of(drug)) - 1 for drug in drugs]
        self.is_planned = planned_cycles(treatment, cycles)
        self.level = np.zeros((len(drugs), p), np.int8)
        self.free = np.zeros((len(drugs), p), np.int32)  # first day after an interruption
        self.limit = np.full((len(drugs), p), NEVER, np.int32)  # last allowed day
        self.busy = np.full((len(toxicity.events), p), -1, np.int32)  # last day of the event
        self.stop = np.full(p, NEVER, np.int32)
        self.levels = np.zeros((cycles, len(drugs), p), np.int8)
        self.until = np.zeros((cycles, len(drugs), p), np.int32)
        self.onset = np.full((cycles, len(toxicity.events), p), NEVER, np.int32)
        self.action = np.zeros((cycles, len(toxicity.events), p), np.int8)

    def step(self, cycle: int, chance: Floats, choice: Floats) -> None:
        """Go through one cycle."""
        start = cycle * self.length
        is_given = (self.free <= start) & self.is_planned[cycle][:, None] & (self.stop == NEVER)
        begins = start + np.array([[drug.days[0] - 1] for drug in self.drugs])
        is_over = self.limit < begins
        onset, action = self.onset[cycle], self.action[cycle]
        for e, event in enumerate(self.toxicity.events):
            is_on = (is_given & ~is_over)[self.own[e]].any(axis=0)
            is_at_risk = is_on & (self.busy[e] < start)
            onset[e] = self._onset(event, e, cycle, np.where(is_at_risk, chance[e], 2))
            action[e] = self._action(event, e, choice[e], is_over)
        onset[onset > self.horizon] = NEVER
        is_end = (action == DISCONTINUE) & (onset < NEVER)
        self.stop = np.minimum(self.stop, np.where(is_end, onset, NEVER).min(axis=0))
        onset[onset > self.stop] = NEVER
        self.levels[cycle] = self.level
        self.until[cycle] = np.where(is_given, self.length - 1, -1)
        self._change(cycle, start)
        self._limit(cycle, start)

    def _onset(self, event: Toxic, e: int, cycle: int, chance: Floats) -> Ints:
        """Return the day of an event that begins in this cycle; ``chance`` is 2 without risk."""
        usual = event.by_cycle[min(cycle, len(event.by_cycle) - 1)]
        factor = np.float32(self.toxicity.at_lower_level)
        levels = self.level[self.own[e]].max(axis=0).astype(np.float32)
        risk = np.minimum(np.float32(usual) * factor**levels, np.float32(1))
        share = chance / np.maximum(risk, np.float32(1e-30))
        day = 1 + np.floor(share * np.float32(self.length - 1))
        found = np.where(chance < risk, np.minimum(day, self.length - 1), NEVER)
        return np.where(found < NEVER, found + cycle * self.length, NEVER).astype(np.int32)

    def _action(self, event: Toxic, e: int, choice: Floats, is_over: Bools) -> Codes:
        actions = event.actions
        shares = np.cumsum([actions.none, actions.interrupt, actions.reduce])
        found = np.searchsorted(shares, choice, side="right").astype(np.int8)
        own = [d for d in self.own[e] if self.lowest[d] > 0]
        is_lowest = np.all([is_over[d] | (self.level[d] == self.lowest[d]) for d in own], axis=0)
        return np.where((found == REDUCE) & is_lowest, DISCONTINUE, found).astype(np.int8)

    def _change(self, cycle: int, start: int) -> None:
        """Do what follows the events of the cycle."""
        until, onset, action = self.until[cycle], self.onset[cycle], self.action[cycle]
        is_lower = np.zeros(self.level.shape, bool)
        for e, event in enumerate(self.toxicity.events):
            happens = onset[e] < NEVER
            self.busy[e] = np.where(happens, onset[e] + event.lasts - 1, self.busy[e])
            is_held, is_reduced = (happens & (action[e] == a) for a in (INTERRUPT, REDUCE))
            for d in self.own[e]:
                until[d] = np.where(is_held, np.minimum(until[d], onset[e] - start), until[d])
                free = onset[e] + (self.toxicity.hold or 0)
                self.free[d] = np.where(is_held, np.maximum(self.free[d], free), self.free[d])
                if self.lowest[d] > 0:
                    is_lower[d] |= is_reduced
        lowest = np.array(self.lowest, np.int8)[:, None]
        self.level = np.minimum(self.level + is_lower, lowest).astype(np.int8)
        np.minimum(until, np.minimum(self.stop - start, self.length), out=until)
        np.maximum(until, -1, out=until)

    def _limit(self, cycle: int, start: int) -> None:
        """Let the longest treatment of drugs begin with their first dose."""
        for d, drug in enumerate(self.drugs):
            if drug.stop_after is None:
                continue
            begins = drug.days[0] - 1
            is_first = (self.limit[d] == NEVER) & (self.until[cycle, d] >= begins)
            if is_first.any():
                first = np.where(is_first, start + begins, NEVER)
                last = last_allowed_day(drug, self.entry, first)
                self.limit[d] = np.where(is_first, last, self.limit[d])


def planned_cycles(treatment: Treatment, cycles: int) -> Bools:
    """Return in which cycles each drug is planned; (cycles, drugs)."""
    drugs = given_drugs(treatment)
    return np.array([[d in drugs_of(treatment, c + 1) for d in drugs] for c in range(cycles)])


def first_dose_day(drug: Drug, until: Ints, length: int) -> Ints:
    """Return the day of the first dose of a drug, NEVER without one; ``until`` as in ``Dosing``."""
    is_given = until >= drug.days[0] - 1
    first = np.argmax(is_given, axis=0) * length + drug.days[0] - 1
    return np.where(is_given.any(axis=0), first, NEVER).astype(np.int32)


def treated_days(dosing: Dosing, toxicity: Toxicity, treatment: Treatment, day: Ints) -> Floats:
    """Return for how many days of full effect each patient was treated by each visit.

    Of the effect of a cycle a drug has its share times what was given of it over
    what was planned.
    """
    cycles, drugs = len(dosing.level), given_drugs(treatment)
    is_planned = planned_cycles(treatment, cycles)
    effect = np.ones((cycles, day.shape[1]), np.float32)
    for d, drug in enumerate(drugs):
        share = toxicity.shrinkage_by_dose.get(drug.name, 0.0)
        if share == 0:
            continue
        sizes = np.array([float(one.value / drug.dose) for one in levels_of(drug)], np.float32)
        given = _count(drug, dosing.until[:, d]) / np.float32(len(drug.days))
        relative = np.where(is_planned[:, d][:, None], given * sizes[dosing.level[:, d]], 1)
        effect -= np.float32(share) * (1 - relative.astype(np.float32))
    length = treatment.cycle_days
    before = np.concatenate([np.zeros_like(effect[:1]), np.cumsum(effect * length, axis=0)])
    at = np.minimum(np.maximum(day, 0) // length, cycles - 1)
    whole, now = (np.take_along_axis(values, at, axis=0) for values in (before, effect))
    return np.asarray(whole + now * (day - at * length).astype(np.float32))


def _count(drug: Drug, last: Ints, first_starts: Ints | None = None) -> Ints:
    """Return on how many days of a cycle a drug is given up to day ``last`` of it, from 0.

    A run of days that begins on day ``first_starts`` of the cycle or later is not begun.
    """
    found = np.zeros(last.shape, np.int32)
    for start, end in runs(drug.days):
        days = np.clip(np.minimum(last, end - 1) - (start - 1) + 1, 0, None)
        found += days if first_starts is None else np.where(start - 1 < first_starts, days, 0)
    return found


@dataclass(frozen=True, slots=True)
class Doses:
    """What each patient got of each drug up to an end; (drugs, patients).

    The relative dose intensity is (given / actual_days) / (planned / planned_days).
    """

    given: Ints  # in one small unit a drug
    planned: Ints
    actual_days: Ints
    planned_days: Ints
    is_reduced: Bools


def doses_until(dosing: Dosing, treatment: Treatment, stop: Ints, end: Ints, entry: Ints) -> Doses:
    """Return the doses up to ``stop``; the plan counts up to ``end``, if treatment goes on.

    ``entry`` is the day of entry, since the opening of the trial.

    A run of days that would begin on the day of stopping is not begun; one that
    has begun goes on to that day.
    """
    cycles, length = len(dosing.level), treatment.cycle_days
    begins = np.arange(cycles, dtype=np.int32)[:, None] * length
    is_planned = planned_cycles(treatment, cycles)
    drugs, days, ends = given_drugs(treatment), [], []
    for d, drug in enumerate(drugs):
        limit = last_allowed_day(drug, entry, first_dose_day(drug, dosing.until[:, d], length))
        last = np.minimum(dosing.until[:, d], np.minimum(stop, limit) - begins)
        days.append(_count(drug, last, np.maximum(stop, 1) - begins))
        ends.append(np.minimum(end, limit))
    is_there = np.any([given > 0 for given in days], axis=0)
    columns = []
    for d, drug in enumerate(drugs):
        sizes, level = _sizes(drug), dosing.level[:, d]
        plan = _plan(drug, treatment, days[d], ends[d], is_there, is_planned[:, d])
        given = (days[d] * sizes[level]).sum(axis=0)
        is_reduced = ((days[d] > 0) & (level > 0)).any(axis=0)
        columns.append((given, plan[0] * sizes[0], plan[1], plan[2], is_reduced))
    return Doses(*(np.array(part) for part in zip(*columns, strict=True)))


def _plan(
    drug: Drug, treatment: Treatment, days: Ints, end: Ints, is_there: Bools, is_planned: Bools
) -> tuple[Ints, Ints, Ints]:
    """Return a drug's planned days of dosing, and its actual and planned days of treatment.

    Its cycles are those in which anything was given and it was, or was due, and
    the ones between without any dose; of an alternative the latter do not count.
    """
    at, length = np.arange(len(days))[:, None], treatment.cycle_days
    due = _count(drug, np.minimum(end - at * length, length)) * is_planned[:, None]
    is_own = is_there & ((days > 0) | (due > 0))
    last = np.where(is_own, at, -1).max(axis=0)
    first = np.where(is_own, at, len(days)).min(axis=0)
    is_skipped = ~is_own & is_planned[:, None] & (first < at) & (at < last)
    if drug.choice is not None:
        is_skipped &= False
    tail = np.clip(end - last * length + 1, 1, length)
    if treatment.last_cycle == "full":
        due, tail = np.where(at == last, len(drug.days), due), np.full_like(tail, length)
    planned = np.where(is_own, due, np.where(is_skipped, len(drug.days), 0)).sum(axis=0)
    count = (is_own | is_skipped).sum(axis=0)
    return planned, (last - first) * length + tail, (count - 1) * length + tail


def _sizes(drug: Drug) -> npt.NDArray[np.int64]:
    """Return the levels of a drug as integers."""
    values = [level.value for level in levels_of(drug)]
    places = max(0, *(-int(value.as_tuple().exponent) for value in values))
    return np.array([int(value * Decimal(10) ** places) for value in values], np.int64)


def events_of(dosing: Dosing, toxicity: Toxicity, p: int) -> Iterator[tuple[int, Toxic, int]]:
    """Yield day, event and action of each event of a patient, in the order of days."""
    found = [
        (int(dosing.onset[c, e, p]), int(c), int(e))
        for c, e in zip(*np.nonzero(dosing.onset[..., p] < NEVER), strict=True)
    ]
    for day, c, e in sorted(found):
        yield day, toxicity.events[e], int(dosing.action[c, e, p])
