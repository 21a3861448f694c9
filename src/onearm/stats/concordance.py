"""Agreement of two readers who put the same patients into categories.

Takes two columns of categories, or a table of counts, returns frozen results
at full precision. Knows nothing of responses or of which reader is right.

The proportion of agreement is the share on the diagonal of the cross table.
Cohen's kappa sets it against the agreement that readers with these margins
would reach by chance: (observed - expected) / (1 - expected). Where categories
are ordered, weights give part of the credit to near misses; for k categories
in positions i and j

    weights        credit                              also called
    none           1 if i = j, else 0                  simple kappa
    linear         1 - |i - j| / (k - 1)               Cicchetti and Allison; SAS's default
    quadratic      1 - (i - j)^2 / (k - 1)^2           Fleiss and Cohen
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from onearm.errors import StatError, nearest
from onearm.stats.arguments import inside, one_of, whole
from onearm.stats.proportion import Method, Proportion, interval

Weights = Literal["none", "linear", "quadratic"]

ONE_CATEGORY = "not estimable: both readers put every patient into one and the same category"


@dataclass(frozen=True, slots=True)
class CrossTable:
    """Patients by the category of the first reader (rows) and of the second (columns).

    Parameters
    ----------
    categories
        Shape (k,), k >= 1, all different, in their order if they have one.
    counts
        Shape (k, k): whole numbers, at least 0, not all 0.

    Raises
    ------
    StatError
        If categories or counts are not as above.

    Examples
    --------
    >>> CrossTable(("yes", "no"), ((20, 5), (10, 15))).n
    50
    """

    categories: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        k = len(self.categories)
        if k == 0 or len(set(self.categories)) < k:
            raise StatError(f"categories must be all different; got {self.categories!r}")
        if len(self.counts) != k or any(len(row) != k for row in self.counts):
            raise StatError(f"counts must be of shape ({k}, {k}), as there are {k} categories")
        for i, row in enumerate(self.counts):
            for j, count in enumerate(row):
                if whole(f"counts[{i}][{j}]", count) < 0:
                    raise StatError(f"counts[{i}][{j}] must be at least 0; got {count}")
        if self.n == 0:
            raise StatError("counts must hold at least one patient; got none")

    @property
    def n(self) -> int:
        """Number of patients whom both readers saw."""
        return sum(map(sum, self.counts))

    @property
    def agreed(self) -> int:
        """Number of patients whom both readers put into one category."""
        return sum(row[i] for i, row in enumerate(self.counts))


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa with its two-sided interval, all in [-1, 1].

    ``observed`` and ``expected`` are the (weighted) agreement seen and that
    by chance, in [0, 1]. ``value``, ``std_error`` and the limits are None,
    with a note, where chance alone gives full agreement.
    """

    value: float | None
    std_error: float | None
    lower: float | None
    upper: float | None
    observed: float
    expected: float
    level: float
    weights: Weights
    note: str


def cross_table(
    first: Sequence[str], second: Sequence[str], categories: Sequence[str]
) -> CrossTable:
    """Count patients by the categories of two readers.

    Parameters
    ----------
    first, second
        Shape (n,), n >= 1, in one order of patients: the category that each
        reader chose; no missing, so leave out whom one reader did not see.
    categories
        Shape (k,): all categories, in their order, also those not used.

    Returns
    -------
    CrossTable
        Rows for the first reader, columns for the second.

    Raises
    ------
    StatError
        If the columns differ in length, are empty, or hold a category that is
        not listed.

    Examples
    --------
    >>> table = cross_table(["PR", "PR", "SD"], ["PR", "SD", "SD"], ["CR", "PR", "SD"])
    >>> table.counts
    ((0, 0, 0), (0, 1, 1), (0, 0, 1))
    """
    if len(first) != len(second):
        raise StatError(
            f"first and second must be of one length; got {len(first)} and {len(second)}"
        )
    names = tuple(categories)
    position = {name: i for i, name in enumerate(names)}
    counts = [[0] * len(names) for _ in names]
    for patient, pair in enumerate(zip(first, second, strict=True)):
        for reader, found in zip(("first", "second"), pair, strict=True):
            if found not in position:
                raise StatError(
                    f"{reader}[{patient}] must be one of {', '.join(names)}; "
                    f"got {found!r}{nearest(str(found), names)}"
                )
        counts[position[pair[0]]][position[pair[1]]] += 1
    return CrossTable(names, tuple(map(tuple, counts)))


