"""Which analyses a protocol asks for, before any data.

Takes a protocol, gives the analyses in the order in which they are reported,
each with its groups, its set and its method. Knows no records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onearm.clinical.biomarkers import levels_of
from onearm.clinical.readings import PlannedReading
from onearm.clinical.subject import censoring_of
from onearm.protocol.censoring import PRESETS
from onearm.protocol.model import Protocol
from onearm.protocol.planned_design import SimonDesign, SingleStageDesign, SurvivalDesign
from onearm.protocol.schedule import PlannedBiomarker
from onearm.results.model import slug
from onearm.terms import AnalysisSet

SCREENED, ENROLLED, TREATED = AnalysisSet.SCREENED, AnalysisSet.ENROLLED, AnalysisSet.TREATED
MEASURABLE = AnalysisSet.TREATED_MEASURABLE
OF_RESPONSE = (
    "rate", "responses", "primary", "primary-count", "concordance", "marker-response",
)  # fmt: skip
"""Families whose denominator the option ``population`` decides."""
OF_ENROLLED = ("deviations", "accrual", "sites")


@dataclass(frozen=True, slots=True)
class Group:
    """All subjects, a subgroup (characteristic -> allowed values), or a level of a biomarker."""

    id: str
    label: str
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    marker: tuple[PlannedBiomarker, str] | None = None  # and its level


@dataclass(frozen=True, slots=True)
class Analysis:
    """One planned analysis; ``variants`` are computed beside the default."""

    id: str
    title: str
    family: str  # flow, baseline, rate, responses, time, safety, ...
    set: AnalysisSet
    groups: tuple[Group, ...]
    variants: tuple[str, ...] = ()
    has_default: bool = True

    @property
    def computed(self) -> tuple[str, ...]:
        """The variants that are computed; the default, where it is, has no name."""
        return ("", *self.variants) if self.has_default else self.variants


ALL = Group("all", "Total")
STUDY = "study"
"""The variant of the disposition that is about the study, not a drug."""
MARKED = ("orr", "pfs", "os")
"""Endpoints that a biomarker is set against where the protocol names none."""
TIMES = (
    ("pfs", "Progression-free survival"),
    ("os", "Overall survival"),
    ("ttr", "Time to response"),
    ("dor", "Duration of response"),
)
FOLLOW_UPS = (
    ("follow-up-pfs", "Follow-up for progression-free survival"),
    ("follow-up-os", "Follow-up for overall survival"),
)
ITIMES = (
    ("ipfs", "Progression-free survival by iRECIST"),
    ("idor", "Duration of response by iRECIST"),
)
SAFETY = (
    ("ae", "Adverse events"),
    ("trae", "Treatment-related adverse events"),
    ("sae", "Serious adverse events"),
    ("related-sae", "Treatment-related serious adverse events"),
    ("irae", "Immune-related adverse events"),
    ("related-irsae", "Immune-related serious adverse events"),
    ("trae-reduced", "Treatment-related events with dose reduction"),
    ("trae-discontinued", "Treatment-related events with discontinuation"),
)
"""Kinds of events that are counted in every subgroup."""
ACTIONS = (
    ("ae-fatal", "Fatal adverse events"),
    ("trae-fatal", "Fatal treatment-related adverse events"),
    ("ae-interrupted", "Events with interruption"),
    ("ae-reduced", "Events with dose reduction"),
    ("ae-modified", "Events with interruption or dose reduction"),
    ("ae-discontinued", "Events with discontinuation"),
    ("trae-interrupted", "Treatment-related events with interruption"),
    ("trae-modified", "Treatment-related events with interruption or dose reduction"),
    ("sae-modified", "Serious events with interruption or dose reduction"),
    ("sae-discontinued", "Serious events with discontinuation"),
)
"""Kinds of events that are counted of all subjects together."""


def groups_of(protocol: Protocol) -> tuple[Group, ...]:
    """Return all subjects, then the subgroups in the order of the protocol."""
    return (
        ALL,
        *(
            Group(group.id, group.label, tuple(sorted(group.where.items())))
            for group in protocol.subgroups
        ),
    )


def markers_of(protocol: Protocol, endpoint: str) -> tuple[PlannedBiomarker, ...]:
    """Return the biomarkers that are set against an endpoint; one that names none has the usual."""
    return tuple(
        marker
        for marker in protocol.biomarkers
        if marker.kind is not None
        and endpoint in {one.casefold() for one in marker.endpoints or MARKED}
    )


def marker_groups(protocol: Protocol, endpoint: str) -> tuple[Group, ...]:
    """Return a group for each level of each biomarker that is set against an endpoint."""
    return tuple(
        Group(slug(f"{marker.id} {level}"), f"{marker.label}: {level}", (), (marker, level))
        for marker in markers_of(protocol, endpoint)
        for level in levels_of(marker)
    )


def _other_presets(protocol: Protocol) -> tuple[str, ...]:
    """Return the censoring presets that differ from what the study chose for PFS."""
    own = censoring_of(protocol)
    return tuple(name for name, rules in PRESETS.items() if rules != own)


def _verdict_by(protocol: Protocol) -> str:
    """Return the family that gives the verdict: an endpoint's own decision, else the design's."""
    if any(one.decision is not None for one in protocol.endpoints.primary):
        return "primary"
    if isinstance(protocol.design, SurvivalDesign):
        return "primary-time"
    is_counted = isinstance(protocol.design, SimonDesign | SingleStageDesign)
    return "primary-count" if is_counted else "primary"


def responding(protocol: Protocol) -> AnalysisSet:
    """Return the set whose responses count, by the study's option."""
    is_measurable = protocol.response.rules.population == "treated_measurable"
    return MEASURABLE if is_measurable else TREATED


