"""Serious and other treatment-emergent events, as a registry lists them; counted by hand.

Each story is who had what: (subject, term, serious, day of onset). Doses run from day 0
to day 50, events are emergent up to 30 days later.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from patients import FIRST_DOSE, protocol_with

from onearm.clinical.records import AdverseEvent, Dose, Subject, SubjectRecords
from onearm.clinical.subject import derive_subject
from onearm.io.registry_limits import too_long
from onearm.protocol.values import read_period
from onearm.results.model import Row
from onearm.results.run import run_analyses
from onearm.results.serious import is_listed

Story = tuple[str, str, bool | None, int]


def rows_of(names: list[str], story: list[Story]) -> dict[str, Row]:
    protocol = protocol_with()
    safety = protocol.safety.model_copy(update={"emergent_until": read_period("30 days")})
    protocol = protocol.model_copy(update={"safety": safety})

    def day(n: int) -> dt.date:
        return FIRST_DOSE + dt.timedelta(days=n)

    people = [
        SubjectRecords(
            Subject(name, first_dose_date=FIRST_DOSE),
            responses=(),
            follow_up=(),
            adverse_events=tuple(
                AdverseEvent(name, term, "Organ", 2, day(n), is_serious=serious)
                for who, term, serious, n in story
                if who == name
            ),
            doses=(Dose(name, "anlotinib", 1, day(0), day(50), Decimal(12), "mg"),),
        )
        for name in names
    ]
    answers = [derive_subject(one, protocol) for one in people]
    return {row.id: row for row in run_analyses(protocol, people, answers, None).rows}


def numbers(rows: dict[str, Row], item: str) -> tuple[float | None, float | None, float | None]:
    """Return subjects, events and the denominator."""
    stem = f"{item}/" if "/" in item else f"{item}/all/"
    return tuple(rows[f"{stem}{one}"].value for one in ("count", "event_count", "total"))  # type: ignore[return-value]


def test_a_subject_counts_once_a_term_and_each_event_by_its_own_seriousness() -> None:
    rows = rows_of(
        ["A", "B", "C"],
        [
            ("A", "Sepsis", True, 5),
            ("A", "Sepsis", True, 25),
            ("A", "Sepsis", False, 40),  # the same term, not serious: in both lists
            ("B", "Rash", False, 3),
            ("B", "Sepsis", True, 81),  # 31 days after the last dose: not emergent
            ("C", "Rash", True, -1),  # before the first dose
        ],
    )

    assert numbers(rows, "teae-serious") == (1, 2, 3)
    assert numbers(rows, "teae-serious/all/term:sepsis") == (1, 2, 3)
    assert "teae-serious/all/term:rash/count" not in rows
    assert numbers(rows, "teae-other") == (2, 2, 3)
    assert numbers(rows, "teae-other/all/term:sepsis") == (1, 1, 3)
    assert rows["teae-other/all/term:rash/listed"].code == "Y"


def test_a_term_is_listed_above_five_percent_and_not_at_it() -> None:
    # 42 CFR 11.48(a)(4): other than serious events that exceed a frequency of 5 percent.
    names = [f"S{n:02}" for n in range(40)]
    story: list[Story] = [(name, "Rash", False, 1) for name in names[:2]]  # 2 of 40: exactly 5 %
    story += [(name, "Cough", False, 1) for name in names[1:4]]
    story += [(names[1], "Cough", False, 9)]
    rows = rows_of(names, [*story, ("S39", "Stroke", True, 2)])

    assert rows["teae-other/all/term:rash/listed"].code == "N"
    assert rows["teae-other/all/term:cough/listed"].code == "Y"
    assert numbers(rows, "teae-other/all/above-5-percent") == (3, 4, 40)
    assert numbers(rows, "teae-other") == (4, 6, 40)
    assert "teae-serious/all/term:stroke/listed" not in rows  # every serious one is


@pytest.mark.parametrize("total", range(1, 200))
def test_the_threshold_is_that_of_fractions(total: int) -> None:
    for n in range(total + 1):
        assert is_listed(n, total) == (Decimal(n) / Decimal(total) > Decimal("0.05"))


def test_events_without_a_seriousness_are_said_and_nothing_is_parted_without_any() -> None:
    some = rows_of(["A", "B"], [("A", "Rash", None, 1), ("B", "Cough", False, 1)])
    none = rows_of(["A", "B"], [("A", "Rash", None, 1), ("B", "Cough", None, 1)])
    nobody = rows_of(["A", "B"], [])

    assert some["teae-other/all/event_count"].note == "1 event without a seriousness among them"
    assert numbers(some, "teae-serious") == (0, 0, 2)
    assert not any(name.startswith(("teae-serious", "teae-other")) for name in none)
    assert none["teae/all/count"].value == 2
    assert numbers(nobody, "teae-serious") == (0, 0, 2)


def test_texts_longer_than_the_registry_takes_are_named_with_their_path() -> None:
    measures = [{"description": "d" * 999}, {"description": "d" * 1000}]
    record = {
        "protocolSection": {"identificationModule": {"officialTitle": "t" * 601}},
        "resultsSection": {"outcomeMeasuresModule": {"outcomeMeasures": measures}},
    }

    assert list(too_long(record)) == [
        f"{path} has {n} characters, the registry takes {most}: shorten it"
        for path, n, most in (
            ("protocolSection.identificationModule.officialTitle", 601, 600),
            ("outcomeMeasuresModule.outcomeMeasures[1].description", 1000, 999),
        )
    ]
