"""The results section of a ClinicalTrials.gov record (version 2 JSON), as a draft to submit.

Takes a protocol, its results and the counts of adverse events, gives participant
flow, baseline characteristics, outcome measures with their analyses, and adverse
events. All numbers are text, as the registry has them; a value that cannot be
given is NA with a comment. Computes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from onearm.format import months, number, percent, plain
from onearm.protocol.endpoints import LABELS, PROPORTIONS, TIMES, Endpoint
from onearm.protocol.model import Protocol
from onearm.results.model import Row, slug

THRESHOLD_PERCENT = 5
"""Other events are listed above this share of the subjects at risk (>), the registry's most."""

REASONS = {
    "adverse-event": "Adverse Event",
    "death": "Death",
    "lost-to-follow-up": "Lost to Follow-up",
    "physician-decision": "Physician Decision",
    "protocol-deviation": "Protocol Violation",
    "withdrawal-of-consent": "Withdrawal by Subject",
    "progressive-disease": "Progressive disease",
    "symptomatic-deterioration": "Symptomatic deterioration",
}
ONGOING = "Treatment ongoing at the data cut-off"
ANALYSES = {"iorr": "orr.irecist", "idcr": "dcr.irecist"}
TYPES = ("PRIMARY", "SECONDARY", "OTHER_PRE_SPECIFIED")
NCT = re.compile(r"NCT[0-9]{8}")
DECIMALS = 2

Json = dict[str, object]
COUNTED = "counted from adverse_events and follow_up"
"""The trace of what no result row holds: the registry parts serious from other events."""


class Traced(str):
    """A number as text that knows the results it was printed from."""

    __slots__ = ("results",)
    results: str

    @classmethod
    def of(cls, text: object, *results: str) -> Traced:
        """Return a text with the ids of its results."""
        made = cls(text)
        made.results = " - ".join(results)
        return made


@dataclass(frozen=True, slots=True)
class TermCount:
    """One adverse event term: how many subjects had it, and how often."""

    term: str
    organ_class: str
    subjects: int
    events: int


@dataclass(frozen=True, slots=True)
class SafetyCounts:
    """Treatment-emergent events of the subjects at risk, serious and not, and the deaths."""

    at_risk: int
    deaths: int
    serious_subjects: int
    other_subjects: int  # with an event that is listed
    serious: tuple[TermCount, ...]
    other: tuple[TermCount, ...]


