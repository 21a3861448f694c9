"""``onearm design`` for more stops: both sides, three stages, curtailment, three outcomes.

Takes the numbers of the command line, gives an answer. Computes nothing: the
designs are those of ``onearm.design``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from onearm import format as text
from onearm.design.binomial import (
    TOLERANCE,
    Hypotheses,
    Rate,
    hypotheses,
    proportion,
    with_dropout,
)
from onearm.design.curtailed import CurtailedDesign
from onearm.design.fleming import FlemingDesign
from onearm.design.operating import Look, two_stage_rule
from onearm.design.sargent import SargentDesign
from onearm.design.staged import ThreeStage
from onearm.design.wording import Wording
from onearm.errors import DesignError, nearest
from onearm.pipeline.design_text import (
    DesignAnswer,
    as_written,
    asked,
    error_rates,
    operating_table,
    operating_values,
    paragraph,
    what_is_tested,
    worded,
)

BASES = ("minimax", "optimal", "exact")


def fleming(p0: Rate, p1: Rate, alpha: Rate, power: Rate, dropout: Rate = 0) -> DesignAnswer:
    """Find two-stage designs that stop for futility and for efficacy. Raises DesignError."""
    from onearm.design.fleming import fleming as fleming_designs
    from onearm.design.wording import fleming_wording

    lost = proportion("dropout", dropout, or_zero=True)
    found = fleming_designs(p0, p1, alpha, power)
    rates = found.rates
    named = {
        "optimal": found.optimal,
        "minimax": found.minimax,
        "optimal_at_p1": found.optimal_at_p1,
    }
    words = {
        name: fleming_wording(
            design, rates, name.replace("_at_p1", ""), with_dropout(design.n, lost)
        )
        for name, design in named.items()
    }
    rows = [
        _fleming_row(_name_of(design, named, "admissible"), design) for design in found.admissible
    ]
    rows.append(_fleming_row("optimal at p1", found.optimal_at_p1))
    head = ["", "futile if", "promising if", "finally if", "alpha", "power"]
    return DesignAnswer(
        (
            f"Two stages that stop on both sides: {what_is_tested(rates)}",
            text.text_table([*head, "EN(p0)", "EN(p1)"], rows, numeric=4),
            paragraph(_FLEMING),
            operating_table("optimal", _fleming_rule(found.optimal), rates),
            *worded("optimal", words["optimal"]),
            *worded("minimax", words["minimax"]),
        ),
        {
            "kind": "fleming",
            **asked(rates, lost),
            **{
                name: _values(design, _fleming_rule(design), rates, words[name])
                | {"enrolled": with_dropout(design.n, lost)}
                for name, design in named.items()
            },
            "admissible": [asdict(design) for design in found.admissible],
        },
    )


_FLEMING = (
    "futile and promising belong to stage 1, finally to all. Optimal: the smallest expected number "
    "at p0; optimal at p1: at p1; minimax: the smallest n. Of several rules with one expected "
    "number, the largest r. No largest n was set."
)


def three_stage(p0: Rate, p1: Rate, alpha: Rate, power: Rate, dropout: Rate = 0) -> DesignAnswer:
    """Find Chen's three-stage designs. Raises DesignError."""
    from onearm.design.staged import three_stage as three_stage_designs
    from onearm.design.wording import three_stage_wording

    lost = proportion("dropout", dropout, or_zero=True)
    found = three_stage_designs(p0, p1, alpha, power)
    rates = found.rates
    named = {"optimal": found.optimal, "minimax": found.minimax}
    words = {
        name: three_stage_wording(design, rates, name, with_dropout(design.n, lost))
        for name, design in named.items()
    }
    rows = [
        [
            name,
            f"<= {each.r1} of {each.n1}",
            f"<= {each.r2} of {each.n2}",
            f">= {each.r + 1} of {each.n}",
            *error_rates(each),
            *(
                text.number(value, digits)
                for value, digits in ((each.en0, 2), (each.pet1, 3), (each.pet2, 3), (each.en1, 2))
            ),
        ]
        for name, each in named.items()
    ]
    head = ["", "stop if", "or if", "promising if", "alpha", "power", "EN(p0)"]
    note = (
        "Numbers of subjects count from the start. PET1 and PET2: the probability at p0 of having "
        "stopped after stage 1 and after stage 2."
    )
    return DesignAnswer(
        (
            f"Chen's three-stage designs: {what_is_tested(rates)}",
            text.text_table([*head, "PET1", "PET2", "EN(p1)"], rows, numeric=6),
            paragraph(note),
            *(
                operating_table(name, _three_stage_rule(each), rates)
                for name, each in named.items()
            ),
            *(part for name in named for part in worded(name, words[name])),
        ),
        {
            "kind": "three-stage",
            **asked(rates, lost),
            **{
                name: _values(design, _three_stage_rule(design), rates, words[name])
                | {"enrolled": with_dropout(design.n, lost)}
                for name, design in named.items()
            },
        },
    )


