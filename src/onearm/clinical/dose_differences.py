"""How the doses of one drug in one cycle differ from the plan, each with its reason.

Takes doses and what was planned, gives the differences by name. ``>`` decides
throughout: what is exactly at a window, a tolerance or the last allowed day is
no difference. Knows one drug and one cycle.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from onearm.clinical.dose_amounts import shown
from onearm.clinical.records import Dose
from onearm.format import count_of, plain
from onearm.protocol.treatment import Drug, Treatment
from onearm.protocol.values import Amount

Level = tuple[Amount, Decimal]
"""A dose level of the protocol, and what it is in the unit of the doses given."""

FLAT = "mg"


def days_of(row: Dose) -> int:
    """Return on how many days a row's dose was given."""
    return ((row.end_date or row.start_date) - row.start_date).days + 1


def timing(
    given: Sequence[Dose],
    drug: Drug,
    treatment: Treatment,
    due: dt.date,
    limit: dt.date | None,
    progression: dt.date | None,
) -> dict[str, str]:
    """Return when doses differ from the plan, with the reasons."""
    found: dict[str, str] = {}
    if not given:
        return found
    delay, window = (given[0].start_date - due).days, treatment.cycle_window_days
    if delay > window:
        whys = (r.change_reason for r in given if r.change == "DELAYED" and r.change_reason)
        why = next((f" ({why})" for why in whys), "")
        found["DELAYED"] = f"{count_of(delay, 'day')} late, planned {due}{why}"
    if delay < -window:
        found["EARLY"] = f"{count_of(-delay, 'day')} early, planned {due}"
    if drug.max_hold_days is not None and delay > drug.max_hold_days:
        found["HELD TOO LONG"] = f"held for more than {count_of(drug.max_hold_days, 'day')}"
    last = given[-1].end_date or given[-1].start_date
    if limit is not None and last > limit:
        found["AFTER LAST ALLOWED DAY"] = f"given on {last}, the last allowed day is {limit}"
    if progression is not None and any(row.start_date > progression for row in given):
        allowed = "allowed" if treatment.beyond_progression else "not foreseen"
        found["AFTER PROGRESSION"] = f"after the first progression on {progression}, {allowed}"
    return found


def differences(
    given: Sequence[Dose],
    rows: Sequence[Dose],
    drug: Drug,
    a_day: Decimal | None,
    planned_days: int,
    treatment: Treatment,
    levels: Sequence[Level] = (),
) -> dict[str, str]:
    """Return how doses and their number differ from the plan, with the reasons.

    ``levels`` are those of the drug; none where none is stated, or where what they
    are for this patient cannot be computed.
    """
    why = next((f" ({row.change_reason})" for row in rows if row.change_reason), "")
    if not given:
        return {"OMITTED": f"not given{why}"}
    found: dict[str, str] = {}
    for row in given:
        if a_day is not None and (name := _size(row.dose, a_day, drug, treatment)):
            instead = f"{plain(row.dose)} {row.unit} instead of {shown(a_day, row.unit)}"
            found.setdefault(name, f"{instead}{why}")
            if not drug.is_modifiable:
                found.setdefault("NOT MODIFIABLE", f"the dose of {drug.name} may not be changed")
        if drug.is_modifiable and levels and not _is_level(row.dose, levels, drug, treatment):
            allowed = ", ".join(_level(level, row.unit) for level in levels)
            size = f"{plain(row.dose)} {row.unit}"
            found.setdefault("OFF LEVEL", f"{size} is no level of {drug.name} ({allowed})")
        if note := _infusion(row, drug):
            found.setdefault("INFUSION TIME", note)
    days = sum(days_of(row) for row in given)
    if days != planned_days:
        name = "SHORTENED" if days < planned_days else "PROLONGED"
        found[name] = f"given on {count_of(days, 'day')} of {planned_days} planned{why}"
    return found


def _size(dose: Decimal, a_day: Decimal, drug: Drug, treatment: Treatment) -> str:
    """Return REDUCED or INCREASED; a computed dose within the tolerance is neither."""
    if _is_same(dose, a_day, drug, treatment):
        return ""
    return "REDUCED" if dose < a_day else "INCREASED"


def _is_same(dose: Decimal, planned: Decimal, drug: Drug, treatment: Treatment) -> bool:
    """Return whether a dose is the planned one; a computed one may differ by the tolerance."""
    if dose == planned or drug.unit == FLAT:
        return dose == planned
    tolerance = Fraction(treatment.dose_tolerance) * Fraction(planned)
    return abs(Fraction(dose) - Fraction(planned)) <= tolerance


def _is_level(dose: Decimal, levels: Sequence[Level], drug: Drug, treatment: Treatment) -> bool:
    return any(_is_same(dose, size, drug, treatment) for _, size in levels)


def _level(level: Level, unit: str) -> str:
    """Return a level with what it is for the patient: '75 mg/m2 = ~136.36 mg'."""
    stated, size = level
    return str(stated) if stated.unit == unit else f"{stated} = {shown(size, unit)}"


def _infusion(row: Dose, drug: Drug) -> str:
    planned, tolerance = drug.infusion_minutes, drug.infusion_tolerance_minutes
    if row.infusion_minutes is None or planned is None or tolerance is None:
        return ""
    if abs(row.infusion_minutes - planned) <= tolerance:
        return ""
    return (
        f"infused in {plain(row.infusion_minutes)} minutes on {row.start_date}; "
        f"allowed are {planned - tolerance} to {planned + tolerance}"
    )
