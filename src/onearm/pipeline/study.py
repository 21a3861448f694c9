"""A study folder, loaded: the protocol, and every subject's records up to the cut-off.

Takes a folder, gives one frozen object for all other verbs, with what was
found on the way. Errors are raised together; warnings and notes are kept. A
table without a file was not collected (``None``); a header without rows means
that nothing was observed (``()``).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from onearm.clinical.checks import check_subject
from onearm.clinical.cutoff import apply_cutoff
from onearm.clinical.records import TABLES, Screening, Subject, SubjectRecords
from onearm.errors import Finding, InputError, Place, nearest
from onearm.io.csv import Table, errors_with_hints, read_table
from onearm.io.facts import FACTS
from onearm.io.sdtm import read_sdtm
from onearm.io.sdtm_files import is_sdtm
from onearm.io.sdtm_names import in_sdtm
from onearm.io.yaml import read_yaml
from onearm.protocol.document import Document
from onearm.protocol.model import Protocol
from onearm.protocol.parse import parse_protocol
from onearm.results.model import slug

DEMOGRAPHICS = "DM"
"""The domain of SDTM that says who was in the study."""

APART = ("subjects", "screening")
"""Tables that are no part of one subject's records: who there is at all."""


@dataclass(frozen=True, slots=True)
class Study:
    """A protocol with its data.

    ``tables`` holds what the files hold, ``subjects`` and ``screening`` what
    counts up to the data cut-off, in the order of the subject identifiers.
    ``origins`` holds what the column ``data_origin`` of the tables says.
    """

    folder: Path
    document: Document
    protocol: Protocol
    tables: Mapping[str, tuple[Any, ...] | None]
    subjects: tuple[SubjectRecords, ...]
    screening: tuple[Screening, ...] | None
    findings: tuple[Finding, ...]
    origins: frozenset[str]
    is_sdtm: bool = False

    def in_own_words(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return findings that name what the user has: columns of tables, or variables of SDTM."""
        return in_sdtm(findings, self.tables) if self.is_sdtm else list(findings)

    def subject(self, subject_id: str) -> SubjectRecords:
        """Return the records of one subject, or raise an InputError that names the nearest."""
        for records in self.subjects:
            if records.subject.subject_id == subject_id:
                return records
        known = [records.subject.subject_id for records in self.subjects]
        raise InputError(f"no subject {subject_id!r} in {self.folder}{nearest(subject_id, known)}")


def load_study(folder: Path | str) -> Study:
    """Load a study folder: ``protocol.yaml`` and ``data/*.csv``, or SDTM in ``data/``.

    Raises
    ------
    InputError
        With every error of the protocol; or else of what the tables hold; or
        else of what the records of a subject say together.
    """
    folder = Path(folder)
    if not (folder / "protocol.yaml").is_file():
        raise InputError(f"{folder}: no study folder; it must hold a protocol.yaml")
    document = read_yaml(folder / "protocol.yaml")
    protocol = parse_protocol(document)
    has_sdtm = _holds_sdtm(folder / "data")
    tables, findings, origins = read_tables(folder / "data", _characteristics(protocol))
    if not any(_is_broken(findings, file) for file in ("subjects.csv", DEMOGRAPHICS)):
        # else every row would have no subject
        findings += _membership(tables)
    findings += _evaluators(tables, protocol.response.primary_evaluator)
    _stop_at_errors(in_sdtm(findings, tables) if has_sdtm else findings)
    subjects, screening, notes = _up_to_cutoff(tables, protocol.study.data_cutoff)
    findings += notes
    subjects, notes = with_first_doses(subjects)
    findings += notes
    findings += _characteristic_values(subjects, protocol)
    drugs = [drug.name for drug in protocol.treatment.drugs]
    for records in subjects:
        findings += check_subject(records, protocol.response.rules, drugs=drugs)
    findings = in_sdtm(findings, tables) if has_sdtm else findings
    _stop_at_errors(findings)
    return Study(
        folder, document, protocol, tables, subjects, screening, tuple(findings), origins, has_sdtm
    )


def _holds_sdtm(folder: Path) -> bool:
    """Return whether a data folder holds SDTM, and no table of a study."""
    has_tables = any((folder / f"{record.TABLE}.csv").exists() for record in TABLES)
    return not has_tables and is_sdtm(folder)


def _is_broken(findings: Iterable[Finding], file: str) -> bool:
    """Return whether a file could not be read whole."""
    return any(f.severity == "error" and f.place and f.place.file == file for f in findings)


def _stop_at_errors(findings: Iterable[Finding]) -> None:
    """Raise the errors, with the columns that look misspelt: one is often why."""
    found = list(findings)
    if any(finding.severity == "error" for finding in found):
        raise InputError(errors_with_hints(found))


def read_tables(
    folder: Path, characteristics: tuple[str, ...] = ()
) -> tuple[dict[str, tuple[Any, ...] | None], list[Finding], frozenset[str]]:
    """Read every table of a data folder, with all findings and the origins of the rows.

    An absent file gives ``None``. A folder without any table of a study, but
    with SDTM, is read as that.
    """
    if _holds_sdtm(folder):
        found, problems, said = read_sdtm(folder, characteristics)
        if found["subjects"] is None:
            message = "the domain is not there, and it says who was in the study"
            problems.append(Finding("error", "missing-domain", message, Place(DEMOGRAPHICS)))
        return found, problems, said
    tables: dict[str, tuple[Any, ...] | None] = {}
    findings = list(_unknown_files(folder))
    origins: frozenset[str] = frozenset()
    for record in TABLES:
        path = folder / f"{record.TABLE}.csv"
        if not path.exists():
            tables[record.TABLE] = None
            continue
        names = characteristics if record is Subject else ()
        table: Table[Any] = read_table(path, record, characteristics=names)
        tables[record.TABLE] = table.records
        findings += table.findings
        origins |= table.origins
    return tables, findings, origins


def _characteristics(protocol: Protocol) -> tuple[str, ...]:
    """Return the columns of the subjects table that the protocol uses."""
    listed = [characteristic.id for characteristic in protocol.characteristics]
    used = [name for subgroup in protocol.subgroups for name in subgroup.where]
    return tuple(dict.fromkeys([*listed, *used]))


def _unknown_files(folder: Path) -> Iterator[Finding]:
    known = [*(f"{record.TABLE}.csv" for record in TABLES), FACTS]
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in known and not path.name.startswith("."):
            near = nearest(path.name, known)
            message = f"the file is no table of a study and is not read{near}"
            yield Finding("warning", "unknown-file", message, Place(path.name))


def _membership(tables: Mapping[str, tuple[Any, ...] | None]) -> list[Finding]:
    """Check that each row belongs to one subject of the subjects table."""
    subjects = {row.subject_id: row for row in tables["subjects"] or ()}
    screening = {row.subject_id: row for row in tables["screening"] or ()}
    findings: list[Finding] = []
    for name in APART:
        findings += _duplicates(tables[name] or ())
    has_rows = any(rows for name, rows in tables.items() if name not in APART)
    if tables["subjects"] == () and has_rows:
        message = "the table has no row; other tables hold rows of its subjects"
        return [*findings, Finding("error", "no-subjects", message, Place("subjects.csv"))]
    if tables["subjects"] is None and (has_rows or screening):
        message = "the file does not exist; other tables hold rows of its subjects"
        return [*findings, Finding("error", "missing-file", message, Place("subjects.csv"))]
    for name, rows in tables.items():
        if name not in APART:
            findings += _unknown_subjects(rows or (), subjects, screening)
    return [*findings, *_screening_differs(subjects, screening)]


JUDGED = ("lesions", "responses", "endpoints")
"""Tables that name an evaluator."""


def _evaluators(tables: Mapping[str, tuple[Any, ...] | None], primary: str) -> Iterator[Finding]:
    """Check that evaluators differ in more than writing, and that the primary one is there."""
    first: dict[str, Any] = {}
    for row in (row for name in JUDGED for row in tables[name] or ()):
        known = first.setdefault(slug(row.evaluator), row)
        if known.evaluator != row.evaluator:
            message = (
                f"evaluator must be written as in {known.source}, {known.evaluator!r}; "
                f"got {row.evaluator!r}"
            )
            yield Finding("error", "evaluator-differs", message, _place(row, "evaluator"))
            return
    names = [row.evaluator for row in first.values()]
    is_adjudicated = any(row.is_accepted for row in tables["responses"] or ())
    if names and primary not in names and not is_adjudicated:
        allowed = f"must be one who judged: {', '.join(sorted(names))}"
        message = f"response.primary_evaluator {allowed}; got {primary!r}{nearest(primary, names)}"
        yield Finding("error", "primary-evaluator", message, Place("protocol.yaml"))


def _duplicates(rows: Iterable[Any]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for row in rows:
        if row.subject_id in first:
            line = first[row.subject_id]
            message = f"subject_id must stand once, line {line} has it; got {row.subject_id!r}"
            yield Finding("error", "duplicate-key", message, _place(row, "subject_id"))
        first.setdefault(row.subject_id, row.source.line)


def _unknown_subjects(
    rows: Iterable[Any], subjects: Mapping[str, Any], screening: Mapping[str, Screening]
) -> Iterator[Finding]:
    apart: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        whom = row.subject_id
        if whom in subjects:
            continue
        if whom in screening and not screening[whom].is_enrolled:
            apart[whom].append(row.source.line)
            if len(apart[whom]) == 1:
                message = "screened and not enrolled; rows from this one on are set aside"
                yield Finding("note", "not-enrolled", message, _place(row, None), whom)
            continue
        listed = next((subject.source.file for subject in subjects.values()), "subjects.csv")
        message = f"subject_id must stand in {listed}; got {whom!r}{nearest(whom, subjects)}"
        yield Finding("error", "unknown-subject", message, _place(row, "subject_id"))


def _screening_differs(
    subjects: Mapping[str, Subject], screening: Mapping[str, Screening]
) -> Iterator[Finding]:
    """Compare who enrolled by the two tables, where screening was collected."""
    for whom, row in screening.items():
        if row.is_enrolled != (whom in subjects):
            says = "enrolled, but not in" if row.is_enrolled else "not enrolled, but in"
            message = f"screening says {says} subjects.csv"
            yield Finding("warning", "screening-differs", message, _place(row, "enrolled"), whom)
    for whom, subject in subjects.items() if screening else ():
        if whom not in screening:
            message = "the subject is not in screening.csv"
            place = _place(subject, "subject_id")
            yield Finding("warning", "screening-differs", message, place, whom)


def with_first_doses(
    subjects: Iterable[SubjectRecords],
) -> tuple[tuple[SubjectRecords, ...], list[Finding]]:
    """Take the first dose from the doses where the subjects table leaves it empty, and say so."""
    found, findings = [], []
    for records in subjects:
        subject = records.subject
        doses = [dose for dose in records.doses or () if dose.dose > 0]
        if subject.first_dose_date is None and doses:
            first = min(doses, key=lambda dose: dose.start_date)
            message = f"first_dose_date is empty; the first of {first.source.file} counts, "
            message += str(first.start_date)
            place = _place(subject, "first_dose_date")
            whom = subject.subject_id
            findings.append(Finding("warning", "first-dose-missing", message, place, whom))
            dosed = replace(subject, first_dose_date=first.start_date)
            records = replace(records, subject=dosed)
        found.append(records)
    return tuple(found), findings


def _characteristic_values(
    subjects: Iterable[SubjectRecords], protocol: Protocol
) -> Iterator[Finding]:
    """Check that a continuous characteristic is a number, a categorical one a known level."""
    for subject in (records.subject for records in subjects):
        for about in protocol.characteristics:
            value = subject.characteristics.get(about.id)
            if not value:
                continue
            place, whom = _place(subject, about.id), subject.subject_id
            if about.kind == "continuous" and not _is_number(value):
                message = f"{about.id} must be a number, as the protocol says; got {value!r}"
                yield Finding("error", "no-number", message, place, whom)
            levels = [level.value for level in about.levels]
            if about.kind == "categorical" and levels and value not in levels:
                hint = nearest(value, levels)
                message = f"{about.id} has no level {value!r} in the protocol{hint}"
                yield Finding("warning", "unknown-level", message, place, whom)


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _place(row: Any, field: str | None) -> Place:
    return Place(row.source.file, row.source.line, None, field)


def group_subjects(tables: Mapping[str, tuple[Any, ...] | None]) -> tuple[SubjectRecords, ...]:
    """Gather the rows of each subject of the subjects table, in the order of the identifiers."""
    grouped: dict[str, dict[str, list[Any]]] = {}
    collected = [name for name, rows in tables.items() if rows is not None and name not in APART]
    for name in collected:
        by_subject = grouped[name] = defaultdict(list)
        for row in tables[name] or ():
            by_subject[row.subject_id].append(row)
    ordered = sorted(tables["subjects"] or (), key=lambda subject: subject.subject_id)
    return tuple(
        SubjectRecords(
            subject,
            **{name: tuple(grouped[name].get(subject.subject_id, ())) for name in collected},
        )
        for subject in ordered
    )


def _up_to_cutoff(
    tables: Mapping[str, tuple[Any, ...] | None], cutoff: dt.date | None
) -> tuple[tuple[SubjectRecords, ...], tuple[Screening, ...] | None, list[Finding]]:
    """Apply the data cut-off to every table; who entered after it is set aside."""
    subjects, screening = group_subjects(tables), tables["screening"]
    if screening is not None:
        screening = tuple(sorted(screening, key=lambda row: row.subject_id))
    if cutoff is None:
        return subjects, screening, []
    kept: list[SubjectRecords] = []
    notes: list[Finding] = []
    for records in subjects:
        subject = records.subject
        entered = subject.enrolment_date or subject.first_dose_date
        if entered is not None and entered > cutoff:
            notes.append(_set_aside(subject, f"entered on {entered}", cutoff))
            continue
        counted, changes = apply_cutoff(records, cutoff)
        kept.append(counted)
        notes += changes
    late = [row for row in screening or () if row.date is not None and row.date > cutoff]
    notes += [_set_aside(row, f"screened on {row.date}", cutoff) for row in late]
    if screening is not None:
        screening = tuple(row for row in screening if row not in late)
    return tuple(kept), screening, notes


def _set_aside(row: Any, what: str, cutoff: dt.date) -> Finding:
    message = f"{what}, after the data cut-off {cutoff}; set aside"
    return Finding("note", "after-cutoff", message, _place(row, None), row.subject_id)
