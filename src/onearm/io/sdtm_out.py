"""The tables of a study to SDTM: domains, supplemental qualifiers and relationships.

The counterpart of ``io.sdtm``: what is written here reads back as it was. Study
days count from the first dose (there is no day 0). Responses that were derived
are written with RSDRVFL, and are not read back as recorded ones. Overrides,
recorded endpoints and samples have no domain here and are named as left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from onearm.clinical.derived import TimePoint
from onearm.clinical.records import Subject, columns, known_day
from onearm.io.dataset import Dataset, Variable
from onearm.io.sdtm import (
    CONSENT,
    ENROLLED,
    ONGOING,
    REASONS,
    SCREEN_FAILURE,
    SCREENED,
    SINGLE_ARM,
    STATUSES,
)
from onearm.io.sdtm_assessments import write_lesions, write_responses
from onearm.io.sdtm_forms import FORMS, Form
from onearm.io.sdtm_labels import dataset_label, variable_label
from onearm.io.sdtm_responses import SCALES
from onearm.io.sdtm_rows import TESTS, Cells, Writing, kind_of, number_of, text_of

TIMING = ("VISITNUM", "VISIT", "EPOCH", "DTC", "STDTC", "ENDTC", "DY", "STDY", "ENDY")
"""Timing variables, in the order in which they stand behind all others."""

NOT_WRITTEN = ("overrides", "endpoints", "samples")
"""Tables that have no domain here."""


def sdtm_datasets(
    study: str,
    tables: Mapping[str, Sequence[Any] | None],
    points: Sequence[TimePoint] = (),
    origins: frozenset[str] = frozenset(),
) -> list[Dataset]:
    """Return the data sets of a study, in the order of their names.

    Parameters
    ----------
    study
        Identifier of the study.
    tables
        Records by table, as they were read; None where not collected.
    points
        Derived time points, written beside the recorded ones (RSDRVFL).
    origins
        Where the data come from, as the column ``data_origin`` says.
    """
    writing = Writing(study, tables, origins)
    _know(writing)
    _demographics(writing)
    write_lesions(writing)
    write_responses(writing, points)
    _performance(writing)
    _status(writing)
    for form in FORMS:
        _by_form(writing, form)
    datasets = [_dataset(name, rows) for name, rows in sorted(writing.domains.items())]
    datasets += [
        _dataset(f"SUPP{name}", rows) for name, rows in sorted(writing.supplements.items())
    ]
    return [*datasets, *_relationships(writing)]


def _know(writing: Writing) -> None:
    """Find first and last dose of each subject, and the numbers of the visits."""
    for dose in writing.rows("doses"):
        if dose.dose > 0:
            last = dose.end_date or dose.start_date
            known = writing.starts.get(dose.subject_id, dose.start_date)
            writing.starts[dose.subject_id] = min(known, dose.start_date)
            writing.ends[dose.subject_id] = max(writing.ends.get(dose.subject_id, last), last)
    for subject in writing.rows("subjects"):
        if subject.first_dose_date is not None:
            writing.starts[subject.subject_id] = subject.first_dose_date
    seen = [*writing.rows("lesions"), *writing.rows("responses")]
    first: dict[str, dt.date] = {}
    for row in seen:
        first[row.subject_id] = min(first.get(row.subject_id, row.date), row.date)
    offsets: dict[str, int] = {}
    dated = {row.visit for row in seen if known_day(row.date) is not None}
    for row in seen:
        if row.visit is not None and (known_day(row.date) is not None or row.visit not in dated):
            days = row.date.toordinal() - first[row.subject_id].toordinal()
            offsets[row.visit] = min(offsets.get(row.visit, days), days)
    ordered = sorted(offsets, key=lambda visit: (offsets[visit], visit))
    writing.visits = {visit: number for number, visit in enumerate(ordered, 1)}


def _demographics(writing: Writing) -> None:
    deaths = {row.subject_id: row.date for row in writing.rows("follow_up") if row.status == "DEAD"}
    known = {row.subject_id for row in writing.rows("subjects")}
    names = _qualifier_names(writing.rows("subjects"))
    for subject in writing.rows("subjects"):
        who = subject.subject_id
        start, death = writing.starts.get(who), deaths.get(who)
        arm = subject.cohort or SINGLE_ARM
        row: Cells = {
            **_person(writing, who),
            "RFSTDTC": text_of(start),
            "RFENDTC": text_of(writing.ends.get(who)),
            "RFXSTDTC": text_of(subject.first_dose_date),
            "RFXENDTC": text_of(writing.ends.get(who)),
            "RFICDTC": text_of(subject.consent_date),
            "DTHDTC": text_of(death),
            "DTHFL": "Y" if death else "",
            "SITEID": subject.site or "",
            "AGE": subject.age_years,
            "AGEU": "YEARS" if subject.age_years is not None else "",
            "SEX": subject.sex or "",
            **{k: v for k, v in subject.demographics.items() if not k.endswith(("ARM", "ARMCD"))},
            **dict.fromkeys(("ARMCD", "ACTARMCD"), arm[:20]),
            **dict.fromkeys(("ARM", "ACTARM"), arm),
            "ARMNRS": "",
            **subject.demographics,
        }
        writing.domains["DM"].append(row)
        more = {"COHORT": subject.cohort, "REFDTC": subject.reference_date}
        more["ORIGIN"] = "; ".join(sorted(writing.origins))
        for name, value in more.items():
            writing.supplement("DM", who, name, name, value, "", "")
        for label, value in subject.characteristics.items():
            writing.supplement("DM", who, names[label], label[:40], value, "", "")
    for screened in writing.rows("screening"):
        if screened.subject_id not in known:
            failed = {**_person(writing, screened.subject_id), "ARMNRS": SCREEN_FAILURE}
            writing.domains["DM"].append(failed)


def _person(writing: Writing, who: str) -> Cells:
    return {"STUDYID": writing.study, "DOMAIN": "DM", "USUBJID": who, "SUBJID": who}


def _qualifier_names(subjects: Iterable[Subject]) -> dict[str, str]:
    """Return a name of eight letters for each characteristic, no two alike."""
    taken: dict[str, str] = {}
    labels = dict.fromkeys(name for subject in subjects for name in subject.characteristics)
    for label in labels:
        stem = "".join(c for c in label.upper() if c.isascii() and c.isalnum()) or "X"
        stem = stem if stem[0].isalpha() else f"X{stem}"
        name, number = stem[:8], 1
        while name in taken:
            number += 1
            name = f"{stem[: 8 - len(str(number))]}{number}"
        taken[name] = label
    return {label: name for name, label in taken.items()}


def _performance(writing: Writing) -> None:
    tests = {scale: test for test, scale in reversed(SCALES.items())}
    for row in writing.rows("performance"):
        test = tests[row.scale]
        cells: Cells = {
            "RSTESTCD": test, "RSTEST": TESTS[test], "RSCAT": row.scale, "RSORRES": str(row.score),
            "RSSTRESC": str(row.score), "RSSTRESN": row.score, "RSDTC": row.date,
        }  # fmt: skip
        writing.add("RS", row.subject_id, cells, {})


def _status(writing: Writing) -> None:
    """Add consent, enrolment, screening and disposition to DS, IE, and contacts to SS."""
    for subject in writing.rows("subjects"):
        for decod, day in ((CONSENT, subject.consent_date), (ENROLLED[0], subject.enrolment_date)):
            if day is not None:
                cells = _disposed(decod, decod, "PROTOCOL MILESTONE", day)
                writing.add("DS", subject.subject_id, cells, {})
    for row in writing.rows("screening"):
        decod = SCREENED if row.is_enrolled else SCREEN_FAILURE
        category = "PROTOCOL MILESTONE" if row.is_enrolled else "DISPOSITION EVENT"
        cells = _disposed(decod, row.reason or decod, category, row.date)
        more = {} if row.is_enrolled else {"SCRREASN": row.reason}
        writing.add("DS", row.subject_id, {**cells, "EPOCH": "SCREENING"}, more)
        if row.criterion is not None:
            failed: Cells = {"IETESTCD": row.criterion[:8].upper(), "IETEST": row.criterion}
            failed |= {"IEORRES": "N", "IESTRESC": "N", "IEDTC": row.date}
            writing.add("IE", row.subject_id, failed, {"CRITID": row.criterion})
    theirs = {ours: word for word, ours in reversed(REASONS.items())}
    for row in writing.rows("disposition"):
        decod = theirs.get(row.reason or "", row.status)
        if row.status != "DISCONTINUED":
            decod = row.status
        category = "OTHER EVENT" if row.status == ONGOING else "DISPOSITION EVENT"
        cells = _disposed(decod, decod, category, row.date)
        is_study = row.scope == "STUDY"
        cells["DSSCAT"] = "STUDY PARTICIPATION" if is_study else "STUDY TREATMENT"
        cells["EPOCH"] = "FOLLOW-UP" if is_study else "TREATMENT"
        drug = None if row.scope in ("STUDY", "TREATMENT") else row.scope
        writing.add("DS", row.subject_id, cells, {"DSTRT": drug})
    words = {ours: word for word, ours in reversed(STATUSES.items())}
    for row in writing.rows("follow_up"):
        status = words[row.status]
        cells = {"SSTESTCD": "SURVSTAT", "SSTEST": TESTS["SURVSTAT"], "SSORRES": status}
        cells |= {"SSSTRESC": status, "SSDTC": row.date}
        writing.add("SS", row.subject_id, cells, {"DTHCAUS": row.cause})


def _disposed(decod: str, term: str, category: str, day: dt.date | None) -> Cells:
    return {"DSTERM": term, "DSDECOD": decod, "DSCAT": category, "DSSTDTC": day}


def _by_form(writing: Writing, form: Form) -> None:
    """Add the rows of a table that goes over row by row."""
    domain = form.domain
    fields = {column.name: attribute for attribute, column in _attributes(form.record)}
    for row in writing.rows(form.record.TABLE):
        if domain in ("CM", "PR") and _is_of_other(domain, row):
            continue
        cells: Cells = dict(form.where)
        for column, variable in form.pairs.items():
            value = getattr(row, fields[column])
            codes = form.codes.get(column, {})
            if isinstance(value, dt.date):
                cells[variable] = value
                continue
            text = codes.get(text_of(value), text_of(value))
            cells[variable] = number_of(text) if kind_of(variable) != "text" else text
        more = {name: getattr(row, fields[column]) for column, name in form.supplemental.items()}
        test = cells.get(f"{domain}TESTCD")
        if isinstance(test, str) and (short := _short(test)) != test:
            more["TESTNAME"] = test
            cells[f"{domain}TESTCD"] = short
        treatment = f"{domain}TRT"
        if treatment in cells and not cells[treatment]:
            cells[treatment] = cells[f"{domain}SCAT"]
        for variable, of in form.copied.items():
            text = text_of(test)[:40] if of.endswith("TESTCD") else text_of(cells.get(of))
            cells[variable] = text if kind_of(variable) == "text" else number_of(text)
        if f"{domain}STRESC" in cells:
            cells[f"{domain}STRESN"] = number_of(str(cells[f"{domain}STRESC"]))
        writing.add(domain, row.subject_id, cells, more)


def _attributes(record: type) -> Iterator[tuple[str, Any]]:
    from dataclasses import fields

    names = [of.name for of in fields(record) if "column" in of.metadata]
    return zip(names, columns(record), strict=True)


def _is_of_other(domain: str, row: Any) -> bool:
    """Return whether a therapy belongs to the other one of CM (drugs) and PR (procedures)."""
    kind = getattr(row, "kind", None)
    return kind is not None and (kind in ("SYSTEMIC", "OTHER")) is (domain == "PR")


def _short(test: str) -> str:
    """Return the short name of a test: eight capitals and digits at most."""
    name = "".join(c for c in test.upper() if c.isascii() and c.isalnum()) or "X"
    return (name if name[0].isalpha() else f"X{name}")[:8]


def _relationships(writing: Writing) -> Iterator[Dataset]:
    """Yield RELREC: TU and TR meet in the lesion, TR and RS in the assessment."""
    pairs = (
        ("TU", "TULNKID", "ONE", "TR", "TRLNKID", "MANY", "TUTR"),
        ("TR", "TRLNKGRP", "MANY", "RS", "RSLNKGRP", "MANY", "TRRS"),
    )
    rows: list[Cells] = []
    for one, key, kind, other, their_key, their_kind, name in pairs:
        if one in writing.domains and other in writing.domains:
            for domain, variable, relation in ((one, key, kind), (other, their_key, their_kind)):
                rows.append({
                    "STUDYID": writing.study, "RDOMAIN": domain, "USUBJID": "", "IDVAR": variable,
                    "IDVARVAL": "", "RELTYPE": relation, "RELID": name,
                })  # fmt: skip
    if rows:
        yield _dataset("RELREC", rows)


def _timing(variable: str) -> int:
    """Return the place of a timing variable behind all others, in the order of the guide."""
    for name in (variable, variable[2:]):
        if name in TIMING:
            return 1 + TIMING.index(name)
    return 0


def _dataset(name: str, rows: Sequence[Cells]) -> Dataset:
    names = list(dict.fromkeys(variable for row in rows for variable in row))
    if name != "DM":
        names.sort(key=_timing)
    keys = ("STUDYID", "USUBJID", f"{name}SEQ")
    variables = [
        Variable(
            variable,
            variable_label(variable),
            kind_of(variable),
            key=keys.index(variable) + 1 if variable in keys else None,
        )
        for variable in names
    ]
    blank = ["" if v.kind == "text" else None for v in variables]
    cells = (
        [row.get(v.name, empty) for v, empty in zip(variables, blank, strict=True)] for row in rows
    )
    plain = (
        [("" if c is None and v.kind == "text" else c) for c, v in zip(row, variables, strict=True)]
        for row in cells
    )
    return Dataset.of(name, dataset_label(name), variables, plain)
