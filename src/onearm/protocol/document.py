"""A document that knows where each of its values stands, whatever its format.

Readers of files fill it, the protocol's parser reads it. A path is the keys
and list positions that lead to a value. Knows no file format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onearm.errors import Finding, Place

Path = tuple[str | int, ...]
Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """Values of a file with their positions, lines and columns from 1.

    ``data`` holds mappings, lists and scalars: text, int, Decimal, bool, None.
    ``findings`` are problems that the reader could read past, ``text`` is the
    file as it stands, to say where inside a value something is.
    """

    file: str
    data: object
    values: Mapping[Path, Position]
    keys: Mapping[Path, Position]
    findings: tuple[Finding, ...] = ()
    text: str = ""

    def place(self, path: Path) -> Place:
        """Return where the value at ``path`` stands, or the nearest thing around it."""
        known = path
        while known and known not in self.values:
            known = known[:-1]
        line, column = self.values.get(known, (1, 1))
        if known != path:  # the value is missing: the key of its mapping says where
            line, column = self.keys.get(known, (line, column))
        return Place(self.file, line, column, self.name(path))

    def place_inside(self, path: Path, at: int) -> Place:
        """Return where the character ``at`` (from 0) of the text at ``path`` stands.

        Folding a text over lines changes its blanks and nothing else, so the
        other characters are counted.
        """
        value, start = self.at(path), self.place(path)
        lines = self.text.split("\n")
        if not isinstance(value, str) or path not in self.values or not self.text:
            return start
        wanted = sum(not letter.isspace() for letter in value[:at])
        line, column = (start.line or 1) - 1, (start.column or 1) - 1
        mark = lines[line][column : column + 1]
        if mark in {">", "|"}:
            line, column = line + 1, 0
        elif mark in {"'", '"'}:
            column += 1
        while line < len(lines):
            rest = lines[line][column:]
            for offset, letter in enumerate(rest):
                if letter.isspace():
                    continue
                if wanted == 0:
                    return Place(self.file, line + 1, column + offset + 1, start.field)
                wanted -= 1
            if wanted == 0 and at >= len(value):  # behind the last character
                return Place(self.file, line + 1, column + len(rest.rstrip()) + 1, start.field)
            line, column = line + 1, 0
        return start

    def key_place(self, path: Path) -> Place:
        """Return where the key of ``path`` stands."""
        line, column = self.keys.get(path, self.place(path)[1:3])
        return Place(self.file, line, column, self.name(path))

    def at(self, path: Path) -> object:
        """Return the value at ``path``, or None."""
        value: Any = self.data
        for step in path:
            if isinstance(value, list) and isinstance(step, int):
                value = value[step] if step < len(value) else None
            else:
                value = value.get(step) if isinstance(value, dict) else None
        return value

    def name(self, path: Path) -> str:
        """Return the path as text; an item of a list goes by its id, name or number from 1."""
        text = ""
        for depth, step in enumerate(path):
            if isinstance(step, str):
                text += f".{step}" if text else step
                continue
            item = self.at(path[: depth + 1])
            names = [item.get("id"), item.get("name")] if isinstance(item, dict) else []
            text += f"[{next((n for n in names if isinstance(n, str) and n), step + 1)}]"
        return text
