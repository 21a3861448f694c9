"""``onearm respond --recorded``: the recorded responses beside the derived ones.

For each evaluator and time point the target, non-target and overall response of
both sides; each disagreement with both reasons and its cause; a summary by
cause. Compares, and does not say who is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from onearm.clinical.causes import cause_of
from onearm.clinical.derived import TimePoint
from onearm.clinical.disagreements import pairs
from onearm.clinical.recorded import recorded_points
from onearm.clinical.records import Measurement, RecordedResponse, known_day
from onearm.clinical.subject import reference_date
from onearm.errors import Finding, InputError
from onearm.format import count_of, source_lines, text_table
from onearm.pipeline.observed import Observed, observe
from onearm.pipeline.respond import judge

CATEGORIES = ("target", "non_target", "overall")
HEADER = (
    "subject_id", "evaluator", "visit", "date",
    *(f"{side}_{category}" for category in CATEGORIES for side in ("recorded", "derived")),
    "agrees", "cause", "recorded_reason", "derived_reason", "recorded_sources", "derived_sources",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """One time point of one evaluator, from both sides; a missing side is None."""

    recorded: TimePoint | None
    derived: TimePoint | None
    cause: str | None  # None where the overall responses agree

    @property
    def point(self) -> TimePoint:
        """The side that is there, the recorded one first."""
        point = self.recorded or self.derived
        assert point is not None  # a pair has at least one side
        return point

    def differs_in(self) -> tuple[str, ...]:
        """Return the categories that were recorded otherwise; one not recorded is not compared."""
        if self.recorded is None or self.derived is None:
            return ("overall",)
        both = [(name, getattr(self.recorded, name), getattr(self.derived, name))
                for name in CATEGORIES]  # fmt: skip
        return tuple(name for name, theirs, ours in both if theirs is not None and theirs != ours)

    def as_json(self) -> dict[str, object]:
        """Return both sides; null where one has no response."""
        point, recorded, derived = self.point, self.recorded, self.derived
        found: dict[str, object] = {
            "subject_id": point.subject_id,
            "evaluator": point.evaluator,
            "visit": point.visit,
            "date": None if known_day(point.date) is None else point.date.isoformat(),
        }
        for category in CATEGORIES:
            found[f"recorded_{category}"] = getattr(recorded, category, None)
            found[f"derived_{category}"] = getattr(derived, category, None)
        return found | {
            "agrees": not self.differs_in(),
            "cause": self.cause,
            "recorded_reason": recorded.reason if recorded else None,
            "derived_reason": derived.reason if derived else None,
            "recorded_sources": source_lines(recorded.sources) if recorded else None,
            "derived_sources": source_lines(derived.sources) if derived else None,
        }


@dataclass(frozen=True, slots=True)
class RecordedAndDerived:
    """All time points, ordered by subject, evaluator and date, with what was noticed."""

    rows: tuple[Compared, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def causes(self) -> list[tuple[str, int]]:
        """How many time points have each cause, the most frequent first."""
        found = Counter(row.cause for row in self.rows if row.cause is not None)
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))

    def as_text(self) -> str:
        """Return the table, the reasons of what differs, and the summary by cause."""
        header = ("Subject", "Evaluator", "Visit", "Date", "Target", "Non-target", "Overall", "")
        rows = [
            (
                row.point.subject_id,
                row.point.evaluator,
                row.point.visit,
                str(row.point.date),
                *(_both(row, category) for category in CATEGORIES),
                "differs" if row.differs_in() else "",
            )
            for row in self.rows
        ]
        lines = [text_table(header, rows), ""]
        lines += ["A cell holds what was recorded; where it differs, recorded | derived.", ""]
        lines += [line for row in self.rows if row.differs_in() for line in self._reasons(row)]
        return "\n".join([*lines, *self._summary()])

    @staticmethod
    def _reasons(row: Compared) -> list[str]:
        """Return what both sides say of a time point on which they differ."""
        point = row.point
        lines = [f"{point.subject_id} {point.visit} {point.evaluator}"]
        for name, side in (("recorded", row.recorded), ("derived ", row.derived)):
            said = f"{side.reason}; {source_lines(side.sources)}" if side else "nothing"
            lines.append(f"    {name}  {said}")
        if row.cause is not None:
            lines.append(f"    cause     {row.cause}")
        return [*lines, ""]

    def _summary(self) -> list[str]:
        both = [row for row in self.rows if row.recorded is not None and row.derived is not None]
        equal = sum("overall" not in row.differs_in() for row in both)
        total = count_of(len(both), "time point")
        lines = [f"Overall response: {equal} agree of {total} that both sides have"]
        for evaluator in sorted({row.point.evaluator for row in self.rows}):
            own = [row for row in both if row.point.evaluator == evaluator]
            same = sum("overall" not in row.differs_in() for row in own)
            lines.append(f"  {evaluator}: {same} of {len(own)}")
        if self.causes:
            lines += ["", "What differs, by cause"]
            lines += [f"  {number:>4}  {cause}" for cause, number in self.causes]
        return lines

    def as_json(self) -> dict[str, object]:
        """Return the time points, and the summary by cause."""
        both = [row for row in self.rows if row.recorded is not None and row.derived is not None]
        return {
            "compared": len(both),
            "equal": sum("overall" not in row.differs_in() for row in both),
            "causes": [{"cause": cause, "count": number} for cause, number in self.causes],
            "time_points": [row.as_json() for row in self.rows],
            "findings": [str(finding) for finding in self.findings],
        }

    def write_csv(self, path: Path) -> None:
        """Write the time points as a table."""
        from onearm.io.csv import write_table

        found = [row.as_json() for row in self.rows]
        cells = [[_cell(row[name]) for name in HEADER] for row in found]
        write_table(path, HEADER, cells)


def _cell(value: object) -> object:
    return {True: "Y", False: "N"}[value] if isinstance(value, bool) else value


def _both(row: Compared, category: str) -> str:
    theirs, ours = getattr(row.recorded, category, None), getattr(row.derived, category, None)
    if row.recorded is not None and theirs is None:
        return f"- | {ours}" if ours else ""
    return str(theirs) if theirs == ours else f"{theirs or '-'} | {ours or '-'}"


def recorded_and_derived(
    source: Path | str,
    rules: Path | str | None = None,
    subjects: Path | str | None = None,
    subject: str | None = None,
) -> RecordedAndDerived:
    """Set the recorded responses of SOURCE beside the derived ones.

    Takes what :func:`~onearm.pipeline.respond.respond` takes.

    Raises
    ------
    InputError
        If SOURCE cannot be used, or holds no recorded response.
    """
    seen = observe(Path(source), rules, subjects)
    if not seen.responses:
        raise InputError(f"{source}: no recorded response; RS or responses.csv holds them")
    derived = judge(
        seen.lesions,
        seen.rules,
        seen.people,
        subject,
        with_irecist=False,
        markers=seen.markers,
        file=seen.file,
    )
    findings = (*seen.findings, *derived.warnings)
    return RecordedAndDerived(tuple(_compared(seen, derived.points, subject)), findings)


def _compared(seen: Observed, points: Sequence[TimePoint], only: str | None) -> Iterator[Compared]:
    people = {person.subject_id: person for person in seen.people or ()}
    recorded: dict[str, list[RecordedResponse]] = {}
    for row in seen.responses:
        if only is None or row.subject_id == only:
            recorded.setdefault(row.subject_id, []).append(row)
    evaluators = {row.evaluator for row in seen.responses}
    evaluators |= {lesion.evaluator for lesion in seen.lesions}
    rows_of: dict[tuple[str, str], list[Measurement]] = {}
    for lesion in seen.lesions:
        rows_of.setdefault((lesion.subject_id, lesion.evaluator), []).append(lesion)
    ours: dict[tuple[str, str], list[TimePoint]] = {}
    for point in points:
        ours.setdefault((point.subject_id, point.evaluator), []).append(point)
    for who in sorted(recorded):
        reference = reference_date(people[who], seen.rules) if who in people else None
        for evaluator in sorted(evaluators):
            theirs = recorded_points(recorded[who], evaluator, seen.primary)
            after = [p for p in theirs if reference is None or p.date > reference]
            own = rows_of.get((who, evaluator), [])
            if not own or not after:
                continue
            for left, right in pairs(ours.get((who, evaluator), []), after):
                cause = None
                if left is None or right is None or left.overall is not right.overall:
                    markers = seen.markers.get(who, ())
                    cause = cause_of(left, right, own, seen.rules, reference, markers)
                yield Compared(right, left, cause)
