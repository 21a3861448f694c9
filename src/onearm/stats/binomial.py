"""The binomial distribution: its tails, and the limits that are solved from them.

Takes counts and a rate, gives probabilities and rates at full precision.
Arguments are taken as checked. Limits are lower ones; the upper limit for x of
n is 1 minus the lower one for n - x of n.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import bdtr, betainc, betaincinv, gammaln, xlog1py, xlogy

# R's binom.test calls two probabilities equal when they agree to this relative error.
_RELATIVE_ERROR = 1 + 1e-7
_HALVINGS = 200  # more than the bisection of any bracket within [0, 1] can take


def at_least(successes: int, trials: int, rate: float) -> float:
    """P(X >= successes), as an incomplete beta function."""
    if successes <= 0:
        return 1.0
    if successes > trials:  # scipy 1.11 has no incomplete beta function there
        return 0.0
    return float(betainc(successes, trials - successes + 1, rate))


def at_most(successes: int, trials: int, rate: float) -> float:
    """P(X <= successes)."""
    return at_least(trials - successes, trials, 1 - rate)


def as_extreme(successes: int, trials: int, rate: float) -> float:
    """Two tails: the one that ends at ``successes``, and all not likelier on the other side."""
    counts = np.arange(trials + 1)
    mean = trials * rate
    if successes == mean:
        return 1.0
    log_probability = (
        gammaln(trials + 1)
        - gammaln(counts + 1)
        - gammaln(trials - counts + 1)
        + xlogy(counts, rate)
        + xlog1py(trials - counts, -rate)
    )
    not_likelier = log_probability <= log_probability[successes] + math.log(_RELATIVE_ERROR)
    if successes < mean:
        beyond = int(np.count_nonzero(not_likelier[counts > mean]))
        tails = at_most(successes, trials, rate) + (
            at_least(trials - beyond + 1, trials, rate) if beyond else 0.0
        )
    else:
        beyond = int(np.count_nonzero(not_likelier[counts < mean]))
        tails = at_least(successes, trials, rate) + (
            at_most(beyond - 1, trials, rate) if beyond else 0.0
        )
    return min(1.0, tails)


def exact_lower(successes: float, trials: int, tail: float) -> float:
    """Return the rate at which P(X >= successes) is ``tail``: a beta quantile; 0 at 0."""
    if successes == 0:
        return 0.0
    return float(betaincinv(successes, trials - successes + 1, tail))


def mid_p_lower(successes: int, trials: int, tail: float) -> float:
    """Return the rate at which P(X > successes) + P(X = successes) / 2 is ``tail``; 0 at 0."""
    if successes == 0:
        return 0.0

    def is_above(rate: float) -> bool:
        beyond = at_least(successes + 1, trials, rate)
        return (beyond + at_least(successes, trials, rate)) / 2 >= tail

    # It lies between the limits of Clopper and Pearson, which put all of P(X = successes) in one
    # tail or the other.
    high = 1 - exact_lower(trials - successes, trials, tail)
    return _first_above(is_above, exact_lower(successes, trials, tail), high)


def blaker_lower(successes: int, trials: int, error: float) -> float:
    """Return the smallest rate that is acceptable at ``error``; 0 at 0.

    Below the rate at which the upper tail T(p) = P(X >= successes) is 1/2, the
    acceptability of p is T(p) + P(X <= k), where k is the largest count with
    P(X <= k) <= T(p). As p rises so does k, and the acceptability jumps where
    it does; between two jumps it is 1 - P(k < X < successes), which falls at
    first and then rises. So from one jump to the next, going up from the limit
    of Clopper and Pearson: the limit is the jump if the acceptability there
    reaches ``error``, else it lies before the next jump if it is reached there,
    else further on. The end is the jump to k = successes - 1, where the
    acceptability is 1.
    """
    if successes == 0:
        return 0.0
    start = exact_lower(successes, trials, error / 2)
    below = bdtr(np.arange(successes), trials, start)
    k = int(np.searchsorted(below, at_least(successes, trials, start), side="right")) - 1
    while True:
        if _acceptability(k, successes, trials, start) >= error:
            return start
        jump = _jump(k + 1, successes, trials, start)
        if _acceptability(k, successes, trials, jump) >= error:
            return _rise(k, successes, trials, error, start, jump)
        start, k = jump, k + 1


def _acceptability(k: int, successes: int, trials: int, rate: float) -> float:
    """P(X >= successes) + P(X <= k)."""
    return at_least(successes, trials, rate) + (at_most(k, trials, rate) if k >= 0 else 0.0)


def _jump(k: int, successes: int, trials: int, low: float) -> float:
    """Return the rate at which P(X <= k) has fallen to P(X >= successes)."""

    def has_fallen(rate: float) -> bool:
        return at_most(k, trials, rate) <= at_least(successes, trials, rate)

    return low if has_fallen(low) else _first_above(has_fallen, low, 1.0)


def _rise(k: int, successes: int, trials: int, error: float, low: float, high: float) -> float:
    """Return where the acceptability, below ``error`` at low, rises to it for good."""
    return _first_above(lambda rate: _acceptability(k, successes, trials, rate) >= error, low, high)


def _first_above(is_above: Callable[[float], bool], low: float, high: float) -> float:
    """Halve until two neighbouring numbers are left; the answer is yes at ``high``, no at low."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if is_above(middle):
            high = middle
        else:
            low = middle
    return high
