"""The numbers of a reason are those that the comparison used: read them, and compare again.

Reasons of the shipped study and of random patients are parsed as a reader
would: the sum, its change, the percentage, the baseline or nadir and its date.
A reason of a target CR, PR, SD or PD that cannot be parsed fails.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import groupby
from pathlib import Path

import pytest
from random_patients import FIRST_DOSE, random_patient, rows_of

from onearm.clinical.timepoints import assess_subject
from onearm.pipeline.respond import respond
from onearm.pipeline.study import load_study
from onearm.protocol.response import ResponseRules

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"

MM = r"\d+(?:\.\d{1,3})?"
CHANGE = rf"(?P<change>[+-]{MM}) mm(?: \((?P<percent>[+-]\d+\.\d) %\))?"
FROM_BASELINE = re.compile(
    rf"sum (?P<sum>{MM}) mm is {CHANGE} from the baseline of (?P<from>{MM}) mm"
)
OVER_NADIR = re.compile(
    rf"(?P<head>sum (?P<sum>{MM}) mm is |measured targets alone, (?P<part>{MM}) mm is |and )"
    rf"{CHANGE} over the nadir of (?P<from>{MM}) mm \((?P<date>\d{{4}}-\d\d-\d\d)\)"
)
REAPPEARED = re.compile(rf"target (?P<name>\w+) reappeared with (?P<size>{MM}) mm after CR")
GONE = re.compile(r"(?P<gone>\d+) of (?P<all>\d+) non-nodal gone")
LARGEST_NODE = re.compile(rf"largest node (?P<size>{MM}) mm, below 10 mm")
CONFIRMED_BY = re.compile(
    rf"(?P<what>sum|new lesions) (?P<growth>\+{MM}) mm to (?P<now>{MM}) mm since the iUPD"
)


def mm(text):
    return Fraction(text)


def of(length_um):
    return None if length_um is None else Fraction(length_um, 1000)


def percent(part, whole):
    """Return a percentage with one decimal, half away from zero, with its sign."""
    exact = Decimal(part.numerator * whole.denominator * 100) / Decimal(
        part.denominator * whole.numerator
    )
    rounded = exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{abs(rounded) if rounded == 0 else rounded:+}"


def read_change(found, reference):
    """Check a change against the size that it is from, and return the sum that it tells."""
    change, whole = mm(found["change"]), mm(found["from"])
    assert whole == reference
    if whole:
        assert found["percent"] == percent(change, whole)
    else:
        assert found["percent"] is None
    told = found["sum"] or found.groupdict().get("part")
    assert told is None or mm(told) == whole + change
    return whole + change


def redo_pr(point):
    found = FROM_BASELINE.search(point.reason)
    assert found, point.reason
    total = read_change(found, of(point.baseline_sum_um))
    assert total == of(point.sum_um)
    assert 10 * total <= 7 * mm(found["from"])


def redo_pd(point, earlier):
    if found := REAPPEARED.search(point.reason):
        assert mm(found["size"]) > 0
        assert any(before.overall == "CR" for before in earlier)
        return
    found = OVER_NADIR.search(point.reason)
    assert found, point.reason
    total, nadir = read_change(found, of(point.nadir_sum_um)), mm(found["from"])
    assert 5 * total >= 6 * nadir
    assert total - nadir >= 5
    if point.sum_um is None:
        assert "not assessed" in point.reason
        assert found["part"]
    else:
        assert total == of(point.sum_um)
    check_nadir(found, earlier, point)


def redo_sd(point, earlier):
    from_baseline, over_nadir = (p.search(point.reason) for p in (FROM_BASELINE, OVER_NADIR))
    assert from_baseline, point.reason
    assert over_nadir, point.reason
    total = read_change(from_baseline, of(point.baseline_sum_um))
    assert total == of(point.sum_um)
    assert total == read_change(over_nadir, of(point.nadir_sum_um))
    nadir = mm(over_nadir["from"])
    assert 10 * total > 7 * mm(from_baseline["from"])
    assert 5 * total < 6 * nadir or total - nadir < 5
    check_nadir(over_nadir, earlier, point)


def check_nadir(found, earlier, point):
    """The nadir is the smallest complete sum so far, on the day that the reason names."""
    sums = [of(before.sum_um) for before in earlier if before.sum_um is not None]
    assert mm(found["from"]) == min([*sums, of(point.baseline_sum_um)])
    days = [str(p.date) for p in earlier if of(p.sum_um) == mm(found["from"])]
    if mm(found["from"]) != of(point.baseline_sum_um):
        assert found["date"] in days


def redo_cr(point, targets):
    gone, node = GONE.search(point.reason), LARGEST_NODE.search(point.reason)
    assert gone or node, point.reason
    nodes = [name for name, is_node in targets.items() if is_node]
    if gone:
        assert int(gone["gone"]) == int(gone["all"]) == len(targets) - len(nodes)
    else:
        assert len(nodes) == len(targets)
    if node:
        assert mm(node["size"]) < 10
        assert mm(node["size"]) <= of(point.sum_um) <= mm(node["size"]) * len(nodes)
    else:
        assert not nodes
        assert point.sum_um == 0


def redo_confirmation(found, point, earlier):
    """A confirmed progression grew 5 mm since one of the iUPD before it."""
    assert point.irecist == "iCPD"
    assert mm(found["growth"]) >= 5
    if found["what"] == "sum" and point.sum_um is not None:
        sums = [of(before.sum_um) for before in earlier if before.irecist == "iUPD"]
        assert mm(found["now"]) == of(point.sum_um) or None in sums
        assert mm(found["now"]) - mm(found["growth"]) in sums or None in sums


def redo(points, targets):
    """Redo every comparison of one subject; return how many there were, by response."""
    done = []
    for i, point in enumerate(points):
        assert point.reason.startswith(f"{point.overall}: ")
        if point.target == "PR":
            redo_pr(point)
        elif point.target == "PD":
            redo_pd(point, points[:i])
        elif point.target == "SD":
            redo_sd(point, points[:i])
        elif point.target == "CR":
            redo_cr(point, targets)
        if found := CONFIRMED_BY.search(point.irecist_reason or ""):
            redo_confirmation(found, point, points[:i])
        done.append(point.target)
    return done


def targets_of(rows):
    return {
        row.lesion_id: row.is_nodal
        for row in rows
        if row.lesion_type == "TARGET" and row.parent_id is None
    }


def test_reasons_of_the_shipped_study_hold():
    lesions = {r.subject.subject_id: r.lesions or () for r in load_study(STUDY).subjects}
    done = []
    for name, points in groupby(respond(STUDY).points, key=lambda point: point.subject_id):
        done += redo(list(points), targets_of(lesions[name]))

    assert {"PR", "SD", "PD"} <= set(done)


@pytest.mark.parametrize("batch", range(4))
def test_reasons_of_random_patients_hold(batch):
    done = []
    for seed in range(250 * batch, 250 * (batch + 1)):
        rows = rows_of(random_patient(seed))
        points, _ = assess_subject(rows, ResponseRules(), FIRST_DOSE)
        done += redo(points, targets_of(rows))

    assert {"CR", "PR", "SD", "PD", "NE"} <= set(done)


def test_every_reason_names_rows_that_exist():
    for seed in range(100):
        rows = rows_of(random_patient(seed))
        lines = {row.source for row in rows}
        points, _ = assess_subject(rows, ResponseRules(), FIRST_DOSE)

        assert all(point.sources and lines.issuperset(point.sources) for point in points)


WRONG = [  # a reason that claims what is not so must not pass
    "PR: sum 35.1 mm is -14.9 mm (-29.8 %) from the baseline of 50 mm",
    "PR: sum 35 mm is -15 mm (-30.1 %) from the baseline of 50 mm",
    "PR: sum 34 mm is -15 mm (-30.0 %) from the baseline of 50 mm",
    "PR: sum 35 mm is smaller than 50 mm",
]


@pytest.mark.parametrize("reason", WRONG)
def test_a_wrong_reason_is_seen(reason):
    rows = rows_of(random_patient(1))
    points, _ = assess_subject(rows, ResponseRules(), FIRST_DOSE)
    point = replace(points[0], target="PR", sum_um=35_000, baseline_sum_um=50_000, reason=reason)

    with pytest.raises(AssertionError):
        redo_pr(point)
    redo_pr(replace(point, reason="PR: sum 35 mm is -15 mm (-30.0 %) from the baseline of 50 mm"))
