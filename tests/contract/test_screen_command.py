"""``onearm screen``: its answers, the files it reads and writes, and what bad input gets."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.clinical.eligibility_words import reason
from onearm.clinical.records import Screening
from onearm.errors import InputError
from onearm.io.csv import read_table
from onearm.pipeline.screen import LOG, NOTICE, read_study, screen_study
from onearm.pipeline.screen_template import explain_criterion, facts_template

ROOT = Path(__file__).parents[2]
STUDIES = ("tqb2450-ib-02", "nct07388875", "nct07083375")
STUDY = ROOT / "studies" / "nct07388875"
ONE = ROOT / "docs" / "examples" / "candidate.json"
MANY = ROOT / "docs" / "examples" / "candidates.csv"
HEADER = "subject_id,fact,value,unit,date,until,lln,uln,by,kind\n"


def onearm(*arguments: object):
    texts = [str(argument) for argument in arguments]
    return CliRunner().invoke(app, texts, prog_name="onearm", env={"COLUMNS": "80"})


def test_the_json_of_one_person_has_the_keys_that_are_promised():
    answer = json.loads(onearm("screen", STUDY, ONE, "--json").stdout)

    assert answer["overall"] == "not_eligible"
    assert answer["notice"] == NOTICE
    assert len(answer["criteria"]) == 45
    for item in answer["criteria"]:
        assert list(item) == ["id", "text", "outcome", "evidence", "missing", "reason"]
        assert item["outcome"] in {"met", "not_met", "unknown"}
        assert item["reason"]
    found = {item["id"]: item for item in answer["criteria"]}
    assert found["I09a"]["evidence"] == [
        {
            "fact": "ANC",
            "value": "1.4",
            "unit": "10^9/L",
            "date": "2026-03-12",
            "converted": None,
            "threshold": ">= 1.5 10^9/L",
            "holds": False,
            "line": 60,
        }
    ]
    assert found["I10a"]["missing"] == [
        {"fact": "liver_metastases", "needs": "yes or no", "from": None, "by": "2026-03-16"}
    ]
    assert [found["I10b"]["evidence"][1][key] for key in ("converted", "threshold")] == [
        "0.775 ULN",
        "<= 2.5 ULN = 100 U/L",
    ]


def test_the_line_of_the_evidence_is_where_the_fact_stands():
    answer = screen_study(STUDY, ONE).as_json()
    lines = ONE.read_text(encoding="utf-8").splitlines()

    for item in answer["criteria"]:
        for row in item["evidence"]:
            if row["line"] and row["fact"].isidentifier():
                assert f'"fact": "{row["fact"]}"' in lines[row["line"] - 1]


def test_the_json_of_a_csv_is_a_list_of_persons():
    people = json.loads(onearm("screen", STUDY, MANY, "--json").stdout)

    assert [(person["subject_id"], person["overall"]) for person in people] == [
        ("C01", "not_eligible"),
        ("C02", "eligible"),
        ("C03", "unknown"),
    ]


def test_a_missing_sample_is_asked_for_from_the_first_to_the_last_day_that_counts(tmp_path):
    facts = tmp_path / "facts.csv"
    facts.write_text(HEADER + "S1,first_dose,,,2026-03-16,,,,,\n", encoding="utf-8")
    answer = screen_study(STUDY, facts).as_json()
    person = next(iter(answer))
    wanted = next(item for item in person["criteria"] if item["id"] == "I09b")

    assert wanted["missing"] == [
        {"fact": "PLT", "needs": "a result in 10^9/L", "from": "2026-03-09", "by": "2026-03-16"}
    ]


def test_the_log_is_a_screening_table(tmp_path):
    log = onearm("screen", STUDY, MANY, "--csv").stdout
    (tmp_path / "screening.csv").write_text(log.replace(NOTICE, ""), encoding="utf-8")

    rows = read_table(tmp_path / "screening.csv", Screening, ignore_others=True).checked().records

    assert [(row.subject_id, row.is_enrolled, row.criterion) for row in rows] == [
        ("C01", False, "I09a"),
        ("C02", True, None),
        ("C03", False, "I07"),
    ]
    assert tuple(next(csv.reader(io.StringIO(log)))) == LOG


def test_one_person_of_many_is_told_whole():
    shown = onearm("screen", STUDY, MANY, "--subject", "C03").stdout

    assert shown.startswith("C03: unknown\n")
    assert "Unknown (2):" in shown
    assert shown.rstrip().endswith(NOTICE)


@pytest.mark.parametrize("study", STUDIES)
def test_the_template_names_every_fact_and_an_empty_one_knows_nothing(study, tmp_path):
    folder = ROOT / "studies" / study
    text = facts_template(folder).as_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    forms = read_study(folder).forms

    assert [row["fact"] for row in rows] == [name for name in forms.facts if "." not in name]
    assert all(row["type"] and row["hint"] for row in rows)
    facts = tmp_path / "facts.csv"
    facts.write_text(text.replace("\n,", "\nS01,"), encoding="utf-8")
    answer = screen_study(folder, facts)
    assert [str(person.overall) for person in answer.people] == ["unknown"]


@pytest.mark.parametrize("study", STUDIES)
def test_the_template_of_one_person_reads_back(study, tmp_path):
    template = facts_template(ROOT / "studies" / study).as_json()
    template["subject_id"] = "S01"
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(template), encoding="utf-8")

    assert str(screen_study(ROOT / "studies" / study, facts).people[0].overall) == "unknown"


@pytest.mark.parametrize("study", STUDIES)
def test_every_criterion_can_be_explained(study):
    for criterion in read_study(ROOT / "studies" / study).protocol.eligibility.all:
        explained = explain_criterion(ROOT / "studies" / study, criterion.id.lower())
        assert explained.as_text().startswith(f"{criterion.id}  {criterion.text}")
        assert explained.as_json()["facts"]


def test_a_source_with_key_criteria_only_says_so(tmp_path):
    facts = tmp_path / "facts.csv"
    facts.write_text("subject_id,fact,value\nS1,ecog,1\n", encoding="utf-8")

    assert "key criteria only" in screen_study(ROOT / "studies" / STUDIES[0], facts).as_text()


BAD = [  # rows, what is said
    ("S1,ACN,3,10^9/L,2026-03-12,,,,,", "facts.csv:2: 'ACN' is no fact of this study"),
    ("S1,ACN,3,10^9/L,2026-03-12,,,,,", "did you mean 'ANC'?"),
    ("S1,HGB,128,,2026-03-12,,,,,", "HGB needs its unit, one of g/L, g/dL, mmol/L; got '128'"),
    ("S1,HGB,128,mmHg,2026-03-12,,,,,", "unit of Haemoglobin must be one of g/L"),
    ("S1,HGB,128,g/dL,2026-03-12,,,,,", "is implausible; was g/L meant?"),
    ("S1,HGB,12.8,g/L,,,,,,", "HGB needs the day of the sample in the column date; got nothing"),
    ("S1,CREAT,90,mg/dL,2026-03-12,,,,,", "Creatinine 90 mg/dL is implausible; was umol/L meant?"),
    ("S1,HGB,-5,g/L,2026-03-12,,,,,", "HGB must be a number; got '-5'"),
    ("S1,HGB,\"12,8\",g/dL,2026-03-12,,,,,", "with a decimal point, not a comma; got '12,8'"),
    ("S1,AST,30,U/L,2026-03-12,,50,40,,", "lln must be at most uln; got 50 and 40"),
    ("S1,AST,30,U/L,2026-03-12,,,0,,", "uln must be above 0; got 0"),
    ("S1,AST,30,U/L,12.03.2026,,,,,", "must be a date, YYYY-MM-DD, YYYY-MM or YYYY; got '12.03"),
    ("S1,AST,30,U/L,2026-02-30,,,,,", "must be a date of the calendar; got '2026-02-30'"),
    ("S1,ecog,7,,,,,,,", "ecog must be one of 0, 1, 2, 3, 4, 5; got '7'"),
    ("S1,disease,es_slcl,,,,,,,", "got 'es_slcl' for subject S1; did you mean 'es_sclc'?"),
    ("S1,severe_asthma,maybe,,,,,,,", "severe_asthma must be Y or N; got 'maybe'"),
    ("S1,weight,72,,,,,,,", "weight needs its unit, one of kg, g, lb; got '72' alone"),
    ("S1,weight,72000,kg,,,,,,", "must be a weight between 20 and 300 kg; got 72000 kg"),
    ("S1,consent,2026-03-02,,,,,,,", "is a date and stands in the column date"),
    ("S1,consent,,,2026-03-02,,,,,\nS1,consent,,,2026-03-03,,,,,", "stands twice; first in line 2"),
    ("S1,live_vaccines,,,2026-03-02,2026-03-01,,,,", "until must not be before date 2026-03-02"),
    ("S1,live_vaccines,none,,2026-03-02,,,,,", "is none, and then has no date and no attribute"),
    ("S1,live_vaccines,none,,,,,,,\nS1,live_vaccines,,,2026-03-01,,,,,", "none, but also has"),
    ("S1,live_vaccines,,,2026-03-02,,,,,mmr", "live_vaccines has no attribute 'kind'"),
    ("S1,supportive_treatments,,,2026-03-02,,,,,blood", "kind must be one of transfusion"),
    ("S1,able_to_comply,perhaps,,,,,,Dr A,", "able_to_comply must be Y or N; got 'perhaps'"),
    (",ecog,1,,,,,,,", "facts.csv:2: subject_id must not be empty"),
    ("S1,,1,,,,,,,", "facts.csv:2: must name the fact; got nothing"),
    ("S1,ecog,1", "must have 10 cells as the header; got 3"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "message"), BAD, ids=[f"{r[:30]} {m[:20]}" for r, m in BAD])
def test_bad_facts_get_one_line_with_file_and_line(rows, message, tmp_path):
    facts = tmp_path / "facts.csv"
    facts.write_text(f"{HEADER}{rows}\n", encoding="utf-8")

    shown = onearm("screen", STUDY, facts)

    assert shown.exit_code == 1
    assert message in shown.stderr
    assert shown.stderr.count("\n") == 1


def test_rows_of_a_template_that_nobody_filled_in_say_nothing(tmp_path):
    text = facts_template(STUDY).as_text()
    width = text.partition("\n")[0].count(",")
    facts = tmp_path / "facts.csv"
    facts.write_text(text + "S1,ecog,1" + "," * (width - 2) + "\n", encoding="utf-8")

    answer = screen_study(STUDY, facts)

    assert [person.subject_id for person in answer.people] == ["S1"]
    assert "I06" not in answer.people[0].ids("unknown")


def test_check_finds_a_form_that_cannot_be_read(tmp_path):
    text = (STUDY / "protocol.yaml").read_text(encoding="utf-8")
    wrong = text.replace("lab(ANC) >= 1.5 10^9/L", "lab(ANC) >= 1.5 10^9/L and")
    (tmp_path / "protocol.yaml").write_text(wrong, encoding="utf-8")
    line = wrong[: wrong.index("10^9/L and")].count("\n") + 1

    shown = onearm("check", tmp_path)

    assert shown.exit_code == 1
    place = f"protocol.yaml:{line}:39: eligibility.inclusion[I09a].form: expected a condition"
    assert place in shown.stdout


def test_all_problems_of_a_file_come_at_once(tmp_path):
    facts = tmp_path / "facts.csv"
    facts.write_text(HEADER + "S1,ACN,3,,,,,,,\nS2,ecog,9,,,,,,,\n", encoding="utf-8")

    with pytest.raises(InputError) as caught:
        screen_study(STUDY, facts)
    assert [finding.place.line for finding in caught.value.findings] == [2, 3]


def test_a_value_marked_as_confirmed_is_not_refused(tmp_path):
    facts = tmp_path / "facts.csv"
    facts.write_text(
        "subject_id,fact,value,unit,date,confirmed\nS1,HGB,290,g/L,2026-03-12,Y\n", encoding="utf-8"
    )

    assert screen_study(STUDY, facts).facts[0].samples["HGB"][0].value.text == "290"


def test_a_unit_of_copies_is_not_guessed(tmp_path):
    facts = tmp_path / "facts.csv"
    facts.write_text(HEADER + "S1,hbv_dna,300,IU/mL,,,,,,\n", encoding="utf-8")

    with pytest.raises(InputError, match=r"unit must be copies/mL; got 'IU/mL' \(how many copies"):
        screen_study(ROOT / "studies" / "nct07083375", facts)


def test_a_date_after_the_data_cutoff_is_refused(tmp_path):
    facts = tmp_path / "facts.csv"
    facts.write_text("subject_id,fact,date\nS1,consent,2021-10-09\n", encoding="utf-8")

    with pytest.raises(
        InputError, match="not be after the data cut-off 2021-10-08; got 2021-10-09"
    ):
        screen_study(ROOT / "studies" / "tqb2450-ib-02", facts)


FILES = [  # name, text, what is said
    ("facts.csv", "", "the file is empty"),
    ("facts.csv", "subject_id,value\nS1,3\n", "missing column 'fact'"),
    ("facts.csv", "subject_id,fact,vlue\nS1,ecog,3\n", "did you mean 'value'?"),
    ("facts.csv", "subject_id,fact,value\n", "must hold at least one fact"),
    ("facts.csv", 'subject_id,fact,value\nS1,"ecog,1\n', "cannot be read"),
    ("facts.json", '{"subject_id": "S1", "fcts": []}', "facts.json:1:22: 'fcts' is not a key"),
    ("facts.json", '{"subject_id": "S1"}', "facts must be a list"),
    ("facts.json", '{"facts": []}', "subject_id must name the person"),
    ("facts.json", '{"subject_id": "S1", "facts": [3]}', "a fact must hold keys with values"),
    ("facts.json", '{"subject_id": "S1", "facts": [', "is not valid YAML"),
    (
        "facts.json",
        '{"study": "NCT1", "subject_id": "S1", "facts": []}',
        "study must be NCT07388875; got 'NCT1'",
    ),
    (
        "facts.json",
        '{"subject_id": "S1", "facts": [\n{"fact": "ecog", "value": {"a": 1}}]}',
        "facts.json:2:27: value must be text or a number",
    ),
]


@pytest.mark.parametrize(("name", "text", "message"), FILES, ids=[f[2][:30] for f in FILES])
def test_a_file_that_holds_no_facts_is_refused(name, text, message, tmp_path):
    (tmp_path / name).write_text(text, encoding="utf-8")

    shown = onearm("screen", STUDY, tmp_path / name)

    assert shown.exit_code == 1
    assert message in shown.stderr, shown.stderr


def test_numbers_and_truth_of_json_are_what_they_are_in_the_csv(tmp_path):
    facts = [
        {"fact": "first_dose", "date": "2026-03-16"},
        {"fact": "ANC", "value": 1.50, "unit": "10^9/L", "date": "2026-03-12"},
        {"fact": "severe_asthma", "value": False},
        {
            "fact": "prior_lines",
            "classes": ["pd_1_or_pd_l1", "platinum_doublet"],
            "progressed": True,
        },
    ]
    path = tmp_path / "facts.json"
    path.write_text(json.dumps({"subject_id": "S1", "facts": facts}), encoding="utf-8")
    person = screen_study(STUDY, path).people[0]
    outcome = {result.criterion.id: str(result.outcome) for result in person.results}

    assert [outcome[name] for name in ("I03", "I09a", "E11b")] == ["met", "met", "met"]


USAGE = [("--template", "--explain", "I01"), (ONE, "--template")]


@pytest.mark.parametrize("options", USAGE)
def test_one_thing_is_asked_at_a_time(options):
    assert onearm("screen", STUDY, *options).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("screen", STUDY, "--explain", "I99"), "'I99' is no criterion of NCT07388875"),
        (("screen", ROOT, "--template"), "no study folder; it must hold a protocol.yaml"),
        (("screen", STUDY, "nowhere.csv"), "nowhere.csv: no such file"),
        (("screen", STUDY, MANY, "--subject", "C1"), "did you mean 'C01'?"),
    ],
)
def test_what_does_not_exist_is_said_in_one_line(arguments, message):
    shown = onearm(*arguments)

    assert (shown.exit_code, message in shown.stderr) == (1, True), shown.stderr


BELOW = """subject_id,fact,value,unit,date,lln,uln,diameter,nodal
C09,first_dose,,,2026-03-10,,,,
C09,HBSAG,POSITIVE,,2026-03-05,,,,
C09,hbv_dna,<20,copies/mL,,,,,
C09,ANC,<0.1,10^9/L,2026-03-08,1.5,7,,
C09,TBIL,< 3,umol/L,2026-03-08,,20,,
C09,lesions,Y,,2026-03-01,,,<10 mm,N
C09,lesions,Y,,2026-03-01,,,14 mm,Y
"""


def test_a_value_beyond_what_is_measured_has_its_sign_once(tmp_path):
    path = tmp_path / "facts.csv"
    path.write_text(BELOW, encoding="utf-8")
    criteria = json.loads(
        onearm("screen", ROOT / "studies" / "nct07083375", path, "--json").stdout
    )[0]["criteria"]
    found = {item["id"]: item for item in criteria}

    assert found["I09a"]["reason"].startswith("ANC <0.1 10^9/L on 2026-03-08 is not >= 1.5")
    assert found["I09f"]["evidence"][0]["value"] == "< 3"
    assert found["I09f"]["evidence"][0]["converted"] == "<0.15 ULN"
    assert found["E09b"]["reason"] == "absent: hbv_dna <20 copies/mL is not > 1000 copies/mL"


def test_events_that_do_not_count_are_evidence(tmp_path):
    path = tmp_path / "facts.csv"
    path.write_text(BELOW, encoding="utf-8")
    answer = screen_study(ROOT / "studies" / "nct07083375", path)
    (result,) = [one for one in answer.people[0].results if one.criterion.id == "I07"]

    assert str(result.outcome) == "not_met"
    assert reason(result) == (
        "lesions: none of 2 events (2026-03-01, diameter <10 mm, nodal no; 2026-03-01, diameter "
        "14 mm, nodal yes) is one where if nodal then diameter >= 15 mm else diameter >= 10 mm"
    )
