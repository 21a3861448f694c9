"""``onearm dose``: the dosing calendar of a study, or of one of its subjects.

Takes a study folder and what is known of a patient, gives the planned
calendar; with a subject, what was given beside what was planned. Writes a CSV
or an iCalendar file where asked. A check against the protocol, never medical
advice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from onearm.clinical.dose_amounts import shown
from onearm.clinical.dose_course import DoseCourse, dose_course
from onearm.clinical.dose_intensity import DoseIntensity, dose_intensities, intensity_text
from onearm.clinical.dosing_calendar import (
    DerivedDate,
    DosingCalendar,
    planned_assessments,
    planned_calendar,
)
from onearm.clinical.modification import Proposal, propose
from onearm.clinical.records import Source
from onearm.clinical.subject import derive_subject
from onearm.errors import InputError
from onearm.format import plain, source_lines, text_table
from onearm.io.csv import write_table
from onearm.io.icalendar import Entry, write_calendar
from onearm.io.yaml import read_yaml
from onearm.pipeline.dose_inputs import body_of, current_of, day_of, events_of, weights_of
from onearm.pipeline.study import load_study
from onearm.protocol.model import Assumption, Protocol
from onearm.protocol.parse import parse_protocol

ADVICE = "A check against the protocol, never medical advice."
PLAN_COLUMNS = (
    *("kind", "cycle", "phase", "what", "first_date", "last_date", "days", "dose", "unit"),
    *("route", "infusion_minutes", "earliest", "latest", "reason"),
)


@dataclass(frozen=True, slots=True)
class DoseCalendar:
    """The planned calendar of a study from one first dose, with what was asked."""

    study: str
    calendar: DosingCalendar
    proposals: tuple[Proposal, ...]
    assumptions: tuple[Assumption, ...]

    def as_text(self) -> str:
        """Return the doses as a table, then amounts, dates, imaging, proposals and notes."""
        found = self.calendar
        lines = [f"{self.study}: planned calendar from {found.start}", ADVICE, ""]
        lines.append(text_table(PLAN_HEADER, list(_plan_rows(found))))
        if any(amount.inputs for amount in found.amounts):
            lines += ["", "How each dose is computed:"]
            lines += [f"  {one.drug}: {one.reason}" for one in found.amounts if one.inputs]
        lines += _section("Dates:", _date_lines(found.dates))
        lines += _section(
            "Assessments counted from the first dose, which no delay moves:",
            [f"  {one.date}  {one.label}{_window(one)}" for one in found.assessments],
        )
        lines += _section("Proposed by the rules of the protocol:", _proposal_lines(self.proposals))
        lines += _section("", list(found.notes))
        lines += _section(
            "Assumed, because the source does not say:",
            [f"  {item.field} = {item.value} ({item.reason})" for item in self.assumptions],
        )
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return everything that is planned."""
        found = self.calendar
        return {
            "study": self.study,
            "advice": ADVICE,
            "start": found.start.isoformat(),
            "cycles": [_json(cycle) for cycle in found.cycles],
            "doses": [{**_json(dose), "days": dose.days} for dose in found.doses],
            "assessments": [_json(one) for one in found.assessments],
            "amounts": [_json(amount) for amount in found.amounts],
            "dates": [_json(one) for one in found.dates],
            "proposals": [_json(one) for one in self.proposals],
            "notes": list(found.notes),
            "assumptions": [
                {"field": item.field, "value": item.value, "reason": item.reason}
                for item in self.assumptions
            ],
        }

    def table(self) -> tuple[Sequence[str], list[list[object]]]:
        """Return header and rows of the CSV."""
        rows: list[list[object]] = [
            [
                *("dose", d.cycle, d.phase, d.drug, d.first_date, d.last_date, d.days),
                *(plain(d.dose), d.unit, d.route, d.infusion_minutes, None, None, d.reason),
            ]
            for d in self.calendar.doses
        ]
        rows += [
            [
                *("assessment", None, None, a.label, a.date, a.date, 1),
                *(None, None, None, None, a.earliest, a.latest, a.reason),
            ]
            for a in self.calendar.assessments
        ]
        rows += [
            ["date", None, None, _date_name(d), d.date, d.date, 1, *[None] * 6, d.reason]
            for d in self.calendar.dates
        ]
        return PLAN_COLUMNS, sorted(rows, key=lambda row: (str(row[4]), row[0] != "dose"))

    def entries(self) -> Iterator[Entry]:
        """Yield the entries of the calendar file, by day."""
        found: list[Entry] = []
        for d in self.calendar.doses:
            key = f"{self.calendar.start}/{d.cycle}/{d.drug}/{d.first_day}"
            summary = f"{d.drug} {shown(d.dose, d.unit)}, {d.route}, cycle {d.cycle}"
            found.append(
                Entry(
                    key, d.first_date, d.last_date, summary, f"{self.study}: {d.reason}. {ADVICE}"
                )
            )
        for a in self.calendar.assessments:
            key = f"{self.calendar.start}/{a.id}/{a.date}"
            text = f"{self.study}: {a.earliest} to {a.latest}; {a.reason}. {ADVICE}"
            found.append(Entry(key, a.date, a.date, a.label, text))
        for one in self.calendar.dates:
            key = f"{self.calendar.start}/{one.name}/{one.drug}"
            text = f"{self.study}: {one.reason}. {ADVICE}"
            found.append(Entry(key, one.date, one.date, _date_name(one), text))
        yield from sorted(found, key=lambda entry: (entry.first_date, entry.key))


