"""The figures of a design: sawtooth, admissible designs, power over the true rate.

Draws the rows of ``results.design_curves`` and computes nothing. A mark that
shows one result has its id; a line through many has the id of their statistic,
``design/all/reject#curve``. Every figure carries its title, a footnote with the
design's numbers, and an alternative text. The same rows give the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onearm import format as fmt
from onearm.report.figures import MUTED, RULE
from onearm.report.sheet import (
    AXIS,
    BLUE,
    DASHED,
    GRID,
    LEFT,
    LEFTS,
    ORANGE,
    RIGHT,
    WIDTH,
    WIDTHS,
    Drawing,
    Look,
    Numbers,
    dot,
    key,
    letters_of,
    line,
    nice_shares,
    page,
    panel,
    percent_axis,
    percent_ticks,
    whole_ticks,
)
from onearm.report.shown import position
from onearm.results.model import Row
from onearm.terms import DAYS_PER_MONTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_DOTS = 160  # beyond, a line alone


def draw_exact(rows: Sequence[Row]) -> Drawing:
    """Draw power and alpha of the exact test over n, with the first and the stable n."""
    known = Numbers(rows)
    first, stable = known.whole("design/all/first_n"), known.whole("design/all/stable_n")
    title = (
        f"Exact one-sided test of {known.share('design/all/p0')} against "
        f"{known.share('design/all/p1')}: power and alpha by sample size"
    )
    notes = [_exact_rule(known, "First n with the power", first)]
    if stable != first:
        notes.append(_exact_rule(known, "Stable n, every larger one has it", stable))
    notes.append("The power drops wherever one more responder is needed.")
    with page(4.9, title, notes) as (sheet, low, high):
        gap, share = 0.14, 0.66
        alpha_height = (high - low - gap) * (1 - share)
        upper = panel(sheet, LEFT, WIDTH - RIGHT, low + alpha_height + gap, high)
        lower = panel(sheet, LEFT, WIDTH - RIGHT, low, low + alpha_height)
        start = first - max(8, stable - first)
        for axes, statistic, limit, name in (
            (upper, "power", "design/all/power_limit", "Power at p1 (%)"),
            (lower, "alpha", "design/all/alpha_limit", "Alpha at p0 (%)"),
        ):
            teeth = [pair for pair in known.items("design/all/n:", statistic) if pair[0] >= start]
            _teeth(axes, teeth, statistic)
            axes.axhline(known.at(limit), color=MUTED, linewidth=0.9, linestyle=DASHED,
                         gid=limit, zorder=1)  # fmt: skip
            percent_axis(
                axes,
                8 if axes is upper else 5,
                [known.at(limit), *(position(row) for _, row in teeth)],
            )
            axes.set_ylabel(name)
            axes.set_xlim(teeth[0][0] - 0.9, teeth[-1][0] + 0.9)
        upper.tick_params(labelbottom=False)
        lower.set_xlabel("Evaluable subjects, n")
        _mark_n(upper, known, "stable", stable, "s") if stable != first else None
        _mark_n(upper, known, "first", first, "D")
    alternative = (
        f"{title}. Power rises with n like the teeth of a saw and alpha stays at or below "
        f"{known.share('design/all/alpha_limit')}. {' '.join(notes)}"
    )
    return Drawing(title, alternative, sheet)


def _exact_rule(known: Numbers, name: str, n: int) -> str:
    head = f"design/all/n:{n}"
    return (
        f"{name}: {n}, reject with {known.text(f'{head}/reject_at')} or more; "
        f"one-sided alpha {known.text(f'{head}/alpha')} "
        f"(limit {known.share('design/all/alpha_limit')}), power {known.text(f'{head}/power')} "
        f"(at least {known.share('design/all/power_limit')})."
    )


def _teeth(axes: Axes, teeth: Sequence[tuple[float, Row]], statistic: str) -> None:
    xs, ys = [n for n, _ in teeth], [float(position(row)) for _, row in teeth]
    line(axes, xs, ys, Look("", BLUE, "-"), f"design/all/{statistic}#curve", 0.9)
    for x, (_, row) in zip(xs, teeth if len(teeth) <= MOST_DOTS else (), strict=False):
        dot(axes, x, float(position(row)), row.id, BLUE, size=3.6)


def _mark_n(axes: Axes, known: Numbers, name: str, n: int, shape: str) -> None:
    power = f"design/all/n:{n}/power"
    dot(axes, n, known.at(power), f"{power}#{name}", ORANGE, size=7, shape=shape)
    low, high = axes.get_ylim()
    is_first = name == "first"
    axes.annotate(
        f"{name} n = {n}", (n, known.at(power)),
        xytext=(n, low + (high - low) * (0.93 if is_first else 0.08)),
        ha="right" if is_first else "left", va="center", fontsize=8.5, color=ORANGE,
        arrowprops={
            "arrowstyle": "-", "color": ORANGE, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 4,
            "relpos": (1, 0) if is_first else (0, 1),
        },
    )  # fmt: skip


def draw_simon(rows: Sequence[Row]) -> Drawing:
    """Draw the admissible two-stage designs, and power over the true rate of the best two."""
    known = Numbers(rows)
    best = {name: known.whole(f"design/all/{name}_n") for name in ("optimal", "minimax")}
    is_one = best["optimal"] == best["minimax"]
    names = ["optimal"] if is_one else ["optimal", "minimax"]
    title = (
        f"Simon's two-stage designs, p0 = {known.share('design/all/p0')}, "
        f"p1 = {known.share('design/all/p1')}, one-sided alpha "
        f"{known.share('design/all/alpha_limit')}, power {known.share('design/all/power_limit')}"
    )
    notes = [
        _simon_rule(known, "Optimal and minimax" if is_one else name.capitalize(), best[name])
        for name in names
    ]
    between = [int(n) for n, _ in known.items("design/all/n:", "en0") if n not in best.values()]
    if between:
        notes.append(f"Between them: {'; '.join(_letters(known, n) for n in between)}.")
    letters = "" if is_one else " r1/n1, r/n: at most r1 of n1 stops, at most r of n fails."
    notes.append(f"EN, expected number of subjects; PET, probability of early stopping.{letters}")
    with page(4.3, title, notes) as (sheet, low, high):
        middle = WIDTH * 0.49
        if not is_one:
            _admissible(panel(sheet, LEFT, middle - 0.12, low, high), known, best)
        axes = panel(sheet, LEFT if is_one else middle + LEFT, WIDTH - RIGHT, low, high)
        looks = {
            "optimal": Look("" if is_one else "optimal", BLUE, "-"),
            "minimax": Look("minimax", ORANGE, DASHED),
        }
        power_panel(axes, known, {f"design.{name}/all": looks[name] for name in names})
    what = "Probability of a promising result over the true response rate."
    if not is_one:
        what = "Left, expected against largest n of each admissible design. Right, " + what.lower()
    return Drawing(title, f"{title}. {what} {' '.join(notes)}", sheet)


def _simon_rule(known: Numbers, name: str, n: int) -> str:
    head = f"design/all/n:{n}"
    text = {key: known.text(f"{head}/{key}") for key in ("r1", "n1", "r", "alpha", "power")}
    return (
        f"{name}: stop at {text['r1']} or fewer of {text['n1']}, fail at {text['r']} or fewer of "
        f"{n}; alpha {text['alpha']}, power {text['power']}, EN(p0) "
        f"{fmt.number(known.at(f'{head}/en0'), 2)}, PET(p0) {known.text(f'{head}/pet0')}."
    )


def _letters(known: Numbers, n: int) -> str:
    """Return Simon's letters: '3/13, 12/43'."""
    text = {key: known.text(f"design/all/n:{n}/{key}") for key in ("r1", "n1", "r")}
    return f"{text['r1']}/{text['n1']}, {text['r']}/{n}"


