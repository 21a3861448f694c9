"""Whole-process times and peak memory of the commands, beside their targets.

Run with ``.venv/bin/python benchmarks/process.py``; ``--quick`` leaves out the
two large inputs. Each time is the median of several runs of a new process, with
the interpreter's own start-up subtracted where the target says so. The large
inputs are random with a fixed seed and go to a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
ONEARM = str(Path(sys.executable).with_name("onearm"))
SUBJECTS = 30_000
VISITS = 8
LESIONS = 4
EVERY_DAYS = 42
FIRST_DOSE = date(2024, 1, 8)
ORGANS = ["LUNG", "LIVER", "BONE", "SOFT TISSUE"]


class Target(NamedTuple):
    """One command, how often it is run, and what it may take."""

    name: str
    command: list[str]
    runs: int
    seconds: float | None = None
    above_python: bool = False
    mebibytes: float | None = None


class Measured(NamedTuple):
    seconds: float
    mebibytes: float
    status: int


def measure(command: list[str], runs: int) -> Measured:
    """Return the median wall time and the highest peak memory of several processes."""
    seconds, kibibytes, status = [], [], 0
    for _ in range(runs):
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        _, ended, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - start)
        process.returncode = os.waitstatus_to_exitcode(ended)
        kibibytes.append(usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1))
        status = status or process.returncode
    return Measured(median(seconds), max(kibibytes) / 1024, status)


def write_subjects(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("subject_id,reference_date\n")
        file.writelines(f"S{s:05},{FIRST_DOSE}\n" for s in range(SUBJECTS))


def visit_date(visit: int, rng: random.Random) -> date:
    """Visit 0 is the baseline, in the week before the first dose."""
    planned = FIRST_DOSE + timedelta(days=EVERY_DAYS * visit)
    return planned + timedelta(days=rng.randint(-3, 3) if visit else -rng.randint(0, 7))


def write_timepoints(path: Path, rng: random.Random) -> None:
    """Write 8 responses a subject after the baseline, PR and SD more often than the rest."""
    with path.open("w", encoding="utf-8") as file:
        file.write("subject_id,visit,date,response\n")
        for subject in range(SUBJECTS):
            for visit in range(1, VISITS + 1):
                response = rng.choices(["CR", "PR", "SD", "PD", "NE"], [1, 6, 8, 1, 1])[0]
                file.write(f"S{subject:05},V{visit},{visit_date(visit, rng)},{response}\n")


def write_lesions(path: Path, rng: random.Random) -> None:
    """Write a baseline and 7 visits of 4 target lesions that shrink or grow at random."""
    with path.open("w", encoding="utf-8") as file:
        file.write("subject_id,visit,date,lesion_id,lesion_type,organ,nodal,diameter_mm,state\n")
        for subject in range(SUBJECTS):
            sizes = [rng.uniform(12, 60) for _ in range(LESIONS)]
            drift = rng.uniform(0.8, 1.1)
            for visit in range(VISITS):
                on = visit_date(visit, rng)
                for lesion, size in enumerate(sizes):
                    file.write(
                        f"S{subject:05},V{visit},{on},T{lesion + 1},TARGET,{ORGANS[lesion]},N,"
                        f"{size:.1f},MEASURED\n"
                    )
                sizes = [max(5.0, size * drift * rng.uniform(0.95, 1.05)) for size in sizes]


def targets(folder: Path, quick: bool) -> list[Target]:
    python = sys.executable
    out = str(folder / "out")
    small = [
        Target("python -c pass", [python, "-c", "pass"], 21),
        Target("import onearm", [python, "-c", "import onearm"], 21, 0.05, above_python=True),
        Target("onearm --help", [ONEARM, "--help"], 21, 0.12, above_python=True),
        Target(
            "onearm run studies/tqb2450-ib-02",
            [ONEARM, "run", "studies/tqb2450-ib-02", "--out", out, "--quiet"],
            runs=5,
            seconds=3.0,
        ),
    ]
    if quick:
        return small
    rng = random.Random(20240108)
    subjects, timepoints, lesions = (
        folder / f"{name}.csv" for name in ("subjects", "timepoints", "lesions")
    )
    write_subjects(subjects)
    write_timepoints(timepoints, rng)
    write_lesions(lesions, rng)
    known = ["--subjects", str(subjects), "--json"]
    return [
        *small,
        Target(
            f"onearm best, {SUBJECTS:,} x {VISITS} time points",
            [ONEARM, "best", str(timepoints), *known],
            runs=3,
            seconds=3.0,
        ),
        Target(
            f"onearm respond, {SUBJECTS:,} x {VISITS} visits x {LESIONS} lesions",
            [ONEARM, "respond", str(lesions), *known],
            runs=2,
            seconds=15.0,
            mebibytes=1536,
        ),
    ]


def row(target: Target, measured: Measured, python: float) -> str:
    """Return one line of the table: what was measured, the target, and the verdict."""
    seconds = measured.seconds - (python if target.above_python else 0)
    wanted, met = [], measured.status == 0
    if target.seconds is not None:
        wanted.append(f"{target.seconds:g} s{' above python' if target.above_python else ''}")
        met = met and seconds <= target.seconds
    if target.mebibytes is not None:
        wanted.append(f"{target.mebibytes:g} MiB")
        met = met and measured.mebibytes <= target.mebibytes
    verdict = f"exit {measured.status}" if measured.status else "met" if met else "NOT MET"
    return (
        f"{target.name:<50} {seconds:>8.3f} s {measured.mebibytes:>7.0f} MiB   "
        f"{', '.join(wanted) or '-':<22} {verdict if wanted else ''}".rstrip()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="leave out the large inputs")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        python = 0.0
        print(f"{'process':<50} {'median':>10} {'peak':>11}   {'target':<22} verdict")
        for target in targets(Path(folder), quick):
            measured = measure(target.command, target.runs)
            if target.name == "python -c pass":
                python = measured.seconds
            print(row(target, measured, python), flush=True)


if __name__ == "__main__":
    main()
