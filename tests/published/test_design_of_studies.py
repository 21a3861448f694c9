"""The designs of the three trials, and what a protocol that contradicts its design gets.

Simon designs: Simon R. Control Clin Trials 1989;10:1-10 (the method); the values for 0.15 against
0.35 and the sizes of the log-rank test by independent programs, as listed for these trials.
"""

from __future__ import annotations

import shutil
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from scipy.stats import betabinom, binom

from onearm.design.binomial import with_dropout
from onearm.design.interim import interim
from onearm.design.operating import Look, two_stage_rule
from onearm.design.single_stage import exact_design
from onearm.design.survival import logrank_design, weibull
from onearm.design.two_stage import simon
from onearm.io.yaml import parse_yaml, read_yaml
from onearm.pipeline.check import check_study
from onearm.pipeline.monitor import monitor_study
from onearm.protocol.parse import parse_protocol
from onearm.results.design_rows import planned_design

STUDIES = Path(__file__).parents[2] / "studies"


def numbers(study: str) -> dict[str, float | int | None]:
    protocol = parse_protocol(read_yaml(STUDIES / study / "protocol.yaml"))
    return {row.statistic: row.value for row in planned_design(protocol).rows if row.item is None}


def test_the_precision_design_gives_24_and_30() -> None:
    found = numbers("tqb2450-ib-02")

    assert (found["n"], found["enrolled"], found["responders_needed"]) == (24, 30, 8)


def test_simons_minimax_design_for_15_against_35_percent_needs_28_of_30() -> None:
    found = numbers("nct07388875")

    assert [found[name] for name in ("r1", "n1", "r", "n", "enrolled")] == [2, 15, 7, 28, 30]
    # Attained error rates by the binomial distribution alone, without the recursion.
    power = sum(binom.pmf(x, 15, 0.35) * binom.sf(7 - x, 13, 0.35) for x in range(3, 16))
    assert found["power"] == pytest.approx(power)
    assert found["pet0"] == pytest.approx(binom.cdf(2, 15, 0.15))


def test_the_log_rank_test_of_medians_5_5_and_8_months_needs_56() -> None:
    assert numbers("nct07083375")["n"] == 56


# What the protocol of NCT07083375 lists beside its own design: kind, rates or medians in months,
# alpha, power, dropout. The values are those that independent programs gave for these trials.
GIVE_56 = [
    ("logrank", 5.5, 8, 0.05, 0.80, 0),
    ("logrank", 6, 9, 0.05, 0.80, 0.1),
    ("exact", 0.40, 0.60, 0.05, 0.90, 0),
    ("exact", 0.50, 0.70, 0.025, 0.85, 0),
    ("exact", 0.45, 0.65, 0.025, 0.80, 0.1),
    ("exact", 0.55, 0.75, 0.05, 0.90, 0.1),
    ("minimax", 0.40, 0.60, 0.025, 0.85, 0),
    ("minimax", 0.60, 0.80, 0.025, 0.90, 0),
    ("minimax", 0.45, 0.65, 0.025, 0.80, 0.1),
    ("minimax", 0.60, 0.78, 0.05, 0.85, 0.1),
]


@pytest.mark.parametrize(("kind", "low", "high", "alpha", "power", "dropout"), GIVE_56)
def test_each_alternative_of_the_log_rank_trial_enrols_56(kind, low, high, alpha, power, dropout):
    if kind == "logrank":
        null = weibull(median=low)
        size = {"accrual": 18, "follow_up": 12, "alpha": alpha, "power": power}
        n = logrank_design(null, low / high, **size).n
    elif kind == "exact":
        n = exact_design(low, high, alpha, power).first.n
    else:
        n = simon(low, high, alpha, power).minimax.n

    assert with_dropout(n, Fraction(str(dropout))) == 56
    listed = " ".join((STUDIES / "nct07083375" / "protocol.yaml").read_text().split())
    told = f"{low:g} against {high:g}" if kind == "logrank" else f"{low:.2f} against {high:.2f}"
    assert told in listed or f"{low:g} months" in listed


def test_operating_characteristics_at_p0_and_p1_are_alpha_and_power() -> None:
    protocol = parse_protocol(read_yaml(STUDIES / "nct07388875" / "protocol.yaml"))
    rows = {row.id: row.value for row in planned_design(protocol).rows}

    assert rows["design/all/p:0.15/reject"] == pytest.approx(rows["design/all/alpha"])
    assert rows["design/all/p:0.35/reject"] == pytest.approx(rows["design/all/power"])
    assert rows["design/all/p:0.15/expected_n"] == pytest.approx(rows["design/all/en0"])


@pytest.mark.parametrize(
    ("study", "was", "becomes", "message"),
    [
        ("tqb2450-ib-02", "  n: 24", "  n: 25", "design.n must be 24"),
        ("nct07388875", "r1: {value: 2,", "r1: {value: 3,", "design.r1 must be 2"),
        ("nct07083375", "    n: 56\n", "    n: 55\n", "design.n must be 56"),
    ],
)
def test_a_number_that_its_own_design_does_not_give_is_refused(
    tmp_path: Path, study: str, was: str, becomes: str, message: str
) -> None:
    text = (STUDIES / study / "protocol.yaml").read_text(encoding="utf-8")
    assert was in text
    (tmp_path / "protocol.yaml").write_text(text.replace(was, becomes), encoding="utf-8")

    answer = check_study(tmp_path)

    assert answer.exit_status == 1
    assert message in answer.as_text()


