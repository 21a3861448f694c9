"""Results recomputed by R from the written analysis data sets: haven reads, survival counts.

The second route is tests/reference/adam.R (R 4.2.2, haven 2.5.1, survival 3.5-3): it takes the
XPT files alone and shares no code with onearm.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from onearm.pipeline.export import export_study
from onearm.pipeline.run import analyse

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "reference" / "adam.R"


@pytest.mark.slow
@pytest.mark.needs("haven", "Rscript")
@pytest.mark.parametrize("name", ["tqb2450-ib-02", "nct07388875", "nct07083375"])
def test_r_gets_the_same_results_from_the_written_data_sets(
    name: str, tmp_path: Path, program: str
) -> None:
    study = ROOT / "studies" / name
    export_study(study, "adam", tmp_path, ("xpt",))
    analysed = analyse(study)
    by_id = analysed.results.by_id()
    transform = analysed.study.protocol.analysis.transform
    run = subprocess.run(
        ["Rscript", str(SCRIPT), str(tmp_path), transform],
        capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    compared = 0
    for line in run.stdout.splitlines():
        name_of, _, printed = line.partition(",")
        if name_of not in by_id:
            continue  # an endpoint that the protocol does not plan
        ours = by_id[name_of].value
        compared += 1
        if printed in ("NA", "NaN"):
            assert ours is None, name_of
        else:
            assert ours == pytest.approx(float(printed), rel=1e-9), name_of

    assert compared > 40
