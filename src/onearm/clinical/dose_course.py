"""What one subject was given, beside what the protocol planned, cycle by cycle.

Takes the records of a subject and the protocol, gives every cycle with its
delay, and every drug of every cycle with what was given, what was planned and
how the two differ. The rules:

* The planned day of a cycle is the first day of the cycle before it plus the
  length of a cycle; a delay moves all later cycles.
* A cycle begins with the last of the first doses of those drugs that move the
  cycle (``moves_cycle``, the default); without one of them, with its first dose.
  A drug that moves the cycle is late against the planned day of the cycle, any
  other against the day on which the cycle began.
* A cycle is delayed when it begins more than ``cycle_window`` days late (>).
* A drug is planned in the cycles of its phase, from the first cycle on, up to
  its end: its own discontinuation, that of the treatment, death, its last
  allowed day, or the data cut-off, whichever is first, but not before its last
  dose. In the last cycle the days up to that end are planned.
* Of alternatives the one that was given in the cycle is planned, else the one
  that was given before.
* An infusion differs when it is more than the tolerance shorter or longer (>).

Imaging is not moved by any of this. Knows one subject.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from onearm.clinical.dose_amounts import Body, dose_amount, is_recalculated
from onearm.clinical.dose_differences import FLAT, Level, days_of, differences, timing
from onearm.clinical.dose_ends import DrugEnd, dates_after, drug_end, limit_of
from onearm.clinical.dosing_calendar import DerivedDate, drugs_of
from onearm.clinical.patient_body import body_on
from onearm.clinical.records import Dose, Source, SubjectRecords
from onearm.errors import InputError
from onearm.format import count_of, plain
from onearm.protocol.model import Protocol
from onearm.protocol.treatment import Drug, Treatment
from onearm.protocol.values import Amount

BETWEEN = " and "
"""Stands between the units of a drug whose doses were recorded in several."""


@dataclass(frozen=True, slots=True)
class GivenCycle:
    """One cycle as it was; ``delay_days`` below 0 is an early cycle."""

    subject_id: str
    number: int
    planned_date: dt.date
    first_date: dt.date
    delay_days: int
    is_delayed: bool
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class DrugCycle:
    """One drug in one cycle; ``given`` is the sum over the cycle.

    ``planned_a_day`` is None where the dose cannot be computed; ``first_date``
    is None where nothing was given. ``deviations`` are empty, or of: DELAYED,
    EARLY, REDUCED, INCREASED, OMITTED, SHORTENED (fewer days than planned),
    PROLONGED, OFF LEVEL, NOT MODIFIABLE, INFUSION TIME, HELD TOO LONG, AFTER
    LAST ALLOWED DAY, AFTER PROGRESSION.
    """

    subject_id: str
    cycle: int
    drug: str
    planned_date: dt.date
    first_date: dt.date | None
    last_date: dt.date | None
    delay_days: int | None
    planned_days: int
    given_days: int
    planned_a_day: Decimal | None
    given: Decimal
    unit: str
    deviations: tuple[str, ...]
    reason: str
    sources: tuple[Source, ...]

    @property
    def planned(self) -> Decimal | None:
        """What was planned in this cycle."""
        return None if self.planned_a_day is None else self.planned_a_day * self.planned_days


@dataclass(frozen=True, slots=True)
class DoseCourse:
    """Everything given to one subject, beside the plan."""

    subject_id: str
    cycles: tuple[GivenCycle, ...]
    drugs: tuple[DrugCycle, ...]
    ends: dict[str, DrugEnd]
    dates: tuple[DerivedDate, ...]
    notes: tuple[str, ...]


class _Plan(NamedTuple):
    """What a drug's dose is to be: a day, from what, and the levels, in the unit of those given."""

    unit: str
    a_day: Decimal | None
    basis: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """What bears on every drug of every cycle of one subject."""

    treatment: Treatment
    ends: dict[str, DrugEnd]
    bodies: dict[int, Body]
    limits: dict[str, dt.date]
    units: dict[str, str]  # of the doses given, by drug; several are named together
    progression: dt.date | None
    plans: dict[tuple[str, Body], _Plan] = field(default_factory=dict)

    def plan(self, drug: Drug, cycle: int) -> _Plan:
        """Return what a drug's dose in a cycle is to be, worked out once for each body."""
        key = drug.name, self.bodies[cycle]
        if key not in self.plans:
            unit = self.units.get(drug.name, FLAT)
            a_day, basis = _planned_a_day(drug, unit, self.treatment, key[1])
            levels = _levels(drug, unit, self.treatment, key[1])
            self.plans[key] = _Plan(unit, a_day, basis, levels)
        return self.plans[key]


