"""The results section of a ClinicalTrials.gov record (version 2 JSON), as a draft to submit.

Takes a protocol and its results, gives participant flow, baseline characteristics,
outcome measures with their analyses, and adverse events. All numbers are text, as the
registry has them; a value that cannot be given is NA with a comment. Computes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from onearm.io.registry_events import adverse_events
from onearm.io.registry_numbers import Json, Traced, count, denoms, group, shown_number
from onearm.io.registry_outcomes import outcomes
from onearm.protocol.model import Protocol
from onearm.results.model import Row, slug

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
UNSAID = "Disposition not recorded"
SEX = "Sex: Female, Male"
"""The registry's own name of the measure, which it requires."""

TREATED = "flow/all/step:treated/count"
NCT = re.compile(r"NCT[0-9]{8}")


def json_text(found: Json) -> str:
    """Return a record as JSON."""
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def record(protocol: Protocol, rows: Mapping[str, Row]) -> Json:
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
        "outcomeMeasuresModule": {"outcomeMeasures": list(outcomes(protocol, rows))},
        "adverseEventsModule": adverse_events(protocol, rows),
    }
    return {
        "protocolSection": {"identificationModule": identification},
        "resultsSection": {name: one for name, one in modules.items() if one is not None},
    }


def _flow(protocol: Protocol, rows: Mapping[str, Row]) -> Json | None:
    """Return how many started and completed the treatment, and why the others did not."""
    begun, done = TREATED, "flow/all/status:completed/count"
    started = count(rows, begun)
    if started is None or "flow/all/status:ongoing/count" not in rows:
        return None
    ongoing = count(rows, "flow/all/status:ongoing/count") or 0
    completed = count(rows, done) or 0
    reasons = [
        (row.item.removeprefix("reason:"), Traced.of(int(row.value or 0), name))
        for name, row in rows.items()
        if name.startswith("flow/all/reason:") and name.endswith("/count") and row.item
    ]
    drops = [(REASONS.get(name, name.replace("-", " ").capitalize()), n) for name, n in reasons]
    if ongoing:
        drops.append((ONGOING, Traced.of(ongoing, "flow/all/status:ongoing/count")))
    # Where nobody completed there is no such row: the others are all who started.
    known = [*([done] if done in rows else []), *(n.results for _, n in drops)]
    of_others = [begun, done] if done in rows else [begun]
    rest = started - completed - sum(int(n) for _, n in drops)
    nobody: str = "0" if rest else Traced.of(0, begun, *known)
    if rest:
        drops.append((UNSAID, Traced.of(rest, begun, *known)))
    return {
        "groups": [group(protocol, "FG000")],
        "periods": [
            {
                "title": "Overall Study",
                "milestones": [
                    _milestone("STARTED", Traced.of(started, begun)),
                    _milestone("COMPLETED", Traced.of(completed, done) if done in rows else nobody),
                    _milestone("NOT COMPLETED", Traced.of(started - completed, *of_others)),
                ],
                "dropWithdraws": [
                    {"type": what, "reasons": [{"groupId": "FG000", "numSubjects": n}]}
                    for what, n in drops
                ],
            }
        ],
    }


def _milestone(what: str, n: str) -> Json:
    return {"type": what, "achievements": [{"groupId": "FG000", "numSubjects": n}]}


def _baseline(protocol: Protocol, rows: Mapping[str, Row]) -> Json | None:
    measures = []
    total = count(rows, TREATED)
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
                title = SEX if about.id == "sex" else about.label
                measures.append(_categorical(title, levels))
    if total is None or not measures:
        return None
    return {
        "groups": [group(protocol, "BG000")],
        "denoms": denoms("BG000", Traced.of(total, TREATED)),
        "measures": measures,
    }


def _continuous(label: str, unit: str | None, stem: str, rows: Mapping[str, Row]) -> Json:
    unknown = rows[f"{stem}/mean"].note or rows[f"{stem}/sd"].note
    measurement = {
        "groupId": "BG000",
        "value": shown_number(rows[f"{stem}/mean"]),
        "spread": shown_number(rows[f"{stem}/sd"]),
        **({"comment": unknown} if unknown else {}),
    }
    n, total = rows[f"{stem}/n"], rows[TREATED]
    # Where everybody is known, the denominator of the module holds.
    known = (
        {}
        if n.value == total.value
        else {"denoms": denoms("BG000", Traced.of(int(n.value or 0), n.id))}
    )
    return {
        "title": f"{label}, Continuous",
        "paramType": "MEAN",
        "dispersionType": "STANDARD_DEVIATION",
        "unitOfMeasure": unit or "units",
        **known,
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
