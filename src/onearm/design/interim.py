"""The chance that a running trial ends promising, from where it stands.

Takes a stopping rule and the outcomes so far in the order of enrolment, returns
probabilities. Exact: patients are added one by one, those whose outcome is open
respond or do not, and what stops at a look is taken out. A look counts its first
n patients: later ones never help an earlier look. Knows no patient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onearm.design.operating import Look, stopping_rule


@dataclass(frozen=True, slots=True)
class Interim:
    """Where a trial stands: so many responders of so many whose outcome is known.

    ``under_null``, ``under_target`` and ``as_observed`` are conditional powers: the
    probability of ending promising if the rate of the others is p0, p1, or the one
    seen so far (None before anybody). ``predictive`` averages it over the rates
    that a Beta(p0, 1 - p0) prior and the responders so far leave.
    """

    responders: int
    evaluated: int
    under_null: float
    under_target: float | None
    as_observed: float | None
    predictive: float


def interim(
    rule: Sequence[Look], outcomes: Sequence[bool | None], p0: float, p1: float | None = None
) -> Interim:
    """Return the chances of a running trial.

    Parameters
    ----------
    rule
        Looks in the order of their numbers.
    outcomes
        Of each patient by enrolment whether there was a response, None while that
        is open. Those beyond the last look do not count; those not enrolled yet
        are open.
    p0, p1
        Null and target rate, in (0, 1).

    Raises
    ------
    DesignError
        If the rule is none.

    References
    ----------
    Lan KKG, Simon R, Halperin M. Commun Stat C 1982;1:207-219 (conditional power).
    Lee JJ, Liu DD. Clin Trials 2008;5:93-106 (predictive probability).

    Examples
    --------
    Simon's minimax design for 0.15 against 0.35, five responders of the first 15:

    >>> from onearm.design.operating import two_stage_rule
    >>> found = interim(two_stage_rule(2, 15, 7, 28), 5 * [True] + 10 * [False], 0.15, 0.35)
    >>> round(found.under_null, 4), round(found.under_target, 4)
    (0.308, 0.8868)
    """
    looks = stopping_rule(rule)
    counted = list(outcomes[: looks[-1].n])
    counted += [None] * (looks[-1].n - len(counted))
    responders, evaluated = counted.count(True), len(counted) - counted.count(None)

    def chance(of_next: Callable[[int, int], float]) -> float:
        return _promising(looks, counted, of_next)

    observed = responders / evaluated if evaluated else None
    return Interim(
        responders,
        evaluated,
        chance(lambda x, n: p0),
        None if p1 is None else chance(lambda x, n: p1),
        None if observed is None else chance(lambda x, n: observed),
        chance(lambda x, n: (p0 + responders + x) / (1 + evaluated + n)),
    )


def _promising(
    looks: Sequence[Look],
    outcomes: Sequence[bool | None],
    of_next: Callable[[int, int], float],
) -> float:
    """Return P(promising); ``of_next(x, n)`` is the chance of an open one after x of n open."""
    going = {0: 1.0}  # responses among the open ones: weight
    done = 0.0
    n = responders = drawn = 0
    for look in looks:
        for outcome in outcomes[n : look.n]:
            if outcome is not None:
                responders += outcome
                continue
            after: dict[int, float] = {}
            for x, weight in going.items():
                p = of_next(x, drawn)
                after[x + 1] = after.get(x + 1, 0.0) + weight * p
                after[x] = after.get(x, 0.0) + weight * (1 - p)
            going, drawn = after, drawn + 1
        n = look.n
        if look.effective is not None:
            enough = look.effective - responders
            done += sum(weight for x, weight in going.items() if x >= enough)
            going = {x: weight for x, weight in going.items() if x < enough}
        if look.futile is not None:
            going = {x: weight for x, weight in going.items() if x + responders > look.futile}
    return done
