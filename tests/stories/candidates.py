"""One eligible candidate for each study, as the rows of a facts file, to change in a story.

The dates hang on the first dose: 16 March 2026.
"""

from __future__ import annotations

import csv
import io
from functools import cache
from pathlib import Path

from onearm.clinical.eligibility import CriterionResult, Screened, screen_person
from onearm.clinical.fact_reading import FactReader
from onearm.pipeline.screen import ReadStudy, read_study

ROOT = Path(__file__).parents[2]
Row = dict[str, str]
Change = dict[str, "str | Row | list[Row] | None"]

DOCTOR = "Dr Lin"
LAB_DAY = "2026-03-12"


def yes_no(names: str, value: str) -> list[Row]:
    return [{"fact": name, "value": value} for name in names.split()]


def none(names: str) -> list[Row]:
    return [{"fact": name, "value": "none"} for name in names.split()]


def judged(names: str, value: str) -> list[Row]:
    return [{"fact": name, "value": value, "by": DOCTOR} for name in names.split()]


def lab(
    test: str, value: str, unit: str = "", lln: str = "", uln: str = "", date: str = LAB_DAY
) -> Row:
    return {"fact": test, "value": value, "unit": unit, "lln": lln, "uln": uln, "date": date}


DATES = [
    {"fact": "birth", "date": "1964-05-20"},
    {"fact": "consent", "date": "2026-03-02"},
    {"fact": "enrolment", "date": "2026-03-13"},
    {"fact": "first_dose", "date": "2026-03-16"},
]
MAN = [{"fact": "sex", "value": "M"}, {"fact": "weight", "value": "72", "unit": "kg"}]
CANCER = [
    {"fact": "ecog", "value": "1"},
    {"fact": "disease", "value": "es_sclc"},
    {"fact": "diagnosis_confirmed_by", "value": "histology"},
]
COUNTS = [
    lab("ANC", "3.2", "10^9/L"),
    lab("PLT", "210", "10^9/L"),
    lab("HGB", "128", "g/L"),
    lab("AST", "28", "U/L", uln="40"),
    lab("ALT", "31", "U/L", uln="40"),
    lab("TBIL", "11", "umol/L", uln="21"),
    lab("CREAT", "80", "umol/L", lln="57", uln="97"),
]

SKB264 = [
    *DATES, *MAN, *CANCER, *COUNTS,
    lab("ALB", "41", "g/L"),
    lab("INR", "1.0", "1", uln="1.2"),
    lab("APTT", "30", "s", uln="38"),
    lab("PT", "12", "s", uln="14"),
    {"fact": "prior_lines", "date": "2025-05-01", "until": "2025-10-20", "progressed": "Y",
     "classes": "pd_1_or_pd_l1;platinum_doublet"},
    {"fact": "lesions", "diameter": "32 mm", "nodal": "N", "irradiated": "N"},
    *yes_no("brain_metastases liver_metastases childbearing_potential", "N"),
    *yes_no("partner_of_childbearing_potential", "N"),
    *yes_no("agrees_to_contraception consent_signed participates_voluntarily", "Y"),
    *judged("life_expectancy_12_weeks able_to_comply", "Y"),
    *judged("high_risk_of_massive_haemoptysis severe_pulmonary_impairment", "N"),
    *judged("serious_concomitant_disease otherwise_unsuitable", "N"),
    *none("supportive_treatments other_drug_trials other_malignancies live_vaccines"),
    *none("pulmonary_embolisms autoimmune_diseases infections"),
    *yes_no("hypersensitivity known_hiv_infection aids_ever known_active_syphilis", "N"),
    *yes_no("allogeneic_transplantation ild_ever_with_steroids ild_current ild_suspected", "N"),
    *yes_no("severe_asthma severe_copd restrictive_lung_disease pleural_effusion", "N"),
    *yes_no("autoimmune_lung_disease prior_pneumonectomy", "N"),
    *yes_no("severe_dry_eye severe_lid_disease corneal_disorder", "N"),
]  # fmt: skip

