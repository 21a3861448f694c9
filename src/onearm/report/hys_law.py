"""Hy's law: each patient's highest ALT or AST against the highest bilirubin.

On logarithmic scales in multiples of the upper limit of normal, with the
quadrants that the limits of 3 and 2 part. Draws results; computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm import format as fmt
from onearm.report.figures import (
    INK,
    MUTED,
    POINTS_PER_INCH,
    Trial,
    Wanted,
    cutoff_text,
    plain_text,
)
from onearm.report.model import Phrase, Plotted, Span, phrase
from onearm.report.plate import DASHED, GRID, LINES, SMALLEST, Drawn, Plate, text_width
from onearm.report.shown import Shown, position
from onearm.results.model import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIMITS = (3, 2)
"""Of ALT or AST (at least), and of bilirubin (above), as in the rows."""
QUADRANTS = {  # item: name, whether to the right, whether above
    "hys-law": ("Hy's law range", True, True),
    "temples-corollary": ("Temple's corollary", True, False),
    "cholestasis": ("Cholestasis", False, True),
    "normal": ("Normal and near normal", False, False),
}
HEIGHTS = {1: 165.0, 2: 240.0}
TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 50, 100)
Pair = tuple[Row, Row]  # highest ALT or AST, highest bilirubin


def draw_hys_law(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the peaks of every patient who has both; None where nobody has."""
    shown = trial.shown
    pairs = [
        (row, other)
        for row in shown.items("hys-law", "all", "subject:", "transaminase")
        if (other := shown.row(f"{row.id.rpartition('/')[0]}/bilirubin")) is not None
    ]
    if not pairs:
        return None
    plate, axes = _plate(pairs, want.columns)
    _quadrants(axes, shown, plate)
    for pair in pairs:
        _point(axes, pair)
    _names(axes, plate, [pair for pair in pairs if _is_case(pair)])
    title = "Highest ALT or AST and highest bilirubin on treatment"
    counts = [
        phrase(f"{name}: ", shown.value(f"hys-law/all/quadrant:{item}/count"))
        for item, (name, *_) in QUADRANTS.items()
    ]
    return Drawn(
        title,
        plate,
        f"Hy's law plot. {title}, a point a patient. "
        f"{'; '.join(plain_text(one) for one in counts)}.",
        phrase(_caption(shown), cutoff_text(shown)),
        _data(shown, pairs),
    )


def _caption(shown: Shown) -> Phrase:
    head = "hys-law/all/candidates"
    return phrase(
        "A point a treated patient with ALT or AST, and bilirubin, on treatment (",
        shown.value(f"{head}/total"),
        "); multiples of the upper limit of normal (ULN), at their peaks, which need not be of one "
        "day; lines, 3 times the limit of ALT or AST and twice that of bilirubin. Candidates for "
        "Hy's law, by the days of the values and without cholestasis: ",
        shown.value(f"{head}/count"),
        ".",
    )


def _plate(pairs: Sequence[Pair], columns: int) -> tuple[Plate, Axes]:
    bottom = 8 + HEIGHTS[columns]
    plate = Plate(columns, bottom + 30)
    right = plate.width - 10 if columns == 1 else 38 + HEIGHTS[2] * 1.45
    axes = plate.panel(38, 8, right, bottom)
    axes.set_xscale("log")
    axes.set_yscale("log")
    first, second = zip(*pairs, strict=True)
    for set_limits, set_ticks, of, limit in (
        (axes.set_xlim, axes.set_xticks, first, LIMITS[0]),
        (axes.set_ylim, axes.set_yticks, second, LIMITS[1]),
    ):
        values = [float(position(row)) for row in of]
        room = 0.8 if of is first else 0.45  # below, for the names of the quadrants
        low, high = min([0.2, *values]) * room, max([limit * 4.0, *values]) * 1.3
        set_limits(low, high)
        ticks = [tick for tick in TICKS if low <= tick <= high]
        set_ticks(ticks, [fmt.plain(tick) for tick in ticks])
    axes.minorticks_off()
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_xlabel("Highest ALT or AST (\N{MULTIPLICATION SIGN} ULN)", labelpad=1)
    axes.set_ylabel("Highest bilirubin (\N{MULTIPLICATION SIGN} ULN)", labelpad=1)
    axes.axvline(LIMITS[0], color=MUTED, linewidth=0.8, linestyle=DASHED, gid="limit-transaminase")
    axes.axhline(LIMITS[1], color=MUTED, linewidth=0.8, linestyle=DASHED, gid="limit-bilirubin")
    return plate, axes


