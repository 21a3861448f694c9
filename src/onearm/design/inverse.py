"""Which designs give a published sample size.

Takes the n of a registry or a paper, gives every round setting whose design
enrols exactly so many. Several always do: the answer is a list to choose from
with clinical judgement, never the truth about a trial.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from onearm.design.binomial import (
    HALF,
    Hypotheses,
    Rate,
    Rows,
    best_power,
    count,
    proportion,
    with_dropout,
)
from onearm.design.single_stage import SingleStage, exact_design
from onearm.design.two_stage import TwoStage, simon_of
from onearm.errors import DesignError, nearest

KINDS = ("minimax", "optimal", "exact")
LARGEST_GRID = 5_000  # settings; each takes some milliseconds
LARGEST_STEPS = 1_000  # rates on one side of a default grid
LARGEST_PUBLISHED = 300
ALPHAS = (Fraction(1, 40), Fraction(1, 20), Fraction(1, 10))
POWERS = (Fraction(4, 5), Fraction(17, 20), Fraction(9, 10))
DROPOUTS = (Fraction(0), Fraction(1, 20), Fraction(1, 10), Fraction(3, 20), Fraction(1, 5))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A setting whose design enrols the published number.

    ``design`` has the evaluable n; with ``dropout`` it becomes the published one.
    """

    rates: Hypotheses
    dropout: Fraction
    design: TwoStage | SingleStage


@dataclass(frozen=True, slots=True)
class Found:
    """Every candidate, and how many settings were looked at."""

    n: int
    kind: str
    settings: int
    candidates: tuple[Candidate, ...]


def designs_of(
    n: int,
    kind: str,
    *,
    p0: Sequence[Rate] = (),
    p1: Sequence[Rate] = (),
    alpha: Sequence[Rate] = ALPHAS,
    power: Sequence[Rate] = POWERS,
    dropout: Sequence[Rate] = DROPOUTS,
    step: Rate = Fraction(1, 20),
    compiled: bool = False,
) -> Found:
    """Find the settings whose design enrols exactly n subjects.

    Parameters
    ----------
    n
        The published number, 2 to 300; n = evaluable / (1 - dropout), rounded up.
    kind
        "minimax", "optimal" or "exact" (one stage, first n).
    p0, p1
        Rates to try; by default every multiple of ``step``, with p1 - p0 from
        0.10 to 0.30.
    alpha, power, dropout
        Values to try.
    step
        Of the default rates, in (0, 0.5).
    compiled
        Search designs of two stages with numba, as ``two_stage.simon`` does.

    Raises
    ------
    DesignError
        If the grid has more than 5,000 settings, or a value is no proportion.

    Examples
    --------
    >>> found = designs_of(30, "minimax", p0=[0.15], p1=[0.35], alpha=[0.05], power=[0.8])
    >>> [(c.design.r1, c.design.n1, c.design.r, c.design.n, float(c.dropout))
    ...  for c in found.candidates]
    [(2, 15, 7, 28, 0.05)]
    """
    if kind not in KINDS:
        raise DesignError(
            f"kind must be one of {', '.join(KINDS)}; got {kind!r}{nearest(kind, KINDS)}"
        )
    count("n", n, least=2)
    if n > LARGEST_PUBLISHED:
        raise DesignError(f"n must be at most {LARGEST_PUBLISHED} to be searched for; got {n}")
    pairs = _pairs(p0, p1, proportion("step", step, below=HALF))
    alphas = [proportion("alpha", value, below=HALF) for value in alpha]
    powers = [proportion("power", value) for value in power]
    lost = [proportion("dropout", value, or_zero=True) for value in dropout]
    settings = len(pairs) * len(alphas) * len(powers)
    if settings > LARGEST_GRID:
        raise DesignError(
            f"a grid of {settings} settings is too large to search (at most {LARGEST_GRID}): "
            "give p0, p1, alpha or power, or a larger step"
        )
    wanted = _evaluable(n, lost)
    found: list[Candidate] = []
    rows: dict[Fraction, Rows] = {}
    for (low, high), a, b in product(pairs, alphas, powers):
        rates = Hypotheses(low, high, a, b)
        if b <= HALF or not _is_within_reach(rates, n, rows):
            continue
        design = _design(rates, kind, rows, compiled)
        found += [Candidate(rates, share, design) for share in wanted.get(design.n, ())]
    return Found(n, kind, settings, tuple(found))


def _pairs(
    p0: Sequence[Rate], p1: Sequence[Rate], step: Fraction
) -> list[tuple[Fraction, Fraction]]:
    size = int((1 - step / 2) / step)
    if size > LARGEST_STEPS and not (p0 and p1):
        raise DesignError(
            f"step must leave at most {LARGEST_STEPS} rates to try; got {float(step)}, {size} rates"
        )
    grid = [i * step for i in range(1, size + 1)]
    lows = [proportion("p0", value) for value in p0] or grid
    highs = [proportion("p1", value) for value in p1] or grid
    is_open = not (p0 and p1)
    return [
        (low, high)
        for low in lows
        for high in highs
        if low < high and (not is_open or Fraction(1, 10) <= high - low <= Fraction(3, 10))
    ]


def _evaluable(n: int, lost: Sequence[Fraction]) -> dict[int, list[Fraction]]:
    """Return the evaluable numbers that become n, with the dropouts that do it."""
    wanted: dict[int, list[Fraction]] = {}
    for share in lost:
        for evaluable in range(1, n + 1):
            if with_dropout(evaluable, share) == n:
                wanted.setdefault(evaluable, []).append(share)
    return wanted


def _is_within_reach(rates: Hypotheses, n: int, rows: dict[Fraction, Rows]) -> bool:
    """Return whether any test of n subjects has the power."""
    for rate in (rates.p0, rates.p1):
        rows.setdefault(rate, Rows(rate))
    power = best_power(rows[rates.p0], rows[rates.p1], float(rates.alpha), n)
    return power >= float(rates.power) - 1e-9


def _design(
    rates: Hypotheses, kind: str, rows: dict[Fraction, Rows], compiled: bool
) -> TwoStage | SingleStage:
    if kind == "exact":
        return exact_design(rates.p0, rates.p1, rates.alpha, rates.power).first
    found = simon_of(rates, rows, compiled=compiled)
    return found.minimax if kind == "minimax" else found.optimal
