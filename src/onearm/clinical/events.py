"""Time to progression and to death: event or censoring, with the rule that decided.

Takes what is known of one subject and the study's choices (``CensoringRules``),
gives an ``Event``. Durations are ``end - start + 1`` days. An assessment is
adequate when its overall response is not NE.

The earliest of these ends progression-free survival: PD (rule PD), death
(DEATH), and, where the study so chooses, a new anti-cancer therapy (NACT),
symptomatic deterioration (CLIN), treatment stopped for another reason (DISC).
On one day PD and death come first. What is chosen to censor does so at the last
adequate assessment before it; so do PD and death after missed assessments
(MISS2), when more than twice (interval + window) days passed since the last
adequate one, or since day 1. Without any of these the last adequate assessment
is the end (CUT); without an adequate one day 1 is (NOPOST, NOBASE). A death
before any assessment and within that limit is DEATH_EARLY.
Knows no statistics.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from onearm.clinical.derived import BestResponse, Event, TimePoint
from onearm.clinical.records import FollowUp, Source
from onearm.format import count_of
from onearm.protocol.censoring import CensoringRules
from onearm.terms import IResponse, Response

Dated = tuple[dt.date, Source]


@dataclass(frozen=True, slots=True)
class Known:
    """What bounds a subject's time to an event."""

    subject_id: str
    start: dt.date
    start_source: Source
    death: FollowUp | None = None
    new_therapy: Dated | None = None
    clinical_progression: Dated | None = None
    discontinuation: Dated | None = None
    last_contact: Dated | None = None
    missed_limit_days: int | None = None
    has_baseline: bool = True


@dataclass(frozen=True, slots=True)
class _End:
    date: dt.date
    rule: str
    reason: str
    sources: tuple[Source, ...]


def derive_pfs(known: Known, points: Sequence[TimePoint], rules: CensoringRules) -> Event:
    """Return the time to the first PD by RECIST 1.1, or death, or censoring."""
    after = _after(points, known.start)
    progression = next((point for point in after if point.overall is Response.PD), None)
    return _progression_free("pfs", known, after, progression, rules)


def derive_ipfs(
    known: Known, points: Sequence[TimePoint], best: BestResponse, rules: CensoringRules
) -> Event:
    """Return the time to progression by iRECIST, or death, or censoring."""
    after = [
        point
        for point in _after(points, known.start)
        if point.irecist is not None and point.irecist is not IResponse.NE
    ]
    progression = next((point for point in after if point.date == best.ipfs_date), None)
    why = "" if progression is None else _by_irecist(progression, after)
    return _progression_free("ipfs", known, after, progression, rules, why)


def _by_irecist(progression: TimePoint, points: Iterable[TimePoint]) -> str:
    """Say what became of the progression from which iPFS counts."""
    confirmed = next((point.date for point in points if point.irecist is IResponse.ICPD), None)
    if confirmed is None:
        return f"iUPD on {progression.date}, which nothing confirmed or resolved since"
    if confirmed == progression.date:
        return f"iCPD on {confirmed}"
    return f"iUPD on {progression.date}, confirmed by the iCPD on {confirmed}"


def _after(points: Iterable[TimePoint], start: dt.date) -> list[TimePoint]:
    return sorted((point for point in points if point.date > start), key=lambda p: p.date)


def _progression_free(
    endpoint: str,
    known: Known,
    points: Sequence[TimePoint],
    progression: TimePoint | None,
    rules: CensoringRules,
    why: str = "",
) -> Event:
    ends = []
    if progression is not None:
        why = why or f"PD on {progression.date}"
        ends.append(_End(progression.date, "PD", why, progression.sources))
    if known.death is not None:
        day = known.death.date
        ends.append(_End(day, "DEATH", f"died on {day} without PD", (known.death.source,)))
    if not known.has_baseline:
        return _without_baseline(endpoint, known, ends, rules)
    situations = _situations(known, rules)
    ends += [end for end, choice in situations if choice == "event"]
    end = min(ends, key=lambda e: e.date, default=None)  # PD and death stand first
    stops = [stop for stop, choice in situations if choice == "censor"]
    stop = min(stops, key=lambda e: e.date, default=None)
    if stop is not None and (end is None or stop.date < end.date):
        # A scan on the day of stopping counts, one on the day of a new therapy does not.
        before = stop.date if stop.rule == "NACT" else stop.date + dt.timedelta(days=1)
        return _censored(endpoint, known, points, before, stop.rule, stop.reason, stop.sources)
    if end is None:
        return _censored(endpoint, known, points, None, "CUT", "no PD and not died")
    gap = (end.date - _last_adequate_day(known, points, end.date)).days
    limit = known.missed_limit_days
    if rules.missed_assessments == "censor" and limit is not None and gap > limit:
        missed = f"{end.reason}, {gap} days after the last adequate assessment (more than {limit})"
        return _censored(endpoint, known, points, end.date, "MISS2", missed, end.sources)
    is_early = limit is not None and gap <= limit and not _adequate(points, None)
    if end.rule == "DEATH" and is_early:
        end = replace(end, rule="DEATH_EARLY")
    return _event(endpoint, known, end, is_event=True)


