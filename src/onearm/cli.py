"""The command line: every command by its name, in the order of the help.

A command parses, calls ``onearm.pipeline`` once and prints, and imports its pipeline
module inside its function, so that ``onearm --help`` loads no numpy, pydantic, polars
or matplotlib. It knows no rule and formats nothing: an answer writes itself, with
``as_text`` and ``as_json``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from onearm import __version__
from onearm.commands import (
    conduct,
    design,
    design_monitoring,
    design_staged,
    design_survival,
    display,
    exchange,
    response,
    study,
)
from onearm.commands.simulate import simulate

Commands = dict[str, Callable[..., None]]

COMMANDS: Commands = {
    "run": study.run,
    "check": study.check,
    "schema": study.schema,
    "respond": response.respond,
    "best": response.best,
    "trace": study.trace,
    "monitor": study.monitor,
    "figure": display.figure,
    "table": display.table,
    "compare": exchange.compare,
    "export": exchange.export,
    "validate": exchange.validate,
    "screen": conduct.screen,
    "dose": conduct.dose,
    "grade": conduct.grade,
    "simulate": simulate,
}
DESIGNS: Commands = {
    "study": design.design_of_study,
    "precision": design.precision,
    "exact": design.exact,
    "simon": design.simon,
    "verify": design.verify,
    "fleming": design_staged.fleming,
    "three-stage": design_staged.three_stage,
    "curtailed": design_staged.curtailed,
    "sargent": design_staged.sargent,
    "find": design.find,
    "predictive": design_monitoring.predictive,
    "posterior": design_monitoring.posterior,
    "bop2": design_monitoring.bop2,
    "bryant-day": design_monitoring.bryant_day,
    "toxicity": design_monitoring.toxicity,
    "logrank": design_survival.logrank,
    "landmark": design_survival.landmark,
    "historical": design_monitoring.historical,
}
INFERENCE: Commands = {"two-stage": design_staged.infer_two_stage}
INTAKE: Commands = {"redcap": exchange.intake_redcap, "registry": exchange.intake_registry}

app = typer.Typer(
    name="onearm",
    help="Single-arm phase II oncology trials, from protocol to paper.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: formatting it would load rich
    pretty_exceptions_enable=False,
)
for name, command in COMMANDS.items():
    app.command(name)(command)
for group, purpose, commands in (
    ("design", "Exact designs of a trial.", DESIGNS),
    ("infer", "Inference that respects the design.", INFERENCE),
    ("intake", "Tables or a protocol from the formats of others.", INTAKE),
):
    inner = typer.Typer(help=purpose, no_args_is_help=True, rich_markup_mode=None)
    for name, command in commands.items():
        inner.command(name)(command)
    app.add_typer(inner, name=group)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"onearm {__version__}")
        raise typer.Exit


@app.callback()
def _onearm(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; everything that it prints is UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    app()
