"""Two-stage designs that stop for futility: optimal, minimax, and all between.

Takes proportions, returns frozen designs with a certificate. Stop after n1
subjects if responders <= r1; at n, promising if responders >= r + 1.

The search needs no largest n. For a given n, r1 and r, both error rates and the
expected number grow with n1, so only the smallest n1 with enough power needs to
be looked at: if its alpha is too large, that of every larger n1 is as well. n is
left behind as soon as no n1 can have an expected number below what is already
found. What ruled out each n is kept, and is what ``certificate`` checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import inf
from operator import attrgetter

from onearm.design.binomial import (
    LARGEST_N,
    SAME_EN,
    TOLERANCE,
    Hypotheses,
    Rate,
    Rows,
    clearly,
    hypotheses,
    passing_exactly,
    too_large,
    too_small,
    weights,
)
from onearm.design.certificate import Certificate, CertifiedDesign, Refutation
from onearm.errors import DesignError

Point = tuple[int, float, tuple[int, int, int, int]]  # n, its en0, and r1, n1, r, n


@dataclass(frozen=True, slots=True)
class TwoStage:
    """A two-stage design and what it attains.

    Stop if responders <= ``r1`` of ``n1``; promising if >= ``r + 1`` of ``n``
    (Simon's letters). ``alpha`` and ``power`` are attained, at p0 and p1;
    ``en0`` is the expected number of subjects and ``pet0`` the probability of
    early termination, both at p0, ``en1`` and ``pet1`` at p1.
    """

    r1: int
    n1: int
    r: int
    n: int
    alpha: float
    power: float
    en0: float
    pet0: float
    en1: float
    pet1: float


@dataclass(frozen=True, slots=True)
class Admissible:
    """A design that minimises weight * n + (1 - weight) * en0 over a range of weights."""

    design: TwoStage
    weight_from: float
    weight_to: float


@dataclass(frozen=True, slots=True)
class SimonDesigns:
    """Every admissible design from minimax to optimal, with the proof of the search."""

    rates: Hypotheses
    admissible: tuple[Admissible, ...]
    too_small: int
    refutations: tuple[Refutation, ...]

    @property
    def minimax(self) -> TwoStage:
        """The design of the smallest n; among those, of the smallest en0."""
        return self.admissible[0].design

    @property
    def optimal(self) -> TwoStage:
        """The design of the smallest expected number at p0."""
        return self.admissible[-1].design

    @property
    def last_n(self) -> int:
        """The largest n that had to be looked at."""
        return self.refutations[-1].n

    def certificate(self) -> Certificate:
        """Return the proof, for ``design.certificate`` or anyone else to check."""
        rates = self.rates
        return Certificate(
            rates.p0,
            rates.p1,
            rates.alpha,
            rates.power,
            TOLERANCE,
            Fraction(1, 10**9),
            tuple(_certified(each.design, rates) for each in self.admissible),
            self.too_small,
            self.refutations,
        )


def simon(p0: Rate, p1: Rate, alpha: Rate, power: Rate, *, compiled: bool = False) -> SimonDesigns:
    """Find Simon's optimal and minimax designs and Jung's admissible ones between.

    Both limits may be met with equality: alpha <= ``alpha``, power >= ``power``, to
    1e-12; what floats cannot tell is counted in integers. Several r give the same
    expected number: the largest is taken, which has the smallest alpha.

    Parameters
    ----------
    p0, p1
        Response rates that are too low and worth pursuing, 0 < p0 < p1 < 1.
    alpha
        One-sided error at p0, in (0, 0.5).
    power
        At p1, in (0.5, 1); not beta.
    compiled
        Search with numba, which needs the ``fast`` extra: the same designs and the same
        proof some twenty times sooner, once the first call has loaded the compiler
        (half a second, and some seconds the first time after an installation). For
        many searches in one process; a single one is done before numba is loaded.

    Returns
    -------
    SimonDesigns
        ``optimal``, ``minimax`` (the same one where they coincide) and
        ``admissible``, ordered by n, with the weights on n that choose each.

    Raises
    ------
    DesignError
        If a proportion is outside its range or n would exceed 1,500; where ``compiled``
        is asked for and numba is not installed.

    References
    ----------
    Simon R. Control Clin Trials 1989;10:1-10. Jung S-H, Lee T, Kim K, George SL.
    Stat Med 2004;23:561-569.

    Examples
    --------
    >>> found = simon(0.2, 0.4, 0.05, 0.8)
    >>> best = found.optimal
    >>> best.r1, best.n1, best.r, best.n, found.minimax.n
    (3, 13, 12, 43, 33)
    """
    return simon_of(hypotheses(p0, p1, alpha, power), {}, compiled=compiled)


def simon_of(
    rates: Hypotheses, rows: dict[Fraction, Rows], *, compiled: bool = False
) -> SimonDesigns:
    """Find the designs of ``simon`` for exact hypotheses; share rows among many settings.

    ``rows`` holds the binomial probabilities by rate, and is filled where they are
    missing: settings of a grid have most of their rates in common.
    """
    if compiled and (found := _compiled(rates)):
        return found
    for rate in (rates.p0, rates.p1):
        rows.setdefault(rate, Rows(rate))
    return _Search(rates, rows[rates.p0], rows[rates.p1]).run()


def _compiled(rates: Hypotheses) -> SimonDesigns | None:
    """Search with numba; None where a rate is so near its limit that integers must decide."""
    try:
        from onearm.design import two_stage_compiled
    except ImportError:
        raise DesignError(
            "a compiled search needs numba: pip install 'onearm[fast]', or leave compiled out"
        ) from None
    found = two_stage_compiled.search(rates)
    if found.status == two_stage_compiled.TOO_LARGE:
        raise DesignError(too_large(LARGEST_N))
    if found.status == two_stage_compiled.DOUBTFUL:
        return None
    hull = [tuple(design) for design in found.hull.tolist()]
    rows0 = two_stage_compiled.rows_of(rates.p0, found.table0, hull)
    rows1 = two_stage_compiled.rows_of(rates.p1, found.table1, hull)
    points = [(n, _expected(rows0, r1, n1, n), (r1, n1, r, n)) for r1, n1, r, n in hull]
    return SimonDesigns(
        rates,
        tuple(_weighted(points, rows0, rows1)),
        found.too_small,
        tuple(sorted(_read(found.proof.tolist(), found.last_n), key=attrgetter("n"))),
    )


def _read(proof: list[int], last: int) -> Iterator[Refutation]:
    """Yield the refutations up to the last n that a compiled search has written."""
    at = 0
    while at < len(proof):
        n, r_top, count = proof[at : at + 3]
        at += 3
        first_n1 = {}
        for _ in range(count):
            start = at + 2
            end = start + proof[at + 1]
            first_n1[proof[at]] = tuple(proof[start:end])
            at = end
        if n <= last:
            yield Refutation(n, r_top, first_n1)


def two_stage(r1: int, n1: int, r: int, n: int, p0: Rate, p1: Rate) -> TwoStage:
    """Return what a given two-stage rule attains at p0 and p1.

    Raises a DesignError where the rule never stops, never rejects, or its
    counts contradict each other.

    Examples
    --------
    >>> round(two_stage(3, 13, 12, 43, 0.2, 0.4).alpha, 7)
    0.0495814
    """
    check_rule(r1, n1, r, n)
    rates = hypotheses(p0, p1, Fraction(1, 20), Fraction(4, 5))
    rows0, rows1 = Rows(rates.p0), Rows(rates.p1)
    rows0.grow(max(n1, n - n1))
    rows1.grow(max(n1, n - n1))
    return _attained(rows0, rows1, r1, n1, r, n)


def check_rule(r1: int, n1: int, r: int, n: int) -> None:
    """Raise a DesignError where a two-stage rule contradicts itself."""
    if not 0 < n1 < n:
        raise DesignError(f"n1 must be at least 1 and less than n; got n1 = {n1}, n = {n}")
    if not 0 <= r1 < n1:
        raise DesignError(
            f"r1 must be at least 0 and less than n1, or stage 1 stops never or always; "
            f"got r1 = {r1}, n1 = {n1}"
        )
    if not r1 <= r < n:
        raise DesignError(
            f"r must be at least r1 and less than n, or the rule never rejects; "
            f"got r1 = {r1}, r = {r}, n = {n}"
        )


def _attained(rows0: Rows, rows1: Rows, r1: int, n1: int, r: int, n: int) -> TwoStage:
    n2 = n - n1
    pet0, pet1 = rows0.cdf[n1][r1], rows1.cdf[n1][r1]
    return TwoStage(
        r1,
        n1,
        r,
        n,
        alpha=rows0.passing(n1, r1, n2, r),
        power=rows1.passing(n1, r1, n2, r),
        en0=_expected(rows0, r1, n1, n),
        pet0=pet0,
        en1=_expected(rows1, r1, n1, n),
        pet1=pet1,
    )


def _expected(rows: Rows, r1: int, n1: int, n: int) -> float:
    """Return the expected number of subjects at the rate of the rows."""
    return n1 + (n - n1) * rows.more_than(r1, n1)


def _certified(design: TwoStage, rates: Hypotheses) -> CertifiedDesign:
    r1, n1, r, n = design.r1, design.n1, design.r, design.n
    pet0 = Fraction(sum(weights(n1, rates.p0)[: r1 + 1]), rates.p0.denominator**n1)
    return CertifiedDesign(
        r1,
        n1,
        r,
        n,
        alpha=passing_exactly(n1, r1, n, r, rates.p0),
        power=passing_exactly(n1, r1, n, r, rates.p1),
        pet0=pet0,
        en0=n - (n - n1) * pet0,
    )


class _Search:
    """One search: its rows, the lower hull of (n, en0) so far, and its refutations."""

    def __init__(self, rates: Hypotheses, rows0: Rows, rows1: Rows) -> None:
        self.rates = rates
        self.alpha, self.power = float(rates.alpha), float(rates.power)
        self.rows0, self.rows1 = rows0, rows1
        self.first_n1: list[int] = []  # by r1: the first n1 whose P(X1 <= r1 | p1) <= beta
        self.guess: dict[tuple[int, int], int] = {}
        self.hull: list[Point] = []
        self.refutations: dict[int, Refutation] = {}

    def run(self) -> SimonDesigns:
        n = small = too_small(self.rows0, self.rows1, self.rates, LARGEST_N)
        while not self.hull:
            n += 1
            if n > LARGEST_N:
                raise DesignError(too_large(LARGEST_N))
            self._look_at(n, inf)
        smallest, stride = n, max(2, n // 16)
        while self._least_en(n + 1) < self.hull[-1][1] - SAME_EN / 2:
            n += stride  # a first view: a low hull makes the rest quick
            if n > LARGEST_N:
                raise DesignError(too_large(LARGEST_N))
            self._look_at(n, self._bound(n))
        for n in self._others(smallest):
            self._look_at(n, self._bound(n))
        last = max(self._last(), self.hull[-1][0])
        return SimonDesigns(
            self.rates,
            tuple(_weighted(self.hull, self.rows0, self.rows1)),
            small,
            tuple(self.refutations[n] for n in sorted(self.refutations) if n <= last),
        )

    def _others(self, n: int) -> Iterator[int]:
        """Yield what is not yet looked at, for as long as a better design is possible."""
        while self._least_en(n + 1) < self.hull[-1][1] - SAME_EN / 2:
            n += 1
            if n not in self.refutations:
                yield n

    def _last(self) -> int:
        n = self.hull[-1][0]
        while self._least_en(n + 1) < self.hull[-1][1] - SAME_EN / 2:
            n += 1
        return n

    def _grow(self, n: int) -> None:
        self.rows0.grow(n)
        self.rows1.grow(n)
        beta = 1 - self.power + 1e-9
        while not self.first_n1 or self.first_n1[-1] < n:
            r1 = len(self.first_n1)
            n1 = self.first_n1[-1] if self.first_n1 else 1
            while n1 < n and (n1 <= r1 or self.rows1.cdf[n1][r1] > beta):
                n1 += 1
            if n1 >= n:
                return
            self.first_n1.append(n1)

    def _least_en(self, n: int) -> float:
        """Return what the expected number at p0 cannot fall below with n subjects."""
        least = float(n)
        for r1, n1 in enumerate(self.first_n1):
            if n1 >= least:
                break
            least = min(least, n1 + (n - n1) * (1 - self.rows0.cdf[n1][r1]))
        return least

    def _bound(self, n: int) -> float:
        """Return what a design of n subjects must stay below to matter."""
        for left, right in pairwise(self.hull):
            if left[0] <= n <= right[0]:
                share = (n - left[0]) / (right[0] - left[0])
                return left[1] + share * (right[1] - left[1])
        return self.hull[-1][1]

    def _look_at(self, n: int, bound: float) -> None:
        """Find the best design of n subjects below a bound; keep what rules out the others."""
        self._grow(n)
        found: Point | None = None
        first_n1 = {}
        limit = bound - SAME_EN / 2
        r_top = self._r_top(n)
        cdf0, high = self.rows0.cdf, 0
        for r1, low in enumerate(self.first_n1):
            if low >= n or r1 > r_top:
                break
            if low + (n - low) * (1 - cdf0[low][r1]) >= limit:
                continue
            high = max(high, low)  # the largest n1 with an expected number below the limit
            while high < n - 1 and high + 1 + (n - high - 1) * (1 - cdf0[high + 1][r1]) < limit:
                high += 1
            steps = []
            for r in range(r_top, r1 - 1, -1):
                if r < r_top and not self._is_level(low, r1, n, r):
                    steps.append(low)  # with less r or more n1, alpha only grows
                    break
                n1 = self._first_powerful(n, r1, r, low, high, r_top - r)
                steps.append(n1)
                if n1 > high:
                    continue
                if self._is_level(n1, r1, n, r):
                    en0 = _expected(self.rows0, r1, n1, n)
                    limit, high = en0 - SAME_EN / 2, n1 - 1
                    found = (n, en0, (r1, n1, r, n))
                    if high < low:
                        break
                elif n1 == low:
                    break
            first_n1[r1] = tuple(steps)
        self.refutations[n] = Refutation(n, r_top, first_n1)
        if found:
            self._add(found)

    def _r_top(self, n: int) -> int:
        """Return the largest r with enough power if stage 1 never stopped."""
        upper = self.rows1.upper[n]
        j = 0
        while upper[j] < self.power - 1e-9:
            j += 1
        return n - 1 - j

    def _first_powerful(self, n: int, r1: int, r: int, low: int, high: int, step: int) -> int:
        """Return the smallest n1 in low..high with enough power, or high + 1."""
        n1 = min(max(self.guess.get((step, r1), low), low), high + 1)
        if n1 <= high and not self._is_powerful(n1, r1, n, r):
            n1 += 1
            while n1 <= high and not self._is_powerful(n1, r1, n, r):
                n1 += 1
        else:
            while n1 > low and self._is_powerful(n1 - 1, r1, n, r):
                n1 -= 1
        self.guess[step, r1] = n1
        return n1

    def _is_powerful(self, n1: int, r1: int, n: int, r: int) -> bool:
        attained = self.rows1.passing(n1, r1, n - n1, r)
        answer = clearly(attained, self.power)
        if answer is None:
            exact = passing_exactly(n1, r1, n, r, self.rates.p1)
            return exact >= self.rates.power - TOLERANCE
        return answer

    def _is_level(self, n1: int, r1: int, n: int, r: int) -> bool:
        attained = self.rows0.passing(n1, r1, n - n1, r)
        answer = clearly(self.alpha, attained)
        if answer is None:
            exact = passing_exactly(n1, r1, n, r, self.rates.p0)
            return exact <= self.rates.alpha + TOLERANCE
        return answer

    def _add(self, found: Point) -> None:
        """Put a point on the lower hull of (n, en0); drop those that it overtakes."""
        points = sorted([*(p for p in self.hull if p[0] != found[0]), found])
        hull: list[Point] = []
        for point in points:
            if hull and point[1] >= hull[-1][1] - SAME_EN / 2:
                continue
            while len(hull) > 1 and _lies_above(hull[-2], hull[-1], point):
                hull.pop()
            hull.append(point)
        self.hull = hull


def _weighted(points: Sequence[Point], rows0: Rows, rows1: Rows) -> Iterator[Admissible]:
    """Yield the designs of a hull with the weights at which each takes over."""
    upper = 1.0
    for here, after in zip(points, [*points[1:], None], strict=True):
        lower = 0.0
        if after is not None:
            saved, added = here[1] - after[1], after[0] - here[0]
            lower = saved / (saved + added)
        yield Admissible(_attained(rows0, rows1, *here[2]), lower, upper)
        upper = lower


def _lies_above(left: Point, middle: Point, right: Point) -> bool:
    """Return whether the middle point is not below the line between the others."""
    share = (middle[0] - left[0]) / (right[0] - left[0])
    return middle[1] >= left[1] + share * (right[1] - left[1]) - SAME_EN / 2
