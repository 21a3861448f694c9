"""The visits of SDTM: how they are called, and on which days they were.

A visit goes by VISITNUM. One whose date is partial gets its place between the
visits before and after, and no day; nothing is imputed. Knows no lesion.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Protocol

from onearm.clinical.records import PartialDate
from onearm.io.sdtm_files import Folder, Observation
from onearm.io.sdtm_records import day_text, is_partial


class Scan(Protocol):
    """What is asked of a result: its row, its date as it stands, and its domain."""

    @property
    def row(self) -> Observation:
        """The row."""

    @property
    def day(self) -> str:
        """The date of --DTC."""

    @property
    def domain(self) -> str:
        """TU or TR."""


class Visits:
    """How visits are called: by VISIT, with its number where one label has several."""

    def __init__(self, *domains: Sequence[Observation]) -> None:
        self.numbers: dict[str, set[str]] = defaultdict(set)
        for row in (row for rows in domains for row in rows):
            self.numbers[row["VISIT"]].add(row["VISITNUM"])

    def label(self, row: Observation) -> str | None:
        """Return the label of a row's visit, None where it names none."""
        name, number = row["VISIT"], row["VISITNUM"]
        if not name:
            return f"VISIT {number}" if number else None
        return f"{name} {number}" if len(self.numbers[name]) > 1 and number else name


def days_of(groups: Mapping[str, Sequence[Scan]], folder: Folder) -> dict[tuple[str, str], dt.date]:
    """Return the day of each visit and text; the text "" stands for a row without its own date."""
    found: dict[tuple[str, str], dt.date] = {}
    undated: dict[str, tuple[str, Observation]] = {}
    spans: dict[str, tuple[dt.date, dt.date]] = {}
    for number, group in groups.items():
        texts = {day_text(seen.day): seen for seen in group if seen.day}
        partial = next((text for text in texts if is_partial(text)), None)
        if partial is not None:
            undated[number] = partial, texts[partial].row
            continue
        own = []
        for text, seen in texts.items():
            try:
                found[number, text] = dt.date.fromisoformat(text)
                own.append(found[number, text])
            except ValueError:
                message = f"{seen.domain}DTC must be a date of ISO 8601; got {text!r}"
                folder.findings.append(seen.row.finding("not-a-date", message, f"{seen.domain}DTC"))
        if own:
            spans[number] = min(own), max(own)
            found[number, ""] = max(own)
        elif not texts:
            row, domain = group[0].row, group[0].domain
            message = f"{domain}DTC must hold the day of the scan"
            folder.findings.append(row.finding("missing-value", message, f"{domain}DTC"))
    for number, (text, row) in sorted(undated.items(), key=lambda item: _in_order(item[0])):
        days = _place_in_order(number, text, row, spans, folder)
        if days is None:
            continue
        spans[number] = days[0], days[0]
        variable = f"{row['DOMAIN']}DTC"
        message = f"{variable} is partial, {text}: the visit goes by VISITNUM, and has no day"
        folder.findings.append(row.finding("partial-date", message, variable, "note"))
        day = PartialDate.placed(text, days, f"{row.file}:{row.line} {variable}")
        for seen in groups[number]:
            found[number, day_text(seen.day)] = day
        found[number, ""] = day
    return found


def _in_order(number: str) -> tuple[bool, Decimal]:
    """Return what visits are sorted by; one without a number comes last."""
    try:
        return False, Decimal(number)
    except InvalidOperation:
        return True, Decimal(0)


def _place_in_order(
    number: str,
    text: str,
    row: Observation,
    spans: dict[str, tuple[dt.date, dt.date]],
    folder: Folder,
) -> tuple[dt.date, dt.date] | None:
    """Return the days between the visits before and after that are within what was recorded."""
    variable = f"{row['DOMAIN']}DTC"
    try:
        own = Decimal(number)
        ordered = [(Decimal(other), span) for other, span in spans.items()]
    except InvalidOperation:
        got = f"got {row['VISITNUM']!r}"
        message = f"{variable} is partial, {text}; then VISITNUM must be a number; {got}"
        folder.findings.append(row.finding("partial-date", message, "VISITNUM"))
        return None
    day = dt.timedelta(days=1)
    before = max((span[1] for other, span in ordered if other < own), default=dt.date.min)
    after = min((span[0] for other, span in ordered if other > own), default=dt.date.max)
    first, last = period(text)
    low = max(first, before + day)
    high = min(last, after - day if after > dt.date.min else after)
    if low > high:
        message = f"{variable} is partial, {text}; no day of it lies between the visits before and"
        folder.findings.append(row.finding("partial-date", f"{message} after", variable))
        return None
    return low, high


def period(text: str) -> tuple[dt.date, dt.date]:
    """Return the first and the last day that a partial date can be.

    >>> [str(day) for day in period("2014-02")]
    ['2014-02-01', '2014-02-28']
    """
    found = re.match(r"(\d{4})(?:-(\d{2}))?", text)
    if found is None:
        return dt.date.min, dt.date.max
    year, month = int(found[1]) or 1, found[2]
    if month is None or not 1 <= int(month) <= 12:
        return dt.date(year, 1, 1), dt.date(year, 12, 31)
    return (
        dt.date(year, int(month), 1),
        dt.date(year, int(month), calendar.monthrange(year, int(month))[1]),
    )
