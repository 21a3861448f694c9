"""``onearm compare``: other numbers beside ours.

Takes a study, whose analysis is computed, or a file of results; and what to
set beside it: published numbers (``expected.yaml``, which a study may bring),
another study or file of results, or a CSV of another program. What OTHER is,
its content tells.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onearm.errors import Finding, InputError
from onearm.format import NOT_APPLICABLE, text_table
from onearm.io.expected import Expected, Passage, parse_expected, read_expected
from onearm.io.other_numbers import COLUMNS, read_other_numbers
from onearm.io.yaml import read_yaml
from onearm.pipeline.compare_adam import AdamCompared, compare_adam, is_adam
from onearm.pipeline.compare_cuts import CutsCompared
from onearm.pipeline.compare_numbers import NumbersCompared, beside
from onearm.results.cuts import compare_cuts
from onearm.results.model import Comparison, Results
from onearm.results.published import UNSETTLED, summary, summary_text, unknown_result
from onearm.results.published import compare as compare_numbers

HEADER = ("Published", "Printed", "Ours", "Verdict", "Result")
WIDTH = 96
SHOWN = 5
"""Keys of a file that is something else, as an error quotes them."""

FOLDER, RESULTS, PUBLISHED, NUMBERS = (
    "a study folder",
    "a results.json",
    "published numbers",
    "a CSV of numbers",
)
"""What SOURCE and OTHER may be."""

_YAML = re.compile(r"""(---|["']?[\w -]+["']?\s*:(\s|$)|- )""")


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


Answer = Compared | CutsCompared | NumbersCompared | AdamCompared


def compare(source: Path, other: Path | None = None) -> Answer:
    """Set other numbers beside ours.

    Parameters
    ----------
    source
        A study folder, or the ``results.json`` of an analysis; the older of
        two data cuts.
    other
        A file of published numbers, a CSV of another program, another study
        folder or ``results.json``, or analysis data sets (a folder or a file);
        for a study its ``expected.yaml`` by default.

    Raises
    ------
    InputError
        If a file cannot be used, or a published number names a result that
        does not exist: one line each, with the nearest name.
    """
    if other is None:
        expected = read_expected(_own_expected(source))
        return against(_results(source), expected)
    if is_adam(other):
        return compare_adam(source, other)
    if (found := _content(source)) not in (FOLDER, RESULTS):
        raise InputError(
            f"{source}: SOURCE must be a study folder or a results.json; got {found}: "
            "it belongs in the second place"
        )
    kind = _content(other)
    if kind in (FOLDER, RESULTS):
        return cuts(source, other)
    if kind == PUBLISHED:
        return against(_results(source), _read_expected(other))
    return beside(_results(source), read_other_numbers(other), str(source), str(other))


def cuts(older: Path, newer: Path) -> CutsCompared:
    """Compare two sets of results of one study, each a study folder or ``results.json``."""
    from onearm.pipeline.run import HEADLINE

    before, after = _results(older), _results(newer)
    if before.bases and after.bases and not _subjects(before) & _subjects(after):
        raise InputError(f"{older} and {newer} must be of one study; they share no subject")
    headline = tuple(f"{entry}/{statistic}" for _, entry, statistic in HEADLINE)
    found = compare_cuts(before, after)
    return CutsCompared(str(older), str(newer), before, after, headline, found)


def _subjects(results: Results) -> set[str]:
    return {one.subject_id for of in results.bases.values() for one in of.contributions}


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


def _own_expected(source: Path) -> Path:
    if not source.exists():
        raise InputError(f"{source}: no such study folder or results.json")
    if not source.is_dir():
        raise InputError(
            f"{source}: needs something to compare with: published numbers, another results.json, "
            "or a CSV"
        )
    if not (source / "expected.yaml").is_file():
        raise InputError(
            f"{source / 'expected.yaml'}: no such file; the study has no published numbers"
        )
    return source / "expected.yaml"


def _content(path: Path) -> str:
    """Tell what a folder or file is, by its first words rather than by its name."""
    if path.is_dir():
        return FOLDER
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not UTF-8 text") from None
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith("#")), "")
    if not first:
        raise InputError(f"{path}: is empty")
    if first[0] in "{[":
        return RESULTS
    if _YAML.match(first):
        return PUBLISHED
    if path.suffix.lower() == ".csv" or {*re.split(r'[",; ]+', first)} & {*COLUMNS}:
        return NUMBERS
    raise InputError(
        f"{path}: must be a results.json, a file of published numbers (expected.yaml), "
        f"or a CSV with the columns id and value; its first line is {first[:40]!r}"
    )


def _read_expected(path: Path) -> Expected:
    """Read published numbers; another YAML file is told in one line."""
    document = read_yaml(path)
    found = document.data if isinstance(document.data, dict) else {}
    if not {"expected", "blocks"} & found.keys():
        keys = ", ".join(list(found)[:SHOWN])
        raise InputError(
            f"{path}: must be a file of published numbers, with the keys expected, source and "
            f"blocks; got {keys}"
        )
    return parse_expected(document)


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
