"""Comma-separated tables: rows to records and back, by the declared columns.

Takes a file and a record type, gives the records with every problem found, all
at once, each with file and physical line (a row that spans lines is named by
its first). UTF-8 only, with or without a byte order mark. What one cell may
hold stands in ``onearm.io.cells``. Knows no rule over several rows.

Column names are matched as they are written. A column that is not declared is
reported and left out; ``data_origin`` may stand in every table. A row whose
cells are all empty counts as no row.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Generic

from onearm.errors import HINT, Finding, InputError
from onearm.io.many_objects import many_objects
from onearm.io.tables import R, Reading

KEPT_BYTES = 1 << 19
"""Files up to this size are kept as they were read: the same bytes are not read again."""


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """The records of one file in file order, and the problems found in it.

    ``origins`` holds what its column ``data_origin`` says, such as SYNTHETIC.
    """

    name: str
    records: tuple[R, ...]
    findings: tuple[Finding, ...]
    origins: frozenset[str] = frozenset()

    def checked(self) -> Table[R]:
        """Return this table, or raise an InputError with all its errors.

        A column that looks misspelt comes with them: it is often why.
        """
        if any(finding.severity == "error" for finding in self.findings):
            raise InputError(errors_with_hints(self.findings))
        return self


def errors_with_hints(findings: Iterable[Finding]) -> list[Finding]:
    """Return the errors, and what columns look misspelt unless one is missing anyhow."""
    found = list(findings)
    is_missing = any(finding.code == "missing-column" for finding in found)
    return [
        finding
        for finding in found
        if finding.severity == "error"
        or (finding.code == "unknown-column" and HINT in finding.message and not is_missing)
    ]


def read_table(
    path: Path,
    record: type[R],
    *,
    name: str | None = None,
    characteristics: tuple[str, ...] = (),
    required: tuple[str, ...] = (),
    ignore_others: bool = False,
) -> Table[R]:
    """Read one table; problems become findings, never another exception.

    Parameters
    ----------
    path
        The file.
    record
        The record type, one of ``onearm.clinical.records.TABLES``.
    name
        The file's name in messages and sources; by default its last part.
    characteristics
        Columns beyond the declared ones that go to ``characteristics``.
    required
        Columns that must be there and filled, beyond those declared so.
    ignore_others
        Leave out columns that are not declared without a word.

    Returns
    -------
    Table
        Rows with a problem are not among the records. A header alone gives
        no record and no problem.
    """
    about = (name or path.name, record, frozenset(required), characteristics, ignore_others)
    try:
        if path.stat().st_size <= KEPT_BYTES:
            return _kept_table(path.read_bytes(), *about)
    except OSError:
        pass  # the findings of the reading say why
    return _table(FileRows(path), *about)


@lru_cache(maxsize=32)  # a study is analysed again and again, and most of its tables stay
def _kept_table(content: bytes, *about: Any) -> Table[Any]:
    """Read one table of these bytes; the same bytes give the same table."""
    return _table(FileRows(content), *about)


def _table(
    rows: FileRows,
    name: str,
    record: type[R],
    required: frozenset[str],
    characteristics: tuple[str, ...],
    ignore_others: bool,
) -> Table[R]:
    reading = Reading(name, record, required, characteristics, ignore_others)
    with many_objects():
        records = tuple(reading.records(rows))
    origins = frozenset(origin.strip() for origin in reading.origins) - {""}
    return Table(name, records, reading.findings(), origins)


class FileRows:
    """The rows of a file, or of its content, up to the end or to what cannot be read."""

    def __init__(self, path: Path | bytes, separator: str = ",") -> None:
        self.problem: tuple[str, str, int | None] | None = None
        self._path = path
        self._separator = separator
        self._reader = csv.reader(())
        self._rows = self._read()

    @property
    def line_num(self) -> int:
        """Physical lines read so far."""
        return self._reader.line_num

    def __iter__(self) -> Iterator[list[str]]:
        return self._rows

    def __next__(self) -> list[str]:
        return next(self._rows)

    def _read(self) -> Iterator[list[str]]:
        try:
            with self._open() as file:
                self._reader = csv.reader(file, strict=True, delimiter=self._separator)
                yield from self._reader
        except FileNotFoundError:
            self.problem = ("missing-file", "the file does not exist", None)
        except OSError as problem:
            self.problem = ("unreadable-file", f"cannot be read: {problem.strerror}", None)
        except UnicodeDecodeError:
            path = self._path
            content = path if isinstance(path, bytes) else path.read_bytes()
            self.problem = ("wrong-encoding", *_encoding_problem(content))
        except csv.Error as problem:
            self.problem = ("broken-row", f"the row cannot be read: {problem}", self.line_num)

    def _open(self) -> io.TextIOWrapper:
        path = self._path
        raw = io.BytesIO(path) if isinstance(path, bytes) else path.open("rb")
        return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")


def _encoding_problem(content: bytes) -> tuple[str, int | None]:
    """Say where the file stops being UTF-8: message and physical line."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "the file must be UTF-8; this is UTF-16", 1
    try:
        content.decode()
    except UnicodeDecodeError as problem:
        line = 1 + len(re.findall(rb"\r\n|\r|\n", content[: problem.start]))
        found = content[problem.start]
        return f"the file must be UTF-8; got the byte {found:#04x} at offset {problem.start}", line
    return "the file must be UTF-8", None


def read_rows(path: Path, lines: Iterable[int]) -> dict[int, dict[str, str]]:
    """Return the raw cells, by column, of the rows that start at these physical lines.

    Lines at which no row starts are left out. Raises InputError if the file
    cannot be read.
    """
    wanted = set(lines)
    found: dict[int, dict[str, str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            start = reader.line_num + 1
            for row in reader:
                if start in wanted:
                    found[start] = dict(zip(header, row, strict=False))
                start = reader.line_num + 1
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise InputError(f"{path.name}: cannot be read: {problem}") from problem
    return found


def read_cells(path: Path, line: int) -> dict[str, str]:
    """Return the raw cells, by column, of the row that starts at a physical line."""
    cells = read_rows(path, (line,)).get(line)
    if cells is None:
        raise InputError(f"{path.name}:{line}: no row starts at this line")
    return cells


def table_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as text: lines end in LF, ``None`` is an empty cell."""
    text = io.StringIO()
    plain = csv.writer(text, lineterminator="\n")
    quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in chain([header], rows):
        cells = ["" if cell is None else str(cell) for cell in row]
        # Before Python 3.13 a lone carriage return is not quoted of itself.
        writer = quoting if any("\r" in cell for cell in cells) else plain
        writer.writerow(cells)
    return text.getvalue()


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table, whole or not at all: UTF-8, as ``table_text`` makes it."""
    write_whole(path, table_text(header, rows))


def write_whole(path: Path, text: str) -> None:
    """Write a text to a file beside ``path`` that then takes its place.

    Raises an OSError that names ``path``, whichever of the two files it met.
    """
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            Path(beside).chmod(0o644)
            Path(beside).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(beside).unlink()
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
