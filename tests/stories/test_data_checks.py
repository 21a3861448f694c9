"""Data checks as stories: a few rows of one subject, and the findings they must give.

Sections: Eisenhauer 2009 (E09) for lesions; the rest is what a record means.
"""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest

from onearm.clinical.checks import check_subject
from onearm.clinical.cutoff import apply_cutoff
from onearm.clinical.records import TABLES, FollowUp, Subject, SubjectRecords
from onearm.io.csv import read_table, write_table
from onearm.pipeline.study import group_subjects
from onearm.protocol.response import ResponseRules

RULES = ResponseRules()
RECORDS = {record.TABLE: record for record in TABLES}
LESION = "date visit lesion_id lesion_type organ nodal diameter_mm state"
MORE = f"{LESION} method slice_mm prior_local_therapy progressed_since parent_id evaluator"
DOSE = "drug start_date end_date dose unit"
EVENT = "term grade onset_date end_date outcome"


@pytest.fixture
def subject(tmp_path):
    """Return a function that makes one subject of rows: table, columns, and words by row.

    A dot is an empty cell, an underscore a blank.
    """

    def make(*tables, **about):
        first = {"subject_id": "S01", "first_dose_date": "2020-01-08", **about}
        write_table(tmp_path / "subjects.csv", list(first), [list(first.values())])
        for name, header, rows in tables:
            if header == EVENT:
                header, rows = f"related {header}", [f"N {row}" for row in rows]
            names = ["subject_id", *header.split()]
            cells = [["S01", *(cell.replace("_", " ") for cell in row.split())] for row in rows]
            cells = [["" if cell == "." else cell for cell in row] for row in cells]
            padded = [[*row, *[""] * (len(names) - len(row))] for row in cells]
            write_table(tmp_path / f"{name}.csv", names, padded)
        names = ["subjects", *[name for name, _, _ in tables]]
        read = {name: read_table(tmp_path / f"{name}.csv", RECORDS[name]) for name in names}
        return group_subjects({name: table.checked().records for name, table in read.items()})[0]

    return make


def found(records, *, rules=RULES, drugs=()):
    findings = check_subject(records, rules, drugs=drugs)
    return [(f.severity, f.code, f.place.line) for f in findings]


BASE = "2020-01-05 BASELINE T01 TARGET LIVER N 30 MEASURED"
LATER = "2020-02-20 W06 T01 TARGET LIVER N 28 MEASURED"
NODE = "2020-01-05 BASELINE T02 TARGET LYMPH_NODE Y 18 MEASURED"
NEW_NODE = "2020-02-20 W06 N01 NEW LYMPH_NODE Y 15 MEASURED"


def several(row, what, names):
    """Return the row once for each name, as lesions of their own."""
    return [row.replace("T0", f"T{n}").replace(what, name) for n, name in enumerate(names)]


