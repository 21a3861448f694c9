"""A folder of SDTM to the tables of a study.

Takes the files that ``io.sdtm_files`` recognises, gives the records of each
table with every problem found, each with file, row and variable. A domain that
is not there was not collected. --DY is derived anew and never read; results
stand in their original units. Knows no rule.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from onearm.clinical.records import (
    TABLES,
    Disposition,
    FollowUp,
    Screening,
    Subject,
    Vital,
    columns,
)
from onearm.errors import Finding, Place, nearest
from onearm.io.many_objects import many_objects
from onearm.io.sdtm_files import Folder, Observation, read_folder
from onearm.io.sdtm_forms import FORMS, Form
from onearm.io.sdtm_lesions import read_lesions
from onearm.io.sdtm_records import Maker
from onearm.io.sdtm_responses import read_performance, read_responses
from onearm.io.sdtm_visits import Visits

Tables = dict[str, tuple[Any, ...] | None]

REASONS = {
    "PROGRESSIVE DISEASE": "PROGRESSIVE DISEASE",
    "DISEASE PROGRESSION": "PROGRESSIVE DISEASE",
    "ADVERSE EVENT": "ADVERSE EVENT",
    "WITHDRAWAL BY SUBJECT": "WITHDRAWAL OF CONSENT",
    "WITHDRAWAL BY PARENT/GUARDIAN": "WITHDRAWAL OF CONSENT",
    "WITHDRAWAL OF CONSENT": "WITHDRAWAL OF CONSENT",
    "DEATH": "DEATH",
    "LOST TO FOLLOW-UP": "LOST TO FOLLOW-UP",
    "SYMPTOMATIC DETERIORATION": "SYMPTOMATIC DETERIORATION",
    "PHYSICIAN DECISION": "PHYSICIAN DECISION",
    "PROTOCOL DEVIATION": "PROTOCOL DEVIATION",
    "PROTOCOL VIOLATION": "PROTOCOL DEVIATION",
    "OTHER": "OTHER",
    **dict.fromkeys(("DISEASE RELAPSE", "FAILURE TO MEET CONTINUATION CRITERIA"), "OTHER"),
    **dict.fromkeys(("LACK OF EFFICACY", "NON-COMPLIANCE WITH STUDY DRUG"), "OTHER"),
    **dict.fromkeys(("PREGNANCY", "RECOVERY", "TECHNICAL PROBLEMS"), "OTHER"),
    **dict.fromkeys(("SITE TERMINATED BY SPONSOR", "STUDY TERMINATED BY SPONSOR"), "OTHER"),
}
"""DSDECOD of a discontinuation: CDISC's word (code list NCOMPLT), and ours."""

STATUSES = {
    "ALIVE": "ALIVE", "DEAD": "DEAD", "LOST TO FOLLOW-UP": "LOST", "LOST": "LOST",
    "WITHDRAWN": "WITHDRAWN",
}  # fmt: skip
"""Results of SSTESTCD SURVSTAT."""

UNKNOWN = "UNKNOWN"
"""A status that says nothing of the day: no contact."""

DEMOGRAPHICS = ("RACE", "ETHNIC", "COUNTRY", "ARMCD", "ARM", "ACTARMCD", "ACTARM")
"""What else of DM is carried to the analysis data and back to SDTM."""

SINGLE_ARM = "TREATMENT"
"""The arm that is written of a study without cohorts."""

SCREENED, SCREEN_FAILURE = "ELIGIBILITY CRITERIA MET", "SCREEN FAILURE"
ENROLLED = ("ENROLLED", "RANDOMIZED", "RANDOMISED")
CONSENT = "INFORMED CONSENT OBTAINED"
ONGOING = "ONGOING"
MILESTONES = (*ENROLLED, CONSENT, SCREENED, SCREEN_FAILURE)
CATEGORIES = ("DISPOSITION EVENT", "PROTOCOL MILESTONE", "OTHER EVENT")


