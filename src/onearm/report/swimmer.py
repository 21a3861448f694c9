"""The swimmer plot: how long each patient was treated, and how the tumour answered.

A lane a patient, the longest treatment on top: the pale bar is the time on
treatment, the coloured one the response at each scan, held until the next.
Draws derived segments and marks; computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onearm import format as fmt
from onearm.clinical.derived import Mark, Segment, SubjectCourse
from onearm.report.figures import INK, MUTED, Trial, Wanted, cutoff_text, label_of, undated_text
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import (
    GRID,
    HATCH,
    RESPONSES,
    SMALLEST,
    TALLEST,
    Drawn,
    Marks,
    Plate,
    month_ticks,
    text_width,
)
from onearm.report.waterfall import response_keys

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TREATED = "#dde3e8"
SHAPES: dict[str, tuple[str, str, dict[str, Any]]] = {  # mark, its name, how it is drawn
    "FIRST CR": ("^", "first CR", {"markerfacecolor": INK, "markersize": 4.0}),
    "FIRST PR": ("^", "first PR", {"markerfacecolor": "white", "markersize": 4.0}),
    "PD": ("D", "progression", {"markerfacecolor": "#d9690f", "markersize": 3.2}),
    "REDUCED": ("|", "dose reduced", {"markersize": 5.0}),
    "NEW THERAPY": ("s", "new therapy", {"markerfacecolor": "white", "markersize": 3.0}),
    "DEATH": ("x", "death", {"markersize": 4.0, "markeredgewidth": 1.2}),
    "ONGOING": (">", "treatment ongoing", {"markerfacecolor": INK, "markersize": 4.0}),
}
EDGE: dict[str, Any] = {"markeredgewidth": 0.7, "color": INK, "markeredgecolor": INK}
TOP, BOTTOM = 34.0, 28.0
LEAST = 6.6  # points of a lane that has a name


def draw_swimmer(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the course of every patient who was treated; None where nobody was."""
    members = trial.members(want.group)
    lanes = [
        (bar, course)
        for course in trial.courses
        if members is None or course.subject_id in members
        for bar in course.segments
        if bar.kind == "TREATMENT"
    ]
    lanes.sort(key=lambda lane: (-lane[0].end_day, lane[0].subject_id))
    if not lanes:
        return None
    plate, axes = _plate(lanes, want.columns)
    lane = axes.get_position().height * plate.height / max(len(lanes), 3)  # points
    smaller = min(max(lane / LEAST, 0.5), 1.0)
    marks = Marks()
    for i, (bar, course) in enumerate(lanes):
        _lane(axes, marks, i, bar, course, smaller)
    kinds = {mark.kind for _, course in lanes for mark in course.marks}
    codes = {part.code for _, course in lanes for part in course.segments}
    plate.legend(_keys(kinds, codes), 8, 2, plate.width - 16)
    of = "" if want.group == "all" else f", {label_of(trial.shown, want.group)}"
    title = f"Time on treatment and course of response{of}"
    n = fmt.count_of(len(lanes), "patient")
    still = sum(bar.code == "ONGOING" for bar, _ in lanes)
    return Drawn(
        title,
        plate,
        f"Swimmer plot. {title}: {n}, the longest treatment on top; {still} still on treatment.",
        phrase(
            "Each lane a treated patient, from the first dose; pale, time on treatment; coloured, "
            "the RECIST 1.1 response at a scan, held until the next one."
            + (" At the right, why treatment ended." if want.columns == 2 else "")
            + undated_text(trial.answers)
            + cutoff_text(trial.shown)
        ),
        _data(lanes),
        marks.words,
    )


