"""Values of a REDCap export that branching logic hides.

REDCap asks whether to erase a hidden value when somebody saves the form; an import, or
logic that was changed later, leaves it where nobody sees it, and an export holds it.
It is read as it stands, and said so. Logic that cannot be judged is said as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onearm.errors import Finding, Place
from onearm.format import count_of
from onearm.io.redcap_columns import Columns
from onearm.io.redcap_dictionary import RedcapField
from onearm.io.redcap_logic import parse_logic
from onearm.io.redcap_rows import ExportRow
from onearm.io.redcap_values import FieldReader


class _UnknownError(KeyError):
    """A field or event that the export does not have."""


class Hidden:
    """Which values of an export are hidden, by field."""

    def __init__(
        self, columns: Columns, readers: Mapping[str, FieldReader], rows: Sequence[ExportRow]
    ) -> None:
        self.columns = columns
        self.readers = readers
        self.events = {row.event for row in rows}
        self.whole = {(row.record, row.event): row for row in rows if not row.instrument}
        self.found: dict[str, list[ExportRow]] = {}
        self.unread: set[str] = set()

    def check(self, one: RedcapField, row: ExportRow) -> None:
        """Note a value if its field is hidden in this row."""
        if not one.branching or one.name in self.unread:
            return
        logic = parse_logic(one.branching)
        try:
            is_shown = logic is not None and logic(
                lambda name, box, event: self._stored(row, name, box, event)
            )
        except _UnknownError:
            logic, is_shown = None, True
        if logic is None:
            self.unread.add(one.name)
        elif not is_shown:
            self.found.setdefault(one.name, []).append(row)

    def _stored(self, row: ExportRow, name: str, box: str | None, event: str | None) -> str:
        """Return what REDCap stores for a field: in this row, or in the whole row of an event."""
        one = self.columns.fields.get(name)
        if one is None or not self.columns.has(one) or (event and event not in self.events):
            raise _UnknownError(name)
        own: ExportRow | None = row
        if event or row.form not in (None, one.form):
            own = self.whole.get((row.record, event or row.event))
        if own is None:
            return ""
        if one.kind == "checkbox":
            at = self.columns.boxes[name].get(box or "")
            return "" if at is None else "1" if own.cells[at] in ("1", "Checked") else "0"
        text = own.cells[self.columns.places[name]]
        reader = self.readers.get(name) or FieldReader(one, frozenset(), ",", labelled=None)
        try:
            return (reader.code(text) if reader.choices else None) or text
        except ValueError:
            raise _UnknownError(name) from None

    def say(self, findings: list[Finding]) -> None:
        """Add a warning for each field with hidden values, and a note for logic not judged."""
        for name, rows in self.found.items():
            logic = self.columns.fields[name].branching
            words = (
                f"{count_of(len(rows), 'value')} of {name} hidden by its branching logic, {logic},"
                " and read as found; the first"
            )
            place = Place(self.columns.file, rows[0].line, None, name)
            findings.append(Finding("warning", "hidden-value", words, place, rows[0].record))
        for name in sorted(self.unread - self.found.keys()):
            logic = self.columns.fields[name].branching
            words = f"whether {name} is hidden was not judged: {logic}"
            place = Place(self.columns.file, 1, None, name)
            findings.append(Finding("note", "branching-not-judged", words, place))
