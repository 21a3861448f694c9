"""Counts of safety, conduct and sites, counted a second time from the tables themselves.

The second count reads the CSV files by the standard library and knows nothing of
onearm's records. All tables of the three shipped studies are taken; the patients are
invented, so that every number below follows from a file in this repository.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from fractions import Fraction
from pathlib import Path
from statistics import median

import pytest

from onearm.pipeline.run import Analysed, analyse
from onearm.results.model import slug

STUDIES = Path(__file__).parents[2] / "studies"
NAMES = ("tqb2450-ib-02", "nct07083375", "nct07388875")
CACHE: dict[str, Analysed] = {}

Rows = list[dict[str, str]]


@pytest.fixture(params=NAMES)
def study(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def found(study: str) -> dict[str, float | int | None]:
    return {row.id: row.value for row in analysed(study).results.rows}


def analysed(study: str) -> Analysed:
    if study not in CACHE:
        CACHE[study] = analyse(STUDIES / study)
    return CACHE[study]


def table(study: str, name: str) -> Rows:
    path = STUDIES / study / "data" / f"{name}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def subjects(rows: Rows) -> set[str]:
    return {row["subject_id"] for row in rows}


def has(row: dict[str, str], column: str) -> bool:
    return row.get(column) == "Y"


KINDS = {
    "ae-fatal": lambda e: e["grade"] == "5" or e["outcome"] == "FATAL",
    "trae-fatal": lambda e: has(e, "related") and (e["grade"] == "5" or e["outcome"] == "FATAL"),
    "ae-interrupted": lambda e: e["action"] == "INTERRUPTED",
    "ae-reduced": lambda e: e["action"] == "REDUCED",
    "ae-modified": lambda e: e["action"] in ("REDUCED", "INTERRUPTED"),
    "ae-discontinued": lambda e: e["action"] == "DISCONTINUED",
    "trae-interrupted": lambda e: has(e, "related") and e["action"] == "INTERRUPTED",
    "trae-modified": lambda e: has(e, "related") and e["action"] in ("REDUCED", "INTERRUPTED"),
    "sae-modified": lambda e: has(e, "serious") and e["action"] in ("REDUCED", "INTERRUPTED"),
    "sae-discontinued": lambda e: has(e, "serious") and e["action"] == "DISCONTINUED",
    "ae": lambda e: True,
    "trae": lambda e: has(e, "related"),
    "sae": lambda e: has(e, "serious"),
    "irae": lambda e: has(e, "immune_related"),
}


def test_each_kind_of_event(study: str) -> None:
    rows, values = table(study, "adverse_events"), found(study)
    for kind, test in KINDS.items():
        own = [row for row in rows if test(row)]
        assert values[f"{kind}/all/any_count"] == len(subjects(own)), kind
        assert values[f"{kind}/all/event_count"] == len(own), kind


def worst(rows: Rows) -> Counter[int]:
    grades: dict[str, int] = {}
    for row in rows:
        who = row["subject_id"]
        grades[who] = max(grades.get(who, 0), int(row["grade"] or 0))
    return Counter(grades.values())


def test_terms_and_classes_by_worst_grade(study: str) -> None:
    values = found(study)
    events = table(study, "adverse_events")
    for kind, rows in (("ae", events), ("trae", [e for e in events if has(e, "related")])):
        for item, column in (("soc", "system_organ_class"), ("term", "term")):
            for name in {row[column] for row in rows}:
                own = worst([row for row in rows if row[column] == name])
                head = f"{kind}/all/{item}:{slug(name)}"
                assert values[f"{head}/any_count"] == own.total()
                for grade in range(1, 6):
                    assert values[f"{head}/worst_grade_{grade}_count"] == own[grade], head
                assert values[f"{head}/worst_grade_1_2_count"] == own[1] + own[2]
                assert values[f"{head}/worst_grade_3_4_count"] == own[3] + own[4]
                assert values[f"{head}/grade_3_count"] == own[3] + own[4] + own[5]


def test_related_terms_by_drug(study: str) -> None:
    values = found(study)
    rows = [e for e in table(study, "adverse_events") if has(e, "related")]
    drugs = {drug.strip() for row in rows for drug in row["related_to"].split(";")} - {""}
    assert drugs
    for drug in drugs:
        own = [row for row in rows if drug in map(str.strip, row["related_to"].split(";"))]
        for term in {row["term"] for row in own}:
            n = len(subjects([row for row in own if row["term"] == term]))
            assert values[f"trae.{slug(drug)}/all/term:{slug(term)}/any_count"] == n


def test_each_term_names_its_class(study: str) -> None:
    codes = {row.id: row.code for row in analysed(study).results.rows}
    for row in table(study, "adverse_events"):
        name = f"ae/all/term:{slug(row['term'])}/system_organ_class"
        assert codes[name] == row["system_organ_class"]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def last_doses(study: str) -> dict[str, dt.date]:
    last: dict[str, dt.date] = {}
    for row in table(study, "doses"):
        if Fraction(row["dose"]) > 0:
            end = day(row["end_date"] or row["start_date"])
            last[row["subject_id"]] = max(last.get(row["subject_id"], end), end)
    return last


def test_deaths_by_time_since_the_last_dose_and_cause(study: str) -> None:
    values, last = found(study), last_doses(study)
    dead = {r["subject_id"]: r for r in table(study, "follow_up") if r["status"] == "DEAD"}
    cut = analysed(study).study.protocol.study.data_cutoff
    dead = {who: row for who, row in dead.items() if cut is None or day(row["date"]) <= cut}
    within = {w for w, row in dead.items() if (day(row["date"]) - last[w]).days <= 30}

    assert values["deaths/all/count"] == len(dead)
    assert values["deaths/all/within-30-days/count"] == len(within)
    assert values["deaths/all/after-30-days/count"] == len(dead) - len(within)
    for cause, n in Counter(row.get("cause") or "not recorded" for row in dead.values()).items():
        assert values[f"deaths/all/cause:{slug(cause)}/count"] == n


def test_deviations_by_category_and_severity(study: str) -> None:
    values, rows = found(study), table(study, "deviations")
    if not rows:
        assert "deviations/all/count" not in values
        return
    assert values["deviations/all/count"] == len(subjects(rows))
    assert values["deviations/all/event_count"] == len(rows)
    for row in rows:
        own = [
            r for r in rows if (r["category"], r["severity"]) == (row["category"], row["severity"])
        ]
        head = f"deviations/all/category:{slug(row['category'])}:{row['severity'].lower()}"
        assert values[f"{head}/count"] == len(subjects(own))
        assert values[f"{head}/event_count"] == len(own)


def test_screening_failures_add_up(study: str) -> None:
    values = found(study)
    failed = [row for row in table(study, "screening") if row["enrolled"] == "N"]
    why = Counter(
        f"criterion:{slug(row['criterion'])}" if row.get("criterion") else
        f"reason:{slug(row['reason'] or 'not recorded')}"
        for row in failed
    )  # fmt: skip

    assert values["screen-failures/all/count"] == len(failed) == why.total()
    for item, n in why.items():
        assert values[f"screen-failures/all/{item}/count"] == n


def test_accrual_by_month_ends_with_everybody(study: str) -> None:
    values, rows = found(study), table(study, "subjects")
    months = Counter(row["enrolment_date"][:7] for row in rows)
    counted = {k: v for k, v in values.items() if k.startswith("accrual/") and k.endswith("/count")}

    assert sum(v or 0 for v in counted.values()) == len(rows)
    for month, n in months.items():
        assert values[f"accrual/all/month:{month}/count"] == n
    last = max(months)
    assert values[f"accrual/all/month:{last}/cumulative"] == len(rows)


def test_sites_add_up_to_the_study(study: str) -> None:
    values = found(study)
    sites = Counter(row["site"] for row in table(study, "subjects"))
    for site, n in sites.items():
        assert values[f"sites/all/site:{slug(site)}/count"] == n
    responders = [values[f"sites/all/site:{slug(s)}:responders/count"] or 0 for s in sites]
    totals = [values[f"sites/all/site:{slug(s)}:responders/total"] or 0 for s in sites]
    assert (sum(responders), sum(totals)) == (values["orr/all/count"], values["orr/all/total"])


def test_time_on_treatment(study: str) -> None:
    values, last = found(study), last_doses(study)
    first = {r["subject_id"]: day(r["first_dose_date"]) for r in table(study, "subjects")}
    days = [(last[who] - first[who]).days + 1 for who in last]

    assert values["treatment-time/all/days/median"] == median(days)
    assert values["treatment-time/all/days/maximum"] == max(days)
    assert values["treatment-time/all/months:12-or-more/count"] == sum(n >= 365.25 for n in days)
    shares = [v for k, v in values.items() if k.startswith("treatment-time/all/months:")
              and k.endswith("/count")]  # fmt: skip
    assert sum(v or 0 for v in shares) == len(days)


def test_peaks_of_the_liver_values(study: str) -> None:
    rows = [row for row in table(study, "labs") if row["baseline"] != "Y" and row["uln"]]
    values = found(study)
    if not rows:
        assert not any(name.startswith("hys-law") for name in values)
        return
    last = last_doses(study)
    first = {r["subject_id"]: day(r["first_dose_date"]) for r in table(study, "subjects")}
    peaks: dict[tuple[str, str], Fraction] = {}
    for row in rows:
        who, when = row["subject_id"], day(row["date"])
        on_treatment = first[who] < when and (when - last[who]).days <= 30
        if on_treatment and row["test"] in ("ALT", "AST", "BILI"):
            kind = "bilirubin" if row["test"] == "BILI" else "transaminase"
            multiple = Fraction(row["value"]) / Fraction(row["uln"])
            peaks[who, kind] = max(peaks.get((who, kind), Fraction(0)), multiple)
    assert peaks
    for (who, kind), multiple in peaks.items():
        assert values[f"hys-law/all/subject:{slug(who)}/{kind}"] == float(multiple)
    seen = {who for who, _ in peaks}
    both = [w for w in seen if peaks[w, "transaminase"] >= 3 and peaks[w, "bilirubin"] > 2]
    assert values["hys-law/all/quadrant:hys-law/count"] == len(both)
    quadrants = [v for k, v in values.items() if "/quadrant:" in k and k.endswith("/count")]
    assert sum(v or 0 for v in quadrants) == len(seen)


def test_every_result_leads_to_rows_of_its_subjects(study: str) -> None:
    results = analysed(study).results
    owners = {
        (path.name, line): row["subject_id"]
        for path in (STUDIES / study / "data").glob("*.csv")
        for line, row in numbered(path)
    }
    for row in results.rows:
        basis = results.bases[row.basis or ""]
        for one in basis.contributions:
            assert one.sources, row.id
            assert one.reason, row.id
            for source in one.sources:
                assert owners[source.file, source.line] == one.subject_id, row.id


def numbered(path: Path) -> list[tuple[int, dict[str, str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        return [(reader.line_num, row) for row in reader]
