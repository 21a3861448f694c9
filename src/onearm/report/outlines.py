"""The two outlines of a report: a paper, and a clinical study report in the order of ICH E3.

An outline says which tables, figures, listings and sentences stand where, and
numbers them. Both show the same results. Computes nothing and knows no format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from onearm import format as fmt
from onearm.report.catalogue import ENTRIES, Entry, build_table, find_entry
from onearm.report.model import (
    Block,
    Facts,
    Figure,
    Paragraph,
    Phrase,
    Section,
    Table,
    phrase,
)
from onearm.report.sentences import (
    patient_sentences,
    response_sentences,
    safety_sentences,
    time_sentences,
)
from onearm.report.shown import Shown
from onearm.report.wording import methods

Outline = Literal["paper", "csr"]

NO_FIGURES = (
    "This report was made without its figures, because matplotlib is not installed. "
    "With it they appear here:  pip install 'onearm[report]'"
)
NO_RESULTS = (Paragraph(phrase("The study brings no results of this kind.")),)
RESULTS = (  # id, title, sentences, figures, tables of the paper, in their order
    ("patients", "Patients", patient_sentences, ("flow",), ("baseline",)),
    ("response", "Response", response_sentences, ("waterfall", "spider", "swimmer"),
     ("response",)),
    ("times", "Survival", time_sentences, ("pfs", "os"), ()),
    ("safety", "Safety", safety_sentences, (), ("related-events",)),
)  # fmt: skip
SUPPLEMENT = (
    "primary",
    "all-related-events", "flow", "disposition", "screen-failures", "deviations", "exposure",
    "response-by-subgroup", "times", "duration-of-response", "censoring", "moved",
    "beyond-progression", "biomarker-response", "biomarker-pfs", "biomarker-os", "safety",
    "safety-by-drug", "common-events", "emergent-events", "related-events-by-drug",
    "special-interest", "immune-incidence", "immune-outcome", "deaths", "laboratory-grades",
    "laboratory-shift", "laboratory-abnormal", "hys-law", "sites", "estimands", "readings",
    "comparators",
)  # fmt: skip
AFTER = ("published", "assumptions", "findings")
PARTS = {  # of ICH E3
    "14.1": "Demographic data",
    "14.2": "Efficacy data",
    "14.3": "Safety data",
    "16.2.1": "Discontinued patients",
    "16.2.2": "Protocol deviations",
    "16.2.3": "Patients excluded",
    "16.2.4": "Demographic data",
    "16.2.5": "Compliance",
    "16.2.6": "Individual efficacy response data",
    "16.2.7": "Adverse event listings",
    "16.2.8": "Individual laboratory measurements",
}
FIGURE_PARTS = {"14.1": ("flow", "accrual"), "14.3": ("irae", "trae", "ae", "dose", "lab", "hys")}
"""By how the names of the figures begin; the others are of efficacy."""
ON_DEMAND = ("listing-labs",)
"""Listings that ICH E3 (16.2.8) wants only where an authority asks for them."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What an outline puts in order; ``recorded`` are times that were taken as recorded."""

    shown: Shown
    figures: tuple[Figure, ...]
    has_figures: bool
    provenance: Mapping[str, object]
    recorded: Collection[str]

    def methods(self) -> Facts:
        """Return the methods, by what they are about."""
        return Facts(methods(self.shown, self.provenance, self.recorded))

    def table(self, name: str, number: str) -> Block:
        """Return a table by name, under a number."""
        return build_table(find_entry(name), self.shown, number)


def sections_of(outline: Outline, contents: Contents) -> tuple[Section, ...]:
    """Return the sections of a report in the order of an outline."""
    ordered: dict[str, Callable[[Contents], Iterator[Section]]] = {"paper": _paper, "csr": _csr}
    return tuple(section for section in ordered[outline](contents) if section is not None)


def _paper(contents: Contents) -> Iterator[Section]:
    count = Counter[str]()

    def numbered(kind: str) -> str:
        count[kind] += 1
        return f"{kind}{count[kind]}"

    def figures(wanted: Iterable[str] | None, kind: str) -> Iterator[Figure]:
        for figure in contents.figures:
            if figure.id not in taken and (wanted is None or _name(figure) in wanted):
                taken.add(figure.id)
                yield replace(figure, number=numbered(kind))

    taken: set[str] = set()
    yield Section("methods", "Methods", (contents.methods(),))
    yield Section("results", "Results", _without_figures(contents))
    for anchor, title, sentences, drawn, tables in RESULTS:
        told = _paragraph(sentences(contents.shown))
        shown = tuple(contents.table(name, numbered("Table ")) for name in tables)
        yield Section(anchor, title, (*told, *shown, *figures(drawn, "Figure ")), 2)
    supplement = [
        replace(table, number=numbered("Table S"))
        for table in _supported(map(find_entry, SUPPLEMENT), contents)
    ]
    yield Section("supplement", "Supplement", (*supplement, *figures(None, "Figure S")))
    yield from _end(contents, numbered)


