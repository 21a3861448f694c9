"""The command line: parse, one call of ``onearm.pipeline``, print.

Every command imports its pipeline module inside its function, so that
``onearm --help`` loads no numpy, pydantic, polars or matplotlib. Knows no rule
and formats nothing: an answer writes itself, with ``as_text`` and ``as_json``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn, Protocol

import typer

from onearm import __version__
from onearm.errors import OnearmError

app = typer.Typer(
    name="onearm",
    help="Single-arm phase II oncology trials, from protocol to paper.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: formatting it would load rich
    pretty_exceptions_enable=False,
)
design_app = typer.Typer(
    help="Exact designs of a trial.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(design_app, name="design")
infer_app = typer.Typer(
    help="Inference that respects the design.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(infer_app, name="infer")
intake_app = typer.Typer(
    help="Tables or a protocol from the formats of others.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(intake_app, name="intake")

Study = Annotated[Path, typer.Argument(metavar="STUDY", help="A study folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Rules = Annotated[
    Path | None, typer.Option(metavar="YAML", help="Response rules that deviate from RECIST 1.1.")
]
Subjects = Annotated[
    Path | None,
    typer.Option(metavar="CSV", help="Subjects with their reference date (first dose)."),
]
P0 = Annotated[float, typer.Option(help="A response rate too low to be of interest.")]
P1 = Annotated[float, typer.Option(help="A response rate worth pursuing.")]
Alpha = Annotated[float, typer.Option(help="One-sided type I error at p0.")]
Power = Annotated[float, typer.Option(help="Power at p1: 1 - beta, not beta.")]
Dropout = Annotated[float, typer.Option(help="Expected share not evaluable.")]
Subject = Annotated[str | None, typer.Option(metavar="ID", help="Only this subject.")]
Looks = Annotated[
    str | None, typer.Option(metavar="N,N|N-N/STEP", help="Patients at each look: 10-40/5.")
]
NeededLooks = Annotated[
    str, typer.Option("--looks", metavar="N,N|N-N/STEP", help="Patients at each look: 10-40/5.")
]
VagueWeight = Annotated[float, typer.Option(help="Weight of the prior's vague part.")]
Median0 = Annotated[float | None, typer.Option(help="Historical median.")]
Median1 = Annotated[float | None, typer.Option(help="Target median.")]
HazardRatio = Annotated[float | None, typer.Option(help="Target hazard over historical, < 1.")]
Shape = Annotated[float, typer.Option(help="Weibull shape; 1 is exponential.")]
Plot = Annotated[Path | None, typer.Option(metavar="FILE", help="Also draw it, as .svg or .png.")]


class Answer(Protocol):
    """What every verb of ``onearm.pipeline`` returns."""

    def as_text(self) -> str:
        """Return the answer for a reader."""

    def as_json(self) -> object:
        """Return the answer as lists, dictionaries, strings, numbers and None."""


@contextmanager
def one_line_errors(*, of_options: bool = False) -> Iterator[None]:
    """Turn an error that has its reason in the input into its own words and exit status 1.

    An ``InputError`` with several findings prints one line for each. ``of_options``: what
    was wrong came from options alone, so theta_t is called --theta-t, as the user wrote it.
    """
    try:
        yield
    except OnearmError as error:
        _stop(_as_options(str(error)), 1)
    except (
        BrokenPipeError
    ):  # the reader has seen enough (``onearm ... | head``); typer ends quietly
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _stop(f"{where}{error.strerror or error}", 1)
    except KeyboardInterrupt:
        _stop("interrupted", 130)


def _as_options(message: str) -> str:
    from inspect import signature

    commands = [
        *design_app.registered_commands,
        *infer_app.registered_commands,
        *intake_app.registered_commands,
    ]
    known = {
        name for one in commands if one.callback for name in signature(one.callback).parameters
    }
    return re.sub(
        r"\b[a-z0-9]+_[a-z0-9_]+\b",
        lambda found: f"--{found[0].replace('_', '-')}" if found[0] in known else found[0],
        message,
    )


def _stop(message: str, status: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status) from None


def _print(answer: Answer, as_json: bool, plot: Path | None = None) -> None:
    """Print an answer, after its figure was written; what that shows goes to standard error."""
    if plot is not None:
        from onearm.pipeline.plot import plot as draw

        typer.echo(draw(answer, plot).as_text(), err=True)
    if as_json:
        sys.stdout.writelines(_json_lines(answer.as_json()))
    else:
        sys.stdout.write(answer.as_text().rstrip("\n"))
    sys.stdout.write("\n")
    sys.stdout.flush()  # here, where a closed pipe is still caught


def _json_lines(value: object) -> Iterator[str]:
    """Yield JSON; a list stands one record a line, so that a long one is never held as text."""
    if not isinstance(value, list):
        yield json.dumps(value, ensure_ascii=False, indent=1)
        return
    yield "["
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for index, record in enumerate(value):
        yield ",\n" if index else "\n"
        yield encode(record)
    yield "\n]"


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that shows the step at work, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update


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


@app.command()
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

        with _progress(quiet) as progress:
            answer = run_study(
                study, out, formats.split(","), progress, outline=outline, profile=profile
            )
        _print(answer, as_json)


@app.command()
def check(study: Study, as_json: Json = False) -> None:
    """List every problem in STUDY: protocol and data.

    Each with its file, line and column, what was found and what is allowed.
    The exit status is 1 when one of them is an error.

    Example: onearm check studies/tqb2450-ib-02
    """
    with one_line_errors():
        from onearm.pipeline.check import check_study

        answer = check_study(study)
        _print(answer, as_json)
        raise typer.Exit(answer.exit_status)


@app.command()
def schema() -> None:
    """Print the JSON Schema of protocol.yaml.

    Example: onearm schema > protocol.schema.json
    """
    with one_line_errors():
        from onearm.pipeline.schema import protocol_schema

        _print(protocol_schema(), as_json=True)


@app.command()
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
            _print(answer, as_json)
            return
        from onearm.pipeline.recorded import recorded_and_derived

        compared = recorded_and_derived(source, rules, subjects, subject)
        if csv is not None:
            compared.write_csv(csv)
        _print(compared, as_json)


@app.command()
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

        _print(best_response(timepoints, rules=rules, subjects=subjects), as_json)


@app.command()
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

        _print(trace_result(study, result_id, subject=subject, rows=rows), as_json)


@app.command()
def monitor(study: Study, plot: Plot = None, as_json: Json = False) -> None:
    """Say where a running trial stands against its design.

    Responders needed, responses not yet confirmed, subjects not yet evaluable,
    and the chance of a promising end.

    Example: onearm monitor studies/tqb2450-ib-02
    """
    with one_line_errors():
        from onearm.pipeline.monitor import monitor_study

        _print(monitor_study(study), as_json, plot)


@app.command()
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
            _print(of.list_figures(), as_json)
            return
        _print(
            of.figure(
                study, name, out,
                groups=group or (), subject=subject, columns=width, dpi=dpi, bare=bare,
            ),
            as_json,
        )  # fmt: skip


@app.command()
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

        _print(
            list_tables() if name is None else make_table(study, name, kind, profile, out), as_json
        )


@app.command()
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
        _print(answer, as_json)
        raise typer.Exit(answer.exit_status)


@design_app.command("study")
def design_of_study(study: Study, plot: Plot = None, as_json: Json = False) -> None:
    """Compute the design of a study's protocol.

    Sample size, decision rule, exact operating characteristics, and a paragraph
    for the protocol and for the paper.

    Example: onearm design study studies/nct07388875
    """
    with one_line_errors():
        from onearm.pipeline.design_study import design_study

        _print(design_study(study), as_json, plot)


@app.command()
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

        _print(export_study(study, kind, out, formats.split(",") if formats else ()), as_json)


@intake_app.command("redcap")
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
        _print(take_in(export_file, dictionary, out, codes), as_json)


@intake_app.command("registry")
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

        _print(draft(record, out, replace=replace), as_json)


@app.command()
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
            _print(answer, as_json)
        raise typer.Exit(answer.exit_status)


@app.command()
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
            _print(explain_criterion(study, explain), as_json)
        elif template:
            _print(facts_template(study), as_json)
        else:
            answer = screen_study(study, facts, subject)
            _print(answer.log() if log else answer, as_json)
            if log:
                typer.echo(answer.notice, err=True)


@app.command()
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
        _print(answer, as_json)


@app.command()
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
        _print(answer, as_json)


@design_app.command()
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
    with one_line_errors(of_options=True):
        from onearm.pipeline.design import precision as design_precision

        answer = design_precision(
            target, lower_limit_above, alpha, dropout, method=method, counts=counts, sides=sides
        )
        _print(answer, as_json)


@design_app.command()
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

        _print(design_exact(p0, p1, alpha, power, dropout), as_json, plot)


@design_app.command()
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

        _print(design_simon(p0, p1, alpha, power, dropout), as_json, plot)


@design_app.command()
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

        _print(verify_certificate(certificate), as_json)


@design_app.command()
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

        _print(design_fleming(p0, p1, alpha, power, dropout), as_json)


@design_app.command(name="three-stage")
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

        _print(design_three_stage(p0, p1, alpha, power, dropout), as_json)


@design_app.command()
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

        _print(design_curtailed(p0, p1, alpha, power, base, futility, efficacy), as_json)


@design_app.command()
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

        _print(design_sargent(p0, p1, alpha, beta, eta, power, dropout), as_json)


@design_app.command()
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

        _print(
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


@infer_app.command(name="two-stage")
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
    with one_line_errors(of_options=True):
        from onearm.pipeline.infer import Counts, two_stage

        counts = Counts(responders, stage1_responders, attained_n1, attained_n, stopped_at)
        _print(two_stage((r1, n1, r, n), counts, p0, p1, alpha, level), as_json)


@design_app.command()
def predictive(
    p0: Annotated[float, typer.Option(help="The response rate that is too low.")],
    p1: Annotated[float, typer.Option(help="The response rate that is worth pursuing.")],
    looks: Looks = None,
    theta_t: Annotated[
        float | None, typer.Option(help="Promising at the end if P(p > p0) exceeds it.")
    ] = None,
    theta_l: Annotated[
        float | None, typer.Option(help="Stop if the predictive probability is less.")
    ] = None,
    theta_u: Annotated[float, typer.Option(help="Stop as promising if it is more.")] = 1.0,
    alpha: Annotated[float, typer.Option(help="One-sided, for a search.")] = 0.05,
    power: Annotated[float, typer.Option(help="Not beta; for a search.")] = 0.8,
    first_look: Annotated[int, typer.Option(help="Patients at the first look.")] = 10,
    every: Annotated[int, typer.Option(help="Patients between looks.")] = 1,
    n_to: Annotated[int, typer.Option(help="The largest trial that is tried.")] = 100,
    prior: Annotated[str | None, typer.Option(metavar="A,B", help="Default p0,1-p0.")] = None,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Monitor by predictive probability (Lee-Liu).

    With looks, theta-t and theta-l, the table of that design; without, the smallest
    trial that keeps alpha and power.

    Example: onearm design predictive --p0 0.2 --p1 0.4 --alpha 0.1 --power 0.9
    """
    with one_line_errors(of_options=True):
        from onearm.pipeline.monitoring_design import predictive as monitor_predictive

        answer = monitor_predictive(
            p0,
            p1,
            looks=looks,
            theta_t=theta_t,
            theta_l=theta_l,
            theta_u=theta_u,
            alpha=alpha,
            power=power,
            first_look=first_look,
            every=every,
            n_to=n_to,
            prior=prior,
        )
        _print(answer, as_json, plot)