def _admissible(axes: Axes, known: Numbers, best: dict[str, int]) -> None:
    points = known.items("design/all/n:", "en0")
    xs, ys = [n for n, _ in points], [float(position(row)) for _, row in points]
    line(axes, xs, ys, Look("", RULE, "-"), "design/all/en0#curve", 1.0)
    shapes = {best["minimax"]: (ORANGE, "s"), best["optimal"]: (BLUE, "D")}
    spread, room = max(ys) - min(ys), max(xs) - min(xs)
    axes.set_ylim(min(ys) - 0.22 * spread, max(ys) + 0.22 * spread)
    axes.set_xlim(min(xs) - 0.12 * room, max(xs) + 0.12 * room)
    for x, (n, row) in zip(xs, points, strict=True):
        colour, shape = shapes.get(int(n), (MUTED, "o"))
        dot(axes, x, float(position(row)), row.id, colour, size=7, shape=shape)
        if int(n) not in shapes:
            continue
        is_right = int(n) == best["optimal"]  # there the free place is below the line
        axes.annotate(
            f"{'optimal' if is_right else 'minimax'}\n{_letters(known, int(n))}",
            (x, float(position(row))), xytext=(-5, -7) if is_right else (7, 3),
            textcoords="offset points", fontsize=8, color=colour, linespacing=1.15,
            ha="right" if is_right else "left", va="top" if is_right else "bottom",
        )  # fmt: skip
    whole_ticks(axes)
    axes.set_xlabel("Largest number of subjects, n")
    axes.set_ylabel("Expected number of subjects at p0")
    axes.grid(color=GRID, linewidth=0.8)


