"""Three-outcome designs: promising, not promising, or inconclusive.

Takes proportions, returns frozen designs of one or two stages. At n subjects: not
promising if responders <= r, promising if >= s, inconclusive between. Two stages
also stop as not promising after n1 subjects if responders <= r1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import inf

from onearm.design.binomial import (
    HALF,
    TOLERANCE,
    Rate,
    Rows,
    at_least,
    clearly,
    hypotheses,
    passing_exactly,
    proportion,
    shown,
    too_large,
)
from onearm.errors import DesignError

LARGEST_N = 200  # beyond, the search takes minutes
SAME_EN = 1e-9


@dataclass(frozen=True, slots=True)
class ThreeOutcomes:
    """What is asked of a three-outcome design, as exact fractions.

    ``alpha`` and ``power`` limit P(promising) at p0 and p1, ``beta`` and ``eta``
    P(not promising) at p1 and p0. Sargent writes power as pi.
    """

    p0: Fraction
    p1: Fraction
    alpha: Fraction
    beta: Fraction
    eta: Fraction
    power: Fraction


@dataclass(frozen=True, slots=True)
class SargentDesign:
    """Not promising if responders <= ``r``, promising if >= ``s`` of ``n``, else inconclusive.

    ``n1`` and ``r1`` are None for one stage; with them, stop as not promising if
    responders <= r1 of n1. ``alpha`` and ``power`` are P(promising) at p0 and p1,
    ``eta`` and ``beta`` P(not promising) there, ``inconclusive0`` and
    ``inconclusive1`` the rest; ``en0`` is the expected number at p0 and ``pet0``
    the probability of stopping at stage 1.
    """

    r1: int | None
    n1: int | None
    r: int
    s: int
    n: int
    alpha: float
    power: float
    eta: float
    beta: float
    inconclusive0: float
    inconclusive1: float
    en0: float
    pet0: float


@dataclass(frozen=True, slots=True)
class SargentDesigns:
    """The smallest one-stage design, and the two-stage ones of smallest n and expected n."""

    asked: ThreeOutcomes
    single: SargentDesign
    minimax: SargentDesign
    optimal: SargentDesign


def sargent(p0: Rate, p1: Rate, alpha: Rate, beta: Rate, eta: Rate, power: Rate) -> SargentDesigns:
    """Find the best three-outcome designs of one and of two stages.

    P(promising) is at most ``alpha`` at p0 and at least ``power`` at p1;
    P(not promising) is at most ``beta`` at p1 and at least ``eta`` at p0. Of
    several r and s, the smallest s and then the largest r: the fewest inconclusive
    outcomes.

    Parameters
    ----------
    p0, p1
        Response rates that are too low and worth pursuing, 0 < p0 < p1 < 1.
    alpha, beta
        Wrong conclusions, in (0, 0.5).
    eta, power
        Right conclusions, in (0.5, 1 - alpha] and (0.5, 1 - beta].

    Raises
    ------
    DesignError
        If a proportion is outside its range or n would exceed 200.

    References
    ----------
    Sargent DJ, Chan V, Goldberg RM. Control Clin Trials 2001;22:117-125.

    Examples
    --------
    >>> best = sargent(0.1, 0.3, 0.05, 0.1, 0.8, 0.8).minimax
    >>> best.r1, best.n1, best.r, best.s, best.n
    (2, 18, 3, 6, 25)
    """
    rates = hypotheses(p0, p1, alpha, power)
    wrong = proportion("beta", beta, below=HALF)
    right = proportion("eta", eta)
    if right <= HALF or right > 1 - rates.alpha:
        raise DesignError(f"eta must be above 0.5 and at most 1 - alpha; got {shown(eta)}")
    if rates.power > 1 - wrong:
        raise DesignError(f"power must be at most 1 - beta; got {shown(power)}")
    asked = ThreeOutcomes(rates.p0, rates.p1, rates.alpha, wrong, right, rates.power)
    return _Search(asked).run()


class _Search:
    def __init__(self, asked: ThreeOutcomes) -> None:
        self.asked = asked
        self.rows0, self.rows1 = Rows(asked.p0), Rows(asked.p1)

    def run(self) -> SargentDesigns:
        single = self._first_single()
        minimax = optimal = None
        bound, n = inf, 1
        while optimal is None or self._least_en(n + 1) < bound - SAME_EN:
            n += 1
            if n > LARGEST_N:
                raise DesignError(too_large(LARGEST_N))
            self.rows0.grow(n)
            self.rows1.grow(n)
            if (best := self._best(n, bound)) is not None:
                bound, optimal = best.en0, best
                minimax = minimax or best
        assert minimax is not None  # set with optimal
        return SargentDesigns(self.asked, single, minimax, optimal)

    def _first_single(self) -> SargentDesign:
        """Return the smallest design of one stage; it is found or refused at once."""
        for n in range(2, LARGEST_N + 1):
            self.rows0.grow(n)
            self.rows1.grow(n)
            if (single := self._single(n)) is not None:
                return single
        raise DesignError(too_large(LARGEST_N))

    def _least_en(self, n: int) -> float:
        self.rows0.grow(n)
        self.rows1.grow(n)
        least = float(n)
        for n1 in range(1, n):
            r1 = self._most_r1(n1)
            if r1 >= 0:
                least = min(least, n1 + (n - n1) * self.rows0.more_than(r1, n1))
        return least

    def _most_r1(self, n1: int) -> int:
        """Return the largest r1 whose stop at stage 1 leaves beta, or -1."""
        r1, cdf, most = -1, self.rows1.cdf[n1], float(self.asked.beta) + 1e-9
        while cdf[r1 + 1] <= most:
            r1 += 1
        return r1

    def _best(self, n: int, bound: float) -> SargentDesign | None:
        best = None
        for n1 in range(1, n):
            for r1 in range(self._most_r1(n1), -1, -1):
                en0 = n1 + (n - n1) * self.rows0.more_than(r1, n1)
                if en0 >= bound - SAME_EN:
                    break
                cuts = self._cuts(n, lambda r, rows: _passes(rows, n1, r1, n, r), n1, r1)  # noqa: B023
                if cuts is not None:
                    best, bound = self._design(n, *cuts, n1, r1), en0
        return best

    def _single(self, n: int) -> SargentDesign | None:
        cuts = self._cuts(n, lambda r, rows: rows.more_than(r, n), None, None)
        return self._design(n, *cuts, None, None) if cuts else None

    def _cuts(
        self,
        n: int,
        passing: Callable[[int, Rows], float],
        n1: int | None,
        r1: int | None,
    ) -> tuple[int, int] | None:
        """Return the largest r and the smallest s that keep all four limits, if any do."""
        asked = self.asked
        start = 0 if r1 is None else r1

        def holds(r: int, rate: Fraction, limit: Fraction, at_most: bool) -> bool:
            """Whether P(more than r responders) is on the right side of a limit."""
            rows = self.rows0 if rate == asked.p0 else self.rows1
            value = passing(r, rows)
            sign = -1 if at_most else 1
            answer = clearly(sign * value, sign * float(limit))
            if answer is None:
                exact = _exactly(n1, r1, n, r, rate)
                return sign * (exact - limit) >= -TOLERANCE
            return answer

        s = start + 1
        while s <= n and not holds(s - 1, asked.p0, asked.alpha, at_most=True):
            s += 1
        while s <= n and holds(s - 1, asked.p1, asked.power, at_most=False):
            r = s - 2  # one outcome at least is inconclusive
            while r >= start and not holds(r, asked.p1, 1 - asked.beta, at_most=False):
                r -= 1
            if r >= start and holds(r, asked.p0, 1 - asked.eta, at_most=True):
                return r, s
            s += 1
        return None

    def _design(self, n: int, r: int, s: int, n1: int | None, r1: int | None) -> SargentDesign:
        def passing(rows: Rows, least: int) -> float:
            if n1 is None or r1 is None:
                return rows.more_than(least - 1, n)
            return _passes(rows, n1, r1, n, least - 1)

        alpha, power = passing(self.rows0, s), passing(self.rows1, s)
        eta, beta = 1 - passing(self.rows0, r + 1), 1 - passing(self.rows1, r + 1)
        pet0 = 0.0 if n1 is None or r1 is None else self.rows0.cdf[n1][r1]
        en0 = float(n) if n1 is None else n - (n - n1) * pet0
        return SargentDesign(
            r1, n1, r, s, n, alpha, power, eta, beta, 1 - alpha - eta, 1 - power - beta, en0, pet0
        )


def _passes(rows: Rows, n1: int, r1: int, n: int, r: int) -> float:
    return rows.passing(n1, r1, n - n1, r)


def _exactly(n1: int | None, r1: int | None, n: int, r: int, rate: Fraction) -> Fraction:
    if n1 is None or r1 is None:
        return at_least(r + 1, n, rate)
    return passing_exactly(n1, r1, n, r, rate)
