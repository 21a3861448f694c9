"""Adverse events of a registry record: deaths, serious events, others above the threshold.

Takes a protocol and its results, which hold the treatment-emergent events parted by
seriousness and by term. Computes nothing: a term is listed if its result says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onearm.format import plain
from onearm.io.registry_numbers import Json, Traced, count, group
from onearm.protocol.model import Protocol
from onearm.results.model import Row
from onearm.terms import REGISTRY_THRESHOLD_PERCENT

SERIOUS, OTHER, DEATHS = "teae-serious/all", "teae-other/all", "deaths/all"
LISTED = f"{OTHER}/above-{REGISTRY_THRESHOLD_PERCENT}-percent"
NO_CLASS = "NO SYSTEM ORGAN CLASS"


def adverse_events(protocol: Protocol, rows: Mapping[str, Row]) -> Json | None:
    """Return the module; None where serious events and others are not known apart."""
    if f"{SERIOUS}/total" not in rows:
        return None
    until = protocol.safety.emergent_until
    window = "the last contact" if until is None else f"{plain(float(until.days))} days after it"
    parts = (("deaths", DEATHS), ("serious", SERIOUS), ("other", LISTED))
    numbers: Json = {}
    for name, stem in parts:
        if f"{stem}/total" in rows:
            numbers[f"{name}NumAffected"] = _counted(rows, f"{stem}/count")
            numbers[f"{name}NumAtRisk"] = _counted(rows, f"{stem}/total")
    return {
        "frequencyThreshold": str(REGISTRY_THRESHOLD_PERCENT),
        "timeFrame": f"From the first dose to the last one and {window}; deaths of the whole study",
        "description": f"Treatment-emergent events by CTCAE {protocol.safety.ctcae}",
        "eventGroups": [{**group(protocol, "EG000"), **numbers}],
        "seriousEvents": list(_events(protocol, rows, SERIOUS)),
        "otherEvents": list(_events(protocol, rows, OTHER)),
    }


def _events(protocol: Protocol, rows: Mapping[str, Row], stem: str) -> Iterator[Json]:
    """Yield the terms by organ class and name, but those whose result says: not listed."""
    terms = [
        row
        for name, row in rows.items()
        if name.startswith(f"{stem}/term:") and row.statistic == "system_organ_class"
    ]
    for row in sorted(terms, key=lambda one: (one.code or NO_CLASS, one.label or "")):
        item = row.id.removesuffix("/system_organ_class")
        listed = rows.get(f"{item}/listed")
        if listed is None or listed.code == "Y":
            yield {
                "term": row.label,
                "organSystem": row.code or NO_CLASS,
                "sourceVocabulary": f"CTCAE {protocol.safety.ctcae}",
                "assessmentType": "SYSTEMATIC_ASSESSMENT",
                "stats": [
                    {
                        "groupId": "EG000",
                        "numEvents": _counted(rows, f"{item}/event_count"),
                        "numAffected": _counted(rows, f"{item}/count"),
                        "numAtRisk": _counted(rows, f"{item}/total"),
                    }
                ],
            }


def _counted(rows: Mapping[str, Row], name: str) -> Traced:
    return Traced.of(count(rows, name) or 0, name)
