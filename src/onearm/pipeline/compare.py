"""``onearm compare``: published numbers beside ours.

Takes a study, whose analysis is computed, or a file of results, and a file of
published numbers; gives a verdict for each number. A study brings its own
``expected.yaml``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onearm.errors import Finding, InputError
from onearm.format import NOT_APPLICABLE, text_table
from onearm.io.expected import Expected, Passage, read_expected
from onearm.results.model import Comparison, Results
from onearm.results.published import UNSETTLED, summary, summary_text, unknown_result
from onearm.results.published import compare as compare_numbers

HEADER = ("Published", "Printed", "Ours", "Verdict", "Result")
WIDTH = 96


@dataclass(frozen=True, slots=True)
class Compared:
    """Every published number with its verdict, in the passages of the publication."""

    source: str
    passages: tuple[Passage, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def exit_status(self) -> int:
        """1 when a number differs without a reason, or agrees although said to differ."""
        return int(any(comparison.verdict in UNSETTLED for comparison in self.comparisons))

    def as_text(self) -> str:
        """Return a table for each passage, reasons below their numbers, the counts last."""
        lines = text_table(HEADER, [_cells(c) for c in self.comparisons]).splitlines()
        header, written = lines[:2], dict(zip(self._ids(), lines[2:], strict=True))
        found = {comparison.published.id: comparison for comparison in self.comparisons}
        parts = [self.source]
        for passage in self.passages:
            parts += ["", passage.title, *_wrapped(passage.note, "  "), *header]
            for published in passage.published:
                parts.append(written[published.id])
                parts += _wrapped(found[published.id].published.reason, "    ")
        return "\n".join([*parts, "", summary_text(self.comparisons)])

    def _ids(self) -> Iterator[str]:
        return (comparison.published.id for comparison in self.comparisons)

    def as_json(self) -> dict[str, object]:
        """Return the source, the counts by verdict, and one object a published number."""
        return {
            "source": self.source,
            "summary": {
                "published": len(self.comparisons),
                **{name.replace(" ", "_"): n for name, n in summary(self.comparisons).items()},
            },
            "comparisons": [_json(comparison) for comparison in self.comparisons],
        }


def _cells(comparison: Comparison) -> tuple[str, ...]:
    published = comparison.published
    ours = NOT_APPLICABLE if comparison.recomputed is None else comparison.recomputed
    result = published.result or ""
    return published.what, published.printed, ours, comparison.verdict, result


def _wrapped(text: str | None, indent: str) -> list[str]:
    return textwrap.wrap(text or "", WIDTH, initial_indent=indent, subsequent_indent=indent)


def _json(comparison: Comparison) -> dict[str, object]:
    published = comparison.published
    return {
        "id": published.id,
        "what": published.what,
        "where": published.where,
        "printed": published.printed,
        "result": published.result,
        "recomputed": comparison.recomputed,
        "value": None if comparison.row is None else comparison.row.value,
        "verdict": comparison.verdict,
        "reason": published.reason,
    }


def compare(source: Path, other: Path | None = None) -> Compared:
    """Set published numbers beside ours.

    Parameters
    ----------
    source
        A study folder, or the ``results.json`` of an analysis.
    other
        A file of published numbers; for a study its ``expected.yaml`` by default.

    Raises
    ------
    InputError
        If a file cannot be used, or a published number names a result that
        does not exist: one line each, with the nearest name.
    """
    expected = read_expected(_expected_file(source, other))
    return against(_results(source), expected)


def against(results: Results, expected: Expected) -> Compared:
    """Compare results with published numbers, both at hand.

    Raises
    ------
    InputError
        If a published number names a result that does not exist.
    """
    _check_results(results, expected)
    comparisons = compare_numbers(results, expected)
    return Compared(expected.source, expected.passages, comparisons)


def _expected_file(source: Path, other: Path | None) -> Path:
    if other is not None:
        return other
    if not source.is_dir():
        raise InputError(f"{source}: needs a file of published numbers to compare with")
    if not (source / "expected.yaml").is_file():
        raise InputError(
            f"{source / 'expected.yaml'}: no such file; the study has no published numbers"
        )
    return source / "expected.yaml"


def _results(source: Path) -> Results:
    if source.is_dir():
        from onearm.pipeline.run import analyse

        return analyse(source).results
    from onearm.io.results import read_results

    return read_results(source)


def _check_results(results: Results, expected: Expected) -> None:
    known = results.by_id()
    findings = [
        Finding("error", "unknown-result", message, expected.places[entry.id])
        for entry in expected
        if (message := unknown_result(known, entry)) is not None
    ]
    if findings:
        raise InputError(findings)
