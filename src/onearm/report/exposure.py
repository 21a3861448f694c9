"""Exposure: every cycle of every patient and drug beside the plan, and dose intensity.

The calendar has a row a patient and a tile a cycle: as planned, delayed,
reduced, shortened or omitted. The other figure has a point a patient with the
relative dose intensity of each drug. Draws derived doses; computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onearm import format as fmt
from onearm.report.figures import INK, MUTED, Cycle, Intensity, Trial, Wanted, cutoff_text, label_of
from onearm.report.model import Phrase, Plotted, Span, phrase
from onearm.report.plate import (
    DASHED,
    GRID,
    LINES,
    SIZES,
    SMALLEST,
    TALLEST,
    Drawn,
    Heads,
    Marks,
    Plate,
    heads,
    text_width,
    width_of,
)
from onearm.report.shown import Shown, position
from onearm.results.model import slug

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLASSES: dict[str, tuple[str, str]] = {  # what a tile says: colour, hatch
    "as planned": ("#d6e2ea", ""),
    "delayed": ("#e8a33d", ""),
    "reduced": ("#b5450b", ""),
    "fewer days": ("#9a86bd", ""),
    "omitted": ("#ffffff", "xxxx"),
    "otherwise": ("#6f7880", ""),
}
FIRST_OF = (
    ("REDUCED", "reduced"),
    ("SHORTENED", "fewer days"),
    ("DELAYED", "delayed"),
)
"""The graver difference names a tile that has several."""
TOP, BOTTOM = 40.0, 26.0
LEAST = 6.6  # points of a row that has a name
LIMIT = 0.80


def draw_exposure(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the calendar of every drug; None where no dose is known."""
    members = trial.members(want.group)
    cycles = [
        cycle
        for one in trial.answers
        if members is None or one.subject_id in members
        for cycle in one.course.drugs
    ]
    if not cycles:
        return None
    drugs = [
        drug.name
        for drug in trial.shown.protocol.treatment.drugs
        if any(cycle.drug == drug.name for cycle in cycles)
    ]
    last: dict[str, int] = {}
    for cycle in cycles:
        last[cycle.subject_id] = max(last.get(cycle.subject_id, 0), cycle.cycle)
    people = sorted(last, key=lambda who: (-last[who], who))
    plate, panels = _calendar(people, drugs, cycles, want.columns)
    marks, seen = Marks(), set()
    for cycle in cycles:
        if cycle.drug in panels:
            seen.add(_tile(panels[cycle.drug], marks, people.index(cycle.subject_id), cycle))
    plate.legend(_keys(seen), 8, 2, plate.width - 16)
    of = "" if want.group == "all" else f", {label_of(trial.shown, want.group)}"
    title = f"Doses beside the plan, cycle by cycle{of}"
    n = fmt.count_of(len(people), "patient")
    return Drawn(
        title,
        plate,
        f"Calendar of doses. {title}: {n}, those with most cycles on top; {', '.join(drugs)}.",
        phrase(
            "A row a treated patient, a tile a planned cycle of a drug. Reduced, below the planned "
            "dose; fewer days, given on fewer days than planned; delayed, begun after the window "
            "of the cycle; the first of these names a tile that has several; otherwise, any other "
            "difference, such as a dose after progression." + cutoff_text(trial.shown)
        ),
        _tiles(cycles),
        marks.words,
    )


def _calendar(
    people: Sequence[str], drugs: Sequence[str], cycles: Sequence[Cycle], columns: int
) -> tuple[Plate, dict[str, Axes]]:
    rows = max(len(people), 3)
    step = min(8.0 if len(people) <= 40 and columns == 2 else LEAST, (TALLEST - 4 * TOP) / rows)
    is_named = step >= LEAST
    left = max(text_width(who, SMALLEST) for who in people) + 12 if is_named else 18.0
    gap = 8.0
    spans = {drug: max(c.cycle for c in cycles if c.drug == drug) for drug in drugs}
    wides, head = _spread(spans, width_of(columns) - left - 8 - gap * (len(drugs) - 1), columns)
    top = (TOP if columns == 2 else TOP + 10) + head.height - SIZES[columns]
    bottom = top + step * rows
    plate = Plate(columns, bottom + BOTTOM)
    panels: dict[str, Axes] = {}
    x = left
    for i, drug in enumerate(drugs):
        each = wides[i]
        axes = plate.panel(x, top, x + each, bottom)
        axes.set_xlim(0.4, max(spans[drug], 2) + 0.6)
        axes.set_ylim(max(len(people), 3) - 0.5, -0.5)
        axes.set_yticks([])
        every = next(n for n in (1, 2, 3, 5, 10, 20, 50) if each / 13 * n >= spans[drug])
        axes.set_xticks([k for k in range(1, spans[drug] + 1) if k == 1 or k % every == 0])
        axes.spines["left"].set_visible(False)
        head.write(plate, i, (x, top - 4), fontweight="bold")
        panels[drug] = axes
        x += each + gap
    plate.text((left + plate.width) / 2, plate.height - 6, "Cycle", ha="center")
    for i, who in enumerate(people if is_named else ()):
        plate.text(left - 4, top + step * (i + 0.5), who, ha="right", fontsize=SMALLEST)
    return plate, panels


