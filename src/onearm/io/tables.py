"""Rows of text to records: what a header and the rows under it give.

Takes rows of text from any format and a record type with declared columns,
gives records and every problem found. The rows are worked through in chunks,
a column at a time. Knows no file and no rule over several rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from functools import partial
from itertools import islice, repeat
from typing import Any, Generic, Protocol, TypeVar, get_args, get_type_hints

from onearm.clinical.records import Row, Source, columns
from onearm.errors import Finding, Place, nearest
from onearm.io.cells import CellError, Cells, KeyTexts, UnitCells

DATA_ORIGIN = "data_origin"
"""Columns that may stand in every table and are not read."""

MOST_ERRORS = 100
"""Errors listed for one file; one more line says how many there are beyond."""

_CHUNK = 4096
_NEWLINE = re.compile(r"\r\n|\r|\n")
_OTHER_UNIT = re.compile(r"_(cm|um|m|in|inch|inches)$")


R = TypeVar("R", bound=Row)


class Rows(Protocol):
    """Rows of text, the header first."""

    problem: tuple[str, str, int | None] | None
    """Code, message and line of what ended the rows before their time."""

    @property
    def line_num(self) -> int:
        """Physical lines read so far."""

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


class Reading(Generic[R]):
    """One file being read: its columns, and what was found so far."""

    def __init__(
        self,
        name: str,
        record: type[R],
        required: frozenset[str],
        characteristics: tuple[str, ...],
        ignore_others: bool,
    ) -> None:
        self.name = name
        self.record = record
        self.declared = {
            column.name: column._replace(is_required=column.is_required or column.name in required)
            for column in columns(record)
        }
        self.characteristics = tuple(c for c in characteristics if c not in self.declared)
        self.ignore_others = ignore_others
        self.warnings: list[Finding] = []
        self.errors: list[Finding] = []
        self.unlisted = 0
        self.cells: list[tuple[int, str, dict[str, Any]]] = []  # position, column, its values
        self.kept: list[tuple[int, str]] = []  # position and name of the characteristics
        self.origin_at: int | None = None
        self.origins: set[str] = set()
        self.width = 0
        self.whom: int | None = None  # position of subject_id
        self.has_characteristics = any(f.name == "characteristics" for f in fields(record))  # type: ignore[arg-type]

    def findings(self) -> tuple[Finding, ...]:
        """Return warnings, then errors, then how many errors are not listed."""
        if not self.unlisted:
            return (*self.warnings, *self.errors)
        more = Finding(
            "error", "more-errors", f"{self.unlisted} more errors not listed", Place(self.name)
        )
        return (*self.warnings, *self.errors, more)

    def error(
        self, code: str, message: str, line: int | None, field: str | None = None, whom: str = ""
    ) -> None:
        """Add an error, up to the number that is listed."""
        if len(self.errors) >= MOST_ERRORS:
            self.unlisted += 1
            return
        place = Place(self.name, line, None, field)
        self.errors.append(Finding("error", code, message, place, whom or None))

    def warn(self, code: str, message: str, field: str) -> None:
        """Add a warning about a column."""
        self.warnings.append(Finding("warning", code, message, Place(self.name, 1, None, field)))

    def records(self, rows: Rows) -> Iterator[R]:
        """Yield the records, chunk by chunk, column by column."""
        header = next(rows, None)
        if header is None:
            if rows.problem is None:
                self.error("empty-file", "the file is empty; a header row is needed", None)
            else:
                self.error(*rows.problem)
            return
        self._read_header([text.strip() for text in header])
        is_usable = not self.errors
        done = rows.line_num
        while chunk := list(islice(rows, _CHUNK)):
            lines: Sequence[int] = range(done + 1, rows.line_num + 1)
            if len(lines) != len(chunk):  # a cell holds a newline
                lines = _starts(chunk, done + 1)
            done = rows.line_num
            built = self._convert(chunk, lines)  # reports bad cells under a bad header, too
            if is_usable:
                yield from built
        if rows.problem is not None:
            self.error(*rows.problem)

    def _read_header(self, header: list[str]) -> None:
        """Find the columns, and report what is wrong with them."""
        self.width = len(header)
        if len(header) == 1 and (mark := re.search(r"[;\t|]", header[0])):
            self.error("wrong-separator", f"columns must be parted by commas; got {mark[0]!r}", 1)
            return
        for column in dict.fromkeys(c for c in header if c and header.count(c) > 1):
            self.error("duplicate-column", f"column {column!r} stands twice in the header", 1)
        self._check_missing(header)
        enums = record_enums(self.record)
        for position, column in enumerate(header):
            if about := self.declared.get(column):
                self.cells.append((position, column, Cells(about, enums.get(column, ()))))
            elif column in self.characteristics:
                self.kept.append((position, column))
            elif column == DATA_ORIGIN:
                self.origin_at = position
            else:
                self._check_other(position, column, header)
        self.whom = header.index("subject_id") if "subject_id" in header else None

    def _check_missing(self, header: list[str]) -> None:
        needed = [column.name for column in self.declared.values() if column.is_required]
        spare = [column for column in header if column not in self.declared]
        for column in needed:
            if column not in header:
                near = get_close_matches(column, spare, n=1, cutoff=0.6)
                found = f"; found {near[0]!r}" if near else ""
                message = f"missing column {column!r}; needed are {', '.join(needed)}{found}"
                self.error("missing-column", message, 1, column)
        for column in self.characteristics:
            if column not in header:
                self.warn(
                    "missing-characteristic",
                    f"the protocol names the characteristic {column!r}, the header does not",
                    column,
                )

    def _check_other(self, position: int, column: str, header: list[str]) -> None:
        """Check a column that is not declared: another unit than mm, or one left out."""
        stems = [c.removesuffix("_mm") for c in self.declared if c.endswith("_mm")]
        unit_columns = [f"{start}unit" for start in ("", *(f"{stem}_" for stem in stems))]
        stem = _OTHER_UNIT.sub("", column)
        if stem != column and stem in stems:
            allowed = f"lengths must be in millimetres, in a column {stem + '_mm'!r}"
            self.error("wrong-unit", f"{allowed}; got a column {column!r}", 1, column)
        elif stems and column in unit_columns:
            self.cells.append((position, column, UnitCells()))
        elif not self.ignore_others:
            unused = [name for name in self.declared if name not in header]
            near = nearest(column, unused)
            self.warn("unknown-column", f"column {column!r} is unknown and not read{near}", column)

    def _convert(self, rows: list[list[str]], lines: Sequence[int]) -> Iterator[R]:
        if any(len(row) != self.width for row in rows) or not all(map(any, rows)):
            rows, lines = self._whole_rows(rows, lines)
        texts: list[Sequence[str]] = list(zip(*rows, strict=True))
        if not texts:
            return iter(())
        if self.origin_at is not None:
            self.origins.update(texts[self.origin_at])
        try:
            read = {
                name: list(map(cells.__getitem__, texts[position]))
                for position, name, cells in self.cells
            }
        except CellError:
            return self._convert(*self._good_rows(rows, lines))
        return self._build(read, texts, lines)

    def _build(
        self, read: Mapping[str, list[Any]], texts: list[Sequence[str]], lines: Sequence[int]
    ) -> Iterator[R]:
        """Turn columns of values into records: the fields stand in the order of the columns."""
        values: list[Iterable[Any]] = [
            read[name] if name in read else repeat(about.default)
            for name, about in self.declared.items()
        ]
        if self.has_characteristics:
            values.append(self._characteristics(texts, len(lines)))
        values.append(self._sources(read, lines))
        return map(self.record, *values)

    def _characteristics(self, texts: list[Sequence[str]], count: int) -> list[dict[str, str]]:
        """Gather the characteristics that are not empty, a mapping a row."""
        kept = [(name, texts[position]) for position, name in self.kept]
        return [
            {name: text.strip() for name, column in kept if (text := column[row]).strip()}
            for row in range(count)
        ]

    def _sources(self, read: Mapping[str, list[Any]], lines: Sequence[int]) -> Iterable[Source]:
        as_text = KeyTexts()
        parts = [
            map(as_text.__getitem__, read.get(name) or repeat(self.declared[name].default))
            for name in self.record.KEY
        ]
        make: Any = partial(tuple.__new__, Source)  # Source(...) itself takes three times as long
        return map(make, zip(repeat(self.name), zip(*parts, strict=False), lines, strict=False))

    def _whole_rows(
        self, rows: list[list[str]], lines: Sequence[int]
    ) -> tuple[list[list[str]], list[int]]:
        """Take out empty rows, and report rows with too many or too few fields."""
        whole, at = [], []
        for row, line in zip(rows, lines, strict=True):
            if not any(row):
                continue
            if len(row) == self.width:
                whole.append(row)
                at.append(line)
                continue
            self.error(
                "wrong-field-count",
                f"the row has {len(row)} fields, the header {self.width}",
                line,
                whom=self._subject(row),
            )
        return whole, at

    def _good_rows(
        self, rows: list[list[str]], lines: Sequence[int]
    ) -> tuple[list[list[str]], list[int]]:
        """Report every bad cell, and take out its row."""
        good, at = [], []
        for row, line in zip(rows, lines, strict=True):
            if any(map(str.strip, row)) and not self._bad_cells(row, line):
                good.append(row)
                at.append(line)
        return good, at

    def _bad_cells(self, row: list[str], line: int) -> int:
        count = 0
        for position, name, cells in self.cells:
            text = row[position]
            try:
                cells[text]
            except CellError as problem:
                count += 1
                got = f"; got {text.strip()!r}" if text.strip() else ""
                message = f"{name} {problem.allowed}{got}{problem.hint}"
                self.error(problem.code, message, line, name, self._subject(row))
        return count

    def _subject(self, row: list[str]) -> str:
        return row[self.whom].strip() if self.whom is not None and self.whom < len(row) else ""


def record_enums(record: type) -> dict[str, tuple[str, ...]]:
    """Return the members of each column whose codes are an enumeration."""
    hints = get_type_hints(record)
    found = {}
    for of in fields(record):
        if "column" in of.metadata:
            kinds = get_args(hints[of.name]) or (hints[of.name],)
            enums = [kind for kind in kinds if hasattr(kind, "__members__")]
            found[of.metadata["column"][0] or of.name] = tuple(enums[0]) if enums else ()
    return found


def _starts(rows: list[list[str]], first: int) -> list[int]:
    """Return the physical line at which each row starts."""
    starts, line = [], first
    for row in rows:
        starts.append(line)
        line += 1 + sum(len(_NEWLINE.findall(cell)) for cell in row)
    return starts
