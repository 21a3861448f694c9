"""Beta distributions of a rate, and mixtures of them.

Takes prior parameters and counts, gives posterior probabilities. Knows no
stopping rule. Probabilities that one rate exceeds another are integrals over
the quantiles of the second, by a double exponential rule: no sampling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, pi, sinh, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv, betaln

from onearm.design.arguments import positive
from onearm.errors import DesignError

Floats = NDArray[np.float64]


def upper_tail(
    a: float | NDArray[Any], b: float | NDArray[Any], rate: float | NDArray[Any]
) -> Floats:
    """Return P(p > rate) for p ~ Beta(a, b); arrays or numbers.

    By the mirrored lower tail: the oldest supported scipy has no ``betaincc``.
    """
    tail: Floats = betainc(b, a, 1 - rate)
    return tail


@dataclass(frozen=True, slots=True)
class BetaMixture:
    """A weighted mixture of beta distributions: tuples of weight, a and b.

    One component is an ordinary beta distribution. Weights are positive and sum
    to 1; a and b are positive.

    Examples
    --------
    >>> prior = BetaMixture.of([(1.0, 0.6, 0.4)])
    >>> prior.mean, prior.updated(16, 23).components[0][1]
    (0.6, 16.6)
    """

    components: tuple[tuple[float, float, float], ...]

    @classmethod
    def of(cls, components: Sequence[Sequence[float]]) -> BetaMixture:
        """Return a mixture; weights are scaled to sum to 1.

        Raises DesignError if there is no component or a number is not positive.
        """
        if not components:
            raise DesignError("a mixture needs at least one component; got none")
        parts = [
            tuple(
                positive(f"{what} of component {i}", value)
                for what, value in zip(("weight", "a", "b"), part, strict=True)
            )
            for i, part in enumerate(components, 1)
        ]
        total = sum(weight for weight, _, _ in parts)
        return cls(tuple((weight / total, a, b) for weight, a, b in parts))

    @classmethod
    def single(cls, a: float, b: float) -> BetaMixture:
        """Return Beta(a, b)."""
        return cls.of([(1.0, a, b)])

    @property
    def mean(self) -> float:
        """The mean of the mixture."""
        return sum(w * a / (a + b) for w, a, b in self.components)

    @property
    def sd(self) -> float:
        """The standard deviation of the mixture."""
        second = sum(w * a * (a + 1) / ((a + b) * (a + b + 1)) for w, a, b in self.components)
        return sqrt(max(0.0, second - self.mean**2))

    @property
    def effective_size(self) -> float:
        """Patients that the mixture is worth, by its mean and variance (moment matching)."""
        return self.mean * (1 - self.mean) / self.sd**2 - 1

    def updated(self, responders: int, n: int) -> BetaMixture:
        """Return the posterior after so many responders of n; weights move with the data."""
        logs = [
            np.log(w) + betaln(a + responders, b + n - responders) - betaln(a, b)
            for w, a, b in self.components
        ]
        top = max(logs)
        weights = [exp(value - top) for value in logs]
        return BetaMixture(
            tuple(
                (weight / sum(weights), a + responders, b + n - responders)
                for weight, (_, a, b) in zip(weights, self.components, strict=True)
            )
        )

    def above(self, rate: float) -> float:
        """Return the probability that the rate exceeds ``rate``."""
        return float(sum(w * upper_tail(a, b, rate) for w, a, b in self.components))

    def quantile(self, probability: float) -> float:
        """Return the rate with this probability below it, by bisection."""
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            below = sum(w * betainc(a, b, middle) for w, a, b in self.components)
            low, high = (middle, high) if below < probability else (low, middle)
        return (low + high) / 2


def probability_above(
    experimental: BetaMixture, standard: BetaMixture | float, delta: float = 0.0
) -> float:
    """Return P(experimental rate > standard rate + delta), the two independent.

    Parameters
    ----------
    experimental, standard
        Distributions of the two rates; ``standard`` may be a fixed rate.
    delta
        Difference in proportions, in [0, 1).

    Examples
    --------
    >>> round(probability_above(BetaMixture.single(1, 1), BetaMixture.single(1, 1)), 12)
    0.5
    """
    if not isinstance(standard, BetaMixture):
        return 1.0 if standard + delta < 0 else experimental.above(min(1.0, standard + delta))
    return float(
        sum(
            we * ws * _above(ae, be, as_, bs, delta)
            for we, ae, be in experimental.components
            for ws, as_, bs in standard.components
        )
    )


def _above(ae: float, be: float, as_: float, bs: float, delta: float) -> float:
    """Return P(E > S + delta), as the mean of E's upper tail over quantiles of S."""
    reach = float(betainc(as_, bs, 1 - delta))  # S beyond 1 - delta cannot be exceeded
    quantiles, weights = _quantiles(as_, bs, reach)
    return float(np.dot(weights, upper_tail(ae, be, np.minimum(1.0, quantiles + delta))))


@lru_cache(maxsize=64)
def _quantiles(a: float, b: float, reach: float) -> tuple[Floats, Floats]:
    shares, weights = _double_exponential()
    return betaincinv(a, b, shares * reach), weights * reach


@lru_cache(maxsize=1)
def _double_exponential() -> tuple[Floats, Floats]:
    """Return nodes and weights on (0, 1) that bear algebraic ends (Takahasi and Mori 1974)."""
    step = 1 / 32
    t = np.arange(-3.4, 3.4 + step / 2, step)
    bend = np.array([pi / 2 * sinh(x) for x in t])
    nodes = 1 / (1 + np.exp(-2 * bend))
    weights = step * pi / 2 * np.cosh(t) / (2 * np.cosh(bend) ** 2)
    return nodes, weights / weights.sum()
