"""A running trial against a boundary for toxicity, with the patients of TQB2450-Ib-02.

The boundary is 8 of 20 and 10 of 30. The chance of so many or more at a rate of 0.20 is 0.032
and 0.061; the next less strict pair of tests at one level, 7 of 20 (0.087) and 10 of 30, is
crossed with 0.107, above 0.1 (binomial sums). Who had an event is counted again here from the rows
of the tables.
"""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest

from onearm.errors import InputError
from onearm.pipeline.check import check_study
from onearm.pipeline.design_study import design_study
from onearm.pipeline.monitor import Monitored, monitor_study
from onearm.pipeline.run import analyse

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"
BOUNDARY = """
  stopping:
    method: pocock
    p0: 0.2
    p1: 0.35
    looks: [20, 30]
    event: {grade_at_least: 3, within: %s}
"""


def with_boundary(folder: Path, within: str, *, cutoff: str = "2021-10-08", **other: str) -> Path:
    text = (STUDY / "protocol.yaml").read_text(encoding="utf-8")
    added = BOUNDARY % within
    for old, new in other.items():
        assert old in added
        added = added.replace(old, new)
    text = text.replace("\nsafety:", f"\nsafety:{added}", 1)
    assert "data_cutoff: 2021-10-08" in text
    text = text.replace("data_cutoff: 2021-10-08", f"data_cutoff: {cutoff}")
    (folder / "protocol.yaml").write_text(text, encoding="utf-8")
    (folder / "data").symlink_to(STUDY / "data")
    return folder


def rows(table: str) -> list[dict[str, str]]:
    with (STUDY / "data" / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def with_event(days: int) -> list[bool]:
    """Say of each subject, by enrolment, whether a related event of grade 3 began in the window."""
    events = rows("adverse_events")
    answers = []
    for subject in by_enrolment():
        first = date.fromisoformat(subject["first_dose_date"])
        answers.append(
            any(
                event["subject_id"] == subject["subject_id"]
                and event["related"] == "Y"
                and int(event["grade"]) >= 3
                and first <= date.fromisoformat(event["onset_date"]) < first + timedelta(days)
                for event in events
            )
        )
    return answers


@pytest.mark.parametrize("days", [21, 42, 3650])
def test_who_had_an_event_in_the_window_is_counted_by_enrolment(tmp_path: Path, days: int) -> None:
    found = monitor_study(with_boundary(tmp_path, f"{days} days"))

    assert found.toxicity is not None
    first, second = found.toxicity.looks[:2]
    truth = with_event(days)
    assert (first.with_event, second.with_event) == (sum(truth[:20]), sum(truth))
    assert (first.bound, second.bound) == (8, 10)
    assert first.decision == ("stop" if sum(truth[:20]) >= 8 else "go on")


@pytest.mark.parametrize(
    ("cutoff", "decision"),
    [("2019-10-15", "enrols"), ("2020-02-01", "waits"), ("2020-04-01", "stop")],
)
def test_an_open_window_waits_where_it_could_still_decide(
    tmp_path: Path, cutoff: str, decision: str
) -> None:
    toxicity = monitor_study(with_boundary(tmp_path, "365 days", cutoff=cutoff)).toxicity
    assert toxicity is not None
    look, day = toxicity.looks[0], date.fromisoformat(cutoff)

    entered = [s for s in by_enrolment() if date.fromisoformat(s["enrolment_date"]) <= day][:20]
    had = {s["subject_id"] for s in entered if s["subject_id"] in severe_until(day)}
    may = [s for s in entered if date.fromisoformat(s["first_dose_date"]) + timedelta(364) > day]
    assert (look.enrolled, look.with_event) == (len(entered), len(had))
    assert look.open == sum(s["subject_id"] not in had for s in may)
    assert look.decision == decision


def by_enrolment() -> list[dict[str, str]]:
    return sorted(rows("subjects"), key=lambda s: (s["enrolment_date"], s["subject_id"]))


def severe_until(day: date) -> set[str]:
    return {
        event["subject_id"]
        for event in rows("adverse_events")
        if event["related"] == "Y"
        and int(event["grade"]) >= 3
        and date.fromisoformat(event["onset_date"]) <= day
    }


def test_the_boundary_is_worded_with_the_design(tmp_path: Path) -> None:
    text = design_study(with_boundary(tmp_path, "42 days")).as_text()

    assert "8 of 20" in " ".join(text.split())
    assert "Toxicity was monitored by" in " ".join(text.split())


def test_a_boundary_that_never_stops_is_refused(tmp_path: Path) -> None:
    findings = check_study(with_boundary(tmp_path, "42 days", **{"[20, 30]": "[1]"})).findings

    assert [f.code for f in findings if f.severity == "error"] == ["stopping"]


def test_a_look_that_can_never_stop_is_a_warning(tmp_path: Path) -> None:
    # One event of one subject has a probability of 0.2 at p0: more than the alpha of 0.1.
    findings = check_study(
        with_boundary(tmp_path, "42 days", **{"[20, 30]": "[1, 20, 30]"})
    ).findings

    said = [(f.severity, f.message) for f in findings if f.code == "stopping-idle"]
    assert said == [
        (
            "warning",
            "safety.stopping: no number of events stops the trial at n = 1: look later",
        )
    ]


def test_a_look_beyond_the_last_subject_is_refused(tmp_path: Path) -> None:
    findings = check_study(with_boundary(tmp_path, "42 days", **{"[20, 30]": "[20, 31]"})).findings

    said = [f.message for f in findings if f.severity == "error"]
    assert said == ["safety.stopping: looks at 31 subjects, but 30 are planned"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[20, 30]", "[20, 20]", "looks must ascend, each once; got 20, 20"),
        ("p1: 0.35", "p1: 0.2", "p1 must be above p0"),
        ("method: pocock", "method: pocok", "pocock"),
        ("within: 42 days", "within: 0 days", "within"),
        ("grade_at_least: 3", "grade_at_least: 6", "5"),
    ],
)
def test_bad_input_says_what_is_allowed(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        analyse(with_boundary(tmp_path, "42 days", **{old: new}))


def test_a_study_without_boundary_shows_none() -> None:
    found: Monitored = monitor_study(STUDY)

    assert found.toxicity is None
    assert "Toxicity" not in found.as_text()
