"""Who may enter: one candidate a story, changed in one point, and what the criterion says then.

The numbers of the criteria are those of the three sources (the registry entries
NCT07388875 and NCT07083375, and Liu J et al., Clin Cancer Res 2022;28:3473-9);
each outcome follows by hand from the text beside the criterion. The first dose
is planned for 16 March 2026, consent was on 2 March, enrolment on 13 March.
"""

from __future__ import annotations

import pytest
from candidates import CANDIDATES, Change, changed, criterion, lab, screened

from onearm.clinical.eligibility_words import reason

MET, NOT, UNKNOWN = "met", "not_met", "unknown"
LIVER = {"liver_metastases": "Y"}
WOMAN = {"sex": "F", "pregnant": "N", "breastfeeding": "N", "childbearing_potential": "Y"}
NO_DATE = None


def on(day: str, **more: str) -> dict[str, str]:
    return {"value": "", "date": day, **more}


def line(classes: str, progressed: str = "Y") -> dict[str, str]:
    return {
        "date": "2025-05-01",
        "until": "2025-10-20",
        "classes": classes,
        "progressed": progressed,
    }


IO_CHEMO = "pd_1_or_pd_l1;platinum_doublet"

Story = tuple[str, Change, str, str]

SKB264: list[Story] = [  # story, what is changed, criterion, outcome
    ("18 on the day of consent", {"birth": on("2008-03-02")}, "I01", MET),
    ("18 a day after consent", {"birth": on("2008-03-03")}, "I01", NOT),
    ("born in 2008, no more is known", {"birth": on("2008")}, "I01", UNKNOWN),
    ("born in 2007, no more is known", {"birth": on("2007")}, "I01", MET),
    ("no histology", {"diagnosis_confirmed_by": "none"}, "I02", NOT),
    ("confirmed by cytology", {"diagnosis_confirmed_by": "cytology"}, "I02", MET),
    ("two earlier lines", {"prior_lines": [line(IO_CHEMO), line("other")]}, "I03", NOT),
    (
        "one line without a PD-(L)1 inhibitor",
        {"prior_lines": [line("platinum_doublet")]},
        "I03",
        NOT,
    ),
    ("no progression", {"prior_lines": [line(IO_CHEMO, "N")]}, "I03", NOT),
    ("progression not recorded", {"prior_lines": [line(IO_CHEMO, "")]}, "I03", UNKNOWN),
    (
        "lesion of 10 mm",
        {"lesions": [{"diameter": "10 mm", "nodal": "N", "irradiated": "N"}]},
        "I04",
        MET,
    ),
    (
        "lesion of 9.9 mm",
        {"lesions": [{"diameter": "9.9 mm", "nodal": "N", "irradiated": "N"}]},
        "I04",
        NOT,
    ),
    (
        "lesion of 1 cm",
        {"lesions": [{"diameter": "1 cm", "nodal": "N", "irradiated": "N"}]},
        "I04",
        MET,
    ),
    (
        "node of 15 mm",
        {"lesions": [{"diameter": "15 mm", "nodal": "Y", "irradiated": "N"}]},
        "I04",
        MET,
    ),
    (
        "node of 14.9 mm",
        {"lesions": [{"diameter": "14.9 mm", "nodal": "Y", "irradiated": "N"}]},
        "I04",
        NOT,
    ),
    (
        "15 mm, node or not is not recorded",
        {"lesions": [{"diameter": "15 mm", "irradiated": "N"}]},
        "I04",
        MET,
    ),
    (
        "12 mm, node or not is not recorded",
        {"lesions": [{"diameter": "12 mm", "irradiated": "N"}]},
        "I04",
        UNKNOWN,
    ),
    (
        "the only lesion was irradiated",
        {"lesions": [{"diameter": "40 mm", "nodal": "N", "irradiated": "Y"}]},
        "I04",
        NOT,
    ),
    (
        "brain metastases without symptoms",
        {"brain_metastases": "Y", "brain_symptoms": "N"},
        "I05",
        MET,
    ),
    (
        "treated, stable for 28 days",
        {
            "brain_metastases": "Y",
            "brain_symptoms": "Y",
            "brain_metastases_treated": "Y",
            "brain_symptoms_stable_since": on("2026-02-16"),
        },
        "I05",
        MET,
    ),
    (
        "treated, stable for 27 days",
        {
            "brain_metastases": "Y",
            "brain_symptoms": "Y",
            "brain_metastases_treated": "Y",
            "brain_symptoms_stable_since": on("2026-02-17"),
        },
        "I05",
        NOT,
    ),
    (
        "treated, stable since some day of February",
        {
            "brain_metastases": "Y",
            "brain_symptoms": "Y",
            "brain_metastases_treated": "Y",
            "brain_symptoms_stable_since": on("2026-02"),
        },
        "I05",
        UNKNOWN,
    ),
    ("ECOG 2", {"ecog": "2"}, "I06", NOT),
    ("ECOG not recorded", {"ecog": None}, "I06", UNKNOWN),
    (
        "life expectancy judged, not signed",
        {"life_expectancy_12_weeks": {"value": "Y", "by": ""}},
        "I07",
        UNKNOWN,
    ),
    (
        "transfusion on the 14th day before",
        {"supportive_treatments": [{"date": "2026-03-02", "kind": "transfusion"}]},
        "I08",
        NOT,
    ),
    (
        "transfusion on the 15th day before",
        {"supportive_treatments": [{"date": "2026-03-01", "kind": "transfusion"}]},
        "I08",
        MET,
    ),
    (
        "growth factor on the day of the first dose",
        {"supportive_treatments": [{"date": "2026-03-16", "kind": "colony_stimulating_factor"}]},
        "I08",
        NOT,
    ),
    (
        "transfusion on some day of March",
        {"supportive_treatments": [{"date": "2026-03", "kind": "transfusion"}]},
        "I08",
        UNKNOWN,
    ),
    (
        "transfusion on some day of February",
        {"supportive_treatments": [{"date": "2026-02", "kind": "transfusion"}]},
        "I08",
        MET,
    ),
    ("transfusions never asked about", {"supportive_treatments": None}, "I08", UNKNOWN),
    ("ANC 1.5", {"ANC": "1.5 10^9/L"}, "I09a", MET),
    ("ANC 1.49", {"ANC": "1.49 10^9/L"}, "I09a", NOT),
    ("ANC 1500 a microlitre", {"ANC": "1500 /uL"}, "I09a", MET),
    ("ANC 1499 a microlitre", {"ANC": "1499 /uL"}, "I09a", NOT),
    ("ANC below 0.5", {"ANC": {"value": "<0.5"}}, "I09a", NOT),
    ("ANC of the 8th day before", {"ANC": on("2026-03-08", value="3")}, "I09a", UNKNOWN),
    ("ANC of the 7th day before", {"ANC": on("2026-03-09", value="3")}, "I09a", MET),
    ("ANC after the first dose", {"ANC": on("2026-03-17", value="3")}, "I09a", UNKNOWN),
    (
        "ANC fell: the last one counts",
        {
            "ANC": [
                lab("ANC", "3", "10^9/L", date="2026-03-10"),
                lab("ANC", "1.4", "10^9/L", date="2026-03-14"),
            ]
        },
        "I09a",
        NOT,
    ),
    (
        "two ANC on one day that disagree",
        {"ANC": [lab("ANC", "3", "10^9/L"), lab("ANC", "1.4", "10^9/L")]},
        "I09a",
        UNKNOWN,
    ),
    (
        "two ANC on one day that agree",
        {"ANC": [lab("ANC", "3", "10^9/L"), lab("ANC", "1.6", "10^9/L")]},
        "I09a",
        MET,
    ),
    ("platelets 100", {"PLT": "100 10^9/L"}, "I09b", MET),
    ("platelets 99", {"PLT": "99 10^9/L"}, "I09b", NOT),
    ("haemoglobin 9.0 g/dL", {"HGB": "9.0 g/dL"}, "I09c", MET),
    ("haemoglobin 8.9 g/dL", {"HGB": "8.9 g/dL"}, "I09c", NOT),
    ("AST 2.5 ULN, no liver metastases", {"AST": "100 U/L"}, "I10a", MET),
    ("AST just above 2.5 ULN, no liver metastases", {"AST": "100.1 U/L"}, "I10a", NOT),
    ("AST just above 2.5 ULN, liver metastases", {"AST": "100.1 U/L", **LIVER}, "I10a", MET),
    ("AST 5 ULN, liver metastases", {"AST": "200 U/L", **LIVER}, "I10a", MET),
    ("AST above 5 ULN, liver metastases", {"AST": "201 U/L", **LIVER}, "I10a", NOT),
    (
        "AST 2 ULN, liver unknown: both branches agree",
        {"AST": "80 U/L", "liver_metastases": None},
        "I10a",
        MET,
    ),
    (
        "AST 6 ULN, liver unknown: both branches agree",
        {"AST": "240 U/L", "liver_metastases": None},
        "I10a",
        NOT,
    ),
    ("AST 3 ULN, liver unknown", {"AST": "120 U/L", "liver_metastases": None}, "I10a", UNKNOWN),
    ("ALT 120, of a laboratory with ULN 50", {"ALT": {"value": "120", "uln": "50"}}, "I10b", MET),
    ("ALT without ULN", {"ALT": {"value": "31", "uln": ""}}, "I10b", UNKNOWN),
    ("albumin 30", {"ALB": "30 g/L"}, "I10c", MET),
    ("albumin 2.9 g/dL", {"ALB": "2.9 g/dL"}, "I10c", NOT),
    ("bilirubin 1.5 ULN", {"TBIL": {"value": "31.5"}}, "I10d", MET),
    ("bilirubin just above 1.5 ULN", {"TBIL": {"value": "31.6"}}, "I10d", NOT),
    # (140 - 60) x 50 x 88.42 / (72 x creatinine) is 50 for a creatinine of 98.2444... umol/L
    (
        "clearance of 50 and a little",
        {"birth": on("1965-06-01"), "weight": "50 kg", "CREAT": "98.24 umol/L"},
        "I11",
        MET,
    ),
    (
        "clearance just below 50",
        {"birth": on("1965-06-01"), "weight": "50 kg", "CREAT": "98.25 umol/L"},
        "I11",
        NOT,
    ),
    # In mg/dL 88.42 cancels: (140 - 68) x 60 / (72 x 1.2) is 50.
    (
        "clearance of exactly 50",
        {"birth": on("1957-06-01"), "weight": "60 kg", "CREAT": "1.2 mg/dL"},
        "I11",
        MET,
    ),
    ("clearance without weight", {"weight": None}, "I11", UNKNOWN),
    (
        "a woman's clearance is 0.85 of it",
        {
            **WOMAN,
            "HCG": lab("HCG", "negative"),
            "birth": on("1957-06-01"),
            "weight": "60 kg",
            "CREAT": "1.2 mg/dL",
        },
        "I11",
        NOT,
    ),
    ("INR 1.5 times the ULN of 1.2", {"INR": {"value": "1.8"}}, "I12a", MET),
    ("INR 1.81", {"INR": {"value": "1.81"}}, "I12a", NOT),
    ("INR of a laboratory that gives no ULN", {"INR": {"uln": ""}}, "I12a", UNKNOWN),
    (
        "a man's partner who can conceive, agreed",
        {"partner_of_childbearing_potential": "Y"},
        "I13",
        MET,
    ),
    (
        "a woman who cannot conceive, nothing agreed",
        {
            **WOMAN,
            "childbearing_potential": "N",
            "partner_of_childbearing_potential": None,
            "agrees_to_contraception": None,
        },
        "I13",
        MET,
    ),
    (
        "a woman who can conceive, nothing recorded",
        {**WOMAN, "agrees_to_contraception": None},
        "I13",
        UNKNOWN,
    ),
    (
        "no contraception agreed",
        {"partner_of_childbearing_potential": "Y", "agrees_to_contraception": "N"},
        "I13",
        NOT,
    ),
    (
        "other trial ended 28 days before enrolment",
        {"other_drug_trials": [{"date": "2025-12", "until": "2026-02-13"}]},
        "E01",
        NOT,
    ),
    (
        "other trial ended 29 days before enrolment",
        {"other_drug_trials": [{"date": "2025-12", "until": "2026-02-12"}]},
        "E01",
        MET,
    ),
    (
        "other trial still running",
        {"other_drug_trials": [{"date": "2025-12", "until": "ongoing"}]},
        "E01",
        NOT,
    ),
    ("high risk of haemoptysis", {"high_risk_of_massive_haemoptysis": "Y"}, "E02", NOT),
    (
        "topotecan before",
        {"prior_lines": [line(f"{IO_CHEMO};topoisomerase_1_inhibitor")]},
        "E04",
        NOT,
    ),
    (
        "other cancer four years ago",
        {"other_malignancies": [{"date": "2022", "diagnosis": "other"}]},
        "E05",
        NOT,
    ),
    (
        "other cancer six years ago",
        {"other_malignancies": [{"date": "2020", "diagnosis": "other"}]},
        "E05",
        MET,
    ),
    (
        "basal cell cancer, well treated",
        {
            "other_malignancies": [
                {"date": "2025", "diagnosis": "skin_basal_cell", "adequately_treated": "Y"}
            ]
        },
        "E05",
        MET,
    ),
    (
        "basal cell cancer, treatment not recorded",
        {"other_malignancies": [{"date": "2025", "diagnosis": "skin_basal_cell"}]},
        "E05",
        UNKNOWN,
    ),
    ("live vaccine on the 30th day before", {"live_vaccines": [on("2026-02-14")]}, "E09", NOT),
    ("live vaccine on the 31st day before", {"live_vaccines": [on("2026-02-13")]}, "E09", MET),
    (
        "suspected ILD, ruled out by imaging",
        {"ild_suspected": "Y", "ild_excluded_by_imaging": "Y"},
        "E10",
        MET,
    ),
    ("suspected ILD, imaging not recorded", {"ild_suspected": "Y"}, "E10", UNKNOWN),
    (
        "embolism three calendar months before, to the day",
        {"pulmonary_embolisms": [on("2025-12-16")]},
        "E11a",
        NOT,
    ),
    ("embolism a day longer ago", {"pulmonary_embolisms": [on("2025-12-15")]}, "E11a", MET),
    ("positive pregnancy test", {**WOMAN, "HCG": lab("HCG", "positive")}, "E16", NOT),
    ("pregnancy not tested", {**WOMAN}, "E16", UNKNOWN),
    (
        "pregnancy not tested, not of childbearing potential",
        {**WOMAN, "childbearing_potential": "N"},
        "E16",
        MET,
    ),
]

