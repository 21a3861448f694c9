"""REDCap: a dictionary that gives the tables of a study, and the way back."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.clinical.records import NOWHERE, TABLES, columns
from onearm.errors import InputError
from onearm.io.redcap_data import read_export
from onearm.io.redcap_dictionary import RedcapField, read_dictionary
from onearm.pipeline.export import export_study
from onearm.pipeline.intake import TakenIn, intake_redcap
from onearm.pipeline.run import analyse
from onearm.pipeline.study import load_study

STUDIES = Path(__file__).parents[2] / "studies"
NAMES = ["tqb2450-ib-02", "nct07388875", "nct07083375", "gastric-xelox"]
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("redcap")
    export_study(STUDIES / "nct07388875", "redcap", out)
    return out


def records(study: Path) -> dict[str, object]:
    """Return the records of each table without the place that they stand in."""
    found = {}
    for name, rows in load_study(study).tables.items():
        found[name] = None if rows is None else [bare(row) for row in rows]
    return found


def bare(row: Any) -> object:
    """Return a record without its place; checked boxes have no order of their own."""
    names = {
        one.name: tuple(sorted(value))
        for one in fields(row)
        if isinstance(value := getattr(row, one.name), tuple) and one.name != "source"
    }
    return replace(row, source=NOWHERE, **names)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_study_comes_back_from_redcap_as_it_was(name: str, tmp_path: Path) -> None:
    export_study(STUDIES / name, "redcap", tmp_path / "rc")
    out = tmp_path / "study"
    intake_redcap(
        tmp_path / "rc" / "redcap-records.csv", tmp_path / "rc" / "redcap-dictionary.csv", out
    )
    shutil.copy(STUDIES / name / "protocol.yaml", out)

    assert records(out) == records(STUDIES / name)
    assert load_study(out).origins == load_study(STUDIES / name).origins
    assert analyse(out).results.rows == analyse(STUDIES / name).results.rows


def read(path: Path) -> tuple[list[str], Rows]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        return list(reader.fieldnames or ()), list(reader)


def write(path: Path, header: list[str], rows: Rows) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def with_labels(folder: Path, out: Path) -> None:
    """Write the records as REDCap's export with labels does: headers, choices, boxes in words."""
    known = {one.name: one for one in read_dictionary(folder / "redcap-dictionary.csv")}
    header, rows = read(folder / "redcap-records.csv")
    system = {
        "redcap_repeat_instrument": "Repeat Instrument",
        "redcap_repeat_instance": "Repeat Instance",
    }

    def shown(name: str) -> str:
        field, _, code = name.partition("___")
        if name in system or name.endswith("_complete"):
            return system.get(name, name)
        label = known[field].label
        return f"{label} (choice={known[field].choices[code]})" if code else label

    def words(name: str, text: str) -> str:
        field, _, code = name.partition("___")
        if name == "redcap_repeat_instrument":
            return text.replace("_", " ").title()
        if name.endswith("_complete"):
            return {"2": "Complete"}.get(text, "")
        if code:
            return {"1": "Checked", "0": "Unchecked"}.get(text, "")
        if name in system or known[field].kind == "text":
            return text
        if known[field].kind == "yesno":
            return {"1": "Yes", "0": "No"}.get(text, "")
        return known[field].choices.get(text, "")

    labelled = [{shown(name): words(name, row[name]) for name in header} for row in rows]
    write(out, [shown(name) for name in header], labelled)


def take(export: Path, folder: Path, out: Path, *missing: str) -> TakenIn:
    return intake_redcap(export, folder / "redcap-dictionary.csv", out, missing)


