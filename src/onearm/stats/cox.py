"""Cox's proportional hazards model for few covariates, small trials, and monotone likelihoods.

Takes times, event flags and covariates, returns a frozen fit at full precision;
days may be any unit of time. Covariates that change with time come in
counting-process form: rows (start, stop], each with its values. Knows nothing of
patients.

At each time of events the risk set R holds the rows with start < time <= stop.
Ties by Breslow (SAS by default) or Efron (R by default): of d tied events the
l-th, l = 0 ... d - 1, counts the tied rows with weight 1 under Breslow, with
1 - l/d under Efron. With theta = exp(x beta) the log partial likelihood is

    sum over events of x beta - sum over events of log(sum over R of weight theta)

Intervals: Wald's, and by profile likelihood, where twice the log likelihood lost
equals the quantile of chi-square with one degree of freedom. A likelihood that
rises for ever along a covariate (a group without an event) has no maximum: the
estimate is then infinite, one limit of the profile still exists, and Firth's
penalised likelihood, with log det(information)/2 added, has a finite maximum.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, chdtri, ndtr, ndtri

from onearm.errors import StatError
from onearm.stats.arguments import (
    Flags,
    Numbers,
    checked_days,
    checked_flags,
    inside,
    listed,
    one_of,
    reals,
    same_length,
)
from onearm.stats.cox_likelihood import Floats, Likelihood, Point, Ties, risk_sets

MOST_STEPS = 200
CONVERGED = 1e-11  # of the log likelihood gained by a full step
LONGEST_STEP = 4.0  # of a coefficient times the spread of its covariate
FAR = 40.0  # a log hazard ratio between two subjects beyond which nothing changes any more
NO_EVENT = "not estimable: no event with anybody else at risk tells about the covariates"
NO_SPREAD = "not estimable: a covariate is the same for everybody, or follows from the others"
MONOTONE = "monotone likelihood: the maximum likelihood estimate is infinite"
NO_LIMIT = "the profile likelihood does not fall to this limit"


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One covariate: log hazard ratio, its error, and limits of the log hazard ratio.

    ``estimate`` is None where the likelihood is monotone in this covariate; a limit is
    None where there is none. ``p_value`` is Wald's, two-sided.
    """

    estimate: float | None
    std_error: float | None
    wald_lower: float | None
    wald_upper: float | None
    p_value: float | None
    profile_lower: float | None
    profile_upper: float | None
    p_value_profile: float | None
    is_monotone: bool
    note: str

    @property
    def hazard_ratio(self) -> float | None:
        """The ratio of the hazards for one unit more of the covariate."""
        return None if self.estimate is None else math.exp(self.estimate)


@dataclass(frozen=True, slots=True)
class CoxFit:
    """A Cox model: its coefficients in the order of the covariates, and its likelihoods.

    ``log_likelihood`` is at the maximum, ``log_likelihood_null`` at 0; both are
    penalised under Firth's correction. ``score`` is the score statistic at 0, of
    ``degrees`` degrees of freedom, without the penalty.
    """

    coefficients: tuple[Coefficient, ...]
    n: int
    events: int
    log_likelihood: float | None
    log_likelihood_null: float | None
    score: float | None
    degrees: int
    p_value_score: float | None
    p_value_likelihood_ratio: float | None
    ties: Ties
    is_firth: bool
    level: float
    note: str


