"""The tables of adverse events by system organ class and term, by grade, and by drug.

A term stands under the class that most of its records name; classes and terms
stand by frequency of any grade, then by name. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from onearm import format as fmt
from onearm.report.event_tables import ANY_AND_SEVERE, EVENTS, term_lines
from onearm.report.model import Column, Line, Phrase, Table, phrase
from onearm.report.shown import Shown, position
from onearm.report.tables import N_PERCENT, cutoff_note, words
from onearm.results.model import Row

Parts = Sequence[tuple[str, str]]
WITH_FATAL = (*ANY_AND_SEVERE, ("Grade 5", "grade_5"))
BY_GRADE = (
    ("Any grade", "any"),
    ("Grade 1\N{EN DASH}2", "worst_grade_1_2"),
    ("Grade 3\N{EN DASH}4", "worst_grade_3_4"),
    ("Grade 5", "worst_grade_5"),
)
IMMUNE = ("irae", "related-irsae")


def class_table(
    shown: Shown, name: str, title: str, analysis: str, parts: Parts = WITH_FATAL
) -> Table | None:
    """Return events by system organ class and term; None without a result."""
    head = f"{analysis}/all"
    total = shown.total(f"{head}/total")
    if total is None:
        return None
    lines = _by_class(shown, analysis, parts)
    first = [Line(phrase("Any event"), _cells(shown, head, parts))] if lines else []
    counted = (
        "Grade 1\N{EN DASH}2, 3\N{EN DASH}4 and 5 are worst grades of a patient."
        if parts is BY_GRADE
        else "A patient counts once a line, at the highest grade."
    )
    return Table(
        name, "", title, "Treated patients", "System organ class and event",
        tuple(Column(f"{label}, {N_PERCENT}", total) for label, _ in parts),
        (*first, *lines),
        (
            phrase(f"Graded by CTCAE {shown.protocol.safety.ctcae}. {counted}"),
            phrase("A term stands under the class that most of its records name."),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def _by_class(shown: Shown, analysis: str, parts: Parts) -> list[Line]:
    under: dict[str, list[Row]] = {}
    for row in shown.items(analysis, "all", "term:", "any_count"):
        found = shown.row(f"ae/all/{row.item}/system_organ_class")
        name = "" if found is None else found.code or found.note or ""
        under.setdefault(name.lower(), []).append(row)
    lines: list[Line] = []
    for one in _by_frequency(shown.items(analysis, "all", "soc:", "any_count")):
        lines.append(_line(shown, one, parts, 0))
        terms = under.pop(words(one).lower(), [])
        lines += [_line(shown, term, parts, 1) for term in _by_frequency(terms)]
    rest = [row for rows in under.values() for row in rows]  # no class was collected
    return [*lines, *(_line(shown, row, parts, 0) for row in _by_frequency(rest))]


def _by_frequency(rows: Iterable[Row]) -> list[Row]:
    known = [row for row in rows if fmt.has_number(row) and position(row) > 0]
    return sorted(known, key=lambda row: (-position(row), words(row).lower()))


def _line(shown: Shown, row: Row, parts: Parts, indent: int) -> Line:
    head = row.id.rpartition("/")[0]
    return Line(phrase(words(row)), _cells(shown, head, parts), indent)


def _cells(shown: Shown, head: str, parts: Parts) -> tuple[Phrase, ...]:
    return tuple(
        shown.count_and_percent(f"{head}/{part}_count", f"{head}/{part}_estimate")
        for _, part in parts
    )


def _drugs(shown: Shown, analysis: str) -> dict[str, str]:
    """Return the drugs that an analysis has as variants, by their names in ids."""
    names = shown.drugs
    found = dict.fromkeys(
        row.variant
        for row in shown.results.rows
        if row.analysis == analysis and row.id.startswith(f"{analysis}.")
    )
    return {name: names.get(name, name) for name in found}


def drug_overview_table(shown: Shown) -> Table | None:
    """Return the overview of adverse events with a column a drug; None with a single one."""
    drugs = _drugs(shown, "ae")
    if len(drugs) < 2:
        return None
    lines = []
    for analysis, label in EVENTS.items():
        heads = [f"{analysis}.{drug}/all" for drug in drugs]
        for words_, part in ANY_AND_SEVERE if analysis in ("ae", "trae") else ANY_AND_SEVERE[:1]:
            if any(shown.row(f"{head}/{part}_count") for head in heads):
                cells = [_cells(shown, head, (("", part),))[0] for head in heads]
                severe = "" if part == "any" else f", {words_.lower()}"
                lines.append(Line(phrase(f"{label}{severe}"), tuple(cells)))
    return Table(
        "safety-by-drug", "", "Overview of adverse events by drug", "Treated patients",
        "Patients with at least one",
        tuple(Column(f"{name}, {N_PERCENT}", shown.total(f"ae.{drug}/all/total"))
              for drug, name in drugs.items()),
        tuple(lines),
        (
            phrase(
                "An event stands under each drug that it was related to; one with an action, under "
                "the drug whose dose was changed."
            ),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def drug_event_table(shown: Shown) -> Table | None:
    """Return related events of each drug by term; None with a single drug."""
    drugs = _drugs(shown, "trae")
    if len(drugs) < 2:
        return None
    lines: list[Line] = []
    for drug, name in drugs.items():
        whole = _cells(shown, f"trae.{drug}/all", ANY_AND_SEVERE)
        lines.append(Line(phrase(name), whole))
        rows = _by_frequency(shown.items(f"trae.{drug}", "all", "term:", "any_count"))
        lines += [_line(shown, row, ANY_AND_SEVERE, 1) for row in rows]
    total = shown.total("trae/all/total")
    return Table(
        "related-events-by-drug", "", "Treatment-related adverse events by drug",
        "Treated patients", "Drug and event",
        tuple(Column(f"{label}, {N_PERCENT}", total) for label, _ in ANY_AND_SEVERE),
        tuple(lines),
        (
            phrase(
                f"Graded by CTCAE {shown.protocol.safety.ctcae}; an event stands under each drug "
                "that it was related to. A patient counts once a line, at the highest grade."
            ),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def interest_table(shown: Shown) -> Table | None:
    """Return events of special interest: immune-related by term, and the protocol's groups."""
    total = shown.total("irae/all/total", "teae/all/total")
    if total is None:
        return None
    lines: list[Line] = []
    for analysis in IMMUNE:
        if shown.row(f"{analysis}/all/any_count") is not None:
            cells = _cells(shown, f"{analysis}/all", ANY_AND_SEVERE)
            lines.append(Line(phrase(EVENTS[analysis]), cells))
            terms = term_lines(shown, analysis, Decimal(0), ANY_AND_SEVERE)
            lines += [Line(one.label, one.cells, 1) for one in terms]
    for row in shown.items("aesi", "all", "group:", "count"):
        if ":" not in (row.item or "").partition(":")[2]:
            head = f"aesi/all/{row.item}"
            severe = shown.share(f"{head}:grade-3-or-higher")
            lines.append(Line(phrase(words(row)), (shown.share(head), severe)))
    return Table(
        "special-interest", "", "Adverse events of special interest", "Treated patients", "Event",
        tuple(Column(f"{label}, {N_PERCENT}", total) for label, _ in ANY_AND_SEVERE),
        tuple(lines),
        (
            phrase(
                f"Graded by CTCAE {shown.protocol.safety.ctcae}; immune-related as recorded with "
                "the event."
            ),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip
