"""The report as one HTML file that needs nothing beside itself.

Takes a ``Document``, gives text. Every number is marked with its result's id;
a small inline script leads from it to its trace, which is embedded as compact
JSON. The same document gives the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape

from onearm.report.model import Block, Document, Figure, Span, Table, caption_of, is_narrow

ID = re.compile(r' id="([^"]*)"')
REFERENCE = re.compile(r'(xlink:href="#|url\(#)')
PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
METADATA = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->", re.DOTALL)


def render_html(document: Document) -> str:
    """Return the report as the text of one HTML file."""
    template = _environment(document.traces).get_template("report.html.j2")
    return template.render(document=document, traces=htmlsafe_json_dumps(traces_json(document)))


def render_table(table: Table, study_id: str) -> str:
    """Return one table as the text of one HTML file."""
    template = _environment({}).get_template("table.html.j2")
    return template.render(table=table, study_id=study_id)


def _environment(traces: Iterable[str]) -> Environment:
    """Return what the templates are rendered with; ``traces`` are by result."""
    environment = Environment(
        loader=PackageLoader("onearm", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["spans"] = spans_html
    environment.filters["svg"] = lambda figure: svg_html(figure, traces)
    environment.filters["heads"] = _heads
    environment.filters["caption"] = caption_of
    environment.tests["block"] = _is_block
    return environment


def _is_block(block: Block, name: str) -> bool:
    return type(block).__name__ == name


def _heads(figure: Figure) -> int:
    """Return how many cells at the left of a figure's data name a row: those without a result."""
    firsts = [
        next((i for i, cell in enumerate(cells) if cell.result), len(cells))
        for cells in figure.data.rows
    ]
    return max(min(firsts, default=1), 1)


def spans_html(spans: Iterable[Span]) -> Markup:
    """Return a phrase as HTML, each number in an element that names its result."""
    parts = []
    for text, result, _ in spans:
        words = escape(text)
        if result is None:
            parts.append(words)
        else:
            name = escape(result)
            mark = Markup('<data value="{0}" data-result="{0}" title="{0}">{1}</data>')
            parts.append(mark.format(name, words))
    return Markup("").join(parts)


def svg_html(figure: Figure, results: Iterable[str]) -> Markup:
    """Return a figure for use within a page: its marks name their results, or say their words.

    Other ids are made unique among the figures of the page.
    """
    known = results if isinstance(results, dict) else frozenset(results)

    def rename(match: re.Match[str]) -> str:
        name = match[1].partition("#")[0]
        if name in known:
            return f' data-result="{name}"'
        if match[1] in figure.marks:
            return f' data-words="{escape(figure.marks[match[1]])}"'
        return f' id="{figure.id}-{match[1]}"'

    text = METADATA.sub("", PROLOGUE.sub("", figure.svg, count=1))
    text = ID.sub(rename, text)
    text = REFERENCE.sub(lambda match: f"{match[1]}{figure.id}-", text)
    label = escape(figure.alternative)
    width = "narrow" if is_narrow(figure) else "full"
    role = "group" if "data-" in text else "img"  # the marks of a group can be reached
    head = f'<svg class="{width}" role="{role}" aria-label="{label}" '
    return Markup(text.replace("<svg ", head, 1).strip())


def traces_json(document: Document) -> dict[str, object]:
    """Return all traces as compact lists; a text that occurs often stands once.

    ``texts``: the texts; ``bases``: numerator, denominator, and a list of
    subject, role, value, reason and sources a subject; ``results``: by id the
    text shown, names and texts of facts, and the number of its basis.
    """
    numbers: dict[str, int] = {}

    def text(words: str) -> int:
        return numbers.setdefault(words, len(numbers))

    places = {name: i for i, name in enumerate(document.bases)}
    bases = [
        [
            text(basis.numerator),
            text(basis.denominator),
            [
                [text(one.subject), text(one.role), text(one.value), text(one.reason),
                 text(one.sources)]
                for one in basis.subjects
            ],
        ]
        for basis in document.bases.values()
    ]  # fmt: skip
    results = {
        name: [
            text(one.shown),
            [[text(key), text(words)] for key, words in one.facts],
            None if one.basis is None else places[one.basis],
        ]
        for name, one in document.traces.items()
    }
    return {"texts": list(numbers), "bases": bases, "results": results}
