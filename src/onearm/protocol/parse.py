"""From a document with positions to a protocol, or to every problem in it at once.

Takes what a reader of files gives, returns the frozen model. Any value may be
written `{value: X, assumed: "why"}`: X goes into the model, the reason into its
assumptions. A problem says where it stands, what is allowed and what was found.
Opens no file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from onearm.errors import Finding, InputError
from onearm.protocol.contradictions import contradictions, rule_contradictions
from onearm.protocol.document import Document, Path, Position
from onearm.protocol.explain import explain
from onearm.protocol.model import Assumption, Protocol
from onearm.protocol.response import ResponseRules
from onearm.protocol.response_plan import ProfiledRules

T = TypeVar("T", bound=BaseModel)


def parse_protocol(document: Document) -> Protocol:
    """Read a protocol.

    Raises
    ------
    InputError
        With every problem of the document: unknown and missing keys, values
        that are not allowed, sections that contradict each other.
    """
    plain, assumptions, reader = _plain(document)
    protocol, problems = validate(Protocol, plain)
    problems = [p for p in problems if p.place is None or p.place.field not in reader.broken]
    findings = [*document.findings, *reader.findings, *problems]
    if protocol is None:
        protocol = _sound_sections(plain, problems)
    findings += [
        Finding("error", "contradiction", message, plain.place(path))
        for path, message in contradictions(protocol)
    ]
    if findings:
        raise InputError(sorted(findings, key=by_position))
    return protocol.assuming(tuple(assumptions))


def parse_rules(document: Document) -> ResponseRules:
    """Read a rules file: options of ``ResponseRules``, and optionally `profile`."""
    rules, findings = validate(ProfiledRules, document)
    findings = [*document.findings, *findings]
    findings += [
        Finding("error", "contradiction", message, document.place((option,)))
        for option, message in (rule_contradictions(rules) if rules else ())
    ]
    if findings or rules is None:
        raise InputError(sorted(findings, key=by_position))
    return rules.rules


def validate(model: type[T], document: Document) -> tuple[T | None, list[Finding]]:
    """Return a document as a model, or None and every problem."""
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        return None, explain(model, document, error)


def by_position(finding: Finding) -> tuple[int, int]:
    """Return line and column, to put findings in the order of the file."""
    place = finding.place
    return (place.line or 0, place.column or 0) if place else (0, 0)


def _sound_sections(document: Document, problems: list[Finding]) -> Protocol:
    """Return a protocol of the sections without a problem, to look for contradictions in them."""
    sound: dict[str, Any] = {}
    data = document.data if isinstance(document.data, dict) else {}
    for name, section in Protocol.model_fields.items():
        if name not in data:
            if not section.is_required():
                sound[name] = section.get_default()
            continue
        try:
            sound[name] = TypeAdapter(section.rebuild_annotation()).validate_python(data[name])
        except ValidationError:
            continue
    return Protocol.model_construct(**sound)


def _plain(document: Document) -> tuple[Document, list[Assumption], _Assumed]:
    """Put `X` where `{value: X, assumed: why}` stands; positions move with it."""
    reader = _Assumed(document)
    data = reader.read(document.data, (), ())
    plain = replace(document, data=data, values=reader.values, keys=reader.keys)
    assumptions = [
        Assumption(plain.name(path), _words(value), reason, plain.place(path))
        for path, value, reason in reader.assumed
    ]
    return plain, assumptions, reader


class _Assumed:
    """Walks a document once; ``here`` is the path in the file, ``path`` that in the model."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.values: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        self.assumed: list[tuple[Path, object, str]] = []
        self.findings: list[Finding] = []
        self.broken: set[str] = set()

    def read(self, found: object, here: Path, path: Path) -> object:
        if here in self.document.keys:
            self.keys.setdefault(path, self.document.keys[here])
        if isinstance(found, dict) and "assumed" in found:
            return self._assumption(found, here, path)
        self.values[path] = self.document.values[here]
        if isinstance(found, dict):
            return {k: self.read(v, (*here, k), (*path, k)) for k, v in found.items()}
        if isinstance(found, list):
            return [self.read(v, (*here, i), (*path, i)) for i, v in enumerate(found)]
        return found

    def _assumption(self, found: Mapping[str, object], here: Path, path: Path) -> object:
        reason = found["assumed"]
        if not isinstance(reason, str) or not reason.strip():
            self._problem((*here, "assumed"), "must say why the value is assumed")
        for key in found:
            if key not in {"value", "assumed"}:
                self._problem((*here, key), f"'value' and 'assumed' stand alone; got {key!r}")
        if "value" not in found:
            self._problem((*here, "assumed"), "needs the value beside it, under 'value'")
            self.values[path] = self.document.values[here]
            self.broken.add(self.document.name(path))
            return None
        value = self.read(found["value"], (*here, "value"), path)
        self.assumed.append((path, value, str(reason)))
        return value

    def _problem(self, path: Path, message: str) -> None:
        place = self.document.key_place(path)
        text = f"{self.document.name(path[:-1])} {message}"
        self.findings.append(Finding("error", "assumed", text, place))


def _words(value: object) -> str:
    """Return a value as a reader would write it."""
    if isinstance(value, dict):
        name = value.get("label") or value.get("id") or value.get("value")
        if isinstance(name, str):
            return name
        return ", ".join(f"{key} {_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "; ".join(_words(inner) for inner in value)
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return str(value) if isinstance(value, str | int | Decimal | dt.date) else repr(value)
