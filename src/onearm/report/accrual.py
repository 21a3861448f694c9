"""Accrual: patients enrolled over time, against the number that is planned.

A step a patient, by the day of enrolment, or of the first dose where none is
recorded. Draws records; computes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm import format as fmt
from onearm.clinical.records import Subject
from onearm.report.figures import MUTED, Trial, Wanted, cutoff_text
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import DASHED, GRID, LINES, Drawn, Marks, Plate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHTS = {1: 120.0, 2: 170.0}
MOST_MONTHS = {1: 5, 2: 12}


def draw_accrual(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw who was enrolled when; None without a date."""
    known = [
        (day, records.subject)
        for records in trial.records
        if (day := records.subject.enrolment_date or records.subject.first_dose_date)
    ]
    known.sort(key=lambda pair: (pair[0], pair[1].subject_id))
    if not known:
        return None
    planned = trial.shown.protocol.study.enrolment.planned
    plate, axes = _plate(known, planned, want.columns)
    marks = Marks()
    _steps(axes, marks, known)
    title = "Accrual"
    n = fmt.count_of(len(known), "patient")
    return Drawn(
        title,
        plate,
        f"Accrual: {n} enrolled from {known[0][0]} to {known[-1][0]}; {planned} planned.",
        phrase(
            "Enrolled patients by the day of enrolment, or of the first dose where none is "
            "recorded; dashed, planned enrolment." + cutoff_text(trial.shown)
        ),
        Plotted(
            ("Number", "Patient", "Day", "Site", "Records"),
            tuple(
                tuple(Span(text) for text in (f"{i}", one.subject_id, f"{day}", one.site or "",
                                              str(one.source)))
                for i, (day, one) in enumerate(known, start=1)
            ),
        ),
        marks.words,
    )  # fmt: skip


def _plate(
    known: Sequence[tuple[dt.date, Subject]], planned: int, columns: int
) -> tuple[Plate, Axes]:
    bottom = 8 + HEIGHTS[columns]
    plate = Plate(columns, bottom + 34)
    axes = plate.panel(36, 8, plate.width - 14, bottom)
    first, last = known[0][0].toordinal(), known[-1][0].toordinal()
    room = max((last - first) * 0.03, 5)
    axes.set_xlim(first - room, last + room)
    axes.set_ylim(0, max(planned, len(known)) * 1.08)
    months = _months(known[0][0], known[-1][0], MOST_MONTHS[columns])
    axes.set_xticks([day.toordinal() for day in months], [f"{day:%Y-%m}" for day in months])
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.axhline(planned, color=MUTED, linewidth=0.8, linestyle=DASHED, gid="planned")
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    axes.set_ylabel("Patients enrolled", labelpad=1)
    axes.set_xlabel("Month", labelpad=2)
    return plate, axes


def _months(first: dt.date, last: dt.date, most: int) -> list[dt.date]:
    """Return the first days of months between two days, so many at most."""
    total = (last.year - first.year) * 12 + last.month - first.month + 1
    every = next(n for n in (1, 2, 3, 6, 12, 24, 60) if total <= n * most)
    start = first.year * 12 + first.month - 1
    numbers = (start + k for k in range(total + 1))
    days = [dt.date(n // 12, n % 12 + 1, 1) for n in numbers if n % every == 0]
    return [day for day in days if first <= day <= last] or [first]


def _steps(axes: Axes, marks: Marks, known: Sequence[tuple[dt.date, Subject]]) -> None:
    from matplotlib.lines import Line2D

    before = axes.get_xlim()[0]
    for i, (day, one) in enumerate(known, start=1):
        at = day.toordinal()
        site = f"site {one.site}" if one.site else ""
        said = marks.add(f"{one.subject_id}: number {i}, on {day}", site, str(one.source))
        axes.add_line(
            Line2D([before, at, at], [i - 1, i - 1, i], color=LINES[0], linewidth=1.5,
                   solid_capstyle="projecting", gid=said, zorder=3)
        )  # fmt: skip
        before = at
    end = axes.get_xlim()[1]
    axes.add_line(Line2D([before, end], [len(known)] * 2, color=LINES[0], linewidth=1.5, zorder=3))
