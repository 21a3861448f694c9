"""Doses over subjects: reductions, exposure to each drug, how doses differed from plan, and why.

Takes what the rules derived of each subject's doses, gives counts of subjects
and descriptions. Doses that were not collected have no rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from onearm.clinical.derived import DoseSummary
from onearm.clinical.lab_course import dosed
from onearm.format import count_of, plain, source_lines
from onearm.results.ledger import Entry, Ledger, Person, Population, Told, tally, tally_of
from onearm.results.model import Contribution, slug, slugs
from onearm.results.plan import ALL, Analysis
from onearm.stats.descriptive import describe
from onearm.terms import DAYS_PER_MONTH, Kind

DESCRIBED = ("mean", "sd", "median", "q1", "q3", "minimum", "maximum")
MONTHS = (0, 3, 6, 12)
"""Where the categories of the time on treatment begin; a category holds its first day."""


def add_reduced(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add how many subjects had a reduced dose, of any drug and of each."""
    people = population.of(analysis, ALL)
    if any(person.records.doses is None for person in people):
        return
    for drug in ("", *analysis.variants):
        parts: dict[bool, list[Contribution]] = {}
        for person in people:
            doses = [d for d in person.answers.doses if not drug or d.drug == drug]
            is_reduced = any(d.is_reduced for d in doses)
            parts.setdefault(is_reduced, []).append(_dosed(person, doses, is_reduced))
        tally(
            ledger,
            Entry(analysis, ALL, drug),
            parts,
            f"a reduced dose of {drug or 'any drug'}",
            f"{analysis.set} subjects",
        )


def _dosed(person: Person, doses: Iterable[DoseSummary], is_reduced: bool) -> Contribution:
    kept = [d for d in doses if d.is_reduced] or list(doses)
    reason = "; ".join(f"{d.drug} {d.reason} ({source_lines(d.sources)})" for d in kept)
    sources = tuple(s for d in kept for s in d.sources) or (person.records.subject.source,)
    role = "counted" if is_reduced else "not counted"
    return Contribution(person.subject_id, role, None, reason or "no dose", sources)