def test_an_export_with_labels_gives_the_same_tables(exported: Path, tmp_path: Path) -> None:
    with_labels(exported, tmp_path / "labels.csv")
    take(tmp_path / "labels.csv", exported, tmp_path / "a")
    take(exported / "redcap-records.csv", exported, tmp_path / "b")

    for path in sorted((tmp_path / "b" / "data").iterdir()):
        assert (tmp_path / "a" / "data" / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_column_of_a_table_has_its_field(exported: Path) -> None:
    found = read_dictionary(exported / "redcap-dictionary.csv")
    held = {(one.table, one.column) for one in found}
    tables = {one.table for one in found} - {None}

    for record in TABLES:
        if record.TABLE in tables:
            wanted = {(record.TABLE, about.name) for about in columns(record)}
            assert wanted - held == {(record.TABLE, "subject_id")}
    assert len({one.name for one in found}) == len(found)
    assert len({one.label for one in found}) == len(found)


def field_of(found: tuple[RedcapField, ...], name: str) -> RedcapField:
    return next(one for one in found if one.name == name)


def test_fields_have_kinds_ranges_choices_and_branching(exported: Path) -> None:
    found = read_dictionary(exported / "redcap-dictionary.csv")
    state, grade = field_of(found, "les_state"), field_of(found, "ae_grade")
    related, date = field_of(found, "ae_related_to"), field_of(found, "les_date")

    assert state.kind == "radio"
    assert list(state.choices.values())[:3] == ["MEASURED", "PRESENT", "ABSENT"]
    assert (grade.validation, grade.least, grade.most) == ("integer", "1", "5")
    assert related.kind == "checkbox"
    assert list(related.choices.values()) == ["sacituzumab tirumotecan", "anlotinib"]
    assert related.branching == "[ae_related] = '1'"
    assert field_of(found, "dsp_reason").branching == "[dsp_status] = '3'"
    assert list(field_of(found, "dsp_status").choices.values())[2] == "DISCONTINUED"
    assert (date.validation, date.is_required) == ("date_ymd", True)


def test_a_protocol_alone_gives_its_dictionary(tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    shutil.copy(STUDIES / "tqb2450-ib-02" / "protocol.yaml", study)
    answer = export_study(study, "redcap", tmp_path / "out")
    with pytest.raises(InputError, match="no subject; there is nothing to write as sdtm"):
        export_study(study, "sdtm", tmp_path / "sdtm")
    assert not (tmp_path / "sdtm").exists()
    header, rows = read(tmp_path / "out" / "redcap-repeating.csv")

    assert {path.name for path in answer.written} == {
        "redcap-dictionary.csv", "redcap-repeating.csv",
    }  # fmt: skip
    assert header == ["form_name", "custom_form_label"]
    assert "lesions" in {row["form_name"] for row in rows}
    assert not {"subjects", "screening"} & {row["form_name"] for row in rows}


def change(exported: Path, out: Path, where: Callable[[dict[str, str]], bool], **to: str) -> str:
    """Change the first record that fits; return its line."""
    header, rows = read(exported / "redcap-records.csv")
    number = next(n for n, row in enumerate(rows) if where(row))
    rows[number].update(to)
    write(out, header, rows)
    return str(number + 2)


def lesion(row: dict[str, str]) -> bool:
    return row["redcap_repeat_instrument"] == "lesions" and row["les_diameter_mm"] != ""


def adverse_event(row: dict[str, str]) -> bool:
    return row["redcap_repeat_instrument"] == "adverse_events"


MISFITS = [
    (lesion, {"les_diameter_mm": "4O"}, "les_diameter_mm must be a number in millimetres"),
    (lesion, {"les_diameter_mm": "-3"}, "must be a length in millimetres, 0 or more"),
    (lesion, {"les_diameter_mm": "3.12345"}, "at most three decimals"),
    (lesion, {"les_date": "2026-13-01"}, "les_date must be a date"),
    (lesion, {"les_date": "01/02/2026"}, "les_date must be a date"),
    (lesion, {"les_state": "77"}, r"les_state must be one of 1 \(MEASURED\)"),
    (adverse_event, {"ae_grade": "6"}, "ae_grade must be at most 5; got '6'"),
    (adverse_event, {"ae_related": "perhaps"}, "ae_related must be one of 1"),
    (adverse_event, {"ae_related_to___1": "x"}, "ae_related_to must be 0 or 1; got 'x'"),
    (adverse_event, {"ae_onset_date": "UNKNOWN"}, "ae_onset_date must be a date"),
    (lesion, {"les_date": ""}, "les_date must not be empty; got ''"),
    (lesion, {"les_state": "UNK"}, "les_state must not be empty; got 'UNK'"),
]


@pytest.mark.parametrize(("where", "to", "message"), MISFITS)
def test_a_value_that_does_not_fit_is_found_with_record_and_field(
    where: Callable[[dict[str, str]], bool], to: dict[str, str], message: str,
    exported: Path, tmp_path: Path,
) -> None:  # fmt: skip
    line = change(exported, tmp_path / "r.csv", where, **to)

    with pytest.raises(InputError, match=message) as caught:
        take(tmp_path / "r.csv", exported, tmp_path / "study")
    (found,) = caught.value.findings
    assert str(found).startswith(f"r.csv:{line}: ")
    assert found.subject_id == "SK-001"
    assert "instance 1" in found.message
    assert found.place is not None
    assert found.place.field in message or found.place.field in to or "___" in next(iter(to))
    assert not (tmp_path / "study").exists()


def test_a_row_of_no_known_instrument_or_a_second_one_is_found(
    exported: Path, tmp_path: Path
) -> None:
    line = change(exported, tmp_path / "a.csv", lesion, redcap_repeat_instrument="lesion")
    with pytest.raises(InputError, match="instrument of the dictionary; got 'lesion'") as caught:
        take(tmp_path / "a.csv", exported, tmp_path / "study")
    assert str(caught.value.findings[0]).startswith(f"a.csv:{line}: redcap_repeat_instrument must")

    header, rows = read(exported / "redcap-records.csv")
    number = next(n for n, row in enumerate(rows) if lesion(row))
    write(tmp_path / "b.csv", header, [*rows, rows[0], rows[number]])
    with pytest.raises(InputError) as caught:
        take(tmp_path / "b.csv", exported, tmp_path / "study")
    one, other = map(str, caught.value.findings)
    last = len(rows) + 1  # of the export, below its header
    assert one == f"b.csv:{last + 1}: the record stands in line 2 already for subject SK-001"
    where = f"the record (lesions, 1) stands in line {number + 2} already"
    assert other == f"b.csv:{last + 2}: {where} for subject SK-001"
    assert not (tmp_path / "study").exists()


def test_a_column_that_is_not_read_is_named(exported: Path, tmp_path: Path) -> None:
    header, rows = read(exported / "redcap-records.csv")
    write(tmp_path / "r.csv", [*header, "shoe"], [{**row, "shoe": "42"} for row in rows])

    answer = take(tmp_path / "r.csv", exported, tmp_path / "study")

    assert any("'shoe' is not in the dictionary" in str(one) for one in answer.findings)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("lesions.orgn", "lesions has no column 'orgn'; did you mean 'organ'?"),
        ("lesion.organ", "'lesion' is no table of a study; did you mean 'lesions'?"),
    ],
)
def test_an_annotation_of_no_column_is_found(
    said: str, message: str, exported: Path, tmp_path: Path
) -> None:
    text = (exported / "redcap-dictionary.csv").read_text(encoding="utf-8")
    assert "onearm: lesions.organ" in text
    book = tmp_path / "d.csv"
    book.write_text(text.replace("onearm: lesions.organ", f"onearm: {said}"), encoding="utf-8")

    with pytest.raises(InputError) as caught:
        intake_redcap(exported / "redcap-records.csv", book, tmp_path / "study")
    (found,) = caught.value.findings
    assert found.message == message
    assert found.place is not None
    assert found.place.field == "les_organ"


