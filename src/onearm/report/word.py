"""A report, or one table, as a Word file: real tables, styles and captions to edit.

Takes a ``Document`` and its figures as PNG. Tables repeat their heading row on
every page; wide ones stand in landscape. The same document gives the same
bytes: the file holds no time.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from onearm.report.model import (
    Block,
    Document,
    Facts,
    Figure,
    Line,
    Paragraph,
    Table,
    caption_of,
    heading_of,
    is_narrow,
    text_of,
    without_controls,
)
from onearm.report.widths import is_wide, letters_of_columns

if TYPE_CHECKING:
    from docx.document import Document as Word

FONT = "Arial"
SIZES = {"Normal": 10, "Title": 18, "Subtitle": 11, "Caption": 10, "Heading 1": 14,
         "Heading 2": 12, "Heading 3": 11}  # fmt: skip
SMALL = 8.5  # points
LONG_SIDE, SHORT_SIDE, MARGIN = 11.69, 8.27, 0.9  # A4, inches
LANGUAGE = "en-GB"
TWIPS = 1440
NARROW_SHARE = 0.6
INDENT = 200  # twips a level
NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The first time that an entry of a zip file can have."""


def render_docx(document: Document, pictures: Mapping[str, bytes]) -> bytes:
    """Return a report as the bytes of a Word file; ``pictures`` holds a PNG by figure id.

    Raises ImportError without python-docx (the extra ``report``).
    """
    word = _new(document.title, document.study_id, document.foot)
    word.add_paragraph(without_controls(document.study_id), "Subtitle")
    word.add_paragraph(without_controls(document.title), "Title")
    if document.notice:
        word.add_paragraph(without_controls(document.notice), "Intense Quote")
    _facts(word, document.facts)
    word.add_paragraph("Headlines", "Heading 2")
    _facts(word, Facts(tuple((name, text_of(spans)) for name, spans in document.headlines)))
    _contents(word, document)
    for section in document.sections:
        _turn(word, section.blocks[0] if section.blocks else None)
        word.add_heading(without_controls(section.title), section.level)
        for block in section.blocks:
            _turn(word, block)
            _block(word, block, pictures)
    return _bytes(word)


def render_table_docx(table: Table, study_id: str, foot: str = "") -> bytes:
    """Return one table as the bytes of a Word file."""
    word = _new(table.title, study_id, foot)
    _turn(word, table)
    _table(word, table)
    return _bytes(word)


def _new(title: str, study_id: str, foot: str) -> Word:
    import docx
    from docx.shared import Inches

    word = docx.Document()
    _style(word)
    section = word.sections[0]
    section.page_width, section.page_height = Inches(SHORT_SIDE), Inches(LONG_SIDE)
    section.left_margin = section.right_margin = Inches(MARGIN)
    section.top_margin = section.bottom_margin = Inches(MARGIN)
    footer = section.footer.paragraphs[0]
    footer.add_run(without_controls(f"{study_id}  {foot}".rstrip() + "  Page "))
    _field(footer, "PAGE")
    footer.add_run(" of ")
    _field(footer, "NUMPAGES")
    about = word.core_properties
    about.title, about.subject = without_controls(title), without_controls(study_id)
    about.author = about.last_modified_by = "onearm"
    about.language, about.comments, about.revision = LANGUAGE, "", 1
    about.created = about.modified = dt.datetime(*NO_TIME, tzinfo=dt.UTC)
    return word


