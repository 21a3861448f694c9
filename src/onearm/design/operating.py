"""Operating characteristics of any stopping rule, exactly.

Takes a rule as a sequence of looks and a response rate, returns probabilities.
Nothing is simulated: the counts of responders that go on are carried from look
to look, those that stop are taken out. Knows no design by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log

from onearm.design.binomial import Rate, proportion
from onearm.errors import DesignError


@dataclass(frozen=True, slots=True)
class Look:
    """Stop at ``n`` subjects with ``futile`` or fewer responders, or ``effective`` or more.

    None: no stop on that side. At the last look the two are neighbours.
    """

    n: int
    futile: int | None = None
    effective: int | None = None


@dataclass(frozen=True, slots=True)
class Operating:
    """What a rule does when the response rate is ``rate``.

    ``reject`` is the probability of ending with ``effective`` or more responders,
    ``stop_futile`` and ``stop_effective`` those of each look, the last included;
    ``size`` pairs every possible number of subjects with its probability, and
    ``expected_n`` is their mean. ``stop_early`` is the probability of fewer than all.
    """

    rate: float
    reject: float
    expected_n: float
    stop_early: float
    stop_futile: tuple[float, ...]
    stop_effective: tuple[float, ...]
    size: tuple[tuple[int, float], ...]


def stopping_rule(looks: Iterable[Look]) -> tuple[Look, ...]:
    """Return looks that make a rule, or raise a DesignError that says why they do not.

    Numbers grow from look to look, futility lies below efficacy, the last look
    decides, some outcome stops early or ends promising, and some does not.
    """
    rule = tuple(looks)
    if not rule:
        raise DesignError("a stopping rule needs at least one look")
    before = 0
    for look in rule:
        if look.n <= before:
            raise DesignError(f"looks must come at growing numbers; got {look.n} after {before}")
        if look.futile is not None and not -1 <= look.futile <= look.n:
            raise DesignError(f"futile must be between -1 and n = {look.n}; got {look.futile}")
        if look.effective is not None and not 0 <= look.effective <= look.n + 1:
            raise DesignError(f"effective must be between 0 and {look.n + 1}; got {look.effective}")
        if None not in (look.futile, look.effective) and look.effective <= look.futile:  # type: ignore[operator]
            raise DesignError(
                f"at {look.n} subjects futility (<= {look.futile}) and efficacy "
                f"(>= {look.effective}) overlap"
            )
        before = look.n
    last = rule[-1]
    if last.effective is None:
        raise DesignError(f"the last look, at {last.n}, must say how many responders are enough")
    if last.futile is not None and last.futile != last.effective - 1:
        raise DesignError(f"the last look, at {last.n}, leaves outcomes without a decision")
    if not any(look.effective is not None and look.effective <= look.n for look in rule):
        raise DesignError("the rule never rejects: no look can have that many responders")
    if last.effective <= 0:
        raise DesignError("the rule always rejects: 0 responders are enough")
    return rule


def operating(rule: Sequence[Look], rate: Rate) -> Operating:
    """Return the exact operating characteristics of a rule at one response rate.

    Parameters
    ----------
    rule
        Looks in the order of their numbers; the last one decides.
    rate
        True response rate, in [0, 1).

    Raises
    ------
    DesignError
        If the looks make no rule or the rate is no proportion.

    References
    ----------
    Schultz JR, Nichol FR, Elfring GL, Weed SD. Biometrics 1973;29:293-300.

    Examples
    --------
    Simon's optimal design for 0.2 against 0.4, at 0.2:

    >>> found = operating([Look(13, futile=3), Look(43, effective=13)], 0.2)
    >>> round(found.reject, 7), round(found.expected_n, 2), round(found.stop_early, 2)
    (0.0495814, 20.58, 0.75)
    """
    looks = stopping_rule(rule)
    p = float(proportion("rate", rate, or_zero=True))
    going = [1.0]
    seen = 0
    futile, effective, size = [], [], []
    for look in looks:
        going = _convolved(going, _pmf(look.n - seen, p))
        seen = look.n
        is_last = look is looks[-1]
        low = look.futile if look.futile is not None else -1
        high = look.effective if look.effective is not None else look.n + 1
        if is_last:
            low = high - 1
        stopped_low, stopped_high = sum(going[: low + 1]), sum(going[high:])
        futile.append(stopped_low)
        effective.append(stopped_high)
        size.append((look.n, stopped_low + stopped_high))
        going = [0.0] * (low + 1) + going[low + 1 : high] + [0.0] * (look.n + 1 - high)
    return Operating(
        rate=p,
        reject=sum(effective),
        expected_n=sum(n * weight for n, weight in size),
        stop_early=sum(weight for _, weight in size[:-1]),
        stop_futile=tuple(futile),
        stop_effective=tuple(effective),
        size=tuple(size),
    )


def two_stage_rule(r1: int, n1: int, r: int, n: int, effective1: int | None = None) -> list[Look]:
    """Return Simon's letters as looks, with efficacy at stage 1 where it is given."""
    return [Look(n1, r1, effective1), Look(n, r, r + 1)]


def _convolved(counts: Sequence[float], more: Sequence[float]) -> list[float]:
    total = [0.0] * (len(counts) + len(more) - 1)
    for x, weight in enumerate(counts):
        if weight:
            for y, share in enumerate(more, x):
                total[y] += weight * share
    return total


def _pmf(n: int, p: float) -> list[float]:
    if p == 0:
        return [1.0] + [0.0] * n
    whole, log_p, log_q = lgamma(n + 1), log(p), log(1 - p)
    return [
        exp(whole - lgamma(x + 1) - lgamma(n - x + 1) + x * log_p + (n - x) * log_q)
        for x in range(n + 1)
    ]
