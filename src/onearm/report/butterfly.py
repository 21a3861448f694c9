"""The butterfly of adverse events: any grade to the left, grade 3 or higher to the right.

Terms by frequency; those that at least one patient in ten had. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onearm.report.figures import INK, MUTED, Trial, Wanted, cutoff_text, label_of, plain_text
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import GRADES, GRID, Drawn, Plate, shortened, text_width
from onearm.report.shown import Shown, position
from onearm.results.model import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

THRESHOLD = 0.10
MOST = 40
STEP = {1: 9.5, 2: 11.0}
TOP, BOTTOM = 18.0, 26.0
TICK = 14.0  # points that the label of a tick needs
ALL, SEVERE = "#8fa3b3", GRADES[4]
NAMES = {"trae": "Treatment-related adverse events", "ae": "Adverse events"}


@dataclass(frozen=True, slots=True)
class Butterfly:
    """Draws the terms of one analysis of adverse events."""

    analysis: str

    def __call__(self, trial: Trial, want: Wanted) -> Drawn | None:
        """Draw the commonest terms of a group; None where there is none."""
        return draw_butterfly(trial.shown, self.analysis, want)


def draw_butterfly(shown: Shown, analysis: str, want: Wanted) -> Drawn | None:
    """Draw the terms that at least one patient in ten had; the commonest where none reaches it."""
    rows = [
        row
        for row in shown.items(analysis, want.group, "term:", "any_estimate")
        if row.value is not None and position(row) > 0 and row.item and row.item.count(":") == 1
    ]
    rows.sort(key=lambda row: (-position(row), -position(_severe(shown, row)), _term(row)))
    common = [row for row in rows if position(row) >= THRESHOLD][:MOST] or rows[:10]
    if not common:
        return None
    plate, sides = _plate(shown, common, want.columns)
    _draw(plate, sides, shown, common)
    of = "" if want.group == "all" else f", {label_of(shown, want.group)}"
    title = f"{NAMES[analysis]}, by term{of}"
    head = f"{analysis}/{want.group}"
    total = shown.value(f"{head}/total")
    first = ", ".join(f"{_term(row)} {plain_text(shown.value(row.id))} %" for row in common[:5])
    return Drawn(
        title,
        plate,
        f"Butterfly plot. {title}: any grade to the left, grade 3 or higher to the right, in "
        f"percent of patients, the commonest first. {first}.",
        phrase(
            "Percent of ", total, " treated patients. Each patient counts once a term, by the "
            "worst grade; both sides on one scale. Terms that at least 10 % of patients had, by "
            "frequency.",
            cutoff_text(shown),
        ),
        _data(shown, common),
    )  # fmt: skip


def _term(row: Row) -> str:
    return row.label or (row.item or "").partition(":")[2]


def _severe(shown: Shown, row: Row) -> Row:
    return shown.rows[f"{row.id.rpartition('/')[0]}/grade_3_estimate"]


def _plate(
    shown: Shown, rows: Sequence[Row], columns: int
) -> tuple[Plate, tuple[Axes, Axes, float, float]]:
    """Return plate, both axes on one scale, and where the names stand and their room."""
    step = STEP[columns]
    bottom = TOP + step * len(rows)
    plate = Plate(columns, bottom + BOTTOM)
    size = plate.size - 0.3
    room = plate.width * (0.36 if columns == 2 else 0.40)
    wide = max(text_width(shortened(_term(row), room, size), size) for row in rows) + 12
    both = plate.width - 34 - wide - 26
    most = [
        max([float(position(row)) for row in shares] + [THRESHOLD])
        for shares in (rows, [_severe(shown, row) for row in rows])
    ]
    share = min(max(most[1] / sum(most), 0.22), 0.5)
    middle = 34 + both * (1 - share)
    left = plate.panel(34, TOP, middle, bottom)
    right = plate.panel(middle + wide, TOP, plate.width - 26, bottom)
    scale = max(most[0] / (1 - share), most[1] / share)
    percent = both / scale / 100  # points
    every = next(n for n in (5, 10, 20, 25, 50, 100) if n * percent >= TICK or n == 100)
    for axes, part, is_left in ((left, 1 - share, True), (right, share, False)):
        _axes(axes, len(rows), scale * part, is_left, every)
    return plate, (left, right, middle + wide / 2, room)


def _draw(
    plate: Plate, sides: tuple[Axes, Axes, float, float], shown: Shown, rows: Sequence[Row]
) -> None:
    left, right, middle, room = sides
    severe = [_severe(shown, row) for row in rows]
    for axes, shares, colour, is_left in (
        (left, rows, ALL, True), (right, severe, SEVERE, False),
    ):  # fmt: skip
        for i, row in enumerate(shares):
            _bar(axes, shown, i, row, colour, is_left, plate.size - 1)
    plate.text(_edge(plate, left, 1), TOP / 2, "Any grade", ha="right", fontweight="bold")
    plate.text(_edge(plate, right, 0), TOP / 2, "Grade \N{GREATER-THAN OR EQUAL TO} 3",
               fontweight="bold")  # fmt: skip
    step = STEP[plate.columns]
    for i, row in enumerate(rows):
        words = shortened(_term(row), room, plate.size - 0.3)
        y = TOP + step * (i + 0.5)
        plate.text(middle, y, words, ha="center", fontsize=plate.size - 0.3)


def _edge(plate: Plate, axes: Axes, side: int) -> float:
    box = axes.get_position()
    return float(box.x1 if side else box.x0) * plate.width


def _axes(axes: Axes, n: int, end: float, is_left: bool, every: int) -> None:
    ticks = range(0, int(end * 100 + 0.001) + 1, every)
    axes.set_xticks([tick / 100 for tick in ticks], [str(tick) for tick in ticks])
    axes.set_xlim((end, 0) if is_left else (0, end))
    axes.set_ylim(n - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(not is_left)
    axes.spines["right"].set_visible(is_left)
    axes.set_xlabel("Patients (%)", labelpad=1)
    axes.grid(axis="x", color=GRID, linewidth=0.7)


def _bar(
    axes: Axes, shown: Shown, i: int, row: Row, colour: str, is_left: bool, size: float
) -> None:
    from matplotlib.patches import Rectangle

    share = float(position(row))
    axes.add_patch(
        Rectangle((0, i - 0.36), share, 0.72, facecolor=colour, linewidth=0, gid=row.id, zorder=2)
    )
    axes.annotate(
        shown.value(row.id).text, (share, i), xytext=(-2 if is_left else 2, 0),
        textcoords="offset points", ha="right" if is_left else "left", va="center_baseline",
        fontsize=size - 0.4, color=INK if share else MUTED, annotation_clip=False,
    ).set_gid(f"{row.id}#text")  # fmt: skip


def _data(shown: Shown, rows: Sequence[Row]) -> Plotted:
    names = ("any_count", "any_estimate", "grade_3_count", "grade_3_estimate", "total")
    cells = [
        (
            Span(_term(row)),
            *(shown.value(f"{row.id.rpartition('/')[0]}/{name}") for name in names),
        )
        for row in rows
    ]
    columns = ("Term", "Any grade, n", "Any grade (%)", "Grade 3 or higher, n",
               "Grade 3 or higher (%)", "Patients")  # fmt: skip
    return Plotted(columns, tuple(cells))
