"""The sentences of a report: headlines from results, methods from the protocol's options.

A number in a headline is placed by its result's id. Sentences whose results do
not exist are left out. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from onearm import format as fmt
from onearm.protocol.model import Protocol
from onearm.report.model import Phrase, Span, phrase
from onearm.report.shown import Shown
from onearm.report.tables import EXACT, capital
from onearm.report.verdicts import verdict
from onearm.terms import DAYS_PER_MONTH

ENDED_BY = {
    "new_therapy": "a new anti-cancer therapy",
    "clinical_progression": "symptomatic deterioration",
    "discontinuation": "stopping treatment without progression",
}
CONVENTION = {
    "sas": (
        "ties by the SAS convention (LIFETEST): a median is reached only where the curve crosses "
        "50% or leaves a flat piece there"
    ),
    "r": "ties by the convention of the R package survival",
}
AS_RECORDED = "Best responses, where there are any, were taken as recorded; no response was judged."
BELOW = {"python": "Python", "numpy": "numpy", "scipy": "scipy"}
"""The software that results are computed with, by its name among the versions."""
QUARTILES = {"sas-5": "SAS definition 5", "r-7": "R type 7"}


def headlines(shown: Shown) -> Iterator[tuple[str, Phrase]]:
    """Return the sentences that a reader wants first, each with its name."""
    if shown.row("orr/all/count"):
        yield "Objective response", phrase(_of(shown, "orr/all"), _interval(shown, "orr/all"), ".")
    if shown.row("dcr/all/count"):
        yield "Disease control", phrase(_of(shown, "dcr/all"), _interval(shown, "dcr/all"), ".")
    if shown.row("primary/all/met"):
        yield "Primary endpoint", verdict(shown)
    for analysis, name in (("pfs", "Progression-free survival"), ("os", "Overall survival")):
        if shown.row(f"{analysis}/all/median"):
            yield name, _time(shown, f"{analysis}/all")
    if shown.row("trae/all/any_count"):
        yield "Treatment-related adverse events", _safety(shown)


def _of(shown: Shown, head: str) -> Phrase:
    """Return '11 of 30 patients, 36.67%'."""
    share = phrase(", ", shown.value_with_unit(f"{head}/estimate"))
    noun = fmt.by_number(shown.row(f"{head}/total"), " patient", " patients")
    counted = (shown.value(f"{head}/count"), " of ", shown.value(f"{head}/total"), noun)
    return phrase(*counted, share if shown.has_value(f"{head}/estimate") else "")


def _interval(shown: Shown, head: str) -> Phrase:
    return phrase(" (", shown.limits(f"{head}/lower", f"{head}/upper"), ")")


def _time(shown: Shown, head: str) -> Phrase:
    event = fmt.by_number(shown.row(f"{head}/events"), " event in ", " events in ")
    patients = fmt.by_number(shown.row(f"{head}/total"), " patient", " patients")
    events = (shown.value(f"{head}/events"), event, shown.value(f"{head}/total"))
    parts: list[str | Span | Phrase] = [
        "Median ",
        _median(shown, f"{head}/median"),
        _interval(shown, head),
        "; ",
        *events,
        patients,
    ]
    for landmark in shown.protocol.analysis.landmarks:
        rate = f"{head}/rate_{landmark.suffix}"
        if shown.row(rate):
            parts += [f"; at {landmark} ", shown.value_with_unit(rate)]
    return phrase(*parts, ".")


def _median(shown: Shown, result_id: str) -> Phrase:
    if shown.has_value(result_id):
        return shown.value_with_unit(result_id)
    text = fmt.result(shown.row(result_id))
    words = {fmt.NOT_REACHED: "not reached", fmt.NOT_ESTIMABLE: "not estimable"}
    return phrase(Span(words.get(text, text), result_id))


def _safety(shown: Shown) -> Phrase:
    head = "trae/all"
    any_grade = phrase(shown.value(f"{head}/any_count"), " of ", shown.value(f"{head}/total"))
    share = shown.value_with_unit(f"{head}/grade_3_estimate")
    severe = phrase(shown.value(f"{head}/grade_3_count"), " (", share, ")")
    fatal = shown.value(f"{head}/grade_5_count")
    patients = fmt.by_number(shown.row(f"{head}/total"), " patient", " patients")
    return phrase(
        any_grade, patients, "; grade 3 or higher in ", severe, "; grade 5 in ", fatal, "."
    )


def methods(
    shown: Shown, provenance: Mapping[str, object], recorded: Collection[str] = ()
) -> tuple[tuple[str, str], ...]:
    """Return the methods of what was computed, by what they are about.

    ``recorded`` names the times that were taken as recorded, without their dates.
    """
    protocol = shown.protocol
    said = (
        ("Response", AS_RECORDED if recorded else _response_methods(protocol)),
        ("Proportions", _rate_methods(protocol) if shown.has_any("orr") else ""),
        ("Times to an event", _time_methods(shown, recorded)),
        ("Primary endpoint", _primary_methods(shown)),
        ("Biomarkers", _biomarker_methods(shown)),
        ("Immune-related events", _immune_methods(shown)),
        ("Safety and description", _other_methods(shown)),
        ("Software", _software(protocol, provenance)),
    )
    return tuple((about, words) for about, words in said if words)


def _response_methods(protocol: Protocol) -> str:
    plan, rules = protocol.response, protocol.response.rules
    source = (
        "derived from the lesion measurements"
        if plan.primary_source == "derived"
        else f"taken as recorded ({plan.primary_evaluator})"
    )
    also = ", beside it by iRECIST" if plan.also else ""
    start = rules.reference_date.replace("_", " ")
    benefit = (
        f"{rules.cbr_weeks} weeks" if rules.cbr_weeks is not None else f"{rules.cbr_months} months"
    )
    deviating = [
        f"{name} = {getattr(rules, name)}"
        for name, option in type(rules).model_fields.items()
        if getattr(rules, name) != option.default
    ]
    others = f" Options that deviate from it: {'; '.join(deviating)}." if deviating else ""
    return (
        f"Responses were {source} by RECIST 1.1{also} (profile {plan.profile}). "
        f"A complete or partial response counts when an assessment at least "
        f"{rules.confirm_days} days later confirms it. Stable disease needs at least "
        f"{rules.min_sd_days} days from {start}. "
        "Clinical benefit is a confirmed complete or partial response, or stable disease of at "
        f"least {benefit}.{others}"
    )


def _rate_methods(protocol: Protocol) -> str:
    analysis = protocol.analysis
    decided = [one for one in protocol.endpoints.primary if one.decision is not None]
    rules = "".join(
        f" Primary endpoint ({one.name}): met when the lower limit of the two-sided "
        f"{fmt.closed(fmt.level_text(one.decision.level))} CI exceeds "
        f"{fmt.closed(fmt.level_text(float(one.decision.lower_limit_above)))}."
        for one in decided
        if one.decision is not None
    )
    return (
        f"Two-sided {fmt.closed(fmt.level_text(analysis.level))} CI by "
        f"{EXACT[analysis.interval]}; a patient who cannot be evaluated counts as no "
        f"responder.{rules}"
    )


def _time_methods(shown: Shown, recorded: Collection[str]) -> str:
    analysis = shown.protocol.analysis
    return (
        f"{_times(shown, recorded)} Survival by Kaplan-Meier with two-sided "
        f"{shown.level} CI on the {analysis.transform} scale, medians with "
        f"limits by Brookmeyer and Crowley, {CONVENTION[analysis.convention]}. "
        "Follow-up by the reverse Kaplan-Meier method."
    )


def _times(shown: Shown, recorded: Collection[str]) -> str:
    """Say how times to an event come about: derived, or taken as they were recorded."""
    month = fmt.number(DAYS_PER_MONTH, 4)
    said = []
    if recorded:
        names = ", ".join(name.upper() for name in sorted(recorded))
        said.append(
            f"Times were taken as recorded ({names}), with what ended them; a week has 7 days, a "
            f"month {month}."
        )
    else:
        said.append(
            f"Both the first and the last day count (end - start + 1); a month has {month} days."
        )
        said.append(f"Progression-free survival{_censoring(shown.protocol)}")
    if "os" not in recorded and shown.has_any("os"):
        said.append("Overall survival: censored at the last contact.")
    return " ".join(said)


def _censoring(protocol: Protocol) -> str:
    """Say what ends progression-free survival, by the study's choices."""
    rules = next((one.censoring for one in protocol.endpoints.all if one.id == "pfs"), None)
    chosen = dict.fromkeys(ENDED_BY, "ignore") if rules is None else rules.model_dump()
    also = [words for name, words in ENDED_BY.items() if chosen[name] == "event"]
    before = [words for name, words in ENDED_BY.items() if chosen[name] == "censor"]
    events = ", ".join(["progression by RECIST 1.1", *also]) + " or death is an event"
    missed = "unless two or more assessments were missed before it"
    if rules is None or rules.missed_assessments == "event":
        missed = "whatever was missed before"
    stops = f"censored before {' or '.join(before)}; " if before else ""
    preset = f" (preset {rules.preset!r})" if rules is not None else ""
    last = "otherwise censored at the last assessment whose overall response is not NE."
    return f"{preset}: {events}, {missed}; {stops}{last}"


