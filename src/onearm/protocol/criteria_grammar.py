"""The criteria language: from a form such as ``ecog in {0, 1}`` to its tree.

Takes text, gives a ``Node`` or says at which character what was expected. The
grammar is read once, when the first form is; lark is loaded then. Knows no
protocol file and no patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, cast

from onearm.errors import HINT, nearest
from onearm.protocol.criteria import (
    AMOUNT_UNITS,
    KEYWORDS,
    REFERENCES,
    Age,
    All,
    Amount,
    Any,
    AtLeast,
    Clearance,
    Count,
    DateOrder,
    Direction,
    Exists,
    Has,
    If,
    Judged,
    LabLimit,
    LabWord,
    Leaf,
    May,
    Node,
    Not,
    Number,
    OneOf,
    Operator,
    Selection,
    Span,
    Window,
    Yes,
)

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

GRAMMAR = r"""
?start: condition
?condition: _IF condition _THEN condition _ELSE condition -> if_else
    | either
?either: both (_OR both)* -> any_of
?both: opposite (_AND opposite)* -> all_of
?opposite: _NOT opposite -> negation
    | atom
?atom: "(" condition ")"
    | _MAY "(" condition ")" -> may
    | _JUDGED "(" NAME ")" -> judged
    | _ANY "(" selection ")" -> exists
    | _COUNT "(" selection ")" OPERATOR NUMBER -> count
    | _LAB "(" test ")" OPERATOR NUMBER UNIT -> lab_limit
    | _LAB "(" test ")" among -> lab_word
    | _AGE _AT NAME OPERATOR NUMBER SPAN -> age
    | _CRCL OPERATOR NUMBER UNIT -> clearance
    | _DATE "(" NAME ")" OPERATOR _DATE "(" NAME ")" -> date_order
    | _DATE "(" NAME ")" _AT _LEAST window -> at_least
    | NAME among -> one_of
    | NAME _HAS word -> has
    | NAME OPERATOR NUMBER UNIT -> amount
    | NAME OPERATOR NUMBER -> number
    | NAME -> yes
selection: NAME filter? (_WITHIN window)?
filter: _WHERE condition
window: NUMBER SPAN DIRECTION anchor
anchor: NAME -> day
    | _LAB "(" test ")" -> sample
?test: NAME
among: _IN "{" word ("," word)* "}"
    | _IS word
?word: NAME | NUMBER | QUOTED

DIRECTION.3: /(before|after)\b/
SPAN.3: /(day|week|month|year)s?\b/
UNIT.2: /10\^\d+\/\w+|(?!(and|or|then|else|within)\b)[A-Za-z%]\w*(\/[\w.]+)*/
OPERATOR: "<=" | ">=" | "<" | ">" | "="
NUMBER.2: /\d+(\.\d+)?/
QUOTED: /'[^']*'/
%ignore /\s+/
"""

WANTED = {  # names of the grammar's tokens: how a reader would call them
    "NAME": "a name", "NUMBER": "a number", "UNIT": "a unit", "OPERATOR": "<, <=, =, >= or >",
    "QUOTED": "a word in quotes", "DIRECTION": "before or after", "SPAN": "days, weeks or months",
    "LPAR": "(", "RPAR": ")", "LBRACE": "{", "RBRACE": "}", "COMMA": "a comma",
    "$END": "the end",
}  # fmt: skip
_WORD = re.compile(r"\w+|\S")
MOST_CHARACTERS = 4000
DEEPEST = 50


class CriterionError(ValueError):
    """What is wrong with a form, and at which character, from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


