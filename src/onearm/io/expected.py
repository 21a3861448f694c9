"""``expected.yaml``: the numbers that a publication prints about a study.

Reads blocks of rows whose cells stand as printed, and gives one ``Published``
for each number in a cell. Every problem is reported at once, with its place.
Does not know our results: whether one exists is for the comparison to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Annotated, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from onearm.errors import Finding, InputError, Place, nearest
from onearm.format import DASHES
from onearm.io.yaml import read_yaml
from onearm.protocol.document import Document, Path
from onearm.protocol.explain import explain
from onearm.protocol.values import Part
from onearm.results.model import ID, Published, slug

T = TypeVar("T")
_FIELD = re.compile(r"\{([a-z0-9_]+)\}")
_WORDS = {"count": "n", "estimate": "%", "lower": "lower limit", "upper": "upper limit"}


def _as_text(value: object) -> object:
    """Take a number as the text that it was; YAML reads 36.67 as an exact decimal."""
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return str(value) if is_number else value


def _by_column(value: object) -> object:
    """Let one text or list stand for the whole row."""
    if value is None:
        raise ValueError("must not be empty")
    return value if isinstance(value, dict) else {"": value}


def _check_form(form: str) -> str:
    statistics = _FIELD.findall(form)
    if not statistics or len(set(statistics)) < len(statistics):
        raise ValueError("must name each statistic once in braces, as in '{count} ({estimate})'")
    return form


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
Unit = Literal["days", "weeks", "months"]
Cell = Annotated[str, Field(min_length=1), BeforeValidator(_as_text)]
Cells = Annotated[dict[str, Cell], Field(min_length=1), BeforeValidator(_by_column)]
Form = Annotated[str, AfterValidator(_check_form)]
Reasons = Annotated[dict[str, Text], BeforeValidator(_by_column)]
Places = Annotated[
    dict[str, Annotated[tuple[Text, ...], BeforeValidator(_as_list)]], BeforeValidator(_by_column)
]


class Column(Part):
    """A column of a published table: the group that it shows, or the form of its cells."""

    group: Text | None = None
    form: Form | None = None


class Line(Part):
    """A row of a published table, or one number in a sentence."""

    what: Text = Field(description="what the number means")
    printed: Cells = Field(description="the number as printed")
    result: Text | None = Field(None, description="the id of our result")
    id: Text | None = None
    form: Form | None = None
    unit: Unit | None = None
    where: Text | None = None
    also: Places = Field(default_factory=dict)
    differs: Reasons = Field(default_factory=dict)
    cannot_check: Reasons = Field(default_factory=dict)
    note: Reasons = Field(default_factory=dict)


class Block(Part):
    """A published table or passage."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")] = Field(
        description="the short name of the block"
    )
    where: Text = Field(description="the table or passage")
    title: Text | None = None
    note: Text | None = None
    columns: dict[str, Column] = Field(default_factory=dict)
    form: Form | None = None
    unit: Unit | None = Field(None, description="the unit of the durations; absent, months")
    rows: Annotated[tuple[Line, ...], Field(min_length=1)] = Field(description="the numbers")


class File(Part):
    """The whole file."""

    expected: Literal[1] = Field(description="the version of this file format")
    source: Text = Field(description="the publication")
    blocks: Annotated[tuple[Block, ...], Field(min_length=1)] = Field(
        description="the tables and passages"
    )


