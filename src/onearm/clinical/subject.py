"""Everything that the rules derive about one subject, in one go.

Takes one subject's records and the protocol, gives ``SubjectAnswers``: time
points, best response, events, sets, best change, doses. The primary evaluator's
responses count; the others stand beside. Knows one subject at a time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from onearm.clinical.best import best_response
from onearm.clinical.beyond import treatment_beyond
from onearm.clinical.certain import Judged, Limits, certain, undated
from onearm.clinical.derived import (
    Agreement,
    BestChange,
    BestResponse,
    BeyondProgression,
    Disagreement,
    DoseSummary,
    Event,
    Membership,
    NotKnown,
    Reading,
    TimePoint,
)
from onearm.clinical.disagreements import agreements, as_findings, disagreements
from onearm.clinical.dose_course import DoseCourse, dose_course
from onearm.clinical.dose_findings import dose_findings
from onearm.clinical.dose_intensity import DoseIntensity, dose_intensities
from onearm.clinical.events import (
    Known,
    derive_dor,
    derive_ipfs,
    derive_os,
    derive_pfs,
    derive_ttr,
)
from onearm.clinical.overrides import apply_overrides
from onearm.clinical.readings import PlannedReading, has_endpoints_only, planned_readings
from onearm.clinical.recorded import check_accepted, recorded_points
from onearm.clinical.recorded_endpoints import (
    check_endpoints,
    endpoint_differences,
    recorded_best,
    recorded_events,
)
from onearm.clinical.records import (
    Dose,
    FollowUp,
    Source,
    Subject,
    SubjectRecords,
    known_day,
)
from onearm.clinical.sequence import Circumstances, cr_then_pr
from onearm.clinical.sets import memberships, memberships_by_endpoints
from onearm.clinical.timepoints import assess_subject
from onearm.clinical.visits import Baseline, assemble_visits, choose_baseline, has_target
from onearm.errors import Finding, InputError
from onearm.format import plain, signed_percent
from onearm.protocol.censoring import PRESETS, CensoringRules
from onearm.protocol.model import Protocol
from onearm.protocol.response import ResponseRules
from onearm.terms import Response


@dataclass(frozen=True, slots=True)
class SubjectAnswers:
    """What the rules derive about one subject, with what they noticed."""

    subject_id: str
    time_points: tuple[TimePoint, ...]  # of the primary evaluator
    other_time_points: tuple[TimePoint, ...]  # of the other evaluators
    best: BestResponse
    events: dict[str, Event]  # by endpoint: pfs, os, ipfs; ttr, dor, idor of responders
    pfs_by_preset: dict[str, Event]  # under each censoring preset, whatever the study chose
    beyond: BeyondProgression | None
    readings: dict[str, Reading]  # other sources and evaluators, by the name of their results
    disagreements: tuple[Disagreement, ...]  # recorded against derived, whichever is primary
    agreements: tuple[Agreement, ...]
    by_endpoints: bool  # from recorded times and best responses alone
    memberships: tuple[Membership, ...]
    best_change: BestChange
    doses: tuple[DoseSummary, ...]
    course: DoseCourse  # doses beside the plan, cycle by cycle
    intensities: tuple[DoseIntensity, ...]  # one a drug that was given
    findings: tuple[Finding, ...]
    unknown: tuple[NotKnown, ...] = ()  # what a day that was recorded in part leaves open

    def unknown_time(self, endpoint: str, variant: str = "") -> NotKnown | None:
        """Return why a time to an event is not known, None where it is or does not exist."""
        named = (one for one in self.unknown if one.what == endpoint.upper())
        return next((one for one in named if one.variant == variant), None)

    def membership(self, name: str) -> Membership:
        """Return the membership of one analysis set."""
        return next(member for member in self.memberships if member.set == name)


def reference_date(subject: Subject, rules: ResponseRules) -> dt.date | None:
    """Return the day from which a subject's responses are judged, by the study's option."""
    if subject.reference_date is not None:
        return subject.reference_date
    if rules.reference_date == "enrolment":
        return subject.enrolment_date
    return subject.first_dose_date


def derive_subject(
    records: SubjectRecords,
    protocol: Protocol,
    readings: Sequence[PlannedReading] | None = None,
) -> SubjectAnswers:
    """Derive every answer about one subject.

    ``readings`` says what is read beside the primary evaluator and source in the
    whole study; by default what this subject's records hold.
    """
    plan = protocol.response
    if has_endpoints_only(records):
        return _by_endpoints(records, protocol, readings)
    start = reference_date(records.subject, plan.rules)
    planned = planned_readings([records], plan) if readings is None else readings
    unknown: tuple[NotKnown, ...] = ()
    more: list[Finding] = []
    if undated(records):
        points = _points_without_days(records, protocol)
        judged, unknown, more = certain(
            records,
            lambda dated: _judged(dated, protocol, planned, *_points(dated, protocol)),
            points,
            (plan.primary_evaluator, plan.primary_source),
            limits_of(records, protocol),
        )
    else:
        points, noticed = _points(records, protocol)
        judged = _judged(records, protocol, planned, points, noticed)
    sides = _sides(points, plan.primary_evaluator, start)
    differing = [one for side in sides for one in disagreements(*side)]
    findings = [*check_accepted(records.responses or ()), *as_findings(differing), *more]
    course = dose_course(records, protocol, _progression(judged.events))
    findings = [*judged.findings, *findings, *dose_findings(course, protocol.treatment)]
    return SubjectAnswers(
        records.subject.subject_id,
        judged.points,
        tuple(
            point
            for one in judged.readings.values()
            if one.evaluator != plan.primary_evaluator
            for point in one.time_points
        ),
        judged.best,
        judged.events,
        judged.presets,
        judged.beyond,
        judged.readings,
        tuple(differing),
        tuple(one for side in sides for one in agreements(*side)),
        False,
        judged.memberships,
        judged.best_change,
        tuple(summarise_doses(records.doses or ())),
        course,
        dose_intensities(course, protocol.treatment),
        tuple(findings),
        unknown,
    )


def limits_of(records: SubjectRecords, protocol: Protocol) -> Limits:
    """Return the days between which an assessment of unknown day was."""
    death = death_of(records)
    return Limits(
        reference_date(records.subject, protocol.response.rules),
        death.date if death else None,
        protocol.study.data_cutoff,
    )


def _points_without_days(
    records: SubjectRecords, protocol: Protocol
) -> dict[tuple[str, str], tuple[TimePoint, ...]]:
    """Return the time points as far as they need no day; the recorded ones where all need one."""
    try:
        return _points(records, protocol)[0]
    except InputError:
        return _points(replace(records, lesions=()), protocol)[0]


def _judged(
    records: SubjectRecords,
    protocol: Protocol,
    planned: Sequence[PlannedReading],
    points: Mapping[tuple[str, str], tuple[TimePoint, ...]],
    noticed: Sequence[Finding],
) -> Judged:
    """Return the answers that go by the days of the assessments; all of these are whole."""
    plan, subject = protocol.response, records.subject
    rules, start = plan.rules, reference_date(subject, plan.rules)
    given = points.get((plan.primary_evaluator, plan.primary_source), ())
    own, problems = apply_overrides(given, records.overrides or (), plan.primary_evaluator)
    is_recorded = plan.primary_source == "recorded"
    baseline, known = baseline_of(records, protocol), known_of(records, protocol)
    about = circumstances(records, protocol, start)
    best = best_response(subject.subject_id, plan.primary_evaluator, own, rules, about)
    best = replace(best, sources=best.sources or _sources(records))
    events = {} if known is None else _events(known, own, best, protocol)
    others = [_reading(one, points, records, protocol, about) for one in planned]
    return Judged(
        own,
        best,
        events,
        {} if known is None else {name: derive_pfs(known, own, r) for name, r in PRESETS.items()},
        treatment_beyond(events["pfs"], records.doses or (), own) if events else None,
        {one.name: one for one in others},
        memberships(
            records,
            own,
            has_target=is_recorded or (baseline is not None and has_target(baseline)),
        ),
        best_change(subject, own, about),
        (
            *noticed,
            *problems,
            *cr_then_pr(subject.subject_id, own, rules, about),
            *endpoint_differences(records.endpoints or (), plan.primary_evaluator, events, best),
        ),
    )


def _by_endpoints(
    records: SubjectRecords, protocol: Protocol, readings: Sequence[PlannedReading] | None
) -> SubjectAnswers:
    """Return what recorded endpoints alone say; survival is derived where there is follow-up."""
    plan, subject, rows = protocol.response, records.subject, records.endpoints or ()
    findings = check_endpoints(rows)
    findings += apply_overrides((), records.overrides or (), plan.primary_evaluator)[1]
    sound = [row for row in rows if not check_endpoints([row])]
    best = recorded_best(subject.subject_id, sound, plan.primary_evaluator, plan.rules)
    events = recorded_events(sound, plan.primary_evaluator)
    known = known_of(records, protocol)
    if known is not None and records.follow_up is not None:
        events["os"] = derive_os(known)
    course = dose_course(records, protocol, _progression(events))
    findings += dose_findings(course, protocol.treatment)
    planned = planned_readings([records], plan) if readings is None else readings
    others = [
        Reading(
            one.name,
            one.evaluator,
            one.source,
            (),
            recorded_best(subject.subject_id, sound, one.evaluator, plan.rules),
            recorded_events(sound, one.evaluator),
        )
        for one in planned
    ]
    return SubjectAnswers(
        subject.subject_id,
        (),
        (),
        best,
        events,
        {},
        None,
        {one.name: one for one in others},
        (),
        (),
        True,
        memberships_by_endpoints(records, best),
        BestChange(
            subject.subject_id, None, None, None, "no lesions were collected", (subject.source,)
        ),
        tuple(summarise_doses(records.doses or ())),
        course,
        dose_intensities(course, protocol.treatment),
        tuple(findings),
    )


def _progression(events: Mapping[str, Event]) -> dt.date | None:
    """Return the day of the first progression, where PFS ends with one."""
    pfs = events.get("pfs")
    return pfs.end if pfs is not None and pfs.is_event and pfs.rule == "PD" else None


def _points(
    records: SubjectRecords, protocol: Protocol
) -> tuple[dict[tuple[str, str], tuple[TimePoint, ...]], list[Finding]]:
    """Return the time points of each evaluator and source, before any override."""
    plan = protocol.response
    measured, findings = assess_subject(
        records.lesions or (),
        plan.rules,
        reference_date(records.subject, plan.rules),
        with_irecist=plan.also == "iRECIST",
        markers=marker_readings(records, plan.markers),
    )
    recorded = records.responses or ()
    evaluators = {point.evaluator for point in measured} | {row.evaluator for row in recorded}
    found = {}
    for evaluator in sorted(evaluators | {plan.primary_evaluator}):
        own = tuple(point for point in measured if point.evaluator == evaluator)
        found[evaluator, "derived"] = own
        found[evaluator, "recorded"] = recorded_points(recorded, evaluator, plan.primary_evaluator)
    return found, findings


def _sides(
    points: Mapping[tuple[str, str], tuple[TimePoint, ...]], primary: str, start: dt.date | None
) -> list[tuple[tuple[TimePoint, ...], tuple[TimePoint, ...], str]]:
    """Return what is compared, derived and recorded, the primary evaluator first.

    What is recorded of a day up to the reference date is baseline, and no response.
    """
    evaluators = dict.fromkeys([primary, *(evaluator for evaluator, _ in points)])
    return [
        (
            points[who, "derived"],
            tuple(p for p in points[who, "recorded"] if start is None or p.date > start),
            who,
        )
        for who in evaluators
    ]


def _reading(
    planned: PlannedReading,
    points: Mapping[tuple[str, str], tuple[TimePoint, ...]],
    records: SubjectRecords,
    protocol: Protocol,
    about: Circumstances,
) -> Reading:
    """Return what follows from another evaluator or source, by the rules of the study."""
    name, evaluator, source = planned
    own = points.get((evaluator, source), ())
    best = best_response(records.subject.subject_id, evaluator, own, protocol.response.rules, about)
    best = replace(best, sources=best.sources or _sources(records))
    known = known_of(records, protocol)
    events = {}
    if known is not None:
        has_baseline = source == "recorded" or baseline_of(records, protocol, evaluator) is not None
        events = _events(replace(known, has_baseline=has_baseline), own, best, protocol)
    return Reading(name, evaluator, source, own, best, events)


def _sources(records: SubjectRecords) -> tuple[Source, ...]:
    """Return where it stands that a subject without assessment was in the study, and died."""
    death = death_of(records)
    return (records.subject.source, *(() if death is None else (death.source,)))


def marker_readings(
    records: SubjectRecords, markers: Sequence[str]
) -> tuple[tuple[dt.date, bool], ...]:
    """Return the days on which tumour markers were read, and whether each was at most its ULN.

    A reading without number or ULN does not count.
    """
    wanted = {marker.upper() for marker in markers}
    normal: dict[dt.date, bool] = {}
    for lab in records.labs or ():
        if lab.test.upper() in wanted and lab.uln is not None and lab.value is not None:
            try:
                is_normal = Decimal(lab.value) <= lab.uln
            except InvalidOperation:
                continue
            normal[lab.date] = normal.get(lab.date, True) and is_normal
    return tuple(sorted(normal.items()))


def _events(
    known: Known, points: Sequence[TimePoint], best: BestResponse, protocol: Protocol
) -> dict[str, Event]:
    events = {
        "pfs": derive_pfs(known, points, censoring_of(protocol, "pfs")),
        "os": derive_os(known),
    }
    until = derive_pfs(known, points, censoring_of(protocol, "dor"))
    day = best.confirmed_response_date
    responders = [derive_ttr(known, best), derive_dor("dor", best, day, until)]
    if protocol.response.also == "iRECIST":
        events["ipfs"] = derive_ipfs(known, points, best, censoring_of(protocol, "ipfs"))
        until = derive_ipfs(known, points, best, censoring_of(protocol, "idor"))
        responders.append(derive_dor("idor", best, best.confirmed_iresponse_date, until))
    events.update({event.endpoint: event for event in responders if event is not None})
    return events


def censoring_of(protocol: Protocol, name: str = "pfs") -> CensoringRules:
    """Return the censoring rules of an endpoint: its own, those of PFS, or ``paper``."""
    given = {one.id: one.censoring for one in protocol.endpoints.all if one.censoring is not None}
    chosen = given.get(name) or given.get("pfs")  # type: ignore[call-overload]
    rules = chosen.rules if chosen else CensoringRules()
    if protocol.response.rules.clinical_pd_is_event:
        rules = rules.model_copy(update={"clinical_progression": "event"})
    return rules


def death_of(records: SubjectRecords) -> FollowUp | None:
    """Return the first record of a death."""
    dead = [row for row in records.follow_up or () if row.status == "DEAD"]
    return min(dead, key=lambda row: row.date, default=None)


def new_therapy_of(records: SubjectRecords) -> tuple[dt.date, Source] | None:
    """Return the first new anti-cancer therapy; palliative radiotherapy is none."""
    rows = [row for row in records.new_therapies or () if row.kind != "PALLIATIVE RADIOTHERAPY"]
    return min(((row.start_date, row.source) for row in rows), default=None)


def circumstances(
    records: SubjectRecords, protocol: Protocol, start: dt.date | None
) -> Circumstances:
    """Return what else bounds the sequence of one subject's responses."""
    death, therapy = death_of(records), new_therapy_of(records)
    return Circumstances(
        start,
        therapy[0] if therapy else None,
        death.date if death else None,
        protocol.study.data_cutoff,
        protocol.response.assess_every_days,
        _why_stopped(records),
    )


