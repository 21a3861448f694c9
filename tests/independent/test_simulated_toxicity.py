"""Simulated adverse events and doses: against the rules of dosing, by hand, and exactly.

The arrays of the simulation sum doses a second time; here the records of the
same patients go through the rules that judge real patients. ONEARM_PATIENTS
sets how many patients are compared, as in the test of the second program.
"""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import prod, sqrt
from pathlib import Path
from random import Random

import numpy as np
import pytest
from test_simulation import without_loss

from onearm.clinical.dose_course import dose_course
from onearm.clinical.dose_intensity import dose_intensities
from onearm.clinical.periods import last_day_from
from onearm.clinical.records import SubjectRecords
from onearm.design.looks import operating
from onearm.pipeline.run import analyse
from onearm.pipeline.simulate import Options, load_scenario
from onearm.pipeline.simulated_study import write_study
from onearm.pipeline.toxicity_standing import toxicity_standing
from onearm.protocol.stopping import ToxicEvent, ToxicityStopping
from onearm.protocol.values import Period
from onearm.sim.calendar import OPENED, last_allowed_day
from onearm.sim.dosing import doses_until, draw_dosing, treated_days
from onearm.sim.patients import streams
from onearm.sim.plan import Plan
from onearm.sim.records import trial_records
from onearm.sim.safety import treated
from onearm.sim.seen import NEVER
from onearm.sim.toxicity import Actions, Toxic, Toxicity, given_drugs
from onearm.sim.trials import BLOCK, at_cut, conduct, judge_block, run_block

PATIENTS = int(os.environ.get("ONEARM_PATIENTS", "3000"))
REPORTED = Path("studies/tqb2450-ib-02/scenarios/reported.yaml")
PRESET = REPORTED.with_name("toxicity.yaml")
STUDIES = (
    REPORTED,
    Path("studies/nct07388875/scenarios/alternative.yaml"),
    Path("studies/nct07083375/scenarios/alternative.yaml"),
)
DAYS = ((1,), tuple(range(1, 15)), (1, 8, 15), (8,), tuple(range(8, 22)), (1, 2, 3, 8, 9, 10))


@cache
def loaded(path):
    return load_scenario(path)


def toxicity_of(*events, **options):
    found = {"visits_after_stopping": "continue", "hold": 14, **options}
    return Toxicity.model_construct(events=events, **{
        "at_lower_level": 1.0, "shrinkage_by_dose": {}, **found
    })  # fmt: skip


def event(name, by_cycle, *, lasts=10, grade=3, related=True, drugs=(), **actions):
    shares = {"none": 0.0, "interrupt": 0.0, "reduce": 0.0, "discontinue": 0.0, **actions}
    return Toxic.model_construct(
        id=name, term=name, system_organ_class=None, grade=grade, related=related, serious=False,
        immune_related=False, drugs=drugs, by_cycle=by_cycle, lasts=lasts,
        actions=Actions.model_construct(**shares),
    )  # fmt: skip


def plan_with(path, toxicity, *, treatment=None, stopping=None, scenario=None, **options):
    """Return the plan of a scenario with another toxicity, treatment or boundary."""
    protocol, found = loaded(path).protocol, scenario or loaded(path).scenario
    rates = {"stop_for_toxicity": None, "dose_reduction": None}
    events = found.events.model_copy(update=rates)
    found = found.model_copy(update={"toxicity": toxicity, "events": events})
    treatment = treatment or protocol.treatment
    safety = protocol.safety.model_copy(update={"stopping": stopping})
    protocol = protocol.model_copy(update={"treatment": treatment, "safety": safety})
    return Plan(protocol, found, **options)


def random_treatment(rng, treatment):
    """Return the treatment with other days, limits and conventions."""
    drugs = []
    for drug in treatment.drugs:
        periods = *((days, "day") for days in (40, 100, 126)), (1, "month"), (4, "month")
        number, unit = rng.choice(periods)
        limit = Period(Decimal(number), unit) if rng.random() < 0.3 else None
        drugs.append(drug.model_copy(update={"days": rng.choice(DAYS), "stop_after": limit}))
    if all(drug.days[0] > 1 for drug in drugs):
        drugs[0] = drugs[0].model_copy(update={"days": (1,)})
    return treatment.model_copy(
        update={"drugs": tuple(drugs), "last_cycle": rng.choice(("cut", "full"))}
    )


