"""Time to event: Kaplan-Meier curves with medians, landmark rates and steps.

Takes the events of the subjects, gives rows in days. Follow-up is the reverse
Kaplan-Meier curve of the same times. The step of a curve is named by its day.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import accumulate
from math import ceil

from onearm.clinical.derived import Event
from onearm.format import CENSORED, plain
from onearm.results.ledger import Entry, Ledger, Person, Population, Told, tally, tally_of
from onearm.results.model import Contribution, slug
from onearm.results.plan import Analysis
from onearm.stats.survival import (
    Quantile,
    SurvivalCurve,
    at_risk,
    kaplan_meier,
    quantile,
    reverse_kaplan_meier,
    survival_at,
)
from onearm.terms import DAYS_PER_MONTH, Kind

FOLLOW_UP = {"follow-up-pfs": "pfs", "follow-up-os": "os"}
MONTHS_BETWEEN_TICKS = 3
LEVEL = "the midpoint where it is level there"
WHY = {  # by the rule that decided; the words of `clinical.events`
    "PD": "Progression",
    "DEATH": "Death",
    "CLIN": "Symptomatic deterioration",
    "NACT": "New anti-cancer therapy",
    "DISC": "Treatment stopped without progression",
    "MISS2": "Two or more missed assessments before the event",
    "CUT": "No event up to the last adequate assessment",
    "NOPOST": "No adequate assessment after day 1",
    "NOBASE": "No baseline assessment",
}
WHY_OS = {
    "DEATH": "Death",
    "CUT": "Alive at the last contact",
    "NOPOST": "No contact after day 1",
}
ALIKE = {"DEATH_EARLY": "DEATH"}
OF_RESPONSE = ("dor", "idor")
WITH_REASONS = ("pfs", "os", "ipfs", "dor", "idor")
"""Times of which what ended them, event or censoring, is counted by rule."""


def add_time(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the curve of one endpoint for each group, each other preset and reader."""
    for group in analysis.groups:
        for variant in analysis.computed:
            people = population.of(analysis, group)
            _add_endpoint(ledger, population, Entry(analysis, group, variant), people)


def _add_endpoint(
    ledger: Ledger, population: Population, entry: Entry, everyone: Sequence[Person]
) -> None:
    name = entry.analysis.id
    endpoint, is_reverse = FOLLOW_UP.get(name, name), name in FOLLOW_UP
    found = [(person, event_of(person, endpoint, entry.variant)) for person in everyone]
    people = [(person, event) for person, event in found if event is not None]
    events = [event for _, event in people]
    basis = ledger.basis(
        entry,
        "last known without event" if is_reverse else "event",
        f"{entry.analysis.set} subjects with a time, {entry.group.label}",
        lambda: [_contribution(person, event, is_reverse) for person, event in people],
    )
    _add_counts(ledger, entry, events, basis, is_reverse)
    if not entry.variant and not is_reverse:
        rules: list[tuple[bool, str]] = []
        if name in WITH_REASONS:
            rules = population.kept(f"ends of {name}", partial(_rules, population, name))
        _add_shares(ledger, entry, events, basis, rules)
        if name in OF_RESPONSE:
            _add_observed(ledger, population, entry, people)
    _add_unknown(ledger, population, entry, everyone)
    if entry.variant:
        _add_moved(ledger, entry, found)
    if events:
        curve = _curve(events, population, is_reverse)
        _add_curve(ledger, entry, curve, events, population, basis)


def event_of(person: Person, endpoint: str, variant: str) -> Event | None:
    """Return the time of a subject that a variant counts; None without one that is known."""
    if reading := person.answers.readings.get(variant):
        event = reading.events.get(endpoint)
    elif variant:
        event = person.answers.pfs_by_preset.get(variant)
    else:
        event = person.answers.events.get(endpoint)
    return None if event is None or event.days is None else event