def curtailed(
    p0: Rate,
    p1: Rate,
    alpha: Rate,
    power: Rate,
    base: str = "minimax",
    futility: Rate = 0,
    efficacy: Rate = 1,
) -> DesignAnswer:
    """Curtail Simon's minimax or optimal design, or the exact test. Raises DesignError."""
    from onearm.design.curtailed import curtailed as curtailed_design
    from onearm.design.wording import curtailed_wording

    if base not in BASES:
        raise DesignError(
            f"base must be one of {', '.join(BASES)}; got {base!r}{nearest(base, BASES)}"
        )
    rates = hypotheses(p0, p1, alpha, power)
    r1, n1, r, n = _base(rates, base)
    found = curtailed_design(
        r, n, rates.p0, rates.p1, r1=r1, n1=n1, futility=futility, efficacy=efficacy
    )
    words = curtailed_wording(found, rates)
    rows = [
        [
            str(look.n),
            "" if look.futile is None else f"<= {look.futile}",
            "" if look.effective is None else f">= {look.effective}",
        ]
        for look in found.looks
    ]
    return DesignAnswer(
        (
            f"Curtailment of the {base} design: {what_is_tested(rates)}",
            _curtailed_rates(found),
            *_exceeded(found, rates),
            text.text_table(["after subject", "futile if", "promising if"], rows, numeric=2),
            operating_table("curtailed", found.looks, rates),
            *worded("curtailed", words),
        ),
        {
            "kind": "curtailed",
            "base": base,
            **asked(rates, proportion("dropout", 0, or_zero=True)),
            "design": _values(found, found.looks, rates, words),
        },
    )


def sargent(
    p0: Rate,
    p1: Rate,
    alpha: Rate,
    beta: Rate,
    eta: Rate,
    power: Rate,
    dropout: Rate = 0,
) -> DesignAnswer:
    """Find three-outcome designs of one and two stages. Raises DesignError."""
    from onearm.design.sargent import sargent as sargent_designs
    from onearm.design.wording import sargent_wording

    lost = proportion("dropout", dropout, or_zero=True)
    found = sargent_designs(p0, p1, alpha, beta, eta, power)
    named = {"single": found.single, "optimal": found.optimal, "minimax": found.minimax}
    words = {
        name: sargent_wording(design, found.asked, with_dropout(design.n, lost))
        for name, design in named.items()
    }
    limits = (
        f"P(promising) <= {as_written(found.asked.alpha)} at p0 = {as_written(found.asked.p0)}, "
        f">= {as_written(found.asked.power)} at p1 = {as_written(found.asked.p1)};\n"
        f"P(not promising) >= {as_written(found.asked.eta)} at p0, "
        f"<= {as_written(found.asked.beta)} at p1"
    )
    head = ["", "stop if", "not promising if", "promising if", "alpha", "power", "eta", "beta"]
    rows = [_sargent_row(name, design) for name, design in named.items()]
    note = (
        "alpha and power are P(promising) at p0 and p1, eta and beta P(not promising) there; what "
        "is left is inconclusive. Limits hold exactly and are never relaxed."
    )
    return DesignAnswer(
        (
            f"Three outcomes: {limits}",
            text.text_table([*head, "EN(p0)"], rows, numeric=5),
            paragraph(note),
            *(part for name in named for part in worded(name, words[name])),
        ),
        {
            "kind": "sargent",
            **{name: float(getattr(found.asked, name)) for name in _LIMITS},
            **{
                name: asdict(design)
                | {"enrolled": with_dropout(design.n, lost), "wording": words[name]._asdict()}
                for name, design in named.items()
            },
        },
    )