def agreement(
    table: CrossTable, *, method: Method = "clopper-pearson", level: float = 0.95
) -> Proportion:
    """Proportion of patients whom both readers put into one category.

    Parameters
    ----------
    table
        From `cross_table`, or of counts.
    method, level
        As for `onearm.stats.proportion.interval`.

    Returns
    -------
    Proportion
        Of those whom both readers saw.

    Raises
    ------
    StatError
        If the method is unknown or ``level`` is outside (0, 1).

    Examples
    --------
    >>> agreement(CrossTable(("yes", "no"), ((20, 5), (10, 15)))).estimate
    0.7
    """
    return interval(table.agreed, table.n, method=method, level=level)


def kappa(table: CrossTable, *, weights: Weights = "none", level: float = 0.95) -> Kappa:
    """Cohen's kappa, simple or weighted, with its asymptotic interval.

    The standard error is that of Fleiss, Cohen and Everitt for a kappa that
    need not be 0; the interval is the value plus and minus z standard errors,
    clipped to [-1, 1]. It is asymptotic: with few patients read it as a rough
    one.

    Parameters
    ----------
    table
        From `cross_table`, or of counts; with weights its categories must be
        in their order.
    weights
        "none", "linear" or "quadratic", as in the table at the head of this
        module.
    level
        Two-sided confidence level, strictly between 0 and 1.

    Returns
    -------
    Kappa
        1 is full agreement, 0 that by chance.

    Raises
    ------
    StatError
        If the weights are unknown or ``level`` is outside (0, 1).

    References
    ----------
    Cohen J. Educ Psychol Meas 1960;20:37-46; Psychol Bull 1968;70:213-220.
    Fleiss JL, Cohen J, Everitt BS. Psychol Bull 1969;72:323-327.

    Examples
    --------
    Observed 35/50, by chance (25 * 30 + 25 * 20) / 50^2 = 1/2.

    >>> found = kappa(CrossTable(("yes", "no"), ((20, 5), (10, 15))))
    >>> round(found.value, 4), round(found.lower, 4), round(found.upper, 4)
    (0.4, 0.1511, 0.6489)
    """
    one_of("weights", weights, get_args(Weights))
    z = -float(ndtri((1 - inside("level", level)) / 2))
    share = np.array(table.counts, dtype=float) / table.n
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    credit = _credit(len(table.categories), weights)
    observed = float((credit * share).sum())
    expected = float(rows @ credit @ columns)
    used = (rows + columns) > 0
    if np.count_nonzero(used) == 1:
        return Kappa(
            None, None, None, None, observed, expected, float(level), weights, ONE_CATEGORY
        )
    value = (observed - expected) / (1 - expected)
    # The mean credit of each category against the other reader's margin.
    mean = (credit @ columns)[:, None] + (rows @ credit)[None, :]
    spread = float((share * (credit - mean * (1 - value)) ** 2).sum())
    variance = spread - (value - expected * (1 - value)) ** 2
    error = math.sqrt(max(0.0, variance) / table.n) / (1 - expected)
    lower, upper = max(-1.0, value - z * error), min(1.0, value + z * error)
    return Kappa(value, error, lower, upper, observed, expected, float(level), weights, "")


def _credit(k: int, weights: Weights) -> npt.NDArray[np.float64]:
    """Return the credit for categories i and j: 1 on the diagonal."""
    if weights == "none" or k == 1:
        return np.eye(k)
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / (k - 1)
    return 1 - (distance if weights == "linear" else distance**2)