def _spread(spans: dict[str, int], wide: float, columns: int) -> tuple[list[float], Heads]:
    """Return the widths of the columns of drugs, by their cycles and names, and the headings."""
    size = SIZES[columns]
    least = [max(34.0, text_width(drug, size, "bold") + 2) for drug in spans]
    if sum(least) > wide:
        least = [wide / len(spans) * 0.7] * len(spans)
    free, cycles = wide - sum(least), sum(spans.values())
    wides = [one + free * of / cycles for one, of in zip(least, spans.values(), strict=True)]
    return wides, heads(list(spans), wides, size, "bold")


def _class(cycle: Cycle) -> str:
    if cycle.given_days == 0:
        return "omitted"
    named = next((name for code, name in FIRST_OF if code in cycle.deviations), None)
    return named or ("otherwise" if cycle.deviations else "as planned")


def _tile(axes: Axes, marks: Marks, row: int, cycle: Cycle) -> str:
    from matplotlib.patches import Rectangle

    name = _class(cycle)
    colour, hatch = CLASSES[name]
    said = marks.add(
        f"{cycle.subject_id}: {cycle.drug}, cycle {cycle.cycle}, {name}", cycle.reason,
        fmt.source_lines(cycle.sources),
    )  # fmt: skip
    axes.add_patch(
        Rectangle((cycle.cycle - 0.46, row - 0.42), 0.92, 0.84, facecolor=colour, hatch=hatch,
                  edgecolor=MUTED if hatch else "none", linewidth=0.3 if hatch else 0, gid=said)
    )  # fmt: skip
    return name


def _keys(seen: set[str]) -> list[Any]:
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=colour, hatch=hatch, edgecolor=MUTED, linewidth=0.3, label=name)
        for name, (colour, hatch) in CLASSES.items()
        if name in seen
    ]


def _tiles(cycles: Sequence[Cycle]) -> Plotted:
    rows = [
        (c.subject_id, c.drug, f"{c.cycle}", f"{c.first_date or ''}", _class(c),
         f"{c.given_days}", f"{c.planned_days}", fmt.plain(c.given),
         "" if c.planned is None else fmt.plain(c.planned), c.unit, fmt.source_lines(c.sources))
        for c in cycles
    ]  # fmt: skip
    columns = ("Patient", "Drug", "Cycle", "First day", "Beside the plan", "Days given",
               "Days planned", "Given", "Planned", "Unit", "Records")  # fmt: skip
    return Plotted(columns, tuple(tuple(Span(text) for text in row) for row in rows))


