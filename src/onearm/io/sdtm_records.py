"""From one observation of SDTM to one record, value by value, by the declared columns.

Takes texts with the variables that they came from, gives a record or findings
that name domain, row and variable. A partial date of an optional column is left
empty with a note, of a required one it is an error: nothing is imputed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from onearm.clinical.records import Row, Source, columns
from onearm.errors import Finding
from onearm.io.cells import CellError, Cells
from onearm.io.sdtm_files import Observation
from onearm.io.tables import record_enums

R = TypeVar("R", bound=Row)
Given = Mapping[str, tuple[str, str]]
"""For each column the text and the variable that it came from."""

_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T[0-9:.,+Z-]*)?")
_PARTIAL = re.compile(
    r"([0-9]{4}|-)(-(0[1-9]|1[0-2]|-)(-(0[1-9]|[12][0-9]|3[01]|-))?)?(T[0-9:.-]*)?"
)


def day_text(text: str) -> str:
    """Return the date of an ISO 8601 date or time; a partial one as it stands."""
    found = _DAY.fullmatch(text)
    return found[1] if found else text


def is_partial(text: str) -> bool:
    """Return whether a text is an ISO 8601 date without its day.

    >>> is_partial("2014-02"), is_partial("2014-02-03"), is_partial("2014---07"), is_partial("x")
    (True, False, True, False)
    >>> is_partial("2014-13"), is_partial("2014-2"), is_partial("2014-02-30"), is_partial("--02-07")
    (False, False, False, True)
    """
    return not _DAY.fullmatch(text) and bool(_PARTIAL.fullmatch(text))


class Maker(Generic[R]):
    """Makes the records of one table; a text is worked out once."""

    def __init__(self, record: type[R], report: Callable[[Finding], None]) -> None:
        self.record = record
        self.report = report
        self.columns = {column.name: column for column in columns(record)}
        enums = record_enums(record)
        self.cells = {
            name: Cells(column, enums.get(name, ())) for name, column in self.columns.items()
        }

    def make(self, row: Observation, given: Given, **more: Any) -> R | None:
        """Return the record, or None and an error for each value that does not fit."""
        values: list[Any] = []
        is_sound = True
        for name, column in self.columns.items():
            text, variable = given.get(name, ("", ""))
            if column.kind == "date" and text:
                text = day_text(text)
                if is_partial(text) and not column.is_required:
                    message = f"{variable} is partial, {text}; the date is left out"
                    self.report(row.finding("partial-date", message, variable, "note"))
                    text = ""
            try:
                values.append(self.cells[name][text])
            except CellError as problem:
                is_sound = False
                got = f"; got {text!r}" if text else ""
                said = variable or f"the variable of {name}"
                message = f"{said} {problem.allowed}{got}{problem.hint}"
                self.report(row.finding(problem.code, message, variable or None))
        if not is_sound:
            return None
        make: Any = self.record
        return make(*values, **more, source=self._source(row, values))  # type: ignore[no-any-return]

    def _source(self, row: Observation, values: list[Any]) -> Source:
        by_name = dict(zip(self.columns, values, strict=True))
        return source_of(row, self.record, by_name)


def source_of(row: Observation, record: type[Row], values: Mapping[str, Any]) -> Source:
    """Return where a record stands, with its natural key."""
    key = tuple("" if (v := values.get(name)) is None else str(v) for name in record.KEY)
    return Source(row.file, key, row.line)
