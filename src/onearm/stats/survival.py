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

Equal to 1 - p means within 1e-9: 7/13 * 13/14 is 1/2, and its floating-point
product is not. Times are compared exactly. "r" follows ``quantile`` and
``summary`` (extend = FALSE) of R's survival 3.5-3, except that a limit which
rises again counts as crossed at the first time that it crosses, as R prints it.

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
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from onearm.errors import StatError, nearest

Transform = Literal["log-log", "log", "plain", "logit", "arcsine"]
Convention = Literal["sas", "r"]
Numbers = Sequence[float] | npt.NDArray[Any]
Flags = Sequence[bool] | Sequence[int] | npt.NDArray[Any]
_Pair = tuple[float | None, float | None]
_Limits = Callable[[float, float, float], tuple[float, float]]

_CONVENTIONS: tuple[Convention, ...] = ("sas", "r")
_TIE = 1e-9

NOT_REACHED = "not reached: the curve stays above this level"
FLAT = "the curve is level here: midpoint of the level stretch"
FLAT_TO_END = "the curve is level here until follow-up ends"
FLAT_TO_END_NE = "not estimable: the curve is level here until follow-up ends, and never below"
BEYOND_LAST = "not estimable: after the last observation"
BEYOND_LAST_EVENT = "after the last observation, which is an event: nobody is left"
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
    says why a number is None ("" if none is).
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
        "sas" or "r", as in the table at the head of this module.

    Returns
    -------
    SurvivalCurve
        One entry for each distinct time, in ascending order.

    Raises
    ------
    StatError
        If days or events are not as above, or an option is unknown.

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
    if transform not in _LIMITS:
        raise StatError(_unknown("transform", transform, _LIMITS))
    if convention not in _CONVENTIONS:
        raise StatError(_unknown("convention", convention, _CONVENTIONS))
    z = -float(ndtri((1 - _inside("level", level)) / 2))
    steps = _count_by_time(_days(days), events)
    is_one = convention == "r" and transform in ("log", "plain")
    at_one = (1.0, 1.0) if is_one else (None, None)
    rows = _walk_down(steps.values(), z, _LIMITS[transform], at_one)
    at_risk, survival, std_error, lower, upper = zip(*rows, strict=True)
    n_events, n_censored = zip(*steps.values(), strict=True)
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
    )


def reverse_kaplan_meier(
    days: Numbers,
    events: Flags,
    *,
    level: float = 0.95,
    transform: Transform = "log-log",
    convention: Convention = "sas",
) -> SurvivalCurve:
    """Estimate the curve of follow-up: censorings become events and events censorings.

    Its median is the median follow-up. The rule for ties is that of the curve
    with the flags changed over: at a tied time the censorings, which now are
    the events, come first, and those who had the event are still at risk.

    Parameters
    ----------
    days, events, level, transform, convention
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
    censored = [not event for event in _flags(events)]
    return kaplan_meier(days, censored, level=level, transform=transform, convention=convention)


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
    target = 1 - _inside("p", p)
    value, note = _curve_crossing(curve, target)
    times = curve.times
    if curve.convention == "sas":
        low, high = _first(curve.lower, target + _TIE), _first(curve.upper, target - _TIE)
        lower = None if low is None else times[low]
        upper = None if high is None else times[high]
    else:
        lower = _limit_crossing(times, curve.lower, target)
        upper = _limit_crossing(times, curve.upper, target)
    return Quantile(
        float(p), value, lower, upper, curve.level, curve.transform, curve.convention, note
    )


def survival_at(curve: SurvivalCurve, day: float) -> Rate:
    """Proportion still without an event on ``day``, with its pointwise limits.

    An event on ``day`` itself has happened: S is read at times <= day. After
    the last observation "sas" gives 0 if the curve has fallen to 0 and else
    nothing; "r" gives nothing.

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
    day = _real("day", day)
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
    ordered = sorted(_days(days))
    found = _reals("times", times)
    for position, time in enumerate(found):
        if not 0 <= time < math.inf:
            raise StatError(f"times[{position}] must be finite and at least 0; got {time!r}")
    return tuple(len(ordered) - bisect_left(ordered, time) for time in found)


def _walk_down(
    counts: Collection[list[int]], z: float, limits: _Limits, at_one: _Pair
) -> list[tuple[int, float, float | None, float | None, float | None]]:
    """(at risk, survival, standard error, lower, upper) after each step down the curve."""
    # Plain Python: at the size of a phase II trial the overhead of an array
    # call exceeds the whole of its work.
    rows = []
    left = sum(map(sum, counts))
    s, greenwood = 1.0, 0.0
    error: float | None = 0.0
    low, high = at_one
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


# ``root`` is the square root of Greenwood's sum; all are for 0 < s < 1.


def _log_log(s: float, root: float, z: float) -> tuple[float, float]:
    hazard = -math.log(s)
    factor = math.exp(z * root / hazard)
    return math.exp(-hazard * factor), math.exp(-hazard / factor)


def _log(s: float, root: float, z: float) -> tuple[float, float]:
    factor = math.exp(z * root)
    return s / factor, min(1.0, s * factor)


def _plain(s: float, root: float, z: float) -> tuple[float, float]:
    half = z * s * root
    return max(0.0, s - half), min(1.0, s + half)


def _logit(s: float, root: float, z: float) -> tuple[float, float]:
    odds = s / (1 - s)
    factor = math.exp(z * root / (1 - s))
    return odds / (odds + factor), odds * factor / (1 + odds * factor)


