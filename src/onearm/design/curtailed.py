"""Curtailment: stop a one- or two-stage trial as soon as its end is certain, or nearly so.

Takes a rule, returns its bounds after every subject and what they attain. At each
subject the conditional power is the probability, at p1, that the trial ends as
promising. Non-stochastic curtailment stops at 0 and at 1: no decision changes.
Stochastic curtailment stops earlier, and both error rates change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onearm.design.binomial import Rate, hypotheses, proportion, shown
from onearm.design.operating import Look, Operating, operating
from onearm.errors import DesignError

LARGEST_N = 400
_CERTAIN = 1e-12


@dataclass(frozen=True, slots=True)
class CurtailedDesign:
    """Bounds after each subject, and what they attain.

    ``looks`` holds the looks at which a stop is possible: futile with ``futile``
    or fewer responders, effective with ``effective`` or more. ``alpha`` and
    ``power``, ``en0`` and ``en1`` belong to these bounds, ``plain_*`` to the rule
    without curtailment.
    """

    r1: int | None
    n1: int | None
    r: int
    n: int
    futility: float
    efficacy: float
    looks: tuple[Look, ...]
    alpha: float
    power: float
    en0: float
    en1: float
    plain_alpha: float
    plain_power: float
    plain_en0: float
    plain_en1: float


def curtailed(
    r: int,
    n: int,
    p0: Rate,
    p1: Rate,
    *,
    r1: int | None = None,
    n1: int | None = None,
    futility: Rate = 0,
    efficacy: Rate = 1,
) -> CurtailedDesign:
    """Return the bounds of a curtailed rule after every subject.

    Parameters
    ----------
    r, n
        Promising with r + 1 or more responders of n.
    p0, p1
        Response rates that are too low and worth pursuing; p1 is what the
        conditional power assumes.
    r1, n1
        Of a two-stage rule: stop if responders <= r1 of n1.
    futility
        Stop where the conditional power is at most this, in [0, 0.5); 0: only
        where the end is certain.
    efficacy
        Stop where it is at least this, in (0.5, 1]; 1: only where it is certain.

    Raises
    ------
    DesignError
        If the rule contradicts itself or n exceeds 400.

    References
    ----------
    Chi Y, Chen C-M. Contemp Clin Trials 2008;29:189-200 (non-stochastic). Ayanlowo
    AO, Redden DT. Contemp Clin Trials 2007;28:463-472 (stochastic).

    Examples
    --------
    >>> plan = curtailed(12, 43, 0.2, 0.4, r1=3, n1=13)
    >>> abs(plan.alpha - plan.plain_alpha) < 1e-12, plan.en0 < plan.plain_en0
    (True, True)
    """
    rates = hypotheses(p0, p1, 0.05, 0.8)
    if not 0 < n <= LARGEST_N or not 0 <= r < n:
        raise DesignError(f"0 <= r < n <= {LARGEST_N} must hold; got r = {r}, n = {n}")
    if (r1 is None) != (n1 is None):
        raise DesignError("r1 and n1 belong together; got only one of them")
    if r1 is not None and n1 is not None and not (0 <= r1 < n1 < n and r1 <= r):
        raise DesignError(f"0 <= r1 < n1 < n must hold; got r1 = {r1}, n1 = {n1}, n = {n}")
    low = float(proportion("futility", futility, or_zero=True))
    high = 1.0 if efficacy == 1 else float(proportion("efficacy", efficacy))
    if low >= 0.5 or high <= 0.5:
        raise DesignError(
            f"futility must be below 0.5 and efficacy above; got {shown(futility)} and "
            f"{shown(efficacy)}"
        )
    looks = tuple(_looks(r, n, r1, n1, float(rates.p1), low, high))
    plain = [Look(n, r, r + 1)]
    if r1 is not None and n1 is not None:
        plain.insert(0, Look(n1, r1))
    new0, new1 = operating(looks, rates.p0), operating(looks, rates.p1)
    old0, old1 = operating(plain, rates.p0), operating(plain, rates.p1)
    return CurtailedDesign(
        r1, n1, r, n, low, high, looks, *_attained(new0, new1), *_attained(old0, old1)
    )


def _attained(at_p0: Operating, at_p1: Operating) -> tuple[float, float, float, float]:
    return at_p0.reject, at_p1.reject, at_p0.expected_n, at_p1.expected_n


def _looks(
    r: int, n: int, r1: int | None, n1: int | None, p1: float, low: float, high: float
) -> list[Look]:
    """Return the looks at which a stop is possible, in order, the last one included."""
    looks = [Look(n, r, r + 1)]
    power = [0.0] * (r + 1) + [1.0] * (n - r)  # by responders, after all n
    for m in range(n - 1, 0, -1):
        if m + 1 == n1 and r1 is not None:
            power = [0.0 if x <= r1 else value for x, value in enumerate(power)]
        power = [p1 * power[x + 1] + (1 - p1) * power[x] for x in range(m + 1)]
        shut = [0.0 if m == n1 and r1 is not None and x <= r1 else v for x, v in enumerate(power)]
        futile = _last(shut, low)
        effective = _first(shut, high)
        if futile >= 0 or effective <= m:
            looks.append(
                Look(m, futile if futile >= 0 else None, effective if effective <= m else None)
            )
    return looks[::-1]


def _last(power: Sequence[float], low: float) -> int:
    """Return the largest number of responders with a conditional power of at most ``low``."""
    return max((x for x, value in enumerate(power) if value <= low + _CERTAIN), default=-1)


def _first(power: Sequence[float], high: float) -> int:
    """Return the smallest number of responders with a conditional power of ``high`` or more."""
    return min((x for x, value in enumerate(power) if value >= high - _CERTAIN), default=len(power))
