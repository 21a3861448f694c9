"""Commands that derive responses: of time points, and best overall."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onearm.commands.answers import one_line_errors, print_answer
from onearm.commands.options import Json, Rules, Subject, Subjects


def respond(
    source: Annotated[
        Path,
        typer.Argument(metavar="SOURCE", help="A study, a folder (also of SDTM) or a lesions CSV."),
    ],
    rules: Rules = None,
    subjects: Subjects = None,
    subject: Subject = None,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Set the recorded responses beside them.")
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --recorded: write both sides as a CSV, too."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Derive RECIST 1.1 and iRECIST responses.

    From lesion measurements in millimetres, a response for every time point
    with the reason for it. With --recorded each response that an evaluator
    wrote down beside it, the reasons and the cause where they differ.

    Example: onearm respond lesions.csv --subjects subjects.csv
    """
    with one_line_errors():
        if not recorded:
            from onearm.pipeline.respond import respond as derive_responses

            if csv is not None:
                raise typer.BadParameter("goes with --recorded", param_hint="--csv")
            answer = derive_responses(source, rules=rules, subjects=subjects, subject=subject)
            print_answer(answer, as_json)
            return
        from onearm.pipeline.recorded import recorded_and_derived

        compared = recorded_and_derived(source, rules, subjects, subject)
        if csv is not None:
            compared.write_csv(csv)
        print_answer(compared, as_json)


def best(
    timepoints: Annotated[
        Path, typer.Argument(metavar="TIMEPOINTS", help="A CSV of time-point responses.")
    ],
    rules: Rules = None,
    subjects: Subjects = None,
    as_json: Json = False,
) -> None:
    """Derive best overall responses.

    From time-point responses, with confirmation and without, each with the
    reason for it.

    Example: onearm best timepoints.csv --subjects subjects.csv
    """
    with one_line_errors():
        from onearm.pipeline.best import best_response

        print_answer(best_response(timepoints, rules=rules, subjects=subjects), as_json)
