"""Log-rank tests against printed values."""

import pytest

from onearm.stats.logrank import logrank, observed_against_expected

# Freireich EJ, et al. Blood 1963;21:699-716: weeks of remission, 21 patients on 6-MP and
# 21 on placebo, who all relapsed.
SIX_MP_WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
SIX_MP_RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO_WEEKS = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_remission_in_leukaemia_matches_kleinbaum_and_klein():
    # Kleinbaum DG, Klein M. Survival Analysis, 3rd ed., 2012, chapter 2: events observed 9 and 21,
    # expected 19.25 and 10.75, log-rank statistic 16.79.
    test = logrank(
        SIX_MP_WEEKS + PLACEBO_WEEKS,
        SIX_MP_RELAPSED + [1] * 21,
        ["6-MP"] * 21 + ["placebo"] * 21,
    )

    treated, control = test.groups
    assert (treated.observed, control.observed) == (9, 21)
    assert treated.expected == pytest.approx(19.25, abs=5e-3)  # printed to 2 places
    assert control.expected == pytest.approx(10.75, abs=5e-3)
    assert test.chi_square == pytest.approx(16.79, abs=5e-3)


def test_one_sample_test_matches_klein_and_moeschberger():
    # Klein JP, Moeschberger ML. Survival Analysis, 2nd ed., 2003, example 7.1: 26 psychiatric
    # patients in Iowa, 15 deaths, 4.4740 expected, chi-square 24.7645 with one degree of freedom.
    test = observed_against_expected(15, 4.4740)

    assert test.z**2 == pytest.approx(24.7645, abs=6e-4)  # E has 4 places
    assert test.z < 0  # more deaths than in the population


def test_one_sample_z_is_positive_for_the_new_treatment():
    # The example of LRT, a function of the R package OneArm2stage: O 18, E 16.3598, Z -0.4055.
    assert observed_against_expected(18, 16.3598).z == pytest.approx(-0.4055, abs=5e-5)
