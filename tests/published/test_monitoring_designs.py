"""Monitoring designs against the values of papers and of other programs."""

from __future__ import annotations

from math import sqrt

import pytest

from onearm.design.beta import BetaMixture, probability_above
from onearm.design.bop2 import bop2_design, calibrate_bop2
from onearm.design.bryant_day import bryant_day
from onearm.design.endpoints import Rates
from onearm.design.historical import PastTrial, meta_analytic_prior
from onearm.design.landmark import landmark_design
from onearm.design.looks import operating
from onearm.design.posterior import posterior_design
from onearm.design.predictive import predictive_design, predictive_probability
from onearm.design.survival import logrank_design, logrank_statistic, weibull
from onearm.design.toxicity import toxicity_boundary
from onearm.design.two_stage_logrank import logrank_two_stage


def steps(looks, side="low"):
    """Bounds at the looks where they change: {first n: bound}."""
    found, last = {}, None
    for look in looks:
        bound = getattr(look, side)
        if bound is not None and bound != last:
            found[look.n] = last = bound
    return found


def test_lee_and_liu_predictive_probability():
    # Lee JJ, Liu DD. Clin Trials 2008;5:93-106, the example with 16 of 23: 0.5656.
    value = predictive_probability(16, 23, 40, 0.6, 0.9, (0.6, 0.4))

    assert value == pytest.approx(0.5656, abs=5e-5)


def test_lee_and_liu_design():
    # Lee and Liu 2008, the design with N = 36: bounds; alpha .088, power .906, PET .86, E(N) 27.67.
    plan = predictive_design(0.2, 0.4, range(10, 37), theta_t=0.9, theta_l=0.001)

    assert steps(plan.looks) == {
        10: 0,
        17: 1,
        21: 2,
        24: 3,
        27: 4,
        29: 5,
        31: 6,
        33: 7,
        34: 8,
        35: 9,
        36: 10,
    }
    assert plan.alpha == pytest.approx(0.088, abs=5e-4)
    assert plan.power == pytest.approx(0.906, abs=5e-4)
    assert plan.null.stop_early == pytest.approx(0.86, abs=5e-3)
    assert plan.null.expected_n == pytest.approx(27.67, abs=5e-3)
    # The paper searches theta_T in steps of 0.001 and prints [0.852, 0.922].
    assert 0.851 <= plan.theta_t_from < 0.852
    assert 0.922 < plan.theta_t_to <= 0.923


def test_futility_by_predictive_probability_as_r_packages():
    # R packages (phase1b at 10, 20, 30 and 40): p0 .3, Beta(.6, 1.4), N 40, theta_T .85,
    # theta_L .05.
    plan = predictive_design(0.3, 0.5, range(1, 41), theta_t=0.85, theta_l=0.05, prior=(0.6, 1.4))
    expected = {4: 0, 8: 1, 11: 2, 14: 3, 17: 4, 20: 5, 22: 6, 25: 7, 27: 8, 29: 9}

    assert {n: b for n, b in steps(plan.looks).items() if n <= 29} == expected
    assert {look.n: look.low for look in plan.looks if look.n in (10, 20, 30, 40)} == {
        10: 1,
        20: 5,
        30: 9,
        40: 15,
    }


def test_thall_and_simon_futility_bounds():
    # ph2bayes::stopbound_post(0.05, "futility", 40, 0.6, 1.4, 15, 35, 0).
    plan = posterior_design(
        0.3, 0.5, range(1, 41), prior=(0.6, 1.4), standard=BetaMixture.single(15, 35)
    )

    assert steps(plan.looks) == {6: 0, 13: 1, 18: 2, 24: 3, 29: 4, 35: 5, 40: 6}


LOOKS = range(10, 41, 5)


def test_bop2_binary_with_efficacy_stopping():
    # README of the R package BOP2FE, binary example: bounds. It simulates 1000 trials:
    # alpha .095, power .883, expected n 20.06 and 22.64; the exact values are those of an
    # independent recursion: .0909, .8842, 20.27, 22.29.
    plan = bop2_design("binary", Rates(0.2), Rates(0.4), LOOKS, lambda_=0.9, gamma=1, eta=2.1)

    assert [look.futility[0] for look in plan.looks] == [1, 2, 3, 5, 7, 9, 11]
    assert [look.efficacy[0] for look in plan.looks] == [6, 8, 9, 10, 10, 11, 12]
    assert plan.alpha == pytest.approx(0.0909, abs=5e-5)
    assert plan.power == pytest.approx(0.8842, abs=5e-5)
    assert plan.null.expected_n == pytest.approx(20.27, abs=5e-3)
    assert plan.target.expected_n == pytest.approx(22.29, abs=5e-3)


