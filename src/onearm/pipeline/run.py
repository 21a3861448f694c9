"""``onearm run``: the main job, from a study folder to results and a report.

Everything is made before anything is written; each file is written beside its
place and then renamed, so that nothing is ever half there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from onearm import __version__
from onearm.clinical.derived import Grade, SubjectCourse
from onearm.clinical.readings import planned_readings
from onearm.clinical.subject import SubjectAnswers, derive_subject
from onearm.errors import Finding, InputError
from onearm.format import count_of, interval, level_text, text_table, with_unit
from onearm.io.many_objects import many_objects
from onearm.pipeline.check import protocol_findings
from onearm.pipeline.documents import document_of, documents, plan_of
from onearm.pipeline.lab_findings import (
    criteria_of,
    grades_by_subject,
    lab_findings,
    lab_tables,
)
from onearm.pipeline.material import material_of
from onearm.pipeline.study import Study, load_study
from onearm.pipeline.written import write_files
from onearm.results.model import Comparison, Results, Row
from onearm.results.run import run_analyses
from onearm.sim.agreement import DoubleProgramming, judge_again

HEADLINE = (
    ("ORR", "orr/all", "estimate"),
    ("DCR", "dcr/all", "estimate"),
    ("Median PFS", "pfs/all", "median"),
    ("12-month OS", "os/all", "rate_12_months"),
    ("Grade >= 3 related adverse events", "trae/all", "grade_3_estimate"),
)


@dataclass(frozen=True)
class Analysed:
    """A study with what the rules derived and every result."""

    study: Study
    derived: tuple[SubjectAnswers, ...]
    results: Results
    findings: tuple[Finding, ...]

    @cached_property
    def second_program(self) -> DoubleProgramming:
        """Every patient judged again by the kernel, when asked; ``onearm run`` always asks."""
        return judge_again(self.study.subjects, self.derived, self.study.protocol)

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The published numbers beside ours, where the folder holds ``expected.yaml``."""
        return _compare(self.study.folder, self.results)


def analyse(study: Study | Path | str) -> Analysed:
    """Compute every planned result of a study: of its folder, or as it was loaded.

    Raises
    ------
    InputError
        With every error of the protocol, the tables or the rules.
    """
    with many_objects():
        return _analyse(study, lambda step: None)


def _analyse(source: Study | Path | str, progress: Callable[[str], None]) -> Analysed:
    progress("reading the protocol and the tables")
    study = source if isinstance(source, Study) else load_study(source)
    if not study.subjects:
        raise InputError(
            f"{study.folder / 'data'}: no subject; a study without data cannot be analysed"
        )
    progress("deriving responses and events")
    readings = planned_readings(study.subjects, study.protocol.response)
    derived = tuple(derive_subject(r, study.protocol, readings) for r in study.subjects)
    findings = [*protocol_findings(study.protocol, study.document), *study.findings]
    noticed = [*(f for answers in derived for f in answers.findings), *lab_findings(study)]
    findings += study.in_own_words(noticed)
    _stop_at_errors(findings)
    progress("computing results")
    results = run_analyses(
        study.protocol, study.subjects, derived, study.screening, readings, criteria_of(study)
    )
    return Analysed(study, derived, results, tuple(findings))


def _stop_at_errors(findings: Iterable[Finding]) -> None:
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise InputError(errors)


