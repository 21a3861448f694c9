"""Exact chances of a trial that is looked at while patients come in.

Takes stopping bounds on one count (responders, or patients with toxicity), gives
the chance to stop at each look, the expected size and the chance to end above.
The count is carried from look to look by its exact distribution; nothing is
simulated. Knows no prior, no endpoint and no optimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from onearm.design.arguments import LARGEST_N, exact
from onearm.errors import DesignError

Floats = NDArray[np.float64]
TIE = 1e-12  # two probabilities closer than this are equal


@dataclass(frozen=True, slots=True)
class Look:
    """One look: stop when the count is at most ``low``, or at least ``high``.

    None where the look has no such bound, or where no count of n reaches it.
    """

    n: int
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Operating:
    """What a stopping rule does when the true rate is ``rate``; all exact.

    ``above`` is the chance to end at or above the upper bound of any look,
    ``below`` at or below the lower bound, ``undecided`` neither by the last
    look. ``stop_early`` counts the looks before the last, ``stop_at`` is the
    chance to end at each, and ``expected_n`` the mean number of patients.
    """

    rate: float
    above: float
    below: float
    undecided: float
    stop_early: float
    stop_early_above: float
    stop_early_below: float
    expected_n: float
    stop_at: tuple[float, ...]


def operating(looks: Sequence[Look], rate: float) -> Operating:
    """Return the exact operating characteristics of a rule at one true rate.

    Parameters
    ----------
    looks
        In order of n, at least one; n up to 1000.
    rate
        The true proportion, in [0, 1].

    Raises
    ------
    DesignError
        If the looks do not grow or a look stops for every count before the last.

    Examples
    --------
    Simon's design 1/10 5/29 at p = 0.10:

    >>> simon = [Look(10, 1, None), Look(29, 5, 6)]
    >>> at = operating(simon, 0.10)
    >>> round(at.above, 4), round(at.expected_n, 2), round(at.stop_early, 4)
    (0.0471, 15.01, 0.7361)
    """
    _check(looks)
    if not 0 <= exact("rate", rate) <= 1:
        raise DesignError(f"rate must be a proportion from 0 to 1; got {rate}")
    state = np.ones(1)
    n, above, below, size = 0, [], [], 0.0
    for look in looks:
        state = np.convolve(state, binomial_pmf(look.n - n, rate))
        n = look.n
        low, high = -1 if look.low is None else look.low, n + 1 if look.high is None else look.high
        below.append(float(state[: low + 1].sum()))
        above.append(float(state[high:].sum()))
        size += n * (below[-1] + above[-1])
        state[: low + 1] = 0.0
        state[high:] = 0.0
    undecided = float(state.sum())
    stop_at = [a + b for a, b in zip(above, below, strict=True)]
    stop_at[-1] += undecided
    return Operating(
        rate=rate,
        above=sum(above),
        below=sum(below),
        undecided=undecided,
        stop_early=sum(above[:-1]) + sum(below[:-1]),
        stop_early_above=sum(above[:-1]),
        stop_early_below=sum(below[:-1]),
        expected_n=size + n * undecided,
        stop_at=tuple(stop_at),
    )


def table(looks: Sequence[Look], rates: Sequence[float]) -> tuple[Operating, ...]:
    """Return the operating characteristics at several true rates."""
    return tuple(operating(looks, rate) for rate in rates)


def grid_of_rates(p0: float, p1: float) -> tuple[float, ...]:
    """Return seven rates around a null and a target, both among them.

    >>> grid_of_rates(0.2, 0.4)
    (0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
    """
    low, high = exact("p0", p0), exact("p1", p1)
    step = (high - low) / 4
    inner = [low + i * step for i in range(5)]
    around = [low - 2 * step if low > 2 * step else low / 2, *inner]
    around.append(high + 2 * step if high + 2 * step < 1 else (high + 1) / 2)
    return tuple(float(rate) for rate in around)


@lru_cache(maxsize=4096)
def _pmf(n: int, rate: float) -> tuple[float, ...]:
    if rate in (0.0, 1.0):
        return tuple(float(k == n * rate) for k in range(n + 1))
    from scipy.special import gammaln

    k = np.arange(n + 1)
    logs = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    values = np.exp(logs + k * np.log(rate) + (n - k) * np.log1p(-rate))
    return tuple((values / values.sum()).tolist())


def binomial_pmf(n: int, rate: float) -> Floats:
    """Return P(X = k), k from 0 to n, for X binomial."""
    return np.array(_pmf(n, rate))


def _check(looks: Sequence[Look]) -> None:
    before = 0
    for look in looks:
        if not before < look.n <= LARGEST_N:
            raise DesignError(
                f"looks must grow and stay within {LARGEST_N} patients; got {look.n} after {before}"
            )
        if look.low is not None and look.high is not None and look.low >= look.high:
            raise DesignError(
                f"the bounds at n = {look.n} overlap: stop at <= {look.low} and at >= {look.high}"
            )
        before = look.n
    if not looks:
        raise DesignError("at least one look is needed; got none")
