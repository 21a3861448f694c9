"""REDCap projects as sites build them: events, arms, repeats, labels, codes, branching.

The files of ``docs/examples/redcap`` were written by hand after what REDCap writes: one row
a record, event, repeating instrument and instance; boxes 0 and forms untouched in rows of
other events; dates as YYYY-MM-DD whatever the validation; with labels the display names.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.errors import InputError
from onearm.io.redcap_dictionary import read_dictionary
from onearm.io.redcap_logic import parse_logic
from onearm.pipeline.intake import TakenIn, intake_redcap

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "redcap"
BOOK, RAW, LABELS = (
    EXAMPLES / f"{name}.csv" for name in ("dictionary", "export-raw", "export-labels")
)
Rows = list[list[str]]


def rows_of(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def written(path: Path, rows: Rows, separator: str = ",", end: str = "\n") -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path


def tables(study: Path) -> dict[str, Rows]:
    return {path.stem: rows_of(path) for path in sorted((study / "data").iterdir())}


def take(export: Path, out: Path, book: Path = BOOK, *missing: str) -> TakenIn:
    return intake_redcap(export, book, out, missing)


def altered(tmp_path: Path, path: Path, change: Callable[[Rows], object]) -> Path:
    rows = rows_of(path)
    change(rows)
    return written(tmp_path / path.name, rows)


def put(rows: Rows, line: int, name: str, text: str) -> None:
    rows[line - 1][rows[0].index(name)] = text


def messages(caught: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [str(one) for one in caught.value.findings]


def test_events_repeats_and_access_groups_become_tables(tmp_path: Path) -> None:
    take(RAW, tmp_path)

    assert tables(tmp_path) == {
        "subjects": [
            ["subject_id", "consent_date", "age_years", "sex", "first_dose_date", "site"],
            ["101", "2025-03-03", "64", "F", "2025-03-10", "north"],
            ["102", "2025-03-20", "70", "M", "2025-03-27", "south"],
        ],
        "responses": [
            ["subject_id", "date", "response", "new_lesion", "visit"],
            ["101", "2025-04-21", "SD", "N", "ASSESSMENT 1"],
            ["101", "2025-06-02", "PR", "N", "ASSESSMENT 2"],
            ["101", "2025-07-14", "PR", "N", "ASSESSMENT 3"],
            ["102", "2025-05-08", "PD", "Y", "ASSESSMENT 1"],
        ],
        "adverse_events": [
            ["subject_id", "term", "onset_date", "grade", "related", "related_to", "serious"],
            ["101", "Hypertension", "2025-04-02", "3", "Y", "anlotinib", "N"],
            ["101", "Fatigue", "2025-05-11", "1", "", "", "N"],
            ["102", "Pneumonia", "2025-05-01", "4", "Y", "sacituzumab tirumotecan; anlotinib", "Y"],
        ],
        "follow_up": [
            ["subject_id", "date", "status"],
            ["101", "2025-08-20", "ALIVE"],
            ["102", "2025-06-30", "DEAD"],
        ],
    }


def test_the_export_with_labels_gives_the_same_tables(tmp_path: Path) -> None:
    """Labels shared by three fields, a display name of its own, the groups' display names."""
    take(RAW, tmp_path / "raw")
    answer = take(LABELS, tmp_path / "labels", BOOK, "Unknown")
    raw, labels = tables(tmp_path / "raw"), tables(tmp_path / "labels")

    assert [row[-1] for row in labels["subjects"][1:]] == ["North", "South"]
    assert [row[:-1] for row in labels.pop("subjects")] == [row[:-1] for row in raw.pop("subjects")]
    assert labels == raw
    note = "'Adverse event log' is the instrument ae: its rows fill fields of no other"
    assert note in [one.message for one in answer.findings]


@pytest.mark.parametrize("path", [RAW, LABELS], ids=["raw", "labels"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "^"])
def test_separators_line_ends_and_byte_order_marks_change_nothing(
    separator: str, path: Path, tmp_path: Path
) -> None:
    book = written(tmp_path / "d.csv", rows_of(BOOK), separator, "\r\n")
    export = written(tmp_path / "e.csv", rows_of(path), separator, "\r\n")
    for one in (book, export):
        one.write_bytes(b"\xef\xbb\xbf" + one.read_bytes())
    take(path, tmp_path / "a", BOOK, "Unknown")
    take(export, tmp_path / "b", book, "Unknown")

    assert tables(tmp_path / "a") == tables(tmp_path / "b")


