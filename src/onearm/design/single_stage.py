"""Sample size of one stage: by the power of the exact test, or by a confidence limit.

Takes proportions in (0, 1), returns frozen results with exact counts. Knows no
patients and no files; percent signs and words are made elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, inf, log
from typing import TYPE_CHECKING, Literal, get_args

from onearm.design.binomial import (
    HALF,
    TOLERANCE,
    Hypotheses,
    Rate,
    at_least,
    clearly,
    hypotheses,
    proportion,
    shown,
    with_dropout,
)
from onearm.errors import DesignError, nearest

if TYPE_CHECKING:
    from onearm.design.limits import Method

Counts = Literal["fractional", "nearest", "floor"]
COUNTS: tuple[Counts, ...] = get_args(Counts)
LARGEST_N = 20_000


@dataclass(frozen=True, slots=True)
class SingleStage:
    """Reject p0 with ``reject_at`` or more responders of ``n``, and what that attains.

    ``reject_at`` is n + 1 where not even n responders are enough.
    """

    n: int
    reject_at: int
    alpha: float
    power: float


@dataclass(frozen=True, slots=True)
class ExactDesign:
    """The two sample sizes of the exact test, and the sawtooth between them.

    The power of an exact test does not grow steadily with n: it drops wherever
    one more responder is needed. ``first`` is the smallest n with the power,
    ``stable`` the smallest from which every larger n has it too. ``sawtooth``
    holds each n from 1 to a little beyond ``stable``.
    """

    rates: Hypotheses
    first: SingleStage
    stable: SingleStage
    sawtooth: tuple[SingleStage, ...]


def exact_design(p0: Rate, p1: Rate, alpha: Rate, power: Rate) -> ExactDesign:
    """Find the sample size of the exact one-sided binomial test of one stage.

    For each n the rule is the least demanding one whose alpha is within its
    limit. Both limits may be met with equality, to 1e-12. That every n beyond
    ``stable`` has the power is not assumed: from some n on it follows from
    Chernoff's bound, and up to there each is looked at.

    Parameters
    ----------
    p0, p1
        Response rates that are too low and worth pursuing, 0 < p0 < p1 < 1.
    alpha
        One-sided error at p0, in (0, 0.5).
    power
        At p1, in (0.5, 1); not beta.

    Raises
    ------
    DesignError
        If a proportion is outside its range or n would exceed 20,000.

    References
    ----------
    A'Hern RP. Stat Med 2001;20:859-866 (the first n). Chernoff H. Ann Math Stat
    1952;23:493-507.

    Examples
    --------
    >>> plan = exact_design(0.2, 0.4, 0.05, 0.8)
    >>> plan.first.n, plan.first.reject_at, plan.stable.n
    (35, 12, 38)
    """
    rates = hypotheses(p0, p1, alpha, power)
    certain = _certainly_powerful(rates)
    if certain > LARGEST_N:
        raise DesignError(f"may need more than {LARGEST_N} subjects; p1 must lie further above p0")
    first = stable = None
    teeth = []
    for rule in _sawtooth(rates):
        teeth.append(rule)
        if not _has_power(rule, rates):
            stable = None
        elif stable is None:
            stable = rule
            first = first or rule
        if rule.n >= certain and stable is not None and rule.n > stable.n + 1:
            break
    assert first is not None  # the loop ends with both
    assert stable is not None
    shown_n = stable.n + max(5, stable.n // 10)
    return ExactDesign(rates, first, stable, tuple(t for t in teeth if t.n <= shown_n))


def _has_power(rule: SingleStage, rates: Hypotheses) -> bool:
    has = clearly(rule.power, float(rates.power))
    if has is None:
        return at_least(rule.reject_at, rule.n, rates.p1) >= rates.power - TOLERANCE
    return has


def _is_level(tail: float, reject_at: int, n: int, rates: Hypotheses) -> bool:
    is_level = clearly(float(rates.alpha), tail)
    if is_level is None:
        return at_least(reject_at, n, rates.p0) <= rates.alpha + TOLERANCE
    return is_level


def _sawtooth(rates: Hypotheses) -> Iterator[SingleStage]:
    """Yield the rule of each n from 1 on; tails go from n to n + 1 by one product."""
    p = float(rates.p0), float(rates.p1)
    tail = list(p)  # P(X >= needed), at p0 and at p1
    below = [1 - rate for rate in p]  # P(X = needed - 1)
    needed = 1
    for n in range(1, 2 * LARGEST_N):
        if n > 1:
            for i, rate in enumerate(p):
                tail[i] += rate * below[i]
                below[i] *= (1 - rate) * n / (n + 1 - needed)
        while needed <= n and not _is_level(tail[0], needed, n, rates):
            for i, rate in enumerate(p):
                at = below[i] * (n - needed + 1) / needed * rate / (1 - rate)
                tail[i] = tail[i] - at if needed < n else 0.0
                below[i] = at
            needed += 1
        yield SingleStage(n, needed, tail[0], tail[1])


def _certainly_powerful(rates: Hypotheses) -> int:
    """Return an n from which on the exact test has the power, by Chernoff's bound.

    With c the first count at or above n t: P(X >= c | p0) <= exp(-n K(t, p0)) and
    P(X < c | p1) <= exp(-n K(t, p1)), with K the relative entropy, for p0 < t < p1.
    """
    p0, p1 = float(rates.p0), float(rates.p1)
    alpha, beta = float(rates.alpha), float(rates.beta)

    def enough(t: float) -> float:
        def entropy(p: float) -> float:
            return t * log(t / p) + (1 - t) * log((1 - t) / (1 - p))

        return max(-log(alpha) / entropy(p0), -log(beta) / entropy(p1))

    least = min((enough(p0 + (p1 - p0) * i / 40) for i in range(1, 40)), default=inf)
    return ceil(least) + 1


@dataclass(frozen=True, slots=True)
class Attainment:
    """What a decision rule asks of ``n`` subjects, in whole responders.

    ``needed`` is the smallest number of responders whose lower limit, ``lower``,
    exceeds the limit of the rule; ``lower_below`` is that of one fewer.
    ``probability`` is the chance of ``needed`` or more when the target is true,
    ``false_positive`` when the limit is. All are None where not even ``n``
    responders are enough.
    """

    n: int
    needed: int | None
    lower: float | None
    lower_below: float | None
    probability: float | None
    false_positive: float | None


@dataclass(frozen=True, slots=True)
class PrecisionDesign:
    """The first n whose lower limit at the target exceeds a limit.

    ``lower`` is the limit at ``n * target`` responders, whole or not as ``counts``
    says; ``lower_before`` is the same at ``n - 1`` (None for n = 1). ``stable_n`` is
    the n from which every larger one will do; with fractional counts it is n.
    ``at_n`` holds the decision in whole responders, ``at_enrolled`` the same for
    all who enrol, ``two_sided_at_enrolled`` with the lower limit of the two-sided
    interval of level 1 - alpha, which leaves alpha / 2 below it. ``sides`` is 2
    where that is the limit of ``n`` and ``at_n``, too.
    """

    target: float
    lower_limit_above: float
    alpha: float
    dropout: float
    n: int
    enrolled: int
    lower: float
    lower_before: float | None
    at_n: Attainment
    at_enrolled: Attainment
    two_sided_at_enrolled: Attainment
    method: Method = "clopper-pearson"
    counts: Counts = "fractional"
    sides: int = 1
    stable_n: int = 0

    @property
    def responders_needed(self) -> int | None:
        """Responders of n that are needed; None where n are not enough."""
        return self.at_n.needed

    @property
    def probability_of_success(self) -> float | None:
        """Chance of so many responders of n when the target is true."""
        return self.at_n.probability


def precision_design(
    target: Rate,
    lower_limit_above: Rate,
    alpha: Rate,
    *,
    dropout: Rate = 0,
    method: str = "clopper-pearson",
    counts: str = "fractional",
    sides: int = 1,
) -> PrecisionDesign:
    """Find the smallest n whose lower confidence limit exceeds a response rate.

    By default the limit is Clopper and Pearson's, one-sided with confidence
    1 - alpha, at n * target responders without rounding, as sample-size programs
    do. n is the first that exceeds ``lower_limit_above``; a limit equal to it is
    not enough.

    Parameters
    ----------
    target
        Response rate that is expected, in (lower_limit_above, 1).
    lower_limit_above
        What the lower limit must exceed, in (0, 1).
    alpha
        One-sided error, in (0, 1).
    dropout
        Expected share of subjects that are not evaluable, in [0, 1);
        n / (1 - dropout), rounded up exactly, are enrolled.
    method
        "clopper-pearson", "mid-p", "wilson" or "wald".
    counts
        Responders at n: "fractional", n * target itself; "nearest", the whole
        number nearest to it (half upwards); "floor", the largest not above it.
    sides
        1: alpha lies below the limit. 2: half of it does, as in a two-sided
        interval of level 1 - alpha.

    Raises
    ------
    DesignError
        If a proportion is outside its range or written in percent, if the
        target does not exceed the limit, or if n would exceed 20,000.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934;26:404-413. Fleiss JL, Levin B, Paik
    MC. Statistical methods for rates and proportions. 3rd ed. Wiley; 2003.

    Examples
    --------
    >>> plan = precision_design(0.30, 0.15, 0.05, dropout=0.20)
    >>> plan.n, plan.enrolled, plan.responders_needed
    (24, 30, 8)
    """
    from onearm.design.limits import lower_limit, method_named  # loads scipy

    rate = proportion("target", target)
    limit = proportion("lower_limit_above", lower_limit_above)
    error = proportion("alpha", alpha, below=HALF)
    lost = proportion("dropout", dropout, or_zero=True)
    if rate <= limit:
        raise DesignError(
            f"target must exceed lower_limit_above; got {shown(target)} "
            f"and {shown(lower_limit_above)}"
        )
    way, whole = method_named(method), _counts_named(counts)
    if sides not in (1, 2):
        raise DesignError(f"sides must be 1 or 2; got {sides}")
    tail = error / sides

    def lower(n: int) -> float:
        return lower_limit(way, float(_responders(n * rate, whole)), n, float(tail))

    n = _first_n(lower, float(limit))
    enrolled = with_dropout(n, lost)
    return PrecisionDesign(
        target=float(rate),
        lower_limit_above=float(limit),
        alpha=float(error),
        dropout=float(lost),
        n=n,
        enrolled=enrolled,
        lower=lower(n),
        lower_before=lower(n - 1) if n > 1 else None,
        at_n=attainment(n, rate, limit, tail, way),
        at_enrolled=attainment(enrolled, rate, limit, tail, way),
        two_sided_at_enrolled=attainment(enrolled, rate, limit, error / 2, way),
        method=way,
        counts=whole,
        sides=sides,
        stable_n=n if whole == "fractional" else _stable_n(n, rate, limit, tail, way, whole),
    )


def attainment(
    n: int,
    target: Fraction,
    limit: Fraction,
    tail: Fraction,
    method: Method = "clopper-pearson",
) -> Attainment:
    """Return the responders of ``n`` whose lower limit exceeds ``limit``."""
    from onearm.design.limits import lower_limit

    def lower(responders: int) -> float:
        return lower_limit(method, float(responders), n, float(tail))

    if lower(n) <= float(limit):
        return Attainment(n, None, None, None, None, None)
    below, needed = 0, n  # the limit grows with the number of responders
    while needed - below > 1:
        middle = (below + needed) // 2
        if lower(middle) > float(limit):
            needed = middle
        else:
            below = middle
    return Attainment(
        n,
        needed,
        lower(needed),
        lower(below),
        float(at_least(needed, n, target)),
        float(at_least(needed, n, limit)),
    )


def _counts_named(name: str) -> Counts:
    for counts in COUNTS:
        if name == counts:
            return counts
    raise DesignError(
        f"counts must be one of {', '.join(COUNTS)}; got {name!r}{nearest(name, COUNTS)}"
    )


def _responders(expected: Fraction, counts: Counts) -> Fraction:
    if counts == "fractional":
        return expected
    return Fraction((expected + HALF) // 1 if counts == "nearest" else expected // 1)


def _first_n(lower: Callable[[int], float], limit: float) -> int:
    for n in range(1, LARGEST_N + 1):
        if lower(n) > limit:
            return n
    raise DesignError(
        f"needs more than {LARGEST_N} subjects; the target must lie further above lower_limit_above"
    )


def _stable_n(
    n: int, rate: Fraction, limit: Fraction, tail: Fraction, method: Method, counts: Counts
) -> int:
    """Return the n from which every larger one will do.

    Rounding takes less than one responder away: where n * target - 1 is enough,
    so is what it is rounded to, and from there on it always is.
    """
    from onearm.design.limits import lower_limit

    stable = n
    while True:
        expected = n * rate
        if lower_limit(method, float(expected - 1), n, float(tail)) > float(limit):
            return stable
        if lower_limit(method, float(_responders(expected, counts)), n, float(tail)) <= limit:
            stable = n + 1
        n += 1
