"""Best overall response of one subject, confirmed and not (RECIST 1.1 and iRECIST).

Takes the time-point responses of one subject by one evaluator, derived or
recorded, gives one ``BestResponse``. The sequence that counts runs from the
reference date to the first PD, and ends before a new anti-cancer therapy and
before death. Waits are plain differences of dates: SD counts from
``min_sd_days`` after the reference date on (inclusive), a response is
confirmed by one at least ``confirm_days`` later (inclusive).

Source: Eisenhauer 2009 (E09) sections 4.4.3 and 4.6, table 3; Seymour 2017,
table 3. Knows no lesions and no other subject.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from onearm.clinical.derived import BestResponse
from onearm.clinical.records import Source
from onearm.clinical.sequence import (
    Circumstances,
    Judged,
    Pair,
    Step,
    counts,
    is_part_of_cr,
    pairs_of,
    sequence,
)
from onearm.format import count_of
from onearm.protocol.response import ResponseRules
from onearm.terms import DAYS_PER_MONTH, IResponse, Response

CR, PR, SD = Response.CR, Response.PR, Response.SD
PD, NE, NON_CR_NON_PD = Response.PD, Response.NE, Response.NON_CR_NON_PD
NED = Response.NED

AS_RECIST = {
    IResponse.ICR: CR,
    IResponse.IPR: PR,
    IResponse.ISD: SD,
    IResponse.NON_ICR_NON_IUPD: NON_CR_NON_PD,
    IResponse.NED: NED,
    IResponse.NE: NE,
    IResponse.IUPD: PD,
    IResponse.ICPD: PD,
}
AS_IRECIST = {
    CR: IResponse.ICR,
    PR: IResponse.IPR,
    SD: IResponse.ISD,
    NON_CR_NON_PD: IResponse.NON_ICR_NON_IUPD,
    NED: IResponse.NED,
    NE: IResponse.NE,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A best response with its date and its sentence; None where it cannot be known."""

    response: Response | None
    date: dt.date | None
    reason: str
    sources: tuple[Source, ...] = ()


def best_response(
    subject_id: str,
    evaluator: str,
    points: Sequence[Judged],
    rules: ResponseRules,
    circumstances: Circumstances,
) -> BestResponse:
    """Return the best overall response of one subject by one evaluator.

    Without a reference date the SD minimum cannot be applied: an answer that
    depends on it is None, and the reason says so.
    """
    steps = sequence(points, rules, circumstances)
    best = _unconfirmed(steps, rules, circumstances)
    pairs = pairs_of(steps, rules, circumstances)
    confirmed = _confirmed(steps, pairs, rules, circumstances)
    earliest = min(pairs, key=lambda pair: (pair.first.date, pair.second.date), default=None)
    judged = [point for point in points if point.irecist is not None]
    return BestResponse(
        subject_id,
        evaluator,
        best.response,
        best.date,
        confirmed.response,
        confirmed.date,
        earliest is not None,
        earliest.first.date if earliest else None,
        earliest.second.date if earliest else None,
        has_disease_control(confirmed.response, rules),
        _clinical_benefit(confirmed.response, steps, rules, circumstances),
        *(_ibor(judged, rules, circumstances) if judged else (None, None)),
        ipfs_date(judged) if judged else None,
        confirmed.reason if best.response is confirmed.response else _both(best, confirmed),
        tuple(dict.fromkeys(best.sources + confirmed.sources)),
    )


def _both(best: Answer, confirmed: Answer) -> str:
    return f"unconfirmed {best.reason}; confirmed {confirmed.reason}"


def _wait(step: Step, about: Circumstances) -> int | None:
    return None if about.reference_date is None else (step.date - about.reference_date).days


def _sd_minimum(rules: ResponseRules) -> int:
    return rules.min_sd_days - rules.min_sd_tolerance_days


def _is_late_enough(step: Step, rules: ResponseRules, about: Circumstances) -> bool:
    wait = _wait(step, about)
    return wait is not None and wait >= _sd_minimum(rules)


def _first(steps: Iterable[Step], *responses: Response) -> Step | None:
    return next((step for step in steps if step.response in responses), None)


def _unconfirmed(steps: list[Step], rules: ResponseRules, about: Circumstances) -> Answer:
    """Best of CR > PR > SD > NON-CR/NON-PD > NED > PD > NE; SD from its minimum on."""
    if not steps:
        return _without_data(rules, about)
    for response in (CR, PR):
        if step := _first(steps, response):
            return Answer(response, step.date, f"{response} on {step.date}", step.sources)
    return _without_response(steps, rules, about, SD)


