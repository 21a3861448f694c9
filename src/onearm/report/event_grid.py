"""The grid of adverse events: a row a term, a column a patient, the worst grade in the cell.

The commonest terms, and the patients with most of them at the left. Draws
recorded events; computes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onearm import format as fmt
from onearm.clinical.derived import EventListing
from onearm.report.figures import INK, MUTED, Trial, Wanted, cutoff_text, label_of
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import (
    GRADES,
    GRID,
    SMALLEST,
    Drawn,
    Marks,
    Names,
    Plate,
    text_width,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 30
STEP = {1: 7.5, 2: 9.5}
TOP = {1: 32.0, 2: 20.0}  # room for the keys
Cells = dict[tuple[str, str], list[EventListing]]  # by term and patient, the worst first


def draw_events(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the treatment-emergent events; None where there is none."""
    members = trial.members(want.group)
    courses = [c for c in trial.courses if members is None or c.subject_id in members]
    cells: Cells = {}
    for course in courses:
        for event in course.adverse_events:
            if event.is_emergent:
                cells.setdefault((event.term, course.subject_id), []).append(event)
    if not cells:
        return None
    for events in cells.values():
        events.sort(key=lambda event: -(event.grade or 0))
    by_term = Counter(term for term, _ in cells)
    terms = sorted(by_term, key=lambda term: (-by_term[term], term))[:MOST]
    by_patient = Counter(who for term, who in cells if term in terms)
    people = sorted((c.subject_id for c in courses), key=lambda who: (-by_patient[who], who))
    plate, axes, names = _plate(terms, people, want.columns)
    marks = Marks()
    for i, term in enumerate(terms):
        y, half = names.centres[i], names.half(i)
        for x, who in enumerate(people):
            if (term, who) in cells:
                _cell(axes, marks, (x, y, half), cells[term, who])
    grades = {events[0].grade for events in cells.values()}
    plate.legend(_keys(grades), 8, 2, plate.width - 16)
    of = "" if want.group == "all" else f", {label_of(trial.shown, want.group)}"
    title = f"Treatment-emergent adverse events by patient{of}"
    first = "; ".join(f"{term}, {fmt.count_of(by_term[term], 'patient')}" for term in terms[:5])
    return Drawn(
        title,
        plate,
        f"Heat map. {title}, {fmt.count_of(len(people), 'patient')}: the worst grade of each term. "
        f"{first}.",
        phrase(
            "Columns, treated patients, those with most of these terms at the left; rows, the "
            "commonest terms; colour, the worst CTCAE grade of a patient and term among "
            "treatment-emergent events." + cutoff_text(trial.shown)
        ),
        _data(terms, people, cells),
        marks.words,
    )


def _plate(terms: Sequence[str], people: Sequence[str], columns: int) -> tuple[Plate, Axes, Names]:
    top, size = TOP[columns], 6.8 if columns == 2 else SMALLEST
    names = Names(terms, width_of(columns) * 0.36, size, STEP[columns])
    left = names.wide + 12
    is_named = (width_of(columns) - left - 8) / len(people) >= SMALLEST
    low = max(text_width(who, SMALLEST) for who in people) + 8 if is_named else 8.0
    bottom = top + names.height
    plate = Plate(columns, bottom + low + (0 if is_named else 10))
    wide = plate.width - left - 8
    axes = plate.panel(left, top, left + min(wide, 16.0 * len(people)), bottom)
    axes.set_xlim(-0.5, len(people) - 0.5)
    axes.set_ylim(names.height, 0)
    axes.set_yticks([])
    axes.set_xticks([])
    if is_named:
        axes.set_xticks(
            range(len(people)), people, rotation=90, fontsize=SMALLEST, parse_math=False
        )
        axes.tick_params(axis="x", length=0, pad=2)
    else:
        axes.set_xlabel("Patients", labelpad=2)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    for x in range(len(people) + 1):
        axes.axvline(x - 0.5, color=GRID, linewidth=0.5, zorder=0)
    axes.axhline(0, color=GRID, linewidth=0.5, zorder=0)
    for i, (name, y) in enumerate(zip(names.lines, names.centres, strict=True)):
        axes.axhline(y + names.half(i), color=GRID, linewidth=0.5, zorder=0)
        plate.name(left - 5, top + y, name, size, ha="right")
    return plate, axes, names


def _cell(
    axes: Axes, marks: Marks, at: tuple[int, float, float], events: Sequence[EventListing]
) -> None:
    from matplotlib.patches import Rectangle

    worst = events[0]
    lines = [
        f"grade {event.grade if event.grade is not None else 'not recorded'}, "
        f"{event.onset_date or 'no onset'} to {event.end_date or 'ongoing or unknown'}"
        + (", serious" if event.is_serious else "")
        + (f", {event.outcome.lower()}" if event.outcome else "")
        for event in events
    ]
    where = fmt.source_lines(source for event in events for source in event.sources)
    said = marks.add(f"{worst.subject_id}: {worst.term}", *lines, where)
    x, y, half = at
    axes.add_patch(
        Rectangle((x - 0.46, y - 0.88 * half), 0.92, 1.76 * half, linewidth=0.4, gid=said,
                  facecolor=GRADES[worst.grade or 0],
                  edgecolor=MUTED if not worst.grade else "none")
    )  # fmt: skip


def _keys(grades: set[int | None]) -> list[Any]:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=GRADES[grade], edgecolor=INK, linewidth=0.3, label=f"grade {grade}")
        for grade in range(1, 6)
        if grade in grades
    ]
    if None in grades:
        handles.append(Patch(facecolor=GRADES[0], edgecolor=MUTED, linewidth=0.4,
                             label="grade not recorded"))  # fmt: skip
    return handles


def _data(terms: Sequence[str], people: Sequence[str], cells: Cells) -> Plotted:
    rows = [
        (term, who, f"{event.grade or ''}", f"{event.onset_date or ''}", f"{event.end_date or ''}",
         fmt.source_lines(event.sources))
        for term in terms
        for who in people
        for event in cells.get((term, who), ())
    ]  # fmt: skip
    columns = ("Term", "Patient", "Grade", "Onset", "End", "Records")
    return Plotted(columns, tuple(tuple(Span(text) for text in row) for row in rows))
