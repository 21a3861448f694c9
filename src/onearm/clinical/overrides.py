"""The override log: responses that somebody decided to be other than they stand.

Takes the time points that count and the decisions on them, gives the time
points as decided, each with who, when and why in its reason. A decision changes
the one field that it names; nothing is judged anew. Of several on one field the
earlier day comes first, and each must name what the one before left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from onearm.clinical.derived import TimePoint
from onearm.clinical.records import Override
from onearm.errors import Finding, Place, nearest
from onearm.terms import IResponse, Response

FIELDS = {"OVERALL": "overall", "TARGET": "target", "NON-TARGET": "non_target"}
NOTHING = "nothing"


def apply_overrides(
    points: Sequence[TimePoint], overrides: Sequence[Override], evaluator: str
) -> tuple[tuple[TimePoint, ...], list[Finding]]:
    """Return the time points as decided, and an error for each decision that does not fit.

    Parameters
    ----------
    points
        The time points that count, of one subject.
    overrides
        The decisions about this subject, any order.
    evaluator
        The evaluator whose responses count.
    """
    decided = list(points)
    findings: list[Finding] = []
    for row in sorted(overrides, key=lambda row: (row.decided_on, row.source.line)):
        found = _find(decided, row, evaluator)
        if isinstance(found, Finding):
            findings.append(found)
            continue
        problem = _mismatch(decided[found], row)
        if problem is not None:
            findings.append(problem)
            continue
        decided[found] = _overridden(decided[found], row)
    return tuple(decided), findings


def _problem(row: Override, code: str, message: str, field: str) -> Finding:
    place = Place(row.source.file, row.source.line, field=field)
    return Finding("error", code, message, place, row.subject_id)


def _find(points: Sequence[TimePoint], row: Override, evaluator: str) -> int | Finding:
    """Return which time point a decision is about, or why there is none."""
    if row.evaluator != evaluator:
        message = f"evaluator must be {evaluator}, whose responses count; got {row.evaluator!r}"
        return _problem(row, "override-evaluator", message, "evaluator")
    for i, point in enumerate(points):
        if point.date == row.date and row.visit in (None, point.visit):
            return i
    known = ", ".join(f"{point.date} ({point.visit})" for point in points) or "none"
    got = f"{row.date}" + (f" ({row.visit})" if row.visit else "")
    message = f"no time point to override on {got}; there are: {known}"
    return _problem(row, "override-time-point", message, "date")


def _mismatch(point: TimePoint, row: Override) -> Finding | None:
    """Return what is wrong with the two responses that a decision names."""
    kind: type[Response] | type[IResponse] = IResponse if row.category == "IRECIST" else Response
    stands = standing(point, row.category)
    if row.before.upper() != (stands or NOTHING).upper():
        message = f"from must be the response that stands, {stands or NOTHING}; got {row.before!r}"
        return _problem(row, "override-from", message, "from")
    if _code(kind, row.after) is None:
        allowed = [str(code) for code in kind]
        message = f"to must be one of {', '.join(allowed)}; got {row.after!r}"
        return _problem(row, "override-to", message + nearest(row.after, allowed), "to")
    return None


def standing(point: TimePoint, category: str) -> str | None:
    """Return the response of a time point that a decision of this category is about."""
    found = point.irecist if category == "IRECIST" else getattr(point, FIELDS[category])
    return None if found is None else str(found)


def _code(kind: type[Response] | type[IResponse], text: str) -> Response | IResponse | None:
    return next((code for code in kind if code.upper() == text.upper()), None)


def _overridden(point: TimePoint, row: Override) -> TimePoint:
    what = "" if row.category == "OVERALL" else f"{row.category.lower()} "
    sources = (*point.sources, row.source)
    if row.category == "IRECIST":
        irecist = next(code for code in IResponse if code.upper() == row.after.upper())
        said = _said(point.irecist, irecist, "", row)
        reason = f"{point.irecist_reason}; {said}" if point.irecist_reason else said
        return replace(point, irecist=irecist, irecist_reason=reason, sources=sources)
    response = next(code for code in Response if code.upper() == row.after.upper())
    said = _said(standing(point, row.category), response, what, row)
    changed = {FIELDS[row.category]: response}
    return replace(point, reason=f"{point.reason}; {said}", sources=sources, **changed)  # type: ignore[arg-type]


def _said(before: str | None, after: str, what: str, row: Override) -> str:
    return (
        f"{what}overridden from {before or NOTHING} to {after} by {row.person} "
        f"on {row.decided_on}: {row.reason}"
    )
