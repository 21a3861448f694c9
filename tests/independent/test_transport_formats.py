"""Transport formats: what is written is read back whole, by us and by programs that did not write.

XPT: R's haven. Parquet: pyarrow. Dataset-JSON: odmlib, CDISC's own schemas
(``tests/reference/dataset-json``), and a stricter one written from the tables of the specification
(CDISC Dataset-JSON 1.1, 2024-12-05, "Top-level Metadata Attributes" and "Column Metadata"). Any
bytes give a table or an InputError.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft201909Validator, Draft202012Validator

from onearm.errors import InputError
from onearm.io.dataset import Dataset, Variable, check_size
from onearm.io.dataset_json import dataset_json, read_dataset_json, write_dataset_json
from onearm.io.parquet import read_parquet, write_parquet
from onearm.io.xpt import read_xpt, write_xpt
from onearm.pipeline.export import export_study

SCHEMAS = Path(__file__).parents[1] / "reference" / "dataset-json"
MORNING = dt.datetime.fromisoformat("2019-01-11T09:30:00")
LONG_AGO = dt.datetime.fromisoformat("1901-01-01T00:00:00")
ADSL = Dataset.of(
    "ADSL",
    "Subject-Level Analysis Dataset",
    [
        Variable("USUBJID", "Unique Subject Identifier", length=20, key=1),
        Variable("AGE", "Age", "integer"),
        Variable("BMI", "Body Mass Index", "float"),
        Variable("TRTSDT", "Date of First Exposure", "date"),
        Variable("TRTSDTM", "Datetime of First Exposure", "datetime"),
        Variable("DTHCAUS", "Cause of Death"),
    ],
    [
        ("S-01", 54, 23.456789012345, dt.date(2019, 1, 11), MORNING, None),
        ("S-02", None, 0.1, dt.date(1959, 12, 31), None, 'a, "b" & <c>'),
        ("S-03", -7, None, None, LONG_AGO, "x"),
    ],
)
FORMATS = {
    "xpt": (write_xpt, read_xpt),
    "json": (write_dataset_json, read_dataset_json),
    "ndjson": (write_dataset_json, read_dataset_json),
    "parquet": (write_parquet, read_parquet),
}
STAMP = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(([+-]\d{2}:\d{2})|Z)?$"
COLUMN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["itemOID", "name", "label", "dataType"],
    "properties": {
        "itemOID": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1},
        "label": {"type": "string"},
        "dataType": {
            "enum": [
                *("string", "integer", "decimal", "float", "double"),
                *("boolean", "datetime", "date", "time", "URI"),
            ]
        },
        "targetDataType": {"enum": ["integer", "decimal"]},
        "length": {"type": "integer", "minimum": 1},
        "displayFormat": {"type": "string"},
        "keySequence": {"type": "integer", "minimum": 1},
    },
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        *("datasetJSONCreationDateTime", "datasetJSONVersion", "itemGroupOID"),
        *("records", "name", "label", "columns"),
    ],
    "properties": {
        "datasetJSONCreationDateTime": {"type": "string", "pattern": STAMP},
        "datasetJSONVersion": {"type": "string", "pattern": r"^1\.1(\.(0|([1-9][0-9]*)))?$"},
        "fileOID": {"type": "string", "minLength": 1},
        "dbLastModifiedDateTime": {"type": "string", "pattern": STAMP},
        "originator": {"type": "string"},
        "sourceSystem": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name", "version"],
            "properties": {"name": {"type": "string"}, "version": {"type": "string"}},
        },
        "studyOID": {"type": "string", "minLength": 1},
        "metaDataVersionOID": {"type": "string", "minLength": 1},
        "metaDataRef": {"type": "string"},
        "itemGroupOID": {"type": "string", "minLength": 1},
        "records": {"type": "integer", "minimum": 0},
        "name": {"type": "string", "minLength": 1},
        "label": {"type": "string"},
        "columns": {"type": "array", "items": COLUMN},
        "rows": {
            "type": "array",
            "items": {
                "type": "array",
                "items": {"type": ["string", "integer", "boolean", "number", "null"]},
            },
        },
    },
}


def plain(dataset: Dataset, *, as_xpt: bool = False) -> list[list[object]]:
    """Return the rows; an XPT holds no missing text, and numbers as floats."""
    return [
        [
            ("" if as_xpt and cell is None and variable.kind == "text" else cell)
            for cell, variable in zip(row, ADSL.variables, strict=True)
        ]
        for row in dataset.rows()
    ]


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_was_written_is_read_back(suffix: str, tmp_path: Path) -> None:
    write, read = FORMATS[suffix]
    path = tmp_path / f"adsl.{suffix}"
    write(ADSL, path)
    back = read(path)

    assert (back.name, back.label, back.names) == (ADSL.name, ADSL.label, ADSL.names)
    assert [v.label for v in back.variables] == [v.label for v in ADSL.variables]
    assert plain(back) == plain(ADSL, as_xpt=suffix == "xpt")
    kinds = [v.kind for v in ADSL.variables]
    assert [v.kind for v in back.variables] == (
        [kind.replace("integer", "float") for kind in kinds] if suffix == "xpt" else kinds
    )


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_table_gives_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    write, _ = FORMATS[suffix]
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    write(ADSL, first)
    write(ADSL, second)

    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_table_without_rows_is_one(suffix: str, tmp_path: Path) -> None:
    write, read = FORMATS[suffix]
    path = tmp_path / f"empty.{suffix}"
    write(Dataset.of(ADSL.name, ADSL.label, ADSL.variables, []), path)

    assert len(read(path)) == 0
    assert read(path).names == ADSL.names


@pytest.mark.needs("haven")
def test_haven_reads_the_xpt_as_it_was_meant(tmp_path: Path) -> None:
    path, out = tmp_path / "adsl.xpt", tmp_path / "back.csv"
    write_xpt(ADSL, path)
    script = (
        f'd <- haven::read_xpt("{path}"); options(digits = 17);'
        'cat(attr(d, "label"), sapply(d, function(x) attr(x, "label")), sep = "\\n");'
        'd$TRTSDTM <- format(d$TRTSDTM, "%Y-%m-%dT%H:%M:%S", tz = "UTC");'
        'd$BMI <- sprintf("%.17g", d$BMI);'
        f'write.csv(d, "{out}", row.names = FALSE, na = "")'
    )
    run = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True)
    rows = list(csv.reader(out.read_text().splitlines()))

    assert run.stdout.splitlines() == [ADSL.label, *(v.label for v in ADSL.variables)]
    assert rows[0] == list(ADSL.names)
    assert rows[1] == [
        *("S-01", "54", f"{23.456789012345:.17g}"),
        "2019-01-11",
        "2019-01-11T09:30:00",
        "",
    ]
    assert rows[2] == ["S-02", "", f"{0.1:.17g}", "1959-12-31", "", 'a, "b" & <c>']
    assert rows[3] == ["S-03", "-7", "NA", "", "1901-01-01T00:00:00", "x"]


def test_pyarrow_reads_the_parquet_as_it_was_meant(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not on this machine")
    path = tmp_path / "adsl.parquet"
    write_parquet(ADSL, path)

    table = parquet.read_table(path)
    assert table.to_pylist() == [dict(zip(ADSL.names, row, strict=True)) for row in ADSL.rows()]
    assert [str(kind) for kind in table.schema.types][1:5] == [
        *("int64", "double", "date32[day]", "timestamp[us]")
    ]
    about = json.loads(parquet.read_metadata(path).metadata[b"dataset"])
    assert [column["label"] for column in about["columns"]] == [v.label for v in ADSL.variables]


@pytest.mark.parametrize("suffix", ["json", "ndjson"])
def test_dataset_json_fits_the_tables_of_the_specification(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"adsl.{suffix}"
    write_dataset_json(ADSL, path, study="TRIAL-1", metadata="define.xml")
    text = path.read_text(encoding="utf-8")
    if suffix == "ndjson":
        head, *rows = (json.loads(line) for line in text.splitlines())
        content = {**head, "rows": rows}
    else:
        content = json.loads(text)

    Draft202012Validator(SCHEMA).validate(content)
    assert content["rows"][0][3] == "2019-01-11"
    assert content["columns"][3]["targetDataType"] == "integer"
    assert content["studyOID"] == "TRIAL-1"


def fits_the_schema_of_cdisc(path: Path) -> None:
    """Validate a file: JSON whole, NDJSON by its first line and its rows."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        validator("dataset.schema.json").validate(json.loads(text))
        return
    head, *rows = (json.loads(line) for line in text.splitlines())
    validator("dataset-ndjson-schema.json").validate(head)
    whole = validator("dataset.schema.json")
    whole.validate({**head, "rows": rows})


