"""``onearm table``: every table in every format, opened again by another program."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.pipeline.run import analyse
from onearm.report.catalogue import ENTRIES
from onearm.report.model import Column, Line, Table, phrase
from onearm.report.rtf import escaped

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "studies" / "tqb2450-ib-02"


def onearm(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["table", *arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def analysed():
    return analyse(STUDY)


@pytest.fixture
def analysed_once(monkeypatch, analysed):
    """Let the command make each table of the same analysis."""

    def known(study):
        assert Path(study) == STUDY
        return analysed

    monkeypatch.setattr("onearm.pipeline.table.analyse", known)


@pytest.fixture(scope="module")
def rows(analysed):
    return {row.id: row for row in analysed.results.rows}


# What R users call these tables: the catalogue of tables of the pharmaverse package chevron.
@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("DMT01", "baseline"), ("dst01", "disposition"), ("EXT01", "exposure"), ("AET01", "safety"),
        ("AET02", "events"), ("AET10", "common-events"), ("RSPT01", "response"),
        ("ONCT05", "response-by-subgroup"), ("TTET01", "times"), ("DORT01", "duration-of-response"),
        ("PDT01", "deviations"), ("DTHT01", "deaths"), ("AET04", "events-by-grade"),
        ("AET01_AESI", "special-interest"), ("LBT07", "laboratory-grades"),
        ("LBT14", "laboratory-shift"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("analysed_once")
def test_a_table_has_the_name_that_r_users_know(alias, name):
    status, shown, _ = onearm(str(STUDY), alias, "--json")

    assert status == 0
    assert json.loads(shown)["name"] == name


def test_no_name_or_alias_means_two_tables():
    names = [name.lower() for one in ENTRIES for name in (one.name, *one.aliases)]

    assert len(set(names)) == len(names)


@pytest.mark.usefixtures("analysed_once")
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_number_of_a_table_is_a_result(entry, rows):
    status, shown, _ = onearm(str(STUDY), entry.name, "--json")
    table = json.loads(shown)

    assert status == 0
    results = [one for line in table["lines"] for cell in line["cells"] for one in cell["results"]]
    assert {one["id"] for one in results} <= rows.keys()
    assert bool(table["lines"]) is (table["absence"] is None)
    if entry.is_listing:
        assert all(line["source"] for line in table["lines"] if line["cells"])


def test_the_csv_has_the_cells_of_the_table():
    table = json.loads(onearm(str(STUDY), "RSPT01", "--json")[1])
    _, *lines = csv.reader(io.StringIO(onearm(str(STUDY), "RSPT01", "--format", "csv")[1]))
    cells = [[cell["text"] for cell in line["cells"]] for line in table["lines"]]

    assert [line[1:] for line in lines] == [one or [""] * 5 for one in cells]


def test_word_holds_a_real_table_with_a_heading_that_repeats(tmp_path):
    docx = pytest.importorskip("docx")
    path = tmp_path / "t.docx"
    assert onearm(str(STUDY), "RSPT01", "--format", "docx", "--out", str(path))[0] == 0
    table = json.loads(onearm(str(STUDY), "RSPT01", "--json")[1])
    (found,) = docx.Document(str(path)).tables

    assert found.rows[0]._tr.trPr.xpath("w:tblHeader")
    cells = [[cell.text for cell in row.cells][1:] for row in found.rows[1:]]
    wanted = [[cell["text"] for cell in line["cells"]] for line in table["lines"]]
    assert [row for row, line in zip(cells, wanted, strict=True) if line] == [
        w for w in wanted if w
    ]


@pytest.mark.parametrize("kind", ["docx", "rtf", "html", "csv", "text"])
def test_the_same_study_gives_the_same_bytes(tmp_path, kind):
    pytest.importorskip("docx")
    paths = [tmp_path / f"{i}.{kind}" for i in range(2)]
    for path in paths:
        assert onearm(str(STUDY), "DMT01", "--format", kind, "--out", str(path))[0] == 0

    assert paths[0].read_bytes() == paths[1].read_bytes()
    if kind == "docx":
        entries = zipfile.ZipFile(paths[0]).infolist()
        assert {one.date_time for one in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_no_text_is_a_command_of_rtf():
    assert escaped("\\par {b} é 中 😀") == (
        "\\\\par \\{b\\} \\uc1\\u233* \\uc1\\u20013* \\uc1\\u-10179*\\uc1\\u-8704*"
    )


HOSTILE = ("\\par \\b0", "{brace}", "é 中文", "=cmd|' /C calc'!A0", "<b>&amp;", "a\tb")


@pytest.mark.needs("libreoffice")
def test_hostile_texts_come_unharmed_out_of_word_and_rtf(tmp_path):
    import subprocess

    from onearm.report.rtf import render_rtf
    from onearm.report.word import render_table_docx

    lines = tuple(Line(phrase(text), (phrase(text),)) for text in HOSTILE)
    table = Table("t", "Table 1", HOSTILE[0], HOSTILE[1], "Text", (Column("Again", None, True),),
                  lines, (phrase(HOSTILE[2]),))  # fmt: skip
    (tmp_path / "t.rtf").write_bytes(render_rtf([table], "S\\1"))
    (tmp_path / "w.docx").write_bytes(render_table_docx(table, "S\\1"))
    subprocess.run(
        ["libreoffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
         "--convert-to", "txt:Text (encoded):UTF8", "--outdir", str(tmp_path / "out"),
         str(tmp_path / "t.rtf"), str(tmp_path / "w.docx")],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip

    for name in ("t", "w"):
        text = (tmp_path / "out" / f"{name}.txt").read_text("utf-8-sig")
        for hostile in HOSTILE:
            assert " ".join(hostile.split()) in " ".join(text.split()), (name, hostile)


REFUSED = [  # arguments, what stands on standard error, exit status
    (("RSPT1",), "no table 'RSPT1'; did you mean 'rspt01'?", 1),
    (("zzz",), "no table 'zzz'; known are flow, disposition", 1),
    (("RSPT01", "--format", "xls"), "must be one of text, html, csv, docx, rtf; got 'xls'", 1),
    (("RSPT01", "--profile", "journals"), "did you mean 'journal'?", 1),
    (("RSPT01", "--format", "rtf"), "the format rtf needs a file: add --out response.rtf", 1),
    (("RSPT01", "--out", "/proc/nothing/t.txt"), "/proc/nothing", 1),
    (("RSPT01", "--out", "/tmp"), "--out must be a file; /tmp is a folder", 1),
    ((), "give the NAME of a table, or --list", 2),
    (("RSPT01", "--list"), "give the NAME of a table, or --list", 2),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message", "expected"), REFUSED)
def test_bad_input_is_one_clear_line(arguments, message, expected):
    status, _, error = onearm(str(STUDY), *arguments)

    assert status == expected
    assert message in error
    assert "Traceback" not in error
    assert expected == 2 or len(error.strip().splitlines()) == 1


def test_the_list_names_every_table():
    shown = onearm(str(STUDY), "--list")[1]

    assert all(f"\n{entry.name} " in shown for entry in ENTRIES)
