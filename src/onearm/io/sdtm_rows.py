"""Rows of SDTM on their way out: study days, epochs and supplemental qualifiers.

Gathers the rows of each domain for ``io.sdtm_out`` and ``io.sdtm_assessments``.
Knows no table.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from onearm.clinical.records import known_day
from onearm.io.dataset import Kind, Value

Cells = dict[str, Value]

INTEGERS = ("AGE", "VISITNUM", "SEQ", "DY", "STDY", "ENDY")
FLOATS = ("STRESN", "DOSE", "STNRLO", "STNRHI")
TESTS = {
    "TUMIDENT": "Tumor Identification",
    "TUSPLIT": "Tumor Split",
    "TUMERGE": "Tumor Merged",
    "LDIAM": "Longest Diameter",
    "LPERP": "Longest Perpendicular",
    "TUMSTATE": "Tumor State",
    "TRGRESP": "Target Response",
    "NTRGRESP": "Non-target Response",
    "NEWLIND": "New Lesion Indicator",
    "OVRLRESP": "Overall Response",
    "ECOG101": "ECOG1-Performance Status",
    "KPS101": "KPS1-Karnofsky Performance Status",
    "SURVSTAT": "Survival Status",
}


@dataclass(slots=True)
class Writing:
    """One study on its way out: what is known of each subject, and the rows so far."""

    study: str
    tables: Mapping[str, Sequence[Any] | None]
    origins: frozenset[str]
    domains: dict[str, list[Cells]] = field(default_factory=lambda: defaultdict(list))
    supplements: dict[str, list[Cells]] = field(default_factory=lambda: defaultdict(list))
    starts: dict[str, dt.date] = field(default_factory=dict)
    ends: dict[str, dt.date] = field(default_factory=dict)
    visits: dict[str, int] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def rows(self, table: str) -> Sequence[Any]:
        """Return the rows of a table, none where it was not collected."""
        return self.tables.get(table) or ()

    def add(self, domain: str, subject: str, cells: Cells, more: Mapping[str, Any]) -> None:
        """Add a row, with study days, epoch and its supplemental qualifiers (by name and label)."""
        self.counts[domain, subject] += 1
        number = self.counts[domain, subject]
        head: Cells = {"STUDYID": self.study, "DOMAIN": domain, "USUBJID": subject}
        head[f"{domain}SEQ"] = number
        row = {**head, **cells}
        for name in ("DTC", "STDTC", "ENDTC"):
            day = cells.get(f"{domain}{name}")
            if isinstance(day, dt.date):
                row[f"{domain}{name}"] = day.isoformat()
                if known_day(day) is None:
                    continue
                row[f"{domain}{name.replace('DTC', 'DY')}"] = self.day(subject, day)
                if name != "ENDTC" and domain not in ("CM", "PR", "MH"):
                    row.setdefault("EPOCH", self.epoch(subject, day))
        self.domains[domain].append(row)
        for name, value in more.items():
            self.supplement(domain, subject, name, name, value, f"{domain}SEQ", str(number))

    def supplement(
        self, domain: str, subject: str, name: str, label: str, value: Any, key: str, of: str
    ) -> None:
        """Add a supplemental qualifier, unless it has no value."""
        text = text_of(value)
        if text:
            self.supplements[domain].append(
                {
                    "STUDYID": self.study, "RDOMAIN": domain, "USUBJID": subject, "IDVAR": key,
                    "IDVARVAL": of, "QNAM": name, "QLABEL": label, "QVAL": text, "QORIG": "CRF",
                    "QEVAL": "",
                }
            )  # fmt: skip

    def day(self, subject: str, day: dt.date) -> int | None:
        """Return the study day: the first dose is day 1, the day before it day -1."""
        start = self.starts.get(subject)
        if start is None:
            return None
        days = (day - start).days
        return days + 1 if days >= 0 else days

    def epoch(self, subject: str, day: dt.date) -> str:
        """Return the epoch of a day: before the first dose, up to the last, after it."""
        start, end = self.starts.get(subject), self.ends.get(subject)
        if start is None or day < start:
            return "SCREENING"
        return "TREATMENT" if end is None or day <= end else "FOLLOW-UP"


def kind_of(variable: str) -> Kind:
    """Return what kind of value a variable holds."""
    if variable in INTEGERS or variable[2:] in INTEGERS:
        return "integer"
    return "float" if variable[2:] in FLOATS else "text"


def text_of(value: Any) -> str:
    """Return a value of a record as text: "" for none, Y or N, names parted by semicolons."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, tuple):
        return "; ".join(value)
    return str(value)


def number_of(text: str) -> float | None:
    """Return the number that a text is, None where it is none."""
    try:
        number = float(Decimal(text))
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return number if number - number == 0 else None
