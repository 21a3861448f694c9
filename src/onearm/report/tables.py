"""The tables of a report, built from results and protocol alone.

Each builder returns a ``Table``; the layout is that of a phase II paper. A
zero count prints 0 without a percentage, an em dash stands only where a cell
does not apply. Computes nothing: a number that is missing here is missing
among the results.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from onearm import format as fmt
from onearm.protocol.model import Protocol
from onearm.report.model import Column, Line, Phrase, Table, phrase
from onearm.report.shown import Shown, position
from onearm.results.model import Row, slug, slugs

EXACT = {"clopper-pearson": "Clopper-Pearson (exact)", "wilson": "Wilson"}
TIMES = {  # analysis: its name where the protocol lists no such endpoint
    "pfs": "Progression-free survival",
    "os": "Overall survival",
    "ttr": "Time to response",
    "dor": "Duration of response",
    "ipfs": "Progression-free survival by iRECIST",
    "follow-up-pfs": "Follow-up for progression (reverse Kaplan-Meier)",
    "follow-up-os": "Follow-up for survival (reverse Kaplan-Meier)",
}
RATES = ("orr", "dcr", "cbr")
WITH_RATES = ("pfs", "os", "ipfs", "dor")
UNUSUAL = ("response:non-cr-non-pd", "response:non-icr-non-iupd")
"""Responses of patients without target disease; their lines are left out while empty."""
FLOW = {
    "step:screened": "Screened",
    "step:not-enrolled": "Not enrolled",
    "step:enrolled": "Enrolled",
    "step:treated": "Treated",
    "status:discontinued": "Treatment discontinued",
    "reason:": "",
    "status:completed": "Treatment completed",
    "status:ongoing": "Treatment ongoing",
    "step:response-evaluable": "Evaluable for response",
}
EVENTS = {
    "ae": "Any adverse event",
    "trae": "Treatment-related adverse event",
    "sae": "Serious adverse event",
    "related-sae": "Treatment-related serious adverse event",
    "irae": "Immune-related adverse event",
    "related-irsae": "Treatment-related immune-related serious adverse event",
    "trae-reduced": "Treatment-related event with dose reduction",
    "trae-discontinued": "Treatment-related event with discontinuation of a drug",
}
PATIENTS = "Patients"


def words(row: Row) -> str:
    """Return the name of a row's item in words."""
    return row.label or (row.item or row.id).rpartition(":")[2].replace("-", " ")


