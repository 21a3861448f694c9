"""The forest of response rates: each subgroup with its exact interval, no p-values.

A square is as large as its group; the lines stand at the rate of all patients
and at the rate that the design calls too low. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm.report.figures import (
    INK,
    MUTED,
    Trial,
    Wanted,
    cutoff_text,
    label_of,
    marker_groups,
    plain_text,
    rate_caption,
)
from onearm.report.model import Phrase, Plotted, Span, phrase
from onearm.report.plate import (
    DASHED,
    GRID,
    LINES,
    SIZES,
    SMALLEST,
    Drawn,
    Names,
    Plate,
    text_width,
    width_of,
)
from onearm.report.shown import Shown, position

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NULLS = ("orr/all/null_rate", "primary/all/threshold")
"""Where the rate that is too low stands: of the design, or of the test of the endpoint."""
STEP = {1: 12.0, 2: 14.0}
TOP, BOTTOM = 20.0, 30.0
NARROW = 160.0  # pixels of the axes, 100 an inch, below which there is room for three ticks


def draw_forest(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the response rate of every group that has one; None where none has."""
    shown = trial.shown
    levels = [one for of in marker_groups(shown, "orr").values() for one in of]
    wanted = want.groups or (*shown.groups, *levels)
    groups = [group for group in wanted if shown.has_value(f"orr/{group}/estimate")]
    if not groups:
        return None
    plate, axes, names = _plate(shown, groups, want.columns)
    null = next((one for one in NULLS if shown.has_value(one)), None)
    _lines(axes, shown, null)
    axes.set_ylim(names.height, 0)
    for y, group in zip(names.centres, groups, strict=True):
        _square(axes, shown, y, group)
    title = "Objective response rate by subgroup"
    words = [plain_text(_label(shown, g), ": ", *_cells(shown, g)) for g in groups]
    return Drawn(
        title,
        plate,
        f"Forest plot. {title}, with {shown.level} confidence intervals. {'; '.join(words)}.",
        phrase(rate_caption(shown), ". ", _caption(shown, null), cutoff_text(shown)),
        _data(shown, groups),
    )


def _caption(shown: Shown, null: str | None) -> Phrase:
    text = (
        f"Confirmed responses; exact {shown.level} confidence intervals (Clopper-Pearson); squares "
        "grow with the number of patients; solid line, all patients"
    )
    rest = ". Subgroups and biomarkers as in the protocol; no comparison between them is made."
    if null is None:
        return phrase(text, rest)
    return phrase(text, "; dashed, the rate of no interest, ", shown.value_with_unit(null), rest)


def _label(shown: Shown, group: str) -> str:
    return "All patients" if group == "all" else label_of(shown, group)


def _cells(shown: Shown, group: str) -> tuple[Phrase, ...]:
    head = f"orr/{group}"
    return (
        phrase(shown.value(f"{head}/count"), "/", shown.value(f"{head}/total")),
        phrase(" ", shown.value(f"{head}/estimate"), " "),
        phrase("(", shown.value(f"{head}/lower"), "\N{EN DASH}", shown.value(f"{head}/upper"), ")"),
    )


def _plate(shown: Shown, groups: Sequence[str], columns: int) -> tuple[Plate, Axes, Names]:
    """Write labels and numbers, and return the axes between them, and their rows."""
    size = SIZES[2] if columns == 2 else SMALLEST
    labels = [_label(shown, group) for group in groups]
    names = Names(labels, width_of(columns) * 0.26, size, STEP[columns], "bold")
    bottom = TOP + names.height
    plate = Plate(columns, bottom + BOTTOM)
    counts = [_cells(shown, group)[0] for group in groups]
    rates = [phrase(*_cells(shown, group)[1:]) for group in groups]
    heads = ("n/N", f"ORR, % ({shown.level} CI)")
    wide = [
        max(text_width(head, size), *(text_width(plain_of(cell), size) for cell in cells))
        for head, cells in zip(heads, (counts, rates), strict=True)
    ]
    right = plate.width - 6 - wide[1] - 8 - wide[0] - 8
    left = 6 + names.wide + 10
    at = (plate.width - 6 - wide[1] - 8 - wide[0], plate.width - 6 - wide[1])
    for x, head in zip(at, heads, strict=True):
        plate.text(x, TOP / 2, head, color=MUTED, fontsize=size)
    for i, label in enumerate(names.lines):
        y = TOP + names.centres[i]
        plate.name(6, y, label, size, fontweight="bold" if groups[i] == "all" else "normal")
        for x, cell in zip(at, (counts[i], rates[i]), strict=True):
            for text, result, _ in cell:
                plate.text(x, y, text, f"{result}#text" if result else None, fontsize=size)
                x += text_width(text, size)
    return plate, plate.panel(left, TOP, right, bottom), names


def plain_of(spans: Phrase) -> str:
    """Return the text of a phrase as it is measured."""
    return "".join(span.text for span in spans)


def _lines(axes: Axes, shown: Shown, null: str | None) -> None:
    axes.set_xlim(0, 1)
    is_narrow = axes.get_window_extent().width < NARROW
    ticks = range(0, 101, 50 if is_narrow else 20)
    axes.set_xticks([tick / 100 for tick in ticks], [str(tick) for tick in ticks])
    axes.set_xlabel("Objective response rate (%)", labelpad=1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    for name, line in (("orr/all/estimate", "-"), (null, DASHED)):
        if name is not None and shown.has_value(name):
            axes.axvline(
                float(position(shown.rows[name])), color=MUTED, linewidth=0.8, linestyle=line,
                gid=f"{name}#line", zorder=1,
            )  # fmt: skip


def _square(axes: Axes, shown: Shown, y: float, group: str) -> None:
    from matplotlib.lines import Line2D

    head = f"orr/{group}"
    rows = {name: shown.row(f"{head}/{name}") for name in ("estimate", "lower", "upper", "total")}
    at = {name: float(position(row)) for name, row in rows.items() if row is not None}
    colour = INK if group == "all" else LINES[0]
    if "lower" in at and "upper" in at:
        axes.add_line(
            Line2D([at["lower"], at["upper"]], [y, y], color=colour, linewidth=1.0, marker="|",
                   markersize=4, gid=f"{head}/lower#limits", zorder=2, clip_on=False)
        )  # fmt: skip
    largest = shown.row("orr/all/total")
    whole = at["total"] if largest is None else float(position(largest))
    axes.add_line(
        Line2D([at["estimate"]], [y], linestyle="none", marker="D" if group == "all" else "s",
               markersize=3 + 4 * (at["total"] / whole) ** 0.5, color=colour,
               gid=f"{head}/estimate", zorder=3, clip_on=False)
    )  # fmt: skip


def _data(shown: Shown, groups: Sequence[str]) -> Plotted:
    names = ("count", "total", "estimate", "lower", "upper")
    rows = [
        (Span(_label(shown, group)), *(shown.value(f"orr/{group}/{name}") for name in names))
        for group in groups
    ]
    columns = ("Group", "Responders", "Patients", "ORR (%)", "Lower limit (%)", "Upper limit (%)")
    return Plotted(columns, tuple(rows))
