"""``onearm design``: designs that watch a trial, in words and as JSON.

Takes the texts and numbers of the command line, gives an answer. Computes
nothing: the designs are those of ``onearm.design``, their words stand in
``onearm.pipeline.monitoring_text``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import isinf
from pathlib import Path
from typing import Any

from onearm.design.arguments import LARGEST_N, exact, positive
from onearm.design.beta import BetaMixture
from onearm.design.bop2 import Bop2Design, bop2_design, bop2_scenarios, calibrate_bop2
from onearm.design.bryant_day import bryant_day
from onearm.design.endpoints import Rates
from onearm.design.historical import (
    PastTrial,
    meta_analytic_prior,
    pooled_rate,
)
from onearm.design.landmark import landmark_design
from onearm.design.monitoring_wording import Paragraphs, paragraphs
from onearm.design.posterior import posterior_design
from onearm.design.predictive import find_predictive_design, predictive_design
from onearm.design.survival import Weibull, hazard_ratio_of, logrank_design, weibull
from onearm.design.toxicity import toxicity_boundary
from onearm.design.two_stage_logrank import logrank_two_stage
from onearm.errors import DesignError
from onearm.io.historical import HistoricalTrial, read_historical
from onearm.pipeline.monitoring_text import (
    bop2_text,
    bryant_day_text,
    historical_text,
    landmark_text,
    logrank_text,
    posterior_text,
    predictive_text,
    toxicity_text,
    two_stage_text,
    wrapped,
)


@dataclass(frozen=True, slots=True)
class MonitoringAnswer:
    """A design for a reader and for a program, with paragraphs for protocol and paper."""

    kind: str
    design: Any
    shown: str
    wording: Paragraphs | None
    more: dict[str, object] = field(default_factory=dict)

    def as_text(self) -> str:
        """Return the design in words, with its tables and paragraphs."""
        parts = [self.shown]
        if self.wording:
            parts += [
                f"For the protocol\n\n{wrapped(self.wording.protocol)}",
                f"For the paper\n\n{wrapped(self.wording.paper)}",
            ]
        return "\n\n".join(parts)

    def as_json(self) -> dict[str, object]:
        """Return every number of the design at full precision."""
        values = {"kind": self.kind, **_plain(asdict(self.design)), **self.more}
        if self.wording:
            values["wording"] = asdict(self.wording)
        return values


def predictive(
    p0: float,
    p1: float,
    *,
    looks: str | None,
    theta_t: float | None,
    theta_l: float | None,
    theta_u: float,
    alpha: float,
    power: float,
    first_look: int,
    every: int,
    n_to: int,
    prior: str | None,
) -> MonitoringAnswer:
    """Return a design with predictive probability, for given thresholds or for alpha and power.

    Raises DesignError.
    """
    weights = _pair("prior", prior) if prior else None
    if theta_t is None and theta_l is None:
        if looks:
            raise DesignError("looks go with theta_t and theta_l; a search takes first_look, every")
        plan = find_predictive_design(
            p0,
            p1,
            alpha=alpha,
            power=power,
            first_look=first_look,
            every=every,
            n_to=n_to,
            prior=weights,
        )
        found = "\nThe smallest trial that keeps both, with the smallest expected n at p0."
    elif theta_t is None or theta_l is None or not looks:
        raise DesignError("a given design needs looks, theta_t and theta_l, all three")
    else:
        plan = predictive_design(
            p0,
            p1,
            sizes(looks),
            theta_t=theta_t,
            theta_l=theta_l,
            theta_u=theta_u,
            prior=weights,
        )
        found = ""
    return MonitoringAnswer(
        "predictive",
        plan,
        predictive_text(plan, found),
        paragraphs(plan),
        {"alpha": plan.alpha, "power": plan.power},
    )


def posterior(
    p0: float,
    p1: float,
    *,
    looks: str,
    prior: str,
    standard: str | None,
    historical: Path | None,
    vague_weight: float,
    delta: float,
    futility: float | None,
    efficacy: float | None,
) -> MonitoringAnswer:
    """Return a design with posterior probability against a standard treatment.

    The standard is a fixed rate (``0.3``), a beta distribution (``15,35``), or the
    robust meta-analytic prior of a table of past trials. Raises DesignError.
    """
    if (standard is None) == (historical is None):
        raise DesignError("give the standard rate, or a table of past trials: one of them")
    control: BetaMixture | float
    if historical is not None:
        past, _ = _past(historical)
        control = meta_analytic_prior(past, vague_weight=vague_weight).robust
    elif standard is not None and "," in standard:
        control = BetaMixture.single(*_pair("standard", standard))
    else:
        control = _number("standard", standard or "")
    plan = posterior_design(
        p0,
        p1,
        sizes(looks),
        prior=_pair("prior", prior),
        standard=control,
        delta=delta,
        futility=futility,
        efficacy=efficacy,
    )
    return MonitoringAnswer("posterior", plan, posterior_text(plan), paragraphs(plan))


def bop2(
    endpoint: str,
    null: Sequence[float | None],
    target: Sequence[float | None],
    *,
    looks: str,
    alpha: float,
    power: float | None,
    efficacy: str,
    goal: str,
    lambda_: float | None,
    gamma: float | None,
    eta: float | None,
) -> MonitoringAnswer:
    """Return a BOP2 design, for given thresholds or calibrated exactly.

    ``null`` and ``target`` are the first rate, the second and how often both
    hold, None where they do not apply. Raises DesignError.
    """
    h0, h1 = (Rates(rates[0] or 0.0, rates[1], rates[2]) for rates in (null, target))
    if lambda_ is not None or gamma is not None:
        if lambda_ is None or gamma is None:
            raise DesignError("given thresholds need lambda and gamma, both")
        given = efficacy if efficacy != "none" or eta is None else "power"
        plan = bop2_design(
            endpoint,  # type: ignore[arg-type]
            h0,
            h1,
            sizes(looks),
            lambda_=lambda_,
            gamma=gamma,
            eta=eta,
            efficacy=given,  # type: ignore[arg-type]
        )
        more = _bop2_more(plan)
        return MonitoringAnswer("bop2", plan, bop2_text(plan, None), paragraphs(plan), more)
    if eta is not None:
        raise DesignError("eta goes with lambda and gamma; a calibration finds all three")
    found = calibrate_bop2(
        endpoint,  # type: ignore[arg-type]
        h0,
        h1,
        sizes(looks),
        alpha=alpha,
        power=power,
        efficacy=efficacy,  # type: ignore[arg-type]
        goal=goal,  # type: ignore[arg-type]
    )
    more = _bop2_more(found.design)
    return MonitoringAnswer("bop2", found, bop2_text(found.design, found), paragraphs(found), more)


def bryant_day_pair(
    response0: float,
    response1: float,
    toxicity0: float,
    toxicity1: float,
    *,
    alpha_response: float,
    alpha_toxicity: float,
    power: float,
    n_to: int | None,
) -> MonitoringAnswer:
    """Return Bryant and Day's optimal and minimax designs. Raises DesignError."""
    pair = bryant_day(
        response0,
        response1,
        toxicity0,
        toxicity1,
        alpha_response=alpha_response,
        alpha_toxicity=alpha_toxicity,
        power=power,
        n_to=n_to,
    )
    return MonitoringAnswer("bryant-day", pair, bryant_day_text(pair), paragraphs(pair))


