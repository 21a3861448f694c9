"""How long the texts of a results section may be: what the registry would refuse.

Takes a record, names each text that is longer than its field takes; nothing is cut,
because only a person knows what may go. Of the limits in the registry's data element
definitions those stand here that were read there; the registry checks the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LIMITS = (
    (r"protocolSection\.identificationModule\.officialTitle", 600),
    (r"protocolSection\.identificationModule\.orgStudyIdInfo\.id", 30),
    (r".*outcomeMeasures\[\d+\]\.description", 999),
)


def too_long(found: object) -> Iterator[str]:
    """Yield each text of a record that is longer than its field takes: path, length, limit."""
    for path, text in _texts(found, ""):
        most = next((n for pattern, n in LIMITS if re.fullmatch(pattern, path)), None)
        if most is not None and len(text) > most:
            place = path.removeprefix("resultsSection.")
            yield f"{place} has {len(text)} characters, the registry takes {most}: shorten it"


def _texts(found: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(found, str):
        yield path, found
    elif isinstance(found, dict):
        for key, inner in found.items():
            yield from _texts(inner, f"{path}.{key}" if path else key)
    elif isinstance(found, list):
        for place, inner in enumerate(found):
            yield from _texts(inner, f"{path}[{place}]")
