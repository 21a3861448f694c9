"""Recorded against derived: where an evaluator's responses differ from the measurements.

Takes the time points of one evaluator, derived and recorded, before any
override; gives one ``Disagreement`` for each category that differs, and for
each time point that only one side has. Two time points are one when they have
one date, or else one visit label. Says who differs, not who is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from onearm.clinical.derived import Agreement, Disagreement, TimePoint
from onearm.errors import Finding, Place
from onearm.format import source_lines

CATEGORIES = ("overall", "target", "non-target", "irecist")


def pairs(
    derived: Sequence[TimePoint], recorded: Sequence[TimePoint]
) -> list[tuple[TimePoint | None, TimePoint | None]]:
    """Return derived and recorded time points that are one, and those without a partner."""
    found: list[tuple[TimePoint | None, TimePoint | None]] = []
    left = list(derived)
    waiting = []
    for theirs in recorded:
        ours = next((point for point in left if point.date == theirs.date), None)
        if ours is None:
            waiting.append(theirs)
            continue
        left.remove(ours)
        found.append((ours, theirs))
    for theirs in waiting:
        ours = next((point for point in left if point.visit == theirs.visit), None)
        if ours is not None:
            left.remove(ours)
        found.append((ours, theirs))
    found += [(ours, None) for ours in left]
    return sorted(found, key=lambda pair: next(p for p in pair[::-1] if p).date)


def disagreements(
    derived: Sequence[TimePoint], recorded: Sequence[TimePoint], evaluator: str
) -> list[Disagreement]:
    """Return what differs between the two sides of one evaluator.

    A category that was not recorded is not compared. Without any recorded
    response of the subject, or without any derived one, nothing is.
    """
    if not derived or not recorded:
        return []
    found = []
    for ours, theirs in pairs(derived, recorded):
        for category in CATEGORIES:
            one = _compare(ours, theirs, category, evaluator)
            if one is not None:
                found.append(one)
    return found


def agreements(
    derived: Sequence[TimePoint], recorded: Sequence[TimePoint], evaluator: str
) -> list[Agreement]:
    """Return, for each category, at how many time points both sides have it, and it is equal."""
    both = [(ours, theirs) for ours, theirs in pairs(derived, recorded) if ours and theirs]
    found = []
    for category in CATEGORIES:
        codes = [
            (response(ours, category), response(theirs, category))
            for ours, theirs in both
            if response(theirs, category) is not None
        ]
        if codes:
            subject_id, equal = both[0][0].subject_id, sum(a == b for a, b in codes)
            sources = tuple(dict.fromkeys(s for pair in both for p in pair for s in p.sources))
            found.append(Agreement(subject_id, evaluator, category, len(codes), equal, sources))
    return found


def response(point: TimePoint, category: str) -> str | None:
    """Return the response of a time point in one category."""
    found = {
        "overall": point.overall,
        "target": point.target,
        "non-target": point.non_target,
        "irecist": point.irecist,
    }[category]
    return None if found is None else str(found)


def _compare(
    ours: TimePoint | None, theirs: TimePoint | None, category: str, evaluator: str
) -> Disagreement | None:
    if ours is None or theirs is None:
        point = ours or theirs
        if category != "overall" or point is None:
            return None
        return Disagreement(
            point.subject_id, evaluator, point.visit, point.date, category,
            None if theirs is None else str(theirs.overall),
            None if ours is None else str(ours.overall),
            "nothing recorded at this time point" if theirs is None else theirs.reason,
            "no lesions at this time point" if ours is None else ours.reason,
            point.sources,
        )  # fmt: skip
    recorded, derived = response(theirs, category), response(ours, category)
    if recorded is None or recorded == derived:
        return None
    is_irecist = category == "irecist"
    return Disagreement(
        theirs.subject_id, evaluator, theirs.visit, theirs.date, category, recorded, derived,
        (theirs.irecist_reason if is_irecist else theirs.reason) or theirs.reason,
        (ours.irecist_reason if is_irecist else ours.reason) or ours.reason,
        tuple(dict.fromkeys((*theirs.sources, *ours.sources))),
    )  # fmt: skip


def as_findings(found: Iterable[Disagreement]) -> list[Finding]:
    """Return a warning for each time point that differs, with every part of it.

    It stands at the recorded row where there is one. A reason that two parts
    share is said once.
    """
    points: dict[object, list[Disagreement]] = {}
    for one in found:
        points.setdefault((one.subject_id, one.evaluator, one.date, one.sources[0]), []).append(one)
    return [_finding(parts) for parts in points.values()]


def _finding(parts: Sequence[Disagreement]) -> Finding:
    one = parts[0]
    place = one.sources[0]
    where = Place(place.file, place.line, field="response")
    if one.recorded is None:
        code, message = "response-not-recorded", f"derived {one.derived_reason}, none is recorded"
        message = f"{message} on {one.date}"
    elif one.derived is None and one.derived_reason.startswith("no lesions"):
        code = "response-not-derived"
        message = f"recorded {one.recorded} on {one.date}, but there are no lesions of that day"
    else:
        code = "response-differs"
        recorded = ", ".join(_named(part.category, part.recorded) for part in parts)
        message = f"recorded {recorded} on {one.date}, derived {'; '.join(_derived(parts))}"
        rows = dict.fromkeys(source for part in parts for source in part.sources)
        lines = source_lines(source for source in rows if source.file != place.file)
        message += f" ({lines})" if lines else ""
    return Finding("warning", code, message, where, one.subject_id)


def _named(category: str, code: str | None) -> str:
    name = {"overall": "", "irecist": "iRECIST "}.get(category, f"{category} ")
    return f"{name}{code or 'none'}"


def _derived(parts: Sequence[Disagreement]) -> Iterator[str]:
    """Yield what was derived in each category, with its reason if it is not said yet."""
    said: set[str] = set()
    for part in parts:
        named, reason = _named(part.category, part.derived), part.derived_reason
        why = reason.removeprefix(f"{part.derived}: ")
        yield named if reason in said else f"{named}: {why}"
        said.add(reason)
