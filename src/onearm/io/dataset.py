"""One named table with typed columns, as regulatory formats carry it.

A ``Dataset`` is what ``io.xpt``, ``io.dataset_json`` and ``io.parquet`` write
and give back. Values are held column by column; nothing is ``None``. Knows no
format, no domain and no rule.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from onearm.errors import Finding, InputError, Place

Kind = Literal["text", "integer", "float", "date", "datetime"]
Value = str | int | float | dt.date | dt.datetime | None

MADE = dt.datetime.fromisoformat("1960-01-01T00:00:00")
"""The time stamp of a written file unless the caller gives one: the same inputs, the same bytes."""

MOST_CELLS = 200_000_000
"""Values that a table may hold when it is read: a few bytes can claim to be billions."""

NAME = re.compile(r"[A-Z][A-Z0-9_]{0,7}")
TEXT_BYTES, LABEL_CHARACTERS = 200, 40
MOST_LISTED = 100
_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "integer": int,
    "float": (int, float),
    "date": dt.date,
    "datetime": dt.datetime,
}


@dataclass(frozen=True, slots=True)
class Variable:
    """One column: what it is called and what it holds.

    ``length`` is the planned number of characters of a text; ``key`` the place
    in the natural key, from 1.
    """

    name: str
    label: str = ""
    kind: Kind = "text"
    length: int | None = None
    key: int | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table: as many ``columns`` as ``variables``, all of one length.

    Examples
    --------
    >>> variables = Variable("USUBJID"), Variable("AGE", kind="integer")
    >>> dm = Dataset.of("DM", "Demographics", variables, [("S01", 54), ("S02", None)])
    >>> dm.column("AGE"), len(dm)
    ((54, None), 2)
    """

    name: str
    label: str
    variables: tuple[Variable, ...]
    columns: tuple[Sequence[Value], ...]

    @classmethod
    def of(
        cls, name: str, label: str, variables: Iterable[Variable], rows: Iterable[Sequence[Value]]
    ) -> Dataset:
        """Return the table of these rows."""
        variables = tuple(variables)
        columns = tuple(zip(*rows, strict=True)) or tuple(() for _ in variables)
        return cls(name, label, variables, columns)

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the variables, in order."""
        return tuple(variable.name for variable in self.variables)

    def column(self, name: str) -> Sequence[Value]:
        """Return the values of one variable."""
        return self.columns[self.names.index(name)]

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """Yield the rows, in order."""
        return zip(*self.columns, strict=True)


def refuse(path: Path | str, code: str, message: str, line: int | None = None) -> InputError:
    """Return the error that says why a file is not read or written."""
    return InputError([Finding("error", code, message, Place(str(path), line))])


def needs_extra(what: str) -> InputError:
    """Return the error for a format whose library is not installed."""
    return InputError(f"{what} needs the extra cdisc; pip install 'onearm[cdisc]' brings it")


def check_size(path: Path | str, rows: int, variables: int) -> None:
    """Refuse a table that claims to hold more than any study does."""
    if rows < 0 or rows * max(variables, 1) > MOST_CELLS:
        message = f"claims {rows} rows of {variables} variables, more than {MOST_CELLS} values"
        raise refuse(path, "too-large", message)


def check_values(dataset: Dataset) -> Iterator[Finding]:
    """Yield each value that is not of its variable's kind, and each number that is none."""
    for variable, column in zip(dataset.variables, dataset.columns, strict=True):
        wanted = _TYPES[variable.kind]
        for row, value in enumerate(column, 1):
            if value is None:
                continue
            is_other = not isinstance(value, wanted) or isinstance(value, bool)
            if is_other or (variable.kind == "date" and isinstance(value, dt.datetime)):
                yield _at(dataset, row, variable, f"must be {variable.kind}; got {value!r}")
            elif isinstance(value, float) and not math.isfinite(value):
                yield _at(dataset, row, variable, f"must be a finite number; got {value}")


def check_transport(dataset: Dataset) -> Iterator[Finding]:
    """Yield what version 5 of the SAS transport format cannot hold.

    Names of at most 8 capitals, digits and underscores; labels of at most 40
    characters; texts of at most 200 bytes; ASCII throughout.
    """
    yield from _check_names(dataset)
    yield from check_values(dataset)
    for variable, column in zip(dataset.variables, dataset.columns, strict=True):
        if variable.kind != "text":
            continue
        problems = {text: _text_problem(text) for text in set(column)}  # a text is judged once
        if any(problems.values()):
            for row, text in enumerate(column, 1):
                if problem := problems[text]:
                    yield _at(dataset, row, variable, problem)
    if len(dataset) and all(value in (None, "") for value in _last_row(dataset)):
        message = "an empty last row cannot be told from the end of the file; leave it out"
        yield Finding("error", "empty-row", message, Place(dataset.name, len(dataset)))


def checked(findings: Iterable[Finding]) -> None:
    """Raise the errors among the findings, up to the number that is listed."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if len(errors) > MOST_LISTED:
        more = Finding(
            "error", "more-errors", f"{len(errors) - MOST_LISTED} more errors not listed"
        )
        errors = [*errors[:MOST_LISTED], more]
    if errors:
        raise InputError(errors)


def _check_names(dataset: Dataset) -> Iterator[Finding]:
    names = dataset.names
    labels = [(None, dataset.label), *((v.name, v.label) for v in dataset.variables)]
    for field, name in chain([(None, dataset.name)], ((name, name) for name in names)):
        if not NAME.fullmatch(name):
            message = "a name must have 1 to 8 characters of A-Z, 0-9 and _, a letter first"
            place = Place(dataset.name, field=field)
            yield Finding("error", "transport-name", f"{message}; got {name!r}", place)
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        place = Place(dataset.name, field=name)
        yield Finding("error", "transport-name", f"variable {name} stands twice", place)
    for field, label in labels:
        if len(label) > LABEL_CHARACTERS or not label.isascii() or not label.isprintable():
            message = (
                f"a label must have at most {LABEL_CHARACTERS} ASCII characters; got {label!r}"
            )
            yield Finding("error", "transport-label", message, Place(dataset.name, field=field))


def _text_problem(value: Value) -> str | None:
    text = "" if value is None else str(value)
    if "\0" in text:
        return f"holds a NUL character: {text!r}; remove it"
    if not text.isascii():
        strange = next(character for character in text if not character.isascii())
        return (
            f"holds {strange!r}, which is not ASCII: {text!r}; write it in ASCII, "
            "or export as dataset-json or parquet"
        )
    if len(text) > TEXT_BYTES:
        return (
            f"has {len(text)} bytes, more than {TEXT_BYTES}; shorten it, move the rest to a "
            "supplemental data set, or export as dataset-json or parquet"
        )
    return None


def _at(dataset: Dataset, row: int, variable: Variable, problem: str) -> Finding:
    place = Place(dataset.name, row, None, variable.name)
    return Finding("error", "transport-value", f"{variable.name} {problem}", place)


def _last_row(dataset: Dataset) -> list[Value]:
    return [column[-1] for column in dataset.columns]