def random_toxicity(rng, treatment):
    names = [drug.name for drug in given_drugs(treatment)]
    events = []
    for at in range(rng.randint(1, 3)):
        shares = np.array([rng.random() ** 3 for _ in range(4)]) + 0.01
        shares /= shares.sum()
        chances = tuple(rng.choice((0.02, 0.1, 0.3, 1.0)) for _ in range(rng.randint(1, 4)))
        events.append(
            event(
                f"event {at}", chances, lasts=rng.choice((1, 10, 30, 60)),
                grade=rng.choice((2, 3, 4)), related=rng.random() < 0.7,
                drugs=rng.choice(((), tuple(rng.sample(names, 1)))),
                **dict(zip(("none", "interrupt", "reduce", "discontinue"), shares, strict=True)),
            )
        )  # fmt: skip
    return toxicity_of(
        *events,
        hold=rng.choice((1, 14, 21, 22, 50)),
        at_lower_level=rng.choice((1.0, 0.5)),
        shrinkage_by_dose=rng.choice(({}, {names[0]: 0.6})),
        visits_after_stopping=rng.choice(("continue", "stop")),
    )


def random_plan(rng):
    """Return a plan in which much happens."""
    path = rng.choice(STUDIES)
    treatment = random_treatment(rng, loaded(path).protocol.treatment)
    scenario = loaded(path).scenario
    update = {"dropout": rng.choice((0.0, 0.005))}
    scenario = scenario.model_copy(update={
        "events": scenario.events.model_copy(update=update),
        "horizon": rng.choice((170, 400)), "cut_after_last_entry": rng.choice((20, 150, 500)),
    })  # fmt: skip
    toxicity = random_toxicity(rng, treatment)
    counted = ToxicEvent.model_construct(
        is_related=rng.random() < 0.5, grade_at_least=rng.choice((2, 3)), terms=None,
        within=rng.choice((15, 21, 42, 400)),
    )  # fmt: skip
    looks = rng.choice(((8, 16, 24), (20,), tuple(range(2, 25))))
    stopping = ToxicityStopping.model_construct(
        method="pocock", p0=Decimal("0.2"), p1=Decimal("0.4"), alpha=Decimal("0.1"), shape=None,
        looks=looks, event=counted,
    )  # fmt: skip
    return plan_with(path, toxicity, treatment=treatment, stopping=rng.choice((None, stopping)),
                     scenario=scenario, seed=rng.randrange(1000))  # fmt: skip


def people_of(tables):
    """Return the rows of a trial subject by subject, in the order of enrolment."""
    found = []
    for subject in tables["subjects"]:
        own = {
            name: tuple(row for row in rows if row.subject_id == subject.subject_id)
            for name, rows in tables.items()
            if name != "subjects"
        }
        found.append(SubjectRecords(subject, **own))
    return found


@pytest.mark.parametrize("batch", range(5))
def test_doses_and_standing_are_those_that_the_rules_read_off_the_records(batch):
    compared, at = 0, 0
    while compared < PATIENTS / 5:
        plan, at = random_plan(Random(f"{batch}.{at}")), at + 1
        judged = judge_block(plan, 0, BLOCK)
        went = conduct(plan, judged)
        for trial in (0, 1, 2):
            compared += compare(plan, judged, went, trial, (batch, at, trial))


