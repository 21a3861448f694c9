"""What a laboratory measures and in which units: one closed table, exact conversions.

Takes a test's name and numbers with units, gives the analyte and the same
quantity in another unit, as an exact fraction. A unit that the table does not
hold is refused; nothing is guessed. Knows no threshold and no file.

* A unit is matched by its letters: blanks, case, a leading ``x`` and the
  spellings of ten to a power do not count; the micro sign is ``u``.
* Mass and amount of substance meet through the molar mass (g/mol) that stands
  with the analyte: mmol/L = mg/dL x 10 / M. Atomic weights: IUPAC 2021,
  abridged. Creatinine, haemoglobin and bilirubin keep the factor that is
  printed everywhere, because thresholds were written with it.
* ``exact`` is what to compare with: there and back it is the same number.
  ``convert`` is the same as a decimal, cut at 28 digits where it does not end.
* A value outside its analyte's limits of what has been seen in living people
  is implausible, and the message says in which unit it would be plausible.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import NamedTuple

from onearm.errors import InputError, nearest
from onearm.format import plain


class Analyte(NamedTuple):
    """What is measured: code, names, units, and what values occur.

    ``code`` is the CDISC test code; where CDISC tells two analytes apart by another
    variable (the specimen, the method), it is a code of this table (PROTU, PROT24).
    ``units`` says how many ``unit`` one of each is; ``least`` and ``most`` are
    in ``unit``. An analyte without units is read as words, or is a bare ratio.
    """

    code: str
    name: str
    synonyms: tuple[str, ...]
    unit: str
    units: Mapping[str, Fraction]
    least: Fraction
    most: Fraction
    source: str
    words: tuple[str, ...] = ()


COUNTS = {
    "10^9/L": Fraction(1),
    "10^3/uL": Fraction(1),
    "10^3/mm3": Fraction(1),
    "/uL": Fraction(1, 1000),
    "/mm3": Fraction(1, 1000),
    "10^6/L": Fraction(1, 1000),
}
ENZYMES = {
    "U/L": Fraction(1),
    "IU/L": Fraction(1),
    "mU/mL": Fraction(1),
    "ukat/L": Fraction(60),
    "nkat/L": Fraction(60, 1000),
}
MASSES = {"g/L": Fraction(1), "g/dL": Fraction(10), "mg/dL": Fraction(1, 100)}
SHARES = {"mmol/L": Fraction(1), "mEq/L": Fraction(1)}
TROPONINS = {
    "ng/L": Fraction(1),
    "pg/mL": Fraction(1),
    "ng/mL": Fraction(1000),
    "ug/L": Fraction(1000),
}
RATIO = {"1": Fraction(1), "ratio": Fraction(1)}
DIPSTICK = ("NEGATIVE", "TRACE", "1+", "2+", "3+", "4+")
PRESENCE = ("NEGATIVE", "POSITIVE")

BY_DEFINITION = "definition of the units"
KATAL = "1 kat = 1 mol/s (BIPM, SI Brochure, 9th edition); 1 U = 1 umol/min, so 1 ukat = 60 U"


def _molar(grams_per_mole: str, *, valence: int = 1) -> dict[str, Fraction]:
    """Return the units of a solute in mmol/L, by molar mass; mEq/L divides by the valence."""
    mass = Fraction(grams_per_mole)
    return {
        "mmol/L": Fraction(1),
        "umol/L": Fraction(1, 1000),
        "mg/dL": 10 / mass,
        "mg/L": 1 / mass,
        "g/L": 1000 / mass,
        **({"mEq/L": Fraction(1, valence)} if valence > 1 else {}),
    }


def _micromolar(umol_per_mg_dl: Fraction) -> dict[str, Fraction]:
    """Return the units of a solute in umol/L, by what 1 mg/dL is."""
    return {
        "umol/L": Fraction(1),
        "mmol/L": Fraction(1000),
        "mg/dL": umol_per_mg_dl,
        "mg/L": umol_per_mg_dl / 10,
    }


def _analyte(
    code: str,
    name: str,
    synonyms: str,
    units: Mapping[str, Fraction],
    limits: tuple[str, str],
    source: str = BY_DEFINITION,
) -> Analyte:
    names = tuple(text.strip() for text in synonyms.split(";") if text.strip())
    least, most = (Fraction(text) for text in limits)
    return Analyte(code, name, names, next(iter(units), ""), units, least, most, source)


def _seen(code: str, name: str, synonyms: str, words: tuple[str, ...]) -> Analyte:
    names = tuple(text.strip() for text in synonyms.split(";") if text.strip())
    return Analyte(
        code, name, names, "", {}, Fraction(0), Fraction(0), "words, mildest first", words
    )


ANALYTES: tuple[Analyte, ...] = (
    _analyte("ALT", "Alanine aminotransferase", "ALAT; SGPT; GPT", ENZYMES, ("0", "50000"), KATAL),
    _analyte(
        "AST", "Aspartate aminotransferase", "ASAT; SGOT; GOT", ENZYMES, ("0", "50000"), KATAL
    ),
    _analyte("ALP", "Alkaline phosphatase", "ALKP; AP", ENZYMES, ("0", "20000"), KATAL),
    _analyte(
        "GGT",
        "Gamma-glutamyl transferase",
        "GGTP; gamma GT; gammaGT",
        ENZYMES,
        ("0", "20000"),
        KATAL,
    ),
    _analyte("LDH", "Lactate dehydrogenase", "LD", ENZYMES, ("0", "100000"), KATAL),
    _analyte(
        "CK", "Creatine kinase", "CPK; creatine phosphokinase", ENZYMES, ("0", "1000000"), KATAL
    ),
    _analyte("AMYLASE", "Amylase", "AMY; serum amylase", ENZYMES, ("0", "50000"), KATAL),
    _analyte("LIPASE", "Lipase", "LIP; LPS; LIPASET", ENZYMES, ("0", "100000"), KATAL),
    _analyte(
        "BILI",
        "Bilirubin",
        "TBIL; TBILI; total bilirubin",
        _micromolar(Fraction("17.1")),
        ("0", "1500"),
        "1 mg/dL = 17.1 umol/L (M 584.66 g/mol gives 17.104)",
    ),
    _analyte(
        "CREAT",
        "Creatinine",
        "CREA; CRE; SCR; serum creatinine",
        _micromolar(Fraction("88.42")),
        ("5", "4000"),
        "1 mg/dL = 88.42 umol/L, as in Cockcroft-Gault (M 113.12 gives 88.40)",
    ),
    _analyte(
        "CREATCLR", "Creatinine clearance", "CRCL; CLCR", {"mL/min": Fraction(1)}, ("0", "400")
    ),
    _analyte(
        "URATE",
        "Urate",
        "uric acid; UA; URICAC",
        _micromolar(1000 * 10 / Fraction("168.11")),
        ("5", "3000"),
        "M 168.11 g/mol, C5H4N4O3",
    ),
    _analyte(
        "UREAN",
        "Urea nitrogen",
        "BUN",
        {"mmol/L": Fraction(1), "mg/dL": 10 / Fraction("28.014")},
        ("0", "150"),
        "two N a molecule, 28.014 g/mol",
    ),
    _analyte("NEUT", "Neutrophils", "ANC; NEU; neutrophil count", COUNTS, ("0", "300")),
    _analyte("WBC", "Leukocytes", "LEUK; leucocytes; white blood cells", COUNTS, ("0", "1000")),
    _analyte("PLAT", "Platelets", "PLT; thrombocytes; platelet count", COUNTS, ("0", "5000")),
    _analyte("LYM", "Lymphocytes", "LYMPH; ALC; lymphocyte count", COUNTS, ("0", "1000")),
    _analyte("EOS", "Eosinophils", "AEC; eosinophil count", COUNTS, ("0", "300")),
    _analyte("CD4", "CD4 lymphocytes", "CD4 cells", COUNTS, ("0", "10")),
    _analyte(
        "HGB",
        "Haemoglobin",
        "Hb; hemoglobin; HB",
        {
            "g/L": Fraction(1),
            "g/dL": Fraction(10),
            "mmol/L": 10 / Fraction("0.6206"),
        },
        ("10", "280"),
        "1 g/dL = 0.6206 mmol/L of the iron-bearing monomer",
    ),
    _analyte("ALB", "Albumin", "serum albumin", MASSES, ("5", "80")),
    _analyte("FIBRINO", "Fibrinogen", "FIB; FIBR; FIBRINOGEN", MASSES, ("0", "20")),
    _analyte("HAPTOG", "Haptoglobin", "HAPTO", MASSES, ("0", "10")),
    _analyte("INR", "Prothrombin INR", "PT-INR; PTINR", RATIO, ("0.5", "30")),
    _analyte(
        "APTT",
        "Activated partial thromboplastin time",
        "PTT",
        {"s": Fraction(1), "sec": Fraction(1)},
        ("10", "400"),
    ),
    _analyte("PT", "Prothrombin time", "", {"s": Fraction(1), "sec": Fraction(1)}, ("5", "300")),
    _analyte("SODIUM", "Sodium", "Na; SOD", SHARES, ("80", "220")),
    _analyte("K", "Potassium", "POTASSIUM; KALIUM", SHARES, ("1", "15")),
    _analyte(
        "CA",
        "Calcium",
        "CALCIUM; total calcium",
        _molar("40.078", valence=2),
        ("0.5", "8"),
        "M 40.078 g/mol; divalent",
    ),
    _analyte(
        "CACR",
        "Calcium corrected",
        "corrected calcium; CACORR",
        _molar("40.078", valence=2),
        ("0.5", "8"),
        "M 40.078 g/mol; divalent",
    ),
    _analyte(
        "CAION",
        "Calcium ionized",
        "ionized calcium; ionised calcium; ICA",
        _molar("40.078", valence=2),
        ("0.2", "5"),
        "M 40.078 g/mol; divalent",
    ),
    _analyte(
        "MG",
        "Magnesium",
        "MAGNESIUM",
        _molar("24.305", valence=2),
        ("0.1", "10"),
        "M 24.305 g/mol; divalent",
    ),
    _analyte(
        "PHOS",
        "Phosphate",
        "phosphorus; PO4; inorganic phosphate",
        _molar("30.974"),
        ("0.05", "10"),
        "as phosphorus, M 30.974 g/mol",
    ),
    _analyte(
        "GLUC",
        "Glucose",
        "GLU; blood glucose",
        _molar("180.16"),
        ("0.5", "120"),
        "M 180.16 g/mol, C6H12O6",
    ),
    _analyte(
        "CHOL",
        "Cholesterol",
        "total cholesterol; TC",
        _molar("386.65"),
        ("0.3", "60"),
        "M 386.65 g/mol, C27H46O",
    ),
    _analyte(
        "HDL",
        "HDL cholesterol",
        "HDL-C; HDLC",
        _molar("386.65"),
        ("0.05", "8"),
        "as cholesterol, M 386.65 g/mol",
    ),
    _analyte(
        "LDL",
        "LDL cholesterol",
        "LDL-C; LDLC",
        _molar("386.65"),
        ("0.05", "50"),
        "as cholesterol, M 386.65 g/mol",
    ),
    _analyte(
        "TRIG",
        "Triglycerides",
        "TG; triglyceride",
        _molar("885.4"),
        ("0.1", "250"),
        "as triolein, M 885.4 g/mol",
    ),
    _analyte(
        "TSH",
        "Thyroid-stimulating hormone",
        "thyrotropin",
        {"mIU/L": Fraction(1), "mU/L": Fraction(1), "uIU/mL": Fraction(1), "uU/mL": Fraction(1)},
        ("0", "2000"),
    ),
    _analyte(
        "T3FR",
        "Triiodothyronine free",
        "FT3; free T3",
        {"pmol/L": Fraction(1), "pg/mL": 1000 / Fraction("650.97")},
        ("0", "100"),
        "M 650.97 g/mol",
    ),
    _analyte(
        "T4FR",
        "Thyroxine free",
        "FT4; free T4",
        {"pmol/L": Fraction(1), "ng/dL": 10000 / Fraction("776.87")},
        ("0", "200"),
        "M 776.87 g/mol",
    ),
    _analyte(
        "TROPONI",
        "Troponin I",
        "TNI; cTnI; troponin-I; hs-cTnI",
        TROPONINS,
        ("0", "10000000"),
    ),
    _analyte(
        "TROPONT",
        "Troponin T",
        "TNT; cTnT; troponin-T; hs-cTnT",
        TROPONINS,
        ("0", "10000000"),
    ),
    _analyte("PH", "pH of blood", "blood pH", {**RATIO, "pH": Fraction(1)}, ("6", "8.5")),
    _analyte(
        "PROT24",
        "Urine protein in 24 hours",
        "24-hour urine protein; 24h urine protein; UPROT24",
        {
            "g/24h": Fraction(1),
            "g/day": Fraction(1),
            "g/d": Fraction(1),
            "mg/24h": Fraction(1, 1000),
            "mg/day": Fraction(1, 1000),
        },
        ("0", "80"),
    ),
    _analyte(
        "HBVDNA",
        "HBV DNA",
        "HBV-DNA; hepatitis B virus DNA",
        {"IU/mL": Fraction(1)},
        ("0", "1000000000000"),
    ),
    _seen("PROTU", "Urine protein by dipstick", "urine protein; UPROT; proteinuria", DIPSTICK),
    _seen("GLUCU", "Urine glucose by dipstick", "urine glucose; UGLUC", DIPSTICK),
    _seen(
        "OCCBLD",
        "Occult blood",
        "faecal occult blood; fecal occult blood; FOB; FOBT",
        (*PRESENCE, "1+", "2+", "3+", "4+"),
    ),
    _seen("HBSAG", "Hepatitis B surface antigen", "HBsAg", PRESENCE),
    _seen("HCAB", "Hepatitis C antibody", "HCV antibody; anti-HCV; HCVAB", PRESENCE),
    _seen("HIVAB", "HIV antibody", "HIV; anti-HIV; HIV12AB", PRESENCE),
    _seen("HCG", "Pregnancy test", "beta-hCG; pregnancy", PRESENCE),
)

BY_CODE = {analyte.code: analyte for analyte in ANALYTES}


def _names() -> dict[str, Analyte]:
    found: dict[str, Analyte] = {}
    for analyte in ANALYTES:
        for name in (analyte.code, analyte.name, *analyte.synonyms):
            found[_letters(name)] = analyte
    return found


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum() or letter == "+")


BY_NAME = _names()


@cache
def find_analyte(test: str) -> Analyte | None:
    """Return the analyte that a test's name means, or None for an unknown test.

    >>> find_analyte("anc").code, find_analyte("Total Bilirubin").code, find_analyte("ALTT")
    ('NEUT', 'BILI', None)
    """
    return BY_NAME.get(_letters(test))


def analyte_of(test: str) -> Analyte:
    """Return the analyte that a test's name means; an unknown name is an InputError."""
    found = find_analyte(test)
    if found is None:
        raise InputError(unknown_test(test))
    return found


