"""A plate: one figure at the size in which a journal prints it, laid out in points.

One column is 86 mm wide, two are 178 mm. Places are points from the upper left
corner, and widths of texts are measured, so that nothing overlaps or is cut.
Knows no figure and computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from onearm.report.figures import INK, MUTED, POINTS_PER_INCH, canvas
from onearm.report.model import Phrase, Plotted, Span
from onearm.terms import DAYS_PER_MONTH

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas
    from matplotlib.text import Text

COLUMN_MM = {1: 86, 2: 178}
"""Widths of a figure in one and in two columns of a journal page."""
SIZES = {1: 6.5, 2: 7.5}
"""Sizes of letters in points."""
SMALLEST = 6.0
"""The smallest letters that a journal prints, in points."""
TALLEST = 640.0
"""Points that a figure may be high, so that it has room on a page with its caption."""
MM_PER_INCH = 25.4
GRID = "#eceff1"
DASHED = (0, (4, 3))
LINES = ("#00527f", "#c2500a", "#6b4c9a", "#4d4d4d", "#3a8f8f", "#a8326e")
"""Colours of curves, told apart by those who see red and green alike, and in print."""
RESPONSES: dict[str, str] = {
    "CR": "#08386e",
    "PR": "#6aaed6",
    "SD": "#b4bac0",
    "NON-CR/NON-PD": "#dfe3e6",
    "NED": "#dfe3e6",
    "PD": "#d9690f",
    "NE": "#ffffff",
}
"""Response -> colour, the same in every figure; NE is hatched as well."""
GRADES = ("#ffffff", "#f3e3b3", "#f0b85f", "#d9690f", "#9c3311", "#3d0f05")
"""Grades 0 to 5, from light to dark."""
HATCH = "////"


class Place(NamedTuple):
    """A piece of a line of text: where it begins, what it says, whose result it is."""

    left: float
    text: str
    result: str | None


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of a text in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    letters = FontProperties(family=["DejaVu Sans"], size=size, weight=weight)
    return float(text_to_path.get_text_width_height_descent(text, letters, ismath=False)[0])


def lines_of(
    spans: Iterable[Span], width: float, size: float, weight: str = "normal"
) -> list[list[Place]]:
    """Break a phrase into lines that are no wider than ``width`` points.

    Lines break at spaces; what stands without a space between it stays together.
    """
    clusters: list[list[Span]] = [[]]
    for text, result, _ in spans:
        if result is not None:
            clusters[-1].append(Span(text, result))
            continue
        for i, word in enumerate(text.split(" ")):
            if i:
                clusters.append([])
            if word:
                clusters[-1].append(Span(word))
    space = text_width(" ", size, weight)
    lines: list[list[Place]] = [[]]
    left = 0.0
    for cluster in (one for one in clusters if one):
        wide = sum(text_width(span.text, size, weight) for span in cluster)
        if lines[-1] and left + wide > width:
            lines.append([])
            left = 0.0
        for span in cluster:
            lines[-1].append(Place(left, span.text, span.result))
            left += text_width(span.text, size, weight)
        left += space
    return [_joined(line, size, weight) for line in lines]


def _joined(line: Sequence[Place], size: float, weight: str) -> list[Place]:
    """Return a line whose words between two results are one piece."""
    pieces: list[Place] = []
    end = 0.0
    for place in line:
        last = pieces[-1] if pieces else None
        if last is not None and last.result is None and place.result is None:
            apart = " " if place.left > end else ""
            pieces[-1] = Place(last.left, f"{last.text}{apart}{place.text}", None)
        else:
            pieces.append(place)
        end = place.left + text_width(place.text, size, weight) + 0.01
    return pieces


def wrapped(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Break a text into lines that are no wider than ``width`` points."""
    return [
        " ".join(place.text for place in line)
        for line in lines_of((Span(text),), width, size, weight)
    ]


def shortened(text: str, width: float, size: float, weight: str = "normal") -> str:
    """Return a text that is no wider than ``width`` points, with an ellipsis where it is cut."""
    if text_width(text, size, weight) <= width:
        return text
    while text and text_width(f"{text}\N{HORIZONTAL ELLIPSIS}", size, weight) > width:
        text = text[:-1].rstrip()
    return f"{text}\N{HORIZONTAL ELLIPSIS}"


