"""Studies at the edge run whole: one patient, no event, nobody treated, everybody censored.

Each is a cut of a shipped study, its tables with fewer rows. What cannot be estimated is null
with a note; nothing fails.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from onearm.errors import InputError
from onearm.pipeline.run import Analysed, analyse, run_study
from onearm.pipeline.trace import trace

STUDIES = Path(__file__).parents[2] / "studies"
Keep = Callable[[str, dict[str, str]], bool]


def cut(study: str, folder: Path, keep: Keep) -> Path:
    """Copy a study with only those rows of its tables that are kept."""
    target = folder / study
    (target / "data").mkdir(parents=True)
    shutil.copy(STUDIES / study / "protocol.yaml", target)
    for path in (STUDIES / study / "data").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            header, rows = reader.fieldnames or [], list(reader)
        with (target / "data" / path.name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for row in rows if keep(path.stem, row))
    return target


def of_subject(*names: str) -> Keep:
    return lambda table, row: row["subject_id"] in names


EDGES: dict[str, Keep] = {
    "one patient": of_subject("QL-001"),
    "one patient, another": of_subject("QL-002"),
    "no adverse event": lambda table, row: table != "adverse_events",
    "no immune-related event": lambda table, row: row.get("immune_related") != "Y",
    "every event immune-related and serious": lambda table, row: (
        table != "adverse_events" or (row["immune_related"], row["serious"]) == ("Y", "N")
    ),
    "no biomarker": lambda table, row: table != "biomarkers",
    "all positive": lambda table, row: table != "biomarkers" or row["value"] != "NEGATIVE",
    "no laboratory value": lambda table, row: table != "labs",
    "no deviation": lambda table, row: table != "deviations",
    "nobody failed screening": lambda table, row: row.get("enrolled") != "N",
    "nobody died": lambda table, row: row.get("status") != "DEAD",
    "no contact": lambda table, row: table != "follow_up",
    "no lesion": lambda table, row: table not in ("lesions", "responses", "overrides"),
    "no dose": lambda table, row: table != "doses",
    "no disposition": lambda table, row: table != "disposition",
}


@pytest.mark.slow
@pytest.mark.parametrize("edge", EDGES)
def test_a_study_at_the_edge_has_results_that_can_be_traced(edge: str, tmp_path: Path) -> None:
    found = analyse(cut("nct07083375", tmp_path, EDGES[edge]))

    assert found.results.rows
    for row in found.results.rows:
        given = (row.value, row.code, row.date)
        assert any(one is not None for one in given) or row.note, row.id
        basis = found.results.bases[row.basis or ""]
        for one in basis.contributions:
            assert one.reason, row.id
            assert one.sources, row.id


def values(found: Analysed) -> dict[str, float | int | None]:
    return {row.id: row.value for row in found.results.rows}


def test_without_an_event_counts_are_0_and_ratios_are_not_estimable(tmp_path: Path) -> None:
    keep = EDGES["no immune-related event"]
    found = values(analyse(cut("nct07083375", tmp_path, keep)))

    assert found["irae/all/any_count"] == 0
    assert found["irae-incidence/all/events"] == 0
    assert found["irae-incidence/all/rate_6_months"] == 0
    assert found["irae-hazard/all/pfs/hazard_ratio"] is None


def test_where_all_are_positive_there_is_no_ratio(tmp_path: Path) -> None:
    found = values(analyse(cut("nct07083375", tmp_path, EDGES["all positive"])))

    assert found["biomarker-response/all/marker:slfn11/odds_ratio"] is None
    assert found["biomarker-pfs/all/marker:slfn11/hazard_ratio"] is None
    assert found["biomarker-response/all/marker:tmb/auc"] is not None
    assert found["orr/slfn11-negative/total"] == 0


def test_where_nobody_died_nothing_is_compared(tmp_path: Path) -> None:
    found = values(analyse(cut("nct07083375", tmp_path, EDGES["nobody died"])))

    assert found["deaths/all/count"] == 0
    assert found["deaths/all/within-30-days/total"] == 0
    assert found["biomarker-os/all/marker:slfn11/hazard_ratio"] is None


def test_one_patient_can_be_run_and_traced(tmp_path: Path) -> None:
    folder = cut("nct07083375", tmp_path, of_subject("QL-001"))
    run_study(folder, tmp_path / "out")

    for result in ("biomarker-evaluable/all/marker:tmb/count", "irae-hazard/all/pfs/exposed",
                   "deaths/all/within-30-days/count", "hys-law/all/candidates/count"):  # fmt: skip
        assert "QL-001" in trace(folder, result).as_text()


def test_a_study_without_subjects_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no subject"):
        analyse(cut("nct07083375", tmp_path, of_subject()))
