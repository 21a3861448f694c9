"""Inference after a two-stage trial that could stop for futility.

Takes the rule (stop if responders <= r1 of n1, promising if >= r + 1 of n) and
counts, returns frozen results. A naive estimate ignores that weak trials stop
early: it is too low on average, and its interval may contradict the test. Knows
no protocol and no search. Outcomes are ordered as Koyama and Chen do: whatever
reaches stage 2 is more extreme than what stops, and more responders are more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc, betaincinv, gammaln, xlog1py, xlogy

from onearm.errors import StatError
from onearm.stats.proportion import Proportion, binomial_test, clopper_pearson

_STEPS = 200  # halvings of [0, 1]: the interval is at the float spacing long before


@dataclass(frozen=True, slots=True)
class AfterTwoStage:
    """What may be concluded after a two-stage trial; rates in [0, 1].

    ``umvue`` is the unbiased estimate of least variance, ``bias_corrected`` the
    naive one less its bias there, ``median_unbiased`` the rate with p-value 1/2.
    ``p_value`` is one-sided against ``null``; ``lower`` and ``upper`` are the
    rates with p-values (1 - level) / 2 and (1 + level) / 2. ``naive`` and
    ``naive_p_value`` take all subjects as if their number had been fixed.
    ``is_promising`` is the design's own decision, ``naive_excludes_null`` whether
    the naive lower limit lies above the null. ``stage1_responders`` is None where
    it was not needed. ``note`` says what is out of the ordinary, or is empty.
    """

    r1: int
    n1: int
    r: int
    n: int
    null: float
    responders: int
    stage1_responders: int | None
    attained_n: int
    stopped_at: int
    level: float
    umvue: float
    bias_corrected: float
    median_unbiased: float
    p_value: float
    lower: float
    upper: float
    is_promising: bool
    naive: Proportion
    naive_p_value: float
    note: str = ""

    @property
    def naive_excludes_null(self) -> bool:
        """Whether the naive interval lies above the null rate."""
        return self.naive.lower > self.null

    @property
    def is_contradicted(self) -> bool:
        """Whether the naive interval and the design's decision disagree."""
        return self.naive_excludes_null != self.is_promising


@dataclass(frozen=True, slots=True)
class Redesign:
    """Bounds for attained sizes: stop if <= r1 of n1, promising if >= r + 1 of n.

    ``alpha_spent`` is what the attained n may use of alpha, ``alpha`` and
    ``power`` are what the new bounds attain, ``pet0`` the probability of
    stopping early at p0, ``planned_pet0`` that of the plan.
    """

    r1: int
    n1: int
    r: int
    n: int
    alpha_spent: float
    alpha: float
    power: float
    pet0: float
    planned_pet0: float


