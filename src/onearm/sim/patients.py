"""Patients drawn by a scenario: entry, lesions, what each scan shows, what ends their course.

Takes a scenario and streams of random numbers, gives arrays for the kernel.
Every exponential, logarithm and random number of the simulation is here, in
numpy, rounded to whole tenths of a millimetre and whole days. The number of
draws depends on the size of the block alone, so that scenarios and designs
share their random numbers. Judges nothing.

Tumour size over time: exp(-d t) + exp(g t) - 1, relative to baseline (Stein
WD, et al. Oncologist 2008;13:1046-1054), with d and g log-normal over patients.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from onearm.clinical.lesions import LYMPH_NODE, MEASURABLE_NODE_UM, Limits
from onearm.errors import InputError
from onearm.protocol.model import Protocol
from onearm.sim.dosing import Dosing, draw_dosing, treated_days
from onearm.sim.scenario import Accrual, Hazard, Scenario
from onearm.sim.seen import (
    NEVER,
    NOT_SEEN,
    PERSISTS,
    WORSE,
    WORSE_NOW,
    Bools,
    Facts,
    Ints,
    NewLesions,
    Seen,
)

Floats = npt.NDArray[np.floating[Any]]
LARGEST = 20.0  # a tumour grows to 20 times its size at most
LARGEST_MM = 400.0
NODE_LEAST_MM = 3.0  # a normal node has a size of its own

STREAMS = (
    *("group", "sensitive", "shrinkage", "growth", "targets", "diameter", "organ", "non_target"),
    *("error", "jitter", "scan", "never", "death", "new_lesion", "progression", "dropout"),
    *("toxicity", "reduction", "therapy", "pseudo", "entry", "adverse", "action"),
)
"""One stream of random numbers for each thing that is drawn; new ones come last."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Drawn patients, trial by trial; facts are those of a follow-up to the horizon."""

    seen: Seen
    facts: Facts
    group: Ints
    organ: Ints  # (lesions, patients): position in the scenario's organs
    entry: Ints  # day of entry since the trial opened
    dose_reduction: Ints
    relative_size: Floats  # (visits, patients): the truth
    dosing: Dosing | None = None  # where the scenario states the toxicity


def streams(seed: int, block: int) -> dict[str, np.random.Generator]:
    """Return the random numbers of one block of trials: the same whoever computes it."""
    root = np.random.SeedSequence(seed, spawn_key=(block,))
    return {
        name: np.random.Generator(np.random.SFC64(child))
        for name, child in zip(STREAMS, root.spawn(len(STREAMS)), strict=True)
    }


