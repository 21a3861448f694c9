"""The numbers of a registry record's results section, ours or anybody's.

Takes a ClinicalTrials.gov record (version 2 JSON), gives each number as it is
posted, with its path, what it is, its unit and its comment; and the same as
text for a reader. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from onearm.format import text_table
from onearm.io.json_fields import JsonField

SECTIONS = ("Participant flow", "Baseline characteristics", "Outcome measures", "Adverse events")
_MEASURED = {
    "value": "", "spread": "spread", "lowerLimit": "lower limit", "upperLimit": "upper limit",
}  # fmt: skip
_ANALYSED = {
    "paramValue": "estimate", "ciLowerLimit": "lower limit", "ciUpperLimit": "upper limit",
    "pValue": "p-value",
}  # fmt: skip
_GROUP = {
    "deathsNumAffected": "deaths", "deathsNumAtRisk": "at risk of death",
    "seriousNumAffected": "with a serious event", "seriousNumAtRisk": "at risk of a serious event",
    "otherNumAffected": "with another event", "otherNumAtRisk": "at risk of another event",
}  # fmt: skip
_STATS = {"numAffected": "affected", "numEvents": "events", "numAtRisk": "at risk"}


class Posted(NamedTuple):
    """One number of a record, as it is posted: ``NA`` with a comment, or a number as text."""

    path: str
    section: str
    title: str
    group: str
    item: str
    value: str
    unit: str | None = None
    comment: str | None = None


def posted_numbers(record: JsonField) -> tuple[Posted, ...]:
    """Return every number of the results section, in the order of the record.

    Raises
    ------
    InputError
        If a field has the wrong type: one line with its path.
    """
    section = record["resultsSection"]
    return (
        *_flow(section["participantFlowModule"]),
        *_baseline(section["baselineCharacteristicsModule"]),
        *_outcomes(section["outcomeMeasuresModule"]),
        *_adverse_events(section["adverseEventsModule"]),
    )


def posted_text(numbers: Sequence[Posted]) -> str:
    """Return the numbers as text: a table a title, below its section."""
    lines: list[str] = []
    for section, of_section in groupby(numbers, key=lambda one: one.section):
        lines += [section, "=" * len(section), ""]
        for title, of_title in groupby(of_section, key=lambda one: one.title):
            listed = list(of_title)
            rows = [
                [_line(cell) for cell in (one.item, one.group, one.value, one.unit, one.comment)]
                for one in listed
            ]
            head = ["what", "group", "value", "unit", "comment"]
            kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
            table = text_table(
                [head[place] for place in kept], [[row[place] for place in kept] for row in rows]
            )
            lines += [_line(title), table, ""]
    return "\n".join(lines)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _texts(given: JsonField, names: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield the given numbers of an object: path, what it is, value."""
    for key, what in names.items():
        found = given[key]
        if (value := found.number()) is not None:
            yield found.path, what, value


def _group(given: JsonField) -> str:
    return given["groupId"].text() or ""


def _denoms(module: JsonField, section: str, title: str) -> Iterator[Posted]:
    for one in module["denoms"].items():
        units = one["units"].text()
        for count in one["counts"].items():
            for path, _, value in _texts(count, {"value": ""}):
                yield Posted(path, section, title, _group(count), "analysed", value, units)


def _flow(module: JsonField) -> Iterator[Posted]:
    for period in module["periods"].items():
        title = period["title"].text() or "Period"
        for name, inner in (("milestones", "achievements"), ("dropWithdraws", "reasons")):
            for one in period[name].items():
                item = one["type"].text() or ""
                for count in one[inner].items():
                    for path, _, value in _texts(count, {"numSubjects": ""}):
                        yield Posted(path, SECTIONS[0], title, _group(count), item, value)


def _measured(one: JsonField, section: str, title: str) -> Iterator[Posted]:
    unit = one["unitOfMeasure"].text()
    for of_class in one["classes"].items():
        for category in of_class["categories"].items():
            names = [of_class["title"].text(), category["title"].text()]
            for found in category["measurements"].items():
                comment = found["comment"].text()
                for path, what, value in _texts(found, _MEASURED):
                    item = ", ".join(name for name in (*names, what) if name)
                    shown = item or (one["paramType"].text() or "value").lower()
                    yield Posted(path, section, title, _group(found), shown, value, unit, comment)


def _baseline(module: JsonField) -> Iterator[Posted]:
    yield from _denoms(module, SECTIONS[1], "Participants")
    for one in module["measures"].items():
        title = one["title"].text() or ""
        yield from _denoms(one, SECTIONS[1], title)
        yield from _measured(one, SECTIONS[1], title)


def _outcomes(module: JsonField) -> Iterator[Posted]:
    for one in module["outcomeMeasures"].items():
        title = f"{one['title'].text() or ''} ({(one['type'].text() or 'OTHER').lower()})"
        yield from _denoms(one, SECTIONS[2], title)
        yield from _measured(one, SECTIONS[2], title)
        for analysis in one["analyses"].items():
            groups = ", ".join(
                name for each in analysis["groupIds"].items() if (name := each.text())
            )
            method = analysis["statisticalMethod"].text()
            for path, what, value in _texts(analysis, _ANALYSED):
                yield Posted(
                    path, SECTIONS[2], title, groups, f"analysis, {what}", value, None, method
                )


def _adverse_events(module: JsonField) -> Iterator[Posted]:
    for one in module["eventGroups"].items():
        name = one["id"].text() or ""
        for path, what, value in _texts(one, _GROUP):
            yield Posted(path, SECTIONS[3], "All events", name, what, value)
    for key, title in (("seriousEvents", "Serious events"), ("otherEvents", "Other events")):
        for one in module[key].items():
            term, organ = one["term"].text() or "", one["organSystem"].text()
            for found in one["stats"].items():
                for path, what, value in _texts(found, _STATS):
                    item = f"{term}, {what}"
                    yield Posted(path, SECTIONS[3], title, _group(found), item, value, None, organ)