def unknown_test(test: str) -> str:
    """Say that no analyte has this name, and which known name is nearest."""
    known = [name for a in ANALYTES for name in (a.code, a.name, *a.synonyms)]
    return f"test must be a known analyte; got {test!r}{nearest(test, known)}"


@cache
def unit_of(unit: str, analyte: str) -> str:
    """Return a unit as the table spells it; one that the analyte does not have is an InputError.

    >>> unit_of("x10e9/l", "NEUT"), unit_of("µmol/L", "CREAT")
    ('10^9/L', 'umol/L')
    """
    about = analyte_of(analyte)
    wanted = _spelling(unit)
    if wanted == "g/l" and "10^9/L" in about.units:
        return "10^9/L"  # giga: cells have no grams
    for known in about.units:
        if _spelling(known) == wanted:
            return known
    allowed = _one_of(about.units) if about.units else "left empty (the result is in words)"
    found = repr(unit.strip()) if unit.strip() else "nothing"
    raise InputError(f"unit of {about.name} must be {allowed}; got {found}")


def _one_of(units: Iterable[str]) -> str:
    names = list(units)
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


_RESPELLED = (("mcmol", "umol"), ("mcl", "ul"), ("24hrs", "24h"), ("24hr", "24h"))
_ABBREVIATED = {"gpt/l": "10^9/l", "k/ul": "10^3/ul"}