def draw(
    scenario: Scenario,
    protocol: Protocol,
    rngs: dict[str, np.random.Generator],
    *,
    trials: int,
    n: int,
) -> Cohort:
    """Draw ``n`` patients for each of some trials; patient i of trial t is column t n + i."""
    p, every = trials * n, protocol.response.assess_every_days
    assert every is not None  # the scenario was checked against the protocol
    visits = max(1, scenario.horizon // every)
    group = _pick(rngs["group"], [one.share for one in scenario.groups], p)
    shrinkage, growth = _dynamics(scenario, rngs, group)
    jitter = rngs["jitter"].integers(
        -scenario.reading.jitter, scenario.reading.jitter, (visits, p), np.int32, endpoint=True
    )
    day = (np.arange(1, visits + 1, dtype=np.int32) * every)[:, None] + jitter
    time = day.astype(np.float32)
    entry = _entries(scenario.accrual, rngs["entry"], trials, n)
    dosing = _dosing(scenario, protocol, rngs, entry)
    size = np.exp(-shrinkage * _treated(scenario, protocol, dosing, day))
    size += np.exp(np.minimum(growth * time, np.float32(np.log(LARGEST))))
    size -= 1
    events = scenario.events
    death = _onset(rngs["death"], events.death, day, size)
    new = _onset(rngs["new_lesion"], events.new_lesion, day, size)
    dropout = _waiting(rngs["dropout"], events.dropout, p)
    toxicity = _waiting(rngs["toxicity"], events.stop_for_toxicity or 0, p)
    if dosing is not None:
        toxicity = dosing.discontinuation
    has_therapy = rngs["therapy"].random(p, np.float32) < events.new_therapy.share
    therapy = np.where(has_therapy & (toxicity < NEVER), toxicity + events.new_therapy.wait, NEVER)
    end = np.minimum(np.minimum(death, dropout), scenario.horizon)
    death = np.where((dropout < death) | (death > scenario.horizon), NEVER, death)
    chance = rngs["scan"].random((visits, p), np.float32)
    is_never = rngs["never"].random(p, np.float32) < scenario.reading.never_assessed
    is_scan = (chance >= scenario.reading.missed) & (day <= end) & ~is_never
    if scenario.toxicity is not None and scenario.toxicity.visits_after_stopping == "stop":
        is_scan &= day <= toxicity
    seen, organ = _scans(scenario, protocol, rngs, day, size, new, growth, chance, is_scan)
    nothing = np.full(p, NEVER, dtype=np.int32)
    facts = Facts(
        death,
        np.where(therapy < end, therapy, NEVER),
        nothing,
        np.where(toxicity < end, toxicity, NEVER),
        np.minimum(np.minimum(dropout, scenario.horizon), death),
        nothing,
        np.ones(p, dtype=bool),
    )
    reduction = _waiting(rngs["reduction"], events.dose_reduction or 0, p)
    return Cohort(seen, facts, group, organ, entry, reduction, size, dosing)


def _dosing(
    scenario: Scenario, protocol: Protocol, rngs: dict[str, np.random.Generator], entry: Ints
) -> Dosing | None:
    if scenario.toxicity is None:
        return None
    return draw_dosing(
        scenario.toxicity, protocol.treatment, rngs, horizon=scenario.horizon, entry=entry
    )


def _treated(scenario: Scenario, protocol: Protocol, dosing: Dosing | None, day: Ints) -> Floats:
    """Return how long the treatment acted on the tumour by each visit, in days."""
    if dosing is None or scenario.toxicity is None or not scenario.toxicity.shrinkage_by_dose:
        return day.astype(np.float32)
    return treated_days(dosing, scenario.toxicity, protocol.treatment, day)


def _pick(rng: np.random.Generator, shares: list[float], p: int) -> Ints:
    """Draw a position by shares that add up to 1."""
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(p), side="right").astype(np.int32)


def _log_normal(rng: np.random.Generator, median: Floats, cv: Floats) -> Floats:
    spread = np.sqrt(np.log1p(cv.astype(np.float32) ** 2))
    found = median.astype(np.float32) * np.exp(
        spread * rng.standard_normal(spread.shape, np.float32)
    )
    return np.asarray(found)


def _dynamics(
    scenario: Scenario, rngs: dict[str, np.random.Generator], group: Ints
) -> tuple[Floats, Floats]:
    """Return the rates of shrinkage (0 for a resistant tumour) and growth a day."""
    chances = np.array([one.sensitive for one in scenario.groups])
    is_sensitive = rngs["sensitive"].random(len(group)) < chances[group]

    def rates(name: str, field: str) -> Floats:
        return np.array([getattr(getattr(one, name), field) for one in scenario.groups])[group]

    shrinkage = _log_normal(
        rngs["shrinkage"], rates("shrinkage", "median"), rates("shrinkage", "cv")
    )
    growth = _log_normal(
        rngs["growth"],
        np.where(is_sensitive, rates("growth", "median"), rates("growth_resistant", "median")),
        np.where(is_sensitive, rates("growth", "cv"), rates("growth_resistant", "cv")),
    )
    return np.where(is_sensitive, shrinkage, np.float32(0)), growth


def _waiting(rng: np.random.Generator, rate: float, p: int) -> Ints:
    """Draw the day of an event of constant hazard, NEVER after some 300 years."""
    wait = rng.standard_exponential(p, np.float32)
    days = np.minimum(wait / max(rate, 1e-9), 1e5)
    return np.where(days < 1e5, np.ceil(days), NEVER).astype(np.int32)


