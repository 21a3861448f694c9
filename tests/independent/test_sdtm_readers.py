"""The SDTM reader on whatever it is given, and on random patients.

Any change of bytes or cells gives tables or an InputError, never another
exception. A random patient written as SDTM and read back has the same lesions
and the same time points: the second route is the patient as it was.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_patients import FIRST_DOSE, random_patient, rows_of

from onearm.clinical.records import NOWHERE
from onearm.clinical.timepoints import assess_subject
from onearm.errors import InputError
from onearm.io.csv import write_table
from onearm.io.sdtm import read_sdtm
from onearm.io.sdtm_out import sdtm_datasets
from onearm.pipeline.export import export_study
from onearm.pipeline.respond import respond
from onearm.protocol.response import ResponseRules

STUDY = Path(__file__).parents[2] / "studies" / "nct07388875"
ODD = ("", "NOT DONE", "2026-02", "2026-13-45", "-1", "1e400", "NaN", "Y", "T01/T02", "cm")
ODD += ("é\0", "9" * 40, "TU", "0", "1", "Infinity", "\r\n", '"', "2026-00", "0000-01", "2026---07")


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """Return the first 40 rows of every domain of a study."""
    out = tmp_path_factory.mktemp("sdtm")
    export_study(STUDY, "sdtm", out, ["csv"])
    found = {}
    for path in sorted(out.glob("*.csv")):
        with path.open(newline="") as file:
            found[path.name] = list(csv.reader(file))[:41]
    return found


def outcome(folder: Path) -> str:
    """Return how reading ended: tables, or what is wrong."""
    try:
        read_sdtm(folder)
        respond(folder)
    except InputError as error:
        return str(error)
    return "read"


@pytest.mark.slow
@given(seed=st.integers(0, 10**9))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_give_tables_or_an_input_error(
    domains: dict[str, list[list[str]]], seed: int, tmp_path: Path
) -> None:
    rng = Random(seed)
    for name, rows in domains.items():
        changed = [list(row) for row in rows]
        for _ in range(rng.randint(0, 2)):
            row = rng.choice(changed)
            row[rng.randrange(len(row))] = rng.choice(ODD)
        text = io.StringIO()
        csv.writer(text).writerows(changed)
        (tmp_path / name).write_text(text.getvalue(), encoding="utf-8", errors="replace")

    assert outcome(tmp_path)


@given(content=st.binary(max_size=400), domain=st.sampled_from(["tr", "tu", "rs", "dm"]))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_in_place_of_a_domain_give_tables_or_an_input_error(
    domains: dict[str, list[list[str]]], content: bytes, domain: str, tmp_path: Path
) -> None:
    for name in ("tu.csv", "tr.csv"):
        write_table(tmp_path / name, domains[name][0], domains[name][1:])
    (tmp_path / f"{domain}.csv").write_bytes(content)

    assert outcome(tmp_path)


@given(seed=st.integers(0, 10**9))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_random_patient_reads_back_with_the_same_time_points(seed: int, tmp_path: Path) -> None:
    rows = rows_of(random_patient(seed))
    for path in tmp_path.iterdir():
        path.unlink()
    for dataset in sdtm_datasets("TRIAL", {"lesions": rows}):
        write_table(tmp_path / f"{dataset.name}.csv", dataset.names, dataset.rows())
    tables, findings, _ = read_sdtm(tmp_path)
    back = tables["lesions"] or ()

    assert [finding for finding in findings if finding.severity == "error"] == []
    plain = sorted((replace(row, source=NOWHERE) for row in back), key=repr)
    assert plain == sorted((replace(row, source=NOWHERE) for row in rows), key=repr)
    ours, _ = assess_subject(rows, ResponseRules(), FIRST_DOSE)
    theirs, _ = assess_subject(back, ResponseRules(), FIRST_DOSE)
    assert [replace(p, sources=()) for p in theirs] == [replace(p, sources=()) for p in ours]
