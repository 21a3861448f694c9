"""The answer of ``onearm compare`` for two sets of results: what moved, and by whom.

Takes the comparison, gives text and JSON. The text shows the headline, then
each analysis, then each subject with both reasons and the rows; of a curve it
counts the steps, which the JSON holds one by one.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from onearm.clinical.records import Source
from onearm.format import count_of, difference, source_lines, text_table, with_unit
from onearm.results.cuts import Change, Cuts, Difference
from onearm.results.model import Contribution, Results, Row

HEADER = ("Result", "Older", "Newer", "Difference", "By")
CURVE = ("step:", "month:")
"""How the items of a curve begin."""
DECISIVE = ("role", "value", "new", "gone")
OF_ROLES = ("count", "total", "estimate", "events", "censored")
"""Statistics that follow from roles alone, where somebody has another one."""

LOST = "Events that the newer results do not hold on the same day (is SOURCE the older cut?)"
NAMED = 3
WIDTH = 96


@dataclass(frozen=True, slots=True)
class CutsCompared:
    """Two sets of results, with what differs; ``headline`` names the results shown first."""

    older_name: str
    newer_name: str
    older: Results
    newer: Results
    headline: tuple[str, ...]
    cuts: Cuts

    @property
    def exit_status(self) -> int:
        """1 when a difference is not explained, or an event of the older cut is taken back."""
        return int(bool(self.cuts.unexplained or self.cuts.taken_back))

    def as_text(self) -> str:
        """Return the headline, every difference by analysis, the subjects, and the counts."""
        lines = [f"Older: {self.older_name}", f"Newer: {self.newer_name}", *self._headline()]
        if self.cuts.unexplained:
            lines += ["", "Not explained by any subject", *_why(self.cuts.unexplained)]
        if self.cuts.taken_back:
            lines += ["", LOST]
            lines += [line for one in self.cuts.taken_back for line in _taken_back(one)]
        by_analysis: dict[str, list[Difference]] = {}
        for one in self.cuts.differences:
            by_analysis.setdefault(one.row.analysis, []).append(one)
        for analysis, found in by_analysis.items():
            lines += ["", analysis, *self._analysis(found)]
        if self.cuts.redefined:
            lines += ["", "The same number, defined otherwise"]
            lines += [f"  {name}: {what}" for name, what in self.cuts.redefined.items()]
        lines += [*self._subjects(), "", self.summary_text()]
        return "\n".join(lines)

    def _headline(self) -> list[str]:
        before, after = self.older.by_id(), self.newer.by_id()
        names = [name for name in self.headline if name in before or name in after]
        found = {one.id: one for one in self.cuts.differences}
        rows = [
            self._cells(name, before.get(name), after.get(name), found.get(name)) for name in names
        ]
        return ["", "Headline", text_table(HEADER, rows)] if rows else []

    def _cells(
        self, name: str, older: Row | None, newer: Row | None, one: Difference | None
    ) -> tuple[str, ...]:
        moved = one.state if one else "same"
        if older and newer and one:
            alike = with_unit(older) == with_unit(newer)
            moved = difference(older, newer) or ("another note" if alike else moved)
        return name, with_unit(older), with_unit(newer), moved, self._by(one) if one else ""

    def _by(self, one: Difference) -> str:
        if one.why:
            return "not explained" if not one.is_explained else one.why
        subjects = list(dict.fromkeys(c.subject_id for c in self._changes(one)))
        return ", ".join(subjects) if len(subjects) <= NAMED else count_of(len(subjects), "subject")

    def _changes(self, one: Difference) -> tuple[Change, ...]:
        changes = _chosen(self.cuts.changes.get(one.basis or "", ()))
        if one.row.statistic not in OF_ROLES:
            return changes
        return tuple(c for c in changes if _has_other_role(c)) or changes

    def _analysis(self, found: Sequence[Difference]) -> list[str]:
        shown = [one for one in found if not _is_of_curve(one.row)]
        lines = []
        if shown:
            rows = [self._cells(one.id, one.older, one.newer, one) for one in shown]
            lines.append(text_table(HEADER, rows))
        if curve := [one.state for one in found if _is_of_curve(one.row)]:
            counts = Counter(curve)
            words = ", ".join(f"{counts[name]} {name}" for name in ("moved", "new", "gone"))
            lines.append(f"Steps and numbers at risk of the curves: {words} (with --json each)")
        return lines

    def _subjects(self) -> list[str]:
        """Return each subject with its changes, one for all bases in which it is the same."""
        by_subject: dict[str, dict[tuple[object, ...], list[Change]]] = {}
        reasons_alone: Counter[str] = Counter()
        for changes in self.cuts.changes.values():
            decisive = _chosen(changes)
            reasons_alone.update(c.subject_id for c in changes if c not in decisive)
            for change in decisive:
                alike = by_subject.setdefault(change.subject_id, {})
                alike.setdefault(_outcome(change), []).append(change)
        lines: list[str] = ["", "Subjects"] if by_subject else []
        for subject_id in sorted(by_subject):
            lines.append(subject_id)
            for alike_changes in by_subject[subject_id].values():
                lines += _told(alike_changes)
        if total := sum(reasons_alone.values()):
            times = count_of(total, "time")
            lines += ["", f"Another reason for the same role and value: {times} (with --json each)"]
        return lines

    def summary_text(self) -> str:
        """Return the counts in one sentence."""
        counts = self._counts()
        subjects = count_of(counts["subjects"], "subject")
        back = counts["events_taken_back"]
        lost = f"; {count_of(back, 'event')} taken back" if back else ""
        same = count_of(counts["same"], "result")
        return (
            f"{same} the same, {counts['moved']} moved, {counts['new']} new, "
            f"{counts['gone']} gone, by {subjects}; {counts['unexplained']} not explained{lost}"
        )

    def _counts(self) -> dict[str, int]:
        states = Counter(one.state for one in self.cuts.differences)
        subjects = {c.subject_id for of in self.cuts.changes.values() for c in _chosen(of)}
        return {
            "same": self.cuts.same,
            **{state: states[state] for state in ("moved", "new", "gone")},
            "defined_otherwise": len(self.cuts.redefined),
            "subjects": len(subjects),
            "unexplained": len(self.cuts.unexplained),
            "events_taken_back": len(self.cuts.taken_back),
        }

    def as_json(self) -> dict[str, object]:
        """Return the counts, every difference, and every changed subject of each basis."""
        changes = [change for of in self.cuts.changes.values() for change in of]
        return {
            "older": self.older_name,
            "newer": self.newer_name,
            "summary": self._counts(),
            "differences": [_difference_json(one) for one in self.cuts.differences],
            "changes": [_change_json(change) for change in changes],
            "defined_otherwise": dict(self.cuts.redefined),
            "events_taken_back": [_change_json(change) for change in self.cuts.taken_back],
        }


def _is_of_curve(row: Row) -> bool:
    return (row.item or "").startswith(CURVE)


def _chosen(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return who counts otherwise, or where nobody does, whose reason or rows differ."""
    return tuple(c for c in changes if c.what in DECISIVE) or tuple(changes)


