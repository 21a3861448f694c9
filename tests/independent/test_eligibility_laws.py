"""Eligibility by routes that share nothing with the rules: truth as numbers, days one by one."""

from __future__ import annotations

import datetime as dt
import random
from fractions import Fraction
from itertools import product

import pytest
from candidates import CANDIDATES, changed, criterion, lab, screened, study_of, table
from hypothesis import given, settings
from hypothesis import strategies as st
from test_eligibility_stories import QL1706, SKB264, TQB2450

from onearm.clinical.eligibility import screen_person
from onearm.clinical.eligibility_words import exact_text, reason
from onearm.clinical.fact_cells import read_days
from onearm.clinical.fact_reading import FactReader
from onearm.clinical.facts import Days, Happening, Measure, compare
from onearm.clinical.windows import completed_years, in_window, shifted
from onearm.protocol.criteria import AMOUNT_UNITS, Window
from onearm.protocol.criteria_grammar import CriterionError, parse_criterion
from onearm.protocol.criteria_text import form_of
from onearm.protocol.document import Document
from onearm.protocol.eligibility import Criterion, Eligibility
from onearm.protocol.forms import read_forms

STORIES = {"nct07388875": SKB264, "nct07083375": QL1706, "tqb2450-ib-02": TQB2450}
NAMES = ("a", "b", "c")
TRUTHS = {None: Fraction(1, 2), False: Fraction(0), True: Fraction(1)}
"""Kleene's three values as numbers: and is the least, or the greatest, not what is left to 1."""


def decide(form: str, values: dict[str, bool | None]) -> bool | None:
    item = Criterion(id="I01", text="x", source="x", form=form)
    eligibility = Eligibility(inclusion=(item,))
    forms, findings = read_forms(eligibility, Document("p", {}, {}, {}))
    assert findings == []
    cells = {True: "Y", False: "N", None: ""}
    rows = [(2, ["S", name, cells[values[name]]]) for name in forms.facts]
    reader = FactReader(forms, "facts.csv")
    people = reader.read(["subject_id", "fact", "value"], rows)
    assert reader.findings == []
    return screen_person(eligibility, forms, people[0]).results[0].verdict.truth


def number_of(form: object, values: dict[str, bool | None]) -> Fraction:
    match form:
        case str():
            return TRUTHS[values[form]]
        case ("not", inner):
            return 1 - number_of(inner, values)
        case ("and", first, second):
            return min(number_of(first, values), number_of(second, values))
        case ("or", first, second):
            return max(number_of(first, values), number_of(second, values))
        case ("if", condition, then, otherwise):
            first, second = number_of(then, values), number_of(otherwise, values)
            test = number_of(condition, values)
            if test != Fraction(1, 2):
                return first if test else second
            return first if first == second else Fraction(1, 2)
    raise AssertionError(form)


def written(form: object) -> str:
    match form:
        case str():
            return form
        case ("not", inner):
            return f"not ({written(inner)})"
        case ("if", condition, then, otherwise):
            return f"(if {written(condition)} then {written(then)} else {written(otherwise)})"
        case (word, first, second):
            return f"({written(first)} {word} {written(second)})"
    raise AssertionError(form)


conditions = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
        st.tuples(st.just("if"), inner, inner, inner),
    ),
    max_leaves=8,
)


@given(conditions, st.tuples(*[st.sampled_from([True, False, None])] * 3))
@settings(max_examples=300)
def test_a_condition_has_the_truth_that_the_numbers_give(form, truths):
    values = dict(zip(NAMES, truths, strict=True))

    assert TRUTHS[decide(written(form), values)] == number_of(form, values)


LAWS = [
    ("not not a", "a"),
    ("not (a and b)", "not a or not b"),
    ("not (a or b)", "not a and not b"),
    ("a and (b or c)", "(a and b) or (a and c)"),
    ("a or (b and c)", "(a or b) and (a or c)"),
    ("a and b", "b and a"),
    ("a and (a or b)", "a"),
    ("if a then b else b", "b"),
    ("if not a then b else c", "if a then c else b"),
]


@pytest.mark.parametrize(("first", "second"), LAWS)
def test_a_law_of_kleene_holds_for_all_27_cases(first, second):
    for truths in product([True, False, None], repeat=3):
        values = dict(zip(NAMES, truths, strict=True))
        assert decide(first, values) is decide(second, values)


days = st.dates(dt.date(2023, 12, 1), dt.date(2026, 4, 30))
spans = st.sampled_from(["day", "week", "month", "year"])


def day_before(anchor: dt.date, number: int, span: str) -> dt.date:
    """Walk back: days one by one; months from the anchor's month, to a day that it has."""
    if span in {"day", "week"}:
        for _ in range(number * (1 if span == "day" else 7)):
            anchor -= dt.timedelta(days=1)
        return anchor
    year, month = anchor.year, anchor.month
    for _ in range(number * (1 if span == "month" else 12)):
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    for day in range(anchor.day, 0, -1):
        try:
            return dt.date(year, month, day)
        except ValueError:
            continue
    raise AssertionError(anchor)


