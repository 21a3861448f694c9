"""Treatment beyond progression: how many, how long, how many doses, and what came of it.

Takes what the rules derived of each subject with a PD by RECIST 1.1; those
without PD are not in the denominator.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm.clinical.derived import BeyondProgression
from onearm.results.ledger import Entry, Ledger, Population, tally
from onearm.results.model import Contribution, slug
from onearm.results.plan import ALL, Analysis
from onearm.stats.descriptive import describe
from onearm.terms import Kind


def add_beyond(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add who was treated after the first PD, for how long, and the best response after it."""
    people = population.of(analysis, ALL)
    if any(person.records.doses is None for person in people):
        return
    progressed = [p.answers.beyond for p in people if p.answers.beyond is not None]
    parts: dict[bool, list[Contribution]] = {}
    for beyond in progressed:
        is_treated = beyond.doses > 0
        role = "counted" if is_treated else "not counted"
        parts.setdefault(is_treated, []).append(_contribution(beyond, role, None))
    who = "a dose after the day of the first PD"
    tally(ledger, Entry(analysis, ALL), parts, who, f"{analysis.set} subjects with PD")
    treated = [beyond for beyond in progressed if beyond.doses > 0]
    _add_amounts(ledger, population, analysis, treated)
    _add_responses(ledger, analysis, treated)


def _contribution(beyond: BeyondProgression, role: str, value: str | None) -> Contribution:
    return Contribution(beyond.subject_id, role, value, beyond.reason, beyond.sources)


def _add_amounts(
    ledger: Ledger, population: Population, analysis: Analysis, treated: Sequence[BeyondProgression]
) -> None:
    for item, label in (("days", "days from PD to the last dose"), ("doses", "doses after PD")):
        if not treated:
            return
        entry = Entry(analysis, ALL, "", item, label)
        amounts = [beyond.days if item == "days" else beyond.doses for beyond in treated]
        contributions = [
            _contribution(beyond, "value", str(amount))
            for beyond, amount in zip(treated, amounts, strict=True)
        ]
        basis = ledger.basis(entry, label, "subjects treated beyond progression", contributions)
        about = describe(amounts, quartiles=population.protocol.analysis.quartiles)
        ledger.add(entry, "n", Kind.COUNT, about.n, basis=basis)
        for statistic in ("median", "minimum", "maximum"):
            value = float(getattr(about, statistic))
            ledger.add(
                entry, statistic, Kind.QUANTITY, value, unit=item, method=about.quartiles,
                basis=basis,
            )  # fmt: skip


def _add_responses(
    ledger: Ledger, analysis: Analysis, treated: Sequence[BeyondProgression]
) -> None:
    codes = {beyond.subject_id: beyond.response or "not assessed" for beyond in treated}
    for code in dict.fromkeys(sorted(codes.values())):
        parts: dict[bool, list[Contribution]] = {}
        for beyond in treated:
            is_it = codes[beyond.subject_id] == code
            role = "counted" if is_it else "not counted"
            found = codes[beyond.subject_id]
            parts.setdefault(is_it, []).append(_contribution(beyond, role, found))
        entry = Entry(analysis, ALL, "", f"response:{slug(code)}", code)
        who = f"best iRECIST response after the first PD: {code}"
        tally(ledger, entry, parts, who, "subjects treated beyond progression")
