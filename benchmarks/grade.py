"""Grade a million laboratory values: wall time and peak memory of the whole command.

.venv/bin/python benchmarks/grade.py [--rows N]

The values are random with a fixed seed: 200 a subject, twelve analytes, seven laboratories, a
baseline row of each analyte, context columns now filled and now empty. Target: 1,000,000 rows
under 20 s and 2 GiB.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SEED = 20260201
ONEARM = str(Path(sys.executable).with_name("onearm"))
TESTS = [  # test, unit, LLN, ULN, least and most in units of the last place, decimals
    ("ALT", "U/L", "", "40", 5, 900, 0),
    ("NEUT", "10^9/L", "1.8", "7.5", 0, 900, 2),
    ("HGB", "g/L", "120", "160", 50, 180, 0),
    ("HGB", "g/dL", "12.0", "16.0", 50, 180, 1),
    ("PLAT", "10^9/L", "150", "400", 5, 500, 0),
    ("CREAT", "umol/L", "45", "104", 30, 700, 0),
    ("K", "mmol/L", "3.5", "5.1", 20, 75, 1),
    ("SODIUM", "mmol/L", "135", "145", 115, 165, 0),
    ("BILI", "umol/L", "", "21", 2, 260, 0),
    ("GLUC", "mmol/L", "3.9", "6.1", 15, 300, 1),
    ("LIPASE", "U/L", "10", "60", 10, 500, 0),
    ("CA", "mmol/L", "2.15", "2.55", 130, 360, 2),
]
HEADER = "subject_id,date,test,value,unit,lln,uln,baseline,site,fasting,symptomatic,albumin\n"


def rows(count: int) -> Iterator[str]:
    rng = random.Random(SEED)
    for i in range(count):
        subject, k = divmod(i, 200)
        test, unit, lln, uln, least, most, decimals = TESTS[k % 12]
        whole = str(rng.randint(least, most)).rjust(decimals + 1, "0")
        value = f"{whole[:-decimals]}.{whole[-decimals:]}" if decimals else whole
        yield (
            f"S{subject:05d},2026-{1 + k // 28:02d}-{1 + k % 28:02d},{test},{value},{unit},{lln},"
            f"{uln},{'Y' if k < 12 else ''},LAB{subject % 7},{rng.choice(['', 'Y', 'N'])},"
            f"{rng.choice(['', 'Y', 'N'])},{rng.choice(['', '30', '38', '41'])}\n"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    count = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labs.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write(HEADER)
            file.writelines(rows(count))
        for name, options in (("--json", ["--json"]), ("text", [])):
            command = [ONEARM, "grade", str(path), "--ctcae", "5.0"]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = time.perf_counter()
            subprocess.run([*command, *options], stdout=subprocess.DEVNULL, check=True)
            wall = time.perf_counter() - start
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            peak = after.ru_maxrss / 1024**2
            verdict = "ok" if wall < 20 and peak < 2 else "TOO MUCH"
            print(
                f"{verdict:9} {count:>9,} rows, {name:6} {wall:6.1f} s wall, {cpu:6.1f} s "
                f"processor, peak so far {peak:.2f} GiB"
            )


if __name__ == "__main__":
    main()
