"""The patient flow as a diagram: who entered, who was treated, who went on.

Draws the counts that stand among the results; a step without a result is left
out. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm.report.figures import INK, MUTED, Answers, canvas, cutoff_text, plain_text, svg_of
from onearm.report.model import Figure, Phrase, phrase
from onearm.report.shown import Shown, position
from onearm.report.tables import FLOW, capital, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 7.4
LINE, PADDING, GAP = 14.0, 7.0, 20.0  # points
BOX, SIDE = 190.0, 215.0
CENTRE = 160.0

Lines = list[tuple[str, str]]  # text, result id


def draw_flow(shown: Shown, derived: Sequence[Answers]) -> Figure | None:
    """Draw the flow; None where no step has a result."""
    names = ("screened", "enrolled", "treated", "response-evaluable")
    aside = {"screened": _lines(shown, "step:not-enrolled"), "treated": _treatment(shown)}
    boxes = [
        (step, aside.get(name, [])) for name in names if (step := _lines(shown, f"step:{name}"))
    ]
    if not boxes:
        return None
    height = sum(_height(box) + GAP + _room(beside) for box, beside in boxes) - GAP + 8
    drawing = canvas(WIDTH, height / 72)
    axes = drawing.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, WIDTH * 72)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    _draw(axes, boxes, height - 4)
    return Figure(
        "figure-flow",
        "Figure 1",
        "Patient flow",
        svg_of(drawing),
        "Patient flow. " + plain_text(_sentence(boxes)),
        phrase(f"Numbers of patients.{cutoff_text(shown)}"),
    )


def _lines(shown: Shown, item: str) -> Lines:
    row = shown.row(f"flow/all/{item}/count")
    if row is None:
        return []
    return [(f"{FLOW.get(item) or capital(words(row))} (n = {shown.value(row.id).text})", row.id)]


def _treatment(shown: Shown) -> Lines:
    """Return who stopped treatment, with the reasons by frequency, and who goes on."""
    lines = _lines(shown, "status:discontinued")
    reasons = shown.items("flow", "all", "reason:", "count")
    for row in sorted(reasons, key=lambda row: (-position(row), words(row))):
        lines.append((f"    {capital(words(row))} (n = {shown.value(row.id).text})", row.id))
    return [*lines, *_lines(shown, "status:completed"), *_lines(shown, "status:ongoing")]


def _height(lines: Lines) -> float:
    return LINE * len(lines) + 2 * PADDING if lines else 0.0


def _room(beside: Lines) -> float:
    """Return the room that a box at the side needs between two boxes."""
    return _height(beside) + GAP if beside else 0.0


def _sentence(boxes: Sequence[tuple[Lines, Lines]]) -> Phrase:
    texts = [text.strip() for box in boxes for lines in box for text, _ in lines]
    return phrase("; ".join(texts) + ".")


def _draw(axes: Axes, boxes: Sequence[tuple[Lines, Lines]], top: float) -> None:
    y = top
    for i, (lines, beside) in enumerate(boxes):
        _box(axes, CENTRE - BOX / 2, y, BOX, lines, is_centred=True)
        y -= _height(lines)
        gap = GAP + _room(beside)
        is_last = i + 1 == len(boxes)
        if not is_last:
            _arrow(axes, (CENTRE, y), (CENTRE, y - gap))
        elif beside:
            axes.plot((CENTRE, CENTRE), (y, y - gap / 2), color=MUTED, linewidth=0.9)
        if beside:
            middle = y - gap / 2
            left = CENTRE + BOX / 2 + 25
            _arrow(axes, (CENTRE, middle), (left, middle))
            _box(axes, left, middle + _height(beside) / 2, SIDE, beside, is_centred=False)
        y -= gap


def _box(
    axes: Axes, left: float, top: float, width: float, lines: Lines, *, is_centred: bool
) -> None:
    from matplotlib.patches import Rectangle

    height = _height(lines)
    axes.add_patch(
        Rectangle((left, top - height), width, height, facecolor="#f5f7f9", edgecolor=MUTED,
                  linewidth=0.9)
    )  # fmt: skip
    for i, (text, result) in enumerate(lines):
        x = left + width / 2 if is_centred else left + 9 + (12 if text.startswith(" ") else 0)
        written = axes.text(
            x, top - PADDING - LINE * (i + 0.5), text.strip(), fontsize=9, color=INK,
            ha="center" if is_centred else "left", va="center", parse_math=False,
        )  # fmt: skip
        written.set_gid(result)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "", end, start,
        arrowprops={"arrowstyle": "-|>", "color": MUTED, "linewidth": 0.9,
                    "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9},
    )  # fmt: skip
