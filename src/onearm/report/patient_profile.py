"""The profile of one patient: doses, responses, adverse events and medication by day.

A lane a drug, a term or a medication, on one axis of days. Draws records and
derived points; computes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from onearm import format as fmt
from onearm.clinical.derived import SubjectCourse, TimePoint
from onearm.clinical.records import Source, SubjectRecords, known_day
from onearm.report.figures import INK, MUTED, Trial, Wanted, cutoff_text, undated_text
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import (
    GRADES,
    GRID,
    HATCH,
    RESPONSES,
    SMALLEST,
    Drawn,
    Marks,
    Names,
    Plate,
    month_ticks,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEP = {1: 8.5, 2: 10.0}
TOP, BOTTOM = 34.0, 28.0
HALF = 3.1  # half the height of a bar, in points
GIVEN, MEDICATION, UNCONFIRMED = "#00527f", "#79b3b3", "#f0b98a"
GRAVE = 2  # laboratory terms have a lane from this grade
ENDS = {"DEATH": "x", "DISCONTINUED": "s", "NEW THERAPY": "P", "ONGOING": ">"}


class Bar(NamedTuple):
    """A stretch of a lane; ``last`` is None while it lasts."""

    first: int
    last: int | None
    colour: str
    what: str
    why: str
    sources: tuple[Source, ...]
    is_hatched: bool = False


class Lane(NamedTuple):
    """A line of the profile: what it shows, and its stretches."""

    part: str
    label: str
    bars: list[Bar]


def draw_profile(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw one patient; None where nothing of the patient has a day."""
    course = next((one for one in trial.courses if one.subject_id == want.subject), None)
    answers = next((one for one in trial.answers if one.subject_id == want.subject), None)
    records = next((r for r in trial.records if r.subject.subject_id == want.subject), None)
    if course is None or records is None or answers is None:
        return None
    start = next((part.start for part in course.segments if part.kind == "TREATMENT"), None)
    if start is None:
        return None
    lanes = [
        *_doses(records, start),
        *_responses(answers.time_points, start),
        *_events(course),
        *_laboratory(course),
        *_medication(records, start),
    ]
    plate, axes, names = _plate(lanes, course, want.columns)
    marks = Marks()
    for lane, y in zip(lanes, names.centres, strict=True):
        for bar in lane.bars:
            _bar(axes, marks, y, bar, lane, course.subject_id)
    _ends(axes, marks, course)
    plate.legend(_keys(lanes, course), 8, 2, plate.width - 16)
    title = f"Profile of patient {course.subject_id}"
    parts = dict.fromkeys(lane.part for lane in lanes)
    return Drawn(
        title,
        plate,
        f"Patient profile. {title}: {', '.join(part.lower() for part in parts)} by day of the "
        "study.",
        phrase(
            "A lane a drug, response, adverse event, laboratory term that reached grade 2, or "
            "medication; coloured by response or CTCAE grade, hatched where it lasts on; upright "
            "lines, what ended or changed the treatment."
            + undated_text([answers])
            + cutoff_text(trial.shown)
        ),
        _data(lanes),
        marks.words,
    )


def _day(day: dt.date, start: dt.date) -> int:
    """Return the day of the study, 1 on the first day of treatment."""
    days = (day - start).days
    return days + 1 if days >= 0 else days


def _doses(records: SubjectRecords, start: dt.date) -> list[Lane]:
    lanes: dict[str, Lane] = {}
    for dose in records.doses or ():
        if dose.dose <= 0:
            continue
        lane = lanes.setdefault(dose.drug, Lane("Doses", dose.drug, []))
        last = dose.end_date or dose.start_date
        what = f"{fmt.plain(dose.dose)} {dose.unit}" + (
            f", cycle {dose.cycle}" if dose.cycle is not None else ""
        )
        why = " ".join(filter(None, (dose.change and dose.change.lower(), dose.change_reason)))
        lane.bars.append(
            Bar(_day(dose.start_date, start), _day(last, start), GIVEN, what, why, (dose.source,))
        )
    return list(lanes.values())


