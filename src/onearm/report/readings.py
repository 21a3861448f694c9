"""The table of other sources and readers: what the results would be by each of them.

Built from result rows alone; nothing where the study holds only the responses
that count. Computes nothing.
"""

from __future__ import annotations

from onearm import format as fmt
from onearm.report.model import Column, Line, Phrase, Table, phrase
from onearm.report.shown import Shown

OTHERWISE = ("default", "wilson", "level-90", "unconfirmed", "irecist", "two-stage")
"""Variants of the response rate that are of the responses that count."""

SOURCES = ("recorded", "derived")


def reading_table(shown: Shown) -> Table | None:
    """Return rates, PFS and agreement by each other source and reader; None without any."""
    rows = [row for row in shown.results.rows if row.group == "all"]
    names = dict.fromkeys(
        row.variant
        for row in rows
        if (row.analysis, row.statistic) in (("orr", "count"), ("pfs", "total"))
        and row.variant not in (*OTHERWISE, "paper", "fda", "ema")
    )
    if not names:
        return None
    heads = ["", *names]
    lines = [
        *_rates(shown, heads, "orr"),
        *_rates(shown, heads, "dcr"),
        *_pfs(shown, heads),
        *_agreement(shown, heads),
    ]
    counts = f"{shown.protocol.response.primary_source}, "
    counts += shown.protocol.response.primary_evaluator
    return Table(
        "readings",
        "",
        "Results by other sources and readers",
        "Treated patients",
        "Result",
        (
            Column(f"Primary ({counts})"),
            *(Column(name.replace("-", " ").capitalize()) for name in names),
        ),
        tuple(lines),
        (
            phrase(
                "Each source and reader by its own baseline, nadir, confirmation. Kappa: Cohen's, "
                "unweighted, of the confirmed best responses of patients whom both judged."
            ),
        ),
    )


def _at(analysis: str, name: str) -> str:
    return f"{analysis}.{name}/all" if name else f"{analysis}/all"


def _rates(shown: Shown, names: list[str], rate: str) -> list[Line]:
    heads = [_at(rate, name) for name in names]
    if not any(shown.row(f"{head}/count") for head in heads):
        return []
    counts = [shown.count_and_percent(f"{head}/count", f"{head}/estimate") for head in heads]
    limits = [shown.interval(f"{head}/lower", f"{head}/upper") for head in heads]
    return [
        Line(phrase(f"{rate.upper()}, n (%)"), tuple(counts)),
        Line(phrase(f"{shown.level} CI, %"), tuple(limits), 1),
    ]


def _pfs(shown: Shown, names: list[str]) -> list[Line]:
    heads = [_at("pfs", name) for name in names]
    if not any(shown.row(f"{head}/median") for head in heads):
        return []
    medians = tuple(phrase(shown.value(f"{head}/median")) for head in heads)
    limits = tuple(shown.interval(f"{head}/lower", f"{head}/upper") for head in heads)
    return [
        Line(phrase("Median PFS, months"), medians),
        Line(phrase(f"{shown.level} CI"), limits, 1),
    ]


def _agreement(shown: Shown, names: list[str]) -> list[Line]:
    """Return the lines that set each column beside the primary one."""
    beside = [_beside(shown, name) for name in names]
    kappas = [_kappa(shown, name) for name in names]
    points = [
        _share(shown, "agreement/all") if name in SOURCES else phrase(fmt.NOT_APPLICABLE)
        for name in names
    ]
    lines = [Line(phrase("Best response as by the primary, n of N (%)"), tuple(beside))]
    if any(name not in ("", *SOURCES) for name in names):
        lines.append(Line(phrase(f"Kappa ({shown.level} CI)"), tuple(kappas)))
    if any(name in SOURCES for name in names):
        label = "Time points with the same overall response, n of N (%)"
        lines.append(Line(phrase(label), tuple(points)))
    return lines


def _beside(shown: Shown, name: str) -> Phrase:
    is_source = name in SOURCES
    return _share(shown, "agreement/all/best-response" if is_source else _at("concordance", name))


def _share(shown: Shown, head: str) -> Phrase:
    if shown.row(f"{head}/count") is None:
        return phrase(fmt.NOT_APPLICABLE)
    count, total = shown.value(f"{head}/count"), shown.value(f"{head}/total")
    return phrase(count, " of ", total, " (", shown.value(f"{head}/estimate"), f"{shown.sign})")


def _kappa(shown: Shown, name: str) -> Phrase:
    head = _at("concordance", name)
    if not name or shown.row(f"{head}/kappa") is None:
        return phrase(fmt.NOT_APPLICABLE)
    limits = shown.interval(f"{head}/kappa_lower", f"{head}/kappa_upper")
    return phrase(shown.value(f"{head}/kappa"), " (", limits, ")")