def validator(name: str) -> Draft201909Validator:
    return Draft201909Validator(json.loads((SCHEMAS / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize("suffix", ["json", "ndjson"])
def test_dataset_json_fits_the_schema_of_cdisc(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"adsl.{suffix}"
    write_dataset_json(ADSL, path, study="TRIAL-1", metadata="define.xml")
    fits_the_schema_of_cdisc(path)

    text = path.read_text(encoding="utf-8")
    broken = json.loads(text if suffix == "json" else text.splitlines()[0])
    broken["columns"][0]["dataType"] = "words"
    name = "dataset.schema.json" if suffix == "json" else "dataset-ndjson-schema.json"
    assert not validator(name).is_valid(broken)  # the schema can fail


@pytest.mark.parametrize("what", ["adam", "sdtm"])
def test_every_exported_data_set_fits_the_schema_of_cdisc(what: str, tmp_path: Path) -> None:
    study = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"
    export_study(study, what, tmp_path, ["dataset-json"])
    files = sorted(tmp_path.glob("*.json"))

    assert len(files) >= 6
    for path in files:
        fits_the_schema_of_cdisc(path)


def test_odmlib_accepts_the_metadata(tmp_path: Path) -> None:
    from odmlib.dataset_json_1_1.model import Column, DatasetJSON

    about = dataset_json(ADSL, study="TRIAL-1")
    columns = [Column(**column) for column in about.pop("columns")]
    read = DatasetJSON(**about, columns=columns, rows=[])

    assert [column.name for column in read.columns] == list(ADSL.names)


BAD_FOR_XPT = [  # what, name, variable, value, complaint
    (
        "a long text",
        "AE",
        "AETERM",
        "x" * 201,
        "AE:1: AETERM has 201 bytes, more than 200; shorten",
    ),
    ("no ASCII", "AE", "AETERM", "Ödem", "AE:1: AETERM holds 'Ö', which is not ASCII"),
    ("NUL", "AE", "AETERM", "a\0b", "AE:1: AETERM holds a NUL character"),
    ("lower case", "ae", "AETERM", "x", "a name must have 1 to 8 characters"),
    ("nine letters", "AE", "AETERMXYZ", "x", "a name must have 1 to 8 characters"),
    ("an empty last row", "AE", "AETERM", "", "AE:1: an empty last row cannot be told"),
]


@pytest.mark.parametrize(("name", "variable", "value", "complaint"), [b[1:] for b in BAD_FOR_XPT])
def test_what_the_format_cannot_hold_is_refused(
    name: str, variable: str, value: str, complaint: str, tmp_path: Path
) -> None:
    dataset = Dataset.of(name, "Events", [Variable(variable, "Term")], [(value,)])

    with pytest.raises(InputError, match=complaint.replace("(", r"\(")):
        write_xpt(dataset, tmp_path / "ae.xpt")
    assert not (tmp_path / "ae.xpt").exists()


def test_a_label_of_41_characters_and_a_number_that_is_none_are_refused(tmp_path: Path) -> None:
    dataset = Dataset.of("LB", "L" * 41, [Variable("LBSTRESN", "N", "float")], [(float("nan"),)])

    with pytest.raises(InputError) as caught:
        write_xpt(dataset, tmp_path / "lb.xpt")
    assert "at most 40 ASCII characters" in str(caught.value)
    assert "LB:1: LBSTRESN must be a finite number; got nan" in str(caught.value)


def test_a_cut_transport_file_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = tmp_path / "whole.xpt"
    row = ("S-" + "x" * 150,)
    write_xpt(Dataset.of("DM", "", [Variable("USUBJID")], [row] * 5), whole)
    content = whole.read_bytes()
    cut = tmp_path / "cut.xpt"
    refused = 0
    for size in range(0, len(content) - 152, 40):
        cut.write_bytes(content[:size])
        try:
            assert len(read_xpt(cut)) < 5
        except InputError:
            refused += 1

    # A cut right after the headers leaves a sound table without rows: the one that is not seen.
    assert refused == len(range(0, len(content) - 152, 40)) - 1


def test_bytes_that_are_no_number_are_refused_with_their_row(tmp_path: Path) -> None:
    path = tmp_path / "adtte.xpt"
    variables = [Variable("USUBJID"), Variable("AVAL", "", "float")]
    write_xpt(Dataset.of("ADTTE", "", variables, [("S1", 1.0), ("S2", 77.0)]), path)
    content = path.read_bytes()
    number = bytes.fromhex("424d000000000000")  # 77 as an IBM float: 16**2 * 0x4d / 2**8
    assert content.count(number) == 1
    path.write_bytes(content.replace(number, b"A" + bytes(7)))  # SAS's missing value .A
    assert read_xpt(path).columns[1] == (1.0, None)
    path.write_bytes(content.replace(number, b"\x01" + bytes(7)))

    with pytest.raises(InputError, match="xpt:2: AVAL holds bytes that are no number"):
        read_xpt(path)


@pytest.mark.parametrize("suffix", FORMATS)
@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_table_or_an_input_error(
    suffix: str, data: st.DataObject, tmp_path: Path
) -> None:
    write, read = FORMATS[suffix]
    path = tmp_path / f"any.{suffix}"
    write(ADSL, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=6))
    path.write_bytes(bytes(content))
    try:
        outcome = str(path) if isinstance(read(path), Dataset) else ""
    except InputError as error:
        outcome = str(error)
    assert str(path) in outcome


def test_deep_nesting_and_huge_claims_are_refused_at_once(tmp_path: Path) -> None:
    deep = tmp_path / "deep.json"
    deep.write_text('{"rows":' + "[" * 200_000)
    with pytest.raises(InputError, match="nested too deeply"):
        read_dataset_json(deep)
    with pytest.raises(InputError, match="claims 1000000000 rows of 3 variables"):
        check_size("bomb.parquet", 10**9, 3)


@pytest.mark.parametrize("suffix", ["xpt", "parquet"])
def test_without_the_extra_one_line_says_how_to_get_it(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, read = FORMATS[suffix]
    path = tmp_path / f"adsl.{suffix}"
    write(ADSL, path)
    for name in ("polars", "pyreadstat"):
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(InputError, match=r"pip install 'onearm\[cdisc\]'"):
        read(path)
    with pytest.raises(InputError, match=r"pip install 'onearm\[cdisc\]'"):
        write(ADSL, path)


@pytest.mark.parametrize("days", [10**8, -(10**8)])
def test_a_date_that_no_calendar_has_is_one_line(
    days: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import polars

    path = tmp_path / "adsl.parquet"
    series = polars.Series("TRTSDT", [days], dtype=polars.Int32).cast(polars.Date)
    polars.DataFrame([series]).write_parquet(path)

    with pytest.raises(InputError, match="TRTSDT holds a date that cannot be read"):
        read_parquet(path)
    assert capfd.readouterr().err == ""


def test_a_column_that_is_no_column_of_a_table_is_refused(tmp_path: Path) -> None:
    import polars

    path = tmp_path / "adsl.parquet"
    polars.DataFrame({"AVAL": [[1.0, 2.0]]}).write_parquet(path)

    with pytest.raises(InputError, match="AVAL must hold text, numbers or dates; got List"):
        read_parquet(path)
