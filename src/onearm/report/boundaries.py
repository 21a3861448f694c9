"""Figures of stopping boundaries: what a count at each look decides.

A bar a look, from count 0 upwards: the zone that stops the trial below, the zone
that goes on, the zone above. With the data of a running trial, its responders by
enrolment before the same zones. Draws rows and computes nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from onearm import format as fmt
from onearm.report.design_figures import draw_survival, power_panel
from onearm.report.figures import INK
from onearm.report.sheet import (
    AXIS,
    BLUE,
    GRID,
    LEFT,
    LEFTS,
    RIGHT,
    WIDTH,
    WIDTHS,
    Drawing,
    Look,
    Numbers,
    letters_of,
    page,
    panel,
    whole_ticks,
)
from onearm.report.shown import position
from onearm.results.model import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAD, GOOD, ON = "#f2c6a5", "#b9d6e8", GRID
"""Light orange (hatched), light blue, grey: stop, promising, go on."""
MOST_BARS = 60  # beyond, no room between them
MOST_TICKS = 12  # looks that have a tick of their own
MOST_NUMBERED = 24  # bounds that are written beside their marks
KEY = {1: 0.44, 2: 0.28}  # inches below the axis for the names of the zones
NARROW = 4.0  # inches, below which the names of the zones stand in two rows


@dataclass(frozen=True, slots=True)
class Zones:
    """What the zones of a boundary mean; an empty name is a zone that is not there."""

    counted: str
    low: str
    high: str
    is_high_good: bool = True
    between: str = "go on"


RESPONSE = Zones("Responders", "stop: not promising", "promising")
METHODS = {
    "pocock": "Pocock",
    "repeated-significance": "Pocock",
    "obrien-fleming": "O'Brien-Fleming",
    "wang-tsiatis": "Wang-Tsiatis",
}
MARKED = {"precision": ("limit", "target")}  # instead of p0 and p1
KINDS = {
    "simon": "Simon's two-stage design",
    "single_stage": "exact design of one stage",
    "precision": "precision design",
    "survival": "design on a rate at a landmark",
}
TOXICITY = Zones("Patients with toxicity", "", "stop: too much toxicity", is_high_good=False)


def draw_toxicity(rows: Sequence[Row], method: str) -> Drawing:
    """Draw the boundary at which toxicity stops a trial."""
    known = Numbers(rows)
    title = (
        f"Stopping boundary for toxicity ({METHODS.get(method, method)}), "
        f"p0 = {known.share('design/all/p0')}, p1 = {known.share('design/all/p1')}"
    )
    notes = [
        (
            f"The trial stops when the count reaches the upper zone: with "
            f"probability {known.text('design/all/stop0')} at a true rate of "
            f"{known.share('design/all/p0')} and {known.text('design/all/stop1')} at "
            f"{known.share('design/all/p1')}, the last look included. {_looks(known)} Exact."
        ),
    ]
    return _boundary(known, title, notes, TOXICITY)


def draw_monitoring(rows: Sequence[Row], method: str) -> Drawing:
    """Draw the boundaries of a design that watches responses."""
    known = Numbers(rows)
    title = (
        f"Stopping boundaries by {method}, p0 = {known.share('design/all/p0')}, "
        f"p1 = {known.share('design/all/p1')}"
    )
    ends = [("not promising", "below0", "below1")]
    if known.items("design/all/n:", "stop_high"):
        ends.insert(0, ("promising", "alpha", "power"))
    told = "; ".join(
        f"P({name}) {known.text(f'design/all/{null}')} and {known.text(f'design/all/{target}')}"
        for name, null, target in ends
    )
    notes = [
        (
            f"At {known.share('design/all/p0')} and {known.share('design/all/p1')}: {told}; "
            f"expected n {fmt.number(known.at('design/all/expected0'), 2)} and "
            f"{fmt.number(known.at('design/all/expected1'), 2)}. {_looks(known)} Exact."
        ),
    ]
    return _boundary(known, title, notes, _response_zones(known))


def _response_zones(known: Numbers) -> Zones:
    """Return the zones of a design on response; some leave the last look undecided."""
    ends = {name: known.items("design/all/n:", name) for name in ("stop_low", "stop_high")}
    if all(ends.values()):
        (n, low), (_, high) = (found[-1] for found in ends.values())
        if position(high) == position(low) + 1 and n == sizes_of(known)[-1]:
            return RESPONSE
    return replace(RESPONSE, between="go on (undecided at the last look)")


def sizes_of(known: Numbers) -> list[int]:
    """Return the numbers of patients at the looks."""
    return sorted({_n(row) for row in known.rows.values() if row.statistic == "stop_high"})


def _looks(known: Numbers) -> str:
    ends = sorted({int(n) for name in ("stop_low", "stop_high")
                   for n, _ in known.items("design/all/n:", name)})  # fmt: skip
    return f"A look can stop from n = {ends[0]} on; the last is at n = {ends[-1]}."


def _boundary(known: Numbers, title: str, notes: Sequence[str], zones: Zones) -> Drawing:
    with page(4.3, title, notes, AXIS + KEY[2]) as (sheet, low, high):
        axes = panel(sheet, LEFT, WIDTH - RIGHT, low, high)
        bounds_panel(axes, known, zones)
    bounds = _in_words(known, zones)
    return Drawing(title, f"{title}. {bounds} {' '.join(notes)}", sheet)


def _in_words(known: Numbers, zones: Zones) -> str:
    """Return the bounds as a sentence, each where it changes."""
    parts = []
    for statistic, name, sign in (
        ("stop_low", zones.low, "or fewer"),
        ("stop_high", zones.high, "or more"),
    ):
        steps = [row for _, row in _changes(dict(known.items("design/all/n:", statistic)))]
        if steps and name:
            told = ", ".join(f"{fmt.result(row)} from n = {_n(row)}" for row in steps)
            parts.append(f"{name}, at so many {sign}: {told}.")
    return " ".join(part[0].upper() + part[1:] for part in parts)


def _n(row: Row) -> int:
    return int((row.item or "").partition(":")[2])


def bounds_panel(axes: Axes, known: Numbers, zones: Zones, *, most: float | None = None) -> None:
    """Draw a bar a look with its zones, and a mark on each bound."""
    sizes = sizes_of(known)
    lows = dict(known.items("design/all/n:", "stop_low"))
    highs = dict(known.items("design/all/n:", "stop_high"))
    counts = [float(position(row)) for row in (*lows.values(), *highs.values())]
    top = max(max(counts) * 1.3, max(counts) + 2, most or 0) + 0.5
    last = sizes[-1]
    gaps = [b - a for a, b in itertools.pairwise(sizes)] or [last]
    share = 1.0 if len(sizes) > MOST_BARS else 0.86
    width = min(min(gaps) * share, max(last / 14, share))
    for n in sizes:
        end = min(n, top) + 0.5
        low = float(position(lows[n])) + 0.5 if n in lows else -0.5
        high = float(position(highs[n])) - 0.5 if n in highs else end
        bar(axes, n, width, (low, min(high, end)), ON, f"design/all/n:{n}/bounds")
        if n in lows:
            bar(axes, n, width, (-0.5, low), BAD, lows[n].id)
        if n in highs and high < end:
            bar(axes, n, width, (high, end), GOOD if zones.is_high_good else BAD, highs[n].id)
    written = [
        (_changes(found), sign)
        for found, sign in (
            (lows, "\N{LESS-THAN OR EQUAL TO}"),
            (highs, "\N{GREATER-THAN OR EQUAL TO}"),
        )
    ]
    if max(len(changes) for changes, _ in written) <= MOST_NUMBERED:
        for changes, sign in written:
            _numbers(axes, changes, sign)
    axes.set_xlim(0 if sizes[0] - width / 2 > 0 else sizes[0] - 1, last + max(width, last / 30))
    axes.set_ylim(-0.5, top)
    if len(sizes) <= MOST_TICKS:
        axes.set_xticks(sizes)
    else:
        whole_ticks(axes)
    axes.yaxis.set_major_locator(whole_counts())
    axes.set_xlabel("Evaluable patients")
    axes.set_ylabel(f"{zones.counted} (count)")
    zone_key(axes, zones, has=(bool(lows), True, bool(highs)))


def whole_counts() -> Any:
    """Return where a count axis has its ticks: at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=9, integer=True, steps=[1, 2, 5, 10])


