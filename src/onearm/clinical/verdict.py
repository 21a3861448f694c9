"""What a condition gives: its truth, the evidence for it, and what is missing to say more.

The words that the rules of eligibility share. A truth is True, False or None,
which is unknown. Knows no rule.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from onearm.clinical.facts import compare
from onearm.protocol.criteria import Leaf, Operator

Truth = bool | None


class Evidence(NamedTuple):
    """What one condition was decided by: its node, the records looked at, what it gave.

    ``value`` is a number that was computed: an age, a clearance, a count.
    """

    node: Leaf
    items: tuple[Any, ...]
    truth: Truth
    value: Fraction | Decimal | int | None = None
    scope: str = ""


class Missing(NamedTuple):
    """A fact that is not known, what it must hold, and from and by which day."""

    fact: str
    needs: str
    earliest: dt.date | None = None
    by: dt.date | None = None


class Verdict(NamedTuple):
    """Whether a condition holds, by which evidence, or what is missing to say so."""

    truth: Truth
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[Missing, ...] = ()


def both(first: Truth, second: Truth) -> Truth:
    """Return whether two conditions hold together."""
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


def range_holds(
    least: Decimal | int, most: Decimal | int, operator: Operator, limit: Fraction | int
) -> Truth:
    """Compare a number of which the least and the most are known."""
    if operator == "=":
        if least == most:
            return least == limit
        return None if least <= limit <= most else False
    first, second = compare(least, operator, limit), compare(most, operator, limit)
    return first if first == second else None
