"""A table as the XML of a Word file, with the id of the result behind each number.

python-docx itself takes long to add many rows. A run that shows a result names
it in an attribute of a namespace of its own, which Word may ignore.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from onearm.report.model import (
    Line,
    Phrase,
    Span,
    Table,
    caption_of,
    heading_of,
    phrase,
    without_controls,
)
from onearm.report.widths import is_short, layout_of

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OURS, PREFIX = "urn:onearm:results", "oa"
SIZE = 8.5  # points
INDENT = 200  # twips a level


class Look(NamedTuple):
    """How the rows of one table look: widths in twips, sides, half points of the text."""

    widths: Sequence[int]
    sides: Sequence[str]
    size: int


def table_xml(table: Table, width: int) -> str:
    """Return a table, ``width`` twips wide, whose heading is repeated on every page."""
    layout = layout_of(table)
    widths = [width * one // sum(layout.letters) for one in layout.letters]
    sides = ["left", *("left" if column.is_text else "right" for column in table.columns)]
    look = Look(widths, sides, int(2 * SIZE * layout.size))
    return "".join(_parts(table, look))


def _parts(table: Table, look: Look) -> Iterator[str]:
    yield (
        f'<w:tbl xmlns:w="{NAMESPACE}" xmlns:{PREFIX}="{OURS}"><w:tblPr>'
        f'<w:tblW w:w="{sum(look.widths)}" w:type="dxa"/>'
        '<w:tblBorders><w:top w:val="single" w:sz="10"/><w:bottom w:val="single" w:sz="10"/>'
        '</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/>'
        '<w:right w:w="60" w:type="dxa"/></w:tblCellMar>'
        f'<w:tblCaption w:val="{attribute(caption_of(table))}"/></w:tblPr><w:tblGrid>'
    )
    yield "".join(f'<w:gridCol w:w="{one}"/>' for one in look.widths) + "</w:tblGrid>"
    headings = [phrase(text) for text in (table.stub, *map(heading_of, table.columns))]
    yield _row(headings, look, is_heading=True)
    last, is_whole = len(table.lines), is_short(table)
    for place, line in enumerate(table.lines, 1):
        yield _line(line, look, is_kept=bool(table.footnotes) if place == last else is_whole)
    yield "</w:tbl>"


def _line(line: Line, look: Look, *, is_kept: bool) -> str:
    """Return a line; one that is kept stays on the page of what follows it."""
    if line.cells:
        return _row([line.label, *line.cells], look, indent=line.indent, is_kept=is_kept)
    width = sum(look.widths)
    cell = _cell(line.label, width, "left", look, span=len(look.widths), is_bold=True, is_kept=True)
    return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cell}</w:tr>"


def _row(
    phrases: Sequence[Phrase],
    look: Look,
    *,
    indent: int = 0,
    is_heading: bool = False,
    is_kept: bool = False,
) -> str:
    cells = "".join(
        _cell(spans, width, side, look, indent=0 if place else indent, is_bold=is_heading,
              is_heading=is_heading, is_kept=is_kept or is_heading)
        for place, (spans, width, side) in enumerate(
            zip(phrases, look.widths, look.sides, strict=True)
        )
    )  # fmt: skip
    repeated = "<w:tblHeader/>" if is_heading else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{cells}</w:tr>"


def _cell(
    spans: Phrase,
    width: int,
    side: str,
    look: Look,
    *,
    indent: int = 0,
    span: int = 1,
    is_bold: bool = False,
    is_heading: bool = False,
    is_kept: bool = False,
) -> str:
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    ruled = '<w:tcBorders><w:bottom w:val="single" w:sz="6"/></w:tcBorders>' if is_heading else ""
    kept = "<w:keepNext/>" if is_kept else ""
    runs = "".join(run_xml(one, look.size, is_bold=is_bold) for one in spans)
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spanned}{ruled}</w:tcPr>'
        f'<w:p><w:pPr>{kept}<w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/>'
        f'<w:ind w:left="{indent * INDENT}"/><w:jc w:val="{side}"/></w:pPr>{runs}</w:p></w:tc>'
    )


def run_xml(span: Span, half_points: int, *, is_bold: bool = False) -> str:
    """Return a run of text that names the result it shows."""
    name = f' {PREFIX}:result="{attribute(span.result)}"' if span.result else ""
    bold = "<w:b/>" if is_bold else ""
    return (
        f'<w:r{name}><w:rPr>{bold}<w:sz w:val="{half_points}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(without_controls(span.text))}</w:t></w:r>'
    )


def attribute(text: str) -> str:
    """Return a text as the value of an attribute."""
    return escape(without_controls(text), {'"': "&quot;"})