def _plate(lanes: Sequence[tuple[Segment, SubjectCourse]], columns: int) -> tuple[Plate, Axes]:
    rows = max(len(lanes), 3)
    step = min((9.0 if columns == 2 else 7.5) if rows <= 40 else LEAST, (TALLEST - 2 * TOP) / rows)
    size = min(max(step - 1.6, SMALLEST), 6.5)
    top = TOP if columns == 2 else TOP + 14
    bottom = top + step * rows
    plate = Plate(columns, bottom + BOTTOM)
    names = [bar.subject_id for bar, _ in lanes]
    is_named = step >= LEAST
    left = max(text_width(name, size) for name in names) + 12 if is_named else 20.0
    reasons = [_reason(bar) for bar, _ in lanes]
    has_reasons = columns == 2 and is_named and any(reasons)
    right = max(text_width(reason, size) for reason in reasons) + 12 if has_reasons else 10.0
    axes = plate.panel(left, top, plate.width - right, bottom)
    end = _end(lanes)
    axes.set_xlim(0, end * 1.02)
    axes.set_ylim(max(len(lanes), 3) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    month_ticks(axes, end, 7 if columns == 1 else 13)
    axes.set_xlabel("Months from the first dose", labelpad=1)
    for i, (name, reason) in enumerate(zip(names, reasons, strict=True)):
        y = top + step * (i + 0.5)
        if is_named:
            plate.text(left - 4, y, name, ha="right", fontsize=size)
        if has_reasons:
            plate.text(plate.width - right + 6, y, reason, fontsize=size, color=MUTED)
    return plate, axes


def _reason(bar: Segment) -> str:
    """Return why treatment ended: 'progressive disease'."""
    if bar.code == "ONGOING":
        return "ongoing"
    return bar.reason.rpartition(": ")[2] if bar.code == "DISCONTINUED" else ""


def _end(lanes: Sequence[tuple[Segment, SubjectCourse]]) -> float:
    """Return the last day that is drawn: of treatment, response, or a mark that is shown."""
    days = [bar.end_day for bar, _ in lanes]
    days += [part.end_day for _, course in lanes for part in _responses(course)]
    days += [mark.day for _, course in lanes for mark in _shown(course)]
    return float(max(*days, 31))


def _responses(course: SubjectCourse) -> list[Segment]:
    return [part for part in course.segments if part.kind == "RESPONSE" and part.end_day > 0]


def _shown(course: SubjectCourse) -> list[Mark]:
    return [mark for mark in course.marks if mark.kind in SHAPES]


def _lane(
    axes: Axes, marks: Marks, i: int, bar: Segment, course: SubjectCourse, smaller: float
) -> None:
    """Draw one patient; the marks have this share of their size."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    whole = marks.add(
        f"{bar.subject_id}: treatment, {bar.start} to {bar.end} (day {bar.start_day} to "
        f"{bar.end_day})", bar.reason, fmt.source_lines(bar.sources),
    )  # fmt: skip
    axes.add_patch(
        Rectangle((0, i - 0.4), bar.end_day, 0.8, facecolor=TREATED, linewidth=0, gid=whole)
    )
    for part in _responses(course):
        code = part.code if part.code in RESPONSES else "NE"
        said = marks.add(
            f"{part.subject_id}: {part.code}, {part.start} to {part.end} (day {part.start_day} to "
            f"{part.end_day})", part.reason, fmt.source_lines(part.sources),
        )  # fmt: skip
        start = max(part.start_day - 1, 0)
        axes.add_patch(
            Rectangle((start, i - 0.22), max(part.end_day - start, 4), 0.44,
                      facecolor=RESPONSES[code or "NE"], linewidth=0.3 if code == "NE" else 0,
                      edgecolor=MUTED, hatch=HATCH if code == "NE" else None, gid=said, zorder=2)
        )  # fmt: skip
    for mark in _shown(course):
        shape, name, look = SHAPES[mark.kind]
        said = marks.add(
            f"{mark.subject_id}: {name} on {mark.date} (day {mark.day})", mark.reason,
            fmt.source_lines(mark.sources),
        )  # fmt: skip
        kept: dict[str, Any] = EDGE | look | {"markersize": look["markersize"] * smaller}
        axes.add_line(
            Line2D([mark.day], [i], linestyle="none", marker=shape, gid=said, zorder=4,
                   clip_on=False, **kept)
        )  # fmt: skip


def _keys(kinds: set[str], codes: set[str | None]) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [Patch(facecolor=TREATED, linewidth=0, label="on treatment")]
    handles += response_keys([code for code in RESPONSES if code in codes])
    for kind, (shape, name, look) in SHAPES.items():
        if kind in kinds:
            kept: dict[str, Any] = {
                "markeredgewidth": 0.7,
                "color": INK,
                "markeredgecolor": INK,
            } | look
            handles.append(Line2D([], [], linestyle="none", marker=shape, label=name, **kept))
    return handles


def _days(part: Segment) -> tuple[str, ...]:
    return f"{part.start}", f"{part.end}", f"{part.start_day}", f"{part.end_day}"


def _data(lanes: Sequence[tuple[Segment, SubjectCourse]]) -> Plotted:
    rows: list[tuple[Segment | Mark, str, str, tuple[str, ...]]] = []
    for bar, course in lanes:
        for part in (bar, *_responses(course)):
            what = part.code or fmt.NOT_APPLICABLE
            rows.append((part, part.kind.lower(), what, _days(part)))
        for mark in _shown(course):
            days = (f"{mark.date}", f"{mark.date}", f"{mark.day}", f"{mark.day}")
            rows.append((mark, SHAPES[mark.kind][1], fmt.NOT_APPLICABLE, days))
    cells = [
        tuple(
            Span(text)
            for text in (of.subject_id, kind, what, *days, of.reason, fmt.source_lines(of.sources))
        )
        for of, kind, what, days in rows
    ]
    columns = ("Patient", "What", "Code", "From", "To", "First day", "Last day", "Why", "Records")
    return Plotted(columns, tuple(cells))
