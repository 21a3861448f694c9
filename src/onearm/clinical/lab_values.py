"""What one laboratory result says: a number, a bound, a word, or nothing that can be used.

Takes one record, gives the sample that criteria are compared with, or why there
is none. Nothing is rounded or guessed; a bound (``<0.5``) stays an interval.

Calcium is corrected for albumin (Payne RB et al., BMJ 1973;4:643-646, in the
form in common use): mmol/L + 0.02 x (40 - albumin g/L), mg/dL + 0.08 x (40 -
albumin g/L). Without albumin the corrected value is an interval: all that
albumins from 10 to 60 g/L leave possible.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from onearm.clinical.records import Lab
from onearm.clinical.units import Analyte, exact, find_analyte, implausible, unit_of, unknown_test
from onearm.errors import InputError
from onearm.format import plain

Number = Decimal | Fraction

EXACT = Context(prec=200)
"""Products of table cells are exact: a cell has at most 30 digits."""

_NUMBER = re.compile(r"([<>]=?|)\s*([+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?)")
_CORRECTION = {"mmol/L": Decimal("0.02"), "mg/dL": Decimal("0.08")}
_NORMAL_ALBUMIN, _ALBUMINS = Decimal(40), (Decimal(60), Decimal(10))
_WORDS = {
    "NEGATIVE": "NEGATIVE", "NEG": "NEGATIVE", "-": "NEGATIVE", "(-)": "NEGATIVE",
    "N": "NEGATIVE", "NON-REACTIVE": "NEGATIVE", "NONREACTIVE": "NEGATIVE",
    "NOT DETECTED": "NEGATIVE", "ABSENT": "NEGATIVE", "NIL": "NEGATIVE",
    "TRACE": "TRACE", "+/-": "TRACE", "\N{PLUS-MINUS SIGN}": "TRACE",
    "POSITIVE": "POSITIVE", "POS": "POSITIVE", "(+)": "POSITIVE", "REACTIVE": "POSITIVE",
    "DETECTED": "POSITIVE", "PRESENT": "POSITIVE", "P": "POSITIVE",
    "1+": "1+", "+1": "1+", "2+": "2+", "+2": "2+", "++": "2+", "3+": "3+", "+3": "3+",
    "+++": "3+", "4+": "4+", "+4": "4+", "++++": "4+",
}  # fmt: skip


class Problem(NamedTuple):
    """What is wrong with a record: a stable name, the column, and what is allowed."""

    code: str
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One result as criteria see it: between ``low`` and ``high``, in ``unit``.

    A number has ``low`` equal to ``high``. ``shown`` is the value as it is
    printed; ``note`` says what was done to it.
    """

    analyte: Analyte
    unit: str
    low: Number
    high: Number | None
    is_open: bool
    lln: Number | None
    uln: Number | None
    shown: str
    note: str = ""

    def __hash__(self) -> int:
        """Tell samples apart by their numbers; the units of an analyte are no part of it."""
        return hash((self.analyte.code, self.unit, self.low, self.high, self.lln, self.uln))

    @property
    def is_number(self) -> bool:
        """Whether the value is one number, not an interval."""
        return self.low == self.high


def in_unit(sample: Sample, unit: str) -> Sample:
    """Return a sample in another unit of its analyte, exactly; the same where units are equal."""
    if unit == sample.unit:
        return sample
    analyte = sample.analyte
    if analyte.units[unit] == analyte.units[sample.unit]:
        return sample

    def to(value: Number | None) -> Fraction | None:
        return None if value is None else exact(value, sample.unit, unit, analyte.code)

    return Sample(
        analyte,
        unit,
        exact(sample.low, sample.unit, unit, analyte.code),
        to(sample.high),
        sample.is_open,
        to(sample.lln),
        to(sample.uln),
        sample.shown,
        sample.note,
    )


