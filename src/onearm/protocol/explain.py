"""Validation errors in plain sentences: where, what is allowed, what was found.

Takes what pydantic reports of a document, gives one finding for each problem.
Knows no section of the protocol: names and codes come from the models.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from onearm.errors import Finding, nearest
from onearm.protocol.document import Document, Path

_ALLOWED = {
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "is_instance_of": "must be a number",
    "decimal_max_places": "must have at most {decimal_places} decimals",
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the point",
    "finite_number": "must be a number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "too_short": "must not be empty",
    "model_type": "must hold keys with values",
    "model_attributes_type": "must hold keys with values",
    "dict_type": "must hold keys with values",
    "literal_error": "must be {expected}",
    "union_tag_invalid": "must be {expected_tags}",
}
_PATTERNS = {
    r"^[a-z0-9]+([_-][a-z0-9]+)*$": (
        "must be lower-case letters and digits, with single hyphens or underscores between"
    ),
    r"^[IE]\d{2}[a-z]?$": "must be I or E, two digits and perhaps a letter, such as I09a",
}


def explain(model: type[BaseModel], document: Document, error: ValidationError) -> list[Finding]:
    """Return one finding for each problem that pydantic found in the document."""
    problems = [dict(problem) for problem in error.errors()]
    return [_finding(model, document, p) for p in problems if not _is_echo(document, p)]


def _is_echo(document: Document, problem: dict[str, Any]) -> bool:
    """Return whether a list is called too short only because its items were not allowed."""
    found = document.at(_path(document, problem["loc"], problem["type"]))
    return problem["type"] == "too_short" and isinstance(found, list | dict) and bool(found)


def _finding(model: type[BaseModel], document: Document, problem: dict[str, Any]) -> Finding:
    kind, context = problem["type"], problem.get("ctx", {})
    path = _path(document, problem["loc"], kind)
    if kind == "extra_forbidden":
        place = document.key_place(path)
        return Finding("error", "unknown-key", _unknown_key(model, document, path), place)
    if kind == "union_tag_not_found":
        kind, path = "missing", (*path, "kind")
    if kind == "missing":
        meaning = _meaning(model, document, path)
        return Finding(
            "error",
            "missing-key",
            f"{document.name(path)} is missing{meaning}",
            document.place(path),
        )
    if kind == "union_tag_invalid":
        path, problem["input"] = (*path, "kind"), context["tag"]
    allowed = _allowed(problem)
    has_found = "; got " in allowed  # a rule over several keys says itself what it found
    found = "" if has_found else f"; got {found_text(problem['input'])}"
    message = f"{document.name(path)} {allowed}{found}"
    codes = re.findall(r"'([^']*)'", str(context.get("expected") or context.get("expected_tags")))
    if codes and isinstance(problem["input"], str):
        message += nearest(problem["input"], codes)
    return Finding("error", "not-allowed", message, document.place(path))


def _allowed(problem: dict[str, Any]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"must match {context['pattern']}")
    sentence = _ALLOWED.get(kind)
    if sentence is None:
        return f"is not allowed ({problem['msg']})"
    if kind == "string_type" and isinstance(problem["input"], int | Decimal):
        sentence += " (put it in quotes)"
    return sentence.format(**context)


def found_text(found: object) -> str:
    """Return what was found as it stood, as far as it is short.

    >>> found_text("3o"), found_text(None), found_text(True), found_text([1])
    ("'3o'", 'nothing', 'true', 'a list')
    """
    if isinstance(found, dict | list | tuple):
        return "keys with values" if isinstance(found, dict) else "a list"
    if found is None:
        return "nothing"
    if isinstance(found, bool):
        return "true" if found else "false"
    text = repr(found) if isinstance(found, str) else str(found)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _path(document: Document, steps: tuple[str | int, ...], kind: str) -> Path:
    """Return the path in the document; pydantic adds the kind of a union to it."""
    path: Path = ()
    for depth, step in enumerate(steps):
        value = document.at(path)
        is_key = isinstance(value, dict) and step in value
        is_item = isinstance(value, list) and isinstance(step, int)
        if is_key or is_item or (kind == "missing" and depth == len(steps) - 1):
            path = (*path, step)
    return path


def _unknown_key(model: type[BaseModel], document: Document, path: Path) -> str:
    keys = [key for part in _models(model, document, path[:-1]) for key in _keys(part)]
    hint = nearest(str(path[-1]), keys) or f"; allowed are {', '.join(keys)}"
    where = document.name(path[:-1])
    return f"{path[-1]!r} is not a key{f' of {where}' if where else ''}{hint}"


def _meaning(model: type[BaseModel], document: Document, path: Path) -> str:
    for part in _models(model, document, path[:-1]):
        for key, name in _keys(part).items():
            if key == path[-1] and (meaning := part.model_fields[name].description):
                return f": {meaning[0].lower()}{meaning[1:]}"
    return ""


def _keys(model: type[BaseModel]) -> dict[str, str]:
    """Return the keys of a part of the file, each with its field."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def _models(model: type[BaseModel], document: Document, path: Path) -> list[type[BaseModel]]:
    """Return the models that may stand at a path; `kind` decides between several."""
    models = [model]
    for depth, step in enumerate(path):
        if isinstance(step, int):
            continue
        names = [(part, _keys(part).get(step)) for part in models]
        models = [
            inner
            for part, name in names
            if name
            for inner in _inner(part.model_fields[name].annotation)
        ]
        value = document.at(path[: depth + 1])
        if len(models) > 1 and isinstance(value, dict):
            kind = value.get("kind")
            models = [m for m in models if kind in get_args(m.model_fields["kind"].annotation)]
    return models


def _inner(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _inner(argument)]
