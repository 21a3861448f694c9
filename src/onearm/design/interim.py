"""The chance that a running trial ends promising, from where it stands.

Takes a stopping rule, the responders so far and how the next patients respond,
returns probabilities. Exact: patients are added one by one, and outcomes that
stop at a look are taken out. Knows no patient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onearm.design.operating import Look, stopping_rule
from onearm.errors import DesignError


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
    rule: Sequence[Look], responders: int, evaluated: int, p0: float, p1: float | None = None
) -> Interim:
    """Return the chances of a running trial.

    Parameters
    ----------
    rule
        Looks in the order of their numbers; those at or before ``evaluated`` are
        taken as passed.
    responders, evaluated
        0 <= responders <= evaluated <= n of the last look.
    p0, p1
        Null and target rate, in (0, 1).

    Raises
    ------
    DesignError
        If the counts are impossible or the rule is none.

    References
    ----------
    Lan KKG, Simon R, Halperin M. Commun Stat C 1982;1:207-219 (conditional power).
    Lee JJ, Liu DD. Clin Trials 2008;5:93-106 (predictive probability).

    Examples
    --------
    Simon's minimax design for 0.15 against 0.35, five responders of the first 15:

    >>> from onearm.design.operating import two_stage_rule
    >>> found = interim(two_stage_rule(2, 15, 7, 28), 5, 15, 0.15, 0.35)
    >>> round(found.under_null, 4), round(found.under_target, 4)
    (0.308, 0.8868)
    """
    looks = stopping_rule(rule)
    if not 0 <= responders <= evaluated <= looks[-1].n:
        raise DesignError(
            f"responders must be between 0 and the patients evaluated, at most {looks[-1].n}; "
            f"got {responders} of {evaluated}"
        )
    later = [look for look in looks if look.n > evaluated] or [looks[-1]]

    def chance(of_next: Callable[[int, int], float]) -> float:
        return _promising(later, responders, evaluated, of_next)

    observed = responders / evaluated if evaluated else None
    return Interim(
        responders,
        evaluated,
        chance(lambda x, n: p0),
        None if p1 is None else chance(lambda x, n: p1),
        None if observed is None else chance(lambda x, n: observed),
        chance(lambda x, n: (p0 + x) / (1 + n)),
    )


def _promising(
    looks: Sequence[Look], responders: int, evaluated: int, of_next: Callable[[int, int], float]
) -> float:
    """Return P(promising); ``of_next(x, n)`` is the chance of the next patient after x of n."""
    going = {responders: 1.0}
    done = 0.0
    n = evaluated
    for look in looks:
        while n < look.n:
            after: dict[int, float] = {}
            for x, weight in going.items():
                p = of_next(x, n)
                after[x + 1] = after.get(x + 1, 0.0) + weight * p
                after[x] = after.get(x, 0.0) + weight * (1 - p)
            going, n = after, n + 1
        if look.effective is not None:
            done += sum(weight for x, weight in going.items() if x >= look.effective)
            going = {x: weight for x, weight in going.items() if x < look.effective}
        if look.futile is not None:
            going = {x: weight for x, weight in going.items() if x > look.futile}
    return done
