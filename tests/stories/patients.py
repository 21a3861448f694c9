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
from functools import cache
from pathlib import Path

from onearm.clinical.best import Circumstances, best_response
from onearm.clinical.records import (
    Disposition,
    Dose,
    FollowUp,
    Measurement,
    NewTherapy,
    RecordedResponse,
    Source,
    Subject,
    SubjectRecords,
)
from onearm.clinical.subject import derive_subject
from onearm.clinical.timepoints import assess_subject
from onearm.io.yaml import read_yaml
from onearm.protocol.parse import parse_protocol
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
    """Return recorded responses of ``"42 PR, 84 SD"``: a day and a response each.

    ``"84 PD/iUPD"`` gives both; with ``as_irecist`` the one is that of iRECIST.
    """
    points = []
    for line, text in enumerate(filter(None, sequence.split(", ")), start=2):
        number, response = text.split()
        recist, _, irecist = response.rpartition("/") if "/i" in response else (response, "", "")
        if as_irecist:
            recist, irecist = "", response
        answer = {
            "overall": Response(recist) if recist else None,
            "irecist": IResponse(irecist) if irecist else None,
        }
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


@cache
def shipped_protocol():
    """Return the protocol of the shipped study: scans every 42 days, 7 more or less."""
    root = Path(__file__).parents[2]
    return parse_protocol(read_yaml(root / "studies" / "tqb2450-ib-02" / "protocol.yaml"))


def protocol_with(*, preset="paper", source="recorded", rules=None):
    """Return the shipped protocol with other rules and another censoring of PFS."""
    protocol = shipped_protocol()
    plan = protocol.response
    options = {name: getattr(plan, name) for name in type(plan).model_fields}
    options |= ResponseRules().model_dump() | (rules or {}) | {"primary_source": source}
    options["assess_every"] = f"{options.pop('assess_every_days')} days"
    options["assess_window"] = f"{options.pop('assess_window_days')} days"
    endpoints = protocol.endpoints
    changed = {
        part: tuple(
            type(e).model_validate(e.model_dump() | {"censoring": preset})
            if e.id in ("pfs", "ipfs")
            else e
            for e in getattr(endpoints, part)
        )
        for part in ("primary", "secondary", "exploratory")
    }
    return protocol.model_copy(
        update={
            "response": type(plan).model_validate(options),
            "endpoints": endpoints.model_copy(update=changed),
            "study": protocol.study.model_copy(update={"data_cutoff": None}),
        }
    )


def derive(responses="", *, scans=None, preset="paper", rules=None, **facts):
    """Return all answers about a patient with recorded responses, or with scans.

    Facts are days: ``death``, ``new_therapy`` (a day, or a day and a kind),
    ``alive`` (last contact), ``lost``, ``stop`` (a day and a reason),
    ``enrolled``; ``treated=False`` is a patient without a dose.
    """
    protocol = protocol_with(
        preset=preset, source="derived" if scans is not None else "recorded", rules=rules
    )
    return derive_subject(records_of(responses, scans, **facts), protocol)


def records_of(responses="", scans=None, *, treated=True, **facts):
    """Return the records of a patient; see ``derive``."""
    follow_up = [
        FollowUp("S01", day(facts[key]), status, source=_source("follow_up", line))
        for line, (key, status) in enumerate(
            {"alive": "ALIVE", "lost": "LOST", "death": "DEAD"}.items(), start=2
        )
        if key in facts
    ]
    therapies = ()
    if "new_therapy" in facts:
        found = facts["new_therapy"]
        number, kind = found if isinstance(found, tuple) else (found, "SYSTEMIC")
        therapies = (NewTherapy("S01", day(number), kind, source=_source("new_therapies", 2)),)
    stops = ()
    if "stop" in facts:
        number, reason = facts["stop"]
        stops = (
            Disposition(
                "S01", "TREATMENT", "DISCONTINUED", day(number), reason, _source("disposition", 2)
            ),
        )
    subject = Subject(
        "S01",
        enrolment_date=day(facts["enrolled"]) if "enrolled" in facts else None,
        first_dose_date=FIRST_DOSE if treated else None,
        source=_source("subjects", 2),
    )
    doses = (Dose("S01", "ANLOTINIB", start_date=FIRST_DOSE, source=_source("doses", 2)),)
    return SubjectRecords(
        subject,
        lesions=tuple(rows_of(scans or {})),
        responses=tuple(points_of(responses)),
        doses=doses if treated else (),
        follow_up=tuple(follow_up),
        new_therapies=therapies,
        disposition=stops,
    )


def _source(table, line):
    return Source(f"{table}.csv", ("S01",), line)
