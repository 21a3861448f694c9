"""What a record posts is read as it stands, and what we post leads back to its results."""

from __future__ import annotations

import csv
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onearm.errors import InputError
from onearm.format import p_value
from onearm.io.json_fields import JsonField, read_json
from onearm.io.registry_results import posted_numbers, posted_text
from onearm.pipeline.export import export_study
from onearm.pipeline.intake_registry import intake_registry
from onearm.pipeline.run import analyse

STUDIES = Path(__file__).parents[2] / "studies"
NAMES = ("tqb2450-ib-02", "nct07388875", "nct07083375", "gastric-xelox")
DAYS_PER_MONTH = 30.4375


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_reads_back_number_by_number(name: str, tmp_path: Path) -> None:
    export_study(STUDIES / name, "registry", tmp_path)
    posted = posted_numbers(read_json(tmp_path / "registry.json"))
    traced = table(tmp_path / "registry-trace.csv")

    assert posted
    assert sorted((one.path, one.value) for one in posted if ".ciPct" not in one.path) == sorted(
        (one["path"], one["value"]) for one in traced
    )
    assert posted_text(posted) == (tmp_path / "registry.txt").read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_each_number_is_that_of_its_result(name: str, tmp_path: Path) -> None:
    """Against the rows, by arithmetic of its own: percent, months, two places."""
    export_study(STUDIES / name, "registry", tmp_path)
    rows = analyse(STUDIES / name).results.by_id()
    counted = 0
    for one in table(tmp_path / "registry-trace.csv"):
        results = [rows[result] for result in one["results"].split(" - ")]
        first = results[0]
        if one["value"] == "NA":
            assert first.value is None
            assert first.note
            continue
        scale = {"proportion": 100, "duration": 1 / DAYS_PER_MONTH}.get(first.kind, 1)
        values = [float(row.value or 0) * scale for row in results]
        wanted = values[0] - sum(values[1:])
        if first.kind == "p_value":
            assert one["value"] == p_value(first.value)
            continue
        slack = 0 if first.kind == "count" else 0.005 + 1e-9  # printed to two places
        assert abs(float(one["value"]) - wanted) <= slack, one
        counted += 1
    assert counted


def test_our_record_is_read_in_with_its_numbers(tmp_path: Path) -> None:
    export_study(STUDIES / "nct07388875", "registry", tmp_path)
    answer = intake_registry(tmp_path / "registry.json", tmp_path / "draft")

    assert answer.study == "NCT07388875"
    assert answer.posted == (
        tmp_path / "draft" / "posted.csv",
        len(table(tmp_path / "draft/posted.csv")),
    )
    assert "posted numbers in" in answer.as_text()


# A record of another program has whole numbers for adverse events, several groups and classes.
OTHER: dict[str, Any] = {
    "resultsSection": {
        "outcomeMeasuresModule": {
            "outcomeMeasures": [
                {
                    "type": "PRIMARY", "title": "ORR", "paramType": "NUMBER", "unitOfMeasure": "%",
                    "denoms": [
                        {"units": "Participants", "counts": [{"groupId": "OG000", "value": "20"}]}
                    ],
                    "classes": [
                        {"title": "Week 12", "categories": [{"measurements": [
                            {"groupId": "OG000", "value": "NA", "comment": "not estimable"},
                        ]}]},
                    ],
                    "analyses": [
                        {"groupIds": ["OG000"], "pValue": "<0.001", "statisticalMethod": "exact"}
                    ],
                }
            ]
        },
        "adverseEventsModule": {
            "eventGroups": [{"id": "EG000", "seriousNumAffected": 3, "seriousNumAtRisk": 20}],
            "seriousEvents": [
                {"term": "Sepsis", "organSystem": "Infections",
                 "stats": [{"groupId": "EG000", "numAffected": 3, "numAtRisk": 20}]},
            ],
        },
    }
}  # fmt: skip


def test_a_record_of_another_program_is_read() -> None:
    found = [tuple(one)[2:] for one in posted_numbers(JsonField("record.json", "", OTHER))]

    assert found == [
        ("ORR (primary)", "OG000", "analysed", "20", "Participants", None),
        ("ORR (primary)", "OG000", "Week 12", "NA", "%", "not estimable"),
        ("ORR (primary)", "OG000", "analysis, p-value", "<0.001", None, "exact"),
        ("All events", "EG000", "with a serious event", "3", None, None),
        ("All events", "EG000", "at risk of a serious event", "20", None, None),
        ("Serious events", "EG000", "Sepsis, affected", "3", None, "Infections"),
        ("Serious events", "EG000", "Sepsis, at risk", "20", None, "Infections"),
    ]


def paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    return [path, *(inner for key, one in inside for inner in paths(one, (*path, key)))]


@given(
    st.sampled_from(paths(OTHER)[1:]),
    st.none() | st.integers() | st.floats() | st.text(max_size=9) | st.just([]) | st.just([1]),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_altered_record_is_read_or_gets_one_line(
    path: tuple[str | int, ...], value: object
) -> None:
    found: Any = deepcopy(OTHER)
    inside = found
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    message = ""
    try:
        posted_text(posted_numbers(JsonField("record.json", "", found)))
    except InputError as error:
        message = str(error)
    assert "\n" not in message


def test_a_wrong_type_is_named_by_its_path() -> None:
    found = json.loads(json.dumps(OTHER))
    found["resultsSection"]["adverseEventsModule"]["eventGroups"][0]["seriousNumAffected"] = 3.5

    with pytest.raises(InputError) as caught:
        posted_numbers(JsonField("record.json", "", found))
    assert str(caught.value) == (
        "record.json: resultsSection.adverseEventsModule.eventGroups[0].seriousNumAffected "
        "must be a text; got 3.5"
    )
