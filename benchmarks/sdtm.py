"""SDTM in and out at size: wall time and peak memory of new processes.

.venv/bin/python benchmarks/sdtm.py [--lb ROWS]

In: TU of 8,000 rows and TR of 60,000 as CSV and as XPT, every response derived and printed as JSON
by `onearm respond`. Target: 5 s. Out: laboratory values of a study as LB in an XPT file. Target:
1,000,000 rows under 60 s and 4 GiB, from the records to the file. Sizes are random with a fixed
seed: 2,000 subjects with 4 lesions at 8 visits, the last one of every second lesion not imaged.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SEED = 20260203
ONEARM = str(Path(sys.executable).with_name("onearm"))
SUBJECTS, LESIONS, VISITS, RESULTS = 2000, 4, 8, 60_000
TU = ["DOMAIN", "STUDYID", "USUBJID", "TUSEQ", "TULNKID", "TUTESTCD", "TUORRES", "TULOC", "TUEVAL"]
TU += ["VISITNUM", "VISIT", "TUDTC"]
TR = ["DOMAIN", "STUDYID", "USUBJID", "TRSEQ", "TRLNKID", "TRTESTCD", "TRORRES", "TRORRESU"]
TR += ["TRSTRESC", "TRSTRESU", "TREVAL", "VISITNUM", "VISIT", "TRDTC"]
PLACES = ("LIVER", "LUNG", "LYMPH NODE", "BONE")


def identified() -> Iterator[list[str]]:
    for s in range(SUBJECTS):
        for n in range(LESIONS):
            kind = "NON-TARGET" if n == LESIONS - 1 else "TARGET"
            who = ["TU", "BENCH", f"S{s:05d}", str(n + 1), f"L{n}", "TUMIDENT", kind, PLACES[n]]
            yield [*who, "INVESTIGATOR", "1", "BASELINE", "2026-01-01"]


def measured() -> Iterator[list[str]]:
    rng = random.Random(SEED)
    for s in range(SUBJECTS):
        sizes = [rng.randint(200, 900) for _ in range(LESIONS)]
        number = 0
        for visit in range(VISITS):
            day = (dt.date(2026, 1, 1) + dt.timedelta(days=42 * visit)).isoformat()
            for n in range(LESIONS):
                if visit == VISITS - 1 and n % 2:
                    continue
                sizes[n] = max(20, sizes[n] + rng.randint(-60, 45))
                number += 1
                test = "TUMSTATE" if n == LESIONS - 1 else "LPERP" if n == 2 else "LDIAM"
                size = f"{sizes[n] // 10}.{sizes[n] % 10}"
                result = ["PRESENT", ""] if test == "TUMSTATE" else [size, "mm"]
                label = "BASELINE" if visit == 0 else f"WEEK {6 * visit}"
                who = ["TR", "BENCH", f"S{s:05d}", str(number), f"L{n}", test, *result, *result]
                yield [*who, "INVESTIGATOR", str(visit + 1), label, day]


def write_csv(path: Path, header: list[str], rows: Iterator[list[str]]) -> int:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        count = 0
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def as_xpt(folder: Path, other: Path) -> None:
    from onearm.io.dataset import Dataset, Variable
    from onearm.io.xpt import write_xpt

    for path in folder.glob("*.csv"):
        with path.open(newline="") as file:
            header, *rows = csv.reader(file)
        name = path.stem.upper()
        dataset = Dataset.of(name, "", [Variable(v) for v in header], rows)
        write_xpt(dataset, other / f"{path.stem}.xpt")


def labs(count: int, path: Path) -> None:
    """Write LB of random values; runs in a process of its own, to measure its memory."""
    from decimal import Decimal

    from onearm.clinical.records import Lab
    from onearm.io.sdtm_out import sdtm_datasets
    from onearm.io.xpt import write_xpt

    rng = random.Random(SEED)
    tests = (("ALT", "U/L"), ("NEUT", "10^9/L"), ("HGB", "g/L"), ("PLAT", "10^9/L"))
    start = dt.date(2026, 1, 1)
    low, high = Decimal("1.8"), Decimal("7.5")
    records = []
    for i in range(count):
        subject, k = divmod(i, 200)
        test, unit = tests[k % 4]
        value = f"{rng.randint(1, 90)}.{rng.randint(0, 9)}"
        day = start + dt.timedelta(days=k)
        records.append(Lab(f"S{subject:05d}", day, test, value, unit, low, high, k < 4, "LAB A"))
    begin = time.perf_counter()
    (dataset,) = (d for d in sdtm_datasets("BENCH", {"labs": records}) if d.name == "LB")
    made = time.perf_counter()
    write_xpt(dataset, path)
    done = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{made - begin:.1f} {done - made:.1f} {peak:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lb", type=int, default=1_000_000)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        labs(arguments.lb, Path(arguments.child))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("csv", "xpt"):
            (folder / kind).mkdir()
        tu = write_csv(folder / "csv" / "tu.csv", TU, identified())
        tr = write_csv(folder / "csv" / "tr.csv", TR, measured())
        as_xpt(folder / "csv", folder / "xpt")
        for kind in ("csv", "xpt"):
            start = time.perf_counter()
            command = [ONEARM, "respond", str(folder / kind), "--json"]
            run = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds = time.perf_counter() - start
            verdict = "met" if seconds < 5 else "MISSED"
            points = run.stdout.count('"subject_id"')
            print(f"respond, {kind}: {tu} TU, {tr} TR, {points} time points")
            print(f"  {seconds:.1f} s of 5: {verdict}")
        command = [sys.executable, __file__, "--lb", str(arguments.lb)]
        command += ["--child", str(folder / "lb.xpt")]
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        made, written, peak = (float(part) for part in run.stdout.split())
        is_met = made + written < 60 and peak < 4
        size = (folder / "lb.xpt").stat().st_size / 2**20
        verdict = "met" if is_met else "MISSED"
        print(f"LB to XPT: {arguments.lb} rows, {size:.0f} MiB")
        print(f"  {made:.1f} s to the data set, {written:.1f} s to the file, of 60: {verdict}")
        print(f"  {peak:.2f} GiB of 4")


if __name__ == "__main__":
    main()
