"""When a dose is changed: rules in words, and the events that call for them.

A rule with a trigger can be computed, always as a proposal to the
investigator. Knows no subject.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from onearm.protocol.values import Part, Positive, Share, Text, Texts, read_days_of_cycle


def read_grades(found: object) -> tuple[int, ...]:
    """Read CTCAE grades: `3`, `3-4` or `2, 4`.

    >>> read_grades("3-4")
    (3, 4)
    """
    allowed = "must name grades from 1 to 5, such as 3 or '3-4'"
    try:
        grades = read_days_of_cycle(found)
    except ValueError:
        raise ValueError(allowed) from None
    if grades[-1] > 5:
        raise ValueError(allowed)
    return grades


Grades = Annotated[
    tuple[int, ...],
    PlainValidator(read_grades),
    WithJsonSchema({"type": ["integer", "string"], "examples": ["3-4"]}),
]


class Trigger(Part):
    """The adverse events that call for a change of dose."""

    grades: Grades = Field(description="CTCAE grades")
    terms: Texts | None = Field(None, description="Terms, as coded; absent, any term")
    is_related_only: bool = Field(
        False, description="Whether only events related to the drug count"
    )
    from_occurrence: Positive = Field(
        1, description="From which event of the term on, in one subject"
    )


class DoseRule(Part):
    """When a dose is reduced, held or stopped, in words; computable with `trigger`."""

    drug: Text = Field(description="Name of the drug")
    when: Text = Field(description="What calls for it")
    action: Text = Field(description="What is done")
    trigger: Trigger | None = Field(
        None, description="The events that call for it; absent, the rule is shown and not computed"
    )
    proposes: Literal["reduce", "hold", "stop", "keep"] | None = Field(
        None, description="What is proposed; reduce: to the next level; keep: the dose stays"
    )
    reduce_by: Share | None = Field(
        None, description="By which share of the dose, for a drug without levels"
    )
    resume_at_grade: Positive | None = Field(
        None, description="The drug is held until the event is at most of this grade"
    )
    source: Text | None = Field(None, description="Place in the source")
