"""The dose of one patient: from what a protocol states to milligrams.

Takes a drug of the protocol, its rules and what is known of a patient's body,
gives the dose with every input and step in words. A dose is rounded or capped
only where the protocol says so. What is not known is asked for, never assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from onearm.clinical.body import (
    EXACT,
    HEIGHT,
    WEIGHT,
    calvert,
    cockcroft_gault,
    du_bois,
    mosteller,
    plausible,
)
from onearm.clinical.records import Source
from onearm.errors import InputError
from onearm.format import number, plain, rounded
from onearm.protocol.treatment import BodyRules, Drug
from onearm.protocol.values import Amount

FORMULAS = {"mosteller": ("Mosteller", mosteller), "du_bois": ("Du Bois", du_bois)}
CM_PER_INCH = Decimal("2.54")
ADJUSTED_SHARE = Decimal("0.4")
WHAT = {
    "weight_kg": "weight",
    "height_cm": "height",
    "age_years": "age",
    "is_female": "sex",
    "creatinine_umol_l": "creatinine",
}


@dataclass(frozen=True, slots=True)
class Body:
    """What is known of a patient's body; None where it is not known.

    ``gfr_ml_min`` is a measured glomerular filtration rate: it goes before an
    estimated one, and no cap holds for it.
    """

    weight_kg: Decimal | None = None
    height_cm: Decimal | None = None
    age_years: int | None = None
    is_female: bool | None = None
    creatinine_umol_l: Decimal | None = None
    gfr_ml_min: Decimal | None = None
    sources: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class DoseAmount:
    """A dose a day in the unit that is given, with the way to it.

    ``exact`` is the dose before rounding and cap; ``weight_kg`` the weight that
    it depends on, None for a flat dose.
    """

    drug: str
    stated: Amount
    dose: Decimal
    exact: Decimal
    unit: str
    weight_kg: Decimal | None
    inputs: tuple[str, ...]
    reason: str
    sources: tuple[Source, ...] = ()


def dose_amount(
    drug: Drug, rules: BodyRules, body: Body, stated: Amount | None = None
) -> DoseAmount:
    """Compute the dose of a drug for a patient.

    Parameters
    ----------
    drug
        A drug of the protocol.
    rules
        How doses are computed from the body, by the protocol.
    body
        What is known of the patient.
    stated
        A dose level; by default the starting dose.

    Raises
    ------
    InputError
        If the dose needs something that is not known, or that no adult has.
    """
    amount = stated or drug.amount
    match amount.unit:
        case "mg/kg":
            exact, inputs = _by_weight(drug, amount, body)
        case "mg/m2":
            exact, inputs = _by_surface(drug, amount, rules, body)
        case "AUC":
            exact, inputs = _by_auc(drug, amount, rules, body)
        case _:
            return DoseAmount(
                drug.name, amount, amount.value, amount.value, "mg", None, (), f"{amount}, flat"
            )
    dose, steps = _as_given(drug, exact)
    reason = f"{amount}: {'; '.join([*inputs, *steps])}"
    needs_weight = amount.unit != "AUC" or body.gfr_ml_min is None
    return DoseAmount(
        drug.name,
        amount,
        dose,
        exact,
        "mg",
        body.weight_kg if needs_weight else None,
        inputs,
        reason,
        body.sources,
    )


def is_recalculated(reference_kg: Decimal, weight_kg: Decimal, rules: BodyRules) -> bool:
    """Return whether a weight calls for new doses.

    It does when it differs from ``reference_kg``, the weight of the last
    calculation, by at least the share that the protocol names (>=): at 10 %,
    63 kg after 70 kg do, 63.1 kg do not.
    """
    return abs(weight_kg - reference_kg) >= rules.weight_change * reference_kg


def body_mass_index(height_cm: Decimal, weight_kg: Decimal) -> Decimal:
    """Return kg over m squared."""
    height, weight = plausible(height_cm, HEIGHT), plausible(weight_kg, WEIGHT)
    return EXACT.divide(weight * 10000, height * height)


def ideal_weight(height_cm: Decimal, is_female: bool) -> Decimal:
    """Return 50 kg (45.5 for a woman) plus 2.3 kg for each inch over 60.

    References
    ----------
    Devine BJ. Drug Intell Clin Pharm 1974;8:650-655.
    """
    inches = EXACT.divide(plausible(height_cm, HEIGHT), CM_PER_INCH)
    return EXACT.add(
        Decimal("45.5") if is_female else Decimal(50),
        EXACT.multiply(Decimal("2.3"), EXACT.subtract(inches, Decimal(60))),
    )


def _known(drug: Drug, amount: Amount, body: Body, *names: str) -> list[Decimal]:
    missing = [WHAT[name] for name in names if getattr(body, name) is None]
    if missing:
        raise InputError(
            f"{drug.name}: {amount} needs {' and '.join(missing)} of the patient; not given"
        )
    return [Decimal(getattr(body, name)) for name in names]


def _by_weight(drug: Drug, amount: Amount, body: Body) -> tuple[Decimal, tuple[str, ...]]:
    (weight,) = _known(drug, amount, body, "weight_kg")
    plausible(weight, WEIGHT)
    return EXACT.multiply(amount.value, weight), (f"weight {plain(weight)} kg",)


def _by_surface(
    drug: Drug, amount: Amount, rules: BodyRules, body: Body
) -> tuple[Decimal, tuple[str, ...]]:
    height, weight = _known(drug, amount, body, "height_cm", "weight_kg")
    name, formula = FORMULAS[rules.surface]
    surface = formula(height, weight)
    inputs = [
        f"height {plain(height)} cm, weight {plain(weight)} kg",
        f"body surface {number(surface, 4)} m2 ({name})",
    ]
    if rules.surface_cap_m2 is not None and surface > rules.surface_cap_m2:
        surface = rules.surface_cap_m2
        inputs.append(f"capped at {plain(surface)} m2")
    return EXACT.multiply(amount.value, surface), tuple(inputs)


def _by_auc(
    drug: Drug, amount: Amount, rules: BodyRules, body: Body
) -> tuple[Decimal, tuple[str, ...]]:
    if body.gfr_ml_min is not None:
        measured = body.gfr_ml_min
        return calvert(amount.value, measured), (f"GFR {plain(measured)} mL/min, measured",)
    age, creatinine = _known(drug, amount, body, "age_years", "creatinine_umol_l")
    weight, said = clearance_weight(drug, amount, rules, body)
    is_female = bool(_known(drug, amount, body, "is_female")[0])
    inputs = [f"{said}, age {age} years, {'woman' if is_female else 'man'}"]
    inputs.append(f"creatinine {plain(creatinine)} umol/L")
    floor_of = rules.creatinine_floor_umol_l
    if floor_of is not None and creatinine < floor_of:
        creatinine = floor_of
        inputs.append(f"raised to {plain(creatinine)} umol/L")
    gfr = cockcroft_gault(int(age), weight, creatinine, is_female)
    inputs.append(f"GFR {number(gfr, 2)} mL/min (Cockcroft-Gault)")
    if rules.gfr_cap is not None and gfr > rules.gfr_cap:
        inputs.append(f"capped at {plain(rules.gfr_cap)} mL/min")
    return calvert(amount.value, gfr, rules.gfr_cap), (*inputs, "Calvert")


def clearance_weight(
    drug: Drug, amount: Amount, rules: BodyRules, body: Body
) -> tuple[Decimal, str]:
    """Return the weight that the clearance is computed from, and what it is.

    Below the body mass index that the protocol names, and for a patient no
    heavier than the ideal weight, it is the actual weight.
    """
    (weight,) = _known(drug, amount, body, "weight_kg")
    if rules.clearance_weight == "actual":
        return weight, f"weight {plain(weight)} kg"
    height, _ = _known(drug, amount, body, "height_cm", "is_female")
    limit = rules.clearance_weight_from_bmi
    if limit is not None and body_mass_index(height, weight) < limit:
        return weight, f"weight {plain(weight)} kg (body mass index below {plain(limit)})"
    ideal = ideal_weight(height, bool(body.is_female))
    if weight <= ideal:
        return weight, f"weight {plain(weight)} kg (not above the ideal weight)"
    used = ideal
    if rules.clearance_weight == "adjusted":
        used = EXACT.add(ideal, EXACT.multiply(ADJUSTED_SHARE, EXACT.subtract(weight, ideal)))
    return used, f"{rules.clearance_weight} weight {number(used, 2)} kg of {plain(weight)} kg"


def _as_given(drug: Drug, exact: Decimal) -> tuple[Decimal, list[str]]:
    """Round and cap a computed dose as the protocol says, and say so; the cap comes last."""
    dose, steps = exact, [shown(exact, "mg")]
    if drug.round_to is None:
        steps.append("the protocol names no rounding")
    else:
        dose = to_multiple(dose, drug.round_to.value, drug.rounding)
        steps.append(f"rounded {drug.rounding} to {drug.round_to}: {plain(dose)} mg")
    if drug.max_dose is not None and dose > drug.max_dose.value:
        dose = drug.max_dose.value
        steps.append(f"at most {drug.max_dose}")
    return dose, steps


def shown(dose: Decimal, unit: str) -> str:
    """Return a dose as text; one of more than two decimals is marked as shortened.

    >>> shown(Decimal("350.0"), "mg"), shown(Decimal("181.8119"), "mg")
    ('350 mg', '~181.81 mg')
    """
    short = number(dose, 2)
    return f"{plain(dose)} {unit}" if Decimal(short) == dose else f"~{short} {unit}"


def to_multiple(dose: Decimal, step: Decimal, rounding: str) -> Decimal:
    """Return the multiple of ``step`` next to a dose: nearest (half goes up), down or up.

    >>> to_multiple(Decimal("132.5"), Decimal(5), "nearest")
    Decimal('135')
    """
    steps = Fraction(dose) / Fraction(step)
    if rounding == "nearest":
        return rounded(steps, 0) * step
    return (floor(steps) if rounding == "down" else ceil(steps)) * step
