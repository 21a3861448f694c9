"""The response rate after a two-stage design: estimates, test and interval that respect it.

Takes confirmed responses by enrolment, gives rows beside the naive ones. The
first n1 subjects by enrolment are stage 1; a trial that has not reached a
decision yet gets no rows.
"""

from __future__ import annotations

import datetime as dt

from onearm.protocol.planned_design import SimonDesign
from onearm.results.design_rows import planned_design
from onearm.results.ledger import Entry, Ledger, Person, Population
from onearm.results.model import Contribution
from onearm.results.plan import ALL, Analysis
from onearm.stats.after_two_stage import AfterTwoStage, after_two_stage
from onearm.terms import Kind

CLOSED = ("active-not-recruiting", "completed", "terminated")
"""States of a study in which the attained number of subjects is final."""

STOPPED = "the design stopped after stage 1"

STATISTICS = {
    "umvue": "unbiased estimate of least variance (Jung and Kim 2004)",
    "bias_corrected": "naive estimate less its bias (Guo and Liu 2005)",
    "median_unbiased": "rate with p-value 1/2 (Koyama and Chen 2008)",
    "lower": "rate with p-value (1 - level) / 2 (Koyama and Chen 2008)",
    "upper": "rate with p-value (1 + level) / 2 (Koyama and Chen 2008)",
}


def add_two_stage(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add what may be concluded after a two-stage trial; nothing before its decision."""
    planned = population.protocol.design
    if not isinstance(planned, SimonDesign):
        return
    people = sorted(population.of(analysis, ALL), key=_enrolment)
    found = _infer(planned, people, population)
    if found is None:
        return
    entry = Entry(analysis, ALL, "two-stage")
    basis = ledger.basis(
        entry,
        f"confirmed CR or PR; stage 1 is the first {found.n1} subjects by enrolment",
        f"{analysis.set} subjects by enrolment",
        [_contribution(person, place, found.n1) for place, person in enumerate(people, start=1)],
    )
    method = f"stop at <= {found.r1} of {found.n1}, promising from {found.r + 1} of {found.n}"
    for statistic, formula in STATISTICS.items():
        level = found.level if statistic in ("lower", "upper") else None
        ledger.add(
            entry, statistic, Kind.PROPORTION, getattr(found, statistic), level=level,
            method=method, basis=basis, formula=formula,
        )  # fmt: skip
    ledger.add(
        entry, "p_value", Kind.P_VALUE, found.p_value, method=method, basis=basis,
        formula=f"one-sided, against {planned.p0}",
    )  # fmt: skip
    ledger.add(
        entry, "promising", Kind.CODE, code="Y" if found.is_promising else "N", method=method,
        basis=basis, formula=f"{found.responders} responders of {found.attained_n}",
        note=STOPPED if found.stopped_at == 1 else None,
    )  # fmt: skip


def _enrolment(person: Person) -> tuple[dt.date, str]:
    subject = person.records.subject
    day = subject.enrolment_date or subject.first_dose_date or dt.date.max
    return day, person.subject_id


def _contribution(person: Person, place: int, n1: int) -> Contribution:
    best = person.answers.best
    role = "counted" if best.confirmed_response else "not counted"
    stage = f"enrolled as number {place}, stage {1 if place <= n1 else 2}"
    return Contribution(
        person.subject_id, role, best.confirmed_best, f"{stage}; {best.reason}", best.sources
    )


def _infer(
    planned: SimonDesign, people: list[Person], population: Population
) -> AfterTwoStage | None:
    rule = planned_design(population.protocol).rule
    first, last = rule[0], rule[-1]
    r1, r = first.futile or 0, (last.effective or 1) - 1
    responded = [bool(person.answers.best.confirmed_response) for person in people]
    stage1 = sum(responded[: first.n])
    has_stopped = stage1 <= r1
    status = population.protocol.study.status
    is_closed = status is not None and status.state in CLOSED
    if len(people) < first.n or not (has_stopped or is_closed or len(people) >= last.n):
        return None
    if not has_stopped and len(people) == first.n:
        return None  # stage 2 has not begun
    return after_two_stage(
        sum(responded),
        null=float(planned.p0),
        r1=r1,
        n1=first.n,
        r=r,
        n=last.n,
        stage1_responders=stage1,
        attained_n=len(people),
        stopped_at=1 if has_stopped else 2,
        level=1 - 2 * float(planned.alpha),
    )
