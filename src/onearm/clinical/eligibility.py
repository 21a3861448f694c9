"""May this person enter? Every criterion over one person's facts, with its evidence.

Takes the trees of a study's criteria and the facts of one person, gives for
each criterion met, not met or unknown with what decided and what is missing.
A check against the protocol: it replaces nobody's judgement.

**Three values.** A condition is true, false or unknown, by the rules of
Kleene: what is false makes `and` false and what is true makes `or` true,
whatever the rest is. `if c then a else b` with unknown c is what a and b agree
on, else unknown. An absent fact is unknown, never assumed to be normal.

**Which sample counts.** The last one from ``lab_window`` before the first dose
up to the first dose, both days included; a result in words has the screening
window. Where several can be the last (two on one day, a partial date), they
must agree, else it is unknown. Multiples of ULN and LLN are those of that very
sample, compared in its own unit.

**Windows** include both ends: within 14 days before the first dose runs from
the 14th day before it to the day itself; an event counts when one of its days
may lie there, for certain or perhaps. A partial date is an interval.

**Met always means "may enter"**: an exclusion criterion is met when what it
describes is absent.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Any as Anything
from typing import NamedTuple

from onearm.clinical.body import cockcroft_gault
from onearm.clinical.facts import Days, Facts, Given, Happening, Measure, Sample, compare
from onearm.clinical.units import factor, find_analyte
from onearm.errors import InputError
from onearm.protocol.criteria import (
    AMOUNT_UNITS,
    BIRTH,
    CREATININE,
    REFERENCES,
    SEX,
    WEIGHT,
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
    Leaf,
    May,
    Node,
    Not,
    Number,
    OneOf,
    Operator,
    Span,
    Window,
    Yes,
)
from onearm.protocol.eligibility import Criterion, Eligibility
from onearm.protocol.forms import FIRST_DOSE, Forms

Truth = bool | None


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


class Evidence(NamedTuple):
    """What one condition was decided by: its node, the records looked at, what it gave.

    ``value`` is a number that was computed: an age, a clearance, a count.
    """

    node: Leaf
    items: tuple[Anything, ...]
    truth: Truth
    value: Fraction | Decimal | int | None = None
    scope: str = ""


class Missing(NamedTuple):
    """A fact that is not known, what it must hold, and from and by which day."""

    fact: str
    needs: str
    earliest: dt.date | None = None
    by: dt.date | None = None


class Verdict(NamedTuple):
    """Whether a condition holds, by which evidence, or what is missing to say so."""

    truth: Truth
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[Missing, ...] = ()


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
    person = _Person(facts, eligibility.lab_window_days, eligibility.screening_days)
    results = []
    for criterion in eligibility.all:
        verdict = person.decide(forms.trees[criterion.id])
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


@cache
def shifted(day: dt.date, number: int, span: Span) -> dt.date:
    """Return the day so many days, weeks, months or years on; back where negative.

    A month later is the same day of the next month, or its last day where it
    is shorter.

    >>> shifted(dt.date(2026, 5, 31), -3, "month"), shifted(dt.date(2024, 2, 29), 1, "year")
    (datetime.date(2026, 2, 28), datetime.date(2025, 2, 28))
    """
    if span in {"day", "week"}:
        return day + dt.timedelta(days=number * (7 if span == "week" else 1))
    months = day.year * 12 + day.month - 1 + number * (12 if span == "year" else 1)
    year, month = divmod(months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def completed_years(birth: dt.date, day: dt.date) -> int:
    """Return the age in completed years; who is born on 29 February is a year older on 1 March.

    >>> completed_years(dt.date(1956, 3, 2), dt.date(2026, 3, 1))
    69
    """
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def in_window(happened: Happening, window: Window, anchor: Days) -> Truth:
    """Return whether an event has a day inside a window, both ends included."""
    start, end = happened.start, happened.end
    sign = -1 if window.direction == "before" else 1
    first = shifted(anchor.first, sign * window.number, window.span)
    last = shifted(anchor.last, sign * window.number, window.span)
    if window.direction == "before":
        inside = start.last <= anchor.first and end.first >= last
        outside = start.first > anchor.last or end.last < first
    else:
        inside = start.last <= first and end.first >= anchor.last
        outside = start.first > last or end.last < anchor.first
    return True if inside else False if outside else None


def _both(first: Truth, second: Truth) -> Truth:
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


class _Person:
    """One person's facts, and the rules that look at them."""

    def __init__(self, facts: Facts, lab_days: int | None, screening_days: int | None) -> None:
        self.facts = facts
        self.windows = {False: lab_days, True: screening_days}
        self.first_dose = facts.date(FIRST_DOSE)
        self.by = self.first_dose.last if self.first_dose else None
        self._chosen: dict[str, tuple[tuple[Sample, ...], bool]] = {}

    def decide(self, node: Node) -> Verdict:
        """Decide a condition over the person's own facts."""
        return _RULES[type(node)](self, node, self.facts.values, "")

    def inside(self, node: Node, event: Happening, scope: str) -> Verdict:
        """Decide a condition over the attributes of an event."""
        return _RULES[type(node)](self, node, event.attributes, scope)

    def missing(self, fact: str, needs: str) -> Missing:
        """Return what is missing, needed by the first dose."""
        return Missing(fact, needs, None, self.by)

    def chosen(self, test: str) -> tuple[tuple[Sample, ...], bool]:
        """Return the samples that may be the one that counts, and whether one does for sure."""
        found = self._chosen.get(test)
        if found is None:
            found = self._chosen[test] = self._choose(test)
        return found

    def _choose(self, test: str) -> tuple[tuple[Sample, ...], bool]:
        anchor = self.first_dose
        if anchor is None:
            return (), False
        earliest, latest = self._earliest(test, anchor.first), self._earliest(test, anchor.last)
        possible, certain = [], []
        for sample in self.facts.samples.get(test, ()):
            days = sample.days
            if days.last < earliest or days.first > anchor.last:
                continue
            possible.append(sample)
            if days.first >= latest and days.last <= anchor.first:
                certain.append(days.first)
        last = max(certain, default=dt.date.min)
        samples = tuple(sample for sample in possible if sample.days.last >= last)
        return samples, bool(certain)

    def _earliest(self, test: str, anchor: dt.date) -> dt.date:
        analyte = find_analyte(test)
        window = self.windows[bool(analyte and analyte.words)]
        return dt.date.min if window is None else anchor - dt.timedelta(days=window)

    def no_sample(self, test: str, unit: str) -> Missing:
        """Return that a result is missing, from which day on it counts, and of which day one is."""
        if self.first_dose is None:
            return self.missing(FIRST_DOSE, "the planned day")
        earliest = self._earliest(test, self.first_dose.first)
        outside = [str(sample.days) for sample in self.facts.samples.get(test, ())]
        needs = f"a result{f' in {unit}' if unit else ''}"
        if outside:
            needs += f" inside the window (found of {', '.join(sorted(outside))})"
        return Missing(test, needs, None if earliest == dt.date.min else earliest, self.by)


