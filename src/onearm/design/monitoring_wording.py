"""Paragraphs on monitoring designs, for a protocol and for a paper.

Takes a design, gives two paragraphs with its numbers filled in, the method cited
and the decision rule in words. Computes nothing; digits are made by
``onearm.format``. Conventions are said each time: which side of a bound stops,
that alpha is one-sided, that power is given and not beta.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from onearm.design.bop2 import Bop2Calibration, Bop2Design, Bop2Look
from onearm.design.bryant_day import BryantDayDesign, BryantDayPair
from onearm.design.historical import MetaAnalyticPrior
from onearm.design.landmark import LandmarkDesign
from onearm.design.looks import Look
from onearm.design.posterior import PosteriorDesign
from onearm.design.predictive import PredictiveDesign
from onearm.design.survival import LogrankDesign, Weibull
from onearm.design.toxicity import ToxicityBoundary
from onearm.design.two_stage_logrank import LogrankTwoStagePair
from onearm.format import number, percent, plain


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """What a protocol's statistics section and a paper's methods may say."""

    protocol: str
    paper: str


@singledispatch
def paragraphs(design: object) -> Paragraphs:
    """Return the two paragraphs of a design.

    Examples
    --------
    >>> from onearm.design.landmark import landmark_design
    >>> text = paragraphs(landmark_design("binomial", 0.45, 0.65, at=6, alpha=0.025))
    >>> "at least 30 of 50" in text.protocol
    True
    """
    raise TypeError(f"no paragraphs for {type(design).__name__}")


def bounds_in_words(pairs: Sequence[tuple[int, int | None]]) -> str:
    """Return bounds by number of patients; neighbours with the same bound go together.

    >>> bounds_in_words([(10, None), (11, 0), (12, 0), (20, 2)])
    '0 of 11-12, 2 of 20'
    """
    runs: list[list[int]] = []
    for n, bound in pairs:
        if bound is None:
            continue
        if runs and runs[-1][2] == bound and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n, bound])
    return ", ".join(f"{b} of {n}" if n == m else f"{b} of {n}-{m}" for n, m, b in runs)


def _lows(looks: Sequence[Look]) -> str:
    return bounds_in_words([(look.n, look.low) for look in looks])


def _highs(looks: Sequence[Look]) -> str:
    return bounds_in_words([(look.n, look.high) for look in looks])


def _chance(value: float) -> str:
    return number(value, 3)


def _errors(alpha: float, p0: float, power: float, p1: float) -> str:
    return (
        f"the one-sided type I error is {_chance(alpha)} at a rate of {percent(p0, 1)} % and the "
        f"power {_chance(power)} at {percent(p1, 1)} %"
    )


@paragraphs.register
def _(design: PredictiveDesign) -> Paragraphs:
    null = design.null
    interim = design.looks[:-1]
    upper = _highs(interim)
    promising = f" It will stop for efficacy with at least {upper} responders." if upper else ""
    lower = _lows(interim)
    futility = (
        f" The trial will stop for futility if the number of responders is at most {lower}, that "
        f"is, when the predictive probability is less than {plain(design.theta_l)}."
        if lower
        else ""
    )
    return Paragraphs(
        f"The trial will be monitored by the predictive probability of Lee and Liu (Clin Trials "
        f"2008;5:93-106). At most {design.n} patients will be treated. The response rate has a "
        f"Beta({plain(design.prior[0])}, {plain(design.prior[1])}) prior.{futility}{promising} "
        f"After {design.n} patients the treatment is promising if at least {design.r + 1} respond, "
        f"that is, if the posterior probability of a rate above {percent(design.p0, 1)} % exceeds "
        f"{plain(design.theta_t)}. By exact calculation "
        f"{_errors(design.alpha, design.p0, design.power, design.p1)}; at "
        f"{percent(design.p0, 1)} % the expected number of patients is "
        f"{number(null.expected_n, 1)} and the probability of stopping early "
        f"{_chance(null.stop_early)}.",
        f"A Bayesian design with predictive probability monitoring (Lee and Liu 2008) was used, "
        f"with at most {design.n} patients; {design.r + 1} or more responders were needed. "
        f"Null and target rates were {percent(design.p0, 1)} % and {percent(design.p1, 1)} %; the "
        f"exact one-sided type I error was {_chance(design.alpha)} and the power "
        f"{_chance(design.power)}.",
    )


@paragraphs.register
def _(design: PosteriorDesign) -> Paragraphs:
    more = f" by more than {percent(design.delta, 1)} percentage points" if design.delta else ""
    rules = []
    if design.futility is not None:
        rules.append(
            f"stop for futility if the number of responders is at most {_lows(design.looks)} "
            f"(posterior probability less than {plain(design.futility)})"
        )
    if design.efficacy is not None:
        rules.append(
            f"stop for efficacy if it is at least {_highs(design.looks) or 'none'} "
            f"(posterior probability greater than {plain(design.efficacy)})"
        )
    sides = [("futility", "below")] if design.futility is not None else []
    sides += [("efficacy", "above")] if design.efficacy is not None else []
    chances = "; ".join(
        f"the exact probability of stopping for {name} is "
        f"{_chance(getattr(design.null, side))} at a rate of {percent(design.p0, 1)} % and "
        f"{_chance(getattr(design.target, side))} at {percent(design.p1, 1)} %"
        for name, side in sides
    )
    return Paragraphs(
        f"Up to {design.n} patients will be monitored by the posterior probability that the "
        f"response rate exceeds that of the standard treatment{more} (Thall and Simon, Biometrics "
        f"1994;50:337-349). The prior is Beta({plain(design.prior[0])}, {plain(design.prior[1])}). "
        f"The trial will {'; and '.join(rules)}; {chances}.",
        f"The trial was monitored by posterior probability (Thall and Simon 1994) in up to "
        f"{design.n} patients; {chances}.",
    )


def _bop2(design: Bop2Design, searched: str) -> Paragraphs:
    names = {
        "binary": ("responders",),
        "nested": ("complete responders", "responders"),
        "co-primary": ("patients with the first endpoint", "patients with the second endpoint"),
        "efficacy-toxicity": ("responders", "patients with toxicity"),
    }[design.kind]
    is_toxicity = [design.kind == "efficacy-toxicity" and k == 1 for k in range(len(names))]

    def clause(which: str, looks: Sequence[Bop2Look]) -> str:
        # Two bounds must hold together for these; a look that lacks one never stops so.
        needs_both = (which == "futility") != (design.kind == "efficacy-toxicity")
        bounds = [(look.n, getattr(look, which)) for look in looks]
        if needs_both:
            bounds = [(n, pair) for n, pair in bounds if None not in pair]
        parts = []
        for k, name in enumerate(names):
            words = bounds_in_words([(n, pair[k]) for n, pair in bounds])
            side = "at least" if (which == "efficacy") != is_toxicity[k] else "at most"
            parts += [f"the number of {name} is {side} {words}"] if words else []
        return (" and " if needs_both else " or ").join(parts)

    stops = ""
    for which in ("futility", "efficacy"):
        words = clause(which, design.looks[:-1])
        stops += f" It will stop for {which} if {words}." if words else ""
    end_rule = clause("efficacy", design.looks[-1:])
    eta = f", eta {plain(design.eta)}" if design.eta is not None else ""
    numbers = (
        f"the one-sided type I error is {_chance(design.alpha)} and the power "
        f"{_chance(design.power)}; the expected number of patients is "
        f"{number(design.null.expected_n, 1)} under the null and "
        f"{number(design.target.expected_n, 1)} under the target rates"
    )
    return Paragraphs(
        f"The trial uses a Bayesian optimal phase II design (Zhou, Lee and Yuan, Stat Med "
        f"2017;36:3302-3314) with at most {design.n} patients and thresholds lambda "
        f"{plain(design.lambda_)}, gamma {plain(design.gamma)}{eta}{searched}.{stops} At "
        f"the end the treatment is promising if {end_rule}. By exact recursion, {numbers}.",
        f"A Bayesian optimal phase II design (BOP2) with at most {design.n} patients and "
        f"{len(design.looks)} looks was used; {numbers}.",
    )


@paragraphs.register
def _(design: Bop2Design) -> Paragraphs:
    return _bop2(design, "")


@paragraphs.register
def _(design: Bop2Calibration) -> Paragraphs:
    return _bop2(
        design.design,
        f", the best of {design.tables} different tables of bounds at a one-sided type I error of "
        f"at most {plain(design.alpha_limit)}",
    )


@paragraphs.register
def _(pair: BryantDayPair) -> Paragraphs:
    design = pair.optimal

    def rule(best: BryantDayDesign) -> str:
        return (
            f"After {best.n1} patients the trial goes on if at least {best.responders1} respond "
            f"and at least {best.safe1} have no toxicity, and otherwise stops. After {best.n} "
            f"patients the treatment is recommended if at least {best.responders} respond and at "
            f"least {best.safe} have no toxicity."
        )

    spread = (
        f"{_chance(min(a.power for a in design.associations))} to "
        f"{_chance(max(a.power for a in design.associations))}"
    )
    errors = (
        f"the one-sided probability of recommending an inactive treatment is "
        f"{_chance(design.alpha_response)}, a toxic one {_chance(design.alpha_toxicity)}, and the "
        f"power {_chance(design.power)}"
    )
    return Paragraphs(
        f"The trial uses the optimal two-stage design of Bryant and Day (Biometrics "
        f"1995;51:1372-1383) for response ({percent(pair.response0, 1)} % against "
        f"{percent(pair.response1, 1)} %) and toxicity ({percent(pair.toxicity0, 1)} % against "
        f"{percent(pair.toxicity1, 1)} %). {rule(design)} If response and toxicity are "
        f"independent, {errors}; whatever their association, the power is from {spread}.",
        f"A Bryant-Day two-stage design with {design.n1} and {design.n} patients was used; under "
        f"independence {errors}.",
    )


@paragraphs.register
def _(rule: ToxicityBoundary) -> Paragraphs:
    name = {
        "pocock": "repeated exact tests at one level (Pocock type; Ivanova, Qaqish and Schell, "
        "Biometrics 2005;61:540-545)",
        "obrien-fleming": "an O'Brien-Fleming boundary",
        "wang-tsiatis": f"a Wang-Tsiatis boundary with shape {plain(rule.shape or 0)} (Biometrics "
        "1987;43:193-199)",
        "beta-binomial": "the posterior probability of an excessive rate (Geller et al. 2003)",
    }[rule.method if rule.method != "repeated-significance" else "pocock"]
    chances = (
        f"the exact probability of stopping is {_chance(rule.null.above)} when the true rate is "
        f"{percent(rule.p0, 1)} % and {_chance(rule.excess.above)} when it is "
        f"{percent(rule.p1, 1)} %"
    )
    return Paragraphs(
        f"Toxicity will be monitored by {name}. The trial stops when the number of patients with "
        f"toxicity reaches {_highs(rule.looks)} patients (equal counts stop). With "
        f"{rule.looks[-1].n} patients {chances}.",
        f"Toxicity was monitored by {name} in up to {rule.looks[-1].n} patients; {chances}.",
    )


def _curve(curve: Weibull, unit: str) -> str:
    shape = "exponential" if curve.shape == 1 else f"Weibull, shape {plain(curve.shape)}"
    return f"a median of {number(curve.median, 2)} {unit}s ({shape})"


@paragraphs.register
def _(design: LogrankDesign) -> Paragraphs:
    unit = design.time_unit
    null = _curve(design.null, unit)
    numbers = (
        f"a one-sided alpha of {plain(design.alpha)} and a power of "
        f"{plain(design.power_wanted)} need {design.n} patients, entered over "
        f"{number(design.accrual, 1)} {unit}s and followed for at least "
        f"{plain(design.follow_up)} {unit}s"
    )
    return Paragraphs(
        f"The historical control has {null}, the target {_curve(design.target, unit)}, a "
        f"hazard ratio of {number(design.hazard_ratio, 3)}. By the one-sample log-rank test (Wu, "
        f"Pharm Stat 2015;14:26-33; {design.variance} variance), {numbers}. The treatment is "
        f"promising if Z = (E - O) / sqrt(variance) exceeds {number(design.critical, 3)}; positive "
        f"values mean longer survival. {number(design.events_target, 1)} events are expected.",
        f"With the one-sample log-rank test against {null} and a hazard ratio of "
        f"{number(design.hazard_ratio, 3)}, {numbers}.",
    )


@paragraphs.register
def _(pair: LogrankTwoStagePair) -> Paragraphs:
    design, single = pair.optimal, pair.single
    null = _curve(single.null, single.time_unit)
    rule = (
        f"The interim analysis is {number(design.t1, 2)} time units after the first entry, with "
        f"{design.n1} patients in; the trial stops if Z1 is at most {number(design.c1, 3)}. After "
        f"{design.n} patients and the follow-up it is promising if Z exceeds "
        f"{number(design.c, 3)}."
    )
    numbers = (
        f"alpha (one-sided) {_chance(design.alpha)}, power {_chance(design.power)}, expected "
        f"number of patients {number(design.expected_n, 1)} and probability of stopping early "
        f"{_chance(design.stop_early)} when the historical curve is true"
    )
    return Paragraphs(
        f"The trial uses a two-stage one-sample log-rank test (Kwak and Jung, Stat Med "
        f"2014;33:2004-2016) against {null} with a hazard ratio of "
        f"{number(single.hazard_ratio, 3)} and {plain(single.accrual_rate)} patients a time unit. "
        f"{rule} By the asymptotic bivariate normal distribution: {numbers}.",
        f"A two-stage one-sample log-rank design with {design.n1} and {design.n} patients was "
        f"used: {numbers}.",
    )


@paragraphs.register
def _(design: LandmarkDesign) -> Paragraphs:
    rates = (
        f"a rate of {percent(design.rate0, 1)} % without an event at {plain(design.at)} time units "
        f"against {percent(design.rate1, 1)} %"
    )
    if design.method == "binomial":
        rule = (
            f"The treatment is promising if at least {design.needed} of {design.n} patients have "
            "no event by then; all are to be followed that long. By the exact binomial "
            f"distribution the one-sided type I error is {_chance(design.alpha)} and the power "
            f"{_chance(design.power)}."
        )
        return Paragraphs(
            f"The trial tests {rates}. {rule}",
            f"{design.n} patients were planned for {rates} (exact binomial; one-sided type I "
            f"error {_chance(design.alpha)}, power {_chance(design.power)}).",
        )
    rule = (
        "The rate is estimated by Kaplan-Meier and compared on the complementary log-log scale, "
        f"with a one-sided alpha of {plain(design.alpha)}; {design.n} patients give a power of "
        f"{_chance(design.power)} (asymptotic; Nagashima et al., Pharm Stat 2021;20:499-511)."
    )
    return Paragraphs(
        f"The trial tests {rates}. {rule}",
        f"{design.n} patients were planned for {rates} by Kaplan-Meier on the complementary "
        f"log-log scale (one-sided alpha {plain(design.alpha)}, power {_chance(design.power)}).",
    )


@paragraphs.register
def _(prior: MetaAnalyticPrior) -> Paragraphs:
    past = f"{len(prior.trials)} past trial{'' if len(prior.trials) == 1 else 's'}"
    parts = " + ".join(
        f"{number(w, 3)} Beta({number(a, 2)}, {number(b, 2)})"
        for w, a, b in prior.robust.components
    )
    return Paragraphs(
        f"The control rate has a robust meta-analytic-predictive prior (Neuenschwander et al., "
        f"Clin Trials 2010;7:5-18; Schmidli et al., Biometrics 2014;70:1023-1032) from {past}: "
        f"normal logits, standard deviation between trials half normal with scale "
        f"{plain(prior.tau_prior_scale)}, vague part of weight {plain(prior.vague_weight)}. It is "
        f"{parts}, worth {number(prior.robust_effective_size, 1)} patients.",
        f"A robust meta-analytic-predictive prior from {past} was used for the control rate "
        f"(predictive mean {percent(prior.mean, 1)} %, 95 % interval {percent(prior.lower, 1)} to "
        f"{percent(prior.upper, 1)} %).",
    )
