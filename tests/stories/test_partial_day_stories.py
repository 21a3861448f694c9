"""A study of SDTM in which a day of assessment was recorded in part only.

The shipped trial, exported as SDTM, loses the day of a visit; the claims follow from
its whole dates by hand. TQB-001 has its first dose on 2019-01-11 and scans on 02-22
(PR), 04-02 and so on to PD on 2020-02-27; TQB-002 its first dose on 2019-03-23 and
PD on 2019-11-29, between scans on 10-20 and 2020-01-06; TQB-006 its first dose on
2019-06-29, scans on 07-31 and 09-10, and no event. And the files of pharmaversesdtm,
with a DM that the package does not have.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.clinical.subject import SubjectAnswers
from onearm.errors import InputError
from onearm.pipeline.export_adam import adam_of
from onearm.pipeline.run import Analysed, analyse

ROOT = Path(__file__).parents[2]
TRIAL = ROOT / "studies" / "tqb2450-ib-02"
PHARMAVERSE = ROOT / "tests" / "reference" / "pharmaversesdtm"


@pytest.fixture(scope="module")
def sdtm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sdtm")
    arguments = ["export", str(TRIAL), "sdtm", "--out", str(out), "--format", "csv"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return out


def rows_in(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def cut(sdtm: Path, study: Path, dates: Mapping[tuple[str, str], int]) -> Path:
    """Write the study with the dates of these visits cut to so many letters."""
    (study / "data").mkdir(parents=True)
    shutil.copy(TRIAL / "protocol.yaml", study)
    for path in sdtm.glob("*.csv"):
        rows = rows_in(path)
        variable = f"{path.stem.upper()}DTC"
        for row in rows if path.stem in ("tu", "tr", "rs") else ():
            length = dates.get((row["USUBJID"], row["VISIT"]))
            if length is not None:
                row[variable] = row[variable][:length]
        with (study / "data" / path.name).open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return study


def of(found: Analysed, subject: str) -> SubjectAnswers:
    return next(one for one in found.derived if one.subject_id == subject)


def test_a_response_on_an_unknown_day_counts_and_its_duration_is_not_known(
    sdtm: Path, tmp_path: Path
) -> None:
    found = analyse(cut(sdtm, tmp_path / "s", {("TQB-001", "W006"): 7}))
    one, rows = of(found, "TQB-001"), found.results.by_id()

    assert str(one.best.confirmed_best) == "PR"
    assert one.best.confirmed_response is True
    assert one.best.confirmed_response_date is None
    assert rows["orr/all/count"].value == 11  # as with whole dates
    assert one.events["pfs"].days == 413  # 2020-02-27 - 2019-01-11 + 1
    # 2019-02-01 to 02-28 from 2019-01-11 on, and from there to PD on 2020-02-27
    unknown = {name.what: name.detail for name in one.unknown}
    assert unknown["TTR"] == "22 to 49 days, event"
    assert unknown["DOR"] == "365 to 392 days, event"
    assert rows["dor/all/total"].value == 10
    assert rows["dor/all/unknown"].value == 1
    [left_out] = found.results.bases["dor/all/unknown"].contributions
    assert left_out.subject_id == "TQB-001"
    assert "tr.csv:7 TRDTC, 2019-02" in left_out.reason


def test_a_progression_on_an_unknown_day_is_an_event_without_a_time(
    sdtm: Path, tmp_path: Path
) -> None:
    found = analyse(cut(sdtm, tmp_path / "s", {("TQB-002", "W036"): 7}))
    rows = found.results.by_id()
    event = of(found, "TQB-002").events["pfs"]

    assert (event.is_event, event.rule, event.days, event.end) == (True, "PD", None, None)
    assert rows["progressed/all/count"].value == 20  # nobody is lost to the count
    assert (rows["pfs/all/total"].value, rows["pfs/all/unknown"].value) == (29, 1)
    # 2019-11-01 and 11-30 from 2019-03-23 on
    assert of(found, "TQB-002").unknown[0].detail == "224 to 253 days, event"
    shortest, longest = rows["pfs/all/median_shortest"], rows["pfs/all/median_longest"]
    assert shortest.value == 224  # the median patient is this one, as the next check shows
    whole = analyse(TRIAL).results.by_id()["pfs/all/median"]
    assert shortest.value <= whole.value <= longest.value
    assert "a day was recorded in part only" in found.second_program.as_text()


def test_a_date_that_decides_nothing_changes_no_result(sdtm: Path, tmp_path: Path) -> None:
    found = analyse(cut(sdtm, tmp_path / "s", {("TQB-001", "W030"): 7, ("TQB-001", "W041"): 7}))
    whole = analyse(TRIAL).results

    assert {r.id: r.value for r in found.results.rows} == {r.id: r.value for r in whole.rows}
    assert all(one.unknown == () for one in found.derived)


def test_run_check_and_adam_name_what_is_not_known(sdtm: Path, tmp_path: Path) -> None:
    study = cut(sdtm, tmp_path / "s", {("TQB-006", "W012"): 7})
    checked = CliRunner().invoke(app, ["check", str(study)])
    ran = CliRunner().invoke(app, ["run", str(study), "--out", str(tmp_path / "out")])
    adam = CliRunner().invoke(
        app, ["export", str(study), "adam", "--out", str(tmp_path / "a"), "--format", "csv"]
    )
    table = CliRunner().invoke(app, ["table", str(study), "times"]).stdout

    assert (checked.exit_code, ran.exit_code, adam.exit_code) == (0, 0, 0)
    line = "tr.csv:154: the day of W012 (tr.csv:154 TRDTC, 2019-09) is not recorded; not known: PFS"
    assert line in checked.stdout
    assert "TQB-006 is left out of progression-free survival" in table
    assert "Total (N = 30)" in table.replace(
        "\N{NO-BREAK SPACE}", " "
    )  # 29 with a known time and the one that is left out
    rows = rows_in(tmp_path / "out" / "derived" / "not_known.csv")
    assert ("TQB-006", "PFS", "75 to 104 days, censored") in {
        (row["subject_id"], row["what"], row["detail"]) for row in rows
    }  # 2019-09-01 and 09-30 from 2019-06-19 on
    times = rows_in(tmp_path / "a" / "adtte.csv")
    mine = {row["PARAMCD"]: row for row in times if row["SUBJID"] == "TQB-006"}
    assert (mine["PFS"]["AVAL"], mine["PFS"]["ADT"], mine["PFS"]["CNSR"]) == ("", "", "1")
    assert mine["OS"]["AVAL"] != ""
    points = rows_in(tmp_path / "a" / "adrs.csv")
    w012 = [r for r in points if r["SUBJID"] == "TQB-006" and r["AVISIT"] == "W012"]
    assert w012
    assert {row["ADT"] for row in w012} == {""}
    assert "TQB-006: PFS (75 to 104 days, censored)" in (tmp_path / "a" / "adrg.md").read_text()


@pytest.mark.parametrize("visit", ["W006", "W012"])
def test_a_visit_called_by_a_week_is_after_the_first_dose_whatever_its_date_may_be(
    visit: str, sdtm: Path, tmp_path: Path
) -> None:
    # of 2019 alone the days from the baseline on 2019-01-01 to the dose on 01-11 are open too
    found = analyse(cut(sdtm, tmp_path / "s", {("TQB-001", visit): 4}))
    whole = of(analyse(TRIAL), "TQB-001")
    one = of(found, "TQB-001")

    letters = [(p.visit, p.target, p.overall, p.irecist) for p in one.time_points]
    assert letters == [(p.visit, p.target, p.overall, p.irecist) for p in whole.time_points]
    assert one.events["pfs"].days == whole.events["pfs"].days


def test_where_most_days_of_all_are_unknown_survival_is_what_the_contacts_say(
    sdtm: Path, tmp_path: Path
) -> None:
    visits = ("BASELINE", "W006", "W012", "W018")
    people = [row["USUBJID"] for row in rows_in(sdtm / "dm.csv")]
    study = cut(sdtm, tmp_path / "s", {(who, visit): 4 for who in people for visit in visits})
    found, whole = analyse(study), analyse(TRIAL)

    rows, wanted = found.results.by_id(), whole.results.by_id()
    assert not [row for row in rows if row.startswith("os/all") and "unknown" in row]
    assert rows["os/all/rate_12_months"].value == wanted["os/all/rate_12_months"].value
    assert rows["pfs/all/with_unknown"].value == wanted["pfs/all/total"].value
    basis = found.results.bases["pfs/all/with_unknown"]
    assert len({one.subject_id for one in basis.contributions}) == 30


def test_partial_dates_come_back_from_sdtm_as_they_were(sdtm: Path, tmp_path: Path) -> None:
    study = cut(sdtm, tmp_path / "s", {("TQB-002", "W036"): 7, ("TQB-005", "W012"): 4})
    again = tmp_path / "again"
    arguments = ["export", str(study), "sdtm", "--out", str(again / "data"), "--format", "csv"]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    shutil.copy(TRIAL / "protocol.yaml", again)

    assert analyse(again).results.rows == analyse(study).results.rows


def test_in_a_table_of_the_study_a_partial_date_stays_an_error(tmp_path: Path) -> None:
    shutil.copytree(TRIAL, tmp_path / "s")
    lesions = tmp_path / "s" / "data" / "lesions.csv"
    lesions.write_text(lesions.read_text().replace("2019-02-22", "2019-02", 1))

    with pytest.raises(InputError, match=r"lesions.csv:\d+: date must be a complete date"):
        analyse(tmp_path / "s")


def test_the_files_of_pharmaversesdtm_run_with_a_dm(tmp_path: Path) -> None:
    # DM is ours: each subject's first dose on the day after the last scan of VISITNUM 1.
    data = tmp_path / "data"
    shutil.copytree(PHARMAVERSE, data, ignore=shutil.ignore_patterns("*.md"))
    (tmp_path / "protocol.yaml").write_text(
        (TRIAL / "protocol.yaml").read_text().replace("data_cutoff: 2021-10-08", "")
    )
    tr = rows_in(data / "tr_onco_recist.csv")
    people = {row["USUBJID"] for row in tr}
    last = {who: max(r["TRDTC"] for r in tr if r["USUBJID"] == who and r["VISITNUM"] == "1")
            for who in people}  # fmt: skip
    rows = "".join(f"DM,{who},{day}\n" for who, day in sorted(last.items()))
    (data / "dm.csv").write_text(f"DOMAIN,USUBJID,RFXSTDTC\n{rows}")
    found = analyse(tmp_path)
    points = [p for one in found.derived for p in (*one.time_points, *one.other_time_points)]
    run = CliRunner().invoke(app, ["respond", str(PHARMAVERSE), "--json"])
    alone = {(p["subject_id"], p["evaluator"], p["visit"]): p["overall"]
             for p in json.loads(run.stdout)}  # fmt: skip

    assert {(p.subject_id, p.evaluator, p.visit): str(p.overall) for p in points} == alone
    undated = of(found, "01-701-1015")
    assert [str(p.date) for p in undated.time_points] == ["2014-01-23", "2014-02", "2014-03-06"]
    assert adam_of(found).datasets
