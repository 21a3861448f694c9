"""The figure of a running trial: its responders by enrolment before the zones of its design.

For a survival endpoint its events beside those expected. Draws the rows of
``results.design_curves`` and computes nothing.
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
    LEFTS,
    ORANGE,
    RIGHT,
    WIDTHS,
    Drawing,
    Look,
    Numbers,
    key,
    letters_of,
    line,
    page,
    panel,
    whole_ticks,
)
from onearm.report.shown import position
from onearm.results.model import Row
from onearm.terms import DAYS_PER_MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_monitor(rows: Sequence[Row], study: str, cutoff: str, columns: int = 2) -> Drawing:
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
    height, below = {1: 3.4, 2: 4.4}[columns], AXIS + KEY[columns]
    with page(height, title, notes, below, columns) as (sheet, low, high):
        axes = panel(sheet, LEFTS[columns], WIDTHS[columns] - RIGHT, low, high)
        _course(axes, known, seen, may, sizes)
    return Drawing(title, f"{title}. {' '.join(notes)}", sheet)


def draw_survival_monitor(
    rows: Sequence[Row], study: str, cutoff: str, columns: int = 2
) -> Drawing:
    """Draw the events of a running trial beside those expected under the historical curve."""
    known = Numbers(rows)
    until = f", data cut-off {cutoff}" if cutoff else ""
    title = f"{study}: events against the historical curve{until}"
    names = ("observed", "expected", "bound")
    points = {name: known.items("monitor/all/day:", name) for name in names}
    last = {name: fmt.result(found[-1][1]) for name, found in points.items() if found}
    told = (
        f" Below {last['bound']} events the test would be promising (one-sided alpha "
        f"{known.share('design/all/alpha_limit')})."
        if "bound" in last
        else ""
    )
    notes = [
        (
            f"{last['observed']} events observed, {last['expected']} expected under the historical "
            f"curve for the same subjects and times.{told} Only the right end decides, at the "
            "planned analysis."
        )
    ]
    looks = {
        "observed": Look("observed", BLUE, "-"),
        "expected": Look("expected, historical curve", MUTED, DASHED),
        "bound": Look("promising below", ORANGE, (0, (2, 1.5))),
    }
    with page({1: 3.0, 2: 4.2}[columns], title, notes, AXIS, columns) as (sheet, low, high):
        axes = panel(sheet, LEFTS[columns], WIDTHS[columns] - RIGHT, low, high)
        for name, found in points.items():
            if not found:
                continue
            xs, ys = [x for x, _ in found], [float(position(row)) for _, row in found]
            if name == "observed":  # a step at each event
                xs, ys = [x for x in xs for _ in (0, 1)][1:], [y for y in ys for _ in (0, 1)][:-1]
            width = 1.9 if name == "observed" else 1.4
            line(axes, xs, ys, looks[name], f"monitor/all/{name}#curve", width)
        end = points["observed"][-1][0]
        ticks = range(0, int(end / float(DAYS_PER_MONTH)) + 1, 3)
        axes.set_xticks([float(month * DAYS_PER_MONTH) for month in ticks], [*map(str, ticks)])
        axes.set_xlim(0, max(end, 1) * 1.02)
        tops = [float(position(found[-1][1])) for found in points.values() if found]
        axes.set_ylim(0, max(*tops, 1) * 1.08)
        axes.yaxis.set_major_locator(whole_counts())
        axes.set_xlabel("Months since the first dose")
        axes.set_ylabel("Events (cumulative)")
        axes.legend(
            handles=[key(looks[name]) for name, found in points.items() if found],
            loc="lower right", frameon=False, fontsize=letters_of(axes, 8.5), handlelength=2.6,
        )  # fmt: skip
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
                      xytext=(0, 4), textcoords="offset points", ha="center", color=MUTED,
                      fontsize=letters_of(axes, 8))  # fmt: skip
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
