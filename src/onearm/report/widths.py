"""How wide the columns of a table stand on paper, by the text in them.

A column is as wide as its longest word needs, and takes more the more text its
cells hold; the same table has the same widths in every format that has pages.
"""

from __future__ import annotations

from collections.abc import Iterable

from onearm.report.model import Table, heading_of, text_of

LETTERS_OF_A_LINE = 28
"""A cell with more text than this wraps."""
LEAST, LEAST_OF_STUB = 5, 20
PORTRAIT_LETTERS = 100
"""More than this side by side is turned to landscape."""


def letters_of_columns(table: Table) -> tuple[int, ...]:
    """Return the letters that each column asks for, the stub first."""
    rows = [
        (" " * 3 * line.indent + text_of(line.label), *map(text_of, line.cells))
        for line in table.lines
        if line.cells
    ]
    headings = [table.stub, *map(heading_of, table.columns)]
    found = [
        _letters(heading, (row[place] for row in rows)) for place, heading in enumerate(headings)
    ]
    least = LEAST if table.is_quoted else LEAST_OF_STUB
    return max(found[0], least), *found[1:]


def _letters(heading: str, cells: Iterable[str]) -> int:
    """Return what a column asks for: a long text gets the width of its share of lines."""
    texts = set(cells)
    longest = max(map(len, texts), default=0)
    word = max((len(part) for text in (heading, *texts) for part in text.split(" ")), default=0)
    share = sum(map(len, texts)) / max(len(texts), 1)
    wanted = longest if longest <= LETTERS_OF_A_LINE else max(LETTERS_OF_A_LINE, share)
    least = max(LEAST, min(word, LETTERS_OF_A_LINE))
    return int(max(least, min(wanted, 2.5 * LETTERS_OF_A_LINE))) + 1


def is_wide(table: Table) -> bool:
    """Return whether a table stands on a page in landscape."""
    return table.is_listing or sum(letters_of_columns(table)) > PORTRAIT_LETTERS