def _has_other_role(change: Change) -> bool:
    return change.what in ("role", "new", "gone")


def _outcome(change: Change) -> tuple[object, ...]:
    pair = (change.older, change.newer)
    return tuple((one.role, one.value, one.reason) if one else None for one in pair)


def _told(changes: Sequence[Change]) -> Iterator[str]:
    """Yield one change of a subject, with the results that rest on it."""
    bases = list(dict.fromkeys(change.basis for change in changes))
    more = f" and {len(bases) - NAMED} more" if len(bases) > NAMED else ""
    yield f"  {', '.join(bases[:NAMED])}{more}"
    change = changes[0]
    yield from _wrapped(f"older: {_said(change.older)}", "    ")
    yield from _wrapped(f"newer: {_said(change.newer)}", "    ")
    for name, rows in (("older", change.older_rows), ("newer", change.newer_rows)):
        if rows:
            yield from _wrapped(f"rows of the {name} only: {source_lines(rows)}", "    ")


def _said(one: Contribution | None) -> str:
    if one is None:
        return "not among the subjects"
    value = f", {one.value}" if one.value else ""
    return f"{one.role}{value}: {one.reason}"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")


def _why(found: Iterable[Difference]) -> Iterator[str]:
    for one in found:
        moved = difference(one.older, one.newer) if one.older and one.newer else ""
        by = f" ({moved})" if moved else ""
        yield f"  {one.id}: {with_unit(one.older)} -> {with_unit(one.newer)}{by}"
        yield f"      {one.why}"


def _taken_back(change: Change) -> Iterator[str]:
    yield f"  {change.basis}  {change.subject_id}"
    yield from _wrapped(f"older: {_said(change.older)}", "      ")
    yield from _wrapped(f"newer: {_said(change.newer)}", "      ")


def _difference_json(one: Difference) -> dict[str, object]:
    older, newer = one.older, one.newer
    return {
        "id": one.id,
        "analysis": one.row.analysis,
        "state": one.state,
        "older": _row_json(older),
        "newer": _row_json(newer),
        "difference": (difference(older, newer) or None) if older and newer else None,
        "is_explained": one.is_explained,
        "why": one.why,
        "basis": one.basis,
    }


def _row_json(row: Row | None) -> dict[str, object] | None:
    if row is None:
        return None
    date = None if row.date is None else row.date.isoformat()
    return {
        "text": with_unit(row),
        "value": row.value,
        "code": row.code,
        "date": date,
        "note": row.note,
    }


def _change_json(change: Change) -> dict[str, object]:
    return {
        "basis": change.basis,
        "subject_id": change.subject_id,
        "what": change.what,
        "older": _contribution_json(change.older),
        "newer": _contribution_json(change.newer),
        "older_rows": _rows_json(change.older_rows),
        "newer_rows": _rows_json(change.newer_rows),
    }


def _contribution_json(one: Contribution | None) -> dict[str, object] | None:
    return None if one is None else {"role": one.role, "value": one.value, "reason": one.reason}


def _rows_json(rows: Iterable[Source]) -> list[dict[str, object]]:
    return [{"file": row.file, "line": row.line} for row in rows]
