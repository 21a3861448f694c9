"""Double programming: the patients of a study judged a second time, by the kernel.

Takes records and what ``clinical`` derived, judges the same patients over
arrays, and compares every time point, best response and time to an event. The
two share how a record is read, and nothing of how it is judged. Prints
nothing, decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onearm.clinical.certain import undated
from onearm.clinical.derived import BestResponse, Event, TimePoint
from onearm.clinical.records import SubjectRecords
from onearm.clinical.subject import SubjectAnswers, censoring_of
from onearm.errors import Finding
from onearm.format import count_of
from onearm.protocol.model import Protocol
from onearm.sim.best import Best, best_responses
from onearm.sim.encoded import Encoded, encode
from onearm.sim.irecist import judge_irecist
from onearm.sim.kernel import judge
from onearm.sim.seen import IRESPONSES, RESPONSES, TimePoints
from onearm.sim.times import (
    RULES,
    Times,
    duration_of_response,
    overall_survival,
    progression_free,
    progression_free_irecist,
)

Words = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """How many of one kind of answer were compared, and how many are equal."""

    what: str
    equal: int
    compared: int

    @property
    def nouns(self) -> tuple[str, str]:
        """Singular and plural."""
        return self.what, PLURALS.get(self.what, f"{self.what}s")


PLURALS = {"time to an event": "times to an event"}


@dataclass(frozen=True, slots=True)
class DoubleProgramming:
    """The agreement of the two programs, and who could not be compared."""

    counts: tuple[Compared, ...]
    differences: tuple[Finding, ...]
    left_out: Mapping[str, str]

    def as_text(self) -> str:
        """Return the agreement in one sentence, with who was left out.

        >>> counts = (Compared("time point", 225, 225), Compared("best response", 30, 30))
        >>> DoubleProgramming(counts, (), {}).as_text()
        'Second program: 225 of 225 time points, 30 of 30 best responses equal'
        >>> DoubleProgramming((), (), {"S03": "no reference date"}).as_text()
        'Second program: nobody judged; not S03 (no reference date)'
        """
        said = ", ".join(f"{c.equal} of {count_of(c.compared, *c.nouns)}" for c in self.counts)
        reasons: dict[str, list[str]] = {}
        for whom, why in self.left_out.items():
            reasons.setdefault(why, []).append(whom)
        left = "".join(f"; not {_people(ids)} ({why})" for why, ids in reasons.items())
        return f"Second program: {f'{said} equal' if said else 'nobody judged'}{left}"

    def as_json(self) -> dict[str, object]:
        """Return the counts by kind of answer, and who was left out, with the reason."""
        counts = {
            c.what.replace(" ", "_"): {"equal": c.equal, "compared": c.compared}
            for c in self.counts
        }
        return {"agreement": counts, "not_judged": dict(self.left_out)}


def judge_again(
    subjects: Sequence[SubjectRecords], answers: Sequence[SubjectAnswers], protocol: Protocol
) -> DoubleProgramming:
    """Judge the patients of a study by the kernel and compare with what was derived.

    Only responses that derive from lesions are judged again.
    """
    if protocol.response.primary_source == "recorded":
        left = dict.fromkeys((a.subject_id for a in answers), "responses as recorded count")
        return DoubleProgramming((), (), left)
    by_endpoints = {a.subject_id for a in answers if a.by_endpoints}
    in_part = {r.subject.subject_id for r in subjects if undated(r)} - by_endpoints
    judged = [r for r in subjects if r.subject.subject_id not in by_endpoints | in_part]
    encoded = encode(judged, protocol)
    left_out = dict.fromkeys(sorted(by_endpoints), "endpoints as recorded count")
    left_out |= dict.fromkeys(sorted(in_part), "a day was recorded in part only")
    second = second_answers(encoded, protocol)
    first = {a.subject_id: a for a in answers}
    counts: dict[str, list[bool]] = {}
    differences: list[Finding] = []
    for whom in encoded.subject_ids:
        for what, detail, one, two in _sides(first[whom], second[whom]):
            is_equal = one == two
            counts.setdefault(what, []).append(is_equal)
            if not is_equal:
                differences.append(_difference(whom, detail, one, two))
    return DoubleProgramming(
        tuple(Compared(what, sum(found), len(found)) for what, found in counts.items()),
        tuple(differences),
        {**left_out, **encoded.left_out},
    )


@dataclass(frozen=True, slots=True)
class Second:
    """What the kernel says of one patient: the fields that are compared."""

    time_points: tuple[Words, ...]
    best: Words
    events: dict[str, Words]


def second_answers(encoded: Encoded, protocol: Protocol) -> dict[str, Second]:
    """Return what the kernel says of each patient, in words and days."""
    plan, seen, facts = protocol.response, encoded.seen, encoded.facts
    every = plan.assess_every_days
    limit = 2 * (every + (plan.assess_window_days or 0)) if every else None
    points = judge(seen, plan.rules)
    if plan.also == "iRECIST":
        points = judge_irecist(seen, points, plan.rules)
    best = best_responses(points, plan.rules, facts, every)
    until = progression_free(points, facts, censoring_of(protocol, "dor"), limit)
    times = {
        "pfs": progression_free(points, facts, censoring_of(protocol, "pfs"), limit),
        "os": overall_survival(facts),
        "dor": duration_of_response(best.confirmed_response_day, until),
    }
    if best.ipfs_day is not None and best.confirmed_iresponse_day is not None:
        for name in ("ipfs", "idor"):
            rules = censoring_of(protocol, name)
            times[name] = progression_free_irecist(points, best.ipfs_day, facts, rules, limit)
        times["idor"] = duration_of_response(best.confirmed_iresponse_day, times["idor"])
    return {
        whom: Second(_point_words(points, p), _best_words(best, p), _event_words(times, p))
        for p, whom in enumerate(encoded.subject_ids)
    }


def _point_words(points: TimePoints, p: int) -> tuple[Words, ...]:
    return tuple(
        (
            int(points.day[v, p]),
            _size(points.sum_um[v, p]),
            _size(points.nadir_um[v, p]),
            RESPONSES[points.target[v, p]],
            RESPONSES[points.non_target[v, p]],
            bool(points.new_lesion[v, p]),
            RESPONSES[points.overall[v, p]],
            None if points.irecist is None else IRESPONSES[points.irecist[v, p]],
        )
        for v in np.flatnonzero(points.day[:, p])
    )


def _size(um: int) -> int | None:
    return None if um < 0 else int(um)


def _best_words(best: Best, p: int) -> Words:
    return (
        RESPONSES[best.best[p]],
        int(best.best_day[p]),
        RESPONSES[best.confirmed_best[p]],
        int(best.confirmed_best_day[p]),
        bool(best.confirmed_response[p]),
        int(best.confirmed_response_day[p]),
        int(best.confirming_day[p]),
        bool(best.disease_control[p]),
        bool(best.clinical_benefit[p]),
        None if best.ibor is None else IRESPONSES[best.ibor[p]],
        0 if best.confirmed_iresponse_day is None else int(best.confirmed_iresponse_day[p]),
        0 if best.ipfs_day is None else int(best.ipfs_day[p]),
    )


def _event_words(times: Mapping[str, Times], p: int) -> dict[str, Words]:
    return {
        name: (int(time.days[p]), bool(time.is_event[p]), RULES[time.rule[p]])
        for name, time in times.items()
        if time.is_there is None or time.is_there[p]
    }


def first_answers(answers: SubjectAnswers) -> Second:
    """Return the same fields of what ``clinical`` derived."""
    start = next(iter(answers.events.values())).start
    assert start is not None  # a derived event has its days

    def day(date: object) -> int:
        return 0 if date is None else (date - start).days  # type: ignore[operator]

    def point(p: TimePoint) -> Words:
        sizes = p.sum_um, p.nadir_sum_um
        return (day(p.date), *sizes, p.target, p.non_target, p.new_lesion, p.overall, p.irecist)

    def best(b: BestResponse) -> Words:
        return (
            b.best,
            day(b.best_date),
            b.confirmed_best,
            day(b.confirmed_best_date),
            b.confirmed_response,
            day(b.confirmed_response_date),
            day(b.confirming_date),
            b.disease_control,
            b.clinical_benefit,
            b.ibor,
            day(b.confirmed_iresponse_date),
            day(b.ipfs_date),
        )

    def event(e: Event) -> Words:
        return e.days, e.is_event, e.rule

    return Second(
        tuple(point(p) for p in answers.time_points),
        best(answers.best),
        {name: event(e) for name, e in answers.events.items() if name in COMPARED_TIMES},
    )


COMPARED_TIMES = ("pfs", "os", "dor", "ipfs", "idor")


def _sides(answers: SubjectAnswers, second: Second) -> Iterator[tuple[str, str, object, object]]:
    first = first_answers(answers)
    points = [dict(enumerate(side.time_points)) for side in (first, second)]
    for at in sorted(points[0] | points[1]):
        detail = f"time point {at + 1}"
        yield "time point", detail, points[0].get(at), points[1].get(at)
    yield "best response", "best response", first.best, second.best
    for name in sorted(first.events | second.events):
        one, two = first.events.get(name), second.events.get(name)
        yield "time to an event", name.upper(), one, two


def _difference(whom: str, detail: str, one: object, two: object) -> Finding:
    says = "the two programs differ, which is an error of onearm: please report it"
    message = f"{detail}: {_words(one)} against {_words(two)}; {says}"
    return Finding("error", "judged-twice", message, None, whom)


def _people(subject_ids: Sequence[str]) -> str:
    return ", ".join(subject_ids) if len(subject_ids) <= 3 else f"{len(subject_ids)} patients"


def _words(side: object) -> str:
    if not isinstance(side, tuple):
        return "nothing"
    return ", ".join("-" if value is None else str(value) for value in side)
