"""Commands of designs of several stages, and of inference after two."""

from __future__ import annotations

from typing import Annotated

import typer

from onearm.commands.answers import one_line_errors, print_answer
from onearm.commands.options import P0, P1, Alpha, Dropout, Json, Power


def fleming(
    p0: P0,
    p1: P1,
    alpha: Alpha = 0.05,
    power: Power = 0.8,
    dropout: Dropout = 0.0,
    as_json: Json = False,
) -> None:
    """Find two stages that stop on both sides.

    For futility and for efficacy after stage 1: the designs of Fleming, optimal
    as Mander and Thompson have it.

    Example: onearm design fleming --p0 0.2 --p1 0.4 --alpha 0.05 --power 0.8
    """
    with one_line_errors():
        from onearm.pipeline.design_staged import fleming as design_fleming

        print_answer(design_fleming(p0, p1, alpha, power, dropout), as_json)


def three_stage(
    p0: P0,
    p1: P1,
    alpha: Alpha = 0.05,
    power: Power = 0.8,
    dropout: Dropout = 0.0,
    as_json: Json = False,
) -> None:
    """Find Chen's three-stage designs.

    Optimal and minimax, with stops for futility after stages 1 and 2.

    Example: onearm design three-stage --p0 0.1 --p1 0.3 --alpha 0.05 --power 0.8
    """
    with one_line_errors():
        from onearm.pipeline.design_staged import three_stage as design_three_stage

        print_answer(design_three_stage(p0, p1, alpha, power, dropout), as_json)


def curtailed(
    p0: P0,
    p1: P1,
    alpha: Alpha = 0.05,
    power: Power = 0.8,
    base: Annotated[str, typer.Option(help="minimax, optimal or exact.")] = "minimax",
    futility: Annotated[
        float, typer.Option(help="Stop at so little conditional power; 0: only if certain.")
    ] = 0.0,
    efficacy: Annotated[
        float, typer.Option(help="Stop at so much conditional power; 1: only if certain.")
    ] = 1.0,
    as_json: Json = False,
) -> None:
    """Stop a trial once its end is certain.

    Bounds after every subject for Simon's design or the exact test; or once the
    end is nearly certain, with the error rates that this gives.

    Example: onearm design curtailed --p0 0.2 --p1 0.4 --base optimal --futility 0.05
    """
    with one_line_errors():
        from onearm.pipeline.design_staged import curtailed as design_curtailed

        print_answer(design_curtailed(p0, p1, alpha, power, base, futility, efficacy), as_json)


def sargent(
    p0: P0,
    p1: P1,
    alpha: Annotated[float, typer.Option(help="Most P(promising) at p0.")] = 0.05,
    beta: Annotated[float, typer.Option(help="Most P(not promising) at p1.")] = 0.1,
    eta: Annotated[float, typer.Option(help="Least P(not promising) at p0.")] = 0.8,
    power: Annotated[float, typer.Option(help="Least P(promising) at p1.")] = 0.8,
    dropout: Dropout = 0.0,
    as_json: Json = False,
) -> None:
    """Find three-outcome designs.

    Promising, not promising, or inconclusive: Sargent's designs of one and of
    two stages.

    Example: onearm design sargent --p0 0.1 --p1 0.3 --alpha 0.05 --beta 0.1
    """
    with one_line_errors():
        from onearm.pipeline.design_staged import sargent as design_sargent

        print_answer(design_sargent(p0, p1, alpha, beta, eta, power, dropout), as_json)


def infer_two_stage(
    p0: P0,
    r1: Annotated[int, typer.Option(help="Stage 1 stops with so many responders or fewer.")],
    n1: Annotated[int, typer.Option(help="Planned subjects of stage 1.")],
    r: Annotated[int, typer.Option(help="Promising with one more responder than this.")],
    n: Annotated[int, typer.Option(help="Planned subjects in all.")],
    responders: Annotated[int, typer.Option(help="Responders in all.")],
    stage1_responders: Annotated[
        int | None, typer.Option(help="Of the first n1 by enrolment.")
    ] = None,
    attained_n1: Annotated[
        int | None, typer.Option(help="Subjects at the first look, if not n1; needs p1, alpha.")
    ] = None,
    attained_n: Annotated[int | None, typer.Option(help="Subjects in all, if not n.")] = None,
    stopped_at: Annotated[int, typer.Option(help="The last stage, 1 or 2.")] = 2,
    level: Annotated[
        float | None, typer.Option(help="Two-sided; 1 - 2 alpha if alpha is given, else 0.95.")
    ] = None,
    alpha: Annotated[float | None, typer.Option(help="One-sided alpha of the design.")] = None,
    p1: Annotated[
        float | None, typer.Option(help="The rate worth pursuing, for new bounds.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Estimate and test after two stages.

    Unbiased, bias-corrected and median-unbiased estimates, p-value and interval
    of the design, beside the naive interval.

    Example: onearm infer two-stage --p0 0.2 --r1 3 --n1 13 --r 12 --n 43 --responders 13
    """
    with one_line_errors(options_of=infer_two_stage):
        from onearm.pipeline.infer import Counts, two_stage

        counts = Counts(responders, stage1_responders, attained_n1, attained_n, stopped_at)
        print_answer(two_stage((r1, n1, r, n), counts, p0, p1, alpha, level), as_json)
