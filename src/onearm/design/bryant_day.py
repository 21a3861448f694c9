"""Two-stage designs on response and toxicity (Bryant and Day 1995), exact.

Takes null and target rates of both, gives numbers of patients and bounds. The
rule: go on after n1 patients if at least ``responders1`` responded and at least
``safe1`` had no toxicity; recommend after n if at least ``responders`` responded
and at least ``safe`` had no toxicity. The search assumes that response and
toxicity are independent; the error rates under every association that the rates
allow stand beside (odds ratio from 0 to infinity, the Frechet bounds).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, inf

import numpy as np

from onearm.design.arguments import one_sided, power_above_half, rates, shown, whole
from onearm.design.endpoints import Rates, joint_rate
from onearm.design.joint_looks import Ends, Floats, JointLooks
from onearm.design.looks import TIE, binomial_pmf
from onearm.errors import DesignError

ODDS_RATIOS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, inf)


@dataclass(frozen=True, slots=True)
class Association:
    """Error rates when response and toxicity go together with this odds ratio.

    0 and infinity are the Frechet bounds: as seldom together, or as often, as
    the two rates allow. ``alpha_response`` is the chance to recommend a treatment
    that is safe but inactive, ``alpha_toxicity`` one that is active but toxic,
    ``alpha_neither`` one that is neither; ``power`` one that is both.
    """

    odds_ratio: float
    alpha_response: float
    alpha_toxicity: float
    alpha_neither: float
    power: float
    expected_n: float


@dataclass(frozen=True, slots=True)
class BryantDayDesign:
    """A two-stage design on response and toxicity.

    ``expected_n`` is the larger of the expected sizes for an inactive safe and
    an active toxic treatment, under independence, as are the error rates.
    ``associations`` gives all of them under other odds ratios.
    """

    n1: int
    responders1: int
    safe1: int
    n: int
    responders: int
    safe: int
    alpha_response: float
    alpha_toxicity: float
    power: float
    expected_n: float
    stop_early_inactive: float
    stop_early_toxic: float
    associations: tuple[Association, ...]


@dataclass(frozen=True, slots=True)
class BryantDayPair:
    """The optimal and the minimax design for the same question.

    ``optimal`` has the smallest ``expected_n`` of all designs, proven up to
    ``searched_to``: larger trials cannot have a smaller one (or were excluded by
    the user's ``n_to``, then ``is_proven`` is False). ``minimax`` has the
    smallest n and, of those, the smallest ``expected_n``.
    """

    response0: float
    response1: float
    toxicity0: float
    toxicity1: float
    alpha_response_limit: float
    alpha_toxicity_limit: float
    power_wanted: float
    optimal: BryantDayDesign
    minimax: BryantDayDesign
    searched_from: int
    searched_to: int
    is_proven: bool


@dataclass(frozen=True, slots=True)
class _Question:
    response: tuple[float, float]
    safe: tuple[float, float]
    alpha_response: float
    alpha_toxicity: float
    power: float


def bryant_day(
    response0: float,
    response1: float,
    toxicity0: float,
    toxicity1: float,
    *,
    alpha_response: float = 0.1,
    alpha_toxicity: float = 0.1,
    power: float = 0.8,
    n_from: int = 2,
    n_to: int | None = None,
) -> BryantDayPair:
    """Find the optimal and the minimax two-stage design on response and toxicity.

    Parameters
    ----------
    response0, response1
        Response rate of no interest and of interest, response0 < response1.
    toxicity0, toxicity1
        Toxicity rate that is too high and that is acceptable, toxicity1 < toxicity0.
    alpha_response, alpha_toxicity
        Greatest chances to recommend an inactive or a toxic treatment.
    power
        Least chance to recommend a treatment that is active and acceptable.
    n_from, n_to
        Sizes to search; by default from 2 until the optimum is proven.

    Raises
    ------
    DesignError
        If a number is outside its range or no size up to n_to keeps the limits.

    References
    ----------
    Bryant J, Day R. Biometrics 1995;51:1372-1383.

    Examples
    --------
    >>> pair = bryant_day(0.1, 0.3, 0.3, 0.1, n_from=20, n_to=27)
    >>> best = pair.optimal
    >>> best.n1, best.responders1, best.safe1, best.n, best.responders, best.safe
    (16, 3, 13, 27, 5, 22)
    """
    question = _question(
        (response0, response1), (toxicity0, toxicity1), alpha_response, alpha_toxicity, power
    )
    first = whole("n_from", n_from, least=2)
    last = whole("n_to", n_to, least=first, most=200) if n_to is not None else 200
    optimal: tuple[float, ...] | None = None
    minimax: tuple[float, ...] | None = None
    searched, proven = first, False
    for n in range(first, last + 1):
        best = inf if optimal is None else optimal[0]
        if optimal is not None and _cannot_beat(n, best, question):
            proven = True
            break
        searched = n
        found = min(_designs(n, question, inf if minimax is None else best), default=None)
        if found is not None:
            minimax = minimax or found
            optimal = found if optimal is None or found[0] < best - TIE else optimal
    if optimal is None or minimax is None:
        raise DesignError(
            f"no two-stage design with n from {first} to {last} keeps the error rates and "
            f"power {shown(power)}; raise n_to (at most 200) or widen the rates"
        )
    return BryantDayPair(
        response0=question.response[0],
        response1=question.response[1],
        toxicity0=float(toxicity0),
        toxicity1=float(toxicity1),
        alpha_response_limit=question.alpha_response,
        alpha_toxicity_limit=question.alpha_toxicity,
        power_wanted=question.power,
        optimal=_complete(optimal, question),
        minimax=_complete(minimax, question),
        searched_from=first,
        searched_to=searched,
        is_proven=proven,
    )


def _question(
    response: tuple[float, float],
    toxicity: tuple[float, float],
    alpha_response: float,
    alpha_toxicity: float,
    power: float,
) -> _Question:
    low, high = rates(*response, names=("response0", "response1"))
    good, bad = rates(toxicity[1], toxicity[0], names=("toxicity1", "toxicity0"))
    return _Question(
        (low, high),
        (float(1 - bad), float(1 - good)),
        one_sided(alpha_response),
        one_sided(alpha_toxicity),
        power_above_half(power),
    )


def _tail(n: int, rate: float) -> Floats:
    """Return P(X >= x) for x from 0 to n + 1."""
    return np.append(np.cumsum(binomial_pmf(n, rate)[::-1])[::-1], 0.0)


def _passes(n1: int, n: int, rate: float) -> Floats:
    """Return P(X1 >= c1 and X >= c), an array with rows c1 (0..n1) and columns c (0..n)."""
    first, later = binomial_pmf(n1, rate), _tail(n - n1, rate)
    needed = np.arange(n + 1)[None, :] - np.arange(n1 + 1)[:, None]
    joint = first[:, None] * later[np.clip(needed, 0, n - n1 + 1)]
    return np.cumsum(joint[::-1], axis=0)[::-1]


def _designs(n: int, question: _Question, best: float) -> Iterator[tuple[float, ...]]:
    """Yield every best design of each n1: expected n, minus power, n1, c1, s1, n, c, s."""
    q = question
    for n1 in range(1, n):
        if n1 >= best:
            return
        at = [[_passes(n1, n, p) for p in pair] for pair in (q.response, q.safe)]
        limits = (q.alpha_response, q.alpha_toxicity)
        picks = [
            np.argwhere((active >= q.power - TIE) & (null * q.power <= limit + TIE))
            for (null, active), limit in zip(at, limits, strict=True)
        ]
        if not (len(picks[0]) and len(picks[1])):
            continue
        null_r, active_r = (table[tuple(picks[0].T)][:, None] for table in at[0])
        null_s, active_s = (table[tuple(picks[1].T)][None, :] for table in at[1])
        power = active_r * active_s
        keeps = (
            (power >= q.power - TIE)
            & (null_r * active_s <= q.alpha_response + TIE)
            & (active_r * null_s <= q.alpha_toxicity + TIE)
        )
        if not keeps.any():
            continue
        go_r = [_tail(n1, p)[picks[0][:, 0]][:, None] for p in q.response]
        go_s = [_tail(n1, p)[picks[1][:, 0]][None, :] for p in q.safe]
        go_on = np.maximum(go_r[0] * go_s[1], go_r[1] * go_s[0])
        expected = np.where(keeps, n1 + (n - n1) * go_on, inf)
        least = expected.min()
        ties = np.argwhere(expected <= least + TIE)
        i, j = max(ties, key=lambda ij: power[ij[0], ij[1]])
        c1, c = (int(v) for v in picks[0][i])
        s1, s = (int(v) for v in picks[1][j])
        yield (float(expected[i, j]), -float(power[i, j]), n1, c1, s1, n, c, s)


def _cannot_beat(n: int, best: float, question: _Question) -> bool:
    """Whether no design with n or more patients has an expected size below ``best``.

    Stage 1 must itself keep the power, which bounds how often it can stop.
    """
    q = question
    for n1 in range(1, min(n, ceil(best))):
        r0, r1 = (_tail(n1, p)[:-1] for p in q.response)
        s0, s1 = (_tail(n1, p)[:-1] for p in q.safe)
        may = r1[:, None] * s1[None, :] >= q.power - TIE
        go_on = np.maximum(r0[:, None] * s1[None, :], r1[:, None] * s0[None, :])
        if n1 + (n - n1) * go_on[may].min(initial=1.0) < best - TIE:
            return False
    return True


def _complete(found: tuple[float, ...], question: _Question) -> BryantDayDesign:
    n1, c1, s1, n, c, s = (int(v) for v in found[2:])
    bounds = np.array([[[c1 - 1, s1 - 1, n1 + 1, n1 + 1], [c - 1, s - 1, c, s]]])
    engine = JointLooks("efficacy-toxicity", (n1, n), bounds)

    def at(response: float, safe: float, odds_ratio: float) -> Ends:
        toxic = 1 - safe
        return engine.run(Rates(response, toxic, joint_rate(response, toxic, odds_ratio)))

    (r0, r1), (s0, s1_) = question.response, question.safe
    associations = []
    for odds_ratio in ODDS_RATIOS:
        inactive, toxic = at(r0, s1_, odds_ratio), at(r1, s0, odds_ratio)
        associations.append(
            Association(
                odds_ratio=odds_ratio,
                alpha_response=float(inactive.promising[0]),
                alpha_toxicity=float(toxic.promising[0]),
                alpha_neither=float(at(r0, s0, odds_ratio).promising[0]),
                power=float(at(r1, s1_, odds_ratio).promising[0]),
                expected_n=float(max(inactive.expected_n[0], toxic.expected_n[0])),
            )
        )
    independent = associations[ODDS_RATIOS.index(1.0)]
    return BryantDayDesign(
        n1=n1,
        responders1=c1,
        safe1=s1,
        n=n,
        responders=c,
        safe=s,
        alpha_response=independent.alpha_response,
        alpha_toxicity=independent.alpha_toxicity,
        power=independent.power,
        expected_n=independent.expected_n,
        stop_early_inactive=float(at(r0, s1_, 1.0).early[0]),
        stop_early_toxic=float(at(r1, s0, 1.0).early[0]),
        associations=tuple(associations),
    )
