"""Closed vocabularies and fixed quantities, each stated once.

Where CDISC has a code list, the value is its submission value (ONCRSR for
responses, NY for yes and no); iRECIST values are those of CDISC's iRECIST
supplement. Knows no rule and no format.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction

DAYS_PER_MONTH = Fraction(487, 16)
"""30.4375 = 365.25 / 12: the only place where months and days meet."""

REGISTRY_THRESHOLD_PERCENT = 5
"""A registry lists other than serious events above this share of the subjects (>), its most."""

MICROMETRES_PER_MM = 1000
INVESTIGATOR = "INVESTIGATOR"
"""The evaluator of a record that names none."""


class Response(StrEnum):
    """RECIST 1.1 response of a category, a time point or a subject."""

    CR = "CR"
    PR = "PR"
    SD = "SD"
    NON_CR_NON_PD = "NON-CR/NON-PD"
    NED = "NED"
    PD = "PD"
    NE = "NE"
    MISSING = "MISSING"


class IResponse(StrEnum):
    """iRECIST response of a time point or a subject."""

    ICR = "iCR"
    IPR = "iPR"
    ISD = "iSD"
    NON_ICR_NON_IUPD = "NON-iCR/NON-iUPD"
    NED = "NED"
    IUPD = "iUPD"
    ICPD = "iCPD"
    NE = "NE"


class LesionType(StrEnum):
    """How a lesion was declared."""

    TARGET = "TARGET"
    NON_TARGET = "NON-TARGET"
    NEW = "NEW"


class LesionState(StrEnum):
    """What was seen of a lesion at one scan."""

    MEASURED = "MEASURED"
    PRESENT = "PRESENT"
    ABSENT = "ABSENT"
    TOO_SMALL = "TOO SMALL"
    NOT_DONE = "NOT DONE"
    UNEQUIVOCAL_PROGRESSION = "UNEQUIVOCAL PROGRESSION"
    EQUIVOCAL = "EQUIVOCAL"
    SPLIT = "SPLIT"
    MERGED = "MERGED"


class AnalysisSet(StrEnum):
    """Which subjects an analysis counts."""

    SCREENED = "screened"
    ENROLLED = "enrolled"
    TREATED = "treated"
    TREATED_MEASURABLE = "treated-measurable"
    RESPONSE_EVALUABLE = "response-evaluable"


class Kind(StrEnum):
    """What sort of number a result is; decides how it is printed."""

    COUNT = "count"
    PROPORTION = "proportion"
    DURATION = "duration"
    PERCENT_CHANGE = "percent_change"
    LENGTH = "length"
    RATIO = "ratio"
    P_VALUE = "p_value"
    QUANTITY = "quantity"
    CODE = "code"
    DATE = "date"


BASELINE_VISITS = ("BASELINE", "SCREENING", "SCREEN")
"""Visit labels that mean baseline, in upper case."""

PAIRED_ORGANS = {
    "LEFT LUNG": "LUNG",
    "RIGHT LUNG": "LUNG",
    "LUNGS": "LUNG",
    "LEFT KIDNEY": "KIDNEY",
    "RIGHT KIDNEY": "KIDNEY",
    "KIDNEYS": "KIDNEY",
    "LEFT OVARY": "OVARY",
    "RIGHT OVARY": "OVARY",
    "OVARIES": "OVARY",
    "LYMPH NODES": "LYMPH NODE",
}
"""Names that count as one organ in the limit of two targets an organ."""
