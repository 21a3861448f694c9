"""Lesions: which were declared, what each adds to the sum, which are new.

Takes one subject's time points by one evaluator. Lengths are integer
micrometres. Sections are those of Eisenhauer 2009 (E09). Knows no response.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from onearm.clinical.records import Measurement
from onearm.clinical.visits import Visit
from onearm.protocol.response import ResponseRules
from onearm.terms import MICROMETRES_PER_MM, PAIRED_ORGANS, LesionState, LesionType

MEASURABLE_UM = 10 * MICROMETRES_PER_MM
"""Least longest diameter of a target (E09 3.1.1)."""

MEASURABLE_NODE_UM = 15 * MICROMETRES_PER_MM
"""Least short axis of a nodal target (E09 3.1.1); also where a new node is beyond doubt."""

LYMPH_NODE = "LYMPH NODE"
"""The one organ that all nodes count as."""


class Limits:
    """The thresholds of the rules as integers, so that comparisons are exact."""

    def __init__(self, rules: ResponseRules) -> None:
        self.rules = rules
        self.pr_num, self.pr_den = (1 - rules.pr_rel).as_integer_ratio()
        self.pd_num, self.pd_den = (1 + rules.pd_rel).as_integer_ratio()
        self.pd_abs_um = um(rules.pd_abs_mm)
        self.tstm_um = um(rules.tstm_mm)
        self.new_node_min_um = um(rules.new_node_min_mm)
        self.cap_um = None if rules.partial_cap_mm is None else um(rules.partial_cap_mm)

    def is_progression(self, total_um: int, nadir_um: int) -> bool:
        """PD: sum >= 1.2 nadir and sum - nadir >= 5 mm, both inclusive (E09 4.3.1)."""
        relative = total_um * self.pd_den >= nadir_um * self.pd_num
        return relative and total_um - nadir_um >= self.pd_abs_um

    def is_partial_response(self, total_um: int, baseline_um: int) -> bool:
        """PR: sum <= 0.7 baseline sum, inclusive (E09 4.3.1)."""
        return total_um * self.pr_den <= baseline_um * self.pr_num


def um(length_mm: Decimal) -> int:
    """Return millimetres as whole micrometres."""
    return int(length_mm * MICROMETRES_PER_MM)


def organ_of(row: Measurement) -> str:
    """Return the organ as the limit of targets an organ counts it; "" if not given."""
    organ = (row.organ or "").upper()
    return PAIRED_ORGANS.get(organ, organ)


@dataclass(frozen=True, slots=True)
class Declared:
    """The lesions of one subject as declared: what each later time point must assess."""

    targets: dict[str, bool]  # lesion -> is it a node
    non_targets: dict[str, bool]
    known: frozenset[str]
    fragments: dict[str, dict[str, dt.date]]  # split target -> its fragments, first seen
    has_baseline_pet: bool
    baseline: Visit
    values: dict[str, int | None]  # baseline value of each target
    baseline_sum_um: int | None  # None without targets, or with one not measured


def declare(baseline: Visit, visits: Sequence[Visit], limits: Limits) -> Declared:
    """Read off which lesions are targets and non-targets (E09 3.2, 4.2).

    A row with a parent, not seen at baseline, is a fragment of that lesion.
    """
    targets: dict[str, bool] = {}
    non_targets: dict[str, bool] = {}
    fragments: dict[str, dict[str, dt.date]] = {}
    known = frozenset(row.lesion_id for row in baseline.rows)
    for visit in visits:
        for row in visit.rows:
            if row.parent_id is not None and row.lesion_id not in known:
                if row.parent_id in targets:
                    seen = fragments.setdefault(row.parent_id, {})
                    seen.setdefault(row.lesion_id, visit.first_date)
            elif row.lesion_type is not LesionType.NEW:
                kind = targets if row.lesion_type is LesionType.TARGET else non_targets
                kind.setdefault(row.lesion_id, row.is_nodal)
    has_pet = any(_is_pet(row) for row in baseline.rows)
    values = target_values(baseline, targets, {}, limits)
    return Declared(
        targets, non_targets, known, fragments, has_pet, baseline, values, total(values)
    )


def _is_pet(row: Measurement) -> bool:
    return row.method is not None and "PET" in row.method.upper() and "CT" not in row.method.upper()


def total(values: dict[str, int | None]) -> int | None:
    """Return the sum, None without a lesion or with one not assessed."""
    so_far = 0
    for value in values.values():
        if value is None:
            return None
        so_far += value
    return so_far if values else None


def target_values(
    visit: Visit,
    targets: dict[str, bool],
    fragments: dict[str, dict[str, dt.date]],
    limits: Limits,
) -> dict[str, int | None]:
    """Return what each target adds to the sum, None where it was not assessed (E09 4.3.2).

    Fragments of a split lesion add to their parent, each one seen so far; a
    parent recorded as SPLIT with a diameter is that sum already. A lesion
    merged into another one adds nothing, because the mass is measured there.
    """
    values: dict[str, int | None] = dict.fromkeys(targets)
    for row in visit.rows:
        if row.lesion_id in values:
            value = value_of(row, limits)
            if value is not None:
                values[row.lesion_id] = value
    if fragments:
        for parent, seen in fragments.items():
            _add_fragments(values, parent, seen, visit, limits)
    return values


def _add_fragments(
    values: dict[str, int | None],
    parent: str,
    seen: dict[str, dt.date],
    visit: Visit,
    limits: Limits,
) -> None:
    rows = {row.lesion_id: row for row in visit.rows}
    own = rows.get(parent)
    expected = [name for name, first in seen.items() if first <= visit.first_date]
    is_whole = own is not None and own.diameter_um is not None
    if not expected or (is_whole and own is not None and own.state is LesionState.SPLIT):
        return
    parts = [value_of(rows[name], limits) if name in rows else None for name in expected]
    if is_whole and not any(name in rows for name in expected):
        return  # one lesion again
    measured = [part for part in parts if part is not None]
    if len(measured) < len(parts):
        values[parent] = None
    else:
        rest = values[parent] if own is not None and own.state is not LesionState.SPLIT else 0
        values[parent] = sum(measured) + (rest or 0)


def value_of(row: Measurement, limits: Limits) -> int | None:
    """Return the size of a lesion, 0 when it is gone, None when it was not measured."""
    if row.state is LesionState.NOT_DONE:
        return None
    if row.diameter_um is not None:
        return row.diameter_um
    if row.state is LesionState.TOO_SMALL:
        return limits.tstm_um
    if row.state is LesionState.ABSENT or row.state is LesionState.MERGED:
        return 0
    return None


def shows_lesion(row: Measurement, declared: Declared, limits: Limits) -> bool:
    """Return whether a row shows a new lesion: not a fragment, not a node below the limit."""
    if row.parent_id in declared.known or row.state in (LesionState.ABSENT, LesionState.NOT_DONE):
        return False
    size = value_of(row, limits)
    least = limits.new_node_min_um if row.is_nodal else 1  # 0 mm is no lesion
    return size is None or size >= least


def is_certain(row: Measurement, declared: Declared) -> bool:
    """Return whether a new lesion is beyond doubt at this scan."""
    if row.state is LesionState.EQUIVOCAL:
        return False
    return declared.has_baseline_pet or not _is_pet(row)


Spans = dict[str, list[tuple[dt.date, dt.date]]]
"""For each lesion the first doubtful and the confirming scan, once a chain of doubt."""


def backdated(visits: Sequence[Visit], declared: Declared, limits: Limits) -> Spans:
    """Return, for each lesion seen uncertainly and then confirmed, from when to when.

    A lesion that resolves in between, or is doubtful again later, starts anew
    (E09 4.3.5, 4.4.4). Without the option ``equivocal_backdate`` only findings
    on FDG-PET are dated back, to the first abnormal PET.
    """
    first: dict[str, dt.date] = {}
    spans: Spans = {}
    for visit in visits:
        for row in visit.rows:
            name = row.lesion_id
            if row.state is LesionState.NOT_DONE:
                continue
            if _is_uncertain(row, declared, limits):
                first.setdefault(name, visit.first_date)
            elif name in first:
                since = first.pop(name)
                if _confirms(row, declared, limits):
                    spans.setdefault(name, []).append((since, visit.first_date))
    return spans


def is_backdated(name: str, visit: Visit, spans: Spans) -> bool:
    """Return whether a doubtful lesion was confirmed later, this time point being in between."""
    return any(since <= visit.first_date <= until for since, until in spans.get(name, ()))


def _is_uncertain(row: Measurement, declared: Declared, limits: Limits) -> bool:
    if row.state is LesionState.EQUIVOCAL:
        is_lesion = row.lesion_type is not LesionType.NEW or shows_lesion(row, declared, limits)
        return limits.rules.equivocal_backdate and is_lesion
    is_new = row.lesion_type is LesionType.NEW and shows_lesion(row, declared, limits)
    return is_new and not is_certain(row, declared)


def _confirms(row: Measurement, declared: Declared, limits: Limits) -> bool:
    if row.lesion_type is LesionType.NEW:
        return shows_lesion(row, declared, limits) and row.state is not LesionState.EQUIVOCAL
    return row.state is LesionState.UNEQUIVOCAL_PROGRESSION
