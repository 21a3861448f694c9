"""Findings in the words of SDTM: the domain and variable that a user has in hand.

Takes what was found in the records of a study whose data are SDTM, gives the same
findings with variables in place of the columns of our tables. Qualifiers are named
with their SUPP-- data set. Knows no rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from onearm.errors import Finding
from onearm.io.sdtm_forms import FORMS

Tables = Mapping[str, Sequence[Any] | None]

LESIONS = {
    "visit": "VISIT", "date": "TRDTC", "lesion_id": "TRLNKID", "lesion_type": "TUSTRESC",
    "organ": "TULOC", "nodal": "TULOC", "diameter_mm": "TRSTRESC", "state": "TRSTRESC",
    "evaluator": "TREVALID", "method": "TRMETHOD", "slice_mm": "SUPPTR.SLICE",
    "prior_local_therapy": "SUPPTU.PRIORLOC", "progressed_since": "SUPPTU.PROGSNC",
    "parent_id": "TUGRPID",
}  # fmt: skip
RESPONSES = {
    "visit": "VISIT", "date": "RSDTC", "evaluator": "RSEVALID", "accepted": "RSACPTFL",
    "clinically_stable": "SUPPRS.STABLE",
    **dict.fromkeys(("target", "non_target", "new_lesion", "response", "irecist"), "RSSTRESC"),
}  # fmt: skip
OTHERS = {
    "subjects": ("DM", {
        "cohort": "SUPPDM.COHORT", "site": "SITEID", "age_years": "AGE", "sex": "SEX",
        "consent_date": "RFICDTC", "enrolment_date": "DSSTDTC", "first_dose_date": "RFXSTDTC",
        "reference_date": "SUPPDM.REFDTC",
    }),
    "screening": ("DS", {
        "date": "DSSTDTC", "enrolled": "DSDECOD", "criterion": "IETESTCD", "reason": "DSTERM",
    }),
    "lesions": ("TR", LESIONS),
    "responses": ("RS", RESPONSES),
    "performance": ("RS", {"date": "RSDTC", "scale": "RSTESTCD", "score": "RSSTRESN"}),
    "disposition": ("DS", {
        "scope": "DSSCAT", "status": "DSDECOD", "date": "DSSTDTC", "reason": "DSDECOD",
    }),
    "follow_up": ("SS", {"date": "SSDTC", "status": "SSSTRESC", "cause": "SUPPSS.DTHCAUS"}),
}  # fmt: skip


def _names() -> Iterator[tuple[str, tuple[str, dict[str, str]]]]:
    """Yield the domain of each table, and the variable of each column."""
    for form in FORMS:
        more = {column: f"SUPP{form.domain}.{name}" for column, name in form.supplemental.items()}
        yield form.record.TABLE, (form.domain, {**form.pairs, **more})
    yield from OTHERS.items()


NAMES = dict(_names())
"""By table: its domain, and the variable of each column."""

_WORDS = {
    column: variable
    for _, names in NAMES.values()
    for column, variable in names.items()
    if "_" in column
} | {"subject_id": "USUBJID"}
_COLUMN = re.compile(rf"\b({'|'.join(_WORDS)})\b")
_FILE = re.compile(rf"\b({'|'.join(NAMES)})\.csv\b")


def in_sdtm(findings: Iterable[Finding], tables: Tables) -> list[Finding]:
    """Return findings that name the variables and domains that the columns come from."""
    found = list(findings)
    table_at = {
        (row.source.file, row.source.line): name
        for name, rows in (tables.items() if found else ())
        for row in rows or ()
        if name in NAMES
    }
    return [_named(finding, table_at) for finding in found]


def _named(finding: Finding, table_at: Mapping[tuple[str, int | None], str]) -> Finding:
    place = finding.place
    table = None if place is None else table_at.get((place.file, place.line))
    if place is None or table is None:
        return finding
    names = NAMES[table][1]
    own = {**_WORDS, **names, "subject_id": "USUBJID"}
    message = _COLUMN.sub(lambda word: own[word[0]], finding.message)
    message = _FILE.sub(lambda file: NAMES[file[1]][0], message)
    variable = own.get(place.field or "")
    if variable is None:
        return finding._replace(message=message)
    if variable not in message:
        message = f"{variable}: {message}"
    return finding._replace(message=message, place=place._replace(field=variable))
