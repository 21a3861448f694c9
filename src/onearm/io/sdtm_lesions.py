"""TU and TR to measurements: what was identified, and what was seen of it at each visit.

TU says of each lesion whether it is TARGET, NON-TARGET or NEW, where it is, and
from which lesion it was split (TUSPLIT) or of which it was merged (TUMERGE).
TR measures: LDIAM or DIAMETER is the size of a lesion outside nodes, LPERP or
DIAMETER that of a node (its short axis); TUMSTATE and LNSTATE say what was
seen. Lengths in mm, cm or um are exact. Visits go by VISITNUM: a visit whose
date is partial has its place in the order, and no day. Knows no response.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import chain

from onearm.clinical.records import Measurement
from onearm.errors import Finding, nearest
from onearm.io.sdtm_files import Folder, Observation
from onearm.io.sdtm_records import day_text, source_of
from onearm.io.sdtm_visits import Visits, days_of
from onearm.terms import INVESTIGATOR, MICROMETRES_PER_MM, LesionState, LesionType

SIZES = {False: ("LDIAM", "DIAMETER"), True: ("LPERP", "DIAMETER")}
"""Tests that are the size of a lesion: outside nodes, and of a node."""

STATE_TESTS = ("TUMSTATE", "LNSTATE")
DERIVED_TESTS = (
    "SUMDIAM", "SUMLDIAM", "SUMLPERP", "SUMNLNLD", "LDIAMBL", "ACSD", "ACNSD", "ACPSD", "PCBSD",
    "PCNSD", "PCPSD", "AREA", "VOLUME", "RADDESP", "LMMNWD",
)  # fmt: skip
"""Tests that are not measured on a lesion: they are derived anew, and not read."""

STATES = {
    "PRESENT": LesionState.PRESENT,
    "ABSENT": LesionState.ABSENT,
    "UNEQUIVOCAL PROGRESSION": LesionState.UNEQUIVOCAL_PROGRESSION,
    "UNEQUIVOCAL": LesionState.PRESENT,
    "EQUIVOCAL": LesionState.EQUIVOCAL,
    "TOO SMALL TO MEASURE": LesionState.TOO_SMALL,
    "NOT EVALUABLE": LesionState.NOT_DONE,
    "NOT DONE": LesionState.NOT_DONE,
    "PATHOLOGICAL": LesionState.PRESENT,
    "PATHOLOGIC": LesionState.PRESENT,
    "NON-PATHOLOGICAL": LesionState.ABSENT,
    "NON-PATHOLOGIC": LesionState.ABSENT,
}
"""Values of TUMSTATE and LNSTATE, in capitals; a node that is not pathological is normal."""

_UNITS = {"mm": 1000, "millimeter": 1000, "cm": 10_000, "um": 1}
_KINDS = {
    "TARGET": LesionType.TARGET,
    "NON-TARGET": LesionType.NON_TARGET,
    "NEW": LesionType.NEW,
    "NEW LESION": LesionType.NEW,
    "NEW TARGET": LesionType.NEW,
    "NEW NON-TARGET": LesionType.NEW,
}
_NODE = re.compile(r"\bLYMPH NODES?\b|\bNODAL\b", re.IGNORECASE)
_SEVERAL = re.compile(r"\s*[/+]\s*")
_YES_NO = {"Y": True, "N": False}
_OWN_STATES = frozenset(LesionState)  # what a study that was exported calls them


def evaluator_of(row: Observation, domain: str) -> str:
    """Return who judged: --EVALID where there is one, else --EVAL, else the investigator."""
    return row[f"{domain}EVALID"] or row[f"{domain}EVAL"] or INVESTIGATOR


@dataclass(frozen=True, slots=True)
class Identified:
    """One lesion as TU says it was identified, by one evaluator."""

    row: Observation
    name: str
    kind: LesionType
    organ: str | None
    is_nodal: bool
    parent: str | None
    merged: tuple[str, ...]


def read_lesions(folder: Folder, visits: Visits) -> tuple[Measurement, ...] | None:
    """Return the measurements of TU and TR, None where neither was collected."""
    tu, tr = folder["TU"], folder["TR"]
    if not tu and not tr:
        return None
    if not tu or not tr:
        have, lack = ("TR", "TU") if tr else ("TU", "TR")
        message = f"{have} is there and {lack} is not; lesions need both"
        if not any(finding.severity == "error" for finding in folder.findings):
            folder.findings.append((tu or tr)[0].finding("missing-domain", message))
        return ()
    lesions = _identified(tu, folder)
    seen: dict[tuple[str, str, tuple[str, ...]], list[Observation]] = {}
    for row in chain.from_iterable(_for_each_lesion(row, lesions) for row in tr):
        if _is_of_lesion(row, folder):
            visit = row["VISITNUM"] or row["VISIT"], day_text(row["TRDTC"])
            key = row.subject, evaluator_of(row, "TR"), (*visit, row["TRLNKID"])
            seen.setdefault(key, []).append(row)
    measured: list[_Seen] = []
    for (subject, evaluator, _), rows in seen.items():
        lesion = _lesion_of(rows[0], subject, evaluator, lesions, folder)
        if lesion is not None:
            measured += _seen(rows, evaluator, lesion, lesions, folder)
    measured += _identified_only(lesions, measured)
    has_methods = any(row["TRMETHOD"] for row in tr)  # else TU says how each lesion was seen
    return tuple(_dated(measured, visits, folder, has_methods))


def _for_each_lesion(
    row: Observation, lesions: dict[tuple[str, str, str], Identified]
) -> Iterator[Observation]:
    """Yield a row; one that says NOT DONE of all lesions, or of a group, for each of them."""
    if row["TRLNKID"] or row["TRSTAT"] != "NOT DONE":
        yield row
        return
    evaluator, group = evaluator_of(row, "TR"), row["TRGRPID"].upper()
    for (subject, by, name), lesion in lesions.items():
        is_meant = lesion.kind is not LesionType.NEW and group in ("", lesion.kind)
        if (subject, by) == (row.subject, evaluator) and is_meant and not lesion.merged:
            yield Observation(row.file, row.line, {**row.values, "TRLNKID": name})


def _is_of_lesion(row: Observation, folder: Folder) -> bool:
    """Leave out derived tests; report a test that is not known, and a result without a lesion."""
    test = row["TRTESTCD"]
    known = ("LDIAM", "LPERP", "DIAMETER", *STATE_TESTS)
    if test in DERIVED_TESTS:
        return False
    if test not in known and row["TRSTAT"] != "NOT DONE":
        message = f"TRTESTCD must be one of {', '.join(known)}; got {test!r}{nearest(test, known)}"
        folder.findings.append(row.finding("unknown-code", message, "TRTESTCD"))
        return False
    if not row["TRLNKID"]:
        message = f"TRLNKID must name the lesion of {test or 'the result'}"
        folder.findings.append(row.finding("missing-value", message, "TRLNKID"))
        return False
    return True


def _identified(
    rows: Iterable[Observation], folder: Folder
) -> dict[tuple[str, str, str], Identified]:
    """Return the lesions by subject, evaluator and TULNKID; its first row says what each is."""
    found: dict[tuple[str, str, str], Identified] = {}
    for row in rows:
        test, name = row["TUTESTCD"], row["TULNKID"]
        said = row["TUSTRESC"] or row["TUORRES"]
        if test not in ("TUMIDENT", "TUSPLIT", "TUMERGE"):
            allowed = "TUTESTCD must be one of TUMIDENT, TUSPLIT, TUMERGE"
            folder.findings.append(
                row.finding("unknown-code", f"{allowed}; got {test!r}", "TUTESTCD")
            )
            continue
        if not name:
            folder.findings.append(
                row.finding("missing-value", "TULNKID must name the lesion", "TULNKID")
            )
            continue
        key = row.subject, evaluator_of(row, "TU"), name
        parent, merged = _origin(row, key, found, folder)
        kind = _KINDS.get(said.upper())
        if kind is None and test != "TUMIDENT" and (known := found.get((*key[:2], parent or ""))):
            kind = known.kind
        if kind is None:
            message = f"TUSTRESC must be one of {', '.join(_KINDS)}; got {said!r}"
            folder.findings.append(row.finding("unknown-code", message, "TUSTRESC"))
            continue
        organ = " ".join(filter(None, (row["TULAT"], row["TULOC"]))) or None
        is_nodal = bool(_NODE.search(row["TULOC"]))
        is_nodal = _YES_NO.get(row["NODAL"], is_nodal)
        found.setdefault(
            key, Identified(row, row["LESION"] or name, kind, organ, is_nodal, parent, merged)
        )
    return found


def _origin(
    row: Observation,
    key: tuple[str, str, str],
    found: dict[tuple[str, str, str], Identified],
    folder: Folder,
) -> tuple[str | None, tuple[str, ...]]:
    """Return the lesion that one was split from, and those that it was merged of."""
    subject, evaluator, name = key
    if row["TUPARENT"]:
        return row["TUPARENT"], ()
    if row["TUTESTCD"] == "TUMIDENT":
        return None, ()
    own = [lesion for who, by, lesion in found if (who, by) == (subject, evaluator)]
    if row["TUTESTCD"] == "TUSPLIT":
        group = row["TUGRPID"]
        known = [lesion for lesion in own if lesion == group] or [
            lesion for lesion in own if name.startswith(lesion) and name != lesion
        ]
        if known:
            return max(known, key=len), ()
        message = f"TULNKID of a split must begin with its lesion, or TUGRPID name it; got {name!r}"
        folder.findings.append(row.finding("unknown-lesion", message, "TULNKID"))
    else:
        parts = tuple(_SEVERAL.split(name))
        if len(parts) > 1 and all(part in own for part in parts):
            return parts[0], parts
        message = f"TULNKID of a merged lesion must name its parts, as T01/T02; got {name!r}"
        folder.findings.append(row.finding("unknown-lesion", message, "TULNKID"))
    return None, ()


def _lesion_of(
    row: Observation,
    subject: str,
    evaluator: str,
    lesions: dict[tuple[str, str, str], Identified],
    folder: Folder,
) -> Identified | None:
    name = row["TRLNKID"]
    lesion = lesions.get((subject, evaluator, name))
    if lesion is None:
        known = [of for who, by, of in lesions if (who, by) == (subject, evaluator)]
        message = f"TRLNKID must be a TULNKID of {evaluator}; got {name!r}{nearest(name, known)}"
        folder.findings.append(row.finding("unknown-lesion", message, "TRLNKID"))
    return lesion


@dataclass(slots=True)
class _Seen:
    """One lesion at one visit, before the visit has its date."""

    row: Observation
    evaluator: str
    lesion: Identified
    lesion_id: str
    parent: str | None
    diameter_um: int | None
    state: LesionState
    day: str
    domain: str = "TR"


def _seen(
    rows: list[Observation],
    evaluator: str,
    lesion: Identified,
    lesions: dict[tuple[str, str, str], Identified],
    folder: Folder,
) -> Iterator[_Seen]:
    """Return what the tests of one visit say together of a lesion, and of those merged into it."""
    by_test: dict[str, Observation] = {}
    for row in rows:
        known = by_test.setdefault(row["TRTESTCD"], row)
        if known is not row:
            folder.findings.append(_repeated(row, known))
    sized = next((by_test[t] for t in SIZES[lesion.is_nodal] if t in by_test), None)
    stated = next((by_test[t] for t in STATE_TESTS if t in by_test), None)
    row = sized or stated or rows[0]
    length, state = None, None
    if sized is not None:
        length, state = _size(sized, folder)
    if stated is not None:
        state = _state(stated, folder) or state
    if row["STATE"] in _OWN_STATES:
        state = LesionState(row["STATE"])
    if state is None:
        state = LesionState.MEASURED
        if length is None and all(r["TRSTAT"] == "NOT DONE" for r in rows):
            state = LesionState.NOT_DONE
        elif length is None:
            need = " or ".join(SIZES[lesion.is_nodal])
            what = "a node" if lesion.is_nodal else "a lesion outside nodes"
            message = f"{rows[0]['TRLNKID']}, {what}, needs {need} or TUMSTATE at this visit"
            folder.findings.append(rows[0].finding("not-measured", message, "TRTESTCD"))
            return
    who, day = row.subject, row["TRDTC"]
    own, *others = [lesions[who, evaluator, part] for part in lesion.merged] or [lesion]
    above = lesions.get((who, evaluator, own.parent or ""))
    parent = row["PARENT"] or (above.name if above is not None else own.parent)
    yield _Seen(row, evaluator, own, own.name, parent, length, state, day)
    for other in others:
        yield _Seen(row, evaluator, other, other.name, own.name, None, LesionState.MERGED, day)


def _repeated(row: Observation, known: Observation) -> Finding:
    """Return what a second result of one test, lesion, scan and evaluator is: the same or not."""
    where = f"{row['TRTESTCD']} of {row['TRLNKID']} stands in {known.file}:{known.line} too"
    names = ("TRSTRESC", "TRSTRESN", "TRORRES", "TRSTRESU", "TRORRESU", "TRSTAT")
    if all(row[name] == known[name] for name in names):
        message = f"{where}, with the same result; one of them counts"
        return row.finding("repeated-result", message, "TRTESTCD", "warning")
    return row.finding("duplicate-result", f"{where}, with another result", "TRTESTCD")


def _size(row: Observation, folder: Folder) -> tuple[int | None, LesionState | None]:
    """Return a length in micrometres, or the state that stands in its place."""
    if row["TRSTAT"] == "NOT DONE":
        return None, LesionState.NOT_DONE
    texts = [(row["TRSTRESC"] or row["TRSTRESN"], row["TRSTRESU"], "TRSTRESC")]
    texts.append((row["TRORRES"], row["TRORRESU"], "TRORRES"))
    texts = [found for found in texts if found[0]]
    if not texts:
        message = "TRSTRESC must hold a length, or TRSTAT be NOT DONE"
        folder.findings.append(row.finding("missing-value", message, "TRSTRESC"))
        return None, LesionState.NOT_DONE
    text, unit, variable = next((t for t in texts if t[1]), texts[0])
    if state := STATES.get(text.upper()):
        return None, state
    factor = _UNITS.get(unit.lower())
    if factor is None:
        said = {"TRSTRESC": "TRSTRESU", "TRORRES": "TRORRESU"}[variable]
        message = f"{said} must be mm, cm or um; got {unit!r}"
        folder.findings.append(row.finding("wrong-unit", message, said))
        return None, LesionState.NOT_DONE
    try:
        length = Decimal(text) * factor
        if not length.is_finite() or length < 0 or length != int(length):
            raise InvalidOperation
    except InvalidOperation:
        message = f"{variable} must be a length with at most three decimals of a mm; got {text!r}"
        folder.findings.append(row.finding("not-a-number", message, variable))
        return None, LesionState.NOT_DONE
    return int(length), None


def _state(row: Observation, folder: Folder) -> LesionState | None:
    if row["TRSTAT"] == "NOT DONE":
        return LesionState.NOT_DONE
    text = row["TRSTRESC"] or row["TRORRES"]
    state = STATES.get(text.upper())
    if state is None:
        message = f"TRSTRESC of {row['TRTESTCD']} must be one of {', '.join(STATES)}; got {text!r}"
        message += nearest(text, STATES)
        folder.findings.append(row.finding("unknown-code", message, "TRSTRESC"))
    return state


def _identified_only(
    lesions: dict[tuple[str, str, str], Identified], measured: Sequence[_Seen]
) -> Iterator[_Seen]:
    """Return lesions that TU identified and TR never shows at that visit: they were seen there."""
    shown = {
        (seen.row.subject, seen.evaluator, seen.row["VISITNUM"], seen.lesion_id)
        for seen in measured
    }
    for (subject, evaluator, _), lesion in lesions.items():
        row = lesion.row
        if lesion.merged or (subject, evaluator, row["VISITNUM"], lesion.name) in shown:
            continue
        state = LesionState.MEASURED if lesion.kind is LesionType.TARGET else LesionState.PRESENT
        yield _Seen(
            row, evaluator, lesion, lesion.name, lesion.parent, None, state, row["TUDTC"], "TU"
        )


def _dated(
    measured: Sequence[_Seen], visits: Visits, folder: Folder, has_methods: bool
) -> Iterator[Measurement]:
    """Yield the measurements with their dates; a visit with a partial date has none of its own."""
    by_visit: dict[tuple[str, str], dict[str, list[_Seen]]] = defaultdict(dict)
    for seen in measured:
        by_visit[seen.row.subject, seen.evaluator].setdefault(
            seen.row["VISITNUM"] or seen.row["VISIT"] or seen.day, []
        ).append(seen)
    for groups in by_visit.values():
        days = days_of(groups, folder)
        for number, group in groups.items():
            for seen in group:
                day = days.get((number, day_text(seen.day))) or days.get((number, ""))
                if day is not None:
                    yield _measurement(seen, day, visits, folder, has_methods)


def _measurement(
    seen: _Seen, day: dt.date, visits: Visits, folder: Folder, has_methods: bool
) -> Measurement:
    row, lesion, tu = seen.row, seen.lesion, seen.lesion.row
    label = visits.label(row)
    by_tu = seen.domain == "TU" or not has_methods
    key = {
        "subject_id": row.subject, "evaluator": seen.evaluator, "visit": label,
        "date": day, "lesion_id": seen.lesion_id,
    }  # fmt: skip
    return Measurement(
        row.subject,
        label,
        day,
        seen.lesion_id,
        lesion.kind,
        lesion.organ,
        lesion.is_nodal,
        seen.diameter_um,
        seen.state,
        seen.evaluator,
        (tu["TUMETHOD"] if by_tu else row["TRMETHOD"]) or None,
        _slice(row, folder),
        _YES_NO.get(tu["PRIORLOC"]),
        _YES_NO.get(tu["PROGSNC"]),
        seen.parent,
        source_of(row, Measurement, key),
    )


def _slice(row: Observation, folder: Folder) -> int | None:
    """Return the slice thickness in micrometres, a qualifier of TR in millimetres."""
    if not row["SLICE"]:
        return None
    try:
        length = Decimal(row["SLICE"]) * MICROMETRES_PER_MM
        if length.is_finite() and 0 <= length == int(length):
            return int(length)
    except InvalidOperation:
        pass
    message = f"SLICE must be a thickness in mm, with at most three decimals; got {row['SLICE']!r}"
    folder.findings.append(row.finding("not-a-number", message, "SLICE"))
    return None