def problem_of(lab: Lab) -> Problem | None:
    """Return what makes a record impossible, or None: these stop the work.

    A unit that the analyte does not have, a negative or implausible value, limits
    of normal that cross. What is only missing is no problem, it leaves no grade.
    """
    analyte = find_analyte(lab.test)
    if analyte is None or not analyte.units:
        return None
    if lab.lln is not None and lab.uln is not None and lab.lln > lab.uln:
        message = f"lln must not exceed uln {plain(lab.uln)}; got {plain(lab.lln)}"
        return Problem("crossed-limits", "lln", message)
    unit = lab.unit or ("1" if "1" in analyte.units else "")
    if not unit:
        return None
    try:
        unit_of(unit, analyte.code)
    except InputError as error:
        return Problem("wrong-unit", "unit", str(error))
    found = _NUMBER.fullmatch((lab.value or "").strip())
    number = Decimal(found[2]) if found and (not found[1] or found[2].startswith("-")) else None
    for column, value in (("value", number), ("lln", lab.lln), ("uln", lab.uln)):
        if value is None or (not value and column != "value"):
            continue
        if wrong := implausible(value, unit, analyte.code):
            code = "negative-value" if value < 0 else "implausible-value"
            return Problem(code, column, f"{column}: {wrong}")
    return None


def sample_of(lab: Lab) -> Sample | str:
    """Return the sample of a record, or why it has none, in words."""
    analyte = find_analyte(lab.test)
    if analyte is None:
        return unknown_test(lab.test)
    text = (lab.value or "").strip()
    if not text:
        return "no value"
    found = _NUMBER.fullmatch(text)
    if found is None:
        return f"the value {text!r} is no number"
    if not lab.unit and "1" not in analyte.units:
        return "no unit"
    unit = unit_of(lab.unit or "1", analyte.code)
    return _corrected(_sample(analyte, unit, found[1], Decimal(found[2]), lab), lab)


def _sample(analyte: Analyte, unit: str, sign: str, value: Decimal, lab: Lab) -> Sample:
    shown = f"{sign}{plain(value)}" + ("" if unit in ("1", "ratio", "pH") else f" {unit}")
    low: Decimal = Decimal(0) if sign.startswith("<") else value
    high = None if sign.startswith(">") else value
    return Sample(analyte, unit, low, high, sign in ("<", ">"), lab.lln, lab.uln, shown)


def _corrected(sample: Sample, lab: Lab) -> Sample:
    """Return calcium corrected for albumin; every other analyte as it is."""
    if sample.analyte.code != "CA":
        return sample
    if sample.unit not in _CORRECTION:
        sample = in_unit(sample, "mmol/L")
    step = Fraction(_CORRECTION["mg/dL" if sample.unit == "mg/dL" else "mmol/L"])
    least, most = _ALBUMINS if lab.albumin is None else (lab.albumin, lab.albumin)
    low = Fraction(sample.low) + step * Fraction(_NORMAL_ALBUMIN - least)
    high = sample.high
    if high is not None:
        high = Fraction(high) + step * Fraction(_NORMAL_ALBUMIN - most)
    note = (
        "albumin not reported, so that the corrected value is not known"
        if lab.albumin is None
        else f"corrected for albumin {plain(lab.albumin)} g/L"
    )
    if high is not None and low == high:
        shown = f"{fraction_text(low)} {sample.unit}"
        note = f"{sample.shown} {note}"
    else:
        shown = sample.shown
    target = find_analyte("CACR")
    assert target is not None
    return Sample(
        target, sample.unit, low, high, sample.is_open, sample.lln, sample.uln, shown, note
    )


def word_of(text: str, analyte: Analyte) -> str | None:
    """Return a result in words as the analyte's list spells it; None for another word."""
    bare = text.strip().upper()
    if bare == "+":
        return "1+" if "1+" in analyte.words and "POSITIVE" not in analyte.words else "POSITIVE"
    word = _WORDS.get(bare)
    return word if word in analyte.words else None


def fraction_text(value: Number) -> str:
    """Return a number as text: exact where its decimals end, else as a fraction would be read.

    >>> fraction_text(Fraction(229, 100)), fraction_text(Fraction(1, 3))
    ('2.29', '0.3333...')
    """
    if isinstance(value, Decimal):
        return plain(value)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest == 1:
        return plain(EXACT.divide(Decimal(value.numerator), Decimal(value.denominator)))
    return f"{Decimal(value.numerator * 10000 // value.denominator).scaleb(-4)}..."
