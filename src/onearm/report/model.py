"""What a report consists of, before any format: phrases, tables, figures, sections.

Text comes in spans; a span that shows a result carries the result's id, so
that every renderer can lead from a printed number back to its trace. Holds no
number that is not text already, and knows no renderer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """A piece of text; ``result`` is the id of the result that it shows, ``format`` its kind.

    The kind (``proportion``, ``duration``, ...) and the profile of the report name
    the format in which the result is printed.
    """

    text: str
    result: str | None = None
    format: str | None = None


Phrase = tuple[Span, ...]
NO_OBSERVATIONS = "no observations"
WIDTH = re.compile(r'<svg [^>]*?width="([0-9.]+)pt"')
NARROW = 300  # points


def phrase(*parts: str | Span | Iterable[Span]) -> Phrase:
    """Join texts, spans and phrases into one phrase.

    >>> phrase("ORR ", Span("36.67", "orr/all/estimate"), " %")[1].result
    'orr/all/estimate'
    """
    spans: list[Span] = []
    for part in parts:
        if isinstance(part, str):
            spans.append(Span(part))
        elif isinstance(part, Span):
            spans.append(part)
        else:
            spans.extend(part)
    return tuple(spans)


CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]|[\ud800-\udfff]")


def without_controls(text: str) -> str:
    """Return a text with a mark in place of each character that no document can hold."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def text_of(spans: Iterable[Span]) -> str:
    """Return a phrase as plain text."""
    return "".join(span.text for span in spans)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, and the number of subjects where it has one.

    ``field`` is the column of the source file that a column of a listing shows.
    """

    label: str
    total: Span | None = None
    is_text: bool = False
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table: a label, the cells, and how far the label is indented.

    A line without cells is a heading within the table. ``source`` is the record
    that a line of a listing shows, as file and line.
    """

    label: Phrase
    cells: tuple[Phrase, ...] = ()
    indent: int = 0
    mark: str | None = None  # a verdict or severity that a renderer may colour
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table: number, title, population, columns, lines, footnotes.

    ``is_quoted`` says that the cells quote the protocol, a publication or a
    message beside results; ``is_listing``, that each line is a record with its
    source. Without lines it reads ``absence``.
    """

    id: str
    number: str
    title: str
    population: str
    stub: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    footnotes: tuple[Phrase, ...] = ()
    is_quoted: bool = False
    is_listing: bool = False
    absence: str = NO_OBSERVATIONS


@dataclass(frozen=True, slots=True)
class Plotted:
    """The data that a figure draws: names of columns, and rows of cells."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Span, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as SVG text whose marks have a result's id as ``id``, and what it shows.

    ``data`` is what is drawn. ``marks`` says of a mark that shows a record, by
    its ``id``, what it is, why, and where the record stands.
    """

    id: str
    number: str
    title: str
    svg: str
    alternative: str
    caption: Phrase
    data: Plotted = field(default_factory=Plotted)
    marks: Mapping[str, str] = field(default_factory=dict)


def is_narrow(figure: Figure) -> bool:
    """Return whether a figure is drawn as wide as one column of a journal, not two."""
    width = WIDTH.search(figure.svg)
    return width is not None and float(width[1]) < NARROW


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; ``is_quoted`` as for tables."""

    spans: Phrase
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what stands for them, such as a study's identifiers."""

    items: tuple[tuple[str, str], ...]


Block = Table | Figure | Paragraph | Facts


@dataclass(frozen=True, slots=True)
class Section:
    """A section with its anchor, title and blocks; ``level`` 2 stands within the one before."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    level: int = 1


@dataclass(frozen=True, slots=True)
class TracedSubject:
    """What one subject adds to a result, as text."""

    subject: str
    role: str
    value: str
    reason: str
    sources: str


@dataclass(frozen=True, slots=True)
class TracedBasis:
    """Whom a result counts, as text."""

    numerator: str
    denominator: str
    subjects: tuple[TracedSubject, ...]


@dataclass(frozen=True, slots=True)
class TracedResult:
    """The way back of one printed result, as text; ``basis`` names a ``TracedBasis``."""

    shown: str
    facts: tuple[tuple[str, str], ...]
    basis: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """A report: title block, headline phrases, sections, and the traces of its numbers.

    ``foot`` stands at the foot of each page, where a format has pages.
    """

    title: str
    study_id: str
    notice: str | None
    facts: Facts
    headlines: tuple[tuple[str, Phrase], ...]
    sections: tuple[Section, ...]
    traces: dict[str, TracedResult]
    bases: dict[str, TracedBasis]
    foot: str = ""

    @property
    def items(self) -> list[Section | Block]:
        """Every section, for its heading, and its blocks, in their order."""
        return [item for one in self.sections for item in (one, *one.blocks)]


def phrases_of(block: Block) -> Iterator[Phrase]:
    """Return every phrase of a block."""
    match block:
        case Paragraph():
            yield block.spans
        case Figure():
            yield block.caption
            yield from block.data.rows
        case Table():
            yield tuple(column.total for column in block.columns if column.total)
            for line in block.lines:
                yield line.label
                yield from line.cells
            yield from block.footnotes
        case Facts():
            return


def caption_of(block: Table | Figure) -> str:
    """Return number and title: 'Table 2. Best objective response'."""
    return f"{block.number}. {block.title}" if block.number else block.title


def heading_of(column: Column) -> str:
    """Return the heading of a column with its number of subjects: 'Total (N = 30)'."""
    if column.total is None:
        return column.label
    return f"{column.label} (N\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{column.total.text})"
