"""Exposure, its rates, and what followed progression or an immune-related event, counted again.

The counts below read the tables of TQB2450-Ib-02 by the standard library; the patients are
invented. They know nothing of onearm's records.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from onearm.pipeline.run import analyse
from onearm.results.model import Row

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"
CUTOFF, WINDOW = dt.date(2021, 10, 8), 30  # study.data_cutoff, safety.emergent_until
CYCLE = 21
PLANNED = {"anlotinib": (Fraction(12), 14), "TQB2450": (Fraction(1200), 1)}  # mg a day, days


@cache
def rows() -> dict[str, Row]:
    return analyse(STUDY).results.by_id()


def table(name: str) -> list[dict[str, str]]:
    with (STUDY / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def given(drug: str) -> dict[str, list[tuple[int, dt.date, dt.date, Fraction]]]:
    """Return cycle, first and last day, and dose a day of each dose, by subject."""
    found = defaultdict(list)
    for row in table("doses"):
        if row["drug"] == drug and Fraction(row["dose"]) > 0:
            first = day(row["start_date"])
            last = day(row["end_date"]) if row["end_date"] else first
            found[row["subject_id"]].append((int(row["cycle"]), first, last, Fraction(row["dose"])))
    return found


def all_doses() -> dict[str, list[tuple[dt.date, dt.date]]]:
    found = defaultdict(list)
    for drug in PLANNED:
        for who, doses in given(drug).items():
            found[who] += [(first, last) for _, first, last, _ in doses]
    return found


@pytest.mark.parametrize("drug", PLANNED)
def test_cycles_days_and_total_dose(drug: str) -> None:
    own, head = given(drug), f"exposure.{drug.lower()}/all"
    cycles = [len({cycle for cycle, *_ in doses}) for doses in own.values()]
    days = [
        (max(d[2] for d in doses) - min(d[1] for d in doses)).days + 1 for doses in own.values()
    ]
    totals = [sum(((d[2] - d[1]).days + 1) * d[3] for d in doses) for doses in own.values()]

    for item, amounts in (("cycles", cycles), ("days", days), ("total-dose", totals)):
        found = {name: rows()[f"{head}/{item}/{name}"].value for name in ("n", "median", "maximum")}
        assert found == {
            "n": len(own), "median": float(median(amounts)), "maximum": float(max(amounts)),
        }  # fmt: skip
        mean = float(Fraction(sum(amounts)) / len(amounts))
        assert rows()[f"{head}/{item}/mean"].value == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("drug", PLANNED)
def test_relative_dose_intensity(drug: str) -> None:
    """Sum given over the days of its cycles, beside that planned over as many whole cycles.

    The last cycle is cut at the end of the drug, by the convention of the protocol: both
    lengths, and the days on which a dose was planned, end there.
    """
    a_day, days_of_cycle = PLANNED[drug]
    starts: dict[tuple[str, int], dt.date] = {}
    for name in PLANNED:
        for who, doses in given(name).items():
            for cycle, first, *_ in doses:
                starts[who, cycle] = min(first, starts.get((who, cycle), first))
    ends = {
        row["subject_id"]: day(row["date"])
        for scope in ("TREATMENT", drug)  # of the drug, where it has its own
        for row in table("disposition")
        if row["scope"] == scope and row["date"] and row["status"] != "ONGOING"
    }
    shares = []
    for who, doses in given(drug).items():
        numbers = [cycle for cycle, *_ in doses]
        assert all(b - a in (0, 1) for a, b in pairwise(sorted(numbers)))  # nothing was skipped
        last = starts[who, max(numbers)]
        length = min(CYCLE, (ends.get(who, CUTOFF) - last).days + 1)
        actual = (last - starts[who, 1]).days + length
        planned_days = (max(numbers) - 1) * CYCLE + length
        doses_planned = (max(numbers) - 1) * days_of_cycle + min(days_of_cycle, length)
        total = sum(((d[2] - d[1]).days + 1) * d[3] for d in doses)
        shares.append(total / actual / (a_day * doses_planned / planned_days))
    head = f"dose-intensity.{drug.lower()}/all"

    assert rows()[f"{head}/relative/n"].value == len(shares)
    for statistic, value in (
        ("median", median(shares)), ("minimum", min(shares)), ("maximum", max(shares)),
    ):  # fmt: skip
        assert rows()[f"{head}/relative/{statistic}"].value == pytest.approx(float(value))
    assert rows()[f"{head}/below-80/count"].value == sum(one < Fraction(4, 5) for one in shares)


def test_emergent_events_for_a_hundred_years_at_risk() -> None:
    doses = all_doses()
    contacts = defaultdict(list)
    for row in table("follow_up"):
        contacts[row["subject_id"]].append(day(row["date"]))
    onsets = defaultdict(list)
    for row in table("adverse_events"):
        who, onset = row["subject_id"], day(row["onset_date"])
        first, last = min(d[0] for d in doses[who]), max(d[1] for d in doses[who])
        if first <= onset <= last + dt.timedelta(days=WINDOW):
            onsets[row["term"], who].append(onset)
            onsets["", who].append(onset)
    for term, head in (("", "teae/all"), ("Hypothyroidism", "teae/all/term:hypothyroidism")):
        days = count = 0
        for who, own in doses.items():
            first, last = min(d[0] for d in own), max(d[1] for d in own)
            end = max(last, min(last + dt.timedelta(days=WINDOW), max(contacts[who])))
            days += (min(onsets.get((term, who), [end])) - first).days + 1
            count += (term, who) in onsets
        item = f"{head}:by-exposure" if term else f"{head}/by-exposure"

        assert rows()[f"{head}/count"].value == rows()[f"{item}/count"].value == count
        assert rows()[f"{item}/at_risk"].value == days
        rate = 100 * count * 365.25 / days
        assert rows()[f"{item}/rate_per_100_years"].value == pytest.approx(rate)


def test_treatment_beyond_the_first_progression() -> None:
    reference = Path(__file__).parents[1] / "reference" / "tqb2450-ib-02.csv"
    start = {row["subject_id"]: day(row["first_dose_date"]) for row in table("subjects")}
    with reference.open(encoding="utf-8", newline="") as file:
        progressed = {  # each event of PFS is a progression: nobody died without one
            row["subject_id"]: start[row["subject_id"]] + dt.timedelta(days=int(row["days"]) - 1)
            for row in csv.DictReader(file)
            if row["endpoint"] == "PFS" and row["event"] == "1"
        }
    after = {
        who: [dose for dose in all_doses()[who] if dose[0] > when]
        for who, when in progressed.items()
    }
    treated = {who: doses for who, doses in after.items() if doses}
    days = [
        (max(dose[1] for dose in doses) - progressed[who]).days + 1
        for who, doses in treated.items()
    ]
    head = "beyond-progression/all"

    assert rows()[f"{head}/total"].value == len(progressed)
    assert rows()[f"{head}/count"].value == len(treated)
    assert rows()[f"{head}/days/median"].value == median(days)
    assert rows()[f"{head}/doses/maximum"].value == max(map(len, treated.values()))


def test_outcome_after_an_immune_related_event() -> None:
    events = [row for row in table("adverse_events") if row["immune_related"] == "Y"]
    who = {row["subject_id"] for row in events}
    dead = {row["subject_id"] for row in table("follow_up") if row["status"] == "DEAD"}
    not_recovered = {row["subject_id"] for row in events if row["outcome"] != "RECOVERED"}

    assert rows()["irae-outcome/all/alive/total"].value == len(who) == 3
    assert rows()["irae-outcome/all/alive/count"].value == len(who - dead)
    assert rows()["irae-outcome/all/recovered/count"].value == len(who - not_recovered)


def test_who_is_evaluable_for_a_biomarker() -> None:
    study = STUDY.parent / "nct07083375"
    found = analyse(study).results
    with (study / "data" / "biomarkers.csv").open(encoding="utf-8", newline="") as file:
        known = {row["subject_id"] for row in csv.DictReader(file) if row["marker"] == "slfn11"}
    with (study / "data" / "subjects.csv").open(encoding="utf-8", newline="") as file:
        everybody = {row["subject_id"] for row in csv.DictReader(file)}
    basis = found.bases["biomarker-evaluable/all/marker:slfn11"]
    out = {one.subject_id: one.reason for one in basis.contributions if one.role == "not counted"}

    assert found["biomarker-evaluable/all/marker:slfn11/count"].value == len(known)
    assert set(out) == everybody - known
    assert set(out.values()) == {"no result of slfn11"}