def power_panel(
    axes: Axes, known: Numbers, curves: dict[str, Look], names: tuple[str, str] = ("p0", "p1")
) -> None:
    """Draw the chance of a promising result over the true rate, with p0 and p1 marked."""
    for rate, name in zip(("p0", "p1"), names, strict=True):
        x = known.at(f"design/all/{rate}")
        axes.axvline(x, color=MUTED, linewidth=0.9, linestyle=DASHED, gid=f"design/all/{rate}")
        axes.annotate(
            f"{name} = {known.share(f'design/all/{rate}')}", (x, 1.0),
            xycoords=axes.get_xaxis_transform(), xytext=(0, 4), textcoords="offset points",
            ha="center", fontsize=letters_of(axes, 8), color=MUTED,
        )  # fmt: skip
    for head, look in curves.items():
        points = known.items(f"{head}/p:", "reject")
        xs, ys = [x for x, _ in points], [float(position(row)) for _, row in points]
        line(axes, xs, ys, look, f"{head}/reject#curve", 1.7)
        axes.set_xlim(xs[0], xs[-1])  # the same rates for every curve
        for rate in ("p0", "p1"):
            x = known.at(f"design/all/{rate}")
            row = next(row for at, row in points if at == x)
            y = float(position(row))
            dot(axes, x, y, row.id, look.colour, size=4.5)
            if len(curves) == 1:
                axes.annotate(
                    fmt.with_unit(row), (x, y), xytext=(-6, 3), textcoords="offset points",
                    ha="right", va="bottom", fontsize=letters_of(axes, 8), color=look.colour,
                ).set_gid(f"{row.id}#text")  # fmt: skip
    axes.set_ylim(0, 1.02)
    percent_ticks(axes.yaxis, [k / 5 for k in range(6)])
    marks = nice_shares(*axes.get_xlim())
    percent_ticks(axes.xaxis, marks)
    axes.set_xlabel("True response rate (%)")
    axes.set_ylabel("Probability of a promising result (%)")
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    named = [look for look in curves.values() if look.name]
    if named:
        axes.legend(
            handles=[key(look) for look in named],
            loc="upper left", fontsize=8, handlelength=2.4, borderaxespad=0.3, framealpha=1,
            edgecolor="none",
        )  # fmt: skip


def draw_survival(rows: Sequence[Row], study: str, columns: int = 2) -> Drawing:
    """Draw the two survival curves of a log-rank design."""
    known = Numbers(rows)
    title = f"{study}: survival curves of the one-sample log-rank design"
    medians = {name: known.text(f"design.{name}/all/median") for name in ("historical", "target")}
    notes = [
        (
            f"Median {medians['historical']} (historical) against {medians['target']} (target); "
            f"hazard ratio {known.text('design/all/hazard_ratio')}. Accrual "
            f"{known.text('design/all/accrual')}, follow-up after the last entry "
            f"{known.text('design/all/follow_up')}."
        ),
        (
            f"{known.text('design/all/n')} evaluable subjects, power "
            f"{known.text('design/all/power')}; events expected "
            f"{known.text('design/all/events_null')} under the historical curve, "
            f"{known.text('design/all/events_target')} under the target curve. One-sided alpha "
            f"{known.share('design/all/alpha_limit')}."
        ),
    ]
    looks = {"historical": Look("historical", MUTED, DASHED), "target": Look("target", BLUE, "-")}
    with page({1: 3.0, 2: 4.0}[columns], title, notes, AXIS, columns) as (sheet, low, high):
        axes = panel(sheet, LEFTS[columns], WIDTHS[columns] - RIGHT, low, high)
        end = 0.0
        for name, look in looks.items():
            points = known.items(f"design.{name}/all/day:", "survival")
            xs, ys = [x for x, _ in points], [float(position(row)) for _, row in points]
            line(axes, xs, ys, look, f"design.{name}/all/survival#curve", 1.7)
            end = xs[-1]
            x = known.at(f"design.{name}/all/median")
            line(axes, [x, x], [0, 0.5], Look("", look.colour, (0, (2, 2))),
                 f"design.{name}/all/median", 0.9)  # fmt: skip
        axes.axhline(0.5, color=RULE, linewidth=0.8, zorder=1)
        months = range(0, int(end / float(DAYS_PER_MONTH)) + 1, 3)
        axes.set_xticks([float(month * DAYS_PER_MONTH) for month in months], [*map(str, months)])
        axes.set_xlim(0, end)
        axes.set_ylim(0, 1.02)
        percent_ticks(axes.yaxis, [k / 5 for k in range(6)])
        axes.set_xlabel("Months")
        axes.set_ylabel("Without event (%)")
        axes.legend(
            handles=[key(look) for look in looks.values()],
            loc="upper right", frameon=False, fontsize=letters_of(axes, 8.5), handlelength=2.6,
        )  # fmt: skip
    return Drawing(title, f"{title}. {' '.join(notes)}", sheet)
