"""Sample sizes of the exact test of one stage, against printed ones."""

from __future__ import annotations

import pytest

from onearm.design.single_stage import exact_design

# A'Hern RP. Stat Med 2001;20:859-866 (method); clinfun 1.1.5 ph2single and gsDesign (values):
# p0, p1, alpha, power, first n / responders that reject.
FIRST = [
    (0.05, 0.20, 0.05, 0.8, 27, 4),
    (0.05, 0.20, 0.05, 0.9, 38, 5),
    (0.10, 0.30, 0.05, 0.8, 25, 6),
    (0.10, 0.30, 0.05, 0.9, 33, 7),
    (0.20, 0.40, 0.05, 0.8, 35, 12),
    (0.20, 0.40, 0.05, 0.9, 47, 15),
    (0.30, 0.50, 0.05, 0.8, 39, 17),
    (0.30, 0.50, 0.05, 0.9, 53, 22),
    (0.45, 0.65, 0.025, 0.8, 50, 30),
    (0.55, 0.75, 0.05, 0.9, 50, 34),
    (0.40, 0.60, 0.05, 0.9, 56, 29),
    (0.50, 0.70, 0.025, 0.85, 56, 36),
]

# rpact and gsDesign (conservative): the n from which every larger one has the power.
STABLE = [
    (0.05, 0.20, 0.05, 0.8, 33),
    (0.20, 0.40, 0.05, 0.8, 38),
    (0.15, 0.30, 0.05, 0.8, 55),
    (0.10, 0.30, 0.05, 0.9, 37),
    (0.30, 0.50, 0.05, 0.9, 57),
    (0.10, 0.25, 0.05, 0.8, 44),
]


@pytest.mark.parametrize(("p0", "p1", "alpha", "power", "n", "reject_at"), FIRST)
def test_the_first_sample_size(p0, p1, alpha, power, n, reject_at):
    first = exact_design(p0, p1, alpha, power).first

    assert (first.n, first.reject_at) == (n, reject_at)


def test_the_first_sample_size_of_fifteen_against_thirty_percent():
    assert exact_design(0.15, 0.30, 0.05, 0.8).first.n == 48


@pytest.mark.parametrize(("p0", "p1", "alpha", "power", "n"), STABLE)
def test_the_stable_sample_size(p0, p1, alpha, power, n):
    assert exact_design(p0, p1, alpha, power).stable.n == n


def test_limits_are_not_relaxed():
    # PhIIdesign::fleming1stage by default allows 0.005 more and gives 32 (beta 0.205).
    plan = exact_design(0.2, 0.4, 0.05, 0.8)

    assert plan.first.n == 35
    assert plan.first.power >= 0.8
