"""What the reader of tables promises: exact records, or every problem in one line each."""

from __future__ import annotations

import datetime as dt
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.clinical.records import (
    TABLES,
    AdverseEvent,
    Dose,
    FollowUp,
    Measurement,
    RecordedResponse,
    Source,
    Subject,
    columns,
)
from onearm.errors import InputError
from onearm.io.csv import read_cells, read_rows, read_table, write_table
from onearm.terms import IResponse, LesionState, LesionType, Response

LESIONS = "subject_id,visit,date,lesion_id,lesion_type,organ,nodal,diameter_mm,state"
GOOD = "S01,BASELINE,2019-01-11,T01,TARGET,LUNG,N,26.5,MEASURED"


@pytest.fixture
def lesions(tmp_path):
    """Return a function that writes lines to lesions.csv and reads them."""

    def read(*lines, **options):
        path = tmp_path / "lesions.csv"
        path.write_bytes("\n".join(lines).encode())
        return read_table(path, Measurement, **options)

    return read


def messages(table):
    return [str(finding) for finding in table.findings]


def test_a_row_becomes_a_record(lesions):
    table = lesions(LESIONS, GOOD)

    assert table.findings == ()
    assert table.records == (
        Measurement(
            "S01", "BASELINE", dt.date(2019, 1, 11), "T01", LesionType.TARGET, "LUNG", False,
            26_500, LesionState.MEASURED, "INVESTIGATOR",
            source=Source(
                "lesions.csv", ("S01", "INVESTIGATOR", "BASELINE", "2019-01-11", "T01"), 2
            ),
        ),
    )  # fmt: skip
    assert table.records[0].lesion_type is LesionType.TARGET


BAD_CELLS = [  # column, what stands there, the whole message
    ("diameter_mm", "3o",
     "diameter_mm must be a number in millimetres; got '3o'"),
    ("diameter_mm", "3,5",
     "diameter_mm must be a number in millimetres with a decimal point, not a comma; got '3,5'"),
    ("diameter_mm", "4.9505",
     ("diameter_mm must have at most three decimals of a millimetre (nothing is rounded);"
     " got '4.9505'")),
    ("diameter_mm", "-3", "diameter_mm must be a length in millimetres, 0 or more; got '-3'"),
    ("diameter_mm", "1e2", "diameter_mm must be a number in millimetres; got '1e2'"),
    ("diameter_mm", "12 mm", "diameter_mm must be a number in millimetres; got '12 mm'"),
    ("diameter_mm", "99999999",
     "diameter_mm must be a length in millimetres, below 1000000; got '99999999'"),
    ("diameter_mm", "NaN", "diameter_mm must be a number in millimetres; got 'NaN'"),
    ("date", "2019-02-30", "date must be a date of the calendar, YYYY-MM-DD; got '2019-02-30'"),
    ("date", "2019-02", "date must be a complete date, YYYY-MM-DD; got '2019-02'"),
    ("date", "2019", "date must be a complete date, YYYY-MM-DD; got '2019'"),
    ("date", "2019-UN-UN", "date must be a complete date, YYYY-MM-DD; got '2019-UN-UN'"),
    ("date", "30/02/2019", "date must be a date, YYYY-MM-DD; got '30/02/2019'"),
    ("date", "0019-02-01",
     "date must be a date in the years 1900 to 2199; got '0019-02-01'"),
    ("date", "", "date must not be empty"),
    ("lesion_id", "  ", "lesion_id must not be empty"),
    ("lesion_type", "TARGT",
     "lesion_type must be one of TARGET, NON-TARGET, NEW; got 'TARGT'; did you mean 'TARGET'?"),
    ("state", "DISAPPEARED",
     ("state must be one of MEASURED, PRESENT, ABSENT, TOO SMALL, NOT DONE,"
     " UNEQUIVOCAL PROGRESSION, EQUIVOCAL, SPLIT, MERGED; got 'DISAPPEARED'")),
    ("nodal", "yes", "nodal must be one of Y, N; got 'yes'"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "cell", "message"), BAD_CELLS)
def test_a_bad_cell_is_named_with_file_line_and_subject(lesions, column, cell, message):
    row = dict(zip(LESIONS.split(","), GOOD.split(","), strict=True))
    row["subject_id"] = "S02"
    row[column] = f'"{cell}"'

    table = lesions(LESIONS, GOOD, ",".join(row.values()))

    said, mark, hint = message.partition("; did you mean")
    assert messages(table) == [f"lesions.csv:3: {said} for subject S02{mark}{hint}"]
    assert table.findings[0].severity == "error"
    assert table.findings[0].place.field == column
    assert len(table.records) == 1


