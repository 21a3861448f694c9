"""Inference after two stages against enumeration of every outcome with whole numbers."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import StatError
from onearm.stats.after_two_stage import after_two_stage, redesign

DESIGN = {"r1": 3, "n1": 13, "r": 12, "n": 43}
SMALL = {"r1": 1, "n1": 5, "r": 3, "n": 9}


def pmf(x: int, n: int, p: Fraction) -> Fraction:
    return comb(n, x) * p**x * (1 - p) ** (n - x)


def outcomes(r1: int, n1: int, n: int, p: Fraction):
    """Yield responders, stage and probability of every outcome."""
    for x in range(r1 + 1):
        yield x, 1, pmf(x, n1, p)
    for x in range(r1 + 1, n + 1):
        ways = sum(
            pmf(x1, n1, p) * pmf(x - x1, n - n1, p)
            for x1 in range(r1 + 1, n1 + 1)
            if 0 <= x - x1 <= n - n1
        )
        yield x, 2, ways


def inferred(x: int, stage: int, rule=SMALL, level=0.9, null=0.2):
    return after_two_stage(x, null=null, **rule, stopped_at=stage, level=level)


@pytest.mark.parametrize("percent", [5, 20, 37, 50, 80])
def test_the_umvue_is_unbiased(percent):
    p = Fraction(percent, 100)
    mean = sum(
        float(weight) * inferred(x, stage).umvue for x, stage, weight in outcomes(1, 5, 9, p)
    )

    assert mean == pytest.approx(percent / 100, abs=1e-12)


@pytest.mark.parametrize("percent", [20, 30, 50])
def test_the_correction_takes_away_part_of_the_naive_bias(percent):
    p = Fraction(percent, 100)
    found = [(inferred(x, stage, DESIGN), float(w)) for x, stage, w in outcomes(3, 13, 43, p)]
    naive = sum(w * each.naive.estimate for each, w in found) - percent / 100
    corrected = sum(w * each.bias_corrected for each, w in found) - percent / 100

    assert naive < 0
    assert abs(corrected) < abs(naive) * 0.75


@pytest.mark.parametrize(("x", "stopped_at"), [(0, 1), (1, 1), (2, 2), (6, 2)])
def test_the_correction_is_the_bias_at_the_naive_rate(x, stopped_at):
    at = Fraction(x, 5 if stopped_at == 1 else 9)
    mean = sum(w * Fraction(x, 5 if stage == 1 else 9) for x, stage, w in outcomes(1, 5, 9, at))

    assert inferred(x, stopped_at).bias_corrected == pytest.approx(float(2 * at - mean), abs=1e-12)


@pytest.mark.parametrize("percent", [5, 20, 37, 50, 80, 95])
def test_the_interval_covers_the_truth_at_its_lower_end(percent):
    # The lower limit excludes the truth with a probability of (1 - level) / 2 at most.
    p = Fraction(percent, 100)
    above = sum(w for x, s, w in outcomes(1, 5, 9, p) if inferred(x, s).lower > percent / 100)

    assert float(above) <= 0.05


def test_the_p_value_at_the_boundary_is_the_alpha_of_the_design():
    p = Fraction(1, 5)
    alpha = sum(w for x, stage, w in outcomes(3, 13, 43, p) if stage == 2 and x > 12)

    assert inferred(13, 2, DESIGN).p_value == pytest.approx(float(alpha), rel=1e-12)


def test_the_limits_solve_their_equations():
    found = inferred(13, 2, DESIGN)

    def at_least(rate):
        return float(
            sum(w for x, s, w in outcomes(3, 13, 43, Fraction(rate)) if s == 2 and x >= 13)
        )

    assert at_least(found.lower) == pytest.approx(0.05, abs=1e-9)
    assert at_least(found.upper) == pytest.approx(0.95, abs=1e-9)
    assert at_least(found.median_unbiased) == pytest.approx(0.5, abs=1e-9)


@given(
    x1=st.integers(4, 13),
    x2=st.integers(0, 30),
    level=st.sampled_from([0.8, 0.9, 0.95]),
)
def test_more_responders_are_more_extreme_and_limits_hold_the_median(x1, x2, level):
    here = inferred(x1 + x2, 2, DESIGN, level)

    assert here.lower <= here.median_unbiased <= here.upper
    assert here.lower <= here.umvue <= here.upper
    assert here.is_promising == (x1 + x2 > 12)
    assert here.is_promising == (here.p_value <= inferred(13, 2, DESIGN).p_value)
    if x2 < 30:
        assert inferred(x1 + x2 + 1, 2, DESIGN, level).p_value < here.p_value


@given(x=st.integers(4, 43), null=st.sampled_from([0.1, 0.2, 0.3, 0.4]))
def test_the_interval_excludes_the_null_where_the_p_value_is_in_its_tail(x, null):
    found = inferred(x, 2, DESIGN, null=null)

    assert (found.lower > null) == (found.p_value < 0.05)
    assert (found.median_unbiased > null) == (found.p_value < 0.5)


def test_no_responder_and_all_responders_have_limits():
    # clinfun gives NA for none and 0.9988 for all.
    none = inferred(0, 1, DESIGN)
    assert (none.lower, none.p_value) == (0.0, 1.0)
    assert none.upper == pytest.approx(1 - 0.05 ** (1 / 13))
    assert "no responder" in none.note
    assert inferred(43, 2, DESIGN).upper == 1


def test_every_outcome_of_a_design_has_both_limits():
    # Other programs fail at exactly r + 1 responders.
    for x, stage, _ in outcomes(3, 13, 43, Fraction(1, 5)):
        found = inferred(x, stage, DESIGN)
        assert 0 <= found.lower <= found.upper <= 1


def test_the_naive_interval_may_contradict_the_design():
    # 13 of 43 by the binomial of 43: P(X >= 13 | 0.2) exceeds 0.05; by the design it does not.
    found = inferred(13, 2, DESIGN)

    assert found.is_promising
    assert found.naive.lower < 0.2
    assert found.is_contradicted
    assert not inferred(20, 2, DESIGN).is_contradicted


def test_subjects_beyond_a_stopped_stage_1_count_in_the_naive_estimate_alone():
    plain = inferred(3, 1, DESIGN)
    over = after_two_stage(
        5, null=0.2, **DESIGN, stopped_at=1, stage1_responders=3, attained_n=16, level=0.9
    )

    assert (over.umvue, over.p_value, over.lower) == (plain.umvue, plain.p_value, plain.lower)
    assert (over.naive.successes, over.naive.trials) == (5, 16)
    assert "3 subjects beyond stage 1" in over.note


def test_the_conditional_p_value_is_neither_the_planned_nor_the_plugged_in_one():
    found = after_two_stage(13, null=0.2, **DESIGN, stage1_responders=5, attained_n=38, level=0.9)
    planned = inferred(13, 2, DESIGN)
    plugged = sum(w for x, s, w in outcomes(3, 13, 38, Fraction(1, 5)) if s == 2 and x >= 13)

    assert found.p_value != pytest.approx(planned.p_value, abs=1e-3)
    assert found.p_value != pytest.approx(float(plugged), abs=1e-5)


def test_a_first_stage_beyond_r_rejects_whatever_follows():
    found = after_two_stage(14, null=0.2, **DESIGN, stage1_responders=13, attained_n=40, level=0.9)

    assert found.is_promising
    assert "first stage alone" in found.note


REFUSED = [
    ({"responders": 44}, "responders must be between 0 and 43; got 44"),
    ({"responders": 3}, "stage 2 is reached with more than r1 = 3 responders of 13; got 3 in all"),
    ({"responders": 13, "null": 20}, "null must be between 0 and 1, e.g. 0.2; got 20"),
    ({"responders": 13, "level": 95}, "level must be between 0 and 1, e.g. 0.9; got 95"),
    ({"responders": 13, "stopped_at": 3}, "stopped_at must be 1 or 2; got 3"),
    ({"responders": 4, "stopped_at": 1}, "the rule goes on with more than 3 responders of 13"),
    ({"responders": 2, "stopped_at": 1, "attained_n": 12}, "derive bounds for the attained n1"),
    ({"responders": 2, "stopped_at": 1, "attained_n": 14}, "stage1_responders is needed"),
    ({"responders": 13, "attained_n": 38}, "stage1_responders is needed"),
    ({"responders": 13, "attained_n": 13}, "stage 2 needs more than n1 = 13 subjects; got 13"),
    ({"responders": 13, "stage1_responders": 3}, "stage1_responders must be between 4 and 13"),
    ({"responders": 13, "r": 43}, "the rule must have"),
    (
        {"responders": 5, "stopped_at": 1, "attained_n": 14, "stage1_responders": 3},
        "3 responders of 13 and 5 of 14 contradict each other",
    ),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_impossible_counts_are_refused_in_one_line(changes, message):
    with pytest.raises(StatError) as error:
        after_two_stage(**{"null": 0.2, **DESIGN, "level": 0.9, **changes})

    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "changes", [{"attained_n1": 40}, {"alpha": 0.5}, {"p1": 0.1}, {"r1": 19}, {"alpha": 1e-30}]
)
def test_an_impossible_redesign_is_refused(changes):
    plan = {"r1": 3, "n1": 19, "r": 10, "n": 36, "p0": 0.2, "p1": 0.4, "alpha": 0.1}
    with pytest.raises(StatError):
        redesign(**{**plan, "attained_n1": 17, "attained_n": 34, **changes})
