"""A criterion as a tree: what has to be looked at, and how it is joined.

The tree is made from a form, a line such as ``lab(ANC) >= 1.5 10^9/L``, by
``onearm.protocol.criteria_grammar`` and written again by
``onearm.protocol.criteria_text``. Here stand its kinds of node, and the facts
that a tree needs. Knows no patient, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Literal, NamedTuple

Operator = Literal["<", "<=", "=", ">=", ">"]
Direction = Literal["before", "after"]
Span = Literal["day", "week", "month", "year"]

BIRTH, SEX, WEIGHT, CREATININE = "birth", "sex", "weight", "CREAT"
"""What Cockcroft-Gault and an age are computed from."""
SEXES = ("F", "M")
YES_NO = ("Y", "N")
REFERENCES = ("ULN", "LLN")
KEYWORDS = (
    "if", "then", "else", "or", "and", "not", "may", "judged", "any", "count", "lab", "age", "at",
    "crcl", "date", "least", "has", "within", "where", "in", "is",
)  # fmt: skip
"""Words of the language; none of them can be the name of a fact."""
AMOUNT_UNITS: Mapping[str, Mapping[str, Fraction]] = {
    "kg": {"kg": Fraction(1), "g": Fraction(1, 1000), "lb": Fraction("0.45359237")},
    "mm": {"mm": Fraction(1), "cm": Fraction(10)},
    "mmHg": {"mmHg": Fraction(1), "kPa": 1000 / Fraction("133.322387415")},
    "%": {"%": Fraction(1)},
    "copies/mL": {"copies/mL": Fraction(1)},
}
"""Units of amounts that no laboratory measures, by the unit that all are compared in.

The pound is exact since 1959; a millimetre of mercury is 133.322387415 Pa (ISO 80000-4).
Copies of a virus have one unit: how many an IU is differs between assays.
"""


class FactKind(StrEnum):
    """What sort of thing a fact is; decides how it is given."""

    YES_NO = "yes or no"
    WORD = "one of some words"
    WORDS = "any of some words"
    NUMBER = "number"
    AMOUNT = "number with unit"
    DATE = "date"
    LAB = "laboratory result"
    LIST = "list of events"
    JUDGEMENT = "judgement, signed"


@dataclass(frozen=True, slots=True)
class Window:
    """Days from an anchor back or on, both ends included.

    A week is 7 days; months and years are those of the calendar. ``is_sample``:
    the anchor is the day of the laboratory sample of that name.
    """

    number: int
    span: Span
    direction: Direction
    anchor: str
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Met when every part is."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Met when one part is."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    part: Node


@dataclass(frozen=True, slots=True)
class If:
    """One of two branches; where the condition is unknown, what both agree on."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class May:
    """A clause that informs and never fails."""

    part: Node


@dataclass(frozen=True, slots=True)
class Yes:
    """A fact that is yes."""

    fact: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class OneOf:
    """A word that is among some words."""

    fact: str
    words: tuple[str, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Has:
    """A set of words that holds one."""

    fact: str
    word: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A bare number against a limit."""

    fact: str
    operator: Operator
    limit: Decimal
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with a unit against a limit with a unit."""

    fact: str
    operator: Operator
    limit: Decimal
    unit: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class LabLimit:
    """A laboratory result against a limit; ``unit`` may be ULN or LLN of that very sample."""

    test: str
    operator: Operator
    limit: Decimal
    unit: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class LabWord:
    """A laboratory result in words."""

    test: str
    words: tuple[str, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Age:
    """Completed years at the day of an anchor."""

    anchor: str
    operator: Operator
    years: int
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Clearance:
    """Creatinine clearance by Cockcroft-Gault in mL/min, from the chosen creatinine sample."""

    operator: Operator
    limit: Decimal
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class DateOrder:
    """One day before, on or after another."""

    first: str
    operator: Operator
    second: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A day at least so long before or after an anchor, the day itself included."""

    fact: str
    window: Window
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Selection:
    """Events of a list: those that match ``where`` and have a day inside ``window``."""

    events: str
    where: Node | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Exists:
    """At least one event."""

    selection: Selection
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Count:
    """The number of events against a limit."""

    selection: Selection
    operator: Operator
    limit: int
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Judged:
    """What an investigator judges; without a signature it is unknown."""

    fact: str
    at: int = field(default=0, compare=False)


Joint = All | Any | Not | If | May
Leaf = (
    Yes | OneOf | Has | Number | Amount | LabLimit | LabWord | Age | Clearance | DateOrder
    | AtLeast | Exists | Count | Judged
)  # fmt: skip
Node = Joint | Leaf


class Use(NamedTuple):
    """One use of a fact in a form; an attribute of a list is ``list.attribute``."""

    fact: str
    kind: FactKind
    unit: str
    words: tuple[str, ...]
    at: int


def uses(node: Node, scope: str = "") -> Iterator[Use]:
    """Yield every use of a fact, in the order of the form."""
    match node:
        case All() | Any():
            for part in node.parts:
                yield from uses(part, scope)
        case Not() | May():
            yield from uses(node.part, scope)
        case If():
            for part in (node.condition, node.then, node.otherwise):
                yield from uses(part, scope)
        case Exists() | Count():
            yield from _of_selection(node.selection, node.at)
        case _:
            yield from _of_leaf(node, scope)


def _of_leaf(node: Node, scope: str) -> Iterator[Use]:
    match node:
        case Yes():
            yield Use(scope + node.fact, FactKind.YES_NO, "", (), node.at)
        case OneOf():
            yield Use(scope + node.fact, FactKind.WORD, "", node.words, node.at)
        case Has():
            yield Use(scope + node.fact, FactKind.WORDS, "", (node.word,), node.at)
        case Number():
            yield Use(scope + node.fact, FactKind.NUMBER, "", (), node.at)
        case Amount():
            yield Use(scope + node.fact, FactKind.AMOUNT, node.unit, (), node.at)
        case LabLimit():
            yield Use(node.test, FactKind.LAB, node.unit, (), node.at)
        case LabWord():
            yield Use(node.test, FactKind.LAB, "", node.words, node.at)
        case Age():
            yield Use(BIRTH, FactKind.DATE, "", (), node.at)
            yield Use(node.anchor, FactKind.DATE, "", (), node.at)
        case Clearance():
            yield Use(CREATININE, FactKind.LAB, "umol/L", (), node.at)
            yield Use(BIRTH, FactKind.DATE, "", (), node.at)
            yield Use(SEX, FactKind.WORD, "", SEXES, node.at)
            yield Use(WEIGHT, FactKind.AMOUNT, "kg", (), node.at)
        case DateOrder():
            yield Use(node.first, FactKind.DATE, "", (), node.at)
            yield Use(node.second, FactKind.DATE, "", (), node.at)
        case AtLeast():
            yield Use(node.fact, FactKind.DATE, "", (), node.at)
            yield _anchor(node.window, node.at)
        case Judged():
            yield Use(node.fact, FactKind.JUDGEMENT, "", (), node.at)


def _of_selection(selection: Selection, at: int) -> Iterator[Use]:
    yield Use(selection.events, FactKind.LIST, "", (), at)
    if selection.where is not None:
        yield from uses(selection.where, f"{selection.events}.")
    if selection.window is not None:
        yield _anchor(selection.window, at)


def _anchor(window: Window, at: int) -> Use:
    kind = FactKind.LAB if window.is_sample else FactKind.DATE
    return Use(window.anchor, kind, "", (), at)
