"""The responses of one subject that count, in order, and which confirm which.

Takes time points, derived or recorded, gives steps up to and including the
first PD, and pairs of a response with the one that confirms it. Waits are plain
differences of dates.

Source: Eisenhauer 2009 (E09) sections 4.4.3 and 4.6.1. Knows no best response.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

from onearm.clinical.records import Source
from onearm.errors import Finding, Place
from onearm.protocol.response import ResponseRules
from onearm.terms import IResponse, Response

CR, PR, SD = Response.CR, Response.PR, Response.SD
PD, NE, NON_CR_NON_PD = Response.PD, Response.NE, Response.NON_CR_NON_PD
NED = Response.NED

WORST_FIRST = (PD, NED, NON_CR_NON_PD, SD, PR, CR, NE)
"""Of several records of one day the worst counts; NE loses to everything."""


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
    stopped: str | None = None  # why and when treatment stopped, in words


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


def sequence(points: Iterable[Judged], rules: ResponseRules, about: Circumstances) -> list[Step]:
    """Return the responses that count, in order, up to and including the first PD."""
    by_day: dict[dt.date, Step] = {}
    for point in points:
        if point.overall is None or not counts(point.date, rules, about):
            continue
        step = Step(point.date, point.overall, point.sources, is_part_of_cr(point))
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


def is_part_of_cr(point: Judged) -> bool:
    """Whether nothing was seen to come back: target CR, non-targets not assessed.

    After a CR such a PR counts as NE, not as PD: E09 speaks of disease seen.
    """
    return point.target is CR and point.non_target is NE


def counts(day: dt.date, rules: ResponseRules, about: Circumstances) -> bool:
    """Return whether a day lies after the reference and before new therapy, death, cut-off."""
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


def cr_then_pr(
    subject_id: str, points: Iterable[Judged], rules: ResponseRules, about: Circumstances
) -> list[Finding]:
    """Return a warning for the first PR after a CR: disease that came back, or never left."""
    what = {
        "pd": "counts as PD",
        "recode": "makes the CR a PR",
        "flag": "stands as it is",
    }[rules.cr_pr]
    had: Judged | None = None
    for point in sorted(points, key=lambda p: p.date):
        if point.overall is CR and counts(point.date, rules, about):
            had = had or point
        if point.overall is PR and had is not None and not is_part_of_cr(point):
            place = point.sources[0]
            message = f"PR on {point.date} after CR on {had.date} {what} (option cr_pr)"
            where = Place(place.file, place.line, field="response")
            return [Finding("warning", "pr-after-cr", message, where, subject_id)]
    return []


def _is_worse(response: Response, than: Response) -> bool:
    return WORST_FIRST.index(response) < WORST_FIRST.index(than)


def _recoded(steps: list[Step]) -> list[Step]:
    """Turn each CR that a PR follows into a PR."""
    last_pr = max((i for i, step in enumerate(steps) if step.response is PR), default=-1)
    return [
        Step(step.date, PR, step.sources) if step.response is CR and i < last_pr else step
        for i, step in enumerate(steps)
    ]


def pairs_of(steps: list[Step], rules: ResponseRules, about: Circumstances) -> list[Pair]:
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
    gaps = [(b.date - a.date).days for a, b in pairwise(span)]
    return sum(max(0, (2 * gap + every - 1) // (2 * every) - 1) for gap in gaps)
