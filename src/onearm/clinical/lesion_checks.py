"""Data findings in the lesions of one subject, as one evaluator recorded them.

Takes measurements, response rules and the reference date, gives findings. An
error is what leaves no honest answer: two readings of one cell, or a lesion
that is two things at once. All else is a warning, because responses are derived
from the lesions as they were declared. Sections are those of Eisenhauer 2009 (E09).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence

from onearm.clinical.lesions import (
    LYMPH_NODE,
    MEASURABLE_NODE_UM,
    MEASURABLE_UM,
    organ_of,
    um,
)
from onearm.clinical.records import Measurement, known_day
from onearm.clinical.visits import Visit, assemble_visits, choose_baseline
from onearm.errors import Finding, Place, Severity
from onearm.format import millimetres
from onearm.protocol.response import ResponseRules
from onearm.terms import BASELINE_VISITS, MICROMETRES_PER_MM, LesionState, LesionType

MEASURABLE_XRAY_UM = 20 * MICROMETRES_PER_MM
"""The same on a chest X-ray (E09 3.1.1)."""

THICK_SLICE_UM = 5 * MICROMETRES_PER_MM
"""Beyond this thickness a target must reach twice the slice (E09 appendix II)."""

_NUMBERED = re.compile(r"(\D*)(\d+)")
_SEEN_BUT_NOT_MEASURED = (
    LesionState.PRESENT,
    LesionState.EQUIVOCAL,
    LesionState.UNEQUIVOCAL_PROGRESSION,
)


def check_lesions(
    rows: Sequence[Measurement], rules: ResponseRules, reference: dt.date | None
) -> Iterator[Finding]:
    """Yield the findings in one evaluator's measurements of one subject.

    Parameters
    ----------
    rows
        The measurements, at least one.
    rules
        Options of response evaluation.
    reference
        Day from which responses are judged; without one the earliest visit
        is baseline.
    """
    for row in rows:
        yield from _check_cells(row, rules)
    visits = assemble_visits(rows, rules, reference)
    yield from _check_repeats(visits)
    yield from _check_lesion_identity(rows)
    yield from _check_order(visits, rules)
    chosen = choose_baseline(visits, reference)
    if chosen is None:
        first = min(rows, key=lambda row: row.date)
        message = f"no baseline by {first.evaluator}: the first assessment, on {first.date}, is"
        message += " after the reference date"
        place = Place(first.source.file, first.source.line, None, "date")
        yield Finding(
            "error", "missing-baseline", f"{message} {reference}", place, first.subject_id
        )
        return
    yield from _check_baseline(chosen.visit, visits, rules, reference)


def _check_repeats(visits: Sequence[Visit]) -> Iterator[Finding]:
    """Warn of a lesion that has two answers within one visit."""
    for visit in visits:
        first: dict[str, Measurement] = {}
        for row in visit.rows:
            known = first.setdefault(row.lesion_id, row)
            answers = (known.diameter_um, known.state), (row.diameter_um, row.state)
            if known.date != row.date and answers[0] != answers[1]:
                message = f"differs between {known.date} and {row.date}, one visit; the last counts"
                yield _finding("warning", "scanned-twice", message, row, "date")


def _finding(severity: Severity, code: str, message: str, row: Measurement, of: str) -> Finding:
    place = Place(row.source.file, row.source.line, None, of)
    return Finding(severity, code, f"lesion {row.lesion_id}: {message}", place, row.subject_id)


def _mm(length_um: int) -> str:
    return f"{millimetres(length_um)} mm"


def _check_cells(row: Measurement, rules: ResponseRules) -> Iterator[Finding]:
    """Check one row: state against diameter, and what only a target or a new node may be."""
    state, diameter = row.state, row.diameter_um
    if diameter is None:
        if state is LesionState.MEASURED:
            yield _not_measured(row)
        elif row.lesion_type is LesionType.TARGET and state in _SEEN_BUT_NOT_MEASURED:
            message = f"a target must be MEASURED with a diameter; {state} adds nothing to the sum"
            yield _finding("warning", "target-not-measured", message, row, "state")
    elif state is LesionState.NOT_DONE or (state is LesionState.ABSENT and diameter > 0):
        message = f"{state}, but with a diameter of {_mm(diameter)}; only one can be true"
        yield _finding("error", "state-and-diameter", message, row, "state")
    elif state is LesionState.TOO_SMALL:
        message = f"TOO SMALL, but with a diameter; {_mm(diameter)} is used"
        yield _finding("warning", "state-and-diameter", message, row, "state")
    elif row.is_nodal and row.lesion_type is LesionType.NEW:
        yield from _check_new_node(row, diameter, rules)


def _not_measured(row: Measurement) -> Finding:
    if row.is_nodal:
        what, code = "short axis", "node-without-short-axis"
    else:
        what, code = "diameter", "measured-without-diameter"
    severity: Severity = "error" if row.lesion_type is LesionType.TARGET else "warning"
    message = f"MEASURED, but without {what}; if it was not assessed, write NOT DONE"
    return _finding(severity, code, message, row, "diameter_mm")


def _check_new_node(row: Measurement, diameter: int, rules: ResponseRules) -> Iterator[Finding]:
    least = um(rules.new_node_min_mm)
    if diameter < least:
        message = f"a new node of {_mm(diameter)} is below {_mm(least)} and no new lesion"
        yield _finding("warning", "new-node-too-small", message, row, "diameter_mm")
    elif diameter < MEASURABLE_NODE_UM:
        message = f"a new node of {_mm(diameter)}, below {_mm(MEASURABLE_NODE_UM)}, may be doubtful"
        yield _finding("warning", "new-node-doubtful", message, row, "diameter_mm")


def _check_lesion_identity(rows: Sequence[Measurement]) -> Iterator[Finding]:
    """Compare each row with the lesion's first: type, organ, and whether it is a node."""
    first: dict[str, Measurement] = {}
    for row in rows:
        then = first.setdefault(row.lesion_id, row)
        if then is row:
            if organ_of(row) == LYMPH_NODE and not row.is_nodal:
                message = "in a lymph node, but not marked as one; its longest diameter counts"
                yield _finding("warning", "node-not-marked", message, row, "nodal")
            continue
        if row.lesion_type is not then.lesion_type:
            was = f"{row.lesion_type} here, {then.lesion_type} in line {then.source.line}"
            yield _finding("error", "lesion-changes-type", was, row, "lesion_type")
        if row.is_nodal is not then.is_nodal:
            is_node = "a node here, none" if row.is_nodal else "no node here, one"
            was = f"{is_node} in line {then.source.line}"
            yield _finding("error", "lesion-changes-nodality", was, row, "nodal")
        if row.organ is not then.organ and organ_of(row) != organ_of(then):  # most are one object
            was = f"organ {row.organ} here, {then.organ} in line {then.source.line}"
            yield _finding("warning", "lesion-changes-organ", was, row, "organ")


