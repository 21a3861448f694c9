"""Where a running trial stands against the toxicity boundary of its protocol.

Takes the treated subjects by enrolment. A subject counts when a qualifying
adverse event began within the window from the first dose (the day of the first
dose is day 1), and is open while the window is not over and no such event is
known. An event whose first day is not known leaves its subject open. The bound
is reached at >=.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from onearm.clinical.records import AdverseEvent, SubjectRecords
from onearm.design.looks import Look
from onearm.format import text_table
from onearm.protocol.stopping import ToxicEvent, ToxicityStopping
from onearm.results.design_rows import planned_boundary


@dataclass(frozen=True, slots=True)
class ToxicityLook:
    """One look: of the first ``n`` by enrolment, who had such an event and who still may.

    ``decision`` is ``stop``, ``go on``, ``waits`` (for open windows) or
    ``enrols`` (fewer than n are in). ``bound`` is None where no count stops.
    """

    n: int
    enrolled: int
    with_event: int
    open: int
    bound: int | None
    decision: str


@dataclass(frozen=True, slots=True)
class ToxicityStanding:
    """The looks, and the sentence that says which event counts."""

    looks: tuple[ToxicityLook, ...]
    event: str

    def as_text(self) -> str:
        """Return one line a look, and what is counted."""
        header = ("First n", "Enrolled", "With event", "Open", "Stops at", "Decision")
        rows = [
            (str(s.n), str(s.enrolled), str(s.with_event), str(s.open),
             "" if s.bound is None else str(s.bound), s.decision)
            for s in self.looks
        ]  # fmt: skip
        return f"Toxicity: {self.event}\n\n{text_table(header, rows)}"


def toxicity_standing(
    plan: ToxicityStopping, people: Sequence[SubjectRecords], cutoff: dt.date | None
) -> ToxicityStanding:
    """Say where the subjects, ordered by enrolment, stand against the boundary.

    Without ``cutoff`` no window is open. Raises DesignError.
    """
    seen = [_seen(records, plan.event, cutoff) for records in people]
    looks = tuple(_look(look, seen) for look in planned_boundary(plan).looks)
    return ToxicityStanding(looks, _words(plan.event))


def _seen(records: SubjectRecords, event: ToxicEvent, cutoff: dt.date | None) -> tuple[bool, bool]:
    """Return whether a qualifying event is known, and whether one still may come."""
    start = records.subject.first_dose_date
    if start is None:
        return False, True
    last = start + dt.timedelta(days=event.within - 1)
    found = [row.onset_date for row in records.adverse_events or () if _counts(row, event)]
    has = any(day is not None and start <= day <= last for day in found)
    may = None in found or (cutoff is not None and cutoff < last)
    return has, not has and may


def _counts(row: AdverseEvent, event: ToxicEvent) -> bool:
    wanted = {term.casefold() for term in event.terms or ()}
    return (
        (row.grade or 0) >= event.grade_at_least
        and (bool(row.is_related) or not event.is_related)
        and (not wanted or row.term.casefold() in wanted)
    )


def _look(look: Look, seen: Sequence[tuple[bool, bool]]) -> ToxicityLook:
    first = seen[: look.n]
    count, may = sum(has for has, _ in first), sum(is_open for _, is_open in first)
    bound = look.high
    if bound is not None and count >= bound:
        decision = "stop"
    elif len(first) < look.n:
        decision = "enrols"
    else:
        decision = "waits" if bound is not None and count + may >= bound else "go on"
    return ToxicityLook(look.n, len(first), count, may, bound, decision)


def _words(event: ToxicEvent) -> str:
    related = "treatment-related " if event.is_related else ""
    terms = f" ({', '.join(event.terms)})" if event.terms else ""
    grade = "" if event.grade_at_least == 5 else " or higher"
    return (
        f"subjects with a {related}adverse event{terms} of grade {event.grade_at_least}{grade}"
        f" that begins on days 1 to {event.within}"
    )