BAD_FILES = [  # story, the file, every message
    ("an empty file", b"", ["t.csv: the file is empty; a header row is needed"]),
    ("only a byte order mark", b"\xef\xbb\xbf",
     ["t.csv: the file is empty; a header row is needed"]),
    ("a missing column, almost there", b"subjectid,date,status\nS1,2019-01-01,ALIVE\n",
     ["t.csv:1: column 'subjectid' is unknown and not read; did you mean 'subject_id'?",
      ("t.csv:1: missing column 'subject_id'; needed are subject_id, date, status;"
      " found 'subjectid'")]),
    ("a bad cell under a bad header", b"subject_id,status\nS1,ALIV\n",
     ["t.csv:1: missing column 'date'; needed are subject_id, date, status",
      ("t.csv:2: status must be one of ALIVE, DEAD, LOST, WITHDRAWN; got 'ALIV'"
      " for subject S1; did you mean 'ALIVE'?")]),
    ("a column twice", b"subject_id,date,date,status\nS1,2019-01-01,2019-01-02,ALIVE\n",
     ["t.csv:1: column 'date' stands twice in the header"]),
    ("semicolons", b"subject_id;date;status\nS1;2019-01-01;ALIVE\n",
     ["t.csv:1: columns must be parted by commas; got ';'"]),
    ("a row too short, one too long",
     b"subject_id,date,status\nS1,2019-01-01\nS2,2019-01-01,ALIVE,x\n",
     ["t.csv:2: the row has 2 fields, the header 3 for subject S1",
      "t.csv:3: the row has 4 fields, the header 3 for subject S2"]),
    ("Latin-1", "subject_id,date,status,cause\nS1,2019-01-01,DEAD,Müller\n".encode("latin-1"),
     ["t.csv:2: the file must be UTF-8; got the byte 0xfc at offset 49"]),
    ("UTF-16", "subject_id,date,status\n".encode("utf-16"),
     ["t.csv:1: the file must be UTF-8; this is UTF-16"]),
    ("a quote that never closes", b'subject_id,date,status\nS1,"2019-01-01,ALIVE\n',
     ["t.csv:2: the row cannot be read: unexpected end of data"]),
    ("an unknown column", b"subject_id,date,status,causes\nS1,2019-01-01,DEAD,x\n",
     ["t.csv:1: column 'causes' is unknown and not read; did you mean 'cause'?"]),
    ("where data come from", b"subject_id,date,status,data_origin\nS1,2019-01-01,DEAD,x\n", []),
    ("a header alone", b"subject_id,date,status\n", []),
    ("rows without any cell", b"subject_id,date,status\n\n,,\n , ,\nS1,2019-01-01,ALIVE\n", []),
]  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), [f[1:] for f in BAD_FILES], ids=[
    f[0] for f in BAD_FILES
])  # fmt: skip
def test_a_bad_file_gives_one_line_a_problem(tmp_path, content, expected):
    path = tmp_path / "t.csv"
    path.write_bytes(content)

    assert messages(read_table(path, FollowUp)) == expected


def test_a_missing_file_is_a_finding_too(tmp_path):
    table = read_table(tmp_path / "lesions.csv", Measurement)

    assert messages(table) == ["lesions.csv: the file does not exist"]
    with pytest.raises(InputError, match=r"^lesions\.csv: the file does not exist$"):
        table.checked()


def test_a_folder_is_no_file(tmp_path):
    assert messages(read_table(tmp_path, Measurement, name="data")) == [
        "data: cannot be read: Is a directory"
    ]


OTHER_UNITS = [  # header of the length, a cell of the last column, message
    ("diameter_cm", "MEASURED",
     ("lesions.csv:1: lengths must be in millimetres, in a column 'diameter_mm';"
     " got a column 'diameter_cm'")),
    ("diameter_mm,unit", "MEASURED,cm",
     "lesions.csv:2: unit must be mm, the unit of every length; got 'cm' for subject S01"),
    ("diameter_mm,diameter_unit", "MEASURED,cm",
     ("lesions.csv:2: diameter_unit must be mm, the unit of every length; got 'cm'"
     " for subject S01")),
]  # fmt: skip