def _compare(folder: Path, results: Results) -> tuple[Comparison, ...]:
    path = folder / "expected.yaml"
    if not path.is_file():
        return ()
    from onearm.io.expected import read_expected
    from onearm.pipeline.compare import against

    return against(results, read_expected(path)).comparisons


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run wrote, and its headline."""

    analysed: Analysed
    comparisons: tuple[Comparison, ...]
    written: tuple[Path, ...]

    def as_text(self) -> str:
        """Return where the report lies, the five headline numbers, and what to look at."""
        found = self.analysed
        rows = [
            (
                one.label,
                with_unit(one.row),
                f"({interval(*one.limits)})" if one.limits else "",
                one.id,
            )
            for one in headline(found.results)
        ]
        level = found.study.protocol.analysis.level
        reports = [path for path in self.written if path.name.startswith("report.")]
        subjects = count_of(len(found.study.subjects), "subject")
        results = count_of(len(found.results.rows), "result")
        lines = [
            f"{found.study.protocol.study.id}: {subjects}, {results}",
            "",
            text_table(("", "Result", f"{level_text(level)} CI", "Id"), rows),
            "",
        ]
        lines += _verdicts(self.comparisons)
        lines.append(found.second_program.as_text())
        kinds = [f.severity for f in found.findings]
        if kinds:
            counts = [count_of(kinds.count(k), k) for k in ("warning", "note") if k in kinds]
            lines.append(f"Data checks: {', '.join(counts)} (in the report)")
        if find_spec("matplotlib") is None:
            lines.append("No figures: install them with  pip install 'onearm[report]'")
        lines += [f"Report: {path}" for path in reports]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return the headline numbers and the files that were written."""
        verdicts = [comparison.verdict for comparison in self.comparisons]
        return {
            "study": self.analysed.study.protocol.study.id,
            "headline": [
                {
                    "id": one.id,
                    "label": one.label,
                    "value": one.row.value if one.row else None,
                    "lower": one.limits[0].value if one.limits else None,
                    "upper": one.limits[1].value if one.limits else None,
                }
                for one in headline(self.analysed.results)
            ],
            "published": {v.replace(" ", "_"): verdicts.count(v) for v in dict.fromkeys(verdicts)},
            "second_program": self.analysed.second_program.as_json(),
            "findings": [str(finding) for finding in self.analysed.findings],
            "written": [str(path) for path in self.written],
        }


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the numbers that a run prints; no row where the study has no such result."""

    id: str
    label: str
    row: Row | None
    limits: tuple[Row, Row] | None


def headline(results: Results) -> list[Headline]:
    """Return the five numbers that a run prints first, with their limits."""
    by_id = results.by_id()
    found = []
    for label, where, statistic in HEADLINE:
        name = f"{where}/{statistic}"
        stem = f"{name}_" if statistic.startswith("rate_") else f"{where}/"
        lower, upper = by_id.get(f"{stem}lower"), by_id.get(f"{stem}upper")
        limits = (lower, upper) if lower and upper else None
        found.append(Headline(name, label, by_id.get(name), limits))
    return found


def _verdicts(comparisons: Sequence[Comparison]) -> list[str]:
    if not comparisons:
        return []
    from onearm.results.published import summary_text

    return [summary_text(comparisons)]


def run_study(
    study: Path,
    out: Path,
    formats: Sequence[str] = ("html",),
    progress: Callable[[str], None] = lambda step: None,
    *,
    outline: str = "paper",
    profile: str | None = None,
) -> Ran:
    """Check, derive, analyse and report a study; every file goes under OUT.

    Writes ``results.json``, ``derived/*.csv``, ``provenance.json`` and the
    report in each format; as RTF each table, too. Files of OUT that it does not
    write stay as they are.

    Parameters
    ----------
    study, out
        The study folder, and where every file goes.
    formats
        Any of ``html``, ``pdf``, ``docx``, ``rtf``; all but the first need the
        extra ``report``.
    progress
        Told what is being done.
    outline
        ``paper``, or ``csr``: a clinical study report in the order of ICH E3.
    profile
        How numbers are printed: ``journal``, ``csr`` or ``label``; the
        protocol's own by default.

    Raises
    ------
    InputError
        If the study cannot be analysed or the second program judges a patient
        otherwise, a format, outline or profile is
        unknown, a package is missing, or OUT is a file.
    """
    wanted = plan_of(formats, outline, profile)
    if out.exists() and not out.is_dir():
        raise InputError(f"--out must be a folder, which need not exist yet; {out} is a file")
    from onearm.pipeline.derived import subject_courses

    with many_objects():  # up to the last table and figure
        analysed = _analyse(study, progress)
        progress("judging every patient again, by a second program")
        _stop_at_errors(analysed.second_program.differences)
        provenance = provenance_of(analysed.study)
        progress("comparing with published numbers")
        comparisons = analysed.comparisons
        graded = grades_by_subject(analysed.study)
        courses = subject_courses(analysed.study, analysed.derived, graded)
        files = _data_files(analysed, provenance, graded, courses)
        material = material_of(analysed, comparisons, courses)
        document = document_of(analysed, material, provenance, wanted, progress)
        files |= documents(document, wanted, progress)
    progress("writing files")
    return Ran(analysed, comparisons, write_files(out, files))


def provenance_of(study: Study) -> dict[str, object]:
    """Return what the results came from: hashes of the inputs, versions, cut-off."""
    folder = study.folder
    inputs = [folder / "protocol.yaml", *sorted((folder / "data").glob("*"))]
    if (folder / "expected.yaml").is_file():
        inputs.append(folder / "expected.yaml")
    cutoff = study.protocol.study.data_cutoff
    return {
        "study": study.protocol.study.id,
        "data_cutoff": None if cutoff is None else cutoff.isoformat(),
        "protocol_format": study.protocol.protocol,
        "inputs": {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in inputs
            if path.is_file()
        },
        "versions": {
            "onearm": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("numpy", "scipy", "pydantic", "ruamel.yaml")},
        },
    }


def _data_files(
    analysed: Analysed,
    provenance: dict[str, object],
    graded: Sequence[tuple[Grade, ...]] | None,
    courses: Sequence[SubjectCourse],
) -> dict[str, str | bytes]:
    from onearm.io.csv import table_text
    from onearm.io.results import results_text
    from onearm.pipeline.derived import course_tables, derived_tables

    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    made = json.dumps({**provenance, "made": now}, indent=1, ensure_ascii=False) + "\n"
    files: dict[str, str | bytes] = {
        "results.json": results_text(analysed.study.protocol.study.id, analysed.results),
        "provenance.json": made,
    }
    tables = derived_tables(analysed.derived) | course_tables(courses)
    tables |= lab_tables(analysed.study, graded)
    for name, (header, rows) in tables.items():
        files[f"derived/{name}"] = table_text(header, rows)
    return files
