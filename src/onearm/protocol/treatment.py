"""What patients are given: drugs, doses, cycles, phases, and until when.

Holds the plan; whether a dose that was given follows it is for the dosing
rules. Doses are exact decimals.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from onearm.protocol.dose_rules import DoseRule
from onearm.protocol.values import (
    AmountValue,
    Days,
    DaysOfCycle,
    Minutes,
    Name,
    Part,
    PeriodValue,
    Positive,
    PositiveDays,
    Shape,
    Share,
    ShareOrZero,
    Text,
)


class PublishedRegimen(Part):
    """How a drug is given elsewhere, to set beside this protocol; never a correction."""

    amount: AmountValue = Field(alias="dose", description="Dose a day it is given")
    days: DaysOfCycle = Field(description="Days of the cycle on which it is given")
    cycle_days: PositiveDays = Field(alias="cycle", description="Length of a cycle")
    weight_kg: Shape | None = Field(
        None, description="Weight at which mg and mg/kg are compared, in kg"
    )
    surface_m2: Shape | None = Field(
        None, description="Body surface at which mg and mg/m2 are compared, in m2"
    )
    source: Text = Field(description="Where it is published")


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
    round_to: AmountValue | None = Field(
        None, description="A computed dose is rounded to a multiple of this; absent, not rounded"
    )
    rounding: Literal["nearest", "down", "up"] = Field(
        "nearest", description="Which multiple; nearest: half goes up"
    )
    max_dose: AmountValue | None = Field(
        None, description="A computed dose above this many mg is given as this"
    )
    moves_cycle: bool = Field(
        True, description="Whether the cycle begins later when this drug is late"
    )
    max_hold_days: PositiveDays | None = Field(
        None, alias="max_hold", description="Longest interruption; after it the drug is stopped"
    )
    compare_with: PublishedRegimen | None = Field(
        None, description="A published regimen; `onearm check` notes a strong difference"
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


class BodyRules(Part):
    """How a dose is computed from a patient's body."""

    surface: Literal["mosteller", "du_bois"] = Field(
        "mosteller", description="Formula of body surface"
    )
    surface_cap_m2: Shape | None = Field(
        None, description="A larger body surface counts as this many m2; absent, no cap"
    )
    gfr_cap: Shape | None = Field(
        Decimal(125),
        description="A larger estimated GFR counts as this many mL/min; null: no cap",
    )
    clearance_weight: Literal["actual", "ideal", "adjusted"] = Field(
        "actual",
        description="Weight in Cockcroft-Gault; ideal by Devine; adjusted: ideal + 0.4 of the rest",
    )
    clearance_weight_from_bmi: Shape | None = Field(
        None, description="Only from this body mass index on; below it the actual weight"
    )
    creatinine_floor_umol_l: Shape | None = Field(
        None, description="A lower creatinine counts as this many umol/L (0.7 mg/dL is 61.894)"
    )
    weight_change: Share = Field(
        Decimal("0.10"),
        description="Doses are recalculated when the weight differs by at least this share from "
        "the weight of the last calculation",
    )


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
    body: BodyRules = Field(
        BodyRules(), description="Body surface, clearance, recalculation after a weight change"
    )
    dose_tolerance: ShareOrZero = Field(
        Decimal("0.05"),
        description="A dose by weight, surface or AUC within this share of the computed one is no "
        "deviation; dose intensity counts every milligram",
    )
    cycle_window_days: Days = Field(
        0, alias="cycle_window", description="How late a cycle may begin without being delayed"
    )
    last_cycle: Literal["cut", "full"] = Field(
        "cut",
        description="Dose intensity counts the last cycle up to the end of treatment (cut), or "
        "its whole length (full)",
    )
    contraception: PeriodValue | None = Field(
        None, description="How long contraception lasts after the last dose"
    )
