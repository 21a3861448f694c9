"""What the day itself, the limit itself and the missing word mean, one fact a test."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from patients import FIRST_DOSE, day, derive, protocol_with, records_of, respond, rows_of

from onearm.clinical.records import Dose, Lab, SubjectRecords
from onearm.clinical.subject import derive_subject, marker_readings, summarise_doses
from onearm.clinical.visits import assemble_visits
from onearm.pipeline.study import load_study
from onearm.protocol.response import ResponseRules
from onearm.results.run import run_analyses

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"


@pytest.mark.parametrize(("therapy", "change_mm"), [(83, -5), (84, -5), (85, -20)])
def test_the_best_change_is_seen_before_the_day_of_a_new_therapy(therapy, change_mm):
    answers = derive(scans={0: "T 50", 42: "T 45", 84: "T 30"}, new_therapy=therapy)

    assert answers.best_change.change_um == change_mm * 1000


def test_treatment_ends_where_the_scope_is_treatment():
    records = records_of("42 SD, 84 SD", stop=(42, "ADVERSE EVENT"))
    end = records.disposition[0]
    protocol = protocol_with(preset="fda")

    assert derive_subject(records, protocol).events["pfs"].days == 43
    other = replace(records, disposition=(replace(end, scope="ANLOTINIB"),))
    assert derive_subject(other, protocol).events["pfs"].days == 85


def test_a_dose_below_the_first_is_a_reduction_whatever_its_mark():
    days = [(0, "12"), (21, "10"), (42, "12")]
    doses = [Dose("S01", "ANLOTINIB", start_date=day(n), dose=Decimal(mg)) for n, mg in days]

    assert str(day(21)) in summarise_doses(doses)[0].reason
    assert summarise_doses(doses[::2])[0].reason == "never reduced"


@pytest.mark.parametrize(("value", "is_normal"), [("34.9", True), ("35", True), ("35.1", False)])
def test_a_marker_at_its_upper_limit_is_normal(value, is_normal):
    lab = Lab("S01", day(42), "CA125", value, uln=Decimal(35))
    records = SubjectRecords(records_of().subject, labs=(lab,))

    assert marker_readings(records, ["CA125"]) == ((day(42), is_normal),)


@pytest.mark.parametrize(("days", "visits"), [((-3, 0), 1), ((0, 3), 2), ((-1, 3), 2), ((1, 3), 1)])
def test_scans_without_label_part_after_the_first_dose(days, visits):
    rows = rows_of({f"{number} -": "T 50" for number in days})

    assert len(assemble_visits(rows, ResponseRules(), FIRST_DOSE)) == visits


def test_a_new_lesion_of_target_size_begins_a_nadir_of_its_own():
    scans = {0: "T 50", 42: "T 50, L 20", 84: "T 30, L gone", 126: "T 30, L gone, LX 30"}
    same = respond({**scans, 168: "T 30, L gone, LX 30"})
    grown = respond({**scans, 168: "T 30, L gone, LX 36"})

    assert [point.irecist for point in same][-2:] == ["iUPD", "iUPD"]
    assert grown[-1].irecist == "iCPD"


@pytest.fixture(scope="module")
def study():
    return load_study(STUDY)


def results_with(study, change):
    """Analyse the shipped study with the first related immune-related serious event changed."""
    subjects, done = [], False
    for records in study.subjects:
        events = list(records.adverse_events or ())
        for i, event in enumerate(events):
            is_one = event.is_related and event.is_serious and event.is_immune_related
            if is_one and not done:
                events[i : i + 1], done = change(event), True
        subjects.append(replace(records, adverse_events=tuple(events)))
    answers = [derive_subject(records, study.protocol) for records in subjects]
    return run_analyses(study.protocol, subjects, answers, study.screening).by_id()


def test_an_immune_related_serious_event_counts_where_it_is_related(study):
    kept = results_with(study, lambda event: [event])
    unrelated = results_with(study, lambda event: [replace(event, is_related=False)])

    counts = [found["related-irsae/all/event_count"].value for found in (kept, unrelated)]
    assert counts[0] - counts[1] == 1


def test_a_subject_recovered_where_every_such_event_did(study):
    kept = results_with(study, lambda event: [replace(event, outcome="RECOVERED")])
    second = results_with(
        study,
        lambda event: [
            replace(event, outcome="RECOVERED"),
            replace(event, term="Pneumonitis", outcome="RECOVERING"),
        ],
    )

    counts = [found["irsae-outcome/all/recovered/count"].value for found in (kept, second)]
    assert counts[0] - counts[1] == 1
