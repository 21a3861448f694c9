"""Adverse events of one subject: which are treatment-emergent, and which grades values contradict.

Takes records and graded laboratory values of one subject. Knows no other
subject and counts nothing.

* Treatment-emergent: the onset lies on or after the day of the first dose and,
  where the protocol says how long, at most so many days after the last dose. An
  event without an onset is emergent unless it ended before the first dose; a
  worsening is a row of its own, with its own onset.
* Time at risk runs from the first dose (``date - first dose + 1``) to the first
  such event, else to the end of the window; never past death or the last day
  of follow-up.
* A reported grade is compared with the values of the same CTCAE term between
  onset and end. One below the highest grade given is a warning. One above it is
  a note: it may rest on what no number says, such as a transfusion.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import floor

from onearm.clinical.derived import Grade
from onearm.clinical.lab_course import dosed
from onearm.clinical.records import AdverseEvent, SubjectRecords
from onearm.errors import Finding, Place
from onearm.format import source_lines

SYNONYMS = {
    "anaemia": "anemia",
    "haemoglobin decreased": "anemia",
    "neutropenia": "neutrophil count decreased",
    "leukopenia": "white blood cell decreased",
    "leucopenia": "white blood cell decreased",
    "white blood cell count decreased": "white blood cell decreased",
    "lymphopenia": "lymphocyte count decreased",
    "thrombocytopenia": "platelet count decreased",
    "alt increased": "alanine aminotransferase increased",
    "ast increased": "aspartate aminotransferase increased",
    "gamma-glutamyltransferase increased": "ggt increased",
    "gamma-glutamyl transferase increased": "ggt increased",
    "creatine phosphokinase increased": "cpk increased",
    "blood creatine phosphokinase increased": "cpk increased",
    "creatine kinase increased": "cpk increased",
    "bilirubin increased": "blood bilirubin increased",
    "lactate dehydrogenase increased": "blood lactate dehydrogenase increased",
    "blood alkaline phosphatase increased": "alkaline phosphatase increased",
    "thyroid-stimulating hormone increased": "thyroid stimulating hormone increased",
    "tsh increased": "thyroid stimulating hormone increased",
    "blood creatinine increased": "creatinine increased",
    "hyperbilirubinaemia": "blood bilirubin increased",
    "hyperbilirubinemia": "blood bilirubin increased",
    "hypertriglyceridaemia": "hypertriglyceridemia",
    "hypercholesterolaemia": "cholesterol high",
    "hypercholesterolemia": "cholesterol high",
    "hyperuricaemia": "hyperuricemia",
    "hypoalbuminaemia": "hypoalbuminemia",
    "hypokalaemia": "hypokalemia",
    "hyperkalaemia": "hyperkalemia",
    "hyponatraemia": "hyponatremia",
    "hypernatraemia": "hypernatremia",
    "hypocalcaemia": "hypocalcemia",
    "hypercalcaemia": "hypercalcemia",
    "hypomagnesaemia": "hypomagnesemia",
    "hypermagnesaemia": "hypermagnesemia",
    "hypoglycaemia": "hypoglycemia",
    "hyperglycaemia": "hyperglycemia",
    "amylase increased": "serum amylase increased",
    "proteinuria": "urinary protein increased",
    "urine protein increased": "urinary protein increased",
}
"""Names under which an event is reported, in lower case: the CTCAE term of the value."""


def is_emergent(
    event: AdverseEvent, days: tuple[dt.date, dt.date] | None, emergent_days: Fraction | None
) -> bool:
    """Return whether an event is treatment-emergent; ``days`` are those of first and last dose."""
    if days is None:
        return False
    first, last = days
    if event.onset_date is None:
        return event.end_date is None or event.end_date >= first
    if event.onset_date < first:
        return False
    return emergent_days is None or (event.onset_date - last).days <= emergent_days


def window_at_risk(
    records: SubjectRecords, emergent_days: Fraction | None
) -> tuple[dt.date, dt.date] | None:
    """Return the days from which and to which a subject can have an emergent event.

    From the first dose to the end of the emergent window, or to the last contact before it.
    None for a subject without a dose.
    """
    days = dosed(records)
    if days is None:
        return None
    first, last = days
    end = last + dt.timedelta(days=floor(emergent_days or 0))
    contacts = [row.date for row in records.follow_up or ()]
    return first, max(last, min(end, max(contacts))) if contacts else end


def days_at_risk(
    window: tuple[dt.date, dt.date] | None, events: Sequence[AdverseEvent]
) -> int | None:
    """Return the days from the first dose to the first of the events, else to the window's end.

    None for a subject without a dose, or with an event of unknown onset.
    """
    onsets = [event.onset_date for event in events if event.onset_date is not None]
    if window is None or len(onsets) < len(events):
        return None
    first, end = window
    return (min(onsets, default=end) - first).days + 1


def term_of(event: AdverseEvent) -> str:
    """Return the CTCAE term under which an event's values are graded, in lower case.

    >>> term_of(AdverseEvent("S01", "Elevated gamma-glutamyltransferase"))
    'ggt increased'
    """
    name = event.term.strip().lower()
    for word, ending in (
        ("elevated", "increased"),
        ("increased", "increased"),
        ("decreased", "decreased"),
    ):
        if name.startswith(f"{word} "):
            name = f"{name.removeprefix(word).strip()} {ending}"
    return SYNONYMS.get(name, name)


def grade_findings(
    events: Sequence[AdverseEvent], grades: Sequence[Grade], *, today: dt.date | None = None
) -> Iterator[Finding]:
    """Yield a finding for each event whose grade the values of its term contradict.

    ``today`` ends an event that has no end: the data cut-off; by default it lasts.
    """
    by_term: dict[str, list[Grade]] = {}
    for grade in grades:
        if grade.term is not None and grade.grade:
            by_term.setdefault(SYNONYMS.get(grade.term.lower(), grade.term.lower()), []).append(
                grade
            )
    for event in events:
        if event.grade is None or event.onset_date is None:
            continue
        end = event.end_date or today or dt.date.max
        within = [g for g in by_term.get(term_of(event), ()) if event.onset_date <= g.date <= end]
        worst = max(within, key=lambda g: (g.grade or 0, -g.date.toordinal()), default=None)
        if worst is not None and worst.grade != event.grade:
            yield _finding(event, worst)


def _finding(event: AdverseEvent, worst: Grade) -> Finding:
    found = worst.grade or 0
    is_below = (event.grade or 0) < found
    message = (
        f"{event.term} is reported as grade {event.grade}, the worst value in that time is "
        f"grade {found} on {worst.date} ({worst.reason}; {source_lines(worst.sources[:1])})"
    )
    place = Place(event.source.file, event.source.line, None, "grade")
    code = "grade-differs"
    return Finding("warning" if is_below else "note", code, message, place, event.subject_id)
