"""What the categories of one time point share: the course so far, and an answer.

Lengths are integer micrometres. Knows no rule.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from onearm.clinical.lesions import Spans
from onearm.clinical.records import Measurement
from onearm.terms import MICROMETRES_PER_MM, Response

NODE_NORMAL_BELOW_UM = 10 * MICROMETRES_PER_MM
"""A node with a shorter short axis is normal (E09 4.3.1)."""


@dataclass(slots=True)
class Course:
    """What earlier time points leave behind for the next one."""

    nadir_um: int | None
    nadir_date: dt.date
    nadir_rows: tuple[Measurement, ...]
    had_overall_cr: bool = False
    had_target_cr: bool = False
    target_pr_dates: list[dt.date] = field(default_factory=list)
    new_lesions: dict[str, dt.date] = field(default_factory=dict)
    backdated: Spans = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Category:
    """The response of one category of lesions, with the sentence that explains it."""

    response: Response
    reason: str
    flag: str | None = None  # what a reader should look at


def names(lesions: Sequence[str]) -> str:
    """Return names as a list in words."""
    return ", ".join(lesions)
