"""SDTM of a sponsor: each domain as a programmer elsewhere would have written it.

The codes are those of CDISC controlled terminology and of the implementation
guide 3.4; the claim is the record that a study's own table would have given.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

from onearm.errors import Finding
from onearm.io.sdtm import read_sdtm

DM = "DOMAIN,USUBJID,SITEID,AGE,SEX,RFICDTC,RFXSTDTC,DTHDTC,DTHFL,ARMNRS\n"
TREATED = "DM,S1,10,61,F,2026-01-02T09:15,2026-01-08T11:00,,,\n"


def read(
    folder: Path, characteristics: tuple[str, ...] = (), **domains: str
) -> tuple[dict[str, Any], list[Finding]]:
    domains.setdefault("dm", DM + TREATED)
    for name, text in domains.items():
        (folder / f"{name}.csv").write_text(text)
    tables, findings, _ = read_sdtm(folder, characteristics)
    return tables, findings


def errors(findings: list[Finding]) -> list[str]:
    return [str(finding) for finding in findings if finding.severity == "error"]


def test_demographics_give_the_subject_and_ds_the_day_of_enrolment(tmp_path: Path) -> None:
    ds = "DOMAIN,USUBJID,DSSEQ,DSCAT,DSDECOD,DSSTDTC\n"
    ds += "DS,S1,1,PROTOCOL MILESTONE,RANDOMIZED,2026-01-07\n"
    supp = "RDOMAIN,USUBJID,IDVAR,IDVARVAL,QNAM,QLABEL,QVAL\nDM,S1,,,ECOGBL,ecog,1\n"
    tables, findings = read(tmp_path, ("ecog",), ds=ds, suppdm=supp)
    (subject,) = tables["subjects"]

    assert findings == []
    assert (subject.subject_id, subject.site, subject.age_years, subject.sex) == (
        "S1",
        "10",
        61,
        "F",
    )
    assert subject.consent_date == dt.date(2026, 1, 2)
    assert subject.enrolment_date == dt.date(2026, 1, 7)
    assert subject.first_dose_date == dt.date(2026, 1, 8)
    assert subject.characteristics == {"ecog": "1"}


def test_a_screen_failure_is_screened_and_no_subject(tmp_path: Path) -> None:
    dm = DM + TREATED + "DM,S2,10,50,M,2026-01-03,,,,SCREEN FAILURE\n"
    ie = "DOMAIN,USUBJID,IESEQ,IETESTCD\nIE,S2,1,EXCL04\n"
    tables, _ = read(tmp_path, dm=dm, ie=ie)

    assert [subject.subject_id for subject in tables["subjects"]] == ["S1"]
    found = [(row.subject_id, row.is_enrolled, row.criterion) for row in tables["screening"]]
    assert found == [("S1", True, None), ("S2", False, "EXCL04")]


def test_a_death_of_dm_is_a_contact_where_ss_does_not_have_it(tmp_path: Path) -> None:
    dm = DM + TREATED.replace(",,,\n", ",2026-09-01,Y,\n")
    ss = "DOMAIN,USUBJID,SSSEQ,SSTESTCD,SSSTRESC,SSDTC\nSS,S1,1,SURVSTAT,ALIVE,2026-06-01\n"
    tables, _ = read(tmp_path, dm=dm, ss=ss)

    found = [(row.status, row.date) for row in tables["follow_up"]]
    assert found == [("ALIVE", dt.date(2026, 6, 1)), ("DEAD", dt.date(2026, 9, 1))]


def test_exposure_as_collected_counts_where_there_is_no_ex(tmp_path: Path) -> None:
    ec = "DOMAIN,USUBJID,ECSEQ,ECMOOD,ECTRT,ECDOSE,ECDOSU,ECOCCUR,ECSTDTC\n"
    ec += "EC,S1,1,SCHEDULED,X,200,mg,,2026-01-08\nEC,S1,2,PERFORMED,X,150,mg,Y,2026-01-08\n"
    ec += "EC,S1,3,PERFORMED,X,,,N,2026-01-29\n"
    tables, findings = read(tmp_path, ec=ec)
    (dose,) = tables["doses"]

    assert errors(findings) == []
    assert (dose.drug, dose.dose, dose.unit) == ("X", Decimal(150), "mg")
    (note,) = findings
    assert "1 rows of EX say NOT DONE or that nothing occurred" in str(note)


def test_adverse_events_by_the_words_of_cdisc(tmp_path: Path) -> None:
    ae = "DOMAIN,USUBJID,AESEQ,AETERM,AEDECOD,AEBODSYS,AETOXGR,AESTDTC,AEREL,AESER,AEACN,AEOUT\n"
    ae += "AE,S1,1,rash,Rash,Skin,2,2026-02-03T10:00,POSSIBLE,N,DOSE REDUCED,RECOVERED/RESOLVED\n"
    ae += "AE,S1,2,cough,,Chest,1,2026-02,NOT RELATED,N,NOT APPLICABLE,NOT RECOVERED/NOT RESOLVED\n"
    tables, findings = read(tmp_path, ae=ae)
    first, second = tables["adverse_events"]

    assert (first.term, first.grade, first.is_related, first.action, first.outcome) == (
        "Rash", 2, True, "REDUCED", "RECOVERED"
    )  # fmt: skip
    assert first.onset_date == dt.date(2026, 2, 3)
    assert (second.term, second.onset_date, second.is_related, second.action) == (
        "cough", None, False, None
    )  # fmt: skip
    (note,) = findings
    assert str(note).startswith("ae.csv:3: AESTDTC is partial, 2026-02; the date is left out")
    assert note.severity == "note"


def test_a_relation_that_nobody_knows_is_an_error_and_not_a_guess(tmp_path: Path) -> None:
    ae = "DOMAIN,USUBJID,AESEQ,AEDECOD,AEREL\nAE,S1,1,Rash,CANNOT BE EXCLUDED\n"
    _, findings = read(tmp_path, ae=ae)

    line = "ae.csv:2: AEREL must be one of Y, N; got 'CANNOT BE EXCLUDED' for subject S1"
    assert errors(findings) == [line]


def test_laboratory_values_stand_in_original_units_or_else_in_standard_ones(tmp_path: Path) -> None:
    lb = "DOMAIN,USUBJID,LBSEQ,LBTESTCD,LBORRES,LBORRESU,LBORNRHI,"
    lb += "LBSTRESC,LBSTRESU,LBSTNRHI,LBDTC,LBSTAT,LBBLFL\n"
    lb += "LB,S1,1,HGB,12.5,g/dL,16.0,125,g/L,160,2026-01-05,,Y\n"
    lb += "LB,S1,2,ALT,,,,31,U/L,40,2026-01-05T07:30,,\n"
    lb += "LB,S1,3,AST,,,,,,,2026-01-05,NOT DONE,\n"
    tables, findings = read(tmp_path, lb=lb)

    assert errors(findings) == []
    found = [(row.test, row.value, row.unit, row.uln, row.is_baseline) for row in tables["labs"]]
    assert found == [
        ("HGB", "12.5", "g/dL", Decimal("16.0"), True),
        ("ALT", "31", "U/L", Decimal(40), None),
    ]


def test_disposition_by_treatment_and_study(tmp_path: Path) -> None:
    ds = "DOMAIN,USUBJID,DSSEQ,DSCAT,DSSCAT,DSDECOD,DSSTDTC,EPOCH\n"
    ds += "DS,S1,1,DISPOSITION EVENT,STUDY TREATMENT,DISEASE PROGRESSION,2026-05-01,TREATMENT\n"
    ds += (
        "DS,S1,2,DISPOSITION EVENT,STUDY PARTICIPATION,WITHDRAWAL BY SUBJECT,2026-07-01,FOLLOW-UP\n"
    )
    ds += "DS,S1,3,DISPOSITION EVENT,,COMPLETED,2026-01-07,SCREENING\n"
    ds += "DS,S1,4,PROTOCOL MILESTONE,,randomized,2026-01-08,SCREENING\n"
    tables, findings = read(tmp_path, ds=ds)

    assert errors(findings) == []
    found = [(row.scope, row.status, row.reason) for row in tables["disposition"]]
    assert found == [
        ("TREATMENT", "DISCONTINUED", "PROGRESSIVE DISEASE"),
        ("STUDY", "DISCONTINUED", "WITHDRAWAL OF CONSENT"),
    ]
    assert [str(row.enrolment_date) for row in tables["subjects"]] == ["2026-01-08"]
    assert "unused-disposition" not in {finding.code for finding in findings}


def test_medications_and_procedures_go_by_their_category(tmp_path: Path) -> None:
    cm = "DOMAIN,USUBJID,CMSEQ,CMCAT,CMTRT,CMSTDTC\n"
    cm += "CM,S1,1,SUBSEQUENT ANTI-CANCER THERAPY,topotecan,2026-08-01\n"
    cm += "CM,S1,2,PRIOR ANTI-CANCER THERAPY,carboplatin,2024\nCM,S1,3,GENERAL,aspirin,2020-05\n"
    pr = "DOMAIN,USUBJID,PRSEQ,PRCAT,PRSCAT,PRTRT,PRSTDTC\n"
    pr += "PR,S1,1,SUBSEQUENT ANTI-CANCER THERAPY,PALLIATIVE RADIOTHERAPY,bone,2026-08-09\n"
    tables, findings = read(tmp_path, cm=cm, pr=pr)

    assert errors(findings) == []
    assert [(row.kind, row.name) for row in tables["new_therapies"]] == [
        ("SYSTEMIC", "topotecan"), ("PALLIATIVE RADIOTHERAPY", "bone")
    ]  # fmt: skip
    assert [(row.kind, row.name) for row in tables["prior_therapies"]] == [
        ("SYSTEMIC", "carboplatin")
    ]
    assert [row.name for row in tables["conmeds"]] == ["aspirin"]


def test_performance_status_stands_in_rs_or_qs(tmp_path: Path) -> None:
    rs = "DOMAIN,USUBJID,RSSEQ,RSCAT,RSTESTCD,RSSTRESC,RSSTRESN,RSDTC\n"
    rs += "RS,S1,1,ECOG,ECOG101,1,1,2026-01-05\n"
    tables, findings = read(tmp_path, rs=rs)

    assert errors(findings) == []
    assert [(row.scale, row.score) for row in tables["performance"]] == [("ECOG", 1)]
    assert tables["responses"] is None


def test_a_domain_that_is_not_there_was_not_collected(tmp_path: Path) -> None:
    tables, _ = read(tmp_path)

    collected = {name for name, rows in tables.items() if rows is not None}
    assert collected == {"subjects"}


def test_other_files_are_named_and_left_alone(tmp_path: Path) -> None:
    ta = "DOMAIN,STUDYID,ARMCD\nTA,T,A\n"
    _, findings = read(tmp_path, ta=ta, notes="a,b\n1,2\n")

    assert [(finding.severity, str(finding)) for finding in findings] == [
        (
            "warning",
            "notes.csv:1: no variable DOMAIN or RDOMAIN; the file is no SDTM and is not read",
        ),
        ("note", "ta.csv: domain TA is not used (1 rows)"),
    ]


def test_a_vital_sign_that_is_not_used_is_a_note(tmp_path: Path) -> None:
    vs = "DOMAIN,USUBJID,VSSEQ,VSTESTCD,VSORRES,VSORRESU,VSDTC\n"
    vs += "VS,S1,1,WEIGHT,65.2,kg,2026-01-05\nVS,S1,2,BMI,21,kg/m2,2026-01-05\n"
    tables, findings = read(tmp_path, vs=vs)

    assert [(row.test, row.value) for row in tables["vitals"]] == [("WEIGHT", Decimal("65.2"))]
    assert [finding.severity for finding in findings] == ["note"]
    assert "vs.csv: not used, with their rows: VSTESTCD 'BMI' (1)" in str(findings[0])


def test_a_procedure_without_its_kind_is_an_error_and_not_a_guess(tmp_path: Path) -> None:
    pr = "DOMAIN,USUBJID,PRSEQ,PRCAT,PRTRT,PRSTDTC\n"
    pr += "PR,S1,1,SUBSEQUENT ANTI-CANCER THERAPY,bone,2026-08-09\n"
    _, findings = read(tmp_path, pr=pr)

    (line,) = errors(findings)
    assert line.startswith("pr.csv:2: PRSCAT must")


def test_a_death_without_its_day_is_a_warning(tmp_path: Path) -> None:
    tables, findings = read(tmp_path, dm=DM + TREATED.replace(",,,\n", ",,Y,\n"))

    assert tables["follow_up"] is None
    assert [(f.severity, f.code) for f in findings] == [("warning", "death-without-date")]