def test_names_with_labels_and_labels_with_names_are_read(tmp_path: Path) -> None:
    """An export by interface has either kind of header with either kind of choices."""
    raw, labels = rows_of(RAW), rows_of(LABELS)
    take(RAW, tmp_path / "a")
    take(written(tmp_path / "1.csv", [labels[0], *raw[1:]]), tmp_path / "b")

    def renamed(row: list[str]) -> list[str]:
        return [{"Adverse event log": "ae", "Unknown": ""}.get(cell, cell) for cell in row]

    mixed = [raw[0], *map(renamed, labels[1:])]
    take(written(tmp_path / "2.csv", mixed), tmp_path / "c")
    for name in ("responses", "adverse_events", "follow_up"):
        one = tables(tmp_path / "a")[name]
        assert tables(tmp_path / "b")[name] == one
        assert tables(tmp_path / "c")[name] == one


def in_arm(rows: Rows, line: int, event: str) -> None:
    put(rows, line, "redcap_event_name", event)


def test_records_of_several_arms_keep_their_visits(tmp_path: Path) -> None:
    def change(rows: Rows) -> None:
        for line in range(10, 15):
            event = rows[line - 1][1].replace("arm_1", "arm_2")
            in_arm(rows, line, event)

    answer = take(altered(tmp_path, RAW, change), tmp_path / "a")
    assert [row[-1] for row in tables(tmp_path / "a")["responses"][1:]] == [
        "ASSESSMENT 1", "ASSESSMENT 2", "ASSESSMENT 3", "ASSESSMENT 1",
    ]  # fmt: skip
    assert not any(one.code == "several-arms" for one in answer.findings)


def test_a_record_in_two_arms_is_named_and_two_events_are_not_one_visit(tmp_path: Path) -> None:
    def change(rows: Rows) -> None:
        in_arm(rows, 5, "assessment_arm_2")
        put(rows, 5, "redcap_repeat_instance", "1")

    with pytest.raises(InputError) as caught:
        take(altered(tmp_path, RAW, change), tmp_path / "a")
    events = "the events 'assessment_arm_1' and 'assessment_arm_2'"
    assert messages(caught) == [
        f"export-raw.csv:5: {events} name one visit, 'ASSESSMENT 1' for subject 101"
    ]
    export = altered(tmp_path, RAW, lambda rows: in_arm(rows, 9, "rollover_arm_2"))
    found = [str(one) for one in take(export, tmp_path / "b").findings]
    words = "1 record in more than one arm, each read as one person for subject 101"
    assert f"export-raw.csv:1: {words}" in found


def test_arms_of_labels_and_lettered_events(tmp_path: Path) -> None:
    def change(rows: Rows) -> None:
        in_arm(rows, 4, "Week 6 (Arm 1: Drug (A))")
        in_arm(rows, 5, "week_6_arm_1b")
        for line in (4, 5):
            put(rows, line, "redcap_repeat_instance", "")

    take(altered(tmp_path, RAW, change), tmp_path / "a")
    visits = [row[-1] for row in tables(tmp_path / "a")["responses"][1:3]]
    assert visits == ["WEEK 6", "WEEK 6 B"]


def test_an_event_names_no_visit_of_rows_that_lie_too_far_apart(tmp_path: Path) -> None:
    """One event for the whole treatment is not one visit; scans of two weeks are."""

    def change(rows: Rows) -> None:
        for line in (4, 5, 6, 12):
            in_arm(rows, line, "throughout_arm_1")
            put(rows, line, "redcap_repeat_instrument", "tumour_assessment")

    def near(rows: Rows) -> None:
        change(rows)
        put(rows, 5, "scan_date", "2025-04-22")
        put(rows, 6, "scan_date", "2025-05-05")  # 14 days after the first

    answer = take(altered(tmp_path, RAW, change), tmp_path / "a")
    assert [row[-1] for row in tables(tmp_path / "a")["responses"][1:]] == [
        "", "", "", "THROUGHOUT",
    ]  # fmt: skip
    (found,) = [str(one) for one in answer.findings if one.code == "no-visit"]
    words = "the event 'throughout_arm_1' names no visit of responses: its rows lie 84 days apart"
    assert found.startswith(f"export-raw.csv:4: {words}; ask the visit in the form")
    take(altered(tmp_path, RAW, near), tmp_path / "b")
    assert {row[-1] for row in tables(tmp_path / "b")["responses"][1:]} == {"THROUGHOUT"}


