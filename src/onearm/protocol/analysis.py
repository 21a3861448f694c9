"""How the records are analysed: levels, methods, sets, subgroups, characteristics.

Every choice that changes a printed number is a named option here. Computes
nothing and knows no subject.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema

from onearm.protocol.stopping import ToxicityStopping
from onearm.protocol.values import (
    Level,
    Name,
    Part,
    PeriodValue,
    Share,
    Text,
    Texts,
    Word,
    as_text,
    with_shorthand,
)

CtcaeVersion = Annotated[
    Literal["4.03", "5.0", "6.0"],
    BeforeValidator(as_text),
    WithJsonSchema({"enum": ["4.03", "5.0", "6.0", 4.03, 5.0, 6.0]}),
]


class Analysis(Part):
    """The methods of the analysis."""

    level: Level = Field(0.95, description="Two-sided confidence level, everywhere")
    interval: Literal["clopper-pearson", "wilson"] = Field(
        "clopper-pearson", description="Confidence interval of a proportion"
    )
    transform: Literal["log-log", "log", "plain"] = Field(
        "log-log", description="Transform of the confidence limits of a survival curve"
    )
    convention: Literal["sas", "r"] = Field(
        "sas", description="Median where the curve has a flat piece at 50 %, and its limits"
    )
    quartiles: Literal["sas-5", "r-7"] = Field("sas-5", description="Definition of quartiles")
    ties: Literal["efron", "breslow"] = Field(
        "efron", description="Tied events of a hazard ratio: R has efron by default, SAS breslow"
    )
    landmarks: tuple[PeriodValue, ...] = Field((), description="Times of survival rates")
    software: Text | None = Field(None, description="Program of the source")
    note: Text | None = Field(None, description="Remark")

    @property
    def landmarks_days(self) -> tuple[Fraction, ...]:
        """The landmarks in days, exact."""
        return tuple(landmark.days for landmark in self.landmarks)


class PlannedSet(Part):
    """An analysis set as the study defines it."""

    id: Literal["screened", "enrolled", "treated", "response-evaluable"] = Field(
        description="Which set"
    )
    definition: Text = Field(description="Who is in it")


class CharacteristicLevel(Part):
    """One value of a categorical characteristic."""

    value: Word = Field(description="Value in the subjects table")
    label: Word = Field("", description="Value for readers; absent, the value")
    is_shown: bool = Field(True, description="Whether the baseline table prints it")

    @model_validator(mode="before")
    @classmethod
    def _from_value(cls, found: object) -> object:
        if not isinstance(found, dict):
            return {"value": found, "label": found}
        return {"label": found["value"], **found} if "value" in found else found

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Accept the value alone, too."""
        return with_shorthand(handler(core_schema), "string", "number")


class Characteristic(Part):
    """A column of the subjects table that the baseline table prints."""

    id: Name = Field(description="Name of the column; age_years and sex are built in")
    label: Text = Field(description="Name for readers")
    kind: Literal["continuous", "categorical"] = Field(description="What its values are")
    unit: Text | None = Field(None, description="Unit of a continuous characteristic")
    levels: tuple[CharacteristicLevel, ...] = Field(
        (), description="Values of a categorical characteristic, in the order of the table"
    )
    note: Text | None = Field(None, description="Remark")


class Subgroup(Part):
    """Subjects that are also analysed by themselves."""

    id: Name = Field(description="Name, as in result ids")
    label: Text = Field(description="Name for readers")
    where: dict[Name, Texts] = Field(
        description="Characteristic and the values that belong to the subgroup", min_length=1
    )
    is_planned: bool | None = Field(
        None, description="Whether the subgroup was planned; absent where the source is silent"
    )


class SpecialInterest(Part):
    """A group of adverse events that is also counted by itself."""

    id: Name = Field(description="Name, as in result ids")
    label: Text = Field(description="Name for readers")
    terms: Texts = Field(description="Terms of the group, as coded; case does not count")


class Safety(Part):
    """How adverse events are graded, attributed and reported."""

    ctcae: CtcaeVersion = Field(description="Version of the CTCAE")
    reporting_threshold: Share | None = Field(
        None, description="Share of subjects from which a term is printed"
    )
    emergent_until: PeriodValue | None = Field(
        None, description="How long after the last dose an event is treatment-emergent"
    )
    special_interest: tuple[SpecialInterest, ...] = Field(
        (), description="Groups of adverse events of special interest"
    )
    related: Text | None = Field(None, description="Which events are treatment-related")
    immune_related: Text | None = Field(None, description="Which events are immune-related")
    serious: Text | None = Field(None, description="Which events are serious")
    stopping: ToxicityStopping | None = Field(
        None, description="Boundary at which toxicity stops the trial"
    )
    note: Text | None = Field(None, description="Remark")
