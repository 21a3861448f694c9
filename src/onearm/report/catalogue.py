"""Every table and listing by name: which there are, what R users call it, where it is reported.

An entry names the section of a clinical study report (ICH E3) that its table
belongs to. A table that the study's data cannot support is there all the same,
and says so. Knows no format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from onearm.errors import InputError, nearest
from onearm.report.association_tables import (
    immune_incidence_table,
    immune_outcome_table,
    marker_response_table,
    marker_time_table,
)
from onearm.report.class_tables import (
    BY_GRADE,
    class_table,
    drug_event_table,
    drug_overview_table,
    interest_table,
)
from onearm.report.conduct_tables import (
    accrual_table,
    beyond_table,
    death_table,
    deviation_table,
    disposition_table,
    screen_failure_table,
    site_table,
)
from onearm.report.event_tables import adverse_event_table, safety_table, term_table
from onearm.report.listings import assumption_table, finding_table, published_table
from onearm.report.model import Table
from onearm.report.past_trials import past_trial_table
from onearm.report.printed_tables import printed_table
from onearm.report.readings import reading_table
from onearm.report.record_listings import (
    eligibility_listing,
    record_listing,
    screening_listing,
    severe_lab_listing,
)
from onearm.report.safety_tables import (
    abnormal_table,
    emergent_table,
    exposure_table,
    hys_law_table,
    laboratory_table,
)
from onearm.report.sensitivity import estimand_table, moved_table, sensitivity_table
from onearm.report.shown import Shown
from onearm.report.tables import baseline_table, flow_table, response_table, subgroup_table
from onearm.report.time_tables import duration_table, time_table
from onearm.report.verdicts import primary_table

Build = Callable[[Shown], Table | None]
NO_RESPONSES = "Not computed: the study brings no responses."
NO_EVENTS = "Not computed: the study brings no adverse events."
NO_TIMES = "Not computed: the study brings no times to an event."
NO_LABS = "Not computed: the study brings no laboratory values."
NO_DOSES = "Not computed: the study brings no doses."
NO_DISPOSITION = "Not computed: the study brings no disposition."
NO_MARKERS = (
    "Not computed: the protocol sets no biomarker against this endpoint, or none was collected."
)
NO_IMMUNE = "Not computed: the study does not record which events are immune-related."
ONE_DRUG = "Not computed: events are not recorded by drug, or the treatment is one drug."
NO_PUBLISHED = "Not computed: the study brings no published numbers (expected.yaml)."


@dataclass(frozen=True, slots=True)
class Entry:
    """A table by name; ``needs`` are the analyses of which one must have a result."""

    name: str
    aliases: tuple[str, ...]
    title: str
    part: str
    build: Build
    needs: tuple[str, ...] = ()
    absence: str = ""

    @property
    def is_listing(self) -> bool:
        """Whether it lists records."""
        return self.part.startswith("16.2")


def _common(shown: Shown) -> Table:
    threshold = shown.protocol.safety.reporting_threshold or Decimal(0)
    return term_table(shown, "common-events", "Common adverse events of any cause", "ae", threshold)


def _classes(name: str, aliases: tuple[str, ...], title: str, analysis: str) -> Entry:
    """Return a table by system organ class and term."""
    return Entry(
        name, aliases, title, "14.3",
        lambda shown: class_table(shown, name, title, analysis), (analysis,), NO_EVENTS,
    )  # fmt: skip


def _grades(name: str, aliases: tuple[str, ...], title: str, analysis: str) -> Entry:
    """Return a table by system organ class and term, by the worst grade."""
    return Entry(
        name, aliases, title, "14.3",
        lambda shown: class_table(shown, name, title, analysis, BY_GRADE), (analysis,), NO_EVENTS,
    )  # fmt: skip


TABLES = (
    Entry("flow", (), "Patient flow", "14.1", flow_table),
    Entry("disposition", ("DST01",), "Disposition and reasons to stop", "14.1",
          disposition_table, ("disposition", "flow"), NO_DISPOSITION),
    Entry("screen-failures", ("DS-ELIG",), "Screened and not enrolled, by criterion", "14.1",
          screen_failure_table, ("screen-failures",),
          "Not computed: the study brings no screening records."),
    Entry("deviations", ("PDT01",), "Protocol deviations", "14.1", deviation_table,
          ("deviations",), "Not computed: the study brings no protocol deviations."),
    Entry("accrual", (), "Accrual by month", "14.1", accrual_table, ("accrual",),
          "Not computed: the study brings no days of enrolment."),
    Entry("sites", (), "Accrual, response and findings by site", "14.1", site_table, ("sites",),
          "Not computed: the study brings no sites."),
    Entry(
        "baseline", ("DMT01",), "Baseline characteristics", "14.1", baseline_table, ("baseline",),
        "Not computed: the protocol names no characteristic that the study brings.",
    ),
    Entry("primary", (), "Primary endpoint: the planned test and its verdict", "14.2",
          primary_table, ("primary",),
          "Not computed: the protocol states no decision on its primary endpoint, or it has no "
          "data."),
    Entry(
        "response", ("RSPT01",), "Best objective response", "14.2",
        lambda shown: response_table(shown, tuple(shown.groups)), ("orr", "bor"), NO_RESPONSES,
    ),
    Entry(
        "response-by-subgroup", ("ONCT05",), "Objective response by subgroup", "14.2",
        subgroup_table, ("orr",), NO_RESPONSES,
    ),
    Entry(
        "times", ("TTET01",), "Times to an event", "14.2",
        lambda shown: time_table(shown, tuple(shown.groups)), ("pfs", "os"), NO_TIMES,
    ),
    Entry(
        "duration-of-response", ("DORT01",), "Time to response and duration of response", "14.2",
        lambda shown: duration_table(shown, tuple(shown.groups)), ("dor", "ttr"), NO_RESPONSES,
    ),
    Entry(
        "censoring", (), "Progression-free survival under other censoring rules", "14.2",
        sensitivity_table, ("pfs",), NO_TIMES,
    ),
    Entry("moved", (), "Patients whom another censoring rule moves", "14.2", moved_table,
          ("pfs",), NO_TIMES),
    Entry(
        "readings", (), "Results by other sources and readers", "14.2", reading_table, ("orr",),
        "Not computed: the study holds only the responses that count.",
    ),
    Entry(
        "comparators", (), "Published comparators", "14.2", past_trial_table, (),
        "Not computed: the study names no past trials (historical.csv).",
    ),
    Entry("beyond-progression", (), "Treatment beyond progression", "14.2", beyond_table,
          ("beyond-progression",), NO_DOSES),
    Entry("biomarker-response", (), "Response by biomarker", "14.2", marker_response_table,
          ("biomarker-response",), NO_MARKERS),
    Entry("biomarker-pfs", (), "PFS by biomarker", "14.2",
          lambda shown: marker_time_table(shown, "pfs"), ("biomarker-pfs",), NO_MARKERS),
    Entry("biomarker-os", (), "OS by biomarker", "14.2",
          lambda shown: marker_time_table(shown, "os"), ("biomarker-os",), NO_MARKERS),
    Entry("immune-outcome", (), "Outcome by immune-related event", "14.2", immune_outcome_table,
          ("irae-outcome", "irae-landmark", "irae-hazard"), NO_IMMUNE),
    Entry("exposure", ("EXT01",), "Doses given", "14.3", exposure_table,
          ("exposure",), NO_DOSES),
    Entry("safety", ("AET01",), "Overview of adverse events", "14.3", safety_table,
          ("ae", "trae"), NO_EVENTS),
    Entry("safety-by-drug", (), "Overview of adverse events by drug", "14.3",
          drug_overview_table, ("ae",), ONE_DRUG),
    _classes("events", ("AET02",), "Adverse events by system organ class and term", "ae"),
    _grades("events-by-grade", ("AET04",), "Adverse events by class, term and worst grade", "ae"),
    Entry("common-events", ("AET10",), "Common adverse events of any cause", "14.3", _common,
          ("ae",), NO_EVENTS),
    Entry("related-events", (), "Treatment-related adverse events, at or over the threshold",
          "14.3", adverse_event_table, ("trae",), NO_EVENTS),
    Entry(
        "all-related-events", (), "Treatment-related adverse events, every term", "14.3",
        lambda shown: adverse_event_table(shown, every_term=True), ("trae",), NO_EVENTS,
    ),
    _classes("related-by-class", (), "Treatment-related adverse events by class and term", "trae"),
    _grades("related-by-grade", (),
            "Treatment-related adverse events by class, term and worst grade", "trae"),
    Entry("related-events-by-drug", (), "Treatment-related adverse events by drug", "14.3",
          drug_event_table, ("trae",), ONE_DRUG),
    _classes("serious-events", (), "Serious adverse events by class and term", "sae"),
    Entry("special-interest", ("AET01_AESI",), "Adverse events of special interest", "14.3",
          interest_table, ("irae", "aesi"), NO_EVENTS),
    Entry("immune-incidence", (), "Cumulative incidence of the first immune-related event",
          "14.3", immune_incidence_table, ("irae-incidence",), NO_IMMUNE),
    Entry("deaths", ("DTHT01",), "Deaths", "14.3", death_table, ("deaths",),
          "Not computed: the study brings no survival status."),
    Entry("emergent-events", ("AET05",), "Treatment-emergent events with their rates", "14.3",
          emergent_table, ("teae",), NO_EVENTS),
    Entry("laboratory-grades", ("LBT07",), "Laboratory: worst grade after baseline", "14.3",
          lambda shown: laboratory_table(shown, by_baseline=False), ("lab-worst",), NO_LABS),
    Entry("laboratory-shift", ("LBT14",), "Laboratory: worst grade, by that at baseline",
          "14.3", laboratory_table, ("lab-worst",), NO_LABS),
    Entry("laboratory-abnormal", ("LBT04",), "Laboratory abnormalities not present at baseline",
          "14.3", abnormal_table, ("lab-abnormal",), NO_LABS),
    Entry("hys-law", ("LBT-HY",), "Peak liver values: Hy's law", "14.3", hys_law_table,
          ("hys-law",), NO_LABS),
    Entry("estimands", (), "Estimands", "9", lambda shown: estimand_table(shown.protocol), (),
          "The protocol states no estimand."),
    Entry("assumptions", (), "What the source of the protocol does not give", "9",
          lambda shown: assumption_table(shown.protocol) if shown.protocol.assumptions else None,
          (), "The protocol marks no value as assumed."),
    Entry("published", (), "Published beside recomputed", "14.2",
          lambda shown: published_table(shown.material.comparisons)
          if shown.material.comparisons else None, (), NO_PUBLISHED),
    Entry("findings", (), "Findings in the data", "9",
          lambda shown: finding_table(shown.material.findings) if shown.material.findings else None,
          (), "The checks found nothing."),
)  # fmt: skip

PRINTED = ("Table 1", "Table 2", "Table 3", "Table S1")


def _printed(place: str) -> Entry:
    """Return a table of the publication, recomputed."""
    return Entry(
        f"paper-{place.lower().replace(' ', '-')}", (), f"{place} of the publication, recomputed",
        "", lambda shown: printed_table(shown, place), (),
        f"Not computed: expected.yaml holds no number of {place}.",
    )  # fmt: skip


RECORDS = (  # name, aliases, section, title, who is in it, what the study may not bring
    ("listing-disposition", ("DSL01",), "16.2.1", "Disposition", "Enrolled patients"),
    ("listing-deviations", ("PDL01",), "16.2.2", "Protocol deviations", "Enrolled patients"),
    ("listing-subjects", ("DML01",), "16.2.4", "Patients and their first days",
     "Enrolled patients"),
    ("listing-history", ("MHL01",), "16.2.4", "Medical history", "Enrolled patients"),
    ("listing-conmeds", ("CML01",), "16.2.4", "Other medication", "Enrolled patients"),
    ("listing-doses", ("EXL01",), "16.2.5", "Doses given", "Treated patients"),
    ("listing-lesions", ("ONCL01",), "16.2.6", "Lesions at each scan", "Enrolled patients"),
    ("listing-therapies", (), "16.2.6", "New anti-cancer therapies", "Enrolled patients"),
    ("listing-events", ("AEL02",), "16.2.7", "Adverse events", "Treated patients"),
    ("listing-serious-events", ("AEL03",), "16.2.7", "Serious adverse events",
     "Treated patients"),
    ("listing-deaths", ("DTHL01",), "16.2.7", "Deaths", "Enrolled patients"),
    ("listing-labs", ("LBL01",), "16.2.8", "Laboratory values", "Enrolled patients"),
)  # fmt: skip


def _record_entry(
    name: str, aliases: tuple[str, ...], part: str, title: str, population: str
) -> Entry:
    absence = f"Not collected: the study brings no such records ({title.lower()})."
    return Entry(
        name, aliases, title, part,
        lambda shown: record_listing(shown, name, title, population), (), absence,
    )  # fmt: skip


ENTRIES = (
    *TABLES,
    *(_printed(place) for place in PRINTED),
    Entry(
        "listing-screening", (), "Screened and not enrolled, with the criterion", "16.2.3",
        lambda shown: screening_listing(shown, "Screened and not enrolled, with the criterion"),
        (), "Not collected: the study brings no screening records.",
    ),
    Entry(
        "listing-eligibility", (), "Eligibility: the facts that decided each criterion", "16.2.4",
        lambda shown: eligibility_listing(
            shown, "Eligibility: the facts that decided each criterion"
        ),
        (), "Not collected: the study brings no facts of screening (facts.csv), or unsound ones.",
    ),
    *(_record_entry(*one) for one in RECORDS),
    Entry(
        "listing-severe-labs", (), "Laboratory values of grade 3 or higher", "16.2.8",
        lambda shown: severe_lab_listing(shown, "Laboratory values of grade 3 or higher"),
        (), "Not collected: the study brings no laboratory values.",
    ),
)  # fmt: skip


def find_entry(name: str) -> Entry:
    """Return a table by its name or by an alias, in either case.

    Raises
    ------
    InputError
        If no table has the name: with the nearest, or all of them.

    Examples
    --------
    >>> find_entry("rspt01").name
    'response'
    """
    by_name = dict(_names())
    found = by_name.get(name.lower())
    if found is None:
        shown = nearest(name, by_name) or f"; known are {', '.join(one.name for one in ENTRIES)}"
        raise InputError(f"no table {name!r}{shown}")
    return found


def _names() -> Iterator[tuple[str, Entry]]:
    for one in ENTRIES:
        yield from ((name.lower(), one) for name in (one.name, *one.aliases))


def build_table(entry: Entry, shown: Shown, number: str = "") -> Table:
    """Build one table; one that the study's data cannot support is empty and says why."""
    is_there = not entry.needs or shown.has_any(*entry.needs)
    table = entry.build(shown) if is_there else None
    if table is None:
        table = Table("", "", entry.title, "", "", (), (), absence=entry.absence)
    return replace(table, id=f"table-{entry.name}", number=number)
