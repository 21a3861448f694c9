"""The tables of adverse events by term, and their overview.

Terms stand by frequency of any grade, then by name; a threshold is compared
exactly. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from onearm import format as fmt
from onearm.report.model import Column, Line, Table, phrase
from onearm.report.shown import Shown, position
from onearm.report.tables import N_PERCENT, cutoff_note, words
from onearm.results.model import Row

EVENTS = {
    "ae": "Any adverse event",
    "ae-fatal": "Fatal adverse event",
    "ae-discontinued": "Adverse event with discontinuation of a drug",
    "ae-modified": "Adverse event with interruption or reduction",
    "ae-interrupted": "Adverse event with interruption",
    "ae-reduced": "Adverse event with dose reduction",
    "sae": "Serious adverse event",
    "sae-discontinued": "Serious adverse event with discontinuation of a drug",
    "sae-modified": "Serious adverse event with interruption or reduction",
    "trae": "Treatment-related adverse event",
    "trae-fatal": "Treatment-related fatal event",
    "trae-discontinued": "Treatment-related event with discontinuation of a drug",
    "trae-modified": "Treatment-related event with interruption or reduction",
    "trae-interrupted": "Treatment-related event with interruption",
    "trae-reduced": "Treatment-related event with dose reduction",
    "related-sae": "Treatment-related serious adverse event",
    "irae": "Immune-related adverse event",
    "related-irsae": "Treatment-related immune-related serious adverse event",
}
BESIDE = {
    "deaths/all": "Died, of any cause",
    "flow.of-treated/all/reason:adverse-event": "Treatment discontinued for an adverse event",
    "disposition.study/all/reason:adverse-event": "Left the study for an adverse event",
}
"""Lines of the overview that count no events."""
ANY_AND_SEVERE = (("Any grade", "any"), ("Grade 3 or higher", "grade_3"))


def adverse_event_table(shown: Shown, analysis: str = "trae", *, every_term: bool = False) -> Table:
    """Return related events by term: any grade, and grade 3 or higher.

    Terms at or over the protocol's reporting threshold, or ``every_term``; sorted
    by frequency of any grade, then by name.
    """
    threshold = shown.protocol.safety.reporting_threshold or Decimal(0)
    if every_term:
        threshold = Decimal(0)
    total = shown.total(f"{analysis}/all/total")
    at_least = (
        f" in at least {fmt.closed(fmt.level_text(float(threshold)))} of patients"
        if threshold
        else ""
    )
    return Table(
        "all-related-events" if every_term else "related-events",
        "",
        f"Treatment-related adverse events{at_least or ', every term'}",
        "Treated patients",
        "Event",
        tuple(Column(f"{label}, {N_PERCENT}", total) for label, _ in ANY_AND_SEVERE),
        tuple(term_lines(shown, analysis, threshold, ANY_AND_SEVERE)),
        (
            phrase(
                f"Graded by CTCAE {shown.protocol.safety.ctcae}; a patient counts once a term, "
                "at the highest grade."
            ),
            *cutoff_note(shown.protocol),
        ),
    )


def term_lines(
    shown: Shown, analysis: str, threshold: Decimal, parts: Sequence[tuple[str, str]]
) -> list[Line]:
    """Return a line a term at or over a threshold, the most frequent first, then by name."""
    rows = shown.items(analysis, "all", "term:", "any_count")
    kept = [row for row in rows if is_reported(shown, row, threshold)]
    kept.sort(key=lambda row: (-position(row), words(row).lower()))
    lines = []
    for row in kept:
        head = row.id.rpartition("/")[0]
        cells = (
            shown.count_and_percent(f"{head}/{part}_count", f"{head}/{part}_estimate")
            for _, part in parts
        )
        lines.append(Line(phrase(words(row)), tuple(cells)))
    return lines


def term_table(shown: Shown, name: str, title: str, analysis: str, threshold: Decimal) -> Table:
    """Return events of any cause by term: any grade, grade 3 or higher, grade 5."""
    total = shown.total(f"{analysis}/all/total")
    parts = (*ANY_AND_SEVERE, ("Grade 5", "grade_5"))
    whole = [
        shown.count_and_percent(f"{analysis}/all/{part}_count", f"{analysis}/all/{part}_estimate")
        for _, part in parts
    ]
    terms = term_lines(shown, analysis, threshold, parts)
    first = [Line(phrase("Any event"), tuple(whole))] if terms else []
    return Table(
        name, "", title, "Treated patients", "Event",
        tuple(Column(f"{label}, {N_PERCENT}", total) for label, _ in parts),
        (*first, *terms),
        (
            phrase(
                f"Graded by CTCAE {shown.protocol.safety.ctcae}; a patient counts once a term, "
                "at the highest grade."
            ),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def is_reported(shown: Shown, row: Row, threshold: Decimal) -> bool:
    """Compare a count with its share of the denominator, exactly."""
    total = shown.row(row.id.rpartition("/")[0] + "/total") or shown.row(
        f"{row.analysis}/{row.group}/total"
    )
    if total is None or not fmt.has_number(row) or position(row) == 0:
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
    empty = (phrase(fmt.NOT_APPLICABLE),) * 3
    for head, label in BESIDE.items():
        if shown.row(f"{head}/count") is not None:
            lines.append(Line(phrase(label), (shown.share(head), *empty)))
    total = shown.total("ae/all/total", "trae/all/total")
    headings = (
        "Any grade, n\N{NO-BREAK SPACE}(%)",
        "Grade 3 or higher, n\N{NO-BREAK SPACE}(%)",
        "Grade 5, n\N{NO-BREAK SPACE}(%)",
    )
    return Table(
        "safety",
        "",
        "Overview of adverse events",
        "Treated patients",
        "Patients with at least one",
        (*(Column(label, total) for label in headings), Column("Events, n")),
        tuple(lines),
        (phrase(f"Graded by CTCAE {shown.protocol.safety.ctcae}."), *cutoff_note(shown.protocol)),
    )