def _responses(points: Sequence[TimePoint], start: dt.date) -> list[Lane]:
    overall, irecist = Lane("Responses", "RECIST 1.1", []), Lane("Responses", "iRECIST", [])
    for point in sorted(points, key=lambda one: one.date):
        if known_day(point.date) is None:
            continue
        day = _day(point.date, start)
        code = str(point.overall)
        colour = RESPONSES.get(code, "#ffffff")
        overall.bars.append(Bar(day, day, colour, code, point.reason, point.sources, code == "NE"))
        if point.irecist is not None:
            letters = str(point.irecist)
            pale = {"iCR": "CR", "iPR": "PR", "iSD": "SD", "iCPD": "PD"}.get(letters)
            colour = UNCONFIRMED if letters == "iUPD" else RESPONSES.get(pale or "", "#dfe3e6")
            why = point.irecist_reason or ""
            irecist.bars.append(Bar(day, day, colour, letters, why, point.sources))
    return [lane for lane in (overall, irecist) if lane.bars]


def _events(course: SubjectCourse) -> list[Lane]:
    lanes: dict[str, Lane] = {}
    for event in sorted(course.adverse_events, key=lambda one: (one.onset_day or 0, one.term)):
        if event.onset_day is None:
            continue
        lane = lanes.setdefault(event.term, Lane("Adverse events", event.term, []))
        what = f"grade {event.grade if event.grade is not None else 'not recorded'}"
        what += ", serious" if event.is_serious else ""
        lane.bars.append(
            Bar(event.onset_day, event.end_day, GRADES[event.grade or 0], what, event.reason,
                event.sources, event.end_day is None)
        )  # fmt: skip
    return list(lanes.values())


def _laboratory(course: SubjectCourse) -> list[Lane]:
    """Return a lane a laboratory term that reached grade 2, with its values of grade 1 or more."""
    lanes: dict[str, Lane] = {}
    graded = [one for one in course.labs if one.grade and one.term and one.day is not None]
    grave = {one.term for one in graded if (one.grade or 0) >= GRAVE}
    for one in sorted(graded, key=lambda point: (point.term or "", point.date)):
        if one.term in grave:
            name = one.term or one.analyte
            lane = lanes.setdefault(name, Lane("Laboratory", name, []))
            what = f"{fmt.plain(one.value)} {one.unit}, grade {one.grade}"
            day, colour = one.day or 0, GRADES[one.grade or 0]
            lane.bars.append(Bar(day, day, colour, what, "", one.sources))
    return list(lanes.values())


def _medication(records: SubjectRecords, start: dt.date) -> list[Lane]:
    lanes: dict[str, Lane] = {}
    for one in records.conmeds or ():
        if one.start_date is None:
            continue
        lane = lanes.setdefault(one.name, Lane("Medication", one.name, []))
        last = None if one.end_date is None else _day(one.end_date, start)
        lane.bars.append(
            Bar(_day(one.start_date, start), last, MEDICATION, one.medication_class or one.name,
                one.indication or "", (one.source,), last is None)
        )  # fmt: skip
    return list(lanes.values())


def _plate(lanes: Sequence[Lane], course: SubjectCourse, columns: int) -> tuple[Plate, Axes, Names]:
    size = 6.6 if columns == 2 else SMALLEST
    top = TOP if columns == 2 else TOP + 22
    names = Names([lane.label for lane in lanes], width_of(columns) * 0.37, size, STEP[columns])
    height = max(names.height, 2 * STEP[columns])
    bottom = top + height
    plate = Plate(columns, bottom + BOTTOM)
    left = max(names.wide, 30.0) + 12
    axes = plate.panel(left, top, plate.width - 10, bottom)
    days = [bar.last or bar.first for lane in lanes for bar in lane.bars]
    days += [part.end_day for part in course.segments if part.kind == "TREATMENT"]
    days += [mark.day for mark in course.marks if mark.kind in ENDS]
    first = min([1, *(bar.first for lane in lanes for bar in lane.bars)])
    end = float(max(*days, 31))
    axes.set_xlim(max(first, -60) - 0.01 * end, end * 1.02)
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    month_ticks(axes, end, 7 if columns == 1 else 13)
    axes.set_xlabel("Months from the first dose", labelpad=1)
    before = ""
    for i, (lane, y) in enumerate(zip(lanes, names.centres, strict=True)):
        plate.name(left - 5, top + y, names.lines[i], size, ha="right")
        if lane.part != before and i:
            axes.axhline(y - names.half(i), color=MUTED, linewidth=0.6)
        before = lane.part
    return plate, axes, names


