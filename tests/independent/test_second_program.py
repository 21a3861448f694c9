"""The kernel against the rules of ``clinical``: two programs, one answer, field by field.

Random patients, many of them on a threshold, with the facts that end a
follow-up and the options of the response rules drawn at random. ONEARM_PATIENTS
sets how many patients are compared: ``ONEARM_PATIENTS=20000 pytest
tests/independent/test_second_program.py`` is the extended run.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from patients import derive_subject, protocol_with, records_of
from random_patients import FIRST_DOSE, random_patient, rows_of
from test_rule_properties import OPTIONS, day_of

from onearm.clinical.records import Lab
from onearm.errors import InputError
from onearm.pipeline.run import analyse, run_study
from onearm.sim.agreement import judge_again

PATIENTS = int(os.environ.get("ONEARM_PATIENTS", "3000"))
IN_A_STUDY = 25
PRESETS = ("paper", "fda", "ema")
REASONS = ("ADVERSE EVENT", "SYMPTOMATIC DETERIORATION", "PROGRESSIVE DISEASE")
NOT_HERE = {"reference_date", "baseline_window_days", "slice_rule_nodes", "population"}


def random_rules(rng):
    """Return some options that deviate from the defaults, and a preset of censoring."""
    names = rng.sample(sorted(set(OPTIONS) - NOT_HERE), rng.choice((0, 1, 2, 4, 8)))
    rules = {name: rng.choice(OPTIONS[name]) for name in names}
    if rules.get("partial_other") == "bound" and rules.get("partial_cap_mm") is None:
        rules["partial_cap_mm"] = 20
    return rules, rng.choice(PRESETS)


def random_records(rng, whom):
    """Return a patient with what else happened to them, on random days."""
    facts = {}
    for name, chance in (("death", 0.3), ("alive", 0.7), ("new_therapy", 0.2), ("stop", 0.3)):
        if rng.random() < chance:
            facts[name] = rng.choice((rng.randint(1, 500), 42, 84, 126))
    if "stop" in facts:
        facts["stop"] = facts["stop"], rng.choice(REASONS)
    rows = rows_of(random_patient(rng.randrange(2**32)), subject_id=whom)
    if rng.random() < 0.3:  # a scan may take two days, its lesions on either
        rows = [replace(r, date=day_of((r.date - FIRST_DOSE).days + later)) for r in rows
                for later in [rng.choice((0, 0, 3)) if r.date > FIRST_DOSE else 0]]  # fmt: skip
    if rng.random() < 0.02:
        rows = [row for row in rows if row.date > FIRST_DOSE]
    labs = tuple(
        Lab(whom, day_of(42 * k), "CA125", str(rng.choice((30, 35, 36))), uln=35)
        for k in range(rng.randint(0, 4))
    )
    found = records_of(**facts)
    return replace(found, subject=replace(found.subject, subject_id=whom), lesions=tuple(rows),
                   responses=None, labs=labs)  # fmt: skip


def compared(seed, **options):
    """Judge a study of random patients by both programs; ``options`` are as given."""
    rng = Random(seed)
    rules, preset = random_rules(rng)
    rules |= options
    protocol = protocol_with(preset=preset, source="derived", rules=rules)
    plan = protocol.response.model_copy(update={"markers": rng.choice(((), ("CA125",)))})
    study = protocol.study.model_copy(update={"data_cutoff": rng.choice((None, day_of(200)))})
    protocol = protocol.model_copy(update={"response": plan, "study": study})
    subjects = [random_records(rng, f"S{i:02}") for i in range(IN_A_STUDY)]
    answers = [derive_subject(records, protocol) for records in subjects]
    return rules, judge_again(subjects, answers, protocol)


@pytest.mark.parametrize("batch", range(10))
def test_two_programs_say_the_same_of_random_patients(batch):
    for study in range(PATIENTS // IN_A_STUDY // 10):
        rules, found = compared(f"{batch}.{study}")

        assert [str(one) for one in found.differences] == [], (batch, study, rules)
        assert len(found.left_out) < IN_A_STUDY / 2


ANSWERS = {
    "tqb2450-ib-02": ["225 of 225 time points", "30 of 30 best responses"],
    "nct07388875": ["16 of 16 best responses"],
    "nct07083375": [
        "55 of 55 best responses",
        "not QL-037 (a response is overridden by a decision)",
    ],
}


@pytest.mark.parametrize(("study", "said"), ANSWERS.items())
def test_the_patients_of_the_shipped_trials_are_judged_alike(study, said):
    text = analyse(f"studies/{study}").second_program.as_text()

    assert all(words in text for words in said), text


def test_a_difference_is_an_error_that_names_the_patient(monkeypatch, tmp_path):
    monkeypatch.setattr("onearm.sim.kernel.is_partial_response", lambda total, *about: total < 0)

    with pytest.raises(InputError, match=r"time point .* for subject TQB-001"):
        run_study(Path("studies/tqb2450-ib-02"), tmp_path / "out")

    assert not (tmp_path / "out").exists()


MUTANTS = {  # a function of the second program, and what it is replaced by
    "sim.kernel.is_progression": lambda total, nadir, limits: total - nadir >= limits.pd_abs_um,
    "sim.kernel._keeps_pr": lambda course, rules: course.first_pr > 0,
    "sim.irecist._has_shrunk": lambda now, then, least: now < then,
    "sim.best._is_early_cr": lambda steps: (steps == 1).any(axis=0),
    "sim.kernel._partial": lambda measured, *about: np.full(measured.shape, 7, dtype=np.int8),
    "sim.times._last": lambda adequate, before: adequate.max(axis=0, initial=0),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_rule_is_found(name, monkeypatch):
    monkeypatch.setattr(f"onearm.{name}", MUTANTS[name])

    options = {"sticky_pr": "after_confirmed_pr"} if name.endswith("_keeps_pr") else {}
    assert any(compared(f"mutant.{study}", **options)[1].differences for study in range(150))