def _spelling(unit: str) -> str:
    """Return the letters by which two spellings of a unit are compared."""
    text = unicodedata.normalize("NFKC", unit).lower().replace(" ", "").replace("\u03bc", "u")
    text = text.replace("\N{MULTIPLICATION SIGN}", "x").removeprefix("x")
    for power in ("10e", "10*", "10exp", "10**"):
        if text.startswith(power) and text[len(power) : len(power) + 1].isdigit():
            text = "10^" + text[len(power) :]
    for start in ("10^12", "10^9", "10^6", "10^3"):
        bare = start.replace("^", "")
        if text.startswith(bare + "/"):
            text = start + text[len(bare) :]
    for cells in ("cells/", "cell/"):
        if text.startswith(cells):
            text = text[len(cells) - 1 :]
    for written, meant in _RESPELLED:
        text = text.replace(written, meant)
    return _ABBREVIATED.get(text, text)


def factor(unit: str, to_unit: str, analyte: str) -> Fraction:
    """Return how many ``to_unit`` one ``unit`` of an analyte is, exactly.

    >>> factor("g/dL", "g/L", "HGB"), factor("ukat/L", "U/L", "ALT")
    (Fraction(10, 1), Fraction(60, 1))
    """
    units = analyte_of(analyte).units
    return units[unit_of(unit, analyte)] / units[unit_of(to_unit, analyte)]


