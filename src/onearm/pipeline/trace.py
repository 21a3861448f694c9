"""``onearm trace``: from a printed number back to the rows that it came from.

Shows a result with its formula, who is counted and who is not, each with
reason and sources; on request the time points of one subject, and the cells of
every source row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from onearm.clinical.derived import TimePoint
from onearm.clinical.records import Source
from onearm.clinical.subject import SubjectAnswers
from onearm.errors import InputError, ResultError, nearest
from onearm.format import count_of, level_text, plain, source_lines, with_unit
from onearm.pipeline.respond import time_point_json
from onearm.pipeline.run import analyse
from onearm.results.model import Contribution, Results, Trace, slug

Cells = dict[tuple[str, int], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Traced:
    """One result on its way back; ``cells`` only when the rows were asked for."""

    trace: Trace
    points: tuple[TimePoint, ...]
    cells: Cells | None

    def as_text(self) -> str:
        """Return the trace for a reader."""
        row, basis = self.trace.row, self.trace.basis
        lines = [f"{row.id} = {with_unit(row)}"]
        exact = row.code or (None if row.value is None else plain(row.value))
        facts = [
            ("value", f"{exact} {row.unit or ''}".rstrip() if exact else None),
            ("note", row.note),
            ("formula", row.formula),
            ("method", row.method),
            ("level", None if row.level is None else level_text(row.level)),
            ("what", row.label),
            ("set", f"{row.set} subjects, group {row.group}"),
            ("counted", basis.numerator),
            ("among", basis.denominator),
        ]
        lines += [f"  {name:<8} {text}" for name, text in facts if text]
        lines += self._contributions(basis.contributions)
        if self.points:
            lines += ["", f"Time points of {self.points[0].subject_id}"]
            for point in self.points:
                lines.append(f"  {point.visit}  {point.date}  {point.overall}")
                lines += self._reason(
                    f"{point.reason}; {source_lines(point.sources)}", point.sources
                )
                if point.irecist_reason:
                    lines.append(f"      iRECIST {point.irecist_reason}")
        return "\n".join(lines)

    def _contributions(self, contributions: Sequence[Contribution]) -> list[str]:
        lines = []
        for role in sorted(dict.fromkeys(c.role for c in contributions), key=_role_order):
            of_role = [c for c in contributions if c.role == role]
            lines += ["", f"{role.capitalize()}: {count_of(len(of_role), 'subject')}"]
            values = sorted({c.value or "" for c in of_role})
            if role != "not counted" or values == [""]:
                lines += [line for one in of_role for line in self._contribution(one, one.value)]
                continue
            for value in values:
                chosen = [c for c in of_role if (c.value or "") == value]
                lines.append(f" {value or 'no value'}: {len(chosen)}")
                lines += [line for one in chosen for line in self._contribution(one, None)]
        return lines

    def _contribution(self, one: Contribution, value: str | None) -> list[str]:
        head = f"  {one.subject_id}" + (f"  {value}" if value else "")
        return [head, *self._reason(f"{one.reason}; {source_lines(one.sources)}", one.sources)]

    def _reason(self, text: str, sources: Iterable[Source]) -> list[str]:
        lines = [f"      {text}"]
        if self.cells is not None:
            for source in dict.fromkeys((s.file, s.line) for s in sources):
                cells = ", ".join(f"{k}={v}" for k, v in self.cells[source].items() if v)
                lines.append(f"        {source[0]}:{source[1]}  {cells}")
        return lines

    def as_json(self) -> dict[str, object]:
        """Return the trace as an object."""
        row, basis = self.trace.row, self.trace.basis
        return {
            "id": row.id,
            "text": with_unit(row),
            "value": row.value,
            "code": row.code,
            "unit": row.unit,
            "level": row.level,
            "method": row.method,
            "note": row.note,
            "formula": row.formula,
            "numerator": basis.numerator,
            "denominator": basis.denominator,
            "subjects": [
                {
                    "subject_id": one.subject_id,
                    "role": one.role,
                    "value": one.value,
                    "reason": one.reason,
                    "sources": self._sources(one.sources),
                }
                for one in basis.contributions
            ],
            "time_points": [
                {**time_point_json(point), "sources": self._sources(point.sources)}
                for point in self.points
            ],
        }

    def _sources(self, sources: Iterable[Source]) -> list[dict[str, object]]:
        places = dict.fromkeys((source.file, source.line) for source in sources)
        if self.cells is None:
            return [{"file": file, "line": line} for file, line in places]
        return [{"file": f, "line": n, "cells": self.cells[f, n]} for f, n in places]


def _role_order(role: str) -> tuple[int, str]:
    first = ("counted", "event", "value")
    return (first.index(role) if role in first else len(first)), role


def trace(study: Path, result_id: str, subject: str | None = None, rows: bool = False) -> Traced:
    """Trace one result of a study back to its source rows.

    Parameters
    ----------
    study
        A study folder.
    result_id
        The id of the result, such as ``orr/all/lower``.
    subject
        Show only this subject, with every time point.
    rows
        Show the cells of each source row, as they stand in the file.

    Raises
    ------
    ResultError
        If there is no such result, or the subject does not belong to it.
    """
    analysed = analyse(study)
    found = find_trace(analysed.results, result_id)
    points: tuple[TimePoint, ...] = ()
    if subject is not None:
        analysed.study.subject(subject)  # raises for an unknown subject
        found = _of_subject(found, subject)
        answers = next(a for a in analysed.derived if a.subject_id == subject)
        points = _points_of(answers, found.row.variant)
    sources = [s for c in found.basis.contributions for s in c.sources]
    sources += [s for point in points for s in point.sources]
    return Traced(found, points, _read_cells(study / "data", sources) if rows else None)


def _points_of(answers: SubjectAnswers, variant: str) -> tuple[TimePoint, ...]:
    """Return the time points of the reader or source of a variant, or those that count."""
    for reading in answers.readings.values():
        if slug(reading.name) == variant:
            return reading.time_points
    return answers.time_points


def find_trace(results: Results, result_id: str) -> Trace:
    """Return the row of an id with its basis, or raise a ResultError that names the nearest."""
    by_id = results.by_id()
    row = by_id.get(result_id)
    if row is None:
        raise ResultError(f"no result {result_id!r}{nearest(result_id, by_id)}")
    return Trace(row, results.bases[row.basis or ""])


def _of_subject(found: Trace, subject: str) -> Trace:
    basis = found.basis
    own = tuple(c for c in basis.contributions if c.subject_id == subject)
    if not own:
        raise ResultError(
            f"subject {subject} does not belong to {found.row.id}: {basis.denominator}"
        )
    return Trace(found.row, type(basis)(basis.id, basis.numerator, basis.denominator, own))


def _read_cells(folder: Path, sources: Iterable[Source]) -> Cells:
    from onearm.io.sdtm_files import read_cells_of

    lines: dict[str, set[int]] = {}
    for source in sources:
        lines.setdefault(source.file, set()).add(source.line)
    cells: Cells = {}
    for file, wanted in lines.items():
        path = folder / file
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        cells.update({(file, line): row for line, row in read_cells_of(path, wanted).items()})
    return cells
