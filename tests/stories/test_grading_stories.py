"""Laboratory values as a clinician reads them, and the grade that the CTCAE text gives.

The expected grades are read from the text of the National Cancer Institute:
CTCAE version 5.0 (27 November 2017) and version 6.0 (22 July 2025, errata of
20 January 2026). Each story names the limb of the criterion that it stands on.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from onearm.clinical.labs import Grader
from onearm.clinical.records import Lab
from onearm.io.ctcae import read_ctcae

GRADERS = {version: Grader(read_ctcae(version)) for version in ("5.0", "6.0")}


def lab(test: str, value: str, unit: str = "", limits: str = "", **about: object) -> Lab:
    """A result; ``limits`` are LLN and ULN as ``1.8-7.5``, ``-40`` or ``1.8-``."""
    lln, _, uln = limits.partition("-")
    return Lab(
        "S01", dt.date(2026, 2, 1), test, value, unit or None,
        Decimal(lln) if lln else None, Decimal(uln) if uln else None, **about,
    )  # fmt: skip


def answer(version: str, result: Lab, baseline: Lab | None = None) -> object:
    """The grade; or the candidates as a set; or None where it cannot be graded."""
    found = GRADERS[version].verdict(result, baseline)
    return set(found.candidates) if found.candidates else found.grade


BOTH = ("5.0", "6.0")
ENZYME = ("U/L", "-40")

# story; versions; test, value, unit, limits of normal; what is claimed
NUMBERS = [
    # ">ULN - 3.0 x ULN" ... ">20.0 x ULN": the upper end belongs to the milder grade
    ("ALT at the ULN is normal", BOTH, "ALT", "40", *ENZYME, 0),
    ("ALT just above the ULN", BOTH, "ALT", "40.1", *ENZYME, 1),
    ("ALT at 3 x ULN", BOTH, "ALT", "120", *ENZYME, 1),
    ("ALT above 3 x ULN", BOTH, "ALT", "121", *ENZYME, 2),
    ("ALT at 5 x ULN", BOTH, "ALT", "200", *ENZYME, 2),
    ("ALT above 5 x ULN", BOTH, "ALT", "201", *ENZYME, 3),
    ("AST at 20 x ULN", BOTH, "AST", "800", *ENZYME, 3),
    ("AST above 20 x ULN", BOTH, "AST", "800.1", *ENZYME, 4),
    ("AST in microkatal: 2.01 ukat/L is 3.015 x 0.667", BOTH, "AST", "2.01", "ukat/L", "-0.667", 2),
    ("alkaline phosphatase at 2.5 x ULN", ("5.0",), "ALP", "250", "U/L", "30-100", 1),
    ("alkaline phosphatase above 2.5 x ULN", ("5.0",), "ALP", "251", "U/L", "30-100", 2),
    ("version 6.0 has one grade of it", ("6.0",), "ALP", "2500", "U/L", "30-100", 1),
    ("GGT at 5 x ULN", BOTH, "GGT", "300", "U/L", "-60", 2),
    ("GGT above 20 x ULN", BOTH, "GGT", "1201", "U/L", "-60", 4),
    ("bilirubin at 1.5 x ULN", BOTH, "BILI", "30", "umol/L", "-20", 1),
    ("bilirubin above 1.5 x ULN", BOTH, "BILI", "30.1", "umol/L", "-20", 2),
    ("bilirubin at 3 x ULN", BOTH, "BILI", "60", "umol/L", "-20", 2),
    ("bilirubin above 10 x ULN", BOTH, "TBIL", "201", "umol/L", "-20", 4),
    ("creatinine at 1.5 x ULN", BOTH, "CREAT", "150", "umol/L", "45-100", 1),
    ("creatinine at 6 x ULN", BOTH, "CREAT", "600", "umol/L", "45-100", 3),
    ("creatinine above 6 x ULN", BOTH, "CREAT", "601", "umol/L", "45-100", 4),
    # "<LLN - 1500/mm3" ...: the lower end belongs to the milder grade
    ("neutrophils at the LLN", ("5.0",), "ANC", "1.8", "10^9/L", "1.8-7.5", 0),
    ("neutrophils below the LLN", ("5.0",), "ANC", "1.79", "10^9/L", "1.8-7.5", 1),
    ("neutrophils at 1.5", ("5.0",), "NEUT", "1.5", "10^9/L", "1.8-7.5", 1),
    ("neutrophils at 1.0", ("5.0",), "NEUT", "1.0", "10^9/L", "1.8-7.5", 2),
    ("neutrophils below 1.0", ("5.0",), "NEUT", "0.99", "10^9/L", "1.8-7.5", 3),
    ("neutrophils below 0.5", ("5.0",), "NEUT", "0.49", "10^9/L", "1.8-7.5", 4),
    (
        "version 6.0: 1.5 is no grade, whatever the LLN",
        ("6.0",),
        "NEUT",
        "1.5",
        "10^9/L",
        "1.8-",
        0,
    ),
    ("version 6.0: below 1.5 is grade 1", ("6.0",), "NEUT", "1.49", "10^9/L", "1.8-7.5", 1),
    ("version 6.0: 0.99 is grade 2", ("6.0",), "NEUT", "0.99", "10^9/L", "1.8-7.5", 2),
    ("version 6.0: 0.49 is grade 3", ("6.0",), "NEUT", "0.49", "10^9/L", "1.8-7.5", 3),
    ("version 6.0: below 0.1 is grade 4", ("6.0",), "NEUT", "0.09", "10^9/L", "1.8-7.5", 4),
    ("neutrophils per cubic millimetre", ("5.0",), "NEUT", "999", "/mm3", "1800-7500", 3),
    ("platelets at 75", BOTH, "PLT", "75", "10^9/L", "150-400", 1),
    ("platelets at 50", BOTH, "PLT", "50", "10^9/L", "150-400", 2),
    ("platelets at 25", BOTH, "PLT", "25", "10^9/L", "150-400", 3),
    ("platelets below 25 in version 5.0", ("5.0",), "PLT", "24", "10^9/L", "150-400", 4),
    ("platelets below 25 in version 6.0", ("6.0",), "PLT", "24", "10^9/L", "150-400", 3),
    ("platelets below 10 in version 6.0", ("6.0",), "PLT", "9.9", "10^9/L", "150-400", 4),
    ("haemoglobin at 100 g/L", BOTH, "HGB", "100", "g/L", "120-160", 1),
    ("haemoglobin at 80 g/L", BOTH, "HGB", "80", "g/L", "120-160", 2),
    ("haemoglobin at 8.0 g/dL", BOTH, "Hb", "8.0", "g/dL", "12.0-16.0", 2),
    ("haemoglobin below 8.0 g/dL", BOTH, "Hb", "7.9", "g/dL", "12.0-16.0", 3),
    ("haemoglobin 6.2 mmol/L, written so in the text", BOTH, "Hb", "6.2", "mmol/L", "7.4-9.9", 1),
    ("haemoglobin 6.1 mmol/L", BOTH, "Hb", "6.1", "mmol/L", "7.4-9.9", 2),
    ("haemoglobin 4.9 mmol/L", BOTH, "Hb", "4.9", "mmol/L", "7.4-9.9", 2),
    ("haemoglobin has no grade 4 in numbers", BOTH, "HGB", "20", "g/L", "120-160", 3),
    ("haemoglobin 2 g/dL above the ULN", BOTH, "HGB", "18.0", "g/dL", "12.0-16.0", 1),
    ("haemoglobin 2.1 g/dL above the ULN", BOTH, "HGB", "18.1", "g/dL", "12.0-16.0", 2),
    ("leucocytes at 2.0", BOTH, "WBC", "2.0", "10^9/L", "4.0-10.0", 2),
    ("leucocytes above 100", BOTH, "WBC", "100.1", "10^9/L", "4.0-10.0", 3),
    ("lymphocytes at 0.5", ("5.0",), "LYM", "0.5", "10^9/L", "1.0-4.0", 2),
    ("lymphocytes at 20", BOTH, "LYM", "20", "10^9/L", "1.0-4.0", 2),
    ("sodium at 130", BOTH, "SODIUM", "130", "mmol/L", "135-145", 1),
    ("sodium at 124, with symptoms or without", BOTH, "SODIUM", "124", "mmol/L", "135-145", 3),
    ("sodium at 120", BOTH, "Na", "120", "mmol/L", "135-145", 3),
    ("sodium below 120", BOTH, "Na", "119", "mmol/L", "135-145", 4),
    ("sodium at 150", BOTH, "Na", "150", "mmol/L", "135-145", 1),
    ("sodium above 155", BOTH, "Na", "156", "mmol/L", "135-145", 3),
    ("sodium at 160", BOTH, "Na", "160", "mmol/L", "135-145", 3),
    ("potassium at 3.0 with its LLN unknown: at most mild", BOTH, "K", "2.99", "mmol/L", "", 3),
    ("potassium at 2.5", BOTH, "K", "2.5", "mmol/L", "3.5-5.0", 3),
    ("potassium below 2.5", BOTH, "K", "2.49", "mmol/L", "3.5-5.0", 4),
    ("potassium at 6.0", BOTH, "K", "6.0", "mmol/L", "3.5-5.0", 2),
    ("potassium above 7.0", BOTH, "K", "7.01", "mmol/L", "3.5-5.0", 4),
    ("magnesium at 1.23 mmol/L", BOTH, "MG", "1.23", "mmol/L", "0.7-1.05", 1),
    ("magnesium above 1.23 mmol/L skips grade 2", BOTH, "MG", "1.24", "mmol/L", "0.7-1.05", 3),
    ("magnesium 1.2 mg/dL, written so in the text", BOTH, "MG", "1.2", "mg/dL", "1.7-2.4", 1),
    ("ionised calcium at 0.9 mmol/L", BOTH, "CAION", "0.9", "mmol/L", "1.1-1.3", 2),
    ("corrected calcium at 3.1 mmol/L", BOTH, "CACR", "3.1", "mmol/L", "2.1-2.6", 2),
    ("corrected calcium below 7.0 mg/dL", BOTH, "CACR", "6.9", "mg/dL", "8.5-10.5", 3),
    ("glucose at 3.0 mmol/L", BOTH, "GLUC", "3.0", "mmol/L", "3.9-6.1", 1),
    ("glucose 39 mg/dL", BOTH, "GLUC", "39", "mg/dL", "70-110", 3),
    ("cholesterol at 7.75 mmol/L", BOTH, "CHOL", "7.75", "mmol/L", "-5.2", 1),
    ("cholesterol 301 mg/dL", BOTH, "CHOL", "301", "mg/dL", "-200", 2),
    ("triglycerides at 1.71 mmol/L are in the range", BOTH, "TRIG", "1.71", "mmol/L", "", 1),
    ("triglycerides below 1.71 mmol/L", BOTH, "TRIG", "1.70", "mmol/L", "", 0),
    ("triglycerides at 11.4 mmol/L", BOTH, "TRIG", "11.4", "mmol/L", "", 3),
    ("albumin at 20 g/L", BOTH, "ALB", "20", "g/L", "35-50", 2),
    ("albumin below 2 g/dL", BOTH, "ALB", "1.9", "g/dL", "3.5-5.0", 3),
    ("INR at 1.2", BOTH, "INR", "1.2", "", "", 0),
    ("INR at 1.5", BOTH, "INR", "1.5", "", "", 1),
    ("INR above 2.5", BOTH, "INR", "2.6", "", "", 3),
    ("aPTT above 2.5 x ULN", BOTH, "APTT", "91", "s", "25-36", 3),
    ("creatine kinase at 10 x ULN", ("5.0",), "CPK", "2000", "U/L", "-200", 3),
    ("LDH above the ULN, however far", BOTH, "LDH", "2000", "U/L", "-250", 1),
    ("TSH above the ULN", ("5.0",), "TSH", "9", "mIU/L", "0.4-4.0", 1),
    ("lipase at 1.5 x ULN", BOTH, "LIPASE", "90", "U/L", "-60", 1),
    ("lipase at 2 x ULN", BOTH, "LIPASE", "120", "U/L", "-60", 2),
    ("version 6.0: lipase at 3 x ULN", ("6.0",), "LIPASE", "180", "U/L", "-60", 2),
    ("fibrinogen below 50 mg/dL", BOTH, "FIB", "49", "mg/dL", "150-400", 4),
    ("fibrinogen at 0.5 x LLN", BOTH, "FIB", "75", "mg/dL", "150-400", 2),
    ("pH below 7.3", BOTH, "PH", "7.29", "", "7.35-7.45", 3),
    ("urine protein 1.0 g in 24 hours", ("5.0",), "PROT24", "1.0", "g/24h", "-0.15", 2),
    ("urine protein 3500 mg in 24 hours", ("5.0",), "PROT24", "3500", "mg/24h", "-150", 3),
    ("creatinine clearance 25", ("6.0",), "CRCL", "25", "mL/min", "", 3),
    ("creatinine clearance 26", ("6.0",), "CRCL", "26", "mL/min", "", 2),
    ("creatinine clearance 50", ("6.0",), "CRCL", "50", "mL/min", "", 0),
    ("version 5.0 has no term for the clearance", ("5.0",), "CRCL", "20", "mL/min", "", None),
    (
        "a limit of detection below the worst threshold",
        BOTH,
        "NEUT",
        "<0.1",
        "10^9/L",
        "1.8-7.5",
        4,
    ),
    ("a limit of detection within a band", ("5.0",), "NEUT", "<0.6", "10^9/L", "1.8-7.5", {3, 4}),
    ("above the range of the instrument", ("5.0",), "LIPASE", ">1200", "U/L", "-60", {3, 4}),
]


@pytest.mark.parametrize(
    ("story", "versions", "test", "value", "unit", "limits", "claim"),
    NUMBERS,
    ids=[story for story, *_ in NUMBERS],
)
def test_a_value_has_the_grade_of_the_text(
    story: str, versions: tuple[str, ...], test: str, value: str, unit: str, limits: str,
    claim: object,
) -> None:  # fmt: skip
    for version in versions:
        assert answer(version, lab(test, value, unit, limits)) == claim, version


MISSING = [  # story; version; the row; what is claimed
    ("ALT without ULN", "5.0", lab("ALT", "121", "U/L"), None),
    ("ALT without unit", "5.0", lab("ALT", "121", "", "-40"), None),
    ("no value", "5.0", lab("ALT", "", "U/L", "-40"), None),
    ("a word where a number belongs", "5.0", lab("ALT", "HAEMOLYSED", "U/L", "-40"), None),
    ("neutrophils without LLN below 1.5", "5.0", lab("NEUT", "1.49", "10^9/L"), 2),
    ("neutrophils without LLN at 1.5", "5.0", lab("NEUT", "1.5", "10^9/L"), {0, 1}),
    ("potassium 4 without ULN", "5.0", lab("K", "4", "mmol/L", "3.5-"), {0, 1}),
    ("potassium below LLN, symptoms unknown", "5.0", lab("K", "3.2", "mmol/L", "3.5-5"), {1, 2}),
    (
        "potassium below LLN with symptoms",
        "5.0",
        lab("K", "3.2", "mmol/L", "3.5-5", symptomatic=True),
        2,
    ),
    (
        "potassium below LLN without symptoms",
        "6.0",
        lab("K", "3.2", "mmol/L", "3.5-5", symptomatic=False),
        1,
    ),
    ("sodium 127, symptoms unknown", "5.0", lab("Na", "127", "mmol/L", "135-145"), {2, 3}),
    (
        "sodium 125 without symptoms",
        "6.0",
        lab("Na", "125", "mmol/L", "135-145", symptomatic=False),
        2,
    ),
    (
        "sodium 129.5 lies in a gap of 5.0",
        "5.0",
        lab("Na", "129.5", "mmol/L", "135-145"),
        {1, 2, 3},
    ),
    (
        "sodium 129.5 has a grade in 6.0",
        "6.0",
        lab("Na", "129.5", "mmol/L", "135-145", symptomatic=False),
        2,
    ),
    ("lipase 4 x ULN, symptoms unknown", "5.0", lab("LIPASE", "240", "U/L", "-60"), {2, 3}),
    (
        "lipase 6 x ULN with symptoms",
        "5.0",
        lab("LIPASE", "360", "U/L", "-60", symptomatic=True),
        4,
    ),
    (
        "version 6.0 asks how severe symptoms of amylase are",
        "6.0",
        lab("AMYLASE", "240", "U/L", "-60", symptomatic=True),
        {2, 3},
    ),
    ("uric acid, consequence unknown", "5.0", lab("URATE", "500", "umol/L", "-420"), {1, 3}),
    (
        "uric acid with consequence",
        "6.0",
        lab("URATE", "500", "umol/L", "-420", consequence=True),
        3,
    ),
    (
        "high glucose is graded by what was done",
        "5.0",
        lab("GLUC", "12", "mmol/L", "3.9-6.1"),
        {1, 2, 3},
    ),
    (
        "version 6.0: fasting glucose 8.9",
        "6.0",
        lab("GLUC", "8.9", "mmol/L", "3.9-6.1", fasting=True),
        1,
    ),
    (
        "version 6.0: not known to be fasting",
        "6.0",
        lab("GLUC", "12", "mmol/L", "3.9-6.1"),
        {0, 1, 2},
    ),
    ("version 6.0: 14 needs no fasting", "6.0", lab("GLUC", "14", "mmol/L", "3.9-6.1"), 3),
    ("troponin below or at infarction", "5.0", lab("TNI", "80", "ng/L", "-26"), {1, 3}),
    (
        "phosphate is graded by what was done",
        "5.0",
        lab("PHOS", "0.5", "mmol/L", "0.8-1.5"),
        {1, 2, 3},
    ),
    # 2.6 + 0.02 x (40 - 60) = 2.2 to 2.6 + 0.02 x (40 - 10) = 3.2
    ("calcium without albumin", "5.0", lab("CA", "2.6", "mmol/L", "2.1-2.6"), {0, 1, 2, 3}),
    # 2.00 + 0.02 x (40 - 25) = 2.30
    (
        "low calcium is normal for its albumin",
        "5.0",
        lab("CA", "2.00", "mmol/L", "2.1-2.6", albumin=Decimal(25)),
        0,
    ),
    # 2.75 + 0.02 x (40 - 30) = 2.95
    (
        "calcium corrected for albumin",
        "5.0",
        lab("CA", "2.75", "mmol/L", "2.1-2.6", albumin=Decimal(30)),
        2,
    ),
    (
        "transfused at any haemoglobin",
        "5.0",
        lab("HGB", "95", "g/L", "120-160", transfused=True),
        3,
    ),
    ("not transfused", "5.0", lab("HGB", "95", "g/L", "120-160", transfused=False), 2),
    (
        "version 6.0: platelets transfused",
        "6.0",
        lab("PLT", "60", "10^9/L", "150-400", transfused=True),
        3,
    ),
    ("clearance below 10 has no grade", "6.0", lab("CRCL", "9", "mL/min"), None),
    ("clearance between two grades", "6.0", lab("CRCL", "25.5", "mL/min"), {2, 3}),
    ("urine protein 1+", "5.0", lab("urine protein", "1+"), 1),
    ("urine protein 3+", "5.0", lab("urine protein", "+++"), 2),
    ("urine protein 4+", "5.0", lab("urine protein", "4+"), 3),
    ("urine protein trace", "5.0", lab("urine protein", "TRACE"), 0),
    ("dipstick 1+ in version 6.0", "6.0", lab("urine protein", "1+"), 1),
    ("dipstick 3+ in version 6.0", "6.0", lab("urine protein", "3+"), 2),
    ("dipstick 4+ in version 6.0", "6.0", lab("urine protein", "4+"), 3),
    ("urine over 24 hours in version 6.0", "6.0", lab("PROT24", "1.0", "g/24h", "-0.15"), 2),
    ("just below 1 g over 24 hours", "6.0", lab("PROT24", "0.99", "g/24h", "-0.15"), 1),
    ("urine protein at its upper limit", "6.0", lab("PROT24", "0.15", "g/24h", "-0.15"), 1),
    ("version 6.0: 3.5 g over 24 hours", "6.0", lab("PROT24", "3.5", "g/24h", "-0.15"), 3),
    ("glucose in urine in version 6.0", "6.0", lab("urine glucose", "2+"), 1),
    ("version 6.0: few lymphocytes are present", "6.0", lab("LYM", "0.1", "10^9/L", "1.0-3.5"), 1),
    ("version 6.0: lymphocytes at the LLN", "6.0", lab("LYM", "1.0", "10^9/L", "1.0-3.5"), 0),
    ("version 6.0: lymphocytes above 4", "6.0", lab("LYM", "4.1", "10^9/L", "1.0-3.5"), 2),
    ("version 6.0: TSH above its ULN", "6.0", lab("TSH", "4.3", "mIU/L", "0.4-4.2"), 1),
    ("version 6.0: TSH at its ULN", "6.0", lab("TSH", "4.2", "mIU/L", "0.4-4.2"), 0),
    ("version 6.0: phosphate low", "6.0", lab("PHOS", "0.7", "mmol/L", "0.8-1.5"), {1, 2, 3}),
    ("version 6.0: phosphate high", "6.0", lab("PHOS", "1.6", "mmol/L", "0.8-1.5"), {1, 2, 3}),
    ("version 6.0: eosinophils above", "6.0", lab("EOS", "0.6", "10^9/L", "0.0-0.5"), 1),
    ("version 6.0 has no term for CPK", "6.0", lab("CK", "2000", "U/L", "-200"), None),
    ("version 6.0 has no term for troponin", "6.0", lab("TROPONT", "90", "ng/L", "-14"), None),
    ("hepatitis B antigen has no grade", "5.0", lab("HBsAg", "POSITIVE"), None),
    ("a test that nobody knows", "5.0", lab("MYSTERY", "3", "U/L"), None),
]


@pytest.mark.parametrize(
    ("story", "version", "row", "claim"), MISSING, ids=[story for story, *_ in MISSING]
)
def test_what_is_missing_leaves_grades_open_and_never_gives_zero(
    story: str, version: str, row: Lab, claim: object
) -> None:
    assert answer(version, row) == claim


ABNORMAL = lab("ALT", "100", "U/L", "-40", is_baseline=True)
BASELINES = [  # story; version; the row; the baseline row; what is claimed
    ("1.49 x an abnormal baseline", "5.0", lab("ALT", "149", *ENZYME), ABNORMAL, 0),
    ("1.5 x an abnormal baseline", "5.0", lab("ALT", "150", *ENZYME), ABNORMAL, 1),
    ("3 x an abnormal baseline", "5.0", lab("ALT", "300", *ENZYME), ABNORMAL, 1),
    ("above 3 x an abnormal baseline", "5.0", lab("ALT", "301", *ENZYME), ABNORMAL, 2),
    ("above 20 x an abnormal baseline", "5.0", lab("ALT", "2001", *ENZYME), ABNORMAL, 4),
    ("version 6.0: at the abnormal baseline", "6.0", lab("ALT", "100", *ENZYME), ABNORMAL, 1),
    ("version 6.0: below the abnormal baseline", "6.0", lab("ALT", "99", *ENZYME), ABNORMAL, 0),
    ("version 6.0: above 1.5 x baseline", "6.0", lab("ALT", "151", *ENZYME), ABNORMAL, 2),
    ("version 6.0: above 2 x baseline", "6.0", lab("ALT", "201", *ENZYME), ABNORMAL, 3),
    ("version 6.0: above 4 x baseline", "6.0", lab("ALT", "401", *ENZYME), ABNORMAL, 4),
    (
        "version 6.0: no grade 3 for a baseline above 5 x ULN",
        "6.0",
        lab("ALT", "500", *ENZYME),
        lab("ALT", "201", *ENZYME),
        {2, 3},
    ),
    ("the baseline row is graded on the ULN", "5.0", ABNORMAL, ABNORMAL, 1),
    (
        "a baseline at its ULN is normal",
        "5.0",
        lab("ALT", "121", *ENZYME),
        lab("ALT", "40", *ENZYME),
        2,
    ),
    (
        "abnormal by the ULN of its own laboratory",
        "5.0",
        lab("ALT", "121", "U/L", "-40"),
        lab("ALT", "50", "U/L", "-45"),
        1,
    ),
    (
        "normal by the ULN of its own laboratory",
        "5.0",
        lab("ALT", "121", "U/L", "-40"),
        lab("ALT", "50", "U/L", "-55"),
        2,
    ),
    (
        "a baseline without ULN may be either",
        "5.0",
        lab("ALT", "121", "U/L", "-40"),
        lab("ALT", "50", "U/L"),
        {1, 2},
    ),
    (
        "a baseline in another unit: 1 ukat/L is 60 U/L",
        "5.0",
        lab("ALT", "90", "U/L", "-40"),
        lab("ALT", "1.0", "ukat/L", "-0.7"),
        1,
    ),
    (
        "2 x an abnormal baseline of ALP",
        "5.0",
        lab("ALP", "300", "U/L", "-100"),
        lab("ALP", "150", "U/L", "-100"),
        1,
    ),
    (
        "2 x an abnormal baseline of GGT",
        "5.0",
        lab("GGT", "200", "U/L", "-60"),
        lab("GGT", "100", "U/L", "-60"),
        1,
    ),
    (
        "below 2 x an abnormal baseline of GGT",
        "5.0",
        lab("GGT", "199", "U/L", "-60"),
        lab("GGT", "100", "U/L", "-60"),
        0,
    ),
    (
        "version 6.0: ALP at its abnormal baseline",
        "6.0",
        lab("ALP", "150", "U/L", "-100"),
        lab("ALP", "150", "U/L", "-100"),
        0,
    ),
    (
        "version 6.0: ALP above its abnormal baseline",
        "6.0",
        lab("ALP", "151", "U/L", "-100"),
        lab("ALP", "150", "U/L", "-100"),
        1,
    ),
    (
        "bilirubin at its abnormal baseline",
        "5.0",
        lab("BILI", "30", "umol/L", "-20"),
        lab("BILI", "30", "umol/L", "-20"),
        0,
    ),
    (
        "version 6.0: bilirubin at its abnormal baseline",
        "6.0",
        lab("BILI", "30", "umol/L", "-20"),
        lab("BILI", "30", "umol/L", "-20"),
        1,
    ),
    (
        "creatinine above 1.5 x a low baseline, below the ULN",
        "5.0",
        lab("CREAT", "80", "umol/L", "45-104"),
        lab("CREAT", "50", "umol/L", "45-104"),
        2,
    ),
    (
        "version 6.0: that baseline is not below its LLN",
        "6.0",
        lab("CREAT", "80", "umol/L", "45-104"),
        lab("CREAT", "50", "umol/L", "45-104"),
        0,
    ),
    (
        "version 6.0: a baseline below its LLN",
        "6.0",
        lab("CREAT", "80", "umol/L", "45-104"),
        lab("CREAT", "40", "umol/L", "45-104"),
        2,
    ),
    (
        "version 6.0: above 3 x a baseline below its LLN",
        "6.0",
        lab("CREAT", "121", "umol/L", "45-104"),
        lab("CREAT", "40", "umol/L", "45-104"),
        3,
    ),
    (
        "creatinine above 3 x baseline",
        "5.0",
        lab("CREAT", "151", "umol/L", "45-104"),
        lab("CREAT", "50", "umol/L", "45-104"),
        3,
    ),
    (
        "fibrinogen below LLN, down by half",
        "5.0",
        lab("FIB", "140", "mg/dL", "150-400"),
        lab("FIB", "280", "mg/dL", "150-400"),
        3,
    ),
    (
        "fibrinogen down by half, above the LLN",
        "5.0",
        lab("FIB", "160", "mg/dL", "150-400"),
        lab("FIB", "320", "mg/dL", "150-400"),
        0,
    ),
    (
        "INR on anticoagulation, 1.5 x baseline",
        "5.0",
        lab("INR", "3.6", anticoagulated=True),
        lab("INR", "2.4"),
        1,
    ),
    (
        "INR on anticoagulation, above 1.5 x baseline",
        "5.0",
        lab("INR", "3.7", anticoagulated=True),
        lab("INR", "2.4"),
        2,
    ),
    (
        "INR on anticoagulation without baseline",
        "5.0",
        lab("INR", "3.7", anticoagulated=True),
        None,
        None,
    ),
    (
        "eosinophils above ULN, not above baseline",
        "5.0",
        lab("EOS", "0.8", "10^9/L", "-0.5"),
        lab("EOS", "0.9", "10^9/L", "-0.5"),
        0,
    ),
]


@pytest.mark.parametrize(
    ("story", "version", "row", "baseline", "claim"), BASELINES, ids=[s for s, *_ in BASELINES]
)
def test_the_baseline_decides_by_the_limits_of_its_own_laboratory(
    story: str, version: str, row: Lab, baseline: Lab | None, claim: object
) -> None:
    assert answer(version, row, baseline) == claim


OPTIONS = [  # option; the row; the baseline row; grade without it, with it
    (
        "creatinine-above-uln", lab("CREAT", "80", "umol/L", "45-104"),
        lab("CREAT", "50", "umol/L", "45-104"), 2, 0,
    ),
    ("ggt-above-2", lab("GGT", "200", "U/L", "-60"), lab("GGT", "100", "U/L", "-60"), 1, 0),
    ("triglycerides-above-1.71", lab("TRIG", "1.71", "mmol/L"), None, 1, 0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "row", "baseline", "without", "with_it"), OPTIONS)
def test_an_option_is_another_reading_of_one_criterion(
    name: str, row: Lab, baseline: Lab | None, without: int, with_it: int
) -> None:
    assert GRADERS["5.0"].verdict(row, baseline).grade == without
    assert Grader(read_ctcae("5.0", (name,))).verdict(row, baseline).grade == with_it


def test_the_worst_case_is_taken_only_where_it_is_asked_for_and_says_so() -> None:
    row = lab("LIPASE", "240", "U/L", "-60")
    found = Grader(read_ctcae("5.0"), worst_case=True).verdict(row)

    assert (found.grade, found.candidates) == (3, ())
    assert "worst case of grades 2 or 3 assumed" in found.reason


def test_a_reason_names_the_values_that_were_compared() -> None:
    reason = GRADERS["5.0"].verdict(lab("ALT", "150", *ENZYME), ABNORMAL).reason

    assert reason == (
        "ALT 150 U/L is >= 1.5 x baseline = 150 U/L and not > 3 x baseline = 300 U/L; "
        "baseline 100 U/L, above its ULN 40"
    )


@pytest.mark.parametrize(
    ("test", "unit", "term"),
    [
        ("CK", "U/L", "CPK increased"),
        ("troponin I", "ng/L", "Cardiac troponin I increased"),
        ("troponin T", "ng/L", "Cardiac troponin T increased"),
    ],
)
def test_a_term_that_is_gone_is_named_in_the_reason(test, unit, term):
    reason = GRADERS["6.0"].verdict(lab(test, "500", unit, "-100")).reason

    assert reason.endswith(f"the term {term} of version 5.0 is not in version 6.0")
    assert answer("5.0", lab(test, "500", unit, "-100")) is not None
