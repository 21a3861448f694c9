"""What a study folder lacks or contradicts is said, never guessed."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from onearm.errors import InputError
from onearm.pipeline.run import analyse
from onearm.pipeline.study import load_study

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"

Row = dict[str, str]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    shutil.copytree(STUDY, folder)
    (folder / "expected.yaml").unlink()
    return folder


def edit(path: Path, change: Callable[[list[Row]], list[Row]]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    header = list(rows[0])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))


def put(subject: str, column: str, value: str) -> Callable[[list[Row]], list[Row]]:
    def change(rows: list[Row]) -> list[Row]:
        return [{**r, column: value} if r["subject_id"] == subject else r for r in rows]

    return change


def codes(folder: Path) -> set[str]:
    return {finding.code for finding in load_study(folder).findings}


def test_an_empty_first_dose_date_is_taken_from_the_doses_and_said(study: Path) -> None:
    edit(study / "data" / "subjects.csv", put("TQB-001", "first_dose_date", ""))

    assert "first-dose-missing" in codes(study)
    assert analyse(study).results["orr/all/total"].value == 30


def test_a_continuous_characteristic_that_is_no_number_is_an_error_with_its_line(
    study: Path,
) -> None:
    path = study / "protocol.yaml"
    text = path.read_text(encoding="utf-8")
    first = "  - {id: ecog, label: ECOG performance status, kind: categorical"
    assert first in text
    extra = "  - {id: prior_systemic_lines_n, label: Lines, kind: continuous}\n"
    path.write_text(text.replace(first, extra + first, 1), encoding="utf-8")

    def change(rows: list[Row]) -> list[Row]:
        return [{**row, "prior_systemic_lines_n": "n/a"} for row in rows]

    with (study / "data" / "subjects.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (study / "data" / "subjects.csv").open("w", encoding="utf-8", newline="") as file:
        changed = change(rows)
        writer = csv.DictWriter(file, list(changed[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(changed)

    with pytest.raises(InputError, match=r"subjects.csv:2: .* must be a number.*got 'n/a'"):
        load_study(study)


def test_a_level_that_the_protocol_does_not_know_is_a_warning_with_the_nearest(
    study: Path,
) -> None:
    edit(study / "data" / "subjects.csv", put("TQB-002", "histology", "Synovial Sarcoma"))

    found = [f for f in load_study(study).findings if f.code == "unknown-level"]
    assert "did you mean 'Synovial sarcoma'?" in str(found[0])


def test_a_last_contact_before_the_first_dose_is_an_error_with_its_line(study: Path) -> None:
    edit(study / "data" / "follow_up.csv", put("TQB-002", "date", "2019-01-01"))

    with pytest.raises(InputError, match=r"follow_up.csv:3: the last follow-up, on 2019-01-01"):
        load_study(study)


def test_a_subject_without_follow_up_is_a_warning(study: Path) -> None:
    edit(
        study / "data" / "follow_up.csv",
        lambda rows: [row for row in rows if row["subject_id"] != "TQB-002"],
    )

    assert "no-follow-up" in codes(study)


@pytest.mark.parametrize(
    ("table", "absent", "present"),
    [
        ("lesions", ("orr/all/count", "pfs/all/median", "primary/all/met"), "os/all/median"),
        ("follow_up", ("os/all/median", "died/all/count"), "orr/all/count"),
        ("adverse_events", ("trae/all/any_count",), "orr/all/count"),
        ("disposition", ("flow/all/status:ongoing/count",), "orr/all/count"),
    ],
)
def test_what_was_not_collected_has_no_results(
    study: Path, table: str, absent: tuple[str, ...], present: str
) -> None:
    (study / "data" / f"{table}.csv").unlink()
    found = analyse(study).results.by_id()

    assert present in found
    assert not set(absent) & set(found)


def test_an_empty_subjects_table_is_one_error(study: Path) -> None:
    path = study / "data" / "subjects.csv"
    header = path.read_text(encoding="utf-8").splitlines()[0]
    path.write_text(header + "\n", encoding="utf-8")

    with pytest.raises(InputError) as error:
        load_study(study)
    assert [str(f) for f in error.value.findings] == [
        "subjects.csv: the table has no row; other tables hold rows of its subjects"
    ]


def test_terms_that_share_a_name_stay_apart(study: Path) -> None:
    def change(rows: list[Row]) -> list[Row]:
        terms = iter(("Pain (left)", "Pain [left]", "贫血"))
        return [{**row, "term": next(terms, row["term"])} for row in rows]

    edit(study / "data" / "adverse_events.csv", change)
    found = analyse(study).results.by_id()

    labels = {row.label for row in found.values() if row.analysis == "ae" and row.label}
    assert {"Pain (left)", "Pain [left]", "贫血"} <= labels
    assert found["ae/all/term:pain-left/any_count"].value == 1
    assert found["ae/all/term:pain-left-2/any_count"].value == 1


def test_a_new_lesion_of_0_mm_is_none(study: Path) -> None:
    def change(rows: list[Row]) -> list[Row]:
        first = next(r for r in rows if r["subject_id"] == "TQB-001" and r["visit"] != "BASELINE")
        new = {**first, "lesion_id": "NL9", "lesion_type": "NEW", "organ": "LIVER", "nodal": "N"}
        return [*rows, {**new, "diameter_mm": "0", "state": "MEASURED"}]

    edit(study / "data" / "lesions.csv", change)
    answers = next(a for a in analyse(study).derived if a.subject_id == "TQB-001")

    assert answers.time_points[0].overall == "PR"
