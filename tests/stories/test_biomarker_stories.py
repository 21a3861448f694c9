"""Biomarkers before treatment, and the first immune-related event, as patient stories by day."""

from __future__ import annotations

from dataclasses import replace

import pytest
from patients import day, protocol_with, records_of

from onearm.clinical.biomarkers import levels_of, marker_value
from onearm.clinical.records import AdverseEvent, Biomarker, Disposition, Source
from onearm.clinical.subject import derive_subject
from onearm.protocol.schedule import PlannedBiomarker
from onearm.results.run import run_analyses

BINARY = PlannedBiomarker(id="slfn11", label="SLFN11", kind="binary", positive=("POS", "2+"))
NUMBER = PlannedBiomarker(id="tmb", label="TMB", kind="continuous", unit="mut/Mb")
CUT = PlannedBiomarker(id="tmb", label="TMB", kind="continuous", cut=10)

MARKERS = [  # story, marker, results (day or None, value), level, number, words of the reason
    ("a word of the list", BINARY, [(-3, "pos")], "positive", None, "pos on"),
    ("another word of the list", BINARY, [(-3, "2+")], "positive", None, "2+ on"),
    ("the usual negative word", BINARY, [(-3, "NEGATIVE")], "negative", None, "NEGATIVE on"),
    ("a word of no list", BINARY, [(-3, "equivocal")], None, None, "neither positive nor"),
    ("no result", BINARY, [], None, None, "no result of slfn11"),
    ("the latest before the first dose", NUMBER, [(-9, "4"), (-3, "7")], None, 7, "7 mut/Mb"),
    ("the day of the first dose is before it", NUMBER, [(-9, "4"), (0, "7")], None, 7, "7 mut/Mb"),
    ("a day later is not", NUMBER, [(-9, "4"), (1, "7")], None, 4, "4 mut/Mb"),
    ("only after the first dose", NUMBER, [(1, "7")], None, None, "after the first dose"),
    ("a result without a date counts", NUMBER, [(None, "5")], None, 5, "5 mut/Mb"),
    ("a dated one goes before it", NUMBER, [(-3, "4"), (None, "5")], None, 4, "4 mut/Mb"),
    ("words are no number", NUMBER, [(-3, "high")], None, None, "is no number"),
    ("nor is NaN", NUMBER, [(-3, "NaN")], None, None, "is no number"),
    ("at the cut is high", CUT, [(-3, "10")], "high", 10, "high, >= 10"),
    ("below it is low", CUT, [(-3, "9.9")], "low", 9.9, "low, < 10"),
]  # fmt: skip


@pytest.mark.parametrize(("story", "marker", "results", "level", "number", "words"), MARKERS)
def test_a_marker_before_treatment(story, marker, results, level, number, words):
    rows = tuple(
        Biomarker("S01", None if when is None else day(when), marker.id.upper(), value,
                  source=Source("biomarkers.csv", ("S01",), line))
        for line, (when, value) in enumerate(results, start=2)
    )  # fmt: skip
    found = marker_value(replace(records_of("42 SD"), biomarkers=rows), marker)

    assert found.level == level, story
    assert (None if found.number is None else float(found.number)) == number
    assert words in found.reason
    assert found.sources
    assert found.is_evaluable is (level is not None or number is not None)


def test_levels_put_the_one_of_interest_first():
    assert levels_of(BINARY) == ("positive", "negative")
    assert levels_of(CUT) == ("high", "low")
    assert levels_of(NUMBER) == ()


COURSES = [  # story, onset of the event, facts, day and role of the course
    ("the event comes first", 30, {"stop": (100, "OTHER"), "death": 200},
     ("31 days", "event")),
    ("on one day it comes before the end of treatment", 100, {"stop": (100, "OTHER"), "death": 200},
     ("101 days", "event")),
    ("the end of treatment competes", 150, {"stop": (100, "OTHER"), "death": 200},
     ("101 days", "end of treatment")),
    ("death competes", None, {"death": 200}, ("201 days", "death")),
    ("death comes before the end of treatment of its day", None,
     {"stop": (200, "DEATH"), "death": 200}, ("201 days", "death")),
    ("alive on treatment is censored", None, {"alive": 300}, ("301 days", "censored")),
    ("an onset before the first dose does not count", -5, {"alive": 300}, ("301 days", "censored")),
]  # fmt: skip


