"""The worked examples: each command gives the answers that were worked out by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from onearm.cli import app

HERE = Path(__file__).parent


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def read(name: str) -> Any:
    return json.loads((HERE / name).read_text(encoding="utf-8"))


def holds(expected: object, found: object) -> bool:
    """Whether every expected key is there with its value; lengths compare as numbers."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found
            and (
                _same_length(value, found[key]) if key.endswith("_mm") else holds(value, found[key])
            )
            for key, value in expected.items()
        )
    if isinstance(expected, float):
        return found == pytest.approx(expected, abs=5e-7)
    return expected == found


def _same_length(expected: str | None, found: str | None) -> bool:
    if expected is None or found is None:
        return expected is found
    return Decimal(expected) == Decimal(found)


def check_list(expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected)
    for want, have in zip(expected, found, strict=True):
        assert holds(want, have), f"expected {want}, got {have}"


def test_respond_gives_the_answers_worked_out_by_hand() -> None:
    folder = HERE / "respond"
    found = run("respond", str(folder / "lesions.csv"), "--subjects", str(folder / "subjects.csv"))

    check_list(read("respond/expected.json"), found)


def test_best_gives_the_answers_worked_out_by_hand() -> None:
    folder = HERE / "best"
    found = run(
        "best",
        str(folder / "timepoints.csv"),
        "--subjects",
        str(folder / "subjects.csv"),
        "--rules",
        str(folder / "rules.yaml"),
    )

    check_list(read("best/expected.json"), found)


def test_grade_gives_the_answers_worked_out_by_hand() -> None:
    found = run("grade", str(HERE / "grade" / "labs.csv"), "--ctcae", "5.0")

    check_list(read("grade/expected.json"), found)


@pytest.mark.parametrize("entry", read("design/commands.json"), ids=lambda entry: entry["command"])
def test_design_gives_the_answers_worked_out_by_hand(entry: dict[str, Any]) -> None:
    assert holds(entry["holds"], run(*entry["command"].split()))
