"""What must always hold of grading, whatever the value."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onearm.clinical.lab_values import problem_of
from onearm.clinical.labs import Grader, Verdict, analyte_code, baselines
from onearm.clinical.records import Lab
from onearm.clinical.units import analyte_of, convert
from onearm.io.ctcae import read_ctcae
from onearm.protocol.ctcae import FORMS, Ctcae

TABLES = {version: read_ctcae(version) for version in ("5.0", "6.0")}
GRADERS = {version: Grader(table) for version, table in TABLES.items()}
NUMERIC = sorted({t.analyte for table in TABLES.values() for t in table.terms if t.forms})
contexts = st.sampled_from([None, True, False])
NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")
versions = st.sampled_from(sorted(TABLES))


def made(code: str, steps: int, unit: str, **about: object) -> Lab:
    """A plausible value of an analyte: ``steps`` thousandths of the way up."""
    analyte = analyte_of(code)
    low, high = (Fraction(bound) / analyte.units[unit] for bound in (analyte.least, analyte.most))
    size = min(high, low + 40 * (low or Fraction(1))) - low
    value = Decimal(int((low + size * steps / 1000) * 1000) + 1).scaleb(-3)
    return Lab("S", dt.date(2026, 1, 1), code, f"{value:f}", unit, **about)


def limits(code: str, unit: str) -> dict[str, Decimal]:
    return {
        "lln": Decimal(made(code, 150, unit).value or ""),
        "uln": Decimal(made(code, 300, unit).value or ""),
    }


def worst(found: Verdict) -> int | None:
    return found.grade if found.grade is not None else max(found.candidates, default=None)


def mildest(found: Verdict) -> int | None:
    return found.grade if found.grade is not None else min(found.candidates, default=None)


@given(data=st.data(), version=versions, symptoms=contexts, fasting=contexts)
def test_a_grade_never_falls_when_the_value_gets_worse(
    data: st.DataObject, version: str, symptoms: bool | None, fasting: bool | None
) -> None:
    code = data.draw(st.sampled_from(NUMERIC))
    unit = data.draw(st.sampled_from(sorted(analyte_of(code).units)))
    about = {**limits(code, unit), "symptomatic": symptoms, "fasting": fasting}
    baseline = None
    if data.draw(st.booleans()):
        baseline = made(code, data.draw(st.integers(0, 1000)), unit, **limits(code, unit))
    steps = sorted(data.draw(st.lists(st.integers(0, 1000), min_size=2, max_size=8)))
    found = [GRADERS[version].verdict(made(code, n, unit, **about), baseline) for n in steps]

    for direction, series in (("high", found), ("low", found[::-1])):
        graded = [one for one in series if one.direction == direction and worst(one)]
        for milder, worse in pairwise(graded):
            assert (worst(milder) or 0) <= (worst(worse) or 0)
            assert (mildest(milder) or 0) <= (mildest(worse) or 0)


@given(data=st.data(), version=versions)
def test_knowing_more_never_adds_a_grade(data: st.DataObject, version: str) -> None:
    code = data.draw(st.sampled_from(NUMERIC))
    unit = data.draw(st.sampled_from(sorted(analyte_of(code).units)))
    steps = data.draw(st.integers(0, 1000))
    more = {**limits(code, unit), "symptomatic": True, "fasting": True, "consequence": False}
    less = {name: value for name, value in more.items() if data.draw(st.booleans())}
    full = GRADERS[version].verdict(made(code, steps, unit, **more))
    part = GRADERS[version].verdict(made(code, steps, unit, **less))

    if part.grade is not None:
        assert full.grade == part.grade
    elif part.candidates:
        assert {full.grade, *full.candidates} - {None} <= set(part.candidates)


@given(data=st.data())
def test_the_order_of_rows_does_not_matter(data: st.DataObject) -> None:
    rows = [
        Lab(
            "S", dt.date(2026, 1, data.draw(st.integers(1, 28))), "ALT",
            str(data.draw(st.integers(1, 900))), "U/L", None, Decimal(40),
            is_baseline=data.draw(st.booleans()),
        )
        for _ in range(6)
    ]  # fmt: skip
    shuffled = data.draw(st.permutations(rows))

    def answers(labs: list[Lab]) -> dict[int, Verdict]:
        found = baselines(labs)
        return {
            id(lab): GRADERS["5.0"].verdict(lab, found.get(("S", analyte_code(lab.test) or "")))
            for lab in labs
        }

    assert answers(rows) == answers(shuffled)


@given(data=st.data(), version=versions)
def test_a_multiple_of_the_limit_has_one_grade_in_every_unit(
    data: st.DataObject, version: str
) -> None:
    """A catalytic activity in katal is exactly 60 units; so are its limits of normal."""
    value, uln = data.draw(st.integers(1, 40000)), data.draw(st.integers(10, 200))
    in_units = Lab("S", dt.date(2026, 1, 1), "ALT", str(value * 60), "U/L", None, Decimal(uln * 60))
    in_katal = Lab("S", dt.date(2026, 1, 1), "ALT", str(value), "ukat/L", None, Decimal(uln))

    if problem_of(in_units) is None:
        grader = GRADERS[version]
        assert grader.verdict(in_units).grade == grader.verdict(in_katal).grade


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_term_of_the_files_can_be_graded_by(table: Ctcae) -> None:
    for term in table.terms:
        analyte = analyte_of(term.analyte)
        assert len(term.text) == 4
        assert term.direction in ("high", "low")
        assert set(term.forms) <= set(FORMS)
        assert set(term.words) <= set(analyte.words)
        for by_unit in term.forms.values():
            for unit, bands in by_unit.items():
                assert unit == "" or unit in analyte.units
                grades = [max(band.grades, default=5) for band in bands]
                assert grades == sorted(grades, reverse=True), f"{term.name}: worst first"


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_criterion_written_in_two_units_means_one_quantity(table: Ctcae) -> None:
    """The printed pairs agree within a tenth (0.9 mg/dL is printed 0.4 mmol/L)."""
    for term in table.terms:
        for by_unit in term.forms.values():
            for first, second in pairwise(unit for unit in by_unit if unit):
                for one, other in zip(by_unit[first], by_unit[second], strict=True):
                    a, b = one.any_of[0][0], other.any_of[0][0]
                    there = convert(a.factor, first, second, term.analyte)
                    assert (a.op, a.ref) == (b.op, b.ref)
                    assert a.ref or abs(there - b.factor) <= b.factor / 10, term.name


READ = {"Hyponatremia", "Creatinine clearance decreased", "INR increased", "Fibrinogen decreased"}
"""Terms whose bands say more than numbers of the text: gaps, percentages; held by the stories."""


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_number_of_a_band_is_printed_in_the_text_of_its_grade(table: Ctcae) -> None:
    for term in table.terms:
        for band in term.bands if term.name not in READ else ():
            for grade in {*band.grades, *band.otherwise} - {0}:
                printed = {
                    Decimal(found.replace(",", ""))
                    for found in NUMBER.findall(term.text[grade - 1])
                }
                for conjunction in band.any_of:
                    for limit in conjunction:
                        number = limit.plus or limit.factor
                        units = {number, number * 1000, number / 10}  # per mm3, per dL
                        assert number == 1 or printed & units, (term.name, grade, limit)
