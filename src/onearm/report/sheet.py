"""The sheet that the figures of a design are drawn on: title, axes, footnotes, image.

Takes rows and text, gives a drawing as the bytes of a file. Knows no design and
computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from onearm import format as fmt
from onearm.report import figures
from onearm.report.figures import MUTED, POINTS_PER_INCH, canvas, style
from onearm.report.plate import SMALLEST, wrapped
from onearm.report.shown import NO_BREAK, position
from onearm.results.model import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

GRID = "#eceff1"
BLUE, ORANGE = "#00527f", "#c2500a"
"""Told apart by those who see red and green alike, and in print by their line or shape."""
DASHED = (0, (5, 3))
MM_PER_INCH = 25.4
WIDTHS = {1: 86 / MM_PER_INCH, 2: 178 / MM_PER_INCH}
"""Widths of one and two columns of a journal page, in inches."""
WIDTH = WIDTHS[2]
TITLE, NOTE, FOOT, MARGIN = 0.40, 0.165, 0.10, 0.12
LEFT, RIGHT, AXIS = 0.72, 0.16, 0.52
LEFTS = {1: 0.52, 2: LEFT}
SHARE = 0.84  # of the size of letters in one column, but 6 points at least
Ending = Literal["svg", "png"]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure that was drawn, and what it shows in words."""

    title: str
    alternative: str
    drawn: Canvas


class Numbers:
    """The rows of a design, by id: where they stand, and as text."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = {row.id: row for row in rows}

    def at(self, result_id: str) -> float:
        """Return where a result stands on its scale."""
        return float(position(self.rows[result_id]))

    def whole(self, result_id: str) -> int:
        """Return a count."""
        return int(position(self.rows[result_id]))

    def text(self, result_id: str) -> str:
        """Return a result with its unit, as a report prints it."""
        return fmt.with_unit(self.rows[result_id])

    def share(self, result_id: str) -> str:
        """Return a planned proportion without needless zeros: '20 %'."""
        exact = Fraction(fmt.decimal_of(position(self.rows[result_id])))
        return f"{fmt.plain(fmt.rounded(exact * 100, 4))} %"

    def has(self, result_id: str) -> bool:
        """Return whether a result exists and is not null."""
        return result_id in self.rows and self.rows[result_id].value is not None

    def items(self, head: str, statistic: str) -> list[tuple[float, Row]]:
        """Return the rows of the items that begin with ``head``, by their number."""
        found = [
            (float((row.item or "").partition(":")[2]), row)
            for row in self.rows.values()
            if row.id.startswith(head) and row.statistic == statistic and row.value is not None
        ]
        return sorted(found, key=lambda pair: pair[0])


class Look(NamedTuple):
    """How a line is drawn, and its name."""

    name: str
    colour: str
    line: Any


@contextmanager
def page(
    height: float, title: str, notes: Sequence[str], below: float = AXIS, columns: int = 2
) -> Iterator[tuple[Canvas, float, float]]:
    """Give a sheet with title and footnotes, and where axes may begin and end, in inches."""
    import matplotlib

    width = WIDTHS[columns]
    size, bold = letters(width, 7.5), letters(width, 10)
    room = (width - 2 * MARGIN) * POINTS_PER_INCH
    kept = [note.replace(" %", f"{NO_BREAK}%") for note in notes]
    lines = [part for note in kept for part in wrapped(note, room, size)]
    joined = title.replace(" %", f"{NO_BREAK}%").replace(" = ", f"{NO_BREAK}={NO_BREAK}")
    head = wrapped(joined, room, bold, "bold")
    foot = FOOT + NOTE * len(lines)
    top = TITLE + 0.19 * (len(head) - 1)
    with style(), matplotlib.rc_context({"path.simplify": False, "font.size": letters(width, 9.0)}):
        whole = height + foot + top
        sheet = canvas(width, whole)
        sheet.text(MARGIN / width, 1 - 0.1 / whole, "\n".join(head), fontsize=bold, va="top",
                   fontweight="bold", parse_math=False)  # fmt: skip
        sheet.text(MARGIN / width, FOOT / 2 / whole, "\n".join(lines), fontsize=size, va="bottom",
                   color=MUTED, linespacing=NOTE * POINTS_PER_INCH / size / 1.18,
                   parse_math=False)  # fmt: skip
        yield sheet, foot + below, whole - top - 0.16


def letters(width: float, size: float) -> float:
    """Return the size of letters on a sheet so many inches wide, of that in two columns."""
    return size if width > WIDTHS[1] else max(size * SHARE, SMALLEST)


def letters_of(axes: Axes, size: float) -> float:
    """Return the size of letters on the sheet of these axes."""
    sheet = cast("Canvas", axes.figure)
    return letters(float(sheet.get_size_inches()[0]), size)


def panel(sheet: Canvas, left: float, right: float, low: float, high: float) -> Axes:
    """Return axes in a box, in inches from the lower left corner."""
    width, height = sheet.get_size_inches()
    axes = sheet.add_axes(
        (left / width, low / height, (right - left) / width, (high - low) / height)
    )
    axes.set_axisbelow(True)
    return axes


def line(
    axes: Axes, xs: Sequence[float], ys: Sequence[float], look: Look, gid: str, width: float
) -> None:
    """Draw a line through points."""
    from matplotlib.lines import Line2D

    axes.add_line(
        Line2D(xs, ys, color=look.colour, linestyle=look.line, linewidth=width, gid=gid,
               solid_joinstyle="round", zorder=2.5)
    )  # fmt: skip


def dot(
    axes: Axes, x: float, y: float, gid: str, colour: str, *, size: float, shape: str = "o"
) -> None:
    """Draw the mark of one result."""
    from matplotlib.lines import Line2D

    axes.add_line(
        Line2D([x], [y], linestyle="none", marker=shape, markersize=size, color=colour,
               markeredgecolor="white", markeredgewidth=0.6, gid=gid, zorder=4, clip_on=False)
    )  # fmt: skip


def key(look: Look) -> Any:
    """Return the entry of a line in a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=look.colour, linestyle=look.line, linewidth=1.7, label=look.name)


def percent_axis(axes: Axes, most: int, values: Sequence[float]) -> None:
    """Let the upright axis show proportions in percent, with some room."""
    low, high = min(values), max(values)
    room = (high - low) * 0.1 or 0.05
    axes.set_ylim(max(low - room, 0), min(high + room, 1.02))
    percent_ticks(axes.yaxis, nice_shares(*axes.get_ylim(), most))
    axes.grid(axis="y", color=GRID, linewidth=0.8)


def nice_shares(low: float, high: float, most: int = 8) -> list[float]:
    """Return round proportions within limits, at most so many."""
    for steps in (200, 100, 50, 20, 10, 5):
        first, last = int(-(-low * steps // 1)), int(high * steps + 1e-9)
        if last - first < most:
            return [k / steps for k in range(first, last + 1)]
    return [k / 5 for k in range(6)]


def percent_ticks(axis: Any, shares: Sequence[float]) -> None:
    """Label proportions as percentages."""
    axis.set_ticks(
        list(shares), [fmt.plain(fmt.rounded(Fraction(str(one)) * 100, 1)) for one in shares]
    )


def whole_ticks(axes: Axes) -> None:
    """Label the level axis at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10]))


def image_of(drawing: Drawing, ending: Ending) -> bytes:
    """Return a drawing as the bytes of an SVG or PNG file, with its words inside."""
    with style():
        return figures.image_of(drawing.drawn, ending, drawing.title, drawing.alternative)
