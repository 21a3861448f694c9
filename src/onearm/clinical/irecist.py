"""iRECIST: what becomes of a first progression under immunotherapy.

Takes the assessments of ``recist`` in order, gives one response with its
sentence each. Up to the first progression the letters are those of RECIST 1.1
with an "i". Progression is unconfirmed (iUPD) until a later scan, 28 to 56
days after it, shows more of it (iCPD); without that, a return to iSD, iPR or
iCR resets the bar, and a later progression starts anew.

Source: Seymour L, et al. Lancet Oncol 2017;18:e143-e152 ("I17", tables 1
and 2). New lesions are followed in ``new_lesions``. Knows no best response and
no treatment decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from onearm.clinical.lesions import Limits, um
from onearm.clinical.new_lesions import NewLesions, NewSizes
from onearm.clinical.recist import Assessment
from onearm.clinical.records import known_day
from onearm.format import count_of, millimetres, signed_millimetres
from onearm.protocol.response import ResponseRules
from onearm.terms import IResponse, LesionState, Response

ICR, IPR, ISD = IResponse.ICR, IResponse.IPR, IResponse.ISD
IUPD, ICPD = IResponse.IUPD, IResponse.ICPD

AS_IRECIST = {
    Response.CR: ICR,
    Response.PR: IPR,
    Response.SD: ISD,
    Response.NON_CR_NON_PD: IResponse.NON_ICR_NON_IUPD,
    Response.NED: IResponse.NED,
    Response.NE: IResponse.NE,
}
AS_BEFORE = {
    response: f"{response}: as by RECIST 1.1 against baseline and nadir"
    for response in AS_IRECIST.values()
}
RANK = {Response.CR: 0, Response.PR: 1, Response.SD: 2}
TARGET, NON_TARGET, NEW = "target", "non-target", "new lesion"


@dataclass(frozen=True, slots=True)
class Pending:
    """An unconfirmed progression: the values at the first iUPD of its block.

    A scan can confirm from ``icpd_min_days`` after the first iUPD on, until
    ``icpd_max_days`` after the last one, ``waits_from``: each iUPD without change
    lets the next scan confirm still.
    """

    date: dt.date
    waits_from: dt.date
    causes: tuple[str, ...]
    sum_um: int | None
    target_um: dict[str, int]  # of the targets that were measured
    non_target_um: dict[str, int]
    new: NewSizes
    non_target: Response | None
    rank: int  # of the target response: 0 CR, 1 PR, 2 SD, 3 PD


class Judge:
    """Walks through the time points of one subject, one state between two of them."""

    def __init__(self, rules: ResponseRules) -> None:
        self.rules = rules
        self.growth_um = um(rules.icpd_mm)
        self.earliest = rules.icpd_min_days - rules.icpd_tolerance_days
        self.latest = rules.icpd_max_days + rules.icpd_tolerance_days
        self.new = NewLesions(Limits(rules))
        self.pending: Pending | None = None
        self.confirmed: dt.date | None = None
        self.unknown: str | None = None  # why nothing can be said any more

    def judge(self, seen: Assessment) -> tuple[IResponse | None, str]:
        """Return the iRECIST response of the next time point, and why."""
        if self.confirmed is not None:
            if self.rules.after_icpd == "list":
                return ICPD, f"iCPD: confirmed on {self.confirmed}"
            return None, f"nothing counts after iCPD of {self.confirmed}"
        if self.pending is not None and self.unknown is None:
            dates = (seen.date, self.pending.date, self.pending.waits_from)
            partial = next((day for day in dates if known_day(day) is None), None)
            if partial is not None:
                self.unknown = f"not derived: the wait since the iUPD needs the day of {partial}"
        if self.unknown is not None:
            return None, self.unknown
        if self.pending is None:
            if not seen.has_new_lesion and seen.overall is not Response.PD:
                return self._without_progression(seen, self.new.at(seen))
            return self._without_pending(seen, self.new.at(seen))
        return self._with_pending(seen, self.new.at(seen), self.pending)

    def _without_pending(self, seen: Assessment, new: NewSizes) -> tuple[IResponse, str]:
        causes = self._progression(seen, new)
        self.new.remember(new)
        if causes:
            self.pending = _anchor(seen, new, causes)
            return IUPD, f"iUPD: progression by {', '.join(causes)}, not confirmed yet"
        return self._without_progression(seen, new)

    def _without_progression(self, seen: Assessment, new: NewSizes) -> tuple[IResponse, str]:
        """Name the response of the categories when none of them progresses."""
        response = AS_IRECIST[_categories(seen)]
        if response in (ICR, IResponse.NED) and new.standing:
            left = IPR if seen.target is not None else IResponse.NON_ICR_NON_IUPD
            return left, f"{left}: {count_of(new.standing, 'new lesion')} not gone, all else is"
        return response, AS_BEFORE[response]

    def _progression(self, seen: Assessment, new: NewSizes) -> tuple[str, ...]:
        """Return the categories that meet the criteria of progression now."""
        causes = []
        if _target(seen) is Response.PD:
            causes.append(TARGET)
        if _non_target(seen) is Response.PD:
            causes.append(NON_TARGET)
        if new.added or new.worse or self.new.has_grown_over_nadir(new):
            causes.append(NEW)
        return tuple(causes)

    def _with_pending(
        self, seen: Assessment, new: NewSizes, pending: Pending
    ) -> tuple[IResponse, str]:
        first = (seen.date - pending.date).days
        wait = (seen.date - pending.waits_from).days
        since = f"{count_of(wait, 'day')} after the iUPD of {pending.waits_from}"
        if first < self.earliest and not (self.rules.early_scan == "exception" and new.added):
            return IUPD, f"iUPD: the scan {since} is too early to confirm"
        grown = self._confirmation(seen, new, pending)
        self.new.remember(new)
        if grown and (wait <= self.latest or self.rules.icpd_late == "accept_flag"):
            self.confirmed = seen.date
            late = "" if wait <= self.latest else f", later than {self.latest} days"
            return ICPD, f"iCPD: {grown}, {since}{late}"
        if grown:
            causes = self._progression(seen, new) or pending.causes
            self.pending = _anchor(seen, new, causes)
            return IUPD, f"iUPD: {grown}, but {since} is too late to confirm; waits anew"
        if _categories(seen) is Response.NE or _is_cause_unseen(seen, pending):
            if not self.rules.ne_keeps_iupd:
                self.pending = None
                return IResponse.NE, f"NE: not assessed {since}, which no longer counts"
            return IResponse.NE, f"NE: not assessed {since}, which still waits"
        if self._is_reset(seen, new, pending):
            self.pending = None
            response, reason = self._without_progression(seen, new)
            return response, f"{reason}; the iUPD of {pending.date} was not confirmed"
        self.pending = replace(pending, waits_from=seen.date)
        return IUPD, f"iUPD: neither confirmed nor resolved {since}"

    def _confirmation(self, seen: Assessment, new: NewSizes, pending: Pending) -> str | None:
        """Return what confirms the progression (I17 table 2), None when nothing does."""
        then, now = sum(pending.target_um.values()), _sum_of(pending.target_um, seen)
        if TARGET in pending.causes and self._has_grown(now, then):
            return f"sum {_growth(now, then)} since the iUPD"
        if _target(seen) is Response.PD and TARGET not in pending.causes:
            return "target lesions progress too"
        if _non_target(seen) is Response.PD and NON_TARGET not in pending.causes:
            return "non-target lesions progress too"
        if NON_TARGET in pending.causes and (name := _grown_non_target(seen, pending)):
            return f"non-target {name} increases further"
        if new.added:
            return f"additional new lesion {', '.join(new.added)}"
        if name := new.worse or new.grown_since(pending.new):
            return f"new lesion {name} increases further"
        if self._has_grown(new.sum_um, pending.new.sum_um):
            return f"new lesions {_growth(new.sum_um, pending.new.sum_um)} since the iUPD"
        return None

    def _has_grown(self, now_um: int | None, then_um: int | None) -> bool:
        """Growth of at least 5 mm (or more than 5 mm, by the option icpd_mm_inclusive)."""
        if now_um is None or then_um is None:
            return False
        growth = now_um - then_um
        return growth >= self.growth_um if self.rules.icpd_mm_inclusive else growth > self.growth_um

    def _is_reset(self, seen: Assessment, new: NewSizes, pending: Pending) -> bool:
        """Whether no category progresses any more; a new lesion alone needs an improvement."""
        if _target(seen) is Response.PD or _non_target(seen) is Response.PD:
            return False
        return NEW not in pending.causes or self._has_improved(seen, new, pending)

    def _has_improved(self, seen: Assessment, new: NewSizes, pending: Pending) -> bool:
        least = 1 if self.rules.nl_reset_rule == "any_improvement" else self.growth_um
        return (
            not new.standing
            or _rank(seen) < pending.rank
            or _shrunk(seen.sum_um, pending.sum_um, least)
            or _shrunk(new.sum_um, pending.new.sum_um, least)
            or (_non_target(seen) is Response.CR and pending.non_target is not Response.CR)
        )


def judge_irecist(
    assessments: Sequence[Assessment], rules: ResponseRules
) -> list[tuple[IResponse | None, str]]:
    """Return the iRECIST response and its reason for each time point, in order.

    The response is None after iCPD (option ``after_icpd``).
    """
    judge = Judge(rules)
    return [judge.judge(assessment) for assessment in assessments]


def _anchor(seen: Assessment, new: NewSizes, causes: tuple[str, ...]) -> Pending:
    sizes = {
        row.lesion_id: row.diameter_um
        for row in seen.non_target_rows
        if row.diameter_um is not None
    }
    targets = {name: value for name, value in seen.values.items() if value is not None}
    return Pending(
        seen.date, seen.date, causes, seen.sum_um, targets, sizes, new, _non_target(seen),
        _rank(seen),
    )  # fmt: skip


def _sum_of(then: Mapping[str, int], seen: Assessment) -> int:
    """Return the sum of the same targets now; one not measured now adds nothing."""
    return sum(seen.values.get(name) or 0 for name in then)


def _is_cause_unseen(seen: Assessment, pending: Pending) -> bool:
    """Return whether a category that progressed was not assessed this time."""
    return (TARGET in pending.causes and _target(seen) is Response.NE) or (
        NON_TARGET in pending.causes and _non_target(seen) is Response.NE
    )


def _grown_non_target(seen: Assessment, pending: Pending) -> str | None:
    """Return a non-target lesion that is recorded worse again, or measures more than then."""
    for row in seen.non_target_rows:
        if row.state is LesionState.UNEQUIVOCAL_PROGRESSION:
            return row.lesion_id
        then = pending.non_target_um.get(row.lesion_id)
        if then is not None and row.diameter_um is not None and row.diameter_um > then:
            return row.lesion_id
    return None


def _categories(seen: Assessment) -> Response:
    """Return the response without regard to new lesions."""
    target, non_target = _target(seen), _non_target(seen)
    if target is None:
        return Response.NED if non_target is None else non_target
    if target is Response.CR and non_target not in (Response.CR, None):
        return Response.PR
    return target


def _target(seen: Assessment) -> Response | None:
    return seen.target.response if seen.target else None


def _non_target(seen: Assessment) -> Response | None:
    return seen.non_target.response if seen.non_target else None


def _rank(seen: Assessment) -> int:
    return RANK.get(_target(seen) or Response.PD, 3)


def _shrunk(now_um: int | None, then_um: int | None, least_um: int) -> bool:
    return now_um is not None and then_um is not None and then_um - now_um >= least_um


def _growth(now_um: int | None, then_um: int | None) -> str:
    change = (now_um or 0) - (then_um or 0)
    return f"{signed_millimetres(change)} mm to {millimetres(now_um or 0)} mm"