def _all(person: _Person, node: All, values: Mapping[str, Given], scope: str) -> Verdict:
    return _joined([_RULES[type(part)](person, part, values, scope) for part in node.parts], False)


def _any(person: _Person, node: Any, values: Mapping[str, Given], scope: str) -> Verdict:
    return _joined([_RULES[type(part)](person, part, values, scope) for part in node.parts], True)


def _joined(verdicts: Sequence[Verdict], decisive: bool) -> Verdict:
    """Join parts of which one that is ``decisive`` decides; only what decided is evidence."""
    deciding = [verdict for verdict in verdicts if verdict.truth is decisive]
    if deciding:
        return Verdict(decisive, tuple(e for verdict in deciding for e in verdict.evidence))
    evidence = tuple(e for verdict in verdicts for e in verdict.evidence)
    missing = tuple(m for verdict in verdicts for m in verdict.missing)
    is_open = any(verdict.truth is None for verdict in verdicts)
    return Verdict(None if is_open else not decisive, evidence, missing if is_open else ())


def _not(person: _Person, node: Not, values: Mapping[str, Given], scope: str) -> Verdict:
    truth, evidence, missing = _RULES[type(node.part)](person, node.part, values, scope)
    return Verdict(None if truth is None else not truth, evidence, missing)


def _if(person: _Person, node: If, values: Mapping[str, Given], scope: str) -> Verdict:
    condition, then, otherwise = (
        _RULES[type(part)](person, part, values, scope)
        for part in (node.condition, node.then, node.otherwise)
    )
    if condition.truth is not None:
        branch = then if condition.truth else otherwise
        return Verdict(branch.truth, condition.evidence + branch.evidence, branch.missing)
    evidence = condition.evidence + then.evidence + otherwise.evidence
    if then.truth is otherwise.truth and then.truth is not None:
        return Verdict(then.truth, evidence)
    missing = dict.fromkeys(condition.missing + then.missing + otherwise.missing)
    return Verdict(None, tuple(dict.fromkeys(evidence)), tuple(missing))


