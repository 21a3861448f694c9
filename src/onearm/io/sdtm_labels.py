"""Labels of SDTM data sets and variables, as the implementation guide words them.

Source of the wording: CDISC SDTM Implementation Guide 3.4. At most 40 characters.
"""

from __future__ import annotations

DATASETS = {
    "AE": "Adverse Events",
    "CM": "Concomitant/Prior Medications",
    "DM": "Demographics",
    "DS": "Disposition",
    "DV": "Protocol Deviations",
    "EG": "ECG Test Results",
    "EX": "Exposure",
    "IE": "Inclusion/Exclusion Criteria Not Met",
    "LB": "Laboratory Test Results",
    "MH": "Medical History",
    "PR": "Procedures",
    "RELREC": "Related Records",
    "RS": "Disease Response and Clin Classification",
    "SS": "Subject Status",
    "TR": "Tumor/Lesion Results",
    "TU": "Tumor/Lesion Identification",
    "VS": "Vital Signs",
}
WHOLE = {
    "STUDYID": "Study Identifier",
    "DOMAIN": "Domain Abbreviation",
    "RDOMAIN": "Related Domain Abbreviation",
    "USUBJID": "Unique Subject Identifier",
    "SUBJID": "Subject Identifier for the Study",
    "RFSTDTC": "Subject Reference Start Date/Time",
    "RFENDTC": "Subject Reference End Date/Time",
    "RFXSTDTC": "Date/Time of First Study Treatment",
    "RFXENDTC": "Date/Time of Last Study Treatment",
    "RFICDTC": "Date/Time of Informed Consent",
    "DTHDTC": "Date/Time of Death",
    "DTHFL": "Subject Death Flag",
    "SITEID": "Study Site Identifier",
    "AGE": "Age",
    "AGEU": "Age Units",
    "SEX": "Sex",
    "RACE": "Race",
    "ETHNIC": "Ethnicity",
    "COUNTRY": "Country",
    "ARMCD": "Planned Arm Code",
    "ARM": "Description of Planned Arm",
    "ACTARMCD": "Actual Arm Code",
    "ACTARM": "Description of Actual Arm",
    "ARMNRS": "Reason Arm and/or Actual Arm is Null",
    "VISITNUM": "Visit Number",
    "VISIT": "Visit Name",
    "EPOCH": "Epoch",
    "IDVAR": "Identifying Variable",
    "IDVARVAL": "Identifying Variable Value",
    "QNAM": "Qualifier Variable Name",
    "QLABEL": "Qualifier Variable Label",
    "QVAL": "Data Value",
    "QORIG": "Origin",
    "QEVAL": "Evaluator",
    "RELTYPE": "Relationship Type",
    "RELID": "Relationship Identifier",
    "AETERM": "Reported Term for the Adverse Event",
    "AEREL": "Causality",
    "AESER": "Serious Event",
    "AEACN": "Action Taken with Study Treatment",
    "AEOUT": "Outcome of Adverse Event",
    "MHTERM": "Reported Term for the Medical History",
    "DSTERM": "Reported Term for the Disposition Event",
    "DVTERM": "Protocol Deviation Term",
    "LBNAM": "Vendor Name",
    "LBFAST": "Fasting Status",
    "CMINDC": "Indication",
    "CMCLAS": "Medication Class",
    "EXADJ": "Reason for Dose Adjustment",
}
ENDINGS = {
    "SEQ": "Sequence Number",
    "GRPID": "Group ID",
    "LNKID": "Link ID",
    "LNKGRP": "Link Group ID",
    "TESTCD": "Short Name of Test or Examination",
    "TEST": "Name of Test or Examination",
    "CAT": "Category",
    "SCAT": "Subcategory",
    "ORRES": "Result or Finding in Original Units",
    "ORRESU": "Original Units",
    "ORNRLO": "Reference Range Lower Limit-Orig Unit",
    "ORNRHI": "Reference Range Upper Limit-Orig Unit",
    "STRESC": "Character Result/Finding in Std Format",
    "STRESN": "Numeric Result/Finding in Standard Units",
    "STRESU": "Standard Units",
    "STNRLO": "Reference Range Lower Limit-Std Units",
    "STNRHI": "Reference Range Upper Limit-Std Units",
    "STAT": "Completion Status",
    "BLFL": "Baseline Flag",
    "DRVFL": "Derived Flag",
    "ACPTFL": "Accepted Record Flag",
    "EVAL": "Evaluator",
    "EVALID": "Evaluator Identifier",
    "LOC": "Location",
    "METHOD": "Method of Test or Examination",
    "DECOD": "Standardized Term",
    "BODSYS": "Body System or Organ Class",
    "TOXGR": "Standard Toxicity Grade",
    "TRT": "Name of Treatment",
    "DOSE": "Dose",
    "DOSU": "Dose Units",
    "ROUTE": "Route of Administration",
    "DTC": "Date/Time of Collection",
    "STDTC": "Start Date/Time",
    "ENDTC": "End Date/Time",
    "DY": "Study Day of Collection",
    "STDY": "Study Day of Start",
    "ENDY": "Study Day of End",
}


def dataset_label(name: str) -> str:
    """Return the label of a data set, also of a supplemental one."""
    if name.startswith("SUPP"):
        return f"Supplemental Qualifiers for {name[4:]}"
    return DATASETS.get(name, name)


def variable_label(name: str) -> str:
    """Return the label of a variable.

    >>> variable_label("TRLNKID"), variable_label("USUBJID")
    ('Link ID', 'Unique Subject Identifier')
    """
    return WHOLE.get(name) or ENDINGS.get(name[2:]) or name
