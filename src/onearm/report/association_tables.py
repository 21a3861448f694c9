"""The tables of associations: biomarkers, and outcome by immune-related event.

No p-value stands without an estimate and its interval; beside it, of
biomarkers, stands the one adjusted for all tests. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from onearm import format as fmt
from onearm.report.model import Column, Line, Phrase, Table, phrase
from onearm.report.shown import Shown
from onearm.report.tables import capital, cutoff_note, words
from onearm.results.model import Row

LEVELS = ("positive", "negative", "high", "low")
NONE = phrase(fmt.NOT_APPLICABLE)
TIMES = ("pfs", "os")
FIRTH = "Firth's correction"


def marker_response_table(shown: Shown) -> Table | None:
    """Return response by biomarker: rates, odds ratio or area under the curve, p-values."""
    rows = _markers(shown, "biomarker-response")
    if not rows:
        return None
    lines: list[Line] = []
    for row in rows:
        head = f"biomarker-response/all/{row.item}"
        lines += [_set(shown, row), *_rates(shown, row)]
        adjusted = phrase(shown.value(f"biomarker-tests/all/response:{row.item}/p_value_holm"))
        if shown.row(f"{head}/odds_ratio"):
            cells = (*_of(shown, head, "odds_ratio", ""), phrase(shown.value(f"{head}/p_value")))
            lines.append(Line(phrase("Odds ratio"), (NONE, NONE, *cells, adjusted), 1))
        if shown.row(f"{head}/auc"):
            lead = "auc_" if shown.row(f"{head}/odds_ratio") else ""
            cells = (*_of(shown, head, "auc", lead), phrase(shown.value(f"{head}/{lead}p_value")))
            second = adjusted if not lead else _second(shown, "response", row)
            lines.append(Line(phrase("Area under the ROC curve"), (NONE, NONE, *cells, second), 1))
    return _table(
        shown, "biomarker-response", "Response by biomarker", "Responders, n", tuple(lines),
        "Rates in %, exact intervals; odds ratio of the first level against the second with exact "
        "limits, p by Fisher; area under the ROC curve with limits and p by DeLong."
        + _left_out(shown, rows),
    )  # fmt: skip


def _second(shown: Shown, endpoint: str, row: Row) -> Phrase:
    """Return the adjusted p-value of the second test of a marker."""
    return phrase(shown.value(f"biomarker-tests/all/{endpoint}:{row.item}/auc_p_value_holm"))


def marker_time_table(shown: Shown, endpoint: str) -> Table | None:
    """Return PFS or OS by biomarker: medians, hazard ratio, p-values."""
    analysis = f"biomarker-{endpoint}"
    rows = _markers(shown, analysis)
    if not rows:
        return None
    lines: list[Line] = []
    for row in rows:
        head = f"{analysis}/all/{row.item}"
        lines += [_set(shown, row), *_medians(shown, row, endpoint)]
        counts = (phrase(shown.value(f"{head}/total")), phrase(shown.value(f"{head}/events")))
        adjusted = phrase(shown.value(f"biomarker-tests/all/{endpoint}:{row.item}/p_value_holm"))
        p = phrase(shown.value(f"{head}/p_value"))
        ratio = (*counts, *_of(shown, head, "hazard_ratio", ""), p, adjusted)
        lines.append(Line(phrase("Hazard ratio"), ratio, 1))
        firth = f"{analysis}.firth/all/{row.item}"
        if shown.row(f"{firth}/hazard_ratio"):
            p = phrase(shown.value(f"{firth}/p_value"))
            ratio = (NONE, NONE, *_of(shown, firth, "hazard_ratio", ""), p, NONE)
            lines.append(Line(phrase(f"Hazard ratio, {FIRTH}"), ratio, 1))
        if shown.has_value(f"{head}/logrank_chi_square"):
            cells = (phrase(shown.value(f"{head}/logrank_chi_square")), NONE)
            p = phrase(shown.value(f"{head}/logrank_p_value"))
            lines.append(Line(phrase("Log-rank chi-square"), (NONE, NONE, *cells, p, NONE), 1))
    return _table(
        shown, analysis, f"{endpoint.upper()} by biomarker", "Events, n", tuple(lines),
        "Medians in months; hazard ratio (Cox) of the first level against the second, or of one "
        "unit more, with profile-likelihood limits, p by the likelihood ratio. The log-rank test "
        "asks the same as that ratio, and is not among the tests that are adjusted."
        + _left_out(shown, rows),
    )  # fmt: skip


def _markers(shown: Shown, analysis: str) -> list[Row]:
    return [
        row
        for row in shown.items(analysis, "all", "marker:", "total")
        if (row.item or "").count(":") == 1
    ]


def _set(shown: Shown, row: Row) -> Line:
    """Return the heading of a marker with how many can be evaluated."""
    head = f"biomarker-evaluable/all/{row.item}"
    known = phrase(shown.value(f"{head}/count"), " of ", shown.value(f"{head}/total"))
    return Line(phrase(words(row), ", evaluable: ", known))


def _left_out(shown: Shown, rows: Iterable[Row]) -> str:
    """Return who cannot be evaluated for a marker, by reason."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        for subject, reason in shown.left_out(f"biomarker-evaluable/all/{row.item}/count"):
            by_reason.setdefault(f"{words(row)}: {reason}", []).append(subject)
    parts = [f"{reason} ({', '.join(subjects)})" for reason, subjects in by_reason.items()]
    return f" Not evaluable, {'; '.join(parts)}." if parts else ""


