"""Treatment beyond progression: what was given, and what was seen, after the first PD.

Takes one subject's doses and time points, gives a ``BeyondProgression``, or
None without PD. Only doses that begin after the day of PD count. Knows one
subject.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm.clinical.derived import BeyondProgression, Event, TimePoint
from onearm.clinical.records import Dose
from onearm.format import count_of
from onearm.terms import IResponse

BEST_FIRST = (
    IResponse.ICR,
    IResponse.IPR,
    IResponse.ISD,
    IResponse.NON_ICR_NON_IUPD,
    IResponse.NED,
    IResponse.ICPD,
    IResponse.IUPD,
    IResponse.NE,
)


def treatment_beyond(
    pfs: Event, doses: Sequence[Dose], points: Sequence[TimePoint]
) -> BeyondProgression | None:
    """Return what followed the first PD by RECIST 1.1; None for a subject without PD.

    ``days`` runs from the day of PD to the last day of the last dose,
    ``end - start + 1``; the response is the best iRECIST response after PD.
    """
    if not pfs.is_event or pfs.rule != "PD" or pfs.end is None:
        return None
    given = [dose for dose in doses if dose.dose > 0 and dose.start_date > pfs.end]
    later = [point for point in points if point.date > pfs.end and point.irecist is not None]
    seen = [point.irecist for point in later if point.irecist is not None]
    response = min(seen, key=BEST_FIRST.index, default=None)
    if not given:
        reason = f"no dose after {pfs.reason}"
        return BeyondProgression(pfs.subject_id, pfs.end, None, 0, 0, response, reason, pfs.sources)
    last = max(dose.end_date or dose.start_date for dose in given)
    days = (last - pfs.end).days + 1
    reason = f"{count_of(len(given), 'dose')} after {pfs.reason}, the last on {last}"
    sources = (*pfs.sources, *(dose.source for dose in given))
    return BeyondProgression(
        pfs.subject_id, pfs.end, last, days, len(given), response, reason, sources
    )
