"""When a drug ends for one subject, and the days that follow from its last dose.

Takes a subject's records and the protocol, gives until when each drug counts
as planned, and the dates that the protocol derives: last allowed day, end of
contraception and of safety follow-up, the next cycle. Knows no plan of a dose.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onearm.clinical.dosing_calendar import DerivedDate, last_allowed
from onearm.clinical.periods import last_day_after
from onearm.clinical.records import Dose, Source, SubjectRecords
from onearm.protocol.model import Protocol
from onearm.protocol.treatment import Drug


@dataclass(frozen=True, slots=True)
class DrugEnd:
    """The last day that counts for a drug, and why; no day where treatment goes on."""

    day: dt.date | None
    reason: str
    is_over: bool
    sources: tuple[Source, ...] = ()


def limit_of(drug: Drug, given: Sequence[Dose]) -> dt.date | None:
    """Return the last allowed day of a drug; None where it is not limited, or not given."""
    own = [row.start_date for row in given if row.drug == drug.name]
    return last_allowed(drug, min(own)).date if own and drug.stop_after is not None else None


def drug_end(
    records: SubjectRecords, protocol: Protocol, drug: Drug, given: Sequence[Dose]
) -> DrugEnd:
    """Return until when a drug counts as planned, and why."""
    candidates: list[tuple[dt.date, str, bool, tuple[Source, ...]]] = []
    for row in records.disposition or ():
        if row.date is not None and row.scope in (drug.name, "TREATMENT", "STUDY"):
            if row.status == "ONGOING":
                continue
            why = f"{row.scope} {row.status.lower()} on {row.date}"
            candidates.append((row.date, why, True, (row.source,)))
    candidates += [
        (row.date, f"death on {row.date}", True, (row.source,))
        for row in records.follow_up or ()
        if row.status == "DEAD"
    ]
    own = [row for row in given if row.drug == drug.name]
    cutoff = protocol.study.data_cutoff
    limit = limit_of(drug, given)
    if limit is not None:  # without a cut-off only a later dose shows that the day has passed
        has_passed = cutoff is not None or any(row.start_date > limit for row in given)
        candidates.append((limit, f"last allowed day {limit}", has_passed, ()))
    if cutoff is not None:
        candidates.append((cutoff, f"data cut-off {cutoff}", False, ()))
    if not candidates:
        return DrugEnd(None, "treatment goes on", False)
    day, why, is_over, sources = min(candidates, key=lambda one: (one[0], not one[2]))
    last = max((row.end_date or row.start_date for row in own), default=None)
    if last is not None and last > day:
        return DrugEnd(last, f"last dose on {last}, after {why}", is_over, sources)
    return DrugEnd(day, why, is_over, sources)


def dates_after(
    protocol: Protocol,
    given: Sequence[Dose],
    ends: Mapping[str, DrugEnd],
    last_cycle: tuple[int, dt.date],
) -> list[DerivedDate]:
    """Return the days that follow from what was given; the last cycle is number and first day."""
    treatment = protocol.treatment
    found: list[DerivedDate] = []
    for drug in treatment.drugs:
        own = sorted((r for r in given if r.drug == drug.name), key=lambda row: row.start_date)
        if own and drug.stop_after is not None:
            found.append(last_allowed(drug, own[0].start_date, (own[0].source,)))
    last = max(given, key=lambda row: (row.end_date or row.start_date, row.source.line))
    day = last.end_date or last.start_date
    is_over = all(end.is_over for name, end in ends.items() if name in {r.drug for r in given})
    so_far = "" if is_over else ", so far: treatment goes on"
    found.append(
        DerivedDate("last dose", last.drug, day, f"the latest of any drug{so_far}", (last.source,))
    )
    for name, period in (
        ("end of contraception", treatment.contraception),
        ("end of safety follow-up", protocol.schedule.safety_follow_up),
    ):
        if period is not None:
            reason = f"{period} after the last dose on {day}{so_far}"
            found.append(
                DerivedDate(name, None, last_day_after(day, period), reason, (last.source,))
            )
    if not is_over:
        number, first = last_cycle
        due = first + dt.timedelta(days=treatment.cycle_days)
        reason = f"{treatment.cycle_days} days after cycle {number} on {first}"
        rows = tuple(row.source for row in given if row.cycle == number)
        found.append(DerivedDate("next cycle", None, due, reason, rows))
    return found
