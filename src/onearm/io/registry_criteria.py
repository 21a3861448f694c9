"""Eligibility criteria from the one text of a registry record.

Takes the text (Markdown, as ClinicalTrials.gov gives it), gives its items with
ids. An item is what stands behind a bullet or a number; points indented under
an item are its parts. A short line that ends with a colon heads what follows
and is no criterion; a long one states something and is kept as a criterion. No
text is left out but what leads in, which is given back too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import NamedTuple

MOST_ITEMS = 99
HEADING_WORDS = 8
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_SECTION = re.compile(
    r"[\W_]*(?:\w+ )?(inclusion|exclusion)(?: criteria\b[^.;:]{0,40}|s)?[\W_]*", re.IGNORECASE
)
_SECTION_INLINE = re.compile(r"[\W_]*(inclusion|exclusion) criteria[*_ ]*:\s*(\S.*)", re.IGNORECASE)
_BULLET = re.compile(r"( *)(?:([*•·‣◦▪–-])|(\d{1,3})[.)]|\(?([a-z]|[ivx]+)[.)]) +(\S.*)")


class ListedCriterion(NamedTuple):
    """One item of the text: ``where`` says its place, ``group`` what it stands under."""

    id: str
    text: str
    where: str
    group: str | None


@dataclass(frozen=True, slots=True)
class SplitCriteria:
    """The items of the text; not parted: some stand under no heading, numbered as inclusion."""

    inclusion: tuple[ListedCriterion, ...]
    exclusion: tuple[ListedCriterion, ...]
    is_parted: bool
    lead_in: tuple[str, ...]


@dataclass(slots=True)
class _Item:
    text: str
    indent: int
    mark: str  # the kind of its bullet, "" without one
    points: list[_Item] = field(default_factory=list)

    @property
    def is_heading(self) -> bool:
        words = self.text.rstrip("*_ ")
        return words.endswith(":") and _is_short(words)


def split_criteria(text: str) -> SplitCriteria:
    r"""Split the eligibility text of a record.

    Raises
    ------
    ValueError
        If there are more items than ids: 99 items, 26 points of one item.

    Examples
    --------
    >>> found = split_criteria("Inclusion Criteria:\n\n* Age ≥18\n* ECOG 0-1\n\nExclusion "
    ...                        "Criteria:\n\n1. Pregnancy")
    >>> [(one.id, one.text) for one in (*found.inclusion, *found.exclusion)]
    [('I01', 'Age ≥18'), ('I02', 'ECOG 0-1'), ('E01', 'Pregnancy')]
    """
    sections: dict[str, list[str]] = {"": [], "inclusion": [], "exclusion": []}
    current = ""
    for line in _lines(text):
        if heading := _SECTION.fullmatch(line):
            current = heading[1].lower()
        elif inline := _SECTION_INLINE.fullmatch(line):
            current = inline[1].lower()
            sections[current].append(inline[2])
        else:
            sections[current].append(line)
    is_parted = bool(sections["inclusion"] or sections["exclusion"])
    before, lead = _items(sections[""]), []
    if is_parted and all(item.mark == "" for item in before):
        lead, before = [item.text for item in before], []
    wanted, more = _without_lead(_items(sections["inclusion"]))
    unwanted, most = _without_lead(_items(sections["exclusion"]))
    return SplitCriteria(
        tuple(_numbered([*before, *wanted], "Inclusion criteria" if is_parted else "Criteria")),
        tuple(_numbered(unwanted, "Exclusion criteria")),
        is_parted and not before,
        (*lead, *more, *most),
    )


def _lines(text: str) -> list[str]:
    plain = _ESCAPED.sub(r"\1", text.replace("\t", "    "))
    return [line.rstrip() for line in plain.splitlines()]


def _items(lines: list[str]) -> list[_Item]:
    """Return the items of a section; a line right under a bullet goes on with it."""
    found: list[_Item] = []
    follows = False
    for line in lines:
        if bullet := _BULLET.fullmatch(line):
            mark = "number" if bullet[3] else "letter" if bullet[4] else "bullet"
            found.append(_Item(bullet[5], len(bullet[1]), mark))
        elif line and follows and found[-1].mark:
            found[-1].text += " " + line.strip()
        elif line:
            found.append(_Item(line.strip(), 0, ""))
        follows = bool(line)
    return _nested(found)


def _nested(items: list[_Item]) -> list[_Item]:
    """Put points under their items: what is indented, or has another mark than the numbers."""
    bulleted = [item for item in items if item.mark]
    if not bulleted:
        return items
    first = min(item.indent for item in bulleted)
    is_numbered = bulleted[0].mark == "number"
    found: list[_Item] = []
    for item in items:
        is_point = item.indent >= first + 2 or (is_numbered and item.mark not in ("", "number"))
        if item.mark and is_point and found and found[-1].mark:
            found[-1].points.append(item)
        else:
            found.append(item)
    return found


def _without_lead(items: list[_Item]) -> tuple[list[_Item], list[str]]:
    """Part a line before the list that ends with a colon from the list."""
    has_lead = len(items) > 1 and not items[0].mark and items[0].text.endswith(":")
    return (items[1:], [items[0].text]) if has_lead and items[1].mark else (items, [])


def _is_short(text: str) -> bool:
    return len(text.split()) <= HEADING_WORDS and not re.search(r"[,;(≥≤<>]", text)


def _numbered(items: list[_Item], section: str) -> Iterator[ListedCriterion]:
    letter = "E" if section.startswith("E") else "I"
    number, place, heading = 0, 0, ""
    for item in items:
        place += 1
        if item.is_heading and not item.points and item is not items[-1]:
            heading = f", after the heading {item.text!r}"
            continue
        number += 1
        if number > MOST_ITEMS:
            raise ValueError(f"must have at most {MOST_ITEMS} items a section")
        name, where = f"{letter}{number:02}", f"{section}, item {place}{heading}"
        if not (item.is_heading and item.points):
            yield ListedCriterion(name, item.text, where, None)
        if len(item.points) > len(ascii_lowercase):
            raise ValueError(f"must have at most {len(ascii_lowercase)} points an item")
        group = item.text.rstrip(":*_ ")
        for point, (part, inside) in enumerate(zip(ascii_lowercase, item.points, strict=False), 1):
            yield ListedCriterion(name + part, inside.text, f"{where}, point {point}", group)
