"""Commands of designs with many looks: Bayesian monitoring, and toxicity."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onearm.commands.answers import one_line_errors, print_answer
from onearm.commands.options import Json, Looks, NeededLooks, Plot, VagueWeight


def predictive(
    p0: Annotated[float, typer.Option(help="The response rate that is too low.")],
    p1: Annotated[float, typer.Option(help="The response rate that is worth pursuing.")],
    looks: Looks = None,
    theta_t: Annotated[
        float | None, typer.Option(help="Promising at the end if P(p > p0) exceeds it.")
    ] = None,
    theta_l: Annotated[
        float | None, typer.Option(help="Stop if the predictive probability is less.")
    ] = None,
    theta_u: Annotated[float, typer.Option(help="Stop as promising if it is more.")] = 1.0,
    alpha: Annotated[float, typer.Option(help="One-sided, for a search.")] = 0.05,
    power: Annotated[float, typer.Option(help="Not beta; for a search.")] = 0.8,
    first_look: Annotated[int, typer.Option(help="Patients at the first look.")] = 10,
    every: Annotated[int, typer.Option(help="Patients between looks.")] = 1,
    n_to: Annotated[int, typer.Option(help="The largest trial that is tried.")] = 100,
    prior: Annotated[str | None, typer.Option(metavar="A,B", help="Default p0,1-p0.")] = None,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Monitor by predictive probability (Lee-Liu).

    With looks, theta-t and theta-l, the table of that design; without, the smallest
    trial that keeps alpha and power.

    Example: onearm design predictive --p0 0.2 --p1 0.4 --alpha 0.1 --power 0.9
    """
    with one_line_errors(options_of=predictive):
        from onearm.pipeline.monitoring_design import predictive as monitor_predictive

        answer = monitor_predictive(
            p0,
            p1,
            looks=looks,
            theta_t=theta_t,
            theta_l=theta_l,
            theta_u=theta_u,
            alpha=alpha,
            power=power,
            first_look=first_look,
            every=every,
            n_to=n_to,
            prior=prior,
        )
        print_answer(answer, as_json, plot)


