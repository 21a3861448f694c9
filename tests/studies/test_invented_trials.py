"""The two invented trials: made by the script, and each patient shows what SOURCE.md says.

The stories are typed here a second time, as letters and days, and asked of the rules.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.clinical.derived import TimePoint
from onearm.clinical.dose_course import DoseCourse, dose_course
from onearm.clinical.subject import SubjectAnswers
from onearm.pipeline.check import check_study
from onearm.pipeline.run import Analysed, analyse
from onearm.pipeline.screen import ScreenAnswer, screen_study

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "studies"
FIRST_LINE, SECOND_LINE = "nct07083375", "nct07388875"
FOLDERS = (FIRST_LINE, SECOND_LINE)
READERS = ("INVESTIGATOR", "READER 1")


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    path = ROOT / "scripts" / "make_invented_trials"
    loader = SourceFileLoader("make_invented_trials", str(path))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[loader.name] = module  # dataclasses look themselves up there
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = kept
    yield module
    del sys.modules[loader.name]


@pytest.fixture(scope="module")
def trials() -> dict[str, Analysed]:
    """Both trials, analysed once, by the prefix of their subjects."""
    return {"QL": analyse(STUDIES / FIRST_LINE), "SK": analyse(STUDIES / SECOND_LINE)}


@pytest.fixture(scope="module")
def answers(trials: dict[str, Analysed]) -> dict[str, SubjectAnswers]:
    return {one.subject_id: one for trial in trials.values() for one in trial.derived}


def course_of(trials: dict[str, Analysed], subject: str) -> DoseCourse:
    study = trials[subject[:2]].study
    return dose_course(study.subject(subject), study.protocol)


def points(answers: SubjectAnswers, evaluator: str = READERS[0]) -> list[TimePoint]:
    every = (*answers.time_points, *answers.other_time_points)
    return [point for point in every if point.evaluator == evaluator]


def table(folder: str, name: str) -> list[dict[str, str]]:
    path = STUDIES / folder / "data" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# The files


def test_the_script_gives_the_files_byte_by_byte(script):
    made = script.files()
    there = {
        f"{folder}/data/{path.name}": path.read_bytes()
        for folder in FOLDERS
        for path in (STUDIES / folder / "data").iterdir()
    }

    assert sorted(made) == sorted(there)
    for path, text in made.items():
        assert text.encode() == there[path], f"{path}: run scripts/make_invented_trials"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_row_is_marked_synthetic(folder):
    for path in (STUDIES / folder / "data").iterdir():
        rows = table(folder, path.stem)
        assert rows, path.name
        assert {row["data_origin"] for row in rows} == {"SYNTHETIC"}, path.name


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_source_says_who_shows_what_and_how_many_rows_there_are(script, folder):
    text = (STUDIES / folder / "SOURCE.md").read_text(encoding="utf-8")

    for subject, shows in (
        *script.shown()[folder].items(),
        *script.shown_at_screening()[folder].items(),
    ):
        assert f"\n| {subject} | {shows} |\n" in text
    for path in (STUDIES / folder / "data").iterdir():
        assert f"\n| `{path.name}` | {len(table(folder, path.stem))} | " in text, path.name


def test_nothing_is_wrong_with_the_data(trials):
    for trial in trials.values():
        assert [finding for finding in trial.study.findings if finding.severity == "error"] == []
    assert [len(trial.derived) for trial in trials.values()] == [56, 16]


def test_the_response_rates_and_the_median_are_those_that_the_source_names(trials):
    first, second = (trial.results for trial in trials.values())

    assert (first["orr/all/count"].value, first["orr/all/total"].value) == (42, 56)
    assert first["orr.reader-1/all/count"].value == 36
    assert first["pfs/all/median"].value == 211  # 6.9 months
    assert (second["orr/all/count"].value, second["orr/all/total"].value) == (5, 16)


# Responses

LETTERS = [  # subject, iRECIST of the investigator's scans, days of progression-free survival by it
    ("QL-001", "iSD iUPD iSD iPR iPR iUPD iCPD", 246),  # reset; the second iUPD is the event
    ("QL-003", "iSD iUPD NE iCPD", 85),  # late, with NE between
    ("QL-004", "iPR iPR iPR iUPD", 169),  # parts of T01 are no new lesions
    ("QL-006", "iPR iPR iPR iPR iUPD", 211),
    ("QL-010", "iPR iUPD iCPD", 85),  # from the first sight of N01
    ("QL-012", "iPR iPR iPR iPR iPR iUPD", 253),  # N01 of day 126 is never progression
    ("QL-014", "NON-iCR/NON-iUPD NON-iCR/NON-iUPD iUPD", 127),
    ("QL-015", "iPR iCR iCR iUPD iCPD", 169),
    ("QL-039", "iPR NE iPR iPR iPR iPR iUPD", 295),
]


@pytest.mark.parametrize(("subject", "letters", "days"), LETTERS)
def test_irecist_of_the_stories(answers, subject, letters, days):
    found = answers[subject]

    assert " ".join(str(point.irecist) for point in points(found)) == letters
    assert (found.events["ipfs"].days, found.events["ipfs"].is_event) == (days, True)


SUMS = [  # subject, sums of target diameters in mm by scan, RECIST 1.1
    ("QL-004", "50 44 41 41", "PR PR PR PD"),  # 18 + 12 + 20, ...: the parts of T01 added up
    ("QL-006", "55 48 46 48 70", "PR PR PR PR PD"),  # the mass, and nothing for T02
    ("QL-008", "19 17 17 25", "PR PR PR PD"),  # 5 mm for T01 while too small
    ("QL-015", "15 7 7 10 20", "PR CR CR PD PD"),  # 3 mm after CR
    ("SK-013", "None", "NE"),
]


@pytest.mark.parametrize(("subject", "sums", "letters"), SUMS)
def test_sums_and_responses_of_the_stories(answers, subject, sums, letters):
    found = points(answers[subject])

    in_mm = [None if p.sum_um is None else Decimal(p.sum_um) / 1000 for p in found]
    assert " ".join(str(one) for one in in_mm) == sums
    assert " ".join(str(point.overall) for point in found) == letters


BEST = [  # subject, confirmed best response of the investigator, of the second reader
    ("QL-001", "SD", "SD"),
    ("QL-012", "PR", "PR"),
    ("QL-014", "NON-CR/NON-PD", "NED"),
    ("QL-015", "CR", "CR"),
    ("QL-017", "PR", "SD"),  # other targets
    ("QL-023", "NE", "NE"),
    ("QL-039", "PR", "PR"),  # PR, NE, PR
    ("SK-004", "PR", "NON-CR/NON-PD"),
    ("SK-009", "PR", "SD"),
    ("SK-010", "NE", "NE"),
    ("SK-012", "SD", "SD"),  # PR, not confirmed yet
]


@pytest.mark.parametrize(("subject", "investigator", "reader"), BEST)
def test_best_responses_of_both_readers(answers, subject, investigator, reader):
    found = answers[subject]

    assert str(found.best.confirmed_best) == investigator
    assert str(found.readings["READER 1"].best.confirmed_best) == reader


RECORDED_OTHERWISE = [  # subject, how the investigator judged
    ("QL-009", "against baseline, not nadir"),
    ("QL-010", "equivocal, and certain later"),
    ("QL-015", "3 mm after CR"),
    ("QL-026", "against baseline, not nadir"),
    ("QL-044", "against baseline, not nadir"),
    ("SK-001", "against baseline, not nadir"),
]


def test_only_these_investigators_recorded_another_response(answers):
    found = {
        (one.subject_id, one.evaluator) for each in answers.values() for one in each.disagreements
    }

    assert found == {(subject, "INVESTIGATOR") for subject, _ in RECORDED_OTHERWISE}


def test_the_story_of_a_reader_is_what_the_rules_derive(script, answers):
    """What the stories tell, response by response, but for the two who recorded otherwise."""
    told = 0
    for trial in script.TRIALS:
        for subject, story in trial.stories.items():
            for evaluator in READERS:
                if subject in ("QL-010", "QL-015") and evaluator == "INVESTIGATOR":
                    continue
                scans = story.reader if evaluator == READERS[1] and story.reader else story.scans
                recorded = [scan.recorded.split()[3] for scan in scans if scan.recorded]
                derived = [point.overall for point in points(answers[subject], evaluator)]
                letters = {"NN": "NON-CR/NON-PD"}
                assert [letters.get(one, one) for one in recorded] == derived, subject
                told += len(recorded)
    assert told > 190


def test_a_decision_changes_the_non_target_response_alone(trials, answers):
    found = points(answers["QL-037"])

    assert [(str(p.non_target), str(p.overall)) for p in found] == [("CR", "SD"), ("CR", "SD")]
    for point in found:
        assert "overridden from NON-CR/NON-PD to CR by Invented Radiologist" in point.reason


def test_adjudication_accepts_one_response_of_each_time_point():
    rows = [row for row in table(FIRST_LINE, "responses") if row["accepted"]]

    assert {row["subject_id"] for row in rows} == {"QL-017"}
    accepted = Counter(row["date"] for row in rows if row["accepted"] == "Y")
    assert set(accepted.values()) == {1}
    assert {row["date"] for row in rows} == set(accepted)


# Times

TIMES = [  # subject, preset, days, event, rule
    ("QL-019", "paper", 169, True, "PD"),
    ("QL-019", "fda", 127, False, "NACT"),  # the scan before topotecan on day 140
    ("QL-021", "paper", 113, True, "DEATH"),
    ("QL-023", "paper", 25, True, "DEATH_EARLY"),
    ("QL-025", "paper", 173, True, "PD"),
    ("QL-025", "fda", 43, False, "MISS2"),  # 172 - 42 = 130 days, more than 98
    ("QL-035", "paper", 85, False, "CUT"),
    ("QL-035", "fda", 85, False, "DISC"),
    ("QL-037", "paper", 151, True, "DEATH"),
    ("QL-037", "fda", 85, False, "CLIN"),
    ("SK-006", "paper", 127, True, "PD"),
    ("SK-007", "paper", 32, True, "DEATH_EARLY"),
    ("SK-010", "paper", 1, False, "NOPOST"),
]


@pytest.mark.parametrize(("subject", "preset", "days", "is_event", "rule"), TIMES)
def test_progression_free_survival_of_the_stories(answers, subject, preset, days, is_event, rule):
    event = answers[subject].pfs_by_preset[preset]

    assert (event.days, event.is_event, event.rule) == (days, is_event, rule)


# Doses and laboratory


def differences(course: DoseCourse) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for one in course.drugs:
        for deviation in one.deviations:
            found.setdefault(deviation, []).append((one.drug, one.cycle))
    return found


def test_holds_of_one_patient(trials):
    course = course_of(trials, "QL-027")

    found = differences(course)
    assert found["OMITTED"] == [("bevacizumab", 6), ("bevacizumab", 7)]
    assert {cycle for _, cycle in found["DELAYED"]} == {3}
    assert [cycle.delay_days for cycle in course.cycles if cycle.is_delayed] == [14]


def test_reductions_step_by_step(trials):
    for subject, drugs, cycles in (
        ("QL-029", ("etoposide", "cisplatin"), (2, 3, 4)),
        ("SK-002", ("sacituzumab tirumotecan",), tuple(range(3, 13))),
    ):
        found = differences(course_of(trials, subject))
        assert sorted(found["REDUCED"]) == sorted((d, c) for d in drugs for c in cycles)

    given = [
        one.given for one in course_of(trials, "SK-002").drugs if one.drug.startswith("sacituzumab")
    ]
    assert given[:5] == [200, 200, 150, 150, 100]


def test_nobody_else_is_given_another_dose_than_the_one_computed_here_a_second_time(trials):
    """Doses by weight, surface and AUC come from the formulas of the script."""
    for trial in trials.values():
        for records in trial.study.subjects:
            found = differences(dose_course(records, trial.study.protocol))
            if records.subject.subject_id not in ("QL-029", "SK-002"):
                assert not {"REDUCED", "INCREASED"} & set(found), records.subject.subject_id


def test_induction_then_maintenance_with_either_platinum():
    rows = table(FIRST_LINE, "doses")

    late = {row["drug"] for row in rows if int(row["cycle"]) > 4}
    given = Counter(row["drug"] for row in rows if row["cycle"] == "1")
    assert late == {"QL1706", "bevacizumab"}
    assert given["cisplatin"] + given["carboplatin"] == 56
    assert min(given["cisplatin"], given["carboplatin"]) > 10


def test_doses_follow_a_weight_that_falls(trials):
    assert any("recalculated" in note for note in course_of(trials, "QL-041").notes)


def multiples(folder: str) -> dict[tuple[str, str], dict[str, Decimal]]:
    """Return each result as a multiple of its own upper limit, by subject and day."""
    found: dict[tuple[str, str], dict[str, Decimal]] = {}
    for row in table(folder, "labs"):
        if row["uln"]:
            times = Decimal(row["value"]) / Decimal(row["uln"])
            found.setdefault((row["subject_id"], row["date"]), {})[row["test"]] = times
    return found


def test_one_patient_meets_hys_law():
    # ALT or AST >= 3 ULN, bilirubin >= 2 ULN, alkaline phosphatase < 2 ULN (FDA, DILI, 2009).
    found = {
        subject
        for (subject, _), of in multiples(FIRST_LINE).items()
        if max(of.get("ALT", 0), of.get("AST", 0)) >= 3
        and of.get("BILI", 0) >= 2
        and of.get("ALP", 0) < 2
    }

    assert found == {"QL-031"}


def test_one_patient_enters_with_abnormal_liver_values():
    start = {row["subject_id"]: row["date"] for row in table(FIRST_LINE, "labs")[::-1]}
    of = multiples(FIRST_LINE)["QL-033", start["QL-033"]]

    assert min(of["ALT"], of["AST"], of["ALP"]) > Decimal("1.8")
    assert max(of["ALT"], of["AST"]) <= 5  # liver metastases: may enter by I09e


def test_laboratories_have_their_own_limits_and_some_have_none():
    rows = table(FIRST_LINE, "labs")

    limits = {row["uln"] for row in rows if row["test"] == "ALT"}
    units = {row["unit"] for row in rows if row["test"] == "HGB"}
    bare = {row["site"] for row in rows if row["test"] == "ALB" and not row["lln"]}
    assert (limits, units, bare) == ({"40", "45", "50"}, {"g/L", "g/dL"}, {"LAB C"})


@pytest.mark.parametrize("folder", FOLDERS)
def test_adverse_events_change_grade_and_end(folder):
    rows = table(folder, "adverse_events")

    grades: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        grades.setdefault((row["subject_id"], row["term"]), set()).add(row["grade"])
    assert sum(len(of) > 1 for of in grades.values()) >= 5
    assert {bool(row["end_date"]) for row in rows} == {True, False}
    assert {row["outcome"] for row in rows if row["grade"] == "5"} == {"FATAL"}


def test_who_was_not_enrolled_failed_a_criterion_of_the_protocol(trials):
    for trial, n_failures in zip(trials.values(), (14, 5), strict=True):
        eligibility = trial.study.protocol.eligibility
        ids = {one.id for one in (*eligibility.inclusion, *eligibility.exclusion)}
        failed = [row for row in trial.study.screening or () if not row.is_enrolled]
        assert len(failed) == n_failures
        assert {row.criterion for row in failed if row.criterion} <= ids


# Screening


@pytest.fixture(scope="module")
def screened() -> dict[str, ScreenAnswer]:
    """The persons of both studies by their own facts, by the folder."""
    return {folder: screen_study(STUDIES / folder) for folder in FOLDERS}


OPEN = {"QL-014": ("not_eligible", "I07"), "QL-050": ("unknown", "I09g"),
        "SK-008": ("unknown", "I12a")}  # fmt: skip


@pytest.mark.parametrize("folder", FOLDERS)
def test_who_was_enrolled_is_eligible_or_has_a_deviation_that_says_why_not(screened, folder):
    log = {row["subject_id"]: row for row in screened[folder].log().as_json()}
    said = {row["subject_id"]: row["description"] for row in table(folder, "deviations")
            if row["category"] == "ELIGIBILITY"}  # fmt: skip
    found = {}
    for row in table(folder, "subjects"):
        one = log[row["subject_id"]]
        if one["overall"] != "eligible":
            found[row["subject_id"]] = (one["overall"], one["not_met"] or one["unknown"])
            assert str(one["criterion"]) in said[row["subject_id"]]
    assert found == {who: what for who, what in OPEN.items() if who in log}
    assert said.keys() == found.keys()


@pytest.mark.parametrize("folder", FOLDERS)
def test_who_was_not_enrolled_fails_by_the_criterion_of_the_screening_table(screened, folder):
    log = {row["subject_id"]: row for row in screened[folder].log().as_json()}
    failed = [row for row in table(folder, "screening") if row["enrolled"] == "N"]

    assert len(failed) in (14, 5)
    for row in failed:
        one = log[row["subject_id"]]
        assert str(one["date"]) == row["date"]
        if row["criterion"]:
            assert (one["overall"], one["not_met"]) == ("not_eligible", row["criterion"])
        else:  # withdrew before any sample
            assert (one["overall"], one["not_met"]) == ("unknown", None)


def test_the_screening_logs_hold_the_numbers_of_the_patient_flow(trials, screened):
    for trial, folder in zip(trials.values(), FOLDERS, strict=True):
        flow = {
            row.id: row.value for row in trial.results.rows if row.id.startswith("flow/all/step:")
        }
        log = screened[folder].log().as_json()
        enrolled = {row["subject_id"] for row in table(folder, "subjects")}
        assert flow["flow/all/step:screened/count"] == len(log)
        assert flow["flow/all/step:enrolled/count"] == len(enrolled)
        others = [row for row in log if row["subject_id"] not in enrolled]
        assert flow["flow/all/step:not-enrolled/count"] == len(others)
        assert not [row for row in others if row["overall"] == "eligible"]


AGREE = [  # fact, table, column, and which rows of that table
    ("ecog", "performance", "score", {"scale": "ECOG"}),
    ("weight", "vitals", "value", {"test": "WEIGHT"}),
    ("ANC", "labs", "value", {"test": "NEUT", "baseline": "Y"}),
    ("HGB", "labs", "value", {"test": "HGB", "baseline": "Y"}),
    ("CREAT", "labs", "value", {"test": "CREAT", "baseline": "Y"}),
    ("sex", "subjects", "sex", {}),
    ("liver_metastases", "subjects", "liver_metastasis", {}),
    ("consent", "subjects", "consent_date", {}),
]


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize(("fact", "name", "column", "where"), AGREE)
def test_facts_are_those_of_the_tables(folder, fact, name, column, where):
    first: dict[str, str] = {}
    for row in table(folder, name):
        if all(row[key] == value for key, value in where.items()):
            first.setdefault(row["subject_id"], row[column])
    given = {row["subject_id"]: row["value"] or row["date"] for row in table(folder, "facts")
             if row["fact"] == fact}  # fmt: skip
    enrolled = {row["subject_id"] for row in table(folder, "subjects")}

    assert {who: given[who] for who in enrolled} == {who: first[who] for who in enrolled}


@pytest.mark.parametrize("folder", FOLDERS)
def test_ages_at_consent_are_those_of_the_subjects(folder):
    days: dict[str, dict[str, dt.date]] = {"birth": {}, "consent": {}}
    for row in table(folder, "facts"):
        if row["fact"] in days:
            days[row["fact"]][row["subject_id"]] = dt.date.fromisoformat(row["date"])
    for row in table(folder, "subjects"):
        birth, consent = (days[name][row["subject_id"]] for name in ("birth", "consent"))
        had_birthday = (consent.month, consent.day) >= (birth.month, birth.day)
        assert consent.year - birth.year - (not had_birthday) == int(row["age_years"])


def about_facts(folder: Path) -> list[tuple[str, str, str | None]]:
    codes = ("enrolled-not-eligible", "enrolled-unknown", "screening-differs", "fact")
    return [
        (one.severity, one.code, one.subject_id)
        for one in check_study(folder).findings
        if one.code in codes
    ]


def test_the_check_says_who_was_enrolled_against_the_facts():
    assert about_facts(STUDIES / FIRST_LINE) == [
        ("warning", "enrolled-not-eligible", "QL-014"),
        ("note", "enrolled-unknown", "QL-050"),
    ]
    assert about_facts(STUDIES / SECOND_LINE) == [("note", "enrolled-unknown", "SK-008")]


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        ("SK-001,ecog,1", "SK-001,ecog,4", ("warning", "enrolled-not-eligible", "SK-001")),
        (
            "SK-S05,corneal_disorder,Y",
            "SK-S05,corneal_disorder,N",
            ("warning", "screening-differs", "SK-S05"),
        ),
        ("SK-002,ALT,", "SK-002,AALT,", ("error", "fact", "SK-002")),
    ],
)
def test_facts_that_say_otherwise_are_findings_of_the_check(before, after, finding, tmp_path):
    folder = tmp_path / SECOND_LINE
    shutil.copytree(STUDIES / SECOND_LINE, folder)
    path = folder / "data" / "facts.csv"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")

    assert finding in about_facts(folder)


def test_a_study_screens_its_own_persons_and_says_that_they_are_invented():
    answer = CliRunner().invoke(app, ["screen", str(STUDIES / SECOND_LINE)])

    assert answer.exit_code == 0, answer.output
    assert "15 eligible, 5 not eligible, 1 unknown" in answer.stdout
    assert "These facts are marked SYNTHETIC." in answer.stdout


def test_a_study_without_facts_of_its_own_says_what_to_give():
    answer = CliRunner().invoke(app, ["screen", str(STUDIES / "tqb2450-ib-02")])

    assert answer.exit_code == 1
    assert "facts.csv: no such file; give a file of FACTS, or --template" in answer.stderr


def test_biomarkers_are_those_of_the_protocol(trials):
    for trial in trials.values():
        planned = {marker.id for marker in trial.study.protocol.biomarkers}
        rows = [row for one in trial.study.subjects for row in one.biomarkers or ()]
        assert {row.marker for row in rows} <= planned
        words = {row.value for row in rows if row.value in ("POSITIVE", "NEGATIVE")}
        assert words == {"POSITIVE", "NEGATIVE"}


# Commands


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_run_writes_a_report(folder, tmp_path):
    answer = CliRunner().invoke(
        app, ["run", str(STUDIES / folder), "--out", str(tmp_path), "--quiet"]
    )

    assert answer.exit_code == 0, answer.output
    assert (tmp_path / "report.html").stat().st_size > 10_000
    assert (tmp_path / "results.json").exists()


def test_the_running_trial_may_go_on_to_its_second_stage():
    answer = CliRunner().invoke(app, ["monitor", str(STUDIES / SECOND_LINE), "--json"])

    first, second = json.loads(answer.stdout)["looks"]
    assert (first["enrolled"], first["responders"], first["unconfirmed"]) == (15, 5, 1)
    assert (first["decision"], second["decision"]) == ("go on", "enrols")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_time_point_is_responded_to(folder):
    answer = CliRunner().invoke(app, ["respond", str(STUDIES / folder), "--json"])

    assert answer.exit_code == 0, answer.output
    assert len(json.loads(answer.stdout)) == len(table(folder, "responses"))


def test_a_number_leads_to_its_patients():
    answer = CliRunner().invoke(app, ["trace", str(STUDIES / SECOND_LINE), "orr/all/count"])

    assert answer.exit_code == 0, answer.output
    assert "Counted: 5 subjects" in answer.stdout


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_laboratory_values_can_be_graded(folder):
    labs = STUDIES / folder / "data" / "labs.csv"
    answer = CliRunner().invoke(app, ["grade", str(labs), "--ctcae", "5.0", "--json"])

    assert answer.exit_code == 0, answer.output
    graded = [row["grade"] for row in json.loads(answer.stdout)]
    assert sum(grade is None for grade in graded) < len(graded) / 20