def draw_intensity(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the relative dose intensity of each drug; None where none is known."""
    members = trial.members(want.group)
    found: dict[str, list[tuple[str, Intensity]]] = {}
    for one in trial.answers:
        if members is None or one.subject_id in members:
            for intensity in one.intensities:
                if intensity.relative is not None:
                    found.setdefault(intensity.drug, []).append((one.subject_id, intensity))
    drugs = [d.name for d in trial.shown.protocol.treatment.drugs if d.name in found]
    if not drugs:
        return None
    plate, axes = _strip(drugs, found, want.columns)
    marks = Marks()
    for i, drug in enumerate(drugs):
        _points(axes, marks, i, found[drug])
        if want.group == "all":
            _median(axes, trial.shown, i, drug)
    of = "" if want.group == "all" else f", {label_of(trial.shown, want.group)}"
    title = f"Relative dose intensity by drug{of}"
    numbers = _medians(trial.shown, drugs) if want.group == "all" else ()
    return Drawn(
        title,
        plate,
        f"Dot plot. {title}: a point a patient, in percent of the plan; line at 80%.",
        phrase(
            "A point a treated patient; bar, median; dashed, 80%. ", numbers,
            "What was given a week over what was planned a week." + cutoff_text(trial.shown),
        ),
        _intensities(drugs, found),
        marks.words,
    )  # fmt: skip


def _medians(shown: Shown, drugs: Sequence[str]) -> Phrase:
    parts: list[Phrase] = []
    for drug in drugs:
        head = _head(drug)
        if shown.has_value(f"{head}/relative/median"):
            low, below = f"{head}/relative/minimum", f"{head}/below-80"
            parts.append(
                phrase(f"{drug}: median ", shown.value_with_unit(f"{head}/relative/median"),
                       " (", shown.value(low), " to ", shown.value(f"{head}/relative/maximum"),
                       "), below 80% ", shown.value(f"{below}/count"), " of ",
                       shown.value(f"{below}/total"), ". ")
            )  # fmt: skip
    return phrase(*parts)


def _head(drug: str) -> str:
    return f"dose-intensity.{slug(drug)}/all"


def _strip(
    drugs: Sequence[str], found: dict[str, list[tuple[str, Intensity]]], columns: int
) -> tuple[Plate, Axes]:
    bottom = 8 + (130.0 if columns == 1 else 180.0)
    right = min(width_of(columns) - 10, 40 + 130.0 * len(drugs))
    each = (right - 36) / len(drugs)
    names = heads(drugs, [each - 4] * len(drugs), SIZES[columns], "normal")
    plate = Plate(columns, bottom + 14 + names.height)
    axes = plate.panel(36, 8, right, bottom)
    shares = [float(one.relative or 0) for of in found.values() for _, one in of]
    low, high = min([0.6, *shares]), max([1.1, *shares])
    axes.set_xlim(-0.5, len(drugs) - 0.5)
    axes.set_ylim(max(low - 0.05, 0), high + 0.05)
    ticks = range(0, 401, 20 if high - low < 1.2 else 50)
    kept = [k for k in ticks if low - 0.05 <= k / 100 <= high + 0.05]
    axes.set_yticks([k / 100 for k in kept], [str(k) for k in kept])
    axes.set_xticks(
        range(len(drugs)), names.lines, parse_math=False, rotation=90 if names.is_upright else 0
    )
    axes.tick_params(axis="x", length=0)
    axes.axhline(LIMIT, color=MUTED, linewidth=0.8, linestyle=DASHED, zorder=1)
    axes.grid(axis="y", color=GRID, linewidth=0.7)
    axes.set_ylabel("Relative dose intensity (%)", labelpad=1)
    return plate, axes


def _points(axes: Axes, marks: Marks, i: int, found: Sequence[tuple[str, Intensity]]) -> None:
    """Draw a point a patient; those at nearly one height stand beside one another."""
    from matplotlib.lines import Line2D

    low, high = axes.get_ylim()
    rows: list[list[tuple[str, Intensity]]] = []
    for pair in sorted(found, key=lambda pair: (pair[1].relative or 0, pair[0])):
        y = float(pair[1].relative or 0)
        if rows and y - float(rows[-1][0][1].relative or 0) < (high - low) / 45:
            rows[-1].append(pair)
        else:
            rows.append([pair])
    apart = min(0.045, 0.84 / max(len(row) for row in rows))
    for row in rows:
        for k, (who, one) in enumerate(row):
            said = marks.add(
                f"{who}: {one.drug}, {fmt.percent(one.relative or 0, 1)}%", one.reason,
                fmt.source_lines(one.sources),
            )  # fmt: skip
            x = i + (k - (len(row) - 1) / 2) * apart
            axes.add_line(
                Line2D([x], [float(one.relative or 0)], linestyle="none", marker="o", alpha=0.75,
                       markersize=2.8, color=LINES[0], markeredgewidth=0, gid=said)
            )  # fmt: skip


def _median(axes: Axes, shown: Shown, i: int, drug: str) -> None:
    from matplotlib.lines import Line2D

    row = shown.row(f"{_head(drug)}/relative/median")
    if row is not None and row.value is not None:
        y = float(position(row))
        axes.add_line(
            Line2D([i - 0.22, i + 0.22], [y, y], color=INK, linewidth=1.6, gid=row.id, zorder=4)
        )


def _intensities(drugs: Sequence[str], found: dict[str, list[tuple[str, Intensity]]]) -> Plotted:
    rows = [
        (who, drug, fmt.percent(one.relative or 0, 2), fmt.source_lines(one.sources))
        for drug in drugs
        for who, one in found[drug]
    ]
    columns = ("Patient", "Drug", "Relative dose intensity (%)", "Records")
    return Plotted(columns, tuple(tuple(Span(text) for text in row) for row in rows))
