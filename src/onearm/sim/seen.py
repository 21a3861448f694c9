"""What the scans of many patients showed, and what was derived of it, as arrays.

The axes are time points, lesions, patients, in this order, so that one time
point of all patients lies together. Lengths are integer micrometres, days
whole days since the reference date (the first dose), responses small integers:
0 where there is none. Knows no rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from onearm.terms import IResponse, Response

Ints = npt.NDArray[np.signedinteger[Any]]
Codes = npt.NDArray[np.int8]
Bools = npt.NDArray[np.bool_]

NONE = 0
CR, PR, SD, NON_CR_NON_PD, NED, PD, NE, MISSING, CONFIRMED_PD = range(1, 10)
RESPONSES = (
    None,
    Response.CR,
    Response.PR,
    Response.SD,
    Response.NON_CR_NON_PD,
    Response.NED,
    Response.PD,
    Response.NE,
    Response.MISSING,
)
IRESPONSES = (
    None,
    IResponse.ICR,
    IResponse.IPR,
    IResponse.ISD,
    IResponse.NON_ICR_NON_IUPD,
    IResponse.NED,
    IResponse.IUPD,
    IResponse.NE,
    None,
    IResponse.ICPD,
)
"""The word of each code: iRECIST has the codes of RECIST, and one of its own for iCPD."""

NOT_SEEN = -1
"""Size of a lesion that was not assessed; 0 is a lesion that is gone."""
NEVER = 2**30
"""Day of what did not happen."""

WORSE, PERSISTS, UNSEEN, WORSE_NOW = 1, 2, 4, 8
"""Bits of a non-target time point: progressed, still there, not all seen, recorded worse now."""
MARKERS_UNKNOWN, MARKERS_NORMAL, MARKERS_HIGH = range(3)


@dataclass(frozen=True, slots=True)
class NewLesions:
    """New lesions one by one, as iRECIST follows them; shape (visits, lesions, patients).

    ``um`` is -1 where a lesion has no size; ``organ`` a number, 0 if not known.
    """

    um: Ints
    is_shown: Bools  # beyond doubt at this time point
    is_absent: Bools
    is_worse: Bools
    organ: Ints  # (lesions, patients)
    is_node: Bools  # (lesions, patients)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of each patient at each time point after baseline, in order of days.

    ``day`` is 0 where there is no time point; days of one patient increase.
    A lesion that a patient does not have is seen as gone, with a baseline of 0.
    The arithmetic is done in the type of ``target_um``, which must hold a sum
    times the largest denominator of the rules.
    """

    day: Ints  # (visits, patients)
    target_um: Ints  # (visits, lesions, patients)
    baseline_um: Ints  # (lesions, patients)
    has_target: Bools  # (lesions, patients)
    is_node: Bools  # (lesions, patients)
    non_target: Codes  # (visits, patients), bits
    has_non_target: Bools  # (patients,)
    new_lesion: Bools  # (visits, patients): one beyond doubt at this time point
    markers: Codes | None = None  # (visits, patients)
    pd_day: Ints | None = None  # (4, visits, patients): see `kernel`; None: the day
    last_day: Ints | None = None  # (visits, patients): last scan; None: the day
    non_target_um: Ints | None = None  # (visits, lesions, patients)
    new: NewLesions | None = None


@dataclass(frozen=True, slots=True)
class TimePoints:
    """The responses of each patient at each time point; shape (visits, patients).

    ``sum_um`` and ``nadir_um`` are -1 where there is none. ``irecist`` is None
    when it was not asked for.
    """

    day: Ints
    sum_um: Ints
    nadir_um: Ints
    target: Codes
    non_target: Codes
    new_lesion: Bools
    overall: Codes
    irecist: Codes | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What else happened to each patient; shape (patients,), days, NEVER if it did not.

    ``last_contact`` is 0 without one; ``cutoff`` the last day that counts.
    """

    death: Ints
    new_therapy: Ints
    clinical_progression: Ints
    discontinuation: Ints
    last_contact: Ints
    cutoff: Ints
    has_baseline: Bools
