"""Lesions and responses to TU, TR and RS, with the keys between them.

``TULNKID`` and ``TRLNKID`` name a lesion, ``TRLNKGRP`` and ``RSLNKGRP`` an
assessment; within a subject no two evaluators share a key. RS holds what was
recorded, and what was derived where nothing was recorded.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onearm.clinical.derived import TimePoint
from onearm.clinical.records import Measurement, RecordedResponse
from onearm.format import millimetres
from onearm.io.sdtm_rows import TESTS, Cells, Writing, number_of, text_of
from onearm.terms import INVESTIGATOR, LesionState

RECIST, IRECIST = "RECIST 1.1", "iRECIST 2017"
_SHOWN = {
    LesionState.PRESENT: "PRESENT",
    LesionState.ABSENT: "ABSENT",
    LesionState.TOO_SMALL: "TOO SMALL TO MEASURE",
    LesionState.UNEQUIVOCAL_PROGRESSION: "UNEQUIVOCAL PROGRESSION",
    LesionState.EQUIVOCAL: "EQUIVOCAL",
}


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


def write_lesions(writing: Writing) -> None:
    """Add the lesions to TU, and to TR what was seen of them."""
    links = Links(writing)
    identified: dict[tuple[str, str, str], Measurement] = {}
    for row in writing.rows("lesions"):
        key = row.subject_id, row.evaluator, row.lesion_id
        if key not in identified:
            identified[key] = row
            _identify(writing, links, row)
    masses = {_scan(row, row.lesion_id) for row in writing.rows("lesions") if not _is_merged(row)}
    merged: dict[tuple[Any, ...], list[Measurement]] = defaultdict(list)
    for row in writing.rows("lesions"):
        if _is_merged(row) and _scan(row, row.parent_id) in masses:
            merged[_scan(row, row.parent_id)].append(row)
    named: set[tuple[str, str, str]] = set()
    for row in writing.rows("lesions"):
        name = links.lesion(row.evaluator, row.lesion_id)
        if _is_merged(row):
            if _scan(row, row.parent_id) not in masses:  # no mass was measured to be part of
                _measure(writing, links, row, name)
            continue
        if others := merged.get(_scan(row, row.lesion_id)):
            name = "/".join([name, *(links.lesion(o.evaluator, o.lesion_id) for o in others)])
            if (row.subject_id, row.evaluator, name) not in named:
                named.add((row.subject_id, row.evaluator, name))
                _identify(writing, links, row, name)
        _measure(writing, links, row, name)


def _is_merged(row: Measurement) -> bool:
    return row.state is LesionState.MERGED


def _scan(row: Measurement, lesion_id: str | None) -> tuple[Any, ...]:
    return row.subject_id, row.evaluator, row.visit, row.date, lesion_id


def _identify(writing: Writing, links: Links, row: Measurement, merged: str = "") -> None:
    """Add a lesion to TU: when it was first seen, or from when it is one with others."""
    is_part = row.parent_id is not None and not _is_merged(row)
    test = "TUMERGE" if merged else "TUSPLIT" if is_part else "TUMIDENT"
    own = links.lesion(row.evaluator, row.lesion_id)
    parent = links.lesion(row.evaluator, row.parent_id or "") if is_part else ""
    cells: Cells = {
        "TUGRPID": "" if merged else parent,
        "TULNKID": merged or own,
        "TUTESTCD": test,
        "TUTEST": TESTS[test],
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
    more: dict[str, Any] = {"SLICE": _mm(row.slice_um)}
    if _is_merged(row):
        more["PARENT"] = row.parent_id
    if not is_known or not (has_size or shown):
        more["STATE"] = str(row.state)
    tests = []
    if has_size:
        tests.append((size, _mm(row.diameter_um), "mm" if row.diameter_um is not None else ""))
    if shown is not None or not has_size:
        tests.append(("TUMSTATE", shown or "PRESENT", ""))
    for test, result, unit in tests:
        number = number_of(result)
        cells: Cells = {
            "TRGRPID": str(row.lesion_type),
            "TRLNKID": name,
            "TRLNKGRP": links.assessment(row.evaluator, row.visit, row.date),
            "TRTESTCD": test,
            "TRTEST": TESTS[test],
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
        writing.add("TR", row.subject_id, cells, more)


def write_responses(writing: Writing, points: Sequence[TimePoint]) -> None:
    """Add recorded responses, and where nothing was recorded the derived ones."""
    links = Links(writing)
    recorded: dict[tuple[str, str, str | None, dt.date], RecordedResponse] = {}
    for row in writing.rows("responses"):
        recorded[row.subject_id, row.evaluator, row.visit, row.date] = row
        values = {
            "TRGRESP": text_of(row.target),
            "NTRGRESP": text_of(row.non_target),
            "NEWLIND": text_of(row.new_lesion),
            "OVRLRESP": text_of(row.overall),
        }
        about: Cells = {"RSACPTFL": text_of(row.is_accepted), "RSDRVFL": ""}
        more = {"STABLE": row.is_clinically_stable}
        _respond(writing, links, row, RECIST, values, about, more)
        if row.irecist is not None:
            about["RSACPTFL"] = text_of(row.is_accepted) if row.overall is None else ""
            more = more if row.overall is None else {}
            _respond(writing, links, row, IRECIST, {"OVRLRESP": str(row.irecist)}, about, more)
    judged = {(who, evaluator, visit) for who, evaluator, visit, _ in recorded}
    with_irecist = {(r.subject_id, r.evaluator, r.visit) for r in recorded.values() if r.irecist}
    for point in points:
        visit = point.visit if point.visit in writing.visits else None
        row = Seen(point.subject_id, point.evaluator, visit, point.date)
        key = (point.subject_id, point.evaluator, visit)
        values = {
            "TRGRESP": text_of(point.target),
            "NTRGRESP": text_of(point.non_target),
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
                "RSTEST": TESTS[test],
                "RSCAT": category,
                "RSORRES": value,
                "RSSTRESC": value,
                **about,
                **_judge("RS", row.evaluator),
                **_visit(writing, row.visit),
                "RSDTC": row.date,
            }
            writing.add("RS", row.subject_id, cells, more if test == "OVRLRESP" else {})


def _mm(length_um: int | None) -> str:
    if length_um is None:
        return ""
    return millimetres(length_um)
