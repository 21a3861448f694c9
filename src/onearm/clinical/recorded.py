"""Responses as evaluators recorded them: which count, and how they are time points.

Takes the recorded responses of one subject, gives time points by evaluator.
Where any of them carries the flag ``accepted``, adjudication took place: then
the accepted ones, whoever judged, are what is recorded of the primary
evaluator. Of one time point at most one can be accepted. Derives nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm.clinical.derived import TimePoint
from onearm.clinical.records import RecordedResponse
from onearm.errors import Finding, Place


def recorded_points(
    records: Sequence[RecordedResponse], evaluator: str, primary: str
) -> tuple[TimePoint, ...]:
    """Return the recorded responses of one evaluator as time points, by date.

    Parameters
    ----------
    records
        All recorded responses of the subject.
    evaluator
        Whose.
    primary
        The primary evaluator, who has the accepted responses of an adjudication.
    """
    is_adjudicated = any(record.is_accepted is not None for record in records)
    if is_adjudicated and evaluator == primary:
        chosen = [record for record in records if record.is_accepted]
    else:
        chosen = [record for record in records if record.evaluator == evaluator]
    points = [_time_point(record) for record in chosen if record.overall is not None]
    return tuple(sorted(points, key=lambda point: point.date))


def _time_point(record: RecordedResponse) -> TimePoint:
    assert record.overall is not None  # the caller has left the others out
    how = f"recorded by {record.evaluator}"
    if record.is_accepted:
        how += ", accepted by adjudication"
    return TimePoint(
        record.subject_id,
        record.evaluator,
        record.visit or record.date.isoformat(),
        record.date,
        None,
        None,
        None,
        record.target,
        record.non_target,
        bool(record.new_lesion),
        record.overall,
        record.irecist,
        f"{record.overall}: {how}",
        None if record.irecist is None else f"{record.irecist}: {how}",
        record.sources,
    )


def check_accepted(records: Sequence[RecordedResponse]) -> list[Finding]:
    """Return an error for each second response that is accepted for one time point."""
    first: dict[str, RecordedResponse] = {}
    findings = []
    for record in records:
        if not record.is_accepted:
            continue
        label = record.visit or record.date.isoformat()
        before = first.setdefault(label, record)
        if before is not record:
            message = (
                f"one response of {label} can be accepted; line {before.source.line} has "
                f"{before.overall or 'none'} by {before.evaluator}, here stands "
                f"{record.overall or 'none'} by {record.evaluator}"
            )
            place = Place(record.source.file, record.source.line, field="accepted")
            findings.append(Finding("error", "accepted-twice", message, place, record.subject_id))
    return findings
