"""Time to progression and to death: event or censoring, with the rule that decided.

Takes what is known of one subject, gives an ``Event``. Durations are
``end - start + 1`` days. An assessment is adequate when its overall response
is not NE.

Censoring of progression-free survival, by preset (situations of the table of
the 2007 FDA guidance on cancer endpoints, appendix 3, and of the EMA's
treatment-policy reading; the paper's own rule is ``paper``):

========================================  ==================  =================
situation                                 fda                 ema, paper
========================================  ==================  =================
PD or death                               event on that day   the same
PD or death after two missed assessments  last adequate one   event on that day
new anti-cancer therapy before PD         last adequate one   ignored
nothing of these                          last adequate one   the same
no assessment after baseline              day 1               the same
========================================  ==================  =================

"After two missed assessments" means that more than twice (interval + window)
days passed since the last adequate one, or since day 1. Knows no statistics.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from onearm.clinical.derived import BestResponse, Event, TimePoint
from onearm.clinical.records import FollowUp, Source
from onearm.format import count_of
from onearm.terms import IResponse, Response

Preset = Literal["paper", "fda", "ema"]


@dataclass(frozen=True, slots=True)
class Known:
    """What bounds a subject's time to an event."""

    subject_id: str
    start: dt.date
    start_source: Source
    death: FollowUp | None = None
    new_therapy: tuple[dt.date, Source] | None = None
    clinical_pd: tuple[dt.date, Source] | None = None
    last_contact: tuple[dt.date, Source] | None = None
    missed_limit_days: int | None = None


@dataclass(frozen=True, slots=True)
class _End:
    date: dt.date
    rule: str
    reason: str
    sources: tuple[Source, ...]


def derive_pfs(known: Known, points: Sequence[TimePoint], preset: Preset) -> Event:
    """Return the time to the first PD by RECIST 1.1, or death, or censoring."""
    after = _after(points, known.start)
    progression = next((point for point in after if point.overall is Response.PD), None)
    return _progression_free("pfs", known, after, progression, preset)


def derive_ipfs(
    known: Known, points: Sequence[TimePoint], best: BestResponse, preset: Preset
) -> Event:
    """Return the time to progression by iRECIST, or death, or censoring."""
    after = [
        point
        for point in _after(points, known.start)
        if point.irecist is not None and point.irecist is not IResponse.NE
    ]
    progression = next((point for point in after if point.date == best.ipfs_date), None)
    return _progression_free("ipfs", known, after, progression, preset)


def _after(points: Iterable[TimePoint], start: dt.date) -> list[TimePoint]:
    return sorted((point for point in points if point.date > start), key=lambda p: p.date)


def _progression_free(
    endpoint: str,
    known: Known,
    points: Sequence[TimePoint],
    progression: TimePoint | None,
    preset: Preset,
) -> Event:
    ends = []
    if progression is not None:
        ends.append(_End(progression.date, "PD", f"PD on {progression.date}", progression.sources))
    if known.clinical_pd is not None:
        day, source = known.clinical_pd
        ends.append(_End(day, "CLIN", f"symptomatic deterioration on {day}", (source,)))
    if known.death is not None:
        day = known.death.date
        ends.append(_End(day, "DEATH", f"died on {day} without PD", (known.death.source,)))
    end = min(ends, key=lambda e: e.date, default=None)
    if end is None:
        return _censored(endpoint, known, points, None, "CUT", "no PD and not died")
    if preset == "fda":
        if known.new_therapy is not None and known.new_therapy[0] < end.date:
            day, source = known.new_therapy
            why = f"new anti-cancer therapy on {day}"
            return _censored(endpoint, known, points, day, "NACT", why, source)
        gap = (end.date - _last_adequate_day(known, points, end.date)).days
        if known.missed_limit_days is not None and gap > known.missed_limit_days:
            why = f"{end.reason}, {gap} days after the last adequate assessment (over {known.missed_limit_days})"  # noqa: E501
            return _censored(endpoint, known, points, end.date, "MISS2", why)
    return _event(endpoint, known, end, is_event=True)


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
    because: Source | None = None,
) -> Event:
    """Censor at the last adequate assessment, on day 1 without one."""
    adequate = _adequate(points, before)
    more = (because,) if because else ()
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
    if known.last_contact is None:
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


def derive_dor(best: BestResponse, pfs: Event) -> Event | None:
    """Return the time from the confirmed response to the end of PFS; None without one."""
    day = best.confirmed_response_date
    if day is None:
        return None
    return Event(
        pfs.subject_id,
        "dor",
        day,
        pfs.end,
        (pfs.end - day).days + 1,
        pfs.is_event,
        pfs.rule,
        f"response since {day} ({count_of((pfs.end - day).days + 1, 'day')}): {pfs.reason}",
        tuple(dict.fromkeys(best.sources + pfs.sources)),
    )
