"""``onearm best``: best overall response from time-point responses.

Takes a table of time points (and of subjects with their reference dates),
gives one answer row a subject and evaluator.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onearm.clinical import best as clinical_best
from onearm.clinical.checks import check_keys
from onearm.clinical.derived import BestResponse
from onearm.clinical.records import RecordedResponse
from onearm.clinical.sequence import Circumstances, Judged, cr_then_pr
from onearm.clinical.subject import reference_date
from onearm.errors import Finding, InputError, Place, nearest
from onearm.format import source_lines, text_table
from onearm.pipeline.observed import read_rules, read_subjects
from onearm.terms import INVESTIGATOR


@dataclass(frozen=True, slots=True)
class BestResponses:
    """Best responses, ordered by subject and evaluator."""

    answers: tuple[BestResponse, ...]
    warnings: tuple[Finding, ...] = ()

    def as_text(self) -> str:
        """Return a table with each subject's reason below it, then the warnings."""
        header = ("Subject", "Evaluator", "Best", "Confirmed", "Control", "Benefit", "iBOR")
        rows = [
            (
                answer.subject_id,
                answer.evaluator,
                answer.best or "unknown",
                answer.confirmed_best or "unknown",
                _yes_no(answer.disease_control),
                _yes_no(answer.clinical_benefit),
                answer.ibor or "",
            )
            for answer in self.answers
        ]
        sources = [source_lines(answer.sources) for answer in self.answers]
        notes = [
            f"{answer.reason}; {where}" if where else answer.reason
            for answer, where in zip(self.answers, sources, strict=True)
        ]
        lines = [text_table(header, rows, notes=notes)]
        lines += [f"{warning.severity}: {warning}" for warning in self.warnings]
        return "\n".join(lines)

    def as_json(self) -> list[dict[str, object]]:
        """Return one object a subject and evaluator."""
        return [best_response_json(answer) for answer in self.answers]


def _yes_no(value: bool | None) -> str:
    return "unknown" if value is None else "yes" if value else "no"


def best_response_json(answer: BestResponse) -> dict[str, object]:
    """Return a best response as JSON; dates ISO 8601."""
    return {
        "subject_id": answer.subject_id,
        "evaluator": answer.evaluator,
        "best": answer.best,
        "best_date": _iso(answer.best_date),
        "confirmed_best": answer.confirmed_best,
        "confirmed_best_date": _iso(answer.confirmed_best_date),
        "confirmed_response": answer.confirmed_response,
        "confirmed_response_date": _iso(answer.confirmed_response_date),
        "confirming_date": _iso(answer.confirming_date),
        "disease_control": answer.disease_control,
        "clinical_benefit": answer.clinical_benefit,
        "ibor": answer.ibor,
        "ipfs_date": _iso(answer.ipfs_date),
        "reason": answer.reason,
        "sources": source_lines(answer.sources),
    }


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


def best_response(
    timepoints: Path | str, rules: Path | str | None = None, subjects: Path | str | None = None
) -> BestResponses:
    """Find the best response of every subject of TIMEPOINTS and SUBJECTS.

    Parameters
    ----------
    timepoints
        Table with ``subject_id, date, response`` and optional ``visit,
        evaluator, irecist``.
    rules
        A YAML file of response options.
    subjects
        Table with the reference date of each subject; without it the SD
        minimum cannot be applied.

    Raises
    ------
    InputError
        If a file cannot be used, or a subject is not in SUBJECTS.
    """
    from onearm.io.csv import read_table

    chosen = read_rules(rules)
    people = read_subjects(subjects)
    table = read_table(Path(timepoints), RecordedResponse, required=("response",)).checked()
    records = table.records
    repeated = list(check_keys(records))
    if repeated:
        raise InputError(repeated)
    grouped: dict[tuple[str, str], list[RecordedResponse]] = {}
    for record in records:
        grouped.setdefault((record.subject_id, record.evaluator), []).append(record)
    references: dict[str, dt.date | None] = {}
    if people is not None:
        references = {person.subject_id: reference_date(person, chosen) for person in people}
        _check_known(records, references)
        seen = {subject_id for subject_id, _ in grouped}
        grouped.update({(name, INVESTIGATOR): [] for name in references if name not in seen})
    warnings = [
        finding
        for (name, _), points in sorted(grouped.items())
        for finding in cr_then_pr(name, points, chosen, Circumstances(references.get(name)))
    ]
    return BestResponses(
        tuple(
            clinical_best.best_response(
                name, evaluator, _judged(points), chosen, Circumstances(references.get(name))
            )
            for (name, evaluator), points in sorted(grouped.items())
        ),
        (*table.findings, *warnings),
    )


def _judged(points: list[RecordedResponse]) -> Sequence[Judged]:
    return points


def _check_known(
    records: Sequence[RecordedResponse], references: dict[str, dt.date | None]
) -> None:
    unknown = {r.subject_id: r for r in reversed(records) if r.subject_id not in references}
    if unknown:
        raise InputError(
            Finding(
                "error",
                "unknown-subject",
                f"subject_id must stand in the subjects table; "
                f"got {name!r}{nearest(name, references)}",
                Place(record.source.file, record.source.line, field="subject_id"),
            )
            for name, record in sorted(unknown.items())
        )
