"""A published number beside ours: the printed text decides, to its own digits."""

from __future__ import annotations

import pytest

from onearm.errors import ResultError
from onearm.format import like
from onearm.io.expected import Expected, Passage
from onearm.pipeline.compare import against
from onearm.results.model import Published, Results, Row
from onearm.results.published import compare, summary_text
from onearm.terms import Kind


def row(kind: Kind, value: float | int | None, statistic: str = "estimate", **more: object) -> Row:
    note = "not reached" if value is None and not more else None
    return Row(
        f"x/all/{statistic}", "x", "default", "treated", "all", None, statistic, kind, value,
        note=note, **more,
    )  # fmt: skip


LIKE = [  # kind, value, as printed by somebody, ours in that manner
    (Kind.PROPORTION, 11 / 30, "36.67", "36.67"),
    (Kind.PROPORTION, 11 / 30, "36.7", "36.7"),
    (Kind.PROPORTION, 11 / 30, "36", "37"),
    (Kind.PROPORTION, 3 / 24, "13", "13"),  # half away from zero
    (Kind.PROPORTION, 1.0, "100", "100"),
    (Kind.PROPORTION, 1.0, "100.00", "100.00"),
    (Kind.PROPORTION, 0.0, "\N{EM DASH}", "\N{EM DASH}"),
    (Kind.PROPORTION, 0.25, "\N{EM DASH}", "25.00"),  # a dash is nobody, and here is somebody
    (Kind.COUNT, 0, "-", "-"),
    (Kind.COUNT, 4, "5", "4"),
    (Kind.DURATION, 239, "7.85", "7.85"),  # 239 / 30.4375 = 7.852
    (Kind.DURATION, 239, "7.9", "7.9"),
    (Kind.DURATION, 239, "NE", "7.85"),
    (Kind.DURATION, None, "4.80", "NE"),
    (Kind.DURATION, None, "NE", "NE"),
    (Kind.DURATION, None, "not reached", "not reached"),
    (Kind.DURATION, None, "\N{EM DASH}", "NE"),
    (Kind.QUANTITY, 32.5, "32.5", "32.5"),
    (Kind.QUANTITY, 19, "19.0", "19.0"),
    (Kind.PERCENT_CHANGE, -30.04, "-30.0", "-30.0"),
    (Kind.LENGTH, 18.2, "18", "18"),
    (Kind.P_VALUE, 0.0312, "0.03", "0.03"),
    (Kind.P_VALUE, 0.0002, "<0.001", "<0.001"),
]


@pytest.mark.parametrize(("kind", "value", "printed", "ours"), LIKE)
def test_our_value_is_written_with_the_digits_that_are_printed(
    kind: Kind, value: float | None, printed: str, ours: str
) -> None:
    assert like(row(kind, value), printed) == ours


def test_a_missing_median_is_not_reached_beside_a_number() -> None:
    assert like(row(Kind.DURATION, None, "median"), "17.31") == "NR"


def test_a_code_is_compared_as_it_is() -> None:
    assert like(row(Kind.CODE, None, code="Y"), "NE") == "Y"


def published(printed: str, expect: str = "reproduced", result: str | None = "x/all/estimate"):
    reason = None if expect == "reproduced" else "5 / 30 = 16.67"
    return Published("t/x", "A share", "Table 1", printed, result, expect, reason)


SHARE = Results((row(Kind.PROPORTION, 5 / 30),))
VERDICTS = [  # printed, what the file expects, verdict, whether it must be looked at
    ("16.67", "reproduced", "reproduced", 0),
    ("16.7", "reproduced", "reproduced", 0),
    ("16.66", "reproduced", "differs", 1),  # no tolerance, however small
    ("16.6", "reproduced", "differs", 1),
    ("16.6", "differs", "explained", 0),
    ("16.7", "differs", "unexpected", 1),
    ("16.7", "cannot check", "cannot check", 0),
    ("99", "cannot check", "cannot check", 0),
]


@pytest.mark.parametrize(("printed", "expect", "verdict", "status"), VERDICTS)
def test_the_verdict_and_the_exit_status(
    printed: str, expect: str, verdict: str, status: int
) -> None:
    entry = published(printed, expect)
    expected = Expected("A paper", (Passage("Table 1", None, (entry,)),), {})
    answer = against(SHARE, expected)

    assert [c.verdict for c in answer.comparisons] == [verdict]
    assert answer.exit_status == status
    assert answer.as_json()["summary"]["published"] == 1
    assert (entry.reason or "A share") in answer.as_text()


def test_a_number_beyond_checking_needs_no_result() -> None:
    (one,) = compare(SHARE, [published("14", "cannot check", None)])

    assert (one.row, one.recomputed, one.verdict) == (None, None, "cannot check")


def test_an_unknown_result_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(
        ResultError, match="t/x: no result 'x/al/estimate'; did you mean 'x/all/estimate'"
    ):
        compare(SHARE, [published("14", result="x/al/estimate")])


def test_the_summary_counts_every_verdict() -> None:
    entries = [published(printed, expect) for printed, expect, _, _ in VERDICTS]

    assert summary_text(compare(SHARE, entries)) == (
        "8 published numbers: 2 reproduced, 1 explained, 2 cannot be checked, 2 differ, "
        "1 reproduced although said to differ"
    )
