"""Monitoring by posterior probability (Thall and Simon 1994), exact.

Takes priors of the new and the standard treatment, gives a table of stopping
bounds and its exact operating characteristics. The rule, at each look: PE is the
posterior probability that the new rate exceeds the standard rate by more than
delta. PE < futility: stop, not promising. PE > efficacy: stop, promising. A value
equal to a threshold (to 1e-12) is neither. A trial that reaches its last look
without either ends undecided. The standard rate may be a fixed number, a beta
distribution, or a mixture such as a meta-analytic prior from past trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onearm.design.arguments import beta_parameters, look_sizes, proportion, rates
from onearm.design.beta import BetaMixture, probability_above
from onearm.design.looks import TIE, Look, Operating, operating
from onearm.errors import DesignError


@dataclass(frozen=True, slots=True)
class PosteriorDesign:
    """A trial that is watched by posterior probability.

    ``standard`` is the distribution of the standard rate, or a fixed rate.
    ``null`` and ``target`` are the exact operating characteristics at p0 and p1.
    """

    p0: float
    p1: float
    n: int
    prior: tuple[float, float]
    standard: BetaMixture | float
    delta: float
    futility: float | None
    efficacy: float | None
    looks: tuple[Look, ...]
    null: Operating
    target: Operating


def posterior_design(
    p0: float,
    p1: float,
    looks: Sequence[int],
    *,
    prior: tuple[float, float],
    standard: BetaMixture | float,
    delta: float = 0.0,
    futility: float | None = 0.05,
    efficacy: float | None = None,
) -> PosteriorDesign:
    """Return the stopping bounds and exact operating characteristics of a design.

    Parameters
    ----------
    p0, p1
        True rates at which the rule is judged, 0 < p0 < p1 < 1.
    looks
        Patients at each look, ascending; the last is the size of the trial.
    prior
        a and b of the new treatment's prior Beta(a, b).
    standard
        Distribution of the standard rate, or a fixed rate in (0, 1).
    delta
        Least difference of interest, in [0, 1).
    futility, efficacy
        Thresholds of the posterior probability, or None for no such stopping.

    Raises
    ------
    DesignError
        If a number is outside its range, the thresholds are in the wrong
        order, or no look could ever stop.

    References
    ----------
    Thall PF, Simon R. Biometrics 1994;50:337-349.

    Examples
    --------
    >>> plan = posterior_design(0.3, 0.5, range(1, 41), prior=(0.6, 1.4),
    ...                         standard=BetaMixture.single(15, 35))
    >>> [(look.low, look.n) for look in plan.looks if look.n in (6, 13, 40)]
    [(0, 6), (1, 13), (6, 40)]
    """
    null, target = rates(p0, p1)
    sizes = look_sizes(looks)
    a, b = beta_parameters("prior", prior)
    control = standard if isinstance(standard, BetaMixture) else proportion("standard", standard)
    least = 0.0 if not delta else proportion("delta", delta)
    low = None if futility is None else proportion("futility", futility)
    high = None if efficacy is None else proportion("efficacy", efficacy)
    if low is not None and high is not None and low >= high:
        raise DesignError(f"futility must be less than efficacy; got {futility} and {efficacy}")
    start = BetaMixture.single(a, b)
    bounds = tuple(_look(n, start, control, least, low, high) for n in sizes)
    if all(look.low is None and look.high is None for look in bounds):
        raise DesignError(
            f"the rule never stops: up to n = {sizes[-1]} no count passes a threshold; "
            "plan more patients or move futility or efficacy"
        )
    return PosteriorDesign(
        p0=null,
        p1=target,
        n=sizes[-1],
        prior=(a, b),
        standard=control,
        delta=least,
        futility=low,
        efficacy=high,
        looks=bounds,
        null=operating(bounds, null),
        target=operating(bounds, target),
    )


def _look(
    n: int,
    start: BetaMixture,
    standard: BetaMixture | float,
    delta: float,
    futility: float | None,
    efficacy: float | None,
) -> Look:
    """Return the bounds at n; the probability grows with the responders."""

    def first(threshold: float) -> int:
        """Return the smallest count whose probability is at least ``threshold``, or n + 1."""
        low, high = -1, n + 1
        while high - low > 1:
            middle = (low + high) // 2
            reached = probability_above(start.updated(middle, n), standard, delta) >= threshold
            low, high = (low, middle) if reached else (middle, high)
        return high

    low = -1 if futility is None else first(futility - TIE) - 1
    high = n + 1 if efficacy is None else first(efficacy + TIE)
    return Look(n, low if low >= 0 else None, high if high <= n else None)
