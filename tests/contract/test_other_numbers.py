"""Another program's numbers: the file, the comparison of one number, and the command."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.errors import InputError, ResultError
from onearm.io.other_numbers import OtherNumbers, read_other_numbers
from onearm.io.results import results_text
from onearm.pipeline.compare_numbers import beside
from onearm.results.model import Results, Row
from onearm.results.other_numbers import agreement
from onearm.terms import Kind

ROOT = Path(__file__).parents[2]


def row(kind: Kind, value: float | None, result_id: str = "x/all/estimate", **more: object) -> Row:
    analysis, group, *item, statistic = result_id.split("/")
    note = "not reached" if value is None and not more else None
    return Row(
        result_id, analysis, "default", "treated", group, item[0] if item else None, statistic,
        kind, value, note=note, **more,
    )  # fmt: skip


AGREEMENTS = [  # kind, ours, theirs, digits, unit, whether they agree, how they were compared
    (Kind.PROPORTION, 11 / 30, "36.67", None, "percent", True, "2 decimals"),
    (Kind.PROPORTION, 11 / 30, "36.66", None, "percent", False, "2 decimals"),
    (Kind.PROPORTION, 11 / 30, "36.7", None, "percent", True, "1 decimal"),
    (Kind.PROPORTION, 11 / 30, "36.7", 2, "percent", False, "2 decimals"),  # it means 36.70
    (Kind.PROPORTION, 11 / 30, "36.66667", 2, "percent", True, "2 decimals"),
    (Kind.PROPORTION, 11 / 30, "0.367", None, None, True, "3 decimals"),
    (Kind.PROPORTION, 11 / 30, "0.367", None, "proportion", True, "3 decimals"),
    (Kind.PROPORTION, 11 / 30, "36.67", None, None, False, "2 decimals"),  # never unasked
    (Kind.PROPORTION, 11 / 30, "3.67e-1", None, None, True, "3 decimals"),
    (Kind.PROPORTION, 11 / 30, "0.366666667", None, None, True, "9 decimals"),
    (Kind.PROPORTION, 11 / 30, "0.366666668", None, None, False, "9 decimals"),
    (Kind.PROPORTION, 11 / 30, "0.36666666666666664", None, None, True, "relative 1e-9"),
    (Kind.PROPORTION, 11 / 30, "0.36666666668", None, None, True, "relative 1e-9"),
    (Kind.PROPORTION, 11 / 30, "0.36666667000", None, None, False, "relative 1e-9"),
    (Kind.PROPORTION, 11 / 30, "36.666666666667", None, "percent", True, "relative 1e-9"),
    (Kind.PROPORTION, 0.0, "0.00", None, "percent", True, "2 decimals"),
    (Kind.DURATION, 239, "239", None, None, True, "0 decimals"),
    (Kind.DURATION, 239, "7.85", None, "months", True, "2 decimals"),  # 239 / 30.4375 = 7.852
    (Kind.DURATION, 239, "7.86", None, "months", False, "2 decimals"),
    (Kind.DURATION, 239, "7.8521560575", None, "months", True, "relative 1e-9"),
    (Kind.DURATION, None, "NA", None, None, True, "no number"),
    (Kind.DURATION, None, ".", None, "months", True, "no number"),
    (Kind.DURATION, None, "Inf", None, None, True, "no number"),
    (Kind.DURATION, None, "239", None, None, False, "no number"),
    (Kind.DURATION, 239, "NA", None, None, False, "no number"),
    (Kind.PERCENT_CHANGE, -30.04, "-30.0", None, None, True, "1 decimal"),
    (Kind.PERCENT_CHANGE, -30.04, "-0.3004", None, "proportion", True, "4 decimals"),
    (Kind.COUNT, 11, "11", None, None, True, "0 decimals"),
    (Kind.COUNT, 11, "11.0", None, None, True, "1 decimal"),
    (Kind.COUNT, 11, "12", None, None, False, "0 decimals"),
    (Kind.QUANTITY, 32.5, "32.5", None, None, True, "1 decimal"),
    (Kind.P_VALUE, 0.0312, "0.031", None, None, True, "3 decimals"),
    (Kind.P_VALUE, 0.00004, "<.0001", None, None, True, "below"),
    (Kind.P_VALUE, 0.0004, "<.0001", None, None, False, "below"),
]


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "digits", "unit", "agrees", "manner"), AGREEMENTS
)
def test_a_number_agrees_or_does_not(
    kind: Kind,
    ours: float | None,
    theirs: str,
    digits: int | None,
    unit: str | None,
    agrees: bool,
    manner: str,
) -> None:
    found = agreement(row(kind, ours), theirs, digits=digits, unit=unit)

    assert (found.agrees, found.manner) == (agrees, manner)


@pytest.mark.parametrize(("theirs", "agrees"), [("Y", True), ("N", False), ("y", False)])
def test_a_code_is_compared_as_text(theirs: str, agrees: bool) -> None:
    assert agreement(row(Kind.CODE, None, code="Y"), theirs).agrees is agrees


NOTES = [  # kind, ours, theirs, unit, the note beside the difference
    (Kind.PROPORTION, 11 / 30, "36.67", None, "would agree in percent: state the unit"),
    (Kind.PROPORTION, 11 / 30, "0.367", "percent", "would agree in proportion: state the unit"),
    (Kind.DURATION, 239, "7.85", None, "would agree in months: state the unit"),
    (Kind.PROPORTION, 0.125, "12", "percent", "half-way, and is rounded away from zero"),
    (Kind.DURATION, None, "4.8", None, "not reached"),
]


@pytest.mark.parametrize(("kind", "ours", "theirs", "unit", "note"), NOTES)
def test_a_difference_says_what_is_known_of_it(
    kind: Kind, ours: float | None, theirs: str, unit: str | None, note: str
) -> None:
    found = agreement(row(kind, ours), theirs, unit=unit)

    assert not found.agrees
    assert note in (found.note or "")


REFUSED = [  # kind, theirs, unit, what is said
    (Kind.COUNT, "11", "months", "unit must be left empty for x/all/estimate, a count"),
    (Kind.DURATION, "11", "percent", "unit must be days or months for x/all/estimate, a duration"),
    (Kind.DURATION, "abc", None, "value must be a number; got 'abc' for x/all/estimate"),
    (Kind.DURATION, "7,85", None, "value must be a number with a decimal point, not a comma"),
    (Kind.PROPORTION, "36.67%", None, "without a percent sign (state the unit percent)"),
    (Kind.PROPORTION, "<0.001", None, "value must be a number; got '<0.001'"),
]


@pytest.mark.parametrize(("kind", "theirs", "unit", "said"), REFUSED)
def test_a_value_or_unit_that_does_not_suit_the_result_is_refused(
    kind: Kind, theirs: str, unit: str | None, said: str
) -> None:
    with pytest.raises(ResultError) as raised:
        agreement(row(kind, 11), theirs, unit=unit)

    assert said in str(raised.value)


def read(tmp_path: Path, text: str) -> OtherNumbers:
    path = tmp_path / "sas.csv"
    path.write_text(text, encoding="utf-8")
    return read_other_numbers(path)


def test_the_parts_of_an_id_make_the_id(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "analysis,variant,group,item,statistic,value\n"
        "orr,default,all,,lower,1\norr,wilson,all,,lower,2\npfs,,all,step:41,survival,3\n",
    )

    assert [n.id for n in found.numbers] == [
        "orr/all/lower",
        "orr.wilson/all/lower",
        "pfs/all/step:41/survival",
    ]


def test_two_programs_may_give_one_result_and_other_columns_are_named(tmp_path: Path) -> None:
    text = "id,value,program,remark\norr/all/count,11,SAS,a\n\norr/all/count, 11 ,R,b\n"
    found = read(tmp_path, text)

    assert [(n.program, n.value, n.place.line) for n in found.numbers] == [
        ("SAS", "11", 2),
        ("R", "11", 4),
    ]
    assert found.left_out == ("remark",)


BAD = [  # the file, every line that is said
    ("", ["sas.csv: is empty"]),
    ("id,value\n", ["sas.csv:1: holds a header and no number"]),
    ("id,val\na,1\n", ["sas.csv:1: the column 'value' is missing; did you mean 'val'?"]),
    (
        "analysis,group,value\na,b,1\n",
        ["sas.csv:1: the column 'statistic' is missing"],
    ),
    ("id;value\na;1\n", ["sas.csv:1: columns must be parted by commas; got semicolons"]),
    (
        "id,group,value\na,b,1\n",
        [
            (
                "sas.csv:1: must name a result by id or by analysis, group, statistic, not both; "
                "got group"
            )
        ],
    ),
    (
        "id,value,digit\na,1,2\n",
        ["sas.csv:1: 'digit' is no column that is read; did you mean 'digits'?"],
    ),
    ("id,value,value\na,1,1\n", ["sas.csv:1: the column 'value' stands twice"]),
    (
        "id,value\na,1\na,2\n,3\nb,\nc,1,2\n",
        [
            "sas.csv:3: a stands here again; first in line 2",
            "sas.csv:4: id must not be empty",
            "sas.csv:5: value must not be empty; write NA where the program gives none",
            "sas.csv:6: must have 2 cells, as the header has; got 3",
        ],
    ),
    (
        "id,value,unit,digits\na,1,mnths,\nb,1,,x\nc,1,,16\n",
        [
            (
                "sas.csv:2: unit must be one of days, months, percent, proportion; got 'mnths'; "
                "did you mean 'months'?"
            ),
            "sas.csv:3: digits must be a whole number from 0 to 15; got 'x'",
            "sas.csv:4: digits must be a whole number from 0 to 15; got '16'",
        ],
    ),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_bad_file_is_told_with_every_line(tmp_path: Path, text: str, said: list[str]) -> None:
    with pytest.raises(InputError) as raised:
        read(tmp_path, text)

    assert str(raised.value).splitlines() == said


OURS = Results(
    (
        row(Kind.COUNT, 11, "orr/all/count"),
        row(Kind.PROPORTION, 11 / 30, "orr/all/estimate"),
        row(Kind.DURATION, 239, "pfs/all/median"),
    )
)


def test_what_has_no_partner_is_listed_on_either_side(tmp_path: Path) -> None:
    others = read(tmp_path, "id,value\norr/all/cuont,11\norr/all/estimate,0.367\n")
    found = beside(OURS, others, "ours", "sas.csv")
    text = found.as_text()

    assert [pair.verdict for pair in found.pairs] == ["no partner", "agrees"]
    assert "sas.csv:2; no result 'orr/all/cuont'; did you mean 'orr/all/count'?" in text
    assert "  orr/all: count\n  and 1 of pfs (with --json each)" in text
    assert text.endswith(
        "2 numbers of theirs: 1 agree, 0 differ, 1 without partner; 2 of ours without partner"
    )
    assert found.as_json()["ours_without_partner"] == ["orr/all/count", "pfs/all/median"]
    assert found.exit_status == 1


def test_values_that_do_not_suit_are_told_together_by_line(tmp_path: Path) -> None:
    others = read(tmp_path, "id,value,unit\norr/all/count,11,days\npfs/all/median,x,\n")

    with pytest.raises(InputError) as raised:
        beside(OURS, others, "ours", "sas.csv")

    assert [line.split(" ")[0] for line in str(raised.value).splitlines()] == [
        "sas.csv:2:",
        "sas.csv:3:",
    ]


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "results.json"
    path.write_text(results_text("S", OURS), encoding="utf-8")
    return path


def compare(*arguments: Path | str):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


@pytest.mark.parametrize(
    ("value", "status", "verdict"), [("11", 0, "agrees"), ("12", 1, "differs")]
)
def test_the_command_exits_with_1_when_a_number_differs(
    ours: Path, tmp_path: Path, value: str, status: int, verdict: str
) -> None:
    other = tmp_path / "numbers.txt"  # the content tells, not the name
    other.write_text(f"id,value\norr/all/count,{value}\n", encoding="utf-8")
    shown = compare(ours, other, "--json")

    assert shown.exit_code == status, shown.output
    (one,) = json.loads(shown.stdout)["comparisons"]
    assert (one["verdict"], one["theirs"], one["ours"], one["line"]) == (verdict, value, "11", 2)


def test_every_number_of_a_study_agrees_with_itself_at_full_precision(tmp_path: Path) -> None:
    from onearm.format import plain
    from onearm.pipeline.run import analyse

    rows = list(analyse(ROOT / "studies" / "tqb2450-ib-02").results.rows)
    other = tmp_path / "other.csv"
    with other.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)  # the name of an organ class holds a comma
        lines.writerow(("id", "value"))
        lines.writerows(
            (r.id, r.code or ("NA" if r.value is None else plain(r.value))) for r in rows
        )
    found = beside(Results(tuple(rows)), read_other_numbers(other), "ours", "other.csv")

    assert [pair.number for pair in found.pairs if pair.verdict != "agrees"] == []
    assert found.alone == ()


UNUSABLE = [  # name, content, what stands on standard error, in one line
    ("other.json", '{"a": 1}', 'must hold an object with a list "results"'),
    ("other.json", "{nothing", "is not JSON"),
    (
        "other.json",
        '{"format": 1, "results": [], "bases": [{"id": "x"}]}',
        "basis 'x' is not complete: 'subjects'",
    ),
    (
        "other.json",
        '{"format": 1, "results": [{"id": "x/all/a"}]}',
        "result 'x/all/a' is not complete",
    ),
    (
        "protocol.yaml",
        "protocol: 1\nstudy: {id: X}\n",
        (
            "must be a file of published numbers, with the keys expected, source and blocks; "
            "got protocol, study"
        ),
    ),
    ("other.csv", "id,number\nx/all/a,1\n", "the column 'value' is missing"),
    ("other.txt", "some words\n", "its first line is 'some words'"),
    ("other.txt", "\n \n", "is empty"),
]


@pytest.mark.parametrize(("name", "content", "said"), UNUSABLE)
def test_a_file_that_cannot_be_used_is_one_clear_line(
    ours: Path, tmp_path: Path, name: str, content: str, said: str
) -> None:
    other = tmp_path / name
    other.write_text(content, encoding="utf-8")
    shown = compare(ours, other)

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr.count("\n") == 1
    assert name in shown.stderr
    assert said in shown.stderr


def test_a_file_that_is_not_there_not_text_or_in_the_wrong_place_is_one_line(
    ours: Path, tmp_path: Path
) -> None:
    other = tmp_path / "sas.csv"
    other.write_text("id,value\norr/all/count,11\n", encoding="utf-8")
    image = tmp_path / "image.png"
    image.write_bytes(b"\x89PNG\xff")
    said = [
        (compare(ours, tmp_path / "no.csv"), "no such file"),
        (compare(tmp_path / "no.json", other), "no such file"),
        (compare(ours, image), "is not UTF-8 text"),
        (compare(other, ours), "SOURCE must be a study folder or a results.json; got a CSV"),
        (compare(ours), "needs something to compare with"),
        (compare(ours, tmp_path), "it must hold a protocol.yaml"),
    ]

    assert [shown.stderr for shown, words in said if words not in shown.stderr] == []
    assert {(shown.exit_code, shown.stderr.count("\n")) for shown, _ in said} == {(1, 1)}


def test_no_argument_is_wrong_usage() -> None:
    shown = compare()

    assert shown.exit_code == 2
    assert "Missing argument 'SOURCE'" in shown.stderr
