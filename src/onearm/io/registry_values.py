"""Values of a draft protocol: what is given, what is unknown, what was read from prose.

A value that the record does not give, and the file needs, is ``{value: X, assumed: why}``.
"""

from __future__ import annotations

from collections.abc import Mapping

from onearm.io.json_fields import JsonField
from onearm.io.registry_prose import Found

Values = dict[str, object]
UNKNOWN = "unknown: "
READ_FROM = "read from the text, to be confirmed: "


def unknown(value: object, why: str) -> Values:
    """Return a placeholder for what the record does not give."""
    return {"value": value, "assumed": f"{UNKNOWN}{why}; a placeholder"}


def read_from(found: Found, placeholder: object, lacking: str) -> Values:
    """Return what prose says, with its words; else a placeholder and why."""
    if found.value is not None:
        value: object = int(found.value) if found.value.isdigit() else found.value
        return {"value": value, "assumed": f"{READ_FROM}{found.words!r}"}
    return unknown(placeholder, f"{lacking}; {found.words}" if found.words else lacking)


def value_of(given: object) -> object:
    """Return a value, whether it is assumed or not."""
    return given["value"] if isinstance(given, dict) else given


def words_of(value: JsonField) -> str | None:
    """Return a code of the registry in words."""
    text = value.text()
    return text.replace("_", " ").lower() if text else None


def filled(values: Mapping[str, object]) -> Values:
    """Return the values that are given: no None, no empty list, mapping or text."""
    return {key: value for key, value in values.items() if value not in (None, [], {}, "")}
