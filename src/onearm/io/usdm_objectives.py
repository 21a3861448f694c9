"""The objectives of a USDM study definition: endpoints by level, analysis sets, estimands.

Takes a protocol, gives the objects. An estimand's population that is none of the
analysis sets becomes one of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm.io.usdm_objects import Json, Objects
from onearm.protocol.endpoints import Endpoint
from onearm.protocol.model import Protocol

LEVELS = ("primary", "secondary", "exploratory")
SAFETY = ("safety",)


def objectives_of(protocol: Protocol, new: Objects) -> list[Json]:
    """Return an objective a level, with its endpoints."""
    found = []
    for level in LEVELS:
        endpoints: Sequence[Endpoint] = getattr(protocol.endpoints, level)
        if not endpoints:
            continue
        names = ", ".join(one.name for one in endpoints)
        found.append(
            new.named(
                "Objective",
                f"{level} objective",
                text=f"To evaluate: {names}",
                dictionaryId=None,
                notes=[],
                level=new.code(f"objective:{level}"),
                endpoints=[_endpoint(new, level, one) for one in endpoints],
            )
        )
    return found


def _endpoint(new: Objects, level: str, one: Endpoint) -> Json:
    return new.named(
        "Endpoint",
        one.id,
        label=one.name,
        text=one.definition or one.name,
        dictionaryId=None,
        notes=[],
        purpose="Safety" if one.id in SAFETY else "Efficacy",
        level=new.code(f"endpoint:{level}"),
    )


def analysis_populations(protocol: Protocol, new: Objects) -> dict[str, Json]:
    """Return the analysis sets, and the populations of the estimands, by their text."""
    texts: dict[str, str] = {one.definition: one.id for one in protocol.sets}
    for endpoint in protocol.endpoints.all:
        if endpoint.estimand:
            texts.setdefault(endpoint.estimand.population, f"population of {endpoint.id}")
    return {
        text: new.named("AnalysisPopulation", name, text=text, subsetOfIds=[], notes=[])
        for text, name in texts.items()
    }


def estimands_of(
    protocol: Protocol, new: Objects, objectives: list[Json], populations: dict[str, Json],
    drugs: dict[str, Json],
) -> list[Json]:  # fmt: skip
    """Return an estimand for each endpoint that has one."""
    variables = {one["name"]: one["id"] for own in objectives for one in own["endpoints"]}
    return [
        new.named(
            "Estimand",
            f"estimand of {one.id}",
            description=f"Variable: {estimand.variable}. Summary: {estimand.summary}",
            populationSummary=estimand.population,
            analysisPopulationId=populations[estimand.population]["id"],
            interventionIds=[drug["id"] for drug in drugs.values()],
            variableOfInterestId=variables[one.id],
            intercurrentEvents=[
                new.named(
                    "IntercurrentEvent", event.event, description=event.note, text=event.event,
                    dictionaryId=None, notes=[], strategy=event.strategy,
                )
                for event in estimand.intercurrent_events
            ],
            notes=[],
        )
        for one in protocol.endpoints.all
        if (estimand := one.estimand)
    ]  # fmt: skip