def _without_data(rules: ResponseRules, about: Circumstances) -> Answer:
    if about.death_date is not None:
        if rules.early_death_as_pd:
            return Answer(PD, about.death_date, f"PD: died on {about.death_date}, not assessed")
        return Answer(
            Response(rules.no_data_label),
            None,
            f"{rules.no_data_label}: no assessment that counts before death on {about.death_date}",
        )
    why = f"; {about.stopped}" if about.stopped else ""
    reason = f"{rules.no_data_label}: no assessment that counts{why}"
    return Answer(Response(rules.no_data_label), None, reason)


def _without_response(
    steps: list[Step], rules: ResponseRules, about: Circumstances, *as_sd: Response
) -> Answer:
    """Judge a sequence without (confirmed) response: SD if late enough, else PD or NE."""
    for label, responses in ((SD, as_sd), (NON_CR_NON_PD, (NON_CR_NON_PD,))):
        standing = [step for step in steps if step.response in responses]
        if standing and about.reference_date is None:
            return Answer(None, None, f"{label} or not is unknown: no reference date to count from")
        if step := next((s for s in standing if _is_late_enough(s, rules, about)), None):
            return _stable(step, label, rules, about)
    if ned := _first(steps, NED):
        return Answer(NED, ned.date, f"NED on {ned.date}", ned.sources)
    if pd := _first(steps, PD):
        return Answer(PD, pd.date, f"PD on {pd.date}" + _too_early(steps, rules, about), pd.sources)
    last = steps[-1]
    return Answer(
        NE, None, f"NE: nothing that counts{_too_early(steps, rules, about)}", last.sources
    )


def _stable(step: Step, label: Response, rules: ResponseRules, about: Circumstances) -> Answer:
    wait = _wait(step, about)
    what = "" if step.response is label else f" by {step.response}"
    return Answer(
        label,
        step.date,
        f"{label}{what} on {step.date}, {wait} days from {about.reference_date} "
        f"(at least {_sd_minimum(rules)})",
        step.sources,
    )


def _too_early(steps: list[Step], rules: ResponseRules, about: Circumstances) -> str:
    early = [step for step in steps if step.response in (CR, PR, SD, NON_CR_NON_PD)]
    if not early:
        return ""
    step = early[-1]
    return (
        f"; {step.response} on {step.date} came {count_of(_wait(step, about) or 0, 'day')} "
        f"from {about.reference_date} (at least {_sd_minimum(rules)})"
    )


def _confirmed(
    steps: list[Step], pairs: list[Pair], rules: ResponseRules, about: Circumstances
) -> Answer:
    """Best response with confirmation (E09 4.6.1, table 3)."""
    for response in (CR, PR):
        for pair in pairs:
            if pair.first.response is response:
                return _by_pair(pair, rules)
    if not steps:
        return _without_data(rules, about)
    responses = [step for step in steps if step.response in (CR, PR)]
    if responses and rules.sd_min_applies_to == "first_response_visit":
        answer = _by_table_3(steps, responses[0], rules, about)
    else:
        answer = _without_response(steps, rules, about, CR, PR, SD)
    if answer.response is NE and _is_early_cr(steps) and rules.cr_then_nonpd_early == "pd":
        answer = Answer(
            PD, steps[-1].date, "PD: CR before the SD minimum, then no CR", answer.sources
        )
    if not responses or answer.response is None:
        return answer
    reason = f"{answer.reason}; {responses[0].response} on {responses[0].date} was not confirmed"
    return Answer(answer.response, answer.date, reason, answer.sources)


def _by_table_3(
    steps: list[Step], response: Step, rules: ResponseRules, about: Circumstances
) -> Answer:
    """Judge an unconfirmed response by the letter of E09 table 3.

    The minimum applies to the response itself; a PR that SD follows is SD
    without condition.
    """
    later = steps[steps.index(response) + 1 :]
    if response.response is PR and (sd := _first(later, SD)):
        reason = f"SD: PR on {response.date}, then SD on {sd.date}"
        return Answer(SD, response.date, reason, response.sources + sd.sources)
    kept = [response, *(step for step in later if step.response in (PD, NE))]
    return _without_response(kept, rules, about, CR, PR)


def _is_early_cr(steps: list[Step]) -> bool:
    """Whether a CR is followed by a response other than CR and NE."""
    found = [step.response for step in steps if step.response is not NE]
    return CR in found and any(r is not CR for r in found[found.index(CR) :])


