"""Analysis sets: who counts, and why not.

Takes one subject's records and answers, gives one ``Membership`` a set:
enrolled (in the subjects table); treated (at least one dose of any study
drug); treated-measurable (and a target measured at baseline);
response-evaluable (and at least one later assessment that is not NE). Knows
one subject.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm.clinical.derived import Membership, TimePoint
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


def _enrolled(records: SubjectRecords) -> str:
    day = records.subject.enrolment_date
    return "in the subjects table" if day is None else f"enrolled on {day}"
