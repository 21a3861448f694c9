"""PFS under every censoring preset, whom each one moves and why; and the estimands.

Takes results and the protocol, gives tables. Computes nothing.
"""

from __future__ import annotations

from onearm import format as fmt
from onearm.protocol.model import Protocol
from onearm.report.model import Column, Line, Phrase, Table, phrase
from onearm.report.shown import Shown

PRESETS = ("paper", "fda", "ema")


def sensitivity_table(shown: Shown) -> Table:
    """Return PFS under the study's own rule and under the presets that differ from it."""
    heads = [
        "pfs/all",
        *(f"pfs.{name}/all" for name in PRESETS if shown.row(f"pfs.{name}/all/total")),
    ]
    if len(heads) == 1:
        return _table((), ())
    labels = ["Own rule", *(head.partition("/")[0].removeprefix("pfs.") for head in heads[1:])]
    lines = [
        _line("Patients, n", [phrase(shown.value(f"{head}/total")) for head in heads]),
        _line("Events, n", [phrase(shown.value(f"{head}/events")) for head in heads]),
        _line("Median, months", [phrase(shown.value(f"{head}/median")) for head in heads]),
        _line(f"{shown.level} CI", [shown.interval(f"{h}/lower", f"{h}/upper") for h in heads], 1),
    ]
    for landmark in shown.protocol.analysis.landmarks:
        rates = [f"{head}/rate_{landmark.suffix}" for head in heads]
        cells = [phrase(shown.value(rate)) for rate in rates]
        lines.append(_line(f"Rate at {landmark}, %", cells))
        limits = [shown.interval(f"{rate}_lower", f"{rate}_upper") for rate in rates]
        lines.append(_line(f"{shown.level} CI", limits, 1))
    moved = [phrase(shown.value(f"{head}/moved/count")) for head in heads]
    lines.append(_line("Patients whose time or status differs, n", moved))
    return _table(tuple(Column(label) for label in labels), tuple(lines))


def _table(columns: tuple[Column, ...], lines: tuple[Line, ...]) -> Table:
    return Table(
        "censoring",
        "",
        "Progression-free survival under other censoring rules",
        "Treated patients",
        "",
        columns,
        lines,
        (phrase("The presets that agree with the study's own rule are left out."),),
    )


def _line(label: str, cells: list[Phrase], indent: int = 0) -> Line:
    return Line(phrase(label), tuple(cells), indent)


def moved_table(shown: Shown) -> Table:
    """Return the patients whom a preset moves, with what decides under each rule."""
    lines = []
    for name in PRESETS:
        basis = shown.results.bases.get(f"pfs.{name}/all/moved")
        for one in basis.contributions if basis else ():
            if one.role == "counted":
                sources = fmt.source_lines(one.sources)
                cells = (phrase(name), phrase(one.value or ""), phrase(one.reason), phrase(sources))
                lines.append(Line(phrase(one.subject_id), cells))
    headings = ("Preset", "Time", "What decides", "Sources")
    return Table(
        "moved", "", "Patients whom another censoring rule moves", "", "Patient",
        tuple(Column(label, None, is_text=True) for label in headings), tuple(lines), (),
        is_quoted=True,
    )  # fmt: skip


def estimand_table(protocol: Protocol) -> Table | None:
    """Return the estimand of each endpoint that states one (ICH E9(R1)); None without any."""
    lines = []
    for endpoint in protocol.endpoints.all:
        if endpoint.estimand is None:
            continue
        estimand = endpoint.estimand
        lines.append(Line(phrase(endpoint.name)))
        facts = [("Population", estimand.population), ("Variable", estimand.variable)]
        facts += [
            (
                f"Intercurrent event: {one.event}",
                f"{one.strategy}{f'; {one.note}' if one.note else ''}",
            )
            for one in estimand.intercurrent_events
        ]
        facts.append(("Summary", estimand.summary))
        lines += [Line(phrase(name), (phrase(text),), 1) for name, text in facts]
    if not lines:
        return None
    return Table(
        "estimands", "", "Estimands", "", "Endpoint",
        (Column("As the protocol states it", None, is_text=True),), tuple(lines), (),
        is_quoted=True,
    )  # fmt: skip
