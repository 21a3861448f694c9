"""``onearm dose``: the dosing calendar of a study, or of one of its subjects.

Takes a study folder and what is known of a patient, gives the planned
calendar; with a subject, what was given beside what was planned. Writes a CSV
or an iCalendar file where asked. A check against the protocol, never medical
advice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onearm.clinical.dose_amounts import shown
from onearm.clinical.dosing_calendar import DosingCalendar, PlannedAssessment, planned_calendar
from onearm.clinical.modification import Proposal, propose
from onearm.errors import InputError
from onearm.format import plain, text_table
from onearm.io.csv import write_table
from onearm.io.icalendar import Entry, write_calendar
from onearm.io.yaml import read_yaml
from onearm.pipeline.dose_given import DoseOfSubject, dose_subject
from onearm.pipeline.dose_inputs import body_of, current_of, day_of, events_of, weights_of
from onearm.pipeline.dose_words import (
    ADVICE,
    date_lines,
    date_name,
    proposal_lines,
    record_json,
    section,
)
from onearm.protocol.model import Assumption, Protocol
from onearm.protocol.parse import parse_protocol
from onearm.protocol.treatment import Treatment
from onearm.protocol.values import Amount

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
        lines += section("Dates:", date_lines(found.dates))
        lines += section(
            "Assessments counted from the first dose, which no delay moves:",
            [f"  {one.date}  {one.label}{_window(one)}" for one in found.assessments],
        )
        lines += section("Proposed by the rules of the protocol:", proposal_lines(self.proposals))
        lines += section("", list(found.notes))
        lines += section(
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
            "cycles": [record_json(cycle) for cycle in found.cycles],
            "doses": [{**record_json(dose), "days": dose.days} for dose in found.doses],
            "assessments": [record_json(one) for one in found.assessments],
            "amounts": [record_json(amount) for amount in found.amounts],
            "dates": [record_json(one) for one in found.dates],
            "proposals": [record_json(one) for one in self.proposals],
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
            ["date", None, None, date_name(d), d.date, d.date, 1, *[None] * 6, d.reason]
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
            found.append(Entry(key, one.date, one.date, date_name(one), text))
        yield from sorted(found, key=lambda entry: (entry.first_date, entry.key))


PLAN_HEADER = ("Cycle", "Phase", "Days", "From", "To", "Drug", "Dose a day", "Route", "Infusion")


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
    if current and not events:
        raise InputError("--at-dose is the dose at an --event; got none")
    _check_levels(current, protocol.treatment)
    given = {dose.drug for dose in calendar.doses}
    proposals = [
        one
        for one in propose(events_of(events), protocol.treatment, current=current, is_asked=True)
        if one.drug in given
    ]
    assumed = tuple(one for one in protocol.assumptions if one.field.startswith("treatment"))
    return DoseCalendar(protocol.study.id, calendar, tuple(proposals), assumed)


def _check_levels(current: Mapping[str, Amount], treatment: Treatment) -> None:
    """Refuse a dose that is no level of a drug that has levels."""
    for drug in treatment.drugs:
        at = current.get(drug.name)
        if at is not None and drug.levels and at not in (drug.amount, *drug.levels):
            levels = ", ".join(dict.fromkeys(map(str, (drug.amount, *drug.levels))))
            raise InputError(f"--at-dose of {drug.name} must be one of {levels}; got {at}")


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


def _window(one: PlannedAssessment) -> str:
    return "" if one.earliest == one.latest else f" ({one.earliest} to {one.latest})"
