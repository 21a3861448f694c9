"""Two-stage designs that may stop for futility and for efficacy.

Takes proportions, returns frozen designs. Stop for futility after n1 subjects if
responders <= r1, for efficacy if >= e1; at n, promising if responders >= r + 1.

For given n, n1 and r1 both error rates fall and the expected number grows with
e1, so the smallest e1 that works is best; the largest r with enough power has the
smallest alpha. An n is left behind when even the smallest n1 and the widest
stopping that the error rates leave expect no fewer than what is already found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Literal

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
    weights,
)
from onearm.errors import DesignError

LARGEST_N = 400
SAME_EN = 1e-9

Point = tuple[int, float, tuple[int, int, int, int, int]]


@dataclass(frozen=True, slots=True)
class FlemingDesign:
    """Stop if responders <= ``r1`` or >= ``e1`` of ``n1``; promising if >= ``r + 1`` of ``n``.

    ``alpha`` and ``power`` are attained, at p0 and p1. ``stop0`` and ``stop1`` are
    the probabilities of stopping at stage 1, on either side, at p0 and p1; ``en0``
    and ``en1`` the expected numbers of subjects.
    """

    r1: int
    e1: int
    n1: int
    r: int
    n: int
    alpha: float
    power: float
    en0: float
    stop0: float
    en1: float
    stop1: float


@dataclass(frozen=True, slots=True)
class FlemingDesigns:
    """The admissible designs by n and expected number at p0, and the best one at p1."""

    rates: Hypotheses
    admissible: tuple[FlemingDesign, ...]
    optimal_at_p1: FlemingDesign

    @property
    def minimax(self) -> FlemingDesign:
        """The design of the smallest n; of those, of the smallest expected number at p0."""
        return self.admissible[0]

    @property
    def optimal(self) -> FlemingDesign:
        """The design of the smallest expected number at p0."""
        return self.admissible[-1]


def fleming(p0: Rate, p1: Rate, alpha: Rate, power: Rate) -> FlemingDesigns:
    """Find the best two-stage designs that stop on both sides.

    Parameters
    ----------
    p0, p1
        Response rates that are too low and worth pursuing, 0 < p0 < p1 < 1.
    alpha
        One-sided error at p0, in (0, 0.5).
    power
        At p1, in (0.5, 1); not beta.

    Returns
    -------
    FlemingDesigns
        ``optimal`` and ``minimax`` under p0, ``admissible`` between them, and
        ``optimal_at_p1``, of the smallest expected number at p1.

    Raises
    ------
    DesignError
        If a proportion is outside its range or n would exceed 400.

    References
    ----------
    Fleming TR. Biometrics 1982;38:143-151. Mander AP, Thompson SG. Contemp Clin
    Trials 2010;31:572-578.

    Examples
    --------
    >>> best = fleming(0.2, 0.4, 0.05, 0.8).optimal
    >>> best.r1, best.e1, best.n1, best.r, best.n
    (3, 8, 13, 12, 43)
    """
    rates = hypotheses(p0, p1, alpha, power)
    at_p0, at_p1 = _Search(rates, "p0"), _Search(rates, "p1")
    hull = at_p0.hull()
    best = at_p1.hull()[-1]
    return FlemingDesigns(
        rates,
        tuple(at_p0.attained(*rule) for _, _, rule in hull),
        at_p1.attained(*best[2]),
    )


class _Search:
    """One search, for the expected number at p0 or at p1."""

    def __init__(self, rates: Hypotheses, under: Literal["p0", "p1"]) -> None:
        self.rates = rates
        self.alpha, self.power = float(rates.alpha), float(rates.power)
        self.rows0, self.rows1 = Rows(rates.p0), Rows(rates.p1)
        self.under = self.rows0 if under == "p0" else self.rows1
        self.least_e1 = [0]  # by n1: the smallest e1 whose P(X1 >= e1) at p0 is within alpha
        self.most_r1 = [-1]  # by n1: the largest r1 whose P(X1 <= r1) at p1 is within beta
        self.points: list[Point] = []

    def hull(self) -> list[Point]:
        n = too_small(self.rows0, self.rows1, self.rates, LARGEST_N)
        while not self.points or self._least_en(n + 1) < self.points[-1][1] - SAME_EN:
            n += 1
            if n > LARGEST_N:
                raise DesignError(too_large(LARGEST_N))
            self._grow(n)
            found = self._best(n, self.points[-1][1] if self.points else inf)
            if found is not None:
                self.points.append(found)
        hull: list[Point] = []
        for point in self.points:
            while len(hull) > 1 and _is_above(hull[-2], hull[-1], point):
                hull.pop()
            hull.append(point)
        return hull

    def _grow(self, n: int) -> None:
        self.rows0.grow(n)
        self.rows1.grow(n)
        beta = 1 - self.power + 1e-9
        for n1 in range(len(self.most_r1), n + 1):
            e1, r1 = self.least_e1[-1], self.most_r1[-1]
            while self.rows0.more_than(e1 - 1, n1) > self.alpha + 1e-9:
                e1 += 1
            while self.rows1.cdf[n1][r1 + 1] <= beta:
                r1 += 1
            self.least_e1.append(e1)
            self.most_r1.append(r1)

    def _goes_on(self, n1: int, r1: int, e1: int) -> float:
        cdf = self.under.cdf[n1]
        return cdf[min(e1 - 1, n1)] - cdf[r1]

    def _least_en(self, n: int) -> float:
        """Return what the expected number of any design of n subjects cannot fall below."""
        self._grow(n)
        least = float(n)
        for n1 in range(1, n):
            if n1 >= least:
                break
            for r1 in range(self.most_r1[n1] + 1):
                e1 = max(self.least_e1[n1], r1 + 2)
                if e1 <= n1:
                    least = min(least, n1 + (n - n1) * self._goes_on(n1, r1, e1))
        return least

    def _best(self, n: int, bound: float) -> Point | None:
        best: Point | None = None
        for n1 in range(1, n):
            if n1 >= bound:
                break
            for r1 in range(self.most_r1[n1], -1, -1):
                low = max(self.least_e1[n1], r1 + 2)
                if low > n1:
                    continue
                if n1 + (n - n1) * self._goes_on(n1, r1, low) >= bound - SAME_EN:
                    if low > r1 + 2:
                        break  # a smaller r1 goes on more often
                    continue
                for en, rule in self._rules(n, n1, r1, low, bound):
                    best, bound = (n, en, rule), en
        return best

    def _rules(
        self, n: int, n1: int, r1: int, low: int, bound: float
    ) -> Iterator[tuple[float, tuple[int, int, int, int, int]]]:
        """Yield the best rule of one n, n1 and r1, if it is below the bound."""
        r = n - 1
        for e1 in range(low, n1 + 1):
            en = n1 + (n - n1) * self._goes_on(n1, r1, e1)
            if en >= bound - SAME_EN:
                return
            while r >= e1 - 1 and not self._is_powerful(n1, r1, e1, n, r):
                r -= 1  # the power falls with e1, so r never grows again
            if r < e1 - 1:
                return
            if self._is_level(n1, r1, e1, n, r):
                yield en, (r1, e1, n1, r, n)
                return

    def _is_powerful(self, n1: int, r1: int, e1: int, n: int, r: int) -> bool:
        answer = clearly(_rejects(self.rows1, n1, r1, e1, n, r), self.power)
        if answer is None:
            exact = _rejects_exactly(n1, r1, e1, n, r, self.rates.p1)
            return exact >= self.rates.power - TOLERANCE
        return answer

    def _is_level(self, n1: int, r1: int, e1: int, n: int, r: int) -> bool:
        answer = clearly(self.alpha, _rejects(self.rows0, n1, r1, e1, n, r))
        if answer is None:
            exact = _rejects_exactly(n1, r1, e1, n, r, self.rates.p0)
            return exact <= self.rates.alpha + TOLERANCE
        return answer

    def attained(self, r1: int, e1: int, n1: int, r: int, n: int) -> FlemingDesign:
        """Return a rule with what it attains."""
        on0, on1 = (rows.cdf[n1][e1 - 1] - rows.cdf[n1][r1] for rows in (self.rows0, self.rows1))
        return FlemingDesign(
            r1,
            e1,
            n1,
            r,
            n,
            alpha=_rejects(self.rows0, n1, r1, e1, n, r),
            power=_rejects(self.rows1, n1, r1, e1, n, r),
            en0=n1 + (n - n1) * on0,
            stop0=1 - on0,
            en1=n1 + (n - n1) * on1,
            stop1=1 - on1,
        )


def _rejects(rows: Rows, n1: int, r1: int, e1: int, n: int, r: int) -> float:
    """Return P(X1 >= e1, or r1 < X1 < e1 and X > r), with e1 <= r + 1."""
    n2 = n - n1
    low = max(r1 + 1, r - n2 + 1)
    first, tails = rows.pmf[n1][low:e1], rows.upper[n2][n2 - 1 - r + low :]
    return dot(first, tails) + rows.more_than(e1 - 1, n1)


def _rejects_exactly(n1: int, r1: int, e1: int, n: int, r: int, rate: Fraction) -> Fraction:
    first, second = weights(n1, rate), weights(n - n1, rate)
    ways = sum(
        first[x] * (sum(second[max(r + 1 - x, 0) :]) if x < e1 else sum(second))
        for x in range(r1 + 1, n1 + 1)
    )
    return Fraction(ways, rate.denominator**n)


def _is_above(left: Point, middle: Point, right: Point) -> bool:
    share = (middle[0] - left[0]) / (right[0] - left[0])
    return middle[1] >= left[1] + share * (right[1] - left[1]) - SAME_EN
