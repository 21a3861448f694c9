"""What the rules return about one subject: frozen, with reason and sources.

Lengths are integer micrometres, durations whole days. ``reason`` is one
sentence built from the very values that the comparison used; ``sources`` are
the records that they came from.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from onearm.clinical.records import Source
from onearm.terms import IResponse, Response


@dataclass(frozen=True, slots=True)
class TimePoint:
    """The response of one subject at one time point, by one evaluator."""

    subject_id: str
    evaluator: str
    visit: str
    date: dt.date
    sum_um: int | None
    baseline_sum_um: int | None
    nadir_sum_um: int | None
    target: Response | None
    non_target: Response | None
    new_lesion: bool
    overall: Response
    irecist: IResponse | None
    reason: str
    irecist_reason: str | None
    sources: tuple[Source, ...]

    @property
    def change_from_baseline(self) -> tuple[int, int] | None:
        """Change of the sum over the baseline sum, as an exact (numerator, denominator)."""
        if self.sum_um is None or not self.baseline_sum_um:
            return None
        return self.sum_um - self.baseline_sum_um, self.baseline_sum_um


@dataclass(frozen=True, slots=True)
class BestResponse:
    """Best overall response of one subject, confirmed and not, by one evaluator."""

    subject_id: str
    evaluator: str
    best: Response | None
    best_date: dt.date | None
    confirmed_best: Response | None
    confirmed_best_date: dt.date | None
    confirmed_response: bool | None
    confirmed_response_date: dt.date | None
    confirming_date: dt.date | None
    disease_control: bool | None
    clinical_benefit: bool | None
    ibor: IResponse | None
    confirmed_iresponse_date: dt.date | None
    ipfs_date: dt.date | None
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Time to an event or to censoring: ``days = end - start + 1``.

    ``rule`` names what decided (PD, DEATH, CUT, NOPOST, NOBASE, NACT, MISS2,
    LOST, RESPONSE); ``reason`` says it in words. A time that was RECORDED as
    such has no dates, and may have a fraction of a day.
    """

    subject_id: str
    endpoint: str
    start: dt.date | None
    end: dt.date | None
    days: int | float
    is_event: bool
    rule: str
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What follows from the responses of one evaluator and one source, beside those that count.

    ``name`` is the variant under which its results stand: the source (derived,
    recorded) of the primary evaluator, or another evaluator.
    """

    name: str
    evaluator: str
    source: str
    time_points: tuple[TimePoint, ...]
    best: BestResponse
    events: dict[str, Event]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A response that was recorded otherwise than it is derived.

    ``category``: target, non-target, overall or irecist. A side is None where
    it has no response at this time point.
    """

    subject_id: str
    evaluator: str
    visit: str
    date: dt.date
    category: str
    recorded: str | None
    derived: str | None
    recorded_reason: str
    derived_reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """At how many time points of one subject recorded and derived response are equal.

    ``compared`` counts the time points that have both.
    """

    subject_id: str
    evaluator: str
    category: str
    compared: int
    equal: int
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether a subject belongs to an analysis set, and why or why not."""

    subject_id: str
    set: str
    is_member: bool
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class BestChange:
    """Best relative change of the target sum from baseline, up to the first PD.

    ``change_um / baseline_um`` is the change; both null without a measurement.
    """

    subject_id: str
    change_um: int | None
    baseline_um: int | None
    visit: str | None
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class BeyondProgression:
    """What one subject received, and how the tumour went on, after the first PD.

    ``days`` from the day of PD to the last dose; 0 without a dose after it.
    """

    subject_id: str
    progression_date: dt.date
    last_dose_date: dt.date | None
    days: int
    doses: int
    response: IResponse | None
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class DoseSummary:
    """What one subject received of one drug."""

    subject_id: str
    drug: str
    cycles: int
    first_date: dt.date
    last_date: dt.date
    is_reduced: bool
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Grade:
    """The CTCAE grade of one laboratory value.

    ``grade`` is None where several ``candidates`` remain, or none can be given;
    then ``reason`` says what is missing. ``threshold`` is the limit that
    decided, or for grade 0 the one that was not reached. ``change`` says how a
    result in words moved since the baseline.
    """

    subject_id: str
    date: dt.date
    test: str
    value: str | None
    unit: str | None
    analyte: str | None
    term: str | None
    direction: str | None
    grade: int | None
    candidates: tuple[int, ...]
    reason: str
    threshold: str | None
    is_baseline: bool
    ctcae: str
    sources: tuple[Source, ...]
    change: str | None = None


@dataclass(frozen=True, slots=True)
class LabCourse:
    """Baseline grade and worst grade on treatment of one subject in one CTCAE term.

    ``worst_grade`` is None where no value on treatment has a grade;
    ``highest_possible`` is above it where values leave candidates. ``values``
    counts the values on treatment, ``not_graded`` those without any grade.
    """

    subject_id: str
    term: str
    baseline_grade: int | None
    worst_grade: int | None
    highest_possible: int | None
    worst_date: dt.date | None
    values: int
    not_graded: int
    reason: str
    sources: tuple[Source, ...]
