"""Accrual: patients enrolled over time, against the number that is planned, or by site.

A step a patient, by the day of enrolment, or of the first dose where none is
recorded. Draws records; computes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from onearm import format as fmt
from onearm.clinical.records import Subject
from onearm.report.figures import MUTED, Trial, Wanted, cutoff_text
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import (
    DASHED,
    GRID,
    LINES,
    SMALLEST,
    Drawn,
    Marks,
    Plate,
    shortened,
    text_width,
)
from onearm.report.shown import position
from onearm.results.model import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEIGHTS = {1: 120.0, 2: 170.0}
MOST_MONTHS = {1: 5, 2: 12}
MOST_NAMED = {1: 14, 2: 20}  # sites beside whose lines there is room for a name
MOST_WIDE = 76.0  # points for the name and number of a site
DASHES: tuple[Any, ...] = ("-", (0, (3, 1)), (0, (1, 1)))
Entry = tuple[dt.date, Subject]


def draw_accrual(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw who was enrolled when; None without a date."""
    known = _entries(trial)
    if not known:
        return None
    planned = trial.shown.protocol.study.enrolment.planned
    plate, axes = _plate(known, max(planned, len(known)), want.columns)
    axes.axhline(planned, color=MUTED, linewidth=0.8, linestyle=DASHED, gid="planned")
    marks = Marks()
    _steps(axes, marks, known, {"color": LINES[0], "linewidth": 1.5})
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
        _data([known]),
        marks.words,
    )


def draw_by_site(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw who was enrolled when, a line a site; None where no site is recorded."""
    shown = trial.shown
    rows = {
        row.label or row.id: row
        for row in shown.items("sites", "all", "site:", "count")
        if row.item and row.item.count(":") == 1
    }
    by_site: dict[str, list[Entry]] = {}
    for day, one in _entries(trial):
        if one.site:
            by_site.setdefault(one.site, []).append((day, one))
    sites = sorted(by_site, key=lambda site: (-len(by_site[site]), site))
    if not sites:
        return None
    named = {site: rows.get(f"site {site}") for site in sites}
    labels = []
    for site, row in named.items():
        number = f" ({shown.value(row.id).text})" if row else ""
        room = MOST_WIDE - text_width(number, SMALLEST)
        labels.append(f"{shortened(site, room, SMALLEST)}{number}")
    every = [entry for site in sites for entry in by_site[site]]
    right = max(text_width(label, SMALLEST) for label in labels) + 8
    plate, axes = _plate(sorted(every, key=_order), len(by_site[sites[0]]), want.columns, right)
    marks = Marks()
    for i, site in enumerate(sites):
        look = {"color": LINES[i % len(LINES)], "linewidth": 1.2}
        look["linestyle"] = DASHES[i // len(LINES) % len(DASHES)]
        _steps(axes, marks, by_site[site], look)
    _name_sites(plate, axes, labels, named)
    said = "; ".join(f"{site}: {fmt.count_of(len(by_site[site]), 'patient')}" for site in sites)
    return Drawn(
        "Accrual by site",
        plate,
        f"Accrual by site, a line each, the site with most patients first. {said}.",
        phrase(
            "Enrolled patients of each site by the day of enrolment, or of the first dose where "
            "none is recorded; at the right, the site with its number of enrolled patients."
            + cutoff_text(shown)
        ),
        _data([by_site[site] for site in sites]),
        marks.words,
    )


def _entries(trial: Trial) -> list[Entry]:
    """Return who was enrolled with the day, the first first."""
    known = [
        (day, records.subject)
        for records in trial.records
        if (day := records.subject.enrolment_date or records.subject.first_dose_date)
    ]
    return sorted(known, key=_order)


def _order(entry: Entry) -> tuple[dt.date, str]:
    return entry[0], entry[1].subject_id


def _name_sites(
    plate: Plate, axes: Axes, labels: Sequence[str], named: Mapping[str, Row | None]
) -> None:
    """Write at the right the name and number of each site, apart from one another."""
    box = axes.get_position()
    x, low = box.x1 * plate.width + 4, plate.height * (1 - box.y0)
    high, most = box.height * plate.height, axes.get_ylim()[1]
    before = low + 4
    rows = list(named.values())[: MOST_NAMED[plate.columns]]
    for i in reversed(range(len(rows))):
        row, step = rows[i], SMALLEST + 1
        n = 0.0 if row is None else float(position(row))
        before = max(min(low - n / most * high, before - step), 4 + step * (i + 0.5))
        plate.text(x, before, labels[i], f"{row.id}#text" if row else None, fontsize=SMALLEST,
                   color=LINES[i % len(LINES)])  # fmt: skip
    if len(named) > len(rows):
        plate.text(x, low + 6, "and others", fontsize=SMALLEST, color=MUTED)


def _data(parts: Sequence[Sequence[Entry]]) -> Plotted:
    columns = ("Number", "Patient", "Day", "Site", "Records")
    cells = [
        (f"{i}", one.subject_id, f"{day}", one.site or "", str(one.source))
        for known in parts
        for i, (day, one) in enumerate(known, start=1)
    ]
    return Plotted(columns, tuple(tuple(Span(text) for text in row) for row in cells))


def _plate(
    known: Sequence[Entry], most: int, columns: int, right: float = 14
) -> tuple[Plate, Axes]:
    bottom = 8 + HEIGHTS[columns]
    plate = Plate(columns, bottom + 34)
    axes = plate.panel(36, 8, plate.width - right, bottom)
    first, last = known[0][0].toordinal(), known[-1][0].toordinal()
    room = max((last - first) * 0.03, 5)
    axes.set_xlim(first - room, last + room)
    axes.set_ylim(0, most * 1.08)
    months = _months(known[0][0], known[-1][0], MOST_MONTHS[columns])
    axes.set_xticks([day.toordinal() for day in months], [f"{day:%Y-%m}" for day in months])
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10]))
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


def _steps(axes: Axes, marks: Marks, known: Sequence[Entry], look: Mapping[str, Any]) -> None:
    from matplotlib.lines import Line2D

    before = axes.get_xlim()[0]
    for i, (day, one) in enumerate(known, start=1):
        at = day.toordinal()
        site = f"site {one.site}" if one.site else ""
        said = marks.add(f"{one.subject_id}: number {i}, on {day}", site, str(one.source))
        axes.add_line(
            Line2D([before, at, at], [i - 1, i - 1, i], solid_capstyle="projecting", gid=said,
                   zorder=3, **look)
        )  # fmt: skip
        before = at
    end = axes.get_xlim()[1]
    axes.add_line(Line2D([before, end], [len(known)] * 2, zorder=3, **look))
