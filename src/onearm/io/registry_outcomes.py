"""Outcome measures of a registry record: each endpoint with its limits, the primary one analysed.

Takes a protocol and its results. Beside the estimate with its interval, the primary
outcome has the test that its design plans, where it was made. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from onearm.format import months, plain
from onearm.io.registry_numbers import (
    Json,
    Traced,
    count,
    denoms,
    group,
    shown_months,
    shown_number,
    shown_p_value,
    shown_percent,
)
from onearm.protocol.endpoints import PROPORTIONS, TIMES, Endpoint
from onearm.protocol.model import Protocol
from onearm.results.model import Row
from onearm.terms import AnalysisSet

ANALYSES = {"iorr": "orr.irecist", "idcr": "dcr.irecist"}
EVENTS = {
    "teae/all": "Any treatment-emergent adverse event",
    "teae/all/grade-3-or-higher": "Any of grade 3 or higher",
    "teae-serious/all": "Any serious one",
}
"""What of adverse events is an outcome, where safety is an endpoint."""

ANALYSED: Mapping[str, str] = {
    AnalysisSet.TREATED: "All treated participants",
    AnalysisSet.TREATED_MEASURABLE: "Treated participants with measurable disease at baseline",
}
OF_RESPONDERS = ("ttr", "dor", "idor")
TYPES = ("PRIMARY", "SECONDARY", "OTHER_PRE_SPECIFIED")


def outcomes(protocol: Protocol, rows: Mapping[str, Row]) -> Iterator[Json]:
    """Yield each endpoint that the results hold: the primary ones first."""
    endpoints = protocol.endpoints
    groups = (endpoints.primary, endpoints.secondary, endpoints.exploratory)
    for kind, own in zip(TYPES, groups, strict=True):
        for endpoint in own:
            stem = f"{ANALYSES.get(endpoint.id, endpoint.id)}/all"
            if endpoint.id in PROPORTIONS and f"{stem}/estimate" in rows:
                yield _outcome(protocol, kind, endpoint, _rate(stem, rows), rows)
            elif endpoint.id in TIMES and f"{stem}/median" in rows:
                yield _outcome(protocol, kind, endpoint, _time(stem, rows), rows)
            elif endpoint.id == "safety" and all(f"{one}/count" in rows for one in EVENTS):
                yield _safety(protocol, kind, endpoint, rows)


def left_out(protocol: Protocol, rows: Mapping[str, Row]) -> list[str]:
    """Return the endpoints of the protocol that no outcome measure is made of."""
    made = {str(one["title"]) for one in outcomes(protocol, rows)}
    return [one.name for one in protocol.endpoints.all if one.name not in made]


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
    analysed: str
    level: float | None
    method: str


def _rate(stem: str, rows: Mapping[str, Row]) -> _Shown:
    estimate, lower, upper = (rows[f"{stem}/{one}"] for one in ("estimate", "lower", "upper"))
    return _Shown(
        "NUMBER",
        "percentage of participants",
        shown_percent(estimate),
        shown_percent(lower),
        shown_percent(upper),
        estimate.note,
        _total(stem, rows),
        ANALYSED[rows[f"{stem}/total"].set],
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
        shown_months(median),
        shown_months(lower),
        shown_months(upper),
        "; ".join(notes) or None,
        _total(stem, rows),
        ANALYSED[rows[f"{stem}/total"].set],
        median.level,
        "Kaplan-Meier, limits by Brookmeyer and Crowley",
    )


def _total(stem: str, rows: Mapping[str, Row]) -> Traced:
    return Traced.of(count(rows, f"{stem}/total") or 0, f"{stem}/total")


def _outcome(
    protocol: Protocol, kind: str, endpoint: Endpoint, shown: _Shown, rows: Mapping[str, Row]
) -> Json:
    label = endpoint.name
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
        "populationDescription": "Treated participants with a response"
        if endpoint.id in OF_RESPONDERS
        else shown.analysed,
        "groups": [group(protocol, "OG000")],
        "denoms": denoms("OG000", shown.total),
        "classes": [{"categories": [{"measurements": [measurement]}]}],
    }
    if kind == "PRIMARY":
        estimated = [_analysis(label, shown)] if shown.value != "NA" and shown.level else []
        if analyses := [*estimated, *_tests(protocol, endpoint, rows)]:
            about["analyses"] = analyses
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


def _safety(protocol: Protocol, kind: str, endpoint: Endpoint, rows: Mapping[str, Row]) -> Json:
    """Return how many had an event: of any kind, severe, serious; each a row of its own."""
    definition = {"description": endpoint.definition} if endpoint.definition else {}
    counted = {
        words: Traced.of(count(rows, f"{stem}/count") or 0, f"{stem}/count")
        for stem, words in EVENTS.items()
    }
    return {
        "type": kind,
        "title": endpoint.name,
        **definition,
        "reportingStatus": "POSTED",
        "paramType": "COUNT_OF_PARTICIPANTS",
        "unitOfMeasure": "Participants",
        "timeFrame": _time_frame(rows),
        "populationDescription": ANALYSED[AnalysisSet.TREATED],
        "groups": [group(protocol, "OG000")],
        "denoms": denoms("OG000", _total("teae/all", rows)),
        "classes": [
            {
                "title": words,
                "categories": [{"measurements": [{"groupId": "OG000", "value": n}]}],
            }
            for words, n in counted.items()
        ],
    }


def _tests(protocol: Protocol, endpoint: Endpoint, rows: Mapping[str, Row]) -> Iterator[Json]:
    """Yield the test of the design: one-sample log-rank, or the inference after two stages."""
    if endpoint is not protocol.endpoints.primary[0]:
        return
    ratio, two_stage = "primary/all/ratio", "orr.two-stage/all/median_unbiased"
    if ratio in rows and "primary/all/p_value" in rows:
        yield _test("Observed over expected events", "primary/all", rows[ratio], shown_number, rows)
    if endpoint.id == "orr" and two_stage in rows:
        words = "Response rate, median unbiased, after two stages"
        yield _test(words, "orr.two-stage/all", rows[two_stage], shown_percent, rows)


def _test(
    parameter: str, stem: str, estimate: Row, shown: Callable[[Row], Traced],
    rows: Mapping[str, Row],
) -> Json:  # fmt: skip
    lower, upper, test = (rows[f"{stem}/{one}"] for one in ("lower", "upper", "p_value"))
    method = "One-sample log-rank" if stem == "primary/all" else f"Two-stage: {test.method}"
    limits: Json = {}
    if lower.level is not None:
        limits = {
            "ciPctValue": plain(100 * lower.level),
            "ciNumSides": "TWO_SIDED",
            "ciLowerLimit": shown(lower),
            "ciUpperLimit": shown(upper),
        }
    return {
        "groupIds": ["OG000"],
        "paramType": parameter,
        "paramValue": shown(estimate),
        **limits,
        "pValue": shown_p_value(test),
        "pValueComment": f"One-sided; {test.formula}" if test.formula else "One-sided",
        "statisticalMethod": method,
    }


def _time_frame(rows: Mapping[str, Row]) -> str:
    longest = max(
        (float(rows[name].value or 0) for name in ("pfs/all/maximum", "os/all/maximum")
         if name in rows),
        default=None,
    )  # fmt: skip
    return "Whole study" if longest is None else f"Up to {months(longest, 1)} months"
