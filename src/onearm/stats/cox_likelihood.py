"""The partial likelihood of Cox's model: its value, slope, information, and limits at infinity.

Takes covariates and risk sets, gives numbers. With Firth's penalty, half the
logarithm of the determinant of the information is added (Heinze and Schemper
2001); the slope of the information is a sum of third central moments over the
risk sets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Ties = Literal["breslow", "efron"]
Floats = npt.NDArray[np.float64]


class Point(NamedTuple):
    """The likelihood at one beta: value, gradient, information."""

    value: float
    gradient: Floats
    information: Floats


@dataclass(frozen=True)
class Likelihood:
    """Covariates (n, p), their sum over the events (p,), and who was at risk (events, n).

    Covariates are centred: that changes no likelihood and loses no digits.
    """

    x: Floats
    of_events: Floats
    risk: Floats
    is_firth: bool

    @cached_property
    def spread(self) -> Floats:
        """The range of each covariate."""
        found: Floats = self.x.max(axis=0) - self.x.min(axis=0)
        return found

    @cached_property
    def _squares(self) -> Floats:
        n = len(self.x)
        return (self.x[:, :, None] * self.x[:, None, :]).reshape(n, -1)

    @cached_property
    def _cubes(self) -> Floats:
        n = len(self.x)
        return (self._squares[:, :, None] * self.x[:, None, :]).reshape(n, -1)

    def at(self, beta: Floats) -> Point:
        """Return the (penalised) log likelihood, its slope, and the information."""
        p = len(beta)
        eta = self.x @ beta
        top = float(eta.max())
        weights = self.risk * np.exp(eta - top)
        total = weights.sum(axis=1)
        if not total.all():  # everybody of a risk set is far below the highest
            return Point(-math.inf, np.zeros(p), np.zeros((p, p)))
        share = weights / total[:, None]
        mean = share @ self.x
        second = share @ self._squares
        value = float(self.of_events @ beta - np.log(total).sum() - top * len(total))
        gradient: Floats = self.of_events - mean.sum(axis=0)
        information: Floats = second.sum(axis=0).reshape(p, p) - mean.T @ mean
        if not self.is_firth:
            return Point(value, gradient, information)
        sign, log_det = np.linalg.slogdet(information)
        if sign <= 0:
            return Point(-math.inf, gradient, information)
        slope = self._slope(share, mean, second.reshape(-1, p, p))
        penalty = 0.5 * np.einsum("rs,rst->t", np.linalg.inv(information), slope)
        return Point(value + 0.5 * float(log_det), gradient + penalty, information)

    def _slope(self, share: Floats, mean: Floats, second: Floats) -> Floats:
        """Return the third central moments, summed over the events."""
        p = mean.shape[1]
        third = (share @ self._cubes).sum(axis=0).reshape(p, p, p)
        mixed = np.einsum("ers,et->rst", second, mean)
        cube = np.einsum("er,es,et->rst", mean, mean, mean)
        found: Floats = (
            third - mixed - mixed.transpose(0, 2, 1) - mixed.transpose(2, 1, 0) + 2 * cube
        )
        return found

    def rises_for_ever(self, r: int) -> int:
        """Return 1 or -1 if the likelihood rises for ever as coefficient r grows or falls, else 0.

        Far out its slope is the sum over the events of how far the covariate of the
        subject with the event is below the highest (above the lowest) at risk.
        """
        column = self.x[:, r]
        most = np.where(self.risk > 0, column, -np.inf).max(axis=1).sum()
        least = np.where(self.risk > 0, column, np.inf).min(axis=1).sum()
        nothing = 1e-9 * float(self.spread[r]) * len(self.risk)
        if most - self.of_events[r] <= nothing:
            return 1
        return -1 if self.of_events[r] - least <= nothing else 0

    def smallest_gap(self, r: int) -> float:
        """Return the smallest difference between two values of a covariate."""
        return float(np.diff(np.unique(self.x[:, r])).min())


def risk_sets(times: Floats, begins: Floats, has_event: npt.NDArray[Any], ties: Ties) -> Floats:
    """Return for each event who is at risk, (events, n), with the weights of tied rows."""
    rows: list[Floats] = []
    for day in np.unique(times[has_event]):
        is_at_risk = ((begins < day) & (day <= times)).astype(np.float64)
        is_tied = has_event & (times == day)
        d = int(is_tied.sum())
        for position in range(d):
            less = position / d if ties == "efron" else 0.0
            rows.append(is_at_risk - less * is_tied)
    return np.array(rows) if rows else np.zeros((0, len(times)))
