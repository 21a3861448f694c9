"""The analysis data sets of a study with define.xml: wall time of the whole command.

.venv/bin/python benchmarks/adam.py [STUDY]

Target: TQB2450-Ib-02 as XPT with define.xml and the reader's guide under 5 s; the median of three
new processes.
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
TARGET_SECONDS = 5.0


def main() -> int:
    study = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "studies" / "tqb2450-ib-02")
    seconds = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            command = [ONEARM, "export", study, "adam", "--out", folder, "--format", "xpt"]
            subprocess.run(command, check=True, capture_output=True)
            seconds.append(time.perf_counter() - start)
    found = median(seconds)
    verdict = "met" if found < TARGET_SECONDS else "MISSED"
    print(f"ADaM of {Path(study).name}: {found:.2f} s, target {TARGET_SECONDS:.0f} s: {verdict}")
    return 0 if found < TARGET_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