def broken(text: str, width: float, size: float, weight: str = "normal", most: int = 4) -> str:
    """Break a name into lines no wider than ``width`` points; what does not fit is cut.

    The last of ``most`` lines ends in an ellipsis where there is more.
    """
    lines = wrapped(text, width, size, weight)
    lines = [*lines[: most - 1], " ".join(lines[most - 1 :])][:most]
    return "\n".join(shortened(line, width, size, weight) for line in lines if line)


class Names:
    """Names of rows, broken into lines, and where each row stands, in points from the first.

    A row is ``step`` points high, and higher where its name has several lines.
    """

    def __init__(
        self, names: Iterable[str], width: float, size: float, step: float, weight: str = "normal"
    ) -> None:
        self.size, self.step = size, step
        self.lines = [broken(name, width, size, weight) for name in names]
        self.wide = max(
            (text_width(one, size, weight) for name in self.lines for one in name.split("\n")),
            default=0.0,
        )
        self.centres: list[float] = []
        self.height = 0.0
        for name in self.lines:
            high = step + name.count("\n") * leading(size)
            self.centres.append(self.height + high / 2)
            self.height += high

    def half(self, i: int) -> float:
        """Return half the height of a row."""
        return (self.step + self.lines[i].count("\n") * leading(self.size)) / 2


@dataclass(frozen=True, slots=True)
class Heads:
    """Headings of columns: in lines, or upright where the columns are too narrow for a name."""

    lines: list[str]
    is_upright: bool
    height: float  # in points

    def write(self, plate: Plate, i: int, place: tuple[float, float], **look: Any) -> None:
        """Write a heading; ``place`` is where its line begins, and the lower end of all."""
        x, low = place
        if self.is_upright:
            look |= {"ha": "center", "va": "bottom", "rotation": 90}
            plate.text(x + 4, low, self.lines[i], **look)
        else:
            plate.name(x, low - self.height / 2, self.lines[i], plate.size, **look)


UPRIGHT = 110.0  # points that an upright heading may have


def heads(names: Sequence[str], widths: Sequence[float], size: float, weight: str) -> Heads:
    """Return the headings of columns that are so wide."""
    lines = [broken(name, wide, size, weight) for name, wide in zip(names, widths, strict=True)]
    if not any("\N{HORIZONTAL ELLIPSIS}" in one for one in lines):
        return Heads(lines, False, leading(size) * max(one.count("\n") + 1 for one in lines))
    lines = [shortened(name, UPRIGHT, size, weight) for name in names]
    return Heads(lines, True, max(text_width(one, size, weight) for one in lines) + 2)


def leading(size: float) -> float:
    """Return how far the lines of a text are apart, in points."""
    return size * 1.15


class Page:
    """What stands on a figure outside its axes, in points from the upper left corner."""

    def __init__(self, drawing: Canvas, height: float) -> None:
        from matplotlib.transforms import Affine2D

        self.drawing = drawing
        self.to_inches = Affine2D()
        self.transform = self.to_inches + drawing.dpi_scale_trans
        self.texts: list[Text] = []
        self.hang(height)

    def hang(self, height: float) -> None:
        """Let the upper edge be so many points above the lower edge of the figure."""
        inch = 1 / POINTS_PER_INCH
        self.to_inches.clear().scale(inch, -inch).translate(0, height * inch)

    def add(self, artist: Artist) -> None:
        """Add a line or a patch."""
        artist.set_transform(self.transform)
        self.drawing.add_artist(artist)

    def text(self, x: float, y: float, words: str, **look: Any) -> Text:
        """Write a text."""
        written = self.drawing.text(x, y, words, transform=self.transform, **look)
        self.texts.append(written)
        return written


