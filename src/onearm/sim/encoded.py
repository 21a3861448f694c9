"""The records of real patients as arrays, for the kernel.

Which scans are one time point, which of them is baseline, and what a record
adds to the sum are read as ``clinical`` reads them; everything that is judged
from there on is judged by the kernel. A patient whom the arrays cannot hold is
left out, with the reason. Knows no response.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from onearm.clinical.course import Course
from onearm.clinical.events import Known
from onearm.clinical.lesions import (
    LYMPH_NODE,
    Declared,
    Limits,
    backdated,
    declare,
    organ_of,
    target_values,
)
from onearm.clinical.non_targets import has_progressed, is_gone
from onearm.clinical.recist import find_new_lesions
from onearm.clinical.records import Measurement, SubjectRecords
from onearm.clinical.subject import known_of, marker_readings, reference_date
from onearm.clinical.visits import Visit, assemble_visits, choose_baseline, is_assessed
from onearm.protocol.model import Protocol
from onearm.protocol.response import ResponseRules
from onearm.sim.kernel import BY_EARLIER, BY_NEW_LESION, BY_NON_TARGET, BY_TARGET
from onearm.sim.seen import (
    MARKERS_HIGH,
    MARKERS_NORMAL,
    MARKERS_UNKNOWN,
    NEVER,
    NOT_SEEN,
    PERSISTS,
    UNSEEN,
    WORSE,
    WORSE_NOW,
    Facts,
    NewLesions,
    Seen,
)
from onearm.terms import LesionState


@dataclass(frozen=True, slots=True)
class Patient:
    """What the scans of one patient showed, read but not judged."""

    known: Known
    visits: tuple[Visit, ...]
    declared: Declared | None
    course: Course | None
    markers: tuple[tuple[dt.date, bool], ...]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Patients as arrays, in the order of ``subject_ids``; who was left out, and why."""

    subject_ids: tuple[str, ...]
    seen: Seen
    facts: Facts
    left_out: dict[str, str]


def encode(subjects: Sequence[SubjectRecords], protocol: Protocol) -> Encoded:
    """Return the patients whose responses derive from lesions, as arrays."""
    plan = protocol.response
    patients: dict[str, Patient] = {}
    left_out: dict[str, str] = {}
    for records in subjects:
        found = _read(records, protocol)
        if isinstance(found, str):
            left_out[records.subject.subject_id] = found
        else:
            patients[records.subject.subject_id] = found
    read = list(patients.values())
    cutoff = protocol.study.data_cutoff
    return Encoded(tuple(patients), _seen(read, plan.rules), _facts(read, cutoff), left_out)


def _read(records: SubjectRecords, protocol: Protocol) -> Patient | str:
    """Read one patient, or say why the arrays cannot hold them."""
    plan, rules = protocol.response, protocol.response.rules
    known, start = known_of(records, protocol), reference_date(records.subject, rules)
    if known is None or start is None:
        return "no reference date"
    if records.overrides:
        return "a response is overridden by a decision"
    rows = [row for row in records.lesions or () if row.evaluator == plan.primary_evaluator]
    visits = assemble_visits(rows, rules, start)
    baseline = choose_baseline(visits, start)
    if baseline is None:
        return Patient(known, (), None, None, ())
    later = [v for v in visits if v.first_date > max(start, baseline.visit.last_date)]
    if any(a.last_date >= b.first_date for a, b in pairwise(later)):
        return "two time points overlap, or lie on one day"
    limits = Limits(rules)
    declared = declare(baseline.visit, [baseline.visit, *later], limits)
    course = Course(None, start, ())
    course.backdated = backdated(later, declared, limits)
    markers = marker_readings(records, plan.markers)
    return Patient(known, tuple(later), declared, course, markers)


