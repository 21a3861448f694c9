"""YAML files, read so that every value knows its line and column.

Reads YAML 1.2: `yes` and `2019-01-01` are text, numbers with a point or an
exponent are exact decimals. A duplicate key is a finding. Anchors, aliases and
tags are not read: a protocol says what it means where it says it. Builds from
the parser's events, without composing nodes, because that takes half the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from onearm.errors import Finding, InputError, Place
from onearm.protocol.document import Document, Path, Position

DEEPEST = 40
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def read_yaml(path: FilePath) -> Document:
    """Read a YAML file that holds one mapping.

    Raises
    ------
    InputError
        If the file is missing, empty, not UTF-8, not YAML, or no mapping: one
        line with the place.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: must be a YAML file; got a folder") from None
    return parse_yaml(_decode(content, path.name), path.name)


@lru_cache(maxsize=16)  # a study is analysed again and again with the same protocol
def parse_yaml(text: str, file: str) -> Document:
    """Read the text of a YAML file; ``file`` is its name in messages.

    The same text gives the same document, which nobody may change.
    """
    builder = _Builder(file, text)
    try:
        for event in _events(text):
            builder.take(event)
    except ReaderError as error:
        line, column = _line_and_column(text, error.position)
        found: Any = error.character  # text or a number, by version of ruamel.yaml
        character = f"U+{found if isinstance(found, int) else ord(found):04X}"
        raise _stop(file, line, column, f"{character} may not stand in YAML") from None
    except MarkedYAMLError as error:
        raise _syntax_error(text, file, error) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise _stop(file, 1, 1, f"is not valid YAML: {error}") from None
    return builder.document()


def _events(text: str) -> Iterator[Any]:
    # With the C parser of ruamel.yaml columns count bytes; the pure one is fast enough.
    yield from YAML(typ="safe", pure=True).parse(text)


def _stop(file: str, line: int, column: int, message: str) -> InputError:
    return InputError([Finding("error", "yaml", message, Place(file, line, column))])


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise _stop(
            file,
            line,
            column,
            f"must be encoded in UTF-8; got the byte 0x{content[error.start]:02X}",
        ) from None


def _line_and_column(text: str, position: int) -> Position:
    before = text[:position]
    return before.count("\n") + 1, position - before.rfind("\n")


def _syntax_error(text: str, file: str, error: MarkedYAMLError) -> InputError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    lines = text.splitlines()
    found = lines[line - 1] if line <= len(lines) else ""
    indentation = found[: len(found) - len(found.lstrip())]
    if "\t" in indentation:
        return _stop(
            file, line, indentation.index("\t") + 1, "must be indented with spaces; got a tab"
        )
    problem = " ".join(str(error.problem or error.context).split())
    return _stop(file, line, column, f"is not valid YAML: {problem}")


def _scalar(event: Any) -> object:
    """Return the value of a scalar; only a plain one can be a number, true, false or null."""
    text: str = event.value
    if event.style is not None and event.style != "":
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 19 else Decimal(text)
    return Decimal(text) if _NUMBER.fullmatch(text) else text


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end was not read yet."""

    path: Path
    items: dict[str, object] | list[object]
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    """Turns the parser's events into values and positions."""

    file: str
    text: str = ""
    values: dict[Path, Position] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    root: object = None
    documents: int = 0

    def take(self, event: Any) -> None:
        """Take one event."""
        kind = type(event).__name__
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        if kind == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                raise _stop(self.file, line, column, "must hold one YAML document; got a second")
        elif kind == "AliasEvent" or getattr(event, "anchor", None):
            raise _stop(self.file, line, column, "anchors and aliases are not read; write it out")
        elif kind == "ScalarEvent":
            self._check_tag(event, line, column)
            self._scalar(event, (line, column))
        elif kind in {"MappingStartEvent", "SequenceStartEvent"}:
            self._check_tag(event, line, column)
            self._open({} if kind == "MappingStartEvent" else [], (line, column))
        elif kind in {"MappingEndEvent", "SequenceEndEvent"}:
            self.stack.pop()

    def _check_tag(self, event: Any, line: int, column: int) -> None:
        if event.tag is not None and not (event.tag == "!" and event.implicit):
            raise _stop(self.file, line, column, f"tags are not read; got {event.tag}")

    def _scalar(self, event: Any, position: Position) -> None:
        top = self.stack[-1] if self.stack else None
        if top and isinstance(top.items, dict) and top.key is None:
            self._key(top, str(event.value), position)
        else:
            is_empty = top is not None and top.key is not None and event.value == ""
            if top and is_empty and event.style is None:  # the parser puts it at the next thing
                position = self.keys[(*top.path, top.key or "")]
            self._add(_scalar(event), position)

    def _key(self, top: _Open, key: str, position: Position) -> None:
        path = (*top.path, key)
        if key in top.items:
            message = f"{key!r} stands here again; first in line {self.keys[path][0]}"
            self.findings.append(
                Finding("error", "duplicate-key", message, Place(self.file, *position))
            )
        else:
            self.keys[path] = position
        top.key = key

    def _add(self, value: object, position: Position) -> Path:
        """Put a value where it belongs and return its path; the first of two keys counts."""
        if not self.stack:
            path: Path = ()
            self.root = value
        elif isinstance((top := self.stack[-1]).items, list):
            path = (*top.path, len(top.items))
            top.items.append(value)
        else:
            if top.key is None:
                raise _stop(self.file, *position, "must have a text as key; got a list or mapping")
            path = (*top.path, top.key)
            top.items.setdefault(top.key, value)
            top.key = None
        self.values.setdefault(path, position)
        return path

    def _open(self, items: dict[str, object] | list[object], position: Position) -> None:
        if len(self.stack) >= DEEPEST:
            raise _stop(self.file, *position, f"may be nested {DEEPEST} deep at most")
        self.stack.append(_Open(self._add(items, position), items))

    def document(self) -> Document:
        """Return what was read."""
        if self.root is None:
            raise _stop(self.file, 1, 1, "must hold keys with values; the file is empty")
        if not isinstance(self.root, dict):
            found = "a list" if isinstance(self.root, list) else repr(str(self.root))
            raise _stop(self.file, 1, 1, f"must hold keys with values; got {found}")
        return Document(
            self.file, self.root, self.values, self.keys, tuple(self.findings), self.text
        )
