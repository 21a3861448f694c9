"""What a study brings beside its results, handed to the tables that quote it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm.clinical.derived import SubjectCourse
from onearm.io.historical import HistoricalTrial, read_historical
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
    )


def _past_trials(found: Analysed) -> tuple[HistoricalTrial, ...]:
    path = found.study.folder / "historical.csv"
    return read_historical(path) if path.is_file() else ()
