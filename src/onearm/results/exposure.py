"""Dose intensity over subjects: how much a week of each drug, and relative to the plan.

Takes what each subject was given, gives medians, ranges, and the share of
subjects whose relative dose intensity is below 80 % (at 80 % it is not). The
rule and its convention stand in ``clinical.dose_intensity``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction
from functools import partial

from onearm.clinical.dose_intensity import DoseIntensity, intensity_text
from onearm.results.ledger import Entry, Ledger, Person, Population
from onearm.results.model import Contribution
from onearm.results.plan import ALL, Analysis
from onearm.stats.descriptive import describe
from onearm.terms import Kind

LOW = Fraction(4, 5)

Measure = Callable[[DoseIntensity], Fraction | None]


def add_intensity(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add dose intensity and relative dose intensity of each drug, of those who got it."""
    by_drug: dict[str, list[tuple[Person, DoseIntensity]]] = {}
    for person in population.of(analysis, ALL):
        if person.records.doses is None:
            return  # not collected
        for one in person.answers.intensities:
            by_drug.setdefault(one.drug, []).append((person, one))
    for drug in analysis.variants:
        given = by_drug.get(drug, [])
        units = {one.unit for _, one in given}
        if len(units) == 1:
            unit = f"{units.pop()}/week"
            entry = Entry(analysis, ALL, drug, "a-week", f"dose intensity of {drug}")
            _describe(ledger, population, entry, given, lambda one: one.a_week, unit)
        relative = [(person, one) for person, one in given if one.relative is not None]
        if relative:
            entry = Entry(analysis, ALL, drug, "relative", f"relative dose intensity of {drug}")
            _describe(ledger, population, entry, relative, lambda one: one.relative, None)
            _add_low(ledger, analysis, drug, relative)


def _describe(
    ledger: Ledger,
    population: Population,
    entry: Entry,
    given: Sequence[tuple[Person, DoseIntensity]],
    measure: Measure,
    unit: str | None,
) -> None:
    values = {person.subject_id: float(measure(one) or 0) for person, one in given}
    basis = ledger.basis(
        entry,
        entry.label or "",
        f"{entry.analysis.set} subjects with a dose of {entry.variant}",
        partial(_contributions, given),
    )
    about = describe(list(values.values()), quartiles=population.protocol.analysis.quartiles)
    kind = Kind.QUANTITY if unit else Kind.PROPORTION
    ledger.add(entry, "n", Kind.COUNT, about.n, basis=basis)
    for statistic in ("median", "minimum", "maximum"):
        ledger.add(
            entry,
            statistic,
            kind,
            float(getattr(about, statistic)),
            unit=unit,
            method=f"{about.quartiles}, last cycle {given[0][1].convention}",
            basis=basis,
        )


def _contributions(given: Sequence[tuple[Person, DoseIntensity]]) -> Iterator[Contribution]:
    return (_contribution(person, one, "value") for person, one in given)


def _add_low(
    ledger: Ledger, analysis: Analysis, drug: str, given: Sequence[tuple[Person, DoseIntensity]]
) -> None:
    low = {
        person.subject_id
        for person, one in given
        if (relative := one.relative) is not None and relative < LOW
    }
    label = f"relative dose intensity of {drug} below 80 %"
    entry = Entry(analysis, ALL, drug, "below-80", label)
    basis = ledger.basis(
        entry, f"a {label}", f"{analysis.set} subjects with a dose of {drug}",
        partial(_low_or_not, given, low),
    )  # fmt: skip
    ledger.share(entry, len(low), len(given), basis)


def _low_or_not(
    given: Sequence[tuple[Person, DoseIntensity]], low: Collection[str]
) -> Iterator[Contribution]:
    for person, one in given:
        yield _contribution(person, one, "counted" if person.subject_id in low else "not counted")


def _contribution(person: Person, one: DoseIntensity, role: str) -> Contribution:
    value = intensity_text(one)
    return Contribution(person.subject_id, role, value, one.reason, one.sources)
