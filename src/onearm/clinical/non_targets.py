"""The non-target response of one time point (E09 4.3.3, 4.3.4).

Takes the rows of a time point and the course so far, gives the response with
its sentence. Markers alone never make progression.
"""

from __future__ import annotations

from onearm.clinical.course import NODE_NORMAL_BELOW_UM, Category, Course, names
from onearm.clinical.lesions import Declared, Limits, is_backdated, value_of
from onearm.clinical.records import Measurement
from onearm.clinical.visits import Visit, is_assessed
from onearm.terms import LesionState, Response

CR, PD, NE, NON_CR_NON_PD = Response.CR, Response.PD, Response.NE, Response.NON_CR_NON_PD


def assess_non_targets(
    visit: Visit,
    declared: Declared,
    course: Course,
    limits: Limits,
    markers_normal: bool | None,
) -> Category | None:
    """Return the non-target response, None without non-targets (E09 4.3.3, 4.3.4).

    PD when one progresses unequivocally, or reappears after CR; NE when one was
    not assessed; CR when all are gone, nodes below 10 mm, and markers normal;
    else NON-CR/NON-PD.
    """
    if not declared.non_targets:
        return None
    rows = {row.lesion_id: row for row in visit.rows if row.lesion_id in declared.non_targets}
    worse = [name for name, row in rows.items() if has_progressed(row, visit, course)]
    if worse:
        return Category(PD, f"unequivocal progression of {names(worse)}")
    n = len(declared.non_targets)
    persisting = [
        name for name, row in rows.items() if is_assessed(row) and not is_gone(row, limits)
    ]
    if persisting and course.had_overall_cr and limits.rules.reappear_after_cr == "pd":
        return Category(PD, f"non-target {names(persisting)} reappeared after CR")
    missing = [
        name for name in declared.non_targets if name not in rows or not is_assessed(rows[name])
    ]
    if missing:
        which = f"{len(missing)} of {n} not assessed ({names(missing)})"
        return Category(NE, which)
    if persisting:
        return Category(NON_CR_NON_PD, f"{len(persisting)} of {n} persist ({names(persisting)})")
    required = limits.rules.markers_required
    is_unknown = required == "always" and markers_normal is None
    if required != "never" and (markers_normal is False or is_unknown):
        return Category(NON_CR_NON_PD, f"all {n} gone, but tumour markers are not shown normal")
    return Category(CR, f"all {n} gone")


def has_progressed(row: Measurement, visit: Visit, course: Course) -> bool:
    """Return whether a non-target is worse beyond doubt, now or as confirmed later."""
    if row.state is LesionState.UNEQUIVOCAL_PROGRESSION:
        return True
    doubtful = row.state is LesionState.EQUIVOCAL
    return doubtful and is_backdated(row.lesion_id, visit, course.backdated)


def is_gone(row: Measurement, limits: Limits) -> bool:
    """Return whether a non-target is absent, merged, or a node below 10 mm."""
    if row.state is LesionState.ABSENT or row.state is LesionState.MERGED:
        return True
    size = value_of(row, limits)
    least = NODE_NORMAL_BELOW_UM if row.is_nodal else 1
    return size is not None and size < least
