"""The study definition is whole: known classes, single ids, references that lead somewhere.

Classes and attributes: tests/reference/usdm_classes.csv, printed from the package usdm 0.66.0
(model 4.0.0). Codes: tests/reference/usdm_codes.csv, from CDISC's controlled terminology of
2025-09-26. The files of all four studies were also validated by that package, and by the rules of
usdm4 0.19.0 without a failure but DDF00155, whose list of releases ends at 2025-03-28.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onearm.errors import InputError
from onearm.io.usdm_objects import CODES, Objects, chained
from onearm.io.yaml import read_yaml
from onearm.pipeline.export import export_study
from onearm.protocol.model import Protocol
from onearm.protocol.parse import parse_protocol

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "tests" / "reference"
NAMES = ("tqb2450-ib-02", "nct07388875", "nct07083375", "gastric-xelox")
NOT_IN_LIST = {"timing:fixed", "timing:after", "timing:before"}  # below, by themselves


def table(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CLASSES: dict[str, dict[str, dict[str, str]]] = {}
for row in table("usdm_classes.csv"):
    CLASSES.setdefault(row["class"], {})[row["attribute"]] = row


@pytest.fixture(params=NAMES)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, Any], Protocol]:
    study = ROOT / "studies" / request.param
    export_study(study, "usdm", tmp_path)
    wrapper = json.loads((tmp_path / "usdm.json").read_text("utf-8"))
    return wrapper, parse_protocol(read_yaml(study / "protocol.yaml"))


def objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def breaches(one: dict[str, Any], kind: str) -> Iterator[str]:
    """Yield what an object has that its class has not, or lacks, down to its parts."""
    known = CLASSES[kind]
    for name, about in known.items():
        if about["is_required"] == "True" and one.get(name) is None:
            yield f"{kind}.{name} is missing"
    for name, value in one.items():
        if name not in known:
            yield f"{kind} has no {name}"
            continue
        if value is not None and isinstance(value, list) != (known[name]["is_list"] == "True"):
            yield f"{kind}.{name} must be a list, or one"
        for inner in value if isinstance(value, list) else [value]:
            if not isinstance(inner, dict):
                continue
            found = inner["instanceType"]
            if found not in known[name]["classes"].split():
                yield f"{kind}.{name} may not hold {found}"
            yield from breaches(inner, found)


def test_every_object_is_of_a_class_of_the_model(written: Any) -> None:
    wrapper, _ = written

    assert list(breaches(wrapper, "Wrapper")) == []
    assert wrapper["usdmVersion"] == "4.0.0"


def test_a_breach_of_the_model_is_seen(written: Any) -> None:
    wrapper, _ = written
    design = wrapper["study"]["versions"][0]["studyDesigns"][0]
    design["colour"] = "blue"
    del design["rationale"]
    design["arms"] = design["arms"][0]

    assert len(list(breaches(wrapper, "Wrapper"))) == 3


def test_ids_are_single_and_references_lead_somewhere(written: Any) -> None:
    wrapper, _ = written
    every = list(objects(wrapper))
    ids = [one["id"] for one in every if "id" in one]
    assert len(ids) == len(set(ids))

    used = [
        reference
        for one in every
        for name, value in one.items()
        if name.endswith(("Id", "Ids")) and name != "id"
        for reference in (value if isinstance(value, list) else [value])
        if reference is not None
    ]
    assert used
    assert set(used) <= set(ids)


def test_codes_are_those_of_the_terminology() -> None:
    listed = {one["kind"]: one for one in table("usdm_codes.csv")}

    assert set(CODES) - set(listed) == NOT_IN_LIST
    for name, one in listed.items():
        assert CODES[name] == (one["concept"], one["preferred_term"]), name
    # Timing types, code list C201264: permissible values of CDISC's define-json (TimingType).
    assert {name: CODES[name][0] for name in NOT_IN_LIST} == {
        "timing:after": "C201356", "timing:before": "C201357", "timing:fixed": "C201358",
    }  # fmt: skip


def test_each_code_names_its_system(written: Any) -> None:
    wrapper, _ = written
    codes = [one for one in objects(wrapper) if one.get("instanceType") == "Code"]

    assert codes
    assert {(one["codeSystem"], one["codeSystemVersion"]) for one in codes} == {
        ("http://www.cdisc.org", "2025-09-26")
    }
    assert {(one["code"], one["decode"]) for one in codes} <= set(CODES.values())


def test_it_says_what_the_protocol_says(written: Any) -> None:
    wrapper, protocol = written
    version = wrapper["study"]["versions"][0]
    design = version["studyDesigns"][0]
    items = {one["id"]: one["text"] for one in version["eligibilityCriterionItems"]}
    criteria = [
        (one["identifier"], items[one["criterionItemId"]]) for one in design["eligibilityCriteria"]
    ]
    endpoints = [one["name"] for own in design["objectives"] for one in own["endpoints"]]
    drugs = {one["name"]: one["administrations"][0] for one in version["studyInterventions"]}

    assert wrapper["study"]["name"] == protocol.study.id
    assert [one["text"] for one in version["studyIdentifiers"]] == [
        one.id for one in protocol.study.identifiers
    ]
    assert criteria == [(one.id, one.text) for one in protocol.eligibility.all]
    assert endpoints == [one.id for one in protocol.endpoints.all]
    assert [one["name"] for one in design["arms"]] == [protocol.study.arm.title]
    assert (
        design["population"]["plannedEnrollmentNumber"]["value"] == protocol.study.enrolment.planned
    )
    assert len(design["epochs"]) == len(protocol.treatment.phases or "1") + 2
    assert len(design["studyCells"]) == len(design["elements"]) == len(design["epochs"])
    assert {name: one["dose"]["value"] for name, one in drugs.items()} == {
        drug.name: float(drug.dose) for drug in protocol.treatment.drugs
    }
    assert len(version["notes"]) == len(protocol.assumptions)
    assert len(design["estimands"]) == sum(1 for one in protocol.endpoints.all if one.estimand)


def test_the_days_of_a_cycle_are_a_timeline(tmp_path: Path) -> None:
    # NCT07388875: sacituzumab tirumotecan on day 1, anlotinib on days 1-14.
    export_study(ROOT / "studies" / "nct07388875", "usdm", tmp_path)
    wrapper = json.loads((tmp_path / "usdm.json").read_text("utf-8"))
    design = wrapper["study"]["versions"][0]["studyDesigns"][0]
    names = {one["id"]: one["name"] for one in design["activities"]}
    main, cycle = design["scheduleTimelines"]
    given = [[names[one] for one in day["activityIds"]] for day in cycle["instances"]]

    assert (main["mainTimeline"], cycle["mainTimeline"]) == (True, False)
    assert given == [["sacituzumab tirumotecan", "anlotinib"], *[["anlotinib"]] * 13]
    assert [one["value"] for one in cycle["timings"]] == [f"P{day}D" for day in range(14)]
    assert sum(one["type"]["decode"] == "Fixed Reference" for one in main["timings"]) == 1


def test_a_chain_names_its_neighbours() -> None:
    new = Objects()
    first, second = chained(new.make("Activity", name=name) for name in ("a", "b"))

    assert (first["previousId"], first["nextId"]) == (None, "Activity_2")
    assert (second["previousId"], second["nextId"]) == ("Activity_1", None)


def test_a_folder_without_a_protocol_gets_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must hold a protocol\.yaml"):
        export_study(tmp_path, "usdm", tmp_path / "out")
