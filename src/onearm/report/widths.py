"""How wide the columns of a table stand on paper, by the text in them.

A column is as wide as its longest word needs, and takes more the more text its
cells hold, as far as the page has room; the same table has the same widths in
every format that has pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from onearm.report.model import Block, Line, Paragraph, Section, Table, heading_of, text_of

LETTERS_OF_A_LINE = 28
"""A cell with more text than this wraps."""
LONGEST_CELL = 70
"""No column asks for more, however long its texts are."""
STUB_OF_RESULTS = 20
PADDING = 2
"""Room on both sides of a column, in letters."""
PORTRAIT_LETTERS, LANDSCAPE_LETTERS = 104, 152
"""What stands side by side on a page, at the size of a table's text."""
WRAPPED_LETTERS = 24
INDENT_LETTERS = 3
"""How far a level of a table's first column stands in."""
LINES_KEPT_WHOLE = 14
"""A table with more lines of text than this may run on to the next page."""
SMALLEST = 0.7
"""No table is set smaller than this part of the usual size."""
BREAK = re.compile(r"[ \n]|(?<=[A-Za-z]-)(?=[A-Za-z])|(?<=[_./:,\]])(?=\S)")
"""Where a line may end: at a blank, after a hyphen between letters, within a path."""

CAPITAL = re.compile("[A-Z]")
PATH = re.compile(r"(?<=[A-Za-z\]][_./:])(?=[A-Za-z0-9])")
BREAK_HERE = "\N{ZERO WIDTH SPACE}"


class Wish(NamedTuple):
    """What a column asks for, in letters: at least its longest word, at best its longest text."""

    least: int
    best: int


Item = Section | Block
"""What stands one below the other in a document: a section, as its heading, and blocks."""


def orientations(items: Sequence[Item]) -> list[bool]:
    """Return whether each item stands in landscape.

    A heading, a paragraph and an empty table stand on the pages of what follows them.
    """
    turned: list[bool] = []
    for item in reversed(items):
        follows = isinstance(item, Section | Paragraph)
        if isinstance(item, Table):
            follows = not item.lines
        is_wide = isinstance(item, Table) and layout_of(item).is_wide
        turned.append(turned[-1] if turned and follows else is_wide)
    return turned[::-1]


class Layout(NamedTuple):
    """How a table stands on paper.

    ``letters``: what each column gets, the stub first. ``is_wide``: whether the
    page is turned to landscape. ``size``: of the text, as a part of the usual.
    """

    letters: tuple[int, ...]
    is_wide: bool
    size: float


def layout_of(table: Table) -> Layout:
    """Return how a table stands on paper.

    A listing stands in landscape; another table only if its columns stay too
    wide after long texts were wrapped. Where the page cannot give every column
    what it asks for, those with much text give way first; where not even the
    longest words fit side by side, the text is set smaller.
    """
    if not table.lines:
        return Layout((PORTRAIT_LETTERS,), False, 1)
    wishes = _wishes(table)
    is_wide = table.is_listing or sum(map(_wrapped, wishes)) > PORTRAIT_LETTERS + PADDING
    room = LANDSCAPE_LETTERS if is_wide else PORTRAIT_LETTERS
    letters = tuple(_fitted(wishes, room))
    return Layout(letters, is_wide, max(SMALLEST, min(1.0, room / sum(letters))))


def _fitted(wishes: Sequence[Wish], room: int) -> Iterator[int]:
    """Yield what each column gets: its best, or as much above its least as there is room."""
    least, best = (sum(side) for side in zip(*wishes, strict=True))
    wanted = best - least
    given = min(max(room - least, 0), wanted)
    for one in wishes:
        yield one.least + ((one.best - one.least) * given // wanted if wanted else 0)


def _wrapped(wish: Wish) -> int:
    return max(wish.least, min(wish.best, WRAPPED_LETTERS + PADDING))


def _wishes(table: Table) -> list[Wish]:
    rows = [
        (" " * INDENT_LETTERS * line.indent + text_of(line.label), *map(text_of, line.cells))
        for line in table.lines
        if line.cells
    ]
    headings = [table.stub, *map(heading_of, table.columns)]
    found = [_wish(name, {row[place] for row in rows}) for place, name in enumerate(headings)]
    if not table.is_quoted:
        found[0] = Wish(*(max(one, STUB_OF_RESULTS) for one in found[0]))
    return found


def _wish(heading: str, cells: set[str]) -> Wish:
    """Return what one column asks for; a column of long texts by their mean length."""
    longest = max(map(len, cells), default=0)
    share = sum(map(len, cells)) // max(len(cells), 1)
    word = max(max(map(_longest_word, cells), default=0), _longest_word(heading))
    best = longest if longest <= LETTERS_OF_A_LINE else max(LETTERS_OF_A_LINE, share)
    least = min(word, LETTERS_OF_A_LINE)
    return Wish(least + PADDING, max(least, min(best, LONGEST_CELL)) + PADDING)


def _longest_word(text: str) -> int:
    """Return the length of the longest word; capital letters are wider than others."""
    return max(len(word) + len(CAPITAL.findall(word)) // 4 for word in BREAK.split(text))


def height_of(line: Line, layout: Layout) -> int:
    """Return how many lines of text a line of a table takes, with some room for short words.

    Columns that ask for less than the page has share the rest.
    """
    page = LANDSCAPE_LETTERS if layout.is_wide else PORTRAIT_LETTERS
    asked = sum(layout.letters)
    columns = [one * max(page, asked) // asked for one in layout.letters]
    if not line.cells:
        return 1 + len(text_of(line.label)) // sum(columns)
    texts = (" " * INDENT_LETTERS * line.indent + text_of(line.label), *map(text_of, line.cells))
    return max(
        1 + (len(text) - 1) // max(letters - PADDING, 1) if len(text) > letters else 1
        for text, letters in zip(texts, columns, strict=True)
    )


def is_short(table: Table) -> bool:
    """Return whether a table is so short that it stands whole on one page."""
    layout = layout_of(table)
    return sum(height_of(line, layout) for line in table.lines) <= LINES_KEPT_WHOLE


def breakable(text: str) -> str:
    r"""Return a text whose paths may end a line within: a mark of no width stands there.

    >>> breakable("labs.csv:2 a.b 1.5").replace(BREAK_HERE, "|")
    'labs.|csv:|2 a.|b 1.5'
    """
    return PATH.sub(BREAK_HERE, text)
