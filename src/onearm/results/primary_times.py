"""The verdict on a primary endpoint that is a time to an event, by the test of the design.

Takes the times of the subjects and the protocol's survival design, gives rows.

* **One-sample log-rank**: met when Z > z(1 - alpha); a Z equal to the critical value is not
  enough. O counts the events, E adds each subject's cumulative hazard under the historical
  curve; Z = (E - O) / sqrt(E), in the modified test (Wu) (E - O) / sqrt((O + E) / 2).
* **Rate at a time**: met when so many subjects are known to be without event on that day that,
  under the historical rate, as many or more have a probability of at most alpha. Who was
  censored before that day is not known to be without event.
* **The declared analysis**: as many subjects as the design needs, and then the planned
  follow-up of the last of them, or as many events as are expected by that day under the wanted
  curve. Before it the verdict is withheld; a study whose state is closed has reached its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import takewhile

from onearm.clinical.derived import Event
from onearm.design.binomial import at_least
from onearm.format import count_of, number, plain
from onearm.protocol.model import Protocol
from onearm.protocol.planned_design import SurvivalDesign
from onearm.results.ledger import Entry, Ledger, Person, Population
from onearm.results.model import Contribution, Row
from onearm.results.plan import ALL, Analysis
from onearm.results.times import event_of
from onearm.results.two_stage import CLOSED
from onearm.stats.logrank import CumulativeHazard, one_sample_logrank, weibull_hazard
from onearm.terms import Kind


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a verdict is reached from: the times, the design, and its computed numbers."""

    people: tuple[tuple[Person, Event], ...]
    planned: SurvivalDesign
    numbers: dict[str, Row]
    protocol: Protocol

    @property
    def events(self) -> list[Event]:
        """The times of the subjects."""
        return [event for _, event in self.people]

    def stated(self, statistic: str) -> float | None:
        """Return a number of the computed design."""
        row = self.numbers.get(statistic)
        return None if row is None else row.value