# README of BOP2FE (commit 09bd8e3), method "OF": kind, null and target (both: how often the two
# hold), lambda; bounds of the endpoints; P(promising) and expected n at the null and, where
# simulated with the same rates, at the target. Simulated, so compared loosely.
BOP2FE = [
    (
        *("binary", Rates(0.2), Rates(0.4), 0.909),
        *([[1, 2, 3, 5, 7, 9, 11]], [[7, 8, 9, 10, 11, 11, 12]]),
        *((0.0858, 20.5), (0.885, 23.6)),
    ),
    (
        *("nested", Rates(0.15, 0.30), Rates(0.25, 0.50), 0.95),
        [[0, 1, 3, 4, 5, 7, 10], [2, 3, 6, 8, 10, 13, 17]],
        [[8, 8, 8, 9, 10, 10, 11], [9, 11, 12, 13, 15, 16, 18]],
        *((0.0715, 24.3), (0.822, 26.9)),
    ),
    (
        *("co-primary", Rates(0.10, 0.20, 0.05), Rates(0.30, 0.35, 0.15), 0.95),
        [[0, 1, 2, 3, 4, 5, 7], [1, 2, 4, 5, 7, 9, 12]],
        [[7, 7, 7, 7, 7, 8, 8], [8, 9, 10, 11, 11, 12, 13]],
        *((0.0839, 24.1), None),  # its target row, .885 and 25.9, is of other rates than it names
    ),
    (
        *("efficacy-toxicity", Rates(0.45, 0.30, 0.15), Rates(0.60, 0.20, 0.18), 0.7),
        [[3, 5, 8, 10, 13, 16, 19], [5, 6, 7, 8, 9, 10, 11]],
        [[8, 10, 12, 14, 16, 18, 20], [0, 2, 4, 5, 7, 8, 10]],
        *((0.0828, 17.9), (0.688, 22.9)),
    ),
]


@pytest.mark.parametrize(
    ("kind", "null", "target", "lambda_", "futility", "efficacy", "at_null", "at_target"),
    BOP2FE,
    ids=[row[0] for row in BOP2FE],
)
def test_bop2_bounds_as_bop2fe(kind, null, target, lambda_, futility, efficacy, at_null, at_target):
    plan = bop2_design(
        kind, null, target, LOOKS, lambda_=lambda_, gamma=1, efficacy="obrien-fleming"
    )

    for k in range(len(futility)):
        assert [look.futility[k] for look in plan.looks] == futility[k]
        assert [look.efficacy[k] for look in plan.looks] == efficacy[k]
    for found, printed in ((plan.null, at_null), (plan.target, at_target)):
        if printed:
            error = 4 * sqrt(printed[0] * (1 - printed[0]) / 1000)  # 1000 simulated trials
            assert found.promising == pytest.approx(printed[0], abs=error)
            assert found.expected_n == pytest.approx(printed[1], abs=1)


def test_calibration_is_no_worse_than_the_simulated_optimum():
    # BOP2FE's README finds (0.9, 1, 2.1) by simulation, power .8842 exactly (see above).
    found = calibrate_bop2("binary", Rates(0.2), Rates(0.4), LOOKS, alpha=0.1, efficacy="power")

    assert found.design.alpha <= 0.1
    assert found.design.power >= 0.8842


def test_bryant_and_day_as_eurosarcbayes():
    # R package EurosarcBayes, Bryant-Day, n from 20 to 27: optimal 16 (3, 13)
    # 27 (5, 22), alphas .08704 and .09557, power .80331, 18.44; minimax 10 (1, 7) 24 (5, 20).
    pair = bryant_day(0.1, 0.3, 0.3, 0.1, n_from=20, n_to=27)
    best, small = pair.optimal, pair.minimax

    assert (best.n1, best.responders1, best.safe1) == (16, 3, 13)
    assert (best.n, best.responders, best.safe) == (27, 5, 22)
    assert best.alpha_response == pytest.approx(0.08704, abs=5e-6)
    assert best.alpha_toxicity == pytest.approx(0.09557, abs=5e-6)
    assert best.power == pytest.approx(0.80331, abs=5e-6)
    assert best.expected_n == pytest.approx(18.44, abs=5e-3)
    assert (small.n1, small.responders1, small.safe1) == (10, 1, 7)
    assert (small.n, small.responders, small.safe) == (24, 5, 20)