_LIMITS = ("p0", "p1", "alpha", "beta", "eta", "power")


def _values(
    design: FlemingDesign | ThreeStage | CurtailedDesign,
    rule: Sequence[Look],
    rates: Hypotheses,
    words: Wording,
) -> dict[str, object]:
    return asdict(design) | {
        "operating": operating_values(rule, rates),
        "wording": words._asdict(),
    }


def _name_of(design: FlemingDesign, named: dict[str, FlemingDesign], other: str) -> str:
    found = [name for name in ("optimal", "minimax") if named[name] is design]
    return " and ".join(found) or other


def _fleming_rule(design: FlemingDesign) -> list[Look]:
    return two_stage_rule(design.r1, design.n1, design.r, design.n, design.e1)


def _fleming_row(name: str, design: FlemingDesign) -> list[str]:
    return [
        name,
        f"<= {design.r1} of {design.n1}",
        f">= {design.e1} of {design.n1}",
        f">= {design.r + 1} of {design.n}",
        *error_rates(design),
        text.number(design.en0, 2),
        text.number(design.en1, 2),
    ]


def _three_stage_rule(design: ThreeStage) -> list[Look]:
    return [
        Look(design.n1, design.r1),
        Look(design.n2, design.r2),
        Look(design.n, design.r, design.r + 1),
    ]


def _base(rates: Hypotheses, base: str) -> tuple[int | None, int | None, int, int]:
    if base == "exact":
        from onearm.design.single_stage import exact_design

        first = exact_design(rates.p0, rates.p1, rates.alpha, rates.power).first
        return None, None, first.reject_at - 1, first.n
    from onearm.design.two_stage import simon

    found = simon(rates.p0, rates.p1, rates.alpha, rates.power)
    design = found.minimax if base == "minimax" else found.optimal
    return design.r1, design.n1, design.r, design.n


def _curtailed_rates(found: CurtailedDesign) -> str:
    rows = [
        [
            name,
            text.number(alpha, 4),
            text.number(power, 4),
            text.number(en0, 2),
            text.number(en1, 2),
        ]
        for name, alpha, power, en0, en1 in (
            ("curtailed", found.alpha, found.power, found.en0, found.en1),
            ("as planned", found.plain_alpha, found.plain_power, found.plain_en0, found.plain_en1),
        )
    ]
    return text.text_table(["", "alpha", "power", "EN(p0)", "EN(p1)"], rows, numeric=4)


def _exceeded(found: CurtailedDesign, rates: Hypotheses) -> list[str]:
    """Return a warning where stops before the end is certain break a limit."""
    broken = []
    if found.alpha > rates.alpha + TOLERANCE:
        broken.append(f"alpha is above its limit of {as_written(rates.alpha)}")
    if found.power < rates.power - TOLERANCE:
        broken.append(f"power is below {as_written(rates.power)}")
    words = f"With these early stops {' and '.join(broken)}: change the bounds or start from more."
    return [paragraph(words)] if broken else []


def _sargent_row(name: str, design: SargentDesign) -> list[str]:
    return [
        {"single": "one stage"}.get(name, f"two stages, {name}"),
        "" if design.n1 is None else f"<= {design.r1} of {design.n1}",
        f"<= {design.r} of {design.n}",
        f">= {design.s} of {design.n}",
        *(text.number(value, 4) for value in (design.alpha, design.power, design.eta, design.beta)),
        text.number(design.en0, 2),
    ]