def capital(text: str) -> str:
    """Return a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def cutoff_note(protocol: Protocol) -> list[Phrase]:
    """Return the footnote that names the data cut-off."""
    day = protocol.study.data_cutoff
    return [] if day is None else [phrase(f"Data cut-off: {day.isoformat()}.")]


def subgroup_notes(protocol: Protocol, groups: Sequence[str]) -> list[Phrase]:
    """Return a footnote on what the labels of the subgroups mean, where they do not say it."""
    labels: dict[str, str] = {one.id: one.label for one in protocol.characteristics}
    told = []
    for one in protocol.subgroups:
        where = [
            f"{labels.get(name, name).lower()} {' or '.join(values)}"
            for name, values in one.where.items()
            if values != (one.label,)
        ]
        if one.id in groups and where:
            told.append(f"{one.label}, {' and '.join(where)}")
    return [phrase(f"{'; '.join(told)}.")] if told else []


def _columns(shown: Shown, groups: Sequence[str], stems: Sequence[str]) -> tuple[Column, ...]:
    """Return a column a group; N is the total of the first stem that has one."""
    return tuple(
        Column(shown.groups[group], shown.total(*(stem.format(group) for stem in stems)))
        for group in groups
    )


def _groups(shown: Shown, analysis: str, wanted: Iterable[str]) -> list[str]:
    present = {row.group for row in shown.results.rows if row.analysis == analysis}
    return [group for group in wanted if group in present]


def baseline_table(shown: Shown, groups: Sequence[str] = ("all",)) -> Table:
    """Return Table 1: median (range) of continuous characteristics, n (%) of levels."""
    groups = _groups(shown, "baseline", groups)
    lines: list[Line] = []
    notes = cutoff_note(shown.protocol)
    totals = ["orr/{}/total"]
    for one in shown.protocol.characteristics if groups else ():
        stem = slug(one.id)
        if one.kind == "continuous":
            unit = f" ({one.unit})" if one.unit else ""
            lines += _continuous(shown, groups, f"{one.label}{unit}, median (range)", stem)
            continue
        names = slugs(level.value for level in one.levels)
        printed = {names[level.value]: level.label for level in one.levels if level.is_shown}
        hidden = {names[level.value]: level.label for level in one.levels if not level.is_shown}
        levels = _levels(shown, groups, stem, printed, hidden)
        heading = Line(phrase(f"{one.label}, n\N{NO-BREAK SPACE}(%)"))
        lines += [heading, *levels] if levels else []
        totals += [f"baseline/{{}}/{stem}:{value}/total" for value in printed]
        if hidden:
            words = ", ".join(f'"{label}"' for label in hidden.values())
            notes.append(phrase(f"{one.label}: no line for the value {words}."))
    return Table(
        "table-1",
        "Table 1",
        "Baseline characteristics",
        "Treated patients",
        "Characteristic",
        _columns(shown, groups, totals),
        tuple(lines),
        tuple(notes),
    )


def _continuous(shown: Shown, groups: Sequence[str], label: str, stem: str) -> list[Line]:
    separator = fmt.PROFILES[shown.profile].interval_separator
    cells = []
    for group in groups:
        head = f"baseline/{group}/{stem}"
        if shown.row(f"{head}/median") is None:
            cells.append(phrase(fmt.NOT_APPLICABLE))
            continue
        ends = (shown.value(f"{head}/minimum"), separator, shown.value(f"{head}/maximum"))
        cells.append(phrase(shown.value(f"{head}/median"), " (", *ends, ")"))
    lines = [Line(phrase(label), tuple(cells))]
    missing = [f"baseline/{group}/{stem}/missing" for group in groups]
    if any(shown.row(one) and not shown.is_zero(one) for one in missing):
        values = tuple(phrase(shown.value(one)) for one in missing)
        lines.append(Line(phrase("Missing, n"), values, 1))
    return lines


def _levels(
    shown: Shown,
    groups: Sequence[str],
    stem: str,
    printed: Mapping[str, str],
    hidden: Mapping[str, str],
) -> list[Line]:
    """Return a line a level: those of the protocol, those found beside them, the missing."""
    levels = dict(printed)
    for row in shown.items("baseline", "all", f"{stem}:", "count"):
        value = (row.item or "").partition(":")[2]
        if value not in hidden and value != "missing":
            levels.setdefault(value, words(row).rpartition(": ")[2])
    levels["missing"] = "Missing"
    lines = []
    for value, label in levels.items():
        heads = [f"baseline/{group}/{stem}:{value}" for group in groups]
        if not any(shown.row(f"{head}/count") for head in heads):
            continue
        if value == "missing" and all(shown.is_zero(f"{head}/count") for head in heads):
            continue
        cells = [shown.count_and_percent(f"{head}/count", f"{head}/estimate") for head in heads]
        lines.append(Line(phrase(label), tuple(cells), 1))
    return lines


def response_table(shown: Shown, groups: Sequence[str]) -> Table:
    """Return Table 2: best response and rates, by RECIST 1.1 and beside it by iRECIST."""
    groups = _groups(shown, "orr", groups)
    lines = [
        *_responses(shown, groups, "", "Best overall response by RECIST 1.1, confirmed"),
        *_rates(shown, groups, ""),
    ]
    if shown.items("bor.irecist", "all", "response:", "count"):
        title = "Best overall response by iRECIST, confirmed and unconfirmed progression apart"
        lines += [*_responses(shown, groups, ".irecist", title), *_rates(shown, groups, ".irecist")]
    empty = [
        words(row)
        for analysis in ("bor", "bor.irecist")
        for row in shown.items(analysis, "all", "response:", "count")
        if row.item in UNUSUAL and shown.is_zero(row.id)
    ]
    absent = [empty] if empty else []
    interval = EXACT[shown.protocol.analysis.interval]
    rates = [
        f"{name}: {one.definition.rstrip('.')}."
        for name, one in (
            (endpoint.id.upper(), endpoint) for endpoint in shown.protocol.endpoints.all
        )
        if one.id in RATES and one.definition
    ]
    return Table(
        "table-2",
        "Table 2",
        "Best objective response",
        "Treated patients",
        "Response",
        _columns(shown, groups, ["orr/{}/total"]),
        tuple(lines),
        (
            phrase(
                f"n\N{NO-BREAK SPACE}(%) unless stated; two-sided {shown.level} CI by {interval}."
            ),
            *(phrase(text) for text in rates),
            *(phrase(f"Left out, because nobody has it: {', '.join(left)}.") for left in absent),
            phrase(
                "iUPD, unconfirmed immune progression; iCPD, confirmed immune progression; "
                "NE, not evaluable."
            ),
            *subgroup_notes(shown.protocol, groups),
            *cutoff_note(shown.protocol),
        ),
    )


def _responses(shown: Shown, groups: Sequence[str], variant: str, title: str) -> list[Line]:
    lines = []
    for row in shown.items(f"bor{variant}", "all", "response:", "count"):
        if row.item in UNUSUAL and shown.is_zero(row.id):
            continue
        heads = [f"bor{variant}/{group}/{row.item}" for group in groups]
        cells = [shown.count_and_percent(f"{head}/count", f"{head}/estimate") for head in heads]
        lines.append(Line(phrase(words(row)), tuple(cells), 1))
    heading = Line(phrase(f"{title}, n\N{NO-BREAK SPACE}(%)"))
    return [heading, *lines] if lines else []


def _rates(shown: Shown, groups: Sequence[str], variant: str) -> list[Line]:
    lines = []
    for rate in RATES:
        heads = [f"{rate}{variant}/{group}" for group in groups]
        if not any(shown.row(f"{head}/count") for head in heads):
            continue
        cells = [shown.count_and_percent(f"{head}/count", f"{head}/estimate") for head in heads]
        limits = [shown.interval(f"{head}/lower", f"{head}/upper") for head in heads]
        name = rate.upper() if not variant else f"i{rate.upper()}"
        lines.append(Line(phrase(f"{name}, n\N{NO-BREAK SPACE}(%)"), tuple(cells)))
        lines.append(Line(phrase(f"{shown.level} CI, %"), tuple(limits), 1))
    return lines


def adverse_event_table(shown: Shown, analysis: str = "trae") -> Table:
    """Return Table 3: terms at or over the reporting threshold, any grade and grade 3 or higher.

    Sorted by frequency of any grade, then by name.
    """
    threshold = shown.protocol.safety.reporting_threshold or Decimal(0)
    rows = shown.items(analysis, "all", "term:", "any_count")
    kept = [row for row in rows if is_reported(shown, row, threshold)]
    kept.sort(key=lambda row: (-position(row), words(row).lower()))
    lines = []
    for row in kept:
        head = row.id.rpartition("/")[0]
        cells = (
            shown.count_and_percent(f"{head}/any_count", f"{head}/any_estimate"),
            shown.count_and_percent(f"{head}/grade_3_count", f"{head}/grade_3_estimate"),
        )
        lines.append(Line(phrase(words(row)), cells))
    total = shown.total(f"{analysis}/all/total")
    at_least = f" in at least {fmt.level_text(float(threshold))} of patients" if threshold else ""
    return Table(
        "table-3",
        "Table 3",
        f"Treatment-related adverse events{at_least}",
        "Treated patients",
        "Event",
        (
            Column("Any grade, n\N{NO-BREAK SPACE}(%)", total),
            Column("Grade 3 or higher, n\N{NO-BREAK SPACE}(%)", total),
        ),
        tuple(lines),
        (
            phrase(
                f"Graded by CTCAE {shown.protocol.safety.ctcae}; a patient counts once a term, "
                "at the highest grade."
            ),
            *cutoff_note(shown.protocol),
        ),
    )


def is_reported(shown: Shown, row: Row, threshold: Decimal) -> bool:
    """Compare a count with its share of the denominator, exactly."""
    total = shown.row(row.id.rpartition("/")[0] + "/total") or shown.row(
        f"{row.analysis}/{row.group}/total"
    )
    if total is None or row.value is None or position(row) == 0:
        return False
    return Decimal(position(row)) >= threshold * Decimal(position(total))


def safety_table(shown: Shown) -> Table:
    """Return the overview of adverse events: patients with at least one, by kind."""
    lines = []
    for analysis, label in EVENTS.items():
        head = f"{analysis}/all"
        if shown.row(f"{head}/any_count") is None:
            continue
        cells = [
            shown.count_and_percent(f"{head}/{name}_count", f"{head}/{name}_estimate")
            for name in ("any", "grade_3", "grade_5")
        ]
        cells.append(phrase(shown.value(f"{head}/event_count")))
        lines.append(Line(phrase(label), tuple(cells)))
    total = shown.total("ae/all/total", "trae/all/total")
    headings = (
        "Any grade, n\N{NO-BREAK SPACE}(%)",
        "Grade 3 or higher, n\N{NO-BREAK SPACE}(%)",
        "Grade 5, n\N{NO-BREAK SPACE}(%)",
    )
    return Table(
        "table-4",
        "Table 4",
        "Overview of adverse events",
        "Treated patients",
        "Patients with at least one",
        (*(Column(label, total) for label in headings), Column("Events, n")),
        tuple(lines),
        (phrase(f"Graded by CTCAE {shown.protocol.safety.ctcae}."), *cutoff_note(shown.protocol)),
    )


def time_table(shown: Shown, groups: Sequence[str]) -> Table:
    """Return Table 5: patients, events, median and landmark rates of every time to event."""
    groups = _groups(shown, "pfs", groups) or _groups(shown, "os", groups)
    names: dict[str, str] = {one.id: one.name for one in shown.protocol.endpoints.all}
    lines: list[Line] = []
    for analysis, usual in TIMES.items():
        if any(shown.row(f"{analysis}/{group}/total") for group in groups):
            lines.append(Line(phrase(names.get(analysis, usual))))
            lines += _times(shown, groups, analysis)
    analysis_plan = shown.protocol.analysis
    return Table(
        "table-5",
        "Table 5",
        "Times to an event",
        "Treated patients; responders for time to response and duration of response",
        "Endpoint",
        _columns(shown, groups, ["pfs/{}/total", "os/{}/total"]),
        tuple(lines),
        (
            phrase(
                f"Kaplan-Meier; {shown.level} CI of rates on the {analysis_plan.transform} scale, "
                "of medians by Brookmeyer-Crowley. "
                f"{fmt.NOT_REACHED}, not reached; {fmt.NOT_ESTIMABLE}, not estimable."
            ),
            *subgroup_notes(shown.protocol, groups),
            *cutoff_note(shown.protocol),
        ),
    )


def _times(shown: Shown, groups: Sequence[str], analysis: str) -> list[Line]:
    heads = [f"{analysis}/{group}" for group in groups]

    def line(label: str, cells: Iterable[Phrase], indent: int = 1) -> Line:
        return Line(phrase(label), tuple(cells), indent)

    lines = [line("Patients, n", (phrase(shown.value(f"{head}/total")) for head in heads))]
    if not analysis.startswith("follow-up"):
        lines.append(line("Events, n", (phrase(shown.value(f"{h}/events")) for h in heads)))
    lines.append(line("Median, months", (phrase(shown.value(f"{h}/median")) for h in heads)))
    limits = (shown.interval(f"{head}/lower", f"{head}/upper") for head in heads)
    lines.append(line(f"{shown.level} CI", limits, 2))
    for landmark in shown.protocol.analysis.landmarks if analysis in WITH_RATES else ():
        rates = [f"{head}/rate_{landmark.suffix}" for head in heads]
        if any(map(shown.row, rates)):
            cells = (phrase(shown.value(rate)) for rate in rates)
            lines.append(line(f"Rate at {landmark}, %", cells))
            limits = (shown.interval(f"{rate}_lower", f"{rate}_upper") for rate in rates)
            lines.append(line(f"{shown.level} CI", limits, 2))
    return lines


def flow_table(shown: Shown) -> Table:
    """Return the patient flow as a table, with the number that each percentage is of."""
    lines = []
    for item, label in FLOW.items():
        rows = shown.items("flow", "all", item, "count")
        for row in sorted(rows, key=lambda row: -position(row)):
            head = row.id.rpartition("/")[0]
            of = phrase(shown.value(f"{head}/total"))
            cells = (shown.count_and_percent(row.id, f"{head}/estimate"), of)
            lines.append(Line(phrase(label or capital(words(row))), cells, 0 if label else 1))
    return Table(
        "table-s1",
        "Table S1",
        "Patient flow",
        "Screened patients",
        "Step",
        (Column("n\N{NO-BREAK SPACE}(%)"), Column("of")),
        tuple(lines),
        tuple(cutoff_note(shown.protocol)),
    )
