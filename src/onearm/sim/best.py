"""Best overall response over arrays, confirmed and not, RECIST 1.1 and iRECIST.

The same rules as ``clinical.best`` and ``clinical.sequence``, written a second
time for many patients at once; a property test holds them equal. Days are
those since the reference date, 0 where there is none. Sources: Eisenhauer 2009
(E09) sections 4.4.3 and 4.6, table 3; Seymour 2017, table 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from onearm.clinical.best import benefit_limit_days
from onearm.protocol.response import ResponseRules
from onearm.sim.seen import (
    CONFIRMED_PD,
    CR,
    MISSING,
    NE,
    NED,
    NEVER,
    NON_CR_NON_PD,
    NONE,
    PD,
    PR,
    RESPONSES,
    SD,
    Bools,
    Codes,
    Facts,
    Ints,
    TimePoints,
)

NO_DATA = {RESPONSES[NE]: NE, RESPONSES[MISSING]: MISSING}


@dataclass(frozen=True, slots=True)
class Best:
    """Best responses; shape (patients,), codes of ``seen`` and days, 0 where there is none.

    ``known_day`` is the first day on which a response was confirmed. The
    iRECIST fields are None when the time points have none.
    """

    best: Codes
    best_day: Ints
    confirmed_best: Codes
    confirmed_best_day: Ints
    confirmed_response: Bools
    confirmed_response_day: Ints
    confirming_day: Ints
    disease_control: Bools
    clinical_benefit: Bools
    ibor: Codes | None = None
    confirmed_iresponse_day: Ints | None = None
    ipfs_day: Ints | None = None


@dataclass(slots=True)
class Pairs:
    """The earliest confirmed response, and the earliest confirmed CR; days, 0 without one."""

    first: Ints
    second: Ints
    cr: Ints


def best_responses(
    points: TimePoints, rules: ResponseRules, facts: Facts, every: int | None
) -> Best:
    """Return the best response of each patient.

    ``every`` is the planned number of days between assessments, for the option
    ``missed_visit_as_ne``.
    """
    steps, day = _sequence(points, rules, facts)
    pairs = _pairs(steps, day, rules, every)
    best, best_day = _unconfirmed(steps, day, rules, facts)
    confirmed, confirmed_day = _confirmed(steps, day, pairs, rules, facts)
    last = np.where((steps != NONE) & (steps != NE), day, 0).max(axis=0, initial=0)
    irecist = () if points.irecist is None else irecist_responses(points, rules, facts, every)
    return with_benefit((best, best_day, confirmed, confirmed_day), pairs, last, rules, irecist)


def with_benefit(
    found: tuple[Codes, Ints, Codes, Ints],
    pairs: Pairs,
    last: Ints,
    rules: ResponseRules,
    irecist: tuple[Codes, Ints, Ints] | tuple[()],
) -> Best:
    """Return the best responses with disease control and clinical benefit.

    ``found`` holds best response and day, unconfirmed and confirmed; ``last`` is
    the day of the last assessment other than NE.
    """
    confirmed = found[2]
    is_controlled = (confirmed >= CR) & (confirmed <= SD)
    if rules.dcr_counts_non_cr_non_pd:
        is_controlled |= confirmed == NON_CR_NON_PD
    lasts = last + 1 >= ceil(benefit_limit_days(rules))
    has_responded = (confirmed == CR) | (confirmed == PR)
    return Best(
        *found,
        pairs.first > 0,
        pairs.first,
        pairs.second,
        is_controlled,
        has_responded | (is_controlled & lasts),
        *irecist,
    )


def _counts(points: TimePoints, rules: ResponseRules, facts: Facts) -> Bools:
    """Whether a day lies after the reference and before new therapy, death, cut-off."""
    day = points.day
    last = np.minimum(facts.cutoff, facts.death)
    if rules.nact_rule == "exclude_from_start":
        last = np.minimum(last, facts.new_therapy - 1)
    elif rules.nact_rule == "exclude_after_start":
        last = np.minimum(last, facts.new_therapy)
    return np.asarray((day > 0) & (day <= last))


def _sequence(points: TimePoints, rules: ResponseRules, facts: Facts) -> tuple[Codes, Ints]:
    """Return the responses that count, up to and including the first PD, and their days."""
    steps = np.where(_counts(points, rules, facts), points.overall, NONE).astype(np.int8)
    ended = np.zeros(steps.shape[1], dtype=bool)
    had_cr = ended.copy()
    for v, step in enumerate(steps):
        if rules.cr_pr == "pd":
            is_back = (step == PR) & had_cr
            if is_back.any():
                step[is_back] = np.where(_is_part_of_cr(points, v), NE, PD)[is_back]
        step[ended] = NONE
        had_cr |= step == CR
        ended |= step == PD
    if rules.cr_pr == "recode":
        later_pr = np.zeros(steps.shape[1], dtype=bool)
        for step in steps[::-1]:
            later_pr |= step == PR
            step[(step == CR) & later_pr] = PR
    return steps, np.where(steps != NONE, points.day, 0)


def _is_part_of_cr(points: TimePoints, v: int) -> Bools:
    """Whether nothing was seen to come back: target CR, non-targets not assessed."""
    return np.asarray((points.target[v] == CR) & (points.non_target[v] == NE))


def _pairs(steps: Codes, day: Ints, rules: ResponseRules, every: int | None) -> Pairs:
    """Return the earliest confirmed response of each patient (E09 4.6.1).

    Only the few patients that can still gain something are looked at: from each
    response forward until it is confirmed or cannot be any more.
    """
    visits, patients = steps.shape
    pairs = Pairs(*(np.zeros(patients, dtype=day.dtype) for _ in range(3)))
    for i in range(visits - 1):
        start = steps[i]
        may = ((start == CR) & (pairs.cr == 0)) | ((start == PR) & (pairs.first == 0))
        whom = np.flatnonzero(may)
        if whom.size:
            _confirm_from(i, whom, steps, day, pairs, rules, every)
    return pairs


def _confirm_from(
    i: int,
    whom: Ints,
    steps: Codes,
    day: Ints,
    pairs: Pairs,
    rules: ResponseRules,
    every: int | None,
) -> None:
    """Look for what confirms the response at time point ``i`` of some patients."""
    is_cr, begun = steps[i, whom] == CR, day[i, whom]
    previous, had_cr = begun.copy(), is_cr.copy()
    n_ne, n_sd, n_missed = (np.zeros(whom.size, dtype=np.int32) for _ in range(3))
    for j in range(i + 1, len(steps)):
        step, now = steps[j, whom], day[j, whom]
        here = step != NONE
        if rules.missed_visit_as_ne and every:
            missed = np.maximum((2 * (now - previous) + every - 1) // (2 * every) - 1, 0)
            n_missed += np.where(here, missed, 0)
            previous = np.where(here, now, previous)
        is_broken = here & (step == PR) & had_cr
        had_cr |= step == CR
        wait = now - begun
        fits = here & ~is_broken & (wait >= rules.confirm_days)
        if rules.max_confirm_gap_days is not None:
            fits &= wait <= rules.max_confirm_gap_days
        fits &= (n_ne + n_missed <= rules.max_ne_between) & (n_sd <= rules.max_sd_between)
        fits &= (step == CR) | ((step == PR) & ~is_cr)
        _note(pairs, whom[fits], begun[fits], now[fits], is_cr[fits])
        n_ne += step == NE
        n_sd += step == SD
        goes_on = (step == CR) | (step == NE) | (~is_cr & ((step == PR) | (step == SD)))
        stays = ~fits & ~is_broken & (goes_on | ~here)
        if not stays.any():
            return
        if stays.all():
            continue
        whom, is_cr, begun, previous = whom[stays], is_cr[stays], begun[stays], previous[stays]
        had_cr, n_ne, n_sd, n_missed = had_cr[stays], n_ne[stays], n_sd[stays], n_missed[stays]


def _note(pairs: Pairs, whom: Ints, first: Ints, second: Ints, is_cr: Bools) -> None:
    is_earliest = pairs.first[whom] == 0
    pairs.first[whom[is_earliest]] = first[is_earliest]
    pairs.second[whom[is_earliest]] = second[is_earliest]
    pairs.cr[whom[is_cr]] = first[is_cr]


def _first_day(is_it: Bools, day: Ints) -> Ints:
    """Return the day of the first time point where it is so, 0 without one; days increase."""
    found = np.where(is_it, day, NEVER).min(axis=0, initial=NEVER)
    return np.where(found < NEVER, found, 0).astype(day.dtype)


def _unconfirmed(steps: Codes, day: Ints, rules: ResponseRules, facts: Facts) -> tuple[Codes, Ints]:
    """Best of CR > PR > SD > NON-CR/NON-PD > NED > PD > NE; SD from its minimum on."""
    found, when = _without_response(steps, day, steps == SD, rules)
    return _with_data(found, when, steps, day, (PR, CR), rules, facts)


def _with_data(
    found: Codes,
    when: Ints,
    steps: Codes,
    day: Ints,
    responses: tuple[int, ...],
    rules: ResponseRules,
    facts: Facts,
) -> tuple[Codes, Ints]:
    """Put responses over what was found, and the label of no data where nothing counts."""
    for response in responses:
        first = _first_day(steps == response, day)
        found = np.where(first > 0, response, found)
        when = np.where(first > 0, first, when)
    nothing = ~(steps != NONE).any(axis=0)
    has_died = nothing & (facts.death < NEVER) & rules.early_death_as_pd
    found = np.where(nothing, code_without_data(rules), found)
    found = np.where(has_died, PD, found).astype(np.int8)
    return found, np.where(nothing, np.where(has_died, facts.death, 0), when)


def code_without_data(rules: ResponseRules) -> int:
    """Return the best response of a patient of whom nothing counts."""
    return NO_DATA[RESPONSES_BY_LABEL[rules.no_data_label]]


RESPONSES_BY_LABEL = {response.value: response for response in NO_DATA if response is not None}


def _without_response(
    steps: Codes, day: Ints, as_sd: Bools, rules: ResponseRules
) -> tuple[Codes, Ints]:
    """Judge sequences without (confirmed) response: SD if late enough, else PD or NE."""
    is_late = day >= rules.min_sd_days - rules.min_sd_tolerance_days
    found = np.full(steps.shape[1], NE, dtype=np.int8)
    when = np.zeros(steps.shape[1], dtype=day.dtype)
    for code, is_it in (
        (PD, steps == PD),
        (NED, steps == NED),
        (NON_CR_NON_PD, (steps == NON_CR_NON_PD) & is_late),
        (SD, as_sd & is_late),
    ):
        if not is_it.any():
            continue
        first = _first_day(is_it, day)
        found = np.where(first > 0, code, found).astype(np.int8)
        when = np.where(first > 0, first, when)
    return found, when


def _confirmed(
    steps: Codes, day: Ints, pairs: Pairs, rules: ResponseRules, facts: Facts
) -> tuple[Codes, Ints]:
    """Best response with confirmation (E09 4.6.1, table 3)."""
    is_response = (steps == CR) | (steps == PR)
    found, when = _without_response(steps, day, is_response | (steps == SD), rules)
    if rules.sd_min_applies_to == "first_response_visit":
        literal, literal_day = _by_table_3(steps, day, is_response, rules)
        has_response = is_response.any(axis=0)
        found = np.where(has_response, literal, found)
        when = np.where(has_response, literal_day, when)
    if rules.cr_then_nonpd_early == "pd":
        is_early = (found == NE) & _is_early_cr(steps)
        found = np.where(is_early, PD, found)
        when = np.where(is_early, day.max(axis=0, initial=0), when)
    found, when = _with_data(found, when, steps, day, (), rules, facts)
    has_pr, has_cr = pairs.first > 0, pairs.cr > 0
    found = np.where(has_cr, CR, np.where(has_pr, PR, found)).astype(np.int8)
    return found, np.where(has_cr, pairs.cr, np.where(has_pr, pairs.first, when))


def _by_table_3(
    steps: Codes, day: Ints, is_response: Bools, rules: ResponseRules
) -> tuple[Codes, Ints]:
    """Judge an unconfirmed response by the letter of E09 table 3."""
    patients = np.arange(steps.shape[1])
    at = is_response.argmax(axis=0)
    response, when = steps[at, patients], day[at, patients]
    is_later = np.arange(len(steps))[:, None] > at
    sd_follows = (response == PR) & ((steps == SD) & is_later).any(axis=0)
    is_late = when >= rules.min_sd_days - rules.min_sd_tolerance_days
    pd_day = _first_day(steps == PD, day)
    is_sd = sd_follows | is_late
    found = np.where(is_sd, SD, np.where(pd_day > 0, PD, NE)).astype(np.int8)
    return found, np.where(is_sd, when, pd_day)


def _is_early_cr(steps: Codes) -> Bools:
    """Whether a CR is followed by a response other than CR and NE."""
    had_cr = np.zeros(steps.shape[1], dtype=bool)
    found = had_cr.copy()
    for step in steps:
        found |= had_cr & (step != NONE) & (step != NE) & (step != CR)
        had_cr |= step == CR
    return found


def irecist_responses(
    points: TimePoints, rules: ResponseRules, facts: Facts, every: int | None
) -> tuple[Codes, Ints, Ints]:
    """Best iRECIST response before iCPD, first day of the confirmed response, day of iPFS."""
    assert points.irecist is not None  # the caller has checked
    letters = np.where(_counts(points, rules, facts), points.irecist, NONE)
    steps = letters.astype(np.int8)
    had_cr = np.zeros(steps.shape[1], dtype=bool)
    ended, last = had_cr.copy(), np.zeros(steps.shape[1], dtype=np.int8)
    for v, step in enumerate(steps):
        step[ended] = NONE
        step[(step == PR) & had_cr & _is_part_of_cr(points, v)] = NE
        is_progression = (step == PD) | (step == CONFIRMED_PD)
        last = np.where(is_progression, step, last)
        ended |= step == CONFIRMED_PD
        step[step == CONFIRMED_PD] = PD
        had_cr |= step == CR
    day = np.where(steps != NONE, points.day, 0)
    pairs = _pairs(steps, day, rules, every)
    found, _ = _confirmed(steps, day, pairs, rules, facts)
    found = np.where(found == PD, np.where(last == NONE, PD, last), found)
    found = np.where(found == MISSING, NE, found)
    is_judged = (points.irecist != NONE).any(axis=0)
    return (
        np.where(is_judged, found, NONE).astype(np.int8),
        np.where(is_judged, pairs.first, 0),
        _ipfs_day(points),
    )


def _ipfs_day(points: TimePoints) -> Ints:
    """Return the day of the iUPD that iCPD confirms, or that still waits at the end (I17)."""
    assert points.irecist is not None  # the caller has checked
    start = np.zeros(points.day.shape[1], dtype=points.day.dtype)
    is_over = np.zeros(points.day.shape[1], dtype=bool)
    for letter, day in zip(points.irecist, points.day, strict=True):
        opens = ((letter == PD) | (letter == CONFIRMED_PD)) & (start == 0) & ~is_over
        start = np.where(opens, day, start)
        is_over |= letter == CONFIRMED_PD
        closes = (letter != NONE) & (letter != PD) & (letter != NE) & ~is_over
        start = np.where(closes, 0, start)
    return start
