"""Patients in a shorthand that fits a line: the lesions of each scan, by day.

A patient is ``{0: "T 50, N +", 42: "T 30, N +, L 12"}``: day 0 is baseline and
the day of the first dose, so that a day is a wait from it. A lesion is a name
and what was seen. The first letter of the name is its kind: ``T`` target,
``N`` non-target, ``L`` new; ``G`` in second place is a node (``TG``, ``NG``,
``LG``).

====================  =====================================================
seen                  meaning
====================  =====================================================
``30`` ``9.8``        measured, in mm
``gone``              absent
``small``             present, too small to measure
``nd``                not done
``+``                 present
``++`` ``33++``       unequivocal progression (with its size)
``?`` ``6?``          equivocal (with its size)
``split`` ``merged``  split (see the fragments), merged into another lesion
====================  =====================================================

After that ``@PET`` is the method, ``/lung`` the organ, ``<T`` the parent of a
fragment. A key of the dict is a day, or ``"42 W06"`` for a scan of the visit
``W06``; ``"42 -"`` is a scan without label.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from onearm.clinical.best import Circumstances, best_response
from onearm.clinical.records import Measurement, RecordedResponse, Source
from onearm.clinical.timepoints import assess_subject
from onearm.protocol.response import ResponseRules
from onearm.terms import IResponse, LesionState, LesionType, Response

FIRST_DOSE = dt.date(2026, 1, 8)
KINDS = {"T": LesionType.TARGET, "N": LesionType.NON_TARGET, "L": LesionType.NEW}
WORDS = {
    "gone": LesionState.ABSENT,
    "small": LesionState.TOO_SMALL,
    "nd": LesionState.NOT_DONE,
    "+": LesionState.PRESENT,
    "split": LesionState.SPLIT,
    "merged": LesionState.MERGED,
}
MARKS = {
    "": LesionState.MEASURED,
    "++": LesionState.UNEQUIVOCAL_PROGRESSION,
    "?": LesionState.EQUIVOCAL,
}
LESION = re.compile(
    r"(?P<name>[TNL]G?\w*) (?P<seen>gone|small|nd|\+|split|merged|[\d.]*(?:\+\+|\?)?)"
    r"(?:@(?P<method>[\w/-]+))?(?:/(?P<organ>\w+))?(?:<(?P<parent>\w+))?"
)


def day(number):
    """Return the date that lies so many days after the first dose."""
    return FIRST_DOSE + dt.timedelta(days=number)


def rows_of(scans, *, evaluator="INVESTIGATOR", subject_id="S01", first_line=2):
    """Return the measurements of a patient in shorthand, in the order of the scans."""
    rows = []
    for key, lesions in scans.items():
        number, _, label = str(key).partition(" ")
        visit = None if label == "-" else label or f"day {number}"
        for text in filter(None, lesions.split(", ")):
            line = first_line + len(rows)
            rows.append(_row(text, day(int(number)), visit, evaluator, subject_id, line))
    return rows


def _row(text, date, visit, evaluator, subject_id, line):
    found = LESION.fullmatch(text)
    assert found, f"not a lesion in shorthand: {text!r}"
    name, seen = found["name"], found["seen"]
    size = None if seen in WORDS else seen.rstrip("+?")
    return Measurement(
        subject_id=subject_id,
        visit=visit,
        date=date,
        lesion_id=name,
        lesion_type=KINDS[name[0]],
        organ=found["organ"],
        is_nodal=name[1:2] == "G",
        diameter_um=int(Decimal(size) * 1000) if size else None,
        state=WORDS.get(seen) or MARKS[seen[len(size or "") :]],
        evaluator=evaluator,
        method=found["method"],
        parent_id=found["parent"],
        source=Source("lesions.csv", (subject_id, name, str(date)), line),
    )


def respond(scans, rules=None, *, reference_date=FIRST_DOSE):
    """Return the time points of a patient in shorthand."""
    options = ResponseRules.model_validate(rules or {})
    return respond_to(rows_of(scans), options, reference_date)


def respond_to(rows, rules, reference_date=FIRST_DOSE):
    """Return the time points of measurements, which must have a baseline."""
    points, findings = assess_subject(rows, rules, reference_date)
    assert not [finding for finding in findings if finding.severity == "error"]
    return points


def points_of(sequence, *, as_irecist=False):
    """Return recorded responses of ``"42 PR, 84 SD"``: a day and a response each."""
    points = []
    for line, text in enumerate(filter(None, sequence.split(", ")), start=2):
        number, response = text.split()
        answer = (
            {"irecist": IResponse(response), "overall": None}
            if as_irecist
            else {"overall": Response(response)}
        )
        source = Source("responses.csv", ("S01", number), line)
        points.append(
            RecordedResponse(subject_id="S01", date=day(int(number)), source=source, **answer)
        )
    return points


def best_of(sequence, rules=None, *, as_irecist=False, reference_day=0, **about):
    """Return the best response of ``"42 PR, 84 SD"``.

    Further arguments are days: ``new_therapy``, ``death``, ``cutoff``; and
    ``assess_every_days``. ``reference_day=None``: no reference date is known.
    """
    circumstances = Circumstances(
        None if reference_day is None else day(reference_day),
        *(day(about[name]) if name in about else None for name in ("new_therapy", "death")),
        day(about["cutoff"]) if "cutoff" in about else None,
        about.get("assess_every_days"),
    )
    options = ResponseRules.model_validate(rules or {})
    points = points_of(sequence, as_irecist=as_irecist)
    return best_response("S01", "INVESTIGATOR", points, options, circumstances)


def after(date):
    """Return how many days after the first dose a date lies; None without one."""
    return None if date is None else (date - FIRST_DOSE).days
