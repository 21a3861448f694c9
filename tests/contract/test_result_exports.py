"""Results for other programs: the long table and the reporting event lead back to the results."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from onearm.errors import InputError
from onearm.io.ard import read_ard
from onearm.io.ars import read_ars
from onearm.pipeline.export import export_study
from onearm.pipeline.run import analyse

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "tests" / "reference" / "ars-1.0.schema.json").read_text("utf-8"))
NAMES = ["tqb2450-ib-02", "gastric-xelox", "nct07388875"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("format_name", ["csv", "parquet"])
def test_the_long_table_leads_back_to_every_result(
    name: str, format_name: str, tmp_path: Path
) -> None:
    export_study(ROOT / "studies" / name, "ard", tmp_path, (format_name,))

    assert (
        read_ard(tmp_path / f"ard.{format_name}") == analyse(ROOT / "studies" / name).results.rows
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_reporting_event_leads_back_to_every_number(name: str, tmp_path: Path) -> None:
    export_study(ROOT / "studies" / name, "ars", tmp_path)
    rows = analyse(ROOT / "studies" / name).results.rows
    carried = {
        row.id: row._replace(note=None, label=None, basis=None, formula=None) for row in rows
    }

    assert {row.id: row for row in read_ars(tmp_path / "ars.json")} == carried


@pytest.mark.parametrize("name", NAMES)
def test_the_reporting_event_keeps_the_model_of_the_standard(name: str, tmp_path: Path) -> None:
    export_study(ROOT / "studies" / name, "ars", tmp_path)
    event = json.loads((tmp_path / "ars.json").read_text("utf-8"))

    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(event)] == []
    for part, of in (
        ("methods", "methodId"), ("analysisSets", "analysisSetId"), ("dataSubsets", "dataSubsetId"),
    ):  # fmt: skip
        known = {one["id"] for one in event[part]}
        assert {one[of] for one in event["analyses"] if of in one} <= known
    groups = {one["id"] for one in event["analysisGroupings"][0]["groups"]}
    used = {
        group["groupId"]
        for analysis in event["analyses"]
        for result in analysis["results"]
        for group in result["resultGroups"]
        if "groupId" in group
    }
    assert used <= groups


def test_a_result_has_its_raw_and_its_printed_value(tmp_path: Path) -> None:
    # Liu 2022, Clin Cancer Res 28:3473-9: ORR 36.67 % (19.93-56.14) in 11 of 30.
    export_study(ROOT / "studies" / "tqb2450-ib-02", "ars", tmp_path)
    event = json.loads((tmp_path / "ars.json").read_text("utf-8"))
    orr = next(one for one in event["analyses"] if one["id"] == "AN.orr")
    method = next(one for one in event["methods"] if one["id"] == orr["methodId"])
    names = {one["id"]: one["name"] for one in method["operations"]}
    total = {
        names[one["operationId"]]: one
        for one in orr["results"]
        if one["resultGroups"] == [{"groupingId": "GF.GROUP", "groupId": "G.all"}]
    }

    assert orr["purpose"] == {"controlledTerm": "PRIMARY OUTCOME MEASURE"}
    assert (total["count"]["rawValue"], total["total"]["rawValue"]) == ("11", "30")
    assert total["estimate"]["formattedValue"] == "36.67"
    assert [total[name]["formattedValue"] for name in ("lower", "upper")] == ["19.93", "56.14"]
    assert float(total["estimate"]["rawValue"]) == pytest.approx(11 / 30, abs=1e-15)


def test_the_long_table_has_the_columns_of_cards(tmp_path: Path) -> None:
    export_study(ROOT / "studies" / "tqb2450-ib-02", "ard", tmp_path)
    with (tmp_path / "ard.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    asps = next(row for row in rows if row["result_id"] == "orr/asps/count")

    assert list(rows[0])[:8] == [
        "group1", "group1_level", "variable", "variable_level", "context", "stat_name",
        "stat_label", "stat",
    ]  # fmt: skip
    assert (asps["group1"], asps["group1_level"], asps["variable"]) == ("GROUP", "asps", "orr")
    assert (asps["context"], asps["stat_name"]) == ("rate", "count")


BAD = [
    ("ars.json", "{", "is no JSON"),
    ("ars.json", "[]", "is no reporting event"),
    ("ars.json", '{"methods": [], "analyses": [{"results": [{}]}]}', "is no reporting event"),
    ("ard.csv", "a,b\n1,2\n", "no column group1"),
    ("ard.csv", "a,b\n1\n", "2: the row has 1 fields, the header 2"),
    ("ard.parquet", "PAR1", "ard.parquet"),
]


@pytest.mark.parametrize(("name", "text", "message"), BAD)
def test_a_file_that_is_none_is_refused_in_one_line(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    read = read_ars if name.endswith(".json") else read_ard

    with pytest.raises(InputError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_a_kind_without_tables_takes_no_format(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="format of ars must be left out; got 'csv'"):
        export_study(ROOT / "studies" / "tqb2450-ib-02", "ars", tmp_path, ("csv",))
