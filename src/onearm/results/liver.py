"""Hy's law: who may have drug-induced liver injury, and the peaks of everybody.

Takes laboratory values on treatment in multiples of their own upper limit of
normal, gives counts by quadrant and the peaks that a plot shows. By the FDA's
guidance on drug-induced liver injury before marketing (July 2009) a case has
an ALT or AST of at least 3 x ULN (>=) and a bilirubin above 2 x ULN (>),
without signs of cholestasis at first. Read here as: the bilirubin lies on the
day of such an ALT or AST or at most 30 days after it, and the alkaline
phosphatase of the day of the ALT or AST, where it was measured, below 2 x ULN
(<). Whether another cause explains it, no number says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from onearm.clinical.lab_course import dosed, is_on_treatment
from onearm.clinical.listings import lab_value
from onearm.clinical.records import Lab, Source
from onearm.clinical.units import find_analyte
from onearm.format import number
from onearm.results.ledger import Entry, Ledger, Person, Population, Told, tally_of
from onearm.results.model import Contribution, slugs
from onearm.results.plan import ALL, Analysis
from onearm.terms import Kind

TRANSAMINASES, BILIRUBIN, PHOSPHATASE = ("ALT", "AST"), "BILI", "ALP"
TRANSAMINASE_FROM, BILIRUBIN_ABOVE, PHOSPHATASE_BELOW = 3, 2, 2
DAYS_AFTER = 30

QUADRANTS = (
    ("hys-law", "ALT or AST at least 3 x ULN, bilirubin above 2 x ULN", True, True),
    ("temples-corollary", "ALT or AST at least 3 x ULN, bilirubin at most 2 x ULN", True, False),
    ("cholestasis", "ALT and AST below 3 x ULN, bilirubin above 2 x ULN", False, True),
    ("normal", "ALT and AST below 3 x ULN, bilirubin at most 2 x ULN", False, False),
)


@dataclass(frozen=True, slots=True)
class _Value:
    """One value on treatment in multiples of its upper limit of normal."""

    lab: Lab
    analyte: str
    multiple: Fraction


@dataclass(frozen=True, slots=True)
class _Liver:
    """The peaks of one subject, and what makes it a candidate."""

    transaminase: _Value
    bilirubin: _Value
    case: tuple[_Value, ...]  # ALT or AST, bilirubin, and the alkaline phosphatase if measured

    @property
    def is_high(self) -> tuple[bool, bool]:
        """Whether ALT or AST, and bilirubin, are beyond their limits at their peaks."""
        return (
            self.transaminase.multiple >= TRANSAMINASE_FROM,
            self.bilirubin.multiple > BILIRUBIN_ABOVE,
        )


def add_liver(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the quadrants of the peaks, the candidates for Hy's law, and each subject's peaks."""
    if all(person.records.labs is None for person in population.people):
        return
    people = population.of(analysis, ALL)
    values = {person.subject_id: _on_treatment(person, population) for person in people}
    found = {who: one for who, own in values.items() if (one := _liver(own)) is not None}
    told = {who: _told(one) for who, one in found.items()}
    of = f"{analysis.set} subjects with ALT or AST, and bilirubin, on treatment"
    for name, label, *wanted in QUADRANTS:
        counted = {who for who, one in found.items() if one.is_high == tuple(wanted)}
        entry = Entry(analysis, ALL, "", f"quadrant:{name}", label)
        tally_of(ledger, entry, told, counted, label, of)
    counted = {who for who, one in found.items() if one.case}
    label = "candidates for Hy's law"
    entry = Entry(analysis, ALL, "", "candidates", label)
    cases = {who: _told(one, one.case) for who, one in found.items()}
    tally_of(ledger, entry, cases, counted, label, of)
    names = slugs(person.subject_id for person in population.people)
    for who, one in found.items():
        _add_peaks(ledger, Entry(analysis, ALL, "", f"subject:{names[who]}", who), one, told[who])


def _add_peaks(ledger: Ledger, entry: Entry, one: _Liver, told: Told) -> None:
    who = entry.label or ""
    basis = ledger.basis(entry, "peaks on treatment", "one subject", [
        Contribution(who, "value", *told)
    ])  # fmt: skip
    peaks = (
        ("transaminase", one.transaminase, "highest ALT or AST on treatment"),
        ("bilirubin", one.bilirubin, "highest bilirubin on treatment"),
    )
    for statistic, value, method in peaks:
        ledger.add(
            entry, statistic, Kind.QUANTITY, float(value.multiple), unit="x ULN", basis=basis,
            method=method, note=f"{value.analyte}, {value.lab.date}",
        )  # fmt: skip


def _on_treatment(person: Person, population: Population) -> list[_Value]:
    until = population.protocol.safety.emergent_until
    days, last = dosed(person.records), None if until is None else until.days
    found = []
    for lab in person.records.labs or ():
        analyte = find_analyte(lab.test)
        if analyte is None or lab.is_baseline or not lab.uln:
            continue
        if analyte.code not in (*TRANSAMINASES, BILIRUBIN, PHOSPHATASE):
            continue
        value = lab_value(lab)
        if value is not None and is_on_treatment(lab.date, days, last):
            found.append(_Value(lab, analyte.code, Fraction(value) / Fraction(lab.uln)))
    return found


def _liver(values: Sequence[_Value]) -> _Liver | None:
    """Return the peaks, and the first case; None without both kinds of value."""
    ordered = sorted(values, key=lambda value: (value.lab.date, value.analyte))
    enzymes = [value for value in ordered if value.analyte in TRANSAMINASES]
    bilirubin = [value for value in ordered if value.analyte == BILIRUBIN]
    if not enzymes or not bilirubin:
        return None

    def peak(of: Sequence[_Value]) -> _Value:
        return max(of, key=lambda value: value.multiple)

    return _Liver(peak(enzymes), peak(bilirubin), _case(ordered, enzymes, bilirubin))


def _case(
    values: Sequence[_Value], enzymes: Sequence[_Value], bilirubin: Sequence[_Value]
) -> tuple[_Value, ...]:
    for enzyme in enzymes:
        if enzyme.multiple < TRANSAMINASE_FROM:
            continue
        same_day = [v for v in values if v.analyte == PHOSPHATASE and v.lab.date == enzyme.lab.date]
        if any(value.multiple >= PHOSPHATASE_BELOW for value in same_day):
            continue
        for value in bilirubin:
            wait = (value.lab.date - enzyme.lab.date).days
            if value.multiple > BILIRUBIN_ABOVE and 0 <= wait <= DAYS_AFTER:
                return (enzyme, value, *same_day)
    return ()


def _told(one: _Liver, case: Sequence[_Value] = ()) -> Told:
    shown = case or (one.transaminase, one.bilirubin)
    words = "; ".join(f"{v.analyte} {number(v.multiple, 2)} x ULN on {v.lab.date}" for v in shown)
    sources: tuple[Source, ...] = tuple(dict.fromkeys(v.lab.source for v in shown))
    return Told(None, words, sources)