def _supported(entries: Iterable[Entry], contents: Contents) -> list[Table]:
    """Return the tables that the study's data support, without a number."""
    made = (build_table(entry, contents.shown) for entry in entries)
    return [table for table in made if table.lines]


def _end(contents: Contents, numbered: Callable[[str], str]) -> Iterator[Section]:
    comparisons = contents.shown.material.comparisons
    if comparisons:
        verdicts = [one.verdict for one in comparisons]
        counted = ", ".join(
            f"{verdicts.count(one)} {one}" for one in dict.fromkeys(sorted(verdicts))
        )
        text = f"{fmt.count_of(len(verdicts), 'published number')}: {counted}."
        of_paper = (entry for entry in ENTRIES if not entry.part)
        printed = [
            replace(table, number=numbered("Table S")) for table in _supported(of_paper, contents)
        ]
        blocks = (Paragraph(phrase(text), is_quoted=True), *printed,
                  contents.table("published", numbered("Table S")))  # fmt: skip
        yield Section("published", "Published beside recomputed", blocks)
    for name, title in (("assumptions", "Assumptions"), ("findings", "Data findings")):
        yield Section(name, title, (contents.table(name, numbered("Table S")),))
    if contents.provenance:
        yield _provenance(contents.provenance)


def _csr(contents: Contents) -> Iterator[Section]:
    yield Section("plan", "9 Investigational plan", ())
    names = ("estimands", "assumptions")
    tables = [contents.table(name, f"Table 9.{i}") for i, name in enumerate(names, 1)]
    yield Section("methods", "9.7 Statistical methods", (contents.methods(), *tables), 2)
    told = {anchor: _paragraph(sentences(contents.shown)) for anchor, _, sentences, *_ in RESULTS}
    yield Section("patients", "10 Study patients", (*_without_figures(contents), *told["patients"]))
    efficacy = (*told["response"], *told["times"])
    yield Section("response", "11 Efficacy evaluation", efficacy or NO_RESULTS)
    yield Section("safety", "12 Safety evaluation", told["safety"] or NO_RESULTS)
    yield Section("part-14", "14 Tables and figures referred to in the text", ())
    for part in ("14.1", "14.2", "14.3"):
        yield Section(f"part-{part}", f"{part} {PARTS[part]}", tuple(_part(contents, part)), 2)
    yield Section("part-16", "16 Appendices", ())
    listings = dict.fromkeys(one.part for one in ENTRIES if one.is_listing)
    for part in sorted(listings):
        yield Section(f"part-{part}", f"{part} {PARTS[part]}", tuple(_part(contents, part)), 2)
    findings = contents.table("findings", "Table 16.3")
    yield Section("findings", "16.3 Findings in the data", (findings,), 2)
    if contents.provenance:
        yield _provenance(contents.provenance)


def _part(contents: Contents, part: str) -> Iterator[Block]:
    """Yield the tables of a part, or its listings, then its figures, each numbered within it."""
    entries = [one for one in ENTRIES if one.part == part and one.name not in ON_DEMAND]
    word = "Listing" if part.startswith("16") else "Table"
    for place, entry in enumerate(entries, 1):
        yield contents.table(entry.name, f"{word} {part}.{place}")
    figures = [one for one in contents.figures if _part_of(one) == part]
    for place, figure in enumerate(figures, 1):
        yield replace(figure, number=f"Figure {part}.{place}")


def _name(figure: Figure) -> str:
    return figure.id.removeprefix("figure-")


def _part_of(figure: Figure) -> str:
    for part, heads in FIGURE_PARTS.items():
        if _name(figure).startswith(heads):
            return part
    return "14.2"


def _paragraph(sentences: Iterable[Phrase]) -> tuple[Paragraph, ...]:
    """Return sentences as one paragraph, or none."""
    spans = [part for sentence in sentences for part in (sentence, " ")]
    return (Paragraph(phrase(*spans[:-1])),) if spans else ()


def _without_figures(contents: Contents) -> tuple[Paragraph, ...]:
    return () if contents.has_figures else (Paragraph(phrase(NO_FIGURES)),)


def _provenance(provenance: Mapping[str, object]) -> Section:
    items: list[tuple[str, str]] = []
    for name, found in provenance.items():
        words = name.replace("_", " ")
        if isinstance(found, Mapping):
            items += [(f"{words}: {key}", str(value)) for key, value in found.items()]
        elif found is not None and name != "notice":
            items.append((words, str(found)))
    return Section("provenance", "Where the numbers come from", (Facts(tuple(items)),))
