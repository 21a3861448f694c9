"""The tables of times to an event: medians and landmark rates with their intervals.

Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from onearm import format as fmt
from onearm.report.model import NO_OBSERVATIONS, Column, Line, Phrase, Table, phrase
from onearm.report.shown import Shown
from onearm.report.tables import (
    N_PERCENT,
    capital,
    columns_of,
    cutoff_note,
    groups_with,
    subgroup_notes,
    words,
)

TIMES = {  # analysis: its name where the protocol lists no such endpoint
    "pfs": "Progression-free survival",
    "os": "Overall survival",
    "ttr": "Time to response",
    "dor": "Duration of response",
    "ipfs": "Progression-free survival by iRECIST",
    "follow-up-pfs": "Follow-up for progression (reverse Kaplan-Meier)",
    "follow-up-os": "Follow-up for survival (reverse Kaplan-Meier)",
}
CENSORED = "A plus sign: censored."
IDOR = "Duration of response by iRECIST"
WITH_RATES = ("pfs", "os", "ipfs", "dor")


def time_table(shown: Shown, groups: Sequence[str]) -> Table:
    """Return Table 5: patients, events, median and landmark rates of every time to event."""
    groups = groups_with(shown, "pfs", groups) or groups_with(shown, "os", groups)
    names: dict[str, str] = {one.id: one.name for one in shown.protocol.endpoints.all}
    lines: list[Line] = []
    for analysis, usual in TIMES.items():
        if any(shown.row(f"{analysis}/{group}/total") for group in groups):
            lines.append(Line(phrase(names.get(analysis, usual))))
            lines += _times(shown, groups, analysis)
    analysis_plan = shown.protocol.analysis
    return Table(
        "times",
        "",
        "Times to an event",
        "Treated patients; responders for time to response and duration of response",
        "Endpoint",
        _columns(shown, groups, "pfs", "os"),
        tuple(lines),
        (
            phrase(
                f"Kaplan-Meier; {shown.level} CI of rates on the {analysis_plan.transform} scale, "
                "of medians by Brookmeyer-Crowley. "
                f"{shown.unknown} {CENSORED}"
            ),
            *_left_out(shown, TIMES, groups),
            *subgroup_notes(shown.protocol, groups),
            *cutoff_note(shown.protocol),
        ),
    )


def _columns(shown: Shown, groups: Sequence[str], *analyses: str) -> tuple[Column, ...]:
    """Return a column a group; its N counts those whose time is not known too."""
    ends = ("with_unknown", "total")
    return columns_of(shown, groups, [f"{one}/{{}}/{end}" for one in analyses for end in ends])


def _times(shown: Shown, groups: Sequence[str], analysis: str) -> list[Line]:
    heads = [f"{analysis}/{group}" for group in groups]

    def line(label: str, cells: Iterable[Phrase], indent: int = 1) -> Line:
        return Line(phrase(label), tuple(cells), indent)

    lines = [line("Patients, n", (phrase(shown.value(f"{head}/total")) for head in heads))]
    if any(shown.row(f"{head}/unknown") for head in heads):
        cells = (phrase(shown.value(f"{h}/unknown") if shown.row(f"{h}/unknown") else "0")
                 for h in heads)  # fmt: skip
        lines.append(line("Left out, time not known, n", cells))
    if not analysis.startswith("follow-up"):
        for name, label in (("events", "With event"), ("censored", "Censored")):
            shares = [
                shown.count_and_percent(f"{head}/{name}", f"{head}/{name}_estimate")
                for head in heads
            ]
            lines.append(line(f"{label}, {N_PERCENT}", shares))
            lines += _reasons(shown, heads, name.removesuffix("s"))
    lines.append(line("Median, months", (phrase(shown.value(f"{h}/median")) for h in heads)))
    limits = (shown.interval(f"{head}/lower", f"{head}/upper") for head in heads)
    lines.append(line(f"{shown.level} CI", limits, 2))
    if any(shown.row(f"{head}/median_shortest") for head in heads):
        pairs = (_pair(shown, head, "median_shortest", "median_longest") for head in heads)
        lines.append(line("With those left out, shortest and longest", pairs, 2))
    if not analysis.startswith("follow-up"):
        lines += [
            line(
                "25% and 75% quantile",
                (_pair(shown, h, "quartile_1", "quartile_3") for h in heads),
            ),
            line("Range of all times, months", (_range(shown, head) for head in heads)),
        ]
    for landmark in shown.protocol.analysis.landmarks if analysis in WITH_RATES else ():
        rates = [f"{head}/rate_{landmark.suffix}" for head in heads]
        if any(map(shown.row, rates)):
            cells = (phrase(shown.value(rate)) for rate in rates)
            lines.append(line(f"Rate at {landmark}, %", cells))
            lines += _at_risk(shown, heads, landmark.suffix)
            limits = (shown.interval(f"{rate}_lower", f"{rate}_upper") for rate in rates)
            lines.append(line(f"{shown.level} CI", limits, 2))
    return [*lines, *_observed(shown, heads)]


def _observed(shown: Shown, heads: Sequence[str]) -> list[Line]:
    """Return how many responses were seen to last to each landmark, or longer."""
    of, _, group = heads[0].partition("/")
    return [
        Line(
            phrase(f"{capital(words(row))}, {N_PERCENT}"),
            tuple(shown.share(f"{head}/{row.item}") for head in heads),
            1,
        )
        for row in shown.items(of, group, "observed:", "count")
    ]


def _reasons(shown: Shown, heads: Sequence[str], prefix: str) -> list[Line]:
    """Return a line a kind of event, or a reason to censor."""
    of = heads[0].partition("/")[0]
    if of == "os" and prefix == "event":
        return []  # death alone
    rows = [row for head in heads for row in shown.items(of, head.partition("/")[2],
                                                        f"{prefix}:", "count")]  # fmt: skip
    labels = {row.item: words(row) for row in rows}
    return [
        Line(phrase(label), tuple(phrase(shown.value(f"{h}/{item}/count")) for h in heads), 2)
        for item, label in labels.items()
    ]


def _range(shown: Shown, head: str) -> Phrase:
    """Return the shortest and the longest time; a group without a time has no observations."""
    if shown.row(f"{head}/minimum") and not shown.has_value(f"{head}/minimum"):
        return phrase(NO_OBSERVATIONS)
    return _pair(shown, head, "minimum", "maximum")


def _left_out(shown: Shown, analyses: Iterable[str], groups: Sequence[str]) -> list[Phrase]:
    """Return a footnote that names who is left out of which curve, and why."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for analysis in analyses:
        for group in groups:
            for who, why in shown.left_out(f"{analysis}/{group}/unknown"):
                name = TIMES.get(analysis, IDOR)
                found.setdefault((who, why), {})[name[0].lower() + name[1:]] = None
    return [
        phrase(f"{who} is left out of {', '.join(names)}; {why}.")
        for (who, why), names in found.items()
    ]