def _facts(patients: Sequence[Patient], cutoff: dt.date | None) -> Facts:
    def days(name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        found = []
        for patient in patients:
            value = getattr(patient.known, name)
            date = value.date if name == "death" and value is not None else value and value[0]
            found.append(NEVER if date is None else (date - patient.known.start).days)
        return np.array(found, dtype=np.int64)

    contact = days("last_contact")
    until = [NEVER if cutoff is None else (cutoff - p.known.start).days for p in patients]
    return Facts(
        days("death"),
        days("new_therapy"),
        days("clinical_progression"),
        days("discontinuation"),
        np.where(contact == NEVER, 0, contact),
        np.array(until, dtype=np.int64),
        np.array([p.known.has_baseline for p in patients], dtype=bool),
    )


class _Table:
    """Arrays that are filled patient by patient; large enough for the largest."""

    def __init__(self, patients: Sequence[Patient], new_ids: Sequence[Sequence[str]]) -> None:
        def most(counts: Sequence[int]) -> int:
            return max(counts, default=0)

        declared = [p.declared for p in patients]
        v, p = max(1, most([len(p.visits) for p in patients])), len(patients)
        n_targets = most([len(d.targets) if d else 0 for d in declared])
        n_others = most([len(d.non_targets) if d else 0 for d in declared])
        n_new = most([len(ids) for ids in new_ids])
        self.day, self.last_day = np.zeros((v, p), np.int64), np.zeros((v, p), np.int64)
        self.pd_day = np.zeros((4, v, p), np.int64)
        self.target_um = np.zeros((v, n_targets, p), np.int64)
        self.baseline_um = np.zeros((n_targets, p), np.int64)
        self.has_target = np.zeros((n_targets, p), bool)
        self.is_node = np.zeros((n_targets, p), bool)
        self.non_target = np.zeros((v, p), np.int8)
        self.has_non_target = np.zeros(p, bool)
        self.non_target_um = np.full((v, n_others, p), NOT_SEEN, np.int64)
        self.markers = np.zeros((v, p), np.int8)
        self.new_lesion = np.zeros((v, p), bool)
        self.new = NewLesions(
            np.full((v, n_new, p), NOT_SEEN, np.int64),
            np.zeros((v, n_new, p), bool),
            np.zeros((v, n_new, p), bool),
            np.zeros((v, n_new, p), bool),
            np.zeros((n_new, p), np.int64),
            np.zeros((n_new, p), bool),
        )


def _seen(patients: Sequence[Patient], rules: ResponseRules) -> Seen:
    limits = Limits(rules)
    shown = [_new_rows(patient, limits) for patient in patients]
    new_ids = [list(dict.fromkeys(row.lesion_id for rows in one for row in rows)) for one in shown]
    table = _Table(patients, new_ids)
    for p, (patient, rows, names) in enumerate(zip(patients, shown, new_ids, strict=True)):
        if patient.declared is not None:
            _fill(table, p, patient, rows, names, limits)
    return Seen(
        table.day,
        table.target_um,
        table.baseline_um,
        table.has_target,
        table.is_node,
        table.non_target,
        table.has_non_target,
        table.new_lesion,
        table.markers,
        table.pd_day,
        table.last_day,
        table.non_target_um,
        table.new,
    )


def _new_rows(patient: Patient, limits: Limits) -> list[tuple[Measurement, ...]]:
    """Return the rows of each time point that show a new lesion beyond doubt."""
    if patient.declared is None or patient.course is None:
        return []
    return [
        find_new_lesions(visit, patient.declared, patient.course, limits)
        for visit in patient.visits
    ]


def _fill(
    table: _Table,
    p: int,
    patient: Patient,
    new_rows: Sequence[tuple[Measurement, ...]],
    new_ids: Sequence[str],
    limits: Limits,
) -> None:
    declared = patient.declared
    assert declared is not None  # the caller has checked
    for at, (name, is_node) in enumerate(declared.targets.items()):
        value = declared.values[name]
        table.baseline_um[at, p] = NOT_SEEN if value is None else value
        table.has_target[at, p], table.is_node[at, p] = True, is_node
    table.has_non_target[p] = bool(declared.non_targets)
    organs: dict[str, int] = {}
    for rows in new_rows:
        for row in rows:
            at = new_ids.index(row.lesion_id)
            organ = LYMPH_NODE if row.is_nodal else organ_of(row)
            if table.new.organ[at, p] == 0 and organ:
                table.new.organ[at, p] = organs.setdefault(organ, len(organs) + 1)
            table.new.is_node[at, p] = row.is_nodal
    for v, (visit, rows) in enumerate(zip(patient.visits, new_rows, strict=True)):
        values = target_values(visit, declared.targets, declared.fragments, limits)
        for at, value in enumerate(values.values()):
            table.target_um[v, at, p] = NOT_SEEN if value is None else value
        _fill_non_targets(table, v, p, visit, patient, limits)
        _fill_new_lesions(table, v, p, visit, rows, new_ids)
        _fill_days(table, v, p, visit, rows, patient, limits.rules)
        table.markers[v, p] = _markers(visit, patient, limits.rules)


def _fill_non_targets(
    table: _Table, v: int, p: int, visit: Visit, patient: Patient, limits: Limits
) -> None:
    declared, course = patient.declared, patient.course
    assert declared is not None  # the caller has checked
    assert course is not None
    bits, unseen = 0, set(declared.non_targets)
    for row in visit.rows:
        if row.lesion_id not in declared.non_targets:
            continue
        if has_progressed(row, visit, course):
            bits |= WORSE
        if row.state is LesionState.UNEQUIVOCAL_PROGRESSION:
            bits |= WORSE_NOW
        if is_assessed(row):
            unseen.discard(row.lesion_id)
            bits |= 0 if is_gone(row, limits) else PERSISTS
        if row.diameter_um is not None:
            at = list(declared.non_targets).index(row.lesion_id)
            table.non_target_um[v, at, p] = row.diameter_um
    table.non_target[v, p] = bits | (UNSEEN if unseen else 0)


def _fill_new_lesions(
    table: _Table,
    v: int,
    p: int,
    visit: Visit,
    rows: Sequence[Measurement],
    new_ids: Sequence[str],
) -> None:
    table.new_lesion[v, p] = bool(rows)
    shown = {row.lesion_id: row for row in rows}
    every = {row.lesion_id: row for row in visit.rows}
    for at, name in enumerate(new_ids):
        row = every.get(name)
        if row is None:
            continue
        table.new.is_absent[v, at, p] = row.state is LesionState.ABSENT
        table.new.is_shown[v, at, p] = name in shown
        is_worse = row.state is LesionState.UNEQUIVOCAL_PROGRESSION
        table.new.is_worse[v, at, p] = name in shown and is_worse
        if row.diameter_um is not None:
            table.new.um[v, at, p] = row.diameter_um


def _fill_days(
    table: _Table,
    v: int,
    p: int,
    visit: Visit,
    new_rows: Sequence[Measurement],
    patient: Patient,
    rules: ResponseRules,
) -> None:
    declared, course, start = patient.declared, patient.course, patient.known.start
    assert declared is not None  # the caller has checked
    assert course is not None
    plain = visit.first_date if rules.response_date_rule == "first" else visit.last_date
    table.day[v, p] = (plain - start).days
    table.last_day[v, p] = (visit.last_date - start).days
    targets = [row for row in visit.rows if row.lesion_id in declared.targets]
    others = [row for row in visit.rows if row.lesion_id in declared.non_targets]
    worse = [row for row in others if has_progressed(row, visit, course)]
    choose = min if rules.pd_date_rule == "first" else max
    for by, rows in (
        (BY_TARGET, targets),
        (BY_NON_TARGET, worse or others),
        (BY_NEW_LESION, new_rows),
    ):
        if rows:
            table.pd_day[by, v, p] = (choose(row.date for row in rows) - start).days
    table.pd_day[BY_EARLIER, v, p] = (visit.first_date - start).days


def _markers(visit: Visit, patient: Patient, rules: ResponseRules) -> int:
    """Return the reading of the markers nearest to a time point, within the visit window."""
    near = [
        (abs((day - visit.last_date).days), is_normal)
        for day, is_normal in patient.markers
        if abs((day - visit.last_date).days) <= rules.visit_window_days
    ]
    if not near:
        return MARKERS_UNKNOWN
    return MARKERS_NORMAL if min(near)[1] else MARKERS_HIGH
