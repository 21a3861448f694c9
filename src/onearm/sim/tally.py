"""What is kept of the trials of a simulation: counts and sums, never the trials themselves.

Takes the columns of a block, gives a ``Tally``; tallies add up, in the order of
the blocks, so that memory does not grow with the number of trials and the sums
are the same whoever computed the blocks.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from onearm.sim.plan import Plan
from onearm.sim.safety import INTENSITY, SHARES, STOPPING
from onearm.sim.trials import Columns
from onearm.sim.truth import Truth

JOINT = (
    *("stopped", "stage1_responders", "enrolled", "responders"),
    *("counted", "counted_responders", "success"),
)
"""Columns whose combinations are counted: all that the response rate and the decision need."""
SPREAD = ("enrolled", "evaluable", "duration", "accrual", "responders")
"""Columns whose distribution is kept, value by value."""


@dataclass(slots=True)
class Sums:
    """Number, sum and sum of squares of what was estimable, and how often the interval held."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    covered: int = 0

    def add(self, other: Sums) -> None:
        """Add another part of the trials."""
        self.n += other.n
        self.total += other.total
        self.squares += other.squares
        self.covered += other.covered


@dataclass(slots=True)
class Tally:
    """Counts and sums over some trials."""

    trials: int = 0
    joint: Counter[tuple[int, ...]] = field(default_factory=Counter)
    spread: dict[str, Counter[int]] = field(default_factory=dict)
    medians: dict[str, Counter[int]] = field(default_factory=dict)  # half days; not reached: -1
    sums: dict[str, Sums] = field(default_factory=dict)
    products: dict[str, tuple[int, int, int, int, int]] = field(default_factory=dict)
    digest: int = 0

    def add(self, other: Tally) -> None:
        """Add another part of the trials."""
        self.trials += other.trials
        self.joint.update(other.joint)
        for mine, theirs in ((self.spread, other.spread), (self.medians, other.medians)):
            for name, counts in theirs.items():
                mine.setdefault(name, Counter()).update(counts)
        for name, sums in other.sums.items():
            self.sums.setdefault(name, Sums()).add(sums)
        for name, found in other.products.items():
            a, b, c, d, e = self.products.get(name, (0, 0, 0, 0, 0))
            self.products[name] = (
                a + found[0], b + found[1], c + found[2], d + found[3], e + found[4]
            )  # fmt: skip
        self.digest = (self.digest + other.digest) % 2**256


def tally(columns: Columns, block: int, plan: Plan, truth: Truth) -> Tally:
    """Return the counts and sums of one block."""
    found = Tally(len(columns["success"]))
    joint = np.stack([columns[name] for name in JOINT], axis=1)
    rows, counts = np.unique(joint, axis=0, return_counts=True)
    found.joint = Counter(dict(zip(map(tuple, rows.tolist()), counts.tolist(), strict=True)))
    for name in SPREAD:
        found.spread[name] = _counter(columns[name])
    for name, curve in (("pfs", truth.pfs), ("os", truth.os)):
        median = columns[f"{name}_median"]
        found.medians[name] = _counter(np.where(np.isnan(median), -1, 2 * median).astype(np.int64))
        found.sums[f"{name}_median"] = _median_sums(columns, name, curve.median)
        found.sums[f"{name}_events"] = _sums(columns[f"{name}_events"].astype(float))
        for day, rate in zip(plan.landmarks, curve.rates, strict=True):
            lower, upper = columns[f"{name}_rate_lower_{day}"], columns[f"{name}_rate_upper_{day}"]
            found.sums[f"{name}_rate_{day}"] = _sums(columns[f"{name}_rate_{day}"])
            found.sums[f"{name}_interval_{day}"] = _interval_sums(lower, upper, rate)
    for group in plan.scenario.groups:
        n, x = columns[f"enrolled_{group.id}"], columns[f"responders_{group.id}"]
        found.products[group.id] = _products(n, x)
    for name in columns:
        if name in SHARES:
            found.products[toxicity_key(name)] = _products(columns["enrolled"], columns[name])
        elif name.startswith(INTENSITY):
            found.sums[name] = _sums(columns[name])
        elif name in STOPPING:
            found.spread[name] = _counter(columns[name])
    found.digest = digest(columns, block)
    return found


def toxicity_key(name: str) -> str:
    """Return the key of the products of a share of patients; no group can have it."""
    return f"toxicity:{name}"


def _products(n: Any, x: Any) -> tuple[int, int, int, int, int]:
    return (
        int(n.sum()), int(x.sum()), int((n * n).sum()), int((x * x).sum()), int((n * x).sum())
    )  # fmt: skip


def _counter(values: Any) -> Counter[int]:
    found, counts = np.unique(values, return_counts=True)
    return Counter(dict(zip(found.tolist(), counts.tolist(), strict=True)))


def _sums(values: Any) -> Sums:
    known = values[~np.isnan(values)]
    return Sums(len(known), float(known.sum()), float((known * known).sum()))


def _interval_sums(lower: Any, upper: Any, truth: float | None) -> Sums:
    """Return how many trials have an interval, and how many of these hold the truth.

    A rate of 0 has none, nor has one after the last time of a patient without event.
    """
    at = np.nan if truth is None else truth  # no interval holds it
    is_covered = (lower <= at) & (at <= upper)
    return Sums(int((~np.isnan(lower)).sum()), covered=int(is_covered.sum()))


def _median_sums(columns: Columns, name: str, truth: float | None) -> Sums:
    """Return sums of the medians that were reached; the interval of every trial counts.

    A limit that does not exist is no limit: 0 below, endless above.
    """
    median = columns[f"{name}_median"]
    lower, upper = columns[f"{name}_median_lower"], columns[f"{name}_median_upper"]
    found = _sums(median)
    if truth is not None:
        is_covered = ~(lower > truth) & ~(upper <= truth)
        found.covered = int(is_covered.sum())
    return found


def digest(columns: Columns, block: int) -> int:
    """Return a digest of the integer columns of a block; those of all blocks are added up."""
    text = hashlib.sha256(str(block).encode())
    for name in sorted(columns):
        if columns[name].dtype.kind == "i":
            text.update(name.encode())
            text.update(columns[name].astype("<i8").tobytes())
    return int.from_bytes(text.digest(), "big")
