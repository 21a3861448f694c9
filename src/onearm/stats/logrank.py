"""Log-rank tests: several groups with one another, and one group with a known hazard.

Takes days, event flags and groups or a hazard, returns frozen results at full
precision; days may be any unit of time. Knows nothing of designs: the size of
a trial that is to be tested so is found elsewhere.

Several groups. At each time of an event the expected number of events of a
group is d n_j / n, with the hypergeometric variance; no continuity correction.
The statistic is chi-square with as many degrees of freedom as groups less one,
groups aside of whom nobody was at risk at any event.

One group. Under the null hypothesis each patient's cumulative hazard at the
last day seen adds to the expected number E; O - E is a martingale with
variance E. Z is positive if fewer events than expected were seen, which favours
the new treatment.

    statistic            formula                     remark
    z                    (E - O) / sqrt(E)           Breslow, Woolson; conservative
    z_wu                 (E - O) / sqrt((O + E)/2)   Wu; nearer to its level in small trials
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, gammaincinv, ndtr

from onearm.errors import StatError
from onearm.stats.arguments import (
    Flags,
    Numbers,
    above_zero,
    checked_days,
    checked_flags,
    inside,
    listed,
    one_of,
    real,
    same_length,
    whole,
)
from onearm.stats.tied_times import NearTies, merge_near_ties

CumulativeHazard = Callable[[float], float]

NO_COMPARISON = "not estimable: at no event were patients of two groups at risk"


@dataclass(frozen=True, slots=True)
class GroupEvents:
    """One group: ``n`` patients, events observed and expected, variance of the difference."""

    group: Hashable
    n: int
    observed: int
    expected: float
    variance: float


@dataclass(frozen=True, slots=True)
class LogRank:
    """A log-rank test of several groups, in the order in which they first appear.

    ``p_value`` is two-sided, in [0, 1]. Both are None, with a note, where the
    groups cannot be compared.
    """

    groups: tuple[GroupEvents, ...]
    chi_square: float | None
    degrees: int
    p_value: float | None
    near_ties: NearTies
    note: str


@dataclass(frozen=True, slots=True)
class OneSampleLogRank:
    """A one-sample log-rank test, and the ratio of observed to expected events.

    ``p_value`` and ``p_value_wu`` are one-sided, in (0, 1): small if fewer
    events were seen than expected. ``lower`` and ``upper`` are the exact
    two-sided Poisson limits of ``ratio`` at ``level``.
    """

    observed: int
    expected: float
    z: float
    p_value: float
    z_wu: float
    p_value_wu: float
    ratio: float
    lower: float
    upper: float
    level: float


def logrank(
    days: Numbers,
    events: Flags,
    groups: Sequence[Hashable] | npt.NDArray[Any],
    *,
    near_ties: NearTies = "exact",
) -> LogRank:
    """Test whether several groups have one hazard.

    Parameters
    ----------
    days
        Shape (n,), n >= 1, > 0 and finite, any order: time to the event or
        the censoring; no missing.
    events
        Shape (n,): true or 1 for an event, false or 0 for a censoring.
    groups
        Shape (n,): the group of each patient, at least two different ones;
        no missing.
    near_ties
        "exact", as SAS has it, or "merge", as R has it (`merge_near_ties`).

    Returns
    -------
    LogRank
        Groups whose ``expected`` is 0 are listed and take no part.

    Raises
    ------
    StatError
        If days, events or groups are not as above, or the option is unknown.

    References
    ----------
    Mantel N. Cancer Chemother Rep 1966;50:163-170.
    Kalbfleisch JD, Prentice RL. The Statistical Analysis of Failure Time Data,
    2nd ed., 2002, section 1.5.

    Examples
    --------
    >>> test = logrank([1, 2, 3, 4], [1, 1, 1, 0], ["a", "a", "b", "b"])
    >>> [(one.group, one.observed, round(one.expected, 4)) for one in test.groups]
    [('a', 2, 0.8333), ('b', 1, 2.1667)]
    >>> round(test.chi_square, 4), test.degrees
    (2.8824, 1)
    """
    one_of("near_ties", near_ties, get_args(NearTies))
    times, flags = checked_days(days), checked_flags(events)
    same_length(times, flags)
    names, member = _members(groups, len(times))
    if near_ties == "merge":
        times = merge_near_ties(times)
    observed, expected, covariance = _observed_and_expected(
        np.array(times), np.array(flags, dtype=bool), member
    )
    rows = tuple(
        GroupEvents(*row)
        for row in zip(
            names,
            member.sum(axis=1).tolist(),
            observed.tolist(),
            expected.tolist(),
            np.diag(covariance).tolist(),
            strict=True,
        )
    )
    takes_part = expected > 0
    degrees = max(int(takes_part.sum()) - 1, 0)
    # The differences sum to 0: the last group adds nothing.
    difference = (observed - expected)[takes_part][:-1]
    covariance = covariance[np.ix_(takes_part, takes_part)][:-1, :-1]
    if degrees == 0 or np.linalg.matrix_rank(covariance) < degrees:
        return LogRank(rows, None, degrees, None, near_ties, NO_COMPARISON)
    chi_square = float(difference @ np.linalg.solve(covariance, difference))
    return LogRank(rows, chi_square, degrees, float(chdtrc(degrees, chi_square)), near_ties, "")


def one_sample_logrank(
    days: Numbers, events: Flags, hazard: CumulativeHazard, *, level: float = 0.95
) -> OneSampleLogRank:
    """Test whether a group has fewer events than a known hazard lets expect.

    Parameters
    ----------
    days
        Shape (n,), n >= 1, > 0 and finite: time to the event or the censoring.
    events
        Shape (n,): true or 1 for an event, false or 0 for a censoring.
    hazard
        The cumulative hazard under the null hypothesis as a function of the
        day, in the unit of ``days``; 0 or more, and never falling. From
        `exponential_hazard` or `weibull_hazard`, or -log of any survival.
    level
        Two-sided level of the limits of O/E, strictly between 0 and 1.

    Returns
    -------
    OneSampleLogRank
        ``expected`` is the sum of the hazards of all patients, those with the
        event and those censored.

    Raises
    ------
    StatError
        If days or events are not as above, or the hazard is negative, not
        finite, falls, or gives no expected event at all.

    References
    ----------
    Breslow NE. Int Stat Rev 1975;43:45-57.
    Woolson RF. Biometrics 1981;37:687-696.
    Wu J. Stat Med 2014;33:4373-4388.

    Examples
    --------
    Median 180 days under the null hypothesis: in 360 days a hazard of 2 log 2.

    >>> test = one_sample_logrank([90, 180, 360, 360], [1, 1, 0, 0], exponential_hazard(180))
    >>> round(test.expected, 4), round(test.z, 4)
    (3.8123, 0.9282)
    """
    times, flags = checked_days(days), checked_flags(events)
    same_length(times, flags)
    expected = 0.0
    before = 0.0
    for day in sorted(times):
        value = real(f"hazard({day})", hazard(day))
        if not before <= value < math.inf:
            raise StatError(
                f"hazard must be finite, at least 0, and never fall; "
                f"got {value!r} on day {day}, after {before!r}"
            )
        expected += value
        before = value
    return observed_against_expected(sum(map(bool, flags)), expected, level=level)


def observed_against_expected(
    observed: int, expected: float, *, level: float = 0.95
) -> OneSampleLogRank:
    """One-sample log-rank test from the two numbers that it compares.

    Parameters
    ----------
    observed
        Number of events, at least 0.
    expected
        Number of events expected under the null hypothesis, above 0.
    level
        Two-sided level of the limits of O/E, strictly between 0 and 1.

    Returns
    -------
    OneSampleLogRank
        ``lower`` is exactly 0 when nothing was observed.

    Raises
    ------
    StatError
        If a number is impossible or ``level`` is outside (0, 1).

    References
    ----------
    As for `one_sample_logrank`; Garwood F. Biometrika 1936;28:437-442 (limits).

    Examples
    --------
    >>> test = observed_against_expected(18, 16.3598)
    >>> round(test.z, 4), round(test.ratio, 4)
    (-0.4055, 1.1003)
    """
    observed = whole("observed", observed)
    if observed < 0:
        raise StatError(f"observed must be at least 0; got {observed}")
    expected = above_zero("expected", expected)
    tail = (1 - inside("level", level)) / 2
    z = (expected - observed) / math.sqrt(expected)
    z_wu = (expected - observed) / math.sqrt((observed + expected) / 2)
    # The tail equations of the Poisson distribution solve to gamma quantiles.
    lower = 0.0 if observed == 0 else float(gammaincinv(observed, tail)) / expected
    upper = float(gammaincinv(observed + 1, 1 - tail)) / expected
    return OneSampleLogRank(
        observed,
        expected,
        z,
        float(ndtr(-z)),
        z_wu,
        float(ndtr(-z_wu)),
        observed / expected,
        lower,
        upper,
        float(level),
    )


def exponential_hazard(day: float, survival: float = 0.5) -> CumulativeHazard:
    """Cumulative hazard of the exponential distribution with that survival on that day.

    Parameters
    ----------
    day
        Finite and above 0; with ``survival`` left out, the median.
    survival
        Proportion without an event on ``day``, strictly between 0 and 1.

    Returns
    -------
    callable
        Takes a day in the same unit, gives the cumulative hazard.

    Raises
    ------
    StatError
        If an argument is outside its range.

    Examples
    --------
    >>> round(exponential_hazard(180)(360), 4)  # twice log 2
    1.3863
    """
    return weibull_hazard(day, survival, shape=1.0)


def weibull_hazard(day: float, survival: float = 0.5, *, shape: float) -> CumulativeHazard:
    """Cumulative hazard of the Weibull distribution with that survival on that day.

    -log(survival) (t / day)^shape.

    Parameters
    ----------
    day
        Finite and above 0; with ``survival`` left out, the median.
    survival
        Proportion without an event on ``day``, strictly between 0 and 1.
    shape
        Finite and above 0: below 1 the hazard falls with time, above 1 it
        rises; 1 is the exponential distribution.

    Returns
    -------
    callable
        Takes a day in the same unit, gives the cumulative hazard.

    Raises
    ------
    StatError
        If an argument is outside its range.

    Examples
    --------
    >>> round(weibull_hazard(3, 0.6, shape=0.5)(12), 4)  # twice -log 0.6
    1.0217
    """
    day, shape = above_zero("day", day), above_zero("shape", shape)
    at_day = -math.log(inside("survival", survival, "0.5"))
    return lambda time: at_day * (time / day) ** shape


def _members(
    groups: Sequence[Hashable] | npt.NDArray[Any], n: int
) -> tuple[tuple[Hashable, ...], npt.NDArray[np.bool_]]:
    """Return the groups as they first appear, and who belongs to each: shape (k, n)."""
    found = listed("groups", groups)
    if len(found) != n:
        raise StatError(
            f"days and groups must be of one length; got {n} days and {len(found)} groups"
        )
    for position, group in enumerate(found):
        if group is None or group != group:  # None or NaN
            raise StatError(f"groups[{position}] is missing; got {group!r}")
    names = tuple(dict.fromkeys(found))
    if len(names) < 2:
        raise StatError(f"groups must hold at least two different ones; got {names[0]!r} alone")
    return names, np.array([[group == name for group in found] for name in names])


def _observed_and_expected(
    times: npt.NDArray[np.float64],
    flags: npt.NDArray[np.bool_],
    member: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Events observed and expected in each group, and the covariance of the differences."""
    expected = np.zeros(len(member))
    covariance = np.zeros((len(member), len(member)))
    for time in np.unique(times[flags]):
        at_risk = member[:, times >= time].sum(axis=1)
        n = int(at_risk.sum())
        failed = int((flags & (times == time)).sum())
        share = at_risk / n
        expected += failed * share
        if n > 1:
            factor = failed * (n - failed) / (n - 1)
            covariance += factor * (np.diag(share) - np.outer(share, share))
    return member[:, flags].sum(axis=1), expected, covariance