def plan(protocol: Protocol, readings: Sequence[PlannedReading] = ()) -> tuple[Analysis, ...]:
    """Return the analyses that the protocol asks for.

    ``readings`` are the other sources and evaluators that the study holds: each is
    a variant of the response rates, the best responses and the times that depend on them.
    """
    others = tuple(one.name for one in readings)
    primary = protocol.response.primary_evaluator
    readers = tuple(one.name for one in readings if one.evaluator != primary)
    every, whole = groups_of(protocol), (ALL,)
    irecist = ("irecist",) if protocol.response.also == "iRECIST" else ()
    variants_of_time = dict.fromkeys(("ttr", "dor", *(name for name, _ in ITIMES)), others)
    variants_of_time["pfs"] = (*_other_presets(protocol), *others)
    drugs = tuple(drug.name for drug in protocol.treatment.drugs)
    unconfirmed = ("unconfirmed", *irecist)
    one_sided = ("level-90",) if protocol.analysis.level == 0.95 else ()

    verdict = _verdict_by(protocol)
    counted_for_response = responding(protocol)
    two_stage = (
        (Analysis("orr", "ORR after two stages", "two-stage", counted_for_response, whole),)
        if isinstance(protocol.design, SimonDesign)
        else ()
    )

    def analysis(
        name: str, title: str, family: str, groups: tuple[Group, ...], *variants: str
    ) -> Analysis:
        counted = (
            counted_for_response
            if family in OF_RESPONSE
            else ENROLLED
            if family in OF_ENROLLED
            else TREATED
        )
        return Analysis(name, title, family, counted, groups, variants)

    rates = [
        ("orr", "Objective response rate", ("wilson", *one_sided, *unconfirmed, *others)),
        ("dcr", "Disease control rate", ("wilson", *one_sided, *unconfirmed, *others)),
        ("cbr", "Clinical benefit rate", ("wilson", *one_sided, *others)),
    ]
    times = [*TIMES, *(ITIMES if irecist else ()), *FOLLOW_UPS]
    own_reading = one_sided if verdict == "primary" else ()
    of_verdict = (analysis("primary", "Primary endpoint", verdict, whole, *own_reading),)
    return (
        analysis("flow", "Patient flow", "flow", whole, "of-treated"),
        analysis("baseline", "Baseline characteristics", "baseline", every),
        *(
            analysis(name, title, "rate", (*every, *marker_groups(protocol, name)), *variants)
            for name, title, variants in rates
        ),
        analysis("bor", "Best overall response", "responses", every, *unconfirmed, *others),
        *(of_verdict if verdict == "primary" else ()),
        *two_stage,
        *(of_verdict if verdict == "primary-count" else ()),
        analysis("progressed", "Progression", "happened", every),
        analysis("died", "Death", "happened", every),
        *(
            analysis(name, title, "time", every, *variants_of_time.get(name, ()))
            for name, title in times
        ),
        *(of_verdict if verdict == "primary-time" else ()),  # after the times
        analysis("agreement", "Recorded against derived responses", "agreement", whole, *readers),
        analysis("concordance", "Agreement of readers", "concordance", whole, *readers),
        analysis("beyond-progression", "Treatment beyond progression", "beyond", whole),
        analysis("best-change", "Best change of the target sum", "change", whole),
        *(analysis(name, title, "safety", every, *drugs) for name, title in SAFETY),
        *(analysis(name, title, "safety", whole, *drugs) for name, title in ACTIONS),
        analysis("dose-reduced", "Dose reductions", "reduced", whole, *drugs),
        analysis("exposure", "Exposure", "exposure", whole, *drugs),
        analysis("dose-intensity", "Dose intensity", "intensity", whole, *drugs),
        analysis("irsae-outcome", "After an immune-related serious event", "irsae", whole),
        analysis("irae-outcome", "After an immune-related event", "irae-outcome", whole),
        analysis("irae-incidence", "Immune-related events over time", "incidence", whole),
        analysis("irae-landmark", "Outcome from a landmark", "landmark", whole, "firth"),
        analysis("irae-hazard", "Hazard after an immune-related event", "hazard", whole, "firth"),
        analysis("biomarker-evaluable", "Biomarkers known", "marker-set", whole),
        analysis("biomarker-response", "Response by biomarker", "marker-response", whole),
        analysis("biomarker-pfs", "PFS by biomarker", "marker-time", whole, "firth"),
        analysis("biomarker-os", "OS by biomarker", "marker-time", whole, "firth"),
        *(
            analysis(name, f"{title}, by level of a biomarker", "time", groups)
            for name, title in times
            if name in ("pfs", "os") and (groups := marker_groups(protocol, name))
        ),
        analysis("biomarker-tests", "Tests of biomarkers", "marker-tests", whole),
        analysis("teae", "Treatment-emergent adverse events", "emergent", whole),
        analysis("teae-serious", "Serious treatment-emergent events", "serious", whole),
        analysis("teae-other", "Other treatment-emergent events", "serious", whole),
        analysis("aesi", "Adverse events of special interest", "special-interest", whole),
        analysis("disposition", "Disposition", "disposition", whole, STUDY, *drugs),
        analysis("deaths", "Deaths", "deaths", whole),
        analysis("deviations", "Deviations", "deviations", whole),
        Analysis("screen-failures", "Screening failures", "screening", SCREENED, whole),
        analysis("accrual", "Accrual", "accrual", whole),
        analysis("sites", "Sites", "sites", whole),
        analysis("treatment-time", "Time on treatment", "treatment-time", whole),
        analysis("lab-worst", "Worst laboratory grades", "lab-worst", whole),
        analysis("lab-shift", "Laboratory grades, from baseline to worst", "lab-shift", whole),
        analysis("lab-abnormal", "Laboratory values that left normal", "lab-abnormal", whole),
        analysis("hys-law", "Hy's law", "liver", whole),
    )
