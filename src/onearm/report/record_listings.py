"""Listings of records: each line one row of the data, with the file and line it stands in.

A listing shows records as they were read, ordered by subject and day; it
selects and computes nothing beyond the filter that its title names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from onearm import format as fmt
from onearm.report.model import Column, Line, Table, phrase
from onearm.report.shown import Shown

Keep = Callable[[Any], bool]
ALL: Keep = lambda record: True  # noqa: E731
YES_NO = {True: "Y", False: "N"}


@dataclass(frozen=True, slots=True)
class RecordListing:
    """Which records a listing shows: the table of the data, its fields, and a filter."""

    table: str
    fields: tuple[tuple[str, str], ...]
    keep: Keep = ALL
    sort_by: str | None = None


EVENT = (
    ("term", "Event"),
    ("system_organ_class", "System organ class"),
    ("grade", "Grade"),
    ("onset_date", "First day"),
    ("end_date", "Last day"),
    ("is_related", "Related"),
    ("related_to", "Related to"),
    ("is_serious", "Serious"),
    ("is_immune_related", "Immune-related"),
    ("action", "Action"),
    ("action_drugs", "Action on"),
    ("outcome", "Outcome"),
)
LISTINGS = {
    "listing-subjects": RecordListing(
        "subject",
        (
            ("site", "Site"),
            ("age_years", "Age, years"),
            ("sex", "Sex"),
            ("consent_date", "Consent"),
            ("enrolment_date", "Enrolled"),
            ("first_dose_date", "First dose"),
        ),
    ),
    "listing-disposition": RecordListing(
        "disposition",
        (("scope", "Of"), ("status", "Status"), ("date", "Day"), ("reason", "Reason")),
        sort_by="date",
    ),
    "listing-deviations": RecordListing(
        "deviations",
        (
            ("date", "Day"),
            ("category", "Category"),
            ("severity", "Severity"),
            ("description", "What happened"),
        ),
        sort_by="date",
    ),
    "listing-doses": RecordListing(
        "doses",
        (
            ("drug", "Drug"),
            ("cycle", "Cycle"),
            ("start_date", "First day"),
            ("end_date", "Last day"),
            ("dose", "Dose"),
            ("unit", "Unit"),
            ("change", "Change"),
            ("change_reason", "Why"),
        ),
        sort_by="start_date",
    ),
    "listing-lesions": RecordListing(
        "lesions",
        (
            ("visit", "Visit"),
            ("date", "Day"),
            ("evaluator", "Read by"),
            ("lesion_id", "Lesion"),
            ("lesion_type", "Type"),
            ("organ", "Organ"),
            ("diameter_um", "Diameter, mm"),
            ("state", "State"),
        ),
        sort_by="date",
    ),
    "listing-events": RecordListing("adverse_events", EVENT, sort_by="onset_date"),
    "listing-serious-events": RecordListing(
        "adverse_events", EVENT, lambda record: bool(record.is_serious), "onset_date"
    ),
    "listing-deaths": RecordListing(
        "follow_up",
        (("date", "Day"), ("status", "Status"), ("cause", "Cause")),
        lambda record: record.status == "DEAD",
        "date",
    ),
    "listing-therapies": RecordListing(
        "new_therapies",
        (("start_date", "First day"), ("kind", "Kind"), ("name", "Name")),
        sort_by="start_date",
    ),
    "listing-conmeds": RecordListing(
        "conmeds",
        (
            ("name", "Name"),
            ("medication_class", "Class"),
            ("start_date", "First day"),
            ("end_date", "Last day"),
            ("indication", "Why"),
        ),
        sort_by="start_date",
    ),
    "listing-history": RecordListing(
        "history",
        (
            ("term", "Condition"),
            ("start_date", "First day"),
            ("end_date", "Last day"),
            ("is_ongoing", "Lasts"),
        ),
        sort_by="start_date",
    ),
    "listing-labs": RecordListing(
        "labs",
        (
            ("date", "Day"),
            ("test", "Test"),
            ("value", "Result"),
            ("unit", "Unit"),
            ("lln", "Lower limit"),
            ("uln", "Upper limit"),
            ("is_baseline", "Baseline"),
        ),
        sort_by="date",
    ),
}
"""By the name of the listing."""

SCREENING = (
    ("date", "Day"),
    ("is_enrolled", "Enrolled"),
    ("criterion", "Criterion not met"),
    ("reason", "Why"),
)

EVIDENCE = (
    ("criterion", "Criterion"),
    ("outcome", "Verdict"),
    ("fact", "Fact"),
    ("value", "Value"),
    ("date", "Day"),
    ("asked", "Asked"),
)
MAY_ENTER = (
    "Met means: may enter. An exclusion criterion is met when what it describes is absent. A "
    "record without a line was decided by several facts, or by none that was recorded."
)
GRADED = (
    ("date", "Day"),
    ("test", "Test"),
    ("value", "Result"),
    ("unit", "Unit"),
    ("term", "Term"),
    ("grade", "Grade"),
    ("reason", "Why"),
)
SEVERE = 3
EVERY_VALUE = (
    "Every value, of any grade, stands in the listing of laboratory values (LBL01), which is made "
    "on its own."
)


def record_listing(shown: Shown, name: str, title: str, population: str) -> Table | None:
    """Return a listing of records; None where the study did not collect them."""
    plan = LISTINGS[name]
    tables = [getattr(records, plan.table) for records in shown.material.subjects]
    if all(table is None for table in tables):
        return None
    lines = [
        _line(record, plan.fields)
        for table in tables
        for record in _sorted([table] if plan.table == "subject" else table or (), plan.sort_by)
        if plan.keep(record)
    ]
    return _table(name, title, population, plan.fields, lines)


def screening_listing(shown: Shown, title: str) -> Table | None:
    """Return who was screened and not enrolled, with the criterion; None without records."""
    if shown.material.screening is None:
        return None
    lines = [_line(one, SCREENING) for one in shown.material.screening if not one.is_enrolled]
    return _table("listing-screening", title, "Screened, not enrolled", SCREENING, lines)


def eligibility_listing(shown: Shown, title: str) -> Table | None:
    """Return the facts that decided each criterion of each person; None without facts."""
    found = shown.material.eligibility()
    if found is None:
        return None
    lines = [_line(one, EVIDENCE) for one in found]
    table = _table("listing-eligibility", title, "Screened patients", EVIDENCE, lines)
    return replace(table, footnotes=(phrase(MAY_ENTER),))


def severe_lab_listing(shown: Shown, title: str) -> Table | None:
    """Return the laboratory values of grade 3 or higher, with why; None without values."""
    grades = shown.material.grades()
    if grades is None:
        return None
    lines = []
    for one in grades:
        if one.grade is not None and one.grade >= SEVERE:
            source = fmt.source_lines(one.sources)
            texts = [cell_text(name, getattr(one, name)) for name, _ in GRADED]
            cells = tuple(phrase(text) for text in (*texts, source))
            lines.append(Line(phrase(one.subject_id), cells, source=source))
    table = _table("listing-severe-labs", title, "Enrolled patients", GRADED, lines)
    return replace(table, footnotes=(phrase(EVERY_VALUE),))


def _sorted(records: Sequence[Any], field: str | None) -> Iterator[Any]:
    """Yield records by day, those without one last, otherwise as they stand in the file."""
    last = dt.date.max
    yield from sorted(records, key=lambda one: getattr(one, field) or last) if field else records


def _line(record: Any, fields: Sequence[tuple[str, str]]) -> Line:
    texts = [cell_text(name, getattr(record, name)) for name, _ in fields]
    cells = tuple(phrase(text) for text in (*texts, str(record.source)))
    return Line(phrase(record.subject_id), cells, source=str(record.source))


def cell_text(name: str, content: Any) -> str:
    """Return one field of a record as the data show it: lengths in mm, days by ISO 8601."""
    if content is None:
        return ""
    if isinstance(content, bool):
        return YES_NO[content]
    if isinstance(content, dt.date):
        return content.isoformat()
    if isinstance(content, tuple):
        return "; ".join(content)
    if name.endswith("_um"):
        return fmt.millimetres(content)
    return fmt.plain(content) if isinstance(content, Decimal) else str(content)


def _table(
    name: str,
    title: str,
    population: str,
    fields: Sequence[tuple[str, str]],
    lines: Sequence[Line],
) -> Table:
    columns = [Column(label, None, is_text=True, field=field) for field, label in fields]
    return Table(
        name, "", title, population, "Patient",
        (*columns, Column("Record", None, is_text=True, field="source")),
        tuple(lines), (), is_quoted=True, is_listing=True,
    )  # fmt: skip
