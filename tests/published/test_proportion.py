"""Proportions against printed values."""

import pytest

from onearm.stats.proportion import (
    binomial_test,
    clopper_pearson,
    clopper_pearson_lower,
    interval,
    mid_p,
    wald,
    wilson,
)

# Newcombe RG. Stat Med 1998;17:857-872, Table I, method 5 (Clopper-Pearson).
NEWCOMBE_1998 = [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0000, 0.1684)]

# The same table, method 3 (score without continuity correction: Wilson).
NEWCOMBE_1998_WILSON = [
    (81, 263, 0.2553, 0.3662),
    (15, 148, 0.0624, 0.1605),
    (0, 20, 0.0000, 0.1611),
    (1, 29, 0.0061, 0.1718),
]

# The same table, method 6 (mid-P) and method 1 (Wald; where it prints "< 0" and a point, 0).
NEWCOMBE_1998_MID_P = [
    (81, 263, 0.2544, 0.3658),
    (15, 148, 0.0601, 0.1581),
    (0, 20, 0.0000, 0.1391),
    (1, 29, 0.0017, 0.1585),
]
NEWCOMBE_1998_WALD = [
    (81, 263, 0.2522, 0.3638),
    (15, 148, 0.0527, 0.1500),
    (0, 20, 0.0000, 0.0000),
    (1, 29, 0.0000, 0.1009),
]

# 11 of 30, percent, by other programs (R 4.2.2, statsmodels).
OF_11_IN_30 = [
    ("clopper-pearson", 19.93, 56.14),
    ("wilson", 21.87, 54.49),
    ("jeffreys", 21.28, 54.49),
    ("agresti-coull", 21.81, 54.55),
    ("mid-p", 21.02, 54.78),
    ("wald", 19.42, 53.91),
]

# Liu J, et al. Clin Cancer Res 2022;28:3473-9, Table 2 and Results: percent, Clopper-Pearson.
LIU_2022 = [
    ("ORR, all", 11, 30, 36.67, 19.93, 56.14),
    ("ORR, ASPS", 9, 12, 75.00, 42.81, 94.51),
    ("ORR, not ASPS", 2, 18, 11.11, 1.38, 34.71),
    ("DCR, all", 23, 30, 76.67, 57.72, 90.07),
    ("DCR, ASPS", 12, 12, 100.00, 73.54, 100.00),
    ("DCR, not ASPS", 11, 18, 61.11, 35.75, 82.70),
    ("DCR, synovial sarcoma", 4, 7, 57.14, 18.41, 90.10),
    ("DCR, UPS", 3, 5, 60.00, 14.66, 94.73),
]


@pytest.mark.parametrize(("successes", "trials", "lower", "upper"), NEWCOMBE_1998)
def test_clopper_pearson_matches_newcombe_table_1(successes, trials, lower, upper):
    interval = clopper_pearson(successes, trials)

    assert interval.lower == pytest.approx(lower, abs=5e-5)  # printed to 4 places
    assert interval.upper == pytest.approx(upper, abs=5e-5)


@pytest.mark.parametrize(("successes", "trials", "lower", "upper"), NEWCOMBE_1998_WILSON)
def test_wilson_matches_newcombe_table_1(successes, trials, lower, upper):
    interval = wilson(successes, trials)

    assert interval.lower == pytest.approx(lower, abs=5e-5)  # printed to 4 places
    assert interval.upper == pytest.approx(upper, abs=5e-5)


@pytest.mark.parametrize(
    ("method", "successes", "trials", "lower", "upper"),
    [(mid_p, *row) for row in NEWCOMBE_1998_MID_P] + [(wald, *row) for row in NEWCOMBE_1998_WALD],
)
def test_mid_p_and_wald_match_newcombe_table_1(method, successes, trials, lower, upper):
    interval = method(successes, trials)

    assert interval.lower == pytest.approx(lower, abs=5e-5)  # printed to 4 places
    assert interval.upper == pytest.approx(upper, abs=5e-5)


@pytest.mark.parametrize(("method", "lower", "upper"), OF_11_IN_30)
def test_every_method_gives_what_other_programs_print_for_11_of_30(method, lower, upper):
    orr = interval(11, 30, method=method)

    assert 100 * orr.lower == pytest.approx(lower, abs=0.005)  # printed to 2 places
    assert 100 * orr.upper == pytest.approx(upper, abs=0.005)


@pytest.mark.parametrize(
    ("successes", "trials", "estimate", "lower", "upper"),
    [row[1:] for row in LIU_2022],
    ids=[row[0] for row in LIU_2022],
)
def test_clopper_pearson_matches_the_tqb2450_paper(successes, trials, estimate, lower, upper):
    interval = clopper_pearson(successes, trials)

    assert 100 * interval.estimate == pytest.approx(estimate, abs=0.005)  # printed to 2 places
    assert 100 * interval.lower == pytest.approx(lower, abs=0.005)
    assert 100 * interval.upper == pytest.approx(upper, abs=0.005)


def test_24_patients_is_the_smallest_trial_whose_lower_limit_exceeds_15_percent():
    # Liu J, et al., Statistical analysis: target 30 %, one-sided 0.05, lower limit
    # above 15 %: 24 patients. The planned number of responders is not rounded.
    assert clopper_pearson_lower(0.30 * 24, 24, alpha=0.05) > 0.15
    assert clopper_pearson_lower(0.30 * 23, 23, alpha=0.05) < 0.15


def test_binomial_test_matches_conover_on_mendels_peas():
    # Conover WJ. Practical Nonparametric Statistics, 1971, pp. 97-104; printed by
    # example(binom.test) of R: 682 of 925 against 3/4, p-value = 0.3825.
    assert binomial_test(682, 925, null=0.75, alternative="two-sided").p_value == pytest.approx(
        0.3825, abs=5e-5
    )


def test_interval_matches_conover_on_mendels_peas():
    interval = clopper_pearson(682, 925)  # the same example: 0.7076683 0.7654066

    assert interval.lower == pytest.approx(0.7076683, abs=5e-8)
    assert interval.upper == pytest.approx(0.7654066, abs=5e-8)
