"""The mean time without an event within a horizon: the area under a survival curve.

Takes a curve, returns a frozen result at full precision, in the time unit of
the curve. A number that does not exist is None, with a note.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

from onearm.stats.arguments import above_zero
from onearm.stats.survival import NO_EVENT_YET, Convention, SurvivalCurve

CENSORED_EARLIER = "not estimable: follow-up ends before, with patients still without an event"


@dataclass(frozen=True, slots=True)
class RestrictedMean:
    """The mean time without an event up to ``tau``, with its two-sided interval.

    All in the time unit of the curve, ``value`` in (0, tau]; ``note`` says why
    a number is None ("" if none is).
    """

    tau: float
    value: float | None
    std_error: float | None
    lower: float | None
    upper: float | None
    level: float
    convention: Convention
    note: str


def restricted_mean(curve: SurvivalCurve, tau: float) -> RestrictedMean:
    """Mean time without an event between 0 and ``tau``.

    The area under the curve from 0 to ``tau``. Its variance is the sum, over
    the times of events up to ``tau``, of the squared area from there to
    ``tau`` times d / (n (n - d)); the interval is the value plus and minus z
    standard errors, clipped to [0, tau].

    Where the last observation is a censoring before ``tau``, "sas" gives
    nothing, just as it gives no rate there; "r" and "lifelines" carry the last
    value of the curve on to ``tau``, which assumes that no more events occur.
    A curve that has fallen to 0 has no more area: any ``tau`` will do.

    Parameters
    ----------
    curve
        From `kaplan_meier`; its level and convention hold here too.
    tau
        Horizon, finite and above 0, in the time unit of the curve. Name it
        before the data are seen: there is no default.

    Returns
    -------
    RestrictedMean
        ``lower`` and ``upper`` are None, and ``std_error`` is 0, while there
        is no event by ``tau``.

    Raises
    ------
    StatError
        If ``tau`` is not finite and above 0.

    References
    ----------
    Klein JP, Moeschberger ML. Survival Analysis, 2nd ed., 2003, section 4.5.
    Therneau TM. A Package for Survival Analysis in R, version 3.5-3,
    ``print(survfit(...), rmean = tau)``: value and standard error.

    Examples
    --------
    Survival 1 until day 10, 3/4 until day 20, 1/2 until day 30.

    >>> from onearm.stats.survival import kaplan_meier
    >>> mean = restricted_mean(kaplan_meier([10, 20, 30, 40], [1, 1, 0, 0]), 30)
    >>> mean.value
    22.5
    """
    tau = above_zero("tau", tau)
    value, variance, has_events = _area_and_variance(curve, tau)
    is_short = tau > curve.times[-1] and curve.survival[-1] > 0
    if is_short and curve.convention == "sas":
        return RestrictedMean(
            tau, None, None, None, None, curve.level, curve.convention, CENSORED_EARLIER
        )
    if not has_events:
        return RestrictedMean(
            tau, value, 0.0, None, None, curve.level, curve.convention, NO_EVENT_YET
        )
    error = math.sqrt(variance)
    half = -float(ndtri((1 - curve.level) / 2)) * error
    lower, upper = max(0.0, value - half), min(tau, value + half)
    return RestrictedMean(tau, value, error, lower, upper, curve.level, curve.convention, "")


def _area_and_variance(curve: SurvivalCurve, tau: float) -> tuple[float, float, bool]:
    """Area under the curve up to tau, the variance of it, and whether an event lies there."""
    area = variance = 0.0
    has_events = False
    right = tau
    # From the right, so that the area beyond each event is at hand.
    steps = zip(curve.times, curve.survival, curve.at_risk, curve.n_events, strict=True)
    for time, survival, left, failed in reversed(list(steps)):
        if time > tau:
            continue
        area += survival * (right - time)
        right = time
        if failed:
            has_events = True
            variance += area * area * failed / (left * (left - failed)) if failed < left else 0.0
    return area + right, variance, has_events
