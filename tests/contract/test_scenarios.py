"""Scenario files: what is wrong with one is said in a line, with its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from onearm.errors import InputError
from onearm.pipeline.simulate import Options, load_scenario, simulate, simulate_scenario

STUDIES = {
    "tqb2450-ib-02": ("tqb2450-ib-02", "reported"),
    "toxicity": ("tqb2450-ib-02", "toxicity"),
    "nct07388875": ("nct07388875", "alternative"),
}

INTERIM = "interim: {wait: 18 weeks, accrual: pauses, assumed: x}\ncut_after"
WRONG = [  # study, what stands there, what is put in its place, what is said
    ("tqb2450-ib-02", "missed: 0.03", "missed: 1.3", "must be a probability between 0 and 1"),
    ("tqb2450-ib-02", "missed: 0.03", "mised: 0.03", "did you mean 'missed'"),
    ("tqb2450-ib-02", "jitter: 5 days", "jitter: 30 days", "less than half the interval of 42"),
    ("tqb2450-ib-02", "jitter: 5 days", "jitter: 5", "such as '21 days' or '6 weeks'"),
    ("tqb2450-ib-02", "share: {value: 0.4,", "share: {value: 0.5,", "must add up to 1; got 1.1"),
    ("tqb2450-ib-02", "[0.3, 0.4, 0.2, 0.07, 0.03]", "[1, 0, 0, 0, 0, 0]", "allows 5 targets"),
    ("tqb2450-ib-02", "rate: 1.76 per month", "rate: 1.76", "a rate with its unit"),
    ("tqb2450-ib-02", "rate: 1.76 per month", "rate: 0 per month", "must be above 0"),
    ("tqb2450-ib-02", "rate: 1.76 per month", "rate: -1 per month", "a rate with its unit"),
    ("tqb2450-ib-02", "kind: poisson", "kind: weibull", "must be 'constant', 'poisson'"),
    ("tqb2450-ib-02", "median: 32 mm, cv: 0.6", "median: 32 mm, cv: -1", "must be at least 0"),
    ("tqb2450-ib-02", "median: 32 mm", "median: 0 mm", "a length above 0"),
    ("tqb2450-ib-02", "where: {histology: ASPS}", "where: {histologie: ASPS}", "no characteristic"),
    ("tqb2450-ib-02", "group: non-asps", "group: others", "must be one of asps, non-asps"),
    ("tqb2450-ib-02", "months: 7.85", "value: 7.85", "`months` for a median"),
    ("tqb2450-ib-02", "value: 0.3667", "value: 36.67", "between 0 and 1; got 36.67"),
    ("tqb2450-ib-02", "  assumed: not reported; usual for metastatic sarcoma\n", "", "a `source`"),
    ("nct07388875", "accrual: continues", "accrual: stops", "must be 'continues' or 'pauses'"),
    ("tqb2450-ib-02", "value: 143 weeks", "value: 1430 weeks", "at most 7320 days, twenty years"),
    ("tqb2450-ib-02", "value: 143 weeks", "value: 41 days", "horizon must be at least 42 days"),
    ("tqb2450-ib-02", "value: 69 weeks", "value: 6900000 weeks", "at most 7320 days"),
    ("tqb2450-ib-02", "median: 32 mm", "median: 101 mm", "must be at most 100 mm"),
    ("tqb2450-ib-02", "rate: 1.76 per month", "rate: 1001 per day", "must be at most 1000 per day"),
    ("tqb2450-ib-02", "median: 32 mm, cv: 0.6", "median: 32 mm, cv: 1e30", "must be at most 1000"),
    ("tqb2450-ib-02", "least: 10 mm", "least: 100 mm", "must be at most the median"),
    ("tqb2450-ib-02", "cut_after", INTERIM, "plans no interim look"),
]  # fmt: skip


def test_a_rate_after_all_follow_up_has_no_truth_and_no_coverage(tmp_path):
    # Followed for 12 weeks, nobody says how many are free of progression at 6 months.
    folder, source = tmp_path / "scenarios", Path("studies/tqb2450-ib-02")
    folder.mkdir()
    shutil.copy(source / "protocol.yaml", tmp_path)
    text = (source / "scenarios" / "reported.yaml").read_text()
    (folder / "short.yaml").write_text(text.replace("value: 143 weeks", "value: 12 weeks"))
    found = simulate(folder / "short.yaml", Options(20))
    ids = {one.id for one in found.numbers}

    assert "orr_coverage" in ids
    assert "pfs_rate_6_months_coverage" not in ids
    assert all(value == value for one in found.numbers for value in (one.value, one.against))
    assert "nan" not in found.as_text()


TOXIC = [  # what stands in the scenario `toxicity`, what is put in its place, what is said
    ("by_cycle: [0.011]", "by_cycle: [1.1]", "must be a probability between 0 and 1; got 1.1"),
    ("by_cycle: [0.011]", "by_cycle: []", "must not be empty"),
    ("drugs: anlotinib", "drugs: anlotinb", "anlotinib, TQB2450; got 'anlotinb'"),
    ("interrupt: 0.7,", "interrupt: 0.9,", "actions must add up to 1; got 1.2"),
    ("{interrupt: 0.7, discontinue: 0.3}", "{reduce: 1}", "no lower dose level of TQB2450"),
    ("grade: 3", "grade: 5", "must be at most 4; got 5"),
    ("lasts: 3 weeks", "lasts: 3", "a period of whole days or weeks"),
    ("  hold: {", "  hodl: {", "did you mean 'hold'"),
    ("{anlotinib: 0.5,", "{anlotinib: 0.8, TQB2450: 0.5,", "must add up to at most 1; got 1.3"),
    ("{anlotinib: 0.5,", "{placebo: 0.5,", "must be among the drugs that are given"),
    ("value: continue", "value: sometimes", "must be 'continue' or 'stop'"),
    ("term: Hypertension", "term: Hypertriglyceridemia", "a term and grade, of its own"),
    ("id: hypertension", "id: infection", "must have an id, and a term and grade, of its own"),
    ("dropout: 0.01", "stop_for_toxicity: 0.1 per month\n  dropout: 0.01", "must be left out"),
    ("  assumed: chances a cycle are calibrated", "  note: x", "a `source`, or `assumed`"),
]


@pytest.mark.parametrize(("stands", "instead", "said"), TOXIC, ids=lambda text: text[:24])
def test_a_wrong_toxicity_is_said_with_its_place(stands, instead, said, tmp_path):
    test_a_wrong_scenario_is_said_with_its_place("toxicity", stands, instead, said, tmp_path)


def test_bare_hazards_are_needed_without_a_section_toxicity(tmp_path):
    test_a_wrong_scenario_is_said_with_its_place(
        "tqb2450-ib-02", "  stop_for_toxicity: 0.005 per month\n", "", "is needed where", tmp_path
    )


def test_a_longer_hold_than_the_protocol_allows_is_refused(tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    source = Path("studies/tqb2450-ib-02")
    text = (source / "protocol.yaml").read_text()
    held = text.replace(
        "      levels: [1200 mg]\n", "      levels: [1200 mg]\n      max_hold: 7 days\n"
    )
    assert held != text
    (tmp_path / "protocol.yaml").write_text(held)
    shutil.copy(source / "scenarios" / "toxicity.yaml", folder)

    with pytest.raises(InputError, match="TQB2450 to be held for 7 days at most"):
        load_scenario(folder / "toxicity.yaml")


@pytest.mark.parametrize(("study", "stands", "instead", "said"), WRONG, ids=lambda text: text[:24])
def test_a_wrong_scenario_is_said_with_its_place(study, stands, instead, said, tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    folder_of, scenario = STUDIES[study]
    shutil.copy(Path("studies") / folder_of / "protocol.yaml", tmp_path)
    text = (Path("studies") / folder_of / "scenarios" / f"{scenario}.yaml").read_text()
    assert stands in text
    (folder / "wrong.yaml").write_text(text.replace(stands, instead, 1))

    with pytest.raises(InputError) as raised:
        load_scenario(folder / "wrong.yaml")
    assert any(
        said in line and line.startswith("wrong.yaml:") for line in str(raised.value).split("\n")
    )


def test_a_scenario_in_which_nobody_is_evaluable_is_one_line(tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    shutil.copy("studies/nct07388875/protocol.yaml", tmp_path)
    text = Path("studies/nct07388875/scenarios/alternative.yaml").read_text()
    nobody = text.replace("never_assessed: 0.05", "never_assessed: 1")
    assert nobody != text
    (folder / "nobody.yaml").write_text(nobody)

    with pytest.raises(InputError, match="no patient ever has an assessment after baseline"):
        simulate_scenario(folder / "nobody.yaml", Options(250))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"effects": True, "over_truth": True}, "--effects and --over-truth do not go together"),
        ({"over_truth": True, "out": Path("x"), "shard": "1/2"}, "leave --out and --shard out"),
        ({"calibrate": True, "out": Path("x")}, "--calibrate keeps no blocks of trials"),
    ],
    ids=["two verbs", "a shard of a curve", "calibration"],
)
def test_an_option_that_would_be_passed_over_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        simulate_scenario(
            Path("studies/nct07388875/scenarios/alternative.yaml"), Options(250, **options)
        )


def test_a_scenario_outside_a_study_says_so(tmp_path):
    shutil.copy("studies/tqb2450-ib-02/scenarios/reported.yaml", tmp_path)

    with pytest.raises(InputError, match="stands in the folder `scenarios` of a study"):
        load_scenario(tmp_path / "reported.yaml")


REPORTED = Path("studies/tqb2450-ib-02/scenarios/reported.yaml")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (Options(trials=0), "--trials must be at least 1"),
        (Options(seed=-4), "--seed must be at least 0"),
        (Options(seed=-4, write_study=Path("out/x")), "--seed must be at least 0"),
        (Options(workers=-1), "--workers must be at least 1"),
        (Options(engine="rey"), "did you mean 'ray'"),
        (Options(address="10.0.0.5:6379"), "--address goes with --engine ray"),
        (Options(engine="ray", address="nowhere"), "must be HOST:PORT"),
        (Options(until=2), "--until must be between 0 and 0.5"),
        (Options(resume=True), "need --out"),
        (Options(shard="4/3", out=Path("out/x")), "must be I/N"),
        (Options(write_study=Path("studies")), "needs a new or an empty folder"),
        (Options(out=Path("README.md")), "README.md is a file"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, said):
    with pytest.raises(InputError, match=said):
        simulate_scenario(REPORTED, options)


def test_without_polars_trials_cannot_be_kept_and_it_is_said_first(monkeypatch, tmp_path):
    monkeypatch.setattr("onearm.pipeline.simulate.find_spec", lambda name: None)

    with pytest.raises(InputError, match=r"pip install 'onearm\[sim\]'"):
        simulate_scenario(REPORTED, Options(trials=250, out=tmp_path))


def test_a_folder_to_be_merged_must_be_there(tmp_path):
    with pytest.raises(InputError, match=r"--merge needs a folder .*nowhere is none"):
        simulate_scenario(REPORTED, Options(merge=(tmp_path / "nowhere",)))


def test_a_boundary_that_cannot_stop_is_one_line(tmp_path):
    folder = tmp_path / "scenarios"
    folder.mkdir()
    text = Path("studies/tqb2450-ib-02/protocol.yaml").read_text()
    looks = "looks: [2], event: {within: 21 days}"
    stopping = f"  stopping: {{method: pocock, p0: 0.2, p1: 0.35, alpha: 0.001, {looks}}}"
    (tmp_path / "protocol.yaml").write_text(text.replace("\nsafety:", f"\nsafety:\n{stopping}"))
    shutil.copy("studies/tqb2450-ib-02/scenarios/toxicity.yaml", folder)

    with pytest.raises(InputError, match=r"safety.stopping of the protocol: the rule never stops"):
        simulate_scenario(folder / "toxicity.yaml", Options(250))


def test_a_shard_says_that_it_is_one(tmp_path):
    options = Options(trials=500, out=tmp_path, shard="2/2")

    assert "Shard 2/2 alone" in simulate_scenario(REPORTED, options).as_text()
