"""Whether laboratory values of one subject lie outside normal, at baseline and on treatment.

Takes the laboratory rows of one subject, gives for each analyte and direction whether it was
abnormal at baseline and after it. Knows one subject.

* A value is low below the lower limit of normal of its own row, high above the upper; a value
  equal to a limit is normal. A bound counts where it decides: ``<0.5`` is low with a limit of
  0.5, and is not high with one of 1. A word, or a row without that limit, says nothing.
* The baseline is the latest row that is marked so. On treatment is as for the grades:
  after the day of the first dose, and where the protocol says how long, so many days after the
  last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from onearm.clinical.derived import LabAbnormality
from onearm.clinical.lab_course import dosed, is_on_treatment
from onearm.clinical.labs import analyte_code, baselines
from onearm.clinical.records import Lab, SubjectRecords
from onearm.clinical.units import find_analyte
from onearm.format import plain

Direction = Literal["low", "high"]
DIRECTIONS: tuple[Direction, ...] = ("low", "high")
_NUMBER = re.compile(r"([<>]=?|)\s*([0-9]{1,15}(?:\.[0-9]{1,15})?)")


def is_abnormal(lab: Lab, direction: Direction) -> bool | None:
    """Return whether a value is abnormal in a direction; None where that is not known.

    >>> import datetime as dt
    >>> day, uln = dt.date(2020, 1, 1), Decimal(40)
    >>> [is_abnormal(Lab("S1", day, "ALT", value, "U/L", uln=uln), "high")
    ...  for value in ("40", "40.1", ">40", ">30", "NEGATIVE")]
    [False, True, True, None, None]
    """
    limit = lab.lln if direction == "low" else lab.uln
    found = _NUMBER.fullmatch((lab.value or "").strip())
    if limit is None or found is None:
        return None
    sign, value = found[1], Decimal(found[2])
    if not sign:
        return value < limit if direction == "low" else value > limit
    towards = "<" if direction == "low" else ">"
    if sign[0] == towards:
        beyond = value < limit if direction == "low" else value > limit
        return True if beyond or (value == limit and sign == towards) else None
    inside = value >= limit if direction == "low" else value <= limit
    return False if inside else None


def lab_abnormalities(
    records: SubjectRecords, emergent_days: Fraction | None = None
) -> tuple[LabAbnormality, ...]:
    """Return each analyte and direction of which a row on treatment says something.

    ``emergent_days``: how long after the last dose a value still counts; by default without end.
    """
    labs, days = records.labs or (), dosed(records)
    after: dict[str, list[Lab]] = {}
    for lab in labs:
        if lab.is_baseline or not is_on_treatment(lab.date, days, emergent_days):
            continue
        analyte = find_analyte(lab.test)
        if analyte is not None:
            after.setdefault(analyte.code, []).append(lab)
    before = {code: lab for (_, code), lab in baselines(labs).items()}
    return tuple(
        one
        for code, rows in after.items()
        for one in _of_analyte(code, rows, before.get(analyte_code(code) or ""))
    )


def _of_analyte(code: str, rows: Sequence[Lab], baseline: Lab | None) -> Iterator[LabAbnormality]:
    for direction in DIRECTIONS:
        known = [(lab, found) for lab in rows if (found := is_abnormal(lab, direction)) is not None]
        if not known:
            continue
        first = next((lab for lab, found in known if found), None)
        at_baseline = None if baseline is None else is_abnormal(baseline, direction)
        shown = [one for one in (baseline, first or known[-1][0]) if one is not None]
        yield LabAbnormality(
            rows[0].subject_id, code, direction, at_baseline, first is not None,
            _reason(baseline, at_baseline, first, direction), tuple(one.source for one in shown),
        )  # fmt: skip


def _reason(
    baseline: Lab | None, at_baseline: bool | None, first: Lab | None, direction: Direction
) -> str:
    words = {True: direction, False: f"not {direction}", None: "not known"}
    start = (
        "no baseline" if baseline is None else f"baseline {words[at_baseline]}: {_told(baseline)}"
    )
    if first is None:
        return f"{start}; never {direction} on treatment"
    limit = first.lln if direction == "low" else first.uln
    assert limit is not None  # it decided
    name = "lower" if direction == "low" else "upper"
    return f"{start}; {direction} on {first.date}: {_told(first)}, {name} limit {plain(limit)}"


def _told(lab: Lab) -> str:
    return f"{lab.value} {lab.unit or ''}".rstrip()
