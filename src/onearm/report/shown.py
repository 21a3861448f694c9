"""Result rows as they are shown: each number a span with its result's id.

Takes all results and the format profile; every number is made by
``onearm.format``. A row that does not exist shows an em dash, because it does
not apply. Knows no table and no figure.
"""

from __future__ import annotations

from onearm import format as fmt
from onearm.protocol.model import Protocol
from onearm.report.material import Material
from onearm.report.model import Phrase, Span, phrase
from onearm.results.model import Results, Row, slug

NO_BREAK = "\N{NO-BREAK SPACE}"


def position(row: Row) -> int | float:
    """Return where a result stands on its scale, to draw, sort or select it by.

    The one place of the report that reads a value; text is made by ``format``.
    """
    if row.value is None:
        raise ValueError(f"{row.id} has no value")
    return row.value


class Shown:
    """The results of one study, looked up by id and given as text."""

    def __init__(
        self,
        results: Results,
        protocol: Protocol,
        material: Material | None = None,
        profile: fmt.ProfileName | None = None,
    ) -> None:
        self.results = results
        self.protocol = protocol
        self.material = material or Material()
        self.rows = results.by_id()
        self._by_head: dict[tuple[str, ...], list[Row]] = {}
        self.profile: fmt.ProfileName = profile or protocol.format
        self.level = fmt.closed(fmt.level_text(protocol.analysis.level))
        self.groups: dict[str, str] = {
            "all": "Total",
            **{subgroup.id: subgroup.label for subgroup in protocol.subgroups},
        }

    @property
    def drugs(self) -> dict[str, str]:
        """What each drug is called, by its name as it stands in ids."""
        return {slug(one.name): one.label or one.name for one in self.protocol.treatment.drugs}

    @property
    def after_ci(self) -> str:
        """What stands between 'CI' and its limits, which may themselves hold a comma."""
        return "," if self.separator == fmt.EN_DASH else ":"

    @property
    def separator(self) -> str:
        """What stands between two limits."""
        return fmt.PROFILES[self.profile].interval_separator

    @property
    def range_mark(self) -> str:
        """What stands between a minimum and a maximum."""
        return fmt.EN_DASH if self.profile == "journal" else " - "

    @property
    def unknown(self) -> str:
        """What stands for a number that cannot be given, as a footnote explains it."""
        reached = fmt.PROFILES[self.profile].not_reached
        if reached == fmt.NOT_ESTIMABLE:
            return f"{fmt.NOT_ESTIMABLE}, not estimable or, of a median, not reached."
        return f"{reached}, not reached; {fmt.NOT_ESTIMABLE}, not estimable."

    @property
    def sign(self) -> str:
        """The percent sign of a cell: a journal prints it in the heading only."""
        return "" if self.profile == "journal" else "%"

    def row(self, result_id: str) -> Row | None:
        """Return a row, or None where it does not exist."""
        return self.rows.get(result_id)

    def has_value(self, result_id: str) -> bool:
        """Return whether a result exists and is not null."""
        return fmt.has_number(self.row(result_id))

    def value(self, result_id: str) -> Span:
        """Return one result as it is printed."""
        row = self.row(result_id)
        text = fmt.result(row, self.profile)
        return Span(text) if row is None else Span(text, result_id, row.kind.value)

    def has_any(self, *analyses: str) -> bool:
        """Return whether one of these analyses has a result."""
        return any(row.analysis in analyses for row in self.results.rows)

    def value_with_unit(self, result_id: str) -> Phrase:
        """Return one result and its unit: '36.67%', '7.85 months'."""
        row = self.row(result_id)
        if row is None or not fmt.has_number(row) or not fmt.unit_of(row):
            return phrase(self.value(result_id))
        unit = fmt.unit_of(row)
        return phrase(self.value(result_id), unit if unit == "%" else f"{NO_BREAK}{unit}")

    def is_zero(self, result_id: str) -> bool:
        """Return whether a count is zero."""
        row = self.row(result_id)
        return row is not None and fmt.has_number(row) and position(row) == 0

    def count_and_percent(self, count_id: str, estimate_id: str) -> Phrase:
        """Return '11 (36.67)'; a zero count stands alone."""
        if self.row(count_id) is None or self.is_zero(count_id) or not self.has_value(estimate_id):
            return phrase(self.value(count_id))
        return phrase(self.value(count_id), " (", self.value(estimate_id), f"{self.sign})")

    def interval(self, lower_id: str, upper_id: str) -> Phrase:
        """Return two limits: '19.93-56.14' (journal), '(19.93, 56.14)' (csr)."""
        lower, upper = self.value(lower_id), self.value(upper_id)
        if lower.result is None and upper.result is None:
            return phrase(fmt.NOT_APPLICABLE)
        limits = phrase(lower, self.separator, upper)
        return limits if self.profile == "journal" else phrase("(", limits, ")")

    def limits(self, lower_id: str, upper_id: str) -> Phrase:
        """Return two limits within a sentence: '95% CI, 19.93-56.14', '95% CI: 15, 51' (label)."""
        return phrase(f"{self.level} CI{self.after_ci} ", self.between(lower_id, upper_id))

    def between(self, lower_id: str, upper_id: str) -> Phrase:
        """Return two limits that stand in brackets already: '19.93-56.14', '15, 51'."""
        return phrase(self.value(lower_id), self.separator, self.value(upper_id))

    def items(self, analysis: str, group: str, prefix: str, statistic: str) -> list[Row]:
        """Return the rows of the items that begin with ``prefix``, in planned order."""
        if not self._by_head:
            for row in self.results.rows:
                self._by_head.setdefault(tuple(row.id.split("/", 2)[:2]), []).append(row)
        head = f"{analysis}/{group}/{prefix}"
        tail = f"/{statistic}"
        rows = self._by_head.get((analysis, group), ())
        return [row for row in rows if row.id.startswith(head) and row.id.endswith(tail)]

    def share(self, head: str) -> Phrase:
        """Return how many and which part of all: '11 (36.67)', of the id without statistic."""
        return self.count_and_percent(f"{head}/count", f"{head}/estimate")

    def mean(self, head: str) -> Phrase:
        """Return mean and standard deviation: '14.7 (12.8)'."""
        if not self.has_value(f"{head}/mean"):
            return phrase(fmt.NOT_APPLICABLE)
        return phrase(self.value(f"{head}/mean"), " (", self.value(f"{head}/sd"), ")")

    def median(self, head: str) -> Phrase:
        """Return median and range: '8.0 (2.0-37.0)'."""
        if not self.has_value(f"{head}/median"):
            return phrase(fmt.NOT_APPLICABLE)
        ends = (self.value(f"{head}/minimum"), self.range_mark, self.value(f"{head}/maximum"))
        return phrase(self.value(f"{head}/median"), " (", *ends, ")")

    def subjects(self, result_id: str) -> tuple[str, ...]:
        """Return the subjects that a result counts."""
        row = self.row(result_id)
        basis = self.results.bases.get(row.basis) if row is not None and row.basis else None
        return () if basis is None else tuple(one.subject_id for one in basis.contributions)

    def left_out(self, result_id: str) -> tuple[tuple[str, str], ...]:
        """Return the subjects that a result does not count, each with the reason."""
        row = self.row(result_id)
        basis = self.results.bases.get(row.basis) if row is not None and row.basis else None
        found = () if basis is None else basis.contributions
        return tuple((one.subject_id, one.reason) for one in found if one.role == "not counted")

    def total(self, *result_ids: str) -> Span | None:
        """Return the first of these results that exists, for the heading of a column."""
        return next((self.value(one) for one in result_ids if one in self.rows), None)
