"""Designs with more stops against enumeration, outcome by outcome."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.design.binomial import with_dropout
from onearm.design.curtailed import curtailed
from onearm.design.fleming import fleming
from onearm.design.inverse import designs_of
from onearm.design.operating import Look, operating, stopping_rule
from onearm.design.sargent import sargent
from onearm.design.staged import three_stage
from onearm.design.two_stage import simon
from onearm.errors import DesignError

SETTING = (Fraction(1, 10), Fraction(1, 2), Fraction(1, 10), Fraction(4, 5))


def pmf(n, p):
    return [float(comb(n, x) * p**x * (1 - p) ** (n - x)) for x in range(n + 1)]


def paths(looks, n, p):
    """Yield probability, n and responders at the end of every path of n subjects, one by one."""
    for path in product((0, 1), repeat=n):
        weight = p ** sum(path) * (1 - p) ** (n - sum(path))
        for look in looks:
            x = sum(path[: look.n])
            stops = (look.futile is not None and x <= look.futile) or (
                look.effective is not None and x >= look.effective
            )
            if stops or look is looks[-1]:
                yield weight, look.n, look.effective is not None and x >= look.effective
                break


LOOKS = [
    [Look(10, 2, 3)],
    [Look(4, 0), Look(10, 3, 4)],
    [Look(3, 0, 3), Look(6, 1), Look(10, 4, 5)],
    [Look(m, m - 7 if m >= 7 else None, 4 if m >= 4 else None) for m in range(4, 10)]
    + [Look(10, 3, 4)],
]


@pytest.mark.parametrize("looks", LOOKS)
@pytest.mark.parametrize("rate", [Fraction(0), Fraction(1, 5), Fraction(1, 2), Fraction(9, 10)])
def test_operating_characteristics_are_those_of_all_paths(looks, rate):
    ended = list(paths(looks, 10, rate))
    found = operating(looks, rate)

    assert found.reject == pytest.approx(float(sum(w for w, _, yes in ended if yes)), abs=1e-12)
    assert found.expected_n == pytest.approx(float(sum(w * n for w, n, _ in ended)), abs=1e-12)
    for n, weight in found.size:
        assert weight == pytest.approx(float(sum(w for w, m, _ in ended if m == n)), abs=1e-12)
    assert sum(weight for _, weight in found.size) == pytest.approx(1)


@pytest.mark.parametrize(
    ("looks", "part"),
    [
        ([], "at least one look"),
        ([Look(5, 1), Look(5, 2, 3)], "growing numbers"),
        ([Look(5, 6), Look(9, 2, 3)], "futile must be"),
        ([Look(5, 1, 9), Look(9, 2, 3)], "effective must be"),
        ([Look(5, 2, 2), Look(9, 2, 3)], "overlap"),
        ([Look(5, 1)], "must say how many"),
        ([Look(5, 1, 3)], "without a decision"),
        ([Look(5, 5, 6)], "never rejects"),
        ([Look(5, -1, 0)], "always rejects"),
    ],
)
def test_looks_that_make_no_rule_are_refused(looks, part):
    with pytest.raises(DesignError, match=part):
        stopping_rule(looks)


def every_fleming(p0, p1, alpha, power, largest):
    for n in range(3, largest + 1):
        for n1 in range(1, n):
            rows = [(pmf(n1, float(p)), pmf(n - n1, float(p))) for p in (p0, p1)]
            for r1, e1, r in product(range(n1), range(2, n1 + 1), range(n)):
                if not r1 + 2 <= e1 <= r + 1:
                    continue
                rates = []
                for first, second in rows:
                    on = sum(first[x] * sum(second[max(r + 1 - x, 0) :]) for x in range(r1 + 1, e1))
                    rates.append(on + sum(first[e1:]))
                if rates[0] <= alpha and rates[1] >= power:
                    on0, on1 = (sum(first[r1 + 1 : e1]) for first, _ in rows)
                    yield n, n1 + (n - n1) * on0, n1 + (n - n1) * on1


@pytest.mark.parametrize(
    "setting",
    [
        SETTING,
        (Fraction(1, 100), Fraction(99, 100), Fraction(1, 20), Fraction(4, 5)),
        (Fraction(1, 5), Fraction(2, 5), Fraction(49, 100), Fraction(51, 100)),
    ],
)
def test_stops_on_both_sides_are_the_best_of_all(setting):
    found = fleming(*setting)
    designs = list(every_fleming(*setting, largest=20))

    assert found.optimal.en0 == pytest.approx(min(en0 for _, en0, _ in designs))
    assert found.optimal_at_p1.en1 == pytest.approx(min(en1 for *_, en1 in designs))
    least = min(n for n, *_ in designs)
    assert found.minimax.n == least
    assert found.minimax.en0 == pytest.approx(min(e for n, e, _ in designs if n == least))


def every_three_stage(p0, p1, alpha, power, largest):
    for n in range(3, largest + 1):
        for n1, n2 in ((a, b) for a in range(1, n - 1) for b in range(a + 1, n)):
            rows = [[pmf(m, float(p)) for m in (n1, n2 - n1, n - n2)] for p in (p0, p1)]
            for r1 in range(n1):
                for r2 in range(r1, n2):
                    mid = []
                    for first, second, _ in rows:
                        on = [0.0] * (n2 + 1)
                        for x, y in product(range(r1 + 1, n1 + 1), range(n2 - n1 + 1)):
                            if x + y > r2:
                                on[x + y] += first[x] * second[y]
                        mid.append(on)
                    if sum(mid[1]) < power:
                        continue
                    for r in range(r2, n):
                        reject = [
                            sum(on[x] * sum(row[2][max(r + 1 - x, 0) :]) for x in range(n2 + 1))
                            for on, row in zip(mid, rows, strict=True)
                        ]
                        if reject[0] <= alpha and reject[1] >= power:
                            on1 = sum(rows[0][0][r1 + 1 :])
                            yield n, n1 + (n2 - n1) * on1 + (n - n2) * sum(mid[0])


def test_three_stages_are_the_best_of_all():
    found = three_stage(*SETTING)
    designs = list(every_three_stage(*SETTING, largest=13))

    assert found.optimal.n < 13
    assert found.optimal.en0 == pytest.approx(min(en0 for _, en0 in designs))
    least = min(n for n, _ in designs)
    assert found.minimax.n == least
    assert found.minimax.en0 == pytest.approx(min(en0 for n, en0 in designs if n == least))


def every_sargent(p0, p1, alpha, beta, eta, power, largest):
    for n in range(2, largest + 1):
        for n1 in range(1, n):
            rows = [(pmf(n1, float(p)), pmf(n - n1, float(p))) for p in (p0, p1)]
            for r1 in range(n1):
                tails = []
                for first, second in rows:
                    tails.append(
                        [
                            sum(
                                first[x] * sum(second[max(least - x, 0) :])
                                for x in range(r1 + 1, n1 + 1)
                            )
                            for least in range(n + 2)
                        ]
                    )
                for r, s in product(range(r1, n), range(2, n + 1)):
                    if s >= r + 2 and (
                        tails[0][s] <= alpha
                        and tails[1][s] >= power
                        and 1 - tails[1][r + 1] <= beta
                        and 1 - tails[0][r + 1] >= eta
                    ):
                        yield n, n1 + (n - n1) * sum(rows[0][0][r1 + 1 :])


@pytest.mark.parametrize(
    "asked",
    [
        (Fraction(1, 10), Fraction(1, 2), 0.1, 0.15, 0.75, 0.75),
        (Fraction(1, 100), Fraction(99, 100), 0.05, 0.1, 0.8, 0.8),
        (Fraction(1, 20), Fraction(3, 5), 0.05, 0.2, 0.6, 0.6),
    ],
)
def test_three_outcomes_are_the_best_of_all(asked):
    found = sargent(*asked)
    designs = list(every_sargent(*asked, largest=14))

    assert found.optimal.n < 14
    assert found.optimal.en0 == pytest.approx(min(en0 for _, en0 in designs))
    assert found.minimax.n == min(n for n, _ in designs)


@settings(max_examples=15)
@given(p0=st.integers(5, 50), above=st.integers(20, 30), power=st.sampled_from([0.8, 0.9]))
def test_more_stops_never_expect_more(p0, above, power):
    setting = (p0 / 100, (p0 + above) / 100, 0.05, power)
    two, both = simon(*setting), fleming(*setting)

    assert both.minimax.n <= two.minimax.n
    for design in (*both.admissible, both.optimal_at_p1):
        assert design.alpha <= 0.05 + 1e-12
        assert design.power >= power - 1e-12
        rule = [Look(design.n1, design.r1, design.e1), Look(design.n, design.r, design.r + 1)]
        at_p0 = operating(rule, setting[0])
        assert at_p0.reject == pytest.approx(design.alpha, abs=1e-12)
        assert at_p0.expected_n == pytest.approx(design.en0, abs=1e-9)
    assert both.optimal_at_p1.en1 <= min(d.en1 for d in both.admissible) + 1e-9


@pytest.mark.parametrize("setting", [(0.1, 0.3, 0.05, 0.8), (0.6, 0.85, 0.05, 0.9)])
def test_three_stages_keep_their_limits_and_expect_fewer_than_two(setting):
    found = three_stage(*setting)

    assert found.optimal.en0 < simon(*setting).optimal.en0
    for each in (found.optimal, found.minimax):
        rule = [Look(each.n1, each.r1), Look(each.n2, each.r2), Look(each.n, each.r, each.r + 1)]
        at_p0, at_p1 = operating(rule, setting[0]), operating(rule, setting[1])
        assert (at_p0.reject, at_p1.reject) == pytest.approx((each.alpha, each.power), abs=1e-12)
        assert at_p0.expected_n == pytest.approx(each.en0)
        assert at_p1.expected_n == pytest.approx(each.en1)
        assert at_p0.stop_early == pytest.approx(each.pet2)
        assert each.alpha <= setting[2]
        assert each.power >= setting[3]


def test_curtailment_where_the_end_is_certain_changes_no_error_rate():
    for rule in ({"r1": 3, "n1": 13}, {}):
        plan = curtailed(12, 43, 0.2, 0.4, **rule)

        assert plan.alpha == pytest.approx(plan.plain_alpha, abs=1e-12)
        assert plan.power == pytest.approx(plan.plain_power, abs=1e-12)
        assert plan.en0 < plan.plain_en0
        assert plan.en1 < plan.plain_en1


def test_the_bounds_of_curtailment_by_hand():
    # Promising with 3 of 5: after m subjects the end is certain with 3 responders, or with
    # so few that 5 - m more are not enough: 0 of 3, 1 of 4.
    plan = curtailed(2, 5, 0.2, 0.6)

    assert plan.looks == (Look(3, 0, 3), Look(4, 1, 3), Look(5, 2, 3))
    # 1/9 stop of 9 at stage 1 of 3: after 2 subjects without responder, one more can save it.
    two = curtailed(2, 5, 0.2, 0.6, r1=1, n1=3)
    assert two.looks[0] == Look(2, 0, None)
    assert two.looks[1] == Look(3, 1, 3)


def test_stops_before_the_end_is_certain_move_both_error_rates():
    plain = curtailed(12, 43, 0.2, 0.4, r1=3, n1=13)
    futile = curtailed(12, 43, 0.2, 0.4, r1=3, n1=13, futility=0.1)
    eager = curtailed(12, 43, 0.2, 0.4, r1=3, n1=13, efficacy=0.9)

    assert futile.power < plain.power
    assert futile.alpha < plain.alpha
    assert futile.en0 < plain.en0
    assert eager.alpha > plain.alpha


REFUSED = [
    (lambda: curtailed(43, 43, 0.2, 0.4), "0 <= r < n"),
    (lambda: curtailed(12, 43, 0.2, 0.4, r1=3), "belong together"),
    (lambda: curtailed(12, 43, 0.2, 0.4, r1=3, n1=43), "0 <= r1 < n1 < n"),
    (lambda: curtailed(12, 43, 0.2, 0.4, futility=0.6), "futility must be below 0.5"),
    (lambda: sargent(0.1, 0.3, 0.05, 0.1, 0.97, 0.8), "at most 1 - alpha"),
    (lambda: sargent(0.1, 0.3, 0.05, 0.3, 0.8, 0.8), "at most 1 - beta"),
    (lambda: fleming(0.2, 0.21, 0.05, 0.8), "needs more than 400 subjects"),
    (
        lambda: three_stage(0.3, 0.4, 0.05, 0.8),
        r"needs too many subjects to search for three stages: two have 168 \(at most 150\)",
    ),
    (lambda: three_stage(0.2, 0.22, 0.05, 0.8), "needs more than 1500 subjects"),
    (lambda: designs_of(30, "minimx"), "did you mean 'minimax'"),
    (lambda: designs_of(30, "minimax", step=0.01), "too large to search"),
    (lambda: designs_of(301, "minimax"), "at most 300"),
    (lambda: designs_of(1, "minimax"), "at least 2"),
    (lambda: designs_of(30, "minimax", p0=[20]), "got 20"),
]


@pytest.mark.parametrize(("call", "part"), REFUSED)
def test_what_is_impossible_is_refused_in_one_line(call, part):
    with pytest.raises(DesignError, match=part) as error:
        call()

    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("n", "percent", "enrolled"),
    [
        (24, 20, 30),
        (27, 10, 30),
        (28, 5, 30),
        (50, 10, 56),
        (30, 0, 30),
        (9, 10, 10),
        (81, 19, 100),
    ],
)
def test_dropout_is_rounded_up_without_float_noise(n, percent, enrolled):
    # By hand: 24 / 0.8 = 30, 50 / 0.9 = 55.6, 9 / 0.9 = 10, 81 / 0.81 = 100.
    assert with_dropout(n, Fraction(percent, 100)) == enrolled


def test_dropout_is_divided_by_what_is_left_and_not_multiplied():
    # 27 / 0.9 is 30; 27 * 1.1 is 29.7. 24 * 1.2 is 28.8, 24 / 0.8 is 30.
    found = designs_of(30, "minimax", p0=[0.15], p1=[0.40], alpha=[0.05], power=[0.9])

    assert [(c.design.n, float(c.dropout)) for c in found.candidates] == [(27, 0.1)]
