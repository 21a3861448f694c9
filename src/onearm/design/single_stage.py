"""Sample size of one stage.

Takes proportions in (0, 1), returns frozen results with exact counts. Knows no
patients and no files; percent signs and words are made elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from onearm.design.binomial import HALF, Rate, at_least, proportion, shown
from onearm.errors import DesignError
from onearm.stats.proportion import clopper_pearson_lower

LARGEST_N = 20_000


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
    """The first n whose exact lower limit at the target exceeds a limit.

    ``lower`` is the one-sided limit at ``n * target`` responders, a number that
    need not be whole; ``lower_before`` is the same at ``n - 1`` (None for n = 1).
    ``at_n`` holds the decision in whole responders, ``at_enrolled`` the same for
    all who enrol, ``two_sided_at_enrolled`` with the lower limit of the two-sided
    interval of level 1 - alpha, which leaves alpha / 2 below it.
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

    @property
    def responders_needed(self) -> int | None:
        """Responders of n that are needed; None where n are not enough."""
        return self.at_n.needed

    @property
    def probability_of_success(self) -> float | None:
        """Chance of so many responders of n when the target is true."""
        return self.at_n.probability


def precision_design(
    target: Rate, lower_limit_above: Rate, alpha: Rate, *, dropout: Rate = 0
) -> PrecisionDesign:
    """Find the smallest n whose exact lower limit exceeds a response rate.

    The limit is Clopper and Pearson's, one-sided with confidence 1 - alpha, at
    n * target responders without rounding, as sample-size programs do. n is the
    first that exceeds ``lower_limit_above``; a limit equal to it is not enough.

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
    rate = proportion("target", target)
    limit = proportion("lower_limit_above", lower_limit_above)
    error = proportion("alpha", alpha, below=HALF)
    lost = proportion("dropout", dropout, or_zero=True)
    if rate <= limit:
        raise DesignError(
            f"target must exceed lower_limit_above; got {shown(target)} "
            f"and {shown(lower_limit_above)}"
        )
    n = _first_n(rate, limit, error)
    enrolled = int(-(-n // (1 - lost)))
    return PrecisionDesign(
        target=float(rate),
        lower_limit_above=float(limit),
        alpha=float(error),
        dropout=float(lost),
        n=n,
        enrolled=enrolled,
        lower=_lower(n * rate, n, error),
        lower_before=_lower((n - 1) * rate, n - 1, error) if n > 1 else None,
        at_n=attainment(n, rate, limit, error),
        at_enrolled=attainment(enrolled, rate, limit, error),
        two_sided_at_enrolled=attainment(enrolled, rate, limit, error / 2),
    )


def attainment(n: int, target: Fraction, limit: Fraction, alpha: Fraction) -> Attainment:
    """Return the responders of ``n`` whose one-sided lower limit exceeds ``limit``."""
    if _lower(Fraction(n), n, alpha) <= float(limit):
        return Attainment(n, None, None, None, None, None)
    below, needed = 0, n  # the limit grows with the number of responders
    while needed - below > 1:
        middle = (below + needed) // 2
        if _lower(Fraction(middle), n, alpha) > float(limit):
            needed = middle
        else:
            below = middle
    return Attainment(
        n,
        needed,
        _lower(Fraction(needed), n, alpha),
        _lower(Fraction(below), n, alpha),
        float(at_least(needed, n, target)),
        float(at_least(needed, n, limit)),
    )


def _first_n(rate: Fraction, limit: Fraction, alpha: Fraction) -> int:
    for n in range(1, LARGEST_N + 1):
        if _lower(n * rate, n, alpha) > float(limit):
            return n
    raise DesignError(
        f"needs more than {LARGEST_N} subjects; the target must lie further above lower_limit_above"
    )


def _lower(responders: Fraction, n: int, alpha: Fraction) -> float:
    return clopper_pearson_lower(float(responders), n, alpha=float(alpha))
