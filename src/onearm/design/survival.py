"""Size of a trial whose endpoint is a time to an event: one-sample log-rank test.

Takes a known (historical) survival curve, a hazard ratio, accrual and follow-up;
gives the number of patients. Times are in one unit of the user's choice, the
same throughout. O is the number of events, E the sum of the historical
cumulative hazards of the patients' times; Z = (E - O) / sqrt(variance), positive
when patients live longer; the test is promising if Z > z(1 - alpha).

Patients come in uniformly over the accrual time and stay until the end of
follow-up of the last; nobody is lost. Weibull survival is exp(-(t / scale) ** shape);
shape 1 is exponential.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import ceil, exp, inf, log, pi, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from onearm.design.arguments import (
    exact,
    one_sided,
    positive,
    power_above_half,
    proportion,
    shown,
)
from onearm.errors import DesignError, nearest

Floats = NDArray[np.float64]
Variance = Literal["standard", "wu", "exact"]
VARIANCES: tuple[Variance, ...] = ("standard", "wu", "exact")
LARGEST_TRIAL = 20_000
CEIL_GUARD = 1e-9


@dataclass(frozen=True, slots=True)
class Weibull:
    """A survival curve exp(-(t / scale) ** shape); ``scale`` in the user's unit of time."""

    shape: float
    scale: float

    @property
    def median(self) -> float:
        """Time at which half survive."""
        return float(self.scale * log(2) ** (1 / self.shape))

    def survival(self, time: float) -> float:
        """Return the share that survives ``time``."""
        return exp(-((time / self.scale) ** self.shape))

    def slower(self, hazard_ratio: float) -> Weibull:
        """Return the curve whose hazard is ``hazard_ratio`` times this one."""
        return replace(self, scale=self.scale * hazard_ratio ** (-1 / self.shape))


@dataclass(frozen=True, slots=True)
class Information:
    """Moments of one patient's O and E, at one time of analysis.

    ``events`` is P(event) and ``expected`` the mean of E when the target curve
    is true, ``spread`` the standard deviation of O - E then; ``events_null`` is
    P(event) when the historical curve is true, where it is also the variance.
    """

    events: float
    expected: float
    spread: float
    events_null: float

    @property
    def gain(self) -> float:
        """Mean of E - O when the target curve is true."""
        return self.expected - self.events


@dataclass(frozen=True, slots=True)
class LogrankTest:
    """Events seen and expected, Z (positive: patients live longer) and its one-sided p-value."""

    observed: int
    expected: float
    z: float
    p_value: float


@dataclass(frozen=True, slots=True)
class LogrankDesign:
    """A single-stage trial with the one-sample log-rank test.

    ``required`` is n before it is rounded up; ``events_null`` and
    ``events_target`` are the events expected of n patients by the end.
    ``power`` is that of n patients by the same formula.
    """

    null: Weibull
    target: Weibull
    hazard_ratio: float
    accrual: float
    accrual_rate: float
    follow_up: float
    alpha: float
    power_wanted: float
    variance: Variance
    required: float
    n: int
    power: float
    critical: float
    events_null: float
    events_target: float


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


def weibull(
    *,
    median: float | None = None,
    rate: float | None = None,
    at: float | None = None,
    shape: float = 1.0,
) -> Weibull:
    """Return the curve with a median, or with a survival rate at a time.

    Parameters
    ----------
    median
        Median time, > 0.
    rate, at
        Share that survives time ``at``, in (0, 1), and that time, > 0.
    shape
        Weibull shape, > 0; 1 is exponential.

    Raises
    ------
    DesignError
        If not exactly one of the two is given, or a number is out of range.

    Examples
    --------
    >>> round(weibull(rate=0.6, at=3, shape=0.5).survival(3), 12)
    0.6
    """
    k = positive("shape", shape)
    if median is not None and rate is None and at is None:
        return Weibull(k, positive("median", median) / log(2) ** (1 / k))
    if median is None and rate is not None and at is not None:
        share = proportion("the survival rate", rate)
        return Weibull(k, positive("the time of the rate", at) / (-log(share)) ** (1 / k))
    raise DesignError("a curve needs either a median, or a rate and its time")


def hazard_ratio_of(null: Weibull, target: Weibull) -> float:
    """Return the hazard of the target over that of the null, both of one shape.

    >>> round(hazard_ratio_of(weibull(median=5.5), weibull(median=8)), 4)
    0.6875
    """
    if null.shape != target.shape:
        raise DesignError(
            "both curves need the same shape, so that hazards are proportional; "
            f"got {shown(null.shape)} and {shown(target.shape)}"
        )
    return float((null.scale / target.scale) ** null.shape)


