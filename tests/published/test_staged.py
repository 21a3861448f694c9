"""Designs with more stops, three outcomes and published numbers, against other programs."""

from __future__ import annotations

from fractions import Fraction

import pytest

from onearm.design.fleming import fleming
from onearm.design.inverse import designs_of
from onearm.design.sargent import sargent
from onearm.design.staged import three_stage
from onearm.design.two_stage import simon

# Mander AP, Thompson SG. Contemp Clin Trials 2010;31:572-578 (method); PhIIdesign fleming2stage
# with N of 25 to 40 and curtailment with n of 30 to 40 (values): r1, n1, e1, r, n, EN(p0).
MANDER_THOMPSON = [(2, 15, 7, 10, 32, 24.93), (4, 18, 9, 10, 33, 22.19), (3, 14, 7, 11, 37, 20.67)]


def test_stops_on_both_sides_up_to_forty_subjects():
    found = fleming(0.2, 0.4, 0.05, 0.8)
    up_to_40 = [
        (d.r1, d.n1, d.e1, d.r, d.n, pytest.approx(d.en0, abs=0.005))
        for d in found.admissible
        if d.n <= 40
    ]

    assert up_to_40 == MANDER_THOMPSON


def test_the_optimum_beyond_the_range_that_the_programs_were_given_is_found():
    best = fleming(0.2, 0.4, 0.05, 0.8).optimal

    assert best.n > 40
    assert best.en0 < 20.67


def test_three_outcomes_in_two_stages():
    # PhIIdesign sargent2stage: 0.1 against 0.3, alpha 0.05, beta 0.1, eta = pi = 0.8.
    best = sargent(0.1, 0.3, 0.05, 0.1, 0.8, 0.8).minimax

    assert (best.r1, best.n1, best.r, best.s, best.n) == (2, 18, 3, 6, 25)


def test_three_outcomes_in_one_stage_only_where_limits_are_relaxed():
    # PhIIdesign sargent1stage by default allows 0.005 more and gives 41, 10 and 12.
    relaxed = [Fraction(105, 1000), Fraction(105, 1000), Fraction(795, 1000), Fraction(795, 1000)]
    single = sargent(0.2, 0.35, *relaxed).single
    exact = sargent(0.2, 0.35, 0.1, 0.1, 0.8, 0.8).single

    assert (single.n, single.r, single.s) == (41, 10, 12)
    assert exact.n > 41
    assert exact.alpha <= 0.1
    assert exact.beta <= 0.1


def test_three_stages_save_about_a_tenth():
    # Chen TT. Stat Med 1997;16:2701-2711, abstract: "The average reduction in size from a
    # two-stage to three-stage design is 10 per cent."
    pairs = [(0.05, 0.25), (0.1, 0.3), (0.2, 0.4), (0.6, 0.8), (0.7, 0.9)]
    shares = [
        three_stage(p0, p1, 0.05, 0.8).optimal.en0 / simon(p0, p1, 0.05, 0.8).optimal.en0
        for p0, p1 in pairs
    ]

    assert sum(shares) / len(shares) == pytest.approx(0.90, abs=0.035)


# clinfun 1.1.5: minimax designs that enrol 30 with round rates, alpha and power; and designs of
# 56, exact (A'Hern) or minimax.
PUBLISHED = [  # n, kind, p0, p1, alpha, power, dropout
    (30, "minimax", 0.15, 0.35, 0.05, 0.80, 0.05),
    (30, "minimax", 0.15, 0.40, 0.05, 0.90, 0.10),
    (30, "minimax", 0.20, 0.45, 0.025, 0.85, 0.0),
    (30, "minimax", 0.20, 0.40, 0.10, 0.80, 0.20),
    (30, "minimax", 0.20, 0.40, 0.10, 0.85, 0.05),
    (30, "minimax", 0.25, 0.50, 0.05, 0.85, 0.10),
    (30, "minimax", 0.25, 0.50, 0.025, 0.80, 0.0),
    (30, "minimax", 0.10, 0.30, 0.05, 0.85, 0.10),
    (30, "minimax", 0.05, 0.20, 0.05, 0.80, 0.10),
    (56, "exact", 0.40, 0.60, 0.05, 0.90, 0.0),
    (56, "exact", 0.50, 0.70, 0.025, 0.85, 0.0),
    (56, "exact", 0.55, 0.75, 0.05, 0.90, 0.10),
    (56, "minimax", 0.40, 0.60, 0.025, 0.85, 0.0),
    (56, "minimax", 0.60, 0.80, 0.025, 0.90, 0.0),
    (56, "optimal", 0.40, 0.60, 0.05, 0.85, 0.10),
]


@pytest.fixture(scope="module")
def found():
    searched = {}

    def search(n, kind):
        if (n, kind) not in searched:
            searched[n, kind] = {
                tuple(
                    float(v)
                    for v in (c.rates.p0, c.rates.p1, c.rates.alpha, c.rates.power, c.dropout)
                )
                for c in designs_of(n, kind).candidates
            }
        return searched[n, kind]

    return search


@pytest.mark.parametrize(("n", "kind", "p0", "p1", "alpha", "power", "dropout"), PUBLISHED)
def test_a_published_number_is_traced_to_its_settings(
    found, n, kind, p0, p1, alpha, power, dropout
):
    assert (p0, p1, alpha, power, dropout) in found(n, kind)


def test_a_design_that_cannot_have_the_number_is_not_listed(found):
    # clinfun: 0.20 against 0.40, alpha 0.05, power 0.80 is 4/18 10/33.
    assert not any(each[:4] == (0.20, 0.40, 0.05, 0.80) for each in found(30, "minimax"))
