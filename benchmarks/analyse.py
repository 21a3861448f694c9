"""A study analysed again in one process, its files read each time, beside its target.

Run with ``.venv/bin/python benchmarks/analyse.py [STUDY]``: the protocol and all
tables are read again (a file with the same bytes is not parsed again), responses
derived, every planned result computed; nothing is written. The second program, by
which ``onearm run`` judges every patient again, is timed beside it. The first, cold
analysis is not counted. The median counts; the slowest shows what the garbage
collector takes.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

import onearm

ROOT = Path(__file__).parents[1]
STUDY = "studies/tqb2450-ib-02"
RUNS = 15
SECONDS = 0.100


def main() -> None:
    study = ROOT / (sys.argv[1] if len(sys.argv) > 1 else STUDY)
    results = onearm.analyse(study).results
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        onearm.analyse(study)
        seconds.append(time.perf_counter() - start)
    again = []
    for _ in range(RUNS):
        analysed = onearm.analyse(study)
        start = time.perf_counter()
        analysed.second_program  # noqa: B018
        again.append(time.perf_counter() - start)
    middle = median(seconds)
    verdict = "met" if middle <= SECONDS else "NOT MET"
    print(f"{study.name}: {len(results.rows):,} results, {RUNS} warm analyses")
    spread = f"fastest {min(seconds) * 1e3:.0f}, slowest {max(seconds) * 1e3:.0f}"
    print(f"median {middle * 1e3:.0f} ms, {spread}; target {SECONDS * 1e3:.0f} ms: {verdict}")
    print(f"the second program: {median(again) * 1e3:.0f} ms more")


if __name__ == "__main__":
    main()