def logrank_design(
    null: Weibull,
    hazard_ratio: float,
    *,
    accrual: float | None = None,
    accrual_rate: float | None = None,
    follow_up: float,
    alpha: float = 0.05,
    power: float = 0.8,
    variance: Variance = "standard",
) -> LogrankDesign:
    """Return the number of patients of a one-sample log-rank test.

    n = (z_alpha s0 + z_beta s1)^2 / (expected - events)^2, rounded up, with s1 the
    exact standard deviation of O - E when the target curve is true, and s0^2:

    - ``standard``: the mean of E under the target, as Z = (E - O) / sqrt(E);
    - ``wu``: the mean of (O + E) / 2 under the target, as Z has (O + E) / 2 below
      the root;
    - ``exact``: P(event) under the historical curve, the variance of O - E then.

    Parameters
    ----------
    null
        Historical survival curve.
    hazard_ratio
        Hazard of the target over the historical, in (0, 1).
    accrual, accrual_rate
        Time to bring all patients in, or patients a unit of time: one of them.
    follow_up
        Time from the last patient's entry to the analysis, >= 0.
    alpha, power
        One-sided error in (0, 0.5), and power.
    variance
        See above.

    Raises
    ------
    DesignError
        If a number is out of range or more than 20,000 patients were needed.

    References
    ----------
    Wu J. Pharm Stat 2015;14:26-33. Kwak M, Jung SH. Stat Med 2014;33:2004-2016.

    Examples
    --------
    Median 5.5 against 8.0 months, 18 months of accrual, 12 of follow-up:

    >>> plan = logrank_design(weibull(median=5.5), 5.5 / 8, accrual=18, follow_up=12)
    >>> plan.n
    56
    """
    ratio = _ratio(hazard_ratio)
    late = positive("follow_up", follow_up, or_zero=True)
    error, wanted = one_sided(alpha), power_above_half(power)
    if variance not in VARIANCES:
        raise DesignError(
            f"variance must be one of {', '.join(VARIANCES)}; got {variance}"
            f"{nearest(str(variance), VARIANCES)}"
        )
    if (accrual is None) == (accrual_rate is None):
        raise DesignError("give either accrual, a time, or accrual_rate, patients a unit of time")
    if accrual is not None:
        duration = positive("accrual", accrual)
        required = _required(information(null, ratio, duration, late), error, wanted, variance)
        n = _ceil(required)
        per_time = n / duration
    else:
        per_time = positive("accrual_rate", accrual_rate)
        required = _root_of_rate(null, ratio, per_time, late, error, wanted, variance)
        n = _ceil(required)
        duration = n / per_time
    at_end = information(null, ratio, duration, late)
    return LogrankDesign(
        null=null,
        target=null.slower(ratio),
        hazard_ratio=ratio,
        accrual=duration,
        accrual_rate=per_time,
        follow_up=late,
        alpha=error,
        power_wanted=wanted,
        variance=variance,
        required=required,
        n=n,
        power=_power(at_end, n, error, variance),
        critical=float(ndtri(1 - error)),
        events_null=n * at_end.events_null,
        events_target=n * at_end.events,
    )


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


def logrank_test(times: Sequence[float], events: Sequence[bool], null: Weibull) -> LogrankTest:
    """Compare survival times with a historical curve.

    Parameters
    ----------
    times
        Shape (n,), > 0, time to the event or to censoring; no missing.
    events
        Shape (n,), whether the event was seen.
    null
        Historical curve, in the unit of the times.

    Raises
    ------
    DesignError
        If the two differ in length, are empty, or a time is not positive.

    References
    ----------
    Finkelstein DM, Muzikansky A, Schoenfeld DA. J Natl Cancer Inst 2003;95:1434-1439.

    Examples
    --------
    >>> found = logrank_test([2, 4, 6], [True, False, True], weibull(median=3))
    >>> found.observed, round(found.expected, 4)
    (2, 2.7726)
    """
    if not len(times) == len(events) > 0:
        raise DesignError(
            f"times and events must be of one length, at least 1; got {len(times)} and "
            f"{len(events)}"
        )
    expected = sum((positive("a time", time) / null.scale) ** null.shape for time in times)
    return logrank_statistic(sum(bool(event) for event in events), expected)


def logrank_statistic(observed: int, expected: float) -> LogrankTest:
    """Return Z = (E - O) / sqrt(E), positive when patients live longer, and its p-value.

    >>> round(logrank_statistic(18, 16.3598).z, 4)
    -0.4055
    """
    if positive("expected", expected) and observed < 0:
        raise DesignError(f"observed must be at least 0; got {observed}")
    z = (expected - observed) / sqrt(expected)
    return LogrankTest(observed, expected, z, float(ndtr(-z)))


def information(
    null: Weibull, hazard_ratio: float, accrual: float, follow_up: float
) -> Information:
    """Return one patient's moments at the end of follow-up.

    Every patient is in, and observed from ``follow_up`` to accrual + follow_up.
    """
    return _information(null, hazard_ratio, accrual, follow_up, 1.0)


