"""Makes a scenario show what it is to show: response rates, progression, survival.

Takes a scenario with targets, changes three kinds of values until trials drawn
from it meet the targets: the share of sensitive tumours (response rates), the
rates of growth (progression), the hazard of death (survival). Each step uses
the same random numbers, so that a change of a number is due to the change of
the scenario. Reports the fit; changes no file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import exp, log

from onearm.errors import InputError
from onearm.format import significant
from onearm.sim.plan import Plan
from onearm.sim.scenario import Group, Hazard, LogNormalRate, Scenario, Target
from onearm.sim.summary import Characteristic, characteristics
from onearm.sim.tally import Tally, tally
from onearm.sim.trials import BLOCK, run_block
from onearm.sim.truth import Curve, Truth
from onearm.terms import DAYS_PER_MONTH

STEPS = 16
TOLERANCE = {"orr": 0.005, "pfs_rate": 0.01, "os_rate": 0.01, "pfs_median": 0.3, "os_median": 0.5}
"""How near a target must be met: shares, and months for the medians."""
GROUP_TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Fit:
    """One target and what the calibrated scenario shows; shares, or months for medians."""

    target: Target
    wanted: float
    found: float | None
    error: float | None
    tolerance: float

    @property
    def is_met(self) -> bool:
        """Whether the target is met within its tolerance."""
        return self.found is not None and abs(self.found - self.wanted) <= self.tolerance

    @property
    def label(self) -> str:
        """What the target is of."""
        where = f" in {self.target.group}" if self.target.group else ""
        at = f" at {self.target.at}" if self.target.at else ""
        return f"{self.target.measure}{at}{where}"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibrated scenario, its fit, and the values that were changed."""

    plan: Plan
    fits: tuple[Fit, ...]
    changed: tuple[tuple[str, str], ...]
    steps: int


def calibrate(
    plan: Plan, trials: int, report: Callable[[str], None] = lambda text: None
) -> Calibration:
    """Return a scenario that meets its targets, or raise an error that says how near it came.

    Raises
    ------
    InputError
        If there is no target, or one cannot be met.
    """
    if not plan.scenario.targets:
        raise InputError(f"scenario {plan.scenario.id} has no targets to be calibrated to")
    for step in range(1, STEPS + 1):
        fits = measure(plan, trials)
        near = 3 if step <= STEPS / 2 else 1.5  # at first nearer than needed, for a margin
        if all(abs(f.wanted - (f.found or 0)) <= f.tolerance / near for f in fits):
            return _found(plan, fits, step)
        report(f"step {step} of at most {STEPS}: {_nearest(fits)}")
        best = fits
        plan = replace(plan, scenario=_improved(plan.scenario, fits, step))
    if all(f.is_met for f in best):
        return _found(plan, best, STEPS)
    missed = next(f for f in best if not f.is_met)
    raise InputError(
        f"scenario {plan.scenario.id}: cannot be calibrated; after {STEPS} steps {missed.label} "
        f"is {_text(missed.found)}, wanted {_text(missed.wanted)} within "
        f"{_text(missed.tolerance)}"
    )


def _text(value: float | None) -> str:
    return "not reached" if value is None else significant(value)


def _nearest(fits: tuple[Fit, ...]) -> str:
    return ", ".join(f"{f.label} {_text(f.found)} ({_text(f.wanted)})" for f in fits)


