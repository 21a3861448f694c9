"""Body surface, creatinine clearance and the dose by AUC against worked numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.clinical.body import calvert, cockcroft_gault, du_bois, mosteller
from onearm.errors import InputError
from onearm.format import number

# The formulas of the papers, worked apart from this code:
# Mosteller RD. N Engl J Med 1987;317:1098. Du Bois D, Du Bois EF. Arch Intern Med 1916;17:863-871.
BODY_SURFACES = [  # height cm, weight kg, Mosteller m2, Du Bois m2
    (170, 70, "1.8181", "1.8097"),
    (158, 48, "1.4514", "1.4619"),
    (182, 102, "2.2708", "2.2314"),
]

# Cockcroft DW, Gault MH. Nephron 1976;16:31-41: the formula, worked apart from this code.
CLEARANCES = [  # age, weight kg, creatinine umol/L, woman, mL/min
    (62, 70, "80", False, "83.81"),
    (58, 72, "85", False, "85.30"),
    (71, 48, "84", True, "41.16"),
]

WEIGHTS = st.decimals(30, 200, places=1)
HEIGHTS = st.decimals(120, 220, places=1)
CREATININES = st.decimals(20, 900, places=1)


@pytest.mark.parametrize(("cm", "kg", "by_mosteller", "by_du_bois"), BODY_SURFACES)
def test_body_surface_matches_the_worked_numbers(
    cm: int, kg: int, by_mosteller: str, by_du_bois: str
) -> None:
    assert number(mosteller(Decimal(cm), Decimal(kg)), 4) == by_mosteller
    assert number(du_bois(Decimal(cm), Decimal(kg)), 4) == by_du_bois


def test_mosteller_of_a_square_number_is_exact() -> None:
    assert mosteller(Decimal(180), Decimal(80)) == 2  # 180 x 80 / 3600 = 4


@pytest.mark.parametrize(("age", "kg", "umol_l", "is_female", "ml_min"), CLEARANCES)
def test_clearance_matches_the_worked_numbers(
    age: int, kg: int, umol_l: str, is_female: bool, ml_min: str
) -> None:
    assert number(cockcroft_gault(age, Decimal(kg), Decimal(umol_l), is_female), 2) == ml_min


def test_creatinine_of_1_mg_dl_gives_the_formula_of_the_paper() -> None:
    """1 mg/dL, 72 kg: the clearance is 140 - age."""
    assert cockcroft_gault(40, Decimal(72), Decimal("88.42"), False) == 100
    assert cockcroft_gault(40, Decimal(72), Decimal("88.42"), True) == 85


def test_a_clearance_on_the_limit_is_the_limit() -> None:
    """140 - 90 = 50 years at 72 kg and 1 mg/dL are 50 mL/min, not 49.999."""
    assert cockcroft_gault(90, Decimal(72), Decimal("88.42"), False) == 50


def test_calvert_matches_the_worked_numbers() -> None:
    # Calvert AH et al. J Clin Oncol 1989;7:1748-1756, worked apart from this code.
    assert calvert(Decimal(5), Decimal("85.30")) == Decimal("551.5")
    assert calvert(Decimal(5), Decimal(100)) == 625
    large = cockcroft_gault(45, Decimal(90), Decimal("0.6") * Decimal("88.42"), False)
    assert number(large, 1) == "197.9"
    assert number(calvert(Decimal(5), large), 1) == "1114.6"
    # FDA, carboplatin dosing, October 2010: an estimated GFR is capped at 125, so AUC 5 at 750 mg.
    assert calvert(Decimal(5), large, Decimal(125)) == 750
    assert calvert(Decimal(5), Decimal(125), Decimal(125)) == 750


IMPOSSIBLE = [
    (lambda: mosteller(Decimal("1.70"), Decimal(70)), "height must be .* 1.7; is it in metres"),
    (lambda: du_bois(Decimal(170), Decimal(-70)), "weight must be between 20 and 300 kg; got -70$"),
    (lambda: cockcroft_gault(62, Decimal(70), Decimal("0.9"), False), "0.9; is it in mg/dL"),
    (lambda: cockcroft_gault(140, Decimal(70), Decimal(80), False), "age must be .* got 140"),
    (lambda: cockcroft_gault(62, Decimal("NaN"), Decimal(80), False), "weight must be .* got NaN"),
    (lambda: calvert(Decimal(0), Decimal(80)), "AUC must be above 0"),
]


@pytest.mark.parametrize(("call", "complaint"), IMPOSSIBLE)
def test_an_impossible_measure_is_refused_with_what_was_meant(call, complaint: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=complaint):
        call()


@given(HEIGHTS, WEIGHTS)
def test_body_surface_grows_with_height_and_weight(cm: Decimal, kg: Decimal) -> None:
    for formula in (mosteller, du_bois):
        assert formula(cm, kg) < formula(cm + 1, kg)
        assert formula(cm, kg) < formula(cm, kg + 1)


@given(st.integers(18, 100), WEIGHTS, CREATININES)
def test_clearance_of_a_woman_is_85_percent_and_falls_with_age(
    age: int, kg: Decimal, umol_l: Decimal
) -> None:
    man = cockcroft_gault(age, kg, umol_l, False)

    assert abs(cockcroft_gault(age, kg, umol_l, True) - man * Decimal("0.85")) < Decimal("1e-20")
    assert cockcroft_gault(age + 1, kg, umol_l, False) < man
