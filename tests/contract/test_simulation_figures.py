"""The figures of a simulation: rows counted a second time, marks where the rows say."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.pipeline import simulate as simulating
from onearm.pipeline.plot import drawing_of
from onearm.pipeline.simulate import Options, load_scenario, simulate, simulate_scenario
from onearm.report.sheet import image_of
from onearm.sim.plan import Plan
from onearm.sim.trials import BLOCK, run_block
from onearm.sim.truth import truth_of
from onearm.terms import DAYS_PER_MONTH

COUNTS = Path("studies/nct07388875/scenarios/alternative.yaml")
TIMES = Path("studies/nct07083375/scenarios/alternative.yaml")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def quick_truth(monkeypatch):
    """Let fewer patients say what is true: how exactly is no matter here."""
    monkeypatch.setattr(simulating, "truth_of", lambda plan: truth_of(plan, 6_000))


def marks(drawing):
    root = ElementTree.fromstring(image_of(drawing, "svg"))
    return {e.get("id"): e for e in root.iter() if e.get("id")}


def corners(element):
    numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", element.find(f".//{SVG}path").get("d"))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_bars_are_the_shares_of_trials_counted_one_by_one():
    answer = simulate(COUNTS, Options(BLOCK, seed=4))
    _, rows = drawing_of(answer)
    loaded = load_scenario(COUNTS)
    columns = run_block(Plan(loaded.protocol, loaded.scenario, 4), 0)
    found = {row.id: row.value for row in rows}

    months = [int(days // float(DAYS_PER_MONTH)) for days in columns["os_median"] if days == days]
    nearest = [
        min(range(31), key=lambda k: (abs(x / n - k / 30), -k))
        for x, n in zip(columns["responders"], columns["enrolled"], strict=True)
    ]
    for head, counted in (("orr/all/responders", nearest), ("os-median/all/month", months)):
        shares = {i: v for i, v in found.items() if i.startswith(f"simulation.{head}:")}
        assert len(shares) == len(set(counted))
        for k in set(counted):
            share = shares[f"simulation.{head}:{k}/share"]
            assert share == pytest.approx(counted.count(k) / BLOCK)
    open_ended = float(np.isnan(columns["os_median"]).mean())
    assert found["simulation.os-median/all/not_reached"] == pytest.approx(open_ended)


def test_every_bar_is_as_high_as_its_row_says_and_bytes_repeat():
    drawing, rows = drawing_of(simulate(COUNTS, Options(BLOCK)))
    elements = marks(drawing)
    for variant in ("orr", "pfs-median", "os-median", "duration"):
        bars = [row for row in rows if row.statistic == "share" and row.id.split("/")[0].endswith(
            variant)]  # fmt: skip
        assert len(bars) > 3
        scale = []
        for row in bars:
            ys = [y for _, y in corners(elements[row.id])]
            scale.append((max(ys) - min(ys)) / row.value)
        assert scale == pytest.approx([scale[0]] * len(scale), rel=0.01)

    again, _ = drawing_of(simulate(COUNTS, Options(BLOCK)))
    assert image_of(again, "svg") == image_of(drawing, "svg")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [COUNTS, TIMES], ids=["counts decide", "times decide"])
def test_over_the_truth_the_middle_is_the_scenario_and_success_rises(scenario):
    answer = simulate_scenario(scenario, Options(BLOCK, over_truth=True))
    alone = simulate(scenario, Options(BLOCK))
    drawing, rows = drawing_of(answer)
    found = {row.id: row.value for row in rows}
    truths = [found[f"simulation/all/step:{k}/truth"] for k in range(1, 12)]
    success = [found[f"simulation/all/step:{k}/success"] for k in range(1, 12)]

    assert answer.steps[5].as_json() == alone.as_json()
    known = [truth for truth in truths if truth is not None]
    assert known == sorted(known)
    assert success[0] < success[5] < success[10]
    curve = corners(marks(drawing)["simulation/all/success#curve"])
    assert len(curve) == len(known)
    heights = [(value, y) for value, (_, y) in zip(success, curve, strict=False)]
    (v0, y0), (v1, y1) = min(heights), max(heights)
    for value, y in heights:
        assert y == pytest.approx(y0 + (value - v0) * (y1 - y0) / (v1 - v0), abs=0.01)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--plot out.pdf", "ends in .svg or .png"),
        ("--plot nowhere/out.svg", "there is no folder nowhere"),
        ("--plot out.svg --effects", "--plot draws the trials of a scenario, or --over-truth"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_before_the_trials(options, said, monkeypatch):
    monkeypatch.setattr(simulating, "run_plan", lambda *_: pytest.fail("trials were drawn"))
    shown = CliRunner().invoke(app, ["simulate", str(COUNTS), *options.split()])

    assert shown.exit_code == 1
    assert said in shown.stderr
    assert shown.stderr.count("\n") == 1
