"""Analysis sets: who counts, and why not.

Takes one subject's records and answers, gives one ``Membership`` a set:
enrolled (in the subjects table); treated (at least one dose of any study
drug); response-evaluable (treated, a baseline assessment with a measurable
target, and at least one later assessment that is not NE). Knows one subject.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm.clinical.derived import Membership, TimePoint
from onearm.clinical.records import Source, SubjectRecords
from onearm.terms import AnalysisSet, Response


def memberships(
    records: SubjectRecords,
    points: Sequence[TimePoint],
    *,
    has_target: bool,
    needs_target: bool = False,
) -> tuple[Membership, ...]:
    """Return the subject's membership of each set, in the order of ``AnalysisSet``.

    ``has_target`` says whether a target was measured at baseline; with
    ``needs_target`` the treated set holds only such subjects (option
    ``population: treated_measurable``).
    """
    subject = records.subject
    here = subject.source

    def member(name: AnalysisSet, reason: str, sources: tuple[Source, ...]) -> Membership:
        return Membership(subject.subject_id, name, True, reason, sources)

    def no_member(name: AnalysisSet, reason: str) -> Membership:
        return Membership(subject.subject_id, name, False, reason, (here,))

    enrolled = member(AnalysisSet.ENROLLED, _enrolled(records), (here,))
    first_dose = subject.first_dose_date
    adequate = [point for point in points if point.overall is not Response.NE]
    if first_dose is None:
        treated = no_member(AnalysisSet.TREATED, "no dose of any study drug")
        evaluable = no_member(AnalysisSet.RESPONSE_EVALUABLE, "not treated")
        return enrolled, treated, evaluable
    if needs_target and not has_target:
        treated = no_member(AnalysisSet.TREATED, "no measurable target at baseline")
    else:
        treated = member(AnalysisSet.TREATED, f"first dose on {first_dose}", (here,))
    if not has_target:
        why = "no measurable target at baseline"
        return enrolled, treated, no_member(AnalysisSet.RESPONSE_EVALUABLE, why)
    if not adequate:
        why = "no assessment after baseline that is not NE"
        return enrolled, treated, no_member(AnalysisSet.RESPONSE_EVALUABLE, why)
    seen = f"assessed on {adequate[0].date} ({adequate[0].overall})"
    evaluable = member(AnalysisSet.RESPONSE_EVALUABLE, seen, adequate[0].sources)
    return enrolled, treated, evaluable


def _enrolled(records: SubjectRecords) -> str:
    day = records.subject.enrolment_date
    return "in the subjects table" if day is None else f"enrolled on {day}"
