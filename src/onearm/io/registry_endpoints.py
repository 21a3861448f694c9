"""The endpoints, assessments and design of a registry record, as far as it says them.

Takes the protocol section of a record and its prose, gives the sections ``endpoints``,
``response``, ``design`` and ``safety`` of a draft protocol; an outcome that is no endpoint
here is a remark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from onearm.io.json_fields import JsonField
from onearm.io.registry_prose import endpoints_named, sentences_with
from onearm.io.registry_values import READ_FROM, Values, filled, unknown, value_of
from onearm.protocol.endpoints import PROPORTIONS, TIMES


def _outcomes(section: JsonField) -> Iterator[tuple[str, str]]:
    for kind in ("primary", "secondary", "other"):
        for one in section["outcomesModule"][f"{kind}Outcomes"].items():
            measure = one["measure"].text()
            if measure is None:
                one["measure"].refuse("must name the outcome")
            parts = [measure, one["description"].text(), one["timeFrame"].text()]
            yield ". ".join(part for part in parts if part), kind


def endpoints(section: JsonField, texts: list[str], remarks: list[str]) -> Values:
    """Return the outcomes that are endpoints of a protocol file, the primary ones first."""
    found: dict[str, list[object]] = {"primary": [], "secondary": [], "exploratory": []}
    seen: set[str] = set()
    for text, kind in _outcomes(section):
        measure = text.split(". ")[0]
        names = [name for name in endpoints_named(measure) if name not in seen]
        level = "exploratory" if kind == "other" else kind
        found[level] += [{"id": name, "definition": text} for name in names]
        seen.update(names)
        if not names:
            remarks.append(f"{kind} outcome without an endpoint here: {measure}")
    for level, word in (("primary", "primary end"), ("secondary", "secondary")):
        for sentence in sentences_with(texts, word, f"{level} outcome"):
            names = [name for name in endpoints_named(sentence) if name not in seen]
            if not found[level] and names:
                words = f"{READ_FROM}{' '.join(sentence.split())!r}"
                found[level] = [{"id": {"value": name, "assumed": words}} for name in names]
                seen.update(names)
    if not found["primary"]:
        free = next(name for name in (*PROPORTIONS, *TIMES) if name not in seen)
        why = "the record gives no primary outcome that is an endpoint here"
        found["primary"] = [{"id": unknown(free, why)}]
    return filled(dict(found))


def response(section: JsonField, texts: list[str]) -> Values:
    """Return how tumours are assessed, as far as the record says it."""
    criteria = section["eligibilityModule"]["eligibilityCriteria"].text() or ""
    said = [*texts, criteria, *(text for text, _ in _outcomes(section))]
    is_named = any(re.search(r"RECIST", text) for text in said)
    values: Values = {
        "profile": "recist11"
        if is_named
        else unknown("recist11", "the record does not name the response criteria")
    }
    if any("irecist" in text.lower() for text in said):
        values["also"] = "iRECIST"
    return values | {
        "assess_every": unknown("6 weeks", "the record has no field for the interval"),
        "confirm_days": unknown(28, "the record has no field for confirmation"),
        "min_sd_days": unknown(42, "the record has no field for the least stable disease"),
    }


def design(endpoints: Values, texts: list[str]) -> Values:
    """Return the design: Simon's where the prose names it, else the kind that fits."""
    primary = endpoints["primary"]
    first = primary[0]["id"] if isinstance(primary, list) else ""
    name = value_of(first)
    lacking = "the record has no field for the design"
    rates = {
        "p0": unknown(0.2, "the record has no field for response rates"),
        "p1": unknown(0.4, "the record has no field for response rates"),
        "alpha": unknown(0.05, "the record has no field for errors"),
        "power": unknown(0.8, "the record has no field for errors"),
    }
    simon = sentences_with(texts, "simon")
    if simon:
        kinds = [kind for kind in ("minimax", "optimal") if kind in simon[0].lower()]
        criterion = kinds[0] if len(kinds) == 1 else unknown("optimal", lacking)
        return {"kind": "simon", "criterion": criterion, **rates, "rationale": simon[0]}
    if name in TIMES and name != "ttr":
        curves = {
            "kind": "survival", "endpoint": name, "null": {"median": "6 months"},
            "alternative": {"median": "9 months"}, "alpha": 0.05, "power": 0.8,
            "accrual": "18 months", "follow_up": "12 months",
        }  # fmt: skip
        return unknown(curves, lacking)
    return {"kind": unknown("single_stage", lacking), **rates}


def safety(texts: list[str]) -> Values:
    """Return the version of the CTCAE that the prose names, if it is one."""
    versions = re.findall(r"CTCAE[^.\n]{0,20}?\bv?(?:ersion )?([3-6]\.0|4\.03)", " ".join(texts))
    known = {version for version in versions if version in {"4.03", "5.0", "6.0"}}
    if len(known) == 1:
        return {"ctcae": known.pop()}
    return {"ctcae": unknown("5.0", "the record names no version of the CTCAE")}
