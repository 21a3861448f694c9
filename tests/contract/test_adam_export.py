"""The analysis data sets as files: define.xml, formats, what cannot be written."""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from odmlib.odm_parser import ODMSchemaValidator

from onearm.clinical.records import Subject, SubjectRecords
from onearm.errors import InputError
from onearm.io.adam_metadata import adam_metadata
from onearm.io.adam_patient import Patient, Scan, Tumours, visit_numbers
from onearm.io.ascii import as_ascii
from onearm.io.dataset import Dataset, Variable
from onearm.io.dataset_json import read_dataset_json
from onearm.io.define import define_xml
from onearm.io.parquet import read_parquet
from onearm.io.xpt import read_xpt, write_xpt
from onearm.pipeline.compare import compare
from onearm.pipeline.compare_adam import AdamCompared
from onearm.pipeline.export import export_study
from onearm.pipeline.export_adam import adam_of
from onearm.pipeline.run import analyse

STUDIES = Path(__file__).parents[2] / "studies"
NAMES = ["tqb2450-ib-02", "gastric-xelox", "nct07388875", "nct07083375"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("adam")
    formats = ("xpt", "dataset-json", "parquet", "csv")
    export_study(STUDIES / "tqb2450-ib-02", "adam", out, formats)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_define_xml_is_valid_against_its_schema(name: str, tmp_path: Path) -> None:
    export_study(STUDIES / name, "adam", tmp_path, ("csv",))
    validator = ODMSchemaValidator(standard="define", version="2.1")

    validator.validate_file(str(tmp_path / "define.xml"))


def test_the_schema_refuses_a_value_that_it_does_not_know(folder: Path, tmp_path: Path) -> None:
    text = (folder / "define.xml").read_text(encoding="utf-8")
    broken = tmp_path / "define.xml"
    broken.write_text(text.replace('Repeating="No"', 'Repeating="Perhaps"', 1), encoding="utf-8")

    with pytest.raises(Exception, match="Perhaps"):
        ODMSchemaValidator(standard="define", version="2.1").validate_file(str(broken))


def test_every_reference_of_define_xml_leads_to_its_definition(folder: Path) -> None:
    import xml.etree.ElementTree as ET

    root = ET.fromstring((folder / "define.xml").read_bytes())
    defined = {e.get("OID") for e in root.iter() if e.get("OID")}
    referred = {
        value
        for element in root.iter()
        for name, value in element.attrib.items()
        if name.rpartition("}")[2].endswith("OID") and name.rpartition("}")[2] != "OID"
        and name != "FileOID"
    }  # fmt: skip

    assert referred - defined == set()
    assert len(referred) > 300


def test_the_four_formats_hold_the_same(folder: Path) -> None:
    for path in sorted(folder.glob("*.json")):
        from_json = read_dataset_json(path)
        assert read_parquet(path.with_suffix(".parquet")).columns == from_json.columns
        from_xpt = read_xpt(path.with_suffix(".xpt"))
        assert len(from_xpt) == len(from_json)
        for name in ("AVAL", "ADT", "ATOXGRN", "CNSR"):
            if name in from_json.names:
                assert list(from_xpt.column(name)) == pytest.approx(list(from_json.column(name)))
        with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
            assert len(list(csv.DictReader(file))) == len(from_json)


@pytest.mark.needs("haven")
def test_haven_reads_what_was_written(folder: Path, program: str) -> None:
    code = (
        "x <- haven::read_xpt(commandArgs(TRUE)[1]);"
        "cat(nrow(x), class(x$ADT), attr(x$CNSR, 'label'), attr(x, 'label'), sep = '|')"
    )
    run = subprocess.run(
        ["Rscript", "-e", code, str(folder / "adtte.xpt")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert run.stdout == "213|Date|Censor|Time-to-Event Analysis Dataset"


def test_the_same_study_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    export_study(STUDIES / "tqb2450-ib-02", "adam", tmp_path, ("xpt", "csv"))

    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_a_letter_beyond_ascii_is_respelled_for_xpt_and_said(tmp_path: Path) -> None:
    study = with_term(tmp_path, "Elevated γ-glutamyltransferase")
    answer = export_study(study, "adam", tmp_path / "out", ("xpt", "dataset-json"))
    terms = set(read_xpt(tmp_path / "out" / "adae.xpt").column("AETERM"))

    assert "Elevated gamma-glutamyltransferase" in terms
    assert any("ADAE.AETERM" in note and "gamma" in note for note in answer.notes)
    kept = read_dataset_json(tmp_path / "out" / "adae.json").column("AETERM")
    assert "Elevated γ-glutamyltransferase" in kept


def with_term(folder: Path, term: str) -> Path:
    """Return a copy of a study in which an adverse event has another term."""
    study = folder / "study"
    shutil.copytree(STUDIES / "tqb2450-ib-02", study)
    table = study / "data" / "adverse_events.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("TQB-001,Occult blood", f"TQB-001,{term}"), encoding="utf-8")
    return study


def test_what_has_no_usual_spelling_is_refused_with_its_place(tmp_path: Path) -> None:
    terms = Dataset.of("ADAE", "Adverse Events", [Variable("AETERM")], [("Anemia",), ("贫血",)])
    respelled, notes = as_ascii(terms)

    assert notes == []
    with pytest.raises(InputError, match=r"ADAE:2: AETERM holds '贫', which is not ASCII.*"):
        write_xpt(respelled, tmp_path / "adae.xpt")


def test_a_text_over_200_bytes_is_refused_for_xpt_and_nothing_is_written(tmp_path: Path) -> None:
    study = with_term(tmp_path, "x" * 201)
    out = tmp_path / "out"

    with pytest.raises(InputError, match=r"ADAE:\d+: AETERM has 201 bytes, more than 200"):
        export_study(study, "adam", out, ("xpt",))
    assert list(out.iterdir()) == []


@pytest.mark.slow
def test_long_reasons_go_on_in_further_variables() -> None:
    data = adam_of(analyse(STUDIES / "nct07083375"))
    responses = next(one for one in data.datasets if one.name == "ADRS")
    parts = [one for one in responses.names if one.startswith("AREASON")]
    whole = {p.reason for a in analyse(STUDIES / "nct07083375").derived for p in a.time_points}

    assert parts == ["AREASON", "AREASON1"]
    joined = {
        " ".join(part for part in row if part)
        for row in zip(*(responses.column(name) for name in parts), strict=True)
    }
    assert whole <= joined
    assert all(
        len(str(text).encode()) <= 200
        for name in parts
        for text in responses.column(name)
        if text is not None
    )


@pytest.mark.parametrize("name", NAMES)
def test_keys_are_unique_and_parameters_have_one_text(name: str) -> None:
    data = adam_of(analyse(STUDIES / name))
    for dataset in data.datasets:
        keys = [one.name for one in dataset.variables if one.key]
        rows = Counter(zip(*(dataset.column(key) for key in keys), strict=True))
        assert max(rows.values()) == 1, dataset.name
        if "PARAMCD" in dataset.names:
            pairs = set(zip(dataset.column("PARAMCD"), dataset.column("PARAM"), strict=True))
            assert len({code for code, _ in pairs}) == len(pairs) == len({t for _, t in pairs})


@pytest.mark.parametrize("name", NAMES)
def test_every_source_number_leads_to_its_record(name: str) -> None:
    datasets = {one.name: one for one in adam_of(analyse(STUDIES / name)).datasets}
    known = {
        (name_of, subject, number)
        for name_of, one in datasets.items()
        if "ASEQ" in one.names
        for subject, number in zip(one.column("USUBJID"), one.column("ASEQ"), strict=True)
    }
    named = {
        (where, subject, number)
        for one in datasets.values()
        if "SRCSEQ" in one.names
        for subject, where, number in zip(
            *(one.column(column) for column in ("USUBJID", "SRCDOM", "SRCSEQ")), strict=True
        )
        if where in datasets and number is not None
    }

    assert named <= known
    assert len(named) > 50 or name == "gastric-xelox"


def test_the_metadata_keeps_the_limits_of_a_transport_file() -> None:
    for about in adam_metadata().data_sets.values():
        for variable in about.variables.values():
            assert len(variable.name) <= 8
            assert len(variable.label) <= 40
            assert variable.codes is None or variable.codes in adam_metadata().code_lists
        assert all(len(code) <= 8 for code in about.parameters)
        assert set(about.keys) <= set(about.variables)


BAD = [
    (("adma", "xpt"), "kind must be one of adam.*got 'adma'; did you mean 'adam'?"),
    (("adam", "sas7bdat"), "format of adam must be one of xpt, dataset-json.*got 'sas7bdat'"),
]


@pytest.mark.parametrize(("asked", "message"), BAD)
def test_an_unknown_kind_or_format_is_named(
    asked: tuple[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        export_study(STUDIES / "tqb2450-ib-02", asked[0], tmp_path, (asked[1],))


def test_a_file_as_folder_is_refused(tmp_path: Path) -> None:
    there = tmp_path / "file"
    there.write_text("x", encoding="utf-8")

    with pytest.raises(InputError, match="--out must be a folder"):
        export_study(STUDIES / "tqb2450-ib-02", "adam", there, ("csv",))


def test_the_answer_for_a_program_names_files_and_records(tmp_path: Path) -> None:
    answer = export_study(STUDIES / "gastric-xelox", "adam", tmp_path, ("csv",))
    found = json.loads(json.dumps(answer.as_json()))

    assert found["records"] == {"ADSL": 48, "ADTTE": 48}
    assert {Path(path).name for path in found["written"]} == {
        "adsl.csv", "adtte.csv", "define.xml", "adrg.md",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["tqb2450-ib-02", "nct07388875"])
def test_a_study_whose_data_are_sdtm_gives_the_same_analysis_data(
    name: str, tmp_path: Path
) -> None:
    study = tmp_path / name
    study.mkdir()
    shutil.copy(STUDIES / name / "protocol.yaml", study)
    export_study(STUDIES / name, "sdtm", study / "data", ("xpt",))
    export_study(study, "adam", tmp_path / "adam", ("csv",))
    found = compare(STUDIES / name, tmp_path / "adam")
    tumours = read_table_of(tmp_path / "adam" / "adtr.csv")

    assert isinstance(found, AdamCompared)
    assert all(one.paired and not one.differences for one in found.sets)
    lesion = next(row for row in tumours if row["PARAMCD"] == "LDIAM1")
    assert (lesion["SRCDOM"], lesion["SRCVAR"]) == ("TR", "TRORRES")


def read_table_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def patient(*scans: tuple[str, int, bool]) -> Patient:
    """Return a patient with one reader's scans: label, day after the first dose, baseline."""
    start = dt.date(2026, 1, 5)
    made = tuple(
        Scan(label, start + dt.timedelta(days=day), is_base, ()) for label, day, is_base in scans
    )
    nothing = SubjectRecords(Subject("S01"))
    tumours = (Tumours("", "Investigator", made, ()),)
    return Patient(
        nothing, {}, start, start, start, None, None, (), tumours, {}, {}, None, (), (), ()
    )  # fmt: skip


NUMBERED = [  # scans of one patient, of another; the number of each label
    ([("BASELINE", -9, True), ("W006", 42, False)], [("W012", 84, False)],
     {"BASELINE": 0, "W006": 6, "W012": 12}),
    ([("C1D1", -1, True), ("C3D1", 42, False), ("EOT", 90, False)], [],
     {"C1D1": 0, "C3D1": 1, "EOT": 2}),
    ([("SCREEN", -9, True), ("UNSCHEDULED 6", 30, False), ("WEEK 6", 42, False)], [],
     {"SCREEN": 0, "UNSCHEDULED 6": 1, "WEEK 6": 2}),
    ([("A", -9, True), ("B", 42, False)], [("B", 44, False), ("A", 90, False)],
     {"A": 1, "B": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "numbers"), NUMBERED)
def test_visits_have_the_numbers_of_their_labels_or_their_order(
    first: list[tuple[str, int, bool]], second: list[tuple[str, int, bool]],
    numbers: dict[str, int],
) -> None:  # fmt: skip
    assert visit_numbers([patient(*first), patient(*second)]) == numbers


def test_lists_of_controlled_terminology_name_their_nci_codes() -> None:
    # CDISC, SDTM Metadata Submission Guidelines 2.0 (2021), define.xml: terminology 2020-12-18.
    lists = adam_metadata().code_lists
    codes = {name: one.nci for name, one in lists.items() if one.nci}
    found = define_xml(adam_of(analyse(STUDIES / "tqb2450-ib-02")))

    assert codes == {
        "NY": "C66742", "Y": "C66742", "SEX": "C66731", "AGEU": "C66781", "ACN": "C66767",
        "OUT": "C66768",
    }  # fmt: skip
    assert lists["OUT"].terms["FATAL"] == "C48275"
    assert 'Context="nci:ExtCodeID" Name="C66731"' in found
    assert 'Name="CDISC/NCI" Type="CT" PublishingSet="SDTM" Version="2020-12-18"' in found
    assert all(set(one.terms) <= set(one.values) for one in lists.values())
