"""The design of a USDM study definition: arm, epochs, elements, cells, criteria, population.

Takes a protocol and the objects of its drugs and criteria, gives the design;
``remarks`` gather what the model demands and the protocol does not say.
"""

from __future__ import annotations

from dataclasses import dataclass

from onearm.io.usdm_objectives import analysis_populations, estimands_of, objectives_of
from onearm.io.usdm_objects import CODES, NOT_STATED, Json, Objects, chained
from onearm.io.usdm_schedule import Part, Timetable
from onearm.protocol.model import Phase, Protocol
from onearm.protocol.planned_design import SurvivalHypothesis


@dataclass(slots=True)
class DesignWriter:
    """Makes the design of one protocol."""

    protocol: Protocol
    new: Objects
    remarks: list[str]

    def made(self, drugs: dict[str, Json], items: list[Json]) -> Json:
        """Return the design, with everything that is of it."""
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
        objectives = objectives_of(protocol, self.new)
        populations = analysis_populations(protocol, self.new)
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
            estimands=estimands_of(protocol, self.new, objectives, populations, drugs),
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


def _words(value: object) -> str:
    """Return a value of the design; a curve is its own values."""
    if not isinstance(value, SurvivalHypothesis):
        return str(value)
    given = {name: getattr(value, name) for name in type(value).model_fields}
    return " ".join(f"{name} {one}" for name, one in given.items() if one is not None)