def _by_pair(pair: Pair, rules: ResponseRules) -> Answer:
    wait = (pair.second.date - pair.first.date).days
    return Answer(
        pair.first.response,
        pair.first.date,
        f"{pair.first.response} on {pair.first.date}, confirmed by {pair.second.response} on "
        f"{pair.second.date}, {count_of(wait, 'day')} later (at least {rules.confirm_days})",
        pair.first.sources + pair.second.sources,
    )


def has_disease_control(confirmed: Response | None, rules: ResponseRules) -> bool | None:
    """Return whether a confirmed best response is disease control; None where it is unknown."""
    if confirmed is None:
        return None
    return confirmed in (CR, PR, SD) or (
        confirmed is NON_CR_NON_PD and rules.dcr_counts_non_cr_non_pd
    )


def benefit_limit_days(rules: ResponseRules) -> Fraction:
    """Return the least duration of SD that is a clinical benefit: 6 months are 182.625 days."""
    if rules.cbr_weeks is not None:
        return Fraction(7 * rules.cbr_weeks)
    return Fraction(rules.cbr_months or 6) * DAYS_PER_MONTH


def _clinical_benefit(
    confirmed: Response | None, steps: list[Step], rules: ResponseRules, about: Circumstances
) -> bool | None:
    """CR or PR of any length, or SD of at least ``cbr_months`` (date - start + 1)."""
    if confirmed is None:
        return None
    if confirmed in (CR, PR):
        return True
    if about.reference_date is None or not has_disease_control(confirmed, rules):
        return False
    adequate = [step for step in steps if step.response is not NE]
    days = (adequate[-1].date - about.reference_date).days + 1
    return days >= benefit_limit_days(rules)


def _ibor(
    points: Sequence[Judged], rules: ResponseRules, about: Circumstances
) -> tuple[IResponse | None, dt.date | None]:
    """Best iRECIST response before iCPD, and the first date of the confirmed iCR or iPR.

    iCR > iPR > iSD > ... > iCPD > iUPD > NE. iCR and iPR need confirmation and
    iSD its minimum, as in RECIST 1.1; an iUPD breaks a pair but never blocks a
    later better response.
    """
    steps, last = _isteps(points, rules, about)
    pairs = pairs_of(steps, rules, about)
    first = min((pair.first.date for pair in pairs), default=None)
    return _as_irecist(_confirmed(steps, pairs, rules, about).response, last), first


def unconfirmed_ibor(
    points: Sequence[Judged], rules: ResponseRules, about: Circumstances
) -> IResponse | None:
    """Return the best iRECIST response before iCPD, confirmed or not; None where it is unknown."""
    judged = [point for point in points if point.irecist is not None]
    steps, last = _isteps(judged, rules, about)
    return _as_irecist(_unconfirmed(steps, rules, about).response, last)


def _isteps(
    points: Sequence[Judged], rules: ResponseRules, about: Circumstances
) -> tuple[list[Step], IResponse | None]:
    """Return the iRECIST responses that count, in the words of RECIST 1.1, and the last PD."""
    ordered = sorted(
        (point for point in points if counts(point.date, rules, about)), key=lambda p: p.date
    )
    steps: list[Step] = []
    last = None
    for point in ordered:
        assert point.irecist is not None  # the caller has left the others out
        had_cr = any(step.response is CR for step in steps)
        as_ne = had_cr and point.irecist is IResponse.IPR and is_part_of_cr(point)
        response = NE if as_ne else AS_RECIST[point.irecist]
        steps.append(Step(point.date, response, point.sources))
        if point.irecist in (IResponse.IUPD, IResponse.ICPD):
            last = point.irecist
        if last is IResponse.ICPD:
            break
    return steps, last


def _as_irecist(answer: Response | None, last: IResponse | None) -> IResponse | None:
    if answer is PD:
        return last or IResponse.IUPD
    return None if answer is None else AS_IRECIST.get(answer, IResponse.NE)


def ipfs_date(points: Sequence[Judged]) -> dt.date | None:
    """Return the date of iRECIST progression, None without one.

    It is the iUPD that starts the block which iCPD confirms, or that still
    waits at the end; an iUPD that iSD, iPR or iCR follow is discarded (I17).
    """
    start: dt.date | None = None
    for point in sorted(points, key=lambda p: p.date):
        if point.irecist is IResponse.ICPD:
            return start or point.date
        if point.irecist is IResponse.IUPD:
            start = start or point.date
        elif point.irecist is not IResponse.NE:
            start = None
    return start
