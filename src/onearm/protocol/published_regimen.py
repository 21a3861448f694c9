"""A drug's regimen beside a published one: the dose intensity of both, as information.

Takes a drug of the protocol and the regimen that its file states for
comparison, gives the ratio of the doses a week and a sentence. Knows not which
of the two is right, and corrects nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from onearm.format import count_of, number, percent, plain
from onearm.protocol.document import Path
from onearm.protocol.treatment import Drug, PublishedRegimen, Treatment
from onearm.protocol.values import Amount

LEAST_ALIKE = Fraction(4, 5)
"""A ratio below 4/5, or above 5/4, is a strong difference; 4/5 itself is none."""


def comparable(amount: Amount, other: PublishedRegimen) -> Fraction | None:
    """Return a dose in mg, or in its own unit where the other has the same.

    None where the body measure that it needs is not stated.
    """
    measure = {"mg/kg": other.weight_kg, "mg/m2": other.surface_m2, "mg": Decimal(1)}
    factor = measure.get(amount.unit)
    return None if factor is None else Fraction(amount.value) * Fraction(factor)


def intensity_ratio(drug: Drug, cycle_days: int) -> Fraction | None:
    """Return the drug's planned dose a week over that of the published regimen.

    None without a regimen to compare with, or where the two cannot be compared.
    """
    other = drug.compare_with
    if other is None:
        return None
    ours: Fraction | None = Fraction(drug.dose)
    theirs: Fraction | None = Fraction(other.amount.value)
    if drug.unit != other.amount.unit:
        ours, theirs = comparable(drug.amount, other), comparable(other.amount, other)
    if ours is None or theirs is None:
        return None
    a_day = ours * len(drug.days) / cycle_days
    return a_day / (theirs * len(other.days) / other.cycle_days)


def regimen_notes(treatment: Treatment) -> Iterator[tuple[Path, str]]:
    """Yield a note for each drug whose planned dose intensity differs strongly, with its path."""
    for position, drug in enumerate(treatment.drugs):
        ratio, other = intensity_ratio(drug, treatment.cycle_days), drug.compare_with
        if ratio is None or other is None or LEAST_ALIKE <= ratio <= 1 / LEAST_ALIKE:
            continue
        at = ""
        if drug.unit != other.amount.unit:
            at = _measure(drug, other)
        message = (
            f"{drug.name}: {_regimen(drug.amount, len(drug.days), treatment.cycle_days)} is "
            f"{percent(ratio, 0)} % of the dose intensity of "
            f"{_regimen(other.amount, len(other.days), other.cycle_days)}{at} ({other.source}); "
            "for information, nothing is changed"
        )
        yield ("treatment", "drugs", position, "compare_with"), message


def _regimen(amount: Amount, days: int, cycle_days: int) -> str:
    on = "" if days == 1 else f" on {days} days"
    return f"{amount}{on} every {count_of(cycle_days, 'day')}"


def _measure(drug: Drug, other: PublishedRegimen) -> str:
    units = (drug.unit, other.amount.unit)
    parts = []
    if "mg/kg" in units and other.weight_kg is not None:
        parts.append(f"{plain(other.weight_kg)} kg")
        if drug.unit == "mg":
            parts.append(f"{number(Fraction(drug.dose) / Fraction(other.weight_kg), 1)} mg/kg")
    if "mg/m2" in units and other.surface_m2 is not None:
        parts.append(f"{plain(other.surface_m2)} m2")
    return f" at {', '.join(parts)}" if parts else ""
