"""The compiled rules against the kernel in numpy: the same records and counts, bit for bit."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from patients import protocol_with
from test_second_program import IN_A_STUDY, random_records, random_rules
from test_simulated_toxicity import random_plan

from onearm.errors import InputError
from onearm.pipeline.simulate import Options, simulate
from onearm.sim import best, kernel
from onearm.sim.encoded import encode
from onearm.sim.trials import run_block

compiled = pytest.importorskip("onearm.sim.compiled", reason="needs the fast extra")

PATIENTS = int(os.environ.get("ONEARM_PATIENTS", "3000"))
REPORTED = Path("studies/tqb2450-ib-02/scenarios/reported.yaml")


def assert_same(ours, theirs, about):
    for field in fields(ours):
        mine, other = getattr(ours, field.name), getattr(theirs, field.name)
        assert (mine is None) == (other is None), (about, field.name)
        assert mine is None or np.array_equal(mine, other), (about, field.name)


@pytest.mark.parametrize("batch", range(5))
def test_random_patients_are_judged_alike_under_every_option(batch):
    # Of the random patients of the second program what a simulation draws: scans of one day.
    for study in range(PATIENTS // IN_A_STUDY // 5):
        rng = Random(f"{batch}.{study}")
        rules, _ = random_rules(rng)
        protocol = protocol_with(preset="paper", source="derived", rules=rules)
        found = encode([random_records(rng, f"S{i:02}") for i in range(IN_A_STUDY)], protocol)
        seen = replace(found.seen, pd_day=None, last_day=None, markers=None)
        rules = protocol.response.rules
        points = kernel.judge(seen, rules)

        assert_same(compiled.judge(seen, rules), points, rules)
        every = rng.choice((None, 42, 56))
        assert_same(
            compiled.best_responses(points, rules, found.facts, every),
            best.best_responses(points, rules, found.facts, every),
            rules,
        )


@pytest.mark.parametrize("counting", ["confirmed", "unconfirmed", "irecist"])
@pytest.mark.parametrize("seed", range(3))
def test_random_trials_have_the_same_columns(seed, counting):
    plan = replace(random_plan(Random(f"compiled {seed}")), counting=counting)
    numpy, numba = (run_block(replace(plan, compiled=c), 1, 60) for c in (False, True))

    assert list(numpy) == list(numba)
    for name, values in numpy.items():
        assert values.dtype == numba[name].dtype, name
        assert np.array_equal(values, numba[name], equal_nan=True), name


def test_a_compiled_simulation_prints_the_same_numbers():
    plain, fast = (simulate(REPORTED, Options(500, compiled=c)) for c in (False, True))

    assert fast.as_json() == plain.as_json()


def test_without_numba_it_is_said_first(monkeypatch):
    monkeypatch.setattr("onearm.pipeline.simulate.find_spec", lambda name: None)

    with pytest.raises(InputError, match=r"--compiled needs numba: pip install 'onearm\[fast\]'"):
        simulate(REPORTED, Options(250, compiled=True))
