"""The command that simulates whole trials."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onearm.commands.answers import one_line_errors, print_answer, progress_shown
from onearm.commands.options import Json, Plot

Scenario = Annotated[
    Path, typer.Argument(metavar="SCENARIO", help="A file of the folder scenarios of a study.")
]


def simulate(
    scenario: Scenario,
    trials: Annotated[int, typer.Option(help="Trials to simulate.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of the random numbers.")] = 1,
    workers: Annotated[int, typer.Option(help="Processes; 0: one a processor.")] = 1,
    until: Annotated[
        float | None, typer.Option(help="Stop when the error of P(success) is below this.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep every trial here, as Parquet.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the finished blocks of --out.")
    ] = False,
    engine: Annotated[str, typer.Option(help="processes or ray.")] = "processes",
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="A Ray cluster that runs.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Only this part of the blocks, into --out.")
    ] = None,
    merge: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Merge these shards; once for each.")
    ] = None,
    effects: Annotated[
        bool, typer.Option("--effects", help="What confirmation, iRECIST, missed scans change.")
    ] = False,
    search: Annotated[
        Path | None, typer.Option(metavar="GRID", help="The cheapest design of this grid.")
    ] = None,
    over_truth: Annotated[
        bool, typer.Option("--over-truth", help="Power and duration over the truth.")
    ] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Fit the scenario to its targets.")
    ] = False,
    write_study: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write one trial as a study folder.")
    ] = None,
    trial: Annotated[int, typer.Option(help="Which trial to write, from 0.")] = 0,
    plot: Plot = None,
    compiled: Annotated[
        bool, typer.Option("--compiled", help="Judge by numba: faster, the same numbers.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    as_json: Json = False,
) -> None:
    """Simulate whole trials, patient by patient.

    Operating characteristics of the protocol's decision rule under SCENARIO,
    each with its Monte-Carlo error.

    Example: onearm simulate studies/tqb2450-ib-02/scenarios/reported.yaml
    """
    with one_line_errors():
        from onearm.pipeline.simulate import Options, simulate_scenario

        options = Options(
            trials, seed, workers, engine, address, out, resume, shard, until, tuple(merge or ()),
            calibrate, write_study, trial, effects, search, over_truth, plot,
            compiled,
        )  # fmt: skip
        with progress_shown(quiet) as progress:
            answer = simulate_scenario(scenario, options, progress)
        print_answer(answer, as_json, plot)
