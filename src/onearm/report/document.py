"""The report as a document: title block, headlines, sections, and every trace.

Takes protocol, results, derived answers, comparisons, findings and
provenance, gives one neutral ``Document`` that each renderer writes in its
format. Computes nothing and knows no format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from onearm import format as fmt
from onearm.protocol.model import Protocol
from onearm.report.figures import Trial
from onearm.report.gallery import PAPER, STUDY_REPORT, draw_figures
from onearm.report.material import Material
from onearm.report.model import (
    Document,
    Facts,
    TracedBasis,
    TracedResult,
    TracedSubject,
    phrases_of,
)
from onearm.report.outlines import Contents, Outline, sections_of
from onearm.report.shown import Shown
from onearm.report.wording import headlines
from onearm.results.model import Basis, Results, Row

IDS = re.compile(r'id="([^"#]+)')


def build_report(
    protocol: Protocol,
    results: Results,
    material: Material | None = None,
    provenance: Mapping[str, object] | None = None,
    *,
    outline: Outline = "paper",
    profile: fmt.ProfileName | None = None,
    with_figures: bool = True,
    progress: Callable[[str], None] = lambda step: None,
) -> Document:
    """Build the report of one study.

    Parameters
    ----------
    protocol, results
        The plan, and every result of it.
    material
        What the study brings beside its results: records, answers about each
        subject, published numbers, findings, past trials.
    provenance
        What the results came from: names and texts, or one further level of
        them. ``notice`` stands over the whole report, where it is given.
        Holds no time, so that the same inputs give the same bytes.
    outline
        ``paper``, or ``csr`` (a clinical study report in the order of ICH E3).
    profile
        ``journal``, ``csr`` or ``label``; the protocol's own by default.
    with_figures
        Whether matplotlib is there to draw; without figures the report says
        how to get them.
    progress
        Told what is being made.
    """
    about = dict(provenance or {})
    brought = material or Material()
    shown = Shown(results, protocol, brought, profile)
    derived = brought.derived
    trial = Trial(shown, derived, brought.subjects, brought.courses)
    names = STUDY_REPORT if outline == "csr" else PAPER
    figures = draw_figures(trial, names, progress) if with_figures else ()
    recorded = {
        event.endpoint for one in derived for event in one.events.values() if event.start is None
    }
    progress("writing tables and sentences")
    contents = Contents(shown, figures, with_figures, about, recorded)
    sections = sections_of(outline, contents)
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
        _foot(protocol, about),
    )


def _foot(protocol: Protocol, provenance: Mapping[str, object]) -> str:
    """Return what stands at the foot of each page: data cut-off, programme and version."""
    day = protocol.study.data_cutoff
    versions = provenance.get("versions")
    ours = versions.get("onearm", "") if isinstance(versions, Mapping) else ""
    cutoff = f"Data cut-off {day.isoformat()}. " if day else ""
    return f"{cutoff}onearm {ours}".rstrip()


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


def _traces(shown: Shown, printed: Iterable[str]) -> dict[str, TracedResult]:
    """Return the trace of each printed result, once, by id."""
    return {
        name: _trace(row, shown)
        for name in sorted(set(printed))
        if (row := shown.row(name)) is not None
    }


def _trace(row: Row, shown: Shown) -> TracedResult:
    group = "all" if row.group == "all" else shown.groups.get(row.group, row.group)
    facts = (
        ("what", row.label),
        ("note", row.note),
        ("formula", row.formula),
        ("method", row.method),
        ("level", None if row.level is None else fmt.closed(fmt.level_text(row.level))),
        ("value", fmt.exact(row)),
        ("set", f"{row.set} subjects, {group}"),
    )
    kept = tuple((name, str(text)) for name, text in facts if text)
    has_basis = row.basis is not None and row.basis in shown.results.bases
    text = fmt.closed(fmt.with_unit(row, shown.profile))
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
