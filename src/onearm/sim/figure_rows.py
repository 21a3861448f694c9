"""What a simulation shows, as result rows to be drawn.

Takes the tally of some trials, or a scenario at several truths, gives rows:
the share of trials by their estimate (ids such as
``simulation.orr/all/responders:11/share``), and the decision over the truth
(``simulation/all/step:3/success``). Draws nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import floor

from onearm.results.ledger import Entry, Ledger
from onearm.results.model import Row
from onearm.results.plan import ALL, TREATED, Analysis
from onearm.sim.plan import Plan
from onearm.sim.summary import Characteristic
from onearm.sim.tally import JOINT, Tally
from onearm.sim.truth import Truth
from onearm.terms import DAYS_PER_MONTH, Kind

SIMULATION = Analysis("simulation", "Simulation", "simulation", TREATED, (ALL,))
TRUTH = "endless patients of the scenario, followed to the horizon"
ERROR = "Monte-Carlo standard error"


def rows_of_trials(
    plan: Plan, total: Tally, truth: Truth, numbers: Iterable[Characteristic]
) -> tuple[Row, ...]:
    """Return the share of trials by estimated ORR, medians and duration, beside the truth.

    Estimates stand at the nearest number of responders of the planned patients
    (halves go up), times in whole months begun.
    """
    ledger, found = Ledger(), {one.id: one for one in numbers}
    everything = Entry(SIMULATION, ALL)
    ledger.add(everything, "trials", Kind.COUNT, total.trials)
    ledger.add(everything, "patients", Kind.COUNT, plan.enrolled)
    _decision(ledger, everything, found)
    rates = _nearest(total, plan.enrolled)
    for k in range(plan.enrolled + 1):
        if rates[k]:
            label = f"estimate nearest to {k} of {plan.enrolled}"
            at = Entry(SIMULATION, ALL, "orr", f"responders:{k}", label)
            ledger.add(at, "share", Kind.PROPORTION, rates[k] / total.trials)
    orr = Entry(SIMULATION, ALL, "orr")
    ledger.add(orr, "truth", Kind.PROPORTION, truth.orr, formula=TRUTH)
    ledger.add(orr, "mean", Kind.PROPORTION, found["orr_mean"].value)
    for name, true in (("pfs", truth.pfs.median), ("os", truth.os.median)):
        halves = total.medians[name]
        days = Counter({None if half == -1 else half / 2: n for half, n in halves.items()})
        _months(ledger, f"{name}-median", days, total.trials)
        at = Entry(SIMULATION, ALL, f"{name}-median")
        note = None if true is not None else "not reached within the horizon"
        ledger.add(at, "truth", Kind.DURATION, true, note=note, formula=TRUTH)
    duration: Counter[float | None] = Counter()
    duration.update(total.spread["duration"])
    _months(ledger, "duration", duration, total.trials)
    mean = found["duration_mean"].value
    ledger.add(Entry(SIMULATION, ALL, "duration"), "mean", Kind.DURATION, mean)
    return ledger.results().rows


def _decision(ledger: Ledger, at: Entry, found: Mapping[str, Characteristic]) -> None:
    """Write down what the decision does; an exact value only where counts decide."""
    for name in ("success", "stop_early"):
        if name not in found:
            continue
        one = found[name]
        ledger.add(at, name, Kind.PROPORTION, one.value)
        ledger.add(at, f"{name}_error", Kind.PROPORTION, one.error, formula=ERROR)
        if one.against is not None:
            ledger.add(at, f"{name}_exact", Kind.PROPORTION, one.against, formula=one.of)


def _nearest(total: Tally, planned: int) -> Counter[int]:
    """Count trials by the number of responders of all planned that is nearest to x of n."""
    n_at, x_at = JOINT.index("enrolled"), JOINT.index("responders")
    found: Counter[int] = Counter()
    for row, trials in total.joint.items():
        n, x = row[n_at], row[x_at]
        found[(2 * x * planned + n) // (2 * n)] += trials
    return found


def _months(ledger: Ledger, variant: str, days: Counter[float | None], trials: int) -> None:
    months: Counter[int] = Counter()
    for day, n in days.items():
        if day is not None:
            months[floor(day / float(DAYS_PER_MONTH))] += n
    for month in sorted(months):
        label = f"{month} to under {month + 1} months"
        at = Entry(SIMULATION, ALL, variant, f"month:{month}", label)
        ledger.add(at, "share", Kind.PROPORTION, months[month] / trials)
    at = Entry(SIMULATION, ALL, variant)
    ledger.add(at, "not_reached", Kind.PROPORTION, days[None] / trials)


def rows_of_truths(
    steps: Iterable[tuple[float | None, Mapping[str, Characteristic]]], truth_kind: Kind
) -> tuple[Row, ...]:
    """Return decision and duration for each truth: a response rate, or a median PFS in days."""
    ledger = Ledger()
    for step, (true, numbers) in enumerate(steps, start=1):
        at = Entry(SIMULATION, ALL, "", f"step:{step}", f"truth {step}")
        note = None if true is not None else "not reached within the horizon"
        ledger.add(at, "truth", truth_kind, true, note=note, formula=TRUTH)
        _decision(ledger, at, numbers)
        duration = numbers["duration_mean"]
        ledger.add(at, "duration", Kind.DURATION, duration.value, formula="mean, to the data cut")
        ledger.add(at, "duration_error", Kind.DURATION, duration.error, formula=ERROR)
        ledger.add(at, "patients", Kind.QUANTITY, numbers["enrolled_mean"].value, unit="patients")
    return ledger.results().rows
