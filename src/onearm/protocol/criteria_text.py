"""A tree of conditions as text: the form that it is written as, and the tree line by line.

Reading the form of a tree gives the same tree. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from onearm.protocol.criteria import (
    KEYWORDS,
    Age,
    All,
    Amount,
    Any,
    AtLeast,
    Clearance,
    Count,
    DateOrder,
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
    Selection,
    Window,
    Yes,
)


def form_of(node: Node) -> str:
    """Return the form of a tree; reading it gives the same tree."""
    match node:
        case All() | Any():
            word = " and " if isinstance(node, All) else " or "
            return word.join(_inside(part) for part in node.parts)
        case Not():
            return f"not {_inside(node.part)}"
        case May():
            return f"may({form_of(node.part)})"
        case If():
            branches = f"then {_inside(node.then)} else {_inside(node.otherwise)}"
            return f"if {_inside(node.condition)} {branches}"
        case _:
            return leaf_form(node)


def _inside(node: Node) -> str:
    text = form_of(node)
    return f"({text})" if isinstance(node, All | Any | If) else text


def leaf_form(node: Leaf) -> str:
    """Return the form of a node that holds no other condition but that of a list."""
    match node:
        case Yes():
            return node.fact
        case OneOf():
            return f"{node.fact} {among_form(node.words)}"
        case Has():
            return f"{node.fact} has {word_form(node.word)}"
        case Number():
            return f"{node.fact} {node.operator} {node.limit}"
        case Amount():
            return f"{node.fact} {node.operator} {node.limit} {node.unit}"
        case LabLimit():
            return f"lab({node.test}) {node.operator} {node.limit} {node.unit}"
        case LabWord():
            return f"lab({node.test}) {among_form(node.words)}"
        case Age():
            return f"age at {node.anchor} {node.operator} {node.years} years"
        case Clearance():
            return f"crcl {node.operator} {node.limit} mL/min"
        case DateOrder():
            return f"date({node.first}) {node.operator} date({node.second})"
        case AtLeast():
            return f"date({node.fact}) at least {window_form(node.window)}"
        case Exists():
            return f"any({selection_form(node.selection)})"
        case Count():
            return f"count({selection_form(node.selection)}) {node.operator} {node.limit}"
        case Judged():
            return f"judged({node.fact})"


def selection_form(selection: Selection) -> str:
    """Return which events are meant: ``prior_lines where progressed``."""
    where = f" where {form_of(selection.where)}" if selection.where else ""
    within = f" within {window_form(selection.window)}" if selection.window else ""
    return f"{selection.events}{where}{within}"


def window_form(window: Window) -> str:
    """Return a window as a form has it: ``14 days before first_dose``."""
    span = window.span if window.number == 1 else f"{window.span}s"
    anchor = f"lab({window.anchor})" if window.is_sample else window.anchor
    return f"{window.number} {span} {window.direction} {anchor}"


def among_form(words: Iterable[str]) -> str:
    """Return words as a form asks for them: ``is F``, ``in {0, 1}``."""
    names = [word_form(word) for word in words]
    return f"is {names[0]}" if len(names) == 1 else f"in {{{', '.join(names)}}}"


def word_form(word: str) -> str:
    """Return a word as a form has it; with blanks or signs it stands in quotes."""
    is_plain = word.replace("_", "a").isalnum() and word.isascii() and word not in KEYWORDS
    return word if is_plain else f"'{word}'"


def tree_lines(node: Node, indent: str = "") -> list[str]:
    """Return the tree, one condition a line, parts indented below what joins them."""
    inner = indent + "  "
    match node:
        case All() | Any():
            head = "all of" if isinstance(node, All) else "any of"
            return [f"{indent}{head}", *(line for p in node.parts for line in tree_lines(p, inner))]
        case Not():
            return [f"{indent}not", *tree_lines(node.part, inner)]
        case May():
            return [f"{indent}may (never fails)", *tree_lines(node.part, inner)]
        case If():
            return [
                f"{indent}if", *tree_lines(node.condition, inner),
                f"{indent}then", *tree_lines(node.then, inner),
                f"{indent}else", *tree_lines(node.otherwise, inner),
            ]  # fmt: skip
        case Exists() | Count() if node.selection.where is not None:
            bare = replace(node, selection=replace(node.selection, where=None))
            where = tree_lines(node.selection.where, inner + "  ")
            return [f"{indent}{leaf_form(bare)}", f"{inner}where", *where]
        case _:
            return [f"{indent}{leaf_form(node)}"]
