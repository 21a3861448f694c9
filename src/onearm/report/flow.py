"""The patient flow as a diagram: who entered, who was treated, who went on.

Draws the counts that stand among the results; a step without a result is left
out. Computes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from onearm.report.figures import INK, MUTED, Trial, Wanted, cutoff_text, plain_text
from onearm.report.model import Plotted, Span, phrase
from onearm.report.plate import Drawn, Plate, broken, text_width, width_of
from onearm.report.shown import Shown, position
from onearm.report.tables import FLOW, capital, words

PADDING, GAP, INDENT, MARGIN, ARM = 5.0, 14.0, 9.0, 4.0, 10.0  # points
SIZES = {1: 6.3, 2: 7.5}
WIDEST = {1: 0.40, 2: 0.45}  # share of the page that the steps may have; the others, what is left
STEPS = ("screened", "enrolled", "treated", "response-evaluable")

BRACKETS = re.compile(r"\s*\([^()]*\)")
MOST = 6  # lines that a reason may have

Lines = list[tuple[str, str]]  # text, result id; an indented text begins with a space


def draw_flow(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the flow; None where no step has a result."""
    shown = trial.shown
    aside = {"screened": _failures(shown), "treated": _treatment(shown)}
    boxes = [
        (step, aside.get(name, [])) for name in STEPS if (step := _lines(shown, f"step:{name}"))
    ]
    if not boxes:
        return None
    page = _Page(want.columns, boxes)
    page.draw()
    several = (
        " Criteria of the protocol without what stands in brackets; a person may have several."
        if any("criterion:" in result for _, result in aside["screened"])
        else ""
    )
    texts = [text.strip() for box in boxes for lines in box for text, _ in lines]
    return Drawn(
        "Patient flow",
        page.plate,
        "Patient flow. " + plain_text(phrase("; ".join(texts) + ".")),
        phrase(f"Numbers of patients.{several}{cutoff_text(shown)}"),
        _data(shown, boxes),
    )


def _lines(shown: Shown, item: str) -> Lines:
    row = shown.row(f"flow/all/{item}/count")
    if row is None:
        return []
    return [(f"{FLOW.get(item) or capital(words(row))} (n = {shown.value(row.id).text})", row.id)]


def _failures(shown: Shown) -> Lines:
    """Return who was not enrolled, with the criteria and other reasons by frequency."""
    lines = _lines(shown, "step:not-enrolled")
    rows = [
        row
        for kind in ("criterion:", "reason:")
        for row in shown.items("screen-failures", "all", kind, "count")
    ]
    for row in sorted(rows, key=lambda row: -position(row)) if lines else ():
        reason = BRACKETS.sub("", words(row)).rstrip(". ")
        lines.append((f" {capital(reason)} (n = {shown.value(row.id).text})", row.id))
    return lines


def _treatment(shown: Shown) -> Lines:
    """Return who stopped treatment, with the reasons by frequency, and who goes on."""
    lines = _lines(shown, "status:discontinued")
    reasons = shown.items("flow", "all", "reason:", "count")
    for row in sorted(reasons, key=lambda row: (-position(row), words(row))):
        lines.append((f" {capital(words(row))} (n = {shown.value(row.id).text})", row.id))
    return [*lines, *_lines(shown, "status:completed"), *_lines(shown, "status:ongoing")]


def _data(shown: Shown, boxes: Sequence[tuple[Lines, Lines]]) -> Plotted:
    found = [one for box in boxes for lines in box for one in lines]
    rows = [
        (Span(text.strip().rpartition(" (n = ")[0]), shown.value(result)) for text, result in found
    ]
    return Plotted(("Step", "Patients"), tuple(rows))