def _may(person: _Person, node: May, values: Mapping[str, Given], scope: str) -> Verdict:
    return Verdict(True, _RULES[type(node.part)](person, node.part, values, scope).evidence)


def _fact(
    person: _Person,
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


def _yes(person: _Person, node: Yes, values: Mapping[str, Given], scope: str) -> Verdict:
    return _fact(person, node, values, scope, "yes or no", lambda value: value is True)


def _one_of(person: _Person, node: OneOf, values: Mapping[str, Given], scope: str) -> Verdict:
    return _fact(person, node, values, scope, "a word", lambda value: value in node.words)


def _has(person: _Person, node: Has, values: Mapping[str, Given], scope: str) -> Verdict:
    return _fact(person, node, values, scope, "its words", lambda value: node.word in value)


def _number(person: _Person, node: Number, values: Mapping[str, Given], scope: str) -> Verdict:
    limit = Fraction(node.limit)
    return _fact(
        person,
        node,
        values,
        scope,
        "a number",
        lambda v: compare(Fraction(v), node.operator, limit),
    )


def _amount(person: _Person, node: Amount, values: Mapping[str, Given], scope: str) -> Verdict:
    units = next(units for units in AMOUNT_UNITS.values() if node.unit in units)
    limit = Fraction(node.limit)

    def holds(value: Measure) -> Truth:
        return value.holds(node.operator, limit, units[value.unit] / units[node.unit])

    return _fact(person, node, values, scope, f"a number in {node.unit}", holds)


@cache
def _factor(unit: str, to_unit: str, test: str) -> Fraction:
    return factor(unit, to_unit, test)


def _lab_limit(person: _Person, node: LabLimit, values: object, scope: str) -> Verdict:
    samples, is_certain = person.chosen(node.test)
    if not samples:
        unit = "" if node.unit in REFERENCES else node.unit
        return Verdict(None, (), (person.no_sample(node.test, unit),))
    truths, missing = [], []
    for sample in samples:
        truth, limit = None, limit_of(node, sample)
        if limit is None:
            needs = f"the {node.unit} of the laboratory for the sample of {sample.days}"
            missing.append(person.missing(node.test, needs))
        elif isinstance(sample.value, Measure):
            unit = sample.value.unit
            size = Fraction(1) if node.unit in REFERENCES else _factor(unit, node.unit, node.test)
            truth = sample.value.holds(node.operator, limit, size)
            if truth is None:
                missing.append(person.missing(node.test, f"an exact value on {sample.days}"))
        truths.append(truth)
    return _of_samples(person, node, samples, truths, missing, is_certain)


def limit_of(node: LabLimit, sample: Sample) -> Fraction | None:
    """Return the limit that a sample is compared with: for ULN and LLN in the sample's unit."""
    if node.unit not in REFERENCES:
        return Fraction(node.limit)
    reference = sample.uln if node.unit == "ULN" else sample.lln
    return None if reference is None else Fraction(node.limit) * reference


def _of_samples(
    person: _Person,
    node: LabLimit | LabWord,
    samples: tuple[Sample, ...],
    truths: Sequence[Truth],
    missing: list[Missing],
    is_certain: bool,
) -> Verdict:
    """Return what samples agree on, of which any may be the one that counts."""
    truth = truths[0] if len(set(truths)) == 1 and is_certain else None
    evidence = tuple(
        Evidence(node, (sample,), found) for sample, found in zip(samples, truths, strict=True)
    )
    if truth is None and not missing:
        found = ", ".join(str(sample.days) for sample in samples)
        needs = "which result counts" if len(samples) > 1 else "the exact day"
        missing.append(person.missing(node.test, f"{needs} (found of {found})"))
    return Verdict(truth, evidence, tuple(missing) if truth is None else ())


def _lab_word(person: _Person, node: LabWord, values: object, scope: str) -> Verdict:
    samples, is_certain = person.chosen(node.test)
    if not samples:
        return Verdict(None, (), (person.no_sample(node.test, ""),))
    words = {word.casefold() for word in node.words}
    truths = [str(sample.value).casefold() in words for sample in samples]
    return _of_samples(person, node, samples, truths, [], is_certain)


def _age(person: _Person, node: Age, values: object, scope: str) -> Verdict:
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
    truth = _range_holds(least, most, node.operator, node.years)
    evidence = (Evidence(node, (birth, anchor), truth, least),)
    missing = () if truth is not None else (person.missing(BIRTH, "the complete date"),)
    return Verdict(truth, evidence, missing)


def _range_holds(
    least: Decimal | int, most: Decimal | int, operator: Operator, limit: Fraction | int
) -> Truth:
    """Compare a number of which the least and the most are known."""
    if operator == "=":
        if least == most:
            return least == limit
        return None if least <= limit <= most else False
    first, second = compare(least, operator, limit), compare(most, operator, limit)
    return first if first == second else None


def _clearance(person: _Person, node: Clearance, values: object, scope: str) -> Verdict:
    samples, is_certain = person.chosen(CREATININE)
    facts = person.facts
    birth, sex, weight = facts.date(BIRTH), facts.values.get(SEX), facts.values.get(WEIGHT)
    missing = [
        person.missing(name, needs)
        for name, needs, found in (
            (BIRTH, "a date", birth),
            (SEX, "a word", sex),
            (WEIGHT, "a number in kg", weight),
        )
        if found is None
    ]
    if not samples:
        missing.insert(0, person.no_sample(CREATININE, "umol/L"))
    if missing or birth is None or sex is None or weight is None:
        return Verdict(None, (), tuple(missing))
    evidence, truths = [], []
    for sample in samples:
        truth, value, needs = _clearance_of(node, sample, birth, sex, weight)
        evidence.append(Evidence(node, (sample, birth, sex, weight), truth, value))
        truths.append(truth)
        if truth is None:
            missing.append(person.missing(CREATININE, needs))
    truth = truths[0] if len(set(truths)) == 1 and is_certain else None
    if truth is None and not missing:
        missing.append(person.missing(CREATININE, "which result counts"))
    return Verdict(truth, tuple(evidence), tuple(missing) if truth is None else ())


def _clearance_of(
    node: Clearance, sample: Sample, birth: Days, sex: Given, weight: Given
) -> tuple[Truth, Decimal | None, str]:
    """Return whether the clearance of one sample holds, its least value, and what it needs."""
    creatinine, kilograms = sample.value, weight.value
    if not isinstance(creatinine, Measure) or not isinstance(kilograms, Measure):
        return None, None, "an exact value"
    if creatinine.sign or kilograms.sign:
        return None, None, "an exact value"
    umol = creatinine.number * _factor(creatinine.unit, "umol/L", CREATININE)
    kg = kilograms.number * AMOUNT_UNITS["kg"][kilograms.unit]
    ages = (
        completed_years(birth.first, sample.days.last),
        completed_years(birth.last, sample.days.first),
    )
    try:
        least, most = (
            cockcroft_gault(age, _decimal(kg), _decimal(umol), sex.value == "F") for age in ages
        )
    except InputError as error:
        return None, None, f"values that Cockcroft-Gault is made for: {error}"
    truth = _range_holds(least, most, node.operator, Fraction(node.limit))
    return truth, least, "the complete date of birth"


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _date_order(person: _Person, node: DateOrder, values: object, scope: str) -> Verdict:
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
    truth = _range_holds(least, most, node.operator, 0)
    missing = () if truth is not None else (person.missing(node.first, "the complete date"),)
    return Verdict(truth, (Evidence(node, (first, second), truth),), missing)


def _at_least(person: _Person, node: AtLeast, values: object, scope: str) -> Verdict:
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
    person: _Person, node: Exists | Count
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
            truth, _, needs = person.inside(selection.where, event, f"{selection.events}.")
        if selection.window is not None and truth is not False:
            inside, late = _inside_window(person, selection.events, event, selection.window)
            truth, needs = _both(truth, inside), needs + late
        found.append((event, truth))
        if truth is None:
            missing += needs
    return found, tuple(missing)


def _inside_window(
    person: _Person, events: str, event: Happening, window: Window
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


def _exists(person: _Person, node: Exists, values: object, scope: str) -> Verdict:
    matching = _matching(person, node)
    if matching is None:
        return _no_list(person, node)
    found, missing = matching
    truths = [truth for _, truth in found]
    truth = True if True in truths else None if None in truths else False
    shown = tuple(event for event, counts in found if counts is truth) if truth is not False else ()
    evidence = (Evidence(node, shown, truth, len(found)),)
    return Verdict(truth, evidence, missing if truth is None else ())


def _count(person: _Person, node: Count, values: object, scope: str) -> Verdict:
    matching = _matching(person, node)
    if matching is None:
        return _no_list(person, node)
    found, missing = matching
    least = sum(counts is True for _, counts in found)
    most = sum(counts is not False for _, counts in found)
    truth = _range_holds(least, most, node.operator, node.limit)
    shown = tuple(event for event, counts in found if counts is not False)
    return Verdict(truth, (Evidence(node, shown, truth, least),), missing if truth is None else ())


def _no_list(person: _Person, node: Exists | Count) -> Verdict:
    needs = "each event, or the value none"
    return Verdict(None, (), (person.missing(node.selection.events, needs),))


def _judged(person: _Person, node: Judged, values: object, scope: str) -> Verdict:
    judgement = person.facts.judgements.get(node.fact)
    if judgement is None:
        return Verdict(None, (), (person.missing(node.fact, "an investigator's judgement"),))
    if not judgement.by:
        needs = "the name of the investigator who judged"
        return Verdict(None, (), (person.missing(node.fact, needs),))
    return Verdict(judgement.value, (Evidence(node, (judgement,), judgement.value),))


_RULES: Mapping[type, Callable[[_Person, Anything, Anything, str], Verdict]] = {
    All: _all, Any: _any, Not: _not, If: _if, May: _may,
    Yes: _yes, OneOf: _one_of, Has: _has, Number: _number, Amount: _amount,
    LabLimit: _lab_limit, LabWord: _lab_word, Age: _age, Clearance: _clearance,
    DateOrder: _date_order, AtLeast: _at_least, Exists: _exists, Count: _count, Judged: _judged,
}  # fmt: skip


def needed_by(missing: Iterable[Missing]) -> list[Missing]:
    """Return each missing fact once."""
    return list(dict.fromkeys(missing))