def parse_criterion(form: str) -> Node:
    """Read a form.

    Raises
    ------
    CriterionError
        With the position of what was not expected.

    Examples
    --------
    >>> parse_criterion("ecog in {0, 1}")
    OneOf(fact='ecog', words=('0', '1'), at=0)
    >>> parse_criterion("lab(ANC) >= 1.5")
    Traceback (most recent call last):
    onearm.protocol.criteria_grammar.CriterionError: expected a unit; got the end
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    _check_size(form)
    try:
        tree = _parser().parse(form)
    except UnexpectedCharacters as error:
        raise _unexpected(form, error.pos_in_stream or 0, error.allowed or ()) from None
    except UnexpectedToken as error:
        is_end = error.token.type == "$END"
        at = len(form) if is_end else error.token.start_pos or 0
        raise _unexpected(form, at, error.accepts or error.expected) from None
    except UnexpectedEOF as error:
        raise _unexpected(form, len(form), error.expected) from None
    return _node(tree)


def _check_size(form: str) -> None:
    if len(form) > MOST_CHARACTERS:
        raise CriterionError(f"must have at most {MOST_CHARACTERS} characters", MOST_CHARACTERS)
    depth = 0
    for at, letter in enumerate(form):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth > DEEPEST:
            raise CriterionError(f"may be nested {DEEPEST} deep at most", at)


@cache
def _parser() -> Lark:
    from lark import Lark

    # A keyword ends where the word ends: "inn" is no "in" with something behind it.
    tokens = [rf"_{word.upper()}.4: /{word}\b/" for word in KEYWORDS]
    tokens.append(rf"NAME: /(?!({'|'.join(KEYWORDS)})\b)[A-Za-z][A-Za-z0-9_]*/")
    grammar = "\n".join([GRAMMAR, *tokens, ""])
    return Lark(grammar, parser="lalr", propagate_positions=True)


def _unexpected(form: str, at: int, wanted: Iterable[str]) -> CriterionError:
    names = sorted({WANTED.get(name, name.strip("_").lower()) for name in wanted})
    words = [name for name in names if name in KEYWORDS]
    found = _WORD.match(form, at)
    if "a name" in names:
        expected = "a condition" if len(words) > 3 else "a name"
    else:
        expected = ", ".join(names[:-1]) + (" or " if len(names) > 1 else "") + names[-1]
    if found is None:
        return CriterionError(f"expected {expected}; got the end", at)
    return CriterionError(f"expected {expected}; got {found[0]!r}{nearest(found[0], words)}", at)


def _node(tree: object) -> Node:
    """Return the tree of conditions of a parse tree."""
    branch = cast("Tree[Token]", tree)
    match str(branch.data):
        case "all_of" | "any_of":
            parts = tuple(_node(child) for child in branch.children)
            if len(parts) == 1:
                return parts[0]
            return All(parts) if branch.data == "all_of" else Any(parts)
        case "negation":
            return Not(_node(branch.children[0]))
        case "may":
            return May(_node(branch.children[0]))
        case "if_else":
            condition, then, otherwise = (_node(child) for child in branch.children)
            return If(condition, then, otherwise)
        case _:
            return _leaf(branch)


def _leaf(branch: Tree[Token]) -> Leaf:
    at = branch.meta.start_pos
    texts = [str(child) for child in branch.children]
    match str(branch.data):
        case "yes":
            return Yes(texts[0], at)
        case "judged":
            return Judged(texts[0], at)
        case "one_of":
            return OneOf(texts[0], _words(branch.children[1]), at)
        case "has":
            return Has(texts[0], texts[1].strip("'"), at)
        case "number":
            return Number(texts[0], cast(Operator, texts[1]), Decimal(texts[2]), at)
        case "amount":
            return Amount(texts[0], cast(Operator, texts[1]), Decimal(texts[2]), _unit(branch), at)
        case "date_order":
            return DateOrder(texts[0], cast(Operator, texts[1]), texts[2], at)
        case "at_least":
            return AtLeast(texts[0], _window(branch.children[1]), at)
        case "exists":
            return Exists(_selection(branch.children[0]), at)
        case "count":
            limit = _whole(branch.children[2])
            return Count(_selection(branch.children[0]), cast(Operator, texts[1]), limit, at)
        case _:
            return _measured(branch, texts, at)


def _measured(branch: Tree[Token], texts: list[str], at: int) -> Leaf:
    if branch.data == "lab_word":
        return LabWord(texts[0], _words(branch.children[1]), at)
    if branch.data == "lab_limit":
        return LabLimit(texts[0], cast(Operator, texts[1]), Decimal(texts[2]), texts[3], at)
    if branch.data == "age":
        _must_be(branch.children[3], "years", "year")
        return Age(texts[0], cast(Operator, texts[1]), _whole(branch.children[2]), at)
    _must_be(branch.children[2], "mL/min")
    return Clearance(cast(Operator, texts[0]), Decimal(texts[1]), at)


def _unit(branch: Tree[Token]) -> str:
    token = cast("Token", branch.children[3])
    known = [unit for units in AMOUNT_UNITS.values() for unit in units]
    if str(token) in known:
        return str(token)
    hint = f"{HINT}lab(...)?" if str(token) in REFERENCES else nearest(str(token), known)
    message = f"a unit must be one of {', '.join(known)}; got {str(token)!r}{hint}"
    raise CriterionError(message, token.start_pos or 0)


def _must_be(child: object, *allowed: str) -> None:
    token = cast("Token", child)
    if str(token) not in allowed:
        raise CriterionError(f"expected {allowed[0]}; got {str(token)!r}", token.start_pos or 0)


def _whole(child: object) -> int:
    token = cast("Token", child)
    if not str(token).isdigit():
        raise CriterionError(f"expected a whole number; got {str(token)!r}", token.start_pos or 0)
    return int(str(token))


def _words(child: object) -> tuple[str, ...]:
    return tuple(str(word).strip("'") for word in cast("Tree[Token]", child).children)


def _selection(child: object) -> Selection:
    branch = cast("Tree[Token]", child)
    where: Node | None = None
    window: Window | None = None
    for part in branch.children[1:]:
        inner = cast("Tree[Token]", part)
        if inner.data == "filter":
            where = _node(inner.children[0])
        else:
            window = _window(inner)
    _check_filter(where)
    return Selection(str(branch.children[0]), where, window)


def _check_filter(where: Node | None) -> None:
    """Refuse in `where` what does not look at attributes of the event itself."""
    match where:
        case None | Yes() | OneOf() | Has() | Number() | Amount():
            return
        case All() | Any():
            for part in where.parts:
                _check_filter(part)
        case Not():
            _check_filter(where.part)
        case If():
            for part in (where.condition, where.then, where.otherwise):
                _check_filter(part)
        case May():
            raise CriterionError("'where' looks at attributes of the event; got may(...)", 0)
        case _:
            message = "'where' looks at attributes of the event, and holds no"
            kind = "lab" if isinstance(where, LabLimit | LabWord) else type(where).__name__.lower()
            raise CriterionError(f"{message} {kind}", where.at)


def _window(child: object) -> Window:
    branch = cast("Tree[Token]", child)
    number, span, direction, anchor = branch.children
    where = cast("Tree[Token]", anchor)
    return Window(
        _whole(number),
        cast(Span, str(span).removesuffix("s")),
        cast(Direction, str(direction)),
        str(where.children[0]),
        where.data == "sample",
    )
