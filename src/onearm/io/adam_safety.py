"""ADAE, ADEX and ADLB: adverse events, exposure and laboratory values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from onearm.clinical.records import AdverseEvent
from onearm.io.adam_metadata import ParameterAbout
from onearm.io.adam_patient import Exposure, LabValue, Patient
from onearm.io.adam_tables import STEM, Row, coded, flag, source_of, study_day, yes_no
from onearm.protocol.model import Protocol

ACTIONS = {
    "NONE": "DOSE NOT CHANGED",
    "INTERRUPTED": "DRUG INTERRUPTED",
    "REDUCED": "DOSE REDUCED",
    "DISCONTINUED": "DRUG WITHDRAWN",
}
OUTCOMES = {
    "RECOVERED": "RECOVERED/RESOLVED",
    "RECOVERING": "RECOVERING/RESOLVING",
    "NOT RECOVERED": "NOT RECOVERED/NOT RESOLVED",
    "SEQUELAE": "RECOVERED/RESOLVED WITH SEQUELAE",
}


def event_rows(patient: Patient, protocol: Protocol) -> Iterator[Row]:
    """Yield a record for each adverse event, flagged where it is the first or the worst."""
    events = list(patient.records.adverse_events or ())
    pairs = zip(events, patient.emergent, strict=True)
    emergent = [event for event, is_emergent in pairs if is_emergent]
    firsts = {
        "AOCCFL": _firsts(emergent, lambda event: "", by_grade=False),
        "AOCCSFL": _firsts(emergent, lambda event: event.system_organ_class, by_grade=False),
        "AOCCPFL": _firsts(emergent, lambda event: event.term, by_grade=False),
        "AOCCIFL": _firsts(emergent, lambda event: "", by_grade=True),
        "AOCCPIFL": _firsts(emergent, lambda event: event.term, by_grade=True),
    }
    for event, is_emergent in zip(events, patient.emergent, strict=True):
        yield {
            **_event(event, patient),
            **interests(event, protocol),
            **{name: flag(event.source in found) for name, found in firsts.items()},
            "TRTEMFL": flag(is_emergent),
            "ANL01FL": flag(is_emergent),
        }


def _event(event: AdverseEvent, patient: Patient) -> Row:
    grade = None if event.grade is None else str(event.grade)
    outcome = event.outcome
    return {
        "AETERM": event.term,
        "AEDECOD": event.term,
        "AEBODSYS": event.system_organ_class,
        "ASTDT": event.onset_date,
        "ASTDY": study_day(event.onset_date, patient.first_dose),
        "AENDT": event.end_date,
        "AENDY": study_day(event.end_date, patient.first_dose),
        "AETOXGR": grade,
        "ATOXGR": grade,
        "ATOXGRN": event.grade,
        "AESER": yes_no(event.is_serious),
        "AEREL": yes_no(event.is_related),
        "AERELDRG": "; ".join(event.related_to),
        "AEIRFL": yes_no(event.is_immune_related),
        "AEACN": ACTIONS.get(event.action or ""),
        "AEACNDRG": "; ".join(event.action_drugs),
        "AEOUT": None if outcome is None else OUTCOMES.get(outcome, outcome),
        **source_of(event, "term"),
    }


def _firsts(
    events: Sequence[AdverseEvent], group: Callable[[AdverseEvent], str | None], *, by_grade: bool
) -> set[object]:
    """Return where the first event of each group stands; with ``by_grade`` of the highest grade."""
    found: dict[str | None, AdverseEvent] = {}
    for event in sorted(events, key=_when):
        known = found.get(group(event))
        if known is None or (by_grade and (event.grade or 0) > (known.grade or 0)):
            found[group(event)] = event
    return {event.source for event in found.values()}


def _when(event: AdverseEvent) -> tuple[str, int]:
    onset = event.onset_date
    return "" if onset is None else onset.isoformat(), event.source.line


def interests(event: AdverseEvent, protocol: Protocol) -> Row:
    """Return the customised queries (CQzzNAM) that an event belongs to."""
    found: Row = {}
    for number, interest in enumerate(protocol.safety.special_interest, 1):
        if event.term.casefold() in {term.casefold() for term in interest.terms}:
            found[f"CQ{number:02d}NAM"] = interest.label
    return found


def exposure_rows(patient: Patient, parameters: Mapping[str, ParameterAbout]) -> Iterator[Row]:
    """Yield each administration as it was given, and what all of a drug come to."""
    numbers = {one.drug: one.number for one in patient.exposures}
    for dose in patient.records.doses or ():
        if dose.drug not in numbers:
            continue
        end = dose.end_date or dose.start_date
        yield {
            **_of(parameters["DOSE"], dose.drug, numbers[dose.drug]),
            "EXCYCLE": dose.cycle,
            "ASTDT": dose.start_date,
            "ASTDY": study_day(dose.start_date, patient.first_dose),
            "AENDT": end,
            "AENDY": study_day(end, patient.first_dose),
            "AVAL": dose.dose,
            "AVALU": dose.unit,
            "EXADJ": dose.change,
            "EXADJRS": dose.change_reason,
            **source_of(dose, "dose"),
        }
    for exposure in patient.exposures:
        yield from _overall(patient, exposure, parameters)


def _of(about: ParameterAbout, drug: str, number: int) -> Row:
    return {
        STEM: about.code,
        "PARAMCD": coded(about.code, str(number)),
        "PARAM": about.label.format(drug=drug),
        "PARCAT1": about.category,
        "EXTRT": drug,
    }


def _overall(
    patient: Patient, exposure: Exposure, parameters: Mapping[str, ParameterAbout]
) -> Iterator[Row]:
    percent = None if exposure.relative is None else 100 * exposure.relative
    values: tuple[tuple[str, float | None, str | None], ...] = (
        ("TDURD", (exposure.last - exposure.first).days + 1, "DAYS"),
        ("NUMCYC", exposure.cycles, "CYCLES"),
        ("TDOSE", exposure.given, exposure.unit),
        ("PDOSE", exposure.planned, exposure.unit),
        ("DOSINT", exposure.a_week, f"{exposure.unit}/week"),
        ("RDI", percent, "%"),
    )
    about = {
        "ASTDT": exposure.first,
        "ASTDY": study_day(exposure.first, patient.first_dose),
        "AENDT": exposure.last,
        "AENDY": study_day(exposure.last, patient.first_dose),
        "AREASON": exposure.reason,
    }
    for code, value, unit in values:
        if value is not None:
            parameter = _of(parameters[code], exposure.drug, exposure.number)
            yield {**parameter, **about, "AVAL": value, "AVALU": unit}
    reduced = yes_no(exposure.is_reduced)
    parameter = _of(parameters["DOSRED"], exposure.drug, exposure.number)
    yield {**parameter, **about, "AVALC": reduced, "AVAL": int(exposure.is_reduced)}


def lab_rows(patient: Patient) -> Iterator[Row]:
    """Yield a record for each laboratory value, beside its baseline and flagged where worst."""
    bases = {one.code: one for one in patient.labs if one.is_base}
    worst_low = _worst(patient.labs, lambda one: one.low)
    worst_high = _worst(patient.labs, lambda one: one.high)
    for one in patient.labs:
        lab, base = one.lab, bases.get(one.code)
        is_later = base is not None and not one.is_base and lab.date >= base.lab.date
        yield {
            "PARAMCD": one.code,
            "PARAM": f"{one.name} ({one.unit})" if one.unit else one.name,
            "ADT": lab.date,
            "ADY": study_day(lab.date, patient.first_dose),
            "AVAL": one.value,
            "AVALC": lab.value if one.value is None else None,
            "AVALU": one.unit if one.value is not None else None,
            "LBORRES": lab.value,
            "LBORRESU": lab.unit,
            "ANRLO": one.lln,
            "ANRHI": one.uln,
            "ABLFL": flag(one.is_base),
            "BASE": base and base.value,
            **(_change(one.value, base.value) if base is not None and is_later else {}),
            "ATOXGRL": _grade(one.low),
            "ATOXGRH": _grade(one.high),
            "BTOXGRL": base and _grade(base.low),
            "BTOXGRH": base and _grade(base.high),
            "ONTRTFL": flag(one.is_on_treatment),
            "WORS01FL": flag(lab.source in worst_low),
            "WORS02FL": flag(lab.source in worst_high),
            "AREASON": one.reason,
            **source_of(lab, "value"),
        }


def _grade(grade: int | None) -> str | None:
    return None if grade is None else str(grade)


def _change(value: float | None, base: float | None) -> Row:
    if value is None or base is None:
        return {}
    return {"CHG": value - base, "PCHG": 100 * (value - base) / base if base else None}


def _worst(labs: Sequence[LabValue], grade: Callable[[LabValue], int | None]) -> set[object]:
    """Return where the first value on treatment with the highest grade of each analyte stands."""
    found: dict[str, LabValue] = {}
    for one in sorted(labs, key=lambda one: (one.lab.date, one.lab.source.line)):
        known, own = found.get(one.code), grade(one)
        if own is None or not one.is_on_treatment:
            continue
        if known is None or own > (grade(known) or 0):
            found[one.code] = one
    return {one.lab.source for one in found.values()}
