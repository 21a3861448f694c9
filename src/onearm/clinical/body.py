"""What a dose is computed from: body surface, creatinine clearance, and the dose by AUC.

Takes exact decimals with their unit in the name, gives a Decimal of 28
significant digits, never rounded to a printed digit. Knows no drug and no
protocol: which weight, which floor and which cap hold is for the caller. A
value that no adult has is refused, with what was probably meant.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from onearm.errors import InputError
from onearm.format import plain

EXACT = Context(prec=28, rounding=ROUND_HALF_EVEN)
"""Own context, so that no setting of the caller changes a digit."""

CREATININE_UMOL_L_PER_MG_DL = Decimal("88.42")
"""Molar mass of creatinine 113.12 g/mol: 1 mg/dL is 88.42 umol/L."""


class Range(NamedTuple):
    """What a measure of an adult may be, and what another value probably is."""

    name: str
    unit: str
    lowest: Decimal
    highest: Decimal
    hint_low: str
    hint_high: str


AGE = Range("age", "years", Decimal(18), Decimal(120), "", "")
WEIGHT = Range("weight", "kg", Decimal(20), Decimal(300), "", "; is it in grams or pounds?")
HEIGHT = Range("height", "cm", Decimal(100), Decimal(250), "; is it in metres?", "; is it in mm?")
CREATININE = Range(
    "creatinine", "umol/L", Decimal(15), Decimal(2000), "; is it in mg/dL (1 mg/dL is 88.42)?", ""
)


def plausible(value: Decimal | int, allowed: Range) -> Decimal:
    """Return the value; refuse one outside its range.

    Raises
    ------
    InputError
        With the range, what was found, and what was probably meant.
    """
    found = Decimal(value)
    if found.is_finite() and allowed.lowest <= found <= allowed.highest:
        return found
    hint = ""
    if found.is_finite() and found > 0:
        hint = allowed.hint_low if found < allowed.lowest else allowed.hint_high
    text = plain(found) if found.is_finite() else str(found)
    raise InputError(
        f"{allowed.name} must be between {allowed.lowest} and {allowed.highest} {allowed.unit}; "
        f"got {text}{hint}"
    )


def mosteller(height_cm: Decimal, weight_kg: Decimal) -> Decimal:
    """Body surface in m2: the square root of cm times kg over 3600.

    References
    ----------
    Mosteller RD. N Engl J Med 1987;317:1098.

    Examples
    --------
    >>> mosteller(Decimal(170), Decimal(70)).quantize(Decimal("0.0001"))
    Decimal('1.8181')
    """
    height, weight = plausible(height_cm, HEIGHT), plausible(weight_kg, WEIGHT)
    return EXACT.sqrt(EXACT.divide(EXACT.multiply(height, weight), Decimal(3600)))


def du_bois(height_cm: Decimal, weight_kg: Decimal) -> Decimal:
    """Body surface in m2: 0.007184 times cm to the 0.725 times kg to the 0.425.

    References
    ----------
    Du Bois D, Du Bois EF. Arch Intern Med 1916;17:863-871.

    Examples
    --------
    >>> du_bois(Decimal(170), Decimal(70)).quantize(Decimal("0.0001"))
    Decimal('1.8097')
    """
    height, weight = plausible(height_cm, HEIGHT), plausible(weight_kg, WEIGHT)
    powers = EXACT.multiply(
        EXACT.power(height, Decimal("0.725")), EXACT.power(weight, Decimal("0.425"))
    )
    return EXACT.multiply(Decimal("0.007184"), powers)


def cockcroft_gault(
    age_years: int, weight_kg: Decimal, creatinine_umol_l: Decimal, is_female: bool
) -> Decimal:
    """Creatinine clearance in mL/min by Cockcroft and Gault.

    ``(140 - age) * kg / (72 * creatinine in mg/dL)``, times 0.85 for a woman;
    1 mg/dL is 88.42 umol/L. One division of exact numbers: a clearance that is
    exactly 50 compares as 50. (The short form with 1.23 and 1.04 differs in the
    third digit and is not used.)

    Parameters
    ----------
    age_years
        Age in completed years, 18 to 120.
    weight_kg
        Weight, 20 to 300; actual, ideal or adjusted is the caller's choice.
    creatinine_umol_l
        Serum creatinine, 15 to 2000 umol/L.
    is_female
        Whether the patient is a woman.

    Raises
    ------
    InputError
        If a value is outside its range; a creatinine that must be in mg/dL is named.

    References
    ----------
    Cockcroft DW, Gault MH. Nephron 1976;16:31-41.

    Examples
    --------
    >>> cockcroft_gault(62, Decimal(70), Decimal(80), False).quantize(Decimal("0.01"))
    Decimal('83.81')
    """
    age, weight = plausible(age_years, AGE), plausible(weight_kg, WEIGHT)
    creatinine = plausible(creatinine_umol_l, CREATININE)
    factor = Decimal("0.85") if is_female else Decimal(1)
    above = (140 - age) * weight * factor * CREATININE_UMOL_L_PER_MG_DL
    return EXACT.divide(above, 72 * creatinine)


def calvert(auc: Decimal, gfr_ml_min: Decimal, cap_ml_min: Decimal | None = None) -> Decimal:
    """Carboplatin in mg for a target AUC: AUC times (GFR + 25).

    Parameters
    ----------
    auc
        Target area under the curve in mg/mL x min, above 0.
    gfr_ml_min
        Glomerular filtration rate, at least 0, measured or estimated.
    cap_ml_min
        A larger GFR counts as this one; 125 for an estimated GFR by the FDA's
        communication of October 2010 on carboplatin. None: no cap.

    References
    ----------
    Calvert AH et al. J Clin Oncol 1989;7:1748-1756.

    Examples
    --------
    >>> calvert(Decimal(5), Decimal("197.9"), Decimal(125))
    Decimal('750')
    """
    if not auc > 0 or not gfr_ml_min >= 0:
        raise InputError(f"AUC must be above 0 and GFR at least 0; got {auc} and {gfr_ml_min}")
    gfr = gfr_ml_min if cap_ml_min is None else min(gfr_ml_min, cap_ml_min)
    return EXACT.multiply(auc, EXACT.add(gfr, Decimal(25)))
