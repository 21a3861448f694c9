"""From an analysed study to what the analysis data sets are laid out from.

Takes the records, what the rules derived of them, and the study's options; asks
the rules for what their answers do not carry: what each target adds to the sum,
which time points count, which values lie on treatment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from string import ascii_uppercase

from onearm.clinical.adverse_events import is_emergent
from onearm.clinical.best import has_disease_control, unconfirmed_ibor
from onearm.clinical.certain import agreed
from onearm.clinical.derived import BestResponse, Event, Grade, TimePoint
from onearm.clinical.lab_course import dosed, grades_of
from onearm.clinical.labs import Grader, analyte_code, baselines
from onearm.clinical.lesions import Limits, declare, target_values
from onearm.clinical.readings import PlannedReading, planned_readings
from onearm.clinical.records import Lab, PartialDate, SubjectRecords, known_day
from onearm.clinical.sequence import WORST_FIRST, Circumstances, counts
from onearm.clinical.subject import (
    SubjectAnswers,
    baseline_of,
    circumstances,
    death_of,
    last_known_contact,
    limits_of,
    new_therapy_of,
    reference_date,
)
from onearm.clinical.units import exact, find_analyte
from onearm.clinical.visits import assemble_visits, choose_baseline, has_target
from onearm.errors import InputError
from onearm.io.adam_patient import (
    Exposure,
    Judgement,
    LabValue,
    LesionValue,
    Patient,
    Scan,
    Tumours,
)
from onearm.io.adam_times import CODES, PRESETS
from onearm.pipeline.lab_findings import criteria_of
from onearm.pipeline.run import Analysed
from onearm.protocol.model import Protocol
from onearm.protocol.response import ResponseRules
from onearm.terms import IResponse

ACRONYM = 4
Directions = Mapping[str, frozenset[str]]
Found = tuple[str, str, str, str, tuple[TimePoint, ...], BestResponse, dict[str, Event]]


def patients_of(analysed: Analysed) -> tuple[Patient, ...]:
    """Return every subject of an analysed study, in the order of the identifiers."""
    study = analysed.study
    readings = planned_readings(study.subjects, study.protocol.response)
    if len(readings) > len(ascii_uppercase) - 1:
        raise InputError(f"{study.folder}: more than {len(ascii_uppercase) - 1} readers")
    ctcae = criteria_of(study)
    grader = None if ctcae is None else Grader(ctcae)
    directions: dict[str, frozenset[str]] = {}
    for term in () if ctcae is None else ctcae.terms:
        known = directions.get(term.analyte, frozenset())
        directions[term.analyte] = known | {term.direction}
    return tuple(
        _patient(records, answers, study.protocol, readings, grader, directions)
        for records, answers in zip(study.subjects, analysed.derived, strict=True)
    )


def _patient(
    records: SubjectRecords,
    answers: SubjectAnswers,
    protocol: Protocol,
    readings: Sequence[PlannedReading],
    grader: Grader | None,
    directions: Directions,
) -> Patient:
    start = reference_date(records.subject, protocol.response.rules)
    about, days = circumstances(records, protocol, start), dosed(records)
    until = protocol.safety.emergent_until
    window = None if until is None else until.days
    death, therapy = death_of(records), new_therapy_of(records)
    judgements = tuple(_judgements(records, answers, protocol, readings, about))
    return Patient(
        records,
        {member.set: member.is_member for member in answers.memberships},
        start,
        days[0] if days else None,
        days[1] if days else None,
        therapy[0] if therapy else None,
        death.date if death else last_known_contact(records),
        judgements,
        tuple(_tumours(records, answers, protocol, judgements)),
        answers.pfs_by_preset,
        {name: one for name in PRESETS if (one := answers.unknown_time("pfs", name))},
        answers.best_change.visit,
        tuple(is_emergent(event, days, window) for event in records.adverse_events or ()),
        tuple(_exposures(answers, protocol)),
        tuple(_labs(records, grader, directions, days, window)),
    )


def _judgements(
    records: SubjectRecords,
    answers: SubjectAnswers,
    protocol: Protocol,
    readings: Sequence[PlannedReading],
    about: Circumstances,
) -> Iterator[Judgement]:
    """Yield the primary evaluator's judgement, then those of the other sources and evaluators."""
    plan = protocol.response
    found: list[Found] = [("", "", plan.primary_evaluator, plan.primary_source,
              answers.time_points, answers.best, answers.events)]  # fmt: skip
    for mark, planned in zip(ascii_uppercase[1:], readings, strict=False):
        one = answers.readings[planned.name]
        found.append(
            (mark, one.name, one.evaluator, one.source, one.time_points, one.best, one.events)
        )
    for mark, variant, evaluator, source, points, best, events in found:
        baseline = baseline_of(records, protocol, evaluator)
        is_measurable = baseline is not None and has_target(baseline)
        ibor = None
        if best.ibor is not None or any(known_day(point.date) is None for point in points):
            ibor = agreed(
                points,
                limits_of(records, protocol),
                lambda dated: unconfirmed_ibor(dated, plan.rules, about),
            )
        yield Judgement(
            mark,
            _who(evaluator, source, plan.primary_source),
            points,
            _counted(points, plan.rules, about),
            best,
            ibor,
            _controls(best, ibor, plan.rules),
            is_measurable,
            baseline.visit.last_date if baseline is not None and is_measurable else None,
            events,
            {name: why for name in CODES if (why := answers.unknown_time(name, variant))},
        )


