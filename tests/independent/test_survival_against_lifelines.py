"""Convention "lifelines" against lifelines itself, where it is installed.

The curves are met to the last digit: a median without tolerance depends on it.
"""

import math
import warnings

import numpy as np
import pytest

from onearm.stats.survival import kaplan_meier, quantile, survival_at

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of other packages, on import
    lifelines = pytest.importorskip("lifelines")
    from lifelines.utils import qth_survival_time

SETS = 300


def random_set(seed):
    """Few patients on few days, so that ties and flats at 1/2 are common."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 24))
    return rng.integers(1, 25, n), (rng.random(n) < 0.7).astype(int)


def fitted(days, events, level=0.95):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return lifelines.KaplanMeierFitter(alpha=1 - level).fit(days, events)


def finite(value):
    return float(value) if math.isfinite(value) else None


def first_at_most(series, bound):
    """First time of a column that need not fall throughout."""
    below = series[series <= bound]
    return float(below.index[0]) if len(below) else None


def test_curve_and_quantiles_equal_lifelines():
    for seed in range(SETS):
        days, events = random_set(seed)
        theirs = fitted(days, events)
        ours = kaplan_meier(days, events, convention="lifelines")
        # Their tables start with a row at time 0.
        assert list(ours.survival) == theirs.survival_function_.to_numpy()[1:, 0].tolist()
        limits = theirs.confidence_interval_
        assert list(ours.lower) == pytest.approx(limits.to_numpy()[1:, 0], abs=1e-12)
        assert list(ours.upper) == pytest.approx(limits.to_numpy()[1:, 1], abs=1e-12)

        for p in (0.25, 0.5, 0.75):
            found = quantile(ours, p)
            value = qth_survival_time(1 - p, theirs.survival_function_)
            assert found.value == finite(value), (seed, p)
            assert found.lower == first_at_most(limits.iloc[:, 0], 1 - p), (seed, p)
            assert found.upper == first_at_most(limits.iloc[:, 1], 1 - p), (seed, p)


@pytest.mark.parametrize("seed", range(20))
def test_rates_equal_lifelines_also_after_the_last_day(seed):
    days, events = random_set(seed)
    theirs = fitted(days, events, level=0.9)
    ours = kaplan_meier(days, events, level=0.9, convention="lifelines")

    for day in (0.5, 6, 12.5, 40):
        rate = survival_at(ours, day)
        limits = theirs.confidence_interval_.asof(day)
        assert rate.estimate == theirs.predict(day)
        assert (rate.lower, rate.upper) == pytest.approx(tuple(limits), abs=1e-12)
        assert bool(rate.note) == (day > days.max())


def test_a_flat_at_one_half_has_no_midpoint_in_lifelines():
    flat = [40, 52, 53, 60], [1, 1, 1, 0]

    assert quantile(kaplan_meier(*flat)).value == 52.5
    assert quantile(kaplan_meier(*flat, convention="lifelines")).value == 52
    assert fitted(*flat).median_survival_time_ == 52
