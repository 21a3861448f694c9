"""What a study brings beside its results, handed to the tables that quote it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm.clinical.derived import Grade, SubjectCourse
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
    )


def _grades(found: Analysed) -> list[Grade] | None:
    graded = grades_by_subject(found.study)
    if graded is None or all(records.labs is None for records in found.study.subjects):
        return None
    return [grade for own in graded for grade in own]


def _past_trials(found: Analysed) -> tuple[HistoricalTrial, ...]:
    path = found.study.folder / "historical.csv"
    return read_historical(path) if path.is_file() else ()
