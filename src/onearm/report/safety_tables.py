"""The further tables on safety: emergent events, laboratory grades, doses given.

Each builder returns a ``Table``, or None where the study brings none of its
results. Computes nothing.
"""

from __future__ import annotations

from decimal import Decimal

from onearm import format as fmt
from onearm.report.event_tables import is_reported
from onearm.report.model import Column, Line, Table, phrase
from onearm.report.shown import Shown, position
from onearm.report.tables import N_PERCENT, capital, cutoff_note, words
from onearm.results.model import Row

SEVERE = "grade-3-or-higher"
GRADES = ("0", "1", "2", "3", "4")


def emergent_table(shown: Shown) -> Table | None:
    """Return treatment-emergent events by term with their rates by time at risk."""
    total = shown.total("teae/all/total")
    if total is None:
        return None
    threshold = shown.protocol.safety.reporting_threshold or Decimal(0)
    terms = [
        row
        for row in shown.items("teae", "all", "term:", "count")
        if _ends(row) == 1 and is_reported(shown, row, threshold)
    ]
    terms.sort(key=lambda row: (-position(row), words(row).lower()))
    groups = [row for row in shown.items("aesi", "all", "", "count") if _is_whole(row)]
    lines = [_emergent(shown, "teae/all", "", "Any event")]
    lines += [_emergent(shown, "teae/all", row.item or "", words(row)) for row in terms]
    if groups:
        lines.append(Line(phrase("Of special interest")))
        lines += [_emergent(shown, "aesi/all", row.item or "", words(row), 1) for row in groups]
    until = shown.protocol.safety.emergent_until
    window = f", at most {until} after the last dose" if until else ""
    least = (
        f" Terms of at least {fmt.closed(fmt.level_text(float(threshold)))} of patients."
        if threshold
        else ""
    )
    return Table(
        "emergent-events", "", "Treatment-emergent adverse events", "Treated patients", "Event",
        (
            Column(f"Any grade, {N_PERCENT}", total),
            Column(f"Grade 3 or higher, {N_PERCENT}", total),
            Column("Patients with the event per hundred patient-years"),
        ),
        tuple(lines),
        (
            phrase(
                f"With onset on or after the day of the first dose{window}; time at risk ends with "
                f"the first such event. Graded by CTCAE {shown.protocol.safety.ctcae}.{least}"
            ),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def _ends(row: Row) -> int:
    return (row.item or "").count(":")


def _is_whole(row: Row) -> bool:
    return not (row.item or "").endswith((f":{SEVERE}", ":by-exposure"))


def _emergent(shown: Shown, head: str, item: str, label: str, indent: int = 0) -> Line:
    whole = f"{head}/{item}" if item else head
    part = f"{head}/{item}:" if item else f"{head}/"
    cells = (
        shown.count_and_percent(f"{whole}/count", f"{whole}/estimate"),
        shown.count_and_percent(f"{part}{SEVERE}/count", f"{part}{SEVERE}/estimate"),
        phrase(shown.value(f"{part}by-exposure/rate_per_100_years")),
    )
    return Line(phrase(label), cells, indent)


def laboratory_table(shown: Shown, *, by_baseline: bool = True) -> Table | None:
    """Return each term's worst grade after baseline; ``by_baseline`` also by the grade there."""
    terms = [row for row in shown.items("lab-worst", "all", "term:", "count") if _ends(row) == 1]
    if not terms:
        return None
    lines: list[Line] = []
    for row in terms:
        head = f"lab-worst/all/{row.item}"
        worst = [f"{head}:grade-{grade}" for grade in GRADES]
        cells = [shown.count_and_percent(f"{one}/count", f"{one}/estimate") for one in worst]
        cells = [phrase(shown.value(f"{head}/total")), *cells]
        cells.append(phrase(shown.value(f"{head}:open/count")))
        lines.append(Line(phrase(words(row).partition(":")[0]), tuple(cells)))
        lines += _shifts(shown, row.item or "") if by_baseline else []
    return Table(
        "laboratory-shift" if by_baseline else "laboratory-grades", "",
        "Laboratory values: worst grade after baseline",
        "Treated patients with a graded value after baseline",
        "Term, and grade at baseline" if by_baseline else "Term",
        (
            Column("Patients, n"),
            *(Column(f"Grade {grade}, {N_PERCENT}") for grade in GRADES),
            Column("May be higher, n"),
        ),
        tuple(lines),
        (
            phrase(
                f"Graded from the values by CTCAE {shown.protocol.safety.ctcae} against the limits "
                "of each sample's laboratory; percentages of the patients of the term."
            ),
            phrase(
                "May be higher: a value alone leaves more than one grade, and the lowest is "
                "counted; grades that only a clinician can give are not. A dash: a value cannot "
                "have this grade."
            ),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def _shifts(shown: Shown, item: str) -> list[Line]:
    lines = []
    for start in (*GRADES, "unknown"):
        heads = [f"lab-shift/all/{item}:{start}-to-{end}" for end in GRADES]
        if not any(shown.row(f"{head}/count") for head in heads):
            continue
        cells = [shown.count_and_percent(f"{head}/count", f"{head}/estimate") for head in heads]
        label = "Baseline not known" if start == "unknown" else f"Baseline grade {start}"
        line = (phrase(""), *cells, phrase(""))
        lines.append(Line(phrase(label), line, 1))
    return lines


def abnormal_table(shown: Shown) -> Table | None:
    """Return laboratory abnormalities not present at baseline, by analyte and direction."""
    rows = shown.items("lab-abnormal", "all", "test:", "count")
    if not rows:
        return None
    lines: list[Line] = []
    before = ""
    for row in rows:
        analyte, _, direction = words(row).rpartition(": ")
        if analyte != before:
            lines.append(Line(phrase(analyte)))
        before = analyte
        head = row.id.rpartition("/")[0]
        cells = (
            phrase(shown.value(f"{head}/total")), shown.share(head),
            phrase(shown.value(f"{head}/baseline_abnormal")),
            phrase(shown.value(f"{head}/baseline_unknown")),
        )  # fmt: skip
        lines.append(Line(phrase(capital(direction)), cells, 1))
    return Table(
        "laboratory-abnormal", "", "Laboratory abnormalities not present at baseline",
        "Treated patients with a value after baseline", "Analyte and direction",
        (
            Column("Not so at baseline, n"), Column(f"On treatment, {N_PERCENT}"),
            Column("So at baseline, n"), Column("Baseline not known, n"),
        ),
        tuple(lines),
        (
            phrase(
                "Low: below the lower limit of normal of the sample's laboratory; high: above the "
                "upper. Percentages of the patients who were not so at baseline."
            ),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def exposure_table(shown: Shown) -> Table | None:
    """Return cycles, days and relative dose intensity of each drug."""
    drugs = dict.fromkeys(
        row.variant
        for row in shown.results.rows
        if row.analysis == "exposure" and fmt.has_number(row) and position(row) > 0
    )
    names = shown.drugs
    lines: list[Line] = []
    for drug in drugs:
        given, planned = f"exposure.{drug}/all", f"dose-intensity.{drug}/all"
        lines.append(Line(phrase(names.get(drug, drug))))
        for label, cells in (
            ("Patients, n", phrase(shown.value(f"{given}/cycles/n"))),
            ("Cycles, median (range)", shown.median(f"{given}/cycles")),
            ("Cycles, mean (SD)", shown.mean(f"{given}/cycles")),
            ("First to last dose, days, median (range)", shown.median(f"{given}/days")),
            ("First to last dose, days, mean (SD)", shown.mean(f"{given}/days")),
            (f"Total dose{_unit(shown, f'{given}/total-dose')}, median (range)",
             shown.median(f"{given}/total-dose")),
            (f"Total dose{_unit(shown, f'{given}/total-dose')}, mean (SD)",
             shown.mean(f"{given}/total-dose")),
            (f"Dose intensity{_unit(shown, f'{planned}/a-week')}, median (range)",
             shown.median(f"{planned}/a-week")),
            ("Relative dose intensity, %, median (range)", shown.median(f"{planned}/relative")),
            (
                f"Relative dose intensity below 80%, {N_PERCENT}",
                shown.share(f"{planned}/below-80"),
            ),
        ):  # fmt: skip
            lines.append(Line(phrase(label), (cells,), 1))
        lines += _changes(shown, f"exposure.{drug}", "differs:", "In at least one cycle")
        lines += _changes(shown, f"exposure.{drug}", "reason:", "Why, as recorded with a dose")
    lines = [*_treatment_time(shown), *lines]
    if not lines:
        return None
    return Table(
        "exposure", "", "Doses given", "Treated patients", "Drug",
        (Column("Total", shown.total("orr/all/total", "ae/all/total")),),
        tuple(lines),
        (
            phrase(
                "Relative dose intensity: the dose given a week over the dose planned a week, over "
                "the cycles that were started."
            ),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def _unit(shown: Shown, head: str) -> str:
    row = shown.row(f"{head}/median")
    return f", {row.unit}" if row is not None and row.unit else ""


def _changes(shown: Shown, analysis: str, prefix: str, title: str) -> list[Line]:
    """Return who had a dose changed, in which way or why, the most frequent first."""
    rows = [row for row in shown.items(analysis, "all", prefix, "count") if fmt.has_number(row)]
    rows.sort(key=lambda row: (-position(row), words(row).lower()))
    heading = [Line(phrase(f"{title}, {N_PERCENT}"), (), 1)] if rows else []
    heads = [row.id.rpartition("/")[0] for row in rows]
    return heading + [
        Line(phrase(capital(words(row))), (shown.share(head),), 2)
        for row, head in zip(rows, heads, strict=True)
    ]


def _treatment_time(shown: Shown) -> list[Line]:
    """Return how long patients were treated with any drug."""
    days = "treatment-time/all/days"
    if not shown.has_value(f"{days}/median"):
        return []
    lines = [
        Line(phrase("Time on treatment")),
        Line(phrase("Days, median (range)"), (shown.median(days),), 1),
        Line(phrase("Days, mean (SD)"), (shown.mean(days),), 1),
    ]
    for row in shown.items("treatment-time", "all", "months:", "count"):
        cell = shown.share(row.id.rpartition("/")[0])
        lines.append(Line(phrase(f"{capital(words(row))}, {N_PERCENT}"), (cell,), 1))
    return lines


def hys_law_table(shown: Shown) -> Table | None:
    """Return the quadrants of Hy's law and its candidates."""
    rows = shown.items("hys-law", "all", "quadrant:", "count")
    rows += shown.items("hys-law", "all", "candidates", "count")
    if not rows:
        return None
    lines = [
        Line(phrase(capital(words(row))), (shown.share(row.id.rpartition("/")[0]),)) for row in rows
    ]
    return Table(
        "hys-law", "", "Peak liver values: Hy's law",
        "Treated patients with ALT or AST, and bilirubin, on treatment", "Peaks, at any time",
        (Column(N_PERCENT, shown.total(f"{rows[0].id.rpartition('/')[0]}/total")),), tuple(lines),
        (
            phrase(
                "A candidate: the bilirubin at most 30 days after the ALT or AST, alkaline "
                "phosphatase of that day below 2 x ULN."
            ),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip
