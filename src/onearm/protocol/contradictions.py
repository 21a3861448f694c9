"""Sections of a protocol that contradict each other, each with the path of the second.

Takes a protocol, gives the path of a value and a sentence that quotes both
sides. A protocol that lacks a section (its values were not allowed) is looked
at as far as it goes. What one value may be stands in the models; whether a
stated sample size is right is for ``onearm.design``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from onearm.errors import nearest
from onearm.protocol.document import Path
from onearm.protocol.dosing_contradictions import dosing_contradictions
from onearm.protocol.endpoints import IRECIST, PROPORTIONS, TIMES
from onearm.protocol.marker_contradictions import marker_contradictions
from onearm.protocol.model import Protocol
from onearm.protocol.planned_design import (
    PrecisionDesign,
    SimonDesign,
    SingleStageDesign,
    SurvivalDesign,
    SurvivalHypothesis,
)
from onearm.protocol.response import ResponseRules

Contradiction = tuple[Path, str]
BUILT_IN = ("age_years", "sex", "site")


def contradictions(protocol: Protocol) -> Iterator[Contradiction]:
    """Return every contradiction between sections that are there."""
    for sections, check in CHECKS:
        if all(section in protocol.__dict__ for section in sections):
            yield from check(protocol)


def _sizes(protocol: Protocol) -> Iterator[Contradiction]:
    cohorts = sum(cohort.planned for cohort in protocol.cohorts)
    planned, design = protocol.study.enrolment.planned, protocol.design
    if planned != cohorts:
        path: Path = ("study", "enrolment", "planned")
        yield path, f"{planned} subjects planned, but the cohorts add up to {cohorts}"
    if design.enrolled is not None and design.enrolled != cohorts:
        path = ("design", "enrolled")
        yield path, f"design.enrolled is {design.enrolled}, but the cohorts add up to {cohorts}"
    if design.n is not None and design.n > (enrolled := design.enrolled or cohorts):
        yield ("design", "n"), f"design.n is {design.n}, but {enrolled} subjects are to be enrolled"


def _hypotheses(protocol: Protocol) -> Iterator[Contradiction]:
    design = protocol.design
    if isinstance(design, PrecisionDesign) and design.target <= design.lower_limit_above:
        limit = f"design.lower_limit_above {design.lower_limit_above}"
        yield ("design", "target"), f"design.target {design.target} must exceed {limit}"
    if isinstance(design, SimonDesign | SingleStageDesign) and design.p1 <= design.p0:
        yield ("design", "p1"), f"design.p1 {design.p1} must exceed design.p0 {design.p0}"
    if isinstance(design, SimonDesign):
        yield from _stages(design)
    if isinstance(design, SurvivalDesign):
        yield from _curves(design)


def _stages(design: SimonDesign) -> Iterator[Contradiction]:
    pairs = (("r1", "<", "n1"), ("n1", "<", "n"), ("r", "<", "n"), ("r1", "<=", "r"))
    for low, relation, high in pairs:
        first, second = getattr(design, low), getattr(design, high)
        if first is None or second is None:
            continue
        if first > second or (relation == "<" and first == second):
            yield ("design", low), f"design.{low} {first} must be {relation} {high} {second}"


def _curves(design: SurvivalDesign) -> Iterator[Contradiction]:
    null, wanted = design.null, design.alternative
    for name, curve in (("null", null), ("alternative", wanted)):
        if not _is_one_curve(curve):
            message = f"design.{name} needs either a median, or a rate and the time it is `at`"
            yield ("design", name), message
    if null.median and wanted.median and wanted.median.days <= null.median.days:
        path: Path = ("design", "alternative", "median")
        yield path, f"the alternative median {wanted.median} must exceed the null {null.median}"
    if null.rate and wanted.rate and null.at == wanted.at and wanted.rate <= null.rate:
        path = ("design", "alternative", "rate")
        yield path, f"the alternative rate {wanted.rate} must exceed the null rate {null.rate}"
    if design.shape is not None and design.distribution == "exponential":
        yield ("design", "shape"), "design.shape is given, but the distribution is exponential"


def _is_one_curve(curve: SurvivalHypothesis) -> bool:
    has_rate = curve.rate is not None and curve.at is not None
    has_part = curve.rate is not None or curve.at is not None
    return has_rate if curve.median is None else not has_part


def _endpoints_of_design(protocol: Protocol) -> Iterator[Contradiction]:
    design, primary = protocol.design, [e.id for e in protocol.endpoints.primary]
    wanted: tuple[str, ...] = TIMES if isinstance(design, SurvivalDesign) else PROPORTIONS
    if isinstance(design, SurvivalDesign) and design.endpoint not in primary:
        wanted = (design.endpoint,)
    if not set(primary) & set(wanted) and isinstance(design, SurvivalDesign | PrecisionDesign):
        needs = f"a design of kind {design.kind} needs {' or '.join(wanted)}"
        yield ("endpoints", "primary"), f"endpoints.primary is {', '.join(primary)}, but {needs}"
    if not isinstance(design, PrecisionDesign):
        return
    for position, endpoint in enumerate(protocol.endpoints.primary):
        decision = endpoint.decision
        if decision and decision.lower_limit_above != design.lower_limit_above:
            path: Path = ("endpoints", "primary", position, "decision", "lower_limit_above")
            limit = f"design.lower_limit_above is {design.lower_limit_above}"
            yield path, f"the decision needs more than {decision.lower_limit_above}, but {limit}"


def _irecist(protocol: Protocol) -> Iterator[Contradiction]:
    if protocol.response.also == "iRECIST":
        return
    for section in ("primary", "secondary", "exploratory"):
        for position, endpoint in enumerate(getattr(protocol.endpoints, section)):
            if endpoint.id in IRECIST:
                message = f"endpoint {endpoint.id} needs 'also: iRECIST' under response"
                yield ("endpoints", section, position), message


def rule_contradictions(rules: ResponseRules) -> Iterator[tuple[str, str]]:
    """Yield the options of response evaluation that contradict one another, with the reason."""
    given = rules.model_fields_set
    if {"cbr_months", "cbr_weeks"} <= given and rules.cbr_months and rules.cbr_weeks:
        both = f"cbr_weeks {rules.cbr_weeks} and cbr_months {rules.cbr_months}"
        yield "cbr_weeks", f"response has {both}; give one of them"
    for low, high in (("icpd_min_days", "icpd_max_days"), ("confirm_days", "max_confirm_gap_days")):
        first, second = getattr(rules, low), getattr(rules, high)
        if second is not None and first > second:
            yield low, f"{low} {first} must be at most {high} {second}"
    if rules.partial_other == "bound" and rules.partial_cap_mm is None:
        yield (
            "partial_other",
            "partial_other bound needs partial_cap_mm, the cap of a missing target",
        )
    if rules.partial_other == "ne" and rules.partial_cap_mm is not None:
        yield "partial_cap_mm", "partial_cap_mm has a meaning only with partial_other: bound"
    if rules.min_sd_tolerance_days > rules.min_sd_days:
        tolerance = f"min_sd_tolerance_days {rules.min_sd_tolerance_days}"
        yield (
            "min_sd_tolerance_days",
            f"{tolerance} must be at most min_sd_days {rules.min_sd_days}",
        )
    if rules.icpd_tolerance_days > rules.icpd_min_days:
        tolerance = f"icpd_tolerance_days {rules.icpd_tolerance_days}"
        yield (
            "icpd_tolerance_days",
            f"{tolerance} must be at most icpd_min_days {rules.icpd_min_days}",
        )


def _response_options(protocol: Protocol) -> Iterator[Contradiction]:
    response = protocol.response
    for option, message in rule_contradictions(response):
        yield ("response", option), message
    every, window = response.assess_every_days, response.assess_window_days
    if every is not None and window is not None and 2 * window >= every:
        path: Path = ("response", "assess_window")
        yield path, f"windows of {window} days about assessments every {every} days overlap"
    if response.missed_visit_as_ne and every is None:
        path = ("response", "missed_visit_as_ne")
        yield path, "missed_visit_as_ne needs assess_every, or no visit can be missed"


def _imaging(protocol: Protocol) -> Iterator[Contradiction]:
    response = protocol.response
    for position, assessment in enumerate(protocol.schedule.assessments):
        if assessment.id != "imaging":
            continue
        for key, ours, theirs in (
            ("every", assessment.every_days, response.assess_every_days),
            ("window", assessment.window_days, response.assess_window_days),
        ):
            if ours is not None and theirs is not None and ours != theirs:
                path: Path = ("schedule", "assessments", position, key)
                message = f"response.assess_{key} is {theirs} days"
                yield path, f"imaging has {key} {ours} days here, but {message}"


def _age(protocol: Protocol) -> Iterator[Contradiction]:
    low, high = protocol.study.age.minimum, protocol.study.age.maximum
    if low is not None and high is not None and low > high:
        yield ("study", "age", "minimum"), f"study.age.minimum {low} exceeds the maximum {high}"


def _drugs(protocol: Protocol) -> Iterator[Contradiction]:
    treatment = protocol.treatment
    for position, drug in enumerate(treatment.drugs):
        path: Path = ("treatment", "drugs", position)
        levels = ", ".join(str(level) for level in drug.levels)
        if drug.levels and drug.amount not in drug.levels:
            yield (*path, "levels"), f"{drug.name}: the dose {drug.amount} is not among {levels}"
        if list(drug.levels) != sorted(drug.levels, key=lambda level: -level.value):
            yield (*path, "levels"), f"{drug.name}: the levels must go downwards; got {levels}"
        if len(drug.levels) > 1 and not drug.is_modifiable:
            message = f"{drug.name}: not modifiable, but has the levels {levels}"
            yield (*path, "is_modifiable"), message
        if drug.days[-1] > treatment.cycle_days:
            message = (
                f"{drug.name}: day {drug.days[-1]} is after the cycle's {treatment.cycle_days}"
            )
            yield (*path, "days"), f"{message} days"
        if drug.infusion_minutes is not None and drug.route != "intravenous":
            yield (*path, "infusion"), f"{drug.name}: an infusion, but the route is {drug.route}"


def _drug_names(protocol: Protocol) -> Iterator[Contradiction]:
    treatment = protocol.treatment
    names = [drug.name for drug in treatment.drugs]
    for number, phase in enumerate(treatment.phases):
        for position, name in enumerate(phase.drugs):
            if name not in names:
                path: Path = ("treatment", "phases", number, "drugs", position)
                yield path, f"{name!r} is no drug of the protocol{nearest(name, names)}"
    for position, rule in enumerate(treatment.dose_rules):
        if rule.drug not in names:
            message = f"{rule.drug!r} is no drug of the protocol{nearest(rule.drug, names)}"
            yield ("treatment", "dose_rules", position, "drug"), message


def _subgroups(protocol: Protocol) -> Iterator[Contradiction]:
    known = {item.id: item for item in protocol.characteristics}
    for position, subgroup in enumerate(protocol.subgroups):
        for name, values in subgroup.where.items():
            path: Path = ("subgroups", position, "where", name)
            if name not in known and name not in BUILT_IN:
                hint = nearest(name, [*known, *BUILT_IN])
                yield path, f"{name!r} is not among the characteristics{hint}"
                continue
            levels = [level.value for level in known[name].levels] if name in known else []
            for value in values:
                if levels and value not in levels:
                    hint = nearest(value, levels) or f"; its levels are {', '.join(levels)}"
                    yield path, f"{value!r} is not a level of {name}{hint}"


def _characteristics(protocol: Protocol) -> Iterator[Contradiction]:
    for position, item in enumerate(protocol.characteristics):
        path: Path = ("characteristics", position)
        if item.kind == "continuous" and item.levels:
            yield (*path, "levels"), f"{item.id} is continuous, but has levels"
        if item.kind == "categorical" and not item.levels:
            yield path, f"{item.id} is categorical, but has no levels"
        values = [level.value for level in item.levels]
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield (*path, "levels"), f"{item.id} has the level {value!r} twice"


def _criterion_letters(protocol: Protocol) -> Iterator[Contradiction]:
    for section, letter in (("inclusion", "I"), ("exclusion", "E")):
        for position, criterion in enumerate(getattr(protocol.eligibility, section)):
            if not criterion.id.startswith(letter):
                path: Path = ("eligibility", section, position, "id")
                yield path, f"{criterion.id} stands under {section}; its ids begin with {letter}"


def _sample_names(protocol: Protocol) -> Iterator[Contradiction]:
    names = [sample.id for sample in protocol.samples]
    for position, marker in enumerate(protocol.biomarkers):
        if marker.sample is not None and marker.sample not in names:
            message = f"{marker.sample!r} is not among the samples{nearest(marker.sample, names)}"
            yield ("biomarkers", position, "sample"), message


def _landmarks(protocol: Protocol) -> Iterator[Contradiction]:
    days = protocol.analysis.landmarks_days
    for position, (before, after) in enumerate(pairwise(days), start=1):
        if after <= before:
            path: Path = ("analysis", "landmarks", position)
            yield path, "analysis.landmarks must go upwards"


def _benefit(protocol: Protocol) -> Iterator[Contradiction]:
    response = protocol.response
    has_limit = response.cbr_months is not None or response.cbr_weeks is not None
    if not has_limit and any(endpoint.id == "cbr" for endpoint in protocol.endpoints.all):
        yield ("response",), "endpoint cbr needs response.cbr_months or response.cbr_weeks"


def _unique(name: str, *paths: Path) -> Callable[[Protocol], Iterator[Contradiction]]:
    """Return a check that no two items of some lists have one ``name``."""

    def check(protocol: Protocol) -> Iterator[Contradiction]:
        seen: set[str] = set()
        for path in paths:
            items: object = protocol
            for step in path:
                items = getattr(items, str(step))
            assert isinstance(items, Iterable)
            for position, item in enumerate(items):
                value = str(getattr(item, name))
                if value in seen:
                    yield (*path, position), f"{value!r} stands twice under {path[-1]}"
                seen.add(value)

    return check


CHECKS: tuple[tuple[tuple[str, ...], Callable[[Protocol], Iterator[Contradiction]]], ...] = (
    (("study", "cohorts", "design"), _sizes),
    (("study",), _age),
    (("study",), _unique("id", ("study", "identifiers"))),
    (("cohorts",), _unique("id", ("cohorts",))),
    (("design",), _hypotheses),
    (("treatment",), _drugs),
    (("treatment",), _drug_names),
    (("treatment",), dosing_contradictions),
    (("treatment",), _unique("name", ("treatment", "drugs"))),
    (("treatment",), _unique("id", ("treatment", "phases"))),
    (("eligibility",), _criterion_letters),
    (("eligibility",), _unique("id", ("eligibility", "inclusion"), ("eligibility", "exclusion"))),
    (("schedule", "response"), _imaging),
    (("schedule",), _unique("id", ("schedule", "assessments"))),
    (("response",), _response_options),
    (("response", "endpoints"), _irecist),
    (("response", "endpoints"), _benefit),
    (("design", "endpoints"), _endpoints_of_design),
    (("endpoints",), _unique("id", ("endpoints", "all"))),
    (("analysis",), _landmarks),
    (("subgroups", "characteristics"), _subgroups),
    (("subgroups",), _unique("id", ("subgroups",))),
    (("characteristics",), _characteristics),
    (("characteristics",), _unique("id", ("characteristics",))),
    (("samples", "biomarkers"), _sample_names),
    (("biomarkers",), _unique("id", ("biomarkers",))),
    (("biomarkers", "subgroups"), marker_contradictions),
)
"""Which sections a check needs, and the check."""