def _why_stopped(records: SubjectRecords) -> str | None:
    for row in records.disposition or ():
        if row.scope.upper() == "TREATMENT" and row.reason is not None:
            when = f" on {row.date}" if row.date else ""
            return f"treatment stopped{when}: {row.reason.lower()}"
    return None


def known_of(records: SubjectRecords, protocol: Protocol) -> Known | None:
    """Return what bounds a subject's times to an event; None without a reference date."""
    plan, every = protocol.response, protocol.response.assess_every_days
    start = reference_date(records.subject, plan.rules)
    if start is None:
        return None
    is_recorded = plan.primary_source == "recorded"
    return Known(
        records.subject.subject_id,
        start,
        records.subject.source,
        death_of(records),
        new_therapy_of(records),
        _stopped(records, "SYMPTOMATIC DETERIORATION"),
        _stopped(records, *OTHER_REASONS),
        last_contact(records),
        2 * (every + (plan.assess_window_days or 0)) if every else None,
        is_recorded or baseline_of(records, protocol) is not None,
    )


def baseline_of(
    records: SubjectRecords, protocol: Protocol, evaluator: str | None = None
) -> Baseline | None:
    """Return the baseline of an evaluator, by default of the primary one."""
    plan = protocol.response
    whose = evaluator or plan.primary_evaluator
    start = reference_date(records.subject, plan.rules)
    rows = [row for row in records.lesions or () if row.evaluator == whose]
    return choose_baseline(assemble_visits(rows, plan.rules, start), start)


