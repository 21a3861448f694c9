"""A check that is not run is listed with its reason, or fails where nothing may be left out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
TESTS = """
import pytest

@pytest.mark.needs("pdftoppm")
def test_needs_a_program(program):
    pass

def test_needs_nothing():
    pass

@pytest.mark.slow
def test_takes_long():
    pass
"""


def run_without_programs(
    folder: Path, require_all: str, quick: str = ""
) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "test_it.py").write_text(TESTS, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n needs\n slow\n", encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        env={
            **os.environ,
            "PATH": str(folder),
            "ONEARM_REQUIRE_ALL": require_all,
            "ONEARM_QUICK": quick,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_absent_program_is_listed_with_its_reason(tmp_path: Path) -> None:
    run = run_without_programs(tmp_path, require_all="")

    assert "1 test  test_it.py  pdftoppm is not on this machine" in run.stdout
    assert "2 passed, 1 skipped" in run.stdout


def test_the_short_way_leaves_out_what_is_slow_and_says_so(tmp_path: Path) -> None:
    run = run_without_programs(tmp_path, require_all="", quick="1")

    assert "1 test  test_it.py  slow; scripts/test without --quick runs it" in run.stdout
    assert "slow tests left out: 1; scripts/test runs them" in run.stdout
    assert "1 passed, 2 skipped" in run.stdout


@pytest.mark.parametrize("quick", ["", "1"])
def test_nothing_is_left_out_where_all_is_required(tmp_path: Path, quick: str) -> None:
    run = run_without_programs(tmp_path, require_all="1", quick=quick)

    assert "2 passed, 1 error" in run.stdout
    assert "pdftoppm is not on this machine, and ONEARM_REQUIRE_ALL=1" in run.stdout
    assert run.returncode == 1


@pytest.mark.needs("Rscript")
def test_a_program_that_is_here_is_given_by_its_command(program: str) -> None:
    run = subprocess.run([program, "--version"], capture_output=True, check=False)

    assert run.returncode == 0
