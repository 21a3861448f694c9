"""A report, or one table, as a Word file: real tables, styles and captions to edit.

Takes a ``Document`` and its figures as PNG. Tables repeat their heading row on
every page; wide ones stand in landscape. The same document gives the same
bytes: the file holds no time.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from onearm.report.model import (
    Block,
    Document,
    Facts,
    Figure,
    Paragraph,
    Phrase,
    Section,
    Table,
    caption_of,
    is_narrow,
    phrase,
    without_controls,
)
from onearm.report.widths import layout_of, orientations
from onearm.report.word_table import NAMESPACE, OURS, PREFIX, attribute, table_xml

if TYPE_CHECKING:
    from docx.document import Document as Word

FONT = "Arial"
SIZES = {"Normal": 10, "Title": 18, "Subtitle": 11, "Caption": 10, "Heading 1": 14,
         "Heading 2": 12, "Heading 3": 11}  # fmt: skip
SMALL = 8  # points
LONG_SIDE, SHORT_SIDE, MARGIN = 11.69, 8.27, 0.9  # A4, inches
LANGUAGE = "en-GB"
TWIPS = 1440
NARROW_SHARE = 0.6
BELOW = 12  # points
SPACE = f'xmlns:w="{NAMESPACE}"'
COMPATIBLE = "http://schemas.openxmlformats.org/markup-compatibility/2006"
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
    _facts(word, [(name, phrase(text)) for name, text in document.facts.items])
    word.add_paragraph("Headlines", "Heading 2")
    _facts(word, document.headlines)
    _contents(word, document.sections)
    items = document.items
    for item, is_wide in zip(items, orientations(items), strict=True):
        _turn(word, is_wide=is_wide)
        if isinstance(item, Section):
            heading = word.add_heading(without_controls(item.title), item.level)
            _bookmark(heading, document.sections.index(item))
        else:
            _block(word, item, pictures)
    return _bytes(word)


def render_table_docx(table: Table, study_id: str, foot: str = "") -> bytes:
    """Return one table as the bytes of a Word file."""
    word = _new(table.title, study_id, foot)
    _turn(word, is_wide=layout_of(table).is_wide)
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
        for theme in [one for one in fonts.attrib if "Theme" in one]:
            del fonts.attrib[theme]
        for side in ("w:ascii", "w:hAnsi", "w:cs"):
            fonts.set(qn(side), FONT)
    caption: Any = word.styles["Caption"]
    caption.font.bold = True
    caption.paragraph_format.keep_with_next = True
    for language in word.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), LANGUAGE)


def _turn(word: Word, *, is_wide: bool) -> None:
    """Begin a page of the other orientation where wide tables begin or end."""
    from docx.enum.section import WD_ORIENT, WD_SECTION
    from docx.shared import Inches

    now = word.sections[-1]
    if (now.orientation == WD_ORIENT.LANDSCAPE) == is_wide:
        return
    has_begun = any(one.tag.endswith("}p") for one in word.element.body)
    section = word.add_section(WD_SECTION.NEW_PAGE) if has_begun else now
    if has_begun:
        _end_with_the_text(word)
    section.orientation = WD_ORIENT.LANDSCAPE if is_wide else WD_ORIENT.PORTRAIT
    section.page_width = Inches(LONG_SIDE if is_wide else SHORT_SIDE)
    section.page_height = Inches(SHORT_SIDE if is_wide else LONG_SIDE)


def _end_with_the_text(word: Word) -> None:
    """End the section before in its last paragraph: one of its own may stand on an empty page."""
    ending = word.element.body[-2]
    before = ending.getprevious()
    if before.tag == ending.tag:
        before.get_or_add_pPr().append(ending.pPr.sectPr)
        word.element.body.remove(ending)


def _block(word: Word, block: Block, pictures: Mapping[str, bytes]) -> None:
    match block:
        case Table():
            _table(word, block)
        case Figure():
            _figure(word, block, pictures.get(block.id))
        case Paragraph():
            _spans(word.add_paragraph(), block.spans)
        case Facts():
            _facts(word, [(name, phrase(text)) for name, text in block.items])


def _facts(word: Word, facts: Iterable[tuple[str, Phrase]]) -> None:
    for name, spans in facts:
        paragraph = word.add_paragraph()
        paragraph.add_run(f"{without_controls(name)}: ").bold = True
        _spans(paragraph, spans)


def _spans(paragraph: Any, spans: Phrase, points: float | None = None) -> None:
    """Add a phrase, each number with the id of its result."""
    from docx.shared import Pt

    for span in spans:
        run = paragraph.add_run(without_controls(span.text))
        if points is not None:
            run.font.size = Pt(points)
        if span.result:
            run._r.set(f"{{{OURS}}}result", span.result)


def _contents(word: Word, sections: Sequence[Section]) -> None:
    """Write the contents, each title a link, each page a field.

    Only the program that sets the pages knows their numbers: LibreOffice fills
    them in, Word asks whether it may, when it opens the file.
    """
    from docx.shared import Inches, Pt

    _ask_for_pages(word)
    word.add_paragraph("Contents", "Heading 2")
    for place, section in enumerate(sections):
        paragraph = word.add_paragraph()
        form = paragraph.paragraph_format
        form.space_after, form.left_indent = Pt(1), Inches(0.25 * (section.level - 1))
        form.tab_stops.add_tab_stop(Inches(SHORT_SIDE - 2 * MARGIN), *_dots())
        _link(paragraph, f"_section{place}", section.title)


def _ask_for_pages(word: Word) -> None:
    """Let Word fill in the fields when it opens the file."""
    from docx.oxml import parse_xml

    word.settings.element.append(parse_xml(f'<w:updateFields {SPACE} w:val="true"/>'))


def _dots() -> tuple[Any, Any]:
    from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER

    return WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS


def _link(paragraph: Any, anchor: str, title: str) -> None:
    """Write a title that leads to its heading, and the page that this stands on."""
    from docx.oxml import parse_xml

    link = parse_xml(
        f'<w:hyperlink xmlns:w="{NAMESPACE}" w:anchor="{anchor}" w:history="1">'
        f'<w:r><w:t xml:space="preserve">{attribute(title)}</w:t></w:r><w:r><w:tab/></w:r>'
        "</w:hyperlink>"
    )
    link.extend(_field_runs(f"PAGEREF {anchor} \\h", ""))
    paragraph._p.append(link)


def _bookmark(heading: Any, place: int) -> None:
    """Let the contents lead to a heading."""
    from docx.oxml import parse_xml

    head = f'xmlns:w="{NAMESPACE}" w:id="{place}"'
    heading._p.insert(1, parse_xml(f'<w:bookmarkStart {head} w:name="_section{place}"/>'))
    heading._p.append(parse_xml(f"<w:bookmarkEnd {head}/>"))


def _field(paragraph: Any, code: str) -> None:
    paragraph._p.extend(_field_runs(code, "1"))


def _field_runs(code: str, shown: str) -> list[Any]:
    """Return a field as runs: its code, and what stands there until it is filled in."""
    from docx.oxml import parse_xml

    parts = ('<w:fldChar w:fldCharType="begin"/>',
             f'<w:instrText xml:space="preserve"> {code} </w:instrText>',
             '<w:fldChar w:fldCharType="separate"/>',
             f"<w:t>{shown}</w:t>",
             '<w:fldChar w:fldCharType="end"/>')  # fmt: skip
    return [parse_xml(f"<w:r {SPACE}>{part}</w:r>") for part in parts]


def _figure(word: Word, figure: Figure, picture: bytes | None) -> None:
    from docx.shared import Inches

    word.add_paragraph(without_controls(caption_of(figure)), "Caption")
    if picture is not None:
        width = (SHORT_SIDE - 2 * MARGIN) * (NARROW_SHARE if is_narrow(figure) else 1)
        shape = word.add_picture(io.BytesIO(picture), width=Inches(width))
        word.paragraphs[-1].paragraph_format.keep_with_next = True
        about = shape._inline.docPr
        about.set("descr", without_controls(figure.alternative))
        about.set("title", without_controls(caption_of(figure)))
    _notes(word, [figure.caption])


def _notes(word: Word, notes: Sequence[Phrase]) -> None:
    """Write notes that stay together, with room below the last."""
    from docx.shared import Pt

    for place, note in enumerate(notes, 1):
        paragraph = word.add_paragraph()
        form = paragraph.paragraph_format
        is_last = place == len(notes)
        form.space_before, form.space_after = Pt(2), Pt(BELOW if is_last else 0)
        form.keep_with_next, form.keep_together = not is_last, True
        _spans(paragraph, note, SMALL)


def _table(word: Word, table: Table) -> None:
    from docx.oxml import parse_xml

    population = f". {table.population}" if table.population else ""
    word.add_paragraph(without_controls(caption_of(table) + population), "Caption")
    if table.lines:
        width = (LONG_SIDE if layout_of(table).is_wide else SHORT_SIDE) - 2 * MARGIN
        body = word.element.body
        body.insert(len(body) - 1, parse_xml(table_xml(table, int(width * TWIPS))))
    else:
        word.add_paragraph(without_controls(table.absence))
    _notes(word, table.footnotes or ((),))  # without one, an empty line parts it from the next


def _bytes(word: Word) -> bytes:
    """Return the file with its entries in one order and without times."""
    made, out = io.BytesIO(), io.BytesIO()
    word.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            content = old.read(name)
            new.writestr(entry, _ignorable(content) if name == "word/document.xml" else content)
    return out.getvalue()


def _ignorable(document: bytes) -> bytes:
    """Declare the namespace of result ids as one that a program may ignore."""
    names = f'xmlns:{PREFIX}="{OURS}"'
    if b"mc:Ignorable=" in document:
        document = document.replace(b'mc:Ignorable="', f'mc:Ignorable="{PREFIX} '.encode(), 1)
    else:
        names += f' xmlns:mc="{COMPATIBLE}" mc:Ignorable="{PREFIX}"'
    return document.replace(b"<w:document ", f"<w:document {names} ".encode(), 1)