def _onset(rng: np.random.Generator, hazard: Hazard, day: Ints, size: Floats) -> Ints:
    """Draw the day of an event whose hazard follows the tumour, NEVER after the last visit.

    The cumulative hazard is that of the trapezoid rule over the visits.
    """
    goal = rng.standard_exponential(day.shape[1], np.float32)
    found = np.full(day.shape[1], NEVER, dtype=np.int32)
    before, last_day = np.zeros_like(goal), np.zeros(day.shape[1], dtype=np.int32)
    last_size = np.ones_like(goal)
    is_open = np.ones(day.shape[1], dtype=bool)
    for v in range(len(day)):
        days = (day[v] - last_day).astype(np.float32)
        step = days * np.float32(hazard.baseline)
        step += days * (last_size + size[v]) * np.float32(hazard.by_size / 2)
        is_now = is_open & (before + step >= goal)
        share = np.clip((goal - before) / np.maximum(step, np.float32(1e-30)), 0, 1)
        onset = last_day + np.maximum(np.ceil(share * days), 1).astype(np.int32)
        found = np.where(is_now, onset, found)
        is_open &= ~is_now
        before, last_day, last_size = before + step, day[v], size[v]
    return found


def _scans(
    scenario: Scenario,
    protocol: Protocol,
    rngs: dict[str, np.random.Generator],
    day: Ints,
    size: Floats,
    new_lesion: Ints,
    growth: Floats,
    chance: Floats,
    is_scan: Bools,
) -> tuple[Seen, Ints]:
    """Return what the scans show, and the organ of each target."""
    (visits, p), about = day.shape, scenario.lesions
    n_targets = _pick(rngs["targets"], list(about.targets), p) + 1
    most = len(about.targets)
    has_target = np.arange(most, dtype=np.int32)[:, None] < n_targets
    organ = _organs(scenario, protocol, rngs["organ"], most, p)
    nodes = [at for at, name in enumerate(about.organs) if name == LYMPH_NODE]
    is_node = np.asarray(np.isin(organ, nodes) & has_target)
    least = np.where(is_node, max(about.diameter.least, MEASURABLE_NODE_UM / 1000),
                     about.diameter.least).astype(np.float32)  # fmt: skip
    shape = np.full((most, p), about.diameter.median), np.full((most, p), about.diameter.cv)
    true = np.clip(_log_normal(rngs["diameter"], *shape), least, LARGEST_MM / 4)
    errors = rngs["error"].standard_normal((visits + 1, most, p), np.float32)
    errors *= np.float32(scenario.reading.error)
    errors += 1
    integer = np.int32 if _is_small(protocol) else np.int64
    baseline = _measured(np.maximum(true * errors[0], least), integer) * has_target
    shown = size * _pseudo(scenario, rngs["pseudo"], day)
    sizes = errors[1:]
    sizes *= true
    sizes *= shown[:, None, :]
    np.clip(sizes, np.where(is_node, np.float32(NODE_LEAST_MM), np.float32(0)), LARGEST_MM,
            out=sizes)  # fmt: skip
    target_um = _measured(sizes, integer)
    is_gone = (true < about.gone_below / np.maximum(shown, np.float32(1e-6))[:, None, :]) & ~is_node
    target_um[is_gone | ~has_target] = 0
    _leave_out(target_um, n_targets, chance, scenario)
    has_non_target = np.less(rngs["non_target"].random(p, np.float32), about.non_target)
    progression = _waiting(rngs["progression"], scenario.events.non_target, p)
    bits = np.where(size < about.non_target_gone_below, 0, PERSISTS)
    bits = np.where(day >= progression, WORSE | WORSE_NOW | PERSISTS, bits) * has_non_target
    is_new = day >= new_lesion
    seen = Seen(
        day * is_scan,
        target_um,
        baseline,
        has_target,
        is_node,
        bits.astype(np.int8),
        has_non_target,
        is_new,
    )
    if protocol.response.also != "iRECIST":
        return seen, organ
    return _with_new(seen, scenario, new_lesion, growth, integer), organ


def _is_small(protocol: Protocol) -> bool:
    """Whether sums times the terms of the rules' fractions fit 32 bits."""
    limits = Limits(protocol.response.rules)
    terms = max(limits.pr_num, limits.pr_den, limits.pd_num, limits.pd_den)
    return protocol.response.rules.max_targets * LARGEST_MM * 1000 * terms < 2**31


