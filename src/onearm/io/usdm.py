"""A protocol as a USDM study definition (JSON, version 4): what was planned, for other systems.

Takes a protocol, gives the text of the file and remarks on what the model
demands and the protocol does not say. Every assumption of the protocol is a
note of the study version. Writes nothing that is not in the protocol but the
names of the parts.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field

from onearm.io.usdm_design import DesignWriter
from onearm.io.usdm_objects import NOT_STATED, VERSION, Json, Objects
from onearm.io.usdm_treatment import intervention
from onearm.protocol.model import Criterion, Protocol


def usdm_text(protocol: Protocol, system: tuple[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the study definition as JSON, and what was taken for granted.

    ``system`` is the name and version of the program that writes it.
    """
    writer = _Writer(protocol)
    wrapper = {
        "study": writer.study(),
        "usdmVersion": VERSION,
        "systemName": system[0],
        "systemVersion": system[1],
    }
    return json.dumps(wrapper, ensure_ascii=False, indent=1) + "\n", tuple(writer.remarks)


@dataclass(slots=True)
class _Writer:
    protocol: Protocol
    new: Objects = field(default_factory=Objects)
    remarks: list[str] = field(default_factory=list)

    def study(self) -> Json:
        about = self.protocol.study
        return {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"usdm:{about.id}")),
            "name": about.id,
            "label": about.acronym,
            "description": about.summary,
            "versions": [self._version()],
            "documentedBy": [],
            "instanceType": "Study",
        }

    def _version(self) -> Json:
        about = self.protocol.study
        last = about.versions[-1] if about.versions else None
        organizations = self._organizations()
        titles = [("official", about.title), ("acronym", about.acronym)]
        drugs = {
            drug.name: intervention(drug, self.protocol, self.new)
            for drug in self.protocol.treatment.drugs
        }
        items = [self._criterion_item(one) for one in self.protocol.eligibility.all]
        design = DesignWriter(self.protocol, self.new, self.remarks).made(drugs, items)
        version = self.new.make(
            "StudyVersion",
            versionIdentifier=last.version if last else "1",
            rationale=(last.changes if last else None) or NOT_STATED,
            documentVersionIds=[],
            dateValues=[],
            amendments=[],
            businessTherapeuticAreas=[],
            studyIdentifiers=[
                self.new.make(
                    "StudyIdentifier", text=one.id, scopeId=organizations[one.registry]["id"]
                )
                for one in about.identifiers
            ],
            referenceIdentifiers=[],
            studyDesigns=[design],
            titles=[
                self.new.make("StudyTitle", text=text, type=self.new.code(f"title:{kind}"))
                for kind, text in titles
                if text
            ],
            eligibilityCriterionItems=items,
            narrativeContentItems=[],
            abbreviations=[],
            roles=[],
            organizations=list(organizations.values()),
            studyInterventions=list(drugs.values()),
            administrableProducts=[],
            medicalDevices=[],
            productOrganizationRoles=[],
            biomedicalConcepts=[],
            bcCategories=[],
            bcSurrogates=[],
            dictionaries=[],
            conditions=[],
            notes=[
                self.new.note(f"Assumed: {one.field} = {one.value} ({one.reason})")
                for one in self.protocol.assumptions
            ],
        )
        if about.sponsor:
            version["roles"] = [self._sponsor_role(version, organizations[about.sponsor])]
        return version

    def _organizations(self) -> dict[str, Json]:
        """Return the sponsor and whoever gave the study a number, by name."""
        about = self.protocol.study
        is_company = any("industry" in funder.lower() for funder in about.funders)
        kinds = {one.registry: "registry" for one in about.identifiers}
        if about.sponsor:
            kinds[about.sponsor] = "company" if is_company else "academic"
            if not is_company:
                self.remarks.append("the sponsor's kind is not stated: written as academic")
        return {
            name: self.new.make(
                "Organization",
                name=name,
                label=None,
                type=self.new.code(f"organization:{kind}"),
                identifierScheme="name",
                identifier=name,
                legalAddress=None,
                managedSites=[],
            )
            for name, kind in kinds.items()
        }

    def _sponsor_role(self, version: Json, sponsor: Json) -> Json:
        return self.new.named(
            "StudyRole",
            "Sponsor",
            code=self.new.code("role:sponsor"),
            appliesToIds=[version["id"]],
            assignedPersons=[],
            organizationIds=[sponsor["id"]],
            masking=None,
            notes=[],
        )

    def _criterion_item(self, one: Criterion) -> Json:
        return self.new.named(
            "EligibilityCriterionItem", one.id, label=one.group, text=one.text,
            dictionaryId=None, notes=[self.new.note(one.note)] if one.note else [],
        )  # fmt: skip
