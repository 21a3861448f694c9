"""Why a criterion is met or not, in words and as cells: evidence told, numbers not rounded away.

Takes what ``onearm.clinical.eligibility`` decided, gives one sentence a
criterion and one row a piece of evidence. A number that does not end is shown
with as many decimals as tell it from its limit. Decides nothing.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any as Anything
from typing import NamedTuple

from onearm.clinical.eligibility import CriterionResult, Outcome
from onearm.clinical.facts import ANY_DAY, Days, Given, Happening, Measure, Sample
from onearm.clinical.samples import limit_of
from onearm.clinical.units import exact, unit_of
from onearm.clinical.verdict import Evidence, Missing
from onearm.format import count_of, number, plain
from onearm.protocol.criteria import (
    AMOUNT_UNITS,
    REFERENCES,
    Age,
    Amount,
    AtLeast,
    Clearance,
    Count,
    DateOrder,
    Exists,
    Has,
    Judged,
    LabLimit,
    LabWord,
    Number,
    OneOf,
    Selection,
)
from onearm.protocol.criteria_text import among_form, selection_form, window_form

FEWEST_DIGITS, FULL_DIGITS, MOST_DIGITS = 2, 4, 12
BARE = {"1", "ratio"}
"""Units of a ratio, which are not printed."""


class EvidenceRow(NamedTuple):
    """One fact that decided: what was found, beside what is asked.

    ``converted`` is the value in the unit of the threshold; ``holds`` whether
    the condition is true, null where the evidence leaves it open; ``line`` is
    that of the facts file, ``told`` the row in words where they are not the usual ones.
    """

    fact: str
    value: str
    unit: str | None
    date: str | None
    converted: str | None
    threshold: str
    holds: bool | None
    line: int | None
    told: str = ""

    def sentence(self) -> str:
        """Return the row as a sentence."""
        if self.told:
            return self.told
        verb = {True: "is", False: "is not", None: "may or may not be"}[self.holds]
        unit = f" {self.unit}" if self.unit else ""
        same = f" = {self.converted}" if self.converted else ""
        date = f" on {self.date}" if self.date else ""
        return f"{self.fact} {self.value}{unit}{date}{same} {verb} {self.threshold}"


def exact_text(value: Fraction | Decimal | int, limit: Fraction | None = None) -> str:
    """Return a number in full up to four decimals, else with the digits that tell it from a limit.

    >>> exact_text(Fraction(3, 2)), exact_text(Fraction(149999, 3000), Fraction(50))
    ('1.5', '49.9997')
    """
    exactly = Fraction(value)
    size = exactly.denominator
    for prime in (2, 5):
        while size % prime == 0:
            size //= prime
    if size == 1 and 10**FULL_DIGITS % exactly.denominator == 0:
        return plain(Decimal(exactly.numerator) / Decimal(exactly.denominator))
    for digits in range(FEWEST_DIGITS, MOST_DIGITS):
        text = number(exactly, digits)
        if limit is None or Fraction(text) != limit:
            return text
    return number(exactly, MOST_DIGITS)


def reason(result: CriterionResult) -> str:
    """Return why a criterion has its outcome, in one sentence."""
    verdict, is_exclusion = result.verdict, result.criterion.id.startswith("E")
    told = "; ".join(row.sentence() for row in evidence_rows(result)) or "nothing is needed"
    if result.outcome is Outcome.UNKNOWN:
        needs = "; ".join(missing_text(item) for item in dict.fromkeys(verdict.missing))
        return f"needs {needs}" + (f" ({told})" if verdict.evidence else "")
    if not is_exclusion:
        return told
    return f"{'absent' if result.outcome is Outcome.MET else 'present'}: {told}"


def missing_text(item: Missing) -> str:
    """Return what is missing and by when: 'ANC: a result from 2026-01-05 to 2026-01-12'."""
    days = f" by {item.by}" if item.by else ""
    if item.earliest:
        days = f" from {item.earliest} to {item.by}"
    return f"{item.fact}: {item.needs}{days}"


def evidence_rows(result: CriterionResult) -> list[EvidenceRow]:
    """Return the evidence of a criterion, each piece once."""
    return list(dict.fromkeys(_row(item) for item in result.verdict.evidence))


def _row(item: Evidence) -> EvidenceRow:
    node = item.node
    first: Anything = item.items[0] if item.items else None
    match node:
        case LabLimit():
            return _lab(item, node, first)
        case LabWord():
            word = str(first.value).lower()
            told = _word_told(f"{node.test} on {first.days}", word, node.words, item.truth)
            threshold = among_form(node.words).lower()
            return _sampled(item, node.test, word, threshold, first)._replace(told=told)
        case Age():
            birth, anchor = item.items
            fact, threshold = f"age at {node.anchor}", f"{node.operator} {node.years} years"
            row = EvidenceRow(
                fact, f"{item.value}", "years", str(anchor), None, threshold, item.truth, None
            )
            return row._replace(told=f"{row.sentence()} (born {birth})")
        case Clearance():
            return _clearance(item, node)
        case DateOrder():
            threshold = f"{node.operator} {node.second} {item.items[1]}"
            return EvidenceRow(
                node.first, str(first), None, None, None, threshold, item.truth, None
            )
        case AtLeast():
            threshold = f"at least {window_form(node.window)} {item.items[1]}"
            return EvidenceRow(node.fact, str(first), None, None, None, threshold, item.truth, None)
        case Exists() | Count():
            return _events(item, node)
        case Judged():
            value = f"{_yes(first.value)}, judged by {first.by}" if first else ""
            days = str(first.days) if first and first.days else None
            line = first.line if first else None
            told = f"{node.fact}: {value}"
            return EvidenceRow(node.fact, value, None, days, None, "yes", item.truth, line, told)
        case _:
            return _given(item, node, first)


def _yes(value: object) -> str:
    return "yes" if value else "no"


def _given(item: Evidence, node: Anything, given: Anything) -> EvidenceRow:
    assert isinstance(given, Given)
    unit = converted = None
    value, threshold = given.value, "yes"
    text = _yes(value)
    match node:
        case OneOf():
            text, threshold = str(value), among_form(node.words)
        case Has():
            words = value if isinstance(value, frozenset) else frozenset[str]()
            text, threshold = ", ".join(sorted(words)) or "nothing", f"with {node.word}"
        case Number():
            text, threshold = str(value), f"{node.operator} {node.limit}"
        case Amount():
            assert isinstance(value, Measure)
            text, unit = value.text, value.unit
            threshold = f"{node.operator} {node.limit} {node.unit}"
            units = next(units for units in AMOUNT_UNITS.values() if node.unit in units)
            if value.unit != node.unit:
                size = value.number * units[value.unit] / units[node.unit]
                converted = f"{exact_text(size, Fraction(node.limit))} {node.unit}"
    days = str(given.days) if given.days else None
    fact = item.scope + node.fact
    told = f"{fact}: {text}" if threshold == "yes" else ""
    if isinstance(node, OneOf):
        told = _word_told(fact, text, node.words, item.truth)
    return EvidenceRow(fact, text, unit, days, converted, threshold, item.truth, given.line, told)


def _word_told(fact: str, found: str, words: tuple[str, ...], truth: bool | None) -> str:
    """Return a word beside those that are asked: 'ecog: 2, not 0 or 1'."""
    return f"{fact}: {found}" if truth else f"{fact}: {found}, not {' or '.join(words)}"


def _sampled(
    item: Evidence, test: str, value: str, threshold: str, sample: Anything
) -> EvidenceRow:
    days, line = str(sample.days), sample.line
    return EvidenceRow(test, value, None, days, None, threshold, item.truth, line)


def _lab(item: Evidence, node: LabLimit, sample: Anything) -> EvidenceRow:
    assert isinstance(sample, Sample)
    assert isinstance(sample.value, Measure)
    measure, limit = sample.value, limit_of(node, sample)
    threshold = f"{node.operator} {node.limit} {node.unit}"
    unit = "" if measure.unit in BARE else measure.unit
    converted = None
    if node.unit in REFERENCES:
        reference = sample.uln if node.unit == "ULN" else sample.lln
        if limit is not None and reference:
            threshold += f" = {exact_text(limit)} {unit}".rstrip()
            times = exact_text(measure.number / reference, Fraction(node.limit))
            converted = f"{measure.sign}{times} {node.unit}"
    elif unit_of(node.unit, node.test) != measure.unit:
        size = exact(measure.number, measure.unit, node.unit, node.test)
        converted = f"{measure.sign}{exact_text(size, limit)} {node.unit}"
    row = _sampled(item, node.test, measure.text, threshold, sample)
    return row._replace(unit=unit or None, converted=converted)


def _clearance(item: Evidence, node: Clearance) -> EvidenceRow:
    sample, birth, sex, weight = item.items
    creatinine = f"creatinine {sample.value.text} {sample.value.unit}"
    person = f"born {birth}, {weight.value.text} {weight.value.unit}, {sex.value}"
    value = exact_text(item.value, Fraction(node.limit)) if item.value is not None else "unknown"
    threshold = f"{node.operator} {node.limit} mL/min ({creatinine}, {person})"
    row = _sampled(item, "creatinine clearance", value, threshold, sample)
    return row._replace(unit="mL/min")


def _events(item: Evidence, node: Exists | Count) -> EvidenceRow:
    events: tuple[Happening, ...] = item.items
    told = "; ".join(_happening(event) for event in events)
    threshold = selection_form(node.selection)
    line = events[0].line if events else None
    if isinstance(node, Count):
        threshold = f"{node.operator} {node.limit} of {threshold}"
        value = f"{item.value}" + (f" ({told})" if told else "")
        verb = {True: "is", False: "is not", None: "may or may not be"}[item.truth]
        limit = f"{node.operator} {node.limit}"
        sentence = f"the number of {node.selection.events} {value} {verb} {limit}"
    else:
        value, which = told or "none recorded", ""
        if told and item.truth is False:
            value = f"none of {count_of(len(events), 'event')} ({told})"
            which = f" is one {_condition(node.selection)}"
        elif told:
            which = f" ({_condition(node.selection)})"
        threshold = f"one of {threshold}"
        sentence = f"{node.selection.events}: {value}{which}"
    name = node.selection.events
    return EvidenceRow(name, value, None, None, None, threshold, item.truth, line, sentence)


def _condition(selection: Selection) -> str:
    """Return what is asked of an event: 'where kind is a within 14 days before first_dose'."""
    return selection_form(selection).removeprefix(selection.events).strip() or "any"


def _happening(event: Happening) -> str:
    """Return an event with its days and attributes: '2026-01-02 to 2026-01-09, kind rhtpo'."""
    days = str(event.start) if event.start != ANY_DAY else "undated"
    if event.end != event.start:
        days += f" to {_end(event.end)}"
    parts = [days]
    for name, given in event.attributes.items():
        match given.value:
            case bool():
                parts.append(f"{name} {_yes(given.value)}")
            case frozenset():
                parts.append(f"{name} {'+'.join(sorted(given.value))}")
            case Measure():
                parts.append(f"{name} {given.value.text} {given.value.unit}")
            case _:
                parts.append(f"{name} {given.value}")
    return ", ".join(parts)


def _end(days: Days) -> str:
    return "now" if days.first == ANY_DAY.last else str(days)
