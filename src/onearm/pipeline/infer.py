"""``onearm infer``: what a finished trial shows, as its design asks.

Takes the numbers of the command line, gives an answer. Computes nothing: the
inference is that of ``onearm.stats.after_two_stage``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import NamedTuple

from onearm import format as text
from onearm.design.binomial import HALF, LARGEST_N, proportion
from onearm.design.wording import inference_in_words
from onearm.errors import StatError
from onearm.pipeline.design_text import paragraph
from onearm.stats.after_two_stage import AfterTwoStage, Redesign, after_two_stage, redesign
from onearm.stats.proportion import Proportion

Rule = tuple[int, int, int, int]


class Counts(NamedTuple):
    """What was attained; None: as planned, or not known."""

    responders: int
    stage1_responders: int | None = None
    attained_n1: int | None = None
    attained_n: int | None = None
    stopped_at: int = 2


@dataclass(frozen=True, slots=True)
class InferenceAnswer:
    """Inference after two stages for a reader and for a program."""

    found: AfterTwoStage
    bounds: Redesign | None

    def as_text(self) -> str:
        """Return estimates, test and interval in words, the naive ones beside them."""
        found = self.found
        parts = [_rule(found), *([_bounds(self.bounds)] if self.bounds else []), _table(found)]
        parts.append(paragraph(_decision(found)))
        if found.is_contradicted:
            parts.append(paragraph(_contradiction(found)))
        if found.note:
            parts.append(paragraph(f"Note: {found.note}."))
        paper = f"For the paper:\n{paragraph(inference_in_words(found))}"
        return "\n\n".join([*parts, paragraph(_METHODS), paper])

    def as_json(self) -> dict[str, object]:
        """Return every number at full precision."""
        found = self.found
        values = asdict(found)
        naive = values.pop("naive") | {
            "p_value": values.pop("naive_p_value"),
            "excludes_null": found.naive_excludes_null,
        }
        return {
            "kind": "two-stage",
            **values,
            "naive": naive,
            "is_contradicted": found.is_contradicted,
            "redesigned": asdict(self.bounds) if self.bounds else None,
            "wording": inference_in_words(found),
        }


_METHODS = (
    "UMVUE: Jung and Kim (2004). p-value, interval and median-unbiased estimate: Koyama and Chen "
    "(2008). Bias-corrected: Guo and Liu (2005). Naive: Clopper-Pearson and the binomial test, as "
    "if the number of subjects had been fixed. The p-value is one-sided."
)


def two_stage(
    rule: Rule,
    counts: Counts,
    p0: float,
    p1: float | None = None,
    alpha: float | None = None,
    level: float | None = None,
) -> InferenceAnswer:
    """Infer after two stages, with new bounds where another n1 was attained.

    ``rule`` is r1, n1, r, n; ``level`` defaults to 1 - 2 alpha where alpha is
    given, else to 0.95. Raises StatError or DesignError.
    """
    r1, n1, r, n = rule
    for name, size in (("n", n), ("attained_n", counts.attained_n)):
        if size is not None and size > LARGEST_N:
            raise StatError(f"{name} must be at most {LARGEST_N} subjects; got {size}")
    null = float(proportion("p0", p0))
    if level is None:
        level = 0.95 if alpha is None else float(1 - 2 * proportion("alpha", alpha, below=HALF))
    else:
        level = float(proportion("level", level))
    bounds = None
    if counts.attained_n1 not in (None, n1):
        bounds = _redesigned(rule, counts, null, p1, alpha)
        r1, n1, r, n = bounds.r1, bounds.n1, bounds.r, bounds.n
        if r1 < 0:
            raise StatError(f"no stop of {n1} subjects comes near the planned one; infer naively")
    attained = counts.attained_n
    found = after_two_stage(
        counts.responders,
        null=null,
        r1=r1,
        n1=n1,
        r=r,
        n=n,
        stage1_responders=counts.stage1_responders,
        attained_n=attained,
        stopped_at=counts.stopped_at,
        level=level,
    )
    return InferenceAnswer(found, bounds)


def _redesigned(
    rule: Rule, counts: Counts, null: float, p1: float | None, alpha: float | None
) -> Redesign:
    r1, n1, r, n = rule
    if p1 is None or alpha is None:
        raise StatError("bounds for another n1 need the p1 and the alpha of the plan")
    stopped = counts.stopped_at == 1
    return redesign(
        r1=r1,
        n1=n1,
        r=r,
        n=n,
        attained_n1=counts.attained_n1 or n1,
        attained_n=n if stopped or counts.attained_n is None else counts.attained_n,
        p0=null,
        p1=float(proportion("p1", p1)),
        alpha=float(proportion("alpha", alpha, below=HALF)),
    )


def _rule(found: AfterTwoStage) -> str:
    return (
        f"Design: stop if responders <= {found.r1} of {found.n1}, promising if >= {found.r + 1} of "
        f"{found.n}; p0 = {text.plain(found.null)}\n"
        f"Found: {text.count_of(found.responders, 'responder')} of {found.attained_n}, "
        f"stopped at stage {found.stopped_at}"
    )


def _bounds(bounds: Redesign) -> str:
    stops, planned = text.number(bounds.pet0, 3), text.number(bounds.planned_pet0, 3)
    alpha, spent = text.number(bounds.alpha, 4), text.number(bounds.alpha_spent, 4)
    words = (
        f"The first look had {bounds.n1} subjects, not the planned number, so the bounds above are "
        f"new (adaptive threshold, Liu and Pan 2024): P(stop early) {stops} at p0 (planned "
        f"{planned}), alpha {alpha} of {spent} to spend, power {text.number(bounds.power, 4)}."
    )
    return paragraph(words)


def _table(found: AfterTwoStage) -> str:
    naive = found.naive
    level = text.level_text(found.level)
    rows = [
        ["UMVUE", _share(found.umvue), ""],
        ["bias-corrected", _share(found.bias_corrected), ""],
        ["median-unbiased", _share(found.median_unbiased), ""],
        ["naive", "", _share(naive.estimate)],
        [f"{level} interval", _interval(found), _interval(naive)],
        ["p-value (one-sided)", _p_value(found.p_value), _p_value(found.naive_p_value)],
    ]
    return text.text_table(["", "by the design", "naive"], rows, numeric=2)


def _decision(found: AfterTwoStage) -> str:
    verdict = "promising" if found.is_promising else "not promising"
    return (
        f"By the design the treatment is {verdict}. The interval of the design is the primary one."
    )


def _contradiction(found: AfterTwoStage) -> str:
    null = _share(found.null)
    naive = "excludes" if found.naive_excludes_null else "does not exclude"
    design = "rejects" if found.is_promising else "does not reject"
    return (
        f"The two disagree: the naive interval {naive} {null}, the design {design} it. The naive "
        "interval takes no account of the stop that was possible after stage 1, or leaves another "
        "error in its tail than the design has."
    )


def _interval(found: AfterTwoStage | Proportion) -> str:
    return f"{text.percent(found.lower)} to {text.percent(found.upper)} %"


def _share(value: float | Fraction) -> str:
    return f"{text.percent(value)} %"


def _p_value(value: float) -> str:
    return text.p_value(value, 4)