@dataclass(frozen=True, slots=True)
class Passage:
    """A published table or passage with its numbers, in their order."""

    title: str
    note: str | None
    published: tuple[Published, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """The published numbers of a study, in the order of the file.

    ``places`` says where each stands in the file, by its id.
    """

    source: str
    passages: tuple[Passage, ...]
    places: Mapping[str, Place]

    def __iter__(self) -> Iterator[Published]:
        return (entry for passage in self.passages for entry in passage.published)


class _Number(NamedTuple):
    """One number of a cell: which column, which statistic, what is printed."""

    column: str
    statistic: str
    printed: str
    is_alone: bool
    form: str

    @property
    def names(self) -> set[str]:
        """The keys under which a row may speak of this number."""
        return {"", self.column, self.statistic, f"{self.column} {self.statistic}".strip()}


def read_expected(path: FilePath) -> Expected:
    """Read a file of published numbers.

    Raises
    ------
    InputError
        With every problem of the file, each with its line: an unknown or
        missing key, a cell that does not have its form, a difference without a
        reason, an id or a number that stands twice.
    """
    return parse_expected(read_yaml(path))


def parse_expected(document: Document) -> Expected:
    """Turn a document into published numbers, or into every problem in it."""
    try:
        file = File.model_validate(document.data)
    except ValidationError as error:
        found = [*document.findings, *explain(File, document, error)]
        raise InputError(sorted(found, key=_line)) from None
    reader = _Reader(document)
    passages = tuple(
        Passage(
            block.title or block.where, block.note, tuple(reader.block(block, ("blocks", number)))
        )
        for number, block in enumerate(file.blocks)
    )
    if findings := [*document.findings, *reader.findings]:
        raise InputError(sorted(findings, key=_line))
    return Expected(file.source, passages, reader.places)


def _line(finding: Finding) -> tuple[int, int]:
    place = finding.place
    return (place.line or 0, place.column or 0) if place else (0, 0)


class _Reader:
    """Reads the rows of a sound file; remembers what it has seen, for what may stand only once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.findings: list[Finding] = []
        self.places: dict[str, Place] = {}
        self.seen: dict[tuple[str, str], Place] = {}

    def block(self, block: Block, path: Path) -> Iterator[Published]:
        for number, line in enumerate(block.rows):
            yield from self._row(block, line, (*path, "rows", number))

    def _row(self, block: Block, line: Line, path: Path) -> Iterator[Published]:
        numbers = list(self._numbers(block, line, path))
        if numbers:  # otherwise no cell could be read, and that is said already
            for key in ("also", "differs", "cannot_check", "note"):
                self._check_names(getattr(line, key), numbers, (*path, key))
        for number in numbers:
            published = self._published(block, line, number, path)
            if published is not None and self._stands_once(published, number, path):
                yield published

    def _numbers(self, block: Block, line: Line, path: Path) -> Iterator[_Number]:
        for name, cell in line.printed.items():
            here = (*path, "printed", name) if name else (*path, "printed")
            if name not in (block.columns or {""}):
                self._problem(here, _unknown_column(name, block), is_key=bool(name))
                continue
            column = block.columns.get(name, Column())
            form = line.form or column.form or block.form
            parts = {"": cell} if form is None else _read_cell(cell, form)
            if parts is None:
                self._problem(here, f"must have the form {form!r}; got {cell!r}")
                continue
            for statistic, printed in parts.items():
                yield _Number(name, statistic, printed, len(parts) == 1, form or "")

    def _check_names(self, named: Mapping[str, object], numbers: list[_Number], path: Path) -> None:
        known = sorted({name for number in numbers for name in number.names if name})
        for name in named:
            if name and name not in known:
                hint = nearest(name, known) or f"; allowed are {', '.join(known)}"
                message = f"{name!r} is no number of this row{hint}"
                self._problem((*path, name), message, is_key=True)

    def _published(self, block: Block, line: Line, number: _Number, path: Path) -> Published | None:
        differs = _named(line.differs, number)
        cannot = _named(line.cannot_check, number)
        if differs and cannot:
            self._problem(path, f"{line.what!r} may differ or be beyond checking, not both")
        result = _result_id(block, line, number)
        if result is None and not cannot:
            self._problem(
                path, f"{line.what!r} needs the id of a result, or cannot_check with the reason"
            )
            return None
        if result is not None and not ID.fullmatch(result):
            self._problem(
                (*path, "result"), f"must name a result, such as orr/all/lower; got {result!r}"
            )
            return None
        expect = "differs" if differs else "cannot check" if cannot else "reproduced"
        reasons = differs or cannot or _named(line.note, number)
        return Published(
            _entry_id(block, line, number),
            _meaning(line, number),
            _where(block, line, number),
            number.printed,
            result,
            expect,
            " ".join(reasons) or None,
            line.unit or block.unit,
            line.what,
            number.column,
            number.form,
            block.note,
        )

    def _stands_once(self, published: Published, number: _Number, path: Path) -> bool:
        here = (*path, "printed", number.column) if number.column else (*path, "printed")
        place = self.document.place(here)
        if first := self.places.get(published.id):
            again = f"{published.id!r} stands here again; first in line {first.line}"
            self._problem(here, f"{again}; give one of the rows an id of its own")
            return False
        self.places[published.id] = place
        if published.result is None:
            return True
        key = (published.result, published.printed)
        if first := self.seen.get(key):
            again = f"{published.printed!r} for {published.result} stands here again"
            self._problem(here, f"{again}; first in line {first.line}: name the place under 'also'")
            return False
        self.seen[key] = place
        return True

    def _problem(self, path: Path, message: str, *, is_key: bool = False) -> None:
        place = self.document.key_place(path) if is_key else self.document.place(path)
        self.findings.append(Finding("error", "expected", message, place))


def _unknown_column(name: str, block: Block) -> str:
    if not block.columns:
        return f"the block has no columns; got {name!r}"
    if not name:
        return f"must name a column: {', '.join(block.columns)}"
    hint = nearest(name, block.columns) or f"; allowed are {', '.join(block.columns)}"
    return f"{name!r} is no column of the block{hint}"


def _read_cell(cell: str, form: str) -> dict[str, str] | None:
    """Return the numbers of a cell by statistic; of a cell that is a dash, the first.

    >>> _read_cell("16 (53.33)", "{count} ({estimate})")
    {'count': '16', 'estimate': '53.33'}
    """
    statistics = _FIELD.findall(form)
    if cell in DASHES and statistics:
        return {statistics[0]: cell}
    literal = (re.escape(text) for text in _FIELD.sub("\0", form).split("\0"))
    found = re.fullmatch(r"(\S(?:.*?\S)?)".join(literal), cell)
    return dict(zip(statistics, found.groups(), strict=True)) if found else None


def _named(named: Mapping[str, T], number: _Number) -> list[T]:
    return [value for name, value in named.items() if name in number.names]


def _result_id(block: Block, line: Line, number: _Number) -> str | None:
    if line.result is None:
        return None
    column = block.columns.get(number.column)
    stem = line.result.replace("{group}", (column.group if column else None) or "{group}")
    return f"{stem}/{number.statistic}" if number.statistic else stem


def _entry_id(block: Block, line: Line, number: _Number) -> str:
    parts = (block.id, line.id or slug(line.what), slug(number.column), number.statistic)
    return "/".join(part for part in parts if part)


def _meaning(line: Line, number: _Number) -> str:
    text = f"{line.what}, {number.column}" if number.column else line.what
    if number.is_alone:
        return text
    last = number.statistic.rpartition("_")[2]
    return f"{text}: {_WORDS.get(last, number.statistic.replace('_', ' '))}"


def _where(block: Block, line: Line, number: _Number) -> str:
    also = [place for name, places in line.also.items() if name in number.names for place in places]
    return "; ".join([line.where or block.where, *also])
