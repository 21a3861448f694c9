"""The verdict on a primary endpoint that is a time, against R and by hand.

tests/reference/primary.csv holds what survdiff with an offset and poisson.test of R print on the
times of tests/reference/nct07083375.csv, which another test holds equal to the study's own.
"""

import csv
import datetime as dt
import math
import subprocess
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import comb
from pathlib import Path

import pytest

from onearm.pipeline.run import analyse
from onearm.protocol.planned_design import SurvivalDesign
from onearm.report.shown import Shown
from onearm.report.verdicts import verdict
from onearm.results.model import Results
from onearm.results.run import run_analyses

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "reference"
STATISTICS = ("events", "expected", "z", "p_value", "lower", "upper")
HYPOTHESES = {  # as in primary.R
    "median-5.5-months": {},
    "median-4-months": {"null": {"median": "4 months"}, "alternative": {"median": "7 months"}},
    "weibull-rate-0.3-at-9-months-shape-1.2": {
        "distribution": "weibull",
        "shape": Decimal("1.2"),
        "null": {"rate": Decimal("0.3"), "at": "9 months"},
        "alternative": {"rate": Decimal("0.5"), "at": "9 months"},
    },
}
STATED = {  # as in the protocol
    "kind": "survival",
    "endpoint": "pfs",
    "test": "one-sample log-rank",
    "null": {"median": "5.5 months"},
    "alternative": {"median": "8 months"},
    "alpha": Decimal("0.05"),
    "power": Decimal("0.80"),
    "accrual": "18 months",
    "follow_up": "12 months",
}
RATE = {
    "test": "rate",
    "null": {"rate": Decimal("0.4"), "at": "6 months"},
    "alternative": {"rate": Decimal("0.6"), "at": "6 months"},
}


def read(name, folder=REFERENCE):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        file.readline()
        return list(csv.DictReader(file))


@cache
def trial():
    return analyse(ROOT / "studies" / "nct07083375")


def primary(change, *, cutoff=None, state=None, subjects=None):
    """Return the rows of the primary endpoint under a changed design."""
    found = trial()
    protocol = found.study.protocol
    design = SurvivalDesign.model_validate(STATED | change)
    study = protocol.study
    if cutoff is not None:
        study = study.model_copy(update={"data_cutoff": cutoff})
    if state is not None:
        status = study.status.model_copy(update={"state": state})
        study = study.model_copy(update={"status": status})
    protocol = protocol.model_copy(update={"design": design, "study": study})
    rows = run_analyses(protocol, found.study.subjects[:subjects], found.derived[:subjects], None)
    return {row.statistic: row for row in rows.rows if row.analysis == "primary"}


@pytest.mark.parametrize("expected", read("primary.csv"), ids=lambda row: row["name"])
@pytest.mark.parametrize("test", ["one-sample log-rank", "modified one-sample log-rank"])
def test_the_one_sample_logrank_test_is_that_of_r(expected, test):
    rows = primary(HYPOTHESES[expected["name"]] | {"test": test})
    wu = "_wu" if test.startswith("modified") else ""

    for statistic in STATISTICS:
        column = f"{statistic}{wu}" if statistic in ("z", "p_value") else statistic
        assert rows[statistic].value == pytest.approx(float(expected[column]), rel=1e-10), statistic
    assert rows["critical"].value == pytest.approx(float(expected["critical_05"]), rel=1e-12)
    is_met = float(expected[f"z{wu}"]) > float(expected["critical_05"])
    assert rows["met"].code == ("Y" if is_met else "N")


def test_the_expected_events_are_those_of_a_sum_by_hand():
    # Exponential: E = log 2 / median * the sum of all times; 5.5 months are 167.40625 days.
    times = read("nct07083375.csv")
    days = sum(int(row["pfs_days"]) for row in times)
    events = sum(int(row["pfs_event"]) for row in times)
    expected = math.log(2) * float(Fraction(days) / Fraction("167.40625"))
    rows = primary({})

    assert (days, events) == (13623, 50)
    assert rows["expected"].value == pytest.approx(expected, rel=1e-12)
    assert rows["z"].value == pytest.approx((expected - 50) / math.sqrt(expected), rel=1e-12)


