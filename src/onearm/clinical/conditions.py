"""The conditions of the criteria language, decided over one person's facts.

Takes a node of a tree and a ``Person``, gives a ``Verdict``. Rules are those of
Kleene: what is false makes `and` false and what is true makes `or` true,
whatever the rest is; `if c then a else b` with unknown c is what a and b agree
on. One function a kind of node; which sample counts stands in
``onearm.clinical.samples``, windows in ``onearm.clinical.windows``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any as Anything

from onearm.clinical.facts import Given, Happening, Measure, compare
from onearm.clinical.samples import Person, clearance, lab_limit, lab_word
from onearm.clinical.verdict import Evidence, Missing, Truth, Verdict, both, range_holds
from onearm.clinical.windows import completed_years, in_window, shifted
from onearm.protocol.criteria import (
    AMOUNT_UNITS,
    BIRTH,
    Age,
    All,
    Amount,
    Any,
    AtLeast,
    Clearance,
    Count,
    DateOrder,
    Exists,
    Has,
    If,
    Judged,
    LabLimit,
    LabWord,
    May,
    Node,
    Not,
    Number,
    OneOf,
    Window,
    Yes,
)

Values = Mapping[str, Given]
"""Facts by name: a person's own, or the attributes of an event."""


def decide(person: Person, node: Node) -> Verdict:
    """Decide a condition over a person's own facts."""
    return _decide(person, node, person.facts.values, "")


def _decide(person: Person, node: Node, values: Values, scope: str) -> Verdict:
    return _RULES[type(node)](person, node, values, scope)


def _all(person: Person, node: All, values: Values, scope: str) -> Verdict:
    return _joined([_decide(person, part, values, scope) for part in node.parts], False)


def _any(person: Person, node: Any, values: Values, scope: str) -> Verdict:
    return _joined([_decide(person, part, values, scope) for part in node.parts], True)


def _joined(verdicts: Sequence[Verdict], decisive: bool) -> Verdict:
    """Join parts of which one that is ``decisive`` decides; only what decided is evidence."""
    deciding = [verdict for verdict in verdicts if verdict.truth is decisive]
    if deciding:
        return Verdict(decisive, tuple(e for verdict in deciding for e in verdict.evidence))
    evidence = tuple(e for verdict in verdicts for e in verdict.evidence)
    missing = tuple(m for verdict in verdicts for m in verdict.missing)
    is_open = any(verdict.truth is None for verdict in verdicts)
    return Verdict(None if is_open else not decisive, evidence, missing if is_open else ())


def _not(person: Person, node: Not, values: Values, scope: str) -> Verdict:
    truth, evidence, missing = _decide(person, node.part, values, scope)
    return Verdict(None if truth is None else not truth, evidence, missing)


def _if(person: Person, node: If, values: Values, scope: str) -> Verdict:
    condition, then, otherwise = (
        _decide(person, part, values, scope) for part in (node.condition, node.then, node.otherwise)
    )
    if condition.truth is not None:
        branch = then if condition.truth else otherwise
        return Verdict(branch.truth, condition.evidence + branch.evidence, branch.missing)
    evidence = condition.evidence + then.evidence + otherwise.evidence
    if then.truth is otherwise.truth and then.truth is not None:
        return Verdict(then.truth, evidence)
    missing = dict.fromkeys(condition.missing + then.missing + otherwise.missing)
    return Verdict(None, tuple(dict.fromkeys(evidence)), tuple(missing))


def _may(person: Person, node: May, values: Values, scope: str) -> Verdict:
    return Verdict(True, _decide(person, node.part, values, scope).evidence)


def _fact(
    person: Person,
    node: Yes | OneOf | Has | Number | Amount,
    values: Mapping[str, Given],
    scope: str,
    needs: str,
    holds: Callable[[Anything], Truth],
) -> Verdict:
    given = values.get(node.fact)
    if given is None:
        return Verdict(None, (), (person.missing(scope + node.fact, needs),))
    truth = holds(given.value)
    evidence = (Evidence(node, (given,), truth, None, scope),)
    missing = () if truth is not None else (person.missing(scope + node.fact, "an exact value"),)
    return Verdict(truth, evidence, missing)


