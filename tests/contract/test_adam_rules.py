"""Each rule for analysis data sets: our own exports keep it, and a breach of it is seen."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from onearm.cli import app
from onearm.errors import InputError
from onearm.io.adam_rules import RULES
from onearm.io.data_folder import DataFolder, Described, Table, read_file, read_folder
from onearm.io.dataset import Dataset, Value, Variable
from onearm.pipeline.export import export_study
from onearm.pipeline.export_adam import adam_of
from onearm.pipeline.run import analyse
from onearm.pipeline.validate import validate_folder

STUDIES = Path(__file__).parents[2] / "studies"
Tables = dict[str, Dataset]
Row = dict[str, Value]


@cache
def exported(name: str) -> dict[str, Dataset]:
    return {one.name: one for one in adam_of(analyse(STUDIES / name)).datasets}


def folder_of(tables: Tables, define: dict[str, Described] | None = None) -> DataFolder:
    held = {
        name.upper(): Table(
            f"{name.lower()}.xpt", one, dict(zip(one.names, one.columns, strict=True))
        )
        for name, one in tables.items()
    }
    return DataFolder(Path("adam"), held, define)


def put(
    tables: Tables, name: str, variable: str, value: Value, where: Callable[[Row], bool]
) -> int:
    """Put a value into the first record that fits; return the record's number."""
    dataset = tables[name]
    rows = [dict(zip(dataset.names, row, strict=True)) for row in dataset.rows()]
    number = next(n for n, row in enumerate(rows, 1) if where(row))
    rows[number - 1][variable] = value
    tables[name] = Dataset.of(
        dataset.name, dataset.label, dataset.variables, [tuple(row.values()) for row in rows]
    )
    return number


def drop(tables: Tables, name: str, variable: str) -> None:
    dataset = tables[name]
    at = dataset.names.index(variable)
    tables[name] = replace(
        dataset,
        variables=dataset.variables[:at] + dataset.variables[at + 1 :],
        columns=dataset.columns[:at] + dataset.columns[at + 1 :],
    )


def rename(tables: Tables, name: str, old: str, new: str, label: str | None = None) -> None:
    dataset = tables[name]
    variables = [
        replace(one, name=new, label=one.label if label is None else label)
        if one.name == old
        else one
        for one in dataset.variables
    ]
    tables[name] = replace(dataset, variables=tuple(variables))


def parameter(code: str, **more: Value) -> Callable[[Row], bool]:
    return lambda row: row["PARAMCD"] == code and all(row[n] == v for n, v in more.items())


def anything(row: Row) -> bool:
    return True


def filled(*names: str) -> Callable[[Row], bool]:
    return lambda row: all(row[name] not in (None, 0) for name in names)


def later(row: Row) -> bool:
    return row["CHGNAD"] is not None and row["NADIR"] not in (None, 0)


CELLS = {  # rule: data set, variable, value, record
    "AD006": ("ADAE", "AETERM", "x" * 201, anything),
    "AD007": ("ADAE", "AETERM", "贫血", anything),
    "AD009": ("ADTTE", "USUBJID", None, anything),
    "AD011": ("ADAE", "USUBJID", "nobody", anything),
    "AD012": ("ADAE", "STUDYID", "another", anything),
    "AD014": ("ADTTE", "AGE", 3, anything),
    "AD020": ("ADTTE", "PARAMCD", "overall.survival", anything),
    "AD026": ("ADSL", "SAFFL", "yes", anything),
    "AD027": ("ADRS", "ANL01FL", "N", anything),
    "AD028": ("ADSL", "SAFFL", None, anything),
    "AD029": ("ADSL", "AGEGR1N", 7, filled("AGEGR1N")),
    "AD030": ("ADSL", "TRTSDT", "2019-13-77", anything),
    "AD031": ("ADSL", "TRTSDT", dt.date(1819, 1, 11), anything),
    "AD032": ("ADTTE", "ADY", 0, anything),
    "AD033": ("ADTTE", "ADY", 9999, anything),
    "AD034": ("ADAE", "AENDT", dt.date(2001, 1, 1), filled("ASTDT")),
    "AD035": ("ADTTE", "PARAM", "Something else", anything),
    "AD036": ("ADRS", "AVAL", 77.0, parameter("BOR")),
    "AD037": ("ADTTE", "AVAL", None, anything),
    "AD038": ("ADTR", "ABLFL", "Y", lambda row: row["AVISITN"] == 6),
    "AD039": ("ADTR", "BASE", 1.5, lambda row: row["ABLFL"] == "Y"),
    "AD040": ("ADTR", "BASE", 1.5, filled("CHG", "BASE")),
    "AD041": ("ADTR", "CHG", 1234.5, filled("CHG")),
    "AD042": ("ADTR", "PCHG", 1234.5, filled("PCHG")),
    "AD043": ("ADTR", "CHGNAD", 1234.5, later),
    "AD044": ("ADTR", "PCHGNAD", 1234.5, later),
    "AD045": ("ADTTE", "SRCVAR", "NOTHING", lambda row: row["SRCDOM"] == "ADRS"),
    "AD046": ("ADTTE", "SRCSEQ", 99999, lambda row: row["SRCDOM"] == "ADRS"),
    "AD047": ("ADTTE", "SRCDOM", None, filled("SRCSEQ")),
    "AD048": ("ADSL", "TRTDURD", 1, anything),
    "AD049": ("ADSL", "AGE", 19.5, anything),
    "AD050": ("ADSL", "SEX", "female", anything),
    "AD052": ("ADTTE", "CNSR", None, anything),
    "AD053": ("ADTTE", "AVAL", 1.0, lambda row: row["AVAL"] > 9),
    "AD054": ("ADTTE", "AVAL", -1.0, anything),
    "AD056": ("ADTTE", "EVNTDESC", None, lambda row: row["CNSR"] == 0),
    "AD057": ("ADTTE", "AVAL", 1.0, parameter("OS", CNSR=0)),
    "AD058": ("ADTTE", "CNSR", 1, parameter("OS", CNSR=0)),
    "AD059": ("ADTTE", "ADT", dt.date(2019, 5, 5), parameter("PFS", CNSR=0)),
    "AD060": ("ADRS", "AVALC", "partial", parameter("BOR")),
    "AD061": ("ADRS", "AVALC", "yes", parameter("CRSP")),
    "AD062": ("ADRS", "AVAL", 1.0, parameter("BOR", AVALC="SD")),
    "AD063": ("ADRS", "AVALC", "CR", parameter("BOR", AVALC="SD")),
    "AD064": ("ADRS", "AVALC", "CR", parameter("CBOR", AVALC="SD")),
    "AD065": ("ADRS", "ADT", dt.date(2029, 1, 1), parameter("CRSP", AVALC="Y")),
    "AD066": ("ADRS", "AVALC", "Y", parameter("BCP", AVALC="N")),
    "AD068": ("ADSL", "DTHFL", None, lambda row: row["DTHFL"] == "Y"),
    "AD069": ("ADSL", "LSTALVDT", dt.date(2030, 1, 1), lambda row: row["DTHFL"] == "Y"),
    "AD070": ("ADSL", "TRTSDT", None, anything),
    "AD071": ("ADAE", "ATOXGR", "6", anything),
    "AD072": ("ADAE", "ASTDT", dt.date(2001, 1, 1), lambda row: row["TRTEMFL"] == "Y"),
    "AD073": ("ADAE", "AETOXGR", "5", anything),
    "AD077": ("ADTTE", "AVAL", "abc", anything),
    "AD078": ("ADAE", "TRTEMFL", None, lambda row: row["TRTEMFL"] == "Y" and row["ASTDY"] > 1),
    "AD074": ("ADAE", "AEOUT", "FATAL", anything),
    "AD075": ("ADAE", "AOCCFL", "Y", lambda row: row["AOCCFL"] is None),
}  # fmt: skip


NAMES_ANOTHER = {"AD011", "AD012", "AD029", "AD035", "AD036", "AD040", "AD057"}
"""Rules about two records, or of which the first value met counts: they may name the other one."""


@pytest.mark.parametrize("name", CELLS)
def test_a_value_that_breaks_the_rule_is_found_where_it_stands(name: str) -> None:
    tables = dict(exported("tqb2450-ib-02"))
    dataset, variable, value, where = CELLS[name]
    before = list(RULES[name].check(folder_of(tables)))
    number = put(tables, dataset, variable, value, where)
    found = list(RULES[name].check(folder_of(tables)))

    assert before == []
    records = {one.record for one in found if one.dataset == dataset}
    assert name in NAMES_ANOTHER or number in records
    assert found
    assert all(one.message for one in found)


