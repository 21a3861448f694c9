"""What must hold of analysis data sets: the rules, and how one is written down.

A rule has a number that stays, a severity, and a sentence that says what must
hold; its check yields each breach with data set, record and variable. The rules
themselves stand in ``adam_rules_structure``, ``adam_rules_values`` and
``adam_rules_oncology``. Numbers are compared to six digits, because files hold
them as binary or IBM floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from onearm.errors import Severity
from onearm.io.data_folder import DataFolder, Table
from onearm.io.dataset import Value

DIGITS = 1e-6


class Breach(NamedTuple):
    """Where a rule does not hold, and what was found there."""

    dataset: str
    record: int | None
    variable: str | None
    message: str
    subject: str | None = None


Check = Callable[[DataFolder], Iterable[Breach]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold."""

    id: str
    severity: Severity
    says: str
    check: Check


RULES: dict[str, Rule] = {}
"""Every rule by its number, once the modules that hold them are imported."""


def rule(number: int, severity: Severity, says: str) -> Callable[[Check], Check]:
    """Write a check down as a rule."""

    def keep(check: Check) -> Check:
        name = f"AD{number:03d}"
        assert name not in RULES, name
        RULES[name] = Rule(name, severity, says, check)
        return check

    return keep


def breach(table: Table, record: int | None, variable: str | None, message: str) -> Breach:
    """Return a breach at a value, with the subject of the record."""
    subject = None
    if record is not None and "USUBJID" in table:
        subject = str(table.columns["USUBJID"][record - 1])
    return Breach(table.name, record, variable, message, subject)


def tables_with(folder: DataFolder, *variables: str) -> Iterator[Table]:
    """Yield the data sets that hold all of these variables."""
    for table in folder.tables.values():
        if all(variable in table for variable in variables):
            yield table


def is_bds(table: Table) -> bool:
    """Return whether a data set has the basic structure: parameters with values."""
    return "PARAMCD" in table


def differs(found: Value, wanted: float) -> bool:
    """Return whether a number is another one, to six digits."""
    assert isinstance(found, int | float)
    return abs(found - wanted) > DIGITS * max(1.0, abs(wanted))


def is_number(value: Value) -> bool:
    """Return whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def subjects(folder: DataFolder, *variables: str) -> dict[str, tuple[Value, ...]]:
    """Return variables of ADSL by USUBJID; empty without ADSL."""
    table = folder.tables.get("ADSL")
    if table is None:
        return {}
    return {str(row[0]): row[1:] for _, row in table.rows("USUBJID", *variables)}


def one_to_one(table: Table, first: str, second: str, *within: str) -> Iterator[Breach]:
    """Yield each record whose pair of values is not the one met before."""
    forth: dict[tuple[Value, ...], Value] = {}
    back: dict[tuple[Value, ...], Value] = {}
    for record, (a, b, *group) in table.rows(first, second, *within):
        if a is None or b is None:
            continue
        known = forth.setdefault((*group, a), b)
        other = back.setdefault((*group, b), a)
        if known != b:
            yield breach(table, record, second, f"{b!r} with {first} {a!r}, elsewhere {known!r}")
        elif other != a:
            yield breach(table, record, first, f"{a!r} with {second} {b!r}, elsewhere {other!r}")


def repeated(table: Table, *variables: str) -> Iterator[Breach]:
    """Yield each record that has the values of an earlier one."""
    seen: dict[tuple[Value, ...], int] = {}
    for record, values in table.rows(*variables):
        first = seen.setdefault(values, record)
        if first != record:
            shown = ", ".join(map(str, values))
            yield breach(table, record, variables[-1], f"same as record {first}: {shown}")


def flagged_once(table: Table, flag: str, *within: str) -> Iterator[Breach]:
    """Yield each further record that a flag marks within a group."""
    seen: dict[tuple[Value, ...], int] = {}
    for record, (value, *group) in table.rows(flag, *within):
        if value == "Y":
            first = seen.setdefault(tuple(group), record)
            if first != record:
                yield breach(table, record, flag, f"Y here and in record {first}")
