"""The waterfall: best change of the target sum, one bar a patient, worst first.

Bars are coloured by the confirmed best response and capped at +100 %, with
the value printed. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from onearm.report.figures import (
    INK,
    MUTED,
    Answers,
    canvas,
    cutoff_text,
    plain_text,
    rate_caption,
    svg_of,
)
from onearm.report.model import Figure, phrase
from onearm.report.shown import Shown, position
from onearm.results.model import Row
from onearm.terms import Response

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: dict[str, str] = {
    "CR": "#08386e",
    "PR": "#6aaed6",
    "SD": "#b4bac0",
    "NON-CR/NON-PD": "#dfe3e6",
    "PD": "#d9690f",
    "NE": "#ffffff",
}
NEW, NON_TARGET = "new lesion", "non-target progression"
MARKERS = {NEW: "*", NON_TARGET: "x"}
CAP = 100.0
GUIDES = (20, -30)
WIDTH, HEIGHT = 7.4, 3.9
MOST_NAMED = 45
FEWEST = 12  # bars for whose width there is room, so that few are no walls


def draw_waterfall(shown: Shown, derived: Sequence[Answers]) -> Figure | None:
    """Draw the best changes; None where nobody was measured after baseline."""
    rows = shown.items("best-change", "all", "subject:", "estimate")
    bars = sorted(
        (row for row in rows if row.value is not None), key=lambda row: (-position(row), row.id)
    )
    if not bars:
        return None
    items = {row.label: row.item or "" for row in rows}
    answers = {items[one.subject_id]: one for one in derived if one.subject_id in items}
    drawing = canvas(WIDTH, HEIGHT)
    axes = drawing.add_axes((0.095, 0.17, 0.885, 0.80))
    _axes(axes, bars)
    for i, row in enumerate(bars):
        _bar(axes, shown, i, row, answers.get(row.item or ""))
    marks = _mark_others(axes, bars, answers)
    seen = [_response(answers.get(row.item or "")) for row in bars]
    _legend(axes, [code for code in COLOURS if code in seen], marks)
    if len(bars) <= MOST_NAMED:
        names = [row.label or (row.item or "").partition(":")[2].upper() for row in bars]
        known = [answers[row.item or ""].subject_id if row.item in answers else name
                 for row, name in zip(bars, names, strict=True)]  # fmt: skip
        axes.set_xticks(range(len(bars)), known, rotation=90, fontsize=6.5, parse_math=False)
        axes.tick_params(axis="x", length=0, pad=2)
    title = "Best change of the sum of target lesions from baseline"
    return Figure(
        "figure-waterfall",
        "Figure 2",
        title,
        svg_of(drawing),
        f"Waterfall plot. {title}, by confirmed best response, largest increase first. "
        + plain_text(rate_caption(shown)),
        phrase(rate_caption(shown), ". ", _shown_of(shown), _words(), cutoff_text(shown)),
    )


def _words() -> str:
    return (
        "Best change up to the first progression or new anti-cancer therapy; colour, confirmed "
        "best response by RECIST 1.1; dashed, limits of response and progression. A bar below the "
        "response line may be unconfirmed; the marks show progression by other lesions, up to the "
        "first progression. A complete response stays above the full decrease where lymph nodes "
        "shrink to normal size."
    )


def _shown_of(shown: Shown) -> tuple[Any, ...]:
    """Return 'Bars shown 29 of 30. ', where the results count the bars."""
    drawn, of = shown.row("best-change/all/count"), shown.row("best-change/all/total")
    if drawn is None or of is None:
        return ()
    return phrase("Bars shown ", shown.value(drawn.id), " of ", shown.value(of.id), ". ")


def _response(answers: Answers | None) -> str:
    code = None if answers is None else answers.best.confirmed_best
    return str(code) if code is not None and str(code) in COLOURS else "NE"


def _axes(axes: Axes, bars: Sequence[Row]) -> None:
    highest = min(max(float(position(bars[0])), 20.0), CAP)
    room = max(FEWEST - len(bars), 0) / 2
    axes.set_xlim(-0.8 - room, len(bars) - 0.2 + room)
    is_capped = float(position(bars[0])) > CAP
    axes.set_ylim(-104, highest + (34 if is_capped else 12))
    heights = [y for y in range(-100, 101, 20) if y <= highest + 12]
    axes.set_yticks(heights, [f"+{y}" if y > 0 else str(y).replace("-", "\N{MINUS SIGN}")
                              for y in heights])  # fmt: skip
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_ylabel("Change from baseline (%)")
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1.5)
    for guide in GUIDES:
        axes.axhline(guide, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)


def _bar(axes: Axes, shown: Shown, i: int, row: Row, answers: Answers | None) -> None:
    from matplotlib.patches import Rectangle

    value = float(position(row))
    height = min(value, CAP)
    code = _response(answers)
    is_hatched = code == "NE"
    bar = Rectangle(
        (i - 0.4, 0), 0.8, height, facecolor=COLOURS[code],
        edgecolor=MUTED if is_hatched else COLOURS[code], linewidth=0.8 if value else 3.0,
        hatch="////" if is_hatched else None, gid=row.id, zorder=2,
    )  # fmt: skip
    axes.add_patch(bar)
    if value > CAP:
        text = axes.text(
            i,
            CAP + 2,
            f"+{shown.value(row.id).text}",
            ha="center",
            va="bottom",
            fontsize=6.5,
            rotation=90,
        )
        text.set_gid(f"{row.id}#text")
        axes.plot((i - 0.5, i + 0.5), (CAP - 8, CAP - 5), color="white", linewidth=2.5, zorder=4)


def _mark_others(axes: Axes, bars: Sequence[Row], answers: dict[str, Answers]) -> list[str]:
    """Mark the bars of patients who progressed by other lesions; return the kinds of marks."""
    from matplotlib.lines import Line2D

    marked: dict[str, list[tuple[int, float]]] = {}
    for i, row in enumerate(bars):
        one = answers.get(row.item or "")
        kind = None if one is None else _other_progression(one)
        if kind is not None:
            value = min(float(position(row)), CAP)
            marked.setdefault(kind, []).append((i, value + 4 if value >= 0 else value - 4))
    for kind, places in marked.items():
        xs, ys = zip(*places, strict=True)
        marks = Line2D(
            xs, ys, linestyle="none", marker=MARKERS[kind], markersize=5, color=INK, zorder=5
        )
        axes.add_line(marks)
    return [kind for kind in MARKERS if kind in marked]


def _other_progression(one: Answers) -> str | None:
    """Return how other lesions progressed, up to the first progression."""
    for point in sorted(one.time_points, key=lambda point: point.date):
        if point.new_lesion:
            return NEW
        if point.non_target is Response.PD:
            return NON_TARGET
        if point.overall is Response.PD:
            return None
    return None


def _legend(axes: Axes, codes: Sequence[str], marks: Sequence[str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(
            facecolor=COLOURS[code], edgecolor=MUTED, linewidth=0.6, label=code,
            hatch="////" if code == "NE" else None,
        )
        for code in codes
    ]  # fmt: skip
    for kind in marks:
        look: dict[str, Any] = {
            "linestyle": "none",
            "marker": MARKERS[kind],
            "markersize": 5,
            "color": INK,
        }
        handles.append(Line2D([], [], label=kind, **look))
    axes.legend(
        handles=handles, loc="upper right", frameon=False, ncols=len(handles), fontsize=8,
        handlelength=1.2, columnspacing=1.2, borderaxespad=0.0,
    )  # fmt: skip
