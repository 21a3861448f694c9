"""What is certain of a subject of whom a day of assessment was recorded in part only.

Takes the records and the rules as a function, judges the subject for each day
that the partial date can be, and keeps what is the same for all of them; the rest
is null and named as ``NotKnown``. Nothing is imputed: no answer rests on a chosen
day. Which days a date can be:

* those of the recorded month or year, between the visits before and after;
* of a visit that its label calls baseline, none after the reference date; of one that
  it calls by a week or month, from the second on, none before or on it;
* none after the death of the subject.

One partial date of one visit is one scan and one day, whoever read it. Where more
than ``MOST_CASES`` combinations are possible, whatever goes by days is not known, but for
survival where the first and the last days give the same. Knows no rule of response.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise, product
from math import prod
from typing import Any, NamedTuple, TypeVar

from onearm.clinical.derived import (
    BestChange,
    BestResponse,
    BeyondProgression,
    Event,
    Membership,
    NotKnown,
    Reading,
    TimePoint,
)
from onearm.clinical.records import PartialDate, Source, SubjectRecords
from onearm.errors import Finding, Place
from onearm.terms import BASELINE_VISITS

MOST_CASES = 1000
"""Combinations of days that are judged one by one: those of any two months."""

_LATER = re.compile(r"(W|WEEK|M|MONTH)[ _-]?0*([2-9]|[1-9][0-9]+)\b", re.IGNORECASE)
"""Labels of a visit after the reference date."""

T = TypeVar("T")
Points = Mapping[tuple[str, str], tuple[TimePoint, ...]]
DATED = ("lesions", "responses")
"""Tables whose dates may be partial."""

WORDS = {
    "best": "best response",
    "confirmed_best": "confirmed best response",
    "confirmed_response": "confirmed response or not",
    "disease_control": "disease control",
    "clinical_benefit": "clinical benefit",
    "ibor": "best iRECIST response",
}
"""Answers of a best response that are no date, in words."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What of a subject's answers goes by the days of the assessments."""

    points: tuple[TimePoint, ...]
    best: BestResponse
    events: dict[str, Event]
    presets: dict[str, Event]
    beyond: BeyondProgression | None
    readings: dict[str, Reading]
    memberships: tuple[Membership, ...]
    best_change: BestChange
    findings: tuple[Finding, ...]


class Undated(NamedTuple):
    """The day of one visit, as it was recorded."""

    visit: str
    day: PartialDate

    def __str__(self) -> str:
        return f"{self.visit} ({self.day.where}, {self.day})"


def undated(records: SubjectRecords) -> tuple[Undated, ...]:
    """Return the visits without a day, in their order."""
    found = {
        Undated(row.visit or "", row.date)
        for table in DATED
        for row in getattr(records, table) or ()
        if isinstance(row.date, PartialDate)
    }
    return tuple(sorted(found, key=lambda one: (one.day.earliest, one.visit)))


def certain(
    records: SubjectRecords,
    judge: Callable[[SubjectRecords], Judged],
    points: Points,
    primary: tuple[str, str],
    limits: Limits,
) -> tuple[Judged, tuple[NotKnown, ...], list[Finding]]:
    """Judge a subject for each day that the partial dates can be, and keep what is the same.

    Parameters
    ----------
    records
        All records of one subject, with at least one partial date.
    judge
        The rules, over records with whole dates.
    points
        The time points of each evaluator and source, as far as they need no day.
    primary
        The evaluator and source whose time points count.
    limits
        The days that bound an assessment.

    Returns
    -------
    tuple
        The answers that hold for every day, those that are not known, and a
        warning that names these.
    """
    visits = undated(records)
    cases, is_whole = _cases(visits, _orders(records, visits), limits)
    found = [judge(_on(records, case, limits.cutoff)) for case in cases]
    kept = _Kept(records.subject.subject_id, visits, found, is_whole)
    return kept.judged(points, primary), tuple(kept.unknown), list(kept.warnings())


def agreed(
    points: Sequence[TimePoint], limits: Limits, answer: Callable[[Sequence[TimePoint]], T]
) -> T | None:
    """Return what a rule says of one evaluator's time points, None where a day decides it."""
    found = {Undated(p.visit, p.date) for p in points if isinstance(p.date, PartialDate)}
    if not found:
        return answer(points)
    visits = sorted(found, key=lambda one: one.day.earliest)
    cases, is_whole = _cases(visits, [visits], limits)
    answers = [answer(_dated(points, case)) for case in cases]
    return answers[0] if is_whole and all(one == answers[0] for one in answers) else None


def _dated(points: Sequence[TimePoint], case: Case) -> list[TimePoint]:
    return [
        replace(point, date=case[Undated(point.visit, point.date)])
        if isinstance(point.date, PartialDate)
        else point
        for point in points
    ]


