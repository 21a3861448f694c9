"""Which laboratory sample counts, and what it says.

The last sample counts from ``lab_window`` before the first dose up to the first
dose, both days included; a result in words has the screening window. Where
several can be the last (two on one day, a partial date), they must agree, else
the answer is unknown. Multiples of ULN and LLN are those of that very sample,
compared in its own unit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache

from onearm.clinical.body import cockcroft_gault
from onearm.clinical.facts import Days, Facts, Given, Measure, Sample
from onearm.clinical.units import factor, find_analyte
from onearm.clinical.verdict import Evidence, Missing, Truth, Verdict, range_holds
from onearm.clinical.windows import completed_years
from onearm.errors import InputError
from onearm.protocol.criteria import (
    AMOUNT_UNITS,
    BIRTH,
    CREATININE,
    REFERENCES,
    SEX,
    WEIGHT,
    Clearance,
    LabLimit,
    LabWord,
)
from onearm.protocol.forms import FIRST_DOSE


class Person:
    """One person's facts, the day that samples count from, and which samples count."""

    def __init__(self, facts: Facts, lab_days: int | None, screening_days: int | None) -> None:
        self.facts = facts
        self.windows = {False: lab_days, True: screening_days}
        self.first_dose = facts.date(FIRST_DOSE)
        self.by = self.first_dose.last if self.first_dose else None
        self._chosen: dict[str, tuple[tuple[Sample, ...], bool]] = {}

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


@cache
def _factor(unit: str, to_unit: str, test: str) -> Fraction:
    return factor(unit, to_unit, test)


def lab_limit(person: Person, node: LabLimit) -> Verdict:
    """Compare the sample that counts with a limit."""
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
    person: Person,
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


def lab_word(person: Person, node: LabWord) -> Verdict:
    """Compare the result in words that counts."""
    samples, is_certain = person.chosen(node.test)
    if not samples:
        return Verdict(None, (), (person.no_sample(node.test, ""),))
    words = {word.casefold() for word in node.words}
    truths = [str(sample.value).casefold() in words for sample in samples]
    return _of_samples(person, node, samples, truths, [], is_certain)


def clearance(person: Person, node: Clearance) -> Verdict:
    """Compare the clearance by Cockcroft-Gault from the creatinine sample that counts.

    The age is that at the sample, the weight the one given.
    """
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
    truth = range_holds(least, most, node.operator, Fraction(node.limit))
    return truth, least, "the complete date of birth"


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
