"""Commands for a trial that runs: screen, dose, grade."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onearm.commands.answers import one_line_errors, print_answer
from onearm.commands.options import Json, Study, Subject


def screen(
    study: Study,
    facts: Annotated[
        Path | None,
        typer.Argument(metavar="FACTS", help="A CSV, or the JSON of one person; absent, STUDY's."),
    ] = None,
    subject: Subject = None,
    log: Annotated[bool, typer.Option("--csv", help="Print the screening log as CSV.")] = False,
    template: Annotated[
        bool, typer.Option("--template", help="Print an empty file of facts to fill in.")
    ] = False,
    explain: Annotated[
        str | None, typer.Option(metavar="ID", help="Explain one criterion, such as I09a.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check who may enter, criterion by criterion.

    Each criterion is met, not met or unknown, with its evidence and what is
    missing. A check against the protocol, never medical advice.

    Example: onearm screen studies/nct07388875
    """
    if (facts is not None) + template + (explain is not None) > 1:
        raise typer.BadParameter("give at most one of FACTS, --template and --explain ID")
    with one_line_errors():
        from onearm.pipeline.screen import screen_study
        from onearm.pipeline.screen_template import explain_criterion, facts_template

        if explain is not None:
            print_answer(explain_criterion(study, explain), as_json)
        elif template:
            print_answer(facts_template(study), as_json)
        else:
            answer = screen_study(study, facts, subject)
            print_answer(answer.log() if log else answer, as_json)
            if log:
                typer.echo(answer.notice, err=True)


def dose(
    study: Study,
    start: Annotated[
        str | None, typer.Option(metavar="DATE", help="Day 1 of cycle 1, to plan from.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="ID", help="What this subject was given, beside the plan.")
    ] = None,
    cycles: Annotated[int | None, typer.Option(metavar="N", help="How many cycles.")] = None,
    weight_kg: Annotated[str | None, typer.Option(metavar="KG", help="Weight.")] = None,
    height_cm: Annotated[str | None, typer.Option(metavar="CM", help="Height.")] = None,
    age: Annotated[int | None, typer.Option(metavar="YEARS", help="Age.")] = None,
    sex: Annotated[str | None, typer.Option(metavar="F|M", help="Sex.")] = None,
    creatinine: Annotated[
        str | None, typer.Option(metavar="'80 umol/L'", help="Serum creatinine, or in mg/dL.")
    ] = None,
    gfr: Annotated[str | None, typer.Option(metavar="ML_MIN", help="Measured GFR.")] = None,
    choose: Annotated[
        list[str] | None, typer.Option(metavar="DRUG", help="Which of several alternatives.")
    ] = None,
    weight_at: Annotated[
        list[str] | None, typer.Option(metavar="CYCLE:KG", help="Weight at a later cycle.")
    ] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(metavar="'TERM: GRADE'", help="Propose by the rules for this event."),
    ] = None,
    at_dose: Annotated[
        list[str] | None,
        typer.Option(metavar="'DRUG: DOSE'", help="Dose at that event, if not the first."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a table.")] = None,
    ics: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write an iCalendar file.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Plan the doses of a patient, or check those given.

    With --start the planned calendar from that day; with --subject what a
    subject of the study was given, beside the plan. A check against the
    protocol, never medical advice.

    Example: onearm dose studies/tqb2450-ib-02 --start 2026-01-12
    """
    with one_line_errors():
        from onearm.pipeline.dose import dose_answer, write_files

        answer = dose_answer(
            study,
            start,
            subject,
            cycles=cycles,
            weight_kg=weight_kg,
            height_cm=height_cm,
            age=age,
            sex=sex,
            creatinine=creatinine,
            gfr=gfr,
            chosen=choose or (),
            weight_at=weight_at or (),
            events=event or (),
            at_dose=at_dose or (),
        )
        write_files(answer, csv, ics)
        print_answer(answer, as_json)


def grade(
    labs: Annotated[Path, typer.Argument(metavar="LABS.csv", help="Laboratory values.")],
    ctcae: Annotated[str, typer.Option(metavar="5.0|6.0", help="Version of the CTCAE.")],
    option: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Another reading of a criterion.")
    ] = None,
    worst_case: Annotated[
        bool, typer.Option("--worst-case", help="Take the highest of several candidates.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Grade laboratory values by the CTCAE.

    Each row with its grade, or the grades that remain possible, and the reason.
    A check against the criteria, never medical advice.

    Example: onearm grade docs/examples/labs.csv --ctcae 5.0
    """
    with one_line_errors():
        from onearm.pipeline.grade import grade_labs

        answer = grade_labs(labs, ctcae=ctcae, options=option or (), worst_case=worst_case)
        print_answer(answer, as_json)
