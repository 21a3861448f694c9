"""What always holds of doses, whatever the regimen and the patient."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.clinical.dose_amounts import to_multiple
from onearm.clinical.dose_course import dose_course
from onearm.clinical.dose_intensity import dose_intensities
from onearm.clinical.dosing_calendar import planned_calendar, runs
from onearm.clinical.periods import last_day_after, last_day_from
from onearm.clinical.records import Dose, Source, Subject, SubjectRecords
from onearm.io.icalendar import Entry, calendar_text
from onearm.io.yaml import read_yaml
from onearm.protocol.parse import parse_protocol
from onearm.protocol.values import Period

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02" / "protocol.yaml"
PROTOCOL = parse_protocol(read_yaml(STUDY))
START = dt.date(2019, 3, 1)
DATES = st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1))
COURSES = st.lists(  # each cycle: days late, dose of anlotinib, days of it, infusion given
    st.tuples(
        st.integers(0, 20), st.sampled_from([12, 10, 8, 0]), st.integers(1, 14), st.booleans()
    ),
    min_size=1,
    max_size=8,
)


def subject(course: list[tuple[int, int, int, bool]]) -> SubjectRecords:
    rows, first = [], START
    for cycle, (late, amount, days, is_infused) in enumerate(course, 1):
        first += dt.timedelta(days=(0 if cycle == 1 else 21) + late)
        source = Source("doses.csv", (), cycle)
        if amount:
            last = first + dt.timedelta(days=days - 1)
            rows.append(
                Dose("S", "anlotinib", cycle, first, last, Decimal(amount), "mg", source=source)
            )
        if is_infused:
            rows.append(
                Dose("S", "TQB2450", cycle, first, None, Decimal(1200), "mg", source=source)
            )
    return SubjectRecords(Subject("S"), doses=tuple(rows))


@given(COURSES)
def test_relative_dose_intensity_of_doses_up_to_the_plan_is_at_most_1(course):
    found = dose_course(subject(course), PROTOCOL)

    for one in dose_intensities(found, PROTOCOL.treatment):
        assert one.relative is not None
        assert 0 < one.relative <= 1
        assert one.actual_days >= one.planned_days


@given(COURSES, st.randoms())
def test_the_order_of_the_rows_does_not_matter(course, random):
    records = subject(course)
    rows = list(records.doses or ())
    random.shuffle(rows)
    mixed = dose_course(replace(records, doses=tuple(rows)), PROTOCOL)
    ordered = dose_course(records, PROTOCOL)

    assert [(d.cycle, d.drug, d.given, d.deviations) for d in mixed.drugs] == [
        (d.cycle, d.drug, d.given, d.deviations) for d in ordered.drugs
    ]
    assert [i.relative for i in dose_intensities(mixed, PROTOCOL.treatment)] == [
        i.relative for i in dose_intensities(ordered, PROTOCOL.treatment)
    ]


@given(COURSES)
def test_a_reduction_never_raises_the_dose_intensity(course):
    records = subject(course)
    lower = tuple(
        replace(d, dose=Decimal(8)) if d.drug == "anlotinib" else d for d in records.doses or ()
    )
    before = dose_intensities(dose_course(records, PROTOCOL), PROTOCOL.treatment)
    after = dose_intensities(
        dose_course(replace(records, doses=lower), PROTOCOL), PROTOCOL.treatment
    )

    for one, other in zip(before, after, strict=True):
        assert (other.relative or 0) <= (one.relative or 0)


@given(COURSES)
def test_dose_intensity_agrees_with_a_sum_over_days(course):
    """A second route: walk the calendar day by day, planned and given."""
    records = subject(course)
    found = dose_course(records, PROTOCOL)
    for one in dose_intensities(found, PROTOCOL.treatment):
        by_day: dict[dt.date, Decimal] = {}
        for row in (r for r in records.doses or () if r.drug == one.drug):
            day, last = row.start_date, row.end_date or row.start_date
            while day <= last:
                by_day[day] = by_day.get(day, Decimal(0)) + row.dose
                day += dt.timedelta(days=1)
        first = min(r.start_date for r in records.doses or ())
        final = max(r.start_date for r in records.doses or ())
        days = (final - first).days + 21  # nothing stops these courses
        assert one.given == sum(by_day.values())
        assert one.a_week == Fraction(sum(by_day.values())) * 7 / days


@given(DATES, st.integers(1, 12), st.integers(0, 400))
def test_a_later_start_moves_every_day_alike(start, cycles, days):
    later = start + dt.timedelta(days=days)
    first, second = (
        planned_calendar(PROTOCOL.treatment, PROTOCOL.schedule, s, cycles=cycles)
        for s in (start, later)
    )

    moved = [(d.drug, d.first_date - start) for d in first.doses]
    assert moved == [(d.drug, d.first_date - later) for d in second.doses]
    assert [a.date - start for a in first.assessments] == [
        a.date - later for a in second.assessments
    ]


@given(DATES, st.integers(1, 60))
def test_a_period_with_its_first_day_is_at_most_a_day_shorter_than_after_it(day, months):
    period = Period(Decimal(months), "month")
    shift = last_day_after(day, period) - last_day_from(day, period)

    assert shift in {dt.timedelta(0), dt.timedelta(days=1)}


@given(st.decimals("0.01", 2000, places=2), st.sampled_from(["1", "2.5", "5", "50"]))
def test_rounding_stays_within_a_step(dose, step):
    one = Decimal(step)
    low, near, high = (to_multiple(dose, one, how) for how in ("down", "nearest", "up"))

    assert low <= dose <= high
    assert high - low in {0, one}
    assert near in {low, high}
    assert abs(near - dose) * 2 <= one


@given(st.sets(st.integers(1, 60), min_size=1))
def test_runs_hold_the_days_and_nothing_else(days):
    ordered = tuple(sorted(days))

    assert [d for a, b in runs(ordered) for d in range(a, b + 1)] == list(ordered)


ENTRIES = st.lists(
    st.builds(
        lambda key, day, length, text: Entry(key, day, day + dt.timedelta(days=length), text, text),
        st.text(min_size=1),
        DATES,
        st.integers(0, 30),
        st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1),
    ),
    max_size=5,
)


@settings(max_examples=60)
@given(ENTRIES)
def test_a_calendar_file_reads_back_as_it_was_said(entries):
    """RFC 5545: CRLF, at most 75 octets a line, unfold, unescape."""
    text = calendar_text("X", entries)
    lines = text.split("\r\n")

    assert lines[-1] == ""
    assert all(len(line.encode()) <= 75 for line in lines)
    unfolded = text.replace("\r\n ", "").split("\r\n")
    said = [line.partition(":")[2] for line in unfolded if line.startswith("SUMMARY:")]
    plain = [re.sub(r"\\([\\;,])", r"\1", line) for line in said]
    assert plain == [entry.summary for entry in entries]
    starts = [line for line in unfolded if line.startswith("DTSTART;VALUE=DATE:")]
    assert starts == [f"DTSTART;VALUE=DATE:{entry.first_date:%Y%m%d}" for entry in entries]
    assert calendar_text("X", entries) == text
