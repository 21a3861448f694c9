"""Survival curves, medians and rates against printed values."""

import csv
from pathlib import Path

import pytest

from onearm.stats.restricted_mean import restricted_mean
from onearm.stats.survival import kaplan_meier, quantile, reverse_kaplan_meier, survival_at

REFERENCE = Path(__file__).parents[1] / "reference"
DAYS_PER_MONTH = 30.4375  # the only divisor that gives every printed month of Liu 2022

# Freireich EJ, et al. Blood 1963;21:699-716: weeks of remission, 21 patients on 6-MP.
SIX_MP_WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
SIX_MP_RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
# Klein JP, Moeschberger ML. Survival Analysis, 2nd ed., 2003, Table 4.1A: week, S, standard error.
KLEIN_4_1A = [
    (6, 0.857, 0.0764),
    (7, 0.807, 0.0869),
    (10, 0.753, 0.0963),
    (13, 0.690, 0.1068),
    (16, 0.627, 0.1141),
    (22, 0.538, 0.1282),
    (23, 0.448, 0.1346),
]

# PSIAIMS/CAMIS, "R vs SAS - Kaplan Meier and Cox-proportion hazards modelling",
# section "Other cases where discrepancies are found".
CAMIS_TIME = [54, 75, 77, 84, 87, 92, 103, 105, 112, 118]
CAMIS_STATUS = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]

# Liu J, et al. Clin Cancer Res 2022;28:3473-9, Results. Months, log-log limits; None is NE or not
# reached. The patients are synthetic, reconstructed to give these figures.
LIU_2022 = [
    ("PFS, all", "PFS", {}, 7.85, 2.89, 23.06),
    ("PFS, ASPS", "PFS", {"ASPS"}, 23.06, 8.97, None),
    ("PFS, synovial sarcoma", "PFS", {"Synovial sarcoma"}, 2.07, 1.35, 5.95),
    ("OS, all", "OS", {}, None, 10.58, None),
    ("OS, UPS", "OS", {"UPS"}, None, 4.30, None),
    ("time to response", "TTR", {}, 2.96, 1.41, 6.24),
]
NOT_ASPS = {"Epithelioid sarcoma", "Fibrosarcoma", "Leiomyosarcoma", "Synovial sarcoma", "UPS"}
LIU_2022 += [
    ("PFS, not ASPS", "PFS", NOT_ASPS, 2.89, 1.54, 4.80),
    ("OS, not ASPS", "OS", NOT_ASPS, 10.58, 7.16, None),
]


def tqb2450(endpoint, histologies=frozenset()):
    with (REFERENCE / "tqb2450-ib-02.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["endpoint"] == endpoint and (not histologies or row["histology"] in histologies)
        ]
    return [int(row["days"]) for row in rows], [int(row["event"]) for row in rows]


def assert_months(days, printed):
    """None for None; otherwise equal in months to the 2 printed places."""
    if printed is None:
        assert days is None
    else:
        assert days / DAYS_PER_MONTH == pytest.approx(printed, abs=0.005)


@pytest.mark.parametrize(("week", "survival", "error"), KLEIN_4_1A)
def test_curve_and_greenwood_error_match_klein_and_moeschberger(week, survival, error):
    rate = survival_at(kaplan_meier(SIX_MP_WEEKS, SIX_MP_RELAPSED), week)

    assert rate.estimate == pytest.approx(survival, abs=5e-4)  # printed to 3 places
    assert rate.std_error == pytest.approx(error, abs=5e-5)  # and to 4


def test_median_remission_is_23_weeks():
    assert quantile(kaplan_meier(SIX_MP_WEEKS, SIX_MP_RELAPSED)).value == 23


def test_mean_remission_within_35_weeks_matches_klein_and_moeschberger():
    # The same book, example 4.1 continued: mean restricted to 35 weeks 23.287, standard error
    # 2.827, 95 % limits 17.75 and 28.83.
    mean = restricted_mean(kaplan_meier(SIX_MP_WEEKS, SIX_MP_RELAPSED), 35)

    assert mean.value == pytest.approx(23.287, abs=5e-4)
    assert mean.std_error == pytest.approx(2.827, abs=5e-4)
    assert mean.lower == pytest.approx(17.75, abs=5e-3)
    assert mean.upper == pytest.approx(28.83, abs=5e-3)


