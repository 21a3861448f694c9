"""Three-stage designs that stop for futility: optimal and minimax.

Takes proportions, returns frozen designs. Stop if responders <= r1 of n1, or <= r2
of n2 in all; at n, promising if responders >= r + 1.

With n, r, r1 and r2 given, whoever passes a look passes a later one with the same
bound: both error rates and the expected number grow with n1 and with n2. So the
search walks along the smallest pairs (n1, n2) with enough power. An n is left
behind when none of the smallest pairs that go on often enough at p1 expects few enough.
A first view at some n makes the rest quick.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from onearm.design.binomial import (
    TOLERANCE,
    Hypotheses,
    Rate,
    Rows,
    clearly,
    dot,
    hypotheses,
    too_large,
    too_small,
)
from onearm.design.two_stage import simon
from onearm.errors import DesignError

LARGEST_TWO_STAGE = 150  # subjects of Simon's optimal design, for three stages to be searched
SAME_EN = 1e-9


@dataclass(frozen=True, slots=True)
class ThreeStage:
    """Stop if responders <= ``r1`` of ``n1`` or <= ``r2`` of ``n2``; promising if >= ``r + 1``.

    n2 counts the subjects of stage 1 as well. ``alpha`` and ``power`` are attained,
    at p0 and p1; ``pet1`` and ``pet2`` are the probabilities at p0 of stopping
    after stage 1 and by the end of stage 2; ``en0`` and ``en1`` the expected numbers.
    """

    r1: int
    n1: int
    r2: int
    n2: int
    r: int
    n: int
    alpha: float
    power: float
    en0: float
    pet1: float
    pet2: float
    en1: float


@dataclass(frozen=True, slots=True)
class ThreeStageDesigns:
    """The three-stage designs of smallest n and of smallest expected number at p0."""

    rates: Hypotheses
    minimax: ThreeStage
    optimal: ThreeStage


def three_stage(p0: Rate, p1: Rate, alpha: Rate, power: Rate) -> ThreeStageDesigns:
    """Find Chen's optimal and minimax three-stage designs.

    Parameters
    ----------
    p0, p1
        Response rates that are too low and worth pursuing, 0 < p0 < p1 < 1.
    alpha
        One-sided error at p0, in (0, 0.5).
    power
        At p1, in (0.5, 1); not beta.

    Raises
    ------
    DesignError
        If a proportion is outside its range, or Simon's optimal design has more than
        150 subjects: the search would take minutes.

    References
    ----------
    Chen TT. Stat Med 1997;16:2701-2711.

    Examples
    --------
    >>> from onearm.design.two_stage import simon
    >>> three = three_stage(0.1, 0.4, 0.05, 0.8).optimal
    >>> three.en0 < simon(0.1, 0.4, 0.05, 0.8).optimal.en0
    True
    """
    rates = hypotheses(p0, p1, alpha, power)
    return _Search(rates).run()


_Counts = tuple[int, int, int, int, int, int]


class _Search:
    def __init__(self, rates: Hypotheses) -> None:
        self.rates = rates
        self.alpha, self.power = float(rates.alpha), float(rates.power)
        self.rows0, self.rows1 = Rows(rates.p0), Rows(rates.p1)
        self.two_stages = simon(rates.p0, rates.p1, rates.alpha, rates.power).optimal
        if self.two_stages.n > LARGEST_TWO_STAGE:
            raise DesignError(
                f"needs too many subjects to search for three stages: two have {self.two_stages.n} "
                f"(at most {LARGEST_TWO_STAGE}); p1 must lie further above p0"
            )
        self.largest = max(100, 3 * self.two_stages.n)
        self.first: list[int] = []  # by r1: the first n1 whose P(X1 <= r1 | p1) <= beta
        self.pairs: dict[tuple[int, int], list[tuple[int, float, float]]] = {}

    def run(self) -> ThreeStageDesigns:
        n = too_small(self.rows0, self.rows1, self.rates, self.largest)
        minimax = None
        while minimax is None:
            n = self._next(n)
            minimax = self._best(n, inf)
        bound = self._expected(minimax)
        limit = min(bound, self.two_stages.en0 + SAME_EN)
        optimal = self._optimal(n, minimax, limit)
        if optimal is minimax and bound > limit:  # no better than two stages: without that limit
            optimal = self._optimal(n, minimax, bound)
        return ThreeStageDesigns(self.rates, self._attained(minimax), self._attained(optimal))

    def _optimal(self, smallest: int, best: _Counts, limit: float) -> _Counts:
        """Return the design of more than ``smallest`` subjects that expects fewest, or ``best``."""
        stride = max(2, smallest // 16)
        views = range(smallest + stride, min(2 * smallest, self.largest), stride)
        seen = set()
        for n in [*views, *range(smallest + 1, self.largest + 2)]:
            if n in seen:
                continue
            if not self._may_improve(n, limit):
                if n in views:
                    continue
                return best
            self._next(n - 1)
            seen.add(n)
            if (found := self._best(n, limit)) is not None:
                best, limit = found, self._expected(found)
        return best

    def _next(self, n: int) -> int:
        if n >= self.largest:
            raise DesignError(too_large(self.largest))
        self._grow(n + 1)
        return n + 1

    def _grow(self, n: int) -> None:
        self.rows0.grow(n)
        self.rows1.grow(n)
        beta = 1 - self.power + 1e-9
        while True:
            r1, n1 = len(self.first), self.first[-1] if self.first else 1
            while n1 <= n and (n1 <= r1 or self.rows1.cdf[n1][r1] > beta):
                n1 += 1
            if n1 > n:
                return
            self.first.append(n1)

    def _en(self, n1: int, r1: int, n2: int, r2: int, n: int) -> float:
        """Return the expected number at p0."""
        on = self.rows0.more_than(r1, n1)
        further = self.rows0.passing(n1, r1, n2 - n1, r2)
        return n1 + (n2 - n1) * on + (n - n2) * further

    def _expected(self, counts: _Counts) -> float:
        r1, n1, r2, n2, _, n = counts
        return self._en(n1, r1, n2, r2, n)

    def _may_improve(self, n: int, limit: float) -> bool:
        """Return whether any first two looks with n subjects could expect fewer than a limit."""
        self._grow(n)
        return any(
            self._least_en(r1, r2, n) < limit - SAME_EN
            for r1, low1 in enumerate(self.first)
            if low1 < min(n - 1, limit)
            for r2 in range(r1, len(self.first))
            if self.first[r2] < n and self._en_of_first(r1, r2, n) < limit - SAME_EN
        )

    def _en_of_first(self, r1: int, r2: int, n: int) -> float:
        n1 = self.first[r1]
        return self._en(n1, r1, max(self.first[r2], n1 + 1), r2, n)

    def _least_en(self, r1: int, r2: int, n: int) -> float:
        """Return what the expected number at p0 cannot fall below with these bounds."""
        if (r1, r2) not in self.pairs:
            self.pairs[r1, r2] = [*self._smallest_pairs(r1, r2)]
        return min((a + n * b for n2, a, b in self.pairs[r1, r2] if n2 < n), default=inf)

    def _smallest_pairs(self, r1: int, r2: int) -> Iterator[tuple[int, float, float]]:
        """Yield the smallest n2, and a and b of the expected number a + n b, for each n1.

        Smallest such that P(X1 > r1 and X2 > r2) at p1 leaves the power.
        """
        self._grow(self.largest)
        least = self.power - 1e-9
        n2 = self.largest
        for n1 in range(self.first[r1], self.largest):
            low = max(self.first[r2], n1 + 1)
            if low > n2:
                return
            if self.rows1.passing(n1, r1, n2 - n1, r2) < least:
                continue
            while n2 > low and self.rows1.passing(n1, r1, n2 - 1 - n1, r2) >= least:
                n2 -= 1
            further = self.rows0.passing(n1, r1, n2 - n1, r2)
            on = self.rows0.more_than(r1, n1)
            yield n2, n1 + (n2 - n1) * on - n2 * further, further
            if n2 == low:
                return

    def _best(self, n: int, bound: float) -> _Counts | None:
        best = None
        r_top = self._r_top(n)
        for r1, low1 in enumerate(self.first):
            if low1 >= min(n - 1, bound):
                break
            for r2 in range(r1, len(self.first)):
                low2 = max(self.first[r2], low1 + 1)
                if low2 >= n or r2 > r_top:
                    break
                if self._en(low1, r1, low2, r2, n) >= bound - SAME_EN:
                    continue
                if self._least_en(r1, r2, n) >= bound - SAME_EN:
                    continue
                for r in range(r_top, r2 - 1, -1):
                    if not self._is_level(low1, r1, low2, r2, n, r):
                        break  # nor with less r or later looks
                    found = self._walk(low1, r1, low2, r2, n, r, bound)
                    if found is not None:
                        best, bound = found, self._expected(found)
        return best

    def _walk(
        self, low1: int, r1: int, low2: int, r2: int, n: int, r: int, bound: float
    ) -> _Counts | None:
        """Walk along the smallest (n1, n2) with enough power; return the best with its alpha."""
        best = None
        n2 = n - 1
        for n1 in range(low1, n - 1):
            least2 = max(low2, n1 + 1)
            n2 = self._last_n2(n1, r1, least2, n2, r2, n, bound)
            if n2 < least2:
                break  # a larger n1 expects more
            if not self._is_powerful(n1, r1, n2, r2, n, r):
                continue
            while n2 > least2 and self._is_powerful(n1, r1, n2 - 1, r2, n, r):
                n2 -= 1
            if self._is_level(n1, r1, n2, r2, n, r):
                best = (r1, n1, r2, n2, r, n)
                bound = self._expected(best)
            if n2 == least2:
                break
        return best

    def _last_n2(
        self, n1: int, r1: int, least2: int, most2: int, r2: int, n: int, bound: float
    ) -> int:
        """Return the largest n2 that expects fewer than the bound, or one below ``least2``."""
        if most2 < least2 or self._en(n1, r1, most2, r2, n) < bound - SAME_EN:
            return most2
        low, high = least2 - 1, most2
        while high - low > 1:
            middle = (low + high) // 2
            if self._en(n1, r1, middle, r2, n) < bound - SAME_EN:
                low = middle
            else:
                high = middle
        return low

    def _r_top(self, n: int) -> int:
        upper, j = self.rows1.upper[n], 0
        while upper[j] < self.power - 1e-9:
            j += 1
        return n - 1 - j

    def _is_powerful(self, n1: int, r1: int, n2: int, r2: int, n: int, r: int) -> bool:
        attained = _passing(self.rows1, n1, r1, n2, r2, n, r)
        answer = clearly(attained, self.power)
        return attained >= self.power - float(TOLERANCE) if answer is None else answer

    def _is_level(self, n1: int, r1: int, n2: int, r2: int, n: int, r: int) -> bool:
        attained = _passing(self.rows0, n1, r1, n2, r2, n, r)
        answer = clearly(self.alpha, attained)
        return attained <= self.alpha + float(TOLERANCE) if answer is None else answer

    def _attained(self, counts: _Counts) -> ThreeStage:
        r1, n1, r2, n2, r, n = counts
        on1 = self.rows1.more_than(r1, n1)
        further1 = self.rows1.passing(n1, r1, n2 - n1, r2)
        return ThreeStage(
            *counts,
            alpha=_passing(self.rows0, n1, r1, n2, r2, n, r),
            power=_passing(self.rows1, n1, r1, n2, r2, n, r),
            en0=self._expected(counts),
            pet1=self.rows0.cdf[n1][r1],
            pet2=1 - self.rows0.passing(n1, r1, n2 - n1, r2),
            en1=n1 + (n2 - n1) * on1 + (n - n2) * further1,
        )


def _passing(rows: Rows, n1: int, r1: int, n2: int, r2: int, n: int, r: int) -> float:
    """Return P(X1 > r1, X2 > r2 and X > r), all counts from the start."""
    between, last = n2 - n1, n - n2
    tails = rows.upper[last]
    low = max(r2 + 1, r - last + 1)  # fewer after stage 2 can no longer exceed r
    start = last - 1 - r + low
    goal = tails[start:]
    goal += [1.0] * (n2 - low + 1 - len(goal))
    first, second = rows.pmf[n1], rows.pmf[between]
    total = 0.0
    for x1 in range(max(r1 + 1, low - between), n1 + 1):
        gap = low - x1
        reached = dot(second[gap:], goal) if gap > 0 else dot(second, goal[-gap:])
        total += first[x1] * reached
    return total
