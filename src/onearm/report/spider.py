"""The spider plot: each patient's sum of target lesions over time, from baseline.

A line a patient through the scans that have a sum; it is broken at a scan
without one, and dashed after the first progression. More than 25 patients are
drawn apart by their best response. Draws derived points; computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from onearm import format as fmt
from onearm.clinical.derived import SeriesPoint, SubjectCourse
from onearm.report.figures import INK, MUTED, Trial, Wanted, cutoff_text, label_of, undated_text
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import DASHED, GRID, RESPONSES, Drawn, Marks, Plate, month_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOGETHER = (("CR", "PR"), ("SD", "NON-CR/NON-PD", "NED"), ("PD",), ("NE",))
"""Best responses that share a panel."""
MOST_TOGETHER = 25
CAP = 150.0
GUIDES = (20, -30)
LINES = RESPONSES | {"SD": "#7d868e", "NE": "#a5adb4", "NON-CR/NON-PD": "#a5adb4"}
HEIGHTS = {1: 150.0, 2: 200.0}

Line = tuple[SubjectCourse, str, list[SeriesPoint]]  # patient, best response, points


def draw_spider(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw every patient who has a sum after baseline; None where nobody has."""
    members = trial.members(want.group)
    best = {one.subject_id: one.best for one in trial.answers}
    lines: list[Line] = []
    for course in trial.courses:
        points = [point for point in course.changes if point.day > 0]
        if members is not None and course.subject_id not in members:
            continue
        if any(point.change_percent is not None for point in points):
            found = best.get(course.subject_id)
            code = str(found.confirmed_best) if found and found.confirmed_best else "NE"
            lines.append((course, code if code in RESPONSES else "NE", points))
    if not lines:
        return None
    panels = [lines]
    if len(lines) > MOST_TOGETHER:
        panels = [[one for one in lines if one[1] in codes] for codes in TOGETHER]
    panels = [panel for panel in panels if panel]
    plate, all_axes = _plate(panels, want.columns)
    marks = Marks()
    for axes, panel in zip(all_axes, panels, strict=True):
        for line in panel:
            _line(axes, marks, line)
    codes = {code for _, code, _ in lines}
    plate.legend(_keys([code for code in RESPONSES if code in codes], lines), 8, 2,
                 plate.width - 16)  # fmt: skip
    of = "" if want.group == "all" else f", {label_of(trial.shown, want.group)}"
    title = f"Change of the sum of target lesions over time{of}"
    n = fmt.count_of(len(lines), "patient")
    return Drawn(
        title,
        plate,
        f"Spider plot. {title}: {n}, a line each from baseline, coloured by confirmed best "
        "response; dashed lines at the limits of response and progression.",
        phrase(
            "Lines, patients with a sum after baseline, at the days of their scans; colour, "
            "confirmed best response; broken where a scan has no complete sum; dashed after the "
            "first progression; sums beyond the axis stand at its edge."
            + undated_text(trial.answers)
            + cutoff_text(trial.shown)
        ),
        _data(lines),
        marks.words,
    )