def _bar(axes: Axes, marks: Marks, y: float, bar: Bar, lane: Lane, who: str) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    low, high = axes.get_xlim()
    last = high if bar.last is None else float(bar.last)
    until = "on" if bar.last is None else f"to day {bar.last}"
    said = marks.add(
        f"{who}: {lane.label}, {bar.what}", f"day {bar.first} {until}", bar.why,
        fmt.source_lines(bar.sources),
    )  # fmt: skip
    if lane.part in ("Responses", "Laboratory"):
        size = 5.0 if lane.part == "Responses" else 3.6
        axes.add_line(
            Line2D([bar.first], [y], linestyle="none", marker="s", markersize=size, gid=said,
                   markerfacecolor=bar.colour, markeredgecolor=INK, markeredgewidth=0.4, zorder=3)
        )  # fmt: skip
        return
    start = max(bar.first - 1, low)
    axes.add_patch(
        Rectangle((start, y - HALF), max(last - start, (high - low) / 250), 2 * HALF,
                  facecolor=bar.colour, edgecolor=INK if bar.is_hatched else "none",
                  linewidth=0.25, hatch=HATCH if bar.is_hatched else None, gid=said, zorder=3)
    )  # fmt: skip


def _ends(axes: Axes, marks: Marks, course: SubjectCourse) -> None:
    """Draw an upright line on the days that ended or changed the treatment."""
    for mark in course.marks:
        if mark.kind in ENDS:
            said = marks.add(
                f"{course.subject_id}: {mark.kind.lower()} on {mark.date} (day {mark.day})",
                mark.reason, fmt.source_lines(mark.sources),
            )  # fmt: skip
            axes.axvline(mark.day, color=INK, linewidth=0.7, linestyle=(0, (2, 1.5)), zorder=2)
            axes.plot([mark.day], [0], marker=ENDS[mark.kind], markersize=4, color=INK,
                      clip_on=False, gid=said, zorder=4)  # fmt: skip


def _keys(lanes: Sequence[Lane], course: SubjectCourse) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    bars = [(lane.part, bar) for lane in lanes for bar in lane.bars]
    handles: list[Any] = []
    if any(part == "Doses" for part, _ in bars):
        handles.append(Patch(facecolor=GIVEN, linewidth=0, label="dose"))
    edge: dict[str, Any] = {"markeredgecolor": INK, "markeredgewidth": 0.4, "linestyle": "none"}
    colours = {bar.colour for part, bar in bars if part == "Responses"}
    named = {code: RESPONSES[code] for code in ("CR", "PR", "SD", "PD")} | {"iUPD": UNCONFIRMED}
    handles += [
        Line2D([], [], marker="s", markersize=5, label=code, color=colour, **edge)
        for code, colour in named.items()
        if colour in colours
    ]
    shades = {bar.colour for part, bar in bars if part in ("Adverse events", "Laboratory")}
    handles += [
        Patch(facecolor=GRADES[grade], linewidth=0, label=f"grade {grade}")
        for grade in range(1, 6)
        if GRADES[grade] in shades
    ]
    if any(part == "Medication" for part, _ in bars):
        handles.append(Patch(facecolor=MEDICATION, linewidth=0, label="medication"))
    kinds = {mark.kind for mark in course.marks}
    for kind, shape in ENDS.items():
        if kind in kinds:
            handles.append(Line2D([], [], linestyle="none", marker=shape, markersize=4, color=INK,
                                  label=kind.lower()))  # fmt: skip
    return handles


def _data(lanes: Sequence[Lane]) -> Plotted:
    rows = [
        (lane.part, lane.label, bar.what, f"{bar.first}",
         "" if bar.last is None else f"{bar.last}", bar.why, fmt.source_lines(bar.sources))
        for lane in lanes
        for bar in lane.bars
    ]  # fmt: skip
    columns = ("Part", "Lane", "What", "First day", "Last day", "Why", "Records")
    return Plotted(columns, tuple(tuple(Span(text) for text in row) for row in rows))
