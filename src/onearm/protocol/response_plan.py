"""Response evaluation as a study states it: a profile, and what deviates from it.

A study writes options of ``ResponseRules`` beside `profile`; what it does not
write has the value of the profile. Knows no records.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from onearm.protocol.response import PROFILES, ResponseRules
from onearm.protocol.values import Days, PositiveDays, Text
from onearm.terms import INVESTIGATOR


class ProfiledRules(ResponseRules):
    """Response rules by profile, as in a rules file."""

    profile: Literal["recist11", "admiralonco"] = Field(
        "recist11", description="Named set of options; the others state what deviates from it"
    )

    @model_validator(mode="before")
    @classmethod
    def _over_profile(cls, found: object) -> object:
        if not isinstance(found, dict):
            return found
        profile = found.get("profile", "recist11")
        options = PROFILES.get(profile, {}) if isinstance(profile, str) else {}
        return {**options, **found}

    @cached_property
    def rules(self) -> ResponseRules:
        """The rules alone, every option with its value."""
        options = {name: getattr(self, name) for name in ResponseRules.model_fields}
        return ResponseRules.model_validate(options)


class ResponsePlan(ProfiledRules):
    """How and when tumours are assessed."""

    also: Literal["iRECIST"] | None = Field(
        None, description="Criteria that are evaluated beside RECIST 1.1"
    )
    primary_source: Literal["derived", "recorded"] = Field(
        "derived",
        description="Responses that count: derived from lesions, or as recorded by an evaluator",
    )
    primary_evaluator: Text = Field(
        INVESTIGATOR, description="Whose lesions or responses count, as in the tables"
    )
    assess_every_days: PositiveDays | None = Field(
        None, alias="assess_every", description="Interval of tumour assessments"
    )
    assess_window_days: Days | None = Field(
        None, alias="assess_window", description="How much earlier or later one may be"
    )
    markers: tuple[Text, ...] = Field(
        (), description="Laboratory tests that are tumour markers: CR needs them at most the ULN"
    )
    note: Text | None = Field(None, description="Remark")
