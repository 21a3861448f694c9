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
from math import ceil, exp, log, sqrt
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
    ``power`` is that of n patients by the same formula; ``time_unit`` names one
    unit of every time.
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
    time_unit: str = "time unit"


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


def logrank_test(
    times: Sequence[float],
    events: Sequence[bool],
    null: Weibull,
    *,
    variance: Variance = "standard",
) -> LogrankTest:
    """Compare survival times with a historical curve.

    Parameters
    ----------
    times
        Shape (n,), > 0, time to the event or to censoring; no missing.
    events
        Shape (n,), whether the event was seen.
    null
        Historical curve, in the unit of the times.
    variance
        What stands below the root of Z, as in :func:`logrank_statistic`.

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
    return logrank_statistic(sum(bool(event) for event in events), expected, variance)


def promising_below(expected: float, alpha: float) -> float:
    """Return the number of events below which Z = (E - O) / sqrt(E) is promising.

    >>> round(promising_below(51.1, 0.05), 2)
    39.34
    """
    critical = float(ndtri(1 - one_sided(alpha)))
    return max(0.0, expected - critical * sqrt(positive("expected", expected, or_zero=True)))


def logrank_statistic(
    observed: int, expected: float, variance: Variance = "standard"
) -> LogrankTest:
    """Return Z = (E - O) / sqrt(E), positive when patients live longer, and its p-value.

    With the variance "wu" (O + E) / 2 stands below the root.

    >>> round(logrank_statistic(18, 16.3598).z, 4)
    -0.4055
    """
    if positive("expected", expected) and observed < 0:
        raise DesignError(f"observed must be at least 0; got {observed}")
    below = (observed + expected) / 2 if variance == "wu" else expected
    z = (expected - observed) / sqrt(below)
    return LogrankTest(observed, expected, z, float(ndtr(-z)))


def information(
    null: Weibull,
    hazard_ratio: float,
    accrual: float,
    follow_up: float,
    *,
    share_in: float = 1.0,
) -> Information:
    """Return one planned patient's moments at an analysis.

    Those who are in, a share of ``share_in`` of all who are planned, came uniformly
    over ``accrual`` and are observed from ``follow_up`` to accrual + follow_up.
    """
    ratio = hazard_ratio
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
    x, w = legendre(128)
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


@lru_cache(maxsize=4)
def legendre(nodes: int) -> tuple[Floats, Floats]:
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
