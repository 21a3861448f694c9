"""Units of laboratory values: there and back is the same number."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.clinical.units import ANALYTES, analyte_of, convert, exact, implausible, unit_of
from onearm.errors import InputError

MEASURED = [analyte for analyte in ANALYTES if analyte.units]
values = st.decimals(min_value=0, max_value=10**6, places=3, allow_nan=False)


@given(value=values, data=st.data())
def test_there_and_back_is_the_same_number(value: Decimal, data: st.DataObject) -> None:
    analyte = data.draw(st.sampled_from(MEASURED))
    unit, other = (data.draw(st.sampled_from(sorted(analyte.units))) for _ in range(2))

    there = exact(value, unit, other, analyte.code)

    assert exact(there, other, unit, analyte.code) == Fraction(value)


# AMA Manual of Style, 11th edition, section 17.5 (Table 17.5-1): conventional to SI, as printed.
AMA = [
    ("GLUC", "mg/dL", "mmol/L", "0.0555", 4),
    ("CHOL", "mg/dL", "mmol/L", "0.0259", 4),
    ("TRIG", "mg/dL", "mmol/L", "0.0113", 4),
    ("CREAT", "mg/dL", "umol/L", "88.4", 1),
    ("BILI", "mg/dL", "umol/L", "17.1", 1),
    ("CA", "mg/dL", "mmol/L", "0.25", 2),
    ("MG", "mg/dL", "mmol/L", "0.411", 3),
    ("PHOS", "mg/dL", "mmol/L", "0.323", 3),
    ("URATE", "mg/dL", "umol/L", "59.5", 1),
    ("HGB", "g/dL", "g/L", "10", 0),
    ("UREAN", "mg/dL", "mmol/L", "0.357", 3),
    ("T4FR", "ng/dL", "pmol/L", "12.87", 2),
]


@pytest.mark.parametrize(("analyte", "unit", "other", "printed", "digits"), AMA)
def test_factor_meets_the_printed_one(
    analyte: str, unit: str, other: str, printed: str, digits: int
) -> None:
    half_of_the_last_digit = Fraction(1, 2 * 10**digits)

    assert (
        abs(exact(Decimal(1), unit, other, analyte) - Fraction(printed)) <= half_of_the_last_digit
    )


def test_the_catalytic_unit_is_sixty_units() -> None:
    assert convert(Decimal("0.67"), "ukat/L", "U/L", "ALT") == Decimal("40.2")


SPELLINGS = [
    ("NEUT", "x10^9/L", "10^9/L"),
    ("NEUT", "10*9/L", "10^9/L"),
    ("NEUT", "10E9/L", "10^9/L"),
    ("NEUT", "109/L", "10^9/L"),
    ("NEUT", "G/L", "10^9/L"),
    ("PLAT", "K/uL", "10^3/uL"),
    ("PLAT", "10^3/\u00b5L", "10^3/uL"),
    ("WBC", "cells/mm3", "/mm3"),
    ("CREAT", "\u03bcmol/L", "umol/L"),
    ("CREAT", "UMOL/L", "umol/L"),
    ("HGB", "g/L", "g/L"),
    ("PROT24", "g/24 hrs", "g/24h"),
]


@pytest.mark.parametrize(("analyte", "written", "known"), SPELLINGS)
def test_a_unit_is_known_by_its_letters(analyte: str, written: str, known: str) -> None:
    assert unit_of(written, analyte) == known


REFUSED = [
    ("ALT", "mg/dL", "unit of Alanine aminotransferase must be one of U/L"),
    ("HGB", "", "got nothing"),
    ("HBSAG", "IU/mL", "must be left empty"),
]


@pytest.mark.parametrize(("analyte", "unit", "message"), REFUSED)
def test_a_unit_of_something_else_is_refused(analyte: str, unit: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        unit_of(unit, analyte)


def test_an_unknown_test_is_refused_with_the_nearest_known_name() -> None:
    with pytest.raises(InputError, match="did you mean 'Creatinine'"):
        analyte_of("Creatinin")


IMPLAUSIBLE = [
    ("GLUC", "5.6", "mg/dL", "mmol/L"),
    ("CREAT", "90", "mg/dL", "umol/L"),
    ("HGB", "7.9", "g/L", "g/dL"),
    ("HGB", "120", "g/dL", "g/L"),
    ("NEUT", "1500", "10^9/L", "/uL"),
    ("PLAT", "75000", "10^9/L", "/uL"),
    ("ALB", "35", "g/dL", "g/L"),
]


@pytest.mark.parametrize(("analyte", "value", "unit", "meant"), IMPLAUSIBLE)
def test_an_implausible_value_names_the_unit_that_was_meant(
    analyte: str, value: str, unit: str, meant: str
) -> None:
    assert f"was {meant} meant?" in (implausible(Decimal(value), unit, analyte) or "")


def test_a_negative_value_is_no_measurement() -> None:
    assert "must be 0 or more" in (implausible(Decimal("-1"), "U/L", "ALT") or "")


def test_no_name_means_two_analytes() -> None:
    names = [name for a in ANALYTES for name in {n.lower() for n in (a.code, a.name, *a.synonyms)}]

    assert len(names) == len(set(names))
