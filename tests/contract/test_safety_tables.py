"""The further safety tables of the report, for a trial that brings laboratory values.

Who stands where is counted again here from the answers that the results hold; the layout is
that of a clinical study report.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from onearm.pipeline.run import Analysed, analyse
from onearm.report.model import Phrase, Table
from onearm.report.safety_tables import emergent_table, exposure_table, laboratory_table
from onearm.report.shown import Shown

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture(scope="module")
def found() -> Analysed:
    return analyse(STUDIES / "nct07083375")


@pytest.fixture(scope="module")
def shown(found: Analysed) -> Shown:
    return Shown(found.results, found.study.protocol)


def text(spans: Phrase) -> str:
    return "".join(span.text for span in spans)


def lines(table: Table | None) -> list[tuple[str, list[str]]]:
    assert table is not None
    return [(text(line.label), [text(cell) for cell in line.cells]) for line in table.lines]


def test_emergent_terms_are_those_over_the_threshold_by_frequency(
    found: Analysed, shown: Shown
) -> None:
    printed = lines(emergent_table(shown))
    threshold = found.study.protocol.safety.reporting_threshold
    assert threshold is not None
    people = {
        (event.term, event.subject_id)
        for records in found.study.subjects
        for event in records.adverse_events or ()
    }
    often = {term: sum(one == term for one, _ in people) for term, _ in people}

    assert printed[0][0] == "Any event"
    for term, cells in printed[1:]:
        assert int(cells[0].split()[0]) <= often[term]  # those in the window, of all
        assert int(cells[0].split()[0]) >= threshold * len(found.study.subjects)
    counts = [int(cells[0].split()[0]) for _, cells in printed[1:]]
    assert counts == sorted(counts, reverse=True)


def test_the_grades_at_baseline_add_up_to_the_worst_grades(shown: Shown) -> None:
    totals: list[int] = []
    added: list[int] = []
    for label, cells in lines(laboratory_table(shown)):
        numbers = [int(cell.split()[0]) for cell in cells[1:6]]
        if label.startswith("Baseline"):
            added = [a + b for a, b in zip(added, numbers, strict=True)]
        else:
            assert added == totals
            totals, added = numbers, [0] * 5
            assert sum(totals) == int(cells[0])
    assert added == totals != []


def test_every_drug_of_the_protocol_has_its_doses(found: Analysed, shown: Shown) -> None:
    printed = lines(exposure_table(shown))
    labels = [label for label, _ in printed]
    by_drug = {
        drug.label or drug.name: {
            row.subject_id
            for records in found.study.subjects
            for row in records.doses or ()
            if row.drug.lower() == drug.name.lower() and row.dose > 0
        }
        for drug in found.study.protocol.treatment.drugs
    }

    for name, subjects in by_drug.items():
        patients = printed[labels.index(name) + 1]
        assert patients == ("Patients, n", [str(len(subjects))])


def test_a_study_without_laboratory_values_has_no_such_table() -> None:
    study = analyse(STUDIES / "tqb2450-ib-02")

    assert laboratory_table(Shown(study.results, study.study.protocol)) is None
