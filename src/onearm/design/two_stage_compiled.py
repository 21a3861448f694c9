"""The search of ``two_stage``, compiled by numba (the ``fast`` extra).

The same search in the same order on plain arrays, for those who look for designs by
the hundred. What floats cannot tell is not decided here: such a search is given back
undone, for ``two_stage`` to count in integers. Tests hold both equal, proof included.

Row n of a rate begins at ``n * (n + 1) // 2`` of a table; the first row of the table
holds P(X = x), the second P(X <= x), the third P(X >= n - j).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import inf
from threading import local
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from onearm.design.binomial import DOUBT, LARGEST_N, SAME_EN, TOLERANCE, Hypotheses, Rows

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]

DONE, DOUBTFUL, TOO_LARGE = 0, 1, 2
_PMF, _CDF, _UPPER = 0, 1, 2
_KEPT_STEPS = 64  # how far below r_top the last n1 is remembered, to start from
_HULL = 200  # designs on a hull, at most
_ROOM = 10_000  # numbers of a table to begin with: its rows up to 140
_TOLERANCE = float(TOLERANCE)


class Search(NamedTuple):
    """How a search ended, and what it found.

    ``hull`` has a line r1, n1, r, n for each design; ``proof`` holds, for each n that
    was looked at: n, r_top, how many r1 follow, and for each r1: r1, how many numbers
    follow, and these numbers.
    """

    status: int
    too_small: int
    last_n: int
    hull: Integers
    proof: Integers
    table0: Floats
    table1: Floats


class _Scratch(local):
    """Memory that the searches of a thread use one after another: new pages cost more than one."""

    def __init__(self) -> None:
        self.table0, self.table1 = np.ones((3, _ROOM)), np.ones((3, _ROOM))
        self.guess = np.zeros((LARGEST_N + 1, _KEPT_STEPS), np.int16)


_scratch = _Scratch()


def search(rates: Hypotheses) -> Search:
    """Run the search of ``two_stage`` for exact hypotheses.

    What it returns holds until the next search of the same thread.
    """
    p0, p1, alpha, power = map(float, (rates.p0, rates.p1, rates.alpha, rates.power))
    scratch = _scratch
    found = Search(*_search(p0, p1, alpha, power, scratch.table0, scratch.table1, scratch.guess))
    scratch.table0, scratch.table1 = found.table0, found.table1
    return found


def rows_of(rate: Fraction, table: Floats, designs: Iterable[Sequence[int]]) -> Rows:
    """Return the rows of a table that the error rates of designs (r1, n1, r, n) need."""
    rows = Rows(rate)
    stages = [(n1, n - n1) for _, n1, _, n in designs]
    firsts, both = {n1 for n1, _ in stages}, {size for pair in stages for size in pair}
    rows.pmf, rows.cdf, rows.upper = (
        _lists(table[kind], wanted)
        for kind, wanted in ((_PMF, firsts), (_CDF, firsts), (_UPPER, both))
    )
    return rows


def _lists(values: Floats, wanted: set[int]) -> list[list[float]]:
    lists: list[list[float]] = [[]] * (max(wanted) + 1)
    for n in wanted:
        start = n * (n + 1) // 2
        lists[n] = values[start : start + n + 1].tolist()
    return lists


@njit(cache=True)
def _room(array: Any, size: int) -> Any:
    """Return the array, or a copy of at least twice its length where size needs more."""
    if size <= array.shape[-1]:
        return array
    wider = np.empty((array.shape[0], max(size, 2 * array.shape[1])), array.dtype)
    wider[:, : array.shape[1]] = array
    return wider


@njit(cache=True)
def _extend(table: Any, rate: float, have: int, n: int) -> Any:
    """Add rows have + 1 to n by Pascal's recursion."""
    table = _room(table, (n + 1) * (n + 2) // 2)
    p, q = rate, 1 - rate
    for size in range(have + 1, n + 1):
        start = size * (size + 1) // 2
        old = table[_PMF, start - size : start]
        new, cdf, upper = table[:, start : start + size + 1]
        new[0], new[size] = q * old[0], p * old[size - 1]
        for x in range(1, size):
            new[x] = p * old[x - 1] + q * old[x]
        below = above = 0.0
        for x in range(size + 1):
            below += new[x]
            above += new[size - x]
            cdf[x], upper[x] = below, above
    return table


@njit(cache=True, fastmath={"reassoc", "nsz"})
def _passing(table: Any, n1: int, r1: int, n: int, r: int) -> Any:
    """Return P(X1 > r1 and X > r)."""
    n2 = n - n1
    first, second = n1 * (n1 + 1) // 2, n2 * (n2 + 1) // 2 + n2 - 1 - r
    low, high = max(r1 + 1, r - n2 + 1), min(n1, r + 1) + 1
    counts, tails = table[_PMF, first + low : first + high], table[_UPPER, second + low :]
    total = 0.0
    for i in range(len(counts)):
        total += counts[i] * tails[i]
    return total + table[_UPPER, first + n1 - 2 - r] if r + 1 < n1 else total


@njit(cache=True)
def _expected(table0: Any, n1: int, r1: int, n: int) -> Any:
    return n1 + (n - n1) * (1 - table0[_CDF, n1 * (n1 + 1) // 2 + r1])


@njit(cache=True)
def _best_power(table0: Any, table1: Any, alpha: float, n: int) -> Any:
    start = n * (n + 1) // 2
    j = 0
    while j <= n and table0[_UPPER, start + j] <= alpha:
        j += 1
    if j > n:
        return 1.0
    below0 = table0[_UPPER, start + j - 1] if j else 0.0
    below1 = table1[_UPPER, start + j - 1] if j else 0.0
    share = (alpha + _TOLERANCE - below0) / (table0[_UPPER, start + j] - below0)
    return below1 + min(1.0, share) * (table1[_UPPER, start + j] - below1)


@njit(cache=True)
def _grow_first(table1: Any, first: Any, known: int, n: int, power: float) -> int:
    """Add to ``first``, by r1, the first n1 that stops at p1 within beta; return their number."""
    beta = 1 - power + 1e-9
    while known == 0 or first[known - 1] < n:
        r1 = known
        n1 = first[known - 1] if known else 1
        while n1 < n and (n1 <= r1 or table1[_CDF, n1 * (n1 + 1) // 2 + r1] > beta):
            n1 += 1
        if n1 >= n:
            break
        first[known] = n1
        known += 1
    return known


@njit(cache=True)
def _least_en(table0: Any, first: Any, known: int, n: int) -> float:
    least = float(n)
    for r1 in range(known):
        n1 = first[r1]
        if n1 >= least:
            break
        least = min(least, _expected(table0, n1, r1, n))
    return least


@njit(cache=True)
def _bound(hull: Any, en0: Any, size: int, n: int) -> Any:
    for i in range(size - 1):
        left, right = hull[i, 3], hull[i + 1, 3]
        if left <= n <= right:
            return en0[i] + (n - left) / (right - left) * (en0[i + 1] - en0[i])
    return en0[size - 1]


@njit(cache=True)
def _add(hull: Any, en0: Any, size: int, design: Any, value: float) -> int:
    """Put a design on the lower hull of (n, en0); return how many the hull then has."""
    at = 0
    while at < size and hull[at, 3] < design[3]:
        at += 1
    if not (at < size and hull[at, 3] == design[3]):
        hull[at + 1 : size + 1] = hull[at:size].copy()
        en0[at + 1 : size + 1] = en0[at:size].copy()
        size += 1
    hull[at], en0[at] = design, value
    kept = 0
    for i in range(size):
        if kept and en0[i] >= en0[kept - 1] - SAME_EN / 2:
            continue
        while kept > 1:
            left, middle = hull[kept - 2, 3], hull[kept - 1, 3]
            share = (middle - left) / (hull[i, 3] - left)
            line = en0[kept - 2] + share * (en0[i] - en0[kept - 2])
            if en0[kept - 1] < line - SAME_EN / 2:
                break
            kept -= 1
        hull[kept], en0[kept] = hull[i], en0[i]
        kept += 1
    return kept


@njit(cache=True)
def _first_powerful(
    table1: Any, guess: Any, n: int, r1: int, r: int, low: int, high: int, step: int, power: float
) -> int:
    """Return the smallest n1 in low..high with enough power, or high + 1; -1 in doubt."""
    n1 = low
    if step < _KEPT_STEPS:
        n1 = min(max(guess[r1, step], low), high + 1)
    is_powerful = False
    if n1 <= high:
        over = _passing(table1, n1, r1, n, r) - power
        if abs(over) < DOUBT:
            return -1
        is_powerful = over > 0
    if n1 <= high and not is_powerful:
        while n1 <= high and not is_powerful:
            n1 += 1
            if n1 <= high:
                over = _passing(table1, n1, r1, n, r) - power
                if abs(over) < DOUBT:
                    return -1
                is_powerful = over > 0
    else:
        while n1 > low:
            over = _passing(table1, n1 - 1, r1, n, r) - power
            if abs(over) < DOUBT:
                return -1
            if over <= 0:
                break
            n1 -= 1
    if step < _KEPT_STEPS:
        guess[r1, step] = n1
    return n1


@njit(cache=True)
def _look_at(
    table0: Any,
    table1: Any,
    first: Any,
    known: int,
    guess: Any,
    proof: Any,
    used: int,
    found: Any,
    n: int,
    bound: float,
    alpha: float,
    power: float,
) -> tuple[Any, int, float]:
    """Find the best design of n below a bound; return the proof, its length and the EN.

    A length of -1 stands for doubt, an EN of infinity for no design.
    """
    start = n * (n + 1) // 2
    j = 0
    while table1[_UPPER, start + j] < power - 1e-9:
        j += 1
    r_top = n - 1 - j
    limit, best, high = bound - SAME_EN / 2, inf, 0
    proof = _room(proof, used + 3)
    head = used
    proof[0, head], proof[0, head + 1], proof[0, head + 2] = n, r_top, 0
    used += 3
    for r1 in range(min(known, r_top + 1)):
        low = first[r1]
        if low >= n:
            break
        if _expected(table0, low, r1, n) >= limit:
            continue
        high = max(high, low)
        while high < n - 1 and _expected(table0, high + 1, r1, n) < limit:
            high += 1
        proof = _room(proof, used + 3 + r_top - r1)
        steps = used
        used += 2
        for r in range(r_top, r1 - 1, -1):
            if r < r_top:
                over = _passing(table0, low, r1, n, r) - alpha
                if abs(over) < DOUBT:
                    return proof, -1, best
                if over > 0:
                    proof[0, used] = low
                    used += 1
                    break
            n1 = _first_powerful(table1, guess, n, r1, r, low, high, r_top - r, power)
            if n1 < 0:
                return proof, -1, best
            proof[0, used] = n1
            used += 1
            if n1 > high:
                continue
            over = _passing(table0, n1, r1, n, r) - alpha
            if abs(over) < DOUBT:
                return proof, -1, best
            if over <= 0:
                found[0], found[1], found[2], found[3] = r1, n1, r, n
                more = table0[_UPPER, n1 * (n1 + 1) // 2 + n1 - 1 - r1]
                best, high = n1 + (n - n1) * more, n1 - 1
                limit = best - SAME_EN / 2
                if high < low:
                    break
            elif n1 == low:
                break
        proof[0, steps], proof[0, steps + 1] = r1, used - steps - 2
        proof[0, head + 2] += 1
    return proof, used, best


@njit(cache=True)
def _search(
    p0: float, p1: float, alpha: float, power: float, table0: Any, table1: Any, guess: Any
) -> tuple[int, int, int, Any, Any, Any, Any]:
    first = np.zeros(LARGEST_N + 1, np.int64)
    hull, en0 = np.zeros((_HULL, 4), np.int64), np.zeros(_HULL)
    proof = np.zeros((1, 4000), np.int64)
    found = np.zeros(4, np.int64)
    seen = np.zeros(LARGEST_N + 1, np.bool_)
    n = used = known = size = 0
    while True:
        if n == LARGEST_N:
            return TOO_LARGE, 0, 0, hull[:0], proof[0, :0], table0, table1
        n += 1
        table0, table1 = _extend(table0, p0, n - 1, n), _extend(table1, p1, n - 1, n)
        if _best_power(table0, table1, alpha, n) >= power - 1e-9:
            break
    n, small, have, smallest, stride, view = n - 1, n - 1, n, 0, 1, True
    while True:
        if size == 0:
            n += 1
        elif view:  # a first view: a low hull makes the rest quick
            if smallest == 0:
                smallest, stride = n, max(2, n // 16)
            if _least_en(table0, first, known, n + 1) < en0[size - 1] - SAME_EN / 2:
                n += stride
            else:
                view, n = False, smallest
                continue
        else:
            if not _least_en(table0, first, known, n + 1) < en0[size - 1] - SAME_EN / 2:
                break
            n += 1
            if seen[n]:
                continue
        if n > LARGEST_N:
            return TOO_LARGE, 0, 0, hull[:0], proof[0, :0], table0, table1
        if n > have:
            table0, table1 = _extend(table0, p0, have, n), _extend(table1, p1, have, n)
            have = n
        known = _grow_first(table1, first, known, n, power)
        bound = _bound(hull, en0, size, n) if size else inf
        proof, used, value = _look_at(
            *(table0, table1, first, known, guess, proof, used, found),
            *(n, bound, alpha, power),
        )
        if used < 0 or size == _HULL - 1:
            return DOUBTFUL, 0, 0, hull[:0], proof[0, :0], table0, table1
        seen[n] = True
        if value < inf:
            size = _add(hull, en0, size, found, value)
    last = hull[size - 1, 3]
    while _least_en(table0, first, known, last + 1) < en0[size - 1] - SAME_EN / 2:
        last += 1
    return DONE, small, last, hull[:size], proof[0, :used], table0, table1