def toxicity(
    p0: float,
    p1: float,
    *,
    looks: str,
    method: str,
    alpha: float,
    constant: float | None,
    shape: float | None,
    prior: str | None,
) -> MonitoringAnswer:
    """Return a stopping boundary for toxicity. Raises DesignError."""
    rule = toxicity_boundary(
        method,  # type: ignore[arg-type]
        p0,
        p1,
        sizes(looks),
        alpha=alpha,
        constant=constant,
        shape=shape,
        prior=_pair("prior", prior) if prior else None,
    )
    more: dict[str, object] = {"alpha": rule.alpha}
    return MonitoringAnswer("toxicity", rule, toxicity_text(rule), paragraphs(rule), more)


def logrank(
    *,
    median0: float | None,
    median1: float | None,
    rate0: float | None,
    rate1: float | None,
    at: float | None,
    hazard_ratio: float | None,
    shape: float,
    accrual: float | None,
    accrual_rate: float | None,
    follow_up: float,
    alpha: float,
    power: float,
    variance: str,
    stages: int,
) -> MonitoringAnswer:
    """Return the size of a one-sample log-rank test, in one stage or two. Raises DesignError."""
    if at is not None:
        positive("at", at)
    null = _null_curve(median0, rate0, at, shape)
    ratio = _hazard_ratio(null, median1, rate1, at, hazard_ratio)
    if stages == 1:
        plan = logrank_design(
            null,
            ratio,
            accrual=accrual,
            accrual_rate=accrual_rate,
            follow_up=follow_up,
            alpha=alpha,
            power=power,
            variance=variance,  # type: ignore[arg-type]
        )
        return MonitoringAnswer("logrank", plan, logrank_text(plan), paragraphs(plan))
    if stages != 2:
        raise DesignError(f"stages must be 1 or 2; got {stages}")
    if accrual_rate is None or accrual is not None:
        raise DesignError("two stages need accrual_rate, patients a unit of time, not accrual")
    if variance != "standard":
        raise DesignError("two stages are offered with the standard variance only")
    pair = logrank_two_stage(
        null,
        ratio,
        accrual_rate=accrual_rate,
        follow_up=follow_up,
        alpha=alpha,
        power=power,
    )
    return MonitoringAnswer("logrank", pair, two_stage_text(pair), paragraphs(pair))