def _pair(shown: Shown, head: str, first: str, second: str) -> Phrase:
    if shown.row(f"{head}/{first}") is None:
        return phrase(fmt.NOT_APPLICABLE)
    return phrase(shown.value(f"{head}/{first}"), ", ", shown.value(f"{head}/{second}"))


def _at_risk(shown: Shown, heads: Sequence[str], suffix: str) -> list[Line]:
    """Return how many are at risk at a landmark, where it is one of the months of the curve."""
    number, _, unit = suffix.partition("_")
    if unit not in ("month", "months"):
        return []
    found = [f"{head}/month:{number}/at_risk" for head in heads]
    if not any(map(shown.row, found)):
        return []
    return [Line(phrase("At risk, n"), tuple(phrase(shown.value(one)) for one in found), 2)]


def duration_table(shown: Shown, groups: Sequence[str]) -> Table:
    """Return time to response and duration of response of those who responded."""
    groups = groups_with(shown, "dor", groups) or groups_with(shown, "ttr", groups)
    lines: list[Line] = []
    for analysis in ("ttr", "dor", "idor"):
        heads = [f"{analysis}/{group}" for group in groups]
        if any(shown.row(f"{head}/total") for head in heads):
            lines.append(Line(phrase(TIMES.get(analysis, IDOR))))
            lines += _times(shown, groups, analysis)
    return Table(
        "duration-of-response", "", "Time to response and duration of response", "Responders",
        "Endpoint", _columns(shown, groups, "dor", "ttr"), tuple(lines),
        (
            phrase(
                f"Kaplan-Meier; {shown.level} CI of rates on the "
                f"{shown.protocol.analysis.transform} scale, of medians by Brookmeyer-Crowley. "
                f"{shown.unknown} {CENSORED}"
            ),
            *_left_out(shown, ("ttr", "dor", "idor"), groups),
            *subgroup_notes(shown.protocol, groups),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip
