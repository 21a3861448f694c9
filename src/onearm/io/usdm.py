"""A protocol as a USDM study definition (JSON, version 4): what was planned, for other systems.

Takes a protocol, gives the text of the file and remarks on what the model
demands and the protocol does not say. Every assumption of the protocol is a
note of the study version. Writes nothing that is not in the protocol but the
names of the parts.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from onearm.io.usdm_objects import CODES, VERSION, Json, Objects, chained
from onearm.io.usdm_schedule import Part, Timetable
from onearm.protocol.endpoints import Endpoint
from onearm.protocol.model import Criterion, Drug, Phase, Protocol
from onearm.protocol.planned_design import SurvivalHypothesis

NOT_STATED = "Not stated in the protocol"
LEVELS = ("primary", "secondary", "exploratory")
SAFETY = ("safety",)


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
        drugs = {drug.name: self._intervention(drug) for drug in self.protocol.treatment.drugs}
        items = [self._criterion_item(one) for one in self.protocol.eligibility.all]
        design = self._design(drugs, items)
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

    def _design(self, drugs: dict[str, Json], items: list[Json]) -> Json:
        protocol, about = self.protocol, self.protocol.study
        parts, is_open = self._parts(drugs), "open" in about.masking.lower()
        arm = self.new.named(
            "StudyArm",
            about.arm.title,
            description=about.arm.description,
            type=self.new.code("arm:experimental"),
            dataOriginDescription="Collected in this study",
            dataOriginType=self.new.code("origin:study"),
            populationIds=[],
            notes=[],
        )
        criteria = self._criteria(items)
        objectives = self._objectives()
        populations = self._analysis_populations()
        encounters, activities, timelines = Timetable(protocol, self.new).made(parts)
        return self.new.named(
            "InterventionalStudyDesign",
            "Study design",
            studyType=self.new.code("type:interventional"),
            studyPhase=self._known_alias("phase", about.phase.upper()),
            therapeuticAreas=[],
            characteristics=[],
            encounters=encounters,
            activities=activities,
            arms=[arm],
            studyCells=[
                self.new.make(
                    "StudyCell", armId=arm["id"], epochId=part.epoch["id"],
                    elementIds=[part.element["id"]],
                )
                for part in parts
            ],
            rationale=protocol.design.rationale or NOT_STATED,
            epochs=[part.epoch for part in parts],
            elements=[part.element for part in parts],
            estimands=self._estimands(objectives, populations, drugs),
            indications=[self._indication(one) for one in about.conditions],
            studyInterventionIds=[one["id"] for one in drugs.values()],
            objectives=objectives,
            population=self._population(criteria),
            scheduleTimelines=timelines,
            biospecimenRetentions=[],
            documentVersionIds=[],
            eligibilityCriteria=criteria,
            analysisPopulations=list(populations.values()),
            notes=[self.new.note(self._sample_size())],
            subTypes=[],
            model=self.new.code("model:single group"),
            intentTypes=self._known_codes("intent", about.purpose.lower()),
            blindingSchema=self.new.alias("masking:open") if is_open else None,
        )  # fmt: skip

    def _known_alias(self, kind: str, value: str) -> Json | None:
        if f"{kind}:{value}" in CODES:
            return self.new.alias(f"{kind}:{value}")
        self.remarks.append(f"{kind} {value!r} has no code here: left out")
        return None

    def _known_codes(self, kind: str, value: str) -> list[Json]:
        if f"{kind}:{value}" in CODES:
            return [self.new.code(f"{kind}:{value}")]
        self.remarks.append(f"{kind} {value!r} has no code here: left out")
        return []

    def _sample_size(self) -> str:
        design = self.protocol.design
        given = {name: getattr(design, name) for name in type(design).model_fields}
        values = [
            f"{name} {_words(value)}"
            for name, value in given.items()
            if value is not None and name != "rationale"
        ]
        return f"Design: {', '.join(values)}"

    def _parts(self, drugs: dict[str, Json]) -> list[Part]:
        """Return screening, each phase of treatment, and follow-up."""
        treatment = self.protocol.treatment
        everything = Phase(id="treatment", label="Treatment", cycles=None, drugs=tuple(drugs))
        phases = treatment.phases or (everything,)
        found = [self._part("screening", "Screening", "screening", [])]
        for one in phases:
            code = one.id if f"epoch:{one.id}" in CODES else "treatment"
            given = [drugs[name]["id"] for name in one.drugs]
            found.append(self._part(one.id, one.label or one.id, code, given, one.cycles))
        found.append(self._part("follow-up", "Follow-up", "follow-up", []))
        chained(part.epoch for part in found)
        return found

    def _part(
        self, name: str, label: str, code: str, given: list[str], cycles: int | None = None
    ) -> Part:
        length = f"{cycles} cycles" if cycles else None
        epoch = self.new.named(
            "StudyEpoch", name, label=label, description=length,
            type=self.new.code(f"epoch:{code}"), notes=[],
        )  # fmt: skip
        element = self.new.named(
            "StudyElement", name, label=label, description=length, transitionStartRule=None,
            transitionEndRule=self._end_rule() if given else None,
            studyInterventionIds=given, notes=[],
        )  # fmt: skip
        return Part(epoch, element)

    def _end_rule(self) -> Json | None:
        until = self.protocol.treatment.until
        if not until:
            return None
        return self.new.named("TransitionRule", "End of treatment", text="; ".join(until))

    def _intervention(self, drug: Drug) -> Json:
        """Return a drug with its dose; cycle and days stand in words, as the model has no cycle."""
        cycle = self.protocol.treatment.cycle_days
        days = ", ".join(str(day) for day in drug.days)
        when = f"{drug.amount} on day {days} of each {cycle}-day cycle"
        stop = f"at most {drug.stop_after}" if drug.stop_after else None
        duration = self.new.make(
            "Duration",
            text=stop,
            quantity=None,
            durationWillVary=True,
            reasonDurationWillVary="; ".join(self.protocol.treatment.until) or NOT_STATED,
        )
        administration = self.new.named(
            "Administration",
            f"{drug.name} administration",
            description=when,
            duration=duration,
            dose=self.new.quantity(float(drug.dose), drug.unit),
            route=self.new.alias(f"route:{drug.route}"),
            frequency=None,
            administrableProductId=None,
            medicalDeviceId=None,
            notes=[],
        )
        return self.new.named(
            "StudyIntervention",
            drug.name,
            label=drug.label,
            description=drug.description,
            role=self.new.code("intervention:experimental"),
            type=self.new.code("intervention:drug"),
            minimumResponseDuration=None,
            codes=[],
            administrations=[administration],
            notes=[self.new.note(text) for text in _remarks(drug)],
        )

    def _criterion_item(self, one: Criterion) -> Json:
        return self.new.named(
            "EligibilityCriterionItem", one.id, label=one.group, text=one.text,
            dictionaryId=None, notes=[self.new.note(one.note)] if one.note else [],
        )  # fmt: skip

    def _criteria(self, items: list[Json]) -> list[Json]:
        kinds = {"I": "inclusion", "E": "exclusion"}
        return chained(
            self.new.named(
                "EligibilityCriterion",
                one.id,
                category=self.new.code(f"criterion:{kinds[one.id[0]]}"),
                identifier=one.id,
                criterionItemId=item["id"],
                notes=[],
            )
            for one, item in zip(self.protocol.eligibility.all, items, strict=True)
        )

    def _indication(self, condition: str) -> Json:
        self.remarks.append(f"whether {condition} is a rare disease is not stated: written as no")
        return self.new.named("Indication", condition, codes=[], isRareDisease=False, notes=[])

    def _population(self, criteria: list[Json]) -> Json:
        about = self.protocol.study
        if about.age.minimum is not None or about.age.maximum is not None:
            self.remarks.append(
                "age limits stand in the criteria alone: the model asks for both ends"
            )
        sexes = {"all": "FM", "female": "F", "male": "M"}[about.sex]
        cohorts = self.protocol.cohorts

        def people(kind: str, name: str, planned: int, **more: object) -> Json:
            return more | self.new.named(
                kind,
                name,
                includesHealthySubjects=about.healthy_volunteers,
                plannedEnrollmentNumber=self.new.quantity(planned),
                plannedCompletionNumber=None,
                plannedSex=[self.new.code(f"sex:{one}") for one in sexes],
                criterionIds=[one["id"] for one in criteria],
                plannedAge=None,
                notes=[],
            )

        inner = [
            people("StudyCohort", one.id, one.planned, characteristics=[], indicationIds=[])
            for one in cohorts
            if len(cohorts) > 1
        ]
        return people(
            "StudyDesignPopulation", "Study population", about.enrolment.planned, cohorts=inner
        )

    def _objectives(self) -> list[Json]:
        """Return an objective a level, with its endpoints."""
        found = []
        for level in LEVELS:
            endpoints: Sequence[Endpoint] = getattr(self.protocol.endpoints, level)
            if not endpoints:
                continue
            names = ", ".join(one.name for one in endpoints)
            found.append(
                self.new.named(
                    "Objective",
                    f"{level} objective",
                    text=f"To evaluate: {names}",
                    dictionaryId=None,
                    notes=[],
                    level=self.new.code(f"objective:{level}"),
                    endpoints=[self._endpoint(level, one) for one in endpoints],
                )
            )
        return found

    def _endpoint(self, level: str, one: Endpoint) -> Json:
        return self.new.named(
            "Endpoint",
            one.id,
            label=one.name,
            text=one.definition or one.name,
            dictionaryId=None,
            notes=[],
            purpose="Safety" if one.id in SAFETY else "Efficacy",
            level=self.new.code(f"endpoint:{level}"),
        )

    def _analysis_populations(self) -> dict[str, Json]:
        """Return the analysis sets, and the populations of the estimands, by their text."""
        texts: dict[str, str] = {one.definition: one.id for one in self.protocol.sets}
        for endpoint in self.protocol.endpoints.all:
            if endpoint.estimand:
                texts.setdefault(endpoint.estimand.population, f"population of {endpoint.id}")
        return {
            text: self.new.named("AnalysisPopulation", name, text=text, subsetOfIds=[], notes=[])
            for text, name in texts.items()
        }

    def _estimands(
        self, objectives: list[Json], populations: dict[str, Json], drugs: dict[str, Json]
    ) -> list[Json]:
        variables = {one["name"]: one["id"] for own in objectives for one in own["endpoints"]}
        return [
            self.new.named(
                "Estimand",
                f"estimand of {one.id}",
                description=f"Variable: {estimand.variable}. Summary: {estimand.summary}",
                populationSummary=estimand.population,
                analysisPopulationId=populations[estimand.population]["id"],
                interventionIds=[drug["id"] for drug in drugs.values()],
                variableOfInterestId=variables[one.id],
                intercurrentEvents=[
                    self.new.named(
                        "IntercurrentEvent", event.event, description=event.note, text=event.event,
                        dictionaryId=None, notes=[], strategy=event.strategy,
                    )
                    for event in estimand.intercurrent_events
                ],
                notes=[],
            )
            for one in self.protocol.endpoints.all
            if (estimand := one.estimand)
        ]  # fmt: skip


def _remarks(drug: Drug) -> list[str]:
    """Return what the model has no attribute for."""
    levels = ", ".join(str(level) for level in drug.levels)
    return [
        *([f"Dose levels: {levels}"] if levels else []),
        *([f"Alternatives: the drugs of the choice {drug.choice!r}"] if drug.choice else []),
        *([f"Infusion: {drug.infusion_minutes} minutes"] if drug.infusion_minutes else []),
        *([drug.note] if drug.note else []),
    ]


def _words(value: object) -> str:
    """Return a value of the design; a curve is its own values."""
    if not isinstance(value, SurvivalHypothesis):
        return str(value)
    given = {name: getattr(value, name) for name in type(value).model_fields}
    return " ".join(f"{name} {one}" for name, one in given.items() if one is not None)