def _add_moved(ledger: Ledger, entry: Entry, people: Sequence[tuple[Person, Event | None]]) -> None:
    """Add whose time or status differs from the study's own, with both reasons.

    A time of responders may exist under one reading alone: then it differs.
    """
    parts: dict[bool, list[Contribution]] = {}
    for person, event in people:
        own = event_of(person, entry.analysis.id, "")
        if (own is None and event is None) or _is_unknown(person, entry):
            continue
        moved = _time_of(own) != _time_of(event)
        reason = _why(own)
        if moved:
            reason = f"{reason}; under {entry.variant} {_why(event)}"
        sources = tuple(dict.fromkeys(s for one in (own, event) if one for s in one.sources))
        role = "counted" if moved else "not counted"
        days = "no time" if event is None else f"{event.days} days"
        parts.setdefault(moved, []).append(
            Contribution(person.subject_id, role, days, reason, sources)
        )
    item = Entry(entry.analysis, entry.group, entry.variant, "moved", "time or status differs")
    what = f"time or status under {entry.variant} differs from the study's own"
    tally(ledger, item, parts, what, f"{entry.analysis.set} subjects with a time")


def _is_unknown(person: Person, entry: Entry) -> bool:
    """Whether the time of a subject, by the study's own choice or the variant, is not known."""
    found = (person.answers.unknown_time(entry.analysis.id, name) for name in ("", entry.variant))
    return any(found)


def _add_unknown(
    ledger: Ledger, population: Population, entry: Entry, everyone: Sequence[Person]
) -> None:
    """Add of how many subjects the time is not known, where there are any.

    They are left out of the curve. What the median would be, were each of these times
    the shortest or the longest that it can be, stands beside it.
    """
    name = entry.analysis.id
    endpoint, is_reverse = FOLLOW_UP.get(name, name), name in FOLLOW_UP
    unknown = {
        person.subject_id: one
        for person in everyone
        if (one := person.answers.unknown_time(endpoint, entry.variant)) is not None
    }
    if not unknown:
        return
    basis = ledger.basis(
        entry,
        "the day that ends the time was recorded in part only",
        f"{entry.analysis.set} subjects, {entry.group.label}",
        [
            Contribution(who, "not counted", one.detail, one.reason, one.sources)
            for who, one in unknown.items()
        ],
        part="unknown",
    )
    ledger.add(entry, "unknown", Kind.COUNT, len(unknown), basis=basis)
    found = [(one, event_of(one, endpoint, entry.variant)) for one in everyone]
    known = [event for _, event in found if event is not None]
    everybody = ledger.basis(
        entry,
        "a time, known or not",
        f"{entry.analysis.set} subjects, {entry.group.label}",
        [
            *(_contribution(one, event, is_reverse) for one, event in found if event is not None),
            *(
                Contribution(who, "counted", one.detail, one.reason, one.sources)
                for who, one in unknown.items()
            ),
        ],
        part="with_unknown",
    )
    ledger.add(
        entry, "with_unknown", Kind.COUNT, len(known) + len(unknown), basis=everybody,
        formula=f"{len(known)} with a known time + {len(unknown)} without",
    )  # fmt: skip
    for end, others in (
        ("shortest", [one.shortest for one in unknown.values()]),
        ("longest", [one.longest for one in unknown.values()]),
    ):
        events = [*known, *(event for event in others if event is not None)]
        if events and None not in others:
            half = quantile(_curve(events, population, is_reverse), 0.5)
            ledger.add(
                entry, f"median_{end}", Kind.DURATION, half.value, unit="days",
                method="kaplan-meier", basis=basis,
                note=None if half.value is not None else half.note or "not reached",
                formula=f"median, were each time that is not known the {end} that it can be",
            )  # fmt: skip


def _time_of(event: Event | None) -> tuple[float, bool] | None:
    return None if event is None else (event.time, event.is_event)


def _why(event: Event | None) -> str:
    return "no such time" if event is None else f"{event.rule}: {event.reason}"


def _contribution(person: Person, event: Event, is_reverse: bool) -> Contribution:
    happened = event.is_event is not is_reverse
    role = "event" if happened else "censored"
    return Contribution(
        person.subject_id,
        role,
        f"{event.days} days",
        f"{event.rule}: {event.reason}",
        event.sources,
    )


def _curve(events: Sequence[Event], population: Population, is_reverse: bool) -> SurvivalCurve:
    methods = population.protocol.analysis
    return (reverse_kaplan_meier if is_reverse else kaplan_meier)(
        [event.time for event in events],
        [event.is_event for event in events],
        level=methods.level,
        transform=methods.transform,
        convention=methods.convention,
    )


