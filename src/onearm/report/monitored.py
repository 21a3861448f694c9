"""The figure of a running trial: its responders by enrolment before the zones of its design.

Draws the rows of ``results.design_curves.rows_of_monitor`` and computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from onearm import format as fmt
from onearm.report.boundaries import (
    BAD,
    GOOD,
    KEY,
    RESPONSE,
    bar,
    sizes_of,
    whole_counts,
    zone_key,
)
from onearm.report.figures import MUTED
from onearm.report.sheet import (
    AXIS,
    BLUE,
    DASHED,
    LEFT,
    ORANGE,
    RIGHT,
    WIDTH,
    Drawing,
    Look,
    Numbers,
    key,
    line,
    page,
    panel,
    whole_ticks,
)
from onearm.report.shown import position
from onearm.results.model import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_monitor(rows: Sequence[Row], study: str, cutoff: str) -> Drawing:
    """Draw the responders of a running trial, by enrolment, before the zones of its design."""
    known = Numbers(rows)
    seen = known.items("monitor/all/n:", "responders")
    may = known.items("monitor/all/n:", "possible")
    highs = known.items("design/all/n:", "stop_high")
    sizes = sizes_of(known)
    until = f", data cut-off {cutoff}" if cutoff else ""
    title = f"{study}: responders by enrolment against the design{until}"
    here = "No subject is evaluable yet."
    if seen:
        first, count = int(seen[-1][0]), fmt.result(seen[-1][1])
        open_ = int(position(may[-1][1])) - int(position(seen[-1][1]))
        here = (
            f"Of the first {first} treated by enrolment {count} have a confirmed response; "
            f"{open_} may still have one."
        )
    rule = f"Promising if {fmt.result(highs[-1][1])} or more of {sizes[-1]} respond."
    for n, row in known.items("design/all/n:", "stop_low"):
        if n < sizes[-1]:
            rule = f"Stop if {fmt.result(row)} or fewer of the first {int(n)} respond. {rule}"
    notes = [
        (
            f"{here} {rule} Zones: what the design decides, whatever comes next. A look counts its "
            "first n by enrolment; later ones do not decide it."
        )
    ]
    with page(4.4, title, notes, AXIS + KEY) as (sheet, low, high):
        axes = panel(sheet, LEFT, WIDTH - RIGHT, low, high)
        _course(axes, known, seen, may, sizes)
    return Drawing(title, f"{title}. {' '.join(notes)}", sheet)


def _course(
    axes: Axes,
    known: Numbers,
    seen: Sequence[tuple[float, Row]],
    may: Sequence[tuple[float, Row]],
    sizes: Sequence[int],
) -> None:
    enough = known.items("design/all/n:", "enough")
    last = max(sizes[-1], int(seen[-1][0]) if seen else 0)
    top = max(
        float(position(enough[-1][1])) * 1.3,
        float(position(enough[-1][1])) + 3,
        (float(position(may[-1][1])) + 1 if may else 0),
    )
    for n, row in enough:
        if n >= position(row):
            bar(axes, n, 0.86, (float(position(row)) - 0.5, min(n, top) + 0.5), GOOD, row.id)
    for n, row in known.items("design/all/n:", "not_enough"):
        bar(axes, n, 0.86, (-0.5, float(position(row)) + 0.5), BAD, row.id)
    for n in sizes:
        axes.axvline(n, color=MUTED, linewidth=0.9, linestyle=DASHED, zorder=1.5,
                     gid=f"design/all/n:{n}/look")  # fmt: skip
        axes.annotate(f"look at {n}", (n, 1.0), xycoords=axes.get_xaxis_transform(),
                      xytext=(0, 4), textcoords="offset points", ha="center", fontsize=8,
                      color=MUTED)  # fmt: skip
    looks = [("responders", seen, Look("confirmed responders", BLUE, "-"), 1.9)]
    if may and position(may[-1][1]) > position(seen[-1][1]):
        still = Look("with those still open", ORANGE, (0, (2, 1.5)))
        looks.append(("possible", may, still, 1.3))
    for name, points, look, width in reversed(looks):
        xs = [0.0, *(n for n, _ in points)]
        ys = [0.0, *(float(position(row)) for _, row in points)]
        steps = [part for i in range(1, len(xs)) for part in ((xs[i], ys[i - 1]), (xs[i], ys[i]))]
        xy = [(0.0, 0.0), *steps]
        line(axes, [x for x, _ in xy], [y for _, y in xy], look, f"monitor/all/{name}#curve", width)
    axes.set_xlim(-0.6, last + 0.9)
    axes.set_ylim(-0.5, top + 0.5)
    whole_ticks(axes)
    axes.yaxis.set_major_locator(whole_counts())
    axes.set_xlabel("Subjects by enrolment")
    axes.set_ylabel("Responders (cumulative count)")
    keys = [key(look) for _, _, look, _ in looks]
    zones = replace(RESPONSE, low="stop, or not promising")
    zone_key(axes, zones, has=(True, False, True), more=keys)
