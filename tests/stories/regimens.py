"""Regimens and courses in a shorthand that fits a line.

Day 0 is the day of the first dose, 12 January 2026. A course is
``"1 A 0-13 12; 1 T 0 1200 @65"``: cycle, drug, day or days, milligrams a day,
and ``@`` minutes of infusion. ``A`` is anlotinib, 12 mg on days 1 to 14 by
mouth; ``T`` is TQB2450, 1200 mg on day 1 over 60 +- 5 minutes.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from onearm.clinical.records import Disposition, Dose, Source, Subject, SubjectRecords, Vital
from onearm.io.yaml import read_yaml
from onearm.protocol.model import Protocol
from onearm.protocol.parse import parse_protocol
from onearm.protocol.treatment import Treatment

START = dt.date(2026, 1, 12)
DRUGS = {"A": "anlotinib", "T": "TQB2450", "W": "by-weight", "P": "cisplatin", "C": "carboplatin"}
ROW = re.compile(r"(\d+|-) (\w) (\d+)(?:-(\d+))? ([\d.]+)(?: @(\d+))?")

ANLOTINIB: dict[str, Any] = {
    "name": "anlotinib",
    "dose": "12 mg",
    "route": "oral",
    "days": "1-14",
    "levels": ["12 mg", "10 mg", "8 mg"],
}
TQB2450: dict[str, Any] = {
    "name": "TQB2450",
    "dose": "1200 mg",
    "route": "intravenous",
    "days": 1,
    "infusion": "60 minutes",
    "infusion_tolerance": "5 minutes",
    "is_modifiable": False,
    "stop_after": "24 months",
}
RULES: list[dict[str, Any]] = [
    {
        "drug": "anlotinib",
        "when": "grade 3 or 4",
        "action": "next level",
        "trigger": {"grades": "3-4"},
        "proposes": "reduce",
    },
    {"drug": "TQB2450", "when": "at any time", "action": "not changed", "proposes": "keep"},
]


def day(number: int) -> dt.date:
    return START + dt.timedelta(days=number)


def treatment(
    *drugs: dict[str, Any], rules: list[dict[str, Any]] | None = None, **options: Any
) -> Treatment:
    """Return a treatment in cycles of 21 days; by default anlotinib and TQB2450."""
    return Treatment.model_validate(
        {
            "cycle": "21 days",
            "drugs": list(drugs) or [ANLOTINIB, TQB2450],
            "dose_rules": RULES if rules is None else rules,
            **options,
        }
    )


@cache
def shipped() -> Protocol:
    folder = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"
    return parse_protocol(read_yaml(folder / "protocol.yaml"))


def protocol(planned: Treatment | None = None, cutoff: int | None = None) -> Protocol:
    """Return a protocol with a treatment, and a data cut-off on a day."""
    study = shipped().study.model_copy(
        update={"data_cutoff": None if cutoff is None else day(cutoff)}
    )
    return shipped().model_copy(update={"treatment": planned or treatment(), "study": study})


def doses(course: str) -> tuple[Dose, ...]:
    found = []
    for line, text in enumerate(course.split("; "), 2):
        match = ROW.fullmatch(text.strip())
        assert match, text
        cycle, drug, first, last, amount, minutes = match.groups()
        found.append(
            Dose(
                "S01",
                DRUGS[drug],
                None if cycle == "-" else int(cycle),
                day(int(first)),
                day(int(last)) if last else None,
                Decimal(amount),
                "mg",
                infusion_minutes=Decimal(minutes) if minutes else None,
                source=Source("doses.csv", ("S01", drug, cycle, first), line),
            )
        )
    return tuple(found)


def records(
    course: str,
    *,
    stopped: dict[str, int] | None = None,
    weights: dict[int, str] | None = None,
    **about: Any,
) -> SubjectRecords:
    """Return a subject with doses; ``stopped`` by drug or TREATMENT, ``weights`` by day."""
    ends = tuple(
        Disposition("S01", scope, "DISCONTINUED", day(on), source=Source("disposition.csv", (), 2))
        for scope, on in (stopped or {}).items()
    )
    vitals = tuple(
        Vital("S01", day(on), "WEIGHT", Decimal(kg), "kg", Source("vitals.csv", (), line))
        for line, (on, kg) in enumerate((weights or {}).items(), 2)
    )
    subject = Subject("S01", first_dose_date=START, source=Source("subjects.csv", ("S01",), 2))
    return SubjectRecords(
        subject, doses=doses(course), disposition=ends, vitals=vitals or None, **about
    )
