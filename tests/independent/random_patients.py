"""Random patients, many of them on a threshold: lesions of a few scans, by seed.

A patient is a list of scans; the first is baseline, on the day of the first
dose. A scan is a day and what was seen of each lesion. Sizes are exact
fractions of a millimetre with at most three decimals.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

from onearm.clinical.records import Measurement, Source
from onearm.terms import LesionState, LesionType

FIRST_DOSE = dt.date(2026, 1, 8)
GAPS = (14, 27, 28, 29, 41, 42, 42, 42, 43, 56, 57, 84)
FACTORS = ("0.5", "0.6", "0.699", "0.7", "0.7", "0.701", "0.9", "1", "1.1", "1.199", "1.2", "1.25")
TYPES = {"target": LesionType.TARGET, "non-target": LesionType.NON_TARGET, "new": LesionType.NEW}


@dataclass(frozen=True)
class Seen:
    """One lesion at one scan: ``state`` as in the lesions table, size in mm or None."""

    kind: str  # target, non-target, new
    is_node: bool
    state: str
    size: Fraction | None = None
    method: str | None = None
    parent: str | None = None


@dataclass
class Scan:
    """What was seen on one day, by lesion."""

    day: int
    lesions: dict[str, Seen] = field(default_factory=dict)


def measured(kind, is_node, size, **more):
    """Return a lesion with its size, to the micrometre; gone at 0."""
    exact = Fraction(round(max(Fraction(0), size) * 1000), 1000)
    return Seen(kind, is_node, "MEASURED" if exact else "ABSENT", exact or None, **more)


def random_patient(seed, *, with_splits=True):
    """Return the scans of a patient, baseline first."""
    rng = Random(seed)
    scans = [_baseline(rng)]
    split = None
    for _ in range(rng.randint(1, 7)):
        scan = Scan(scans[-1].day + rng.choice(GAPS))
        _see_targets(rng, scans, scan)
        if with_splits and split is None and rng.random() < 0.04:
            split = next((name for name, seen in scan.lesions.items() if _may_split(seen)), None)
        if split in scan.lesions and scan.lesions[split].kind == "target":
            _split(rng, scan, split)
        _see_non_targets(rng, scans, scan)
        _see_new_lesions(rng, scans, scan)
        if not scan.lesions:
            scan.lesions["P"] = Seen("new", False, "ABSENT")
        scans.append(scan)
    return scans


def _baseline(rng):
    scan = Scan(0)
    for i in range(rng.choice((0, 1, 1, 2, 2, 3, 5))):
        is_node = rng.random() < 0.3
        size = Fraction(rng.randint(30 if is_node else 20, 100), 2)
        scan.lesions[f"T{i}"] = measured("target", is_node, size)
        if rng.random() < 0.02:
            scan.lesions[f"T{i}"] = Seen("target", is_node, "NOT DONE")
    for i in range(rng.choice((0, 0, 1, 2))):
        is_node = rng.random() < 0.3
        size = Fraction(12) if is_node else None
        state = "MEASURED" if is_node else "PRESENT"
        scan.lesions[f"N{i}"] = Seen("non-target", is_node, state, size)
    if not scan.lesions or rng.random() < 0.3:
        scan.lesions["P"] = Seen("new", False, "ABSENT", method="FDG-PET")
    return scan


def _see_targets(rng, scans, scan):
    names = [name for name, seen in scans[0].lesions.items() if seen.kind == "target"]
    mood = rng.random()
    factor = Fraction(rng.choice(FACTORS))
    reference = scans[rng.randrange(len(scans))]
    for name in names:
        first = scans[0].lesions[name]
        before = reference.lesions.get(name)
        size = (before and before.size) or first.size or Fraction(10)
        if mood < 0.2:  # gone, or nearly so
            size = Fraction(rng.choice(("9.9", "10"))) if first.is_node else Fraction(0)
            if rng.random() < 0.2:
                size = Fraction(rng.choice(("3", "4.95", "5")))
        elif mood < 0.3:
            size += Fraction(rng.choice(("4.95", "4.999", "5"))) / len(names)
        else:
            size *= factor
        scan.lesions[name] = measured("target", first.is_node, size)
        chance = rng.random()
        if chance < 0.05:
            scan.lesions[name] = Seen("target", first.is_node, "NOT DONE")
        elif chance < 0.07:
            del scan.lesions[name]
        elif chance < 0.11:
            scan.lesions[name] = Seen("target", first.is_node, "TOO SMALL")
        elif chance < 0.12:
            scan.lesions[name] = Seen("target", first.is_node, "MERGED")


def _may_split(seen):
    return seen.kind == "target" and not seen.is_node and seen.size is not None


def _split(rng, scan, name):
    half = (scan.lesions[name].size or Fraction(10)) / 2
    scan.lesions[name] = Seen("target", False, "SPLIT")
    for part in ("A", "B"):
        fragment = measured("target", False, half + 1, parent=name)
        chance = rng.random()
        if chance < 0.05:
            fragment = Seen("target", False, "NOT DONE", parent=name)
        scan.lesions[f"{name}{part}"] = fragment


def _see_non_targets(rng, scans, scan):
    for name, first in scans[0].lesions.items():
        if first.kind != "non-target":
            continue
        words = ["PRESENT"] * 6 + ["ABSENT"] * 5 + ["NOT DONE", "EQUIVOCAL"]
        if rng.random() < 0.15:
            words = ["UNEQUIVOCAL PROGRESSION", "EQUIVOCAL"]
        state, size = rng.choice(words), None
        if first.is_node and state in ("PRESENT", "ABSENT"):
            state, size = "MEASURED", Fraction(rng.choice(("8", "9.9", "10", "12")))
        scan.lesions[name] = Seen("non-target", first.is_node, state, size)
        if rng.random() < 0.02:
            del scan.lesions[name]


def _see_new_lesions(rng, scans, scan):
    known = {
        name: seen for s in scans[1:] for name, seen in s.lesions.items() if seen.kind == "new"
    }
    for name, before in known.items():
        chance = rng.random()
        if chance < 0.1:
            continue
        if chance < 0.2:
            seen = Seen("new", before.is_node, "NOT DONE")
        elif chance < 0.4:
            seen = Seen("new", before.is_node, "ABSENT")
        elif chance < 0.6:
            seen = Seen("new", before.is_node, "EQUIVOCAL", before.size)
        else:
            growth = Fraction(rng.choice(("-3", "0", "0", "2", "4.9", "5")))
            seen = measured("new", before.is_node, (before.size or Fraction(8)) + growth)
        scan.lesions[name] = seen
    if rng.random() < 0.12:
        is_node = rng.random() < 0.3
        size = Fraction(rng.choice(("6", "9.9", "10", "12", "15", "30")))
        method = "FDG-PET" if rng.random() < 0.25 else None
        state = "EQUIVOCAL" if rng.random() < 0.4 else "MEASURED"
        scan.lesions[f"L{len(scans)}"] = Seen("new", is_node, state, size, method)


def rows_of(scans, *, subject_id="S01", evaluator="INVESTIGATOR", scale=1):
    """Return a patient's scans as rows of the lesions table; ``scale`` multiplies all sizes."""
    rows = []
    for scan in scans:
        date = FIRST_DOSE + dt.timedelta(days=scan.day)
        for name, seen in scan.lesions.items():
            size = None if seen.size is None else seen.size * 1000 * scale
            assert size is None or size.denominator == 1
            rows.append(
                Measurement(
                    subject_id=subject_id,
                    visit=f"day {scan.day}",
                    date=date,
                    lesion_id=name,
                    lesion_type=TYPES[seen.kind],
                    is_nodal=seen.is_node,
                    diameter_um=None if size is None else int(size),
                    state=LesionState(seen.state),
                    evaluator=evaluator,
                    method=seen.method,
                    parent_id=seen.parent,
                    source=Source("lesions.csv", (subject_id, name), 2 + len(rows)),
                )
            )
    return rows