def test_a_rate_is_tested_by_the_exact_binomial_of_those_known_to_be_without_event():
    times = [(int(r["pfs_days"]), int(r["pfs_event"])) for r in read("nct07083375.csv")]
    free = sum(days > 182.625 for days, _ in times)
    lost = sum(days < 182.625 and not event for days, event in times)
    p0, n = Fraction(4, 10), len(times)
    tails = [
        sum(comb(n, x) * p0**x * (1 - p0) ** (n - x) for x in range(k, n + 1)) for k in range(n + 1)
    ]
    needed = next(k for k, tail in enumerate(tails) if tail <= Fraction(5, 100))
    rows = primary(RATE)

    assert (rows["count"].value, rows["unknown"].value) == (free, lost)
    assert rows["needed"].value == needed
    assert rows["p_value"].value == pytest.approx(float(tails[free]))
    assert rows["met"].code == ("Y" if free >= needed else "N")


def test_before_the_analysis_the_needed_are_told_of_those_seen_so_far():
    # Of 20 at 0.4, 13 or more have a probability of 0.021, 12 or more one of 0.057 (pbinom of R).
    rows = primary(RATE, subjects=20)
    protocol = trial().study.protocol
    said = "".join(span.text for span in verdict(Shown(Results(tuple(rows.values())), protocol)))

    assert rows["met"].code is None
    assert "; 13 of as many are needed, " in said
    assert f" {int(rows['planned_subjects'].value)} patients are planned" in said


def test_an_event_on_the_very_day_of_the_landmark_is_one():
    # QL-003 progressed on day 85, QL-018 on day 39; a landmark of 85 days.
    at = {"rate": Decimal("0.4"), "at": "85 days"}, {"rate": Decimal("0.6"), "at": "85 days"}
    rows = primary(RATE | {"null": at[0], "alternative": at[1]})
    times = [(int(r["pfs_days"]), int(r["pfs_event"])) for r in read("nct07083375.csv")]
    on_it = sum(days == 85 and event for days, event in times)

    assert on_it > 0
    assert rows["count"].value == sum(days >= 85 for days, _ in times) - on_it


LAST_START = dt.date(2027, 3, 28)
LOOKS = [  # story, subjects, cut-off, state, verdict, reached
    ("all in, followed one day short of 365.25, 50 events of 46.0", 56, 365, None, "N", "Y"),
    ("one subject fewer than planned", 55, 366, None, None, "N"),
    ("one subject fewer, but the study is closed", 55, 366, "completed", "N", "N"),
]


@pytest.mark.parametrize(("story", "subjects", "days", "state", "code", "reached"), LOOKS)
def test_the_verdict_waits_for_the_declared_analysis(story, subjects, days, state, code, reached):
    assert max(r.subject.first_dose_date for r in trial().study.subjects) == LAST_START
    cutoff = LAST_START + dt.timedelta(days=days)

    rows = primary({}, cutoff=cutoff, state=state, subjects=subjects)

    assert (rows["met"].code, rows["reached"].code) == (code, reached), story
    assert rows["z"].value is not None  # where it stands is told all the same


def test_events_that_are_not_reached_are_told():
    # 24 months after the last of them are not over, and more events were expected by then.
    rows = primary({"follow_up": "24 months", "power": Decimal("0.82")})

    assert rows["planned_subjects"].value <= 56
    assert rows["planned_events"].value > 50
    assert (rows["met"].code, rows["reached"].code) == (None, "N")
    assert rows["met"].note == (
        f"before the declared analysis: 56 of {rows['planned_subjects'].value} subjects; 50 events "
        f"of {rows['planned_events'].value:.1f} expected by its end; 369 days since the last of "
        "them began, 730.5 planned"
    )


@pytest.mark.needs("Rscript")
def test_the_stored_table_is_what_r_prints(program, tmp_path):
    if subprocess.run([program, "-e", "library(survival)"], capture_output=True).returncode:
        pytest.skip("R is here, but not its package survival")
    subprocess.run([program, REFERENCE / "primary.R", tmp_path], check=True)

    for new, old in zip(read("primary.csv", tmp_path), read("primary.csv"), strict=True):
        assert new["name"] == old["name"]
        for column in set(old) - {"name"}:
            assert float(new[column]) == pytest.approx(float(old[column]), rel=1e-9)