def _check_order(visits: Sequence[Visit], rules: ResponseRules) -> Iterator[Finding]:
    """Visit labels against dates; visits come ordered by their first scan."""
    latest: dict[str, tuple[int, Visit]] = {}
    for before, visit in zip((None, *visits), visits, strict=False):
        is_dated = (
            known_day(visit.first_date) is not None and known_day(visit.last_date) is not None
        )
        spread = (visit.last_date - visit.first_date).days if is_dated else 0
        if spread > rules.visit_window_days:
            message = f"its scans are {spread} days apart, from {visit.first_date} to"
            yield _of_visit("visit-spread", f"{message} {visit.last_date}", visit)
        if before is not None and before.last_date >= visit.first_date:
            message = f"begins on {visit.first_date}, before visit {before.label} ends on"
            yield _of_visit("visits-overlap", f"{message} {before.last_date}", visit)
        if before is not None and visit.label.upper() in BASELINE_VISITS:
            message = f"on {visit.first_date}, after visit {before.label} on {before.first_date}"
            if before.label.upper() not in BASELINE_VISITS:
                yield _of_visit("visit-order", message, visit)
        numbered = _NUMBERED.fullmatch(visit.label)
        if numbered is None:
            continue
        number = int(numbered[2])
        most, other = latest.get(numbered[1], (number, visit))
        if number < most:
            message = f"on {visit.first_date}, after visit {other.label} on {other.first_date}"
            yield _of_visit("visit-order", message, visit)
        else:
            latest[numbered[1]] = (number, visit)


