"""CTCAE grades of a table of laboratory values.

Takes one table and a version of the CTCAE, gives one grade a row, in the order
of the file. Judges nobody: a check against the criteria, never medical advice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from onearm.clinical.derived import Grade
from onearm.clinical.lab_values import Problem
from onearm.clinical.labs import (
    Grader,
    Verdict,
    analyte_code,
    baselines,
    change_key,
    changes,
)
from onearm.clinical.records import Lab, Source
from onearm.clinical.units import find_analyte, unknown_test
from onearm.errors import Finding, InputError, Place
from onearm.format import count_of, source_lines, text_table
from onearm.io.many_objects import many_objects

ADVICE = "A check against the criteria, never medical advice."
MOST_ERRORS = 100


class Graded(NamedTuple):
    """One row of the table, with what the criteria say of it."""

    lab: Lab
    baseline: Lab | None
    verdict: Verdict
    change: str | None


@dataclass(frozen=True, slots=True)
class Grades:
    """What the criteria say of each row of a table, in file order."""

    rows: Sequence[Graded]
    grader: Grader
    warnings: tuple[Finding, ...] = ()

    @property
    def grades(self) -> Iterator[Grade]:
        """The grade of each row, with its reason and its sources."""
        for lab, baseline, _, change in self.rows:
            yield self.grader.grade(lab, baseline, change)

    def as_text(self) -> str:
        """Return a table with each row's reason below it, then how many were graded."""
        header = ("Subject", "Date", "Test", "Value", "Unit", "Grade", "Term")
        cells = [
            (
                lab.subject_id,
                lab.date.isoformat(),
                lab.test,
                lab.value or "",
                lab.unit or "",
                _grade_text(verdict),
                verdict.term or "",
            )
            for lab, _, verdict, _ in self.rows
        ]
        notes = [
            f"{row.verdict.reason}; {row.change}" if row.change else row.verdict.reason
            for row in self.rows
        ]
        lines = [text_table(header, cells, notes=notes)] if cells else []
        lines.append(f"{self._counts()}, by {self._criteria()}. {ADVICE}")
        lines += [f"{warning.severity}: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def _counts(self) -> str:
        graded = sum(row.verdict.grade is not None for row in self.rows)
        undecided = sum(bool(row.verdict.candidates) for row in self.rows)
        rest = len(self.rows) - graded - undecided
        total = count_of(len(self.rows), "row")
        return f"{total}: {graded} graded, {undecided} with candidates, {rest} not graded"

    def _criteria(self) -> str:
        chosen = [*self.grader.ctcae.options, *(["worst-case"] if self.grader.worst_case else [])]
        return self.grader.ctcae.name + "".join(f", option {name}" for name in chosen)

    def as_json(self) -> list[dict[str, object]]:
        """Return one object a row; dates ISO 8601, values as they were written."""
        version = self.grader.ctcae.version
        analytes = {test: self.grader.analyte(test) for test in {row.lab.test for row in self.rows}}
        days = {day: day.isoformat() for day in {row.lab.date for row in self.rows}}
        with many_objects():
            return [
                {
                    "subject_id": lab.subject_id,
                    "date": days[lab.date],
                    "test": lab.test,
                    "value": lab.value,
                    "unit": lab.unit,
                    "analyte": analytes[lab.test],
                    "term": verdict.term,
                    "direction": verdict.direction,
                    "grade": verdict.grade,
                    "candidates": list(verdict.candidates),
                    "threshold": verdict.threshold,
                    "change": change,
                    "reason": verdict.reason,
                    "ctcae": version,
                    "sources": _sources_text(self.grader.sources(lab, baseline)),
                }
                for lab, baseline, verdict, change in self.rows
            ]


def _sources_text(sources: tuple[Source, ...]) -> str:
    own = sources[0]
    return f"{own.file}:{own.line}" if len(sources) == 1 else source_lines(sources)


def _grade_text(verdict: Verdict) -> str:
    if verdict.grade is not None:
        return str(verdict.grade)
    return "/".join(map(str, verdict.candidates)) or "-"


def grade_labs(
    labs: Path | str,
    *,
    ctcae: str,
    options: Sequence[str] = (),
    worst_case: bool = False,
) -> Grades:
    """Grade every row of LABS.

    Parameters
    ----------
    labs
        Table with ``subject_id, date, test, value, unit, lln, uln`` and optional
        ``baseline, site, fasting, symptomatic, consequence, anticoagulated,
        transfused, albumin``.
    ctcae
        Version: 5.0 or 6.0.
    options
        Other readings of a criterion: ``creatinine-above-uln``, ``ggt-above-2``,
        ``triglycerides-above-1.71``.
    worst_case
        Take the highest of several candidates; the reason says so.

    Raises
    ------
    InputError
        If the file cannot be used, or a row is impossible: a unit that the
        analyte does not have, a negative or implausible value.
    """
    from onearm.io.csv import read_table
    from onearm.io.ctcae import read_ctcae

    grader = Grader(read_ctcae(ctcae, tuple(options)), worst_case=worst_case)
    table = read_table(Path(labs), Lab).checked()
    with many_objects():
        rows = list(_graded(table.records, grader))
    return Grades(rows, grader, (*table.findings, *_unknown_tests(table.records)))


def _graded(records: Sequence[Lab], grader: Grader) -> Iterator[Graded]:
    """Yield each record with its verdict; raise for the impossible rows at the end of the table."""
    found, moved = baselines(records), changes(records)
    codes = {test: analyte_code(test) or "" for test in {lab.test for lab in records}}
    problems: list[tuple[Lab, Problem]] = []
    for lab in records:
        baseline = found.get((lab.subject_id, codes[lab.test]))
        verdict = grader.verdict(lab, baseline)
        if verdict.problem is not None:
            problems.append((lab, verdict.problem))
        yield Graded(lab, baseline, verdict, moved.get(change_key(lab)) if moved else None)
    if problems:
        raise InputError(_errors(problems))


def _errors(problems: Sequence[tuple[Lab, Problem]]) -> Iterator[Finding]:
    for lab, problem in problems[:MOST_ERRORS]:
        place = Place(lab.source.file, lab.source.line, None, problem.column)
        yield Finding("error", problem.code, problem.message, place, lab.subject_id)
    if len(problems) > MOST_ERRORS:
        more = f"{len(problems) - MOST_ERRORS} more errors not listed"
        yield Finding("error", "more-errors", more, Place(problems[0][0].source.file))


def _unknown_tests(records: Sequence[Lab]) -> Iterator[Finding]:
    """Yield one warning for each test that no analyte is known for, at its first row."""
    first: dict[str, Lab] = {}
    for lab in records:
        first.setdefault(lab.test, lab)
    for test, lab in first.items():
        if find_analyte(test) is None:
            place = Place(lab.source.file, lab.source.line, None, "test")
            yield Finding("warning", "unknown-test", unknown_test(test), place)
