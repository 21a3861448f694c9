"""Binomial arithmetic that designs share: exact rates, and rows of probabilities.

A rate that a user types becomes a ``Fraction``; what decides a borderline case is
counted in integers. Rows of floats serve the searches and are grown only as far
as a search goes. Knows no design, needs no numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, islice
from math import comb, isfinite
from operator import mul

from onearm.errors import DesignError
from onearm.format import plain

Rate = float | Decimal | Fraction | int

ONE, HALF = Fraction(1), Fraction(1, 2)
TOLERANCE = Fraction(1, 10**12)  # an attained rate this far beyond its limit still holds it
LARGEST_N = 1500  # subjects of a two-stage design
DOUBT = 1e-10  # floats nearer to a limit than this are recounted in integers
SAME_EN = 1e-9  # expected numbers that differ by less are the same


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """What a test of one response rate is designed for, as exact fractions.

    ``alpha`` is one-sided, at p0; ``power`` is at p1.
    """

    p0: Fraction
    p1: Fraction
    alpha: Fraction
    power: Fraction

    @property
    def beta(self) -> Fraction:
        """The type II error that is allowed at p1."""
        return 1 - self.power


def hypotheses(p0: Rate, p1: Rate, alpha: Rate, power: Rate) -> Hypotheses:
    """Return exact hypotheses, or raise a DesignError that says what is wrong.

    Parameters
    ----------
    p0, p1
        Response rates that are too low and worth pursuing, 0 < p0 < p1 < 1.
    alpha
        One-sided error, in (0, 0.5).
    power
        Not beta: in (0.5, 1).

    Examples
    --------
    >>> hypotheses(0.1 + 0.2, 0.5, 0.05, 0.8).p0
    Fraction(3, 10)
    """
    rates = Hypotheses(
        proportion("p0", p0),
        proportion("p1", p1),
        proportion("alpha", alpha, below=HALF),
        proportion("power", power),
    )
    if rates.p1 <= rates.p0:
        raise DesignError(f"p1 must exceed p0; got p0 = {shown(p0)} and p1 = {shown(p1)}")
    if rates.power <= HALF:
        raise DesignError(
            f"power must be greater than 0.5 and less than 1, such as 0.8; got {shown(power)} "
            "(power is 1 - beta)"
        )
    return rates


def proportion(name: str, value: Rate, *, below: Fraction = ONE, or_zero: bool = False) -> Fraction:
    """Return the exact proportion that a number stands for: 0.2 is 1/5, not its binary.

    Floats count to twelve decimals, so that 0.1 + 0.2 is 3/10.
    """
    low = "at least 0" if or_zero else "greater than 0"
    such = "0.8" if name == "power" else "0.05"
    sentence = (
        f"{name} must be a proportion {low} and less than {plain(float(below))}, such as {such}"
    )
    try:
        exact = Fraction(value)
    except (ValueError, OverflowError, TypeError):
        raise DesignError(f"{sentence}; got {value}") from None
    if isinstance(value, float):
        top, bottom = exact.as_integer_ratio()
        exact = Fraction((2 * top * 10**12 + bottom) // (2 * bottom), 10**12)
    if isinstance(value, bool) or not (exact > 0 or (or_zero and exact == 0)) or exact >= below:
        is_percent = not isinstance(value, bool) and 1 < exact < 100
        hint = f" ({shown(value)} % is {plain(float(exact / 100))})" if is_percent else ""
        raise DesignError(f"{sentence}; got {shown(value)}{hint}")
    return exact


def count(name: str, value: int, *, least: int = 0) -> int:
    """Return a whole number of at least ``least``, or raise a DesignError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise DesignError(f"{name} must be a whole number of at least {least}; got {value}")
    return value


def shown(value: Rate) -> str:
    """Return a number as it was written: 20.0 is 20."""
    return plain(value) if isinstance(value, float) and isfinite(value) else str(value)