class Limits(NamedTuple):
    """The days that bound when an assessment can have been."""

    reference: dt.date | None
    death: dt.date | None
    cutoff: dt.date | None


Case = Mapping[Undated, dt.date]


def _cases(
    visits: Sequence[Undated], orders: Sequence[Sequence[Undated]], limits: Limits
) -> tuple[list[Case], bool]:
    """Return the days that the visits can have had together, and whether these are all."""
    spans = {visit: _span(visit, limits) for visit in visits}
    is_whole = prod((last - first).days + 1 for first, last in spans.values()) <= MOST_CASES
    cases: list[Case]
    if is_whole:
        days = [
            [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
            for first, last in spans.values()
        ]
        cases = [dict(zip(visits, case, strict=True)) for case in product(*days)]
    else:
        cases = [_earliest(spans, orders), _latest(spans, orders, limits.cutoff)]
    ordered = [case for case in cases if _is_in_order(case, orders)]
    return ordered or cases[:1], is_whole and bool(ordered)


def _earliest(
    spans: Mapping[Undated, tuple[dt.date, dt.date]], orders: Sequence[Sequence[Undated]]
) -> Case:
    """Return the first days that the visits can have had together."""
    case = {visit: first for visit, (first, _) in spans.items()}
    for order in orders:
        for before, after in pairwise(order):
            case[after] = max(case[after], case[before] + dt.timedelta(days=1))
    return case


def _latest(
    spans: Mapping[Undated, tuple[dt.date, dt.date]],
    orders: Sequence[Sequence[Undated]],
    cutoff: dt.date | None,
) -> Case:
    """Return the last days that the visits can have had together, none past the cut-off."""
    case = {
        visit: last if cutoff is None or first > cutoff else min(last, cutoff)
        for visit, (first, last) in spans.items()
    }
    for order in orders:
        for after, before in pairwise(reversed(order)):
            case[before] = min(case[before], case[after] - dt.timedelta(days=1))
    return case


def _span(visit: Undated, limits: Limits) -> tuple[dt.date, dt.date]:
    first, last = visit.day.earliest, visit.day.latest
    is_baseline = visit.visit.upper() in BASELINE_VISITS
    for bound in (limits.death, limits.reference if is_baseline else None):
        if bound is not None and first <= bound < last:
            last = bound
    after = limits.reference
    if after is not None and first <= after < last and _LATER.match(visit.visit):
        first = after + dt.timedelta(days=1)
    return first, last


def _orders(records: SubjectRecords, visits: Sequence[Undated]) -> list[list[Undated]]:
    """Return the undated visits of each evaluator, in their order."""
    own: dict[str, set[Undated]] = {}
    for table in DATED:
        for row in getattr(records, table) or ():
            if isinstance(row.date, PartialDate):
                own.setdefault(row.evaluator, set()).add(Undated(row.visit or "", row.date))
    return [[visit for visit in visits if visit in seen] for seen in own.values()]


def _is_in_order(case: Case, orders: Iterable[Sequence[Undated]]) -> bool:
    return all(case[before] < case[after] for order in orders for before, after in pairwise(order))


def _on(records: SubjectRecords, case: Case, cutoff: dt.date | None) -> SubjectRecords:
    """Return the records as if the visits had been on these days."""
    changed: dict[str, Any] = {}
    for table in DATED:
        rows = getattr(records, table)
        if rows:
            dated = (
                replace(row, date=case[Undated(row.visit or "", row.date)])
                if isinstance(row.date, PartialDate)
                else row
                for row in rows
            )
            changed[table] = tuple(row for row in dated if cutoff is None or row.date <= cutoff)
    return replace(records, **changed)


class _Kept:
    """Gathers what is the same in every case, and what is not known."""

    def __init__(
        self, subject_id: str, visits: Sequence[Undated], found: Sequence[Judged], is_whole: bool
    ) -> None:
        self.subject_id = subject_id
        self.visits = visits
        self.found = found
        self.is_whole = is_whole
        self.unknown: list[NotKnown] = []
        self.named = ", ".join(map(str, visits))
        self.sources = found[0].best.sources

    def judged(self, points: Points, primary: tuple[str, str]) -> Judged:
        """Return the answers that hold whatever the days were."""
        first = self.found[0]
        return Judged(
            self._points([one.points for one in self.found], points.get(primary, ())),
            self._best([one.best for one in self.found], ""),
            self._events([one.events for one in self.found], ""),
            self._presets(),
            self._beyond(),
            {name: self._reading(name, points) for name in first.readings},
            tuple(
                map(self._membership, zip(*(one.memberships for one in self.found), strict=True))
            ),
            self._change(),
            tuple(self._findings()),
        )

    def warnings(self) -> Iterator[Finding]:
        """Yield one warning that names everything that is not known."""
        if self.unknown:
            day = self.visits[0].day
            file, _, rest = day.where.partition(":")
            line, _, variable = rest.partition(" ")
            said = "; ".join(dict.fromkeys(str(one) for one in self.unknown))
            message = f"{self.unknown[0].because}; not known: {said}"
            place = Place(file, int(line), None, variable)
            yield Finding("warning", "day-not-known", message, place, self.subject_id)

    def _not_known(
        self,
        variant: str,
        what: str,
        detail: str,
        sources: tuple[Source, ...],
        ends: tuple[Event | None, Event | None] = (None, None),
    ) -> None:
        verb = "day of {} is" if len(self.visits) == 1 else "days of {} are"
        because = f"the {verb.format(self.named)} not recorded"
        self.unknown.append(
            NotKnown(self.subject_id, variant, what, detail, because, sources, *ends)
        )

    def _same(self, values: Sequence[T]) -> T | None:
        """Return the value that every case has, None where they differ."""
        return values[0] if self.is_whole and all(v == values[0] for v in values) else None

    def _told(self, reasons: Sequence[str]) -> str:
        """Return the sentence of every case, or that of the first with what it stands for."""
        if self.is_whole and all(reason == reasons[0] for reason in reasons):
            return reasons[0]
        return f"so on each day that {self.named} can be; were it the first: {reasons[0]}"

    def _points(
        self, found: Sequence[Sequence[TimePoint]], known: Iterable[TimePoint]
    ) -> tuple[TimePoint, ...]:
        """Return the time points that are there, with the same responses, in every case."""
        as_recorded = {point.visit: point for point in known}
        days = {visit.visit: visit.day for visit in self.visits}
        by_visit: dict[str, list[TimePoint]] = {}
        for points in found:
            for point in points:
                by_visit.setdefault(point.visit, []).append(point)
        kept = []
        for visit, cases in by_visit.items():
            at, one = as_recorded.get(visit), cases[0]
            if len(cases) == len(found) and len(set(map(_letters, cases))) == 1:
                reason = self._told([case.reason for case in cases]) if at is None else at.reason
                date = days.get(visit, one.date) if at is None else at.date
                kept.append(replace(one, date=date, reason=reason, **self._irecist(cases, at)))
            else:
                here = f"the response of {one.evaluator} at {one.visit}"
                self._not_known("", here, "there or not, or another one", one.sources)
        return tuple(sorted(kept, key=lambda point: point.date))

    def _irecist(self, cases: Sequence[TimePoint], at: TimePoint | None) -> dict[str, Any]:
        """Return the iRECIST response of a time point with its reason, None where days decide."""
        found = [case.irecist for case in cases]
        if self.is_whole and len(set(found)) == 1:
            reasons = [case.irecist_reason or "" for case in cases]
            return {"irecist": found[0], "irecist_reason": self._told(reasons) or None}
        if at is not None and not self.is_whole:
            return {"irecist": at.irecist, "irecist_reason": at.irecist_reason}
        why = f"not derived: it goes by the day of {self.named}"
        if at is not None and at.irecist is None and at.irecist_reason:
            why = at.irecist_reason
        return {"irecist": None, "irecist_reason": why}

    def _best(self, found: Sequence[BestResponse], variant: str) -> BestResponse:
        told = ("subject_id", "evaluator", "reason", "sources")
        names = [field.name for field in fields(BestResponse) if field.name not in told]
        changes: dict[str, Any] = {}
        for name in names:
            values = [getattr(best, name) for best in found]
            changes[name] = self._same(values)
            if name in WORDS and changes[name] is None and any(v is not None for v in values):
                self._not_known(variant, WORDS[name], _choices(values, self.is_whole), self.sources)
        is_known = all(changes[name] == getattr(found[0], name) for name in WORDS)
        reasons = [best.reason for best in found]
        reason = (
            self._told(reasons) if is_known and self.is_whole else _listed(self.unknown, variant)
        )
        sources = tuple(dict.fromkeys(source for best in found for source in best.sources))
        return replace(found[0], **changes, reason=reason, sources=sources)

    def _events(self, found: Sequence[dict[str, Event]], variant: str) -> dict[str, Event]:
        names = dict.fromkeys(name for events in found for name in events)
        kept = {name: self._event(name, [one.get(name) for one in found], variant)
                for name in names}  # fmt: skip
        return {name: event for name, event in kept.items() if event is not None}

    def _event(self, name: str, found: Sequence[Event | None], variant: str) -> Event | None:
        there = [event for event in found if event is not None]
        sources = tuple(dict.fromkeys(source for event in there for source in event.sources))
        days = self._same([None if event is None else event.days for event in found])
        if name == "os" and there[0].rule == "DEATH":  # no scan decides
            return there[0]
        is_one_kind = len(there) == len(found) and len({(e.is_event, e.rule) for e in there}) == 1
        if name == "os" and len(there) > 1 and len({(e.time, e.rule) for e in there}) == 1:
            return replace(there[0], reason=self._told([event.reason for event in there]))
        if days is None or not is_one_kind:
            ends = self._ends(there) if len(there) == len(found) else (None, None)
            ranged = self._range(there, len(found))
            self._not_known(variant, name.upper(), ranged, sources, ends)
        if not self.is_whole or not is_one_kind:
            return None
        return replace(
            there[0],
            start=self._same([event.start for event in there]),
            end=self._same([event.end for event in there]),
            days=days,
            reason=self.unknown[-1].reason
            if days is None
            else self._told([event.reason for event in there]),
            sources=sources,
        )

    def _ends(self, there: Sequence[Event]) -> tuple[Event | None, Event | None]:
        """Return the shortest and the longest that a time can be."""
        if not self.is_whole:
            return None, None
        ordered = sorted(there, key=lambda event: (event.time, not event.is_event))
        return ordered[0], ordered[-1]

    def _range(self, there: Sequence[Event], cases: int) -> str:
        """Say what a time can be: from and to how many days, an event or not."""
        if not self.is_whole:
            return "not known"
        days = [event.time for event in there]
        kinds = dict.fromkeys("event" if event.is_event else "censored" for event in there)
        ranged = f"{min(days)} to {max(days)} days" if min(days) < max(days) else f"{days[0]} days"
        perhaps = ", or none" if len(there) < cases else ""
        return f"{ranged}, {' or '.join(kinds)}{perhaps}"

    def _presets(self) -> dict[str, Event]:
        found = [one.presets for one in self.found]
        kept = {
            name: self._event("pfs", [presets[name] for presets in found], name)
            for name in found[0]
        }
        return {name: event for name, event in kept.items() if event is not None}

    def _beyond(self) -> BeyondProgression | None:
        found = [one.beyond for one in self.found]
        known = [one and replace(one, reason="", sources=()) for one in found]
        there = [one for one in found if one is not None]
        if not there:
            return None
        if self._same(known) is None:
            self._not_known("", "treatment after progression", "not known", there[0].sources)
            return None
        return replace(there[0], reason=self._told([one.reason for one in there]))

    def _reading(self, name: str, points: Points) -> Reading:
        found = [one.readings[name] for one in self.found]
        first = found[0]
        return replace(
            first,
            time_points=self._points(
                [one.time_points for one in found], points.get((first.evaluator, first.source), ())
            ),
            best=self._best([one.best for one in found], name),
            events=self._events([one.events for one in found], name),
        )

    def _membership(self, found: Sequence[Membership]) -> Membership:
        if len({one.is_member for one in found}) == 1:
            return replace(found[0], reason=self._told([one.reason for one in found]))
        one = found[0]
        self._not_known("", f"{one.set} or not", "counted as not", one.sources)
        return replace(one, is_member=False, reason=self.unknown[-1].reason)

    def _change(self) -> BestChange:
        found = [one.best_change for one in self.found]
        same = self._same([(one.change_um, one.baseline_um, one.visit) for one in found])
        if same is not None:
            return replace(found[0], reason=self._told([one.reason for one in found]))
        self._not_known("", "best change of the sum", "not known", found[0].sources)
        none: dict[str, Any] = {"change_um": None, "baseline_um": None, "visit": None}
        return replace(found[0], **none, reason=self.unknown[-1].reason)

    def _findings(self) -> Iterator[Finding]:
        """Yield what every case gives notice of, and each error."""
        by_place: dict[Hashable, list[Finding]] = {}
        for one in self.found:
            for finding in one.findings:
                key = (finding.severity, finding.code, finding.place)
                by_place.setdefault(key, []).append(finding)
        for same in by_place.values():
            if len(same) >= len(self.found):
                yield same[0]._replace(message=self._told([one.message for one in same]))


def _letters(point: TimePoint) -> tuple[object, ...]:
    """Return what a time point says, but for its day and iRECIST."""
    sizes = point.sum_um, point.baseline_sum_um, point.nadir_sum_um
    return (*sizes, point.target, point.non_target, point.new_lesion, point.overall)


def _choices(values: Iterable[object], is_whole: bool) -> str:
    words = {True: "yes", False: "no", None: "none"}
    said = dict.fromkeys(words.get(v, str(v)) if isinstance(v, bool | None) else str(v)
                         for v in values)  # fmt: skip
    return " or ".join(said) if is_whole else "not known"


def _listed(unknown: Iterable[NotKnown], variant: str) -> str:
    said = [str(one) for one in unknown if one.variant == variant]
    return f"not known: {'; '.join(said)}"
