"""How doses, dates and proposals are said, for a reader and for another program.

Takes records of the rules, gives lines of text and the values of JSON. Knows
no study.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from onearm.clinical.dosing_calendar import DerivedDate
from onearm.clinical.modification import Proposal
from onearm.clinical.records import Source
from onearm.format import plain

ADVICE = "A check against the protocol, never medical advice."


def date_name(one: DerivedDate) -> str:
    """Return what a day is: 'last allowed day of TQB2450'."""
    return f"{one.name} of {one.drug}" if one.drug else one.name


def date_lines(dates: Sequence[DerivedDate]) -> list[str]:
    """Return a line a day, with its reason."""
    return [f"  {one.date}  {date_name(one)} ({one.reason})" for one in dates]


def proposal_lines(proposals: Sequence[Proposal]) -> list[str]:
    """Return a line a proposal: day, drug, what is proposed, why, and what was decided."""
    lines = []
    for one in proposals:
        on = f"{one.onset_date} " if one.onset_date else ""
        to = f" to {one.to_dose}" if one.action == "reduce" and one.to_dose else ""
        why = f" ({one.decision_reason})" if one.decision_reason else ""
        lines.append(f"  {on}{one.drug}, {one.action or 'no rule'}{to}: {one.reason}{why}")
    return lines


def section(title: str, lines: Sequence[str]) -> list[str]:
    """Return a part of a text after an empty line; nothing where it has no lines."""
    if not lines:
        return []
    return ["", *([title] if title else []), *lines]


def record_json(record: object) -> dict[str, object]:
    """Return a record of the rules as JSON has it, by the names of its fields."""
    slots: Sequence[str] = getattr(type(record), "__slots__", ())
    return {name: json_cell(getattr(record, name)) for name in slots}


def json_cell(value: object) -> object:
    """Return a value as JSON has it: decimals and dates as text, sources as file and line."""
    match value:
        case Source():
            return str(value)
        case Decimal():
            return plain(value)
        case dt.date():
            return value.isoformat()
        case tuple() if hasattr(value, "_fields"):
            return str(value)
        case tuple():
            return [json_cell(item) for item in value]
        case _:
            return value


def flat_cell(value: object) -> object:
    """Return a value as a cell of a table."""
    if isinstance(value, bool):
        return "Y" if value else "N"
    return "; ".join(str(item) for item in value) if isinstance(value, list) else value
