"""What is due next for a subject whose treatment goes on.

Takes what was given, gives the doses of the next cycle, each as it was last
given: a level that was reduced stays reduced until somebody decides otherwise.
Knows one subject, and no decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from onearm.clinical.dose_course import DoseCourse
from onearm.clinical.dosing_calendar import PlannedDose, drugs_of, phase_of, runs
from onearm.clinical.records import Dose
from onearm.format import plain
from onearm.protocol.treatment import Drug, Treatment


def next_doses(
    course: DoseCourse, doses: Sequence[Dose], treatment: Treatment
) -> tuple[PlannedDose, ...]:
    """Return the doses of the next cycle; none where treatment is over.

    Of alternatives the one given last is due. Nothing is due after the last
    allowed day of a drug.
    """
    due = next((one.date for one in course.dates if one.name == "next cycle"), None)
    if due is None:
        return ()
    number = course.cycles[-1].number + 1
    phase = phase_of(treatment, number)
    limits = {one.drug: one.date for one in course.dates if one.name == "last allowed day"}
    found: list[PlannedDose] = []
    for drug in drugs_of(treatment, number):
        last = _last(drug, doses, treatment)
        if last is None or last.drug != drug.name or course.ends[drug.name].is_over:
            continue
        for first_day, last_day in runs(drug.days):
            first = due + dt.timedelta(days=first_day - 1)
            final = due + dt.timedelta(days=last_day - 1)
            limit = limits.get(drug.name, final)
            if first > limit:
                continue
            final, last_day = min(final, limit), min(last_day, (limit - due).days + 1)
            size = f"{plain(last.dose)} {last.unit}"
            found.append(
                PlannedDose(
                    cycle=number,
                    phase=(phase.label or phase.id) if phase else None,
                    drug=drug.name,
                    first_day=first_day,
                    last_day=last_day,
                    first_date=first,
                    last_date=final,
                    dose=last.dose,
                    unit=last.unit,
                    route=drug.route,
                    infusion_minutes=drug.infusion_minutes,
                    infusion_tolerance_minutes=drug.infusion_tolerance_minutes,
                    reason=f"{size} as last given on {last.start_date}",
                    sources=(last.source,),
                )
            )
    return tuple(found)


def _last(drug: Drug, doses: Sequence[Dose], treatment: Treatment) -> Dose | None:
    """Return the last dose of a drug or, of alternatives, of any of them."""
    names = {drug.name}
    if drug.choice is not None:
        names = {other.name for other in treatment.drugs if other.choice == drug.choice}
    given = [row for row in doses if row.drug in names and row.dose > 0]
    return max(given, key=lambda row: (row.start_date, row.source.line), default=None)
