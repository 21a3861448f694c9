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
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

from onearm.clinical.derived import BestResponse
from onearm.clinical.records import Source
from onearm.format import count_of
from onearm.protocol.response import ResponseRules
from onearm.terms import DAYS_PER_MONTH, IResponse, Response

CR, PR, SD = Response.CR, Response.PR, Response.SD
PD, NE, NON_CR_NON_PD = Response.PD, Response.NE, Response.NON_CR_NON_PD
NED = Response.NED

WORST_FIRST = (PD, NED, NON_CR_NON_PD, SD, PR, CR, NE)
"""Of several records of one day the worst counts; NE loses to everything."""

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


class Judged(Protocol):
    """A time point with its responses, derived (TimePoint) or recorded."""

    @property
    def date(self) -> dt.date: ...  # noqa: D102
    @property
    def overall(self) -> Response | None: ...  # noqa: D102
    @property
    def target(self) -> Response | None: ...  # noqa: D102
    @property
    def non_target(self) -> Response | None: ...  # noqa: D102
    @property
    def irecist(self) -> IResponse | None: ...  # noqa: D102
    @property
    def sources(self) -> tuple[Source, ...]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else bounds the sequence of one subject."""

    reference_date: dt.date | None = None
    new_therapy_date: dt.date | None = None
    death_date: dt.date | None = None
    cutoff: dt.date | None = None
    assess_every_days: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One response in the sequence that counts."""

    date: dt.date
    response: Response
    sources: tuple[Source, ...]
    is_part_of_cr: bool = False  # PR only because non-targets were not assessed


@dataclass(frozen=True, slots=True)
class Pair:
    """A response and the one that confirms it."""

    first: Step
    second: Step


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
    steps = _sequence(points, rules, circumstances)
    best = _unconfirmed(steps, rules, circumstances)
    pairs = _pairs(steps, rules, circumstances)
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
        _disease_control(confirmed.response, rules),
        _clinical_benefit(confirmed.response, steps, rules, circumstances),
        *(_ibor(judged, rules, circumstances) if judged else (None, None)),
        ipfs_date(judged) if judged else None,
        confirmed.reason if best.response is confirmed.response else _both(best, confirmed),
        tuple(dict.fromkeys(best.sources + confirmed.sources)),
    )


def _both(best: Answer, confirmed: Answer) -> str:
    return f"unconfirmed {best.reason}; confirmed {confirmed.reason}"


def _sequence(points: Iterable[Judged], rules: ResponseRules, about: Circumstances) -> list[Step]:
    """Return the responses that count, in order, up to and including the first PD."""
    by_day: dict[dt.date, Step] = {}
    for point in points:
        if point.overall is None or not _counts(point.date, rules, about):
            continue
        step = Step(point.date, point.overall, point.sources, _is_part_of_cr(point))
        known = by_day.get(step.date)
        if known is None or _is_worse(step.response, known.response):
            by_day[step.date] = step
    steps: list[Step] = []
    for day in sorted(by_day):
        step = by_day[day]
        had_cr = any(earlier.response is CR for earlier in steps)
        if step.response is PR and had_cr and rules.cr_pr == "pd":
            step = replace(step, response=NE if step.is_part_of_cr else PD)
        steps.append(step)
        if step.response is PD:
            break
    if rules.cr_pr == "recode":
        return _recoded(steps)
    return steps


def _is_part_of_cr(point: Judged) -> bool:
    """Whether nothing was seen to come back: target CR, non-targets not assessed.

    After a CR such a PR counts as NE, not as PD: E09 speaks of disease seen.
    """
    return point.target is CR and point.non_target is NE


def _counts(day: dt.date, rules: ResponseRules, about: Circumstances) -> bool:
    if about.reference_date is not None and day <= about.reference_date:
        return False
    if about.cutoff is not None and day > about.cutoff:
        return False
    if about.death_date is not None and day > about.death_date:
        return False
    if about.new_therapy_date is None or rules.nact_rule == "ignore":
        return True
    if rules.nact_rule == "exclude_from_start":
        return day < about.new_therapy_date
    return day <= about.new_therapy_date


def _is_worse(response: Response, than: Response) -> bool:
    return WORST_FIRST.index(response) < WORST_FIRST.index(than)


def _recoded(steps: list[Step]) -> list[Step]:
    """Turn each CR that a PR follows into a PR."""
    last_pr = max((i for i, step in enumerate(steps) if step.response is PR), default=-1)
    return [
        Step(step.date, PR, step.sources) if step.response is CR and i < last_pr else step
        for i, step in enumerate(steps)
    ]


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
    return Answer(
        Response(rules.no_data_label), None, f"{rules.no_data_label}: no assessment that counts"
    )


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


def _pairs(steps: list[Step], rules: ResponseRules, about: Circumstances) -> list[Pair]:
    """Return, for each response that is confirmed, the earliest confirming one (E09 4.6.1)."""
    pairs = []
    for i, first in enumerate(steps):
        if first.response not in (CR, PR):
            continue
        for j in range(i + 1, len(steps)):
            if _confirms(steps[i : j + 1], rules, about):
                pairs.append(Pair(first, steps[j]))
                break
    return pairs


def _confirms(span: list[Step], rules: ResponseRules, about: Circumstances) -> bool:
    """Whether the last step of a span confirms its first.

    A CR is confirmed by a CR with only CR or NE between; a PR by a CR or PR
    with only CR, PR, SD or NE between, and no PR after a CR.
    """
    first, last, between = span[0], span[-1], span[1:-1]
    wait = (last.date - first.date).days
    if wait < rules.confirm_days:
        return False
    if rules.max_confirm_gap_days is not None and wait > rules.max_confirm_gap_days:
        return False
    n_ne = sum(step.response is NE for step in between)
    if rules.missed_visit_as_ne:
        n_ne += _missed(span, about)
    if n_ne > rules.max_ne_between:
        return False
    if first.response is CR:
        return last.response is CR and all(step.response in (CR, NE) for step in between)
    if last.response not in (CR, PR) or any(
        step.response not in (CR, PR, SD, NE) for step in between
    ):
        return False
    if sum(step.response is SD for step in between) > rules.max_sd_between:
        return False
    crs = [i for i, step in enumerate(span) if step.response is CR]
    return not crs or all(step.response is not PR for step in span[crs[0] :])


def _missed(span: list[Step], about: Circumstances) -> int:
    """Return how many planned assessments are missing inside a span."""
    every = about.assess_every_days
    if not every:
        return 0
    gaps = [(b.date - a.date).days for a, b in itertools.pairwise(span)]
    return sum(max(0, (2 * gap + every - 1) // (2 * every) - 1) for gap in gaps)


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


def _disease_control(confirmed: Response | None, rules: ResponseRules) -> bool | None:
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
    if about.reference_date is None or not _disease_control(confirmed, rules):
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
    ordered = sorted(
        (point for point in points if _counts(point.date, rules, about)), key=lambda p: p.date
    )
    steps: list[Step] = []
    last = None
    for point in ordered:
        assert point.irecist is not None  # the caller has left the others out
        steps.append(Step(point.date, AS_RECIST[point.irecist], point.sources))
        if point.irecist in (IResponse.IUPD, IResponse.ICPD):
            last = point.irecist
        if last is IResponse.ICPD:
            break
    pairs = _pairs(steps, rules, about)
    first = min((pair.first.date for pair in pairs), default=None)
    answer = _confirmed(steps, pairs, rules, about).response
    if answer is PD:
        return last or IResponse.IUPD, first
    return None if answer is None else AS_IRECIST.get(answer, IResponse.NE), first


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
