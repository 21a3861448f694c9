"""May this person enter? Every criterion over one person's facts, with its evidence.

Takes the trees of a study's criteria and the facts of one person, gives for
each criterion met, not met or unknown with what decided and what is missing.
A check against the protocol: it replaces nobody's judgement.

**Met always means "may enter"**: an exclusion criterion is met when what it
describes is absent. An absent fact is unknown, never assumed to be normal.
What a condition says stands in ``onearm.clinical.conditions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from onearm.clinical.conditions import decide
from onearm.clinical.facts import Facts
from onearm.clinical.samples import Person
from onearm.clinical.verdict import Verdict
from onearm.protocol.criteria import May
from onearm.protocol.eligibility import Criterion, Eligibility
from onearm.protocol.forms import Forms


class Outcome(StrEnum):
    """What a criterion says of a person; met always means "may enter"."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class Overall(StrEnum):
    """What all criteria say together."""

    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion of one person."""

    criterion: Criterion
    outcome: Outcome
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Screened:
    """All criteria of one person, in the order of the protocol."""

    subject_id: str
    overall: Overall
    results: tuple[CriterionResult, ...]

    def ids(self, outcome: Outcome) -> list[str]:
        """Return the criteria with one outcome."""
        return [result.criterion.id for result in self.results if result.outcome == outcome]


def screen_person(eligibility: Eligibility, forms: Forms, facts: Facts) -> Screened:
    """Decide every criterion for one person.

    Returns
    -------
    Screened
        ``not_eligible`` when one criterion is not met, however many are
        unknown; ``unknown`` when one is unknown; else ``eligible``.
    """
    person = Person(facts, eligibility.lab_window_days, eligibility.screening_days)
    results = []
    for criterion in eligibility.all:
        verdict = decide(person, forms.trees[criterion.id])
        truth = verdict.truth
        if truth is None:
            outcome = Outcome.UNKNOWN
        else:
            is_met = truth is criterion.id.startswith("I") or _never_fails(forms, criterion)
            outcome = Outcome.MET if is_met else Outcome.NOT_MET
        results.append(CriterionResult(criterion, outcome, verdict))
    outcomes = {result.outcome for result in results}
    overall = Overall.ELIGIBLE
    if Outcome.NOT_MET in outcomes:
        overall = Overall.NOT_ELIGIBLE
    elif Outcome.UNKNOWN in outcomes:
        overall = Overall.UNKNOWN
    return Screened(facts.subject_id, overall, tuple(results))


def _never_fails(forms: Forms, criterion: Criterion) -> bool:
    return isinstance(forms.trees[criterion.id], May)
