"""The butterflies of adverse events: a row a term, and a wing to either side.

Any grade to the left and grade 3 or higher to the right; or what is related to
one drug to the left and to the other to the right, where more than two drugs
have a column each. Terms by frequency; those that at least one patient in ten
had. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onearm.report.figures import INK, MUTED, Trial, Wanted, cutoff_text, label_of, plain_text
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import (
    GRADES,
    GRID,
    SIZES,
    SMALLEST,
    Drawn,
    Names,
    Plate,
    heads,
    text_width,
    width_of,
)
from onearm.report.shown import Shown, position
from onearm.results.model import Row, slug

if TYPE_CHECKING:
    from matplotlib.axes import Axes

THRESHOLD = 0.10
MOST = 40
STEP = {1: 9.5, 2: 11.0}
BOTTOM, EDGE, GAP = 26.0, 34.0, 10.0
NUMBERED, NUMBER = 46.0, 20.0  # points of a column in which numbers have room, and that they need
ALL, SEVERE = "#8fa3b3", GRADES[4]
NAMES = {"trae": "Treatment-related adverse events", "ae": "Adverse events"}
AT_LEAST = "\N{GREATER-THAN OR EQUAL TO}"


@dataclass(frozen=True, slots=True)
class Wing:
    """One side: its heading, and for each term its bars, the longest first, with their colours."""

    heading: str
    bars: Sequence[Sequence[tuple[Row | None, str]]]

    @property
    def most(self) -> float:
        """The longest bar, as a proportion."""
        return max([float(position(r)) for row in self.bars for r, _ in row if r] + [THRESHOLD])


@dataclass(frozen=True, slots=True)
class Butterfly:
    """Draws the terms of one analysis of adverse events: any grade, and grade 3 or higher."""

    analysis: str

    def __call__(self, trial: Trial, want: Wanted) -> Drawn | None:
        """Draw the commonest terms of a group; None where there is none."""
        shown, analysis = trial.shown, self.analysis
        rows = _common(shown, analysis, want.group)
        if not rows:
            return None
        wings = (
            Wing("Any grade", [[(row, ALL)] for row in rows]),
            Wing(f"Grade {AT_LEAST} 3", [[(_severe(shown, row), SEVERE)] for row in rows]),
        )
        title = f"{NAMES[analysis]}, by term{_of(shown, want)}"
        first = ", ".join(f"{_term(row)} {plain_text(shown.value(row.id))}%" for row in rows[:5])
        return Drawn(
            title,
            _drawn(shown, rows, wings, want.columns),
            f"Butterfly plot. {title}: any grade to the left, grade 3 or higher to the right, in "
            f"percent of patients, the commonest first. {first}.",
            phrase(
                "Percent of ", shown.value(f"{analysis}/{want.group}/total"),
                " treated patients. Each patient counts once a term, by the worst grade; both "
                "sides on one scale. Terms that at least 10% of patients had, by frequency.",
                cutoff_text(shown),
            ),
            _data(shown, [("", rows)]),
        )  # fmt: skip


def draw_by_drug(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw to which drug events are related; None where fewer than two drugs have any."""
    shown = trial.shown
    drugs = {
        drug.label or drug.name: f"trae.{slug(drug.name)}"
        for drug in shown.protocol.treatment.drugs
        if shown.row(f"trae.{slug(drug.name)}/{want.group}/total") is not None
    }
    rows = _common(shown, "trae", want.group)
    if len(drugs) < 2 or not rows:
        return None
    of_drug = {
        name: [shown.row(row.id.replace("trae/", f"{analysis}/", 1)) for row in rows]
        for name, analysis in drugs.items()
    }
    wings = [
        Wing(name, [[(row, ALL), (row and _severe(shown, row), SEVERE)] for row in found])
        for name, found in of_drug.items()
    ]
    title = f"Treatment-related adverse events by drug{_of(shown, want)}"
    said = "; ".join(
        f"{name}: "
        + ", ".join(f"{_term(row)} {plain_text(shown.value(row.id))}%" for row in found[:3] if row)
        for name, found in of_drug.items()
    )
    return Drawn(
        title,
        _drawn(shown, rows, wings, want.columns),
        f"{'Butterfly plot' if len(wings) == 2 else 'Bar chart'}. {title}: a side or column a "
        f"drug, in percent of patients, the commonest related to any drug first. {said}.",
        phrase(
            "Percent of ", shown.value(f"trae/{want.group}/total"),
            " treated patients with an event related to the drug, any grade; dark, grade 3 or "
            "higher. An event may be related to several drugs. Terms related to any drug in at "
            "least 10% of patients, by frequency.", cutoff_text(shown),
        ),
        _data(shown, [(name, [row for row in found if row]) for name, found in of_drug.items()]),
    )  # fmt: skip


def _of(shown: Shown, want: Wanted) -> str:
    return "" if want.group == "all" else f", {label_of(shown, want.group)}"


def _common(shown: Shown, analysis: str, group: str) -> list[Row]:
    """Return the terms that at least one patient in ten had; the commonest if none has as many."""
    rows = [
        row
        for row in shown.items(analysis, group, "term:", "any_estimate")
        if row.value is not None and position(row) > 0 and row.item and row.item.count(":") == 1
    ]
    rows.sort(key=lambda row: (-position(row), -position(_severe(shown, row)), _term(row)))
    return [row for row in rows if position(row) >= THRESHOLD][:MOST] or rows[:10]


def _term(row: Row) -> str:
    return row.label or (row.item or "").partition(":")[2]


def _severe(shown: Shown, row: Row) -> Row:
    return shown.rows[f"{row.id.rpartition('/')[0]}/grade_3_estimate"]