def results_of(*patients, rules=None):
    """Return the results of patients, each records by shorthand."""
    protocol = protocol_with(rules=rules)
    records = [
        replace(one, subject=replace(one.subject, subject_id=f"S{i:02}"))
        for i, one in enumerate(patients, start=1)
    ]
    answers = [derive_subject(one, protocol) for one in records]
    return run_analyses(protocol, records, answers, None)


def with_event(onset, responses="42 SD", **facts):
    records = records_of(responses, **facts)
    events = ()
    if onset is not None:
        where = Source("adverse_events.csv", ("S01",), 2)
        when = None if onset == "unknown" else day(onset)
        events = (
            AdverseEvent(
                "S01", "Pneumonitis", onset_date=when, is_immune_related=True, source=where
            ),
        )
    other = AdverseEvent("S01", "Rash", is_immune_related=False)
    return replace(records, adverse_events=(*events, other))


@pytest.mark.parametrize(("story", "onset", "facts", "expected"), COURSES)
def test_what_ends_the_time_at_risk_of_an_immune_related_event(story, onset, facts, expected):
    results = results_of(with_event(onset, **facts))
    (course,) = results.bases["irae-incidence/all"].contributions

    assert (course.value, course.role) == expected, story


def test_an_event_without_a_day_is_said():
    results = results_of(with_event("unknown", alive=300))

    assert results["irae-incidence/all/undated"].value == 1
    assert results["irae-incidence/all/events"].value == 0


def test_the_landmark_counts_its_own_day_as_before_and_needs_time_after_it():
    results = results_of(
        with_event(41, "42 SD, 84 SD", alive=300),  # day 42, of week 6
        with_event(42, "42 SD, 84 SD", alive=300),  # day 43
        with_event(None, "", death=41),  # died on day 42: out
        with_event(None, "", death=42),  # died on day 43: in
    )

    assert results["irae-landmark/all/os:week-6/included"].value == 3
    assert results["irae-landmark/all/os:week-6/excluded"].value == 1
    assert results["irae-landmark/all/os:week-6:with-event/total"].value == 1
    assert results["irae-landmark/all/os:week-6:without-event/events"].value == 1


def test_an_event_on_the_day_of_its_onset_is_not_after_it():
    exposed = results_of(with_event(40, "", death=42))["irae-hazard/all/os/exposed"].value
    same_day = results_of(with_event(42, "", death=42))["irae-hazard/all/os/exposed"].value

    assert (exposed, same_day) == (1, 0)


def test_days_count_from_where_the_time_to_the_event_counts():
    """Onset on day 36 from the first dose is day 46 from enrolment, ten days before it."""
    patient = with_event(35, "42 SD, 84 SD", alive=300, enrolled=-10)
    by_dose = results_of(patient)
    by_enrolment = results_of(patient, rules={"reference_date": "enrolment"})
    with_event_by_week_6 = "irae-landmark/all/pfs:week-6:with-event/total"

    assert by_dose[with_event_by_week_6].value == 1
    assert by_enrolment[with_event_by_week_6].value == 0
    assert by_enrolment["irae-landmark/all/pfs:week-12:with-event/total"].value == 1


def test_every_ratio_carries_the_caution():
    results = results_of(
        with_event(20, "42 SD, 84 PD", alive=300), with_event(None, "42 PD", alive=90),
        with_event(None, "42 SD, 84 PD", death=150),
    )  # fmt: skip
    ratios = [row for row in results.rows if row.analysis in ("irae-landmark", "irae-hazard")
              and row.statistic == "hazard_ratio" and row.value is not None]  # fmt: skip

    assert ratios
    assert all("never ever against never" in (row.note or "") for row in ratios)


def test_a_study_that_did_not_mark_events_as_immune_related_says_nothing_of_them():
    records = replace(records_of("42 SD"), adverse_events=(AdverseEvent("S01", "Rash"),))
    results = results_of(records)

    assert not [row.id for row in results.rows if row.analysis.startswith("irae-")]


def test_a_disposition_of_the_treatment_as_completed_ends_the_time_at_risk():
    records = with_event(None, alive=300)
    done = (Disposition("S01", "TREATMENT", "COMPLETED", day(99)),)
    (course,) = (
        results_of(replace(records, disposition=done)).bases["irae-incidence/all"].contributions
    )

    assert (course.value, course.role) == ("100 days", "end of treatment")