@given(days, st.integers(0, 30), spans)
def test_a_period_back_is_the_one_that_is_walked(anchor, number, span):
    assert shifted(anchor, -number, span) == day_before(anchor, number, span)


@given(st.sampled_from(["2025", "2025-11", "2025-12", "2025-12-16", "2026-03", "2026-03-16"]),
       st.sampled_from(["2026-03-16", "2026-03"]), st.integers(1, 12), spans)  # fmt: skip
@settings(max_examples=60)
def test_a_partial_date_is_in_a_window_when_every_one_of_its_days_is(event, anchor, number, span):
    start, near = read_days(event), read_days(anchor)

    def every_day(of: Days) -> list[dt.date]:
        return [of.first + dt.timedelta(days=n) for n in range((of.last - of.first).days + 1)]

    inside = {
        day_before(first_dose, number, span) <= day <= first_dose
        for first_dose in every_day(near)
        for day in every_day(start)
    }
    expected = inside.pop() if len(inside) == 1 else None

    window = Window(number, span, "before", "first_dose")
    assert in_window(Happening(start, start, {}, 1), window, near) is expected


@given(days, st.dates(dt.date(1930, 1, 1), dt.date(2008, 1, 1)))
def test_the_age_is_the_number_of_birthdays(day, birth):
    birthdays = 0
    for year in range(birth.year + 1, day.year + 1):
        leap = (birth.month, birth.day) == (2, 29) and not (year % 4 == 0 and year % 100 != 0)
        birthday = dt.date(year, 3, 1) if leap else birth.replace(year=year)
        birthdays += birthday <= day

    assert completed_years(birth, day) == birthdays


@given(st.sampled_from(["<", "<=", ">", ">="]), st.integers(0, 6),
       st.sampled_from(["<", "<=", "=", ">", ">="]), st.integers(0, 6))  # fmt: skip
def test_a_value_beyond_what_was_measured_compares_as_all_values_there(
    sign, number, operator, limit
):
    halves = [Fraction(n, 2) for n in range(-40, 60)]
    there = [value for value in halves if compare(value, sign, number)]
    truths = {compare(value, operator, limit) for value in there}
    expected = truths.pop() if len(truths) == 1 else None

    measure = Measure(Fraction(number), "g/L", sign, str(number))
    assert measure.holds(operator, Fraction(limit), Fraction(1)) is expected


# Cockcroft DW, Gault MH. Nephron 1976;16:31-41; 1 mg/dL is 88.42 umol/L.
# (140 - 62) x 70 x 88.42 / (72 x 80), and so on, with paper and pencil.
CLEARANCES = [
    ("M", 62, "70", "80", "83.81"),
    ("M", 58, "72", "85", "85.30"),
    ("F", 71, "48", "84", "41.16"),
]


@pytest.mark.parametrize(("sex", "age", "weight", "creatinine", "clearance"), CLEARANCES)
def test_the_clearance_of_a_candidate_is_the_one_computed_by_hand(
    sex, age, weight, creatinine, clearance
):
    change = {
        "sex": sex,
        "birth": {"date": f"{2026 - age}-03-12"},  # the birthday is the day of the sample
        "weight": f"{weight} kg",
        "CREAT": f"{creatinine} umol/L",
    }
    result = criterion(screened("nct07388875", changed("nct07388875", change)), "I11")

    assert reason(result).startswith(f"creatinine clearance {clearance} mL/min on 2026-03-12")
    assert result.outcome == ("met" if float(clearance) >= 50 else "not_met")


def outcomes(study: str, rows: list[dict[str, str]]) -> dict[str, str]:
    return {r.criterion.id: str(r.outcome) for r in screened(study, rows).results}


def random_rows(study: str, rng: random.Random) -> list[dict[str, str]]:
    """Return the candidate with several stories' changes at once."""
    change: dict[str, object] = {}
    for story in rng.sample(STORIES[study], rng.randint(1, 8)):
        change.update({name: new for name, new in story[1].items() if new is not None})
    return changed(study, change)


@pytest.mark.parametrize("study", CANDIDATES)
@pytest.mark.parametrize("seed", range(60))
def test_a_fact_more_never_changes_a_criterion_that_was_decided(study, seed):
    rng = random.Random(f"{study} {seed}")
    rows = random_rows(study, rng)
    names = sorted({row["fact"] for row in rows})
    rng.shuffle(names)
    known: set[str] = set()
    before: dict[str, str] = {}
    for start in range(0, len(names), 7):
        known |= set(names[start : start + 7])
        now = outcomes(study, [row for row in rows if row["fact"] in known])
        for name, outcome in before.items():
            assert outcome in {"unknown", now[name]}, name
        before = now


