"""Inference after two stages against the values of other programs."""

from __future__ import annotations

import pytest

from onearm.stats.after_two_stage import after_two_stage, redesign

# clinfun 1.1.5 twostage.inference and OneArmPhaseTwoStudy (R 4.2.2): rule, p0, responders, then
# UMVUE, p-value and 90 % interval. Median-unbiased: Koyama's program.
PLANNED = [
    ((3, 13, 12, 43), 0.2, 13, 0.370709, 0.0495814, (0.200250, 0.496669)),
    ((4, 18, 10, 33), 0.2, 11, 0.352697, 0.0458301, (0.202763, 0.473751)),
    ((1, 15, 5, 25), 0.1, 6, 0.244076, 0.0328087, (0.110519, 0.377784)),
]


def rule(r1, n1, r, n):
    return {"r1": r1, "n1": n1, "r": r, "n": n}


@pytest.mark.parametrize(("design", "null", "x", "umvue", "p_value", "limits"), PLANNED)
def test_inference_at_the_planned_size(design, null, x, umvue, p_value, limits):
    found = after_two_stage(x, null=null, **rule(*design), level=0.90)

    assert found.umvue == pytest.approx(umvue, abs=5e-7)
    assert found.p_value == pytest.approx(p_value, abs=5e-8)
    assert (found.lower, found.upper) == pytest.approx(limits, abs=5e-7)


def test_the_median_unbiased_estimate():
    found = after_two_stage(13, null=0.2, **rule(3, 13, 12, 43), level=0.90)

    assert found.median_unbiased == pytest.approx(0.319486, abs=5e-7)


def test_a_trial_that_stopped_at_stage_1():
    found = after_two_stage(3, null=0.2, **rule(3, 13, 12, 43), stopped_at=1, level=0.90)

    assert found.umvue == pytest.approx(0.230769, abs=5e-7)
    assert found.p_value == pytest.approx(0.498348, abs=5e-7)
    assert (found.lower, found.upper) == pytest.approx((0.066, 0.410), abs=5e-4)
    assert not found.is_promising


# Koyama T, Chen H. Stat Med 2008;27:3145-3154, section 4, and the authors' program: 3/13 12/43,
# x1 = 5, x2 = 8, attained n2, then p-value, 90 % interval and median-unbiased estimate.
ATTAINED = [
    (25, 0.022804, (0.222684, 0.506570), 0.346271),
    (33, 0.070035, (0.189756, 0.495232), 0.307982),
]


@pytest.mark.parametrize(("n2", "p_value", "limits", "median"), ATTAINED)
def test_another_second_stage_than_planned(n2, p_value, limits, median):
    found = after_two_stage(
        13,
        null=0.2,
        **rule(3, 13, 12, 43),
        stage1_responders=5,
        attained_n=13 + n2,
        level=0.90,
    )

    assert found.p_value == pytest.approx(p_value, abs=5e-7)
    assert (found.lower, found.upper) == pytest.approx(limits, abs=5e-7)
    assert found.median_unbiased == pytest.approx(median, abs=5e-7)
    assert found.is_promising == (p_value < 0.0495814)


# UnplanSimon 0.1.0 (R), the two examples of ATS_Design: plan, attained sizes, p0, p1, then r1, r,
# alpha to spend, attained alpha, power and PET0; alpha 0.1.
ATS = [
    ((3, 19, 10, 36), (17, 34), (0.20, 0.40), (3, 10), (0.091, 0.059, 0.847, 0.549)),
    ((3, 14, 14, 44), (11, 41), (0.25, 0.45), (2, 14), (0.088, 0.060, 0.854, 0.455)),
]


@pytest.mark.parametrize(("plan", "sizes", "rates", "bounds", "attained"), ATS)
def test_bounds_for_attained_sizes(plan, sizes, rates, bounds, attained):
    new = redesign(
        **rule(*plan),
        attained_n1=sizes[0],
        attained_n=sizes[1],
        p0=rates[0],
        p1=rates[1],
        alpha=0.1,
    )

    assert (new.r1, new.r) == bounds
    assert (new.alpha_spent, new.alpha, new.power, new.pet0) == pytest.approx(attained, abs=5e-4)
