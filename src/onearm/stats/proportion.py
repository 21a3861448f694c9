"""Inference for one binomial proportion.

Takes counts, returns frozen results. Knows nothing of patients, files or
percent signs: values are proportions in [0, 1] at full precision. Intervals
are two-sided; the one-sided lower limit has a function of its own, so that
the two cannot be mixed up.

    method             what it is                                 coverage
    clopper-pearson    inverts two one-sided exact tests          at least the level
    blaker             inverts one two-sided exact test           at least the level
    mid-p              exact tests with half the observed count   about the level
    wilson             inverts the score test                     about the level
    jeffreys           beta posterior, prior beta(1/2, 1/2)       about the level
    agresti-coull      Wald, after adding z*z/2 to both counts    about the level
    wald               estimate -+ z standard errors              often far below the level

References
----------
Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133.
Newcombe RG. Stat Med 1998;17:857-872.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from scipy.special import betaincinv, ndtri

from onearm.errors import StatError
from onearm.stats.arguments import inside, one_of, real, whole
from onearm.stats.binomial import (
    as_extreme,
    at_least,
    at_most,
    blaker_lower,
    exact_lower,
    mid_p_lower,
)

Alternative = Literal["greater", "less", "two-sided"]
Method = Literal[
    "clopper-pearson", "blaker", "mid-p", "wilson", "jeffreys", "agresti-coull", "wald"
]


@dataclass(frozen=True, slots=True)
class Proportion:
    """A proportion with its two-sided confidence interval, all in [0, 1]."""

    successes: int
    trials: int
    estimate: float
    lower: float
    upper: float
    level: float
    method: Method


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
    tail = (1 - inside("level", level)) / 2
    # The tail equations solve to beta quantiles; the ends have no equation.
    lower = exact_lower(successes, trials, tail)
    failures = trials - successes
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
    trials = whole("trials", trials)
    successes = real("successes", successes)
    if not (trials >= 1 and 0 <= successes <= trials):
        raise StatError(_impossible(successes, trials))
    return exact_lower(successes, trials, inside("alpha", alpha, "0.05"))


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
    z = _z(level)
    estimate = successes / trials
    centre = estimate + z * z / (2 * trials)
    half = z * math.sqrt(estimate * (1 - estimate) / trials + (z / (2 * trials)) ** 2)
    scale = 1 + z * z / trials
    # At the ends the root cancels the centre exactly; floating point need not.
    lower = 0.0 if successes == 0 else (centre - half) / scale
    upper = 1.0 if successes == trials else (centre + half) / scale
    return Proportion(successes, trials, estimate, lower, upper, float(level), "wilson")


def jeffreys(successes: int, trials: int, *, level: float = 0.95) -> Proportion:
    """Equal-tailed interval of the posterior under the prior beta(1/2, 1/2).

    Parameters
    ----------
    successes
        Number of responders, 0 <= successes <= trials.
    trials
        Number of evaluable patients, at least 1.
    level
        Two-sided level, strictly between 0 and 1.

    Returns
    -------
    Proportion
        ``lower`` is exactly 0 when successes is 0; ``upper`` is exactly 1
        when successes equals trials, as Brown et al. and SAS set them: the
        posterior quantiles would exclude the estimate there. ``estimate`` is
        successes / trials, not the mean of the posterior.

    Raises
    ------
    StatError
        If the counts are impossible or ``level`` is outside (0, 1).

    References
    ----------
    Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133, section 3.1.2.

    Examples
    --------
    >>> orr = jeffreys(11, 30)
    >>> round(orr.lower, 4), round(orr.upper, 4)
    (0.2128, 0.5449)
    """
    successes, trials = _counts(successes, trials)
    tail = (1 - inside("level", level)) / 2
    a, b = successes + 0.5, trials - successes + 0.5
    lower = 0.0 if successes == 0 else float(betaincinv(a, b, tail))
    upper = 1.0 if successes == trials else float(betaincinv(a, b, 1 - tail))
    return Proportion(successes, trials, successes / trials, lower, upper, float(level), "jeffreys")


def agresti_coull(successes: int, trials: int, *, level: float = 0.95) -> Proportion:
    """Wald's interval after adding z*z/2 successes and as many failures.

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
        Limits clipped to [0, 1]. ``estimate`` is successes / trials; the
        interval is symmetric about the centre of Wilson's, not about it.

    Raises
    ------
    StatError
        If the counts are impossible or ``level`` is outside (0, 1).

    References
    ----------
    Agresti A, Coull BA. Am Stat 1998;52:119-126.
    Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133, section 3.1.3.

    Examples
    --------
    >>> orr = agresti_coull(11, 30)
    >>> round(orr.lower, 4), round(orr.upper, 4)
    (0.2181, 0.5455)
    """
    successes, trials = _counts(successes, trials)
    z = _z(level)
    more = trials + z * z
    centre = (successes + z * z / 2) / more
    half = z * math.sqrt(centre * (1 - centre) / more)
    return _clipped(successes, trials, centre, half, level, "agresti-coull")


def mid_p(successes: int, trials: int, *, level: float = 0.95) -> Proportion:
    """Exact interval that counts half of the observed outcome in each tail.

    The lower limit p solves P(X > x) + P(X = x) / 2 = (1 - level) / 2, the
    upper one P(X < x) + P(X = x) / 2 = (1 - level) / 2, by halving the
    interval of Clopper and Pearson until the numbers do not differ.

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
    Newcombe RG. Stat Med 1998;17:857-872, method 6.

    Examples
    --------
    >>> orr = mid_p(11, 30)
    >>> round(orr.lower, 4), round(orr.upper, 4)
    (0.2102, 0.5478)
    """
    successes, trials = _counts(successes, trials)
    tail = (1 - inside("level", level)) / 2
    lower = mid_p_lower(successes, trials, tail)
    upper = 1 - mid_p_lower(trials - successes, trials, tail)
    return Proportion(successes, trials, successes / trials, lower, upper, float(level), "mid-p")


def blaker(successes: int, trials: int, *, level: float = 0.95) -> Proportion:
    """Exact interval of the rates that a two-sided test does not reject.

    The acceptability of a rate is the smaller observed tail plus the largest
    tail on the other side that does not exceed it; a rate is in the interval
    if its acceptability is at least 1 - level. It lies within the interval of
    Clopper and Pearson, and keeps the level.

    The acceptability has jumps, so that the rates accepted are in rare cases
    not one interval: a short gap then lies near an end. The result is the
    whole range from the smallest to the largest rate accepted, as in SAS and
    in R's BlakerCI. It is found exactly, jump by jump; Blaker's own program
    walks inwards in steps of 0.0001 or 0.00001, and can step over a short
    piece.

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
    Blaker H. Can J Stat 2000;28:783-798.
    Klaschka J. BlakerCI: an algorithm and R package for the Blaker's binomial
    confidence limits calculation. Institute of Computer Science AS CR,
    Technical report 1099, 2010.

    Examples
    --------
    >>> orr, wider = blaker(11, 30), clopper_pearson(11, 30)
    >>> wider.lower < orr.lower < orr.upper < wider.upper
    True
    """
    successes, trials = _counts(successes, trials)
    error = 1 - inside("level", level)
    lower = blaker_lower(successes, trials, error)
    upper = 1 - blaker_lower(trials - successes, trials, error)
    return Proportion(successes, trials, successes / trials, lower, upper, float(level), "blaker")


def wald(successes: int, trials: int, *, level: float = 0.95) -> Proportion:
    """Estimate plus and minus z standard errors: for comparison only.

    Its coverage is often far below the level in trials of this size, and at 0
    or all responders the interval is a single point.

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
        Without continuity correction; limits clipped to [0, 1].

    Raises
    ------
    StatError
        If the counts are impossible or ``level`` is outside (0, 1).

    References
    ----------
    Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133, section 2.

    Examples
    --------
    >>> orr = wald(11, 30)
    >>> round(orr.lower, 4), round(orr.upper, 4)
    (0.1942, 0.5391)
    """
    successes, trials = _counts(successes, trials)
    estimate = successes / trials
    half = _z(level) * math.sqrt(estimate * (1 - estimate) / trials)
    return _clipped(successes, trials, estimate, half, level, "wald")


def interval(
    successes: int, trials: int, *, method: Method = "clopper-pearson", level: float = 0.95
) -> Proportion:
    """Two-sided interval by the method of that name.

    Parameters
    ----------
    successes
        Number of responders, 0 <= successes <= trials.
    trials
        Number of evaluable patients, at least 1.
    method
        One of the names in the table at the head of this module.
    level
        Two-sided confidence level, strictly between 0 and 1.

    Returns
    -------
    Proportion
        Its ``method`` is the name asked for.

    Raises
    ------
    StatError
        If the method is unknown, the counts are impossible or ``level`` is
        outside (0, 1).

    Examples
    --------
    >>> orr = interval(11, 30, method="wilson")
    >>> orr == wilson(11, 30)
    True
    """
    one_of("method", method, _METHODS)
    return _METHODS[method](successes, trials, level=level)


def lower_limit_exceeds(
    successes: int,
    trials: int,
    *,
    threshold: Decimal | Fraction,
    level: Decimal | Fraction,
    method: Method = "clopper-pearson",
) -> bool:
    """Return whether the lower limit of a two-sided interval is above a threshold.

    "Above" is strict. The exact limit lies above the threshold if and only if
    P(X >= successes) at the threshold is below (1 - level) / 2, which is
    decided in rational numbers; limits of other methods are compared as they
    are computed.

    Parameters
    ----------
    successes
        Number of responders, 0 <= successes <= trials.
    trials
        Number of evaluable patients, at least 1.
    threshold
        Proportion, strictly between 0 and 1.
    level
        Two-sided confidence level, strictly between 0 and 1.
    method
        One of the names in the table at the head of this module.

    Raises
    ------
    StatError
        If the method is unknown, the counts are impossible, or a proportion
        is outside (0, 1).

    Examples
    --------
    >>> half = Decimal("0.5")
    >>> lower_limit_exceeds(6, 6, threshold=half, level=Decimal("0.96875"))  # 1/64: a tie
    False
    >>> lower_limit_exceeds(6, 6, threshold=half, level=Decimal("0.96874"))
    True
    """
    successes, trials = _counts(successes, trials)
    inside("threshold", float(threshold), "0.15")
    limits = interval(successes, trials, method=method, level=float(level))
    if method != "clopper-pearson":
        return limits.lower > threshold
    rate = Fraction(threshold)
    good, bad, of = rate.numerator, rate.denominator - rate.numerator, rate.denominator
    tail = sum(
        math.comb(trials, k) * good**k * bad ** (trials - k) for k in range(successes, trials + 1)
    )
    return successes > 0 and 2 * tail < (1 - Fraction(level)) * of**trials


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
    null = inside("null", null, "0.15")
    one_of("alternative", alternative, _TAILS)
    p_value = _TAILS[alternative](successes, trials, null)
    return BinomialTest(successes, trials, successes / trials, null, alternative, p_value)


_TAILS: dict[Alternative, Callable[[int, int, float], float]] = {
    "greater": at_least,
    "less": at_most,
    "two-sided": as_extreme,
}


def _counts(successes: int, trials: int) -> tuple[int, int]:
    """Both counts as Python integers, or an error that quotes them."""
    successes, trials = whole("successes", successes), whole("trials", trials)
    if not (trials >= 1 and 0 <= successes <= trials):
        raise StatError(_impossible(successes, trials))
    return successes, trials


def _impossible(successes: float, trials: int) -> str:
    return (
        f"successes must be between 0 and trials, with trials >= 1; "
        f"got successes={successes}, trials={trials}"
    )


def _z(level: float) -> float:
    """Return the normal quantile that leaves (1 - level) / 2 above it."""
    return -float(ndtri((1 - inside("level", level)) / 2))


def _clipped(
    successes: int, trials: int, centre: float, half: float, level: float, method: Method
) -> Proportion:
    """Return centre -+ half, within [0, 1]."""
    lower, upper = max(0.0, centre - half), min(1.0, centre + half)
    return Proportion(successes, trials, successes / trials, lower, upper, float(level), method)


_METHODS: dict[Method, Callable[..., Proportion]] = {
    "clopper-pearson": clopper_pearson,
    "blaker": blaker,
    "mid-p": mid_p,
    "wilson": wilson,
    "jeffreys": jeffreys,
    "agresti-coull": agresti_coull,
    "wald": wald,
}
