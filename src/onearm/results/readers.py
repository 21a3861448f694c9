"""Recorded against derived, and one reader against another.

Takes what the rules derived of each evaluator and source, gives rows: at how
many time points the recorded response is the derived one (``agreement``), and
how the best responses of two readers go together (``concordance``: proportion,
kappa, cross table, the two medians of PFS). Says who differs, not who is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from onearm.clinical.derived import BestResponse, Disagreement, Reading
from onearm.results.ledger import Entry, Ledger, Person, Population
from onearm.results.model import Contribution, slug
from onearm.results.plan import ALL, Analysis
from onearm.results.rates import RECIST_ORDER, RESPONDED
from onearm.stats.concordance import CrossTable, agreement, cross_table, kappa
from onearm.terms import Kind

COMPARED = ("overall", "target", "non-target", "irecist")
SOURCES = ("recorded", "derived")


def add_agreement(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add at how many time points recorded and derived response are equal.

    Of the primary evaluator by default, of another one as a variant; and, of the
    primary one, in how many subjects the best response and the responder stay
    the same. Nothing where only one of the two was collected.
    """
    people = population.of(analysis, ALL)
    evaluators = {"": population.protocol.response.primary_evaluator}
    evaluators |= {r.name: r.evaluator for p in people for r in p.answers.readings.values()
                   if r.name in analysis.variants}  # fmt: skip
    for variant, evaluator in evaluators.items():
        for category in COMPARED:
            item = None if category == "overall" else f"category:{category}"
            entry = Entry(analysis, ALL, variant, item, f"{category} response")
            _add_time_points(ledger, entry, people, evaluator, category)
    for source in SOURCES:
        _add_consequence(ledger, Entry(analysis, ALL), people, source)


def _add_time_points(
    ledger: Ledger, entry: Entry, people: Sequence[Person], evaluator: str, category: str
) -> None:
    found = [
        (person, one)
        for person in people
        for one in person.answers.agreements
        if (one.evaluator, one.category) == (evaluator, category)
    ]
    if not found:
        return
    basis = ledger.basis(
        entry,
        f"time points whose recorded {category} response is the derived one",
        f"time points with both, by {evaluator}",
        [
            Contribution(
                person.subject_id,
                "counted" if one.equal == one.compared else "not counted",
                f"{one.equal} of {one.compared}",
                _differing(person.answers.disagreements, evaluator, category),
                one.sources,
            )
            for person, one in found
        ],
    )
    equal = sum(one.equal for _, one in found)
    ledger.share(entry, equal, sum(one.compared for _, one in found), basis)


def _differing(found: Sequence[Disagreement], evaluator: str, category: str) -> str:
    own = [
        f"{one.visit}: recorded {one.recorded}, derived {one.derived}"
        for one in found
        if (one.evaluator, one.category) == (evaluator, category)
        and one.recorded is not None
        and one.derived is not None
    ]
    return "; ".join(own) or "all equal"


def _add_consequence(ledger: Ledger, base: Entry, people: Sequence[Person], source: str) -> None:
    """Add in how many subjects best response, and being a responder, are equal by both."""
    found = [(p, r) for p in people if (r := p.answers.readings.get(source))]
    if not found:
        return
    for item, label in (("best-response", "best response"), ("responder", "responder or not")):
        entry = Entry(base.analysis, ALL, "", item, label)
        pairs = [(p, _told(p.answers.best, item), _told(r.best, item), r) for p, r in found]
        basis = ledger.basis(
            entry,
            f"{label} by the {source} responses as by those that count",
            f"{base.analysis.set} subjects",
            [
                Contribution(
                    person.subject_id,
                    "counted" if own == other else "not counted",
                    own if own == other else f"{own}, {source} {other}",
                    f"{person.answers.best.reason}; {source}: {reading.best.reason}",
                    tuple(dict.fromkeys(person.answers.best.sources + reading.best.sources)),
                )
                for person, own, other, reading in pairs
            ],
        )
        ledger.share(entry, sum(own == other for _, own, other, _ in pairs), len(pairs), basis)


def _told(best: BestResponse, item: str) -> str:
    if best.confirmed_best is None:
        return "unknown"
    if item == "best-response":
        return best.confirmed_best
    return "responder" if best.confirmed_best in RESPONDED else "no responder"


