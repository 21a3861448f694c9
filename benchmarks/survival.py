"""Kaplan-Meier curve, median and limits: onearm against lifelines and statsmodels.

Runs the same work on the same 30 patients in one process and prints the time
of one analysis and its ratio to ours. Needs the extra `bench`.

    python benchmarks/survival.py
"""

from __future__ import annotations

import math
import timeit
from collections.abc import Callable

import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times
from statsmodels.duration.survfunc import SurvfuncRight

from onearm.stats.survival import kaplan_meier, quantile

PATIENTS = 30
ROUNDS = 7  # the best of these; anything slower is the machine

rng = np.random.default_rng(30)
DAYS = np.ceil(rng.exponential(300, PATIENTS))
EVENTS = (rng.random(PATIENTS) < 0.67).astype(int)


def ours() -> tuple[float | None, float | None, float | None]:
    median = quantile(kaplan_meier(DAYS, EVENTS))
    return median.value, median.lower, median.upper


def by_lifelines() -> tuple[float, float, float]:
    fitted = KaplanMeierFitter().fit(DAYS, EVENTS)
    limits = median_survival_times(fitted.confidence_interval_)
    return fitted.median_survival_time_, *limits.to_numpy()[0]


def by_statsmodels() -> tuple[float, float, float]:
    fitted = SurvfuncRight(DAYS, EVENTS)
    return fitted.quantile(0.5), *fitted.quantile_ci(0.5, method="cloglog")


def seconds(analysis: Callable[[], object], repeats: int) -> float:
    """Shortest time of one analysis over several rounds."""
    return min(timeit.repeat(analysis, number=repeats, repeat=ROUNDS)) / repeats


def main() -> None:
    print(f"{PATIENTS} patients, {int(EVENTS.sum())} events: curve, median and its limits")
    rivals = [("lifelines", by_lifelines, 30), ("statsmodels", by_statsmodels, 100)]
    answers = {"onearm": ours()} | {name: rival() for name, rival, _ in rivals}
    for name, answer in answers.items():
        shown = ["none" if t is None or not math.isfinite(t) else f"{t:g}" for t in answer]
        print(f"  {name:<12} {shown[0]} ({shown[1]} to {shown[2]})")
    fast = seconds(ours, 2000)
    print(f"  {'onearm':<12} {fast * 1e6:9.1f} microseconds")
    for name, rival, repeats in rivals:
        slow = seconds(rival, repeats)
        print(f"  {name:<12} {slow * 1e6:9.1f} microseconds, {slow / fast:.0f} times ours")


if __name__ == "__main__":
    main()
