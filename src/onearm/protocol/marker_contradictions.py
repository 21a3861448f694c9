"""What cannot be true of planned biomarkers: cuts, words, endpoints, names.

Takes a protocol, yields where and why. Knows no result of a marker.
"""

from __future__ import annotations

from collections.abc import Iterator

from onearm.errors import nearest
from onearm.protocol.document import Path
from onearm.protocol.endpoints import PROPORTIONS, TIMES
from onearm.protocol.model import Protocol

ENDPOINTS = (*PROPORTIONS[:3], *TIMES)


def marker_contradictions(protocol: Protocol) -> Iterator[tuple[Path, str]]:
    """Yield what does not go together in the biomarkers: where, and what is allowed."""
    groups = {group.id for group in protocol.subgroups}
    for position, marker in enumerate(protocol.biomarkers):
        path: Path = ("biomarkers", position)
        if marker.cut is not None and marker.kind != "continuous":
            yield (*path, "cut"), f"{marker.id} has a cut; only a continuous marker may"
        both = {one.casefold() for one in marker.positive} & {
            one.casefold() for one in marker.negative
        }
        if both:
            words = ", ".join(sorted(both))
            yield (*path, "positive"), f"{words} of {marker.id} is both positive and negative"
        for endpoint in marker.endpoints if marker.kind else ():
            if endpoint.casefold() not in ENDPOINTS:
                allowed = ", ".join(ENDPOINTS)
                message = f"a marker is set against one of {allowed}; got {endpoint!r}"
                yield (*path, "endpoints"), message + nearest(endpoint, ENDPOINTS)
        for level in ("positive", "negative", "high", "low"):
            if f"{marker.id}-{level}" in groups and marker.kind:
                yield path, f"{marker.id}-{level} is also the name of a subgroup"
