"""The treatment of a registry record: its drugs, and what the prose says of each.

Takes the protocol section of a record and its prose, gives the section ``treatment``
of a draft protocol. Nothing is guessed: a dose, a route or days stand between the
names of two drugs or not at all.
"""

from __future__ import annotations

from onearm.io.json_fields import JsonField
from onearm.io.registry_prose import (
    Found,
    NamedDrug,
    cycle_in,
    days_in,
    dose_in,
    drugs_named,
    passages,
    route_in,
)
from onearm.io.registry_values import READ_FROM, Values, filled, read_from, unknown, value_of
from onearm.protocol.values import read_days, read_days_of_cycle

DRUG_TYPES = ("DRUG", "BIOLOGICAL", "COMBINATION_PRODUCT", "GENETIC", "RADIATION")


def treatment(section: JsonField, texts: list[str], remarks: list[str]) -> Values:
    """Return the drugs with what the prose says of each."""
    module = section["armsInterventionsModule"]
    drugs: list[tuple[NamedDrug, list[str], str | None]] = []
    for one in module["interventions"].items():
        name, kind = one["name"].text(), one["type"].text()
        if name is None:
            one["name"].refuse("must name the intervention")
        if kind not in (None, *DRUG_TYPES):
            remarks.append(f"intervention that is no drug: {kind.lower()} {name}")
            continue
        known = {drug.name.lower() for drug, _, _ in drugs}
        named, about = drugs_named(name), one["description"].text()
        if known & {drug.name.lower() for drug in named}:
            remarks.append(f"intervention with the name of another: {name}")
            continue
        own = [about] if about and len(named) == 1 else []
        drugs += [(drug, own, name if len(named) > 1 else None) for drug in named]
    names = [drug.name for drug, _, _ in drugs]
    listed = [
        _drug(drug, own + passages(texts, drug.name, names), together)
        for drug, own, together in drugs
    ]
    listed = listed or [_drug(NamedDrug("unknown drug", None), [], None)]
    return {"cycle": _cycle(cycle_in(texts), listed), "drugs": listed}


def _drug(drug: NamedDrug, said: list[str], together: str | None) -> Values:
    where = f"the record names it in one intervention, {together!r}"
    name: object = drug.name
    if together:
        name = {"value": drug.name, "assumed": READ_FROM + where}
    elif drug.name == "unknown drug":
        name = unknown(drug.name, "the record names no drug")
    return filled(
        {
            "name": name,
            "choice": {"value": drug.choice, "assumed": READ_FROM + where} if drug.choice else None,
            "dose": read_from(dose_in(said), "1 mg", "the record states no dose"),
            "route": read_from(route_in(said), "intravenous", "the record states no route"),
            "days": read_from(days_in(said), 1, "the record states no days of the cycle"),
        }
    )


def _cycle(found: Found, drugs: list[Values]) -> Values:
    """Return the length of a cycle; it holds every day on which a drug is given."""
    last = max(read_days_of_cycle(value_of(drug["days"]))[-1] for drug in drugs)
    if found.value is not None and read_days(found.value) < last:
        found = Found(None, f"{found.value} hold no day {last}")
    return read_from(found, f"{max(21, last)} days", "the record states no length of a cycle")
