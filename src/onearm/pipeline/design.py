"""``onearm design``: an exact design, in words and as JSON.

Takes the numbers of the command line, gives an answer. Computes nothing: the
designs are those of ``onearm.design``, the text is made by ``onearm.format``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from onearm import format as text
from onearm.design.binomial import Rate, proportion, with_dropout
from onearm.design.operating import Look, two_stage_rule
from onearm.design.single_stage import Attainment, PrecisionDesign, SingleStage
from onearm.design.two_stage import SimonDesigns, TwoStage
from onearm.design.wording import precision_wording
from onearm.errors import DesignError
from onearm.pipeline.design_text import (
    WIDTH,
    DesignAnswer,
    as_written,
    asked,
    error_rates,
    operating_table,
    operating_values,
    paragraph,
    percent,
    what_is_tested,
    worded,
)

if TYPE_CHECKING:
    from onearm.design.certificate import Certificate


@dataclass(frozen=True, slots=True)
class PrecisionAnswer:
    """A precision design for a reader and for a program."""

    design: PrecisionDesign

    def as_text(self) -> str:
        """Return the design in words, with the conventions behind each number."""
        design = self.design
        words = worded("precision", precision_wording(design))
        return "\n\n".join([_size(design), _decisions(design), _enrolled(design), *words])

    def as_json(self) -> dict[str, object]:
        """Return every number of the design at full precision."""
        design = self.design
        return {
            "kind": "precision",
            "target": design.target,
            "lower_limit_above": design.lower_limit_above,
            "alpha": design.alpha,
            "dropout": design.dropout,
            "method": design.method,
            "counts": design.counts,
            "sides": design.sides,
            "n": design.n,
            "stable_n": design.stable_n,
            "enrolled": design.enrolled,
            "lower": design.lower,
            "lower_before": design.lower_before,
            "responders_needed": design.responders_needed,
            "probability_of_success": design.probability_of_success,
            "at_n": _as_json(design.at_n),
            "at_enrolled": _as_json(design.at_enrolled),
            "two_sided_at_enrolled": _as_json(design.two_sided_at_enrolled),
            "wording": precision_wording(design)._asdict(),
        }


def precision(
    target: Rate,
    lower_limit_above: Rate,
    alpha: Rate,
    dropout: Rate = 0,
    *,
    method: str = "clopper-pearson",
    counts: str = "fractional",
    sides: int = 1,
) -> PrecisionAnswer:
    """Find the first n whose lower limit at the target exceeds a response rate.

    Proportions throughout; alpha is one-sided, or two-sided where sides is 2.
    Raises DesignError.
    """
    from onearm.design.single_stage import precision_design

    return PrecisionAnswer(
        precision_design(
            target,
            lower_limit_above,
            alpha,
            dropout=dropout,
            method=method,
            counts=counts,
            sides=sides,
        )
    )


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
    from onearm.design.limits import NAMES

    limit, before = percent(design.lower_limit_above), ""
    if design.lower_before is not None:
        before = f" (n = {design.n - 1}: {text.percent(design.lower_before)} %)"
    exact = "exact " if design.method == "clopper-pearson" else ""
    sides = "one-sided" if design.sides == 1 else "two-sided"
    return (
        f"{design.n} evaluable subjects, {design.enrolled} enrolled\n\n"
        f"When {percent(design.target)} respond, the {exact}{sides} {_level(design)} lower limit "
        f"({NAMES[design.method]})\nfirst exceeds {limit} at n = {design.n}: "
        f"{text.percent(design.lower)} %{before}.\n{_counted(design)}"
    )


def _counted(design: PrecisionDesign) -> str:
    if design.counts == "fractional":
        return (
            f"It is taken at n x target = {_responders(design)} responders, without rounding, as "
            f"sample-size\nprograms do; data have whole numbers of responders."
        )
    words = "rounded to the nearest" if design.counts == "nearest" else "rounded down to a"
    return (
        f"It is taken at n x target = {_responders(design)} responders {words} whole\n"
        f"number; every n from {design.stable_n} on will do, smaller ones not all."
    )


def _decisions(design: PrecisionDesign) -> str:
    limit = percent(design.lower_limit_above)
    lines = [
        f"In whole responders, n = {design.n}:",
        _rule(design.at_n, limit),
        f"If all {design.enrolled} who enrol are evaluable:",
        _rule(design.at_enrolled, limit),
    ]
    if design.sides == 1:
        two_sided = f"one-sided {percent(design.alpha / 2)}"
        lines += [
            f"The same by the two-sided {_level(design)} interval ({two_sided}):",
            _rule(design.two_sided_at_enrolled, limit),
        ]
    return "\n".join(lines)


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
    return percent(1 - design.alpha)


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


def exact(p0: Rate, p1: Rate, alpha: Rate, power: Rate, dropout: Rate = 0) -> DesignAnswer:
    """Find the first and the stable sample size of the exact test of one stage.

    All arguments are proportions; alpha is one-sided. Raises DesignError.
    """
    from onearm.design.single_stage import exact_design
    from onearm.design.wording import exact_wording

    lost = proportion("dropout", dropout, or_zero=True)
    found = exact_design(p0, p1, alpha, power)
    rates, first, stable = found.rates, found.first, found.stable
    words = exact_wording(first, rates, with_dropout(first.n, lost))
    rows = [
        [
            name,
            str(each.n),
            f">= {each.reject_at}",
            *error_rates(each),
            str(with_dropout(each.n, lost)),
        ]
        for name, each in (("first", first), ("stable", stable))
    ]
    head = ["", "n", "reject at", "alpha", "power", "enrolled"]
    why = (
        "first: the smallest n with the power. stable: the smallest from which every larger n "
        "has it too; between them the power drops wherever one more responder is needed."
    )
    low = [each for each in found.sawtooth if first.n <= each.n <= stable.n + 1]
    drops = [[str(t.n), f">= {t.reject_at}", *error_rates(t)] for t in low]
    return DesignAnswer(
        (
            f"Exact one-sided binomial test, one stage: {what_is_tested(rates)}",
            text.text_table(head, rows, numeric=5),
            paragraph(why),
            text.text_table(["n", "reject at", "alpha", "power"], drops, numeric=4),
            operating_table("first", _one_look(first), rates),
            *worded("first", words),
        ),
        {
            "kind": "exact",
            **asked(rates, lost),
            "first": asdict(first)
            | {
                "enrolled": with_dropout(first.n, lost),
                "operating": operating_values(_one_look(first), rates),
            },
            "stable": asdict(stable) | {"enrolled": with_dropout(stable.n, lost)},
            "sawtooth": [asdict(each) for each in found.sawtooth],
            "wording": words._asdict(),
        },
        found,
    )


def simon(p0: Rate, p1: Rate, alpha: Rate, power: Rate, dropout: Rate = 0) -> DesignAnswer:
    """Find Simon's optimal and minimax designs, those between, and their certificate.

    All arguments are proportions; alpha is one-sided. Raises DesignError.
    """
    from onearm.design.two_stage import simon as simon_designs
    from onearm.design.wording import simon_wording

    lost = proportion("dropout", dropout, or_zero=True)
    found = simon_designs(p0, p1, alpha, power)
    rates = found.rates
    named = [("optimal", found.optimal), ("minimax", found.minimax)]
    wording = {
        name: simon_wording(design, rates, name, with_dropout(design.n, lost))
        for name, design in named
    }
    paragraphs = [part for name, words in wording.items() for part in worded(name, words)]
    rules = [(name, _looks(design)) for name, design in named]
    if found.optimal == found.minimax:
        rules, paragraphs = rules[:1], paragraphs[:2]
    return DesignAnswer(
        (
            f"Simon's two-stage designs: {what_is_tested(rates)}",
            _simon_table(found, lost),
            paragraph(_proof(found)),
            *(operating_table(name, rule, rates) for name, rule in rules),
            *paragraphs,
        ),
        {
            "kind": "simon",
            **asked(rates, lost),
            **{
                name: asdict(design)
                | {
                    "enrolled": with_dropout(design.n, lost),
                    "operating": operating_values(_looks(design), rates),
                    "wording": wording[name]._asdict(),
                }
                for name, design in named
            },
            "admissible": [
                asdict(each.design) | {"weight_from": each.weight_from, "weight_to": each.weight_to}
                for each in found.admissible
            ],
            "certificate": found.certificate().as_json(),
        },
        found,
    )


def verify(path: Path) -> DesignAnswer:
    """Check a certificate in integers. Raises DesignError with what does not hold."""
    from onearm.design.certificate import check_certificate, read_certificate

    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DesignError(f"{path}: not JSON: {error}") from None
    try:
        certificate = read_certificate(value)
        claims = check_certificate(certificate)
        _check_beside(value, certificate)
    except DesignError as error:
        raise DesignError(f"{path}: {error}") from None
    asked = (
        f"p0 = {as_written(certificate.p0)}, p1 = {as_written(certificate.p1)}, "
        f"alpha <= {as_written(certificate.alpha)}, power >= {as_written(certificate.power)}"
    )
    lines = [fill(f"- {claim};", WIDTH, subsequent_indent="  ") for claim in claims]
    return DesignAnswer(
        (
            f"The certificate holds, for {asked}:",
            "\n".join(lines).rstrip(";") + ".",
            paragraph("Every claim was counted in integers; no search was run."),
        ),
        {"holds": True, "claims": list(claims)},
    )


def _check_beside(value: dict[str, Any], certificate: Certificate) -> None:
    """Refuse a file whose settings or designs are not those that its certificate is about."""
    for name in ("p0", "p1", "alpha", "power"):
        limit = float(getattr(certificate, name))
        if value.get("certificate") is not None and value.get(name, limit) != limit:
            raise DesignError(
                f"{name} stands beside the certificate and is not what it certifies: must be "
                f"{as_written(getattr(certificate, name))}; got {value[name]}"
            )
    certified = [(each.r1, each.n1, each.r, each.n) for each in certificate.designs]
    ends = {"minimax": certified[:1], "optimal": certified[-1:], "admissible": certified}
    for name, designs in ends.items():
        if name not in value:
            continue
        told = value[name] if isinstance(value[name], list) else [value[name]]
        found = [tuple(one.get(key) for key in ("r1", "n1", "r", "n")) for one in told]
        if found != list(designs):
            raise DesignError(
                f"{name} stands beside the certificate and is not what it certifies: must be "
                f"{_counts(designs)}; got {_counts(found)}"
            )


def _counts(designs: Iterable[Sequence[object]]) -> str:
    return ", ".join("{}/{} {}/{}".format(*one) for one in designs) or "none"


def find(
    n: int,
    kind: str,
    *,
    p0: str = "",
    p1: str = "",
    alpha: str = "",
    power: str = "",
    dropout: str = "",
    step: Rate = Fraction(1, 20),
) -> DesignAnswer:
    """Find the round settings whose design enrols a published number.

    The texts hold values with commas between, such as "0.05, 0.1"; empty ones
    stand for the default grid. Raises DesignError.
    """
    from onearm.design import inverse

    found = inverse.designs_of(
        n,
        kind,
        p0=_values("p0", p0, ()),
        p1=_values("p1", p1, ()),
        alpha=_values("alpha", alpha, inverse.ALPHAS),
        power=_values("power", power, inverse.POWERS),
        dropout=_values("dropout", dropout, inverse.DROPOUTS),
        step=step,
    )
    head = ["p0", "p1", "alpha", "power", "dropout", "evaluable", "rule"]
    rows = [
        [
            *map(as_written, (each.rates.p0, each.rates.p1, each.rates.alpha, each.rates.power)),
            percent(float(each.dropout)),
            str(each.design.n),
            _as_rule(each.design),
        ]
        for each in found.candidates
    ]
    summary = (
        f"{text.count_of(len(rows), 'design')} of kind {kind} enrol {n}, of "
        f"{text.count_of(found.settings, 'setting')} searched (alpha one-sided; enrolled = "
        "evaluable / (1 - dropout), rounded up)"
    )
    caution = (
        "Several settings always give the same number: which one was meant is a matter of the "
        "disease, and an assumption until the protocol says so."
    )
    table = [text.text_table(head, rows)] if rows else []
    return DesignAnswer(
        (paragraph(summary), *table, paragraph(caution)),
        {
            "kind": "find",
            "n": n,
            "of": kind,
            "settings": found.settings,
            "candidates": [
                asked(each.rates, each.dropout) | {"design": asdict(each.design)}
                for each in found.candidates
            ],
        },
    )


def _values(name: str, given: str, default: Sequence[Fraction]) -> Sequence[Rate]:
    try:
        return [Decimal(part.strip()) for part in given.split(",")] if given else default
    except InvalidOperation:
        raise DesignError(f"{name} takes numbers with commas between; got {given!r}") from None


def _as_rule(design: TwoStage | SingleStage) -> str:
    if isinstance(design, SingleStage):
        return f">= {design.reject_at} of {design.n}"
    return f"<= {design.r1} of {design.n1} stops, >= {design.r + 1} of {design.n}"


def _one_look(design: SingleStage) -> list[Look]:
    return [Look(design.n, design.reject_at - 1, design.reject_at)]


def _looks(design: TwoStage) -> list[Look]:
    return two_stage_rule(design.r1, design.n1, design.r, design.n)


def _simon_table(found: SimonDesigns, lost: Fraction) -> str:
    names = {id(found.optimal): "optimal", id(found.minimax): "minimax"}
    if found.optimal == found.minimax:
        names = {id(found.optimal): "optimal and minimax"}
    head = [
        "",
        "stop if",
        "promising if",
        "alpha",
        "power",
        "EN(p0)",
        "PET(p0)",
        "EN(p1)",
        "weight on n",
    ]
    rows = []
    for each in found.admissible:
        design = each.design
        rows.append(
            [
                names.get(id(design), "admissible"),
                f"<= {design.r1} of {design.n1}",
                f">= {design.r + 1} of {design.n}",
                *error_rates(design),
                text.number(design.en0, 2),
                text.number(design.pet0, 3),
                text.number(design.en1, 2),
                f"{text.number(each.weight_from, 3)}-{text.number(each.weight_to, 3)}",
            ]
        )
        if lost:
            rows[-1].append(str(with_dropout(design.n, lost)))
    return text.text_table([*head, "enrolled"] if lost else head, rows, numeric=len(rows[0]) - 3)


def _proof(found: SimonDesigns) -> str:
    small = (
        f"no test of {found.too_small} subjects or fewer has the power, and "
        if found.too_small
        else ""
    )
    return (
        f"Proof: {small}each n from {found.too_small + 1} to {found.last_n} was ruled out but for "
        f"these designs; beyond {found.last_n} every design expects more than the optimal one. "
        "EN is the expected number of subjects, PET the probability of early termination. A design "
        "is chosen by the weight that the largest n has beside EN(p0). Of several r with the same "
        "EN the largest is taken. `--json` holds the certificate, `onearm design verify` checks it."
    )
