"""The shift of laboratory grades: baseline against the worst on treatment, a panel a term.

Draws the counts that stand among the results; computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm.report.figures import INK, MUTED, Trial, Wanted, cutoff_text, plain_text
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import SMALLEST, Drawn, Plate, broken, leading
from onearm.report.shown import Shown, position
from onearm.results.model import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STARTS = ("0", "1", "2", "3", "4", "unknown")
ENDS = ("0", "1", "2", "3", "4")
ACROSS = {1: 2, 2: 4}
MOST = 16
CELL = {1: 12.5, 2: 15.0}
PALE = "#eef2f5"

Matrix = dict[tuple[str, str], Row]  # by baseline and worst grade


def draw_shift(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the terms in which somebody reached grade 1; None where nobody did."""
    shown = trial.shown
    found: dict[str, Matrix] = {}
    for row in shown.items("lab-shift", want.group, "term:", "count"):
        _, term, shift = (row.item or "").split(":")
        start, _, end = shift.partition("-to-")
        if not shown.is_zero(row.id):
            found.setdefault(term, {})[start, end] = row
    reached = {
        term: max(int(end) for _, end in matrix)
        for term, matrix in found.items()
        if any(end != "0" for _, end in matrix)
    }
    terms = sorted(reached, key=lambda term: -reached[term])[:MOST]  # stable: planned order
    if not terms:
        return None
    plate, panels = _plate([_name(found[term]) for term in terms], want.columns)
    for axes, term in zip(panels, terms, strict=True):
        for (start, end), row in found[term].items():
            _cell(axes, shown, STARTS.index(start), ENDS.index(end), row)
    title = "Laboratory grades, from baseline to the worst on treatment"
    words = [
        f"{_name(found[term])}: {plain_text(shown.value(row.id))} from {start} to {end}"
        for term in terms
        for (start, end), row in found[term].items()
        if end in ("3", "4")
    ]
    said = f" {'; '.join(words)}." if words else ""
    return Drawn(
        title,
        plate,
        f"Shift matrices. {title}, patients by term.{said}",
        phrase(
            "Patients by baseline grade (rows) and worst grade on treatment (columns), CTCAE; U, "
            "no graded value at baseline; framed, worse than at baseline. Terms in which a patient "
            "reached grade 1, the highest grades first." + cutoff_text(shown)
        ),
        _data(shown, [found[term] for term in terms]),
    )


def _name(matrix: Matrix) -> str:
    row = next(iter(matrix.values()))
    return (row.label or row.item or "").partition(":")[0]


def _plate(names: Sequence[str], columns: int) -> tuple[Plate, list[Axes]]:
    across = min(ACROSS[columns], len(names))
    rows = -(-len(names) // across)
    head, below, side = 28.0, 13.0, 34.0
    height, wide = CELL[columns] * len(STARTS), CELL[columns] * len(ENDS)
    plate = Plate(columns, rows * (head + height + below) + 16)
    each = (plate.width - 12) / across
    size = max(plate.size - 0.7, SMALLEST)
    panels = []
    for i, name in enumerate(names):
        x = 12 + (i % across) * each + (each - side - wide) / 2 + side - 8
        y = head + (i // across) * (head + height + below)
        axes = plate.panel(x, y, x + wide, y + height)
        axes.set_xlim(-0.5, len(ENDS) - 0.5)
        axes.set_ylim(len(STARTS) - 0.5, -0.5)
        axes.set_xticks(range(len(ENDS)), ENDS)
        axes.set_yticks(range(len(STARTS)), [*STARTS[:-1], "U"])
        axes.tick_params(length=0, labelsize=size)
        for side_name in ("left", "bottom"):
            axes.spines[side_name].set_visible(False)
        lines = broken(name, each - side + 12, size, "bold")
        up = 5 + (lines.count("\n") + 1) * leading(size) / 2
        plate.name(x + wide / 2, y - up, lines, size, ha="center", fontweight="bold")
        _ground(axes)
        panels.append(axes)
    plate.text(plate.width / 2, plate.height - 6, "Worst grade on treatment", ha="center")
    plate.text(7, plate.height / 2, "Baseline grade", rotation=90, ha="center", va="center")
    return plate, panels


def _ground(axes: Axes) -> None:
    from matplotlib.patches import Rectangle

    for y in range(len(STARTS)):
        for x in range(len(ENDS)):
            is_worse = y < len(ENDS) and x > y
            axes.add_patch(
                Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, facecolor=PALE,
                          edgecolor=MUTED if is_worse else "none", linewidth=0.5, zorder=1)
            )  # fmt: skip


def _cell(axes: Axes, shown: Shown, y: int, x: int, row: Row) -> None:
    """Shade a cell by its share of the patients, and write its count."""
    from matplotlib.patches import Rectangle

    count = float(position(row))
    if not count:
        return
    share = count / float(position(shown.rows[f"{row.id.rpartition('/')[0]}/total"]))
    axes.add_patch(
        Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, facecolor="#00527f", linewidth=0,
                  alpha=0.15 + 0.85 * share, gid=row.id, zorder=2)
    )  # fmt: skip
    axes.text(
        x, y, shown.value(row.id).text, ha="center", va="center_baseline", fontsize=6.5,
        color="white" if share > 0.55 else INK, zorder=3,
    ).set_gid(f"{row.id}#text")  # fmt: skip


def _data(shown: Shown, matrices: Sequence[Matrix]) -> Plotted:
    rows = [
        (Span(_name(matrix)), Span(start), Span(end), shown.value(row.id),
         shown.value(f"{row.id.rpartition('/')[0]}/total"))
        for matrix in matrices
        for (start, end), row in matrix.items()
    ]  # fmt: skip
    return Plotted(("Term", "Baseline grade", "Worst grade", "Patients", "Of"), tuple(rows))
