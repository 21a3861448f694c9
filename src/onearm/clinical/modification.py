"""Proposals to change a dose after an adverse event, by the rules of the protocol.

Takes adverse events, the treatment and what was given, gives a proposal for
each event and drug that a rule speaks of, beside what was decided. Always
advisory: the investigator decides, and a decision that no rule asked for is
recorded, not refused. The rules:

* An event calls for a rule when its grade, its term, its relation to the drug
  and its turn among the subject's events of that term fit the rule's trigger;
  of several the first in the protocol counts. A row that begins while an earlier
  one of its term lasts, or on the day after its end, is that event with another
  grade and no further turn; a row without an onset is a turn of its own. A rule
  ``keep`` without a trigger speaks of every event of grade 3 or higher.
* ``reduce`` proposes the next level below the dose at the onset, or that dose
  less the rule's share. At the lowest level there is nothing to reduce to: to
  interrupt or to stop is proposed.
* An event of grade 3 or higher of which no rule speaks is listed as such for
  the drugs that it is related to (for every drug where no relation is
  recorded), so that nobody takes silence for a rule.

Knows one subject.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from onearm.clinical.records import AdverseEvent, Dose, Source
from onearm.format import plain
from onearm.protocol.dose_rules import DoseRule, Trigger
from onearm.protocol.treatment import Drug, Treatment
from onearm.protocol.values import Amount

SEVERE = 3
LOWEST = "interrupt or stop"
CHANGES = {"REDUCED": "reduce", "INTERRUPTED": "hold", "DISCONTINUED": "stop"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the protocol proposes for one drug after one event, and what was decided.

    ``action``: reduce, hold, stop, keep, or interrupt or stop; None where no
    rule speaks of the event. ``decision`` and ``decision_reason`` are the
    investigator's, None where none is recorded.
    """

    subject_id: str
    drug: str
    term: str
    grade: int | None
    onset_date: dt.date | None
    action: str | None
    from_dose: Amount | None
    to_dose: Amount | None
    rule: str | None
    rule_source: str | None
    decision: str | None
    decision_reason: str | None
    reason: str
    sources: tuple[Source, ...]


def propose(
    events: Sequence[AdverseEvent],
    treatment: Treatment,
    doses: Sequence[Dose] = (),
    current: Mapping[str, Amount] | None = None,
    *,
    is_asked: bool = False,
) -> tuple[Proposal, ...]:
    """Return the proposals for the events of one subject, in the order of their onset.

    Parameters
    ----------
    events
        Adverse events of one subject.
    treatment
        The treatment of the protocol.
    doses
        What was given; the last dose of a drug up to the onset is its dose then.
    current
        By drug the dose at the onset, where no doses are at hand; by default
        the starting dose.
    is_asked
        Whether each event gets an answer, also a mild one of which no rule speaks.
    """
    ordered = sorted(events, key=lambda event: (event.onset_date or dt.date.max, event.term))
    found: list[Proposal] = []
    for event, turn in zip(ordered, _turns(ordered), strict=True):
        for drug in treatment.drugs:
            given = [row for row in doses if row.drug == drug.name and row.dose > 0]
            if doses and not given:
                continue  # the other alternative, or a drug that was never given
            at = _dose_at(drug, given, event.onset_date, (current or {}).get(drug.name))
            one = _proposal(event, drug, turn, treatment, at, given, is_asked)
            if one is not None:
                found.append(one)
    return tuple(found)


def _turns(ordered: Iterable[AdverseEvent]) -> list[int]:
    """Return of each row which event of its term it belongs to, from 1; ordered by onset."""
    found: list[int] = []
    seen: dict[str, tuple[int, dt.date]] = {}
    for event in ordered:
        turn, until = seen.get(event.term.casefold(), (0, dt.date.min))
        onset, end = event.onset_date, event.end_date or dt.date.max
        is_after = until < dt.date.max and (onset or dt.date.max) > until + dt.timedelta(days=1)
        if turn == 0 or onset is None or is_after:
            turn += 1
        seen[event.term.casefold()] = turn, max(until, end)
        found.append(turn)
    return found


def _dose_at(
    drug: Drug, given: Iterable[Dose], day: dt.date | None, current: Amount | None
) -> Amount:
    before = [row for row in given if day is None or row.start_date <= day]
    last = max(before, key=lambda row: (row.start_date, row.source.line), default=None)
    return Amount(last.dose, last.unit) if last else current or drug.amount


def _rule(treatment: Treatment, drug: Drug, event: AdverseEvent, turn: int) -> DoseRule | None:
    """Return the first rule of the protocol that speaks of an event for a drug."""
    for rule in treatment.dose_rules:
        if rule.drug != drug.name or rule.proposes is None:
            continue
        if rule.trigger is None:
            if rule.proposes == "keep" and (event.grade or 0) >= SEVERE:
                return rule
        elif _fits(rule.trigger, drug, event, turn):
            return rule
    return None


