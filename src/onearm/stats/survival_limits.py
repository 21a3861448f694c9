"""Pointwise limits of a survival curve on a transformed scale, for one step and for arrays.

Takes survival s, with 0 < s < 1, the square root of Greenwood's sum, and the
normal quantile z; gives the lower and the upper limit, clipped to [0, 1].
The forms for arrays take and give arrays of one shape. A test holds the two
equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

Transform = Literal["log-log", "log", "plain", "logit", "arcsine"]
Floats = npt.NDArray[np.float64]


def _log_log(s: float, root: float, z: float) -> tuple[float, float]:
    hazard = -math.log(s)
    factor = math.exp(z * root / hazard)
    return math.exp(-hazard * factor), math.exp(-hazard / factor)


def _log(s: float, root: float, z: float) -> tuple[float, float]:
    factor = math.exp(z * root)
    return s / factor, min(1.0, s * factor)


def _plain(s: float, root: float, z: float) -> tuple[float, float]:
    half = z * s * root
    return max(0.0, s - half), min(1.0, s + half)


def _logit(s: float, root: float, z: float) -> tuple[float, float]:
    odds = s / (1 - s)
    factor = math.exp(z * root / (1 - s))
    return odds / (odds + factor), odds * factor / (1 + odds * factor)


def _arcsine(s: float, root: float, z: float) -> tuple[float, float]:
    angle = math.asin(math.sqrt(s))
    half = z / 2 * root * math.sqrt(s / (1 - s))
    return math.sin(max(0.0, angle - half)) ** 2, math.sin(min(math.pi / 2, angle + half)) ** 2


LIMITS: dict[Transform, Callable[[float, float, float], tuple[float, float]]] = {
    "log-log": _log_log,
    "log": _log,
    "plain": _plain,
    "logit": _logit,
    "arcsine": _arcsine,
}


def _log_log_arrays(s: Floats, root: Floats, z: float) -> tuple[Floats, Floats]:
    hazard = -np.log(s)
    factor = np.exp(z * root / hazard)
    return np.exp(-hazard * factor), np.exp(-hazard / factor)


def _log_arrays(s: Floats, root: Floats, z: float) -> tuple[Floats, Floats]:
    factor = np.exp(z * root)
    return s / factor, np.minimum(1.0, s * factor)


def _plain_arrays(s: Floats, root: Floats, z: float) -> tuple[Floats, Floats]:
    half = z * s * root
    return np.maximum(0.0, s - half), np.minimum(1.0, s + half)


def _logit_arrays(s: Floats, root: Floats, z: float) -> tuple[Floats, Floats]:
    odds = s / (1 - s)
    factor = np.exp(z * root / (1 - s))
    return odds / (odds + factor), odds * factor / (1 + odds * factor)


def _arcsine_arrays(s: Floats, root: Floats, z: float) -> tuple[Floats, Floats]:
    angle = np.arcsin(np.sqrt(s))
    half = z / 2 * root * np.sqrt(s / (1 - s))
    low, high = np.maximum(0.0, angle - half), np.minimum(math.pi / 2, angle + half)
    return np.sin(low) ** 2, np.sin(high) ** 2


ARRAY_LIMITS: dict[Transform, Callable[[Floats, Floats, float], tuple[Floats, Floats]]] = {
    "log-log": _log_log_arrays,
    "log": _log_arrays,
    "plain": _plain_arrays,
    "logit": _logit_arrays,
    "arcsine": _arcsine_arrays,
}


def lifelines_steps(
    at_risk: npt.NDArray[np.int64], n_events: npt.NDArray[np.int64], z: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Survival, standard error and limits in the arithmetic of lifelines.

    It adds logarithms where others multiply, so that a curve at exactly 1/2 may
    end a hair above or below; as it allows for no tolerance, its median depends
    on that hair. Steps run along the last axis. Limits are 1 and 1 while
    survival is 1, 0 and 0 when it is 0; the standard error is NaN there.
    (lifelines 0.30, ``KaplanMeierFitter._additive_f`` and ``_bounds``.)
    """
    left = at_risk - n_events
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.exp(np.cumsum(np.log(left) - np.log(at_risk), axis=-1))
        terms = np.where(left > 0, n_events / (at_risk * left), 0.0)
        root = np.sqrt(np.cumsum(terms, axis=-1))
        v = np.log(survival)
        lower = np.exp(-np.exp(np.log(-v) - z * root / v))
        upper = np.exp(-np.exp(np.log(-v) + z * root / v))
    is_undefined = np.isnan(lower)
    lower, upper = np.where(is_undefined, 1.0, lower), np.where(is_undefined, 1.0, upper)
    return survival, np.where(survival > 0, survival * root, np.nan), lower, upper
