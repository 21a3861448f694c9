"""Which analyses follow from recorded endpoints alone; the others stay away.

Takes a planned analysis and who is counted, gives what of it can be computed:
all of it where the tables that it needs were collected. A result
that the records do not determine is absent, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from onearm.results.ledger import Population
from onearm.results.plan import Analysis
from onearm.results.rates import best_of, code_of, counted
from onearm.results.times import FOLLOW_UP, event_of

NEEDS_VISITS = ("change", "beyond", "agreement", "irsae", "irae-outcome")
"""Families that need what was seen visit by visit."""


def computable(population: Population, analysis: Analysis) -> Analysis | None:
    """Return an analysis with the variants that can be computed; None without any."""
    if not population.by_endpoints:
        return analysis if _was_collected(population, analysis) else None
    if analysis.family in NEEDS_VISITS or analysis.id == "progressed":
        return None  # a recorded PFS event is a progression or a death
    test: Callable[[Population, Analysis, str], bool]
    match analysis.family:
        case "happened":
            return analysis if any(p.answers.events.get("os") for p in population.people) else None
        case "rate" | "two-stage":
            test = _has_rate
        case "responses":
            test = _has_responses
        case "time":
            test = _has_times
        case "concordance":
            test = _has_concordance
        case _:
            return analysis
    found = tuple(name for name in analysis.computed if test(population, analysis, name))
    if not found:
        return None
    others = tuple(name for name in found if name)
    return replace(analysis, variants=others, has_default="" in found)


def _was_collected(population: Population, analysis: Analysis) -> bool:
    """Return whether the tables exist that an analysis needs: responses, or contacts for OS."""
    is_recorded = population.protocol.response.primary_source == "recorded"
    table = "responses" if is_recorded else "lesions"
    has_visits = any(getattr(p.records, table) is not None for p in population.people)
    has_contacts = any(p.records.follow_up is not None for p in population.people)
    if analysis.id in ("os", "died", "follow-up-os"):
        return has_contacts
    of_response = ("rate", "responses", "primary", "two-stage", "time", *NEEDS_VISITS)
    return has_visits or not (analysis.family in of_response or analysis.id == "progressed")


def _has_rate(population: Population, analysis: Analysis, variant: str) -> bool:
    is_counted, _ = counted(analysis, variant, population)
    answers = [(best, is_counted(best)) for best in
               (best_of(person, variant) for person in population.people)]  # fmt: skip
    unknown = [best for best, answer in answers if answer is None and best.confirmed_best]
    return not unknown and any(answer is not None for _, answer in answers)


def _has_responses(population: Population, _: Analysis, variant: str) -> bool:
    if variant == "irecist":
        return any(best_of(person, variant).ibor is not None for person in population.people)
    return any(code_of(person, variant) != "unknown" for person in population.people)


def _has_times(population: Population, analysis: Analysis, variant: str) -> bool:
    endpoint = FOLLOW_UP.get(analysis.id, analysis.id)
    return any(event_of(person, endpoint, variant) for person in population.people)


def _has_concordance(population: Population, _: Analysis, variant: str) -> bool:
    return any(
        person.answers.best.confirmed_best and best_of(person, variant).confirmed_best
        for person in population.people
        if variant
    )
