"""The schedule of a protocol as USDM visits, activities and timelines.

Takes a protocol and the parts of the trial, gives the visits that every trial
has, an activity for each drug and each assessment, and two timelines: that of
the trial about its first dose, and that of one cycle. How often an assessment
is done stands in its words.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from onearm.io.usdm_objects import Json, Objects, chained
from onearm.protocol.model import Protocol
from onearm.protocol.schedule import Assessment


@dataclass(slots=True)
class Part:
    """A stretch of the trial: its epoch, its element, and the phase of treatment that it is."""

    epoch: Json
    element: Json


@dataclass(slots=True)
class Timetable:
    """Makes the schedule of one protocol, with ids from the same count as all else."""

    protocol: Protocol
    new: Objects

    def made(self, parts: list[Part]) -> tuple[list[Json], list[Json], list[Json]]:
        """Return visits, activities, and two timelines: of the trial, and of one cycle."""
        doses = {
            drug.name: self._activity(
                f"{drug.name}", f"Administration of {drug.label or drug.name}"
            )
            for drug in self.protocol.treatment.drugs
        }
        done = [
            (one, self._activity(one.id, one.label, _how_often(one)))
            for one in self.protocol.schedule.assessments
        ]
        activities = chained([*doses.values(), *(activity for _, activity in done)])
        cycle = self._cycle(doses, parts)
        names = ("Screening", "Day 1 of cycle 1", "After treatment")
        encounters = chained(
            self.new.named(
                "Encounter", name, type=self.new.code("encounter:visit"), scheduledAtId=None,
                environmentalSettings=[], contactModes=[], transitionStartRule=None,
                transitionEndRule=None, notes=[],
            )
            for name in names
        )  # fmt: skip
        main = self._main_timeline(encounters, [one["id"] for _, one in done], cycle, parts)
        return encounters, activities, [main, cycle]

    def _activity(self, name: str, label: str, description: str | None = None) -> Json:
        return self.new.named(
            "Activity", name, label=label, description=description, childIds=[],
            definedProcedures=[], biomedicalConceptIds=[], bcCategoryIds=[], bcSurrogateIds=[],
            timelineId=None, notes=[],
        )  # fmt: skip

    def _instance(
        self, name: str, epoch: Json, activities: list[str], encounter: str | None = None
    ) -> Json:
        return self.new.named(
            "ScheduledActivityInstance", name, defaultConditionId=None, epochId=epoch["id"],
            timelineId=None, timelineExitId=None, encounterId=encounter, activityIds=activities,
        )  # fmt: skip

    def _timing(self, kind: str, value: str, label: str, subject: Json, anchor: Json) -> Json:
        return self.new.named(
            "Timing", f"{subject['name']} timing", type=self.new.code(f"timing:{kind}"),
            value=value, valueLabel=label, relativeToFrom=self.new.code("relative:start to start"),
            relativeFromScheduledInstanceId=subject["id"],
            relativeToScheduledInstanceId=anchor["id"],
            windowLower=None, windowUpper=None, windowLabel=None,
        )  # fmt: skip

    def _timeline(
        self, name: str, entry: str, instances: list[Json], timings: list[Json], *, is_main: bool
    ) -> Json:
        leave = self.new.make("ScheduleTimelineExit")
        for before, after in pairwise(instances):
            before["defaultConditionId"] = after["id"]
        instances[-1]["timelineExitId"] = leave["id"]
        return self.new.named(
            "ScheduleTimeline", name, mainTimeline=is_main, entryCondition=entry,
            entryId=instances[0]["id"], exits=[leave], timings=timings, instances=instances,
            plannedDuration=None,
        )  # fmt: skip

    def _cycle(self, doses: dict[str, Json], parts: list[Part]) -> Json:
        """Return the timeline of one cycle: each day on which a drug is given."""
        drugs = self.protocol.treatment.drugs
        days = sorted({day for drug in drugs for day in drug.days})
        instances = [
            self._instance(
                f"Day {day}",
                parts[1].epoch,
                [doses[drug.name]["id"] for drug in drugs if day in drug.days],
            )
            for day in days
        ]
        first = instances[0]
        timings = [self._timing("fixed", f"P{days[0] - 1}D", f"Day {days[0]}", first, first)]
        for day, one in zip(days[1:], instances[1:], strict=True):
            later = day - days[0]
            timings.append(self._timing("after", f"P{later}D", f"{later} days", one, first))
        length = self.protocol.treatment.cycle_days
        return self._timeline(
            f"Cycle of {length} days", "Start of a cycle", instances, timings, is_main=False
        )

    def _main_timeline(
        self, encounters: list[Json], done: list[str], cycle: Json, parts: list[Part]
    ) -> Json:
        screening, start, after = (
            self._instance(visit["name"], part.epoch, done, visit["id"])
            for visit, part in zip(encounters, (parts[0], parts[1], parts[-1]), strict=True)
        )
        start["timelineId"] = cycle["id"]
        window = self.protocol.eligibility.screening_days
        timings = [self._timing("fixed", "P0D", "First dose", start, start)]
        if window is not None:
            text = f"at most {window} days before the first dose"
            timings.insert(0, self._timing("before", f"P{window}D", text, screening, start))
        instances = [screening, start, after]
        return self._timeline("Main timeline", "Informed consent", instances, timings, is_main=True)


def _how_often(one: Assessment) -> str:
    """Return when an assessment is done, in words."""
    words = [*one.at]
    if one.every_days:
        words.append(f"every {one.every_days} days from {one.anchor.replace('_', ' ')}")
    if one.window_days:
        words.append(f"window {one.window_days} days")
    return "; ".join([*words, *([f"until {one.until}"] if one.until else [])])