def _plate(panels: Sequence[Sequence[Line]], columns: int) -> tuple[Plate, list[Axes]]:
    days = max(point.day for panel in panels for *_, points in panel for point in points)
    values = [
        point.change_percent
        for panel in panels
        for *_, points in panel
        for point in points
        if point.change_percent is not None
    ]
    low, high = min([-100.0, *values]), min(max([40.0, *values]), CAP)
    top, left = 20.0 if columns == 2 else 32.0, 38.0
    is_row = columns == 2
    height = HEIGHTS[columns] if is_row or len(panels) == 1 else 92.0
    gap = 10.0 if is_row else 8.0
    count = len(panels)
    plate = Plate(columns, top + (height if is_row else count * (height + gap) - gap) + 30)
    wide = plate.width - left - 8
    found = []
    for i in range(count):
        if is_row:
            each = (wide - gap * (count - 1)) / count
            x, y = left + i * (each + gap), top
        else:
            each, x, y = wide, left, top + i * (height + gap)
        axes = plate.panel(x, y, x + each, y + height)
        axes.set_xlim(0, days * 1.03)
        axes.set_ylim(low - 4, high + 6)
        ticks = [y for y in range(-100, int(CAP) + 1, 50 if high > 100 else 20) if y <= high + 6]
        has_labels = i == 0 or not is_row
        axes.set_yticks(ticks, [_signed(tick) if has_labels else "" for tick in ticks])
        month_ticks(axes, days, max(int(each / 24), 2))
        is_last = is_row or i + 1 == count
        if not is_last:
            axes.tick_params(labelbottom=False)
        axes.axhline(0, color=INK, linewidth=0.7, zorder=1)
        for guide in GUIDES:
            axes.axhline(guide, color=MUTED, linewidth=0.7, linestyle=DASHED, zorder=1)
        axes.grid(axis="x", color=GRID, linewidth=0.7)
        found.append(axes)
    found[0 if is_row else count // 2].set_ylabel("Change from baseline (%)", labelpad=1)
    middle = left + wide / 2
    plate.text(middle, plate.height - 7, "Months from the first dose", ha="center")
    return plate, found


def _signed(tick: int) -> str:
    return f"+{tick}" if tick > 0 else str(tick).replace("-", "\N{MINUS SIGN}")


def _line(axes: Axes, marks: Marks, line: Line) -> None:
    from matplotlib.lines import Line2D

    course, code, points = line
    words = [
        f"day {point.day} ({point.date}): {_change(point)}, {point.overall}"
        + (", new lesion" if point.new_lesion else "")
        for point in points
    ]
    sources = fmt.source_lines(source for point in points for source in point.sources)
    said = marks.add(f"{course.subject_id}: confirmed best response {code}", *words, sources)
    until: list[tuple[float, float]] = [(0.0, 0.0)]
    after: list[tuple[float, float]] = []
    gap = (float("nan"), float("nan"))
    for before, point in pairwise([None, *points]):
        assert point is not None
        change = point.change_percent
        at = gap if change is None else (float(point.day), min(change, CAP))
        if point.is_after_pd:
            if not after and before is not None and before.change_percent is not None:
                after.append((float(before.day), min(before.change_percent, CAP)))
            after.append(at)
        else:
            until.append(at)
    look: dict[str, Any] = {"color": LINES[code], "linewidth": 0.9, "marker": "o"}
    look |= {"markersize": 1.9, "zorder": 3}
    xs, ys = zip(*until, strict=True)
    axes.add_line(Line2D(xs, ys, gid=said, **look))
    if after:
        xs, ys = zip(*after, strict=True)
        axes.add_line(Line2D(xs, ys, linestyle=(0, (2, 1.5)), gid=f"{said}-after", **look))
        marks.words[f"{said}-after"] = marks.words[said]
    _end(axes, points)


def _end(axes: Axes, points: Sequence[SeriesPoint]) -> None:
    """Mark the first progression: a star with a new lesion, a diamond without."""
    from matplotlib.lines import Line2D

    first = next((point for point in points if point.is_first_pd), None)
    if first is None or first.change_percent is None:
        return
    axes.add_line(
        Line2D([first.day], [min(first.change_percent, CAP)], linestyle="none",
               marker="*" if first.new_lesion else "D", color=INK, zorder=5,
               markersize=4.5 if first.new_lesion else 2.8)
    )  # fmt: skip


def _change(point: SeriesPoint) -> str:
    if point.change_percent is None:
        return "no complete sum"
    return f"{fmt.number(point.change_percent, 1)}%"


def _keys(codes: Sequence[str], lines: Sequence[Line]) -> list[Any]:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=LINES[code], linewidth=1.4, label=code) for code in codes]
    first = [point for *_, points in lines for point in points if point.is_first_pd]
    for is_new, shape, name in ((False, "D", "progression"), (True, "*", "with a new lesion")):
        if any(point.new_lesion is is_new for point in first):
            size = 4.5 if is_new else 2.8
            handles.append(Line2D([], [], linestyle="none", marker=shape, color=INK,
                                  markersize=size, label=name))  # fmt: skip
    return handles


def _data(lines: Sequence[Line]) -> Plotted:
    rows = [
        tuple(
            Span(text)
            for text in (
                course.subject_id,
                code,
                f"{point.date}",
                f"{point.day}",
                "" if point.sum_um is None else fmt.millimetres(point.sum_um),
                "" if point.change_percent is None else fmt.number(point.change_percent, 2),
                str(point.overall),
                "Y" if point.new_lesion else "N",
                fmt.source_lines(point.sources),
            )
        )
        for course, code, points in lines
        for point in points
    ]
    columns = ("Patient", "Confirmed best response", "Scan", "Day", "Sum (mm)", "Change (%)",
               "Response", "New lesion", "Records")  # fmt: skip
    return Plotted(columns, tuple(rows))