def with_dropout(n: int, dropout: Fraction) -> int:
    """Return n / (1 - dropout), rounded up exactly: 24 at 0.2 is 30, never 31."""
    return int(-(-n // (1 - dropout)))


def weights(n: int, rate: Fraction) -> list[int]:
    """Return integers proportional to P(X = x), x = 0..n; they sum to denominator ** n."""
    p, q = rate.numerator, rate.denominator - rate.numerator
    return [comb(n, x) * p**x * q ** (n - x) for x in range(n + 1)]


def at_least(count: int, n: int, rate: Fraction) -> Fraction:
    """Return P(X >= count) for X binomial with n and rate, exactly.

    Examples
    --------
    >>> at_least(2, 2, Fraction(1, 3))
    Fraction(1, 9)
    """
    return Fraction(sum(weights(n, rate)[max(count, 0) :]), rate.denominator**n)


class Rows:
    """Probabilities of binomial counts for one rate, row by row, as floats.

    ``pmf[n][x]`` is P(X = x), ``cdf[n][x]`` is P(X <= x), and ``upper[n][j]`` is
    P(X >= n - j): tails are summed from their small end. Rows exist up to the
    largest n that was asked for with ``grow``.
    """

    __slots__ = ("cdf", "pmf", "rate", "upper")

    def __init__(self, rate: Fraction) -> None:
        self.rate = float(rate)
        self.pmf: list[list[float]] = [[1.0]]
        self.cdf: list[list[float]] = [[1.0]]
        self.upper: list[list[float]] = [[1.0]]

    def grow(self, n: int) -> None:
        """Add rows up to n by Pascal's recursion."""
        p, q = self.rate, 1 - self.rate
        row = self.pmf[-1]
        for _ in range(len(self.pmf), n + 1):
            pairs = zip(row, islice(row, 1, None), strict=False)
            row = [q * row[0], *[p * left + q * above for left, above in pairs], p * row[-1]]
            self.pmf.append(row)
            self.cdf.append(list(accumulate(row)))
            self.upper.append(list(accumulate(reversed(row))))

    def more_than(self, r: int, n: int) -> float:
        """Return P(X > r) of n."""
        return 0.0 if r >= n else 1.0 if r < 0 else self.upper[n][n - 1 - r]

    def passing(self, n1: int, r1: int, n2: int, r: int) -> float:
        """Return P(X1 > r1 and X1 + X2 > r) for stages of n1 and n2, with r >= r1."""
        low = max(r1 + 1, r - n2 + 1)  # fewer in stage 1 can no longer exceed r
        total: float = sum(map(mul, self.pmf[n1][low:], self.upper[n2][n2 - 1 - r + low :]))
        return total + self.upper[n1][n1 - 2 - r] if r + 1 < n1 else total


def passing_exactly(n1: int, r1: int, n: int, r: int, rate: Fraction) -> Fraction:
    """Return P(X1 > r1 and X > r) of a two-stage rule, counted in integers."""
    n2 = n - n1
    first, tails = weights(n1, rate), [*accumulate(reversed(weights(n2, rate)))][::-1]
    ways = sum(
        first[x] * (tails[max(r + 1 - x, 0)] if r + 1 - x <= n2 else 0)
        for x in range(r1 + 1, n1 + 1)
    )
    return Fraction(ways, rate.denominator**n)


def best_power(rows0: Rows, rows1: Rows, alpha: float, n: int) -> float:
    """Return the power at p1 of the best test of level alpha on n subjects.

    It rejects at random on its boundary, so no rule of at most n subjects with
    that alpha, whatever its stages, has more power (Neyman and Pearson).
    """
    rows0.grow(n)
    rows1.grow(n)
    upper0, upper1 = rows0.upper[n], rows1.upper[n]
    j = 0
    while j <= n and upper0[j] <= alpha:
        j += 1
    if j > n:
        return 1.0
    below0, below1 = (upper0[j - 1], upper1[j - 1]) if j else (0.0, 0.0)
    share = (alpha + float(TOLERANCE) - below0) / (upper0[j] - below0)
    return below1 + min(1.0, share) * (upper1[j] - below1)


def too_small(rows0: Rows, rows1: Rows, rates: Hypotheses, largest: int) -> int:
    """Return the largest n at which even the most powerful test has too little power."""
    alpha, power = float(rates.alpha), float(rates.power)
    for n in range(1, largest + 1):
        if best_power(rows0, rows1, alpha, n) >= power - 1e-9:
            return n - 1
    raise DesignError(too_large(largest))


def too_large(largest: int) -> str:
    """Return the sentence for a design beyond the largest n."""
    return f"needs more than {largest} subjects; p1 must lie further above p0"


def clearly(value: float, limit: float) -> bool | None:
    """Return whether value >= limit, or None where floats cannot tell."""
    difference = value - limit
    return None if -DOUBT < difference < DOUBT else difference > 0


def dot(left: Sequence[float], right: Sequence[float]) -> float:
    """Return the sum of products up to the shorter end."""
    total: float = sum(map(mul, left, right))
    return total
