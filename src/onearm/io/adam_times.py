"""ADTTE: the times to an event, each with what ended it and where that stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from onearm.clinical.derived import Event, NotKnown
from onearm.io.adam_metadata import ParameterAbout
from onearm.io.adam_patient import Judgement, Patient
from onearm.io.adam_responses import POINT
from onearm.io.adam_tables import STEM, Row, coded, study_day

CODES = {"os": "OS", "pfs": "PFS", "dor": "RSD", "ttr": "TTR", "ipfs": "IPFS", "idor": "IRSD"}
PRESETS = {"paper": "PFSPAPER", "fda": "PFSFDA", "ema": "PFSEMA"}
EVENTS = {
    "PD": "Disease Progression",
    "DEATH": "Death",
    "DEATH_EARLY": "Death",
    "NACT": "New Anti-Cancer Therapy",
    "CLIN": "Symptomatic Deterioration",
    "DISC": "Treatment Discontinuation",
    "RESPONSE": "Response",
    "RECORDED": "Event as Recorded",
}
CENSORED = {"NACT": 2, "MISS2": 3, "DISC": 4, "CLIN": 5, "NOBASE": 6, "NOPOST": 7, "RECORDED": 8}
LAST, ALIVE, START = "Last Tumor Assessment", "Alive", "Reference Date"
RECORDED = "Censored as Recorded"


def time_rows(patient: Patient, parameters: Mapping[str, ParameterAbout]) -> Iterator[Row]:
    """Yield a record for each time to an event of one subject."""
    for judgement in patient.judgements:
        for endpoint, event in judgement.events.items():
            about = parameters[CODES[endpoint]]
            if about.is_once and judgement.mark:
                continue
            yield _row(patient, judgement, about, event, endpoint)
        for endpoint, one in judgement.unknown.items():
            about = parameters[CODES[endpoint]]
            if endpoint not in judgement.events and not (about.is_once and judgement.mark):
                yield _unknown(patient, judgement, about, one, endpoint)
    for preset, event in patient.presets.items():
        yield _row(patient, patient.judgements[0], parameters[PRESETS[preset]], event, "pfs")
    for preset, one in patient.unknown_presets.items():
        if preset not in patient.presets:
            yield _unknown(patient, patient.judgements[0], parameters[PRESETS[preset]], one, "pfs")


def _parameter(of: Judgement, about: ParameterAbout, endpoint: str) -> Row:
    return {
        STEM: about.code,
        "PARAMCD": about.code if about.is_once else coded(about.code, of.mark),
        "PARAM": about.label.format(evaluator=of.who),
        "PARCAT1": about.category,
        "PARCAT2": None if endpoint == "os" else of.who,
        "PARCAT3": about.criteria,
        "AVALU": "DAYS",
    }


def _unknown(
    patient: Patient, of: Judgement, about: ParameterAbout, one: NotKnown, endpoint: str
) -> Row:
    """Return the record of a time of which not even the event is known: it holds the reason."""
    start = None if endpoint in ("dor", "idor") else patient.reference_date
    return {**_parameter(of, about, endpoint), "STARTDT": start, "AREASON": one.reason}


def _row(
    patient: Patient, of: Judgement, about: ParameterAbout, event: Event, endpoint: str
) -> Row:
    return {
        **_parameter(of, about, endpoint),
        "STARTDT": event.start,
        "ADT": event.end,
        "ADY": study_day(event.end, patient.reference_date),
        "AVAL": event.days,
        "CNSR": 0 if event.is_event else CENSORED.get(event.rule, 1),
        "AREASON": event.reason,
        **_ended(patient, of, event, endpoint),
    }


def _ended(patient: Patient, of: Judgement, event: Event, endpoint: str) -> Row:
    """Return what happened on the last day, and the record that holds this day."""
    is_irecist = endpoint.startswith("i")
    if event.end is None:  # recorded without days, or the day was recorded in part only
        censored = RECORDED if event.rule == "RECORDED" else ALIVE if endpoint == "os" else LAST
        what = EVENTS[event.rule] if event.is_event else censored
        return {"EVNTDESC": what, "CNSDTDSC": None if event.is_event else censored}
    at = _assessment(of, event.end, "IOVR" if is_irecist else "OVR")
    if event.is_event:
        what = EVENTS[event.rule]
        if what == "Death":
            return {"EVNTDESC": what, **_in_adsl("DTHDT")}
        if event.rule == "NACT":
            return {"EVNTDESC": what, **_in_adsl("NACTDT")}
        if at is None:
            return {"EVNTDESC": what, **_in_adsl("EOTDT")}
        return {"EVNTDESC": what, **at}
    if endpoint == "os":
        words = ALIVE if event.rule == "CUT" else START
        where = _in_adsl("LSTALVDT" if event.rule == "CUT" else "REFDT")
        described = "Alive During Study" if event.rule == "CUT" else START
        return {"EVNTDESC": words, "CNSDTDSC": described, **where}
    words = LAST if at is not None else START
    return {"EVNTDESC": words, "CNSDTDSC": words, **(at or _in_adsl("REFDT"))}


def _in_adsl(variable: str) -> Row:
    return {"SRCDOM": "ADSL", "SRCVAR": variable}


def _assessment(of: Judgement, day: dt.date, code: str) -> Row | None:
    """Return the record of ADRS that holds the assessment of a day."""
    for point in of.points:
        if point.date == day:
            where = (coded(code, of.mark), point.date, point.visit)
            return {"SRCDOM": "ADRS", "SRCVAR": "ADT", POINT: where}
    return None
