"""One term of the CTCAE and one laboratory value: which grades are possible, and why.

Takes a term, a sample, the baseline sample and the context columns of the
record, gives the grades that remain. Bands are turned into numbers once for
each pair of limits and baseline. Knows no subject and no version.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from onearm.clinical.lab_values import EXACT, Number, Sample, fraction_text, in_unit
from onearm.clinical.records import Lab
from onearm.format import plain
from onearm.protocol.ctcae import Band, Limit, Term

TRUE, FALSE, UNKNOWN = True, False, None
UNITLESS = ("1", "ratio", "pH")


class Outcome(NamedTuple):
    """What one term says of one value."""

    term: Term
    possible: frozenset[int]
    is_compared: bool  # at least one band could be decided
    compared: str
    threshold: str | None
    missing: tuple[str, ...]


class Baseline(NamedTuple):
    """The baseline of one analyte of one subject; no sample where there is no usable row."""

    sample: Sample | None = None
    is_itself: bool = False


NO_BASELINE = Baseline()
ITSELF = Baseline(None, True)


class Step(NamedTuple):
    """One comparison of the value with a number; ``fixed`` where the baseline decides it."""

    op: str
    threshold: Number | None
    is_fixed: bool
    fixed: bool | None
    missing: str


class Rung(NamedTuple):
    """A band with its limits in numbers, and in words."""

    band: Band
    any_of: tuple[tuple[Step, ...], ...]
    words: tuple[str, ...]
    said: str


Ladder = tuple[Rung, ...]
Ladders = dict[tuple[object, ...], Ladder]


def needs_baseline(term: Term) -> bool:
    """Return whether a baseline can change what a term says."""
    return "abnormal" in term.forms or any(
        "BL" in (limit.ref, limit.of)
        for band in term.bands
        for conjunction in band.any_of
        for limit in conjunction
    )


def outcome(term: Term, sample: Sample, baseline: Baseline, lab: Lab, ladders: Ladders) -> Outcome:
    """Return what one term says; ``ladders`` keeps the numbers of its bands."""
    outcomes = [
        _of_form(term, form, sample, baseline, lab, ladders) for form in _forms(term, baseline, lab)
    ]
    if not outcomes:
        return Outcome(term, frozenset(), False, "", None, ("baseline",))
    if len(outcomes) == 1:
        found = outcomes[0]
    else:
        possible = frozenset().union(*(one.possible for one in outcomes))
        missing = [name for one in outcomes for name in one.missing]
        missing += ["ULN of the baseline"] if len(possible) > 1 else []
        found = max(outcomes, key=lambda one: max(one.possible, default=-1))._replace(
            possible=possible,
            is_compared=any(one.is_compared for one in outcomes),
            missing=tuple(dict.fromkeys(missing)),
        )
    if term.transfused and lab.transfused:
        least = term.transfused
        possible = frozenset(max(grade, least) for grade in found.possible or {least})
        return found._replace(
            possible=possible, is_compared=True, compared=f"{found.compared}; transfused",
            missing=found.missing if len(possible) > 1 else (),
        )  # fmt: skip
    return found


def _forms(term: Term, baseline: Baseline, lab: Lab) -> tuple[str, ...]:
    """Return the forms of a term that apply; both where the baseline's state is not known."""
    if "anticoagulated" in term.forms and lab.anticoagulated and not baseline.is_itself:
        return ("anticoagulated",) if baseline.sample is not None else ()
    if "abnormal" not in term.forms or baseline.sample is None:
        return ("normal",)
    above = compared(">", baseline.sample, baseline.sample.uln)
    if above is UNKNOWN:
        return ("normal", "abnormal")
    return ("abnormal",) if above else ("normal",)


def _of_form(
    term: Term, form: str, sample: Sample, baseline: Baseline, lab: Lab, ladders: Ladders
) -> Outcome:
    """Return the grade of the first band that holds, and of those before it that may hold."""
    by_unit = term.forms[form]
    unit = _unit_of(tuple(by_unit), sample)
    value = in_unit(sample, unit) if unit else sample
    base = baseline.sample
    key = (term.name, term.analyte, form, unit, value.unit, value.lln, value.uln, base)
    ladder = ladders.get(key)
    if ladder is None:
        ladder = ladders[key] = _ladder(by_unit[unit], value, base, unit or value.unit)
    shown = _shown(sample, value)
    possible: tuple[int, ...] = ()
    is_compared, worse = False, ""
    missing: dict[str, None] = {}
    for rung in ladder:
        holds, which, lacks = _holds(rung, value)
        if holds is FALSE:
            is_compared, worse = True, rung.said
            continue
        grades, asked = _grades(rung.band, lab)
        possible += grades
        if holds is UNKNOWN:
            missing.update(dict.fromkeys(lacks))
        if asked:
            missing[asked] = None
        if holds is TRUE:
            why = rung.words[which]
            text = f"{shown} is {why} and not {worse}" if worse else f"{shown} is {why}"
            return Outcome(term, frozenset(possible), True, text, why, tuple(missing))
    text = f"{shown} is not {worse}" if is_compared else shown
    return Outcome(
        term, frozenset((*possible, 0)), is_compared, text, worse or None, tuple(missing)
    )


