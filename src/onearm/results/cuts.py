"""Two sets of results of one study: an older and a newer data cut, or two versions.

Takes both, gives what moved, what is new and what is gone, and which subjects
did it: who of a basis counts in another role, with another value or for
another reason. Knows no file and rounds nothing.

The rules:

* A result has moved when its value, code or date is another one, or the note
  that stands in its place; exactly, without tolerance.
* A move is explained when a subject of its basis changed. It is unexplained
  when none did, or when the result is defined otherwise (kind, unit, set,
  method, level): then no subject can account for all of it.
* A result that only the newer results give contradicts nothing. One that only
  the older give is explained by the subjects, like a move, as long as the newer
  results still hold that analysis for that group.
* A later data cut never removes an event: who progressed, died or responded by
  the older cut did so on the same day by the newer. It holds of ``EVENTS``. It
  does not hold of iRECIST, where a later scan may reset a progression.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from onearm.clinical.records import Source
from onearm.results.model import Basis, Contribution, Results, Row

EVENTS = ("pfs", "os", "ttr", "dor")
"""Analyses, with their variants, whose events a later cut keeps."""

DEFINITION = ("kind", "unit", "set", "method", "level")
"""What defines a result beside its id."""

NOT_COUNTED = "not counted"

Analysed = tuple[str, str, str]
"""An analysis in one variant for one group."""


@dataclass(frozen=True, slots=True)
class Change:
    """One subject of a basis, in the older and in the newer results.

    ``what`` is the first that differs: ``new`` (only in the newer basis),
    ``gone``, ``role``, ``value``, ``reason``, or ``rows`` (it rests on more or
    fewer rows of a file). ``older_rows`` and ``newer_rows`` are the source rows
    that only one of the two has.
    """

    basis: str
    subject_id: str
    what: str
    older: Contribution | None
    newer: Contribution | None
    older_rows: tuple[Source, ...]
    newer_rows: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A result that is not the same in both.

    ``state`` is ``moved``, ``new`` or ``gone``; ``row`` is the newer row, or the
    older one where there is no newer; ``basis`` names the entry of
    ``Cuts.changes`` that explains it, or is None. ``why`` is None where the
    subjects say it all.
    """

    row: Row
    state: str
    older: Row | None
    newer: Row | None
    basis: str | None
    is_explained: bool
    why: str | None

    @property
    def id(self) -> str:
        """The id of the result."""
        return self.row.id


@dataclass(frozen=True, slots=True)
class Cuts:
    """What differs between two sets of results.

    ``changes`` holds the changed subjects by basis, for every basis that stands
    behind a difference; ``redefined`` the results with the same number and
    another definition, each with what is defined otherwise; ``taken_back`` the
    events of the older results that the newer do not hold on the same day.
    """

    differences: tuple[Difference, ...]
    changes: Mapping[str, tuple[Change, ...]]
    redefined: Mapping[str, str]
    taken_back: tuple[Change, ...]
    same: int

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """The differences that no subject accounts for."""
        return tuple(one for one in self.differences if not one.is_explained)


def compare_cuts(older: Results, newer: Results) -> Cuts:
    """Compare two sets of results.

    Parameters
    ----------
    older, newer
        Results of the same study; ``older`` of the earlier data cut.

    Returns
    -------
    Cuts
        The differences in the order of the newer results, each result that is
        gone after those before it.
    """
    before, after = older.by_id(), newer.by_id()
    changes = {
        basis: tuple(_changes(older.bases.get(basis), newer.bases.get(basis)))
        for basis in dict.fromkeys([*newer.bases, *older.bases])
    }
    held = [frozenset(_analysed(row) for row in results.rows) for results in (older, newer)]
    judge = _Judge(older, newer, changes, *held)
    found = [judge.judge(before.get(name), after.get(name)) for name in _order(older, newer)]
    differences = tuple(one for one in found if one is not None)
    used = {one.basis for one in differences}
    return Cuts(
        differences,
        {basis: of for basis, of in changes.items() if basis in used and of},
        _redefined(before, after, {one.id for one in differences}),
        tuple(_taken_back(changes)),
        len(found) - len(differences),
    )


def _order(older: Results, newer: Results) -> list[str]:
    """Return every id once: the newer order, with what is gone where it stood."""
    kept = newer.by_id()
    gone: dict[str, list[str]] = defaultdict(list)
    last = ""
    for row in older.rows:
        if row.id in kept:
            last = row.id
        else:
            gone[last].append(row.id)
    order = gone.pop("", [])
    for row in newer.rows:
        order += [row.id, *gone.pop(row.id, [])]
    return order


def _changes(older: Basis | None, newer: Basis | None) -> Iterator[Change]:
    """Yield the subjects that changed; of a basis that is new or gone those that it counts."""
    before, after = _by_subject(older), _by_subject(newer)
    for key in sorted({*before, *after}):
        change = _change((newer or older or _NOBODY).id, before.get(key), after.get(key))
        one = change and (change.newer or change.older)
        if change and one and ((older and newer) or one.role != NOT_COUNTED):
            yield change


_NOBODY = Basis("", "", "", ())


