"""The report as a document: title block, headlines, sections, and every trace.

Takes protocol, results, derived answers, comparisons, findings and
provenance, gives one neutral ``Document`` that each renderer writes in its
format. Computes nothing and knows no format.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from onearm import format as fmt
from onearm.clinical.derived import SubjectCourse
from onearm.clinical.records import SubjectRecords
from onearm.errors import Finding
from onearm.protocol.model import Protocol
from onearm.report.figures import Answers, Trial
from onearm.report.gallery import draw_figures
from onearm.report.listings import assumption_table, finding_table, published_table
from onearm.report.model import (
    Block,
    Document,
    Facts,
    Figure,
    Paragraph,
    Section,
    TracedBasis,
    TracedResult,
    TracedSubject,
    phrase,
    phrases_of,
)
from onearm.report.readings import reading_table
from onearm.report.safety_tables import emergent_table, exposure_table, laboratory_table
from onearm.report.sensitivity import estimand_table, moved_table, sensitivity_table
from onearm.report.shown import Shown
from onearm.report.tables import (
    adverse_event_table,
    baseline_table,
    flow_table,
    response_table,
    safety_table,
    time_table,
)
from onearm.report.wording import headlines, methods
from onearm.results.model import Basis, Comparison, Results, Row

NO_FIGURES = (
    "This report was made without its figures, because matplotlib is not installed. "
    "With it they appear here:  pip install 'onearm[report]'"
)
ABSENT = {
    "orr": "Not computed: the study brings no responses.",
    "ae": "Not computed: the study brings no adverse events.",
}
IDS = re.compile(r'id="([^"#]+)')


def build_report(
    protocol: Protocol,
    results: Results,
    derived: Sequence[Answers],
    comparisons: Sequence[Comparison] = (),
    findings: Sequence[Finding] = (),
    provenance: Mapping[str, object] | None = None,
    *,
    records: Sequence[SubjectRecords] = (),
    courses: Sequence[SubjectCourse] = (),
    with_figures: bool = True,
) -> Document:
    """Build the report of one study.

    Parameters
    ----------
    protocol, results
        The plan, and every result of it.
    derived
        The answers about each subject, for the marks of the figures.
    comparisons, findings
        Published numbers beside ours; what was found in the data.
    provenance
        What the results came from: names and texts, or one further level of
        them. ``notice`` stands over the whole report, where it is given.
        Holds no time, so that the same inputs give the same bytes.
    records, courses
        Each subject's records, and the course by day, for the figures that show them.
    with_figures
        Whether matplotlib is there to draw; without figures the report says
        how to get them.
    """
    about = dict(provenance or {})
    shown = Shown(results, protocol)
    figures = draw_figures(Trial(shown, derived, records, courses)) if with_figures else ()
    recorded = {
        event.endpoint for one in derived for event in one.events.values() if event.start is None
    }
    sections = tuple(
        _sections(shown, figures, comparisons, findings, about, with_figures, recorded)
    )
    first = tuple(headlines(shown))
    printed = [
        *(span.result for _, spans in first for span in spans),
        *(
            span.result
            for section in sections
            for block in section.blocks
            for spans in phrases_of(block)
            for span in spans
        ),
        *(found for figure in figures for found in IDS.findall(figure.svg)),
    ]
    traces = _traces(shown, (name for name in printed if name))
    kept = dict.fromkeys(one.basis for one in traces.values() if one.basis)
    return Document(
        protocol.study.title,
        protocol.study.id,
        str(about["notice"]) if about.get("notice") else None,
        _title_block(protocol),
        first,
        sections,
        traces,
        {name: _basis(results.bases[name]) for name in kept},
    )


def _title_block(protocol: Protocol) -> Facts:
    study = protocol.study
    numbers = "; ".join(
        f"{one.id} ({one.registry}{f', printed as {one.printed_as}' if one.printed_as else ''})"
        for one in study.identifiers
    )
    drugs = "; ".join(
        f"{drug.label or drug.name} {drug.amount}, {drug.route}"
        for drug in protocol.treatment.drugs
    )
    items = (
        ("Identifiers", numbers),
        ("Phase", study.phase),
        ("Condition", "; ".join(study.conditions)),
        ("Treatment", f"{study.arm.title}: {drugs}"),
        ("Sponsor", study.sponsor or ""),
        ("Planned enrolment", str(study.enrolment.planned)),
        ("Data cut-off", study.data_cutoff.isoformat() if study.data_cutoff else "none"),
    )
    return Facts(tuple((name, text) for name, text in items if text))


def _sections(
    shown: Shown,
    figures: Iterable[Figure],
    comparisons: Sequence[Comparison],
    findings: Sequence[Finding],
    provenance: Mapping[str, object],
    with_figures: bool,
    recorded: Collection[str],
) -> Iterator[Section]:
    drawn = {figure.id: figure for figure in figures}
    groups = tuple(shown.groups)

    def figure(*names: str) -> list[Block]:
        if not with_figures:
            return [Paragraph(phrase(NO_FIGURES))]
        return [drawn[f"figure-{name}"] for name in names if f"figure-{name}" in drawn]

    yield Section(
        "patients",
        "Patients",
        (*figure("flow"), flow_table(shown), baseline_table(shown)),
    )
    response: list[Block] = [response_table(shown, groups), *figure("waterfall", "swimmer")]
    safety: list[Block] = [adverse_event_table(shown), safety_table(shown)]
    further = (emergent_table(shown), laboratory_table(shown), exposure_table(shown))
    yield Section("response", "Response", _unless_absent(shown, ("orr", "bor"), response))
    safety = list(_unless_absent(shown, ("ae", "trae"), safety))
    yield Section("safety", "Safety", (*safety, *filter(None, further)))
    yield Section(
        "times",
        "Times to an event",
        (
            *figure("pfs", "os", "dor", "pfs-by-subgroup", "os-by-subgroup"),
            time_table(shown, groups),
        ),
    )
    sensitivity = [sensitivity_table(shown), moved_table(shown), estimand_table(shown.protocol)]
    if any(table.lines for table in sensitivity):
        tables = [table for table in sensitivity if table.lines]
        yield Section("sensitivity", "Censoring and estimands", tuple(tables))
    readings = reading_table(shown)
    if readings is not None:
        yield Section("readings", "Other sources and readers", (readings,))
    if comparisons:
        yield Section("published", "Published beside recomputed", _published(comparisons))
    yield Section("assumptions", "Assumptions", (assumption_table(shown.protocol),))
    yield Section("findings", "Data findings", (finding_table(findings),))
    yield Section("methods", "Methods", (Facts(methods(shown.protocol, provenance, recorded)),))
    if provenance:
        yield Section("provenance", "Where the numbers come from", (_provenance(provenance),))


def _unless_absent(
    shown: Shown, analyses: tuple[str, ...], blocks: Sequence[Block]
) -> tuple[Block, ...]:
    """Return the blocks of a section, or what was not collected where none has a result."""
    rows = shown.results.rows
    if not rows or any(row.analysis in analyses for row in rows):
        return tuple(blocks)
    return (Paragraph(phrase(ABSENT[analyses[0]])),)


def _published(comparisons: Sequence[Comparison]) -> tuple[Block, ...]:
    verdicts = [one.verdict for one in comparisons]
    counted = ", ".join(f"{verdicts.count(one)} {one}" for one in dict.fromkeys(sorted(verdicts)))
    text = f"{fmt.count_of(len(verdicts), 'published number')}: {counted}."
    return Paragraph(phrase(text), is_quoted=True), published_table(comparisons)


def _provenance(provenance: Mapping[str, object]) -> Facts:
    items: list[tuple[str, str]] = []
    for name, found in provenance.items():
        words = name.replace("_", " ")
        if isinstance(found, Mapping):
            items += [(f"{words}: {key}", str(value)) for key, value in found.items()]
        elif found is not None and name != "notice":
            items.append((words, str(found)))
    return Facts(tuple(items))


def _traces(shown: Shown, printed: Iterable[str]) -> dict[str, TracedResult]:
    """Return the trace of each printed result, once, by id."""
    return {
        name: _trace(row, shown)
        for name in sorted(set(printed))
        if (row := shown.row(name)) is not None
    }


def _trace(row: Row, shown: Shown) -> TracedResult:
    group = "all" if row.group == "all" else shown.groups.get(row.group, row.group)
    exact = row.code or (None if row.value is None else fmt.plain(row.value))
    facts = (
        ("what", row.label),
        ("note", row.note),
        ("formula", row.formula),
        ("method", row.method),
        ("level", None if row.level is None else fmt.level_text(row.level)),
        ("value", f"{exact} {row.unit or ''}".rstrip() if exact else None),
        ("set", f"{row.set} subjects, {group}"),
    )
    kept = tuple((name, str(text)) for name, text in facts if text)
    has_basis = row.basis is not None and row.basis in shown.results.bases
    text = fmt.with_unit(row, shown.profile)
    return TracedResult(text, kept, row.basis if has_basis else None)


def _basis(basis: Basis) -> TracedBasis:
    return TracedBasis(
        basis.numerator,
        basis.denominator,
        tuple(
            TracedSubject(
                one.subject_id,
                one.role,
                one.value or "",
                one.reason,
                fmt.source_lines(one.sources),
            )
            for one in basis.contributions
        ),
    )
