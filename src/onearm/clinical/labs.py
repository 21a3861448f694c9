"""Grades laboratory values by the CTCAE: a grade, the grades that remain possible, or why none.

Takes a record, the subject's baseline record of the analyte and the criteria of
one version, gives a ``Grade``. Knows no file and no other subject.

The rules, which are those of the CTCAE text where it says something:

* The first band that holds, from the worst, is the grade; the upper end of a
  high range and the lower end of a low range belong to the milder grade
  (exactly 3.0 x ULN is grade 1 of ">ULN - 3.0 x ULN"). A semicolon is an "or".
* The ULN and LLN are those of the sample's own laboratory. The baseline is
  abnormal when it lies above the ULN of *its* laboratory.
* The baseline row itself, and every row without one, is graded as with a
  normal baseline. Of several baseline rows the latest counts.
* The comparison is made in the unit in which the value is reported where the
  criterion is written in it, else in the first unit of the criterion. All
  numbers are exact.
* What a band needs and the record lacks leaves the grades of that band
  possible, and of the next ones. If nothing at all can be compared the value
  cannot be graded. Nothing missing ever gives grade 0.
* "Life-threatening", "hospitalization", "intervention" are judged by a
  clinician: no number gives a grade that the text ties to them alone.
* Worst case: the highest of the candidates, only where it is asked for, and
  the reason says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from operator import attrgetter
from typing import Any, NamedTuple

from onearm.clinical.derived import Grade
from onearm.clinical.lab_criteria import (
    FALSE,
    ITSELF,
    NO_BASELINE,
    TRUE,
    UNKNOWN,
    Baseline,
    Ladders,
    Outcome,
    compared,
    needs_baseline,
    outcome,
)
from onearm.clinical.lab_values import (
    Problem,
    Sample,
    fraction_text,
    problem_of,
    sample_of,
    word_of,
)
from onearm.clinical.records import Lab, Source
from onearm.clinical.units import Analyte, find_analyte
from onearm.protocol.ctcae import CONTEXTS, Ctcae, Term

CORRECTED = {"CA": "CACR"}
"""Analytes that are graded after a correction, as another one."""


VALUE_COLUMNS = ("test", "value", "unit", "lln", "uln")
_BASELINE_KEY = attrgetter(*VALUE_COLUMNS, "albumin")


class Verdict(NamedTuple):
    """What the criteria say of one value, whoever it belongs to."""

    term: str | None
    direction: str | None
    grade: int | None
    candidates: tuple[int, ...]
    reason: str
    threshold: str | None
    problem: Problem | None = None


def analyte_code(test: str) -> str | None:
    """Return the analyte as which a test is graded, or None for an unknown test."""
    found = find_analyte(test)
    return None if found is None else CORRECTED.get(found.code, found.code)


def baselines(labs: Iterable[Lab]) -> dict[tuple[str, str], Lab]:
    """Return the baseline row of each subject and analyte: the latest row that is marked so.

    Among several of the latest day the highest value counts, whatever their order.
    """
    found: dict[tuple[str, str], Lab] = {}
    for lab in labs:
        if not lab.is_baseline:
            continue
        code = analyte_code(lab.test)
        if code is None:
            continue
        key = (lab.subject_id, code)
        if key not in found or _rank(lab) > _rank(found[key]):
            found[key] = lab
    return found


def _rank(lab: Lab) -> tuple[object, ...]:
    sample = sample_of(lab) if problem_of(lab) is None else ""
    if isinstance(sample, str):
        return lab.date, Fraction(-1), lab.site or "", lab.value or ""
    size = Fraction(sample.low) * sample.analyte.units[sample.unit]
    return lab.date, size, lab.site or "", lab.value or ""


def changes(labs: Iterable[Lab]) -> dict[tuple[str, ...], str]:
    """Return how results in words moved, by the key of each row after the first.

    Compared with the latest baseline row of the subject and analyte, where there
    is none with the first row; and with the row before where that is another one.
    """
    found: dict[tuple[str, ...], str] = {}
    series: dict[tuple[str, str], list[tuple[Lab, str]]] = {}
    for lab in labs:
        analyte = find_analyte(lab.test)
        word = word_of(lab.value or "", analyte) if analyte and analyte.words else None
        if analyte is not None and word is not None:
            series.setdefault((lab.subject_id, analyte.code), []).append((lab, word))
    for rows in series.values():
        rows.sort(key=lambda row: (row[0].date, row[0].site or "", row[1]))
        first = next((row for row in reversed(rows) if row[0].is_baseline), rows[0])
        before = None
        for row in rows:
            if row[0] is not first[0] and row[0].date >= first[0].date:
                found[change_key(row[0])] = _change(row[1], first, before)
            before = row
    return found


def change_key(lab: Lab) -> tuple[str, ...]:
    """Return what tells one row of ``changes`` from another."""
    return lab.subject_id, lab.date.isoformat(), lab.test, lab.site or "", lab.value or ""


def _change(word: str, first: tuple[Lab, str], before: tuple[Lab, str] | None) -> str:
    name = "baseline" if first[0].is_baseline else "first result"
    since = f"{first[1]} at {name} {first[0].date}"
    moved = f"{word}, as at {name} {first[0].date}" if word == first[1] else f"{since}, now {word}"
    if before is None or before[0] is first[0] or before[1] in (word, first[1]):
        return moved
    return f"{moved}; {before[1]} on {before[0].date}"


class _Plan(NamedTuple):
    """What grading a test needs: its terms, and which columns can change the answer."""

    analyte: Analyte | None
    terms: tuple[Term, ...]
    has_baseline: bool
    columns: tuple[str, ...]
    key: Callable[[Lab], Any]  # what of a record decides its verdict


class Grader:
    """Grades records by one version of the CTCAE; equal values are worked out once.

    Parameters
    ----------
    ctcae
        The criteria, read with their options.
    worst_case
        Take the highest of several candidates.
    """

    def __init__(self, ctcae: Ctcae, *, worst_case: bool = False) -> None:
        self.ctcae = ctcae
        self.worst_case = worst_case
        self._plans: dict[str, _Plan] = {}
        self._verdicts: dict[Any, Verdict] = {}
        self._bases: dict[Any, Baseline] = {}
        self._ladders: Ladders = {}

    def verdict(self, lab: Lab, baseline: Lab | None = None) -> Verdict:
        """Return what the criteria say of one record, given the subject's baseline record."""
        plan = self._plans.get(lab.test) or self._planned(lab.test)
        key = plan.key(lab)
        if plan.has_baseline:
            is_used = baseline is not None and not lab.is_baseline
            key = key, lab.is_baseline, _BASELINE_KEY(baseline) if is_used else None
        found = self._verdicts.get(key)
        if found is None:
            found = self._verdicts[key] = self._worked_out(lab, baseline, plan)
        return found

    def grade(self, lab: Lab, baseline: Lab | None = None, change: str | None = None) -> Grade:
        """Return the grade of one record with its reason and its sources."""
        found = self.verdict(lab, baseline)
        return Grade(
            lab.subject_id,
            lab.date,
            lab.test,
            lab.value,
            lab.unit,
            self.analyte(lab.test),
            found.term,
            found.direction,
            found.grade,
            found.candidates,
            found.reason,
            found.threshold,
            bool(lab.is_baseline),
            self.ctcae.version,
            self.sources(lab, baseline),
            change,
        )

    def analyte(self, test: str) -> str | None:
        """Return the code of a test's analyte, or None for an unknown test."""
        plan = self._plans.get(test) or self._planned(test)
        return plan.analyte.code if plan.analyte else None

    def sources(self, lab: Lab, baseline: Lab | None) -> tuple[Source, ...]:
        """Return the rows that a grade came from: the value's, and the baseline's if it counts."""
        plan = self._plans.get(lab.test) or self._planned(lab.test)
        if baseline is None or baseline is lab or lab.is_baseline or not plan.has_baseline:
            return (lab.source,)
        return (lab.source, baseline.source)

    def _planned(self, test: str) -> _Plan:
        analyte, code = find_analyte(test), analyte_code(test)
        terms = tuple(term for term in self.ctcae.terms if term.analyte == code)
        asked = {band.context for term in terms for band in term.bands}
        columns = [name for name in CONTEXTS if name in asked]
        if any(term.transfused for term in terms):
            columns.append("transfused")
        if any("anticoagulated" in term.forms for term in terms):
            columns.append("anticoagulated")
        if analyte is not None and analyte.code in CORRECTED:
            columns.append("albumin")
        has_baseline = any(needs_baseline(term) for term in terms)
        key = attrgetter(*VALUE_COLUMNS, *columns)
        plan = _Plan(analyte, terms, has_baseline, tuple(columns), key)
        self._plans[test] = plan
        return plan

    def _worked_out(self, lab: Lab, baseline: Lab | None, plan: _Plan) -> Verdict:
        problem = problem_of(lab)
        if problem is not None:
            return _none(f"cannot be graded: {problem.message}", problem)
        if plan.analyte is not None and plan.analyte.words:
            return self._by_words(lab, plan.analyte, plan.terms)
        sample = sample_of(lab)
        if isinstance(sample, str):
            return _none(f"cannot be graded: {sample}")
        if not plan.terms:
            why = self.ctcae.without.get(sample.analyte.code, "")
            named = f"{sample.analyte.name} has no laboratory term in {self.ctcae.name}"
            return _none(f"{named}: {why}" if why else named)
        known = ITSELF if lab.is_baseline else self._baseline(baseline)
        outcomes = [outcome(term, sample, known, lab, self._ladders) for term in plan.terms]
        notes = _notes(plan, sample, known, lab, has_no_row=baseline is None)
        return _together(outcomes, sample, self.worst_case, notes)

    def _baseline(self, lab: Lab | None) -> Baseline:
        if lab is None:
            return NO_BASELINE
        key = _BASELINE_KEY(lab)
        if key not in self._bases:
            sample = sample_of(lab) if problem_of(lab) is None else ""
            self._bases[key] = NO_BASELINE if isinstance(sample, str) else Baseline(sample)
        return self._bases[key]

    def _by_words(self, lab: Lab, analyte: Analyte, terms: Sequence[Term]) -> Verdict:
        word = word_of(lab.value or "", analyte)
        if word is None:
            got = repr(lab.value) if lab.value else "no value"
            return _none(
                f"cannot be graded: {analyte.name} must be one of "
                f"{', '.join(analyte.words)}; got {got}"
            )
        if not terms:
            return _none(f"{analyte.name} {word}: {self.ctcae.name} grades no such result")
        term = terms[0]
        if word not in term.words and word != "NEGATIVE" and word != "TRACE":
            return _none(f"{analyte.name} {word}: {term.name} has no grade for it")
        grade = term.words.get(word, 0)
        least = next(iter(term.words))
        reason = f"{analyte.name} {word}" + ("" if grade else f" is below {least}")
        return Verdict(term.name, term.direction, grade, (), reason, word if grade else least, None)