def compare(plan, judged, went, trial, where):
    """Hold one trial's arrays against its records; return how many patients were compared."""
    found = trial_records(plan, trial)
    people = people_of(found.tables)
    study = plan.protocol.study.model_copy(update={"data_cutoff": found.cut})
    protocol = plan.protocol.model_copy(update={"study": study})
    cut = (found.cut - OPENED).days
    facts, points = at_cut(judged, np.maximum(cut - went.entry, 0).reshape(-1))
    until = treated(points, facts, plan.scenario.horizon)
    doses = doses_until(
        judged.cohort.dosing, plan.protocol.treatment, until.stop, until.end, went.entry.reshape(-1)
    )
    columns = trial * judged.n + np.flatnonzero(went.enrolled[trial])
    assert len(people) == len(columns)
    names = [drug.name for drug in given_drugs(plan.protocol.treatment)]
    for p, records in zip(columns, people, strict=True):
        course = dose_course(records, protocol)
        rules = {one.drug: one.relative for one in dose_intensities(course, protocol.treatment)}
        ours = {
            name: Fraction(
                int(doses.given[d, p] * doses.planned_days[d, p]),
                int(doses.planned[d, p] * doses.actual_days[d, p]),
            )
            for d, name in enumerate(names)
            if doses.given[d, p] > 0
        }
        assert ours == rules, (where, records.subject.subject_id)
        for d, name in enumerate(names):
            reduced = any("REDUCED" in one.deviations for one in course.drugs if one.drug == name)
            assert reduced == doses.is_reduced[d, p], (where, name)
        assert not any("AFTER" in x or "OFF" in x for one in course.drugs for x in one.deviations)
        no_drug_is_changed_after_its_limit(records, protocol.treatment)
        has_stopped = any(row.reason == "ADVERSE EVENT" for row in records.disposition)
        assert has_stopped == until.is_toxic[p]
        assert has_stopped <= any(row.action == "DISCONTINUED" for row in records.adverse_events)
    rule = plan.protocol.safety.stopping
    if rule is not None and not went.stops[trial]:
        standing = toxicity_standing(rule, people, found.cut)
        assert any(look.decision == "stop" for look in standing.looks) == went.is_toxic[trial]
    return len(people)


def no_drug_is_changed_after_its_limit(records, treatment):
    """Hold that nothing is done to a drug in cycles that begin after its longest treatment."""
    start, length = records.subject.first_dose_date, treatment.cycle_days
    for drug in given_drugs(treatment):
        days = [row.start_date for row in records.doses if row.drug == drug.name and row.dose > 0]
        if drug.stop_after is None or not days:
            continue
        last = last_day_from(min(days), drug.stop_after)
        assert max(row.end_date or row.start_date for row in records.doses
                   if row.drug == drug.name) <= last  # fmt: skip
        for row in records.adverse_events:
            begin = (row.onset_date - start).days // length * length + drug.days[0] - 1
            is_over = start + timedelta(days=begin) > last
            assert not (is_over and drug.name in row.action_drugs), (row, last)


def course_by_hand(toxicity, cycles=6):
    """Draw one patient of TQB2450-Ib-02, for whom all chances are 0 or 1."""
    treatment = loaded(REPORTED).protocol.treatment
    rngs = streams(1, 0)
    return draw_dosing(
        toxicity, treatment, rngs, horizon=21 * cycles - 1, entry=np.zeros(4, np.int32)
    )


def test_a_reduction_in_each_cycle_goes_down_the_levels_and_then_stops_the_treatment():
    # Levels of anlotinib: 12, 10, 8 mg. Events in cycles 1 and 2 reduce; that of cycle 3, at
    # 8 mg, has no lower level and ends the treatment.
    found = course_by_hand(toxicity_of(event("a", (1.0,), lasts=1, drugs=("anlotinib",), reduce=1)))

    assert found.level[:3, 0, 0].tolist() == [0, 1, 2]
    assert found.level[:, 1].max() == 0  # the antibody's dose is never changed
    assert 43 <= found.discontinuation[0] <= 62  # in cycle 3, after its first day
    assert (found.until[3:] == -1).all()
    assert (found.onset[3:] == 2**30).all()


