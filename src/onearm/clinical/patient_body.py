"""What one subject's records say of the body on a day: weight, height, age, sex, creatinine.

Takes records, gives a ``Body``: of each measure the last one up to that day.
A value in a unit that is not listed here is passed over. Knows no dose.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from onearm.clinical.body import CREATININE_UMOL_L_PER_MG_DL
from onearm.clinical.dose_amounts import Body
from onearm.clinical.records import Lab, Source, SubjectRecords, Vital

CREATININE_TESTS = ("CREAT", "CREATININE")
CREATININE_UNITS = {
    "umol/l": Decimal(1),
    "\N{MICRO SIGN}mol/l": Decimal(1),
    "\N{GREEK SMALL LETTER MU}mol/l": Decimal(1),
    "mg/dl": CREATININE_UMOL_L_PER_MG_DL,
}
"""Unit in lower case: how many umol/L it is."""


def body_on(records: SubjectRecords, day: dt.date) -> Body:
    """Return what is known of a subject's body on a day, with the rows that say so."""
    weight = _last_vital(records.vitals or (), "WEIGHT", "kg", day)
    height = _last_vital(records.vitals or (), "HEIGHT", "cm", day)
    creatinine = _last_creatinine(records.labs or (), day)
    subject = records.subject
    found = [one for one in (weight, height, creatinine) if one is not None]
    return Body(
        weight[0] if weight else None,
        height[0] if height else None,
        subject.age_years,
        {"F": True, "M": False}.get(subject.sex or ""),
        creatinine[0] if creatinine else None,
        None,
        tuple(source for _, source in found),
    )


def _last_vital(
    rows: Iterable[Vital], test: str, unit: str, day: dt.date
) -> tuple[Decimal, Source] | None:
    own = [r for r in rows if r.test == test and r.unit.lower() == unit and r.date <= day]
    last = max(own, key=lambda row: (row.date, row.source.line), default=None)
    return (last.value, last.source) if last else None


def _last_creatinine(rows: Iterable[Lab], day: dt.date) -> tuple[Decimal, Source] | None:
    own = [r for r in rows if r.test.upper() in CREATININE_TESTS and r.date <= day]
    for row in sorted(own, key=lambda row: (row.date, row.source.line), reverse=True):
        factor = CREATININE_UNITS.get((row.unit or "").lower())
        try:
            if factor is not None and row.value is not None:
                return Decimal(row.value) * factor, row.source
        except InvalidOperation:
            continue
    return None