def landmark(
    *,
    at: float,
    rate0: float | None,
    rate1: float | None,
    median0: float | None,
    median1: float | None,
    hazard_ratio: float | None,
    method: str,
    alpha: float,
    power: float,
    accrual: float | None,
    follow_up: float | None,
    shape: float,
) -> MonitoringAnswer:
    """Return the size of a trial on a survival rate at a landmark. Raises DesignError."""
    positive("at", at)
    null = _null_curve(median0, rate0, at if rate0 is not None else None, shape)
    low = rate0 if rate0 is not None else null.survival(at)
    if rate1 is not None and median1 is None and hazard_ratio is None:
        high = rate1
    else:
        ratio = _hazard_ratio(null, median1, rate1, at, hazard_ratio)
        high = null.slower(ratio).survival(at)
    plan = landmark_design(
        method,  # type: ignore[arg-type]
        low,
        high,
        at=at,
        alpha=alpha,
        power=power,
        accrual=accrual,
        follow_up=follow_up,
        shape=shape,
    )
    return MonitoringAnswer("landmark", plan, landmark_text(plan), paragraphs(plan))


def historical(path: Path, *, level: float, vague_weight: float) -> MonitoringAnswer:
    """Return what a table of past trials says of the null rate.

    Raises InputError for the table, DesignError where no trial has counts.
    """
    past, unused = _past(path)
    prior = meta_analytic_prior(past, vague_weight=vague_weight)
    pooled = pooled_rate(past, level=level) if len(past) > 1 else None
    more: dict[str, object] = {
        "pooled": _plain(asdict(pooled)) if pooled else None,
        "unused": [{"source": t.source, "rate_percent": t.rate_percent} for t in unused],
    }
    shown = historical_text(pooled, prior, unused)
    return MonitoringAnswer("historical", prior, shown, paragraphs(prior), more)


def sizes(looks: str) -> tuple[int, ...]:
    """Return the numbers of patients that a text of looks names.

    >>> sizes("10,15,20"), sizes("2-5"), sizes("10-40/10")
    ((10, 15, 20), (2, 3, 4, 5), (10, 20, 30, 40))
    """
    found: list[int] = []
    for part in looks.replace(" ", "").split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        numbers = [first, *([last] if dash else []), *([step] if "/" in part else [])]
        if not all(n.isascii() and n.isdigit() and len(n) < 10 for n in numbers) or (
            "/" in part and (not dash or int(step) == 0)
        ):
            raise DesignError(
                f"looks must be numbers of patients, such as 10,20,30 or 10-40/5; got {part!r}"
            )
        if dash and int(last) > LARGEST_N:
            raise DesignError(
                f"looks go on to {last} patients, which is too many to compute (at most "
                f"{LARGEST_N}); let the last look be earlier"
            )
        if dash and int(last) < int(first):
            raise DesignError(f"looks must grow; got {part!r}")
        found += range(int(first), int(last) + 1, int(step or 1)) if dash else [int(first)]
        if dash and found[-1:] != [int(last)]:
            found.append(int(last))
    return tuple(found)


def _bop2_more(plan: Bop2Design) -> dict[str, object]:
    scenarios = [{"name": name, **asdict(at)} for name, at in bop2_scenarios(plan)]
    return {"alpha": plan.alpha, "power": plan.power, "scenarios": _plain(scenarios)}


def _pair(name: str, value: str) -> tuple[float, float]:
    parts = value.split(",")
    if len(parts) != 2:
        raise DesignError(
            f"{name} must be two numbers a,b of Beta(a, b), such as 0.2,0.8; got {value}"
        )
    return _number(name, parts[0]), _number(name, parts[1])


def _number(name: str, value: str) -> float:
    try:
        return float(exact(name, float(value)))
    except ValueError:
        raise DesignError(f"{name} must be a number; got {value}") from None


def _past(path: Path) -> tuple[tuple[PastTrial, ...], list[HistoricalTrial]]:
    rows = read_historical(path)
    past = tuple(
        PastTrial(row.source, row.responders, row.n)
        for row in rows
        if row.n is not None and row.responders is not None
    )
    if not past:
        raise DesignError(f"{path}: no past trial has both n and responders")
    return past, [row for row in rows if not row.has_counts]


def _null_curve(
    median: float | None, rate: float | None, at: float | None, shape: float
) -> Weibull:
    if (median is None) == (rate is None):
        raise DesignError("the historical curve needs median0, or rate0 at a time: one of them")
    if median is not None:
        positive("median0", median)
    return weibull(median=median, rate=rate, at=at if rate is not None else None, shape=shape)


def _hazard_ratio(
    null: Weibull,
    median: float | None,
    rate: float | None,
    at: float | None,
    ratio: float | None,
) -> float:
    if sum(value is not None for value in (median, rate, ratio)) != 1:
        raise DesignError("the target needs median1, rate1 at a time, or hazard_ratio: one of them")
    if ratio is not None:
        return ratio
    if median is not None:
        positive("median1", median)
    target = weibull(
        median=median, rate=rate, at=at if rate is not None else None, shape=null.shape
    )
    found = hazard_ratio_of(null, target)
    if found >= 1:
        raise DesignError("the target curve must lie above the historical one")
    return found


def _plain(value: Any) -> Any:
    """Return what JSON can hold: infinity is named, tuples are lists, names have no underscore."""
    if isinstance(value, dict):
        return {key.rstrip("_"): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and isinf(value):
        return "infinity"
    return value