@pytest.mark.parametrize(
    ("entry", "months", "last"),
    [
        (0, 24, 729),  # from 1 January 2026: to 31 December 2027, 365 + 365 days
        (424, 24, 730),  # from 1 March 2027: to 28 February 2029, 366 + 365 days
        (0, 1, 30),  # January
        (31, 1, 27),  # February 2026
    ],
)
def test_the_longest_treatment_counts_in_months_of_the_calendar(entry, months, last):
    drug = loaded(REPORTED).protocol.treatment.drugs[0]
    drug = drug.model_copy(update={"stop_after": Period(Decimal(months), "month")})

    assert last_allowed_day(drug, np.array([entry]), np.array([0])).tolist() == [last]


def test_no_event_of_a_drug_begins_after_its_longest_treatment():
    # The antibody is given on day 1 of cycles, for 42 days: in cycles 1 and 2, not on day 43.
    # At cycle 3 the other drug goes on, and only its event begins.
    treatment = loaded(REPORTED).protocol.treatment
    limit = Period(Decimal(42), "day")
    first, antibody = treatment.drugs
    drugs = (first, antibody.model_copy(update={"stop_after": limit}))
    toxicity = toxicity_of(
        event("of the antibody", (1.0,), lasts=1, drugs=(antibody.name,), none=1),
        event("of both", (1.0,), lasts=1, none=1),
    )
    found = draw_dosing(
        toxicity, treatment.model_copy(update={"drugs": drugs}), streams(1, 0),
        horizon=125, entry=np.zeros(4, np.int32),
    )  # fmt: skip

    assert (found.onset[:2] < NEVER).all()
    assert (found.onset[2:, 0] == NEVER).all()
    assert (found.onset[2:, 1] < NEVER).all()


@pytest.mark.parametrize("after", [1, 400])
def test_data_are_not_cut_before_the_day_on_which_toxicity_stops_the_trial(after):
    counted = ToxicEvent.model_construct(is_related=True, grade_at_least=3, terms=None, within=400)
    stopping = ToxicityStopping.model_construct(
        method="pocock", p0=Decimal("0.2"), p1=Decimal("0.35"), alpha=Decimal("0.1"), shape=None,
        looks=(10, 20, 30), event=counted,
    )  # fmt: skip
    scenario = loaded(REPORTED).scenario.model_copy(update={"cut_after_last_entry": after})
    toxicity = toxicity_of(event("a", (0.0, 0.0, 0.0, 0.2), none=1))
    plan = plan_with(REPORTED, toxicity, stopping=stopping, scenario=scenario)
    judged = judge_block(plan, 0, BLOCK)
    went, columns = conduct(plan, judged), run_block(plan, 0)

    assert went.is_toxic.any()
    assert (columns["duration"] >= went.stopping).all()
    assert (columns["duration"] >= columns["accrual"] + after).all()
    for trial in np.flatnonzero(went.is_toxic)[:5]:  # the boundary is reached in the records
        found = trial_records(plan, int(trial))
        standing = toxicity_standing(stopping, people_of(found.tables), found.cut)
        assert any(look.decision == "stop" for look in standing.looks)


def test_two_events_of_one_cycle_reduce_the_dose_by_one_level():
    events = [event(name, (1.0, 0.0), lasts=1, reduce=1) for name in ("a", "b")]

    assert (course_by_hand(toxicity_of(*events)).level[1:, 0] == 1).all()


@pytest.mark.parametrize(("hold", "omitted"), [(1, []), (21, [1]), (41, [1, 2])])
def test_an_interruption_lasts_to_the_first_cycle_after_the_hold(hold, omitted):
    # An event on days 2 to 21 of cycle 1 and a hold of 1 day: cycle 2, from day 22 on, is given.
    # After 21 days the first cycle is cycle 3 (days 43 to 63 >= 23 to 42); after 41 days (43 to 62)
    # it is cycle 3 for an event on day 2, else cycle 4.
    found = course_by_hand(toxicity_of(event("a", (1.0, 0.0), interrupt=1), hold=hold))
    onset = found.onset[0, 0]

    assert ((onset >= 1) & (onset <= 20)).all()
    assert (found.until[0, 0] == onset).all()
    for p in range(4):
        expected = [c for c in range(1, 6) if 21 * c < onset[p] + hold]
        assert [c for c in range(6) if found.until[c, 0, p] == -1] == expected
        assert set(omitted) >= set(expected)


