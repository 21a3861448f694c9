"""Why a recorded response differs from the derived one: the cause, in a few words.

Derives the subject again under each other choice that RECIST 1.1 leaves to a
study. Where one choice alone gives the recorded response, it is the cause; else
what the two sides say decides. A cause is a conjecture about the recording, not
a judgement on who is right. Takes one subject's measurements by one evaluator.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from onearm.clinical.derived import TimePoint
from onearm.clinical.lesions import Limits
from onearm.clinical.records import Measurement
from onearm.clinical.timepoints import assess_subject
from onearm.protocol.response import ResponseRules
from onearm.terms import Response

ALTERNATIVES: tuple[tuple[str, Any], ...] = (
    ("reappear_after_cr", "threshold_only"),
    ("reappear_after_cr", "pd"),
    ("reappear_scope", "target_cr"),
    ("reappear_scope", "overall_cr"),
    ("partial_pd", False),
    ("partial_pd", True),
    ("sticky_pr", "after_pr"),
    ("sticky_pr", "off"),
    ("nadir_excludes_ne_visits", True),
    ("nadir_excludes_ne_visits", False),
    ("equivocal_backdate", False),
    ("equivocal_backdate", True),
)
"""Choices that are tried in this order, each alone, where the study chose otherwise."""

NOTHING_RECORDED, NO_LESIONS = (
    "nothing recorded at this time point",
    "no lesions at this time point",
)
CATEGORIES_AGREE = "the categories agree, and are combined otherwise"
NOT_ASSESSED = "a response was recorded though a lesion was not assessed"
OVER_BASELINE = "progression over the nadir, not over the baseline"
ONLY_NEW = "progression by a new lesion alone"
ONLY_NON_TARGET = "progression by non-target lesions alone"
SIZE = "the sizes say otherwise"
NOT_SHOWN = "progression was recorded that the lesions do not show"


def cause_of(
    ours: TimePoint | None,
    theirs: TimePoint | None,
    rows: Sequence[Measurement],
    rules: ResponseRules,
    reference: dt.date | None,
    markers: Sequence[tuple[dt.date, bool]] = (),
) -> str:
    """Return why the overall response of a time point differs.

    Parameters
    ----------
    ours, theirs
        The derived and the recorded time point; one of them may be missing.
    rows
        The subject's measurements by this evaluator.
    rules, reference, markers
        As they were derived by.
    """
    if theirs is None:
        return NOTHING_RECORDED
    if ours is None:
        return NO_LESIONS
    for name, value in ALTERNATIVES:
        if getattr(rules, name) == value:
            continue
        points, _ = assess_subject(
            rows,
            rules.model_copy(update={name: value}),
            reference,
            with_irecist=False,
            markers=markers,
        )
        again = next((point for point in points if point.visit == ours.visit), None)
        if again is not None and again.overall is theirs.overall:
            shown = {True: "on", False: "off"}.get(value, value)
            return f"agrees with {name}: {shown}"
    return _by_words(ours, theirs, rules)


def _by_words(ours: TimePoint, theirs: TimePoint, rules: ResponseRules) -> str:
    has_categories = theirs.target is not None or theirs.non_target is not None
    if has_categories and (ours.target, ours.non_target) == (theirs.target, theirs.non_target):
        return CATEGORIES_AGREE
    if Response.NE in (ours.overall, ours.target, ours.non_target) and ours.overall is not PD:
        return NOT_ASSESSED
    if ours.overall is PD:
        if ours.target is PD and ours.sum_um is not None and ours.baseline_sum_um is not None:
            limits = Limits(rules)
            if not limits.is_progression(ours.sum_um, ours.baseline_sum_um):
                return OVER_BASELINE
        if ours.target is not PD and ours.non_target is not PD:
            return ONLY_NEW
        return SIZE if ours.target is PD else ONLY_NON_TARGET
    return NOT_SHOWN if theirs.overall is PD else SIZE


PD = Response.PD
