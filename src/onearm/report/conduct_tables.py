"""The tables of the conduct of a trial: disposition, deviations, screening, accrual, sites.

Each builder returns a ``Table``, or None where the study brings none of its
results. Computes nothing.
"""

from __future__ import annotations

from onearm import format as fmt
from onearm.report.model import Column, Line, Table, phrase
from onearm.report.shown import Shown, position
from onearm.report.tables import EXACT, N_PERCENT, capital, cutoff_note, words
from onearm.results.model import Row

STATUSES = {"status:completed": "Completed", "status:ongoing": "Ongoing",
            "status:discontinued": "Discontinued"}  # fmt: skip


def disposition_table(shown: Shown) -> Table | None:
    """Return who completed, goes on or discontinued, and why: of treatment, drugs and study."""
    names = shown.drugs
    found = dict.fromkeys(
        row.variant for row in shown.results.rows if row.analysis == "disposition"
    )
    parts = {"flow": "Treatment"}
    parts |= {f"disposition.{name}": names.get(name, capital(name)) for name in found}
    lines: list[Line] = []
    for head, label in parts.items():
        statuses = [item for item in STATUSES if shown.row(f"{head}/all/{item}/count")]
        if not statuses:
            continue
        lines.append(Line(phrase(label)))
        for item in statuses:
            row = shown.rows[f"{head}/all/{item}/count"]
            lines.append(_counted(shown, row, STATUSES[item], 1, "total"))
        reasons = "flow.of-treated" if head == "flow" else head  # of all, not of who discontinued
        rows = _by_frequency(shown.items(reasons, "all", "reason:", "count"))
        lines += [_counted(shown, row, capital(words(row)), 2, "total") for row in rows]
    if not lines:
        return None
    return Table(
        "disposition", "", "Disposition and reasons to stop", "Treated patients", "Status",
        (Column(N_PERCENT), Column("of")), tuple(lines),
        (
            phrase("Of a drug: those who got it. The reasons are shares of all, too."),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def _by_frequency(rows: list[Row]) -> list[Row]:
    known = [row for row in rows if fmt.has_number(row)]
    return sorted(known, key=lambda row: (-position(row), words(row).lower()))


def _counted(shown: Shown, row: Row, label: str, indent: int, *more: str) -> Line:
    """Return a line with the share of a row's item, and what further statistics it has."""
    head = row.id.rpartition("/")[0]
    cells = (shown.share(head), *(phrase(shown.value(f"{head}/{one}")) for one in more))
    return Line(phrase(label), cells, indent)


def deviation_table(shown: Shown) -> Table | None:
    """Return protocol deviations: patients and deviations, by severity and category."""
    whole = shown.row("deviations/all/count")
    if whole is None:
        return None
    lines = []
    for row in shown.items("deviations", "all", "", "count"):
        parts = (row.item or "").split(":")
        label = words(row).rpartition(", ")[2] if len(parts) > 2 else words(row)
        indent = 0 if parts[0] in ("", "severity") else len(parts) - 1
        lines.append(_counted(shown, row, capital(label), indent, "event_count"))
    total = shown.total("deviations/all/total")
    return Table(
        "deviations", "", "Protocol deviations", "Enrolled patients", "Deviation",
        (Column(f"Patients, {N_PERCENT}", total), Column("Deviations, n")),
        tuple(lines),
        (phrase("A patient counts once a line."), *cutoff_note(shown.protocol)),
    )  # fmt: skip


def screen_failure_table(shown: Shown) -> Table | None:
    """Return who was screened and not enrolled, by the criterion not met or the reason."""
    rows = shown.items("screen-failures", "all", "", "count")
    if not rows:
        return None
    lines = []
    for row in rows:
        indent = 1 if row.item else 0
        lines.append(_counted(shown, row, capital(words(row)), indent, "total"))
    return Table(
        "screen-failures", "", "Screened and not enrolled, by criterion", "Screened patients",
        "Criterion not met, or reason", (Column(N_PERCENT), Column("of")), tuple(lines),
        tuple(cutoff_note(shown.protocol)),
    )  # fmt: skip


def death_table(shown: Shown) -> Table | None:
    """Return deaths, by cause and by the time since the last dose."""
    rows = shown.items("deaths", "all", "", "count")
    if not rows:
        return None
    lines = []
    for row in rows:
        item = row.item or ""
        label = words(row).rpartition(": ")[2] if ":cause:" in item else words(row)
        indent = 0 if not item else 2 if ":cause:" in item else 1
        lines.append(_counted(shown, row, capital(label) if item else "Deaths", indent, "total"))
    return Table(
        "deaths", "", "Deaths", "Treated patients", "Deaths", (Column(N_PERCENT), Column("of")),
        tuple(lines), tuple(cutoff_note(shown.protocol)),
    )  # fmt: skip


def accrual_table(shown: Shown) -> Table | None:
    """Return how many were enrolled each month, and up to its end."""
    rows = shown.items("accrual", "all", "month:", "count")
    if not rows:
        return None
    return Table(
        "accrual", "", "Accrual by month", "Enrolled patients", "Month",
        (
            Column(f"Enrolled, {N_PERCENT}", shown.total(f"{_head(rows[0])}/total")),
            Column("Up to its end, n"),
        ),
        tuple(_counted(shown, row, words(row), 0, "cumulative") for row in rows),
        tuple(cutoff_note(shown.protocol)),
    )  # fmt: skip


def _head(row: Row) -> str:
    return row.id.rpartition("/")[0]


def site_table(shown: Shown) -> Table | None:
    """Return accrual, response, deviations and findings of each site."""
    rows = [
        r for r in shown.items("sites", "all", "site:", "count") if (r.item or "").count(":") == 1
    ]
    if not rows:
        return None
    lines = []
    for row in rows:
        head = _head(row)
        of = phrase(shown.value(f"{head}:responders/count"), " of ",
                    shown.value(f"{head}:responders/total"))  # fmt: skip
        cells = (
            shown.share(head),
            phrase(shown.value(f"{head}:treated/count")),
            of if shown.row(f"{head}:responders/count") else phrase(fmt.NOT_APPLICABLE),
            phrase(shown.value(f"{head}:responders/estimate")),
            shown.interval(f"{head}:responders/lower", f"{head}:responders/upper"),
            phrase(shown.value(f"{head}:deviations/event_count")),
            phrase(shown.value(f"{head}:findings/event_count")),
        )
        lines.append(Line(phrase(capital(words(row))), cells))
    return Table(
        "sites", "", "Accrual, response and findings by site", "Enrolled patients", "Site",
        (
            Column(f"Enrolled, {N_PERCENT}", shown.total(f"{_head(rows[0])}/total")),
            Column("Treated, n"), Column("Responders, n"), Column("ORR, %"),
            Column(f"{shown.level} CI, %"), Column("Deviations, n"), Column("Findings, n"),
        ),
        tuple(lines),
        (
            phrase(
                f"Responders: confirmed CR or PR, of those treated there; two-sided {shown.level} "
                f"CI by {EXACT[shown.protocol.analysis.interval]}. Findings: warnings of the rules."
            ),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def beyond_table(shown: Shown) -> Table | None:
    """Return who was treated beyond progression, how long, and the best response after it."""
    head = "beyond-progression/all"
    if shown.row(f"{head}/count") is None:
        return None
    lines = [
        Line(phrase(f"A dose after the day of the first PD, {N_PERCENT}"), (shown.share(head),))
    ]
    for item, label in (("days", "Days from PD to the last dose"), ("doses", "Doses after PD")):
        if shown.row(f"{head}/{item}/n"):
            name = f"{label}, median (range)"
            lines.append(Line(phrase(name), (shown.median(f"{head}/{item}"),), 1))
    responses = shown.items("beyond-progression", "all", "response:", "count")
    if responses:
        label = f"Best response by iRECIST after the first PD, {N_PERCENT} of those treated"
        lines.append(Line(phrase(label)))
        lines += [_counted(shown, row, words(row), 1) for row in responses]
    return Table(
        "beyond-progression", "", "Treatment beyond progression",
        "Treated patients with PD by RECIST 1.1", "",
        (Column("Patients", shown.total(f"{head}/total")),), tuple(lines),
        tuple(cutoff_note(shown.protocol)),
    )  # fmt: skip
