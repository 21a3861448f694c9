"""The mapping file of an SDTM folder: a sponsor's names and codes, and the standard ones.

``sdtm.yaml`` beside the data::

    variables:
      TR: {TRLNKID: TRREFID}        # standard variable: the sponsor's
    codes:
      TRTESTCD: {SAXIS: LPERP}      # variable: {the sponsor's code: the standard one}
      TREVALID: {"IRC A": READER 1}

Values are translated when a row is read, before anything else looks at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onearm.errors import Finding, InputError, nearest
from onearm.io.yaml import read_yaml

KEYS = ("variables", "codes")


@dataclass(frozen=True, slots=True)
class Translation:
    """What a sponsor calls otherwise; both maps may be empty."""

    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def translate(self, values: dict[str, str], domain: str) -> dict[str, str]:
        """Return the values of a row under standard names and codes."""
        for standard, theirs in self.variables.get(domain, {}).items():
            if theirs in values:
                values[standard] = values.pop(theirs)
        for variable, codes in self.codes.items():
            if variable in values:
                values[variable] = codes.get(values[variable], values[variable])
        return values


AS_IT_STANDS = Translation()


def read_mapping(path: Path) -> Translation:
    """Read a mapping file.

    Raises
    ------
    InputError
        If it is no YAML, or holds anything but texts under ``variables`` and
        ``codes``.
    """
    document = read_yaml(path)
    content: Any = document.data
    if document.findings:
        raise InputError(document.findings)
    for key in content:
        if key not in KEYS:
            message = f"must be one of {', '.join(KEYS)}; got {key!r}{nearest(str(key), KEYS)}"
            raise InputError([Finding("error", "mapping", message, document.place((key,)))])
        for name, pairs in _mapping(document, (key,)).items():
            for ours, theirs in _mapping(document, (key, name)).items():
                if isinstance(theirs, dict | list | bool) or theirs is None:
                    place = document.place((key, name, ours))
                    message = f"must be a text; got {theirs!r}"
                    raise InputError([Finding("error", "mapping", message, place)])
            content[key][name] = {str(a): str(b) for a, b in pairs.items()}
    return Translation(content.get("variables") or {}, content.get("codes") or {})


def _mapping(document: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
    found = document.at(path)
    if not isinstance(found, dict):
        message = f"must be a mapping; got {found!r}"
        raise InputError([Finding("error", "mapping", message, document.place(path))])
    return found