OTHER_REASONS = (
    "ADVERSE EVENT",
    "WITHDRAWAL OF CONSENT",
    "PHYSICIAN DECISION",
    "PROTOCOL DEVIATION",
    "OTHER",
)
"""Why treatment stops without progression, death or loss to follow-up."""


def _stopped(records: SubjectRecords, *reasons: str) -> tuple[dt.date, Source] | None:
    """Return when the treatment as a whole was stopped for one of these reasons."""
    days = [
        (row.date, row.source)
        for row in records.disposition or ()
        if row.scope.upper() == "TREATMENT" and row.reason in reasons and row.date is not None
    ]
    return min(days, default=None)


def last_contact(records: SubjectRecords) -> tuple[dt.date, Source] | None:
    """Return the last day known alive: of follow-up, a scan, a dose or a sample."""
    days = [(row.date, row.source) for row in records.follow_up or ()]
    days += [(row.date, row.source) for row in records.lesions or ()]
    days += [(row.start_date, row.source) for row in records.doses or ()]
    days += [(row.date, row.source) for row in records.labs or ()]
    return max(days, key=lambda day: day[0], default=None)


def last_known_contact(records: SubjectRecords) -> dt.date | None:
    """Return the last day known alive; None where a scan of unknown day may be later."""
    last = last_contact(records)
    if last is None or any(visit.day.latest > last[0] for visit in undated(records)):
        return None
    return known_day(last[0])