def _without_baseline(
    endpoint: str, known: Known, ends: Sequence[_End], rules: CensoringRules
) -> Event:
    death = next((end for end in ends if end.rule == "DEATH"), None)
    if death is not None and rules.no_baseline == "death_only":
        return _event(endpoint, known, death, is_event=True)
    reason = "censored on day 1: no baseline assessment"
    end = _End(known.start, "NOBASE", reason, (known.start_source,))
    return _event(endpoint, known, end, is_event=False)


def _situations(known: Known, rules: CensoringRules) -> list[tuple[_End, str]]:
    """Return what else happened, each with the study's choice."""
    found = (
        (known.new_therapy, "NACT", "new anti-cancer therapy", rules.new_therapy),
        (
            known.clinical_progression,
            "CLIN",
            "symptomatic deterioration",
            rules.clinical_progression,
        ),
        (known.discontinuation, "DISC", "treatment stopped without PD", rules.discontinuation),
    )
    return [
        (_End(dated[0], rule, f"{what} on {dated[0]}", (dated[1],)), choice)
        for dated, rule, what, choice in found
        if dated is not None
    ]


def _adequate(points: Iterable[TimePoint], before: dt.date | None) -> list[TimePoint]:
    return [
        point
        for point in points
        if point.overall is not Response.NE and (before is None or point.date < before)
    ]


def _last_adequate_day(
    known: Known, points: Iterable[TimePoint], before: dt.date | None
) -> dt.date:
    adequate = _adequate(points, before)
    return adequate[-1].date if adequate else known.start


def _censored(
    endpoint: str,
    known: Known,
    points: Sequence[TimePoint],
    before: dt.date | None,
    rule: str,
    why: str,
    more: tuple[Source, ...] = (),
) -> Event:
    """Censor at the last adequate assessment, on day 1 without one."""
    adequate = _adequate(points, before)
    if not adequate:
        reason = f"censored on day 1: {why}, no adequate assessment"
        nothing = rule if rule != "CUT" else "NOPOST"
        end = _End(known.start, nothing, reason, (known.start_source, *more))
        return _event(endpoint, known, end, is_event=False)
    last = adequate[-1]
    reason = f"censored on {last.date}, the last adequate assessment ({last.overall}): {why}"
    return _event(
        endpoint, known, _End(last.date, rule, reason, last.sources + more), is_event=False
    )


def _event(endpoint: str, known: Known, end: _End, *, is_event: bool) -> Event:
    return Event(
        known.subject_id,
        endpoint,
        known.start,
        end.date,
        (end.date - known.start).days + 1,
        is_event,
        end.rule,
        end.reason,
        tuple(dict.fromkeys((known.start_source, *end.sources))),
    )


def derive_os(known: Known) -> Event:
    """Return the time to death, censored at last contact (day 1 without one)."""
    if known.death is not None:
        day, source = known.death.date, known.death.source
        return _event("os", known, _End(day, "DEATH", f"died on {day}", (source,)), is_event=True)
    if known.last_contact is None or known.last_contact[0] <= known.start:
        end = _End(known.start, "NOPOST", "censored on day 1: no contact recorded after it", ())
    else:
        day, source = known.last_contact
        end = _End(day, "CUT", f"censored on {day}, last contact, alive", (source,))
    return _event("os", known, end, is_event=False)


def derive_ttr(known: Known, best: BestResponse) -> Event | None:
    """Return the time to the first date of the confirmed response; None without one."""
    day = best.confirmed_response_date
    if day is None:
        return None
    end = _End(
        day, "RESPONSE", f"response on {day}, confirmed on {best.confirming_date}", best.sources
    )
    return _event("ttr", known, end, is_event=True)


def derive_dor(endpoint: str, best: BestResponse, day: dt.date | None, pfs: Event) -> Event | None:
    """Return the time from the confirmed response to the end of PFS; None without one.

    A response that comes after PFS was censored is censored on its first day.
    """
    if day is None or pfs.end is None:
        return None
    is_late = pfs.end < day
    end = day if is_late else pfs.end
    days = (end - day).days + 1
    before = "censored on its first day, PFS having ended before: " if is_late else ""
    return Event(
        pfs.subject_id,
        endpoint,
        day,
        end,
        days,
        pfs.is_event and not is_late,
        pfs.rule,
        f"response since {day} ({count_of(days, 'day')}): {before}{pfs.reason}",
        tuple(dict.fromkeys(best.sources + pfs.sources)),
    )
