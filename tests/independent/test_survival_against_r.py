"""Survival against R's package survival, 160 data sets (tests/reference/survival.R).

Convention "r" is compared cell by cell. Convention "sas" is compared where the
two agree, and where they do not, with the rule of SAS applied to R's curve.
"""

import csv
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from onearm.stats.restricted_mean import restricted_mean
from onearm.stats.survival import kaplan_meier, quantile, reverse_kaplan_meier, survival_at

REFERENCE = Path(__file__).parents[1] / "reference"
TABLES = [
    "survival_data.csv",
    "survival_curves.csv",
    "survival_quantiles.csv",
    "survival_rates.csv",
    "survival_means.csv",
    "logrank_data.csv",
    "logrank.csv",
    "one_sample_logrank.csv",
]
NAMES_IN_R = {  # transform: conf.type
    "log-log": "log-log",
    "log": "log",
    "plain": "plain",
    "logit": "logit",
    "arcsine": "arcsin",
}
WORDS = {"dataset", "curve", "transform", "group"}  # columns that hold no numbers
by_transform = pytest.mark.parametrize("transform", NAMES_IN_R)


def rows_of(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        file.readline()  # program and version
        return [
            {k: v if k in WORDS else float(v) if v else None for k, v in row.items()}
            for row in csv.DictReader(file)
        ]


@cache
def stored(name):
    return rows_of(REFERENCE, name)


@cache
def data():
    """(days, events, level) by data set."""
    sets = defaultdict(lambda: ([], [], []))
    for row in stored("survival_data.csv"):
        for column, values in zip(("time", "event", "level"), sets[row["dataset"]], strict=True):
            values.append(row[column])
    return {name: (days, events, levels[0]) for name, (days, events, levels) in sets.items()}


def curve_of(dataset, transform, convention, estimate=kaplan_meier):
    days, events, level = data()[dataset]
    # "sas" keeps near ties apart; made one, it must agree with R on those data sets as well.
    near_ties = "merge" if convention == "sas" else None
    return estimate(
        days,
        events,
        level=level,
        transform=transform,
        convention=convention,
        near_ties=near_ties,
    )


def same(found, expected):
    if found is None or expected is None:
        return found is expected
    return found == pytest.approx(expected, abs=1e-9)


def quantile_rows(transform, curve):
    for row in stored("survival_quantiles.csv"):
        if row["transform"] == NAMES_IN_R[transform] and row["curve"] == curve:
            yield row


@by_transform
def test_every_step_of_every_curve_equals_r(transform):
    expected = defaultdict(list)
    for row in stored("survival_curves.csv"):
        expected[row["dataset"]].append(row)
    name = NAMES_IN_R[transform]

    for dataset, rows in expected.items():
        curve = curve_of(dataset, transform, "r")
        assert list(curve.times) == [row["time"] for row in rows], dataset
        assert list(curve.at_risk) == [row["n_risk"] for row in rows], dataset
        assert list(curve.n_events) == [row["n_event"] for row in rows], dataset
        assert list(curve.n_censored) == [row["n_censor"] for row in rows], dataset
        for step, row in enumerate(rows):
            where = (dataset, row["time"])
            assert same(curve.survival[step], row["survival"]), where
            assert same(curve.std_error[step], row["std_error"]), where
            assert same(curve.lower[step], row[f"{name}_lower"]), where
            assert same(curve.upper[step], row[f"{name}_upper"]), where


@by_transform
def test_sas_differs_from_r_in_a_curve_only_where_survival_is_1(transform):
    for dataset in data():
        sas, r = curve_of(dataset, transform, "sas"), curve_of(dataset, transform, "r")

        assert (sas.survival, sas.std_error) == (r.survival, r.std_error)
        for step, survival in enumerate(sas.survival):
            if survival == 1:
                assert (sas.lower[step], sas.upper[step]) == (None, None)
            else:
                assert (sas.lower[step], sas.upper[step]) == (r.lower[step], r.upper[step])


# Where a limit rises again after it fell, or falls after it rose, R's quantile()
# looks it up by value and R's print() by time. So do we: the expected limit is
# the first time at which R's own limit is at most 1 - p.
LIMITS_NOT_IN_ORDER = {
    ("aml", "log", "upper"),
    ("small-013", "log", "upper"),
    ("small-095", "log", "upper"),
    ("limits-beyond-0-and-1", "log-log", "lower"),
    ("limits-beyond-0-and-1", "logit", "lower"),
}


def expected_limit(row, side):
    is_listed = (row["dataset"], row["transform"], side) in LIMITS_NOT_IN_ORDER
    if row["curve"] == "reverse" or not is_listed:
        return row[side]
    column = f"{row['transform']}_{side}"
    crossed = [
        step["time"]
        for step in stored("survival_curves.csv")
        if step["dataset"] == row["dataset"]
        and step[column] is not None
        and step[column] <= 1 - row["p"]
    ]
    return crossed[0] if crossed else None


@by_transform
@pytest.mark.parametrize(
    ("name", "estimate"), [("forward", kaplan_meier), ("reverse", reverse_kaplan_meier)]
)
def test_every_quantile_and_its_limits_equal_r(name, estimate, transform):
    for row in quantile_rows(transform, name):
        found = quantile(curve_of(row["dataset"], transform, "r", estimate), row["p"])

        assert same(found.value, row["value"]), row
        assert same(found.lower, expected_limit(row, "lower")), row
        assert same(found.upper, expected_limit(row, "upper")), row


@by_transform
@pytest.mark.parametrize(
    ("name", "estimate"), [("forward", kaplan_meier), ("reverse", reverse_kaplan_meier)]
)
def test_limits_of_every_median_equal_what_r_prints(name, estimate, transform):
    for row in quantile_rows(transform, name):
        if row["p"] == 0.5:
            found = quantile(curve_of(row["dataset"], transform, "r", estimate))

            assert same(found.lower, row["printed_lower"]), row
            if row["dataset"] not in LEVEL_LIMITS:  # there print() takes no midpoint
                assert same(found.upper, row["printed_upper"]), row


# A limit of exactly 1 - p, in exact arithmetic: SAS counts it as inside. By hand: S falls by 1/n
# a day; the plain limits are S -+ 1/4 at S = 3/4 and at S = 1/4, so 1/2 on days n/4 and 3n/4.
LEVEL_LIMITS = {  # data set: lower, upper limit of the median
    "limits-at-half": (2, 7),
    "limit-at-half-then-none": (1, None),
    "limit-at-half-to-end": (1, None),
}


@pytest.mark.parametrize(("dataset", "limits"), LEVEL_LIMITS.items())
def test_a_limit_of_exactly_one_half_is_inside_in_sas(dataset, limits):
    found = quantile(curve_of(dataset, "plain", "sas"))

    assert (found.lower, found.upper) == limits


@by_transform
def test_sas_quantiles_equal_r_unless_curve_or_limit_is_level_with_them(transform):
    last_value = {row["dataset"]: row["survival"] for row in stored("survival_curves.csv")}
    ended_level = 0
    for row in quantile_rows(transform, "forward"):
        found = quantile(curve_of(row["dataset"], transform, "sas"), row["p"])
        ends_level = abs(last_value[row["dataset"]] - (1 - row["p"])) < 1e-9
        ended_level += ends_level

        assert same(found.value, None if ends_level else row["value"]), row
        if row["dataset"] not in LEVEL_LIMITS:
            assert same(found.lower, expected_limit(row, "lower")), row
            assert same(found.upper, expected_limit(row, "upper")), row
    assert ended_level > 0  # else nothing was shown


@by_transform
def test_every_landmark_rate_equals_r(transform):
    for row in stored("survival_rates.csv"):
        if row["transform"] != NAMES_IN_R[transform]:
            continue
        found = survival_at(curve_of(row["dataset"], transform, "r"), row["day"])

        assert found.at_risk == row["n_risk"], row
        for column, value in [
            ("survival", found.estimate),
            ("std_error", found.std_error),
            ("lower", found.lower),
            ("upper", found.upper),
        ]:
            assert same(value, row[column]), row


def test_every_restricted_mean_and_its_error_equal_r():
    for row in stored("survival_means.csv"):
        found = restricted_mean(curve_of(row["dataset"], "log-log", "r"), row["tau"])

        assert same(found.value, row["value"]), row
        assert same(found.std_error, row["std_error"]), row


def test_a_restricted_mean_of_sas_equals_r_unless_follow_up_is_shorter():
    shorter = 0
    for row in stored("survival_means.csv"):
        curve = curve_of(row["dataset"], "log-log", "sas")
        found = restricted_mean(curve, row["tau"])

        is_shorter = row["tau"] > curve.times[-1] and curve.survival[-1] > 0
        shorter += is_shorter
        assert same(found.value, None if is_shorter else row["value"]), row
    assert shorter > 0  # else nothing was shown


@pytest.mark.parametrize(
    ("dataset", "in_r", "exact"),
    [
        ("near-ties", 4, 6),
        ("near-ties-of-large-times", 4, 6),
        ("near-ties-in-a-chain", 3, 6),
        ("near-ties-in-months", 5, 6),
    ],
)
def test_times_apart_by_a_rounding_error_are_one_in_r_and_two_in_sas(dataset, in_r, exact):
    days, events, _ = data()[dataset]

    assert len(kaplan_meier(days, events, convention="r").times) == in_r
    assert len(kaplan_meier(days, events).times) == exact
    assert len(kaplan_meier(days, events, convention="r", near_ties="exact").times) == exact


# SAS and R agree that the curve is level at 1/2 from 52 to 53; floating point is a hair below.
@pytest.mark.parametrize("convention", ["sas", "r"])
def test_median_of_veteran_2_is_a_midpoint_despite_rounding(convention):
    curve = curve_of("veteran-2", "log-log", convention)

    assert 0.5 not in curve.survival
    assert quantile(curve).value == 52.5


@pytest.mark.slow
@pytest.mark.needs("Rscript")
def test_the_stored_tables_are_what_r_prints(program, tmp_path):
    subprocess.run([program, REFERENCE / "survival.R", tmp_path], check=True)

    for table in TABLES:
        for new, old in zip(rows_of(tmp_path, table), stored(table), strict=True):
            assert new.keys() == old.keys(), table
            for name, cell in old.items():
                assert new[name] == cell if name in WORDS else same(new[name], cell), (table, old)