def _primary_methods(shown: Shown) -> str:
    """Say the planned test of a design; an endpoint's own decision stands with the rates."""
    row, primary = shown.row("primary/all/met"), shown.protocol.endpoints.primary
    if row is None or any(one.decision is not None for one in primary):
        return ""
    names = ", ".join(one.name for one in primary)
    return f"{names}, by the design of the protocol. {capital(row.method or '')}."


def _biomarker_methods(shown: Shown) -> str:
    parts = []
    if shown.has_any("biomarker-response"):
        parts.append(
            "Response by biomarker: Fisher's exact test and the odds ratio with exact limits for "
            "levels, the area under the ROC curve (DeLong) for a number."
        )
    if shown.has_any("biomarker-pfs", "biomarker-os"):
        parts.append(f"Times by biomarker: log-rank test and {_cox(shown.protocol)}.")
    if parts:
        parts.append("Patients whose marker is known before treatment; p adjusted by Holm.")
    return " ".join(parts)


def _immune_methods(shown: Shown) -> str:
    parts = []
    if shown.has_any("irae-incidence"):
        parts.append(
            "First immune-related event: cumulative incidence by Aalen-Johansen, death and the "
            "end of treatment competing."
        )
    if shown.has_any("irae-landmark", "irae-hazard"):
        parts.append(
            "Outcome by immune-related event: in those without an event of the endpoint at each "
            f"landmark, and as a covariate in time; {_cox(shown.protocol)}. No patient counts as "
            "having an immune-related event before it began."
        )
    return " ".join(parts)