QL1706: list[Story] = [
    ("18 on the day of consent", {"birth": on("2008-03-02")}, "I02", MET),
    ("17 on the day of consent", {"birth": on("2008-03-03")}, "I02", NOT),
    ("ECOG 2", {"ecog": "2"}, "I04", NOT),
    ("treated before", {"prior_therapies": [{"kind": "surgery"}]}, "I05", NOT),
    ("no tissue, and nobody judged: the clause never fails", {"tissue_available": "N"}, "I06", MET),
    ("tissue not asked about", {"tissue_available": None}, "I06", MET),
    ("ANC 1.5", {"ANC": "1.5 10^9/L"}, "I09a", MET),
    ("ANC 1.4", {"ANC": "1.4 10^9/L"}, "I09a", NOT),
    ("platelets 100000 a microlitre", {"PLT": "100000 /uL"}, "I09b", MET),
    ("haemoglobin 90", {"HGB": "90 g/L"}, "I09c", MET),
    ("haemoglobin 89", {"HGB": "89 g/L"}, "I09c", NOT),
    (
        "transfusion 14 days before the sample of 12 March",
        {"transfusions": [on("2026-02-26")]},
        "I09c",
        NOT,
    ),
    ("transfusion 15 days before the sample", {"transfusions": [on("2026-02-25")]}, "I09c", MET),
    ("transfusion after the sample", {"transfusions": [on("2026-03-13")]}, "I09c", MET),
    (
        "creatinine at ULN, clearance too low",
        {"CREAT": "97 umol/L", "weight": "40 kg"},
        "I09d",
        MET,
    ),
    ("creatinine above ULN, clearance above 50", {"CREAT": "98 umol/L"}, "I09d", MET),
    # (140 - 68) x 60 / (72 x 1.2) is 50: not above 50, and 1.2 mg/dL is above the ULN of 1.1.
    (
        "creatinine above ULN, clearance of exactly 50",
        {
            "birth": on("1957-06-01"),
            "weight": "60 kg",
            "CREAT": {"value": "1.2", "unit": "mg/dL", "lln": "0.6", "uln": "1.1"},
        },
        "I09d",
        NOT,
    ),
    (
        "creatinine above ULN, weight unknown",
        {"CREAT": "98 umol/L", "weight": None},
        "I09d",
        UNKNOWN,
    ),
    ("creatinine at ULN, weight unknown", {"CREAT": "97 umol/L", "weight": None}, "I09d", MET),
    ("ALT 2.5 ULN", {"ALT": "100 U/L"}, "I09e", MET),
    ("ALT 3 ULN", {"ALT": "120 U/L"}, "I09e", NOT),
    ("ALT 3 ULN, liver metastases", {"ALT": "120 U/L", **LIVER}, "I09e", MET),
    ("ALT 6 ULN, AST unknown: one is enough", {"ALT": "240 U/L", "AST": None}, "I09e", NOT),
    ("bilirubin 40, Gilbert", {"TBIL": {"value": "40"}, "gilbert_syndrome": "Y"}, "I09f", MET),
    ("bilirubin 51.3, Gilbert", {"TBIL": {"value": "51.3"}, "gilbert_syndrome": "Y"}, "I09f", NOT),
    (
        "bilirubin 3 mg/dL, Gilbert: the same 51.3",
        {"TBIL": {"value": "3", "unit": "mg/dL", "uln": "1.2"}, "gilbert_syndrome": "Y"},
        "I09f",
        NOT,
    ),
    (
        "bilirubin 40, Gilbert not asked about",
        {"TBIL": {"value": "40"}, "gilbert_syndrome": None},
        "I09f",
        UNKNOWN,
    ),
    ("TSH 1.1 ULN", {"TSH": {"value": "4.4"}}, "I09g", MET),
    ("TSH above 1.1 ULN", {"TSH": {"value": "4.41"}}, "I09g", NOT),
    ("FT4 0.9 LLN", {"FT4": {"value": "10.8"}}, "I09g", MET),
    ("FT4 below 0.9 LLN", {"FT4": {"value": "10.7"}}, "I09g", NOT),
    (
        "radiotherapy ever",
        {"prior_therapies": [{"date": "1999", "kind": "radiotherapy"}]},
        "E01",
        NOT,
    ),
    (
        "brain metastases without symptoms",
        {"brain_metastases": "Y", "brain_symptoms": "N"},
        "E03",
        MET,
    ),
    ("brain metastases, symptoms unknown", {"brain_metastases": "Y"}, "E03", UNKNOWN),
    (
        "leptomeningeal disease, symptoms unknown",
        {"brain_metastases": "Y", "leptomeningeal_disease": "Y"},
        "E03",
        NOT,
    ),
    (
        "active type 1 diabetes",
        {
            "autoimmune_diseases": [
                {"status": "active", "diagnosis": "type_1_diabetes", "not_expected_to_recur": "N"}
            ]
        },
        "E04",
        MET,
    ),
    (
        "active colitis",
        {
            "autoimmune_diseases": [
                {"status": "active", "diagnosis": "other", "not_expected_to_recur": "N"}
            ]
        },
        "E04",
        NOT,
    ),
    (
        "tuberculosis treated up to a year before consent",
        {"tuberculosis_treatments": [{"date": "2024-09-01", "until": "2025-03-02"}]},
        "E05",
        NOT,
    ),
    (
        "tuberculosis treated up to a day earlier",
        {"tuberculosis_treatments": [{"date": "2024-09-01", "until": "2025-03-01"}]},
        "E05",
        MET,
    ),
    ("HIV antibodies", {"HIVAB": "positive"}, "E09a", NOT),
    ("HIV not tested", {"HIVAB": None}, "E09a", UNKNOWN),
    (
        "HIV tested 28 days before: words have the screening window",
        {"HIVAB": lab("HIVAB", "negative", date="2026-02-16")},
        "E09a",
        MET,
    ),
    (
        "HIV tested 29 days before",
        {"HIVAB": lab("HIVAB", "negative", date="2026-02-15")},
        "E09a",
        UNKNOWN,
    ),
    (
        "HBsAg with 1000 copies",
        {"HBSAG": "positive", "hbv_dna": {"value": "1000", "unit": "copies/mL"}},
        "E09b",
        MET,
    ),
    (
        "HBsAg with 1001 copies",
        {"HBSAG": "positive", "hbv_dna": {"value": "1001", "unit": "copies/mL"}},
        "E09b",
        NOT,
    ),
    (
        "HBsAg with fewer than 500 copies",
        {"HBSAG": "positive", "hbv_dna": {"value": "<500", "unit": "copies/mL"}},
        "E09b",
        MET,
    ),
    ("HBsAg, DNA not measured", {"HBSAG": "positive"}, "E09b", UNKNOWN),
    ("no HBsAg, DNA not measured", {"HBSAG": "negative"}, "E09b", MET),
    ("HCV antibodies without RNA", {"HCAB": "positive", "hcv_rna": "not_detected"}, "E09c", MET),
    ("HCV antibodies with RNA", {"HCAB": "positive", "hcv_rna": "detected"}, "E09c", NOT),
    (
        "herbal medicine on the 14th day before",
        {"antitumour_herbal_medicines": [{"date": "2026-01", "until": "2026-03-02"}]},
        "E12",
        NOT,
    ),
    (
        "herbal medicine up to the 15th day before",
        {"antitumour_herbal_medicines": [{"date": "2026-01", "until": "2026-03-01"}]},
        "E12",
        MET,
    ),
    (
        "cured skin cancer last year",
        {
            "other_malignancies": [
                {"date": "2025-06", "diagnosis": "non_melanoma_skin", "cured": "Y"}
            ]
        },
        "E13",
        MET,
    ),
    ("heart failure NYHA 2", {"nyha_class": "2"}, "E14", NOT),
    ("heart failure NYHA 1", {"nyha_class": "1"}, "E14", MET),
    (
        "stroke six calendar months before, to the day",
        {"cardiovascular_events": [{"date": "2025-09-16", "kind": "stroke"}]},
        "E14",
        NOT,
    ),
    (
        "stroke a day longer ago",
        {"cardiovascular_events": [{"date": "2025-09-15", "kind": "stroke"}]},
        "E14",
        MET,
    ),
    (
        "thrombosis at a catheter",
        {"thromboembolic_events": [{"date": "2026-02", "catheter_related": "Y"}]},
        "E15",
        MET,
    ),
    (
        "thrombosis last month",
        {"thromboembolic_events": [{"date": "2026-02", "catheter_related": "N"}]},
        "E15",
        NOT,
    ),
    (
        "live vaccine on the 28th day before enrolment",
        {"live_vaccines": [on("2026-02-13")]},
        "E16",
        NOT,
    ),
    (
        "live vaccine on the 29th day before enrolment",
        {"live_vaccines": [on("2026-02-12")]},
        "E16",
        MET,
    ),
    (
        "live vaccine, enrolment not dated",
        {"live_vaccines": [on("2026-02-13")], "enrolment": None},
        "E16",
        UNKNOWN,
    ),
    (
        "major surgery on the 28th day before",
        {"surgeries_and_trauma": [{"date": "2026-02-16", "is_major": "Y"}]},
        "E17",
        NOT,
    ),
    (
        "minor surgery last week",
        {"surgeries_and_trauma": [{"date": "2026-03-09", "is_major": "N"}]},
        "E17",
        MET,
    ),
]

