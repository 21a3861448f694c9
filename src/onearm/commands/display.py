"""Commands that make one figure, or one table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onearm.commands.answers import one_line_errors, print_answer
from onearm.commands.options import Json, Study


def figure(
    study: Study,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A figure, as --list names it.")
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A subgroup; curves take several.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="ID", help="For a patient's figure.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ends in .svg, .pdf, .png or .tif.")
    ] = None,
    width: Annotated[int, typer.Option(help="Journal columns: 1 (86 mm) or 2 (178 mm).")] = 2,
    dpi: Annotated[int, typer.Option(help="Pixels per inch of PNG and TIFF, 72 to 1200.")] = 300,
    at_risk: Annotated[
        int, typer.Option(metavar="N", help="Curves end where fewer are at risk.")
    ] = 1,
    bare: Annotated[bool, typer.Option("--bare", help="No title and caption below.")] = False,
    every: Annotated[bool, typer.Option("--list", help="List the figures.")] = False,
    as_json: Json = False,
) -> None:
    """Draw one figure of a study, with its data as CSV.

    By default into out/NAME.svg; --list names the figures.

    Example: onearm figure studies/tqb2450-ib-02 waterfall --out out/waterfall.pdf
    """
    with one_line_errors():
        from onearm.pipeline import figure as of

        if every or name is None:
            print_answer(of.list_figures(), as_json)
            return
        print_answer(
            of.figure(
                study, name, out,
                groups=group or (), subject=subject, columns=width, dpi=dpi, at_risk=at_risk,
                bare=bare,
            ),
            as_json,
        )  # fmt: skip


def table(
    study: Study,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A table, or its alias such as DMT01.")
    ] = None,
    kind: Annotated[str, typer.Option("--format", help="text, html, csv, docx or rtf.")] = "text",
    profile: Annotated[
        str | None, typer.Option(help="journal, csr or label; the protocol's own by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The file to write.")] = None,
    is_list: Annotated[bool, typer.Option("--list", help="List every table there is.")] = False,
    as_json: Json = False,
) -> None:
    """Make one table or listing of STUDY.

    Example: onearm table studies/tqb2450-ib-02 RSPT01 --profile csr
    """
    if is_list == (name is not None):
        raise typer.BadParameter("give the NAME of a table, or --list")
    with one_line_errors():
        from onearm.pipeline.table import list_tables, make_table

        print_answer(
            list_tables() if name is None else make_table(study, name, kind, profile, out), as_json
        )
