"""PFS of TQB2450-Ib-02 under other censoring choices.

The numbers were computed by another program when the synthetic patients were
made (see SOURCE.md of the study): one patient has 112 days between two adequate
scans on purpose.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from onearm.clinical.derived import Event
from onearm.clinical.events import derive_pfs
from onearm.clinical.subject import known_of
from onearm.format import months, percent
from onearm.pipeline.run import Analysed
from onearm.protocol.censoring import CensoringRules
from onearm.stats.survival import kaplan_meier, quantile, survival_at

SIX_MONTHS = 182.625


def pfs(analysed: Analysed, rules: CensoringRules, *, asps: bool | None = None) -> list[Event]:
    found = []
    for records, answers in zip(analysed.study.subjects, analysed.derived, strict=True):
        is_asps = records.subject.characteristics["histology"] == "ASPS"
        if asps is None or asps is is_asps:
            known = known_of(records, analysed.study.protocol)
            assert known is not None
            found.append(derive_pfs(known, answers.time_points, rules))
    return found


def summary(events: list[Event]) -> tuple[int, str, str, str, str]:
    curve = kaplan_meier([e.days for e in events], [e.is_event for e in events])
    median = quantile(curve)
    limits = [months(limit) if limit else "NE" for limit in (median.lower, median.upper)]
    rate = survival_at(curve, SIX_MONTHS).estimate
    assert median.value is not None
    assert rate is not None
    return curve.events, months(median.value), *limits, percent(rate)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("rules", "published"),
    [
        (CensoringRules(), (20, "7.85", "2.89", "23.06", "53.85")),
        (
            CensoringRules(missed_assessments="censor"),
            (19, "7.85", "2.89", "23.06", "56.11"),
        ),
    ],
    ids=["the paper's own rule", "censored after missed assessments"],
)
def test_pfs_comes_out_as_computed_elsewhere(
    tqb2450: Analysed, rules: CensoringRules, published: tuple[int, str, str, str, str]
) -> None:
    assert summary(pfs(tqb2450, rules)) == published


def test_discontinuation_counted_as_an_event_at_the_last_assessment_comes_out_too(
    tqb2450: Analysed,
) -> None:
    """The other program left the time at the last adequate assessment and made it an event."""
    own = pfs(tqb2450, CensoringRules())
    stopped = {
        event.subject_id
        for event in pfs(tqb2450, CensoringRules(discontinuation="event"))
        if event.rule == "DISC"
    }
    as_events = [replace(e, is_event=True) if e.subject_id in stopped else e for e in own]

    assert summary(as_events) == (24, "5.37", "2.83", "13.57", "46.67")


def test_discontinuation_as_an_event_ends_on_the_day_of_stopping(tqb2450: Analysed) -> None:
    events = pfs(tqb2450, CensoringRules(discontinuation="event"))
    days = {event.subject_id: event.days for event in events if event.rule == "DISC"}

    # Days of discontinuation as they were drawn, counted from the first dose as day 1.
    assert days == {"TQB-006": 84, "TQB-017": 301, "TQB-025": 127, "TQB-029": 92}


def test_the_missed_assessments_of_one_patient_widen_the_interval_of_non_asps(
    tqb2450: Analysed,
) -> None:
    events = pfs(tqb2450, CensoringRules(missed_assessments="censor"), asps=False)

    assert summary(events)[2:4] == ("1.51", "5.95")


def test_each_preset_stands_beside_the_papers_own_with_those_whom_it_moves(
    tqb2450: Analysed,
) -> None:
    moved = tqb2450.results.bases["pfs.fda/all/moved"].contributions
    found = {one.subject_id: one.reason for one in moved if one.role == "counted"}

    # 112 days between two adequate scans; and treatment stopped for myocarditis on day 301,
    # with scans after it (SOURCE.md).
    assert found.keys() == {"TQB-020", "TQB-017"}
    assert "112 days after the last adequate assessment (more than 98)" in found["TQB-020"]
    assert "DISC" in found["TQB-017"]
