"""One or two yes-or-no endpoints and their true rates.

Takes rates as a person gives them, returns them complete, or says which
contradict each other. Knows no design.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal

from onearm.design.arguments import proportion, shown
from onearm.design.looks import TIE
from onearm.errors import DesignError, nearest
from onearm.format import percent

Kind = Literal["binary", "nested", "co-primary", "efficacy-toxicity"]
KINDS: tuple[Kind, ...] = ("binary", "nested", "co-primary", "efficacy-toxicity")


@dataclass(frozen=True, slots=True)
class Rates:
    """The truth of one or two endpoints: their rates, and how often both hold.

    ``second`` and ``both`` are None for one endpoint.
    """

    first: float
    second: float | None = None
    both: float | None = None


def joint_rate(first: float, second: float, odds_ratio: float) -> float:
    """Return how often both hold, given two rates and their odds ratio.

    Parameters
    ----------
    first, second
        Rates in [0, 1].
    odds_ratio
        From 0 (as seldom together as possible) to infinity; 1 is independence.

    References
    ----------
    Plackett RL. J Am Stat Assoc 1965;60:516-522.

    Examples
    --------
    >>> joint_rate(0.5, 0.4, 1), joint_rate(0.5, 0.4, 0), joint_rate(0.5, 0.4, float("inf"))
    (0.2, 0.0, 0.4)
    """
    least, most = max(0.0, first + second - 1), min(first, second)
    if odds_ratio == 1:
        return first * second
    if odds_ratio == 0:
        return least
    if odds_ratio == inf:
        return most
    excess = odds_ratio - 1
    middle = 1 + (first + second) * excess
    root = sqrt(max(0.0, middle**2 - 4 * odds_ratio * excess * first * second))
    return min(most, max(least, (middle - root) / (2 * excess)))


def hypotheses(kind: Kind, null: Rates, target: Rates) -> tuple[Rates, Rates]:
    """Return the null and the target truth, complete; the target must be better in each."""
    if kind not in KINDS:
        raise DesignError(
            f"kind must be one of {', '.join(KINDS)}; got {kind}{nearest(str(kind), KINDS)}"
        )
    h0, h1 = complete("null", kind, null), complete("target", kind, target)
    if h1.first <= h0.first:
        raise DesignError(
            f"the target rate must be greater than the null rate; got {shown(h1.first)} and "
            f"{shown(h0.first)}"
        )
    if h0.second is not None and h1.second is not None:
        if kind == "efficacy-toxicity" and h1.second >= h0.second:
            raise DesignError(
                "the target toxicity rate must be less than the null toxicity rate; "
                f"got {shown(h1.second)} and {shown(h0.second)}"
            )
        if kind != "efficacy-toxicity" and h1.second <= h0.second:
            raise DesignError(
                "the second target rate must be greater than its null rate; "
                f"got {shown(h1.second)} and {shown(h0.second)}"
            )
    return h0, h1


def complete(name: str, kind: Kind, rates: Rates) -> Rates:
    """Return rates with ``both`` filled in, or say what contradicts itself.

    ``both`` is the first rate where the endpoints are nested, and otherwise the
    product of the two, independence, unless it is given.
    """
    first = proportion(f"the first {name} rate", rates.first)
    if kind == "binary":
        if rates.second is not None or rates.both is not None:
            raise DesignError("a binary design has one endpoint; got two rates")
        return Rates(first)
    if rates.second is None:
        raise DesignError(f"a {kind} design has two endpoints; got one {name} rate")
    second = proportion(f"the second {name} rate", rates.second)
    if kind == "nested":
        if first >= second:
            raise DesignError(
                "the first endpoint lies within the second and must be rarer; "
                f"got {shown(first)} and {shown(second)}"
            )
        return Rates(first, second, first)
    if rates.both is None:
        return Rates(first, second, first * second)
    both = proportion(f"{name} both", rates.both, closed=True)
    least, most = max(0.0, first + second - 1), min(first, second)
    if not least - TIE <= both <= most + TIE:
        raise DesignError(
            f"{name} both must be from {percent(least, 1)} % to {percent(most, 1)} % for rates "
            f"{shown(first)} and {shown(second)}; got {shown(rates.both)}"
        )
    return Rates(first, second, both)
