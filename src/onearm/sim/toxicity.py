"""The section `toxicity` of a scenario: adverse events, and what they change in the treatment.

Holds chances a cycle, consequences, and how the dose acts on the tumour; finds
what contradicts the treatment of the protocol. Draws nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from onearm.format import significant
from onearm.protocol.document import Path
from onearm.protocol.treatment import Drug, Treatment
from onearm.protocol.values import Amount, Name, Part, Positive, Text, Texts
from onearm.sim.quantities import Chance, PositiveDays, Ratio


class Actions(Part):
    """What follows an event: shares that add up to 1."""

    none: Chance = Field(0.0, description="Nothing")
    interrupt: Chance = Field(0.0, description="Its drugs are held, for `hold` at least")
    reduce: Chance = Field(0.0, description="Its drugs go down one dose level")
    discontinue: Chance = Field(0.0, description="All treatment ends")


class Toxic(Part):
    """An adverse event that may begin in each cycle in which one of its drugs is given."""

    id: Name = Field(description="Name of the event in this file")
    term: Text = Field(description="Term, as coded")
    system_organ_class: Text | None = Field(None, description="System organ class")
    grade: Positive = Field(le=4, description="CTCAE grade; deaths are drawn by `death`")
    related: bool = Field(True, description="Whether it is related to its drugs")
    serious: bool = Field(False, description="Whether it is serious")
    immune_related: bool = Field(False, description="Whether it is immune-related")
    drugs: Texts = Field((), description="Its drugs, by the names of the protocol; absent, all")
    by_cycle: tuple[Chance, ...] = Field(
        min_length=1, description="Chances in cycle 1, 2, ...; the last one holds for later cycles"
    )
    lasts: PositiveDays = Field(description="How long it lasts")
    actions: Actions = Field(description="What follows it")


class Toxicity(Part):
    """Adverse events and changes of the dose."""

    events: tuple[Toxic, ...] = Field(min_length=1, description="The adverse events")
    hold: PositiveDays | None = Field(
        None, description="Shortest interruption; a drug is given again from the next cycle on"
    )
    at_lower_level: Ratio = Field(
        1.0, description="Factor of the chances for each level that the dose was reduced by"
    )
    shrinkage_by_dose: dict[str, Chance] = Field(
        {}, description="By drug the share of the shrinkage that is proportional to its dose"
    )
    visits_after_stopping: Literal["continue", "stop"] = Field(
        description="Scans after treatment was stopped for toxicity"
    )


def given_drugs(treatment: Treatment) -> tuple[Drug, ...]:
    """Return the drugs that simulated patients get: of alternatives the first."""
    found: dict[str, Drug] = {}
    for drug in treatment.drugs:
        found.setdefault(drug.choice or f"drug {drug.name}", drug)
    return tuple(found.values())


def levels_of(drug: Drug) -> tuple[Amount, ...]:
    """Return the starting dose and the lower levels that the protocol allows, from the top."""
    lower = [level for level in drug.levels if drug.is_modifiable and level.value < drug.dose]
    return (drug.amount, *sorted(lower, key=lambda level: -level.value))


def drugs_of_event(event: Toxic, treatment: Treatment) -> tuple[int, ...]:
    """Return the places of an event's drugs among those that are given."""
    names = [drug.name for drug in given_drugs(treatment)]
    return tuple(at for at, name in enumerate(names) if not event.drugs or name in event.drugs)


def contradictions_of(toxicity: Toxicity, treatment: Treatment) -> Iterator[tuple[Path, str]]:
    """Yield what in the section contradicts itself or the treatment of the protocol."""
    drugs = given_drugs(treatment)
    names = [drug.name for drug in drugs]
    allowed = f"must be among the drugs that are given: {', '.join(names)}"
    seen: set[object] = set()
    for at, event in enumerate(toxicity.events):
        if event.id in seen or (event.term.casefold(), event.grade) in seen:
            yield ("events", at), "must have an id, and a term and grade, of its own"
        seen |= {event.id, (event.term.casefold(), event.grade)}
        for name in set(event.drugs) - set(names):
            yield ("events", at, "drugs"), f"{allowed}; got {name!r}"
        yield from _of_actions(event, at, treatment)
    holding = [event.id for event in toxicity.events if event.actions.interrupt > 0]
    if holding and toxicity.hold is None:
        yield ("hold",), f"is needed: {holding[0]} may interrupt the treatment"
    for name in set(toxicity.shrinkage_by_dose) - set(names):
        yield ("shrinkage_by_dose", name), allowed
    total = sum(toxicity.shrinkage_by_dose.values())
    if total > 1 + 1e-9:
        yield ("shrinkage_by_dose",), f"must add up to at most 1; got {significant(total)}"
    for drug in drugs:
        if drug.max_hold_days is not None and (toxicity.hold or 0) > drug.max_hold_days:
            most = f"{drug.max_hold_days} days"
            yield ("hold",), f"the protocol allows {drug.name} to be held for {most} at most"


def _of_actions(event: Toxic, at: int, treatment: Treatment) -> Iterator[tuple[Path, str]]:
    actions, path = event.actions, ("events", at, "actions")
    total = actions.none + actions.interrupt + actions.reduce + actions.discontinue
    if abs(total - 1) > 1e-6:
        yield path, f"must add up to 1; got {significant(total)}"
    drugs = [given_drugs(treatment)[d] for d in drugs_of_event(event, treatment)]
    if actions.reduce > 0 and drugs and all(len(levels_of(drug)) == 1 for drug in drugs):
        which = " and ".join(drug.name for drug in drugs)
        yield (*path, "reduce"), f"cannot be: the protocol states no lower dose level of {which}"
