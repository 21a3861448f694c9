"""Checks of what a statistic is given: counts, probabilities, times, event flags, names.

Each takes a name and what was found; it gives the value as a plain Python one,
or raises an error that says what is allowed and quotes what it found. Knows
nothing of the statistic that asks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt

from onearm.errors import StatError, nearest

Numbers = Sequence[float] | npt.NDArray[Any]
Flags = Sequence[bool] | Sequence[int] | npt.NDArray[Any]


def whole(name: str, count: object) -> int:
    """Return a count as a Python integer; True, 3.0 and '3' are not counts."""
    if isinstance(count, bool) or not isinstance(count, Integral):
        raise StatError(f"{name} must be a whole number; got {count!r}")
    return int(count)


def real(name: str, number: object) -> float:
    """Return a number as a float; True and '3' are not numbers, NaN and infinity are."""
    if isinstance(number, bool) or not isinstance(number, Real):
        raise StatError(f"{name} must be a number; got {number!r}")
    return float(number)


def above_zero(name: str, number: object) -> float:
    """Return a finite number above 0."""
    found = real(name, number)
    if not 0 < found < math.inf:
        raise StatError(f"{name} must be finite and above 0; got {number!r}")
    return found


def inside(name: str, probability: object, example: str = "0.95") -> float:
    """Return a probability strictly between 0 and 1; neither end passes, nor does NaN."""
    found = real(name, probability)
    if not 0 < found < 1:
        raise StatError(f"{name} must be between 0 and 1, e.g. {example}; got {probability!r}")
    return found


def one_of(name: str, found: object, allowed: Iterable[str]) -> None:
    """Raise, with the nearest name, unless ``found`` is one of the names allowed."""
    names = tuple(allowed)
    if found not in names:
        raise StatError(
            f"{name} must be one of {', '.join(names)}; got {found!r}{nearest(str(found), names)}"
        )


def checked_days(days: Numbers) -> list[float]:
    """Return times to the event or the censoring as floats: at least one, finite, above 0."""
    found = reals("days", days)
    if not found:
        raise StatError("days must hold at least one observation; got none")
    if not (min(found) > 0 and max(found) < math.inf) or any(map(math.isnan, found)):
        position = next(i for i, day in enumerate(found) if not 0 < day < math.inf)
        raise StatError(f"days[{position}] must be finite and above 0; got {found[position]!r}")
    return found


def checked_flags(events: Flags) -> list[bool]:
    """Return event flags, each 1 or True for an event, 0 or False for a censoring."""
    found = listed("events", events)
    if set(map(type, found)) <= {bool, int, float} and set(found) <= {0, 1}:  # the quick way out
        return found
    for position, event in enumerate(found):
        if not (isinstance(event, Real | np.bool_) and event in (0, 1)):
            raise StatError(
                f"events[{position}] must be 1 or True for an event, 0 or False for a censoring; "
                f"got {event!r}"
            )
    return [bool(event) for event in found]


def same_length(days: Sequence[object], events: Sequence[object]) -> None:
    """Raise unless there are as many events as days."""
    if len(days) != len(events):
        raise StatError(
            f"days and events must be of one length; got {len(days)} days and {len(events)} events"
        )


def reals(name: str, values: Numbers) -> list[float]:
    """Return a list or column of numbers as floats."""
    found = listed(name, values)
    if not set(map(type, found)) <= {int, float}:  # the quick way out: one look a type
        return [real(f"{name}[{position}]", value) for position, value in enumerate(found)]
    return [float(value) for value in found]


def listed(name: str, values: Sequence[Any] | npt.NDArray[Any]) -> list[Any]:
    """Return a list of Python objects from a sequence, an array or a column of a data frame."""
    if isinstance(values, np.ndarray) and values.ndim != 1:
        raise StatError(f"{name} must be of shape (n,); got shape {values.shape}")
    as_list = getattr(values, "tolist", None)  # of numpy, and of a column of pandas
    return list(values) if as_list is None else list(as_list())