def measure(plan: Plan, trials: int) -> tuple[Fit, ...]:
    """Return how the scenario meets its targets, from drawn trials that never stop early."""
    plan = replace(plan, rule_override=replace(plan.rule, n1=None, r1=None))
    nothing = Curve(None, tuple(0.0 for _ in plan.landmarks))
    groups = {group.id: 0.0 for group in plan.scenario.groups}
    truth = Truth(1, 0.5, 0.5, groups, groups, nothing, nothing)  # biases are not looked at
    total = Tally()
    for block in range(-(-trials // BLOCK)):
        total.add(tally(run_block(plan, block), block, plan, truth))
    numbers = {one.id: one for one in characteristics(plan, total, truth)}
    return tuple(_fit(target, numbers, plan.scenario) for target in plan.scenario.targets)


def _fit(target: Target, numbers: dict[str, Characteristic], scenario: Scenario) -> Fit:
    name = target.measure
    if name == "orr":
        is_group = target.group is not None and len(scenario.groups) > 1
        found = numbers[f"orr_{target.group}" if is_group else "orr_mean"]
        tolerance = GROUP_TOLERANCE if is_group else TOLERANCE["orr"]
    elif target.at is not None:
        key = f"{name}_{target.at.suffix}"
        if key not in numbers:
            raise InputError(f"target {name} at {target.at}: no landmark of the protocol")
        found, tolerance = numbers[key], TOLERANCE[name]
    else:
        found, tolerance = numbers[name], TOLERANCE[name]
    unit = float(DAYS_PER_MONTH) if target.months is not None else 1.0
    wanted = target.months if target.months is not None else target.value
    assert wanted is not None  # the scenario was checked
    value = None if found.value is None else found.value / unit
    error = None if found.error is None else found.error / unit
    return Fit(target, wanted, value, error, tolerance)


def _improved(scenario: Scenario, fits: tuple[Fit, ...], step: int) -> Scenario:
    """Return the scenario with each value moved towards its target."""
    damping = 1.0 if step <= 5 else 0.5 if step <= 10 else 0.25
    groups, events = scenario.groups, scenario.events
    by_group = {f.target.group: f for f in fits if f.target.measure == "orr"}
    groups = tuple(_responding(g, by_group.get(g.id) or by_group.get(None), damping)
                   if g.id in by_group or len(by_group) == 1 else g for g in groups)  # fmt: skip
    for f in fits:
        if f.target.measure in ("pfs_median", "pfs_rate"):
            factor = _factor(f, damping)
            groups = tuple(growing(g, factor) for g in groups)
        elif f.target.measure in ("os_rate", "os_median"):
            factor = _factor(f, damping)
            death = events.death
            hazard = Hazard.model_construct(
                baseline=death.baseline * factor, by_size=death.by_size * factor
            )
            events = events.model_copy(update={"death": hazard})
    return scenario.model_copy(update={"groups": groups, "events": events})


def _responding(group: Group, fit: Fit | None, damping: float) -> Group:
    """Move the share of sensitive tumours, on the logit scale."""
    if fit is None or fit.found is None:
        return group

    def logit(p: float) -> float:
        p = min(max(p, 1e-4), 1 - 1e-4)
        return log(p / (1 - p))

    moved = logit(group.sensitive) + 1.3 * damping * (logit(fit.wanted) - logit(fit.found))
    return group.model_copy(update={"sensitive": min(1 / (1 + exp(-moved)), 0.9999)})


def _factor(fit: Fit, damping: float) -> float:
    """Return by how much a rate is to change, at most doubled or halved."""
    if fit.found is None:
        return 1.5  # the median is not reached: faster
    if fit.target.value is not None:  # a share without the event
        ratio = log(max(fit.wanted, 1e-6)) / log(min(max(fit.found, 1e-6), 1 - 1e-6))
    else:
        ratio = fit.found / fit.wanted
    return float(min(max(ratio ** (0.9 * damping), 0.5), 2.0))


def growing(group: Group, factor: float) -> Group:
    """Return a group whose tumours grow by a factor faster."""

    def times(rate: LogNormalRate) -> LogNormalRate:
        return LogNormalRate.model_construct(median=rate.median * factor, cv=rate.cv)

    return group.model_copy(
        update={
            "growth": times(group.growth),
            "growth_resistant": times(group.growth_resistant),
        }
    )


def _found(plan: Plan, fits: tuple[Fit, ...], steps: int) -> Calibration:
    return Calibration(plan, fits, tuple(_values(plan.scenario)), steps)


def _values(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Yield the values that a calibration may change, as they stand in a scenario file."""
    month = float(DAYS_PER_MONTH)
    for group in scenario.groups:
        yield f"groups[{group.id}].sensitive", significant(group.sensitive)
        for name in ("growth", "growth_resistant"):
            yield (
                f"groups[{group.id}].{name}.median",
                f"{significant(getattr(group, name).median * month)} per month",
            )
    for name in ("baseline", "by_size"):
        rate = getattr(scenario.events.death, name) * month
        yield f"events.death.{name}", f"{significant(rate)} per month"
