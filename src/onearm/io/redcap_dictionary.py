"""REDCap data dictionaries: what each field is, and which column of a table.

A field says in its annotation which column it is (``onearm: lesions.date``), beside
whatever action tags stand there; that is how an export finds its way into the
tables, whatever fields are called. Where a choice is shown in other words than the
column has, the annotation says what its code means (``onearm: subjects.sex (1=F, 2=M)``).
Knows no data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onearm.clinical.records import TABLES, Column, columns
from onearm.errors import Finding, InputError, Place, nearest
from onearm.io.cells import CellError, Cells
from onearm.io.dataset import refuse
from onearm.io.redcap_file import read_sheet

RECORD, EVENT, INSTRUMENT, INSTANCE, ACCESS_GROUP = (
    "record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance",
    "redcap_data_access_group",
)  # fmt: skip
HEADER = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?", "Custom Alignment",
    "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation",
)  # fmt: skip
PREFIXES = {
    "subjects": "sub", "lesions": "les", "responses": "rsp", "overrides": "ovr",
    "endpoints": "end", "doses": "dos", "adverse_events": "ae", "follow_up": "fu",
    "new_therapies": "nth", "disposition": "dsp", "screening": "scr", "labs": "lab",
    "vitals": "vit", "ecg": "ecg", "performance": "ps", "prior_therapies": "pth",
    "conmeds": "cm", "history": "mh", "deviations": "dv", "samples": "smp", "biomarkers": "bio",
}  # fmt: skip
ONCE = ("subjects", "screening")
"""Instruments that do not repeat: a person has one record of each."""

ORIGIN = "data_origin"
CHOOSING = ("radio", "dropdown", "checkbox")
YES_NO = ("yesno", "truefalse")
_WORDS = {"yes": "Y", "no": "N", "true": "Y", "false": "N"}
_ANNOTATION = re.compile(
    r"onearm:\s*([a-z_]+)\.([A-Za-z0-9_]+)(?:\s*\(([^()]*=[^()]*)\))?", re.IGNORECASE
)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAG = re.compile(
    r"</?(?:a|b|br|center|div|em|font|h[1-6]|hr|i|img|li|ol|p|small|span|strong|sub|sup|u|ul)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RedcapField:
    """One field of a dictionary, with the column that it is, if any.

    ``choices`` maps what REDCap stores to what it shows, ``meanings`` what it stores to
    what the column holds, where the annotation says so.
    """

    name: str
    form: str
    kind: str  # text, notes, radio, dropdown, yesno, truefalse, checkbox, ...
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    validation: str = ""
    least: str = ""
    most: str = ""
    branching: str = ""
    is_required: bool = False
    table: str | None = None
    column: str | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The label as a header has it: without markup, on one line."""
        return plain_label(self.label)


def plain_label(text: str) -> str:
    """Return a label without markup, on one line."""
    return " ".join(_TAG.sub("", text).split())


def column_of(table: str, name: str) -> Column:
    """Return what a column of a table holds; one of the protocol's characteristics is text."""
    for record in TABLES:
        if table == record.TABLE:
            for about in columns(record):
                if about.name == name:
                    return about
    return Column(name, "text", name, None, (), False, None)


def values_of(one: RedcapField) -> dict[str, str]:
    """Return what the column holds for each choice, by its code; one that does not fit is absent.

    The annotation goes first; then the labels; then, where a label fits none, the codes.
    """
    if one.kind in YES_NO:
        return {"1": "Y", "0": "N"}
    if one.meanings:
        return dict(one.meanings)
    about = column_of(str(one.table), str(one.column))
    reader = Cells(about)
    labels = {code: plain_label(label) for code, label in one.choices.items()}
    if about.kind == "yes-no":
        labels = {code: _WORDS.get(label.lower(), label) for code, label in labels.items()}
    by_label = {code: label for code, label in labels.items() if _fits(reader, label)}
    by_code = {code: code for code in labels if _fits(reader, code)}
    return by_code if by_code and not by_label else by_label


def _fits(reader: Cells, text: str) -> bool:
    try:
        reader[text]
    except CellError:
        return False
    return bool(text)


