"""What must hold for every patient, whatever was seen: properties of the response rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Literal, get_args, get_origin

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from patients import derive_subject, protocol_with, records_of
from random_patients import FIRST_DOSE, Scan, random_patient, rows_of

from onearm.clinical.best import Circumstances, best_response
from onearm.clinical.cutoff import apply_cutoff
from onearm.clinical.timepoints import assess_subject
from onearm.protocol.response import ResponseRules

SEEDS = st.integers(0, 2**32 - 1)
RULES = ResponseRules()
AS_IRECIST = {
    "CR": "iCR",
    "PR": "iPR",
    "SD": "iSD",
    "NE": "NE",
    "NED": "NED",
    "NON-CR/NON-PD": "NON-iCR/NON-iUPD",
}


def points_of(rows, rules=RULES):
    return assess_subject(rows, rules, FIRST_DOSE)[0]


def answers_of(points):
    """Return what was answered, without the sentences."""
    return [
        (p.evaluator, p.date, p.sum_um, p.target, p.non_target, p.new_lesion, p.overall, p.irecist)
        for p in points
    ]


def told(points):
    """Return everything, the sources in any order."""
    return [replace(point, sources=tuple(sorted(point.sources))) for point in points]


def best_of(points, rules=RULES):
    return best_response("S01", "INVESTIGATOR", points, rules, Circumstances(FIRST_DOSE))


def without(scans, *, doubtful=False, pet=False, nodes=False):
    """Return the scans without what a property leaves out: doubts, FDG-PET, nodes."""
    return [
        Scan(
            scan.day,
            {
                name: seen
                for name, seen in scan.lesions.items()
                if not (doubtful and seen.state == "EQUIVOCAL")
                and not (pet and seen.method == "FDG-PET" and seen.state != "ABSENT")
                and not (nodes and seen.is_node)
            },
        )
        for scan in scans
    ]


@given(SEEDS)
def test_the_order_of_rows_does_not_matter(seed):
    rows = rows_of(random_patient(seed))
    shuffled = list(rows)
    Random(seed + 1).shuffle(shuffled)

    assert answers_of(points_of(shuffled)) == answers_of(points_of(rows))


@given(SEEDS)
def test_the_order_of_rows_does_not_change_a_reason(seed):
    rows = rows_of(random_patient(seed))
    shuffled = list(rows)
    Random(seed + 1).shuffle(shuffled)

    assert told(points_of(shuffled)) == told(points_of(rows))


@given(SEEDS)
def test_the_order_of_time_points_does_not_change_the_best_response(seed):
    points = points_of(rows_of(random_patient(seed)))
    shuffled = list(points)
    Random(seed + 1).shuffle(shuffled)

    assert best_of(shuffled) == best_of(points)


@given(SEEDS, SEEDS)
def test_the_rows_of_one_evaluator_never_touch_the_answers_of_another(seed, other):
    mine = rows_of(random_patient(seed), evaluator="READER 1")
    theirs = rows_of(random_patient(other), evaluator="READER 2")
    together = points_of(sorted(mine + theirs, key=lambda row: row.date))

    assert told(p for p in together if p.evaluator == "READER 1") == told(points_of(mine))
    assert told(p for p in together if p.evaluator == "READER 2") == told(points_of(theirs))


@given(SEEDS, st.integers(1, 8))
def test_a_later_visit_never_changes_an_earlier_time_point(seed, count):
    # Without doubtful lesions and FDG-PET, which later scans are asked to settle.
    scans = without(random_patient(seed), doubtful=True, pet=True)
    assume(count < len(scans))
    short, long = points_of(rows_of(scans[: count + 1])), points_of(rows_of(scans))

    assert told(long[: len(short)]) == told(short)


@given(SEEDS, st.integers(1, 8))
def test_without_back_dating_doubtful_lesions_change_no_earlier_time_point(seed, count):
    rules = ResponseRules(equivocal_backdate=False)
    scans = without(random_patient(seed), pet=True)
    assume(count < len(scans))
    short = points_of(rows_of(scans[: count + 1]), rules)
    long = points_of(rows_of(scans), rules)

    assert told(long[: len(short)]) == told(short)


@given(SEEDS, st.integers(1, 8))
def test_back_dating_only_turns_earlier_time_points_into_pd(seed, count):
    scans = random_patient(seed)
    assume(count < len(scans))
    short, long = points_of(rows_of(scans[: count + 1])), points_of(rows_of(scans))
    changed = [
        (before, now)
        for before, now in zip(short, long, strict=False)
        if before.overall != now.overall
    ]

    assert all(now.overall == "PD" for _, now in changed[:1])


@given(SEEDS)
def test_pd_dates_do_not_depend_on_sticky_pr(seed):
    rows = rows_of(random_patient(seed))
    dates = [
        [p.date for p in points_of(rows, ResponseRules(sticky_pr=rule)) if p.overall == "PD"]
        for rule in ("off", "after_pr", "after_confirmed_pr")
    ]

    assert dates[0] == dates[1] == dates[2]


@given(SEEDS, st.integers(2, 9))
def test_scaling_all_lengths_changes_no_relative_rule(seed, factor):
    # The options in millimetres are scaled along; nodes, whose 10 mm is no option, stay out,
    # and so does iRECIST, whose new lesions are measurable from 10 mm on.
    scans = without(random_patient(seed), nodes=True)
    assume(all(scan.lesions for scan in scans))
    scaled = ResponseRules(
        pd_abs_mm=RULES.pd_abs_mm * factor,
        tstm_mm=RULES.tstm_mm * factor,
        new_node_min_mm=RULES.new_node_min_mm * factor,
    )
    plain = points_of(rows_of(scans))
    larger = points_of(rows_of(scans, scale=factor), scaled)

    assert [(p.target, p.non_target, p.overall) for p in larger] == [
        (p.target, p.non_target, p.overall) for p in plain
    ]
    assert [p.sum_um for p in larger] == [p.sum_um and factor * p.sum_um for p in plain]


@given(SEEDS)
def test_irecist_is_recist_with_an_i_before_the_first_pd(seed):
    for point in points_of(rows_of(random_patient(seed))):
        if point.overall == "PD":
            assert point.irecist == "iUPD"
            break
        assert point.irecist == AS_IRECIST[point.overall]


@given(SEEDS)
def test_without_pd_the_best_response_is_the_same_by_irecist(seed):
    points = points_of(rows_of(random_patient(seed)))
    assume(all(point.overall != "PD" for point in points))
    best = best_of(points)

    assert best.ibor == AS_IRECIST[best.confirmed_best]


@given(SEEDS)
def test_irecist_confirms_only_what_waited_and_ends_there(seed):
    letters = [point.irecist for point in points_of(rows_of(random_patient(seed)))]
    if "iCPD" not in letters:
        return
    at = letters.index("iCPD")

    assert "iUPD" in letters[:at]
    assert set(letters[at + 1 :]) <= {None}


@given(SEEDS)
def test_confirmation_never_makes_a_response_better(seed):
    order = ["CR", "PR", "SD", "NON-CR/NON-PD", "NED", "PD", "NE"]
    best = best_of(points_of(rows_of(random_patient(seed))))

    assert order.index(best.confirmed_best) >= min(order.index(best.best), order.index("SD"))
    assert best.confirmed_response is (best.confirmed_best in ("CR", "PR"))


PROTOCOLS = {name: protocol_with(preset=name, source="derived") for name in ("paper", "fda", "ema")}


def events_of(rows, preset="paper", **facts):
    records = replace(records_of(**facts), lesions=tuple(rows), responses=None)
    return derive_subject(records, PROTOCOLS[preset]).events


@given(SEEDS, st.sampled_from(sorted(PROTOCOLS)), st.none() | st.integers(1, 500))
def test_a_patient_without_pd_has_equal_pfs_and_ipfs(seed, preset, death):
    rows = rows_of(random_patient(seed))
    assume(all(point.overall != "PD" for point in points_of(rows)))
    events = events_of(rows, preset, **({} if death is None else {"death": death}))
    pfs, ipfs = events["pfs"], events["ipfs"]

    assert (pfs.end, pfs.is_event, pfs.rule) == (ipfs.end, ipfs.is_event, ipfs.rule)


@given(SEEDS, st.sampled_from(sorted(PROTOCOLS)), st.none() | st.integers(1, 500))
def test_no_time_to_an_event_is_less_than_a_day(seed, preset, death):
    facts = {} if death is None else {"death": death}
    for event in events_of(rows_of(random_patient(seed)), preset, **facts).values():
        assert event.days == (event.end - event.start).days + 1
        assert event.days >= 1


@given(SEEDS, st.integers(0, 400), st.integers(1, 200), st.none() | st.integers(1, 500))
def test_a_later_data_cut_never_removes_an_event(seed, first, more, death):
    # By `paper` censoring; an iUPD that waits at one cut may be discarded at the next.
    facts = {} if death is None else {"death": death}
    records = replace(
        records_of(alive=first, **facts), lesions=tuple(rows_of(random_patient(seed)))
    )
    early, late = (
        derive_subject(apply_cutoff(records, day_of(cut))[0], PROTOCOLS["paper"]).events
        for cut in (first, first + more)
    )
    for name in ("pfs", "os"):
        assert late[name].is_event or not early[name].is_event
        if name == "os" and early[name].is_event:
            assert late[name].end == early[name].end
        if early[name].is_event:
            assert late[name].end <= early[name].end


def day_of(number):
    return FIRST_DOSE + timedelta(days=number)


def choices(field):
    """Return values for one option: each of a closed list, and some numbers."""
    annotation = field.annotation
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if annotation is bool:
        return (True, False)
    default = field.default
    if default is None:
        return (None, 20)
    if isinstance(default, Decimal) and default < 1:
        return (default, Decimal("0.25"))
    return (default, default + 1, default * 2)


OPTIONS = {name: choices(field) for name, field in ResponseRules.model_fields.items()}
PAIRS = st.lists(st.sampled_from(sorted(OPTIONS)), min_size=2, max_size=2, unique=True)


@settings(max_examples=500)
@given(SEEDS, PAIRS, st.data())
def test_any_two_options_together_give_answers_with_reasons(seed, names, data):
    rules = ResponseRules(**{name: data.draw(st.sampled_from(OPTIONS[name])) for name in names})
    points = points_of(rows_of(random_patient(seed)), rules)
    best = best_of(points, rules)

    assert all(point.reason.startswith(f"{point.overall}: ") for point in points)
    assert all(point.irecist_reason for point in points)
    assert best.reason
    assert best.confirmed_best in ("CR", "PR", "SD", "NON-CR/NON-PD", "NED", "PD", "NE")
