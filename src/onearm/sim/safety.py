"""What the drawn adverse events amount to: patients with events, doses, and stopping for toxicity.

Takes a judged block, gives columns of each trial, and when the boundary of the
protocol (``safety.stopping``) stops it: on the day on which the number of
patients with a qualifying event, among the first n by enrolment, reaches the
bound (>=). Formats nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from onearm.design.toxicity import ToxicityBoundary
from onearm.protocol.model import Protocol
from onearm.protocol.stopping import ToxicEvent
from onearm.sim.dosing import INTERRUPT, Dosing, doses_until
from onearm.sim.seen import NEVER, PD, Bools, Facts, Ints, TimePoints
from onearm.sim.toxicity import Toxic, Toxicity, given_drugs

SEVERE = 3
SHARES = {
    "with_event": "With an adverse event",
    "severe": f"With a related event of grade {SEVERE} or higher",
    "interrupted": "With an interruption",
    "reduced": "With a reduced dose",
    "discontinued": "Treatment stopped for toxicity",
}
"""Columns that count patients of a trial, and what they count."""
STOPPING = ("toxicity_stop", "toxicity_crossed")
"""Columns that say whether a trial is stopped for toxicity, and would be were all enrolled."""
INTENSITY = "intensity_"
"""Begins the column of a drug's relative dose intensity."""


@dataclass(frozen=True, slots=True)
class Treated:
    """Until when patients are treated; ``end`` is ``stop``, or the cut where treatment goes on."""

    stop: Ints
    end: Ints
    is_toxic: Bools  # treatment was stopped for toxicity


def treated(points: TimePoints, facts: Facts, horizon: int) -> Treated:
    """Return the end of treatment: progression, toxicity, death or the last contact."""
    is_pd = (points.overall == PD) & (points.day > 0)
    progression = np.where(is_pd, points.day, NEVER).min(axis=0)
    end = np.minimum(np.minimum(progression, facts.discontinuation), facts.death)
    is_lost = (facts.last_contact < np.minimum(facts.cutoff, horizon)) & (facts.death == NEVER)
    is_over = (end < NEVER) | is_lost
    stop = np.where(end < NEVER, end, facts.last_contact)
    is_toxic = (facts.discontinuation <= stop) & (facts.discontinuation < progression)
    return Treated(stop, np.where(is_over, stop, facts.cutoff), is_toxic)


def toxicity_columns(
    dosing: Dosing,
    toxicity: Toxicity,
    protocol: Protocol,
    until: Treated,
    enrolled: Bools,
    entry: Ints,
) -> dict[str, npt.NDArray[np.generic]]:
    """Return how many patients of each trial had what, and mean relative dose intensities.

    ``enrolled`` is by trials and patients, ``entry`` by patients of all trials.
    """
    has = dosing.onset <= until.stop
    severe = [event.grade >= SEVERE and event.related for event in toxicity.events]
    doses = doses_until(dosing, protocol.treatment, until.stop, until.end, entry)
    of_patients = {
        "with_event": has.any(axis=(0, 1)),
        "severe": has[:, severe].any(axis=(0, 1)),
        "interrupted": (has & (dosing.action == INTERRUPT)).any(axis=(0, 1)),
        "reduced": doses.is_reduced.any(axis=0),
        "discontinued": until.is_toxic,
    }
    shape = enrolled.shape
    found: dict[str, npt.NDArray[np.generic]] = {
        name: (values.reshape(shape) & enrolled).sum(axis=1) for name, values in of_patients.items()
    }
    for d, drug in enumerate(given_drugs(protocol.treatment)):
        relative = (doses.given[d] * doses.planned_days[d]) / np.maximum(
            doses.planned[d] * doses.actual_days[d], 1
        )
        counts = (doses.given[d] > 0).reshape(shape) & enrolled
        total = np.where(counts, relative.reshape(shape), 0).sum(axis=1)
        n = counts.sum(axis=1)
        found[INTENSITY + drug.name] = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return found


def first_qualifying(dosing: Dosing, toxicity: Toxicity, rule: ToxicEvent, until: Ints) -> Ints:
    """Return the day of the first event that the boundary counts, NEVER without one."""
    counts = [_counts(event, rule) for event in toxicity.events]
    onset = dosing.onset[:, counts]
    is_in = (onset <= until) & (onset < rule.within)  # the day of the first dose is day 1
    return np.asarray(np.where(is_in, onset, NEVER).min(axis=(0, 1), initial=NEVER))


def _counts(event: Toxic, rule: ToxicEvent) -> bool:
    terms = {term.casefold() for term in rule.terms or ()}
    return (
        event.grade >= rule.grade_at_least
        and (event.related or not rule.is_related)
        and (not terms or event.term.casefold() in terms)
    )


def crossing_day(boundary: ToxicityBoundary, day: Ints) -> Ints:
    """Return the day on which each trial reaches a bound, NEVER if it does not.

    ``day`` is the day of each patient's event since the opening of the trial;
    (trials, patients by enrolment).
    """
    found = np.full(len(day), NEVER, dtype=np.int64)
    for look in boundary.looks:
        if look.high is not None and look.high <= day.shape[1]:
            first = np.sort(day[:, : look.n], axis=1)
            if look.high <= first.shape[1]:
                found = np.minimum(found, first[:, look.high - 1])
    return found