def cox(
    days: Numbers,
    events: Flags,
    covariates: Sequence[Sequence[float]] | npt.NDArray[Any],
    *,
    starts: Numbers | None = None,
    ties: Ties = "efron",
    firth: bool = False,
    level: float = 0.95,
) -> CoxFit:
    """Fit Cox's model.

    Parameters
    ----------
    days
        Shape (n,), n >= 1, > 0 and finite, any order: time to the event or the
        censoring; of a row in counting-process form its end. No missing.
    events
        Shape (n,): true or 1 for an event at that time.
    covariates
        Shape (n, p), p >= 1, finite: one row of values each. No missing.
    starts
        Shape (n,), >= 0 and below ``days``: the day after which the row is at
        risk; by default 0, where everybody begins.
    ties
        "efron" (R by default) or "breslow" (SAS by default).
    firth
        Whether the likelihood is penalised, which keeps estimates finite.
    level
        Two-sided confidence level, strictly between 0 and 1.

    Returns
    -------
    CoxFit
        A covariate in which the likelihood is monotone has no estimate and no
        Wald interval; its profile interval is open on one side.

    Raises
    ------
    StatError
        If the arguments are not as above.

    References
    ----------
    Cox DR. J R Stat Soc B 1972;34:187-220. Efron B. J Am Stat Assoc 1977;72:557-565.
    Heinze G, Schemper M. Biometrics 2001;57:114-119 (Firth's correction).
    Venzon DJ, Moolgavkar SH. Appl Stat 1988;37:87-94 (profile likelihood).

    Examples
    --------
    >>> fit = cox([4, 3, 1, 1, 2, 2, 3], [1, 1, 1, 0, 1, 1, 0], [[0], [2], [1], [1], [1], [0], [0]])
    >>> round(fit.coefficients[0].hazard_ratio, 4), round(fit.log_likelihood, 4)
    (1.5853, -5.7118)
    """
    one_of("ties", ties, get_args(Ties))
    level = inside("level", level)
    times, flags = checked_days(days), checked_flags(events)
    same_length(times, flags)
    x = _covariates(covariates, len(times))
    begins = _starts(starts, times)
    has_event = np.array(flags, dtype=bool)
    n, p = x.shape
    count = int(has_event.sum())
    nothing = CoxFit((), n, count, None, None, None, p, None, None, ties, firth, level, "")
    if not count or not (x != x[0]).any():
        return _not_estimable(nothing, NO_EVENT)
    x = x - x.mean(axis=0)
    risk = risk_sets(np.array(times), begins, has_event, ties)
    likelihood = Likelihood(x, x[has_event].sum(axis=0), risk, firth)
    null = replace(likelihood, is_firth=False).at(np.zeros(p))
    spread = np.diag(null.information) > 1e-12 * likelihood.spread**2
    if not spread.all() or np.linalg.matrix_rank(null.information) < p:
        return _not_estimable(nothing, NO_SPREAD if spread.any() else NO_EVENT)
    score = float(null.gradient @ np.linalg.solve(null.information, null.gradient))
    return _fitted(nothing, likelihood, score)


def _not_estimable(nothing: CoxFit, note: str) -> CoxFit:
    empty = Coefficient(None, None, None, None, None, None, None, None, False, note)
    return replace(nothing, coefficients=(empty,) * nothing.degrees, note=note)


def _covariates(covariates: Any, n: int) -> Floats:
    rows = [reals(f"covariates[{i}]", row) for i, row in enumerate(_rows_of(covariates))]
    if len(rows) != n:
        raise StatError(
            f"days and covariates must be of one length; got {n} days and {len(rows)} covariates"
        )
    widths = {len(row) for row in rows}
    if len(widths) != 1 or not widths.pop():
        raise StatError("covariates must hold the same number of values, at least 1, in each row")
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if not math.isfinite(value):
                raise StatError(f"covariates[{i}][{j}] must be finite; got {value!r}")
    return np.array(rows, dtype=np.float64)


def _rows_of(covariates: Any) -> list[Any]:
    """Return the rows of a matrix as a list; a list of numbers is not a matrix."""
    if isinstance(covariates, np.ndarray):
        if covariates.ndim != 2:
            raise StatError(f"covariates must be of shape (n, p); got shape {covariates.shape}")
        return list(covariates)
    rows = listed("covariates", covariates)
    for i, row in enumerate(rows):
        if not isinstance(row, Sequence | np.ndarray) or isinstance(row, str):
            raise StatError(f"covariates[{i}] must be a row of values; got {row!r}")
    return rows


def _starts(starts: Numbers | None, times: Sequence[float]) -> Floats:
    if starts is None:
        return np.zeros(len(times))
    found = reals("starts", starts)
    if len(found) != len(times):
        raise StatError(
            f"days and starts must be of one length; got {len(times)} days and {len(found)} starts"
        )
    for i, (start, day) in enumerate(zip(found, times, strict=True)):
        if not 0 <= start < day:
            raise StatError(f"starts[{i}] must be at least 0 and below days[{i}]; got {start!r}")
    return np.array(found)


def _fitted(nothing: CoxFit, likelihood: Likelihood, score: float) -> CoxFit:
    p = likelihood.x.shape[1]
    monotone = {} if likelihood.is_firth else _monotone(likelihood)
    start = np.zeros(p)
    for r, side in monotone.items():
        start[r] = side * FAR / likelihood.smallest_gap(r)
    free = [r for r in range(p) if r not in monotone]
    beta, best = _maximum(likelihood, start, free)
    null = likelihood.at(np.zeros(p)).value
    drop = max(0.0, 2 * (best.value - null))
    coefficients = tuple(
        _coefficient(likelihood, r, beta, best, nothing.level, monotone) for r in range(p)
    )
    return replace(
        nothing,
        coefficients=coefficients,
        log_likelihood=best.value,
        log_likelihood_null=null,
        score=score,
        p_value_score=float(chdtrc(p, max(0.0, score))),
        p_value_likelihood_ratio=float(chdtrc(p, drop)),
        note=MONOTONE if monotone else "",
    )


