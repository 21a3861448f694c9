"""What is assessed when: assessments with their windows, samples, biomarkers.

Windows are days before or after the planned day. Knows no visit of a subject.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from onearm.protocol.values import Days, Name, Part, PeriodValue, PositiveDays, Text, Texts

Anchor = Literal["first_dose", "enrolment", "last_dose", "cycle_start", "progression"]


class Assessment(Part):
    """Something that is done at stated times."""

    id: Name = Field(description="Name; `imaging` is the tumour assessment")
    label: Text = Field(description="What is done")
    at: tuple[Text, ...] = Field((), description="Visits or days, in words")
    every_days: PositiveDays | None = Field(None, alias="every", description="Interval")
    window_days: Days | None = Field(
        None, alias="window", description="How much earlier or later it may be"
    )
    anchor: Anchor = Field("first_dose", description="Day from which the interval counts")
    until: Text | None = Field(None, description="When it ends")
    note: Text | None = Field(None, description="Remark")


class Schedule(Part):
    """All assessments."""

    assessments: tuple[Assessment, ...] = Field((), description="What is assessed when")
    safety_follow_up: PeriodValue | None = Field(
        None, description="How long adverse events are collected after the last dose"
    )
    survival_follow_up_days: PositiveDays | None = Field(
        None, alias="survival_follow_up", description="Interval of contacts after treatment"
    )
    note: Text | None = Field(None, description="Remark")


class PlannedSample(Part):
    """A biological sample that is taken."""

    id: Name = Field(description="Name")
    label: Text = Field(description="What is taken")
    at: tuple[Text, ...] = Field((), description="When, in words")
    is_required: bool = Field(True, description="Whether a subject must give it")
    note: Text | None = Field(None, description="Remark")


class PlannedBiomarker(Part):
    """A marker that is measured and set against an endpoint."""

    id: Name = Field(description="Name, as in the biomarkers table")
    label: Text = Field(description="Name for readers")
    sample: Name | None = Field(None, description="Sample in which it is measured")
    endpoints: tuple[Text, ...] = Field(
        (), description="Endpoints that it is set against, by id; absent, orr, pfs and os"
    )
    kind: Literal["binary", "continuous"] | None = Field(
        None, description="What its results are; absent, it is not analysed"
    )
    positive: Texts = Field(
        ("POSITIVE",), description="Results of a binary marker that are positive; case is ignored"
    )
    negative: Texts = Field(("NEGATIVE",), description="Results that are negative")
    cut: Decimal | None = Field(
        None, description="Number from which a continuous marker is high, set before the data"
    )
    unit: Text | None = Field(None, description="Unit of a continuous marker")
    note: Text | None = Field(None, description="Remark")