def exact(value: Decimal | Fraction, unit: str, to_unit: str, analyte: str) -> Fraction:
    """Return a value in another unit as an exact fraction: there and back is the same number.

    >>> exact(Decimal("1.0"), "mg/dL", "umol/L", "creatinine")
    Fraction(4421, 50)
    """
    return Fraction(value) * factor(unit, to_unit, analyte)


def convert(value: Decimal, unit: str, to_unit: str, analyte: str) -> Decimal:
    """Return a value in another unit as a decimal, cut at 28 digits where it does not end.

    >>> convert(Decimal("7.9"), "g/dL", "g/L", "Hb")
    Decimal('79')
    """
    result = exact(value, unit, to_unit, analyte)
    return Decimal(result.numerator) / Decimal(result.denominator)


@cache
def _bounds(unit: str, analyte: str) -> tuple[Fraction, Fraction]:
    """Return the least and the most of what has been seen, in a unit."""
    about = BY_CODE[analyte]
    return about.least / about.units[unit], about.most / about.units[unit]


@lru_cache(maxsize=1 << 14)  # limits of normal are the same in row after row
def implausible(value: Decimal, unit: str, analyte: str) -> str | None:
    """Say why a value cannot be right, and what was probably meant; None where it can.

    >>> implausible(Decimal("5.6"), "mg/dL", "glucose")
    'Glucose 5.6 mg/dL is implausible; was mmol/L meant?'
    >>> implausible(Decimal("5.6"), "mmol/L", "glucose")
    """
    about = analyte_of(analyte)
    if value < 0:
        return f"{about.name} must be 0 or more; got {plain(value)}"
    known = unit_of(unit, analyte)
    least, most = _bounds(known, about.code)
    if least <= value <= most:
        return None
    meant = [
        name
        for name, size in about.units.items()
        if size != about.units[known] and about.least <= Fraction(value) * size <= about.most
    ]
    hint = f"; was {meant[0]} meant?" if meant else ""
    return f"{about.name} {plain(value)} {known} is implausible{hint}"
