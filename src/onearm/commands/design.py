"""Commands of designs by a response rate, in one stage or two; and of a study's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onearm.commands.answers import one_line_errors, print_answer
from onearm.commands.options import P0, P1, Alpha, Dropout, Json, Plot, Power, Study


def design_of_study(study: Study, plot: Plot = None, as_json: Json = False) -> None:
    """Compute the design of a study's protocol.

    Sample size, decision rule, exact operating characteristics, and a paragraph
    for the protocol and for the paper.

    Example: onearm design study studies/nct07388875
    """
    with one_line_errors():
        from onearm.pipeline.design_study import design_study

        print_answer(design_study(study), as_json, plot)


def precision(
    target: Annotated[float, typer.Option(help="The response rate that is expected.")],
    lower_limit_above: Annotated[
        float, typer.Option(help="What the exact lower limit must lie above.")
    ],
    alpha: Annotated[float, typer.Option(help="One-sided level of that limit.")] = 0.05,
    dropout: Annotated[float, typer.Option(help="Expected share not evaluable.")] = 0.0,
    method: Annotated[
        str, typer.Option(help="clopper-pearson, mid-p, wilson or wald.")
    ] = "clopper-pearson",
    counts: Annotated[
        str, typer.Option(help="Responders: fractional, nearest or floor.")
    ] = "fractional",
    sides: Annotated[int, typer.Option(help="1, or 2: half of alpha below the limit.")] = 1,
    as_json: Json = False,
) -> None:
    """Size a trial by its exact lower limit.

    The smallest number of patients whose exact lower confidence limit lies
    above a response rate when the expected one is observed.

    Example: onearm design precision --target 0.30 --lower-limit-above 0.15 --dropout 0.20
    """
    with one_line_errors(options_of=precision):
        from onearm.pipeline.design import precision as design_precision

        answer = design_precision(
            target, lower_limit_above, alpha, dropout, method=method, counts=counts, sides=sides
        )
        print_answer(answer, as_json)


def exact(
    p0: P0,
    p1: P1,
    alpha: Alpha = 0.05,
    power: Power = 0.8,
    dropout: Dropout = 0.0,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Size a trial of one stage by its exact test.

    The first sample size with the power, and the one from which every larger
    has it too, each with its rule in responders.

    Example: onearm design exact --p0 0.2 --p1 0.4 --alpha 0.05 --power 0.8
    """
    with one_line_errors():
        from onearm.pipeline.design import exact as design_exact

        print_answer(design_exact(p0, p1, alpha, power, dropout), as_json, plot)


def simon(
    p0: P0,
    p1: P1,
    alpha: Alpha = 0.05,
    power: Power = 0.8,
    dropout: Dropout = 0.0,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Find Simon's optimal and minimax designs.

    With the admissible designs between them, their operating characteristics,
    and a certificate that none is better.

    Example: onearm design simon --p0 0.2 --p1 0.4 --alpha 0.05 --power 0.8
    """
    with one_line_errors():
        from onearm.pipeline.design import simon as design_simon

        print_answer(design_simon(p0, p1, alpha, power, dropout), as_json, plot)


def verify(
    certificate: Annotated[
        Path, typer.Argument(metavar="CERTIFICATE", help="What design simon --json printed.")
    ],
    as_json: Json = False,
) -> None:
    """Check the certificate of a two-stage design.

    In integer arithmetic alone, without the search that wrote it. The exit
    status is 1 when a claim does not hold.

    Example: onearm design verify certificate.json
    """
    with one_line_errors():
        from onearm.pipeline.design import verify as verify_certificate

        print_answer(verify_certificate(certificate), as_json)


def find(
    n: Annotated[int, typer.Option(help="The published number of subjects.")],
    kind: Annotated[str, typer.Option(help="minimax, optimal or exact.")] = "minimax",
    p0: Annotated[str, typer.Option(help="Values to try, with commas between.")] = "",
    p1: Annotated[str, typer.Option(help="Values to try.")] = "",
    alpha: Annotated[str, typer.Option(help="Values to try, one-sided.")] = "",
    power: Annotated[str, typer.Option(help="Values to try.")] = "",
    dropout: Annotated[str, typer.Option(help="Values to try.")] = "",
    step: Annotated[float, typer.Option(help="Of p0 and p1, if not given.")] = 0.05,
    as_json: Json = False,
) -> None:
    """List the designs that give a published n.

    Every round p0, p1, alpha, power and dropout whose design enrols exactly so
    many: the way to read a registry entry.

    Example: onearm design find --n 30 --kind minimax --alpha 0.05
    """
    with one_line_errors():
        from onearm.pipeline.design import find as find_designs

        print_answer(
            find_designs(
                n,
                kind,
                p0=p0,
                p1=p1,
                alpha=alpha,
                power=power,
                dropout=dropout,
                step=step,
            ),
            as_json,
        )