class _Page:
    """The boxes on their plate: the steps at the left, who left them at the right."""

    def __init__(self, columns: int, boxes: Sequence[tuple[Lines, Lines]]) -> None:
        self.line = 11.0 if columns == 2 else 9.5
        self.size, page, edges = SIZES[columns], width_of(columns), 2 * PADDING + 2
        most = page * WIDEST[columns] - edges
        steps = [self._broken(step, most) for step, _ in boxes]
        self.wide = edges + max(self._width(step) for step in steps)
        left = page - self.wide - 2 * MARGIN - ARM - edges
        besides = [self._broken(beside, min(left, page * 0.55)) for _, beside in boxes]
        self.beside = edges + max(self._width(beside) for beside in besides)
        self.boxes = list(zip(steps, besides, strict=True))
        height = sum(self._height(box) + GAP + self._room(b) for box, b in self.boxes) - GAP
        self.plate = Plate(columns, height + 2 * MARGIN)
        free = self.plate.width - self.wide - self.beside
        arm = min(max(free - 2 * MARGIN, ARM), 30.0)
        self.left = max((free - arm) / 2, MARGIN)
        self.right = self.left + self.wide + arm

    def _broken(self, lines: Lines, most: float) -> Lines:
        """Return lines that have room; the number of a reason stays whole, at its end."""
        found: Lines = []
        for text, result in lines:
            stem, _, n = text.strip().rpartition(" (n = ")
            before = " " if text.startswith(" ") else ""
            room = most - len(before) * INDENT
            parts = broken(stem, room, self.size, most=MOST).split("\n")
            number = f" (n = {n}"
            if text_width(parts[-1] + number, self.size) <= room:
                parts[-1] += number
            else:
                parts.append(number.strip())
            found += [(before + part, "") for part in parts[:-1]]
            found.append((before + parts[-1], result))
        return found

    def _width(self, lines: Lines) -> float:
        return max(
            (
                text_width(text.strip(), self.size) + (INDENT if text.startswith(" ") else 0)
                for text, _ in lines
            ),
            default=0.0,
        )

    def _height(self, lines: Lines) -> float:
        return self.line * len(lines) + 2 * PADDING if lines else 0.0

    def _room(self, beside: Lines) -> float:
        """Return the room that a box at the side needs between two boxes."""
        return self._height(beside) + GAP if beside else 0.0

    def draw(self) -> None:
        """Draw the boxes and the arrows between them."""
        y, centre = MARGIN, self.left + self.wide / 2
        for i, (lines, beside) in enumerate(self.boxes):
            self._box(self.left, y, self.wide, lines, is_centred=True)
            y += self._height(lines)
            gap = GAP + self._room(beside)
            if i + 1 < len(self.boxes):
                _arrow(self.plate, (centre, y), (centre, y + gap))
            elif beside:
                _arrow(self.plate, (centre, y), (centre, y + gap / 2), style="-")
            if beside:
                middle = y + gap / 2
                _arrow(self.plate, (centre, middle), (self.right, middle))
                top = middle - self._height(beside) / 2
                self._box(self.right, top, self.beside, beside, is_centred=False)
            y += gap

    def _box(
        self, left: float, top: float, width: float, lines: Lines, *, is_centred: bool
    ) -> None:
        from matplotlib.patches import Rectangle

        self.plate.page.add(
            Rectangle((left, top), width, self._height(lines), facecolor="#f5f7f9",
                      edgecolor=MUTED, linewidth=0.7)
        )  # fmt: skip
        for i, (text, result) in enumerate(lines):
            y = top + PADDING + self.line * (i + 0.5)
            indent = INDENT if text.startswith(" ") else 0.0
            x = left + width / 2 if is_centred else left + PADDING + 1 + indent
            look = "center" if is_centred else "left"
            self.plate.text(
                x, y, text.strip(), result or None, ha=look, fontsize=self.size, color=INK
            )


def _arrow(
    plate: Plate, start: tuple[float, float], end: tuple[float, float], style: str = "-|>"
) -> None:
    from matplotlib.patches import FancyArrowPatch

    plate.page.add(
        FancyArrowPatch(
            start, end, arrowstyle=style, mutation_scale=7, shrinkA=0, shrinkB=0, color=MUTED,
            linewidth=0.7,
        )
    )  # fmt: skip
