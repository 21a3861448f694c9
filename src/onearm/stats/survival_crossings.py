"""Where a falling curve, or one of its limits, crosses a level.

Takes times in ascending order and a value for each, None where there is none;
gives a time, or None. Equal to the level means within 1e-9.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Convention = Literal["sas", "r", "lifelines"]

TIE = 1e-9

NOT_REACHED = "not reached: the curve stays above this level"
FLAT = "the curve is level here: midpoint of the level stretch"
FLAT_TO_END = "the curve is level here until follow-up ends"
FLAT_TO_END_NE = "not estimable: the curve is level here until follow-up ends, and never below"


def first(values: Sequence[float | None], bound: float) -> int | None:
    """Position of the first value that is defined and at most ``bound``."""
    for position, value in enumerate(values):
        if value is not None and value <= bound:
            return position
    return None


def curve_crossing(
    times: Sequence[float], survival: Sequence[float], target: float, convention: Convention
) -> tuple[float | None, str]:
    """Where the curve itself crosses ``target``, and a note if that is not one time."""
    tie = 0.0 if convention == "lifelines" else TIE
    reached = first(survival, target + tie)
    if reached is None:
        return None, NOT_REACHED
    passed = reached if convention == "lifelines" else first(survival, target - tie)
    if passed == reached:
        return times[reached], ""
    if passed is not None:
        return (times[reached] + times[passed]) / 2, FLAT
    if convention == "sas":
        return None, FLAT_TO_END_NE
    return (times[reached] + times[-1]) / 2, FLAT_TO_END


def limit_crossings(
    times: Sequence[float],
    lower: Sequence[float | None],
    upper: Sequence[float | None],
    target: float,
    convention: Convention,
) -> tuple[float | None, float | None]:
    """Where the lower and the upper limits cross ``target``."""
    if convention == "r":
        return _as_r_reads(times, lower, target), _as_r_reads(times, upper, target)
    if convention == "lifelines":
        low, high = first(lower, target), first(upper, target)
    else:
        low, high = first(lower, target + TIE), first(upper, target - TIE)
    return None if low is None else times[low], None if high is None else times[high]


def _as_r_reads(
    times: Sequence[float], limits: Sequence[float | None], target: float
) -> float | None:
    """Where a curve of limits crosses ``target``, as R's ``quantile`` reads it."""
    reached, passed = first(limits, target + TIE), first(limits, target - TIE)
    if reached is None:
        return None
    if passed is not None:
        return (times[reached] + times[passed]) / 2
    # Level with the target from here on: to the last time, unless S = 0 ends the limits first.
    return None if limits[-1] is None else (times[reached] + times[-1]) / 2
