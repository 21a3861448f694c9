"""``onearm design`` and ``onearm infer``: shapes, words, and one line for what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from onearm.cli import app

TWO_STAGE = "infer two-stage --p0 0.2 --r1 3 --n1 13 --r 12 --n 43"
OTHER_N1 = "infer two-stage --p0 0.2 --p1 0.4 --alpha 0.1 --r1 3 --n1 19 --r 10 --n 36"


def run(command: str):
    return CliRunner().invoke(app, command.split(), prog_name="onearm", env={"COLUMNS": "80"})


def values(command: str):
    result = run(f"{command} --json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_shape_of_simon():
    found = values("design simon --p0 0.2 --p1 0.4 --dropout 0.1")

    assert set(found) >= {"optimal", "minimax", "admissible", "certificate"}
    assert {"r1", "n1", "r", "n", "alpha", "power", "en0", "pet0"} <= set(found["optimal"])
    assert found["optimal"]["enrolled"] == 48
    assert {"weight_from", "weight_to"} <= set(found["admissible"][0])
    assert found["certificate"]["p0"] == "1/5"


def test_a_certificate_goes_from_one_command_to_the_other(tmp_path):
    path = tmp_path / "certificate.json"
    path.write_text(run("design simon --p0 0.1 --p1 0.3 --json").stdout, encoding="utf-8")

    shown = run(f"design verify {path}")

    assert shown.exit_code == 0
    assert "The certificate holds, for p0 = 0.1, p1 = 0.3" in shown.stdout
    assert values(f"design verify {path}")["holds"] is True


def test_a_certificate_that_does_not_hold_exits_with_1(tmp_path):
    value = values("design simon --p0 0.1 --p1 0.3")
    value["certificate"]["alpha"] = "1/50"
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(value), encoding="utf-8")

    shown = run(f"design verify {path}")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr.startswith(f"{path}: the certificate does not hold: it lacks an alpha of")
    path.write_text("{", encoding="utf-8")
    assert "not JSON" in run(f"design verify {path}").stderr


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        ("fleming --p0 0.1 --p1 0.4", ["optimal", "minimax", "optimal_at_p1"]),
        ("three-stage --p0 0.1 --p1 0.4", ["optimal", "minimax"]),
        ("curtailed --p0 0.1 --p1 0.4", ["design"]),
    ],
)
def test_every_design_carries_its_operating_characteristics_and_wording(command, keys):
    found = values(f"design {command}")

    for key in keys:
        assert {"alpha", "power", "en0", "en1", "operating", "wording"} <= set(found[key])
        at_p0 = next(row for row in found[key]["operating"] if row["rate"] == found["p0"])
        assert at_p0["reject"] == pytest.approx(found[key]["alpha"])
        assert at_p0["expected_n"] == pytest.approx(found[key]["en0"])


WORDS = [  # the command, sentences that its text must hold
    (
        "design simon --p0 0.2 --p1 0.4",
        [
            "<= 3 of 13",
            ">= 13 of 43",
            "If 3 or fewer of them respond, the trial stops for futility",
            "13 or more of the 43 respond, and not if 12 or fewer do",
            "one-sided alpha <= 0.05 at p0",
            "power is 1 - beta",
        ],
    ),
    ("design simon --p0 0.8 --p1 0.95", ["optimal and minimax"]),
    (
        "design precision --target 0.3 --lower-limit-above 0.15 --dropout 0.2",
        ["8 or more of 24 are needed, and 7 are not enough", "30 are enrolled"],
    ),
    (
        "design precision --target 0.3 --lower-limit-above 0.15 --method wilson --sides 2",
        ["the two-sided 95 % lower limit (Wilson)"],
    ),
    (
        "design exact --p0 0.2 --p1 0.4",
        [
            "12 or more of the 35 respond, and not if 11 or fewer do",
            "every larger n has it too",
        ],
    ),
    (
        f"{TWO_STAGE} --responders 13 --alpha 0.05",
        [
            "stop if responders <= 3 of 13, promising if >= 13 of 43",
            "90 % interval",
            "By the design the treatment is promising",
            "The two disagree",
            "Of 43 subjects, 13 responded.",
        ],
    ),
    (
        "design fleming --p0 0.2 --p1 0.4",
        ["3 or fewer of them respond, and as promising if 8 or more do", "No largest n was set"],
    ),
    (
        "design three-stage --p0 0.1 --p1 0.4",
        ["stops for futility if 0 of the first", "Numbers of subjects count from the start"],
    ),
    (
        "design curtailed --p0 0.2 --p1 0.4 --efficacy 0.9",
        ["alpha is above its limit of 0.05", "is 0 or 0.9 or more"],
    ),
    (
        "design curtailed --p0 0.2 --p1 0.4 --base exact",
        ["it stops as soon as the decision is certain", "0.0344 and 0.8048 without curtailment"],
    ),
    (
        "design sargent --p0 0.1 --p1 0.3",
        ["6 or more of the 25 respond and not promising if 4 or fewer do", "is inconclusive"],
    ),
    (
        "design find --n 30 --p0 0.15 --p1 0.35 --alpha 0.05 --power 0.8",
        ["1 design of kind minimax enrol 30", "<= 2 of 15 stops, >= 8 of 28", "5 %"],
    ),
    (f"{TWO_STAGE} --responders 3 --stopped-at 1", ["not promising", "95 % interval"]),
    (
        f"{OTHER_N1} --attained-n1 17 --attained-n 34 --responders 11",
        ["stop if responders <= 3 of 17, promising if >= 11 of 34", "so the bounds above are new"],
    ),
]


@pytest.mark.parametrize(("command", "sentences"), WORDS)
def test_conventions_are_said_in_words(command, sentences):
    shown = run(command)
    said = " ".join(shown.stdout.split())

    assert shown.exit_code == 0, shown.output
    assert [sentence for sentence in sentences if sentence not in said] == []


REFUSED = [  # the command, what its one line holds
    ("design simon --p0 20 --p1 40", "got 20 (20 % is 0.2)"),
    ("design simon --p0 0.4 --p1 0.2", "p1 must exceed p0; got p0 = 0.4 and p1 = 0.2"),
    ("design simon --p0 0.2 --p1 0.4 --power 80", "power must be a proportion"),
    ("design simon --p0 0.2 --p1 0.4 --power 0.2", "power is 1 - beta"),
    ("design exact --p0 0.2 --p1 0.4 --alpha 5", "got 5 (5 % is 0.05)"),
    ("design exact --p0 0.2 --p1 0.4 --dropout 1", "dropout must be a proportion at least 0"),
    (
        "infer two-stage --p0 .2 --r1 3 --n1 13 --r 12 --n 4300000000 --responders 13",
        "n must be at most 1500 subjects; got 4300000000",
    ),
    (
        f"{TWO_STAGE} --responders 13 --attained-n 5000",
        "--attained-n must be at most 1500 subjects; got 5000",
    ),
    ("design simon --p0 0.2 --p1 0.4 --power 80", "such as 0.8; got 80 (80 % is 0.8)"),
    (f"{TWO_STAGE} --responders 44", "responders must be between 0 and 43; got 44"),
    (f"{TWO_STAGE} --responders 3", "stage 2 is reached with more than r1 = 3"),
    (f"{TWO_STAGE} --responders 13 --attained-n1 12", "need the p1 and the alpha of the plan"),
    (f"{TWO_STAGE} --responders 13 --level 90", "got 90 (90 % is 0.9)"),
    ("design curtailed --p0 0.2 --p1 0.4 --base minimx", "did you mean 'minimax'?"),
    ("design find --n 30 --alpha x", "alpha takes numbers with commas between; got 'x'"),
    ("design find --n 30 --step 0.01", "settings is too large to search (at most 5000)"),
    ("design verify no-such-file.json", "No such file"),
]


@pytest.mark.parametrize(("command", "part"), REFUSED)
def test_what_is_impossible_gets_one_line(command, part):
    shown = run(command)

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert len(shown.stderr.splitlines()) == 1
    assert part in shown.stderr


@pytest.mark.parametrize("command", ["simon", "exact"])
def test_a_design_loads_nothing_heavy(command):
    code = (
        f"import sys; sys.argv = 'onearm design {command} --p0 0.2 --p1 0.4'.split()\n"
        "from onearm.cli import main\n"
        "try:\n main()\nexcept SystemExit: pass\n"
        "print(' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}

    assert not loaded & {"numpy", "scipy", "numba", "rich"}  # typer itself may load pydantic