def _add_counts(
    ledger: Ledger, entry: Entry, events: Sequence[Event], basis: str, is_reverse: bool
) -> None:
    happened = sum(event.is_event is not is_reverse for event in events)
    ledger.add(entry, "total", Kind.COUNT, len(events), basis=basis)
    ledger.add(entry, "events", Kind.COUNT, happened, basis=basis)
    ledger.add(entry, "censored", Kind.COUNT, len(events) - happened, basis=basis)
    # At one time events come first: the least time is then an event, the longest is censored.
    for statistic, choose in (("minimum", min), ("maximum", max)):
        ends = ((event.days, event.is_event is is_reverse) for event in events)
        value, is_censored = choose(ends, default=(None, False))
        value = choose((event.time for event in events), default=None)
        note = None if events else "no subject with a time"
        note = CENSORED if is_censored else note
        ledger.add(entry, statistic, Kind.DURATION, value, unit="days", note=note, basis=basis)


def _add_shares(
    ledger: Ledger,
    entry: Entry,
    events: Sequence[Event],
    basis: str,
    found: Sequence[tuple[bool, str]],
) -> None:
    """Add the shares with and without event, and of all times the rules that ended them.

    The item ``event:pd`` counts the earliest contributing events of a kind,
    ``censored:cut`` those who were censored for a reason.
    """
    total, happened = len(events), sum(event.is_event for event in events)
    if not total:
        return
    for statistic, count in (("events", happened), ("censored", total - happened)):
        ledger.add(entry, f"{statistic}_estimate", Kind.PROPORTION, count / total, basis=basis,
                   formula=f"{count} / {total}")  # fmt: skip
    counts = Counter(_ended(event) for event in events)
    for is_event, rule in found:
        item = f"{'event' if is_event else 'censored'}:{rule.lower()}"
        words = (WHY | WHY_OS if entry.analysis.id == "os" else WHY)[rule]
        part = Entry(entry.analysis, entry.group, "", item, words)
        who = f"{entry.analysis.set} subjects with a time, {entry.group.label}"
        own = ledger.basis(part, words, who, partial(_by_end, events, (is_event, rule)))
        ledger.add(part, "count", Kind.COUNT, counts[is_event, rule], basis=own,
                   formula=f"decided by the rule {rule}")  # fmt: skip


def _by_end(events: Sequence[Event], end: tuple[bool, str]) -> Iterator[Contribution]:
    for event in events:
        role = "counted" if _ended(event) == end else "not counted"
        said = f"{event.rule}: {event.reason}"
        yield Contribution(event.subject_id, role, f"{event.days} days", said, event.sources)


def _add_observed(
    ledger: Ledger, population: Population, entry: Entry, people: Sequence[tuple[Person, Event]]
) -> None:
    """Add of how many responders the response was seen to last to each landmark, or longer.

    Counted as observed: a response that was censored before it is not known to last so long.
    """
    told = {
        event.subject_id: Told(f"{event.days} days", f"{event.rule}: {event.reason}", event.sources)
        for _, event in people
    }
    for landmark in population.protocol.analysis.landmarks:
        words = f"seen to last at least {landmark}"
        item = f"observed:{slug(str(landmark))}"
        lasting = {event.subject_id for _, event in people if event.time >= landmark.days}
        part = Entry(entry.analysis, entry.group, "", item, words)
        tally_of(ledger, part, told, lasting, f"response {words}", "responders with a time")


def _ended(event: Event) -> tuple[bool, str]:
    """Return whether a time ended with the event, and the rule that decided."""
    return event.is_event, ALIKE.get(event.rule, event.rule)


def _rules(population: Population, endpoint: str) -> list[tuple[bool, str]]:
    """Return what ends an endpoint's times in this study: events first, by the order of WHY.

    Of a time that was recorded as such it is not known.
    """
    found = (_ended(e) for p in population.people if (e := p.answers.events.get(endpoint)))
    own = {one for one in found if one[1] in WHY}
    if endpoint != "os" and own:
        own |= {(True, "PD"), (True, "DEATH")}
    return sorted(own, key=lambda one: (not one[0], list(WHY).index(one[1])))


