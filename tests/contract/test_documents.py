"""The report as PDF, Word and RTF, opened again by other programs and held against the results."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.pipeline.documents import document_of, documents, plan_of
from onearm.pipeline.figure import trial_of
from onearm.pipeline.material import material_of
from onearm.pipeline.run import Analysed, analyse, provenance_of
from onearm.report.model import (
    Column,
    Document,
    Facts,
    Figure,
    Line,
    Paragraph,
    Section,
    Table,
    phrase,
    text_of,
)
from onearm.report.rtf import escaped
from onearm.report.widths import height_of, layout_of

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "studies" / "tqb2450-ib-02"
FORMATS = ("html", "pdf", "docx", "rtf")
PACKAGES = ("typst", "docx", "rtflite", "polars", "matplotlib")


@pytest.fixture(scope="module")
def found() -> Analysed:
    return analyse(STUDY)


def document(found: Analysed, outline: str) -> Document:
    material = material_of(found, found.comparisons, trial_of(found).courses)
    plan = plan_of(("html",), outline, None)
    return document_of(found, material, provenance_of(found.study), plan)


@pytest.fixture(scope="module", params=["paper", "csr"])
def report(request: pytest.FixtureRequest, found: Analysed) -> Document:
    for package in PACKAGES:
        pytest.importorskip(package)
    return document(found, request.param)


@pytest.fixture(scope="module")
def files(report: Document) -> dict[str, str | bytes]:
    return documents(report, plan_of(FORMATS, "paper", None), lambda step: None)


def tables_of(report: Document) -> list[Table]:
    blocks = (block for section in report.sections for block in section.blocks)
    return [block for block in blocks if isinstance(block, Table)]


def squeezed(text: str) -> str:
    """Return a text without blanks and hyphens at the end of a line: no program breaks alike."""
    return re.sub(r"\s|\N{SOFT HYPHEN}|\N{WORD JOINER}", "", text)


def in_order(text: str, parts: list[str]) -> str | None:
    """Return the first part that does not follow the ones before it in the text."""
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return part
        at += len(part)
    return None


def cells(table: Table) -> list[str]:
    """Return every cell of a table, line by line, as a program that opens it reads it."""
    lines = ([text_of(line.label), *map(text_of, line.cells)] for line in table.lines)
    return [squeezed(cell) for line in lines for cell in line]


RESULT_TABLES = ("table-response", "table-baseline", "table-times", "table-related-events")


@pytest.mark.slow
@pytest.mark.needs("pdftoppm")
def test_the_pdf_holds_every_cell_of_the_tables(report, files, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(files["report.pdf"])
    text = subprocess.run(
        ["pdftotext", "-raw", str(path), "-"], capture_output=True, text=True, check=True
    ).stdout
    text = squeezed(text)

    for table in tables_of(report):
        if table.id in RESULT_TABLES and table.lines:
            missing = {cell for cell in cells(table) if cell not in text}
            assert not missing, (table.id, missing)
    for section in report.sections:
        assert squeezed(section.title) in text


@pytest.mark.needs("pdftoppm")
def test_the_pdf_is_tagged_and_has_title_and_bookmarks(report, files, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(files["report.pdf"])
    about = subprocess.run(
        ["pdfinfo", str(path)], capture_output=True, text=True, check=True
    ).stdout
    raw = files["report.pdf"]

    assert re.search(r"Tagged: +yes", about)
    assert report.title[:40] in about
    assert "CreationDate:    Thu Jan  1" in about or "CreationDate" not in about
    assert b"/Outlines" in raw
    assert raw.count(b"/Alt") >= sum(
        isinstance(b, Figure) for s in report.sections for b in s.blocks
    )


def test_word_holds_every_cell_of_every_table(report, files):
    import io

    import docx

    word = docx.Document(io.BytesIO(files["report.docx"]))
    wanted = [table for table in tables_of(report) if table.lines]
    figures = [b for s in report.sections for b in s.blocks if isinstance(b, Figure)]

    assert len(word.tables) == len(wanted)
    for shown, table in zip(word.tables, wanted, strict=True):
        rows = [[cell.text for cell in row.cells] for row in shown.rows[1:]]
        lines = [[text_of(line.label), *map(text_of, line.cells)] for line in table.lines]
        assert [
            row if len(line) > 1 else row[:1] for row, line in zip(rows, lines, strict=True)
        ] == (lines)
    assert len(word.inline_shapes) == len(figures)
    described = [shape._inline.docPr.get("descr") for shape in word.inline_shapes]
    assert described == [figure.alternative for figure in figures]
    assert {p.text for p in word.paragraphs if p.style.name.startswith("Heading")} >= {
        section.title for section in report.sections
    }


@pytest.mark.slow
@pytest.mark.needs("libreoffice")
def test_libreoffice_opens_word_and_rtf_without_loss(report, files, tmp_path):
    for kind in ("docx", "rtf"):
        (tmp_path / f"{kind}.{kind}").write_bytes(files[f"report.{kind}"])
    subprocess.run(
        ["libreoffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
         "--convert-to", "txt:Text (encoded):UTF8", "--outdir", str(tmp_path),
         str(tmp_path / "docx.docx"), str(tmp_path / "rtf.rtf")],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip

    for kind in ("docx", "rtf"):
        text = squeezed((tmp_path / f"{kind}.txt").read_text("utf-8-sig"))
        for table in tables_of(report):
            if table.id in RESULT_TABLES and table.lines:
                assert in_order(text, cells(table)) is None, (kind, table.id)


def test_each_table_is_a_file_of_its_own_as_rtf(report, files):
    names = {f"rtf/{table.id.removeprefix('table-')}.rtf" for table in tables_of(report)}

    assert names == {name for name in files if name.startswith("rtf/")}
    assert all(files[name].startswith(b"{\\rtf1") for name in names)


@pytest.mark.slow
def test_the_same_study_gives_the_same_bytes_in_every_format(found, report, files):
    again = documents(report, plan_of(FORMATS, "paper", None), lambda step: None)

    assert again == files


def test_the_rtf_states_methods_inputs_and_versions_and_its_foot(report, files):
    text = files["report.rtf"].decode("ascii")
    facts = [block for s in report.sections for block in s.blocks if isinstance(block, Facts)]

    assert facts
    assert all(escaped(words) in text for block in facts for _, words in block.items)
    assert escaped(f"{report.study_id}  {report.foot}") in text


def test_who_is_not_evaluable_for_a_biomarker_is_named_with_the_reason():
    done = CliRunner().invoke(
        app, ["table", str(ROOT / "studies" / "nct07083375"), "biomarker-response"]
    )

    # The three subjects without a result of the marker in biomarkers.csv.
    assert "no result of slfn11 (QL-011, QL-021, QL-045)" in " ".join(done.stdout.split())


# A digit in a sentence of results belongs to a result, or to one of these.
NOT_RESULTS = re.compile(
    r"\d{4}-\d\d-\d\d"  # the data cut-off
    r"|\d+(\.\d+)? ?% CI|\d+%(?= CI)|95%"  # the level
    r"|(?:6|12|18|24)(?=[- ]months?)|at (?:6|12|18|24)"  # a landmark
    r"|grade \d"
    r"|RECIST 1\.1|TQB2450"
)


def test_no_number_of_a_results_sentence_stands_without_its_result(report, found):
    rows = found.results.by_id()
    sections = {"patients", "response", "times", "safety"}
    told = [
        block
        for section in report.sections
        if section.id in sections
        for block in section.blocks
        if isinstance(block, Paragraph)
    ]

    assert told
    for paragraph in told:
        bare = "".join("" if span.result else span.text for span in paragraph.spans)
        assert not re.search(r"\d", NOT_RESULTS.sub("", bare)), bare
        assert all(span.result in rows for span in paragraph.spans if span.result)


def test_every_line_of_a_listing_has_its_source(report):
    listings = [table for table in tables_of(report) if table.is_listing]

    for table in listings:
        assert all(line.source for line in table.lines if line.cells), table.id


def test_a_letter_that_the_face_lacks_is_marked_and_nothing_breaks():
    pytest.importorskip("typst")
    pytest.importorskip("matplotlib")
    from onearm.report.pdf import render_pdf

    table = Table("t", "Table 1", "中文 #strong[x]", "*all*", "$x$", (Column("= a"),),
                  (Line(phrase("\\par"), (phrase("#panic()"),)),))  # fmt: skip
    made = render_pdf(
        Document("T #", "S_1", None, Facts((("a", "*b*"),)), (), (Section("s", "= x", (table,)),),
                 {}, {})
    )  # fmt: skip

    assert made.startswith(b"%PDF-")


REFUSED = [  # arguments, what stands on standard error
    (("--formats", "html,pdff"), "format must be one of html, pdf, docx, rtf; got 'pdff'"),
    (("--formats", ""), "format must be one of html, pdf, docx, rtf; got ''"),
    (("--outline", "thesis"), "outline must be one of paper, csr; got 'thesis'"),
    (("--profile", "jurnal"), "did you mean 'journal'?"),
    (("--out", "/proc/nothing"), "/proc/nothing"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_bad_input_is_one_clear_line(arguments, message, tmp_path):
    given = ["run", str(STUDY), "--quiet", *arguments]
    if "--out" not in arguments:
        given += ["--out", str(tmp_path / "o")]
    done = CliRunner().invoke(app, given)

    assert done.exit_code == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("kind", "package"), [("pdf", "typst"), ("docx", "docx"), ("rtf", "rtflite")]
)
def test_a_missing_package_is_named_with_how_to_install_it(kind, package, monkeypatch, tmp_path):
    monkeypatch.setattr(
        "onearm.pipeline.documents.find_spec", lambda name: None if name == package else object()
    )
    done = CliRunner().invoke(
        app, ["run", str(STUDY), "--quiet", "--out", str(tmp_path / "o"), "--formats", kind]
    )

    assert done.exit_code == 1
    assert f"needs {package}, which is not installed: pip install 'onearm[report]'" in done.stderr


@pytest.mark.needs("pdftoppm")
def test_no_page_is_a_bare_heading_and_no_group_stands_alone_at_the_foot(report, files, tmp_path):
    (tmp_path / "report.pdf").write_bytes(files["report.pdf"])
    told = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "report.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()
    titles = {section.title for section in report.sections}
    labels = (
        text_of(line.label) for table in tables_of(report) for line in table.lines if not line.cells
    )
    groups = {label for label in labels if label.endswith("(%)")}
    assert groups
    for page in told.split("\f")[:-1]:
        *body, foot = [line.strip() for line in page.splitlines() if line.strip()]
        assert "Page" in foot
        assert set(body) - titles
        assert body[-1] not in groups


def methods_of(report: Document) -> dict[str, str]:
    facts = [b for section in report.sections for b in section.blocks if isinstance(b, Facts)]
    return dict(next(one.items for one in facts if "Software" in dict(one.items)))


@pytest.mark.slow
def test_the_methods_say_what_was_computed_and_nothing_else(found):
    said = methods_of(document(found, "paper"))
    assert "Aalen-Johansen" in said["Immune-related events"]
    assert "Biomarkers" not in said
    with_markers = methods_of(document(analyse(ROOT / "studies" / "nct07083375"), "paper"))
    assert "Fisher" in with_markers["Biomarkers"]
    assert "Holm" in with_markers["Biomarkers"]
    assert "ties by Efron" in with_markers["Biomarkers"]


def test_a_study_of_recorded_times_alone_tells_no_method_of_what_it_has_not():
    told = document(analyse(ROOT / "studies" / "gastric-xelox"), "paper")
    said = methods_of(told)
    assert "Proportions" not in said
    assert "CTCAE" not in said["Safety and description"]
    assert "Overall survival" not in said["Times to an event"]
    paragraphs = [
        b for section in told.sections for b in section.blocks if isinstance(b, Paragraph)
    ]
    assert text_of(paragraphs[0].spans).startswith("48 patients were enrolled and 48 treated.")


def test_the_pages_of_an_rtf_table_hold_every_line_once_and_each_has_its_heading():
    pytest.importorskip("rtflite")
    from onearm.report.rtf import render_rtf

    lines = tuple(Line(phrase(f"line {i}"), (phrase(f"cell {i}"),)) for i in range(150))
    table = Table("t", "Table 1", "Long", "All", "Stub", (Column("Heading"),), lines)
    text = render_rtf([table], "S").decode("ascii")
    first, *others = text.split("\\pagebb")

    assert re.findall(r"line \d+|cell \d+", text) == [
        word for i in range(150) for word in (f"line {i}", f"cell {i}")
    ]
    assert len(others) == 2  # 58 lines stand on a page in portrait
    assert all(page.count("Heading") == 1 for page in (first, *others))
    assert all("Table 1. Long (cont.)" in page for page in others)


@pytest.mark.needs("libreoffice")
@pytest.mark.parametrize("is_listing", [True, False])
def test_no_page_of_an_rtf_table_runs_over_into_one_without_a_heading(is_listing, tmp_path):
    pytest.importorskip("rtflite")
    from onearm.report.rtf import render_rtf

    lines = tuple(Line(phrase(f"line {i}"), (phrase("1"),)) for i in range(150))
    columns = (Column("Heading"),)
    table = Table("t", "Table 1", "Long", "All", "Stub", columns, lines, is_listing=is_listing)
    (tmp_path / "t.rtf").write_bytes(render_rtf([table], "S"))
    command = ["libreoffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/office"]
    command += ["--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "t.rtf")]
    subprocess.run(command, check=True, capture_output=True)
    told = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "t.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()

    assert all("Heading" in page for page in told.split("\f")[:-1])


def numbers(report: Document) -> list[tuple[str, str]]:
    """Return id and text of every number of the tables, in their order."""
    return [
        (span.result, span.text)
        for table in tables_of(report)
        for line in table.lines
        for cell in (line.label, *line.cells)
        for span in cell
        if span.result
    ]


def test_each_number_of_word_and_rtf_names_its_result(report, files):
    import io

    import docx

    word = docx.Document(io.BytesIO(files["report.docx"]))
    name = "{urn:onearm:results}result"
    runs = word.element.body.xpath(".//w:tbl//w:r")
    in_word = [(run.get(name), run.text) for run in runs if run.get(name)]
    found = re.findall(r"\{\\\*\\onearmresult ([^}]+)\}", files["report.rtf"].decode("ascii"))

    assert in_word == numbers(report)
    wanted = [name for name, _ in numbers(report)]
    assert set(wanted) <= set(found)


def test_the_contents_of_word_lead_to_each_heading(report, files):
    import io

    import docx

    body = docx.Document(io.BytesIO(files["report.docx"])).element.body
    anchors = body.xpath(".//w:hyperlink/@w:anchor")
    pages = [one.text.split()[1] for one in body.xpath(".//w:hyperlink//w:instrText")]
    marked = body.xpath(".//w:p[w:pPr/w:pStyle]/w:bookmarkStart/@w:name")

    assert anchors == pages == marked
    assert len(anchors) == len(report.sections)


@pytest.mark.needs("pdftoppm")
def test_no_page_begins_with_the_notes_of_a_table(report, files, tmp_path):
    (tmp_path / "report.pdf").write_bytes(files["report.pdf"])
    told = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "report.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()
    notes = {squeezed(text_of(note)) for table in tables_of(report) for note in table.footnotes}
    first = [squeezed(page.strip().partition("\n")[0]) for page in told.split("\f")[:-1]]

    assert notes
    assert not [line for line in first if any(note.startswith(line) for note in notes)]


def stack(lines: int, count: int) -> list[Table]:
    """Return tables with one note each, so many that they end at every height of a page."""
    body = tuple(Line(phrase(f"line {i}"), (phrase("1"),)) for i in range(lines))
    return [
        Table(f"t{i}", f"Table {i}", "Stacked", "All", "Stub", (Column("Heading"),), body,
              footnotes=(phrase("A note."),))
        for i in range(count)
    ]  # fmt: skip


@pytest.mark.needs("pdftoppm")
@pytest.mark.parametrize("lines", [7, 23])
def test_notes_stand_on_the_page_of_the_last_line_and_a_short_table_is_whole(lines, tmp_path):
    pytest.importorskip("typst")
    pytest.importorskip("matplotlib")
    from onearm.report.pdf import render_tables_pdf

    (tmp_path / "tables.pdf").write_bytes(render_tables_pdf(stack(lines, 40), "T", "S"))
    told = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "tables.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()
    read = [line.split("  ")[0].strip() for line in told.splitlines() if line.strip()]
    before = [read[place - 1] for place, line in enumerate(read) if line == "A note."]
    repeated = told.count("Stub") - 40

    assert before == [f"line {lines - 1}"] * 40
    assert (repeated == 0) == (lines == 7)


@pytest.mark.parametrize(("lines", "kept"), [(7, 7), (31, 1)])
def test_word_keeps_a_short_table_on_one_page_and_the_last_line_with_the_notes(lines, kept):
    from onearm.report.word_table import table_xml

    rows = table_xml(stack(lines, 1)[0], 9000).split("<w:tr>")[2:]

    assert [("<w:keepNext/>" in row) for row in rows] == [False] * (lines - kept) + [True] * kept


def test_a_label_that_wraps_in_rtf_stands_in_with_all_its_lines():
    pytest.importorskip("rtflite")
    from onearm.report.rtf import render_rtf

    lines = tuple(Line(phrase(f"level {i}"), (phrase("1"),), indent=i) for i in range(3))
    table = Table("t", "Table 1", "Deep", "All", "Stub", (Column("Heading"),), lines)
    text = render_rtf([table], "S").decode("ascii")

    assert re.findall(r"\\li(\d+).*level \d", text) == ["0", "200", "400"]
    assert "\\~level" not in text


@pytest.mark.parametrize(("columns", "high"), [(1, 1), (9, 2)])
def test_a_label_takes_one_line_where_the_page_has_room_for_it(columns, high):
    labels = ("Age", "A label of more than twenty-eight letters")
    lines = tuple(Line(phrase(label), (phrase("1000.0 (10)"),) * columns) for label in labels)
    table = Table("t", "Table 1", "Few", "All", "Stub", (Column("Heading"),) * columns, lines)

    assert height_of(lines[1], layout_of(table)) == high


def test_columns_have_room_for_their_words_or_the_text_is_smaller(report):
    from onearm.report.widths import LANDSCAPE_LETTERS, PORTRAIT_LETTERS

    for table in tables_of(report):
        layout = layout_of(table)
        room = LANDSCAPE_LETTERS if layout.is_wide else PORTRAIT_LETTERS
        assert sum(layout.letters) * layout.size <= room + 1e-9 or layout.size == 0.7, table.id
        for column, letters in zip(table.columns, layout.letters[1:], strict=False):
            words = re.split(r"[ -]", column.label)
            assert not table.lines or letters >= min(28, max(map(len, words))), (table.id, column)


# What stands between a number and what follows it; a journal, a report and a label print alike.
STYLES = {
    "journal": "11 of 30 patients, 36.67% (95% CI, 19.93\N{EN DASH}56.14).",
    "csr": "11 of 30 patients, 36.7% (95% CI: 19.93, 56.14).",
    "label": "11 of 30 patients, 37% (95% CI: 20, 56).",
}


@pytest.mark.parametrize("profile", STYLES)
def test_a_profile_has_one_style_of_percentages_and_intervals(found, profile):
    material = material_of(found, found.comparisons, trial_of(found).courses)
    plan = plan_of(("html",), "paper", profile)
    told = document_of(found, material, provenance_of(found.study), plan)
    sentences = [
        text_of(block.spans)
        for section in told.sections
        for block in section.blocks
        if isinstance(block, Paragraph) and not block.is_quoted
    ]
    captions = [
        text_of(block.caption)
        for section in told.sections
        for block in section.blocks
        if isinstance(block, Figure)
    ]
    labels = [
        text_of(line.label)
        for table in tables_of(told)
        if not table.is_quoted and not table.id.startswith("table-paper")  # as the file words them
        for line in table.lines
    ]
    texts = [text_of(spans) for _, spans in told.headlines] + sentences + captions
    ours = [*texts, *(one.shown for one in told.traces.values()), *methods_of(told).values()]

    assert text_of(dict(told.headlines)["Objective response"]) == STYLES[profile]
    assert not [text for text in ours if re.search(r"\d[ \N{NO-BREAK SPACE}]%", text)]
    assert not [text for text in labels if re.search(r"\d[ \N{NO-BREAK SPACE}]% CI", text)]
    assert not [text for text in texts if "((" in text or "))" in text]


def test_the_methods_name_the_software_below_with_its_version(found):
    said = methods_of(document(found, "paper"))["Software"]
    known = provenance_of(found.study)["versions"]

    names = {"onearm": "onearm", "python": "with Python", "numpy": "numpy", "scipy": "scipy"}
    assert ", ".join(f"{words} {known[name]}" for name, words in names.items()) in said


def test_the_progress_names_each_figure_and_format(tmp_path):
    from onearm.pipeline.run import run_study

    steps: list[str] = []
    run_study(STUDY, tmp_path, ("html",), steps.append)

    assert {"drawing figure waterfall", "writing the report as HTML"} <= set(steps)