def _who(evaluator: str, source: str, primary: str) -> str:
    """Return an evaluator in words: 'Investigator', 'IRC', 'Reader 1 (recorded)'."""
    words = evaluator if len(evaluator) <= ACRONYM else evaluator.title()
    return words if source == primary else f"{words} ({source})"


def _counted(
    points: Sequence[TimePoint], rules: ResponseRules, about: Circumstances
) -> frozenset[tuple[dt.date, str]]:
    """Return the time points that count: in the window, and the worst of their day."""
    worst: dict[dt.date, TimePoint] = {}
    for point in points:
        days = [point.date]
        if isinstance(point.date, PartialDate):
            days = [point.date.earliest, point.date.latest]
        if not all(counts(day, rules, about) for day in days):
            continue
        known = worst.get(point.date)
        if known is None or _rank(point) < _rank(known):
            worst[point.date] = point
    return frozenset((point.date, point.visit) for point in worst.values())


def _rank(point: TimePoint) -> int:
    return WORST_FIRST.index(point.overall)


def _controls(
    best: BestResponse, ibor: IResponse | None, rules: ResponseRules
) -> dict[str, bool | None]:
    """Return clinical benefit by the code of its parameter; NON-CR/NON-PD by the option."""
    stable = [IResponse.ICR, IResponse.IPR, IResponse.ISD]
    if rules.dcr_counts_non_cr_non_pd:
        stable.append(IResponse.NON_ICR_NON_IUPD)
    return {
        "CB": has_disease_control(best.best, rules),
        "CCB": best.disease_control,
        "CCBSUS": best.clinical_benefit,
        "ICB": None if ibor is None else ibor in stable,
        "ICCB": None if best.ibor is None else best.ibor in stable,
    }


def _tumours(
    records: SubjectRecords,
    answers: SubjectAnswers,
    protocol: Protocol,
    judgements: Sequence[Judgement],
) -> Iterator[Tumours]:
    """Yield the targets of each evaluator who measured, by the mark of the evaluator."""
    plan = protocol.response
    marks = {plan.primary_evaluator: judgements[0]}
    for name, judgement in zip(answers.readings, judgements[1:], strict=True):
        marks.setdefault(answers.readings[name].evaluator, judgement)
    for evaluator, judgement in marks.items():
        scans = tuple(_scans(records, protocol, evaluator))
        if scans:
            yield Tumours(judgement.mark, judgement.who, scans, judgement.points)