@pytest.mark.parametrize(("header", "cells", "message"), OTHER_UNITS)
def test_a_length_in_another_unit_is_an_error(lesions, header, cells, message):
    start = "subject_id,date,lesion_id,lesion_type,state"
    name, *unit = header.split(",")
    state, *is_unit = cells.split(",")
    head = ",".join([start, name, *unit])

    table = lesions(head, ",".join(["S01,2019-01-11,T01,TARGET", state, "2", *is_unit]))

    assert messages(table) == [message]


def test_a_unit_column_that_says_mm_is_fine(lesions):
    table = lesions(f"{LESIONS},unit", f"{GOOD},mm")

    assert table.findings == ()
    assert table.records[0].diameter_um == 26_500


def test_all_errors_are_listed_up_to_a_hundred(lesions):
    bad = GOOD.replace("26.5", "3o")

    table = lesions(LESIONS, *[bad] * 130)

    assert len(table.findings) == 101
    assert str(table.findings[-1]) == "lesions.csv: 30 more errors not listed"


LENGTHS = [  # text in mm, micrometres
    ("0", 0), ("5", 5000), ("4.95", 4950), ("4.950", 4950), ("0.001", 1), ("014", 14_000),
    ("999999.999", 999_999_999), (" 7.5 ", 7500),
]  # fmt: skip


@pytest.mark.parametrize(("text", "um"), LENGTHS)
def test_lengths_are_exact(lesions, text, um):
    assert lesions(LESIONS, GOOD.replace("26.5", text)).records[0].diameter_um == um


@given(st.integers(0, 999_999_999))
def test_every_length_survives_exactly(um):
    text = f"{um // 1000}.{um % 1000:03d}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lesions.csv"
        write_table(path, LESIONS.split(","), [GOOD.replace("26.5", text).split(",")])

        assert read_table(path, Measurement).records[0].diameter_um == um


def test_codes_in_another_case_are_accepted_where_only_one_fits(tmp_path):
    path = tmp_path / "responses.csv"
    write_table(
        path,
        ["subject_id", "date", "response", "irecist", "new_lesion"],
        [
            ["S1", "2019-01-01", "pr", "ICPD", "y"],
            ["S1", "2019-03-01", "Non-CR/Non-PD", None, None],
        ],
    )

    first, second = read_table(path, RecordedResponse).checked().records

    assert (first.overall, first.irecist, first.new_lesion) == (Response.PR, IResponse.ICPD, True)
    assert (second.overall, second.irecist, second.new_lesion) == (
        Response.NON_CR_NON_PD, None, None,
    )  # fmt: skip


def test_names_are_parted_by_semicolons_and_decimals_stay_exact(tmp_path):
    events, doses = tmp_path / "adverse_events.csv", tmp_path / "doses.csv"
    write_table(
        events, ["subject_id", "term", "related_to"], [["S1", "Anaemia", "anlotinib; TQB2450 "]]
    )
    write_table(
        doses,
        ["subject_id", "drug", "start_date", "dose", "unit"],
        [["S1", "anlotinib", "2019-01-01", "0.10", "mg"]],
    )

    assert read_table(events, AdverseEvent).records[0].related_to == ("anlotinib", "TQB2450")
    assert str(read_table(doses, Dose).records[0].dose) == "0.10"
    assert read_table(doses, Dose).records[0].dose == Decimal("0.1")


def test_characteristics_are_kept_and_empty_ones_left_out(tmp_path):
    path = tmp_path / "subjects.csv"
    path.write_text("subject_id,ecog,histology,age_years\nS1,1, ASPS ,40\nS2,,UPS,50\n")

    table = read_table(path, Subject, characteristics=("ecog", "histology", "age_years", "stage"))

    assert [dict(row.characteristics) for row in table.records] == [
        {"ecog": "1", "histology": "ASPS"}, {"histology": "UPS"},
    ]  # fmt: skip
    assert [row.age_years for row in table.records] == [40, 50]
    assert messages(table) == [
        "subjects.csv:1: the protocol names the characteristic 'stage', the header does not"
    ]


def test_other_columns_can_be_ignored_and_more_columns_required(tmp_path):
    path = tmp_path / "subjects.csv"
    path.write_text("subject_id,arm,reference_date\nS1,A,\n")

    table = read_table(path, Subject, ignore_others=True, required=("reference_date", "sex"))

    assert messages(table) == [
        "subjects.csv:1: missing column 'sex'; needed are subject_id, sex, reference_date",
        "subjects.csv:2: reference_date must not be empty for subject S1",
    ]