def _of_visit(code: str, message: str, visit: Visit) -> Finding:
    row = visit.rows[0]
    place = Place(row.source.file, row.source.line, None, "visit")
    return Finding("warning", code, f"visit {visit.label}: {message}", place, row.subject_id)


def _check_baseline(
    baseline: Visit, visits: Sequence[Visit], rules: ResponseRules, reference: dt.date | None
) -> Iterator[Finding]:
    """Check the baseline: how old it is, what was declared there, and what never was."""
    first = known_day(baseline.first_date)
    age = (reference - first).days if reference and first else 0
    if age > rules.baseline_window_days:
        message = f"baseline is {age} days before the reference date {reference}; at most"
        yield _of_visit("baseline-too-old", f"{message} {rules.baseline_window_days}", baseline)
    targets = [row for row in baseline.rows if row.lesion_type is LesionType.TARGET]
    yield from _check_number_of_targets(targets, rules)
    for row in targets:
        yield from _check_target(row, rules)
    seen = {row.lesion_id for row in targets}
    for visit in visits:
        is_later = visit.first_date > baseline.last_date
        for row in visit.rows:
            if row.lesion_type is LesionType.NEW:
                if not is_later and row.state is not LesionState.ABSENT:
                    message = f"NEW at the baseline visit {visit.label} or before it"
                    yield _finding("error", "new-at-baseline", message, row, "lesion_type")
            elif is_later and row.lesion_type is LesionType.TARGET and row.lesion_id not in seen:
                seen.add(row.lesion_id)
                if row.parent_id is None:
                    message = f"a target without a row at the baseline visit {baseline.label}"
                    yield _finding("error", "target-without-baseline", message, row, "lesion_id")


def _check_number_of_targets(
    targets: Sequence[Measurement], rules: ResponseRules
) -> Iterator[Finding]:
    """At most five targets and two an organ; all nodes are one organ (E09 3.2)."""
    organs: dict[str, set[str]] = {}
    lesions: set[str] = set()
    for row in targets:
        if row.parent_id is not None:
            continue
        lesions.add(row.lesion_id)
        organ = LYMPH_NODE if row.is_nodal else organ_of(row)
        organs.setdefault(organ, set()).add(row.lesion_id)
    if len(lesions) > rules.max_targets:
        message = f"one of {len(lesions)} targets; at most {rules.max_targets}, all are used"
        yield _finding("warning", "too-many-targets", message, targets[-1], "lesion_type")
    for organ, inside in organs.items():
        if organ and len(inside) > rules.max_per_organ:
            last = next(row for row in reversed(targets) if row.lesion_id in inside)
            message = f"one of {len(inside)} targets in {organ}; at most {rules.max_per_organ}"
            yield _finding(
                "warning", "too-many-in-organ", f"{message}, all are used", last, "organ"
            )


def _check_target(row: Measurement, rules: ResponseRules) -> Iterator[Finding]:
    """Check one target: measured, measurable, and not treated locally without progress."""
    if row.state is LesionState.NOT_DONE:
        message = "a target that was NOT DONE at baseline; its sum can never be compared"
        yield _finding("error", "target-without-baseline", message, row, "state")
    least = _least_measurable(row, rules)
    if row.diameter_um is not None and row.diameter_um < least:
        what = "short axis" if row.is_nodal else "diameter"
        message = f"a target with a {what} of {_mm(row.diameter_um)} at baseline; at least"
        yield _finding("warning", "not-measurable", f"{message} {_mm(least)}", row, "diameter_mm")
    if row.prior_local_therapy and not row.progressed_since:
        message = "a target after local therapy; progression since then must be recorded"
        yield _finding("warning", "local-therapy", message, row, "progressed_since")


def _least_measurable(row: Measurement, rules: ResponseRules) -> int:
    """Return the least size of a target in micrometres (E09 3.1.1, appendix II)."""
    slice_um = row.slice_um or 0
    twice = 2 * slice_um if slice_um > THICK_SLICE_UM else 0
    if row.is_nodal:
        return max(MEASURABLE_NODE_UM, twice if rules.slice_rule_nodes else 0)
    is_xray = row.method is not None and row.method.upper().replace("-", "") in ("XRAY", "X RAY")
    return max(MEASURABLE_XRAY_UM if is_xray else MEASURABLE_UM, twice)
