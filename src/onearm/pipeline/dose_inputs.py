"""What a command line says of a patient and of events, read exactly.

Takes texts such as ``80 umol/L`` and ``hypertension: 3``, gives records and
decimals; a number without its unit, or one that no adult has, is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from onearm.clinical.body import AGE, CREATININE, HEIGHT, WEIGHT, Range, plausible
from onearm.clinical.dose_amounts import Body
from onearm.clinical.patient_body import CREATININE_UNITS
from onearm.clinical.records import AdverseEvent
from onearm.errors import InputError, nearest
from onearm.format import plain
from onearm.protocol.values import Amount, read_amount, read_day

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_EVENT = re.compile(r"(?P<term>.*\S)\s*[:,]\s*(?:grade\s*)?(?P<grade>\d+)", re.IGNORECASE)
MOST_MEASURED_GFR = Range("gfr", "mL/min", Decimal(1), Decimal(300), "", "")


def day_of(text: str) -> dt.date:
    """Read the day of the first dose."""
    try:
        return read_day(text)
    except ValueError as error:
        raise InputError(f"--start {error}; got {text!r}") from None


def body_of(
    weight_kg: str | None = None,
    height_cm: str | None = None,
    age: int | None = None,
    sex: str | None = None,
    creatinine: str | None = None,
    gfr: str | None = None,
) -> Body:
    """Read what is known of a patient's body.

    ``sex`` is F or M, ``creatinine`` a number with umol/L or mg/dL, ``gfr`` a
    measured GFR in mL/min.
    """
    if sex is not None and sex not in {"F", "M"}:
        raise InputError(f"--sex must be F or M; got {sex!r}")
    return Body(
        _measure("--weight-kg", weight_kg, WEIGHT),
        _measure("--height-cm", height_cm, HEIGHT),
        None if age is None else int(plausible(age, AGE)),
        None if sex is None else sex == "F",
        None if creatinine is None else _creatinine(creatinine),
        _measure("--gfr", gfr, MOST_MEASURED_GFR),
    )


def _number(option: str, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text.strip()):
        raise InputError(f"{option} must be a number; got {text!r}")
    return Decimal(text.strip())


def _measure(option: str, text: str | None, allowed: Range) -> Decimal | None:
    return None if text is None else plausible(_number(option, text), allowed)


def _creatinine(text: str) -> Decimal:
    value, _, unit = text.strip().partition(" ")
    factor = CREATININE_UNITS.get(unit.strip().lower())
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = None
    if factor is None or number is None:
        allowed = "a number with its unit, '80 umol/L' or '0.9 mg/dL'"
        raise InputError(f"--creatinine must be {allowed}; got {text!r}")
    found = number * factor
    is_mass = factor != 1 and number.is_finite() and number > 0
    if is_mass and not CREATININE.lowest <= found <= CREATININE.highest:
        meant = "; was umol/L meant?" if number >= CREATININE.lowest else ""
        raise InputError(
            f"creatinine must be between {CREATININE.lowest} and {CREATININE.highest} umol/L; got "
            f"{text.strip()}, which is {plain(found)} umol/L{meant}"
        )
    return plausible(found, CREATININE)


def weights_of(texts: Sequence[str]) -> dict[int, Decimal]:
    """Read weights of later cycles, ``CYCLE:KG``."""
    found: dict[int, Decimal] = {}
    for text in texts:
        cycle, mark, weight = text.partition(":")
        if not mark or not cycle.strip().isdecimal() or int(cycle) < 1:
            raise InputError(f"--weight-at must be CYCLE:KG, such as 3:62; got {text!r}")
        found[int(cycle)] = plausible(_number("--weight-at", weight), WEIGHT)
    return found


def events_of(texts: Sequence[str]) -> list[AdverseEvent]:
    """Read events, ``TERM: GRADE``, in the order in which they are said."""
    found = []
    for text in texts:
        match = _EVENT.fullmatch(text.strip())
        if match is None or not 1 <= int(match["grade"]) <= 5:
            allowed = "TERM: GRADE with a grade from 1 to 5, such as 'hypertension: 3'"
            raise InputError(f"--event must be {allowed}; got {text!r}")
        found.append(AdverseEvent(subject_id="", term=match["term"], grade=int(match["grade"])))
    return found


def current_of(texts: Sequence[str], drugs: Sequence[str]) -> dict[str, Amount]:
    """Read current doses, ``DRUG: DOSE``."""
    found: dict[str, Amount] = {}
    for text in texts:
        drug, _, dose = (part.strip() for part in text.rpartition(":"))
        if drug not in drugs:
            allowed = f"DRUG: DOSE of {', '.join(drugs)}"
            raise InputError(f"--at-dose must be {allowed}; got {text!r}{nearest(drug, drugs)}")
        try:
            found[drug] = read_amount(dose)
        except ValueError as error:
            raise InputError(f"--at-dose of {drug} {error}; got {dose!r}") from None
    return found
