"""ADSL: one record a subject, and the variables that every other data set takes from it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence

from onearm.clinical.records import Disposition
from onearm.io.adam_metadata import Metadata, VariableAbout
from onearm.io.adam_patient import Patient
from onearm.io.adam_tables import Row, flag, yes_no
from onearm.protocol.model import Protocol

AGE_LIMIT = 65
NAMES = {"ecog": "ECOGBL", "prior_systemic_lines": "PRLINES"}
BUILT_IN = ("age_years", "sex")
FROM_DM = ("RACE", "ETHNIC", "COUNTRY", "ARMCD", "ARM", "ACTARMCD", "ACTARM")
"""Variables of DM that a study without SDTM does not have: in ADSL where DM has them."""

SETS = {
    "ENRLFL": "enrolled",
    "SAFFL": "treated",
    "MEASFL": "treated-measurable",
    "RSPEVFL": "response-evaluable",
}


def characteristic_variables(
    protocol: Protocol, metadata: Metadata
) -> tuple[tuple[str, VariableAbout], ...]:
    """Return a variable for each characteristic of the protocol, by the characteristic's id."""
    taken = set(metadata.data_sets["ADSL"].variables) - set(FROM_DM)
    found = []
    for about in protocol.characteristics:
        if about.id in BUILT_IN:
            continue
        name = NAMES.get(about.id) or _name(about.id, taken)
        taken.add(name)
        kind = "float" if about.kind == "continuous" else "text"
        label = about.label.encode("ascii", "replace").decode()[:40]
        source = f"subjects.{about.id}"
        variable = VariableAbout(name, label, kind, None, False, None, source, "Collected")  # type: ignore[arg-type]
        found.append((about.id, variable))
    return tuple(found)


def absent_from_dm(
    rows: Iterable[Row], characteristics: Iterable[tuple[str, VariableAbout]]
) -> set[str]:
    """Return the variables of DM that no subject has, or that are characteristics."""
    own = {variable.name for _, variable in characteristics}
    present = {name for row in rows for name in FROM_DM if row[name]}
    return {name for name in FROM_DM if name in own or name not in present}


def _name(characteristic: str, taken: set[str]) -> str:
    """Return a name of at most 8 capitals and digits that no variable has yet."""
    stem = re.sub(r"[^A-Z0-9]", "", characteristic.upper()) or "CHAR"
    stem = stem if stem[0].isalpha() else f"C{stem}"
    name, n = stem[:8], 1
    while name in taken:
        n += 1
        name = f"{stem[: 8 - len(str(n))]}{n}"
    return name


def subject_row(
    patient: Patient, protocol: Protocol, more: Sequence[tuple[str, VariableAbout]]
) -> Row:
    """Return the record of one subject."""
    subject, records = patient.records.subject, patient.records
    study, treatment = protocol.study.id, " + ".join(d.name for d in protocol.treatment.drugs)
    deaths = [row for row in records.follow_up or () if row.status == "DEAD"]
    death = min(deaths, key=lambda row: row.date, default=None)
    treated = _disposition(patient, "TREATMENT")
    in_study = _disposition(patient, "STUDY")
    age = subject.age_years
    return {
        "STUDYID": study,
        "USUBJID": f"{study}-{subject.subject_id}",
        "SUBJID": subject.subject_id,
        "SITEID": subject.site,
        "COHORT": subject.cohort,
        "AGE": age,
        "AGEU": None if age is None else "YEARS",
        "AGEGR1": None if age is None else "<65" if age < AGE_LIMIT else ">=65",
        "AGEGR1N": None if age is None else 1 if age < AGE_LIMIT else 2,
        "SEX": subject.sex,
        **{name: subject.demographics.get(name) for name in FROM_DM},
        "TRT01P": treatment,
        "TRT01A": treatment if patient.sets.get("treated") else None,
        **{name: yes_no(patient.sets[of]) for name, of in SETS.items()},
        "RFICDT": subject.consent_date,
        "ENRLDT": subject.enrolment_date,
        "TRTSDT": patient.first_dose,
        "TRTEDT": patient.last_dose,
        "TRTDURD": _days(patient.first_dose, patient.last_dose),
        "REFDT": patient.reference_date,
        "EOTSTT": treated and treated.status,
        "EOTDT": treated and treated.date,
        "DCTREAS": treated and treated.reason,
        "EOSSTT": in_study and in_study.status,
        "EOSDT": in_study and in_study.date,
        "DCSREAS": in_study and in_study.reason,
        "NACTDT": patient.new_therapy,
        "DTHFL": flag(death),
        "DTHDT": death and death.date,
        "DTHCAUS": death and death.cause,
        "LSTALVDT": patient.last_alive,
        **{
            about.name: _number(subject.characteristics.get(name), about)
            for name, about in more
        },
    }  # fmt: skip


def _number(text: str | None, about: VariableAbout) -> object:
    return float(text) if text and about.kind == "float" else text


def _days(first: dt.date | None, last: dt.date | None) -> int | None:
    return None if first is None or last is None else (last - first).days + 1


def _disposition(patient: Patient, scope: str) -> Disposition | None:
    rows = [row for row in patient.records.disposition or () if row.scope.upper() == scope]
    return rows[-1] if rows else None
