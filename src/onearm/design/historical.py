"""What past trials say of a response rate: a pooled rate, and a prior.

Takes responders and patients of past trials, gives two answers to "what is the
null rate". ``pooled_rate``: DerSimonian and Laird's random-effects mean on the
logit scale, with its confidence interval and the prediction interval of a new
trial. ``meta_analytic_prior``: the predictive distribution of a new trial's rate
when logits are normal with mean m and standard deviation tau, m normal around 0
and tau half normal, by quadrature, written as a mixture of beta distributions,
and its robust mixture with a vague part. Nothing is sampled. Knows no design.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, digamma, expit, ndtri, polygamma, stdtrit

from onearm.design.arguments import positive, proportion, whole
from onearm.design.beta import BetaMixture
from onearm.errors import DesignError

Floats = NDArray[np.float64]
LARGEST_PAST_TRIAL = 10_000  # beyond, a trial's likelihood is narrower than the grid of logits


@dataclass(frozen=True, slots=True)
class PastTrial:
    """A past trial: responders of n patients."""

    source: str
    responders: int
    n: int


@dataclass(frozen=True, slots=True)
class PooledRate:
    """A random-effects mean of past response rates; all but tau2 and q in [0, 1].

    ``lower`` and ``upper`` limit the mean, ``predicted_lower`` and
    ``predicted_upper`` the rate of a new trial (None for fewer than three
    trials, which leave no degrees of freedom). ``tau2`` is the variance between
    trials on the logit scale, ``i2`` the share of the spread that it explains.
    """

    trials: int
    responders: int
    patients: int
    rate: float
    lower: float
    upper: float
    predicted_lower: float | None
    predicted_upper: float | None
    level: float
    tau2: float
    q: float
    i2: float
    corrected: bool


@dataclass(frozen=True, slots=True)
class MetaAnalyticPrior:
    """The predictive distribution of a new trial's rate, given past trials.

    ``mean`` to ``upper`` are of that distribution itself (``lower`` and ``upper``
    its 2.5 and 97.5 percentiles), ``tau_mean`` and ``tau_median`` of the spread
    between trials on the logit scale. ``mixture`` approximates it by beta
    distributions, at most ``largest_error`` away in its cumulative distribution;
    ``robust`` adds the vague part. Effective sizes are by moment matching.
    """

    trials: tuple[PastTrial, ...]
    mean_prior_sd: float
    tau_prior_scale: float
    mean: float
    sd: float
    median: float
    lower: float
    upper: float
    tau_mean: float
    tau_median: float
    mixture: BetaMixture
    largest_error: float
    vague_weight: float
    robust: BetaMixture
    effective_size: float
    robust_effective_size: float


def pooled_rate(trials: Sequence[PastTrial], *, level: float = 0.95) -> PooledRate:
    """Return the pooled response rate of past trials with a prediction interval.

    Where a trial has no responder or nobody else, 0.5 is added to both counts of
    every trial. The prediction interval uses Student's t with trials - 2 degrees
    of freedom.

    Parameters
    ----------
    trials
        At least two, each 0 <= responders <= n <= 10,000.
    level
        Two-sided confidence level, in (0, 1).

    References
    ----------
    DerSimonian R, Laird N. Control Clin Trials 1986;7:177-188. Higgins JPT,
    Thompson SG, Spiegelhalter DJ. J R Stat Soc A 2009;172:137-159.

    Examples
    --------
    >>> same = [PastTrial("A", 10, 50), PastTrial("B", 10, 50), PastTrial("C", 10, 50)]
    >>> pooled = pooled_rate(same)
    >>> round(pooled.rate, 12), pooled.tau2
    (0.2, 0.0)
    """
    past = _checked(trials, least=2)
    confidence = proportion("level", level)
    x = np.array([trial.responders for trial in past], dtype=float)
    n = np.array([trial.n for trial in past], dtype=float)
    corrected = bool(((x == 0) | (x == n)).any())
    if corrected:
        x, n = x + 0.5, n + 1
    logits = np.log(x / (n - x))
    within = 1 / x + 1 / (n - x)
    fixed = 1 / within
    mean = float((fixed * logits).sum() / fixed.sum())
    q = float((fixed * (logits - mean) ** 2).sum())
    free = len(past) - 1
    scale = float(fixed.sum() - (fixed**2).sum() / fixed.sum())
    tau2 = max(0.0, (q - free) / scale)
    weights = 1 / (within + tau2)
    mean = float((weights * logits).sum() / weights.sum())
    error = sqrt(1 / float(weights.sum()))
    z = float(-ndtri((1 - confidence) / 2))
    reach = None
    if len(past) > 2:
        reach = float(-stdtrit(len(past) - 2, (1 - confidence) / 2)) * sqrt(tau2 + error**2)
    return PooledRate(
        trials=len(past),
        responders=sum(trial.responders for trial in past),
        patients=sum(trial.n for trial in past),
        rate=float(expit(mean)),
        lower=float(expit(mean - z * error)),
        upper=float(expit(mean + z * error)),
        predicted_lower=None if reach is None else float(expit(mean - reach)),
        predicted_upper=None if reach is None else float(expit(mean + reach)),
        level=confidence,
        tau2=tau2,
        q=q,
        i2=max(0.0, (q - free) / q) if q > 0 else 0.0,
        corrected=corrected,
    )


def meta_analytic_prior(
    trials: Sequence[PastTrial],
    *,
    vague_weight: float = 0.2,
    tau_scale: float = 1.0,
    mean_sd: float = 2.0,
    components: int = 4,
) -> MetaAnalyticPrior:
    """Return the meta-analytic-predictive prior of a response rate.

    Parameters
    ----------
    trials
        At least one, each 0 <= responders <= n <= 10,000.
    vague_weight
        Weight of the vague part, Beta(1, 1), in the robust mixture, in [0, 1).
    tau_scale
        Scale of the half normal prior of tau, > 0; 1 is a wide choice for rates.
    mean_sd
        Standard deviation of the normal prior (around 0) of the mean logit, > 0.
    components
        Beta distributions in the mixture, 1 to 6.

    References
    ----------
    Neuenschwander B, et al. Clin Trials 2010;7:5-18. Schmidli H, et al.
    Biometrics 2014;70:1023-1032.

    Examples
    --------
    >>> prior = meta_analytic_prior([PastTrial("A", 12, 40), PastTrial("B", 9, 40)])
    >>> 0.2 < prior.mean < 0.35, prior.robust.components[-1]
    (True, (0.2, 1.0, 1.0))
    """
    past = _checked(trials, least=1)
    vague = proportion("vague_weight", vague_weight, closed=True, below=0.99)
    scale, sd = positive("tau_scale", tau_scale), positive("mean_sd", mean_sd)
    parts = whole("components", components, least=1, most=6)
    tau, tau_weight, logit, density = _predictive(past, scale, sd)
    rate = expit(logit)
    mean = float((density * rate).sum())
    spread = sqrt(float((density * rate**2).sum()) - mean**2)
    below = np.cumsum(density) - density / 2
    mixture = _fit(logit, density, parts)
    error = float(np.abs(_cumulative(mixture, rate) - below).max())
    robust = mixture
    if vague:
        kept = [((1 - vague) * w, a, b) for w, a, b in mixture.components]
        robust = BetaMixture((*kept, (vague, 1.0, 1.0)))
    tau_below = np.cumsum(tau_weight) - tau_weight / 2
    return MetaAnalyticPrior(
        trials=past,
        mean_prior_sd=sd,
        tau_prior_scale=scale,
        mean=mean,
        sd=spread,
        median=float(np.interp(0.5, below, rate)),
        lower=float(np.interp(0.025, below, rate)),
        upper=float(np.interp(0.975, below, rate)),
        tau_mean=float((tau * tau_weight).sum()),
        tau_median=float(np.interp(0.5, tau_below, tau)),
        mixture=mixture,
        largest_error=error,
        vague_weight=vague,
        robust=robust,
        effective_size=mixture.effective_size,
        robust_effective_size=robust.effective_size,
    )


def _checked(trials: Sequence[PastTrial], *, least: int) -> tuple[PastTrial, ...]:
    if len(trials) < least:
        raise DesignError(f"at least {least} past trial(s) with n are needed; got {len(trials)}")
    for trial in trials:
        whole(f"n of {trial.source}", trial.n, most=LARGEST_PAST_TRIAL)
        whole(f"responders of {trial.source}", trial.responders, least=0, most=trial.n)
    return tuple(trials)


def _predictive(
    trials: tuple[PastTrial, ...], tau_scale: float, mean_sd: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return tau with its posterior weights, and logits with their predictive density.

    A grid over the mean and tau; each trial's likelihood is integrated over its
    own normal logit by the trapezoid rule on one common grid of logits, where the
    normal density is a matrix product.
    """
    step = 0.02
    logit = np.arange(-9.0, 9.0 + step / 2, step)
    likelihood = np.stack([t.responders * logit - t.n * np.logaddexp(0.0, logit) for t in trials])
    likelihood = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    nodes, weights = np.polynomial.legendre.leggauss(60)
    reach = 5 * tau_scale
    tau = reach * ((nodes + 1) / 2) ** 2  # dense near 0
    tau_weight = weights * (nodes + 1) / 2 * reach * np.exp(-(tau**2) / (2 * tau_scale**2))
    center = np.arange(-7.0, 7.0 + 0.02, 0.04)
    center_weight = np.exp(-(center**2) / (2 * mean_sd**2))
    tau_posterior = np.zeros_like(tau)
    density = np.zeros_like(logit)
    for i, spread in enumerate(tau):
        kernel = _normal(center, logit, max(float(spread), step / 4))
        joint = center_weight * np.prod(kernel @ likelihood.T, axis=1)
        tau_posterior[i] = tau_weight[i] * joint.sum()
        density += tau_weight[i] * (joint @ kernel)
    return tau, tau_posterior / tau_posterior.sum(), logit, density / density.sum()


