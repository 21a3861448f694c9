"""Recorded against derived, adjudication, overrides, and readers who disagree.

Days are those after the first dose; lesions in the shorthand of ``patients``.
Eisenhauer 2009 (E09) for responses and confirmation; never mixing readers:
E09 section 4.4, one observer throughout.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from patients import FIRST_DOSE, day, protocol_with, rows_of

from onearm.clinical.readings import PlannedReading, name_of, planned_readings
from onearm.clinical.records import (
    Override,
    RecordedEndpoint,
    RecordedResponse,
    Source,
    Subject,
    SubjectRecords,
)
from onearm.clinical.subject import derive_subject
from onearm.results.run import run_analyses
from onearm.terms import IResponse, Response

SHRINKS = {0: "T 50", 42: "T 30", 84: "T 30"}  # PR, confirmed after 42 days


def recorded(sequence, *, evaluator="INVESTIGATOR", accepted=None, subject_id="S01", line=2):
    """Return recorded responses of ``"42 PR, 84 SD"``; ``accepted`` is Y, N or nothing a day."""
    rows = []
    for text in filter(None, sequence.split(", ")):
        number, code = text.split()
        rows.append(
            RecordedResponse(
                subject_id,
                f"day {number}",
                day(int(number)),
                evaluator,
                overall=Response(code),
                is_accepted=None if accepted is None else accepted[number],
                source=Source("responses.csv", (subject_id, evaluator, number), line + len(rows)),
            )
        )
    return rows


def override(number, before, after, *, line=2, **changes):
    given = {
        "subject_id": "S01",
        "evaluator": "INVESTIGATOR",
        "date": day(number),
        "before": before,
        "after": after,
        "person": "A. Name",
        "decided_on": day(100),
        "reason": "a cyst",
        "source": Source("overrides.csv", ("S01", str(number)), line),
    }
    return Override(**(given | changes))


def patient(subject_id="S01", *, lesions=(), responses=(), overrides=()):
    subject = Subject(
        subject_id,
        first_dose_date=FIRST_DOSE,
        source=Source("subjects.csv", (subject_id,), 2),
    )
    return SubjectRecords(subject, tuple(lesions), tuple(responses), tuple(overrides), follow_up=())


def answers(records, source="derived"):
    return derive_subject(records, protocol_with(source=source))


def errors(found):
    return [str(finding) for finding in found.findings if finding.severity == "error"]


def results_of(records, source="derived"):
    protocol = protocol_with(source=source)
    readings = planned_readings(records, protocol.response)
    derived = [derive_subject(one, protocol, readings) for one in records]
    return run_analyses(protocol, records, derived, None, readings).by_id()


# The recorded response of the second scan decides whether the first is confirmed (E09 4.6.1).
BOTH = [  # story, recorded, best by the records, disagreements as "day recorded derived"
    ("the same", "42 PR, 84 PR", "PR", []),
    ("the second response was not seen", "42 PR, 84 SD", "SD", ["84 SD PR"]),
    ("the first response was not seen", "42 SD, 84 PR", "SD", ["42 SD PR"]),
    ("progression by the record alone", "42 SD, 84 PD", "SD", ["42 SD PR", "84 PD PR"]),
    ("nothing recorded of the second scan", "42 PR", "SD", ["84 - PR"]),
    ("recorded without a scan", "42 PR, 84 PR, 126 PD", "PR", ["126 PD -"]),
]


@pytest.mark.parametrize(("records", "best", "differing"), [s[1:] for s in BOTH],
                         ids=[s[0] for s in BOTH])  # fmt: skip
def test_the_other_source_is_compared_and_has_its_own_best_response(records, best, differing):
    mine = patient(lesions=rows_of(SHRINKS), responses=recorded(records))
    by_lesions, by_records = answers(mine), answers(mine, "recorded")

    assert by_lesions.best.confirmed_best == "PR"
    assert by_records.best.confirmed_best == best
    assert by_lesions.readings["recorded"].best == by_records.best
    assert by_records.readings["derived"].best == by_lesions.best
    for found in (by_lesions, by_records):
        assert [
            f"{(one.date - FIRST_DOSE).days} {one.recorded or '-'} {one.derived or '-'}"
            for one in found.disagreements
        ] == differing
        warned = [f for f in found.findings if f.code.startswith("response-")]
        assert len(warned) == len(differing)


def test_a_disagreement_has_both_reasons_and_both_sources():
    [one] = answers(
        patient(lesions=rows_of(SHRINKS), responses=recorded("42 PR, 84 SD"))
    ).disagreements

    assert one.category == "overall"
    assert one.recorded_reason == "SD: recorded by INVESTIGATOR"
    assert one.derived_reason.startswith("PR: ")
    assert {source.file for source in one.sources} == {"responses.csv", "lesions.csv"}


def test_every_category_that_was_recorded_is_compared():
    [row] = recorded("42 PR")
    row = replace(row, target=Response.SD, non_target=Response.NE, irecist=IResponse.IPR)
    found = answers(patient(lesions=rows_of({0: "T 50, N +", 42: "T 30, N +"}), responses=[row]))

    assert [(d.category, d.recorded, d.derived) for d in found.disagreements] == [
        ("target", "SD", "PR"),
        ("non-target", "NE", "NON-CR/NON-PD"),
    ]


def test_one_time_point_that_differs_is_one_finding_with_every_part():
    """T 50, 30, 40: +10 mm and +33.3 % over the nadir of 30; the investigator wrote PR twice."""
    rows = recorded("42 PR, 84 PR")
    rows[1] = replace(rows[1], target=Response("PR"), irecist=IResponse("iPR"))
    scans = rows_of({0: "T 50", 42: "T 30", 84: "T 40"})
    found = answers(patient(lesions=scans, responses=rows))

    (one,) = [f for f in found.findings if f.code == "response-differs"]
    assert [part.category for part in found.disagreements] == ["overall", "target", "irecist"]
    assert one.message.startswith(f"recorded PR, target PR, iRECIST iPR on {day(84)}, derived PD: ")
    assert one.message.count("(+33.3 %)") == 1
    assert "; target PD; iRECIST iUPD: progression by target" in one.message


def test_two_time_points_that_differ_are_two_findings():
    scans = rows_of({0: "T 50", 42: "T 62", 84: "T 80"})
    found = answers(patient(lesions=scans, responses=recorded("42 SD, 84 SD")))

    assert sum(f.code == "response-differs" for f in found.findings) == 2


def test_a_scan_of_another_day_is_compared_by_its_visit():
    [row] = recorded("43 SD")
    row = replace(row, visit="day 42")
    [one] = answers(
        patient(lesions=rows_of({0: "T 50", 42: "T 30"}), responses=[row])
    ).disagreements

    assert (one.recorded, one.derived) == ("SD", "PR")


ADJUDICATED = [  # story, reader and responses with their flag, primary best by the records
    ("without a flag the investigator's count", [("INVESTIGATOR", "42 PR, 84 PR", None)], "PR"),
    (
        "the reader's were accepted",
        [
            ("INVESTIGATOR", "42 PR, 84 PR", {"42": False, "84": False}),
            ("READER 1", "42 SD, 84 SD", {"42": True, "84": True}),
        ],
        "SD",
    ),
    (
        "one of each was accepted",
        [
            ("INVESTIGATOR", "42 SD, 84 PR", {"42": False, "84": True}),
            ("READER 1", "42 PR, 84 SD", {"42": True, "84": False}),
        ],
        "PR",
    ),
    ("nothing was accepted", [("INVESTIGATOR", "42 PR", {"42": False})], "NE"),
]


@pytest.mark.parametrize(("rows", "best"), [s[1:] for s in ADJUDICATED],
                         ids=[s[0] for s in ADJUDICATED])  # fmt: skip
def test_accepted_responses_alone_are_recorded(rows, best):
    responses = [
        row
        for evaluator, sequence, flags in rows
        for row in recorded(sequence, evaluator=evaluator, accepted=flags)
    ]
    found = answers(patient(responses=responses), "recorded")

    assert (found.best.confirmed_best, errors(found)) == (best, [])
    for point in found.time_points:
        assert point.reason.endswith("accepted by adjudication") == (rows[0][2] is not None)


def test_a_readers_own_results_keep_what_was_not_accepted():
    responses = [
        *recorded("42 PR, 84 PR", accepted={"42": False, "84": True}),
        *recorded("42 SD, 84 SD", evaluator="READER 1", accepted={"42": True, "84": False}),
    ]
    found = answers(patient(responses=responses), "recorded")

    assert found.readings["READER 1"].best.confirmed_best == "SD"
    assert len(found.readings["READER 1"].time_points) == 2


def test_two_accepted_responses_of_one_visit_are_an_error():
    responses = [
        *recorded("42 PR", accepted={"42": True}),
        *recorded("42 SD", evaluator="READER 1", accepted={"42": True}, line=3),
    ]

    assert errors(answers(patient(responses=responses), "recorded")) == [
        (
            "responses.csv:3: one response of day 42 can be accepted; "
            "line 2 has PR by INVESTIGATOR, here stands SD by READER 1 for subject S01"
        )
    ]


OVERRIDDEN = [  # story, decisions, overall responses then, confirmed best then
    ("none", [], "PR SD", "SD"),
    ("the second response stands after all", [override(84, "SD", "PR")], "PR PR", "PR"),
    (
        "decided twice, in the order of the days",
        [
            override(84, "PD", "PR", decided_on=day(120)),
            override(84, "SD", "PD", decided_on=day(110), line=3),
        ],
        "PR PR",
        "PR",
    ),
    ("another field leaves the overall response", [override(84, "PR", "CR", category="TARGET")],
     "PR SD", "SD"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "responses", "best"), [s[1:] for s in OVERRIDDEN],
                         ids=[s[0] for s in OVERRIDDEN])  # fmt: skip
def test_a_decision_changes_the_response_that_counts(rows, responses, best):
    first, second = recorded("42 PR, 84 SD")
    second = replace(second, target=Response.PR)
    found = answers(patient(responses=[first, second], overrides=rows), "recorded")

    assert errors(found) == []
    assert " ".join(point.overall for point in found.time_points) == responses
    assert found.best.confirmed_best == best


def test_a_decision_stands_in_the_reason_with_its_source():
    found = answers(
        patient(lesions=rows_of(SHRINKS), overrides=[override(84, "PR", "SD")])
    ).time_points[1]

    assert found.overall == "SD"
    assert found.reason.startswith("PR: ")
    assert found.reason.endswith("; overridden from PR to SD by A. Name on 2026-04-18: a cyst")
    assert found.sources[-1].file == "overrides.csv"


def test_a_decision_on_irecist_changes_irecist_alone():
    scans = {0: "T 50", 42: "T 60", 84: "T 60"}
    row = override(42, "iUPD", "iSD", category="IRECIST")
    point = answers(patient(lesions=rows_of(scans), overrides=[row])).time_points[0]

    assert (point.overall, point.irecist) == ("PD", "iSD")
    assert "overridden from iUPD to iSD by A. Name" in point.irecist_reason


def test_a_decision_does_not_hide_a_disagreement():
    mine = patient(
        lesions=rows_of(SHRINKS),
        responses=recorded("42 PR, 84 SD"),
        overrides=[override(84, "PR", "SD")],
    )

    assert [(d.recorded, d.derived) for d in answers(mine).disagreements] == [("SD", "PR")]


BAD_DECISIONS = [  # decision, complaint
    (override(84, "PD", "PR"), "from must be the response that stands, SD; got 'PD'"),
    (override(84, "SD", "XX"), ("to must be one of CR, PR, SD, NON-CR/NON-PD, NED, PD, NE, "
     "MISSING; got 'XX'")),
    (override(85, "SD", "PR"), ("no time point to override on 2026-04-03; there are: "
     "2026-02-19 (day 42), 2026-04-02 (day 84)")),
    (override(84, "SD", "PR", visit="W06"), "no time point to override on 2026-04-02 (W06)"),
    (override(84, "SD", "PR", evaluator="READER 1"),
     "evaluator must be INVESTIGATOR, whose responses count; got 'READER 1'"),
    (override(84, "SD", "PR", category="TARGET"),
     "from must be the response that stands, nothing; got 'SD'"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "complaint"), BAD_DECISIONS)
def test_a_decision_that_does_not_fit_is_an_error_with_its_line(row, complaint):
    [error] = errors(
        answers(patient(responses=recorded("42 PR, 84 SD"), overrides=[row]), "recorded")
    )

    assert error.startswith(f"overrides.csv:2: {complaint}")


# One reader's 30 mm are a response over 50 mm (-40 %), not over 40 mm (-25 %); 38 mm are +27 % and
# 8 mm over the investigator's nadir of 30 mm, but no progression over the reader's 36 mm.
READER = [  # story, the reader's scans, overall responses by the reader
    ("another baseline", {0: "T 40", 42: "T 30", 84: "T 30"}, "SD SD"),
    ("another nadir", {0: "T 40", 42: "T 36", 84: "T 38"}, "SD SD"),
    ("no confirmation by the other's scan", {0: "T 50", 42: "T 45", 84: "T 30"}, "SD PR"),
]


@pytest.mark.parametrize(("scans", "responses"), [s[1:] for s in READER],
                         ids=[s[0] for s in READER])  # fmt: skip
def test_readers_are_never_mixed(scans, responses):
    mine = rows_of(SHRINKS)
    theirs = rows_of(scans, evaluator="READER 1", first_line=20)
    found = answers(patient(lesions=[*theirs, *mine]))
    reading = found.readings["READER 1"]

    assert [point.overall for point in found.time_points] == ["PR", "PR"]
    assert " ".join(point.overall for point in reading.time_points) == responses
    assert (found.best.confirmed_best, reading.best.confirmed_best) == ("PR", "SD")
    assert {s.line >= 20 for p in reading.time_points for s in p.sources} == {True}


def test_a_second_reader_without_baseline_is_an_error_that_names_the_reader():
    theirs = rows_of({42: "T 30", 84: "T 30"}, evaluator="READER 1", first_line=20)

    assert errors(answers(patient(lesions=[*rows_of(SHRINKS), *theirs]))) == [
        (
            "lesions.csv:20: no assessment by READER 1 on or before the reference date 2026-01-08; "
            "got one of 2026-02-19 for subject S01"
        )
    ]


# Best: PR PR SD PD by the investigator, PR SD SD PD by the reader. Agreement 3/4; by chance
# (2 * 1 + 1 * 2 + 1 * 1) / 16 = 5/16; kappa = (12/16 - 5/16) / (11/16) = 7/11.
PAIRS = [
    (SHRINKS, SHRINKS),
    (SHRINKS, {0: "T 40", 42: "T 30", 84: "T 30"}),
    ({0: "T 50", 42: "T 50", 84: "T 50"}, {0: "T 50", 42: "T 50", 84: "T 50"}),
    ({0: "T 50", 42: "T 60"}, {0: "T 50", 42: "T 60"}),
]


@pytest.fixture(scope="module")
def two_readers():
    return results_of(
        [
            patient(
                f"S{i}",
                lesions=[
                    *rows_of(mine, subject_id=f"S{i}"),
                    *rows_of(theirs, subject_id=f"S{i}", evaluator="READER 1", first_line=20),
                ],
            )
            for i, (mine, theirs) in enumerate(PAIRS)
        ]
    )


def test_each_reader_has_results_as_variants(two_readers):
    def value(name):
        return two_readers[name].value

    assert (value("orr/all/count"), value("orr.reader-1/all/count")) == (2, 1)
    assert (value("orr/all/total"), value("orr.reader-1/all/total")) == (4, 4)
    assert (value("dcr/all/count"), value("dcr.reader-1/all/count")) == (3, 3)
    assert value("bor.reader-1/all/response:sd/count") == 2
    assert value("pfs.reader-1/all/events") == 1
    # One subject responds by the investigator alone: a duration that the reader does not have.
    assert (value("dor/all/total"), value("dor.reader-1/all/total")) == (2, 1)
    assert (value("ttr/all/total"), value("ttr.reader-1/all/total")) == (2, 1)
    assert (value("dor.reader-1/all/moved/count"), value("dor.reader-1/all/moved/total")) == (1, 2)
    assert (value("cbr/all/total"), value("cbr.reader-1/all/total")) == (4, 4)


def test_a_reading_that_differs_in_status_alone_has_moved():
    # On the same day 42 one sees progression, the other none: 43 days, with event and without.
    scans, theirs = {0: "T 50", 42: "T 60"}, {0: "T 50", 42: "T 50"}
    readers = rows_of(theirs, evaluator="READER 1", first_line=20)
    found = results_of([patient(lesions=[*rows_of(scans), *readers])])

    assert found["pfs.reader-1/all/moved/count"].value == 1
    assert found["pfs.reader-1/all/moved/total"].value == 1
    assert (found["pfs/all/events"].value, found["pfs.reader-1/all/events"].value) == (1, 0)


def test_the_concordance_of_two_readers(two_readers):
    def value(name):
        return two_readers[f"concordance.reader-1/all/{name}"].value

    assert (value("count"), value("total"), value("estimate")) == (3, 4, 0.75)
    assert value("kappa") == pytest.approx(7 / 11)
    assert value("kappa_lower") < 7 / 11 < value("kappa_upper")
    assert value("primary-pr:reader-1-pr/count") == 1
    assert value("primary-pr:reader-1-sd/count") == 1
    assert value("primary-sd:reader-1-pr/count") == 0
    assert "concordance.reader-1/all/primary-cr:reader-1-cr/count" not in two_readers


def test_the_two_medians_stand_side_by_side(two_readers):
    for item, of in (("pfs:primary", "pfs"), ("pfs:reader-1", "pfs.reader-1")):
        copy = two_readers[f"concordance.reader-1/all/{item}/median"]
        original = two_readers[f"{of}/all/median"]
        assert (copy.value, copy.note, copy.basis) == (
            original.value,
            original.note,
            original.basis,
        )


def test_a_subject_whom_a_reader_did_not_judge_stays_in_the_denominator():
    both = [*rows_of(SHRINKS), *rows_of(SHRINKS, evaluator="READER 1")]
    rows = results_of(
        [patient("S01", lesions=both), patient("S02", lesions=rows_of(SHRINKS, subject_id="S02"))]
    )

    assert rows["orr.reader-1/all/count"].value == 1
    assert rows["orr.reader-1/all/total"].value == 2
    assert rows["bor.reader-1/all/response:ne/count"].value == 1
    assert rows["concordance.reader-1/all/total"].value == 1


# Two subjects with two time points each; one overall response differs: 3 of 4 are equal.
@pytest.mark.parametrize(("source", "other"), [("derived", "recorded"), ("recorded", "derived")])
def test_what_the_other_source_would_change(source, other):
    people = [
        patient(name, lesions=rows_of(SHRINKS, subject_id=name),
                responses=recorded(sequence, subject_id=name))
        for name, sequence in (("S01", "42 PR, 84 PR"), ("S02", "42 PR, 84 SD"))
    ]  # fmt: skip
    rows = results_of(people, source)
    counts = {"derived": 2, "recorded": 1}

    assert rows["orr/all/count"].value == counts[source]
    assert rows[f"orr.{other}/all/count"].value == counts[other]
    assert rows[f"bor.{other}/all/response:pr/count"].value == counts[other]
    assert (rows["agreement/all/count"].value, rows["agreement/all/total"].value) == (3, 4)
    assert rows["agreement/all/best-response/count"].value == 1
    assert rows["agreement/all/responder/estimate"].value == 0.5


def test_without_recorded_responses_there_is_nothing_to_agree_with():
    rows = results_of([patient(lesions=rows_of(SHRINKS))])

    assert not [name for name in rows if name.startswith(("agreement", "concordance", "orr.r"))]


def test_a_reader_is_read_by_the_primary_source_where_there_is_one():
    both = patient(
        lesions=[*rows_of(SHRINKS), *rows_of(SHRINKS, evaluator="B")],
        responses=[*recorded("42 SD", evaluator="A"), *recorded("42 SD", evaluator="B")],
    )

    assert planned_readings([both], protocol_with(source="derived").response) == (
        PlannedReading("A", "A", "recorded"),
        PlannedReading("B", "B", "derived"),
    )


@pytest.mark.parametrize(
    ("evaluator", "name"),
    [("READER 1", "READER 1"), ("FDA", "reader FDA"), ("Wilson", "reader Wilson")],
)
def test_no_reader_takes_the_name_of_another_variant(evaluator, name):
    assert name_of(evaluator) == name


def test_what_is_recorded_of_baseline_is_no_response():
    rows = recorded("0 NE, 42 PR")
    found = answers(patient(lesions=rows_of({0: "T 50", 42: "T 30"}), responses=rows))

    assert found.disagreements == ()


ENDPOINTS = [  # recorded, the warning; PD on day 84, which is day 85 of PFS
    ("PFS", {"time": Decimal(85), "time_unit": "DAYS", "is_event": True}, None),
    ("PFS", {"time": Decimal("2.79"), "time_unit": "MONTHS", "is_event": True}, None),
    ("PFS", {"time": Decimal("12.1"), "time_unit": "WEEKS", "is_event": True}, None),
    (
        "PFS",
        {"time": Decimal(84), "time_unit": "DAYS", "is_event": True},
        "recorded PFS 84 days, event, derived 85 days, event (PD: PD on 2026-04-02)",
    ),
    (
        "PFS",
        {"time": Decimal(85), "time_unit": "DAYS", "is_event": False},
        "recorded PFS 85 days, censored, derived 85 days, event (PD: PD on 2026-04-02)",
    ),
    ("BEST RESPONSE", {"response": Response.PR}, None),
    ("CONFIRMED BEST RESPONSE", {"response": Response.PR}, "recorded CONFIRMED BEST RESPONSE PR"),
]


@pytest.mark.parametrize(("name", "given", "warning"), ENDPOINTS)
def test_a_recorded_endpoint_is_compared_with_the_derived_one(name, given, warning):
    row = RecordedEndpoint("S01", name, source=Source("endpoints.csv", ("S01",), 2), **given)
    mine = patient(lesions=rows_of({0: "T 50", 42: "T 30", 84: "T 50"}))
    found = answers(replace(mine, endpoints=(row,)))
    said = [str(f) for f in found.findings if f.code == "endpoint-differs"]

    assert found.events["pfs"].rule == "PD"
    assert len(said) == (warning is not None)
    assert all(line.startswith(f"endpoints.csv:2: {warning}") for line in said)