def _levels(shown: Shown, row: Row, endpoint: str, statistic: str) -> list[tuple[str, str]]:
    """Return the levels of a marker that an endpoint has as groups, with the head of their ids."""
    name = (row.item or "").partition(":")[2]
    heads = [(capital(level), f"{endpoint}/{name}-{level}") for level in LEVELS]
    return [(label, head) for label, head in heads if shown.row(f"{head}/{statistic}")]


def _rates(shown: Shown, row: Row) -> list[Line]:
    lines = []
    for label, head in _levels(shown, row, "orr", "count"):
        counts = (phrase(shown.value(f"{head}/total")), phrase(shown.value(f"{head}/count")))
        cells = (*counts, *_of(shown, head, "estimate", ""), NONE, NONE)
        lines.append(Line(phrase(f"{label}: ORR"), cells, 1))
    return lines


def _medians(shown: Shown, row: Row, endpoint: str) -> list[Line]:
    lines = []
    for label, head in _levels(shown, row, endpoint, "total"):
        counts = (phrase(shown.value(f"{head}/total")), phrase(shown.value(f"{head}/events")))
        cells = (*counts, *_of(shown, head, "median", ""), NONE, NONE)
        lines.append(Line(phrase(f"{label}: median"), cells, 1))
    return lines


def _of(shown: Shown, head: str, statistic: str, lead: str) -> tuple[Phrase, Phrase]:
    """Return an estimate and its interval."""
    limits = shown.interval(f"{head}/{lead}lower", f"{head}/{lead}upper")
    return phrase(shown.value(f"{head}/{statistic}")), limits


