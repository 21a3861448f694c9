"""The design that a protocol plans: computed, as rows, with its wording.

Takes a protocol, gives a ``PlannedDesign``: sample sizes, the decision rule,
attained error rates, operating characteristics over the response rate, and what
contradicts the numbers that the protocol states. The one place that turns the
protocol's design into a computed one, for ``check``, ``design study``,
``monitor``, the report and the figures alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from onearm.design.binomial import Hypotheses, hypotheses
from onearm.design.landmark import landmark_design
from onearm.design.monitoring_wording import paragraphs
from onearm.design.operating import Look, operating, two_stage_rule
from onearm.design.single_stage import exact_design, precision_design
from onearm.design.survival import (
    LogrankDesign,
    Weibull,
    hazard_ratio_of,
    logrank_design,
    weibull,
)
from onearm.design.toxicity import ToxicityBoundary, toxicity_boundary
from onearm.design.two_stage import simon
from onearm.design.wording import Wording, exact_wording, simon_wording
from onearm.errors import DesignError
from onearm.format import percent, plain
from onearm.protocol.model import Protocol
from onearm.protocol.planned_design import (
    PrecisionDesign,
    SimonDesign,
    SingleStageDesign,
    SurvivalDesign,
    SurvivalHypothesis,
)
from onearm.protocol.stopping import ToxicityStopping
from onearm.results.ledger import Entry, Ledger
from onearm.results.model import Basis, Row
from onearm.results.plan import ALL, TREATED, Analysis
from onearm.terms import DAYS_PER_MONTH, Kind

DESIGN = Analysis("design", "Design", "design", TREATED, (ALL,))
RATES = tuple(Fraction(k, 20) for k in range(1, 20))
"""Response rates at which operating characteristics are given: 5 % to 95 %."""


@dataclass(frozen=True, slots=True)
class PlannedDesign:
    """A protocol's design, computed.

    ``rule`` holds the looks of a design with a binary endpoint, in order; it is
    empty for a survival endpoint. ``contradictions`` pairs a field of the
    protocol's design with what is wrong about it.
    """

    kind: str
    n: int
    enrolled: int
    rule: tuple[Look, ...]
    p0: float | None
    wording: Wording
    rows: tuple[Row, ...]
    contradictions: tuple[tuple[str, str], ...]


def planned_design(protocol: Protocol) -> PlannedDesign:
    """Compute the design of a protocol.

    Raises
    ------
    DesignError
        If no design exists for the values that the protocol states.
    """
    design = protocol.design
    match design:
        case PrecisionDesign():
            return _precision(design)
        case SimonDesign():
            return _simon(design)
        case SingleStageDesign():
            return _single_stage(design)
        case SurvivalDesign():
            return _survival(design)


def _enrolled(n: int, dropout: object) -> int:
    return ceil(Fraction(n) / (1 - Fraction(str(dropout))))


def _stated(design: object, computed: dict[str, int | None]) -> Iterator[tuple[str, str]]:
    """Yield each number that the protocol states and its own design does not give."""
    for field, value in computed.items():
        stated = getattr(design, field, None)
        if stated is not None and stated != value:
            yield field, f"must be {value}, by the other values of the design; got {stated}"


BASIS = Basis(f"{DESIGN.id}/all", "nobody: computed before any data", "the protocol's design", ())


def _rows(
    numbers: Mapping[str, tuple[Kind, float | int | None, str]], rule: Sequence[Look]
) -> tuple[Row, ...]:
    ledger = Ledger()
    entry = Entry(DESIGN, ALL)
    basis = BASIS.id
    for name, (kind, value, formula) in numbers.items():
        note = None if value is not None else "does not exist"
        ledger.add(entry, name, kind, value, note=note, basis=basis, formula=formula)
    for rate in RATES if rule else ():
        found = operating(rule, rate)
        label = f"response rate {percent(rate, 0)} %"
        item = Entry(DESIGN, ALL, "", f"p:{plain(float(rate))}", label)
        exact = "exact, over all sequences of counts"
        ledger.add(item, "reject", Kind.PROPORTION, found.reject, basis=basis, formula=exact)
        ledger.add(
            item, "stop_early", Kind.PROPORTION, found.stop_early, basis=basis, formula=exact
        )
        ledger.add(item, "expected_n", Kind.QUANTITY, found.expected_n, unit="subjects",
                   basis=basis, formula=exact)  # fmt: skip
    return ledger.results().rows


def _precision(planned: PrecisionDesign) -> PlannedDesign:
    found = precision_design(
        planned.target, planned.lower_limit_above, planned.alpha, dropout=planned.dropout
    )
    needed = found.responders_needed
    rule = () if needed is None else (Look(found.n, needed - 1, needed),)
    limit, target = percent(planned.lower_limit_above, 0), percent(planned.target, 0)
    confidence = percent(1 - planned.alpha, 0)
    protocol = (
        f"With {found.n} evaluable subjects and a response rate of {target} %, the lower limit of "
        f"the one-sided exact (Clopper-Pearson) {confidence} % interval exceeds {limit} %. "
        f"Allowing for {percent(planned.dropout, 0)} % of subjects who are not evaluable, "
        f"{found.enrolled} are enrolled. The limit exceeds {limit} % with {needed} or more "
        f"responders of {found.n}; if the true response rate is {target} %, this happens with "
        f"probability {percent(found.probability_of_success or 0, 1)} %."
    )
    paper = (
        f"{found.n} evaluable subjects were needed for the lower limit of the one-sided exact "
        f"{confidence} % confidence interval to exceed {limit} % at a response rate of {target} %; "
        f"with {percent(planned.dropout, 0)} % dropout {found.enrolled} were to be enrolled."
    )
    numbers = {
        "n": (Kind.COUNT, found.n, "smallest n whose limit at n x target exceeds the threshold"),
        "enrolled": (Kind.COUNT, found.enrolled, "n / (1 - dropout), rounded up"),
        "limit_at_target": (Kind.PROPORTION, found.lower, "one-sided exact lower limit"),
        "responders_needed": (Kind.COUNT, needed, "fewest of n whose limit exceeds the threshold"),
        "power": (Kind.PROPORTION, found.probability_of_success, "P(needed or more) at the target"),
    }
    wrong = _stated(planned, {"n": found.n, "enrolled": found.enrolled})
    return PlannedDesign(
        "precision", found.n, found.enrolled, rule, float(planned.lower_limit_above),
        Wording(protocol, paper), _rows(numbers, rule), tuple(wrong),
    )  # fmt: skip


def _hypotheses(planned: SimonDesign | SingleStageDesign) -> Hypotheses:
    return hypotheses(planned.p0, planned.p1, planned.alpha, planned.power)


def _simon(planned: SimonDesign) -> PlannedDesign:
    found = simon(planned.p0, planned.p1, planned.alpha, planned.power)
    best = found.minimax if planned.criterion == "minimax" else found.optimal
    enrolled = _enrolled(best.n, planned.dropout)
    rule = tuple(two_stage_rule(best.r1, best.n1, best.r, best.n))
    numbers = {
        "n": (Kind.COUNT, best.n, "subjects in both stages"),
        "enrolled": (Kind.COUNT, enrolled, "n / (1 - dropout), rounded up"),
        "n1": (Kind.COUNT, best.n1, "subjects of stage 1"),
        "r1": (Kind.COUNT, best.r1, "stop after stage 1 at so many responders or fewer"),
        "r": (Kind.COUNT, best.r, "not promising at so many responders or fewer in all"),
        "alpha": (Kind.PROPORTION, best.alpha, "attained, one-sided, at p0"),
        "power": (Kind.PROPORTION, best.power, "attained, at p1"),
        "pet0": (Kind.PROPORTION, best.pet0, "P(stop after stage 1) at p0"),
        "en0": (Kind.QUANTITY, best.en0, "expected number of subjects at p0"),
    }
    computed: dict[str, int | None] = {
        "n": best.n, "r1": best.r1, "n1": best.n1, "r": best.r, "enrolled": enrolled
    }  # fmt: skip
    return PlannedDesign(
        "simon", best.n, enrolled, rule, float(planned.p0),
        simon_wording(best, _hypotheses(planned), planned.criterion, enrolled),
        _rows(numbers, rule), tuple(_stated(planned, computed)),
    )  # fmt: skip


def _single_stage(planned: SingleStageDesign) -> PlannedDesign:
    best = exact_design(planned.p0, planned.p1, planned.alpha, planned.power).first
    enrolled = _enrolled(best.n, planned.dropout)
    rule = (Look(best.n, best.reject_at - 1, best.reject_at),)
    numbers = {
        "n": (Kind.COUNT, best.n, "first n with the power"),
        "enrolled": (Kind.COUNT, enrolled, "n / (1 - dropout), rounded up"),
        "r": (Kind.COUNT, best.reject_at - 1, "not promising at so many responders or fewer"),
        "alpha": (Kind.PROPORTION, best.alpha, "attained, one-sided, at p0"),
        "power": (Kind.PROPORTION, best.power, "attained, at p1"),
    }
    computed: dict[str, int | None] = {
        "n": best.n, "r": best.reject_at - 1, "enrolled": enrolled
    }  # fmt: skip
    return PlannedDesign(
        "single_stage", best.n, enrolled, rule, float(planned.p0),
        exact_wording(best, _hypotheses(planned), enrolled),
        _rows(numbers, rule), tuple(_stated(planned, computed)),
    )  # fmt: skip


def _months(days: Fraction) -> float:
    return float(days / DAYS_PER_MONTH)


def _curve(of: SurvivalHypothesis, shape: float) -> Weibull:
    if of.median is not None:
        return weibull(median=_months(of.median.days), shape=shape)
    if of.rate is None or of.at is None:
        raise DesignError("a survival curve needs its median, or a rate and its time")
    return weibull(rate=float(of.rate), at=_months(of.at.days), shape=shape)


def _survival(planned: SurvivalDesign) -> PlannedDesign:
    if planned.test == "rate":
        return _landmark(planned)
    found = _logrank(planned)
    enrolled = _enrolled(found.n, planned.dropout)
    told = paragraphs(found)
    numbers = {
        "n": (Kind.COUNT, found.n, "one-sample log-rank test"),
        "enrolled": (Kind.COUNT, enrolled, "n / (1 - dropout), rounded up"),
        "power": (Kind.PROPORTION, found.power, "of n, under the target curve"),
        "hazard_ratio": (Kind.RATIO, found.hazard_ratio, "target over historical"),
        "critical": (Kind.QUANTITY, found.critical, "Z above it is promising: z(1 - alpha)"),
        "events_null": (Kind.QUANTITY, found.events_null, "expected under the historical curve"),
        "events_target": (Kind.QUANTITY, found.events_target, "expected under the target curve"),
    }
    wrong = _stated(planned, {"n": found.n, "enrolled": enrolled})
    return PlannedDesign(
        "survival", found.n, enrolled, (), None, Wording(told.protocol, told.paper),
        _rows(numbers, ()), tuple(wrong),
    )  # fmt: skip


def _landmark(planned: SurvivalDesign) -> PlannedDesign:
    """Compute a design on the share without event at a time, as a binomial."""
    null, target = planned.null, planned.alternative
    if null.rate is None or target.rate is None or null.at is None or null.at != target.at:
        raise DesignError("a design on a rate needs both rates, at the same time")
    found = landmark_design(
        "binomial", float(null.rate), float(target.rate), at=_months(null.at.days),
        alpha=float(planned.alpha), power=float(planned.power),
    )  # fmt: skip
    needed = found.needed or 0
    enrolled, told = _enrolled(found.n, planned.dropout), paragraphs(found)
    rule = (Look(found.n, needed - 1, needed),)
    numbers = {
        "n": (Kind.COUNT, found.n, "first n with the power"),
        "enrolled": (Kind.COUNT, enrolled, "n / (1 - dropout), rounded up"),
        "needed": (Kind.COUNT, needed, "promising with so many without event, or more"),
        "alpha": (Kind.PROPORTION, found.alpha, "attained, one-sided, at the null rate"),
        "power": (Kind.PROPORTION, found.power, "attained, at the target rate"),
    }
    wrong = _stated(planned, {"n": found.n, "enrolled": enrolled})
    return PlannedDesign(
        "survival", found.n, enrolled, rule, float(null.rate),
        Wording(told.protocol, told.paper), _rows(numbers, rule), tuple(wrong),
    )  # fmt: skip


def historical_curve(planned: SurvivalDesign) -> Weibull:
    """Return the curve that a survival design tests against, in months."""
    return _curve(planned.null, float(planned.shape or 1))


def survival_curves(planned: SurvivalDesign) -> tuple[Weibull, Weibull]:
    """Return the curve that is tested against and the one that is wanted, in months."""
    null = historical_curve(planned)
    return null, _curve(planned.alternative, null.shape)


def _logrank(planned: SurvivalDesign) -> LogrankDesign:
    null, target = survival_curves(planned)
    design = logrank_design(
        null,
        hazard_ratio_of(null, target),
        accrual=_months(planned.accrual.days),
        follow_up=_months(planned.follow_up.days),
        alpha=float(planned.alpha),
        power=float(planned.power),
        variance="wu" if planned.test == "modified one-sample log-rank" else "standard",
    )
    return replace(design, time_unit="month")


def planned_boundary(plan: ToxicityStopping) -> ToxicityBoundary:
    """Return the boundary of a protocol. Raises DesignError."""
    return toxicity_boundary(
        plan.method,
        float(plan.p0),
        float(plan.p1),
        plan.looks,
        alpha=float(plan.alpha),
        shape=None if plan.shape is None else float(plan.shape),
    )