def read_sdtm(
    folder: Path, characteristics: tuple[str, ...] = ()
) -> tuple[Tables, list[Finding], frozenset[str]]:
    """Read a folder: tables by name, findings, and the origins of the rows (SUPPDM ORIGIN)."""
    with many_objects():
        found = read_folder(folder)
        tables: Tables = dict.fromkeys(record.TABLE for record in TABLES)
        visits = Visits(found["TR"], found["TU"], found["RS"])
        tables["lesions"] = read_lesions(found, visits)
        tables["responses"] = read_responses(found, visits, tables["lesions"] or ())
        tables["performance"] = read_performance(found)
        tables["subjects"] = _subjects(found, characteristics)
        tables["screening"] = _screening(found)
        tables["disposition"] = _disposition(found)
        tables["follow_up"] = _follow_up(found)
        tables.update(_by_forms(found))
        found.findings += _study_days(found)
    if not found.domains and not any(f.severity == "error" for f in found.findings):
        message = "no file with the variables DOMAIN and USUBJID"
        found.findings.append(Finding("error", "no-sdtm", message, Place(folder.name)))
    origins = {word for row in found["DM"] for word in row["ORIGIN"].split("; ")}
    return tables, found.findings, frozenset(origins) - {""}


def _study_days(found: Folder) -> Iterator[Finding]:
    """Find study days that are not what date and RFSTDTC give; they are never used."""
    starts = {row.subject: _day(row["RFSTDTC"]) for row in found["DM"]}
    for domain, rows in found.domains.items():
        for kind in ("", "ST", "EN"):
            stated, dated = f"{domain}{kind}DY", f"{domain}{kind}DTC"
            wrong = []
            for row in rows:
                start, day = starts.get(row.subject), _day(row[dated])
                if row[stated] and start is not None and day is not None:
                    days = (day - start).days
                    own = str(days + 1 if days >= 0 else days)
                    if row[stated] != own:
                        wrong.append((row, own))
            if wrong:
                row, own = wrong[0]
                message = f"{stated} is {row[stated]}, by {dated} and RFSTDTC it is {own}"
                more = f"; so in {len(wrong)} rows" if len(wrong) > 1 else ""
                yield row.finding("study-day", message + more, stated, "warning")


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