def test_a_missing_data_code_is_no_value_and_is_counted(exported: Path, tmp_path: Path) -> None:
    change(exported, tmp_path / "r.csv", adverse_event, ae_end_date="NI", ae_grade="-99")

    with pytest.raises(InputError, match="ae_grade"):
        take(tmp_path / "r.csv", exported, tmp_path / "a")
    answer = take(tmp_path / "r.csv", exported, tmp_path / "b", "-99")
    _, rows = read(tmp_path / "b" / "data" / "adverse_events.csv")
    assert (rows[0]["end_date"], rows[0]["grade"]) == ("", "")
    notes = [one.message for one in answer.findings if one.severity == "note"]
    assert any("code NI stands for no value, 1 time: ae_end_date 1" in note for note in notes)
    assert any("code -99 stands for no value, 1 time: ae_grade 1" in note for note in notes)


def test_events_name_the_visit_of_a_field_that_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "redcap-dictionary.csv").write_text(
        '"Variable / Field Name","Form Name","Section Header","Field Type","Field Label",'
        '"Choices, Calculations, OR Slider Labels","Field Annotation"\n'
        "pid,base,,text,Person,,\n"
        "os,imaging,,text,Overall,,onearm: responses.response\n"
        "od,imaging,,text,Day,,onearm: responses.date\n"
        "ov,imaging,,text,Visit,,onearm: responses.visit\n"
        "shoe,base,,text,Shoe size,,\n",
        encoding="utf-8",
    )
    (tmp_path / "r.csv").write_text(
        "pid,redcap_event_name,od,os,ov,shoe\n"
        "P1,screening_arm_1,,,,42\n"
        "P1,week_6_arm_1,2026-01-05,PR,,\n"
        "P1,week_12_arm_1,2026-02-16,XX,,\n",
        encoding="utf-8",
    )
    fields_of = read_dictionary(tmp_path / "redcap-dictionary.csv")
    found = read_export(tmp_path / "r.csv", fields_of)

    assert found.rows["responses"][0] == {
        "subject_id": "P1", "response": "PR", "date": "2026-01-05", "visit": "WEEK 6",
    }  # fmt: skip
    errors = [str(one) for one in found.findings if one.severity == "error"]
    assert len(errors) == 1
    assert "r.csv:4: os must be one of" in errors[0]
    assert "event week_12_arm_1" in errors[0]
    assert any(one.code == "unmapped-field" for one in found.findings)