def test_a_hidden_value_is_read_and_named(tmp_path: Path) -> None:
    def change(rows: Rows) -> None:
        put(rows, 7, "ae_related", "0")
        put(rows, 8, "ae_drugs___st", "1")

    answer = take(altered(tmp_path, RAW, change), tmp_path / "a")
    rows = tables(tmp_path / "a")["adverse_events"]
    assert [row[4:6] for row in rows[1:3]] == [["N", "anlotinib"], ["", "sacituzumab tirumotecan"]]
    (found,) = [str(one) for one in answer.findings if one.code == "hidden-value"]
    assert found.startswith("export-raw.csv:7: 2 values of ae_drugs hidden by its branching logic")
    assert "[ae_related] = '1', and read as found; the first for subject 101" in found


def test_logic_that_uses_more_than_comparisons_is_named(tmp_path: Path) -> None:
    logic = "datediff([ae_date], 'today', 'd') > 3"
    rows = rows_of(BOOK)
    at = rows[0].index("Branching Logic (Show field only if...)")
    next(row for row in rows if row[0] == "ae_drugs")[at] = logic
    answer = take(RAW, tmp_path / "a", written(tmp_path / "d.csv", rows))

    found = [one.message for one in answer.findings if one.code == "branching-not-judged"]
    assert found == [f"whether ae_drugs is hidden was not judged: {logic}"]


VALUES = {"a": "1", "b": "", "n": "10", "day": "2025-03-01"}
BOXES = {("why", "2"): "1", ("why", "3"): "0"}
LOGIC = [
    ("[a] = '1'", True),
    ("[a]=1", True),
    ("[a] = '1.0'", True),  # two numbers are compared as numbers
    ("[a] <> ''", True),
    ("[b] <> ''", False),
    ('[b] = ""', True),
    ("[n] > 9", True),  # not by letters, where 10 is before 9
    ("[b] < 5", False),  # nothing is in no order
    ("[b] >= 0", False),
    ("[why(2)] = '1'", True),
    ("[why(3)] = '1'", False),
    ("[a] = '2' or [n] = '10' and [b] = ''", True),  # and binds before or
    ("([a] = '2' or [n] = '10') and [b] = '1'", False),
    ("[A] = '1' AND [N] <= '10'", True),
    ("[screening_arm_1][day] < '2025-04-01'", True),
    ("[a] != '1'", False),
    ("[a] = [n]", False),
]


def looked_up(name: str, box: str | None, event: str | None) -> str:
    assert event in (None, "screening_arm_1")
    return VALUES[name] if box is None else BOXES[name, box]


@pytest.mark.parametrize(("text", "expected"), LOGIC)
def test_branching_logic_is_judged_as_redcap_writes_it(text: str, expected: bool) -> None:
    logic = parse_logic(text)

    assert logic is not None
    assert logic(looked_up) is expected


@pytest.mark.parametrize(
    "text",
    ["", "[a]", "[a] =", "datediff([a],[b],'d') > 2", "[a] + 1 = 2", "[user-dag-name] = 'x'",
     "([a] = '1'", "[a] = '1' [b] = '2'", "not [a] = '1'", "[a] = 'x"],
)  # fmt: skip
def test_other_logic_is_not_judged(text: str) -> None:
    assert parse_logic(text) is None


@given(st.text(alphabet="[]()a1'\"=<>! andor-_.", max_size=30))
def test_any_text_is_logic_or_none(text: str) -> None:
    logic = parse_logic(text)

    assert logic is None or logic(lambda name, box, event: "1") in (True, False)


def two_forms(rows: Rows) -> None:
    for line in (7, 8, 13):
        rows[line - 1][2] = "Log"
    put(rows, 9, "Repeat Instrument", "Log")
    put(rows, 9, "Repeat Instance", "3")
    put(rows, 14, "Repeat Instrument", "Log")
    put(rows, 14, "Repeat Instance", "2")


def test_a_display_name_that_fits_two_instruments_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        take(altered(tmp_path, LABELS, two_forms), tmp_path / "a", BOOK, "Unknown")
    found = messages(caught)
    assert len(found) == 5
    words = "redcap_repeat_instrument must be an instrument of the dictionary; got 'Log'"
    assert found[0] == f"export-labels.csv:7: {words} for subject 101"


