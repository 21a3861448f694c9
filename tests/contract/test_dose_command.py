"""``onearm dose``: what it prints, what it writes, and what is said of bad input."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.errors import InputError
from onearm.io.yaml import parse_yaml, read_yaml
from onearm.pipeline.check import check_study
from onearm.pipeline.run import analyse
from onearm.pipeline.study import load_study
from onearm.protocol.parse import parse_protocol
from onearm.protocol.published_regimen import intensity_ratio

STUDIES = Path(__file__).parents[2] / "studies"
TQB, SKB, QL = (str(STUDIES / name) for name in ("tqb2450-ib-02", "nct07388875", "nct07083375"))
BODY = ("--weight-kg", "70", "--height-cm", "170", "--age", "62", "--sex", "M")
CREATININE = ("--creatinine", "80 umol/L", "--choose", "carboplatin")
START = ("--start", "2026-01-12")


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["dose", *arguments], prog_name="onearm")
    return done.exit_code, done.stdout, done.stderr


def test_every_calendar_says_that_it_is_no_advice():
    for arguments in ((TQB, *START), (SKB, *START), (QL, *START, *BODY, *CREATININE)):
        status, text, _ = run(*arguments)

        assert status == 0
        assert "A check against the protocol, never medical advice." in text
    assert "never medical advice" in run(TQB, "--subject", "TQB-001")[1]


def test_the_calendar_as_json_holds_doses_inputs_and_dates():
    status, text, _ = run(QL, *START, *BODY, *CREATININE, "--cycles", "5", "--json")
    found = json.loads(text)

    assert status == 0
    assert [d["drug"] for d in found["doses"] if d["cycle"] == 5] == ["QL1706", "bevacizumab"]
    etoposide = next(d for d in found["doses"] if d["drug"] == "etoposide")
    assert etoposide["dose"].startswith("181.81")  # 100 mg/m2 x 1.8181 m2, not rounded
    assert (etoposide["first_date"], etoposide["last_date"]) == ("2026-01-12", "2026-01-14")
    carboplatin = next(a for a in found["amounts"] if a["drug"] == "carboplatin")
    assert "GFR 83.81 mL/min (Cockcroft-Gault)" in carboplatin["inputs"]


def test_an_event_that_is_asked_for_has_an_answer_also_where_no_rule_speaks_of_it():
    _, text, _ = run(TQB, *START, "--event", "hemoptysis: 2")

    assert "anlotinib, no rule: hemoptysis, grade 2: no rule of the protocol speaks of it" in text
    assert "the investigator decides" in text


def test_a_creatinine_in_mg_dl_is_the_same_creatinine():
    one = run(QL, *START, *BODY, "--choose", "carboplatin", "--creatinine", "88.42 umol/L")
    other = run(QL, *START, *BODY, "--choose", "carboplatin", "--creatinine", "1 mg/dL")

    assert one == other


def test_a_proposal_for_an_event_at_a_dose():
    _, text, _ = run(TQB, *START, "--event", "hypertension: 3", "--at-dose", "anlotinib: 10 mg")

    assert "anlotinib, reduce to 8 mg: hypertension, grade 3" in text
    assert "the investigator decides" in text


def test_the_files_hold_what_is_printed_and_are_the_same_each_time(tmp_path):
    table, calendar = tmp_path / "doses.csv", tmp_path / "doses.ics"
    written = []
    for _ in range(2):
        assert run(TQB, *START, "--csv", str(table), "--ics", str(calendar))[0] == 0
        written.append((table.read_bytes(), calendar.read_bytes()))
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))

    assert written[0] == written[1]
    assert [r["what"] for r in rows if r["cycle"] == "2"] == ["anlotinib", "TQB2450"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["doses.csv", "doses.ics"]
    text = calendar.read_bytes().decode()
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert text.endswith("END:VCALENDAR\r\n")
    assert text.count("BEGIN:VEVENT") == text.count("UID:") == text.count("DTSTAMP:")
    uids = [line for line in text.splitlines() if line.startswith("UID:")]
    assert len(set(uids)) == len(uids)


def test_a_subject_of_the_study_is_set_beside_the_plan(tmp_path):
    table = tmp_path / "given.csv"
    status, text, _ = run(TQB, "--subject", "TQB-016", "--json", "--csv", str(table))
    found = json.loads(text)

    assert status == 0
    reduced = [d for d in found["doses"] if "REDUCED" in d["deviations"]]
    assert reduced[0]["cycle"] == 7
    assert reduced[0]["sources"] == ["doses.csv:475"]
    assert [p["decision"] for p in found["proposals"]] == ["REDUCED"]
    assert found["proposals"][0]["action"] is None  # grade 2: below the general rule
    assert len(table.read_text(encoding="utf-8").splitlines()) == len(found["doses"]) + 1


def test_beyond_the_first_progression_is_told_of_a_subject():
    _, text, _ = run(TQB, "--subject", "TQB-001", "--json")
    after = [d for d in json.loads(text)["doses"] if "AFTER PROGRESSION" in d["deviations"]]

    assert all("allowed" in d["reason"] for d in after)


WRONG = [  # arguments, the one line
    ((TQB,), "give one of --start and --subject"),
    ((TQB, *START, "--subject", "TQB-001"), "give one of --start and --subject"),
    ((TQB, "--start", "12.1.2026"), "--start must be a complete date, such as 2021-10-08; got '12"),
    ((TQB, "--start", "2026-02-30"), "--start must be a day of the calendar"),
    ((TQB, *START, "--cycles", "0"), "cycles must be at least 1; got 0"),
    ((TQB, "--subject", "TQB-01"), "no subject 'TQB-01'"),
    ((TQB, "--subject", "TQB-001", "--cycles", "2"), "--cycles goes with --start"),
    ((QL, *START), "platinum: choose one of cisplatin, carboplatin; got none"),
    ((QL, *START, "--choose", "cisplatin"), "QL1706: 5 mg/kg needs weight of the patient"),
    ((QL, *START, "--choose", "cisplatin", "--weight-kg", "-70"), "weight must be between 20 and"),
    ((QL, *START, "--weight-kg", "70 kg"), "--weight-kg must be a number; got '70 kg'"),
    ((QL, *START, "--height-cm", "1.70"), "got 1.7; is it in metres?"),
    ((QL, *START, "--sex", "male"), "--sex must be F or M; got 'male'"),
    ((QL, *START, "--creatinine", "80"), "a number with its unit, '80 umol/L' or '0.9 mg/dL'"),
    (
        (QL, *START, "--creatinine", "90 mg/dL"),
        "got 90 mg/dL, which is 7957.8 umol/L; was umol/L meant?",
    ),
    ((QL, *START, "--creatinine", "0.1 mg/dL"), "got 0.1 mg/dL, which is 8.842 umol/L"),
    ((QL, *START, "--creatinine", "NaN mg/dL"), "creatinine must be between 15 and 2000 umol/L"),
    ((QL, *START, "--gfr", "0"), "gfr must be between 1 and 300 mL/min; got 0"),
    ((QL, *START, "--weight-at", "62"), "--weight-at must be CYCLE:KG, such as 3:62; got '62'"),
    ((TQB, *START, "--event", "rash"), "--event must be TERM: GRADE with a grade from 1 to 5"),
    ((TQB, *START, "--event", "rash: 6"), "got 'rash: 6'"),
    ((TQB, *START, "--at-dose", "anlotnib: 8 mg"), "did you mean 'anlotinib'?"),
    ((TQB, *START, "--at-dose", "anlotinib: -8 mg"), "must be a dose with its unit"),
    (
        (TQB, *START, "--at-dose", "anlotinib: 8 mg"),
        "--at-dose is the dose at an --event; got none",
    ),
    (
        (TQB, *START, "--event", "rash: 3", "--at-dose", "anlotinib: 9 mg"),
        "--at-dose of anlotinib must be one of 12 mg, 10 mg, 8 mg; got 9 mg",
    ),
    ((TQB, "--start", "9990-01-12", "--cycles", "400"), "lead beyond 9999-12-31: fewer cycles"),
    (("/nowhere", *START), "no study folder"),
]


@pytest.mark.parametrize(("arguments", "line"), WRONG)
def test_bad_input_gets_one_clear_line(arguments, line):
    status, printed, error = run(*arguments)

    assert (status, printed) == (1, "")
    assert line in error
    assert error.count("\n") == 1


def test_a_file_that_cannot_be_written_is_one_line(tmp_path):
    status, _, error = run(TQB, *START, "--ics", str(tmp_path / "none" / "a.ics"))

    assert status == 1
    assert error == f"{tmp_path / 'none' / 'a.ics'}: No such file or directory\n"


def test_a_negative_dose_names_file_line_and_field(tmp_path):
    study = tmp_path / "study"
    shutil.copytree(TQB, study)
    path = study / "data" / "doses.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",12,mg,", ",-12,mg,", 1), encoding="utf-8")

    with pytest.raises(InputError, match=r"doses.csv:3: dose must be at least 0; got -12"):
        load_study(study)


# --- the protocol file


def changed(old: str, new: str) -> str:
    text = (STUDIES / "tqb2450-ib-02" / "protocol.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    return text.replace(old, new)


TRIGGER = "      trigger: {grades: 3-4}\n"
COMPARED = "      compare_with: {dose: 1 mg/kg, days: 1, cycle: 7 days, source: a paper}\n"
CONTRADICTIONS = [  # old, new, what is said
    (TRIGGER, "", "anlotinib: proposes reduce needs 'trigger' beside it"),
    ("3-4}\n      proposes: reduce\n", "3-4}\n", "anlotinib: a trigger needs 'proposes' beside it"),
    (TRIGGER, "      trigger: {grades: 3-6}\n", "must name grades from 1 to 5"),
    ("      proposes: keep\n", "      trigger: {grades: 3}\n      proposes: reduce\n",
     "TQB2450 is not modifiable, but a rule reduces it"),
    (TRIGGER, f"{TRIGGER}      reduce_by: 0.25\n", "anlotinib has levels; reduce_by is for a drug"),
    ("      levels: [12 mg, 10 mg, 8 mg]\n", "", "anlotinib has no levels to go down"),
    ("      levels: [12 mg, 10 mg, 8 mg]\n",
     "      levels: [12 mg, 10 mg, 8 mg]\n      round_to: 5 mg\n",
     "anlotinib: round_to is for a computed dose, but 12 mg is flat"),
    ("      days: 1-14\n", f"      days: 1-14\n{COMPARED}",
     "12 mg and 1 mg/kg are compared with weight_kg"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), CONTRADICTIONS)
def test_dosing_rules_that_cannot_hold_together_are_told(old, new, said):
    with pytest.raises(InputError) as error:
        parse_protocol(parse_yaml(changed(old, new), "protocol.yaml"))

    assert said in str(error.value)


def test_a_flat_dose_far_from_the_published_one_is_a_note_and_no_correction():
    """200 mg every 21 days against 5 mg/kg every 14 days at 60 kg: 9.52 of 21.43 mg a day, 4/9."""
    protocol = parse_protocol(read_yaml(Path(SKB) / "protocol.yaml"))
    drug = protocol.treatment.drugs[0]
    notes = [f for f in check_study(Path(SKB)).findings if f.code == "regimen-differs"]

    assert intensity_ratio(drug, protocol.treatment.cycle_days) * 9 == 4
    assert [note.severity for note in notes] == ["note"]
    assert "200 mg every 21 days is 44 % of the dose intensity of 5 mg/kg" in notes[0].message
    assert "nothing is changed" in notes[0].message
    assert str(drug.amount) == "200 mg"


@pytest.mark.parametrize(
    ("dose", "is_noted"),
    [("15 mg", False), ("15.01 mg", True), ("9.6 mg", False), ("9.5 mg", True)],
)
def test_a_regimen_within_a_quarter_is_not_noted(tmp_path, dose, is_noted):
    """12 mg against 15 mg is exactly 4/5, against 9.6 mg exactly 5/4."""
    study = tmp_path / "study"
    shutil.copytree(TQB, study)
    levels = "      levels: [12 mg, 10 mg, 8 mg]\n"
    other = f"      compare_with: {{dose: {dose}, days: 1-14, cycle: 3 weeks, source: a paper}}\n"
    (study / "protocol.yaml").write_text(changed(levels, levels + other), encoding="utf-8")

    assert any(f.code == "regimen-differs" for f in check_study(study).findings) is is_noted


# --- results


def test_dose_intensity_is_among_the_results_with_its_subjects():
    results = analyse(TQB).results
    rows = results.by_id()
    basis = results.bases["dose-intensity.anlotinib/all/below-80"]

    assert rows["dose-intensity.anlotinib/all/relative/n"].value == 30
    assert rows["dose-intensity.tqb2450/all/a-week/median"].unit == "mg/week"
    assert rows["dose-intensity.anlotinib/all/below-80/total"].value == 30
    reduced = next(c for c in basis.contributions if c.subject_id == "TQB-016")
    # Worked from doses.csv: six cycles of 14 x 12 mg, 28 of 14 x 10 mg, 6 x 10 mg.
    assert reduced.reason.startswith("4988 mg in 35 cycles over 743 days")
    assert len(reduced.sources) == 35
    values = [
        rows[f"dose-intensity.anlotinib/all/relative/{s}"].value for s in ("minimum", "maximum")
    ]
    assert 0 < values[0] < values[1] <= 1
