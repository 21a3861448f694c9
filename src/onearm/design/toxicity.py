"""Stopping boundaries for toxicity, with exact crossing probabilities.

Takes an acceptable rate p0 and looks (each patient, or cohorts), gives the count
of patients with toxicity at which the trial stops. The rule always reads "stop
when the count reaches the bound" (>=). Each method has one constant; the
boundary is the least strict whose exact chance to be crossed at p0 is at most
alpha. With n patients seen of N:

- ``pocock``: the first count with P(X >= count | n, p0) <= c: repeated
  significance tests at one constant exact level.
- ``wang-tsiatis``: count >= n p0 + c sqrt(p0 (1 - p0)) n^D N^(1/2 - D);
  ``obrien-fleming`` is that with D = 0.
- ``beta-binomial``: the first count with P(p > p0 | data) >= c under Beta(a, b).

Knows no efficacy. Delayed toxicity is not in it: a patient counts when observed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, sqrt
from typing import Literal

from scipy.special import bdtrc

from onearm.design.arguments import (
    beta_parameters,
    look_sizes,
    one_sided,
    positive,
    proportion,
    rates,
)
from onearm.design.beta import upper_tail
from onearm.design.looks import TIE, Look, Operating, grid_of_rates, operating, table
from onearm.errors import DesignError, nearest

ToxicityMethod = Literal[
    "pocock", "repeated-significance", "obrien-fleming", "wang-tsiatis", "beta-binomial"
]
METHODS: tuple[ToxicityMethod, ...] = (
    "pocock",
    "repeated-significance",
    "obrien-fleming",
    "wang-tsiatis",
    "beta-binomial",
)


@dataclass(frozen=True, slots=True)
class ToxicityBoundary:
    """Stop when the count of patients with toxicity reaches ``look.high``.

    ``null`` and ``excess`` are the exact operating characteristics at p0 and p1;
    ``above`` of each is the chance that the boundary is crossed at any look, the
    last one included. ``next_highs`` is the next stricter boundary of the same
    method, whose crossing probability at p0, ``next_alpha``, is above alpha.
    """

    method: ToxicityMethod
    p0: float
    p1: float
    alpha_limit: float | None
    constant: float
    shape: float | None
    prior: tuple[float, float] | None
    looks: tuple[Look, ...]
    null: Operating
    excess: Operating
    rates: tuple[Operating, ...]
    next_highs: tuple[int | None, ...] | None
    next_alpha: float | None

    @property
    def alpha(self) -> float:
        """Chance to stop when the true rate is p0."""
        return self.null.above


def toxicity_boundary(
    method: ToxicityMethod,
    p0: float,
    p1: float,
    looks: Sequence[int],
    *,
    alpha: float | None = 0.1,
    constant: float | None = None,
    shape: float | None = None,
    prior: tuple[float, float] | None = None,
) -> ToxicityBoundary:
    """Return a toxicity boundary calibrated by exact recursion.

    Parameters
    ----------
    method
        See the module's text; ``repeated-significance`` is ``pocock``.
    p0, p1
        Acceptable rate and excessive rate, 0 < p0 < p1 < 1.
    looks
        Patients at each look, ascending; ``range(2, 31)`` looks at each patient
        from the second on.
    alpha
        Greatest chance to stop at p0, in (0, 0.5).
    constant
        The method's constant, instead of alpha: a level (pocock), a standard
        normal deviate, or a posterior probability (beta-binomial).
    shape
        D of ``wang-tsiatis``, in [0, 0.5].
    prior
        a and b of ``beta-binomial``; by default p0 and 1 - p0.

    Raises
    ------
    DesignError
        If a number is outside its range or the boundary can never be crossed.

    References
    ----------
    Ivanova A, Qaqish BF, Schell MJ. Biometrics 2005;61:540-545. Wang SK, Tsiatis
    AA. Biometrics 1987;43:193-199. Geller NL, et al. In: Advances in clinical
    trial biostatistics. Dekker; 2003. Martens MJ, Logan BR. Clin Trials
    2024;21:152-161.

    Examples
    --------
    >>> rule = toxicity_boundary("pocock", 0.2, 0.35, [20, 40, 60, 75])
    >>> [look.high for look in rule.looks]
    [8, 13, 18, 22]
    >>> round(rule.alpha, 3), round(rule.excess.above, 3)
    (0.088, 0.911)
    """
    if method not in METHODS:
        raise DesignError(
            f"method must be one of {', '.join(METHODS)}; got {method}"
            f"{nearest(str(method), METHODS)}"
        )
    low, high = rates(p0, p1)
    sizes = look_sizes(looks)
    if (shape is not None) != (method == "wang-tsiatis"):
        raise DesignError(f"shape belongs to wang-tsiatis, and it needs one; got {shape}")
    if prior is not None and method != "beta-binomial":
        raise DesignError(f"a prior belongs to beta-binomial; got one for {method}")
    bend = proportion("shape", shape, closed=True, below=0.5) if shape is not None else 0.0
    weights = beta_parameters("prior", prior or (low, 1 - low))
    bounds: Callable[[float], tuple[Look, ...]] = partial(
        _bounds, method, low, sizes, bend, weights
    )
    strict: tuple[Look, ...] | None = None
    limit = None
    if constant is None:
        if alpha is None:
            raise DesignError("either alpha or a constant is needed; got neither")
        limit = one_sided(alpha)
        value, strict = _calibrate(bounds, method, low, sizes[-1], limit)
    elif method in ("pocock", "repeated-significance", "beta-binomial"):
        value = proportion("constant", constant)
    else:
        value = positive("constant", constant)
    found = bounds(value)
    if all(look.high is None for look in found):
        raise DesignError(
            f"the rule never stops: up to n = {sizes[-1]} no count crosses; raise alpha, plan "
            "more looks or more patients"
        )
    return ToxicityBoundary(
        method=method,
        p0=low,
        p1=high,
        alpha_limit=limit,
        constant=value,
        shape=bend if method in ("wang-tsiatis", "obrien-fleming") else None,
        prior=weights if method == "beta-binomial" else None,
        looks=found,
        null=operating(found, low),
        excess=operating(found, high),
        rates=table(found, grid_of_rates(low, high)),
        next_highs=tuple(look.high for look in strict) if strict else None,
        next_alpha=operating(strict, low).above if strict else None,
    )


def _calibrate(
    bounds: Callable[[float], tuple[Look, ...]],
    method: str,
    p0: float,
    n: int,
    alpha: float,
) -> tuple[float, tuple[Look, ...] | None]:
    """Return the constant of the boundary nearest to alpha, and the boundary beyond it.

    The chance to cross changes in steps; bisection to the last bits of the
    constant leaves the two sides of the step at alpha.
    """
    if method in ("pocock", "repeated-significance"):
        lenient, strict = 0.0, 1.0
    elif method == "beta-binomial":
        lenient, strict = 1.0, 0.0
    else:
        lenient, strict = sqrt(n / (p0 * (1 - p0))) * n, 0.0
    if operating(bounds(strict), p0).above <= alpha + TIE:
        return strict, None
    for _ in range(60):
        middle = (lenient + strict) / 2
        if operating(bounds(middle), p0).above <= alpha + TIE:
            lenient = middle
        else:
            strict = middle
    return lenient, bounds(strict)


def _bounds(
    method: str,
    p0: float,
    sizes: tuple[int, ...],
    shape: float,
    prior: tuple[float, float],
    constant: float,
) -> tuple[Look, ...]:
    last = sizes[-1]
    looks = []
    for n in sizes:
        if method in ("pocock", "repeated-significance"):
            high = _first(n, partial(_is_rare, n, p0, constant))
        elif method == "beta-binomial":
            high = _first(n, partial(_is_credible, n, p0, constant, prior))
        else:
            spread = constant * sqrt(p0 * (1 - p0)) * n**shape * last ** (0.5 - shape)
            high = ceil(n * p0 + spread - TIE)
        high = max(1, high)
        looks.append(Look(n, None, high if high <= n else None))
    return tuple(looks)


def _first(n: int, is_crossed: Callable[[int], bool]) -> int:
    """Return the first count of 0 to n that crosses, or n + 1; crossing is monotone."""
    low, high = -1, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_crossed(middle) else (middle, high)
    return high


def _is_rare(n: int, p0: float, level: float, count: int) -> bool:
    """Whether P(X >= count) is at most the level."""
    tail = 1.0 if count <= 0 else float(bdtrc(count - 1, n, p0))
    return tail <= level + TIE


def _is_credible(
    n: int, p0: float, threshold: float, prior: tuple[float, float], count: int
) -> bool:
    """Whether P(p > p0) is at least the threshold."""
    a, b = prior
    return float(upper_tail(a + count, b + n - count, p0)) >= threshold - TIE