TQB2450: list[Story] = [
    ("18 on the day of consent", {"birth": on("2008-03-02")}, "I01", MET),
    ("18 a day later", {"birth": on("2008-03-03")}, "I01", NOT),
    ("70 until the day after consent", {"birth": on("1955-03-03")}, "I01", MET),
    ("71 on the day of consent", {"birth": on("1955-03-02")}, "I01", NOT),
    ("born in 1955, no more is known", {"birth": on("1955")}, "I01", UNKNOWN),
    ("ECOG 2", {"ecog": "2"}, "I02", MET),
    ("ECOG 3", {"ecog": "3"}, "I02", NOT),
    ("life expectancy not judged", {"life_expectancy_3_months": None}, "I03", UNKNOWN),
    ("confirmed by cytology only", {"diagnosis_confirmed_by": "cytology"}, "I04", NOT),
    ("localised disease", {"extent": "localised"}, "I05", NOT),
    ("locally advanced disease", {"extent": "locally_advanced"}, "I05", MET),
    ("a subtype that is not listed", {"histology": "Other"}, "I06", UNKNOWN),
    (
        "a subtype that is not listed, decided",
        {"histology": "Other", "other_subtype_may_enter": {"value": "Y", "by": "Dr Fan"}},
        "I06",
        MET,
    ),
    (
        "ASPS without chemotherapy",
        {
            "histology": "ASPS",
            "prior_lines": {
                "value": "none",
                "date": "",
                "until": "",
                "classes": "",
                "progressed": "",
            },
        },
        "I07",
        MET,
    ),
    (
        "clear cell sarcoma, treatment not recorded",
        {"histology": "Clear cell sarcoma", "prior_lines": None},
        "I07",
        MET,
    ),
    (
        "leiomyosarcoma without chemotherapy",
        {
            "prior_lines": {
                "value": "none",
                "date": "",
                "until": "",
                "classes": "",
                "progressed": "",
            }
        },
        "I07",
        NOT,
    ),
    ("anthracycline without progression", {"prior_lines": {"progressed": "N"}}, "I07", NOT),
    (
        "anthracycline, progression not recorded",
        {"prior_lines": {"progressed": ""}},
        "I07",
        UNKNOWN,
    ),
    ("another chemotherapy", {"prior_lines": {"classes": "other"}}, "I07", NOT),
    ("consent on the day of the first procedure", {"consent": on("2026-03-03")}, "I08", MET),
    ("consent a day after it", {"consent": on("2026-03-04")}, "I08", NOT),
    ("consent in March, day not known", {"consent": on("2026-03")}, "I08", UNKNOWN),
    ("pazopanib before", {"prior_lines": {"classes": "anthracycline;anti_angiogenic"}}, "E01", NOT),
    ("classes not recorded", {"prior_lines": {"classes": ""}}, "E01", UNKNOWN),
    (
        "immunotherapy before",
        {"prior_lines": {"classes": "anthracycline;immunotherapy"}},
        "E02",
        NOT,
    ),
]

