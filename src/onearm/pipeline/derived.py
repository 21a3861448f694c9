"""The derived tables of a run: one CSV a kind of answer, one row an answer.

Takes what the rules derived, gives header and rows; lengths in mm, durations
in days, each row with its reason and its sources.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

from onearm.clinical.derived import (
    BestChange,
    BestResponse,
    DeathListing,
    Disagreement,
    DoseSummary,
    Event,
    EventListing,
    Grade,
    LabPoint,
    LesionPoint,
    Mark,
    Membership,
    NotKnown,
    Reading,
    Segment,
    SeriesPoint,
    SubjectCourse,
)
from onearm.clinical.dose_course import DrugCycle
from onearm.clinical.dose_intensity import DoseIntensity
from onearm.clinical.listings import subject_course
from onearm.clinical.records import known_day
from onearm.clinical.subject import SubjectAnswers
from onearm.format import millimetres, source_lines
from onearm.pipeline.respond import time_point_json
from onearm.pipeline.study import Study

Rows = Sequence[Sequence[object]]


def derived_tables(derived: Sequence[SubjectAnswers]) -> dict[str, tuple[Sequence[str], Rows]]:
    """Return header and rows of each table, by file name."""
    answers = list(derived)
    points = [p for a in answers for p in (*a.time_points, *a.other_time_points)]
    as_json = [time_point_json(point) for point in points]
    header = tuple(as_json[0]) if as_json else ("subject_id", "evaluator", "visit", "date")
    unknown = [one for a in answers for one in a.unknown]
    return {
        "time_points.csv": (header, [[_cell(v) for v in row.values()] for row in as_json]),
        "best_responses.csv": _table(BestResponse, (a.best for a in answers)),
        "disagreements.csv": _table(Disagreement, (d for a in answers for d in a.disagreements)),
        "readings.csv": _readings(r for a in answers for r in a.readings.values()),
        "events.csv": _table(Event, (e for a in answers for e in a.events.values())),
        "sets.csv": _table(Membership, (m for a in answers for m in a.memberships)),
        "best_changes.csv": _table(BestChange, (a.best_change for a in answers)),
        "dose_summaries.csv": _table(DoseSummary, (d for a in answers for d in a.doses)),
        "dose_cycles.csv": _table(DrugCycle, (d for a in answers for d in a.course.drugs)),
        "dose_intensities.csv": _intensities(d for a in answers for d in a.intensities),
    } | ({"not_known.csv": _not_known(unknown)} if unknown else {})


def subject_courses(
    study: Study,
    derived: Sequence[SubjectAnswers],
    graded: Sequence[tuple[Grade, ...]] | None,
) -> tuple[SubjectCourse, ...]:
    """Return what figures and listings show of each subject, in the order of the subjects."""
    grades: Sequence[tuple[Grade, ...] | None] = graded or [None] * len(study.subjects)
    return tuple(
        subject_course(records, answers, study.protocol, own)
        for records, answers, own in zip(study.subjects, derived, grades, strict=True)
    )


def course_tables(
    courses: Sequence[SubjectCourse],
) -> dict[str, tuple[Sequence[str], Rows]]:
    """Return header and rows of each table of the subjects' courses, by file name."""
    tables: list[tuple[str, type, Iterable[object]]] = [
        ("swimmer_segments", Segment, (s for c in courses for s in c.segments)),
        ("swimmer_marks", Mark, (m for c in courses for m in c.marks)),
        ("changes", SeriesPoint, (p for c in courses for p in c.changes)),
        ("lesion_series", LesionPoint, (p for c in courses for p in c.lesions)),
        ("adverse_events", EventListing, (e for c in courses for e in c.adverse_events)),
        ("deaths", DeathListing, (c.death for c in courses if c.death is not None)),
    ]
    if any(course.labs for course in courses):
        tables.append(("lab_series", LabPoint, (p for c in courses for p in c.labs)))
    return {f"{name}.csv": _table(record, answers) for name, record, answers in tables}


def _readings(readings: Iterable[Reading]) -> tuple[Sequence[str], Rows]:
    """Return the best responses of the other sources and evaluators, by the name of each."""
    header, _ = _table(BestResponse, ())
    rows = [(r, _row(r.best, header)) for r in readings]
    return ["name", "source", *header], [[r.name, r.source, *cells] for r, cells in rows]


def _not_known(unknown: Iterable[NotKnown]) -> tuple[Sequence[str], Rows]:
    """Return what a day that was recorded in part leaves open, with the days of a time."""
    names = ["subject_id", "variant", "what", "detail", "because", "sources"]
    rows = [
        [*_row(one, names), *(end and end.days for end in (one.shortest, one.longest))]
        for one in unknown
    ]
    return [*names, "shortest_days", "longest_days"], rows


def _intensities(intensities: Iterable[DoseIntensity]) -> tuple[Sequence[str], Rows]:
    """Return the dose intensities with what follows from their sums: a week, and relative."""
    header, _ = _table(DoseIntensity, ())
    rows = [
        [
            *_row(one, header),
            float(one.a_week),
            None if one.relative is None else float(one.relative),
        ]
        for one in intensities
    ]
    return [*header, "a_week", "relative"], rows


def _table(record: type, answers: Iterable[object]) -> tuple[Sequence[str], Rows]:
    names = [field.name for field in fields(record)]
    header = [name.replace("_um", "_mm") for name in names]
    return header, [list(_row(answer, names)) for answer in answers]


def _row(answer: object, names: Sequence[str]) -> Iterator[object]:
    for name in names:
        value = getattr(answer, name)
        if name == "sources":
            yield source_lines(value)
        elif name.endswith("_um") and value is not None:
            yield millimetres(value)
        else:
            yield _cell(value)


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return "; ".join(str(item) for item in value)
    if isinstance(value, dt.date):
        return known_day(value)
    return {True: "Y", False: "N"}[value] if isinstance(value, bool) else value