def _fits(trigger: Trigger, drug: Drug, event: AdverseEvent, turn: int) -> bool:
    terms = [term.casefold() for term in trigger.terms or ()]
    return (
        event.grade in trigger.grades
        and (not terms or event.term.casefold() in terms)
        and (not trigger.is_related_only or drug.name in event.related_to)
        and turn >= trigger.from_occurrence
    )


def _others(treatment: Treatment, drug: Drug) -> str:
    rules = [rule for rule in treatment.dose_rules if rule.drug == drug.name]
    return "; ".join(f"{rule.when}: {rule.action}" for rule in rules)


def _proposal(
    event: AdverseEvent,
    drug: Drug,
    turn: int,
    treatment: Treatment,
    at: Amount,
    given: Sequence[Dose],
    is_asked: bool,
) -> Proposal | None:
    rule = _rule(treatment, drug, event, turn)
    decision = _decision(event, drug)
    is_severe = (event.grade or 0) >= SEVERE and _concerns(event, drug)
    if rule is None and decision is None and not (is_severe or is_asked):
        return None
    action, to, why = _action(drug, rule, at)
    if rule is None and (others := _others(treatment, drug)):
        why = f"{why} (its rules: {others})"
    return Proposal(
        event.subject_id,
        drug.name,
        event.term,
        event.grade,
        event.onset_date,
        action,
        at,
        to,
        f"{rule.when}: {rule.action}" if rule else None,
        rule.source if rule else None,
        decision,
        _decision_reason(event, decision, given),
        _reason(event, drug, why, action, decision),
        (event.source, *(row.source for row in given if row.change_reason and decision)),
    )


def _concerns(event: AdverseEvent, drug: Drug) -> bool:
    return not event.related_to or drug.name in event.related_to


def _decision(event: AdverseEvent, drug: Drug) -> str | None:
    """Return what was recorded for the drug; an action without drugs may concern any."""
    if event.action is None:
        return None
    if event.action == "NONE":
        return None
    if event.action_drugs:
        return event.action if drug.name in event.action_drugs else None
    return f"{event.action} (drug not recorded)" if _concerns(event, drug) else None


def _decision_reason(
    event: AdverseEvent, decision: str | None, given: Sequence[Dose]
) -> str | None:
    """Return the reason that stands beside the next changed dose."""
    later = [
        row
        for row in given
        if row.change_reason and (event.onset_date is None or row.start_date >= event.onset_date)
    ]
    first = min(later, key=lambda row: row.start_date, default=None)
    return first.change_reason if first and decision else None


def _action(drug: Drug, rule: DoseRule | None, at: Amount) -> tuple[str | None, Amount | None, str]:
    """Return what is proposed, the dose proposed, and why."""
    if rule is None or rule.proposes is None:
        return None, None, "no rule of the protocol speaks of it"
    if rule.proposes == "keep":
        return (
            "keep",
            at,
            f"the dose of {drug.name} is not changed; it is given, omitted or stopped",
        )
    if rule.proposes != "reduce":
        until = f" until grade {rule.resume_at_grade} or less" if rule.resume_at_grade else ""
        return rule.proposes, None, f"{rule.when}: {rule.action}{until}"
    if rule.reduce_by is not None:
        share = f"{plain(rule.reduce_by * 100)} %"
        less = at.value * (Decimal(1) - rule.reduce_by)
        return "reduce", Amount(less, at.unit), f"{rule.when}: {at} less {share}"
    if at.unit != drug.unit:
        why = f"the dose is recorded in {at.unit}, the levels are in {drug.unit}"
        return "reduce", None, f"{rule.when}: {rule.action}; {why}"
    below = [level for level in drug.levels if level.value < at.value]
    if not below:
        return LOWEST, None, f"{rule.when}: {at} is the lowest level of {drug.name}"
    to = max(below, key=lambda level: level.value)
    return "reduce", to, f"{rule.when}: from {at} to the next level, {to}"


def _reason(
    event: AdverseEvent, drug: Drug, why: str, action: str | None, decision: str | None
) -> str:
    grade = f"grade {event.grade}" if event.grade is not None else "grade not recorded"
    text = f"{event.term}, {grade}: {why}"
    if decision is None:
        return f"{text}; the investigator decides"
    done = CHANGES.get(decision.partition(" ")[0])
    if not drug.is_modifiable and done == "reduce":
        return f"{text}; recorded: {decision}, which the protocol does not allow for {drug.name}"
    if action is None:
        return f"{text}; recorded: {decision}, the investigator's decision"
    agrees = done == action or (action == LOWEST and done in {"hold", "stop"})
    return f"{text}; recorded: {decision}, " + (
        "as proposed" if agrees else "the investigator's own decision"
    )