def _information(
    null: Weibull, ratio: float, accrual: float, follow_up: float, share_in: float
) -> Information:
    """Return the moments when ``share_in`` of all patients are in, uniformly over accrual."""
    u0, w0, seen0 = _nodes(null, accrual, follow_up, 1.0)
    u, w, seen = _nodes(null, accrual, follow_up, ratio)
    kept = np.exp(-ratio * u) * seen * w
    expected = share_in * float(kept.sum())
    mean_square = share_in * 2 * float((u * kept).sum())
    events = ratio * expected
    cross = ratio * mean_square / 2
    # Var(O - E) = E(O) + E(E^2) - 2 E(O E) - (E(O) - E(E))^2
    spread = events + mean_square - 2 * cross - (events - expected) ** 2
    events_null = share_in * float((np.exp(-u0) * seen0 * w0).sum())
    return Information(events, expected, sqrt(spread), events_null)


def _nodes(
    null: Weibull, accrual: float, follow_up: float, ratio: float
) -> tuple[Floats, Floats, Floats]:
    """Return nodes u of the cumulative hazard, weights du, and P(observed beyond u's time).

    Two pieces meet where the first patients leave observation; each is a
    Gauss-Legendre rule in the time or the hazard, whichever is smooth.
    """
    x, w = _legendre(128)
    x, w = x**3, w * 3 * x**2  # bend: algebraic ends at time 0
    ends = [0.0, follow_up, follow_up + accrual]
    hazards, weights, seen = [], [], []
    k = null.shape
    for start, stop in pairwise(ends):
        if stop <= start:
            continue
        if k > 1:  # smooth in the time
            t = start + (stop - start) * x
            u = (t / null.scale) ** k
            dw = (stop - start) * w * k / null.scale * (t / null.scale) ** (k - 1)
        else:
            low, high = ((end / null.scale) ** k for end in (start, stop))
            high = min(high, low + 60 / ratio)  # beyond, nobody is left
            u = low + (high - low) * x
            dw = (high - low) * w
            t = null.scale * u ** (1 / k)
        hazards.append(u)
        weights.append(dw)
        seen.append(np.clip((follow_up + accrual - t) / accrual, 0.0, 1.0))
    return np.concatenate(hazards), np.concatenate(weights), np.concatenate(seen)


def _null_variance(at: Information, variance: Variance) -> float:
    if variance == "standard":
        return at.expected
    return (at.expected + at.events) / 2 if variance == "wu" else at.events_null


def _required(at: Information, alpha: float, power: float, variance: Variance) -> float:
    z_alpha, z_beta = float(ndtri(1 - alpha)), float(ndtri(power))
    root = z_alpha * sqrt(_null_variance(at, variance)) + z_beta * at.spread
    required = (root / at.gain) ** 2
    if required > LARGEST_TRIAL:
        raise DesignError(
            f"needs more than {LARGEST_TRIAL} patients; the hazard ratio must lie further below 1"
        )
    return required


def _power(at: Information, n: int, alpha: float, variance: Variance) -> float:
    z_alpha = float(ndtri(1 - alpha))
    return float(
        ndtr((sqrt(n) * at.gain - z_alpha * sqrt(_null_variance(at, variance))) / at.spread)
    )


def _root_of_rate(
    null: Weibull,
    ratio: float,
    rate: float,
    follow_up: float,
    alpha: float,
    power: float,
    variance: Variance,
) -> float:
    """Return n whose own accrual time, n / rate, makes n sufficient.

    A longer accrual gives longer observation, so that n needed falls as n given
    grows: one root.
    """

    def lacks(n: float) -> bool:
        at = information(null, ratio, n / rate, follow_up)
        z_alpha, z_beta = float(ndtri(1 - alpha)), float(ndtri(power))
        root = z_alpha * sqrt(_null_variance(at, variance)) + z_beta * at.spread
        return n < (root / at.gain) ** 2

    low, high = 1e-3, 1.0
    while lacks(high):
        low, high = high, 2 * high
        if high > 2 * LARGEST_TRIAL:
            raise DesignError(
                f"needs more than {LARGEST_TRIAL} patients; the hazard ratio must lie further "
                "below 1"
            )
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if lacks(middle) else (low, middle)
    return high


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
        n1=_ceil(trial.rate * t1),
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
    at_t1 = [_information(trial.null, trial.ratio, t, 0.0, t / trial.accrual) for t in t1.tolist()]
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
    x, w = _legendre(32)
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


@lru_cache(maxsize=4)
def _legendre(nodes: int) -> tuple[Floats, Floats]:
    """Return nodes and weights of the Gauss-Legendre rule on (0, 1)."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    return (x + 1) / 2, w / 2


def _ratio(value: float) -> float:
    if not 0 < exact("hazard_ratio", value) < 1:
        raise DesignError(
            "hazard_ratio must be between 0 and 1: the target hazard over the historical, so "
            f"that patients live longer; got {shown(value)}"
        )
    return float(value)


def _ceil(value: float) -> int:
    return ceil(value - CEIL_GUARD)
