"""What patients are given: drugs, doses, cycles, phases, and until when.

Holds the plan; whether a dose that was given follows it is for the dosing
rules. Doses are exact decimals.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from onearm.protocol.values import (
    AmountValue,
    DaysOfCycle,
    Minutes,
    Name,
    Part,
    PeriodValue,
    Positive,
    PositiveDays,
    Text,
)


class Drug(Part):
    """A drug, its dose, and the days on which it is given."""

    name: Text = Field(description="Name, as in the doses table")
    label: Text | None = Field(None, description="Name for readers; absent, the name")
    description: Text | None = Field(None, description="What it is")
    amount: AmountValue = Field(alias="dose", description="Starting dose a day it is given")
    route: Literal["oral", "intravenous", "subcutaneous", "intramuscular"] = Field(
        description="Route"
    )
    days: DaysOfCycle = Field(description="Days of the cycle on which it is given")
    infusion_minutes: Minutes | None = Field(
        None, alias="infusion", description="Length of infusion"
    )
    infusion_tolerance_minutes: Minutes | None = Field(
        None, alias="infusion_tolerance", description="How much shorter or longer it may be"
    )
    levels: tuple[AmountValue, ...] = Field(
        (), description="All dose levels, the highest first; empty where none is stated"
    )
    is_modifiable: bool = Field(True, description="Whether the dose may be changed")
    stop_after: PeriodValue | None = Field(
        None, description="Longest treatment, from its first dose"
    )
    choice: Name | None = Field(
        None, description="Drugs of one choice are alternatives: a patient gets one of them"
    )
    note: Text | None = Field(None, description="Remark")

    @property
    def dose(self) -> Decimal:
        """The number of the starting dose."""
        return self.amount.value

    @property
    def unit(self) -> str:
        """The unit of the starting dose: mg, mg/m2, mg/kg or AUC."""
        return self.amount.unit


class Phase(Part):
    """A part of the treatment with its own drugs, such as induction or maintenance."""

    id: Name = Field(description="Name of the phase")
    label: Text | None = Field(None, description="Name for readers")
    cycles: Positive | None = Field(
        None, description="Number of cycles; absent for as long as treatment lasts"
    )
    drugs: tuple[Text, ...] = Field(description="Names of its drugs", min_length=1)


class DoseRule(Part):
    """When a dose is reduced, held or stopped, in words."""

    drug: Text = Field(description="Name of the drug")
    when: Text = Field(description="What calls for it")
    action: Text = Field(description="What is done")
    source: Text | None = Field(None, description="Place in the source")


class Treatment(Part):
    """The study treatment."""

    cycle_days: PositiveDays = Field(alias="cycle", description="Length of a cycle")
    drugs: tuple[Drug, ...] = Field(description="Drugs", min_length=1)
    phases: tuple[Phase, ...] = Field((), description="Phases; absent where there is one")
    until: tuple[Text, ...] = Field((), description="What ends treatment")
    beyond_progression: bool = Field(
        False, description="Whether treatment goes on after the first progression"
    )
    beyond_progression_note: Text | None = Field(None, description="On what terms")
    dose_rules: tuple[DoseRule, ...] = Field((), description="Reductions, holds, stops")
