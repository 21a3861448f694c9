"""``onearm design``: an exact design, in words and as JSON.

Takes the numbers of the command line, gives an answer. Computes nothing: the
designs are those of ``onearm.design``, the text is made by ``onearm.format``.
"""

from __future__ import annotations

from dataclasses import dataclass

from onearm import format as text
from onearm.design.binomial import Rate
from onearm.design.single_stage import Attainment, PrecisionDesign, precision_design


@dataclass(frozen=True, slots=True)
class PrecisionAnswer:
    """A precision design for a reader and for a program."""

    design: PrecisionDesign

    def as_text(self) -> str:
        """Return the design in words, with the conventions behind each number."""
        design = self.design
        return "\n\n".join([_size(design), _decisions(design), _enrolled(design)])

    def as_json(self) -> dict[str, object]:
        """Return every number of the design at full precision."""
        design = self.design
        return {
            "kind": "precision",
            "target": design.target,
            "lower_limit_above": design.lower_limit_above,
            "alpha": design.alpha,
            "dropout": design.dropout,
            "n": design.n,
            "enrolled": design.enrolled,
            "lower": design.lower,
            "lower_before": design.lower_before,
            "responders_needed": design.responders_needed,
            "probability_of_success": design.probability_of_success,
            "at_n": _as_json(design.at_n),
            "at_enrolled": _as_json(design.at_enrolled),
            "two_sided_at_enrolled": _as_json(design.two_sided_at_enrolled),
        }


def precision(
    target: Rate, lower_limit_above: Rate, alpha: Rate, dropout: Rate = 0
) -> PrecisionAnswer:
    """Find the first n whose exact lower limit at the target exceeds a response rate.

    All arguments are proportions; alpha is one-sided. Raises DesignError.
    """
    return PrecisionAnswer(precision_design(target, lower_limit_above, alpha, dropout=dropout))


def _as_json(at: Attainment) -> dict[str, object]:
    return {
        "n": at.n,
        "needed": at.needed,
        "lower": at.lower,
        "lower_below": at.lower_below,
        "probability": at.probability,
        "false_positive": at.false_positive,
    }


def _size(design: PrecisionDesign) -> str:
    limit, before = _percent(design.lower_limit_above), ""
    if design.lower_before is not None:
        before = f" (n = {design.n - 1}: {text.percent(design.lower_before)} %)"
    return (
        f"{design.n} evaluable subjects, {design.enrolled} enrolled\n\n"
        f"When {_percent(design.target)} respond, the exact one-sided {_level(design)} lower limit "
        f"(Clopper-Pearson)\nfirst exceeds {limit} at n = {design.n}: "
        f"{text.percent(design.lower)} %{before}.\n"
        f"It is taken at n x target = {_responders(design)} responders, without rounding, as "
        f"sample-size\nprograms do; data have whole numbers of responders."
    )


def _decisions(design: PrecisionDesign) -> str:
    limit = _percent(design.lower_limit_above)
    two_sided = f"one-sided {_percent(design.alpha / 2)}"
    return "\n".join(
        [
            f"In whole responders, n = {design.n}:",
            _rule(design.at_n, limit),
            f"If all {design.enrolled} who enrol are evaluable:",
            _rule(design.at_enrolled, limit),
            f"The same by the two-sided {_level(design)} interval ({two_sided}):",
            _rule(design.two_sided_at_enrolled, limit),
        ]
    )


def _rule(at: Attainment, limit: str) -> str:
    if at.needed is None or at.lower is None or at.lower_below is None:
        return f"  not even {at.n} of {at.n} are enough."
    return (
        f"  {at.needed - 1} of {at.n} fails (lower limit {text.percent(at.lower_below)} %), "
        f"{at.needed} needed ({text.percent(at.lower)} %);\n"
        f"  P = {text.number(at.probability or 0, 3)} of success when the target is true, "
        f"{text.number(at.false_positive or 0, 3)} when {limit} is."
    )


def _level(design: PrecisionDesign) -> str:
    return _percent(1 - design.alpha)


def _responders(design: PrecisionDesign) -> str:
    return text.number(design.n * text.decimal_of(design.target), 2)


def _enrolled(design: PrecisionDesign) -> str:
    if not design.dropout:
        return "No dropout is planned: all who enrol are taken to be evaluable."
    return (
        f"Enrolled: {design.n} / (1 - {text.plain(design.dropout)}), rounded up. A rule on the "
        "evaluable subjects\nleaves the others out of the denominator; a rule on all who enrol "
        "counts them as\nnon-responders."
    )


def _percent(value: float) -> str:
    return f"{text.plain(text.rounded(100 * text.decimal_of(value), 6))} %"
