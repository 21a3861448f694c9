"""A design as paragraphs: one for the protocol's statistics section, one for the paper.

Takes a design, returns sentences. The decisions are told in responders, so that
nobody has to know whose letter r is; alpha is called one-sided, and power is
power. Computes nothing.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from onearm.design.binomial import Hypotheses
from onearm.design.single_stage import SingleStage
from onearm.design.two_stage import TwoStage
from onearm.format import number, percent, plain


class Wording(NamedTuple):
    """Two paragraphs, without line breaks."""

    protocol: str
    paper: str


def simon_wording(design: TwoStage, rates: Hypotheses, kind: str, enrolled: int) -> Wording:
    """Return the paragraphs for a two-stage design that stops for futility.

    ``kind`` is "optimal", "minimax" or "admissible"; ``enrolled`` counts the
    subjects who will not be evaluable as well.

    Examples
    --------
    >>> from onearm.design.two_stage import simon
    >>> found = simon(0.2, 0.4, 0.05, 0.8)
    >>> simon_wording(found.optimal, found.rates, "optimal", 43).paper[:75]
    'A Simon optimal two-stage design was used to test a response rate of 20 % a'
    """
    name = {"admissible": "admissible (Jung et al., 2004)"}.get(kind, kind)
    r1, n1, r, n = design.r1, design.n1, design.r, design.n
    first = (
        f"In the first stage, {n1} evaluable subjects are enrolled. If {r1} or fewer of them "
        "respond, the trial stops for futility."
    )
    second = (
        f"Otherwise {n - n1} more are enrolled, {n} in all. The treatment is considered promising "
        f"if {r + 1} or more of the {n} respond, and not if {r} or fewer do."
    )
    early = (
        f"If the true response rate is {share(rates.p0)}, the trial stops after the first stage "
        f"with probability {number(design.pet0, 3)} and expects {number(design.en0, 1)} subjects."
    )
    protocol = [
        f"The trial follows Simon's {name} two-stage design (Simon, 1989).",
        hypotheses_in_words(rates),
        first,
        second,
        attained_in_words(design.alpha, design.power, rates),
        early,
        *enrolled_in_words(n, enrolled),
    ]
    paper = (
        f"A Simon {kind} two-stage design was used {tested_in_words(rates)}: the trial was to stop "
        f"if {r1} or fewer of the first {n1} subjects responded, and the treatment was to be "
        f"considered promising if {r + 1} or more of {n} did."
    )
    return Wording(" ".join(protocol), paper)


def exact_wording(design: SingleStage, rates: Hypotheses, enrolled: int) -> Wording:
    """Return the paragraphs for the exact test of one stage."""
    n, reject_at = design.n, design.reject_at
    rule = (
        f"{n} evaluable subjects are enrolled. The null hypothesis is rejected, and the treatment "
        f"considered promising, if {reject_at} or more of the {n} respond, and not if "
        f"{reject_at - 1} or fewer do."
    )
    protocol = [
        "The trial has one stage and the exact one-sided binomial test (A'Hern, 2001).",
        hypotheses_in_words(rates),
        rule,
        attained_in_words(design.alpha, design.power, rates),
        *enrolled_in_words(n, enrolled),
    ]
    paper = (
        f"The sample size of {n} was chosen {tested_in_words(rates)} by the exact binomial test: "
        f"the treatment was to be considered promising if {reject_at} or more responded."
    )
    return Wording(" ".join(protocol), paper)


def tested_in_words(rates: Hypotheses) -> str:
    """Return what is tested, as a clause."""
    return (
        f"to test a response rate of {share(rates.p0)} against {share(rates.p1)} "
        f"(one-sided alpha {plain(float(rates.alpha))}, power {share(rates.power)})"
    )


def hypotheses_in_words(rates: Hypotheses) -> str:
    """Return the sentence that says what is tested against what."""
    return (
        f"The null hypothesis is a true response rate of at most {share(rates.p0)}, too low to be "
        f"of interest; a rate of {share(rates.p1)} would warrant further study."
    )


def attained_in_words(alpha: float, power: float, rates: Hypotheses) -> str:
    """Return the sentence that gives attained error rates beside their limits."""
    return (
        f"The one-sided type I error is {number(alpha, 4)} (limit {plain(float(rates.alpha))}) and "
        f"the power at a rate of {share(rates.p1)} is {number(power, 4)} (at least "
        f"{plain(float(rates.power))}), both exact."
    )


def enrolled_in_words(n: int, enrolled: int) -> list[str]:
    """Return the sentence on subjects who are not evaluable, where some are planned for."""
    sentence = (
        f"To have {n} evaluable subjects, {enrolled} are enrolled; the decision rule counts the "
        f"first {n} evaluable ones."
    )
    return [sentence] if enrolled != n else []


def share(value: Fraction | float) -> str:
    """Return a proportion as a percentage without needless zeros: 1/5 is '20 %'."""
    text = percent(value, 6)
    return f"{text.rstrip('0').rstrip('.')} %"
