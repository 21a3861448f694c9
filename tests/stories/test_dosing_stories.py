"""Doses as a coordinator meets them: planned, given, changed, counted.

Each story is one line; the last column is the claim. Day 0 is the day of the
first dose. Where a story is a limit, the day on it and the day after stand
together.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from regimens import ANLOTINIB, START, TQB2450, day, doses, protocol, records, shipped, treatment

from onearm.clinical.dose_amounts import Body, dose_amount, is_recalculated
from onearm.clinical.dose_course import dose_course
from onearm.clinical.dose_findings import dose_findings
from onearm.clinical.dose_intensity import dose_intensities
from onearm.clinical.dose_next import next_doses
from onearm.clinical.dosing_calendar import planned_calendar
from onearm.clinical.modification import propose
from onearm.clinical.periods import last_day_after, last_day_from
from onearm.clinical.records import AdverseEvent, FollowUp, Lab, Source, Vital
from onearm.errors import InputError
from onearm.format import number
from onearm.protocol.schedule import Schedule
from onearm.protocol.values import Amount, read_period

A1, T1 = "1 A 0-13 12", "1 T 0 1200"
FIRST = f"{A1}; {T1}"
FIXED = treatment(ANLOTINIB, {**TQB2450, "moves_cycle": True})
A_STAYS = treatment({**ANLOTINIB, "moves_cycle": False}, TQB2450)
WINDOW = treatment(cycle_window="3 days")
HOLD = treatment({**ANLOTINIB, "max_hold": "14 days"}, TQB2450)

GIVEN = [  # story, treatment, course, cycle and drug, how it differs from plan
    ("as planned", None, f"{FIRST}; 2 A 21-34 12; 2 T 21 1200", "2 A", ""),
    ("cycle 2 begins 3 days late", None, f"{FIRST}; 2 A 24-37 12; 2 T 24 1200", "2 A", "DELAYED"),
    ("and the infusion with it", None, f"{FIRST}; 2 A 24-37 12; 2 T 24 1200", "2 T", "DELAYED"),
    ("cycle 3 counts from the late cycle 2", None,
     f"{FIRST}; 2 A 24-37 12; 2 T 24 1200; 3 A 45-58 12; 3 T 45 1200", "3 A", ""),
    ("a late infusion moves the cycle", None,
     f"{FIRST}; 2 A 21-34 12; 2 T 28 1200; 3 A 49-62 12; 3 T 49 1200", "3 T", ""),
    ("a late capsule that moves no cycle is late alone", A_STAYS,
     f"{FIRST}; 2 A 28-41 12; 2 T 21 1200", "2 A", "DELAYED"),
    ("and the next cycle stays where it was", A_STAYS,
     f"{FIRST}; 2 A 28-41 12; 2 T 21 1200; 3 A 42-55 12; 3 T 42 1200", "3 T", ""),
    ("3 days late within a window of 3", WINDOW, f"{FIRST}; 2 A 24-37 12; 2 T 24 1200", "2 T", ""),
    ("4 days late with a window of 3", WINDOW,
     f"{FIRST}; 2 A 25-38 12; 2 T 25 1200", "2 T", "DELAYED"),
    ("a day early", None, f"{FIRST}; 2 A 20-33 12; 2 T 20 1200", "2 T", "EARLY"),
    ("held for 14 days, the longest hold", HOLD,
     f"{FIRST}; 2 A 35-48 12; 2 T 35 1200", "2 A", "DELAYED"),
    ("held for 15 days", HOLD,
     f"{FIRST}; 2 A 36-49 12; 2 T 36 1200", "2 A", "DELAYED, HELD TOO LONG"),
    ("capsules left out of a cycle", None, f"{FIRST}; 2 T 21 1200", "2 A", "OMITTED"),
    ("first reduction", None, f"{FIRST}; 2 A 21-34 10; 2 T 21 1200", "2 A", "REDUCED"),
    ("second reduction", None, f"{FIRST}; 2 A 21-34 8; 2 T 21 1200", "2 A", "REDUCED"),
    ("a dose that is no level", None,
     f"{FIRST}; 2 A 21-34 9; 2 T 21 1200", "2 A", "REDUCED, OFF LEVEL"),
    ("more than the starting dose", None,
     f"{FIRST}; 2 A 21-34 14; 2 T 21 1200", "2 A", "INCREASED, OFF LEVEL"),
    ("half a dose of what is never reduced", None,
     f"{FIRST}; 2 A 21-34 12; 2 T 21 600", "2 T", "REDUCED, NOT MODIFIABLE"),
    ("10 of 14 capsules", None,
     f"{FIRST}; 2 A 21-30 12; 2 T 21 1200; 3 T 42 1200", "2 A", "SHORTENED"),
    ("interrupted for two days, then all 14", None,
     f"{FIRST}; 2 A 21-26 12; 2 A 29-36 12; 2 T 21 1200", "2 A", ""),
    ("15 capsules", None, f"{FIRST}; 2 A 21-35 12; 2 T 21 1200", "2 A", "PROLONGED"),
    ("infused in 65 minutes", None, f"{A1}; 1 T 0 1200 @65", "1 T", ""),
    ("infused in 66 minutes", None, f"{A1}; 1 T 0 1200 @66", "1 T", "INFUSION TIME"),
    ("infused in 55 minutes", None, f"{A1}; 1 T 0 1200 @55", "1 T", ""),
    ("infused in 54 minutes", None, f"{A1}; 1 T 0 1200 @54", "1 T", "INFUSION TIME"),
    ("doses without a cycle", None,
     "- A 0-13 12; - T 0 1200; - A 21-34 10; - T 21 1200", "2 A", "REDUCED"),
]  # fmt: skip


@pytest.mark.parametrize(("story", "plan", "course", "which", "claim"), GIVEN)
def test_given_against_planned(story, plan, course, which, claim):
    found = dose_course(records(course), protocol(plan))
    cycle, letter = which.split()
    one = next(d for d in found.drugs if d.cycle == int(cycle) and d.drug[0].upper() == letter)

    assert ", ".join(one.deviations) == claim, one.reason


@pytest.mark.parametrize(("on", "is_after"), [(729, False), (730, True)])
def test_a_dose_after_the_last_allowed_day_is_told(on, is_after):
    """24 months from 12 January 2026: the last allowed day is 11 January 2028, day 729."""
    found = dose_course(records(f"{FIRST}; 36 T {on} 1200"), protocol())

    assert ("AFTER LAST ALLOWED DAY" in found.drugs[-1].deviations) is is_after
    assert (
        "given on 2028-01-12, the last allowed day is 2028-01-11" in found.drugs[-1].reason
    ) is (is_after)


def test_a_dose_after_the_first_progression_is_told_with_what_the_protocol_says():
    course = f"{FIRST}; 2 A 21-34 12; 2 T 21 1200"
    for allowed, word in ((True, "allowed"), (False, "not foreseen")):
        plan = protocol(treatment(beyond_progression=allowed))
        second = dose_course(records(course), plan, day(20)).drugs[-1]

        assert second.deviations == ("AFTER PROGRESSION",)
        assert second.reason == f"after the first progression on 2026-02-01, {word}"
    on_the_day = dose_course(records(course), plan, day(21)).drugs[-1]
    assert on_the_day.deviations == ()


FINDINGS = [  # story, treatment, course, progression on day, how the findings begin
    ("late, reduced and omitted: allowed", {}, f"{FIRST}; 2 A 24-37 10; 3 T 45 1200", None, []),
    ("a dose that may not be changed", {}, f"{A1}; 1 T 0 600", None,
     ["TQB2450 in cycle 1: not modifiable (600 mg instead of 1200 mg; the dose of TQB2450"]),
    ("infused too fast", {}, f"{A1}; 1 T 0 1200 @30", None,
     ["TQB2450 in cycle 1: infusion time (infused in 30 minutes on 2026-01-12; allowed are 55 to"]),
    ("after progression, not foreseen", {}, f"{FIRST}; 2 T 21 1200", 20,
     ["TQB2450 in cycle 2: after progression (after the first progression on 2026-02-01, not"]),
    ("after progression, allowed", {"beyond_progression": True}, f"{FIRST}; 2 T 21 1200", 20, []),
]  # fmt: skip


@pytest.mark.parametrize(("story", "options", "course", "progression", "claim"), FINDINGS)
def test_what_the_protocol_does_not_allow_is_a_warning(story, options, course, progression, claim):
    plan = treatment(**options)
    after = None if progression is None else day(progression)
    found = list(dose_findings(dose_course(records(course), protocol(plan), after), plan))

    assert [f.message[: len(c)] for f, c in zip(found, claim, strict=True)] == claim
    assert all(finding.severity == "warning" and finding.place for finding in found)


def test_a_drug_that_was_stopped_is_not_omitted_afterwards():
    course = f"{FIRST}; 2 A 21-34 12; 3 A 42-55 12"
    found = dose_course(records(course, stopped={"TQB2450": 10}), protocol())

    assert [(d.cycle, d.drug) for d in found.drugs] == [
        *((1, "anlotinib"), (1, "TQB2450"), (2, "anlotinib"), (3, "anlotinib"))
    ]


def test_the_infusion_that_moves_the_cycle_is_late_and_the_capsules_are_on_time():
    found = dose_course(records(f"{FIRST}; 2 A 21-34 12; 2 T 28 1200"), protocol(FIXED))

    assert [d.delay_days for d in found.drugs] == [0, 0, 0, 7]
    assert [c.delay_days for c in found.cycles] == [0, 7]
    assert found.cycles[1].reason == (
        "cycle 2 begins with TQB2450 on 2026-02-09; planned 2026-02-02, 21 days after cycle 1: "
        "7 days late"
    )


INTENSITIES = [  # story, treatment, course, TREATMENT stopped on day, drug, relative (by hand)
    ("as planned", {}, f"{FIRST}; 2 A 21-34 12; 2 T 21 1200", None, "anlotinib", "1"),
    # 42 days planned, 49 taken
    ("cycle 2 a week late", {}, f"{FIRST}; 2 A 28-41 12; 2 T 28 1200", None, "TQB2450", "6/7"),
    # (14 x 12 + 14 x 8) / (28 x 12)
    ("8 mg in cycle 2", {}, f"{FIRST}; 2 A 21-34 8; 2 T 21 1200", None, "anlotinib", "5/6"),
    ("late and reduced", {}, f"{FIRST}; 2 A 28-41 8; 2 T 28 1200", None, "anlotinib", "5/7"),
    ("capsules left out of one cycle of three", {},
     f"{FIRST}; 2 T 21 1200; 3 A 42-55 12; 3 T 42 1200", None, "anlotinib", "2/3"),
    ("nothing at all in one cycle of three", {},
     f"{FIRST}; 3 A 42-55 12; 3 T 42 1200", None, "TQB2450", "2/3"),
    ("stopped on day 8 of cycle 2: 8 capsules of 8", {},
     f"{FIRST}; 2 A 21-28 12; 2 T 21 1200", 28, "anlotinib", "1"),
    ("stopped on day 8 of cycle 2: 6 capsules of 8", {},
     f"{FIRST}; 2 A 21-26 12; 2 T 21 1200", 28, "anlotinib", "20/22"),
    # full: 22 capsules of 28
    ("the same, the last cycle whole", {"last_cycle": "full"},
     f"{FIRST}; 2 A 21-28 12; 2 T 21 1200", 28, "anlotinib", "22/28"),
    ("stopped long after the last cycle", {},
     f"{FIRST}; 2 A 21-34 12; 2 T 21 1200", 90, "anlotinib", "1"),
    ("four of five infusions", {},
     f"{FIRST}; 2 A 21-34 12; 3 T 42 1200; 4 T 63 1200; 5 T 84 1200", None, "TQB2450", "4/5"),
]  # fmt: skip


@pytest.mark.parametrize(("story", "options", "course", "stop", "drug", "claim"), INTENSITIES)
def test_relative_dose_intensity(story, options, course, stop, drug, claim):
    plan = protocol(treatment(**options))
    stopped = {} if stop is None else {"TREATMENT": stop}
    course = dose_course(records(course, stopped=stopped), plan)
    found = {one.drug: one for one in dose_intensities(course, plan.treatment)}

    assert found[drug].relative == Fraction(claim), found[drug].reason


def test_dose_intensity_says_its_convention():
    plan = protocol(treatment())
    course = dose_course(records(f"{FIRST}; 2 A 21-28 12", stopped={"TREATMENT": 28}), plan)
    anlotinib, tqb2450 = dose_intensities(course, plan.treatment)

    assert anlotinib.reason == (
        "264 mg in 2 cycles over 29 days; planned 264 mg over 29 days "
        "(last cycle cut, TREATMENT discontinued on 2026-02-09)"
    )
    assert anlotinib.a_week == Fraction(264 * 7, 29)
    assert tqb2450.relative == Fraction(1, 2)


def test_the_data_cut_off_ends_the_last_cycle_of_a_treatment_that_goes_on():
    plan = protocol(treatment(), cutoff=26)
    course = dose_course(records(f"{FIRST}; 2 A 21-26 12; 2 T 21 1200"), plan)
    anlotinib, _ = dose_intensities(course, plan.treatment)

    assert (anlotinib.planned_days, anlotinib.relative) == (27, 1)
    assert "data cut-off 2026-02-07" in anlotinib.reason
    assert "so far: treatment goes on" in course.dates[1].reason


def test_death_ends_a_treatment():
    plan = protocol(treatment())
    dead = FollowUp("S01", day(26), "DEAD", source=Source("follow_up.csv", (), 2))
    course = dose_course(records(f"{FIRST}; 2 A 21-26 12; 2 T 21 1200", follow_up=(dead,)), plan)

    assert course.ends["anlotinib"].reason == "death on 2026-02-07"
    assert dose_intensities(course, plan.treatment)[0].relative == 1


BY_WEIGHT = {"name": "by-weight", "dose": "5 mg/kg", "route": "intravenous", "days": 1}
WEIGHTS = [  # story, weights by day, course, planned mg a cycle, deviations of cycle 2
    ("the weight stays", {-3: "70"}, "1 W 0 350; 2 W 21 350", (350, 350), ""),
    ("10 % less: recalculated", {-3: "70", 20: "63"}, "1 W 0 350; 2 W 21 315", (350, 315), ""),
    ("just less than 10 %: kept", {-3: "70", 20: "63.1"}, "1 W 0 350; 2 W 21 315.5", (350, 350),
     "REDUCED"),
    ("10 % more", {-3: "70", 20: "77"}, "1 W 0 350; 2 W 21 385", (350, 385), ""),
    ("weighed after the infusion", {-3: "70", 22: "50"}, "1 W 0 350; 2 W 21 350", (350, 350), ""),
    ("5 % less than computed is no reduction", {-3: "70"}, "1 W 0 350; 2 W 21 332.5", (350, 350),
     ""),
    ("more than 5 % less is", {-3: "70"}, "1 W 0 350; 2 W 21 332.4", (350, 350), "REDUCED"),
]  # fmt: skip


LEVELS = {**BY_WEIGHT, "levels": ["5 mg/kg", "4 mg/kg", "3 mg/kg"]}
TO_FIVE = {**LEVELS, "round_to": "5 mg"}
AT_SURFACE = {**BY_WEIGHT, "dose": "100 mg/m2", "levels": ["100 mg/m2", "75 mg/m2"]}
BY_LEVEL = [  # story, drug, weight, course, deviations of cycle 2
    ("at the first level", LEVELS, "70", "1 W 0 350; 2 W 21 350", ""),
    ("at the second: 4 x 70", LEVELS, "70", "1 W 0 350; 2 W 21 280", "REDUCED"),
    ("5 % above the second", LEVELS, "70", "1 W 0 350; 2 W 21 294", "REDUCED"),
    ("more than 5 % above", LEVELS, "70", "1 W 0 350; 2 W 21 294.1", "REDUCED, OFF LEVEL"),
    ("5 % below the lowest", LEVELS, "70", "1 W 0 350; 2 W 21 199.5", "REDUCED"),
    ("more than 5 % below", LEVELS, "70", "1 W 0 350; 2 W 21 199.4", "REDUCED, OFF LEVEL"),
    # 3 mg/kg at 47.4 kg: 142.2 mg, given as 140; 5 % of 140 is 7, of 142.2 it is 7.11
    ("the level is rounded as the protocol says", TO_FIVE, "47.4", "1 W 0 235; 2 W 21 133",
     "REDUCED"),
    ("and the tolerance is of that", TO_FIVE, "47.4", "1 W 0 235; 2 W 21 132.9",
     "REDUCED, OFF LEVEL"),
    ("without a weight no level is known", LEVELS, None, "1 W 0 350; 2 W 21 5", ""),
    ("without a height neither", AT_SURFACE, "70", "1 W 0 180; 2 W 21 100", ""),
    ("the number of another unit is no level", LEVELS, "70", "1 W 0 350; 2 W 21 4",
     "REDUCED, OFF LEVEL"),
]  # fmt: skip


@pytest.mark.parametrize(("story", "drug", "weight", "course", "claim"), BY_LEVEL)
def test_a_level_by_weight(story, drug, weight, course, claim):
    plan = protocol(treatment(drug, rules=[]))
    weights = {-3: weight} if weight else None
    found = dose_course(records(course, weights=weights), plan).drugs[1]

    assert ", ".join(found.deviations) == claim


def test_an_off_level_dose_says_what_the_levels_are():
    plan = protocol(treatment(LEVELS, rules=[]))
    found = dose_course(records("1 W 0 350; 2 W 21 250", weights={-3: "70"}), plan).drugs[1]

    assert found.reason == (
        "250 mg instead of 350 mg; 250 mg is no level of by-weight "
        "(5 mg/kg = 350 mg, 4 mg/kg = 280 mg, 3 mg/kg = 210 mg)"
    )


@pytest.mark.parametrize(("story", "weights", "course", "planned", "claim"), WEIGHTS)
def test_a_dose_by_weight(story, weights, course, planned, claim):
    plan = protocol(treatment(BY_WEIGHT, rules=[]))
    found = dose_course(records(course, weights=weights), plan)

    assert tuple(d.planned for d in found.drugs) == planned
    assert ", ".join(found.drugs[1].deviations) == claim


def test_a_dose_by_weight_without_a_weight_is_not_computed_and_says_why():
    plan = protocol(treatment(BY_WEIGHT, rules=[]))
    course = dose_course(records("1 W 0 350"), plan)
    (found,) = dose_intensities(course, plan.treatment)

    assert course.drugs[0].planned is None
    assert course.drugs[0].reason.endswith("5 mg/kg needs weight of the patient; not given")
    assert found.relative is None
    assert "dose not computable" in found.reason


def test_a_dose_recorded_in_the_unit_of_the_plan_needs_no_weight():
    plan = protocol(treatment(BY_WEIGHT, rules=[]))
    patient = records("1 W 0 5")
    row = replace(patient.doses[0], unit="mg/kg")
    (found,) = dose_course(replace(patient, doses=(row,)), plan).drugs

    assert (found.planned, found.deviations) == (5, ())


def test_doses_in_two_units_have_no_intensity_and_a_note_says_so():
    plan = protocol(treatment(BY_WEIGHT, rules=[]))
    patient = records("1 W 0 5; 2 W 21 350", weights={-3: "70"})
    row = replace(patient.doses[0], unit="mg/kg")
    course = dose_course(replace(patient, doses=(row, patient.doses[1])), plan)

    assert dose_intensities(course, plan.treatment) == ()
    assert course.notes == (
        "by-weight: doses in mg/kg and mg; no planned dose and no dose intensity",
    )


def test_a_row_that_says_omitted_gives_its_reason():
    patient = records(f"{FIRST}; 2 A 21-34 0; 2 T 21 1200")
    row = replace(patient.doses[2], change="OMITTED", change_reason="Nausea, grade 2")
    course = dose_course(
        replace(patient, doses=(*patient.doses[:2], row, patient.doses[3])), protocol()
    )
    omitted = course.drugs[2]

    assert (omitted.deviations, omitted.given) == (("OMITTED",), 0)
    assert omitted.reason == "not given (Nausea, grade 2)"
    assert omitted.sources == (row.source,)


def test_the_last_measures_before_the_first_dose_are_the_body():
    from onearm.clinical.patient_body import body_on

    patient = records("1 A 0-13 12", weights={-20: "80", -3: "70", 5: "60"})
    source = Source("labs.csv", (), 2)
    labs = (
        Lab("S01", day(-2), "CREAT", "1", "mg/dL", source=source),
        Lab("S01", day(-1), "CREAT", "9", "g/L", source=source),  # no unit of creatinine
        Lab("S01", day(3), "CREAT", "70", "umol/L", source=source),
    )
    height = Vital("S01", day(-9), "HEIGHT", Decimal(170), "cm", source)
    body = body_on(replace(patient, labs=labs, vitals=(*patient.vitals, height)), START)

    assert (body.weight_kg, body.height_cm) == (70, 170)
    assert body.creatinine_umol_l == Decimal("88.42")


PLATINUM = [
    {"name": "cisplatin", "dose": "75 mg", "route": "intravenous", "days": 1, "choice": "platinum"},
    {"name": "carboplatin", "dose": "450 mg", "route": "intravenous", "days": 1,
     "choice": "platinum"},
]  # fmt: skip


def test_a_switch_of_platinum_omits_neither_drug():
    plan = protocol(treatment(*PLATINUM, rules=[]))
    course = dose_course(records("1 P 0 75; 2 P 21 75; 3 C 42 450; 4 C 63 450"), plan)

    assert [(d.cycle, d.drug, d.deviations) for d in course.drugs] == [
        *((1, "cisplatin", ()), (2, "cisplatin", ())),
        *((3, "carboplatin", ()), (4, "carboplatin", ())),
    ]
    assert [i.relative for i in dose_intensities(course, plan.treatment)] == [1, 1]


# --- the planned calendar


def calendar(plan, cycles=None, **options):
    return planned_calendar(plan, Schedule(), START, cycles=cycles, **options)


def test_capsules_are_one_run_of_14_days_and_the_infusion_one_day():
    found = calendar(treatment(), 2)

    assert [(d.cycle, d.drug, d.first_date, d.last_date, d.days) for d in found.doses] == [
        (1, "anlotinib", dt.date(2026, 1, 12), dt.date(2026, 1, 25), 14),
        (1, "TQB2450", dt.date(2026, 1, 12), dt.date(2026, 1, 12), 1),
        (2, "anlotinib", dt.date(2026, 2, 2), dt.date(2026, 2, 15), 14),
        (2, "TQB2450", dt.date(2026, 2, 2), dt.date(2026, 2, 2), 1),
    ]
    assert found.doses[1].infusion_minutes == 60


def test_days_apart_are_runs_apart():
    weekly = {"name": "weekly", "dose": "80 mg", "route": "intravenous", "days": "1, 8, 15-16"}
    found = calendar(treatment(weekly, rules=[]), 1)

    assert [(d.first_day, d.last_day) for d in found.doses] == [(1, 1), (8, 8), (15, 16)]


def test_a_limited_drug_is_planned_up_to_its_last_allowed_day():
    """24 months from 12 January 2026 end on 11 January 2028: 730 days, 35 cycles of 21."""
    found = calendar(treatment(), 40)
    infusions = [d for d in found.doses if d.drug == "TQB2450"]

    assert infusions[-1].first_date == day(34 * 21) <= dt.date(2028, 1, 11) < day(35 * 21)
    assert len(infusions) == 35
    assert len([d for d in found.doses if d.drug == "anlotinib"]) == 40
    assert found.dates[0].date == dt.date(2028, 1, 11)
    assert found.dates[0].reason.endswith("the first day that is not allowed is 2028-01-12")
    assert "TQB2450: none after 2028-01-11, its last allowed day" in found.notes


def test_a_run_of_capsules_is_cut_at_the_last_allowed_day():
    limited = {**ANLOTINIB, "stop_after": "25 days"}
    found = calendar(treatment(limited, rules=[]), 3)

    assert [(d.cycle, d.days) for d in found.doses] == [(1, 14), (2, 4)]  # days 22 to 25


PHASES = [
    {"id": "induction", "label": "Induction", "cycles": 4, "drugs": ["anlotinib", "TQB2450"]},
    {"id": "maintenance", "drugs": ["TQB2450"]},
]


def test_maintenance_follows_induction():
    found = calendar(treatment(phases=PHASES))

    assert [(c.number, c.phase) for c in found.cycles][3:] == [
        (4, "Induction"),
        (5, "maintenance"),
        (6, "maintenance"),
    ]
    assert {d.drug for d in found.doses if d.cycle == 5} == {"TQB2450"}


def test_a_treatment_of_four_cycles_has_four():
    found = calendar(treatment(phases=PHASES[:1]), 9)

    assert len(found.cycles) == 4
    assert found.notes[0] == "treatment is over after 4 cycles"


def test_imaging_is_counted_from_the_first_dose():
    every = {"id": "imaging", "label": "CT", "every": "6 weeks", "window": "7 days"}
    schedule = Schedule.model_validate({"assessments": [every]})
    found = planned_calendar(treatment(), schedule, START, cycles=5)

    assert [(a.date, a.earliest, a.latest) for a in found.assessments] == [
        (day(42), day(35), day(49)),
        (day(84), day(77), day(91)),
    ]


def test_an_alternative_must_be_chosen():
    plan = treatment(*PLATINUM, rules=[])

    assert {d.drug for d in calendar(plan, 1, chosen=["carboplatin"]).doses} == {"carboplatin"}
    for chosen, complaint in (
        ([], "platinum: choose one of cisplatin, carboplatin; got none"),
        (["cisplatin", "carboplatin"], "got cisplatin and carboplatin"),
        (["carbplatin"], "got 'carbplatin'; did you mean 'carboplatin'"),
    ):
        with pytest.raises(InputError, match=complaint):
            calendar(plan, 1, chosen=chosen)


def test_the_calendar_recalculates_after_a_weight_change():
    plan = treatment(BY_WEIGHT, rules=[])
    body = Body(weight_kg=Decimal(70))
    weights = {2: Decimal("63.1"), 3: Decimal(63), 4: Decimal(60)}
    found = calendar(plan, 4, body=body, weights=weights)

    assert [d.dose for d in found.doses] == [350, 350, 315, 315]
    assert found.notes[1:4] == (
        "cycle 2: doses kept, 70 to 63.1 kg is less than 10 %",
        "cycle 3: doses recalculated, 70 to 63 kg is at least 10 %",
        "cycle 4: doses kept, 63 to 60 kg is less than 10 %",
    )


def test_no_cycle_is_refused():
    with pytest.raises(InputError, match="cycles must be at least 1; got 0"):
        calendar(treatment(), 0)


# --- the dose of one patient

MAN = Body(Decimal(70), Decimal(170), 62, False, Decimal(80))
LARGE = Body(Decimal(102), Decimal(182), 45, False, Decimal("53.052"))  # 0.6 mg/dL

AMOUNTS = [  # story, drug, body rules, body, mg with two decimals (worked apart from the code)
    ("flat", {"dose": "200 mg"}, {}, MAN, "200.00"),
    ("by weight", {"dose": "7.5 mg/kg"}, {}, MAN, "525.00"),
    ("by surface, Mosteller", {"dose": "100 mg/m2"}, {}, MAN, "181.81"),
    ("by surface, Du Bois", {"dose": "100 mg/m2"}, {"surface": "du_bois"}, MAN, "180.97"),
    ("surface not capped", {"dose": "100 mg/m2"}, {}, LARGE, "227.08"),
    ("surface capped at 2", {"dose": "100 mg/m2"}, {"surface_cap_m2": Decimal(2)}, LARGE, "200.00"),
    ("AUC 5, GFR 83.81", {"dose": "AUC 5"}, {}, MAN, "544.07"),
    ("AUC 5, GFR capped at 125", {"dose": "AUC 5"}, {}, LARGE, "750.00"),
    # 95 x 102 / (72 x 0.6) = 224.31
    ("no cap", {"dose": "AUC 5"}, {"gfr_cap": None}, LARGE, "1246.53"),
    # 0.7 mg/dL: 95 x 102 / (72 x 0.7) = 192.26
    ("creatinine raised", {"dose": "AUC 5"},
     {"gfr_cap": None, "creatinine_floor_umol_l": Decimal("61.894")}, LARGE, "1086.31"),
    ("a measured GFR is not capped", {"dose": "AUC 5"}, {},
     replace(LARGE, gfr_ml_min=Decimal(150)), "875.00"),
    ("nearest 5 mg", {"dose": "100 mg/m2", "round_to": "5 mg"}, {}, MAN, "180.00"),
    ("nearest 5 mg, on the half", {"dose": "1.75 mg/kg", "round_to": "5 mg"}, {}, MAN, "125.00"),
    ("down", {"dose": "100 mg/m2", "round_to": "50 mg", "rounding": "down"}, {}, MAN, "150.00"),
    ("up", {"dose": "100 mg/m2", "round_to": "50 mg", "rounding": "up"}, {}, MAN, "200.00"),
    ("at most 180 mg", {"dose": "100 mg/m2", "max_dose": "180 mg"}, {}, MAN, "180.00"),
    ("rounded up, then capped",
     {"dose": "100 mg/m2", "round_to": "50 mg", "rounding": "up", "max_dose": "190 mg"}, {}, MAN,
     "190.00"),
]  # fmt: skip


@pytest.mark.parametrize(("story", "drug", "rules", "body", "milligrams"), AMOUNTS)
def test_the_dose_of_a_patient(story, drug, rules, body, milligrams):
    full = {"name": "drug", "route": "intravenous", "days": 1, **drug}
    plan = treatment(full, rules=[], body=rules)
    found = dose_amount(plan.drugs[0], plan.body, body)

    assert number(found.dose, 2) == milligrams, found.reason


HEAVY = Body(Decimal(100), Decimal("177.8"), 60, False, Decimal("88.42"))  # 70 inches, 1 mg/dL

CLEARANCE_WEIGHTS = [  # story, rules, GFR: 80 x weight / 72
    ("actual, 100 kg", {}, "111.11"),
    ("ideal, 50 + 2.3 x 10 = 73 kg", {"clearance_weight": "ideal"}, "81.11"),
    ("adjusted, 73 + 0.4 x 27 = 83.8 kg", {"clearance_weight": "adjusted"}, "93.11"),
    # body mass index 100 / 1.778 squared = 31.63
    ("adjusted only from 30 on",
     {"clearance_weight": "adjusted", "clearance_weight_from_bmi": Decimal(30)}, "93.11"),
    ("adjusted only from 35 on",
     {"clearance_weight": "adjusted", "clearance_weight_from_bmi": Decimal(35)}, "111.11"),
]  # fmt: skip


@pytest.mark.parametrize(("story", "rules", "gfr"), CLEARANCE_WEIGHTS)
def test_the_weight_of_the_clearance_is_an_option(story, rules, gfr):
    carboplatin = {"name": "carboplatin", "dose": "AUC 5", "route": "intravenous", "days": 1}
    plan = treatment(carboplatin, rules=[], body=rules)
    found = dose_amount(plan.drugs[0], plan.body, HEAVY)

    assert f"GFR {gfr} mL/min" in found.reason


def test_a_dose_shows_its_inputs_and_that_nothing_was_rounded():
    etoposide = {"name": "etoposide", "dose": "100 mg/m2", "route": "intravenous", "days": "1-3"}
    plan = treatment(etoposide, rules=[])

    assert dose_amount(plan.drugs[0], plan.body, MAN).reason == (
        "100 mg/m2: height 170 cm, weight 70 kg; body surface 1.8181 m2 (Mosteller); ~181.81 mg; "
        "the protocol names no rounding"
    )


@pytest.mark.parametrize(
    ("dose", "missing", "complaint"),
    [
        ("5 mg/kg", {"weight_kg": None}, "drug: 5 mg/kg needs weight of the patient; not given"),
        ("75 mg/m2", {"height_cm": None}, "drug: 75 mg/m2 needs height of the patient; not given"),
        ("AUC 5", {"creatinine_umol_l": None}, "AUC 5 needs creatinine of the patient"),
        ("AUC 5", {"is_female": None}, "AUC 5 needs sex of the patient"),
        ("AUC 5", {"age_years": None, "creatinine_umol_l": None}, "needs age and creatinine of"),
        ("5 mg/kg", {"weight_kg": Decimal(-70)}, "weight must be between 20 and 300 kg; got -70"),
    ],
)
def test_what_a_dose_needs_is_asked_for(dose, missing, complaint):
    drug = {"name": "drug", "dose": dose, "route": "intravenous", "days": 1}
    plan = treatment(drug, rules=[])

    with pytest.raises(InputError, match=complaint):
        dose_amount(plan.drugs[0], plan.body, replace(MAN, **missing))


def test_a_weight_change_of_the_share_itself_recalculates():
    rules = treatment(body={"weight_change": Decimal("0.05")}).body

    assert is_recalculated(Decimal(80), Decimal(76), rules)
    assert not is_recalculated(Decimal(80), Decimal("76.01"), rules)
    assert is_recalculated(Decimal(80), Decimal(84), rules)


# --- periods

PERIODS = [  # first day or day before, period, last day with it, last day after it
    ("2019-01-11", "24 months", "2021-01-10", "2021-01-11"),
    ("2024-02-29", "24 months", "2026-02-28", "2026-02-28"),
    ("2024-02-29", "48 months", "2028-02-28", "2028-02-29"),
    ("2026-08-31", "6 months", "2027-02-28", "2027-02-28"),
    ("2026-03-15", "6 months", "2026-09-14", "2026-09-15"),
    ("2026-12-31", "2 months", "2027-02-28", "2027-02-28"),
    ("2026-03-31", "1 month", "2026-04-30", "2026-04-30"),
    ("2026-05-01", "1 month", "2026-05-31", "2026-06-01"),
    ("2026-01-12", "2 years", "2028-01-11", "2028-01-12"),
    ("2026-01-12", "4 weeks", "2026-02-08", "2026-02-09"),
    ("2026-01-12", "90 days", "2026-04-11", "2026-04-12"),
    ("2026-01-01", "1.5 months", "2026-02-14", "2026-02-15"),  # 45.65 days: 45 whole ones
]


@pytest.mark.parametrize(("first", "period", "with_it", "after_it"), PERIODS)
def test_a_period_ends_on_its_day(first, period, with_it, after_it):
    begin = dt.date.fromisoformat(first)

    assert last_day_from(begin, read_period(period)).isoformat() == with_it
    assert last_day_after(begin, read_period(period)).isoformat() == after_it


def test_contraception_and_safety_follow_up_count_from_the_last_dose_of_any_drug():
    schedule = shipped().schedule.model_copy(update={"safety_follow_up": read_period("90 days")})
    plan = protocol(treatment(contraception="6 months")).model_copy(update={"schedule": schedule})
    found = dose_course(records(f"{FIRST}", stopped={"TREATMENT": 20}), plan)
    dates = {one.name: one.date.isoformat() for one in found.dates}

    # last capsule on 25 January 2026
    assert dates == {
        "last allowed day": "2028-01-11",
        "last dose": "2026-01-25",
        "end of contraception": "2026-07-25",
        "end of safety follow-up": "2026-04-25",
    }
    assert all(one.sources for one in found.dates)


def test_a_treatment_that_goes_on_has_a_next_cycle_counted_from_the_last_one():
    found = dose_course(records(f"{FIRST}; 2 A 28-41 12; 2 T 28 1200"), protocol())

    assert found.dates[-1].name == "next cycle"
    assert found.dates[-1].date == day(49)


NEXT = [  # story, treatment, course, stopped, what is due
    ("both drugs", {}, f"{FIRST}; 2 A 24-37 12; 2 T 24 1200", {},
     [("anlotinib", 45, 58, 12), ("TQB2450", 45, 45, 1200)]),
    ("a reduced dose stays reduced", {}, f"{FIRST}; 2 A 21-34 10; 2 T 21 1200", {},
     [("anlotinib", 42, 55, 10), ("TQB2450", 42, 42, 1200)]),
    ("one drug was stopped", {}, f"{FIRST}; 2 A 21-34 12", {"TQB2450": 10},
     [("anlotinib", 42, 55, 12)]),
    ("treatment is over", {}, FIRST, {"TREATMENT": 14}, []),
    # day 729 is the last allowed day of TQB2450
    ("after the last allowed day", {}, f"{FIRST}; 36 A 720-733 12; 36 T 720 1200", {},
     [("anlotinib", 741, 754, 12)]),
]  # fmt: skip


@pytest.mark.parametrize(("story", "options", "course", "stopped", "due"), NEXT)
def test_what_is_due_next(story, options, course, stopped, due):
    plan, patient = treatment(**options), records(course, stopped=stopped)
    found = next_doses(dose_course(patient, protocol(plan)), patient.doses, plan)

    assert [(d.drug, d.first_date, d.last_date, d.dose) for d in found] == [
        (drug, day(first), day(last), dose) for drug, first, last, dose in due
    ]


def test_the_alternative_given_last_is_due_next():
    plan = treatment(*PLATINUM, rules=[])
    patient = records("1 P 0 75; 2 C 21 450")
    found = next_doses(dose_course(patient, protocol(plan)), patient.doses, plan)

    assert [(d.drug, d.reason) for d in found] == [
        ("carboplatin", "450 mg as last given on 2026-02-02")
    ]


# --- proposals after adverse events

ANLO, TQB = "anlotinib", "TQB2450"
PROPOSALS = [  # story, events (term grade), dose at onset, drug, action, to
    ("grade 3", "hypertension 3", {}, ANLO, "reduce", "10 mg"),
    ("grade 4", "hypertension 4", {}, ANLO, "reduce", "10 mg"),
    ("grade 3 at 10 mg", "hypertension 3", {ANLO: "10 mg"}, ANLO, "reduce", "8 mg"),
    ("grade 3 at the lowest level", "hypertension 3", {ANLO: "8 mg"}, ANLO,
     "interrupt or stop", None),
    ("grade 3 at a dose between levels", "hypertension 3", {ANLO: "11 mg"}, ANLO, "reduce",
     "10 mg"),
    ("never reduced", "hypertension 3", {}, TQB, "keep", "1200 mg"),
    ("grade 2 calls for nothing", "hypertension 2", {}, ANLO, "nothing", None),
    ("grade 5 is for no rule", "hypertension 5", {}, ANLO, None, None),
]  # fmt: skip


def events(text, **about):
    found = []
    for number_, part in enumerate(text.split("; ")):
        term, _, grade = part.rpartition(" ")
        source = Source("adverse_events.csv", (), number_ + 2)
        found.append(
            AdverseEvent(
                "S01", term, grade=int(grade), onset_date=day(number_), source=source, **about
            )
        )
    return found


@pytest.mark.parametrize(("story", "what", "at", "drug", "action", "to"), PROPOSALS)
def test_a_proposal(story, what, at, drug, action, to):
    current = {name: Amount(Decimal(dose.split()[0]), "mg") for name, dose in at.items()}
    found = {p.drug: p for p in propose(events(what), treatment(), current=current)}
    if action == "nothing":
        assert found == {}
        return

    assert found[drug].action == action
    assert (str(found[drug].to_dose) if found[drug].to_dose else None) == to
    assert found[drug].reason.endswith("the investigator decides")


def test_the_dose_at_the_onset_is_the_last_one_given():
    course = doses(f"{FIRST}; 2 A 21-34 10; 2 T 21 1200")
    before, later = (replace(events("rash 3")[0], onset_date=day(n)) for n in (20, 21))

    assert str(propose([before], treatment(), course)[0].to_dose) == "10 mg"
    assert str(propose([later], treatment(), course)[0].to_dose) == "8 mg"


def test_the_published_reduction_for_a_grade_2_haemoptysis_is_recorded_not_refused():
    # Patients were reduced for grade 3 hypertriglyceridemia and grade 2 hemoptysis; the general
    # recommendation speaks of grade 3 or 4.
    found = propose(events("hemoptysis 2", action="REDUCED", action_drugs=(ANLO,)), treatment())

    (one,) = found
    assert (one.drug, one.action, one.decision) == (ANLO, None, "REDUCED")
    assert one.reason == (
        "hemoptysis, grade 2: no rule of the protocol speaks of it "
        "(its rules: grade 3 or 4: next level); recorded: REDUCED, the investigator's decision"
    )


def test_a_decision_as_proposed_and_another_one_are_told_apart():
    done = propose(events("rash 3", action="REDUCED", action_drugs=(ANLO,)), treatment())[0]
    other = propose(events("rash 3", action="INTERRUPTED", action_drugs=(ANLO,)), treatment())[0]

    assert done.reason.endswith("recorded: REDUCED, as proposed")
    assert other.reason.endswith("recorded: INTERRUPTED, the investigator's own decision")


def test_a_reduction_of_what_is_never_reduced_is_told():
    found = propose(events("rash 2", action="REDUCED", action_drugs=(TQB,)), treatment())

    assert found[0].reason.endswith(
        "recorded: REDUCED, which the protocol does not allow for TQB2450"
    )


def test_a_severe_event_of_which_no_rule_speaks_is_listed():
    """SKB264 and anlotinib 8 mg: the source names no rule."""
    plan = treatment(rules=[])
    related = propose(events("stomatitis 3", related_to=(TQB,)), plan)

    assert [p.drug for p in propose(events("stomatitis 3"), plan)] == [ANLO, TQB]
    assert [(p.drug, p.action) for p in related] == [(TQB, None)]
    assert propose(events("stomatitis 2"), plan) == ()


TRIGGERS = [  # story, trigger, events, how many proposals
    ("of a term", {"grades": 3, "terms": ["Rash"]}, "rash 3; fever 3", 1),
    ("related only, and no relation is known", {"grades": 3, "is_related_only": True},
     "rash 3", 0),
]  # fmt: skip


@pytest.mark.parametrize(("story", "trigger", "what", "n"), TRIGGERS)
def test_a_trigger(story, trigger, what, n):
    rule = {"drug": ANLO, "when": "w", "action": "a", "trigger": trigger, "proposes": "hold"}
    found = propose(events(what), treatment(ANLOTINIB, rules=[rule]))

    assert len([p for p in found if p.action == "hold"]) == n


TURNS = [  # story, onset, end and grade of each row of rash; the rows that a rule holds for
    ("gone on day 4, back on day 6", [(0, 4, 2), (6, 9, 3)], [3]),
    ("worse on the day after", [(0, 4, 2), (5, 9, 3)], []),
    ("worse while it lasts", [(0, None, 2), (5, 9, 3)], []),
    ("worse, gone, back", [(0, 4, 2), (5, 9, 3), (20, 22, 2)], [2]),
    ("worse while another row goes on", [(0, 30, 2), (5, 9, 3), (20, 22, 4)], []),
    ("twice on the same day", [(0, 4, 2), (0, 4, 3)], []),
]


@pytest.mark.parametrize(("story", "rows", "held"), TURNS)
def test_the_second_occurrence_is_another_event_and_no_other_grade(story, rows, held):
    trigger = {"grades": "2-4", "from_occurrence": 2}
    rule = {"drug": ANLO, "when": "w", "action": "a", "trigger": trigger, "proposes": "hold"}
    rash = [
        AdverseEvent(
            "S01", "Rash", grade=grade, onset_date=day(onset),
            end_date=None if end is None else day(end),
        )
        for onset, end, grade in rows
    ]  # fmt: skip
    found = propose(rash, treatment(ANLOTINIB, rules=[rule]))

    assert [p.grade for p in found if p.action == "hold"] == held


def test_events_without_days_are_events_of_their_own():
    """Of two grades asked for in turn, without an onset, the second is the second occurrence."""
    trigger = {"grades": "2-4", "from_occurrence": 2}
    rule = {"drug": ANLO, "when": "w", "action": "a", "trigger": trigger, "proposes": "hold"}
    rash = [AdverseEvent("S01", "Rash", grade=2), AdverseEvent("S01", "Rash", grade=3)]
    found = propose(rash, treatment(ANLOTINIB, rules=[rule]))

    assert [p.grade for p in found if p.action == "hold"] == [3]


def test_a_level_is_not_guessed_from_milligrams():
    drug = {**BY_WEIGHT, "levels": ["5 mg/kg", "4 mg/kg"]}
    rule = {
        "drug": "by-weight",
        "when": "grade 3",
        "action": "next level",
        "trigger": {"grades": 3},
        "proposes": "reduce",
    }
    (found,) = propose(events("rash 3"), treatment(drug, rules=[rule]), doses("1 W 0 350"))

    assert (found.action, found.to_dose) == ("reduce", None)
    assert "the dose is recorded in mg, the levels are in mg/kg" in found.reason


def test_a_share_less_for_a_drug_without_levels():
    # Etoposide at a creatinine clearance of 15 to 50: 25 % less.
    etoposide = {"name": "etoposide", "dose": "100 mg/m2", "route": "intravenous", "days": "1-3"}
    rule = {
        "drug": "etoposide",
        "when": "grade 4 neutropenia",
        "action": "25 % less",
        "trigger": {"grades": 4},
        "proposes": "reduce",
        "reduce_by": Decimal("0.25"),
    }
    (found,) = propose(events("neutropenia 4"), treatment(etoposide, rules=[rule]))

    assert found.to_dose == Amount(Decimal(75), "mg/m2")