def _unit_of(written: tuple[str, ...], sample: Sample) -> str:
    """Return the unit of a criterion that a value is compared in: its own, or the first."""
    units = sample.analyte.units
    size = units[sample.unit]
    return next((unit for unit in written if unit and units[unit] == size), written[0])


def _grades(band: Band, lab: Lab) -> tuple[tuple[int, ...], str]:
    """Return the grades of a band, and the column that is missing to tell them apart."""
    if not band.context:
        return band.grades, ""
    state = getattr(lab, band.context)
    if state is None:
        return tuple(sorted({*band.grades, *band.otherwise})), band.context
    return (band.grades if state else band.otherwise), ""


def _shown(sample: Sample, value: Sample) -> str:
    name = f"{sample.analyte.code} {sample.shown}"
    if value is sample or not value.is_number:
        return name
    return f"{name} = {fraction_text(value.low)} {value.unit}"


def _holds(rung: Rung, value: Sample) -> tuple[bool | None, int, Sequence[str]]:
    """Return whether a band holds (None: not known), which of its conditions, and what lacks."""
    found: bool | None = FALSE
    lacks: list[str] = []
    for index, conjunction in enumerate(rung.any_of):
        state: bool | None = TRUE
        for step in conjunction:
            met = step.fixed if step.is_fixed else compared(step.op, value, step.threshold)
            if met is FALSE:
                state = FALSE
                break
            if met is UNKNOWN:
                state = UNKNOWN
                lacks.append(step.missing or "the exact value")
        if state is TRUE:
            return TRUE, index, ()
        if state is UNKNOWN:
            found = UNKNOWN
    return found, -1, lacks


def _ladder(bands: Sequence[Band], value: Sample, base: Sample | None, unit: str) -> Ladder:
    """Turn bands into numbers; a condition on a baseline that there is not never holds."""
    if base is not None:
        base = in_unit(base, value.unit)
    ending = "" if unit in UNITLESS else f" {unit}"
    rungs = []
    for band in bands:
        usable = [
            conjunction
            for conjunction in band.any_of
            if base is not None or all("BL" not in (one.of, one.ref) for one in conjunction)
        ]
        any_of = tuple(tuple(_step(limit, value, base) for limit in one) for one in usable)
        words = tuple(
            " and ".join(_words(limit, _threshold(limit, value, base), ending) for limit in one)
            for one in usable
        )
        rungs.append(Rung(band, any_of, words, " or ".join(words)))
    return tuple(rungs)


def _step(limit: Limit, value: Sample, base: Sample | None) -> Step:
    threshold = _threshold(limit, value, base)
    missing = "" if threshold is not None else limit.ref
    if limit.of == "BL" and base is not None:
        state = compared(limit.op, base, threshold)
        return Step(limit.op, threshold, True, state, f"{missing or 'value'} of the baseline")
    return Step(limit.op, threshold, False, None, missing)


def _threshold(limit: Limit, value: Sample, base: Sample | None) -> Number | None:
    """Return a limit in the unit of the comparison; None where its reference is missing."""
    if not limit.ref:
        return limit.factor
    reference: Number | None
    if limit.ref == "BL":
        reference = base.low if base is not None and base.is_number else None
    else:
        whose = base if limit.of == "BL" and base is not None else value
        reference = whose.uln if limit.ref == "ULN" else whose.lln
    if reference is None:
        return None
    if isinstance(reference, Fraction):
        return Fraction(limit.factor) * reference + Fraction(limit.plus)
    return EXACT.add(EXACT.multiply(limit.factor, reference), limit.plus)


def _words(limit: Limit, threshold: Number | None, ending: str) -> str:
    start = f"baseline {limit.op} " if limit.of == "BL" else f"{limit.op} "
    if not limit.ref:
        return f"{start}{plain(limit.factor)}{ending}"
    name = {"BL": "baseline"}.get(limit.ref, limit.ref)
    if limit.plus:
        name = f"{name} + {plain(limit.plus)}"
    elif limit.factor != 1:
        name = f"{plain(limit.factor)} x {name}"
    return start + name + ("" if threshold is None else f" = {fraction_text(threshold)}{ending}")


def compared(op: str, value: Sample, limit: Number | None) -> bool | None:
    """Return whether a value, or every value of its interval, meets a limit; None: not known."""
    if limit is None:
        return UNKNOWN
    low, high = value.low, value.high
    if low is high or low == high:
        if op == ">":
            return low > limit
        if op == ">=":
            return low >= limit
        return low < limit if op == "<" else low <= limit
    if op in (">", ">="):
        if low > limit or (low == limit and (op == ">=" or (value.is_open and high is None))):
            return TRUE
        is_below = high is not None and (
            high < limit or (high == limit and (op == ">" or value.is_open))
        )
        return FALSE if is_below else UNKNOWN
    opposite = compared(">=" if op == "<" else ">", value, limit)
    return UNKNOWN if opposite is None else not opposite
