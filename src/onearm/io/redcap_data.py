"""REDCap records: from an export with its dictionary to tables, and from tables to an import.

Reads raw values and labels, headers by name or by label, checkbox columns,
repeating instruments and events, and missing-data codes. A value that does not
fit is a finding with record, event and field; nothing is guessed. Knows no rule.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onearm.clinical.records import TABLES, columns
from onearm.errors import Finding, InputError, Place, Severity, nearest
from onearm.io.cells import CellError, Cells
from onearm.io.dataset import refuse
from onearm.io.redcap_dictionary import ONCE, ORIGIN, RECORD, RedcapField

EVENT, INSTRUMENT, INSTANCE = (
    "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance",
)  # fmt: skip
LABELS = {"Event Name": EVENT, "Repeat Instrument": INSTRUMENT, "Repeat Instance": INSTANCE}
MISSING = frozenset([
    "NI", "INV", "UNK", "NASK", "ASKU", "NAV", "MSK", "NA", "NAVU", "NP", "QS", "QI", "TRC", "OTH",
    "PINF", "NINF",
])  # fmt: skip
"""Missing-data codes that REDCap proposes."""

BOXES = {"1": True, "0": False, "": False, "Checked": True, "Unchecked": False}
YES_NO = {"1": "Y", "0": "N", "Yes": "Y", "No": "N", "True": "Y", "False": "N"}
COMPLETE = ("2", "Complete")
_KEYS = (EVENT, INSTRUMENT, INSTANCE)
_ARM = re.compile(r"(_arm_[0-9]+|\s*\(Arm [^)]*\))$")
Cell = tuple[str, str]  # a table and a column


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
        If the file cannot be read, or has no column of the records.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            rows = []
            start = reader.line_num + 1
            for row in reader:
                if any(row):
                    rows.append((start, row))
                start = reader.line_num + 1
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise refuse(path, "redcap-export", f"cannot be read: {problem}") from None
    return _Export(path, fields, header, missing).read(rows)


class _Export:
    """One export on its way into tables."""

    def __init__(
        self, path: Path, fields: Sequence[RedcapField], header: list[str], missing: frozenset[str]
    ) -> None:
        self.file = path.name
        self.missing = missing
        self.tables = RedcapTables()
        self.counts: Counter[str] = Counter()
        self.by_name = {one.name: one for one in fields}
        first = fields[0] if fields else None
        if first is None or (first.name not in header and first.label not in header):
            words = f"no column {first.name if first else RECORD!r}, the record of the dictionary"
            raise refuse(path, "redcap-export", words, 1)
        self.record = first
        self.at = {LABELS.get(name, name): n for n, name in enumerate(header)}
        self.boxes = self._find_boxes(header)
        self.places = self._find_places(header)
        self.is_labelled = first.name not in header
        self.mapped = [one for one in fields if one.table and one.column]
        self.readers = _readers()
        for one in self.mapped:
            table, column = str(one.table), str(one.column)
            headers = self.tables.headers.setdefault(table, ["subject_id"])
            headers.append(column)
            self.tables.rows.setdefault(table, [])
        self._say_unknown(header)

    def _find_places(self, header: list[str]) -> dict[str, int]:
        labels = Counter(one.label for one in self.by_name.values())
        found = {}
        for name, one in self.by_name.items():
            if name in header:
                found[name] = header.index(name)
            elif one.label in header and labels[one.label] == 1:
                found[name] = header.index(one.label)
        return found

    def _find_boxes(self, header: list[str]) -> dict[str, dict[str, int]]:
        """Return, for each checkbox field, where the column of each choice is."""
        found: dict[str, dict[str, int]] = {}
        for name, one in self.by_name.items():
            if one.kind != "checkbox":
                continue
            for code, label in one.choices.items():
                stored = f"{name}___{re.sub(r'[^a-z0-9]', '_', code.lower())}"
                shown = f"{one.label} (choice={label})"
                at = next((n for n, text in enumerate(header) if text in (stored, shown)), None)
                if at is not None:
                    found.setdefault(name, {})[label] = at
        return found

    def _say_unknown(self, header: list[str]) -> None:
        known = {header[at] for at in self.places.values()}
        known |= {header[at] for boxes in self.boxes.values() for at in boxes.values()}
        system = {EVENT, INSTRUMENT, INSTANCE, *LABELS}
        for name in header:
            is_system = name in system or name.startswith("redcap_") or name == "Complete?"
            if name not in known and not is_system and not name.endswith("_complete"):
                words = f"the column {name!r} is not in the dictionary and is not read"
                self._add("warning", "unknown-column", words, 1, name, None)
        for one in self.by_name.values():
            is_read = one.table is not None or one is self.record or one.kind == "descriptive"
            if not is_read and (one.name in self.places or one.name in self.boxes):
                words = f"no annotation says which column {one.name} is; it is not read"
                self._add("warning", "unmapped-field", words, 1, one.name, None)
        for one in self.mapped:
            if one.name not in self.places and one.name not in self.boxes:
                words = f"no column {one.name}, which is {one.table}.{one.column}"
                self._add("warning", "missing-column", words, 1, one.name, None)

    def _add(
        self, severity: Severity, code: str, words: str, line: int, name: str, record: str | None
    ) -> None:
        place = Place(self.file, line, None, name)
        self.tables.findings.append(Finding(severity, code, words, place, record))

    def read(self, rows: Iterable[tuple[int, list[str]]]) -> RedcapTables:
        """Return the tables of these rows."""
        width = len(self.at)
        by_table: dict[str, list[RedcapField]] = {}
        for one in self.mapped:
            by_table.setdefault(str(one.table), []).append(one)
        forms = {table: own[0].form for table, own in by_table.items()}
        taken: dict[tuple[str, ...], int] = {}
        for line, row in rows:
            if len(row) < width:
                words = f"the row has {len(row)} fields, the header {width}"
                self._add("error", "wrong-field-count", words, line, self.record.name, None)
                continue
            if not self._is_one(row, line, taken):
                continue
            for table, own in by_table.items():
                if self._is_of(row, forms[table]):
                    self._take(table, own, row, line)
        for code, n in sorted(self.counts.items()):
            words = f"the missing-data code {code} stands for no value, {n} times"
            self.tables.findings.append(Finding("note", "missing-data", words, Place(self.file)))
        return self.tables

    def _is_one(self, row: list[str], line: int, taken: dict[tuple[str, ...], int]) -> bool:
        """Return whether a row is of an instrument of the dictionary, and stands once."""
        record = row[self.places[self.record.name]].strip()
        keys = [row[self.at[name]].strip() for name in _KEYS if name in self.at]
        first = taken.setdefault((record, *keys), line)
        if first != line:
            said = ", ".join(key for key in keys if key)
            words = f"the record{f' ({said})' if said else ''} stands in line {first} already"
            self._add("error", "duplicate-record", words, line, self.record.name, record)
            return False
        said = row[self.at[INSTRUMENT]].strip() if INSTRUMENT in self.at else ""
        forms = {one.form for one in self.by_name.values()}
        if said and _plain(said) not in map(_plain, forms):
            words = f"{INSTRUMENT} must be an instrument of the dictionary; got {said!r}"
            words += nearest(said, forms)
            self._add("error", "unknown-instrument", words, line, INSTRUMENT, record)
            return False
        return True

    def _is_of(self, row: list[str], form: str) -> bool:
        """Return whether a row may hold an instrument: of a repeating one only that one."""
        said = row[self.at[INSTRUMENT]].strip() if INSTRUMENT in self.at else ""
        return not said or _plain(said) == _plain(form)

    def _take(self, table: str, own: Sequence[RedcapField], row: list[str], line: int) -> None:
        cells = {one.name: self._text(one, row) for one in own}
        is_said = INSTRUMENT in self.at and bool(row[self.at[INSTRUMENT]].strip())
        filled = [text for name, text in cells.items() if self.by_name[name].column != ORIGIN]
        done = self.at.get(f"{own[0].form}_complete")
        is_done = done is not None and row[done].strip() in COMPLETE
        if not any(filled) and not is_said and not (is_done and table in ONCE):
            return
        at = self.places[self.record.name]
        record = row[at].strip()
        found = {"subject_id": record}
        for one in own:
            value = self._value(one, cells[one.name], row, line, record)
            found[str(one.column)] = value
            said = cells[one.name]
            is_empty = not value and (not said or said in self.missing)
            if is_empty and one.name in self.places and (problem := self._problem(one, "")):
                self._misfit(one, said, problem, row, line, record)
        if "visit" in found and not found["visit"] and EVENT in self.at:
            found["visit"] = _ARM.sub("", row[self.at[EVENT]].strip()).upper().replace("_", " ")
        self.tables.rows[table].append(found)

    def _text(self, one: RedcapField, row: list[str]) -> str:
        if one.kind == "checkbox":
            boxes = self.boxes.get(one.name, {})
            return "; ".join(
                label for label, at in boxes.items() if BOXES.get(row[at].strip(), True)
            )
        at = self.places.get(one.name)
        return "" if at is None else row[at].strip()

    def _value(self, one: RedcapField, text: str, row: list[str], line: int, record: str) -> str:
        """Return a value as the table has it; what does not fit is a finding and empty."""
        if one.kind == "checkbox":
            wrong = {row[at] for at in self.boxes.get(one.name, {}).values()} - set(BOXES)
            if wrong:
                self._misfit(one, sorted(wrong)[0], "must be 0 or 1", row, line, record)
            return text
        if not text:
            return ""
        if one.kind in ("yesno", "truefalse"):
            choices: Mapping[str, str] = YES_NO
        else:
            choices = one.choices
        if choices:
            value = _chosen(text, choices, is_labelled=self.is_labelled)
            if value is not None:
                return value
        if text in self.missing:
            self.counts[text] += 1
            return ""
        if choices:
            allowed = ", ".join(f"{code} ({label})" for code, label in choices.items())
            self._misfit(one, text, f"must be one of {allowed}", row, line, record)
            return ""
        if problem := self._problem(one, text):
            self._misfit(one, text, problem, row, line, record)
            return ""
        return text

    def _problem(self, one: RedcapField, text: str) -> str | None:
        """Say what a text must be that is none of its column, or out of its range."""
        reader = self.readers.get((str(one.table), str(one.column)))
        try:
            if reader is not None:
                reader(text)
        except CellError as error:
            return error.allowed
        try:
            number = float(text)
            if one.least and number < float(one.least):
                return f"must be at least {one.least}"
            if one.most and number > float(one.most):
                return f"must be at most {one.most}"
        except ValueError:
            return None
        return None

    def _misfit(
        self, one: RedcapField, text: str, allowed: str, row: list[str], line: int, record: str
    ) -> None:
        where = [
            f"{word} {row[self.at[name]].strip()}"
            for word, name in (("event", EVENT), ("instance", INSTANCE))
            if name in self.at and row[self.at[name]].strip()
        ]
        at = f" in {', '.join(where)}" if where else ""
        words = f"{one.name} {allowed}; got {text!r}{at}"
        self._add("error", "redcap-value", words, line, one.name, record)


def _chosen(text: str, choices: Mapping[str, str], *, is_labelled: bool) -> str | None:
    """Return the value of a choice, by its code or its label; which goes first the header says."""
    by_label = text if text in choices.values() else None
    by_code = choices.get(text)
    return (by_label or by_code) if is_labelled else (by_code or by_label)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _readers() -> dict[Cell, Callable[[str], object]]:
    """Return what reads a cell of each column of the tables."""
    return {
        (record.TABLE, about.name): Cells(about).__getitem__
        for record in TABLES
        for about in columns(record)
    }


def import_text(
    fields: Sequence[RedcapField], rows: Mapping[str, Sequence[Mapping[str, str]]]
) -> tuple[str, list[str]]:
    """Return records as the CSV that REDCap takes, and what does not fit a field's choices.

    ``rows`` holds the texts of each table, by column, with ``subject_id``.
    """
    by_table: dict[str, list[RedcapField]] = {}
    for one in fields:
        if one.table:
            by_table.setdefault(one.table, []).append(one)
    names = [name for one in fields[1:] for name in _stored(one)]
    misfits: list[str] = []
    text = io.StringIO()
    done = [f"{table}_complete" for table in ONCE if table in by_table]
    header = [RECORD, INSTRUMENT, INSTANCE, *names, *done]
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    for found in _records(by_table, rows, misfits):
        writer.writerow(found)
    return text.getvalue(), misfits


def _stored(one: RedcapField) -> list[str]:
    return (
        [f"{one.name}___{code}" for code in one.choices] if one.kind == "checkbox" else [one.name]
    )


def _records(
    by_table: Mapping[str, Sequence[RedcapField]],
    rows: Mapping[str, Sequence[Mapping[str, str]]],
    misfits: list[str],
) -> Iterator[dict[str, str]]:
    """Yield the rows of an import: first each person, then the instances of each instrument."""
    people: dict[str, dict[str, str]] = {}
    for table in ONCE:
        for row in rows.get(table, ()):
            own = people.setdefault(row["subject_id"], {RECORD: row["subject_id"]})
            own |= _cells(by_table[table], row, misfits) | {f"{table}_complete": "2"}
    yield from people.values()
    for table, fields in by_table.items():
        instances: Counter[str] = Counter()
        for row in rows.get(table, ()) if table not in ONCE else ():
            who = row["subject_id"]
            instances[who] += 1
            yield {
                RECORD: who, INSTRUMENT: table, INSTANCE: str(instances[who]),
                **_cells(fields, row, misfits),
            }  # fmt: skip


def _cells(
    fields: Sequence[RedcapField], row: Mapping[str, str], misfits: list[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in fields:
        text = row.get(str(one.column), "")
        if one.kind == "checkbox":
            names = [part.strip() for part in text.split(";") if part.strip()]
            for code, label in one.choices.items():
                found[f"{one.name}___{code}"] = "1" if label in names else "0"
            misfits += [f"{one.name}: {name}" for name in names if name not in one.choices.values()]
        elif one.kind == "yesno":
            found[one.name] = {"Y": "1", "N": "0"}.get(text, "")
        elif one.choices:
            codes = {label: code for code, label in one.choices.items()}
            found[one.name] = codes.get(text, "")
            if text and text not in codes:
                misfits.append(f"{one.name}: {text}")
        else:
            found[one.name] = text
    return found
