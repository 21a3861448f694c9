"""Tables as RTF, one a file or all in one, by rtflite behind an escape of every text.

rtflite writes cells as they are given to it, so each text is escaped here: what
RTF would read as a command, and every character beyond ASCII. The same tables
give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from onearm.report.model import Table, caption_of, heading_of, text_of, without_controls
from onearm.report.widths import is_wide, letters_of_columns

ARIAL = 4  # in rtflite's table of fonts
SIZE, SMALL = 9, 8  # points
INDENT = "\\~" * 3
LINES_OF_A_PAGE = {True: 34, False: 46}
"""In landscape, and in portrait."""
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


def render_rtf(tables: Sequence[Table], study_id: str, foot: str = "") -> bytes:
    """Return tables as the bytes of one RTF file, each on a page of its own.

    ``foot`` stands beside the study's id at the foot of each page. Raises
    ImportError without rtflite (the extra ``report``).
    """
    footer = f"{study_id}  {foot}".rstrip()
    texts = [_encoded(table, footer) for table in tables]
    if not texts:
        return b"{\\rtf1\\ansi}"
    head = HEAD.match(texts[0])
    parts = [text[len(head[0]) if head else 0 :].rstrip()[:-1] for text in texts]
    pages = [_section(table) + part for table, part in zip(tables, parts, strict=True)]
    return ((head[0] if head else "") + "\\sect\n".join(pages) + "}\n").encode("ascii")


def _section(table: Table) -> str:
    """Return the page of one table, so that portrait and landscape stand in one file."""
    width, height = (int(inches * TWIPS) for inches in PAPER[is_wide(table)])
    turned = "\\lndscpsxn" if is_wide(table) else ""
    return f"\\sectd\\sbkpage{turned}\\pgwsxn{width}\\pghsxn{height}\n"


def _encoded(table: Table, footer: str) -> str:
    import polars as pl
    import rtflite as rtf

    wide = is_wide(table)
    width, height = PAPER[wide]
    looks: dict[str, Any] = {"text_font": [[ARIAL]], "text_convert": [[False]]}
    title = [caption_of(table), *([table.population] if table.population else [])]
    notes = [text_of(note) for note in table.footnotes]
    widths = list(letters_of_columns(table)) if table.lines else [1]
    rows = _rows(table)
    sides = ["l", *("l" if column.is_text else "r" for column in table.columns)][: len(widths)]
    bare = {"border_left": [[""]], "border_right": [[""]]}
    document = rtf.RTFDocument(
        df=pl.DataFrame(
            {str(i): [row[i] for row in rows] for i in range(len(widths))},
            schema={str(i): pl.String for i in range(len(widths))},
        ),
        rtf_page=rtf.RTFPage(
            orientation="landscape" if wide else "portrait",
            width=width,
            height=height,
            margin=MARGINS,
            nrow=LINES_OF_A_PAGE[wide],
            col_width=width - MARGINS[0] - MARGINS[1],
            border_first="single",
            border_last="single",
        ),
        rtf_page_footer=rtf.RTFPageFooter(text=escaped(footer), text_font=[ARIAL],
                                          text_convert=[False], text_font_size=[SMALL]),
        rtf_title=rtf.RTFTitle(
            text=[escaped(text) for text in title],
            text_font=[ARIAL],
            text_convert=[False],
            text_font_size=[SIZE + 1],
            text_justification=["l"],
        ),
        rtf_column_header=[
            rtf.RTFColumnHeader(
                text=[escaped(text) for text in _headings(table)],
                col_rel_width=widths,
                text_font_size=[[SIZE]],
                text_justification=[sides],
                text_format=[["b"]],
                **looks,
                **bare,
            )
        ] if table.lines else [],
        rtf_body=rtf.RTFBody(
            as_colheader=bool(table.lines),
            col_rel_width=widths,
            text_font_size=[[SIZE]],
            text_justification=[sides],
            **looks,
            **bare,
        ),
        rtf_footnote=rtf.RTFFootnote(
            text=[escaped(text) for text in notes],
            text_font=[[ARIAL]],
            text_convert=[[False]],
            text_font_size=[[SMALL]],
            as_table=False,
        ) if notes else None,
    )  # fmt: skip
    return str(document.rtf_encode())


def _headings(table: Table) -> list[str]:
    return [table.stub, *map(heading_of, table.columns)]


def _rows(table: Table) -> list[list[str]]:
    """Return the escaped cells; indents are spaces that do not break."""
    if not table.lines:
        return [[escaped(table.absence)]]
    return [
        [
            INDENT * line.indent + escaped(text_of(line.label)),
            *([escaped(text_of(cell)) for cell in line.cells] or [""] * len(table.columns)),
        ]
        for line in table.lines
    ]