def _yes(person: Person, node: Yes, values: Values, scope: str) -> Verdict:
    return _fact(person, node, values, scope, "yes or no", lambda value: value is True)


def _one_of(person: Person, node: OneOf, values: Values, scope: str) -> Verdict:
    return _fact(person, node, values, scope, "a word", lambda value: value in node.words)


def _has(person: Person, node: Has, values: Values, scope: str) -> Verdict:
    return _fact(person, node, values, scope, "its words", lambda value: node.word in value)


def _number(person: Person, node: Number, values: Values, scope: str) -> Verdict:
    limit = Fraction(node.limit)
    return _fact(
        person,
        node,
        values,
        scope,
        "a number",
        lambda v: compare(Fraction(v), node.operator, limit),
    )


def _amount(person: Person, node: Amount, values: Values, scope: str) -> Verdict:
    units = next(units for units in AMOUNT_UNITS.values() if node.unit in units)
    limit = Fraction(node.limit)

    def holds(value: Measure) -> Truth:
        return value.holds(node.operator, limit, units[value.unit] / units[node.unit])

    return _fact(person, node, values, scope, f"a number in {node.unit}", holds)


def _age(person: Person, node: Age, values: Values, scope: str) -> Verdict:
    birth, anchor = person.facts.date(BIRTH), person.facts.date(node.anchor)
    missing = tuple(
        person.missing(name, "a date")
        for name, days in ((BIRTH, birth), (node.anchor, anchor))
        if days is None
    )
    if birth is None or anchor is None:
        return Verdict(None, (), missing)
    least = completed_years(birth.last, anchor.first)
    most = completed_years(birth.first, anchor.last)
    truth = range_holds(least, most, node.operator, node.years)
    evidence = (Evidence(node, (birth, anchor), truth, least),)
    missing = () if truth is not None else (person.missing(BIRTH, "the complete date"),)
    return Verdict(truth, evidence, missing)


def _date_order(person: Person, node: DateOrder, values: Values, scope: str) -> Verdict:
    first, second = person.facts.date(node.first), person.facts.date(node.second)
    if first is None or second is None:
        missing = tuple(
            person.missing(name, "a date")
            for name, days in ((node.first, first), (node.second, second))
            if days is None
        )
        return Verdict(None, (), missing)
    least = (first.first - second.last).days
    most = (first.last - second.first).days
    truth = range_holds(least, most, node.operator, 0)
    missing = () if truth is not None else (person.missing(node.first, "the complete date"),)
    return Verdict(truth, (Evidence(node, (first, second), truth),), missing)


def _at_least(person: Person, node: AtLeast, values: Values, scope: str) -> Verdict:
    days, anchor = person.facts.date(node.fact), person.facts.date(node.window.anchor)
    if days is None or anchor is None:
        missing = tuple(
            person.missing(name, "a date")
            for name, found in ((node.fact, days), (node.window.anchor, anchor))
            if found is None
        )
        return Verdict(None, (), missing)
    sign = -1 if node.window.direction == "before" else 1
    first, last = (
        shifted(day, sign * node.window.number, node.window.span)
        for day in (anchor.first, anchor.last)
    )
    truth: Truth
    if node.window.direction == "before":
        truth = True if days.last <= first else False if days.first > last else None
    else:
        truth = True if days.first >= last else False if days.last < first else None
    missing = () if truth is not None else (person.missing(node.fact, "the complete date"),)
    return Verdict(truth, (Evidence(node, (days, anchor), truth),), missing)