def dose_course(
    records: SubjectRecords, protocol: Protocol, progression: dt.date | None = None
) -> DoseCourse:
    """Set what a subject was given beside the plan.

    Parameters
    ----------
    records
        All records of one subject, up to the data cut-off.
    protocol
        The protocol.
    progression
        Day of the first progression, where there was one.
    """
    treatment, subject_id = protocol.treatment, records.subject.subject_id
    rows, notes = _numbered(records.doses or (), treatment)
    given = [row for row in rows if row.dose > 0]
    if not given:
        return DoseCourse(subject_id, (), (), {}, (), ("no dose was given",))
    cycles = _cycles(subject_id, given, treatment)
    bodies, said = _bodies(records, treatment, cycles)
    about = _Circumstances(
        treatment,
        {drug.name: drug_end(records, protocol, drug, given) for drug in treatment.drugs},
        bodies,
        {drug.name: day for drug in treatment.drugs if (day := limit_of(drug, given))},
        _units(given),
        progression,
    )
    notes += [
        f"{drug}: doses in {unit}; no planned dose and no dose intensity"
        for drug, unit in about.units.items()
        if BETWEEN in unit
    ]
    by_cycle: dict[tuple[int | None, str], list[Dose]] = {}
    for row in rows:
        by_cycle.setdefault((row.cycle, row.drug), []).append(row)
    found = [
        _drug_cycle(cycle, drug, by_cycle.get((cycle.number, drug.name), []), about)
        for cycle in cycles
        for drug in _planned_drugs(treatment, cycle.number, given)
    ]
    return DoseCourse(
        subject_id,
        cycles,
        tuple(one for one in found if one is not None),
        about.ends,
        tuple(dates_after(protocol, given, about.ends, (cycles[-1].number, cycles[-1].first_date))),
        (*notes, *said),
    )


def _units(given: Sequence[Dose]) -> dict[str, str]:
    """Return the unit of each drug's doses; doses in several units cannot be summed."""
    found: dict[str, list[str]] = {}
    for row in given:
        units = found.setdefault(row.drug, [])
        if row.unit not in units:
            units.append(row.unit)
    return {drug: BETWEEN.join(units) for drug, units in found.items()}


