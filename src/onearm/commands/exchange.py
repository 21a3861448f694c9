"""Commands between onearm and others: compare, export, validate, intake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onearm.commands.answers import one_line_errors, print_answer
from onearm.commands.options import Json, Study


def compare(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A study or a results.json.")],
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="OTHER",
            help="expected.yaml (by default the study's), a CSV, a study, a results.json or ADaM.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Set other numbers beside ours.

    Published numbers or those of another program, each with its verdict; or two
    data cuts, SOURCE the older: which results moved, by which subjects and rows;
    or another program's analysis data sets (ADaM), record by record.
    The exit status is 1 when a difference is not explained.

    Example: onearm compare studies/tqb2450-ib-02
    """
    with one_line_errors():
        from onearm.pipeline.compare import compare as compare_results

        answer = compare_results(source, other)
        print_answer(answer, as_json)
        raise typer.Exit(answer.exit_status)


def export(
    study: Study,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="adam, sdtm, redcap, registry, usdm, ars or ard.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where every file goes.")],
    formats: Annotated[
        str | None,
        typer.Option("--format", help="Of the tables: xpt, dataset-json, ndjson, parquet, csv."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write STUDY in the formats of others.

    adam: the analysis data sets with define.xml and a reader's guide. sdtm: the
    domains that the tables are, with the keys between them. ars: the results as a
    reporting event (CDISC ARS 1.0). ard: the results as a long table. redcap: a
    data dictionary, and the records to import. registry: the results section of a
    ClinicalTrials.gov record. usdm: the protocol as a study definition (USDM 4).

    Example: onearm export studies/tqb2450-ib-02 adam --out adam --format xpt,csv
    """
    with one_line_errors():
        from onearm.pipeline.export import export_study

        print_answer(export_study(study, kind, out, formats.split(",") if formats else ()), as_json)


def validate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of data sets.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="Print each breach as CSV.")] = False,
    as_json: Json = False,
) -> None:
    """Check analysis data sets (ADaM) by rules.

    XPT, Dataset-JSON, Parquet or CSV, by whoever wrote them, with define.xml where
    there is one. The exit status is 1 when an error is found.

    Example: onearm validate adam
    """
    with one_line_errors():
        from onearm.pipeline.validate import validate_folder

        answer = validate_folder(folder)
        if as_csv:
            typer.echo(answer.as_csv(), nl=False)
        else:
            print_answer(answer, as_json)
        raise typer.Exit(answer.exit_status)


def intake_redcap(
    export_file: Annotated[
        Path, typer.Argument(metavar="EXPORT", help="Records as CSV, raw or with labels.")
    ],
    dictionary: Annotated[Path, typer.Option(metavar="CSV", help="The data dictionary.")],
    out: Annotated[Path, typer.Option(metavar="STUDY", help="The study folder to fill.")],
    missing: Annotated[
        str | None, typer.Option(metavar="CODES", help="Further missing-data codes: -99,-98.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a study's tables from a REDCap export.

    The annotations of the dictionary say which column a field is. Every value that
    does not fit is listed with record, event and field; then nothing is written.

    Example: onearm intake redcap records.csv --dictionary dictionary.csv --out trial
    """
    with one_line_errors():
        from onearm.pipeline.intake import intake_redcap as take_in

        codes = tuple(missing.split(",")) if missing else ()
        print_answer(take_in(export_file, dictionary, out, codes), as_json)


def intake_registry(
    record: Annotated[
        Path, typer.Argument(metavar="RECORD", help="A ClinicalTrials.gov record, version 2 JSON.")
    ],
    out: Annotated[Path, typer.Option(metavar="STUDY", help="The study folder to begin.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a protocol.yaml that is there.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Draft a protocol file from a registry record.

    The criteria are split and numbered; what the record does not give is marked
    in the file with its reason and listed.

    Example: onearm intake registry NCT07388875.json --out draft
    """
    with one_line_errors():
        from onearm.pipeline.intake_registry import intake_registry as draft

        print_answer(draft(record, out, replace=replace), as_json)