QL1706 = [
    *DATES, *MAN, *CANCER, *COUNTS,
    lab("TSH", "2.0", "mIU/L", "0.4", "4.0"),
    lab("FT3", "5.0", "pmol/L", "3.1", "6.8"),
    lab("FT4", "15", "pmol/L", "12", "22"),
    lab("HIVAB", "negative"),
    lab("HBSAG", "negative"),
    lab("HCAB", "negative"),
    {"fact": "lesions", "diameter": "32 mm", "nodal": "N"},
    *yes_no("consent_signed willing_to_comply participates_voluntarily tissue_available", "Y"),
    *judged("life_expectancy_3_months", "Y"),
    *judged("significant_neuropsychiatric_disorder otherwise_unsuitable", "N"),
    *judged("other_significant_cardiovascular_disease", "N"),
    *yes_no("liver_metastases brain_metastases leptomeningeal_disease gilbert_syndrome", "N"),
    *yes_no("non_small_cell_component tuberculosis_active needs_systemic_immunosuppression", "N"),
    *yes_no("ild_symptomatic drug_pneumonitis_suspected live_vaccine_planned", "N"),
    *yes_no("absorption_disorder gastrointestinal_obstruction", "N"),
    *yes_no("gastrointestinal_bleeding_or_perforation uncontrolled_infection", "N"),
    *yes_no("hypersensitivity", "N"),
    *none("prior_therapies transfusions autoimmune_diseases tuberculosis_treatments"),
    *none("other_drug_trials antitumour_herbal_medicines other_malignancies"),
    *none("cardiovascular_events thromboembolic_events live_vaccines surgeries_and_trauma"),
    {"fact": "nyha_class", "value": "0"},
]  # fmt: skip

TQB2450 = [
    *DATES[:2],
    {"fact": "first_procedure", "date": "2026-03-03"},
    {"fact": "ecog", "value": "0"},
    {"fact": "disease", "value": "soft_tissue_sarcoma"},
    {"fact": "diagnosis_confirmed_by", "value": "histology"},
    {"fact": "extent", "value": "metastatic"},
    {"fact": "histology", "value": "Leiomyosarcoma"},
    {"fact": "prior_lines", "date": "2025-06", "until": "2025-11", "classes": "anthracycline",
     "progressed": "Y"},
    *judged("life_expectancy_3_months", "Y"),
]  # fmt: skip

CANDIDATES = {"nct07388875": SKB264, "nct07083375": QL1706, "tqb2450-ib-02": TQB2450}


@cache
def study_of(name: str) -> ReadStudy:
    return read_study(ROOT / "studies" / name)


def changed(study: str, change: Change) -> list[Row]:
    """Return the candidate's rows with some facts replaced; None leaves a fact out.

    A bare text replaces the value and keeps unit, date and limits.
    """
    rows = CANDIDATES[study]
    result: list[Row] = []
    for name, new in change.items():
        before = [row for row in rows if row["fact"] == name]
        if isinstance(new, str):
            start = dict(before[0]) if before else {"fact": name}
            words = new.split(" ", 1)
            is_measured = bool(start.get("unit")) and len(words) == 2
            value = {"value": words[0], "unit": words[1]} if is_measured else {"value": new}
            result.append({**start, **value})
        elif isinstance(new, list):
            result += [{"fact": name, **row} for row in new]
        elif new is not None:
            start = before[0] if before and before[0].get("value") != "none" else {}
            result.append({**start, "fact": name, **new})
    return [row for row in rows if row["fact"] not in change] + result


def table(rows: list[Row], subject: str = "S01") -> tuple[list[str], list[tuple[int, list[str]]]]:
    header = list(dict.fromkeys(["subject_id", "fact", *(key for row in rows for key in row)]))
    lines = [{"subject_id": subject, **row} for row in rows]
    return header, [(n, [row.get(k, "") for k in header]) for n, row in enumerate(lines, start=2)]


def as_csv(rows: list[Row], subject: str = "S01") -> str:
    header, lines = table(rows, subject)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *(row for _, row in lines)])
    return text.getvalue()


def screened(study: str, rows: list[Row]) -> Screened:
    read = study_of(study)
    reader = FactReader(read.forms, "facts.csv")
    people = reader.read(*table(rows))
    assert reader.findings == []
    return screen_person(read.protocol.eligibility, read.forms, people[0])


def criterion(answer: Screened, wanted: str) -> CriterionResult:
    return next(result for result in answer.results if result.criterion.id == wanted)
