"""A computed design as result rows, to be drawn or read by a program.

Takes the frozen design that ``onearm.design`` gives, returns rows: the sawtooth
of power over n, the admissible designs, the chance of a promising end over the
true rate, the bounds at each look. Their ids are those of an analysis, such as
``design/all/n:35/power``; the designs of a pair are its variants. Computes
operating characteristics by ``onearm.design`` and no design.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from onearm.design.binomial import Hypotheses
from onearm.design.operating import Look, operating, two_stage_rule
from onearm.design.posterior import PosteriorDesign
from onearm.design.predictive import PredictiveDesign
from onearm.design.single_stage import ExactDesign
from onearm.design.survival import Weibull, promising_below
from onearm.design.toxicity import ToxicityBoundary
from onearm.design.two_stage import SimonDesigns, TwoStage
from onearm.format import percent, plain
from onearm.protocol.model import Protocol
from onearm.protocol.planned_design import PrecisionDesign, SurvivalDesign
from onearm.results.design_rows import DESIGN, PlannedDesign, historical_curve, survival_curves
from onearm.results.ledger import Entry, Ledger
from onearm.results.model import Row
from onearm.results.plan import ALL, TREATED, Analysis
from onearm.terms import DAYS_PER_MONTH, Kind

MONITOR = Analysis("monitor", "Monitoring", "monitor", TREATED, (ALL,))
EXACT = "exact, over all sequences of counts"
NO_BOUND = "no such stop at this look"
STEPS = (100, 200, 500, 1000, 2000, 10_000)  # of a power curve: parts of 1
POINTS_OF_A_CURVE = 120  # of a survival curve


class Bound(NamedTuple):
    """At ``n`` subjects: stop at a count of at most ``low``, or of at least ``high``."""

    n: int
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Course:
    """The first ``n`` subjects by enrolment: who responded, and who did or still may."""

    n: int
    responders: int
    possible: int


def rows_of_exact(found: ExactDesign) -> tuple[Row, ...]:
    """Return rule, alpha and power of the exact test for each n of its sawtooth."""
    ledger = Ledger()
    _asked(ledger, found.rates)
    _count(ledger, "first_n", found.first.n, "smallest n with the power")
    _count(ledger, "stable_n", found.stable.n, "smallest n from which every larger n has it")
    for tooth in found.sawtooth:
        at = _at_n(tooth.n)
        needed = None if tooth.reject_at > tooth.n else tooth.reject_at
        note = None if needed is not None else "not even all of them are enough"
        ledger.add(at, "reject_at", Kind.COUNT, needed, note=note)
        ledger.add(at, "alpha", Kind.PROPORTION, tooth.alpha, formula="P(reject), at p0")
        ledger.add(at, "power", Kind.PROPORTION, tooth.power, formula="P(reject), at p1")
    return ledger.results().rows


def rows_of_simon(found: SimonDesigns) -> tuple[Row, ...]:
    """Return the admissible designs by n, and the optimal and minimax designs over the rate."""
    ledger = Ledger()
    _asked(ledger, found.rates)
    _count(ledger, "optimal_n", found.optimal.n, "smallest expected n at p0")
    _count(ledger, "minimax_n", found.minimax.n, "smallest n")
    for each in found.admissible:
        _admissible(ledger, each.design, each.weight_from, each.weight_to)
    named = (("optimal", found.optimal), ("minimax", found.minimax))
    for name, design in named[: 1 if found.optimal == found.minimax else 2]:
        rule = two_stage_rule(design.r1, design.n1, design.r, design.n)
        _curve(ledger, rule, found.rates.p0, found.rates.p1, name)
    return ledger.results().rows


def _admissible(ledger: Ledger, design: TwoStage, weight_from: float, weight_to: float) -> None:
    at = _at_n(design.n)
    for name in ("r1", "n1", "r"):
        ledger.add(at, name, Kind.COUNT, getattr(design, name))
    for name in ("alpha", "power", "pet0"):
        ledger.add(at, name, Kind.PROPORTION, getattr(design, name))
    ledger.add(at, "en0", Kind.QUANTITY, design.en0, unit="subjects", formula="expected n, at p0")
    ledger.add(at, "weight_from", Kind.PROPORTION, weight_from, formula="weight on n, from")
    ledger.add(at, "weight_to", Kind.PROPORTION, weight_to, formula="weight on n, to")


def rows_of_toxicity(found: ToxicityBoundary) -> tuple[Row, ...]:
    """Return the count at which toxicity stops the trial, for each look."""
    ledger = Ledger()
    _rates(ledger, found.p0, found.p1)
    for name, at in (("stop0", found.null), ("stop1", found.excess)):
        ledger.add(_all(), name, Kind.PROPORTION, at.above, formula=EXACT)
    _bounds(ledger, [Bound(look.n, look.low, look.high) for look in found.looks])
    return ledger.results().rows


def rows_of_monitoring(found: PredictiveDesign | PosteriorDesign) -> tuple[Row, ...]:
    """Return the bounds of a Bayesian design for each look, with its exact error rates."""
    ledger = Ledger()
    _rates(ledger, found.p0, found.p1)
    for name, at in (("alpha", found.null), ("power", found.target)):
        ledger.add(_all(), name, Kind.PROPORTION, at.above, formula=EXACT)
    for name, at in (("below0", found.null), ("below1", found.target)):
        ledger.add(_all(), name, Kind.PROPORTION, at.below, formula=EXACT)
    for name, at in (("expected0", found.null), ("expected1", found.target)):
        ledger.add(_all(), name, Kind.QUANTITY, at.expected_n, unit="subjects", formula=EXACT)
    _bounds(ledger, [Bound(look.n, look.low, look.high) for look in found.looks])
    return ledger.results().rows


def rows_of_study(protocol: Protocol, design: PlannedDesign) -> tuple[Row, ...]:
    """Return what a protocol's design does over the true rate, and its bounds.

    For a log-rank test the two survival curves, by month.
    """
    ledger = Ledger()
    planned = protocol.design
    for row in design.rows:
        if row.item is None:
            ledger.rows.append(row)
    ledger.add(_all(), "alpha_limit", Kind.PROPORTION, float(planned.alpha), formula="one-sided")
    if isinstance(planned, SurvivalDesign) and not design.rule:
        _survival(ledger, planned)
        return ledger.results().rows
    if isinstance(planned, PrecisionDesign):
        low, high = planned.lower_limit_above, planned.target
    elif isinstance(planned, SurvivalDesign):
        low, high = planned.null.rate or Decimal(0), planned.alternative.rate or Decimal(0)
    else:
        low, high = planned.p0, planned.p1
    _rates(ledger, low, high)
    _curve(ledger, design.rule, Fraction(low), Fraction(high))
    _bounds(ledger, [Bound(look.n, look.futile, look.effective) for look in design.rule])
    return ledger.results().rows


def rows_of_monitor(rule: Sequence[Look], course: Iterable[Course]) -> tuple[Row, ...]:
    """Return the responders of the first n by enrolment, beside what the design asks.

    ``enough``: with so many of the first n the end is promising, whatever comes;
    ``not_enough``: with so many or fewer it cannot be.
    """
    ledger = Ledger()
    _bounds(ledger, [Bound(look.n, look.futile, look.effective) for look in rule])
    for n in range(rule[-1].n + 1):
        ahead = [look for look in rule if look.n >= max(n, 1)]
        enough = min(look.effective for look in ahead if look.effective is not None)
        ledger.add(_at_n(n), "enough", Kind.COUNT, enough, formula="fewest that decide")
        lost = max(look.futile - (look.n - n) for look in ahead if look.futile is not None)
        note = None if lost >= 0 else "the end may still be promising without a responder"
        value = lost if lost >= 0 else None
        ledger.add(_at_n(n), "not_enough", Kind.COUNT, value, note=note, formula="most that fail")
    for seen in course:
        at = Entry(MONITOR, ALL, "", f"n:{seen.n}", f"first {seen.n} by enrolment")
        ledger.add(at, "responders", Kind.COUNT, seen.responders, formula="confirmed")
        ledger.add(at, "possible", Kind.COUNT, seen.possible, formula="confirmed, or still open")
    return ledger.results().rows


def rows_of_survival_monitor(
    times: Sequence[tuple[float, bool]], planned: SurvivalDesign
) -> tuple[Row, ...]:
    """Return the events by time since the first dose, beside those of the historical curve.

    ``times`` are the days of each subject and whether it is an event. ``bound``: with fewer
    events Z would be promising; only for the test whose variance is E.
    """
    ledger, null = Ledger(), historical_curve(planned)
    month = float(DAYS_PER_MONTH)
    days = sorted({0, *(ceil(time) for time, _ in times)})
    step = max(1, days[-1] // POINTS_OF_A_CURVE)
    for day in sorted({*days, *range(0, days[-1], step)}):
        at = Entry(MONITOR, ALL, "", f"day:{day}", f"day {day}")
        observed = sum(is_event and time <= day for time, is_event in times)
        expected = sum((min(time, day) / month / null.scale) ** null.shape for time, _ in times)
        ledger.add(at, "observed", Kind.COUNT, observed, formula="events up to this day")
        ledger.add(
            at, "expected", Kind.QUANTITY, expected, unit="events",
            formula="sum of the historical cumulative hazard at each time, up to this day",
        )  # fmt: skip
        if planned.test == "one-sample log-rank":
            bound = promising_below(expected, float(planned.alpha))
            ledger.add(at, "bound", Kind.QUANTITY, bound, unit="events",
                       formula="E - z sqrt(E), z of the one-sided alpha")  # fmt: skip
    ledger.add(_all(), "alpha_limit", Kind.PROPORTION, float(planned.alpha), formula="one-sided")
    return ledger.results().rows


def _all() -> Entry:
    return Entry(DESIGN, ALL)


def _at_n(n: int) -> Entry:
    return Entry(DESIGN, ALL, "", f"n:{n}", f"{n} subjects")


def _count(ledger: Ledger, name: str, value: int, formula: str) -> None:
    ledger.add(_all(), name, Kind.COUNT, value, formula=formula)


def _rates(ledger: Ledger, p0: object, p1: object) -> None:
    for name, rate in (("p0", p0), ("p1", p1)):
        ledger.add(_all(), name, Kind.PROPORTION, float(Fraction(str(rate))))


def _asked(ledger: Ledger, rates: Hypotheses) -> None:
    _rates(ledger, rates.p0, rates.p1)
    ledger.add(_all(), "alpha_limit", Kind.PROPORTION, float(rates.alpha), formula="one-sided")
    ledger.add(_all(), "power_limit", Kind.PROPORTION, float(rates.power), formula="1 - beta")


def _bounds(ledger: Ledger, bounds: Iterable[Bound]) -> None:
    for n, low, high in bounds:
        for name, bound in (("stop_low", low), ("stop_high", high)):
            note = NO_BOUND if bound is None else None
            ledger.add(_at_n(n), name, Kind.COUNT, bound, note=note)


def _curve(
    ledger: Ledger, rule: Sequence[Look], p0: Fraction, p1: Fraction, variant: str = ""
) -> None:
    """Write down the chance of a promising end from below p0 to above p1."""
    for rate in rates_around(p0, p1):
        label = f"response rate {percent(rate)} %"
        at = Entry(DESIGN, ALL, variant, f"p:{plain(float(rate))}", label)
        reject = operating(rule, rate).reject
        ledger.add(at, "reject", Kind.PROPORTION, reject, formula=EXACT)


def rates_around(p0: Fraction, p1: Fraction) -> tuple[Fraction, ...]:
    """Return the rates of a power curve: p0 and p1, and their distance to each side.

    >>> [float(rate) for rate in rates_around(Fraction(1, 5), Fraction(21, 100))][:3]
    [0.19, 0.1905, 0.191]
    """
    gap = p1 - p0
    step = next(Fraction(1, k) for k in STEPS if gap * k >= 20 or k == STEPS[-1])
    low, high = max(p0 - gap, Fraction(0)), min(p1 + gap, 1 - step)
    first, last = -(-low // step), high // step
    grid = {step * k for k in range(int(first), int(last) + 1)}
    return tuple(sorted(grid | {p0, p1}))


def _survival(ledger: Ledger, planned: SurvivalDesign) -> None:
    null, target = survival_curves(planned)
    end = ceil(planned.accrual.days + planned.follow_up.days)
    named: tuple[tuple[str, Weibull], ...] = (("historical", null), ("target", target))
    for name, curve in named:
        median = curve.median * float(DAYS_PER_MONTH)
        ledger.add(Entry(DESIGN, ALL, name), "median", Kind.DURATION, median)
        for day in (*range(0, end, ceil(end / POINTS_OF_A_CURVE)), end):
            at = Entry(DESIGN, ALL, name, f"day:{day}", f"day {day}")
            share = curve.survival(day / float(DAYS_PER_MONTH))
            ledger.add(at, "survival", Kind.PROPORTION, share)
    for name, period in (("accrual", planned.accrual), ("follow_up", planned.follow_up)):
        ledger.add(_all(), name, Kind.DURATION, float(period.days))
