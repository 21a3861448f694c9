"""Calendar periods: which day a period of days, weeks, months or years ends on.

A period that *begins with* a day includes it: 24 months from 11 January end on
10 January. A period *after* a day does not: 6 months after 15 March end on 15
September, or on the last day of a shorter month. Whole months and years are
those of the calendar; another number of them counts 30.4375 days a month, and
only whole days of it. Knows no drug.
"""

from __future__ import annotations

import datetime as dt
from math import floor

from onearm.protocol.values import Period

MONTHS_IN = {"month": 1, "year": 12}
ONE_DAY = dt.timedelta(days=1)


def last_day_from(first: dt.date, period: Period) -> dt.date:
    """Return the last day of a period that begins with ``first``.

    In months: the day before the same day of the last month; where that month
    has no such day, its last day.

    >>> last_day_from(dt.date(2019, 1, 11), Period(24, "month"))
    datetime.date(2021, 1, 10)
    >>> last_day_from(dt.date(2024, 2, 29), Period(24, "month"))
    datetime.date(2026, 2, 28)
    """
    months = _whole_months(period)
    if months is None:
        return first + dt.timedelta(days=floor(period.days) - 1)
    same_day = _months_on(first, months)
    return same_day - ONE_DAY if same_day.day == first.day else same_day


def last_day_after(day: dt.date, period: Period) -> dt.date:
    """Return the last day of a period that follows ``day``; the day itself is not counted.

    References
    ----------
    Regulation (EEC, Euratom) No 1182/71, Article 3: a period in months ends
    with the same date of its last month, or with the last day of that month.

    Examples
    --------
    >>> last_day_after(dt.date(2026, 8, 31), Period(6, "month"))
    datetime.date(2027, 2, 28)
    """
    months = _whole_months(period)
    if months is None:
        return day + dt.timedelta(days=floor(period.days))
    return _months_on(day, months)


def _whole_months(period: Period) -> int | None:
    """Return the number of months of the calendar; None for another period."""
    months = period.number * MONTHS_IN.get(period.unit, 0)
    return int(months) if months and months == int(months) else None


def _months_on(day: dt.date, months: int) -> dt.date:
    """Return the same day some months later, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = dt.date(year + month // 11, (month + 1) % 12 + 1, 1)
    return dt.date(year, month + 1, min(day.day, (following - ONE_DAY).day))
