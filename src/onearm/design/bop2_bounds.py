"""From the thresholds of a BOP2 design to its stopping bounds.

Takes lambda, gamma and eta, gives integer bounds; many settings at a time. Knows
no error rate and no optimum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from onearm.design.arguments import whole
from onearm.design.beta import upper_tail
from onearm.design.endpoints import Kind, Rates
from onearm.design.joint_looks import Counts, Floats
from onearm.design.looks import TIE
from onearm.errors import DesignError, nearest

Efficacy = Literal["none", "power", "obrien-fleming"]
EFFICACY: tuple[Efficacy, ...] = ("none", "power", "obrien-fleming")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A grid of lambda, gamma and eta."""

    efficacy: Efficacy
    lambdas: Floats
    gammas: Floats
    etas: Floats


class BoundsMaker:
    """Turns thresholds into bounds: an array (design, look, 2 futility and 2 efficacy).

    A count is at or beyond a bound in the sense of the endpoint: at most for
    futility, at least for efficacy. Toxicity is counted by its bounds, too, with
    the senses changed over. -1 and n + 1 stand for "no count".
    """

    def __init__(self, kind: Kind, null: Rates, sizes: tuple[int, ...]) -> None:
        self.kind, self.sizes = kind, sizes
        rates = [null.first] if null.second is None else [null.first, null.second]
        self.better: list[list[Floats]] = []  # endpoint, look: PP for each count, ascending
        for k, rate in enumerate(rates):
            is_toxicity = kind == "efficacy-toxicity" and k == 1
            tables = []
            for n in sizes:
                x = np.arange(n + 1)
                above = upper_tail(rate + x, 1 - rate + n - x, rate)
                tables.append(1 - above[::-1] if is_toxicity else above)
            self.better.append(tables)

    def _cutoffs(self, t: Thresholds) -> tuple[Floats, Floats]:
        """Return futility (lambda, gamma, look) and efficacy (lambda, eta, look)."""
        share = np.array(self.sizes) / self.sizes[-1]
        futility = t.lambdas[:, None, None] * share ** t.gammas[None, :, None]
        lam = t.lambdas[:, None, None]
        if t.efficacy == "power":
            efficacy = 1 - (1 - lam) * share ** t.etas[None, :, None]
        elif t.efficacy == "obrien-fleming":
            efficacy = 2 * ndtr(ndtri((1 + lam) / 2) / np.sqrt(share)) - 1
            efficacy = np.broadcast_to(efficacy, (len(t.lambdas), len(t.etas), len(share)))
        else:
            efficacy = np.full((len(t.lambdas), len(t.etas), len(share)), 2.0)
            efficacy[:, :, -1] = t.lambdas[:, None]
        return futility, efficacy

    def _tables(self, t: Thresholds) -> tuple[Counts, Counts]:
        """Return integer bounds (lambda, gamma or eta, look, endpoint), better being more."""
        below, above = self._cutoffs(t)
        futility = np.empty((*below.shape, len(self.better)), dtype=np.int16)
        efficacy = np.empty((*above.shape, len(self.better)), dtype=np.int16)
        for k, tables in enumerate(self.better):
            for j, table in enumerate(tables):
                futility[:, :, j, k] = np.searchsorted(table, below[:, :, j] - TIE) - 1
                efficacy[:, :, j, k] = np.searchsorted(table, above[:, :, j] - TIE)
        return futility, efficacy

    def of(self, t: Thresholds, settings: Counts) -> Counts:
        """Return the bounds of settings, rows of indices of lambda, gamma and eta."""
        futility, efficacy = self._tables(t)
        rows_f = futility[settings[:, 0], settings[:, 1]]
        rows_e = efficacy[settings[:, 0], settings[:, 2]]
        return np.concatenate([rows_f, rows_e], axis=2)

    def different(self, t: Thresholds) -> tuple[int, Counts]:
        """Return the number of settings and the distinct tables of bounds."""
        futility, efficacy = self._tables(t)
        lows, low = _numbered(futility)
        highs, high = _numbered(efficacy)
        pairs = [  # of each lambda: every futility table with every efficacy table
            np.add.outer(np.unique(f) * len(highs), np.unique(e)).ravel()
            for f, e in zip(low, high, strict=True)
        ]
        numbers, first = np.unique(np.concatenate(pairs), return_index=True)
        in_order = numbers[np.argsort(first)]
        settings = len(t.lambdas) * len(t.gammas) * len(t.etas)
        both = (lows[in_order // len(highs)], highs[in_order % len(highs)])
        return settings, np.concatenate(both, axis=2)

    def same(self, t: Thresholds, bounds: Counts, index: int) -> Counts:
        """Return the settings (indices) that give one table."""
        futility, efficacy = self._tables(t)
        ends = len(self.better)
        is_f = (futility == bounds[index][None, None, :, :ends]).all(axis=(2, 3))
        is_e = (efficacy == bounds[index][None, None, :, ends:]).all(axis=(2, 3))
        return np.array(
            [
                (i, j, k)
                for i in range(len(t.lambdas))
                for j in np.flatnonzero(is_f[i])
                for k in np.flatnonzero(is_e[i])
            ]
        )


def _numbered(tables: Counts) -> tuple[Counts, Counts]:
    """Return the distinct tables, and for each lambda and second index the number of its own."""
    flat = tables.reshape(-1, *tables.shape[2:])
    distinct, number = np.unique(flat, axis=0, return_inverse=True)
    return distinct, number.reshape(tables.shape[:2])


def grid(efficacy: Efficacy, steps: tuple[int, int, int]) -> Thresholds:
    """Return lambda in (0, 1), gamma in [0, 1] and eta in [0, 3], in equal steps."""
    names = ("lambda", "gamma", "eta")
    counts = [
        whole(f"steps of {name}", n, least=1, most=1000)
        for name, n in zip(names, steps, strict=True)
    ]
    return Thresholds(
        efficacy,
        np.arange(1, counts[0]) / counts[0] if counts[0] > 1 else np.array([0.5]),
        np.arange(counts[1] + 1) / counts[1],
        np.arange(counts[2] + 1) * 3 / counts[2] if efficacy == "power" else np.zeros(1),
    )


def check_efficacy(efficacy: str) -> None:
    """Raise DesignError where a sort of efficacy stopping does not exist."""
    if efficacy not in EFFICACY:
        raise DesignError(
            f"efficacy must be one of {', '.join(EFFICACY)}; got "
            f"{efficacy}{nearest(str(efficacy), EFFICACY)}"
        )
