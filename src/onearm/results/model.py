"""A result: one number with its name, its method and its way back.

A ``Row`` is one number; its ``basis`` names the ``Basis`` that it was computed
from: each subject that counts, with role, reason and source records. Rows that
share a numerator and a denominator share a basis. Knows no format: ``format``
turns rows into text.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import count
from typing import NamedTuple

from onearm.clinical.records import Source
from onearm.errors import ResultError
from onearm.terms import Kind

ID = re.compile(r"[a-z0-9_.-]++/[a-z0-9_.-]++(?:/[a-z0-9_.:-]++)?/[a-z0-9_]++")


@lru_cache(maxsize=1 << 14)  # terms and levels are named again in every group
def slug(name: str) -> str:
    """Return a name as it stands in a result id: lower case, other runs one hyphen.

    >>> slug("Hand-foot syndrome"), slug("Elevated γ-glutamyltransferase")
    ('hand-foot-syndrome', 'elevated-glutamyltransferase')
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Return a slug for each name, in order; names that would share one get a number.

    >>> slugs(["Anemia", "PD-L1 +", "PD-L1 -", "贫血"])
    {'Anemia': 'anemia', 'PD-L1 +': 'pd-l1', 'PD-L1 -': 'pd-l1-2', '贫血': 'item'}
    """
    taken: set[str] = set()
    found: dict[str, str] = {}
    for name in dict.fromkeys(names):
        stem = slug(name) or "item"
        free = (f"{stem}-{k}" if k > 1 else stem for k in count(1))
        found[name] = next(one for one in free if one not in taken)
        taken.add(found[name])
    return found


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one subject adds to a result: counted or not, in which role, and why."""

    subject_id: str
    role: str
    value: str | None
    reason: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a group of results was computed from.

    ``numerator`` and ``denominator`` say in words who is counted;
    ``contributions`` holds one entry a subject of the denominator, by subject.
    """

    id: str
    numerator: str
    denominator: str
    contributions: tuple[Contribution, ...]


class Bases(Mapping[str, Basis]):
    """The bases of all results by id; one that nobody asks for is never made.

    A study has thousands of bases with an entry for each subject, and a reader
    follows one of them: each stands here as the function that makes it.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Basis]]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, Basis] = {}

    def __getitem__(self, name: str) -> Basis:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class Row(NamedTuple):  # a frozen dataclass takes four times as long to make, thousands of times
    """One result.

    ``id`` is ``analysis[.variant...]/group[/item]/statistic``. Exactly one of
    ``value`` (a number; durations in days, lengths in mm, proportions in
    [0, 1]), ``code`` and ``date`` is given, or none with a ``note`` that says
    why. ``basis`` is the id of the basis; ``formula`` says how the number
    follows from it; ``label`` names the item in words.
    """

    id: str
    analysis: str
    variant: str
    set: str
    group: str
    item: str | None
    statistic: str
    kind: Kind
    value: float | int | None = None
    code: str | None = None
    date: dt.date | None = None
    unit: str | None = None
    level: float | None = None
    method: str | None = None
    note: str | None = None
    label: str | None = None
    basis: str | None = None
    formula: str | None = None


@dataclass(frozen=True)  # no slots: the rows by id are found once and kept
class Results:
    """All results of a study, in the order in which they were planned."""

    rows: tuple[Row, ...]
    bases: Mapping[str, Basis] = field(default_factory=dict)

    def __getitem__(self, result_id: str) -> Row:
        return self.by_id()[result_id]

    def by_id(self) -> Mapping[str, Row]:
        """Return the rows by id."""
        return self._by_id

    @cached_property
    def _by_id(self) -> Mapping[str, Row]:
        return {row.id: row for row in self.rows}


@dataclass(frozen=True, slots=True)
class Trace:
    """One result on its way back: the row, its basis, and nothing recomputed."""

    row: Row
    basis: Basis


@dataclass(frozen=True, slots=True)
class Published:
    """One number as a publication prints it, and what its reproduction shows.

    ``printed`` is the text as it stands there, ``where`` the place, ``what``
    its meaning; ``result`` the id of ours. ``expect`` is ``reproduced``,
    ``differs`` (then ``reason`` says why, with the arithmetic) or ``cannot
    check``. ``unit`` is that of a printed duration; months by default.
    ``line``, ``column``, ``form`` and ``note`` say where in a printed table the
    number stands: which line and column, how the cell is written (by statistic,
    in braces), and what a reader should know of the whole table.
    """

    id: str
    what: str
    where: str
    printed: str
    result: str | None
    expect: str
    reason: str | None
    unit: str | None = None
    line: str = ""
    column: str = ""
    form: str = ""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A published number beside ours.

    ``verdict``: ``reproduced`` (the printed text comes out), ``explained``
    (differs, and the reason stands in the expected file), ``differs``,
    ``cannot check``, or ``unexpected`` (reproduced although said to differ).
    """

    published: Published
    row: Row | None
    recomputed: str | None
    verdict: str


def check_rows(rows: Sequence[Row]) -> None:
    """Hold the contract of the result rows; raise ResultError on the first breach."""
    names = [row.id for row in rows]
    if wrong := next((name for name in names if not ID.fullmatch(name)), None):
        raise ResultError(f"{wrong!r} is not a result id")
    if len(set(names)) < len(names):
        twice = next(name for name, times in Counter(names).items() if times > 1)
        raise ResultError(f"{twice}: two results with one id")
    for row in rows:
        value = row.value
        if value is None or row.code is not None or row.date is not None:
            given = (value is not None) + (row.code is not None) + (row.date is not None)
            if given > 1 or (not given and not row.note):
                raise ResultError(f"{row.id}: needs exactly one of value, code, date, or a note")
        elif value != value:
            raise ResultError(f"{row.id}: not a number")
