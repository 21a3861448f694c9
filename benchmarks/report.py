"""Reports in every format, and a long listing as PDF, beside their targets.

Run with ``.venv/bin/python benchmarks/report.py``: whole processes for the runs,
one process for the listing (its import and first page are counted).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
ONEARM = str(Path(sys.executable).with_name("onearm"))
STUDY = "studies/tqb2450-ib-02"
ROWS = 5_000


def run(formats: str, outline: str) -> float:
    seconds = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            subprocess.run(
                [ONEARM, "run", STUDY, "--out", folder, "--quiet", "--formats", formats,
                 "--outline", outline],
                cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            seconds.append(time.perf_counter() - start)
    return median(seconds)


def listing() -> float:
    start = time.perf_counter()
    from onearm.report.model import Column, Line, Table, phrase
    from onearm.report.pdf import render_tables_pdf

    columns = tuple(Column(name, None, True) for name in ("Visit", "Date", "Lesion", "Organ", "mm"))
    lines = tuple(
        Line(
            phrase(f"S{i // 30:03}"),
            tuple(
                map(phrase, (f"V{i % 8}", f"2024-03-{i % 28 + 1:02}", f"T{i % 5}", "LUNG", "12"))
            ),
            source=f"lesions.csv:{i + 2}",
        )
        for i in range(ROWS)
    )
    table = Table("t", "Listing 1", "Lesions", "All", "Patient", columns, lines, is_listing=True)
    render_tables_pdf([table], "Lesions", "S")
    return time.perf_counter() - start


def main() -> None:
    found = [
        (f"listing of {ROWS:,} rows to PDF", listing(), 5.0),
        ("run, html", run("html", "paper"), 3.0),
        ("run, html,pdf,docx,rtf", run("html,pdf,docx,rtf", "paper"), 15.0),
        ("run, html,pdf,docx,rtf, csr", run("html,pdf,docx,rtf", "csr"), 15.0),
    ]
    for name, seconds, target in found:
        verdict = "met" if seconds <= target else "NOT MET"
        print(f"{name:<32} {seconds:>7.2f} s   target {target:g} s   {verdict}")


if __name__ == "__main__":
    main()
