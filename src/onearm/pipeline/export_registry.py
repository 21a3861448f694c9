"""The results of a study as a draft for ClinicalTrials.gov, with what a person must add."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from onearm.clinical.adverse_events import is_emergent
from onearm.clinical.lab_course import dosed
from onearm.clinical.records import AdverseEvent
from onearm.io.csv import table_text
from onearm.io.json_fields import JsonField
from onearm.io.registry import (
    THRESHOLD_PERCENT,
    SafetyCounts,
    TermCount,
    json_text,
    record,
    traces,
)
from onearm.io.registry_results import posted_numbers, posted_text
from onearm.pipeline.export import Content
from onearm.pipeline.run import Analysed, analyse

MISSING = "NO SYSTEM ORGAN CLASS"
TO_ADD = (
    "to be added by hand: assignment and recruitment details, the race and ethnicity of "
    "participants, certain agreements, the point of contact, and the limitations"
)


def content(study: Path, formats: Sequence[str]) -> Content:
    """Return the results section of a study's record."""
    del formats  # the registry takes JSON
    analysed = analyse(study)
    safety = _safety(analysed)
    made = record(analysed.study.protocol, analysed.results.by_id(), safety)
    posted = posted_numbers(JsonField("registry.json", "", made))
    texts = {
        "registry.json": json_text(made),
        "registry.txt": posted_text(posted),
        "registry-trace.csv": table_text(("path", "value", "results"), traces(made)),
    }
    notes = [TO_ADD]
    if analysed.study.origins:
        notes.append(f"patient data: {', '.join(sorted(analysed.study.origins)).lower()}")
    return Content((), texts, tuple(notes))


def _safety(analysed: Analysed) -> SafetyCounts | None:
    """Count the treatment-emergent events of treated subjects by term; None if not collected."""
    until = analysed.study.protocol.safety.emergent_until
    window = None if until is None else until.days
    pairs = zip(analysed.study.subjects, analysed.derived, strict=True)
    treated = [records for records, one in pairs if one.membership("treated").is_member]
    if any(records.adverse_events is None for records in analysed.study.subjects):
        return None
    events = [
        event
        for records in treated
        for event in records.adverse_events or ()
        if is_emergent(event, dosed(records), window)
    ]
    serious = _by_term(event for event in events if event.is_serious)
    other = [
        one
        for one in _by_term(event for event in events if not event.is_serious)
        if 100 * one.subjects > THRESHOLD_PERCENT * len(treated)
    ]
    listed = {one.term for one in other}
    return SafetyCounts(
        len(treated),
        sum(any(row.status == "DEAD" for row in one.follow_up or ()) for one in treated),
        len({event.subject_id for event in events if event.is_serious}),
        len({e.subject_id for e in events if not e.is_serious and e.term in listed}),
        tuple(serious),
        tuple(other),
    )


def _by_term(events: Iterable[AdverseEvent]) -> list[TermCount]:
    """Return the terms by organ class and name; a subject counts once a term."""
    found: dict[tuple[str, str], list[AdverseEvent]] = {}
    for event in events:
        found.setdefault((event.system_organ_class or MISSING, event.term), []).append(event)
    return [
        TermCount(term, organ, len({event.subject_id for event in own}), len(own))
        for (organ, term), own in sorted(found.items())
    ]
