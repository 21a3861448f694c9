"""A table of past trials: ``historical.csv`` to records.

Columns source, drug, n, responders, rate_percent and note; the first is needed,
an empty cell is an absent value. Trials without n or responders are kept apart:
a rate alone has no precision. Knows no statistics.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from onearm.errors import Finding, InputError, Place, nearest

COLUMNS = ("source", "drug", "n", "responders", "rate_percent", "note")


@dataclass(frozen=True, slots=True)
class HistoricalTrial:
    """A row of the table; ``rate_percent`` is text, as printed in its source."""

    source: str
    drug: str
    n: int | None
    responders: int | None
    rate_percent: str | None
    note: str
    line: int

    @property
    def has_counts(self) -> bool:
        """Whether both n and responders are given."""
        return self.n is not None and self.responders is not None


def read_historical(path: Path) -> tuple[HistoricalTrial, ...]:
    """Return the past trials of a table, in file order.

    Raises
    ------
    InputError
        For each unknown or missing column and each cell that holds no count,
        with file and line.
    """
    try:
        return _read(path)
    except UnicodeDecodeError:
        raise InputError(f"{path.name}: must be encoded in UTF-8") from None
    except csv.Error as error:
        raise InputError(f"{path.name}: cannot be read: {error}") from None


def _read(path: Path) -> tuple[HistoricalTrial, ...]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        header = tuple(reader.fieldnames or ())
        findings = [
            _finding(path, 1, f"{name!r} is no column of this table{nearest(name, COLUMNS)}")
            for name in header
            if name not in COLUMNS
        ]
        findings += [
            _finding(path, 1, f"the column {name!r} is missing")
            for name in ("source", "n", "responders")
            if name not in header
        ]
        if findings:
            raise InputError(findings)
        trials = [_trial(path, reader.line_num, row, findings) for row in reader]
    if findings:
        raise InputError(findings)
    return tuple(trials)


def _trial(
    path: Path, line: int, row: dict[str, str | None], findings: list[Finding]
) -> HistoricalTrial:
    counts: dict[str, int | None] = {}
    for name in ("n", "responders"):
        cell = (row.get(name) or "").strip()
        counts[name] = int(cell) if cell.isascii() and cell.isdigit() else None
        if cell and counts[name] is None:
            findings.append(
                _finding(path, line, f"{name} must be a whole number or empty; got {row[name]!r}")
            )
    n, responders = counts["n"], counts["responders"]
    if n is not None and (n == 0 or (responders or 0) > n):
        findings.append(
            _finding(
                path, line, f"responders must be from 0 to n, with n >= 1; got {responders} of {n}"
            )
        )
    return HistoricalTrial(
        source=(row.get("source") or "").strip(),
        drug=(row.get("drug") or "").strip(),
        n=n,
        responders=responders,
        rate_percent=(row.get("rate_percent") or "").strip() or None,
        note=(row.get("note") or "").strip(),
        line=line,
    )


def _finding(path: Path, line: int, message: str) -> Finding:
    return Finding("error", "historical", message, Place(str(path), line))
