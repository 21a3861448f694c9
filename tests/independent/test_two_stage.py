"""Two-stage designs and their certificates against enumeration with whole numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.design.certificate import _Integers, check_certificate, read_certificate
from onearm.design.two_stage import simon, two_stage
from onearm.errors import DesignError


def pmf(n: int, p: Fraction) -> list[Fraction]:
    return [comb(n, x) * p**x * (1 - p) ** (n - x) for x in range(n + 1)]


def passing(r1, n1, r, n, p: Fraction) -> Fraction:
    """P(X1 > r1 and X1 + X2 > r), outcome by outcome."""
    first, second = pmf(n1, p), pmf(n - n1, p)
    return sum(
        first[x1] * second[x2]
        for x1 in range(r1 + 1, n1 + 1)
        for x2 in range(n - n1 + 1)
        if x1 + x2 > r
    )


def every_design(p0, p1, alpha, power, largest):
    """Yield n, en0 and rule of every design within the limits: no bound, no order, no float."""
    for n in range(2, largest + 1):
        for n1 in range(1, n):
            first0, first1 = pmf(n1, p0), pmf(n1, p1)
            second0, second1 = pmf(n - n1, p0), pmf(n - n1, p1)
            for r1 in range(n1):
                en0 = n1 + (n - n1) * sum(first0[r1 + 1 :])
                for r in range(n - 1, r1 - 1, -1):
                    attained0 = attained1 = Fraction(0)
                    for x1 in range(r1 + 1, n1 + 1):
                        low = max(r + 1 - x1, 0)
                        attained0 += first0[x1] * sum(second0[low:])
                        attained1 += first1[x1] * sum(second1[low:])
                    if attained0 > alpha:
                        break
                    if attained1 >= power:
                        yield n, en0, (r1, n1, r, n)
                        break


SMALL = [  # p0, p1, alpha, power: all with an optimum of few subjects
    (Fraction(1, 10), Fraction(1, 2), Fraction(1, 10), Fraction(4, 5)),
    (Fraction(1, 20), Fraction(2, 5), Fraction(1, 20), Fraction(4, 5)),
    (Fraction(1, 2), Fraction(9, 10), Fraction(1, 10), Fraction(4, 5)),
    (Fraction(1, 5), Fraction(3, 5), Fraction(1, 16), Fraction(3, 4)),
    (Fraction(1, 4), Fraction(3, 4), Fraction(1, 20), Fraction(9, 10)),
]


@pytest.mark.parametrize("setting", SMALL)
def test_the_search_finds_what_enumeration_finds(setting):
    found = simon(*setting)
    designs = list(every_design(*setting, largest=found.optimal.n + 3))
    _, en0, rule = min(designs, key=lambda d: (d[1], d[0], -d[2][2]))

    best = found.optimal
    assert (best.r1, best.n1, best.r, best.n) == rule
    assert best.en0 == pytest.approx(float(en0), abs=1e-9)
    _, _, rule = min(designs, key=lambda d: (d[0], d[1], -d[2][2]))
    least = found.minimax
    assert (least.r1, least.n1, least.r, least.n) == rule
    for each in found.admissible:  # no design lies below the weighted sum that chooses it
        weight = (each.weight_from + each.weight_to) / 2
        chosen = weight * each.design.n + (1 - weight) * each.design.en0
        assert chosen <= min(weight * n + (1 - weight) * float(e) for n, e, _ in designs) + 1e-9


@settings(max_examples=40)
@given(
    p0=st.integers(5, 60),
    above=st.integers(20, 35),
    alpha=st.sampled_from([0.025, 0.05, 0.1]),
    power=st.sampled_from([0.8, 0.85, 0.9]),
)
def test_what_always_holds(p0, above, alpha, power):
    found = simon(p0 / 100, (p0 + above) / 100, alpha, power)

    check_certificate(read_certificate(json.loads(json.dumps(found.certificate().as_json()))))
    assert found.optimal.en0 <= found.minimax.en0
    assert found.minimax.n <= found.optimal.n
    for each in found.admissible:
        design = each.design
        rule = (design.r1, design.n1, design.r, design.n)
        assert design.alpha <= alpha + 1e-12
        assert design.power >= power - 1e-12
        assert design.alpha == pytest.approx(float(passing(*rule, Fraction(p0, 100))), rel=1e-9)
        assert design.power == pytest.approx(
            float(passing(*rule, Fraction(p0 + above, 100))), rel=1e-9
        )
        assert each.weight_from < each.weight_to


def test_an_attained_alpha_fed_back_gives_the_same_design():
    # A strict < would lose the design whose own alpha is the limit.
    first = simon(0.2, 0.4, 0.05, 0.8)
    exact = passing(3, 13, 12, 43, Fraction(1, 5))

    assert simon(0.2, 0.4, exact, 0.8).optimal == first.optimal
    assert simon(0.2, 0.4, first.optimal.alpha, 0.8).optimal == first.optimal
    below = simon(0.2, 0.4, exact - Fraction(1, 10**9), 0.8).optimal
    assert below.alpha < float(exact)


def test_a_dyadic_borderline_alpha_counts_as_held():
    # By hand: 1/2 n1 = 1, r1 = 0, r = 1, n = 2 rejects with two responders of two: alpha is 1/4.
    found = simon(Fraction(1, 2), Fraction(19, 20), Fraction(1, 4), Fraction(9, 10))

    assert (found.optimal.r, found.optimal.n, found.optimal.alpha) == (1, 2, 0.25)


def test_one_design_may_be_optimal_and_minimax():
    found = simon(0.80, 0.95, 0.05, 0.80)

    assert found.optimal == found.minimax
    assert [(a.weight_from, a.weight_to) for a in found.admissible] == [(0.0, 1.0)]


def test_sums_of_floats_are_the_rates_that_they_stand_for():
    assert simon(0.1 + 0.2, 0.5, 0.05, 0.8) == simon(0.3, 0.5, 0.05, 0.8)


RANGE = "must be a proportion greater than 0 and less than 1, such as 0.05"
REFUSED = [
    ((0.4, 0.2, 0.05, 0.8), "p1 must exceed p0; got p0 = 0.4 and p1 = 0.2"),
    ((0.2, 0.2, 0.05, 0.8), "p1 must exceed p0; got p0 = 0.2 and p1 = 0.2"),
    (
        (20, 40, 0.05, 0.8),
        f"p0 {RANGE}; got 20 (20 % is 0.2)",
    ),
    (
        (0.2, 0.4, 0.05, 0.2),
        "power must be greater than 0.5 and less than 1, such as 0.8; got 0.2 (power is 1 - beta)",
    ),
    (
        (0.2, 0.4, 0.5, 0.8),
        "alpha must be a proportion greater than 0 and less than 0.5, such as 0.05; got 0.5",
    ),
    (
        (0.20, 0.21, 0.05, 0.8),
        "needs more than 1500 subjects; p1 must lie further above p0",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_an_impossible_design_is_refused_in_one_line(arguments, message):
    with pytest.raises(DesignError) as error:
        simon(*arguments)

    assert str(error.value) == message


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ((3, 13, 12, 13), "n1 must be at least 1 and less than n"),
        ((13, 13, 14, 43), "stops never or always"),
        ((-1, 13, 12, 43), "stops never or always"),
        ((3, 13, 43, 43), "never rejects"),
        ((3, 13, 2, 43), "r must be at least r1"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(rule, part):
    with pytest.raises(DesignError, match=part):
        two_stage(*rule, 0.2, 0.4)


def test_every_change_of_a_certificate_that_matters_is_seen():
    good = simon(0.2, 0.4, 0.05, 0.8).certificate()
    assert check_certificate(good)
    best, first = good.designs[-1], good.refutations[0]
    tampered = [
        (replace(good, designs=good.designs[1:]), "too little power|too large an alpha|refutation"),
        (replace(good, designs=good.designs[:-1]), "lacks"),
        (replace(good, designs=(*good.designs[:-1], replace(best, r=best.r - 1))), "stated alpha"),
        (
            replace(good, designs=(*good.designs[:-1], replace(best, alpha=Fraction(1, 21)))),
            "the stated alpha of 3/13 12/43",
        ),
        (replace(good, alpha=Fraction(1, 50)), "within its limit"),
        (replace(good, alpha=Fraction(1, 10)), "lacks"),
        (replace(good, too_small=good.too_small + 1), "lacks"),
        (replace(good, refutations=good.refutations[1:]), "a refutation for each n"),
        (replace(good, refutations=good.refutations[:-1]), "lacks"),
        (
            replace(good, refutations=(replace(first, first_n1={}), *good.refutations[1:])),
            "refutation of n = 32, r1 = 0",
        ),
        (
            replace(
                good, refutations=(replace(first, r_top=first.r_top - 1), *good.refutations[1:])
            ),
            "r of at most",
        ),
        (replace(good, tolerance=Fraction(1, 10)), "a tolerance of at most 1e-9"),
    ]
    for certificate, part in tampered:
        with pytest.raises(DesignError, match=part):
            check_certificate(certificate)


@pytest.mark.parametrize("shift", [-1, 1])
def test_every_number_of_a_refutation_is_needed(shift):
    # The first n1 with enough power, moved by one: either power or alpha no longer rules out.
    good = simon(0.3, 0.5, 0.05, 0.8).certificate()
    seen = 0
    for index, each in enumerate(good.refutations):
        for r1, steps in each.first_n1.items():
            moved = (steps[0] + shift, *steps[1:])
            changed = replace(each, first_n1={**each.first_n1, r1: moved})
            others = (*good.refutations[:index], changed, *good.refutations[index + 1 :])
            try:
                check_certificate(replace(good, refutations=others))
            except DesignError:
                seen += 1
    assert seen > 10


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ([], "not a certificate"),
        ({"kind": "something"}, "not a certificate"),
        ({"kind": "onearm two-stage certificate", "version": 2}, "version 1 is read"),
        ({"kind": "onearm two-stage certificate", "version": 1}, "without the key 'p0'"),
    ],
)
def test_what_is_no_certificate_is_refused(value, part):
    with pytest.raises(DesignError, match=part):
        read_certificate(value)


def test_a_certificate_with_a_malformed_number_is_refused():
    value = simon(0.2, 0.4, 0.05, 0.8).certificate().as_json()
    with pytest.raises(DesignError, match="cannot be read"):
        read_certificate({**value, "p0": "one fifth"})
    with pytest.raises(DesignError, match="cannot be read"):
        read_certificate({**value, "p0": "1/0"})
    with pytest.raises(DesignError, match="cannot be read"):
        read_certificate({**value, "too_small": "31"})


@settings(max_examples=60, deadline=None)
@given(data=st.data(), rate=st.integers(1, 99), n=st.integers(2, 60))
def test_the_narrow_bounds_of_the_check_decide_as_fractions_do(data, rate, n):
    # The check compares bounds in units of 2**-60 first; a limit may lie nearer than they are.
    p = Fraction(rate, 100)
    n1 = data.draw(st.integers(1, n - 1))
    r1 = data.draw(st.integers(0, n1 - 1))
    r = data.draw(st.integers(r1, n - 1))
    integers = _Integers(p)
    exact, stopped = passing(r1, n1, r, n, p), sum(pmf(n1, p)[: r1 + 1])
    expected = n1 + (n - n1) * (1 - stopped)

    for apart in (0, Fraction(1, 10**30), Fraction(1, 10**9), Fraction(1, 10)):
        assert integers.passes_more(n1, r1, n, r, exact - apart) == (apart > 0)
        assert integers.passes_more(n1, r1, n, r, exact + apart) == -(apart > 0)
        assert integers.stops_more(n1, r1, stopped - apart) is (apart > 0)
        assert not integers.stops_more(n1, r1, stopped + apart)
        assert integers.expects_fewer(n1, r1, n, expected + apart) is (apart > 0)
        assert not integers.expects_fewer(n1, r1, n, expected - apart)


def test_the_check_imports_no_search():
    import ast
    import inspect

    from onearm.design import certificate

    names = {
        node.module
        for node in ast.walk(ast.parse(inspect.getsource(certificate)))
        if isinstance(node, ast.ImportFrom)
    }
    assert {name for name in names if name.startswith("onearm")} == {"onearm.errors"}
