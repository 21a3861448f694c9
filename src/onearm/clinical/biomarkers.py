"""What one subject's biomarker is before treatment: a level, a number, or why neither.

Takes one subject's records and a planned marker. The latest result on or before
the day of the first dose counts; one without a date counts as taken before, and
a dated one goes before it. A binary marker is positive or negative by the words
that the protocol lists; a continuous one is a number, and where the protocol has
a cut it is ``high`` at or above it (>=), else ``low``. Knows one subject.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from onearm.clinical.lab_course import dosed
from onearm.clinical.records import Biomarker, Source, SubjectRecords
from onearm.format import plain
from onearm.protocol.schedule import PlannedBiomarker

POSITIVE, NEGATIVE, HIGH, LOW = "positive", "negative", "high", "low"


@dataclass(frozen=True, slots=True)
class MarkerValue:
    """A marker of one subject; neither ``level`` nor ``number`` where it cannot be evaluated."""

    level: str | None
    number: Decimal | None
    reason: str
    sources: tuple[Source, ...]

    @property
    def is_evaluable(self) -> bool:
        """Whether the marker says anything."""
        return self.level is not None or self.number is not None


def levels_of(marker: PlannedBiomarker) -> tuple[str, ...]:
    """Return the two levels of a marker, the one of interest first; none without a cut."""
    if marker.kind == "binary":
        return (POSITIVE, NEGATIVE)
    return () if marker.cut is None else (HIGH, LOW)


def marker_value(records: SubjectRecords, marker: PlannedBiomarker) -> MarkerValue:
    """Return what a marker of a subject is before treatment."""
    here = (records.subject.source,)
    name = marker.id.casefold()
    rows = [row for row in records.biomarkers or () if row.marker.casefold() == name]
    if not rows:
        return MarkerValue(None, None, f"no result of {marker.id}", here)
    days = dosed(records)
    start = None if days is None else days[0]
    before = [row for row in rows if row.date is None or start is None or row.date <= start]
    if not before:
        first = min(row.date for row in rows if row.date is not None)
        reason = f"the first result of {marker.id} is of {first}, after the first dose on {start}"
        return MarkerValue(None, None, reason, tuple(row.source for row in rows))
    row = max(before, key=lambda one: (one.date or dt.date.min, one.source.line))
    return _value(row, marker)


def _value(row: Biomarker, marker: PlannedBiomarker) -> MarkerValue:
    text, here = (row.value or "").strip(), (row.source,)
    when = f" on {row.date}" if row.date else ""
    if marker.kind == "binary":
        word = text.casefold()
        for level, words in ((POSITIVE, marker.positive), (NEGATIVE, marker.negative)):
            if word in {one.casefold() for one in words}:
                return MarkerValue(level, None, f"{text}{when}", here)
        wrong = f"the result {text!r}{when} is neither positive nor negative"
        return MarkerValue(None, None, wrong, here)
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        return MarkerValue(None, None, f"the result {text!r}{when} is no number", here)
    shown = f"{plain(number)} {row.unit or marker.unit or ''}".rstrip() + when
    if marker.cut is None:
        return MarkerValue(None, number, shown, here)
    level, sign = (HIGH, ">=") if number >= marker.cut else (LOW, "<")
    return MarkerValue(level, number, f"{shown}: {level}, {sign} {plain(marker.cut)}", here)
