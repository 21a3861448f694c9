"""Bayesian optimal phase II designs (BOP2 and BOP2-FE), calibrated exactly.

Takes null and target rates of one or two yes-or-no endpoints, gives stopping
bounds and exact operating characteristics. With n of N patients and PP(k) the
posterior probability that endpoint k is better than its null rate:

- stop, not promising, if PP < lambda (n / N) ** gamma. For nested and co-primary
  endpoints when that holds for both; for efficacy with toxicity for either.
- stop, promising, if PP >= 1 - (1 - lambda) (n / N) ** eta (``power``), or
  PP >= 2 Phi(z((1 + lambda) / 2) / sqrt(n / N)) - 1 (``obrien-fleming``). For nested
  and co-primary endpoints when that holds for either; for efficacy with
  toxicity for both. Without ``eta`` only the last look can be promising.
- at n = N the two thresholds are lambda, so every trial ends with a decision.

The prior is Dirichlet with the null probabilities as parameters, worth one
patient, so each endpoint has Beta(null rate, 1 - null rate). For toxicity
"better" is a lower rate. The counts are carried from look to look by their
exact joint distribution: nothing is simulated, so a calibration has no seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np

from onearm.design.arguments import look_sizes, one_sided, positive, proportion, shown
from onearm.design.bop2_bounds import BoundsMaker, Efficacy, Thresholds, check_efficacy, grid
from onearm.design.endpoints import Kind, Rates, complete, hypotheses, joint_rate
from onearm.design.joint_looks import Counts, Ends, Floats, JointLooks
from onearm.design.looks import TIE
from onearm.errors import DesignError, nearest
from onearm.format import percent

Goal = Literal["power", "expected-n"]
GOALS: tuple[Goal, ...] = ("power", "expected-n")


@dataclass(frozen=True, slots=True)
class Bop2Look:
    """Bounds at n patients, one for each endpoint; None where no count reaches it.

    ``futility`` is "stop if at most", for toxicity "stop if at least";
    ``efficacy`` is "promising if at least", for toxicity "if at most". How the
    bounds of two endpoints go together is in the module's text.
    """

    n: int
    futility: tuple[int | None, ...]
    efficacy: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Bop2Operating:
    """What the design does when the truth is ``rates``; all exact."""

    rates: Rates
    promising: float
    stop_early: float
    stop_early_promising: float
    expected_n: float
    stop_at: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Bop2Design:
    """A BOP2 design with its bounds and exact operating characteristics.

    ``alpha`` is the chance of a promising end at ``null.rates``, ``power`` that
    at ``target.rates``.
    """

    kind: Kind
    efficacy: Efficacy
    n: int
    lambda_: float
    gamma: float
    eta: float | None
    looks: tuple[Bop2Look, ...]
    null: Bop2Operating
    target: Bop2Operating

    @property
    def alpha(self) -> float:
        """One-sided error at the null rates."""
        return self.null.promising

    @property
    def power(self) -> float:
        """Chance of a promising end at the target rates."""
        return self.target.promising


@dataclass(frozen=True, slots=True)
class Bop2Calibration:
    """The best of all tables of bounds that a grid of thresholds gives.

    The same table comes from every lambda, gamma and eta that ``lambda_range``,
    ``gamma_range`` and ``eta_range`` enclose at its edges; ``grid_points``
    settings gave ``tables`` different tables, all compared exactly, of which
    ``admissible`` keep ``alpha_limit``.
    """

    design: Bop2Design
    goal: Goal
    alpha_limit: float
    power_wanted: float | None
    lambda_range: tuple[float, float]
    gamma_range: tuple[float, float]
    eta_range: tuple[float, float] | None
    grid_points: int
    tables: int
    admissible: int


def bop2_design(
    kind: Kind,
    null: Rates,
    target: Rates,
    looks: Sequence[int],
    *,
    lambda_: float,
    gamma: float,
    eta: float | None = None,
    efficacy: Efficacy | None = None,
) -> Bop2Design:
    """Return bounds and exact operating characteristics for given thresholds.

    Parameters
    ----------
    kind
        ``binary``; ``nested``: complete response (first) within response
        (second); ``co-primary``: two endpoints, either is enough;
        ``efficacy-toxicity``: response (first) and toxicity (second).
    null, target
        Rates of the endpoints. ``both`` is how often the two hold in the same
        patient: for nested endpoints it is the first rate, for the others the
        product (independence) where it is not given.
    looks
        Patients at each look, ascending; the last is the size of the trial.
    lambda_, gamma, eta
        Thresholds as in the module's text: 0 < lambda < 1, gamma >= 0, eta >= 0.
    efficacy
        Stopping for efficacy; by default ``power`` where eta is given, else none.

    Raises
    ------
    DesignError
        If a number is outside its range, rates contradict each other, or the
        target is not better than the null.

    References
    ----------
    Zhou H, Lee JJ, Yuan Y. Stat Med 2017;36:3302-3314. Xu X, et al. J Biopharm
    Stat 2025, doi 10.1080/10543406.2025.2558142 (efficacy stopping).

    Examples
    --------
    >>> plan = bop2_design("binary", Rates(0.2), Rates(0.4), range(10, 41, 5),
    ...                    lambda_=0.9, gamma=1, eta=2.1)
    >>> [look.futility[0] for look in plan.looks]
    [1, 2, 3, 5, 7, 9, 11]
    >>> round(plan.alpha, 4), round(plan.power, 4)
    (0.0909, 0.8842)
    """
    h0, h1 = hypotheses(kind, null, target)
    sizes = look_sizes(looks)
    sort: Efficacy = efficacy or ("none" if eta is None else "power")
    check_efficacy(sort)
    if (sort == "power") != (eta is not None):
        raise DesignError(f"eta belongs to efficacy 'power' alone; got eta={eta} with {sort!r}")
    thresholds = Thresholds(
        sort,
        np.array([proportion("lambda", lambda_)]),
        np.array([positive("gamma", gamma, or_zero=True)]),
        np.array([positive("eta", eta, or_zero=True)] if eta is not None else [0.0]),
    )
    bounds = BoundsMaker(kind, h0, sizes).of(thresholds, np.zeros((1, 3), dtype=np.int64))
    return _design(kind, h0, h1, sizes, bounds, thresholds, (0, 0, 0))


def calibrate_bop2(
    kind: Kind,
    null: Rates,
    target: Rates,
    looks: Sequence[int],
    *,
    alpha: float,
    power: float | None = None,
    efficacy: Efficacy = "none",
    goal: Goal = "power",
    steps: tuple[int, int, int] = (100, 100, 30),
) -> Bop2Calibration:
    """Find the thresholds that do best while they keep alpha, all compared exactly.

    lambda runs over (0, 1), gamma over [0, 1] and eta over [0, 3] in equal steps;
    different settings mostly give the same bounds, and each table of bounds is
    evaluated once. Ties go to the smaller expected size under the null, then to
    the smaller lambda, gamma and eta.

    Parameters
    ----------
    kind, null, target, looks
        As in :func:`bop2_design`.
    alpha
        Greatest one-sided error at ``null``, in (0, 0.5).
    power
        Least power; needed for the goal ``expected-n``.
    goal
        ``power``: the greatest power (BOP2). ``expected-n``: the smallest
        expected size under the null among the designs with ``power``.
    steps
        Number of steps of lambda, gamma and eta; by default of 0.01, 0.01 and 0.1.

    Raises
    ------
    DesignError
        If no setting keeps alpha (and power), or the grid is too large to search.

    Examples
    --------
    >>> found = calibrate_bop2("binary", Rates(0.2), Rates(0.4), range(10, 41, 5), alpha=0.1)
    >>> found.design.alpha <= 0.1
    True
    """
    h0, h1 = hypotheses(kind, null, target)
    sizes = look_sizes(looks)
    limit = one_sided(alpha)
    wanted = None if power is None else proportion("power", power)
    check_efficacy(efficacy)
    if goal not in GOALS:
        raise DesignError(
            f"goal must be one of {', '.join(GOALS)}; got {goal}{nearest(str(goal), GOALS)}"
        )
    if goal == "expected-n" and wanted is None:
        raise DesignError("the goal 'expected-n' needs a power, such as 0.8")
    thresholds = grid(efficacy, steps)
    maker = BoundsMaker(kind, h0, sizes)
    settings, bounds = maker.different(thresholds)
    engine = JointLooks(kind, sizes, bounds)
    at_null = engine.run(h0, each_look=False)
    keeps = np.flatnonzero(at_null.promising <= limit + TIE)
    if not keeps.size:
        raise DesignError(
            f"no thresholds keep alpha {shown(alpha)} with looks up to {sizes[-1]}; "
            "raise alpha or plan more patients"
        )
    at_target = engine.run(h1, keeps, each_look=False)
    gains = at_target.promising
    if wanted is not None:
        enough = gains >= wanted - TIE
        if not enough.any():
            raise DesignError(
                f"no thresholds keep alpha {shown(alpha)} and power {shown(power)} with "
                f"{sizes[-1]} patients; the greatest power is {percent(float(gains.max()), 1)} %"
            )
        keeps, gains = keeps[enough], gains[enough]
    sizes0 = at_null.expected_n[keeps]
    keys = (sizes0, -gains) if goal == "power" else (-gains, sizes0)
    steady = [np.floor(key / TIE / 1e3) for key in keys]  # equal to nine places is a tie
    best = int(np.lexsort((keeps, *steady))[0])
    index = int(keeps[best])
    same = maker.same(thresholds, bounds, index)
    first = tuple(int(i) for i in same[0])
    return Bop2Calibration(
        design=_design(kind, h0, h1, sizes, bounds[index : index + 1], thresholds, first),
        goal=goal,
        alpha_limit=limit,
        power_wanted=wanted,
        lambda_range=_range(thresholds.lambdas, same[:, 0]),
        gamma_range=_range(thresholds.gammas, same[:, 1]),
        eta_range=_range(thresholds.etas, same[:, 2]) if efficacy == "power" else None,
        grid_points=settings,
        tables=len(bounds),
        admissible=int(np.count_nonzero(at_null.promising <= limit + TIE)),
    )


def bop2_operating(design: Bop2Design, truth: Rates) -> Bop2Operating:
    """Return the exact operating characteristics of a design at another truth.

    For two endpoints ``truth.both`` may lie anywhere between the Frechet bounds
    max(0, first + second - 1) and min(first, second).
    """
    cells = complete("truth", design.kind, truth)
    engine = JointLooks(design.kind, tuple(look.n for look in design.looks), _as_array(design))
    return _operating(engine.run(cells), cells)


def bop2_scenarios(design: Bop2Design) -> tuple[tuple[str, Bop2Operating], ...]:
    """Return what the design does at named truths besides its null and target.

    For two endpoints that may go together in any way: the null and the target at
    both Frechet bounds. For efficacy with toxicity also the mixed truths, inactive
    but safe and active but toxic, which the calibration does not hold to alpha.
    """
    if design.kind in ("binary", "nested"):
        return ()
    null, target = design.null.rates, design.target.rates
    named = []
    for name, rates in (("null", null), ("target", target)):
        second = rates.second or 0.0
        for ratio, how in ((0.0, "as seldom together as can be"), (inf, "as often")):
            both = joint_rate(rates.first, second, ratio)
            named.append((f"{name}, {how}", Rates(rates.first, second, both)))
    if design.kind == "efficacy-toxicity":
        named.append(("inactive but safe", Rates(null.first, target.second)))
        named.append(("active but toxic", Rates(target.first, null.second)))
    return tuple((name, bop2_operating(design, rates)) for name, rates in named)


def _as_array(design: Bop2Design) -> Counts:
    """Return the bounds of a design as the engine counts them."""
    rows = []
    for look in design.looks:
        row = []
        for bounds, none in ((look.futility, -1), (look.efficacy, look.n + 1)):
            for k, bound in enumerate(bounds):
                is_toxicity = design.kind == "efficacy-toxicity" and k == 1
                row.append(none if bound is None else look.n - bound if is_toxicity else bound)
        rows.append(row)
    return np.array([rows])


def _design(
    kind: Kind,
    null: Rates,
    target: Rates,
    sizes: tuple[int, ...],
    bounds: Counts,
    thresholds: Thresholds,
    setting: tuple[int, ...],
) -> Bop2Design:
    engine = JointLooks(kind, sizes, bounds)
    ends = engine.ends

    def shown_bound(k: int, n: int, value: int) -> int | None:
        if not 0 <= value <= n:
            return None
        return n - value if kind == "efficacy-toxicity" and k == 1 else value

    looks = tuple(
        Bop2Look(
            n,
            tuple(shown_bound(k, n, int(bounds[0, j, k])) for k in range(ends)),
            tuple(shown_bound(k, n, int(bounds[0, j, ends + k])) for k in range(ends)),
        )
        for j, n in enumerate(sizes)
    )
    return Bop2Design(
        kind=kind,
        efficacy=thresholds.efficacy,
        n=sizes[-1],
        lambda_=float(thresholds.lambdas[setting[0]]),
        gamma=float(thresholds.gammas[setting[1]]),
        eta=float(thresholds.etas[setting[2]]) if thresholds.efficacy == "power" else None,
        looks=looks,
        null=_operating(engine.run(null), null),
        target=_operating(engine.run(target), target),
    )


def _range(values: Floats, indices: Counts) -> tuple[float, float]:
    return float(values[indices.min()]), float(values[indices.max()])


def _operating(ends: Ends, rates: Rates) -> Bop2Operating:
    return Bop2Operating(
        rates=rates,
        promising=float(ends.promising[0]),
        stop_early=float(ends.early[0]),
        stop_early_promising=float(ends.early_promising[0]),
        expected_n=float(ends.expected_n[0]),
        stop_at=tuple(float(chance) for chance in ends.stop_at[0]),
    )
