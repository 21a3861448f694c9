"""Times of the searches for designs, beside those of clinfun's Fortran.

Run with ``.venv/bin/python benchmarks/design.py``. Each of ours is the best of several
runs in one process, in Python without a compiler and, beside it, compiled by numba (the
``fast`` extra, warm), with the proof: what ruled out each n. Two parts of a certificate are
timed apart: its error rates as exact fractions, and its check. Searches are measured in
processor time, whole processes by the clock. clinfun's are quoted, not run here: clinfun
1.1.5, R 4.2.2, the smallest sufficient nmax of 100, 150 and 300, which a user has to know
beforehand; without a proof.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from statistics import median

from onearm.design.binomial import Rows, hypotheses
from onearm.design.certificate import check_certificate
from onearm.design.fleming import fleming
from onearm.design.inverse import designs_of
from onearm.design.sargent import sargent
from onearm.design.single_stage import exact_design
from onearm.design.staged import three_stage
from onearm.design.two_stage import simon, simon_of

ONEARM = str(Path(sys.executable).with_name("onearm"))
SETTINGS = [  # p0, p1, alpha, power, clinfun in milliseconds
    (0.05, 0.20, 0.05, 0.9, 9.6),
    (0.05, 0.20, 0.05, 0.8, 8.7),
    (0.30, 0.45, 0.05, 0.9, 35.0),
    (0.30, 0.45, 0.05, 0.8, 9.1),
    (0.50, 0.65, 0.05, 0.9, 35.0),
    (0.50, 0.65, 0.05, 0.8, 9.1),
    (0.10, 0.20, 0.05, 0.9, 36.0),
    (0.30, 0.40, 0.05, 0.9, 719.0),
]
TWENTY_APART = [(p0 / 100, (p0 + 20) / 100, 0.05, b) for p0 in range(5, 80, 5) for b in (0.8, 0.9)]
GRID = [
    (p0 / 100, (p0 + above) / 100, alpha, power)
    for p0, above, alpha, power in product(
        range(5, 80, 5), (15, 20, 25), (0.025, 0.05, 0.10), (0.8, 0.9)
    )
    if p0 + above < 100
]
CLINFUN_GRID_SECONDS = 9.31  # quoted: nmax 150


def seconds(work: Callable[[], object], runs: int) -> float:
    """Return the best processor time of several runs."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def certified(p0: float, p1: float, alpha: float, power: float) -> object:
    return simon(p0, p1, alpha, power).certificate()


def grid_of_designs(*, compiled: bool, certified: bool) -> None:
    """Find the designs of a grid, whose settings share their binomial rows."""
    rows: dict[Fraction, Rows] = {}
    for setting in GRID:
        found = simon_of(hypotheses(*setting), rows, compiled=compiled)
        if certified:
            found.certificate()


def line(name: str, measured: float, target: float | None, quoted: str = "") -> None:
    verdict = "" if target is None else "met" if measured <= target else "NOT MET"
    limit = "" if target is None else f"{1000 * target:.4g} ms"
    print(f"{name:<44} {1000 * measured:>10.2f} ms  {limit:>10}  {verdict:<8} {quoted}".rstrip())


def process_seconds(*arguments: str) -> float:
    times = []
    for _ in range(11):
        start = time.perf_counter()
        subprocess.run([ONEARM, *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return median(times)


def main() -> None:
    print(f"{'two stages, in Python, with certificate':<44} {'ours':>13}  {'target':>10}  clinfun")
    for *setting, quoted in SETTINGS:
        name = "simon " + " ".join(f"{value:g}" for value in setting)
        measured = seconds(lambda s=tuple(setting): certified(*s), 15)
        line(name, measured, quoted / 1000, f"{quoted:g} ms, not run here")
    slowest = max(seconds(lambda s=s: certified(*s), 7) for s in TWENTY_APART)
    line("the slowest with p1 - p0 = 0.20", slowest, 0.005)
    grid = seconds(lambda: grid_of_designs(compiled=False, certified=True), 5)
    line(f"grid of {len(GRID)}", grid, 1.0, f"{1000 * CLINFUN_GRID_SECONDS:g} ms, not run here")

    print("\ntwo stages, compiled, warm")
    simon(0.2, 0.4, 0.05, 0.8, compiled=True)
    for *setting, _ in SETTINGS:
        name = "simon " + " ".join(f"{value:g}" for value in setting)
        p0, p1, *_ = setting
        target = 0.0003 if p1 - p0 > 0.149 else 0.004 if p0 == 0.3 else None
        line(name, seconds(lambda s=tuple(setting): simon(*s, compiled=True), 50), target)
        found = simon(*setting, compiled=True)
        line("  its error rates as exact fractions", seconds(found.certificate, 20), None)
    for certified_too, target in ((False, 0.05), (True, None)):
        measured = seconds(lambda c=certified_too: grid_of_designs(compiled=True, certified=c), 9)
        line(f"grid of {len(GRID)}{', exact fractions too' * certified_too}", measured, target)

    print("\nthe check of a certificate, in integers")
    for *setting, _ in SETTINGS:
        certificate = simon(*setting).certificate()
        name = "verify " + " ".join(f"{value:g}" for value in setting)
        line(name, seconds(lambda c=certificate: check_certificate(c), 3), None)

    print("\nother searches")
    line("exact 0.2 0.4 0.05 0.8", seconds(lambda: exact_design(0.2, 0.4, 0.05, 0.8), 5), None)
    line("fleming 0.2 0.4 0.05 0.8", seconds(lambda: fleming(0.2, 0.4, 0.05, 0.8), 3), None)
    line(
        "sargent 0.1 0.3 0.05 0.1 0.8 0.8",
        seconds(lambda: sargent(0.1, 0.3, 0.05, 0.1, 0.8, 0.8), 3),
        None,
    )
    line("three-stage 0.2 0.4 0.05 0.8", seconds(lambda: three_stage(0.2, 0.4, 0.05, 0.8), 1), None)
    line("find 30 minimax (675 settings)", seconds(lambda: designs_of(30, "minimax"), 1), None)

    print("\nwhole processes")
    rates = ["--p0", "0.2", "--p1", "0.4"]
    line("onearm design simon", process_seconds("design", "simon", *rates), 0.4)
    line("onearm design exact", process_seconds("design", "exact", *rates), 0.4)


if __name__ == "__main__":
    main()
