"""Two sets of analysis data beside each other: which records pair, and where they differ.

Records pair by subject, parameter and day; subjects by USUBJID, or by SUBJID
where no USUBJID is common. Numbers are equal to six digits; a time in months is
set beside days to the half day; of CNSR only event or not counts, because its
other numbers are each program's own. Knows no rule of response.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from onearm.io.adam_rules import differs
from onearm.io.data_folder import DataFolder, Table, day_of
from onearm.io.dataset import Value
from onearm.terms import DAYS_PER_MONTH

KEYS = {
    "ADSL": (), "ADRS": ("PARAMCD", "ADT"), "ADTR": ("PARAMCD", "ADT"), "ADTTE": ("PARAMCD",),
    "ADAE": ("AEDECOD", "ASTDT"), "ADEX": ("PARAMCD", "ASTDT"), "ADLB": ("PARAMCD", "ADT"),
}  # fmt: skip
"""What pairs the records of a subject; a parameter with one record pairs without its day."""

SYNONYMS = {"DOR": "RSD", "TRSP": "TTR", "TTRESP": "TTR", "DEATHDT": "DEATH", "SUMDIAM": "SDIAM"}
IGNORED = re.compile(
    r"STUDYID|USUBJID|SUBJID|.*SEQ|SRC.*|PARAM.*|PARCAT\d|AREASON\d?|EVNTDESC|CNSDTDSC|.*LBL"
    r"|AVALU|AETERM|AVISIT|TRT0.*"
)
MONTH, HALF_A_DAY = float(DAYS_PER_MONTH), 0.5
TIMES = ("ADTTE",)
CENSOR = "CNSR"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value, or one record, that differs; a side without it is None."""

    dataset: str
    subject: str
    parameter: str | None
    day: str | None
    variable: str | None
    ours: str | None
    theirs: str | None
    meaning: str


@dataclass(frozen=True, slots=True)
class PairedSet:
    """One data set of both: how many records pair, what was compared, what differs."""

    name: str
    paired: int
    only_ours: int
    only_theirs: int
    variables: tuple[str, ...]
    differences: tuple[Difference, ...]


Key = tuple[Value, ...]


def compare_folders(ours: DataFolder, theirs: DataFolder) -> list[PairedSet]:
    """Return every data set that both hold, with each difference."""
    names = [name for name in KEYS if name in ours.tables and name in theirs.tables]
    subjects = _subjects(ours, theirs)
    return [_compare(ours.tables[name], theirs.tables[name], subjects) for name in names]


def _subjects(ours: DataFolder, theirs: DataFolder) -> dict[str, str]:
    """Return our USUBJID of each of theirs: the same, or the one of the same SUBJID."""
    own, other = _identifiers(ours), _identifiers(theirs)
    if set(own) & set(other):
        return {name: name for name in other}
    by_subject = {subject: name for name, subject in own.items()}
    return {name: by_subject[subject] for name, subject in other.items() if subject in by_subject}


def _identifiers(folder: DataFolder) -> dict[str, str]:
    found: dict[str, str] = {}
    for table in folder.tables.values():
        for _, (name, subject) in table.rows("USUBJID", "SUBJID"):
            if name is not None and (subject is not None or str(name) not in found):
                found[str(name)] = str(subject or name)
    return found


def _compare(ours: Table, theirs: Table, subjects: Mapping[str, str]) -> PairedSet:
    dated = _dated(ours) | _dated(theirs)
    own, other = _by_key(ours, dated, None), _by_key(theirs, dated, subjects)
    shared = [name for name in ours.columns if name in theirs and not IGNORED.fullmatch(name)]
    variables = tuple(name for name in shared if name not in KEYS[ours.name] or name == "ADT")
    differences: list[Difference] = []
    for key in sorted(own.keys() | other.keys(), key=str):
        mine, yours = own.get(key), other.get(key)
        if mine is not None and yours is not None:
            differences += _values(ours, theirs, key, mine, yours, variables)
        else:
            differences.append(_alone(ours, key, mine, yours))
    both = len(own.keys() & other.keys())
    return PairedSet(
        ours.name, both, len(own) - both, len(other) - both, variables, tuple(differences)
    )


def _by_key(
    table: Table, dated: frozenset[Value], subjects: Mapping[str, str] | None
) -> dict[Key, int]:
    """Return the record of each key; the day counts for the parameters that are ``dated``."""
    found: dict[Key, int] = {}
    for record, (who, *values) in table.rows("USUBJID", *KEYS[table.name]):
        name = str(who) if subjects is None else subjects.get(str(who), str(who))
        parameter = _parameter(values[0]) if values else None
        day = day_of(values[1]) if len(values) > 1 and parameter in dated else None
        n = 1
        while (name, parameter, day, n) in found:
            n += 1
        found[name, parameter, day, n] = record
    return found


