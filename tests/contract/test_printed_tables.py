"""The tables of a publication with our numbers: its cells as it prints them, or a mark and why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from onearm.pipeline.material import material_of
from onearm.pipeline.run import analyse
from onearm.report.catalogue import build_table, find_entry
from onearm.report.material import Material
from onearm.report.model import text_of
from onearm.report.printed_tables import printed_table
from onearm.report.shown import Shown
from onearm.results.model import Published
from onearm.results.published import compare

STUDIES = Path(__file__).parents[2] / "studies"
STUDY = STUDIES / "tqb2450-ib-02"
MARK = re.compile(r"\N{NO-BREAK SPACE}\[([a-z])\]")


@pytest.fixture(scope="module")
def found():
    return analyse(STUDY)


def table(found, name):
    material = material_of(found, found.comparisons)
    shown = Shown(found.results, found.study.protocol, material)
    return build_table(find_entry(name), shown)


def printed(block):
    """Return the cells that a table of the publication prints, as the file has them."""
    document = YAML(typ="rt").load((STUDY / "expected.yaml").read_text("utf-8"))
    [found] = [one for one in document["blocks"] if one["id"] == block]
    for row in found["rows"]:
        if row.get("where", found["where"]) == found["where"]:
            cells = row["printed"]
            yield row, list(cells.values()) if isinstance(cells, dict) else [cells]


def same(ours, theirs):
    """A number of YAML has lost its trailing zeros; a text has not."""
    return ours == theirs if isinstance(theirs, str) else float(ours) == float(theirs)


@pytest.mark.parametrize("block", ["table-1", "table-2", "table-3"])
def test_each_cell_is_as_printed_or_has_a_mark_with_its_reason(found, block):
    made = table(found, f"paper-{block}")
    notes = "\n".join(text_of(note) for note in made.footnotes)
    ours = [text_of(cell) for line in made.lines for cell in line.cells if text_of(cell)]
    theirs = [cell for _, cells in printed(block) for cell in cells]

    assert len(ours) == len(theirs)
    for mine, cell in zip(ours, theirs, strict=True):
        marks = MARK.findall(mine)
        assert marks or same(mine, cell)
        assert all(f"[{mark}] Printed " in notes for mark in marks)


def test_the_one_slip_of_table_1_is_marked(found):
    # Table 1 prints 5 (16.6) for a second earlier line; 5 of 30 is 16.67 %.
    made = table(found, "paper-table-1")
    marked = [text_of(cell) for line in made.lines for cell in line.cells if "[" in text_of(cell)]

    assert marked == ["5 (16.7)\N{NO-BREAK SPACE}[a]"]


def test_every_number_of_ours_is_a_result(found):
    known = found.results.by_id()
    for name in ("paper-table-1", "paper-table-2", "paper-table-3"):
        for line in table(found, name).lines:
            for cell in line.cells:
                bare = "".join(span.text for span in cell if span.result is None)
                assert not re.search(r"\d", bare)
                assert all(span.result in known for span in cell if span.result)


def test_a_table_without_published_numbers_says_so():
    other = analyse(STUDIES / "nct07388875")

    assert table(other, "paper-table-1").lines == ()
    assert "expected.yaml holds no number of Table S1" in table(other, "paper-table-s1").absence


def test_of_the_supplement_stands_what_the_text_cites(found):
    # Liu J, et al. Clin Cancer Res 2022;28:3473-9, Results, Safety: the four numbers that are
    # cited from Supplementary Table S1, which itself is not among the sources.
    made = table(found, "paper-table-s1")

    assert [(text_of(line.label), text_of(line.cells[0])) for line in made.lines] == [
        ("Hypothyroidism", "76.67"),
        ("Hypertriglyceridemia", "63.33"),
        ("Hypercholesterolemia", "60.00"),
        ("Elevated blood lactate dehydrogenase", "53.33"),
    ]
    assert [column.label for column in made.columns] == ["Any grade, %"]
    assert any("the text of the publication cites" in text_of(one) for one in made.footnotes)


def test_a_wrong_number_shows_ours_and_a_mark(found):
    wrong = Published("t/orr/estimate", "ORR", "Table 2", "40.00", "orr/all/estimate", "reproduced",
                      None, None, "ORR", "Total", "{estimate}")  # fmt: skip
    material = Material(comparisons=compare(found.results, [wrong]))
    made = printed_table(Shown(found.results, found.study.protocol, material), "Table 2")

    [line] = made.lines
    assert text_of(line.cells[0]) == "36.67\N{NO-BREAK SPACE}[a]"
    assert line.mark == "differs"
    assert text_of(made.footnotes[1]) == "[a] Printed 40.00, ours 36.67."
