"""Cox's model against R's survival, by hand, what must always hold, impossible arguments.

tests/reference/cox.R: 34 data sets, both ways of ties. Firth's estimates there are found by
another route: the likelihood that coxph has at given coefficients, penalised, maximised
numerically to about 1e-6 (the objective at it to 1e-10).
"""

import csv
import math
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from onearm.errors import StatError
from onearm.stats.cox import MONOTONE, NO_EVENT, NO_SPREAD, cox
from onearm.stats.logrank import logrank

REFERENCE = Path(__file__).parents[1] / "reference"
PATIENTS = st.lists(
    st.tuples(st.integers(1, 9), st.booleans(), st.integers(0, 3)), min_size=3, max_size=20
)


def read(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        file.readline()  # program and version
        return list(csv.DictReader(file))


@cache
def fits(dataset, ties):
    rows = data()[dataset]
    covariates = [name for name in ("x1", "x2") if rows[0][name]]
    arguments = (
        [float(row["time"]) for row in rows],
        [int(row["status"]) for row in rows],
        [[float(row[name]) for name in covariates] for row in rows],
    )
    starts = [float(row["start"]) for row in rows]
    return [cox(*arguments, starts=starts, ties=ties, firth=firth) for firth in (False, True)]


@cache
def data():
    found = defaultdict(list)
    for row in read(REFERENCE, "cox_data.csv"):
        found[row["dataset"]].append(row)
    return found


def compared():
    for row in read(REFERENCE, "cox.csv"):
        plain, firth = fits(row["dataset"], row["ties"])
        at = ("x1", "x2").index(row["covariate"])
        yield row, plain, firth, plain.coefficients[at], firth.coefficients[at]


def same(found, cell, tolerance=1e-9):
    if found is None or not cell:
        return found is None and not cell
    return found == pytest.approx(float(cell), abs=tolerance)


def test_the_maximum_is_that_of_coxph():
    for row, plain, _, one, _ in compared():
        assert one.is_monotone == (row["monotone"] == "1"), row
        assert same(one.estimate, row["coef"]), row
        assert same(one.std_error, row["std_error"]), row
        assert same(plain.log_likelihood_null, row["loglik_null"]), row
        assert same(plain.score, row["score"]), row
        # Of a monotone likelihood R shows the value where it stopped, 1e-9 below the supremum.
        assert same(plain.log_likelihood, row["loglik"], 1e-7 if one.is_monotone else 1e-9), row


def test_profile_limits_are_those_found_on_coxph():
    for row, _, _, one, _ in compared():
        assert same(one.profile_lower, row["lower"]), row
        assert same(one.profile_upper, row["upper"]), row


def test_firths_estimate_and_limits_are_those_of_the_penalised_likelihood_of_coxph():
    for row, _, firth, _, one in compared():
        assert same(firth.log_likelihood, row["firth_objective"]), row
        assert same(one.estimate, row["firth"], 5e-6), row
        assert same(one.profile_lower, row["firth_lower"]), row
        assert same(one.profile_upper, row["firth_upper"]), row


@pytest.mark.slow
@pytest.mark.needs("Rscript")
def test_the_stored_tables_are_what_r_prints(program, tmp_path):
    subprocess.run([program, REFERENCE / "cox.R", tmp_path], check=True)

    for name in ("cox_data.csv", "cox.csv"):
        for new, old in zip(read(tmp_path, name), read(REFERENCE, name), strict=True):
            for column, cell in old.items():
                if column in ("dataset", "ties", "covariate") or not cell:
                    assert new[column] == cell
                else:
                    assert float(new[column]) == pytest.approx(float(cell), abs=1e-6)


def test_three_patients_by_hand():
    """x = 1, 0, 1 with events on days 1 and 2: l(b) = b - log(2 e^b + 1) - log(e^b + 1).

    Zero slope: 1 = 2u/(2u+1) + u/(u+1) with u = e^b, so 2u^2 = 1.
    """
    fit = cox([1, 2, 3], [1, 1, 0], [[1], [0], [1]])
    u = math.sqrt(0.5)

    assert fit.coefficients[0].hazard_ratio == pytest.approx(u)
    expected = math.log(u) - math.log(2 * u + 1) - math.log(u + 1)
    assert fit.log_likelihood == pytest.approx(expected)
    assert fit.log_likelihood_null == pytest.approx(-math.log(6))
    information = 2 * u / (2 * u + 1) ** 2 + u / (u + 1) ** 2
    assert fit.coefficients[0].std_error == pytest.approx(information**-0.5)


def fitted(patients, **options):
    days, events, x = zip(*patients, strict=True)
    return cox(days, events, [[value] for value in x], **options)


@given(PATIENTS)
def test_without_ties_both_ways_are_one_and_the_score_is_the_logrank_statistic(patients):
    apart = [(10 * i + day, event, x % 2) for i, (day, event, x) in enumerate(patients)]
    efron, breslow = fitted(apart, ties="efron"), fitted(apart, ties="breslow")
    days, events, groups = zip(*apart, strict=True)
    assume(len(set(groups)) == 2)
    test = logrank(days, events, groups)

    assert efron.log_likelihood == breslow.log_likelihood
    if test.chi_square is None:
        assert efron.score is None
    else:
        assert efron.score == pytest.approx(test.chi_square)


@given(PATIENTS, st.sampled_from(["efron", "breslow"]))
def test_another_unit_or_origin_of_the_covariate_changes_the_coefficient_alone(patients, ties):
    one = fitted(patients, ties=ties)
    other = fitted([(d, e, 100 - 5 * x) for d, e, x in patients], ties=ties)
    a, b = one.coefficients[0], other.coefficients[0]

    assert (a.estimate is None) == (b.estimate is None)
    if a.estimate is not None:
        assert b.estimate == pytest.approx(-a.estimate / 5, abs=1e-7)
        assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-9)


