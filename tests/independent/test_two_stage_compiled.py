"""The compiled search against the one in Python: the same designs, the same proof, bit for bit."""

from __future__ import annotations

import sys
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.design.binomial import hypotheses
from onearm.design.certificate import check_certificate
from onearm.design.inverse import designs_of
from onearm.design.two_stage import simon
from onearm.errors import DesignError

compiled = pytest.importorskip("onearm.design.two_stage_compiled", reason="needs the fast extra")

# What clinfun 1.1.5 and OneArmPhaseTwoStudy were asked in tests/published/test_two_stage.py,
# and the published settings that need more than 100 subjects.
REFERENCE = [
    (0.05, 0.25, 0.05, 0.8),
    (0.05, 0.20, 0.05, 0.9),
    (0.05, 0.20, 0.05, 0.8),
    (0.10, 0.30, 0.05, 0.8),
    (0.10, 0.30, 0.05, 0.9),
    (0.10, 0.30, 0.05, 0.95),
    (0.20, 0.40, 0.05, 0.8),
    (0.30, 0.45, 0.05, 0.9),
    (0.30, 0.45, 0.05, 0.8),
    (0.40, 0.60, 0.05, 0.8),
    (0.50, 0.65, 0.05, 0.9),
    (0.50, 0.65, 0.05, 0.8),
    (0.70, 0.90, 0.05, 0.9),
    (0.80, 0.95, 0.05, 0.8),
    (0.10, 0.20, 0.05, 0.9),
    (0.30, 0.40, 0.05, 0.9),
]
GRID = [
    (p0 / 100, (p0 + above) / 100, alpha, power)
    for p0, above, alpha, power in product(
        range(5, 80, 10), (15, 20, 25), (0.025, 0.05, 0.10), (0.8, 0.9)
    )
    if p0 + above < 100
]


@pytest.mark.parametrize("setting", [*REFERENCE, *GRID])
def test_the_compiled_search_finds_and_proves_the_same(setting):
    found = simon(*setting, compiled=True)

    assert compiled.search(hypotheses(*setting)).status == compiled.DONE  # not given back
    assert found == simon(*setting)  # every float, every refutation
    assert found.certificate() == simon(*setting).certificate()


@settings(max_examples=60, deadline=None)
@given(
    p0=st.integers(2, 70),
    above=st.integers(12, 29),
    alpha=st.integers(5, 200),
    power=st.integers(55, 97),
)
def test_the_two_searches_never_part(p0, above, alpha, power):
    setting = (p0 / 100, (p0 + above) / 100, alpha / 1000, power / 100)
    found = simon(*setting, compiled=True)

    assert found == simon(*setting)
    check_certificate(found.certificate())


# Limits that a design meets exactly, where floats cannot tell: 1/4 by hand (two responders of two
# at a rate of 1/2), 0.0495814... the attained alpha of 3/13 12/43 fed back (Simon's Table 1).
BORDERLINE = [
    (Fraction(1, 2), Fraction(19, 20), Fraction(1, 4), Fraction(9, 10)),
    (0.2, 0.4, simon(0.2, 0.4, 0.05, 0.8).optimal.alpha, 0.8),
    (0.2, 0.4, 0.05, simon(0.2, 0.4, 0.05, 0.8).optimal.power),
]


@pytest.mark.parametrize("setting", BORDERLINE)
def test_what_floats_cannot_tell_is_counted_in_integers(setting):
    assert compiled.search(hypotheses(*setting)).status == compiled.DOUBTFUL
    assert simon(*setting, compiled=True) == simon(*setting)


def test_a_small_search_after_a_large_one_is_not_disturbed():
    # All searches of a thread use the same memory.
    first = simon(0.2, 0.4, 0.05, 0.8, compiled=True)
    simon(0.30, 0.38, 0.05, 0.8, compiled=True)

    assert simon(0.2, 0.4, 0.05, 0.8, compiled=True) == first


def test_the_compiled_search_ends_where_the_other_does():
    for is_compiled in (False, True):
        with pytest.raises(DesignError, match="needs more than 1500 subjects"):
            simon(0.20, 0.21, 0.05, 0.8, compiled=is_compiled)


def test_a_published_number_is_found_in_the_same_settings():
    grid = {"p0": [0.15, 0.2], "p1": [0.35, 0.4], "alpha": [0.05, 0.1], "power": [0.8, 0.9]}

    found = designs_of(30, "minimax", **grid, compiled=True)
    assert found.candidates
    assert found == designs_of(30, "minimax", **grid)


def test_without_numba_one_line_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "onearm.design.two_stage_compiled")
    monkeypatch.delattr("onearm.design.two_stage_compiled", raising=False)
    monkeypatch.setitem(sys.modules, "numba", None)
    with pytest.raises(DesignError, match=r"needs numba: pip install 'onearm\[fast\]'"):
        simon(0.2, 0.4, 0.05, 0.8, compiled=True)