def after_two_stage(
    responders: int,
    *,
    null: float,
    r1: int,
    n1: int,
    r: int,
    n: int,
    stage1_responders: int | None = None,
    attained_n: int | None = None,
    stopped_at: int = 2,
    level: float = 0.95,
) -> AfterTwoStage:
    """Estimate, test and interval that respect a two-stage design.

    Parameters
    ----------
    responders
        Of all subjects; more than r1 where stage 2 was reached.
    null
        Response rate p0 that the trial was planned to exclude, in (0, 1).
    r1, n1, r, n
        The planned rule, in Simon's letters: r1 and r are the largest numbers
        that fail.
    stage1_responders
        Of the first n1 by enrolment. Needed where the attained second stage
        differs from plan, or where subjects enrolled beyond a stage 1 that stopped.
    attained_n
        Subjects in all, n by default. In stage 2 another number than n makes the
        p-value one of conditional error, with the planned r.
    stopped_at
        1 or 2. After 1, subjects beyond n1 count in ``naive`` alone.
    level
        Two-sided confidence level, in (0, 1); 1 - 2 alpha fits a one-sided alpha.

    Returns
    -------
    AfterTwoStage
        ``upper`` is 1 where all respond, ``lower`` 0 where none does; then
        ``upper`` is the limit of Clopper and Pearson, because every rate has the
        p-value 1.

    Raises
    ------
    StatError
        If counts are impossible, such as a total at or below r1 in stage 2.

    References
    ----------
    Jung S-H, Kim KM. Stat Med 2004;23:881-896 (UMVUE). Koyama T, Chen H. Stat Med
    2008;27:3145-3154 (p-value, interval, median). Guo HY, Liu A. J Biopharm Stat
    2005;15:773-781 (bias correction).

    Examples
    --------
    >>> found = after_two_stage(13, null=0.2, r1=3, n1=13, r=12, n=43, level=0.90)
    >>> round(found.umvue, 4), round(found.p_value, 4), round(found.lower, 4)
    (0.3707, 0.0496, 0.2002)
    """
    _check_rule(r1, n1, r, n)
    if not 0 < null < 1:
        raise StatError(f"null must be between 0 and 1, e.g. 0.2; got {null}")
    if not 0 < level < 1:
        raise StatError(f"level must be between 0 and 1, e.g. 0.9; got {level}")
    if stopped_at not in (1, 2):
        raise StatError(f"stopped_at must be 1 or 2; got {stopped_at}")
    total = attained_n if attained_n is not None else n1 if stopped_at == 1 else n
    if not 0 <= responders <= total:
        raise StatError(f"responders must be between 0 and {total}; got {responders}")
    if stopped_at == 1:
        first = _first_of_stopped(responders, stage1_responders, r1, n1, total)
        note = _overrun(total - n1) if total > n1 else ""
        found = _stage_1(first, r1, n1, n, null, level, note)
    else:
        _check_stage_2(responders, stage1_responders, r1, n1, total)
        if total == n:
            found = _planned(responders, r1, n1, r, n, null, level)
        else:
            if stage1_responders is None:
                raise StatError(
                    f"stage1_responders is needed where the attained n ({total}) differs from "
                    f"the planned n ({n})"
                )
            found = _attained(responders, stage1_responders, r1, n1, r, n, total, null, level)
    estimates, is_promising, note = found
    return AfterTwoStage(
        r1,
        n1,
        r,
        n,
        float(null),
        responders,
        stage1_responders,
        total,
        stopped_at,
        float(level),
        *estimates,
        is_promising,
        clopper_pearson(responders, total, level=level),
        binomial_test(responders, total, null=null).p_value,
        note,
    )


def umvue(responders: int, r1: int, n1: int, n2: int) -> float:
    """Return the unbiased estimate of least variance, where stage 2 was reached.

    Of all orders in which so many responders can come with more than r1 among
    the first n1, the share whose very first subject responds.

    Examples
    --------
    >>> round(umvue(13, 3, 13, 30), 6)
    0.370709
    """
    stage_1 = range(max(r1 + 1, responders - n2), min(n1, responders) + 1)
    first = sum(comb(n1 - 1, x - 1) * comb(n2, responders - x) for x in stage_1)
    return first / sum(comb(n1, x) * comb(n2, responders - x) for x in stage_1)


