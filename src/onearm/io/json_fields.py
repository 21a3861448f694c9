"""A JSON file of others, read field by field: each value knows the path that leads to it.

Takes a file, gives its root as a ``JsonField``; a value of the wrong type is an
error that names the file and the path. Knows no standard.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from onearm.errors import Finding, InputError, Place

MOST_BYTES = 50_000_000
MOST = 1_000_000_000
DEEPEST = 60
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class JsonField:
    """A value of a JSON file, or its absence, and where it stands.

    An absent field, ``null`` and a text of blanks are the same: not given.
    """

    file: str
    path: str
    value: object

    @property
    def is_given(self) -> bool:
        """Whether the file holds something here."""
        return self.value is not None and (
            not isinstance(self.value, str) or bool(self.value.strip())
        )

    def __getitem__(self, key: str) -> JsonField:
        """Return a field of an object; one of an absent object is absent."""
        inside = self.value if self.value is not None else {}
        if not isinstance(inside, dict):
            self.refuse("must be an object")
        return JsonField(self.file, f"{self.path}.{key}" if self.path else key, inside.get(key))

    def items(self) -> list[JsonField]:
        """Return the items of a list, none where it is absent."""
        inside = self.value if self.value is not None else []
        if not isinstance(inside, list):
            self.refuse("must be a list")
        return [
            JsonField(self.file, f"{self.path}[{place}]", item) for place, item in enumerate(inside)
        ]

    def text(self) -> str | None:
        """Return a text without the blanks around it, None where none is given."""
        if not self.is_given:
            return None
        if not isinstance(self.value, str):
            self.refuse("must be a text")
        return self.value.strip()

    def count(self) -> int | None:
        """Return a whole number from 0 to ``MOST``, None where none is given."""
        if not self.is_given:
            return None
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 0:
            self.refuse("must be a whole number")
        if self.value > MOST:
            self.refuse(f"must be at most {MOST}")
        return self.value

    def number(self) -> str | None:
        """Return a number as it is printed: a text, or a whole number; None where none is given."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return str(self.value)
        return self.text()

    def flag(self) -> bool | None:
        """Return true or false, None where neither is given."""
        if self.value is None:
            return None
        if not isinstance(self.value, bool):
            self.refuse("must be true or false")
        return self.value

    def refuse(self, rule: str) -> NoReturn:
        """Raise that this field breaks a rule, with what was found."""
        if self.value is None:
            found = "nothing"
        elif isinstance(self.value, dict | list):
            found = "an object" if isinstance(self.value, dict) else "a list"
        else:
            found = json.dumps(self.value, ensure_ascii=False)
            found = found if len(found) <= _SHOWN else found[:_SHOWN] + " ..."
        stop(self.file, f"{self.path or 'the file'} {rule}; got {found}", self.path or None)


def stop(file: str, message: str, field: str | None = None) -> NoReturn:
    """Raise one line about a file."""
    raise InputError([Finding("error", "json", message, Place(file, field=field))])


def read_json(path: Path) -> JsonField:
    """Read a JSON file that holds one object.

    Raises
    ------
    InputError
        If the file is missing, larger than ``MOST_BYTES``, not UTF-8, cut, no
        JSON, nested deeper than ``DEEPEST``, or holds a key twice: one line.
    """
    name = path.name
    try:
        if path.stat().st_size > MOST_BYTES:
            stop(name, f"must be at most {MOST_BYTES} bytes; got {path.stat().st_size}")
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: must be a JSON file; got a folder") from None
    except UnicodeDecodeError as error:
        stop(name, f"must be encoded in UTF-8; byte {error.start} is not")
    try:
        found = json.loads(text, object_pairs_hook=_object(name), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = Place(name, error.lineno, error.colno)
        message = f"is not valid JSON or was cut: {error.msg}"
        raise InputError([Finding("error", "json", message, where)]) from None
    except ValueError as error:
        stop(name, f"is not valid JSON: {error}")
    except RecursionError:
        stop(name, f"may be nested {DEEPEST} deep at most")
    root = JsonField(name, "", found)
    if not isinstance(found, dict):
        root.refuse("must hold one object")
    _check(root, 1)
    return root


def _object(file: str) -> Callable[[list[tuple[str, object]]], dict[str, object]]:
    def make(pairs: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            stop(file, f"holds the key {twice!r} twice in one object")
        return made

    return make


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _check(field: JsonField, depth: int) -> None:
    """Refuse deep nesting, and texts that cannot be written as UTF-8."""
    if depth > DEEPEST:
        stop(field.file, f"{field.path[:_SHOWN]} ... may be nested {DEEPEST} deep at most")
    if isinstance(field.value, dict):
        for key, value in field.value.items():
            _check(JsonField(field.file, f"{field.path}.{key}" if field.path else key, value),
                   depth + 1)  # fmt: skip
    elif isinstance(field.value, list):
        for item in field.items():
            _check(item, depth + 1)
    elif isinstance(field.value, str) and any("\ud800" <= c <= "\udfff" for c in field.value):
        stop(field.file, f"{field.path} holds half of a character (a lone surrogate)", field.path)
