"""The further safety tables of the report, for a trial that brings laboratory values.

Who stands where is counted again here from the answers that the results hold; the layout is
that of a clinical study report.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from onearm.pipeline.lab_findings import grades_by_subject
from onearm.pipeline.material import material_of
from onearm.pipeline.run import Analysed, analyse
from onearm.report.catalogue import ENTRIES, build_table, find_entry
from onearm.report.model import Phrase, Table
from onearm.report.safety_tables import emergent_table, exposure_table, laboratory_table
from onearm.report.sentences import response_sentences, time_sentences
from onearm.report.shown import Shown
from onearm.report.verdicts import verdict
from onearm.report.wording import headlines, methods
from onearm.results.model import Results

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
        numbers = [0 if cell == "\N{EM DASH}" else int(cell.split()[0]) for cell in cells[1:6]]
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


def test_the_severe_laboratory_values_are_those_that_the_grader_grades_so(found: Analysed) -> None:
    shown = Shown(found.results, found.study.protocol, material_of(found, ()))
    table = build_table(find_entry("listing-severe-labs"), shown)
    graded = grades_by_subject(found.study) or []
    severe = [one for own in graded for one in own if (one.grade or 0) >= 3]

    assert len(table.lines) == len(severe) > 0
    assert all(line.source and line.source.startswith("labs.csv:") for line in table.lines)


def test_the_eligibility_evidence_names_who_failed_which_criterion_by_which_fact(
    found: Analysed,
) -> None:
    shown = Shown(found.results, found.study.protocol, material_of(found, ()))
    table = build_table(find_entry("listing-eligibility"), shown)
    rows = [(text(line.label), *(text(cell) for cell in line.cells)) for line in table.lines]
    with (STUDIES / "nct07083375" / "data" / "screening.csv").open(encoding="utf-8") as file:
        failed = {
            (row["subject_id"], row["criterion"])
            for row in csv.DictReader(file)
            if row["enrolled"] == "N" and row["criterion"]
        }
    facts = (STUDIES / "nct07083375" / "data" / "facts.csv").read_text(encoding="utf-8")
    known = facts.splitlines()

    assert len({subject for subject, *_ in rows}) == 70  # all who were screened
    not_met = {(subject, criterion) for subject, criterion, verdict, *_ in rows
               if verdict == "not met"}  # fmt: skip
    assert not_met - {("QL-014", "I07")} == failed  # QL-014 entered against I07, by SOURCE.md
    for subject, *_, source in rows:
        place, _, line = source.partition(":")
        assert place == "facts.csv"
        assert not line or known[int(line) - 1].startswith(f"{subject},")


@pytest.mark.parametrize(
    "name",
    [
        "disposition", "screen-failures", "deviations", "deaths", "sites", "accrual", "hys-law",
        "beyond-progression", "biomarker-response", "biomarker-pfs", "biomarker-os",
        "immune-outcome", "immune-incidence", "special-interest", "events-by-grade",
        "serious-events", "related-events-by-drug", "safety-by-drug", "safety", "exposure",
        "laboratory-grades", "laboratory-shift", "times", "duration-of-response", "primary",
    ],
)  # fmt: skip
def test_every_number_of_a_safety_table_is_a_result(
    found: Analysed, shown: Shown, name: str
) -> None:
    known = found.results.by_id()
    table = build_table(find_entry(name), shown)

    assert table.lines
    for line in table.lines:
        for cell in line.cells:
            assert not any(c.isdigit() for span in cell if not span.result for c in span.text)
            assert all(span.result in known for span in cell if span.result)


def test_no_p_value_of_a_biomarker_stands_without_estimate_and_interval(shown: Shown) -> None:
    for name in ("biomarker-response", "biomarker-pfs", "biomarker-os"):
        before: list[str] = []
        for label, cells in lines(build_table(find_entry(name), shown)):
            if cells and cells[4] != "\N{EM DASH}":
                ratio = before if label.startswith("Log-rank") else cells
                assert all(any(c.isdigit() for c in ratio[place]) for place in (2, 3)), label
            before = cells


def test_a_term_of_a_class_is_counted_once_under_its_worst_grade(shown: Shown) -> None:
    for _, cells in lines(build_table(find_entry("events-by-grade"), shown)):
        any_grade, *parts = (int(cell.split()[0]) for cell in cells)
        assert sum(parts) <= any_grade
    whole = lines(build_table(find_entry("events-by-grade"), shown))[0][1]
    counts = [int(cell.split()[0]) for cell in whole]
    assert counts[0] == sum(counts[1:])


VERDICTS = {  # study: the sentence; Z and expected events as tests/reference/primary.csv
    "nct07083375": (
        "Not met: Z of 0.853 does not exceed 1.645 (one-sample log-rank, one-sided p = 0.197); 50 "
        "events in 56 patients, 56.4 expected under a median of 5.50 months; the design is assumed."
    ),
    "nct07388875": (  # 16 of 28 are in; 5 have a confirmed response, by SOURCE.md
        "No verdict before the declared analysis: 5 of 16 patients with a response; 8 of 28 are "
        "needed; the design is assumed."
    ),
}


@pytest.mark.parametrize("study", VERDICTS)
def test_the_verdict_on_the_primary_endpoint_is_a_sentence(study: str) -> None:
    made = analyse(STUDIES / study)
    sentence = text(verdict(Shown(made.results, made.study.protocol)))

    assert sentence.replace("\N{NO-BREAK SPACE}", " ") == VERDICTS[study]


def test_a_verdict_of_a_closed_study_says_that_its_analysis_was_not_reached() -> None:
    # gastric-xelox is completed with 32 of the 39.3 events that its assumed design expects.
    made = analyse(STUDIES / "gastric-xelox")
    shown = Shown(made.results, made.study.protocol)
    table = build_table(find_entry("primary"), shown)

    printed = dict(lines(table))
    assert printed["Declared analysis reached"] == ["no; the study is closed"]
    assert printed["Verdict"] == ["Met"]
    assert any("unless the study is closed" in text(note) for note in table.footnotes)
    assert text(verdict(shown)).endswith("; the design is assumed.")


def test_the_primary_endpoint_is_told_among_the_results_and_the_methods(shown: Shown) -> None:
    told = [text(one).replace("\N{NO-BREAK SPACE}", " ") for one in time_sentences(shown)]
    sentence = VERDICTS["nct07083375"]

    assert told[0] == f"The primary endpoint was n{sentence[1:]}"
    assert not any("primary endpoint" in text(one) for one in response_sentences(shown))
    assert dict(methods(shown, {}))["Primary endpoint"] == (
        "Progression-free survival, by the design of the protocol. One-sample log-rank: Z above "
        "z(1 - alpha), one-sided alpha 0.05."
    )


def test_headlines_agree_with_one_event_and_one_patient(found: Analysed) -> None:
    one = ("orr/all/total", "pfs/all/total", "pfs/all/events", "trae/all/total")
    rows = tuple(
        row._replace(value=1) if row.id in one else row for row in found.results.rows
    )  # fmt: skip
    told = {name: text(said) for name, said in headlines(
        Shown(Results(rows), found.study.protocol)
    )}  # fmt: skip

    assert " of 1 patient," in told["Objective response"]
    assert "; 1 event in 1 patient;" in told["Progression-free survival"]
    assert " of 1 patient;" in told["Treatment-related adverse events"]
    assert "56 patients," in told["Disease control"]


@pytest.mark.parametrize("name", ["exposure", "disposition"])
def test_a_drug_of_two_words_stands_under_its_label(name: str) -> None:
    made = analyse(STUDIES / "nct07388875")
    printed = lines(build_table(find_entry(name), Shown(made.results, made.study.protocol)))

    headings = [label for label, _ in printed]
    assert "Sacituzumab Tirumotecan (SKB264)" in headings
    assert not any("sacituzumab-tirumotecan" in label.lower() for label in headings)


def test_a_grade_that_no_value_can_have_is_no_zero(shown: Shown) -> None:
    # CTCAE 5.0: anemia has no grade 4 by haemoglobin (life-threatening consequences), leukocytosis
    # no grade 1, 2 and 4; white blood cell decreased has all four.
    printed = dict(lines(build_table(find_entry("LBT07"), shown)))

    assert [cell == "\N{EM DASH}" for cell in printed["Anemia"][1:6]] == [False] * 4 + [True]
    assert [cell == "\N{EM DASH}" for cell in printed["Leukocytosis"][1:6]] == [
        False, True, True, False, True,
    ]  # fmt: skip
    assert "\N{EM DASH}" not in printed["White blood cell decreased"]


def test_a_protocol_without_estimands_says_so(shown: Shown) -> None:
    assert build_table(find_entry("estimands"), shown).absence == "The protocol states no estimand."


def test_without_results_each_table_says_so(found: Analysed) -> None:
    empty = Shown(Results(()), found.study.protocol)
    for entry in ENTRIES:
        table = build_table(entry, empty)
        assert table.lines or table.absence, entry.name