def test_the_chances_of_a_running_trial_are_binomial_after_the_last_look_but_one() -> None:
    found = interim(two_stage_rule(2, 15, 7, 28), 5 * [True] + 10 * [False], 0.15, 0.35)

    assert found.under_null == pytest.approx(binom.sf(2, 13, 0.15))
    assert found.under_target == pytest.approx(binom.sf(2, 13, 0.35))
    assert found.as_observed == pytest.approx(binom.sf(2, 13, 1 / 3))
    assert found.predictive == pytest.approx(betabinom.sf(2, 13, 5.15, 10.85))


def test_before_anybody_the_chance_is_power_and_error_of_the_design() -> None:
    found = interim(two_stage_rule(3, 13, 12, 43), [], 0.2, 0.4)

    # Simon 1989, table 1: alpha 0.0496, power 0.8002 of 3/13 12/43.
    assert found.under_null == pytest.approx(0.0496, abs=5e-5)
    assert found.under_target == pytest.approx(0.8, abs=5e-3)
    assert found.as_observed is None


def chance_by_enumeration(rule: tuple[Look, ...], outcomes: list[bool | None], p: float) -> float:
    """Add up every way in which the open subjects may end."""
    still_open = [i for i, one in enumerate(outcomes) if one is None]
    total = 0.0
    for ways in product((True, False), repeat=len(still_open)):
        ended = list(outcomes)
        for i, one in zip(still_open, ways, strict=True):
            ended[i] = one
        first, last = (sum(map(bool, ended[: look.n])) for look in rule)
        if first > (rule[0].futile or 0) and last >= (rule[1].effective or 0):
            total += p ** sum(ways) * (1 - p) ** (len(ways) - sum(ways))
    return total


@pytest.mark.parametrize(
    "known",
    [
        [True, None, False, False, None, True, True],  # one of stage 1 open, stage 2 has begun
        [False, False, False, None, True, True, True],  # responses after stage 1 do not save it
        [False, False, False, False, True, True, True, True],  # stopped
        [True, True],
    ],
)
def test_a_look_counts_its_own_first_subjects(known: list[bool | None]) -> None:
    rule = two_stage_rule(1, 4, 3, 9)
    outcomes = known + [None] * (9 - len(known))
    found = interim(rule, known, 0.15, 0.35)

    assert found.under_null == pytest.approx(chance_by_enumeration(rule, outcomes, 0.15))
    assert found.under_target == pytest.approx(chance_by_enumeration(rule, outcomes, 0.35))


def test_a_trial_that_its_first_stage_stopped_has_no_chance() -> None:
    found = interim(
        two_stage_rule(2, 15, 7, 28), [False] * 13 + [True] * 2 + [True] * 8, 0.15, 0.35
    )

    assert (found.under_null, found.under_target, found.predictive) == (0, 0, 0)


def test_a_finished_trial_is_judged_by_its_first_subjects() -> None:
    found = monitor_study(STUDIES / "tqb2450-ib-02")

    (look,) = found.looks
    assert (look.n, look.needed, look.open, look.decision) == (24, 8, 0, "promising")
    assert found.chances is None


def test_an_earlier_cut_leaves_subjects_open(tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    (study / "data").symlink_to(STUDIES / "tqb2450-ib-02" / "data")
    text = (STUDIES / "tqb2450-ib-02" / "protocol.yaml").read_text(encoding="utf-8")
    assert "data_cutoff: 2021-10-08" in text
    changed = text.replace("data_cutoff: 2021-10-08", "data_cutoff: 2019-12-31")
    (study / "protocol.yaml").write_text(changed, encoding="utf-8")

    found = monitor_study(study)

    (look,) = found.looks
    assert look.enrolled == 24  # the 25th enrolled on 2020-01-07
    assert look.open > 0
    assert look.decision in ("waits", "promising")
    assert found.chances is not None
    assert 0 < found.chances.under_null < found.chances.predictive <= 1


def test_a_protocol_is_read_from_text_as_from_a_file() -> None:
    path = STUDIES / "nct07388875" / "protocol.yaml"
    protocol = parse_protocol(parse_yaml(path.read_text(encoding="utf-8"), str(path)))

    assert planned_design(protocol).enrolled == 30


def test_where_nothing_says_that_treatment_ended_an_outcome_is_open(tmp_path: Path) -> None:
    """Without a record of an end nobody who has no progression counts as a failure."""
    study = tmp_path / "study"
    shutil.copytree(STUDIES / "nct07388875", study)
    before = monitor_study(study).looks[0]
    (study / "data" / "disposition.csv").unlink()
    after = monitor_study(study).looks[0]

    assert before.open == 5
    assert after == before  # those without progression, death or a last contact of another kind
    (study / "data" / "follow_up.csv").unlink()
    assert monitor_study(study).looks[0].open > before.open