def add_exposure(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add cycles, days from first to last dose and total dose of each drug, of those who got it."""
    people = population.of(analysis, ALL)
    for drug in analysis.variants:
        given = {
            person.subject_id: (person, dose)
            for person in people
            for dose in person.answers.doses
            if dose.drug == drug
        }
        if not given:
            continue
        of = f"{analysis.set} subjects with a dose of {drug}"
        for item, label in (("cycles", "cycles"), ("days", "days from first to last dose")):
            told = {
                who: Told(str(_amount(dose, item)), dose.reason, dose.sources)
                for who, (_, dose) in given.items()
            }
            amounts = {who: _amount(dose, item) for who, (_, dose) in given.items()}
            entry = Entry(analysis, ALL, drug, item, label)
            _describe(ledger, entry, population, amounts, told, of, item)
        own = [person for person, _ in given.values()]
        _add_total(ledger, Entry(analysis, ALL, drug), population, own, of)
        _add_differences(ledger, Entry(analysis, ALL, drug), own, of)


def _amount(dose: DoseSummary, item: str) -> int:
    return dose.cycles if item == "cycles" else (dose.last_date - dose.first_date).days + 1


def _describe(
    ledger: Ledger,
    entry: Entry,
    population: Population,
    amounts: Mapping[str, float],
    told: Mapping[str, Told],
    of: str,
    unit: str,
) -> None:
    contributions = [Contribution(who, "value", *told[who]) for who in amounts]
    words = f"{entry.label} of {entry.variant}" if entry.variant else entry.label or ""
    basis = ledger.basis(entry, words, of, contributions)
    about = describe(list(amounts.values()), quartiles=population.protocol.analysis.quartiles)
    ledger.add(entry, "n", Kind.COUNT, about.n, basis=basis)
    for statistic in DESCRIBED:
        value = getattr(about, statistic)
        ledger.add(
            entry, statistic, Kind.QUANTITY, None if value is None else float(value), unit=unit,
            note=None if value is not None else "too few values", basis=basis,
            method=about.quartiles if statistic in ("q1", "median", "q3") else None,
        )  # fmt: skip


def _add_total(
    ledger: Ledger, base: Entry, population: Population, own: Sequence[Person], of: str
) -> None:
    """Add the total dose; where doses were given in several units there is none."""
    found = {
        person.subject_id: one
        for person in own
        for one in person.answers.intensities
        if one.drug == base.variant
    }
    units = {one.unit for one in found.values()}
    if len(units) != 1:
        return
    told = {
        who: Told(f"{plain(one.given)} {one.unit}", one.reason, one.sources)
        for who, one in found.items()
    }
    entry = Entry(base.analysis, ALL, base.variant, "total-dose", "total dose")
    amounts = {who: float(one.given) for who, one in found.items()}
    _describe(ledger, entry, population, amounts, told, of, units.pop())


def _add_differences(ledger: Ledger, base: Entry, own: Sequence[Person], of: str) -> None:
    """Add how many had a dose that differed from plan, in each way, and why by the records."""
    cycles = {
        person.subject_id: [one for one in person.answers.course.drugs if one.drug == base.variant]
        for person in own
    }
    kinds = sorted({kind for found in cycles.values() for one in found for kind in one.deviations})
    for kind in kinds:
        differing = {
            who: [one for one in found if kind in one.deviations] for who, found in cycles.items()
        }
        told = {
            person.subject_id: Told(
                count_of(len(rows), "cycle") if rows else None,
                "; ".join(f"cycle {one.cycle}: {one.reason}" for one in rows) or "in no cycle",
                tuple(source for one in rows for source in one.sources)
                or (person.records.subject.source,),
            )
            for person in own
            for rows in (differing[person.subject_id],)
        }
        counted = {who for who, rows in differing.items() if rows}
        name = slug(kind)
        entry = Entry(base.analysis, ALL, base.variant, f"differs:{name}", kind.lower())
        tally_of(ledger, entry, told, counted, f"{base.variant} {kind.lower()} in a cycle", of)
    _add_reasons(ledger, base, own, of)


def _add_reasons(ledger: Ledger, base: Entry, own: Sequence[Person], of: str) -> None:
    changed = {
        person.subject_id: [
            row
            for row in person.records.doses or ()
            if row.drug == base.variant and row.change is not None
        ]
        for person in own
    }
    pairs = {
        (row.change or "", row.change_reason or "not recorded")
        for rows in changed.values()
        for row in rows
    }
    names = slugs(f"{change} {reason}" for change, reason in sorted(pairs))
    for change, reason in sorted(pairs):
        told, counted = {}, set()
        for person in own:
            rows = [
                row
                for row in changed[person.subject_id]
                if (row.change, row.change_reason or "not recorded") == (change, reason)
            ]
            if rows:
                counted.add(person.subject_id)
            words = count_of(len(rows), "dose")
            sources = tuple(row.source for row in rows) or (person.records.subject.source,)
            told[person.subject_id] = Told(None, f"{words} {change.lower()}: {reason}", sources)
        label = f"{change.lower()}: {reason}"
        item = f"reason:{names[f'{change} {reason}']}"
        entry = Entry(base.analysis, ALL, base.variant, item, label)
        tally_of(ledger, entry, told, counted, f"a dose of {base.variant} {label}", of)


def add_treatment_time(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the days from the first dose of any drug to the last, and its categories in months."""
    days: dict[str, int] = {}
    told: dict[str, Told] = {}
    for person in population.of(analysis, ALL):
        if person.records.doses is None:
            return  # not collected
        given = dosed(person.records)
        rows = [row for row in person.records.doses if row.dose > 0]
        if given is None or not rows:
            continue
        who = person.subject_id
        days[who] = (given[1] - given[0]).days + 1
        ends = [row.source for row in rows if (row.end_date or row.start_date) == given[1]]
        words = f"first dose {given[0]}, last day of a dose {given[1]}"
        sources = (person.records.subject.source, *ends)
        told[who] = Told(count_of(days[who], "day"), words, sources)
    if not days:
        return
    of = f"{analysis.set} subjects with a dose"
    entry = Entry(analysis, ALL, "", "days", "days from the first to the last dose of any drug")
    _describe(ledger, entry, population, days, told, of, "days")
    for start, end in zip(MONTHS, (*MONTHS[1:], None), strict=True):
        low = start * DAYS_PER_MONTH
        high = None if end is None else end * DAYS_PER_MONTH
        counted = {who for who, n in days.items() if _is_between(n, low, high)}
        name = f"{start}-to-{end}" if end else f"{start}-or-more"
        label = f"{start} to less than {end} months" if end else f"{start} months or more"
        entry = Entry(analysis, ALL, "", f"months:{name}", label)
        tally_of(ledger, entry, told, counted, label, of)


def _is_between(days: int, low: Fraction, high: Fraction | None) -> bool:
    return low <= days and (high is None or days < high)