def test_a_label_that_stands_for_several_fields_needs_all_of_them(tmp_path: Path) -> None:
    def drop(rows: Rows) -> None:
        at = len(rows[0]) - 3  # the last of three columns Date
        for row in rows:
            del row[at]

    with pytest.raises(InputError) as caught:
        take(altered(tmp_path, LABELS, drop), tmp_path / "a", BOOK, "Unknown")
    words = "the label 'Date' stands for scan_date, ae_date, contact_date; export the raw data"
    assert messages(caught)[0] == f"export-labels.csv:1: {words}"


def second_checkbox(tmp_path: Path, cells: str | None) -> tuple[Path, Path]:
    """Return dictionary and labelled export with another checkbox of the same label."""
    book, export = rows_of(BOOK), rows_of(LABELS)
    first = next(row for row in book if row[0] == "ae_drugs")
    annotation = "onearm: adverse_events.action_drugs"
    book.insert(book.index(first) + 1, ["ae_action", *first[1:11], "", *first[12:17], annotation])
    at = export[0].index("Related to which drug? (choice=anlotinib)") + 1
    labels = export[0][at - 2 : at]
    for row in export:
        if cells is not None:
            own = [cells if row[2] == "Adverse event log" else "Unchecked", "Unchecked"]
            row[at:at] = labels if row is export[0] else own
    return written(tmp_path / "d.csv", book), written(tmp_path / "e.csv", export)


def test_two_checkboxes_of_one_label_are_told_apart_or_refused(tmp_path: Path) -> None:
    book, export = second_checkbox(tmp_path, "Checked")
    take(export, tmp_path / "a", book, "Unknown")
    events = tables(tmp_path / "a")["adverse_events"]
    assert events[0][5:7] == ["related_to", "action_drugs"]
    assert [row[5:7] for row in events[1:]] == [
        ["anlotinib", "sacituzumab tirumotecan"],
        ["", "sacituzumab tirumotecan"],
        ["sacituzumab tirumotecan; anlotinib", "sacituzumab tirumotecan"],
    ]
    book, export = second_checkbox(tmp_path, None)
    with pytest.raises(InputError, match="stands for ae_drugs, ae_action; export the raw data"):
        take(export, tmp_path / "b", book, "Unknown")


def test_a_choice_without_a_column_is_named(tmp_path: Path) -> None:
    export = altered(tmp_path, RAW, lambda rows: without(rows, "ae_drugs___st"))
    found = [str(one) for one in take(export, tmp_path / "a").findings]
    words = "no column for the choices st of ae_drugs, read as unchecked"
    assert f"export-raw.csv:1: {words}" in found


MISFITS = [
    (4, "scan_date", "21-04-2025", "scan_date must be a date, YYYY-MM-DD, as REDCap exports it"),
    (4, "scan_date", "4/21/2025", "a spreadsheet may have rewritten it: export again"),
    (4, "scan_overall", "PMR", "scan_overall must be one of CR (Complete response)"),
    (2, "sex", "3", "sex must be one of 1 (Female), 2 (Male); got '3' in event enrolment_arm_1"),
    (2, "consent_date", "2024-12-31", "consent_date must be at least 2025-01-01; got '2024-12-31'"),
    (2, "age", "64.3", "age must be a whole number; got '64.3'"),
    (7, "ae_date", "2025-04-02 8h30", "ae_date must be a date, YYYY-MM-DD; got '2025-04-02 8h30'"),
    (7, "ae_drugs___an", "2", "ae_drugs must be 0 or 1; got '2'"),
    (7, "ae_term", "", "ae_term must not be empty; got '' in event throughout_arm_1, instance 1"),
    (3, "sex", "2", "sex must be one value of a person, 'F' in line 2; got '2'"),
    (9, "contact_status", "", "contact_status must not be empty"),
]