def _numbered(doses: Sequence[Dose], treatment: Treatment) -> tuple[list[Dose], list[str]]:
    """Return doses with their cycle; one without it goes by the days since the first dose."""
    bare = [row for row in doses if row.cycle is None]
    if not bare:
        return list(doses), []
    start = min(row.start_date for row in doses)
    numbered = [
        row
        if row.cycle is not None
        else replace(row, cycle=(row.start_date - start).days // treatment.cycle_days + 1)
        for row in doses
    ]
    lines = count_of(len(bare), "dose")
    return numbered, [f"{lines} without a cycle, numbered by the days since the first dose"]


def _first_dates(rows: Sequence[Dose], treatment: Treatment) -> dict[str, dt.date]:
    """Return by drug the day on which a cycle would begin by the drug's first dose in it."""
    found: dict[str, dt.date] = {}
    for drug in treatment.drugs:
        own = [row.start_date for row in rows if row.drug == drug.name]
        if own:
            found[drug.name] = min(own) - dt.timedelta(days=drug.days[0] - 1)
    return found


def _cycles(subject_id: str, given: Sequence[Dose], treatment: Treatment) -> tuple[GivenCycle, ...]:
    moving = {drug.name for drug in treatment.drugs if drug.moves_cycle}
    found: list[GivenCycle] = []
    by_number: dict[int, list[Dose]] = {}
    for row in given:
        by_number.setdefault(row.cycle or 1, []).append(row)
    for number, rows in sorted(by_number.items()):
        dates = _first_dates(rows, treatment)
        movers = {name: day for name, day in dates.items() if name in moving}
        first = max(movers.values()) if movers else min(dates.values())
        who = next(name for name, day in (movers or dates).items() if day == first)
        planned, why = first, f"cycle {number} begins with {who} on {first}"
        if found:
            before = found[-1]
            apart = (number - before.number) * treatment.cycle_days
            planned = before.first_date + dt.timedelta(days=apart)
            why += f"; planned {planned}, {apart} days after cycle {before.number}"
        delay = (first - planned).days
        late = delay > treatment.cycle_window_days
        why += f": {count_of(delay, 'day')} late" if late else ""
        sources = tuple(row.source for row in rows)
        found.append(GivenCycle(subject_id, number, planned, first, delay, late, why, sources))
    return tuple(found)


def _planned_drugs(treatment: Treatment, cycle: int, given: Sequence[Dose]) -> list[Drug]:
    """Return the drugs of a cycle with one alternative of each choice."""
    return [
        drug
        for drug in drugs_of(treatment, cycle)
        if drug.choice is None or drug.name == _alternative(treatment, drug.choice, cycle, given)
    ]


def _alternative(
    treatment: Treatment, choice: str, cycle: int, given: Sequence[Dose]
) -> str | None:
    names = [drug.name for drug in treatment.drugs if drug.choice == choice]
    rows = sorted((r for r in given if r.drug in names), key=lambda row: row.start_date)
    now = [row.drug for row in rows if row.cycle == cycle]
    before = [row.drug for row in rows if (row.cycle or 1) < cycle]
    return now[0] if now else before[-1] if before else rows[0].drug if rows else None


def _bodies(
    records: SubjectRecords, treatment: Treatment, cycles: Sequence[GivenCycle]
) -> tuple[dict[int, Body], list[str]]:
    """Return the body from which the doses of each cycle are computed, and what changed it.

    Where every dose of the protocol is flat, no body is looked for.
    """
    amounts = [one for drug in treatment.drugs for one in (drug.amount, *drug.levels)]
    if all(one.unit == FLAT for one in amounts):
        return dict.fromkeys((cycle.number for cycle in cycles), Body()), []
    current = body_on(records, cycles[0].first_date)
    found, notes = {}, []
    for cycle in cycles:
        latest = body_on(records, cycle.first_date)
        if current.weight_kg is None:
            current = latest
        elif latest.weight_kg is not None and is_recalculated(
            current.weight_kg, latest.weight_kg, treatment.body
        ):
            change = f"{plain(current.weight_kg)} to {plain(latest.weight_kg)} kg"
            notes.append(f"cycle {cycle.number}: doses by weight recalculated, {change}")
            current = latest
        found[cycle.number] = current
    return found, notes


def _drug_cycle(
    cycle: GivenCycle, drug: Drug, rows: Sequence[Dose], about: _Circumstances
) -> DrugCycle | None:
    """Return a drug's doses of a cycle beside the plan; None where neither is anything."""
    given = sorted((row for row in rows if row.dose > 0), key=lambda row: row.start_date)
    end, treatment = about.ends[drug.name], about.treatment
    planned_days = len(drug.days)
    if end.day is not None and (last := (end.day - cycle.first_date).days + 1) < drug.days[-1]:
        planned_days = sum(day <= last for day in drug.days)
    if not given and planned_days == 0:
        return None
    due = cycle.planned_date if drug.moves_cycle else cycle.first_date
    due += dt.timedelta(days=drug.days[0] - 1)
    unit, a_day, basis, levels = about.plan(drug, cycle.number)
    found = {
        **timing(given, drug, treatment, due, about.limits.get(drug.name), about.progression),
        **differences(given, rows, drug, a_day, planned_days, treatment, levels),
    }
    return DrugCycle(
        cycle.subject_id,
        cycle.number,
        drug.name,
        due,
        given[0].start_date if given else None,
        max((row.end_date or row.start_date for row in given), default=None),
        (given[0].start_date - due).days if given else None,
        planned_days,
        sum(days_of(row) for row in given),
        a_day,
        sum((row.dose * days_of(row) for row in given), Decimal(0)),
        unit,
        tuple(found),
        "; ".join(found.values()) or f"as planned: {basis}",
        tuple(row.source for row in rows) or end.sources,
    )


def _levels(drug: Drug, unit: str, treatment: Treatment, body: Body) -> tuple[Level, ...]:
    """Return the levels of a drug in the unit of the doses given; none that is not computable."""
    sizes = [(one, _planned_a_day(drug, unit, treatment, body, one)[0]) for one in drug.levels]
    known = tuple((one, size) for one, size in sizes if size is not None)
    return known if len(known) == len(sizes) else ()


def _planned_a_day(
    drug: Drug, unit: str, treatment: Treatment, body: Body, level: Amount | None = None
) -> tuple[Decimal | None, str]:
    """Return a level, else the planned dose a day, in the unit of the doses given; from what."""
    stated = level or drug.amount
    if unit.lower() == stated.unit.lower():
        return stated.value, str(stated)
    if unit.lower() != FLAT:
        return None, f"the dose is in {unit}, the plan in {stated.unit}"
    try:
        amount = dose_amount(drug, treatment.body, body, stated)
    except InputError as error:
        return None, str(error)
    return amount.dose, amount.reason