def _table(
    shown: Shown, name: str, title: str, counted: str, lines: tuple[Line, ...], note: str
) -> Table:
    return Table(
        name, "", title, "Treated patients whose marker is known before treatment", "Biomarker",
        (
            Column("Patients, n"), Column(counted), Column("Estimate"),
            Column(f"{shown.level} CI"), Column("p"), Column("p (Holm)"),
        ),
        lines,
        (
            phrase(note),
            phrase("p (Holm): adjusted for all tests of biomarkers, ",
                   shown.value("biomarker-tests/all/count"), " in number; the estimates are not."),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def immune_incidence_table(shown: Shown) -> Table | None:
    """Return how many had an immune-related event, what competed, and the cumulative incidence."""
    head = "irae-incidence/all"
    total = shown.total(f"{head}/total")
    if total is None:
        return None
    counts = {
        "events": "First immune-related event",
        "deaths": "Died before one",
        "stopped": "Treatment ended before one",
        "censored": "Neither up to the data cut-off",
        "undated": "Event without a day, left out",
    }
    lines = [
        Line(phrase(f"{label}, n"), (phrase(shown.value(f"{head}/{name}")), phrase("")))
        for name, label in counts.items()
        if shown.row(f"{head}/{name}")
    ]
    for landmark in shown.protocol.analysis.landmarks:
        rate = f"{head}/rate_{landmark.suffix}"
        if shown.row(rate):
            cells = (phrase(shown.value(rate)), shown.interval(f"{rate}_lower", f"{rate}_upper"))
            lines.append(Line(phrase(f"Cumulative incidence at {landmark}, %"), cells))
    return Table(
        "immune-incidence", "", "Cumulative incidence of the first immune-related event",
        "Treated patients", "", (Column("Result", total), Column(f"{shown.level} CI")),
        tuple(lines),
        (
            phrase("Aalen-Johansen; death and the end of treatment compete with the event."),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def immune_outcome_table(shown: Shown) -> Table | None:
    """Return outcome by immune-related event: the counts, landmarks, and Cox in time."""
    lines = [*_counts(shown), *_landmarks(shown), *_in_time(shown)]
    if not lines:
        return None
    notes = dict.fromkeys(
        capital(row.note or "")
        for row in shown.results.rows
        if row.analysis in ("irae-landmark", "irae-hazard") and row.statistic == "hazard_ratio"
        and fmt.has_number(row)
    )  # fmt: skip
    return Table(
        "immune-outcome", "", "Outcome by immune-related event", "Treated patients", "Outcome",
        (
            Column("Patients, n"), Column("Events, n"), Column("Median, months, or hazard ratio"),
            Column(f"{shown.level} CI"), Column("p"),
        ),
        tuple(lines),
        (
            *(phrase(f"Hazard ratios: {note[:1].lower()}{note[1:]}.") for note in notes if note),
            phrase(
                "Who has an immune-related event has lived long enough to have it (immortal time): "
                "the counts of those with an event do not compare them with the others."
            ),
            phrase("Hazard ratio (Cox) with profile-likelihood limits, p by the likelihood ratio."),
            *cutoff_note(shown.protocol),
        ),
    )  # fmt: skip


def _counts(shown: Shown) -> list[Line]:
    lines = []
    for analysis, label in (
        ("irae-outcome", "Patients with an immune-related event"),
        ("irsae-outcome", "Patients with a related serious immune-related event"),
    ):
        rows = shown.items(analysis, "all", "", "count")
        lines += [Line(phrase(label))] if rows else []
        for row in rows:
            of = phrase(shown.value(row.id), " of ",
                        shown.value(f"{row.id.rpartition('/')[0]}/total"))  # fmt: skip
            is_response = (row.item or "").startswith("response:")
            name = f"Best response {words(row)}" if is_response else capital(words(row))
            lines.append(Line(phrase(name), (of, NONE, NONE, NONE, NONE), 1))
    return lines


def _landmarks(shown: Shown) -> list[Line]:
    lines = []
    for row in shown.items("irae-landmark", "all", "", "included"):
        head = f"irae-landmark/all/{row.item}"
        lines.append(Line(phrase(f"{words(row)}, in it: ", shown.value(row.id))))
        for end, label in (("with-event", "With an event by then"), ("without-event", "Without")):
            cells = (
                phrase(shown.value(f"{head}:{end}/total")),
                phrase(shown.value(f"{head}:{end}/events")),
                *_of(shown, f"{head}:{end}", "median", ""), NONE,
            )  # fmt: skip
            lines.append(Line(phrase(label), cells, 1))
        lines += _ratios(shown, "irae-landmark", row.item or "", NONE)
    return lines


def _in_time(shown: Shown) -> list[Line]:
    lines = []
    for row in shown.items("irae-hazard", "all", "", "exposed"):
        lines.append(
            Line(phrase(f"{words(row)}, as a covariate in time (patients: those with one)"))
        )
        lines += _ratios(shown, "irae-hazard", row.item or "", phrase(shown.value(row.id)))
    return lines


def _ratios(shown: Shown, analysis: str, item: str, patients: Phrase) -> list[Line]:
    lines = []
    for variant, label in (
        (analysis, "Hazard ratio"),
        (f"{analysis}.firth", f"Hazard ratio, {FIRTH}"),
    ):
        head = f"{variant}/all/{item}"
        if shown.row(f"{head}/hazard_ratio"):
            p = phrase(shown.value(f"{head}/p_value"))
            lines.append(
                Line(phrase(label), (patients, NONE, *_of(shown, head, "hazard_ratio", ""), p), 1)
            )
    return lines
