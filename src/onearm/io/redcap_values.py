"""One value of a REDCap export: from what is stored or shown to what the column holds.

Takes the text of a cell and its field, gives the text for the table, or says what is
allowed. Nothing is guessed:

* A choice is read by its code or by its label. A text that is the code of one choice
  and the label of another is read as the whole file has its choices.
* A missing-data code is no value, unless it is a choice of the field itself.
* A date is YYYY-MM-DD, as REDCap exports every date however the field shows it; of a
  date with a time the day is read.
* A decimal comma is read where the field is validated so, or where the file is not
  separated by commas and the field is validated as a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from onearm.io.cells import CellError, Cells
from onearm.io.redcap_columns import Columns
from onearm.io.redcap_dictionary import (
    CHOOSING,
    YES_NO,
    RedcapField,
    column_of,
    plain_label,
    values_of,
)

MISSING = frozenset([
    "NI", "INV", "UNK", "NASK", "ASKU", "NAV", "MSK", "NA", "NAVU", "NP", "QS", "QI", "TRC", "UNC",
    "DER", "OTH", "PINF", "NINF",
])  # fmt: skip
"""Missing-data codes that REDCap proposes."""

TIME, COMMA = "the time of day is not read", "the decimal comma is read as a point"
_BOXES = {"1": True, "0": False, "": False, "Checked": True, "Unchecked": False}
_DATE_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_OTHER_DATE = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1([0-9]{4}|[0-9]{2})")
_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Value(NamedTuple):
    """What a cell gives; ``allowed`` says what it must be, where it does not fit."""

    text: str
    allowed: str | None = None
    remark: str | None = None  # a missing-data code, or what was not taken over


def choices_of(one: RedcapField) -> Mapping[str, str]:
    """Return the choices of a field by their codes, also of one for yes and no."""
    if one.kind == "yesno":
        return {"1": "Yes", "0": "No"}
    if one.kind == "truefalse":
        return {"1": "True", "0": "False"}
    return one.choices


def is_labelled(columns: Columns, rows: Iterable[Sequence[str]]) -> bool | None:
    """Return whether the choices of an export stand as labels; None where both are found.

    An export in which every choice could be either is as its header is.
    """
    asked = [
        (at, {code: plain_label(label) for code, label in choices_of(one).items()})
        for name, at in columns.places.items()
        if (one := columns.fields[name]).kind in (*CHOOSING, *YES_NO) and one.table
    ]
    codes = labels = False
    for row in rows:
        for at, choices in asked:
            text = row[at].strip()
            if text:
                is_code, is_label = text in choices, text in choices.values()
                codes |= is_code and not is_label
                labels |= is_label and not is_code
    if codes and labels:
        return None
    return labels or (columns.is_by_label and not codes)


class FieldReader:
    """Reads the values of one field."""

    def __init__(
        self, one: RedcapField, missing: frozenset[str], separator: str, *, labelled: bool | None
    ) -> None:
        self.field = one
        self.missing = missing
        self.labelled = labelled
        self.values = values_of(one)
        self.choices = {code: plain_label(text) for code, text in choices_of(one).items()}
        self.codes = {label: code for code, label in self.choices.items()}
        self.reads_codes = (
            one.kind in CHOOSING
            and not one.meanings
            and all(code == value for code, value in self.values.items())
            and any(value != self.choices[code] for code, value in self.values.items())
        )
        self.cells = Cells(column_of(str(one.table), str(one.column)))
        self.has_comma = "comma" in one.validation or (
            separator != "," and one.validation.startswith(("number", "integer"))
        )

    def code(self, text: str) -> str | None:
        """Return the code of a choice, None of what is none; two that it may be are an error."""
        by_code = text if text in self.choices else None
        by_label = self.codes.get(text)
        if by_code and by_label and by_code != by_label and self.labelled is None:
            raise ValueError(text)
        if self.labelled:
            return by_label or by_code
        return by_code or by_label

    def read(self, text: str) -> Value:
        """Return the value of a cell that is none of a checkbox."""
        if not text:
            return Value("", self._problem(""))
        if self.choices:
            try:
                code = self.code(text)
            except ValueError:
                words = "is the code of one choice and the label of another, and the file has both"
                return Value("", f"{words}; export it raw")
            if code is not None:
                return self._of_choice(code)
        if text in self.missing:
            return Value("", self._problem(""), text)
        if self.choices:
            allowed = ", ".join(f"{code} ({label})" for code, label in self.choices.items())
            return Value("", f"must be one of {allowed}")
        return self._plain(text)

    def boxes(self, cells: Mapping[str, str]) -> Value:
        """Return the value of a checkbox from the texts of its boxes, by code."""
        checked = []
        for code, text in cells.items():
            is_checked = _BOXES.get(text)
            if is_checked is None and text != self.choices[code]:
                return Value("", "must be 0 or 1")
            if is_checked is not False:
                checked.append(code)
        values = [self._of_choice(code) for code in checked]
        wrong = next((one for one in values if one.allowed), None)
        text = "; ".join(one.text for one in values)
        return wrong or Value(text, self._problem(text))

    def _of_choice(self, code: str) -> Value:
        if code in self.values:
            return Value(self.values[code])
        allowed = self._problem(self.choices[code]) or "must be a value of its column"
        column = f"{self.field.table}.{self.field.column}"
        return Value("", f"{allowed}; the annotation can say so, onearm: {column} ({code}=...)")

    def _plain(self, text: str) -> Value:
        remark = None
        if self.field.validation.startswith("datetime") and (found := _DATE_TIME.fullmatch(text)):
            text, remark = found[1], TIME
        if self.has_comma and _COMMA.fullmatch(text):
            text, remark = text.replace(",", "."), COMMA
        allowed = self._problem(text)
        if allowed and _OTHER_DATE.fullmatch(text):
            allowed += (
                ", as REDCap exports it however the field shows it;"
                " a spreadsheet may have rewritten it: export again"
            )
        return Value("" if allowed else text, allowed, remark)

    def _problem(self, text: str) -> str | None:
        """Say what a text must be that is none of its column, or out of the field's range."""
        try:
            self.cells[text]
        except CellError as error:
            return error.allowed
        least, most = self.field.least, self.field.most
        if text and least and _is_below(text, least):
            return f"must be at least {least}"
        if text and most and _is_below(most, text):
            return f"must be at most {most}"
        return None


def _is_below(one: str, other: str) -> bool:
    """Return whether a number or a day is below another; what is neither has no order."""
    if _ISO.fullmatch(one) and _ISO.fullmatch(other):
        return one < other
    try:
        return Decimal(one.replace(",", ".")) < Decimal(other.replace(",", "."))
    except InvalidOperation:
        return False
