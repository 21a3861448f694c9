"""What a trial planned, as one frozen object.

The sections stand in the modules beside this one, one noun each, and all of
their types can be had from here. A protocol file is read into them by
``onearm.protocol.parse``. Opens no file.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from pydantic import Field, PrivateAttr

from onearm.errors import Place
from onearm.protocol.analysis import (
    Analysis,
    Characteristic,
    CharacteristicLevel,
    PlannedSet,
    Safety,
    Subgroup,
)
from onearm.protocol.eligibility import Criterion, Eligibility
from onearm.protocol.endpoints import Decision, Endpoint, Endpoints
from onearm.protocol.planned_design import (
    Cohort,
    Design,
    PrecisionDesign,
    SimonDesign,
    SingleStageDesign,
    SurvivalDesign,
)
from onearm.protocol.registration import Identifier, Study
from onearm.protocol.response import ResponseRules
from onearm.protocol.response_plan import ResponsePlan
from onearm.protocol.schedule import Assessment, PlannedBiomarker, PlannedSample, Schedule
from onearm.protocol.treatment import Drug, Phase, Treatment
from onearm.protocol.values import Amount, Part, Period

__all__ = [
    "Amount",
    "Analysis",
    "Assessment",
    "Assumption",
    "Characteristic",
    "CharacteristicLevel",
    "Cohort",
    "Criterion",
    "Decision",
    "Design",
    "Drug",
    "Eligibility",
    "Endpoint",
    "Endpoints",
    "Identifier",
    "Period",
    "Phase",
    "PlannedBiomarker",
    "PlannedSample",
    "PlannedSet",
    "PrecisionDesign",
    "Protocol",
    "ResponsePlan",
    "ResponseRules",
    "Safety",
    "Schedule",
    "SimonDesign",
    "SingleStageDesign",
    "Study",
    "Subgroup",
    "SurvivalDesign",
    "Treatment",
]

FORMAT_VERSION = 1


class Assumption(NamedTuple):
    """A value that the source does not give, and why it is as it is."""

    field: str
    value: str
    reason: str
    place: Place


class Protocol(Part):
    """Everything that one trial planned."""

    protocol: Literal[1] = Field(description="Version of this file format: 1")
    study: Study = Field(description="What a registry says of the study")
    cohorts: tuple[Cohort, ...] = Field(
        description="Groups of subjects, each with its planned number; one for all", min_length=1
    )
    design: Design = Field(description="Design and sample size, by kind")
    treatment: Treatment = Field(description="Drugs, doses, cycles, phases")
    eligibility: Eligibility = Field(description="Inclusion and exclusion criteria")
    schedule: Schedule = Field(Schedule(), description="What is assessed when")
    response: ResponsePlan = Field(description="How tumours are assessed")
    endpoints: Endpoints = Field(description="What is to be shown")
    analysis: Analysis = Field(Analysis(), description="Methods of the analysis")
    sets: tuple[PlannedSet, ...] = Field((), description="Analysis sets")
    subgroups: tuple[Subgroup, ...] = Field((), description="Subgroups, in printed order")
    characteristics: tuple[Characteristic, ...] = Field(
        (), description="Rows of the baseline table, in printed order"
    )
    biomarkers: tuple[PlannedBiomarker, ...] = Field((), description="Biomarkers")
    samples: tuple[PlannedSample, ...] = Field((), description="Biological samples")
    safety: Safety = Field(description="How adverse events are graded and reported")
    format: Literal["journal", "csr", "label"] = Field(
        "journal", description="How numbers are printed"
    )
    _assumptions: tuple[Assumption, ...] = PrivateAttr(())

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """The values that the source does not give, in the order of the file."""
        return self._assumptions

    def assuming(self, assumptions: tuple[Assumption, ...]) -> Protocol:
        """Return this protocol with the list of its assumptions."""
        copy = self.model_copy()
        copy._assumptions = assumptions
        return copy
