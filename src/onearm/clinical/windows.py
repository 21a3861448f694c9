"""Windows about a day, and ages: which days they hold, the days at both ends included.

A window of 14 days before the first dose runs from the 14th day before it to
the day itself. Where a date is partial, the answer holds for each of its days,
or it is unknown. Knows no criterion.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache

from onearm.clinical.facts import Days, Happening
from onearm.clinical.periods import last_day_after
from onearm.clinical.verdict import Truth
from onearm.protocol.criteria import Span, Window
from onearm.protocol.values import Period


@cache
def shifted(day: dt.date, number: int, span: Span) -> dt.date:
    """Return the day so many days, weeks, months or years on; back where negative.

    A month later is the same day of the next month, or its last day where it
    is shorter.

    >>> shifted(dt.date(2026, 5, 31), -3, "month"), shifted(dt.date(2024, 2, 29), 1, "year")
    (datetime.date(2026, 2, 28), datetime.date(2025, 2, 28))
    """
    return last_day_after(day, Period(Decimal(number), span))


def completed_years(birth: dt.date, day: dt.date) -> int:
    """Return the age in completed years; who is born on 29 February is a year older on 1 March.

    >>> completed_years(dt.date(1956, 3, 2), dt.date(2026, 3, 1))
    69
    """
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def in_window(happened: Happening, window: Window, anchor: Days) -> Truth:
    """Return whether an event has a day inside a window, both ends included."""
    start, end = happened.start, happened.end
    sign = -1 if window.direction == "before" else 1
    first = shifted(anchor.first, sign * window.number, window.span)
    last = shifted(anchor.last, sign * window.number, window.span)
    if window.direction == "before":
        inside = start.last <= anchor.first and end.first >= last
        outside = start.first > anchor.last or end.last < first
    else:
        inside = start.last <= first and end.first >= anchor.last
        outside = start.first > last or end.last < anchor.first
    return True if inside else False if outside else None
