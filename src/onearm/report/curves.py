"""Kaplan-Meier figures: steps, band, censor marks, median, landmarks, table at risk.

Draws the steps, ticks and medians that stand among the results; the marks of
censored subjects come from their derived events. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from onearm import format as fmt
from onearm.report.figures import (
    INK,
    MUTED,
    Trial,
    Wanted,
    cutoff_text,
    label_of,
    marker_groups,
    plain_text,
)
from onearm.report.model import Phrase, Plotted, Span, phrase
from onearm.report.plate import DASHED, GRID, LINES, Drawn, Plate, lines_of, text_width, width_of
from onearm.report.shown import Shown, position
from onearm.results.model import Row
from onearm.terms import DAYS_PER_MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAND = 0.14
PALE = {"linewidth": 0.9, "alpha": 0.5}
FEW = 0.10
"""The share of a group below which so few are at risk that the curve is pale.

Pocock SJ, Clayton TC, Altman DG. Lancet 2002;359:1686-1689: curves should not be
read where only 10 to 20 % are still followed.
"""
HEIGHTS = {1: 130.0, 2: 205.0}  # of the axes, in points
MOST_TICKS = {1: 7, 2: 13}
AXIS = 30.0  # points for the ticks of the months and their name
COUNTS = (("At risk", "at_risk"), ("Events", "events_before"), ("Censored", "censored_before"))
NAMES = {
    "pfs": "Progression-free survival",
    "os": "Overall survival",
    "dor": "Duration of response",
    "ipfs": "Progression-free survival by iRECIST",
    "idor": "Duration of response by iRECIST",
}
WITHOUT = {"dor": "In response", "idor": "In response"}


class Step(NamedTuple):
    """Where a curve falls, and how many were at risk until then."""

    day: float
    survival: Row
    lower: Row | None
    upper: Row | None
    at_risk: Row | None


@dataclass(frozen=True, slots=True)
class Curves:
    """Draws the curves of one endpoint; by default of all patients."""

    analysis: str

    def __call__(self, trial: Trial, want: Wanted) -> Drawn | None:
        """Draw the groups that are wanted; None where none has a subject."""
        return draw_curves(trial, self.analysis, want.groups or ("all",), want)


@dataclass(frozen=True, slots=True)
class CurvesApart:
    """Draws the curves of one endpoint by the first two subgroups that share no subject."""

    analysis: str

    def __call__(self, trial: Trial, want: Wanted) -> Drawn | None:
        """Draw the groups that are wanted, or those two; None where there are none."""
        groups = want.groups or self._apart(trial.shown)
        return draw_curves(trial, self.analysis, groups, want) if groups else None

    def _apart(self, shown: Shown) -> tuple[str, ...]:
        groups = [group for group in shown.groups if group != "all"][:2]
        members = [set(shown.subjects(f"{self.analysis}/{group}/total")) for group in groups]
        if len(groups) < 2 or not all(members) or members[0] & members[1]:
            return ()
        return tuple(groups)


@dataclass(frozen=True, slots=True)
class CurvesByMarker:
    """Draws the curves of one endpoint by the levels of the first biomarker that has them."""

    analysis: str

    def __call__(self, trial: Trial, want: Wanted) -> Drawn | None:
        """Draw the groups that are wanted, or those levels; None where there are none."""
        levels = marker_groups(trial.shown, self.analysis)
        groups = want.groups or next(iter(levels.values()), ())
        return draw_curves(trial, self.analysis, groups, want) if groups else None


def draw_curves(trial: Trial, analysis: str, groups: Sequence[str], want: Wanted) -> Drawn | None:
    """Draw the curves of one endpoint; None where no group has enough subjects at risk."""
    shown, columns = trial.shown, want.columns
    ends = {
        group: day
        for group in groups
        if (day := _few_from(shown, f"{analysis}/{group}", want.at_risk))
    }
    groups = list(ends)
    if not groups:
        return None
    colours = {group: LINES[i % len(LINES)] for i, group in enumerate(groups)}
    notes = [(note, group) for group in groups for note in _notes(shown, analysis, group)]
    plate, axes, bottom = _plate(notes, groups, colours, columns)
    end = max(ends.values())
    ticks = _ticks(shown, analysis, groups, end, MOST_TICKS[columns])
    _axes(axes, ticks, end, WITHOUT.get(analysis, name_of(shown, analysis)))
    for group, until in ends.items():
        _curve(axes, shown, f"{analysis}/{group}", colours[group], until)
        _landmarks(axes, shown, f"{analysis}/{group}", colours[group], until)
        _censored(axes, trial, (analysis, group), colours[group], until)
    _at_risk(plate, axes, bottom, (shown, analysis, ticks), colours)
    endpoint = name_of(shown, analysis)
    is_whole = groups == ["all"]
    apart = "" if is_whole else ", " + " and ".join(label_of(shown, g) for g in groups)
    return Drawn(
        f"{endpoint}{apart}",
        plate,
        f"Kaplan-Meier curve. {endpoint}. " + " ".join(f"{plain_text(note)}." for note, _ in notes),
        phrase(
            _caption(shown, analysis, want.at_risk),
            _left_out(shown, analysis, groups),
            cutoff_text(shown),
        ),
        _data(shown, analysis, ends),
    )


def _plate(
    notes: Sequence[tuple[Phrase, str]],
    groups: Sequence[str],
    colours: dict[str, str],
    columns: int,
) -> tuple[Plate, Axes, float]:
    """Return plate and axes under the notes, and where the axes end."""
    size = 7.0 if columns == 2 else 6.3
    step = size + 3
    left = 54.0 if columns == 2 else 44.0
    width = width_of(columns) - 12
    broken = [(lines_of(note, width, size), group) for note, group in notes]
    top = 6 + step * sum(len(lines) for lines, _ in broken) + 4
    bottom = top + HEIGHTS[columns]
    below = AXIS + (step + 1) * (3 + (len(groups) > 1)) * len(groups) + 4
    plate = Plate(columns, bottom + below)
    y = 4 + step / 2
    for lines, group in broken:
        colour = colours[group] if len(groups) > 1 else INK
        plate.phrase(6, y, lines, step, fontsize=size, color=colour)
        y += step * len(lines)
    return plate, plate.panel(left, top, plate.width - 10, bottom), bottom


def _left_out(shown: Shown, analysis: str, groups: Sequence[str]) -> str:
    """Return ' Left out, as their time is not known: S01.', or nothing."""
    found = {who for g in groups for who, _ in shown.left_out(f"{analysis}/{g}/unknown")}
    return f" Left out, as the time is not known: {', '.join(sorted(found))}." if found else ""


def name_of(shown: Shown, analysis: str) -> str:
    """Return an endpoint's name, as the protocol has it."""
    names: dict[str, str] = {one.id: one.name for one in shown.protocol.endpoints.all}
    return names.get(analysis) or NAMES.get(analysis, analysis)


