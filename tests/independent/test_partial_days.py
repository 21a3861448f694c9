"""Days that were recorded in part only, against the same patients with whole days.

Random patients lose the day of a scan or two. What is then still said must be what
the whole days give; what is null must be named; and of one scan nothing is null that
every one of its days gives alike. ONEARM_PATIENTS sets how many patients.
"""

from __future__ import annotations

import calendar
import datetime as dt
import os
from dataclasses import fields, replace
from random import Random

import pytest
from patients import derive_subject, protocol_with
from test_second_program import day_of, random_records, random_rules

from onearm.clinical.cutoff import apply_cutoff
from onearm.clinical.derived import BestResponse
from onearm.clinical.records import PartialDate
from onearm.clinical.subject import death_of

PATIENTS = int(os.environ.get("ONEARM_PATIENTS", "3000")) // 30
TOLD = ("subject_id", "evaluator", "reason", "sources")
ANSWERS = [field.name for field in fields(BestResponse) if field.name not in TOLD]


def a_case(seed):
    """Return a protocol, a patient with whole days, and the days of each scan, in order."""
    rng = Random(seed)
    rules, preset = random_rules(rng)
    protocol = protocol_with(preset=preset, source="derived", rules=rules)
    plan = protocol.response.model_copy(
        update={"markers": rng.choice(((), ("CA125",))), "also": "iRECIST"}
    )
    cutoff = rng.choice((None, day_of(200)))
    study = protocol.study.model_copy(update={"data_cutoff": cutoff})
    protocol = protocol.model_copy(update={"response": plan, "study": study})
    records = random_records(rng, "S01")
    days: dict[str, set[dt.date]] = {}
    for row in records.lesions:
        days.setdefault(row.visit, set()).add(row.date)
    ordered = sorted((min(found), max(found), visit) for visit, found in days.items())
    return rng, protocol, records, ordered


def can_be(ordered, at, text_length):
    """Return the days between the scans before and after that a cut date can be."""
    day = ordered[at][0]
    last_of_month = calendar.monthrange(day.year, day.month)[1]
    first, last = day.replace(day=1), day.replace(day=last_of_month)
    if text_length == 4:
        first, last = dt.date(day.year, 1, 1), dt.date(day.year, 12, 31)
    one = dt.timedelta(days=1)
    if at > 0:
        first = max(first, ordered[at - 1][1] + one)
    if at + 1 < len(ordered):
        last = min(last, ordered[at + 1][0] - one)
    return first, last


def on(records, days):
    """Return a patient whose scans of these visits were on these days, or in part known."""
    rows = tuple(replace(r, date=days.get(r.visit, r.date)) for r in records.lesions)
    return replace(records, lesions=rows)


def answers_of(records, protocol):
    cutoff = protocol.study.data_cutoff
    return derive_subject(records if cutoff is None else apply_cutoff(records, cutoff)[0], protocol)


def cut_dates(rng, records, ordered, how_many):
    """Return the visits that lose their day, not next to one another, each with what it can be."""
    death = death_of(records)
    fit = [
        at
        for at, (first, last, _) in enumerate(ordered)
        if first == last and (death is None or last <= death.date)
    ]
    found: dict[str, PartialDate] = {}
    chosen = rng.sample(fit, min(how_many, len(fit)))
    for at in chosen:
        if at - 1 in chosen or at + 1 in chosen:
            continue
        length = 4 if how_many == 1 and rng.random() < 0.1 else 7
        days = can_be(ordered, at, length)
        text = str(ordered[at][0])[:length]
        found[ordered[at][2]] = PartialDate.placed(text, days, "tr.csv:2 TRDTC")
    return found


def of_events(answers):
    return {"": answers.events, **answers.pfs_by_preset}


@pytest.mark.parametrize("seed", range(PATIENTS))
def test_what_is_known_is_what_the_whole_days_give(seed):
    rng, protocol, records, ordered = a_case(f"known {seed}")
    partial = cut_dates(rng, records, ordered, rng.choice((1, 1, 2)))
    truth = answers_of(records, protocol)
    found = answers_of(on(records, partial), protocol)
    named = {(one.variant, one.what) for one in found.unknown}

    at = {point.visit: point for point in truth.time_points}
    for point in found.time_points:
        true = at[point.visit]
        assert replace(point, date=true.date, reason="", irecist=None, irecist_reason=None) == (
            replace(true, reason="", irecist=None, irecist_reason=None)
        )
        assert point.irecist in (None, true.irecist)
    for name in ANSWERS:
        assert getattr(found.best, name) in (None, getattr(truth.best, name)), name
    for name, event in truth.events.items():
        ours = found.events.get(name)
        if ours is None or ours.days is None:
            assert ("", name.upper()) in named
        if ours is not None:
            assert (ours.is_event, ours.rule) == (event.is_event, event.rule)
            assert ours.days in (None, event.days)
    for name, event in truth.pfs_by_preset.items():
        ours = found.pfs_by_preset.get(name)
        assert (ours is not None and ours.days == event.days) or (name, "PFS") in named
    for ours, true in zip(found.memberships, truth.memberships, strict=True):
        assert ours.is_member == true.is_member or ("", f"{ours.set} or not") in named
    change = found.best_change.change_um
    assert change == truth.best_change.change_um or ("", "best change of the sum") in named
    days = {one.what: (one.shortest, one.longest) for one in found.unknown if not one.variant}
    for name, event in truth.events.items():
        shortest, longest = days.get(name.upper(), (None, None))
        if shortest is not None:
            assert shortest.days <= event.days <= longest.days


@pytest.mark.parametrize("seed", range(PATIENTS // 3))
def test_nothing_is_null_that_every_day_gives_alike(seed):
    rng, protocol, records, ordered = a_case(f"null {seed}")
    partial = cut_dates(rng, records, ordered, 1)
    found = answers_of(on(records, partial), protocol)
    if not partial:
        return
    [(visit, day)] = partial.items()
    death = death_of(records)
    last = day.latest if death is None else min(day.latest, death.date)
    each = [
        answers_of(on(records, {visit: day.earliest + dt.timedelta(days=n)}), protocol)
        for n in range((last - day.earliest).days + 1)
    ]
    for name in ANSWERS:
        values = {getattr(one.best, name) for one in each}
        assert getattr(found.best, name) == (values.pop() if len(values) == 1 else None), name
    for name in {name for one in each for name in one.events}:
        here = [one.events.get(name) for one in each]
        times = {event and (event.days, event.is_event, event.rule) for event in here}
        ours = found.events.get(name)
        known = None if ours is None or ours.days is None else (ours.days, ours.is_event, ours.rule)
        assert known == (times.pop() if len(times) == 1 else None), name


def test_three_months_of_one_patient_leave_open_what_goes_by_days():
    # More than 1000 combinations: letters stay, days do not; a death needs no scan.
    rng, protocol, records, ordered = next(
        case
        for n in range(500)
        if len((case := a_case(f"many {n}"))[3]) > 5
        and death_of(case[2])
        and case[1].study.data_cutoff is None
    )
    del rng
    partial = {
        ordered[at][2]: PartialDate.placed(
            "2026", (ordered[at][0], ordered[at + 1][0] - dt.timedelta(days=1)), "tr.csv:2 TRDTC"
        )
        for at in range(1, len(ordered) - 1)
    }
    found = answers_of(on(records, partial), protocol)
    whole = answers_of(records, protocol)

    assert all(getattr(found.best, name) is None for name in ANSWERS)
    assert found.events["os"].days == whole.events["os"].days
    assert set(found.events) == {"os"}
    assert [point.visit for point in found.time_points] == [p.visit for p in whole.time_points]