def _by_subject(basis: Basis | None) -> dict[tuple[str, int], Contribution]:
    """Return contributions by subject, and by their number where a subject has several."""
    seen: Counter[str] = Counter()
    found: dict[tuple[str, int], Contribution] = {}
    for one in basis.contributions if basis else ():
        found[one.subject_id, seen[one.subject_id]] = one
        seen[one.subject_id] += 1
    return found


def _change(basis: str, older: Contribution | None, newer: Contribution | None) -> Change | None:
    what = _what(older, newer)
    one = newer or older
    if what is None or one is None:
        return None
    before = dict.fromkeys((s.file, s.line) for s in older.sources) if older else {}
    after = dict.fromkeys((s.file, s.line) for s in newer.sources) if newer else {}
    return Change(
        basis, one.subject_id, what, older, newer, _only(before, after), _only(after, before)
    )


def _what(older: Contribution | None, newer: Contribution | None) -> str | None:
    if older is None or newer is None:
        return "new" if older is None else "gone"
    for name in ("role", "value", "reason"):
        if getattr(older, name) != getattr(newer, name):
            return name
    return None if _rows_by_file(older) == _rows_by_file(newer) else "rows"


def _rows_by_file(one: Contribution) -> Counter[str]:
    """Count the rows by file: a row that only moved to another line is no change."""
    return Counter(file for file, _ in {(source.file, source.line) for source in one.sources})


def _only(
    these: Iterable[tuple[str, int]], others: Mapping[tuple[str, int], None]
) -> tuple[Source, ...]:
    return tuple(Source(file, (), line) for file, line in these if (file, line) not in others)


ONLY_OLDER = "only the older results give it"


@dataclass(frozen=True, slots=True)
class _Judge:
    """Says of a pair of rows whether it differs and whether the subjects explain it."""

    older: Results
    newer: Results
    changes: Mapping[str, Sequence[Change]]
    older_analyses: frozenset[Analysed]
    newer_analyses: frozenset[Analysed]

    def judge(self, older: Row | None, newer: Row | None) -> Difference | None:
        row = newer or older
        if row is None or (older and newer and _content(older) == _content(newer)):
            return None
        named = [one.basis for one in (newer, older) if one is not None and one.basis]
        basis = next((name for name in named if self.changes.get(name)), None)
        if older and newer:
            why = self._why_moved(older, newer, basis)
            return Difference(row, "moved", older, newer, basis, why is None, why)
        if newer:
            is_of_subjects = basis is not None and _analysed(row) in self.older_analyses
            why = None if is_of_subjects else "only the newer results give it"
            return Difference(row, "new", None, newer, basis, True, why)
        if _analysed(row) not in self.newer_analyses:
            return Difference(row, "gone", older, None, basis, False, ONLY_OLDER)
        if basis is None and row.value == 0:  # a reason, a level, a term that nobody has any more
            return Difference(row, "gone", older, None, None, True, "it counted nobody")
        why = None if basis else ONLY_OLDER
        return Difference(row, "gone", older, None, basis, basis is not None, why)

    def _why_moved(self, older: Row, newer: Row, basis: str | None) -> str | None:
        """Return what no subject explains, or None."""
        if redefined := _redefinition(older, newer):
            return redefined
        if older.basis not in self.older.bases or newer.basis not in self.newer.bases:
            return "the files do not say which subjects it was computed from"
        if basis:
            return None
        if older.formula != newer.formula:
            return f"no subject changed; formula: {_pair(older.formula, newer.formula)}"
        return "no subject changed, nor method, level or formula"


def _analysed(row: Row) -> Analysed:
    return row.analysis, row.variant, row.group


def _content(row: Row) -> tuple[object, ...]:
    is_empty = row.value is None and row.code is None and row.date is None
    return row.value, row.code, row.date, row.note if is_empty else None


def _redefinition(older: Row, newer: Row) -> str | None:
    """Say what is defined otherwise: ``method: 'wilson' -> 'clopper-pearson'``."""
    differing = [name for name in DEFINITION if getattr(older, name) != getattr(newer, name)]
    pairs = [f"{name}: {_pair(getattr(older, name), getattr(newer, name))}" for name in differing]
    return "; ".join(pairs) or None


def _pair(older: object, newer: object) -> str:
    return " -> ".join("none" if one is None else str(one) for one in (older, newer))


def _redefined(
    before: Mapping[str, Row], after: Mapping[str, Row], differing: set[str]
) -> dict[str, str]:
    found = {}
    for name, row in after.items():
        if name in before and name not in differing and (what := _redefinition(before[name], row)):
            found[name] = what
    return found


def _taken_back(changes: Mapping[str, Sequence[Change]]) -> Iterator[Change]:
    """Yield the lost events, each subject once an endpoint, whatever the groups."""
    seen: set[tuple[str, str]] = set()
    for basis, of in changes.items():
        endpoint = basis.partition("/")[0]
        if endpoint.partition(".")[0] not in EVENTS:
            continue
        for change in of:
            key = (endpoint, change.subject_id)
            if key not in seen and _is_lost(change):
                seen.add(key)
                yield change


def _is_lost(change: Change) -> bool:
    before, after = change.older, change.newer
    if before is None or before.role != "event":
        return False
    return after is None or (after.role, after.value) != ("event", before.value)
