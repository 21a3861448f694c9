"""Operating characteristics: what the trials of a simulation amount to.

Takes a tally and the truth of the scenario, gives ``Characteristic``s, each
with its Monte-Carlo standard error. What can be had exactly from counts stands
beside. Formats nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import sqrt

from onearm.design.looks import operating as crossing
from onearm.design.operating import Operating, operating
from onearm.errors import DesignError, StatError
from onearm.protocol.planned_design import SimonDesign
from onearm.results.model import slug
from onearm.sim.plan import Plan
from onearm.sim.safety import INTENSITY, SHARES
from onearm.sim.tally import JOINT, Sums, Tally, toxicity_key
from onearm.sim.toxicity import given_drugs
from onearm.sim.truth import Curve, Truth
from onearm.stats.after_two_stage import after_two_stage
from onearm.stats.proportion import interval
from onearm.terms import Kind

EXACT = "exact at the true ORR of those counted"
EXACT_TOXICITY = "exact at the true share with such an event"


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One number of a simulation.

    ``error`` is its Monte-Carlo standard error; ``against`` the truth of the
    scenario or the exact value, and ``of`` says which. Durations are in days.
    """

    id: str
    label: str
    kind: Kind
    value: float | None
    error: float | None
    against: float | None = None
    of: str | None = None


def characteristics(plan: Plan, total: Tally, truth: Truth) -> tuple[Characteristic, ...]:
    """Return all operating characteristics of the trials counted so far."""
    return (
        *_decision(plan, total, truth),
        *_size(total),
        *_response(plan, total, truth),
        *_groups(plan, total, truth),
        *_times("pfs", "PFS", plan, total, truth.pfs),
        *_times("os", "OS", plan, total, truth.os),
        *_toxicity(plan, total),
    )


def _share(
    name: str,
    label: str,
    count: int,
    trials: int,
    against: float | None = None,
    of: str | None = None,
) -> Characteristic:
    share = count / trials
    error = sqrt(share * (1 - share) / trials)
    return Characteristic(name, label, Kind.PROPORTION, share, error, against, of)


def success(total: Tally) -> tuple[float, float]:
    """Return the probability of success and its Monte-Carlo standard error."""
    at = JOINT.index("success")
    found = _share("", "", sum(n for row, n in total.joint.items() if row[at]), total.trials)
    assert found.value is not None  # a share of at least one trial
    assert found.error is not None
    return found.value, found.error


def _decision(plan: Plan, total: Tally, truth: Truth) -> Iterator[Characteristic]:
    value, error = success(total)
    counts = exact(plan, truth.orr_counted)
    of = None if counts is None else EXACT
    yield Characteristic("success", "P(success)", Kind.PROPORTION, value, error,
                         None if counts is None else counts.reject, of)  # fmt: skip
    if plan.rule.n1 is not None and plan.rule.r1 is not None:
        stopped = sum(n for row, n in total.joint.items() if row[0])
        early = None if counts is None else counts.stop_early
        yield _share("stop_early", "P(stop early)", stopped, total.trials, against=early, of=of)
    yield from _stopping(plan, total, truth)


def _stopping(plan: Plan, total: Tally, truth: Truth) -> Iterator[Characteristic]:
    """Yield how often the trial stops for toxicity, beside the exact chance of the boundary."""
    if plan.boundary is None or truth.toxic is None:
        return
    exact = crossing(plan.boundary.looks, truth.toxic).above
    crossed, stopped = (total.spread[name][1] for name in ("toxicity_crossed", "toxicity_stop"))
    yield _share("toxicity_stop", "P(stop for toxicity)", stopped, total.trials)
    yield _share("toxicity_crossed", "P(toxicity boundary crossed), all enrolled", crossed,
                 total.trials, against=exact, of=EXACT_TOXICITY)  # fmt: skip
    error = truth.error_of(truth.toxic)
    yield Characteristic("toxicity_rate", "Event that the boundary counts, truth",
                         Kind.PROPORTION, truth.toxic, error)  # fmt: skip


def exact(plan: Plan, rate: float) -> Operating | None:
    """Return what counts alone say of the decision, exactly; None for a rule on times."""
    try:
        return operating(plan.rule.looks, rate) if plan.rule.looks else None
    except DesignError:  # a rule that no count meets, or that every count meets
        return None