class Plate:
    """A sheet of one or two columns, so many points high."""

    def __init__(self, columns: int, height: float) -> None:
        self.columns = columns
        self.size = SIZES[columns]
        self.width = width_of(columns)
        self.height = height
        self.canvas: Canvas = canvas(self.width / POINTS_PER_INCH, height / POINTS_PER_INCH)
        self.page = Page(self.canvas, height)

    def panel(self, left: float, top: float, right: float, bottom: float) -> Axes:
        """Return axes in a box."""
        axes = self.canvas.add_axes(
            (
                left / self.width,
                1 - bottom / self.height,
                (right - left) / self.width,
                (bottom - top) / self.height,
            )
        )
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=self.size, length=2.5, width=0.6, pad=2)
        axes.xaxis.label.set_fontsize(self.size)
        axes.yaxis.label.set_fontsize(self.size)
        return axes

    def text(self, x: float, y: float, words: str, gid: str | None = None, **look: Any) -> None:
        """Write a text at a point; from the left and in the middle unless told otherwise."""
        kept: dict[str, Any] = {"fontsize": self.size, "color": INK, "ha": "left"}
        kept |= {"va": "center_baseline"} | look
        written = self.page.text(x, y, words, parse_math=False, **kept)
        if gid is not None:
            written.set_gid(gid)

    def name(self, x: float, y: float, lines: str, size: float, **look: Any) -> None:
        """Write the lines of a name, their middle at a point."""
        parts = lines.split("\n")
        for i, line in enumerate(parts):
            at = y + (i - (len(parts) - 1) / 2) * leading(size)
            self.text(x, at, line, fontsize=size, **look)

    def phrase(
        self, x: float, y: float, lines: Sequence[Sequence[Place]], step: float, **look: Any
    ) -> None:
        """Write lines of a phrase, each number with its result's id."""
        for i, line in enumerate(lines):
            for left, text, result in line:
                gid = f"{result}#text" if result else None
                self.text(x + left, y + i * step, text, gid, **look)

    def legend(self, handles: Sequence[Any], x: float, y: float, width: float) -> float:
        """Write the keys of a figure in rows no wider than ``width``; return their height."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Rectangle

        row, left, wide, gap = self.size + 4, 0.0, 12.0, 10.0
        top = y + row / 2
        for handle in handles:
            label = str(handle.get_label())
            needed = wide + 3 + text_width(label, self.size)
            if left and left + needed > width:
                left, top = 0.0, top + row
            if isinstance(handle, Line2D):
                line = Line2D([x + left, x + left + wide], [top, top]) if (
                    handle.get_linestyle() != "None"
                ) else Line2D([x + left + wide / 2], [top])  # fmt: skip
                line.update_from(handle)
                self.page.add(line)
            else:
                box = Rectangle((x + left, top - 3.2), wide, 6.4)
                box.update_from(handle)
                self.page.add(box)
            self.text(x + left + wide + 3, top, label)
            left += needed + gap
        return top - y + row / 2


def width_of(columns: int) -> float:
    """Return the width of a figure in points."""
    return COLUMN_MM[columns] / MM_PER_INCH * POINTS_PER_INCH


class Marks:
    """What the marks of a figure say that show records: by the mark's id."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}

    def add(self, *lines: str) -> str:
        """Keep what a mark says, its heading first; return its id."""
        name = f"mark-{len(self.words) + 1}"
        self.words[name] = "\n".join(line for line in lines if line)
        return name


def month_ticks(axes: Axes, end: float, most: int) -> None:
    """Put round months under an axis that counts days from 0 to ``end``."""
    every = next(n for n in (1, 2, 3, 6, 12, 24, 60) if end / float(DAYS_PER_MONTH) / n <= most)
    months = range(0, int(end / float(DAYS_PER_MONTH)) + 1, every)
    axes.set_xticks([float(month * DAYS_PER_MONTH) for month in months], [*map(str, months)])


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure on its plate, and what it shows in words and numbers."""

    title: str
    plate: Plate
    alternative: str
    caption: Phrase
    data: Plotted
    marks: Mapping[str, str] = field(default_factory=dict)


def add_caption(drawn: Drawn) -> None:
    """Write title and caption under a figure, for a file that stands alone."""
    plate, margin, step = drawn.plate, 6.0, drawn.plate.size + 2.6
    title = wrapped(drawn.title, plate.width - 2 * margin, plate.size + 0.7, "bold")
    spans = (span._replace(text=span.text.replace(" %", "\N{NO-BREAK SPACE}%"))
             for span in drawn.caption)  # fmt: skip
    caption = lines_of(spans, plate.width - 2 * margin, plate.size - 0.5)
    extra = 10 + len(title) * (step + 1) + len(caption) * step
    height = plate.height
    plate.canvas.set_size_inches(plate.width / POINTS_PER_INCH, (height + extra) / POINTS_PER_INCH)
    plate.page.hang(height + extra)
    for axes in plate.canvas.axes:
        box = axes.get_position()
        share = height / (height + extra)
        axes.set_position((box.x0, 1 - (1 - box.y0) * share, box.width, box.height * share))
    top = height + 8
    for words in title:
        plate.text(margin, top, words, fontsize=plate.size + 0.7, fontweight="bold")
        top += step + 1
    plate.phrase(margin, top, caption, step, fontsize=plate.size - 0.5, color=MUTED)