def add_primary_time(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the verdict on the endpoint of a survival design, and what it was reached from.

    Nothing where the endpoint has no times, or the design does not exist.
    """
    planned, entry = population.protocol.design, Entry(analysis, ALL)
    rows = takewhile(lambda row: row.analysis == "design", ledger.rows)
    numbers = {row.statistic: row for row in rows if row.item is None}
    if not isinstance(planned, SurvivalDesign) or "n" not in numbers:
        return
    found = [(p, event_of(p, planned.endpoint, "")) for p in population.of(analysis, ALL)]
    people = tuple((person, event) for person, event in found if event is not None)
    if not people or f"{planned.endpoint}/all" not in ledger.bases:
        return
    trial = _Trial(people, planned, numbers, population.protocol)
    (_add_rate if planned.test == "rate" else _add_logrank)(ledger, entry, trial)


def _add_logrank(ledger: Ledger, entry: Entry, trial: _Trial) -> None:
    planned, events = trial.planned, trial.events
    test = one_sample_logrank(
        [event.time for event in events], [event.is_event for event in events],
        _hazard(planned), level=trial.protocol.analysis.level,
    )  # fmt: skip
    is_modified = planned.test == "modified one-sample log-rank"
    z, p = (test.z_wu, test.p_value_wu) if is_modified else (test.z, test.p_value)
    critical = trial.stated("critical")
    assert critical is not None  # every log-rank design has one
    is_met = z > critical
    basis, method = f"{planned.endpoint}/all", planned.test
    _add_met(
        ledger, entry, trial, basis, is_met=is_met,
        rule=f"{method}: Z above z(1 - alpha), one-sided alpha {planned.alpha}",
        formula=f"{number(z, 4)} {'>' if is_met else '<='} {number(critical, 4)}",
    )  # fmt: skip
    root = "(O + E) / 2" if is_modified else "E"
    hazards = "sum of each subject's cumulative hazard under the historical curve"
    limit = "exact Poisson limit of O / E"
    rows: tuple[tuple[str, Kind, float | int, str], ...] = (
        ("z", Kind.QUANTITY, z, f"(E - O) / sqrt({root}); positive is better"),
        ("critical", Kind.QUANTITY, critical, f"z(1 - {planned.alpha})"),
        ("p_value", Kind.P_VALUE, p, "one-sided: 1 - Phi(Z)"),
        ("events", Kind.COUNT, test.observed, "O"),
        ("expected", Kind.QUANTITY, test.expected, f"E: {hazards}"),
        ("ratio", Kind.RATIO, test.ratio, "O / E"),
        ("lower", Kind.RATIO, test.lower, limit),
        ("upper", Kind.RATIO, test.upper, limit),
    )
    for statistic, kind, value, formula in rows:
        level = test.level if statistic in ("lower", "upper") else None
        ledger.add(entry, statistic, kind, value, level=level, method=method, basis=basis,
                   formula=formula)  # fmt: skip
    _add_plan(ledger, entry, trial, basis)


def _hazard(planned: SurvivalDesign) -> CumulativeHazard:
    """Return the cumulative hazard under the historical curve, by days."""
    null, shape = planned.null, float(planned.shape or 1)
    if null.median is not None:
        return weibull_hazard(float(null.median.days), shape=shape)
    assert null.rate is not None  # the design exists: a curve has a median, or a rate and time
    assert null.at is not None
    return weibull_hazard(float(null.at.days), float(null.rate), shape=shape)


def _add_rate(ledger: Ledger, entry: Entry, trial: _Trial) -> None:
    planned, events = trial.planned, trial.events
    assert planned.null.rate is not None  # the design exists: it has a rate, at a time
    assert planned.null.at is not None
    at, rate = planned.null.at, Fraction(planned.null.rate)
    free = sum(_is_free(event, at.days) for event in events)
    chance = [at_least(k, len(events), rate) for k in range(len(events) + 1)]
    needed = next((k for k, p in enumerate(chance) if p <= Fraction(planned.alpha)), None)
    is_met = needed is not None and free >= needed
    basis = ledger.basis(
        entry, f"known to be without event at {at}", f"{entry.analysis.set} subjects with a time",
        [_at_landmark(person, event, at.days) for person, event in trial.people],
    )  # fmt: skip
    rule = f"P({planned.endpoint} at {at} as seen or better | {rate}) at most {planned.alpha}"
    _add_met(
        ledger, entry, trial, basis, is_met=is_met, rule=rule,
        formula=f"{free} {'>=' if is_met else '<'} {needed} of {len(events)}",
    )  # fmt: skip
    unknown = sum(event.time < at.days and not event.is_event for event in events)
    ledger.share(entry, free, len(events), basis)
    ledger.add(entry, "unknown", Kind.COUNT, unknown, basis=basis,
               formula=f"censored before {at}; not counted as without event")  # fmt: skip
    ledger.add(
        entry, "needed", Kind.COUNT, needed, method=rule, basis=basis,
        note="no count meets the rule" if needed is None else None,
        formula=f"fewest without event of {len(events)} that meet the rule",
    )  # fmt: skip
    ledger.add(entry, "p_value", Kind.P_VALUE, float(chance[free]), method=rule, basis=basis,
               formula=f"exact: {free} or more of {len(events)} under {rate}")  # fmt: skip
    _add_plan(ledger, entry, trial, basis)


def _is_free(event: Event, days: Fraction) -> bool:
    """Return whether a subject is known to be without event on a day; an event on it is one."""
    return event.time > days or (event.time == days and not event.is_event)


def _at_landmark(person: Person, event: Event, days: Fraction) -> Contribution:
    is_free = _is_free(event, days)
    return Contribution(
        person.subject_id, "counted" if is_free else "not counted", f"{event.time} days",
        f"{event.rule}: {event.reason}", event.sources,
    )  # fmt: skip


def _add_met(
    ledger: Ledger,
    entry: Entry,
    trial: _Trial,
    basis: str,
    *,
    is_met: bool,
    rule: str,
    formula: str,
) -> None:
    """Add the verdict, or why there is none yet, and whether the declared analysis is reached."""
    is_complete, standing = _standing(trial)
    status = trial.protocol.study.status
    is_closed = status is not None and status.state in CLOSED
    is_due = is_complete or is_closed
    reached = "the declared analysis" if is_complete else "before the declared analysis"
    closed = "; the study is closed" if is_closed and not is_complete else ""
    told = f"{reached}: {'; '.join(standing)}{closed}"
    code = ("Y" if is_met else "N") if is_due else None
    ledger.add(entry, "met", Kind.CODE, code=code, note=told, method=rule, basis=basis,
               formula=formula)  # fmt: skip
    ledger.add(
        entry, "reached", Kind.CODE, code="Y" if is_complete else "N", note=told, basis=basis,
        formula="subjects, and then follow-up or events, as planned",
    )  # fmt: skip


def _standing(trial: _Trial) -> tuple[bool, list[str]]:
    """Return whether the declared analysis is reached, and where subjects, events, days stand."""
    events, planned = trial.events, trial.planned
    n, wanted = trial.stated("n"), trial.stated("events_target")
    assert n is not None  # without it there is no verdict
    happened = sum(event.is_event for event in events)
    words = [f"{len(events)} of {n} subjects"]
    is_ripe = wanted is not None and happened >= wanted
    if wanted is not None:
        words.append(f"{count_of(happened, 'event')} of {number(wanted, 1)} expected by its end")
    days, follow_up = _followed(trial), planned.follow_up.days
    if days is not None:
        is_ripe = is_ripe or days >= follow_up
        followed = count_of(days, "day")
        words.append(f"{followed} since the last of them began, {plain(float(follow_up))} planned")
    return len(events) >= n and is_ripe, words


def _followed(trial: _Trial) -> int | None:
    """Return the days from the last subject's first day to the cut-off, where both are known."""
    cutoff = trial.protocol.study.data_cutoff
    starts = [event.start for event in trial.events if event.start is not None]
    return (cutoff - max(starts)).days if cutoff is not None and starts else None


def _add_plan(ledger: Ledger, entry: Entry, trial: _Trial, basis: str) -> None:
    """Add what the design stands on: subjects, events, and both hypotheses."""
    n, wanted = trial.stated("n"), trial.stated("events_target")
    ledger.add(entry, "subjects", Kind.COUNT, len(trial.events), basis=basis)
    for statistic, kind, value in (
        ("planned_subjects", Kind.COUNT, n), ("planned_events", Kind.QUANTITY, wanted),
    ):  # fmt: skip
        if value is not None:
            ledger.add(entry, statistic, kind, value, basis=basis, formula="by the planned design")
    followed = _followed(trial)
    if followed is not None:
        ledger.add(entry, "followed", Kind.DURATION, followed, unit="days", basis=basis,
                   formula="data cut-off - first day of the last subject")  # fmt: skip
    for statistic, kind, value in _hypotheses(trial.planned):
        ledger.add(entry, statistic, kind, value, basis=basis,
                   formula="as the protocol states it")  # fmt: skip


def _hypotheses(planned: SurvivalDesign) -> Iterator[tuple[str, Kind, float]]:
    yield "alpha", Kind.PROPORTION, float(planned.alpha)
    yield "planned_follow_up", Kind.DURATION, float(planned.follow_up.days)
    for name, curve in (("null", planned.null), ("target", planned.alternative)):
        if curve.median is not None:
            yield f"{name}_median", Kind.DURATION, float(curve.median.days)
        if curve.rate is not None and curve.at is not None:
            yield f"{name}_rate", Kind.PROPORTION, float(curve.rate)
            yield f"{name}_time", Kind.DURATION, float(curve.at.days)
