"""A registry record becomes a draft of the protocol: complete, marked where it is silent."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onearm.errors import InputError
from onearm.io.json_fields import JsonField, read_json
from onearm.io.registry_criteria import split_criteria
from onearm.io.registry_prose import (
    cycle_in,
    days_in,
    dose_in,
    drugs_named,
    endpoints_named,
    route_in,
)
from onearm.io.registry_record import draft_of
from onearm.io.registry_values import UNKNOWN
from onearm.io.yaml import parse_yaml, read_yaml
from onearm.io.yaml_text import yaml_text
from onearm.pipeline.check import check_study
from onearm.pipeline.intake_registry import intake_registry
from onearm.protocol.model import Criterion, Protocol
from onearm.protocol.parse import parse_protocol

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "docs" / "examples" / "registry"
NUMBERS = ("NCT07388875", "NCT07083375")

# Criteria that a shipped protocol takes apart where the record has one item, as its SOURCE.md or
# the note of the criterion says: the parts, and the words with which the record's item begins.
DIVIDED = {
    "NCT07388875": {
        "Aspartate aminotransferase (AST) and alanine": ("I10a", "I10b"),
        "International normalized ratio (INR)": ("I12a", "I12b", "I12c"),
        "History of interstitial lung disease": ("E10", "E11"),
    },
    "NCT07083375": {"Positive for HIV antibodies": ("E09a", "E09b", "E09c")},
}


def protocol_of(path: Path) -> Protocol:
    return parse_protocol(read_yaml(path))


@pytest.fixture(params=NUMBERS)
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Protocol, Protocol]:
    """The number, the draft of the record, and the protocol written by hand from the entry."""
    number: str = request.param
    intake_registry(RECORDS / f"{number}.json", tmp_path / "draft")
    shipped = protocol_of(ROOT / "studies" / number.lower() / "protocol.yaml")
    return number, protocol_of(tmp_path / "draft" / "protocol.yaml"), shipped


def plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()


def test_the_facts_of_the_entry_are_those_of_the_protocol_written_by_hand(both: Any) -> None:
    number, draft, shipped = both

    assert draft.study.id == shipped.study.id == number
    assert [one.id for one in draft.study.identifiers] == [
        one.id for one in shipped.study.identifiers
    ]
    for name in ("title", "acronym", "phase", "conditions", "sponsor", "funders", "purpose",
                 "allocation", "model", "masking", "sex", "age", "healthy_volunteers", "enrolment",
                 "contacts"):  # fmt: skip
        assert getattr(draft.study, name) == getattr(shipped.study, name), name
    assert draft.study.status.state == shipped.study.status.state
    assert draft.study.arm.title == shipped.study.arm.title
    assert plain(draft.study.arm.description) == plain(shipped.study.arm.description)
    assert [c.planned for c in draft.cohorts] == [c.planned for c in shipped.cohorts]
    assert sorted(drug.name.lower() for drug in draft.treatment.drugs) == sorted(
        drug.name.lower() for drug in shipped.treatment.drugs
    )


def test_the_criteria_are_those_of_the_protocol_written_by_hand(both: Any) -> None:
    number, draft, shipped = both
    divided = DIVIDED[number]
    parts = {part: begins for begins, ids in divided.items() for part in ids}

    def item_of(criterion: Criterion) -> str:
        if begins := parts.get(criterion.id):
            found = [c for c in draft.eligibility.all if c.text.startswith(begins)]
        else:
            wanted = plain(criterion.text)
            found = [c for c in draft.eligibility.all if plain(c.text).startswith(wanted)]
            found = [c for c in found if c.id[0] == criterion.id[0]]
        assert len(found) == 1, criterion.id
        return found[0].id

    reached = [item_of(criterion) for criterion in shipped.eligibility.all]
    assert set(reached) == {criterion.id for criterion in draft.eligibility.all}
    more = sum(len(ids) - 1 for ids in divided.values())
    assert len(shipped.eligibility.all) == len(draft.eligibility.all) + more


def test_the_stated_regimen_is_read_and_the_unstated_is_marked(tmp_path: Path) -> None:
    # NCT07388875 states 200 mg on day 1 and 8 mg on days 1-14 of three weeks; NCT07083375 no dose.
    read = intake_registry(RECORDS / "NCT07388875.json", tmp_path / "a")
    draft, shipped = (
        protocol_of(read.written),
        protocol_of(ROOT / "studies/nct07388875/protocol.yaml"),
    )
    regimen = [(d.name.lower(), d.amount, d.days, d.route) for d in draft.treatment.drugs]
    assert regimen == [(d.name, d.amount, d.days, d.route) for d in shipped.treatment.drugs]
    assert draft.treatment.cycle_days == shipped.treatment.cycle_days
    assert draft.design.kind == shipped.design.kind
    assert draft.design.criterion == shipped.design.criterion
    assert "treatment.drugs[Anlotinib].dose" in {one.field for one in read.read}

    silent = intake_registry(RECORDS / "NCT07083375.json", tmp_path / "b")
    unknown = {one.field for one in silent.unknown}
    assert {"design.p0", "treatment.cycle", "treatment.drugs[QL1706].dose"} <= unknown


@pytest.mark.parametrize("number", NUMBERS)
def test_the_draft_passes_check_and_lists_what_it_assumes(number: str, tmp_path: Path) -> None:
    answer = intake_registry(RECORDS / f"{number}.json", tmp_path)
    checked = check_study(tmp_path)

    assert checked.exit_status == 0
    assert {one.field for one in checked.assumptions} == {
        one.field for one in (*answer.unknown, *answer.read, *answer.assumed)
    }
    for one in checked.assumptions:
        assert one.field in answer.as_text()
    with pytest.raises(InputError, match="is there already"):
        intake_registry(RECORDS / f"{number}.json", tmp_path)


def record(**changes: Any) -> dict[str, Any]:
    """Return a record of one group with fields changed; a path is joined by ``__``."""
    found: dict[str, Any] = json.loads((RECORDS / "NCT07388875.json").read_text("utf-8"))
    for path, value in changes.items():
        *way, last = path.split("__")
        inside = found["protocolSection"]
        for step in way:
            inside = inside.setdefault(step, {})
        if value is None:
            inside.pop(last, None)
        else:
            inside[last] = value
    return found


def draft(found: dict[str, Any]) -> dict[str, Any]:
    return dict(draft_of(JsonField("record.json", "", found)).sections)


BAD = [
    ({"designModule__enrollmentInfo__count": 10**30}, "count must be at most 1000000000"),
    ({"eligibilityModule__minimumAge": "80 Years", "eligibilityModule__maximumAge": "18 Years"},
     "eligibilityModule.maximumAge must not be below the minimum of 80 years"),
    ({"designModule__enrollmentInfo__count": "30"},
     "protocolSection.designModule.enrollmentInfo.count must be a whole number; got \"30\""),
    ({"designModule__designInfo__interventionModel": "PARALLEL"},
     "protocolSection.designModule.designInfo.interventionModel must be SINGLE_GROUP"),
    ({"designModule__studyType": "OBSERVATIONAL"}, "designModule.studyType must be INTERVENTIONAL"),
    ({"designModule__phases": ["PHASE7"]}, "protocolSection.designModule.phases[0] must be one of"),
    ({"designModule": []}, "protocolSection.designModule must be an object; got a list"),
    ({"identificationModule__nctId": "NCT1"}, "identificationModule.nctId must be NCT and eight"),
    ({"identificationModule__nctId": None}, "nctId must be NCT and eight digits; got nothing"),
    ({"identificationModule__briefTitle": {"a": 1}}, "briefTitle must be a text; got an object"),
    ({"eligibilityModule__minimumAge": "adult"}, "eligibilityModule.minimumAge must be an age"),
    ({"eligibilityModule__sex": "BOTH"}, "eligibilityModule.sex must be one of ALL, FEMALE, MALE"),
    ({"eligibilityModule__healthyVolunteers": "no"}, "healthyVolunteers must be true or false"),
    ({"eligibilityModule__eligibilityCriteria": "\n".join(f"* item {n}" for n in range(100))},
     "eligibilityModule.eligibilityCriteria must have at most 99 items a section"),
    ({"armsInterventionsModule__interventions": [{"type": "DRUG"}]},
     "protocolSection.armsInterventionsModule.interventions[0].name must name the intervention"),
    ({"outcomesModule__primaryOutcomes": [{"timeFrame": "1 year"}]},
     "protocolSection.outcomesModule.primaryOutcomes[0].measure must name the outcome"),
    ({"conditionsModule__conditions": "cancer"}, "conditionsModule.conditions must be a list"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_a_field_of_the_wrong_kind_gets_one_line_with_its_path(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        draft(record(**changes))

    assert message in str(caught.value)
    assert str(caught.value).startswith("record.json: ")
    assert "\n" not in str(caught.value)


FILES = [
    (b'{"protocolSection": {"identific', "record.json:1:22: is not valid JSON or was cut"),
    (b"", "record.json:1:1: is not valid JSON or was cut"),
    (b"[1]", "record.json: the file must hold one object; got a list"),
    (b'{"a": "\xff"}', "record.json: must be encoded in UTF-8; byte 7 is not"),
    (b'{"a": NaN}', "NaN is no number of JSON"),
    (b'{"a": 1, "a": 2}', "holds the key 'a' twice"),
    (b'{"a": "\\ud800"}', "a holds half of a character"),
    (b'{"a": ' + b"9" * 5000 + b"}", "is not valid JSON"),
    (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "may be nested 60 deep at most"),
    (b"[" * 200_000, "may be nested 60 deep at most"),
    (b'{"resultsSection": {}}', "protocolSection is missing; the record holds results only"),
    (b'{"studies": []}', "holds a list of studies"),
    (b'{"FullStudiesResponse": {}}', "no ClinicalTrials.gov record of version 2"),
    (b'{"protocolSection": "x"}', "protocolSection must be an object"),
]


@pytest.mark.parametrize(("content", "message"), FILES)
def test_a_broken_or_hostile_file_gets_one_line(
    content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)

    with pytest.raises(InputError) as caught:
        intake_registry(path, tmp_path / "out")

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_record_of_its_number_alone_is_a_draft_of_unknowns() -> None:
    found = {"protocolSection": {"identificationModule": {"nctId": "NCT01234567"}}}
    sections = draft(found)
    text = yaml_text(sections)
    protocol = parse_protocol(parse_yaml(text, "draft"))

    assert protocol.study.id == "NCT01234567"
    assert all(one.reason.startswith(UNKNOWN) for one in protocol.assumptions)
    assert {"study.title", "cohorts[main].planned", "eligibility.inclusion[I01].text"} <= {
        one.field for one in protocol.assumptions
    }


def test_what_has_no_place_is_named() -> None:
    found = record(
        ipdSharingStatementModule={"ipdSharing": "NO"},
        eligibilityModule__minimumAge="6 Months",
        outcomesModule__secondaryOutcomes=[{"measure": "Cost"}],
        armsInterventionsModule__interventions=[
            {"type": "PROCEDURE", "name": "Biopsy"},
            {"type": "DRUG", "name": "Anlotinib"},
            {"type": "DRUG", "name": "anlotinib"},
        ],
    )
    remarks = draft_of(JsonField("record.json", "", found)).remarks

    assert remarks == (
        "secondary outcome without an endpoint here: Cost",
        "minimum age of 6 Months: no whole years",
        "intervention that is no drug: procedure Biopsy",
        "intervention with the name of another: anlotinib",
        "not taken over: ipdSharingStatementModule",
    )


def test_outcomes_become_endpoints_once_each() -> None:
    outcomes = {
        "primaryOutcomes": [{"measure": "Progression-free survival (PFS)", "timeFrame": "2 years"}],
        "secondaryOutcomes": [
            {"measure": "Objective response rate"},
            {"measure": "PFS by central review"},
            {"measure": "Incidence of adverse events, by CTCAE version 5.0"},
        ],
    }
    sections = draft(record(outcomesModule=outcomes))
    ids = {kind: [one["id"] for one in listed] for kind, listed in sections["endpoints"].items()}

    assert ids == {"primary": ["pfs"], "secondary": ["orr", "safety"]}
    assert sections["endpoints"]["primary"][0]["definition"].endswith("2 years")


def test_a_criterion_without_a_section_is_marked() -> None:
    sections = draft(record(eligibilityModule__eligibilityCriteria="* Age over 18\n* Pregnancy"))

    assert [one["text"]["value"] for one in sections["eligibility"]["inclusion"]] == [
        "Age over 18",
        "Pregnancy",
    ]


CRITERIA = [  # text, (id, text, group) of each
    ("Inclusion Criteria:\n\n1. A:\n   * x\n   * y\n2. B\n\nExclusion Criteria:\n\n* C",
     [("I01a", "x", "A"), ("I01b", "y", "A"), ("I02", "B", None), ("E01", "C", None)]),
    ("Inclusion Criteria: A\nExclusion Criteria: B", [("I01", "A", None), ("E01", "B", None)]),
    ("**Inclusion Criteria**\n* A\n  goes on\n* ANC \\>= 1.5",
     [("I01", "A goes on", None), ("I02", "ANC >= 1.5", None)]),
    ("Inclusion Criteria:\n1. A:\n* x\n2. B", [("I01a", "x", "A"), ("I02", "B", None)]),
    ("Inclusion Criteria:\n* Liver function:\n* ALT low\n* Heading last:",
     [("I01", "ALT low", None), ("I02", "Heading last:", None)]),
    ("Inclusion Criteria:\n* Organ function within 2 weeks (as listed), defined as follows:\n  * x",
     [("I01", "Organ function within 2 weeks (as listed), defined as follows:", None),
      ("I01a", "x", "Organ function within 2 weeks (as listed), defined as follows")]),
    ("Key Inclusion Criteria:\nPatients of any age\n\nNo fever",
     [("I01", "Patients of any age", None), ("I02", "No fever", None)]),
    ("Inclusion Criteria:\n(a) A\n(b) B", [("I01", "A", None), ("I02", "B", None)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), CRITERIA)
def test_criteria_are_split(text: str, wanted: list[tuple[str, str, str | None]]) -> None:
    found = split_criteria(text)

    assert [(c.id, c.text, c.group) for c in (*found.inclusion, *found.exclusion)] == wanted


@given(st.lists(st.text("aB1.:*- \n()", max_size=40), max_size=20).map("\n".join))
def test_no_word_of_the_criteria_is_lost(text: str) -> None:
    found = split_criteria("Inclusion Criteria:\n" + text)
    items = [*found.inclusion, *found.exclusion]
    kept = " ".join([*found.lead_in, *(f"{c.text} {c.where} {c.group}" for c in items)])

    for word in re.findall(r"[aB]{2,}", text):
        assert word in kept


REGIMENS = [  # text, dose, days, cycle in days, route
    ("175 mg/m² IV on days 1, 8 and 15 of each 28-day cycle", "175 mg/m2", "1, 8, 15", "28 days",
     "intravenous"),
    ("AUC 5 intravenously D1 every 3 weeks", "AUC 5", "1", "3 weeks", "intravenous"),
    ("10 mg/kg by infusion, q2w", "10 mg/kg", None, "2 weeks", "intravenous"),
    ("12 mg once daily by mouth, days 1 to 14, cycles of 21 days", "12 mg", "1-14", "21 days",
     "oral"),
    ("100 mg or 200 mg orally", None, None, None, "oral"),  # two doses: none is read
    ("25 mg/mL solution, tumour assessment every 6 weeks", None, None, None, None),
    ("PD-1 inhibitor 0 mg", None, None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dose", "days", "cycle", "route"), REGIMENS)
def test_a_regimen_is_read_where_it_is_one(
    text: str, dose: str | None, days: str | None, cycle: str | None, route: str | None
) -> None:
    found = [read([text]).value for read in (dose_in, days_in, cycle_in, route_in)]

    assert found == [dose, days, cycle, route]


def test_an_abbreviation_counts_by_its_letters() -> None:
    assert endpoints_named("Tablets per os; the primary endpoint is the DoR") == ["dor"]
    assert endpoints_named("OS, overall response rate") == ["os", "orr"]


def test_an_intervention_with_doses_in_its_name_is_not_taken_apart() -> None:
    assert [d.name for d in drugs_named("Drug A 5 mg, drug B")] == ["Drug A 5 mg, drug B"]
    assert [d.choice for d in drugs_named("A, B or C")] == [None, "b-or-c", "b-or-c"]


VALUES = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
    | st.integers(-9, 9)
    | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["one", "two"]), VALUES, min_size=1), st.text(max_size=30))
def test_what_is_written_as_yaml_reads_back(values: dict[str, object], comment: str) -> None:
    assert parse_yaml(yaml_text(values, [comment]), "x").data == values


def paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inside = (
        value.items() if isinstance(value, dict)
        else enumerate(value) if isinstance(value, list)
        else ()
    )  # fmt: skip
    return [path, *(inner for key, one in inside for inner in paths(one, (*path, key)))]


WHOLE = record(outcomesModule={"primaryOutcomes": [{"measure": "ORR", "timeFrame": "1 year"}]})


@given(
    st.sampled_from(paths(WHOLE)[1:]),
    st.none() | st.integers() | st.text(max_size=30) | st.just([]) | st.just({}) | st.just([{}]),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_altered_record_gives_a_draft_or_one_line(
    path: tuple[str | int, ...], value: object
) -> None:
    found: Any = deepcopy(WHOLE)
    inside = found
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    lines = ""
    try:
        parse_protocol(parse_yaml(yaml_text(draft(found)), "draft"))
    except InputError as error:
        lines = str(error)
    assert "\n" not in lines


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_record_or_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.json"
    path.write_bytes(content)
    with pytest.raises(InputError):
        draft_of(read_json(path))
