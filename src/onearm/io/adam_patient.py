"""What the analysis data sets are laid out from: one patient's records and derived answers.

A view for ``io.adam``: what the rules gave, with nothing computed anew. Lengths
are integer micrometres, durations whole days. A ``mark`` tells readers apart: the
primary one has none, the others have a letter.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

from onearm.clinical.derived import BestResponse, Event, NotKnown, TimePoint
from onearm.clinical.records import Lab, Source, SubjectRecords
from onearm.terms import BASELINE_VISITS, IResponse


@dataclass(frozen=True, slots=True)
class LesionValue:
    """What one target adds to the sum at one visit; None where it was not assessed."""

    lesion_id: str
    organ: str | None
    is_nodal: bool
    value_um: int | None
    date: dt.date
    source: Source | None


@dataclass(frozen=True, slots=True)
class Scan:
    """The targets of one visit."""

    visit: str
    date: dt.date
    is_baseline: bool
    lesions: tuple[LesionValue, ...]


@dataclass(frozen=True, slots=True)
class Tumours:
    """The targets of one patient by one evaluator, and the time points they led to."""

    mark: str
    who: str
    scans: tuple[Scan, ...]
    points: tuple[TimePoint, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The responses of one patient by one evaluator and source.

    ``counted`` are the time points that the best response was taken from, were
    there no PD; ``baseline`` is the day of the baseline with a target.
    """

    mark: str
    who: str
    points: tuple[TimePoint, ...]
    counted: frozenset[tuple[dt.date, str]]
    best: BestResponse
    unconfirmed_ibor: IResponse | None
    controls: Mapping[str, bool | None]  # code of a parameter -> clinical benefit
    is_measurable: bool
    baseline: dt.date | None
    events: Mapping[str, Event]
    unknown: Mapping[str, NotKnown]  # times, by endpoint


@dataclass(frozen=True, slots=True)
class Exposure:
    """What one patient received of one drug."""

    number: int
    drug: str
    first: dt.date
    last: dt.date
    cycles: int
    is_reduced: bool
    unit: str | None
    given: float | None
    planned: float | None
    a_week: float | None
    relative: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class LabValue:
    """One laboratory value in the unit of its analyte, with its grades low and high."""

    lab: Lab
    code: str
    name: str
    unit: str | None
    value: float | None
    lln: float | None
    uln: float | None
    low: int | None
    high: int | None
    is_base: bool
    is_on_treatment: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything that the data sets say of one patient."""

    records: SubjectRecords
    sets: Mapping[str, bool]
    reference_date: dt.date | None
    first_dose: dt.date | None
    last_dose: dt.date | None
    new_therapy: dt.date | None
    last_alive: dt.date | None
    judgements: tuple[Judgement, ...]
    tumours: tuple[Tumours, ...]
    presets: Mapping[str, Event]
    unknown_presets: Mapping[str, NotKnown]
    best_change_visit: str | None
    emergent: tuple[bool, ...]  # one an adverse event, in the order of the records
    exposures: tuple[Exposure, ...]
    labs: tuple[LabValue, ...]

    @property
    def subject_id(self) -> str:
        """The subject's identifier in the study."""
        return self.records.subject.subject_id


def visit_numbers(patients: Sequence[Patient]) -> dict[str, int]:
    """Return the number of each visit label: 0 at baseline, the label's own, or the order.

    A label of baseline scans alone is baseline, whatever it says. The number in the
    label serves where every other label has another one.
    """
    days: dict[str, list[int]] = {}
    for patient in patients:
        for visit, date in _visits(patient):
            since = patient.reference_date
            start = since.toordinal() if since else 0
            days.setdefault(visit, []).append(date.toordinal() - start)
    known = [scan for patient in patients for one in patient.tumours for scan in one.scans]
    first = {scan.visit for scan in known if scan.is_baseline}
    first -= {scan.visit for scan in known if not scan.is_baseline}
    baseline = first | {visit for visit in days if visit.upper() in BASELINE_VISITS}
    later = sorted(set(days) - baseline, key=lambda visit: (median_low(days[visit]), visit))
    inside = {visit: found[-1] for visit in later if (found := re.findall(r"[0-9]{1,4}", visit))}
    own = {visit: int(text) for visit, text in inside.items()}
    is_telling = len(set(own.values())) == len(later) and 0 not in own.values()
    numbers = own if is_telling else {visit: n for n, visit in enumerate(later, 1)}
    return dict.fromkeys(baseline, 0) | numbers


def _visits(patient: Patient) -> Iterable[tuple[str, dt.date]]:
    for judgement in patient.judgements:
        yield from ((point.visit, point.date) for point in judgement.points)
    for tumours in patient.tumours:
        yield from ((scan.visit, scan.date) for scan in tumours.scans)