def bar(
    axes: Axes, n: float, width: float, span: tuple[float, float], colour: str, gid: str
) -> None:
    """Draw one zone of one look."""
    from matplotlib.patches import Rectangle

    if span[1] > span[0]:
        axes.add_patch(
            Rectangle((n - width / 2, span[0]), width, span[1] - span[0], facecolor=colour,
                      edgecolor="#d99a68" if colour == BAD else colour, linewidth=0,
                      hatch="////" if colour == BAD else None, gid=gid, zorder=1,
                      antialiased=False)
        )  # fmt: skip


def _changes(found: dict[float, Row]) -> list[tuple[float, Row]]:
    """Return each bound where it first stands."""
    rows = [*found.items()]
    return [
        (n, row)
        for i, (n, row) in enumerate(rows)
        if i == 0 or position(row) != position(rows[i - 1][1])
    ]


def _numbers(axes: Axes, changes: Sequence[tuple[float, Row]], sign: str) -> None:
    for n, row in changes:
        text = axes.text(
            n, float(position(row)), f"{sign}{fmt.result(row)}", ha="center", va="center",
            fontsize=letters_of(axes, 7), color=INK, zorder=5, parse_math=False, clip_on=True,
        )  # fmt: skip
        text.set_gid(f"{row.id}#text")