def best_change(subject: Subject, points: Sequence[TimePoint], about: Circumstances) -> BestChange:
    """Return the smallest complete sum over baseline, up to the first PD or new therapy."""
    best: tuple[int, TimePoint] | None = None
    for point in sorted(points, key=lambda p: p.date):
        if about.new_therapy_date is not None and point.date >= about.new_therapy_date:
            break
        change = point.change_from_baseline
        if change is not None and (best is None or change[0] < best[0]):
            best = change[0], point
        if point.overall is Response.PD:
            break
    if best is None:
        reason = "no complete sum after baseline"
        return BestChange(subject.subject_id, None, None, None, reason, (subject.source,))
    change_um, point = best
    baseline_um = point.baseline_sum_um or 0
    reason = f"{signed_percent(change_um, baseline_um)} % at {point.visit} ({point.date})"
    return BestChange(
        subject.subject_id, change_um, baseline_um, point.visit, reason, point.sources
    )


def summarise_doses(doses: Iterable[Dose]) -> list[DoseSummary]:
    """Return one summary a drug, in the order of the first dose."""
    by_drug: dict[str, list[Dose]] = {}
    for dose in doses:
        if dose.dose > 0:
            by_drug.setdefault(dose.drug, []).append(dose)
    return [_summary(rows) for rows in by_drug.values()]


def _summary(rows: list[Dose]) -> DoseSummary:
    start = min(rows, key=lambda r: r.start_date).dose
    reduced = [row for row in rows if row.change == "REDUCED" or row.dose < start]
    first, last = min(r.start_date for r in rows), max(r.end_date or r.start_date for r in rows)
    reason = "never reduced"
    if reduced:
        row = min(reduced, key=lambda r: r.start_date)
        why = f" ({row.change_reason})" if row.change_reason else ""
        reason = f"reduced to {plain(row.dose)} {row.unit} on {row.start_date}{why}"
    return DoseSummary(
        rows[0].subject_id,
        rows[0].drug,
        len({row.cycle if row.cycle is not None else row.start_date for row in rows}),
        first,
        last,
        bool(reduced),
        reason,
        tuple(row.source for row in rows),
    )