@pytest.mark.parametrize(("line", "name", "text", "message"), MISFITS)
def test_a_value_that_does_not_fit_is_named(
    line: int, name: str, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        take(altered(tmp_path, RAW, lambda rows: put(rows, line, name, text)), tmp_path / "a")
    (found,) = messages(caught)
    assert found.startswith(f"export-raw.csv:{line}: {name.partition('___')[0]} ")
    assert message in found
    assert not (tmp_path / "a").exists()


def test_a_text_that_is_a_code_and_another_label_is_read_as_the_file_is(tmp_path: Path) -> None:
    """ECOG coded off by one: 1 is stored for 0. Read as a label it is another status."""
    book = tmp_path / "d.csv"
    rows = rows_of(BOOK)[:3]
    ecog = ["ecog", "enrolment", "", "radio", "ECOG", "1, 0 | 2, 1 | 3, 2", *[""] * 11]
    rows.append([*ecog, "onearm: performance.score"])
    day = ["ecog_date", "enrolment", "", "text", "Day", *[""] * 12, "onearm: performance.date"]
    rows.append(day)
    arm = ["arm", "enrolment", "", "radio", "Arm", "1, Main | 2, Other", *[""] * 11]
    rows.append([*arm, "onearm: subjects.cohort"])
    written(book, rows)

    def scores(header: str, *lines: str) -> list[str]:
        export = tmp_path / "e.csv"
        export.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        take(export, tmp_path / "a", book)
        return [row[1] for row in tables(tmp_path / "a")["performance"][1:]]

    head = "record_id,ecog_date,ecog,arm"
    assert scores(head, "1,2025-01-02,1,1", "2,2025-01-02,2,2") == ["0", "1"]
    assert scores(head, "1,2025-01-02,1,Main", "2,2025-01-02,2,Other") == ["1", "2"]
    assert scores("Record ID,Day,ECOG,Arm", "1,2025-01-02,1,") == ["1"]
    with pytest.raises(InputError, match="the code of one choice and the label of another"):
        scores(head, "1,2025-01-02,1,Main", "2,2025-01-02,2,2")


def test_a_decimal_comma_is_read_where_the_dictionary_or_the_separator_says_so(
    tmp_path: Path,
) -> None:
    rows = rows_of(BOOK)[:2]
    head = ["lesion", "scan", "", "text"]
    for name, column in (("day", "date"), ("lesion", "lesion_id"), ("kind", "lesion_type")):
        rows.append([name, *head[1:], name, *[""] * 12, f"onearm: lesions.{column}"])
    rows.append(["seen", *head[1:], "seen", *[""] * 12, "onearm: lesions.state"])
    size = ["size", *head[1:], "Diameter", "", "", "number_1dp_comma_decimal", "0", "200,5"]
    rows.append([*size, *[""] * 7, "onearm: lesions.diameter_mm"])

    def size_of(separator: str, text: str) -> str:
        one = ["P1", "2025-01-02", "T1", "TARGET", "MEASURED", text]
        export = [["record_id", "day", "lesion", "kind", "seen", "size"], one]
        book = written(tmp_path / "d.csv", rows)
        answer = take(written(tmp_path / "e.csv", export, separator), tmp_path / "a", book)
        assert any("the decimal comma is read as a point, 1 time: size 1" in str(one)
                   for one in answer.findings)  # fmt: skip
        return tables(tmp_path / "a")["lesions"][1][-1]

    assert size_of(",", "12,5") == "12.5"
    with pytest.raises(InputError, match="size must be at most 200,5; got '200,6'"):
        size_of(",", "200,6")
    rows[-1][7] = "number"
    assert size_of(";", "12,5") == "12.5"
    with pytest.raises(InputError, match="with a decimal point, not a comma"):
        size_of(",", "12,5")


def test_a_checkbox_with_a_missing_data_code_is_empty_and_counted(tmp_path: Path) -> None:
    def change(rows: Rows) -> None:
        for n, row in enumerate(rows):
            row.append("ae_drugs___unk" if not n else "1" if n == 7 else "0")

    answer = take(altered(tmp_path, RAW, change), tmp_path / "a")
    notes = [one.message for one in answer.findings if one.code == "taken-in"]
    words = "the missing-data code UNK stands for no value, 2 times: ae_drugs 1, ae_related 1"
    assert words in notes


def without(rows: Rows, *names: str) -> None:
    for name in names:
        at = rows[0].index(name)
        for row in rows:
            del row[at]


def test_a_table_that_was_not_exported_is_not_written_as_empty(tmp_path: Path) -> None:
    export = altered(tmp_path, RAW, lambda rows: without(rows, "contact_date", "contact_status"))
    answer = take(export, tmp_path / "a")

    assert "follow_up" not in tables(tmp_path / "a")
    words = "the export has no column of follow_up; not written"
    assert words in [one.message for one in answer.findings]


def test_an_export_without_records_and_a_folder_of_other_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no record below its header"):
        take(written(tmp_path / "e.csv", rows_of(RAW)[:1]), tmp_path / "a")
    (tmp_path / "b" / "data").mkdir(parents=True)
    (tmp_path / "b" / "data" / "tu.xpt").write_bytes(b"")
    with pytest.raises(InputError, match=r"holds tu\.xpt, which this export has not"):
        take(RAW, tmp_path / "b")


def test_blanks_around_missing_data_codes_do_not_count(tmp_path: Path) -> None:
    export = altered(tmp_path, RAW, lambda rows: put(rows, 7, "ae_serious", "-98"))
    answer = take(export, tmp_path / "a", BOOK, "-99", " -98", "")
    words = "the missing-data code -98 stands for no value, 1 time: ae_serious 1"
    assert words in [one.message for one in answer.findings]


def test_a_needed_column_that_was_not_exported_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        take(altered(tmp_path, RAW, lambda rows: without(rows, "scan_date")), tmp_path / "a")
    assert messages(caught) == ["export-raw.csv:1: no column scan_date, which is responses.date"]


def test_a_column_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    def change(rows: Rows) -> None:
        for row in rows:
            row.append(row[rows[0].index("sex")])

    with pytest.raises(InputError, match="the column 'sex' stands twice"):
        take(altered(tmp_path, RAW, change), tmp_path / "a")


def test_a_file_of_another_encoding_says_how_to_save_it(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(RAW.read_bytes().replace(b"Fatigue", b"Fi\xe8vre"))
    with pytest.raises(InputError) as caught:
        take(path, tmp_path / "a")
    (found,) = messages(caught)
    assert ":8: the file must be UTF-8; got the byte 0xe8" in found
    assert found.endswith("a spreadsheet saves it as 'CSV UTF-8'")


BOOKS = [
    ("sex", 17, "onearm: subjects.sex (1=F, 3=M)", "the annotation of sex names the code '3'"),
    ("sex", 17, "onearm: subjects.sex (1=F, 2=Q)", "must be one of F, M, U; the annotation says"),
    ("sex", 17, "onearm: subjects.subject_id", "subject_id is the record itself"),
    ("sex", 5, "1, Female | 1, Male", "the code '1' of sex stands for two choices"),
    ("sex", 17, "onearm: subjects.sex onearm: subjects.site", "names two columns; a field is one"),
    ("sex", 0, "Sex", "a field name has lower-case letters"),
    ("sex", 0, "age", "field 'age' stands twice"),
    ("scan_new", 17, "onearm: responses.date", "column responses.date has two fields"),
]


@pytest.mark.parametrize(("name", "at", "text", "message"), BOOKS)
def test_a_dictionary_that_contradicts_itself_is_named(
    name: str, at: int, text: str, message: str, tmp_path: Path
) -> None:
    rows = rows_of(BOOK)
    line = next(n for n, row in enumerate(rows, 1) if row[0] == name)
    rows[line - 1][at] = text
    with pytest.raises(InputError) as caught:
        read_dictionary(written(tmp_path / "d.csv", rows))
    assert messages(caught)[0].startswith(f"d.csv:{line}: ")
    assert message in messages(caught)[0]


def test_a_choice_in_other_words_than_the_column_asks_for_its_meaning(tmp_path: Path) -> None:
    rows = rows_of(BOOK)
    next(row for row in rows if row[0] == "sex")[17] = "onearm: subjects.sex"
    with pytest.raises(InputError) as caught:
        take(RAW, tmp_path / "a", written(tmp_path / "d.csv", rows))
    words = "sex must be one of F, M, U; the annotation can say so, onearm: subjects.sex (1=...)"
    assert messages(caught)[0] == (
        f"export-raw.csv:2: {words}; got '1' in event enrolment_arm_1 for subject 101"
    )


@given(st.binary(max_size=300))
def test_any_dictionary_is_read_or_gets_its_lines(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "d.csv"
    path.write_bytes(BOOK.read_bytes() + content)
    found: list[str] = []
    try:
        assert read_dictionary(path)
    except InputError as error:
        found = [str(one) for one in error.findings]
    assert all("\n" not in one for one in found)