def _few_from(shown: Shown, head: str, least: float) -> float:
    """Return the day from which fewer than ``least`` are at risk; 0 where they never were."""
    last = shown.row(f"{head}/maximum")
    before = 0.0
    for step in _steps(shown, head):
        if step.at_risk is not None and position(step.at_risk) < least:
            return before
        before = step.day
    return 0.0 if last is None or last.value is None else float(position(last))


def _caption(shown: Shown, analysis: str, at_risk: int) -> Phrase:
    end = f" Curves end where fewer than {at_risk} are at risk." if at_risk > 1 else ""
    base = (
        f"Kaplan-Meier estimate with {shown.level} confidence band "
        f"({shown.protocol.analysis.transform}); vertical ticks, censored; dashed, median; "
        "circles, landmark rates; pale, fewer than one in ten of a curve's patients at risk."
        f"{end} Events and Censored count those before each month."
    )
    follow = f"follow-up-{analysis}/all/median"
    if shown.row(follow) is None:
        return phrase(base)
    return phrase(
        base, " Median follow-up by the reverse curve ", shown.value_with_unit(follow), "."
    )


def _notes(shown: Shown, analysis: str, group: str) -> list[Phrase]:
    """Return what stands over the curve: events, median and the landmark rates."""
    head = f"{analysis}/{group}"
    counts = phrase(shown.value(f"{head}/events"), " of ", shown.value(f"{head}/total"))
    limits = shown.limits(f"{head}/lower", f"{head}/upper")
    median = phrase(shown.value_with_unit(f"{head}/median"), " (", limits, ")")
    first = phrase(f"{label_of(shown, group)}: events ", counts, "; median ", median)
    rates: list[Phrase] = []
    for landmark in shown.protocol.analysis.landmarks:
        rate = f"{head}/rate_{landmark.suffix}"
        if shown.row(rate) is not None:
            between = shown.between(f"{rate}_lower", f"{rate}_upper")
            rates.append(phrase(f"at {landmark} ", shown.value_with_unit(rate), " (", between, ")"))
    joined = phrase(*(part for rate in rates for part in ("; ", rate)))[1:]
    return [first, phrase("Rate ", joined)] if rates else [first]


