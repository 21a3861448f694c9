"""A design as paragraphs: one for the protocol's statistics section, one for the paper.

Takes a design, returns sentences. The decisions are told in responders, so that
nobody has to know whose letter r is; alpha is called one-sided, and power is
power. Computes nothing.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from onearm.format import number, p_value, percent, plain

if TYPE_CHECKING:
    from onearm.design.binomial import Hypotheses
    from onearm.design.curtailed import CurtailedDesign
    from onearm.design.fleming import FlemingDesign
    from onearm.design.sargent import SargentDesign, ThreeOutcomes
    from onearm.design.single_stage import PrecisionDesign, SingleStage
    from onearm.design.staged import ThreeStage
    from onearm.design.two_stage import TwoStage
    from onearm.stats.after_two_stage import AfterTwoStage


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
        f"In the first stage, {n1} evaluable subjects are enrolled. If {up_to(r1)} of them "
        "respond, the trial stops for futility."
    )
    early = (
        f"If the true response rate is {share(rates.p0)}, the trial stops after the first stage "
        f"with probability {number(design.pet0, 3)} and expects {number(design.en0, 1)} subjects."
    )
    protocol = [
        f"The trial follows Simon's {name} two-stage design (Simon, 1989).",
        hypotheses_in_words(rates),
        first,
        last_stage_in_words(r, n, n - n1),
        attained_in_words(design.alpha, design.power, rates),
        early,
        *enrolled_in_words(n, enrolled),
    ]
    paper = (
        f"A Simon {kind} two-stage design was used {what_is_tested(rates)}: the trial was to stop "
        f"if {up_to(r1)} of the first {n1} subjects responded, and the treatment was to be "
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
        f"The sample size of {n} was chosen {what_is_tested(rates)} by the exact binomial test: "
        f"the treatment was to be considered promising if {reject_at} or more responded."
    )
    return Wording(" ".join(protocol), paper)


def fleming_wording(design: FlemingDesign, rates: Hypotheses, kind: str, enrolled: int) -> Wording:
    """Return the paragraphs for a two-stage design that stops on both sides."""
    r1, e1, n1, r, n = design.r1, design.e1, design.n1, design.r, design.n
    first = (
        f"In the first stage, {n1} evaluable subjects are enrolled. The trial stops for futility "
        f"if {up_to(r1)} of them respond, and as promising if {e1} or more do."
    )
    early = (
        f"The trial stops after the first stage with probability {number(design.stop0, 3)} if the "
        f"true rate is {share(rates.p0)} and {number(design.stop1, 3)} if it is "
        f"{share(rates.p1)}; it expects {number(design.en0, 1)} and {number(design.en1, 1)} "
        "subjects."
    )
    kind_of_design = (
        f"The trial follows {_a(kind)} two-stage design that stops for futility and for efficacy "
        "(Fleming, 1982; Mander and Thompson, 2010)."
    )
    protocol = [
        kind_of_design,
        hypotheses_in_words(rates),
        first,
        last_stage_in_words(r, n, n - n1),
        attained_in_words(design.alpha, design.power, rates),
        early,
        *enrolled_in_words(n, enrolled),
    ]
    paper = (
        f"{_a(kind).capitalize()} two-stage design with stops for futility and efficacy was used "
        f"{what_is_tested(rates)}: of the first {n1} subjects, {up_to(r1)} responders were to "
        f"stop the trial for futility and {e1} or more as promising; otherwise {r + 1} or more of "
        f"{n} were needed."
    )
    return Wording(" ".join(protocol), paper)


def three_stage_wording(design: ThreeStage, rates: Hypotheses, kind: str, enrolled: int) -> Wording:
    """Return the paragraphs for a three-stage design that stops for futility."""
    r1, n1, r2, n2, r, n = design.r1, design.n1, design.r2, design.n2, design.r, design.n
    looks = (
        f"The trial stops for futility if {up_to(r1)} of the first {n1} evaluable subjects "
        f"respond, or {up_to(r2)} of the first {n2}."
    )
    early = (
        f"If the true response rate is {share(rates.p0)}, it stops after the first stage with "
        f"probability {number(design.pet1, 3)}, by the end of the second with "
        f"{number(design.pet2, 3)}, and expects {number(design.en0, 1)} subjects."
    )
    protocol = [
        f"The trial follows Chen's {kind} three-stage design (Chen, 1997).",
        hypotheses_in_words(rates),
        looks,
        last_stage_in_words(r, n, n - n2),
        attained_in_words(design.alpha, design.power, rates),
        early,
        *enrolled_in_words(n, enrolled),
    ]
    paper = (
        f"Chen's {kind} three-stage design was used {what_is_tested(rates)}: the trial was to "
        f"stop if {up_to(r1)} of {n1} or {up_to(r2)} of {n2} subjects responded, and the "
        f"treatment was to be considered promising if {r + 1} or more of {n} did."
    )
    return Wording(" ".join(protocol), paper)


def sargent_wording(design: SargentDesign, asked: ThreeOutcomes, enrolled: int) -> Wording:
    """Return the paragraphs for a three-outcome design of one or two stages."""
    r, s, n = design.r, design.s, design.n
    stage, paper_stage = "", ""
    if design.n1 is not None:
        stage = (
            f" The trial stops as not promising if {up_to(design.r1)} of the first {design.n1} "
            "respond."
        )
        paper_stage = f", or {up_to(design.r1)} of the first {design.n1}"
    outcomes = (
        f"{n} evaluable subjects are enrolled.{stage} The treatment is promising if {s} or more of "
        f"the {n} respond and not promising if {r} or fewer do; between, the trial is inconclusive "
        "and other evidence decides."
    )
    chances = (
        f"If the true rate is {share(asked.p0)}, it is found promising with probability "
        f"{number(design.alpha, 4)} and not promising with {number(design.eta, 4)}; if the rate is "
        f"{share(asked.p1)}, promising with {number(design.power, 4)} and not promising with "
        f"{number(design.beta, 4)}, all exact."
    )
    rates = (
        f"A true response rate of {share(asked.p0)} is too low to be of interest; a rate of "
        f"{share(asked.p1)} would warrant further study."
    )
    protocol = [
        "The trial follows a three-outcome design (Sargent et al., 2001).",
        rates,
        outcomes,
        chances,
        *enrolled_in_words(n, enrolled),
    ]
    paper = (
        f"A three-outcome design was used for response rates of {share(asked.p0)} and "
        f"{share(asked.p1)}: {s} or more responders of {n} were to be promising, {r} or "
        f"fewer{paper_stage} not promising, anything between inconclusive."
    )
    return Wording(" ".join(protocol), paper)


def curtailed_wording(design: CurtailedDesign, rates: Hypotheses) -> Wording:
    """Return the paragraphs for a curtailed trial."""
    stages = "one stage"
    if design.n1 is not None:
        stages = f"two stages (stop if {up_to(design.r1)} of the first {design.n1} respond)"
    when = "the decision is certain"
    if design.futility > 0 or design.efficacy < 1:
        low = f"{plain(design.futility)} or less" if design.futility > 0 else "0"
        high = f"{plain(design.efficacy)} or more" if design.efficacy < 1 else "1"
        when = (
            f"the probability of ending as promising, at a rate of {share(rates.p1)}, is {low} or "
            f"{high}"
        )
    attained = (
        f"The one-sided type I error is {number(design.alpha, 4)} and the power at a rate of "
        f"{share(rates.p1)} is {number(design.power, 4)} ({number(design.plain_alpha, 4)} and "
        f"{number(design.plain_power, 4)} without curtailment), all exact."
    )
    expected = (
        f"At {share(rates.p0)} the trial expects {number(design.en0, 1)} subjects instead of "
        f"{number(design.plain_en0, 1)}, at {share(rates.p1)} {number(design.en1, 1)} instead of "
        f"{number(design.plain_en1, 1)}."
    )
    size = (
        f"The trial has {stages} and up to {design.n} evaluable subjects; the treatment is "
        f"promising if {design.r + 1} or more respond."
    )
    protocol = [
        size,
        f"It is curtailed: after each subject it stops as soon as {when}.",
        attained,
        expected,
    ]
    paper = (
        f"The trial of up to {design.n} subjects, promising with {design.r + 1} or more "
        f"responders, was to stop as soon as {when}."
    )
    return Wording(" ".join(protocol), paper)


def last_stage_in_words(r: int, n: int, more: int) -> str:
    """Return the sentence on the last stage."""
    return (
        f"Otherwise {more} more are enrolled, {n} in all. The treatment is considered promising "
        f"if {r + 1} or more of the {n} respond, and not if {up_to(r)} do."
    )


def precision_wording(design: PrecisionDesign) -> Wording:
    """Return the paragraphs for a size that a confidence limit gives."""
    from onearm.design.limits import NAMES

    sides = "one-sided" if design.sides == 1 else "two-sided"
    level, limit = share(1 - Fraction(str(design.alpha))), share(design.lower_limit_above)
    observed, name = share(design.target), NAMES[design.method]
    size = (
        f"The sample size rests on the precision of the response rate. If {observed} of "
        f"{design.n} evaluable subjects respond, the lower limit of the {sides} {level} confidence "
        f"interval ({name}) is {percent(design.lower)} %, above {limit}."
    )
    needed = design.at_n
    whole = f"Not even {design.n} responders of {design.n} are enough."
    if needed.needed is not None:
        whole = (
            f"In whole responders {needed.needed} or more of {design.n} are needed, and "
            f"{needed.needed - 1} are not enough; this has a probability of "
            f"{number(needed.probability or 0, 3)} if the true rate is {observed}, and of "
            f"{number(needed.false_positive or 0, 3)} if it is {limit}."
        )
    protocol = [size, whole, *enrolled_in_words(design.n, design.enrolled)]
    paper = (
        f"With {design.n} evaluable subjects and a response rate of {observed}, the lower limit of "
        f"the {sides} {level} confidence interval ({name}) was to exceed {limit}."
    )
    return Wording(" ".join(protocol), paper)


def inference_in_words(found: AfterTwoStage) -> str:
    """Return the sentence for the paper on the outcome of a two-stage trial."""
    level = share(Fraction(str(found.level)))
    stage = " after the first stage" if found.stopped_at == 1 else ""
    beyond = found.attained_n - found.n1 if found.stopped_at == 1 else 0
    left_out = f" It rests on the first {found.n1} subjects." if beyond else ""
    return (
        f"Of {found.attained_n} subjects, {found.responders} responded"
        f"{f' and the trial stopped{stage}' if stage else ''}. Taking the two-stage design into "
        f"account, the response rate is {percent(found.umvue)} % (uniformly minimum variance "
        f"unbiased estimate), with a two-sided {level} confidence interval of "
        f"{percent(found.lower)} to {percent(found.upper)} % and a one-sided p-value of "
        f"{p_value(found.p_value, 4)} against {share(found.null)} (Koyama and Chen, 2008)."
        f"{left_out}"
    )


def what_is_tested(rates: Hypotheses) -> str:
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


def up_to(count: int | None) -> str:
    """Return "3 or fewer", and "0" where there is nothing fewer."""
    return f"{count} or fewer" if count else "0"


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"