@pytest.mark.parametrize(
    ("endpoint", "histologies", "value", "lower", "upper"),
    [row[1:] for row in LIU_2022],
    ids=[row[0] for row in LIU_2022],
)
def test_medians_match_the_tqb2450_paper(endpoint, histologies, value, lower, upper):
    median = quantile(kaplan_meier(*tqb2450(endpoint, histologies)))

    assert_months(median.value, value)
    assert_months(median.lower, lower)
    assert_months(median.upper, upper)


def test_upper_limit_in_ups_does_not_exist_though_the_paper_prints_4_80():
    # 5 patients, the last observation an event: no upper limit above S = 0 falls below 1/2.
    median = quantile(kaplan_meier(*tqb2450("PFS", {"UPS"})))

    assert_months(median.value, 4.80)
    assert_months(median.lower, 2.89)
    assert median.upper is None


@pytest.mark.parametrize(("endpoint", "months", "percent"), [("PFS", 6, 53.85), ("OS", 12, 69.14)])
def test_landmark_rates_match_the_tqb2450_paper(endpoint, months, percent):
    rate = survival_at(kaplan_meier(*tqb2450(endpoint)), months * DAYS_PER_MONTH)

    assert 100 * rate.estimate == pytest.approx(percent, abs=0.005)  # printed to 2 places


@pytest.mark.parametrize(
    ("endpoint", "value", "limits"), [("OS", 24.74, (22.14, 25.82)), ("PFS", 22.77, None)]
)
def test_median_follow_up_matches_the_tqb2450_paper(endpoint, value, limits):
    median = quantile(reverse_kaplan_meier(*tqb2450(endpoint)))

    assert_months(median.value, value)
    if limits:  # the paper prints none for PFS
        assert_months(median.lower, limits[0])
        assert_months(median.upper, limits[1])


def test_median_of_a_curve_level_at_one_half_to_its_end_is_ne_in_sas_and_a_midpoint_in_r():
    sas = kaplan_meier(CAMIS_TIME, CAMIS_STATUS)
    r = kaplan_meier(CAMIS_TIME, CAMIS_STATUS, convention="r")

    assert quantile(sas).value is None  # "SAS ... gives NE"
    assert quantile(r).value == 102.5  # "(87+118)/2 = 102.5"


def test_rate_after_the_last_censored_time_is_ne_in_sas():
    curve = kaplan_meier(CAMIS_TIME, CAMIS_STATUS)
    last = survival_at(curve, 118)

    assert last.estimate == pytest.approx(0.5, abs=1e-12)
    assert last.lower == pytest.approx(0.184, abs=5e-4)  # "0.5 (0.184, 0.753)"
    assert last.upper == pytest.approx(0.753, abs=5e-4)
    assert survival_at(curve, 120).estimate is None


def test_rate_after_a_last_event_is_0_in_sas():
    # "If we change the last observation in the dataset to be an event ... both give 0".
    curve = kaplan_meier(CAMIS_TIME, [*CAMIS_STATUS[:-1], 1])

    assert survival_at(curve, 120).estimate == 0


def test_median_in_gastric_cancer_matches_moore():
    # Moore DF. Applied Survival Analysis Using R, 2016, chapter 3: months are weeks * 7 / 30.25,
    # log-log limits: median 10.30, 5.79 to 15.27.
    with (REFERENCE / "gastric-xelox.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    weeks, events = [int(r["time_weeks"]) for r in rows], [int(r["event"]) for r in rows]

    median = quantile(kaplan_meier(weeks, events))
    assert median.value * 7 / 30.25 == pytest.approx(10.30, abs=0.005)
    assert median.lower * 7 / 30.25 == pytest.approx(5.79, abs=0.005)
    assert median.upper * 7 / 30.25 == pytest.approx(15.27, abs=0.005)
