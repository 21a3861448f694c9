"""The rows of a REDCap export: of which record, event and instrument each is.

A row of a repeating instrument holds that instrument alone, one of a repeating event
the whole event; any other row is of an event, or of the record. With labels an
instrument stands under its display name, which no dictionary has: it is known by the
fields that its rows fill, if these are of one instrument alone. Knows no value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from onearm.errors import nearest
from onearm.format import count_of
from onearm.io.redcap_columns import Columns
from onearm.io.redcap_dictionary import ACCESS_GROUP, EVENT, INSTANCE, INSTRUMENT

_RAW_ARM = re.compile(r"_arm_([0-9]+)([a-z]?)$")
_SHOWN_ARM = re.compile(r"\s*\(Arm ([0-9]+)\b.*\)$")
_NOTHING = frozenset(["", "0", "Unchecked", "Incomplete"])


@dataclass(slots=True)
class ExportRow:
    """One row; ``form`` is the repeating instrument that it is of, if any."""

    line: int
    cells: Sequence[str]
    record: str
    event: str = ""
    instrument: str = ""  # as it stands
    instance: str = ""
    group: str = ""
    form: str | None = None

    @property
    def visit(self) -> str:
        """The event as the label of a visit; a repeating event is told apart by its number."""
        name, arm = self.event, _RAW_ARM.search(self.event)
        if arm:
            name = f"{name[: arm.start()]} {arm[2]}".strip()
        name = _SHOWN_ARM.sub("", name).upper().replace("_", " ")
        return f"{name} {self.instance}" if self.instance and not self.instrument else name

    @property
    def arm(self) -> str | None:
        """The number of the arm that the event is of; None where it does not say."""
        found = _RAW_ARM.search(self.event) or _SHOWN_ARM.search(self.event)
        return found[1] if found else None


def export_rows(
    columns: Columns, record: int, rows: Sequence[tuple[int, list[str]]]
) -> list[ExportRow]:
    """Return the rows that can be read; why another one cannot is among the findings."""
    width, name = len(columns.header), columns.header[record]
    taken: dict[tuple[str, ...], int] = {}
    found: list[ExportRow] = []
    for line, cells in rows:
        if len(cells) != width:
            words = f"the row has {count_of(len(cells), 'field')}, the header {width}"
            columns.add("error", "wrong-field-count", words, name, line)
            continue
        row = _row(columns, record, line, cells)
        keys = (row.event, row.instrument, row.instance)
        first = taken.setdefault((row.record, *keys), line)
        if not row.record:
            columns.add("error", "no-record", "the row names no record", name, line)
        elif not row.record.isprintable():
            words = f"a record must be a name on one line; got {row.record!r}"
            columns.add("error", "no-record", words, name, line)
        elif first != line:
            said = ", ".join(key for key in keys if key)
            words = f"the record{f' ({said})' if said else ''} stands in line {first} already"
            columns.add("error", "duplicate-record", words, name, line, row.record)
        else:
            found.append(row)
    _name_forms(columns, found, record)
    _say_arms(columns, found, name)
    return [row for row in found if not row.instrument or row.form]


def _row(columns: Columns, record: int, line: int, cells: list[str]) -> ExportRow:
    bare = [cell.strip() for cell in cells]
    said = {name: " ".join(bare[at].split()) for name, at in columns.system.items()}
    keys = (said.get(one, "") for one in (EVENT, INSTRUMENT, INSTANCE, ACCESS_GROUP))
    return ExportRow(line, bare, bare[record], *keys)


def _name_forms(columns: Columns, rows: Sequence[ExportRow], record: int) -> None:
    """Find the instrument of the dictionary that each row of a repeating one is of."""
    forms = {_plain(one.form): one.form for one in columns.fields.values()}
    named = {row.instrument for row in rows if row.instrument}
    known = {said: forms[_plain(said)] for said in named if _plain(said) in forms}
    for said in sorted(named - known.keys()):
        own = [row for row in rows if row.instrument == said]
        filled = _filled(columns, own, record)
        if columns.is_by_label and len(filled) == 1 and not filled & set(known.values()):
            (form,) = filled
            known[said] = form
            words = f"{said!r} is the instrument {form}: its rows fill fields of no other"
            columns.add("note", "instrument-label", words, INSTRUMENT, own[0].line)
        elif columns.is_by_label and not filled:
            words = f"{count_of(len(own), 'row')} of {said!r} hold no value and are not read"
            columns.add("warning", "empty-instrument", words, INSTRUMENT, own[0].line)
        else:
            for row in own:
                words = f"{INSTRUMENT} must be an instrument of the dictionary; got {said!r}"
                words += nearest(said, forms.values())
                columns.add("error", "unknown-instrument", words, INSTRUMENT, row.line, row.record)
    for row in rows:
        row.form = known.get(row.instrument)


def _filled(columns: Columns, rows: Sequence[ExportRow], record: int) -> set[str]:
    """Return the instruments that have a value in one of these rows."""
    places = [(at, columns.fields[name].form) for name, at in columns.places.items()]
    for name, boxes in columns.boxes.items():
        places += [(at, columns.fields[name].form) for at in boxes.values()]
    return {
        form
        for row in rows
        for at, form in places
        if at != record and row.cells[at] not in _NOTHING
    }


def _say_arms(columns: Columns, rows: Sequence[ExportRow], name: str) -> None:
    """Tell of records in several arms."""
    arms: dict[str, set[str]] = {}
    for row in rows:
        if row.arm:
            arms.setdefault(row.record, set()).add(row.arm)
    several = sorted(record for record, own in arms.items() if len(own) > 1)
    if several:
        words = f"{count_of(len(several), 'record')} in more than one arm, each read as one person"
        columns.add("warning", "several-arms", words, name, 1, several[0])


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