def bad_dataset_name(tables: Tables) -> None:
    tables["ADAE"] = replace(tables["ADAE"], name="adverse-events")


def bad_variable_name(tables: Tables) -> None:
    rename(tables, "ADAE", "AETERM", "adverse.term")


def twice(tables: Tables) -> None:
    rename(tables, "ADAE", "AETERM", "AEDECOD")


def long_label(tables: Tables) -> None:
    rename(tables, "ADAE", "AETERM", "AETERM", "x" * 41)


def no_label(tables: Tables) -> None:
    rename(tables, "ADAE", "AETERM", "AETERM", "")


def other_label(tables: Tables) -> None:
    rename(tables, "ADAE", "AETERM", "AETERM", "Something else")


def without_adsl(tables: Tables) -> None:
    del tables["ADSL"]


def again(name: str, record: int) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        dataset = tables[name]
        rows = list(dataset.rows())
        tables[name] = Dataset.of(
            dataset.name, dataset.label, dataset.variables, [*rows, rows[record - 1]]
        )

    return change


def empty(tables: Tables) -> None:
    dataset = tables["ADAE"]
    tables["ADAE"] = Dataset.of(dataset.name, dataset.label, dataset.variables, [])


def without(name: str, *variables: str) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        for variable in variables:
            drop(tables, name, variable)

    return change


def after_death(tables: Tables) -> None:
    dead = {
        s
        for s, d in zip(*(tables["ADSL"].column(n) for n in ("USUBJID", "DTHDT")), strict=True)
        if d
    }
    put(tables, "ADRS", "ADT", dt.date(2031, 1, 1),
        lambda row: row["PARAMCD"] == "OVR" and row["USUBJID"] in dead)  # fmt: skip


