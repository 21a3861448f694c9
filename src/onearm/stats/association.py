"""Response against a marker: Fisher's exact test, exact odds ratio, area under the curve.

Takes counts or values, returns frozen results at full precision. Knows nothing
of patients or markers.

Two by two, the margins fixed: the count a of the first cell is noncentral
hypergeometric, with weight choose(m, a) choose(n, k - a) w^a for the odds ratio
w. The estimate is the conditional maximum likelihood one, the limits invert two
one-sided tests, the two-sided p-value adds the tables that are at most as
likely as the one seen (with a relative tolerance of 1e-7): as R's
``fisher.test``. That function stops looking for a limit at a tolerance of 1e-4
on the scale of min(w, 1/w), so that a limit of 626.24 prints as 621.93 there;
here it is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, logsumexp, ndtr, ndtri

from onearm.errors import StatError
from onearm.stats.arguments import Flags, Numbers, checked_flags, inside, reals, whole

TOLERANCE = 1e-7  # of R: a table counts as likely as another up to this relative difference
NO_RATIO = "not estimable: a row or a column is empty"
NO_SPREAD = "no limits: the variance is 0"


@dataclass(frozen=True, slots=True)
class OddsRatio:
    """A two by two table by Fisher's exact test.

    ``table`` is ((a, b), (c, d)); the odds ratio is that of a over b against c
    over d. ``p_value`` is two-sided, in [0, 1]. The estimate is 0 or infinite
    where a cell is empty; then it is given as 0.0 or None, and the open limit as
    0.0 or None, with a note.
    """

    table: tuple[tuple[int, int], tuple[int, int]]
    estimate: float | None
    lower: float | None
    upper: float | None
    p_value: float
    level: float
    note: str


@dataclass(frozen=True, slots=True)
class Auc:
    """Area under the ROC curve with DeLong's interval, clipped to [0, 1].

    ``p_value`` is two-sided, of an area of 1/2, by the normal distribution of
    the same standard error; None, as the limits, where that is 0.
    """

    positives: int
    negatives: int
    estimate: float | None
    std_error: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    level: float
    note: str


def fisher_exact(a: int, b: int, c: int, d: int, *, level: float = 0.95) -> OddsRatio:
    """Fisher's exact test with the conditional odds ratio and its exact limits.

    Parameters
    ----------
    a, b
        First row: with and without the event; at least 0.
    c, d
        Second row.
    level
        Two-sided confidence level, strictly between 0 and 1.

    Returns
    -------
    OddsRatio
        The limits contain 1 exactly if neither one-sided p-value is below
        (1 - level)/2.

    Raises
    ------
    StatError
        If a count is not a whole number of at least 0, or ``level`` is outside
        (0, 1).

    References
    ----------
    Fisher RA. J R Stat Soc 1935;98:39-82.
    Cornfield J. Proc 3rd Berkeley Symp 1956;4:135-148.

    Examples
    --------
    Fisher's tea: three of four cups told rightly.

    >>> tea = fisher_exact(3, 1, 1, 3)
    >>> round(tea.estimate, 3), round(tea.lower, 3), round(tea.upper, 1), round(tea.p_value, 4)
    (6.408, 0.212, 626.2, 0.4857)
    """
    names = ("a", "b", "c", "d")
    cells = [whole(name, cell) for name, cell in zip(names, (a, b, c, d), strict=True)]
    for name, cell in zip(names, cells, strict=True):
        if cell < 0:
            raise StatError(f"{name} must be at least 0; got {cell}")
    level = inside("level", level)
    a, b, c, d = cells
    table = ((a, b), (c, d))
    low, high = max(0, a - d), min(a + b, a + c)  # the counts that the margins allow
    support = np.arange(low, high + 1)
    weights = _log_choose(a + b, support) + _log_choose(c + d, a + c - support)
    p_value = _two_sided(weights, a - low)
    if low == high:
        return OddsRatio(table, None, None, None, p_value, level, NO_RATIO)
    tail = (1 - level) / 2
    estimate = _solve(lambda log_odds: _mean(weights, support, log_odds), a, low, high)
    lower = 0.0 if a == low else _limit(weights, support >= a, tail, rising=True)
    upper = None if a == high else _limit(weights, support <= a, tail, rising=False)
    note = ""
    if a == high:
        note = "infinite: no count above this one is possible"
    elif a == low:
        note = "0: no count below this one is possible"
    return OddsRatio(table, estimate, lower, upper, p_value, level, note)


def _log_choose(n: int, k: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    found = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(found, dtype=np.float64)


def _probabilities(weights: npt.NDArray[np.float64], log_odds: float) -> npt.NDArray[np.float64]:
    tilted = weights + log_odds * np.arange(len(weights))
    return np.asarray(np.exp(tilted - logsumexp(tilted)), dtype=np.float64)


def _two_sided(weights: npt.NDArray[np.float64], at: int) -> float:
    found = _probabilities(weights, 0.0)
    as_likely = found <= found[at] * (1 + TOLERANCE)
    return min(1.0, math.fsum(found[as_likely].tolist()))


def _mean(weights: npt.NDArray[np.float64], support: npt.NDArray[Any], log_odds: float) -> float:
    return float(_probabilities(weights, log_odds) @ support)


def _solve(mean: Any, a: int, low: int, high: int) -> float | None:
    """Return the odds ratio under which the mean count is the one that was seen."""
    if a == low:
        return 0.0
    if a == high:
        return None
    return math.exp(_root(lambda x: mean(x) - a))


def _limit(
    weights: npt.NDArray[np.float64], is_tail: npt.NDArray[Any], tail: float, *, rising: bool
) -> float:
    """Return the odds ratio under which a tail has this probability."""
    sign = 1 if rising else -1
    return math.exp(
        _root(lambda x: sign * (float(_probabilities(weights, x)[is_tail].sum()) - tail))
    )


def _root(rising: Any) -> float:
    """Return where a rising function of the log odds ratio is 0, to the last digits."""
    low, high = -1.0, 1.0
    while rising(low) > 0:
        low *= 2
    while rising(high) < 0:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def auc(values: Numbers, events: Flags, *, level: float = 0.95) -> Auc:
    """Area under the ROC curve of a value for an event, with DeLong's interval.

    The chance that the value of one with the event is above that of one
    without, ties counting one half.

    Parameters
    ----------
    values
        Shape (n,), n >= 1, finite, any order; no missing.
    events
        Shape (n,): true or 1 for the event.
    level
        Two-sided confidence level, strictly between 0 and 1.

    Returns
    -------
    Auc
        Nothing is estimable unless there are patients with the event and
        without; limits need two of each.

    Raises
    ------
    StatError
        If values or events are not as above, or ``level`` is outside (0, 1).

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845.

    Examples
    --------
    >>> found = auc([1, 3, 2, 5], [0, 0, 1, 1])
    >>> found.estimate, round(found.lower, 4), found.upper
    (0.75, 0.057, 1.0)
    """
    level = inside("level", level)
    found, flags = reals("values", values), checked_flags(events)
    if len(found) != len(flags):
        raise StatError(
            f"values and events must be of one length; got {len(found)} values and "
            f"{len(flags)} events"
        )
    if not found or not all(map(math.isfinite, found)):
        raise StatError("values must hold at least one finite number, and no other")
    has_event = np.array(flags, dtype=bool)
    numbers = np.array(found)
    above, below = numbers[has_event], numbers[~has_event]
    m, n = len(above), len(below)
    if not m or not n:
        note = "not estimable: nobody " + ("with" if not m else "without") + " the event"
        return Auc(m, n, None, None, None, None, None, level, note)
    wins = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    estimate = float(wins.mean())
    if m < 2 or n < 2:
        note = "no limits: fewer than two patients with the event or without"
        return Auc(m, n, estimate, None, None, None, None, level, note)
    of_rows, of_columns = wins.mean(axis=1), wins.mean(axis=0)
    error = math.sqrt(float(of_rows.var(ddof=1)) / m + float(of_columns.var(ddof=1)) / n)
    if error == 0:
        return Auc(m, n, estimate, 0.0, None, None, None, level, NO_SPREAD)
    half = float(ndtri(0.5 + level / 2)) * error
    p_value = float(2 * ndtr(-abs(estimate - 0.5) / error))
    lower, upper = max(0.0, estimate - half), min(1.0, estimate + half)
    return Auc(m, n, estimate, error, lower, upper, p_value, level, "")


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for their number by Holm's step-down procedure.

    Parameters
    ----------
    p_values
        Shape (n,), each in [0, 1]; no missing.

    Returns
    -------
    tuple of float
        In the order given, never below the p-value, at most 1.

    Raises
    ------
    StatError
        If a value is outside [0, 1].

    References
    ----------
    Holm S. Scand J Stat 1979;6:65-70.

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    found = reals("p_values", p_values)
    for position, p in enumerate(found):
        if not 0 <= p <= 1:
            raise StatError(f"p_values[{position}] must be in [0, 1]; got {p!r}")
    adjusted = [0.0] * len(found)
    largest = 0.0
    for rank, position in enumerate(sorted(range(len(found)), key=found.__getitem__)):
        largest = max(largest, min(1.0, (len(found) - rank) * found[position]))
        adjusted[position] = largest
    return tuple(adjusted)
