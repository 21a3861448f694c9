"""Results as a reporting event of the CDISC Analysis Results Standard, version 1.0 (JSON).

Each analysis and variant is an Analysis with its set, its groupings and its
method; each result one OperationResult with the raw and the printed value. An
operation names statistic, kind, unit, level and method, so that ``read_ars``
gives the results back; notes, labels, formulas and the subjects behind a number
have no place in the standard and stay in ``results.json``.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onearm.io.dataset import refuse
from onearm.results.model import Row
from onearm.terms import AnalysisSet, Kind

SETS = {
    AnalysisSet.SCREENED: None,
    AnalysisSet.ENROLLED: "ENRLFL",
    AnalysisSet.TREATED: "SAFFL",
    AnalysisSet.TREATED_MEASURABLE: "MEASFL",
    AnalysisSet.RESPONSE_EVALUABLE: "RSPEVFL",
}
PARAMETERS = {  # analysis, with its variant: data set, variable, parameter
    "orr": ("ADRS", "AVALC", "CRSP"), "orr.wilson": ("ADRS", "AVALC", "CRSP"),
    "orr.unconfirmed": ("ADRS", "AVALC", "BCP"), "dcr": ("ADRS", "AVALC", "CCB"),
    "dcr.wilson": ("ADRS", "AVALC", "CCB"), "dcr.unconfirmed": ("ADRS", "AVALC", "CB"),
    "cbr": ("ADRS", "AVALC", "CCBSUS"), "cbr.wilson": ("ADRS", "AVALC", "CCBSUS"),
    "bor": ("ADRS", "AVALC", "CBOR"), "bor.unconfirmed": ("ADRS", "AVALC", "BOR"),
    "bor.irecist": ("ADRS", "AVALC", "ICBOR"), "pfs": ("ADTTE", "AVAL", "PFS"),
    "pfs.fda": ("ADTTE", "AVAL", "PFSFDA"), "pfs.ema": ("ADTTE", "AVAL", "PFSEMA"),
    "pfs.paper": ("ADTTE", "AVAL", "PFSPAPER"), "os": ("ADTTE", "AVAL", "OS"),
    "ttr": ("ADTTE", "AVAL", "TTR"), "dor": ("ADTTE", "AVAL", "RSD"),
    "ipfs": ("ADTTE", "AVAL", "IPFS"), "idor": ("ADTTE", "AVAL", "IRSD"),
    "best-change": ("ADTR", "PCHG", "SDIAM"),
}  # fmt: skip
GROUPS, ITEMS = "GF.GROUP", "GF.ITEM"
_ABSENT = "-"
_OF_SET = "@"
"""Parts an analysis from another set of which it has results too."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What the plan says of the analyses, the groups and the study."""

    study: str
    title: str
    titles: Mapping[str, str]  # analysis -> title
    purposes: Mapping[str, str]  # analysis -> primary, secondary, exploratory
    groups: Sequence[tuple[str, str]]  # group and its label
    conditions: Mapping[str, tuple[str, tuple[str, ...]]]  # group -> variable of ADSL, values


