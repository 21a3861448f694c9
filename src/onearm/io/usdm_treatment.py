"""The drugs of a USDM study definition: each an intervention with its dose and route.

Takes a drug of a protocol, gives its objects; cycle, levels, alternatives and infusions
stand in words, as the model has no place for them.
"""

from __future__ import annotations

from onearm.io.usdm_objects import NOT_STATED, Json, Objects
from onearm.protocol.model import Drug, Protocol


def intervention(drug: Drug, protocol: Protocol, new: Objects) -> Json:
    """Return a drug with its dose; cycle and days stand in words, as the model has no cycle."""
    cycle = protocol.treatment.cycle_days
    days = ", ".join(str(day) for day in drug.days)
    when = f"{drug.amount} on day {days} of each {cycle}-day cycle"
    stop = f"at most {drug.stop_after}" if drug.stop_after else None
    duration = new.make(
        "Duration",
        text=stop,
        quantity=None,
        durationWillVary=True,
        reasonDurationWillVary="; ".join(protocol.treatment.until) or NOT_STATED,
    )
    administration = new.named(
        "Administration",
        f"{drug.name} administration",
        description=when,
        duration=duration,
        dose=new.quantity(float(drug.dose), drug.unit),
        route=new.alias(f"route:{drug.route}"),
        frequency=None,
        administrableProductId=None,
        medicalDeviceId=None,
        notes=[],
    )
    return new.named(
        "StudyIntervention",
        drug.name,
        label=drug.label,
        description=drug.description,
        role=new.code("intervention:experimental"),
        type=new.code("intervention:drug"),
        minimumResponseDuration=None,
        codes=[],
        administrations=[administration],
        notes=[new.note(text) for text in _remarks(drug)],
    )


def _remarks(drug: Drug) -> list[str]:
    """Return what the model has no attribute for."""
    levels = ", ".join(str(level) for level in drug.levels)
    return [
        *([f"Dose levels: {levels}"] if levels else []),
        *([f"Alternatives: the drugs of the choice {drug.choice!r}"] if drug.choice else []),
        *([f"Infusion: {drug.infusion_minutes} minutes"] if drug.infusion_minutes else []),
        *([drug.note] if drug.note else []),
    ]
