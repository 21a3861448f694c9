"""Rules of values: flags, dates and days, baselines and changes, sources."""

from __future__ import annotations

import re
from collections.abc import Iterator

from onearm.io.adam_rules import (
    Breach,
    breach,
    differs,
    flagged_once,
    is_number,
    one_to_one,
    rule,
    subjects,
    tables_with,
)
from onearm.io.data_folder import DataFolder, Table, day_of
from onearm.io.dataset import Value

ANALYSIS_FLAG = re.compile(r"ANL\d\dFL")
FIRST, LAST = 1900, 2100
OLDEST = 130
SUFFIXES_N = ("AGEGR1", "AGEGR2", "TRTA", "TRTP", "TRT01A", "TRT01P", "AVISIT", "ATOXGR", "RACE")
GROUP = ("USUBJID", "PARAMCD", "BASETYPE")
STARTS = ("TRTSDT", "REFDT", "RANDDT", "ENRLDT")
SEQUENCES = ("ASEQ", "AESEQ")


@rule(26, "error", "A flag (*FL) is Y, N or empty")
def _flags(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        for name in (one for one in table.columns if one.endswith("FL")):
            for record, (value,) in table.rows(name):
                if value not in ("Y", "N", None):
                    yield breach(table, record, name, f"is {value!r}")


@rule(27, "error", "An analysis flag (ANLzzFL) is Y or empty")
def _analysis_flags(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        for name in (one for one in table.columns if ANALYSIS_FLAG.fullmatch(one)):
            for record, (value,) in table.rows(name):
                if value == "N":
                    yield breach(table, record, name, "is 'N'")


@rule(28, "error", "A population flag of ADSL is filled for everybody")
def _populations(folder: DataFolder) -> Iterator[Breach]:
    table = folder.tables.get("ADSL")
    for name in ("SAFFL", "FASFL", "ITTFL", "ENRLFL", "EFFFL", "RSPEVFL", "MEASFL", "PPROTFL"):
        if table is not None and name in table:
            for record, (value,) in table.rows(name):
                if value is None:
                    yield breach(table, record, name, "is empty")


@rule(29, "error", "A text and its number (AGEGR1 and AGEGR1N, AVISIT and AVISITN) go one to one")
def _numbers(folder: DataFolder) -> Iterator[Breach]:
    for name in SUFFIXES_N:
        for table in tables_with(folder, name, f"{name}N"):
            yield from one_to_one(table, name, f"{name}N")


@rule(30, "error", "A date (*DT) is a date")
def _dates(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        for name in (one for one in table.columns if one.endswith("DT")):
            for record, (value,) in table.rows(name):
                if isinstance(value, str):
                    yield breach(table, record, name, f"is the text {value!r}")


@rule(31, "error", "A date lies between 1900 and 2100")
def _plausible(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        for name in (one for one in table.columns if one.endswith("DT")):
            for record, (value,) in table.rows(name):
                day = day_of(value)
                if day is not None and not FIRST * 365.25 < day < LAST * 365.25:
                    yield breach(table, record, name, f"is {value}")


@rule(32, "error", "There is no study day 0")
def _day_zero(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        for name in (one for one in table.columns if one.endswith("DY") and len(one) <= 6):
            for record, (value,) in table.rows(name):
                if value == 0:
                    yield breach(table, record, name, "is 0")


@rule(33, "error", "A study day counts from a start date of the record, or of ADSL")
def _days(folder: DataFolder) -> Iterator[Breach]:
    known = subjects(folder, *STARTS)
    for date, name in (("ADT", "ADY"), ("ASTDT", "ASTDY"), ("AENDT", "AENDY")):
        for table in tables_with(folder, "USUBJID", date, name):
            for record, (who, day, found, *own) in table.rows("USUBJID", date, name, *STARTS):
                starts = {day_of(one) for one in (*own, *known.get(str(who), ()))} - {None}
                at = day_of(day)
                if at is None or not is_number(found) or not starts:
                    continue
                wanted = {at - one + (at >= one) for one in starts if one is not None}
                if found not in wanted:
                    message = f"{found} for {date} {day}; {_either(wanted)} expected"
                    yield breach(table, record, name, message)


def _either(numbers: set[int]) -> str:
    return " or ".join(map(str, sorted(numbers)))


@rule(34, "error", "An end does not lie before its start")
def _ends(folder: DataFolder) -> Iterator[Breach]:
    for first, last in (("ASTDT", "AENDT"), ("TRTSDT", "TRTEDT"), ("STARTDT", "ADT")):
        for table in tables_with(folder, first, last):
            for record, (start, end) in table.rows(first, last):
                a, b = day_of(start), day_of(end)
                if a is not None and b is not None and b < a:
                    yield breach(table, record, last, f"{end} is before {first} {start}")


@rule(35, "error", "PARAMCD and PARAM go one to one")
def _parameters(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "PARAMCD", "PARAM"):
        yield from one_to_one(table, "PARAMCD", "PARAM")


@rule(36, "error", "Within a parameter AVAL and AVALC go one to one")
def _values(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "PARAMCD", "AVAL", "AVALC"):
        yield from one_to_one(table, "AVALC", "AVAL", "PARAMCD")


@rule(37, "warning", "A record of a parameter has a value")
def _no_value(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "PARAMCD"):
        has_reason = table.name == "ADLB" or table.name == "ADTR"
        for record, (number, text, code) in table.rows("AVAL", "AVALC", "PARAMCD"):
            if number is None and text is None and not has_reason:
                yield breach(table, record, "AVAL", f"no AVAL and no AVALC for {code}")


@rule(38, "error", "A subject has at most one baseline record a parameter")
def _one_baseline(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "USUBJID", "PARAMCD", "ABLFL"):
        yield from flagged_once(table, "ABLFL", *GROUP)


@rule(39, "error", "BASE is AVAL where ABLFL is Y")
def _base(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "ABLFL", "BASE", "AVAL"):
        for record, (flag, base, value) in table.rows("ABLFL", "BASE", "AVAL"):
            if flag != "Y" or not isinstance(value, int | float):
                continue
            if not is_number(base) or differs(base, float(value)):
                yield breach(table, record, "BASE", f"{base}, AVAL is {value}")


@rule(40, "error", "BASE is the same in all records of a subject and parameter")
def _same_base(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "USUBJID", "PARAMCD", "BASE"):
        first: dict[tuple[Value, ...], float] = {}
        for record, (base, *group) in table.rows("BASE", *GROUP):
            if isinstance(base, int | float):
                known = first.setdefault(tuple(group), base)
                if differs(base, known):
                    yield breach(table, record, "BASE", f"{base}, elsewhere {known}")


@rule(41, "error", "CHG is AVAL - BASE")
def _change(folder: DataFolder) -> Iterator[Breach]:
    yield from _difference(folder, "CHG", "BASE")


@rule(42, "error", "PCHG is 100 (AVAL - BASE) / BASE")
def _percent(folder: DataFolder) -> Iterator[Breach]:
    yield from _relative(folder, "PCHG", "BASE")


@rule(43, "error", "CHGNAD is AVAL - NADIR")
def _nadir(folder: DataFolder) -> Iterator[Breach]:
    yield from _difference(folder, "CHGNAD", "NADIR")


@rule(44, "error", "PCHGNAD is 100 (AVAL - NADIR) / NADIR")
def _nadir_percent(folder: DataFolder) -> Iterator[Breach]:
    yield from _relative(folder, "PCHGNAD", "NADIR")


def _difference(folder: DataFolder, name: str, of: str) -> Iterator[Breach]:
    for table, record, found, value, base in _three(folder, name, of):
        if differs(found, value - base):
            yield breach(table, record, name, f"{found}, AVAL {value} and {of} {base}")


def _relative(folder: DataFolder, name: str, of: str) -> Iterator[Breach]:
    for table, record, found, value, base in _three(folder, name, of):
        if base == 0 or differs(found, 100 * (value - base) / base):
            yield breach(table, record, name, f"{found}, AVAL {value} and {of} {base}")


def _three(
    folder: DataFolder, name: str, of: str
) -> Iterator[tuple[Table, int, float, float, float]]:
    """Yield each record that has the change, the value, and what it is the change of."""
    for table in tables_with(folder, name, of, "AVAL"):
        for record, values in table.rows(name, "AVAL", of):
            found, value, base = (one if isinstance(one, int | float) else None for one in values)
            if found is not None and value is not None and base is not None:
                yield table, record, found, value, base


@rule(45, "error", "SRCVAR is a variable of SRCDOM, where that data set is here")
def _source_variable(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "SRCDOM", "SRCVAR"):
        for record, (where, variable) in table.rows("SRCDOM", "SRCVAR"):
            there = folder.tables.get(str(where))
            if there is not None and str(variable) not in there:
                yield breach(table, record, "SRCVAR", f"{variable!r} is not in {where}")


@rule(46, "error", "SRCSEQ is a record of the subject in SRCDOM, where that data set is here")
def _source_record(folder: DataFolder) -> Iterator[Breach]:
    known = {name: set(_numbered(table)) for name, table in folder.tables.items()}
    for table in tables_with(folder, "USUBJID", "SRCDOM", "SRCSEQ"):
        for record, (who, where, number) in table.rows("USUBJID", "SRCDOM", "SRCSEQ"):
            there = known.get(str(where))
            if there and is_number(number) and (who, float(number)) not in there:  # type: ignore[arg-type]
                yield breach(table, record, "SRCSEQ", f"{where} has no record {number}")


def _numbered(table: Table) -> Iterator[tuple[Value, float]]:
    names = (*SEQUENCES, f"{table.name[:2]}SEQ")
    name = next((one for one in names if one in table), None)
    if name is not None and "USUBJID" in table:
        for _, (who, number) in table.rows("USUBJID", name):
            if isinstance(number, int | float):
                yield who, float(number)


@rule(47, "warning", "What has SRCSEQ names SRCDOM and SRCVAR")
def _source_named(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "SRCSEQ"):
        for record, (number, where, variable) in table.rows("SRCSEQ", "SRCDOM", "SRCVAR"):
            if number is not None and (where is None or variable is None):
                yield breach(table, record, "SRCSEQ", "no SRCDOM or SRCVAR")


@rule(48, "error", "TRTDURD is TRTEDT - TRTSDT + 1")
def _duration(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "TRTSDT", "TRTEDT", "TRTDURD"):
        for record, (start, end, found) in table.rows("TRTSDT", "TRTEDT", "TRTDURD"):
            a, b = day_of(start), day_of(end)
            if a is not None and b is not None and found != b - a + 1:
                yield breach(table, record, "TRTDURD", f"{found}, {start} to {end} is {b - a + 1}")


@rule(49, "error", "AGE is a whole number from 0 to 130")
def _age(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "AGE"):
        for record, (age,) in table.rows("AGE"):
            is_whole = isinstance(age, int | float) and 0 <= age <= OLDEST and age == int(age)
            if age is not None and not is_whole:
                yield breach(table, record, "AGE", f"is {age!r}")


@rule(50, "error", "SEX is F, M, U or UNDIFFERENTIATED")
def _sex(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "SEX"):
        for record, (sex,) in table.rows("SEX"):
            if sex not in ("F", "M", "U", "UNDIFFERENTIATED", None):
                yield breach(table, record, "SEX", f"is {sex!r}")


@rule(51, "error", "ANRLO is not above ANRHI")
def _range(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "ANRLO", "ANRHI"):
        for record, (low, high) in table.rows("ANRLO", "ANRHI"):
            both = isinstance(low, int | float) and isinstance(high, int | float)
            if both and low > high:  # type: ignore[operator]
                yield breach(table, record, "ANRLO", f"{low} is above {high}")
