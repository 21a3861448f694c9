"""Every criterion's form, read together: the trees, and the facts that they need.

Takes the eligibility section with the document that it came from, gives one
tree a criterion, one entry a fact, and every problem with line and column: a
form that cannot be read, a fact used as two kinds, a word that was not
declared. Knows no patient.

A criterion without a form is for an investigator to judge: ``judged(i03)``;
one that is permissive never fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from onearm.errors import Finding, nearest
from onearm.protocol.criteria import SEX, SEXES, FactKind, Judged, May, Node, Use, uses
from onearm.protocol.criteria_grammar import CriterionError, parse_criterion
from onearm.protocol.criteria_text import form_of
from onearm.protocol.document import Document, Path
from onearm.protocol.eligibility import Criterion, DeclaredFact, Eligibility

COLUMNS = (
    "subject_id", "fact", "value", "unit", "date", "until", "lln", "uln", "laboratory", "by",
    "confirmed", "type", "hint", "data_origin",
)  # fmt: skip
"""What a row of facts may hold beside attributes; no attribute has one of these names."""
FIRST_DOSE = "first_dose"
"""The day before which samples count."""


class Fact(NamedTuple):
    """One fact that the criteria of a study look at.

    ``words`` are what it may be, where it is a word; ``criteria`` say who needs
    it. An attribute of a list is named ``list.attribute``.
    """

    name: str
    kind: FactKind
    unit: str
    words: tuple[str, ...]
    label: str
    criteria: tuple[str, ...]


class Forms(NamedTuple):
    """The trees by criterion, and the facts in the order in which they are needed."""

    trees: Mapping[str, Node]
    facts: Mapping[str, Fact]

    def attributes(self, events: str) -> dict[str, Fact]:
        """Return the attributes of a list of events, by their own names."""
        start = f"{events}."
        return {
            name.removeprefix(start): fact
            for name, fact in self.facts.items()
            if name.startswith(start)
        }


def read_forms(eligibility: Eligibility, document: Document) -> tuple[Forms, list[Finding]]:
    """Return the forms that can be read, and what is wrong with the others."""
    reading = _Reading(document, {item.id: item for item in eligibility.facts})
    for section, criteria in (
        ("inclusion", eligibility.inclusion),
        ("exclusion", eligibility.exclusion),
    ):
        for position, criterion in enumerate(criteria):
            reading.take(criterion, ("eligibility", section, position, "form"))
    reading.check_declared(eligibility)
    return Forms(reading.trees, reading.facts), reading.findings


class _Reading:
    def __init__(self, document: Document, declared: Mapping[str, DeclaredFact]) -> None:
        self.document = document
        self.declared = declared
        self.trees: dict[str, Node] = {}
        self.facts: dict[str, Fact] = {}
        self.findings: list[Finding] = []

    def take(self, criterion: Criterion, path: Path) -> None:
        """Read one form."""
        if criterion.form is None:
            tree: Node = Judged(criterion.id.lower())
        else:
            try:
                tree = parse_criterion(criterion.form)
            except CriterionError as error:
                self._problem("form", path, error.at, str(error))
                return
        if criterion.is_permissive and not isinstance(tree, May):
            tree = May(tree)
        self.trees[criterion.id] = tree
        found = list(uses(tree))
        if any(use.kind is FactKind.LAB for use in found):
            found.append(Use(FIRST_DOSE, FactKind.DATE, "", (), 0))
        for use in found:
            for at, message in self._use(use, criterion.id):
                self._problem("form-fact", path, at, message)

    def _use(self, use: Use, criterion: str) -> Iterator[tuple[int, str]]:
        """Take note of a fact; yield where it contradicts what is known of it."""
        known, declared = self.facts.get(use.fact), self.declared.get(use.fact)
        attribute = use.fact.partition(".")[2]
        if attribute in COLUMNS:
            yield use.at, f"{attribute!r} is a column of the facts and no attribute of an event"
        if known is not None and known.kind is not use.kind:
            kinds = f"{use.fact} is used as {use.kind}; in {known.criteria[0]} it is {known.kind}"
            yield use.at, kinds
            return
        words = (declared.values or () if declared else ()) or known_words(use.fact)
        if use.kind in {FactKind.WORD, FactKind.WORDS}:
            if not words:
                yield use.at, f"{use.fact} needs its values under eligibility.facts"
            for word in use.words:
                if words and word not in words:
                    hint = nearest(word, words) or f"; its values are {', '.join(words)}"
                    yield use.at, f"{word!r} is no value of {use.fact}{hint}"
        label = declared.label or "" if declared else ""
        before = known or Fact(use.fact, use.kind, use.unit, words, label, ())
        criteria = tuple(dict.fromkeys([*before.criteria, criterion]))
        unit = before.unit if before.unit not in {"", "ULN", "LLN"} else use.unit or before.unit
        if use.kind is FactKind.LAB:
            words = tuple(dict.fromkeys([*before.words, *use.words]))
        self.facts[use.fact] = before._replace(criteria=criteria, unit=unit, words=words)

    def check_declared(self, eligibility: Eligibility) -> None:
        """Report declared facts that no form looks at: one of the two is misspelt."""
        for position, item in enumerate(eligibility.facts):
            if item.id not in self.facts and not self.findings:
                message = f"no form looks at {item.id!r}{nearest(item.id, self.facts)}"
                self._problem("form-fact", ("eligibility", "facts", position, "id"), 0, message)

    def _problem(self, code: str, path: Path, at: int, message: str) -> None:
        written = _written(self.document, path)
        place = self.document.place_inside(written, at)
        place = place._replace(field=(place.field or "").removesuffix(".value"))
        text = f"{place.field}: {message}"
        self.findings.append(Finding("error", code, text, place))


def _written(document: Document, path: Path) -> Path:
    """Return the path in the file, where a value may stand as `{value: X, assumed: why}`."""
    here: Path = ()
    for step in (*path, None):
        found = document.at(here)
        if isinstance(found, dict) and "assumed" in found:
            here = (*here, "value")
        if step is not None:
            here = (*here, step)
    return here


def known_words(fact: str) -> tuple[str, ...]:
    """Return the words of a fact that needs no declaration."""
    return SEXES if fact == SEX else ()


def explained(forms: Forms, criterion: str) -> list[Fact]:
    """Return the facts that one criterion needs."""
    return [fact for fact in forms.facts.values() if criterion in fact.criteria]


def canonical(forms: Forms, criterion: str) -> str:
    """Return the form of a criterion as it is understood."""
    return form_of(forms.trees[criterion])
