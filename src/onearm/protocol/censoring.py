"""Which situations end progression-free survival, as an event or as censored.

A preset is a row of choices, one a situation; a study names one and states what
deviates from it. Sources: the censoring tables of the FDA guidance on clinical
trial endpoints for cancer drugs (2007, appendix 3, table A) for ``fda``, the
treatment-policy reading of the EMA guideline on anticancer medicinal products
(appendix 1) for ``ema``; ``paper`` is the rule by which the TQB2450-Ib-02 paper
comes out. Knows no records.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

Preset = Literal["paper", "fda", "ema"]


class CensoringRules(BaseModel):
    """What each situation does to progression-free survival; the default is ``paper``.

    ``censor`` means at the last adequate assessment before the situation, on
    day 1 without one; ``ignore`` that follow-up goes on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    no_baseline: Literal["death_only", "censor"] = Field(
        "death_only",
        description="No baseline assessment: death alone is an event, or censored on day 1",
    )
    missed_assessments: Literal["event", "censor"] = Field(
        "event", description="PD or death after two or more missed assessments"
    )
    new_therapy: Literal["ignore", "censor", "event"] = Field(
        "ignore", description="New anti-cancer therapy before PD"
    )
    clinical_progression: Literal["ignore", "censor", "event"] = Field(
        "ignore", description="Symptomatic deterioration without PD on imaging"
    )
    discontinuation: Literal["ignore", "censor", "event"] = Field(
        "ignore", description="Treatment stopped for toxicity or withdrawal, without PD"
    )


PRESETS: dict[Preset, CensoringRules] = {
    "paper": CensoringRules(),
    "fda": CensoringRules(
        no_baseline="censor",
        missed_assessments="censor",
        new_therapy="censor",
        clinical_progression="censor",
        discontinuation="censor",
    ),
    "ema": CensoringRules(),
}
"""The named sets of choices."""


class Censoring(CensoringRules):
    """Censoring rules by preset, as an endpoint states them; the preset alone will do."""

    preset: Preset = Field("paper", description="Named set; the others state what deviates")

    @model_validator(mode="before")
    @classmethod
    def _over_preset(cls, found: object) -> object:
        if isinstance(found, str):
            found = {"preset": found}
        if not isinstance(found, dict):
            return found
        preset = PRESETS.get(found.get("preset", "paper"))
        return {**(preset.model_dump() if preset else {}), **found}

    @cached_property
    def rules(self) -> CensoringRules:
        """The rules alone, every situation with its choice."""
        choices = {name: getattr(self, name) for name in CensoringRules.model_fields}
        return CensoringRules.model_validate(choices)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Accept the preset alone, too."""
        return {"anyOf": [handler(core_schema), {"enum": list(PRESETS)}]}