SHAPES: dict[str, Callable[[Tables], None]] = {
    "AD001": bad_dataset_name,
    "AD002": bad_variable_name,
    "AD003": twice,
    "AD004": long_label,
    "AD005": no_label,
    "AD008": without_adsl,
    "AD010": again("ADSL", 3),
    "AD013": empty,
    "AD015": again("ADTR", 5),
    "AD016": again("ADAE", 5),
    "AD017": without("ADRS", "PARAM"),
    "AD018": without("ADTTE", "CNSR"),
    "AD019": without("ADSL", "SEX"),
    "AD025": other_label,
    "AD055": again("ADTTE", 2),
    "AD067": after_death,
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_that_breaks_the_rule_is_found(name: str) -> None:
    tables = dict(exported("tqb2450-ib-02"))
    before = list(RULES[name].check(folder_of(tables)))
    SHAPES[name](tables)

    assert before == []
    assert list(RULES[name].check(folder_of(tables)))


LABS = {
    "AD051": ("ADLB", "ANRLO", 1e9, filled("ANRHI")),
    "AD076": ("ADLB", "WORS01FL", "Y", lambda row: row["WORS01FL"] is None and row["ONTRTFL"]),
}


@pytest.mark.parametrize("name", LABS)
def test_a_laboratory_value_that_breaks_the_rule_is_found(name: str) -> None:
    tables = dict(exported("nct07388875"))
    dataset, variable, value, where = LABS[name]
    before = list(RULES[name].check(folder_of(tables)))
    put(tables, dataset, variable, value, where)

    assert before == []
    assert list(RULES[name].check(folder_of(tables)))


def test_an_analysis_grade_of_5_without_a_death_is_found() -> None:
    tables = dict(exported("tqb2450-ib-02"))
    put(tables, "ADAE", "ATOXGR", "5", anything)  # of the first subject, who is alive

    assert list(RULES["AD073"].check(folder_of(tables)))


def test_a_confirmed_response_without_a_date_or_assessments_is_found() -> None:
    tables = dict(exported("tqb2450-ib-02"))
    put(tables, "ADRS", "AVALC", "Y", parameter("CRSP", AVALC="N"))

    assert list(RULES["AD065"].check(folder_of(tables)))


def test_a_word_among_the_numbers_of_a_csv_is_found_alone(tmp_path: Path) -> None:
    export_study(STUDIES / "tqb2450-ib-02", "adam", tmp_path, ["csv"])
    with (tmp_path / "adtte.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    rows[4][rows[0].index("AVAL")] = "abc"
    with (tmp_path / "adtte.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    found = validate_folder(tmp_path).breaches

    texts = [(one.record, one.message) for rule, one in found if rule.id == "AD077"]
    assert texts == [(4, "is the text 'abc'")]


DEFINED = {
    "AD021": lambda d: d.pop("ADAE"),
    "AD022": lambda d: d["ADAE"].labels.pop("AETERM"),
    "AD023": lambda d: d["ADAE"].labels.update(AETERM="Something else"),
    "AD024": lambda d: d["ADSL"].codes.update(SEX=frozenset({"X"})),
}


@pytest.mark.parametrize("name", DEFINED)
def test_a_difference_from_define_xml_is_found(name: str) -> None:
    tables = exported("tqb2450-ib-02")
    define = {
        one.name: Described({v.name: v.label for v in one.variables}, {}, ())
        for one in tables.values()
    }
    before = list(RULES[name].check(folder_of(tables, define)))
    DEFINED[name](define)

    assert before == []
    assert list(RULES[name].check(folder_of(tables, define)))


@pytest.mark.parametrize(("grade", "breaches"), [("Grade 3", 0), ("GRADE 5", 0), ("Grade 6", 1)])
def test_an_analysis_grade_may_be_in_words(grade: str, breaches: int) -> None:
    tables = dict(exported("nct07388875"))
    number = put(tables, "ADAE", "ATOXGR", grade, lambda _: True)
    found = list(RULES["AD071"].check(folder_of(tables)))

    assert [one.record for one in found] == [number] * breaches


def test_the_page_lists_every_rule_as_it_is() -> None:
    page = (STUDIES.parent / "docs" / "commands" / "validate.md").read_text(encoding="utf-8")
    listed = [line for line in page.splitlines() if line.startswith("| AD")]

    assert listed == [f"| {r.id} | {r.severity} | {r.says} |" for _, r in sorted(RULES.items())]


def test_every_rule_has_a_breach_above() -> None:
    assert len(RULES) >= 40
    assert set(RULES) == {*CELLS, *SHAPES, *LABS, *DEFINED}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tqb2450-ib-02", "gastric-xelox", "nct07388875", "nct07083375"])
@pytest.mark.parametrize("format_name", ["xpt", "csv", "parquet", "ndjson"])
def test_our_own_exports_have_no_error(name: str, format_name: str, tmp_path: Path) -> None:
    export_study(STUDIES / name, "adam", tmp_path, (format_name,))
    answer = validate_folder(tmp_path)

    assert [one for rule, one in answer.breaches if rule.severity == "error"] == []
    assert answer.findings == ()
    assert answer.exit_status == 0


def run(*arguments: object):
    return CliRunner().invoke(app, ["validate", *map(str, arguments)])


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    export_study(STUDIES / "gastric-xelox", "adam", tmp_path, ("csv",))
    path = tmp_path / "adtte.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(",28.0,", ",-28.0,"), encoding="utf-8")
    return tmp_path


def test_an_error_ends_with_1_and_text_csv_and_json_tell_the_same(broken: Path) -> None:
    text, table, program = run(broken), run(broken, "--csv"), run(broken, "--json")
    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    found = json.loads(program.stdout)

    assert (text.exit_code, table.exit_code, program.exit_code) == (1, 1, 1)
    assert "AD054 error: A time is not negative" in text.stdout
    assert "ADTTE:1 AVAL" in text.stdout
    assert [row["rule"] for row in rows] == [row["rule"] for row in found["breaches"]]
    assert found["errors"] == sum(row["severity"] == "error" for row in rows) > 0


BAD_FILES = [
    ("adsl.xpt", b"SAS? no", "none of XPT"),
    ("adsl.json", b"{", "is not JSON"),
    ("adsl.parquet", b"PAR1 and nothing", ""),
    ("adsl.csv", b"PK\x03\x04 a zip archive", "is a zip archive, which is not read"),
    ("adsl.csv", b"<html></html>", "is XML, which is not read"),
    ("adsl.csv", b"", "is empty"),
    ("adsl.csv", b"STUDYID,USUBJID\nS1\n", "the row has 1 fields, the header 2"),
    ("adsl.csv", b"STUDYID\n\xff\xfe\n", "UTF-8"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD_FILES)
def test_a_file_that_cannot_be_read_is_one_line_and_an_error(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    answer = validate_folder(tmp_path)

    assert answer.exit_status == 1
    assert len(answer.findings) == 1
    assert message in str(answer.findings[0])
    assert "\n" not in str(answer.findings[0])


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE ODM [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<ODM>&b;</ODM>"
)
BAD_DEFINES = [
    (BOMB, "holds a DOCTYPE; remove it"),
    ("<ODM>", "is not XML"),
    ("<ODM/>", "describes no data set"),
]


@pytest.mark.parametrize(("text", "message"), BAD_DEFINES)
def test_a_define_xml_that_is_none_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "adsl.csv").write_text("STUDYID,USUBJID\nS,1\n", encoding="utf-8")
    (tmp_path / "define.xml").write_text(text, encoding="utf-8")
    shown = run(tmp_path)

    assert shown.exit_code == 1
    assert message in shown.stderr
    assert len(shown.stderr.strip().splitlines()) == 1


def test_no_folder_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a folder"):
        read_folder(tmp_path / "nothing")
    with pytest.raises(InputError, match="holds no data set"):
        read_folder(tmp_path)


@given(st.binary(max_size=400), st.sampled_from(["a.xpt", "a.json", "a.parquet", "a.csv"]))
def test_any_bytes_give_a_table_or_a_typed_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(content)
    problem = ""
    try:
        assert len(read_file(path)) >= 0
    except InputError as error:
        problem = str(error.findings[0])

    assert "\n" not in problem


def test_dates_and_numbers_of_a_csv_are_read_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "adtte.csv"
    path.write_text(
        "USUBJID,ADT,AVAL,XDT,SUBJID\nS,2020-01-02,3.5,05MAR2020,007\n", encoding="utf-8"
    )
    columns = read_file(path).columns

    assert columns["ADT"] == [dt.date(2020, 1, 2)]
    assert columns["XDT"] == [dt.date(2020, 3, 5)]
    assert columns["AVAL"] == [3.5]
    assert columns["SUBJID"] == ["007"]


def test_a_variable_of_the_wrong_kind_is_found_not_crashed_on() -> None:
    variables = [Variable("STUDYID"), Variable("USUBJID"), Variable("PARAMCD"), Variable("AVAL"),
                 Variable("BASE"), Variable("ABLFL"), Variable("CNSR"), Variable("ADT")]  # fmt: skip  # noqa: E501
    text = Dataset.of("ADTTE", "", variables, [("S", "1", "OS", "long", "x", "Y", "no", "soon")])
    folder = folder_of({"ADTTE": text})

    found = {rule.id for rule in RULES.values() if list(rule.check(folder))}
    assert {"AD030", "AD052"} <= found


ANY = st.none() | st.sampled_from(["Y", "N", "OS", "PFS", "CR", "x", "5"]) | st.floats(-9, 9)
ANY |= st.integers(-9, 9) | st.dates(dt.date(2020, 1, 1), dt.date(2020, 3, 1))
EVERY = [
    "USUBJID",
    "STUDYID",
    "PARAMCD",
    "PARAM",
    "AVAL",
    "AVALC",
    "AVALU",
    "BASE",
    "CHG",
    "PCHG",
    "NADIR",
    "CHGNAD",
    "PCHGNAD",
    "ABLFL",
    "CNSR",
    "ADT",
    "STARTDT",
    "ADY",
    "TRTSDT",
    "TRTEDT",
    "TRTDURD",
    "AGE",
    "SEX",
    "SAFFL",
    "DTHFL",
    "DTHDT",
    "LSTALVDT",
    "AETOXGR",
    "ATOXGR",
    "AEOUT",
    "ASTDT",
    "AENDT",
    "TRTEMFL",
    "AOCCFL",
    "ANRLO",
    "ANRHI",
    "WORS01FL",
    "SRCDOM",
    "SRCVAR",
    "SRCSEQ",
    "ASEQ",
    "EVNTDESC",
    "CNSDTDSC",
]


@given(st.data(), st.sampled_from(["ADSL", "ADRS", "ADTTE", "ADTR", "ADAE", "ADLB"]))
def test_no_value_of_any_kind_breaks_a_rule_itself(data: st.DataObject, name: str) -> None:
    columns = {one: data.draw(st.lists(ANY, min_size=3, max_size=3)) for one in EVERY}
    dataset = Dataset(name, "", tuple(map(Variable, EVERY)), tuple(columns.values()))
    table = Table(f"{name.lower()}.csv", dataset, columns)
    folder = DataFolder(Path("adam"), {name: table, "ADSL": table})

    assert all(one.dataset for rule in RULES.values() for one in rule.check(folder))
