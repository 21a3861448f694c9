"""Time to event in one group: the Kaplan-Meier curve and what is read from it.

Takes days and event flags, returns frozen results at full precision; days may
be any unit of time, and come back in the same. Knows nothing of dates,
endpoints or months. A limit or an estimate that does not exist is None, with a
note where the result has one; never NaN, never a number that stands for it.

The curve. At a tied time events precede censorings: everybody with day >= t is
at risk at t. S is the product of 1 - d/n over the times of events; Greenwood's
G is the sum of d / (n (n - d)), and the standard error is S sqrt(G). Pointwise
limits are symmetric on a transformed scale ("log-log" unless told otherwise),
and clipped to [0, 1]. They are not defined where S is 0, nor where S is 1.

A quantile is where the curve crosses 1 - p, and the midpoint of the flat if it
runs at exactly 1 - p. Its limits are those of Brookmeyer and Crowley: the set
of times at which a test of S(t) = 1 - p at that time does not reject, read off
as the times at which the two pointwise limits cross 1 - p.

Two conventions decide the ties; ``convention`` names the one that is followed:

    what                                    "sas" (LIFETEST)        "r" (survival)
    curve at exactly 1 - p to its end       None                    midpoint of flat and last time
    lower limit of a quantile               lower limit <= 1 - p    crossing, midpoint on a flat
    upper limit of a quantile               upper limit < 1 - p     crossing, midpoint on a flat
    limits while S is 1, log or plain       None                    1 and 1
    limits while S is 1, other transforms   None                    None once anybody has left
    rate after the last time, censored      None                    None
    rate after the last time, all failed    0                       None
    times apart by a rounding error         two times               one, the earlier

Equal to 1 - p means within 1e-9: 7/13 * 13/14 is 1/2, and its floating-point
product is not. "r" follows ``quantile`` and ``summary`` (extend = FALSE) of R's
survival 3.5-3, except that a limit which rises again counts as crossed at the
first time that it crosses, as R prints it. ``near_ties`` overrides the last
line of the table; a landmark day is compared exactly in both, as in R.

A third convention is for comparison only. "lifelines" does what that Python
package does: a quantile is the first time with S <= 1 - p, and its limits are
the first times with a limit <= 1 - p, without midpoint or tolerance; limits
are 1 and 1 while S is 1, and 0 and 0 when it is 0; rates after the last time
carry the last value on. It has log-log limits alone.

References
----------
Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481.
Brookmeyer R, Crowley J. Biometrics 1982;38:29-41.
SAS Institute. SAS/STAT User's Guide, The LIFETEST Procedure, Details.
Therneau TM. A Package for Survival Analysis in R, version 3.5-3.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import get_args

import numpy as np
from scipy.special import ndtri

from onearm.errors import StatError
from onearm.stats.arguments import (
    Flags,
    Numbers,
    checked_days,
    checked_flags,
    inside,
    one_of,
    real,
    reals,
)
from onearm.stats.survival_crossings import Convention as Convention
from onearm.stats.survival_crossings import curve_crossing, limit_crossings
from onearm.stats.survival_limits import LIMITS, lifelines_steps
from onearm.stats.survival_limits import Transform as Transform
from onearm.stats.tied_times import NearTies, count_by_time

_Step = tuple[int, float, float | None, float | None, float | None]

BEYOND_LAST = "not estimable: after the last observation"
BEYOND_LAST_EVENT = "after the last observation, which is an event: nobody is left"
CARRIED_ON = "after the last observation: its value carried on"
NO_EVENT_YET = "no event by then: limits are not defined"
NOBODY_LEFT = "nobody is left without an event: limits are not defined"


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """A Kaplan-Meier curve, one entry for each distinct time of an event or a censoring.

    Before the first of ``times`` survival is 1. ``at_risk`` counts those with
    day >= the time; ``std_error`` is on the scale of ``survival``, and None
    where survival is 0. ``lower`` and ``upper`` are pointwise limits, None
    where not defined. ``n`` is everybody, ``events`` all events.
    """

    times: tuple[float, ...]
    at_risk: tuple[int, ...]
    n_events: tuple[int, ...]
    n_censored: tuple[int, ...]
    survival: tuple[float, ...]
    std_error: tuple[float | None, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]
    n: int
    events: int
    level: float
    transform: Transform
    convention: Convention
    near_ties: NearTies


@dataclass(frozen=True, slots=True)
class Quantile:
    """The time by which a proportion ``p`` has had the event, with its interval.

    Times are in the unit of the curve; None is not reached or not estimable,
    and ``note`` says why ``value`` is None, or how a tie was resolved ("" if
    there is nothing to say).
    """

    p: float
    value: float | None
    lower: float | None
    upper: float | None
    level: float
    transform: Transform
    convention: Convention
    note: str


@dataclass(frozen=True, slots=True)
class Rate:
    """The proportion still without an event on ``day``, with its pointwise interval.

    ``at_risk`` counts those with an observation on or after ``day``; ``note``
    says why a number is None, or where it comes from ("" if there is nothing
    to say).
    """

    day: float
    estimate: float | None
    std_error: float | None
    lower: float | None
    upper: float | None
    at_risk: int
    level: float
    transform: Transform
    convention: Convention
    note: str


def kaplan_meier(
    days: Numbers,
    events: Flags,
    *,
    level: float = 0.95,
    transform: Transform = "log-log",
    convention: Convention = "sas",
    near_ties: NearTies | None = None,
) -> SurvivalCurve:
    """Estimate the survival curve, with Greenwood's error and pointwise limits.

    Parameters
    ----------
    days
        Shape (n,), n >= 1, > 0 and finite, any order: time from the start to
        the event or the censoring; no missing.
    events
        Shape (n,): true or 1 for an event, false or 0 for a censoring.
    level
        Two-sided pointwise confidence level, strictly between 0 and 1.
    transform
        Scale on which the limits are symmetric: "log-log", "log", "plain",
        "logit" or "arcsine" (of the square root).
    convention
        "sas" or "r", as in the table at the head of this module; "lifelines"
        for comparison only.
    near_ties
        "exact" keeps times apart that differ at all, "merge" makes those one
        that differ by a rounding error (`merge_near_ties`). By default as the
        convention has it: "merge" in "r", else "exact".

    Returns
    -------
    SurvivalCurve
        One entry for each distinct time, in ascending order.

    Raises
    ------
    StatError
        If days or events are not as above, an option is unknown, or the
        convention is "lifelines" and the transform is not "log-log".

    References
    ----------
    Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481.
    Kalbfleisch JD, Prentice RL. The Statistical Analysis of Failure Time Data,
    2nd ed., 2002, section 1.4 (limits).

    Examples
    --------
    >>> curve = kaplan_meier([2, 3, 3, 5, 8], [1, 1, 0, 0, 1])
    >>> curve.times, curve.at_risk
    ((2.0, 3.0, 5.0, 8.0), (5, 4, 2, 1))
    >>> [round(s, 4) for s in curve.survival]
    [0.8, 0.6, 0.6, 0.0]
    """
    near_ties = check_options(transform, convention, near_ties)
    z = -float(ndtri((1 - inside("level", level)) / 2))
    steps = count_by_time(days, events, near_ties)
    n_events, n_censored = zip(*steps.values(), strict=True)
    walk = _walk_as_lifelines if convention == "lifelines" else _walk_down
    rows = walk(steps.values(), z, transform, convention)
    at_risk, survival, std_error, lower, upper = zip(*rows, strict=True)
    return SurvivalCurve(
        tuple(steps),
        at_risk,
        n_events,
        n_censored,
        survival,
        std_error,
        lower,
        upper,
        at_risk[0],
        sum(n_events),
        float(level),
        transform,
        convention,
        near_ties,
    )


def reverse_kaplan_meier(
    days: Numbers,
    events: Flags,
    *,
    level: float = 0.95,
    transform: Transform = "log-log",
    convention: Convention = "sas",
    near_ties: NearTies | None = None,
) -> SurvivalCurve:
    """Estimate the curve of follow-up: censorings become events and events censorings.

    Its median is the median follow-up. The rule for ties is that of the curve
    with the flags changed over: at a tied time the censorings, which now are
    the events, come first, and those who had the event are still at risk.

    Parameters
    ----------
    days, events, level, transform, convention, near_ties
        As for `kaplan_meier`; ``events`` as observed, not changed over.

    Returns
    -------
    SurvivalCurve
        Its ``events`` are the censorings.

    Raises
    ------
    StatError
        As for `kaplan_meier`.

    References
    ----------
    Schemper M, Smith TL. Control Clin Trials 1996;17:343-346.

    Examples
    --------
    >>> quantile(reverse_kaplan_meier([4, 9, 12, 15], [1, 0, 0, 0])).value
    12.0
    """
    censored = [not event for event in checked_flags(events)]
    return kaplan_meier(
        days,
        censored,
        level=level,
        transform=transform,
        convention=convention,
        near_ties=near_ties,
    )


def quantile(curve: SurvivalCurve, p: float = 0.5) -> Quantile:
    """Time by which a proportion ``p`` has had the event, with Brookmeyer-Crowley limits.

    Parameters
    ----------
    curve
        From `kaplan_meier`; its level, transform and convention hold here too.
    p
        Proportion with the event, strictly between 0 and 1: 0.5 for the
        median, 0.25 for the time at which the curve falls to 0.75.

    Returns
    -------
    Quantile
        In the time unit of the curve. Upper limits are None more often than
        not in small trials: nothing was seen that excludes a later time.

    Raises
    ------
    StatError
        If ``p`` is outside (0, 1).

    References
    ----------
    Brookmeyer R, Crowley J. Biometrics 1982;38:29-41.

    Examples
    --------
    The curve is 1/2 from 52 until the event at 53.

    >>> median = quantile(kaplan_meier([40, 52, 53, 60], [1, 1, 1, 0]))
    >>> median.value, median.lower, median.upper
    (52.5, 40.0, None)
    >>> median.note
    'the curve is level here: midpoint of the level stretch'
    """
    target = 1 - inside("p", p, "0.5")
    value, note = curve_crossing(curve.times, curve.survival, target, curve.convention)
    lower, upper = limit_crossings(curve.times, curve.lower, curve.upper, target, curve.convention)
    return Quantile(
        float(p), value, lower, upper, curve.level, curve.transform, curve.convention, note
    )


def survival_at(curve: SurvivalCurve, day: float) -> Rate:
    """Proportion still without an event on ``day``, with its pointwise limits.

    An event on ``day`` itself has happened: S is read at times <= day. After
    the last observation "sas" gives 0 if the curve has fallen to 0 and else
    nothing; "r" gives nothing; "lifelines" carries the last value on.

    Parameters
    ----------
    curve
        From `kaplan_meier`; its level, transform and convention hold here too.
    day
        Finite, >= 0, in the time unit of the curve; need not be whole.

    Returns
    -------
    Rate
        ``estimate`` and the limits in [0, 1], or None with a note.

    Raises
    ------
    StatError
        If ``day`` is negative or not finite.

    Examples
    --------
    >>> curve = kaplan_meier([54, 75, 77, 84, 87, 92], [1, 1, 1, 0, 0, 0])
    >>> survival_at(curve, 80).estimate, survival_at(curve, 80).at_risk
    (0.5, 3)
    >>> survival_at(curve, 93).note
    'not estimable: after the last observation'
    """
    day = real("day", day)
    if not 0 <= day < math.inf:
        raise StatError(f"day must be finite and at least 0; got {day!r}")
    estimate, error, low, high, note = _read_at(curve, day)
    after = bisect_left(curve.times, day)
    left = curve.at_risk[after] if after < len(curve.times) else 0
    return Rate(
        day, estimate, error, low, high, left, curve.level, curve.transform, curve.convention, note
    )


def at_risk(days: Numbers, times: Numbers) -> tuple[int, ...]:
    """Count those still under observation at each time, for the row below a figure.

    Parameters
    ----------
    days
        Shape (n,), n >= 1, > 0 and finite: time to the event or the censoring.
    times
        Shape (m,), >= 0 and finite, any order.

    Returns
    -------
    tuple of int
        For each time the number of days >= it, in the order of ``times``.

    Raises
    ------
    StatError
        If days or times are not as above.

    Examples
    --------
    >>> at_risk([10, 20, 20, 35], [0, 20, 21])
    (4, 3, 1)
    """
    ordered = sorted(checked_days(days))
    found = reals("times", times)
    for position, time in enumerate(found):
        if not 0 <= time < math.inf:
            raise StatError(f"times[{position}] must be finite and at least 0; got {time!r}")
    return tuple(len(ordered) - bisect_left(ordered, time) for time in found)


def check_options(
    transform: Transform, convention: Convention, near_ties: NearTies | None
) -> NearTies:
    """Raise on an option that does not exist; return how near ties are taken."""
    one_of("transform", transform, LIMITS)
    one_of("convention", convention, get_args(Convention))
    if convention == "lifelines" and transform != "log-log":
        raise StatError(
            f"convention 'lifelines' has limits with transform 'log-log' alone; got {transform!r}"
        )
    if near_ties is None:
        return "merge" if convention == "r" else "exact"
    one_of("near_ties", near_ties, get_args(NearTies))
    return near_ties


def _walk_down(
    counts: Collection[list[int]], z: float, transform: Transform, convention: Convention
) -> list[_Step]:
    """(at risk, survival, standard error, lower, upper) after each step down the curve."""
    # Plain Python: at the size of a phase II trial the overhead of an array
    # call exceeds the whole of its work.
    limits: Callable[[float, float, float], tuple[float, float]] = LIMITS[transform]
    rows: list[_Step] = []
    left = sum(map(sum, counts))
    s, greenwood = 1.0, 0.0
    error: float | None = 0.0
    low = high = 1.0 if convention == "r" and transform in ("log", "plain") else None
    for failed, censored in counts:
        if failed == left:
            s, error, low, high = 0.0, None, None, None
        elif failed:
            s *= 1 - failed / left
            greenwood += failed / (left * (left - failed))
            root = math.sqrt(greenwood)
            error = s * root
            low, high = limits(s, root, z)
        rows.append((left, s, error, low, high))
        left -= failed + censored
    return rows


def _walk_as_lifelines(
    counts: Collection[list[int]], z: float, transform: Transform, convention: Convention
) -> list[_Step]:
    """Walk as `_walk_down` does, in the arithmetic of lifelines."""
    failed, censored = np.array(list(counts)).T
    at_risk = (failed + censored)[::-1].cumsum()[::-1]
    s, error, low, high = lifelines_steps(at_risk, failed, z)
    errors = [None if math.isnan(e) else e for e in error.tolist()]
    columns = (at_risk.tolist(), s.tolist(), errors, low.tolist(), high.tolist())
    return list(zip(*columns, strict=True))


def _read_at(
    curve: SurvivalCurve, day: float
) -> tuple[float | None, float | None, float | None, float | None, str]:
    """Estimate, standard error, limits and note on a day."""
    is_beyond = day > curve.times[-1]
    if is_beyond and curve.convention != "lifelines":
        if curve.convention == "sas" and curve.survival[-1] == 0:
            return 0.0, None, None, None, BEYOND_LAST_EVENT
        return None, None, None, None, BEYOND_LAST
    step = bisect_right(curve.times, day) - 1
    if step < 0:
        # R starts every curve with a row at time 0 whose limits are 1, whatever the transform.
        if curve.convention == "sas":
            return 1.0, 0.0, None, None, NO_EVENT_YET
        return 1.0, 0.0, 1.0, 1.0, ""
    s, low = curve.survival[step], curve.lower[step]
    note = CARRIED_ON if is_beyond else ""
    if low is None:
        note = NOBODY_LEFT if s == 0 else NO_EVENT_YET
    return s, curve.std_error[step], low, curve.upper[step], note
