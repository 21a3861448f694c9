"""``onearm respond``: time-point responses from lesion measurements.

Takes a study folder, a folder with ``lesions.csv`` (and ``subjects.csv``), a
folder of SDTM, or one file of lesions; gives one answer row an evaluator and
time point.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from onearm.clinical.derived import TimePoint
from onearm.clinical.lesion_checks import check_lesions
from onearm.clinical.records import Measurement, Subject, known_day
from onearm.clinical.subject import reference_date
from onearm.clinical.timepoints import assess_subject
from onearm.errors import Finding, InputError, Place, nearest
from onearm.format import count_of, millimetres, source_lines, text_table
from onearm.pipeline.observed import observe
from onearm.protocol.response import ResponseRules

MOST_WARNINGS = 50
"""How many warnings are listed below a table."""


@dataclass(frozen=True, slots=True)
class Responses:
    """Time-point responses, ordered by subject, evaluator and date."""

    points: tuple[TimePoint, ...]
    warnings: tuple[Finding, ...] = ()

    def as_text(self) -> str:
        """Return a table with each time point's reason below it, then the warnings."""
        if not self.points:
            return "no observations: no time point after baseline"
        header = ("Subject", "Visit", "Date", "Sum mm", "Target", "Non-target", "New", "RECIST")
        readers = {point.evaluator for point in self.points}
        rows = [_cells(point, len(readers) > 1) for point in self.points]
        is_timeline = len({point.subject_id for point in self.points}) == 1
        notes = [_note(point, with_irecist=is_timeline) for point in self.points]
        lines = [text_table((*header, "iRECIST"), rows, notes=notes)]
        for severity in ("warning", "note"):
            lines += _listed([one for one in self.warnings if one.severity == severity], severity)
        return "\n".join(lines)

    def as_json(self) -> list[dict[str, object]]:
        """Return one object a time point."""
        return [time_point_json(point) for point in self.points]


def _listed(findings: Sequence[Finding], severity: str) -> list[str]:
    """Return the findings of one severity below their number, none for none."""
    if not findings:
        return []
    lines = ["", count_of(len(findings), severity)]
    lines += [f"  {finding}" for finding in findings[:MOST_WARNINGS]]
    if len(findings) > MOST_WARNINGS:
        lines.append(f"  ... and {len(findings) - MOST_WARNINGS} more")
    return lines


def _cells(point: TimePoint, with_reader: bool) -> tuple[str, ...]:
    who = f"{point.subject_id} ({point.evaluator})" if with_reader else point.subject_id
    return (
        who,
        point.visit,
        point.date.isoformat(),
        "" if point.sum_um is None else millimetres(point.sum_um),
        point.target or "",
        point.non_target or "",
        "yes" if point.new_lesion else "no",
        point.overall,
        point.irecist or "",
    )


def _note(point: TimePoint, *, with_irecist: bool) -> str:
    """Return reason and sources; in the timeline of one patient also the iRECIST reason."""
    note = f"{point.reason}; {source_lines(point.sources)}"
    if with_irecist and point.irecist_reason is not None:
        note += f"\n    {point.irecist_reason}"
    return note


def time_point_json(point: TimePoint) -> dict[str, object]:
    """Return a time point as JSON; lengths in mm as decimal strings."""
    return {
        "subject_id": point.subject_id,
        "evaluator": point.evaluator,
        "visit": point.visit,
        "date": None if known_day(point.date) is None else point.date.isoformat(),
        "sum_mm": _mm(point.sum_um),
        "baseline_sum_mm": _mm(point.baseline_sum_um),
        "nadir_sum_mm": _mm(point.nadir_sum_um),
        "target": point.target,
        "non_target": point.non_target,
        "new_lesion": point.new_lesion,
        "overall": point.overall,
        "irecist": point.irecist,
        "reason": point.reason,
        "irecist_reason": point.irecist_reason,
        "sources": source_lines(point.sources),
    }


def _mm(length_um: int | None) -> str | None:
    return None if length_um is None else millimetres(length_um)


def respond(
    source: Path | str,
    rules: Path | str | None = None,
    subjects: Path | str | None = None,
    subject: str | None = None,
) -> Responses:
    """Judge every time point of SOURCE.

    Parameters
    ----------
    source
        A study folder, a folder with ``lesions.csv``, a folder of SDTM, or a file
        of lesions.
    rules
        A YAML file of response options; for a study, its protocol's by default.
    subjects
        A table with the reference date of each subject.
    subject
        Only this subject.

    Raises
    ------
    InputError
        If a file cannot be used, a subject is unknown or has no baseline.
    """
    from onearm.io.many_objects import many_objects

    seen = observe(Path(source), rules, subjects)
    with many_objects():
        answer = judge(
            seen.lesions,
            seen.rules,
            seen.people,
            subject,
            with_irecist=seen.with_irecist,
            markers=seen.markers,
            file=seen.file,
        )
    return replace(answer, warnings=(*seen.findings, *answer.warnings))


def judge(
    rows: Iterable[Measurement],
    rules: ResponseRules,
    people: Sequence[Subject] | None,
    only: str | None,
    *,
    with_irecist: bool = True,
    markers: Mapping[str, Sequence[tuple[dt.date, bool]]] | None = None,
    file: str = "the lesions",
) -> Responses:
    """Judge the measurements of many subjects, ordered by subject.

    ``markers`` gives the tumour marker readings of each subject, as in
    :func:`~onearm.clinical.timepoints.assess_subject`.
    """
    by_subject: dict[str, list[Measurement]] = {}
    for row in rows:
        if only is None or row.subject_id == only:
            by_subject.setdefault(row.subject_id, []).append(row)
    known = None if people is None else {person.subject_id: person for person in people}
    findings = _unknown(by_subject, known, only, file)
    points: list[TimePoint] = []
    for subject_id in sorted(by_subject):
        person = known.get(subject_id) if known is not None else None
        reference = None if person is None else reference_date(person, rules)
        own = by_subject[subject_id]
        findings += _checks(own, rules, reference)
        judged, noticed = assess_subject(
            own,
            rules,
            reference,
            with_irecist=with_irecist,
            markers=(markers or {}).get(subject_id, ()),
        )
        points += judged
        findings += [finding for finding in noticed if finding.severity == "warning"]
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise InputError(errors)
    return Responses(tuple(points), tuple(findings))


def _checks(
    rows: Sequence[Measurement], rules: ResponseRules, reference: dt.date | None
) -> list[Finding]:
    by_evaluator: dict[str, list[Measurement]] = {}
    for row in rows:
        by_evaluator.setdefault(row.evaluator, []).append(row)
    return [f for own in by_evaluator.values() for f in check_lesions(own, rules, reference)]


def _unknown(
    by_subject: Mapping[str, Sequence[Measurement]],
    known: Mapping[str, Subject] | None,
    only: str | None,
    file: str,
) -> list[Finding]:
    if only is not None and only not in by_subject and (known is None or only not in known):
        hint = nearest(only, known or ())
        return [Finding("error", "unknown-subject", f"no subject {only!r} in {file}{hint}")]
    if known is None:
        return []
    return [
        Finding(
            "error",
            "unknown-subject",
            f"subject_id must stand in the subjects table; got {name!r}{nearest(name, known)}",
            Place(rows[0].source.file, rows[0].source.line, field="subject_id"),
        )
        for name, rows in by_subject.items()
        if name not in known
    ]
