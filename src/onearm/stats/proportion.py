"""Inference for one binomial proportion.

Takes counts, returns frozen results. Knows nothing of patients, files or
percent signs: values are proportions in [0, 1] at full precision. Intervals
are two-sided; the one-sided lower limit has a function of its own, so that
the two cannot be mixed up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

import numpy as np
from scipy.special import betainc, betaincinv, gammaln, ndtri, xlog1py, xlogy

from onearm.errors import StatError, nearest

Alternative = Literal["greater", "less", "two-sided"]

# R's binom.test calls two probabilities equal when they agree to this relative error.
_RELATIVE_ERROR = 1 + 1e-7


@dataclass(frozen=True, slots=True)
class Proportion:
    """A proportion with its two-sided confidence interval, all in [0, 1]."""

    successes: int
    trials: int
    estimate: float
    lower: float
    upper: float
    level: float
    method: str


@dataclass(frozen=True, slots=True)
class BinomialTest:
    """An exact test of one proportion against ``null``; all but the counts in [0, 1]."""

    successes: int
    trials: int
    estimate: float
    null: float
    alternative: Alternative
    p_value: float


def clopper_pearson(successes: int, trials: int, *, level: float = 0.95) -> Proportion:
    """Exact binomial interval that inverts two one-sided tests.

    Parameters
    ----------
    successes
        Number of responders, 0 <= successes <= trials.
    trials
        Number of evaluable patients, at least 1.
    level
        Two-sided confidence level, strictly between 0 and 1.

    Returns
    -------
    Proportion
        ``lower`` is exactly 0 when successes is 0; ``upper`` is exactly 1
        when successes equals trials. The limit at the other end keeps its
        tail of (1 - level) / 2: the interval stays two-sided.

    Raises
    ------
    StatError
        If the counts are impossible or ``level`` is outside (0, 1).

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934;26:404-413.

    Examples
    --------
    >>> orr = clopper_pearson(11, 30)
    >>> round(orr.lower, 4), round(orr.upper, 4)
    (0.1993, 0.5614)
    """
    successes, trials = _counts(successes, trials)
    tail = (1 - _inside("level", level, "0.95")) / 2
    failures = trials - successes
    # The tail equations solve to beta quantiles; the ends have no equation.
    lower = 0.0 if successes == 0 else float(betaincinv(successes, failures + 1, tail))
    upper = 1.0 if failures == 0 else float(betaincinv(successes + 1, failures, 1 - tail))
    return Proportion(
        successes, trials, successes / trials, lower, upper, float(level), "clopper-pearson"
    )


def clopper_pearson_lower(successes: float, trials: int, *, alpha: float) -> float:
    """One-sided exact lower limit, for a whole or a fractional number of responders.

    The beta quantile has a value between whole counts. Sample-size programs
    use it there: they enter the planned rate times ``trials`` without
    rounding. Inference on data has whole counts.

    Parameters
    ----------
    successes
        Number of responders, 0 <= successes <= trials; may be fractional.
    trials
        Number of evaluable patients, at least 1.
    alpha
        One-sided error, strictly between 0 and 1; the limit has confidence
        1 - alpha.

    Returns
    -------
    float
        The limit, in [0, 1]; exactly 0 when successes is 0.

    Raises
    ------
    StatError
        If the counts are impossible or ``alpha`` is outside (0, 1).

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934;26:404-413.

    Examples
    --------
    A planned rate of 30 % in 24 patients, one-sided 95 %: above 15 %.

    >>> round(clopper_pearson_lower(0.30 * 24, 24, alpha=0.05), 6)
    0.152028
    """
    trials = _whole("trials", trials)
    successes = _real("successes", successes)
    if not (trials >= 1 and 0 <= successes <= trials):
        raise StatError(_impossible(successes, trials))
    tail = _inside("alpha", alpha, "0.05")
    return 0.0 if successes == 0 else float(betaincinv(successes, trials - successes + 1, tail))


def wilson(successes: int, trials: int, *, level: float = 0.95) -> Proportion:
    """Score interval without continuity correction.

    Parameters
    ----------
    successes
        Number of responders, 0 <= successes <= trials.
    trials
        Number of evaluable patients, at least 1.
    level
        Two-sided confidence level, strictly between 0 and 1.

    Returns
    -------
    Proportion
        ``lower`` is exactly 0 when successes is 0; ``upper`` is exactly 1
        when successes equals trials.

    Raises
    ------
    StatError
        If the counts are impossible or ``level`` is outside (0, 1).

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209-212.
    Newcombe RG. Stat Med 1998;17:857-872, method 3.

    Examples
    --------
    >>> orr = wilson(11, 30)
    >>> round(orr.lower, 4), round(orr.upper, 4)
    (0.2187, 0.5449)
    """
    successes, trials = _counts(successes, trials)
    z = -float(ndtri((1 - _inside("level", level, "0.95")) / 2))
    estimate = successes / trials
    centre = estimate + z * z / (2 * trials)
    half = z * math.sqrt(estimate * (1 - estimate) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z * z / trials
    # At the ends the root cancels the centre exactly; floating point need not.
    lower = 0.0 if successes == 0 else (centre - half) / scale
    upper = 1.0 if successes == trials else (centre + half) / scale
    return Proportion(successes, trials, estimate, lower, upper, float(level), "wilson")


def binomial_test(
    successes: int, trials: int, *, null: float, alternative: Alternative = "greater"
) -> BinomialTest:
    """Exact test that the true proportion equals ``null``.

    "greater" is P(X >= successes) and "less" is P(X <= successes) under
    ``null``. "two-sided" is the sum of the probabilities that are not larger
    than that of ``successes``, up to a relative error of 1e-7, as R does; it
    is not twice a one-sided value.

    Parameters
    ----------
    successes
        Number of responders, 0 <= successes <= trials.
    trials
        Number of evaluable patients, at least 1.
    null
        Proportion under the null hypothesis, strictly between 0 and 1.
    alternative
        "greater", "less" or "two-sided".

    Returns
    -------
    BinomialTest
        ``p_value`` in [0, 1], unrounded.

    Raises
    ------
    StatError
        If the counts are impossible, ``null`` is outside (0, 1) or the
        alternative is unknown.

    References
    ----------
    Conover WJ. Practical Nonparametric Statistics, 1971, pp. 97-104.
    R Core Team. R 4.2.2, stats::binom.test (``relErr <- 1 + 1e-07``).

    Examples
    --------
    >>> round(binomial_test(11, 30, null=0.15).p_value, 5)
    0.00294
    """
    successes, trials = _counts(successes, trials)
    null = _inside("null", null, "0.15")
    if alternative not in _TAILS:
        raise StatError(
            f"alternative must be one of {', '.join(_TAILS)}; "
            f"got {alternative!r}{nearest(str(alternative), _TAILS)}"
        )
    p_value = _TAILS[alternative](successes, trials, null)
    return BinomialTest(successes, trials, successes / trials, null, alternative, p_value)


def _at_least(successes: int, trials: int, rate: float) -> float:
    """P(X >= successes), as an incomplete beta function."""
    if successes <= 0:
        return 1.0
    return float(betainc(successes, trials - successes + 1, rate))


def _at_most(successes: int, trials: int, rate: float) -> float:
    """P(X <= successes)."""
    return _at_least(trials - successes, trials, 1 - rate)


def _as_extreme(successes: int, trials: int, rate: float) -> float:
    """Two tails: the one that ends at ``successes``, and all not likelier on the other side."""
    counts = np.arange(trials + 1)
    mean = trials * rate
    if successes == mean:
        return 1.0
    log_probability = (
        gammaln(trials + 1)
        - gammaln(counts + 1)
        - gammaln(trials - counts + 1)
        + xlogy(counts, rate)
        + xlog1py(trials - counts, -rate)
    )
    not_likelier = log_probability <= log_probability[successes] + math.log(_RELATIVE_ERROR)
    if successes < mean:
        beyond = int(np.count_nonzero(not_likelier[counts > mean]))
        tails = _at_most(successes, trials, rate) + (
            _at_least(trials - beyond + 1, trials, rate) if beyond else 0.0
        )
    else:
        beyond = int(np.count_nonzero(not_likelier[counts < mean]))
        tails = _at_least(successes, trials, rate) + (
            _at_most(beyond - 1, trials, rate) if beyond else 0.0
        )
    return min(1.0, tails)


_TAILS: dict[Alternative, Callable[[int, int, float], float]] = {
    "greater": _at_least,
    "less": _at_most,
    "two-sided": _as_extreme,
}


def _counts(successes: int, trials: int) -> tuple[int, int]:
    """Both counts as Python integers, or an error that quotes them."""
    successes, trials = _whole("successes", successes), _whole("trials", trials)
    if not (trials >= 1 and 0 <= successes <= trials):
        raise StatError(_impossible(successes, trials))
    return successes, trials


def _impossible(successes: float, trials: int) -> str:
    return (
        f"successes must be between 0 and trials, with trials >= 1; "
        f"got successes={successes}, trials={trials}"
    )


def _whole(name: str, count: object) -> int:
    """Return a count as a Python integer; True, 3.0 and '3' are not counts."""
    if isinstance(count, bool) or not isinstance(count, Integral):
        raise StatError(f"{name} must be a whole number; got {count!r}")
    return int(count)


def _real(name: str, number: object) -> float:
    if isinstance(number, bool) or not isinstance(number, Real):
        raise StatError(f"{name} must be a number; got {number!r}")
    return float(number)


def _inside(name: str, probability: object, example: str) -> float:
    """Return a probability strictly between 0 and 1; neither end passes, nor does NaN."""
    inside = _real(name, probability)
    if not 0 < inside < 1:
        raise StatError(f"{name} must be between 0 and 1, e.g. {example}; got {probability!r}")
    return inside
