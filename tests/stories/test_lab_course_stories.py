"""Laboratory values and adverse events of one patient over time, and what is counted of them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from patients import FIRST_DOSE, day, protocol_with

from onearm.clinical.adverse_events import (
    days_at_risk,
    grade_findings,
    is_emergent,
    window_at_risk,
)
from onearm.clinical.lab_course import grades_of, lab_courses
from onearm.clinical.labs import Grader
from onearm.clinical.records import (
    AdverseEvent,
    Dose,
    FollowUp,
    Lab,
    Source,
    Subject,
    SubjectRecords,
)
from onearm.clinical.subject import derive_subject
from onearm.io.ctcae import read_ctcae
from onearm.protocol.analysis import SpecialInterest
from onearm.protocol.values import read_period
from onearm.results.run import run_analyses

CTCAE = read_ctcae("5.0")
GRADER = Grader(CTCAE)
THIRTY = Fraction(30)


def alt(number: int, value: str, **about: object) -> Lab:
    """ALT with an ULN of 40 U/L, so many days after the first dose."""
    source = Source("labs.csv", ("S01", str(number)), 100 + number)
    return Lab(
        "S01", day(number), "ALT", value, "U/L", None, Decimal(40), source=source, **about
    )  # fmt: skip


def potassium(number: int, value: str, **about: object) -> Lab:
    return Lab(
        "S01", day(number), "K", value, "mmol/L", Decimal("3.5"), Decimal("5.1"), **about
    )  # fmt: skip


def records(
    labs: tuple[Lab, ...] = (), events: tuple[AdverseEvent, ...] = (), *, last: int = 50, **about
) -> SubjectRecords:
    """A patient dosed from day 0 to day ``last``."""
    doses = (Dose("S01", "anlotinib", 1, day(0), day(last), Decimal(12), "mg"),)
    subject = Subject("S01", first_dose_date=FIRST_DOSE)
    return SubjectRecords(subject, doses=doses, labs=labs, adverse_events=events, **about)


COURSES = [  # story; the values; baseline grade, worst grade, highest possible, day of the worst
    (
        "normal, then grade 2, then better",
        (alt(-3, "30", is_baseline=True), alt(20, "130"), alt(41, "45")),
        (0, 2, 2, 20),
    ),
    ("no baseline row", (alt(20, "130"),), (None, 2, 2, 20)),
    (
        "the day of the first dose is not on treatment",
        (alt(0, "900"), alt(7, "50")),
        (None, 1, 1, 7),
    ),
    (
        "an abnormal baseline, worse by less than half",
        (alt(-3, "100", is_baseline=True), alt(20, "149")),
        (1, 0, 0, 20),
    ),
    ("30 days after the last dose counts", (alt(80, "130"),), (None, 2, 2, 80)),
    ("31 days after the last dose does not", (alt(20, "50"), alt(81, "900")), (None, 1, 1, 20)),
    (
        "a value that cannot be graded is passed over",
        (alt(20, "50"), alt(27, "")),
        (None, 1, 1, 20),
    ),
    ("nothing on treatment", (alt(-3, "130", is_baseline=True),), (2, None, None, None)),
    ("the first of two worst values", (alt(34, "130"), alt(20, "140")), (None, 2, 2, 20)),
]


@pytest.mark.parametrize(("story", "labs", "claim"), COURSES, ids=[s for s, *_ in COURSES])
def test_the_worst_grade_on_treatment(
    story: str, labs: tuple[Lab, ...], claim: tuple[int | None, ...]
) -> None:
    of = records(labs)
    (course,) = lab_courses(of, grades_of(labs, GRADER), CTCAE.terms, THIRTY)

    worst = None if course.worst_date is None else (course.worst_date - FIRST_DOSE).days
    assert (course.baseline_grade, course.worst_grade, course.highest_possible, worst) == claim


def test_a_value_with_candidates_counts_with_the_lowest_and_says_what_it_may_be() -> None:
    labs = (potassium(20, "3.2"), potassium(30, "4.0"))
    courses = lab_courses(records(labs), grades_of(labs, GRADER), CTCAE.terms, THIRTY)

    assert {(c.term, c.worst_grade, c.highest_possible) for c in courses} == {
        ("Hypokalemia", 1, 2),
        ("Hyperkalemia", 0, 0),
    }


def test_a_course_names_the_rows_that_it_came_from() -> None:
    labs = (alt(-3, "100", is_baseline=True), alt(20, "301"))
    (course,) = lab_courses(records(labs), grades_of(labs, GRADER), CTCAE.terms, THIRTY)

    assert [source.line for source in course.sources] == [97, 120]
    assert "301 U/L is > 3 x baseline = 300 U/L" in course.reason


def event(term: str, grade: int | None, onset: int | None, end: int | None = None) -> AdverseEvent:
    return AdverseEvent(
        "S01", term, None, grade, None if onset is None else day(onset),
        None if end is None else day(end),
    )  # fmt: skip


EMERGENT = [  # story; onset, end; days after the last dose that still count; what is claimed
    ("on the day of the first dose", 0, None, THIRTY, True),
    ("the day before the first dose", -1, None, THIRTY, False),
    ("30 days after the last dose", 80, None, THIRTY, True),
    ("31 days after the last dose", 81, None, THIRTY, False),
    ("long after, without a window", 400, None, None, True),
    ("onset unknown, lasting", None, None, THIRTY, True),
    ("onset unknown, over before the first dose", None, -2, THIRTY, False),
]


@pytest.mark.parametrize(
    ("story", "onset", "end", "window", "claim"), EMERGENT, ids=[s for s, *_ in EMERGENT]
)
def test_the_treatment_emergent_window(
    story: str, onset: int | None, end: int | None, window: Fraction | None, claim: bool
) -> None:
    assert is_emergent(event("Rash", 1, onset, end), (day(0), day(50)), window) is claim


def test_nothing_is_emergent_without_a_dose() -> None:
    assert not is_emergent(event("Rash", 1, 3), None, THIRTY)


AT_RISK = [  # story; onsets; last day of follow-up; days at risk
    ("to the first event, both days counted", (10, 30), 200, 11),
    ("to the end of the window", (), 200, 81),
    ("not past the last contact", (), 60, 61),
    ("an event of unknown onset says nothing", (None,), 200, None),
]


@pytest.mark.parametrize(
    ("story", "onsets", "contact", "claim"), AT_RISK, ids=[s for s, *_ in AT_RISK]
)
def test_time_at_risk(
    story: str, onsets: tuple[int | None, ...], contact: int, claim: int | None
) -> None:
    events = [event("Rash", 1, onset) for onset in onsets]
    follow_up = (FollowUp("S01", day(contact), "ALIVE"),)

    assert days_at_risk(window_at_risk(records(follow_up=follow_up), THIRTY), events) == claim


MISMATCHES = [  # story; the event; the values; severity of the finding, or None
    ("equal grades", event("ALT increased", 2, 20, 30), (alt(20, "130"),), None),
    ("reported too low", event("ALT increased", 1, 20, 30), (alt(25, "201"),), "warning"),
    (
        "reported higher than any value",
        event("ALT increased", 3, 20, 30),
        (alt(25, "130"),),
        "note",
    ),
    (
        "the worst value counts",
        event("ALT increased", 2, 20, 30),
        (alt(20, "130"), alt(27, "90")),
        None,
    ),
    ("a value before the onset", event("ALT increased", 1, 20, 30), (alt(19, "900"),), None),
    ("a value after the end", event("ALT increased", 1, 20, 30), (alt(31, "900"),), None),
    ("an event that lasts", event("ALT increased", 1, 20), (alt(300, "900"),), "warning"),
    ("another term", event("Anaemia", 1, 20, 30), (alt(25, "900"),), None),
    (
        "the name the other way round",
        event("Elevated ALT", 1, 20, 30),
        (alt(25, "201"),),
        "warning",
    ),
    ("no grade reported", event("ALT increased", None, 20, 30), (alt(25, "900"),), None),
]


@pytest.mark.parametrize(
    ("story", "reported", "labs", "claim"), MISMATCHES, ids=[s for s, *_ in MISMATCHES]
)
def test_a_reported_grade_is_held_against_the_values(
    story: str, reported: AdverseEvent, labs: tuple[Lab, ...], claim: str | None
) -> None:
    found = list(grade_findings([reported], grades_of(labs, GRADER)))

    assert [finding.severity for finding in found] == ([claim] if claim else [])
    assert all(finding.code == "grade-differs" for finding in found)


def results_of(*people: SubjectRecords) -> dict[str, float | int | None]:
    protocol = protocol_with()
    safety = protocol.safety.model_copy(
        update={
            "emergent_until": read_period("30 days"),
            "special_interest": (
                SpecialInterest(id="liver", label="Liver", terms=("ALT increased", "Hepatitis")),
            ),
        }
    )
    protocol = protocol.model_copy(update={"safety": safety})
    answers = [derive_subject(one, protocol) for one in people]
    found = run_analyses(protocol, people, answers, None, ctcae=CTCAE)
    return {row.id: row.value for row in found.rows}


def person(name: str, labs: tuple[Lab, ...], events: tuple[AdverseEvent, ...]) -> SubjectRecords:
    subject = Subject(name, first_dose_date=FIRST_DOSE)
    return SubjectRecords(
        subject, responses=(), follow_up=(), labs=labs,
        adverse_events=events,
        doses=(Dose(name, "anlotinib", 1, day(0), day(50), Decimal(12), "mg"),),
    )  # fmt: skip


def test_worst_grades_shifts_and_events_are_counted_by_subject() -> None:
    people = (
        person(
            "A",
            (alt(-3, "30", is_baseline=True), alt(20, "210")),
            (event("ALT increased", 3, 20), event("ALT increased", 1, 40)),
        ),
        person("B", (alt(20, "45"),), (event("Rash", 1, 0),)),
        person("C", (alt(-3, "30", is_baseline=True),), (event("Rash", 2, 90),)),
    )
    found = results_of(*people)
    term = "term:alanine-aminotransferase-increased"

    assert found[f"lab-worst/all/{term}/count"] == 2
    assert found[f"lab-worst/all/{term}/total"] == 2  # C has no value on treatment
    assert found[f"lab-worst/all/{term}:grade-3-or-higher/count"] == 1
    assert found[f"lab-worst/all/{term}:grade-1/count"] == 1
    assert found[f"lab-shift/all/{term}:0-to-3/count"] == 1
    assert found[f"lab-shift/all/{term}:unknown-to-1/count"] == 1
    assert found["teae/all/count"] == 2  # the rash of C begins 40 days after the last dose
    assert found["teae/all/term:alt-increased/count"] == 1
    assert found["teae/all/term:alt-increased:grade-3-or-higher/count"] == 1
    assert found["aesi/all/group:liver/count"] == 1
    # A: day 0 to day 20; B and C: day 0 to the end of the window, day 80
    assert found["teae/all/term:alt-increased:by-exposure/at_risk"] == 21 + 81 + 81
    assert found["teae/all/term:alt-increased:by-exposure/rate_per_100_years"] == pytest.approx(
        100 * 365.25 / 183
    )


def test_without_a_table_of_values_there_is_no_result_of_them() -> None:
    people = (person("A", (), (event("Rash", 1, 3),)),)
    without = SubjectRecords(people[0].subject, adverse_events=(), doses=people[0].doses)

    assert not [name for name in results_of(without) if name.startswith("lab-")]
