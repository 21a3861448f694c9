"""Response, PFS and OS by biomarker: who can be evaluated, estimates with intervals, tests.

Takes markers before treatment and what the rules derived, gives rows. A binary
marker is set against response by Fisher's exact test with the exact odds ratio,
a continuous one by the area under the ROC curve; PFS and OS by Cox's model, for
levels also by the log-rank test. Each p-value stands beside an estimate with its
interval, and, for the number of all tests, adjusted by Holm's procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from onearm.clinical.biomarkers import MarkerValue, levels_of, marker_value
from onearm.clinical.derived import Event
from onearm.protocol.schedule import PlannedBiomarker
from onearm.results.hazards import add_hazard_ratio
from onearm.results.ledger import Entry, Ledger, Person, Population, Told, tally_of
from onearm.results.model import Contribution, slugs
from onearm.results.plan import ALL, Analysis, markers_of
from onearm.stats.association import auc, fisher_exact, holm
from onearm.stats.descriptive import describe
from onearm.stats.logrank import logrank
from onearm.terms import Kind

TIMES = {"biomarker-pfs": "pfs", "biomarker-os": "os"}
ENDPOINTS = ("orr", "pfs", "os")
DESCRIBED = ("median", "q1", "q3", "minimum", "maximum")


@dataclass(frozen=True, slots=True)
class _Known:
    """A subject with its marker."""

    person: Person
    marker: MarkerValue


def add_marker_set(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add of each marker who can be evaluated, with the reason for everybody who cannot."""
    for marker, name in _markers(population).items():
        told, counted = {}, set()
        for person in population.of(analysis, ALL):
            found = marker_value(person.records, marker)
            told[person.subject_id] = Told(found.level, found.reason, found.sources)
            if found.is_evaluable:
                counted.add(person.subject_id)
        entry = Entry(analysis, ALL, "", f"marker:{name}", marker.label)
        who = f"{marker.label} known before treatment"
        tally_of(ledger, entry, told, counted, who, f"{analysis.set} subjects")


def _markers(population: Population) -> dict[PlannedBiomarker, str]:
    """Return the markers that are analysed and were collected, with their names in ids."""
    if all(person.records.biomarkers is None for person in population.people):
        return {}
    names = slugs(marker.id for marker in population.protocol.biomarkers)
    wanted = {one.id for endpoint in ENDPOINTS for one in markers_of(population.protocol, endpoint)}
    return {one: names[one.id] for one in population.protocol.biomarkers if one.id in wanted}


def _of_endpoint(
    population: Population, analysis: Analysis, endpoint: str
) -> Iterator[tuple[PlannedBiomarker, str, list[_Known]]]:
    wanted = {marker.id for marker in markers_of(population.protocol, endpoint)}
    for marker, name in _markers(population).items():
        if marker.id in wanted:
            pairs = [
                _Known(person, marker_value(person.records, marker))
                for person in population.of(analysis, ALL)
            ]
            yield marker, name, [one for one in pairs if one.marker.is_evaluable]


