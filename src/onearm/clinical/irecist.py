"""iRECIST: what becomes of a first progression under immunotherapy.

Takes the assessments of ``recist`` in order, gives one response with its
sentence each. Up to the first progression the letters are those of RECIST 1.1
with an "i". Progression is unconfirmed (iUPD) until a later scan, 28 to 56
days after it, shows more of it (iCPD); without that, a return to iSD, iPR or
iCR resets the bar, and a later progression starts anew.

Source: Seymour L, et al. Lancet Oncol 2017;18:e143-e152 ("I17", tables 1
and 2). Knows no best response and no treatment decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from onearm.clinical.lesions import um
from onearm.clinical.recist import Assessment
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
RANK = {ICR: 0, IPR: 1, ISD: 2, IResponse.NON_ICR_NON_IUPD: 2}


@dataclass(frozen=True, slots=True)
class Pending:
    """An unconfirmed progression: the values at the first iUPD of its block."""

    date: dt.date
    causes: frozenset[str]  # of "target", "non-target", "new lesion"
    sum_um: int | None
    new_sum_um: int
    new_present: int
    non_target: Response | None
    rank: int  # of the target response, 0 (CR) to 3 (PD)


class Judge:
    """Walks through the time points of one subject, one state between two of them."""

    def __init__(self, rules: ResponseRules) -> None:
        self.rules = rules
        self.growth_um = um(rules.icpd_mm)
        self.pending: Pending | None = None
        self.confirmed: dt.date | None = None
        self.known_new: set[str] = set()
        self.new_nadir_um: int | None = None

    def judge(self, seen: Assessment) -> tuple[IResponse | None, str]:
        """Return the iRECIST response of the next time point, and why."""
        if self.confirmed is not None:
            if self.rules.after_icpd == "list":
                return ICPD, f"iCPD: confirmed on {self.confirmed}"
            return None, f"nothing counts after iCPD of {self.confirmed}"
        if self.pending is None and not seen.has_new_lesion and seen.overall is not Response.PD:
            return self._without_progression(seen)
        added = [name for name in _new_names(seen) if name not in self.known_new]
        if self.pending is None:
            answer = self._without_pending(seen, added)
        else:
            answer = self._with_pending(seen, added, self.pending)
        if not self._is_ignored(seen):
            self.known_new.update(added)
        self._note_new_nadir(seen)
        return answer

    def _is_ignored(self, seen: Assessment) -> bool:
        """Lesions first seen at a scan that is too early count at the next one."""
        return self.pending is not None and 0 < self._wait(seen, self.pending) < self._earliest()

    def _earliest(self) -> int:
        return self.rules.icpd_min_days - self.rules.icpd_tolerance_days

    @staticmethod
    def _wait(seen: Assessment, pending: Pending) -> int:
        return (seen.date - pending.date).days

    def _note_new_nadir(self, seen: Assessment) -> None:
        if self.known_new and (size := _new_sum(seen)) is not None:
            self.new_nadir_um = size if self.new_nadir_um is None else min(size, self.new_nadir_um)

    def _without_pending(self, seen: Assessment, added: list[str]) -> tuple[IResponse, str]:
        causes = self._progression(seen, added)
        if causes:
            self.pending = _anchor(seen, causes)
            return IUPD, f"iUPD: first progression by {_listed(causes)}, not confirmed yet"
        return self._without_progression(seen)

    def _without_progression(self, seen: Assessment) -> tuple[IResponse, str]:
        """Name the response of the categories when none of them progresses."""
        response = AS_IRECIST[_categories(seen)]
        if response is ICR and seen.new_lesions:
            return IPR, f"iPR: targets gone, but {count_of(_present(seen), 'new lesion')} remain"
        return response, AS_BEFORE[response]

    def _progression(self, seen: Assessment, added: list[str]) -> list[str]:
        """Return the categories that meet the criteria of progression now."""
        causes = []
        if seen.target is not None and seen.target.response is Response.PD:
            causes.append("target")
        if seen.non_target is not None and seen.non_target.response is Response.PD:
            causes.append("non-target")
        if added or self._known_new_progress(seen):
            causes.append("new lesion")
        return causes

    def _known_new_progress(self, seen: Assessment) -> bool:
        """After a reset: new lesions grown 20 % and 5 mm over their nadir, or unequivocally."""
        if _worse_new(seen):
            return True
        size, nadir = _new_sum(seen), self.new_nadir_um
        if size is None or nadir is None:
            return False
        return 5 * size >= 6 * nadir and size - nadir >= self.growth_um

    def _with_pending(
        self, seen: Assessment, added: list[str], pending: Pending
    ) -> tuple[IResponse, str]:
        wait = self._wait(seen, pending)
        since = f"{count_of(wait, 'day')} after the iUPD of {pending.date}"
        grown = self._confirmation(seen, added, pending)
        if wait < self._earliest() and not (self.rules.early_scan == "exception" and added):
            return IUPD, f"iUPD: the scan {since} is too early to confirm"
        if grown and self._is_in_time(wait):
            self.confirmed = seen.date
            late = "" if wait <= self._latest() else f", later than {self._latest()} days"
            return ICPD, f"iCPD: {grown}, {since}{late}"
        if grown:
            self.pending = _anchor(seen, self._progression(seen, added) or sorted(pending.causes))
            return IUPD, f"iUPD: {grown}, but {since} is too late to confirm; waits anew"
        if seen.overall is Response.NE or _categories(seen) is Response.NE:
            return self._not_evaluable(pending, since)
        if self._is_reset(seen, pending):
            self.pending = None
            response, reason = self._without_progression(seen)
            return response, f"{reason}; the iUPD of {pending.date} was not confirmed"
        return IUPD, f"iUPD: neither confirmed nor resolved {since}"

    def _not_evaluable(self, pending: Pending, since: str) -> tuple[IResponse, str]:
        if not self.rules.ne_keeps_iupd:
            self.pending = None
            return IResponse.NE, f"NE: not assessed {since}, which no longer counts"
        return IResponse.NE, f"NE: not assessed {since}, which still waits"

    def _latest(self) -> int:
        return self.rules.icpd_max_days + self.rules.icpd_tolerance_days

    def _is_in_time(self, wait: int) -> bool:
        return wait <= self._latest() or self.rules.icpd_late == "accept_flag"

    def _confirmation(self, seen: Assessment, added: list[str], pending: Pending) -> str | None:
        """Return what confirms the progression (I17 table 2), None when nothing does."""
        if "target" in pending.causes and self._has_grown(seen.sum_um, pending.sum_um):
            return f"sum {_growth(seen.sum_um, pending.sum_um)} since the iUPD"
        if seen.non_target is not None and seen.non_target.response is Response.PD:
            return "non-target lesions progress further"
        if "target" not in pending.causes and _is_pd(seen):
            return "target lesions progress too"
        if added:
            return f"additional new lesion {', '.join(added)}"
        if _worse_new(seen):
            return "a new lesion progresses further"
        size = _new_sum(seen)
        if pending.new_present and self._has_grown(size, pending.new_sum_um):
            return f"new lesions {_growth(size, pending.new_sum_um)} since the iUPD"
        return None

    def _has_grown(self, now_um: int | None, then_um: int | None) -> bool:
        """Growth of at least 5 mm (or more than 5 mm, by the option icpd_mm_inclusive)."""
        if now_um is None or then_um is None:
            return False
        growth = now_um - then_um
        return growth >= self.growth_um if self.rules.icpd_mm_inclusive else growth > self.growth_um

    def _is_reset(self, seen: Assessment, pending: Pending) -> bool:
        """Whether the categories that progressed no longer do."""
        if _is_pd(seen) or (seen.non_target and seen.non_target.response is Response.PD):
            return False
        if pending.causes != {"new lesion"}:
            return "new lesion" not in pending.causes or self._has_improved(seen, pending)
        return self._has_improved(seen, pending)

    def _has_improved(self, seen: Assessment, pending: Pending) -> bool:
        least = 1 if self.rules.nl_reset_rule == "any_improvement" else self.growth_um
        size = _new_sum(seen)
        return (
            not _present(seen)
            or _rank(seen) < pending.rank
            or _shrunk(seen.sum_um, pending.sum_um, least)
            or _shrunk(size, pending.new_sum_um, least)
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


def _anchor(seen: Assessment, causes: Sequence[str]) -> Pending:
    return Pending(
        seen.date,
        frozenset(causes),
        seen.sum_um,
        _new_sum(seen) or 0,
        _present(seen),
        _non_target(seen),
        _rank(seen),
    )


def _categories(seen: Assessment) -> Response:
    """Return the response without regard to new lesions."""
    target, non_target = seen.target, _non_target(seen)
    if target is None:
        return Response.NED if non_target is None else non_target
    if target.response is Response.CR and non_target not in (Response.CR, None):
        return Response.PR
    return target.response


def _is_pd(seen: Assessment) -> bool:
    return seen.target is not None and seen.target.response is Response.PD


def _non_target(seen: Assessment) -> Response | None:
    return seen.non_target.response if seen.non_target else None


def _rank(seen: Assessment) -> int:
    return 3 if seen.target is None else RANK.get(AS_IRECIST.get(seen.target.response, IUPD), 3)


def _new_names(seen: Assessment) -> list[str]:
    return list(dict.fromkeys(row.lesion_id for row in seen.new_lesions))


def _present(seen: Assessment) -> int:
    return len(_new_names(seen))


def _new_sum(seen: Assessment) -> int | None:
    """Return the sum of the measured new lesions, None when none is measured."""
    sizes = [row.diameter_um for row in seen.new_lesions if row.diameter_um is not None]
    return sum(sizes) if sizes else None


def _worse_new(seen: Assessment) -> bool:
    return any(row.state is LesionState.UNEQUIVOCAL_PROGRESSION for row in seen.new_lesions)


def _shrunk(now_um: int | None, then_um: int | None, least_um: int) -> bool:
    return now_um is not None and then_um is not None and then_um - now_um >= least_um


def _growth(now_um: int | None, then_um: int | None) -> str:
    change = (now_um or 0) - (then_um or 0)
    return f"{signed_millimetres(change)} mm to {millimetres(now_um or 0)} mm"


def _listed(causes: Sequence[str]) -> str:
    return ", ".join(causes)