def _size(total: Tally) -> Iterator[Characteristic]:
    for name, label, kind in (
        ("enrolled", "Patients enrolled", Kind.QUANTITY),
        ("evaluable", "Patients evaluable", Kind.QUANTITY),
        ("accrual", "Time to last entry", Kind.DURATION),
        ("duration", "Time to the data cut", Kind.DURATION),
    ):
        counts = total.spread[name]
        mean, error = _mean(counts, total.trials)
        yield Characteristic(f"{name}_mean", f"{label}, mean", kind, mean, error)
        for share, word in ((0.05, "5 %"), (0.95, "95 %")):
            at, around = quantile(counts, share)
            yield Characteristic(
                f"{name}_q{word[:-2]}", f"{label}, {word} quantile", kind, at, around
            )


def _mean(counts: Counter[int], trials: int) -> tuple[float, float]:
    total = sum(value * n for value, n in counts.items())
    squares = sum(value * value * n for value, n in counts.items())
    return total / trials, _error_of_mean(trials, total, squares)


def _error_of_mean(n: int, total: float, squares: float) -> float:
    if n < 2:
        return 0.0
    return sqrt(max(0.0, (squares - total * total / n) / (n - 1)) / n)


def quantile(counts: Counter[int], share: float) -> tuple[float | None, float | None]:
    """Return the quantile of counted values, and its error from the order statistics.

    Values of -1 are not reached and count as larger than all others.
    """
    n = sum(counts.values())
    spread = sqrt(share * (1 - share) / n)
    found = [_at(counts, n * min(max(share + k * spread, 0), 1 - 1e-12)) for k in (0, -1, 1)]
    if found[0] is None:
        return None, None
    low, high = found[1], found[2]
    return found[0], None if low is None or high is None else (high - low) / 2


def _at(counts: Counter[int], rank: float) -> float | None:
    so_far = 0
    for value in sorted(counts, key=lambda v: (v == -1, v)):
        so_far += counts[value]
        if so_far > rank:
            return None if value == -1 else float(value)
    return None


def _response(plan: Plan, total: Tally, truth: Truth) -> Iterator[Characteristic]:
    analysis = plan.protocol.analysis
    sums, stage = Sums(), Sums()

    @cache
    def limits(x: int, n: int) -> tuple[float, float]:
        found = interval(x, n, method=analysis.interval, level=float(analysis.level))
        return found.lower, found.upper

    for (_, _, n, x, *_), trials in total.joint.items():
        lower, upper = limits(x, n)
        _count(sums, x / n, lower, upper, truth.orr, trials)

    @cache
    def adjusted(stopped: int, x1: int, n: int, x: int) -> tuple[float, float, float] | None:
        return _adjusted(plan, bool(stopped), x1, n, x)

    for (stopped, x1, _, _, n, x, _), trials in total.joint.items():
        found = adjusted(stopped, x1, n, x)
        if found is not None:
            _count(stage, *found, truth.orr_counted, trials)
    error = truth.error_of(truth.orr)
    yield from _estimate("orr", "ORR", sums, truth.orr, error, total.trials)
    if stage.n:
        label = "ORR of those counted, stage-adjusted"
        error = truth.error_of(truth.orr_counted)
        yield from _estimate("orr_umvue", label, stage, truth.orr_counted, error, stage.n)


def _count(sums: Sums, value: float, lower: float, upper: float, truth: float, trials: int) -> None:
    sums.n += trials
    sums.total += trials * value
    sums.squares += trials * value * value
    sums.covered += trials * (lower <= truth <= upper)


def _adjusted(
    plan: Plan, stopped: bool, x1: int, n: int, x: int
) -> tuple[float, float, float] | None:
    """Return the unbiased estimate and the interval that respect the two stages."""
    rule, design = plan.rule, plan.protocol.design
    if rule.n1 is None or rule.r1 is None or not isinstance(design, SimonDesign):
        return None
    attained, responders = (rule.n1, x1) if stopped else (n, x)
    try:
        found = after_two_stage(
            responders, null=float(design.p0), r1=rule.r1, n1=rule.n1, r=rule.needed[rule.n] - 1,
            n=rule.n, stage1_responders=x1, attained_n=attained, stopped_at=1 if stopped else 2,
            level=float(plan.protocol.analysis.level),
        )  # fmt: skip
    except StatError:  # counts that changed between the look and the cut
        return None
    return found.umvue, found.lower, found.upper