LESION_STORIES = [  # story, rows of lesions.csv from line 2 on, findings
    ("baseline and one visit", [BASE, LATER], []),
    ("one lesion twice at one scan", [BASE, LATER, LATER], [("error", "duplicate-key", 4)]),
    ("nothing on or before the first dose", [LATER], [("error", "missing-baseline", 2)]),
    ("baseline 29 days before the first dose", [BASE.replace("2020-01-05", "2019-12-10"), LATER],
     [("warning", "baseline-too-old", 2)]),
    ("baseline 28 days before the first dose", [BASE.replace("2020-01-05", "2019-12-11")], []),
    ("a target not done at baseline", [BASE.replace("30 MEASURED", ". NOT_DONE"), LATER],
     [("error", "target-without-baseline", 2)]),
    ("a target that appears later", [BASE, LATER, LATER.replace("T01", "T02")],
     [("error", "target-without-baseline", 4)]),
    ("a new lesion at baseline", [BASE, "2020-01-05 BASELINE N01 NEW BONE N 12 PRESENT"],
     [("error", "new-at-baseline", 3)]),
    ("no disease at baseline: a lesion that is not there",
     ["2020-01-05 BASELINE L01 NEW LIVER N . ABSENT", "2020-02-20 W06 L01 NEW LIVER N . ABSENT"],
     []),
    ("a new lesion later", [BASE, "2020-02-20 W06 N01 NEW BONE N 12 PRESENT"], []),
    ("a lesion that changes type", [BASE, LATER.replace("TARGET", "NON-TARGET")],
     [("error", "lesion-changes-type", 3)]),
    ("a lesion that changes organ", [BASE, LATER.replace("LIVER", "LUNG")],
     [("warning", "lesion-changes-organ", 3)]),
    ("a paired organ, by side and as one",
     [BASE.replace("LIVER", "LEFT_LUNG"), LATER.replace("LIVER", "LUNG")], []),
    ("a lesion that becomes a node", [BASE, LATER.replace(" N ", " Y ")],
     [("error", "lesion-changes-nodality", 3)]),
    ("a node not marked as one", [NODE.replace(" Y ", " N ")], [("warning", "node-not-marked", 2)]),
    ("a target measured without diameter", [BASE, LATER.replace("28", ".")],
     [("error", "measured-without-diameter", 3)]),
    ("a nodal target without short axis", [BASE, NODE.replace("18", ".")],
     [("error", "node-without-short-axis", 3)]),
    ("a non-target measured without diameter",
     [BASE, "2020-01-05 BASELINE NT1 NON-TARGET BONE N . MEASURED"],
     [("warning", "measured-without-diameter", 3)]),
    ("a target that is only present", [BASE, LATER.replace("28 MEASURED", ". PRESENT")],
     [("warning", "target-not-measured", 3)]),
    ("not done, but 28 mm", [BASE, LATER.replace("MEASURED", "NOT_DONE")],
     [("error", "state-and-diameter", 3)]),
    ("absent, but 28 mm", [BASE, LATER.replace("MEASURED", "ABSENT")],
     [("error", "state-and-diameter", 3)]),
    ("absent with 0 mm", [BASE, LATER.replace("28 MEASURED", "0 ABSENT")], []),
    ("too small, but 4 mm", [BASE, LATER.replace("28 MEASURED", "4 TOO_SMALL")],
     [("warning", "state-and-diameter", 3)]),
    ("a target of 9.9 mm", [BASE.replace("30", "9.9"), LATER], [("warning", "not-measurable", 2)]),
    ("a target of 10 mm", [BASE.replace("30", "10"), LATER], []),
    ("a nodal target of 14.9 mm", [NODE.replace("18", "14.9")], [("warning", "not-measurable", 2)]),
    ("a nodal target of 15 mm", [NODE.replace("18", "15")], []),
    ("a new node of 9.9 mm", [BASE, NEW_NODE.replace("15", "9.9")],
     [("warning", "new-node-too-small", 3)]),
    ("a new node of 14.9 mm", [BASE, NEW_NODE.replace("15", "14.9")],
     [("warning", "new-node-doubtful", 3)]),
    ("a new node of 15 mm", [BASE, NEW_NODE], []),
    ("three targets in the lungs", several(BASE, "LIVER", ("LUNG", "LEFT_LUNG", "RIGHT_LUNG")),
     [("warning", "too-many-in-organ", 4)]),
    ("all nodes are one organ", several(NODE, "LYMPH_NODE", ("NECK", "AXILLA", "GROIN")),
     [("warning", "too-many-in-organ", 4)]),
    ("six targets", several(BASE, "LIVER", ("A", "B", "C", "D", "E", "F")),
     [("warning", "too-many-targets", 7)]),
    ("week 12 before week 6",
     [BASE, LATER.replace("W06", "W12"), LATER.replace("2020-02-20", "2020-04-05")],
     [("warning", "visit-order", 4)]),
    ("baseline after another visit",
     [BASE.replace("01-05", "01-07"), BASE.replace("2020-01-05 BASELINE", "2020-01-01 W0")],
     [("warning", "visit-order", 2)]),
    ("one label on scans 15 days apart", [BASE, LATER, LATER.replace("02-20", "03-06")],
     [("warning", "visit-spread", 3)]),
    ("one label on scans 14 days apart", [BASE, LATER, LATER.replace("02-20", "03-05")], []),
    ("one lesion twice in a visit, with two answers",
     [BASE, LATER, LATER.replace("02-20", "02-22").replace("28", "90")],
     [("warning", "scanned-twice", 4)]),
    ("one lesion twice on a day, by two names of the visit",
     [BASE, LATER, LATER.replace("W06", "W07")], [("warning", "visits-overlap", 4)]),
    ("two visits that overlap",
     [BASE, LATER, LATER.replace("02-20", "03-01"),
      LATER.replace("2020-02-20 W06", "2020-02-25 W07")],
     [("warning", "visits-overlap", 5)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "expected"), [s[1:] for s in LESION_STORIES], ids=[s[0] for s in LESION_STORIES]
)
def test_lesions(subject, rows, expected):
    assert found(subject(("lesions", LESION, rows))) == expected


MEASURABLE = [  # story, diameter, method, slice in mm, findings (E09 3.1.1, appendix II)
    ("thin slice", "10", "CT", "5", []),
    ("a thick slice asks for twice its thickness", "15.9", "CT", "8", ["not-measurable"]),
    ("exactly twice the slice", "16", "CT", "8", []),
    ("a chest X-ray asks for 20 mm", "19", "X-RAY", ".", ["not-measurable"]),
    ("exactly 20 mm on a chest X-ray", "20", "X-RAY", ".", []),
]


@pytest.mark.parametrize(
    ("diameter", "method", "thickness", "codes"),
    [m[1:] for m in MEASURABLE],
    ids=[m[0] for m in MEASURABLE],
)
def test_measurable_depends_on_method_and_slice(subject, diameter, method, thickness, codes):
    row = f"{BASE.replace('30', diameter)} {method} {thickness}"

    assert [code for _, code, _ in found(subject(("lesions", MORE, [row])))] == codes


def test_the_slice_counts_for_nodes_only_by_option(subject):
    records = subject(("lesions", MORE, [f"{NODE} CT 10"]))
    strict = ResponseRules(slice_rule_nodes=True)

    assert found(records) == []
    assert found(records, rules=strict) == [("warning", "not-measurable", 2)]


def test_a_target_treated_before_must_have_progressed(subject):
    records = subject(("lesions", MORE, [f"{BASE} CT . Y .", f"{NODE} CT . Y Y"]))

    assert found(records) == [("warning", "local-therapy", 2)]


def test_fragments_are_no_further_targets(subject):
    rows = [BASE, *[f"{LATER.replace('T01', f'T01{part}')} . . . . T01" for part in "ab"]]

    assert found(subject(("lesions", MORE, rows))) == []


def test_each_evaluator_is_checked_apart(subject):
    rows = [BASE, f"{LATER} . . . . . READER_1"]

    assert found(subject(("lesions", MORE, rows))) == [("error", "missing-baseline", 3)]


def test_without_a_reference_date_the_earliest_visit_is_baseline(subject):
    assert found(subject(("lesions", LESION, [LATER]), first_dose_date="")) == []


CYCLES = ["anlotinib 2020-01-08 2020-01-21 12 mg", "TQB2450 2020-01-29 . 1200 mg"]
DEATH = ("follow_up", "date status", ["2020-06-01 DEAD"])
STORIES = [  # story, the subject, tables, findings
    ("first dose before consent", {"consent_date": "2020-01-09"}, [],
     [("warning", "date-order", 2)]),
    ("enrolled before consent", {"consent_date": "2020-01-05", "enrolment_date": "2020-01-04"}, [],
     [("warning", "date-order", 2)]),
    ("a scan after death", {},
     [("lesions", LESION, [BASE, LATER.replace("2020-02", "2020-07")]), DEATH],
     [("warning", "after-death", 3)]),
    ("a dose after death", {}, [("doses", DOSE, [*CYCLES, "TQB2450 2020-06-02 . 1200 mg"]), DEATH],
     [("warning", "after-death", 4)]),
    ("alive after death", {},
     [("follow_up", "date status", ["2020-06-01 DEAD", "2020-07-01 ALIVE"])],
     [("error", "after-death", 3)]),
    ("two days of death", {},
     [("follow_up", "date status", ["2020-06-01 DEAD", "2020-07-01 DEAD"])],
     [("error", "after-death", 3)]),
    ("a dose after the end of treatment", {},
     [("doses", DOSE, CYCLES),
      ("disposition", "scope status date", ["TREATMENT DISCONTINUED 2020-01-28"])],
     [("warning", "dose-after-stop", 3)]),
    ("a run of doses that outlasts the end of its drug", {},
     [("doses", DOSE, CYCLES),
      ("disposition", "scope status date", ["anlotinib COMPLETED 2020-01-20"])],
     [("warning", "dose-after-stop", 2)]),
    ("the first dose on another day", {}, [("doses", DOSE, ["anlotinib 2020-01-09 . 12 mg"])],
     [("warning", "first-dose-differs", 2)]),
    ("doses that end before they begin", {},
     [("doses", DOSE, ["anlotinib 2020-01-08 2020-01-07 12 mg"])],
     [("error", "end-before-begin", 2)]),
    ("a drug that the protocol does not name", {},
     [("doses", DOSE, ["anlotinb 2020-01-08 . 12 mg"])], [("error", "unknown-drug", 2)]),
    ("an event before the first dose", {}, [("adverse_events", EVENT, ["Rash 1 2020-01-07"])],
     [("warning", "onset-before-dose", 2)]),
    ("an event on the day of the first dose", {},
     [("adverse_events", EVENT, ["Rash 1 2020-01-08"])], []),
    ("grade 6", {}, [("adverse_events", EVENT, ["Rash 6"])], [("error", "impossible-grade", 2)]),
    ("grade 0", {}, [("adverse_events", EVENT, ["Rash 0"])], [("error", "impossible-grade", 2)]),
    ("fatal, but grade 4", {}, [("adverse_events", EVENT, ["Sepsis 4 . . FATAL"])],
     [("warning", "fatal-below-grade-5", 2)]),
    ("not related, but to a drug", {},
     [("adverse_events", "term grade related related_to", ["Rash 1 N anlotinib"])],
     [("error", "relation-contradicts", 2)]),
    ("an event that ends before it begins", {},
     [("adverse_events", EVENT, ["Rash 1 2020-02-01 2020-01-31"])],
     [("warning", "end-before-begin", 2)]),
    ("an event without grade", {}, [("adverse_events", EVENT, ["Rash"])],
     [("warning", "no-grade", 2)]),
    ("an event without relation", {}, [("adverse_events", "term grade related", ["Rash 1 ."])],
     [("warning", "no-relation", 2)]),
    ("related to a drug, the word itself left out", {},
     [("adverse_events", "term grade related related_to", ["Rash 1 . anlotinib"])], []),
    ("one event twice", {}, [("adverse_events", EVENT, ["Rash 1 2020-02-01"] * 2)],
     [("warning", "duplicate-key", 3)]),
    ("two ends of treatment", {},
     [("disposition", "scope status date",
       ["TREATMENT ONGOING .", "TREATMENT DISCONTINUED 2020-01-28"])],
     [("error", "duplicate-key", 3)]),
    ("treated and never scanned", {}, [("lesions", LESION, [])], [("warning", "no-assessment", 2)]),
    ("scans were not collected", {}, [], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("about", "tables", "expected"), [s[1:] for s in STORIES], ids=[s[0] for s in STORIES]
)
def test_records(subject, about, tables, expected):
    records = subject(*tables, **about)

    assert found(records, drugs=("anlotinib", "TQB2450")) == expected


def test_a_finding_names_file_line_field_and_subject(subject):
    records = subject(("lesions", LESION, [BASE.replace("30", "9.95"), LATER]))

    [finding] = check_subject(records, RULES)

    assert finding.place.field == "diameter_mm"
    assert str(finding) == (
        "lesions.csv:2: lesion T01: a target with a diameter of 9.95 mm at baseline;"
        " at least 10 mm for subject S01"
    )


CUT = date(2020, 3, 1)
PERIOD = "Rash 1 2020-02-01 2020-03-05 RECOVERED"
CUTS = [  # story, table, columns, rows, field and what it holds after the cut, notes
    ("a record on the day of the cut-off stays", "labs", "date test", ["2020-03-01 ALT"],
     ("date", [CUT]), []),
    ("a record after it is set aside", "labs", "date test", ["2020-02-01 ALT", "2020-03-02 ALT"],
     ("date", [date(2020, 2, 1)]), ["after-cutoff"]),
    ("a record without date stays", "biomarkers", "date marker", [". PD-L1"], ("date", [None]), []),
    ("an event that ended later goes on", "adverse_events", EVENT, [PERIOD],
     ("end_date", [None]), ["cut-at-cutoff"]),
    ("and how it ended is not known", "adverse_events", EVENT, [PERIOD],
     ("outcome", [None]), ["cut-at-cutoff"]),
    ("a run of doses ends on the cut-off", "doses", DOSE, ["anlotinib 2020-02-25 2020-03-09 12 mg"],
     ("end_date", [CUT]), ["cut-at-cutoff"]),
    ("who died later was alive", "follow_up", "date status", ["2020-04-01 DEAD"],
     ("status", ["ALIVE"]), ["after-cutoff"]),
    ("and was so on the cut-off", "follow_up", "date status",
     ["2020-02-01 ALIVE", "2020-04-01 DEAD"], ("date", [date(2020, 2, 1), CUT]), ["after-cutoff"]),
    ("of who was lost later nothing is known", "follow_up", "date status",
     ["2020-02-01 ALIVE", "2020-04-01 LOST"], ("date", [date(2020, 2, 1)]), ["after-cutoff"]),
    ("who stopped later was on treatment", "disposition", "scope status date reason",
     ["TREATMENT DISCONTINUED 2020-04-01 DEATH"], ("status", ["ONGOING"]), ["after-cutoff"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "header", "rows", "stays", "codes"), [c[1:] for c in CUTS], ids=[c[0] for c in CUTS]
)
def test_the_cutoff(subject, table, header, rows, stays, codes):
    counted, notes = apply_cutoff(subject((table, header, rows)), CUT)

    field, values = stays
    assert [getattr(row, field) for row in getattr(counted, table)] == values
    assert [(note.severity, note.code) for note in notes] == [("note", code) for code in codes]


def test_a_note_counts_the_rows_and_names_their_lines(subject):
    rows = [f"2020-0{month}-15 ALT" for month in (2, 3, 4, 5)]

    _, [note] = apply_cutoff(subject(("labs", "date test", rows)), CUT)

    assert str(note) == (
        "labs.csv:3: 3 rows (lines 3-5) dated after the data cut-off 2020-03-01, set aside"
        " for subject S01"
    )


def test_days_of_the_subject_after_the_cutoff_are_not_known_yet():
    records = SubjectRecords(Subject("S01", first_dose_date=date(2020, 3, 2)))

    counted, notes = apply_cutoff(records, CUT)

    assert counted.subject.first_dose_date is None
    assert [note.code for note in notes] == ["after-cutoff"]


def test_a_later_cutoff_loses_no_record():
    follow_up = tuple(FollowUp("S01", date(2020, 1, day), "ALIVE") for day in range(8, 30))
    records = SubjectRecords(Subject("S01"), follow_up=follow_up)

    cuts = [apply_cutoff(records, date(2020, 1, day))[0] for day in range(8, 31)]

    kept = [{row.date for row in cut.follow_up or ()} for cut in cuts]
    assert all(earlier <= later for earlier, later in pairwise(kept))


def test_every_other_table_belongs_to_one_subject():
    apart = {"subjects", "screening"}

    fields = set(SubjectRecords.__dataclass_fields__) - {"subject"}

    assert {record.TABLE for record in TABLES} - apart == fields
