"""Runs the planned analyses over all subjects and writes the results down.

Takes the protocol, the records and what the rules derived from them, gives
``Results``. What counts over subjects lives in this package; one subject's
rules live in ``clinical``, formulas in ``stats``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onearm.clinical.readings import PlannedReading, planned_readings
from onearm.clinical.records import Screening, SubjectRecords
from onearm.clinical.subject import SubjectAnswers
from onearm.errors import DesignError
from onearm.protocol.ctcae import Ctcae
from onearm.protocol.model import Protocol
from onearm.results.adverse_events import add_safety
from onearm.results.beyond import add_beyond
from onearm.results.biomarkers import (
    add_marker_response,
    add_marker_set,
    add_marker_tests,
    add_marker_times,
)
from onearm.results.computable import computable
from onearm.results.design_rows import BASIS, planned_design
from onearm.results.deviations import add_deviations, add_screen_failures
from onearm.results.disposition import add_deaths, add_disposition
from onearm.results.doses import add_exposure, add_reduced, add_treatment_time
from onearm.results.emergent import add_emergent, add_special_interest
from onearm.results.exposure import add_intensity
from onearm.results.immune_outcome import add_hazard, add_landmark
from onearm.results.immune_related import add_incidence, add_irae_outcome, add_irsae
from onearm.results.lab_abnormal import add_lab_abnormal
from onearm.results.labs import add_lab_shift, add_lab_worst
from onearm.results.ledger import Ledger, Person, Population
from onearm.results.liver import add_liver
from onearm.results.model import Results
from onearm.results.people import add_baseline, add_change, add_flow, add_happened
from onearm.results.plan import Analysis, plan
from onearm.results.primary_counts import add_primary_count
from onearm.results.primary_times import add_primary_time
from onearm.results.rates import add_primary, add_rate, add_responses
from onearm.results.readers import add_agreement, add_concordance
from onearm.results.serious import add_serious
from onearm.results.sites import add_accrual, add_sites
from onearm.results.times import add_time
from onearm.results.two_stage import add_two_stage

FAMILIES: dict[str, Callable[[Ledger, Population, Analysis], None]] = {
    "flow": add_flow,
    "baseline": add_baseline,
    "rate": add_rate,
    "responses": add_responses,
    "primary": add_primary,
    "primary-count": add_primary_count,
    "primary-time": add_primary_time,
    "happened": add_happened,
    "time": add_time,
    "change": add_change,
    "agreement": add_agreement,
    "concordance": add_concordance,
    "beyond": add_beyond,
    "safety": add_safety,
    "reduced": add_reduced,
    "exposure": add_exposure,
    "intensity": add_intensity,
    "irsae": add_irsae,
    "irae-outcome": add_irae_outcome,
    "incidence": add_incidence,
    "landmark": add_landmark,
    "hazard": add_hazard,
    "marker-set": add_marker_set,
    "marker-response": add_marker_response,
    "marker-time": add_marker_times,
    "marker-tests": add_marker_tests,
    "emergent": add_emergent,
    "serious": add_serious,
    "special-interest": add_special_interest,
    "disposition": add_disposition,
    "deaths": add_deaths,
    "deviations": add_deviations,
    "screening": add_screen_failures,
    "accrual": add_accrual,
    "sites": add_sites,
    "treatment-time": add_treatment_time,
    "lab-worst": add_lab_worst,
    "lab-shift": add_lab_shift,
    "lab-abnormal": add_lab_abnormal,
    "liver": add_liver,
    "two-stage": add_two_stage,
}


def run_analyses(
    protocol: Protocol,
    records: Sequence[SubjectRecords],
    answers: Sequence[SubjectAnswers],
    screening: Sequence[Screening] | None,
    readings: Sequence[PlannedReading] | None = None,
    ctcae: Ctcae | None = None,
) -> Results:
    """Compute every planned result.

    Parameters
    ----------
    protocol
        What was planned.
    records, answers
        One entry a subject, in the same order.
    screening
        Everybody who was screened; None when not collected.
    readings
        The other sources and evaluators, as the answers have them; by default
        what the records hold.
    ctcae
        The criteria by which laboratory values are graded; without them none are.
    """
    if readings is None:
        readings = planned_readings(records, protocol.response)
    people = tuple(Person(r, a) for r, a in zip(records, answers, strict=True))
    screened = None if screening is None else tuple(screening)
    population = Population(protocol, people, screened, ctcae)
    ledger = _with_design(protocol)
    for analysis in plan(protocol, readings):
        known = computable(population, analysis)
        if known is not None:
            FAMILIES[analysis.family](ledger, population, known)
    return ledger.results()


def _with_design(protocol: Protocol) -> Ledger:
    """Return a ledger that begins with the planned design; one that does not exist has no row."""
    try:
        rows = planned_design(protocol).rows
    except DesignError:
        return Ledger()  # `check` says why
    return Ledger(list(rows), {BASIS.id: lambda: BASIS})
