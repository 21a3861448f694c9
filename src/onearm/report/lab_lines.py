"""Laboratory values over time, in multiples of the upper limit of normal.

A panel an analyte, a line a patient, on a logarithmic scale; bands are the
CTCAE grades of a patient whose baseline is normal, points have the colour of
their own grade. Draws derived values; computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from onearm import format as fmt
from onearm.clinical.derived import LabPoint
from onearm.report.figures import INK, MUTED, Trial, Wanted, cutoff_text, label_of
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import GRADES, Drawn, Marks, Plate, month_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIVER = ("ALT", "AST", "ALP", "BILI")
NAMES = {
    "ALT": "Alanine aminotransferase",
    "AST": "Aspartate aminotransferase",
    "ALP": "Alkaline phosphatase",
    "BILI": "Bilirubin",
}
HEIGHTS = {1: 92.0, 2: 130.0}
TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)

Series = dict[str, list[LabPoint]]  # by patient


def draw_labs(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the liver values of every patient; None where there are none with a limit."""
    members = trial.members(want.group)
    found: dict[str, Series] = {}
    for course in trial.courses:
        if members is None or course.subject_id in members:
            for point in course.labs:
                if point.analyte in LIVER and point.multiple_of_uln and point.day is not None:
                    series = found.setdefault(point.analyte, {})
                    series.setdefault(course.subject_id, []).append(point)
    analytes = [analyte for analyte in LIVER if analyte in found]
    if not analytes:
        return None
    plate, panels = _plate(found, analytes, want.columns)
    marks = Marks()
    grades: set[int] = set()
    for analyte, axes in zip(analytes, panels, strict=True):
        _bands(axes, trial.bands.get(analyte, ()))
        for points in found[analyte].values():
            grades |= _line(axes, marks, points)
    plate.legend(_keys(grades), 8, 2, plate.width - 16)
    of = "" if want.group == "all" else f", {label_of(trial.shown, want.group)}"
    title = f"Liver values over time{of}"
    n = fmt.count_of(len({who for series in found.values() for who in series}), "patient")
    return Drawn(
        title,
        plate,
        f"Lines over time. {title}: {', '.join(NAMES[one] for one in analytes)} of {n}, in "
        "multiples of the upper limit of normal.",
        phrase(
            "A line a patient, in multiples of the upper limit of normal (ULN) of the row's own "
            "laboratory, on a logarithmic scale; points, values of grade 1 or higher, coloured by "
            "CTCAE grade; bands, the grades where the baseline is normal."
            + cutoff_text(trial.shown)
        ),
        _data(found, analytes),
        marks.words,
    )


def _plate(
    found: dict[str, Series], analytes: Sequence[str], columns: int
) -> tuple[Plate, list[Axes]]:
    top, height, left, between = (34.0 if columns == 2 else 44.0), HEIGHTS[columns], 34.0, 30.0
    rows = -(-len(analytes) // columns)
    plate = Plate(columns, top + rows * height + (rows - 1) * between + 30)
    gap = 26.0
    each = (plate.width - left - 8 - gap * (columns - 1)) / columns
    points = [p for series in found.values() for of in series.values() for p in of]
    first = min(point.day or 0 for point in points)
    last = max(max(point.day or 0 for point in points), 31)
    values = [point.multiple_of_uln or 1 for point in points]
    low, high = min(min(values), 0.5) * 0.8, max(max(values), 3.0) * 1.25
    panels = []
    for i, analyte in enumerate(analytes):
        x = left + (i % columns) * (each + gap)
        y = top + (i // columns) * (height + between)
        axes = plate.panel(x, y, x + each, y + height)
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        ticks = [tick for tick in TICKS if low <= tick <= high]
        axes.set_yticks(ticks, [fmt.plain(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set_xlim(min(first, 0) - 0.01 * last, last * 1.02)
        month_ticks(axes, last, 9 if columns == 2 else 8)
        if i % columns == 0:
            axes.set_ylabel("\N{MULTIPLICATION SIGN} ULN", labelpad=1)
        if i + columns >= len(analytes):
            axes.set_xlabel("Months from the first dose", labelpad=1)
        axes.axhline(1, color=INK, linewidth=0.6, zorder=1)
        axes.axvline(1, color=MUTED, linewidth=0.5, linestyle=(0, (2, 2)), zorder=1)
        plate.text(x, y - 7, NAMES[analyte], fontweight="bold")
        panels.append(axes)
    return plate, panels


def _bands(axes: Axes, bands: Sequence[tuple[float, int]]) -> None:
    """Shade the grades: from the multiple at which each begins to the next."""
    high = axes.get_ylim()[1]
    edges = [*bands, (high, 0)]
    for (start, grade), (end, _) in pairwise(edges):
        if start < high:
            axes.axhspan(start, min(end, high), facecolor=GRADES[grade], alpha=0.25, linewidth=0,
                         zorder=0, gid=f"band-grade-{grade}")  # fmt: skip


def _line(axes: Axes, marks: Marks, points: Sequence[LabPoint]) -> set[int]:
    """Draw the values of one patient; return the grades that are marked."""
    from matplotlib.lines import Line2D

    ordered = sorted(points, key=lambda point: point.date)
    graded = [point for point in ordered if point.grade]
    words = [
        f"day {point.day} ({point.date}): {fmt.plain(point.value)} {point.unit}, "
        f"grade {point.grade}"
        for point in graded
    ]
    who, analyte = ordered[0].subject_id, ordered[0].analyte
    where = fmt.source_lines(source for point in ordered for source in point.sources)
    said = marks.add(f"{who}: {NAMES[analyte]}", *words, where)
    xs = [float(point.day or 0) for point in ordered]
    ys = [point.multiple_of_uln or 1.0 for point in ordered]
    axes.add_line(Line2D(xs, ys, color="#8b97a1", linewidth=0.5, gid=said, zorder=2, alpha=0.8))
    for grade in {point.grade or 0 for point in graded}:
        own = [point for point in graded if point.grade == grade]
        axes.add_line(
            Line2D([float(p.day or 0) for p in own], [p.multiple_of_uln or 1.0 for p in own],
                   linestyle="none", marker="o", markersize=2.8, color=GRADES[grade],
                   markeredgecolor=INK, markeredgewidth=0.3, zorder=2.5 + grade / 10)
        )  # fmt: skip
    return {point.grade or 0 for point in graded}


def _keys(grades: set[int]) -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], linestyle="none", marker="o", markersize=4, color=GRADES[grade],
               markeredgecolor=INK, markeredgewidth=0.3, label=f"grade {grade}")
        for grade in sorted(grades)
    ] + [Line2D([], [], color=INK, linewidth=0.6, label="upper limit of normal")]  # fmt: skip


def _data(found: dict[str, Series], analytes: Sequence[str]) -> Plotted:
    rows = [
        (analyte, who, f"{p.date}", f"{p.day}", fmt.plain(p.value), p.unit,
         fmt.number(p.multiple_of_uln or 0, 3), "" if p.grade is None else f"{p.grade}",
         fmt.source_lines(p.sources))
        for analyte in analytes
        for who, points in found[analyte].items()
        for p in points
    ]  # fmt: skip
    columns = ("Analyte", "Patient", "Date", "Day", "Value", "Unit", "Multiple of ULN", "Grade",
               "Records")  # fmt: skip
    return Plotted(columns, tuple(tuple(Span(text) for text in row) for row in rows))