def posterior(
    p0: Annotated[float, typer.Option(help="A true rate that is too low.")],
    p1: Annotated[float, typer.Option(help="A true rate that is worth pursuing.")],
    looks: NeededLooks,
    prior: Annotated[str, typer.Option(metavar="A,B", help="Beta prior of the new rate.")],
    standard: Annotated[
        str | None, typer.Option(metavar="P|A,B", help="Standard rate, or its Beta(a, b).")
    ] = None,
    historical: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Past trials, instead of --standard.")
    ] = None,
    vague_weight: VagueWeight = 0.2,
    delta: Annotated[float, typer.Option(help="Least difference of interest.")] = 0.0,
    futility: Annotated[
        float | None, typer.Option(help="Stop if the posterior probability is less.")
    ] = 0.05,
    efficacy: Annotated[float | None, typer.Option(help="Stop as promising if it is more.")] = None,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Monitor by posterior probability (Thall-Simon).

    Against a fixed standard rate, one with a beta distribution, or the robust
    meta-analytic prior of past trials.

    Example: onearm design posterior --p0 0.3 --p1 0.5 --looks 1-40 --prior 0.6,1.4 --standard 15,35
    """
    with one_line_errors(options_of=posterior):
        from onearm.pipeline.monitoring_design import posterior as monitor_posterior

        answer = monitor_posterior(
            p0,
            p1,
            looks=looks,
            prior=prior,
            standard=standard,
            historical=historical,
            vague_weight=vague_weight,
            delta=delta,
            futility=futility,
            efficacy=efficacy,
        )
        print_answer(answer, as_json, plot)


def historical(
    trials: Annotated[Path, typer.Argument(metavar="CSV", help="Past trials, one a row.")],
    level: Annotated[float, typer.Option(help="Two-sided level of the intervals.")] = 0.95,
    vague_weight: VagueWeight = 0.2,
    as_json: Json = False,
) -> None:
    """Pool the response rates of past trials.

    A random-effects rate with its prediction interval, and a robust
    meta-analytic prior.

    Example: onearm design historical studies/tqb2450-ib-02/historical.csv
    """
    with one_line_errors(options_of=historical):
        from onearm.pipeline.monitoring_design import historical as pool_historical

        print_answer(pool_historical(trials, level=level, vague_weight=vague_weight), as_json)


def bop2(
    p0: Annotated[float, typer.Option(help="Null rate of the (first) endpoint.")],
    p1: Annotated[float, typer.Option(help="Its target rate.")],
    looks: NeededLooks,
    endpoint: Annotated[
        str, typer.Option(help="binary, nested, co-primary or efficacy-toxicity.")
    ] = "binary",
    second0: Annotated[float | None, typer.Option(help="Null rate of the second endpoint.")] = None,
    second1: Annotated[float | None, typer.Option(help="Its target rate.")] = None,
    both0: Annotated[
        float | None, typer.Option(help="How often both hold, null; default independence.")
    ] = None,
    both1: Annotated[float | None, typer.Option(help="The same, target.")] = None,
    alpha: Annotated[float, typer.Option(help="One-sided, at the null rates.")] = 0.1,
    power: Annotated[float | None, typer.Option(help="Least power, not beta.")] = None,
    efficacy: Annotated[
        str, typer.Option(help="Efficacy stopping: none, power or obrien-fleming.")
    ] = "none",
    goal: Annotated[str, typer.Option(help="What is best: power or expected-n.")] = "power",
    lambda_: Annotated[
        float | None, typer.Option("--lambda", help="With --gamma: no calibration.")
    ] = None,
    gamma: Annotated[float | None, typer.Option(help="See --lambda.")] = None,
    eta: Annotated[float | None, typer.Option(help="See --lambda; efficacy 'power'.")] = None,
    as_json: Json = False,
) -> None:
    """Find a Bayesian optimal phase II design.

    Calibrated by exact recursion, not simulation; with lambda and gamma, the table
    of that design.

    Example: onearm design bop2 --p0 0.2 --p1 0.4 --looks 10-40/5 --alpha 0.1 --efficacy power
    """
    with one_line_errors(options_of=bop2):
        from onearm.pipeline.monitoring_design import bop2 as monitor_bop2

        answer = monitor_bop2(
            endpoint,
            (p0, second0, both0),
            (p1, second1, both1),
            looks=looks,
            alpha=alpha,
            power=power,
            efficacy=efficacy,
            goal=goal,
            lambda_=lambda_,
            gamma=gamma,
            eta=eta,
        )
        print_answer(answer, as_json)


def bryant_day(
    response0: Annotated[float, typer.Option(help="Response rate that is too low.")],
    response1: Annotated[float, typer.Option(help="Response rate worth pursuing.")],
    toxicity0: Annotated[float, typer.Option(help="Toxicity rate that is too high.")],
    toxicity1: Annotated[float, typer.Option(help="Toxicity rate that is acceptable.")],
    alpha_response: Annotated[
        float, typer.Option(help="One-sided: recommend an inactive treatment.")
    ] = 0.1,
    alpha_toxicity: Annotated[
        float, typer.Option(help="One-sided: recommend a toxic treatment.")
    ] = 0.1,
    power: Annotated[float, typer.Option(help="Not beta.")] = 0.8,
    n_to: Annotated[
        int | None, typer.Option(help="Largest trial; default: until the optimum is proven.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find two stages on response and toxicity.

    Optimal and minimax designs of Bryant and Day, with their error rates under
    every association of response and toxicity.

    Example: onearm design bryant-day --response0 .1 --response1 .3 --toxicity0 .3 --toxicity1 .1
    """
    with one_line_errors(options_of=bryant_day):
        from onearm.pipeline.monitoring_design import bryant_day_pair

        answer = bryant_day_pair(
            response0,
            response1,
            toxicity0,
            toxicity1,
            alpha_response=alpha_response,
            alpha_toxicity=alpha_toxicity,
            power=power,
            n_to=n_to,
        )
        print_answer(answer, as_json)


def toxicity(
    p0: Annotated[float, typer.Option(help="Toxicity rate that is acceptable.")],
    p1: Annotated[float, typer.Option(help="Toxicity rate that is too high.")],
    looks: NeededLooks,
    method: Annotated[
        str,
        typer.Option(
            help="pocock (repeated-significance), obrien-fleming, wang-tsiatis, beta-binomial."
        ),
    ] = "pocock",
    alpha: Annotated[float, typer.Option(help="Greatest chance to stop at p0.")] = 0.1,
    constant: Annotated[
        float | None, typer.Option(help="The method's constant, instead of alpha.")
    ] = None,
    shape: Annotated[
        float | None, typer.Option(help="Of wang-tsiatis: 0 (O'Brien-Fleming) to 0.5.")
    ] = None,
    prior: Annotated[
        str | None, typer.Option(metavar="A,B", help="Of beta-binomial; default p0,1-p0.")
    ] = None,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Draw a stopping boundary for toxicity.

    Looks at each patient or at cohorts; the chance to cross is exact.

    Example: onearm design toxicity --p0 0.2 --p1 0.4 --looks 1-30
    """
    with one_line_errors(options_of=toxicity):
        from onearm.pipeline.monitoring_design import toxicity as monitor_toxicity

        answer = monitor_toxicity(
            p0,
            p1,
            looks=looks,
            method=method,
            alpha=alpha,
            constant=constant,
            shape=shape,
            prior=prior,
        )
        print_answer(answer, as_json, plot)
