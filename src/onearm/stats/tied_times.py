"""Which times are one time, and how many events and censorings there are at each.

Times that computation has moved apart by a rounding error, 0.1 + 0.2 and 0.3,
can be kept apart ("exact") or be one ("merge"). Whole days are never affected;
days divided into months or weeks may be.

"merge" is the rule of R's survival (``aeqSurv``): of the distinct times in
ascending order, one that follows the time before it by at most 1.49e-8 (the
square root of the machine's epsilon), or by at most that part of the mean of
the distinct times, joins it; all that join one another take the earliest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from onearm.stats.arguments import Flags, Numbers, checked_days, checked_flags, same_length

NearTies = Literal["exact", "merge"]

NEAR = math.sqrt(float(np.finfo(float).eps))


def merge_near_ties(days: Sequence[float]) -> list[float]:
    """Return the days, each as the earliest of the times that it is one with.

    Examples
    --------
    >>> merge_near_ties([0.5, 0.1 + 0.2, 0.3])
    [0.5, 0.3, 0.3]
    """
    distinct = sorted(set(days))
    scale = math.fsum(distinct) / len(distinct)
    earliest = {}
    start = before = distinct[0]
    for day in distinct:
        gap = day - before
        if gap > NEAR and gap / scale > NEAR:
            start = day
        earliest[day] = start
        before = day
    return [earliest[day] for day in days]


def count_by_time(days: Numbers, events: Flags, near_ties: NearTies) -> dict[float, list[int]]:
    """[events, censorings] at each distinct time, times ascending."""
    found, flags = checked_days(days), checked_flags(events)
    same_length(found, flags)
    if near_ties == "merge":
        found = merge_near_ties(found)
    steps: dict[float, list[int]] = {}
    for day, event in sorted(zip(found, flags, strict=True)):
        count = steps.get(day)
        if count is None:
            count = steps[day] = [0, 0]
        count[0 if event else 1] += 1
    return steps
