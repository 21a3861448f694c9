"""Doses that the protocol does not allow, as findings for the report and the check.

Takes what one subject was given beside the plan, gives a warning a dose. A
delay, a reduction or an omission is no finding: it is allowed, and counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from onearm.clinical.dose_course import DoseCourse, DrugCycle
from onearm.errors import Finding, Place
from onearm.protocol.treatment import Treatment

NOT_ALLOWED = (
    "NOT MODIFIABLE",
    "OFF LEVEL",
    "INFUSION TIME",
    "HELD TOO LONG",
    "AFTER LAST ALLOWED DAY",
)


def dose_findings(course: DoseCourse, treatment: Treatment) -> Iterator[Finding]:
    """Yield a warning for each drug and cycle whose doses the protocol does not allow."""
    beyond = () if treatment.beyond_progression else ("AFTER PROGRESSION",)
    wrong = (*NOT_ALLOWED, *beyond)
    for one in course.drugs:
        names = [name for name in one.deviations if name in wrong]
        if names:
            yield _finding(one, names)


def _finding(one: DrugCycle, names: list[str]) -> Finding:
    said = ", ".join(names).lower()
    message = f"{one.drug} in cycle {one.cycle}: {said} ({one.reason})"
    place = Place(one.sources[0].file, one.sources[0].line) if one.sources else None
    return Finding("warning", "dose-not-allowed", message, place, one.subject_id)