@pytest.mark.parametrize("study", CANDIDATES)
@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_facts_does_not_matter(study, seed):
    rng = random.Random(seed)
    rows = random_rows(study, rng)
    rows += [lab("ANC", "1.4", "10^9/L"), lab("ANC", "2", "10^9/L", date="2026-03")] * (
        study != "tqb2450-ib-02"
    )
    shuffled = rows[:]
    rng.shuffle(shuffled)

    assert outcomes(study, shuffled) == outcomes(study, rows)


def test_a_number_is_told_from_its_limit_however_near_it_is():
    assert exact_text(Fraction(50) - Fraction(1, 3 * 10**8), Fraction(50)) == "49.999999997"
    assert exact_text(Fraction(2, 3)) == "0.67"
    assert exact_text(Fraction("49.99"), Fraction(50)) == "49.99"


def test_persons_of_one_file_do_not_touch_each_other():
    study = "nct07083375"
    read = study_of(study)
    header, first = table(CANDIDATES[study], "A")
    _, second = table(changed(study, {"ecog": "3"}), "B")
    width = len(header)
    mixed = [row for pair in zip(first, second, strict=False) for row in pair]
    reader = FactReader(read.forms, "facts.csv")
    assert {len(row) for _, row in mixed} == {width}

    people = reader.read(header, [*mixed, *first[len(second) :], *second[len(first) :]])

    answers = [screen_person(read.protocol.eligibility, read.forms, person) for person in people]
    assert [(a.subject_id, str(a.overall)) for a in answers] == [
        ("A", "eligible"),
        ("B", "not_eligible"),
    ]


TOKENS = [
    "if",
    "then",
    "else",
    "or",
    "and",
    "not",
    "may",
    "(",
    ")",
    "judged",
    "any",
    "count",
    "lab",
    "age",
    "at",
    "crcl",
    "date",
    "least",
    "has",
    "within",
    "where",
    "in",
    "is",
    "{",
    "}",
    ",",
    "a",
    "b",
    "ANC",
    "1.5",
    "2",
    "10^9/L",
    "ULN",
    "mm",
    ">=",
    "<",
    "=",
    "days",
    "months",
    "before",
    "after",
    "18",
    "years",
    "mL/min",
    "'x'",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=12).map(" ".join))
@settings(max_examples=500)
def test_any_words_are_a_form_that_reads_back_or_an_error_with_its_place(form):
    at = None
    try:
        tree = parse_criterion(form)
    except CriterionError as error:
        at = error.at
    if at is None:
        assert parse_criterion(form_of(tree)) == tree
    else:
        assert 0 <= at <= len(form)


CELLS = {
    "value": ["", "", "Y", "N", "none", "unknown", "3", "<5", "1,5", "positive", "12 mm", "1e5"],
    "unit": ["", "10^9/L", "g/L", "U/L", "mg/dL", "kg", "copies/mL"],
    "date": ["", "2026-03-10", "2026-03", "2026", "2026-13", "1800-01-01"],
    "until": ["", "ongoing", "2026-03-12", "2025"],
    "lln": ["", "3", "x"],
    "uln": ["", "40", "0"],
    "by": ["", "Dr Lin"],
}


@pytest.mark.parametrize("study", CANDIDATES)
@pytest.mark.parametrize("seed", range(100))
def test_any_rows_are_facts_or_findings_and_unknown_always_says_what_is_missing(study, seed):
    rng = random.Random(seed)
    read = study_of(study)
    names = [name for name in read.forms.facts if "." not in name]
    attributes = sorted({n.partition(".")[2] for n in read.forms.facts if "." in n})
    header = ["subject_id", "fact", *CELLS, *attributes]
    rows = []
    for line in range(2, 40):
        cells = [rng.choice(known) for known in CELLS.values()]
        cells += [rng.choice(["", "", "", "Y", "N", "12 mm"]) for _ in attributes]
        rows.append((line, ["S", rng.choice(names), *cells]))
    reader = FactReader(read.forms, "facts.csv")

    people = reader.read(header, rows)

    assert all(finding.place.line for finding in reader.findings)
    for person in people:
        for result in screen_person(read.protocol.eligibility, read.forms, person).results:
            assert reason(result)
            assert bool(result.verdict.missing) == (result.outcome == "unknown")


@pytest.mark.parametrize("units", AMOUNT_UNITS.values(), ids=list(AMOUNT_UNITS))
def test_an_amount_there_and_back_is_the_same_and_compares_alike_in_every_unit(units):
    for value, limit in product([Fraction(7), Fraction("98.6"), Fraction(1, 3)], repeat=2):
        for one, other in product(units.values(), repeat=2):
            there = value * one / other
            assert there * other / one == value
            in_other = Measure(there, "", "", "").holds(">=", limit * one / other, Fraction(1))
            assert in_other is (value >= limit)
