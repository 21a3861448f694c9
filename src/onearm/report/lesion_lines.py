"""The lesion timeline of one patient: diameters, their sum, and what each scan meant.

Thin lines are the target lesions, the bold one their sum, with baseline and
nadir; guides stand at the limits of response and progression. Below, a strip a
category with the response of each scan. Draws derived points; computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from onearm import format as fmt
from onearm.clinical.derived import LesionPoint, SubjectCourse, TimePoint
from onearm.clinical.records import known_day
from onearm.report.figures import INK, MUTED, Trial, Wanted, cutoff_text, undated_text
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import (
    DASHED,
    GRID,
    HATCH,
    RESPONSES,
    SMALLEST,
    Drawn,
    Marks,
    Plate,
    month_ticks,
    shortened,
    text_width,
)
from onearm.terms import MICROMETRES_PER_MM

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHTS = {1: 150.0, 2: 190.0}
STRIP = 12.0
THIN = ("#7aa6c2", "#c98f5b", "#9a86bd", "#7f7f7f", "#79b3b3")
LETTERS = {"NON-CR/NON-PD": "NN", "NON-iCR/NON-iUPD": "NN", "": "\N{EM DASH}"}
STRIPS = ("Target", "Non-target", "New lesion", "RECIST 1.1", "iRECIST")
COLOURS = RESPONSES | {
    "iCR": RESPONSES["CR"], "iPR": RESPONSES["PR"], "iSD": RESPONSES["SD"],
    "NON-iCR/NON-iUPD": RESPONSES["NON-CR/NON-PD"], "iUPD": "#f0b98a", "iCPD": RESPONSES["PD"],
    "yes": RESPONSES["PD"], "": "#ffffff",
}  # fmt: skip
DARK = {"CR", "iCR", "PD", "iCPD", "yes"}


def draw_lesions(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the lesions of one patient; None where no target was measured."""
    course = next((one for one in trial.courses if one.subject_id == want.subject), None)
    answers = next((one for one in trial.answers if one.subject_id == want.subject), None)
    if course is None or answers is None:
        return None
    own = {point.evaluator for point in answers.time_points}
    lesions = [
        point
        for point in course.lesions
        if point.lesion_type == "TARGET" and (not own or point.evaluator in own)
    ]
    if not any(point.diameter_um is not None for point in lesions):
        return None
    points = sorted(
        (point for point in answers.time_points if known_day(point.date) is not None),
        key=lambda point: point.date,
    )
    plate, axes, strips = _plate(lesions, points, course, want.columns)
    marks = Marks()
    _targets(plate, axes, marks, lesions)
    _sum(axes, marks, points, course)
    _strips(plate, axes, strips, marks, points, course)
    title = f"Lesions of patient {course.subject_id}"
    said = "; ".join(
        f"{point.date} {point.overall}" + (f", {point.irecist}" if point.irecist else "")
        for point in points
    )
    return Drawn(
        title,
        plate,
        f"Lesion timeline. {title}: target lesions and their sum by day, with the response of each "
        f"scan. {said}.",
        phrase(
            "Thin lines, target lesions, in mm; bold, their sum; ring, nadir; dashed, the limit of "
            "response (30% below baseline); dotted, the limit of progression (20% and 5 mm above "
            "the nadir before). Below, the response of each scan; NN, neither CR nor PD."
            + undated_text([answers])
            + cutoff_text(trial.shown)
        ),
        _data(lesions, points, course),
        marks.words,
    )


def _days(points: Sequence[TimePoint], course: SubjectCourse) -> dict[Any, int]:
    """Return the day of the study of each date that is drawn."""
    known = {point.date: point.day for point in course.lesions}
    known |= {point.date: point.day for point in course.changes}
    return known


def _mm(length_um: int) -> float:
    return length_um / MICROMETRES_PER_MM


