"""What a study brings beside its results, handed to the tables that quote it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from onearm.clinical.derived import EligibilityEvidence, Grade, SubjectCourse
from onearm.clinical.eligibility import CriterionResult
from onearm.clinical.eligibility_words import EvidenceRow, evidence_rows
from onearm.errors import InputError
from onearm.io.facts import FACTS
from onearm.io.historical import HistoricalTrial, read_historical
from onearm.pipeline.lab_findings import grades_by_subject
from onearm.report.material import Material
from onearm.results.model import Comparison

if TYPE_CHECKING:
    from onearm.pipeline.run import Analysed


def material_of(
    found: Analysed, comparisons: Sequence[Comparison], courses: Sequence[SubjectCourse] = ()
) -> Material:
    """Return records, answers, published numbers, findings, past trials and courses of a study."""
    study = found.study
    return Material(
        study.subjects,
        study.screening,
        found.derived,
        comparisons,
        found.findings,
        _past_trials(found),
        courses,
        lambda: _grades(found),
        lambda: _eligibility(found),
    )


def _grades(found: Analysed) -> list[Grade] | None:
    graded = grades_by_subject(found.study)
    if graded is None or all(records.labs is None for records in found.study.subjects):
        return None
    return [grade for own in graded for grade in own]


def _eligibility(found: Analysed) -> list[EligibilityEvidence] | None:
    """Return what decided each criterion, by the study's own facts; None without sound ones."""
    from onearm.pipeline.screen import screen_study  # here: few runs list it

    folder = found.study.folder
    if not (folder / "data" / FACTS).exists():
        return None
    try:
        people = screen_study(folder).people
    except InputError:
        return None  # `check` says why
    return [
        row
        for person in people
        for one in person.results
        for row in _decided(person.subject_id, one)
    ]


def _decided(subject_id: str, result: CriterionResult) -> Iterator[EligibilityEvidence]:
    criterion, outcome = result.criterion.id, str(result.outcome).replace("_", " ")
    for row in evidence_rows(result):
        source = FACTS if row.line is None else f"{FACTS}:{row.line}"
        yield EligibilityEvidence(
            subject_id, criterion, outcome, row.fact, _value(row), row.date, row.threshold, source
        )
    for missing in dict.fromkeys(result.verdict.missing):
        by = None if missing.by is None else missing.by.isoformat()
        needs = f"needs {missing.needs}{f' by {by}' if by else ''}"
        yield EligibilityEvidence(
            subject_id, criterion, outcome, missing.fact, "", None, needs, FACTS
        )


def _value(row: EvidenceRow) -> str:
    converted = f" = {row.converted}" if row.converted else ""
    return f"{row.value}{f' {row.unit}' if row.unit else ''}{converted}"


def _past_trials(found: Analysed) -> tuple[HistoricalTrial, ...]:
    path = found.study.folder / "historical.csv"
    return read_historical(path) if path.is_file() else ()
