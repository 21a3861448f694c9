"""The course of a patient by day, as swimmer, spider and listings show it.

Days in the stories count from the first dose as 0; the course counts that day as 1,
and the day before it as -1.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patients import FIRST_DOSE, day, protocol_with, records_of

from onearm.clinical.derived import Grade
from onearm.clinical.lanes import marks, segments, study_day
from onearm.clinical.listings import (
    change_series,
    death_listing,
    death_reason,
    event_listing,
    lab_series,
    lesion_series,
)
from onearm.clinical.records import AdverseEvent, Disposition, Dose, FollowUp, Lab
from onearm.clinical.subject import derive_subject

EMERGENT = 30  # days after the last dose, as the shipped protocol says


def course(responses="", *, scans=None, change=None, **facts):
    """Return records, answers and protocol of a patient in shorthand."""
    protocol = protocol_with(source="derived" if scans is not None else "recorded")
    records = records_of(responses, scans, **facts)
    records = replace(records, **(change or {}))
    return records, derive_subject(records, protocol), protocol


def told(found):
    return [(one.kind, one.code, one.start_day, one.end_day) for one in found]


RESPONSES = [  # story, responses, facts, stretches of response: code, from day, to day
    ("a response holds until the next scan", "42 SD, 84 PR, 126 PD", {},
     [("SD", 43, 85), ("PR", 85, 127), ("PD", 127, 127)]),
    ("equal responses are one stretch", "42 PR, 84 PR, 126 PR", {}, [("PR", 43, 127)]),
    ("one scan is a stretch of its day", "42 SD", {}, [("SD", 43, 43)]),
    ("no scan, no stretch", "", {}, []),
    ("NE is a stretch of its own", "42 SD, 84 NE, 126 SD", {},
     [("SD", 43, 85), ("NE", 85, 127), ("SD", 127, 127)]),
]  # fmt: skip


@pytest.mark.parametrize(("story", "responses", "facts", "expected"), RESPONSES)
def test_stretches_of_response(story, responses, facts, expected):
    found = [s for s in segments(*course(responses, **facts)) if s.kind == "RESPONSE"]

    assert [(s.code, s.start_day, s.end_day) for s in found] == expected, story


TREATMENT = [  # story, disposition, contact, doses: first and last day; code, last day
    ("ends on the day of discontinuation", ("DISCONTINUED", 60), None, [(0, 13), (42, 55)],
     ("DISCONTINUED", 61)),
    ("never ends before the last dose", ("DISCONTINUED", 50), None, [(0, 13), (42, 55)],
     ("DISCONTINUED", 56)),
    ("while ongoing, to the last contact", ("ONGOING", None), 90, [(0, 13)], ("ONGOING", 91)),
    ("while ongoing, never before the last dose", ("ONGOING", None), 5, [(0, 13)],
     ("ONGOING", 14)),
    ("without a disposition, to the last dose", None, 90, [(0, 13)], (None, 14)),
]  # fmt: skip


@pytest.mark.parametrize(("story", "stands", "contact", "doses", "expected"), TREATMENT)
def test_the_stretch_of_treatment(story, stands, contact, doses, expected):
    change = {
        "doses": tuple(Dose("S01", "anlotinib", 1, day(a), day(b), Decimal(12)) for a, b in doses),
        "disposition": stands
        and (Disposition("S01", "TREATMENT", stands[0], stands[1] and day(stands[1])),),
        "follow_up": () if contact is None else (FollowUp("S01", day(contact)),),
    }
    (found,) = [s for s in segments(*course(change=change)) if s.kind == "TREATMENT"]

    assert (found.start_day, found.code, found.end_day) == (1, *expected), story


def test_a_confirmed_response_lasts_from_its_first_scan_to_progression():
    found = segments(*course("42 PR, 84 PR, 200 PD"))

    assert ("CONFIRMED RESPONSE", "PR", 43, 201) in told(found)


def test_a_patient_without_any_day_has_no_course():
    records, answers, protocol = course("", treated=False)

    assert (segments(records, answers, protocol), marks(records, answers, protocol)) == ((), ())
    assert change_series(records, answers, protocol) == ()


def test_first_responses_are_those_before_progression():
    found = marks(*course("42 SD, 84 PD, 126 PR, 168 PR"))

    assert [(m.kind, m.day) for m in found] == [("PD", 85)]


def test_what_happened_stands_in_the_order_of_the_days():
    facts = {"death": 300, "new_therapy": 250, "stop": (210, "PROGRESSIVE DISEASE")}
    found = marks(*course("42 PR, 84 CR, 126 CR, 200 PD", **facts))

    assert [(m.kind, m.day) for m in found] == [
        ("FIRST PR", 43), ("FIRST CR", 85), ("PD", 201), ("DISCONTINUED", 211),
        ("NEW THERAPY", 251), ("DEATH", 301),
    ]  # fmt: skip


REDUCTIONS = [  # story, doses by day, days of a reduction
    ("a lower dose", [(0, 12), (21, 10), (42, 10)], [22]),
    ("two levels down", [(0, 12), (21, 10), (42, 8)], [22, 43]),
    ("up again is no reduction", [(0, 10), (21, 12)], []),
    ("a day without a dose is none", [(0, 12), (21, 0), (42, 12)], []),
]


@pytest.mark.parametrize(("story", "doses", "expected"), REDUCTIONS)
def test_reductions_are_marked(story, doses, expected):
    change = {
        "doses": tuple(Dose("S01", "anlotinib", 1, day(d), None, Decimal(x)) for d, x in doses)
    }
    found = marks(*course(change=change))

    assert [m.day for m in found if m.kind == "REDUCED"] == expected, story


def test_change_from_baseline_by_visit_with_the_first_progression():
    scans = {0: "T 50", 42: "T 40", 84: "T nd", 126: "T 61", 168: "T 70"}
    found = change_series(*course(scans=scans))

    assert [(p.day, p.change_percent) for p in found] == [
        (43, -20.0), (85, None), (127, 22.0), (169, 40.0),
    ]  # fmt: skip
    assert [(p.is_first_pd, p.is_after_pd) for p in found] == [
        (False, False), (False, False), (True, False), (False, True),
    ]  # fmt: skip


def test_a_lesion_is_followed_from_its_own_first_measurement():
    scans = {0: "T1 50, T2 20, N +", 42: "T1 25, T2 gone, N +, L 10"}
    records, _, protocol = course(scans=scans)
    found = {(p.lesion_id, p.day): p.change_percent for p in lesion_series(records, protocol)}

    assert found == {
        ("T1", 1): 0.0, ("T1", 43): -50.0, ("T2", 1): 0.0, ("T2", 43): None,
        ("N", 1): None, ("N", 43): None, ("L", 43): 0.0,
    }  # fmt: skip


EVENTS = [  # story, onset, end, emergent, onset day, length
    ("on the day of the first dose", 0, 3, True, 1, 4),
    ("the day before", -1, 3, False, -1, 5),
    ("on the last day of the window", EMERGENT, None, True, 31, None),
    ("a day after the window", EMERGENT + 1, None, False, 32, None),
    ("without onset, not ended before", None, 5, True, None, None),
    ("without onset, ended before", None, -2, False, None, None),
]


@pytest.mark.parametrize(("story", "onset", "end", "emergent", "onset_day", "length"), EVENTS)
def test_an_event_knows_its_days(story, onset, end, emergent, onset_day, length):
    first, last = (None if number is None else day(number) for number in (onset, end))
    event = AdverseEvent("S01", "Rash", onset_date=first, end_date=last)
    records, _, protocol = course(change={"adverse_events": (event,)})
    (found,) = event_listing(records, protocol)

    assert (found.is_emergent, found.onset_day, found.days) == (emergent, onset_day, length), story
    assert (", not from" in found.reason) is not emergent


@pytest.mark.parametrize(("after", "within"), [(30, True), (31, False), (0, True)])
def test_a_death_counts_its_days_from_the_last_dose(after, within):
    records, _, protocol = course(death=after)
    death = death_listing(records, protocol)

    assert (death.days_since_last_dose, death.is_within_30_days) == (after, within)
    assert f"{after} days after the last dose" in death_reason(death)


def test_who_died_without_a_dose_did_not_die_after_one():
    records, _, protocol = course(death=5, treated=False)
    death = death_listing(records, protocol)

    assert (death.days_since_last_dose, death.is_within_30_days) == (None, None)
    assert death_reason(death).endswith("no dose")


LABS = [  # value, uln, lln, multiples
    ("120", "40", "10", (3.0, 12.0)),
    ("120", None, "10", (None, 12.0)),
    ("120", "0", None, (None, None)),
]


@pytest.mark.parametrize(("value", "uln", "lln", "expected"), LABS)
def test_a_value_in_multiples_of_its_limits(value, uln, lln, expected):
    limits = {"uln": uln and Decimal(uln), "lln": lln and Decimal(lln)}
    lab = Lab("S01", day(21), "ALT", value, "U/L", **limits)
    records, _, protocol = course(change={"labs": (lab,)})
    (found,) = lab_series(records, [ungraded(lab)], protocol)

    assert (found.multiple_of_uln, found.multiple_of_lln) == expected
    assert (found.analyte, found.day) == ("ALT", 22)


@pytest.mark.parametrize("value", ["<5", "POSITIVE", "", None, "NaN", "-3"])
def test_what_is_no_number_has_no_multiple(value):
    lab = Lab("S01", day(21), "ALT", value, "U/L", uln=Decimal(40))
    records, _, protocol = course(change={"labs": (lab,)})

    assert lab_series(records, [ungraded(lab)], protocol) == ()


def ungraded(lab):
    return Grade(
        "S01", lab.date, "ALT", lab.value, lab.unit, "ALT", None, None, None, (), "", None, False,
        "5.0", (lab.source,),
    )  # fmt: skip


@given(st.integers(-2000, 2000).filter(bool))
def test_there_is_no_day_0_and_days_are_in_order(number):
    found = study_day(FIRST_DOSE + dt.timedelta(days=number), FIRST_DOSE)

    assert found != 0
    assert (found > 0) is (number >= 0)
    assert found == (number + 1 if number > 0 else number)