def _dated(table: Table) -> frozenset[Value]:
    """Return the parameters of which a subject has several records."""
    seen: set[Key] = set()
    several: set[Value] = set()
    for _, (who, *values) in table.rows("USUBJID", *KEYS[table.name]):
        parameter = _parameter(values[0]) if values else None
        if (who, parameter) in seen:
            several.add(parameter)
        seen.add((who, parameter))
    return frozenset(several)


def _parameter(code: Value) -> Value:
    return SYNONYMS.get(str(code), code)


def _row(table: Table, record: int) -> dict[str, Value]:
    return {name: column[record - 1] for name, column in table.columns.items()}


def _alone(table: Table, key: Key, mine: int | None, yours: int | None) -> Difference:
    who = "they have" if mine is not None else "we have"
    day = _shown_day(key)
    return Difference(
        table.name, str(key[0]), None if key[1] is None else str(key[1]), day, None,
        None if mine is None else f"record {mine}", None if yours is None else f"record {yours}",
        f"{who} no such record",
    )  # fmt: skip


def _shown_day(key: Key) -> str | None:
    day = key[2]
    return dt.date.fromordinal(int(day)).isoformat() if isinstance(day, int) else None


def _values(
    ours: Table, theirs: Table, key: Key, mine: int, yours: int, variables: Sequence[str]
) -> Iterator[Difference]:
    own, other = _row(ours, mine), _row(theirs, yours)
    for name in variables:
        a, b = _comparable(ours.name, name, own), _comparable(ours.name, name, other)
        if not _same(a, b, ours.name, own, other):
            meaning = _meaning(name, a, b, own, other)
            yield Difference(
                ours.name, str(key[0]), None if key[1] is None else str(key[1]), _shown_day(key),
                name, None if own[name] is None else str(own[name]),
                None if other[name] is None else str(other[name]), meaning,
            )  # fmt: skip


def _comparable(dataset: str, name: str, row: Mapping[str, Value]) -> Value:
    """Return a value as it is compared: times in days, dates as days, CNSR as event or not."""
    value = row[name]
    if name.endswith("DT"):
        return day_of(value)
    if name == CENSOR and isinstance(value, int | float):
        return "event" if value == 0 else "censored"
    if dataset in TIMES and name == "AVAL" and isinstance(value, int | float) and _in_months(row):
        return value * MONTH
    return value


def _in_months(row: Mapping[str, Value]) -> bool:
    return str(row.get("AVALU") or "").upper().startswith("MONTH")


def _same(
    a: Value, b: Value, dataset: str, own: Mapping[str, Value], other: Mapping[str, Value]
) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float):
        is_rounded = dataset in TIMES and (_in_months(own) or _in_months(other))
        return abs(a - b) <= HALF_A_DAY if is_rounded else not differs(a, float(b))
    return a == b or (a in (None, "") and b in (None, ""))


def _meaning(
    name: str, a: Value, b: Value, own: Mapping[str, Value], other: Mapping[str, Value]
) -> str:
    """Say what a difference comes from, where its shape tells; with our reason where there is."""
    parts = [one for one in (_shape(name, a, b, own, other),) if one]
    reason = " ".join(
        str(own[one]) for one in sorted(own) if one.startswith("AREASON") and own[one]
    )
    if reason:
        parts.append(f"ours: {reason}")
    return "; ".join(parts) or "the values differ"


def _shape(
    name: str, a: Value, b: Value, own: Mapping[str, Value], other: Mapping[str, Value]
) -> str:
    if a is None or b is None:
        return f"{'we' if a is None else 'they'} have no value"
    if name == CENSOR:
        return f"{a} for us, {b} for them: another event or censoring rule"
    if isinstance(a, str) and isinstance(b, str) and a.casefold() == b.casefold():
        return "spelt otherwise"
    starts = (day_of(own.get("STARTDT")), day_of(other.get("STARTDT")))
    if name in ("AVAL", "ADY") and None not in starts and starts[0] != starts[1]:
        return "counted from another day"
    if not isinstance(a, int | float) or not isinstance(b, int | float):
        return ""
    if name in ("AVAL", "ADY") and a - b == 1:
        return "one day less: they count date - start, without + 1"
    if name == "AVAL" and own.get("AVALC") == other.get("AVALC") and own.get("AVALC") is not None:
        return "the same code under another number"
    if name.startswith("PCHG") and not differs(100 * b, float(a)):
        return "a proportion there, a percentage here"
    if name.endswith("DT"):
        return f"{int(abs(a - b))} days {'later' if b > a else 'earlier'} there"
    return ""