def _drawn(shown: Shown, rows: Sequence[Row], wings: Sequence[Wing], columns: int) -> Plate:
    """Return the plate with names, headings and bars."""
    size = max(SIZES[columns] - 0.3, SMALLEST)
    room = width_of(columns) * (0.36 if columns == 2 else 0.37)
    names = Names([_term(row) for row in rows], room, size, STEP[columns])
    is_pair = len(wings) == 2
    spans = (_pair if is_pair else _columns)(wings, names, columns)
    wide = [right - left + (EDGE if is_pair else GAP) - 8 for left, right in spans]
    head = heads([wing.heading for wing in wings], wide, SIZES[columns], "bold")
    top = head.height + 8
    plate = Plate(columns, top + names.height + BOTTOM)
    has_numbers = is_pair or spans[0][1] - spans[0][0] >= NUMBERED
    spare = NUMBER if has_numbers and not is_pair else 0.0
    scale = max(
        wing.most / (right - left - spare) for wing, (left, right) in zip(wings, spans, strict=True)
    )
    tick = text_width("100" if scale * max(r - le for le, r in spans) >= 1 else "50", plate.size)
    every = next(n for n in (5, 10, 20, 25, 50, 100) if n / 100 / scale >= tick + 2 or n == 100)
    for i, (wing, (left, right)) in enumerate(zip(wings, spans, strict=True)):
        is_left = is_pair and i == 0
        axes = plate.panel(left, top, right, top + names.height)
        _axes(axes, names.height, (right - left) * scale, is_left, every)
        for k, bars in enumerate(wing.bars):
            place = (names.centres[k], STEP[columns] * 0.36)
            _bars(axes, shown, place, bars, is_left, plate.size if has_numbers else 0)
        edge, look = (right, "right") if is_left else (left, "left")
        head.write(plate, i, (edge, top - 4), ha=look, fontweight="bold")
    middle = (spans[0][1] + spans[1][0]) / 2 if is_pair else spans[0][0] - 6
    if not is_pair:
        plate.text((spans[0][0] + spans[-1][1]) / 2, plate.height - 7, "Patients (%)", ha="center")
    for axes in plate.canvas.axes if is_pair else ():
        axes.set_xlabel("Patients (%)", labelpad=1)
    for y, lines in zip(names.centres, names.lines, strict=True):
        plate.name(middle, top + y, lines, size, ha="center" if is_pair else "right")
    return plate


def _pair(wings: Sequence[Wing], names: Names, columns: int) -> list[tuple[float, float]]:
    """Return from where to where two wings on one scale stand, with the names between them."""
    wide = names.wide + 12
    both = width_of(columns) - EDGE - wide - 26
    most = [wing.most for wing in wings]
    share = min(max(most[1] / sum(most), 0.22), 0.78)
    middle = EDGE + both * (1 - share)
    return [(EDGE, middle), (middle + wide, width_of(columns) - 26)]


def _columns(wings: Sequence[Wing], names: Names, columns: int) -> list[tuple[float, float]]:
    """Return from where to where the columns stand, with the names at their left."""
    first = names.wide + 14
    each = (width_of(columns) - first - 4) / len(wings)
    return [(first + i * each, first + (i + 1) * each - GAP) for i in range(len(wings))]


def _axes(axes: Axes, height: float, end: float, is_left: bool, every: int) -> None:
    ticks = range(0, min(int(end * 100 + 0.001), 100) + 1, every)
    axes.set_xticks([tick / 100 for tick in ticks], [str(tick) for tick in ticks])
    axes.set_xlim((end, 0) if is_left else (0, end))
    axes.set_ylim(height, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(not is_left)
    axes.spines["right"].set_visible(is_left)
    axes.grid(axis="x", color=GRID, linewidth=0.7)


def _bars(
    axes: Axes,
    shown: Shown,
    place: tuple[float, float],
    bars: Sequence[tuple[Row | None, str]],
    is_left: bool,
    size: float,
) -> None:
    """Draw the bars of a term over one another; the first is printed, where ``size`` is not 0."""
    from matplotlib.patches import Rectangle

    y, half = place
    for row, colour in bars:
        if row is not None:
            share = float(position(row))
            axes.add_patch(Rectangle((0, y - half), share, 2 * half, facecolor=colour,
                                     linewidth=0, gid=row.id, zorder=2))  # fmt: skip
    first = bars[0][0]
    if first is None or not size:
        return
    share = float(position(first))
    axes.annotate(
        shown.value(first.id).text, (share, y), xytext=(-2 if is_left else 2, 0),
        textcoords="offset points", ha="right" if is_left else "left", va="center_baseline",
        fontsize=max(size - 1.4, SMALLEST), color=INK if share else MUTED, annotation_clip=False,
    ).set_gid(f"{first.id}#text")  # fmt: skip


def _data(shown: Shown, parts: Sequence[tuple[str, Sequence[Row]]]) -> Plotted:
    """Return a row a term, and a drug where there are several."""
    names = ("any_count", "any_estimate", "grade_3_count", "grade_3_estimate", "total")
    cells = [
        (
            *((Span(drug),) if drug else ()),
            Span(_term(row)),
            *(shown.value(f"{row.id.rpartition('/')[0]}/{name}") for name in names),
        )
        for drug, rows in parts
        for row in rows
    ]
    columns = ("Term", "Any grade, n", "Any grade (%)", "Grade 3 or higher, n",
               "Grade 3 or higher (%)", "Patients")  # fmt: skip
    return Plotted((*(("Drug",) if parts[0][0] else ()), *columns), tuple(cells))
