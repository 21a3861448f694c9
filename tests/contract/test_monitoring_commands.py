"""The monitoring commands: help, JSON, words, and one line for what is wrong."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from onearm.cli import app

CALLS = {
    "predictive": "--p0 0.2 --p1 0.4 --alpha 0.1 --power 0.9",
    "posterior": "--p0 0.3 --p1 0.5 --looks 5-40/5 --prior 0.6,1.4 --standard 15,35 --efficacy .95",
    "bop2": "--p0 0.2 --p1 0.4 --looks 10-40/10 --efficacy power",
    "bryant-day": "--response0 .1 --response1 .3 --toxicity0 .3 --toxicity1 .1 --n-to 27",
    "toxicity": "--p0 0.2 --p1 0.4 --looks 5-30/5 --method beta-binomial",
    "logrank": "--median0 5.5 --median1 8 --accrual 18 --follow-up 12",
    "landmark": "--at 6 --median0 5.5 --hazard-ratio 0.6",
    "historical": "studies/tqb2450-ib-02/historical.csv",
}


def design(*arguments: str):
    return CliRunner().invoke(app, ["design", *arguments], prog_name="onearm")


@pytest.mark.parametrize("command", CALLS)
def test_help_says_what_the_command_does_in_one_line_and_shows_an_example(command):
    shown = design(command, "--help")

    assert shown.exit_code == 0
    assert len(shown.stdout.split("\n\n")[1].strip().splitlines()) == 1
    assert f"Example: onearm design {command}" in shown.stdout


@pytest.mark.parametrize("command", CALLS)
def test_the_answer_has_paragraphs_and_says_its_conventions(command):
    shown = design(command, *CALLS[command].split())

    assert shown.exit_code == 0, shown.output
    assert "For the protocol" in shown.stdout
    assert "For the paper" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 110
    if command not in ("historical", "logrank"):
        assert ">=" in shown.stdout or "<=" in shown.stdout
    if command in ("predictive", "bop2", "bryant-day", "logrank", "landmark"):
        assert "one-sided" in shown.stdout
        assert "power" in shown.stdout


@pytest.mark.parametrize("command", CALLS)
def test_the_json_answer_is_valid_and_repeats_what_was_asked(command):
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    shown = design(command, *CALLS[command].split(), "--json")
    value = json.loads(shown.stdout, parse_constant=refuse)

    assert value["kind"] == command
    assert set(value["wording"]) == {"protocol", "paper"}
    assert not [key for key in value if key.endswith("_")]


WRONG = [  # command, what the one line says
    ("predictive --p0 20 --p1 .4", "p0 must be a proportion between 0 and 1; got 20 (20 % is 0.2)"),
    ("predictive --p0 .4 --p1 .2", "p1 must be greater than p0; got 0.2 and 0.4"),
    (
        "predictive --p0 .2 --p1 .4 --power .2",
        "power must be greater than 0.5: it is 1 - beta, such as 0.8; got 0.2",
    ),
    (
        "predictive --p0 .2 --p1 .4 --alpha .95",
        "alpha (one-sided) must be a proportion between 0 and 0.5; got 0.95",
    ),
    (
        "predictive --p0 .2 --p1 .4 --looks 10-40",
        "looks go with --theta-t and --theta-l; a search takes --first-look, every",
    ),
    (
        "predictive --p0 .2 --p1 .25 --n-to 40",
        (
            "no trial of up to 40 patients keeps alpha 0.05 and power 0.8; raise --n-to (at most "
            "200), or widen the distance from p0 to p1"
        ),
    ),
    (
        "toxicity --p0 .2 --p1 .4 --looks 10,5",
        "looks must grow: each is the number of patients so far; got 5 after 10",
    ),
    (
        "toxicity --p0 .2 --p1 .4 --looks 1-x",
        "looks must be numbers of patients, such as 10,20,30 or 10-40/5; got '1-x'",
    ),
    (
        "toxicity --p0 .2 --p1 .4 --looks 0,5",
        "a look must be a whole number from 1 to 1000; got 0",
    ),
    (
        "toxicity --p0 .2 --p1 .4 --looks 1-9999",
        (
            "looks go on to 9999 patients, which is too many to compute (at most 1000); let the "
            "last look be earlier"
        ),
    ),
    (
        "toxicity --p0 .2 --p1 .4 --looks 10-100000",
        (
            "looks go on to 100000 patients, which is too many to compute (at most 1000); let the "
            "last look be earlier"
        ),
    ),
    (
        "toxicity --p0 .2 --p1 .4 --looks 1-30 --method pococ",
        (
            "method must be one of pocock, repeated-significance, obrien-fleming, wang-tsiatis, "
            "beta-binomial; got pococ; did you mean 'pocock'?"
        ),
    ),
    (
        "toxicity --p0 .4 --p1 .6 --looks 2 --alpha .1",
        (
            "the rule never stops: up to n = 2 no count crosses; raise alpha, plan more looks or "
            "more patients"
        ),
    ),
    (
        "posterior --p0 .3 --p1 .5 --looks 1 --prior 1,1 --standard .3",
        (
            "the rule never stops: up to n = 1 no count passes a threshold; plan more patients or "
            "move futility or efficacy"
        ),
    ),
    (
        "posterior --p0 .3 --p1 .5 --looks 10 --prior 1,1",
        "give the standard rate, or a table of past trials: one of them",
    ),
    (
        "posterior --p0 .3 --p1 .5 --looks 10 --prior 1 --standard .3",
        "prior must be two numbers a,b of Beta(a, b), such as 0.2,0.8; got 1",
    ),
    (
        (
            "bop2 --endpoint co-primary --p0 .2 --second0 .3 --p1 .4 --second1 .5 --looks 2-300/3 "
            "--efficacy power"
        ),
        (
            "the grid is too large to search: ... tables of bounds, 101 looks, up to ... states "
            "each; narrow it with fewer looks, fewer steps or a smaller trial"
        ),
    ),
    (
        "bop2 --endpoint nested --p0 .3 --second0 .2 --p1 .4 --second1 .5 --looks 20",
        "the first endpoint lies within the second and must be rarer; got 0.3 and 0.2",
    ),
    (
        "bop2 --endpoint co-primary --p0 .3 --second0 .2 --p1 .4 --second1 .5 --looks 9 --both0 .3",
        "null both must be from 0.0 % to 20.0 % for rates 0.3 and 0.2; got 0.3",
    ),
    (  # by hand: P(X >= 5 of 10) = 0.033 at .2 (4 of 10: 0.121) and 0.150 at .3
        "bop2 --p0 .2 --p1 .3 --looks 10 --alpha .1 --power .9",
        "no thresholds keep alpha 0.1 and power 0.9 with 10 patients; the greatest power is 15.0 %",
    ),
    (
        "bryant-day --response0 .1 --response1 .3 --toxicity0 .1 --toxicity1 .3",
        "toxicity0 must be greater than toxicity1; got 0.1 and 0.3",
    ),
    (
        "logrank --median0 5 --median1 4 --accrual 10 --follow-up 12",
        "the target curve must lie above the historical one",
    ),
    (
        "logrank --median0 5 --hazard-ratio 0.7 --follow-up 12",
        "give either accrual, a time, or --accrual-rate, patients a unit of time",
    ),
    (
        "logrank --median0 5 --hazard-ratio 0.999 --accrual 10 --follow-up 12",
        "needs more than 20000 patients; the hazard ratio must lie further below 1",
    ),
    (
        "landmark --at 6 --rate0 .5 --rate1 .7 --method kaplan-meier --accrual 4 --follow-up 1",
        (
            "the trial ends at 5, before the landmark of the last patients; accrual + --follow-up "
            "must exceed 6"
        ),
    ),
    (
        "bop2 --p0 .2 --p1 .4 --looks 10,20 --goal x",
        "goal must be one of power, expected-n; got x",
    ),
    ("toxicity --p0 .2 --p1 .4 --looks 30-1", "looks must grow; got '30-1'"),
    (
        "logrank --median0 nan --median1 8 --accrual 10 --follow-up 12",
        "median0 must be a number; got nan",
    ),
    (
        "logrank --median0 5 --median1 0 --accrual 10 --follow-up 12",
        "median1 must be greater than 0; got 0",
    ),
    ("landmark --at 0 --rate0 .45 --rate1 .65", "at must be greater than 0; got 0"),
    ("landmark --at 0 --median0 5 --median1 8", "at must be greater than 0; got 0"),
    ("historical absent.csv", "absent.csv: No such file or directory"),
]


@pytest.mark.parametrize(("command", "line"), WRONG, ids=lambda value: value[:40])
def test_bad_input_gets_one_clear_line(command, line):
    shown = design(*command.split())

    assert shown.exit_code == 1
    pattern = re.escape(line).replace(re.escape("..."), "[0-9]+")  # sizes of a grid may change
    assert re.fullmatch(pattern + "\n", shown.stderr), shown.stderr
    assert shown.stdout == ""


def test_a_wrong_table_of_past_trials_is_said_with_its_lines(tmp_path):
    table = tmp_path / "historical.csv"
    table.write_text("source,n,responders\nA,20,25\nB,x,2\nC,,\n", encoding="utf-8")

    shown = design("historical", str(table))

    assert shown.exit_code == 1
    assert shown.stderr.splitlines() == [
        f"{table}:2: responders must be from 0 to n, with n >= 1; got 25 of 20",
        f"{table}:3: n must be a whole number or empty; got 'x'",
    ]


def test_past_trials_can_be_the_standard(tmp_path):
    table = tmp_path / "historical.csv"
    table.write_text("source,n,responders\nA,40,8\nB,50,11\nC,30,6\n", encoding="utf-8")

    shown = design(
        *("posterior", "--p0", ".2", "--p1", ".4", "--looks", "10-40/10", "--prior", ".4,1.6"),
        *("--json", "--historical"),
        str(table),
    )
    standard = json.loads(shown.stdout)["standard"]["components"]

    assert sum(weight for weight, _, _ in standard) == pytest.approx(1)
    assert standard[-1] == pytest.approx([0.2, 1, 1])