def test_toxicity_boundary_as_clinfun():
    # clinfun 1.1.5, toxbdry(.2, .35, c(20, 40, 60, 75)): high boundary > 7, 12, 17, 21 crossed
    # with .088 and .911; low boundary > 7, 12, 17, 20 with .101 and .935.
    rule = toxicity_boundary("repeated-significance", 0.2, 0.35, [20, 40, 60, 75])

    assert [look.high - 1 for look in rule.looks] == [7, 12, 17, 21]
    assert rule.alpha == pytest.approx(0.088, abs=5e-4)
    assert rule.excess.above == pytest.approx(0.911, abs=5e-4)
    assert [high - 1 for high in rule.next_highs] == [7, 12, 17, 20]
    assert rule.next_alpha == pytest.approx(0.101, abs=5e-4)


def test_continuous_toxicity_boundary_as_clinfun():
    # clinfun 1.1.5, toxbdry(.1, .3, 2:30): stop if > 1/3 2/8 3/13 4/20 5/26 6/30 (up to that n).
    # That is its low boundary, whose chance to be crossed just exceeds .1; ours keeps .1 and stops
    # one patient later where 5 of 20 have toxicity.
    rule = toxicity_boundary("pocock", 0.1, 0.3, range(2, 31))
    low = {high - 1: look.n for high, look in zip(rule.next_highs, rule.looks, strict=True)}

    assert low == {1: 3, 2: 8, 3: 13, 4: 20, 5: 26, 6: 30}
    assert rule.alpha <= 0.1 < rule.next_alpha
    changed = [
        look.n for high, look in zip(rule.next_highs, rule.looks, strict=True) if high != look.high
    ]
    assert changed == [20]


def test_continuous_toxicity_boundary_as_stoppingrule():
    # stoppingrule, calc.rule.bin(1:30, .2, .1, "Pocock"): stop at >=; P(stop) .0992 .4260 .8058.
    rule = toxicity_boundary("pocock", 0.2, 0.4, range(1, 31))
    first = {3: 3, 5: 4, 8: 5, 11: 6, 14: 7, 17: 8, 21: 9, 25: 10, 28: 11}

    assert steps(rule.looks, "high") == first
    for rate, chance in ((0.2, 0.0992), (0.3, 0.4260), (0.4, 0.8058)):
        assert operating(rule.looks, rate).above == pytest.approx(chance, abs=5e-5)


# R package OneArm2stage, the example of phase2.TTE: Weibull shape .5, S0(3) .6, hazard ratio .5,
# 5 patients a unit of time.
SHAPE_HALF = weibull(rate=0.6, at=3, shape=0.5)


def test_one_sample_logrank_as_onearm2stage():
    plan = logrank_design(SHAPE_HALF, 0.5, accrual_rate=5, follow_up=1, alpha=0.05, power=0.85)

    assert plan.n == 45
    assert plan.accrual == 9
    assert plan.critical == pytest.approx(1.644854, abs=5e-7)


def test_one_sample_logrank_two_stage_has_the_minimax_size_of_onearm2stage():
    # It gives minimax n 45 and optimal 29/48 with 37.29 expected; its drift is understated at the
    # interim (docs/monitoring-designs.md), so that ours needs fewer.
    pair = logrank_two_stage(SHAPE_HALF, 0.5, accrual_rate=5, follow_up=1, power=0.85)

    assert pair.minimax.n == 45
    assert pair.optimal.expected_n < 37.29


def test_the_sign_of_the_logrank_statistic_as_onearm2stage():
    # OneArm2stage, example data of LRT: O 18, E 16.3598, Z -.4055: more events than expected.
    assert logrank_statistic(18, 16.3598).z == pytest.approx(-0.4055, abs=5e-5)
    assert logrank_statistic(18, 16.3598).p_value > 0.5


# n before rounding by a closed form of the same moments: standard 44.724, modified 38.72.
def test_one_sample_logrank_before_rounding():
    def required(variance):
        return logrank_design(
            SHAPE_HALF, 0.5, accrual_rate=5, follow_up=1, power=0.85, variance=variance
        ).required

    assert required("standard") == pytest.approx(44.724, abs=5e-4)
    assert required("wu") == pytest.approx(38.72, abs=5e-3)