def _estimate(
    name: str, label: str, sums: Sums, truth: float, truth_error: float, trials: int
) -> Iterator[Characteristic]:
    mean = sums.total / sums.n
    error = _error_of_mean(sums.n, sums.total, sums.squares)
    yield Characteristic(f"{name}_mean", f"{label}, mean estimate", Kind.PROPORTION, mean, error,
                         truth, "truth")  # fmt: skip
    yield Characteristic(f"{name}_bias", f"{label}, bias", Kind.PROPORTION, mean - truth,
                         sqrt(error**2 + truth_error**2))  # fmt: skip
    yield _share(f"{name}_coverage", f"{label}, coverage", sums.covered, trials)


def _groups(plan: Plan, total: Tally, truth: Truth) -> Iterator[Characteristic]:
    """Yield the response rate of each group: all responders over all patients."""
    if len(plan.scenario.groups) < 2:
        return
    for group in plan.scenario.groups:
        if total.products[group.id][0] == 0:
            continue
        yield Characteristic(
            f"orr_{group.id}", f"ORR in {group.id}", Kind.PROPORTION,
            *_ratio(total.products[group.id]), truth.group_orr[group.id], "truth",
        )  # fmt: skip


def _toxicity(plan: Plan, total: Tally) -> Iterator[Characteristic]:
    """Yield shares of all patients up to the data cut, and mean relative dose intensities."""
    for name, label in SHARES.items():
        if toxicity_key(name) in total.products:
            products = total.products[toxicity_key(name)]
            yield Characteristic(name, label, Kind.PROPORTION, *_ratio(products))
    for drug in given_drugs(plan.protocol.treatment):
        sums = total.sums.get(INTENSITY + drug.name)
        if sums is not None and sums.n:
            error = _error_of_mean(sums.n, sums.total, sums.squares)
            label = f"Relative dose intensity of {drug.name}, mean"
            name = INTENSITY + slug(drug.name)
            yield Characteristic(name, label, Kind.PROPORTION, sums.total / sums.n, error)


def _ratio(products: tuple[int, int, int, int, int]) -> tuple[float, float]:
    """Return a share of all patients, and its error: a ratio of sums over independent trials."""
    n, x, nn, xx, nx = products
    rate = x / n
    return rate, sqrt(max(0.0, xx - 2 * rate * nx + rate * rate * nn)) / n


def _times(
    name: str, label: str, plan: Plan, total: Tally, truth: Curve
) -> Iterator[Characteristic]:
    halves = total.medians[name]
    value, error = quantile(halves, 0.5)
    yield Characteristic(
        f"{name}_median", f"Median {label}, median of the trials", Kind.DURATION,
        None if value is None else value / 2, None if error is None else error / 2,
        truth.median, "truth",
    )  # fmt: skip
    reached = total.sums[f"{name}_median"].n
    yield _share(f"{name}_median_reached", f"Median {label} reached", reached, total.trials)
    if truth.median is not None:
        covered = total.sums[f"{name}_median"].covered
        yield _share(f"{name}_median_coverage", f"Median {label}, coverage", covered, total.trials)
    events = total.sums[f"{name}_events"]
    yield Characteristic(
        f"{name}_events", f"{label} events, mean", Kind.QUANTITY, events.total / events.n,
        _error_of_mean(events.n, events.total, events.squares),
    )  # fmt: skip
    for period, day, rate in zip(
        plan.protocol.analysis.landmarks, plan.landmarks, truth.rates, strict=True
    ):
        sums = total.sums[f"{name}_rate_{day}"]
        if sums.n == 0:
            continue
        yield Characteristic(
            f"{name}_rate_{period.suffix}", f"{label} at {period}, mean estimate", Kind.PROPORTION,
            sums.total / sums.n, _error_of_mean(sums.n, sums.total, sums.squares), rate,
            None if rate is None else "truth",
        )  # fmt: skip
        held = total.sums[f"{name}_interval_{day}"]
        yield _share(f"{name}_rate_{period.suffix}_interval", f"{label} at {period}, with limits",
                     held.n, total.trials)  # fmt: skip
        if held.n and rate is not None:
            key, words = f"{name}_rate_{period.suffix}_coverage", f"{label} at {period}, coverage"
            yield _share(key, words, held.covered, held.n)
