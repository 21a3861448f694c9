"""Who may enter: every inclusion and exclusion criterion with its text, place and form.

Holds the words; a form is read by ``onearm.protocol.forms``, deciding a
criterion for a subject is for the eligibility rules.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from onearm.protocol.values import Days, Part, Text, Texts

CriterionId = Annotated[str, Field(pattern=r"^[IE]\d{2}[a-z]?$", examples=["I09a"])]
FactId = Annotated[
    str, Field(pattern=r"^[A-Za-z]\w*(\.[A-Za-z]\w*)?$", examples=["prior_lines.classes"])
]


class DeclaredFact(Part):
    """What a fact of the forms means, and which words it may be."""

    id: FactId = Field(description="Name in the forms; an attribute of a list is `list.attribute`")
    label: Text | None = Field(None, description="What it means, for who fills it in")
    values: Texts | None = Field(None, description="Words that it may be, where it is a word")


class Criterion(Part):
    """One criterion. A letter at the end of the id marks a part of a numbered criterion."""

    id: CriterionId = Field(description="I or E, two digits, and a letter for a part: I09a")
    text: Text = Field(description="The criterion")
    source: Text = Field(description="Place in the source")
    form: Text | None = Field(
        None,
        description="The criterion in the criteria language; of an exclusion, that it is present. "
        "Without one an investigator judges",
    )
    group: Text | None = Field(None, description="What the source puts it under")
    is_judgement: bool = Field(False, description="Whether only an investigator can decide it")
    is_permissive: bool = Field(False, description="Whether it may be left unmet (`may`, `if`)")
    note: Text | None = Field(None, description="How it is read, or what is unclear in it")


class Eligibility(Part):
    """All criteria: a subject meets every inclusion and no exclusion criterion."""

    inclusion: tuple[Criterion, ...] = Field(description="Inclusion criteria", min_length=1)
    exclusion: tuple[Criterion, ...] = Field((), description="Exclusion criteria")
    is_complete: bool = Field(
        True, description="Whether the source states all criteria, not only the key ones"
    )
    screening_days: Days | None = Field(
        None, alias="screening_window", description="Earliest screening before the first dose"
    )
    lab_window_days: Days | None = Field(
        None, alias="lab_window", description="Earliest laboratory value before the first dose"
    )
    facts: tuple[DeclaredFact, ...] = Field((), description="Facts that the forms look at")

    @property
    def all(self) -> tuple[Criterion, ...]:
        """Every criterion, inclusion first."""
        return (*self.inclusion, *self.exclusion)
