"""Cumulative incidence with competing risks: the Aalen-Johansen estimator.

Takes days and the cause of each end (None for censored), returns a frozen curve
at full precision. Days may be any unit of time. Knows nothing of patients.

At a time with d events of all causes, d_k of cause k, among n at risk, with S
the product of (1 - d/n) over the times before: the incidence of k rises by
S d_k / n. Events come before censorings of the same time; nothing is moved to
break ties. With F the incidence and D = F(t) - F(t_i), two variances:

``aalen``: of counting processes, each cause by itself, as R's cmprsk has it and
SAS by default (Aalen 1978):

    sum over t_i <= t of  (S- - D S-/S)^2 d_k (n - d_k) / (n^2 (n - 1))
                        + (D S-/S)^2      d_o (n - d_o) / (n^2 (n - 1))

with S- and S before and after t_i, d_o the events of other causes, and
(n - d)/(n - 1) read as 1 where d is 1. ``delta``: the delta method for
multinomial counts, which is what R's survival has (its infinitesimal
jackknife gives the same):

    sum over t_i <= t of  D^2 d/(n (n - d)) + S-^2 d_k (n - d_k)/n^3 - 2 D S- d_k/n^2

where a term with D is absent once S is 0. The limits are on the log-log scale
of the incidence, F^exp(-+ z se / (F log F)); where F is 0 or 1 there are none.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from scipy.special import ndtri

from onearm.errors import StatError
from onearm.stats.arguments import Numbers, checked_days, inside, one_of, real
from onearm.stats.tied_times import NearTies, merge_near_ties

Variance = Literal["aalen", "delta"]

NO_EVENT_YET = "no event of this cause yet"
BEYOND_LAST = "beyond the last time"
NO_LIMIT = "no limit: the standard error is 0 or the incidence is 1"


@dataclass(frozen=True, slots=True)
class CumulativeIncidence:
    """The incidence of one cause at each distinct time, ascending.

    ``incidence`` and limits in [0, 1]; limits are None before the first event of the
    cause. ``at_risk`` counts who was there just before; ``n_competing`` the events of
    the other causes.
    """

    cause: Hashable
    times: tuple[float, ...]
    incidence: tuple[float, ...]
    std_error: tuple[float, ...]
    lower: tuple[float | None, ...]
    upper: tuple[float | None, ...]
    at_risk: tuple[int, ...]
    n_events: tuple[int, ...]
    n_competing: tuple[int, ...]
    n_censored: tuple[int, ...]
    level: float
    variance: Variance
    near_ties: NearTies


@dataclass(frozen=True, slots=True)
class Incidence:
    """The incidence on one day, with its limits; None, with a note, where there is none."""

    day: float
    estimate: float | None
    std_error: float | None
    lower: float | None
    upper: float | None
    at_risk: int
    level: float
    note: str


@dataclass(slots=True)
class _Time:
    """How many ended at one time: by the cause, by another, by censoring."""

    events: int = 0
    competing: int = 0
    censored: int = 0


def cumulative_incidence(
    days: Numbers,
    causes: Sequence[Hashable | None],
    cause: Hashable,
    *,
    level: float = 0.95,
    variance: Variance = "aalen",
    near_ties: NearTies = "exact",
) -> CumulativeIncidence:
    """Aalen-Johansen estimate of the cumulative incidence of one cause.

    Parameters
    ----------
    days
        Shape (n,), n >= 1, > 0 and finite, any order: time to the first event
        of any cause, or to the censoring; no missing.
    causes
        Shape (n,): what ended the time; None for a censoring.
    cause
        The cause of interest; every other one competes. It need not occur.
    level
        Two-sided confidence level, strictly between 0 and 1.
    variance
        "aalen" (cmprsk, SAS by default) or "delta" (survival).
    near_ties
        "exact", or "merge" as R's survival has it (`merge_near_ties`).

    Returns
    -------
    CumulativeIncidence
        The incidences of all causes and the Kaplan-Meier curve of any cause
        add up to 1 at each time.

    Raises
    ------
    StatError
        If days or causes are not as above, ``cause`` is None, or an option is
        unknown.

    References
    ----------
    Aalen OO, Johansen S. Scand J Stat 1978;5:141-150.
    Aalen OO. Ann Stat 1978;6:534-545.

    Examples
    --------
    >>> curve = cumulative_incidence([1, 2, 3, 4], ["ir", "death", "ir", None], "ir")
    >>> curve.incidence
    (0.25, 0.25, 0.5, 0.5)
    """
    one_of("variance", variance, get_args(Variance))
    one_of("near_ties", near_ties, get_args(NearTies))
    level = inside("level", level)
    if cause is None:
        raise StatError("cause must name an event; None stands for a censoring")
    times = checked_days(days)
    if len(times) != len(causes):
        raise StatError(
            f"days and causes must be of one length; got {len(times)} days and {len(causes)} causes"
        )
    if near_ties == "merge":
        times = merge_near_ties(times)
    steps: dict[float, _Time] = {}
    for day, found in sorted(zip(times, causes, strict=True), key=lambda pair: pair[0]):
        step = steps.setdefault(day, _Time())
        if found is None:
            step.censored += 1
        elif found == cause:
            step.events += 1
        else:
            step.competing += 1
    return _curve(steps, cause, level, variance, near_ties)


def _curve(
    steps: dict[float, _Time],
    cause: Hashable,
    level: float,
    variance: Variance,
    near_ties: NearTies,
) -> CumulativeIncidence:
    left = sum(step.events + step.competing + step.censored for step in steps.values())
    s, f = 1.0, 0.0
    sums = _Sums()
    z = float(ndtri(0.5 + level / 2))
    rows: list[tuple[float, float, float | None, float | None, int]] = []
    for step in steps.values():
        ended = step.events + step.competing
        after = 0.0 if ended == left else s * (1 - ended / left)
        f += s * step.events / left
        if ended:
            sums.add(variance, left, step, s, after, f)
        error = math.sqrt(max(0.0, sums.variance(f)))
        rows.append((f, error, *_limits(f, error, z), left))
        left -= ended + step.censored
        s = after
    incidence, errors, lower, upper, at_risk = zip(*rows, strict=True)
    return CumulativeIncidence(
        cause,
        tuple(steps),
        incidence,
        errors,
        lower,
        upper,
        at_risk,
        tuple(step.events for step in steps.values()),
        tuple(step.competing for step in steps.values()),
        tuple(step.censored for step in steps.values()),
        level,
        variance,
        near_ties,
    )


@dataclass(slots=True)
class _Sums:
    """The variance of F(t) as a polynomial of F(t): constant, linear and square part.

    At each time the variance adds (a - b (F(t) - F))^2 w, so that three sums are enough.
    """

    constant: float = 0.0
    linear: float = 0.0
    square: float = 0.0

    def add(
        self, variance: Variance, n: int, step: _Time, before: float, after: float, f: float
    ) -> None:
        """Add a time with ``n`` at risk, survival before and after, and incidence ``f`` after."""
        ratio = before / after if after else 0.0  # once nobody is left, F does not move
        if variance == "delta":
            d, own = step.events + step.competing, step.events
            spread = d / (n * (n - d)) if n > d else 0.0
            mixed = before * own / n**2 if n > d else 0.0
            self._expand(before**2 * own * (n - own) / n**3, mixed, spread, f)
            return
        for count, start in ((step.events, before), (step.competing, 0.0)):
            if count:
                ties = (n - count) / (n - 1) if count > 1 else 1.0
                weight = count * ties / n**2
                self._expand(start**2 * weight, start * ratio * weight, ratio**2 * weight, f)

    def _expand(self, constant: float, mixed: float, spread: float, f: float) -> None:
        """Add constant - 2 mixed (F(t) - f) + spread (F(t) - f)^2."""
        self.constant += constant + 2 * mixed * f + spread * f**2
        self.linear += -2 * mixed - 2 * spread * f
        self.square += spread

    def variance(self, f: float) -> float:
        """Return the variance at F(t) = f."""
        return self.constant + self.linear * f + self.square * f**2


def _limits(f: float, error: float, z: float) -> tuple[float | None, float | None]:
    if not 0 < f < 1 or error == 0:
        return None, None
    half = z * error / (f * math.log(f))  # below 0
    # F^exp(x), where exp(x) above 1 makes it smaller.
    return f ** math.exp(-half), f ** math.exp(half)


def incidence_at(curve: CumulativeIncidence, day: float) -> Incidence:
    """Read the incidence on one day.

    Parameters
    ----------
    curve
        From `cumulative_incidence`.
    day
        At least 0, finite.

    Returns
    -------
    Incidence
        0 before the first event of the cause, without limits; nothing beyond
        the last time, unless nobody was left there without an event.

    Raises
    ------
    StatError
        If the day is negative or not finite.

    Examples
    --------
    >>> curve = cumulative_incidence([1, 2, 3, 4], ["ir", "death", "ir", None], "ir")
    >>> incidence_at(curve, 2.5).estimate, incidence_at(curve, 5).note
    (0.25, 'beyond the last time')
    """
    day = real("day", day)
    if not 0 <= day < math.inf:
        raise StatError(f"day must be finite and at least 0; got {day!r}")
    i = bisect_right(curve.times, day) - 1
    left = curve.at_risk[i + 1] if i + 1 < len(curve.times) else 0
    if i < 0:
        return Incidence(day, 0.0, 0.0, None, None, left, curve.level, NO_EVENT_YET)
    if day > curve.times[-1] and curve.n_censored[-1]:
        return Incidence(day, None, None, None, None, 0, curve.level, BEYOND_LAST)
    f, lower = curve.incidence[i], curve.lower[i]
    note = "" if lower is not None else NO_EVENT_YET if f == 0 else NO_LIMIT
    return Incidence(
        day, f, curve.std_error[i], lower, curve.upper[i], left, curve.level, note
    )  # fmt: skip
