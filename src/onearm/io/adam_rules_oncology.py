"""Rules of meaning: responses, times to an event, deaths, adverse events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from onearm.io.adam_metadata import adam_metadata
from onearm.io.adam_rules import (
    Breach,
    breach,
    differs,
    flagged_once,
    is_number,
    repeated,
    rule,
    subjects,
    tables_with,
)
from onearm.io.data_folder import DataFolder, Table, day_of
from onearm.io.dataset import Value
from onearm.io.sdtm_rows import number_of
from onearm.terms import DAYS_PER_MONTH

CONFIRM_DAYS = 28
RESPONDED = ("CR", "PR")
ORDER = ("CR", "PR", "SD", "NON-CR/NON-PD", "NED", "PD", "NE", "MISSING")
GRADES = ("1", "2", "3", "4", "5")
YES_NO = ("RSP", "CRSP", "CB", "CCB", "BCP", "CBCP", "PD", "DEATH", "MDIS", "CCBSUS")
RESPONSES = ("OVR", "BOR", "CBOR", "LSTA")


@rule(52, "error", "CNSR is a whole number from 0 on, filled wherever AVAL is")
def _censoring(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "CNSR"):
        for record, (value, time) in table.rows("CNSR", "AVAL"):
            if value is None and time is None and "AVAL" in table:
                continue
            if not isinstance(value, int | float) or value < 0 or value != int(value):
                yield breach(table, record, "CNSR", f"is {value!r}")


@rule(53, "error", "AVAL of a time in days or months is ADT - STARTDT + 1")
def _times(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "CNSR", "AVAL", "ADT", "STARTDT"):
        for record, (value, end, start, unit) in table.rows("AVAL", "ADT", "STARTDT", "AVALU"):
            a, b, scale = day_of(start), day_of(end), _scale(unit)
            if a is None or b is None or not is_number(value) or scale is None:
                continue
            wanted = (b - a + 1) / scale
            if differs(value, wanted):
                yield breach(table, record, "AVAL", f"{value}, {start} to {end} is {wanted}")


def _scale(unit: Value) -> float | None:
    return {"DAYS": 1.0, "MONTHS": float(DAYS_PER_MONTH), None: 1.0}.get(
        None if unit is None else str(unit).upper()
    )


@rule(54, "error", "A time is not negative")
def _negative(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "CNSR", "AVAL"):
        for record, (value,) in table.rows("AVAL"):
            if isinstance(value, int | float) and value < 0:
                yield breach(table, record, "AVAL", f"is {value}")


@rule(55, "error", "A subject has one time a parameter")
def _one_time(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "CNSR", "USUBJID", "PARAMCD"):
        yield from repeated(table, "USUBJID", "PARAMCD")


@rule(56, "warning", "An event has EVNTDESC, a censored time CNSDTDSC")
def _described(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "CNSR", "EVNTDESC", "CNSDTDSC"):
        for record, (censor, event, why) in table.rows("CNSR", "EVNTDESC", "CNSDTDSC"):
            if censor == 0 and event is None:
                yield breach(table, record, "EVNTDESC", "is empty for an event")
            if is_number(censor) and censor != 0 and why is None:
                yield breach(table, record, "CNSDTDSC", "is empty for a censored time")


@rule(
    57, "error", "No progression-free time is longer than the overall survival that ends in death"
)
def _pfs_and_os(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "CNSR", "USUBJID", "PARAMCD", "AVAL"):
        rows = list(table.rows("USUBJID", "PARAMCD", "AVAL", "CNSR", "AVALU"))
        deaths = {
            (who, unit): value
            for _, (who, code, value, censor, unit) in rows
            if code == "OS" and censor == 0
        }
        for record, (who, code, value, _, unit) in rows:
            death = deaths.get((who, unit))
            is_free = str(code).startswith(("PFS", "IPFS"))
            both = isinstance(value, int | float) and isinstance(death, int | float)
            if is_free and both and value > death:  # type: ignore[operator]
                yield breach(table, record, "AVAL", f"{code} {value} is longer than OS {death}")


@rule(58, "error", "OS ends in an event where ADSL has a death, on that day, and else nowhere")
def _deaths(folder: DataFolder) -> Iterator[Breach]:
    known = subjects(folder, "DTHDT")
    for table in tables_with(folder, "CNSR", "USUBJID", "PARAMCD", "ADT"):
        for record, (who, code, censor, end) in table.rows("USUBJID", "PARAMCD", "CNSR", "ADT"):
            death = known.get(str(who), (None,))[0]
            if code != "OS" or end is None:
                continue
            if (censor == 0) != (death is not None):
                status = "an event" if censor == 0 else "censored"
                yield breach(table, record, "CNSR", f"{status}, DTHDT is {death}")
            elif death is not None and day_of(death) != day_of(end):
                yield breach(table, record, "ADT", f"{end}, DTHDT is {death}")


@rule(59, "error", "Where PFS ends with progression, ADRS has a PD on that day")
def _progression(folder: DataFolder) -> Iterator[Breach]:
    pds = {
        (who, day_of(date))
        for table in tables_with(folder, "USUBJID", "PARAMCD", "AVALC", "ADT")
        if table.name == "ADRS"
        for _, (who, code, response, date) in table.rows("USUBJID", "PARAMCD", "AVALC", "ADT")
        if str(code).startswith("OVR") and response == "PD"
    }
    if "ADRS" not in folder.tables:
        return
    for table in tables_with(folder, "CNSR", "USUBJID", "PARAMCD", "ADT", "EVNTDESC"):
        names = ("USUBJID", "PARAMCD", "CNSR", "ADT", "EVNTDESC")
        for record, (who, code, censor, date, words) in table.rows(*names):
            is_pd = censor == 0 and date and code == "PFS" and "PROGRESSION" in str(words).upper()
            if is_pd and (who, day_of(date)) not in pds:
                yield breach(table, record, "ADT", f"no overall response PD on {date}")


@rule(60, "error", "A response is one of CR, PR, SD, NON-CR/NON-PD, PD, NE, NED, MISSING")
def _responses(folder: DataFolder) -> Iterator[Breach]:
    for table in _response_tables(folder):
        for record, (code, value) in table.rows("PARAMCD", "AVALC"):
            if code in RESPONSES and value is not None and value not in ORDER:
                yield breach(table, record, "AVALC", f"{code} is {value!r}")


@rule(61, "error", "A parameter of yes or no is Y or N, and AVAL 1 or 0")
def _yes_no(folder: DataFolder) -> Iterator[Breach]:
    for table in _response_tables(folder):
        for record, (code, value, number) in table.rows("PARAMCD", "AVALC", "AVAL"):
            if code not in YES_NO or value is None:
                continue
            if value not in ("Y", "N"):
                yield breach(table, record, "AVALC", f"{code} is {value!r}")
            elif number is not None and number != (value == "Y"):
                yield breach(table, record, "AVAL", f"{number} for {value}")


@rule(
    62, "warning", "AVAL of a response is its usual number: CR 1, PR 2, SD 3, NON-CR/NON-PD 4, PD 5"
)
def _numbers(folder: DataFolder) -> Iterator[Breach]:
    usual = adam_metadata().code_lists["RESP"].numbers
    for table in _response_tables(folder):
        for record, (code, value, number) in table.rows("PARAMCD", "AVALC", "AVAL"):
            if code in RESPONSES and number is not None and usual.get(str(value), number) != number:
                yield breach(
                    table, record, "AVAL", f"{number} for {value}, not {usual[str(value)]}"
                )


def _response_tables(folder: DataFolder) -> Iterator[Table]:
    for table in tables_with(folder, "USUBJID", "PARAMCD", "AVALC"):
        if table.name == "ADRS":
            yield table


def _by_subject(table: Table, code: str) -> dict[Value, tuple[int, Value, Value]]:
    """Return record, response and date of a parameter of which a subject has one."""
    return {
        who: (record, value, date)
        for record, (who, found, value, date) in table.rows("USUBJID", "PARAMCD", "AVALC", "ADT")
        if found == code
    }


def _overall(table: Table) -> dict[Value, list[tuple[int, Value]]]:
    """Return day and overall response of each assessment, by subject."""
    found: dict[Value, list[tuple[int, Value]]] = {}
    for _, (who, code, value, date) in table.rows("USUBJID", "PARAMCD", "AVALC", "ADT"):
        day = day_of(date)
        if code == "OVR" and day is not None:
            found.setdefault(who, []).append((day, value))
    return found


@rule(63, "error", "A best response of CR, PR or PD was seen at an assessment")
def _best(folder: DataFolder) -> Iterator[Breach]:
    for table in _response_tables(folder):
        seen = _overall(table)
        for who, (record, best, _) in _by_subject(table, "BOR").items():
            responses = [value for _, value in seen.get(who, [])]
            is_by_rule = best == "PD" and (not responses or "CR" in responses)
            is_unseen = best in ("CR", "PR", "PD") and best not in responses and not is_by_rule
            if seen and is_unseen:
                yield breach(table, record, "AVALC", f"BOR is {best}, no OVR is")


@rule(64, "error", "A confirmed best response is not better than the unconfirmed one")
def _not_better(folder: DataFolder) -> Iterator[Breach]:
    for table in _response_tables(folder):
        best = _by_subject(table, "BOR")
        for who, (record, confirmed, _) in _by_subject(table, "CBOR").items():
            other = best.get(who, (0, None, None))[1]
            known = other in ORDER and confirmed in ORDER
            if known and ORDER.index(str(confirmed)) < ORDER.index(str(other)):
                yield breach(table, record, "AVALC", f"CBOR {confirmed}, BOR {other}")


@rule(65, "warning", "A confirmed responder has a later response at least 28 days on")
def _confirmed(folder: DataFolder) -> Iterator[Breach]:
    for table in _response_tables(folder):
        seen = _overall(table)
        responses = Counter(
            who
            for _, (who, code, value) in table.rows("USUBJID", "PARAMCD", "AVALC")
            if code == "OVR" and value in RESPONDED
        )
        for who, (record, value, date) in _by_subject(table, "CRSP").items():
            day = day_of(date)
            if value == "Y" and date is None and responses.get(who, 0) < 2:
                yield breach(table, record, "AVALC", "Y, with no two assessments of CR or PR")
            if value != "Y" or day is None or not seen:
                continue
            later = [at for at, found in seen.get(who, []) if found in RESPONDED]
            if not any(at - day >= CONFIRM_DAYS for at in later):
                yield breach(table, record, "ADT", f"no CR or PR {CONFIRM_DAYS} days after {date}")


@rule(66, "error", "BCP is Y where BOR is CR or PR and N elsewhere; CBCP by CBOR")
def _best_of_response(folder: DataFolder) -> Iterator[Breach]:
    for table in _response_tables(folder):
        for flag, code in (("BCP", "BOR"), ("CBCP", "CBOR")):
            best = _by_subject(table, code)
            for who, (record, value, _) in _by_subject(table, flag).items():
                if who in best and (value == "Y") != (best[who][1] in RESPONDED):
                    yield breach(table, record, "AVALC", f"{flag} {value}, {code} {best[who][1]}")


@rule(67, "error", "No assessment lies after the death")
def _after_death(folder: DataFolder) -> Iterator[Breach]:
    known = subjects(folder, "DTHDT")
    for table in _response_tables(folder):
        for record, (who, code, date) in table.rows("USUBJID", "PARAMCD", "ADT"):
            death, day = day_of(known.get(str(who), (None,))[0]), day_of(date)
            is_late = death is not None and day is not None and day > death
            if str(code).startswith("OVR") and is_late:
                yield breach(table, record, "ADT", f"{date} is after the death")


@rule(68, "error", "DTHFL is Y where DTHDT is given, and nowhere else")
def _death_flag(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "DTHFL", "DTHDT"):
        for record, (flag, date) in table.rows("DTHFL", "DTHDT"):
            if (flag == "Y") != (date is not None):
                yield breach(table, record, "DTHFL", f"{flag!r}, DTHDT is {date}")


@rule(69, "error", "Nobody is known alive after the death")
def _last_alive(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "LSTALVDT", "DTHDT"):
        for record, (alive, death) in table.rows("LSTALVDT", "DTHDT"):
            a, b = day_of(alive), day_of(death)
            if a is not None and b is not None and a > b:
                yield breach(table, record, "LSTALVDT", f"{alive} is after DTHDT {death}")


@rule(70, "warning", "Who is in the safety population has a first day of treatment")
def _treated(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "SAFFL", "TRTSDT"):
        for record, (flag, start) in table.rows("SAFFL", "TRTSDT"):
            if table.name == "ADSL" and flag == "Y" and start is None:
                yield breach(table, record, "TRTSDT", "is empty, SAFFL is Y")


@rule(71, "error", "A CTCAE grade of an adverse event is 1 to 5 (ATOXGR also Grade 1 to Grade 5)")
def _grades(folder: DataFolder) -> Iterator[Breach]:
    for name in ("AETOXGR", "ATOXGR"):
        for table in tables_with(folder, name):
            for record, (grade,) in table.rows(name):
                shown = str(int(grade)) if isinstance(grade, int | float) else grade
                if name == "ATOXGR" and isinstance(shown, str):
                    shown = shown.upper().removeprefix("GRADE ")
                if table.name == "ADAE" and shown is not None and shown not in GRADES:
                    yield breach(table, record, name, f"is {grade!r}")


@rule(72, "error", "A treatment-emergent event does not begin before the treatment")
def _emergent(folder: DataFolder) -> Iterator[Breach]:
    known = subjects(folder, "TRTSDT")
    for table in tables_with(folder, "USUBJID", "TRTEMFL", "ASTDT"):
        for record, (who, flag, date) in table.rows("USUBJID", "TRTEMFL", "ASTDT"):
            start, day = day_of(known.get(str(who), (None,))[0]), day_of(date)
            if flag == "Y" and start is not None and day is not None and day < start:
                yield breach(table, record, "TRTEMFL", f"Y, {date} is before the treatment")


@rule(73, "error", "An event of grade 5 is of a subject who died")
def _fatal(folder: DataFolder) -> Iterator[Breach]:
    known = subjects(folder, "DTHDT")
    for name in ("AETOXGR", "ATOXGR"):
        for table in tables_with(folder, "USUBJID", name):
            for record, (who, grade) in table.rows("USUBJID", name):
                is_fatal = str(grade).upper().removeprefix("GRADE ") in ("5", "5.0")
                if is_fatal and str(who) in known and known[str(who)][0] is None:
                    yield breach(table, record, name, "grade 5, ADSL has no death")


@rule(74, "warning", "An event is fatal where its grade is 5, and nowhere else")
def _outcome(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "AETOXGR", "AEOUT"):
        for record, (grade, outcome) in table.rows("AETOXGR", "AEOUT"):
            if None not in (grade, outcome) and (str(grade)[:1] == "5") != (outcome == "FATAL"):
                yield breach(table, record, "AEOUT", f"{outcome!r} with grade {grade}")


@rule(75, "error", "A first-occurrence flag marks one event of a subject, or of its term or class")
def _first(folder: DataFolder) -> Iterator[Breach]:
    groups = {
        "AOCCFL": (), "AOCCIFL": (), "AOCCPFL": ("AEDECOD",), "AOCCPIFL": ("AEDECOD",),
        "AOCCSFL": ("AEBODSYS",),
    }  # fmt: skip
    for flag, within in groups.items():
        for table in tables_with(folder, "USUBJID", flag, *within):
            yield from flagged_once(table, flag, "USUBJID", *within)


@rule(76, "error", "A worst-observation flag marks one record of a subject and parameter")
def _worst(folder: DataFolder) -> Iterator[Breach]:
    for flag in ("WORS01FL", "WORS02FL"):
        for table in tables_with(folder, "USUBJID", "PARAMCD", flag):
            yield from flagged_once(table, flag, "USUBJID", "PARAMCD")


@rule(77, "error", "AVAL, BASE, CHG, PCHG, NADIR, CHGNAD and PCHGNAD are numbers")
def _texts(folder: DataFolder) -> Iterator[Breach]:
    for name in ("AVAL", "BASE", "CHG", "PCHG", "NADIR", "CHGNAD", "PCHGNAD"):
        for table in tables_with(folder, name):
            texts = [(at, one) for at, (one,) in table.rows(name) if isinstance(one, str)]
            odd = [(at, one) for at, one in texts if number_of(one) is None]
            for record, text in odd or texts:  # one word makes texts of a column of a CSV
                yield breach(table, record, name, f"is the text {text!r}")


@rule(78, "warning", "An event that begins under treatment is treatment-emergent")
def _under_treatment(folder: DataFolder) -> Iterator[Breach]:
    known = subjects(folder, "TRTSDT", "TRTEDT")
    for table in tables_with(folder, "USUBJID", "TRTEMFL", "ASTDT"):
        for record, (who, flag, date) in table.rows("USUBJID", "TRTEMFL", "ASTDT"):
            start, end = map(day_of, known.get(str(who), (None, None)))
            days = start, day_of(date), end
            if None not in days and flag != "Y" and start < days[1] <= end:  # type: ignore[operator]
                yield breach(table, record, "TRTEMFL", f"not Y, {date} is under treatment")
