"""One simulated trial as the records that a study folder holds.

Takes a plan and the number of a trial, gives rows of the tables: what was
known on the day of the data cut, with dates. The patients are those that
``trials`` counts for the same trial, so that an analysis of the records gives
the numbers of the simulation. Writes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from onearm.clinical.lesions import LYMPH_NODE
from onearm.clinical.records import (
    Disposition,
    Dose,
    FollowUp,
    Measurement,
    NewTherapy,
    Subject,
)
from onearm.protocol.treatment import Drug
from onearm.sim.calendar import OPENED, last_allowed_day
from onearm.sim.dose_records import Treatments
from onearm.sim.plan import Plan
from onearm.sim.seen import NEVER, NOT_SEEN, PD, PERSISTS, WORSE, Facts, TimePoints
from onearm.sim.trials import BLOCK, Judged, at_cut, conduct, judge_block
from onearm.terms import LesionState, LesionType

Tables = dict[str, list[Any]]
BASELINE_BEFORE = 7  # days from the baseline scan to the first dose
CHOICES = 2**31  # the stream of random numbers for what no rule reads


@dataclass(frozen=True, slots=True)
class SimulatedTrial:
    """The tables of one trial, and the day of its data cut."""

    tables: Tables
    cut: dt.date


def trial_records(plan: Plan, trial: int) -> SimulatedTrial:
    """Return the records of trial number ``trial`` (from 0)."""
    block, at = divmod(trial, BLOCK)
    judged = judge_block(plan, block, BLOCK)
    went = conduct(plan, judged)
    enrolled, entry = went.enrolled, went.entry
    days = went.cut(plan.scenario.cut_after_last_entry)
    facts, points = at_cut(judged, (days[:, None] - entry).reshape(-1))
    tables: Tables = {
        name: []
        for name in ("subjects", "lesions", "follow_up", "disposition", "new_therapies", "doses")
    }
    drugs = [drug for drug in plan.protocol.treatment.drugs if drug.choice is None]
    is_flat = all(drug.unit == "mg" for drug in plan.protocol.treatment.drugs)
    dosing, toxicity = judged.cohort.dosing, plan.scenario.toxicity
    if dosing is not None:
        tables["adverse_events"] = []
    elif not is_flat:
        del tables["doses"]
    order = [i for i in np.argsort(entry[at], kind="stable") if enrolled[at, i]]
    rng = np.random.Generator(np.random.SFC64(np.random.SeedSequence((plan.seed, trial, CHOICES))))
    for number, i in enumerate(order, start=1):
        first = OPENED + dt.timedelta(days=int(entry[at, i]))
        patient = _Patient(
            plan, judged, points, facts, at * judged.n + int(i), f"SIM-{number:03}", first,
            int(days[at] - entry[at, i]),
        )  # fmt: skip
        tables["subjects"].append(patient.subject(rng))
        tables["lesions"] += patient.lesions()
        tables["follow_up"] += patient.follow_up()
        tables["new_therapies"] += patient.new_therapies()
        stop, reason = patient.stop()
        tables["disposition"].append(patient.disposition(stop, reason))
        if dosing is not None and toxicity is not None:
            course = Treatments(
                patient.subject_id, first, stop, patient.day("last_contact"), toxicity,
                plan.protocol.treatment, dosing, patient.p,
            )  # fmt: skip
            tables["adverse_events"] += course.events()
            tables["doses"] += course.doses()
        elif is_flat:
            for drug in drugs:
                tables["doses"] += patient.doses(drug, stop)
    return SimulatedTrial(tables, OPENED + dt.timedelta(days=int(days[at])))


@dataclass(frozen=True, slots=True)
class _Patient:
    """One column of the arrays, with dates."""

    plan: Plan
    judged: Judged
    points: TimePoints
    facts: Facts
    p: int
    subject_id: str
    first: dt.date
    cut: int

    def date(self, day: int) -> dt.date:
        return self.first + dt.timedelta(days=int(day))

    def day(self, name: str) -> int:
        return int(getattr(self.facts, name)[self.p])

    def subject(self, rng: np.random.Generator) -> Subject:
        where = self.plan.scenario.groups[self.judged.cohort.group[self.p]].where
        values = {name: str(rng.choice(list(allowed))) for name, allowed in where.items()}
        return Subject(
            self.subject_id,
            enrolment_date=self.first,
            first_dose_date=self.first,
            characteristics=values,
        )

    def lesions(self) -> Iterator[Measurement]:
        seen, organs = self.judged.cohort.seen, list(self.plan.scenario.lesions.organs)
        targets = np.flatnonzero(seen.has_target[:, self.p])
        names = {int(at): organs[self.judged.cohort.organ[at, self.p]] for at in targets}
        baseline = self.date(-BASELINE_BEFORE)
        yield from (
            self._target("BASELINE", baseline, at, organ, int(seen.baseline_um[at, self.p]))
            for at, organ in names.items()
        )
        if seen.has_non_target[self.p]:
            yield self._non_target("BASELINE", baseline, PERSISTS)
        every = self.plan.protocol.response.assess_every_days or 0
        for v in np.flatnonzero(self.points.day[:, self.p]):
            visit, date = f"W{(v + 1) * every // 7:03}", self.date(self.points.day[v, self.p])
            for at, organ in names.items():
                yield self._target(visit, date, at, organ, int(seen.target_um[v, at, self.p]))
            if seen.has_non_target[self.p]:
                yield self._non_target(visit, date, int(seen.non_target[v, self.p]))
            if seen.new_lesion[v, self.p]:
                yield self._new(visit, date, int(v), organs)

    def _target(self, visit: str, date: dt.date, at: int, organ: str, size: int) -> Measurement:
        state = {NOT_SEEN: LesionState.NOT_DONE, 0: LesionState.ABSENT}.get(size)
        return Measurement(
            self.subject_id, visit, date, f"T{at + 1:02}", LesionType.TARGET, organ,
            organ == LYMPH_NODE, size if state is None else None, state or LesionState.MEASURED,
        )  # fmt: skip

    def _non_target(self, visit: str, date: dt.date, bits: int) -> Measurement:
        state = LesionState.PRESENT if bits & PERSISTS else LesionState.ABSENT
        if bits & WORSE:
            state = LesionState.UNEQUIVOCAL_PROGRESSION
        return Measurement(
            self.subject_id, visit, date, "NT01", LesionType.NON_TARGET, None, False, None, state
        )

    def _new(self, visit: str, date: dt.date, v: int, organs: Sequence[str]) -> Measurement:
        new = self.judged.cohort.seen.new
        size = None if new is None else int(new.um[v, 0, self.p])
        organ = next((name for name in organs if name != LYMPH_NODE), None)
        state = LesionState.PRESENT if size is None else LesionState.MEASURED
        return Measurement(
            self.subject_id, visit, date, "NL01", LesionType.NEW, organ, False, size, state
        )

    def follow_up(self) -> Iterator[FollowUp]:
        death, last = self.day("death"), self.day("last_contact")
        if death < NEVER:
            yield FollowUp(self.subject_id, self.date(death), "DEAD")
        else:
            is_lost = last < min(self.cut, self.plan.scenario.horizon)
            yield FollowUp(self.subject_id, self.date(last), "LOST" if is_lost else "ALIVE")

    def new_therapies(self) -> Iterator[NewTherapy]:
        day = self.day("new_therapy")
        if day < NEVER:
            yield NewTherapy(self.subject_id, self.date(day), "SYSTEMIC")

    def stop(self) -> tuple[int, str | None]:
        """Return the day on which treatment ended, or the last one known, and why."""
        overall = self.points.overall[:, self.p] * (self.points.day[:, self.p] > 0)
        progressions = self.points.day[overall == PD, self.p]
        ends = {
            "PROGRESSIVE DISEASE": int(progressions[0]) if len(progressions) else NEVER,
            "ADVERSE EVENT": self.day("discontinuation"),
            "DEATH": self.day("death"),
        }
        last = self.day("last_contact")
        if last < min(self.cut, self.plan.scenario.horizon) and ends["DEATH"] == NEVER:
            ends["LOST TO FOLLOW-UP"] = last
        reason = min(ends, key=lambda name: ends[name])
        return (ends[reason], reason) if ends[reason] < NEVER else (last, None)

    def disposition(self, stop: int, reason: str | None) -> Disposition:
        if reason is None:
            return Disposition(self.subject_id, "TREATMENT", "ONGOING")
        return Disposition(self.subject_id, "TREATMENT", "DISCONTINUED", self.date(stop), reason)

    def doses(self, drug: Drug, stop: int) -> Iterator[Dose]:
        """Yield the planned doses until treatment ends; one level less after a reduction."""
        cycle = self.plan.protocol.treatment.cycle_days
        levels = [level.value for level in drug.levels]
        reduced = levels[1] if len(levels) > 1 and drug.is_modifiable else None
        reduction = int(self.judged.cohort.dose_reduction[self.p])
        entry, first = np.array([(self.first - OPENED).days]), np.array([drug.days[0] - 1])
        last = min(stop, int(last_allowed_day(drug, entry, first)[0]))
        for number in range(last // cycle + 1):
            is_reduced = reduced is not None and number * cycle >= reduction
            was_reduced = is_reduced and (number - 1) * cycle >= reduction
            dose = reduced if is_reduced and reduced is not None else Decimal(drug.dose)
            for start, end in _runs(drug.days):
                day = number * cycle + start - 1
                if day >= max(stop, 1) or day > last:
                    continue
                until = min(day + end - start, last)
                yield Dose(
                    self.subject_id, drug.name, number + 1, self.date(day),
                    self.date(until) if until > day else None, dose, drug.unit,
                    None if drug.route is None else drug.route.upper(),
                    change="REDUCED" if is_reduced and not was_reduced else None,
                )  # fmt: skip


def _runs(days: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last day of each run of days of a cycle."""
    start = previous = days[0]
    for day in days[1:]:
        if day != previous + 1:
            yield start, previous
            start = day
        previous = day
    yield start, previous
