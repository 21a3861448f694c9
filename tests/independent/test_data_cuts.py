"""A later data cut never removes an event: the study cut at two days, whatever they are.

The records of the study are complete, and a cut only hides what is dated after
it. So who progressed, died or responded by the first day did so on the same day
by the second; a response that was not confirmed yet may be confirmed later.
The events are read here from the bases themselves, without the comparison.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from onearm.pipeline.run import analyse
from onearm.results.cuts import EVENTS, compare_cuts
from onearm.results.model import Results

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"
FIRST, LAST = dt.date(2019, 2, 1), dt.date(2021, 10, 8)
DAYS = st.dates(FIRST, LAST)
Cut = Callable[[dt.date], Results]


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    """Analyse a copy of the study with another data cut-off."""
    folder = tmp_path_factory.mktemp("cuts") / "study"
    shutil.copytree(STUDY, folder)
    (folder / "expected.yaml").unlink()
    protocol = folder / "protocol.yaml"
    text = protocol.read_text(encoding="utf-8")

    @cache
    def analysed(day: dt.date) -> Results:
        cut_text, count = re.subn(r"(?m)^( *data_cutoff:).*$", rf"\1 {day}", text)
        assert count == 1
        protocol.write_text(cut_text, encoding="utf-8")
        return analyse(folder).results

    return analysed


def events(results: Results, endpoint: str) -> dict[str, str | None]:
    """Return the time of each subject with an event."""
    basis = results.bases[f"{endpoint}/all"]
    return {one.subject_id: one.value for one in basis.contributions if one.role == "event"}


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(days=st.tuples(DAYS, DAYS).map(sorted))
def test_a_later_cut_never_removes_an_event(cut: Cut, days: list[dt.date]) -> None:
    older, newer = (cut(day) for day in days)

    for endpoint in EVENTS:
        assert events(older, endpoint).items() <= events(newer, endpoint).items()
    assert compare_cuts(older, newer).taken_back == ()


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@example(days=[dt.date(2019, 2, 1), dt.date(2019, 4, 1)])  # who left before a landmark
@example(days=[dt.date(2019, 9, 19), dt.date(2019, 9, 30)])  # a reason that nobody has any more
@given(days=st.tuples(DAYS, DAYS).map(sorted))
def test_every_move_between_two_cuts_has_its_subjects(cut: Cut, days: list[dt.date]) -> None:
    compared = compare_cuts(*(cut(day) for day in days))

    assert [(one.id, one.why) for one in compared.unexplained] == []
    assert compared.redefined == {}


@settings(max_examples=6, deadline=None)
@given(days=st.tuples(DAYS, DAYS).map(sorted))
def test_a_confirmed_response_stays_confirmed_and_one_may_join(
    cut: Cut, days: list[dt.date]
) -> None:
    responders = [
        {c.subject_id for c in cut(day).bases["orr/all"].contributions if c.role == "counted"}
        for day in days
    ]

    assert responders[0] <= responders[1]


def test_an_unconfirmed_response_is_confirmed_by_a_later_cut(cut: Cut) -> None:
    # TQB-001: PR on 2019-02-22, confirmed on 2019-04-02 (lesions.csv).
    day = dt.date(2019, 3, 1)
    (change,) = [
        c
        for c in compare_cuts(cut(day), cut(LAST)).changes["orr/all"]
        if c.subject_id == "TQB-001" and c.older and c.newer
    ]

    assert (change.older.role, change.newer.role) == ("not counted", "counted")
    assert {source.file for source in change.newer_rows} == {"lesions.csv"}


def test_the_cuts_in_the_wrong_order_take_events_back(cut: Cut) -> None:
    day = dt.date(2021, 1, 31)
    lost = {c.subject_id for c in compare_cuts(cut(LAST), cut(day)).taken_back}
    died_later = {name for name in events(cut(LAST), "os") if name not in events(cut(day), "os")}

    assert died_later <= lost
    assert died_later


def test_laboratory_peaks_that_move_between_cuts_have_their_subjects(tmp_path: Path) -> None:
    found = []
    for day in ("2026-07-31", "2026-10-31"):
        folder = tmp_path / day
        shutil.copytree(STUDY.parent / "nct07388875", folder)
        protocol = folder / "protocol.yaml"
        text = protocol.read_text(encoding="utf-8")
        text, count = re.subn(r"(?m)^( *data_cutoff:).*$", rf"\1 {day}", text)
        assert count == 1
        protocol.write_text(text, encoding="utf-8")
        found.append(analyse(folder).results)

    cuts = compare_cuts(*found)

    assert [one.id for one in cuts.differences if one.row.analysis == "hys-law"]
    assert not cuts.unexplained
