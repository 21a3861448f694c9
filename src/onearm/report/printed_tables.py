"""A table of the publication as it stands there, with our numbers in its cells.

Lines, columns and the form of each cell are those of ``expected.yaml``; each
number is ours, with as many digits as are printed. A cell that differs has a
mark, and its footnote what is printed and why. Computes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase

from onearm import format as fmt
from onearm.report.model import Column, Line, Phrase, Span, Table, phrase
from onearm.report.shown import Shown
from onearm.report.tables import capital
from onearm.results.model import Comparison
from onearm.terms import Kind

CITED = "Of this table only the numbers are known that the text of the publication cites."
FIELD = re.compile(r"\{([a-z0-9_]+)\}")
Cell = list[Comparison]


@dataclass(slots=True)
class _Printed:
    """A line of the publication: its label, and the numbers of each column."""

    label: str
    cells: dict[str, Cell] = field(default_factory=dict)


def printed_table(shown: Shown, place: str) -> Table | None:
    """Return a table of the publication with our numbers; None without any of its numbers.

    Of a table that ``expected.yaml`` does not hold, those that are cited from it elsewhere.
    """
    all_found = [one for one in shown.material.comparisons if place in _places(one)]
    own = [one for one in all_found if _places(one)[0] == place]
    found = own or all_found
    if not found:
        return None
    columns = list(dict.fromkeys(one.published.column for one in found))
    notes: dict[str, str] = {}
    lines: list[Line] = []
    heading = ""
    for line in _lines(found, columns):
        above, label = _labels(line)
        if above and above != heading:
            lines.append(Line(phrase(above)))
        heading = above
        cells = tuple(_cell(line.cells.get(name, []), notes) for name in columns)
        verdicts = {one.verdict for cell in line.cells.values() for one in cell}
        mark = next((name for name in ("differs", "unexpected") if name in verdicts), None)
        lines.append(Line(phrase(label), cells, 1 if above else 0, mark=mark))
    equal = sum(one.verdict == "reproduced" for one in found)
    about = (
        f"As printed, with our numbers in the digits of the publication: {equal} of "
        f"{fmt.count_of(len(found), 'number')} come out as printed. A dash of the publication "
        "for a count means nobody."
    )
    name = f"paper-{place.lower().replace(' ', '-')}"
    told = (phrase(f"[{mark}] {text}") for text, mark in notes.items())
    of_all = dict.fromkeys(one.published.note for one in own if one.published.note)
    unit = ""
    if not own:  # numbers in a sentence: without the form that the table gives them
        of_all = {CITED: None}
        is_share = all(one.row is not None and one.row.kind is Kind.PROPORTION for one in found)
        unit = ", %" if is_share else ""
    return Table(
        name, "", f"{place} of the publication, recomputed", "", "As in the publication",
        tuple(Column(f"{capital(name) or 'Result'}{unit}") for name in columns), tuple(lines),
        (phrase(about), *told, *(phrase(note.strip()) for note in of_all)),
        is_quoted=True,
    )  # fmt: skip


def _places(one: Comparison) -> list[str]:
    """Return where a number is printed, its own place first."""
    return [place.removeprefix("Supplementary ") for place in one.published.where.split("; ")]


def _lines(found: Sequence[Comparison], columns: Sequence[str]) -> Iterator[_Printed]:
    """Yield the lines; two that fill each other's empty columns are one of the publication."""
    line: _Printed | None = None
    for printed in _rows(found):
        if line is None:
            line = printed
        elif _fill(line.cells, printed.cells, columns):
            line.cells |= printed.cells
        else:
            yield line
            line = printed
    if line is not None:
        yield line


def _fill(above: Collection[str], below: Collection[str], columns: Sequence[str]) -> bool:
    """Return whether two lines have every column between them, and none twice."""
    return sorted((*above, *below)) == sorted(columns)


def _rows(found: Sequence[Comparison]) -> Iterator[_Printed]:
    row: _Printed | None = None
    name = ""
    for one in found:
        here = "/".join(one.published.id.split("/")[:2])
        if row is None or here != name:
            if row is not None:
                yield row
            row, name = _Printed(one.published.line), here
        row.cells.setdefault(one.published.column, []).append(one)
    if row is not None:
        yield row


def _labels(line: _Printed) -> tuple[str, str]:
    """Return the heading above a line and its label, as a characteristic and its level.

    A line of one number has its label as the file gives it, one of several
    statistics also their names: 'Age in years, median (minimum-maximum)'.
    """
    first = next(one for cell in line.cells.values() for one in cell)
    row = first.row
    if row is not None and row.analysis == "baseline":
        above, is_level, level = (row.label or "").partition(": ")
        if is_level:
            return f"{above}, n\N{NO-BREAK SPACE}(%)", level
        words = FIELD.sub(lambda found: found[1], first.published.form)
        return "", f"{line.label}, {words}"
    return "", line.label


def _cell(cell: Cell, notes: dict[str, str]) -> Phrase:
    """Return a cell in its form, each number ours, with a mark where one differs."""
    if not cell:
        return phrase("")
    numbers = {one.published.id.rpartition("/")[2]: one for one in cell}
    parts: list[str | Span] = []
    for place, text in enumerate(FIELD.split(cell[0].published.form)):
        if place % 2 == 0:
            parts.append(text)
        elif text in numbers:
            parts.append(_span(numbers[text]))
    if len(cell) < len(FIELD.findall(cell[0].published.form)) or not cell[0].published.form:
        parts = [_span(cell[0])]  # a dash, or a number without form
    parts += [f"\N{NO-BREAK SPACE}[{_mark(one, notes)}]"
              for one in cell if one.verdict != "reproduced"]  # fmt: skip
    return phrase(*(part for part in parts if part))


def _span(one: Comparison) -> Span:
    """Return our number, or the printed text where nothing can be set beside it."""
    if one.row is None or one.recomputed is None:
        return Span(one.published.printed)
    return Span(one.recomputed, one.row.id, one.row.kind.value)


def _mark(one: Comparison, notes: dict[str, str]) -> str:
    """Return the mark of a number that differs, and note what is printed and why."""
    why = f": {one.published.reason.strip()}" if one.published.reason else "."
    ours = f", ours {one.recomputed}" if one.recomputed is not None else ""
    return notes.setdefault(f"Printed {one.published.printed}{ours}{why}", _letters(len(notes)))


def _letters(place: int) -> str:
    head, rest = divmod(place, len(ascii_lowercase))
    return (_letters(head - 1) if head else "") + ascii_lowercase[rest]