def _add_curve(
    ledger: Ledger,
    entry: Entry,
    curve: SurvivalCurve,
    events: Sequence[Event],
    population: Population,
    basis: str,
) -> None:
    method = f"kaplan-meier, {curve.transform}, {curve.convention}"
    _add_quantiles(ledger, entry, curve, method, basis)
    for landmark in population.protocol.analysis.landmarks:
        rate = survival_at(curve, float(landmark.days))
        name = f"rate_{landmark.suffix}"
        for statistic, value, limit_of in (
            (name, rate.estimate, ""),
            (f"{name}_lower", rate.lower, f"{curve.transform} limit of "),
            (f"{name}_upper", rate.upper, f"{curve.transform} limit of "),
        ):
            note = None if value is not None else rate.note or "not estimable"
            ledger.add(
                entry, statistic, Kind.PROPORTION, value, level=curve.level, method=method,
                note=note, basis=basis, formula=f"{limit_of}S({landmark})",
            )  # fmt: skip
    _add_steps(ledger, entry, curve, method, basis)
    _add_ticks(ledger, entry, curve, [event.time for event in events], basis)


def _add_quantiles(
    ledger: Ledger, entry: Entry, curve: SurvivalCurve, method: str, basis: str
) -> None:
    half = quantile(curve, 0.5)
    rows: list[tuple[str, float | None, Quantile, str]] = [
        ("median", half.value, half, f"day on which the curve crosses 50 %; {LEVEL}"),
        ("lower", half.lower, half, "Brookmeyer-Crowley: limit of the median"),
        ("upper", half.upper, half, "Brookmeyer-Crowley: limit of the median"),
    ]
    for name, p in (("quartile_1", 0.25), ("quartile_3", 0.75)):
        at = quantile(curve, p)
        rows.append((name, at.value, at, f"day on which the curve crosses the quartile; {LEVEL}"))
    for statistic, value, source, formula in rows:
        note = None if value is not None else source.note or "not reached"
        ledger.add(
            entry, statistic, Kind.DURATION, value, unit="days", level=curve.level, method=method,
            note=note, basis=basis, formula=formula,
        )  # fmt: skip


def _add_steps(ledger: Ledger, entry: Entry, curve: SurvivalCurve, method: str, basis: str) -> None:
    for i, day in enumerate(curve.times):
        on = plain(day)
        step = Entry(entry.analysis, entry.group, entry.variant, f"step:{on}", f"day {on}")
        for statistic, value, formula in (
            ("survival", curve.survival[i], "product of (1 - events / at risk) up to this day"),
            ("lower", curve.lower[i], f"{curve.transform} limit of the survival on this day"),
            ("upper", curve.upper[i], f"{curve.transform} limit of the survival on this day"),
        ):
            note = None if value is not None else "no limit here"
            ledger.add(
                step, statistic, Kind.PROPORTION, value, level=curve.level, method=method,
                note=note, basis=basis, formula=formula,
            )  # fmt: skip
        for statistic, count in (
            ("at_risk", curve.at_risk[i]),
            ("events", curve.n_events[i]),
            ("censored", curve.n_censored[i]),
        ):
            ledger.add(step, statistic, Kind.COUNT, count, basis=basis)


def _add_ticks(
    ledger: Ledger, entry: Entry, curve: SurvivalCurve, days: Sequence[float], basis: str
) -> None:
    """Add every three months who is at risk, and who had the event or was censored before.

    The ticks run to the first after the last day. A time on the very day of a
    tick is at risk there, so that the three counts add up to all.
    """
    last = ceil(Fraction(max(days)) / DAYS_PER_MONTH / MONTHS_BETWEEN_TICKS)
    months = [MONTHS_BETWEEN_TICKS * k for k in range(last + 1)]
    ticks = [float(month * DAYS_PER_MONTH) for month in months]  # exact: 30.4375 is 487 / 16
    so_far = [0, *accumulate(int(count) for count in curve.n_events)]
    for month, on, count in zip(months, ticks, at_risk(days, ticks), strict=True):
        tick = Entry(entry.analysis, entry.group, entry.variant, f"month:{month}", f"month {month}")
        events = so_far[bisect_left(curve.times, on)]
        ledger.add(tick, "at_risk", Kind.COUNT, count, basis=basis)
        ledger.add(tick, "events_before", Kind.COUNT, events, basis=basis)
        censored = len(days) - count - events
        ledger.add(tick, "censored_before", Kind.COUNT, censored, basis=basis)
