"""Times to an event and best responses as a study recorded them, without their sources.

Takes the recorded endpoints of one subject by one evaluator, gives events and a
best response in the form of the derived ones. Times are taken as they stand, by
their unit: a week has exactly 7 days. What is not recorded stays unknown: no
date, no confirmation, no duration of stable disease. Derives nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from onearm.clinical.best import has_disease_control
from onearm.clinical.derived import BestResponse, Event
from onearm.clinical.records import RecordedEndpoint
from onearm.errors import Finding, Place
from onearm.format import number, plain
from onearm.protocol.response import ResponseRules
from onearm.terms import DAYS_PER_MONTH, Response

DAYS_PER_UNIT = {"DAYS": Fraction(1), "WEEKS": Fraction(7), "MONTHS": DAYS_PER_MONTH}
BEST, CONFIRMED = "BEST RESPONSE", "CONFIRMED BEST RESPONSE"
RECORDED = "RECORDED"


def recorded_events(rows: Iterable[RecordedEndpoint], evaluator: str) -> dict[str, Event]:
    """Return the recorded times of one evaluator, by endpoint."""
    return {
        row.endpoint.lower(): _event(row)
        for row in rows
        if row.evaluator == evaluator and row.endpoint not in (BEST, CONFIRMED)
    }


def _event(row: RecordedEndpoint) -> Event:
    assert row.time is not None  # both are checked before
    assert row.time_unit is not None
    days = Fraction(row.time) * DAYS_PER_UNIT[row.time_unit]
    how = _status(bool(row.is_event))
    return Event(
        row.subject_id,
        row.endpoint.lower(),
        None,
        None,
        int(days) if days.denominator == 1 else float(days),
        bool(row.is_event),
        RECORDED,
        f"{how} after {plain(row.time)} {row.time_unit.lower()}, recorded by {row.evaluator}",
        (row.source,),
    )


def recorded_best(
    subject_id: str, rows: Iterable[RecordedEndpoint], evaluator: str, rules: ResponseRules
) -> BestResponse:
    """Return the recorded best responses of one evaluator; None where none is recorded."""
    own = {row.endpoint: row for row in rows if row.evaluator == evaluator and row.response}
    best = own[BEST].response if BEST in own else None
    confirmed = own[CONFIRMED].response if CONFIRMED in own else None
    told = [f"{name.lower()} {row.response}" for name, row in own.items()
            if name in (BEST, CONFIRMED)]  # fmt: skip
    reason = f"{', '.join(told)}: recorded by {evaluator}" if told else "no best response recorded"
    return BestResponse(
        subject_id,
        evaluator,
        best,
        None,
        confirmed,
        None,
        None if confirmed is None else confirmed in (Response.CR, Response.PR),
        None,
        None,
        has_disease_control(confirmed, rules),
        _clinical_benefit(confirmed, rules),
        None,
        None,
        None,
        reason,
        tuple(row.source for name, row in own.items() if name in (BEST, CONFIRMED)),
    )


def _clinical_benefit(confirmed: Response | None, rules: ResponseRules) -> bool | None:
    """Return the benefit where it is certain: how long a stable disease lasted is not known."""
    if confirmed in (Response.CR, Response.PR):
        return True
    return None if has_disease_control(confirmed, rules) is not False else False


def endpoint_differences(
    rows: Iterable[RecordedEndpoint],
    evaluator: str,
    events: Mapping[str, Event],
    best: BestResponse,
) -> list[Finding]:
    """Return a warning for each recorded endpoint of an evaluator that is not the derived one.

    A time is compared in its own unit, to the decimals that are recorded. Where
    visits were collected the derived endpoints count.
    """
    findings = []
    for row in rows:
        if row.evaluator != evaluator or any(_lacks(row)):
            continue
        theirs, ours, reason = _sides(row, events, best)
        if theirs != ours:
            place = Place(row.source.file, row.source.line, field="endpoint")
            message = f"recorded {row.endpoint} {theirs}, derived {ours}{reason}"
            findings.append(Finding("warning", "endpoint-differs", message, place, row.subject_id))
    return findings


def _sides(
    row: RecordedEndpoint, events: Mapping[str, Event], best: BestResponse
) -> tuple[str, str, str]:
    """Return a recorded endpoint, the derived one in its manner, and the reason of that."""
    if row.endpoint in (BEST, CONFIRMED):
        derived = best.best if row.endpoint == BEST else best.confirmed_best
        return str(row.response), str(derived or "unknown"), f" ({best.reason})"
    assert row.time is not None  # both are checked before
    assert row.time_unit is not None
    unit, digits = row.time_unit.lower(), -min(0, int(row.time.as_tuple().exponent))
    event = events.get(row.endpoint.lower())
    theirs = f"{number(row.time, digits)} {unit}, {_status(bool(row.is_event))}"
    if event is None:
        return theirs, "none", ""
    days = Fraction(event.time) / DAYS_PER_UNIT[row.time_unit]
    ours = f"{number(days, digits)} {unit}, {_status(event.is_event)}"
    return theirs, ours, f" ({event.rule}: {event.reason})"


def _status(is_event: bool) -> str:
    return "event" if is_event else "censored"


def check_endpoints(rows: Iterable[RecordedEndpoint]) -> list[Finding]:
    """Return an error for each recorded endpoint that lacks what it needs."""
    findings = []
    for row in rows:
        for field, message in _lacks(row):
            place = Place(row.source.file, row.source.line, field=field)
            findings.append(Finding("error", "incomplete-endpoint", message, place, row.subject_id))
    return findings


def _lacks(row: RecordedEndpoint) -> Iterable[tuple[str, str]]:
    if row.endpoint in (BEST, CONFIRMED):
        if row.response is None:
            yield "response", f"{row.endpoint} needs a response"
        return
    if row.time is None:
        yield "time", f"{row.endpoint} needs a time"
    elif row.time <= 0:
        yield "time", f"time must be above 0, the first day being day 1; got {plain(row.time)}"
    if row.time_unit is None:
        yield "time_unit", f"{row.endpoint} needs a time_unit: {', '.join(DAYS_PER_UNIT)}"
    if row.is_event is None:
        yield "event", f"{row.endpoint} needs Y (event) or N (censored) in event"
