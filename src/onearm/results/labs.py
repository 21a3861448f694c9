"""Laboratory grades counted by subject: worst grade by term, and shift from baseline.

Takes the graded values of every subject, gives counts. A subject counts once a
term; who has no graded value on treatment is not in the denominator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onearm.clinical.derived import Grade, LabCourse
from onearm.clinical.lab_course import grades_of, lab_courses
from onearm.clinical.labs import Grader
from onearm.results.ledger import Entry, Ledger, Person, Population, Told, tally_of
from onearm.results.model import slugs
from onearm.results.plan import Analysis

SEVERE = 3
Course = tuple[Person, LabCourse]


def add_lab_worst(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add how many reached each worst grade on treatment, by term.

    The item ``term:x`` counts grade 1 or higher, ``term:x:grade-3-or-higher``
    those from grade 3, ``term:x:grade-2`` a worst grade of exactly 2, nobody
    included, and ``term:x:open`` whose worst grade may be higher than the one given.
    A grade that no value can have in a term has no row.
    """
    for group, term, name, courses in _by_group_and_term(population, analysis):
        of = f"{analysis.set} subjects with a graded value on treatment, {group.group.label}"
        counts: list[tuple[str, str, Callable[[LabCourse], bool]]] = [
            ("", f"{term}: grade 1 or higher", lambda c: (c.worst_grade or 0) >= 1),
            (
                ":grade-3-or-higher",
                f"{term}: grade {SEVERE} or higher",
                lambda c: (c.worst_grade or 0) >= SEVERE,
            ),
            (
                ":open",
                f"{term}: worst grade may be higher",
                lambda c: (c.highest_possible or 0) > (c.worst_grade or 0),
            ),
        ]
        grades = _grades(population, term)
        counts += [(f":grade-{g}", f"{term}: worst grade {g}", _has_worst(g)) for g in grades]
        told = _told(courses)
        for ending, label, test in counts:
            entry = Entry(analysis, group.group, "", f"term:{name}{ending}", label)
            tally_of(ledger, entry, told, _counted(courses, test), label, of)


def add_lab_shift(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add how many went from each baseline grade to each worst grade, by term.

    The item is ``term:x:1-to-3``, or ``term:x:unknown-to-3`` without a baseline grade.
    """
    for group, term, name, courses in _by_group_and_term(population, analysis):
        of = f"{analysis.set} subjects with a graded value on treatment, {group.group.label}"
        told, grades = _told(courses), _grades(population, term)
        for start in sorted({_shift(course)[0] for _, course in courses}):
            for end in map(str, grades):
                label = f"{term}: from grade {start} at baseline to grade {end}"
                entry = Entry(analysis, group.group, "", f"term:{name}:{start}-to-{end}", label)
                tally_of(ledger, entry, told, _counted(courses, _has_shift(start, end)), label, of)


def _shift(course: LabCourse) -> tuple[str, str]:
    start = "unknown" if course.baseline_grade is None else f"{course.baseline_grade}"
    return start, f"{course.worst_grade}"


def _grades(population: Population, term: str) -> list[int]:
    """Return the grades that a value can have in a term, 0 first."""
    of = [one for one in population.ctcae.terms if one.name == term] if population.ctcae else []
    bands = [band for one in of for band in one.bands]
    found = {grade for band in bands for grade in (*band.grades, *band.otherwise)}
    found |= {grade for one in of for grade in (*one.words.values(), one.transfused or 0)}
    return sorted({0, *found})


def _has_worst(grade: int) -> Callable[[LabCourse], bool]:
    return lambda course: course.worst_grade == grade


def _has_shift(start: str, end: str) -> Callable[[LabCourse], bool]:
    return lambda course: _shift(course) == (start, end)


def _by_group_and_term(
    population: Population, analysis: Analysis
) -> list[tuple[Entry, str, str, Sequence[Course]]]:
    """Return the courses with a worst grade by group and term, in the order of the criteria."""
    if population.ctcae is None or all(p.records.labs is None for p in population.people):
        return []
    courses = population.kept("lab courses", lambda: _courses(population))
    names = slugs(term.name for term in population.ctcae.terms)
    found: list[tuple[Entry, str, str, Sequence[Course]]] = []
    for group in analysis.groups:
        people = population.of(analysis, group)
        for term in dict.fromkeys(term.name for term in population.ctcae.terms):
            of_term = courses.get(term, {})
            pairs = [(p, of_term[p.subject_id]) for p in people if p.subject_id in of_term]
            if pairs:
                found.append((Entry(analysis, group), term, names[term], pairs))
    return found


def grades_by_subject(population: Population) -> dict[str, tuple[Grade, ...]]:
    """Return the grades of each subject's laboratory rows, in their order."""

    def grade() -> dict[str, tuple[Grade, ...]]:
        if population.ctcae is None:
            return {}
        grader = Grader(population.ctcae)
        return {p.subject_id: grades_of(p.records.labs or (), grader) for p in population.people}

    return population.kept("lab grades", grade)


def _courses(population: Population) -> dict[str, dict[str, LabCourse]]:
    """Return the courses with a worst grade by term and subject."""
    terms = population.ctcae.terms if population.ctcae else ()
    until = population.protocol.safety.emergent_until
    days = None if until is None else until.days
    graded = grades_by_subject(population)
    courses: dict[str, dict[str, LabCourse]] = {}
    for person in population.people:
        for course in lab_courses(person.records, graded[person.subject_id], terms, days):
            if course.worst_grade is not None:
                courses.setdefault(course.term, {})[person.subject_id] = course
    return courses


def _told(courses: Sequence[Course]) -> dict[str, Told]:
    return {
        person.subject_id: Told(f"grade {course.worst_grade}", course.reason, course.sources)
        for person, course in courses
    }


def _counted(courses: Sequence[Course], test: Callable[[LabCourse], bool]) -> set[str]:
    return {person.subject_id for person, course in courses if test(course)}
