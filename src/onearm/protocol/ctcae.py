"""The criteria by which laboratory values are graded: what a version of the CTCAE says.

Takes the content of a criteria file, gives frozen terms with their bands. A
band reads "condition: grade"; the first one that holds decides, the worst
stands first. Several grades are candidates. Knows no laboratory value and
grades nothing.

    "> 3 ULN: 2"                          more than three times the ULN
    "> 1.5 ULN or > 1.5 BL: 2"            either; "and" binds tighter
    "> 3 BL and BL < 1 LLN: 3"            the baseline itself lies below its LLN
    "> ULN + 2: 2"                        more than 2 above the ULN
    "> 2 ULN: 3 if symptomatic else 2"    the grade needs a context column
    "<= 1 LLN: 1 3", "< 10: none"         two candidates; no grade is defined
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from onearm.errors import InputError

Direction = Literal["high", "low"]
Grades = tuple[int, ...]
CONTEXTS = ("symptomatic", "consequence", "fasting")
FORMS = ("normal", "abnormal", "anticoagulated")


class Limit(NamedTuple):
    """One comparison: of the value (or of the baseline) with ``factor x ref + plus``."""

    of: str  # "" or "BL"
    op: str
    factor: Decimal
    ref: str  # "ULN", "LLN", "BL", or "" for a number in the unit of the criterion
    plus: Decimal


class Band(NamedTuple):
    """A condition and the grades that follow: any of ``any_of``, each of which holds whole."""

    any_of: tuple[tuple[Limit, ...], ...]
    context: str  # a column, or ""
    grades: Grades  # where the context is Y, or none is asked for
    otherwise: Grades


Bands = tuple[Band, ...]


class Term(NamedTuple):
    """One term and analyte of the CTCAE.

    ``forms`` holds the bands by form (``normal``, ``abnormal``,
    ``anticoagulated``) and by the unit that they are written in ("" where they
    are multiples alone). ``words`` are the grades of results in words.
    """

    name: str
    analyte: str
    direction: Direction
    text: tuple[str, ...]
    reading: str | None
    forms: Mapping[str, Mapping[str, Bands]]
    words: Mapping[str, int]
    transfused: int | None
    options: tuple[str, ...]

    @property
    def bands(self) -> Iterator[Band]:
        """Every band, in any form and unit."""
        for units in self.forms.values():
            for bands in units.values():
                yield from bands


class Ctcae(NamedTuple):
    """A version of the CTCAE: its laboratory terms, and where they are from.

    ``without`` says of analytes that another version grades why this one does not.
    """

    version: str
    published: str
    errata: str
    source: str
    terms: tuple[Term, ...]
    options: tuple[str, ...] = ()
    without: Mapping[str, str] = {}

    @property
    def name(self) -> str:
        """The version with its errata, as it is printed."""
        errata = "" if self.errata == "none" else f", errata of {self.errata}"
        return f"CTCAE {self.version}{errata}"


_LIMIT = re.compile(
    r"(?:(?P<of>BL) )?(?P<op>>=|<=|>|<) "
    r"(?:(?P<factor>[0-9.]+)(?: (?P<ref>ULN|LLN|BL))?|(?P<base>ULN|LLN) \+ (?P<plus>[0-9.]+))"
)
_GRADES = re.compile(r"none|[0-4](?: [0-4])*")


def parse_ctcae(content: Mapping[str, Any], options: tuple[str, ...] = ()) -> Ctcae:
    """Return the criteria that a file holds, read with some of its ``options``.

    Raises
    ------
    InputError
        If a band cannot be read, or no term has an option.
    """
    terms = tuple(_term(entry, options) for entry in content["terms"])
    known = sorted({name for entry in content["terms"] for name in entry.get("options", {})})
    for name in options:
        if name not in known:
            raise InputError(f"option must be one of {', '.join(known)}; got {name!r}")
    return Ctcae(
        content["ctcae"],
        content["published"],
        content["errata"],
        content["source"],
        terms,
        options,
        content.get("without", {}),
    )


def _term(entry: Mapping[str, Any], options: tuple[str, ...]) -> Term:
    written = {form: entry[form] for form in FORMS if form in entry}
    for name, forms in entry.get("options", {}).items():
        if name in options:
            written.update(forms)
    return Term(
        entry["term"],
        entry["analyte"],
        entry["direction"],
        tuple(entry["text"]),
        entry.get("reading"),
        {form: _by_unit(bands) for form, bands in written.items()},
        entry.get("words", {}),
        entry.get("transfused"),
        tuple(entry.get("options", {})),
    )


def _by_unit(written: Any) -> dict[str, Bands]:
    by_unit = written if isinstance(written, dict) else {"": written}
    return {unit: tuple(read_band(band) for band in bands) for unit, bands in by_unit.items()}


def read_band(text: str) -> Band:
    """Return the band that a line says.

    >>> read_band("> 2 ULN: 3 if symptomatic else 2").grades
    (3,)
    """
    condition, _, outcome = text.rpartition(": ")
    grades, asks, rest = outcome.partition(" if ")
    context, _, otherwise = rest.partition(" else ")
    if asks and context not in CONTEXTS:
        raise InputError(f"a band may ask for {', '.join(CONTEXTS)}; got {text!r}")
    return Band(
        tuple(
            tuple(_limit(part, text) for part in conjunction.split(" and "))
            for conjunction in condition.split(" or ")
        ),
        context,
        _grades(grades, text),
        _grades(otherwise if asks else grades, text),
    )


def _limit(part: str, text: str) -> Limit:
    found = _LIMIT.fullmatch(part)
    if found is None:
        raise InputError(f"a band must read like '> 3 ULN: 2'; got {text!r}")
    if found["base"]:
        return Limit("", found["op"], Decimal(1), found["base"], Decimal(found["plus"]))
    factor = Decimal(found["factor"])
    return Limit(found["of"] or "", found["op"], factor, found["ref"] or "", Decimal(0))


def _grades(text: str, band: str) -> Grades:
    if not _GRADES.fullmatch(text):
        raise InputError(f"a band must end in grades from 0 to 4; got {band!r}")
    return () if text == "none" else tuple(int(grade) for grade in text.split())