def _style(word: Word) -> None:
    """Let all text stand in one face, black, in the language of the report."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    for name, size in SIZES.items():
        style: Any = word.styles[name]
        style.font.name, style.font.size = FONT, Pt(size)
        style.font.color.rgb = RGBColor(0x1B, 0x1F, 0x24)
        fonts = style.element.rPr.rFonts
        for attribute in [one for one in fonts.attrib if "Theme" in one]:
            del fonts.attrib[attribute]
        for side in ("w:ascii", "w:hAnsi", "w:cs"):
            fonts.set(qn(side), FONT)
    caption: Any = word.styles["Caption"]
    caption.font.bold = True
    caption.paragraph_format.keep_with_next = True
    for language in word.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), LANGUAGE)


def _turn(word: Word, block: Block | None) -> None:
    """Begin a page of the other orientation where a wide table begins or ends."""
    from docx.enum.section import WD_ORIENT, WD_SECTION
    from docx.shared import Inches

    wide = isinstance(block, Table) and bool(block.lines) and is_wide(block)
    now = word.sections[-1]
    if (now.orientation == WD_ORIENT.LANDSCAPE) == wide:
        return
    has_begun = any(one.tag.endswith("}p") for one in word.element.body)
    section = word.add_section(WD_SECTION.NEW_PAGE) if has_begun else now
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.page_width = Inches(LONG_SIDE if wide else SHORT_SIDE)
    section.page_height = Inches(SHORT_SIDE if wide else LONG_SIDE)


def _block(word: Word, block: Block, pictures: Mapping[str, bytes]) -> None:
    match block:
        case Table():
            _table(word, block)
        case Figure():
            _figure(word, block, pictures.get(block.id))
        case Paragraph():
            word.add_paragraph(without_controls(text_of(block.spans)))
        case Facts():
            _facts(word, block)


def _facts(word: Word, facts: Facts) -> None:
    for name, text in facts.items:
        paragraph = word.add_paragraph()
        paragraph.add_run(f"{without_controls(name)}: ").bold = True
        paragraph.add_run(without_controls(text))


def _contents(word: Word, document: Document) -> None:
    """Write the contents as a field that Word can fill with page numbers; filled with titles."""
    word.add_paragraph("Contents", "Heading 2")
    titles = [one.title for one in document.sections if one.level <= 2]
    for place, title in enumerate(titles):
        paragraph = word.add_paragraph()
        if place == 0:
            _mark(paragraph, "begin", 'TOC \\o "1-2" \\h \\z')
        paragraph.add_run(without_controls(title))
        if place == len(titles) - 1:
            _mark(paragraph, "end")


def _field(paragraph: Any, code: str) -> None:
    _mark(paragraph, "begin", code)
    paragraph.add_run("1")
    _mark(paragraph, "end")


def _mark(paragraph: Any, kind: str, code: str = "") -> None:
    """Write the beginning of a field with its code, or its end."""
    from docx.oxml import parse_xml

    parts = [f'<w:fldChar w:fldCharType="{kind}"/>']
    if code:
        parts += [f'<w:instrText xml:space="preserve"> {code} </w:instrText>',
                  '<w:fldChar w:fldCharType="separate"/>']  # fmt: skip
    for part in parts:
        paragraph._p.append(parse_xml(f'<w:r xmlns:w="{NAMESPACE}">{part}</w:r>'))


def _figure(word: Word, figure: Figure, picture: bytes | None) -> None:
    from docx.shared import Inches

    word.add_paragraph(without_controls(caption_of(figure)), "Caption")
    if picture is not None:
        width = (SHORT_SIDE - 2 * MARGIN) * (NARROW_SHARE if is_narrow(figure) else 1)
        shape = word.add_picture(io.BytesIO(picture), width=Inches(width))
        about = shape._inline.docPr
        about.set("descr", without_controls(figure.alternative))
        about.set("title", without_controls(caption_of(figure)))
    _note(word, text_of(figure.caption))


def _note(word: Word, text: str) -> None:
    from docx.shared import Pt

    paragraph = word.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(2)
    paragraph.add_run(without_controls(text)).font.size = Pt(SMALL)


def _table(word: Word, table: Table) -> None:
    from docx.oxml import parse_xml

    population = f". {table.population}" if table.population else ""
    word.add_paragraph(without_controls(caption_of(table) + population), "Caption")
    if table.lines:
        width = (LONG_SIDE if is_wide(table) else SHORT_SIDE) - 2 * MARGIN
        body = word.element.body
        body.insert(len(body) - 1, parse_xml("".join(_table_xml(table, int(width * TWIPS)))))
    else:
        word.add_paragraph(without_controls(table.absence))
    for note in table.footnotes:
        _note(word, text_of(note))
    word.add_paragraph()


def _table_xml(table: Table, width: int) -> Iterator[str]:
    """Yield a table as XML: python-docx itself takes long to add many rows."""
    letters = letters_of_columns(table)
    widths = [width * one // sum(letters) for one in letters]
    sides = ["left", *("left" if column.is_text else "right" for column in table.columns)]
    yield (
        f'<w:tbl xmlns:w="{NAMESPACE}"><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        '<w:tblBorders><w:top w:val="single" w:sz="10"/><w:bottom w:val="single" w:sz="10"/>'
        '</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/>'
        '<w:right w:w="60" w:type="dxa"/></w:tblCellMar>'
        f'<w:tblCaption w:val="{_attribute(caption_of(table))}"/></w:tblPr><w:tblGrid>'
    )
    yield "".join(f'<w:gridCol w:w="{one}"/>' for one in widths) + "</w:tblGrid>"
    headings = [table.stub, *map(heading_of, table.columns)]
    yield _row_xml(headings, widths, sides, is_heading=True)
    for line in table.lines:
        yield _line_xml(line, widths, sides)
    yield "</w:tbl>"


def _line_xml(line: Line, widths: Sequence[int], sides: Sequence[str]) -> str:
    if not line.cells:
        cell = _cell_xml(text_of(line.label), sum(widths), "left", span=len(widths), is_bold=True)
        return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cell}</w:tr>"
    texts = [text_of(line.label), *map(text_of, line.cells)]
    return _row_xml(texts, widths, sides, indent=line.indent)


def _row_xml(
    texts: Sequence[str],
    widths: Sequence[int],
    sides: Sequence[str],
    *,
    indent: int = 0,
    is_heading: bool = False,
) -> str:
    cells = "".join(
        _cell_xml(text, width, side, indent=0 if place else indent, is_bold=is_heading,
                  is_heading=is_heading)
        for place, (text, width, side) in enumerate(zip(texts, widths, sides, strict=True))
    )  # fmt: skip
    repeated = "<w:tblHeader/>" if is_heading else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{cells}</w:tr>"


def _cell_xml(
    text: str,
    width: int,
    side: str,
    *,
    indent: int = 0,
    span: int = 1,
    is_bold: bool = False,
    is_heading: bool = False,
) -> str:
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    ruled = '<w:tcBorders><w:bottom w:val="single" w:sz="6"/></w:tcBorders>' if is_heading else ""
    bold = "<w:b/>" if is_bold else ""
    points = int(2 * SMALL)
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spanned}{ruled}</w:tcPr>'
        f'<w:p><w:pPr><w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/>'
        f'<w:ind w:left="{indent * INDENT}"/><w:jc w:val="{side}"/></w:pPr>'
        f'<w:r><w:rPr>{bold}<w:sz w:val="{points}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(without_controls(text))}</w:t></w:r></w:p></w:tc>'
    )


def _attribute(text: str) -> str:
    return escape(without_controls(text), {'"': "&quot;"})


def _bytes(word: Word) -> bytes:
    """Return the file with its entries in one order and without times."""
    made, out = io.BytesIO(), io.BytesIO()
    word.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(name))
    return out.getvalue()