def read_dictionary(path: Path) -> tuple[RedcapField, ...]:
    """Read a dictionary that REDCap or ``dictionary_text`` wrote.

    Raises
    ------
    InputError
        With every row that is wrong: file, line and what is allowed.
    """
    sheet = read_sheet(path, "redcap-dictionary", lambda header: HEADER[0] in header)
    if missing := [name for name in HEADER[:6] if name not in sheet.header]:
        words = f"is no REDCap data dictionary: no column {missing[0]!r}"
        raise refuse(path, "redcap-dictionary", words)
    findings: list[Finding] = []
    fields: list[RedcapField] = []
    for line, row in sheet.rows:
        if len(row) != len(sheet.header):
            words = f"the row has {len(row)} fields, the header {len(sheet.header)}"
            place = Place(path.name, line)
            findings.append(Finding("error", "wrong-field-count", words, place))
            continue
        cells = dict(zip(sheet.header, row, strict=True))
        one = _read(cells)
        findings += [
            Finding("error", "redcap-dictionary", words, Place(path.name, line, None, one.name))
            for words in _problems(one, fields, cells)
        ]
        fields.append(one)
    if findings:
        raise InputError(findings)
    if not fields:
        raise refuse(path, "redcap-dictionary", "holds no field")
    return tuple(fields)


def _read(cells: Mapping[str, str]) -> RedcapField:
    found = _ANNOTATION.search(cells.get(HEADER[17], ""))
    meanings: dict[str, str] = {}
    for part in (found[3] or "").split(",") if found else ():
        code, _, value = part.partition("=")
        meanings[code.strip()] = value.strip()
    return RedcapField(
        cells[HEADER[0]].strip(), cells[HEADER[1]].strip(), cells[HEADER[3]].strip().lower(),
        cells[HEADER[4]].strip(), dict(_choices(cells)), cells.get(HEADER[7], "").strip(),
        cells.get(HEADER[8], "").strip(), cells.get(HEADER[9], "").strip(),
        cells.get(HEADER[11], "").strip(), cells.get(HEADER[12], "").strip().lower() == "y",
        found[1].lower() if found else None, found[2] if found else None,
        {code: value for code, value in meanings.items() if code},
    )  # fmt: skip


def _choices(cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if cells[HEADER[3]].strip().lower() in CHOOSING:
        for part in filter(str.strip, cells[HEADER[5]].split("|")):
            code, _, label = part.partition(",")
            yield " ".join(code.split()), " ".join(label.split())


def _problems(
    one: RedcapField, before: Sequence[RedcapField], cells: Mapping[str, str]
) -> Iterator[str]:
    if not _NAME.fullmatch(one.name):
        yield f"a field name has lower-case letters, digits and underscores; got {one.name!r}"
    if any(one.name == other.name for other in before):
        yield f"field {one.name!r} stands twice"
    codes = [code for code, _ in _choices(cells)]
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        yield f"the code {code!r} of {one.name} stands for two choices"
    if one.table is None:
        return
    if len(_ANNOTATION.findall(cells.get(HEADER[17], ""))) > 1:
        yield f"the annotation of {one.name} names two columns; a field is one"
    if one.table not in PREFIXES:
        yield f"{one.table!r} is no table of a study{nearest(one.table, PREFIXES)}"
        return
    record = next(record for record in TABLES if one.table == record.TABLE)
    known = [*(about.name for about in columns(record)), ORIGIN]
    if one.column == "subject_id":
        yield "subject_id is the record itself; another field cannot be it"
    elif one.table != "subjects" and one.column not in known:
        # In subjects any other name is a characteristic of the protocol.
        yield f"{one.table} has no column {one.column!r}{nearest(str(one.column), known)}"
    else:
        yield from _wrong_meanings(one)
    if any((one.table, one.column) == (other.table, other.column) for other in before):
        yield f"column {one.table}.{one.column} has two fields"


def _wrong_meanings(one: RedcapField) -> Iterator[str]:
    """Yield what an annotation says of a code that is none, or a value that its column refuses."""
    reader = Cells(column_of(str(one.table), str(one.column)))
    for code, value in one.meanings.items():
        if code not in one.choices:
            codes = ", ".join(one.choices) or "none"
            yield f"the annotation of {one.name} names the code {code!r}; its choices are {codes}"
        try:
            reader[value]
        except CellError as error:
            yield f"{one.table}.{one.column} {error.allowed}; the annotation says {value!r}"