@dataclass(frozen=True, slots=True)
class DoseOfSubject:
    """What one subject was given, beside the plan."""

    study: str
    subject_id: str
    course: DoseCourse
    intensities: tuple[DoseIntensity, ...]
    proposals: tuple[Proposal, ...]
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
        lines += _section(
            "Why:",
            [f"  cycle {d.cycle}: {d.drug} {d.reason}" for d in course.drugs if d.deviations],
        )
        lines += _section(
            "Dose intensity (planned weeks = cycles started x length of a cycle; "
            + _convention(self.intensities),
            [f"  {one.drug}: {intensity_text(one)}: {one.reason}" for one in self.intensities],
        )
        lines += _section("Dates:", _date_lines(course.dates))
        lines += _section("Proposed by the rules of the protocol:", _proposal_lines(self.proposals))
        lines += _section("", list(course.notes))
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return cycles, drugs, intensities, dates and proposals, each with reason and sources."""
        return {
            "study": self.study,
            "subject_id": self.subject_id,
            "advice": ADVICE,
            "cycles": [_json(cycle) for cycle in self.course.cycles],
            "doses": [{**_json(d), "planned": _cell(d.planned)} for d in self.course.drugs],
            "intensities": [
                {
                    **_json(one),
                    "a_week": float(one.a_week),
                    "relative": None if one.relative is None else float(one.relative),
                }
                for one in self.intensities
            ],
            "dates": [_json(one) for one in self.course.dates],
            "proposals": [_json(one) for one in self.proposals],
            "notes": list(self.course.notes),
        }

    def table(self) -> tuple[Sequence[str], list[list[object]]]:
        """Return header and rows of the CSV: one row a cycle and drug."""
        rows = [{**_json(d), "planned": _cell(d.planned)} for d in self.course.drugs]
        header = list(rows[0]) if rows else ["subject_id"]
        return header, [[_flat(row[name]) for name in header] for row in rows]

    def entries(self) -> Iterator[Entry]:
        """Yield what lies ahead or follows: dates of the protocol, not the doses given."""
        for one in self.course.dates:
            key = f"{self.subject_id}/{one.name}/{one.drug}"
            text = f"{self.study}: {one.reason}. {ADVICE}"
            summary = f"{self.subject_id}: {_date_name(one)}"
            yield Entry(key, one.date, one.date, summary, text)
        for day, label in self.assessments:
            text = (
                f"{self.study}: counted from the first dose, whatever cycles were delayed. {ADVICE}"
            )
            key = f"{self.subject_id}/{label}/{day}"
            yield Entry(key, day, day, f"{self.subject_id}: {label}", text)


PLAN_HEADER = ("Cycle", "Phase", "Days", "From", "To", "Drug", "Dose a day", "Route", "Infusion")
GIVEN_HEADER = (
    *("Cycle", "Drug", "Planned", "Given", "Planned total", "Given total", "Days", "Difference"),
    "Source",
)


def dose_answer(
    study: Path, start: str | None, subject: str | None, **asked: Any
) -> DoseCalendar | DoseOfSubject:
    """Return the calendar from ``start``, or the doses of ``subject``: one of the two.

    Raises
    ------
    InputError
        If neither or both are given, or an option of the calendar comes with a subject.
    """
    if (start is None) == (subject is None):
        raise InputError("give one of --start and --subject")
    if start is not None:
        return dose_calendar(study, start, **asked)
    extra = [name.replace("_", "-") for name, value in asked.items() if value]
    if extra:
        raise InputError(f"--{extra[0]} goes with --start; a subject's records say it themselves")
    return dose_subject(study, subject or "")


def dose_calendar(
    study: Path,
    start: str,
    *,
    cycles: int | None = None,
    weight_kg: str | None = None,
    height_cm: str | None = None,
    age: int | None = None,
    sex: str | None = None,
    creatinine: str | None = None,
    gfr: str | None = None,
    chosen: Sequence[str] = (),
    weight_at: Sequence[str] = (),
    events: Sequence[str] = (),
    at_dose: Sequence[str] = (),
) -> DoseCalendar:
    """Plan the treatment of a study from the day of the first dose.

    Texts are those of the command line; see ``pipeline.dose_inputs``.

    Raises
    ------
    InputError
        If a text is not allowed, or a dose needs what is not given.
    """
    protocol = _protocol(Path(study))
    body = body_of(weight_kg, height_cm, age, sex, creatinine, gfr)
    calendar = planned_calendar(
        protocol.treatment,
        protocol.schedule,
        day_of(start),
        cycles=cycles,
        body=body,
        weights=weights_of(weight_at),
        chosen=chosen,
    )
    drugs = [drug.name for drug in protocol.treatment.drugs]
    current = current_of(at_dose, drugs)
    given = {dose.drug for dose in calendar.doses}
    proposals = [
        one
        for one in propose(events_of(events), protocol.treatment, current=current)
        if one.drug in given
    ]
    assumed = tuple(one for one in protocol.assumptions if one.field.startswith("treatment"))
    return DoseCalendar(protocol.study.id, calendar, tuple(proposals), assumed)


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
    pfs = answers.events.get("pfs")
    progression = pfs.end if pfs is not None and pfs.is_event and pfs.rule == "PD" else None
    course = dose_course(records, protocol, progression)
    treatment = protocol.treatment
    proposals = propose(records.adverse_events or (), treatment, records.doses)
    return DoseOfSubject(
        protocol.study.id,
        subject_id,
        course,
        dose_intensities(course, treatment),
        proposals,
        tuple(_ahead(protocol, course)),
    )


def write_files(
    answer: DoseCalendar | DoseOfSubject, csv: Path | None, ics: Path | None
) -> tuple[Path, ...]:
    """Write the CSV and the calendar file, where asked; each whole or not at all."""
    if csv is not None:
        write_table(csv, *answer.table())
    if ics is not None:
        whose = f"{answer.study} dosing"
        write_calendar(ics, whose, answer.entries())
    return tuple(path for path in (csv, ics) if path is not None)


def _protocol(folder: Path) -> Protocol:
    path = folder / "protocol.yaml"
    if not path.is_file():
        raise InputError(f"{folder}: no study folder; it must hold a protocol.yaml")
    return parse_protocol(read_yaml(path))


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


def _plan_rows(calendar: DosingCalendar) -> Iterator[tuple[str, ...]]:
    for dose in calendar.doses:
        days = f"{dose.first_day}" if dose.days == 1 else f"{dose.first_day}-{dose.last_day}"
        infusion = ""
        if dose.infusion_minutes is not None:
            more = dose.infusion_tolerance_minutes
            infusion = f"{dose.infusion_minutes}{f' +-{more}' if more else ''} min"
        yield (
            *(str(dose.cycle), dose.phase or "", days, str(dose.first_date)),
            *(str(dose.last_date), dose.drug, shown(dose.dose, dose.unit)),
            *(dose.route, infusion),
        )


def _total(dose: Decimal | None, unit: str) -> str:
    return "not computable" if dose is None else shown(dose, unit)


def _window(one: object) -> str:
    earliest, latest = getattr(one, "earliest", None), getattr(one, "latest", None)
    return "" if earliest == latest else f" ({earliest} to {latest})"


def _date_name(one: DerivedDate) -> str:
    return f"{one.name} of {one.drug}" if one.drug else one.name


def _date_lines(dates: Sequence[DerivedDate]) -> list[str]:
    return [f"  {one.date}  {_date_name(one)} ({one.reason})" for one in dates]


def _proposal_lines(proposals: Sequence[Proposal]) -> list[str]:
    return [
        f"  {one.onset_date or ''} {one.drug}, {one.action or 'no rule'}"
        f"{f' to {one.to_dose}' if one.action == 'reduce' else ''}: {one.reason}"
        f"{f' ({one.decision_reason})' if one.decision_reason else ''}".replace("   ", "  ")
        for one in proposals
    ]


def _convention(intensities: Sequence[DoseIntensity]) -> str:
    full = any(one.convention == "full" for one in intensities)
    return "the last cycle counts whole):" if full else "the last cycle is cut at its end):"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return ["", *([title] if title else []), *lines]


def _json(record: object) -> dict[str, object]:
    slots: Sequence[str] = getattr(type(record), "__slots__", ())
    return {name: _cell(getattr(record, name)) for name in slots}


def _cell(value: object) -> object:
    """Return a value as JSON has it: decimals and dates as text, sources as file and line."""
    match value:
        case Source():
            return str(value)
        case Decimal():
            return plain(value)
        case dt.date():
            return value.isoformat()
        case tuple() if hasattr(value, "_fields"):
            return str(value)
        case tuple():
            return [_cell(item) for item in value]
        case _:
            return value


def _flat(value: object) -> object:
    """Return a value as a cell of a table."""
    if isinstance(value, bool):
        return "Y" if value else "N"
    return "; ".join(str(item) for item in value) if isinstance(value, list) else value
