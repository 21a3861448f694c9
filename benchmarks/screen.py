"""``onearm screen`` of 10,000 candidates for one study, as a whole process, beside its target.

Run with ``.venv/bin/python benchmarks/screen.py``. The candidates are the one of
the documentation with laboratory values drawn at random with a fixed seed, every
fact a row; the file goes to a temporary folder. The three ways to print are
measured: a line a person, the screening log, and JSON with all evidence.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
from pathlib import Path

from process import ONEARM, ROOT, Target, measure, row

PEOPLE = 10_000
SECONDS = 10.0
STUDY = "studies/nct07388875"
CANDIDATES = ROOT / "docs" / "examples" / "candidates.csv"
ELIGIBLE = "C02"
SPREAD = (0.6, 1.9)
"""Laboratory values are the candidate's times a factor drawn from this range."""


def write_facts(path: Path, people: int) -> int:
    """Write the facts of many persons; return the number of rows."""
    rng = random.Random(20260316)
    with CANDIDATES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["subject_id"] == ELIGIBLE]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        for person in range(people):
            for fact in rows:
                changed = {**fact, "subject_id": f"C{person:05}"}
                if fact["lln"] or fact["uln"] or fact["unit"] in {"10^9/L", "g/L"}:
                    changed["value"] = f"{float(fact['value']) * rng.uniform(*SPREAD):.1f}"
                writer.writerow(changed)
    return people * len(rows)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        facts = Path(folder) / "facts.csv"
        rows = write_facts(facts, PEOPLE)
        python = measure([sys.executable, "-c", "pass"], 5).seconds
        print(f"{PEOPLE:,} persons, {rows:,} facts")
        print(f"{'process':<50} {'median':>10} {'peak':>11}   {'target':<22} verdict")
        for name, options, seconds in (
            ("onearm screen", [], SECONDS),
            ("onearm screen --csv", ["--csv"], SECONDS),
            ("onearm screen --json", ["--json"], None),
        ):
            target = Target(name, [ONEARM, "screen", STUDY, str(facts), *options], 3, seconds)
            print(row(target, measure(target.command, target.runs), python), flush=True)


if __name__ == "__main__":
    main()
