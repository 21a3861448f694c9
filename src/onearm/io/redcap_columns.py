"""Where each field of a dictionary stands in the header of a REDCap export.

An export names its columns by field or, with labels, by label; a checkbox has a column
for each choice, an instrument one that says whether it is complete. A label that stands
for several fields is told apart by the order of the dictionary where every one of them
is there, and is an error where not. Knows no row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from onearm.errors import Finding, Place, Severity
from onearm.io.redcap_dictionary import (
    ACCESS_GROUP,
    EVENT,
    INSTANCE,
    INSTRUMENT,
    RedcapField,
    column_of,
    plain_label,
)

SYSTEM = {
    "Event Name": EVENT, "Repeat Instrument": INSTRUMENT, "Repeat Instance": INSTANCE,
    "Data Access Group": ACCESS_GROUP, "Survey Identifier": "redcap_survey_identifier",
    "Survey Timestamp": "redcap_survey_timestamp",
}  # fmt: skip
COMPLETE = "Complete?"
_UNEXPORTED = ("checkbox", "descriptive")


class Columns:
    """The place of every field, box and system column; what is amiss is among the findings."""

    def __init__(
        self, file: str, header: Sequence[str], fields: Sequence[RedcapField],
        missing: frozenset[str],
    ) -> None:  # fmt: skip
        self.file = file
        self.header = header
        self.fields = {one.name: one for one in fields}
        self.findings: list[Finding] = []
        self.system = {SYSTEM.get(name, name): n for n, name in enumerate(header)
                       if name in SYSTEM or name.startswith("redcap_")}  # fmt: skip
        by_name = {name: header.index(name) for name in self.fields if name in header}
        self.shown = [plain_label(name) for name in header]
        by_label, unclear = _by_label(self.shown, fields)
        self.is_by_label = len(by_label) > len(by_name)
        self.places: Mapping[str, int] = by_label if self.is_by_label else by_name
        self.boxes = {
            name: self._boxes(one) for name, one in self.fields.items() if one.kind == "checkbox"
        }
        self.missing_boxes = {
            name: found
            for name in self.boxes
            if (found := self._find(name, {code: code for code in missing}))
        }
        self.done = dict(self._done())
        self._say_twice()
        for own in unclear if self.is_by_label else ():
            if any(one.table for one in own):
                names = ", ".join(one.name for one in own)
                words = f"the label {own[0].shown!r} stands for {names}; export the raw data"
                self.add("error", "ambiguous-label", words, own[0].name)
        self._say_unknown()

    def add(
        self, severity: Severity, code: str, words: str, name: str,
        line: int = 1, record: str | None = None,
    ) -> None:  # fmt: skip
        """Note a finding of a field."""
        place = Place(self.file, line, None, name)
        self.findings.append(Finding(severity, code, words, place, record))

    def has(self, one: RedcapField) -> bool:
        """Return whether a field has a column of its own, or one for a choice."""
        return one.name in self.places or bool(self.boxes.get(one.name))

    def tables(self) -> dict[str, list[RedcapField]]:
        """Return the fields of each table that the export holds; what it lacks is a finding."""
        held: dict[str, list[RedcapField]] = {}
        lacking: dict[str, list[RedcapField]] = {}
        for one in self.fields.values():
            if one.table:
                (held if self.has(one) else lacking).setdefault(one.table, []).append(one)
        for table in [name for name in lacking if name in held]:
            for one in lacking[table]:
                words = f"no column {one.name}, which is {table}.{one.column}"
                is_needed = column_of(table, str(one.column)).is_required
                self.add("error" if is_needed else "warning", "missing-column", words, one.name)
        if absent := [table for table in lacking if table not in held]:
            words = f"the export has no column of {', '.join(absent)}; not written"
            self.add("warning", "missing-table", words, lacking[absent[0]][0].name)
        return held

    def _boxes(self, one: RedcapField) -> dict[str, int]:
        """Return where the column of each choice of a checkbox is, by its code."""
        found = self._find(one.name, one.choices)
        lacking = [code for code in one.choices if code not in found]
        if found and lacking and one.table:
            words = (
                f"no column for the choices {', '.join(lacking)} of {one.name}, read as unchecked"
            )
            self.add("warning", "missing-column", words, one.name)
        return found

    def _find(self, name: str, choices: Mapping[str, str]) -> dict[str, int]:
        """Return where each of these boxes of a field is; a label that is shared goes by order."""
        one = self.fields[name]
        alike = [
            other.name
            for other in self.fields.values()
            if other.kind == "checkbox" and other.shown == one.shown
        ]
        found = {}
        for code, label in choices.items():
            stored = f"{name}___{re.sub(r'[^a-z0-9]', '_', code.lower())}"
            if stored in self.header:
                found[code] = self.header.index(stored)
                continue
            at = [n for n, text in enumerate(self.shown) if text == _box_label(one, label)]
            sharing = [
                other
                for other in alike
                if other == name
                or plain_label(label) in map(plain_label, self.fields[other].choices.values())
            ]
            if at and len(at) == len(sharing):
                found[code] = at[sharing.index(name)]
            elif at and one.table and code in one.choices:
                words = f"the label {self.header[at[0]]!r} stands for {', '.join(sharing)}"
                self.add("error", "ambiguous-label", f"{words}; export the raw data", name)
        return found

    def _done(self) -> Iterator[tuple[str, int]]:
        """Yield the column that says whether an instrument is complete: with labels its last."""
        forms = list(dict.fromkeys(one.form for one in self.fields.values()))
        yield from ((form, self.header.index(f"{form}_complete")) for form in forms
                    if f"{form}_complete" in self.header)  # fmt: skip
        form_at = {at: self.fields[name].form for name, at in self.places.items()}
        for name, boxes in self.boxes.items():
            form_at |= dict.fromkeys(boxes.values(), self.fields[name].form)
        last = None
        for at, text in enumerate(self.header):
            last = form_at.get(at, last)
            if text == COMPLETE and last:
                yield last, at

    def _say_twice(self) -> None:
        for name in {name for name in self.fields if self.header.count(name) > 1}:
            if not self.is_by_label:
                self.add("error", "duplicate-column", f"the column {name!r} stands twice", name)

    def _say_unknown(self) -> None:
        boxes = [*self.boxes.values(), *self.missing_boxes.values()]
        known = {*self.places.values(), *self.system.values(), *self.done.values()}
        known |= {at for found in boxes for at in found.values()}
        kept = {f"{one.form}_{what}" for one in self.fields.values()
                for what in ("timestamp", "return_code")}  # fmt: skip
        for at, name in enumerate(self.header):
            if at not in known and name not in kept and name not in SYSTEM and name != COMPLETE:
                words = f"the column {name!r} is not in the dictionary and is not read"
                self.add("warning", "unknown-column", words, name)
        record = next(iter(self.fields.values()))
        for one in self.fields.values():
            is_read = one.table or one is record or one.kind == "descriptive"
            if not is_read and self.has(one):
                words = f"no annotation says which column {one.name} is; it is not read"
                self.add("warning", "unmapped-field", words, one.name)


def _box_label(one: RedcapField, choice: str) -> str:
    return plain_label(f"{one.label} (choice={choice})")


def _by_label(
    header: Sequence[str], fields: Sequence[RedcapField]
) -> tuple[dict[str, int], list[list[RedcapField]]]:
    """Return where each field's label is, and the fields that one label does not tell apart."""
    sharing: dict[str, list[RedcapField]] = {}
    for one in fields:
        if one.kind not in _UNEXPORTED and one.shown:
            sharing.setdefault(one.shown, []).append(one)
    found: dict[str, int] = {}
    unclear = []
    for label, own in sharing.items():
        at = [n for n, text in enumerate(header) if text == label]
        if len(at) == len(own):
            found |= {one.name: n for one, n in zip(own, at, strict=True)}
        elif at:
            unclear.append(own)
    return found, unclear
