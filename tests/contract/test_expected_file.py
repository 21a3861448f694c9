"""The file of published numbers: what it says, and what it says of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest

from onearm.errors import InputError
from onearm.io.expected import Expected, parse_expected
from onearm.io.yaml import parse_yaml
from onearm.pipeline.compare import against
from onearm.results.model import Results, Row
from onearm.terms import Kind

HEAD = """\
expected: 1
source: A paper
blocks:
  - id: table-2
    where: Table 2
"""
COLUMNS = """\
    columns: {Total: {group: all}, ASPS: {group: asps}}
    form: "{count} ({estimate})"
    rows:
"""


def read(rows: str, head: str = HEAD + "    rows:\n") -> Expected:
    return parse_expected(parse_yaml(head + rows, "expected.yaml"))


def problems(rows: str, head: str = HEAD + "    rows:\n") -> list[str]:
    with pytest.raises(InputError) as raised:
        read(rows, head)
    return str(raised.value).splitlines()


def test_the_example_of_the_documentation_is_read() -> None:
    page = Path(__file__).parents[2] / "docs" / "expected.md"
    example = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]

    found = {p.id: p for p in parse_expected(parse_yaml(example, "expected.yaml"))}

    assert found["table-2/pd/total/count"].printed == "4"  # the id that the page names
    assert found["text/withdrew-consent/estimate"].expect == "differs"


def test_a_number_keeps_its_digits_its_place_and_its_meaning() -> None:
    (one,) = read("      - {what: ORR, result: orr/all/estimate, printed: 75.00, also: Abstract}\n")

    assert (one.id, one.what, one.printed) == ("table-2/orr", "ORR", "75.00")
    assert (one.where, one.result) == ("Table 2; Abstract", "orr/all/estimate")
    assert (one.expect, one.reason) == ("reproduced", None)


def test_a_cell_holds_as_many_numbers_as_its_form_names() -> None:
    rows = "      - {what: PD, result: 'bor/{group}/response:pd', printed: {Total: 4 (13.33)}}\n"

    found = [(p.id, p.printed, p.result, p.what) for p in read(rows, HEAD + COLUMNS)]

    assert found == [
        ("table-2/pd/total/count", "4", "bor/all/response:pd/count", "PD, Total: n"),
        ("table-2/pd/total/estimate", "13.33", "bor/all/response:pd/estimate", "PD, Total: %"),
    ]


def test_a_dash_is_one_entry_and_a_missing_cell_none() -> None:
    rows = "      - {what: PD, result: 'bor/{group}/response:pd', printed: {ASPS: —}}\n"

    assert [(p.printed, p.result) for p in read(rows, HEAD + COLUMNS)] == [
        ("—", "bor/asps/response:pd/count")
    ]


def test_a_reason_may_speak_of_a_row_a_column_a_statistic_or_one_number() -> None:
    rows = """\
      - what: PD
        result: bor/{group}/response:pd
        printed: {Total: 4 (13.33), ASPS: 1 (8.33)}
        differs: {ASPS estimate: because}
        note: {count: counted}
        also: {Total: Abstract, ASPS: [Abstract, Discussion]}
