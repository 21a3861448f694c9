"""The response rate of a two-stage trial, reported beside the naive one.

The patients are those of TQB2450-Ib-02, put under Simon's minimax design for 0.15 against
0.35: stop at 2 or fewer of 15, promising with 8 or more of 28.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import comb
from pathlib import Path

import pytest

from onearm.pipeline.run import Analysed, analyse
from onearm.report.shown import Shown
from onearm.report.verdicts import primary_table, verdict
from onearm.stats.after_two_stage import after_two_stage

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"
DESIGN = "design: {kind: simon, criterion: minimax, p0: 0.15, p1: 0.35, alpha: 0.05, power: 0.8}"


DECISION = re.compile(r"\n +decision:.*")
STATE = re.compile(r"state:\n +value: [a-z-]+")
SINGLE = "design: {kind: single_stage, p0: 0.15, p1: 0.35, alpha: 0.05, power: 0.8}"


def under_simon(
    folder: Path, cutoff: str, design: str = DESIGN, state: str | None = None
) -> Analysed:
    text = (STUDY / "protocol.yaml").read_text(encoding="utf-8")
    start = text.index("\ndesign:") + 1
    end = text.index("\n\n", start)
    text = text[:start] + design + text[end:]
    text = DECISION.sub("", text)
    if state is not None:
        assert STATE.search(text)
        text = STATE.sub(f"state:\n      value: {state}", text, count=1)
    assert "data_cutoff: 2021-10-08" in text
    text = text.replace("data_cutoff: 2021-10-08", f"data_cutoff: {cutoff}")
    (folder / "protocol.yaml").write_text(text, encoding="utf-8")
    (folder / "data").symlink_to(STUDY / "data")
    return analyse(folder)


def test_the_rate_is_inferred_as_the_design_asks(tmp_path: Path) -> None:
    found = under_simon(tmp_path, "2021-10-08").results.by_id()

    # Of the first 15 by enrolment, TQB-001 to TQB-015, five have a confirmed response; of 30, 11.
    expected = after_two_stage(
        11, null=0.15, r1=2, n1=15, r=7, n=28, stage1_responders=5,
        attained_n=30, level=0.90,
    )  # fmt: skip
    for name in ("umvue", "median_unbiased", "lower", "upper", "p_value"):
        value = found[f"orr.two-stage/all/{name}"].value
        assert value == pytest.approx(getattr(expected, name))
    assert found["orr.two-stage/all/promising"].code == "Y"
    assert found["orr/all/estimate"].value == 11 / 30  # the naive one stays


def test_the_first_stage_is_counted_by_enrolment(tmp_path: Path) -> None:
    analysed = under_simon(tmp_path, "2021-10-08")
    basis = analysed.results.bases["orr.two-stage/all"]
    first = [c for c in basis.contributions if "stage 1;" in c.reason]

    assert len(first) == 15
    assert {c.subject_id for c in first if c.role == "counted"} == {
        "TQB-001", "TQB-004", "TQB-008", "TQB-010", "TQB-014",
    }  # fmt: skip


def test_before_the_decision_there_is_no_such_row(tmp_path: Path) -> None:
    results = under_simon(tmp_path, "2019-07-31").results

    assert not any("two-stage" in row.id for row in results.rows)


def test_the_verdict_of_two_stages_is_that_of_their_inference(tmp_path: Path) -> None:
    found = under_simon(tmp_path, "2021-10-08").results.by_id()

    assert found["primary/all/met"].code == found["orr.two-stage/all/promising"].code == "Y"
    assert found["primary/all/needed"].value is None  # 30 attained, 28 planned: by the p-value
    assert (found["primary/all/count"].value, found["primary/all/total"].value) == (11, 30)


def test_before_the_decision_the_verdict_is_withheld(tmp_path: Path) -> None:
    found = under_simon(tmp_path, "2019-07-31").results.by_id()

    assert found["primary/all/met"].code is None
    assert found["primary/all/reached"].code == "N"
    subjects = found["orr/all/total"].value
    assert (
        found["primary/all/met"].note == f"before the declared analysis: {subjects} of 28 subjects"
    )
    assert found["primary/all/needed"].value == 8  # of 28, by the design above


def test_a_stop_after_the_first_stage_is_named(tmp_path: Path) -> None:
    # Simon's optimal design of 0.40 against 0.60 stops with 7 or fewer of 16 (Simon 1989, table
    # 1); of the first 16 by enrolment at most six have a confirmed response.
    design = DESIGN.replace("minimax, p0: 0.15, p1: 0.35", "optimal, p0: 0.40, p1: 0.60")
    made = under_simon(tmp_path, "2021-10-08", design)
    found, shown = made.results.by_id(), Shown(made.results, made.study.protocol)

    assert found["primary/all/met"].code == "N"
    assert found["primary/all/reached"].code == "Y"
    assert found["primary/all/needed"].note == "the design stopped after stage 1"
    assert "".join(span.text for span in verdict(shown)) == (
        "Not met: 11 of 30 patients with a response; the design stopped after stage 1."
    )
    table = primary_table(shown)
    assert table is not None
    assert "Needed, n" not in ["".join(span.text for span in one.label) for one in table.lines]


STAGES = [  # data cut-off, state of the study, whether the verdict is due
    ("2021-10-08", "completed", True),
    ("2019-07-31", "recruiting", False),
    ("2019-07-31", "terminated", True),  # by those who are in it
]


@pytest.mark.parametrize(("cutoff", "state", "is_due"), STAGES)
def test_one_stage_is_decided_by_the_exact_binomial(
    tmp_path: Path, cutoff: str, state: str, is_due: bool
) -> None:
    found = under_simon(tmp_path, cutoff, SINGLE, state).results.by_id()
    n, p0 = int(found["orr/all/total"].value or 0), Fraction(15, 100)
    planned = int(found["design/all/n"].value or 0)
    size = n if is_due else planned
    tails = [
        sum(comb(size, x) * p0**x * (1 - p0) ** (size - x) for x in range(k, size + 1))
        for k in range(size + 1)
    ]
    needed = next(k for k, tail in enumerate(tails) if tail <= Fraction(5, 100))

    assert (n >= planned) is (cutoff == "2021-10-08")
    assert found["primary/all/needed"].value == needed
    expected = "Y" if int(found["orr/all/count"].value or 0) >= needed else "N"
    assert found["primary/all/met"].code == (expected if is_due else None)
    assert found["primary/all/reached"].code == ("Y" if n >= planned else "N")
    closed = "; the study is closed" in (found["primary/all/met"].note or "")
    assert closed is (state == "terminated")