def _by_forms(found: Folder) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield each table that goes over row by row, where its domain was collected."""
    rows: dict[int, list[Observation]] = defaultdict(list)
    collected: set[int] = set()
    for domain in dict.fromkeys(form.domain for form in FORMS):
        own = [(number, form) for number, form in enumerate(FORMS) if form.domain == domain]
        observed = found[domain] or (_as_exposure(found) if domain == "EX" else [])
        if observed and len(own) == 1:
            collected.add(own[0][0])
        done = [row for row in observed if not _did_not_happen(row, domain)]
        if len(done) < len(observed):
            message = f"{len(observed) - len(done)} rows of {domain} say NOT DONE or that nothing"
            message += " occurred; they are left out"
            place = Place(observed[0].file)
            found.findings.append(Finding("note", "not-done", message, place))
        for row in _known_tests(done, domain, found):
            number = next(
                (n for n, form in own if all(row[k] == v for k, v in form.where.items())), None
            )
            if number is not None:
                rows[number].append(row)
    by_table: dict[str, list[Any]] = {}
    for number in sorted(collected | set(rows)):
        form = FORMS[number]
        made = by_table.setdefault(form.record.TABLE, [])
        made += _made(form, rows[number], found)
    return ((name, tuple(made)) for name, made in by_table.items())


def _known_tests(rows: list[Observation], domain: str, found: Folder) -> Iterator[Observation]:
    """Yield the rows whose test is used; vital signs are a closed list, and others a note."""
    known = {column.name: column.codes for column in columns(Vital)}["test"]
    others: dict[str, int] = {}
    for row in rows:
        test = row["VSTESTCD"]
        if domain == "VS" and test not in known:
            others[test] = others.get(test, 0) + 1
        else:
            yield row
    if others:
        named = ", ".join(f"{test!r} ({number})" for test, number in sorted(others.items()))
        message = f"not used, with their rows: VSTESTCD {named}; used are {', '.join(known)}"
        found.findings.append(Finding("note", "unused-test", message, Place(rows[0].file)))


def _did_not_happen(row: Observation, domain: str) -> bool:
    return row[f"{domain}STAT"] == "NOT DONE" or row[f"{domain}OCCUR"] == "N"


def _as_exposure(found: Folder) -> list[Observation]:
    """Return EC as EX, where a study has no EX: what was performed, not what was planned."""
    return [
        Observation(
            row.file,
            row.line,
            {f"EX{k[2:]}" if k.startswith("EC") else k: v for k, v in row.values.items()},
        )
        for row in found["EC"]
        if row["ECMOOD"] in ("", "PERFORMED")
    ]


def _made(form: Form, rows: Iterable[Observation], found: Folder) -> Iterator[Any]:
    maker: Maker[Any] = Maker(form.record, found.findings.append)
    theirs = {
        column: {code: ours for ours, code in codes.items()} | dict(form.also.get(column, {}))
        for column, codes in form.codes.items()
    } | {column: dict(also) for column, also in form.also.items() if column not in form.codes}
    pairs = {**form.pairs, **form.supplemental}
    for row in rows:
        given = {"subject_id": (row.subject, "USUBJID")}
        for column, variable in pairs.items():
            text, said = row[variable], variable
            if not text and variable in form.second:
                said = form.second[variable]
                text = row[said]
            if column in theirs and text:
                text = theirs[column].get(text.upper(), text)
            given[column] = text, said
        if row["TESTNAME"]:
            column = "marker" if "marker" in given else "test"
            given[column] = row["TESTNAME"], "TESTNAME"
        if form.record.TABLE in ("new_therapies", "prior_therapies"):
            given = _therapy(given, form.domain)
        made = maker.make(row, given)
        if made is not None:
            yield made


def _therapy(given: dict[str, tuple[str, str]], domain: str) -> dict[str, tuple[str, str]]:
    """Return a therapy with its kind: what stands in CM is drugs, and systemic."""
    kind, variable = given["kind"]
    if domain == "CM" and kind != "OTHER":
        kind = "SYSTEMIC"
    name, said = given["name"]
    return {**given, "kind": (kind, variable), "name": ("" if name == kind else name, said)}


def _subjects(found: Folder, characteristics: tuple[str, ...]) -> tuple[Subject, ...] | None:
    if not found["DM"]:
        return None
    days = _milestones(found)
    maker = Maker(Subject, found.findings.append)
    subjects = []
    for row in found["DM"]:
        if _is_screen_failure(row):
            continue
        who = row.subject
        given = {
            "subject_id": (who, "USUBJID"),
            "cohort": (row["COHORT"], "COHORT"),
            "site": (row["SITEID"], "SITEID"),
            "age_years": (row["AGE"], "AGE"),
            "sex": (row["SEX"], "SEX"),
            "consent_date": (row["RFICDTC"] or days.get((who, CONSENT), ""), "RFICDTC"),
            "enrolment_date": (days.get((who, ENROLLED[0]), ""), "DSSTDTC"),
            "first_dose_date": (row["RFXSTDTC"], "RFXSTDTC"),
            "reference_date": (row["REFDTC"], "REFDTC"),
        }
        others = (name for name in characteristics if name not in maker.columns)
        values = {name: _characteristic(row, name) for name in others}
        kept = {name: value for name, value in values.items() if value}
        own = row["COHORT"] or SINGLE_ARM  # an arm that says no more was written by us
        said = {name: row[name] for name in DEMOGRAPHICS if row[name] not in ("", own, own[:20])}
        if row["AGE"] and row["AGEU"].upper() not in ("", "YEARS"):
            message = f"AGEU must be YEARS; got {row['AGEU']!r}"
            found.findings.append(row.finding("wrong-unit", message, "AGEU"))
        subject = maker.make(row, given, characteristics=kept, demographics=said)
        if subject is not None:
            subjects.append(subject)
    return tuple(subjects)


def _characteristic(row: Observation, name: str) -> str:
    """Return a characteristic: the variable or qualifier of that name, or the labelled one."""
    return row[f"={name}"] or row[name.upper()]


def _milestones(found: Folder) -> dict[tuple[str, str], str]:
    """Return the days of consent and enrolment of each subject, from DS."""
    days: dict[tuple[str, str], str] = {}
    for row in found["DS"]:
        said = row["DSDECOD"].upper()
        name = ENROLLED[0] if said in ENROLLED else said
        if name in (ENROLLED[0], CONSENT):
            days.setdefault((row.subject, name), row["DSSTDTC"])
    return days


def _is_screen_failure(row: Observation) -> bool:
    said = (row["ARMNRS"], row["ARMCD"], row["ARM"])
    return bool({SCREEN_FAILURE, "SCRNFAIL"} & {text.upper() for text in said})


def _screening(found: Folder) -> tuple[Screening, ...] | None:
    """Return who was screened: those who failed by DM or DS, and where DS says so who passed."""
    ends = (SCREENED, SCREEN_FAILURE)
    rows = {row.subject: row for row in found["DS"] if row["DSDECOD"].upper() in ends}
    failed = {row.subject: row for row in found["DM"] if _is_screen_failure(row)}
    if not rows and not failed:
        return None
    criteria = {row.subject: row for row in found["IE"]}
    maker = Maker(Screening, found.findings.append)
    made = []
    for dm in found["DM"]:
        who, row = dm.subject, rows.get(dm.subject, dm)
        is_failure = who in failed or row["DSDECOD"].upper() == SCREEN_FAILURE
        reason = row["SCRREASN"] or (row["DSTERM"] if row["DSTERM"] != SCREEN_FAILURE else "")
        criterion = criteria[who]["CRITID"] or criteria[who]["IETESTCD"] if who in criteria else ""
        given = {
            "subject_id": (who, "USUBJID"),
            "date": (row["DSSTDTC"], "DSSTDTC"),
            "enrolled": ("N" if is_failure else "Y", "DSDECOD"),
            "criterion": (criterion if is_failure else "", "IETESTCD"),
            "reason": (reason if is_failure else "", "DSTERM"),
        }
        made.append(maker.make(row, given))
    return tuple(one for one in made if one is not None)


def _disposition(found: Folder) -> tuple[Disposition, ...] | None:
    """Return where subjects stand, None without DS; screening and milestones are not it."""
    maker = Maker(Disposition, found.findings.append)
    unused: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    made = []
    for row in found["DS"]:
        said = row["DSDECOD"].upper()
        is_event = row["DSCAT"].upper() in ("", CATEGORIES[0]) or said == ONGOING
        is_screened = said == "COMPLETED" and row["EPOCH"] == "SCREENING"
        if said in MILESTONES or is_screened:
            continue
        if not is_event or row["EPOCH"] == "SCREENING":
            unused[row["DSCAT"].upper(), said].append(row)
            continue
        scope = row["DSTRT"] or _scope(row)
        status = said if said in ("COMPLETED", ONGOING) else "DISCONTINUED"
        reason = REASONS.get(said, said) if status == "DISCONTINUED" else ""
        if reason == "DISCONTINUED":  # no reason was recorded
            reason = ""
        elif status == "DISCONTINUED" and reason not in REASONS.values():
            allowed = ", ".join(("COMPLETED", ONGOING, *REASONS))
            message = f"DSDECOD must be one of {allowed}; got {said!r}{nearest(said, REASONS)}"
            found.findings.append(row.finding("unknown-code", message, "DSDECOD"))
            continue
        elif reason == "OTHER" and said != "OTHER":
            message = f"DSDECOD {said} is read as OTHER"
            found.findings.append(row.finding("read-as-other", message, "DSDECOD", "note"))
        given = {
            "subject_id": (row.subject, "USUBJID"),
            "scope": (scope, "DSSCAT"),
            "status": (status, "DSDECOD"),
            "date": (row["DSSTDTC"], "DSSTDTC"),
            "reason": (reason, "DSDECOD"),
        }
        made.append(maker.make(row, given))
    found.findings += [_unused(*said, rows) for said, rows in unused.items()]
    return tuple(one for one in made if one is not None) if found["DS"] else None


def _unused(category: str, said: str, rows: list[Observation]) -> Finding:
    """Return that rows of DS are no table's, and what may have been meant."""
    is_known = category in ("", *CATEGORIES)
    variable, found = ("DSDECOD", said) if is_known else ("DSCAT", category)
    known: tuple[str, ...] = MILESTONES if is_known else CATEGORIES
    where = f" in epoch {rows[0]['EPOCH']}" if category in ("", CATEGORIES[0]) else ""
    more = f"; so in {len(rows)} rows" if len(rows) > 1 else ""
    message = f"{variable} {found!r}{where} is not used{nearest(found, known)}{more}"
    severity = "note" if category == CATEGORIES[2] else "warning"
    return rows[0].finding("unused-disposition", message, variable, severity)