def _matching(
    person: Person, node: Exists | Count
) -> tuple[list[tuple[Happening, Truth]], tuple[Missing, ...]] | None:
    """Return each event with whether it counts, and what would say so; None without a list."""
    selection = node.selection
    events = person.facts.events.get(selection.events)
    if events is None:
        return None
    found: list[tuple[Happening, Truth]] = []
    missing: list[Missing] = []
    for event in events:
        truth: Truth = True
        needs: tuple[Missing, ...] = ()
        if selection.where is not None:
            truth, _, needs = _decide(
                person, selection.where, event.attributes, f"{selection.events}."
            )
        if selection.window is not None and truth is not False:
            inside, late = _inside_window(person, selection.events, event, selection.window)
            truth, needs = both(truth, inside), needs + late
        found.append((event, truth))
        if truth is None:
            missing += needs
    return found, tuple(missing)


def _inside_window(
    person: Person, events: str, event: Happening, window: Window
) -> tuple[Truth, tuple[Missing, ...]]:
    if window.is_sample:
        samples, is_certain = person.chosen(window.anchor)
        if not samples:
            return None, (person.no_sample(window.anchor, ""),)
        truths = {in_window(event, window, sample.days) for sample in samples}
        truth = truths.pop() if len(truths) == 1 and is_certain else None
    else:
        anchor = person.facts.date(window.anchor)
        if anchor is None:
            return None, (person.missing(window.anchor, "a date"),)
        truth = in_window(event, window, anchor)
    if truth is not None:
        return truth, ()
    return None, (person.missing(events, f"complete dates (line {event.line})"),)


def _exists(person: Person, node: Exists, values: Values, scope: str) -> Verdict:
    matching = _matching(person, node)
    if matching is None:
        return _no_list(person, node)
    found, missing = matching
    truths = [truth for _, truth in found]
    truth = True if True in truths else None if None in truths else False
    shown = tuple(event for event, counts in found if counts is truth)
    evidence = (Evidence(node, shown, truth, len(found)),)
    return Verdict(truth, evidence, missing if truth is None else ())


def _count(person: Person, node: Count, values: Values, scope: str) -> Verdict:
    matching = _matching(person, node)
    if matching is None:
        return _no_list(person, node)
    found, missing = matching
    least = sum(counts is True for _, counts in found)
    most = sum(counts is not False for _, counts in found)
    truth = range_holds(least, most, node.operator, node.limit)
    shown = tuple(event for event, counts in found if counts is not False)
    return Verdict(truth, (Evidence(node, shown, truth, least),), missing if truth is None else ())


def _no_list(person: Person, node: Exists | Count) -> Verdict:
    needs = "each event, or the value none"
    return Verdict(None, (), (person.missing(node.selection.events, needs),))


def _judged(person: Person, node: Judged, values: Values, scope: str) -> Verdict:
    judgement = person.facts.judgements.get(node.fact)
    if judgement is None:
        return Verdict(None, (), (person.missing(node.fact, "an investigator's judgement"),))
    if not judgement.by:
        needs = "the name of the investigator who judged"
        return Verdict(None, (), (person.missing(node.fact, needs),))
    return Verdict(judgement.value, (Evidence(node, (judgement,), judgement.value),))


def _lab_limit(person: Person, node: LabLimit, values: Values, scope: str) -> Verdict:
    return lab_limit(person, node)


def _lab_word(person: Person, node: LabWord, values: Values, scope: str) -> Verdict:
    return lab_word(person, node)


def _clearance(person: Person, node: Clearance, values: Values, scope: str) -> Verdict:
    return clearance(person, node)


_RULES: Mapping[type, Callable[[Person, Anything, Anything, str], Verdict]] = {
    All: _all, Any: _any, Not: _not, If: _if, May: _may,
    Yes: _yes, OneOf: _one_of, Has: _has, Number: _number, Amount: _amount,
    LabLimit: _lab_limit, LabWord: _lab_word, Age: _age, Clearance: _clearance,
    DateOrder: _date_order, AtLeast: _at_least, Exists: _exists, Count: _count, Judged: _judged,
}  # fmt: skip
