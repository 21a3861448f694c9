"""REDCap records: from an export with its dictionary to the tables of a study.

A value that does not fit is a finding with record, event and field. A table that a
person has once is put together from whichever rows hold its fields; any other has a
record for each row that fills one. Knows no rule.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onearm.clinical.records import TABLES, columns
from onearm.errors import Finding, Place
from onearm.format import count_of
from onearm.io.dataset import refuse
from onearm.io.redcap_columns import Columns
from onearm.io.redcap_dictionary import ACCESS_GROUP, EVENT, ONCE, ORIGIN, RedcapField
from onearm.io.redcap_file import read_sheet
from onearm.io.redcap_hidden import Hidden
from onearm.io.redcap_rows import ExportRow, export_rows
from onearm.io.redcap_values import MISSING, FieldReader, Value, is_labelled

COMPLETE = ("2", "Complete")
ONE_VISIT_DAYS = 14
"""Rows of a repeating instrument in one event are one visit if they lie so many days apart (<=)."""


@dataclass(slots=True)
class RedcapTables:
    """Header and rows of each table as text, and what was found on the way."""

    headers: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read_export(
    path: Path, fields: Sequence[RedcapField], missing: frozenset[str] = MISSING
) -> RedcapTables:
    """Read an export, raw or with labels, by its dictionary.

    Raises
    ------
    InputError
        If the file cannot be read, or has no column of the records or of a table.
    """
    first = fields[0]
    names = {first.name, first.shown}
    sheet = read_sheet(path, "redcap-export", lambda header: bool(names & set(header)))
    place = next((n for n, name in enumerate(sheet.header) if name in names), None)
    if place is None:
        words = f"no column {first.name!r}, the record of the dictionary"
        raise refuse(path, "redcap-export", words, 1)
    if not sheet.rows:
        raise refuse(path, "redcap-export", "holds no record below its header", 1)
    found = Columns(path.name, sheet.header, fields, missing)
    tables = found.tables()
    if not tables:
        words = "no column of a table of the dictionary: these two do not belong together"
        raise refuse(path, "redcap-export", words, 1)
    labelled = is_labelled(found, [row for _, row in sheet.rows if len(row) == len(sheet.header)])
    readers = {
        one.name: FieldReader(one, missing, sheet.separator, labelled=labelled)
        for own in tables.values()
        for one in own
    }
    return _Export(found, tables, readers, export_rows(found, place, sheet.rows)).read()


class _Export:
    """One export on its way into tables."""

    def __init__(
        self, found: Columns, tables: Mapping[str, list[RedcapField]],
        readers: Mapping[str, FieldReader], rows: Sequence[ExportRow],
    ) -> None:  # fmt: skip
        self.columns = found
        self.tables = tables
        self.readers = readers
        self.rows = rows
        self.remarks: dict[str, Counter[str]] = {}
        self.hidden = Hidden(found, readers, rows)
        self.event_names = {table for table in tables if self._is_given(table, "visit", EVENT)}
        self.group_names = self._is_given("subjects", "site", ACCESS_GROUP)
        self.visits: dict[tuple[str, str, str], ExportRow] = {}
        self.in_events: dict[tuple[str, str, str], list[tuple[ExportRow, dict[str, str]]]] = {}
        self.once: dict[tuple[str, str], tuple[ExportRow, dict[str, tuple[Value, int]]]] = {}

    def _is_given(self, table: str, column: str, system: str) -> bool:
        """Return whether a column can come from what REDCap itself knows of a row."""
        record = next(one for one in TABLES if table == one.TABLE)
        names = {about.name for about in columns(record)}
        return table in self.tables and system in self.columns.system and column in names

    def read(self) -> RedcapTables:
        """Return the tables."""
        found = RedcapTables(findings=self.columns.findings)
        for table, own in self.tables.items():
            given = ["visit"] * (table in self.event_names)
            given += ["site"] * (table == "subjects" and self.group_names)
            names = [str(one.column) for one in own]
            found.headers[table] = ["subject_id", *names, *(n for n in given if n not in names)]
            found.rows[table] = []
        for row in self.rows:
            for table, own in self.tables.items():
                fields = [one for one in own if row.form in (None, one.form)]
                if fields and self._is_filled(table, fields, row):
                    if table in ONCE:
                        self._merge(table, fields, row)
                    else:
                        found.rows[table].append(self._record(table, own, fields, row))
        for (table, _), (row, values) in self.once.items():
            found.rows[table].append(self._person(table, row, values))
        self._part_visits()
        self._say_codes(found.findings)
        self._say_remarks(found.findings)
        self.hidden.say(found.findings)
        return found

    def _is_filled(self, table: str, fields: Sequence[RedcapField], row: ExportRow) -> bool:
        if any(self._said(one, row) for one in fields if one.column != ORIGIN):
            return True
        done = {one.form for one in fields} & self.columns.done.keys()
        is_done = any(row.cells[self.columns.done[form]] in COMPLETE for form in done)
        return bool(row.instrument) or (table in ONCE and is_done)

    def _said(self, one: RedcapField, row: ExportRow) -> str:
        """Return what a cell says; of a checkbox its checked boxes."""
        if one.kind != "checkbox":
            return row.cells[self.columns.places[one.name]]
        cells = {code: row.cells[at] for code, at in self.columns.boxes[one.name].items()}
        return ", ".join(text for text in cells.values() if text not in ("", "0", "Unchecked"))

    def _value(self, one: RedcapField, row: ExportRow) -> Value:
        """Return the value of a field; what was not taken over is counted."""
        reader = self.readers[one.name]
        if one.kind != "checkbox":
            value = reader.read(row.cells[self.columns.places[one.name]])
        else:
            boxes = self.columns.boxes[one.name]
            value = reader.boxes({code: row.cells[at] for code, at in boxes.items()})
            for code, at in self.columns.missing_boxes.get(one.name, {}).items():
                if not value.text and row.cells[at] in ("1", "Checked"):
                    value = Value("", value.allowed, code)
        if value.remark:
            self.remarks.setdefault(value.remark, Counter())[one.name] += 1
        if value.text:
            self.hidden.check(one, row)
        return value

    def _record(
        self, table: str, own: Sequence[RedcapField], fields: Sequence[RedcapField], row: ExportRow
    ) -> dict[str, str]:
        found = {"subject_id": row.record} | {str(one.column): "" for one in own}
        for one in fields:
            value = self._value(one, row)
            found[str(one.column)] = value.text
            if value.allowed:
                self._misfit(one, value.allowed, row)
        if table in self.event_names and not found.get("visit"):
            found["visit"] = self._visit(table, row)
            if row.instrument:
                self.in_events.setdefault((table, row.record, row.event), []).append((row, found))
        return found

    def _part_visits(self) -> None:
        """Take the visit from rows of one event that lie too far apart to be one."""
        for (table, record, event), pairs in self.in_events.items():
            days = sorted(
                dt.date.fromisoformat(found["date"]) for _, found in pairs if found.get("date")
            )
            if days and (days[-1] - days[0]).days > ONE_VISIT_DAYS:
                for _, found in pairs:
                    found["visit"] = ""
                words = (
                    f"the event {event!r} names no visit of {table}: its rows lie"
                    f" {(days[-1] - days[0]).days} days apart; ask the visit in the form"
                )
                self.columns.add("warning", "no-visit", words, EVENT, pairs[0][0].line, record)

    def _visit(self, table: str, row: ExportRow) -> str:
        """Return the visit that an event is; two events of a record are never one visit."""
        first = self.visits.setdefault((table, row.record, row.visit), row)
        if first.event != row.event:
            words = f"the events {first.event!r} and {row.event!r} name one visit, {row.visit!r}"
            self.columns.add("error", "two-events", words, EVENT, row.line, row.record)
        return row.visit

    def _merge(self, table: str, fields: Sequence[RedcapField], row: ExportRow) -> None:
        """Add what a row says of a person; two rows that differ are an error."""
        _, known = self.once.setdefault((table, row.record), (row, {}))
        for one in fields:
            said, value = self._said(one, row), self._value(one, row)
            if not said:
                continue
            if value.allowed:
                self._misfit(one, value.allowed, row)
            before = known.setdefault(one.name, (value, row.line))
            if before[0].text != value.text:
                words = f"must be one value of a person, {before[0].text!r} in line {before[1]}"
                self._misfit(one, words, row)

    def _person(
        self, table: str, row: ExportRow, values: Mapping[str, tuple[Value, int]]
    ) -> dict[str, str]:
        found = {"subject_id": row.record}
        for one in self.tables[table]:
            found[str(one.column)] = values[one.name][0].text if one.name in values else ""
            if one.name not in values and one.kind != "checkbox":
                problem = self.readers[one.name].read("").allowed
                if problem:
                    self._misfit(one, problem, row)
        if table == "subjects" and self.group_names and not found.get("site"):
            found["site"] = row.group
        return found

    def _misfit(self, one: RedcapField, allowed: str, row: ExportRow) -> None:
        where = [
            f"{word} {said}"
            for word, said in (("event", row.event), ("instance", row.instance))
            if said
        ]
        at = f" in {', '.join(where)}" if where else ""
        words = f"{one.name} {allowed}; got {self._said(one, row)!r}{at}"
        self.columns.add("error", "redcap-value", words, one.name, row.line, row.record)

    def _say_codes(self, findings: list[Finding]) -> None:
        """Say of which fields the codes of the choices are read, because no label fits."""
        for name, reader in self.readers.items():
            if reader.reads_codes:
                one = reader.field
                shown = ", ".join(f"{code} is {label!r}" for code, label in reader.choices.items())
                words = f"{name} gives {one.table}.{one.column} its codes, not its labels: {shown}"
                place = Place(self.columns.file, 1, None, name)
                findings.append(Finding("note", "codes-read", words, place))

    def _say_remarks(self, findings: list[Finding]) -> None:
        for remark, names in sorted(self.remarks.items()):
            listed = ", ".join(f"{name} {n}" for name, n in sorted(names.items()))
            times = count_of(sum(names.values()), "time")
            words = f"the missing-data code {remark} stands for no value"
            if " " in remark:
                words = remark
            place = Place(self.columns.file)
            findings.append(Finding("note", "taken-in", f"{words}, {times}: {listed}", place))