def _plate(
    lesions: Sequence[LesionPoint],
    points: Sequence[TimePoint],
    course: SubjectCourse,
    columns: int,
) -> tuple[Plate, Axes, list[tuple[str, float]]]:
    bottom = 8 + HEIGHTS[columns]
    names = [name for name in STRIPS if _has(name, points)]
    plate = Plate(columns, bottom + 32 + STRIP * len(names) + 6)
    strips = [(name, bottom + 32 + STRIP * (i + 0.5)) for i, name in enumerate(names)]
    labels = {f"{one.lesion_id} {one.organ or ''}".strip().lower() for one in lesions}
    right = min(max(text_width(label, 6) for label in labels), plate.width * 0.2) + 14
    left = max(text_width(name, 6.3) for name in STRIPS) + 12
    axes = plate.panel(left, 8, plate.width - right, bottom)
    days = _days(points, course)
    first = min([*days.values(), 0])
    end = max(*days.values(), 31)
    axes.set_xlim(first - 0.02 * end, end * 1.02)
    sums = [point.sum_um or 0 for point in points] + [
        point.baseline_sum_um or 0 for point in points
    ]
    most = max([*sums, *(one.diameter_um or 0 for one in lesions)])
    axes.set_ylim(0, _mm(most) * 1.1 or 1)
    axes.set_ylabel("Diameter, sum (mm)", labelpad=1)
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    month_ticks(axes, end, 7 if columns == 1 else 13)
    axes.set_xlabel("Months from the first dose", labelpad=1)
    return plate, axes, strips


def _has(name: str, points: Sequence[TimePoint]) -> bool:
    if name == "Non-target":
        return any(point.non_target is not None for point in points)
    return name != "iRECIST" or any(point.irecist is not None for point in points)


def _targets(plate: Plate, axes: Axes, marks: Marks, lesions: Sequence[LesionPoint]) -> None:
    from matplotlib.lines import Line2D

    ends: list[tuple[float, str, str]] = []
    for i, name in enumerate(dict.fromkeys(one.lesion_id for one in lesions)):
        own = sorted((one for one in lesions if one.lesion_id == name), key=lambda one: one.day)
        seen = [(one.day, _mm(one.diameter_um)) for one in own if one.diameter_um is not None]
        if not seen:
            continue
        words = [
            f"day {one.day} ({one.date}): "
            + (f"{fmt.millimetres(one.diameter_um)} mm" if one.diameter_um is not None
               else one.state.lower())
            + (f", {one.method}" if one.method else "")
            for one in own
        ]  # fmt: skip
        where = fmt.source_lines(source for one in own for source in one.sources)
        organ = own[0].organ or "organ not recorded"
        said = marks.add(f"{own[0].subject_id}: {name}, {organ.lower()}", *words, where)
        xs, ys = zip(*seen, strict=True)
        colour = THIN[i % len(THIN)]
        axes.add_line(
            Line2D(xs, ys, color=colour, linewidth=0.9, marker="o", markersize=2.2, gid=said)
        )
        ends.append((ys[-1], f"{name} {(own[0].organ or '').lower()}".strip(), colour))
    _labels(plate, axes, ends)


