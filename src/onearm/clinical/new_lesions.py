"""New lesions as iRECIST follows them: a sum of their own, apart from the baseline sum.

A new lesion that would be measurable at its first sight (10 mm, a node 15 mm)
is a new target, up to five in all and two an organ; the others are new
non-targets, of which any increase counts. Lengths are integer micrometres.

Source: Seymour 2017, assessment of new lesions. Knows no response.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from onearm.clinical.lesions import (
    LYMPH_NODE,
    MEASURABLE_NODE_UM,
    MEASURABLE_UM,
    Limits,
    organ_of,
)
from onearm.clinical.recist import Assessment
from onearm.clinical.records import Measurement
from onearm.terms import LesionState


@dataclass(frozen=True, slots=True)
class NewSizes:
    """The new lesions at one time point; ``organs`` gives the organ of each new target."""

    added: tuple[str, ...] = ()  # seen for the first time
    standing: int = 0  # known and not shown to be gone
    worse: str | None = None  # one seen before that is recorded as unequivocal progression
    sum_um: int | None = None  # of the new targets; None when one was not measured
    other_um: Mapping[str, int] = field(default_factory=dict)  # measured new non-targets
    organs: Mapping[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()

    def grown_since(self, then: NewSizes) -> str | None:
        """Return a new non-target that measures more than it did then."""
        for name, size in self.other_um.items():
            if name in then.other_um and size > then.other_um[name]:
                return name
        return None


class NewLesions:
    """The new lesions of one subject up to now."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.organs: dict[str, str] = {}
        self.others: frozenset[str] = frozenset()
        self.nadir_um: int | None = None

    def at(self, seen: Assessment) -> NewSizes:
        """Return the new lesions of a time point; they are known once ``remember`` is called."""
        if not seen.has_new_lesion:
            return NewSizes()
        rows = {row.lesion_id: row for row in seen.new_lesions}
        every = {row.lesion_id: row for row in seen.visit.rows}
        organs, others = dict(self.organs), set(self.others)
        added = tuple(name for name in rows if name not in organs and name not in others)
        for name in added:
            organ = _organ(rows[name])
            if self._is_target(rows[name], organ, organs):
                organs[name] = organ
            else:
                others.add(name)
        known = [*organs, *others]
        sizes = [_size(every.get(name)) for name in organs]
        return NewSizes(
            added,
            sum(not _is_absent(every.get(name)) for name in known),
            next((n for n, row in rows.items() if n not in added and _is_worse(row)), None),
            None if not sizes or None in sizes else sum(size or 0 for size in sizes),
            {n: size for n in others if (size := _size(every.get(n))) is not None},
            organs,
            frozenset(others),
        )

    def _is_target(self, row: Measurement, organ: str, organs: Mapping[str, str]) -> bool:
        rules, least = self.limits.rules, MEASURABLE_NODE_UM if row.is_nodal else MEASURABLE_UM
        return (
            row.diameter_um is not None
            and row.diameter_um >= least
            and len(organs) < rules.max_targets
            and (not organ or list(organs.values()).count(organ) < rules.max_per_organ)
        )

    def remember(self, new: NewSizes) -> None:
        """Take the lesions of a time point as known, and their sum into the nadir."""
        self.organs, self.others = dict(new.organs) or self.organs, new.others or self.others
        if new.sum_um is not None:
            low = (
                new.sum_um if self.nadir_um is None or new.added else min(new.sum_um, self.nadir_um)
            )
            self.nadir_um = low

    def has_grown_over_nadir(self, new: NewSizes) -> bool:
        """Whether the sum of the new targets meets the criteria of PD over its own nadir."""
        if new.sum_um is None or self.nadir_um is None:
            return False
        return self.limits.is_progression(new.sum_um, self.nadir_um)


def _organ(row: Measurement) -> str:
    return LYMPH_NODE if row.is_nodal else organ_of(row)


def _is_absent(row: Measurement | None) -> bool:
    return row is not None and row.state is LesionState.ABSENT


def _is_worse(row: Measurement) -> bool:
    return row.state is LesionState.UNEQUIVOCAL_PROGRESSION


def _size(row: Measurement | None) -> int | None:
    if row is None:
        return None
    return 0 if row.state is LesionState.ABSENT else row.diameter_um
