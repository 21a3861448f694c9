"""ADTR: each target at each visit, and the sum of the targets with its changes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence

from onearm.io.adam_metadata import ParameterAbout
from onearm.io.adam_patient import LesionValue, Patient, Scan, Tumours
from onearm.io.adam_tables import STEM, Row, coded, flag, source_of, study_day
from onearm.terms import MICROMETRES_PER_MM, Response

MOST_DIGITS = 9


def tumour_rows(
    patient: Patient, parameters: Mapping[str, ParameterAbout], visits: Mapping[str, int]
) -> Iterator[Row]:
    """Yield a record for each target at each visit, and for each sum, of every evaluator."""
    for tumours in patient.tumours:
        numbers = lesion_numbers([lesion.lesion_id for lesion in _lesions(tumours)])
        bases = {one.lesion_id: one.value_um for one in _lesions(tumours)}
        for scan in tumours.scans:
            at_visit: Row = {"AVISIT": scan.visit, "AVISITN": visits[scan.visit]}
            for lesion in scan.lesions:
                about = parameters["NLDIAM" if lesion.is_nodal else "LDIAM"]
                number = numbers[lesion.lesion_id]
                yield {
                    **at_visit,
                    **_parameter(about, tumours, str(number)),
                    **_lesion(lesion, patient.reference_date),
                    **_from_base(lesion.value_um, bases[lesion.lesion_id], scan),
                }
        for row in _sums(patient, tumours, visits):
            yield {**_parameter(parameters["SDIAM"], tumours, ""), **row}


def _lesions(tumours: Tumours) -> Sequence[LesionValue]:
    return tumours.scans[0].lesions if tumours.scans else ()


def lesion_numbers(names: Sequence[str]) -> dict[str, int]:
    """Return the number of each target: that in its name where all have one, else its place.

    >>> lesion_numbers(["T01", "T02"]), lesion_numbers(["liver", "lung"])
    ({'T01': 1, 'T02': 2}, {'liver': 1, 'lung': 2})
    """
    names = sorted(names)
    inside = [re.findall(r"[0-9]{1,3}$", name) for name in names]
    own = [int(found[0]) for found in inside if found]
    if len(set(own)) == len(names) and all(1 <= number <= MOST_DIGITS for number in own):
        return dict(zip(names, own, strict=True))
    return {name: place for place, name in enumerate(names, 1)}


def _parameter(about: ParameterAbout, tumours: Tumours, number: str) -> Row:
    return {
        STEM: about.code,
        "PARAMCD": coded(about.code, f"{number}{tumours.mark}"),
        "PARAM": about.label.format(evaluator=tumours.who, n=number),
        "PARCAT1": about.category,
        "PARCAT2": tumours.who,
        "PARCAT3": about.criteria,
        "AVALU": "mm",
    }


def _lesion(lesion: LesionValue, reference: dt.date | None) -> Row:
    is_known = lesion.value_um is not None
    return {
        "TRLNKID": lesion.lesion_id,
        "TULOC": lesion.organ,
        "TULOCGR1": "NODAL" if lesion.is_nodal else "NON-NODAL",
        "ADT": lesion.date,
        "ADY": study_day(lesion.date, reference),
        "AVAL": _mm(lesion.value_um),
        "LSEXP": lesion.lesion_id,
        "LSASS": lesion.lesion_id if is_known else None,
        "ANL01FL": flag(is_known),
        **source_of(lesion, "diameter_mm"),
    }


def _mm(length_um: int | None) -> float | None:
    return None if length_um is None else length_um / MICROMETRES_PER_MM


def _sums(patient: Patient, tumours: Tumours, visits: Mapping[str, int]) -> Iterator[Row]:
    """Yield the sums; the nadir of a visit is the smallest complete sum before it."""
    points = {point.visit: point for point in tumours.points}
    had_pd = False
    base_um = nadir_um = None
    for scan in tumours.scans:
        assessed = [one for one in scan.lesions if one.value_um is not None]
        if not scan.lesions:
            continue
        point = points.get(scan.visit)
        is_whole = len(assessed) == len(scan.lesions)
        sum_um = sum(one.value_um or 0 for one in assessed) if assessed else None
        is_pd = point is not None and point.overall is Response.PD
        if scan.is_baseline and is_whole:
            base_um = sum_um
        date = scan.date if point is None else point.date
        yield {
            "AVISIT": scan.visit,
            "AVISITN": visits[scan.visit],
            "ADT": date,
            "ADY": study_day(date, patient.reference_date),
            "AVAL": _mm(sum_um),
            "LSEXP": _names(scan.lesions),
            "LSASS": _names(assessed),
            **_from_base(sum_um, base_um, scan),
            "NADIR": _mm(nadir_um),
            **_change("CHGNAD", "PCHGNAD", sum_um, nadir_um),
            "PDFL": flag(is_pd),
            "ANL01FL": flag(is_whole),
            "ANL02FL": flag(_is_best(scan, patient, tumours)),
            "ANL03FL": flag(is_whole and not is_pd and not had_pd),
            "ANL04FL": flag(is_whole or is_pd),
        }
        had_pd = had_pd or is_pd
        if is_whole and sum_um is not None and (nadir_um is None or sum_um < nadir_um):
            nadir_um = sum_um


def _is_best(scan: Scan, patient: Patient, tumours: Tumours) -> bool:
    best = patient.best_change_visit
    return not tumours.mark and best is not None and scan.visit == best


def _names(lesions: Sequence[LesionValue]) -> str:
    return ", ".join(sorted(one.lesion_id for one in lesions))


def _from_base(value_um: int | None, base_um: int | None, scan: Scan) -> Row:
    return {
        "ABLFL": flag(scan.is_baseline and base_um is not None),
        "BASE": _mm(base_um),
        **_change("CHG", "PCHG", value_um, None if scan.is_baseline else base_um),
    }


def _change(absolute: str, relative: str, sum_um: int | None, from_um: int | None) -> Row:
    if sum_um is None or from_um is None:
        return {}
    change = sum_um - from_um
    return {
        absolute: change / MICROMETRES_PER_MM,
        relative: 100 * change / from_um if from_um else None,
    }
