"""What the laboratory values of a study tell: which criteria, what is wrong, what contradicts.

Takes a loaded study, gives the criteria that its protocol pins, findings, and
the tables of grades. An impossible value of a study is a warning: it has no
grade, and the other results do not depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from onearm.clinical.adverse_events import grade_findings
from onearm.clinical.derived import Grade, LabCourse
from onearm.clinical.lab_course import grades_of, lab_courses
from onearm.clinical.lab_values import problem_of
from onearm.clinical.labs import Grader
from onearm.clinical.records import Source
from onearm.clinical.units import find_analyte, unknown_test
from onearm.errors import Finding, Place
from onearm.format import source_lines
from onearm.pipeline.study import Study
from onearm.protocol.ctcae import Ctcae

MOST = 100
"""Impossible values listed for one study."""


def criteria_of(study: Study) -> Ctcae | None:
    """Return the criteria by which a study's values are graded; None without values or criteria."""
    from onearm.io.ctcae import VERSIONS, read_ctcae

    version = study.protocol.safety.ctcae
    has_labs = any(records.labs for records in study.subjects)
    return read_ctcae(version) if has_labs and version in VERSIONS else None


def lab_findings(study: Study) -> list[Finding]:
    """Return what is wrong with the values, and which reported grades they contradict."""
    ctcae = criteria_of(study)
    if ctcae is None:
        return []
    return [*list(_problems(study))[:MOST], *_unknown(study), *_differing(study, Grader(ctcae))]


def _problems(study: Study) -> Iterator[Finding]:
    for records in study.subjects:
        for lab in records.labs or ():
            problem = problem_of(lab)
            if problem is not None:
                place = Place(lab.source.file, lab.source.line, None, problem.column)
                yield Finding("warning", problem.code, problem.message, place, lab.subject_id)


def _unknown(study: Study) -> Iterator[Finding]:
    first: dict[str, Source] = {}
    for records in study.subjects:
        for lab in records.labs or ():
            if find_analyte(lab.test) is None:
                first.setdefault(lab.test, lab.source)
    for test, source in first.items():
        place = Place(source.file, source.line, None, "test")
        yield Finding("note", "unknown-test", unknown_test(test), place)


def _differing(study: Study, grader: Grader) -> Iterator[Finding]:
    cutoff = study.protocol.study.data_cutoff
    for records in study.subjects:
        if records.adverse_events and records.labs:
            grades = grades_of(records.labs, grader)
            yield from grade_findings(records.adverse_events, grades, today=cutoff)


def grades_by_subject(study: Study) -> list[tuple[Grade, ...]] | None:
    """Return the grades of each subject's rows, in the order of the subjects; None without."""
    ctcae = criteria_of(study)
    if ctcae is None:
        return None
    grader = Grader(ctcae)
    return [grades_of(records.labs or (), grader) for records in study.subjects]


def lab_tables(
    study: Study, graded: Sequence[tuple[Grade, ...]] | None
) -> dict[str, tuple[Sequence[str], Sequence[Sequence[object]]]]:
    """Return the tables of grades and of their courses by file name; none without values."""
    ctcae = criteria_of(study)
    if ctcae is None or graded is None:
        return {}
    until = study.protocol.safety.emergent_until
    days = None if until is None else until.days
    courses: list[LabCourse] = []
    for records, own in zip(study.subjects, graded, strict=True):
        courses += lab_courses(records, own, ctcae.terms, days)
    grades = [grade for own in graded for grade in own]
    return {"grades.csv": _table(Grade, grades), "lab_courses.csv": _table(LabCourse, courses)}


def _table(
    record: type, answers: Sequence[object]
) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    header = [field.name for field in fields(record)]
    return header, [[_cell(getattr(answer, name)) for name in header] for answer in answers]


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "Y" if value else "N"
    if not isinstance(value, tuple):
        return value
    if value and isinstance(value[0], Source):
        return source_lines(value)
    return ";".join(map(str, value))