def _monotone(likelihood: Likelihood) -> dict[int, int]:
    """Return the covariates along which the likelihood rises for ever, each with its side.

    With one covariate this is decided by who had the event at each time; with several, by
    a maximum that runs away.
    """
    p = likelihood.x.shape[1]
    if p == 1:
        side = likelihood.rises_for_ever(0)
        return {0: side} if side else {}
    beta, _ = _maximum(likelihood, np.zeros(p), list(range(p)))
    far = np.abs(beta) * likelihood.spread > FAR / 2
    return {r: 1 if beta[r] > 0 else -1 for r in range(p) if far[r]}


def _maximum(likelihood: Likelihood, start: Floats, free: Sequence[int]) -> tuple[Floats, Point]:
    """Return the maximum over some coefficients, by Newton steps; the others stay."""
    beta, point = start, likelihood.at(start)
    indices = list(free)
    for _ in range(MOST_STEPS if indices else 0):
        gradient = point.gradient[indices]
        information = point.information[np.ix_(indices, indices)]
        try:
            step: Floats = np.asarray(np.linalg.solve(information, gradient), dtype=np.float64)
        except np.linalg.LinAlgError:
            break
        largest = float(np.max(np.abs(step) * likelihood.spread[indices]))
        if largest > LONGEST_STEP:
            step = step * (LONGEST_STEP / largest)
        gain = float(step @ gradient)
        beta, point = _climb(likelihood, beta, point, indices, step)
        if abs(gain) < CONVERGED:
            break
    return beta, point


def _climb(
    likelihood: Likelihood, beta: Floats, point: Point, free: Sequence[int], step: Floats
) -> tuple[Floats, Point]:
    """Take a step, halved until the likelihood does not fall."""
    for _ in range(40):
        moved = beta.copy()
        moved[list(free)] += step
        there = likelihood.at(moved)
        if there.value >= point.value - 1e-12:
            return moved, there
        step = step / 2
    return beta, point


def _coefficient(
    likelihood: Likelihood,
    r: int,
    beta: Floats,
    best: Point,
    level: float,
    monotone: Mapping[int, int],
) -> Coefficient:
    lower, upper = (
        None if monotone.get(r) == side else _profile_limit(likelihood, r, beta, best, level, side)
        for side in (-1, 1)
    )
    zero = beta.copy()
    zero[r] = 0.0
    free = [s for s in range(len(beta)) if s not in monotone]
    _, without = _maximum(likelihood, zero, [s for s in free if s != r])
    p_profile = float(chdtrc(1, max(0.0, 2 * (best.value - without.value))))
    if r in monotone:
        return Coefficient(None, None, None, None, None, lower, upper, p_profile, True, MONOTONE)
    variance = np.linalg.inv(best.information[np.ix_(free, free)])
    error = math.sqrt(float(variance[free.index(r), free.index(r)]))
    half = float(ndtri(0.5 + level / 2)) * error
    at = float(beta[r])
    p_wald = float(2 * ndtr(-abs(at) / error))
    note = NO_LIMIT if lower is None or upper is None else ""
    return Coefficient(
        at, error, at - half, at + half, p_wald, lower, upper, p_profile, False, note
    )


def _profile_limit(
    likelihood: Likelihood, r: int, beta: Floats, best: Point, level: float, side: int
) -> float | None:
    """Return where the profile has lost half the quantile; None where it never does.

    Newton steps on the profile, whose slope is that of the likelihood where the other
    coefficients are at their best, kept inside a bracket.
    """
    wanted = best.value - 0.5 * float(chdtri(1, 1 - level))
    others = [s for s in range(len(beta)) if s != r]

    def profile(at: float, start: Floats) -> tuple[Floats, Point]:
        moved = start.copy()
        moved[r] = at
        return _maximum(likelihood, moved, others)

    near, here = float(beta[r]), beta
    step = 0.5 / float(likelihood.spread[r])
    while True:
        far = near + side * step
        if abs(far - beta[r]) > 2 * FAR / likelihood.smallest_gap(r):
            return None
        moved, point = profile(far, here)
        if point.value < wanted:
            break
        near, here = far, moved
        step *= 2
    at = far
    for _ in range(MOST_STEPS):
        slope = float(point.gradient[r])
        at = at - (point.value - wanted) / slope if slope else near
        if not min(near, far) < at < max(near, far):
            at = (near + far) / 2
        moved, point = profile(at, here)
        if point.value < wanted:
            far = at
        else:
            near, here = at, moved
        if abs(point.value - wanted) < CONVERGED:
            break
        if abs(far - near) <= 1e-13 * (1 + abs(at)):
            break
    return at
