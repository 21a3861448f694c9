"""The tables of patients and of response, built from results and protocol alone.

Each builder returns a ``Table``; the layout is that of a phase II paper. A
zero count prints 0 without a percentage, an em dash stands only where a cell
does not apply. Computes nothing: a number that is missing here is missing
among the results.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from onearm import format as fmt
from onearm.protocol.model import Characteristic, Protocol
from onearm.report.model import Column, Line, Phrase, Table, phrase
from onearm.report.shown import Shown, position
from onearm.results.model import Row, slug, slugs

EXACT = {"clopper-pearson": "Clopper-Pearson (exact)", "wilson": "Wilson"}
N_PERCENT = "n\N{NO-BREAK SPACE}(%)"
RATES = ("orr", "dcr", "cbr")
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


def columns_of(shown: Shown, groups: Sequence[str], stems: Sequence[str]) -> tuple[Column, ...]:
    """Return a column a group; N is the total of the first stem that has one."""
    return tuple(
        Column(shown.groups[group], shown.total(*(stem.format(group) for stem in stems)))
        for group in groups
    )


def groups_with(shown: Shown, analysis: str, wanted: Iterable[str]) -> list[str]:
    """Return those of the groups that an analysis has results for."""
    present = {row.group for row in shown.results.rows if row.analysis == analysis}
    return [group for group in wanted if group in present]


def baseline_table(shown: Shown, groups: Sequence[str] = ("all",)) -> Table:
    """Return Table 1: median (range) of continuous characteristics, n (%) of levels.

    In a study report n, mean (SD), median, and minimum and maximum have a line each.
    """
    groups = groups_with(shown, "baseline", groups)
    lines: list[Line] = []
    notes = cutoff_note(shown.protocol)
    totals = ["orr/{}/total"]
    for one in shown.protocol.characteristics if groups else ():
        stem = slug(one.id)
        if one.kind == "continuous":
            lines += _continuous(shown, groups, one, stem)
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
        "baseline",
        "",
        "Baseline characteristics",
        "Treated patients",
        "Characteristic",
        columns_of(shown, groups, totals),
        tuple(lines),
        tuple(notes),
    )


def _continuous(shown: Shown, groups: Sequence[str], one: Characteristic, stem: str) -> list[Line]:
    """Return median and range in one line; in a study report also n and mean, a line each."""
    label = f"{one.label}{f' ({one.unit})' if one.unit else ''}"
    heads = [f"baseline/{group}/{stem}" for group in groups]
    if shown.profile != "csr":
        cells = tuple(shown.median(head) for head in heads)
        lines = [Line(phrase(f"{label}, median (range)"), cells)]
    else:
        ranges = [
            phrase(shown.value(f"{head}/minimum"), shown.range_mark, shown.value(f"{head}/maximum"))
            if shown.has_value(f"{head}/minimum")
            else phrase(fmt.NOT_APPLICABLE)
            for head in heads
        ]
        lines = [
            Line(phrase(label)),
            Line(phrase("n"), tuple(phrase(shown.value(f"{head}/n")) for head in heads), 1),
            Line(phrase("Mean (SD)"), tuple(shown.mean(head) for head in heads), 1),
            Line(phrase("Median"), tuple(phrase(shown.value(f"{h}/median")) for h in heads), 1),
            Line(phrase("Min - Max"), tuple(ranges), 1),
        ]
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
    groups = groups_with(shown, "orr", groups)
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
        "response",
        "",
        "Best objective response",
        "Treated patients",
        "Response",
        columns_of(shown, groups, ["orr/{}/total"]),
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
        "flow",
        "",
        "Patient flow",
        "Screened patients",
        "Step",
        (Column("n\N{NO-BREAK SPACE}(%)"), Column("of")),
        tuple(lines),
        tuple(cutoff_note(shown.protocol)),
    )


def subgroup_table(shown: Shown) -> Table:
    """Return the response rate of all patients and of each subgroup, with exact intervals."""
    groups = groups_with(shown, "orr", shown.groups)
    lines = []
    for group in groups:
        head = f"orr/{group}"
        cells = (
            phrase(shown.value(f"{head}/total")),
            phrase(shown.value(f"{head}/count")),
            phrase(shown.value(f"{head}/estimate")),
            shown.interval(f"{head}/lower", f"{head}/upper"),
        )
        label = "All patients" if group == "all" else shown.groups[group]
        lines.append(Line(phrase(label), cells, 0 if group == "all" else 1))
    return Table(
        "response-by-subgroup", "", "Objective response by subgroup", "Treated patients",
        "Subgroup",
        (Column("N"), Column("Responders, n"), Column("ORR, %"), Column(f"{shown.level} CI, %")),
        tuple(lines),
        (
            phrase(f"Two-sided {shown.level} CI by {EXACT[shown.protocol.analysis.interval]}."),
            *subgroup_notes(shown.protocol, groups),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip
