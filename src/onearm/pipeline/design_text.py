"""What the answers of ``onearm design`` share: an answer, its tables, its paragraphs.

Takes designs, returns text by ``onearm.format``. Computes nothing of its own: the
operating characteristics are those of ``onearm.design.operating``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from textwrap import fill
from typing import Protocol

from onearm import format as text
from onearm.design.binomial import Hypotheses
from onearm.design.operating import Look, Operating, operating

WIDTH = 88  # of paragraphs


class HasErrorRates(Protocol):
    """A design that says what it attains."""

    @property
    def alpha(self) -> float: ...  # noqa: D102
    @property
    def power(self) -> float: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class DesignAnswer:
    """A design for a reader and for a program."""

    parts: tuple[str, ...]
    values: Mapping[str, object]
    design: object = None  # as it was computed, to draw it

    def as_text(self) -> str:
        """Return the design in words, with the conventions behind each number."""
        return "\n\n".join(self.parts)

    def as_json(self) -> dict[str, object]:
        """Return every number of the design at full precision."""
        return dict(self.values)


def operating_table(name: str, rule: Sequence[Look], rates: Hypotheses) -> str:
    """Return the operating characteristics of a rule over rates around p0 and p1."""
    header = ["true rate", "P(stop early)", "P(promising)", "expected n"]
    rows = [
        [
            percent(found.rate),
            text.number(found.stop_early, 4),
            text.number(found.reject, 4),
            text.number(found.expected_n, 2),
        ]
        for found in operating_over(rule, rates)
    ]
    table = text.text_table(header, rows, numeric=4)
    return f"Operating characteristics, {name} (exact):\n{table}"


def operating_values(rule: Sequence[Look], rates: Hypotheses) -> list[dict[str, object]]:
    """Return the same for a program, with the distribution of the number of subjects."""
    return [asdict(found) for found in operating_over(rule, rates)]


def operating_over(rule: Sequence[Look], rates: Hypotheses) -> list[Operating]:
    """Return what a rule does from below p0 to above p1, in quarters of their distance."""
    step = (rates.p1 - rates.p0) / 4
    grid = [rates.p0 + i * step for i in range(-2, 7)]
    return [operating(rule, rate) for rate in grid if 0 < rate < 1]


def asked(rates: Hypotheses, lost: Fraction) -> dict[str, object]:
    """Return what was asked for, as numbers."""
    return {
        "p0": float(rates.p0),
        "p1": float(rates.p1),
        "alpha": float(rates.alpha),
        "power": float(rates.power),
        "dropout": float(lost),
    }


def paragraph(words: str) -> str:
    """Return words as lines, with no name broken at its hyphen."""
    return fill(words, WIDTH, break_on_hyphens=False)


def what_is_tested(rates: Hypotheses) -> str:
    """Return what is tested, with the conventions."""
    alpha, power = as_written(rates.alpha), as_written(rates.power)
    return (
        f"p0 = {as_written(rates.p0)}, p1 = {as_written(rates.p1)},\n"
        f"one-sided alpha <= {alpha} at p0, power >= {power} at p1 (power is 1 - beta)"
    )


def as_written(value: Fraction) -> str:
    """Return a fraction as a decimal."""
    return text.plain(float(value))


def error_rates(design: HasErrorRates) -> list[str]:
    """Return attained alpha and power, to four decimals."""
    return [text.number(design.alpha, 4), text.number(design.power, 4)]


def worded(name: str, words: Iterable[str]) -> list[str]:
    """Return the paragraphs for the protocol and the paper, each with its title."""
    titles = (f"For the protocol ({name}):", f"For the paper ({name}):")
    return [f"{title}\n{paragraph(part)}" for title, part in zip(titles, words, strict=True)]


def percent(value: float) -> str:
    """Return a proportion as a percentage without needless zeros."""
    return f"{text.plain(text.rounded(100 * text.decimal_of(value), 6))} %"
