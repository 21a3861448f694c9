"""Adverse events and doses of one simulated patient, as rows of the tables.

Takes the drawn course of a patient and the days on which treatment and
follow-up ended, gives rows with dates. Draws nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from onearm.clinical.dosing_calendar import runs
from onearm.clinical.records import AdverseEvent, Dose
from onearm.protocol.treatment import Drug, Treatment
from onearm.sim.calendar import OPENED, last_allowed_day
from onearm.sim.dosing import (
    DISCONTINUE,
    INTERRUPT,
    REDUCE,
    Dosing,
    events_of,
    first_dose_day,
    planned_cycles,
)
from onearm.sim.seen import Bools
from onearm.sim.toxicity import Toxic, Toxicity, drugs_of_event, given_drugs, levels_of

ACTIONS = ("NONE", "INTERRUPTED", "REDUCED", "DISCONTINUED")


@dataclass(frozen=True, slots=True)
class Treatments:
    """What happened to one patient; ``p`` is the column of the arrays."""

    subject_id: str
    first: dt.date
    stop: int
    last_contact: int
    toxicity: Toxicity
    treatment: Treatment
    dosing: Dosing
    p: int

    def date(self, day: int) -> dt.date:
        """Return a day since the first dose as a date."""
        return self.first + dt.timedelta(days=day)

    def events(self) -> Iterator[AdverseEvent]:
        """Yield the adverse events that began before treatment ended."""
        names = [drug.name for drug in given_drugs(self.treatment)]
        is_planned = planned_cycles(self.treatment, len(self.dosing.level))
        for day, event, action in self._happened(self.stop):
            own = [names[d] for d in drugs_of_event(event, self.treatment)]
            left = self._left(day, is_planned)
            changed = {
                INTERRUPT: [name for name in own if name in left],
                REDUCE: [names[d] for d in self._reduced(event) if names[d] in left],
                DISCONTINUE: left,
            }
            end = day + event.lasts - 1
            is_over = end <= self.last_contact
            yield AdverseEvent(
                self.subject_id, event.term, event.system_organ_class, event.grade,
                self.date(day), self.date(end) if is_over else None, event.related,
                tuple(own) if event.related else (), event.serious, event.immune_related,
                ACTIONS[action], tuple(changed.get(action, ())),
                "RECOVERED" if is_over else "NOT RECOVERED",
            )  # fmt: skip

    def _left(self, day: int, is_planned: Bools) -> list[str]:
        """Return the drugs that are given, or held, in the cycle of a day or still to come."""
        cycle = day // self.treatment.cycle_days
        begin = cycle * self.treatment.cycle_days
        return [
            drug.name
            for d, drug in enumerate(given_drugs(self.treatment))
            if is_planned[cycle:, d].any() and begin + drug.days[0] - 1 <= self._limit(d, drug)
        ]

    def _happened(self, until: int) -> Iterator[tuple[int, Toxic, int]]:
        for day, event, action in events_of(self.dosing, self.toxicity, self.p):
            if day <= until:
                yield day, event, action

    def _reduced(self, event: Toxic) -> list[int]:
        drugs = given_drugs(self.treatment)
        own = drugs_of_event(event, self.treatment)
        return [d for d in own if len(levels_of(drugs[d])) > 1]

    def _why(self, d: int, action: int, before: int) -> str | None:
        """Return the latest event before a day that led to an action on a drug."""
        found = None
        for _, event, done in self._happened(before):
            concerned = (
                self._reduced(event) if action == REDUCE else drugs_of_event(event, self.treatment)
            )
            if done == action and d in concerned:
                found = f"{event.term}, grade {event.grade}"
        return found

    def doses(self) -> Iterator[Dose]:
        """Yield the doses of all drugs, those that were left out as a dose of 0."""
        is_planned = planned_cycles(self.treatment, len(self.dosing.level))
        for d, drug in enumerate(given_drugs(self.treatment)):
            for cycle in range(self.stop // self.treatment.cycle_days + 1):
                if cycle < len(is_planned) and is_planned[cycle, d]:
                    yield from self._cycle(d, drug, cycle)

    def _cycle(self, d: int, drug: Drug, cycle: int) -> Iterator[Dose]:
        begin = cycle * self.treatment.cycle_days
        until = begin + int(self.dosing.until[cycle, d, self.p])
        level = int(self.dosing.level[cycle, d, self.p])
        limit = self._limit(d, drug)
        for first, end in runs(drug.days):
            start, planned = begin + first - 1, min(begin + end - 1, self.stop, limit)
            if start >= max(self.stop, 1) or start > limit:
                continue
            if start > until:
                why = self._why(d, INTERRUPT, start)
                yield self._dose(drug, cycle, start, start, None, "OMITTED", why)
                continue
            last = min(planned, until)
            change, why = None, None
            if level:
                change, why = "REDUCED", self._why(d, REDUCE, begin)
            if last < planned:
                change, why = "INTERRUPTED", self._why(d, INTERRUPT, until)
            yield self._dose(drug, cycle, start, last, level, change, why)

    def _limit(self, d: int, drug: Drug) -> int:
        until = self.dosing.until[:, d, [self.p]]
        first = first_dose_day(drug, until, self.treatment.cycle_days)
        return int(last_allowed_day(drug, np.array([(self.first - OPENED).days]), first)[0])

    def _dose(
        self,
        drug: Drug,
        cycle: int,
        start: int,
        end: int,
        level: int | None,
        change: str | None,
        why: str | None,
    ) -> Dose:
        """Return a row; ``level`` is None for a dose that was left out."""
        size = levels_of(drug)[level or 0]
        route = None if drug.route is None else drug.route.upper()
        return Dose(
            self.subject_id, drug.name, cycle + 1, self.date(start),
            self.date(end) if end > start else None, size.value * (level is not None), size.unit,
            route, change=change, change_reason=why,
        )  # fmt: skip
