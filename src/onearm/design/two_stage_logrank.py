"""Two-stage designs of the one-sample log-rank test.

Takes a historical survival curve, a hazard ratio, a pace of accrual and a
follow-up; gives the optimal and the minimax design with one interim analysis
for futility. Z1 and Z, the statistics of the two analyses, are taken to be
bivariate normal; a simulation in the tests bears it out. Accrual never pauses.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, pi, sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from onearm.design.survival import (
    CEIL_GUARD,
    Floats,
    LogrankDesign,
    Weibull,
    information,
    legendre,
    logrank_design,
)
from onearm.errors import DesignError


@dataclass(frozen=True, slots=True)
class LogrankTwoStage:
    """A two-stage trial with the one-sample log-rank test.

    The interim analysis is at calendar time ``t1``, when ``n1`` patients are in;
    accrual goes on meanwhile. Stop if Z1 <= ``c1``; at the end promising if
    Z > ``c``. ``expected_n`` counts patients accrued when the historical curve is
    true, ``stop_early`` is the chance to stop then.
    """

    t1: float
    n1: int
    c1: float
    n: int
    c: float
    accrual: float
    alpha: float
    power: float
    expected_n: float
    stop_early: float


@dataclass(frozen=True, slots=True)
class LogrankTwoStagePair:
    """The optimal (smallest expected n) and the minimax (smallest n) two-stage design."""

    single: LogrankDesign
    optimal: LogrankTwoStage
    minimax: LogrankTwoStage


def logrank_two_stage(
    null: Weibull,
    hazard_ratio: float,
    *,
    accrual_rate: float,
    follow_up: float,
    alpha: float = 0.05,
    power: float = 0.8,
) -> LogrankTwoStagePair:
    """Return the optimal and minimax two-stage designs of the one-sample log-rank test.

    For each n, time t1 and bound c1 the final bound c keeps alpha, by the bivariate
    normal distribution of (Z1, Z) whose correlation under the null is the root of
    the ratio of information; of all that keep the power, the smallest expected n
    under the null (optimal), or the smallest n (minimax). Accrual never pauses.

    Parameters
    ----------
    accrual_rate
        Patients a unit of time, > 0; the other arguments as in :func:`logrank_design`.

    References
    ----------
    Kwak M, Jung SH. Stat Med 2014;33:2004-2016. Wu J, et al. Pharm Stat
    2020;19:214-229.

    Examples
    --------
    >>> from onearm.design.survival import weibull
    >>> pair = logrank_two_stage(weibull(rate=0.6, at=3, shape=0.5), 0.5, accrual_rate=5,
    ...                          follow_up=1, alpha=0.05, power=0.85)
    >>> pair.single.n, pair.minimax.n <= pair.optimal.n
    (45, True)
    """
    single = logrank_design(
        null, hazard_ratio, accrual_rate=accrual_rate, follow_up=follow_up, alpha=alpha, power=power
    )
    ratio, error, wanted = single.hazard_ratio, single.alpha, single.power_wanted
    rate, late = single.accrual_rate, single.follow_up
    tried: dict[int, LogrankTwoStage | None] = {}

    def at(n: int, rounds: int) -> LogrankTwoStage | None:
        if n not in tried or rounds > 1:
            tried[n] = _best_interim(_Trial(null, ratio, rate, n, late, error, wanted), rounds)
        return tried[n]

    first = max(2, single.n - 1)
    sizes = [n for n in range(first, first + 20) if at(n, 1) is not None][:1]
    minimax = at(sizes[0], 4) if sizes else None
    best = sizes[0] if sizes else first
    # The expected size falls and rises with n: ever smaller steps around the best so far.
    for step in (max(1, first // 15), max(1, first // 60), 1):
        while (after := at(best + step, 1)) and after.expected_n < _size(tried[best]) - 1e-4:
            best += step
        while best - step >= first and _size(at(best - step, 1)) < _size(tried[best]) - 1e-4:
            best -= step
    optimal = at(best, 4)
    if optimal is None or minimax is None:
        raise DesignError(
            "no two-stage design was found: the accrual is too fast for an interim analysis, or "
            "the rates are too near; use a single stage"
        )
    return LogrankTwoStagePair(single, optimal, minimax)


@dataclass(frozen=True, slots=True)
class _Trial:
    null: Weibull
    ratio: float
    rate: float
    n: int
    follow_up: float
    alpha: float
    power: float

    @property
    def accrual(self) -> float:
        return self.n / self.rate


@dataclass(frozen=True, slots=True)
class _Interims:
    """The best first bound of one trial at each of several interim times; arrays."""

    t1: Floats
    c1: Floats
    c: Floats
    alpha: Floats
    power: Floats
    expected_n: Floats  # infinite where no bound keeps the power


def _size(found: LogrankTwoStage | None) -> float:
    return inf if found is None else found.expected_n


def _best_interim(trial: _Trial, rounds: int) -> LogrankTwoStage | None:
    """Return the interim time with the smallest expected n: a grid, narrowed ``rounds`` times."""
    low, high = 0.1 * trial.accrual, 0.99 * trial.accrual
    at = _interims(trial, np.linspace(low, high, 31))
    for _ in range(rounds):
        best = int(np.argmin(at.expected_n))
        if not np.isfinite(at.expected_n[best]):
            return None
        low, high = at.t1[max(0, best - 1)], at.t1[min(len(at.t1) - 1, best + 1)]
        at = _interims(trial, np.append(np.linspace(low, high, 10), at.t1[best]))
        at = _sorted(at)
    best = int(np.argmin(at.expected_n))
    t1 = float(at.t1[best])
    return LogrankTwoStage(
        t1=t1,
        n1=ceil(trial.rate * t1 - CEIL_GUARD),
        c1=float(at.c1[best]),
        n=trial.n,
        c=float(at.c[best]),
        accrual=trial.accrual,
        alpha=float(at.alpha[best]),
        power=float(at.power[best]),
        expected_n=float(at.expected_n[best]),
        stop_early=float(ndtr(at.c1[best])),
    )


def _sorted(at: _Interims) -> _Interims:
    order = np.argsort(at.t1)
    return _Interims(*(getattr(at, name)[order] for name in _Interims.__slots__))


def _interims(trial: _Trial, t1: Floats) -> _Interims:
    """Return, for each interim time, the largest c1 that keeps the power."""
    at_end = information(trial.null, trial.ratio, trial.accrual, trial.follow_up)
    # At t1 the patients in are t1 / accrual of all, observed up to t1.
    at_t1 = [
        information(trial.null, trial.ratio, t, 0.0, share_in=t / trial.accrual)
        for t in t1.tolist()
    ]
    expected, gain, spread, null = (
        np.array([getattr(at, name) for at in at_t1])
        for name in ("expected", "gain", "spread", "events_null")
    )
    rho0 = np.minimum(1 - 1e-9, np.sqrt(null / at_end.events_null))
    rho1 = np.minimum(1 - 1e-9, spread / at_end.spread)

    def judged(c1: Floats) -> tuple[Floats, Floats]:
        c = _final_bound(c1, rho0, trial.alpha)
        a = (c1 * np.sqrt(expected) - sqrt(trial.n) * gain) / spread
        b = (c * sqrt(at_end.expected) - sqrt(trial.n) * at_end.gain) / at_end.spread
        return c, both_above(a, b, rho1)

    low, high = np.full(len(t1), -3.0), np.full(len(t1), 2.0)
    is_possible = judged(low)[1] >= trial.power
    for _ in range(32):
        middle = (low + high) / 2
        enough = judged(middle)[1] >= trial.power
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    c, power = judged(low)
    n1 = trial.rate * t1
    size = np.where(is_possible, n1 + (trial.n - n1) * ndtr(-low), np.inf)
    return _Interims(t1, low, c, both_above(low, c, rho0), power, size)


def _final_bound(c1: Floats, rho: Floats, alpha: float) -> Floats:
    """Return c with P(Z1 > c1, Z > c) = alpha, by Newton's method from the single stage."""
    c = np.full(len(c1), float(ndtri(1 - alpha)))
    for _ in range(12):
        error = both_above(c1, c, rho) - alpha
        slope = np.exp(-c * c / 2) / sqrt(2 * pi) * ndtr((rho * c - c1) / np.sqrt(1 - rho * rho))
        step = np.clip(error / np.maximum(slope, 1e-12), -0.5, 0.5)
        c = c + step
        if np.abs(step).max() < 1e-11:
            break
    return c


def both_above(a: Floats, b: Floats, rho: Floats) -> Floats:
    """Return P(X > a, Y > b) for standard normal X, Y with correlation rho in [0, 1).

    Arrays of one shape. The outer variable is Y; the rule is cut where the inner
    distribution turns, so that a correlation near 1 stays exact.

    >>> float(both_above(np.zeros(1), np.zeros(1), np.array([0.5]))[0])
    0.333333333333...
    """
    x, w = legendre(32)
    root = np.sqrt(1 - rho * rho)
    high = np.maximum(b, 0.0) + 8.5
    steep = np.maximum(rho, 0.05)
    turn, width = a / steep, 6 * root / steep
    cuts = np.stack([b, turn - width, turn, turn + width, high])
    cuts = np.sort(np.clip(cuts, b, high), axis=0)
    start, stop = cuts[:-1, :, None], cuts[1:, :, None]
    y = start + (stop - start) * x
    inner = ndtr((rho[:, None] * y - a[:, None]) / root[:, None])
    total: Floats = ((stop - start) * w * np.exp(-y * y / 2) * inner).sum(axis=(0, 2))
    return total / sqrt(2 * pi)
