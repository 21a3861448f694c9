"""Dose intensity of one subject and drug: how much a week, and relative to the plan.

Takes what was given beside what was planned, cycle by cycle. The rule, with
the convention of the last cycle as the protocol names it:

    planned weeks  = cycles started x length of a cycle, the last one cut at the
                     end of the drug (``cut``) or whole (``full``)
    actual weeks   = the last cycle's first day - the first cycle's first day,
                     plus the last cycle as in the planned weeks
    dose intensity = sum given / actual weeks
    relative       = dose intensity / (sum planned / planned weeks)

Cycles run from cycle 1 to the last one in which the drug was planned; one
without any dose counts as planned and not given. Time after the length of the
last cycle does not count. Everything is exact. Knows one subject.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from onearm.clinical.dose_amounts import shown
from onearm.clinical.dose_course import BETWEEN, DoseCourse, DrugCycle, GivenCycle
from onearm.clinical.dosing_calendar import drugs_of
from onearm.clinical.records import Source
from onearm.format import count_of, number, percent, plain
from onearm.protocol.treatment import Drug, Treatment

DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class DoseIntensity:
    """Dose intensity of one drug; ``relative`` is None where the plan cannot be computed."""

    subject_id: str
    drug: str
    convention: str
    cycles: int
    given: Decimal
    planned: Decimal | None
    unit: str
    actual_days: int
    planned_days: int
    reason: str
    sources: tuple[Source, ...]

    @property
    def a_week(self) -> Fraction:
        """What was given a week."""
        return Fraction(self.given) / self.actual_days * DAYS_PER_WEEK

    @property
    def planned_a_week(self) -> Fraction | None:
        """What was planned a week."""
        if self.planned is None:
            return None
        return Fraction(self.planned) / self.planned_days * DAYS_PER_WEEK

    @property
    def relative(self) -> Fraction | None:
        """Dose intensity over the planned one; 1 is 100 %."""
        planned = self.planned_a_week
        return None if not planned else self.a_week / planned


def dose_intensities(course: DoseCourse, treatment: Treatment) -> tuple[DoseIntensity, ...]:
    """Return the dose intensity of each drug that was given, in the order of the protocol.

    A drug whose doses are in several units has none; the course's notes say so.
    """
    found = []
    for drug in treatment.drugs:
        own = [one for one in course.drugs if one.drug == drug.name]
        if any(one.given > 0 for one in own) and BETWEEN not in own[0].unit:
            found.append(_intensity(course, treatment, drug, own))
    return tuple(found)


def _intensity(
    course: DoseCourse, treatment: Treatment, drug: Drug, own: Sequence[DrugCycle]
) -> DoseIntensity:
    numbers = [one.cycle for one in own]
    first, last = _cycle(course, numbers[0]), _cycle(course, numbers[-1])
    is_gapped = drug.choice is None  # a cycle of the other alternative is none of this drug
    skipped = [
        number
        for number in range(numbers[0], numbers[-1])
        if is_gapped and number not in numbers and drug in drugs_of(treatment, number)
    ]
    length = _last_length(treatment, last, course.ends[drug.name].day)
    count = len(numbers) + len(skipped)
    planned_days = (count - 1) * treatment.cycle_days + length
    actual_days = (last.first_date - first.first_date).days + length
    planned = _planned(treatment, drug, own, skipped)
    given = sum((one.given for one in own), Decimal(0))
    end = course.ends[drug.name]
    reason = (
        f"{plain(given)} {own[0].unit} in {count_of(count, 'cycle')} over "
        f"{count_of(actual_days, 'day')}; planned "
        + (shown(planned, own[0].unit) if planned is not None else "dose not computable")
        + f" over {count_of(planned_days, 'day')} (last cycle {treatment.last_cycle}, {end.reason})"
    )
    return DoseIntensity(
        course.subject_id,
        drug.name,
        treatment.last_cycle,
        count,
        given,
        planned,
        own[0].unit,
        actual_days,
        planned_days,
        reason,
        tuple(source for one in own for source in one.sources),
    )


def _cycle(course: DoseCourse, number: int) -> GivenCycle:
    return next(cycle for cycle in course.cycles if cycle.number == number)


def _last_length(treatment: Treatment, last: GivenCycle, end: dt.date | None) -> int:
    if treatment.last_cycle == "full" or end is None:
        return treatment.cycle_days
    return min(treatment.cycle_days, max(1, (end - last.first_date).days + 1))


def _planned(
    treatment: Treatment, drug: Drug, own: Sequence[DrugCycle], skipped: Sequence[int]
) -> Decimal | None:
    """Return the sum planned; a skipped cycle counts as the first one, a whole last one whole."""
    a_day = [one.planned_a_day for one in own]
    days = [one.planned_days for one in own]
    if treatment.last_cycle == "full":
        days[-1] = len(drug.days)
    known = [dose for dose in a_day if dose is not None]
    if len(known) < len(own):
        return None
    total = sum((dose * n for dose, n in zip(known, days, strict=True)), Decimal(0))
    return total + known[0] * len(drug.days) * len(skipped)


def intensity_text(intensity: DoseIntensity) -> str:
    """Return a dose intensity in words: '400 mg a week, 100.0 % of the plan'."""
    a_week = f"{number(intensity.a_week, 1)} {intensity.unit} a week"
    if intensity.relative is None:
        return f"{a_week}, no planned dose"
    return f"{a_week}, {percent(intensity.relative, 1)} % of the plan"
