"""Analysis sets: who counts, and why not.

Takes one subject's records and answers, gives one ``Membership`` a set:
enrolled (in the subjects table); treated (at least one dose of any study
drug); treated-measurable (and a target measured at baseline);
response-evaluable (and at least one later assessment that is not NE). Knows
one subject.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm.clinical.derived import BestResponse, Membership, TimePoint
from onearm.clinical.records import SubjectRecords
from onearm.terms import AnalysisSet, Response


def memberships(
    records: SubjectRecords, points: Sequence[TimePoint], *, has_target: bool
) -> tuple[Membership, ...]:
    """Return the subject's membership of each set, in the order of ``AnalysisSet``.

    ``has_target`` says whether a target was measured at baseline.
    """
    subject = records.subject
    here = (subject.source,)
    first_dose = subject.first_dose_date
    adequate = [point for point in points if point.overall is not Response.NE]
    no_dose = None if first_dose else "no dose of any study drug"
    no_target = None if has_target else "no measurable target at baseline"
    no_scan = None if adequate else "no assessment after baseline that is not NE"
    seen = f"assessed on {adequate[0].date} ({adequate[0].overall})" if adequate else ""
    found = (
        (AnalysisSet.ENROLLED, None, _enrolled(records)),
        (AnalysisSet.TREATED, no_dose, f"first dose on {first_dose}"),
        (AnalysisSet.TREATED_MEASURABLE, no_dose or no_target, f"first dose on {first_dose}"),
        (AnalysisSet.RESPONSE_EVALUABLE, no_dose or no_target or no_scan, seen),
    )
    return tuple(
        Membership(
            subject.subject_id,
            name,
            why_not is None,
            why_not or why,
            adequate[0].sources if name is AnalysisSet.RESPONSE_EVALUABLE and not why_not else here,
        )
        for name, why_not, why in found
    )


def memberships_by_endpoints(records: SubjectRecords, best: BestResponse) -> tuple[Membership, ...]:
    """Return the memberships of a subject of whom endpoints alone were recorded.

    Where neither doses nor the first of their days were collected, who has a
    recorded endpoint counts as treated.
    """
    subject = records.subject
    sources = tuple(row.source for row in records.endpoints or ())
    has_doses = subject.first_dose_date is not None or bool(records.doses)
    is_assumed = not has_doses and records.doses is None and bool(sources)
    treated = (
        has_doses or is_assumed,
        f"first dose on {subject.first_dose_date}" if has_doses
        else "has a recorded endpoint; doses were not collected" if is_assumed
        else "no dose of any study drug",
    )  # fmt: skip
    response = best.confirmed_best or best.best
    is_evaluable = response not in (None, Response.NE, Response.MISSING)
    found = (
        (AnalysisSet.ENROLLED, True, _enrolled(records)),
        (AnalysisSet.TREATED, *treated),
        (AnalysisSet.TREATED_MEASURABLE, *treated),
        (AnalysisSet.RESPONSE_EVALUABLE, treated[0] and is_evaluable, best.reason),
    )
    return tuple(
        Membership(subject.subject_id, name, is_member, why, (subject.source, *sources))
        for name, is_member, why in found
    )


def _enrolled(records: SubjectRecords) -> str:
    day = records.subject.enrolment_date
    return "in the subjects table" if day is None else f"enrolled on {day}"
