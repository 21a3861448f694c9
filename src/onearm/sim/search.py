"""Search over designs: all judged on the same drawn patients, the cheapest that holds wins.

Takes designs by counts (one stage, or two with a look), a family of scenarios
and limits of type I error and power. The patients of a trial are drawn once,
as many as the largest design needs; a smaller design takes the first of them.
So designs are compared with common random numbers. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PlainValidator

from onearm.errors import InputError
from onearm.protocol.values import Name, Part, ShareOrZero
from onearm.sim.plan import Plan, Rule
from onearm.sim.quantities import Price
from onearm.sim.seen import Facts
from onearm.sim.trials import BLOCK, Judged, decided, judge_block
from onearm.terms import DAYS_PER_MONTH

MOST_DESIGNS = 20_000


def read_numbers(found: object) -> tuple[int, ...]:
    """Read whole numbers: `30`, `20-40`, `20-40/5` or a list of them.

    >>> read_numbers("10-20/5"), read_numbers([3, "5-6"])
    ((10, 15, 20), (3, 5, 6))
    """
    if isinstance(found, list):
        return tuple(sorted({n for one in found for n in read_numbers(one)}))
    text = str(found).replace(" ", "") if not isinstance(found, bool) else ""
    span, _, step = text.partition("/")
    first, _, last = span.partition("-")
    if not (first.isdigit() and (last or first).isdigit() and (step or "1").isdigit()):
        raise ValueError("must be whole numbers, such as 30, '20-40' or '20-40/5'")
    if int(step or 1) < 1 or int(first) > int(last or first):
        raise ValueError("must go upwards, in steps of at least 1")
    return tuple(range(int(first), int(last or first) + 1, int(step or 1)))


Numbers = Annotated[tuple[int, ...], PlainValidator(read_numbers)]


class Cost(Part):
    """What a trial costs: so much a patient, so much a month."""

    patient: Price = Field(1.0, description="Cost of a patient")
    month: Price = Field(0.0, description="Cost of a month until the data cut")


class Grid(Part):
    """What is searched, and what a design must keep."""

    search: Literal[1] = Field(description="Version of this file format: 1")
    null: tuple[Name, ...] = Field(
        description="Scenarios in which success is an error", min_length=1
    )
    alternative: tuple[Name, ...] = Field(
        description="Scenarios in which success is wanted", min_length=1
    )
    alpha: ShareOrZero = Field(description="Largest probability of success under a null")
    power: ShareOrZero = Field(description="Least probability of success under an alternative")
    n: Numbers = Field(description="Patients to be enrolled in all")
    r: Numbers = Field(description="Fail at so many responders or fewer")
    n1: Numbers = Field((), description="Patients of stage 1; absent for one stage")
    r1: Numbers = Field((), description="Stop after stage 1 at so many responders or fewer")
    cost: Cost = Field(
        Cost.model_construct(patient=1.0, month=0.0),
        description="Cost, as the mean over the null scenarios",
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """One design: r of n, and r1 of n1 for a design of two stages."""

    n: int
    r: int
    n1: int | None = None
    r1: int | None = None

    def rule(self, *, evaluable: bool) -> Rule:
        """Return the decision rule."""
        needed = (self.r + 1,) * (self.n + 1)
        return Rule(self.n, evaluable=evaluable, n1=self.n1, r1=self.r1, needed=needed)

    def __str__(self) -> str:
        first = "" if self.n1 is None else f"{self.r1}/{self.n1} "
        return f"{first}{self.r}/{self.n}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a design does in one scenario: means over the trials, with Monte-Carlo errors."""

    success: float
    error: float
    patients: float
    months: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """A design in all scenarios, its cost, and which promises it breaks, in words."""

    design: Candidate
    by_scenario: dict[str, Judgement]
    cost: float
    broken: tuple[str, ...]
    is_near: bool  # some probability lies within two errors of its limit


def candidates(grid: Grid) -> tuple[Candidate, ...]:
    """Return the designs of a grid whose numbers make a rule.

    Raises
    ------
    InputError
        If there is none, or there are too many to simulate.
    """
    found = tuple(_candidates(grid))
    if not found:
        raise InputError("the grid holds no design: 0 <= r1 < n1 < n and r1 <= r < n are needed")
    if len(found) > MOST_DESIGNS:
        raise InputError(
            f"the grid holds {len(found)} designs; at most {MOST_DESIGNS} can be simulated"
        )
    return found