def _arcsine(s: float, root: float, z: float) -> tuple[float, float]:
    angle = math.asin(math.sqrt(s))
    half = z / 2 * root * math.sqrt(s / (1 - s))
    return math.sin(max(0.0, angle - half)) ** 2, math.sin(min(math.pi / 2, angle + half)) ** 2


_LIMITS: dict[Transform, _Limits] = {
    "log-log": _log_log,
    "log": _log,
    "plain": _plain,
    "logit": _logit,
    "arcsine": _arcsine,
}


def _first(values: Sequence[float | None], bound: float) -> int | None:
    """Position of the first value that is defined and at most ``bound``."""
    for position, value in enumerate(values):
        if value is not None and value <= bound:
            return position
    return None


def _curve_crossing(curve: SurvivalCurve, target: float) -> tuple[float | None, str]:
    """Where the curve itself crosses ``target``, and a note if that is not one time."""
    times = curve.times
    reached = _first(curve.survival, target + _TIE)
    passed = _first(curve.survival, target - _TIE)
    if reached is None:
        return None, NOT_REACHED
    if passed == reached:
        return times[reached], ""
    if passed is not None:
        return (times[reached] + times[passed]) / 2, FLAT
    if curve.convention == "sas":
        return None, FLAT_TO_END_NE
    return (times[reached] + times[-1]) / 2, FLAT_TO_END


def _limit_crossing(
    times: Sequence[float], limits: Sequence[float | None], target: float
) -> float | None:
    """Where a curve of limits crosses ``target``, as R's ``quantile`` reads it."""
    reached = _first(limits, target + _TIE)
    passed = _first(limits, target - _TIE)
    if reached is None:
        return None
    if passed is not None:
        return (times[reached] + times[passed]) / 2
    # Level with the target from here on: to the last time, unless S = 0 ends the limits first.
    return None if limits[-1] is None else (times[reached] + times[-1]) / 2


def _read_at(
    curve: SurvivalCurve, day: float
) -> tuple[float | None, float | None, float | None, float | None, str]:
    """Estimate, standard error, limits and note on a day."""
    if day > curve.times[-1]:
        if curve.convention == "sas" and curve.survival[-1] == 0:
            return 0.0, None, None, None, BEYOND_LAST_EVENT
        return None, None, None, None, BEYOND_LAST
    step = bisect_right(curve.times, day) - 1
    if step < 0:
        # R starts every curve with a row at time 0 whose limits are 1, whatever the transform.
        if curve.convention == "r":
            return 1.0, 0.0, 1.0, 1.0, ""
        return 1.0, 0.0, None, None, NO_EVENT_YET
    s, low = curve.survival[step], curve.lower[step]
    note = "" if low is not None else NOBODY_LEFT if s == 0 else NO_EVENT_YET
    return s, curve.std_error[step], low, curve.upper[step], note


def _count_by_time(days: Sequence[float], events: Flags) -> dict[float, list[int]]:
    """[events, censorings] at each distinct time, times ascending."""
    flags = _flags(events)
    if len(days) != len(flags):
        raise StatError(
            f"days and events must be of one length; got {len(days)} days and {len(flags)} events"
        )
    steps: dict[float, list[int]] = {}
    for day, event in sorted(zip(days, flags, strict=True)):
        count = steps.get(day)
        if count is None:
            count = steps[day] = [0, 0]
        count[0 if event else 1] += 1
    return steps


def _days(days: Numbers) -> list[float]:
    found = _reals("days", days)
    if not found:
        raise StatError("days must hold at least one observation; got none")
    if not (min(found) > 0 and max(found) < math.inf) or any(map(math.isnan, found)):
        position = next(i for i, day in enumerate(found) if not 0 < day < math.inf)
        raise StatError(f"days[{position}] must be finite and above 0; got {found[position]!r}")
    return found


def _flags(events: Flags) -> list[bool]:
    found = _listed("events", events)
    if set(map(type, found)) <= {bool, int, float} and set(found) <= {0, 1}:  # the quick way out
        return found
    for position, event in enumerate(found):
        if not (isinstance(event, Real | np.bool_) and event in (0, 1)):
            raise StatError(
                f"events[{position}] must be 1 or True for an event, 0 or False for a censoring; "
                f"got {event!r}"
            )
    return [bool(event) for event in found]


def _reals(name: str, values: Numbers) -> list[float]:
    found = _listed(name, values)
    if not set(map(type, found)) <= {int, float}:  # the quick way out: one look a type
        return [_real(f"{name}[{position}]", value) for position, value in enumerate(found)]
    return [float(value) for value in found]


def _listed(name: str, values: Numbers | Flags) -> list[Any]:
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise StatError(f"{name} must be of shape (n,); got shape {values.shape}")
    listed = getattr(values, "tolist", None)  # of numpy, and of a column of pandas
    return list(values) if listed is None else list(listed())


def _real(name: str, number: object) -> float:
    if isinstance(number, bool) or not isinstance(number, Real):
        raise StatError(f"{name} must be a number; got {number!r}")
    return float(number)


def _inside(name: str, probability: object) -> float:
    """Return a probability strictly between 0 and 1; neither end passes, nor does NaN."""
    inside = _real(name, probability)
    if not 0 < inside < 1:
        raise StatError(f"{name} must be between 0 and 1; got {probability!r}")
    return inside


def _unknown(name: str, found: object, allowed: Sequence[str] | dict[Transform, Any]) -> str:
    names = tuple(allowed)
    return f"{name} must be one of {', '.join(names)}; got {found!r}{nearest(str(found), names)}"
