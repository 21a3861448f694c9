"""The waterfall: best change of the target sum, one bar a patient, worst first.

Bars are coloured by the confirmed best response and capped at +100%, with a
break and the value printed. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from onearm import format as fmt
from onearm.report.figures import (
    INK,
    MUTED,
    Answers,
    Trial,
    Wanted,
    cutoff_text,
    label_of,
    plain_text,
    rate_caption,
)
from onearm.report.model import Phrase, Plotted, Span, phrase
from onearm.report.plate import DASHED, HATCH, RESPONSES, Drawn, Plate, text_width
from onearm.report.shown import Shown, position
from onearm.results.model import Row
from onearm.terms import Response

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEW, NON_TARGET, NODAL = "new lesion", "non-target progression", "CR, nodes < 10 mm"
MARKERS: dict[str, dict[str, Any]] = {
    NEW: {"marker": "*", "markersize": 4},
    NON_TARGET: {"marker": "x", "markersize": 4},
    NODAL: {"marker": "o", "markersize": 3, "markerfacecolor": "white"},
}
CAP = 100.0
GUIDES = (20, -30)
HEIGHTS = {1: 150.0, 2: 215.0}  # of the axes, in points
MOST_NAMED = {1: 22, 2: 60}
FEWEST = 12  # bars for whose width there is room, so that few are no walls


def draw_waterfall(trial: Trial, want: Wanted) -> Drawn | None:
    """Draw the best changes; None where nobody was measured after baseline."""
    shown, members = trial.shown, trial.members(want.group)
    known = {one.subject_id: one for one in trial.answers}
    rows = shown.items("best-change", "all", "subject:", "estimate")
    people = {row.id: row.label or (row.item or "").partition(":")[2].upper() for row in rows}
    bars = sorted(
        (
            row
            for row in rows
            if row.value is not None and (members is None or people[row.id] in members)
        ),
        key=lambda row: (-position(row), row.id),
    )
    if not bars:
        return None
    answers = {row.id: known[people[row.id]] for row in bars if people[row.id] in known}
    names = [people[row.id] for row in bars]
    plate, axes, low = _plate(want, names)
    _axes(axes, bars)
    for i, row in enumerate(bars):
        _bar(axes, shown, i, row, answers.get(row.id), plate.size)
    marks = [*_mark_others(axes, bars, answers), *_mark_nodal(axes, bars, answers)]
    seen = [_response(answers.get(row.id)) for row in bars]
    codes = [code for code in RESPONSES if code in seen]
    plate.legend(_keys(codes, marks), 38, 3, plate.width - 40)
    if low:
        axes.set_xticks(range(len(bars)), names, rotation=90, fontsize=6, parse_math=False)
        axes.tick_params(axis="x", length=0, pad=2)
    title = "Best change of the sum of target lesions from baseline"
    of = "" if want.group == "all" else f", {label_of(shown, want.group)}"
    rate = rate_caption(shown, want.group)
    return Drawn(
        f"{title}{of}",
        plate,
        f"Waterfall plot. {title}{of}, by confirmed best response, largest increase first. "
        + plain_text(rate),
        phrase(rate, ". ", _shown_of(shown, want), _words(marks), cutoff_text(shown)),
        _data(shown, bars, names, answers),
    )


def _plate(want: Wanted, names: Sequence[str]) -> tuple[Plate, Axes, float]:
    """Return plate and axes, with room for the names where they can be read."""
    is_named = len(names) <= MOST_NAMED[want.columns]
    low = max(text_width(name, 6) for name in names) + 6 if is_named else 0.0
    top, height = 32.0 if want.columns == 1 else 20.0, HEIGHTS[want.columns]
    plate = Plate(want.columns, top + height + low + 6)
    return plate, plate.panel(38, top, plate.width - 4, top + height), low


def _words(marks: Sequence[str]) -> str:
    nodal = (
        " Circle, a complete response whose sum is not zero: lymph nodes among the target lesions "
        "shrank to a normal short axis and still count in the sum."
    )
    return (
        "Best change up to the first progression or new anti-cancer therapy; colour, confirmed "
        "best response by RECIST 1.1; dashed, limits of response and progression. A bar below the "
        "response line may be unconfirmed; star and cross, progression by other lesions, up to the "
        "first progression." + (nodal if NODAL in marks else "")
    )


def _shown_of(shown: Shown, want: Wanted) -> Phrase:
    """Return 'Bars shown 29 of 30. ', where the results count the bars."""
    drawn, of = shown.row("best-change/all/count"), shown.row("best-change/all/total")
    if want.group != "all":
        return phrase("Bars, patients with a measurement after baseline. ")
    if drawn is None or of is None:
        return ()
    known = phrase("Bars shown ", shown.value(drawn.id), " of ", shown.value(of.id))
    if position(drawn) == position(of):
        return phrase(known, ". ")
    return phrase(known, "; the others have no measurement after baseline. ")


def _response(answers: Answers | None) -> str:
    code = None if answers is None else answers.best.confirmed_best
    return str(code) if code is not None and str(code) in RESPONSES else "NE"


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
    axes.set_ylabel("Change from baseline (%)", labelpad=1)
    axes.axhline(0, color=INK, linewidth=0.7, zorder=1.5)
    for guide in GUIDES:
        axes.axhline(guide, color=MUTED, linewidth=0.7, linestyle=DASHED, zorder=1)


def _bar(axes: Axes, shown: Shown, i: int, row: Row, answers: Answers | None, size: float) -> None:
    from matplotlib.patches import Rectangle

    value = float(position(row))
    height = min(value, CAP)
    code = _response(answers)
    is_hatched = code == "NE"
    bar = Rectangle(
        (i - 0.4, 0), 0.8, height, facecolor=RESPONSES[code],
        edgecolor=MUTED if is_hatched else RESPONSES[code],
        linewidth=(0.6 if is_hatched else 0.0) if value else 2.0,
        hatch=HATCH if is_hatched else None, gid=row.id, zorder=2,
    )  # fmt: skip
    axes.add_patch(bar)
    if value > CAP:
        text = axes.text(
            i, CAP + 2, f"+{shown.value(row.id).text}", ha="center", va="bottom",
            fontsize=size - 1.2, rotation=90,
        )  # fmt: skip
        text.set_gid(f"{row.id}#text")
        axes.plot((i - 0.5, i + 0.5), (CAP - 8, CAP - 5), color="white", linewidth=1.8, zorder=4)


def _mark_others(axes: Axes, bars: Sequence[Row], answers: Mapping[str, Answers]) -> list[str]:
    """Mark the bars of patients who progressed by other lesions; return the kinds of marks."""
    from matplotlib.lines import Line2D

    found = set()
    for i, row in enumerate(bars):
        one = answers.get(row.id)
        kind = None if one is None else other_progression(one)
        if kind is None:
            continue
        value = float(position(row))
        y = CAP / 2 if value > CAP else value + 4 if value >= 0 else max(value - 4, -101.5)
        found.add(kind)
        axes.add_line(
            Line2D([i], [y], linestyle="none", markeredgewidth=0.9, color=INK, zorder=5,
                   gid=f"{row.id}#{kind.split()[0]}", **MARKERS[kind])
        )  # fmt: skip
    return [kind for kind in MARKERS if kind in found]


def _mark_nodal(axes: Axes, bars: Sequence[Row], answers: Mapping[str, Answers]) -> list[str]:
    """Mark in its bar each complete response that is no full decrease."""
    from matplotlib.lines import Line2D

    found = [i for i, row in enumerate(bars) if row.id in answers and is_nodal(answers[row.id])]
    for i in found:
        axes.add_line(
            Line2D([i], [float(position(bars[i])) + 5], linestyle="none", markeredgewidth=0.7,
                   color=INK, zorder=5, gid=f"{bars[i].id}#nodal", **MARKERS[NODAL])
        )  # fmt: skip
    return [NODAL] if found else []


def is_nodal(one: Answers) -> bool:
    """Return whether a confirmed CR had a sum above 0: its nodal targets are below 10 mm."""
    if one.best.confirmed_best is not Response.CR:
        return False
    complete = [point.sum_um for point in one.time_points if point.overall is Response.CR]
    return bool(complete) and all(sum_um is not None and sum_um > 0 for sum_um in complete)


def other_progression(one: Answers) -> str | None:
    """Return how other lesions progressed, up to the first progression."""
    for point in sorted(one.time_points, key=lambda point: point.date):
        if point.new_lesion:
            return NEW
        if point.non_target is Response.PD:
            return NON_TARGET
        if point.overall is Response.PD:
            return None
    return None


def _keys(codes: Sequence[str], marks: Sequence[str]) -> list[Any]:
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"linestyle": "none", "color": INK}
    return [
        *response_keys(codes),
        *(Line2D([], [], label=kind, **MARKERS[kind], **look) for kind in marks),
    ]


def response_keys(codes: Sequence[str]) -> list[Any]:
    """Return the keys of responses, hatched where nothing is known."""
    from matplotlib.patches import Patch

    return [
        Patch(
            facecolor=RESPONSES[code], edgecolor=MUTED, linewidth=0.5, label=code,
            hatch=HATCH if code == "NE" else None,
        )
        for code in codes
    ]  # fmt: skip


def _data(
    shown: Shown, bars: Sequence[Row], names: Sequence[str], answers: Mapping[str, Answers]
) -> Plotted:
    rows = []
    for row, name in zip(bars, names, strict=True):
        one = answers.get(row.id)
        other = None if one is None else other_progression(one)
        nodal = "Y" if one is not None and is_nodal(one) else "N"
        words = (_response(one), other or fmt.NOT_APPLICABLE, nodal)
        rows.append((Span(name), shown.value(row.id), *(Span(text) for text in words)))
    columns = ("Patient", "Best change (%)", "Confirmed best response", "Other progression",
               "CR with normal nodes left")  # fmt: skip
    return Plotted(columns, tuple(rows))
