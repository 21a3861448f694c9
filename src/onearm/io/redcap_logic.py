"""REDCap's branching logic: whether a field is shown, given the values of others.

Reads comparisons of fields with texts, numbers and each other, joined by ``and``,
``or`` and parentheses: ``[related] = '1' and ([grade] >= 3 or [why(2)] = '1')``.
Functions, smart variables and arithmetic are not read; what uses them is not judged.
Two numbers are compared as numbers, else ``=`` and ``<>`` compare texts and the order
of two texts is that of their letters; an empty one is in no order. Knows no file.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

Lookup = Callable[[str, str | None, str | None], str]
"""The stored text of a field, of one of its boxes, in this event or a named one."""

Logic = Callable[[Lookup], bool]
_Operand = Callable[[Lookup], str]

_TOKEN = re.compile(
    r"""\s*(?:
        (?:\[(?P<event>[a-z0-9_]+)\])?\[(?P<field>[a-z][a-z0-9_]*)(?:\((?P<box>[^()\[\]]+)\))?\]
        | '(?P<single>[^']*)' | "(?P<double>[^"]*)" | (?P<number>-?[0-9]+(?:\.[0-9]+)?)
        | (?P<compare><>|!=|<=|>=|=|<|>) | (?P<word>\band\b|\bor\b) | (?P<paren>[()])
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_TEXTS = ("single", "double", "number")
_NUMBER = re.compile(r"\s*[+-]?[0-9]+(\.[0-9]+)?\s*")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class _UnreadError(ValueError):
    """Something that this reader does not know."""


@cache
def parse_logic(text: str) -> Logic | None:
    """Return the logic as a function; None if it holds more than comparisons.

    >>> shown = parse_logic("[related] = '1' and [grade] >= 3")
    >>> shown(lambda field, box, event: {"related": "1", "grade": "4"}[field])
    True
    """
    try:
        reader = _Reader(text)
        found = reader.any_of()
        if reader.here is not None:
            return None
    except _UnreadError:
        return None
    return found


class _Reader:
    """Reads a logic from left to right; ``here`` is the token that comes next."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.end = 0
        self.here: re.Match[str] | None = None
        self.move()

    def move(self) -> None:
        if self.end >= len(self.text):
            self.here = None
            return
        self.here = _TOKEN.match(self.text, self.end)
        if self.here is None:
            raise _UnreadError
        self.end = self.here.end()

    def takes(self, group: str, text: str) -> bool:
        if self.here is None or (self.here[group] or "").lower() != text:
            return False
        self.move()
        return True

    def any_of(self) -> Logic:
        parts = [self.all_of()]
        while self.takes("word", "or"):
            parts.append(self.all_of())
        return lambda lookup: any(part(lookup) for part in parts)

    def all_of(self) -> Logic:
        parts = [self.one()]
        while self.takes("word", "and"):
            parts.append(self.one())
        return lambda lookup: all(part(lookup) for part in parts)

    def one(self) -> Logic:
        if self.takes("paren", "("):
            found = self.any_of()
            if not self.takes("paren", ")"):
                raise _UnreadError
            return found
        left = self.operand()
        sign = self.here["compare"] if self.here else None
        if sign is None:
            raise _UnreadError
        self.move()
        right = self.operand()
        return lambda lookup: _compare(sign, left(lookup), right(lookup))

    def operand(self) -> _Operand:
        token = self.here
        if token is None:
            raise _UnreadError
        if name := token["field"]:
            box, event = token["box"], token["event"]
            self.move()
            return lambda lookup: lookup(name.lower(), box, event)
        text = next((token[kind] for kind in _TEXTS if token[kind] is not None), None)
        if text is None:
            raise _UnreadError
        self.move()
        return lambda lookup: text


def _compare(sign: str, left: str, right: str) -> bool:
    if _NUMBER.fullmatch(left) and _NUMBER.fullmatch(right):
        return _COMPARE[sign](Decimal(left), Decimal(right))
    if sign not in ("=", "<>", "!=") and not (left and right):
        return False
    return _COMPARE[sign](left, right)
