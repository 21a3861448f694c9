"""The calendar of simulated trials, for limits that count in months of the calendar.

Simulated days are counted since the opening of the trial; a trial opens on
1 January 2026, in the arrays as in the records. Draws nothing.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

import numpy as np

from onearm.clinical.periods import last_day_from
from onearm.protocol.treatment import Drug
from onearm.protocol.values import Period
from onearm.sim.seen import NEVER, Ints

OPENED = dt.date(2026, 1, 1)
"""Day on which a simulated trial opens."""


def last_allowed_day(drug: Drug, entry: Ints, first: Ints) -> Ints:
    """Return the last day on which each patient may get a drug; NEVER without a limit.

    Parameters
    ----------
    drug
        A drug; its limit begins with its first dose.
    entry
        Day of each patient's entry, since the opening of the trial.
    first
        Day of the drug's first dose, since entry, as is the day that is
        returned; NEVER where it was not given.
    """
    found = np.full(entry.shape, NEVER, np.int32)
    if drug.stop_after is None:
        return found
    is_given = first < NEVER
    days, at = np.unique(entry[is_given] + first[is_given], return_inverse=True)
    ends = np.array([_last(int(day), drug.stop_after) for day in days], np.int32)
    found[is_given] = ends[at] - entry[is_given]
    return found


@cache
def _last(first: int, period: Period) -> int:
    return (last_day_from(OPENED + dt.timedelta(days=first), period) - OPENED).days
