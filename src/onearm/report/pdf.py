"""A report, or tables alone, as PDF/UA: tagged, with bookmarks and alternative texts.

typst sets the pages from a fixed template; what is shown goes to it as JSON,
never as markup. The only faces are those that matplotlib ships, so that a file
looks the same everywhere, and the same document gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from pkgutil import get_data
from typing import Any

from onearm.report.model import (
    Block,
    Document,
    Facts,
    Figure,
    Paragraph,
    Section,
    Table,
    caption_of,
    heading_of,
    is_narrow,
    text_of,
    without_controls,
)
from onearm.report.widths import (
    BREAK_HERE,
    Item,
    breakable,
    is_short,
    layout_of,
    orientations,
)

PIXELS_PER_INCH = 200
FULL, NARROW = 100, 60  # percent of the text
NO_GLYPH = "\N{REPLACEMENT CHARACTER}"


def render_pdf(document: Document) -> bytes:
    """Return a report as the bytes of a PDF file.

    Raises ImportError without typst or matplotlib (the extra ``report``).
    """
    return _set(
        {
            "title": document.title,
            "study_id": document.study_id,
            "foot": document.foot,
            "is_report": True,
            "notice": document.notice,
            "facts": document.facts.items,
            "headlines": [(name, text_of(spans)) for name, spans in document.headlines],
            "runs": list(_runs(document.items)),
        }
    )


def render_tables_pdf(tables: Sequence[Table], title: str, study_id: str, foot: str = "") -> bytes:
    """Return tables as the bytes of a PDF file."""
    return _set(
        {
            "title": title,
            "study_id": study_id,
            "foot": foot,
            "is_report": False,
            "runs": list(_runs(tables)),
        }
    )


def pictures_of(figures: Iterable[Figure]) -> dict[str, bytes]:
    """Return figures as PNG by their id, for formats that show no SVG."""
    import typst

    drawn = {figure.id: figure.svg for figure in figures}
    if not drawn:
        return {}
    page = (
        "#set page(width: 178mm, height: auto, margin: 0pt)\n"
        "#for svg in json(bytes(sys.inputs.figures)) {\n"
        '  page(image(bytes(svg), format: "svg", width: 100%))\n}\n'
    )
    made = typst.compile(
        page.encode(),
        format="png",
        ppi=PIXELS_PER_INCH,
        sys_inputs={"figures": json.dumps(list(drawn.values()))},
    )
    return dict(zip(drawn, [made] if isinstance(made, bytes) else made or (), strict=True))


def _set(content: dict[str, Any]) -> bytes:
    import typst
    from matplotlib import get_data_path
    from matplotlib.ft2font import FT2Font

    fonts = f"{get_data_path()}/fonts/ttf"
    has_glyph = FT2Font(f"{fonts}/DejaVuSans.ttf").get_charmap()
    text = json.dumps(_printable(content, has_glyph), ensure_ascii=False)
    template = get_data("onearm", "report/templates/report.typ") or b""
    faces = typst.Fonts(include_system_fonts=False, font_paths=[fonts])
    made = typst.compile(
        template,
        font_paths=faces,
        sys_inputs={"document": text},
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=0,
    )
    if not isinstance(made, bytes):
        raise TypeError("typst returned no PDF")
    return made


def _printable(content: Any, glyphs: Collection[int]) -> Any:
    """Return the texts with a mark in place of each letter that the face does not have."""
    if isinstance(content, str):
        kept = without_controls(content)
        known = f"\n\t{BREAK_HERE}"
        return "".join(c if ord(c) in glyphs or c in known else NO_GLYPH for c in kept)
    if isinstance(content, dict):
        return {
            key: value if key == "svg" else _printable(value, glyphs)
            for key, value in content.items()
        }
    if isinstance(content, list | tuple):
        return [_printable(one, glyphs) for one in content]
    return content


def _runs(items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    """Yield the items of one orientation after another."""
    pairs = zip(orientations(items), items, strict=True)
    for is_wide, run in groupby(pairs, key=lambda pair: pair[0]):
        yield {"is_wide": is_wide, "blocks": [_item(item) for _, item in run]}


def _item(item: Item) -> dict[str, Any]:
    if isinstance(item, Section):
        return {"kind": "heading", "title": item.title, "level": item.level}
    return _block(item)


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Table():
            return _table(block)
        case Figure():
            return {
                "kind": "figure",
                "caption": caption_of(block),
                "svg": block.svg,
                "width": NARROW if is_narrow(block) else FULL,
                "alternative": block.alternative,
                "note": text_of(block.caption),
            }
        case Paragraph():
            return {"kind": "text", "text": text_of(block.spans)}
        case Facts():
            return {"kind": "facts", "items": block.items}


def _table(table: Table) -> dict[str, Any]:
    population = f". {table.population}" if table.population else ""
    layout = layout_of(table)
    return {
        "kind": "table",
        "caption": caption_of(table) + population,
        "widths": layout.letters,
        "size": layout.size,
        "is_short": is_short(table),
        "is_text": [column.is_text for column in table.columns],
        "headings": [table.stub, *map(heading_of, table.columns)],
        "lines": [
            {
                "label": breakable(text_of(line.label)),
                "indent": line.indent,
                "cells": [breakable(text_of(cell)) for cell in line.cells],
            }
            for line in table.lines
        ],
        "absence": table.absence,
        "notes": [text_of(note) for note in table.footnotes],
    }