def add_concordance(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add how the confirmed best responses of each other reader go with the primary ones."""
    for reader in analysis.variants:
        entry = Entry(analysis, ALL, reader)
        found = [
            (person, reading)
            for person in population.of(analysis, ALL)
            if (reading := person.answers.readings.get(reader)) and _are_read(person, reading)
        ]
        basis = ledger.basis(
            entry,
            f"one confirmed best response by {reader} and the primary evaluator",
            f"{analysis.set} subjects whom both judged",
            [_both(person, reading) for person, reading in found],
        )
        _add_table(ledger, entry, found, population, basis)
        _add_medians(ledger, entry, reader)


def _are_read(person: Person, reading: Reading) -> bool:
    """Return whether both have judged a subject, and both best responses are known."""
    own = person.answers
    is_judged = bool(own.time_points and reading.time_points) or own.by_endpoints
    return is_judged and None not in (own.best.confirmed_best, reading.best.confirmed_best)


def _both(person: Person, reading: Reading) -> Contribution:
    own, other = person.answers.best, reading.best
    is_one = own.confirmed_best == other.confirmed_best
    return Contribution(
        person.subject_id,
        "counted" if is_one else "not counted",
        f"{own.confirmed_best}, {reading.name} {other.confirmed_best}",
        f"{own.evaluator} {own.reason}; {other.evaluator} {other.reason}",
        tuple(dict.fromkeys(own.sources + other.sources)),
    )


def _add_table(
    ledger: Ledger,
    entry: Entry,
    found: Sequence[tuple[Person, Reading]],
    population: Population,
    basis: str,
) -> None:
    first = [str(person.answers.best.confirmed_best) for person, _ in found]
    second = [str(reading.best.confirmed_best) for _, reading in found]
    equal = sum(a == b for a, b in zip(first, second, strict=True))
    ledger.share(entry, equal, len(found), basis)
    if not found:
        return
    table = cross_table(first, second, [str(code) for code in RECIST_ORDER])
    _add_agreement_limits(ledger, entry, table, population, basis)
    for i, mine in enumerate(table.categories):
        for j, theirs in enumerate(table.categories):
            is_used = mine in first + second and theirs in first + second
            if not is_used:
                continue
            item = f"primary-{slug(mine)}:{slug(entry.variant)}-{slug(theirs)}"
            cell = replace(entry, item=item, label=f"{mine}, {entry.variant} {theirs}")
            ledger.add(cell, "count", Kind.COUNT, table.counts[i][j], basis=basis)


def _add_agreement_limits(
    ledger: Ledger, entry: Entry, table: CrossTable, population: Population, basis: str
) -> None:
    methods = population.protocol.analysis
    share = agreement(table, method=methods.interval, level=methods.level)
    for statistic, limit in (("lower", share.lower), ("upper", share.upper)):
        ledger.add(
            entry, statistic, Kind.PROPORTION, limit, level=methods.level,
            method=methods.interval, basis=basis,
        )  # fmt: skip
    found = kappa(table, level=methods.level)
    for statistic, value in (
        ("kappa", found.value), ("kappa_lower", found.lower), ("kappa_upper", found.upper),
    ):  # fmt: skip
        ledger.add(
            entry, statistic, Kind.RATIO, value, level=methods.level, method="cohen, unweighted",
            note=None if value is not None else found.note, basis=basis,
            formula="(agreement - agreement by chance) / (1 - agreement by chance)",
        )  # fmt: skip


def _add_medians(ledger: Ledger, entry: Entry, reader: str) -> None:
    """Repeat the two medians of PFS side by side, each with its own basis."""
    by_id = {row.id: row for row in ledger.rows if row.analysis == "pfs"}
    for item, label, of in (
        ("pfs:primary", "PFS, primary evaluator", "pfs"),
        (f"pfs:{slug(reader)}", f"PFS, {reader}", f"pfs.{slug(reader)}"),
    ):
        for statistic in ("median", "lower", "upper"):
            row = by_id.get(f"{of}/all/{statistic}")
            if row is not None:
                ledger.add(
                    replace(entry, item=item, label=label), statistic, row.kind, row.value,
                    unit=row.unit, level=row.level, method=row.method, note=row.note,
                    basis=row.basis, formula=row.formula,
                )  # fmt: skip