# Sizes of the standard formula by closed-form integrals (exponential, accrual 18, follow-up 12):
# medians, power, n before rounding up; the last column is the modified statistic, (O + E) / 2.
EXPONENTIAL = [
    (5.5, 8.0, 0.80, 55.8, 50.1),
    (5.0, 8.0, 0.90, 50.6, None),
    (5.2, 7.5, 0.80, 57.4, None),
    (6.0, 9.0, 0.80, 49.4, None),
]


@pytest.mark.parametrize(("median0", "median1", "power", "standard", "wu"), EXPONENTIAL)
def test_one_sample_logrank_exponential(median0, median1, power, standard, wu):
    def required(variance):
        return logrank_design(
            weibull(median=median0),
            median0 / median1,
            accrual=18,
            follow_up=12,
            power=power,
            variance=variance,
        ).required

    assert required("standard") == pytest.approx(standard, abs=0.05)
    if wu:
        assert required("wu") == pytest.approx(wu, abs=0.05)


# Exact binomial sizes: p0, p1, alpha, power, n and the smallest count that is promising. A'Hern
# RP. Stat Med 2001;20:859-866 (clinfun gives the same).
AHERN = [
    (0.05, 0.20, 0.05, 0.8, 27, 4),
    (0.10, 0.30, 0.05, 0.8, 25, 6),
    (0.10, 0.30, 0.05, 0.9, 33, 7),
    (0.20, 0.40, 0.05, 0.8, 35, 12),
    (0.20, 0.40, 0.05, 0.9, 47, 15),
    (0.30, 0.50, 0.05, 0.8, 39, 17),
    (0.30, 0.50, 0.05, 0.9, 53, 22),
]


@pytest.mark.parametrize(("p0", "p1", "alpha", "power", "n", "needed"), AHERN)
def test_binomial_landmark_as_ahern(p0, p1, alpha, power, n, needed):
    plan = landmark_design("binomial", p0, p1, at=6, alpha=alpha, power=power)

    assert (plan.n, plan.needed) == (n, needed)


# Baeten D, et al. Lancet 2013;382:1705-13: responders and n of eight placebo groups (data set AS of
# the R package RBesT).
BAETEN = [(23, 107), (12, 44), (19, 51), (9, 39), (39, 139), (6, 20), (9, 78), (10, 35)]


def test_meta_analytic_prior_as_rbest():
    # RBesT's introduction, gMAP with beta.prior 2 and HalfNormal(1) by MCMC: tau mean .387, median
    # .359; MAP mean .255, sd .0864, 2.5 % .106, median .247, 97.5 % .461; moment ESS 24. With
    # HalfNormal(1/2): .259, .0776, .129, .250, .442. Its two fits show the Monte Carlo error.
    past = [PastTrial(str(i), r, n) for i, (r, n) in enumerate(BAETEN)]
    prior = meta_analytic_prior(past)

    assert prior.tau_mean == pytest.approx(0.387, abs=0.02)
    assert prior.mean == pytest.approx(0.255, abs=0.005)
    assert prior.sd == pytest.approx(0.0864, abs=0.003)
    assert prior.lower == pytest.approx(0.106, abs=0.01)
    assert prior.median == pytest.approx(0.247, abs=0.005)
    assert prior.upper == pytest.approx(0.461, abs=0.02)
    assert prior.effective_size == pytest.approx(24, abs=1)
    narrow = meta_analytic_prior(past, tau_scale=0.5)
    assert narrow.mean == pytest.approx(0.259, abs=0.005)
    assert narrow.sd == pytest.approx(0.0776, abs=0.003)


def test_probability_of_exceeding_a_mixture_as_rbest():
    # RBesT's introduction: 14 of 24 with Beta(.5, 1) against 1 of 6 with the robust MAP: .9917197.
    robust = BetaMixture.of(
        [
            (0.3690331, 33.9513487, 103.0146367),
            (0.1534249, 19.4400089, 41.5205219),
            (0.1515117, 12.2692310, 55.9202833),
            (0.1260303, 2.2521243, 5.4812202),
            (0.2, 1, 1),
        ]
    )
    treated = BetaMixture.single(0.5, 1).updated(14, 24)

    assert probability_above(treated, robust.updated(1, 6)) == pytest.approx(0.9917197, abs=5e-8)
