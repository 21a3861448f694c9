"""Cumulative incidence of the first immune-related event, with its competing events.

A curve that climbs by the steps that stand among the results, with its band and
landmark rates. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm import format as fmt
from onearm.report.figures import INK, Trial, Wanted, cutoff_text, plain_text
from onearm.report.model import Phrase, Plotted, Span, phrase
from onearm.report.plate import GRID, LINES, Drawn, Plate, lines_of, month_ticks, width_of
from onearm.report.shown import Shown, position
from onearm.results.model import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ANALYSIS = "irae-incidence"
HEAD = f"{ANALYSIS}/all"
HEIGHTS = {1: 130.0, 2: 190.0}
NAMES = ("incidence", "lower", "upper", "at_risk", "events", "competing", "censored")


def draw_incidence(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the curve; None where no step of it is among the results."""
    shown = trial.shown
    steps = sorted(shown.items(ANALYSIS, "all", "step:", "incidence"), key=_day)
    if not steps:
        return None
    notes = _notes(shown)
    plate, axes = _plate(notes, steps, want.columns)
    _band(axes, shown, steps)
    _curve(axes, shown, steps)
    title = "Cumulative incidence of immune-related adverse events"
    return Drawn(
        title,
        plate,
        f"Rising step curve. {title}. {' '.join(plain_text(note) for note in notes)}",
        phrase(
            "First immune-related event, by the Aalen-Johansen estimate; death and the end of "
            f"treatment compete with it. Band, {shown.level} confidence limits; circles, landmark "
            "rates; upright ticks, days on which somebody was censored." + cutoff_text(shown)
        ),
        _data(shown, steps),
    )


def _day(row: Row) -> float:
    return float((row.item or "").partition(":")[2])


def _notes(shown: Shown) -> list[Phrase]:
    counts = phrase(
        "First events ", shown.value(f"{HEAD}/events"), " of ", shown.value(f"{HEAD}/total"),
        "; before one, died ", shown.value(f"{HEAD}/deaths"), ", ended treatment ",
        shown.value(f"{HEAD}/stopped"), ", censored ", shown.value(f"{HEAD}/censored"),
    )  # fmt: skip
    rates: list[Phrase] = []
    for landmark in shown.protocol.analysis.landmarks:
        rate = f"{HEAD}/rate_{landmark.suffix}"
        if shown.row(rate) is not None:
            limits = shown.between(f"{rate}_lower", f"{rate}_upper")
            rates.append(phrase(f"at {landmark} ", shown.value_with_unit(rate), " (", limits, ")"))
    joined = phrase(*(part for rate in rates for part in ("; ", rate)))[1:]
    return [counts, phrase("Incidence ", joined)] if rates else [counts]


def _plate(notes: Sequence[Phrase], steps: Sequence[Row], columns: int) -> tuple[Plate, Axes]:
    size = 7.0 if columns == 2 else 6.3
    step, broken = size + 3, []
    for note in notes:
        broken += lines_of(note, width_of(columns) - 12, size)
    top = 10 + step * len(broken)
    plate = Plate(columns, top + HEIGHTS[columns] + 32)
    plate.phrase(6, 4 + step / 2, broken, step, fontsize=size, color=INK)
    axes = plate.panel(44, top, plate.width - 10, top + HEIGHTS[columns])
    end = max(_day(steps[-1]), 31.0)
    axes.set_xlim(0, end * 1.02)
    axes.set_ylim(0, 1.02)
    month_ticks(axes, end, 7 if columns == 1 else 13)
    shares = range(0, 101, 20)
    axes.set_yticks([share / 100 for share in shares], [str(share) for share in shares])
    axes.set_xlabel("Months from the first dose", labelpad=1)
    axes.set_ylabel("Cumulative incidence (%)", labelpad=1)
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    return plate, axes


def _band(axes: Axes, shown: Shown, steps: Sequence[Row]) -> None:
    from matplotlib.patches import Polygon

    ends = [*(_day(row) for row in steps[1:]), _day(steps[-1])]
    lower: list[tuple[float, float]] = []
    upper: list[tuple[float, float]] = []
    for row, until in zip(steps, ends, strict=True):
        stem = row.id.rpartition("/")[0]
        if shown.has_value(f"{stem}/lower") and shown.has_value(f"{stem}/upper"):
            low = float(position(shown.rows[f"{stem}/lower"]))
            high = float(position(shown.rows[f"{stem}/upper"]))
            lower += [(_day(row), low), (until, low)]
            upper += [(_day(row), high), (until, high)]
    if lower:
        corners = upper + lower[::-1]
        axes.add_patch(Polygon(corners, closed=True, facecolor=LINES[0], alpha=0.14, linewidth=0))


def _curve(axes: Axes, shown: Shown, steps: Sequence[Row]) -> None:
    from matplotlib.lines import Line2D

    day, height = 0.0, 0.0
    for row in steps:
        now = float(position(row)) if row.value is not None else height
        axes.add_line(
            Line2D([day, _day(row), _day(row)], [height, height, now], color=LINES[0],
                   linewidth=1.3, solid_capstyle="projecting", gid=row.id, zorder=3)
        )  # fmt: skip
        day, height = _day(row), now
        censored = shown.row(f"{row.id.rpartition('/')[0]}/censored")
        if censored is not None and censored.value is not None and position(censored) > 0:
            axes.add_line(
                Line2D([day], [height], linestyle="none", marker="|", markersize=5.5,
                       markeredgewidth=0.9, color=LINES[0], gid=f"{censored.id}#mark", zorder=4)
            )  # fmt: skip
    for landmark in shown.protocol.analysis.landmarks:
        rate = shown.row(f"{HEAD}/rate_{landmark.suffix}")
        if rate is not None and rate.value is not None:
            axes.add_line(
                Line2D([float(landmark.days)], [float(position(rate))], linestyle="none",
                       marker="o", markersize=3.6, markerfacecolor="white", zorder=5,
                       markeredgecolor=LINES[0], markeredgewidth=0.9, gid=f"{rate.id}#mark")
            )  # fmt: skip


def _data(shown: Shown, steps: Sequence[Row]) -> Plotted:
    rows = []
    for row in steps:
        stem = row.id.rpartition("/")[0]
        rows.append(
            (Span(fmt.plain(_day(row))), *(shown.value(f"{stem}/{name}") for name in NAMES))
        )
    columns = ("Day", "Incidence (%)", "Lower limit (%)", "Upper limit (%)", "At risk", "Events",
               "Competing events", "Censored")  # fmt: skip
    return Plotted(columns, tuple(rows))
