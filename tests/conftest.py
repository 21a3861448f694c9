"""What all tests share: outside programs, slow tests, and the table of what was not run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from functools import cache

import pytest
from hypothesis import settings

# The same examples on every machine; no deadline, because machines differ in speed.
settings.register_profile("onearm", derandomize=True, deadline=None)
settings.load_profile("onearm")

PROGRAMS = {  # name in @pytest.mark.needs: (commands to look for, arguments of a trial run)
    "Rscript": (["Rscript"], ["-e", "library(survival)"]),
    "haven": (["Rscript"], ["-e", "library(haven)"]),
    "chromium": (["chromium", "chromium-browser", "google-chrome"], ["--version"]),
    "libreoffice": (["libreoffice", "soffice"], ["--version"]),
    "pdftoppm": (["pdftoppm"], ["-v"]),
}


SLOW = "slow; scripts/test without --quick runs it"
ALL_REQUIRED = os.environ.get("ONEARM_REQUIRE_ALL") == "1"
IS_QUICK = os.environ.get("ONEARM_QUICK") == "1" and not ALL_REQUIRED


@cache
def find_program(name: str) -> tuple[str | None, str]:
    """Return the command of an outside program, or None and the reason."""
    commands, trial = PROGRAMS[name]
    found = next(filter(None, map(shutil.which, commands)), None)
    if found is None:
        return None, f"{name} is not on this machine"
    run = subprocess.run([found, *trial], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        return None, f"{name} is here, but `{' '.join([name, *trial])}` fails"
    return found, ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    if IS_QUICK and item.get_closest_marker("slow"):
        pytest.skip(SLOW)
    for name in (name for marker in item.iter_markers("needs") for name in marker.args):
        command, reason = find_program(name)
        if command is None and ALL_REQUIRED:
            pytest.fail(f"{reason}, and ONEARM_REQUIRE_ALL=1", pytrace=False)
        if command is None:
            pytest.skip(reason)


@pytest.fixture
def program(request: pytest.FixtureRequest) -> str:
    """Return the command of the first program that the test needs."""
    marker = request.node.get_closest_marker("needs")
    return find_program(marker.args[0])[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    rows = Counter((report.nodeid.split("::")[0], report.longrepr[2]) for report in skipped)
    terminalreporter.section("not run: what, why")
    for (file, reason), count in sorted(rows.items()):
        tests = "test" if count == 1 else "tests"
        terminalreporter.line(f"{count:4} {tests}  {file}  {reason.removeprefix('Skipped: ')}")
    if not rows:
        terminalreporter.line("nothing: every selected check was run")
    if IS_QUICK:
        left_out = sum(count for (_, reason), count in rows.items() if reason.endswith(SLOW))
        terminalreporter.line(f"slow tests left out: {left_out}; scripts/test runs them")
