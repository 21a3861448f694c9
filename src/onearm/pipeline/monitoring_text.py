"""Monitoring designs in words: bounds, operating characteristics, conventions.

Takes a design of ``onearm.design``, gives the text that a reader sees. Computes
nothing but the operating characteristics of a table; every digit is made by
``onearm.format``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf
from textwrap import fill

from onearm import format as text
from onearm.design.beta import BetaMixture
from onearm.design.bop2 import Bop2Calibration, Bop2Design, Bop2Look, bop2_scenarios
from onearm.design.bryant_day import BryantDayDesign, BryantDayPair
from onearm.design.endpoints import Rates
from onearm.design.historical import MetaAnalyticPrior, PooledRate
from onearm.design.landmark import LandmarkDesign
from onearm.design.looks import Look, Operating, grid_of_rates, table
from onearm.design.posterior import PosteriorDesign
from onearm.design.predictive import PredictiveDesign
from onearm.design.survival import LogrankDesign
from onearm.design.toxicity import ToxicityBoundary
from onearm.design.two_stage_logrank import LogrankTwoStage, LogrankTwoStagePair
from onearm.io.historical import HistoricalTrial

EXACT = "All numbers are exact: no simulation."


def wrapped(paragraph: str) -> str:
    """Return a paragraph in lines of at most 90 characters."""
    return fill(paragraph, 90, break_long_words=False, break_on_hyphens=False)


def _rate(value: float) -> str:
    return text.plain(text.rounded(text.decimal_of(value), 4))


def _p(value: float) -> str:
    return text.number(value, 4)


def _bound(value: int | None) -> str:
    return text.NOT_APPLICABLE if value is None else str(value)


def _runs(rows: Sequence[tuple[int, tuple[str, ...]]]) -> list[list[str]]:
    """Return rows of n and bounds; neighbours with the same bounds go together."""
    runs: list[tuple[int, int, tuple[str, ...]]] = []
    for n, bounds in rows:
        if runs and runs[-1][2] == bounds and runs[-1][1] == n - 1:
            runs[-1] = (runs[-1][0], n, bounds)
        else:
            runs.append((n, n, bounds))
    return [[str(a) if a == b else f"{a}-{b}", *bounds] for a, b, bounds in runs]


def _bounds_table(looks: Sequence[Look], low: str | None, high: str | None) -> str:
    rows = []
    for look in looks:
        cells = [_bound(look.low)] if low else []
        rows.append((look.n, (*cells, *([_bound(look.high)] if high else []))))
    heads = [head for head in (low, high) if head]
    return text.text_table(["patients", *heads], _runs(rows), numeric=len(heads))


def _operating_table(rows: Sequence[Operating], above: str | None, below: str | None) -> str:
    heads = ["true rate", *(f"P({name})" for name in (above, below) if name)]
    body = []
    for row in rows:
        chances = [row.above] if above else []
        chances += [row.below] if below else []
        cells = [_rate(row.rate), *(_p(chance) for chance in (*chances, row.stop_early))]
        body.append([*cells, text.number(row.expected_n, 2)])
    return text.text_table([*heads, "P(stop early)", "expected n"], body, numeric=len(heads) + 1)


def predictive_text(plan: PredictiveDesign, found: str) -> str:
    """Return a predictive probability design, with its conventions, in words."""
    has_upper = any(look.high is not None for look in plan.looks[:-1])
    upper = f"; PP > {text.plain(plan.theta_u)} stops as promising" if has_upper else ""
    bounds = _bounds_table(
        plan.looks, "not promising if <=", "promising if >=" if has_upper else None
    )
    return (
        f"At most {plan.n} patients, watched by predictive probability (PP; Lee and Liu 2008)\n\n"
        f"PP < {text.plain(plan.theta_l)} stops as not promising{upper}. At the end promising if "
        f"{plan.r + 1} or more\nof {plan.n} respond (>=), not if {plan.r} or fewer (<=): "
        f"P(p > {_rate(plan.p0)}) > {text.plain(plan.theta_t)}.\n"
        f"Prior Beta({_rate(plan.prior[0])}, {_rate(plan.prior[1])}).{found}\n\n"
        f"{bounds}\n\n"
        f"{_operating_table(table(plan.looks, grid_of_rates(plan.p0, plan.p1)), 'promising', None)}"
        f"\n\nAlpha (one-sided) {_p(plan.alpha)} at p0 = {_rate(plan.p0)}, power {_p(plan.power)} "
        f"at p1 = {_rate(plan.p1)}.\n{EXACT}\n"
        f"The same bounds come from theta_t from {_p(plan.theta_t_from)} to less than "
        f"{_p(plan.theta_t_to)},\nand theta_l above {text.number(plan.theta_l_from, 6)} up to "
        f"{text.number(plan.theta_l_to, 6)}: a design states intervals, not points."
    )


def posterior_text(plan: PosteriorDesign) -> str:
    """Return a posterior probability design, with its conventions, in words."""
    standard = (
        _mixture(plan.standard) if isinstance(plan.standard, BetaMixture) else _rate(plan.standard)
    )
    delta = f" + {_rate(plan.delta)}" if plan.delta else ""
    low = "not promising if <=" if plan.futility is not None else None
    high = "promising if >=" if plan.efficacy is not None else None
    rules = []
    if plan.futility is not None:
        rules.append(f"PE < {_rate(plan.futility)} stops as not promising")
    if plan.efficacy is not None:
        rules.append(f"PE > {_rate(plan.efficacy)} stops as promising")
    rows = table(plan.looks, grid_of_rates(plan.p0, plan.p1))
    return (
        f"At most {plan.n} patients, watched by posterior probability (Thall and Simon 1994)\n\n"
        f"PE = P(new rate > standard rate{delta}). {'; '.join(rules)}.\n"
        f"New: Beta({_rate(plan.prior[0])}, {_rate(plan.prior[1])}). Standard: {standard}.\n"
        "A trial that reaches its last look without either ends undecided.\n\n"
        f"{_bounds_table(plan.looks, low, high)}\n\n"
        f"{_operating_table(rows, high and 'promising', low and 'not promising')}\n\n{EXACT}"
    )


def _mixture(mixture: BetaMixture) -> str:
    parts = [f"{_rate(weight)} Beta({_rate(a)}, {_rate(b)})" for weight, a, b in mixture.components]
    return parts[0].removeprefix("1 ") if len(parts) == 1 else " + ".join(parts)


def bop2_text(plan: Bop2Design, found: Bop2Calibration | None) -> str:
    """Return a BOP2 design, with its conventions, in words."""
    names = {
        "binary": ("responders",),
        "nested": ("CR", "CR or PR"),
        "co-primary": ("first", "second"),
        "efficacy-toxicity": ("responders", "toxicity"),
    }[plan.kind]
    is_toxicity = [plan.kind == "efficacy-toxicity" and k == 1 for k in range(len(names))]
    heads = [f"{name} {'>=' if t else '<='}" for name, t in zip(names, is_toxicity, strict=True)]
    heads += [f"{name} {'<=' if t else '>='}" for name, t in zip(names, is_toxicity, strict=True)]
    joined = {"binary": ("", ""), "efficacy-toxicity": (" (either)", " (both)")}.get(
        plan.kind, (" (both)", " (either)")
    )

    def cells(look: Bop2Look) -> list[str]:
        return [str(look.n), *(_bound(b) for b in (*look.futility, *look.efficacy))]

    eta = f", eta {_rate(plan.eta)}" if plan.eta is not None else ""
    rows = [
        [
            name,
            _p(row.promising),
            _p(row.stop_early),
            _p(row.stop_early_promising),
            text.number(row.expected_n, 2),
        ]
        for name, row in (("null", plan.null), ("target", plan.target), *bop2_scenarios(plan))
    ]
    chances = text.text_table(
        ["rates", "P(promising)", "P(stop early)", "of it promising", "expected n"], rows, numeric=4
    )
    mixed = (
        "\nAlpha is held where the treatment is inactive and toxic, not in the mixed rows."
        if plan.kind == "efficacy-toxicity"
        else ""
    )
    searched = ""
    if found:
        searched = (
            f"\nOf {found.grid_points} settings, {found.tables} differ in their bounds and "
            f"{found.admissible} keep alpha <= {_rate(found.alpha_limit)};\nthis one has the "
            f"{'greatest power' if found.goal == 'power' else 'smallest expected n at the null'}.\n"
            f"The settings with these bounds lie within lambda {_span(found.lambda_range)}, gamma "
            f"{_span(found.gamma_range)}"
            f"{f', eta {_span(found.eta_range)}' if found.eta_range else ''}."
        )
    bounds = text.text_table(
        ["patients", *heads], [cells(look) for look in plan.looks], numeric=len(heads)
    )
    return (
        f"At most {plan.n} patients, BOP2 design, {plan.kind} endpoint, efficacy stopping: "
        f"{plan.efficacy}\n\nlambda {_rate(plan.lambda_)}, gamma {_rate(plan.gamma)}{eta}. Columns "
        f"left: stop as not promising{joined[0]};\nright: promising{joined[1]}. A dash: no count "
        "does.\n\n"
        f"{bounds}\n\n{chances}\n\n"
        f"Null {_truth(plan.null.rates)}; target {_truth(plan.target.rates)}.\n"
        f"Alpha (one-sided) {_p(plan.alpha)}, power {_p(plan.power)}.\n{EXACT}{mixed}{searched}"
    )


def _span(ends: tuple[float, float]) -> str:
    return f"{_rate(ends[0])} to {_rate(ends[1])}" if ends[0] != ends[1] else _rate(ends[0])


def _truth(rates: Rates) -> str:
    if rates.second is None or rates.both is None:
        return _rate(rates.first)
    return f"{_rate(rates.first)} and {_rate(rates.second)} (both {_rate(rates.both)})"


def bryant_day_text(pair: BryantDayPair) -> str:
    """Return two Bryant-Day designs, with its conventions, in words."""
    end = (
        f"The optimum is proven: no trial of more than {pair.searched_to} patients can have a "
        "smaller expected n."
        if pair.is_proven
        else f"Searched to n = {pair.searched_to} only, as asked: a larger trial may have a "
        "smaller expected n."
    )
    over = [
        name
        for name, design in (("optimal", pair.optimal), ("minimax", pair.minimax))
        if any(
            a.alpha_response > pair.alpha_response_limit
            or a.alpha_toxicity > pair.alpha_toxicity_limit
            or a.power < pair.power_wanted
            for a in design.associations
        )
    ]
    broken = (
        f"\nUnder some association an error rate passes its limit: {' and '.join(over)} design."
        if over
        else ""
    )
    return (
        f"Response {_rate(pair.response0)} against {_rate(pair.response1)}, toxicity "
        f"{_rate(pair.toxicity0)} against {_rate(pair.toxicity1)} (Bryant and Day 1995)\n\n"
        f"{_bryant_day_design('Optimal', pair.optimal)}\n\n"
        f"{_bryant_day_design('Minimax', pair.minimax)}\n\n"
        "Alphas are one-sided chances to recommend: R inactive but safe, T active but toxic. The\n"
        "search assumes independence; odds ratios 0 and infinity are the Frechet bounds.\n"
        f"{end}\n{EXACT}{broken}"
    )


def _bryant_day_design(name: str, design: BryantDayDesign) -> str:
    rows = [
        [
            "infinity" if isinf(a.odds_ratio) else _rate(a.odds_ratio),
            _p(a.alpha_response),
            _p(a.alpha_toxicity),
            _p(a.alpha_neither),
            _p(a.power),
            text.number(a.expected_n, 2),
        ]
        for a in design.associations
    ]
    heads = ["odds ratio", "alpha R", "alpha T", "alpha both", "power", "expected n"]
    return (
        f"{name}: after {design.n1} patients go on if >= {design.responders1} respond and >= "
        f"{design.safe1} have no toxicity;\nafter {design.n} recommend if >= {design.responders} "
        f"respond and >= {design.safe} have no toxicity.\n\n"
        f"{text.text_table(heads, rows, numeric=6)}"
    )


def toxicity_text(rule: ToxicityBoundary) -> str:
    """Return a toxicity boundary, with its conventions, in words."""
    shape = f", shape {_rate(rule.shape)}" if rule.shape is not None else ""
    prior = f", prior Beta({_rate(rule.prior[0])}, {_rate(rule.prior[1])})" if rule.prior else ""
    beyond = (
        f"\nThe next stricter boundary of this method would stop with {_p(rule.next_alpha)} at p0."
        if rule.next_alpha is not None
        else ""
    )
    return (
        f"Toxicity boundary, {rule.method}{shape}{prior}, constant {_rate(rule.constant)}\n\n"
        "Stop when the number of patients with toxicity reaches the bound (>=).\n\n"
        f"{_bounds_table(rule.looks, None, 'stop if >=')}\n\n"
        f"{_operating_table(rule.rates, 'stop', None)}\n\n"
        f"P(stop) counts every look; P(stop early) leaves out the last.\nAt p0 = {_rate(rule.p0)} "
        f"it is {_p(rule.alpha)}.{beyond}\n{EXACT}\nA patient counts when observed: delayed "
        "toxicity is not modelled."
    )


def _curves(plan: LogrankDesign) -> str:
    null, target = plan.null, plan.target
    shape = "exponential" if null.shape == 1 else f"Weibull of shape {_rate(null.shape)}"
    return (
        f"Historical median {text.number(null.median, 2)}, target "
        f"{text.number(target.median, 2)} {plan.time_unit}s, {shape}; hazard ratio "
        f"{text.number(plan.hazard_ratio, 4)}."
    )


def logrank_text(plan: LogrankDesign) -> str:
    """Return a log-rank design, with its conventions, in words."""
    return (
        f"{plan.n} patients, one-sample log-rank test\n\n"
        f"{_curves(plan)}\n"
        f"n = {text.number(plan.required, 2)} before rounding up ({plan.variance} variance); "
        f"accrual {text.number(plan.accrual, 2)} {plan.time_unit}s\n"
        f"({text.number(plan.accrual_rate, 2)} patients a {plan.time_unit}), follow-up "
        f"{_rate(plan.follow_up)} {plan.time_unit}s after the last entry.\n"
        f"Promising if Z = (E - O) / sqrt(variance) > {text.number(plan.critical, 4)}; positive "
        f"means longer survival.\nAlpha (one-sided) {_rate(plan.alpha)}, power "
        f"{_p(plan.power)} with {plan.n} patients, both asymptotic.\n"
        f"Events expected: {text.number(plan.events_target, 1)} under the target, "
        f"{text.number(plan.events_null, 1)} under the historical curve."
    )


def two_stage_text(pair: LogrankTwoStagePair) -> str:
    """Return two two-stage log-rank designs, with its conventions, in words."""

    def row(name: str, design: LogrankTwoStage) -> list[str]:
        return [
            name,
            text.number(design.t1, 2),
            str(design.n1),
            text.number(design.c1, 4),
            str(design.n),
            text.number(design.c, 4),
            text.number(design.expected_n, 2),
            _p(design.stop_early),
            _p(design.power),
        ]

    heads = ["design", "t1", "n1", "stop if Z1 <=", "n", "promising if Z >"]
    heads += ["expected n", "P(stop early)", "power"]
    single = pair.single
    shown = text.text_table(
        heads, [row("optimal", pair.optimal), row("minimax", pair.minimax)], numeric=8
    )
    return (
        "Two-stage one-sample log-rank test\n\n"
        f"{_curves(single)}\n\n{shown}\n\n"
        f"In one stage: n = {single.n}. t1 is the calendar time of the interim analysis, with n1\n"
        f"patients in; accrual ({_rate(single.accrual_rate)} a time unit) does not pause. Expected "
        "n and P(stop early) are\nunder the historical curve; the bivariate normal distribution is "
        "asymptotic."
    )


def landmark_text(plan: LandmarkDesign) -> str:
    """Return a landmark design, with its conventions, in words."""
    head = (
        f"{plan.n} patients for a rate without an event at {_rate(plan.at)} time units: "
        f"{_rate(plan.rate0)} against {_rate(plan.rate1)}\n\n"
    )
    if plan.method == "binomial":
        return head + (
            f"Promising if {plan.needed} or more of {plan.n} (>=) have no event; everybody is "
            f"followed that long.\nAlpha (one-sided) {_p(plan.alpha)}, power {_p(plan.power)}, "
            "both exact. n is the first that keeps both;\na larger n may not (the power is a "
            "sawtooth)."
        )
    return head + (
        f"n = {text.number(plan.required or 0, 2)} before rounding up; Kaplan-Meier on the "
        f"complementary log-log scale,\naccrual {_rate(plan.accrual or 0)}, follow-up "
        f"{_rate(plan.follow_up or 0)}, Weibull shape {_rate(plan.shape or 1)}.\n"
        f"Alpha (one-sided) {_rate(plan.alpha)}, power {_p(plan.power)}, both asymptotic."
    )


def historical_text(
    pooled: PooledRate | None, prior: MetaAnalyticPrior, unused: Sequence[HistoricalTrial]
) -> str:
    """Return what past trials say, with its conventions, in words."""
    rows = [
        [t.source, str(t.responders), str(t.n), text.percent(t.responders / t.n, 1)]
        for t in prior.trials
    ]
    parts = [text.text_table(["past trial", "responders", "n", "%"], rows, numeric=3)]
    if pooled is None:
        parts.append("One past trial alone: no pooled rate and no prediction interval.")
    else:
        level = text.level_text(pooled.level)
        predicted = (
            f"\nA new trial's rate, {level} prediction interval: "
            f"{text.percent(pooled.predicted_lower)} to {text.percent(pooled.predicted_upper)} %."
            if pooled.predicted_lower is not None and pooled.predicted_upper is not None
            else "\nTwo trials leave no degrees of freedom for a prediction interval."
        )
        parts.append(
            f"Pooled rate {text.percent(pooled.rate)} % ({level} interval "
            f"{text.percent(pooled.lower)} to {text.percent(pooled.upper)} %), random effects on "
            f"the logit\nscale (DerSimonian-Laird), tau^2 {text.number(pooled.tau2, 4)}, I^2 "
            f"{text.percent(pooled.i2, 1)} %.{predicted}"
        )
    parts.append(
        f"Meta-analytic-predictive prior: mean {text.percent(prior.mean)} %, 95 % from "
        f"{text.percent(prior.lower)} to {text.percent(prior.upper)} %,\nworth "
        f"{text.number(prior.effective_size, 1)} patients; with a vague part of weight "
        f"{_rate(prior.vague_weight)} worth {text.number(prior.robust_effective_size, 1)}."
    )
    if unused:
        names = "; ".join(
            f"{t.source} ({t.rate_percent} %)" if t.rate_percent else t.source for t in unused
        )
        parts.append(wrapped(f"Left out, as n or responders are not given: {names}."))
    return "\n\n".join(parts)