def test_a_row_is_named_by_the_line_where_it_starts(tmp_path):
    path = tmp_path / "follow_up.csv"
    path.write_bytes(
        b"\xef\xbb\xbfsubject_id,date,status,cause\r\n"
        b'S1,2019-01-01,DEAD,"two\r\nlines, and\r\nthree"\r\n'
        b"\r\n"
        b"S2,2019-01-02,ALIVE,\r\n"
    )

    table = read_table(path, FollowUp)

    assert [row.source.line for row in table.records] == [2, 6]
    assert table.records[0].cause == "two\r\nlines, and\r\nthree"
    assert read_cells(path, 6) == {
        "subject_id": "S2", "date": "2019-01-02", "status": "ALIVE", "cause": "",
    }  # fmt: skip
    assert sorted(read_rows(path, [2, 3, 6])) == [2, 6]
    with pytest.raises(InputError, match=r"follow_up\.csv:3: no row starts at this line"):
        read_cells(path, 3)


def test_lines_stay_right_beyond_the_first_chunk(tmp_path):
    path = tmp_path / "follow_up.csv"
    causes = ['"a\nb"' if n % 1000 == 0 else "" for n in range(10_000)]
    rows = [f"S{n},2019-01-01,ALIVE,{cause}" for n, cause in enumerate(causes)]
    path.write_text("\n".join(["subject_id,date,status,cause", *rows]))

    table = read_table(path, FollowUp)

    assert table.findings == ()
    assert [row.source.line for row in table.records] == [
        2 + n + (n + 999) // 1000 for n in range(10_000)
    ]


@given(st.binary(max_size=400))
def test_any_bytes_give_records_or_findings(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lesions.csv"
        path.write_bytes(content)

        assert messages(read_table(path, Measurement))  # no such table has the needed columns


CELLS = st.one_of(
    st.text(max_size=8), st.sampled_from(["2019-01-01", "12.5", "TARGET", "MEASURED", "Y", '"', ""])
)


@given(st.lists(st.lists(CELLS, min_size=9, max_size=9).map(",".join), max_size=5))
def test_any_cells_under_a_good_header_give_records_or_findings(rows):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lesions.csv"
        path.write_bytes("\n".join([LESIONS, GOOD, *rows]).encode("utf-8", "replace"))

        table = read_table(path, Measurement)

    assert len(table.records) >= 1
    assert all(finding.place and finding.message for finding in table.findings)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_what_was_written_is_read_back(rows):
    rows = [(a, b) for a, b in rows if a.strip()]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "biomarkers.csv"
        write_table(
            path, ["subject_id", "marker", "value"], [("S1", a, b or None) for a, b in rows]
        )
        biomarkers = next(table for table in TABLES if table.TABLE == "biomarkers")
        table = read_table(path, biomarkers)

        assert os_listing(folder) == ["biomarkers.csv"]
    assert table.findings == ()
    assert [(row.marker, row.value) for row in table.records] == [
        (a.strip(), b.strip() or None) for a, b in rows
    ]


def os_listing(folder):
    return sorted(path.name for path in Path(folder).iterdir())


@given(st.permutations(LESIONS.split(",")))
def test_the_order_of_columns_does_not_matter(order):
    cells = dict(zip(LESIONS.split(","), GOOD.split(","), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lesions.csv"
        write_table(path, LESIONS.split(","), [list(cells.values())])
        expected = read_table(path, Measurement)
        write_table(path, order, [[cells[column] for column in order]])

        assert read_table(path, Measurement) == expected


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path):
    path = tmp_path / "t.csv"
    write_table(path, ["a"], [["1"]])

    def rows():
        yield ["2"]
        raise RuntimeError("the source of the rows fails")

    with pytest.raises(RuntimeError):
        write_table(path, ["a"], rows())
    assert path.read_bytes() == b"a\n1\n"
    assert os_listing(tmp_path) == ["t.csv"]


@pytest.mark.parametrize("record", TABLES, ids=lambda record: record.TABLE)
def test_every_table_can_be_read_with_a_header_alone(tmp_path, record):
    path = tmp_path / f"{record.TABLE}.csv"
    write_table(path, [column.name for column in columns(record)], [])

    table = read_table(path, record)

    assert table.records == ()
    assert table.findings == ()
