"""Kaplan-Meier figures: steps, band, censor marks, median, numbers at risk.

Draws the steps, ticks and medians that stand among the results; the marks of
censored subjects come from their derived events. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from onearm.report.figures import (
    INK,
    MUTED,
    POINTS_PER_INCH,
    Answers,
    canvas,
    cutoff_text,
    plain_text,
    svg_of,
    write,
)
from onearm.report.model import Figure, Phrase, phrase
from onearm.report.shown import Shown, position
from onearm.results.model import Row
from onearm.terms import DAYS_PER_MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#00527f", "#c2500a")
"""Dark blue and orange: told apart by those who see red and green alike, and in print."""
BAND = 0.14
WIDTH, LEFT, RIGHT = 7.4, 0.95, 0.2  # inches
PLOT, AXIS, LINE = 3.1, 0.55, 0.19
MOST_TICKS = 13


class Step(NamedTuple):
    """Where a curve falls."""

    day: float
    survival: Row
    lower: Row | None
    upper: Row | None


def draw_pfs(shown: Shown, derived: Sequence[Answers]) -> Figure | None:
    """Draw progression-free survival of all patients."""
    return draw_curves(shown, derived, "pfs", ("all",), "Figure 3")


def draw_os(shown: Shown, derived: Sequence[Answers]) -> Figure | None:
    """Draw overall survival of all patients."""
    return draw_curves(shown, derived, "os", ("all",), "Figure 4")


def draw_pfs_by_subgroup(shown: Shown, derived: Sequence[Answers]) -> Figure | None:
    """Draw progression-free survival of the first two subgroups that share no subject."""
    groups = [group for group in shown.groups if group != "all"][:2]
    members = [set(shown.subjects(f"pfs/{group}/total")) for group in groups]
    if len(groups) < 2 or not all(members) or members[0] & members[1]:
        return None
    return draw_curves(shown, derived, "pfs", tuple(groups), "Figure 5")


def draw_curves(
    shown: Shown,
    derived: Sequence[Answers],
    analysis: str,
    groups: Sequence[str],
    number: str,
) -> Figure | None:
    """Draw the curves of one endpoint; None where no group has a subject."""
    groups = [group for group in groups if shown.has_value(f"{analysis}/{group}/maximum")]
    if not groups:
        return None
    colours = dict(zip(groups, COLOURS, strict=False))
    notes = [(note, group) for group in groups for note in _notes(shown, analysis, group)]
    top = LINE * len(notes) + 0.12
    bottom = AXIS + LINE * (len(groups) + 1)
    height = top + PLOT + bottom
    drawing = canvas(WIDTH, height)
    box = (LEFT / WIDTH, bottom / height, 1 - (LEFT + RIGHT) / WIDTH, PLOT / height)
    axes = drawing.add_axes(box)
    ticks = _ticks(shown, analysis, groups)
    _axes(axes, ticks, _name(shown, analysis))
    for group in groups:
        _curve(axes, shown, f"{analysis}/{group}", colours[group])
        _censored(axes, shown, derived, analysis, group, colours[group])
    _at_risk(axes, shown, analysis, groups, ticks)
    for i, (note, group) in enumerate(reversed(notes)):
        colour = colours[group] if len(groups) > 1 else INK
        write(axes, (0, POINTS_PER_INCH * LINE * i + 6), note, fontsize=8.5, color=colour)
    endpoint = _name(shown, analysis)
    apart = "" if len(groups) == 1 else ", " + " and ".join(shown.groups[g] for g in groups)
    return Figure(
        f"figure-{analysis}" + ("" if len(groups) == 1 else "-by-subgroup"),
        number,
        f"{endpoint}{apart}",
        svg_of(drawing),
        f"Kaplan-Meier curve. {endpoint}. " + " ".join(plain_text(note) for note, _ in notes),
        phrase(
            f"Kaplan-Meier estimate with {shown.level} confidence band "
            f"({shown.protocol.analysis.transform}); vertical ticks, censored; dashed, median."
            f"{cutoff_text(shown)}"
        ),
    )


def _name(shown: Shown, analysis: str) -> str:
    names: dict[str, str] = {one.id: one.name for one in shown.protocol.endpoints.all}
    return names.get(analysis, {"pfs": "Progression-free survival"}.get(analysis, analysis))


def _notes(shown: Shown, analysis: str, group: str) -> list[Phrase]:
    """Return what stands over the curve: events, median and, for one curve, the rates."""
    head = f"{analysis}/{group}"
    counts = phrase(shown.value(f"{head}/events"), " of ", shown.value(f"{head}/total"))
    limits = shown.interval(f"{head}/lower", f"{head}/upper")
    median = phrase(shown.value_with_unit(f"{head}/median"), f" ({shown.level} CI ", limits, ")")
    first = phrase(f"{_label(shown, group)}: events ", counts, "; median ", median)
    if group != "all":
        return [first]
    rates: list[Phrase] = []
    for landmark in shown.protocol.analysis.landmarks:
        rate = f"{head}/rate_{landmark.suffix}"
        if shown.row(rate) is not None:
            between = shown.interval(f"{rate}_lower", f"{rate}_upper")
            rates.append(phrase(f"at {landmark} ", shown.value_with_unit(rate), " (", between, ")"))
    joined = phrase(*(part for rate in rates for part in ("; ", rate)))[1:]
    return [first, phrase("Rate ", joined)] if rates else [first]


def _label(shown: Shown, group: str) -> str:
    return "All" if group == "all" else shown.groups[group]


def _ticks(shown: Shown, analysis: str, groups: Sequence[str]) -> list[int]:
    """Return the months that have numbers at risk, thinned so that they can be read."""
    months = {
        int((row.item or "").partition(":")[2])
        for group in groups
        for row in shown.items(analysis, group, "month:", "at_risk")
    }
    ordered = sorted(months) or [0]
    every = -(-len(ordered) // MOST_TICKS)
    return ordered[::every]


def _axes(axes: Axes, months: Sequence[int], name: str) -> None:
    days = [float(month * DAYS_PER_MONTH) for month in months]
    axes.set_xlim(0, max(days[-1] * 1.01, float(DAYS_PER_MONTH)))
    axes.set_ylim(0, 1.02)
    axes.set_xticks(days, [str(month) for month in months])
    shares = range(0, 101, 20)
    axes.set_yticks([share / 100 for share in shares], [str(share) for share in shares])
    axes.set_xlabel("Months", labelpad=2)
    axes.set_ylabel(f"{name} (%)", parse_math=False)
    axes.grid(axis="y", color="#eceff1", linewidth=0.8)
    axes.set_axisbelow(True)


def _steps(shown: Shown, head: str) -> list[Step]:
    analysis, group = head.split("/")
    steps = []
    for row in shown.items(analysis, group, "step:", "survival"):
        stem = row.id.rpartition("/")[0]
        day = float((row.item or "").partition(":")[2])
        steps.append(Step(day, row, shown.row(f"{stem}/lower"), shown.row(f"{stem}/upper")))
    return sorted(steps, key=lambda step: step.day)


def _curve(axes: Axes, shown: Shown, head: str, colour: str) -> None:
    from matplotlib.lines import Line2D

    def line(xs: Sequence[float], ys: Sequence[float], gid: str) -> None:
        axes.add_line(
            Line2D(
                xs,
                ys,
                color=colour,
                linewidth=1.6,
                solid_capstyle="projecting",
                linestyle="-",
                gid=gid,
                zorder=3,
            )
        )

    steps = _steps(shown, head)
    _band(axes, shown, head, steps, colour)
    day, height = 0.0, 1.0
    for step in steps:
        now = float(position(step.survival))
        line((day, step.day, step.day), (height, height, now), step.survival.id)
        day, height = step.day, now
    end = shown.row(f"{head}/maximum")
    if end is not None and position(end) > day:
        line((day, float(position(end))), (height, height), f"{end.id}#end")
    median = shown.row(f"{head}/median")
    if median is not None and median.value is not None:
        x = float(position(median))
        axes.add_line(
            Line2D(
                (0, x, x),
                (0.5, 0.5, 0),
                color=colour,
                linewidth=0.9,
                linestyle=(0, (4, 3)),
                gid=f"{median.id}#line",
                zorder=2,
            )
        )


def _band(axes: Axes, shown: Shown, head: str, steps: Sequence[Step], colour: str) -> None:
    """Draw the confidence band as one area, as far as it has limits."""
    from matplotlib.patches import Polygon

    end = shown.row(f"{head}/maximum")
    days = [step.day for step in steps[1:]]
    days.append(float(position(end)) if end is not None else 0.0)
    upper: list[tuple[float, float]] = []
    lower: list[tuple[float, float]] = []
    for step, until in zip(steps, days, strict=False):
        if step.lower is None or step.lower.value is None:
            continue  # as long as nobody had the event there are no limits
        if step.upper is None or step.upper.value is None:
            continue
        low, high = float(position(step.lower)), float(position(step.upper))
        upper += [(step.day, high), (until, high)]
        lower += [(step.day, low), (until, low)]
    if upper:
        corners = upper + lower[::-1]
        area = Polygon(corners, closed=True, facecolor=colour, alpha=BAND, linewidth=0)
        axes.add_patch(area)


def _censored(
    axes: Axes,
    shown: Shown,
    derived: Sequence[Answers],
    analysis: str,
    group: str,
    colour: str,
) -> None:
    from matplotlib.lines import Line2D

    members = set(shown.subjects(f"{analysis}/{group}/total"))
    steps = _steps(shown, f"{analysis}/{group}")
    xs, ys = [], []
    for one in derived:
        event = one.events.get(analysis)
        if event is None or event.is_event or one.subject_id not in members:
            continue
        xs.append(float(event.days))
        passed = [step for step in steps if step.day <= event.days]
        ys.append(float(position(passed[-1].survival)) if passed else 1.0)
    if xs:
        marks = Line2D(
            xs, ys, linestyle="none", marker="|", markersize=7, markeredgewidth=1.1,
            color=colour, gid=f"{analysis}/{group}/censored", zorder=4,
        )  # fmt: skip
        axes.add_line(marks)


def _at_risk(
    axes: Axes, shown: Shown, analysis: str, groups: Sequence[str], months: Sequence[int]
) -> None:
    """Write the numbers at risk under the ticks, a line a group."""
    below = axes.get_xaxis_transform()
    head = -(AXIS - 0.02) / PLOT
    colours = dict(zip(groups, COLOURS, strict=False))
    for i, group in enumerate(("", *groups)):
        axes.annotate(
            _label(shown, group) if group else "At risk",
            (0, head - LINE * i / PLOT),
            xycoords="axes fraction",
            xytext=(-62, 0),
            textcoords="offset points",
            fontsize=8,
            color=colours.get(group, MUTED),
            va="center",
            annotation_clip=False,
            parse_math=False,
        )
    for i, group in enumerate(groups, start=1):
        for month in months:
            count = shown.value(f"{analysis}/{group}/month:{month}/at_risk")
            if count.result is None:
                continue
            x, y = float(month * DAYS_PER_MONTH), head - LINE * i / PLOT
            look: dict[str, Any] = {
                "ha": "center",
                "va": "center",
                "fontsize": 8,
                "color": colours[group],
            }
            text = axes.text(x, y, count.text, transform=below, **look)
            text.set_gid(count.result)
