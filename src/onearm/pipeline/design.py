"""``onearm design``: an exact design, in words and as JSON.

Takes the numbers of the command line, gives an answer. Computes nothing: the
designs are those of ``onearm.design``, the text is made by ``onearm.format``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from textwrap import fill

from onearm import format as text
from onearm.design.binomial import Hypotheses, Rate, proportion, with_dropout
from onearm.design.operating import Look, operating
from onearm.design.single_stage import Attainment, PrecisionDesign, SingleStage
from onearm.design.two_stage import SimonDesigns, TwoStage
from onearm.errors import DesignError

WIDTH = 88  # of paragraphs


@dataclass(frozen=True, slots=True)
class DesignAnswer:
    """A design for a reader and for a program."""

    parts: tuple[str, ...]
    values: Mapping[str, object]

    def as_text(self) -> str:
        """Return the design in words, with the conventions behind each number."""
        return "\n\n".join(self.parts)

    def as_json(self) -> dict[str, object]:
        """Return every number of the design at full precision."""
        return dict(self.values)


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
    from onearm.design.single_stage import precision_design

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
        [name, str(each.n), f">= {each.reject_at}", *_error_rates(each), str(_all(each.n, lost))]
        for name, each in (("first", first), ("stable", stable))
    ]
    head = ["", "n", "reject at", "alpha", "power", "enrolled"]
    why = (
        "first: the smallest n with the power. stable: the smallest from which every larger n "
        "has it too; between them the power drops wherever one more responder is needed."
    )
    low = [each for each in found.sawtooth if first.n <= each.n <= stable.n + 1]
    drops = [[str(t.n), f">= {t.reject_at}", *_error_rates(t)] for t in low]
    return DesignAnswer(
        (
            f"Exact one-sided binomial test, one stage: {_tested(rates)}",
            text.text_table(head, rows, numeric=5),
            fill(why, WIDTH),
            text.text_table(["n", "reject at", "alpha", "power"], drops, numeric=4),
            *_worded("first", words),
        ),
        {
            "kind": "exact",
            **_asked(rates, lost),
            "first": asdict(first) | {"enrolled": _all(first.n, lost)},
            "stable": asdict(stable) | {"enrolled": _all(stable.n, lost)},
            "sawtooth": [asdict(each) for each in found.sawtooth],
            "wording": words._asdict(),
        },
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
    worded = {
        name: simon_wording(design, rates, name, with_dropout(design.n, lost))
        for name, design in named
    }
    paragraphs = [part for name, words in worded.items() for part in _worded(name, words)]
    rules = [(name, [Look(d.n1, d.r1), Look(d.n, d.r, d.r + 1)]) for name, d in named]
    if found.optimal == found.minimax:
        rules, paragraphs = rules[:1], paragraphs[:2]
    return DesignAnswer(
        (
            f"Simon's two-stage designs: {_tested(rates)}",
            _simon_table(found, lost),
            fill(_proof(found), WIDTH),
            *(_operating_table(name, rule, rates) for name, rule in rules),
            *paragraphs,
        ),
        {
            "kind": "simon",
            **_asked(rates, lost),
            **{
                name: asdict(design)
                | {"enrolled": _all(design.n, lost), "wording": worded[name]._asdict()}
                for name, design in named
            },
            "admissible": [
                asdict(each.design) | {"weight_from": each.weight_from, "weight_to": each.weight_to}
                for each in found.admissible
            ],
            "certificate": found.certificate().as_json(),
        },
    )


def verify(path: Path) -> DesignAnswer:
    """Check a certificate in integers. Raises DesignError with what does not hold."""
    from onearm.design.certificate import check_certificate, read_certificate

    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DesignError(f"{path}: not JSON: {error}") from None
    certificate = read_certificate(value)
    claims = check_certificate(certificate)
    asked = (
        f"p0 = {_exact(certificate.p0)}, p1 = {_exact(certificate.p1)}, "
        f"alpha <= {_exact(certificate.alpha)}, power >= {_exact(certificate.power)}"
    )
    lines = [fill(f"- {claim};", WIDTH, subsequent_indent="  ") for claim in claims]
    return DesignAnswer(
        (
            f"The certificate holds, for {asked}:",
            "\n".join(lines).rstrip(";") + ".",
            fill("Every claim was counted in integers; no search was run.", WIDTH),
        ),
        {"holds": True, "claims": list(claims)},
    )


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
                *_error_rates(design),
                text.number(design.en0, 2),
                text.number(design.pet0, 3),
                text.number(design.en1, 2),
                f"{text.number(each.weight_from, 3)}-{text.number(each.weight_to, 3)}",
            ]
        )
        if lost:
            rows[-1].append(str(_all(design.n, lost)))
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


def _operating_table(name: str, rule: Sequence[Look], rates: Hypotheses) -> str:
    header = ["true rate", "P(stop early)", "P(promising)", "expected n"]
    rows = []
    for rate in _grid(rates):
        found = operating(rule, rate)
        rows.append(
            [
                _percent(float(rate)),
                text.number(found.stop_early, 4),
                text.number(found.reject, 4),
                text.number(found.expected_n, 2),
            ]
        )
    table = text.text_table(header, rows, numeric=4)
    return f"Operating characteristics, {name} (exact):\n{table}"


def _grid(rates: Hypotheses) -> list[Fraction]:
    """Return seven rates from below p0 to above p1, in steps of half their distance."""
    step = (rates.p1 - rates.p0) / 4
    grid = [rates.p0 + i * step for i in range(-2, 7)]
    return [rate for rate in grid if 0 < rate < 1]


def _asked(rates: Hypotheses, lost: Fraction) -> dict[str, object]:
    return {
        "p0": float(rates.p0),
        "p1": float(rates.p1),
        "alpha": float(rates.alpha),
        "power": float(rates.power),
        "dropout": float(lost),
    }


def _tested(rates: Hypotheses) -> str:
    return (
        f"p0 = {_exact(rates.p0)}, p1 = {_exact(rates.p1)},\n"
        f"one-sided alpha <= {_exact(rates.alpha)} at p0, power >= {_exact(rates.power)} at p1 "
        "(power is 1 - beta)"
    )


def _exact(value: Fraction) -> str:
    return text.plain(float(value))


def _error_rates(design: TwoStage | SingleStage) -> list[str]:
    return [text.number(design.alpha, 4), text.number(design.power, 4)]


def _all(n: int, lost: Fraction) -> int:
    return with_dropout(n, lost)


def _worded(name: str, words: Iterable[str]) -> list[str]:
    titles = (f"For the protocol ({name}):", f"For the paper ({name}):")
    return [f"{title}\n{fill(part, WIDTH)}" for title, part in zip(titles, words, strict=True)]