def add_marker_response(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the association of each marker with a confirmed response."""
    if all(p.answers.best.confirmed_response is None for p in population.people):
        return  # not known
    for marker, name, known in _of_endpoint(population, analysis, "orr"):
        entry = Entry(analysis, ALL, "", f"marker:{name}", marker.label)
        basis = ledger.basis(
            entry, "confirmed CR or PR", f"{analysis.set} subjects with {marker.label}",
            _responses(known),
        )  # fmt: skip
        ledger.add(entry, "total", Kind.COUNT, len(known), basis=basis)
        levels = levels_of(marker)
        if levels:
            _add_odds_ratio(ledger, population, entry, known, levels, basis)
        if marker.kind == "continuous":
            _add_area(ledger, population, entry, known, basis, "auc_" if levels else "")
            _add_values(ledger, population, entry, marker, known)


def _responses(known: Sequence[_Known]) -> Callable[[], Iterator[Contribution]]:
    def make() -> Iterator[Contribution]:
        for one in known:
            best = one.person.answers.best
            role = "counted" if best.confirmed_response else "not counted"
            sources = tuple(dict.fromkeys(best.sources + one.marker.sources))
            reason = f"{one.marker.reason}; {best.reason}"
            yield Contribution(one.person.subject_id, role, best.confirmed_best, reason, sources)

    return make


def _responded(one: _Known) -> bool:
    return bool(one.person.answers.best.confirmed_response)


def _add_odds_ratio(
    ledger: Ledger,
    population: Population,
    entry: Entry,
    known: Sequence[_Known],
    levels: Sequence[str],
    basis: str,
) -> None:
    counts = [
        (sum(_responded(one) for one in own), len(own))
        for own in ([one for one in known if one.marker.level == level] for level in levels)
    ]
    (a, m), (c, n) = counts
    level = population.protocol.analysis.level
    found = fisher_exact(a, m - a, c, n - c, level=level)
    formula = f"{a} / {m} ({levels[0]}) against {c} / {n} ({levels[1]})"
    method = "fisher, conditional maximum likelihood, exact limits"
    for statistic, value in (
        ("odds_ratio", found.estimate), ("lower", found.lower), ("upper", found.upper),
    ):  # fmt: skip
        ledger.add(
            entry, statistic, Kind.RATIO, value, level=level, method=method, basis=basis,
            note=None if value is not None else found.note, formula=formula,
        )  # fmt: skip
    ledger.add(
        entry, "p_value", Kind.P_VALUE, found.p_value, method="fisher, two-sided", basis=basis,
        formula=formula,
    )  # fmt: skip


def _add_area(
    ledger: Ledger,
    population: Population,
    entry: Entry,
    known: Sequence[_Known],
    basis: str,
    prefix: str,
) -> None:
    level = population.protocol.analysis.level
    values = [float(one.marker.number or 0) for one in known]
    found = auc(values, [_responded(one) for one in known], level=level) if known else None
    for statistic, value in (
        ("auc", found.estimate if found else None),
        (f"{prefix}lower", found.lower if found else None),
        (f"{prefix}upper", found.upper if found else None),
    ):
        note = None if value is not None else (found.note if found else "nobody with a value")
        ledger.add(
            entry, statistic, Kind.RATIO, value, level=level, method="delong", note=note,
            basis=basis, formula="share of pairs in which the responder has the higher value",
        )  # fmt: skip
    p_value = found.p_value if found else None
    ledger.add(
        entry, f"{prefix}p_value", Kind.P_VALUE, p_value,
        method="delong, of an area of one half, two-sided", basis=basis,
        note=None if p_value is not None else (found.note if found else "nobody with a value"),
    )  # fmt: skip


def _add_values(
    ledger: Ledger,
    population: Population,
    entry: Entry,
    marker: PlannedBiomarker,
    known: Sequence[_Known],
) -> None:
    for name, has in (("responders", True), ("non-responders", False)):
        own = [one for one in known if _responded(one) is has]
        label = f"{marker.label}, {name}"
        item = Entry(entry.analysis, ALL, "", f"{entry.item}:{name}", label)
        basis = ledger.basis(item, marker.label, name, [
            Contribution(
                one.person.subject_id, "value", str(one.marker.number), one.marker.reason,
                one.marker.sources,
            )
            for one in own
        ])  # fmt: skip
        numbers = [one.marker.number for one in own if one.marker.number is not None]
        about = describe(numbers, quartiles=population.protocol.analysis.quartiles)
        ledger.add(item, "n", Kind.COUNT, about.n, basis=basis)
        for statistic in DESCRIBED:
            value = getattr(about, statistic)
            ledger.add(
                item, statistic, Kind.QUANTITY, None if value is None else float(value),
                unit=marker.unit, basis=basis, note=None if value is not None else "nobody",
                method=about.quartiles if statistic in ("q1", "median", "q3") else None,
            )  # fmt: skip


def add_marker_times(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the hazard ratio of each marker for PFS or OS, and of levels the log-rank test.

    Of two levels, the first against the second; of a number, for one unit more.
    """
    endpoint = TIMES[analysis.id]
    for marker, name, known in _of_endpoint(population, analysis, endpoint):
        pairs = [
            (one, event)
            for one in known
            if (event := one.person.answers.events.get(endpoint)) and event.days is not None
        ]
        levels = levels_of(marker)
        entry = Entry(analysis, ALL, "", f"marker:{name}", marker.label)
        words = f"{analysis.set} subjects with a time and {marker.label}"
        basis = ledger.basis(entry, "event", words, _times(pairs))
        ledger.add(entry, "total", Kind.COUNT, len(pairs), basis=basis)
        ledger.add(
            entry, "events", Kind.COUNT, sum(event.is_event for _, event in pairs), basis=basis
        )
        rows = [
            (0.0, event.time, event.is_event, _covariate(one.marker, levels))
            for one, event in pairs
        ]
        add_hazard_ratio(ledger, population, entry, rows, basis)
        if levels and pairs:
            _add_logrank(ledger, entry, pairs, basis)


def _covariate(marker: MarkerValue, levels: Sequence[str]) -> float:
    return float(marker.level == levels[0]) if levels else float(marker.number or 0)


def _times(pairs: Sequence[tuple[_Known, Event]]) -> Callable[[], Iterator[Contribution]]:
    def make() -> Iterator[Contribution]:
        for one, event in pairs:
            yield Contribution(
                one.person.subject_id, "event" if event.is_event else "censored",
                f"{event.days} days", f"{one.marker.reason}; {event.rule}: {event.reason}",
                tuple(dict.fromkeys(event.sources + one.marker.sources)),
            )  # fmt: skip

    return make


def _add_logrank(
    ledger: Ledger, entry: Entry, pairs: Sequence[tuple[_Known, Event]], basis: str
) -> None:
    groups = [one.marker.level for one, _ in pairs]
    found = None
    if len(set(groups)) == 2:
        found = logrank(
            [event.time for _, event in pairs], [event.is_event for _, event in pairs], groups
        )
    for statistic, kind, value in (
        ("logrank_chi_square", Kind.QUANTITY, found.chi_square if found else None),
        ("logrank_p_value", Kind.P_VALUE, found.p_value if found else None),
    ):
        note = None if value is not None else (found.note if found else "all at one level")
        ledger.add(entry, statistic, kind, value, method="log-rank", note=note, basis=basis)


def add_marker_tests(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add how many tests of biomarkers there are, and each p-value adjusted for them.

    The tests are that of each marker and endpoint: Fisher's or the area's for response,
    the likelihood ratio's for PFS and OS.
    """
    if not _markers(population):
        return
    rows = [
        row
        for row in ledger.rows
        if row.analysis in ("biomarker-response", *TIMES)
        and row.variant == "default"
        and row.statistic in ("p_value", "auc_p_value")
    ]
    if not rows:
        return
    tested = [row for row in rows if row.value is not None]
    adjusted = dict(
        zip(
            (row.id for row in tested), holm([float(row.value or 0) for row in tested]), strict=True
        )
    )
    entry = Entry(analysis, ALL)
    ledger.add(
        entry, "count", Kind.COUNT, len(tested), basis=rows[0].basis,
        formula="tests of a marker against an endpoint, of this list",
    )  # fmt: skip
    for row in rows:
        what = row.analysis.removeprefix("biomarker-")
        statistic = row.statistic.replace("p_value", "p_value_holm")
        item = Entry(analysis, ALL, "", f"{what}:{row.item}", f"{what}: {row.label}")
        ledger.add(
            item, statistic, Kind.P_VALUE, adjusted.get(row.id), basis=row.basis,
            method=f"holm, of {len(tested)} tests", formula=f"from {row.id}",
            note=None if row.id in adjusted else row.note,
        )  # fmt: skip