def _none(reason: str, problem: Problem | None = None) -> Verdict:
    return Verdict(None, None, None, (), reason, None, problem)


def _notes(
    plan: _Plan, sample: Sample, baseline: Baseline, lab: Lab, *, has_no_row: bool
) -> list[str]:
    """Return what the reason says beside the comparison: baseline, and columns not reported."""
    notes = [sample.note] if sample.note else []
    if plan.has_baseline:
        if baseline.is_itself:
            notes.append("the baseline row, graded without a baseline")
        elif baseline.sample is None:
            word = "" if has_no_row else "usable "
            notes.append(f"no {word}baseline row, counted as normal")
        else:
            notes.append(_baseline_note(baseline.sample))
    asked = [column for column in ("transfused", "anticoagulated") if column in plan.columns]
    return notes + [f"{column} not reported" for column in asked if getattr(lab, column) is None]


def _baseline_note(base: Sample) -> str:
    state = compared(">", base, base.uln)
    words = {TRUE: "above", FALSE: "not above", UNKNOWN: "without"}[state]
    uln = "" if base.uln is None else f" {fraction_text(base.uln)}"
    return f"baseline {base.shown}, {words} its ULN{uln}"


def _together(
    outcomes: Sequence[Outcome], sample: Sample, worst_case: bool, notes: Sequence[str]
) -> Verdict:
    """Return one verdict of the terms of an analyte: at most one of them has a grade."""
    notes = list(notes)
    sure = [one for one in outcomes if one.possible and 0 not in one.possible]
    open_ones = [one for one in outcomes if len(one.possible) != 1]
    if sure:
        chosen = sure[:1]
    elif open_ones:
        chosen = open_ones
    else:
        chosen = list(outcomes)
    possible = sorted(frozenset().union(*(one.possible for one in chosen)))
    missing = list(dict.fromkeys(name for one in chosen for name in one.missing))
    only = chosen[0] if len(chosen) == 1 else None
    compared = "; ".join(dict.fromkeys(one.compared for one in chosen if one.compared))
    threshold = only.threshold if only else None
    tail = "".join(f"; {note}" for note in notes)
    if not possible or not any(one.is_compared for one in chosen):
        why = ", ".join(missing) or "no grade is defined here"
        shown = f"{compared}: " if compared else f"{sample.analyte.code} {sample.shown}: "
        needs = f"missing {why}" if missing else why
        if not missing and only and only.term.reading:
            needs = f"{why} ({only.term.reading})"
        return Verdict(
            only.term.name if only else None, only.term.direction if only else None, None, (),
            f"{shown}cannot be graded, {needs}{tail}", None,
        )  # fmt: skip
    name = only.term.name if only else None
    direction = only.term.direction if only else None
    if len(possible) > 1 and worst_case:
        reason = f"{compared}; worst case of grades {_listed(possible)} assumed"
        return Verdict(name, direction, possible[-1], (), reason + tail, threshold)
    if len(possible) > 1:
        reading = only.term.reading if only else None
        why = f", missing {', '.join(missing)}" if missing else f" ({reading})" if reading else ""
        reason = f"{compared}: grade {_listed(possible)}{why}{tail}"
        return Verdict(name, direction, None, tuple(possible), reason, threshold)
    return Verdict(name, direction, possible[0], (), compared + tail, threshold)


def _listed(grades: Sequence[int]) -> str:
    return f"{', '.join(map(str, grades[:-1]))} or {grades[-1]}"
