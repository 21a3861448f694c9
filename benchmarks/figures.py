"""CPU time of drawing each figure in two columns as SVG, and of a report's set, beside targets.

Run with ``.venv/bin/python benchmarks/figures.py``. Each time is the median of three; the first
figure is drawn once before, so that matplotlib's own start is counted apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from onearm.pipeline.figure import trial_of
from onearm.pipeline.run import analyse
from onearm.report.figures import Trial, Wanted
from onearm.report.gallery import KINDS, draw_figure, draw_figures, figure_of

ROOT = Path(__file__).parents[1]
STUDIES = {"tqb2450-ib-02": "TQB-016", "nct07083375": "QL-031"}
ONE, SLOW, REPORT = 0.25, 1.5, 1.0
"""Seconds for a figure, for one of hundreds of marks, and for a report's figures."""
MANY = ("exposure", "events", "labs", "shift")


def seconds(draw: Callable[[], object]) -> float:
    """Return the median CPU time of three runs."""
    found = []
    for _ in range(3):
        start = time.process_time()
        draw()
        found.append(time.process_time() - start)
    return median(found)


def main() -> None:
    """Print measured against target."""
    start = time.process_time()
    trials: dict[str, Trial] = {
        name: trial_of(analyse(ROOT / "studies" / name)) for name in STUDIES
    }
    print(f"analysed in {time.process_time() - start:.2f} s")
    start = time.process_time()
    draw_figures(trials["tqb2450-ib-02"], ("flow",))
    print(f"matplotlib and a first figure {time.process_time() - start:.2f} s")
    verdict = {True: "ok", False: "MISSED"}
    for study, trial in trials.items():
        for kind in KINDS:
            want = Wanted((), STUDIES[study] if kind.takes == "subject" else None, 2)
            if draw_figure(kind, trial, want) is None:
                continue

            def draw(kind=kind, trial=trial, want=want) -> None:  # type: ignore[no-untyped-def]
                drawn = draw_figure(kind, trial, want)
                assert drawn is not None
                figure_of(drawn, kind.name, "")

            took, target = seconds(draw), SLOW if kind.name in MANY else ONE
            print(
                f"{study:14} {kind.name:18} {took:5.2f} s of {target} s  {verdict[took <= target]}"
            )
    took = seconds(lambda: draw_figures(trials["tqb2450-ib-02"]))
    print(f"{'figures of a report':33} {took:5.2f} s of {REPORT} s  {verdict[took <= REPORT]}")


if __name__ == "__main__":
    main()
