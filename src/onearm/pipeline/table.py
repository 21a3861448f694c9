"""``onearm table``: one table or listing of a study, in one of five formats.

Computes the study, builds the table, and writes it, or gives it as text. The
file is written beside its place and then renamed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from onearm.errors import InputError
from onearm.format import text_table
from onearm.pipeline.documents import check_name, check_profile
from onearm.pipeline.extras import need
from onearm.pipeline.material import material_of
from onearm.pipeline.run import analyse
from onearm.pipeline.written import write_files
from onearm.report.catalogue import ENTRIES, build_table, find_entry
from onearm.report.model import Table
from onearm.report.plain import cells_of, table_text
from onearm.report.shown import Shown

FORMATS = ("text", "html", "csv", "docx", "rtf")
BYTES = ("docx", "rtf")
"""What cannot be shown on a terminal, and needs a file."""


@dataclass(frozen=True, slots=True)
class OneTable:
    """One table, as made, and where it was written."""

    table: Table
    text: str
    path: Path | None

    def as_text(self) -> str:
        """Return the table in its format, or where the file lies."""
        return f"Table: {self.path}" if self.path else self.text

    def as_json(self) -> dict[str, object]:
        """Return the table: each cell its text, with the id and the kind of each result in it."""
        table = self.table
        return {
            "name": table.id.removeprefix("table-"),
            "title": table.title,
            "population": table.population,
            "columns": [
                {"label": one.label, "total": one.total.text if one.total else None}
                for one in table.columns
            ],
            "lines": [
                {
                    "label": "".join(span.text for span in line.label),
                    "indent": line.indent,
                    "cells": [
                        {
                            "text": "".join(span.text for span in cell),
                            "results": [
                                {"id": span.result, "text": span.text, "kind": span.format}
                                for span in cell
                                if span.result
                            ],
                        }
                        for cell in line.cells
                    ],
                    "source": line.source,
                }
                for line in table.lines
            ],
            "footnotes": ["".join(span.text for span in note) for note in table.footnotes],
            "absence": None if table.lines else table.absence,
            "path": None if self.path is None else str(self.path),
        }


@dataclass(frozen=True, slots=True)
class Listed:
    """Every table that there is."""

    def as_text(self) -> str:
        """Return names, identifiers that R users know, sections of a study report, titles."""
        rows = [(one.name, ", ".join(one.aliases), one.part, one.title) for one in ENTRIES]
        return text_table(("Name", "Also", "ICH E3", "Title"), rows)

    def as_json(self) -> list[dict[str, object]]:
        """Return the tables."""
        return [
            {
                "name": one.name,
                "aliases": list(one.aliases),
                "section": one.part,
                "title": one.title,
            }
            for one in ENTRIES
        ]


def list_tables() -> Listed:
    """Return every table that ``make_table`` knows."""
    return Listed()


def make_table(
    study: Path,
    name: str,
    kind: str = "text",
    profile: str | None = None,
    out: Path | None = None,
) -> OneTable:
    """Make one table of a study.

    Parameters
    ----------
    study, name
        The study folder; the table's name, or an alias such as ``DMT01``.
    kind
        ``text``, ``html``, ``csv``, ``docx`` or ``rtf``; the last two need ``out``.
    profile
        ``journal``, ``csr`` or ``label``; the protocol's own by default.
    out
        The file to write.

    Raises
    ------
    InputError
        If the table, the format or the profile is unknown, or a file is needed.
    """
    entry = find_entry(name)
    check_name("format", kind, FORMATS)
    chosen = check_profile(profile)
    if kind in BYTES and out is None:
        raise InputError(f"the format {kind} needs a file: add --out {entry.name}.{kind}")
    if out is not None and out.is_dir():
        raise InputError(f"--out must be a file; {out} is a folder")
    found = analyse(study)
    shown = Shown(
        found.results, found.study.protocol, material_of(found, found.comparisons), chosen
    )
    table = build_table(entry, shown)
    made = _written(table, kind, shown)
    if out is not None:
        write_files(out.parent, {out.name: made})
    return OneTable(table, made if isinstance(made, str) else "", out)


def _written(table: Table, kind: str, shown: Shown) -> str | bytes:
    writers: dict[str, Callable[[], str | bytes]] = {
        "text": lambda: table_text(table) + "\n",
        "csv": lambda: _csv(table),
        "html": lambda: _html(table, shown),
        "docx": lambda: _docx(table, shown),
        "rtf": lambda: _rtf(table, shown),
    }
    return writers[kind]()


def _csv(table: Table) -> str:
    from onearm.io.csv import table_text as csv_text

    header, *rows = cells_of(table)
    return csv_text(header, rows)


def _html(table: Table, shown: Shown) -> str:
    from onearm.report.html import render_table

    return render_table(table, shown.protocol.study.id)


def _docx(table: Table, shown: Shown) -> bytes:
    from onearm.report.word import render_table_docx

    with need("the format docx"):
        return render_table_docx(table, shown.protocol.study.id)


def _rtf(table: Table, shown: Shown) -> bytes:
    from onearm.report.rtf import render_rtf

    with need("the format rtf"):
        return render_rtf([table], shown.protocol.study.id)