@settings(max_examples=60)
@given(PATIENTS, st.booleans())
def test_the_profile_has_lost_the_quantile_at_its_limits_and_contains_the_estimate(patients, firth):
    fit = fitted(patients, firth=firth)
    one = fit.coefficients[0]
    assume(fit.log_likelihood is not None)
    for limit in (one.profile_lower, one.profile_upper):
        if limit is not None:
            assert likelihood_at(patients, limit, firth) == pytest.approx(
                fit.log_likelihood - 3.841458820694124 / 2, abs=1e-6
            )
    if one.estimate is not None and None not in (one.profile_lower, one.profile_upper):
        assert one.profile_lower < one.estimate < one.profile_upper


def likelihood_at(patients, beta, firth):
    """The log partial likelihood by Efron, patient by patient."""
    value = information = 0.0
    for day in sorted({d for d, event, _ in patients if event}):
        tied = [x for d, event, x in patients if event and d == day]
        at_risk = [x for d, _, x in patients if d >= day]
        for k in range(len(tied)):
            parts = [(x, math.exp(beta * x)) for x in at_risk]
            parts += [(x, -k / len(tied) * math.exp(beta * x)) for x in tied]
            total = sum(w for _, w in parts)
            mean = sum(x * w for x, w in parts) / total
            value -= math.log(total)
            information += sum((x - mean) ** 2 * w for x, w in parts) / total
        value += beta * sum(tied)
    return value + (0.5 * math.log(information) if firth else 0.0)


@given(PATIENTS)
def test_a_patient_in_two_rows_is_one_patient(patients):
    whole = fitted(patients)
    cut = [(0, day, event, x) for day, event, x in patients if day < 3]
    for day, event, x in patients:
        if day >= 3:
            cut += [(0, 2, False, x), (2, day, event, x)]
    starts, days, events, x = zip(*cut, strict=True)
    split = cox(days, events, [[value] for value in x], starts=starts)

    if whole.log_likelihood is None:
        assert split.log_likelihood is None
    else:
        assert split.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-9)
        assert split.coefficients[0].estimate == pytest.approx(
            whole.coefficients[0].estimate, abs=1e-6
        )


def test_a_group_without_an_event_has_one_limit_and_a_finite_penalised_estimate():
    days, events = [5, 6, 7, 8, 9, 10, 11, 12], [1, 1, 1, 1, 0, 0, 0, 0]
    groups = [[0], [0], [0], [0], [1], [1], [1], [0]]
    fit = cox(days, events, groups)
    (one,) = fit.coefficients
    (kept,) = cox(days, events, groups, firth=True).coefficients

    assert (one.estimate, one.profile_lower, one.is_monotone) == (None, None, True)
    assert one.profile_upper < 0
    assert one.note == fit.note == MONOTONE
    assert kept.estimate < 0
    assert kept.profile_lower < kept.estimate < kept.profile_upper


@pytest.mark.parametrize(
    ("days", "events", "covariates", "note"),
    [
        ([1, 2], [0, 0], [[0], [1]], NO_EVENT),
        ([1, 2], [1, 1], [[1], [1]], NO_EVENT),
        ([7], [1], [[3]], NO_EVENT),
        ([1, 2], [0, 1], [[0], [1]], NO_EVENT),  # alone at its event
        ([1, 2, 3], [1, 1, 0], [[1, 2], [0, 0], [1, 2]], NO_SPREAD),
    ],
)
def test_what_tells_nothing_has_no_estimate(days, events, covariates, note):
    fit = cox(days, events, covariates)

    assert (fit.note, fit.log_likelihood) == (note, None)
    assert all(one.estimate is None and one.note == note for one in fit.coefficients)


@pytest.mark.parametrize(
    ("arguments", "options", "problem"),
    [
        (([], [], []), {}, "days must hold at least one observation"),
        (([1, 2], [1, 1], [[1]]), {}, "got 2 days and 1 covariates"),
        (([1], [1], [1]), {}, r"covariates\[0\] must be a row of values; got 1"),
        (([1], [1], [[]]), {}, "covariates must hold the same number of values"),
        (([1, 2], [1, 1], [[1], [1, 2]]), {}, "covariates must hold the same number of values"),
        (([1], [1], [[math.nan]]), {}, r"covariates\[0\]\[0\] must be finite; got nan"),
        (([1], [1], np.array([1.0])), {}, r"must be of shape \(n, p\); got shape \(1,\)"),
        (([1], [2], [[1]]), {}, r"events\[0\] must be 1 or True"),
        (([1], [1], [[1]]), {"starts": [1]}, r"starts\[0\] must be at least 0 and below"),
        (([1], [1], [[1]]), {"starts": [0, 0]}, "got 1 days and 2 starts"),
        (([1], [1], [[1]]), {"ties": "effron"}, "did you mean 'efron'"),
        (([1], [1], [[1]]), {"level": 1}, "level must be between 0 and 1"),
    ],
)
def test_impossible_arguments(arguments, options, problem):
    with pytest.raises(StatError, match=problem):
        cox(*arguments, **options)
