"""Kaplan-Meier medians and landmark rates of many data sets of one size, in one call.

Takes a row of days and of event flags for each data set, returns arrays with
an entry for each. The numbers are those of `kaplan_meier`, `quantile` and
`survival_at`, with the same conventions; a test holds the two equal. For
simulation: here alone NaN stands for a number that does not exist, because an
array cannot hold None and its reason.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from onearm.errors import StatError
from onearm.stats.arguments import Numbers, inside, reals
from onearm.stats.survival import check_options
from onearm.stats.survival_crossings import TIE, Convention
from onearm.stats.survival_limits import ARRAY_LIMITS, Floats, Transform, lifelines_steps
from onearm.stats.tied_times import NEAR, NearTies

Table = Sequence[Sequence[float]] | npt.NDArray[Any]
_Ints = npt.NDArray[np.int64]
_Bools = npt.NDArray[np.bool_]

_BLOCK = 2**16  # observations worked on at a time, so that they stay near the processor


@dataclass(frozen=True, slots=True, eq=False)
class SurvivalBatch:
    """Medians and landmark rates of m data sets of ``n`` observations; arrays are read-only.

    ``events``, ``median``, ``lower`` and ``upper`` have shape (m,), in the
    order of the data sets; ``lower`` and ``upper`` are the limits of the
    median, in the unit of the days. ``rate``, ``rate_lower`` and
    ``rate_upper`` have shape (m, k), a column for each of ``landmarks``.
    NaN is not reached, not estimable or not defined.
    """

    n: int
    events: _Ints
    median: Floats
    lower: Floats
    upper: Floats
    landmarks: tuple[float, ...]
    rate: Floats
    rate_lower: Floats
    rate_upper: Floats
    level: float
    transform: Transform
    convention: Convention
    near_ties: NearTies


@dataclass(frozen=True, slots=True)
class _Curves:
    """Curves of some data sets: an entry for each observation, rows in ascending order of time.

    ``survival`` and the limits are those after the last observation at a time,
    at that observation; before it ``survival`` is the value of the time before
    and the limits are NaN. They are NaN too where nobody had the event.
    """

    times: Floats
    survival: Floats
    is_step: _Bools  # the curve falls here, and limits may be defined
    lower: Floats
    upper: Floats


def kaplan_meier_batch(
    days: Table,
    events: Table,
    *,
    level: float = 0.95,
    transform: Transform = "log-log",
    convention: Convention = "sas",
    near_ties: NearTies | None = None,
    landmarks: Numbers = (),
) -> SurvivalBatch:
    """Estimate the median, its limits and landmark rates of each of many data sets.

    Parameters
    ----------
    days
        Shape (m, n), m and n >= 1, > 0 and finite: a row for each data set,
        in any order; no missing.
    events
        Shape (m, n): true or 1 for an event, false or 0 for a censoring.
    level
        Two-sided confidence level, strictly between 0 and 1.
    transform, convention, near_ties
        As for `kaplan_meier`.
    landmarks
        Shape (k,), >= 0 and finite, in the unit of the days: where to read
        the rates, as `survival_at` does. None by default.

    Returns
    -------
    SurvivalBatch
        NaN where `quantile` or `survival_at` give None.

    Raises
    ------
    StatError
        If days, events or landmarks are not as above, or an option is as
        `kaplan_meier` does not take it.

    References
    ----------
    As for `kaplan_meier` and `quantile`.

    Examples
    --------
    >>> batch = kaplan_meier_batch([[40, 52, 53, 60], [3, 5, 9, 9]], [[1, 1, 1, 0], [0, 0, 0, 0]])
    >>> batch.median, batch.lower
    (array([52.5,  nan]), array([40., nan]))
    """
    near_ties = check_options(transform, convention, near_ties)
    z = -float(ndtri((1 - inside("level", level)) / 2))
    times, flags = _tables(days, events)
    at = _landmarks(landmarks)
    m, n = times.shape
    median, lower, upper = np.empty(m), np.empty(m), np.empty(m)
    rate, rate_lower, rate_upper = (np.empty((m, len(at))) for _ in range(3))
    rows = max(1, _BLOCK // n)
    for start in range(0, m, rows):
        block = slice(start, start + rows)
        curves = _curves(times[block], flags[block], z, transform, convention, near_ties)
        median[block] = _medians(curves, convention)
        lower[block], upper[block] = _limits_of_medians(curves, convention)
        for column, day in enumerate(at):
            found = _rates(curves, day, transform, convention)
            rate[block, column], rate_lower[block, column], rate_upper[block, column] = found
    counted = flags.sum(axis=1, dtype=np.int64)
    for array in (counted, median, lower, upper, rate, rate_lower, rate_upper):
        array.flags.writeable = False
    return SurvivalBatch(
        n,
        counted,
        median,
        lower,
        upper,
        at,
        rate,
        rate_lower,
        rate_upper,
        float(level),
        transform,
        convention,
        near_ties,
    )


def _curves(
    days: Floats,
    flags: _Bools,
    z: float,
    transform: Transform,
    convention: Convention,
    near_ties: NearTies,
) -> _Curves:
    times, flags = _sorted(days, flags)
    is_new = _is_new_time(times, near_ties)
    is_last = np.ones_like(is_new)
    is_last[:, :-1] = is_new[:, 1:]
    rows, n = times.shape
    position = np.arange(n)
    opened = np.maximum.accumulate(np.where(is_new, position, 0), axis=1)
    if near_ties == "merge":
        times = np.take_along_axis(times, opened, axis=1)
    counted = np.zeros((rows, n + 1), dtype=np.int64)
    np.cumsum(flags, axis=1, out=counted[:, 1:])
    at_risk = n - opened
    failed = counted[:, 1:] - np.take_along_axis(counted, opened, axis=1)
    failed[~is_last] = 0
    is_step = failed > 0
    lower, upper = np.full((rows, n), np.nan), np.full((rows, n), np.nan)
    if convention == "lifelines":
        survival, _, low, high = lifelines_steps(at_risk, failed, z)
        lower[is_step], upper[is_step] = low[is_step], high[is_step]
        return _Curves(times, survival, is_step, lower, upper)
    left = at_risk - failed
    survival = np.cumprod(1 - failed / at_risk, axis=1)
    root = np.sqrt(np.cumsum(failed / (at_risk * np.maximum(left, 1)), axis=1))
    is_inner = is_step & (left > 0)
    lower[is_inner], upper[is_inner] = ARRAY_LIMITS[transform](
        survival[is_inner], root[is_inner], z
    )
    return _Curves(times, survival, is_step, lower, upper)


def _sorted(days: Floats, flags: _Bools) -> tuple[Floats, _Bools]:
    """Each row in ascending order of days; the order within a day does not matter."""
    # The bits of a number above 0, read as a whole number, are in the order of the numbers, and
    # the highest is 0: there is room for the flag, and whole numbers sort several times faster
    # than a table can be put in the order of another.
    keys = (days.view(np.uint64) << np.uint64(1)) | flags
    keys.sort(axis=1)
    return (keys >> np.uint64(1)).view(np.float64), (keys & np.uint64(1)).astype(bool)


def _is_new_time(times: Floats, near_ties: NearTies) -> _Bools:
    """Whether an observation is the first at its time, near ties taken as the option says."""
    gaps = np.diff(times, axis=1)
    is_new = np.ones(times.shape, dtype=bool)
    is_new[:, 1:] = gaps > 0
    if near_ties == "merge":
        scale = np.where(is_new, times, 0.0).sum(axis=1, keepdims=True)
        scale /= is_new.sum(axis=1, keepdims=True)  # the mean of the distinct times
        is_new[:, 1:] = (gaps > NEAR) & (gaps / scale > NEAR)
    return is_new


def _first(values: Floats, bound: float) -> tuple[_Ints, _Bools]:
    """Position of the first value at most ``bound`` in each row, and whether there is one."""
    is_below = values <= bound  # false for NaN
    position = is_below.argmax(axis=1)
    return position, is_below[np.arange(len(position)), position]


def _at(times: Floats, position: _Ints) -> Floats:
    return times[np.arange(len(position)), position]


def _medians(curves: _Curves, convention: Convention) -> Floats:
    """`curve_crossing` at 1/2 for every row."""
    times, survival = curves.times, curves.survival
    if convention == "lifelines":
        position, is_reached = _first(survival, 0.5)
        return np.where(is_reached, _at(times, position), np.nan)
    start, is_reached = _first(survival, 0.5 + TIE)
    end, is_passed = _first(survival, 0.5 - TIE)
    middle = (_at(times, start) + _at(times, end)) / 2
    to_the_end = (_at(times, start) + times[:, -1]) / 2 if convention == "r" else np.nan
    return np.where(is_passed, middle, np.where(is_reached, to_the_end, np.nan))


def _limits_of_medians(curves: _Curves, convention: Convention) -> tuple[Floats, Floats]:
    """`limit_crossings` at 1/2 for every row."""
    if convention == "r":
        return _as_r_reads(curves, curves.lower), _as_r_reads(curves, curves.upper)
    tie = 0.0 if convention == "lifelines" else TIE
    found = []
    for limits, bound in ((curves.lower, 0.5 + tie), (curves.upper, 0.5 - tie)):
        position, is_reached = _first(limits, bound)
        found.append(np.where(is_reached, _at(curves.times, position), np.nan))
    return found[0], found[1]


def _as_r_reads(curves: _Curves, limits: Floats) -> Floats:
    times = curves.times
    start, is_reached = _first(limits, 0.5 + TIE)
    end, is_passed = _first(limits, 0.5 - TIE)
    middle = (_at(times, start) + _at(times, end)) / 2
    is_level_to_end = is_reached & (curves.survival[:, -1] > 0)
    to_the_end = np.where(is_level_to_end, (_at(times, start) + times[:, -1]) / 2, np.nan)
    return np.where(is_passed, middle, to_the_end)


def _rates(
    curves: _Curves, day: float, transform: Transform, convention: Convention
) -> tuple[Floats, Floats, Floats]:
    """`survival_at` for every row: estimate and limits."""
    n = curves.times.shape[1]
    seen = (curves.times <= day).sum(axis=1)
    last = np.maximum(seen - 1, 0)
    rate = np.where(seen > 0, _at(curves.survival, last), 1.0)
    # The last fall of the curve by that day holds the limits.
    is_step = curves.is_step & (np.arange(n) < seen[:, None])
    step = n - 1 - is_step[:, ::-1].argmax(axis=1)
    has_step = is_step.any(axis=1)
    # Before any event: what `_walk_down` and `_read_at` say.
    is_one_always = convention == "lifelines"
    is_one_after_censoring = convention == "r" and transform in ("log", "plain")
    is_one = np.where(seen > 0, is_one_always or is_one_after_censoring, convention != "sas")
    before = np.where(is_one, 1.0, np.nan)
    lower = np.where(has_step, _at(curves.lower, step), before)
    upper = np.where(has_step, _at(curves.upper, step), before)
    if convention != "lifelines":
        is_beyond = day > curves.times[:, -1]
        is_zero = (curves.survival[:, -1] == 0) & (convention == "sas")
        rate[is_beyond] = np.where(is_zero, 0.0, np.nan)[is_beyond]
        lower[is_beyond] = upper[is_beyond] = np.nan
    return rate, lower, upper


def _tables(days: Table, events: Table) -> tuple[Floats, _Bools]:
    """Both tables as arrays of one shape, or an error that names the place."""
    found, flags = _table("days", days), _table("events", events)
    if found.shape != flags.shape:
        raise StatError(
            f"days and events must be of one shape; got {found.shape} days and {flags.shape} events"
        )
    is_bad = ~((found > 0) & (found < math.inf))
    if is_bad.any():
        row, column = np.argwhere(is_bad)[0].tolist()
        raise StatError(
            f"days[{row}, {column}] must be finite and above 0; got {found[row, column].item()!r}"
        )
    is_bad = (flags != 0) & (flags != 1)
    if is_bad.any():
        row, column = np.argwhere(is_bad)[0].tolist()
        raise StatError(
            f"events[{row}, {column}] must be 1 or True for an event, 0 or False for a censoring; "
            f"got {flags[row, column].item()!r}"
        )
    return np.ascontiguousarray(found, dtype=np.float64), flags.astype(bool)


def _table(name: str, values: Table) -> npt.NDArray[Any]:
    try:
        found = np.asarray(values)
    except ValueError as uneven:
        raise StatError(f"{name} must be of shape (m, n), rows of one length") from uneven
    if found.ndim != 2 or 0 in found.shape:
        raise StatError(
            f"{name} must be of shape (m, n), with m and n >= 1; got shape {found.shape}"
        )
    if found.dtype.kind not in ("iuf" if name == "days" else "biuf"):
        raise StatError(f"{name} must hold numbers; got {found.dtype}")
    return found


def _landmarks(landmarks: Numbers) -> tuple[float, ...]:
    found = reals("landmarks", landmarks)
    for position, day in enumerate(found):
        if not 0 <= day < math.inf:
            raise StatError(f"landmarks[{position}] must be finite and at least 0; got {day!r}")
    return tuple(found)
