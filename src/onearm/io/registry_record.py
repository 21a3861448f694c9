"""A ClinicalTrials.gov record (version 2 JSON) as a draft of a protocol file.

Takes the record, gives the sections of ``protocol.yaml`` as plain values. What
the record does not give, and the file needs, is ``{value: X, assumed: why}``;
what is read from prose is marked so as well, with the words. What the draft
has no place for is named in ``remarks``. Decides nothing about the trial.
"""

from __future__ import annotations

from dataclasses import dataclass

from onearm.io.json_fields import JsonField, stop
from onearm.io.registry_criteria import ListedCriterion, split_criteria
from onearm.io.registry_endpoints import design, endpoints, response, safety
from onearm.io.registry_study import StudyReader
from onearm.io.registry_treatment import treatment
from onearm.io.registry_values import UNKNOWN, Values, filled, unknown

READ = (
    "identificationModule", "statusModule", "sponsorCollaboratorsModule", "descriptionModule",
    "conditionsModule", "designModule", "armsInterventionsModule", "outcomesModule",
    "eligibilityModule", "contactsLocationsModule", "referencesModule",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """The sections of a draft protocol, and what has no place in them."""

    sections: Values
    remarks: tuple[str, ...]


def draft_of(record: JsonField) -> Draft:
    """Return the draft of a record.

    Raises
    ------
    InputError
        If the record is none of an interventional study of one group, or a
        field has the wrong type: one line with the path of the field.
    """
    section = _protocol_section(record)
    _refuse_other_designs(section)
    remarks: list[str] = []
    said = _texts(section)
    wanted = endpoints(section, said, remarks)
    planned = _planned(section)
    sections: Values = {
        "protocol": 1,
        "study": StudyReader(section, remarks).study(planned),
        "cohorts": [{"id": "main", "label": "All patients", "planned": planned}],
        "design": design(wanted, said),
        "treatment": treatment(section, said, remarks),
        "eligibility": _eligibility(section, remarks),
        "response": response(section, said),
        "endpoints": wanted,
        "safety": safety(said),
    }
    held = section.value if isinstance(section.value, dict) else {}
    if left := [name for name in held if name not in READ]:
        remarks.append(f"not taken over: {', '.join(left)}")
    return Draft(sections, tuple(remarks))


def _protocol_section(record: JsonField) -> JsonField:
    section = record["protocolSection"]
    if section.is_given:
        section["identificationModule"]  # refuses a section that is no object
        return section
    held = record.value if isinstance(record.value, dict) else {}
    message = "protocolSection is missing; no ClinicalTrials.gov record of version 2"
    if "resultsSection" in held:
        message = "protocolSection is missing; the record holds results only"
    elif "studies" in held:
        message = "holds a list of studies; give the record of one (protocolSection)"
    return stop(record.file, message)


def _refuse_other_designs(section: JsonField) -> None:
    about = section["designModule"]
    for field_, allowed in (
        (about["studyType"], "INTERVENTIONAL"),
        (about["designInfo"]["interventionModel"], "SINGLE_GROUP"),
    ):
        if field_.text() not in (None, allowed):
            field_.refuse(f"must be {allowed}, as in a single-arm trial")


def _texts(section: JsonField) -> list[str]:
    """Return every prose text that may state a dose, a cycle or an endpoint."""
    description = section["descriptionModule"]
    arms = section["armsInterventionsModule"]
    found = [
        *(one["description"].text() for one in arms["interventions"].items()),
        *(one["description"].text() for one in arms["armGroups"].items()),
        description["detailedDescription"].text(),
        description["briefSummary"].text(),
    ]
    return [text for text in found if text]


def _planned(section: JsonField) -> object:
    count = section["designModule"]["enrollmentInfo"]["count"].count()
    if count:
        return count
    return unknown(1, "the record gives no number of subjects" if count is None
                   else "the record gives 0 subjects")  # fmt: skip


def _eligibility(section: JsonField, remarks: list[str]) -> Values:
    """Return every criterion of the record's text."""
    module = section["eligibilityModule"]
    text = module["eligibilityCriteria"]
    try:
        found = split_criteria(text.text() or "")
    except ValueError as error:
        text.refuse(str(error))
    remarks += [f"line before the criteria: {line}" for line in found.lead_in]
    inclusion = [_criterion(one, found.is_parted) for one in found.inclusion]
    if not inclusion:
        nothing = unknown("unknown", "the record has no inclusion criterion")
        inclusion = [{"id": "I01", "text": nothing, "source": "no place of the record"}]
    exclusion = [_criterion(one, True) for one in found.exclusion]
    return {"inclusion": inclusion, "exclusion": exclusion}


def _criterion(one: ListedCriterion, is_parted: bool) -> Values:
    text: object = one.text
    if not is_parted:
        why = "the record does not say whether it is a criterion of inclusion or exclusion"
        text = {"value": one.text, "assumed": UNKNOWN + why}
    return filled({"id": one.id, "text": text, "source": one.where, "group": one.group})