"""
    found = [(p.printed, p.expect, p.reason, p.where) for p in read(rows, HEAD + COLUMNS)]

    assert found == [
        ("4", "reproduced", "counted", "Table 2; Abstract"),
        ("13.33", "reproduced", None, "Table 2; Abstract"),
        ("1", "reproduced", "counted", "Table 2; Abstract; Discussion"),
        ("8.33", "differs", "because", "Table 2; Abstract; Discussion"),
    ]


BAD = [  # what is wrong, the rows (the first stands on line 7), the message
    (
        "a misspelt key",
        "      - {what: ORR, result: orr/all/count, printed: 11, cannot_chekc: no}\n",
        (
            "expected.yaml:7:57: 'cannot_chekc' is not a key of blocks[table-2].rows[1]; "
            "did you mean 'cannot_check'?"
        ),
    ),
    (
        "a difference without a reason",
        "      - {what: ORR, result: orr/all/count, printed: 11, differs: ~}\n",
        "expected.yaml:7:66: blocks[table-2].rows[1].differs must not be empty; got nothing",
    ),
    (
        "an empty reason",
        "      - {what: ORR, result: orr/all/count, printed: 11, differs: ''}\n",
        "expected.yaml:7:66: blocks[table-2].rows[1].differs must not be empty; got ''",
    ),
    (
        "no printed number",
        "      - {what: ORR, result: orr/all/count}\n",
        "expected.yaml:7:9: blocks[table-2].rows[1].printed is missing: the number as printed",
    ),
    (
        "a list for a number",
        "      - {what: ORR, result: orr/all/count, printed: [1, 2]}\n",
        "expected.yaml:7:53: blocks[table-2].rows[1].printed must be text; got a list",
    ),
    (
        "no result",
        "      - {what: ORR, printed: 11}\n",
        "expected.yaml:7:9: 'ORR' needs the id of a result, or cannot_check with the reason",
    ),
    (
        "a result that is no id",
        "      - {what: ORR, result: ORR of all, printed: 11}\n",
        "expected.yaml:7:29: must name a result, such as orr/all/lower; got 'ORR of all'",
    ),
    (
        "two rows with one id",
        (
            "      - {what: ORR, result: orr/all/count, printed: 11}\n"
            "      - {what: ORR, result: orr/asps/count, printed: 9}\n"
        ),
        (
            "expected.yaml:8:54: 'table-2/orr' stands here again; first in line 7; give one of the "
            "rows an id of its own"
        ),
    ),
    (
        "a number that stands twice",
        (
            "      - {what: ORR, result: orr/all/count, printed: 11}\n"
            "      - {what: Responders, result: orr/all/count, printed: 11}\n"
        ),
        (
            "expected.yaml:8:60: '11' for orr/all/count stands here again; first in line 7: name "
            "the place under 'also'"
        ),
    ),
    (
        "a cell that does not have its form",
        "      - {what: ORR, result: orr/all, form: '{count} ({estimate})', printed: 11}\n",
        "expected.yaml:7:77: must have the form '{count} ({estimate})'; got '11'",
    ),
    (
        "a form without a statistic",
        "      - {what: ORR, result: orr/all, form: n (%), printed: 11 (36.67)}\n",
        (
            "expected.yaml:7:44: blocks[table-2].rows[1].form must name each statistic once in "
            "braces, as in '{count} ({estimate})'; got 'n (%)'"
        ),
    ),
    (
        "a row without a cell",
        "      - {what: ORR, result: orr/all/count, printed: {}}\n",
        (
            "expected.yaml:7:53: blocks[table-2].rows[1].printed must not be empty; "
            "got keys with values"
        ),
    ),
    (
        "a column in a block without columns",
        "      - {what: ORR, result: orr/all/count, printed: {Total: 11}}\n",
        "expected.yaml:7:54: the block has no columns; got 'Total'",
    ),
    (
        "a reason for a number that is not there",
        (
            "      - {what: ORR, result: orr/all, form: '{count} ({estimate})', "
            "printed: 11 (36.67), differs: {estimat: x}}\n"
        ),
        "expected.yaml:7:99: 'estimat' is no number of this row; did you mean 'estimate'?",
    ),
    (
        "a number that differs and cannot be checked",
        "      - {what: ORR, result: orr/all/count, printed: 11, differs: x, cannot_check: y}\n",
        "expected.yaml:7:9: 'ORR' may differ or be beyond checking, not both",
    ),
    (
        "a key that stands twice",
        "      - {what: ORR, result: orr/all/count, printed: 11, printed: 12}\n",
        "expected.yaml:7:57: 'printed' stands here again; first in line 7",
    ),
]


@pytest.mark.parametrize(("rows", "message"), [case[1:] for case in BAD], ids=[c[0] for c in BAD])
def test_a_bad_file_says_what_is_wrong_and_where(rows: str, message: str) -> None:
    assert problems(rows) == [message]


def test_an_unknown_column_names_the_nearest() -> None:
    rows = "      - {what: PD, result: 'bor/{group}/response:pd', printed: {ASP: —}}\n"

    assert problems(rows, HEAD + COLUMNS) == [
        "expected.yaml:9:65: 'ASP' is no column of the block; did you mean 'ASPS'?"
    ]


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    rows = (
        "      - {what: ORR, printed: 11}\n"
        "      - {what: DCR, result: dcr, printed: 23}\n"
        "      - {what: CBR, result: cbr/all/count, printed: {Total: 14}}\n"
    )

    assert [line.split(":")[1] for line in problems(rows)] == ["7", "8", "9"]


def test_a_file_of_another_version_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected.yaml:1:11: expected must be 1; got 2"):
        parse_expected(parse_yaml("expected: 2\nsource: A paper\nblocks: []\n", "expected.yaml"))


def test_an_unknown_result_names_its_line_and_the_nearest() -> None:
    row = Row("orr/all/count", "orr", "default", "treated", "all", None, "count", Kind.COUNT, 11)
    expected = read(
        "      - {what: ORR, result: orr/al/count, printed: 11}\n"
        "      - {what: HBsAg, printed: 14, cannot_check: not in the data}\n"
    )

    with pytest.raises(InputError) as raised:
        against(Results((row,)), expected)

    assert str(raised.value) == (
        "expected.yaml:7:52: no result 'orr/al/count'; did you mean 'orr/all/count'?"
    )
