"""``onearm check``: every problem in the protocol and the data of a study, and what is assumed.

Takes a study folder, gives an answer whose exit status is 1 when one of the
findings is an error. Loads, asks the designs, lists; decides nothing itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from onearm.clinical.subject import derive_subject
from onearm.errors import DesignError, Finding, InputError, Place, Severity
from onearm.format import count_of
from onearm.io.yaml import read_yaml
from onearm.pipeline.screen import study_forms
from onearm.protocol.document import Document
from onearm.protocol.endpoints import TIMES
from onearm.protocol.model import Assumption, Protocol
from onearm.protocol.parse import parse_protocol
from onearm.protocol.published_regimen import regimen_notes
from onearm.results.design_rows import planned_boundary, planned_design

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
REGISTRIES = {  # how the numbers of a registry look
    "ClinicalTrials.gov": r"NCT\d{8}",
    "the Chinese registry of drug trials": r"CTR\d{8}",
    "the Chinese Clinical Trial Registry": r"ChiCTR[-A-Za-z]*\d+",
    "ISRCTN": r"ISRCTN\d{8}",
    "jRCT": r"jRCTs?\d+",
    "UMIN": r"UMIN\d{9}",
    "EudraCT": r"\d{4}-\d{6}-\d{2}",
    "the EU Clinical Trials Information System": r"\d{4}-\d{6}-\d{2}-\d{2}",
}


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """What was found in a study, in the order of the files."""

    folder: Path
    findings: tuple[Finding, ...]
    assumptions: tuple[Assumption, ...]

    @property
    def exit_status(self) -> int:
        """1 when there is an error, else 0."""
        return int(any(finding.severity == "error" for finding in self.findings))

    def as_text(self) -> str:
        """Return one line a finding, one an assumption, then the counts."""
        lines = [f"{finding.severity:7}  {finding}" for finding in self.findings]
        if self.assumptions:
            lines += ["", "Assumed, because the source does not say:"]
            lines += [
                f"  {item.place}: {item.field} = {item.value} ({item.reason})"
                for item in self.assumptions
            ]
        return "\n".join([*lines, "", self._summary()]).lstrip("\n")

    def _summary(self) -> str:
        counts = Counter(finding.severity for finding in self.findings)
        found = ", ".join(count_of(counts[severity], severity) for severity in SEVERITIES)
        return f"{self.folder}: {found}, {count_of(len(self.assumptions), 'assumption')}"

    def as_json(self) -> dict[str, object]:
        """Return findings and assumptions, each with its place."""
        return {
            "folder": str(self.folder),
            "findings": [_finding_json(finding) for finding in self.findings],
            "assumptions": [
                {
                    "field": item.field,
                    "value": item.value,
                    "reason": item.reason,
                    **_place_json(item.place),
                }
                for item in self.assumptions
            ],
        }


def check_study(folder: Path) -> CheckAnswer:
    """Check a study folder.

    Raises
    ------
    InputError
        If the folder is no study.
    """
    folder = Path(folder)
    path = folder / "protocol.yaml"
    if not path.is_file():
        raise InputError(f"{folder}: no study folder; it must hold a protocol.yaml")
    protocol, findings = _protocol(path)
    findings += _data(folder, protocol)
    assumptions = protocol.assumptions if protocol else ()
    return CheckAnswer(folder, tuple(findings), assumptions)


def _protocol(path: Path) -> tuple[Protocol | None, list[Finding]]:
    try:
        document = read_yaml(path)
        protocol = parse_protocol(document)
    except InputError as error:
        return None, list(error.findings)
    return protocol, sorted(protocol_findings(protocol, document), key=_line)


def _data(folder: Path, protocol: Protocol | None) -> list[Finding]:
    """Return what loading the data finds; without a protocol the tables are read alone."""
    from onearm.pipeline.facts_findings import facts_findings
    from onearm.pipeline.lab_findings import lab_findings
    from onearm.pipeline.study import load_study, read_tables

    if protocol is None:
        # Which columns of the subjects are read is for the protocol to say.
        found = read_tables(folder / "data")[1]
        unread = ("unknown-column", "subjects.csv")
        return [f for f in found if (f.code, f.place.file if f.place else "") != unread]
    try:
        study = load_study(folder)
    except InputError as error:
        return list(error.findings)
    derived = (derive_subject(records, protocol) for records in study.subjects)
    found = [finding for answers in derived for finding in answers.findings]
    found += [*lab_findings(study), *facts_findings(study)]
    return [*study.findings, *study.in_own_words(found)]


def protocol_findings(protocol: Protocol, document: Document) -> Iterator[Finding]:
    """Return what is worth knowing of a protocol that was read without an error."""
    yield from _design(protocol, document)
    yield from _stopping(protocol, document)
    yield from _identifiers(protocol, document)
    for path, message in regimen_notes(protocol.treatment):
        yield Finding("note", "regimen-differs", message, document.place(path))
    yield from study_forms(protocol, document)[1]
    for section in ("primary", "secondary", "exploratory"):
        for position, endpoint in enumerate(getattr(protocol.endpoints, section)):
            if endpoint.id in TIMES and endpoint.id not in {"os", "ttr"} and not endpoint.censoring:
                place = document.place(("endpoints", section, position))
                message = f"{endpoint.id} names no censoring rules; allowed are paper, fda, ema"
                yield Finding("warning", "no-censoring", message, place)


def _design(protocol: Protocol, document: Document) -> Iterator[Finding]:
    """Refuse numbers that the protocol states and its own design does not give."""
    try:
        ours = planned_design(protocol)
    except DesignError as error:
        yield Finding("error", "design", f"design: {error}", document.place(("design",)))
        return
    for field, message in ours.contradictions:
        place = document.place(("design", field))
        yield Finding("error", "design-differs", f"design.{field} {message}", place)


def _stopping(protocol: Protocol, document: Document) -> Iterator[Finding]:
    """Refuse a toxicity boundary that does not exist, or looks that can never stop."""
    plan, enrolled = protocol.safety.stopping, protocol.study.enrolment.planned
    if plan is None:
        return
    place = document.place(("safety", "stopping"))
    if plan.looks[-1] > enrolled:
        message = f"looks at {plan.looks[-1]} subjects, but {enrolled} are planned"
        yield Finding("error", "stopping", f"safety.stopping: {message}", place)
    try:
        boundary = planned_boundary(plan)
    except DesignError as error:
        yield Finding("error", "stopping", f"safety.stopping: {error}", place)
        return
    idle = [str(look.n) for look in boundary.looks if look.high is None]
    if idle:
        message = f"no number of events stops the trial at n = {', '.join(idle)}: look later"
        yield Finding("warning", "stopping-idle", f"safety.stopping: {message}", place)


def _identifiers(protocol: Protocol, document: Document) -> Iterator[Finding]:
    for position, identifier in enumerate(protocol.study.identifiers):
        path = ("study", "identifiers", position)
        printed = identifier.printed_as
        home = _registry_of(identifier.id)
        if printed is not None and printed != identifier.registry:
            message = f"{identifier.id} is printed under {printed}, but is of {identifier.registry}"
            place = document.place((*path, "printed_as"))
            yield Finding("warning", "registry-differs", message, place)
        elif home and identifier.registry in REGISTRIES and identifier.registry != home:
            message = f"{identifier.id} has the form of {home}; got {identifier.registry}"
            place = document.place((*path, "registry"))
            yield Finding("warning", "registry-differs", message, place)


def _registry_of(number: str) -> str | None:
    for registry, form in REGISTRIES.items():
        if re.fullmatch(form, number):
            return registry
    return None


def _line(finding: Finding) -> int:
    return (finding.place.line or 0) if finding.place else 0


def _finding_json(finding: Finding) -> dict[str, object]:
    return {
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
        "subject_id": finding.subject_id,
        **_place_json(finding.place),
    }


def _place_json(place: Place | None) -> dict[str, object]:
    names: Iterable[str] = Place._fields
    return {name: getattr(place, name) if place else None for name in names}
