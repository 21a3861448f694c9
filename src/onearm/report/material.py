"""What a study brings beside its results: records, answers, published numbers, findings.

Tables quote it; nothing is computed from it. A listing shows records as they
were read, each with the file and line that it stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from onearm.clinical.derived import EligibilityEvidence, Grade, SubjectCourse
from onearm.clinical.records import Screening, SubjectRecords
from onearm.errors import Finding
from onearm.results.model import Comparison

if TYPE_CHECKING:
    from onearm.report.figures import Answers


class PastTrial(Protocol):
    """A published trial to hold the result against, as a row of ``historical.csv`` gives it."""

    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def drug(self) -> str: ...  # noqa: D102
    @property
    def n(self) -> int | None: ...  # noqa: D102
    @property
    def responders(self) -> int | None: ...  # noqa: D102
    @property
    def rate_percent(self) -> str | None: ...  # noqa: D102
    @property
    def note(self) -> str: ...  # noqa: D102
    @property
    def line(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Material:
    """Everything beside the results of one study; empty where it brings nothing."""

    subjects: tuple[SubjectRecords, ...] = ()
    screening: tuple[Screening, ...] | None = None
    derived: Sequence[Answers] = ()
    comparisons: Sequence[Comparison] = ()
    findings: Sequence[Finding] = ()
    past_trials: Sequence[PastTrial] = ()
    courses: Sequence[SubjectCourse] = ()
    grades: Callable[[], Sequence[Grade] | None] = lambda: None
    """The grades of the laboratory values, made when a listing asks; None without values."""
    eligibility: Callable[[], Sequence[EligibilityEvidence] | None] = lambda: None
    """What each criterion was decided by, made when a listing asks; None without facts."""