def _quadrants(axes: Axes, shown: Shown, plate: Plate) -> None:
    """Name each quadrant in its outer corner, with the number of its patients."""
    for item, (name, is_right, is_above) in QUADRANTS.items():
        count = shown.value(f"hys-law/all/quadrant:{item}/count")
        words = f"{name},{' ' if plate.columns == 2 else chr(10)}n = {count.text}"
        text = axes.text(
            0.985 if is_right else 0.015, 0.975 if is_above else 0.03, words,
            transform=axes.transAxes, ha="right" if is_right else "left",
            va="top" if is_above else "bottom", color=MUTED, zorder=5,
            fontsize=max(plate.size - 0.6, SMALLEST),
        )  # fmt: skip
        text.set_bbox({"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.8})
        if count.result:
            text.set_gid(f"{count.result}#text")


def _is_case(pair: Pair) -> bool:
    x, y = (position(row) for row in pair)
    return x >= LIMITS[0] and y > LIMITS[1]


def _point(axes: Axes, pair: Pair) -> None:
    from matplotlib.lines import Line2D

    x, y = (float(position(row)) for row in pair)
    is_case = _is_case(pair)
    colour = LINES[1] if is_case else LINES[0]
    axes.add_line(
        Line2D([x], [y], linestyle="none", marker="D" if is_case else "o", color=colour,
               markersize=4.4 if is_case else 3.2, alpha=1.0 if is_case else 0.75,
               markeredgewidth=0, gid=pair[0].id, zorder=4)
    )  # fmt: skip


def _names(axes: Axes, plate: Plate, cases: Sequence[Pair]) -> None:
    """Name the patients in Hy's law range, one below the other where their points are close."""
    step = max(plate.size - 0.8, SMALLEST)
    dpi = axes.figure.dpi
    places = [
        [float(one) for one in axes.transData.transform([float(position(r)) for r in pair])]
        for pair in cases
    ]
    before: list[tuple[float, float]] = []
    for (x, y), pair in sorted(zip(places, cases, strict=True), key=lambda one: -one[0][1]):
        name, high = pair[0].label or "", axes.get_xlim()[1]
        is_wide = text_width(name, plate.size) < 60 and position(pair[0]) * 1.6 < high
        at, down = (x * POINTS_PER_INCH / dpi, y * POINTS_PER_INCH / dpi), 0.0
        near = [low for left, low in before if abs(left - at[0]) < text_width(name, step)]
        down = max(at[1] - min(near) + step + 0.5, 0.0) if near else 0.0
        before.append((at[0], at[1] - down))
        axes.annotate(
            name, (float(position(pair[0])), float(position(pair[1]))), textcoords="offset points",
            xytext=(5 if is_wide else -5, -down), ha="left" if is_wide else "right",
            va="center_baseline", color=INK, parse_math=False, fontsize=step,
        )  # fmt: skip


def _data(shown: Shown, pairs: Sequence[Pair]) -> Plotted:
    rows = [
        (Span(x.label or ""), shown.value(x.id), shown.value(y.id), Span(x.note or ""),
         Span(y.note or ""))
        for x, y in pairs
    ]  # fmt: skip
    columns = ("Patient", "Highest ALT or AST (x ULN)", "Highest bilirubin (x ULN)",
               "ALT or AST of", "Bilirubin of")  # fmt: skip
    return Plotted(columns, tuple(rows))
