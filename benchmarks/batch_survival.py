"""Kaplan-Meier medians of 10,000 data sets: one call, a loop, and lifelines on a sample.

Prints the time of 10,000 data sets of 30 patients beside the target of 0.5 s;
for lifelines that of a sample, scaled up. The answers of all are compared.
Needs the extra `bench`.

    python benchmarks/batch_survival.py
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable

import numpy as np
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times

from onearm.stats.survival import kaplan_meier, quantile, survival_at
from onearm.stats.survival_batch import SurvivalBatch, kaplan_meier_batch

SETS = 10_000
PATIENTS = 30
SAMPLE = 200  # data sets for lifelines, which is too slow for all
LANDMARKS = (182.625, 365.25)
TARGET = 0.5  # seconds, for medians and limits
ROUNDS = 5  # the best of these; anything slower is the machine

Medians = list[tuple[float | None, float | None, float | None]]

rng = np.random.default_rng(10_000)
DAYS = np.ceil(rng.exponential(300, (SETS, PATIENTS)))
EVENTS = rng.random((SETS, PATIENTS)) < 0.67


def in_one_call() -> SurvivalBatch:
    return kaplan_meier_batch(DAYS, EVENTS)


def in_one_call_with_rates() -> SurvivalBatch:
    return kaplan_meier_batch(DAYS, EVENTS, landmarks=LANDMARKS)


def one_by_one() -> Medians:
    medians = (quantile(kaplan_meier(*one)) for one in zip(DAYS, EVENTS, strict=True))
    return [(median.value, median.lower, median.upper) for median in medians]


def one_by_one_with_rates() -> None:
    for one in zip(DAYS, EVENTS, strict=True):
        curve = kaplan_meier(*one)
        quantile(curve)
        for day in LANDMARKS:
            survival_at(curve, day)


def by_lifelines() -> Medians:
    found = []
    for days, events in zip(DAYS[:SAMPLE], EVENTS[:SAMPLE], strict=True):
        fitted = KaplanMeierFitter().fit(days, events)
        limits = median_survival_times(fitted.confidence_interval_).to_numpy()[0]
        shown = (fitted.median_survival_time_, *limits)
        found.append(tuple(float(t) if math.isfinite(t) else None for t in shown))
    return found


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Shortest of several times."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def medians_of(batch: SurvivalBatch) -> Medians:
    columns = (batch.median.tolist(), batch.lower.tolist(), batch.upper.tolist())
    return [tuple(None if math.isnan(t) else t for t in row) for row in zip(*columns, strict=True)]


def main() -> None:
    warnings.simplefilter("ignore")  # of lifelines
    ours = medians_of(in_one_call())
    as_lifelines = medians_of(
        kaplan_meier_batch(DAYS[:SAMPLE], EVENTS[:SAMPLE], convention="lifelines")
    )
    theirs = by_lifelines()
    print(f"{SETS:,} data sets of {PATIENTS}: medians and limits")
    print(f"  one call and a loop agree in {agreeing(ours, one_by_one())} of {SETS:,}")
    print(f"  lifelines agrees in {agreeing(ours, theirs)} of {SAMPLE} data sets,")
    print(f"  and with convention 'lifelines' in {agreeing(as_lifelines, theirs)}")
    rows = [
        ("one call", seconds(in_one_call, ROUNDS)),
        (f"one call, {len(LANDMARKS)} rates", seconds(in_one_call_with_rates, ROUNDS)),
        ("a loop", seconds(one_by_one, 2)),
        (f"a loop, {len(LANDMARKS)} rates", seconds(one_by_one_with_rates, 2)),
        ("lifelines, scaled up", seconds(by_lifelines, 1) * SETS / SAMPLE),
    ]
    fast = rows[0][1]
    for name, taken in rows:
        print(f"  {name:<24} {taken:8.3f} s {taken / fast:8.1f} times one call")
    print(f"  target {TARGET:g} s: {'met' if fast <= TARGET else 'NOT MET'}")


def agreeing(one: Medians, other: Medians) -> int:
    return sum(a == b for a, b in zip(one, other, strict=False))


if __name__ == "__main__":
    main()