BAD = [
    ("d", "a,b\n1,2\n", "is no REDCap data dictionary"),
    ("d", "", "is no REDCap data dictionary"),
    ("e", "a,b\n1,2\n", "no column 'record_id'"),
    ("e", "record_id,strange\nP1,x\n", "these two do not belong together"),
    ("e", 'record_id,les_date\n"P1,x\n', "the row cannot be read"),
    ("d", "Variable / Field Name,Form Name\n\xe9\n", "is no REDCap data dictionary"),
    (
        "e",
        "record_id,les_date,les_lesion_id,les_lesion_type,les_state\nP1\n",
        "the row has 1 field, ",
    ),
    (
        "e",
        "record_id,les_date,les_lesion_id,les_lesion_type,les_state\n,,,,\n ,2026-01-05,,,\n",
        "r.csv:3: the row names no record".replace("r.csv", "file.csv"),
    ),
]


@pytest.mark.parametrize(("which", "text", "message"), BAD)
def test_a_file_that_is_none_is_one_line(
    which: str, text: str, message: str, exported: Path, tmp_path: Path
) -> None:
    path = tmp_path / "file.csv"
    path.write_text(text, encoding="utf-8")
    export = path if which == "e" else exported / "redcap-records.csv"
    book = path if which == "d" else exported / "redcap-dictionary.csv"
    with pytest.raises(InputError, match=message) as caught:
        intake_redcap(export, book, tmp_path / "study")
    assert "\n" not in str(caught.value)


def test_tables_are_replaced_and_never_mixed_with_others(exported: Path, tmp_path: Path) -> None:
    first = take(exported / "redcap-records.csv", exported, tmp_path)
    assert take(exported / "redcap-records.csv", exported, tmp_path) == first
    (tmp_path / "data" / "endpoints.csv").write_text("kept\n", encoding="utf-8")

    with pytest.raises(InputError, match=r"holds endpoints\.csv, which this export has not"):
        take(exported / "redcap-records.csv", exported, tmp_path)
    assert (tmp_path / "data" / "endpoints.csv").read_text(encoding="utf-8") == "kept\n"


@given(st.binary(max_size=300))
def test_any_bytes_give_tables_or_a_typed_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "r.csv"
    path.write_bytes(b"record_id,les_date,les_state\n" + content)
    asked = (
        RedcapField("record_id", "subjects", "text", "Subject"),
        RedcapField("les_date", "lesions", "text", "Day", table="lesions", column="date"),
    )
    problem = ""
    try:
        read_export(path, asked)
    except InputError as error:
        problem = str(error)

    assert "\n" not in problem


def test_the_fields_of_a_record_are_all_carried() -> None:
    for record in TABLES:
        held = [one for one in fields(record) if "column" in one.metadata]
        assert len(held) == len(columns(record))


def with_level(study: Path, level: str) -> Path:
    """Return the second shipped study with another name for one level of a characteristic."""
    shutil.copytree(STUDIES / "nct07388875", study)
    for path in (study / "protocol.yaml", study / "data" / "subjects.csv"):
        text = path.read_text(encoding="utf-8").replace("value: resistant", f"value: '{level}'")
        text = text.replace(
            "platinum_free_interval: resistant", f"platinum_free_interval: '{level}'"
        )
        path.write_text(text.replace(",resistant,", f",{level},"), encoding="utf-8")
    return study


def test_a_value_with_angle_brackets_comes_back_and_one_with_a_bar_is_refused(
    tmp_path: Path,
) -> None:
    study = with_level(tmp_path / "a", "<90 days and >30")
    export_study(study, "redcap", tmp_path / "rc")
    take(tmp_path / "rc" / "redcap-records.csv", tmp_path / "rc", tmp_path / "back")
    _, rows = read(tmp_path / "back" / "data" / "subjects.csv")
    assert {row["platinum_free_interval"] for row in rows} == {"sensitive", "<90 days and >30"}

    study = with_level(tmp_path / "b", "30|90 days")
    with pytest.raises(InputError, match="REDCap parts choices by"):
        export_study(study, "redcap", tmp_path / "bar")
    assert not (tmp_path / "bar").exists()
