"""What may be given to a monitoring design, and what is said of the rest.

Takes what a person wrote, returns plain numbers or raises one clear line. Knows
no design. A float counts to twelve decimals, so that 0.1 + 0.2 is 0.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from numbers import Integral
from operator import index

from onearm.errors import DesignError
from onearm.format import plain

LARGEST_N = 1000
_UNITS = 10**12
_HALF = Fraction(1, 2)


def proportion(name: str, value: object, *, closed: bool = False, below: float = 1.0) -> float:
    """Return a proportion in (0, below), or in [0, below] when ``closed``.

    Raises
    ------
    DesignError
        If it lies outside; a number between 1 and 100 is taken for a percentage
        and the proportion that it means is named.

    Examples
    --------
    >>> proportion("p0", 0.1 + 0.2)
    0.3
    """
    number = exact(name, value)
    inside = 0 <= number <= below if closed else 0 < number < below
    if inside:
        return float(number)
    sort = f"from 0 to {plain(below)}" if closed else f"between 0 and {plain(below)}"
    hint = f" ({shown(value)} % is {plain(float(number / 100))})" if 1 < number < 100 else ""
    raise DesignError(f"{name} must be a proportion {sort}; got {shown(value)}{hint}")


def rates(p0: object, p1: object, *, names: tuple[str, str] = ("p0", "p1")) -> tuple[float, float]:
    """Return a null and a target rate, both in (0, 1), the target above."""
    null, target = proportion(names[0], p0), proportion(names[1], p1)
    if target <= null:
        raise DesignError(
            f"{names[1]} must be greater than {names[0]}; got {shown(p1)} and {shown(p0)}"
        )
    return null, target


def one_sided(alpha: object) -> float:
    """Return a one-sided error rate in (0, 0.5)."""
    return proportion("alpha (one-sided)", alpha, below=0.5)


def power_above_half(power: object) -> float:
    """Return a power in (0.5, 1); a smaller number is taken for beta."""
    number = proportion("power", power)
    if number <= 0.5:
        raise DesignError(
            f"power must be greater than 0.5: it is 1 - beta, such as 0.8; got {shown(power)}"
        )
    return number


def positive(name: str, value: object, *, or_zero: bool = False) -> float:
    """Return a finite number greater than 0, or at least 0."""
    number = exact(name, value)
    if number < 0 or (number == 0 and not or_zero):
        least = "at least 0" if or_zero else "greater than 0"
        raise DesignError(f"{name} must be {least}; got {shown(value)}")
    return float(number)


def whole(name: str, value: object, *, least: int = 1, most: int = LARGEST_N) -> int:
    """Return a whole number from least to most."""
    number = index(value) if isinstance(value, Integral) else None
    if isinstance(value, bool) or number is None or not least <= number <= most:
        raise DesignError(f"{name} must be a whole number from {least} to {most}; got {value}")
    return number


def look_sizes(looks: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of patients at which the trial is looked at, ascending.

    Raises
    ------
    DesignError
        If there is none, one is not a whole number from 1 to 1000, or they do
        not grow: each is the number of patients so far, not those added.
    """
    sizes = tuple(whole("a look", n) for n in looks)
    if not sizes:
        raise DesignError("at least one look is needed; got none")
    for before, after in pairwise(sizes):
        if after <= before:
            raise DesignError(
                f"looks must grow: each is the number of patients so far; got {after} after "
                f"{before}"
            )
    return sizes


def beta_parameters(name: str, prior: Sequence[float]) -> tuple[float, float]:
    """Return the two parameters of a beta distribution, both greater than 0."""
    if len(prior) != 2:
        raise DesignError(f"{name} must be two numbers, a and b of Beta(a, b); got {len(prior)}")
    return positive(f"{name} a", prior[0]), positive(f"{name} b", prior[1])


def exact(name: str, value: object) -> Fraction:
    """Return the number that was meant: a float counts to twelve decimals."""
    if isinstance(value, bool) or not isinstance(value, float | int | Decimal | Fraction):
        raise DesignError(f"{name} must be a number; got {value}")
    try:
        number = Fraction(value)
    except (ValueError, OverflowError):  # not a number, or infinite
        raise DesignError(f"{name} must be a number; got {value}") from None
    return Fraction((number * _UNITS + _HALF) // 1, _UNITS) if isinstance(value, float) else number


def shortest_decimal(low: float, high: float) -> float:
    """Return the number with the fewest decimals strictly between two, nearest to the middle.

    >>> shortest_decimal(0.8511, 0.9227), shortest_decimal(0.00719, 0.00722)
    (0.9, 0.0072)
    """
    start, stop = Fraction(low), Fraction(high)
    for digits in range(1, 16):
        units = 10**digits
        nearest = (((start + stop) / 2 * units) + _HALF) // 1
        if low < float(Fraction(nearest, units)) < high:
            return float(Fraction(nearest, units))
    return (low + high) / 2


def shown(value: object) -> str:
    """Return a number as it was written: 20.0 is 20."""
    return plain(value) if isinstance(value, float) and abs(value) < 1e300 else str(value)