def _candidates(grid: Grid) -> Iterator[Candidate]:
    if bool(grid.n1) is not bool(grid.r1):
        raise InputError("n1 and r1 of a grid go together")
    for n in grid.n:
        for r in (r for r in grid.r if r < n):
            if not grid.n1:
                yield Candidate(n, r)
            for n1 in (n1 for n1 in grid.n1 if n1 < n):
                yield from (Candidate(n, r, n1, r1) for r1 in grid.r1 if r1 < n1 and r1 <= r)


def search(
    plans: dict[str, Plan],
    grid: Grid,
    trials: int,
    report: Callable[[str], None] = lambda text: None,
) -> tuple[Outcome, ...]:
    """Return every design, those that keep all promises first, each by rising cost.

    ``plans`` holds a plan for each scenario that the grid names.
    """
    designs = candidates(grid)
    largest = max(design.n for design in designs)
    sums = {name: np.zeros((len(designs), 3)) for name in plans}
    blocks = -(-trials // BLOCK)
    for block in range(blocks):
        report(f"block {block + 1} of {blocks}, {len(designs)} designs")
        for name, plan in plans.items():
            pool = replace(plan, n=largest, rule_override=designs[0].rule(evaluable=True))
            judged = judge_block(pool, block, BLOCK)
            for at, design in enumerate(designs):
                sums[name][at] += _sums(pool, judged, design, evaluable=plan.rule.evaluable)
    outcomes = [
        _outcome(design, {name: sums[name][at] for name in plans}, blocks * BLOCK, grid)
        for at, design in enumerate(designs)
    ]
    return tuple(sorted(outcomes, key=lambda one: (len(one.broken) > 0, one.cost, one.design.n)))


def _sums(
    plan: Plan, judged: Judged, design: Candidate, *, evaluable: bool
) -> tuple[float, float, float]:
    rule = design.rule(evaluable=evaluable)
    found = decided(replace(plan, n=design.n, rule_override=rule), first_patients(judged, design.n))
    success = float(found["success"].sum())
    return success, float(found["enrolled"].sum()), float(found["duration"].sum())


def first_patients(judged: Judged, n: int) -> Judged:
    """Return the first patients of each trial."""
    if n == judged.n:
        return judged
    keep = (np.arange(judged.trials)[:, None] * judged.n + np.arange(n)).reshape(-1)
    facts, points, cohort = judged.cohort.facts, judged.points, judged.cohort
    fewer = Facts(*(getattr(facts, name)[keep] for name in Facts.__slots__))
    dosing = None if cohort.dosing is None else cohort.dosing.of(keep)
    return Judged(
        replace(
            cohort, facts=fewer, group=cohort.group[keep], entry=cohort.entry[keep], dosing=dosing
        ),
        replace(
            points,
            day=points.day[:, keep],
            target=points.target[:, keep],
            non_target=points.non_target[:, keep],
            overall=points.overall[:, keep],
        ),
        judged.trials,
        n,
    )


def _outcome(
    design: Candidate, sums: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]],
    trials: int, grid: Grid,
) -> Outcome:  # fmt: skip
    by_scenario = {}
    for name, total in sums.items():
        share = float(total[0]) / trials
        by_scenario[name] = Judgement(
            share,
            sqrt(share * (1 - share) / trials),
            float(total[1]) / trials,
            float(total[2]) / trials / float(DAYS_PER_MONTH),
        )
    broken = _broken(by_scenario, grid.null, float(grid.alpha), "P(success)", above=True)
    broken += _broken(by_scenario, grid.alternative, float(grid.power), "power", above=False)
    cost = sum(
        grid.cost.patient * by_scenario[name].patients + grid.cost.month * by_scenario[name].months
        for name in grid.null
    ) / len(grid.null)
    limits = {**dict.fromkeys(grid.alternative, grid.power), **dict.fromkeys(grid.null, grid.alpha)}
    is_near = any(
        abs(by_scenario[name].success - float(limit)) < 2 * by_scenario[name].error
        for name, limit in limits.items()
    )
    return Outcome(design, by_scenario, cost, tuple(broken), is_near)


def _broken(
    found: dict[str, Judgement], names: Sequence[str], limit: float, what: str, *, above: bool
) -> list[str]:
    """Name the scenarios in which a promise is broken; equality keeps it."""
    return [
        f"{what} in {name}"
        for name in names
        if (found[name].success > limit if above else found[name].success < limit)
    ]
