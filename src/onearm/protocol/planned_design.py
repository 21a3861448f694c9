"""The design that a protocol plans: cohorts, and one of four kinds of sample size.

Holds what was planned; computing or checking a design is ``onearm.design``.
Proportions are exact decimals in (0, 1), alpha is one-sided.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from onearm.protocol.values import (
    Count,
    Name,
    Part,
    PeriodValue,
    Positive,
    Shape,
    Share,
    ShareOrZero,
    Text,
)


class Cohort(Part):
    """A group of subjects that is planned and counted by itself."""

    id: Name = Field(description="Name, as in the column cohort of the subjects table")
    label: Text | None = Field(None, description="Name for readers")
    planned: Positive = Field(description="Number of subjects to be enrolled")


class _Sized(Part):
    alpha: Share = Field(description="One-sided error")
    n: Positive | None = Field(None, description="Evaluable subjects that the design needs")
    dropout: ShareOrZero = Field(
        Decimal(0), description="Expected share of subjects that are not evaluable"
    )
    enrolled: Positive | None = Field(
        None, description="Subjects to be enrolled: n / (1 - dropout), rounded up"
    )
    rationale: Text | None = Field(None, description="Why these values")


class PrecisionDesign(_Sized):
    """The exact lower confidence limit lies above a limit when the target is observed."""

    kind: Literal["precision"] = Field(description="Kind of design")
    target: Share = Field(description="Response rate that is expected")
    lower_limit_above: Share = Field(description="What the one-sided lower limit must exceed")


class SimonDesign(_Sized):
    """Simon's two-stage design: stop at r1 or fewer of n1, fail at r or fewer of n."""

    kind: Literal["simon"] = Field(description="Kind of design")
    criterion: Literal["minimax", "optimal"] = Field(description="Which of Simon's designs")
    p0: Share = Field(description="Response rate that is of no interest")
    p1: Share = Field(description="Response rate that is wanted")
    power: Share = Field(description="Power at p1")
    r1: Count | None = Field(None, description="Stop after stage 1 at r1 or fewer responders")
    n1: Positive | None = Field(None, description="Subjects of stage 1")
    r: Count | None = Field(None, description="Fail at r or fewer responders in all")


class SingleStageDesign(_Sized):
    """An exact binomial test after one stage: fail at r or fewer of n."""

    kind: Literal["single_stage"] = Field(description="Kind of design")
    p0: Share = Field(description="Response rate that is of no interest")
    p1: Share = Field(description="Response rate that is wanted")
    power: Share = Field(description="Power at p1")
    r: Count | None = Field(None, description="Fail at r or fewer responders")


class SurvivalHypothesis(Part):
    """A survival curve by its median, or by its rate at a time."""

    median: PeriodValue | None = Field(None, description="Median time to the event")
    rate: Share | None = Field(None, description="Share without event at the time `at`")
    at: PeriodValue | None = Field(None, description="Time of the rate")


class SurvivalDesign(_Sized):
    """A one-sample log-rank test against a known survival curve."""

    kind: Literal["survival"] = Field(description="Kind of design")
    endpoint: Literal["pfs", "os", "dor", "ipfs"] = Field("pfs", description="Time to which event")
    test: Literal["one-sample log-rank", "modified one-sample log-rank", "rate"] = Field(
        "one-sample log-rank", description="Test; `modified` is Wu's"
    )
    distribution: Literal["exponential", "weibull"] = Field(
        "exponential", description="Shape of both curves"
    )
    shape: Shape | None = Field(None, description="Weibull shape; absent for exponential")
    null: SurvivalHypothesis = Field(description="Curve that is of no interest")
    alternative: SurvivalHypothesis = Field(description="Curve that is wanted")
    power: Share = Field(description="Power under the alternative")
    accrual: PeriodValue = Field(description="Length of uniform accrual")
    follow_up: PeriodValue = Field(description="Follow-up after the last subject entered")


Design = Annotated[
    PrecisionDesign | SimonDesign | SingleStageDesign | SurvivalDesign,
    Field(discriminator="kind"),
]
