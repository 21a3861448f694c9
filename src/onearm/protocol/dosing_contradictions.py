"""Dosing rules of a protocol that contradict each other, each with the path of the value.

Takes the treatment, gives the path and a sentence that quotes both sides. What
one value may be stands in the models.
"""

from __future__ import annotations

from collections.abc import Iterator

from onearm.protocol.document import Path
from onearm.protocol.model import Protocol
from onearm.protocol.published_regimen import intensity_ratio
from onearm.protocol.treatment import Drug


def dosing_contradictions(protocol: Protocol) -> Iterator[tuple[Path, str]]:
    """Yield what cannot hold together in the doses and dose rules of a protocol."""
    treatment = protocol.treatment
    for position, drug in enumerate(treatment.drugs):
        path: Path = ("treatment", "drugs", position)
        yield from _computed(drug, path)
        yield from _comparison(drug, treatment.cycle_days, path)
    drugs = {drug.name: drug for drug in treatment.drugs}
    for position, rule in enumerate(treatment.dose_rules):
        path = ("treatment", "dose_rules", position)
        known = drugs.get(rule.drug)
        if rule.trigger is not None and rule.proposes is None:
            yield (*path, "trigger"), f"{rule.drug}: a trigger needs 'proposes' beside it"
        if rule.proposes not in {None, "keep"} and rule.trigger is None:
            message = f"{rule.drug}: proposes {rule.proposes} needs 'trigger' beside it"
            yield (*path, "proposes"), message
        if rule.reduce_by is not None and rule.proposes != "reduce":
            yield (*path, "reduce_by"), f"{rule.drug}: reduce_by needs 'proposes: reduce'"
        if known is None or rule.proposes != "reduce":
            continue
        if not known.is_modifiable:
            yield (*path, "proposes"), f"{rule.drug} is not modifiable, but a rule reduces it"
        elif len(known.levels) < 2 and rule.reduce_by is None:
            message = f"{rule.drug} has no levels to go down; give levels or reduce_by"
            yield (*path, "proposes"), message
        elif known.levels and rule.reduce_by is not None:
            yield (*path, "reduce_by"), f"{rule.drug} has levels; reduce_by is for a drug without"


def _computed(drug: Drug, path: Path) -> Iterator[tuple[Path, str]]:
    for key in ("round_to", "max_dose"):
        amount = getattr(drug, key)
        if amount is None:
            continue
        if amount.unit != "mg":
            yield (*path, key), f"{drug.name}: {key} must be in mg; got {amount}"
        elif drug.unit == "mg":
            message = f"{drug.name}: {key} is for a computed dose, but {drug.amount} is flat"
            yield (*path, key), message


def _comparison(drug: Drug, cycle_days: int, path: Path) -> Iterator[tuple[Path, str]]:
    other = drug.compare_with
    if other is None:
        return
    if other.days[-1] > other.cycle_days:
        message = f"{drug.name}: day {other.days[-1]} is after the cycle's {other.cycle_days} days"
        yield (*path, "compare_with", "days"), message
    if intensity_ratio(drug, cycle_days) is None:
        message = (
            f"{drug.name}: {drug.amount} and {other.amount} are compared with weight_kg or "
            "surface_m2; a dose by AUC only with a dose by AUC"
        )
        yield (*path, "compare_with"), message
