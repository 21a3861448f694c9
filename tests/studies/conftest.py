"""The shipped study, analysed once for all tests that look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from onearm.pipeline.run import Analysed, analyse

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture(scope="session")
def tqb2450() -> Analysed:
    return analyse(STUDIES / "tqb2450-ib-02")