def redesign(
    *,
    r1: int,
    n1: int,
    r: int,
    n: int,
    attained_n1: int,
    attained_n: int,
    p0: float,
    p1: float,
    alpha: float,
) -> Redesign:
    """Bounds for attained sizes that differ from plan (adaptive threshold Simon).

    The new r1 stops at p0 with the probability nearest to the planned one (the
    larger r1 on a tie). The new r is the smallest whose alpha is within
    2 - 2 Phi(z / sqrt(attained n / n)) with z the quantile of 1 - alpha / 2, never
    more than alpha. Power falls where fewer subjects are attained.

    Parameters
    ----------
    r1, n1, r, n
        The planned rule.
    attained_n1, attained_n
        Subjects at the first look and in all.
    p0, p1
        The rates of the plan.
    alpha
        The planned one-sided alpha, in (0, 0.5).

    References
    ----------
    Liu Y, Pan H. UnplanSimon 0.1.0 (R package), ATS_Design, 2024.

    Examples
    --------
    >>> new = redesign(r1=3, n1=19, r=10, n=36, attained_n1=17, attained_n=34,
    ...                p0=0.2, p1=0.4, alpha=0.1)
    >>> new.r1, new.r, round(new.power, 3)
    (3, 10, 0.847)
    """
    _check_rule(r1, n1, r, n)
    if not 0 < attained_n1 < attained_n:
        raise StatError(
            f"attained_n1 must be at least 1 and less than attained_n; "
            f"got {attained_n1} and {attained_n}"
        )
    if not 0 < p0 < p1 < 1:
        raise StatError(f"0 < p0 < p1 < 1 must hold; got p0 = {p0}, p1 = {p1}")
    if not 0 < alpha < 0.5:
        raise StatError(f"alpha must be between 0 and 0.5, e.g. 0.05; got {alpha}")
    planned = float(bdtr(r1, n1, p0))
    stops = [0.0, *(float(bdtr(k, attained_n1, p0)) for k in range(attained_n1))]
    new_r1 = max(range(len(stops)), key=lambda k: (-abs(stops[k] - planned), k)) - 1
    normal = NormalDist()
    z = -normal.inv_cdf(alpha / 2)
    spent = min(alpha, 2 - 2 * normal.cdf(z / sqrt(attained_n / n)))
    for new_r in range(max(new_r1, 0), attained_n):
        attained = _reaches(new_r + 1, new_r1, attained_n1, attained_n, p0)
        if attained <= spent:
            return Redesign(
                new_r1,
                attained_n1,
                new_r,
                attained_n,
                spent,
                attained,
                _reaches(new_r + 1, new_r1, attained_n1, attained_n, p1),
                stops[new_r1 + 1],
                planned,
            )
    raise StatError(f"no bound of {attained_n} subjects has an alpha of {alpha} or less")


_Estimates = tuple[float, float, float, float, float, float]
_Found = tuple[_Estimates, bool, str]


def _stage_1(x: int, r1: int, n1: int, n: int, null: float, level: float, note: str) -> _Found:
    """Infer from a stage 1 that stopped: one binomial of n1."""

    def p_value(rate: float) -> float:
        return float(bdtrc(x - 1, n1, rate)) if x else 1.0

    estimate = x / n1
    median, lower, upper = _inverted(p_value, level)
    if x == 0:
        median, lower, upper = 0.0, 0.0, float(betaincinv(1, n1, (1 + level) / 2))
        no_limit = (
            "no responder: every rate has the p-value 1, so the upper limit is Clopper-Pearson's"
        )
        note = f"{note}; {no_limit}" if note else no_limit
    corrected = _bias_corrected(estimate, r1, n1, n)
    return (estimate, corrected, median, p_value(null), lower, upper), False, note


def _planned(x: int, r1: int, n1: int, r: int, n: int, null: float, level: float) -> _Found:
    def p_value(rate: float) -> float:
        return _reaches(x, r1, n1, n, rate)

    median, lower, upper = _inverted(p_value, level)
    estimates = (
        umvue(x, r1, n1, n - n1),
        _bias_corrected(x / n, r1, n1, n),
        median,
        p_value(null),
        lower,
        1.0 if x == n else upper,
    )
    return estimates, x > r, ""


def _attained(
    x: int, x1: int, r1: int, n1: int, r: int, n: int, total: int, null: float, level: float
) -> _Found:
    """Infer by the conditional error of the planned second stage (Koyama and Chen, section 4).

    The attained stage 2 has a conditional p-value; the rate at which the planned
    one would exceed r with that probability takes its place in the planned sum.
    """
    n2, x2, m2 = n - n1, x - x1, total - n1
    missing = r + 1 - x1  # responders that the planned stage 2 had to give

    def p_value(rate: float) -> float:
        conditional = float(bdtrc(x2 - 1, m2, rate)) if x2 else 1.0
        return _reaches(r + 1, r1, n1, n, rate, second=_rate_of(conditional, missing, n2))

    median, lower, upper = _inverted(p_value, level)
    crossed = "the first stage alone exceeds r: the p-value does not depend on the second"
    estimates = (
        umvue(x, r1, n1, m2),
        _bias_corrected(x / total, r1, n1, total),
        median,
        p_value(null),
        lower,
        1.0 if x == total else upper,
    )
    is_promising = estimates[3] <= _reaches(r + 1, r1, n1, n, null) * (1 + 1e-12)
    return estimates, is_promising, crossed if missing <= 0 else ""


