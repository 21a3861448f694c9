"""Whose responses a study holds beside those that count, and under which names.

Takes the records of all subjects, or of one, and says which evaluators and
sources there are: the other source of the primary evaluator (``recorded`` or
``derived``), and each other evaluator by the primary source, or by the other
where that is all there is. Derives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from onearm.clinical.records import RecordedResponse, SubjectRecords
from onearm.protocol.response_plan import ResponsePlan

TAKEN = ("wilson", "level-90", "unconfirmed", "irecist", "derived", "recorded", "paper", "fda",
         "ema", "primary")  # fmt: skip
"""Names of variants that an evaluator cannot have for itself."""


class PlannedReading(NamedTuple):
    """One evaluator by one source, and the name of its results."""

    name: str
    evaluator: str
    source: str


def planned_readings(
    subjects: Iterable[SubjectRecords], plan: ResponsePlan
) -> tuple[PlannedReading, ...]:
    """Return what is read beside the primary: its other source, then the other evaluators."""
    by_endpoints = False
    measured: set[str] = set()
    recorded: set[str] = set()
    for records in subjects:
        measured |= {row.evaluator for row in records.lesions or ()}
        recorded |= _recorded_by(records.responses or (), plan.primary_evaluator)
        if has_endpoints_only(records):
            by_endpoints = True
            recorded |= {row.evaluator for row in records.endpoints or ()}
    by_source = {"derived": measured, "recorded": recorded}
    other = "recorded" if plan.primary_source == "derived" else "derived"
    primary = plan.primary_evaluator
    has_other = primary in by_source[other] and not by_endpoints
    found = [PlannedReading(other, primary, other)] if has_other else []
    for evaluator in sorted((measured | recorded) - {primary}):
        source = plan.primary_source if evaluator in by_source[plan.primary_source] else other
        found.append(PlannedReading(name_of(evaluator), evaluator, source))
    return tuple(found)


def has_endpoints_only(records: SubjectRecords) -> bool:
    """Return whether a study brings times and best responses, and nothing to derive them from."""
    return records.endpoints is not None and records.lesions is None and records.responses is None


def _recorded_by(records: Sequence[RecordedResponse], primary: str) -> set[str]:
    """Return who recorded; whose every response was accepted is read as the primary."""
    judged = [record for record in records if record.overall is not None]
    if any(record.is_accepted is not None for record in records):
        own = {record.evaluator for record in judged if not record.is_accepted}
        return own | ({primary} if any(record.is_accepted for record in judged) else set())
    return {record.evaluator for record in judged}


def name_of(evaluator: str) -> str:
    """Return the name of an evaluator's results, in words.

    >>> name_of("READER 1"), name_of("FDA")
    ('READER 1', 'reader FDA')
    """
    slug = re.sub(r"[^a-z0-9]+", "-", evaluator.lower()).strip("-")
    return evaluator if slug and slug not in TAKEN else f"reader {evaluator}"
