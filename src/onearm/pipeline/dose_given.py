"""What one subject of a study was given, beside what the protocol planned.

Takes a study folder and a subject, gives cycles, differences, dose intensity,
dates and proposals. A check against the protocol, never medical advice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from onearm.clinical.dose_amounts import shown
from onearm.clinical.dose_course import DoseCourse
from onearm.clinical.dose_intensity import DoseIntensity, intensity_text
from onearm.clinical.dose_next import next_doses
from onearm.clinical.dosing_calendar import PlannedDose, planned_assessments
from onearm.clinical.modification import Proposal, propose
from onearm.clinical.subject import derive_subject
from onearm.errors import InputError
from onearm.format import source_lines, text_table
from onearm.io.icalendar import Entry
from onearm.pipeline.dose_words import (
    ADVICE,
    date_lines,
    date_name,
    flat_cell,
    json_cell,
    proposal_lines,
    record_json,
    section,
)
from onearm.pipeline.study import load_study
from onearm.protocol.model import Protocol

GIVEN_HEADER = (
    *("Cycle", "Drug", "Planned", "Given", "Planned total", "Given total", "Days", "Difference"),
    "Source",
)


@dataclass(frozen=True, slots=True)
class DoseOfSubject:
    """What one subject was given, beside the plan."""

    study: str
    subject_id: str
    course: DoseCourse
    intensities: tuple[DoseIntensity, ...]
    proposals: tuple[Proposal, ...]
    due: tuple[PlannedDose, ...]
    assessments: tuple[tuple[dt.date, str], ...]

    def as_text(self) -> str:
        """Return cycles and drugs as tables, intensities, dates and proposals."""
        course = self.course
        lines = [f"{self.study}, subject {self.subject_id}: given beside planned", ADVICE, ""]
        rows = [
            (
                *(str(d.cycle), d.drug, str(d.planned_date), str(d.first_date or "")),
                *(_total(d.planned, d.unit), _total(d.given, d.unit)),
                f"{d.given_days} of {d.planned_days}",
                ", ".join(d.deviations).lower() or "as planned",
                source_lines(d.sources),
            )
            for d in course.drugs
        ]
        lines.append(text_table(GIVEN_HEADER, rows))
        lines += section(
            "Why:",
            [f"  cycle {d.cycle}: {d.drug} {d.reason}" for d in course.drugs if d.deviations],
        )
        lines += section(
            "Dose intensity (planned weeks = cycles started x length of a cycle; "
            + _convention(self.intensities),
            [f"  {one.drug}: {intensity_text(one)}: {one.reason}" for one in self.intensities],
        )
        lines += section("Dates:", date_lines(course.dates))
        lines += section("Due in the next cycle, if nothing changes:", self._due_lines())
        lines += section("Proposed by the rules of the protocol:", proposal_lines(self.proposals))
        lines += section("", list(course.notes))
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return cycles, drugs, intensities, dates and proposals, each with reason and sources."""
        return {
            "study": self.study,
            "subject_id": self.subject_id,
            "advice": ADVICE,
            "cycles": [record_json(cycle) for cycle in self.course.cycles],
            "doses": [
                {**record_json(d), "planned": json_cell(d.planned)} for d in self.course.drugs
            ],
            "intensities": [
                {
                    **record_json(one),
                    "a_week": float(one.a_week),
                    "relative": None if one.relative is None else float(one.relative),
                }
                for one in self.intensities
            ],
            "dates": [record_json(one) for one in self.course.dates],
            "due": [record_json(one) for one in self.due],
            "proposals": [record_json(one) for one in self.proposals],
            "notes": list(self.course.notes),
        }

    def table(self) -> tuple[Sequence[str], list[list[object]]]:
        """Return header and rows of the CSV: one row a cycle and drug."""
        rows = self._doses()
        header = list(rows[0]) if rows else ["subject_id"]
        return header, [[flat_cell(row[name]) for name in header] for row in rows]

    def _due_lines(self) -> list[str]:
        return [
            f"  {d.first_date}{f' to {d.last_date}' if d.days > 1 else ''}  {d.drug} ({d.reason})"
            for d in self.due
        ]

    def _doses(self) -> list[dict[str, object]]:
        return [{**record_json(d), "planned": json_cell(d.planned)} for d in self.course.drugs]

    def entries(self) -> Iterator[Entry]:
        """Yield what lies ahead or follows: doses due, dates, assessments; no dose given."""
        for dose in self.due:
            key = f"{self.subject_id}/{dose.cycle}/{dose.drug}/{dose.first_day}"
            summary = f"{self.subject_id}: {dose.drug} {shown(dose.dose, dose.unit)}, {dose.route}"
            text = f"{self.study}: cycle {dose.cycle}; {dose.reason}. {ADVICE}"
            yield Entry(key, dose.first_date, dose.last_date, summary, text)
        for one in self.course.dates:
            key = f"{self.subject_id}/{one.name}/{one.drug}"
            text = f"{self.study}: {one.reason}. {ADVICE}"
            summary = f"{self.subject_id}: {date_name(one)}"
            yield Entry(key, one.date, one.date, summary, text)
        for day, label in self.assessments:
            text = (
                f"{self.study}: counted from the first dose, whatever cycles were delayed. {ADVICE}"
            )
            key = f"{self.subject_id}/{label}/{day}"
            yield Entry(key, day, day, f"{self.subject_id}: {label}", text)


def dose_subject(study: Path, subject_id: str) -> DoseOfSubject:
    """Set what a subject of a study was given beside what was planned.

    Raises
    ------
    InputError
        If the study cannot be loaded, or holds no such subject.
    """
    loaded = load_study(Path(study))
    records, protocol = loaded.subject(subject_id), loaded.protocol
    if records.doses is None:
        raise InputError(f"{study}: the study has no doses.csv")
    answers = derive_subject(records, protocol)
    proposals = propose(records.adverse_events or (), protocol.treatment, records.doses)
    return DoseOfSubject(
        protocol.study.id,
        subject_id,
        answers.course,
        answers.intensities,
        proposals,
        next_doses(answers.course, records.doses, protocol.treatment),
        tuple(_ahead(protocol, answers.course)),
    )


def _ahead(protocol: Protocol, course: DoseCourse) -> Iterator[tuple[dt.date, str]]:
    """Yield the assessments that follow the last cycle's first day, up to one interval on."""
    due = next((one.date for one in course.dates if one.name == "next cycle"), None)
    if due is None:
        return
    start, latest = course.cycles[0].first_date, course.cycles[-1].first_date
    every = max((a.every_days or 0 for a in protocol.schedule.assessments), default=0)
    until = latest + dt.timedelta(days=every)
    for one in planned_assessments(protocol.schedule, start, until):
        if one.date > latest:
            yield one.date, one.label


def _total(dose: Decimal | None, unit: str) -> str:
    return "not computable" if dose is None else shown(dose, unit)


def _convention(intensities: Sequence[DoseIntensity]) -> str:
    full = any(one.convention == "full" for one in intensities)
    return "the last cycle counts whole):" if full else "the last cycle is cut at its end):"
