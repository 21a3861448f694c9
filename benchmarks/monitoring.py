"""Times of the monitoring designs, in one process, beside their targets.

    python benchmarks/monitoring.py

The best of three runs of each; a calibration compares every table of bounds of
its grid exactly. The target of 10 seconds is for a full grid.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from onearm.design.bop2 import Bop2Calibration, calibrate_bop2
from onearm.design.bryant_day import bryant_day
from onearm.design.endpoints import Kind, Rates
from onearm.design.historical import PastTrial, meta_analytic_prior
from onearm.design.predictive import find_predictive_design
from onearm.design.survival import weibull
from onearm.design.toxicity import toxicity_boundary
from onearm.design.two_stage_logrank import logrank_two_stage

LOOKS = range(10, 41, 5)
TRUTHS: list[tuple[Kind, Rates, Rates]] = [
    ("binary", Rates(0.2), Rates(0.4)),
    ("nested", Rates(0.15, 0.30), Rates(0.25, 0.50)),
    ("co-primary", Rates(0.10, 0.20, 0.05), Rates(0.30, 0.35, 0.15)),
    ("efficacy-toxicity", Rates(0.45, 0.30, 0.15), Rates(0.60, 0.20, 0.18)),
]


def best_of_three(work: Callable[[], object]) -> tuple[float, object]:
    times, answer = [], None
    for _ in range(3):
        start = time.perf_counter()
        answer = work()
        times.append(time.perf_counter() - start)
    return min(times), answer


def report(name: str, seconds: float, target: float | None, note: str = "") -> None:
    verdict = (
        "" if target is None else f"target {target:g} s, {'ok' if seconds < target else 'SLOW'}"
    )
    print(f"{name:<44} {seconds:8.3f} s   {verdict:<18} {note}")


def main() -> None:
    for kind, null, target in TRUTHS:
        seconds, found = best_of_three(
            lambda kind=kind, null=null, target=target: calibrate_bop2(
                kind, null, target, LOOKS, alpha=0.1, efficacy="power"
            )
        )
        assert isinstance(found, Bop2Calibration)
        note = f"{found.grid_points} settings, {found.tables} tables"
        report(f"BOP2 {kind}, 40 patients, 7 looks", seconds, 10, note)
    seconds, found = best_of_three(
        lambda: calibrate_bop2(
            "nested",
            Rates(0.15, 0.30),
            Rates(0.25, 0.45),
            range(10, 81, 10),
            alpha=0.1,
            efficacy="power",
        )
    )
    assert isinstance(found, Bop2Calibration)
    note = f"{found.grid_points} settings, {found.tables} tables"
    report("BOP2 nested, 80 patients, 8 looks", seconds, 10, note)
    work: list[tuple[str, float | None, Callable[[], object]]] = [
        (
            "predictive probability, search .2/.4",
            None,
            lambda: find_predictive_design(0.2, 0.4, alpha=0.1, power=0.9),
        ),
        ("Bryant-Day with proof", None, lambda: bryant_day(0.1, 0.3, 0.3, 0.1)),
        (
            "toxicity boundary, 100 looks",
            None,
            lambda: toxicity_boundary("pocock", 0.2, 0.4, range(1, 101)),
        ),
        (
            "log-rank, two stages",
            None,
            lambda: logrank_two_stage(
                weibull(rate=0.6, at=3, shape=0.5), 0.5, accrual_rate=5, follow_up=1, power=0.85
            ),
        ),
        (
            "meta-analytic prior, 8 trials",
            None,
            lambda: meta_analytic_prior(
                [PastTrial(str(i), 10 + i, 40) for i in range(8)],
            ),
        ),
    ]
    for name, limit, run in work:
        report(name, best_of_three(run)[0], limit)


if __name__ == "__main__":
    main()
