"""Size of a trial whose endpoint is the share without an event at a landmark time.

Takes a null and a target rate at one time, gives the number of patients by two
methods. ``binomial``: everybody is followed to the landmark, the count of
patients without an event is binomial, the size is exact (the first n with the
error and power). ``kaplan-meier``: the Kaplan-Meier estimate on the
complementary log-log scale, whose variance allows for censoring by uniform
accrual and a limited follow-up; the size is asymptotic. Knows no hazard ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, sqrt
from typing import Literal

import numpy as np
from scipy.special import bdtrc, ndtr, ndtri

from onearm.design.arguments import one_sided, positive, power_above_half, rates, shown
from onearm.design.looks import TIE
from onearm.design.survival import LARGEST_TRIAL, Weibull
from onearm.errors import DesignError, nearest

LandmarkMethod = Literal["binomial", "kaplan-meier"]
METHODS: tuple[LandmarkMethod, ...] = ("binomial", "kaplan-meier")
LARGEST_BINOMIAL = 3000


@dataclass(frozen=True, slots=True)
class LandmarkDesign:
    """The number of patients for a survival rate at a landmark.

    ``needed`` (binomial) is the smallest number without an event that is
    promising; ``required`` (kaplan-meier) is n before it is rounded up, and the
    result is promising if (g(S0) - g(estimate)) / standard error > z(1 - alpha)
    with g(s) = log(-log s). ``alpha`` and ``power`` are exact for the binomial and
    asymptotic for Kaplan-Meier.
    """

    method: LandmarkMethod
    at: float
    rate0: float
    rate1: float
    alpha_limit: float
    power_wanted: float
    n: int
    alpha: float
    power: float
    needed: int | None
    required: float | None
    accrual: float | None
    follow_up: float | None
    shape: float | None


def landmark_design(
    method: LandmarkMethod,
    rate0: float,
    rate1: float,
    *,
    at: float,
    alpha: float = 0.05,
    power: float = 0.8,
    accrual: float | None = None,
    follow_up: float | None = None,
    shape: float = 1.0,
) -> LandmarkDesign:
    """Return the size of a trial on the survival rate at one time.

    Parameters
    ----------
    method
        ``binomial`` or ``kaplan-meier``.
    rate0, rate1
        Shares without an event at ``at`` under the null and the target,
        0 < rate0 < rate1 < 1.
    at
        The landmark, > 0, in the unit of accrual and follow-up.
    alpha, power
        One-sided error and power.
    accrual, follow_up, shape
        For ``kaplan-meier``: accrual time, follow-up of the last patient, and the
        Weibull shape of both curves. Accrual + follow_up must exceed ``at``; with
        a follow-up of ``at`` or more nobody is censored before it.

    Raises
    ------
    DesignError
        If a number is out of range, or the trial ends before the landmark.

    References
    ----------
    Nagashima K, et al. Pharm Stat 2021;20:499-511 (transformed Kaplan-Meier).
    A'Hern RP. Stat Med 2001;20:859-866 (exact binomial).

    Examples
    --------
    >>> plan = landmark_design("binomial", 0.45, 0.65, at=6, alpha=0.025)
    >>> plan.n, plan.needed
    (50, 30)
    """
    if method not in METHODS:
        raise DesignError(
            f"method must be one of {', '.join(METHODS)}; got {method}"
            f"{nearest(str(method), METHODS)}"
        )
    low, high = rates(rate0, rate1, names=("rate0", "rate1"))
    time = positive("at", at)
    error, wanted = one_sided(alpha), power_above_half(power)
    if method == "binomial":
        if accrual is not None or follow_up is not None:
            raise DesignError("accrual and follow_up belong to kaplan-meier; got them for binomial")
        n, needed, attained, reached = _binomial(low, high, error, wanted)
        return LandmarkDesign(
            method=method,
            at=time,
            rate0=low,
            rate1=high,
            alpha_limit=error,
            power_wanted=wanted,
            n=n,
            alpha=attained,
            power=reached,
            needed=needed,
            required=None,
            accrual=None,
            follow_up=None,
            shape=None,
        )
    if accrual is None or follow_up is None:
        raise DesignError("kaplan-meier needs accrual and follow_up, times in the unit of 'at'")
    entry, late = positive("accrual", accrual), positive("follow_up", follow_up, or_zero=True)
    k = positive("shape", shape)
    if entry + late <= time:
        raise DesignError(
            f"the trial ends at {shown(entry + late)}, before the landmark of the last patients; "
            f"accrual + follow_up must exceed {shown(at)}"
        )
    spread0, spread1 = (
        sqrt(log_log_variance(rate, time, entry, late, shape=k)) for rate in (low, high)
    )
    gain = log(-log(low)) - log(-log(high))
    z_alpha, z_beta = float(ndtri(1 - error)), float(ndtri(wanted))
    required = ((z_alpha * spread0 + z_beta * spread1) / gain) ** 2
    if required > LARGEST_TRIAL:
        raise DesignError(f"needs more than {LARGEST_TRIAL} patients; rate1 must lie further up")
    n = ceil(required - 1e-9)
    reached = float(ndtr((sqrt(n) * gain - z_alpha * spread0) / spread1))
    return LandmarkDesign(
        method=method,
        at=time,
        rate0=low,
        rate1=high,
        alpha_limit=error,
        power_wanted=wanted,
        n=n,
        alpha=error,
        power=reached,
        needed=None,
        required=required,
        accrual=entry,
        follow_up=late,
        shape=k,
    )


def log_log_variance(
    rate: float, at: float, accrual: float, follow_up: float, *, shape: float = 1.0
) -> float:
    """Return n times the variance of log(-log S(at)) of the Kaplan-Meier estimate.

    It is the integral of dL / (S G) from 0 to ``at`` over (log S(at))^2, with L the
    cumulative hazard and G the share not yet censored by the end of the trial.

    Examples
    --------
    Without censoring it is (1 - S) / (S (log S)^2), the binomial variance:

    >>> round(log_log_variance(0.5, 6, 12, 6), 10) == round(1 / log(0.5) ** 2, 10)
    True
    """
    curve = Weibull(shape, at / (-log(rate)) ** (1 / shape))
    total = 0.0
    nodes, weights = np.polynomial.legendre.leggauss(64)
    cut = min(at, follow_up)
    for start, stop in ((0.0, cut), (cut, at)):
        if stop <= start:
            continue
        low, high = ((end / curve.scale) ** shape for end in (start, stop))
        u = low + (high - low) * (nodes + 1) / 2  # cumulative hazard
        t = curve.scale * u ** (1 / shape)
        seen = np.minimum(1.0, (follow_up + accrual - t) / accrual)
        total += float((weights * (high - low) / 2 * np.exp(u) / seen).sum())
    return total / log(rate) ** 2


def _binomial(p0: float, p1: float, alpha: float, power: float) -> tuple[int, int, float, float]:
    """Return the first n with a promising count that keeps both, as first in n."""
    needed = 1
    for n in range(1, LARGEST_BINOMIAL + 1):
        while needed <= n and float(bdtrc(needed - 1, n, p0)) > alpha + TIE:
            needed += 1
        if needed > n:
            continue
        reached = float(bdtrc(needed - 1, n, p1))
        if reached >= power - TIE:
            return n, needed, float(bdtrc(needed - 1, n, p0)), reached
    raise DesignError(f"needs more than {LARGEST_BINOMIAL} patients; rate1 must lie further up")
