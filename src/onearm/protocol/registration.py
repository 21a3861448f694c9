"""What a registry says of a study: names, people, status, who may take part.

Texts stand as the source prints them; closed lists follow ClinicalTrials.gov.
Knows no statistics.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from onearm.protocol.values import Count, Day, Part, Positive, Text, Texts

State = Literal[
    "not-yet-recruiting",
    "recruiting",
    "active-not-recruiting",
    "completed",
    "terminated",
    "suspended",
    "withdrawn",
    "unknown",
]


class Identifier(Part):
    """A number under which the study is known."""

    registry: Text = Field(description="Registry or organisation that gave the number")
    id: Text = Field(description="The number, as printed")
    printed_as: Text | None = Field(
        None, description="Registry under which a source prints it, where that is another"
    )
    note: Text | None = Field(None, description="Remark")


class Status(Part):
    """Where the study stands."""

    state: State = Field(description="State, in the words of ClinicalTrials.gov")
    printed: Text | None = Field(None, description="State in the words of the source")
    date: Day | None = Field(None, description="Day on which this was so")


class Age(Part):
    """Age limits in years, both included."""

    minimum: Count | None = Field(None, description="Lowest age in years, included")
    maximum: Count | None = Field(None, description="Highest age in years, included")


class Arm(Part):
    """The one arm."""

    title: Text = Field(description="Title of the arm")
    description: Text | None = Field(None, description="Description of the arm")


class Enrolment(Part):
    """How many subjects, and when."""

    planned: Positive = Field(description="Number of subjects to be enrolled")
    is_estimated: bool = Field(description="Whether the number is an estimate, not a final count")
    started: Text | None = Field(None, description="Start of enrolment: year, month or day")
    ended: Text | None = Field(None, description="End of enrolment: year, month or day")


class Site(Part):
    """A place where patients are treated."""

    name: Text = Field(description="Name of the site")
    city: Text | None = Field(None, description="City")
    country: Text | None = Field(None, description="Country")


class Contact(Part):
    """Somebody who answers for the study."""

    name: Text = Field(description="Name")
    role: Text | None = Field(None, description="Role, such as corresponding author")
    affiliation: Text | None = Field(None, description="Affiliation")
    email: Text | None = Field(None, description="Electronic mail")
    phone: Text | None = Field(None, description="Telephone")


class Ethics(Part):
    """Approval and consent."""

    committee: Text | None = Field(None, description="Committee that approved the study")
    approval: Text | None = Field(None, description="Number or day of the approval")
    declaration: Text | None = Field(None, description="Principles that the study follows")
    consent: Text | None = Field(None, description="How consent is given")


class Grant(Part):
    """Money with a number."""

    funder: Text = Field(description="Who gives it")
    id: Text = Field(description="Number of the grant")


class Version(Part):
    """A version of the study's protocol, not of this file format."""

    version: Text = Field(description="Version of the protocol")
    date: Day | None = Field(None, description="Day of the version")
    changes: Text | None = Field(None, description="What changed, and why")


class Reference(Part):
    """A publication of the study or behind its plan."""

    text: Text = Field(description="Citation")
    doi: Text | None = Field(None, description="Digital object identifier")


class Background(Part):
    """A paragraph on why the study is done."""

    title: Text = Field(description="What the paragraph is about")
    text: Text = Field(description="The paragraph")


class Study(Part):
    """What a registry says of the study."""

    id: Text = Field(description="Name of the study in all outputs")
    title: Text = Field(description="Full title of the study")
    acronym: Text | None = Field(None, description="Acronym")
    phase: Text = Field(description="Phase, such as II")
    kind: Text = Field("interventional", description="Kind of study")
    conditions: Texts = Field(description="Diseases")
    identifiers: tuple[Identifier, ...] = Field((), description="Numbers of any registry")
    sponsor: Text | None = Field(None, description="Sponsor")
    collaborators: tuple[Text, ...] = Field((), description="Collaborators")
    funders: tuple[Text, ...] = Field((), description="Who pays, or the funder types of a registry")
    grants: tuple[Grant, ...] = Field((), description="Grants")
    status: Status = Field(description="Where the study stands")
    purpose: Text = Field("treatment", description="Primary purpose")
    allocation: Text = Field("N/A", description="Allocation")
    model: Text = Field("single group assignment", description="Intervention model")
    masking: Text = Field("none (open label)", description="Masking")
    sex: Literal["all", "female", "male"] = Field("all", description="Sex of participants")
    age: Age = Field(Age(minimum=None, maximum=None), description="Age limits")
    healthy_volunteers: bool = Field(False, description="Whether healthy volunteers take part")
    arm: Arm = Field(description="The arm")
    enrolment: Enrolment = Field(description="How many subjects, and when")
    sites: tuple[Site, ...] = Field((), description="Sites")
    locations: Count | None = Field(None, description="Number of locations that a registry lists")
    contacts: tuple[Contact, ...] = Field((), description="Contacts")
    ethics: Ethics | None = Field(None, description="Approval and consent")
    data_cutoff: Day | None = Field(
        None, description="Last day whose records count; applies to every table"
    )
    versions: tuple[Version, ...] = Field((), description="Versions of the protocol")
    summary: Text | None = Field(None, description="Short description")
    objectives: tuple[Text, ...] = Field((), description="Objectives or questions")
    background: tuple[Background, ...] = Field((), description="Why the study is done")
    references: tuple[Reference, ...] = Field((), description="Publications")
