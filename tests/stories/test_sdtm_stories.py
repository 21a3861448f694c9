"""SDTM stories: a few rows of TU, TR and RS, and what they become.

Each domain is a small table as a programmer would write it; the claim is the
measurement, the response, or the one line that says what is wrong. Meanings of
the variables: SDTM Implementation Guide 3.4, domains TU, TR and RS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from onearm.clinical.records import Measurement
from onearm.errors import Finding, InputError
from onearm.io.sdtm import read_sdtm
from onearm.pipeline.respond import Responses, respond

TU = "DOMAIN,USUBJID,VISITNUM,VISIT,TUSEQ,TUTESTCD,TUSTRESC,TULNKID,TULOC,TUGRPID,TUDTC\n"
TR = "DOMAIN,USUBJID,VISITNUM,VISIT,TRSEQ,TRTESTCD,TRLNKID,TRSTRESC,TRSTRESU,TRSTAT,TRDTC\n"
BASELINE = "TU,S1,1,BASELINE,1,TUMIDENT,TARGET,T01,LIVER,,2026-01-05\n"
FIRST = "TR,S1,1,BASELINE,1,LDIAM,T01,50,mm,,2026-01-05\n"


def folder(path: Path, **domains: str) -> Path:
    for name, text in domains.items():
        (path / f"{name}.csv").write_text(text)
    return path


def lesions(path: Path, tu: str, tr: str) -> tuple[list[Measurement], list[Finding]]:
    tables, findings, _ = read_sdtm(folder(path, tu=TU + tu, tr=TR + tr))
    return list(tables["lesions"] or ()), findings


def responses(path: Path, tu: str, tr: str) -> Responses:
    return respond(folder(path, tu=TU + tu, tr=TR + tr))


def overall(answer: Responses) -> list[tuple[str, str]]:
    return [(point.visit, str(point.overall)) for point in answer.points]


LIVER, NODE = "LIVER", "LYMPH NODE"
BOTH = [("LDIAM", "21", "mm"), ("LPERP", "12", "mm")]
GONE = [("LDIAM", "0", "mm"), ("TUMSTATE", "ABSENT", "")]
WORSE = "UNEQUIVOCAL PROGRESSION"
SIZES = [  # what, place, rows of TR (test, result, unit), size in micrometres, state
    ("a lesion by LDIAM", LIVER, BOTH, 21000, "MEASURED"),
    ("a node by LPERP", NODE, BOTH, 12000, "MEASURED"),
    ("a node by DIAMETER", NODE, [("DIAMETER", "12", "mm")], 12000, "MEASURED"),
    ("a lesion by DIAMETER", LIVER, [("DIAMETER", "12.25", "mm")], 12250, "MEASURED"),
    ("centimetres", LIVER, [("LDIAM", "1.2345", "cm")], 12345, "MEASURED"),
    ("micrometres", LIVER, [("LDIAM", "12345", "um")], 12345, "MEASURED"),
    ("gone", LIVER, [("TUMSTATE", "ABSENT", "")], None, "ABSENT"),
    ("gone, and 0 mm", LIVER, GONE, 0, "ABSENT"),
    ("too small", LIVER, [("TUMSTATE", "TOO SMALL TO MEASURE", "")], None, "TOO SMALL"),
    ("too small, as length", LIVER, [("LDIAM", "TOO SMALL TO MEASURE", "")], None, "TOO SMALL"),
    (
        "worse",
        LIVER,
        [("TUMSTATE", "Unequivocal progression", "")],
        None,
        "UNEQUIVOCAL PROGRESSION",
    ),
    ("doubtful", LIVER, [("TUMSTATE", "EQUIVOCAL", "")], None, "EQUIVOCAL"),
    ("a normal node", NODE, [("LNSTATE", "NON-PATHOLOGICAL", "")], None, "ABSENT"),
    ("a node that is there", NODE, [("LNSTATE", "PATHOLOGICAL", "")], None, "PRESENT"),
]


def named(stories: list[tuple[Any, ...]]) -> list[Any]:
    return [pytest.param(*story[1:], id=story[0]) for story in stories]


@pytest.mark.parametrize(("place", "rows", "size", "state"), named(SIZES))
def test_a_result_becomes_a_size_and_a_state(
    place: str, rows: list[tuple[str, str, str]], size: int | None, state: str, tmp_path: Path
) -> None:
    tr = "".join(
        f"TR,S1,1,BASELINE,{n},{test},T01,{result},{unit},,2026-01-05\n"
        for n, (test, result, unit) in enumerate(rows, 1)
    )
    found, findings = lesions(tmp_path, BASELINE.replace("LIVER", place), tr)

    assert [f for f in findings if f.severity == "error"] == []
    assert [(row.diameter_um, str(row.state)) for row in found] == [(size, state)]


def test_a_split_lesion_is_the_sum_of_its_parts(tmp_path: Path) -> None:
    # E09 4.3.2: fragments add to their parent, and are not new. 20 + 18 = 38 of 50: SD (-24 %).
    tu = BASELINE
    tu += "TU,S1,2,WEEK 6,2,TUSPLIT,TARGET,T01.1,LIVER,,2026-02-16\n"
    tu += "TU,S1,2,WEEK 6,3,TUSPLIT,TARGET,T01.2,LIVER,T01,2026-02-16\n"
    tr = FIRST
    tr += "TR,S1,2,WEEK 6,2,LDIAM,T01.1,20,mm,,2026-02-16\n"
    tr += "TR,S1,2,WEEK 6,3,LDIAM,T01.2,18,mm,,2026-02-16\n"
    answer = responses(tmp_path, tu, tr)

    assert overall(answer) == [("WEEK 6", "SD")]
    assert answer.points[0].sum_um == 38000
    assert not answer.points[0].new_lesion


def test_merged_lesions_are_measured_once(tmp_path: Path) -> None:
    # E09 4.3.2: one diameter of the coalesced mass. 55 of 30 + 30: SD.
    tu = BASELINE + "TU,S1,1,BASELINE,2,TUMIDENT,TARGET,T02,LIVER,,2026-01-05\n"
    tu += "TU,S1,2,WEEK 6,3,TUMERGE,TARGET,T01/T02,LIVER,,2026-02-16\n"
    tr = FIRST.replace(",50,", ",30,") + "TR,S1,1,BASELINE,2,LDIAM,T02,30,mm,,2026-01-05\n"
    tr += "TR,S1,2,WEEK 6,3,LDIAM,T01/T02,55,mm,,2026-02-16\n"
    found, _ = lesions(tmp_path, tu, tr)
    answer = respond(tmp_path)

    assert [(r.lesion_id, str(r.state), r.parent_id) for r in found if r.visit == "WEEK 6"] == [
        ("T01", "MEASURED", None),
        ("T02", "MERGED", "T01"),
    ]
    assert (answer.points[0].sum_um, overall(answer)) == (55000, [("WEEK 6", "SD")])


def test_a_new_lesion_that_tu_identifies_counts_without_a_result(tmp_path: Path) -> None:
    tu = BASELINE + "TU,S1,2,WEEK 6,2,TUMIDENT,NEW,NEW01,BRAIN,,2026-02-16\n"
    tr = FIRST + "TR,S1,2,WEEK 6,2,LDIAM,T01,40,mm,,2026-02-16\n"

    assert overall(responses(tmp_path, tu, tr)) == [("WEEK 6", "PD")]


NOT_DONE = [  # what, the row of TR at week 6
    ("of a lesion", "TR,S1,2,WEEK 6,2,LDIAM,T01,,,NOT DONE,2026-02-16\n"),
    ("of all lesions", "TR,S1,2,WEEK 6,2,TRALL,,,,NOT DONE,2026-02-16\n"),
]


@pytest.mark.parametrize("row", named(NOT_DONE))
def test_not_done_is_not_evaluable_and_never_0(row: str, tmp_path: Path) -> None:
    assert overall(responses(tmp_path, BASELINE, FIRST + row)) == [("WEEK 6", "NE")]


def test_evaluators_go_by_evalid_then_eval_then_the_investigator(tmp_path: Path) -> None:
    tu = TU.replace("\n", ",TUEVAL,TUEVALID\n")
    tr = TR.replace("\n", ",TREVAL,TREVALID\n")
    readers = (",INDEPENDENT ASSESSOR,READER 1\n", ",ADJUDICATOR,\n", ",,\n")
    for n, reader in enumerate(readers, 1):
        tu += BASELINE.replace(",1,TUM", f",{n},TUM").replace("\n", reader)
        tr += FIRST.replace(",1,LDIAM", f",{n},LDIAM").replace("\n", reader)
    tables, _, _ = read_sdtm(folder(tmp_path, tu=tu, tr=tr))

    found = {row.evaluator for row in tables["lesions"] or ()}
    assert found == {"READER 1", "ADJUDICATOR", "INVESTIGATOR"}


def test_unscheduled_visits_of_one_label_stay_apart(tmp_path: Path) -> None:
    tr = FIRST
    for number, day in (("2.1", "02-16"), ("3.1", "03-30")):
        tr += f"TR,S1,{number},UNSCHEDULED,{number[0]},LDIAM,T01,50,mm,,2026-{day}\n"

    found = overall(responses(tmp_path, BASELINE, tr))
    assert found == [("UNSCHEDULED 2.1", "SD"), ("UNSCHEDULED 3.1", "SD")]


PARTIAL = [  # what, date of week 6, date of week 12, outcome
    ("between two days", "2026-02", "2026-03-30", [("2026-02", "SD"), ("2026-03-30", "PD")]),
    ("the year alone", "2026", "2026-03-30", [("2026", "SD"), ("2026-03-30", "PD")]),
    ("both", "2026-02", "2026", [("2026-02", "SD"), ("2026", "PD")]),
    ("before baseline", "2025-11", "2026-03-30", "no day of it lies between the visits"),
]


@pytest.mark.parametrize(("second", "third", "outcome"), named(PARTIAL))
def test_a_partial_date_has_its_place_by_visit_number(
    second: str, third: str, outcome: Any, tmp_path: Path
) -> None:
    tr = FIRST + f"TR,S1,3,WEEK 12,2,LDIAM,T01,70,mm,,{third}\n"
    tr += f"TR,S1,2,WEEK 6,3,LDIAM,T01,52,mm,,{second}\n"
    if isinstance(outcome, str):
        with pytest.raises(InputError, match=outcome):
            responses(tmp_path, BASELINE, tr)
        return
    answer = responses(tmp_path, BASELINE, tr)

    assert [(str(point.date), str(point.overall)) for point in answer.points] == outcome


def test_the_wait_after_iupd_is_null_where_a_day_is_not_known(tmp_path: Path) -> None:
    tr = FIRST + "TR,S1,2,WEEK 6,2,LDIAM,T01,70,mm,,2026-02-16\n"
    tr += "TR,S1,3,WEEK 12,3,LDIAM,T01,90,mm,,2026-03\n"
    first, second = responses(tmp_path, BASELINE, tr).points

    assert (str(first.irecist), second.overall, second.irecist) == ("iUPD", "PD", None)
    assert second.irecist_reason == "not derived: the wait since the iUPD needs the day of 2026-03"


def test_a_mapping_file_translates_a_sponsors_names_and_codes(tmp_path: Path) -> None:
    tr = (TR + FIRST).replace("TRLNKID", "TRREFID").replace("LDIAM", "LD_MM")
    folder(tmp_path, tu=TU + BASELINE, tr=tr)
    mapping = "variables:\n  TR: {TRLNKID: TRREFID}\ncodes:\n  TRTESTCD: {LD_MM: LDIAM}\n"
    (tmp_path / "sdtm.yaml").write_text(mapping)
    tables, findings, _ = read_sdtm(tmp_path)

    assert findings == []
    assert [row.diameter_um for row in tables["lesions"] or ()] == [50000]


TR_2 = "TR,S1,1,BASELINE,2,"
WRONG = [  # what, TU, TR, the line that says so
    ("a test that is not known", BASELINE, TR_2 + "SAXIS,T01,5,mm,,2026-01-05\n",
     "tr.csv:3: TRTESTCD must be one of LDIAM, LPERP, DIAMETER, TUMSTATE, LNSTATE; got 'SAXIS'"),
    ("a lesion that TU lacks", BASELINE, TR_2 + "LDIAM,T1,5,mm,,2026-01-05\n",
     "tr.csv:3: TRLNKID must be a TULNKID of INVESTIGATOR; got 'T1'"),
    ("a unit", BASELINE, TR_2 + "LDIAM,T01,5,inch,,2026-02-05\n",
     "tr.csv:3: TRSTRESU must be mm, cm or um; got 'inch'"),
    ("four decimals", BASELINE, TR_2 + "LDIAM,T01,5.1234,mm,,2026-02-05\n",
     "tr.csv:3: TRSTRESC must be a length with at most three decimals of a mm; got '5.1234'"),
    ("a state", BASELINE, TR_2 + "TUMSTATE,T01,BIGGER,,,2026-02-05\n",
     "tr.csv:3: TRSTRESC of TUMSTATE must be one of PRESENT, ABSENT"),
    ("two results", BASELINE, TR_2 + "LDIAM,T01,51,mm,,2026-01-05\n",
     "tr.csv:3: LDIAM of T01 stands in tr.csv:2 too, with another result"),
    ("a key twice", BASELINE, FIRST.replace("LDIAM", "LPERP"),
     "tr.csv:3: TRSEQ 1 stands in tr.csv:2 already; keys must differ"),
    ("a wrong domain", BASELINE, "TU" + FIRST[2:], "tr.csv:3: DOMAIN must be TR in each row"),
    ("no domain", BASELINE, FIRST[2:], "tr.csv:3: DOMAIN must be TR in each row of tr.csv; got ''"),
    ("no date", BASELINE, TR_2.replace(",1,BASELINE", ",2,W6") + "LDIAM,T01,5,mm,,\n",
     "tr.csv:3: TRDTC must hold the day of the scan"),
    ("no subject", BASELINE, FIRST.replace("S1", ""), "tr.csv:3: USUBJID must be filled"),
    ("a date that is none", BASELINE, TR_2 + "LDIAM,T01,5,mm,,05JAN2026\n",
     "tr.csv:3: TRDTC must be a date of ISO 8601; got '05JAN2026'"),
    ("a kind of lesion", BASELINE.replace("TARGET", "TARGTE"), "",
     "tu.csv:2: TUSTRESC must be one of TARGET, NON-TARGET, NEW"),
    ("a merged lesion without parts", BASELINE.replace("TUMIDENT", "TUMERGE"), "",
     "tu.csv:2: TULNKID of a merged lesion must name its parts, as T01/T02; got 'T01'"),
    ("a split of nothing", BASELINE.replace("TUMIDENT", "TUSPLIT"), "",
     "tu.csv:2: TULNKID of a split must begin with its lesion"),
    ("a short row", BASELINE, "TR,S1\n", "tr.csv:3: the row has 2 fields, the header 11"),
]  # fmt: skip


@pytest.mark.parametrize(("tu", "tr", "line"), named(WRONG))
def test_what_is_wrong_is_one_line_with_file_row_and_variable(
    tu: str, tr: str, line: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        responses(tmp_path, tu, FIRST + tr)

    assert any(text.startswith(line) for text in str(caught.value).splitlines()), caught.value


def test_a_first_row_without_domain_does_not_hide_the_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tr\.csv:2: DOMAIN must be TR in each row"):
        responses(tmp_path, BASELINE, FIRST[2:] + FIRST)


def test_rows_of_another_study_are_named(tmp_path: Path) -> None:
    tu, tr = (TU + BASELINE).splitlines(), (TR + FIRST).splitlines()
    folder(
        tmp_path,
        tu=f"STUDYID,{tu[0]}\nONE,{tu[1]}\n",
        tr=f"STUDYID,{tr[0]}\nTWO,{tr[1]}\n",
    )
    _, findings, _ = read_sdtm(tmp_path)

    (found,) = (one for one in findings if one.code == "several-studies")
    assert found.severity == "warning"
    assert "STUDYID is 'ONE', and 'TWO' in tr.csv:2" in str(found)


REFUSED = [  # what the file begins with, what is said
    (b"PK\x03\x04", "is a zip archive, which is not read"),
    (b"\x1f\x8b\x08", "is a gzip archive, which is not read"),
    (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'b'>]><ODM DOMAIN USUBJID/>", "is XML, which"),
    (b"", "is empty"),
    (b"\x00\x01\x02", "is none of CSV, XPT, Dataset-JSON and Parquet"),
    (b"HEADER RECORD*******LIBV8   HEADER RECORD!!!!!!!", "an XPT of version 8; version 5 is read"),
    (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!000", "the file is cut"),
    (b'{"DOMAIN": 1, "USUBJID"', "is not JSON"),
    (b"PAR1 DOMAIN USUBJID PAR1", "cannot be read"),
    (b"DOMAIN,USUBJID\nTR,\xff\n", "the file must be UTF-8"),
]


@pytest.mark.parametrize(("content", "said"), REFUSED, ids=[r[1][:20] for r in REFUSED])
def test_a_file_that_is_no_sdtm_is_refused_in_one_line(
    content: bytes, said: str, tmp_path: Path
) -> None:
    folder(tmp_path, tu=TU + BASELINE)
    (tmp_path / "tr.dat").write_bytes(content)

    with pytest.raises(InputError) as caught:
        respond(tmp_path)
    assert str(caught.value).startswith("tr.dat")
    assert said in str(caught.value).splitlines()[0]


def test_a_folder_of_nothing_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no protocol.yaml, no lesions.csv and no SDTM"):
        respond(tmp_path)


MAPPINGS = [  # sdtm.yaml, what is said
    ("code: {}\n", "must be one of variables, codes; got 'code'; did you mean 'codes'?"),
    ("codes: [a]\n", "must be a mapping; got"),
    ("codes:\n  TRTESTCD: {A: [1]}\n", "must be a text; got"),
    ("- a\n", "sdtm.yaml"),
    ("variables:\n  TRX: {A: B}\n", "sdtm.yaml: variables: 'TRX' is no domain that is read"),
]


@pytest.mark.parametrize(("text", "said"), MAPPINGS)
def test_a_mapping_that_cannot_be_used_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    folder(tmp_path, tu=TU + BASELINE, tr=TR + FIRST)
    (tmp_path / "sdtm.yaml").write_text(text)

    with pytest.raises(InputError) as caught:
        respond(tmp_path)
    assert said in str(caught.value)


def test_study_days_are_derived_anew_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    # RFSTDTC 2026-01-08: 5 January is day -3 (there is no day 0), 8 January day 1.
    dm = "DOMAIN,USUBJID,RFSTDTC,RFXSTDTC\nDM,S1,2026-01-08,2026-01-08\n"
    rows = "TR,S1,1,BASELINE,1,LDIAM,T01,50,mm,,2026-01-05,{}\n"
    tr = TR.replace("\n", ",TRDY\n") + rows.format(-3)
    right = read_sdtm(folder(tmp_path, dm=dm, tu=TU + BASELINE, tr=tr))[1]
    tr = TR.replace("\n", ",TRDY\n") + rows.format(-2)
    wrong = read_sdtm(folder(tmp_path, dm=dm, tu=TU + BASELINE, tr=tr))[1]

    assert right == []
    (finding,) = wrong
    assert str(finding).startswith("tr.csv:2: TRDY is -2, by TRDTC and RFSTDTC it is -3")


def test_one_domain_alone_is_sent_back_for_its_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a domain of SDTM; give the folder"):
        respond(folder(tmp_path, tr=TR + FIRST) / "tr.csv")


SPLITS_AND_MERGES = [  # the course of a lesion in lesions.csv, visit by visit
    "S1,BASELINE,2026-01-05,T01,TARGET,LIVER,N,30,MEASURED,",
    "S1,BASELINE,2026-01-05,T02,TARGET,LIVER,N,40,MEASURED,",
    "S1,BASELINE,2026-01-05,NT1,NON-TARGET,LUNG,N,,PRESENT,",
    "S1,W06,2026-02-16,T01,TARGET,LIVER,N,,SPLIT,",
    "S1,W06,2026-02-16,T01a,TARGET,LIVER,N,12,MEASURED,T01",
    "S1,W06,2026-02-16,FRAG,TARGET,LIVER,N,9,MEASURED,T01",
    "S1,W06,2026-02-16,T02,TARGET,LIVER,N,41,MEASURED,",
    "S1,W06,2026-02-16,NT1,NON-TARGET,LUNG,N,,NOT DONE,",
    "S1,W12,2026-03-30,T01,TARGET,LIVER,N,50.125,MEASURED,",
    "S1,W12,2026-03-30,T02,TARGET,LIVER,N,,MERGED,T01",
    "S1,W12,2026-03-30,NT1,NON-TARGET,LUNG,N,7,PRESENT,",
    "S1,W12,2026-03-30,N1,NEW,BRAIN,N,,EQUIVOCAL,",
    "S1,,2026-05-11,T01,TARGET,LIVER,N,0,ABSENT,",
]


def test_splits_merges_and_doubts_read_back_as_they_were_written(tmp_path: Path) -> None:
    from dataclasses import replace

    from onearm.clinical.records import NOWHERE
    from onearm.io.csv import read_table, write_table
    from onearm.io.sdtm_out import sdtm_datasets

    header = "subject_id,visit,date,lesion_id,lesion_type,organ,nodal,diameter_mm,state,parent_id"
    path = tmp_path / "lesions.csv"
    path.write_text("\n".join([header, *SPLITS_AND_MERGES, ""]))
    before = read_table(path, Measurement).checked().records
    readers = [*before, *(replace(row, evaluator="READER 1") for row in before)]
    out = tmp_path / "sdtm"
    out.mkdir()
    for dataset in sdtm_datasets("TRIAL", {"lesions": readers}):
        write_table(out / f"{dataset.name}.csv", dataset.names, dataset.rows())
    tables, findings, _ = read_sdtm(out)

    assert [finding for finding in findings if finding.severity == "error"] == []
    plain = [replace(row, source=NOWHERE) for row in tables["lesions"] or ()]
    assert sorted(plain, key=repr) == sorted(
        (replace(r, source=NOWHERE) for r in readers), key=repr
    )


def test_two_formats_of_one_domain_are_not_read_twice(tmp_path: Path) -> None:
    folder(tmp_path, tu=TU + BASELINE, tr=TR + FIRST)
    (tmp_path / "tr.data").write_text(TR + FIRST)

    with pytest.raises(InputError, match=r"^tr.data: tr.csv is there too; keep one format"):
        respond(tmp_path)