def _scope(row: Observation) -> str:
    said = f"{row['DSSCAT']} {row['EPOCH']}".upper()
    return "STUDY" if "PARTICIPATION" in said or "FOLLOW" in said else "TREATMENT"


def _no_status(row: Observation, status: str) -> Finding:
    if status == UNKNOWN:
        message = "SSSTRESC is UNKNOWN, which says nothing of the day; it is no contact"
        return row.finding("unknown-status", message, "SSSTRESC", "note")
    message = f"SSSTRESC must be one of {', '.join(STATUSES)}, {UNKNOWN}; got {status!r}"
    return row.finding("unknown-code", message + nearest(status, STATUSES), "SSSTRESC")


def _follow_up(found: Folder) -> tuple[FollowUp, ...] | None:
    """Return contacts and deaths from SS, and a death of DM that SS does not have."""
    rows = [row for row in found["SS"] if row["SSTESTCD"] == "SURVSTAT"]
    deaths = [row for row in found["DM"] if row["DTHDTC"]]
    for row in found["DM"]:
        if row["DTHFL"] == "Y" and not row["DTHDTC"]:
            message = "DTHFL is Y, and DTHDTC does not say when; no death is counted"
            found.findings.append(row.finding("death-without-date", message, "DTHDTC", "warning"))
    others = len(found["SS"]) - len(rows)
    if others:
        message = f"{others} rows with another SSTESTCD than SURVSTAT are not used"
        found.findings.append(Finding("note", "unused-test", message, Place(found["SS"][0].file)))
    if not rows and not deaths:
        return None
    maker = Maker(FollowUp, found.findings.append)
    made = []
    for row in rows:
        status = (row["SSSTRESC"] or row["SSORRES"]).upper()
        if status not in STATUSES:
            found.findings.append(_no_status(row, status))
            continue
        given = {
            "subject_id": (row.subject, "USUBJID"),
            "date": (row["SSDTC"], "SSDTC"),
            "status": (STATUSES[status], "SSSTRESC"),
            "cause": (row["DTHCAUS"], "DTHCAUS"),
        }
        made.append(maker.make(row, given))
    known = {row.subject_id for row in made if row is not None and row.status == "DEAD"}
    for row in deaths:
        if row.subject not in known:
            given = {
                "subject_id": (row.subject, "USUBJID"),
                "date": (row["DTHDTC"], "DTHDTC"),
                "status": ("DEAD", "DTHDTC"),
                "cause": (row["DTHCAUS"], "DTHCAUS"),
            }
            made.append(maker.make(row, given))
    return tuple(one for one in made if one is not None)