@design_app.command()
def posterior(
    p0: Annotated[float, typer.Option(help="A true rate that is too low.")],
    p1: Annotated[float, typer.Option(help="A true rate that is worth pursuing.")],
    looks: NeededLooks,
    prior: Annotated[str, typer.Option(metavar="A,B", help="Beta prior of the new rate.")],
    standard: Annotated[
        str | None, typer.Option(metavar="P|A,B", help="Standard rate, or its Beta(a, b).")
    ] = None,
    historical: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Past trials, instead of --standard.")
    ] = None,
    vague_weight: VagueWeight = 0.2,
    delta: Annotated[float, typer.Option(help="Least difference of interest.")] = 0.0,
    futility: Annotated[
        float | None, typer.Option(help="Stop if the posterior probability is less.")
    ] = 0.05,
    efficacy: Annotated[float | None, typer.Option(help="Stop as promising if it is more.")] = None,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Monitor by posterior probability (Thall-Simon).

    Against a fixed standard rate, one with a beta distribution, or the robust
    meta-analytic prior of past trials.

    Example: onearm design posterior --p0 0.3 --p1 0.5 --looks 1-40 --prior 0.6,1.4 --standard 15,35
    """
    with one_line_errors(of_options=True):
        from onearm.pipeline.monitoring_design import posterior as monitor_posterior

        answer = monitor_posterior(
            p0,
            p1,
            looks=looks,
            prior=prior,
            standard=standard,
            historical=historical,
            vague_weight=vague_weight,
            delta=delta,
            futility=futility,
            efficacy=efficacy,
        )
        _print(answer, as_json, plot)


@design_app.command()
def bop2(
    p0: Annotated[float, typer.Option(help="Null rate of the (first) endpoint.")],
    p1: Annotated[float, typer.Option(help="Its target rate.")],
    looks: NeededLooks,
    endpoint: Annotated[
        str, typer.Option(help="binary, nested, co-primary or efficacy-toxicity.")
    ] = "binary",
    second0: Annotated[float | None, typer.Option(help="Null rate of the second endpoint.")] = None,
    second1: Annotated[float | None, typer.Option(help="Its target rate.")] = None,
    both0: Annotated[
        float | None, typer.Option(help="How often both hold, null; default independence.")
    ] = None,
    both1: Annotated[float | None, typer.Option(help="The same, target.")] = None,
    alpha: Annotated[float, typer.Option(help="One-sided, at the null rates.")] = 0.1,
    power: Annotated[float | None, typer.Option(help="Least power, not beta.")] = None,
    efficacy: Annotated[
        str, typer.Option(help="Efficacy stopping: none, power or obrien-fleming.")
    ] = "none",
    goal: Annotated[str, typer.Option(help="What is best: power or expected-n.")] = "power",
    lambda_: Annotated[
        float | None, typer.Option("--lambda", help="With --gamma: no calibration.")
    ] = None,
    gamma: Annotated[float | None, typer.Option(help="See --lambda.")] = None,
    eta: Annotated[float | None, typer.Option(help="See --lambda; efficacy 'power'.")] = None,
    as_json: Json = False,
) -> None:
    """Find a Bayesian optimal phase II design.

    Calibrated by exact recursion, not simulation; with lambda and gamma, the table
    of that design.

    Example: onearm design bop2 --p0 0.2 --p1 0.4 --looks 10-40/5 --alpha 0.1 --efficacy power
    """
    with one_line_errors(of_options=True):
        from onearm.pipeline.monitoring_design import bop2 as monitor_bop2

        answer = monitor_bop2(
            endpoint,
            (p0, second0, both0),
            (p1, second1, both1),
            looks=looks,
            alpha=alpha,
            power=power,
            efficacy=efficacy,
            goal=goal,
            lambda_=lambda_,
            gamma=gamma,
            eta=eta,
        )
        _print(answer, as_json)


@design_app.command(name="bryant-day")
def bryant_day(
    response0: Annotated[float, typer.Option(help="Response rate that is too low.")],
    response1: Annotated[float, typer.Option(help="Response rate worth pursuing.")],
    toxicity0: Annotated[float, typer.Option(help="Toxicity rate that is too high.")],
    toxicity1: Annotated[float, typer.Option(help="Toxicity rate that is acceptable.")],
    alpha_response: Annotated[
        float, typer.Option(help="One-sided: recommend an inactive treatment.")
    ] = 0.1,
    alpha_toxicity: Annotated[
        float, typer.Option(help="One-sided: recommend a toxic treatment.")
    ] = 0.1,
    power: Annotated[float, typer.Option(help="Not beta.")] = 0.8,
    n_to: Annotated[
        int | None, typer.Option(help="Largest trial; default: until the optimum is proven.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find two stages on response and toxicity.

    Optimal and minimax designs of Bryant and Day, with their error rates under
    every association of response and toxicity.

    Example: onearm design bryant-day --response0 .1 --response1 .3 --toxicity0 .3 --toxicity1 .1
    """
    with one_line_errors(of_options=True):
        from onearm.pipeline.monitoring_design import bryant_day_pair

        answer = bryant_day_pair(
            response0,
            response1,
            toxicity0,
            toxicity1,
            alpha_response=alpha_response,
            alpha_toxicity=alpha_toxicity,
            power=power,
            n_to=n_to,
        )
        _print(answer, as_json)


