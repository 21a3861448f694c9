"""``onearm screen``: who may enter a study, criterion by criterion, with the evidence.

Takes a study folder and a file of facts, gives each person's outcomes. Loads
and lists; the rules stand in ``onearm.clinical.eligibility``, the empty file of
facts in ``onearm.pipeline.screen_template``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from onearm.clinical.eligibility import Outcome, Overall, Screened, screen_person
from onearm.clinical.eligibility_words import EvidenceRow, evidence_rows, reason
from onearm.clinical.fact_reading import FactReader, lab_problems
from onearm.clinical.facts import Facts
from onearm.errors import Finding, InputError, nearest
from onearm.io.csv import table_text
from onearm.io.facts import FACTS, read_facts
from onearm.io.many_objects import many_objects
from onearm.io.yaml import read_yaml
from onearm.protocol.document import Document
from onearm.protocol.forms import Forms, read_forms
from onearm.protocol.model import Protocol
from onearm.protocol.parse import parse_protocol

NOTICE = "A check against the protocol, never medical advice; the investigator decides and signs."
KEY_ONLY = "The source states the key criteria only: others may stand in the full protocol."
LOG = ("subject_id", "date", "enrolled", "criterion", "reason", "overall", "not_met", "unknown")
"""Columns of the screening log; the first five are those of the screening table."""
ANSWERS = {
    Overall.ELIGIBLE: "eligible, awaiting the investigator's signature",
    Overall.NOT_ELIGIBLE: "not eligible",
    Overall.UNKNOWN: "unknown",
}


class ReadStudy(NamedTuple):
    """A protocol, and its criteria as trees."""

    protocol: Protocol
    forms: Forms


@dataclass(frozen=True, slots=True)
class ScreenAnswer:
    """The outcomes of each person, in the order of the file."""

    study: ReadStudy
    people: tuple[Screened, ...]
    facts: tuple[Facts, ...]
    is_one_person: bool
    origins: tuple[str, ...] = ()
    notice: str = NOTICE

    def as_text(self) -> str:
        """Return every criterion of one person, or a line for each of many, and the notice."""
        remark = [] if self.study.protocol.eligibility.is_complete else ["", KEY_ONLY]
        remark += ["", f"These facts are marked {', '.join(self.origins)}."] if self.origins else []
        if len(self.people) == 1:
            return "\n".join([*_told(self.people[0]), *remark, "", NOTICE])
        lines = [line for person in self.people for line in _in_short(person)]
        counts = ", ".join(
            f"{sum(person.overall is overall for person in self.people)} {name}"
            for overall, name in (
                (Overall.ELIGIBLE, "eligible"),
                (Overall.NOT_ELIGIBLE, "not eligible"),
                (Overall.UNKNOWN, "unknown"),
            )
        )
        return "\n".join([*lines, "", counts, *remark, "", NOTICE])

    def as_json(self) -> dict[str, object] | list[object]:
        """Return an object for a file of one person, else a list."""
        if self.is_one_person and len(self.people) == 1:
            return self._person_json(self.people[0])
        return _Each(self)

    def _person_json(self, person: Screened) -> dict[str, object]:
        return {
            "study": self.study.protocol.study.id,
            "subject_id": person.subject_id,
            "overall": str(person.overall),
            "criteria": [
                {
                    "id": result.criterion.id,
                    "text": result.criterion.text,
                    "outcome": str(result.outcome),
                    "evidence": [_evidence_json(row) for row in evidence_rows(result)],
                    "missing": [
                        {
                            "fact": item.fact,
                            "needs": item.needs,
                            "from": item.earliest and item.earliest.isoformat(),
                            "by": item.by and item.by.isoformat(),
                        }
                        for item in dict.fromkeys(result.verdict.missing)
                    ],
                    "reason": reason(result),
                }
                for result in person.results
            ],
            "notice": NOTICE,
        }

    def log(self) -> ScreeningLog:
        """Return the screening log."""
        rows = [
            _log_row(person, facts) for person, facts in zip(self.people, self.facts, strict=True)
        ]
        return ScreeningLog(tuple(rows))


class _Each(list[object]):
    """The JSON of many persons, each made when it is written."""

    def __init__(self, answer: ScreenAnswer) -> None:
        super().__init__(answer.people)
        self._answer = answer

    def __iter__(self) -> Iterator[object]:
        return (self._answer._person_json(person) for person in self._answer.people)


@dataclass(frozen=True, slots=True)
class ScreeningLog:
    """One row a person: the outcome, and why not."""

    rows: tuple[tuple[object, ...], ...]

    def as_text(self) -> str:
        """Return the log as CSV."""
        return table_text(LOG, self.rows)

    def as_json(self) -> list[dict[str, object]]:
        """Return the log as records."""
        return [dict(zip(LOG, row, strict=True)) for row in self.rows]


def screen_study(
    study: Path, facts: Path | None = None, subject: str | None = None
) -> ScreenAnswer:
    """Screen the persons of a file of facts; without one, those of the study's own ``facts.csv``.

    Raises
    ------
    InputError
        With every problem of the criteria, or of the facts.
    """
    read = read_study(study)
    table = read_facts(_own_facts(Path(study)) if facts is None else Path(facts))
    protocol = read.protocol
    if table.study is not None and table.study != protocol.study.id:
        raise InputError(f"{table.file}: study must be {protocol.study.id}; got {table.study!r}")
    reader = FactReader(read.forms, table.file, protocol.study.data_cutoff)
    with many_objects():
        people = reader.read(table.header, table.rows)
    if reader.findings:
        raise InputError(sorted(reader.findings, key=_line))
    if subject is not None:
        known = [person.subject_id for person in people]
        people = [person for person in people if person.subject_id == subject]
        if not people:
            raise InputError(f"no subject {subject!r} in {table.file}{nearest(subject, known)}")
    if not people:
        raise InputError(f"{table.file}: must hold at least one fact; got none")
    with many_objects():
        screened = tuple(screen_person(protocol.eligibility, read.forms, p) for p in people)
    origins = tuple(sorted(reader.origins))
    return ScreenAnswer(read, screened, tuple(people), table.is_one_person, origins)


def _own_facts(study: Path) -> Path:
    path = study / "data" / FACTS
    if not path.exists():
        raise InputError(
            f"{path}: no such file; give a file of FACTS, or --template to fill one in"
        )
    return path


def read_study(folder: Path) -> ReadStudy:
    """Read the protocol of a study and the forms of its criteria."""
    path = Path(folder) / "protocol.yaml"
    if not path.is_file():
        raise InputError(f"{folder}: no study folder; it must hold a protocol.yaml")
    document = read_yaml(path)
    protocol = parse_protocol(document)
    forms, findings = study_forms(protocol, document)
    if findings:
        raise InputError(findings)
    return ReadStudy(protocol, forms)


def study_forms(protocol: Protocol, document: Document) -> tuple[Forms, list[Finding]]:
    """Return the forms of a protocol, and what is wrong with them."""
    forms, findings = read_forms(protocol.eligibility, document)
    for fact, message in lab_problems(forms):
        first = next(c for c in protocol.eligibility.all if c.id in fact.criteria)
        section = "inclusion" if first in protocol.eligibility.inclusion else "exclusion"
        position = getattr(protocol.eligibility, section).index(first)
        place = document.place(("eligibility", section, position))
        findings.append(Finding("error", "form-fact", f"{place.field}: {message}", place))
    return forms, sorted(findings, key=_line)


def _line(finding: Finding) -> tuple[int, int]:
    place = finding.place
    return (place.line or 0, place.column or 0) if place else (0, 0)


def _told(person: Screened) -> list[str]:
    lines = [f"{person.subject_id}: {ANSWERS[person.overall]}"]
    for outcome, head in (
        (Outcome.NOT_MET, "Not met"),
        (Outcome.UNKNOWN, "Unknown"),
        (Outcome.MET, "Met"),
    ):
        results = [result for result in person.results if result.outcome is outcome]
        if results:
            lines += ["", f"{head} ({len(results)}):"]
        for result in results:
            lines.append(f"  {result.criterion.id:<5} {result.criterion.text}")
            lines.append(f"        {reason(result)}")
    return lines


def _in_short(person: Screened) -> Iterator[str]:
    failed, unknown = person.ids(Outcome.NOT_MET), person.ids(Outcome.UNKNOWN)
    parts = [
        f"{name} {' '.join(ids)}"
        for name, ids in (("not met", failed), ("unknown", unknown))
        if ids
    ]
    name = str(person.overall).replace("_", " ")
    yield f"{person.subject_id}: {name}" + (f" ({'; '.join(parts)})" if parts else "")


def _log_row(person: Screened, facts: Facts) -> tuple[object, ...]:
    """Return a row of the log: who is eligible counts as enrolled until somebody corrects it.

    The criterion is the first that is not met, else the first unknown one; the
    day is that of consent.
    """
    failed, unknown = person.ids(Outcome.NOT_MET), person.ids(Outcome.UNKNOWN)
    wanted = Outcome.NOT_MET if failed else Outcome.UNKNOWN
    shown = [result for result in person.results if result.outcome is wanted]
    why = "; ".join(f"{result.criterion.id}: {reason(result)}" for result in shown)
    is_eligible = person.overall is Overall.ELIGIBLE
    consent = facts.date("consent")
    day = consent.first if consent and consent.first == consent.last else None
    return (
        person.subject_id,
        day,
        "Y" if is_eligible else "N",
        shown[0].criterion.id if shown else None,
        why or None,
        str(person.overall),
        " ".join(failed) or None,
        " ".join(unknown) or None,
    )


def _evidence_json(row: EvidenceRow) -> dict[str, object]:
    return {name: value for name, value in row._asdict().items() if name != "told"}
