"""Exact chances of many stopping tables on one or two counts at once.

Takes integer bounds and true rates, gives the chance of each end. The joint
count of all designs is carried from patient to patient; designs with the same
bounds so far share it, and counts beyond every bound are held as one state. Knows
no prior and no threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onearm.design.endpoints import Kind, Rates
from onearm.errors import DesignError

Floats = NDArray[np.float64]
Counts = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]
LARGEST_WORK = 3e10  # states times patients: minutes


@dataclass(frozen=True, slots=True)
class Ends:
    """How many designs end, arrays with one row a design."""

    promising: Floats
    early: Floats
    early_promising: Floats
    expected_n: Floats
    stop_at: Floats  # (design, look); without looks where they were not asked for


class JointLooks:
    """Carries the counts of many designs from look to look at once.

    ``bounds`` has shape (designs, looks, 2 * endpoints): stop below at a count of
    at most the first, above at a count of at least the second half; -1 and n + 1
    stand for no count. The second endpoint of ``efficacy-toxicity`` is the number
    of patients without toxicity, so that more is better in every endpoint. Two
    endpoints stop below when both are low and above when one is high; efficacy
    with toxicity the other way round.
    """

    def __init__(self, kind: Kind, sizes: tuple[int, ...], bounds: Counts) -> None:
        self.kind, self.sizes, self.bounds = kind, sizes, bounds
        self.ends = bounds.shape[2] // 2
        self.caps = np.minimum(sizes[-1], -(-self._largest() // 4) * 4)
        self.cells = np.prod(self.caps + 1, axis=1)
        if self.cells.sum() * sizes[-1] > LARGEST_WORK:
            raise DesignError(
                f"the grid is too large to search: {len(bounds)} tables of bounds, {len(sizes)} "
                f"looks, up to {self.cells.max()} states each; narrow it with fewer looks, fewer "
                "steps or a smaller trial"
            )

    def _is_toxicity(self, k: int) -> bool:
        return self.kind == "efficacy-toxicity" and k == 1

    def _largest(self) -> Counts:
        """Return for each design and endpoint the count beyond which nothing changes."""
        caps = []
        for k in range(self.ends):
            found = np.ones(len(self.bounds), dtype=np.int64)
            for j, n in enumerate(self.sizes):
                low, high = self.bounds[:, j, k], self.bounds[:, j, self.ends + k]
                if self._is_toxicity(k):  # counted directly, as its bounds are the smaller
                    low, high = n - high, n - low
                found = np.maximum(found, np.where(low < n, low + 1, 0))
                found = np.maximum(found, np.where(high <= n, high, 0))
            caps.append(found)
        return np.stack(caps, axis=1)

    def run(self, rates: Rates, which: Counts | None = None, *, each_look: bool = True) -> Ends:
        """Return how the designs (or those of ``which``) end at true rates."""
        designs = np.arange(len(self.bounds)) if which is None else which
        empty = np.zeros((4, len(designs)))
        looks = len(self.sizes) if each_look else 0
        found = Ends(empty[0], empty[1], empty[2], empty[3], np.zeros((len(designs), looks)))
        groups, group_of = np.unique(self.caps[designs], axis=0, return_inverse=True)
        for g, caps in enumerate(groups):
            members = np.flatnonzero(group_of.ravel() == g)
            chunk = max(1, min(4_000_000 // int(np.prod(caps + 1)), 2_000_000 // len(self.sizes)))
            members = members[np.lexsort(self._by_look(designs[members]))]
            for start in range(0, len(members), chunk):
                part = members[start : start + chunk]
                self._run(rates, caps, designs[part], part, found)
        return found

    def _by_look(self, designs: Counts) -> Counts:
        """Return sort keys that bring designs with the same first looks together."""
        keys: Counts = self.bounds[designs].reshape(len(designs), -1).T[::-1]
        return keys

    def _run(self, rates: Rates, caps: Counts, designs: Counts, rows: Counts, found: Ends) -> None:
        shape = tuple((caps + 1).tolist())
        counts = np.indices(shape).reshape(self.ends, -1)
        state = np.zeros((1, counts.shape[1]))
        state[0, 0] = 1.0
        state_of = np.zeros(len(designs), dtype=np.int64)
        low, high = np.zeros((2, len(designs), len(self.sizes)))
        for j, (before, n) in enumerate(pairwise((0, *self.sizes))):
            for _ in range(n - before):
                state = _one_patient_more(state, shape, rates)
            # Designs with the same bounds so far share a state.
            bounds = self.bounds[designs, j]
            keys = np.column_stack([state_of, bounds])
            _, first, same = np.unique(keys, axis=0, return_index=True, return_inverse=True)
            same = same.ravel()
            state = state[state_of[first]]
            is_low, is_high = self._stops(counts, bounds[first], n)
            low[:, j] = np.where(is_low, state, 0.0).sum(axis=1)[same]
            high[:, j] = np.where(is_high, state, 0.0).sum(axis=1)[same]
            state[is_low | is_high] = 0.0
            state_of = same
        stop_at = low + high
        stop_at[:, -1] += state.sum(axis=1)[state_of]
        found.promising[rows] = high.sum(axis=1)
        found.early[rows] = stop_at[:, :-1].sum(axis=1)
        found.early_promising[rows] = high[:, :-1].sum(axis=1)
        found.expected_n[rows] = stop_at @ np.array(self.sizes, dtype=float)
        found.stop_at[rows] = stop_at[:, : found.stop_at.shape[1]]

    def _stops(self, counts: Counts, bounds: Counts, n: int) -> tuple[Flags, Flags]:
        below, above = [], []
        for k in range(self.ends):
            low, high = bounds[:, k, None], bounds[:, self.ends + k, None]
            if self._is_toxicity(k):
                below.append(counts[k] >= n - low)
                above.append(counts[k] <= n - high)
            else:
                below.append(counts[k] <= low)
                above.append(counts[k] >= high)
        if self.ends == 1:
            return below[0], above[0] & ~below[0]
        if self.kind == "efficacy-toxicity":
            return below[0] | below[1], above[0] & above[1] & ~(below[0] | below[1])
        return below[0] & below[1], (above[0] | above[1]) & ~(below[0] & below[1])


def _one_patient_more(state: Floats, shape: tuple[int, ...], rates: Rates) -> Floats:
    """Return the states after one more patient; the last count of each axis means "or more"."""
    old = state.reshape(-1, *shape)
    new = np.zeros_like(old)
    for steps, chance in _outcomes(rates):
        moved = old * chance
        for axis, step in enumerate(steps, 1):
            if step:
                moved = _up(moved, axis)
        new += moved
    return new.reshape(len(state), -1)


def _up(states: Floats, axis: int) -> Floats:
    """Return the states with one more along an axis; the last keeps what it has."""
    moved = np.zeros_like(states)
    source, target = np.moveaxis(states, axis, -1), np.moveaxis(moved, axis, -1)
    target[..., 1:] = source[..., :-1]
    target[..., -1] += source[..., -1]
    return moved


def _outcomes(rates: Rates) -> list[tuple[tuple[int, ...], float]]:
    """Return what one patient may add to the counts, and how likely."""
    if rates.second is None or rates.both is None:
        return [((1,), rates.first), ((0,), 1 - rates.first)]
    only_first, only_second = rates.first - rates.both, rates.second - rates.both
    cells = [(1, 1, rates.both), (1, 0, only_first), (0, 1, only_second)]
    cells.append((0, 0, 1 - rates.first - only_second))
    return [((a, b), max(0.0, chance)) for a, b, chance in cells]