def json_text(found: Json) -> str:
    """Return a record as JSON."""
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def traces(found: object, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield each number of a record: its path, its text, the results it comes from."""
    if isinstance(found, Traced):
        yield path, str(found), found.results
    elif isinstance(found, dict):
        for key, inner in found.items():
            yield from traces(inner, f"{path}.{key}" if path else key)
    elif isinstance(found, list):
        for place, inner in enumerate(found):
            yield from traces(inner, f"{path}[{place}]")


def record(protocol: Protocol, rows: Mapping[str, Row], safety: SafetyCounts | None) -> Json:
    """Return the record as plain values; a module of which nothing is known is left out."""
    study = protocol.study
    numbers = [one.id for one in study.identifiers]
    nct = next((one for one in (*numbers, study.id) if NCT.fullmatch(one)), None)
    identification: Json = {
        **({"nctId": nct} if nct else {}),
        "orgStudyIdInfo": {"id": study.id},
        "officialTitle": study.title,
    }
    modules: Json = {
        "participantFlowModule": _flow(protocol, rows),
        "baselineCharacteristicsModule": _baseline(protocol, rows),
        "outcomeMeasuresModule": {"outcomeMeasures": list(_outcomes(protocol, rows))},
        "adverseEventsModule": None if safety is None else _adverse_events(protocol, safety),
    }
    return {
        "protocolSection": {"identificationModule": identification},
        "resultsSection": {name: one for name, one in modules.items() if one is not None},
    }


def _group(protocol: Protocol, name: str) -> Json:
    arm = protocol.study.arm
    described = {"description": arm.description} if arm.description else {}
    return {"id": name, "title": arm.title, **described}


def _count(rows: Mapping[str, Row], name: str) -> int | None:
    row = rows.get(name)
    return None if row is None or row.value is None else int(row.value)


def _flow(protocol: Protocol, rows: Mapping[str, Row]) -> Json | None:
    """Return how many started and completed the treatment, and why the others did not."""
    begun, done = "flow/all/step:treated/count", "flow/all/status:completed/count"
    started = _count(rows, begun)
    if started is None or "flow/all/status:ongoing/count" not in rows:
        return None
    ongoing = _count(rows, "flow/all/status:ongoing/count") or 0
    completed = _count(rows, done) or 0
    reasons = [
        (row.item.removeprefix("reason:"), Traced.of(int(row.value or 0), name))
        for name, row in rows.items()
        if name.startswith("flow/all/reason:") and name.endswith("/count") and row.item
    ]
    drops = [(REASONS.get(name, name.replace("-", " ").capitalize()), n) for name, n in reasons]
    if ongoing:
        drops.append((ONGOING, Traced.of(ongoing, "flow/all/status:ongoing/count")))
    # Where nobody completed there is no such row: the others are all who started.
    of_completed = [done] if done in rows else [begun, *(n.results for _, n in drops)]
    of_others = [begun, done] if done in rows else [begun]
    return {
        "groups": [_group(protocol, "FG000")],
        "periods": [
            {
                "title": "Overall Study",
                "milestones": [
                    _milestone("STARTED", Traced.of(started, begun)),
                    _milestone("COMPLETED", Traced.of(completed, *of_completed)),
                    _milestone("NOT COMPLETED", Traced.of(started - completed, *of_others)),
                ],
                "dropWithdraws": [
                    {"type": what, "reasons": [{"groupId": "FG000", "numSubjects": n}]}
                    for what, n in drops
                ],
            }
        ],
    }


def _milestone(what: str, n: Traced) -> Json:
    return {"type": what, "achievements": [{"groupId": "FG000", "numSubjects": n}]}


def _denoms(group: str, total: Traced) -> list[Json]:
    return [{"units": "Participants", "counts": [{"groupId": group, "value": total}]}]


def _baseline(protocol: Protocol, rows: Mapping[str, Row]) -> Json | None:
    measures = []
    treated = "flow/all/step:treated/count"
    total = _count(rows, treated)
    for about in protocol.characteristics:
        stem = f"baseline/all/{slug(about.id)}"
        if about.kind == "continuous" and f"{stem}/mean" in rows:
            measures.append(_continuous(about.label, about.unit, stem, rows))
        elif about.kind == "categorical":
            levels = [
                (row.label or "", Traced.of(int(row.value or 0), name))
                for name, row in rows.items()
                if name.startswith(f"{stem}:") and name.endswith("/count")
            ]
            if levels:
                measures.append(_categorical(about.label, levels))
    if total is None or not measures:
        return None
    return {
        "groups": [_group(protocol, "BG000")],
        "denoms": _denoms("BG000", Traced.of(total, treated)),
        "measures": measures,
    }


def _continuous(label: str, unit: str | None, stem: str, rows: Mapping[str, Row]) -> Json:
    measurement = {
        "groupId": "BG000",
        "value": _number(rows[f"{stem}/mean"]),
        "spread": _number(rows[f"{stem}/sd"]),
    }
    return {
        "title": f"{label}, Continuous",
        "paramType": "MEAN",
        "dispersionType": "STANDARD_DEVIATION",
        "unitOfMeasure": unit or "units",
        "classes": [{"categories": [{"measurements": [measurement]}]}],
    }


def _categorical(label: str, levels: Sequence[tuple[str, Traced]]) -> Json:
    categories = [
        {
            "title": words.partition(": ")[2] or words,
            "measurements": [{"groupId": "BG000", "value": n}],
        }
        for words, n in levels
    ]
    return {
        "title": label,
        "paramType": "COUNT_OF_PARTICIPANTS",
        "unitOfMeasure": "Participants",
        "classes": [{"categories": categories}],
    }


def _outcomes(protocol: Protocol, rows: Mapping[str, Row]) -> Iterator[Json]:
    endpoints = protocol.endpoints
    groups = (endpoints.primary, endpoints.secondary, endpoints.exploratory)
    for kind, own in zip(TYPES, groups, strict=True):
        for endpoint in own:
            stem = f"{ANALYSES.get(endpoint.id, endpoint.id)}/all"
            if endpoint.id in PROPORTIONS and f"{stem}/estimate" in rows:
                yield _outcome(protocol, kind, endpoint, _rate(stem, rows), rows)
            elif endpoint.id in TIMES and f"{stem}/median" in rows:
                yield _outcome(protocol, kind, endpoint, _time(stem, rows), rows)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is printed of an outcome: estimate with limits, of how many, and by which method."""

    parameter: str
    unit: str
    value: Traced
    lower: Traced
    upper: Traced
    comment: str | None
    total: Traced
    level: float | None
    method: str


def _rate(stem: str, rows: Mapping[str, Row]) -> _Shown:
    estimate, lower, upper = (rows[f"{stem}/{one}"] for one in ("estimate", "lower", "upper"))
    return _Shown(
        "NUMBER",
        "percentage of participants",
        _percent(estimate),
        _percent(lower),
        _percent(upper),
        estimate.note,
        _total(stem, rows),
        lower.level,
        (lower.method or "").replace("-", " ").title().replace(" ", "-"),
    )


def _time(stem: str, rows: Mapping[str, Row]) -> _Shown:
    median, lower, upper = (rows[f"{stem}/{one}"] for one in ("median", "lower", "upper"))
    notes = [
        f"{name} {one.note}"
        for name, one in (("Median", median), ("lower limit", lower), ("upper limit", upper))
        if one.value is None and one.note
    ]
    return _Shown(
        "MEDIAN",
        "months",
        _months(median),
        _months(lower),
        _months(upper),
        "; ".join(notes) or None,
        _total(stem, rows),
        median.level,
        "Kaplan-Meier, limits by Brookmeyer and Crowley",
    )


def _total(stem: str, rows: Mapping[str, Row]) -> Traced:
    return Traced.of(_count(rows, f"{stem}/total") or 0, f"{stem}/total")


def _number(row: Row) -> Traced:
    return Traced.of("NA" if row.value is None else number(row.value, DECIMALS), row.id)


def _percent(row: Row) -> Traced:
    return Traced.of("NA" if row.value is None else percent(row.value, DECIMALS), row.id)


def _months(row: Row) -> Traced:
    return Traced.of("NA" if row.value is None else months(row.value, DECIMALS), row.id)


def _outcome(
    protocol: Protocol, kind: str, endpoint: Endpoint, shown: _Shown, rows: Mapping[str, Row]
) -> Json:
    label = endpoint.label or LABELS[endpoint.id]
    definition = {"description": endpoint.definition} if endpoint.definition else {}
    interval = "" if shown.level is None else f"{plain(100 * shown.level)}% Confidence Interval"
    comment = {"comment": shown.comment} if shown.comment else {}
    measurement = {
        "groupId": "OG000", "value": shown.value, "lowerLimit": shown.lower,
        "upperLimit": shown.upper, **comment,
    }  # fmt: skip
    about: Json = {
        "type": kind,
        "title": label,
        **definition,
        "reportingStatus": "POSTED",
        "paramType": shown.parameter,
        "dispersionType": interval,
        "unitOfMeasure": shown.unit,
        "timeFrame": _time_frame(rows),
        "groups": [_group(protocol, "OG000")],
        "denoms": _denoms("OG000", shown.total),
        "classes": [{"categories": [{"measurements": [measurement]}]}],
    }
    if kind == "PRIMARY" and shown.value != "NA" and shown.level is not None:
        about["analyses"] = [_analysis(label, shown)]
    return about


def _analysis(label: str, shown: _Shown) -> Json:
    return {
        "groupIds": ["OG000"],
        "paramType": label,
        "paramValue": shown.value,
        "ciPctValue": plain(100 * (shown.level or 0)),
        "ciNumSides": "TWO_SIDED",
        "ciLowerLimit": shown.lower,
        "ciUpperLimit": shown.upper,
        "statisticalMethod": shown.method,
    }


def _time_frame(rows: Mapping[str, Row]) -> str:
    longest = max(
        (float(rows[name].value or 0) for name in ("pfs/all/maximum", "os/all/maximum")
         if name in rows),
        default=None,
    )  # fmt: skip
    return "Whole study" if longest is None else f"Up to {months(longest, 1)} months"


def _adverse_events(protocol: Protocol, safety: SafetyCounts) -> Json:
    until = protocol.safety.emergent_until
    window = "the last contact" if until is None else f"{plain(float(until.days))} days after it"
    group: Json = {
        **_group(protocol, "EG000"),
        "deathsNumAffected": Traced.of(safety.deaths, COUNTED),
        "deathsNumAtRisk": Traced.of(safety.at_risk, COUNTED),
        "seriousNumAffected": Traced.of(safety.serious_subjects, COUNTED),
        "seriousNumAtRisk": Traced.of(safety.at_risk, COUNTED),
        "otherNumAffected": Traced.of(safety.other_subjects, COUNTED),
        "otherNumAtRisk": Traced.of(safety.at_risk, COUNTED),
    }
    return {
        "frequencyThreshold": str(THRESHOLD_PERCENT),
        "timeFrame": f"From the first dose to the last one and {window}; deaths of the whole study",
        "description": f"Treatment-emergent events by CTCAE {protocol.safety.ctcae}",
        "eventGroups": [group],
        "seriousEvents": [_event(one, safety.at_risk, protocol) for one in safety.serious],
        "otherEvents": [_event(one, safety.at_risk, protocol) for one in safety.other],
    }


def _event(one: TermCount, at_risk: int, protocol: Protocol) -> Json:
    return {
        "term": one.term,
        "organSystem": one.organ_class,
        "sourceVocabulary": f"CTCAE {protocol.safety.ctcae}",
        "assessmentType": "SYSTEMATIC_ASSESSMENT",
        "stats": [
            {
                "groupId": "EG000",
                "numEvents": Traced.of(one.events, COUNTED),
                "numAffected": Traced.of(one.subjects, COUNTED),
                "numAtRisk": Traced.of(at_risk, COUNTED),
            }
        ],
    }
