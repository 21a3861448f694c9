"""Studies that bring recorded times and best responses, and nothing to derive them from."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from patients import FIRST_DOSE, day, protocol_with

from onearm.clinical.readings import planned_readings
from onearm.clinical.recorded_endpoints import check_endpoints
from onearm.clinical.records import (
    FollowUp,
    RecordedEndpoint,
    Source,
    Subject,
    SubjectRecords,
)
from onearm.clinical.subject import derive_subject
from onearm.results.run import run_analyses
from onearm.terms import Response


def endpoint(name, value, *, subject_id="S01", evaluator="INVESTIGATOR", line=2):
    """Return ``("PFS", "44 WEEKS event")`` or ``("BEST RESPONSE", "PR")`` as a recorded row."""
    about = (subject_id, name, evaluator)
    source = Source("endpoints.csv", about, line)
    if name.endswith("RESPONSE"):
        return RecordedEndpoint(*about, response=Response(value), source=source)
    time, unit, status = value.split()
    return RecordedEndpoint(
        *about, Decimal(time), unit, {"event": True, "censored": False}[status], source=source
    )


def person(*endpoints, subject_id="S01", first_dose=None, follow_up=None):
    subject = Subject(
        subject_id, first_dose_date=first_dose, source=Source("subjects.csv", (subject_id,), 2)
    )
    rows = tuple(endpoint(name, value, subject_id=subject_id) for name, value in endpoints)
    return SubjectRecords(subject, endpoints=rows, follow_up=follow_up)


def results_of(*people):
    protocol = protocol_with(source="recorded")
    readings = planned_readings(people, protocol.response)
    derived = [derive_subject(one, protocol, readings) for one in people]
    return run_analyses(protocol, people, derived, None, readings).by_id()


TIMES = [  # recorded, days
    ("44 WEEKS event", 308),
    ("44.5 WEEKS event", 311.5),  # 44.5 * 7
    ("239 DAYS censored", 239),
    ("2 MONTHS event", 60.875),  # 2 * 30.4375
    ("16 MONTHS event", 487),
]


@pytest.mark.parametrize(("recorded", "days"), TIMES)
def test_a_time_is_taken_as_it_stands(recorded, days):
    found = derive_subject(person(("PFS", recorded)), protocol_with()).events

    assert set(found) == {"pfs"}
    event = found["pfs"]
    assert (event.days, event.rule, event.start, event.end) == (days, "RECORDED", None, None)
    assert event.is_event is recorded.endswith("event")
    assert event.reason.endswith("recorded by INVESTIGATOR")
    assert [str(source) for source in event.sources] == ["endpoints.csv:2"]


def test_what_the_records_do_not_determine_is_absent():
    rows = results_of(
        person(("PFS", "44 WEEKS event")), person(("PFS", "9 WEEKS censored"), subject_id="S02")
    )
    analyses = {row.analysis for row in rows.values()}

    assert analyses - {"design"} == {"flow", "baseline", "pfs", "follow-up-pfs"}
    assert rows["pfs/all/total"].value == 2
    assert rows["flow/all/step:treated/count"].value == 2
    assert "flow/all/step:response-evaluable/count" not in rows
    assert not [name for name in rows if name.startswith("pfs.")]


def test_unconfirmed_best_responses_give_no_confirmed_rate():
    rows = results_of(
        person(("BEST RESPONSE", "PR")), person(("BEST RESPONSE", "SD"), subject_id="S02")
    )

    assert rows["orr.unconfirmed/all/count"].value == 1
    assert rows["dcr.unconfirmed/all/count"].value == 2
    assert rows["bor.unconfirmed/all/response:sd/count"].value == 1
    assert not [
        n for n in rows if n.startswith(("orr/", "orr.wilson", "dcr/", "cbr", "bor/", "primary"))
    ]


# 2 of 4 with CR or PR; the one without a recorded response stays in the denominator (E09 4.9).
def test_confirmed_best_responses_give_the_rates():
    rows = results_of(
        person(("CONFIRMED BEST RESPONSE", "PR")),
        person(("CONFIRMED BEST RESPONSE", "CR"), subject_id="S02"),
        person(("CONFIRMED BEST RESPONSE", "PD"), subject_id="S03"),
        person(("PFS", "9 WEEKS event"), subject_id="S04"),
    )

    assert (rows["orr/all/count"].value, rows["orr/all/total"].value) == (2, 4)
    assert rows["dcr/all/count"].value == 2
    assert rows["cbr/all/count"].value == 2
    assert rows["primary/all/responders_needed"].value is not None
    assert rows["bor/all/response:unknown/count"].value == 1
    assert not [name for name in rows if name.startswith("orr.unconfirmed")]


def test_the_benefit_of_stable_disease_of_unknown_length_is_not_guessed():
    rows = results_of(
        person(("CONFIRMED BEST RESPONSE", "PR")),
        person(("CONFIRMED BEST RESPONSE", "SD"), subject_id="S02"),
    )

    assert rows["dcr/all/count"].value == 2
    assert not [name for name in rows if name.startswith("cbr")]


def test_a_recorded_pfs_event_is_not_counted_as_progression():
    rows = results_of(person(("PFS", "9 WEEKS event"), ("OS", "20 WEEKS event")))

    assert rows["died/all/count"].value == 1
    assert "progressed/all/count" not in rows


def test_survival_is_derived_where_there_is_follow_up():
    dead = (FollowUp("S01", day(99), "DEAD", source=Source("follow_up.csv", ("S01",), 2)),)
    found = derive_subject(
        person(("OS", "20 WEEKS event"), first_dose=FIRST_DOSE, follow_up=dead), protocol_with()
    )

    assert found.events["os"].days == 100
    assert found.events["os"].end == FIRST_DOSE + dt.timedelta(days=99)


def test_a_curve_steps_at_fractions_of_a_day():
    rows = results_of(
        person(("PFS", "2 MONTHS event")), person(("PFS", "60 DAYS event"), subject_id="S02")
    )

    assert rows["pfs/all/step:60/survival"].value == 0.5
    assert rows["pfs/all/step:60.875/survival"].value == 0


def test_another_evaluator_of_recorded_endpoints_is_a_variant():
    mine = person(("PFS", "44 WEEKS event"), ("CONFIRMED BEST RESPONSE", "PR"))
    theirs = (
        endpoint("PFS", "40 WEEKS event", evaluator="READER 1"),
        endpoint("CONFIRMED BEST RESPONSE", "SD", evaluator="READER 1"),
    )
    rows = results_of(SubjectRecords(mine.subject, endpoints=(*(mine.endpoints or ()), *theirs)))

    assert (rows["pfs/all/maximum"].value, rows["pfs.reader-1/all/maximum"].value) == (308, 280)
    assert (rows["orr/all/count"].value, rows["orr.reader-1/all/count"].value) == (1, 0)
    assert rows["concordance.reader-1/all/primary-pr:reader-1-sd/count"].value == 1


INCOMPLETE = [  # what is recorded, complaint
    ({"time": None}, "PFS needs a time"),
    ({"time": Decimal(0)}, "time must be above 0, the first day being day 1; got 0"),
    ({"time_unit": None}, "PFS needs a time_unit: DAYS, WEEKS, MONTHS"),
    ({"is_event": None}, "PFS needs Y (event) or N (censored) in event"),
    ({"endpoint": "BEST RESPONSE"}, "BEST RESPONSE needs a response"),
]


@pytest.mark.parametrize(("changes", "complaint"), INCOMPLETE)
def test_an_endpoint_that_lacks_something_is_an_error(changes, complaint):
    given = {
        "subject_id": "S01",
        "endpoint": "PFS",
        "time": Decimal(4),
        "time_unit": "WEEKS",
        "is_event": True,
        "source": Source("endpoints.csv", ("S01",), 7),
    }
    [finding] = check_endpoints([RecordedEndpoint(**(given | changes))])

    assert str(finding) == f"endpoints.csv:7: {complaint} for subject S01"
