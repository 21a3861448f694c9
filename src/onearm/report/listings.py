"""The listings of a report: published numbers, assumptions, findings.

They quote the protocol, a publication and messages beside results. Computes
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm import format as fmt
from onearm.errors import Finding
from onearm.protocol.model import Protocol
from onearm.report.model import Column, Line, Span, Table, phrase
from onearm.results.model import Comparison, slug


def published_table(comparisons: Sequence[Comparison]) -> Table:
    """Return the published numbers beside the recomputed ones, each with its verdict."""
    lines = []
    for one in comparisons:
        ours = one.recomputed if one.recomputed is not None else fmt.NOT_APPLICABLE
        cells = (
            phrase(one.published.printed),
            phrase(Span(ours, None if one.row is None else one.row.id)),
            phrase(one.verdict),
            phrase(one.published.where),
            phrase(one.published.reason or ""),
        )
        lines.append(Line(phrase(one.published.what), cells, mark=slug(one.verdict)))
    headings = ("Verdict", "Printed in", "Reason for a difference")
    return Table(
        "published",
        "",
        "Published beside recomputed",
        "",
        "Number",
        (
            Column("Published"),
            Column("Recomputed"),
            *(Column(label, None, is_text=True) for label in headings),
        ),
        tuple(lines),
        (),
        is_quoted=True,
    )


def assumption_table(protocol: Protocol) -> Table:
    """Return what the source does not give, with the value taken and the reason."""
    lines = [
        Line(phrase(one.field), (phrase(one.value), phrase(one.reason), phrase(str(one.place))))
        for one in protocol.assumptions
    ]
    headings = ("Value", "Why", "Stands in")
    return Table(
        "assumptions", "", "Assumptions: what the source of the protocol does not give", "",
        "Field", tuple(Column(label, None, is_text=True) for label in headings), tuple(lines),
        (), is_quoted=True,
    )  # fmt: skip


def finding_table(findings: Sequence[Finding]) -> Table:
    """Return what was found in the data, the gravest first, each with its place."""
    order = {"error": 0, "warning": 1, "note": 2}
    lines = [
        Line(
            phrase(one.severity),
            (
                phrase(one.subject_id or ""),
                phrase(one.message),
                phrase(str(one.place or "")),
            ),
            mark=one.severity,
        )
        for one in sorted(findings, key=lambda finding: order[finding.severity])
    ]
    headings = ("Subject", "Finding", "Stands in")
    return Table(
        "findings", "", "Findings in the data", "", "Severity",
        tuple(Column(label, None, is_text=True) for label in headings), tuple(lines), (),
        is_quoted=True,
    )  # fmt: skip
