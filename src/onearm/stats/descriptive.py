"""Description of one list of numbers: how many, where, how spread.

Takes numbers without units, returns a frozen result at full precision. Knows
nothing of variables, visits or decimals to print.

Decimals stay Decimals: sums are exact and the mean and the standard deviation
are correctly rounded to 28 digits. Integers and floats give floats, with sums
that are exact before the one rounding to a float.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from numbers import Integral, Real
from typing import Literal, cast, get_args

from onearm.errors import StatError, nearest

Quartiles = Literal["sas-5", "r-7"]
Number = float | Decimal


@dataclass(frozen=True, slots=True)
class Description:
    """Numbers described, in the unit of the values; None where there is no such number.

    ``n`` counts the values, ``missing`` those that the caller left out. ``sd``
    has the divisor n - 1 and is None for a single value. All are None when n
    is 0. ``quartiles`` names the definition of ``q1`` and ``q3``.
    """

    n: int
    missing: int
    mean: Number | None
    sd: Number | None
    median: Number | None
    q1: Number | None
    q3: Number | None
    minimum: Number | None
    maximum: Number | None
    quartiles: Quartiles


def describe(
    values: Iterable[Number], *, quartiles: Quartiles = "sas-5", missing: int = 0
) -> Description:
    """Describe the values: n, mean, SD, median, quartiles and range.

    Quartiles are defined by ``quartiles``. "sas-5" is the default of SAS, the
    empirical distribution function with averaging: with n p = j + g, the mean
    of the j-th and the next value if g = 0, else the next value (R calls it
    type 2). "r-7" is the default of R, linear interpolation at 1 + (n - 1) p.
    Both give the same median.

    Parameters
    ----------
    values
        Shape (n,), any order, n >= 0: integers and finite floats, or integers
        and finite Decimals; no missing, which are counted in ``missing``.
    quartiles
        "sas-5" or "r-7".
    missing
        Number of missing values left out of ``values``, at least 0; repeated
        in the result.

    Returns
    -------
    Description
        Decimals if a value is a Decimal, else floats.

    Raises
    ------
    StatError
        If a value is not a finite number, if floats and Decimals are mixed,
        if ``quartiles`` is unknown or ``missing`` is not a count.

    References
    ----------
    Hyndman RJ, Fan Y. Am Stat 1996;50:361-365, definitions 2 and 7.
    SAS Institute. Base SAS Procedures Guide, UNIVARIATE, PCTLDEF=5.

    Examples
    --------
    >>> age = describe([10, 20, 30, 40, 150, 160, 170, 180, 190, 200])
    >>> age.q1, age.median, describe([10, 20, 30, 40], quartiles="r-7").q1
    (30.0, 155.0, 17.5)
    >>> describe([Decimal("0.1"), Decimal("0.2")]).mean
    Decimal('0.15')
    """
    if quartiles not in get_args(Quartiles):
        allowed = get_args(Quartiles)
        raise StatError(
            f"quartiles must be one of {', '.join(allowed)}; "
            f"got {quartiles!r}{nearest(str(quartiles), allowed)}"
        )
    missing = _count(missing)
    ordered = sorted(_numbers(values))
    n = len(ordered)
    if n == 0:
        return Description(0, missing, None, None, None, None, None, None, None, quartiles)
    quartile = _sas_5 if quartiles == "sas-5" else _r_7
    of_one_type = cast("list[float]", ordered)  # or all Decimals, which the module keeps
    with localcontext(Context(prec=28)):
        return Description(
            n,
            missing,
            statistics.mean(of_one_type),
            statistics.stdev(of_one_type) if n > 1 else None,
            _sas_5(ordered, 2),
            quartile(ordered, 1),
            quartile(ordered, 3),
            ordered[0],
            ordered[-1],
            quartiles,
        )


def _sas_5(ordered: Sequence[Number], quarters: int) -> Number:
    """Return the empirical quantile at p = quarters / 4, averaged where it steps."""
    # In whole quarters, so that n p = j is exact.
    below, rest = divmod(len(ordered) * quarters, 4)
    if rest:
        return ordered[below]
    return _between(ordered[below - 1], ordered[below], 2)


def _r_7(ordered: Sequence[Number], quarters: int) -> Number:
    """Return the quantile at p = quarters / 4, interpolated at 1 + (n - 1) p."""
    below, rest = divmod((len(ordered) - 1) * quarters, 4)
    if not rest:
        return ordered[below]
    return _between(ordered[below], ordered[below + 1], rest)


def _between(low: Number, high: Number, quarters: int) -> Number:
    """Return the point that lies ``quarters`` fourths of the way from low to high."""
    if isinstance(low, Decimal) and isinstance(high, Decimal):
        return (low * (4 - quarters) + high * quarters) / 4
    # Weights that are quarters are exact in binary; halves first, so that no sum overflows.
    return float(low) * ((4 - quarters) / 4) + float(high) * (quarters / 4)


def _count(missing: object) -> int:
    if isinstance(missing, bool) or not isinstance(missing, Integral) or missing < 0:
        raise StatError(f"missing must be a count, at least 0; got {missing!r}")
    return int(missing)


def _numbers(values: Iterable[object]) -> list[Number]:
    """Every value as a Decimal if one is, else as a float."""
    found = list(values)
    has_decimals = any(isinstance(value, Decimal) for value in found)
    return [_number(position, value, has_decimals) for position, value in enumerate(found)]


def _number(position: int, value: object, has_decimals: bool) -> Number:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | Real | Decimal)
        or not math.isfinite(value)
    ):
        raise StatError(f"values[{position}] must be a finite number; got {value!r}")
    if not has_decimals or isinstance(value, Decimal):
        return value if isinstance(value, Decimal) else float(value)
    if isinstance(value, Integral):
        return Decimal(int(value))
    raise StatError(
        f"values[{position}] must be a Decimal or an integer, as other values are Decimals; "
        f"got {value!r}"
    )
