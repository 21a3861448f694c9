"""What is to be shown: endpoints, their definitions, censoring and decision.

An endpoint may be written as its id alone. The censoring presets are those of
``onearm.protocol.censoring``: `paper`, `fda`, `ema`. Computes nothing.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from onearm.protocol.censoring import Censoring
from onearm.protocol.values import Level, Part, Share, Text, with_shorthand

EndpointId = Literal[
    "orr", "dcr", "cbr", "ttr", "dor", "pfs", "os",
    "iorr", "idcr", "idor", "ipfs",
    "best_change", "safety", "biomarker", "pharmacokinetics", "quality_of_life",
]  # fmt: skip
PROPORTIONS = ("orr", "dcr", "cbr", "iorr", "idcr")
TIMES = ("ttr", "dor", "pfs", "os", "idor", "ipfs")
IRECIST = ("iorr", "idcr", "idor", "ipfs")

LABELS = {
    "orr": "Objective response rate",
    "dcr": "Disease control rate",
    "cbr": "Clinical benefit rate",
    "ttr": "Time to response",
    "dor": "Duration of response",
    "pfs": "Progression-free survival",
    "os": "Overall survival",
    "iorr": "Objective response rate by iRECIST",
    "idcr": "Disease control rate by iRECIST",
    "idor": "Duration of response by iRECIST",
    "ipfs": "Progression-free survival by iRECIST",
    "best_change": "Best change of the sum of diameters",
    "safety": "Adverse events",
    "biomarker": "Biomarkers",
    "pharmacokinetics": "Pharmacokinetics",
    "quality_of_life": "Quality of life",
}


class Decision(Part):
    """What makes the study a success."""

    lower_limit_above: Share = Field(description="What the lower confidence limit must exceed")
    level: Level = Field(0.95, description="Two-sided confidence level of that limit")


class IntercurrentEvent(Part):
    """Something after the start of treatment that affects the endpoint or its reading."""

    event: Text = Field(description="What happens")
    strategy: Literal[
        "treatment-policy", "composite", "hypothetical", "while-on-treatment", "principal-stratum"
    ] = Field(description="How it is dealt with, in the words of ICH E9(R1)")
    note: Text | None = Field(None, description="What this means for the analysis")


class Estimand(Part):
    """What is to be estimated: an estimand after ICH E9(R1)."""

    population: Text = Field(description="Of whom")
    variable: Text = Field(description="What is measured of each")
    intercurrent_events: tuple[IntercurrentEvent, ...] = Field(
        (), description="Intercurrent events with their strategies"
    )
    summary: Text = Field(description="Summary measure over the population")


class Endpoint(Part):
    """One endpoint."""

    id: EndpointId = Field(description="Which endpoint")
    label: Text | None = Field(None, description="Name for readers; absent, the usual name")
    definition: Text | None = Field(None, description="Definition of the source")
    censoring: Censoring | None = Field(None, description="Censoring rules of a time to event")
    decision: Decision | None = Field(None, description="What makes the study a success")
    estimand: Estimand | None = Field(None, description="What is to be estimated, ICH E9(R1)")

    @property
    def name(self) -> str:
        """The label, or the usual name of the endpoint."""
        return self.label or LABELS[self.id]

    @model_validator(mode="before")
    @classmethod
    def _from_id(cls, found: object) -> object:
        return {"id": found} if isinstance(found, str) else found

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Accept the id alone, too."""
        return with_shorthand(handler(core_schema), "string")


class Endpoints(Part):
    """All endpoints, in the order in which they are reported."""

    primary: tuple[Endpoint, ...] = Field(description="Primary endpoints", min_length=1)
    secondary: tuple[Endpoint, ...] = Field((), description="Secondary endpoints")
    exploratory: tuple[Endpoint, ...] = Field((), description="Exploratory endpoints")

    @property
    def all(self) -> tuple[Endpoint, ...]:
        """Every endpoint: primary, secondary, exploratory."""
        return self.primary + self.secondary + self.exploratory