def _rate_of(probability: float, missing: int, n2: int) -> float:
    """Return the rate at which ``missing`` or more of n2 respond with a probability."""
    if missing <= 0:
        return 0.0
    if missing > n2:
        return 1.0
    return float(betaincinv(missing, n2 - missing + 1, probability))


def _reaches(
    least: int, r1: int, n1: int, n: int, rate: float, *, second: float | None = None
) -> float:
    """P(X1 > r1 and X >= least), with another rate in stage 2 where one is given."""
    x1 = np.arange(max(r1, -1) + 1, n1 + 1)
    missing = least - x1
    tail = np.where(
        missing <= 0,
        1.0,
        bdtrc(np.maximum(missing, 1) - 1, n - n1, rate if second is None else second),
    )
    tail = np.where(missing > n - n1, 0.0, tail)
    return float(np.sum(_pmf(x1, n1, rate) * tail))


def _pmf(x: NDArray[np.int64], n: int, rate: float) -> NDArray[np.float64]:
    ways = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return np.asarray(np.exp(ways + xlogy(x, rate) + xlog1py(n - x, -rate)), dtype=np.float64)


def _bias_corrected(naive: float, r1: int, n1: int, total: int) -> float:
    """Return the naive rate, of either stage, less its bias at that rate."""
    first = np.arange(n1 + 1)
    weight = _pmf(first, n1, naive)
    mean_if_on = (first + (total - n1) * naive) / total
    expected = float(np.sum(weight * np.where(first <= r1, first / n1, mean_if_on)))
    return min(1.0, 2 * naive - expected)


def _inverted(p_value: Callable[[float], float], level: float) -> tuple[float, float, float]:
    """Return the rates with p-values 1/2, (1 - level) / 2 and (1 + level) / 2."""
    tail = (1 - level) / 2
    return _root(p_value, 0.5), _root(p_value, tail), _root(p_value, 1 - tail)


def _root(rising: Callable[[float], float], goal: float) -> float:
    """Return where a function that rises on [0, 1] reaches a goal, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if rising(middle) < goal:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _check_rule(r1: int, n1: int, r: int, n: int) -> None:
    if not (0 <= r1 < n1 < n and r1 <= r < n):
        raise StatError(
            f"the rule must have 0 <= r1 < n1 < n and r1 <= r < n; "
            f"got r1 = {r1}, n1 = {n1}, r = {r}, n = {n}"
        )


def _first_of_stopped(x: int, x1: int | None, r1: int, n1: int, total: int) -> int:
    """Return the responders of the n1 on which the trial stopped."""
    if total < n1:
        raise StatError(
            f"the rule stops after n1 = {n1} subjects; got {total}: derive bounds for the "
            "attained n1 first"
        )
    if total > n1 and x1 is None:
        raise StatError(
            f"stage1_responders is needed where {total} subjects enrolled and stage 1 has {n1}"
        )
    first = x if x1 is None else x1
    if not max(0, x - (total - n1)) <= first <= min(x, n1):
        raise StatError(f"{first} responders of {n1} and {x} of {total} contradict each other")
    if first > r1:
        raise StatError(
            f"the rule goes on with more than {r1} responders of {n1}; "
            f"got {first} and a stop after stage 1"
        )
    return first


def _overrun(more: int) -> str:
    return f"{more} subjects beyond stage 1 count in the naive estimate alone"


def _check_stage_2(x: int, x1: int | None, r1: int, n1: int, total: int) -> None:
    if total <= n1:
        raise StatError(f"stage 2 needs more than n1 = {n1} subjects; got {total}")
    if x <= r1:
        raise StatError(
            f"stage 2 is reached with more than r1 = {r1} responders of {n1}; got {x} in all"
        )
    if x1 is not None and not max(r1 + 1, x - (total - n1)) <= x1 <= min(n1, x):
        raise StatError(
            f"stage1_responders must be between {max(r1 + 1, x - (total - n1))} and "
            f"{min(n1, x)}, for {x} of {total} in stage 2; got {x1}"
        )
