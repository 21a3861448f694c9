"""How the graded laboratory values of one subject went: baseline grade and worst grade by term.

Takes the records of one subject and a grader, gives one ``LabCourse`` a term
that the subject has values for. Knows one subject only.

* The baseline grade is that of the latest baseline row; without one it is not
  known, never 0.
* On treatment means after the day of the first dose, and where the protocol
  says how long, at most so many days after the last dose. A row that is marked
  as baseline is never on treatment. Without a first dose nothing is.
* The worst grade is the highest that was given. A value that leaves candidates
  counts with the lowest of them, and ``highest_possible`` says what it might be.
* A value that is normal in both directions has grade 0 in both terms of its
  analyte; terms of one name (two ways to measure calcium) are one term.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from onearm.clinical.derived import Grade, LabCourse
from onearm.clinical.labs import Grader, analyte_code, baselines, change_key, changes
from onearm.clinical.records import Dose, Lab, SubjectRecords
from onearm.protocol.ctcae import Term


def grades_of(labs: Sequence[Lab], grader: Grader) -> tuple[Grade, ...]:
    """Return the grade of each row of one subject, in the order of the rows."""
    found, moved = baselines(labs), changes(labs)
    return tuple(
        grader.grade(
            lab,
            found.get((lab.subject_id, analyte_code(lab.test) or "")),
            moved.get(change_key(lab)),
        )
        for lab in labs
    )


def dosed(records: SubjectRecords) -> tuple[dt.date, dt.date] | None:
    """Return the days of the first and the last dose; None for a subject without a dose."""
    doses: Iterable[Dose] = [row for row in records.doses or () if row.dose > 0]
    starts = [row.start_date for row in doses]
    first = records.subject.first_dose_date or min(starts, default=None)
    if first is None:
        return None
    return first, max([first, *(row.end_date or row.start_date for row in doses)])


def lab_courses(
    records: SubjectRecords,
    grades: Sequence[Grade],
    terms: Sequence[Term],
    emergent_days: Fraction | None = None,
) -> tuple[LabCourse, ...]:
    """Return baseline and worst grade of each term that the subject has values for.

    ``emergent_days``: how long after the last dose a value still counts; by
    default without end.
    """
    days = dosed(records)
    by_name: dict[str, list[Term]] = {}
    for term in terms:
        by_name.setdefault(term.name, []).append(term)
    by_analyte: dict[str | None, list[Grade]] = {}
    for grade in grades:
        by_analyte.setdefault(_analyte(grade), []).append(grade)
    found = []
    for name, of in by_name.items():
        analytes = {term.analyte for term in of} & by_analyte.keys()
        if len(analytes) == 1:
            own: Sequence[Grade] = by_analyte[analytes.pop()]
        else:  # in the order of the rows
            own = [grade for grade in grades if _analyte(grade) in analytes]
        graded = [(grade, span) for grade in own for span in _of_term(grade, of)]
        found.append(_course(name, graded, days, emergent_days))
    return tuple(course for course in found if course is not None)


def _analyte(grade: Grade) -> str | None:
    """Return the analyte as which a value is graded."""
    return "CACR" if grade.analyte == "CA" else grade.analyte


def _of_term(grade: Grade, terms: Sequence[Term]) -> Iterator[tuple[int, int] | None]:
    """Yield the lowest and the highest grade of a value in a term; None where it has none."""
    analyte = _analyte(grade)
    for term in terms:
        if term.analyte != analyte:
            continue
        if grade.grade is None and not grade.candidates:
            yield None
        elif grade.term not in (None, term.name):
            yield 0, 0
        elif grade.grade is not None:
            yield grade.grade, grade.grade
        else:
            yield min(grade.candidates), max(grade.candidates)


def _course(
    name: str,
    graded: Sequence[tuple[Grade, tuple[int, int] | None]],
    days: tuple[dt.date, dt.date] | None,
    emergent_days: Fraction | None,
) -> LabCourse | None:
    if not graded:
        return None
    subject_id = graded[0][0].subject_id
    before = [(one, found) for one, found in graded if one.is_baseline]
    baseline = max(before, key=lambda row: row[0].date, default=None)
    after = [
        (one, found)
        for one, found in graded
        if not one.is_baseline and is_on_treatment(one.date, days, emergent_days)
    ]
    known = [(one, found) for one, found in after if found is not None]
    worst = max(known, key=lambda row: (row[1][0], -row[0].date.toordinal()), default=None)
    highest = max((found[1] for _, found in known), default=None)
    base = baseline[1] if baseline else None
    base_grade = base[0] if base is not None and base[0] == base[1] else None
    return LabCourse(
        subject_id,
        name,
        base_grade,
        worst[1][0] if worst else None,
        highest,
        worst[0].date if worst else None,
        len(after),
        len(after) - len(known),
        _reason(worst, base_grade, len(after), highest),
        tuple(
            dict.fromkeys(
                source for row in (baseline, worst) if row is not None for source in row[0].sources
            )
        ),
    )


def is_on_treatment(
    day: dt.date, days: tuple[dt.date, dt.date] | None, emergent_days: Fraction | None
) -> bool:
    """Return whether a day lies after the first dose, and not too long after the last."""
    if days is None or day <= days[0]:
        return False
    return emergent_days is None or (day - days[1]).days <= emergent_days


def _reason(
    worst: tuple[Grade, tuple[int, int]] | None,
    baseline: int | None,
    count: int,
    highest: int | None,
) -> str:
    start = "baseline grade not known" if baseline is None else f"baseline grade {baseline}"
    if worst is None:
        return f"{start}; {count} values on treatment, none with a grade"
    least = worst[1][0]
    beyond = f", at most {highest}" if highest is not None and highest > least else ""
    return f"{start}; worst grade {least}{beyond} on {worst[0].date}: {worst[0].reason}"
