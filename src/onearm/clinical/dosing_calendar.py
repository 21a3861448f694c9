"""The planned calendar of a regimen: what is given on which day, in which dose.

Takes the treatment of a protocol, the day of the first dose and what is known
of the patient's body, gives cycles, doses, tumour assessments and the dates
that follow. Cycles begin one length of cycle apart; imaging is counted from
the first dose and never moves with a cycle. Knows no dose that was given.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from onearm.clinical.dose_amounts import Body, DoseAmount, dose_amount, is_recalculated
from onearm.clinical.periods import last_day_from
from onearm.clinical.records import Source
from onearm.errors import InputError, nearest
from onearm.format import count_of, plain
from onearm.protocol.schedule import Schedule
from onearm.protocol.treatment import Drug, Phase, Treatment

OPEN_CYCLES = 6
"""How many cycles are shown of a treatment that goes on; after a fixed phase, two."""


@dataclass(frozen=True, slots=True)
class PlannedDose:
    """A run of consecutive days on which a drug is to be given."""

    cycle: int
    phase: str | None
    drug: str
    first_day: int
    last_day: int
    first_date: dt.date
    last_date: dt.date
    dose: Decimal
    unit: str
    route: str
    infusion_minutes: int | None
    infusion_tolerance_minutes: int | None
    reason: str
    sources: tuple[Source, ...] = ()

    @property
    def days(self) -> int:
        """Number of days on which it is given."""
        return self.last_day - self.first_day + 1


@dataclass(frozen=True, slots=True)
class PlannedCycle:
    """One cycle; the last day is the day before the next one begins."""

    number: int
    phase: str | None
    first_date: dt.date
    last_date: dt.date


@dataclass(frozen=True, slots=True)
class PlannedAssessment:
    """An assessment that is counted from the first dose, with its window."""

    id: str
    label: str
    date: dt.date
    earliest: dt.date
    latest: dt.date
    reason: str


@dataclass(frozen=True, slots=True)
class DerivedDate:
    """A day that follows from the protocol; ``name`` says which."""

    name: str
    drug: str | None
    date: dt.date
    reason: str
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class DosingCalendar:
    """Everything that is planned from one first dose."""

    start: dt.date
    cycles: tuple[PlannedCycle, ...]
    doses: tuple[PlannedDose, ...]
    assessments: tuple[PlannedAssessment, ...]
    amounts: tuple[DoseAmount, ...]  # one a drug, and one for each recalculation
    dates: tuple[DerivedDate, ...]
    notes: tuple[str, ...]


def phase_of(treatment: Treatment, cycle: int) -> Phase | None:
    """Return the phase of a cycle; None where there are no phases, or treatment is over."""
    for phase in treatment.phases:
        if phase.cycles is None or cycle <= phase.cycles:
            return phase
        cycle -= phase.cycles
    return None


def most_cycles(treatment: Treatment) -> int | None:
    """Return after how many cycles treatment is over; None where it goes on."""
    counts = [phase.cycles for phase in treatment.phases]
    if not counts or None in counts:
        return None
    return sum(count for count in counts if count is not None)


def drugs_of(treatment: Treatment, cycle: int) -> tuple[Drug, ...]:
    """Return the drugs of a cycle, alternatives included, in the order of the protocol."""
    if not treatment.phases:
        return treatment.drugs
    phase = phase_of(treatment, cycle)
    return tuple(drug for drug in treatment.drugs if phase and drug.name in phase.drugs)


def runs(days: Sequence[int]) -> list[tuple[int, int]]:
    """Return consecutive days as first and last.

    >>> runs((1, 2, 3, 8))
    [(1, 3), (8, 8)]
    """
    breaks = [i for i, (a, b) in enumerate(pairwise(days), 1) if b != a + 1]
    starts, ends = [0, *breaks], [*breaks, len(days)]
    return [(days[a], days[b - 1]) for a, b in zip(starts, ends, strict=True)]


def last_allowed(drug: Drug, first_dose: dt.date, sources: Iterable[Source] = ()) -> DerivedDate:
    """Return the last day on which a drug of limited duration may be given."""
    assert drug.stop_after is not None
    day = last_day_from(first_dose, drug.stop_after)
    reason = (
        f"{drug.stop_after} from the first dose of {drug.name} on {first_dose}, "
        f"that day included; the first day that is not allowed is {day + dt.timedelta(days=1)}"
    )
    return DerivedDate("last allowed day", drug.name, day, reason, tuple(sources))


def planned_calendar(
    treatment: Treatment,
    schedule: Schedule,
    start: dt.date,
    *,
    cycles: int | None = None,
    body: Body | None = None,
    weights: Mapping[int, Decimal] | None = None,
    chosen: Sequence[str] = (),
) -> DosingCalendar:
    """Plan a treatment from its first dose.

    Parameters
    ----------
    treatment, schedule
        Sections of the protocol.
    start
        Day 1 of cycle 1.
    cycles
        How many to show, at least 1; by default all of a fixed number, else 6,
        or two after the phases of fixed length.
    body
        What is known of the patient.
    weights
        Weight in kg at the beginning of later cycles, by cycle. Doses are
        recalculated by ``is_recalculated``.
    chosen
        Which drug of each choice is given.

    Raises
    ------
    InputError
        If an alternative is not chosen, a dose cannot be computed, or ``cycles`` is below 1.
    """
    if cycles is not None and cycles < 1:
        raise InputError(f"cycles must be at least 1; got {cycles}")
    known, taken = body or Body(), _taken(treatment, chosen)
    count, notes = _count(treatment, cycles)
    _check_calendar_end(start, count * treatment.cycle_days)
    planned_cycles, doses = [], []
    amounts: list[DoseAmount] = []
    limits = [last_allowed(drug, start) for drug in taken if drug.stop_after is not None]
    bodies = _bodies(treatment, known, weights or {}, count, notes)
    for cycle in range(1, count + 1):
        first = start + dt.timedelta(days=(cycle - 1) * treatment.cycle_days)
        phase = phase_of(treatment, cycle)
        label = (phase.label or phase.id) if phase else None
        last = first + dt.timedelta(days=treatment.cycle_days - 1)
        planned_cycles.append(PlannedCycle(cycle, label, first, last))
        for drug in drugs_of(treatment, cycle):
            if drug not in taken:
                continue
            amount = dose_amount(drug, treatment.body, bodies[cycle])
            if amount not in amounts:
                amounts.append(amount)
            doses += [_dose(drug, amount, cycle, label, first, run) for run in runs(drug.days)]
    kept = _within(doses, limits, notes)
    notes += _afterwards(treatment, schedule)
    end = planned_cycles[-1].last_date
    return DosingCalendar(
        start,
        tuple(planned_cycles),
        tuple(kept),
        planned_assessments(schedule, start, end),
        tuple(amounts),
        tuple(limits),
        tuple(notes),
    )


def _check_calendar_end(start: dt.date, days: int) -> None:
    if days > (dt.date.max - start).days:
        raise InputError(f"{days} days from {start} lead beyond {dt.date.max}: fewer cycles")


def _afterwards(treatment: Treatment, schedule: Schedule) -> list[str]:
    """Say what follows the last dose, whose day is not known yet."""
    found = [("contraception", treatment.contraception)]
    found.append(("safety follow-up", schedule.safety_follow_up))
    return [f"{name} for {period} after the last dose" for name, period in found if period]


def _taken(treatment: Treatment, chosen: Sequence[str]) -> list[Drug]:
    """Return the drugs that the patient gets; each choice needs exactly one of its drugs."""
    by_choice: dict[str, list[str]] = {}
    for drug in treatment.drugs:
        if drug.choice is not None:
            by_choice.setdefault(drug.choice, []).append(drug.name)
    alternatives = [name for names in by_choice.values() for name in names]
    for name in chosen:
        if name not in alternatives:
            allowed = f"must be one of {', '.join(alternatives)}" if alternatives else "is none"
            hint = nearest(name, alternatives)
            raise InputError(
                f"a chosen drug {allowed} of the protocol's choices; got {name!r}{hint}"
            )
    for choice, names in by_choice.items():
        got = [name for name in names if name in chosen]
        if len(names) > 1 and len(got) != 1:
            found = " and ".join(got) or "none"
            raise InputError(f"{choice}: choose one of {', '.join(names)}; got {found}")
    return [
        drug for drug in treatment.drugs if drug.name not in alternatives or drug.name in chosen
    ]


def _count(treatment: Treatment, cycles: int | None) -> tuple[int, list[str]]:
    most = most_cycles(treatment)
    fixed = sum(phase.cycles or 0 for phase in treatment.phases)
    count = cycles or most or (fixed + 2 if fixed else OPEN_CYCLES)
    if most is not None and count > most:
        return most, [f"treatment is over after {count_of(most, 'cycle')}"]
    until = ", ".join(treatment.until)
    if most is None:
        ending = f" until {until}" if until else ""
        return count, [f"{count_of(count, 'cycle')} shown; treatment goes on{ending}"]
    return count, []


def _bodies(
    treatment: Treatment, body: Body, weights: Mapping[int, Decimal], count: int, notes: list[str]
) -> dict[int, Body]:
    """Return the body from which the doses of each cycle are computed."""
    share = f"{plain(treatment.body.weight_change * 100)} %"
    found, current = {}, body
    for cycle in range(1, count + 1):
        weight = weights.get(cycle)
        if weight is not None and current.weight_kg is None:
            current = replace(current, weight_kg=weight)
        elif weight is not None and current.weight_kg is not None:
            change = f"{plain(current.weight_kg)} to {plain(weight)} kg"
            if is_recalculated(current.weight_kg, weight, treatment.body):
                notes.append(f"cycle {cycle}: doses recalculated, {change} is at least {share}")
                current = replace(current, weight_kg=weight)
            else:
                notes.append(f"cycle {cycle}: doses kept, {change} is less than {share}")
        found[cycle] = current
    return found


def _dose(
    drug: Drug,
    amount: DoseAmount,
    cycle: int,
    phase: str | None,
    cycle_start: dt.date,
    run: tuple[int, int],
) -> PlannedDose:
    first, last = run
    days = f"day {first}" if first == last else f"days {first}-{last}"
    return PlannedDose(
        cycle,
        phase,
        drug.name,
        first,
        last,
        cycle_start + dt.timedelta(days=first - 1),
        cycle_start + dt.timedelta(days=last - 1),
        amount.dose,
        amount.unit,
        drug.route,
        drug.infusion_minutes,
        drug.infusion_tolerance_minutes,
        f"{days} of cycle {cycle}; {amount.reason}",
        amount.sources,
    )


def _within(
    doses: Iterable[PlannedDose], limits: Sequence[DerivedDate], notes: list[str]
) -> list[PlannedDose]:
    """Return the doses up to the last allowed day of each drug, a run cut where it falls."""
    last_days = {limit.drug: limit.date for limit in limits}
    kept: list[PlannedDose] = []
    for dose in doses:
        last = last_days.get(dose.drug)
        if last is None or dose.last_date <= last:
            kept.append(dose)
            continue
        over = f"{dose.drug}: none after {last}, its last allowed day"
        if over not in notes:
            notes.append(over)
        if dose.first_date <= last:
            less = (dose.last_date - last).days
            kept.append(replace(dose, last_day=dose.last_day - less, last_date=last))
    return kept


def planned_assessments(
    schedule: Schedule, start: dt.date, end: dt.date
) -> tuple[PlannedAssessment, ...]:
    """Return the assessments that are counted from the first dose, up to a day.

    They stay where they are when a cycle is delayed.
    """
    found = []
    for item in schedule.assessments:
        if item.every_days is None or item.anchor != "first_dose":
            continue
        window = dt.timedelta(days=item.window_days or 0)
        for turn in range(1, (end - start).days // item.every_days + 1):
            day = start + dt.timedelta(days=turn * item.every_days)
            reason = (
                f"{count_of(turn * item.every_days, 'day')} after the first dose, "
                "whatever cycles were delayed"
            )
            found.append(
                PlannedAssessment(item.id, item.label, day, day - window, day + window, reason)
            )
    return tuple(sorted(found, key=lambda one: (one.date, one.id)))
