"""The answer of ``onearm compare`` for another program's numbers: a verdict for each.

Takes our results and the rows of a CSV, pairs them by id, gives text and JSON.
What has no partner, on either side, is listed.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from onearm.errors import Finding, InputError, ResultError, nearest
from onearm.format import NOT_APPLICABLE, count_of, text_table
from onearm.io.other_numbers import OtherNumber, OtherNumbers
from onearm.results.model import Results, Row
from onearm.results.other_numbers import Agreement, agreement

HEADER = ("Result", "Theirs", "Ours", "Unit", "Compared", "Verdict")
WIDTH = 96
VERDICTS = ("agrees", "differs", "no partner")


@dataclass(frozen=True, slots=True)
class Pair:
    """A number of the other program, with ours where there is one."""

    number: OtherNumber
    agreement: Agreement | None
    note: str | None

    @property
    def verdict(self) -> str:
        """``agrees``, ``differs`` or ``no partner``."""
        if self.agreement is None:
            return "no partner"
        return "agrees" if self.agreement.agrees else "differs"


@dataclass(frozen=True, slots=True)
class NumbersCompared:
    """Each number of another program with its verdict; ``alone`` are ours without partner."""

    source_name: str
    other_name: str
    pairs: tuple[Pair, ...]
    alone: tuple[Row, ...]
    left_out: tuple[str, ...]

    @property
    def exit_status(self) -> int:
        """1 when a number differs, or names a result that does not exist."""
        return int(any(pair.verdict != "agrees" for pair in self.pairs))

    def as_text(self) -> str:
        """Return one line a number, what stands alone, and the counts."""
        lines = [f"Ours:   {self.source_name}", f"Theirs: {self.other_name}"]
        if self.left_out:
            lines.append(f"Columns that are not read: {', '.join(self.left_out)}")
        table = text_table(HEADER, [_cells(pair) for pair in self.pairs]).splitlines()
        lines += ["", *table[:2]]
        for pair, line in zip(self.pairs, table[2:], strict=True):
            lines.append(line)
            if pair.verdict != "agrees":
                lines += [f"    {text}" for text in _about(pair)]
        return "\n".join([*lines, *self._alone(), "", self.summary_text()])

    def _alone(self) -> Iterator[str]:
        """Yield our statistics that stand beside compared ones, and count the others."""
        if not self.alone:
            return
        yield ""
        yield "Ours without partner"
        touched = {_stem(pair.number.id) for pair in self.pairs if pair.agreement}
        beside: dict[str, list[str]] = {}
        for row in self.alone:
            if _stem(row.id) in touched:
                beside.setdefault(_stem(row.id), []).append(row.statistic)
        for stem, statistics in beside.items():
            yield from _wrapped(f"{stem}: {', '.join(statistics)}")
        others = Counter(row.analysis for row in self.alone if _stem(row.id) not in touched)
        if others:
            counts = ", ".join(f"{n} of {analysis}" for analysis, n in others.items())
            yield from _wrapped(f"{'and ' if beside else ''}{counts} (with --json each)")

    def summary_text(self) -> str:
        """Return the counts in one sentence."""
        counts = self._counts()
        return (
            f"{count_of(len(self.pairs), 'number')} of theirs: {counts['agrees']} agree, "
            f"{counts['differs']} differ, {counts['no partner']} without partner; "
            f"{len(self.alone)} of ours without partner"
        )

    def _counts(self) -> dict[str, int]:
        found = Counter(pair.verdict for pair in self.pairs)
        return {verdict: found[verdict] for verdict in VERDICTS}

    def as_json(self) -> dict[str, object]:
        """Return the counts, one object a number of theirs, and our ids without partner."""
        counts = {name.replace(" ", "_"): n for name, n in self._counts().items()}
        return {
            "ours": self.source_name,
            "theirs": self.other_name,
            "summary": {
                "theirs": len(self.pairs),
                **counts,
                "ours_without_partner": len(self.alone),
            },
            "columns_left_out": list(self.left_out),
            "comparisons": [_json(pair) for pair in self.pairs],
            "ours_without_partner": [row.id for row in self.alone],
        }


def beside(
    results: Results, others: OtherNumbers, source_name: str, other_name: str
) -> NumbersCompared:
    """Pair the numbers of another program with ours.

    Raises
    ------
    InputError
        With every value and unit that does not suit its result, by line.
    """
    known = results.by_id()
    findings, pairs = [], []
    for number in others.numbers:
        try:
            pairs.append(_pair(number, known))
        except ResultError as error:
            findings.append(Finding("error", "other-numbers", str(error), number.place))
    if findings:
        raise InputError(findings)
    named = {number.id for number in others.numbers}
    alone = tuple(row for row in results.rows if row.id not in named)
    return NumbersCompared(source_name, other_name, tuple(pairs), alone, others.left_out)


def _pair(number: OtherNumber, known: Mapping[str, Row]) -> Pair:
    row = known.get(number.id)
    if row is None:
        return Pair(number, None, f"no result {number.id!r}{nearest(number.id, known)}")
    found = agreement(row, number.value, digits=number.digits, unit=number.unit)
    return Pair(number, found, None if found.agrees else found.note)


def _cells(pair: Pair) -> tuple[str, ...]:
    number, found = pair.number, pair.agreement
    if found is None:
        unit, ours, manner = number.unit or "", NOT_APPLICABLE, ""
    else:
        unit, ours, manner = found.unit or "", found.ours, found.manner
    return number.id, number.value, ours, unit, manner, pair.verdict


def _about(pair: Pair) -> Iterator[str]:
    number = pair.number
    parts = (str(number.place), number.program, number.source, pair.note)
    yield "; ".join(part for part in parts if part)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _stem(result_id: str) -> str:
    return result_id.rpartition("/")[0]


def _json(pair: Pair) -> dict[str, object]:
    number, found = pair.number, pair.agreement
    return {
        "id": number.id,
        "theirs": number.value,
        "ours": None if found is None else found.ours,
        "value": None if found is None else found.row.value,
        "unit": number.unit if found is None else found.unit,
        "compared": None if found is None else found.manner,
        "verdict": pair.verdict,
        "note": pair.note,
        "program": number.program or None,
        "source": number.source or None,
        "line": number.place.line,
    }
