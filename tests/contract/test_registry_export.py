"""The results section of a registry record: what it says, and that it adds up."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from onearm.format import p_value
from onearm.pipeline.export import export_study
from onearm.pipeline.run import analyse

STUDIES = Path(__file__).parents[2] / "studies"
NAMES = ["tqb2450-ib-02", "nct07388875", "nct07083375", "gastric-xelox"]


def results_of(name: str, out: Path) -> dict[str, Any]:
    export_study(STUDIES / name, "registry", out)
    found = json.loads((out / "registry.json").read_text("utf-8"))
    return dict(found["resultsSection"])


def outcome(section: dict[str, Any], title: str) -> dict[str, Any]:
    found = section["outcomeMeasuresModule"]["outcomeMeasures"]
    return next(one for one in found if one["title"] == title)


def measured(one: dict[str, Any]) -> dict[str, str]:
    return dict(one["classes"][0]["categories"][0]["measurements"][0])


def test_the_outcomes_are_those_of_the_paper(tmp_path: Path) -> None:
    # Liu 2022, Clin Cancer Res 28:3473-9: ORR 36.67 % (19.93-56.14), median PFS 7.85 months
    # (2.89-23.06) in 30 patients; the median duration of response was not reached.
    section = results_of("tqb2450-ib-02", tmp_path)
    orr = outcome(section, "Objective response rate")
    pfs = outcome(section, "Progression-free survival")
    dor = outcome(section, "Duration of response")

    assert (orr["type"], orr["paramType"], orr["dispersionType"]) == (
        "PRIMARY", "NUMBER", "95% Confidence Interval",
    )  # fmt: skip
    assert measured(orr) == {
        "groupId": "OG000", "value": "36.67", "lowerLimit": "19.93", "upperLimit": "56.14",
    }  # fmt: skip
    assert orr["analyses"][0]["ciLowerLimit"] == "19.93"
    assert orr["analyses"][0]["statisticalMethod"] == "Clopper-Pearson"
    assert measured(pfs) == {
        "groupId": "OG000", "value": "7.85", "lowerLimit": "2.89", "upperLimit": "23.06",
    }  # fmt: skip
    assert measured(dor)["value"] == "NA"
    assert "not reached" in measured(dor)["comment"]
    assert pfs["denoms"][0]["counts"] == [{"groupId": "OG000", "value": "30"}]


@pytest.mark.parametrize("name", NAMES)
def test_who_did_not_complete_adds_up(name: str, tmp_path: Path) -> None:
    flow = results_of(name, tmp_path).get("participantFlowModule")
    if flow is None:
        assert name == "gastric-xelox"
        return
    (period,) = flow["periods"]
    n = {one["type"]: int(one["achievements"][0]["numSubjects"]) for one in period["milestones"]}
    dropped = sum(int(one["reasons"][0]["numSubjects"]) for one in period["dropWithdraws"])

    assert n["STARTED"] == n["COMPLETED"] + n["NOT COMPLETED"]
    assert dropped == n["NOT COMPLETED"]


@pytest.mark.parametrize("name", NAMES)
def test_the_categories_of_a_measure_add_up_to_everybody(name: str, tmp_path: Path) -> None:
    module = results_of(name, tmp_path).get("baselineCharacteristicsModule")
    if module is None:
        assert name == "gastric-xelox"
        return
    total = int(module["denoms"][0]["counts"][0]["value"])
    counted = [one for one in module["measures"] if one["paramType"] == "COUNT_OF_PARTICIPANTS"]

    assert counted
    for one in counted:
        values = [c["measurements"][0]["value"] for c in one["classes"][0]["categories"]]
        assert sum(map(int, values)) == total, one["title"]


@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_text(name: str, tmp_path: Path) -> None:
    def numbers(value: object) -> list[object]:
        if isinstance(value, dict):
            return [found for one in value.values() for found in numbers(one)]
        if isinstance(value, list):
            return [found for one in value for found in numbers(one)]
        return [] if isinstance(value, str) else [value]

    assert numbers(results_of(name, tmp_path)) == []


def rows_of(name: str, table: str) -> list[dict[str, str]]:
    with (STUDIES / name / "data" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["tqb2450-ib-02", "nct07388875", "nct07083375"])
def test_adverse_events_are_those_of_the_table_counted_anew(name: str, tmp_path: Path) -> None:
    """A second count, from the CSV alone: onset from the first dose to 30 days after the last."""
    module = results_of(name, tmp_path)["adverseEventsModule"]
    last: dict[str, dt.date] = {}
    for row in rows_of(name, "doses"):
        if float(row["dose"]) > 0:
            day = dt.date.fromisoformat(row["end_date"] or row["start_date"])
            last[row["subject_id"]] = max(day, last.get(row["subject_id"], day))
    first = {
        row["subject_id"]: dt.date.fromisoformat(row["first_dose_date"])
        for row in rows_of(name, "subjects")
        if row["first_dose_date"]
    }
    serious: dict[str, list[str]] = defaultdict(list)
    other: dict[str, list[str]] = defaultdict(list)
    for row in rows_of(name, "adverse_events"):
        who, onset = row["subject_id"], row["onset_date"]
        if who not in first or not onset:
            continue
        day = dt.date.fromisoformat(onset)
        if first[who] <= day <= last[who] + dt.timedelta(days=30):
            (serious if row["serious"] == "Y" else other)[row["term"]].append(who)
    shown = {term: who for term, who in other.items() if 20 * len(set(who)) > len(first)}

    for part, wanted in (("seriousEvents", serious), ("otherEvents", shown)):
        found = {
            one["term"]: (one["stats"][0]["numAffected"], one["stats"][0]["numEvents"])
            for one in module[part]
        }
        assert found == {t: (str(len(set(who))), str(len(who))) for t, who in wanted.items()}
    (group,) = module["eventGroups"]
    assert group["seriousNumAffected"] == str(len({w for who in serious.values() for w in who}))
    assert group["otherNumAffected"] == str(len({w for who in shown.values() for w in who}))
    assert group["otherNumAtRisk"] == str(len(first))


def test_the_notes_say_what_a_person_must_add(tmp_path: Path) -> None:
    answer = export_study(STUDIES / "nct07388875", "registry", tmp_path)
    found = json.loads((tmp_path / "registry.json").read_text("utf-8"))

    assert any("to be added by hand" in note for note in answer.notes)
    assert any("synthetic" in note for note in answer.notes)
    identification = found["protocolSection"]["identificationModule"]
    assert identification["nctId"] == "NCT07388875"


def test_safety_is_an_outcome_with_a_row_for_each_kind(tmp_path: Path) -> None:
    module = results_of("nct07388875", tmp_path)["adverseEventsModule"]
    section = results_of("nct07388875", tmp_path)
    safety = outcome(section, "Adverse events")
    counts = {
        row["title"]: row["categories"][0]["measurements"][0]["value"] for row in safety["classes"]
    }

    assert (safety["type"], safety["paramType"]) == ("SECONDARY", "COUNT_OF_PARTICIPANTS")
    assert list(counts) == [
        "Any treatment-emergent adverse event", "Any of grade 3 or higher", "Any serious one",
    ]  # fmt: skip
    assert counts["Any serious one"] == module["eventGroups"][0]["seriousNumAffected"]


def test_outcomes_say_who_was_analysed_and_what_has_no_outcome_is_named(tmp_path: Path) -> None:
    answer = export_study(STUDIES / "tqb2450-ib-02", "registry", tmp_path)
    section = json.loads((tmp_path / "registry.json").read_text("utf-8"))["resultsSection"]

    analysed = {
        title: outcome(section, title)["populationDescription"]
        for title in ("Objective response rate", "Duration of response")
    }
    assert analysed == {
        "Objective response rate": "All treated participants",
        "Duration of response": "Treated participants with a response",
    }
    wanted = "no outcome measure is made of: Best change of the sum of diameters"
    assert wanted in answer.notes


def test_sex_has_the_name_that_the_registry_asks_for(tmp_path: Path) -> None:
    module = results_of("nct07388875", tmp_path)["baselineCharacteristicsModule"]

    assert "Sex: Female, Male" in [one["title"] for one in module["measures"]]


def test_deaths_and_the_test_of_the_design_are_those_of_the_results(tmp_path: Path) -> None:
    section = results_of("nct07083375", tmp_path)
    rows = analyse(STUDIES / "nct07083375").results.by_id()
    group = section["adverseEventsModule"]["eventGroups"][0]
    dead = {row["subject_id"] for row in rows_of("nct07083375", "follow_up")
            if row["status"] == "DEAD"}  # fmt: skip
    test = outcome(section, "Progression-free survival")["analyses"][-1]

    assert (group["deathsNumAffected"], group["deathsNumAtRisk"]) == (str(len(dead)), "56")
    assert test["statisticalMethod"] == "One-sample log-rank"
    assert test["pValue"] == p_value(rows["primary/all/p_value"].value or 0)


@pytest.mark.parametrize("completed", [False, True])
def test_subjects_without_a_disposition_are_among_those_who_did_not_complete(
    completed: bool, tmp_path: Path
) -> None:
    study = tmp_path / "study"
    shutil.copytree(STUDIES / "tqb2450-ib-02", study)
    path = study / "data" / "disposition.csv"
    header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line.replace(",ONGOING,", ",COMPLETED,") if completed else line for line in lines[8:]]
    path.write_text(header + "".join(kept), encoding="utf-8")
    answer = export_study(study, "registry", tmp_path / "out")
    section = json.loads((tmp_path / "out" / "registry.json").read_text("utf-8"))["resultsSection"]
    (period,) = section["participantFlowModule"]["periods"]
    n = {one["type"]: int(one["achievements"][0]["numSubjects"]) for one in period["milestones"]}
    why = {one["type"]: int(one["reasons"][0]["numSubjects"]) for one in period["dropWithdraws"]}

    known = {row.split(",")[0] for row in kept if ",TREATMENT," in row}
    assert why["Disposition not recorded"] == 30 - len(known) > 0
    assert sum(why.values()) == n["NOT COMPLETED"] == n["STARTED"] - n["COMPLETED"]
    assert (n["COMPLETED"] > 0) is completed
    words = f"the participant flow does not know why {30 - len(known)} did not complete"
    assert words in answer.notes


def test_an_unknown_age_is_in_no_mean_and_not_among_those_analysed(tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(STUDIES / "nct07388875", study)
    path = study / "data" / "subjects.csv"
    header, first, *rest = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert ",64,M," in first
    path.write_text(header + first.replace(",64,M,", ",,,") + "".join(rest), encoding="utf-8")
    export_study(study, "registry", tmp_path / "out")
    section = json.loads((tmp_path / "out" / "registry.json").read_text("utf-8"))["resultsSection"]
    module = section["baselineCharacteristicsModule"]
    age, sex, ecog = module["measures"][:3]

    assert module["denoms"][0]["counts"][0]["value"] == "16"
    assert age["denoms"][0]["counts"][0]["value"] == "15"
    assert "denoms" not in ecog
    assert [one["title"] for one in sex["classes"][0]["categories"]] == [
        "Male",
        "Female",
        "Missing",
    ]
    text = (tmp_path / "out" / "registry.txt").read_text("utf-8")
    assert "analysed  BG000  15     Participants" in text