def _measured(size_mm: Floats, integer: type[Any]) -> Ints:
    """Return sizes as they are written down: whole tenths of a millimetre, in micrometres."""
    tenths = np.rint(size_mm * np.float32(10)).astype(integer)
    return np.asarray(tenths * integer(100))


def _organs(
    scenario: Scenario, protocol: Protocol, rng: np.random.Generator, most: int, p: int
) -> Ints:
    """Draw the organ of each target, at most so many an organ as the rules allow."""
    shares = list(scenario.lesions.organs.values())
    found = np.stack([_pick(rng, shares, p) for _ in range(most)])
    for at in range(1, most):
        for _ in shares:
            same = (found[:at] == found[at]).sum(axis=0) >= protocol.response.rules.max_per_organ
            found[at] = np.where(same, (found[at] + 1) % len(shares), found[at])
    return found


def _pseudo(scenario: Scenario, rng: np.random.Generator, day: Ints) -> Floats:
    """Return the factor by which tumours look larger."""
    chance = rng.random(day.shape[1], np.float32)
    about = scenario.pseudo_progression
    if about is None or about.share == 0:
        return np.ones((1, day.shape[1]), dtype=np.float32)
    is_larger = (chance < about.share) & (day <= about.until)
    return np.where(is_larger, np.float32(1 + about.increase), np.float32(1))


def _leave_out(target_um: Ints, n_targets: Ints, chance: Floats, scenario: Scenario) -> None:
    """Mark one target as not assessed in the scans that lack one."""
    reading = scenario.reading
    if reading.not_read == 0:
        return
    within = (chance - reading.missed) / reading.not_read
    visit, patient = np.nonzero((within >= 0) & (within < 1))
    which = (within[visit, patient] * n_targets[patient]).astype(np.int32)
    target_um[visit, np.minimum(which, n_targets[patient] - 1), patient] = NOT_SEEN


def _with_new(
    seen: Seen, scenario: Scenario, new_lesion: Ints, growth: Floats, integer: type[Any]
) -> Seen:
    """Add the new lesion's sizes, for iRECIST; it grows as the tumour does."""
    p, visits = seen.day.shape[1], seen.day.shape[0]
    since = np.maximum(seen.day - new_lesion, 0).astype(np.float32)
    factor = np.exp(np.minimum(growth * since, np.float32(np.log(LARGEST))))
    sizes = _measured(np.float32(scenario.events.new_lesion_diameter) * factor, integer)
    shown = (seen.new_lesion & (seen.day > 0))[:, None, :]
    nothing = np.zeros((visits, 1, p), dtype=bool)
    new = NewLesions(
        np.where(shown, sizes[:, None, :], NOT_SEEN),
        shown,
        nothing,
        nothing,
        np.zeros((1, p), dtype=np.int32),
        np.zeros((1, p), dtype=bool),
    )
    return replace(seen, new=new)


def _entries(accrual: Accrual, rng: np.random.Generator, trials: int, n: int) -> Ints:
    """Draw the days of entry, in order; a day after the opening of the trial for each patient."""
    if accrual.kind == "constant":
        arrivals = np.tile(np.arange(1, n + 1, dtype=float), (trials, 1))
    else:
        arrivals = np.cumsum(rng.standard_exponential((trials, n)), axis=1)
    days = np.arange(0, 365 * 60)
    expected = _expected(accrual, days)
    if arrivals.max() > expected[-1]:
        raise InputError("accrual: the patients would not all enter within 60 years")
    found = np.floor(np.interp(arrivals, expected, days)).astype(np.int32)
    return np.asarray(found.reshape(-1))


def _expected(accrual: Accrual, days: Ints) -> Floats:
    """Return how many patients are expected to have entered by each day."""
    if accrual.kind == "sites":
        parts = [site.rate * np.maximum(days - site.opens, 0) for site in accrual.sites]
        return np.asarray(np.sum(parts, axis=0))
    rate = accrual.rate or 0.0
    if accrual.kind == "ramp" and accrual.reached_after:
        rise = accrual.reached_after
        return np.asarray(np.where(days < rise, days**2 / (2 * rise), days - rise / 2) * rate)
    return np.asarray(rate * days)
