"""``onearm run``: the main job, from a study folder to results and a report.

Everything is written beside its place and then renamed, so that nothing is
ever half there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onearm.clinical.subject import SubjectAnswers, derive_subject
from onearm.errors import Finding, InputError
from onearm.pipeline.study import Study, load_study
from onearm.results.model import Results
from onearm.results.run import run_analyses


@dataclass(frozen=True, slots=True)
class Analysed:
    """A study with what the rules derived and every result."""

    study: Study
    derived: tuple[SubjectAnswers, ...]
    results: Results
    findings: tuple[Finding, ...]


def analyse(folder: Path | str) -> Analysed:
    """Load a study folder and compute every planned result.

    Raises
    ------
    InputError
        With every error of the protocol, the tables or the rules.
    """
    study = load_study(folder)
    derived = tuple(derive_subject(records, study.protocol) for records in study.subjects)
    findings = [*study.findings, *(f for answers in derived for f in answers.findings)]
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise InputError(errors)
    results = run_analyses(study.protocol, study.subjects, derived, study.screening)
    return Analysed(study, derived, results, tuple(findings))
