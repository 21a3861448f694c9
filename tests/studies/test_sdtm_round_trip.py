"""A study, its SDTM, and the study read from that SDTM are one.

The second route is the study itself: its own tables, read from CSV. Records are
compared field by field, results as they are written; only where a row stands
(file and line) may differ.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from onearm.clinical.records import NOWHERE
from onearm.io.results import results_text
from onearm.io.sdtm_out import NOT_WRITTEN
from onearm.pipeline.export import SUFFIXES, export_study
from onearm.pipeline.run import analyse
from onearm.pipeline.study import load_study

STUDIES = Path(__file__).parents[2] / "studies"
WHERE = re.compile(r"[a-z_]+\.(csv|xpt|json|ndjson|parquet):[0-9]+(-[0-9]+)?(, [0-9]+(-[0-9]+)?)*")


def as_sdtm(study: Path, folder: Path, name: str) -> Path:
    """Return a study folder with the same protocol, and SDTM in place of the tables."""
    other = folder / study.name
    other.mkdir()
    shutil.copy(study / "protocol.yaml", other)
    export_study(study, "sdtm", other / "data", [name])
    return other


def without_places(study: Path) -> str:
    """Return ``results.json`` without file names and lines."""
    analysed = analyse(study)
    bases = {
        name: replace(
            basis, contributions=tuple(replace(c, sources=()) for c in basis.contributions)
        )
        for name, basis in analysed.results.bases.items()
    }
    text = results_text("study", replace(analysed.results, bases=bases))
    return WHERE.sub("SOURCE", text)


def records(study: Path) -> dict[str, list[Any] | None]:
    """Return the records of each table, without their places, in a fixed order."""
    tables = load_study(study).tables
    return {
        name: None if rows is None else sorted((replace(r, source=NOWHERE) for r in rows), key=repr)
        for name, rows in tables.items()
        if name not in NOT_WRITTEN
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", SUFFIXES)
def test_the_sdtm_of_the_published_trial_gives_the_same_results(name: str, tmp_path: Path) -> None:
    study = STUDIES / "tqb2450-ib-02"

    assert without_places(as_sdtm(study, tmp_path, name)) == without_places(study)


@pytest.mark.parametrize("study", ["tqb2450-ib-02", "nct07083375", "nct07388875"])
def test_each_table_reads_back_record_by_record(study: str, tmp_path: Path) -> None:
    before, after = records(STUDIES / study), records(as_sdtm(STUDIES / study, tmp_path, "xpt"))

    for name, rows in before.items():
        assert after[name] == rows, name


@pytest.mark.slow
@pytest.mark.parametrize("study", ["nct07083375", "nct07388875"])
def test_the_sdtm_of_the_invented_trials_gives_the_same_results(study: str, tmp_path: Path) -> None:
    other = as_sdtm(STUDIES / study, tmp_path, "xpt")

    assert without_places(other) == without_places(STUDIES / study)


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    study = STUDIES / "tqb2450-ib-02"
    first = export_study(study, "sdtm", tmp_path / "one", tuple(SUFFIXES)).written
    second = export_study(study, "sdtm", tmp_path / "two", tuple(SUFFIXES)).written

    assert len(first) == len(second) > 40
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_keys_lead_from_each_result_to_its_lesion_and_assessment(tmp_path: Path) -> None:
    export_study(STUDIES / "nct07083375", "sdtm", tmp_path, ["csv"])  # two readers
    tu, tr, rs = (rows_of(tmp_path / f"{name}.csv") for name in ("tu", "tr", "rs"))
    lesions: dict[tuple[str, str], set[str]] = {}
    for row in tu:
        lesions.setdefault((row["USUBJID"], row["TULNKID"]), set()).add(row["TUEVALID"])

    assert all(len(readers) == 1 for readers in lesions.values())  # no key of two readers
    for row in tr:
        assert lesions[row["USUBJID"], row["TRLNKID"]] == {row["TREVALID"]}
    groups = {(r["USUBJID"], r["TREVALID"], r["VISITNUM"], r["TRLNKGRP"]) for r in tr}
    assert len(groups) == len({group[:3] for group in groups})  # one group an assessment
    assessed = {(who, reader, key) for who, reader, _, key in groups}
    judged = {(r["USUBJID"], r["RSEVALID"], r["RSLNKGRP"]) for r in rs if r["RSLNKGRP"]}
    assert judged <= assessed
    assert {row["RSCAT"] for row in rs} >= {"RECIST 1.1", "iRECIST 2017"}


def test_derived_responses_are_flagged_where_nothing_was_recorded(tmp_path: Path) -> None:
    export_study(STUDIES / "tqb2450-ib-02", "sdtm", tmp_path, ["csv"])
    rs = rows_of(tmp_path / "rs.csv")

    assert {row["RSDRVFL"] for row in rs} == {"Y"}
    assert {row["RSTESTCD"] for row in rs} >= {"TRGRESP", "NTRGRESP", "NEWLIND", "OVRLRESP"}


def test_there_is_no_study_day_0(tmp_path: Path) -> None:
    export_study(STUDIES / "tqb2450-ib-02", "sdtm", tmp_path, ["csv"])
    dm = {row["USUBJID"]: row for row in rows_of(tmp_path / "dm.csv")}
    ex = rows_of(tmp_path / "ex.csv")
    first = [row for row in ex if row["EXSTDTC"] == dm[row["USUBJID"]]["RFXSTDTC"]]

    assert {row["EXSTDY"] for row in first} == {"1"}
    assert "0" not in {row["TRDY"] for row in rows_of(tmp_path / "tr.csv")}


@pytest.mark.needs("haven")
def test_haven_reads_every_domain_with_as_many_rows(tmp_path: Path) -> None:
    for name in ("xpt", "csv"):
        export_study(STUDIES / "nct07388875", "sdtm", tmp_path / name, [name])
    script = (
        f'for (f in list.files("{tmp_path}/xpt", full.names = TRUE)) {{'
        "d <- haven::read_xpt(f);"
        'cat(basename(f), nrow(d), ncol(d), sum(is.na(d$USUBJID)), "\\n") }'
    )
    run = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True)

    found = {line.split()[0]: line.split()[1:] for line in run.stdout.splitlines()}
    assert len(found) == len(list((tmp_path / "csv").iterdir()))
    for name, (rows, variables, missing) in found.items():
        with (tmp_path / "csv" / name.replace("xpt", "csv")).open(newline="") as file:
            header, *lines = csv.reader(file)
        assert (int(rows), int(variables), int(missing)) == (len(lines), len(header), 0), name
