r"""Tables as RTF, one a file or all in one, by rtflite behind an escape of every text.

rtflite lays out the page and three rows of marks, of which every row of the table
is stamped: it takes long to lay out many, and a heading within a table has one
cell. It writes cells as they are given to it, so each text is escaped here: what
RTF would read as a command, and every character beyond ASCII. A number stands
behind the id of its result, in a destination that programs pass over
(``{\*\onearmresult orr/all/count}``). The same tables give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from onearm.report.model import (
    Line,
    Phrase,
    Table,
    caption_of,
    heading_of,
    text_of,
    without_controls,
)
from onearm.report.widths import Layout, height_of, layout_of

ARIAL = 4  # in rtflite's table of fonts
SIZE, SMALL = 8, 7  # points
INDENT = 200
"""Twips a level, of every line of a label that wraps."""
LINES_OF_A_PAGE = {True: 37, False: 58}
"""In landscape, and in portrait."""
LETTERS_OF_A_NOTE = 110
FIELD = "{{\\field{{\\*\\fldinst{{\\f3\\fs14 {0}}}}}{{\\fldrslt{{\\f3\\fs14 1}}}}}}"
PAGES = f"Page {FIELD.format('PAGE')} of {FIELD.format('NUMPAGES')}"
BEGIN, ROW_END = re.compile(r"(?<!\\)\\trowd\\trgaph108"), "\\intbl\\row\\pard\n"
OUR_ROW = "\\trowd\\trkeep\\trgaph60"
"""A row that no page parts, with less room between its columns than rtflite gives."""
MARK = "@{}@"
MARKS = re.compile("@[0-9]+@")
PAPER = {True: (11.69, 8.27), False: (8.27, 11.69)}  # A4, inches
MARGINS = [0.9, 0.9, 0.9, 0.9, 0.5, 0.5]
HEAD = re.compile(r"\A.*?\\fonttbl.*?\n}\n", re.DOTALL)
TWIPS = 1440


def escaped(text: str) -> str:
    r"""Return a text as RTF that shows it: commands disarmed, other letters as code points.

    >>> print(escaped("{a} \\par \u00e9"))
    \{a\} \\par \uc1\u233*
    """
    plain = re.sub(r"\r\n|[\r\n\t]", " ", without_controls(text))
    plain = re.sub(r"([\\{}])", r"\\\1", plain).replace("\N{NO-BREAK SPACE}", "\\~")
    return "".join(letter if letter.isascii() else _code_points(letter) for letter in plain)


def _code_points(letter: str) -> str:
    units = memoryview(letter.encode("utf-16-le")).cast("H")
    return "".join(f"\\uc1\\u{unit - 65536 if unit > 32767 else unit}*" for unit in units)


class Stamps(NamedTuple):
    """The parts of a table as RTF: before it, its heading, a row, the last row, after them.

    A row is what stands around each of its cells.
    """

    before: str
    heading: str
    row: list[str]
    last: list[str]
    after: str
    width: int  # twips
    points: int  # of the text


def render_rtf(tables: Sequence[Table], study_id: str, foot: str = "") -> bytes:
    """Return tables as the bytes of one RTF file, each on a page of its own.

    ``foot`` stands beside the study's id at the foot of each page. Raises
    ImportError without rtflite (the extra ``report``).
    """
    return combined([encoded(table, study_id, foot) for table in tables])


def encoded(table: Table, study_id: str, foot: str = "") -> str:
    """Return one table as the text of an RTF file."""
    layout = layout_of(table)
    stamps = _stamps(table, layout, f"{escaped(f'{study_id}  {foot}'.rstrip())}\\~\\~ {PAGES}")
    pages = list(_pages(table, layout))
    body = [
        _title(table, is_first=place == 1)
        + stamps.heading
        + "".join(_rows(table, page, stamps, has_notes=place == len(pages)))
        for place, page in enumerate(pages, 1)
    ]
    return "".join((stamps.before, *body, stamps.after))


def combined(texts: Sequence[str]) -> bytes:
    """Return the bytes of one RTF file that holds these, one after another."""
    if not texts:
        return b"{\\rtf1\\ansi}"
    head = HEAD.match(texts[0])
    start = head[0] if head else ""
    parts = [text[len(start) :].rstrip()[:-1] for text in texts]
    return (start + "\\sect\n".join(parts) + "}\n").encode("ascii")


def _pages(table: Table, layout: Layout) -> Iterator[tuple[Line, ...]]:
    """Yield the lines of each page, by how many lines of text they take.

    Not every program repeats the heading of a table that runs on, so each page
    has its own. A heading within the table stays with the line below it, the
    last line with the notes.
    """
    heights = [height_of(line, layout) for line in table.lines]
    room = LINES_OF_A_PAGE[layout.is_wide] / layout.size
    first, used = 0, 0
    for place, line in enumerate(table.lines):
        needed = heights[place]
        if not line.cells and place + 1 < len(heights):
            needed += heights[place + 1]
        if place == len(heights) - 1:
            needed += sum(1 + len(text_of(note)) // LETTERS_OF_A_NOTE for note in table.footnotes)
        if place > first and used + needed > room:
            yield table.lines[first:place]
            first, used = place, 0
        used += heights[place]
    yield table.lines[first:]


def _title(table: Table, *, is_first: bool) -> str:
    """Return number, title and population; on a further page '(cont.)' follows."""
    caption = escaped(caption_of(table)) + ("" if is_first else " (cont.)")
    words = "\\line ".join([caption, *([escaped(table.population)] if table.population else [])])
    turned = "" if is_first else "\\pagebb"
    size = 2 * (SIZE + 2)
    return f"{{\\pard{turned}\\keepn\\sb60\\sa100\\ql\\fs{size}{{\\f3\\b {words}}}\\par}}\n"


def _rows(table: Table, lines: Sequence[Line], stamps: Stamps, *, has_notes: bool) -> Iterator[str]:
    """Yield the rows of one page."""
    if not lines:
        yield _stamped(stamps.last, [escaped(table.absence)], is_kept=bool(table.footnotes))
    for place, line in enumerate(lines, 1):
        label, indent = _phrase(line.label), INDENT * line.indent
        is_last = place == len(lines)
        if line.cells:
            cells = [label, *map(_phrase, line.cells)]
            is_kept = is_last and has_notes and bool(table.footnotes)
            row = stamps.last if is_last else stamps.row
            yield _stamped(row, cells, indent=indent, is_kept=is_kept)
        else:
            text = f"\\fs{2 * stamps.points}{{\\f3\\b {label}}}"
            yield _spanning(text, indent, stamps.width)


def _phrase(spans: Phrase) -> str:
    """Return a phrase, each number behind the id of its result."""
    return "".join(
        f"{{\\*\\onearmresult {escaped(span.result)}}}{escaped(span.text)}"
        if span.result
        else escaped(span.text)
        for span in spans
    )


def _stamped(
    row: Sequence[str], cells: Sequence[str], *, indent: int = 0, is_kept: bool = False
) -> str:
    """Return a row with its cells; one that is kept stays on the page of what follows."""
    first, *others = row
    first = first.replace("\\li0", f"\\li{indent}")
    text = "".join((first, *(part for pair in zip(cells, others, strict=True) for part in pair)))
    return text.replace("\\pard\\hyphpar0", "\\pard\\hyphpar0\\keepn") if is_kept else text


def _spanning(text: str, indent: int, width: int) -> str:
    """Return a row of one cell over the whole width, on the page of the row below it."""
    return (
        f"{OUR_ROW}\\trleft0\\trqc\n\\clvertalt\\cellx{width}\n"
        f"\\pard\\hyphpar0\\keepn\\sb15\\sa15\\fi0\\li{indent}\\ri0\\ql{text}\\cell\n{ROW_END}"
    )


def _stamps(table: Table, layout: Layout, footer: str) -> Stamps:
    """Return the parts of a table, from what rtflite makes of rows of marks."""
    made = str(_laid_out(table, layout, footer).rtf_encode())
    before, *found = BEGIN.split(made)
    heading, row, last = found[0] if table.lines else "", found[-2], found[-1]
    last, end, after = last.partition(ROW_END)
    width = int(re.findall(r"\\cellx([0-9]+)", row)[-1])
    head = HEAD.match(before)
    place = len(head[0]) if head else 0
    return Stamps(
        before[:place] + _section(layout) + before[place:],
        f"{OUR_ROW}\\trhdr{heading}" if heading else "",
        MARKS.split(OUR_ROW + row),
        MARKS.split(OUR_ROW + last + end),
        after,
        width,
        _points(layout),
    )  # fmt: skip


def _section(layout: Layout) -> str:
    """Return the page of one table, so that portrait and landscape stand in one file."""
    width, height = (int(inches * TWIPS) for inches in PAPER[layout.is_wide])
    turned = "\\lndscpsxn" if layout.is_wide else ""
    return f"\\sectd\\sbkpage{turned}\\pgwsxn{width}\\pghsxn{height}\n"


def _laid_out(table: Table, layout: Layout, footer: str) -> Any:
    """Return a table of three rows of marks: the first, one within, and the last."""
    import polars as pl
    import rtflite as rtf

    width, height = PAPER[layout.is_wide]
    looks: dict[str, Any] = {"text_font": [[ARIAL]], "text_convert": [[False]],
                             "text_font_size": [[_points(layout)]]}  # fmt: skip
    notes = [_phrase(note) for note in table.footnotes]
    widths = list(layout.letters)
    headings = [table.stub, *map(heading_of, table.columns)]
    sides = ["l", *("l" if column.is_text else "r" for column in table.columns)][: len(widths)]
    bare = {"border_left": [[""]], "border_right": [[""]]}
    return rtf.RTFDocument(
        df=pl.DataFrame({str(i): [MARK.format(i)] * 3 for i in range(len(widths))}),
        rtf_page=rtf.RTFPage(
            orientation="landscape" if layout.is_wide else "portrait",
            width=width,
            height=height,
            margin=MARGINS,
            nrow=LINES_OF_A_PAGE[layout.is_wide],
            col_width=width - MARGINS[0] - MARGINS[1],
            border_first="single",
            border_last="single",
        ),
        rtf_page_footer=rtf.RTFPageFooter(text=footer, text_font=[ARIAL],
                                          text_convert=[False], text_font_size=[SMALL]),
        rtf_title=None,
        rtf_column_header=[
            rtf.RTFColumnHeader(
                text=[escaped(text) for text in headings],
                col_rel_width=widths,
                text_justification=[sides],
                text_format=[["b"]],
                border_bottom=[["single"]],
                **looks,
                **bare,
            )
        ] if table.lines else [],
        rtf_body=rtf.RTFBody(
            as_colheader=bool(table.lines),
            col_rel_width=widths,
            text_justification=[sides],
            **looks,
            **bare,
        ),
        rtf_footnote=rtf.RTFFootnote(
            text=notes,
            text_font=[[ARIAL]],
            text_convert=[[False]],
            text_font_size=[[SMALL]],
            as_table=False,
        ) if notes else None,
    )  # fmt: skip


def _points(layout: Layout) -> int:
    return int(SIZE * layout.size + 0.5)
