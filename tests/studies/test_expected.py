"""Every study with an expected.yaml: what was published is reproduced, or the reason stands there.

The published numbers themselves stand in the studies' files and nowhere else.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.format import DASHES, like
from onearm.io.expected import read_expected
from onearm.io.results import results_text
from onearm.pipeline.compare import Compared, compare
from onearm.pipeline.run import analyse
from onearm.results.published import UNSETTLED

STUDIES = Path(__file__).parents[2] / "studies"
FILES = sorted(STUDIES.glob("*/expected.yaml"))
LEAST = {  # so that no number is lost without a change here
    "gastric-xelox": 5,
    "tqb2450-ib-02": 300,
}
BY_STUDY = pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)


@cache
def compared(study: Path) -> Compared:
    return compare(study)


@BY_STUDY
def test_every_published_number_is_reproduced_or_explained(file: Path) -> None:
    answer = compared(file.parent)

    unsettled = [
        f"{c.published.id}: printed {c.published.printed}, ours {c.recomputed}: {c.verdict}"
        for c in answer.comparisons
        if c.verdict in UNSETTLED
    ]
    assert unsettled == []
    assert answer.exit_status == 0


@BY_STUDY
def test_every_number_said_to_differ_differs_and_has_its_reason(file: Path) -> None:
    said = [c for c in compared(file.parent).comparisons if c.published.expect == "differs"]

    assert [c.published.id for c in said if c.recomputed == c.published.printed] == []
    assert [c.published.id for c in said if not c.published.reason] == []
    assert {c.verdict for c in said} <= {"explained"}


@BY_STUDY
def test_every_number_beyond_checking_says_why(file: Path) -> None:
    beyond = [c for c in compared(file.parent).comparisons if c.verdict == "cannot check"]

    assert [c.published.id for c in beyond if not c.published.reason] == []


@BY_STUDY
def test_no_published_number_is_lost(file: Path) -> None:
    published = list(read_expected(file))

    assert [c.published for c in compared(file.parent).comparisons] == published
    assert len(published) >= LEAST[file.parent.name]


@BY_STUDY
def test_a_last_digit_off_by_one_would_be_seen(file: Path) -> None:
    numbers = [
        (c, f"{c.published.printed[:-1]}{(int(c.published.printed[-1]) + 1) % 10}")
        for c in compared(file.parent).comparisons
        if c.verdict == "reproduced" and c.row and c.published.printed[-1].isdigit()
    ]

    assert [c.row.id for c, wrong in numbers if like(c.row, wrong, c.published.unit) == wrong] == []
    assert numbers


@BY_STUDY
def test_an_interval_is_compared_with_both_limits(file: Path) -> None:
    limits = [p for p in read_expected(file) if p.result and p.printed not in DASHES]
    of = {
        end: {p.result.rpartition("/")[0] for p in limits if p.result.endswith(f"/{end}")}
        for end in ("lower", "upper")
    }

    assert of["lower"] == of["upper"]


@BY_STUDY
def test_the_command_gives_the_same_for_the_written_results(file: Path, tmp_path: Path) -> None:
    written = tmp_path / "results.json"
    written.write_text(results_text("any", analyse(file.parent).results), encoding="utf-8")
    answer = CliRunner().invoke(app, ["compare", str(written), str(file), "--json"])

    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout) == compared(file.parent).as_json()


def test_a_study_without_published_numbers_is_told_so() -> None:
    answer = CliRunner().invoke(app, ["compare", str(STUDIES / "nct07388875")])

    assert answer.exit_code == 1
    assert answer.stderr.count("\n") == 1
    assert "the study has no published numbers" in answer.stderr