def _ticks(shown: Shown, analysis: str, groups: Sequence[str], end: float, most: int) -> list[int]:
    """Return the months that have numbers at risk, thinned so that they can be read."""
    months = {
        int((row.item or "").partition(":")[2])
        for group in groups
        for row in shown.items(analysis, group, "month:", "at_risk")
    }
    whole = max(float(position(shown.rows[f"{analysis}/{one}/maximum"])) for one in groups)
    ordered = sorted(
        month for month in months if end == whole or month * DAYS_PER_MONTH <= end
    ) or [0]
    every = -(-len(ordered) // most)
    return ordered[::every]


def _axes(axes: Axes, months: Sequence[int], end: float, name: str) -> None:
    days = [float(month * DAYS_PER_MONTH) for month in months]
    axes.set_xlim(0, max(days[-1], end, float(DAYS_PER_MONTH)) * 1.01)
    axes.set_ylim(0, 1.02)
    axes.set_xticks(days, [str(month) for month in months])
    shares = range(0, 101, 20)
    axes.set_yticks([share / 100 for share in shares], [str(share) for share in shares])
    axes.set_xlabel("Months", labelpad=1)
    axes.set_ylabel(f"{name} (%)", parse_math=False, labelpad=1)
    axes.grid(axis="y", color=GRID, linewidth=0.7)


def _steps(shown: Shown, head: str) -> list[Step]:
    analysis, group = head.split("/")
    steps = []
    for row in shown.items(analysis, group, "step:", "survival"):
        stem = row.id.rpartition("/")[0]
        day = float((row.item or "").partition(":")[2])
        names = ("lower", "upper", "at_risk")
        steps.append(Step(day, row, *(shown.row(f"{stem}/{name}") for name in names)))
    return sorted(steps, key=lambda step: step.day)


def _curve(axes: Axes, shown: Shown, head: str, colour: str, until: float) -> None:
    """Draw the steps, the band and the median up to a day; pale where few are at risk."""
    from matplotlib.lines import Line2D

    def line(xs: Sequence[float], ys: Sequence[float], gid: str, **look: Any) -> None:
        kept: dict[str, Any] = {"linewidth": 1.3, "linestyle": "-", "zorder": 3} | look
        axes.add_line(Line2D(xs, ys, color=colour, gid=gid, solid_capstyle="projecting", **kept))

    steps = [step for step in _steps(shown, head) if step.day <= until]
    few = _few_from(shown, head, FEW * float(position(shown.rows[f"{head}/total"])))
    _band(axes, steps, colour, (few, until))
    day, height = 0.0, 1.0
    for step in steps:
        now = float(position(step.survival))
        look = PALE if step.day > few else {}
        line((day, step.day, step.day), (height, height, now), step.survival.id, **look)
        day, height = step.day, now
    if until > day:
        line((day, until), (height, height), f"{head}/maximum#end")
    median = shown.row(f"{head}/median")
    if median is not None and median.value is not None and position(median) <= until:
        x = float(position(median))
        line((0, x, x), (0.5, 0.5, 0), f"{median.id}#line", linewidth=0.8, linestyle=DASHED,
             zorder=2)  # fmt: skip


def _landmarks(axes: Axes, shown: Shown, head: str, colour: str, until: float) -> None:
    """Mark the landmark rates on the curve."""
    from matplotlib.lines import Line2D

    for landmark in shown.protocol.analysis.landmarks:
        row = shown.row(f"{head}/rate_{landmark.suffix}")
        if row is not None and row.value is not None and landmark.days <= until:
            axes.add_line(
                Line2D(
                    [float(landmark.days)], [float(position(row))], linestyle="none", marker="o",
                    markersize=3.6, markerfacecolor="white", markeredgecolor=colour,
                    markeredgewidth=0.9, gid=f"{row.id}#mark", zorder=5,
                )
            )  # fmt: skip


def _band(axes: Axes, steps: Sequence[Step], colour: str, ends: tuple[float, float]) -> None:
    """Draw the confidence band as far as it has limits, paler from the first of two days on."""
    from matplotlib.patches import Polygon

    few, until = ends
    for is_pale in (False, True):
        upper: list[tuple[float, float]] = []
        lower: list[tuple[float, float]] = []
        days = [*(step.day for step in steps[1:]), until]
        for step, end in zip(steps, days, strict=False):
            if step.lower is None or step.lower.value is None:
                continue  # as long as nobody had the event there are no limits
            if step.upper is None or step.upper.value is None or (step.day >= few) is not is_pale:
                continue
            low, high = float(position(step.lower)), float(position(step.upper))
            upper += [(step.day, high), (end, high)]
            lower += [(step.day, low), (end, low)]
        if upper:
            shade = BAND / 2 if is_pale else BAND
            axes.add_patch(Polygon(upper + lower[::-1], closed=True, facecolor=colour,
                                   alpha=shade, linewidth=0))  # fmt: skip


def _censored(axes: Axes, trial: Trial, of: tuple[str, str], colour: str, until: float) -> None:
    from matplotlib.lines import Line2D

    analysis, group = of
    members = set(trial.shown.subjects(f"{analysis}/{group}/total"))
    steps = _steps(trial.shown, f"{analysis}/{group}")
    xs, ys = [], []
    for one in trial.answers:
        event = one.events.get(analysis)
        if event is None or event.days is None or event.is_event or one.subject_id not in members:
            continue
        if event.days > until:
            continue
        xs.append(float(event.days))
        passed = [step for step in steps if step.day <= event.days]
        ys.append(float(position(passed[-1].survival)) if passed else 1.0)
    if xs:
        marks = Line2D(
            xs, ys, linestyle="none", marker="|", markersize=5.5, markeredgewidth=0.9,
            color=colour, gid=f"{analysis}/{group}/censored", zorder=4,
        )  # fmt: skip
        axes.add_line(marks)


def _at_risk(
    plate: Plate,
    axes: Axes,
    bottom: float,
    of: tuple[Shown, str, Sequence[int]],
    colours: dict[str, str],
) -> None:
    """Write under the ticks who is at risk, who had the event, who was censored."""
    shown, analysis, months = of
    size = 6.8 if plate.columns == 2 else 6.0
    step = size + 4
    box = axes.get_position()
    left, wide = box.x0 * plate.width, box.width * plate.width
    end = axes.get_xlim()[1]
    y = bottom + AXIS
    for group, colour in colours.items():
        if len(colours) > 1:
            plate.text(6, y, label_of(shown, group), color=colour, fontsize=size, fontweight="bold")
            y += step
        for label, statistic in COUNTS:
            plate.text(6, y, label, fontsize=size, color=MUTED)
            for month in months:
                count = shown.value(f"{analysis}/{group}/month:{month}/{statistic}")
                if count.result is None:
                    continue
                x = left + float(month * DAYS_PER_MONTH) / end * wide
                x -= text_width(count.text, size) / 2  # measured: the same in every format
                plate.text(x, y, count.text, count.result, fontsize=size, color=colour)
            y += step


def _data(shown: Shown, analysis: str, ends: dict[str, float]) -> Plotted:
    rows = []
    for group, until in ends.items():
        for step in _steps(shown, f"{analysis}/{group}"):
            if step.day > until:
                break
            stem = step.survival.id.rpartition("/")[0]
            names = ("survival", "lower", "upper", "at_risk", "events", "censored")
            rows.append(
                (
                    Span(label_of(shown, group)),
                    Span(fmt.plain(step.day)),
                    *(shown.value(f"{stem}/{name}") for name in names),
                )
            )
    columns = (
        *("Group", "Day", "Without event (%)", "Lower limit (%)", "Upper limit (%)"),
        *("At risk", "Events", "Censored"),
    )
    return Plotted(columns, tuple(rows))
