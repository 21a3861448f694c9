"""Tables and domains that go over into each other row by row, each pair stated once.

Read by ``io.sdtm`` on the way in and by ``io.sdtm_out`` on the way out. A
variable that SDTM does not have is a supplemental qualifier (SUPP--) of at most
eight letters; it stands under ``supplemental``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from onearm.clinical.records import (
    AdverseEvent,
    Biomarker,
    Conmed,
    Deviation,
    Dose,
    Ecg,
    History,
    Lab,
    NewTherapy,
    PriorTherapy,
    Row,
    Vital,
)

YES_NO = {"Y": "Y", "N": "N"}
ACTIONS = {
    "NONE": "DOSE NOT CHANGED",
    "INTERRUPTED": "DRUG INTERRUPTED",
    "REDUCED": "DOSE REDUCED",
    "DISCONTINUED": "DRUG WITHDRAWN",
}
OUTCOMES = {
    "RECOVERED": "RECOVERED/RESOLVED",
    "RECOVERING": "RECOVERING/RESOLVING",
    "NOT RECOVERED": "NOT RECOVERED/NOT RESOLVED",
    "SEQUELAE": "RECOVERED/RESOLVED WITH SEQUELAE",
    "FATAL": "FATAL",
    "UNKNOWN": "UNKNOWN",
}
RELATED = {
    **dict.fromkeys(("Y", "YES", "RELATED", "POSSIBLE", "POSSIBLY RELATED", "PROBABLE"), "Y"),
    **dict.fromkeys(("PROBABLY RELATED", "DEFINITE", "DEFINITELY RELATED"), "Y"),
    **dict.fromkeys(("N", "NO", "NOT RELATED", "UNRELATED", "NONE", "REMOTE"), "N"),
    **dict.fromkeys(("UNLIKELY", "UNLIKELY RELATED"), "N"),
}
"""AEREL has no code list: these words are known, others need the mapping file."""


@dataclass(frozen=True, slots=True)
class Form:
    """How one table stands in one domain.

    ``pairs`` maps column to variable; ``where`` says which rows of the domain
    are this table's, and what they are given; ``codes`` maps our codes to
    theirs, ``also`` further codes of theirs to ours ("" for none).
    """

    record: type[Row]
    domain: str
    pairs: Mapping[str, str]
    supplemental: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    also: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    second: Mapping[str, str] = field(default_factory=dict)  # where the first variable is empty
    copied: Mapping[str, str] = field(default_factory=dict)  # written from another variable


NEW_THERAPY, PRIOR_THERAPY = "SUBSEQUENT ANTI-CANCER THERAPY", "PRIOR ANTI-CANCER THERAPY"
CONCOMITANT, BIOMARKER = "CONCOMITANT MEDICATION", "BIOMARKER"
_PERIOD = {"start_date": "STDTC", "end_date": "ENDTC"}
_PRIOR = {"line": "LINE", "classes": "CLASSES", "best_response": "BESTRESP"}
_PRIOR |= {"progressed": "PROGRSN"}


def _period(domain: str) -> dict[str, str]:
    return {column: domain + variable for column, variable in _PERIOD.items()}


FORMS = (
    Form(
        Dose,
        "EX",
        {
            "drug": "EXTRT",
            **_period("EX"),
            "dose": "EXDOSE",
            "unit": "EXDOSU",
            "route": "EXROUTE",
            "change_reason": "EXADJ",
        },
        {"cycle": "CYCLE", "infusion_minutes": "INFMIN", "change": "DOSECHG"},
    ),
    Form(
        AdverseEvent,
        "AE",
        {
            "term": "AEDECOD",
            "system_organ_class": "AEBODSYS",
            "grade": "AETOXGR",
            "onset_date": "AESTDTC",
            "end_date": "AEENDTC",
            "related": "AEREL",
            "serious": "AESER",
            "action": "AEACN",
            "outcome": "AEOUT",
        },
        {"related_to": "RELTO", "immune_related": "IMMUNE", "action_drugs": "ACNDRUGS"},
        codes={"action": ACTIONS, "outcome": OUTCOMES},
        also={
            "related": RELATED,
            "action": dict.fromkeys(("NOT APPLICABLE", "UNKNOWN", "DOSE INCREASED"), ""),
        },
        second={"AEDECOD": "AETERM", "AEBODSYS": "AESOC"},
        copied={"AETERM": "AEDECOD"},
    ),
    Form(
        Biomarker,
        "LB",
        {"date": "LBDTC", "marker": "LBTESTCD", "value": "LBORRES", "unit": "LBORRESU"},
        where={"LBCAT": BIOMARKER},
        copied={"LBTEST": "LBTESTCD", "LBSTRESC": "LBORRES", "LBSTRESU": "LBORRESU"},
    ),
    Form(
        Lab,
        "LB",
        {
            "date": "LBDTC",
            "test": "LBTESTCD",
            "value": "LBORRES",
            "unit": "LBORRESU",
            "lln": "LBORNRLO",
            "uln": "LBORNRHI",
            "baseline": "LBBLFL",
            "site": "LBNAM",
            "fasting": "LBFAST",
        },
        {
            "symptomatic": "SYMPTOM",
            "consequence": "CONSEQ",
            "anticoagulated": "ANTICOAG",
            "transfused": "TRANSFUS",
            "albumin": "ALBUMIN",
        },
        second={
            "LBORRES": "LBSTRESC",
            "LBORRESU": "LBSTRESU",
            "LBORNRLO": "LBSTNRLO",
            "LBORNRHI": "LBSTNRHI",
        },
        copied={
            "LBTEST": "LBTESTCD",
            "LBSTRESC": "LBORRES",
            "LBSTRESU": "LBORRESU",
            "LBSTNRLO": "LBORNRLO",
            "LBSTNRHI": "LBORNRHI",
        },
    ),
    Form(
        Vital,
        "VS",
        {"date": "VSDTC", "test": "VSTESTCD", "value": "VSORRES", "unit": "VSORRESU"},
        second={"VSORRES": "VSSTRESC", "VSORRESU": "VSSTRESU"},
        copied={"VSTEST": "VSTESTCD", "VSSTRESC": "VSORRES", "VSSTRESU": "VSORRESU"},
    ),
    Form(
        Ecg,
        "EG",
        {"date": "EGDTC", "test": "EGTESTCD", "value": "EGORRES", "unit": "EGORRESU"},
        second={"EGORRES": "EGSTRESC", "EGORRESU": "EGSTRESU"},
        copied={"EGTEST": "EGTESTCD", "EGSTRESC": "EGORRES", "EGSTRESU": "EGORRESU"},
    ),
    Form(
        History,
        "MH",
        {"term": "MHDECOD", **_period("MH")},
        {"ongoing": "ONGOING"},
        second={"MHDECOD": "MHTERM"},
        copied={"MHTERM": "MHDECOD"},
    ),
    Form(
        Deviation,
        "DV",
        {"date": "DVSTDTC", "category": "DVCAT", "severity": "DVSCAT", "description": "DVTERM"},
    ),
    *(
        Form(
            NewTherapy,
            domain,
            {"name": f"{domain}TRT", "start_date": f"{domain}STDTC", "kind": f"{domain}SCAT"},
            where={f"{domain}CAT": NEW_THERAPY},
        )
        for domain in ("CM", "PR")
    ),
    *(
        Form(
            PriorTherapy,
            domain,
            {"name": f"{domain}TRT", **_period(domain), "kind": f"{domain}SCAT"},
            _PRIOR,
            where={f"{domain}CAT": PRIOR_THERAPY},
        )
        for domain in ("CM", "PR")
    ),
    Form(
        Conmed,
        "CM",
        {"name": "CMTRT", **_period("CM"), "class": "CMCLAS", "indication": "CMINDC"},
    ),
)
"""A row belongs to the first form of its domain whose ``where`` it fits."""