def _cox(protocol: Protocol) -> str:
    ties = protocol.analysis.ties.capitalize()
    return (
        f"Cox model with profile-likelihood limits, ties by {ties}, Firth's correction where the "
        "likelihood is monotone"
    )


def _other_methods(shown: Shown) -> str:
    protocol = shown.protocol
    safety = protocol.safety
    related = f" Treatment-related: {safety.related}." if safety.related else ""
    immune = f" Immune-related: {safety.immune_related}." if safety.immune_related else ""
    events = (
        f"Adverse events by CTCAE {safety.ctcae}; a patient counts once in "
        f"each line, at the highest grade.{related}{immune} "
        if shown.has_any("ae", "trae")
        else ""
    )
    return (
        f"{events}Quartiles by {QUARTILES[protocol.analysis.quartiles]}. Every number is rounded "
        f"once, half away from zero, when it is printed (format profile {shown.profile!r})."
    )


def _software(protocol: Protocol, provenance: Mapping[str, object]) -> str:
    versions = provenance.get("versions")
    known = versions if isinstance(versions, Mapping) else {}
    theirs = protocol.analysis.software
    source = f" The source used {theirs}." if theirs else ""
    ours = f"onearm {known.get('onearm', '')}".rstrip()
    below = ", ".join(f"{words} {known[name]}" for name, words in BELOW.items() if name in known)
    return f"{ours}, with {below}.{source}" if below else f"{ours}.{source}"
