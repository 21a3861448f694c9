"""Commands on a study folder: run, check, trace, monitor; and the schema of its protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onearm.commands.answers import one_line_errors, print_answer, progress_shown
from onearm.commands.options import Json, Plot, Study, Subject


def run(
    study: Study,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where every file goes.")],
    formats: Annotated[str, typer.Option(help="Of html, pdf, docx and rtf.")] = "html",
    outline: Annotated[
        str, typer.Option(help="paper, or csr (a study report by ICH E3).")
    ] = "paper",
    profile: Annotated[
        str | None, typer.Option(help="journal, csr or label; the protocol's own by default.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    as_json: Json = False,
) -> None:
    """Check, derive, analyse and report STUDY.

    Example: onearm run studies/tqb2450-ib-02 --out out --formats html,pdf
    """
    with one_line_errors():
        from onearm.pipeline.run import run_study

        with progress_shown(quiet) as progress:
            answer = run_study(
                study, out, formats.split(","), progress, outline=outline, profile=profile
            )
        print_answer(answer, as_json)


def check(study: Study, as_json: Json = False) -> None:
    """List every problem in STUDY: protocol and data.

    Each with its file, line and column, what was found and what is allowed.
    The exit status is 1 when one of them is an error.

    Example: onearm check studies/tqb2450-ib-02
    """
    with one_line_errors():
        from onearm.pipeline.check import check_study

        answer = check_study(study)
        print_answer(answer, as_json)
        raise typer.Exit(answer.exit_status)


def schema() -> None:
    """Print the JSON Schema of protocol.yaml.

    Example: onearm schema > protocol.schema.json
    """
    with one_line_errors():
        from onearm.pipeline.schema import protocol_schema

        print_answer(protocol_schema(), as_json=True)


def trace(
    study: Study,
    result_id: Annotated[str, typer.Argument(metavar="ID", help="For example orr/all/lower.")],
    subject: Subject = None,
    rows: Annotated[
        bool, typer.Option("--rows", help="Also print the source rows: file, line, cells.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Follow a printed number to its records.

    Example: onearm trace studies/tqb2450-ib-02 orr/all/lower
    """
    with one_line_errors():
        from onearm.pipeline.trace import trace as trace_result

        print_answer(trace_result(study, result_id, subject=subject, rows=rows), as_json)


def monitor(study: Study, plot: Plot = None, as_json: Json = False) -> None:
    """Say where a running trial stands against its design.

    Responders needed, responses not yet confirmed, subjects not yet evaluable,
    and the chance of a promising end.

    Example: onearm monitor studies/tqb2450-ib-02
    """
    with one_line_errors():
        from onearm.pipeline.monitor import monitor_study

        print_answer(monitor_study(study), as_json, plot)
