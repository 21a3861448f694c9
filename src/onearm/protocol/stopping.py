"""When toxicity stops the trial: which event counts, the looks, and the boundary's errors."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from onearm.protocol.values import Part, Positive, PositiveDays, Share, Texts


class ToxicEvent(Part):
    """An adverse event that counts against the boundary, once a subject."""

    is_related: bool = Field(True, alias="related", description="Only treatment-related events")
    grade_at_least: Positive = Field(3, le=5, description="Lowest grade that counts")
    terms: Texts | None = Field(
        None, description="Only these terms; case does not count. Absent: any"
    )
    within: PositiveDays = Field(
        description="Days from the first dose, that day included, in which the onset must lie"
    )


class ToxicityStopping(Part):
    """A boundary of which the exact chance to be crossed at p0 is at most alpha."""

    method: Literal[
        "pocock", "repeated-significance", "obrien-fleming", "wang-tsiatis", "beta-binomial"
    ] = Field(description="Shape of the boundary, as in `onearm design toxicity`")
    p0: Share = Field(description="Acceptable share of subjects with such an event")
    p1: Share = Field(description="Share that is too high")
    alpha: Share = Field(Decimal("0.1"), description="Greatest chance to stop at p0")
    shape: Share | None = Field(None, description="Shape of wang-tsiatis, up to 0.5")
    looks: tuple[Positive, ...] = Field(
        min_length=1, description="Subjects at each look, ascending, by enrolment"
    )
    event: ToxicEvent = Field(description="Which adverse event counts")

    @model_validator(mode="after")
    def _ordered(self) -> ToxicityStopping:
        if list(self.looks) != sorted(set(self.looks)):
            got = ", ".join(map(str, self.looks))
            raise ValueError(f"looks must ascend, each once; got {got}")
        if self.p1 <= self.p0:
            raise ValueError(f"p1 must be above p0; got p0 {self.p0} and p1 {self.p1}")
        return self