def _labels(plate: Plate, axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Name the lines at the right, apart from one another."""
    box = axes.get_position()
    top, low = plate.height * (1 - box.y1), plate.height * (1 - box.y0)
    x = box.x1 * plate.width + 4
    most = axes.get_ylim()[1]
    before = low + 8
    for value, label, colour in sorted(ends):
        y = min(low - value / most * (low - top), before - 7.5)
        before = y
        words = shortened(label, plate.width - x - 2, 6)
        plate.text(x, y, words, fontsize=6, color=colour)


def _sum(axes: Axes, marks: Marks, points: Sequence[TimePoint], course: SubjectCourse) -> None:
    from matplotlib.lines import Line2D

    days = _days(points, course)
    baseline = next((point.baseline_sum_um for point in points if point.baseline_sum_um), None)
    first = min((day for day in days.values() if day <= 1), default=0)
    seen = [(days[p.date], p.sum_um, p) for p in points if p.sum_um is not None]
    xy = [(float(day), _mm(total)) for day, total, _ in seen]
    if baseline is not None and (not xy or xy[0][0] > 1):
        xy.insert(0, (float(first), _mm(baseline)))
    words = [f"day {day}: {fmt.millimetres(total)} mm" for day, total, _ in seen]
    said = marks.add(f"{course.subject_id}: sum of target lesions", *words)
    if xy:
        xs, ys = zip(*xy, strict=True)
        axes.add_line(
            Line2D(xs, ys, color=INK, linewidth=1.7, marker="s", markersize=2.8, gid=said, zorder=4)
        )
    if baseline is not None:
        axes.axhline(_mm(baseline) * 0.7, color=MUTED, linewidth=0.7, linestyle=DASHED, zorder=1)
    _limits(axes, [(days[p.date], p.nadir_sum_um or p.baseline_sum_um) for p in points])
    lowest = min((total for _, total, _ in seen), default=None)
    if lowest is not None and (baseline is None or lowest <= baseline):
        day = next(day for day, total, _ in seen if total == lowest)
        ring = marks.add(f"{course.subject_id}: nadir, {fmt.millimetres(lowest)} mm on day {day}")
        axes.add_line(
            Line2D([day], [_mm(lowest)], linestyle="none", marker="o", markersize=7, gid=ring,
                   markerfacecolor="none", markeredgecolor=INK, markeredgewidth=0.9, zorder=5)
        )  # fmt: skip


def _limits(axes: Axes, nadirs: Sequence[tuple[int, int | None]]) -> None:
    """Draw from which sum on a scan is a progression: 20% and 5 mm above the nadir before."""
    from matplotlib.lines import Line2D

    before = 0
    for day, nadir in nadirs:
        if nadir is not None:
            limit = _mm(max(nadir * 6 // 5, nadir + 5 * MICROMETRES_PER_MM))
            axes.add_line(
                Line2D([before, day], [limit, limit], color=COLOURS["PD"], linewidth=0.9,
                       linestyle=(0, (1, 1.5)), zorder=2)
            )  # fmt: skip
        before = day


def _strips(
    plate: Plate,
    axes: Axes,
    strips: Sequence[tuple[str, float]],
    marks: Marks,
    points: Sequence[TimePoint],
    course: SubjectCourse,
) -> None:
    from matplotlib.patches import Rectangle

    days = _days(points, course)
    box = axes.get_position()
    low, high = axes.get_xlim()
    places = [
        plate.width * (box.x0 + box.width * (days[p.date] - low) / (high - low)) for p in points
    ]
    gaps = [b - a for a, b in pairwise(places)]
    wide = min([*gaps, 22.0])
    wide = max(wide - 1, 2.0)
    for name, y in strips:
        plate.text(6, y, name, fontsize=6.3, color=MUTED)
        for point, x in zip(points, places, strict=True):
            code = _code(name, point)
            reason = point.irecist_reason if name == "iRECIST" else point.reason
            said = marks.add(
                f"{point.subject_id}: {name} {code or 'none'}, {point.visit} on {point.date}",
                reason or "", fmt.source_lines(point.sources),
            )  # fmt: skip
            is_open = code in ("NE", "MISSING")
            plate.page.add(
                Rectangle((x - wide / 2, y - STRIP * 0.42), wide, STRIP * 0.84,
                          facecolor=COLOURS.get(code, "#ffffff"), edgecolor=MUTED, linewidth=0.4,
                          hatch=HATCH if is_open else None, gid=said)
            )  # fmt: skip
            letters = LETTERS.get(code, code)
            if text_width(letters, SMALLEST) <= wide:
                plate.text(x, y, letters, ha="center", fontsize=SMALLEST,
                           color="white" if code in DARK else INK)  # fmt: skip


def _code(name: str, point: TimePoint) -> str:
    found = {
        "Target": point.target,
        "Non-target": point.non_target,
        "New lesion": "yes" if point.new_lesion else "",
        "RECIST 1.1": point.overall,
        "iRECIST": point.irecist,
    }[name]
    return "" if found is None else str(found)


def _data(
    lesions: Sequence[LesionPoint], points: Sequence[TimePoint], course: SubjectCourse
) -> Plotted:
    days = _days(points, course)
    rows = [
        (one.lesion_id, f"{one.date}", f"{one.day}",
         "" if one.diameter_um is None else fmt.millimetres(one.diameter_um), one.state.lower(), "",
         fmt.source_lines(one.sources))
        for one in lesions
    ] + [
        ("sum", f"{p.date}", f"{days[p.date]}",
         "" if p.sum_um is None else fmt.millimetres(p.sum_um),
         str(p.overall), str(p.irecist or ""), fmt.source_lines(p.sources))
        for p in points
    ]  # fmt: skip
    columns = ("Lesion", "Date", "Day", "Diameter or sum (mm)", "State or RECIST 1.1", "iRECIST",
               "Records")  # fmt: skip
    return Plotted(columns, tuple(tuple(Span(text) for text in row) for row in rows))