def test_no_event_begins_while_one_of_its_kind_lasts():
    # It lasts 25 days from a day of cycle 1 on: into cycle 2, or to its end; never two at once.
    found = course_by_hand(toxicity_of(event("a", (1.0,), lasts=25, none=1)), cycles=30)
    for p in range(4):
        days = [int(day) for day in found.onset[:, 0, p] if day < 2**30]
        assert all(b > a + 24 for a, b in pairwise(days))


def test_the_effect_of_a_dose_follows_what_was_given_of_it():
    # Half of the effect is anlotinib's. It is held in cycle 2: there the effect is 1 - 0.5, and
    # in cycle 1 less by what the 14 days of the cycle lost.
    toxicity = toxicity_of(event("a", (1.0, 0.0), drugs=("anlotinib",), interrupt=1), hold=21,
                           shrinkage_by_dose={"anlotinib": 0.5})  # fmt: skip
    found = course_by_hand(toxicity)
    treatment = loaded(REPORTED).protocol.treatment
    given = np.minimum(found.onset[0, 0] + 1, 14)
    first = 21 * (1 - 0.5 * (1 - given / 14))
    day = np.full((3, 4), [[21], [42], [50]], np.int32)
    days = treated_days(found, toxicity, treatment, day)

    assert days[0] == pytest.approx(first, abs=1e-3)
    assert days[1] == pytest.approx(first + 21 * 0.5, abs=1e-3)
    assert days[2] == pytest.approx(first + 21 * 0.5 + 8, abs=1e-3)


def endless(path=REPORTED):
    """Return a scenario in which nothing but toxicity ends the treatment."""
    scenario = without_loss(loaded(path).scenario)
    nothing = loaded(path).scenario.events.new_lesion.model_copy(
        update={"baseline": 0.0, "by_size": 0.0}
    )
    events = scenario.events.model_copy(update={"new_lesion": nothing, "non_target": 0.0})
    slow = {"growth": 1e-9, "growth_resistant": 1e-9}
    groups = tuple(
        group.model_copy(
            update={name: getattr(group, name).model_copy(update={"median": rate})
                    for name, rate in slow.items()}
        )
        for group in scenario.groups
    )  # fmt: skip
    reading = scenario.reading.model_copy(update={"error": 0.0})
    return scenario.model_copy(
        update={"events": events, "groups": groups, "reading": reading, "horizon": 209}
    )


def test_shares_with_an_event_are_the_product_over_the_cycles():
    # Ten cycles in 209 days; nobody leaves. With an event: 1 - the product of 1 - p.
    chances = (0.05, 0.02, 0.01)
    plan = plan_with(REPORTED, toxicity_of(event("a", chances, none=1)), scenario=endless())
    blocks = [run_block(plan, block) for block in range(8)]
    found = np.concatenate([columns["severe"] for columns in blocks])
    patients = 30 * len(found)
    exact = 1 - prod(1 - p for p in (0.05, 0.02, *[0.01] * 8))

    assert abs(found.sum() / patients - exact) < 4 * sqrt(exact * (1 - exact) / patients)
    assert all((columns["discontinued"] == 0).all() for columns in blocks)
    assert all((columns["intensity_anlotinib"] == 1).all() for columns in blocks)