def ars_text(rows: Iterable[Row], planned: Planned, shown: Callable[[Row], str]) -> str:
    """Return the reporting event as JSON; ``shown`` gives a result as it is printed."""
    event = reporting_event(tuple(rows), planned, shown)
    return json.dumps(event, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def reporting_event(
    rows: Sequence[Row], planned: Planned, shown: Callable[[Row], str]
) -> dict[str, object]:
    """Return the reporting event as plain values."""
    by_analysis: dict[str, list[Row]] = {}
    sets: dict[str, str] = {}
    for row in rows:
        name = row.id.partition("/")[0]
        if sets.setdefault(name, row.set) != row.set:
            name = f"{name}{_OF_SET}{row.set}"
        by_analysis.setdefault(name, []).append(row)
    methods: dict[tuple[str, ...], dict[str, Any]] = {}
    analyses = [_analysis(name, own, planned, methods, shown) for name, own in by_analysis.items()]
    contents = [
        {"name": one["name"], "level": 1, "order": order, "analysisId": one["id"]}
        for order, one in enumerate(analyses, 1)
    ]
    return {
        "id": planned.study,
        "name": f"{planned.study}: {planned.title}",
        "version": 1,
        "mainListOfContents": {"name": "Analyses", "contentsList": {"listItems": contents}},
        "analysisSets": [_set(name, order) for order, name in enumerate(SETS, 1)],
        "dataSubsets": _subsets(by_analysis),
        "analysisGroupings": [_grouping(planned)],
        "dataGroupings": [{"id": ITEMS, "label": "Item of the analysis", "dataDriven": True}],
        "methods": list(methods.values()),
        "analyses": analyses,
    }


def _set(name: AnalysisSet, order: int) -> dict[str, object]:
    flag = SETS[name]
    condition = {} if flag is None else {"condition": _condition("ADSL", flag, ["Y"])}
    return {"id": f"AS.{name}", "label": str(name), "level": 1, "order": order, **condition}


def _condition(dataset: str, variable: str, values: Sequence[str]) -> dict[str, object]:
    comparator = "EQ" if len(values) == 1 else "IN"
    return {
        "dataset": dataset, "variable": variable, "comparator": comparator, "value": list(values),
    }  # fmt: skip


def _subsets(names: Iterable[str]) -> list[dict[str, object]]:
    known = [name for name in names if name in PARAMETERS]
    return [
        {
            "id": f"DS.{name}",
            "label": f"{PARAMETERS[name][0]}, {PARAMETERS[name][2]}",
            "level": 1,
            "order": order,
            "condition": _condition(PARAMETERS[name][0], "PARAMCD", [PARAMETERS[name][2]]),
        }
        for order, name in enumerate(known, 1)
    ]


def _grouping(planned: Planned) -> dict[str, object]:
    groups = []
    for order, (name, label) in enumerate(planned.groups, 1):
        about: dict[str, object] = {"id": f"G.{name}", "label": label, "level": 1, "order": order}
        if name in planned.conditions:
            variable, values = planned.conditions[name]
            about["condition"] = _condition("ADSL", variable, values)
        groups.append(about)
    return {"id": GROUPS, "label": "Subgroup", "dataDriven": False, "groups": groups}


def _analysis(
    name: str,
    rows: Sequence[Row],
    planned: Planned,
    methods: dict[tuple[str, ...], dict[str, Any]],
    shown: Callable[[Row], str],
) -> dict[str, Any]:
    operations = tuple(dict.fromkeys(_operation(row) for row in rows))
    if operations not in methods:
        methods[operations] = _method(f"MT.{len(methods) + 1}", operations)
    ids = {one["description"]: one["id"] for one in methods[operations]["operations"]}
    title = planned.titles.get(rows[0].analysis, rows[0].analysis)
    purpose = planned.purposes.get(rows[0].analysis, "EXPLORATORY")
    dataset, variable, _ = PARAMETERS.get(name, (None, None, None))
    about: dict[str, Any] = {
        "id": f"AN.{name}",
        "name": title if rows[0].variant == "default" else f"{title}, {rows[0].variant}",
        "reason": {"controlledTerm": "SPECIFIED IN PROTOCOL"},
        "purpose": {"controlledTerm": f"{purpose} OUTCOME MEASURE"},
        "methodId": methods[operations]["id"],
        "analysisSetId": f"AS.{rows[0].set}",
        "orderedGroupings": [
            {"order": 1, "groupingId": GROUPS, "resultsByGroup": True},
            {"order": 2, "groupingId": ITEMS, "resultsByGroup": True},
        ],
    }
    if dataset is not None:
        about |= {"dataset": dataset, "variable": variable, "dataSubsetId": f"DS.{name}"}
    about["results"] = [_result(row, ids[_operation(row)], shown) for row in rows]
    return about


def _operation(row: Row) -> str:
    """Return what an operation computes, as its description says it."""
    level = _ABSENT if row.level is None else repr(row.level)
    parts = (row.statistic, str(row.kind), row.unit or _ABSENT, level, row.method or _ABSENT)
    return " | ".join(parts)


def _method(name: str, operations: Sequence[str]) -> dict[str, Any]:
    statistics = [one.partition(" | ")[0] for one in operations]
    found = {one.rpartition(" | ")[2] for one in operations} - {_ABSENT}
    words = f"; {'; '.join(sorted(found))}" if found else ""
    return {
        "id": name,
        "name": f"{', '.join(dict.fromkeys(statistics))}{words}",
        "operations": [
            {
                "id": f"{name}.{order}",
                "name": statistic,
                "label": statistic.replace("_", " "),
                "order": order,
                "description": one,
            }
            for order, (one, statistic) in enumerate(zip(operations, statistics, strict=True), 1)
        ],
    }


def _result(row: Row, operation: str, shown: Callable[[Row], str]) -> dict[str, object]:
    groups = [{"groupingId": GROUPS, "groupId": f"G.{row.group}"}]
    if row.item is not None:
        groups.append({"groupingId": ITEMS, "groupValue": row.item})
    about: dict[str, object] = {"operationId": operation, "resultGroups": groups}
    raw = row.code or (row.date.isoformat() if row.date else None)
    if row.value is not None:
        raw = repr(row.value)
    if raw is not None:
        about["rawValue"] = raw
    about["formattedValue"] = shown(row)
    return about


def read_ars(path: Path) -> tuple[Row, ...]:
    """Return the results of a reporting event that ``ars_text`` wrote.

    Raises
    ------
    InputError
        If the file is no such JSON: one line with what is wrong.
    """
    try:
        event: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as problem:
        raise refuse(path, "ars", f"is no JSON: {problem}") from None
    try:
        operations = {
            one["id"]: one["description"].split(" | ", 4)
            for method in event["methods"]
            for one in method["operations"]
        }
        return tuple(
            _row(analysis, result, operations[result["operationId"]])
            for analysis in event["analyses"]
            for result in analysis["results"]
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
        raise refuse(path, "ars", f"is no reporting event of onearm: {problem!r}") from None


def _row(analysis: Any, result: Any, operation: Sequence[str]) -> Row:
    statistic, kind, unit, level, method = operation
    groups = {one["groupingId"]: one for one in result["resultGroups"]}
    name = analysis["id"].removeprefix("AN.").partition(_OF_SET)[0]
    own, _, variant = name.partition(".")
    group = groups[GROUPS]["groupId"].removeprefix("G.")
    item = groups[ITEMS]["groupValue"] if ITEMS in groups else None
    raw = result.get("rawValue")
    of = Kind(kind)
    is_number = raw is not None and of not in (Kind.CODE, Kind.DATE)
    return Row(
        "/".join(part for part in (name, group, item, statistic) if part),
        own,
        variant or "default",
        analysis["analysisSetId"].removeprefix("AS."),
        group,
        item,
        statistic,
        of,
        json.loads(raw) if is_number else None,
        raw if of is Kind.CODE else None,
        dt.date.fromisoformat(raw) if raw is not None and of is Kind.DATE else None,
        None if unit == _ABSENT else unit,
        None if level == _ABSENT else float(level),
        None if method == _ABSENT else method,
    )