def zone_key(
    axes: Axes, zones: Zones, *, has: tuple[bool, bool, bool], more: Sequence[Any] = ()
) -> None:
    """Name the zones, from below to above, under the axis."""
    from matplotlib.patches import Patch

    def patch(colour: str, name: str) -> Patch:
        hatch = "////" if colour == BAD else None
        return Patch(facecolor=colour, edgecolor="#d99a68" if hatch else colour, linewidth=0,
                     hatch=hatch, label=name)  # fmt: skip

    high = GOOD if zones.is_high_good else BAD
    named = zip((BAD, ON, high), (zones.low, zones.between, zones.high), has, strict=True)
    handles = [patch(colour, name) for colour, name, is_there in named if is_there]
    width, height = axes.figure.get_size_inches()  # type: ignore[union-attr]
    height *= axes.get_position().height
    every = len(handles) + len(more)
    axes.legend(
        handles=[*handles, *more], loc="upper left", bbox_to_anchor=(0, -0.46 / height),
        ncols=every if width > NARROW else 2, frameon=False, handlelength=1.5,
        fontsize=letters_of(axes, 8),
        columnspacing=1.6, borderaxespad=0.0,
    )  # fmt: skip


def draw_study(rows: Sequence[Row], study: str, kind: str, columns: int = 2) -> Drawing:
    """Draw what a protocol's design does; two survival curves for a log-rank test."""
    known = Numbers(rows)
    if not known.has("design/all/p0"):
        return draw_survival(rows, study, columns)
    low_name, high_name = MARKED.get(kind, ("p0", "p1"))
    highs = known.items("design/all/n:", "stop_high")
    is_staged = len(sizes_of(known)) > 1
    needed, n = fmt.result(highs[-1][1]), int(highs[-1][0])
    title = (
        f"{study}: {KINDS.get(kind, kind)}, {low_name} = {known.share('design/all/p0')}, "
        f"{high_name} = {known.share('design/all/p1')}"
    )
    rule = f"Promising if {needed} or more of {n} respond."
    if is_staged:
        n1, low = known.items("design/all/n:", "stop_low")[0]
        rule = f"Stop if {fmt.result(low)} or fewer of the first {int(n1)} respond. {rule}"
    at = {rate: known.share(f"design/all/{rate}") for rate in ("p0", "p1")}
    found = {rate: _reject_at(known, rate) for rate in ("p0", "p1")}
    notes = [
        (
            f"{rule} P(promising), exact: {found['p0']} at {at['p0']}, {found['p1']} at "
            f"{at['p1']}. One-sided alpha at most {known.share('design/all/alpha_limit')}. "
            f"{known.text('design/all/enrolled')} enrolled for {n} evaluable."
        )
    ]
    below = AXIS + (KEY[columns] if is_staged else 0)
    is_stacked = is_staged and columns == 1
    height = (6.2 if is_stacked else 3.0) if columns == 1 else 4.2
    with page(height, title, notes, below, columns) as (sheet, low_edge, high):
        left, right = LEFTS[columns], WIDTHS[columns] - RIGHT
        middle = WIDTH * 0.49 if is_staged and not is_stacked else right + 0.12
        upper = low_edge + (high - low_edge + AXIS + 0.2) / 2 if is_stacked else low_edge
        axes = panel(sheet, left, middle - 0.12, upper, high)
        power_panel(axes, known, {"design/all": Look("", BLUE, "-")}, (low_name, high_name))
        if kind == "survival":
            axes.set_xlabel("True rate at the landmark (%)")
        if is_staged:
            start, end = (left, upper - AXIS - 0.2) if is_stacked else (middle + LEFT, high)
            beside = panel(sheet, start, right, low_edge, end)
            short = replace(RESPONSE, low="stop, or fail")
            bounds_panel(beside, known, short)
    what = "Probability of a promising result over the true response rate"
    place = "below" if is_stacked else "beside"
    what += f"; {place} it the stopping boundaries." if is_staged else "."
    return Drawing(title, f"{title}. {what} {' '.join(notes)}", sheet)


def _reject_at(known: Numbers, rate: str) -> str:
    x = known.at(f"design/all/{rate}")
    return next(fmt.with_unit(row) for at, row in known.items("design/all/p:", "reject") if at == x)
