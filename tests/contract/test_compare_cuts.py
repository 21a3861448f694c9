"""Two sets of results: what moved, by whom, what nobody explains, and what the command says."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.clinical.records import Source
from onearm.format import difference
from onearm.io.results import results_text
from onearm.pipeline.compare_cuts import CutsCompared
from onearm.results.cuts import Difference, compare_cuts
from onearm.results.model import Basis, Contribution, Results, Row
from onearm.terms import Kind


def row(result_id: str, value: float | None, kind: Kind = Kind.PROPORTION, **more: object) -> Row:
    analysis, group, *item, statistic = result_id.split("/")
    name, _, variant = analysis.partition(".")
    given: dict[str, object] = {
        "method": "clopper-pearson",
        "level": 0.95,
        "basis": result_id.rpartition("/")[0],
        "formula": "a / b",
        "note": "not reached" if value is None else None,
        **more,
    }
    return Row(
        result_id, name, variant or "default", "treated", group, item[0] if item else None,
        statistic, kind, value, **given,
    )  # fmt: skip


def subject(
    name: str, role: str = "counted", value: str | None = "PR", *lines: int, reason: str = "why"
) -> Contribution:
    sources = tuple(Source("lesions.csv", (), line) for line in lines or (2, 3))
    return Contribution(name, role, value, reason, sources)


def results(
    rows: list[Row], *people: Contribution, basis: str = "orr/all", **more: list[Contribution]
) -> Results:
    bases = {basis: Basis(basis, "who", "of whom", people)}
    bases |= {name: Basis(name, "who", "of whom", tuple(found)) for name, found in more.items()}
    return Results(tuple(rows), bases)


ORR = row("orr/all/estimate", 0.5)
A, B = subject("S01"), subject("S02", "not counted", "SD")


def only(older: Results, newer: Results) -> Difference:
    (one,) = compare_cuts(older, newer).differences
    return one


CHANGES = [  # what happened to subject S02, how it stands in the newer results, what is said
    ("responded", subject("S02", "counted", "PR", 2, 3, 9), "role"),
    ("another best response", subject("S02", "not counted", "PD"), "value"),
    ("another reason", subject("S02", "not counted", "SD", reason="other"), "reason"),
    ("one row more", subject("S02", "not counted", "SD", 2, 3, 4), "rows"),
    ("left", None, "gone"),
]


@pytest.mark.parametrize(("story", "newer", "what"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_move_is_explained_by_who_changed(
    story: str, newer: Contribution | None, what: str
) -> None:
    compared = compare_cuts(
        results([ORR], A, B),
        results([ORR._replace(value=0.6)], *([A, newer] if newer else [A])),
    )

    assert [c.what for c in compared.changes["orr/all"]] == [what]
    assert [(d.state, d.is_explained, d.why) for d in compared.differences] == [
        ("moved", True, None)
    ]


def test_a_subject_brings_both_reasons_and_the_rows_of_one_side_only() -> None:
    newer = subject("S02", "counted", "PR", 3, 9, reason="confirmed")
    compared = compare_cuts(results([ORR], A, B), results([ORR._replace(value=1.0)], A, newer))
    (change,) = compared.changes["orr/all"]

    assert (change.older, change.newer) == (B, newer)
    assert [str(s) for s in change.older_rows] == ["lesions.csv:2"]
    assert [str(s) for s in change.newer_rows] == ["lesions.csv:9"]


def test_rows_that_only_moved_to_other_lines_change_nobody() -> None:
    moved = [subject("S01", "counted", "PR", 7, 8), subject("S02", "not counted", "SD", 9, 10)]
    one = only(results([ORR], A, B), results([ORR._replace(value=0.6)], *moved))

    assert (one.is_explained, one.basis) == (False, None)


UNEXPLAINED = [  # what differs in the row beside its value, why
    ({}, "no subject changed, nor method, level or formula"),
    ({"value": 0.5 + 1e-15}, "no subject changed, nor method, level or formula"),
    ({"formula": "b / a"}, "no subject changed; formula: a / b -> b / a"),
    ({"method": "wilson"}, "method: clopper-pearson -> wilson"),
    ({"level": 0.9, "set": "enrolled"}, "set: treated -> enrolled; level: 0.95 -> 0.9"),
    ({"basis": None}, "the files do not say which subjects it was computed from"),
]


@pytest.mark.parametrize(("changed", "why"), UNEXPLAINED)
def test_a_move_that_no_subject_accounts_for_is_named(changed: dict[str, object], why: str) -> None:
    one = only(results([ORR], A, B), results([ORR._replace(**{"value": 0.6, **changed})], A, B))

    assert (one.state, one.is_explained, one.why) == ("moved", False, why)


def test_another_method_is_not_excused_by_a_subject_that_changed() -> None:
    newer = results([ORR._replace(value=0.6, method="wilson")], A, subject("S02"))

    assert not only(results([ORR], A, B), newer).is_explained


def test_the_same_number_under_another_definition_is_listed_and_no_difference() -> None:
    compared = compare_cuts(results([ORR], A), results([ORR._replace(level=0.9)], A))

    assert compared.differences == ()
    assert compared.redefined == {"orr/all/estimate": "level: 0.95 -> 0.9"}


SAME = [
    (row("x/all/a", 0.5), row("x/all/a", 0.5, formula="other", label="other"), True),
    (row("x/all/a", None), row("x/all/a", None), True),
    (row("x/all/a", None), row("x/all/a", None, note="another reason"), False),
    (row("x/all/a", None), row("x/all/a", 0.0), False),
    (row("x/all/a", None, note=None, code="Y"), row("x/all/a", None, note=None, code="N"), False),
    (
        row("x/all/a", None, note=None, date=dt.date(2020, 1, 1)),
        row("x/all/a", None, note=None, date=dt.date(2020, 1, 2)),
        False,
    ),
    (row("x/all/a", 0.5), row("x/all/a", 0.5, note="a remark"), True),
]


@pytest.mark.parametrize(("older", "newer", "is_same"), SAME)
def test_value_code_date_and_what_stands_in_their_place_are_compared(
    older: Row, newer: Row, is_same: bool
) -> None:
    assert (compare_cuts(results([older]), results([newer])).differences == ()) is is_same


def test_a_new_item_is_made_by_those_whom_it_counts() -> None:
    term = row("orr/all/term:rash/count", 1, Kind.COUNT)
    newer = results([ORR, term], A, B, **{"orr/all/term:rash": [subject("S01"), B]})
    compared = compare_cuts(results([ORR], A, B), newer)

    assert [(d.state, d.is_explained, d.why) for d in compared.differences] == [("new", True, None)]
    assert [c.subject_id for c in compared.changes["orr/all/term:rash"]] == ["S01"]


def test_a_result_that_only_one_side_gives_is_gone_without_explanation_or_new_with_none() -> None:
    lower = row("orr/all/lower", 0.2, basis="orr/all")
    group = row("orr/asps/estimate", 0.2)
    more = results([ORR, lower, group], A, B, **{"orr/asps": [A]})
    less = results([ORR], A, B)

    new = compare_cuts(less, more)
    gone = compare_cuts(more, less)

    assert [(d.id, d.is_explained) for d in new.differences] == [
        ("orr/all/lower", True),
        ("orr/asps/estimate", True),
    ]
    assert {d.why for d in new.differences} == {"only the newer results give it"}
    assert [d.id for d in gone.unexplained] == ["orr/all/lower", "orr/asps/estimate"]


def test_what_is_gone_stands_where_it_stood() -> None:
    rows = [row(f"orr/all/{name}", 0.1) for name in ("a", "b", "c", "d")]
    older = results([rows[0], rows[1], rows[2]], A)
    newer = results([rows[2]._replace(value=0.2), rows[3]], A)

    order = [d.id[-1] for d in compare_cuts(older, newer).differences]

    assert order == ["a", "b", "c", "d"]


LOST = [  # analysis, role and value before, role and value after, whether an event was lost
    ("pfs", ("event", "41 days"), ("event", "41 days"), False),
    ("pfs", ("event", "41 days"), ("censored", "41 days"), True),
    ("pfs", ("event", "41 days"), ("event", "83 days"), True),
    ("pfs", ("event", "41 days"), None, True),
    ("pfs.fda", ("event", "41 days"), ("censored", "20 days"), True),
    ("pfs", ("censored", "41 days"), ("event", "83 days"), False),
    ("os", ("event", "41 days"), ("censored", "50 days"), True),
    ("ipfs", ("event", "41 days"), ("censored", "83 days"), False),  # reset by a later scan
    ("follow-up-os", ("event", "41 days"), ("censored", "83 days"), False),  # alive, then died
]


@pytest.mark.parametrize(("analysis", "before", "after", "is_lost"), LOST)
def test_an_event_that_is_taken_back_is_seen(
    analysis: str,
    before: tuple[str, str],
    after: tuple[str, str] | None,
    is_lost: bool,
) -> None:
    basis = f"{analysis}/all"
    older = results([], subject("S01", *before), basis=basis, **{f"{analysis}/asps": [A]})
    newer = results([], *([subject("S01", *after)] if after else []), basis=basis)
    compared = compare_cuts(older, newer)

    assert [c.subject_id for c in compared.taken_back] == (["S01"] if is_lost else [])
    shown = CutsCompared("older", "newer", older, newer, (), compared)
    assert shown.exit_status == int(is_lost)
    assert ("1 event taken back" in shown.as_text()) is is_lost


DIFFERENCES = [  # kind, older, newer, the difference in the printed unit
    (Kind.PROPORTION, 10 / 30, 11 / 30, "+3.33 points"),
    (Kind.PROPORTION, 0.5, 0.5 + 1e-9, "under 0.01 points"),
    (Kind.PROPORTION, 0.5, 0.5, "0.00 points"),
    (Kind.PERCENT_CHANGE, -50.0, -57.69, "-7.69 points"),
    (Kind.DURATION, 239, 207, "-1.05 months"),  # 32 / 30.4375 = 1.0513
    (Kind.COUNT, 7, 11, "+4"),
    (Kind.LENGTH, 18.25, 18.0, "-0.25 mm"),
    (Kind.P_VALUE, 0.03, 0.01, "-0.020"),
    (Kind.QUANTITY, 32.5, 33.0, "+0.5"),
    (Kind.DURATION, None, 239, ""),
]


@pytest.mark.parametrize(("kind", "older", "newer", "text"), DIFFERENCES)
def test_a_difference_is_told_in_the_printed_unit(
    kind: Kind, older: float | None, newer: float, text: str
) -> None:
    assert difference(row("x/all/a", older, kind), row("x/all/a", newer, kind)) == text


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    step = row("orr/all/step:41/survival", 0.9, basis="orr/all")
    older = results([ORR, row("dcr/all/estimate", 0.5, basis="orr/all")], A, B)
    newer = results(
        [ORR._replace(value=1.0), row("dcr/all/estimate", 0.5, basis="orr/all"), step],
        A,
        subject("S02", "counted", "PR", 2, 9, reason="PR, confirmed"),
    )
    paths = tmp_path / "older.json", tmp_path / "newer.json"
    for path, found in zip(paths, (older, newer), strict=True):
        path.write_text(results_text("S", found), encoding="utf-8")
    return paths


def test_the_text_holds_headline_analyses_subjects_and_counts(files: tuple[Path, Path]) -> None:
    shown = CliRunner().invoke(app, ["compare", *map(str, files)])
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]

    assert shown.exit_code == 0, shown.output
    assert lines.index("Headline") < lines.index("orr") < lines.index("Subjects")
    assert "orr/all/estimate 50.00 % 100.00 % +50.00 points S02" in lines
    assert "dcr/all/estimate 50.00 % 50.00 % same" in lines
    assert (
        "Steps and numbers at risk of the curves: 0 moved, 1 new, 0 gone (with --json each)"
        in lines
    )
    told = lines[lines.index("S02") :]
    assert told[1:6] == [
        "orr/all",
        "older: not counted, SD: why",
        "newer: counted, PR: PR, confirmed",
        "rows of the older only: lesions.csv:3",
        "rows of the newer only: lesions.csv:9",
    ]
    assert lines[-1] == "1 result the same, 1 moved, 1 new, 0 gone, by 1 subject; 0 not explained"


def test_results_of_two_studies_are_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    stranger = results([ORR], subject("Q01"))
    other.write_text(results_text("Q", stranger), encoding="utf-8")

    shown = CliRunner().invoke(app, ["compare", str(files[0]), str(other)])

    assert shown.exit_code == 1
    assert "must be of one study; they share no subject" in shown.stderr


def test_the_json_holds_every_difference_and_every_changed_subject(
    files: tuple[Path, Path],
) -> None:
    found = json.loads(CliRunner().invoke(app, ["compare", *map(str, files), "--json"]).stdout)

    assert found["summary"] == {
        "same": 1, "moved": 1, "new": 1, "gone": 0, "defined_otherwise": 0,
        "subjects": 1, "unexplained": 0, "events_taken_back": 0,
    }  # fmt: skip
    assert [d["id"] for d in found["differences"]] == [
        "orr/all/estimate",
        "orr/all/step:41/survival",
    ]
    assert found["differences"][0]["newer"]["value"] == 1.0
    (change,) = found["changes"]
    assert change["older"] == {"role": "not counted", "value": "SD", "reason": "why"}
    assert change["newer_rows"] == [{"file": "lesions.csv", "line": 9}]


def test_a_file_beside_itself_holds_no_difference(files: tuple[Path, Path]) -> None:
    shown = CliRunner().invoke(app, ["compare", str(files[0]), str(files[0])])

    assert shown.exit_code == 0
    assert shown.stdout.endswith(
        "2 results the same, 0 moved, 0 new, 0 gone, by 0 subjects; 0 not explained\n"
    )


def test_an_unexplained_move_stands_first_and_exits_with_1(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    changed = files[0].read_text("utf-8").replace('"value": 0.5', '"value": 0.5000001', 1)
    other.write_text(changed, encoding="utf-8")
    shown = CliRunner().invoke(app, ["compare", str(files[0]), str(other)])

    assert shown.exit_code == 1
    assert (
        "Not explained by any subject\n"
        "  orr/all/estimate: 50.00 % -> 50.00 % (under 0.01 points)\n"
        "      no subject changed, nor method, level or formula\n"
    ) in shown.stdout
    assert shown.stdout.index("Not explained") < shown.stdout.index("\norr\n")
