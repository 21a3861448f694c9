"""The tables of a study to SDTM: domains, supplemental qualifiers and relationships.

The counterpart of ``io.sdtm``: what is written here reads back as it was. Study
days count from the first dose (there is no day 0). Responses that were derived
are written with RSDRVFL, and are not read back as recorded ones. Overrides,
recorded endpoints and samples have no domain here and are named as left out.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from onearm.clinical.derived import TimePoint
from onearm.clinical.records import Measurement, RecordedResponse, Subject, columns
from onearm.format import millimetres
from onearm.io.dataset import Dataset, Kind, Value, Variable
from onearm.io.sdtm import CONSENT, ENROLLED, ONGOING, REASONS, SCREEN_FAILURE, SCREENED, STATUSES
from onearm.io.sdtm_forms import FORMS, Form
from onearm.io.sdtm_labels import dataset_label, variable_label
from onearm.io.sdtm_responses import SCALES
from onearm.terms import INVESTIGATOR, LesionState

Cells = dict[str, Value]

NOT_WRITTEN = ("overrides", "endpoints", "samples")
"""Tables that have no domain here."""

RECIST, IRECIST = "RECIST 1.1", "iRECIST 2017"
INTEGERS = ("AGE", "VISITNUM", "SEQ", "DY", "STDY", "ENDY")
FLOATS = ("STRESN", "DOSE", "STNRLO", "STNRHI")
_SHOWN = {
    LesionState.PRESENT: "PRESENT",
    LesionState.ABSENT: "ABSENT",
    LesionState.TOO_SMALL: "TOO SMALL TO MEASURE",
    LesionState.UNEQUIVOCAL_PROGRESSION: "UNEQUIVOCAL PROGRESSION",
    LesionState.EQUIVOCAL: "EQUIVOCAL",
}
_TESTS = {
    "TUMIDENT": "Tumor Identification",
    "TUSPLIT": "Tumor Split",
    "TUMERGE": "Tumor Merged",
    "LDIAM": "Longest Diameter",
    "LPERP": "Longest Perpendicular",
    "TUMSTATE": "Tumor State",
    "TRGRESP": "Target Response",
    "NTRGRESP": "Non-target Response",
    "NEWLIND": "New Lesion Indicator",
    "OVRLRESP": "Overall Response",
    "ECOG101": "ECOG1-Performance Status",
    "KPS101": "KPS1-Karnofsky Performance Status",
    "SURVSTAT": "Survival Status",
}


@dataclass(slots=True)
class Writing:
    """One study on its way out: what is known of each subject, and the rows so far."""

    study: str
    tables: Mapping[str, Sequence[Any] | None]
    origins: frozenset[str]
    domains: dict[str, list[Cells]] = field(default_factory=lambda: defaultdict(list))
    supplements: dict[str, list[Cells]] = field(default_factory=lambda: defaultdict(list))
    starts: dict[str, dt.date] = field(default_factory=dict)
    ends: dict[str, dt.date] = field(default_factory=dict)
    visits: dict[str, int] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def rows(self, table: str) -> Sequence[Any]:
        """Return the rows of a table, none where it was not collected."""
        return self.tables.get(table) or ()

    def add(self, domain: str, subject: str, cells: Cells, more: Mapping[str, Any]) -> None:
        """Add a row, with study days, epoch and its supplemental qualifiers (by name and label)."""
        self.counts[domain, subject] += 1
        number = self.counts[domain, subject]
        head: Cells = {"STUDYID": self.study, "DOMAIN": domain, "USUBJID": subject}
        head[f"{domain}SEQ"] = number
        row = {**head, **cells}
        for name in ("DTC", "STDTC", "ENDTC"):
            day = cells.get(f"{domain}{name}")
            if isinstance(day, dt.date):
                row[f"{domain}{name}"] = day.isoformat()
                row[f"{domain}{name.replace('DTC', 'DY')}"] = self.day(subject, day)
                if name != "ENDTC" and domain not in ("CM", "PR", "MH"):
                    row.setdefault("EPOCH", self.epoch(subject, day))
        self.domains[domain].append(row)
        for name, value in more.items():
            self.supplement(domain, subject, name, name, value, f"{domain}SEQ", str(number))

    def supplement(
        self, domain: str, subject: str, name: str, label: str, value: Any, key: str, of: str
    ) -> None:
        """Add a supplemental qualifier, unless it has no value."""
        text = _text(value)
        if text:
            self.supplements[domain].append(
                {
                    "STUDYID": self.study, "RDOMAIN": domain, "USUBJID": subject, "IDVAR": key,
                    "IDVARVAL": of, "QNAM": name, "QLABEL": label, "QVAL": text, "QORIG": "CRF",
                    "QEVAL": "",
                }
            )  # fmt: skip

    def day(self, subject: str, day: dt.date) -> int | None:
        """Return the study day: the first dose is day 1, the day before it day -1."""
        start = self.starts.get(subject)
        if start is None:
            return None
        days = (day - start).days
        return days + 1 if days >= 0 else days

    def epoch(self, subject: str, day: dt.date) -> str:
        """Return the epoch of a day: before the first dose, up to the last, after it."""
        start, end = self.starts.get(subject), self.ends.get(subject)
        if start is None or day < start:
            return "SCREENING"
        return "TREATMENT" if end is None or day <= end else "FOLLOW-UP"


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
    _lesions(writing)
    _responses(writing, points)
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
    for row in seen:
        if row.visit is not None:
            days = (row.date - first[row.subject_id]).days
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
        arm = subject.cohort or "TREATMENT"
        row: Cells = {
            **_person(writing, who),
            "RFSTDTC": _text(start),
            "RFENDTC": _text(writing.ends.get(who)),
            "RFXSTDTC": _text(subject.first_dose_date),
            "RFXENDTC": _text(writing.ends.get(who)),
            "RFICDTC": _text(subject.consent_date),
            "DTHDTC": _text(death),
            "DTHFL": "Y" if death else "",
            "SITEID": subject.site or "",
            "AGE": subject.age_years,
            "AGEU": "YEARS" if subject.age_years is not None else "",
            "SEX": subject.sex or "",
            **dict.fromkeys(("ARMCD", "ACTARMCD"), arm[:20]),
            **dict.fromkeys(("ARM", "ACTARM"), arm),
            "ARMNRS": "",
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


def _judge(domain: str, evaluator: str) -> Cells:
    """Return the variables of an evaluator: the investigator, or a reader by name."""
    if evaluator == INVESTIGATOR:
        return {f"{domain}EVAL": INVESTIGATOR, f"{domain}EVALID": ""}
    name = "" if evaluator == "INDEPENDENT ASSESSOR" else evaluator
    return {f"{domain}EVAL": "INDEPENDENT ASSESSOR", f"{domain}EVALID": name}


def _visit(writing: Writing, visit: str | None) -> Cells:
    return {
        "VISITNUM": writing.visits.get(visit) if visit is not None else None,
        "VISIT": visit or "",
    }


class Links:
    """The keys between TU, TR and RS: no two evaluators share one within a subject."""

    def __init__(self, writing: Writing) -> None:
        readers = {
            row.evaluator for table in ("lesions", "responses") for row in writing.rows(table)
        }
        others = sorted(readers - {INVESTIGATOR})
        self.prefix = {reader: f"R{number}-" for number, reader in enumerate(others, 1)}
        self.visits = writing.visits

    def lesion(self, evaluator: str, lesion_id: str) -> str:
        """Return the key of a lesion."""
        return f"{self.prefix.get(evaluator, '')}{lesion_id}"

    def assessment(self, evaluator: str, visit: str | None, date: dt.date) -> str:
        """Return the key of all that belongs to one assessment."""
        number = self.visits.get(visit or "")
        return f"{self.prefix.get(evaluator, '')}A{number if number is not None else date}"


def _lesions(writing: Writing) -> None:
    links = Links(writing)
    identified: dict[tuple[str, str, str], Measurement] = {}
    for row in writing.rows("lesions"):
        key = row.subject_id, row.evaluator, row.lesion_id
        if key not in identified and row.state is not LesionState.MERGED:
            identified[key] = row
            _identify(writing, links, row)
    merged: dict[tuple[Any, ...], list[Measurement]] = defaultdict(list)
    for row in writing.rows("lesions"):
        if row.state is LesionState.MERGED:
            merged[row.subject_id, row.evaluator, row.visit, row.date, row.parent_id].append(row)
    named: set[tuple[str, str, str]] = set()
    for row in writing.rows("lesions"):
        others = merged.get((row.subject_id, row.evaluator, row.visit, row.date, row.lesion_id), [])
        name = links.lesion(row.evaluator, row.lesion_id)
        if others and row.state is not LesionState.MERGED:
            name = "/".join([name, *(links.lesion(o.evaluator, o.lesion_id) for o in others)])
            if (row.subject_id, row.evaluator, name) not in named:
                named.add((row.subject_id, row.evaluator, name))
                _identify(writing, links, row, name)
        if row.state is not LesionState.MERGED:
            _measure(writing, links, row, name)


def _identify(writing: Writing, links: Links, row: Measurement, merged: str = "") -> None:
    """Add a lesion to TU: when it was first seen, or from when it is one with others."""
    test = "TUMERGE" if merged else "TUSPLIT" if row.parent_id is not None else "TUMIDENT"
    own = links.lesion(row.evaluator, row.lesion_id)
    parent = "" if row.parent_id is None else links.lesion(row.evaluator, row.parent_id)
    cells: Cells = {
        "TUGRPID": "" if merged else parent,
        "TULNKID": merged or own,
        "TUTESTCD": test,
        "TUTEST": _TESTS[test],
        "TUORRES": str(row.lesion_type),
        "TUSTRESC": str(row.lesion_type),
        "TULOC": row.organ or "",
        "TUMETHOD": row.method or "",
        **_judge("TU", row.evaluator),
        **_visit(writing, row.visit),
        "TUDTC": row.date,
    }
    more = {"LESION": row.lesion_id if own != row.lesion_id and not merged else None}
    more["NODAL"] = "Y" if row.is_nodal else "N"
    for name, value in (("PRIORLOC", row.prior_local_therapy), ("PROGSNC", row.progressed_since)):
        more[name] = None if value is None else "Y" if value else "N"
    writing.add("TU", row.subject_id, cells, more)


def _measure(writing: Writing, links: Links, row: Measurement, name: str) -> None:
    """Add what was seen of a lesion to TR: its size, its state, or that it was not done."""
    size = "LPERP" if row.is_nodal else "LDIAM"
    shown = _SHOWN.get(row.state)
    is_known = shown is not None or row.state in (LesionState.MEASURED, LesionState.NOT_DONE)
    has_size = row.diameter_um is not None or row.state is LesionState.NOT_DONE
    more: dict[str, Any] = {"SLICE": _mm(row.slice_um), "METHOD": row.method}
    if not is_known or not (has_size or shown):
        more["STATE"] = str(row.state)
    tests = []
    if has_size:
        tests.append((size, _mm(row.diameter_um), "mm" if row.diameter_um is not None else ""))
    if shown is not None or not has_size:
        tests.append(("TUMSTATE", shown or "PRESENT", ""))
    for test, result, unit in tests:
        number = _number(result)
        cells: Cells = {
            "TRGRPID": str(row.lesion_type),
            "TRLNKID": name,
            "TRLNKGRP": links.assessment(row.evaluator, row.visit, row.date),
            "TRTESTCD": test,
            "TRTEST": _TESTS[test],
            "TRORRES": result,
            "TRORRESU": unit,
            "TRSTRESC": result,
            "TRSTRESN": number if unit else None,
            "TRSTRESU": unit,
            "TRSTAT": "NOT DONE" if row.state is LesionState.NOT_DONE else "",
            "TRMETHOD": row.method or "",
            **_judge("TR", row.evaluator),
            **_visit(writing, row.visit),
            "TRDTC": row.date,
        }
        writing.add("TR", row.subject_id, cells, {k: v for k, v in more.items() if k != "METHOD"})


def _responses(writing: Writing, points: Sequence[TimePoint]) -> None:
    """Add recorded responses, and where nothing was recorded the derived ones."""
    links = Links(writing)
    recorded: dict[tuple[str, str, str | None, dt.date], RecordedResponse] = {}
    for row in writing.rows("responses"):
        recorded[row.subject_id, row.evaluator, row.visit, row.date] = row
        values = {
            "TRGRESP": _text(row.target),
            "NTRGRESP": _text(row.non_target),
            "NEWLIND": _text(row.new_lesion),
            "OVRLRESP": _text(row.overall),
        }
        about: Cells = {"RSACPTFL": _text(row.is_accepted), "RSDRVFL": ""}
        more = {"STABLE": row.is_clinically_stable}
        _respond(writing, links, row, RECIST, values, about, more)
        if row.irecist is not None:
            about["RSACPTFL"] = _text(row.is_accepted) if row.overall is None else ""
            more = more if row.overall is None else {}
            _respond(writing, links, row, IRECIST, {"OVRLRESP": str(row.irecist)}, about, more)
    judged = {(who, evaluator, visit) for who, evaluator, visit, _ in recorded}
    with_irecist = {(r.subject_id, r.evaluator, r.visit) for r in recorded.values() if r.irecist}
    for point in points:
        visit = point.visit if point.visit in writing.visits else None
        row = Seen(point.subject_id, point.evaluator, visit, point.date)
        key = (point.subject_id, point.evaluator, visit)
        values = {
            "TRGRESP": _text(point.target),
            "NTRGRESP": _text(point.non_target),
            "NEWLIND": "Y" if point.new_lesion else "N",
            "OVRLRESP": str(point.overall),
        }
        if key not in judged:
            _respond(writing, links, row, RECIST, values, {"RSDRVFL": "Y"}, {})
        if point.irecist is not None and key not in with_irecist:
            values = {"OVRLRESP": str(point.irecist)}
            _respond(writing, links, row, IRECIST, values, {"RSDRVFL": "Y"}, {})


@dataclass(frozen=True, slots=True)
class Seen:
    """Whose assessment a row of RS belongs to."""

    subject_id: str
    evaluator: str
    visit: str | None
    date: dt.date


def _respond(
    writing: Writing,
    links: Links,
    row: RecordedResponse | Seen,
    category: str,
    values: Mapping[str, str],
    about: Cells,
    more: Mapping[str, Any],
) -> None:
    for test, value in values.items():
        if value:
            cells: Cells = {
                "RSLNKGRP": links.assessment(row.evaluator, row.visit, row.date),
                "RSTESTCD": test,
                "RSTEST": _TESTS[test],
                "RSCAT": category,
                "RSORRES": value,
                "RSSTRESC": value,
                **about,
                **_judge("RS", row.evaluator),
                **_visit(writing, row.visit),
                "RSDTC": row.date,
            }
            writing.add("RS", row.subject_id, cells, more if test == "OVRLRESP" else {})


def _performance(writing: Writing) -> None:
    tests = {scale: test for test, scale in reversed(SCALES.items())}
    for row in writing.rows("performance"):
        test = tests[row.scale]
        cells: Cells = {
            "RSTESTCD": test, "RSTEST": _TESTS[test], "RSCAT": row.scale, "RSORRES": str(row.score),
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
        cells = {"SSTESTCD": "SURVSTAT", "SSTEST": _TESTS["SURVSTAT"], "SSORRES": status}
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
            text = codes.get(_text(value), _text(value))
            cells[variable] = _number(text) if _kind(variable) != "text" else text
        more = {name: getattr(row, fields[column]) for column, name in form.supplemental.items()}
        test = cells.get(f"{domain}TESTCD")
        if isinstance(test, str) and (short := _short(test)) != test:
            more["TESTNAME"] = test
            cells[f"{domain}TESTCD"] = short
        treatment = f"{domain}TRT"
        if treatment in cells and not cells[treatment]:
            cells[treatment] = cells[f"{domain}SCAT"]
        for variable, of in form.copied.items():
            text = _text(test)[:40] if of.endswith("TESTCD") else _text(cells.get(of))
            cells[variable] = text if _kind(variable) == "text" else _number(text)
        if f"{domain}STRESC" in cells:
            cells[f"{domain}STRESN"] = _number(str(cells[f"{domain}STRESC"]))
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


def _dataset(name: str, rows: Sequence[Cells]) -> Dataset:
    names = list(dict.fromkeys(variable for row in rows for variable in row))
    keys = ("STUDYID", "USUBJID", f"{name}SEQ")
    variables = [
        Variable(
            variable,
            variable_label(variable),
            _kind(variable),
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


def _kind(variable: str) -> Kind:
    if variable in INTEGERS or variable[2:] in INTEGERS:
        return "integer"
    return "float" if variable[2:] in FLOATS else "text"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, tuple):
        return "; ".join(value)
    return str(value)


def _number(text: str) -> float | None:
    try:
        number = float(Decimal(text))
    except (InvalidOperation, ValueError, OverflowError):
        return None
    return number if number - number == 0 else None


def _mm(length_um: int | None) -> str:
    if length_um is None:
        return ""
    return millimetres(length_um)
