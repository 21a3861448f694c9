"""Another program's analysis data sets beside ours."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.pipeline.compare import compare
from onearm.pipeline.compare_adam import AdamCompared
from onearm.pipeline.export import export_study

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("adam")
    export_study(STUDY, "adam", out, ("csv", "xpt"))
    return out


def beside(folder: Path) -> AdamCompared:
    found = compare(STUDY, folder)
    assert isinstance(found, AdamCompared)
    return found


@pytest.mark.parametrize("suffix", ["csv", "xpt"])
def test_what_we_wrote_does_not_differ(written: Path, suffix: str, tmp_path: Path) -> None:
    for path in written.glob(f"*.{suffix}"):
        shutil.copy(path, tmp_path)
    found = beside(tmp_path)

    assert found.exit_status == 0
    assert {one.name: one.paired for one in found.sets} == {
        "ADSL": 30, "ADRS": 1080, "ADTR": 806, "ADTTE": 213, "ADAE": 277, "ADEX": 1295,
    }  # fmt: skip


@pytest.mark.needs("haven")
def test_what_r_reads_and_writes_does_not_differ(
    written: Path, tmp_path: Path, program: str
) -> None:
    code = (
        "a <- commandArgs(TRUE); for (n in c('adsl', 'adrs', 'adtte', 'adtr'))"
        " haven::write_xpt(haven::read_xpt(file.path(a[1], paste0(n, '.xpt'))),"
        " file.path(a[2], paste0(n, '.xpt')), version = 5, name = toupper(n))"
    )
    run = ["Rscript", "-e", code, str(written), str(tmp_path)]
    subprocess.run(run, check=True, capture_output=True)

    found = beside(tmp_path)
    assert [(one.name, len(one.differences)) for one in found.sets] == [
        ("ADSL", 0), ("ADRS", 0), ("ADTR", 0), ("ADTTE", 0),
    ]  # fmt: skip


Row = dict[str, str]


def one_day_less(row: Row) -> None:
    row["AVAL"] = str(float(row["AVAL"]) - 1)


def censored(row: Row) -> None:
    row["CNSR"] = "1" if row["CNSR"] == "0" else "0"


def in_months(row: Row) -> None:
    row.update(AVAL=f"{float(row['AVAL']) / 30.4375:.2f}", AVALU="MONTHS")


def from_another_day(row: Row) -> None:
    row.update(STARTDT="2018-12-01", AVAL=str(float(row["AVAL"]) + 9))


def as_code_3(row: Row) -> None:
    row["CNSR"] = "3" if row["CNSR"] != "0" else "0"


CHANGES: list[tuple[Callable[[Row], None], str | None]] = [
    (one_day_less, "one day less: they count date - start, without + 1"),
    (censored, "another event or censoring rule"),
    (from_another_day, "counted from another day"),
    (in_months, None),
    (as_code_3, None),
]


def changed(written: Path, out: Path, name: str, change: Callable[[Row], None], code: str) -> None:
    with (written / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["PARAMCD"] == code:
            change(row)
    with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize(("change", "meaning"), CHANGES)
def test_a_time_that_differs_says_what_it_means(
    change: Callable[[Row], None], meaning: str | None, written: Path, tmp_path: Path
) -> None:
    changed(written, tmp_path, "adtte", change, "PFS")
    (found,) = beside(tmp_path).sets
    of_pfs = [one for one in found.differences if one.variable in ("AVAL", "CNSR")]

    assert found.paired == 213
    assert {one.parameter for one in found.differences} <= {"PFS"}
    if meaning is None:
        assert found.differences == ()
    else:
        assert len(of_pfs) == 30
        assert all(meaning in one.meaning and "ours: " in one.meaning for one in of_pfs)


def test_other_identifiers_pair_by_subjid_and_dor_is_rsd(written: Path, tmp_path: Path) -> None:
    def rename(row: Row) -> None:
        row.update(PARAMCD="DOR")

    changed(written, tmp_path, "adtte", rename, "RSD")
    path = tmp_path / "adtte.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("TQB2450-Ib-02-TQB-", "SPONSOR/"), encoding="utf-8")
    (found,) = beside(path).sets

    assert (found.paired, found.only_ours, found.only_theirs) == (213, 0, 0)
    assert found.differences == ()


def test_a_record_of_one_side_alone_is_a_difference(written: Path, tmp_path: Path) -> None:
    lines = (written / "adtte.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "adtte.csv").write_text("".join(lines[:-1]), encoding="utf-8")
    (found,) = beside(tmp_path).sets

    assert (found.paired, found.only_ours, found.only_theirs) == (212, 1, 0)
    assert [one.meaning for one in found.differences] == ["they have no such record"]


def run(*arguments: object):
    return CliRunner().invoke(app, ["compare", *map(str, arguments)])


def test_a_difference_ends_with_1_and_text_and_json_tell_it(written: Path, tmp_path: Path) -> None:
    changed(written, tmp_path, "adtte", censored, "OS")
    text, program = run(STUDY, tmp_path), run(STUDY, tmp_path, "--json")
    found = json.loads(program.stdout)

    assert (text.exit_code, program.exit_code) == (1, 1)
    assert "numbers to six digits" in found["tolerance"]
    assert text.stdout.endswith(f"{found['tolerance']}\n")
    assert "ADTTE: CNSR 30" in text.stdout
    assert len(found["sets"][0]["differences"]) == 30
    assert run(written, written).exit_code == 0


BAD = [
    ("adtte.xpt", b"nothing", "none of XPT"),
    ("adsl.csv", b"PK\x03\x04", "zip archive"),
    ("adsl.csv", b"A,B\n1\n", "the row has 1 fields"),
    ("adlb.csv", b"STUDYID,USUBJID,PARAMCD\nS,1,ALT\n", "shares no data set"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD)
def test_what_cannot_be_compared_is_one_line(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    shown = run(STUDY, tmp_path)

    assert shown.exit_code == 1
    assert len(shown.stderr.strip().splitlines()) == 1
    assert message in shown.stderr
