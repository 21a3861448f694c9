"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
