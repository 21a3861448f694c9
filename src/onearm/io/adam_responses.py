"""ADRS: the responses of each time point, and what follows from them, by evaluator.

A record that follows from a time point names it: ``POINT`` holds the code of
the parameter, the day and the visit, and becomes SRCSEQ once the records are
numbered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from onearm.clinical.derived import TimePoint
from onearm.io.adam_metadata import CodeList, Metadata, ParameterAbout
from onearm.io.adam_patient import Judgement, Patient
from onearm.io.adam_tables import STEM, Row, coded, flag, study_day
from onearm.terms import IResponse, Response

POINT = "POINT"
RESPONDED = (Response.CR, Response.PR)
I_RESPONDED = (IResponse.ICR, IResponse.IPR)


def response_rows(patient: Patient, metadata: Metadata, visits: Mapping[str, int]) -> Iterator[Row]:
    """Yield every record of one subject."""
    layout = _Layout(patient, metadata.data_sets["ADRS"].parameters, metadata.code_lists, visits)
    for judgement in patient.judgements:
        best = judgement.best
        if judgement.points or best.best is not None or best.confirmed_best is not None:
            rows = _recist(layout, judgement)
            yield from (row for row in rows if row["AVALC"] is not None)
        if judgement.best.ibor is not None or any(p.irecist for p in judgement.points):
            rows = _irecist(layout, judgement)
            yield from (row for row in rows if row["AVALC"] is not None)
    if patient.records.follow_up is None:
        return
    deaths = [row for row in patient.records.follow_up if row.status == "DEAD"]
    death = min(deaths, key=lambda row: row.date, default=None)
    about = layout.row(
        "DEATH", patient.judgements[0], _yes(death), None if death is None else death.date
    )
    yield {**about, "SRCDOM": "ADSL", "SRCVAR": "DTHDT"}


class _Layout:
    """How a record of one subject is laid out."""

    def __init__(
        self,
        patient: Patient,
        parameters: Mapping[str, ParameterAbout],
        code_lists: Mapping[str, CodeList],
        visits: Mapping[str, int],
    ) -> None:
        self.start = patient.reference_date
        self._parameters = parameters
        self._code_lists = code_lists
        self._visits = visits

    def row(
        self,
        code: str,
        of: Judgement,
        value: str | None,
        day: dt.date | None,
        *,
        point: TimePoint | None = None,
        reason: str | None = None,
    ) -> Row:
        """Return the record of a parameter; with a time point it says where it is from."""
        about = self._parameters[code]
        found: Row = {
            STEM: code,
            "PARAMCD": code if about.is_once else coded(code, of.mark),
            "PARAM": about.label.format(evaluator=of.who),
            "PARCAT1": about.category,
            "PARCAT2": None if about.is_once else of.who,
            "PARCAT3": about.criteria,
            "ADT": day,
            "ADY": study_day(day, self.start),
            "AVALC": value,
            "AVAL": self._number(about.codes, value),
            "ANL01FL": "Y",
            "AREASON": reason,
        }
        if point is not None:
            is_irecist = code.startswith("I")
            name = coded("IOVR" if is_irecist else "OVR", of.mark)
            found |= {
                POINT: (name, point.date, point.visit),
                "AVISIT": point.visit,
                "AVISITN": self._visits[point.visit],
                "SRCDOM": "ADRS",
                "SRCVAR": "AVALC",
            }
        return found

    def _number(self, codes: str | None, value: str | None) -> int | None:
        if value is None or codes is None:
            return None
        return (
            {"Y": 1, "N": 0}.get(value) if codes == "NY" else self._code_lists[codes].numbers[value]
        )


def _yes(found: object) -> str:
    return "Y" if found else "N"


def _recist(layout: _Layout, of: Judgement) -> Iterator[Row]:
    best = of.best
    is_past = False
    for point in of.points:
        row = layout.row("OVR", of, point.overall, point.date, point=point, reason=point.reason)
        counts = (point.date, point.visit) in of.counted
        yield {**row, "ANL01FL": flag(counts), "ANL02FL": flag(not is_past)} | SUM
        is_past = is_past or (counts and point.overall is Response.PD)
    steps = _up_to(of, lambda point: point.overall is Response.PD)
    pd = next((p for p in steps if p.overall is Response.PD), None)
    if of.points:
        yield _from(layout, "PD", of, _yes(pd), pd)
    response = next((p for p in steps if p.overall in RESPONDED), None)
    is_response = None if best.best is None else best.best in RESPONDED
    yield _from(layout, "RSP", of, _known(is_response), response if is_response else None)
    at_best = _at(steps, best.best_date)
    at_confirmed = _at(steps, best.confirmed_best_date)
    yield _from(layout, "BOR", of, best.best, at_best, best.best_date, best.reason)
    yield _from(layout, "BCP", of, _known(is_response), at_best if is_response else None)
    yield _from(layout, "CB", of, _known(of.controls["CB"]), at_best if of.controls["CB"] else None)
    if best.confirmed_best is None and best.confirmed_response is None:
        return
    day = best.confirmed_response_date
    yield _from(layout, "CRSP", of, _known(best.confirmed_response), _at(steps, day), day)
    day = best.confirmed_best_date
    yield _from(layout, "CBOR", of, best.confirmed_best, at_confirmed, day, best.reason)
    is_response = None if best.confirmed_best is None else best.confirmed_best in RESPONDED
    yield _from(layout, "CBCP", of, _known(is_response), at_confirmed if is_response else None)
    for code in ("CCB", "CCBSUS"):
        is_so = of.controls[code]
        yield _from(layout, code, of, _known(is_so), at_confirmed if is_so else None)
    adequate = [p for p in of.points if _counts(p, of) and p.overall is not Response.NE]
    if adequate:
        yield _from(layout, "LSTA", of, adequate[-1].overall, adequate[-1])
    yield layout.row("MDIS", of, _yes(of.is_measurable), of.baseline if of.is_measurable else None)


SUM: Row = {"SRCDOM": "ADTR", "SRCVAR": "AVAL"}


def _irecist(layout: _Layout, of: Judgement) -> Iterator[Row]:
    best, unconfirmed = of.best, of.unconfirmed_ibor
    is_past = False
    for point in of.points:
        if point.irecist is None:
            continue
        reason = point.irecist_reason
        row = layout.row("IOVR", of, point.irecist, point.date, point=point, reason=reason)
        yield {**row, "ANL01FL": flag(_counts(point, of)), "ANL02FL": flag(not is_past)} | SUM
        is_past = is_past or point.irecist is IResponse.ICPD
    steps = _up_to(of, lambda point: point.irecist is IResponse.ICPD)
    response = next((p for p in steps if p.irecist in I_RESPONDED), None)
    is_response = None if unconfirmed is None else unconfirmed in I_RESPONDED
    yield _from(layout, "IRSP", of, _known(is_response), response if is_response else None)
    yield _from(layout, "IBOR", of, unconfirmed, None)
    yield _from(layout, "ICB", of, _known(of.controls["ICB"]), None)
    day = best.confirmed_iresponse_date
    yield _from(layout, "ICRSP", of, _yes(day), _at(steps, day), day)
    yield _from(layout, "ICBOR", of, best.ibor, None)
    yield _from(layout, "ICCB", of, _known(of.controls["ICCB"]), None)
    is_confirmed = any(point.irecist is IResponse.ICPD for point in steps)
    start = _at(steps, best.ipfs_date)
    waiting = start if start is not None and not is_confirmed else None
    yield _from(layout, "ICPD", of, _yes(is_confirmed), start if is_confirmed else None)
    yield _from(layout, "IUPD", of, _yes(waiting), waiting)


def _known(is_so: bool | None) -> str | None:
    return None if is_so is None else _yes(is_so)


def _counts(point: TimePoint, of: Judgement) -> bool:
    return (point.date, point.visit) in of.counted


def _up_to(of: Judgement, is_last: object) -> list[TimePoint]:
    """Return the time points that count, up to and including the first that is the last one."""
    assert callable(is_last)
    steps = []
    for point in of.points:
        if _counts(point, of):
            steps.append(point)
            if is_last(point):
                break
    return steps


def _at(steps: Sequence[TimePoint], day: dt.date | None) -> TimePoint | None:
    return next((point for point in steps if point.date == day), None)


def _from(
    layout: _Layout,
    code: str,
    of: Judgement,
    value: str | None,
    point: TimePoint | None,
    day: dt.date | None = None,
    reason: str | None = None,
) -> Row:
    when = day if point is None else point.date
    return layout.row(code, of, value, when, point=point, reason=reason)