STORIES = [
    (study, *story)
    for study, stories in (
        ("nct07388875", SKB264),
        ("nct07083375", QL1706),
        ("tqb2450-ib-02", TQB2450),
    )
    for story in stories
]


@pytest.mark.parametrize(
    ("study", "story", "change", "wanted", "outcome"),
    STORIES,
    ids=[f"{study} {wanted} {story}" for study, story, _, wanted, _ in STORIES],
)
def test_a_candidate_changed_in_one_point(study, story, change, wanted, outcome):
    result = criterion(screened(study, changed(study, change)), wanted)

    assert result.outcome == outcome, reason(result)
    assert bool(result.verdict.missing) == (outcome == UNKNOWN)


@pytest.mark.parametrize("study", CANDIDATES)
def test_the_unchanged_candidate_is_eligible(study):
    answer = screened(study, CANDIDATES[study])

    assert answer.overall == "eligible", [*answer.ids(NOT), *answer.ids(UNKNOWN)]


def test_every_failure_is_listed_and_outweighs_what_is_unknown():
    change = {"ecog": "3", "ANC": "0.9 10^9/L", "severe_asthma": "Y", "weight": None}
    answer = screened("nct07388875", changed("nct07388875", change))

    assert answer.overall == "not_eligible"
    assert answer.ids(NOT) == ["I06", "I09a", "E11b"]
    assert answer.ids(UNKNOWN) == ["I11"]


def test_a_person_of_whom_nothing_is_known_is_unknown_in_every_criterion_that_can_fail():
    answer = screened("nct07083375", [{"fact": "birth", "date": "1960-01-01"}])

    assert answer.overall == "unknown"
    assert [result.criterion.id for result in answer.results if result.outcome == MET] == ["I06"]
