"""Laboratory abnormalities that were not present at baseline, by analyte and direction.

Takes laboratory rows, gives counts of subjects. The denominator are those with a value on
treatment whose baseline is known not to be abnormal in that direction; who was abnormal there,
or has no baseline that says so, is counted apart.
"""

from __future__ import annotations

from onearm.clinical.abnormal import DIRECTIONS, lab_abnormalities
from onearm.clinical.derived import LabAbnormality
from onearm.clinical.units import find_analyte
from onearm.results.ledger import Entry, Ledger, Population, Told, tally_of
from onearm.results.model import slug
from onearm.results.plan import Analysis
from onearm.terms import Kind


def add_lab_abnormal(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add who became low or high in each analyte, of those who were not at baseline.

    The item is ``test:alt:high``; its statistics are also ``baseline_abnormal`` and
    ``baseline_unknown``, the subjects who are not in the denominator.
    """
    if all(person.records.labs is None for person in population.people):
        return
    until = population.protocol.safety.emergent_until
    days = None if until is None else until.days
    for group in analysis.groups:
        found: dict[tuple[str, str], list[LabAbnormality]] = {}
        for person in population.of(analysis, group):
            for one in lab_abnormalities(person.records, days):
                found.setdefault((one.analyte, one.direction), []).append(one)
        for code in dict.fromkeys(analyte for analyte, _ in found):
            for direction in DIRECTIONS:
                if own := found.get((code, direction)):
                    _add(ledger, Entry(analysis, group), code, direction, own)


def _add(ledger: Ledger, base: Entry, code: str, direction: str, own: list[LabAbnormality]) -> None:
    analyte = find_analyte(code)
    label = f"{code if analyte is None else analyte.name}: {direction}"
    item = f"test:{slug(code)}:{direction}"
    entry = Entry(base.analysis, base.group, "", item, label)
    normal = [one for one in own if one.at_baseline is False]
    told = {
        one.subject_id: Told(direction if one.after else "normal", one.reason, one.sources)
        for one in normal
    }
    tally_of(
        ledger, entry, told, {one.subject_id for one in normal if one.after},
        f"{label} on treatment",
        f"{base.analysis.set} subjects with a value on treatment, not {direction} at baseline",
    )  # fmt: skip
    for statistic, state in (("baseline_abnormal", True), ("baseline_unknown", None)):
        count = sum(one.at_baseline is state for one in own)
        ledger.add(
            entry, statistic, Kind.COUNT, count, basis=entry.id,
            formula="subjects with a value on treatment, outside the denominator",
        )  # fmt: skip