@design_app.command()
def toxicity(
    p0: Annotated[float, typer.Option(help="Toxicity rate that is acceptable.")],
    p1: Annotated[float, typer.Option(help="Toxicity rate that is too high.")],
    looks: NeededLooks,
    method: Annotated[
        str,
        typer.Option(
            help="pocock (repeated-significance), obrien-fleming, wang-tsiatis, beta-binomial."
        ),
    ] = "pocock",
    alpha: Annotated[float, typer.Option(help="Greatest chance to stop at p0.")] = 0.1,
    constant: Annotated[
        float | None, typer.Option(help="The method's constant, instead of alpha.")
    ] = None,
    shape: Annotated[
        float | None, typer.Option(help="Of wang-tsiatis: 0 (O'Brien-Fleming) to 0.5.")
    ] = None,
    prior: Annotated[
        str | None, typer.Option(metavar="A,B", help="Of beta-binomial; default p0,1-p0.")
    ] = None,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Draw a stopping boundary for toxicity.

    Looks at each patient or at cohorts; the chance to cross is exact.

    Example: onearm design toxicity --p0 0.2 --p1 0.4 --looks 1-30
    """
    with one_line_errors(of_options=True):
        from onearm.pipeline.monitoring_design import toxicity as monitor_toxicity

        answer = monitor_toxicity(
            p0,
            p1,
            looks=looks,
            method=method,
            alpha=alpha,
            constant=constant,
            shape=shape,
            prior=prior,
        )
        _print(answer, as_json, plot)


@design_app.command()
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
    with one_line_errors(of_options=True):
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
        _print(answer, as_json)


@design_app.command()
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
    with one_line_errors(of_options=True):
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
        _print(answer, as_json)


@design_app.command()
def historical(
    trials: Annotated[Path, typer.Argument(metavar="CSV", help="Past trials, one a row.")],
    level: Annotated[float, typer.Option(help="Two-sided level of the intervals.")] = 0.95,
    vague_weight: VagueWeight = 0.2,
    as_json: Json = False,
) -> None:
    """Pool the response rates of past trials.

    A random-effects rate with its prediction interval, and a robust
    meta-analytic prior.

    Example: onearm design historical studies/tqb2450-ib-02/historical.csv
    """
    with one_line_errors():
        from onearm.pipeline.monitoring_design import historical as pool_historical

        _print(pool_historical(trials, level=level, vague_weight=vague_weight), as_json)


Scenario = Annotated[
    Path, typer.Argument(metavar="SCENARIO", help="A file of the folder scenarios of a study.")
]


@app.command()
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
        )  # fmt: skip
        with _progress(quiet) as progress:
            answer = simulate_scenario(scenario, options, progress)
        _print(answer, as_json, plot)


def main() -> None:
    """Run the command line; everything that it prints is UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    app()