def _scans(records: SubjectRecords, protocol: Protocol, evaluator: str) -> Iterator[Scan]:
    rules = protocol.response.rules
    start = reference_date(records.subject, rules)
    rows = [row for row in records.lesions or () if row.evaluator == evaluator]
    visits = assemble_visits(rows, rules, start)
    baseline = choose_baseline(visits, start)
    if baseline is None:
        return
    first, limits = baseline.visit, Limits(rules)
    later = [visit for visit in visits if visit.first_date > first.last_date]
    declared = declare(first, [first, *later], limits)
    organs = {row.lesion_id: row.organ for row in first.rows}
    for visit in (first, *later):
        own = {row.lesion_id: row for row in visit.rows}
        values = target_values(visit, declared.targets, declared.fragments, limits)
        lesions = tuple(
            LesionValue(
                name,
                organs.get(name),
                declared.targets[name],
                value,
                own[name].date if name in own else visit.first_date,
                own[name].source if name in own else None,
            )
            for name, value in values.items()
        )
        yield Scan(visit.label, visit.last_date, visit is first, lesions)


def _exposures(answers: SubjectAnswers, protocol: Protocol) -> Iterator[Exposure]:
    intensities = {one.drug: one for one in answers.intensities}
    summaries = {one.drug: one for one in answers.doses}
    for number, drug in enumerate(protocol.treatment.drugs, 1):
        summary, intensity = summaries.get(drug.name), intensities.get(drug.name)
        if summary is None:
            continue
        relative = None if intensity is None else intensity.relative
        yield Exposure(
            number,
            drug.name,
            summary.first_date,
            summary.last_date,
            summary.cycles,
            summary.is_reduced,
            None if intensity is None else intensity.unit,
            None if intensity is None else float(intensity.given),
            None if intensity is None or intensity.planned is None else float(intensity.planned),
            None if intensity is None else float(intensity.a_week),
            None if relative is None else float(relative),
            summary.reason if intensity is None else intensity.reason,
        )


def _labs(
    records: SubjectRecords,
    grader: Grader | None,
    directions: Directions,
    days: tuple[dt.date, dt.date] | None,
    window: Fraction | None,
) -> Iterator[LabValue]:
    labs = records.labs or ()
    grades = [None] * len(labs) if grader is None else grades_of(labs, grader)
    bases = {id(lab) for lab in baselines(labs).values()}
    for lab, grade in zip(labs, grades, strict=True):
        analyte = find_analyte(lab.test)
        code = (analyte.code if analyte else "".join(filter(str.isalnum, lab.test.upper())))[:8]
        low, high = _low_and_high(grade, directions.get(analyte_code(lab.test) or "", frozenset()))
        yield LabValue(
            lab,
            code,
            analyte.name if analyte else lab.test,
            analyte.unit if analyte else lab.unit,
            _in_unit(lab, lab.value),
            _in_unit(lab, lab.lln),
            _in_unit(lab, lab.uln),
            low,
            high,
            id(lab) in bases,
            _is_on_treatment(lab, days, window),
            grade.reason if grade else "",
        )


def _in_unit(lab: Lab, value: object) -> float | None:
    """Return a number in the unit of its analyte; None for words and for an unknown unit."""
    try:
        number = Fraction(str(value))
        analyte = find_analyte(lab.test)
        if analyte is None or not analyte.units:
            return float(number)
        return float(exact(number, lab.unit or "", analyte.unit, analyte.code))
    except (ValueError, ZeroDivisionError, InputError):
        return None


def _low_and_high(grade: Grade | None, directions: frozenset[str]) -> tuple[int | None, int | None]:
    """Return the grade of a low and of a high value; a grade in one direction is 0 in the other."""
    if grade is None or grade.grade is None:
        return None, None
    found = {
        one: grade.grade if grade.direction in (None, one) else 0
        for one in ("low", "high")
        if one in directions
    }
    return found.get("low"), found.get("high")


def _is_on_treatment(
    lab: Lab, days: tuple[dt.date, dt.date] | None, window: Fraction | None
) -> bool:
    if days is None or lab.is_baseline or lab.date <= days[0]:
        return False
    return window is None or (lab.date - days[1]).days <= window
