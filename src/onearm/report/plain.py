"""A table as aligned text, and as rows of cells for CSV.

Takes a ``Table``, gives text. Labels of lines are indented as in every other
format; a heading within the table has empty cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from onearm.report.model import Table, caption_of, heading_of, text_of

WIDTH = 100


def table_text(table: Table) -> str:
    """Return a table for a terminal: title, population, aligned columns, footnotes."""
    parts = [caption_of(table), *([table.population] if table.population else []), ""]
    parts += _aligned(table) if table.lines else [table.absence]
    notes = [line for note in table.footnotes for line in wrap(text_of(note), WIDTH)]
    return "\n".join([*parts, *([""] if notes else []), *notes])


def _aligned(table: Table) -> list[str]:
    """Return the lines; a heading within the table may run on over the columns."""
    header, *rows = cells_of(table)
    whole = [row for row, line in zip(rows, table.lines, strict=True) if line.cells]
    widths = [max(len(row[place]) for row in [header, *whole]) for place in range(len(header))]
    are_text = [True, *(column.is_text for column in table.columns)]

    def line(cells: list[str]) -> str:
        parts = [
            cell.ljust(width) if is_text else cell.rjust(width)
            for cell, width, is_text in zip(cells, widths, are_text, strict=True)
        ]
        return "  ".join(parts).rstrip()

    return [line(header), "  ".join("-" * width for width in widths), *map(line, rows)]


def cells_of(table: Table) -> Iterator[list[str]]:
    """Return the headings, then the cells of each line, as they are printed."""
    yield [table.stub, *(heading_of(column) for column in table.columns)]
    for line in table.lines:
        cells = [text_of(cell) for cell in line.cells] or [""] * len(table.columns)
        yield ["  " * line.indent + text_of(line.label), *cells]
