"""What a source of ``onearm respond`` holds: lesions, people, rules, recorded responses.

A source is a study folder, a folder with ``lesions.csv``, a folder of SDTM, or
one file of lesions. Loads; judges nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onearm.clinical.checks import check_keys
from onearm.clinical.records import Measurement, RecordedResponse, Subject
from onearm.clinical.subject import marker_readings
from onearm.errors import Finding, InputError
from onearm.io.sdtm_files import is_domain, is_sdtm
from onearm.protocol.response import ResponseRules

MOST_ERRORS = 100
"""Errors listed for one folder of SDTM."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What was observed, and by which rules it is judged; ``people`` None where none are listed."""

    lesions: Sequence[Measurement]
    rules: ResponseRules
    people: Sequence[Subject] | None
    file: str
    responses: Sequence[RecordedResponse] = ()
    with_irecist: bool = True
    markers: Mapping[str, Sequence[tuple[dt.date, bool]]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    primary: str = ""  # the evaluator to whom adjudicated responses belong


def observe(
    source: Path, rules: Path | str | None = None, subjects: Path | str | None = None
) -> Observed:
    """Load a source.

    Raises
    ------
    InputError
        If it cannot be used.
    """
    if (source / "protocol.yaml").is_file():
        if subjects is not None:
            raise InputError(f"{source}: a study brings its own subjects; leave out {subjects}")
        return _study(source, rules)
    if source.is_file() and is_domain(source):
        message = "is a domain of SDTM; give the folder that holds TU and TR"
        raise InputError(f"{source}: {message}")
    lesions = source / "lesions.csv" if source.is_dir() else source
    if source.is_dir() and not lesions.exists():
        return _sdtm(source, rules, subjects)
    beside = lesions.parent / "subjects.csv" if source.is_dir() else None
    if subjects is None and beside is not None and beside.is_file():
        subjects = beside
    return _table(lesions, rules, subjects, source.is_dir())


def _study(folder: Path, rules: Path | str | None) -> Observed:
    from onearm.pipeline.study import load_study

    study = load_study(folder)
    plan = study.protocol.response
    return Observed(
        [row for records in study.subjects for row in records.lesions or ()],
        plan.rules if rules is None else read_rules(rules),
        [records.subject for records in study.subjects],
        str(folder),
        [row for records in study.subjects for row in records.responses or ()],
        plan.also == "iRECIST" or rules is not None,
        {r.subject.subject_id: marker_readings(r, plan.markers) for r in study.subjects},
        tuple(f for f in study.findings if f.code == "partial-date"),
        plan.primary_evaluator,
    )


def _sdtm(folder: Path, rules: Path | str | None, subjects: Path | str | None) -> Observed:
    from onearm.io.sdtm import read_sdtm

    if not is_sdtm(folder):
        message = f"{folder}: no protocol.yaml, no lesions.csv and no SDTM in this folder"
        raise InputError(message)
    tables, findings, _ = read_sdtm(folder)
    check_errors(findings)
    if tables["lesions"] is None:
        raise InputError(f"{folder}: no TU and TR in this folder; responses are derived from them")
    people = read_subjects(subjects) if subjects is not None else tables["subjects"]
    if subjects is None and people is not None:
        from onearm.pipeline.study import group_subjects, with_first_doses

        dosed, notes = with_first_doses(group_subjects({**tables, "subjects": people}))
        people, findings = tuple(records.subject for records in dosed), [*findings, *notes]
    return Observed(
        tables["lesions"],
        read_rules(rules),
        people,
        str(folder),
        tables["responses"] or (),
        findings=tuple(findings),
    )


def check_errors(findings: Sequence[Finding]) -> None:
    """Raise the errors among the findings, up to the number that is listed."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if len(errors) > MOST_ERRORS:
        more = f"{len(errors) - MOST_ERRORS} more errors not listed"
        errors = [*errors[:MOST_ERRORS], Finding("error", "more-errors", more)]
    if errors:
        raise InputError(errors)


def _table(
    lesions: Path, rules: Path | str | None, subjects: Path | str | None, is_folder: bool
) -> Observed:
    from onearm.io.csv import Table, read_table

    chosen = read_rules(rules)
    people = read_subjects(subjects)
    table = read_table(lesions, Measurement).checked()
    recorded: tuple[RecordedResponse, ...] = ()
    beside = lesions.parent / "responses.csv"
    if is_folder and beside.is_file():
        responses: Table[Any] = read_table(beside, RecordedResponse).checked()
        recorded = responses.records
    repeated = [*check_keys(table.records), *check_keys(recorded)]
    if repeated:
        raise InputError(repeated)
    return Observed(table.records, chosen, people, str(lesions), recorded, findings=table.findings)


def read_rules(path: Path | str | None) -> ResponseRules:
    """Return the rules of a YAML file, or the defaults (profile ``recist11``)."""
    if path is None:
        return ResponseRules()
    from onearm.io.yaml import read_yaml
    from onearm.protocol.parse import parse_rules

    return parse_rules(read_yaml(Path(path)))


def read_subjects(path: Path | str | None) -> tuple[Subject, ...] | None:
    """Return the subjects of a side-door table, whose other columns do not matter."""
    if path is None:
        return None
    from onearm.io.csv import read_table

    people = read_table(Path(path), Subject, ignore_others=True).checked().records
    repeated = list(check_keys(people))
    if repeated:
        raise InputError(repeated)
    return people
