"""RS to recorded responses and performance status.

Of each subject, evaluator and visit TRGRESP, NTRGRESP, NEWLIND and OVRLRESP are
one recorded response; the categories of iRECIST go beside those of RECIST 1.1.
A row without RSCAT is iRECIST where its value is. ECOG and Karnofsky stand in RS
as clinical classifications. Best responses (BESTRESP) are derived anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from onearm.clinical.records import Measurement, PartialDate, Performance, RecordedResponse
from onearm.io.sdtm_files import Folder, Observation
from onearm.io.sdtm_lesions import evaluator_of
from onearm.io.sdtm_records import Given, Maker, day_text, is_partial
from onearm.io.sdtm_visits import Visits
from onearm.terms import IResponse

TESTS = {"TRGRESP": "target", "NTRGRESP": "non_target", "NEWLIND": "new_lesion"}
TESTS |= {"OVRLRESP": "response"}
NOT_READ = ("BESTRESP", "SYMPTDTR", "NEWLPROG", "IRECLIND", "LESIRESP", "METSTAT")
"""Tests that are known and say nothing that is compared."""

NEW = {"Y": "Y", "YES": "Y", "UNEQUIVOCAL": "Y", "PRESENT": "Y", "TRUE": "Y"}
NEW |= {"N": "N", "NO": "N", "EQUIVOCAL": "N", "ABSENT": "N", "NONE": "N", "FALSE": "N"}
NO_SUCH_LESIONS = ("NA", "NOT APPLICABLE", "ND", "NOT ASSESSED")
"""Responses of a category that the subject does not have."""

SCALES = {"ECOG101": "ECOG", "KPS101": "KARNOFSKY", "KPSS": "KARNOFSKY"}


def read_responses(
    folder: Folder, visits: Visits, lesions: Iterable[Measurement]
) -> tuple[RecordedResponse, ...] | None:
    """Return the recorded responses, None where RS holds none.

    A partial date gets its place from the lesions of the same visit.
    """
    rows = [row for row in folder["RS"] if _is_response(row, folder)]
    if not rows:
        return None
    places = {(m.subject_id, m.visit, str(m.date)): m.date for m in lesions}
    grouped: dict[tuple[str, str, str], dict[str, Observation]] = {}
    for row in rows:
        key = row.subject, evaluator_of(row, "RS"), row["VISITNUM"] or row["VISIT"] or row["RSDTC"]
        column = _column(row)
        known = grouped.setdefault(key, {}).setdefault(column, row)
        if known is not row:
            message = f"{row['RSTESTCD']} of this visit stands in {known.file}:{known.line} too"
            folder.findings.append(row.finding("duplicate-result", message, "RSTESTCD"))
    maker = Maker(RecordedResponse, folder.findings.append)
    made = (
        _response(evaluator, cells, visits, maker, places, folder)
        for (_, evaluator, _), cells in grouped.items()
    )
    return tuple(response for response in made if response is not None)


def _is_response(row: Observation, folder: Folder) -> bool:
    test = row["RSTESTCD"]
    if row["RSDRVFL"] == "Y":  # derived by who wrote the file, not recorded by an evaluator
        return False
    if test in SCALES or test in NOT_READ or row["RSSTAT"] == "NOT DONE":
        return False
    if test not in TESTS:
        known = (*TESTS, *NOT_READ, *SCALES)
        message = f"RSTESTCD {test!r} is not read; known are {', '.join(known)}"
        folder.findings.append(row.finding("unknown-code", message, "RSTESTCD", "warning"))
        return False
    return True


def _value(row: Observation) -> str:
    return row["RSSTRESC"] or row["RSORRES"]


def _column(row: Observation) -> str:
    """Return the column of the record that a row fills; iRECIST keeps but its overall response."""
    category, value = row["RSCAT"].upper(), _value(row)
    is_irecist = "IRECIST" in category or (not category and value in set(IResponse) - {"NED", "NE"})
    if not is_irecist:
        return TESTS[row["RSTESTCD"]]
    return "irecist" if row["RSTESTCD"] == "OVRLRESP" else f"irecist {row['RSTESTCD']}"


def _response(
    evaluator: str,
    cells: dict[str, Observation],
    visits: Visits,
    maker: Maker[RecordedResponse],
    places: Mapping[tuple[str, str | None, str], object],
    folder: Folder,
) -> RecordedResponse | None:
    row = cells.get("response") or cells.get("irecist") or next(iter(cells.values()))
    label = visits.label(row)
    given: dict[str, tuple[str, str]] = {
        "subject_id": (row.subject, "USUBJID"),
        "visit": (label or "", "VISIT"),
        "date": (row["RSDTC"], "RSDTC"),
        "evaluator": (evaluator, "RSEVAL"),
        "accepted": (row["RSACPTFL"], "RSACPTFL"),
        "clinically_stable": (row["STABLE"], "STABLE"),
    }
    for column, cell in cells.items():
        if column in (*TESTS.values(), "irecist"):
            given[column] = _code(cell, column), "RSSTRESC"
    text = day_text(row["RSDTC"])
    if not is_partial(text):
        return maker.make(row, given)
    place = places.get((row.subject, label, text))
    if not isinstance(place, PartialDate):
        message = f"RSDTC is partial, {text}, and no lesion of this visit has the same date"
        folder.findings.append(row.finding("partial-date", message, "RSDTC"))
        return None
    return _with_partial_date(maker, row, given, place)


def _with_partial_date(
    maker: Maker[RecordedResponse], row: Observation, given: Given, day: PartialDate
) -> RecordedResponse | None:
    stand_in = f"{day.year:04}-{day.month:02}-{day.day:02}"
    made = maker.make(row, {**given, "date": (stand_in, "RSDTC")})
    if made is None:
        return None
    key = tuple(str(day) if part == stand_in else part for part in made.source.key)
    return replace(made, date=day, source=made.source._replace(key=key))


def _code(row: Observation, column: str) -> str:
    value = _value(row)
    if column == "new_lesion":
        return NEW.get(value.upper(), value)
    if column in ("target", "non_target") and value.upper() in NO_SUCH_LESIONS:
        return ""
    return value


def read_performance(folder: Folder) -> tuple[Performance, ...] | None:
    """Return ECOG and Karnofsky from RS or QS, None where there is none."""
    rows = [
        (row, domain)
        for domain in ("RS", "QS")
        for row in folder[domain]
        if row[f"{domain}TESTCD"] in SCALES and row[f"{domain}STAT"] != "NOT DONE"
    ]
    if not rows:
        return None
    maker = Maker(Performance, folder.findings.append)
    made = []
    for row, domain in rows:
        given = {
            "subject_id": (row.subject, "USUBJID"),
            "date": (row[f"{domain}DTC"], f"{domain}DTC"),
            "scale": (SCALES[row[f"{domain}TESTCD"]], f"{domain}TESTCD"),
            "score": (row[f"{domain}STRESN"] or row[f"{domain}STRESC"], f"{domain}STRESN"),
        }
        made.append(maker.make(row, given))
    return tuple(one for one in made if one is not None)
