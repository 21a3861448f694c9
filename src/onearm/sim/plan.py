"""What is simulated: a protocol, a scenario, what counts as a response, and the decision rule.

Turns the protocol's decision or design into a rule over counts or times; says
what cannot be simulated. Draws nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from scipy.special import ndtri

from onearm.clinical.subject import censoring_of
from onearm.design.operating import Look
from onearm.design.toxicity import ToxicityBoundary
from onearm.errors import DesignError, InputError
from onearm.protocol.censoring import PRESETS, CensoringRules, Preset
from onearm.protocol.model import Protocol, SurvivalDesign
from onearm.results.design_rows import historical_curve, planned_boundary, planned_design
from onearm.sim.scenario import Scenario
from onearm.stats.proportion import interval
from onearm.terms import DAYS_PER_MONTH

Counting = Literal["confirmed", "unconfirmed", "irecist"]


@dataclass(frozen=True, slots=True)
class Rule:
    """When a trial is a success: looks at counts, or a one-sample log-rank test.

    ``needed`` is the least number of responders by number of patients counted.
    ``evaluable`` says whether the first patients with an assessment are counted,
    or all who were treated.
    """

    n: int
    evaluable: bool
    n1: int | None = None
    r1: int | None = None
    needed: tuple[int, ...] = ()
    hazard: tuple[float, float] | None = None  # Weibull scale in days, shape
    critical: float | None = None

    @property
    def looks(self) -> tuple[Look, ...]:
        """The rule as looks at counts; none for a rule on times."""
        if not self.needed:
            return ()
        last = Look(self.n, self.needed[self.n] - 1, self.needed[self.n])
        return (last,) if self.n1 is None else (Look(self.n1, self.r1), last)


@dataclass(frozen=True)
class Plan:
    """What is simulated: a protocol, a scenario, and what counts as a response."""

    protocol: Protocol
    scenario: Scenario
    seed: int = 1
    counting: Counting = "confirmed"
    preset: Preset | None = None
    with_irecist: bool = False  # judge iRECIST although it does not count
    n: int | None = None  # patients of a trial; None: as the protocol plans
    compiled: bool = False  # judge by numba: the same numbers
    rule_override: Rule | None = field(default=None)

    @cached_property
    def enrolled(self) -> int:
        """Patients that a trial enrols when it does not stop early."""
        return self.n or sum(cohort.planned for cohort in self.protocol.cohorts)

    @cached_property
    def rule(self) -> Rule:
        """The decision rule."""
        return self.rule_override or decision_rule(self.protocol, self.enrolled)

    @cached_property
    def landmarks(self) -> tuple[int, ...]:
        """Days of the protocol's landmark rates, rounded down to whole days."""
        return tuple(int(period.days) for period in self.protocol.analysis.landmarks)

    @cached_property
    def missed_limit(self) -> int | None:
        """Days that may pass without an adequate assessment."""
        plan = self.protocol.response
        every = plan.assess_every_days
        return 2 * (every + (plan.assess_window_days or 0)) if every else None

    @cached_property
    def boundary(self) -> ToxicityBoundary | None:
        """The toxicity boundary that may stop the trial, if toxicity is simulated."""
        plan = self.protocol.safety.stopping
        if plan is None or self.scenario.toxicity is None:
            return None
        try:
            return planned_boundary(plan)
        except DesignError as error:
            raise InputError(f"safety.stopping of the protocol: {error}") from None

    @property
    def has_irecist(self) -> bool:
        """Whether iRECIST is judged."""
        return self.with_irecist or self.counting == "irecist"

    def censoring(self) -> CensoringRules:
        """Return how PFS is censored."""
        return PRESETS[self.preset] if self.preset else censoring_of(self.protocol, "pfs")


def decision_rule(protocol: Protocol, enrolled: int) -> Rule:
    """Return the decision rule of a protocol.

    A decision on the lower limit of the response rate counts all treated
    patients; a design by counts the first evaluable ones, as many as it needs.

    Raises
    ------
    InputError
        If the protocol decides otherwise.
    """
    design = protocol.design
    decided = next((e for e in protocol.endpoints.primary if e.decision is not None), None)
    if decided is not None and decided.decision is not None:
        if decided.id != "orr":
            raise InputError(f"only a decision on orr can be simulated; got one on {decided.id}")
        about, method = decided.decision, protocol.analysis.interval
        limit = float(about.lower_limit_above)
        needed = [0]
        for n in range(1, enrolled + 1):
            met = (
                x
                for x in range(n + 1)
                if interval(x, n, method=method, level=about.level).lower > limit
            )
            needed.append(next(met, n + 1))
        return Rule(enrolled, evaluable=False, needed=tuple(needed))
    planned = planned_design(protocol)
    if isinstance(design, SurvivalDesign):
        if design.test != "one-sample log-rank" or design.endpoint != "pfs":
            raise InputError(
                "of the survival designs the one-sample log-rank test of pfs can be simulated; "
                f"got a {design.test} of {design.endpoint}"
            )
        curve = historical_curve(design)
        scale = float(curve.scale * DAYS_PER_MONTH)
        critical = -float(ndtri(float(design.alpha)))
        return Rule(
            enrolled, evaluable=False, hazard=(scale, float(curve.shape)), critical=critical
        )
    last = planned.rule[-1]
    first = planned.rule[0] if len(planned.rule) > 1 else None
    return Rule(
        last.n,
        evaluable=True,
        n1=first.n if first else None,
        r1=first.futile if first else None,
        needed=(last.effective or last.n + 1,) * (last.n + 1),
    )
