"""Lower confidence limits as sample sizes ask for them: at counts that need not be whole.

Takes a number of responders, n and what lies below the limit; gives the limit. At
whole counts they are those of ``stats.proportion``, which data have.
"""

from __future__ import annotations

from math import sqrt
from typing import Literal, get_args

from scipy.special import betainc, ndtri

from onearm.errors import DesignError, nearest
from onearm.stats.proportion import clopper_pearson_lower

Method = Literal["clopper-pearson", "mid-p", "wilson", "wald"]
METHODS: tuple[Method, ...] = get_args(Method)
NAMES: dict[Method, str] = {
    "clopper-pearson": "Clopper-Pearson",
    "mid-p": "mid-P",
    "wilson": "Wilson",
    "wald": "Wald",
}
_STEPS = 100


def method_named(name: str) -> Method:
    """Return the method of a name, or raise a DesignError that lists them."""
    for method in METHODS:
        if name == method:
            return method
    raise DesignError(
        f"method must be one of {', '.join(METHODS)}; got {name!r}{nearest(name, METHODS)}"
    )


def lower_limit(method: Method, responders: float, n: int, tail: float) -> float:
    """Return the lower limit that leaves ``tail`` below it.

    Parameters
    ----------
    method
        "clopper-pearson", "mid-p", "wilson" (without continuity correction) or
        "wald".
    responders
        0 <= responders <= n; may be fractional.
    n
        At least 1.
    tail
        In (0, 0.5): alpha of a one-sided limit, half of it for a two-sided one.

    Returns
    -------
    float
        In [0, 1]; exactly 0 when responders is 0, and where Wald's would be negative.

    References
    ----------
    Newcombe RG. Stat Med 1998;17:857-872, methods 1 (Wald), 3 (Wilson), 5
    (Clopper-Pearson) and 6 (mid-P).

    Examples
    --------
    >>> [round(lower_limit(m, 8, 24, 0.05), 4) for m in METHODS]
    [0.178, 0.1914, 0.1992, 0.1751]
    """
    if responders <= 0:
        return 0.0
    if method == "clopper-pearson":
        return clopper_pearson_lower(responders, n, alpha=tail)
    if method == "mid-p":
        return _mid_p(responders, n, tail)
    z = -float(ndtri(tail))
    rate = responders / n
    if method == "wald":
        return max(0.0, rate - z * sqrt(rate * (1 - rate) / n))
    half = z * sqrt(rate * (1 - rate) / n + (z / (2 * n)) ** 2)
    return (rate + z * z / (2 * n) - half) / (1 + z * z / n)


def _mid_p(responders: float, n: int, tail: float) -> float:
    """Return where P(X > x) + P(X = x) / 2 is ``tail``, with beta functions between counts."""

    def upper(rate: float) -> float:
        at_least = float(betainc(responders, n - responders + 1, rate))
        beyond = float(betainc(responders + 1, n - responders, rate)) if responders < n else 0.0
        return (at_least + beyond) / 2

    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if upper(middle) < tail else (low, middle)
    return (low + high) / 2
