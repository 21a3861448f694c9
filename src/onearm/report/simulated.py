"""The figures of a simulation: how estimates spread over trials, and power over the truth.

Draws the rows of ``sim.figure_rows`` and computes nothing. A bar or a dot has
the id of its result; a line through many has that of their statistic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onearm.report.figures import MUTED
from onearm.report.sheet import (
    AXIS,
    BLUE,
    DASHED,
    GRID,
    LEFT,
    ORANGE,
    RIGHT,
    WIDTH,
    Drawing,
    Look,
    Numbers,
    dot,
    key,
    line,
    nice_shares,
    page,
    panel,
    percent_axis,
    percent_ticks,
    whole_ticks,
)
from onearm.report.shown import position
from onearm.results.model import Row
from onearm.terms import DAYS_PER_MONTH, Kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ALL = "simulation/all"
PALE = "#6aaed6"
MONTH = float(DAYS_PER_MONTH)
MOST_TICKS = 8
NAMES = {
    "pfs-median": "Estimated median PFS (months)",
    "os-median": "Estimated median OS (months)",
    "duration": "Time to the data cut (months)",
}


def draw_trials(rows: Sequence[Row], named: str) -> Drawing:
    """Draw the share of trials by estimated ORR, median PFS and OS, and by their duration."""
    known = Numbers(rows)
    title = f"{named}: estimates and duration of {known.text(f'{ALL}/trials')} trials"
    success = f"P(success) {_with_error(known, f'{ALL}/success')}"
    orr = f"True ORR {known.text('simulation.orr/all/truth')}"
    medians = [
        f"true median {name.upper()} {known.text(f'simulation.{name}-median/all/truth')}, "
        f"not reached in {known.text(f'simulation.{name}-median/all/not_reached')} of trials"
        for name in ("pfs", "os")
    ]
    notes = [
        f"{success}. {orr}; {'; '.join(medians)}.",
        (
            f"Orange: the truth of the scenario; grey: the mean of the trials. Responses stand at "
            f"the nearest number of {known.text(f'{ALL}/patients')}, times in months."
        ),
    ]
    with page(6.2, title, notes) as (sheet, low, high):
        middle, gap = WIDTH * 0.5, AXIS + 0.14
        height = (high - low - gap) / 2
        lefts = (LEFT, middle - 0.2), (middle + LEFT - 0.05, WIDTH - RIGHT)
        upper, lower = (high - height, high), (low, low + height)
        places = {"orr": (lefts[0], upper), "pfs-median": (lefts[1], upper),
                  "os-median": (lefts[0], lower), "duration": (lefts[1], lower)}  # fmt: skip
        for variant, (across, along) in places.items():
            axes = panel(sheet, *across, *along)
            if variant == "orr":
                _rates(axes, known)
            else:
                _months(axes, known, variant)
            axes.set_ylabel("Trials (%)")
    return Drawing(title, f"{title}, as bars. {' '.join(notes)}", sheet)


def _with_error(known: Numbers, result_id: str) -> str:
    """Return a probability with its error and, where counts decide, the exact value."""
    said = f"{known.text(result_id)} (Monte-Carlo error {known.text(f'{result_id}_error')}"
    exact = f"{result_id}_exact"
    return f"{said}; {known.text(exact)} by counts alone)" if known.has(exact) else f"{said})"


def _bars(axes: Axes, bars: Sequence[tuple[float, Row]], left: float, width: float) -> None:
    """Draw a bar a result, from ``left`` of its number, ``width`` wide."""
    from matplotlib.patches import Rectangle

    heights = [float(position(row)) for _, row in bars]
    for (at, row), height in zip(bars, heights, strict=True):
        axes.add_patch(
            Rectangle((at + left, 0), width, height, facecolor=PALE, edgecolor="white",
                      linewidth=0.5, gid=row.id)
        )  # fmt: skip
    percent_axis(axes, 6, [0, *heights])
    axes.set_ylim(bottom=0)


def _rates(axes: Axes, known: Numbers) -> None:
    planned = known.whole(f"{ALL}/patients")
    found = known.items("simulation.orr/all/responders:", "share")
    bars = [(k / planned, row) for k, row in found]
    axes.set_xlim(bars[0][0] - 1 / planned, bars[-1][0] + 1 / planned)
    _bars(axes, bars, -0.5 / planned, 1 / planned)
    _marked(axes, known, "orr", 1)
    percent_ticks(axes.xaxis, nice_shares(*axes.get_xlim()))
    axes.set_xlabel("Estimated response rate (%)")


def _marked(axes: Axes, known: Numbers, variant: str, unit: float) -> None:
    """Mark the truth of the scenario and the mean of the trials, where they exist."""
    for name, colour, style in (("mean", MUTED, "-"), ("truth", ORANGE, DASHED)):
        gid = f"simulation.{variant}/all/{name}"
        if known.has(gid):
            axes.axvline(known.at(gid) / unit, color=colour, linewidth=1.4, linestyle=style,
                         gid=gid)  # fmt: skip


def _months(axes: Axes, known: Numbers, variant: str) -> None:
    bars = known.items(f"simulation.{variant}/all/month:", "share")
    axes.set_xlabel(NAMES[variant])
    if not bars:
        axes.text(0.5, 0.5, "not reached in any trial", transform=axes.transAxes, ha="center",
                  fontsize=8, color=MUTED)  # fmt: skip
        axes.set_xticks([])
        axes.set_yticks([])
        return
    axes.set_xlim(max(bars[0][0] - 1, 0), bars[-1][0] + 2)
    _bars(axes, bars, 0, 1)
    _marked(axes, known, variant, MONTH)
    whole_ticks(axes)


def draw_over_truth(rows: Sequence[Row], named: str) -> Drawing:
    """Draw the chance of success and of an early stop, and the duration, over the truth."""
    known = Numbers(rows)
    steps = [pair for pair in known.items(f"{ALL}/step:", "truth") if known.has(pair[1].id)]
    by_times = steps[0][1].kind is Kind.DURATION
    what = "median PFS" if by_times else "response rate"
    title = f"{named}: decision and duration over the true {what}"
    ends = (steps[0], steps[-1])
    told = ", ".join(
        f"{known.text(f'{ALL}/step:{int(step)}/success')} at {known.text(row.id)}"
        for step, row in ends
    )
    notes = [f"P(success) {told}. Bars: one Monte-Carlo error to each side, where it can be seen."]
    if known.has(f"{ALL}/step:{int(steps[0][0])}/success_exact"):
        notes.append("Grey: the rule by counts alone, exact, at the true rate of those counted.")
    xs = [float(position(row)) for _, row in steps]
    with page(4.0, title, notes) as (sheet, low, high):
        middle = WIDTH * 0.56
        axes = panel(sheet, LEFT, middle - 0.15, low, high)
        _decisions(axes, known, steps, xs)
        right = panel(sheet, middle + LEFT - 0.1, WIDTH - RIGHT, low, high)
        _through(right, known, steps, xs, "duration", Look("", BLUE, "-"))
        top = max(known.at(f"{ALL}/step:{int(step)}/duration") for step, _ in steps)
        right.set_ylim(0, top * 1.15)
        _month_axis(right.yaxis, top * 1.15)
        right.grid(axis="y", color=GRID, linewidth=0.8)
        right.set_ylabel("Mean time to the data cut (months)")
        for each in (axes, right):
            _truth_axis(each, xs, by_times=by_times)
    words = "Left, the probabilities; right, the mean time to the data cut."
    return Drawing(title, f"{title}. {words} {' '.join(notes)}", sheet)


def _decisions(
    axes: Axes, known: Numbers, steps: Sequence[tuple[float, Row]], xs: Sequence[float]
) -> None:
    """Draw P(success) and, where there is a look, P(stop early), with their exact values."""
    looks = {"success": Look("success", BLUE, "-"), "stop_early": Look("stop early", ORANGE, "-")}
    first = f"{ALL}/step:{int(steps[0][0])}"
    here = {name: look for name, look in looks.items() if known.has(f"{first}/{name}")}
    for name, look in here.items():
        if known.has(f"{first}/{name}_exact"):
            _curve(axes, known, steps, xs, f"{name}_exact", Look("", MUTED, DASHED))
        _through(axes, known, steps, xs, name, look)
    axes.set_ylim(0, 1.02)
    percent_ticks(axes.yaxis, [k / 5 for k in range(6)])
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_ylabel("Probability (%)")
    handles = [key(look) for look in here.values()]
    if known.has(f"{first}/success_exact"):
        handles.append(key(Look("by counts, exact", MUTED, DASHED)))
    axes.legend(handles=handles, loc="center right", fontsize=8, handlelength=2.4,
                framealpha=1, edgecolor="none")  # fmt: skip


def _curve(
    axes: Axes,
    known: Numbers,
    steps: Sequence[tuple[float, Row]],
    xs: Sequence[float],
    statistic: str,
    look: Look,
) -> list[float]:
    """Draw a line through a statistic of the steps; return where it stands at each."""
    ys = [known.at(f"{ALL}/step:{int(step)}/{statistic}") for step, _ in steps]
    line(axes, xs, ys, look, f"{ALL}/{statistic}#curve", 1.4)
    return ys


def _through(
    axes: Axes,
    known: Numbers,
    steps: Sequence[tuple[float, Row]],
    xs: Sequence[float],
    statistic: str,
    look: Look,
) -> None:
    """Draw a line through a statistic with a dot and an error bar at each truth."""
    ys = _curve(axes, known, steps, xs, statistic, look)
    for x, y, (step, _) in zip(xs, ys, steps, strict=True):
        head = f"{ALL}/step:{int(step)}/{statistic}"
        error = known.at(f"{head}_error")
        line(axes, [x, x], [y - error, y + error], Look("", look.colour, "-"), f"{head}_error", 1)
        dot(axes, x, y, head, look.colour, size=4.5)


def _truth_axis(axes: Axes, xs: Sequence[float], *, by_times: bool) -> None:
    low, high = min(xs), max(xs)
    room = (high - low) * 0.04
    if by_times:
        axes.set_xlim(low - room, high + room)
        _month_axis(axes.xaxis, high + room)
        axes.set_xlim(low - room, high + room)
        axes.set_xlabel("True median PFS (months)")
        return
    axes.set_xlim(max(low - room, 0), min(high + room, 1))
    percent_ticks(axes.xaxis, nice_shares(*axes.get_xlim()))
    axes.set_xlabel("True response rate (%)")


def _month_axis(axis: Any, end: float) -> None:
    """Label an axis of days with round months from 0."""
    every = next(n for n in (1, 2, 3, 6, 12, 24, 60) if end / MONTH / n <= MOST_TICKS or n == 60)
    months = range(0, int(end / MONTH) + 1, every)
    axis.set_ticks([month * MONTH for month in months], [*map(str, months)])
