"""Monitoring by predictive probability (Lee and Liu 2008), exact.

Takes rates, a prior and thresholds, gives a table of stopping bounds and its
exact operating characteristics. The rule, at each look with x responders of n:

- PP is the chance, given the data so far, that the trial would end with
  P(p > p0) > theta_t at its last patient.
- PP < theta_l: stop, not promising. PP > theta_u: stop, promising; theta_u = 1
  never stops so. A value equal to a threshold (to 1e-12) is neither.
- At the last look PP is 0 or 1: promising if P(p > p0) > theta_t.

The bounds do not change while a threshold moves within an interval, and that
interval is what a design really states: it is given with every design.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import betaln, gammaln

from onearm.design.arguments import (
    beta_parameters,
    look_sizes,
    one_sided,
    power_above_half,
    proportion,
    rates,
    shortest_decimal,
    whole,
)
from onearm.design.beta import BetaMixture, Floats
from onearm.design.looks import TIE, Look, Operating, operating
from onearm.errors import DesignError

Prior = tuple[float, float]
LARGEST_TRIAL = 400  # every count at every look has a predictive probability of its own


@dataclass(frozen=True, slots=True)
class PredictiveDesign:
    """A trial of n patients that is watched by predictive probability.

    ``r`` is the last number of responders that is not promising at n:
    promising if r + 1 or more respond. The bounds are the same for every
    theta_t in [theta_t_from, theta_t_to) and, given r, for every theta_l in
    (theta_l_from, theta_l_to]. ``null`` and ``target`` are the exact operating
    characteristics at p0 and p1: alpha is ``null.above``, power ``target.above``.
    """

    p0: float
    p1: float
    n: int
    prior: Prior
    theta_t: float
    theta_l: float
    theta_u: float
    r: int
    theta_t_from: float
    theta_t_to: float
    theta_l_from: float
    theta_l_to: float
    looks: tuple[Look, ...]
    null: Operating
    target: Operating

    @property
    def alpha(self) -> float:
        """One-sided error at p0."""
        return self.null.above

    @property
    def power(self) -> float:
        """Chance of a promising result at p1."""
        return self.target.above


def predictive_probability(
    responders: int, n: int, n_max: int, p0: float, theta_t: float, prior: Prior | None = None
) -> float:
    """Return the predictive probability of a promising end.

    Parameters
    ----------
    responders, n
        Responders so far of n patients, 0 <= responders <= n <= n_max.
    n_max
        Patients at the end.
    p0
        Null rate, in (0, 1).
    theta_t
        Promising at the end if P(p > p0) exceeds it, in (0, 1).
    prior
        a and b of Beta(a, b); by default p0 and 1 - p0, worth one patient.

    References
    ----------
    Lee JJ, Liu DD. Clin Trials 2008;5:93-106.

    Examples
    --------
    The example of the paper, printed 0.5656 there:

    >>> round(predictive_probability(16, 23, 40, 0.6, 0.9, (0.6, 0.4)), 7)
    0.5655589
    """
    null, level = proportion("p0", p0), proportion("theta_t", theta_t)
    last = whole("n_max", n_max, most=LARGEST_TRIAL)
    now = whole("n", n, least=0, most=last)
    count = whole("responders", responders, least=0, most=now)
    a, b = beta_parameters("prior", prior or (null, 1 - null))
    return float(_predictive(now, last, _bound(last, null, level, (a, b)), (a, b))[count])


def predictive_design(
    p0: float,
    p1: float,
    looks: Sequence[int],
    *,
    theta_t: float,
    theta_l: float,
    theta_u: float = 1.0,
    prior: Prior | None = None,
) -> PredictiveDesign:
    """Return the stopping bounds and exact operating characteristics of a design.

    Parameters
    ----------
    p0, p1
        Null and target rate, 0 < p0 < p1 < 1.
    looks
        Patients at each look, ascending; the last is the size of the trial, at
        most 400.
    theta_t, theta_l, theta_u
        Thresholds as in the module's text, theta_l < theta_u.
    prior
        a and b of Beta(a, b); by default p0 and 1 - p0.

    Raises
    ------
    DesignError
        If a number is outside its range, or no result would be promising.

    References
    ----------
    Lee JJ, Liu DD. Clin Trials 2008;5:93-106.

    Examples
    --------
    The example of the paper: looks at each patient from the tenth on. It searches
    theta_t in steps of 0.001 and prints 0.852 to 0.922, the first and last of them.

    >>> plan = predictive_design(0.2, 0.4, range(10, 37), theta_t=0.9, theta_l=0.001)
    >>> plan.r, round(plan.theta_t_from, 4), round(plan.theta_t_to, 4)
    (10, 0.8511, 0.9227)
    >>> round(plan.alpha, 3), round(plan.power, 3)
    (0.088, 0.906)
    """
    null, target = rates(p0, p1)
    sizes = look_sizes(looks)
    whole("the last look", sizes[-1], most=LARGEST_TRIAL)
    level = proportion("theta_t", theta_t)
    low = proportion("theta_l", theta_l, closed=True)
    high = proportion("theta_u", theta_u, closed=True)
    if low >= high:
        raise DesignError(f"theta_l must be less than theta_u; got {theta_l} and {theta_u}")
    weights = beta_parameters("prior", prior or (null, 1 - null))
    r = _bound(sizes[-1], null, level, weights)
    if r >= sizes[-1]:
        raise DesignError(
            f"not even {sizes[-1]} of {sizes[-1]} responders are promising at theta_t = {theta_t}; "
            "lower theta_t or plan more patients"
        )
    bounds = _bounds(sizes, r, low, high, weights)
    exceeding = _exceeding(sizes[-1], null, weights)
    between = _same_bounds(bounds, r, weights)
    return PredictiveDesign(
        p0=null,
        p1=target,
        n=sizes[-1],
        prior=weights,
        theta_t=level,
        theta_l=low,
        theta_u=high,
        r=r,
        theta_t_from=float(exceeding[r]) if r >= 0 else 0.0,
        theta_t_to=float(exceeding[r + 1]),
        theta_l_from=between[0],
        theta_l_to=between[1],
        looks=bounds,
        null=operating(bounds, null),
        target=operating(bounds, target),
    )


def find_predictive_design(
    p0: float,
    p1: float,
    *,
    alpha: float,
    power: float,
    first_look: int = 10,
    every: int = 1,
    n_from: int | None = None,
    n_to: int = 100,
    prior: Prior | None = None,
) -> PredictiveDesign:
    """Return the smallest trial with futility stopping that keeps alpha and power.

    For each n, every bound at the end and every threshold theta_l that makes
    another table is tried. Of the tables of the smallest n that keep both, the
    one with the smallest expected size at p0 is given; theta_t and theta_l are
    the shortest decimals within their intervals.

    Parameters
    ----------
    alpha, power
        One-sided error and power, both exact over the whole stopping rule.
    first_look, every
        Patients at the first look, and between looks.
    n_from, n_to
        Sizes that are tried; by default from the first look to 100.

    Raises
    ------
    DesignError
        If a number is outside its range or no size up to ``n_to`` keeps both.

    References
    ----------
    Lee JJ, Liu DD. Clin Trials 2008;5:93-106.

    Examples
    --------
    >>> plan = find_predictive_design(0.2, 0.4, alpha=0.1, power=0.9)
    >>> plan.n <= 36, plan.alpha <= 0.1, plan.power >= 0.9
    (True, True, True)
    """
    null, target = rates(p0, p1)
    error, wanted = one_sided(alpha), power_above_half(power)
    first = whole("first_look", first_look)
    step = whole("every", every)
    last = whole("n_to", n_to, most=200)
    weights = beta_parameters("prior", prior or (null, 1 - null))
    for n in range(whole("n_from", n_from or first + 1, least=first), last + 1):
        sizes = tuple(sorted({*range(first, n, step), n}))
        found = [
            plan
            for r in _final_bounds(n, target, wanted)
            if (plan := _best_for(sizes, r, null, target, error, wanted, weights))
        ]
        if found:
            return min(found, key=lambda plan: (plan.null.expected_n, plan.alpha))
    raise DesignError(
        f"no trial of up to {last} patients keeps alpha {alpha} and power {power}; "
        "raise n_to (at most 200), or widen the distance from p0 to p1"
    )


def _final_bounds(n: int, p1: float, power: float) -> list[int]:
    """Return the bounds at n that keep the power without any look before.

    Stopping for futility only lowers the chance to end above the bound.
    """
    return [r for r in range(n) if operating([Look(n, r, r + 1)], p1).above >= power - TIE]


def _best_for(
    sizes: tuple[int, ...],
    r: int,
    p0: float,
    p1: float,
    alpha: float,
    power: float,
    prior: Prior,
) -> PredictiveDesign | None:
    """Return the design with the highest theta_l that keeps the power, if it keeps alpha."""
    n = sizes[-1]
    # Each distinct PP of a state that may be reached is a place where the table changes.
    places = sorted(
        {1.0, *(float(v) for m in sizes[:-1] for v in _predictive(m, n, r, prior) if v)}
    )
    low, high = -1, len(places)  # the power falls as theta_l grows
    while high - low > 1:
        middle = (low + high) // 2
        looks = _bounds(sizes, r, places[middle], 1.0, prior)
        if operating(looks, p1).above >= power - TIE:
            low = middle
        else:
            high = middle
    if low < 0:
        return None
    looks = _bounds(sizes, r, places[low], 1.0, prior)
    null = operating(looks, p0)
    if null.above > alpha + TIE:
        return None
    exceeding = _exceeding(n, p0, prior)
    t_from = float(exceeding[r]) if r >= 0 else 0.0
    between = _same_bounds(looks, r, prior)
    return PredictiveDesign(
        p0=p0,
        p1=p1,
        n=n,
        prior=prior,
        theta_t=shortest_decimal(t_from, float(exceeding[r + 1])),
        theta_l=shortest_decimal(*between),
        theta_u=1.0,
        r=r,
        theta_t_from=t_from,
        theta_t_to=float(exceeding[r + 1]),
        theta_l_from=between[0],
        theta_l_to=between[1],
        looks=looks,
        null=null,
        target=operating(looks, p1),
    )


@lru_cache(maxsize=512)
def _exceeding(n: int, p0: float, prior: Prior) -> tuple[float, ...]:
    """Return P(p > p0) for 0 to n responders of n."""
    start = BetaMixture.single(*prior)
    return tuple(start.updated(x, n).above(p0) for x in range(n + 1))


def _bound(n: int, p0: float, theta_t: float, prior: Prior) -> int:
    """Return the largest number of responders of n that is not promising, or -1."""
    return sum(value <= theta_t + TIE for value in _exceeding(n, p0, prior)) - 1


@lru_cache(maxsize=4096)
def _predictive(n: int, n_max: int, r: int, prior: Prior) -> Floats:
    """Return PP for 0 to n responders of n: the chance of more than r of n_max."""
    a, b = prior
    if n == n_max:
        return np.array([float(x > r) for x in range(n + 1)])
    left = n_max - n
    later = np.arange(left + 1)
    ways = gammaln(left + 1) - gammaln(later + 1) - gammaln(left - later + 1)
    found = np.empty(n + 1)
    for x in range(n + 1):
        if x + left <= r or x > r:  # decided, whatever comes
            found[x] = float(x > r)
            continue
        mass = np.exp(
            ways + betaln(a + x + later, b + n_max - x - later) - betaln(a + x, b + n - x)
        )
        found[x] = mass[r + 1 - x :].sum() / mass.sum()
    return found


def _bounds(
    sizes: tuple[int, ...], r: int, theta_l: float, theta_u: float, prior: Prior
) -> tuple[Look, ...]:
    looks = []
    for n in sizes[:-1]:
        values = _predictive(n, sizes[-1], r, prior)
        low = int(np.count_nonzero(values < theta_l - TIE)) - 1
        high = n + 1 - int(np.count_nonzero(values > theta_u + TIE))
        looks.append(Look(n, low if low >= 0 else None, high if high <= n else None))
    return (*looks, Look(sizes[-1], r if r >= 0 else None, r + 1))


def _same_bounds(looks: Sequence[Look], r: int, prior: Prior) -> tuple[float, float]:
    """Return the interval of theta_l that gives the same lower bounds."""
    below, above = [0.0], [1.0]
    for look in looks[:-1]:
        values = _predictive(look.n, looks[-1].n, r, prior)
        first = 0 if look.low is None else look.low + 1
        below += [float(v) for v in values[:first]]
        above += [float(v) for v in values[first : first + 1]]
    return max(below), min(above)
