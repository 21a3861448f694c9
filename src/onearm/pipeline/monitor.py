"""``onearm monitor``: where a running trial stands against its design.

For each look the first subjects by enrolment: responses that are confirmed,
those that still may be, and what that decides. Subjects enrolled later belong to
the next stage. For a survival endpoint events beside those expected under the
historical curve.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from onearm.clinical.records import SubjectRecords
from onearm.clinical.subject import SubjectAnswers
from onearm.design.interim import Interim, interim
from onearm.design.operating import Look
from onearm.design.survival import LogrankTest, logrank_test
from onearm.errors import InputError
from onearm.format import count_of, number, p_value, percent, text_table
from onearm.pipeline.run import Analysed, analyse
from onearm.pipeline.toxicity_standing import ToxicityStanding, toxicity_standing
from onearm.protocol.planned_design import SimonDesign, SingleStageDesign, SurvivalDesign
from onearm.results.design_curves import Course
from onearm.results.design_rows import PlannedDesign, historical_curve, planned_design
from onearm.terms import DAYS_PER_MONTH, AnalysisSet, Response


@dataclass(frozen=True, slots=True)
class Standing:
    """One look: of the first ``n`` by enrolment, who responded and who still may.

    ``decision`` is ``go on``, ``stop``, ``promising``, ``not promising``, ``waits``
    (for subjects whose outcome is open), ``enrols`` (fewer than n are in) or ``not
    reached`` (an earlier look stopped the trial).
    """

    n: int
    enrolled: int
    responders: int
    unconfirmed: int
    not_yet_evaluable: int
    open: int
    needed: int | None
    decision: str


@dataclass(frozen=True, slots=True)
class Monitored:
    """Where a trial stands; what stands after ``toxicity`` is what a figure of it shows.

    ``times`` are the days of each subject to the event of ``planned``, and whether it came.
    """

    study: str
    cutoff: dt.date | None
    looks: tuple[Standing, ...]
    chances: Interim | None
    logrank: LogrankTest | None
    toxicity: ToxicityStanding | None = None
    rule: tuple[Look, ...] = ()
    course: tuple[Course, ...] = ()
    times: tuple[tuple[float, bool], ...] = ()
    planned: SurvivalDesign | None = None

    def as_text(self) -> str:
        """Return the looks, the chances, and what they mean."""
        until = f" at the data cut-off {self.cutoff}" if self.cutoff else ""
        parts = [f"{self.study}{until}"]
        if self.looks:
            header = (
                "First n",
                "Enrolled",
                "Confirmed",
                "Unconfirmed",
                "Not yet",
                "Open",
                "Needed",
                "Decision",
            )
            rows = [
                (str(s.n), str(s.enrolled), str(s.responders), str(s.unconfirmed),
                 str(s.not_yet_evaluable), str(s.open), str(s.needed or ""), s.decision)
                for s in self.looks
            ]  # fmt: skip
            parts.append(text_table(header, rows))
            parts.append(
                "By enrolment: a look counts its first n subjects, later ones belong to the next "
                "stage.\nConfirmed responses decide. Open: may still become one, on treatment "
                "without progression; the\nunconfirmed and those not yet evaluable are among them."
            )
        if self.chances is not None:
            parts.append(_chances_text(self.chances))
        if self.logrank is not None:
            test = self.logrank
            parts.append(
                f"{count_of(test.observed, 'event')} observed, {number(test.expected, 2)} expected "
                f"under the historical curve; Z = {number(test.z, 3)} (positive is better), "
                f"one-sided p {_equals(p_value(test.p_value))}"
            )
        if self.toxicity is not None:
            parts.append(self.toxicity.as_text())
        return "\n\n".join(parts)

    def as_json(self) -> dict[str, object]:
        """Return looks, chances and test at full precision."""
        return {
            "study": self.study,
            "cutoff": None if self.cutoff is None else self.cutoff.isoformat(),
            "looks": [asdict(look) for look in self.looks],
            "chances": None if self.chances is None else asdict(self.chances),
            "logrank": None if self.logrank is None else asdict(self.logrank),
            "toxicity": None if self.toxicity is None else asdict(self.toxicity),
        }


def _equals(value: str) -> str:
    return value if value.startswith("<") else f"= {value}"


def _chances_text(found: Interim) -> str:
    def line(label: str, value: float | None) -> tuple[str, str]:
        return label, "" if value is None else f"{percent(value, 1)} %"

    rows = [
        line("if the others respond at the null rate", found.under_null),
        line("if they respond at the target rate", found.under_target),
        line("if they respond at the rate seen so far", found.as_observed),
        line("predictive, prior Beta(p0, 1 - p0)", found.predictive),
    ]
    known = count_of(found.evaluated, "subject")
    head = f"Chance of a promising end ({found.responders} of {known} with a known outcome)"
    return text_table((head, ""), [row for row in rows if row[1]], numeric=1)


def monitor_study(folder: Path | str) -> Monitored:
    """Say where a running trial stands against its design.

    Raises
    ------
    InputError
        If the study cannot be analysed, or has no data yet.
    DesignError
        If the protocol's design does not exist.
    """
    found = analyse(folder)
    protocol, design = found.study.protocol, planned_design(found.study.protocol)
    cutoff = protocol.study.data_cutoff
    treated = _by_enrolment(found)
    plan = protocol.safety.stopping
    toxicity = None if plan is None else toxicity_standing(plan, [r for r, _ in treated], cutoff)
    if isinstance(protocol.design, SurvivalDesign) and not design.rule:
        times = _times(found, protocol.design)
        months = [days / float(DAYS_PER_MONTH) for days, _ in times]
        is_modified = protocol.design.test == "modified one-sample log-rank"
        test = logrank_test(
            months, [is_event for _, is_event in times], historical_curve(protocol.design),
            variance="wu" if is_modified else "standard",
        )  # fmt: skip
        return Monitored(
            protocol.study.id, cutoff, (), None, test, toxicity,
            times=times, planned=protocol.design,
        )  # fmt: skip
    people = [(answers, _is_open(answers, _is_ongoing(records))) for records, answers in treated]
    standing = tuple(_after_a_stop([_standing(look, people, design) for look in design.rule]))
    chances = _chances(found, design, people)
    course = tuple(_course(people))
    return Monitored(
        protocol.study.id, cutoff, standing, chances, None, toxicity, design.rule, course
    )


def _by_enrolment(found: Analysed) -> list[tuple[SubjectRecords, SubjectAnswers]]:
    """Return the treated subjects by enrolment."""
    treated = [
        (records, answers)
        for records, answers in zip(found.study.subjects, found.derived, strict=True)
        if answers.membership(AnalysisSet.TREATED).is_member
    ]
    return sorted(treated, key=_entry)


def _entry(one: tuple[SubjectRecords, SubjectAnswers]) -> tuple[dt.date, str]:
    subject = one[0].subject
    return subject.enrolment_date or subject.first_dose_date or dt.date.max, subject.subject_id


def _is_ongoing(records: SubjectRecords) -> bool:
    """Whether nothing says that treatment ended or the subject left: silence is no end."""
    has_ended = any(
        row.scope.upper() in {"TREATMENT", "STUDY"} and row.status != "ONGOING"
        for row in records.disposition or ()
    )
    has_left = any(row.status != "ALIVE" for row in records.follow_up or ())
    return not has_ended and not has_left


def _course(people: Sequence[tuple[SubjectAnswers, bool]]) -> Iterator[Course]:
    """Yield how many of the first n responded, and how many did or still may."""
    responders = possible = 0
    for n, (answers, is_open) in enumerate(people, start=1):
        responders += bool(answers.best.confirmed_response)
        possible += bool(answers.best.confirmed_response) or is_open
        yield Course(n, responders, possible)


def _is_open(answers: SubjectAnswers, is_ongoing: bool) -> bool:
    """Whether a subject without confirmed response may still have one."""
    progressed = any(point.overall is Response.PD for point in answers.time_points)
    return not answers.best.confirmed_response and is_ongoing and not progressed


def _after_a_stop(looks: Sequence[Standing]) -> Iterator[Standing]:
    """Yield the looks; one after a stop is no longer reached."""
    has_stopped = False
    for look in looks:
        yield replace(look, decision="not reached") if has_stopped else look
        has_stopped = has_stopped or look.decision == "stop"


def _standing(
    look: Look, people: Sequence[tuple[SubjectAnswers, bool]], design: PlannedDesign
) -> Standing:
    first = people[: look.n]
    responders = sum(bool(answers.best.confirmed_response) for answers, _ in first)
    is_open = [answers for answers, may in first if may]
    unconfirmed = sum(answers.best.best in (Response.CR, Response.PR) for answers in is_open)
    waiting = sum(not answers.time_points for answers in is_open)
    needed = look.effective if look.effective is not None else (look.futile or 0) + 1
    decision = _decision(look, design, len(first), responders, len(is_open), needed)
    return Standing(
        look.n, len(first), responders, unconfirmed, waiting, len(is_open), needed, decision
    )


def _decision(
    look: Look, design: PlannedDesign, enrolled: int, responders: int, may: int, needed: int
) -> str:
    is_last = look is design.rule[-1]
    if responders >= needed:
        return "promising" if is_last else "go on"
    if enrolled < look.n:
        return "enrols"
    if responders + may >= needed:
        return "waits"
    return "not promising" if is_last else "stop"


def _chances(
    found: Analysed, design: PlannedDesign, people: Sequence[tuple[SubjectAnswers, bool]]
) -> Interim | None:
    planned = found.study.protocol.design
    outcomes = [
        None if is_open else bool(answers.best.confirmed_response)
        for answers, is_open in people[: design.rule[-1].n]
    ]
    if design.p0 is None or sum(one is not None for one in outcomes) == design.rule[-1].n:
        return None  # nothing is left to chance
    target = float(planned.p1) if isinstance(planned, SimonDesign | SingleStageDesign) else None
    return interim(design.rule, outcomes, design.p0, target)


def _times(found: Analysed, planned: SurvivalDesign) -> tuple[tuple[float, bool], ...]:
    events = [a.events[planned.endpoint] for a in found.derived if planned.endpoint in a.events]
    known = [event for event in events if event.days is not None]
    if not known:
        raise InputError(f"{found.study.folder}: no subject with a time to {planned.endpoint}")
    return tuple((event.time, event.is_event) for event in known)
