"""Commands of designs by the time to an event."""

from __future__ import annotations

from typing import Annotated

import typer

from onearm.commands.answers import one_line_errors, print_answer
from onearm.commands.options import HazardRatio, Json, Median0, Median1, Shape


def logrank(
    follow_up: Annotated[float, typer.Option(help="Time after the last entry.")],
    median0: Median0 = None,
    median1: Median1 = None,
    rate0: Annotated[float | None, typer.Option(help="Historical rate at --at.")] = None,
    rate1: Annotated[float | None, typer.Option(help="Target rate at --at.")] = None,
    at: Annotated[float | None, typer.Option(help="Time of the rates.")] = None,
    hazard_ratio: HazardRatio = None,
    shape: Shape = 1.0,
    accrual: Annotated[float | None, typer.Option(help="Accrual time.")] = None,
    accrual_rate: Annotated[
        float | None, typer.Option(help="Patients a time unit, instead of --accrual.")
    ] = None,
    alpha: Annotated[float, typer.Option(help="One-sided.")] = 0.05,
    power: Annotated[float, typer.Option(help="Not beta.")] = 0.8,
    variance: Annotated[str, typer.Option(help="standard, wu or exact.")] = "standard",
    stages: Annotated[int, typer.Option(help="1, or 2 with an interim analysis.")] = 1,
    as_json: Json = False,
) -> None:
    """Size a one-sample log-rank test.

    From medians, rates at a time, or a hazard ratio; all times in one unit.

    Example: onearm design logrank --median0 5.5 --median1 8 --accrual 18 --follow-up 12
    """
    with one_line_errors(options_of=logrank):
        from onearm.pipeline.monitoring_design import logrank as size_logrank

        answer = size_logrank(
            median0=median0,
            median1=median1,
            rate0=rate0,
            rate1=rate1,
            at=at,
            hazard_ratio=hazard_ratio,
            shape=shape,
            accrual=accrual,
            accrual_rate=accrual_rate,
            follow_up=follow_up,
            alpha=alpha,
            power=power,
            variance=variance,
            stages=stages,
        )
        print_answer(answer, as_json)


def landmark(
    at: Annotated[float, typer.Option(help="The landmark time.")],
    rate0: Annotated[
        float | None, typer.Option(help="Share without an event that is too low.")
    ] = None,
    rate1: Annotated[float | None, typer.Option(help="Share worth pursuing.")] = None,
    median0: Median0 = None,
    median1: Median1 = None,
    hazard_ratio: HazardRatio = None,
    method: Annotated[str, typer.Option(help="binomial or kaplan-meier.")] = "binomial",
    alpha: Annotated[float, typer.Option(help="One-sided.")] = 0.05,
    power: Annotated[float, typer.Option(help="Not beta.")] = 0.8,
    accrual: Annotated[float | None, typer.Option(help="For kaplan-meier: accrual time.")] = None,
    follow_up: Annotated[
        float | None, typer.Option(help="For kaplan-meier: time after the last entry.")
    ] = None,
    shape: Shape = 1.0,
    as_json: Json = False,
) -> None:
    """Size a survival rate at a landmark.

    As an exact binomial, or by Kaplan-Meier on the complementary log-log scale.

    Example: onearm design landmark --at 6 --rate0 0.45 --rate1 0.65 --alpha 0.025
    """
    with one_line_errors(options_of=landmark):
        from onearm.pipeline.monitoring_design import landmark as size_landmark

        answer = size_landmark(
            at=at,
            rate0=rate0,
            rate1=rate1,
            median0=median0,
            median1=median1,
            hazard_ratio=hazard_ratio,
            method=method,
            alpha=alpha,
            power=power,
            accrual=accrual,
            follow_up=follow_up,
            shape=shape,
        )
        print_answer(answer, as_json)
