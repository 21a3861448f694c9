"""What the rules return about one subject: frozen, with reason and sources.

Lengths are integer micrometres, durations whole days. ``reason`` is one
sentence built from the very values that the comparison used; ``sources`` are
the records that they came from.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

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
    such has no dates, and may have a fraction of a day. ``days`` is None where
    the day of a scan was recorded in part only: what happened is known then, and
    when is not.
    """

    subject_id: str
    endpoint: str
    start: dt.date | None
    end: dt.date | None
    days: int | float | None
    is_event: bool
    rule: str
    reason: str
    sources: tuple[Source, ...]

    @property
    def time(self) -> int | float:
        """The days, of an event whose days are known."""
        assert self.days is not None  # the caller has left the others out
        return self.days


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
class NotKnown:
    """An answer about one subject that a day which was recorded in part leaves open.

    ``what`` is an endpoint in capitals (PFS) or an answer in words; ``variant`` the
    reading or censoring preset that it belongs to, "" for those that count. ``detail``
    says between what it lies, ``because`` what is missing. Of a time, ``shortest``
    and ``longest`` are what it would be on the days that make it so.
    """

    subject_id: str
    variant: str
    what: str
    detail: str
    because: str
    sources: tuple[Source, ...]
    shortest: Event | None = None
    longest: Event | None = None

    @property
    def reason(self) -> str:
        """Why it is not known, in one sentence."""
        return f"not known: {self.detail}; {self.because}"

    def __str__(self) -> str:
        by = f" by {self.variant}" if self.variant else ""
        return f"{self.what}{by} ({self.detail})"


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
class EligibilityEvidence:
    """One fact that a criterion was decided by, of one person: what it is, and what is asked.

    ``outcome`` is that of the criterion (met means "may enter"). A fact that is missing has
    no value; ``asked`` says what it needs. ``source`` is the file of facts, with the line
    where the fact stands on one.
    """

    subject_id: str
    criterion: str
    outcome: str
    fact: str
    value: str
    date: str | None
    asked: str
    source: str


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


@dataclass(frozen=True, slots=True)
class LabAbnormality:
    """Whether one analyte of one subject was outside normal in a direction, low or high.

    ``at_baseline`` is None without a baseline value that says so. ``after`` is about the
    values on treatment.
    """

    subject_id: str
    analyte: str
    direction: str
    at_baseline: bool | None
    after: bool
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one subject's course.

    The first dose is on day 1, the day before on day -1.

    ``kind``: TREATMENT (first to last day of treatment, ``code`` ONGOING, COMPLETED,
    DISCONTINUED or None), RESPONSE (``code`` is the response of a time point, which holds
    until the next one), CONFIRMED RESPONSE (from a confirmed CR or PR to its end,
    ``code`` is that response).
    """

    subject_id: str
    kind: str
    code: str | None
    start: dt.date
    end: dt.date
    start_day: int
    end_day: int
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened on one day of a subject's course.

    ``kind``: FIRST CR, FIRST PR, PD, DEATH, REDUCED, DISCONTINUED, COMPLETED,
    ONGOING, NEW THERAPY, LAST CONTACT.
    """

    subject_id: str
    kind: str
    date: dt.date
    day: int
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """The sum of diameters of one time point against baseline, and whether the first PD is past.

    ``change_percent`` is None without a complete sum; ``is_first_pd`` marks the
    first PD, ``is_after_pd`` the time points after it.
    """

    subject_id: str
    visit: str
    date: dt.date
    day: int
    sum_um: int | None
    change_percent: float | None
    new_lesion: bool
    overall: Response
    irecist: IResponse | None
    is_first_pd: bool
    is_after_pd: bool
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class LesionPoint:
    """One lesion at one scan by one evaluator.

    ``change_percent`` is that of this lesion from its first measurement.
    """

    subject_id: str
    evaluator: str
    lesion_id: str
    lesion_type: str
    organ: str | None
    is_nodal: bool
    visit: str | None
    date: dt.date
    day: int
    state: str
    diameter_um: int | None
    change_percent: float | None
    method: str | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class EventListing:
    """One adverse event as a listing shows it: its days, and whether it is treatment-emergent."""

    subject_id: str
    term: str
    system_organ_class: str | None
    grade: int | None
    onset_date: dt.date | None
    onset_day: int | None
    end_date: dt.date | None
    end_day: int | None
    days: int | None
    is_emergent: bool
    is_related: bool | None
    related_to: tuple[str, ...]
    is_serious: bool | None
    is_immune_related: bool | None
    action: str | None
    action_drugs: tuple[str, ...]
    outcome: str | None
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class DeathListing:
    """The death of one subject: when, of what, and how long after the last dose.

    ``days_since_last_dose`` is ``death - last day of the last dose``, None without a dose.
    """

    subject_id: str
    date: dt.date
    day: int | None
    cause: str | None
    last_dose_date: dt.date | None
    days_since_last_dose: int | None
    is_within_30_days: bool | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class LabPoint:
    """One laboratory value against the limits of normal of its own laboratory, with its grade.

    ``multiple_of_uln`` is value / ULN; None for words, bounds, and without a limit.
    """

    subject_id: str
    analyte: str
    date: dt.date
    day: int | None
    value: Decimal
    unit: str
    multiple_of_uln: float | None
    multiple_of_lln: float | None
    is_baseline: bool
    term: str | None
    grade: int | None
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class SubjectCourse:
    """What figures and listings show of one subject, by day."""

    subject_id: str
    segments: tuple[Segment, ...]
    marks: tuple[Mark, ...]
    changes: tuple[SeriesPoint, ...]
    lesions: tuple[LesionPoint, ...]
    adverse_events: tuple[EventListing, ...]
    death: DeathListing | None
    labs: tuple[LabPoint, ...]