@pytest.mark.parametrize("rate", [0.2, 0.3])
def test_the_boundary_is_crossed_as_often_as_exact_recursion_says(rate):
    # An event within cycle 1 is drawn with the rate itself; nobody can leave before.
    counted = ToxicEvent.model_construct(is_related=True, grade_at_least=3, terms=None, within=21)
    stopping = ToxicityStopping.model_construct(
        method="pocock", p0=Decimal("0.2"), p1=Decimal("0.35"), alpha=Decimal("0.1"), shape=None,
        looks=(10, 20, 30), event=counted,
    )  # fmt: skip
    toxicity = toxicity_of(event("a", (rate, 0.5), none=1), event("b", (0.5,), grade=2, none=1))
    plan = plan_with(REPORTED, toxicity, stopping=stopping)
    blocks = [run_block(plan, block) for block in range(20)]
    crossed = np.concatenate([columns["toxicity_crossed"] for columns in blocks])
    stopped = np.concatenate([columns["toxicity_stop"] for columns in blocks])
    exact = operating(plan.boundary.looks, rate).above

    assert abs(crossed.mean() - exact) < 4 * sqrt(exact * (1 - exact) / len(crossed))
    assert np.array_equal(crossed, stopped)  # one stage: nothing else stops the trial
    for columns in blocks:
        assert not (columns["success"] & columns["toxicity_stop"]).any()
        assert (columns["enrolled"][columns["toxicity_stop"] == 0] == 30).all()
    assert min(columns["enrolled"].min() for columns in blocks) < 30


def test_toxicity_that_never_happens_changes_no_number():
    never = toxicity_of(event("a", (0.0,), discontinue=1))
    scenario = loaded(REPORTED).scenario
    rates = {"stop_for_toxicity": 0.0, "dose_reduction": 0.0}
    plain = scenario.model_copy(update={"events": scenario.events.model_copy(update=rates)})
    without = run_block(Plan(loaded(REPORTED).protocol, plain), 3)
    found = run_block(plan_with(REPORTED, never), 3)

    assert all(np.array_equal(found[name], without[name], equal_nan=True) for name in without)


def test_visits_stop_with_the_treatment_if_the_scenario_says_so():
    stops = event("a", (0.3,), discontinue=1)
    plans = {
        visits: plan_with(REPORTED, toxicity_of(stops, visits_after_stopping=visits))
        for visits in ("continue", "stop")
    }
    days = {name: judge_block(plan, 0, 50) for name, plan in plans.items()}
    end = days["stop"].cohort.dosing.discontinuation

    assert (days["stop"].points.day <= end).all()
    assert (days["continue"].points.day > end).any()
    assert np.array_equal(days["stop"].cohort.facts.death, days["continue"].cohort.facts.death)


@pytest.mark.parametrize("trial", [0, 5])
def test_a_written_study_has_the_events_and_doses_of_its_trial(trial, tmp_path):
    write_study(PRESET, tmp_path / "study", Options(seed=4), trial)
    values = {row.id: row.value for row in analyse(tmp_path / "study").results.rows}
    scenario = load_scenario(PRESET)
    columns = run_block(Plan(scenario.protocol, scenario.scenario, seed=4), 0)

    assert values["trae/all/grade_3_count"] == columns["severe"][trial]
    assert values["ae/all/any_count"] == columns["with_event"][trial]
    assert values["dose-reduced.anlotinib/all/count"] == columns["reduced"][trial]
    assert values.get("flow/all/reason:adverse-event/count", 0) == columns["discontinued"][trial]


PUBLISHED = {  # patients of 30, as the paper's Results say
    "severe": 11 / 30,  # with a related event of grade 3 or higher
    "reduced": 2 / 30,  # anlotinib
    "discontinued": 3 / 30,  # treatment stopped for an adverse event
}


def test_the_preset_shows_the_published_toxicity():
    scenario = load_scenario(PRESET)
    plan = Plan(scenario.protocol, scenario.scenario)
    blocks = [run_block(plan, block) for block in range(20)]
    for name, published in PUBLISHED.items():
        found = np.mean([columns[name].mean() / 30 for columns in blocks])
        assert abs(found - published) < 0.01, (name, found)


def test_the_first_patients_of_a_block_keep_their_course():
    plan = plan_with(REPORTED, toxicity_of(event("a", (0.2,), discontinue=1)))
    dosing = judge_block(plan, 0, 3).cohort.dosing
    some = dosing.of(np.array([4, 60]))

    assert np.array_equal(some.until, dosing.until[..., [4, 60]])