def _normal(center: Floats, logit: Floats, spread: float) -> Floats:
    """Return normal weights of the logits around each center, rows that sum to 1."""
    rows = np.exp(-((logit[None, :] - center[:, None]) ** 2) / (2 * spread**2))
    total = rows.sum(axis=1, keepdims=True)
    rows /= np.maximum(total, 1e-300)
    return rows


def _fit(logit: Floats, density: Floats, parts: int) -> BetaMixture:
    """Fit a beta mixture to a density on a grid of logits: expectation-maximisation.

    It starts from equal shares of the density, so it has no seed. In the logit the
    density of Beta(a, b) is exp(a log p + b log(1 - p)) / B(a, b).
    """
    log_p, log_q = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)
    rate = np.exp(log_p)
    shares = np.clip(np.cumsum(density) - density / 2, 0, 1 - 1e-12)
    member = np.stack([np.floor(shares * parts) == k for k in range(parts)]).astype(float)
    member = 0.8 * member + 0.2 / parts
    weights, ab = np.full(parts, 1 / parts), [_beta_around(float(density @ rate))] * parts
    for _ in range(400):
        mass = member * density
        totals = mass.sum(axis=1)
        weights = totals / totals.sum()
        targets = [
            (m @ log_p / t, m @ log_q / t, m @ rate / t) for m, t in zip(mass, totals, strict=True)
        ]
        ab = [
            _beta_with(float(mean_p), float(mean_q), _beta_around(float(mean)))
            for mean_p, mean_q, mean in targets
        ]
        logs = np.stack(
            [
                log(w) + a * log_p + b * log_q - betaln(a, b)
                for w, (a, b) in zip(weights, ab, strict=True)
            ]
        )
        logs -= logs.max(axis=0)
        member = np.exp(logs)
        member /= member.sum(axis=0)
    return BetaMixture.of([(float(w), a, b) for w, (a, b) in zip(weights, ab, strict=True)])


def _beta_around(mean: float) -> tuple[float, float]:
    """Return a and b of a wide beta distribution with about this mean, to start from."""
    return 4 * mean + 0.5, 4 * (1 - mean) + 0.5


def _beta_with(log_p: float, log_q: float, start: tuple[float, float]) -> tuple[float, float]:
    """Return a and b whose mean log p and mean log (1 - p) are given: Newton's method."""
    a, b = start
    for _ in range(50):
        both = digamma(a + b)
        f, g = digamma(a) - both - log_p, digamma(b) - both - log_q
        tri, ta, tb = polygamma(1, a + b), polygamma(1, a), polygamma(1, b)
        det = (ta - tri) * (tb - tri) - tri**2
        da, db = ((tb - tri) * f + tri * g) / det, ((ta - tri) * g + tri * f) / det
        shrink = 1.0
        while a - shrink * da <= 0 or b - shrink * db <= 0:
            shrink /= 2
        a, b = float(a - shrink * da), float(b - shrink * db)
        if abs(da) < 1e-9 * a and abs(db) < 1e-9 * b:
            break
    return a, b


def _cumulative(mixture: BetaMixture, rates: Floats) -> Floats:
    return np.array([1 - mixture.above(float(rate)) for rate in rates])
