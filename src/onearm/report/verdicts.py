"""The verdict on the primary endpoint: in a sentence, and as a table with what it stands on.

Takes result rows alone; each number is placed by its result's id. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from onearm import format as fmt
from onearm.report.model import Column, Line, Phrase, Span, Table, phrase
from onearm.report.shown import Shown
from onearm.report.tables import capital, cutoff_note

MET = {"Y": "met", "N": "not met"}
PRIMARY = "primary/all"
TIMES_LINES = (  # statistic, label
    ("alpha", "One-sided alpha, %"),
    ("null_median", "Historical median, months"),
    ("target_median", "Wanted median, months"),
    ("null_rate", "Historical rate, %"),
    ("null_time", "At, months"),
    ("target_rate", "Wanted rate, %"),
    ("target_time", "At, months"),
    ("subjects", "Patients, n"),
    ("planned_subjects", "Planned, n"),
    ("followed", "Followed since the last of them began, months"),
    ("planned_follow_up", "Planned, months"),
    ("events", "Events observed, n"),
    ("planned_events", "Events expected by the end under the wanted curve"),
    ("expected", "Events expected under the historical curve, for the times seen"),
    ("ratio", "Observed over expected"),
    ("count", "Known to be without event, n"),
    ("unknown", "Censored before, n"),
    ("needed", "Needed, n"),
    ("z", "Z, positive is better"),
    ("critical", "Critical value of Z"),
    ("p_value", "p, one-sided"),
)

COUNT_LINES = (
    ("total", "Patients, n"),
    ("planned_subjects", "Planned, n"),
    ("count", "With the endpoint, n"),
    ("needed", "Needed, n"),
)
ENDPOINTS = {
    "orr": "a response", "dcr": "disease control", "cbr": "clinical benefit",
    "iorr": "a response by iRECIST", "idcr": "disease control by iRECIST",
}  # fmt: skip


def _rate_of(shown: Shown) -> str:
    """Return the primary endpoint that is a rate."""
    return next(one.id for one in shown.protocol.endpoints.primary if one.id in ENDPOINTS)


def verdict(shown: Shown) -> Phrase:
    """Return whether the primary endpoint is met, and by which numbers."""
    if shown.row(f"{PRIMARY}/z"):
        return phrase(_said(shown), ": ", _logrank(shown), _assumed(shown), ".")
    if shown.row(f"{PRIMARY}/needed"):
        return phrase(_said(shown), ": ", _counted(shown), _assumed(shown), ".")
    return _by_limit(shown)


def _assumed(shown: Shown) -> str:
    """Say so where the source of the protocol does not give what the verdict rests on."""
    harmless = ("design.dropout", "design.enrolled")  # no verdict rests on them
    fields = [one.field for one in shown.protocol.assumptions if one.field not in harmless]
    is_assumed = any(one.partition(".")[0] == "design" for one in fields)
    return "; the design is assumed" if is_assumed else ""


def _said(shown: Shown) -> Span:
    """Return the verdict, or that there is none yet."""
    row = shown.row(f"{PRIMARY}/met")
    words = MET.get((row.code if row else None) or "", "no verdict before the declared analysis")
    return Span(capital(words), f"{PRIMARY}/met")


def _logrank(shown: Shown) -> Phrase:
    """Return 'Z of 0.853 does not exceed 1.645 (...); 50 events, 56.4 expected ...'."""
    row = shown.rows[f"{PRIMARY}/z"]
    z, critical = shown.value(row.id), shown.value(f"{PRIMARY}/critical")
    met = shown.row(f"{PRIMARY}/met")
    verb = {"Y": "exceeds", "N": "does not exceed"}.get(
        (met.code if met else None) or "", "so far,"
    )
    needed = " is needed" if verb == "so far," else ""
    p = shown.value(f"{PRIMARY}/p_value")
    events = shown.value(f"{PRIMARY}/events")
    noun = fmt.by_number(shown.row(f"{PRIMARY}/events"), " event", " events")
    median = shown.row(f"{PRIMARY}/null_median")
    against = (
        phrase("a median of ", shown.value_with_unit(median.id))
        if median is not None
        else phrase("the historical curve")
    )
    return phrase(
        "Z of ", z, f" {verb} ", critical, needed, f" ({row.method}, one-sided p ",
        "" if p.text.startswith("<") else "= ", p, "); ", events, noun, " in ",
        shown.value(f"{PRIMARY}/subjects"), " patients, ", shown.value(f"{PRIMARY}/expected"),
        " expected under ", against,
    )  # fmt: skip


def _counted(shown: Shown) -> Phrase:
    """Return '5 of 28 patients responded; 8 are needed', or how many had no event."""
    time = f"{PRIMARY}/null_time"
    did = (
        phrase(" known to be without event at ", shown.value_with_unit(time))
        if shown.row(time)
        else phrase(f" with {ENDPOINTS[_rate_of(shown)]}")
    )
    noun = fmt.by_number(shown.row(f"{PRIMARY}/total"), " patient", " patients")
    first = phrase(shown.value(f"{PRIMARY}/count"), " of ", shown.value(f"{PRIMARY}/total"), noun)
    needed = f"{PRIMARY}/needed"
    row = shown.rows[needed]
    if not shown.has_value(needed):
        return phrase(first, did, f"; {row.note}")
    planned = shown.value(f"{PRIMARY}/planned_subjects")
    met = shown.row(f"{PRIMARY}/met")
    if met is not None and met.code is None:
        if shown.row(time):  # reckoned for those seen so far
            said = phrase("; ", shown.value(needed), " of as many are needed, ")
            return phrase(first, did, said, planned, " patients are planned")
        return phrase(first, did, "; ", shown.value(needed), " of ", planned, " are needed")
    return phrase(first, did, "; ", shown.value(needed), " were needed")


def _by_limit(shown: Shown) -> Phrase:
    met = _met(shown, "primary")
    first = phrase(Span(capital(met.text), met.result), _limit(shown, "primary"))
    needed = shown.value(f"{PRIMARY}/responders_needed")
    if shown.has_value(f"{PRIMARY}/responders_needed"):
        first = phrase(first, "; ", needed, " responders were needed")
    if shown.row("primary.level-90/all/met") is None:
        return phrase(first, ".")
    other = phrase(_met(shown, "primary.level-90"), _limit(shown, "primary.level-90"))
    return phrase(first, ". By the one-sided reading ", other, ".")


def _met(shown: Shown, analysis: str) -> Span:
    row = shown.row(f"{analysis}/all/met")
    text = MET.get((row.code if row else None) or "", "no verdict")
    return Span(text, f"{analysis}/all/met")


def _limit(shown: Shown, analysis: str) -> Phrase:
    row = shown.row(f"{analysis}/all/limit")
    if row is None:
        return ()
    level = shown.level if row.level is None else fmt.closed(fmt.level_text(row.level))
    met = shown.row(f"{analysis}/all/met")
    side = "lies above" if met is not None and met.code == "Y" else "does not lie above"
    limit = shown.value_with_unit(row.id)
    threshold = shown.value_with_unit(f"{analysis}/all/threshold")
    return phrase(f": the lower limit of the {level} CI, ", limit, f", {side} ", threshold)


def primary_table(shown: Shown) -> Table | None:
    """Return the planned test of the primary endpoint, what it was reached from, the verdict."""
    if shown.row(f"{PRIMARY}/met") is None:
        return None
    is_rate = shown.row(f"{PRIMARY}/limit") is not None
    lines = list(_rate_lines(shown) if is_rate else _time_lines(shown))
    names = [one.name for one in shown.protocol.endpoints.primary]
    return Table(
        "primary", "", "Primary endpoint: the planned test and its verdict", "Treated patients",
        ", ".join(names), (Column("Value"),), tuple(lines),
        (*_notes(shown), *cutoff_note(shown.protocol)),
    )  # fmt: skip


def _notes(shown: Shown) -> Iterator[Phrase]:
    """Yield the test by name, and when its verdict is given."""
    row = shown.row(f"{PRIMARY}/z")
    if row is not None:
        yield phrase(f"Test: {row.method}; met when Z exceeds its critical value.")
    needed = shown.row(f"{PRIMARY}/needed")
    if needed is not None and not _is_told(shown, "needed"):
        yield phrase(f"How many are needed: {needed.note}.")
    if shown.row(f"{PRIMARY}/subjects") is None and shown.row(f"{PRIMARY}/reached"):
        yield phrase(
            "Declared analysis: as many patients as planned, or a stop of the design before. Until "
            "then there is no verdict, unless the study is closed."
        )
    elif shown.row(f"{PRIMARY}/reached"):
        yield phrase(
            "Declared analysis: as many patients as planned, and then the planned follow-up of the "
            "last of them, or the events expected by its end. Before it there is no verdict, "
            "unless the study is closed."
        )


def _is_told(shown: Shown, statistic: str) -> bool:
    """Return whether a line has something to show; why no number is needed is a footnote."""
    return statistic != "needed" or shown.has_value(f"{PRIMARY}/needed")


def _rate_lines(shown: Shown) -> Iterator[Line]:
    of = next(one.id for one in shown.protocol.endpoints.primary if one.decision is not None)
    yield Line(phrase("Patients, n"), (phrase(shown.value(f"{of}/all/total")),))
    yield Line(phrase("With the endpoint, n (%)"), (shown.share(f"{of}/all"),))
    for analysis in ("primary", "primary.level-90"):
        head = f"{analysis}/all"
        row = shown.row(f"{head}/limit")
        if row is None:
            continue
        level = fmt.closed(fmt.level_text(row.level or shown.protocol.analysis.level))
        for statistic, label in (
            ("limit", f"Lower limit of the two-sided {level} CI, %"),
            ("threshold", "It must lie above, %"),
            ("responders_needed", "Responders needed, n"),
        ):
            indent = 0 if statistic == "limit" else 1
            yield Line(phrase(label), (phrase(shown.value(f"{head}/{statistic}")),), indent)
        met = _met(shown, analysis)
        yield Line(phrase("Verdict"), (phrase(Span(capital(met.text), met.result)),), 1)


def _time_lines(shown: Shown) -> Iterator[Line]:
    is_of_time = shown.row(f"{PRIMARY}/subjects") is not None
    for statistic, label in TIMES_LINES if is_of_time else COUNT_LINES:
        if shown.row(f"{PRIMARY}/{statistic}") and _is_told(shown, statistic):
            indent = 1 if statistic.startswith("planned") or statistic.endswith("_time") else 0
            yield Line(phrase(label), (phrase(shown.value(f"{PRIMARY}/{statistic}")),), indent)
        if statistic == "ratio" and shown.row(f"{PRIMARY}/lower"):
            limits = shown.interval(f"{PRIMARY}/lower", f"{PRIMARY}/upper")
            yield Line(phrase(f"{shown.level} CI"), (limits,), 1)
    reached = shown.row(f"{PRIMARY}/reached")
    if reached is not None:
        met = shown.row(f"{PRIMARY}/met")
        is_early = met is not None and met.code is not None  # a closed study has its verdict
        yes = "yes" if reached.code == "Y" else "no; the study is closed" if is_early else "no"
        yield Line(phrase("Declared analysis reached"), (phrase(Span(yes, reached.id)),))
    yield Line(phrase("Verdict"), (phrase(_said(shown)),))
