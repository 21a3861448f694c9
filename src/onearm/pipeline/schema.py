"""``onearm schema``: the JSON Schema of protocol.yaml, for editors and other programs.

Made from the model of the protocol, so that it cannot fall behind. Every value
may also be written `{value: X, assumed: "why"}`; the schema accepts both.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from onearm.protocol.model import FORMAT_VERSION, Protocol

ABOUT = ("description", "default")
ASSUMED: dict[str, Any] = {
    "type": "object",
    "description": "A value that the source does not give, and why it is as it is",
    "properties": {"value": {}, "assumed": {"type": "string", "minLength": 1}},
    "required": ["value", "assumed"],
    "additionalProperties": False,
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class SchemaAnswer:
    """A JSON Schema."""

    schema: dict[str, Any]

    def as_text(self) -> str:
        """Return the schema, indented."""
        return json.dumps(self.schema, ensure_ascii=False, indent=2)

    def as_json(self) -> dict[str, Any]:
        """Return the schema."""
        return self.schema


def protocol_schema() -> SchemaAnswer:
    """Return the JSON Schema (draft 2020-12) of a protocol file."""
    schema = Protocol.model_json_schema(by_alias=True, mode="validation")
    definitions = schema.pop("$defs")
    for part in [schema, *definitions.values()]:
        _allow_assumed(part)
    return SchemaAnswer(
        {
            "$schema": DIALECT,
            "title": f"onearm protocol, format {FORMAT_VERSION}",
            "description": "What a single-arm phase II trial planned.",
            "type": "object",
            "properties": schema["properties"],
            "required": schema["required"],
            "additionalProperties": False,
            "$defs": {**definitions, "Assumed": ASSUMED},
        }
    )


def _allow_assumed(part: dict[str, Any]) -> None:
    """Let each property of a part, and each item of its lists, also be assumed."""
    for inner in part.get("anyOf", []):
        _allow_assumed(inner)
    properties = part.get("properties", {})
    for name in properties.keys() - {"protocol"}:
        value = {key: inner for key, inner in properties[name].items() if key != "title"}
        if isinstance(value.get("items"), dict):
            value = {**value, "items": _or_assumed(value["items"])}
        properties[name] = _or_assumed(value)


def _or_assumed(value: dict[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {key: value[key] for key in ABOUT if key in value}
    plain = {key: inner for key, inner in value.items() if key not in ABOUT}
    assumed = {"$ref": "#/$defs/Assumed", "properties": {"value": plain}}
    return {**about, "anyOf": [plain, assumed]}
